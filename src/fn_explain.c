/*
 * fn_explain.c
 *	  SQL functions that say how rare a score is, and why a row has it.
 *
 * All of them are strict, so a NULL model or NULL features never get here.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "pg_call.h"
#include "pg_compat.h"

PG_FUNCTION_INFO_V1(ae_anomaly_pvalue);
PG_FUNCTION_INFO_V1(ae_is_anomaly);
PG_FUNCTION_INFO_V1(ae_explain);

/*----------
 * ae_anomaly_pvalue, ae_is_anomaly
 *----------
 */
double
aepg_score_pvalue(const AeModel *model, double score)
{
	double		pvalue;

	if (isnan(score))
		return NAN;
	pvalue = ae_score_pvalue(model, score);
	if (isnan(pvalue))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the model does not know how scores are distributed"),
				 errhint("Train it on more rows that are not missing altogether.")));
	return pvalue;
}

/* of the row in argument 1; NaN when every cell is missing */
static double
call_pvalue(FunctionCallInfo fcinfo, const AeModel **model)
{
	AepgCall   *call = aepg_call_row(fcinfo, 0);

	*model = call->model;
	return aepg_score_pvalue(call->model,
							 ae_score_row(call->scorer, call->row));
}

void
aepg_alpha_check(double alpha)
{
	/* NaN is not in the range either */
	if (!(alpha > 0 && alpha < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("alpha must be above 0 and below 1, not %g",
						alpha)));
}

/* ae_anomaly_pvalue(model bytea, features anyelement) returns float8 */
Datum
ae_anomaly_pvalue(PG_FUNCTION_ARGS)
{
	const AeModel *model;
	double		pvalue = call_pvalue(fcinfo, &model);

	if (isnan(pvalue))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(pvalue);
}

/*
 * ae_is_anomaly(model bytea, features anyelement [, alpha float8])
 * returns boolean
 */
Datum
ae_is_anomaly(PG_FUNCTION_ARGS)
{
	const AeModel *model;
	double		pvalue = call_pvalue(fcinfo, &model);
	double		alpha = model->options.alpha;

	if (PG_NARGS() > 2)
	{
		alpha = PG_GETARG_FLOAT8(2);
		aepg_alpha_check(alpha);
	}
	if (isnan(pvalue))
		PG_RETURN_NULL();
	PG_RETURN_BOOL(pvalue <= alpha);
}

/*----------
 * ae_explain
 *----------
 */
#define EXPLAIN_COLUMNS 5

/* a line of the result */
typedef struct ExplainLine
{
	int			column;			/* source column of the model */
	double		contribution;
} ExplainLine;

/* largest contribution first, then the order of the columns */
static int
explain_compare(const void *a, const void *b)
{
	const ExplainLine *x = a;
	const ExplainLine *y = b;

	if (x->contribution != y->contribution)
		return x->contribution > y->contribution ? -1 : 1;
	return x->column - y->column;
}

static void
explain_put_text(Datum *value, bool *isnull, const char *text)
{
	*isnull = text == NULL;
	*value = *isnull ? (Datum) 0 : CStringGetTextDatum(text);
}

/* ae_explain(model bytea, features anyelement) returns setof record */
Datum
ae_explain(PG_FUNCTION_ARGS)
{
	AepgCall   *call = aepg_call_row(fcinfo, 0);
	const AeFeatures *features = call->model->features;
	int			n = features->ncolumns;
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	AeExplanation e;
	ExplainLine *lines;
	char	  **actual_text;
	char	  **expected_text;

	InitMaterializedSRF(fcinfo, 0);
	if (!ae_score_explain(call->scorer, call->row, &e))
		PG_RETURN_NULL();

	lines = palloc(n * sizeof(ExplainLine));
	actual_text = palloc(n * sizeof(char *));
	expected_text = palloc(n * sizeof(char *));
	aepg_reader_show(call->reader, PG_GETARG_DATUM(1), call->model,
					 e.expected, actual_text, expected_text);
	for (int i = 0; i < n; i++)
	{
		lines[i].column = i;
		lines[i].contribution = e.contribution[i];
	}
	qsort(lines, n, sizeof(ExplainLine), explain_compare);

	for (int i = 0; i < n; i++)
	{
		int			column = lines[i].column;
		Datum		values[EXPLAIN_COLUMNS];
		bool		nulls[EXPLAIN_COLUMNS] = {false};

		values[0] = CStringGetTextDatum(features->columns[column].name);
		explain_put_text(&values[1], &nulls[1], actual_text[column]);
		explain_put_text(&values[2], &nulls[2], expected_text[column]);
		values[3] = Float8GetDatum(e.contribution[column]);
		values[4] = Float8GetDatum(e.z[column]);
		nulls[4] = isnan(e.z[column]);
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
	}
	PG_RETURN_NULL();
}
