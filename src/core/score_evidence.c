/*
 * score_evidence.c
 *	  Bounds of a row's negative log likelihood: codes drawn, decoded and
 *	  compared with the row.
 */
#include "core/score_evidence.h"

#include <float.h>
#include <math.h>

/* draws that are decoded together: the weights are read once for them */
#define DRAWS_AT_ONCE 16

/* stream of the option seed; train.c has those of the training */
#define DRAWS_STREAM 101

static const AeLayer *
draws_layer(const AeModel *model)
{
	return &model->net.layers[ae_net_gaussian(&model->net)];
}

/*
 * Draws come in pairs on both sides of the mean, and the squares of each
 * unit's have the mean 1: what log p has of first and second order in the
 * noise is then exact, and that is most of it.
 */
static void
draws_noise(AeDraws *d, size_t units, uint64_t seed)
{
	size_t		n = (size_t) d->count * units;
	AeRng		rng;

	ae_rng_seed(&rng, seed, DRAWS_STREAM);
	for (size_t i = 0; i < n; i++)
		d->noise[i] = i / units % 2 == 0 ? ae_rng_normal(&rng)
			: -d->noise[i - units];
	for (size_t j = 0; j < units; j++)
	{
		double		squares = DBL_MIN;

		for (size_t i = j; i < n; i += units)
			squares += (double) d->noise[i] * d->noise[i];
		for (size_t i = j; i < n; i += units)
			d->noise[i] *= (float) sqrt(d->count / squares);
	}
}

AeStatus
ae_draws_create(const AeModel *model, AeArena *arena, AeDraws **draws)
{
	size_t		units = (size_t) draws_layer(model)->out;
	size_t		latent = AE_PAD((size_t) ae_net_latent(&model->net));
	size_t		out = AE_PAD((size_t) model->features->output_width);
	size_t		widest = AE_PAD((size_t) model->net.max_width);
	AeDraws    *d = ae_arena_alloc(arena, 1, sizeof(AeDraws));

	if (d == NULL)
		return AE_ERR_MEMORY;
	d->count = model->options.score_samples;
	d->noise = ae_arena_alloc(arena, (size_t) d->count,
							  units * sizeof(float));
	d->code = ae_arena_alloc(arena, DRAWS_AT_ONCE, latent * sizeof(float));
	d->output = ae_arena_alloc(arena, DRAWS_AT_ONCE, out * sizeof(float));
	d->scratch = ae_arena_alloc(arena, 2 * DRAWS_AT_ONCE,
								widest * sizeof(float));
	d->nats = ae_arena_alloc(arena, (size_t) d->count, sizeof(double));
	if (d->noise == NULL || d->code == NULL || d->output == NULL ||
		d->scratch == NULL || d->nats == NULL)
		return AE_ERR_MEMORY;
	d->work.weight = ae_arena_alloc(arena, out, sizeof(float));
	d->work.gradient = ae_arena_alloc(arena, out, sizeof(float));
	d->work.residual = ae_arena_alloc(arena,
									  (size_t) model->features->ncolumns,
									  sizeof(AeResidual));
	if (d->work.weight == NULL || d->work.gradient == NULL ||
		d->work.residual == NULL)
		return AE_ERR_MEMORY;
	draws_noise(d, units, (uint64_t) model->options.seed);
	*draws = d;
	return AE_OK;
}

/* code and outputs of draws first .. first + count - 1 */
static void
draws_decode(const AeModel *model, const AeKernels *kernels, AeDraws *d,
			 const float *code_input, const float *input, int first,
			 int count)
{
	const AeNet *net = &model->net;
	int			units = draws_layer(model)->out;
	int			ldc = AE_PAD(ae_net_latent(net));
	int			width = model->features->output_width;

	for (int j = 0; j < units; j++)
	{
		float		deviation = expf(0.5f *
									 ae_gaussian_log(code_input[units + j]));

		for (int k = 0; k < count; k++)
			d->code[(size_t) k * ldc + j] = code_input[j] + deviation *
				d->noise[(size_t) (first + k) * units + j];
	}
	for (int j = 0; j < ae_net_joined(net); j++)
		for (int k = 0; k < count; k++)
			d->code[(size_t) k * ldc + units + j] = input[net->joined[j]];
	ae_net_infer(net, kernels, model->params, net->ncoder, net->nlayers,
				 count, d->code, ldc, d->output, AE_PAD(width), d->scratch);
	for (int k = 0; k < count; k++)
		kernels->bound(width, AE_VALUE_LIMIT,
					   d->output + (size_t) k * AE_PAD((size_t) width));
}

/* log q(z) - log p(z) of a draw */
static double
draws_log_ratio(const float *code_input, const float *noise,
				const float *code, int units)
{
	double		sum = 0.0;

	for (int j = 0; j < units; j++)
		sum += 0.5 * ((double) code[j] * code[j] -
					  (double) noise[j] * noise[j] -
					  ae_gaussian_log(code_input[units + j]));
	return sum;
}

/* -log of the mean of exp(-nats) */
static double
draws_log_mean(const double *nats, int count)
{
	double		least = HUGE_VAL;
	double		sum = 0.0;

	for (int k = 0; k < count; k++)
		least = fmin(least, nats[k]);
	for (int k = 0; k < count; k++)
		sum += exp(least - nats[k]);
	return least - log(sum / count);
}

double
ae_draws_nats(const AeModel *model, const AeKernels *kernels, AeDraws *d,
			  const float *code_input, const float *input,
			  const float *target)
{
	bool		weighted = model->options.score == AE_SCORE_IWAE;
	const AeLayer *layer = draws_layer(model);
	size_t		ldc = AE_PAD((size_t) ae_net_latent(&model->net));
	size_t		ldo = AE_PAD((size_t) model->features->output_width);
	double		sum = 0.0;

	for (int k = 0; k < d->count; k++)
	{
		int			place = k % DRAWS_AT_ONCE;
		int			left = d->count - k;

		if (place == 0)
			draws_decode(model, kernels, d, code_input, input, k,
						 left < DRAWS_AT_ONCE ? left : DRAWS_AT_ONCE);
		d->nats[k] = ae_likelihood_row(model, kernels,
									   d->output + (size_t) place * ldo,
									   target, &d->work);
		if (weighted)
			d->nats[k] += draws_log_ratio(code_input,
										  d->noise + (size_t) k *
										  (size_t) layer->out,
										  d->code + (size_t) place * ldc,
										  layer->out);
		sum += d->nats[k];
	}
	if (weighted)
		sum = draws_log_mean(d->nats, d->count);
	else
	{
		sum /= d->count;
		for (int j = 0; j < layer->out; j++)
			sum += ae_gaussian_divergence(layer, 1, code_input, j);
	}
	return sum + ae_likelihood_missing(model, target);
}
