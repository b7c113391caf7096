/*
 * faults.c
 *	  Lets the n-th allocation of a statement fail.
 *
 * A module for tests, loaded beside the extension, which is the very library
 * that is installed: nothing in it knows of this.  The server allocates
 * through one table of functions per kind of memory context; two entries of
 * these tables are replaced here, so that every palloc() counts, whoever calls
 * it.  Only one allocation fails: what cleans up behind it gets its memory.
 */
#include "postgres.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "access/parallel.h"
#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/memnodes.h"
#include "optimizer/planner.h"
#include "storage/dsm.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#if PG_VERSION_NUM >= 170000
#include "utils/memutils_internal.h"
#endif

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

PG_FUNCTION_INFO_V1(faults_arm);
PG_FUNCTION_INFO_V1(faults_arm_malloc);
PG_FUNCTION_INFO_V1(faults_left);
PG_FUNCTION_INFO_V1(faults_memory);
PG_FUNCTION_INFO_V1(faults_take_segments);

/* a table of functions, and what was in it */
typedef struct FaultTable
{
	const MemoryContextMethods *table;
	MemoryContextMethods before;
} FaultTable;

typedef enum FaultState
{
	FAULT_IDLE,
	FAULT_ARMED,				/* until a statement is planned */
	FAULT_COUNTING				/* until its transaction ends */
} FaultState;

static FaultTable tables[2];
static FaultState state = FAULT_IDLE;
static int64 left;				/* allocations; the last of them fails */
static int64 malloc_number;		/* the same of malloc(), when armed */
static long *malloc_left;		/* in malloc.c; NULL if not preloaded */
static int	worker_allocation;
static int	saved_stderr = -1;
static planner_hook_type next_planner;
static emit_log_hook_type next_log;

/*----------
 * Allocations.
 *----------
 */
static const MemoryContextMethods *
methods_before(const MemoryContextMethods *table)
{
	return table == tables[0].table ? &tables[0].before : &tables[1].before;
}

/*
 * Where an allocation of the server does not fail: in contexts that it keeps
 * memory in for the end of a transaction and for messages; in those of its
 * statistics, where it would leave an entry half made, over which the server
 * falls at the end of the session (seen in 15); and in that of its settings,
 * where a library's new setting that has no memory ends the session.
 */
static bool
context_is_spared(MemoryContext context)
{
	return context == ErrorContext ||
		strcmp(context->name, "TransactionAbortContext") == 0 ||
		strncmp(context->name, "PgStat", 6) == 0 ||
		strncmp(context->name, "GUC", 3) == 0;
}

/* there is no way back from an error in a critical section */
static bool
fault_is_due(MemoryContext context)
{
	return state == FAULT_COUNTING && left > 0 && CritSectionCount == 0 &&
		!context_is_spared(context) && --left == 0;
}

/*
 * Before version 17 the caller prints statistics of all contexts, which nobody
 * reads; from then on the function called does, unless told not to.
 */
static void
stderr_mute(void)
{
	int			nowhere = open("/dev/null", O_WRONLY);

	if (saved_stderr < 0 && nowhere >= 0)
	{
		saved_stderr = dup(STDERR_FILENO);
		dup2(nowhere, STDERR_FILENO);
	}
	if (nowhere >= 0)
		close(nowhere);
}

static void
stderr_restore(void)
{
	if (saved_stderr < 0)
		return;
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	saved_stderr = -1;
}

#if PG_VERSION_NUM >= 170000

static void *
fault_alloc(MemoryContext context, Size size, int flags)
{
	if (fault_is_due(context))
	{
		stderr_mute();
		return MemoryContextAllocationFailure(context, size, flags);
	}
	return methods_before(context->methods)->alloc(context, size, flags);
}

static void *
fault_realloc(void *pointer, Size size, int flags)
{
	MemoryContext context = GetMemoryChunkContext(pointer);

	if (fault_is_due(context))
	{
		stderr_mute();
		return MemoryContextAllocationFailure(context, size, flags);
	}
	return methods_before(context->methods)->realloc(pointer, size, flags);
}

#else

static void *
fault_alloc(MemoryContext context, Size size)
{
	if (fault_is_due(context))
	{
		stderr_mute();
		return NULL;
	}
	return methods_before(context->methods)->alloc(context, size);
}

#if PG_VERSION_NUM >= 160000
static void *
fault_realloc(void *pointer, Size size)
{
	MemoryContext context = GetMemoryChunkContext(pointer);

	if (fault_is_due(context))
	{
		stderr_mute();
		return NULL;
	}
	return methods_before(context->methods)->realloc(pointer, size);
}
#else
static void *
fault_realloc(MemoryContext context, void *pointer, Size size)
{
	if (fault_is_due(context))
	{
		stderr_mute();
		return NULL;
	}
	return methods_before(context->methods)->realloc(context, pointer, size);
}
#endif

