/*
 * fn_score.c
 *	  SQL functions that apply a model to a row.
 *
 * All of them are strict, so a NULL model or NULL features never get here.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"

#include "pg_call.h"
#include "pg_compat.h"

PG_FUNCTION_INFO_V1(ae_encode);
PG_FUNCTION_INFO_V1(ae_decode);
PG_FUNCTION_INFO_V1(ae_reconstruct);
PG_FUNCTION_INFO_V1(ae_impute);
PG_FUNCTION_INFO_V1(ae_anomaly_score);

/* ae_encode(model bytea, features anyelement) returns real[] */
Datum
ae_encode(PG_FUNCTION_ARGS)
{
	AepgCall   *call;
	const AeModel *model = aepg_call_look(fcinfo, 0, &call);

	/* the site holds one model, so the other kind's is to be forgotten */
	if (model->items != NULL)
	{
		call->model = NULL;
		return aepg_recommend_encode(fcinfo, model, &call->of_sets);
	}
	if (call->of_sets != NULL)
		aepg_recommend_forget(call->of_sets);
	aepg_call_use(call, model);
	aepg_call_read(call, fcinfo, 1);
	return aepg_call_vector(ae_score_encode(call->scorer, call->row),
							ae_net_latent(&model->net));
}

/* error unless the array is a code of latent finite numbers */
static void
code_check(ArrayType *code, int latent)
{
	int			count = ArrayGetNItems(ARR_NDIM(code), ARR_DIMS(code));
	const float *values = (const float *) ARR_DATA_PTR(code);

	if (ARR_NDIM(code) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("code must have one dimension, not %d",
						ARR_NDIM(code))));
	if (count != latent)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("code has %d elements, but codes of this model have %d",
						count, latent)));
	if (array_contains_nulls(code))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("code must not contain NULL")));
	for (int i = 0; i < count; i++)
		if (!isfinite(values[i]))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("code must not contain NaN or infinity"),
					 errdetail("Element %d is not finite.", i + 1)));
}

/* ae_decode(model bytea, code real[]) returns double precision[] */
Datum
ae_decode(PG_FUNCTION_ARGS)
{
	AepgCall   *call = aepg_call_model(fcinfo, 0);
	ArrayType  *code = PG_GETARG_ARRAYTYPE_P(1);

	code_check(code, ae_net_latent(&call->model->net));
	ae_score_decode(call->scorer, (const float *) ARR_DATA_PTR(code),
					call->expected);
	return aepg_call_array(call, call->expected);
}

/* ae_reconstruct(model bytea, features anyelement) returns anyelement */
Datum
ae_reconstruct(PG_FUNCTION_ARGS)
{
	AepgCall   *call = aepg_call_row(fcinfo, 0);

	ae_score_reconstruct(call->scorer, call->row, call->expected);
	return aepg_reader_build(call->reader, PG_GETARG_DATUM(1), call->model,
							 call->expected, false);
}

/* ae_impute(model bytea, features anyelement) returns anyelement */
Datum
ae_impute(PG_FUNCTION_ARGS)
{
	AepgCall   *call = aepg_call_row(fcinfo, 0);
	int			ncells = call->model->features->ncells;
	int			cell = 0;

	while (cell < ncells && !isnan(call->row[cell]))
		cell++;
	if (cell == ncells)
		PG_RETURN_DATUM(PG_GETARG_DATUM(1));
	ae_score_reconstruct(call->scorer, call->row, call->expected);
	return aepg_reader_build(call->reader, PG_GETARG_DATUM(1), call->model,
							 call->expected, true);
}

/* ae_anomaly_score(model bytea, features anyelement) returns float8 */
Datum
ae_anomaly_score(PG_FUNCTION_ARGS)
{
	AepgCall   *call = aepg_call_row(fcinfo, 0);
	double		score = ae_score_row(call->scorer, call->row);

	if (isnan(score))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(score);
}
