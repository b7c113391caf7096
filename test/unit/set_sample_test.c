/*
 * set_sample_test.c
 *	  Sampled softmax: losses, gradients and optimiser steps against values
 *	  that PyTorch computed (test/golden/make_samples.py), gradients against
 *	  differences, and samples of all items against all items.
 */
#include "codec_model.h"
#include "golden_set.h"

#include "core/set_sample.h"

#define SAMPLES "test/golden/samples.txt"

#define TOLERANCE_DIFFERENCE 2e-3
#define DIFFERENCE 1e-2f

#define ITEMS 20
#define SAMPLE 8
#define SEED 31

typedef struct Sampled
{
	GoldenSet	set;
	AeItems		items;
	uint64_t	frequency[ITEMS];
	AeSetSampler *sampler;
} Sampled;

static void
sample(Sampled *s, int negatives)
{
	must(ae_set_sampler_create(&s->set.net, &s->items, negatives, ROWS,
							   ROWS * ITEMS, s->set.params, &s->set.arena,
							   &s->sampler) == AE_OK);
}

static void
start(Sampled *s, AeOptimizerKind kind)
{
	rewind(golden);
	golden_set_start(&s->set, ITEMS, kind);
	s->items.count = ITEMS;
	s->items.frequency = s->frequency;
	for (int i = 0; i < ITEMS; i++)
		s->frequency[i] = i == 0 ? 200 : (uint64_t) (30 - i);
	sample(s, SAMPLE);
}

/* forward and backward; returns the loss of a row */
static double
pass_over(Sampled *s, const AeSetRow *rows, int count, uint64_t stream)
{
	GoldenSet  *g = &s->set;
	AePass		pass = {.strength = 1.0f,.scale = 1.0f / (float) count};
	AeRng		rng;
	double		loss;

	ae_rng_seed(&rng, SEED, stream);
	ae_set_read(g->tape, rows, count, 0.0f, NULL);
	loss = ae_set_forward(&g->net, &ae_blas_reference, g->kernels, g->params,
						  g->tape, &pass);
	loss += ae_set_sampler_backward(s->sampler, &g->net, &ae_blas_reference,
									g->kernels, g->params, g->tape, rows,
									count, &pass, &rng, g->grads);
	return loss / count;
}

static void
step(Sampled *s, int number)
{
	GoldenSet  *g = &s->set;
	AeUpdate	update = {.step = (uint64_t) number,.rate = RATE};
	AeSetRow	rows[BATCH];

	golden_set_batch(g, number, rows);
	pass_over(s, rows, BATCH, (uint64_t) number);
	must(ae_optimizer_begin(&g->optimizer, 0.0, &update) == AE_OK);
	golden_set_update(g, &update, g->net.nlayers - 1);
	ae_set_sampler_update(s->sampler, g->kernels, &g->optimizer, &update);
}

/* the gradients of the last layer: what a first step of length 1 takes off */
static void
take_gradients(Sampled *s)
{
	GoldenSet  *g = &s->set;
	const AeLayer *last = &g->net.layers[g->net.nlayers - 1];
	AeUpdate	update = {.step = 1,.rate = 1.0};
	float	   *after = golden_set_floats(g);

	must(ae_optimizer_begin(&g->optimizer, 0.0, &update) == AE_OK);
	ae_set_sampler_update(s->sampler, g->kernels, &g->optimizer, &update);
	ae_set_sampler_store(s->sampler, &g->net, after);
	for (size_t i = last->weights; i < g->net.nparams; i++)
		g->grads[i] = g->params[i] - after[i];
}

static void
test_gradients(const AeKernels *kernels)
{
	Sampled		s = {.set.kernels = kernels};
	double		expected;
	double		loss;
	double		error;

	start(&s, AE_OPTIMIZER_SGD);
	loss = pass_over(&s, s.set.rows, ROWS, 0);
	read_block("loss", 1, &expected);
	ok(worst(0.0, loss, expected) < TOLERANCE_VALUE, "loss of %s (%g)",
	   s.set.kernels->name, worst(0.0, loss, expected));
	take_gradients(&s);
	error = golden_set_gradients(&s.set);
	ok(error < TOLERANCE_VALUE, "gradients (%g)", error);
	ae_arena_free(&s.set.arena);
}

