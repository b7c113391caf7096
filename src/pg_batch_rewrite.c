/*
 * pg_batch_rewrite.c
 *	  A plan node whose expressions call scoring functions becomes two: the
 *	  node itself, which now returns plain columns, and over it a batch node,
 *	  which evaluates the expressions row by row but for the calls.
 *
 * So nothing is evaluated ahead of its time but what the calls need and what
 * makes the rows: errors in other expressions come with their row, in order.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "pg_batch_plan.h"
#include "pg_compat.h"

/* fewer rows, as the planner thinks, are not worth a node: it costs some
 * microseconds to set up */
#define MIN_ROWS 10

/* columns of the node below, and which of them the batch node needs */
typedef struct Columns
{
	bool		is_child;		/* Vars are columns of the node below */
	List	   *exprs;			/* else what they stand for */
	List	   *kept;			/* int list: those in results, in order */
	List	   *calls;
	Index		relation;		/* scanned by the node; 0: none */
	List	   *rtable;
	Plan	   *below;			/* the node below */
	List	   *rows;			/* Vars that are rows */
	List	   *row_columns;	/* and ROW(...) of their columns */
} Columns;

static bool
node_is_join(const Plan *plan)
{
	return IsA(plan, NestLoop) || IsA(plan, MergeJoin) || IsA(plan, HashJoin);
}

/*----------
 * Expressions.
 *----------
 */

/* the number of the column that var is */
static int
columns_find(Columns *columns, Var *var)
{
	ListCell   *cell;
	int			number = 0;

	if (columns->is_child)
		return var->varattno;
	foreach(cell, columns->exprs)
	{
		Var		   *other = lfirst(cell);

		number++;
		if (other->varno == var->varno && other->varattno == var->varattno &&
			other->vartype == var->vartype)
			return number;
	}
	columns->exprs = lappend(columns->exprs, copyObject(var));
	return number + 1;
}

static Var *
columns_var(const Var *var, int varno, int number)
{
	return makeVar(varno, number, var->vartype, var->vartypmod,
				   var->varcollid, 0);
}

/* over the node below */
static Node *
below_mutator(Node *node, void *context)
{
	Columns    *columns = context;

	if (node != NULL && IsA(node, Var))
		return (Node *) columns_var((Var *) node, OUTER_VAR,
									columns_find(columns, (Var *) node));
	return expression_tree_mutator(node, below_mutator, columns);
}

/* over what the batch node scans: results, then columns kept */
static Node *
above_mutator(Node *node, void *context)
{
	Columns    *columns = context;

	if (node != NULL && IsA(node, FuncExpr))
	{
		ListCell   *cell;
		int			number = 0;

		foreach(cell, columns->calls)
		{
			number++;
			if (equal(lfirst(cell), node))
				return (Node *) makeVar(INDEX_VAR, number, exprType(node), -1,
										exprCollation(node), 0);
		}
	}
	if (node != NULL && IsA(node, Var))
	{
		int			column = columns_find(columns, (Var *) node);
		ListCell   *cell;
		int			number = list_length(columns->calls);

		foreach(cell, columns->kept)
		{
			number++;
			if (lfirst_int(cell) == column)
				return (Node *) columns_var((Var *) node, INDEX_VAR, number);
		}
		columns->kept = lappend_int(columns->kept, column);
		return (Node *) columns_var((Var *) node, INDEX_VAR, number + 1);
	}
	return expression_tree_mutator(node, above_mutator, columns);
}

/* where the child is that a column of the node below comes from */
static Plan **
columns_child(Columns *columns, const Var *var)
{
	if (columns->is_child)
		return &columns->below;
	return var->varno == OUTER_VAR ? &columns->below->lefttree :
		&columns->below->righttree;
}

/* whether the node below hands up that column as it is: outer joins do not */
static bool
columns_passes(const Columns *columns, const Var *var)
{
	JoinType	type;

	if (columns->is_child)
		return true;
	type = ((const Join *) columns->below)->jointype;
	return type == JOIN_INNER ||
		(var->varno == OUTER_VAR && type != JOIN_RIGHT && type != JOIN_FULL) ||
		(var->varno == INNER_VAR && type == JOIN_RIGHT);
}

