/*
 * pg_call.c
 *	  What a call site of a scoring function keeps between rows.
 *
 * Rows of one query may come with different models, so what was made for one
 * model lives in a context that is reset when another one comes.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/memutils.h"

#include "core/sample.h"
#include "pg_call.h"
#include "pg_env.h"
#include "pg_guc.h"

AepgCall *
aepg_call_create(MemoryContext parent)
{
	AepgCall   *call = MemoryContextAllocZero(parent, sizeof(AepgCall));

	call->context = AllocSetContextCreate(parent, "autoencoder scoring",
										  ALLOCSET_SMALL_SIZES);
	return call;
}

/* an error on the way leaves a call without a model, to be made again */
static void
call_make(AepgCall *call, const AeModel *model)
{
	size_t		bytes = model->features->ncells * sizeof(double);
	AeArena		arena;

	call->model = NULL;
	call->reader = NULL;
	MemoryContextReset(call->context);
	aepg_model_require_rows(model);

	/* the context releases the arena's memory */
	ae_arena_init(&arena, aepg_env_create(call->context));
	aepg_check(ae_scorer_create(model, aepg_kernels(), &arena, &call->scorer),
			   "preparing to apply a model");
	call->row = MemoryContextAlloc(call->context, bytes);
	call->expected = MemoryContextAlloc(call->context, bytes);
	call->model = model;
}

void
aepg_call_use(AepgCall *call, const AeModel *model)
{
	if (unlikely(model != call->model))
		call_make(call, model);
}

void
aepg_call_reset(AepgCall *call)
{
	call_make(call, call->model);
}

const AeModel *
aepg_call_look(FunctionCallInfo fcinfo, int arg, AepgCall **call)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;

	if (flinfo->fn_extra == NULL)
		flinfo->fn_extra = aepg_call_create(flinfo->fn_mcxt);
	*call = flinfo->fn_extra;
	return aepg_arg_model(fcinfo, arg, &(*call)->site, flinfo->fn_mcxt);
}

AepgCall *
aepg_call_model(FunctionCallInfo fcinfo, int arg)
{
	AepgCall   *call;
	const AeModel *model = aepg_call_look(fcinfo, arg, &call);

	aepg_call_use(call, model);
	return call;
}

static Oid
call_features_type(FunctionCallInfo fcinfo, int arg)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, arg);

	if (!OidIsValid(type) || type == UNKNOWNOID)
		ereport(ERROR,
				(errcode(ERRCODE_INDETERMINATE_DATATYPE),
				 errmsg("could not determine the type of the features"),
				 errhint("Cast them, for example to real[] or to a row type.")));
	return type;
}

double
aepg_call_label(void *arg, int column, const char *label, size_t len)
{
	const AeModel *model = arg;

	return ae_features_code(model->features, column, label, len);
}

void
aepg_call_read(AepgCall *call, FunctionCallInfo fcinfo, int arg)
{
	Datum		features = PG_GETARG_DATUM(arg);

	if (call->reader == NULL || !aepg_reader_fits(call->reader, features))
	{
		/* a reader for another row type: release it with all the rest */
		if (call->reader != NULL)
			aepg_call_reset(call);
		if (!OidIsValid(call->type))
			call->type = call_features_type(fcinfo, arg);
		call->reader = aepg_reader_for_model(call->type, features, call->model,
											 call->context);
	}
	aepg_reader_read(call->reader, features, aepg_call_label,
					 unconstify(AeModel *, call->model), call->row);
}

AepgCall *
aepg_call_row(FunctionCallInfo fcinfo, int arg)
{
	AepgCall   *call = aepg_call_model(fcinfo, arg);

	aepg_call_read(call, fcinfo, arg + 1);
	return call;
}

void
aepg_call_tuple(AepgCall *call, HeapTuple tuple, TupleDesc desc)
{
	if (call->reader == NULL)
		call->reader =
			aepg_reader_for_model(desc->tdtypeid,
								  heap_copy_tuple_as_datum(tuple, desc),
								  call->model, call->context);
	aepg_reader_read_tuple(call->reader, tuple, aepg_call_label,
						   unconstify(AeModel *, call->model), call->row);
}

Datum
aepg_call_vector(const float *vector, int count)
{
	size_t		size = ARR_OVERHEAD_NONULLS(1) + count * sizeof(float4);
	ArrayType  *array = palloc(size);

	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->dataoffset = 0;
	array->elemtype = FLOAT4OID;
	ARR_DIMS(array)[0] = count;
	ARR_LBOUND(array)[0] = 1;
	memcpy(ARR_DATA_PTR(array), vector, count * sizeof(float4));
	return PointerGetDatum(array);
}

Datum
aepg_call_array(const AepgCall *call, const double *row)
{
	const AeFeatures *features = call->model->features;
	int			dims[1] = {features->ncells};
	int			bounds[1] = {1};
	Datum	   *values = palloc(features->ncells * sizeof(Datum));
	bool	   *nulls = palloc(features->ncells * sizeof(bool));

	for (int c = 0; c < features->ncolumns; c++)
	{
		const AeColumn *column = &features->columns[c];
		bool		labelled = ae_column_is_labelled(column);

		for (int i = column->cell; i < column->cell + column->ncells; i++)
		{
			nulls[i] = isnan(row[i]) ||
				(labelled && !ae_sample_has_label(column, (int) row[i]));
			values[i] = Float8GetDatum(row[i] + (labelled ? 1 : 0));
		}
	}
	return PointerGetDatum(construct_md_array(values, nulls, 1, dims, bounds,
											  FLOAT8OID, sizeof(float8),
											  FLOAT8PASSBYVAL,
											  TYPALIGN_DOUBLE));
}
