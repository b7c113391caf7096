/*
 * head_fit.c
 *	  Training of a head on known anomalies and other rows.
 *
 * Few steps of balanced batches: more make it follow the few anomalies it
 * knows too closely.  docs/detection.md has what was measured.
 */
#include "core/head_fit.h"

#include <math.h>
#include <string.h>

#include "core/optim.h"

#define FIT_STEPS 400
#define FIT_RATE 3e-3
#define FIT_ROWS (2 * AE_HEAD_BATCH)

/* streams of the seed */
enum
{
	STREAM_WEIGHTS = 1,
	STREAM_ROWS
};

double
ae_head_loss(int ld, const float *output, float *gradient)
{
	const float share = 1.0f / AE_HEAD_BATCH;
	double		sum = 0.0;

	for (size_t i = 0; i < FIT_ROWS; i++)
	{
		float		y = output[i * (size_t) ld];
		bool		is_anomaly = i < AE_HEAD_BATCH;

		if (is_anomaly)
			sum += fmaxf(AE_HEAD_MARGIN - y, 0.0f);
		else
			sum += fabsf(y);
		gradient[i * (size_t) ld] =
			is_anomaly ? (y < AE_HEAD_MARGIN ? -share : 0.0f)
			: y > 0.0f ? share : y < 0.0f ? -share : 0.0f;
	}
	return sum * share;
}

/* AE_HEAD_BATCH random rows (count, ld) */
static void
fit_draw(AeRng *rng, const float *rows, int count, size_t ld, float *batch)
{
	for (size_t i = 0; i < AE_HEAD_BATCH; i++)
	{
		size_t		row = ae_rng_below(rng, (uint32_t) count);

		memcpy(batch + i * ld, rows + row * ld, ld * sizeof(float));
	}
}

static AeStatus
fit_optimizer(const AeHead *head, AeOptions *options, AeArena *arena,
			  AeOptimizer *optimizer)
{
	size_t		nparams = head->net.nparams;
	float	   *m = ae_arena_alloc(arena, nparams, sizeof(float));
	float	   *v = ae_arena_alloc(arena, nparams, sizeof(float));

	if (m == NULL || v == NULL)
		return AE_ERR_MEMORY;
	ae_options_init(options);
	options->optimizer = AE_OPTIMIZER_ADAM;
	options->schedule = AE_SCHEDULE_COSINE;
	options->learning_rate = FIT_RATE;
	options->warmup = 0.0;
	options->weight_decay = 0.0;
	options->clip_norm = 0.0;
	ae_optimizer_init(optimizer, options, m, v);
	return AE_OK;
}

/* a layer is a block */
static AeStatus
fit_step(AeHead *head, const AeOptimizer *optimizer,
		 const AeKernels *kernels, int step, double rate, float *grads)
{
	const AeNet *net = &head->net;
	AeUpdate	update = {.step = (uint64_t) step + 1,.rate = rate};
	AeBlock		blocks[AE_HEAD_LAYERS];
	int			nblocks = ae_net_blocks(net, net->nparams, blocks);

	AE_TRY(ae_optimizer_begin(optimizer,
							  kernels->sum_squares(net->nparams, grads),
							  &update));
	for (int i = 0; i < nblocks; i++)
		ae_optimizer_apply(optimizer, kernels, &update, &blocks[i],
						   head->params, grads);
	return AE_OK;
}

AeStatus
ae_head_fit(AeHead *head, const AeBlas *blas, const AeKernels *kernels,
			const float *anomalies, int nanomalies,
			const float *others, int nothers, uint64_t seed, AeArena *arena)
{
	const AeNet *net = &head->net;
	size_t		ld = AE_PAD((size_t) ae_net_inputs(net));
	float	   *grads = ae_arena_alloc(arena, net->nparams, sizeof(float));
	AeOptions	options;
	AeOptimizer optimizer;
	AeTape	   *tape;
	AeRng		rng;

	if (grads == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(fit_optimizer(head, &options, arena, &optimizer));
	AE_TRY(ae_tape_create(net, FIT_ROWS, arena, &tape));
	ae_net_init(net, ae_rng_key(seed, STREAM_WEIGHTS), head->params);
	ae_rng_seed(&rng, seed, STREAM_ROWS);
	for (int step = 0; step < FIT_STEPS; step++)
	{
		double		rate = ae_schedule_rate(&options,
											(double) step / FIT_STEPS);

		fit_draw(&rng, anomalies, nanomalies, ld, tape->h[0]);
		fit_draw(&rng, others, nothers, ld,
				 tape->h[0] + AE_HEAD_BATCH * ld);
		ae_net_forward(net, blas, kernels, head->params, tape, FIT_ROWS,
					   NULL);
		ae_head_loss(AE_PAD(1), tape->h[net->nlayers],
					 tape->dh[net->nlayers]);
		ae_net_backward(net, blas, kernels, head->params, tape, FIT_ROWS,
						NULL, grads);
		AE_TRY(fit_step(head, &optimizer, kernels, step, rate, grads));
	}
	return AE_OK;
}
