/*
 * fn_support.c
 *	  What the planner should know of the functions that apply a model.
 *
 * The planner asks while it simplifies expressions, which loads this library
 * in time for the statement that is being planned; see pg_batch.h.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"

#include "pg_batch.h"
#include "pg_compat.h"

PG_FUNCTION_INFO_V1(ae_support);

/*
 * In units of cpu_operator_cost: reading a row, and a kilobyte of the model.
 * Measured beside simple operators.
 */
#define ROW_OPERATORS 100
#define KILOBYTE_OPERATORS 1

/* share of rows that raise an alarm unless the call says: the option's own
 * default */
#define DEFAULT_ALPHA 0.01

/* the constant argument, not NULL; or NULL */
static const Const *
constant_argument(List *args, int number)
{
	const Const *value;

	if (list_length(args) <= number)
		return NULL;
	value = list_nth(args, number);
	return IsA(value, Const) && !value->constisnull ? value : NULL;
}

/* known only if the model is; else the function's own cost counts */
static bool
support_cost(SupportRequestCost *request)
{
	const Const *model = NULL;

	if (request->node != NULL && IsA(request->node, FuncExpr))
		model = constant_argument(((FuncExpr *) request->node)->args, 0);
	if (model == NULL || model->consttype != BYTEAOID)
		return false;
	request->startup = 0;
	request->per_tuple = cpu_operator_cost *
		(ROW_OPERATORS + KILOBYTE_OPERATORS *
		 (toast_raw_datum_size(model->constvalue) / 1024.0));
	return true;
}

/* alarms: alpha is the share of normal rows that raise one */
static bool
support_selectivity(SupportRequestSelectivity *request)
{
	const Const *alpha = constant_argument(request->args, 2);

	if (aepg_batch_kind(request->funcid) != AEPG_BATCH_ALARM)
		return false;
	request->selectivity = alpha != NULL ?
		DatumGetFloat8(alpha->constvalue) : DEFAULT_ALPHA;
	return request->selectivity > 0 && request->selectivity < 1;
}

/* ae_support(internal) returns internal */
Datum
ae_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);
	bool		is_answered = false;

	if (IsA(request, SupportRequestSimplify))
		aepg_batch_notice(((SupportRequestSimplify *) request)->fcall->funcid);
	else if (IsA(request, SupportRequestCost))
		is_answered = support_cost((SupportRequestCost *) request);
	else if (IsA(request, SupportRequestSelectivity))
		is_answered =
			support_selectivity((SupportRequestSelectivity *) request);
	PG_RETURN_POINTER(is_answered ? request : NULL);
}
