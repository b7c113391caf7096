/*
 * fn_recommend.c
 *	  SQL functions that apply a model of sets of items.
 *
 * All of them are strict, so a NULL model or set never gets here.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "core/recommend.h"
#include "pg_call.h"
#include "pg_compat.h"
#include "pg_env.h"
#include "pg_guc.h"
#include "pg_named.h"
#include "pg_recommend.h"
#include "pg_row.h"
#include "pg_set_read.h"

PG_FUNCTION_INFO_V1(ae_item_embeddings);
PG_FUNCTION_INFO_V1(ae_recommend);
PG_FUNCTION_INFO_V1(ae_similar_items_number);
PG_FUNCTION_INFO_V1(ae_similar_items_text);

#define APPLYING "preparing to apply a model"

struct AepgRecommendCall
{
	AepgModelArg site;
	const AeModel *model;		/* NULL: recommender is not usable */
	AeArena		arena;			/* holds the next */
	AeRecommender *recommender;
	MemoryContext context;		/* of what is made for the model */
	AepgReader *reader;			/* of columns beside the sets; of the model */
	MemoryContext reading;		/* of the reader */
	double	   *row;			/* (ncells) likewise */
	AepgSetReader *owned;		/* of columns; NULL before the first one */
	AepgSetReader *given;		/* of sets alone; likewise */
	AepgSetReader *excluded;	/* likewise */
};

/*
 * Makes a call site ready to apply a model.  An error on the way leaves it
 * without one, to be made again.
 */
static void
call_use(AepgRecommendCall *call, const AeModel *model)
{
	if (model == call->model)
		return;
	call->model = NULL;
	call->reader = NULL;
	MemoryContextReset(call->context);
	if (model->items == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model is of rows, not of sets of items"),
				 errhint("Train it with the option \"input\" set to \"set\".")));
	/* the context releases the arena's memory */
	ae_arena_init(&call->arena, aepg_env_create(call->context));
	aepg_check(ae_recommender_create(model, aepg_kernels(), &call->arena,
									 &call->recommender), APPLYING);
	call->row = MemoryContextAlloc(call->context,
								   Max(model->features->ncells, 1) *
								   sizeof(double));
	call->model = model;
}

static AepgRecommendCall *
call_create(MemoryContext parent)
{
	AepgRecommendCall *call;

	call = MemoryContextAllocZero(parent, sizeof(AepgRecommendCall));
	call->context = AllocSetContextCreate(parent,
										  "autoencoder recommendation",
										  ALLOCSET_SMALL_SIZES);
	call->reading = AllocSetContextCreate(parent, "autoencoder reading",
										  ALLOCSET_SMALL_SIZES);
	return call;
}

/* of functions that only models of sets have: the model in argument 0 */
static AepgRecommendCall *
call_get(FunctionCallInfo fcinfo)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;
	AepgRecommendCall *call;

	if (flinfo->fn_extra == NULL)
		flinfo->fn_extra = call_create(flinfo->fn_mcxt);
	call = flinfo->fn_extra;
	call_use(call, aepg_arg_model(fcinfo, 0, &call->site, flinfo->fn_mcxt));
	return call;
}

/* the members in an argument; their memory is that of *reader */
static AeMember *
call_members(FunctionCallInfo fcinfo, const AepgRecommendCall *call, int arg,
			 AepgSetReader **reader, int *count)
{
	if (*reader == NULL)
		*reader = aepg_set_reader_create(get_fn_expr_argtype(fcinfo->flinfo,
															 arg),
										 PG_GETARG_DATUM(arg),
										 fcinfo->flinfo->fn_mcxt);
	return aepg_set_reader_read(*reader, PG_GETARG_DATUM(arg),
								call->model->items, count);
}

/* what the recommender needs to know of who is in argument 1; the items that
 * he has */
static AeMember *
call_owner(FunctionCallInfo fcinfo, AepgRecommendCall *call, int *count)
{
	const AeModel *model = call->model;
	Datum		row = PG_GETARG_DATUM(1);
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 1);

	if (model->features->ncolumns == 0)
		return call_members(fcinfo, call, 1, &call->given, count);
	if (call->reader == NULL && !type_is_rowtype(type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("model needs a row with columns beside the set \"%s\", not type %s",
						model->items->column, format_type_be(type))));
	if (call->reader == NULL || !aepg_reader_fits(call->reader, row))
		aepg_reader_replace(&call->reader, type, row, model, call->reading);
	aepg_reader_read(call->reader, row, aepg_call_label,
					 unconstify(AeModel *, model), call->row);
	ae_recommender_use_row(call->recommender, call->row);
	return aepg_set_reader_read_column(&call->owned, call->reader,
									   model->items,
									   fcinfo->flinfo->fn_mcxt, count);
}

