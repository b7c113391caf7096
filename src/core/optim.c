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

bool
ae_optimizer_needs_m(const AeOptions *options)
{
	return options->optimizer == AE_OPTIMIZER_ADAMW ||
		options->optimizer == AE_OPTIMIZER_ADAM ||
		options->optimizer == AE_OPTIMIZER_SGD;
}

bool
ae_optimizer_needs_v(const AeOptions *options)
{
	return options->optimizer != AE_OPTIMIZER_SGD;
}

void
ae_optimizer_init(AeOptimizer *o, const AeOptions *options, float *m,
				  float *v)
{
	o->kind = (AeOptimizerKind) options->optimizer;
	o->weight_decay = options->weight_decay;
	o->clip_norm = options->clip_norm;
	o->m = m;
	o->v = v;
}

AeStatus
ae_optimizer_begin(const AeOptimizer *o, double squares, AeUpdate *update)
{
	double		norm = sqrt(squares);
	double		step = (double) update->step;

	if (!isfinite(norm))
		return AE_ERR_DIVERGED;
	update->grad_scale = 1.0;
	if (o->clip_norm > 0 && norm > o->clip_norm)
		update->grad_scale = o->clip_norm / norm;
	/* of the betas as rounded, or the first steps are off by 2e-5 */
	update->correction1 = (float) (1.0 - pow((float) OPTIM_BETA1, step));
	update->correction2 = (float) (1.0 - pow((float) OPTIM_BETA2, step));
	return AE_OK;
}

/* w *= 1 - rate * decay, or g += decay * w, for n weights */
static void
optim_decay(const AeOptimizer *o, const AeKernels *kernels,
			const AeUpdate *update, size_t n, float *w, float *g)
{
	/* the step multiplies by grad_scale; the penalty is not clipped */
	float		penalty = (float) (o->weight_decay / update->grad_scale);

	if (o->kind == AE_OPTIMIZER_ADAMW)
		kernels->scale(n, (float) (1.0 - update->rate * o->weight_decay), w);
	else
		for (size_t j = 0; j < n; j++)
			g[j] += penalty * w[j];
}

void
ae_optimizer_step(const AeOptimizer *o, const AeKernels *kernels,
				  const AeUpdate *update, size_t nweights, size_t n,
				  float *p, float *g, float *m, float *v)
{
	float		rate = (float) update->rate;
	float		scale = (float) update->grad_scale;
	AeAdamStep	adam = {
		.rate = rate,
		.beta1 = (float) OPTIM_BETA1,
		.beta2 = (float) OPTIM_BETA2,
		.epsilon = (float) OPTIM_EPSILON,
		.correction1 = update->correction1,
		.correction2 = update->correction2,
		.grad_scale = scale
	};

	if (o->weight_decay > 0)
		optim_decay(o, kernels, update, nweights, p, g);
	switch (o->kind)
	{
		case AE_OPTIMIZER_ADAMW:
		case AE_OPTIMIZER_ADAM:
			kernels->adam(n, &adam, p, g, m, v);
			break;
		case AE_OPTIMIZER_SGD:
			kernels->momentum(n, rate, (float) OPTIM_MOMENTUM, scale, p, g,
							  m);
			break;
		case AE_OPTIMIZER_RMSPROP:
			kernels->rmsprop(n, rate, (float) OPTIM_RHO,
							 (float) OPTIM_EPSILON, scale, p, g, v);
			break;
		case AE_OPTIMIZER_ADAGRAD:
			kernels->adagrad(n, rate, (float) OPTIM_EPSILON_ADAGRAD, scale,
							 p, g, v);
			break;
	}
}

void
ae_optimizer_apply(const AeOptimizer *o, const AeKernels *kernels,
				   const AeUpdate *update, const AeBlock *block,
				   float *params, float *grads)
{
	ae_optimizer_step(o, kernels, update, block->nweights, block->nparams,
					  params + block->start, grads + block->start,
					  o->m != NULL ? o->m + block->start : NULL,
					  o->v != NULL ? o->v + block->start : NULL);
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
