/*
 * pg_batch_plan.c
 *	  Batches in the plan of a statement, looked for when it starts.
 *
 * A plan may be in the plan cache and in use elsewhere, so it is never
 * changed: nodes on the way to a batch are copied, all else is shared.
 *
 * A batch reads rows that the statement has not asked for yet.  Where that
 * could be seen, by an error or a side effect of a row that would never have
 * been read, there is no batch.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "utils/memutils.h"

#include "pg_batch_plan.h"
#include "pg_compat.h"
#include "pg_guc.h"

/* plan_node_ids of ours, far beyond those of the planner */
#define FIRST_NODE_ID 1000000

static ExecutorStart_hook_type previous_start = NULL;
static ExecutorRun_hook_type previous_run = NULL;

static Plan *plan_rewrite(AepgRewrite *rewrite, Plan *plan,
						  const AepgDemand *demand);

/*----------
 * Demands.
 *----------
 */
static bool
limit_is_plain(Node *node)
{
	return node == NULL || IsA(node, Const) || IsA(node, Param);
}

/* what a Limit asks of its child */
static AepgDemand
limit_demand(const Limit *limit, const AepgDemand *demand)
{
	AepgDemand	child = {
		.stops_early = true,
		.is_parallel = demand->is_parallel
	};

	child.is_top = demand->is_top && limit->limitOffset == NULL;
	if (limit->limitCount == NULL)
	{
		child.stops_early = demand->stops_early;
		child.has_vague_limit = demand->has_limit || demand->has_vague_limit;
		return child;
	}
	if (limit->limitOption == LIMIT_OPTION_COUNT &&
		limit_is_plain(limit->limitCount) &&
		limit_is_plain(limit->limitOffset))
	{
		child.has_limit = true;
		child.limit_count = limit->limitCount;
		child.limit_offset = limit->limitOffset;
	}
	else
		child.has_vague_limit = true;
	return child;
}

/* of the left child or of the only one */
static AepgDemand
outer_demand(const Plan *plan, const AepgDemand *demand)
{
	AepgDemand	all = {
		.is_parallel = demand->is_parallel ||
			IsA(plan, Gather) || IsA(plan, GatherMerge)
	};
	AepgDemand	some = {
		.stops_early = demand->stops_early,
		.is_parallel = demand->is_parallel
	};

	switch (nodeTag(plan))
	{
		case T_Result:
		case T_SubqueryScan:
			return plan->qual == NIL ? *demand : some;
		case T_Limit:
			return limit_demand((const Limit *) plan, demand);
		case T_Sort:
		case T_Hash:
		case T_Gather:
		case T_GatherMerge:
		case T_ModifyTable:
			return all;
		case T_Agg:
			return ((const Agg *) plan)->aggstrategy == AGG_SORTED ||
				((const Agg *) plan)->aggstrategy == AGG_MIXED ? some : all;
		case T_MergeJoin:
			some.stops_early = true;
			return some;
		default:
			return some;
	}
}

static AepgDemand
inner_demand(const Plan *plan, const AepgDemand *demand)
{
	AepgDemand	inner = {
		.stops_early = demand->stops_early,
		.is_parallel = demand->is_parallel
	};

	if (IsA(plan, MergeJoin))
	{
		inner.stops_early = true;
		inner.is_marked = true;
	}
	else if (IsA(plan, NestLoop))
	{
		const Join *join = &((const NestLoop *) plan)->join;

		inner.stops_early |= join->inner_unique ||
			join->jointype == JOIN_SEMI || join->jointype == JOIN_ANTI;
	}
	return inner;
}

/*----------
 * The walk.
 *----------
 */

/* the list itself, if nothing has changed */
static List *
plan_rewrite_list(AepgRewrite *rewrite, List *plans,
				  const AepgDemand *of_parent)
{
	AepgDemand	demand = {
		.stops_early = of_parent->stops_early || of_parent->has_limit,
		.is_parallel = of_parent->is_parallel
	};
	List	   *result = NIL;
	bool		changed = false;
	ListCell   *cell;

	foreach(cell, plans)
	{
		Plan	   *before = lfirst(cell);
		Plan	   *after = plan_rewrite(rewrite, before, &demand);

		changed |= after != before;
		result = lappend(result, after);
	}
	return changed ? result : plans;
}

