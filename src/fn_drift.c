/*
 * fn_drift.c
 *	  The aggregate ae_drift(): how far rows are from those that a model was
 *	  trained on.
 *
 * An aggregate cannot return a set, so it returns an array with an element
 * for the scores and one for each source column, for unnest().
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "core/drift.h"
#include "pg_call.h"
#include "pg_compat.h"
#include "pg_env.h"

PG_FUNCTION_INFO_V1(ae_drift_transition);
PG_FUNCTION_INFO_V1(ae_drift_final);

typedef struct DriftState
{
	AepgModelRef *ref;			/* keeps the model */
	AeDrift    *drift;
} DriftState;

/* an element of the result */
typedef struct DriftLine
{
	const char *feature;		/* NULL: the scores */
	AeDriftMeasure measure;
} DriftLine;

static DriftState *
drift_create(const AepgCall *call, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	DriftState *state = palloc0(sizeof(DriftState));
	const AeModel *model =
		aepg_model_find(aepg_model_key(call->site.ref), &state->ref, context);
	AeArena		arena;

	/* the context releases the arena's memory */
	ae_arena_init(&arena, aepg_env_create(context));
	aepg_check(ae_drift_create(model, &arena, &state->drift),
			   "measuring drift");
	MemoryContextSwitchTo(old);
	return state;
}

/* ae_drift_transition(state internal, model, features anyelement) */
Datum
ae_drift_transition(PG_FUNCTION_ARGS)
{
	DriftState *state = PG_ARGISNULL(0) ? NULL
		: (DriftState *) PG_GETARG_POINTER(0);
	MemoryContext context;
	AepgCall   *call;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "ae_drift_transition called outside an aggregate");
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	call = aepg_call_row(fcinfo, 1);
	if (state == NULL)
		state = drift_create(call, context);
	if (state->drift->model != call->model)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all rows whose drift is measured together must have the same model"),
				 errhint("Group the rows by model.")));
	ae_drift_add(state->drift, call->row);
	ae_drift_add_score(state->drift, ae_score_row(call->scorer, call->row));
	PG_RETURN_POINTER(state);
}

/* the scores first, then the worst column */
static int
compare_lines(const void *a, const void *b)
{
	const DriftLine *x = a;
	const DriftLine *y = b;

	if ((x->feature == NULL) != (y->feature == NULL))
		return x->feature == NULL ? -1 : 1;
	if (x->feature == NULL)
		return 0;
	if (x->measure.psi == y->measure.psi)
		return strcmp(x->feature, y->feature);
	return x->measure.psi > y->measure.psi ? -1 : 1;
}

static Datum
line_datum(const DriftLine *line, TupleDesc desc)
{
	Datum		values[4] = {0};
	bool		nulls[4];
	double		numbers[3];

	nulls[0] = line->feature == NULL;
	if (line->feature != NULL)
		values[0] = CStringGetTextDatum(line->feature);
	numbers[0] = line->measure.psi;
	numbers[1] = line->measure.js;
	numbers[2] = line->measure.ks;
	for (int i = 0; i < 3; i++)
	{
		nulls[i + 1] = isnan(numbers[i]);
		values[i + 1] = Float8GetDatum(numbers[i]);
	}
	return HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
}

/* ae_drift_final(state internal) returns ae_drift_line[] */
Datum
ae_drift_final(PG_FUNCTION_ARGS)
{
	Oid			type = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
	const AeDrift *drift;
	const AeFeatures *f;
	TupleDesc	desc;
	DriftLine  *lines;
	Datum	   *elements;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	drift = ((DriftState *) PG_GETARG_POINTER(0))->drift;
	f = drift->model->features;
	lines = palloc((f->ncolumns + 1) * sizeof(DriftLine));
	elements = palloc((f->ncolumns + 1) * sizeof(Datum));
	lines[0] = (DriftLine) {NULL, ae_drift_scores(drift)};
	for (int c = 0; c < f->ncolumns; c++)
		lines[c + 1] = (DriftLine) {f->columns[c].name,
			ae_drift_column(drift, c)};
	qsort(lines, f->ncolumns + 1, sizeof(DriftLine), compare_lines);

	desc = lookup_rowtype_tupdesc(type, -1);
	for (int i = 0; i <= f->ncolumns; i++)
		elements[i] = line_datum(&lines[i], desc);
	ReleaseTupleDesc(desc);
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, f->ncolumns + 1, type,
										  -1, false, TYPALIGN_DOUBLE));
}
