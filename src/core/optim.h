/*
 * optim.h
 *	  Optimisers over one flat block of parameters, and learning rates.
 */
#ifndef AE_OPTIM_H
#define AE_OPTIM_H

#include "core/net.h"
#include "core/options.h"

typedef struct AeOptimizer
{
	AeOptimizerKind kind;
	double		weight_decay;
	double		clip_norm;		/* 0: no clipping */
	float	   *m;				/* first moment or momentum, else NULL */
	float	   *v;				/* second moment, else NULL */
} AeOptimizer;

/* one step, the same for all parameters */
typedef struct AeUpdate
{
	uint64_t	step;			/* from 1 */
	double		rate;
	double		grad_scale;		/* multiplies the gradients: clipping */
	float		correction1;	/* of Adam's moments */
	float		correction2;
} AeUpdate;

/* which moments the optimiser needs, each as large as the parameters */
extern bool ae_optimizer_needs_m(const AeOptions *options);
extern bool ae_optimizer_needs_v(const AeOptions *options);

/* m and v are zero, or NULL where they are not needed */
extern void ae_optimizer_init(AeOptimizer *optimizer,
							  const AeOptions *options, float *m, float *v);

/*
 * The rest of an update with step and rate, from the sum of squares of its
 * gradients: a norm beyond clip_norm is scaled down to it.  AE_ERR_DIVERGED
 * when a gradient is not finite.
 */
extern AeStatus ae_optimizer_begin(const AeOptimizer *optimizer,
								   double squares, AeUpdate *update);

/*
 * A step of one block of the parameters against grads, which may be changed.
 * Weights decay, biases do not: decoupled for adamw (Loshchilov, Hutter 2019),
 * as an L2 penalty for the others.  Blocks are independent of each other.
 */
extern void ae_optimizer_apply(const AeOptimizer *optimizer,
							   const AeKernels *kernels,
							   const AeUpdate *update, const AeBlock *block,
							   float *params, float *grads);

/*
 * The same for nweights weights and then biases, nparams in all, wherever they
 * are: p with gradients g, which may be changed, and moments m and v, NULL
 * where the optimiser has none.
 */
extern void ae_optimizer_step(const AeOptimizer *optimizer,
							  const AeKernels *kernels,
							  const AeUpdate *update, size_t nweights,
							  size_t nparams, float *p, float *g, float *m,
							  float *v);

/*
 * The learning rate when progress, from 0 to 1, of the training is done: rises
 * linearly over the warm-up, then follows the schedule.  one_cycle (Smith
 * 2018) rises from rate / 25 over the first quarter, whatever the warm-up, and
 * falls to rate / 10,000.
 */
extern double ae_schedule_rate(const AeOptions *options, double progress);

#endif							/* AE_OPTIM_H */