/* the plan itself, if nothing has changed below or it cannot be copied */
static Plan *
plan_rewrite_children(AepgRewrite *rewrite, Plan *plan,
					  const AepgDemand *demand)
{
	AepgDemand	for_outer = outer_demand(plan, demand);
	AepgDemand	for_inner = inner_demand(plan, demand);
	Plan	   *outer = plan_rewrite(rewrite, plan->lefttree, &for_outer);
	Plan	   *inner = plan_rewrite(rewrite, plan->righttree, &for_inner);
	List	   *list = NIL;
	Plan	   *copy;

	if (IsA(plan, Append))
		list = plan_rewrite_list(rewrite, ((Append *) plan)->appendplans,
								 demand);
	else if (IsA(plan, MergeAppend))
		list = plan_rewrite_list(rewrite, ((MergeAppend *) plan)->mergeplans,
								 demand);
	else if (IsA(plan, SubqueryScan))
	{
		Plan	   *before = ((SubqueryScan *) plan)->subplan;
		Plan	   *after = plan_rewrite(rewrite, before, &for_outer);

		if (after != before)
			list = list_make1(after);
	}
	if (outer == plan->lefttree && inner == plan->righttree &&
		(list == NIL ||
		 (IsA(plan, Append) && list == ((Append *) plan)->appendplans) ||
		 (IsA(plan, MergeAppend) &&
		  list == ((MergeAppend *) plan)->mergeplans)))
		return plan;

	copy = aepg_batch_copy_node(plan);
	if (copy == NULL)
		return plan;
	copy->lefttree = outer;
	copy->righttree = inner;
	if (IsA(copy, Append))
		((Append *) copy)->appendplans = list;
	else if (IsA(copy, MergeAppend))
		((MergeAppend *) copy)->mergeplans = list;
	else if (IsA(copy, SubqueryScan) && list != NIL)
		((SubqueryScan *) copy)->subplan = linitial(list);
	return copy;
}

/* an aggregation with the calls in its arguments batched; NULL: it has none
 * or they cannot be */
static Plan *
plan_rewrite_aggregation(AepgRewrite *rewrite, Plan *plan,
						 const AepgDemand *demand)
{
	Plan	   *split = aepg_batch_split_aggregation(plan);
	AepgDemand	for_child = outer_demand(plan, demand);

	if (split == NULL)
		return NULL;
	split->lefttree = plan_rewrite(rewrite, split->lefttree, &for_child);
	return aepg_batch_is_plan(split->lefttree) ? split : NULL;
}

static Plan *
plan_rewrite(AepgRewrite *rewrite, Plan *plan, const AepgDemand *demand)
{
	Plan	   *result;

	check_stack_depth();
	if (plan == NULL || IsA(plan, RecursiveUnion))
		return plan;
	if (IsA(plan, Agg))
	{
		result = plan_rewrite_aggregation(rewrite, plan, demand);
		if (result != NULL)
			return result;
	}
	result = plan_rewrite_children(rewrite, plan, demand);
	return aepg_batch_wrap(rewrite, result, demand);
}

/* volatile functions of a subplan could be called at another time */
static bool
subplans_are_quiet(const PlannedStmt *stmt)
{
	ListCell   *cell;

	foreach(cell, stmt->subplans)
		if (lfirst(cell) != NULL &&
			aepg_batch_any_expr(lfirst(cell), contain_volatile_functions))
			return false;
	return true;
}

/* the statement itself, if nothing is to be batched */
static PlannedStmt *
statement_rewrite(PlannedStmt *stmt)
{
	AepgRewrite rewrite = {stmt->rtable, FIRST_NODE_ID};
	AepgDemand	demand = {.is_top = true};
	AepgDemand	of_subplans = {.stops_early = true};
	PlannedStmt *copy;
	List	   *subplans;
	Plan	   *plan;

	if (stmt->rowMarks != NIL || stmt->hasModifyingCTE)
		return stmt;
	plan = plan_rewrite(&rewrite, stmt->planTree, &demand);
	subplans = plan_rewrite_list(&rewrite, stmt->subplans, &of_subplans);
	if (plan == stmt->planTree && subplans == stmt->subplans)
		return stmt;

	/* most statements have no batches: only now is it worth the time */
	if (!subplans_are_quiet(stmt))
		return stmt;
	copy = palloc(sizeof(PlannedStmt));
	memcpy(copy, stmt, sizeof(PlannedStmt));
	copy->planTree = plan;
	copy->subplans = subplans;
	return copy;
}

/*----------
 * Functions.
 *----------
 */

/* those that the planner has met in this session */
static struct
{
	Oid		   *functions;
	int			count;
	int			room;
}			noticed;

