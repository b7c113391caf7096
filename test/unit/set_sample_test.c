/*
 * set_sample_test.c
 *	  Sampled softmax: losses, gradients and optimiser steps against values
 *	  that PyTorch computed (test/golden/make_samples.py), gradients against
 *	  differences, and samples of all items against all items.
 */
#include "codec_model.h"
#include "golden.h"

#include "core/set_sample.h"

/* float arithmetic against double, and over ten steps of Adam */
#define TOLERANCE_VALUE 2e-6
#define TOLERANCE_STEPS 5e-5
#define TOLERANCE_DIFFERENCE 2e-3
#define DIFFERENCE 1e-2f

#define ITEMS 20
#define HIDDEN 7
#define CODE 5
#define ROWS 6
#define BATCH 4
#define STEPS 10
#define SAMPLE 8
#define SEED 31
#define RATE 0.02

typedef struct Sampled
{
	AeArena		arena;
	AeNet		net;
	AeItems		items;
	uint64_t	frequency[ITEMS];
	AeSetTape  *tape;
	AeSetSampler *sampler;
	AeMember	members[ROWS * ITEMS];
	AeSetRow	rows[ROWS];
	float	   *params;
	float	   *grads;
	AeOptimizer optimizer;
	const AeKernels *kernels;
} Sampled;

static float *
floats(Sampled *s)
{
	return ae_arena_alloc(&s->arena, s->net.nparams, sizeof(float));
}

static void
read_rows(Sampled *s)
{
	double		sets[ROWS * ITEMS];
	int			next = 0;

	read_block("sets", ROWS * ITEMS, sets);
	for (int r = 0; r < ROWS; r++)
	{
		s->rows[r].members = s->members + next;
		for (int i = 0; i < ITEMS; i++)
			if (sets[r * ITEMS + i] > 0.0)
			{
				s->members[next++] = (AeMember) {
					(uint32_t) i, (float) sets[r * ITEMS + i]
				};
				s->rows[r].count++;
			}
	}
}

static void
sample(Sampled *s, int negatives)
{
	must(ae_set_sampler_create(&s->net, &s->items, negatives, ROWS,
							   ROWS * ITEMS, s->params, &s->arena,
							   &s->sampler) == AE_OK);
}

static void
start(Sampled *s, AeOptimizerKind kind)
{
	const int	widths[] = {ITEMS, HIDDEN, CODE, ITEMS};
	AeOptions	options;

	rewind(golden);
	ae_arena_init(&s->arena, &unit_env);
	s->net.nlayers = 3;
	s->net.ncoder = 2;
	s->net.layers = ae_arena_alloc(&s->arena, 3, sizeof(AeLayer));
	for (int i = 0; i < 3; i++)
	{
		s->net.layers[i].in = widths[i];
		s->net.layers[i].out = widths[i + 1];
		s->net.layers[i].activation = i < 2 ? AE_ACT_TANH : AE_ACT_LINEAR;
	}
	must(ae_net_plan(&s->net) == AE_OK &&
		 ae_set_tape_create(&s->net, ROWS, ROWS * ITEMS, &s->arena,
							&s->tape) == AE_OK);
	s->params = floats(s);
	s->grads = floats(s);
	ae_options_init(&options);
	options.optimizer = kind;
	options.weight_decay = 0.0;
	ae_optimizer_init(&s->optimizer, &options, floats(s), floats(s));
	s->optimizer.clip_norm = 0.0;
	s->items.count = ITEMS;
	s->items.frequency = s->frequency;
	for (int i = 0; i < ITEMS; i++)
		s->frequency[i] = i == 0 ? 200 : (uint64_t) (30 - i);
	read_rows(s);
	read_params(&s->net, "start", s->params, true, NULL);
	sample(s, SAMPLE);
}

