/*
 * code_golden_test.c
 *	  Losses, gradients and optimiser steps of networks with a sparse or
 *	  variational code against values that PyTorch computed
 *	  (test/golden/make_codes.py).
 */
#include "golden.h"

#include "core/likelihood.h"
#include "core/objective.h"
#include "step.h"

/* float arithmetic against double, over five layers and ten steps */
#define TOLERANCE_VALUE 2e-5
#define TOLERANCE_STEPS 2e-4

#define ROWS 6
#define INPUTS 9
#define UNITS 4
#define OUTPUTS 10
#define LAYERS 5
#define COLUMNS 7
#define NUMBERS 5

static const AeLoss losses[COLUMNS] = {
	AE_LOSS_SQUARED, AE_LOSS_SQUARED, AE_LOSS_SQUARED, AE_LOSS_SQUARED,
	AE_LOSS_SQUARED, AE_LOSS_LOGISTIC, AE_LOSS_SOFTMAX
};

typedef struct Golden
{
	AeModel    *model;
	const AeKernels *kernels;
	AeTape	   *tape;
	double		x[ROWS * INPUTS];
	double		t[ROWS * OUTPUTS];
	float	   *target;
	float	   *grads;
	float	   *weight;
	AeResidual	residual[COLUMNS];
} Golden;

/* a network whose code is made by a layer of that kind */
static void
start(Golden *g, AeLayerKind kind, AeActivation activation)
{
	int			width = kind == AE_LAYER_GAUSSIAN ? 2 * UNITS : UNITS;
	const int	widths[] = {INPUTS, 8, width, UNITS, 8, OUTPUTS};
	AeModel    *m = golden_model(losses, COLUMNS);
	AeNet	   *net = &m->net;

	g->model = m;
	net->nlayers = LAYERS;
	net->ncoder = 3;
	net->layers = ae_arena_alloc(&m->arena, LAYERS, sizeof(AeLayer));
	for (int i = 0; i < LAYERS; i++)
	{
		net->layers[i].in = widths[i];
		net->layers[i].out = widths[i + 1];
	}
	net->layers[0].activation = net->layers[3].activation = AE_ACT_TANH;
	net->layers[1].activation = activation;
	net->layers[2].kind = kind;
	if (ae_net_plan(net) != AE_OK ||
		ae_tape_create(net, ROWS, &m->arena, &g->tape) != AE_OK)
		exit(1);
	m->params = ae_arena_alloc(&m->arena, net->nparams, sizeof(float));
	g->grads = ae_arena_alloc(&m->arena, net->nparams, sizeof(float));
	g->target = ae_arena_alloc(&m->arena, ROWS * AE_PAD(OUTPUTS),
							   sizeof(float));
	g->weight = ae_arena_alloc(&m->arena, OUTPUTS, sizeof(float));
	for (int i = 0; i < ROWS; i++)
	{
		for (int j = 0; j < INPUTS; j++)
			g->tape->h[0][i * AE_PAD(INPUTS) + j] =
				(float) g->x[i * INPUTS + j];
		for (int j = 0; j < OUTPUTS; j++)
			g->target[i * AE_PAD(OUTPUTS) + j] = (float) g->t[i * OUTPUTS + j];
	}
}

/* mean loss of the batch, with its gradients */
static double
pass(Golden *g, const double *noise, uint64_t step)
{
	AeModel    *m = g->model;
	AeTape	   *tape = g->tape;
	const float scale = 1.0f / ROWS;
	AeRng		rng;
	const AePass how = {.rng = &rng,.strength = 1.0f,.scale = scale};
	double		loss;

	ae_rng_seed(&rng, 99, step);
	loss = ae_net_forward(&m->net, &ae_blas_reference, g->kernels, m->params,
						  tape, ROWS, &how);
	if (noise != NULL)
		loss += ae_likelihood(m, g->kernels, noise, g->weight, ROWS,
							  AE_PAD(OUTPUTS), tape->h[LAYERS], g->target,
							  scale, tape->dh[LAYERS], g->residual);
	else
		loss += ae_objective(m, g->kernels, m->loss_weight, ROWS,
							 AE_PAD(OUTPUTS), tape->h[LAYERS], g->target,
							 scale, tape->dh[LAYERS]);
	ae_net_backward(&m->net, &ae_blas_reference, g->kernels, m->params, tape,
					ROWS, &how, g->grads);
	return loss / ROWS;
}

