/*
 * fn_metrics.c
 *	  The aggregates ae_roc_auc() and ae_average_precision(): how well scores
 *	  tell rows with a true label from the others.
 *
 * Both need the rows in the order of their scores, and there may be more rows
 * than memory, or more groups than there is room for sorts.  So all groups
 * that the executor keeps in one memory context (those of a hash table; only
 * one, if it groups by sorting) share one sort within work_mem.  Each group
 * follows its own rows when they come back, so it does not matter that those
 * of others lie between.
 *
 * The aggregates of one call share their transition value, and either can be
 * finalised again: the first time leaves the sums in the groups.
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/float.h"
#include "utils/tuplesort.h"

#include "pg_compat.h"

PG_FUNCTION_INFO_V1(ae_metrics_transition);
PG_FUNCTION_INFO_V1(ae_roc_auc_final);
PG_FUNCTION_INFO_V1(ae_average_precision_final);

/* columns of the rows to be sorted, from 0 */
enum
{
	METRICS_SCORE,
	METRICS_GROUP,				/* the group's address */
	METRICS_LABEL,
	METRICS_COLUMNS
};

/* rows of one group, or some of them, by label */
typedef struct LabelCounts
{
	int64		negative;
	int64		positive;
} LabelCounts;

/* the groups in one memory context of the executor */
typedef struct MetricsSort
{
	struct MetricsSort *next;
	struct MetricsCall *call;
	MemoryContext context;
	Tuplesortstate *rows;		/* NULL once the groups have their sums */
} MetricsSort;

/* what lasts as long as the executor's node */
typedef struct MetricsCall
{
	TupleDesc	columns;
	TupleTableSlot *row;
	MetricsSort *sorts;
} MetricsCall;

/* the transition value: one group; rows come back by ascending score */
typedef struct MetricsGroup
{
	MetricsSort *sort;
	LabelCounts all;
	LabelCounts below;			/* the current score */
	LabelCounts tied;			/* at the current score */
	double		score;
	double		pairs;			/* sum: in the right order, half for ties */
	double		precision;		/* sum over the positives */
} MetricsGroup;

/*----------
 * Collecting rows.
 *----------
 */
static MetricsCall *
metrics_get_call(FunctionCallInfo fcinfo)
{
	MetricsCall *call = fcinfo->flinfo->fn_extra;
	MemoryContext old;

	if (call != NULL)
		return call;
	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	call = palloc0(sizeof(MetricsCall));
	call->columns = CreateTemplateTupleDesc(METRICS_COLUMNS);
	TupleDescInitEntry(call->columns, METRICS_SCORE + 1, "score", FLOAT8OID,
					   -1, 0);
	TupleDescInitEntry(call->columns, METRICS_GROUP + 1, "group", INT8OID,
					   -1, 0);
	TupleDescInitEntry(call->columns, METRICS_LABEL + 1, "label", BOOLOID,
					   -1, 0);
	call->row = MakeSingleTupleTableSlot(call->columns, &TTSOpsVirtual);
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = call;
	return call;
}

static void
metrics_end_sort(MetricsSort *sort)
{
	if (sort->rows != NULL)
		tuplesort_end(sort->rows);
	sort->rows = NULL;
}

/* the executor is about to reset the groups' memory */
static void
metrics_release_sort(Datum arg)
{
	MetricsSort *sort = (MetricsSort *) DatumGetPointer(arg);
	MetricsSort **link = &sort->call->sorts;

	metrics_end_sort(sort);
	while (*link != sort)
		link = &(*link)->next;
	*link = sort->next;
}

/*
 * The sort's own memory is the node's: in the executor's memory context it
 * would count as that of groups, and a hash table would spill too early.
 */
static MetricsSort *
metrics_get_sort(FunctionCallInfo fcinfo, MemoryContext context)
{
	MetricsCall *call = metrics_get_call(fcinfo);
	AttrNumber	key = METRICS_SCORE + 1;
	Oid			less = Float8LessOperator;
	Oid			collation = InvalidOid;
	bool		nulls_first = false;
	MetricsSort *sort;
	MemoryContext old;

	for (sort = call->sorts; sort != NULL; sort = sort->next)
		if (sort->context == context)
			return sort;

	sort = MemoryContextAllocZero(context, sizeof(MetricsSort));
	sort->call = call;
	sort->context = context;
	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	sort->rows = tuplesort_begin_heap(call->columns, 1, &key, &less,
									  &collation, &nulls_first, work_mem,
									  NULL, TUPLESORT_NONE);
	MemoryContextSwitchTo(old);
	sort->next = call->sorts;
	call->sorts = sort;
	AggRegisterCallback(fcinfo, metrics_release_sort, PointerGetDatum(sort));
	return sort;
}