void
aepg_batch_notice(Oid function)
{
	for (int i = 0; i < noticed.count; i++)
		if (noticed.functions[i] == function)
			return;
	if (noticed.count == noticed.room)
	{
		int			room = Max(2 * noticed.room, 16);

		noticed.functions = noticed.functions == NULL ?
			MemoryContextAlloc(TopMemoryContext, room * sizeof(Oid)) :
			repalloc(noticed.functions, room * sizeof(Oid));
		noticed.room = room;
	}
	noticed.functions[noticed.count++] = function;
}

extern Datum ae_encode(PG_FUNCTION_ARGS);
extern Datum ae_anomaly_score(PG_FUNCTION_ARGS);
extern Datum ae_anomaly_pvalue(PG_FUNCTION_ARGS);
extern Datum ae_is_anomaly(PG_FUNCTION_ARGS);

AepgBatchKind
aepg_batch_kind(Oid function)
{
	FmgrInfo	info;

	fmgr_info(function, &info);
	if (!info.fn_strict)
		return AEPG_BATCH_NONE;
	if (info.fn_addr == ae_encode)
		return AEPG_BATCH_CODE;
	if (info.fn_addr == ae_anomaly_score)
		return AEPG_BATCH_SCORE;
	if (info.fn_addr == ae_anomaly_pvalue)
		return AEPG_BATCH_PVALUE;
	if (info.fn_addr == ae_is_anomaly)
		return AEPG_BATCH_ALARM;
	return AEPG_BATCH_NONE;
}

/* one that was noticed may have been replaced since */
bool
aepg_batch_is_ours(Oid function)
{
	for (int i = 0; i < noticed.count; i++)
		if (noticed.functions[i] == function)
			return aepg_batch_kind(function) != AEPG_BATCH_NONE;
	return false;
}

/*----------
 * Hooks.
 *----------
 */
/* the query's plan with batches, in a memory context of its own; NULL: there
 * are none */
static MemoryContext
query_rewrite(QueryDesc *query)
{
	PlannedStmt *before = query->plannedstmt;
	MemoryContext context;
	MemoryContext old;

	if (noticed.count == 0 || aepg_batch_rows == 0 || IsParallelWorker() ||
		before->planTree == NULL)
		return NULL;
	context = AllocSetContextCreate(GetMemoryChunkContext(query),
									"autoencoder plan", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	query->plannedstmt = statement_rewrite(before);
	MemoryContextSwitchTo(old);
	if (query->plannedstmt != before)
		return context;
	MemoryContextDelete(context);
	return NULL;
}

static void
batch_start(QueryDesc *query, int eflags)
{
	MemoryContext context = query_rewrite(query);

	if (previous_start != NULL)
		previous_start(query, eflags);
	else
		standard_ExecutorStart(query, eflags);

	/* the plan goes when the execution ends */
	if (context != NULL)
		MemoryContextSetParent(context, query->estate->es_query_cxt);
}

/* a run of a query that is to stop after some rows */
typedef struct BatchRun
{
	const EState *estate;
	uint64		count;
	struct BatchRun *outer;
} BatchRun;

static BatchRun *current_run = NULL;

uint64
aepg_batch_wanted(const EState *estate)
{
	const BatchRun *run = current_run;

	while (run != NULL && run->estate != estate)
		run = run->outer;
	if (run == NULL)
		return 0;
	return run->count > estate->es_processed ?
		run->count - estate->es_processed : 1;
}

static void
batch_run_on(AEPG_EXECUTOR_RUN_ARGS)
{
	if (previous_run != NULL)
		previous_run(AEPG_EXECUTOR_RUN_PASS);
	else
		standard_ExecutorRun(AEPG_EXECUTOR_RUN_PASS);
}

static void
batch_run(AEPG_EXECUTOR_RUN_ARGS)
{
	BatchRun	run = {query->estate, count, current_run};

	if (count == 0 || noticed.count == 0)
	{
		batch_run_on(AEPG_EXECUTOR_RUN_PASS);
		return;
	}
	PG_TRY();
	{
		current_run = &run;
		batch_run_on(AEPG_EXECUTOR_RUN_PASS);
	}
	PG_FINALLY();
	{
		current_run = run.outer;
	}
	PG_END_TRY();
}

void
aepg_batch_init(void)
{
	aepg_batch_register_node();
	previous_start = ExecutorStart_hook;
	ExecutorStart_hook = batch_start;
	previous_run = ExecutorRun_hook;
	ExecutorRun_hook = batch_run;
}
