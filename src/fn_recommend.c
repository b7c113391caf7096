/*
 * fn_recommend.c
 *	  SQL functions that apply a model of sets of items.
 *
 * All of them are strict, so a NULL model or set never gets here.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "core/recommend.h"
#include "pg_compat.h"
#include "pg_env.h"
#include "pg_named.h"
#include "pg_sets.h"

PG_FUNCTION_INFO_V1(ae_recommend);
PG_FUNCTION_INFO_V1(ae_similar_items_number);
PG_FUNCTION_INFO_V1(ae_similar_items_text);

/* what a call site keeps between calls; lives in fn_extra */
typedef struct RecommendCall
{
	AepgModelArg site;
	const AeModel *model;		/* NULL: recommender is not usable */
	AeRecommender *recommender;
	MemoryContext context;		/* of what is made for the model */
	AepgSetReader *owned;		/* NULL before the first call */
	AepgSetReader *excluded;	/* likewise */
} RecommendCall;

/* an error on the way leaves a call without a model, to be made again */
static void
call_use(RecommendCall *call, const AeModel *model)
{
	AeArena		arena;

	if (model->items == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model is of rows, not of sets of items"),
				 errhint("Train it with the option \"input\" set to \"set\".")));
	call->model = NULL;
	MemoryContextReset(call->context);
	/* the context releases the arena's memory */
	ae_arena_init(&arena, aepg_env_create(call->context));
	aepg_check(ae_recommender_create(model, &arena, &call->recommender),
			   "preparing to apply a model");
	call->model = model;
}

/* the call site, ready to apply the model in argument 0 */
static RecommendCall *
call_get(FunctionCallInfo fcinfo)
{
	MemoryContext parent = fcinfo->flinfo->fn_mcxt;
	RecommendCall *call = fcinfo->flinfo->fn_extra;
	const AeModel *model;

	if (call == NULL)
	{
		call = MemoryContextAllocZero(parent, sizeof(RecommendCall));
		call->context = AllocSetContextCreate(parent,
											  "autoencoder recommendation",
											  ALLOCSET_SMALL_SIZES);
		fcinfo->flinfo->fn_extra = call;
	}
	model = aepg_arg_model(fcinfo, 0, &call->site, parent);
	if (call->model != model)
		call_use(call, model);
	return call;
}

/* the members in an argument; their memory is that of *reader */
static AeMember *
call_members(FunctionCallInfo fcinfo, const RecommendCall *call, int arg,
			 AepgSetReader **reader, int *count)
{
	if (*reader == NULL)
		*reader = aepg_set_reader_create(get_fn_expr_argtype(fcinfo->flinfo,
															 arg),
										 fcinfo->flinfo->fn_mcxt);
	return aepg_set_reader_read(*reader, PG_GETARG_DATUM(arg),
								call->model->items, count);
}

/* how many items are asked for, no more than there are */
static int
call_get_count(FunctionCallInfo fcinfo, const RecommendCall *call, int arg)
{
	int			k = PG_GETARG_INT32(arg);

	if (k < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of items must be at least 1, not %d", k)));
	return Min(k, call->model->items->count);
}

static Datum
item_datum(const AeItems *items, int item)
{
	size_t		len;
	const char *text = ae_items_text(items, item, &len);

	return PointerGetDatum(cstring_to_text_with_len(text, len));
}

static Datum
item_number(const AeItems *items, int item)
{
	size_t		len;
	const char *text = ae_items_text(items, item, &len);

	return Int64GetDatum(pg_strtoint64(pnstrdup(text, len)));
}

#define RESULT_COLUMNS 3

/* the k best items by the recommender's scores as the result */
static void
call_return(FunctionCallInfo fcinfo, RecommendCall *call,
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

		values[0] = item_datum(items, top[i].item);
		nulls[1] = !items->is_number;
		if (items->is_number)
			values[1] = item_number(items, top[i].item);
		values[2] = Float8GetDatum(top[i].score);
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
	}
	pfree(top);
}

/*
 * ae_recommend(model, items anyelement, k integer
 *				[, exclude anycompatiblearray])
 * returns setof (item text, item_id bigint, score float8)
 */
Datum
ae_recommend(PG_FUNCTION_ARGS)
{
	RecommendCall *call = call_get(fcinfo);
	int			k = call_get_count(fcinfo, call, 2);
	int			nexcluded;
	AeMember   *excluded = call_members(fcinfo, call, 1, &call->owned,
										&nexcluded);

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
	RecommendCall *call = call_get(fcinfo);
	int			k = call_get_count(fcinfo, call, 2);
	int			item = ae_items_find(call->model->items, text, len);
	AeMember	self = {(uint32_t) item, 1.0f};

	if (item < 0)
	{
		InitMaterializedSRF(fcinfo, 0);
		return;
	}
	ae_recommender_compare(call->recommender, item);
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
