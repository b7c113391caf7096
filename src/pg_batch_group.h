/*
 * pg_batch_group.h
 *	  The calls of a batch node that share a model and a row: one reading of
 *	  the row and one forward pass for all of them.
 */
#ifndef AEPG_BATCH_GROUP_H
#define AEPG_BATCH_GROUP_H

#include "postgres.h"

#include "nodes/execnodes.h"

#include "core/score_batch.h"
#include "pg_batch.h"
#include "pg_call.h"

typedef struct AepgBatchGroup
{
	/* arguments, over a row of the node below as outer tuple */
	Node	   *model_expr;
	Node	   *features_expr;
	ExprState  *model;
	bool		model_is_fixed; /* the same for all rows */
	bool		by_name;
	ExprState  *features;		/* NULL: they are columns */
	ProjectionInfo *columns;
	Oid			type;			/* of the features */
	TupleDesc	desc;			/* of the columns */
	Oid			function;		/* one of the calls */

	int			what;			/* AE_BATCH_ mask */
	int			ngroups;		/* of the node: they share work_mem */
	MemoryContext context;
	AepgCall   *call;
	AeScoreBatch *batch;		/* for call's model; NULL: none yet */

	bool		has_model;		/* of the rows at hand */
	char	   *name;			/* the model's, if by name */
	int			capacity;		/* rows */
	int		   *number;			/* (capacity) rows in batch; -1: no result */
} AepgBatchGroup;

/* of a call; capacity rows at most */
extern AepgBatchGroup *aepg_batch_group_create(FuncExpr *call,
											   PlanState *parent,
											   ExprContext *econtext,
											   int capacity);

/* whether a call belongs to the group, too */
extern bool aepg_batch_group_has(const AepgBatchGroup *group,
								 const FuncExpr *call);

/* a kind of result is wanted */
extern void aepg_batch_group_want(AepgBatchGroup *group, AepgBatchKind kind);

extern void aepg_batch_group_clear(AepgBatchGroup *group);

/*
 * Adds the row in econtext as number row of those at hand, from 0.  False: it
 * does not go with them, or, row 0, must be evaluated by itself, which may be
 * an error.  No errors but for row 0 and those of evaluating arguments.
 */
extern bool aepg_batch_group_add(AepgBatchGroup *group,
								 ExprContext *econtext, int row);

/* takes back what may have been added */
extern void aepg_batch_group_drop(AepgBatchGroup *group, int row);

/* returns the number of forward passes */
extern int	aepg_batch_group_run(AepgBatchGroup *group);

/* the result of a row; alpha only for AEPG_BATCH_ALARM, NULL: the model's */
extern Datum aepg_batch_group_result(const AepgBatchGroup *group,
									 AepgBatchKind kind, int row,
									 const double *alpha, bool *isnull);

#endif							/* AEPG_BATCH_GROUP_H */
