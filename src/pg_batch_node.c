/*
 * pg_batch_node.c
 *	  The batch node: reads rows ahead and scores them together.
 *
 * What the rows are needed for later is copied, so the node below may go on.
 * A row that cannot be scored with the others (another model, a bad value)
 * ends the rows at hand, and the next ones start with it; if it must be
 * evaluated by itself, it is the only one, still in the slot of the node
 * below, and the functions themselves are called.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "port/atomics.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "pg_batch_group.h"
#include "pg_compat.h"
#include "pg_guc.h"

#define NODE_NAME "AutoencoderBatch"

/* the first rows read ahead are so much fewer, should no more be wanted */
#define FIRST_SHARE 16

/* what EXPLAIN ANALYZE counts */
enum
{
	COUNT_ROWS,
	COUNT_ALONE,
	COUNT_PASSES,
	BATCH_COUNTS
};

/* a call, whose result is a column */
typedef struct BatchCall
{
	AepgBatchKind kind;
	AepgBatchGroup *group;
	ExprState  *alpha;			/* NULL: the model's */
	ExprState  *alone;			/* the call itself, for the row below */
} BatchCall;

/* a column of the node below that is handed on */
typedef struct BatchColumn
{
	int			number;			/* from 1 */
	bool		by_value;
	int16		bytes;
} BatchColumn;

typedef struct BatchState
{
	CustomScanState css;
	bool		is_top;
	ExprState  *limit_count;	/* both NULL: no limit */
	ExprState  *limit_offset;
	bool		has_limit;

	int			ncalls;
	BatchCall  *calls;
	int			ngroups;
	AepgBatchGroup **groups;
	int			ncolumns;
	BatchColumn *columns;
	int			last_column;	/* number of the last one kept; 0: none */
	ExprContext *reading;		/* of a row that is read */
	ScanState  *scan;			/* the node below, if it scans a table */

	/* rows at hand */
	int			capacity;
	int			grown;			/* rows to read ahead next */
	int			nrows;
	int			next;			/* row to hand on */
	TupleTableSlot *alone;		/* of the node below: the only row, to be
								 * evaluated by itself; or NULL */
	TupleTableSlot *pending;	/* read, but not of these rows */
	bool		is_done;		/* the node below has no more */
	bool		is_reported;	/* and that has been said */
	int64		bound;			/* rows that the limit allows; -1: all */
	int64		position;		/* number of the row below, from 1 */
	bool		is_started;
	Datum	   *values;			/* (capacity, ncolumns) */
	bool	   *nulls;
	ItemPointerData *places;	/* (capacity) if scan */
	Oid		   *tables;
	MemoryContext copies;		/* what values point to */

	/* for EXPLAIN: of this process, and of all if it runs in parallel */
	uint64		counts[BATCH_COUNTS];
	pg_atomic_uint64 *shared;	/* NULL: there are no others */
} BatchState;

static void
batch_count(BatchState *state, int what, int count)
{
	state->counts[what] += count;
	if (state->shared != NULL)
		pg_atomic_fetch_add_u64(&state->shared[what], count);
}

/*----------
 * Rows at hand.
 *----------
 */
static void
batch_clear(BatchState *state)
{
	state->nrows = 0;
	state->next = 0;
	state->alone = NULL;
	MemoryContextReset(state->copies);
	for (int i = 0; i < state->ngroups; i++)
		aepg_batch_group_clear(state->groups[i]);
}

static void
batch_allocate(BatchState *state)
{
	MemoryContext context = state->css.ss.ps.state->es_query_cxt;
	size_t		n = state->capacity;
	size_t		m = Max(state->ncolumns, 1);

	state->values = MemoryContextAlloc(context, n * m * sizeof(Datum));
	state->nulls = MemoryContextAlloc(context, n * m * sizeof(bool));
	if (state->scan == NULL)
		return;
	state->places = MemoryContextAlloc(context, n * sizeof(ItemPointerData));
	state->tables = MemoryContextAlloc(context, n * sizeof(Oid));
}