/* how many items are asked for, no more than there are */
static int
call_get_count(FunctionCallInfo fcinfo, const AepgRecommendCall *call, int arg)
{
	int			k = PG_GETARG_INT32(arg);

	if (k < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of items must be at least 1, not %d", k)));
	return Min(k, call->model->items->count);
}

/* an item as the first two columns of a result, its text and its number */
static void
item_datums(const AeItems *items, int item, Datum *values, bool *nulls)
{
	size_t		len;
	const char *name = ae_items_text(items, item, &len);
	text	   *copy = cstring_to_text_with_len(name, len);

	values[0] = PointerGetDatum(copy);
	nulls[1] = !items->is_number;
	if (items->is_number)
	{
		char	   *digits = pnstrdup(name, len);

		values[1] = Int64GetDatum(pg_strtoint64(digits));
		pfree(digits);
	}
}

/*----------
 * Ranked items.
 *----------
 */
#define RESULT_COLUMNS 3

/* the k best items by the recommender's scores as the result */
static void
call_return(FunctionCallInfo fcinfo, AepgRecommendCall *call,
			const AeMember *excluded, int nexcluded, bool positive, int k)
{
	const AeItems *items = call->model->items;
	AeScoredItem *top = palloc(k * sizeof(AeScoredItem));
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int			found;

	InitMaterializedSRF(fcinfo, 0);
	found = ae_recommender_top(call->recommender, excluded, nexcluded,
							   positive, k, top);
	for (int i = 0; i < found; i++)
	{
		Datum		values[RESULT_COLUMNS] = {0};
		bool		nulls[RESULT_COLUMNS] = {false};

		item_datums(items, top[i].item, values, nulls);
		values[2] = Float8GetDatum(top[i].score);
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
	}
	pfree(top);
}

/*
 * ae_recommend(model, items anyelement, k integer
 *				[, exclude anycompatible])
 * returns setof (item text, item_id bigint, score float8)
 */
Datum
ae_recommend(PG_FUNCTION_ARGS)
{
	AepgRecommendCall *call = call_get(fcinfo);
	int			k = call_get_count(fcinfo, call, 2);
	int			nexcluded;
	AeMember   *excluded = call_owner(fcinfo, call, &nexcluded);

	ae_recommender_score(call->recommender, excluded, nexcluded);
	if (PG_NARGS() > 3)
		excluded = call_members(fcinfo, call, 3, &call->excluded, &nexcluded);
	call_return(fcinfo, call, excluded, nexcluded, false, k);
	PG_RETURN_NULL();
}

/* the items similar to one, whose text this is; none to an unknown item */
static void
similar_items(FunctionCallInfo fcinfo, const char *text, size_t len)
{
	AepgRecommendCall *call = call_get(fcinfo);
	int			k = call_get_count(fcinfo, call, 2);
	int			item = ae_items_find(call->model->items, text, len);
	AeMember	self = {(uint32_t) item, 1.0f};

	if (item < 0)
	{
		InitMaterializedSRF(fcinfo, 0);
		return;
	}
	aepg_check(ae_recommender_compare(call->recommender, item), APPLYING);
	call_return(fcinfo, call, &self, 1, true, k);
}

/* ae_similar_items(model, item bigint, k integer) returns as above */
Datum
ae_similar_items_number(PG_FUNCTION_ARGS)
{
	char		text[AEPG_ITEM_NUMBER_BYTES];
	int			len = aepg_item_print(PG_GETARG_INT64(1), text);

	similar_items(fcinfo, text, len);
	PG_RETURN_NULL();
}

/* ae_similar_items(model, item text, k integer) returns as above */
Datum
ae_similar_items_text(PG_FUNCTION_ARGS)
{
	text	   *item = PG_GETARG_TEXT_PP(1);

	similar_items(fcinfo, VARDATA_ANY(item), VARSIZE_ANY_EXHDR(item));
	PG_RETURN_NULL();
}

/*----------
 * Vectors.
 *----------
 */

static void
vectors_require_network(const AeModel *model)
{
	if (model->net.nlayers > 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("model of the variant \"ease\" has no vectors"),
			 errhint("Train one of the variant \"mult_dae\" or \"mult_vae\".")));
}

Datum
aepg_recommend_encode(FunctionCallInfo fcinfo, const AeModel *model,
					  AepgRecommendCall **call)
{
	int			count;
	const AeMember *members;
	const float *code;

	if (*call == NULL)
		*call = call_create(fcinfo->flinfo->fn_mcxt);
	call_use(*call, model);
	vectors_require_network(model);
	members = call_owner(fcinfo, *call, &count);
	code = ae_recommender_encode((*call)->recommender, members, count);
	return aepg_call_vector(code, ae_net_latent(&model->net));
}

void
aepg_recommend_forget(AepgRecommendCall *call)
{
	call->model = NULL;
}

/*
 * ae_item_embeddings(model)
 * returns setof (item text, item_id bigint, embedding real[], bias real)
 */
Datum
ae_item_embeddings(PG_FUNCTION_ARGS)
{
	AepgRecommendCall *call = call_get(fcinfo);
	const AeModel *model = call->model;
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int			latent;
	float	   *vector;

	vectors_require_network(model);
	latent = ae_net_latent(&model->net);
	vector = palloc(latent * sizeof(float));
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < model->items->count; i++)
	{
		Datum		values[4] = {0};
		bool		nulls[4] = {false};
		float		bias = ae_recommender_item(model, i, vector);

		CHECK_FOR_INTERRUPTS();
		item_datums(model->items, i, values, nulls);
		values[2] = aepg_call_vector(vector, latent);
		values[3] = Float4GetDatum(bias);
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
		pfree(DatumGetPointer(values[0]));
		pfree(DatumGetPointer(values[2]));
	}
	pfree(vector);
	PG_RETURN_NULL();
}
