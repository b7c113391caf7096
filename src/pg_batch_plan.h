/*
 * pg_batch_plan.h
 *	  What the parts of the search for batches share: pg_batch_plan.c walks
 *	  the plan, pg_batch_rewrite.c changes a node, pg_batch_expr.c knows
 *	  expressions.
 */
#ifndef AEPG_BATCH_PLAN_H
#define AEPG_BATCH_PLAN_H

#include "postgres.h"

#include "nodes/plannodes.h"

#include "pg_batch.h"

/* how the rows of a plan node are asked for */
typedef struct AepgDemand
{
	bool		stops_early;	/* perhaps not all of them */
	bool		is_top;			/* the rows of the query itself */
	bool		is_parallel;	/* by several processes */
	bool		is_marked;		/* with mark and restore */
	bool		has_limit;		/* all that these two allow and no more */
	bool		has_vague_limit;	/* a limit that is an expression */
	Node	   *limit_count;
	Node	   *limit_offset;
} AepgDemand;

typedef struct AepgRewrite
{
	List	   *rtable;
	int			next_id;		/* plan_node_id of the next node */
} AepgRewrite;

/*----------
 * pg_batch_expr.c
 *----------
 */

/* calls in an expression that are made whenever it is evaluated; with
 * aggregates, those in arguments of aggregates instead */
extern List *aepg_batch_find_calls(Node *node, List *calls);
extern List *aepg_batch_find_in_aggregates(Node *node, List *calls);

/* whether evaluating the expression might end in an error */
extern bool aepg_batch_may_fail(Node *node);

/* whether test holds for any expression of the plan, or cannot be said */
extern bool aepg_batch_any_expr(Plan *plan, bool (*test) (Node *node));

/* the expressions of a node beside target list and qual; false: who knows */
extern bool aepg_batch_node_exprs(Plan *plan, List **exprs);

/* a whole row of the relation as a list of its columns; others unchanged */
extern Node *aepg_batch_expand_row(Node *features, Index relation,
								   List *rtable);

/* a copy of just this node; NULL for kinds that are not known */
extern Plan *aepg_batch_copy_node(const Plan *plan);

/*----------
 * pg_batch_plan.c
 *----------
 */

/* whether a call of the function can be batched */
extern bool aepg_batch_is_ours(Oid function);

/*----------
 * pg_batch_row.c
 *----------
 */

/*
 * A column var of child that is a whole row, as its columns: ROW(...) of new
 * columns of a copy that becomes the child.  NULL: not possible.
 */
extern RowExpr *aepg_batch_expose_row(Plan **child, const Var *var,
									  List *rtable);

/* does without the row itself, a column of such a child, unless exprs or the
 * node plan, which may be NULL, need it */
extern void aepg_batch_blank_row(Plan *plan, List *exprs, Plan *child,
								 const Var *var);

/*----------
 * pg_batch_rewrite.c
 *----------
 */

/* the relation whose rows the node scans; 0: none */
extern Index aepg_batch_scan_relation(const Plan *plan);

/* the node with its calls batched, or itself */
extern Plan *aepg_batch_wrap(AepgRewrite *rewrite, Plan *plan,
							 const AepgDemand *demand);

/*
 * A copy of an aggregation in which the calls in arguments of aggregates are
 * columns of its child, a copy too, that makes them; NULL: there are none.
 */
extern Plan *aepg_batch_split_aggregation(const Plan *plan);

#endif							/* AEPG_BATCH_PLAN_H */
