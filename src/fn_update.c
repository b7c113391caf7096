/*
 * fn_update.c
 *	  The aggregate ae_update(), and ae_row(), which makes two arguments one.
 *
 * The rows' budget and their temporary file belong to the aggregate call, the
 * partials to its groups, as in fn_train.c.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/expandeddatum.h"
#include "utils/memutils.h"

#include "pg_compat.h"
#include "pg_env.h"
#include "pg_named.h"
#include "pg_partial.h"
#include "pg_progress.h"
#include "pg_train.h"

PG_FUNCTION_INFO_V1(ae_row);
PG_FUNCTION_INFO_V1(ae_row_in);
PG_FUNCTION_INFO_V1(ae_row_out);
PG_FUNCTION_INFO_V1(ae_update_row_transition);
PG_FUNCTION_INFO_V1(ae_update_transition);
PG_FUNCTION_INFO_V1(ae_update_final);

/*----------
 * Values of type ae_row: a model and a pointer to a row.
 *
 * A call site of ae_row() has one, which it fills anew for each row: whoever
 * would keep one must flatten it, and that is refused.
 *----------
 */
typedef struct Row
{
	ExpandedObjectHeader hdr;
	AepgModelArg site;			/* of the model argument */
	Datum		features;
	Oid			type;			/* of the features */
	const Jsonb *options;		/* NULL for none */
} Row;

static void
row_refuse(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("a value of type ae_row cannot be stored or shown"),
			 errhint("Pass ae_row() directly to ae_update(), without ORDER BY or DISTINCT.")));
}

static Size
row_flat_size(ExpandedObjectHeader *object)
{
	(void) object;
	row_refuse();
	return 0;
}

static void
row_flatten(ExpandedObjectHeader *object, void *result, Size size)
{
	(void) object;
	(void) result;
	(void) size;
	row_refuse();
}

static const ExpandedObjectMethods row_methods = {row_flat_size, row_flatten};

/* ae_row(model, features anyelement [, options jsonb]) returns ae_row */
Datum
ae_row(PG_FUNCTION_ARGS)
{
	Row		   *row = fcinfo->flinfo->fn_extra;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (row == NULL)
	{
		row = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Row));
		EOH_init_header(&row->hdr, &row_methods, fcinfo->flinfo->fn_mcxt);
		row->type = get_fn_expr_argtype(fcinfo->flinfo, 1);
		fcinfo->flinfo->fn_extra = row;
	}
	aepg_arg_model(fcinfo, 0, &row->site, fcinfo->flinfo->fn_mcxt);
	row->features = PG_GETARG_DATUM(1);
	row->options = PG_NARGS() > 2 && !PG_ARGISNULL(2)
		? PG_GETARG_JSONB_P(2) : NULL;
	PG_RETURN_DATUM(EOHPGetRODatum(&row->hdr));
}

/* ae_row_in(cstring) returns ae_row */
Datum
ae_row_in(PG_FUNCTION_ARGS)
{
	row_refuse();
	PG_RETURN_NULL();
}

/* ae_row_out(ae_row) returns cstring */
Datum
ae_row_out(PG_FUNCTION_ARGS)
{
	row_refuse();
	PG_RETURN_NULL();
}

static const Row *
row_get(Datum value)
{
	const Row  *row = NULL;

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
		row = (const Row *) DatumGetEOHP(value);
	if (row == NULL || row->hdr.eoh_methods != &row_methods)
		row_refuse();
	return row;
}

/*----------
 * The aggregate.
 *----------
 */

/* what the groups of one aggregate call share */
typedef struct UpdateCall
{
	AeBudget	budget;
	AeSpool    *spool;
	int64		ngroups;		/* alive */
	Row			row;			/* of the forms without ae_row() */
} UpdateCall;

typedef struct UpdateGroup
{
	UpdateCall *call;
	AepgUpdate *update;
} UpdateGroup;

