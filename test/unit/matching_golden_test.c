/*
 * matching_golden_test.c
 *	  Steps of networks whose codes are matched to a normal distribution
 *	  against values that PyTorch computed (test/golden/make_matching.py).
 */
#include "golden.h"

#include "core/critic.h"
#include "core/matching.h"
#include "core/objective.h"
#include "step.h"

/* float arithmetic against double, and over ten steps */
#define TOLERANCE_VALUE 2e-5
#define TOLERANCE_STEPS 2e-4

#define ROWS 12
#define INPUTS 6
#define UNITS 3
#define LAYERS 4

#define MMD_WEIGHT 0.5f
#define ADVERSARIAL_WEIGHT 0.3f

typedef struct Golden
{
	AeModel    *model;
	const AeKernels *kernels;
	AeTape	   *tape;
	AeTape	   *companion;
	AeMatching *matching;
	float	   *code_gradient;
	float	   *grads;
	float	   *companion_grads;
	AeOptimizer optimizer;
	AeOptimizer companion_optimizer;
	double		x[ROWS * INPUTS];
} Golden;

static float *
floats(Golden *g, size_t count)
{
	float	   *x = ae_arena_alloc(&g->model->arena, count, sizeof(float));

	if (x == NULL)
		exit(1);
	return x;
}

static void
start_optimizer(Golden *g, AeOptimizer *optimizer, size_t nparams)
{
	AeOptions	options;

	ae_options_init(&options);
	options.weight_decay = 0.05;
	options.clip_norm = 0.0;
	ae_optimizer_init(optimizer, &options, floats(g, nparams),
					  floats(g, nparams));
}

/* a plain network, and perhaps a critic */
static void
start(Golden *g, bool has_critic)
{
	static const int widths[] = {INPUTS, 7, UNITS, 7, INPUTS};
	static const AeLoss losses[INPUTS] = {AE_LOSS_SQUARED};
	AeModel    *m = golden_model(losses, INPUTS);
	AeNet	   *net = &m->net;

	g->model = m;
	net->nlayers = LAYERS;
	net->ncoder = 2;
	net->layers = ae_arena_alloc(&m->arena, LAYERS, sizeof(AeLayer));
	for (int i = 0; i < LAYERS; i++)
	{
		net->layers[i].in = widths[i];
		net->layers[i].out = widths[i + 1];
		net->layers[i].activation = i % 2 == 0 ? AE_ACT_TANH : AE_ACT_LINEAR;
	}
	m->options.nhidden = 0;
	if (ae_net_plan(net) != AE_OK || ae_model_prepare(m) != AE_OK ||
		ae_tape_create(net, ROWS, &m->arena, &g->tape) != AE_OK ||
		ae_matching_create(UNITS, &m->arena, &g->matching) != AE_OK)
		exit(1);
	for (int i = 0; i < INPUTS; i++)
		m->loss_weight[i] = 1.0f;
	m->params = floats(g, net->nparams);
	g->grads = floats(g, net->nparams);
	start_optimizer(g, &g->optimizer, net->nparams);
	g->code_gradient = floats(g, ROWS * AE_PAD(UNITS));
	g->tape->code_gradient = g->code_gradient;
	read_params(net, "p", m->params, true, NULL);
	for (int i = 0; i < ROWS; i++)
		for (int j = 0; j < INPUTS; j++)
			g->tape->h[0][i * AE_PAD(INPUTS) + j] =
				(float) g->x[i * INPUTS + j];
	if (!has_critic)
		return;
	if (ae_critic_plan(m) != AE_OK ||
		ae_tape_create(&m->companion, 2 * ROWS, &m->arena, &g->companion) !=
		AE_OK)
		exit(1);
	g->companion->dh[0] = floats(g, 2 * ROWS * AE_PAD(UNITS));
	g->tape->code_gradient = g->companion->dh[0];
	m->companion_params = floats(g, m->companion.nparams);
	g->companion_grads = floats(g, m->companion.nparams);
	start_optimizer(g, &g->companion_optimizer, m->companion.nparams);
	read_params(&m->companion, "p", m->companion_params, true, NULL);
}

