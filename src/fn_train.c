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
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/plannodes.h"
#include "utils/datum.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "core/codec.h"
#include "core/train.h"
#include "pg_blas.h"
#include "pg_compat.h"
#include "pg_env.h"
#include "pg_guc.h"
#include "pg_model.h"
#include "pg_options.h"
#include "pg_progress.h"
#include "pg_row.h"
#include "pg_workers.h"

#define MIN_ROWS 2

/*
 * What a training takes of maintenance_work_mem beside the rows: a window for
 * shuffling, counted once more because memory freed in pieces of a chunk may
 * not go back to the system, and samples of rows.
 */
#define TRAIN_RESERVE (AE_WINDOW_BYTES + ((size_t) 8 << 20))

/* rows that wait until the lengths of their array columns are known */
#define MAX_WAITING 1000

/* what the groups of one aggregate call share */
typedef struct TrainCall
{
	AeBudget	budget;
	AeSpool    *spool;
	int64		ngroups;		/* alive */
	uint64		nrows;			/* read so far */
	bool		is_grouped;		/* GROUP BY: a small group is no error */
	bool		warned;
} TrainCall;

/* the transition value: one group */
typedef struct TrainGroup
{
	TrainCall  *call;
	MemoryContext context;		/* of all below, child of the aggregate's */
	AeEnv	   *env;
	Jsonb	   *given;			/* options as given, NULL for none */
	AepgOptions *options;
	AepgReader *reader;			/* NULL until the first row */
	int			nspecs;
	AeColumnSpec *specs;		/* borrowed from the reader */
	AeDataset  *dataset;		/* NULL while rows wait */
	double	   *row;			/* the cells of one row */
	int			nwaiting;
	Datum	   *waiting;
} TrainGroup;

PG_FUNCTION_INFO_V1(ae_train_transition);
PG_FUNCTION_INFO_V1(ae_train_final);

/*----------
 * Groups.
 *----------
 */
/* memory for rows: what maintenance_work_mem leaves, at least half of it */
static size_t
train_row_bytes(void)
{
	size_t		limit = (size_t) maintenance_work_mem * 1024;

	return limit > 2 * TRAIN_RESERVE ? limit - TRAIN_RESERVE : limit / 2;
}

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
		call->budget.limit = train_row_bytes();
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

	ae_dataset_free(group->dataset);
	if (--call->ngroups > 0)
		return;
	aepg_spool_close(call->spool);
	aepg_progress_end();
}

static TrainGroup *
train_create_group(FunctionCallInfo fcinfo, MemoryContext aggregate)
{
	TrainCall  *call = train_get_call(fcinfo);
	MemoryContext context;
	MemoryContext old;
	TrainGroup *group;

	context = AllocSetContextCreate(aggregate, "autoencoder training",
									ALLOCSET_START_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	group = palloc0(sizeof(TrainGroup));
	group->call = call;
	group->context = context;
	group->env = aepg_env_create(context);
	if (PG_NARGS() > 2 && !PG_ARGISNULL(2))
		group->given = (Jsonb *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(2));
	group->options = aepg_options_parse(group->given);
	MemoryContextSwitchTo(old);

	AggRegisterCallback(fcinfo, train_release_group, PointerGetDatum(group));
	call->ngroups++;
	return group;
}

/* options belong to the model, not to the row */
static void
train_check_options(FunctionCallInfo fcinfo, const TrainGroup *group)
{
	const Jsonb *jsonb;

	if (PG_NARGS() <= 2)
		return;
	if (PG_ARGISNULL(2) && group->given == NULL)
		return;
	if (!PG_ARGISNULL(2) && group->given != NULL)
	{
		jsonb = PG_GETARG_JSONB_P(2);
		if (VARSIZE(jsonb) == VARSIZE(group->given) &&
			memcmp(jsonb, group->given, VARSIZE(jsonb)) == 0)
			return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("options differ between the rows of a training"),
			 errhint("Pass the same options with every row of a group.")));
}

/*----------
 * Rows.
 *----------
 */
static double
train_label(void *arg, int column, const char *label, size_t len)
{
	AeDataset  *dataset = arg;
	double		code = 0;

	aepg_check(ae_dataset_code(dataset, column, label, len, &code),
			   "reading rows");
	return code;
}

static void
train_append(TrainGroup *group, Datum value)
{
	aepg_reader_read(group->reader, value, train_label, group->dataset,
					 group->row);
	aepg_check(ae_dataset_append(group->dataset, group->row), "reading rows");
}