static void
test_steps(const AeKernels *kernels)
{
	Sampled		s = {.set.kernels = kernels};
	double		error = 0.0;
	double		skipped[ITEMS * HIDDEN];

	start(&s, AE_OPTIMIZER_ADAM);
	read_block("loss", 1, skipped);
	for (int i = 0; i < s.set.net.nlayers; i++)
	{
		const AeLayer *layer = &s.set.net.layers[i];

		if (i > 0)
			read_block("grad", layer->in * layer->out, skipped);
		read_block("grad", layer->out, skipped);
	}
	for (int i = 1; i <= STEPS; i++)
		step(&s, i);
	ae_set_sampler_store(s.sampler, &s.set.net, s.set.params);
	read_params(&s.set.net, "end", s.set.params, false, &error);
	ok(error < TOLERANCE_STEPS, "ten steps (%g)", error);
	ae_arena_free(&s.set.arena);
}

/* the loss after a parameter was moved */
static double
moved_loss(Sampled *s, size_t at, float by)
{
	double		loss;
	float		before = s->set.params[at];

	s->set.params[at] = before + by;
	sample(s, SAMPLE);
	loss = pass_over(s, s->set.rows, ROWS, 3);
	s->set.params[at] = before;
	return loss;
}

static void
test_differences(void)
{
	Sampled		s = {.set.kernels = ae_kernels_get(AE_KERNEL_AUTO)};
	float	   *grads;
	double		error = 0.0;

	start(&s, AE_OPTIMIZER_SGD);
	pass_over(&s, s.set.rows, ROWS, 3);
	take_gradients(&s);
	grads = golden_set_floats(&s.set);
	memcpy(grads, s.set.grads, s.set.net.nparams * sizeof(float));
	for (int i = 1; i < s.set.net.nlayers; i++)
	{
		const AeLayer *layer = &s.set.net.layers[i];

		/* the row behind the weights is that of the biases */
		for (int r = 0; r <= layer->in; r++)
			for (int c = 0; c < layer->out; c++)
			{
				size_t		at = layer->weights +
					(size_t) (r * AE_PAD(layer->out) + c);
				double		slope = (moved_loss(&s, at, DIFFERENCE) -
									 moved_loss(&s, at, -DIFFERENCE)) /
					(2.0 * DIFFERENCE);

				error = worst(error, grads[at], slope);
			}
	}
	ok(error < TOLERANCE_DIFFERENCE, "differences of the loss (%g)", error);
	ae_arena_free(&s.set.arena);
}

/* a sample of all items is the softmax of all items */
static void
test_all(void)
{
	Sampled		s = {.set.kernels = ae_kernels_get(AE_KERNEL_AUTO)};
	float	   *sampled;
	double		loss;
	double		full;
	double		error = 0.0;

	start(&s, AE_OPTIMIZER_SGD);
	sample(&s, 10 * ITEMS);
	loss = pass_over(&s, s.set.rows, ROWS, 1);
	take_gradients(&s);
	sampled = golden_set_floats(&s.set);
	memcpy(sampled, s.set.grads, s.set.net.nparams * sizeof(float));
	full = golden_set_pass(&s.set, s.set.rows, ROWS);
	ok(worst(0.0, loss, full) < TOLERANCE_VALUE, "loss of all items");
	for (int i = 1; i < s.set.net.nlayers; i++)
	{
		const AeLayer *layer = &s.set.net.layers[i];

		for (int r = 0; r <= layer->in; r++)
			for (int c = 0; c < layer->out; c++)
			{
				size_t		at = layer->weights +
					(size_t) (r * AE_PAD(layer->out) + c);

				error = worst(error, sampled[at], s.set.grads[at]);
			}
	}
	ok(error < TOLERANCE_VALUE, "gradients of all items (%g)", error);
	ae_arena_free(&s.set.arena);
}

int
main(void)
{
	golden_each(SAMPLES, test_gradients);
	golden_each(SAMPLES, test_steps);
	golden_open(SAMPLES);
	test_differences();
	test_all();
	fclose(golden);
	ok(unit_alloc_live == 0, "nothing is left");
	return done();
}