#endif

/* the tables are constants, which the loader has made read-only */
static void
table_replace(FaultTable *table, MemoryContext context)
{
	MemoryContextMethods *methods =
		unconstify(MemoryContextMethods *, context->methods);
	uintptr_t	page = (uintptr_t) sysconf(_SC_PAGESIZE);
	uintptr_t	start = (uintptr_t) methods & ~(page - 1);
	uintptr_t	end = (uintptr_t) (methods + 1);

	if (mprotect((void *) start, end - start, PROT_READ | PROT_WRITE) != 0)
		elog(ERROR, "could not make functions of memory contexts writable: %m");
	table->table = methods;
	table->before = *methods;
	methods->alloc = fault_alloc;
	methods->realloc = fault_realloc;
}

/*----------
 * What is counted.
 *----------
 */
static PlannedStmt *
fault_planner(Query *parse, const char *query_string, int cursor_options,
			  ParamListInfo params)
{
	if (state == FAULT_ARMED)
	{
		state = FAULT_COUNTING;
		if (malloc_left != NULL)
			*malloc_left = (long) malloc_number;
	}
	if (next_planner != NULL)
		return next_planner(parse, query_string, cursor_options, params);
	return standard_planner(parse, query_string, cursor_options, params);
}

static void
fault_log(ErrorData *edata)
{
	stderr_restore();
	if (next_log != NULL)
		next_log(edata);
}

static void
fault_transaction(XactEvent event, void *arg)
{
	(void) event;
	(void) arg;
	stderr_restore();
	/* a worker restores its leader's state in a transaction of its own */
	if (state != FAULT_COUNTING || InitializingParallelWorker)
		return;
	state = FAULT_IDLE;
	if (malloc_left != NULL && malloc_number > 0)
	{
		left = *malloc_left;
		*malloc_left = 0;
	}
}

/* a parallel worker gets the setting of its leader, and counts from then on */
static void
fault_assign_worker(int value, void *extra)
{
	(void) extra;
	if (!IsParallelWorker() || value == 0)
		return;
	left = value;
	state = FAULT_COUNTING;
}

void
_PG_init(void)
{
	MemoryContext generation;

	table_replace(&tables[0], TopMemoryContext);
	generation = GenerationContextCreate(CurrentMemoryContext, "faults",
										 ALLOCSET_DEFAULT_SIZES);
	table_replace(&tables[1], generation);
	MemoryContextDelete(generation);

	malloc_left = dlsym(RTLD_DEFAULT, "faults_malloc_left");
	next_planner = planner_hook;
	planner_hook = fault_planner;
	next_log = emit_log_hook;
	emit_log_hook = fault_log;
	RegisterXactCallback(fault_transaction, NULL);
	DefineCustomIntVariable("faults.worker_allocation",
							"Sets which allocation of a parallel worker fails.",
							NULL,
							&worker_allocation,
							0, 0, PG_INT32_MAX,
							PGC_USERSET, 0,
							NULL, fault_assign_worker, NULL);
}

/*----------
 * SQL functions.
 *----------
 */

/* faults_arm(n bigint): of the next statement the n-th allocation fails */
Datum
faults_arm(PG_FUNCTION_ARGS)
{
	left = PG_GETARG_INT64(0);
	malloc_number = 0;
	state = FAULT_ARMED;
	PG_RETURN_VOID();
}

/* faults_arm_malloc(n bigint): likewise the n-th malloc() */
Datum
faults_arm_malloc(PG_FUNCTION_ARGS)
{
	left = 0;
	malloc_number = PG_GETARG_INT64(0);
	state = FAULT_ARMED;
	PG_RETURN_VOID();
}

/* faults_left() RETURNS bigint: 0 if an allocation failed */
Datum
faults_left(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	PG_RETURN_INT64(left);
}

/*
 * faults_memory() RETURNS bigint: bytes of all contexts of the session but the
 * one in which the server builds descriptions of relations; an error on the
 * way leaves a part of one there.  Models are in contexts below it.
 */
Datum
faults_memory(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	PG_RETURN_INT64((int64) MemoryContextMemAllocated(TopMemoryContext, true) -
					(int64) MemoryContextMemAllocated(CacheMemoryContext,
													  false));
}

/*
 * faults_take_segments() RETURNS integer: takes all segments of dynamic shared
 * memory that there are, until the session ends
 */
Datum
faults_take_segments(PG_FUNCTION_ARGS)
{
	int32		count = 0;
	dsm_segment *segment;

	(void) fcinfo;
	for (;;)
	{
		segment = dsm_create(1024, DSM_CREATE_NULL_IF_MAXSEGMENTS);
		if (segment == NULL)
			break;
		dsm_pin_mapping(segment);
		count++;
	}
	PG_RETURN_INT32(count);
}