static void
metrics_add(MetricsGroup *group, Datum score, bool label)
{
	TupleTableSlot *row = group->sort->call->row;

	ExecClearTuple(row);
	memset(row->tts_isnull, false, METRICS_COLUMNS * sizeof(bool));
	row->tts_values[METRICS_SCORE] = score;
	row->tts_values[METRICS_GROUP] = Int64GetDatum((int64) (intptr_t) group);
	row->tts_values[METRICS_LABEL] = BoolGetDatum(label);
	ExecStoreVirtualTuple(row);
	tuplesort_puttupleslot(group->sort->rows, row);
	if (label)
		group->all.positive++;
	else
		group->all.negative++;
}

/* ae_metrics_transition(state internal, score float8, label boolean) */
Datum
ae_metrics_transition(PG_FUNCTION_ARGS)
{
	MetricsGroup *group = PG_ARGISNULL(0) ? NULL
		: (MetricsGroup *) PG_GETARG_POINTER(0);
	MemoryContext context;

	if (AggCheckCallContext(fcinfo, &context) != AGG_CONTEXT_AGGREGATE)
		elog(ERROR, "ae_metrics_transition called outside an aggregate");
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (group == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(group);
	}

	if (group == NULL)
	{
		group = MemoryContextAllocZero(context, sizeof(MetricsGroup));
		group->sort = metrics_get_sort(fcinfo, context);
	}
	metrics_add(group, PG_GETARG_DATUM(1), PG_GETARG_BOOL(2));
	PG_RETURN_POINTER(group);
}

/*----------
 * Adding up.
 *----------
 */
/* all rows of the current score are there; without any, nothing happens */
static void
group_leave_score(MetricsGroup *group)
{
	LabelCounts *below = &group->below;
	LabelCounts *tied = &group->tied;
	double		positive = tied->positive;
	double		found = group->all.positive - below->positive;
	double		alarms = found + (group->all.negative - below->negative);

	if (tied->positive > 0)
	{
		group->pairs += positive * (below->negative + tied->negative / 2.0);
		group->precision += positive * (found / alarms);
	}
	below->positive += tied->positive;
	below->negative += tied->negative;
	tied->positive = 0;
	tied->negative = 0;
}

/* a row in its order; equal means what it means to PostgreSQL */
static void
group_take(MetricsGroup *group, double score, bool label)
{
	if (!float8_eq(score, group->score))
		group_leave_score(group);
	group->score = score;
	if (label)
		group->tied.positive++;
	else
		group->tied.negative++;
}

static void
metrics_finish_sort(MetricsSort *sort)
{
	TupleTableSlot *row;

	tuplesort_performsort(sort->rows);
	row = MakeSingleTupleTableSlot(sort->call->columns, &TTSOpsMinimalTuple);
	while (tuplesort_gettupleslot(sort->rows, true, false, row, NULL))
	{
		int64		address;

		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(row);
		address = DatumGetInt64(row->tts_values[METRICS_GROUP]);
		group_take((MetricsGroup *) (intptr_t) address,
				   DatumGetFloat8(row->tts_values[METRICS_SCORE]),
				   DatumGetBool(row->tts_values[METRICS_LABEL]));
	}
	ExecDropSingleTupleTableSlot(row);
	metrics_end_sort(sort);
}

/* the group with its sums, NULL without a row */
static const MetricsGroup *
metrics_finish(FunctionCallInfo fcinfo)
{
	MetricsGroup *group;

	if (AggCheckCallContext(fcinfo, NULL) != AGG_CONTEXT_AGGREGATE)
		elog(ERROR, "metrics_finish called outside an aggregate");
	if (PG_ARGISNULL(0))
		return NULL;
	group = (MetricsGroup *) PG_GETARG_POINTER(0);
	if (group->sort->rows != NULL)
		metrics_finish_sort(group->sort);
	group_leave_score(group);
	return group;
}

/* ae_roc_auc_final(state internal) returns float8 */
Datum
ae_roc_auc_final(PG_FUNCTION_ARGS)
{
	const MetricsGroup *group = metrics_finish(fcinfo);

	if (group == NULL || group->all.positive == 0 || group->all.negative == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(group->pairs / ((double) group->all.positive *
									 (double) group->all.negative));
}

/* ae_average_precision_final(state internal) returns float8 */
Datum
ae_average_precision_final(PG_FUNCTION_ARGS)
{
	const MetricsGroup *group = metrics_finish(fcinfo);

	if (group == NULL || group->all.positive == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(group->precision / group->all.positive);
}