static UpdateCall *
update_get_call(FunctionCallInfo fcinfo)
{
	UpdateCall *call = fcinfo->flinfo->fn_extra;

	if (call == NULL)
	{
		MemoryContext context = fcinfo->flinfo->fn_mcxt;

		call = MemoryContextAllocZero(context, sizeof(UpdateCall));
		aepg_training_init_budget(&call->budget);
		call->spool = aepg_spool_create(context);
		fcinfo->flinfo->fn_extra = call;
		aepg_progress_start(NULL);
	}
	return call;
}

/* the aggregate context is about to be reset */
static void
update_release_group(Datum arg)
{
	UpdateGroup *group = (UpdateGroup *) DatumGetPointer(arg);

	aepg_update_free_rows(group->update);
	if (--group->call->ngroups > 0)
		return;
	aepg_spool_close(group->call->spool);
	aepg_progress_end();
}

static AepgPartial *
update_create_group(FunctionCallInfo fcinfo, MemoryContext aggregate,
					const Row *row)
{
	UpdateCall *call = update_get_call(fcinfo);
	AepgPartial *partial = aepg_partial_create(AEPG_PARTIAL_UPDATE, aggregate);
	UpdateGroup *group = MemoryContextAlloc(partial->hdr.eoh_context,
											sizeof(UpdateGroup));

	partial->update = aepg_update_create(row->site.ref, row->options,
										 &call->budget, call->spool,
										 partial->hdr.eoh_context);
	group->call = call;
	group->update = partial->update;
	AggRegisterCallback(fcinfo, update_release_group, PointerGetDatum(group));
	call->ngroups++;
	return partial;
}

static Datum
update_add_row(FunctionCallInfo fcinfo, const Row *row)
{
	MemoryContext aggregate;
	AepgPartial *partial;

	if (AggCheckCallContext(fcinfo, &aggregate) != AGG_CONTEXT_AGGREGATE)
		elog(ERROR, "ae_update_transition called outside an aggregate");
	if (row == NULL)
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	if (PG_ARGISNULL(0))
		partial = update_create_group(fcinfo, aggregate, row);
	else
	{
		partial = aepg_partial_get(PG_GETARG_DATUM(0), aggregate);
		if (partial->update == NULL)
			elog(ERROR, "row for an update that is finished");
		aepg_update_check(partial->update, row->site.ref, row->options);
	}
	aepg_update_add(partial->update, row->type, row->features);
	PG_RETURN_DATUM(aepg_partial_datum(partial));
}

/* ae_update_transition(ae_partial, ae_row) */
Datum
ae_update_row_transition(PG_FUNCTION_ARGS)
{
	return update_add_row(fcinfo, PG_ARGISNULL(1) ? NULL
						  : row_get(PG_GETARG_DATUM(1)));
}

/* ae_update_transition(ae_partial, model, anyelement [, jsonb]) */
Datum
ae_update_transition(PG_FUNCTION_ARGS)
{
	Row		   *row;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return update_add_row(fcinfo, NULL);
	row = &update_get_call(fcinfo)->row;
	aepg_arg_model(fcinfo, 1, &row->site, fcinfo->flinfo->fn_mcxt);
	row->features = PG_GETARG_DATUM(2);
	row->type = get_fn_expr_argtype(fcinfo->flinfo, 2);
	row->options = PG_NARGS() > 3 && !PG_ARGISNULL(3)
		? PG_GETARG_JSONB_P(3) : NULL;
	return update_add_row(fcinfo, row);
}

/* ae_update_final(ae_partial) returns bytea */
Datum
ae_update_final(PG_FUNCTION_ARGS)
{
	AepgPartial *partial;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	partial = aepg_partial_get(PG_GETARG_DATUM(0), CurrentMemoryContext);
	if (partial->kind != AEPG_PARTIAL_UPDATE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("value of type ae_partial is not of ae_update()")));
	PG_RETURN_BYTEA_P(aepg_partial_join(partial));
}
