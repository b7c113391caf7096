/*
 * golden_test.c
 *	  Forward pass, loss, gradients and optimiser steps against values that
 *	  PyTorch computed (test/golden/make_golden.py).
 */
#include "golden.h"

#include "core/objective.h"
#include "step.h"

/* float arithmetic against double, over four layers and ten steps */
#define TOLERANCE_VALUE 2e-5
#define TOLERANCE_STEPS 2e-4

#define ROWS 6
#define OUTPUTS 10
#define LAYERS 4

static const int widths[LAYERS + 1] = {9, 8, 3, 8, OUTPUTS};

/* every kind of loss: 3 squared, absolute, Huber, logistic, softmax over 4 */
static AeModel *
make_model(void)
{
	static const AeLoss losses[] = {
		AE_LOSS_SQUARED, AE_LOSS_SQUARED, AE_LOSS_SQUARED, AE_LOSS_ABSOLUTE,
		AE_LOSS_HUBER, AE_LOSS_LOGISTIC, AE_LOSS_SOFTMAX
	};
	AeModel    *model = golden_model(losses,
									 sizeof(losses) / sizeof(losses[0]));

	model->net.nlayers = LAYERS;
	model->net.ncoder = 2;
	model->net.layers = ae_arena_alloc(&model->arena, LAYERS, sizeof(AeLayer));
	for (int i = 0; i < LAYERS; i++)
	{
		model->net.layers[i].in = widths[i];
		model->net.layers[i].out = widths[i + 1];
	}
	if (model->features->output_width != OUTPUTS ||
		ae_net_plan(&model->net) != AE_OK ||
		ae_model_prepare(model) != AE_OK)
		exit(1);
	model->params = ae_arena_alloc(&model->arena, model->net.nparams,
								   sizeof(float));
	return model;
}

static void
set_activation(AeModel *model, AeActivation activation)
{
	model->net.layers[0].activation = activation;
	model->net.layers[2].activation = activation;
}

/* forward, loss and gradients of one batch; returns the mean loss */
static double
pass(AeModel *model, const AeKernels *kernels, AeTape *tape,
	 const double *x, const double *t, float *target, float *grads)
{
	int			ldi = AE_PAD(widths[0]);
	int			ldo = AE_PAD(OUTPUTS);
	double		loss;

	for (int i = 0; i < ROWS; i++)
	{
		for (int j = 0; j < widths[0]; j++)
			tape->h[0][i * ldi + j] = (float) x[i * widths[0] + j];
		for (int j = 0; j < OUTPUTS; j++)
			target[i * ldo + j] = (float) t[i * OUTPUTS + j];
	}
	ae_net_forward(&model->net, &ae_blas_reference, kernels, model->params,
				   tape, ROWS, NULL);
	loss = ae_objective(model, kernels, model->loss_weight, ROWS, ldo,
						tape->h[LAYERS], target, 1.0f / ROWS,
						tape->dh[LAYERS]) / ROWS;
	ae_net_backward(&model->net, &ae_blas_reference, kernels, model->params,
					tape, ROWS, NULL, grads);
	return loss;
}

static void
run(const AeKernels *kernels)
{
	AeModel    *model = make_model();
	AeArena		arena;
	AeTape	   *tape;
	double		x[ROWS * 9];
	double		t[ROWS * OUTPUTS];
	double		w[OUTPUTS];
	double		expected[ROWS * OUTPUTS];
	float	   *target;
	float	   *grads;
	float	   *start;
	size_t		bytes = model->net.nparams * sizeof(float);

	ae_arena_init(&arena, &unit_env);
	if (ae_tape_create(&model->net, ROWS, &arena, &tape) != AE_OK)
		exit(1);
	target = ae_arena_alloc(&arena, ROWS * AE_PAD(OUTPUTS), sizeof(float));
	grads = ae_arena_alloc(&arena, 1, bytes);
	start = ae_arena_alloc(&arena, 1, bytes);
	read_block("x", ROWS * 9, x);
	read_block("t", ROWS * OUTPUTS, t);
	read_block("w", OUTPUTS, w);
	for (int i = 0; i < OUTPUTS; i++)
		model->loss_weight[i] = (float) w[i];
	read_params(&model->net, "p", start, true, NULL);

	for (int a = 0; a < AE_ACT_COUNT; a++)
	{
		double		error = 0.0;
		double		loss;

		memcpy(model->params, start, bytes);
		set_activation(model, (AeActivation) a);
		loss = pass(model, kernels, tape, x, t, target, grads);
		read_block(ae_activation_names[a], ROWS * OUTPUTS, expected);
		for (int i = 0; i < ROWS * OUTPUTS; i++)
		{
			int			at = i / OUTPUTS * AE_PAD(OUTPUTS) + i % OUTPUTS;

			error = worst(error, tape->h[LAYERS][at], expected[i]);
		}
		ok(error < TOLERANCE_VALUE, "%s: outputs of %s (%g)", kernels->name,
		   ae_activation_names[a], error);
		error = block_error("loss", &loss, 1);
		ok(error < TOLERANCE_VALUE, "%s: loss of %s (%g)", kernels->name,
		   ae_activation_names[a], error);
		error = 0.0;
		read_params(&model->net, "g", grads, false, &error);
		ok(error < TOLERANCE_VALUE, "%s: gradients of %s (%g)", kernels->name,
		   ae_activation_names[a], error);
	}

	set_activation(model, AE_ACT_TANH);
	for (int kind = AE_OPTIMIZER_ADAMW; kind <= AE_OPTIMIZER_ADAGRAD; kind++)
	{
		static const char *const names[] = {
			"adamw", "adam", "sgd", "rmsprop", "adagrad"
		};
		AeOptions	options;
		AeOptimizer optimizer;
		float	   *moments = ae_arena_alloc(&arena, 2, bytes);
		double		error = 0.0;

		ae_options_init(&options);
		options.optimizer = kind;
		options.weight_decay = 0.05;
		options.clip_norm = 0.5;
		if (moments == NULL)
			exit(1);
		ae_optimizer_init(&optimizer, &options, moments,
						  moments + model->net.nparams);
		memcpy(model->params, start, bytes);
		read_block(names[kind], 10, expected);
		for (int step = 0; step < 10; step++)
		{
			double		loss = pass(model, kernels, tape, x, t, target, grads);

			error = worst(error, loss, expected[step]);
			if (unit_optimizer_step(&optimizer, &model->net, kernels,
									step + 1, 0.02, model->params,
									grads) != AE_OK)
				error = NAN;
		}
		ok(error < TOLERANCE_STEPS, "%s: ten losses of %s (%g)",
		   kernels->name, names[kind], error);
		error = 0.0;
		read_params(&model->net, "p", model->params, false, &error);
		ok(error < TOLERANCE_STEPS, "%s: parameters after ten steps of %s (%g)",
		   kernels->name, names[kind], error);
	}
	ae_arena_free(&arena);
	ae_model_free(model);
}

int
main(void)
{
	golden_each("test/golden/golden.txt", run);
	return done();
}