/* copies what is needed of the row of the node below */
static void
batch_keep(BatchState *state, TupleTableSlot *slot)
{
	size_t		at = (size_t) state->nrows * state->ncolumns;
	MemoryContext old = MemoryContextSwitchTo(state->copies);

	if (state->last_column > 0)
		slot_getsomeattrs(slot, state->last_column);
	for (int i = 0; i < state->ncolumns; i++)
	{
		const BatchColumn *column = &state->columns[i];
		Datum		value = slot->tts_values[column->number - 1];
		bool		isnull = slot->tts_isnull[column->number - 1];

		state->nulls[at + i] = isnull;
		state->values[at + i] = isnull || column->by_value ? value :
			datumCopy(value, false, column->bytes);
	}
	MemoryContextSwitchTo(old);
	if (state->scan != NULL)
	{
		const TupleTableSlot *from = state->scan->ss_ScanTupleSlot;

		state->places[state->nrows] = from->tts_tid;
		state->tables[state->nrows] = from->tts_tableOid;
	}
	state->nrows++;
}

/* false: the row does not go with those at hand */
static bool
batch_add(BatchState *state, TupleTableSlot *slot)
{
	ResetExprContext(state->reading);
	state->reading->ecxt_outertuple = slot;
	for (int i = 0; i < state->ngroups; i++)
		if (!aepg_batch_group_add(state->groups[i], state->reading,
								  state->nrows))
		{
			for (int j = 0; j < i; j++)
				aepg_batch_group_drop(state->groups[j], state->nrows);
			return false;
		}
	batch_keep(state, slot);
	return true;
}

/* how many rows to read ahead now, at least 1 */
static int
batch_ahead(BatchState *state)
{
	int64		ahead = state->grown;
	uint64		wanted = 0;

	state->grown = Min(2 * state->grown, state->capacity);
	if (state->bound >= 0)
		ahead = Min(ahead, state->bound - state->position +
					(state->pending != NULL));
	if (state->is_top)
		wanted = aepg_batch_wanted(state->css.ss.ps.state);
	if (wanted > 0)
		ahead = Min((uint64) ahead, wanted);
	return Max(ahead, 1);
}

/* the next row of the node below */
static TupleTableSlot *
batch_pull(BatchState *state)
{
	TupleTableSlot *slot = ExecProcNode(outerPlanState(state));

	if (!TupIsNull(slot))
		state->position++;
	return slot;
}

/* the row before; past the end, that is the last one */
static TupleTableSlot *
batch_pull_backward(BatchState *state)
{
	TupleTableSlot *slot = ExecProcNode(outerPlanState(state));

	if (TupIsNull(slot))
		state->position = 0;
	else if (!state->is_done)
		state->position--;
	state->is_done = false;
	return slot;
}

/* the next rows, none at the end */
static void
batch_fill(BatchState *state)
{
	size_t		room = (size_t) work_mem * 1024;
	int			ahead = batch_ahead(state);

	batch_clear(state);
	while (state->nrows < ahead && !state->is_done)
	{
		TupleTableSlot *slot = state->pending;

		state->pending = NULL;
		if (slot == NULL)
			slot = batch_pull(state);
		if (TupIsNull(slot))
			state->is_done = true;
		else if (batch_add(state, slot))
		{
			if (MemoryContextMemAllocated(state->copies, false) > room)
				break;
		}
		else if (state->nrows > 0)
		{
			state->pending = slot;
			break;
		}
		else
		{
			batch_keep(state, slot);
			state->alone = slot;
			batch_count(state, COUNT_ALONE, 1);
			return;
		}
	}
	for (int i = 0; i < state->ngroups; i++)
		batch_count(state, COUNT_PASSES,
					aepg_batch_group_run(state->groups[i]));
	batch_count(state, COUNT_ROWS, state->nrows);
}

/* the row before the one that was handed on last, by itself; none at the
 * start */
static void
batch_fill_backward(BatchState *state)
{
	int			ahead = state->nrows - state->next +
		(state->pending != NULL) + (state->is_done && !state->is_reported);
	TupleTableSlot *slot;

	for (int i = 0; i < ahead; i++)
		(void) batch_pull_backward(state);
	batch_clear(state);
	state->pending = NULL;
	state->is_reported = false;
	slot = batch_pull_backward(state);
	if (TupIsNull(slot))
		return;
	batch_keep(state, slot);
	state->alone = slot;
	batch_count(state, COUNT_ALONE, 1);
}

/*----------
 * Handing on.
 *----------
 */
