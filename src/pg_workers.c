/*
 * pg_workers.c
 *	  Parallel workers that help with a training.
 *
 * A job is a word in shared memory: its number, how many tasks it has, and the
 * next one that nobody has taken.  Whoever is free takes a task by a
 * compare-and-exchange, and a job is over when all its tasks are done.  So
 * nobody waits for a worker that starts late, is starved by other processes or
 * stays out; and since a step takes a tenth of a millisecond, both sides look
 * for a while before they sleep.
 *
 * A worker with another matrix library or other kernels would compute other
 * bits, so it stays out.
 */
#include "postgres.h"

#include <math.h>
#include <sched.h>

#include "access/parallel.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/condition_variable.h"
#include "storage/shm_toc.h"
#include "utils/snapmgr.h"
#include "utils/wait_event.h"

#include "core/worker.h"
#include "pg_blas.h"
#include "pg_compat.h"
#include "pg_env.h"
#include "pg_guc.h"
#include "pg_workers.h"

/* keys of the segment's table of contents; arbitrary */
#define KEY_CONTROL UINT64CONST(0xae00000000000001)
#define KEY_PLAN UINT64CONST(0xae00000000000002)
#define KEY_SHARED UINT64CONST(0xae00000000000003)

/*
 * Looks at a job's word before one goes to sleep, a millisecond or so: at
 * first in quick succession, then with the CPU offered to others in between,
 * because the process waited for may be on the same one.
 */
#define QUICK_LOOKS 1000
#define LOOKS 2000

/*
 * Multiplications of a training and of a step below which workers cost more
 * than they bring, where their number is automatic.
 */
#define MIN_TRAINING 4e9
#define MIN_STEP 1e6

/* a job's word: number << 32 | tasks << 16 | next task */
#define MAX_TASKS 0xffff		/* some thousand blocks are the most */
#define JOB_TASKS(word) ((uint32) ((word) >> 16) & MAX_TASKS)
#define JOB_NEXT(word) ((uint32) (word) & MAX_TASKS)
#define JOB_NUMBER(word) ((uint32) ((word) >> 32))
#define JOB_END PG_UINT32_MAX	/* number of the last one: go home */

typedef struct Control
{
	/* what the leader computes with */
	char		blas[MAXPGPATH];	/* library and core */
	char		kernels[16];
	size_t		plan_bytes;

	/* apart from each other, so that spinning on one is not disturbed */
	pg_atomic_uint64 job;
	char		pad1[PG_CACHE_LINE_SIZE];
	pg_atomic_uint32 ndone;		/* tasks of the current job */
	char		pad2[PG_CACHE_LINE_SIZE];
	pg_atomic_uint32 nasleep;	/* workers */
	pg_atomic_uint32 leader_asleep;
	ConditionVariable work;		/* a job was posted */
	ConditionVariable done;		/* a job's last task was done */
} Control;

struct AepgWorkers
{
	AeTeam		team;
	int			nwanted;
	ParallelContext *context;	/* NULL until started */
	Control    *control;
	uint32		number;			/* of the last job */
};

extern PGDLLEXPORT void aepg_worker_main(dsm_segment *segment, shm_toc *toc);

/*----------
 * Both sides.
 *----------
 */

/* which library computes, to the kernels it chose */
static void
workers_describe_blas(char *buffer, size_t size)
{
	const AepgBlasReport *report = aepg_blas_report();

	snprintf(buffer, size, "%s %s %s", aepg_blas_get()->name,
			 report->library != NULL ? report->library : "",
			 report->core != NULL ? report->core : "");
}

/* between two looks */
static void
control_pause(int look)
{
	CHECK_FOR_INTERRUPTS();
	if (look < QUICK_LOOKS)
		pg_spin_delay();
	else
		sched_yield();
}

/* takes the next task of the current job, whose word is returned */
static bool
control_take(Control *control, uint64 *word, int *task)
{
	*word = pg_atomic_read_u64(&control->job);
	while (JOB_NEXT(*word) < JOB_TASKS(*word))
	{
		*task = (int) JOB_NEXT(*word);
		if (pg_atomic_compare_exchange_u64(&control->job, word, *word + 1))
			return true;
	}
	return false;
}

