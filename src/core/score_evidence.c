/*
 * score_evidence.c
 *	  Bounds of a row's negative log likelihood: codes drawn, decoded and
 *	  compared with the row.
 */
#include "core/score_evidence.h"

#include <math.h>

#include "core/likelihood.h"

/* draws that are decoded together: the weights are read once for them */
#define DRAWS_AT_ONCE 16

/* stream of the option seed; train.c has those of the training */
#define DRAWS_STREAM 101

static const AeLayer *
draws_layer(const AeModel *model)
{
	return &model->net.layers[ae_net_gaussian(&model->net)];
}

AeStatus
ae_draws_create(const AeModel *model, AeArena *arena, AeDraws **draws)
{
	size_t		latent = (size_t) draws_layer(model)->out;
	size_t		out = AE_PAD((size_t) model->features->output_width);
	size_t		widest = AE_PAD((size_t) model->net.max_width);
	AeDraws    *d = ae_arena_alloc(arena, 1, sizeof(AeDraws));
	AeRng		rng;

	if (d == NULL)
		return AE_ERR_MEMORY;
	d->count = model->options.score_samples;
	d->noise = ae_arena_alloc(arena, (size_t) d->count,
							  latent * sizeof(float));
	d->code = ae_arena_alloc(arena, DRAWS_AT_ONCE,
							 AE_PAD(latent) * sizeof(float));
	d->output = ae_arena_alloc(arena, DRAWS_AT_ONCE, out * sizeof(float));
	d->gradient = ae_arena_alloc(arena, out, sizeof(float));
	d->scratch = ae_arena_alloc(arena, 2 * DRAWS_AT_ONCE,
								widest * sizeof(float));
	d->nats = ae_arena_alloc(arena, (size_t) d->count, sizeof(double));
	if (d->noise == NULL || d->code == NULL || d->output == NULL ||
		d->gradient == NULL || d->scratch == NULL || d->nats == NULL)
		return AE_ERR_MEMORY;
	ae_rng_seed(&rng, (uint64_t) model->options.seed, DRAWS_STREAM);
	for (size_t i = 0; i < (size_t) d->count * latent; i++)
		d->noise[i] = ae_rng_normal(&rng);
	*draws = d;
	return AE_OK;
}

/* code and outputs of draws first .. first + count - 1 */
static void
draws_decode(const AeModel *model, const AeKernels *kernels, AeDraws *d,
			 const float *code_input, int first, int count)
{
	const AeNet *net = &model->net;
	int			from = ae_net_gaussian(net) + 1;
	int			latent = net->layers[from - 1].out;
	int			width = model->features->output_width;

	for (int j = 0; j < latent; j++)
	{
		float		deviation = expf(0.5f *
									 ae_gaussian_log(code_input[latent + j]));

		for (int k = 0; k < count; k++)
			d->code[(size_t) k * AE_PAD((size_t) latent) + j] =
				code_input[j] + deviation *
				d->noise[(size_t) (first + k) * latent + j];
	}
	ae_net_infer(net, kernels, model->params, from, net->nlayers, count,
				 d->code, AE_PAD(latent), d->output, AE_PAD(width),
				 d->scratch);
	for (int k = 0; k < count; k++)
		ae_features_bound(d->output + (size_t) k * AE_PAD((size_t) width),
						  width);
}

/* log q(z) - log p(z) of a draw */
static double
draws_log_ratio(const float *code_input, const float *noise,
				const float *code, int latent)
{
	double		sum = 0.0;

	for (int j = 0; j < latent; j++)
		sum += 0.5 * ((double) code[j] * code[j] -
					  (double) noise[j] * noise[j] -
					  ae_gaussian_log(code_input[latent + j]));
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
			  const float *code_input, const float *target)
{
	bool		weighted = model->options.score == AE_SCORE_IWAE;
	const AeLayer *layer = draws_layer(model);
	size_t		latent = (size_t) layer->out;
	size_t		ldo = AE_PAD((size_t) model->features->output_width);
	double		sum = 0.0;

	for (int k = 0; k < d->count; k++)
	{
		int			place = k % DRAWS_AT_ONCE;
		int			left = d->count - k;

		if (place == 0)
			draws_decode(model, kernels, d, code_input, k,
						 left < DRAWS_AT_ONCE ? left : DRAWS_AT_ONCE);
		d->nats[k] = ae_likelihood_misfit(model, kernels,
										  d->output + (size_t) place * ldo,
										  target, d->gradient);
		if (weighted)
			d->nats[k] += draws_log_ratio(code_input,
										  d->noise + (size_t) k * latent,
										  d->code + (size_t) place *
										  AE_PAD(latent), layer->out);
		sum += d->nats[k];
	}
	if (weighted)
		return ae_likelihood_base(model, target) +
			draws_log_mean(d->nats, d->count);
	sum /= d->count;
	for (int j = 0; j < layer->out; j++)
		sum += ae_gaussian_divergence(layer, 1, code_input, j);
	return ae_likelihood_base(model, target) + sum;
}
