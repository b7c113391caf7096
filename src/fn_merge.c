/*
 * fn_merge.c
 *	  The aggregate ae_merge().
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "core/merge.h"
#include "pg_compat.h"
#include "pg_env.h"
#include "pg_guc.h"
#include "pg_model.h"
#include "pg_partial.h"

PG_FUNCTION_INFO_V1(ae_merge_transition);
PG_FUNCTION_INFO_V1(ae_merge_final);

/* ae_merge_transition(ae_partial, model bytea) */
Datum
ae_merge_transition(PG_FUNCTION_ARGS)
{
	MemoryContext aggregate;
	AepgPartial *partial;

	if (!AggCheckCallContext(fcinfo, &aggregate))
		elog(ERROR, "ae_merge_transition called outside an aggregate");
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	partial = PG_ARGISNULL(0)
		? aepg_partial_create(AEPG_PARTIAL_MERGE, aggregate)
		: aepg_partial_get(PG_GETARG_DATUM(0), aggregate);
	aepg_partial_add(partial, PG_GETARG_BYTEA_PP(1));
	PG_RETURN_DATUM(aepg_partial_datum(partial));
}

static void
merge_check(int nmodels, const AeModel *const *models)
{
	char		difference[AE_DIFFERENCE_BYTES];

	for (int i = 1; i < nmodels; i++)
		if (ae_merge_differ(models[0], models[i], difference))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("models cannot be merged"),
					 errdetail("The models %s.", difference),
					 errhint("Models that can be merged are updates of one model, see ae_update().")));
}

/* ae_merge_final(ae_partial) returns bytea */
Datum
ae_merge_final(PG_FUNCTION_ARGS)
{
	AepgPartial *partial;
	MemoryContext context;
	const AeModel **models;
	AeModel    *into;
	bytea	   *result;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	partial = aepg_partial_get(PG_GETARG_DATUM(0), CurrentMemoryContext);
	if (partial->kind != AEPG_PARTIAL_MERGE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("value of type ae_partial is not of ae_merge()")));
	context = AllocSetContextCreate(CurrentMemoryContext,
									"autoencoder merge",
									ALLOCSET_DEFAULT_SIZES);
	models = aepg_partial_parse(partial, 0, context);
	for (int i = 0; i < partial->nmodels; i++)
		aepg_model_require_rows(models[i]);
	if (partial->nmodels == 1)
		PG_RETURN_DATUM(PointerGetDatum(partial->models[0]));
	merge_check(partial->nmodels, models);
	into = aepg_model_parse(PointerGetDatum(partial->models[0]), context);
	strlcpy(into->version, AE_VERSION, sizeof(into->version));
	ae_merge_average(into, partial->nmodels, models);
	aepg_check(ae_merge_scores(into, partial->nmodels, models, false,
							   aepg_kernels()), "merging models");
	result = aepg_model_to_bytea(into);
	MemoryContextDelete(context);
	PG_RETURN_BYTEA_P(result);
}
