/*
 * pg_batch_group.c
 *	  The calls of a batch node that share a model and a row.
 *
 * A row that a model rejects is not reported here but left to the function
 * itself, when the row's turn comes: only then has the statement asked for it.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "pg_batch_group.h"
#include "pg_env.h"

static bool
expr_is_fixed(const Node *expr)
{
	return IsA(expr, Const) || IsA(expr, Param);
}

/* columns of ROW(...) are read one by one, without making the row */
static void
group_init_columns(AepgBatchGroup *group, RowExpr *row, PlanState *parent,
				   ExprContext *econtext)
{
	List	   *tlist = aepg_batch_make_tlist(row->args);

	if (row->row_typeid == RECORDOID)
	{
		group->desc = ExecTypeFromExprList(row->args);
		ExecTypeSetColNames(group->desc, row->colnames);
		BlessTupleDesc(group->desc);
	}
	else
		group->desc = lookup_rowtype_tupdesc_copy(row->row_typeid, -1);
	group->columns =
		ExecBuildProjectionInfo(tlist, econtext,
								MakeSingleTupleTableSlot(ExecTypeFromTL(tlist),
														 &TTSOpsVirtual),
								parent, NULL);
}

AepgBatchGroup *
aepg_batch_group_create(FuncExpr *call, PlanState *parent,
						ExprContext *econtext, int capacity)
{
	AepgBatchGroup *group = palloc0(sizeof(AepgBatchGroup));

	group->model_expr = linitial(call->args);
	group->features_expr = lsecond(call->args);
	group->model = ExecInitExpr((Expr *) group->model_expr, parent);
	group->model_is_fixed = expr_is_fixed(group->model_expr);
	group->by_name = exprType(group->model_expr) == TEXTOID;
	group->type = exprType(group->features_expr);
	group->function = call->funcid;
	if (IsA(group->features_expr, RowExpr))
		group_init_columns(group, (RowExpr *) group->features_expr, parent,
						   econtext);
	else
		group->features = ExecInitExpr((Expr *) group->features_expr, parent);
	group->context = CurrentMemoryContext;
	group->call = aepg_call_create(group->context);
	group->capacity = capacity;
	group->number = palloc(capacity * sizeof(int));
	return group;
}

bool
aepg_batch_group_has(const AepgBatchGroup *group, const FuncExpr *call)
{
	return equal(group->model_expr, linitial(call->args)) &&
		equal(group->features_expr, lsecond(call->args));
}

void
aepg_batch_group_want(AepgBatchGroup *group, AepgBatchKind kind)
{
	group->what |= kind == AEPG_BATCH_CODE ? AE_BATCH_CODE : AE_BATCH_SCORE;
}

void
aepg_batch_group_clear(AepgBatchGroup *group)
{
	group->has_model = false;
	if (group->batch != NULL)
		ae_score_batch_clear(group->batch);
}

/*----------
 * Models.
 *----------
 */
static void
group_create_batch(AepgBatchGroup *group)
{
	size_t		row_bytes = ae_score_batch_row_bytes(group->call->model);
	size_t		room = (size_t) work_mem * 1024 / group->ngroups / row_bytes;
	int			rows = Min((size_t) group->capacity, Max(room, 1));
	AeArena		arena;

	group->batch = NULL;
	ae_arena_init(&arena, aepg_env_create(group->call->context));
	aepg_check(ae_score_batch_create(group->call->scorer, rows, &arena,
									 &group->batch),
			   "preparing to apply a model");
}

static const AeModel *
group_find_model(AepgBatchGroup *group, Datum value)
{
	text	   *name;

	if (!group->by_name)
		return aepg_model_get(value, &group->call->site.ref, group->context);
	name = DatumGetTextPP(value);
	if (group->name != NULL)
		pfree(group->name);
	group->name = NULL;
	group->name =
		MemoryContextStrdup(group->context, text_to_cstring(name));
	return aepg_named_model(group->function, VARDATA_ANY(name),
							VARSIZE_ANY_EXHDR(name), &group->call->site,
							group->context);
}

/* makes the model that of the rows to come; false: there is none, or none that
 * takes rows together */
static bool
group_take_model(AepgBatchGroup *group, Datum value)
{
	const AeModel *model = group_find_model(group, value);

	/* the model before is not held any more: another one may get its place */
	if (model != group->call->model)
	{
		group->batch = NULL;
		group->call->model = NULL;
	}
	if (model == NULL || !ae_score_batch_suits(model, group->what))
		return false;
	aepg_call_use(group->call, model);
	if (group->batch == NULL)
		group_create_batch(group);
	group->has_model = true;
	return true;
}