/* forward and backward; returns the loss of a row */
static double
pass_over(Sampled *s, const AeSetRow *rows, int count, uint64_t stream)
{
	AePass		pass = {.strength = 1.0f,.scale = 1.0f / (float) count};
	AeRng		rng;
	double		loss;

	ae_rng_seed(&rng, SEED, stream);
	ae_set_read(s->tape, rows, count, 0.0f, NULL);
	loss = ae_set_forward(&s->net, &ae_blas_reference, s->kernels, s->params,
						  s->tape, &pass);
	loss += ae_set_sampler_backward(s->sampler, &s->net, &ae_blas_reference,
									s->kernels, s->params, s->tape, rows,
									count, &pass, &rng, s->grads);
	return loss / count;
}

static void
step(Sampled *s, int number)
{
	AeUpdate	update = {.step = (uint64_t) number,.rate = RATE};
	AeSetRow	rows[BATCH];

	for (int i = 0; i < BATCH; i++)
		rows[i] = s->rows[(number + i) % ROWS];
	pass_over(s, rows, BATCH, (uint64_t) number);
	must(ae_optimizer_begin(&s->optimizer, 0.0, &update) == AE_OK);
	ae_set_update_items(&s->net, s->kernels, &s->optimizer, &update,
						s->params, s->tape);
	ae_set_sampler_update(s->sampler, s->kernels, &s->optimizer, &update);
	for (int i = 0; i < s->net.nlayers - 1; i++)
	{
		const AeLayer *layer = &s->net.layers[i];
		size_t		first = i > 0 ? layer->weights : layer->bias;
		size_t		count = layer->bias - first + AE_PAD((size_t) layer->out);

		ae_optimizer_step(&s->optimizer, s->kernels, &update, 0, count,
						  s->params + first, s->grads + first,
						  s->optimizer.m + first, s->optimizer.v + first);
	}
}

/* the gradients of the last layer: what a first step of length 1 takes off */
static void
take_gradients(Sampled *s)
{
	const AeLayer *last = &s->net.layers[s->net.nlayers - 1];
	AeUpdate	update = {.step = 1,.rate = 1.0};
	float	   *after = floats(s);

	must(ae_optimizer_begin(&s->optimizer, 0.0, &update) == AE_OK);
	ae_set_sampler_update(s->sampler, s->kernels, &s->optimizer, &update);
	ae_set_sampler_store(s->sampler, &s->net, after);
	for (size_t i = last->weights; i < s->net.nparams; i++)
		s->grads[i] = s->params[i] - after[i];
}

/* gradients of all parameters but the items' */
static double
compare_gradients(const Sampled *s)
{
	double		error = 0.0;

	for (int i = 0; i < s->net.nlayers; i++)
	{
		const AeLayer *layer = &s->net.layers[i];
		double		values[ITEMS * HIDDEN];

		if (i > 0)
		{
			read_block("grad", layer->in * layer->out, values);
			for (int r = 0; r < layer->in; r++)
				for (int c = 0; c < layer->out; c++)
					error = worst(error, s->grads[layer->weights +
												  r * AE_PAD(layer->out) + c],
								  values[r * layer->out + c]);
		}
		read_block("grad", layer->out, values);
		for (int c = 0; c < layer->out; c++)
			error = worst(error, s->grads[layer->bias + c], values[c]);
	}
	return error;
}

static void
test_gradients(const AeKernels *kernels)
{
	Sampled		s = {.kernels = kernels};
	double		expected;
	double		loss;
	double		error;

	start(&s, AE_OPTIMIZER_SGD);
	loss = pass_over(&s, s.rows, ROWS, 0);
	read_block("loss", 1, &expected);
	ok(worst(0.0, loss, expected) < TOLERANCE_VALUE, "loss of %s (%g)",
	   s.kernels->name, worst(0.0, loss, expected));
	take_gradients(&s);
	error = compare_gradients(&s);
	ok(error < TOLERANCE_VALUE, "gradients (%g)", error);
	ae_arena_free(&s.arena);
}

