/*
 * critic.c
 *	  The companion of an adversarial autoencoder.
 */
#include "core/critic.h"

#include <math.h>
#include <string.h>

/* units of both hidden layers, as many as the encoder's first has */
#define CRITIC_MIN_UNITS 16
#define CRITIC_MAX_UNITS 256

#define CRITIC_CERTAINTY 0.9f

AeStatus
ae_critic_plan(AeModel *model)
{
	const AeOptions *o = &model->options;
	AeNet	   *net = &model->companion;
	int			units = o->nhidden > 0 ? o->hidden[0] : CRITIC_MIN_UNITS;
	int			widths[4] = {ae_net_code(&model->net)->out, 0, 0, 1};

	if (units < CRITIC_MIN_UNITS)
		units = CRITIC_MIN_UNITS;
	if (units > CRITIC_MAX_UNITS)
		units = CRITIC_MAX_UNITS;
	widths[1] = widths[2] = units;
	net->nlayers = 3;
	net->ncoder = 3;
	net->layers = ae_arena_alloc(&model->arena, 3, sizeof(AeLayer));
	if (net->layers == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < 3; i++)
		net->layers[i] = (AeLayer) {
			.kind = AE_LAYER_DENSE,
				.activation = i < 2 ? AE_ACT_LEAKY_RELU : AE_ACT_LINEAR,
				.in = widths[i],
				.out = widths[i + 1]
		};
	return ae_net_plan(net);
}

void
ae_critic_remove(AeModel *model)
{
	model->companion = (AeNet) {0};
	model->companion_params = NULL;
}

static double
softplus(double x)
{
	return fmax(x, 0.0) + log1p(exp(-fabs(x)));
}

static double
sigmoid(double x)
{
	return 1.0 / (1.0 + exp(-x));
}

double
ae_critic_learn(const AeNet *critic, const AeBlas *blas,
				const AeKernels *kernels, const float *params, AeTape *tape,
				int rows, const float *codes, AeRng *rng, float scale,
				float *grads)
{
	int			latent = ae_net_inputs(critic);
	size_t		ld = AE_PAD((size_t) latent);
	float	   *draws = tape->h[0] + (size_t) rows * ld;
	double		loss = 0.0;

	memcpy(tape->h[0], codes, (size_t) rows * ld * sizeof(float));
	for (int r = 0; r < rows; r++)
		for (int j = 0; j < latent; j++)
			draws[(size_t) r * ld + (size_t) j] = ae_rng_normal(rng);
	ae_net_forward(critic, blas, kernels, params, tape, 2 * rows, NULL);
	for (int r = 0; r < 2 * rows; r++)
	{
		double		certainty = r < rows ? 0.0 : CRITIC_CERTAINTY;
		double		odds = tape->h[3][(size_t) r * AE_LANES];

		loss += softplus(odds) - certainty * odds;
		tape->dh[3][(size_t) r * AE_LANES] =
			scale * (float) (sigmoid(odds) - certainty);
	}
	ae_net_backward(critic, blas, kernels, params, tape, 2 * rows, NULL,
					grads);
	return loss;
}

double
ae_critic_ask(const AeNet *critic, const AeBlas *blas,
			  const AeKernels *kernels, const float *params, AeTape *tape,
			  int rows, float scale)
{
	double		loss = 0.0;

	for (int r = 0; r < rows; r++)
	{
		double		odds = tape->h[3][(size_t) r * AE_LANES];

		loss += softplus(-odds);
		tape->dh[3][(size_t) r * AE_LANES] = -scale * (float) sigmoid(-odds);
	}
	ae_net_backward(critic, blas, kernels, params, tape, rows, NULL, NULL);
	return loss;
}
