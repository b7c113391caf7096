/*
 * worker.h
 *	  One process's part in a training: the tasks of a step.
 *
 * The leader is a worker like the others.  A worker allocates on creation
 * only.  Nothing that a task computes depends on who does it, or on what was
 * done before: random numbers are drawn from a stream of the step and slice.
 */
#ifndef AE_WORKER_H
#define AE_WORKER_H

#include "core/blas.h"
#include "core/bytes.h"
#include "core/contract.h"
#include "core/matching.h"
#include "core/share.h"

typedef struct AeSupervision AeSupervision;

typedef struct AeWorker
{
	const AeModel *model;		/* planned and prepared; params and noise are
								 * in share */
	const AeCoder *coder;
	const AeBlas *blas;
	const AeKernels *kernels;
	AeShare		share;
	AeBlock    *blocks;			/* (nblocks) */
	AeOptimizer optimizer;
	uint64_t	noise_seed;

	const float **rows;			/* (slice_rows) stored rows of the slice */
	float	   *noisy;			/* (slice_rows, ncells), or NULL */
	const float **noisy_rows;	/* (slice_rows) into noisy */
	float	   *least;			/* (ncells) as stored, for salt and pepper */
	float	   *largest;		/* (ncells) */
	float	   *target;			/* (slice_rows, AE_PAD(output_width)); the
								 * inputs where they are the same */
	float	   *weight;			/* (output_width) for ae_likelihood() */
	AeSupervision *supervision; /* NULL unless there are classes */
	AeResidual *residual;		/* (ncolumns) of rows not learned from */
	AeTape	   *tape;			/* of a slice */
	AeContract *contract;		/* of a slice, or NULL: no penalty */
	AeTape	   *batch;			/* of a batch, where slices share it */
	AeTape	   *companion;		/* of a slice's rows through the companion,
								 * dh[0] included; NULL if there is none */

	AeMatching *matching;		/* of the codes, or NULL */
	float	   *code_gradient;	/* (slice_rows, AE_PAD(latent)) of that */

	AeWindow	window;			/* the rows of the current window */
	const float **window_rows;	/* (window_rows) of a helper */
	const float *validation;	/* (nvalidation, ncells) */
} AeWorker;

/* the leader's; base as in ae_share_layout() */
extern AeStatus ae_worker_create(const AeModel *model, const AeCoder *coder,
								 const AeBlas *blas, const AeKernels *kernels,
								 const AeShape *shape, void *base,
								 AeArena *arena, AeWorker **worker);

/* what a helper has to know, for ae_worker_join() */
extern void ae_worker_write_plan(const AeModel *model, const AeCoder *coder,
								 const AeShape *shape, AeWriter *w);

/* a helper; base is where it sees the shared memory */
extern AeStatus ae_worker_join(AeReader *plan, const AeBlas *blas,
							   const AeKernels *kernels, void *base,
							   AeArena *arena, AeWorker **worker);

/* h and dh of a tape over memory that all slices share, for rows from first
 * on; between the two files of the worker */
extern void ae_worker_place_tape(const AeWorker *worker, AeTape *tape,
								 int first);

/* training starts where the model is; by the leader, before the first job */
extern void ae_worker_start(AeWorker *worker);

/* does a task of the current job; arg is an AeWorker, for AeTeam */
extern void ae_worker_task(void *arg, int index);

/* tasks of a job of that kind over count rows */
extern int	ae_worker_tasks(const AeWorker *worker, AeJobKind kind,
							int count);

/* outputs in the tape, and targets, of count stored rows, at most a slice;
 * params need not be the shared ones */
extern void ae_worker_forward(AeWorker *worker, const float *params,
							  const float *cells, int count);

/* of the count codes in the tape: see ae_matching_distance() */
extern double ae_worker_code_distance(AeWorker *worker, int count,
									  float scale);

#endif							/* AE_WORKER_H */
