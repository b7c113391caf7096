/*
 * contract_golden_test.c
 *	  The contractive penalty, its gradients and optimiser steps against
 *	  values that PyTorch computed (test/golden/make_contract.py).
 */
#include "golden.h"

#include "core/contract.h"
#include "step.h"

/* float arithmetic against double, and over ten steps */
#define TOLERANCE_VALUE 2e-5
#define TOLERANCE_STEPS 2e-4

#define ROWS 6
#define LAYERS 5
#define ENCODER 3
#define STEPS 10
#define WEIGHT 0.05f
#define MAX_VALUES 128

static const int widths[LAYERS + 1] = {9, 8, 5, 3, 8, 9};

typedef struct Network
{
	AeNet		net;
	AeLayer		layers[LAYERS];
	AeArena		arena;
	AeTape	   *tape;
	AeContract *contract;
	float	   *params;
	float	   *grads;
	float		x[ROWS * 16];	/* padded */
} Network;

static void
network_create(Network *n)
{
	memset(n, 0, sizeof(Network));
	ae_arena_init(&n->arena, &unit_env);
	n->net.nlayers = LAYERS;
	n->net.ncoder = ENCODER;
	n->net.layers = n->layers;
	for (int i = 0; i < LAYERS; i++)
	{
		n->layers[i].in = widths[i];
		n->layers[i].out = widths[i + 1];
	}
	if (ae_net_plan(&n->net) != AE_OK ||
		ae_tape_create(&n->net, ROWS, &n->arena, &n->tape) != AE_OK ||
		ae_contract_create(&n->net, n->tape, AE_CONTRACTION_EXACT, &n->arena,
						   &n->contract) != AE_OK)
		exit(1);
	n->params = ae_arena_alloc(&n->arena, n->net.nparams, sizeof(float));
	n->grads = ae_arena_alloc(&n->arena, n->net.nparams, sizeof(float));
}

/* code and output stay linear */
static void
set_activation(Network *n, AeActivation activation)
{
	for (int i = 0; i < LAYERS; i++)
		if (i != ENCODER - 1 && i != LAYERS - 1)
			n->layers[i].activation = activation;
}

/* gradients of (squared error + WEIGHT * penalty) / ROWS, which is returned */
static double
pass(Network *n, const AeKernels *kernels, double *penalty)
{
	AePass		pass = {.strength = 1.0f,.scale = 1.0f / ROWS};
	float	   *o = n->tape->h[LAYERS];
	float	   *d = n->tape->dh[LAYERS];
	double		loss = 0.0;

	memcpy(n->tape->h[0], n->x, sizeof(n->x));
	ae_net_forward(&n->net, &ae_blas_reference, kernels, n->params, n->tape,
				   ROWS, &pass);
	for (int i = 0; i < ROWS * 16; i++)
	{
		float		error = i % 16 < widths[0] ? o[i] - n->x[i] : 0.0f;

		d[i] = 2.0f * error / ROWS;
		loss += (double) error * error;
	}
	*penalty = ae_contract_penalty(n->contract, &ae_blas_reference, kernels,
								   n->params, ROWS, &pass, WEIGHT);
	ae_net_backward(&n->net, &ae_blas_reference, kernels, n->params, n->tape,
					ROWS, &pass, n->grads);
	ae_contract_add(n->contract, n->grads);
	return (loss + *penalty) / ROWS;
}

static void
test_steps(Network *n, const AeKernels *kernels)
{
	AeOptions	options;
	AeOptimizer optimizer;
	float	   *m = ae_arena_alloc(&n->arena, n->net.nparams, sizeof(float));
	float	   *v = ae_arena_alloc(&n->arena, n->net.nparams, sizeof(float));
	double		expected[STEPS];
	double		error = 0.0;

	ae_options_init(&options);
	options.weight_decay = 0.05;
	options.clip_norm = 0.5;
	ae_optimizer_init(&optimizer, &options, m, v);
	set_activation(n, AE_ACT_TANH);
	read_block("adamw", STEPS, expected);
	for (int step = 0; step < STEPS; step++)
	{
		double		penalty;

		error = worst(error, pass(n, kernels, &penalty), expected[step]);
		if (unit_optimizer_step(&optimizer, &n->net, kernels, step + 1, 0.02,
								n->params, n->grads) != AE_OK)
			error = NAN;
	}
	ok(error < TOLERANCE_STEPS, "%s: ten losses (%g)", kernels->name, error);
	error = 0.0;
	read_params(&n->net, "p", n->params, false, &error);
	ok(error < TOLERANCE_STEPS, "%s: parameters after ten steps (%g)",
	   kernels->name, error);
}

static void
run(const AeKernels *kernels)
{
	Network		n;
	double		values[MAX_VALUES];

	network_create(&n);
	read_block("x", ROWS * widths[0], values);
	for (int i = 0; i < ROWS * widths[0]; i++)
		n.x[i / widths[0] * 16 + i % widths[0]] = (float) values[i];
	read_params(&n.net, "p", n.params, true, NULL);
	for (int a = 0; a < AE_ACT_COUNT; a++)
	{
		double		penalty;
		double		error;

		set_activation(&n, (AeActivation) a);
		pass(&n, kernels, &penalty);
		penalty /= WEIGHT;
		error = block_error(ae_activation_names[a], &penalty, 1);
		ok(error < TOLERANCE_VALUE, "%s: penalty of %s (%g)", kernels->name,
		   ae_activation_names[a], error);
		error = 0.0;
		read_params(&n.net, "g", n.grads, false, &error);
		ok(error < TOLERANCE_VALUE, "%s: gradients of %s (%g)", kernels->name,
		   ae_activation_names[a], error);
	}
	test_steps(&n, kernels);
	ae_arena_free(&n.arena);
}

int
main(void)
{
	golden_each("test/golden/contract.txt", run);
	return done();
}