static void
test_steps(const AeKernels *kernels)
{
	Sampled		s = {.kernels = kernels};
	double		error = 0.0;
	double		skipped[ITEMS * HIDDEN];

	start(&s, AE_OPTIMIZER_ADAM);
	read_block("loss", 1, skipped);
	for (int i = 0; i < s.net.nlayers; i++)
	{
		const AeLayer *layer = &s.net.layers[i];

		if (i > 0)
			read_block("grad", layer->in * layer->out, skipped);
		read_block("grad", layer->out, skipped);
	}
	for (int i = 1; i <= STEPS; i++)
		step(&s, i);
	ae_set_sampler_store(s.sampler, &s.net, s.params);
	read_params(&s.net, "end", s.params, false, &error);
	ok(error < TOLERANCE_STEPS, "ten steps (%g)", error);
	ae_arena_free(&s.arena);
}

/* the loss after a parameter was moved */
static double
moved_loss(Sampled *s, size_t at, float by)
{
	double		loss;
	float		before = s->params[at];

	s->params[at] = before + by;
	sample(s, SAMPLE);
	loss = pass_over(s, s->rows, ROWS, 3);
	s->params[at] = before;
	return loss;
}

static void
test_differences(void)
{
	Sampled		s = {.kernels = ae_kernels_get(AE_KERNEL_AUTO)};
	float	   *grads;
	double		error = 0.0;

	start(&s, AE_OPTIMIZER_SGD);
	pass_over(&s, s.rows, ROWS, 3);
	take_gradients(&s);
	grads = floats(&s);
	memcpy(grads, s.grads, s.net.nparams * sizeof(float));
	for (int i = 1; i < s.net.nlayers; i++)
	{
		const AeLayer *layer = &s.net.layers[i];

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
	ae_arena_free(&s.arena);
}

/* a sample of all items is the softmax of all items */
static void
test_all(void)
{
	Sampled		s = {.kernels = ae_kernels_get(AE_KERNEL_AUTO)};
	AePass		pass = {.strength = 1.0f,.scale = 1.0f / ROWS};
	float	   *sampled;
	double		loss;
	double		full;
	double		error = 0.0;

	start(&s, AE_OPTIMIZER_SGD);
	sample(&s, 10 * ITEMS);
	loss = pass_over(&s, s.rows, ROWS, 1);
	take_gradients(&s);
	sampled = floats(&s);
	memcpy(sampled, s.grads, s.net.nparams * sizeof(float));
	ae_set_read(s.tape, s.rows, ROWS, 0.0f, NULL);
	full = ae_set_forward(&s.net, &ae_blas_reference, s.kernels, s.params,
						  s.tape, &pass);
	full += ae_set_backward(&s.net, &ae_blas_reference, s.kernels, s.params,
							s.tape, s.rows, &pass, s.grads);
	ok(worst(0.0, loss, full / ROWS) < TOLERANCE_VALUE, "loss of all items");
	for (int i = 1; i < s.net.nlayers; i++)
	{
		const AeLayer *layer = &s.net.layers[i];

		for (int r = 0; r <= layer->in; r++)
			for (int c = 0; c < layer->out; c++)
			{
				size_t		at = layer->weights +
					(size_t) (r * AE_PAD(layer->out) + c);

				error = worst(error, sampled[at], s.grads[at]);
			}
	}
	ok(error < TOLERANCE_VALUE, "gradients of all items (%g)", error);
	ae_arena_free(&s.arena);
}

int
main(void)
{
	golden = fopen("test/golden/samples.txt", "r");
	if (golden == NULL)
	{
		printf("Bail out! run this where test/golden/samples.txt is\n");
		return 1;
	}
	for (int i = AE_KERNEL_BASELINE; i <= AE_KERNEL_AVX512; i++)
	{
		const AeKernels *kernels = ae_kernels_get((AeKernelChoice) i);

		if (kernels == NULL)
			continue;
		test_gradients(kernels);
		test_steps(kernels);
	}
	test_differences();
	test_all();
	fclose(golden);
	ok(unit_alloc_live == 0, "nothing is left");
	return done();
}
