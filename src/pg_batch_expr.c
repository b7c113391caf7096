/*
 * pg_batch_expr.c
 *	  What batches need to know of expressions and plan nodes.
 *
 * All lists here are of what is known to be right; anything else counts as
 * not batchable, as failing, as volatile.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "pg_batch_plan.h"
#include "pg_compat.h"

/*----------
 * Calls.
 *----------
 */
static bool
call_is_simple(FuncExpr *call)
{
	ListCell   *cell;
	int			i = 0;

	if (contain_volatile_functions((Node *) call->args) ||
		contain_subplans((Node *) call->args) ||
		expression_returns_set((Node *) call->args))
		return false;

	/* alpha is looked at later than the row */
	foreach(cell, call->args)
		if (i++ >= 2 && !IsA(lfirst(cell), Const) &&
			!IsA(lfirst(cell), Param))
			return false;
	return true;
}

/* parts of an expression that are evaluated whenever it is */
static List *
sure_parts(Node *node)
{
	switch (nodeTag(node))
	{
		case T_List:
			return (List *) node;
		case T_TargetEntry:
			return list_make1(((TargetEntry *) node)->expr);
		case T_FuncExpr:
			return ((FuncExpr *) node)->args;
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
			return ((OpExpr *) node)->args;
		case T_ScalarArrayOpExpr:
			return ((ScalarArrayOpExpr *) node)->args;
		case T_RelabelType:
			return list_make1(((RelabelType *) node)->arg);
		case T_CoerceViaIO:
			return list_make1(((CoerceViaIO *) node)->arg);
		case T_NullTest:
			return list_make1(((NullTest *) node)->arg);
		case T_BooleanTest:
			return list_make1(((BooleanTest *) node)->arg);
		case T_MinMaxExpr:
			return ((MinMaxExpr *) node)->args;
		case T_RowExpr:
			return ((RowExpr *) node)->args;
		case T_ArrayExpr:
			return ((ArrayExpr *) node)->elements;
		case T_BoolExpr:
			return list_make1(linitial(((BoolExpr *) node)->args));
		case T_CoalesceExpr:
			return list_make1(linitial(((CoalesceExpr *) node)->args));
		case T_CaseExpr:
			if (((CaseExpr *) node)->arg != NULL)
				return list_make1(((CaseExpr *) node)->arg);
			return list_make1(((CaseWhen *)
							   linitial(((CaseExpr *) node)->args))->expr);
		default:
			return NIL;
	}
}

static List *
find_in_list(List *nodes, List *calls)
{
	ListCell   *cell;

	foreach(cell, nodes)
		calls = aepg_batch_find_calls(lfirst(cell), calls);
	return calls;
}

List *
aepg_batch_find_calls(Node *node, List *calls)
{
	if (node == NULL)
		return calls;
	check_stack_depth();
	if (IsA(node, FuncExpr) &&
		aepg_batch_is_ours(((FuncExpr *) node)->funcid) &&
		call_is_simple((FuncExpr *) node))
		return list_append_unique(calls, node);
	return find_in_list(sure_parts(node), calls);
}

static bool
find_aggregates_walker(Node *node, void *context)
{
	List	  **calls = context;

	if (node == NULL)
		return false;
	if (IsA(node, Aggref))
	{
		Aggref	   *aggref = (Aggref *) node;

		if (aggref->aggfilter == NULL)
			*calls = find_in_list(aggref->args, *calls);
		return false;
	}
	return expression_tree_walker(node, find_aggregates_walker, calls);
}

List *
aepg_batch_find_in_aggregates(Node *node, List *calls)
{
	find_aggregates_walker(node, &calls);
	return calls;
}

/*----------
 * Failing.
 *----------
 */
static bool
function_may_fail(Oid function, void *context)
{
	(void) context;
	return !get_func_leakproof(function);
}

static bool
may_fail_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Var:
		case T_Const:
		case T_Param:
		case T_List:
		case T_TargetEntry:
		case T_BoolExpr:
		case T_NullTest:
		case T_BooleanTest:
		case T_RelabelType:
		case T_CollateExpr:
		case T_CaseExpr:
		case T_CaseWhen:
		case T_CaseTestExpr:
		case T_CoalesceExpr:
		case T_RowExpr:
		case T_FieldSelect:
		case T_ConvertRowtypeExpr:
			break;
		case T_ArrayExpr:
			if (((ArrayExpr *) node)->multidims)
				return true;
			break;
		case T_FuncExpr:
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
		case T_ScalarArrayOpExpr:
			if (check_functions_in_node(node, function_may_fail, context))
				return true;
			break;
		default:
			return true;
	}
	return expression_tree_walker(node, may_fail_walker, context);
}

