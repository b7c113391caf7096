/*
 * fn_evaluate.c
 *	  The aggregate ae_evaluate(): how well a model reconstructs rows.
 *
 * A column's mse, mae and r2 are in its own units.  Those of all columns
 * together are taken over the cells of numeric and positive columns as the
 * network sees them, scaled, so that no column's unit decides.  In both cases
 * r2 = 1 - SSE / SST, where SST is around each cell's own mean over the rows
 * evaluated; a model that always answered with that mean would get 0.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"

#include "pg_call.h"
#include "pg_compat.h"
#include "pg_json.h"

PG_FUNCTION_INFO_V1(ae_evaluate_transition);
PG_FUNCTION_INFO_V1(ae_evaluate_final);

/* errors of a cell in one unit, and the spread of what was to be predicted */
typedef struct CellErrors
{
	double		n;				/* rows where the cell is present */
	double		squared;		/* sums over those */
	double		absolute;
	double		mean;			/* of the actual values */
	double		deviation;		/* sum of squares from that; Welford 1962 */
} CellErrors;

/* over the rows where the column is present, in full or in part */
typedef struct ColumnErrors
{
	double		n;
	double		loss;			/* sum */
	double		hits;			/* rows whose label or truth value was right */
} ColumnErrors;

typedef struct EvaluateState
{
	AepgModelRef *ref;			/* keeps the model */
	const AeModel *model;
	double		rows;
	double		scored;			/* rows that are not missing altogether */
	double		loss;			/* sum over those */
	ColumnErrors *columns;		/* (ncolumns) */
	CellErrors *original;		/* (ncells) in original units */
	CellErrors *scaled;			/* (ncells) numeric and positive columns */
	double	   *column_loss;	/* (ncolumns) of the current row */
} EvaluateState;

static EvaluateState *
state_create(const AepgCall *call, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	EvaluateState *state = palloc0(sizeof(EvaluateState));
	const AeFeatures *features;

	state->model = aepg_model_find(aepg_model_key(call->site.ref),
								   &state->ref, context);
	features = state->model->features;
	state->columns = palloc0(features->ncolumns * sizeof(ColumnErrors));
	state->original = palloc0(features->ncells * sizeof(CellErrors));
	state->scaled = palloc0(features->ncells * sizeof(CellErrors));
	state->column_loss = palloc(features->ncolumns * sizeof(double));
	MemoryContextSwitchTo(old);
	return state;
}

static void
cell_add(CellErrors *cell, double actual, double expected)
{
	double		error = expected - actual;
	double		step = actual - cell->mean;

	cell->n += 1;
	cell->squared += error * error;
	cell->absolute += fabs(error);
	cell->mean += step / cell->n;
	cell->deviation += step * (actual - cell->mean);
}

/* SSE, SST and the rest over several cells; the mean means nothing then */
static void
cell_merge(CellErrors *into, const CellErrors *cell)
{
	into->n += cell->n;
	into->squared += cell->squared;
	into->absolute += cell->absolute;
	into->deviation += cell->deviation;
}

/* a column's share of one row */
static void
column_add(EvaluateState *state, const AepgCall *call, int i)
{
	const AeColumn *column = &state->model->features->columns[i];
	const double *actual = call->row + column->cell;
	const double *expected = call->expected + column->cell;
	ColumnErrors *errors = &state->columns[i];

	if (isnan(state->column_loss[i]))
		return;
	errors->n += 1;
	errors->loss += state->column_loss[i];
	if (column->kind == AE_KIND_CATEGORY || column->kind == AE_KIND_ORDINAL)
		errors->hits += actual[0] == expected[0];
	else if (column->kind == AE_KIND_BINARY)
		errors->hits += (actual[0] >= 0.5) == (expected[0] >= 0.5);
	else
		for (int j = 0; j < column->ncells; j++)
			if (!isnan(actual[j]))
				cell_add(&state->original[column->cell + j], actual[j],
						 expected[j]);
	if (column->kind == AE_KIND_NUMERIC || column->kind == AE_KIND_POSITIVE)
		for (int j = 0; j < column->ncells; j++)
			if (!isnan(actual[j]))
				cell_add(&state->scaled[column->cell + j],
						 call->scorer->target[column->output + j],
						 call->scorer->output[column->output + j]);
}

/* ae_evaluate_transition(state internal, model, features anyelement) */
Datum
ae_evaluate_transition(PG_FUNCTION_ARGS)
{
	EvaluateState *state = PG_ARGISNULL(0) ? NULL
		: (EvaluateState *) PG_GETARG_POINTER(0);
	MemoryContext context;
	AepgCall   *call;
	double		loss;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "ae_evaluate_transition called in non-aggregate context");
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}

	call = aepg_call_row(fcinfo, 1);
	if (state == NULL)
		state = state_create(call, context);
	if (state->model != call->model)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all rows that are evaluated together must have the same model"),
				 errhint("Group the rows by model.")));

	loss = ae_score_columns(call->scorer, call->row, state->column_loss,
							call->expected);
	state->rows += 1;
	if (!isnan(loss))
	{
		state->scored += 1;
		state->loss += loss;
	}
	for (int i = 0; i < state->model->features->ncolumns; i++)
		column_add(state, call, i);
	PG_RETURN_POINTER(state);
}

/* mse, mae and r2; all null without a cell, r2 also without a spread */
static void
print_errors(StringInfo json, const CellErrors *errors)
{
	aepg_json_number(json, "mse", errors->squared / errors->n);
	aepg_json_number(json, "mae", errors->absolute / errors->n);
	aepg_json_number(json, "r2", errors->deviation > 0
					 ? 1 - errors->squared / errors->deviation : NAN);
}

static void
print_column(StringInfo json, const EvaluateState *state, int i)
{
	const AeColumn *column = &state->model->features->columns[i];
	const ColumnErrors *errors = &state->columns[i];

	aepg_json_key(json, column->name);
	appendStringInfoChar(json, '{');
	aepg_json_number(json, "n", errors->n);
	aepg_json_number(json, "loss", errors->loss / errors->n);
	if (ae_column_is_number(column))
	{
		CellErrors	sum = {0};

		for (int j = 0; j < column->ncells; j++)
			cell_merge(&sum, &state->original[column->cell + j]);
		print_errors(json, &sum);
	}
	else
		aepg_json_number(json, "accuracy", errors->hits / errors->n);
	appendStringInfoChar(json, '}');
}

/* ae_evaluate_final(state internal) returns jsonb */
Datum
ae_evaluate_final(PG_FUNCTION_ARGS)
{
	const EvaluateState *state;
	const AeFeatures *features;
	CellErrors	sum = {0};
	StringInfoData json;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (EvaluateState *) PG_GETARG_POINTER(0);
	features = state->model->features;
	for (int i = 0; i < features->ncells; i++)
		cell_merge(&sum, &state->scaled[i]);

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	aepg_json_number(&json, "rows", state->rows);
	aepg_json_number(&json, "loss", state->loss / state->scored);
	print_errors(&json, &sum);
	aepg_json_key(&json, "columns");
	appendStringInfoChar(&json, '{');
	for (int i = 0; i < features->ncolumns; i++)
		if (!features->columns[i].condition && !features->columns[i].classes)
			print_column(&json, state, i);
	appendStringInfoString(&json, "}}");
	PG_RETURN_DATUM(aepg_json_finish(&json));
}
