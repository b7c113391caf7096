/*
 * pg_batch.h
 *	  Batched execution: many rows through a model at once.
 *
 * When a statement starts, pg_batch_plan.c looks for calls of the scoring
 * functions in its plan and puts a node of pg_batch_node.c where each row is
 * sure to be scored.  The node reads rows ahead, applies the model to all of
 * them together, and hands them on with the results as more columns.
 *
 * At the start of execution, and not when a statement is planned: the first
 * statement of a session loads this library while it is being planned, too
 * late for a planner hook.
 */
#ifndef AEPG_BATCH_H
#define AEPG_BATCH_H

#include "postgres.h"

#include "nodes/execnodes.h"
#include "nodes/extensible.h"
#include "nodes/primnodes.h"

/* what a scoring function returns */
typedef enum AepgBatchKind
{
	AEPG_BATCH_NONE = 0,		/* none that is batched */
	AEPG_BATCH_CODE,			/* ae_encode() */
	AEPG_BATCH_SCORE,			/* ae_anomaly_score() */
	AEPG_BATCH_PVALUE,			/* ae_anomaly_pvalue() */
	AEPG_BATCH_ALARM			/* ae_is_anomaly() */
} AepgBatchKind;

/* hooks and the node's methods; once per session */
extern void aepg_batch_init(void);

/* the planner has met this function; no plan has batches without it */
extern void aepg_batch_notice(Oid function);

/* what a function is; NONE also if it was altered so that it must be called */
extern AepgBatchKind aepg_batch_kind(Oid function);

/*
 * The node over child.  tlist and qual are over columns INDEX_VAR: first the
 * results of calls (FuncExpr), whose arguments are over columns OUTER_VAR of
 * the child, then the child's columns kept (int list).  At most count rows,
 * offset + count that is, will be wanted of a scan if has_limit; they are
 * constants, parameters or NULL.
 */
typedef struct AepgBatchSpec
{
	Plan	   *child;
	List	   *tlist;
	List	   *qual;
	List	   *calls;
	List	   *kept;
	bool		is_top;			/* its rows are the query's, one by one */
	bool		is_parallel;	/* several processes run it */
	bool		has_limit;
	Node	   *limit_count;
	Node	   *limit_offset;
} AepgBatchSpec;

/* expressions as columns without names */
extern List *aepg_batch_make_tlist(List *exprs);

extern CustomScan *aepg_batch_make_plan(const AepgBatchSpec *spec);
extern bool aepg_batch_is_plan(const Plan *plan);
extern void aepg_batch_register_node(void);

/* how many rows the current run of a query still wants; 0: all */
extern uint64 aepg_batch_wanted(const EState *estate);

#endif							/* AEPG_BATCH_H */