bool
aepg_batch_may_fail(Node *node)
{
	return may_fail_walker(node, NULL);
}

/*----------
 * Plan nodes.
 *----------
 */

bool
aepg_batch_node_exprs(Plan *plan, List **exprs)
{
	switch (nodeTag(plan))
	{
		case T_Result:
			*exprs = list_make1(((Result *) plan)->resconstantqual);
			return true;
		case T_NestLoop:
			*exprs = list_make1(((NestLoop *) plan)->join.joinqual);
			return true;
		case T_MergeJoin:
			*exprs = list_make2(((MergeJoin *) plan)->join.joinqual,
								((MergeJoin *) plan)->mergeclauses);
			return true;
		case T_HashJoin:
			*exprs = list_make3(((HashJoin *) plan)->join.joinqual,
								((HashJoin *) plan)->hashclauses,
								((HashJoin *) plan)->hashkeys);
			return true;
		case T_Hash:
			*exprs = list_make1(((Hash *) plan)->hashkeys);
			return true;
		case T_IndexScan:
			*exprs = list_make2(((IndexScan *) plan)->indexqualorig,
								((IndexScan *) plan)->indexorderbyorig);
			return true;
		case T_IndexOnlyScan:
			*exprs = list_make3(((IndexOnlyScan *) plan)->indexqual,
								((IndexOnlyScan *) plan)->recheckqual,
								((IndexOnlyScan *) plan)->indexorderby);
			return true;
		case T_BitmapHeapScan:
			*exprs = list_make1(((BitmapHeapScan *) plan)->bitmapqualorig);
			return true;
		case T_BitmapIndexScan:
			*exprs = list_make1(((BitmapIndexScan *) plan)->indexqualorig);
			return true;
		case T_FunctionScan:
			{
				ListCell   *cell;

				foreach(cell, ((FunctionScan *) plan)->functions)
					*exprs = lappend(*exprs, lfirst_node(RangeTblFunction,
														 cell)->funcexpr);
				return true;
			}
		case T_ValuesScan:
			*exprs = ((ValuesScan *) plan)->values_lists;
			return true;
		case T_Limit:
			*exprs = list_make2(((Limit *) plan)->limitOffset,
								((Limit *) plan)->limitCount);
			return true;
		case T_Memoize:
			*exprs = ((Memoize *) plan)->param_exprs;
			return true;
		case T_WindowAgg:
			*exprs = list_make3(((WindowAgg *) plan)->startOffset,
								((WindowAgg *) plan)->endOffset,
								((WindowAgg *) plan)->runCondition);
			return true;
		case T_ProjectSet:
		case T_Append:
		case T_MergeAppend:
		case T_SeqScan:
		case T_BitmapAnd:
		case T_BitmapOr:
		case T_SubqueryScan:
		case T_CteScan:
		case T_Material:
		case T_Sort:
		case T_IncrementalSort:
		case T_Group:
		case T_Agg:
		case T_Unique:
		case T_Gather:
		case T_GatherMerge:
		case T_SetOp:
			return true;
		default:
			return aepg_batch_is_plan(plan);
	}
}

static bool
any_expr_in_list(List *plans, bool (*test) (Node *node))
{
	ListCell   *cell;

	foreach(cell, plans)
		if (aepg_batch_any_expr(lfirst(cell), test))
			return true;
	return false;
}

bool
aepg_batch_any_expr(Plan *plan, bool (*test) (Node *node))
{
	List	   *exprs = NIL;

	if (plan == NULL)
		return false;
	check_stack_depth();
	if (!aepg_batch_node_exprs(plan, &exprs) ||
		test((Node *) plan->targetlist) || test((Node *) plan->qual) ||
		test((Node *) exprs))
		return true;
	switch (nodeTag(plan))
	{
		case T_Append:
			return any_expr_in_list(((Append *) plan)->appendplans, test);
		case T_MergeAppend:
			return any_expr_in_list(((MergeAppend *) plan)->mergeplans, test);
		case T_BitmapAnd:
			return any_expr_in_list(((BitmapAnd *) plan)->bitmapplans, test);
		case T_BitmapOr:
			return any_expr_in_list(((BitmapOr *) plan)->bitmapplans, test);
		case T_SubqueryScan:
			return aepg_batch_any_expr(((SubqueryScan *) plan)->subplan,
									   test);
		case T_CustomScan:
			return test((Node *) ((CustomScan *) plan)->custom_scan_tlist) ||
				aepg_batch_any_expr(plan->lefttree, test);
		default:
			return aepg_batch_any_expr(plan->lefttree, test) ||
				aepg_batch_any_expr(plan->righttree, test);
	}
}

