/*
 * pg_batch_row.c
 *	  A row that a plan hands up as one value, handed up as its columns.
 *
 * The row of a table as a value is a copy of all its columns, each fetched
 * and unpacked, used by a model or not.  So the way from the scan to the batch
 * node gets the columns instead, which are copied as they are stored.
 *
 * Not through sorts and hash tables: how many rows these hold in memory
 * decides the order of rows that are alike.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/tlist.h"

#include "pg_batch_plan.h"

/* the child that hands up rows whose column var is unchanged; NULL: none */
static Plan **
child_of_column(Plan *plan, const Var *var)
{
	bool		is_outer = var->varno == OUTER_VAR;
	JoinType	type;

	switch (nodeTag(plan))
	{
		case T_Material:
			return is_outer ? &plan->lefttree : NULL;
		case T_NestLoop:
		case T_MergeJoin:
		case T_HashJoin:
			/* a row that is missing is NULL, unlike a row of NULLs */
			type = ((Join *) plan)->jointype;
			if (is_outer && (type == JOIN_INNER || type == JOIN_LEFT ||
							 type == JOIN_SEMI || type == JOIN_ANTI))
				return &plan->lefttree;
			if (var->varno == INNER_VAR &&
				(type == JOIN_INNER || type == JOIN_RIGHT))
				return &plan->righttree;
			return NULL;
		default:
			return NULL;
	}
}

static Expr *
column_expr(const Plan *plan, int number)
{
	return ((TargetEntry *) list_nth(plan->targetlist, number - 1))->expr;
}

/* appends the row's columns to the node's; they are then Vars of varno 0 */
static void
append_columns(Plan *plan, RowExpr *row)
{
	ListCell   *cell;

	plan->targetlist = list_copy(plan->targetlist);
	foreach(cell, row->args)
	{
		Expr	   *column = lfirst(cell);
		TargetEntry *entry;

		if (IsA(column, Const))
			continue;
		entry = makeTargetEntry(column, list_length(plan->targetlist) + 1,
								NULL, false);
		plan->targetlist = lappend(plan->targetlist, entry);
		lfirst(cell) = makeVarFromTargetEntry(0, entry);
	}
}

static void
set_varno(RowExpr *row, int varno)
{
	ListCell   *cell;

	foreach(cell, row->args)
		if (IsA(lfirst(cell), Var))
			((Var *) lfirst(cell))->varno = varno;
}

static RowExpr *
expose(Plan **plan, int number, List *rtable)
{
	Expr	   *column = column_expr(*plan, number);
	Index		relation = aepg_batch_scan_relation(*plan);
	Plan	   *copy = aepg_batch_copy_node(*plan);
	RowExpr    *row = NULL;

	if (copy == NULL)
		return NULL;
	if (relation != 0)
	{
		column = (Expr *) aepg_batch_expand_row((Node *) column, relation,
												rtable);
		if (IsA(column, RowExpr))
			row = copyObject((RowExpr *) column);
	}
	else if (IsA(column, Var))
	{
		Var		   *var = (Var *) column;
		Plan	  **child = child_of_column(copy, var);

		if (child != NULL)
			row = expose(child, var->varattno, rtable);
		if (row != NULL)
			set_varno(row, var->varno);
	}
	if (row == NULL)
		return NULL;
	append_columns(copy, row);
	*plan = copy;
	return row;
}

RowExpr *
aepg_batch_expose_row(Plan **child, const Var *var, List *rtable)
{
	RowExpr    *row = expose(child, var->varattno, rtable);

	if (row != NULL)
		set_varno(row, var->varno);
	return row;
}

/*----------
 * Rows that nobody needs any more.
 *----------
 */
typedef struct Search
{
	int			varno;
	int			number;
} Search;

static bool
search_walker(Node *node, void *context)
{
	const Search *search = context;

	if (node == NULL)
		return false;
	if (IsA(node, Var))
		return (int) ((Var *) node)->varno == search->varno &&
			((Var *) node)->varattno == search->number;
	return expression_tree_walker(node, search_walker, context);
}

/* whether the node reads that column of a child, but to hand it up */
static bool
node_reads(Plan *plan, Search *search)
{
	List	   *exprs = NIL;
	ListCell   *cell;

	if (!aepg_batch_node_exprs(plan, &exprs) ||
		search_walker((Node *) exprs, search) ||
		search_walker((Node *) plan->qual, search))
		return true;
	if (IsA(plan, NestLoop))
		foreach(cell, ((NestLoop *) plan)->nestParams)
			if (search_walker((Node *) ((NestLoopParam *)
										lfirst(cell))->paramval, search))
				return true;
	return false;
}

/* column number of plan, a copy of expose(), becomes NULL */
static void
blank(Plan *plan, int number)
{
	TargetEntry *entry = flatCopyTargetEntry(list_nth(plan->targetlist,
													  number - 1));
	Node	   *column = (Node *) entry->expr;

	if (IsA(column, Var) && aepg_batch_scan_relation(plan) == 0)
	{
		Search		search = {((Var *) column)->varno,
		((Var *) column)->varattno};
		Plan	  **child = child_of_column(plan, (Var *) column);

		if (!node_reads(plan, &search))
			blank(*child, search.number);
	}

	/* of others, it is the child's column */
	if (IsA(plan, Material))
		return;
	entry->expr = (Expr *) makeNullConst(exprType(column), exprTypmod(column),
										 exprCollation(column));
	list_nth_cell(plan->targetlist, number - 1)->ptr_value = entry;
}

void
aepg_batch_blank_row(Plan *plan, List *exprs, Plan *child, const Var *var)
{
	Search		search = {var->varno, var->varattno};

	if ((plan == NULL || !node_reads(plan, &search)) &&
		!search_walker((Node *) exprs, &search))
		blank(child, var->varattno);
}