/* whether the model is that of the rows at hand */
static bool
group_is_model(const AepgBatchGroup *group, Datum value)
{
	text	   *name;
	size_t		len;

	if (!group->by_name)
		return aepg_model_is_held(group->call->site.ref, value);
	name = DatumGetTextPP(value);
	len = VARSIZE_ANY_EXHDR(name);
	return strlen(group->name) == len &&
		memcmp(group->name, VARDATA_ANY(name), len) == 0;
}

/*----------
 * Rows.
 *----------
 */

/* a reader for the row, whose features are value or, if columns, in a slot */
static void
group_make_reader(AepgBatchGroup *group, Datum value)
{
	AepgCall   *call = group->call;

	if (call->reader != NULL)
	{
		group->batch = NULL;
		aepg_call_reset(call);
		group_create_batch(group);
	}
	if (group->columns != NULL)
		call->reader = aepg_reader_for_columns(group->type, group->desc,
											   call->model, call->context);
	else
		call->reader = aepg_reader_for_model(group->type, value, call->model,
											 call->context);
}

static bool
group_read(AepgBatchGroup *group, ExprContext *econtext, int row)
{
	AepgCall   *call = group->call;
	void	   *model = unconstify(AeModel *, call->model);
	TupleTableSlot *slot = NULL;
	Datum		value = (Datum) 0;
	bool		isnull = false;

	if (group->columns != NULL)
		slot = ExecProject(group->columns);
	else
		value = ExecEvalExpr(group->features, econtext, &isnull);
	if (isnull)
		return true;
	if (call->reader == NULL ||
		(slot == NULL && !aepg_reader_fits(call->reader, value)))
	{
		if (row > 0 || group->type == UNKNOWNOID)
			return false;
		group_make_reader(group, value);
	}
	if (slot != NULL ?
		!aepg_reader_try_columns(call->reader, slot->tts_values,
								 slot->tts_isnull, aepg_call_label, model,
								 call->row) :
		!aepg_reader_try(call->reader, value, aepg_call_label, model,
						 call->row))
		return false;
	group->number[row] = group->batch->nrows;
	ae_score_batch_add(group->batch, call->row);
	return true;
}

bool
aepg_batch_group_add(AepgBatchGroup *group, ExprContext *econtext, int row)
{
	MemoryContext old =
		MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	bool		isnull = false;
	bool		is_added = true;

	group->number[row] = -1;
	if (row == 0 || !group->model_is_fixed)
	{
		Datum		value = ExecEvalExpr(group->model, econtext, &isnull);

		if (!isnull)
			is_added = row == 0 ? group_take_model(group, value) :
				group->has_model && group_is_model(group, value);
	}
	else
		isnull = !group->has_model;
	if (is_added && !isnull)
		is_added = group->batch->nrows < group->batch->capacity &&
			group_read(group, econtext, row);
	MemoryContextSwitchTo(old);
	return is_added;
}

void
aepg_batch_group_drop(AepgBatchGroup *group, int row)
{
	if (group->batch != NULL && group->number[row] >= 0)
		group->batch->nrows = group->number[row];
}

int
aepg_batch_group_run(AepgBatchGroup *group)
{
	return group->batch == NULL ? 0 :
		ae_score_batch_run(group->batch, group->what);
}

/*----------
 * Results.
 *----------
 */
Datum
aepg_batch_group_result(const AepgBatchGroup *group, AepgBatchKind kind,
						int row, const double *alpha, bool *isnull)
{
	const AeModel *model = group->call->model;
	int			number = group->number[row];
	double		result;

	*isnull = number < 0;
	if (*isnull)
		return (Datum) 0;
	if (kind == AEPG_BATCH_CODE)
		return aepg_call_vector(group->batch->code +
								(size_t) number * group->batch->ncode,
								ae_net_latent(&model->net));

	result = group->batch->score[number];
	if (kind != AEPG_BATCH_SCORE)
		result = aepg_score_pvalue(model, result);
	if (alpha != NULL)
		aepg_alpha_check(*alpha);
	*isnull = isnan(result);
	if (*isnull)
		return (Datum) 0;
	if (kind == AEPG_BATCH_ALARM)
		return BoolGetDatum(result <=
							(alpha != NULL ? *alpha : model->options.alpha));
	return Float8GetDatum(result);
}
