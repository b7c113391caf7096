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
	uint64_t	steps;			/* taken so far */
	size_t		nparams;
	float	   *m;				/* first moment or momentum, else NULL */
	float	   *v;				/* second moment, else NULL */
} AeOptimizer;

extern AeStatus ae_optimizer_create(const AeOptions *options, size_t nparams,
									AeArena *arena, AeOptimizer **optimizer);

/*
 * One step of all parameters against grads, which may be changed.  Gradients
 * whose global norm exceeds clip_norm are scaled down to it.  Weights decay,
 * biases do not: decoupled for adamw (Loshchilov, Hutter 2019), as an L2
 * penalty for the others.  AE_ERR_DIVERGED when a gradient is not finite.
 */
extern AeStatus ae_optimizer_step(AeOptimizer *optimizer, const AeNet *net,
								  const AeKernels *kernels, double rate,
								  float *params, float *grads);

/*
 * The learning rate when progress, from 0 to 1, of the training is done: rises
 * linearly over the warm-up, then follows the schedule.  one_cycle (Smith
 * 2018) rises from rate / 25 over the first quarter, whatever the warm-up, and
 * falls to rate / 10,000.
 */
extern double ae_schedule_rate(const AeOptions *options, double progress);

#endif							/* AE_OPTIM_H */