/* a task of the job at hand is done; it ends no earlier, so ntasks holds */
static void
control_done(Control *control, uint32 ntasks)
{
	if (pg_atomic_add_fetch_u32(&control->ndone, 1) < ntasks)
		return;
	/* a full barrier lies between */
	if (pg_atomic_read_u32(&control->leader_asleep) != 0)
		ConditionVariableSignal(&control->done);
}

/*----------
 * The leader.
 *----------
 */
static void
workers_wait(Control *control, uint32 ntasks)
{
	for (int i = 0; i < LOOKS; i++)
	{
		if (pg_atomic_read_u32(&control->ndone) >= ntasks)
			return;
		control_pause(i);
	}

	pg_atomic_write_u32(&control->leader_asleep, 1);
	ConditionVariablePrepareToSleep(&control->done);
	pg_memory_barrier();
	while (pg_atomic_read_u32(&control->ndone) < ntasks)
		ConditionVariableSleep(&control->done, PG_WAIT_EXTENSION);
	ConditionVariableCancelSleep();
	pg_atomic_write_u32(&control->leader_asleep, 0);
}

/* posts a job's word and wakes who sleeps */
static void
workers_post(Control *control, uint32 number, int ntasks)
{
	Assert(ntasks <= MAX_TASKS);
	pg_atomic_write_u32(&control->ndone, 0);
	pg_write_barrier();
	pg_atomic_write_u64(&control->job,
						(uint64) number << 32 | (uint64) ntasks << 16);
	pg_memory_barrier();
	if (pg_atomic_read_u32(&control->nasleep) > 0)
		ConditionVariableBroadcast(&control->work);
}

static void
workers_run(void *host, int ntasks, void (*task) (void *arg, int index),
			void *arg)
{
	AepgWorkers *workers = host;
	Control    *control = workers->control;
	uint64		word;
	int			index;

	/* numbers may come round, but never to that of the end */
	if (++workers->number == JOB_END)
		workers->number = 0;
	workers_post(control, workers->number, ntasks);
	while (control_take(control, &word, &index))
	{
		task(arg, index);
		pg_atomic_add_fetch_u32(&control->ndone, 1);
	}
	workers_wait(control, (uint32) ntasks);
	pg_read_barrier();
}

static void
workers_init_control(Control *control)
{
	memset(control, 0, sizeof(Control));
	workers_describe_blas(control->blas, sizeof(control->blas));
	strlcpy(control->kernels, aepg_kernels()->name, sizeof(control->kernels));
	pg_atomic_init_u64(&control->job, 0);
	pg_atomic_init_u32(&control->ndone, 0);
	pg_atomic_init_u32(&control->nasleep, 0);
	pg_atomic_init_u32(&control->leader_asleep, 0);
	ConditionVariableInit(&control->work);
	ConditionVariableInit(&control->done);
}

static void
workers_end(AepgWorkers *workers)
{
	if (workers->context == NULL)
		return;
	workers_post(workers->control, JOB_END, 0);
	WaitForParallelWorkersToFinish(workers->context);
	DestroyParallelContext(workers->context);
	workers->context = NULL;
	ExitParallelMode();
}

static void *
workers_start(void *host, const void *plan, size_t plan_bytes,
			  size_t shared_bytes)
{
	AepgWorkers *workers = host;
	ParallelContext *context;
	char	   *copy;
	char	   *shared;

	EnterParallelMode();
	context = CreateParallelContext("autoencoder", "aepg_worker_main",
									workers->nwanted);
	shm_toc_estimate_chunk(&context->estimator, sizeof(Control));
	shm_toc_estimate_chunk(&context->estimator, plan_bytes);
	shm_toc_estimate_chunk(&context->estimator,
						   add_size(shared_bytes, AE_ALIGN));
	shm_toc_estimate_keys(&context->estimator, 3);
	InitializeParallelDSM(context);
	workers->context = context;
	workers->control = shm_toc_allocate(context->toc, sizeof(Control));
	workers_init_control(workers->control);

	/* without a segment nobody could join */
	if (context->seg != NULL)
	{
		copy = shm_toc_allocate(context->toc, plan_bytes);
		memcpy(copy, plan, plan_bytes);
		workers->control->plan_bytes = plan_bytes;
		shared = shm_toc_allocate(context->toc, shared_bytes + AE_ALIGN);
		shared = (char *) TYPEALIGN(AE_ALIGN, shared);
		memset(shared, 0, shared_bytes);
		shm_toc_insert(context->toc, KEY_CONTROL, workers->control);
		shm_toc_insert(context->toc, KEY_PLAN, copy);
		shm_toc_insert(context->toc, KEY_SHARED, shared);
		LaunchParallelWorkers(context);
		if (context->nworkers_launched > 0)
			return shared;
	}
	workers_end(workers);
	return NULL;
}

