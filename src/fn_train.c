/*
 * fn_train.c
 *	  The aggregate ae_train().
 *
 * Memory of the rows is bounded for an aggregate call as a whole, however many
 * groups it has: one budget of maintenance_work_mem and one temporary file for
 * all of them.  Both are in fn_extra of the transition function, which lives
 * as long as the executor's node.  The groups' datasets live in the aggregate
 * context, which the executor resets between groups, between the batches of a
 * hash aggregate that spilled, and on rescan.  Before that it runs the
 * callbacks of AggRegisterCallback(): ours gives the budget back and, with
 * the last group, removes the file.  When a statement fails, callbacks do not
 * run; memory contexts and resource owners clean up.
 */
#include "postgres.h"

#include "fmgr.h"
#include "nodes/execnodes.h"
#include "nodes/plannodes.h"

#include "pg_compat.h"
#include "pg_env.h"
#include "pg_progress.h"
#include "pg_train.h"

/* what the groups of one aggregate call share */
typedef struct TrainCall
{
	AeBudget	budget;
	AeSpool    *spool;
	int64		ngroups;		/* alive */
	bool		is_grouped;		/* GROUP BY: a small group is no error */
	bool		warned;
	bool		noticed;
} TrainCall;

/* the transition value: one group */
typedef struct TrainGroup
{
	TrainCall  *call;
	AepgTraining *training;
} TrainGroup;

PG_FUNCTION_INFO_V1(ae_train_transition);
PG_FUNCTION_INFO_V1(ae_train_final);

static TrainCall *
train_get_call(FunctionCallInfo fcinfo)
{
	TrainCall  *call = fcinfo->flinfo->fn_extra;

	if (call == NULL)
	{
		MemoryContext context = fcinfo->flinfo->fn_mcxt;
		AggState   *state = castNode(AggState, fcinfo->context);
		Agg		   *plan = castNode(Agg, state->ss.ps.plan);

		call = MemoryContextAllocZero(context, sizeof(TrainCall));
		aepg_training_init_budget(&call->budget);
		call->spool = aepg_spool_create(context);
		call->is_grouped = plan->aggstrategy != AGG_PLAIN;
		fcinfo->flinfo->fn_extra = call;
		aepg_progress_start(NULL);
	}
	return call;
}

/* the aggregate context is about to be reset */
static void
train_release_group(Datum arg)
{
	TrainGroup *group = (TrainGroup *) DatumGetPointer(arg);
	TrainCall  *call = group->call;

	aepg_training_free(group->training);
	if (--call->ngroups > 0)
		return;
	aepg_spool_close(call->spool);
	aepg_progress_end();
}

static const Jsonb *
train_options(FunctionCallInfo fcinfo)
{
	if (PG_NARGS() <= 2 || PG_ARGISNULL(2))
		return NULL;
	return PG_GETARG_JSONB_P(2);
}

static TrainGroup *
train_create_group(FunctionCallInfo fcinfo, MemoryContext aggregate)
{
	TrainCall  *call = train_get_call(fcinfo);
	TrainGroup *group = MemoryContextAlloc(aggregate, sizeof(TrainGroup));

	group->call = call;
	group->training = aepg_training_create(train_options(fcinfo),
										   &call->budget, call->spool,
										   aggregate);
	AggRegisterCallback(fcinfo, train_release_group, PointerGetDatum(group));
	call->ngroups++;
	return group;
}

/* options belong to the model, not to the row */
static void
train_check_options(FunctionCallInfo fcinfo, const TrainGroup *group)
{
	const Jsonb *options = train_options(fcinfo);

	if (!aepg_training_has_options(group->training, options))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options differ between the rows of a training"),
				 errhint("Pass the same options with every row of a group.")));
}

/*
 * ae_train_transition(internal, anyelement [, jsonb])
 *
 * Not strict: rows whose features are NULL count as no rows, but a group of
 * only such rows is not the same as no group.
 */
Datum
ae_train_transition(PG_FUNCTION_ARGS)
{
	MemoryContext aggregate;
	TrainGroup *group;

	if (AggCheckCallContext(fcinfo, &aggregate) != AGG_CONTEXT_AGGREGATE)
		elog(ERROR, "ae_train_transition called outside an aggregate");

	if (PG_ARGISNULL(0))
		group = train_create_group(fcinfo, aggregate);
	else
	{
		group = (TrainGroup *) PG_GETARG_POINTER(0);
		train_check_options(fcinfo, group);
	}
	if (!PG_ARGISNULL(1))
		aepg_training_add(group->training,
						  get_fn_expr_argtype(fcinfo->flinfo, 1),
						  PG_GETARG_DATUM(1));
	PG_RETURN_POINTER(group);
}

/*
 * Whether a group has rows to train on.  If not, it is an error without GROUP
 * BY; with it, a small group must not stop the others.  HAVING cannot keep it
 * away, because final functions run before it.
 */
static bool
train_has_rows(TrainGroup *group, uint64 nrows)
{
	TrainCall  *call = group->call;

	if (!call->is_grouped)
		aepg_training_check_rows(group->training);
	else if (nrows < AEPG_MIN_ROWS ||
			 !aepg_training_has_values(group->training))
	{
		if (!call->warned)
			ereport(WARNING,
					(errcode(ERRCODE_WARNING),
					 errmsg("groups with fewer than %d rows or without any value have no model",
							AEPG_MIN_ROWS),
					 errdetail("The result for such a group is NULL.")));
		call->warned = true;
		return false;
	}
	return true;
}

/* ae_train_final(internal) */
Datum
ae_train_final(PG_FUNCTION_ARGS)
{
	TrainGroup *group;
	bytea	   *model = NULL;

	if (AggCheckCallContext(fcinfo, NULL) != AGG_CONTEXT_AGGREGATE)
		elog(ERROR, "ae_train_final called outside an aggregate");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	group = (TrainGroup *) PG_GETARG_POINTER(0);

	/* the rows stay: a hash table that is scanned again is finalised again */
	if (train_has_rows(group, aepg_training_finish(group->training)))
	{
		aepg_training_notice(group->training, &group->call->noticed);
		model = aepg_training_run(group->training);
	}
	if (!group->call->is_grouped)
		aepg_progress_end();
	if (model == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(model);
}