static void
test_sparse(Golden *g, const char *name, AeActivation activation,
			float penalty, float target, int kept)
{
	AeLayer    *code;
	double		error;
	double		loss;

	start(g, AE_LAYER_SPARSE, activation);
	g->model->options.variant = AE_VARIANT_SPARSE;
	g->model->options.sparsity = AE_SPARSITY_TOPK;
	g->model->options.active = 0.5;
	if (ae_model_prepare(g->model) != AE_OK)
		exit(1);
	code = &g->model->net.layers[2];
	code->penalty = penalty;
	code->target = target;
	code->kept = kept;
	for (int i = 0; i < OUTPUTS; i++)
		g->model->loss_weight[i] = 1.0f;
	read_params(&g->model->net, "p", g->model->params, true, NULL);
	loss = pass(g, NULL, 0);
	error = block_error(name, &loss, 1);
	ok(error < TOLERANCE_VALUE, "%s: loss of %s (%g)", g->kernels->name, name,
	   error);
	error = 0.0;
	read_params(&g->model->net, "g", g->grads, false, &error);
	ok(error < TOLERANCE_VALUE, "%s: gradients of %s (%g)", g->kernels->name,
	   name, error);
	ae_model_free(g->model);
}

static void
test_steps(Golden *g, double *noise)
{
	AeModel    *m = g->model;
	float	   *moments = ae_arena_alloc(&m->arena, 2 * m->net.nparams,
										 sizeof(float));
	AeOptions	options;
	AeOptimizer optimizer;
	double		found[10];
	double		error = 0.0;

	ae_options_init(&options);
	options.weight_decay = 0.05;
	options.clip_norm = 0.0;
	ae_optimizer_init(&optimizer, &options, moments,
					  moments + m->net.nparams);
	for (int step = 0; step < 10; step++)
	{
		found[step] = pass(g, noise, (uint64_t) step);
		ae_likelihood_learn(m, 1, g->residual, noise);
		if (step == 0)
			read_params(&m->net, "g", g->grads, false, &error);
		if (unit_optimizer_step(&optimizer, &m->net, g->kernels, step + 1,
								0.02, m->params, g->grads) != AE_OK)
			exit(1);
	}
	ok(error < TOLERANCE_VALUE, "%s: gradients of the lower bound (%g)",
	   g->kernels->name, error);
	error = block_error("losses", found, 10);
	ok(error < TOLERANCE_STEPS, "%s: ten lower bounds (%g)", g->kernels->name,
	   error);
	error = 0.0;
	read_params(&m->net, "p", m->params, false, &error);
	ok(error < TOLERANCE_STEPS, "%s: parameters after ten steps (%g)",
	   g->kernels->name, error);
	error = block_error("noise", noise, NUMBERS);
	ok(error < TOLERANCE_STEPS, "%s: noise after ten steps (%g)",
	   g->kernels->name, error);
}

static void
test_variational(Golden *g)
{
	double		noise[COLUMNS] = {0, 0, 0, 0, 0, 1, 1};

	start(g, AE_LAYER_GAUSSIAN, AE_ACT_LINEAR);
	g->model->options.variant = AE_VARIANT_VARIATIONAL;
	g->model->options.beta = 0.7;
	g->model->options.kl_warmup = 0.0;
	g->model->options.free_bits = 0.2;
	if (ae_model_prepare(g->model) != AE_OK)
		exit(1);
	read_block("noise", NUMBERS, noise);
	read_params(&g->model->net, "p", g->model->params, true, NULL);
	test_steps(g, noise);
	ae_model_free(g->model);
}

static void
run(const AeKernels *kernels)
{
	Golden		g = {.kernels = kernels};

	read_block("x", ROWS * INPUTS, g.x);
	read_block("t", ROWS * OUTPUTS, g.t);
	test_sparse(&g, "l1", AE_ACT_LINEAR, 0.3f, 0.0f, 0);
	test_sparse(&g, "kl", AE_ACT_SIGMOID, 0.3f, 0.1f, 0);
	test_sparse(&g, "topk", AE_ACT_LINEAR, 0.0f, 0.0f, 2);
	test_variational(&g);
}

int
main(void)
{
	golden_each("test/golden/codes.txt", run);
	ok(unit_alloc_live == 0, "nothing is left allocated");
	return done();
}