/* whether a training is long enough, in steps that are long enough */
static bool
workers_pay(const AeModel *model)
{
	const AeOptions *o = &model->options;
	double		row = 3.0 * (double) ae_net_weights(&model->net);
	double		rows = (double) model->features->nrows;
	double		batch = fmin(rows, o->batch_size);

	return row * rows * o->epochs >= MIN_TRAINING && row * batch >= MIN_STEP;
}

AepgWorkers *
aepg_workers_create(const AeModel *model, int requested)
{
	AepgWorkers *workers;

	if (requested == AE_AUTO)
		requested = aepg_workers_setting;
	if (requested == AE_AUTO)
		requested = workers_pay(model) ? AE_MAX_WORKERS : 0;
	if (requested > max_parallel_maintenance_workers)
		requested = max_parallel_maintenance_workers;
	/* workers get a copy of the active snapshot */
	if (requested <= 0 || IsParallelWorker() || !ActiveSnapshotSet())
		return NULL;

	workers = palloc0(sizeof(AepgWorkers));
	workers->nwanted = requested;
	workers->team.start = workers_start;
	workers->team.run = workers_run;
	workers->team.host = workers;
	return workers;
}

const AeTeam *
aepg_workers_team(AepgWorkers *workers)
{
	return workers != NULL ? &workers->team : NULL;
}

void
aepg_workers_finish(AepgWorkers *workers)
{
	if (workers != NULL)
		workers_end(workers);
}

/*----------
 * A worker.
 *----------
 */

/* sleeps until another job than that of word is posted */
static void
worker_sleep(Control *control, uint64 word)
{
	pg_atomic_fetch_add_u32(&control->nasleep, 1);
	ConditionVariablePrepareToSleep(&control->work);
	pg_memory_barrier();
	while (JOB_NUMBER(pg_atomic_read_u64(&control->job)) == JOB_NUMBER(word))
		ConditionVariableSleep(&control->work, PG_WAIT_EXTENSION);
	ConditionVariableCancelSleep();
	pg_atomic_fetch_sub_u32(&control->nasleep, 1);
}

/* waits for another job than that of word */
static void
worker_wait(Control *control, uint64 word)
{
	for (int i = 0; i < LOOKS; i++)
	{
		uint64		now = pg_atomic_read_u64(&control->job);

		if (JOB_NUMBER(now) != JOB_NUMBER(word))
			return;
		control_pause(i);
	}
	worker_sleep(control, word);
}

/* an error goes to the leader, and so ends the statement */
void
aepg_worker_main(dsm_segment *segment, shm_toc *toc)
{
	Control    *control = shm_toc_lookup(toc, KEY_CONTROL, false);
	void	   *plan = shm_toc_lookup(toc, KEY_PLAN, false);
	void	   *shared = shm_toc_lookup(toc, KEY_SHARED, false);
	AeReader	reader = {plan, control->plan_bytes, false};
	char		blas[MAXPGPATH];
	AeArena		arena;
	AeWorker   *worker;
	uint64		word;

	(void) segment;
	/* before a library is loaded for nothing */
	if (JOB_NUMBER(pg_atomic_read_u64(&control->job)) == JOB_END)
		return;
	workers_describe_blas(blas, sizeof(blas));
	if (strcmp(blas, control->blas) != 0 ||
		strcmp(aepg_kernels()->name, control->kernels) != 0)
		return;

	ae_arena_init(&arena, aepg_env_create(CurrentMemoryContext));
	aepg_check(ae_worker_join(&reader, aepg_blas_get(), aepg_kernels(),
							  shared, &arena, &worker),
			   "joining a training");
	for (;;)
	{
		int			task;

		while (control_take(control, &word, &task))
		{
			uint32		ntasks = JOB_TASKS(word);

			ae_worker_task(worker, task);
			control_done(control, ntasks);
		}
		if (JOB_NUMBER(word) == JOB_END)
			break;
		worker_wait(control, word);
	}
}