/* a row that comes from further below as its columns */
static Node *
columns_expose(Columns *columns, Node *features)
{
	Var		   *var = (Var *) features;
	RowExpr    *row;
	ListCell   *known;
	ListCell   *cell;

	if (!IsA(features, Var) ||
		(var->varno != OUTER_VAR && var->varno != INNER_VAR) ||
		!columns_passes(columns, var))
		return features;
	forboth(known, columns->rows, cell, columns->row_columns)
		if (equal(lfirst(known), var))
			return lfirst(cell);
	row = aepg_batch_expose_row(columns_child(columns, var), var,
								columns->rtable);
	if (row == NULL)
		return features;
	columns->rows = lappend(columns->rows, var);
	columns->row_columns = lappend(columns->row_columns, row);
	return (Node *) row;
}

/* a call over the node below, whole rows as their columns */
static Node *
columns_call(Columns *columns, FuncExpr *call)
{
	FuncExpr   *copy = makeNode(FuncExpr);
	Node	   *features;

	*copy = *call;
	features = aepg_batch_expand_row(lsecond(call->args), columns->relation,
									 columns->rtable);
	if (columns->is_child || node_is_join(columns->below))
		features = columns_expose(columns, features);
	copy->args = list_copy(call->args);
	lsecond(copy->args) = features;
	return expression_tree_mutator((Node *) copy, below_mutator, columns);
}

/*----------
 * Nodes.
 *----------
 */

Index
aepg_batch_scan_relation(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_SeqScan:
		case T_IndexScan:
		case T_BitmapHeapScan:
			return ((const Scan *) plan)->scanrelid;
		default:
			return 0;
	}
}

static bool
node_is_scan(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_SeqScan:
		case T_IndexScan:
		case T_IndexOnlyScan:
		case T_BitmapHeapScan:
		case T_SubqueryScan:
		case T_FunctionScan:
		case T_ValuesScan:
		case T_CteScan:
			return true;
		default:
			return false;
	}
}

/* whether the node evaluates a target list once for each of its rows */
static bool
node_projects(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_Result:
			return plan->lefttree != NULL;
		default:
			return node_is_scan(plan) || node_is_join(plan);
	}
}

/* whether the node does nothing but evaluate its target list */
static bool
node_is_projection(const Plan *plan)
{
	return IsA(plan, Result) && plan->qual == NIL &&
		((const Result *) plan)->resconstantqual == NULL &&
		plan->initPlan == NIL;
}

/* what the planner says of a node, for one that returns the same rows */
static void
node_resemble(Plan *node, const Plan *other)
{
	node->startup_cost = other->startup_cost;
	node->total_cost = other->total_cost;
	node->plan_rows = other->plan_rows;
	node->plan_width = other->plan_width;
	node->parallel_safe = other->parallel_safe;
	node->extParam = other->extParam;
	node->allParam = other->allParam;
}

/*
 * The columns of a relation's row as it is stored, which cost no projection;
 * NIL where stored rows may look otherwise.
 */
static List *
relation_columns(Index relation, List *rtable)
{
	Oid			type = get_rel_type_id(rt_fetch(relation, rtable)->relid);
	TupleDesc	desc;
	List	   *result = NIL;
	bool		is_plain = OidIsValid(type);

	if (!is_plain)
		return NIL;
	desc = lookup_rowtype_tupdesc(type, -1);
	for (int i = 0; i < desc->natts && is_plain; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		is_plain = !att->attisdropped && !att->atthasmissing;
		result = lappend(result, makeVar(relation, i + 1, att->atttypid,
										 att->atttypmod, att->attcollation,
										 0));
	}
	ReleaseTupleDesc(desc);
	return is_plain ? result : NIL;
}

/*
 * The batch node of calls over plan, whose quals from the moved one on go with
 * it.  stored tells to take a relation's columns as they are stored; then NULL
 * if more than those are needed.
 */