/* what the codes in the tape cost */
static double
match(Golden *g, uint64_t step)
{
	const AeNet *critic = &g->model->companion;
	const float *params = g->model->companion_params;
	const float *codes = g->tape->h[2];
	const float scale = 1.0f / ROWS;
	AeRng		rng;

	if (critic->nlayers == 0)
		return MMD_WEIGHT *
			ae_matching_distance(g->matching, &ae_blas_reference, g->kernels,
								 ROWS, codes, MMD_WEIGHT * scale,
								 g->code_gradient);
	ae_rng_seed(&rng, 99, step);
	ae_critic_learn(critic, &ae_blas_reference, g->kernels, params,
					g->companion, ROWS, codes, &rng, scale,
					g->companion_grads);
	return ADVERSARIAL_WEIGHT *
		ae_critic_ask(critic, &ae_blas_reference, g->kernels, params,
					  g->companion, ROWS, ADVERSARIAL_WEIGHT * scale);
}

/* mean loss of the batch, with its gradients */
static double
pass(Golden *g, uint64_t step)
{
	AeModel    *m = g->model;
	AeTape	   *tape = g->tape;
	double		loss;

	ae_net_forward(&m->net, &ae_blas_reference, g->kernels, m->params, tape,
				   ROWS, NULL);
	loss = match(g, step);
	loss += ae_objective(m, g->kernels, m->loss_weight, ROWS, AE_PAD(INPUTS),
						 tape->h[LAYERS], tape->h[0], 1.0f / ROWS,
						 tape->dh[LAYERS]);
	ae_net_backward(&m->net, &ae_blas_reference, g->kernels, m->params, tape,
					ROWS, NULL, g->grads);
	return loss / ROWS;
}

static void
take_step(Golden *g, int step)
{
	AeModel    *m = g->model;

	if (unit_optimizer_step(&g->optimizer, &m->net, g->kernels, step + 1,
							0.02, m->params, g->grads) != AE_OK ||
		(ae_model_has_companion(m) &&
		 unit_optimizer_step(&g->companion_optimizer, &m->companion,
							 g->kernels, step + 1, 0.02, m->companion_params,
							 g->companion_grads) != AE_OK))
		exit(1);
}

/* the largest error of the values of both networks */
static double
compare(Golden *g, const char *name, float *values, float *companion_values)
{
	double		error = 0.0;

	read_params(&g->model->net, name, values, false, &error);
	if (ae_model_has_companion(g->model))
		read_params(&g->model->companion, name, companion_values, false,
					&error);
	return error;
}

static void
test_steps(Golden *g, const char *name)
{
	AeModel    *m = g->model;
	double		found[10];
	double		error = 0.0;

	for (int step = 0; step < 10; step++)
	{
		found[step] = pass(g, (uint64_t) step);
		if (step == 0)
			error = compare(g, "g", g->grads, g->companion_grads);
		take_step(g, step);
	}
	ok(error < TOLERANCE_VALUE, "%s, %s: gradients (%g)", g->kernels->name,
	   name, error);
	error = block_error("losses", found, 10);
	ok(error < TOLERANCE_STEPS, "%s, %s: ten losses (%g)", g->kernels->name,
	   name, error);
	error = compare(g, "p", m->params, m->companion_params);
	ok(error < TOLERANCE_STEPS, "%s, %s: parameters after ten steps (%g)",
	   g->kernels->name, name, error);
	ae_model_free(m);
}

static void
run(const AeKernels *kernels)
{
	Golden		g = {.kernels = kernels};

	read_block("x", ROWS * INPUTS, g.x);
	start(&g, false);
	test_steps(&g, "mmd");
	start(&g, true);
	test_steps(&g, "adversarial");
}

int
main(void)
{
	golden_each("test/golden/matching.txt", run);
	ok(unit_alloc_live == 0, "nothing is left allocated");
	return done();
}