static Datum
batch_result(BatchState *state, const BatchCall *call, ExprContext *econtext,
			 bool *isnull)
{
	double		alpha;

	if (state->alone != NULL)
		return ExecEvalExprSwitchContext(call->alone, econtext, isnull);
	if (call->alpha == NULL)
		return aepg_batch_group_result(call->group, call->kind, state->next,
									   NULL, isnull);
	alpha = DatumGetFloat8(ExecEvalExprSwitchContext(call->alpha, econtext,
													 isnull));
	if (*isnull)
		return (Datum) 0;
	return aepg_batch_group_result(call->group, call->kind, state->next,
								   &alpha, isnull);
}

/* the next row, as the scan's tuple */
static TupleTableSlot *
batch_hand_on(BatchState *state, ExprContext *econtext)
{
	TupleTableSlot *slot = state->css.ss.ss_ScanTupleSlot;
	size_t		at = (size_t) state->next * state->ncolumns;
	MemoryContext old;

	ExecClearTuple(slot);
	econtext->ecxt_outertuple = state->alone;
	old = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	for (int i = 0; i < state->ncalls; i++)
		slot->tts_values[i] = batch_result(state, &state->calls[i], econtext,
										   &slot->tts_isnull[i]);
	MemoryContextSwitchTo(old);
	for (int i = 0; i < state->ncolumns; i++)
	{
		slot->tts_values[state->ncalls + i] = state->values[at + i];
		slot->tts_isnull[state->ncalls + i] = state->nulls[at + i];
	}
	ExecStoreVirtualTuple(slot);

	/* WHERE CURRENT OF asks for it */
	if (state->scan != NULL)
	{
		slot->tts_tid = state->places[state->next];
		slot->tts_tableOid = state->tables[state->next];
	}
	state->next++;
	return slot;
}

static int64
limit_value(ExprState *expr, ExprContext *econtext, int64 otherwise)
{
	bool		isnull = true;
	Datum		value = (Datum) 0;

	if (expr != NULL)
		value = ExecEvalExprSwitchContext(expr, econtext, &isnull);
	return isnull ? otherwise : Max(DatumGetInt64(value), 0);
}

static void
batch_start(BatchState *state)
{
	ExprContext *econtext = state->css.ss.ps.ps_ExprContext;

	if (state->values == NULL)
		batch_allocate(state);
	state->is_started = true;
	state->grown = Max(state->capacity / FIRST_SHARE, 1);
	state->bound = -1;
	if (state->has_limit)
	{
		int64		count = limit_value(state->limit_count, econtext, -1);
		int64		offset = limit_value(state->limit_offset, econtext, 0);

		if (count >= 0 && count <= PG_INT64_MAX - offset)
			state->bound = count + offset;
	}
	ExecSetTupleBound(state->bound, outerPlanState(state));
}

/* the next row, in the direction of the query; NULL: none */
static TupleTableSlot *
batch_next(BatchState *state, ExprContext *econtext)
{
	if (!state->is_started)
		batch_start(state);
	if (ScanDirectionIsBackward(state->css.ss.ps.state->es_direction))
		batch_fill_backward(state);
	else if (state->next == state->nrows)
		batch_fill(state);
	if (state->next == state->nrows)
	{
		state->is_reported = state->is_done;
		return NULL;
	}
	return batch_hand_on(state, econtext);
}

static TupleTableSlot *
batch_exec(CustomScanState *node)
{
	BatchState *state = (BatchState *) node;
	ExprContext *econtext = node->ss.ps.ps_ExprContext;
	ProjectionInfo *projection = node->ss.ps.ps_ProjInfo;

	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		ResetExprContext(econtext);
		econtext->ecxt_scantuple = batch_next(state, econtext);
		if (econtext->ecxt_scantuple == NULL)
		{
			ExecClearTuple(node->ss.ss_ScanTupleSlot);
			return projection == NULL ? NULL :
				ExecClearTuple(projection->pi_state.resultslot);
		}
		if (node->ss.ps.qual != NULL && !ExecQual(node->ss.ps.qual, econtext))
		{
			InstrCountFiltered1(node, 1);
			continue;
		}
		return projection == NULL ? econtext->ecxt_scantuple :
			ExecProject(projection);
	}
}

/*----------
 * Start and end.
 *----------
 */
static const CustomExecMethods batch_exec_methods;

static Node *
batch_create_state(CustomScan *plan)
{
	BatchState *state = palloc0(sizeof(BatchState));
	(void) plan;
	NodeSetTag(state, T_CustomScanState);
	state->css.methods = &batch_exec_methods;
	return (Node *) state;
}

