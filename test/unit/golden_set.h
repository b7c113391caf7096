/*
 * golden_set.h
 *	  A network on sets of items, from a file of values that PyTorch computed.
 */
#ifndef UNIT_GOLDEN_SET_H
#define UNIT_GOLDEN_SET_H

#include "golden.h"

#include "core/set_net.h"

/* float arithmetic against double, and over ten steps of Adam */
#define TOLERANCE_VALUE 2e-6
#define TOLERANCE_STEPS 5e-5

#define MAX_ITEMS 20
#define HIDDEN 7
#define CODE 5
#define ROWS 6
#define BATCH 4
#define STEPS 10
#define RATE 0.02

typedef struct GoldenSet
{
	AeArena		arena;
	AeNet		net;
	AeSetTape  *tape;
	AeMember	members[ROWS * MAX_ITEMS];
	AeSetRow	rows[ROWS];
	float	   *params;
	float	   *grads;
	AeOptimizer optimizer;
	const AeKernels *kernels;
} GoldenSet;

/* as many as the network has parameters */
static inline float *
golden_set_floats(GoldenSet *g)
{
	return ae_arena_alloc(&g->arena, g->net.nparams, sizeof(float));
}

static inline void
golden_set_rows(GoldenSet *g, int nitems)
{
	double		sets[ROWS * MAX_ITEMS];
	int			next = 0;

	read_block("sets", ROWS * nitems, sets);
	for (int r = 0; r < ROWS; r++)
	{
		g->rows[r].members = g->members + next;
		for (int i = 0; i < nitems; i++)
			if (sets[r * nitems + i] > 0.0)
			{
				g->members[next++] = (AeMember) {
					(uint32_t) i, (float) sets[r * nitems + i]
				};
				g->rows[r].count++;
			}
	}
}

/* *g is empty but for the kernels */
static inline void
golden_set_start(GoldenSet *g, int nitems, AeOptimizerKind kind)
{
	const int	widths[] = {nitems, HIDDEN, CODE, nitems};
	AeOptions	options;

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
		ae_set_tape_create(&g->net, ROWS, ROWS * nitems, &g->arena,
						   &g->tape) != AE_OK)
		exit(1);
	g->params = golden_set_floats(g);
	g->grads = golden_set_floats(g);
	ae_options_init(&options);
	options.optimizer = kind;
	options.weight_decay = 0.0;
	ae_optimizer_init(&g->optimizer, &options, golden_set_floats(g),
					  golden_set_floats(g));
	g->optimizer.clip_norm = 0.0;
	golden_set_rows(g, nitems);
	read_params(&g->net, "start", g->params, true, NULL);
}

/* the rows of a step */
static inline void
golden_set_batch(const GoldenSet *g, int number, AeSetRow *rows)
{
	for (int i = 0; i < BATCH; i++)
		rows[i] = g->rows[(number + i) % ROWS];
}

/* forward and backward, over all items; returns the loss of a row */
static inline double
golden_set_pass(GoldenSet *g, const AeSetRow *rows, int count)
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

/* a step of the optimiser for the items that went in and the first nlayers
 * layers */
static inline void
golden_set_update(GoldenSet *g, const AeUpdate *update, int nlayers)
{
	ae_set_update_items(&g->net, g->kernels, &g->optimizer, update,
						g->params, g->tape);
	for (int i = 0; i < nlayers; i++)
	{
		const AeLayer *layer = &g->net.layers[i];
		size_t		first = i > 0 ? layer->weights : layer->bias;
		size_t		count = layer->bias - first + AE_PAD((size_t) layer->out);

		ae_optimizer_step(&g->optimizer, g->kernels, update, 0, count,
						  g->params + first, g->grads + first,
						  g->optimizer.m + first, g->optimizer.v + first);
	}
}

/* the largest error of the gradients of all parameters but the items' */
static inline double
golden_set_gradients(const GoldenSet *g)
{
	double		error = 0.0;

	for (int i = 0; i < g->net.nlayers; i++)
	{
		const AeLayer *layer = &g->net.layers[i];
		double		values[MAX_ITEMS * HIDDEN];

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

#endif							/* UNIT_GOLDEN_SET_H */