/* the columns are known: a dataset, and the rows that waited for it */
static void
train_create_dataset(TrainGroup *group)
{
	size_t		ncells;

	aepg_check(ae_dataset_create(group->env, group->call->spool,
								 &group->call->budget, group->nspecs,
								 group->specs, &group->dataset),
			   "reading rows");
	ncells = ae_dataset_cells(group->dataset);
	group->row = MemoryContextAlloc(group->context, ncells * sizeof(double));

	for (int i = 0; i < group->nwaiting; i++)
		train_append(group, group->waiting[i]);
	for (int i = 0; i < group->nwaiting; i++)
		pfree(DatumGetPointer(group->waiting[i]));
	group->nwaiting = 0;
}

static void
train_wait(TrainGroup *group, Datum value)
{
	MemoryContext old = MemoryContextSwitchTo(group->context);

	if (group->waiting == NULL)
		group->waiting = palloc(MAX_WAITING * sizeof(Datum));
	group->waiting[group->nwaiting++] = datumCopy(value, false, -1);
	MemoryContextSwitchTo(old);
}

static void
train_add(TrainGroup *group, Oid type, Datum value)
{
	if (group->reader == NULL)
		group->reader = aepg_reader_for_training(type, value, group->options,
												 group->context,
												 &group->specs,
												 &group->nspecs);
	else if (!aepg_reader_fits(group->reader, value))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("rows of a training must have the same columns")));

	if (group->dataset == NULL)
	{
		if (!aepg_reader_learn(group->reader, value))
		{
			if (group->nwaiting < MAX_WAITING)
			{
				train_wait(group, value);
				return;
			}
			aepg_reader_guess(group->reader);
		}
		train_create_dataset(group);
	}
	train_append(group, value);
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
	{
		train_add(group, get_fn_expr_argtype(fcinfo->flinfo, 1),
				  PG_GETARG_DATUM(1));
		aepg_progress_row(++group->call->nrows);
	}
	PG_RETURN_POINTER(group);
}

/*----------
 * Training.
 *----------
 */
static void
train_error_context(void *arg)
{
	errcontext("training an autoencoder on %llu rows",
			   *(unsigned long long *) arg);
}

static bytea *
train_model(TrainGroup *group)
{
	const AepgOptions *options = group->options;
	MemoryContext context;
	AepgWorkers *workers;
	AeModel    *model;
	bytea	   *result;

	context = AllocSetContextCreate(CurrentMemoryContext,
									"autoencoder training",
									ALLOCSET_DEFAULT_SIZES);
	aepg_check(ae_model_create(aepg_env_create(context), &model), "training");
	aepg_check(ae_model_plan(model, group->dataset, &options->core,
							 aepg_blas_get()),
			   "planning the network");
	strlcpy(model->version, AE_VERSION, sizeof(model->version));
	aepg_model_check_size(ae_codec_size(model, model->options.epochs));
	workers = aepg_workers_create(model, options->core.workers);
	aepg_check(ae_train_model(model, group->dataset, aepg_blas_get(),
							  aepg_kernels(), aepg_workers_team(workers),
							  aepg_progress_trainer(model->options.epochs,
													options->core.verbose)),
			   "training");
	aepg_workers_finish(workers);
	result = aepg_model_to_bytea(model);
	MemoryContextDelete(context);
	return result;
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
	bool		enough = nrows >= MIN_ROWS;

	if (enough && ae_dataset_present(group->dataset) > 0)
		return true;
	if (!call->is_grouped && !enough)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("training needs at least %d rows, not %llu",
						MIN_ROWS, (unsigned long long) nrows),
				 errdetail("Rows whose features are NULL do not count.")));
	if (!call->is_grouped)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("training needs values, but all are NULL")));
	if (!call->warned)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("groups with fewer than %d rows or without any value have no model",
						MIN_ROWS),
				 errdetail("The result for such a group is NULL.")));
	call->warned = true;
	return false;
}

/* ae_train_final(internal) */
Datum
ae_train_final(PG_FUNCTION_ARGS)
{
	TrainGroup *group;
	unsigned long long nrows = 0;
	ErrorContextCallback callback;
	bytea	   *result = NULL;

	if (AggCheckCallContext(fcinfo, NULL) != AGG_CONTEXT_AGGREGATE)
		elog(ERROR, "ae_train_final called outside an aggregate");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	group = (TrainGroup *) PG_GETARG_POINTER(0);

	if (group->nwaiting > 0)
	{
		aepg_reader_guess(group->reader);
		train_create_dataset(group);
	}
	if (group->dataset != NULL)
	{
		aepg_check(ae_dataset_finish(group->dataset), "reading rows");
		nrows = ae_dataset_rows(group->dataset);
	}
	if (train_has_rows(group, nrows))
	{
		callback.callback = train_error_context;
		callback.arg = &nrows;
		callback.previous = error_context_stack;
		error_context_stack = &callback;
		aepg_progress_phase(AEPG_PHASE_PLANNING, nrows);
		result = train_model(group);
		error_context_stack = callback.previous;
	}

	if (!group->call->is_grouped)
		aepg_progress_end();
	/* the rows stay: a hash table that is scanned again is finalised again */
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(result);
}