static void
batch_init_call(BatchState *state, BatchCall *call, FuncExpr *expr)
{
	PlanState  *parent = &state->css.ss.ps;
	int			i = 0;

	call->kind = aepg_batch_kind(expr->funcid);
	call->alone = ExecInitExpr((Expr *) expr, parent);
	if (list_length(expr->args) > 2)
		call->alpha = ExecInitExpr(lthird(expr->args), parent);
	while (i < state->ngroups &&
		   !aepg_batch_group_has(state->groups[i], expr))
		i++;
	if (i == state->ngroups)
		state->groups[state->ngroups++] =
			aepg_batch_group_create(expr, parent, state->reading,
									state->capacity);
	call->group = state->groups[i];
	aepg_batch_group_want(call->group, call->kind);
}

static void
batch_init_column(BatchColumn *column, const Var *var)
{
	column->number = var->varattno;
	get_typlenbyval(var->vartype, &column->bytes, &column->by_value);
}

static void
batch_init_columns(BatchState *state, List *tlist)
{
	ListCell   *cell;
	int			n = list_length(tlist);

	state->columns = palloc(n * sizeof(BatchColumn));
	state->calls = palloc0(n * sizeof(BatchCall));
	state->groups = palloc0(n * sizeof(AepgBatchGroup *));
	foreach(cell, tlist)
	{
		Expr	   *expr = ((TargetEntry *) lfirst(cell))->expr;

		if (IsA(expr, FuncExpr))
		{
			batch_init_call(state, &state->calls[state->ncalls++],
							(FuncExpr *) expr);
			continue;
		}
		batch_init_column(&state->columns[state->ncolumns], (Var *) expr);
		state->last_column = Max(state->last_column,
								 state->columns[state->ncolumns].number);
		state->ncolumns++;
	}
	for (int i = 0; i < state->ngroups; i++)
		state->groups[i]->ngroups = state->ngroups;
}

static void
batch_begin(CustomScanState *node, EState *estate, int eflags)
{
	BatchState *state = (BatchState *) node;
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;
	PlanState  *below = ExecInitNode(outerPlan(plan), estate, eflags);
	size_t		room;

	outerPlanState(node) = below;
	state->reading = CreateExprContext(estate);
	state->copies = AllocSetContextCreate(estate->es_query_cxt,
										  "autoencoder batch", 0,
										  64 * 1024, ALLOCSET_DEFAULT_MAXSIZE);
	state->is_top = intVal(linitial(plan->custom_private)) != 0;
	state->has_limit = plan->custom_exprs != NIL;
	if (state->has_limit)
	{
		state->limit_count = ExecInitExpr(linitial(plan->custom_exprs),
										  &node->ss.ps);
		state->limit_offset = ExecInitExpr(lsecond(plan->custom_exprs),
										   &node->ss.ps);
	}

	/* WHERE CURRENT OF takes this node for the scan */
	if (IsA(below, SeqScanState) || IsA(below, IndexScanState) ||
		IsA(below, BitmapHeapScanState))
	{
		state->scan = (ScanState *) below;
		node->ss.ss_currentRelation = state->scan->ss_currentRelation;
	}

	room = (size_t) work_mem * 1024 /
		(list_length(plan->custom_scan_tlist) *
		 (sizeof(Datum) + sizeof(bool)) + sizeof(ItemPointerData));
	state->capacity = Max(aepg_batch_rows, 1);
	if (room < (size_t) state->capacity)
		state->capacity = Max(room, 1);
	batch_init_columns(state, plan->custom_scan_tlist);
}

static void
batch_rescan(CustomScanState *node)
{
	BatchState *state = (BatchState *) node;

	batch_clear(state);
	state->pending = NULL;
	state->is_done = false;
	state->is_reported = false;
	state->is_started = false;
	state->position = 0;
	if (outerPlanState(node)->chgParam == NULL)
		ExecReScan(outerPlanState(node));
}

static void
batch_end(CustomScanState *node)
{
	ExecEndNode(outerPlanState(node));
}

static const char *const count_names[BATCH_COUNTS] = {
	"Rows Batched", "Rows Alone", "Forward Passes"
};