static Plan *
make_batch(AepgRewrite *rewrite, Plan *plan, List *calls, int moved,
		   const AepgDemand *demand, bool stored)
{
	Columns		columns = {
		.is_child = node_is_projection(plan),
		.calls = calls,
		.relation = aepg_batch_scan_relation(plan),
		.rtable = rewrite->rtable
	};
	AepgBatchSpec spec = {0};
	List	   *plain = NIL;
	Plan	   *batch;
	ListCell   *cell;

	columns.below = columns.is_child ? plan->lefttree :
		aepg_batch_copy_node(plan);
	if (stored)
		plain = relation_columns(columns.relation, rewrite->rtable);
	columns.exprs = list_copy(plain);
	foreach(cell, calls)
		spec.calls = lappend(spec.calls, columns_call(&columns,
													  lfirst(cell)));
	spec.tlist = (List *) above_mutator((Node *) plan->targetlist, &columns);
	spec.qual = (List *) above_mutator((Node *) list_copy_tail(plan->qual,
															   moved),
									   &columns);
	if (stored && (plain == NIL ||
				   list_length(columns.exprs) > list_length(plain)))
		return NULL;

	if (!columns.is_child)
	{
		columns.below->targetlist = aepg_batch_make_tlist(columns.exprs);
		columns.below->qual = list_copy_head(plan->qual, moved);
	}
	foreach(cell, columns.rows)
		if (!columns.is_child)
			aepg_batch_blank_row(columns.below, columns.below->targetlist,
								 *columns_child(&columns, lfirst(cell)),
								 lfirst(cell));
		else if (!list_member_int(columns.kept,
								  ((Var *) lfirst(cell))->varattno))
			aepg_batch_blank_row(NULL, spec.calls, columns.below,
								 lfirst(cell));
	spec.child = columns.below;
	spec.kept = columns.kept;
	spec.is_parallel = demand->is_parallel;
	spec.is_top = demand->is_top && spec.qual == NIL;
	spec.has_limit = demand->has_limit && spec.qual == NIL;
	spec.limit_count = demand->limit_count;
	spec.limit_offset = demand->limit_offset;
	batch = &aepg_batch_make_plan(&spec)->scan.plan;
	node_resemble(batch, plan);
	batch->plan_node_id = rewrite->next_id++;
	return batch;
}

/* calls in the target list that have the model and the row of one of calls,
 * and cannot fail where that one did not */
static List *
add_sharing_calls(List *tlist, List *calls)
{
	List	   *others = aepg_batch_find_calls((Node *) tlist, NIL);
	List	   *result = list_copy(calls);
	ListCell   *cell;
	ListCell   *known;

	foreach(cell, others)
	{
		FuncExpr   *call = lfirst(cell);
		AepgBatchKind kind = aepg_batch_kind(call->funcid);

		if (kind != AEPG_BATCH_CODE && kind != AEPG_BATCH_SCORE)
			continue;
		foreach(known, calls)
		{
			FuncExpr   *other = lfirst(known);

			if (equal(linitial(call->args), linitial(other->args)) &&
				equal(lsecond(call->args), lsecond(other->args)))
			{
				result = list_append_unique(result, call);
				break;
			}
		}
	}
	return result;
}

/* rows that are read ahead must not be seen by anyone */
static bool
batch_is_unseen(const Plan *batch, const AepgDemand *demand)
{
	const CustomScan *scan = (const CustomScan *) batch;
	Plan	   *below = batch->lefttree;

	if (aepg_batch_any_expr(below, contain_volatile_functions))
		return false;
	if (!demand->stops_early || (demand->has_limit && batch->qual == NIL))
		return true;
	if (aepg_batch_any_expr(below, aepg_batch_may_fail))
		return false;
	for (int i = 0; i < list_length(scan->custom_scan_tlist); i++)
	{
		TargetEntry *entry = list_nth(scan->custom_scan_tlist, i);

		if (IsA(entry->expr, FuncExpr) &&
			aepg_batch_may_fail((Node *) ((FuncExpr *) entry->expr)->args))
			return false;
	}
	return true;
}

Plan *
aepg_batch_wrap(AepgRewrite *rewrite, Plan *plan, const AepgDemand *demand)
{
	int			nquals = list_length(plan->qual);
	int			moved = nquals;
	List	   *calls = NIL;
	Plan	   *batch;

	if (!node_projects(plan) || demand->is_marked ||
		plan->plan_rows < MIN_ROWS)
		return plan;

	/* a sort below learns from a limit above how much it needs to keep */
	if (node_is_projection(plan) && demand->has_vague_limit)
		return plan;

	/* the first qual with a call and those behind it, in their order */
	if (node_is_scan(plan))
		for (moved = 0; moved < nquals; moved++)
		{
			calls = aepg_batch_find_calls(list_nth(plan->qual, moved), NIL);
			if (calls != NIL)
				break;
		}
	if (calls != NIL)
		calls = add_sharing_calls(plan->targetlist, calls);
	else
		calls = aepg_batch_find_calls((Node *) plan->targetlist, NIL);
	if (calls == NIL)
		return plan;

	batch = aepg_batch_scan_relation(plan) == 0 ? NULL :
		make_batch(rewrite, plan, calls, moved, demand, true);
	if (batch == NULL)
		batch = make_batch(rewrite, plan, calls, moved, demand, false);
	return batch_is_unseen(batch, demand) ? batch : plan;
}

