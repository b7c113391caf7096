/*
 * fn_impute.c
 *	  The SQL function that draws what is missing from a row.
 *
 * It is strict, so a NULL argument never gets here.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "core/impute.h"
#include "pg_call.h"
#include "pg_compat.h"

PG_FUNCTION_INFO_V1(ae_impute_draws);

/* rows of the result: tuples where the features are a row, else one column */
typedef struct DrawResult
{
	Tuplestorestate *store;
	TupleDesc	desc;
	bool		is_row;
} DrawResult;

/*
 * InitMaterializedSRF() wants to know the columns beforehand, which those of
 * an anonymous record are not.
 */
static void
draw_begin(FunctionCallInfo fcinfo, Oid type, DrawResult *result)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext old;

	if (info == NULL || !IsA(info, ReturnSetInfo) ||
		!(info->allowedModes & SFRM_Materialize))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set-valued function called in context that cannot accept a set")));
	old = MemoryContextSwitchTo(info->econtext->ecxt_per_query_memory);
	result->is_row = type_is_rowtype(type);
	if (result->is_row)
	{
		HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(1);

		result->desc =
			lookup_rowtype_tupdesc_copy(HeapTupleHeaderGetTypeId(row),
										HeapTupleHeaderGetTypMod(row));
	}
	else
	{
		result->desc = CreateTemplateTupleDesc(1);
		TupleDescInitEntry(result->desc, 1, "ae_impute", type, -1, 0);
	}
	result->store =
		tuplestore_begin_heap(info->allowedModes & SFRM_Materialize_Random,
							  false, work_mem);
	info->returnMode = SFRM_Materialize;
	info->setResult = result->store;
	info->setDesc = result->desc;
	MemoryContextSwitchTo(old);
}

static void
draw_put(DrawResult *result, Datum value)
{
	bool		isnull = false;

	if (result->is_row)
	{
		HeapTupleHeader row = DatumGetHeapTupleHeader(value);
		HeapTupleData tuple;

		tuple.t_len = HeapTupleHeaderGetDatumLength(row);
		ItemPointerSetInvalid(&tuple.t_self);
		tuple.t_tableOid = InvalidOid;
		tuple.t_data = row;
		tuplestore_puttuple(result->store, &tuple);
	}
	else
		tuplestore_putvalues(result->store, result->desc, &value, &isnull);
}

/*
 * ae_impute(model bytea, features anyelement, draws integer [, seed bigint])
 * returns setof anyelement
 */
Datum
ae_impute_draws(PG_FUNCTION_ARGS)
{
	AepgCall   *call = aepg_call_row(fcinfo, 0);
	int32		draws = PG_GETARG_INT32(2);
	int64		seed = PG_GETARG_INT64(3);
	MemoryContext context;
	MemoryContext old;
	DrawResult	result;

	if (draws < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("draws must be at least 1, not %d", draws)));
	if (!ae_impute_can_draw(call->model))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the model cannot draw what is missing"),
				 errdetail("Its training hid no cells."),
				 errhint("Train it with the option \"purpose\": \"imputation\" or \"corruption\": \"mask\".")));

	draw_begin(fcinfo, call->type, &result);
	context = AllocSetContextCreate(CurrentMemoryContext, "autoencoder draw",
									ALLOCSET_SMALL_SIZES);
	for (int32 i = 0; i < draws; i++)
	{
		CHECK_FOR_INTERRUPTS();
		ae_impute_draw(call->scorer, call->row, (uint64) seed, (uint64) i,
					   call->expected);
		old = MemoryContextSwitchTo(context);
		draw_put(&result, aepg_reader_build(call->reader, PG_GETARG_DATUM(1),
											call->model, call->expected,
											true));
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
	PG_RETURN_NULL();
}
