/*
 * fn_predict.c
 *	  The SQL function that tells the class of a row.
 *
 * It is strict, so a NULL argument never gets here.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "core/classes.h"
#include "pg_call.h"
#include "pg_compat.h"

PG_FUNCTION_INFO_V1(ae_predict);

#define PREDICT_COLUMNS 2

/* the columns of the result; callers keep them by row type, not by call */
static TupleDesc
predict_desc(FunctionCallInfo fcinfo, AepgCall *call)
{
	MemoryContext old;
	TupleDesc	desc;

	if (call->result != NULL)
		return call->result;
	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "ae_predict returns no row");
	call->result = BlessTupleDesc(desc);
	MemoryContextSwitchTo(old);
	return call->result;
}

/*
 * ae_predict(model bytea, features anyelement)
 * returns (label text, probability double precision)
 */
Datum
ae_predict(PG_FUNCTION_ARGS)
{
	AepgCall   *call = aepg_call_row(fcinfo, 0);
	const AeModel *model = call->model;
	const double *probability;
	Datum		values[PREDICT_COLUMNS];
	bool		nulls[PREDICT_COLUMNS] = {false};
	int			likeliest = 0;

	if (model->classes == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the model has no classes to tell"),
				 errhint("Train it with the option \"variant\" set to \"semi_supervised\" or \"supervised\" and a column of classes as \"label\".")));
	probability = ae_score_classes(call->scorer, call->row);
	for (int i = 1; i < ae_classes_count(model); i++)
		if (probability[i] > probability[likeliest])
			likeliest = i;
	values[0] = CStringGetTextDatum(model->classes->labels[likeliest]);
	values[1] = Float8GetDatum(probability[likeliest]);
	return HeapTupleGetDatum(heap_form_tuple(predict_desc(fcinfo, call),
											 values, nulls));
}