static void
batch_explain(CustomScanState *node, List *ancestors, ExplainState *es)
{
	BatchState *state = (BatchState *) node;
	List	   *names = NIL;

	(void) ancestors;
	for (int i = 0; i < state->ncalls; i++)
	{
		Node	   *call = (Node *) state->calls[i].alone->expr;

		names = lappend(names, get_func_name(((FuncExpr *) call)->funcid));
	}
	ExplainPropertyList("Model Calls", names, es);
	ExplainPropertyInteger("Batch Rows", NULL, state->capacity, es);
	if (!es->analyze)
		return;
	for (int i = 0; i < BATCH_COUNTS; i++)
		ExplainPropertyUInteger(count_names[i], NULL, state->counts[i], es);
}

/*----------
 * Parallel queries: the processes add up their counts in shared memory.
 *----------
 */
static Size
batch_estimate_shared(CustomScanState *node, ParallelContext *context)
{
	(void) node;
	(void) context;
	return BATCH_COUNTS * sizeof(pg_atomic_uint64);
}

static void
batch_init_shared(CustomScanState *node, ParallelContext *context,
				  void *shared)
{
	BatchState *state = (BatchState *) node;

	(void) context;
	state->shared = shared;
	for (int i = 0; i < BATCH_COUNTS; i++)
		pg_atomic_init_u64(&state->shared[i], state->counts[i]);
}

/* for another scan with the same memory; counts go on */
static void
batch_reinit_shared(CustomScanState *node, ParallelContext *context,
					void *shared)
{
	(void) context;
	((BatchState *) node)->shared = shared;
}

static void
batch_join_shared(CustomScanState *node, shm_toc *toc, void *shared)
{
	(void) toc;
	((BatchState *) node)->shared = shared;
}

/* the memory goes, the rows of all have come */
static void
batch_shutdown(CustomScanState *node)
{
	BatchState *state = (BatchState *) node;

	for (int i = 0; i < BATCH_COUNTS && state->shared != NULL; i++)
		state->counts[i] = pg_atomic_read_u64(&state->shared[i]);
	state->shared = NULL;
}

static const CustomExecMethods batch_exec_methods = {
	.CustomName = NODE_NAME,
	.BeginCustomScan = batch_begin,
	.ExecCustomScan = batch_exec,
	.EndCustomScan = batch_end,
	.ReScanCustomScan = batch_rescan,
	.EstimateDSMCustomScan = batch_estimate_shared,
	.InitializeDSMCustomScan = batch_init_shared,
	.ReInitializeDSMCustomScan = batch_reinit_shared,
	.InitializeWorkerCustomScan = batch_join_shared,
	.ShutdownCustomScan = batch_shutdown,
	.ExplainCustomScan = batch_explain
};

/*----------
 * The plan node.
 *----------
 */
static const CustomScanMethods batch_scan_methods = {
	.CustomName = NODE_NAME,
	.CreateCustomScanState = batch_create_state
};

void
aepg_batch_register_node(void)
{
	RegisterCustomScanMethods(&batch_scan_methods);
}

bool
aepg_batch_is_plan(const Plan *plan)
{
	return plan != NULL && IsA(plan, CustomScan) &&
		((const CustomScan *) plan)->methods == &batch_scan_methods;
}

static Node *
limit_or_null(Node *expr)
{
	return expr != NULL ? expr :
		(Node *) makeNullConst(INT8OID, -1, InvalidOid);
}

CustomScan *
aepg_batch_make_plan(const AepgBatchSpec *spec)
{
	CustomScan *scan = makeNode(CustomScan);
	List	   *columns = list_copy(spec->calls);
	ListCell   *cell;

	foreach(cell, spec->kept)
	{
		TargetEntry *below = list_nth(spec->child->targetlist,
									  lfirst_int(cell) - 1);

		columns = lappend(columns, makeVarFromTargetEntry(OUTER_VAR, below));
	}
	scan->scan.plan.targetlist = spec->tlist;
	scan->scan.plan.qual = spec->qual;
	scan->scan.plan.lefttree = spec->child;
	scan->scan.plan.parallel_aware = spec->is_parallel;
	scan->custom_scan_tlist = aepg_batch_make_tlist(columns);
	scan->custom_private = list_make1(makeInteger(spec->is_top));
	if (spec->has_limit)
		scan->custom_exprs = list_make2(limit_or_null(spec->limit_count),
										limit_or_null(spec->limit_offset));
	scan->methods = &batch_scan_methods;
	return scan;
}