/*----------
 * Aggregations.
 *----------
 */
typedef struct Split
{
	List	   *calls;			/* as the aggregation sees them */
	List	   *child;			/* target list of the child */
	int			ncolumns;		/* of it, without the calls */
	bool		is_over;		/* calls are over the child, not in it */
	Bitmapset  *used;			/* columns of the child */
} Split;

/* a call as the child would make it */
static Node *
push_mutator(Node *node, void *context)
{
	const Split *split = context;

	if (node != NULL && IsA(node, Var) && ((Var *) node)->varno == OUTER_VAR)
	{
		TargetEntry *entry = list_nth(split->child,
									  ((Var *) node)->varattno - 1);

		return copyObject((Node *) entry->expr);
	}
	return expression_tree_mutator(node, push_mutator, context);
}

/* expressions of the aggregation with calls as columns of the child */
static Node *
split_mutator(Node *node, void *context)
{
	Split	   *split = context;

	if (node == NULL)
		return NULL;
	if (IsA(node, FuncExpr))
	{
		ListCell   *cell;
		int			number = split->ncolumns;

		foreach(cell, split->calls)
		{
			number++;
			if (equal(lfirst(cell), node))
				return (Node *) makeVar(OUTER_VAR, number, exprType(node), -1,
										exprCollation(node), 0);
		}
	}
	if (IsA(node, Var) && ((Var *) node)->varno == OUTER_VAR)
		split->used = bms_add_member(split->used, ((Var *) node)->varattno);
	return expression_tree_mutator(node, split_mutator, split);
}

/* the child's target list: calls added, columns that nobody reads left out */
static List *
split_tlist(const Split *split, const Agg *agg, Plan *child)
{
	List	   *tlist = NIL;
	ListCell   *cell;
	int			number = 0;
	Bitmapset  *used = split->used;
	bool		all = agg->groupingSets != NIL || agg->chain != NIL;

	for (int i = 0; i < agg->numCols; i++)
		used = bms_add_member(used, agg->grpColIdx[i]);
	foreach(cell, child->targetlist)
	{
		TargetEntry *entry = flatCopyTargetEntry(lfirst(cell));
		Oid			type = exprType((Node *) entry->expr);
		int32		typmod = exprTypmod((Node *) entry->expr);
		Oid			collation = exprCollation((Node *) entry->expr);

		number++;
		if (!all && !bms_is_member(number, used))
			entry->expr = (Expr *) makeNullConst(type, typmod, collation);
		else if (split->is_over)
			entry->expr = (Expr *) makeVar(OUTER_VAR, number, type, typmod,
										   collation, 0);
		tlist = lappend(tlist, entry);
	}
	foreach(cell, split->calls)
	{
		Node	   *call = split->is_over ? copyObject(lfirst(cell)) :
			push_mutator(lfirst(cell), unconstify(Split *, split));

		tlist = lappend(tlist, makeTargetEntry((Expr *) call,
											   list_length(tlist) + 1, NULL,
											   false));
	}
	return tlist;
}

Plan *
aepg_batch_split_aggregation(const Plan *plan)
{
	Plan	   *child = plan->lefttree;
	Split		split = {0};
	Plan	   *new_child;
	Plan	   *copy;

	split.calls = aepg_batch_find_in_aggregates((Node *) plan->targetlist,
												NIL);
	split.calls = aepg_batch_find_in_aggregates((Node *) plan->qual,
												split.calls);
	if (split.calls == NIL || child == NULL)
		return NULL;
	split.child = child->targetlist;
	split.ncolumns = list_length(child->targetlist);
	split.is_over = !node_projects(child);

	copy = aepg_batch_copy_node(plan);
	copy->targetlist = (List *) split_mutator((Node *) plan->targetlist,
											  &split);
	copy->qual = (List *) split_mutator((Node *) plan->qual, &split);
	if (split.is_over)
	{
		/* a node that does nothing else, for the batch to take its place */
		new_child = &makeNode(Result)->plan;
		node_resemble(new_child, child);
		new_child->lefttree = child;
	}
	else
		new_child = aepg_batch_copy_node(child);
	new_child->targetlist = split_tlist(&split, (Agg *) plan, child);
	copy->lefttree = new_child;
	return copy;
}