static const struct
{
	NodeTag		tag;
	size_t		size;
}			node_sizes[] = {
	{T_Result, sizeof(Result)},
	{T_ProjectSet, sizeof(ProjectSet)},
	{T_ModifyTable, sizeof(ModifyTable)},
	{T_Append, sizeof(Append)},
	{T_MergeAppend, sizeof(MergeAppend)},
	{T_SeqScan, sizeof(SeqScan)},
	{T_IndexScan, sizeof(IndexScan)},
	{T_IndexOnlyScan, sizeof(IndexOnlyScan)},
	{T_BitmapHeapScan, sizeof(BitmapHeapScan)},
	{T_SubqueryScan, sizeof(SubqueryScan)},
	{T_FunctionScan, sizeof(FunctionScan)},
	{T_ValuesScan, sizeof(ValuesScan)},
	{T_CteScan, sizeof(CteScan)},
	{T_NestLoop, sizeof(NestLoop)},
	{T_MergeJoin, sizeof(MergeJoin)},
	{T_HashJoin, sizeof(HashJoin)},
	{T_Material, sizeof(Material)},
	{T_Memoize, sizeof(Memoize)},
	{T_Sort, sizeof(Sort)},
	{T_IncrementalSort, sizeof(IncrementalSort)},
	{T_Group, sizeof(Group)},
	{T_Agg, sizeof(Agg)},
	{T_WindowAgg, sizeof(WindowAgg)},
	{T_Unique, sizeof(Unique)},
	{T_Gather, sizeof(Gather)},
	{T_GatherMerge, sizeof(GatherMerge)},
	{T_Hash, sizeof(Hash)},
	{T_SetOp, sizeof(SetOp)},
	{T_Limit, sizeof(Limit)},
};

Plan *
aepg_batch_copy_node(const Plan *plan)
{
	for (size_t i = 0; i < lengthof(node_sizes); i++)
		if (node_sizes[i].tag == nodeTag(plan))
		{
			Plan	   *copy = palloc(node_sizes[i].size);

			memcpy(copy, plan, node_sizes[i].size);
			return copy;
		}
	return NULL;
}

List *
aepg_batch_make_tlist(List *exprs)
{
	List	   *tlist = NIL;
	ListCell   *cell;

	foreach(cell, exprs)
		tlist = lappend(tlist, makeTargetEntry(lfirst(cell),
											   list_length(tlist) + 1,
											   NULL, false));
	return tlist;
}

/*----------
 * Rows.
 *----------
 */

/* the columns of a row of type child as a row of type parent; they have the
 * same names, and the same type unless it is the same row */
static Node *
row_of_columns(const Var *row, Oid parent)
{
	TupleDesc	to = lookup_rowtype_tupdesc(parent, -1);
	Oid			child = get_typ_typrelid(row->vartype);
	RowExpr    *result = makeNode(RowExpr);

	result->row_typeid = parent;
	result->row_format = COERCE_IMPLICIT_CAST;
	result->location = -1;
	for (int i = 0; i < to->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(to, i);
		Node	   *column;

		if (att->attisdropped)
			column = (Node *) makeNullConst(INT4OID, -1, InvalidOid);
		else
			column = (Node *) makeVar(row->varno,
									  parent == row->vartype ? i + 1 :
									  get_attnum(child,
												 NameStr(att->attname)),
									  att->atttypid, att->atttypmod,
									  att->attcollation, 0);
		result->args = lappend(result->args, column);
		result->colnames = lappend(result->colnames,
								   makeString(pstrdup(NameStr(att->attname))));
	}
	ReleaseTupleDesc(to);
	return (Node *) result;
}

Node *
aepg_batch_expand_row(Node *features, Index relation, List *rtable)
{
	Node	   *row = features;

	if (relation == 0 || rt_fetch(relation, rtable)->rtekind != RTE_RELATION)
		return features;
	if (IsA(features, ConvertRowtypeExpr))
		row = (Node *) ((ConvertRowtypeExpr *) features)->arg;
	if (!IsA(row, Var) || ((Var *) row)->varattno != 0 ||
		(Index) ((Var *) row)->varno != relation ||
		get_typtype(((Var *) row)->vartype) != TYPTYPE_COMPOSITE)
		return features;
	return row_of_columns((Var *) row, exprType(features));
}
