/*
 * set_golden_test.c
 *	  Losses, gradients and optimiser steps of a network on sets of items
 *	  against values that PyTorch computed (test/golden/make_sets.py).
 */
#include "golden.h"

#include "core/set_net.h"

/* float arithmetic against double, and over ten steps of Adam */
#define TOLERANCE_VALUE 2e-6
#define TOLERANCE_STEPS 5e-5

#define ITEMS 12
#define HIDDEN 7
#define CODE 5
#define ROWS 6
#define BATCH 4
#define STEPS 10
#define RATE 0.02

typedef struct Golden
{
	AeArena		arena;
	AeNet		net;
	AeSetTape  *tape;
	AeMember	members[ROWS * ITEMS];
	AeSetRow	rows[ROWS];
	float	   *params;
	float	   *grads;
	AeOptimizer optimizer;
	const AeKernels *kernels;
} Golden;

static void
start(Golden *g)
{
	const int	widths[] = {ITEMS, HIDDEN, CODE, ITEMS};
	double		sets[ROWS * ITEMS];
	AeOptions	options;
	int			next = 0;

	ae_arena_init(&g->arena, &unit_env);
	g->net.nlayers = 3;
	g->net.ncoder = 2;
	g->net.layers = ae_arena_alloc(&g->arena, 3, sizeof(AeLayer));
	for (int i = 0; i < 3; i++)
	{
		g->net.layers[i].in = widths[i];
		g->net.layers[i].out = widths[i + 1];
		g->net.layers[i].activation = i < 2 ? AE_ACT_TANH : AE_ACT_LINEAR;
	}
	if (ae_net_plan(&g->net) != AE_OK ||
		ae_set_tape_create(&g->net, ROWS, ROWS * ITEMS, &g->arena,
						   &g->tape) != AE_OK)
		exit(1);
	g->params = ae_arena_alloc(&g->arena, g->net.nparams, sizeof(float));
	g->grads = ae_arena_alloc(&g->arena, g->net.nparams, sizeof(float));
	ae_options_init(&options);
	options.optimizer = AE_OPTIMIZER_ADAM;
	options.weight_decay = 0.0;
	ae_optimizer_init(&g->optimizer, &options,
					  ae_arena_alloc(&g->arena, g->net.nparams,
									 sizeof(float)),
					  ae_arena_alloc(&g->arena, g->net.nparams,
									 sizeof(float)));
	g->optimizer.clip_norm = 0.0;
	read_block("sets", ROWS * ITEMS, sets);
	for (int r = 0; r < ROWS; r++)
	{
		g->rows[r].members = g->members + next;
		g->rows[r].count = 0;
		for (int i = 0; i < ITEMS; i++)
			if (sets[r * ITEMS + i] > 0.0)
			{
				g->members[next++] = (AeMember) {(uint32_t) i, 1.0f};
				g->rows[r].count++;
			}
	}
	read_params(&g->net, "start", g->params, true, NULL);
}

/* forward and backward; returns the loss of a row */
static double
pass_over(Golden *g, const AeSetRow *rows, int count)
{
	AePass		pass = {.strength = 1.0f,.scale = 1.0f / (float) count};
	double		loss;

	ae_set_read(g->tape, rows, count, 0.0f, NULL);
	loss = ae_set_forward(&g->net, &ae_blas_reference, g->kernels, g->params,
						  g->tape, &pass);
	loss += ae_set_backward(&g->net, &ae_blas_reference, g->kernels,
							g->params, g->tape, rows, &pass, g->grads);
	return loss / count;
}

static void
step(Golden *g, int number)
{
	AeUpdate	update = {.step = (uint64_t) number + 1,.rate = RATE};
	AeSetRow	rows[BATCH];

	for (int i = 0; i < BATCH; i++)
		rows[i] = g->rows[(number + i) % ROWS];
	pass_over(g, rows, BATCH);
	if (ae_optimizer_begin(&g->optimizer, 0.0, &update) != AE_OK)
		exit(1);
	ae_set_update_items(&g->net, g->kernels, &g->optimizer, &update,
						g->params, g->tape);
	for (int i = 0; i < g->net.nlayers; i++)
	{
		const AeLayer *layer = &g->net.layers[i];
		size_t		first = i > 0 ? layer->weights : layer->bias;
		size_t		count = layer->bias - first + AE_PAD((size_t) layer->out);

		ae_optimizer_step(&g->optimizer, g->kernels, &update, 0, count,
						  g->params + first, g->grads + first,
						  g->optimizer.m + first, g->optimizer.v + first);
	}
}

/* gradients of all parameters but the items' */
static double
compare_grads(const Golden *g)
{
	double		error = 0.0;

	for (int i = 0; i < g->net.nlayers; i++)
	{
		const AeLayer *layer = &g->net.layers[i];
		double		values[ITEMS * HIDDEN];

		if (i > 0)
		{
			read_block("grad", layer->in * layer->out, values);
			for (int r = 0; r < layer->in; r++)
				for (int c = 0; c < layer->out; c++)
					error = worst(error, g->grads[layer->weights +
												  r * AE_PAD(layer->out) + c],
								  values[r * layer->out + c]);
		}
		read_block("grad", layer->out, values);
		for (int c = 0; c < layer->out; c++)
			error = worst(error, g->grads[layer->bias + c], values[c]);
	}
	return error;
}

static void
run(const AeKernels *kernels)
{
	Golden		g = {.kernels = kernels};
	double		loss;
	double		error;
	size_t		resting;
	float		before[2 * AE_PAD(HIDDEN)];

	start(&g);
	loss = pass_over(&g, g.rows, ROWS);
	error = block_error("loss", &loss, 1);
	ok(error < TOLERANCE_VALUE, "loss of %s (%g)", g.kernels->name, error);
	error = compare_grads(&g);
	ok(error < TOLERANCE_VALUE, "gradients (%g)", error);

	resting = g.net.layers[0].weights + 10 * AE_PAD(HIDDEN);
	memcpy(before, g.params + resting, sizeof(before));
	for (int i = 0; i < STEPS; i++)
		step(&g, i);
	error = 0.0;
	read_params(&g.net, "end", g.params, false, &error);
	ok(error < TOLERANCE_STEPS, "ten steps (%g)", error);
	ok(memcmp(before, g.params + resting, sizeof(before)) == 0,
	   "items that are in no row stay as they are");
	ae_arena_free(&g.arena);
}

int
main(void)
{
	golden_each("test/golden/sets.txt", run);
	ok(unit_alloc_live == 0, "nothing is left");
	return done();
}
