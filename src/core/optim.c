/*
 * optim.c
 *	  Optimisers over one flat block of parameters, and learning rates.
 *
 * Constants are the usual defaults of the field, except Adam's second beta:
 * 0.95 forgets the large first gradients sooner, which short trainings need.
 */
#include "core/optim.h"

#include <math.h>

#define OPTIM_BETA1 0.9
#define OPTIM_BETA2 0.95
#define OPTIM_MOMENTUM 0.9
#define OPTIM_RHO 0.99
#define OPTIM_EPSILON 1e-8
#define OPTIM_EPSILON_ADAGRAD 1e-10

#define SCHEDULE_PI 3.14159265358979323846

AeStatus
ae_optimizer_create(const AeOptions *options, size_t nparams,
					AeArena *arena, AeOptimizer **optimizer)
{
	AeOptimizer *o = ae_arena_alloc(arena, 1, sizeof(AeOptimizer));
	bool		needs_m = options->optimizer == AE_OPTIMIZER_ADAMW ||
		options->optimizer == AE_OPTIMIZER_ADAM ||
		options->optimizer == AE_OPTIMIZER_SGD;
	bool		needs_v = options->optimizer != AE_OPTIMIZER_SGD;

	if (o == NULL)
		return AE_ERR_MEMORY;
	o->kind = (AeOptimizerKind) options->optimizer;
	o->weight_decay = options->weight_decay;
	o->clip_norm = options->clip_norm;
	o->nparams = nparams;
	if (needs_m)
		o->m = ae_arena_alloc(arena, nparams, sizeof(float));
	if (needs_v)
		o->v = ae_arena_alloc(arena, nparams, sizeof(float));
	if ((needs_m && o->m == NULL) || (needs_v && o->v == NULL))
		return AE_ERR_MEMORY;
	*optimizer = o;
	return AE_OK;
}

/* w *= 1 - rate * decay, or g += decay * w, for all weights */
static void
optim_decay(const AeOptimizer *o, const AeNet *net, const AeKernels *kernels,
			double rate, double grad_scale, float *params, float *grads)
{
	for (int i = 0; i < net->nlayers; i++)
	{
		size_t		start = net->layers[i].weights;
		size_t		n = net->layers[i].bias - start;

		if (o->kind == AE_OPTIMIZER_ADAMW)
			kernels->scale(n, (float) (1.0 - rate * o->weight_decay),
						   params + start);
		else
		{
			/* the step multiplies by grad_scale; the penalty is not clipped */
			float		decay = (float) (o->weight_decay / grad_scale);

			for (size_t j = start; j < start + n; j++)
				grads[j] += decay * params[j];
		}
	}
}

static void
optim_update(const AeOptimizer *o, const AeKernels *kernels, double rate,
			 double grad_scale, float *p, const float *g)
{
	AeAdamStep	step;

	switch (o->kind)
	{
		case AE_OPTIMIZER_ADAMW:
		case AE_OPTIMIZER_ADAM:
			step.rate = (float) rate;
			step.beta1 = (float) OPTIM_BETA1;
			step.beta2 = (float) OPTIM_BETA2;
			step.epsilon = (float) OPTIM_EPSILON;
			/* of the betas as rounded, or the first steps are off by 2e-5 */
			step.correction1 =
				(float) (1.0 - pow(step.beta1, (double) o->steps));
			step.correction2 =
				(float) (1.0 - pow(step.beta2, (double) o->steps));
			step.grad_scale = (float) grad_scale;
			kernels->adam(o->nparams, &step, p, g, o->m, o->v);
			break;
		case AE_OPTIMIZER_SGD:
			kernels->momentum(o->nparams, (float) rate, (float) OPTIM_MOMENTUM,
							  (float) grad_scale, p, g, o->m);
			break;
		case AE_OPTIMIZER_RMSPROP:
			kernels->rmsprop(o->nparams, (float) rate, (float) OPTIM_RHO,
							 (float) OPTIM_EPSILON, (float) grad_scale, p, g,
							 o->v);
			break;
		case AE_OPTIMIZER_ADAGRAD:
			kernels->adagrad(o->nparams, (float) rate,
							 (float) OPTIM_EPSILON_ADAGRAD,
							 (float) grad_scale, p, g, o->v);
			break;
	}
}

AeStatus
ae_optimizer_step(AeOptimizer *o, const AeNet *net, const AeKernels *kernels,
				  double rate, float *params, float *grads)
{
	double		norm = sqrt(kernels->sum_squares(o->nparams, grads));
	double		grad_scale = 1.0;

	if (!isfinite(norm))
		return AE_ERR_DIVERGED;
	if (o->clip_norm > 0 && norm > o->clip_norm)
		grad_scale = o->clip_norm / norm;
	o->steps++;
	if (o->weight_decay > 0)
		optim_decay(o, net, kernels, rate, grad_scale, params, grads);
	optim_update(o, kernels, rate, grad_scale, params, grads);
	return AE_OK;
}

static double
schedule_cosine(double from, double to, double progress)
{
	return to + (from - to) * 0.5 * (1.0 + cos(SCHEDULE_PI * progress));
}

double
ae_schedule_rate(const AeOptions *options, double progress)
{
	double		rate = options->learning_rate;
	double		warmup = options->warmup;

	if (options->schedule == AE_SCHEDULE_ONE_CYCLE)
		return progress < 0.25
			? schedule_cosine(rate / 25.0, rate, progress / 0.25)
			: schedule_cosine(rate, rate / 1e4, (progress - 0.25) / 0.75);
	if (progress < warmup)
		return rate * progress / warmup;
	if (options->schedule == AE_SCHEDULE_CONSTANT)
		return rate;
	return schedule_cosine(rate, 0.0, (progress - warmup) / (1.0 - warmup));
}
