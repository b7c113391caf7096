/*
 * set_golden_test.c
 *	  Losses, gradients and optimiser steps of a network on sets of items
 *	  against values that PyTorch computed (test/golden/make_sets.py).
 */
#include "golden_set.h"

#define ITEMS 12

static void
step(GoldenSet *g, int number)
{
	AeUpdate	update = {.step = (uint64_t) number + 1,.rate = RATE};
	AeSetRow	rows[BATCH];

	golden_set_batch(g, number, rows);
	golden_set_pass(g, rows, BATCH);
	if (ae_optimizer_begin(&g->optimizer, 0.0, &update) != AE_OK)
		exit(1);
	golden_set_update(g, &update, g->net.nlayers);
}

static void
run(const AeKernels *kernels)
{
	GoldenSet	g = {.kernels = kernels};
	double		loss;
	double		error;
	size_t		resting;
	float		before[2 * AE_PAD(HIDDEN)];

	golden_set_start(&g, ITEMS, AE_OPTIMIZER_ADAM);
	loss = golden_set_pass(&g, g.rows, ROWS);
	error = block_error("loss", &loss, 1);
	ok(error < TOLERANCE_VALUE, "loss of %s (%g)", g.kernels->name, error);
	error = golden_set_gradients(&g);
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
