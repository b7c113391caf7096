/*
 * golden_test.c
 *	  Forward pass, loss, gradients and optimiser steps against values that
 *	  PyTorch computed (test/golden/make_golden.py).
 */
#include "unit.h"

#include "core/objective.h"
#include "step.h"

/* float arithmetic against double, over four layers and ten steps */
#define TOLERANCE_VALUE 2e-5
#define TOLERANCE_STEPS 2e-4

#define ROWS 6
#define OUTPUTS 10
#define LAYERS 4
#define NPARAM_BLOCKS (2 * LAYERS)

static const int widths[LAYERS + 1] = {9, 8, 3, 8, OUTPUTS};

static FILE *golden;

/* the next block of the file, which must have that name and count */
static void
read_block(const char *name, int count, double *values)
{
	char		found[64];
	int			n;

	if (fscanf(golden, "%63s %d", found, &n) != 2 ||
		strcmp(found, name) != 0 || n != count)
	{
		printf("Bail out! expected block %s of %d values\n", name, count);
		exit(1);
	}
	for (int i = 0; i < n; i++)
		if (fscanf(golden, "%lf", &values[i]) != 1)
		{
			printf("Bail out! block %s is cut short\n", name);
			exit(1);
		}
}

static double
worst(double so_far, double found, double expected)
{
	double		error = fabs(found - expected) / (1.0 + fabs(expected));

	return error > so_far || isnan(error) ? error : so_far;
}

/* compares or sets the parameters of layer i (part 0 weights, 1 bias) */
static void
read_params(const AeNet *net, const char *name, float *params, bool set,
			double *error)
{
	double		values[128];

	for (int i = 0; i < LAYERS; i++)
	{
		const AeLayer *layer = &net->layers[i];
		int			ld = AE_PAD(layer->out);

		read_block(name, layer->in * layer->out, values);
		for (int r = 0; r < layer->in; r++)
			for (int c = 0; c < layer->out; c++)
			{
				float	   *p = params + layer->weights + r * ld + c;

				if (set)
					*p = (float) values[r * layer->out + c];
				else
					*error = worst(*error, *p, values[r * layer->out + c]);
			}
		read_block(name, layer->out, values);
		for (int c = 0; c < layer->out; c++)
			if (set)
				params[layer->bias + c] = (float) values[c];
			else
				*error = worst(*error, params[layer->bias + c], values[c]);
	}
}

/* every kind of loss: 3 squared, absolute, Huber, logistic, softmax over 4 */
static AeModel *
make_model(void)
{
	static const AeLoss losses[] = {
		AE_LOSS_SQUARED, AE_LOSS_SQUARED, AE_LOSS_SQUARED, AE_LOSS_ABSOLUTE,
		AE_LOSS_HUBER, AE_LOSS_LOGISTIC, AE_LOSS_SOFTMAX
	};
	const int	ncolumns = sizeof(losses) / sizeof(losses[0]);
	AeModel    *model;
	AeFeatures *f;

	if (ae_model_create(&unit_env, &model) != AE_OK)
		exit(1);
	f = ae_arena_alloc(&model->arena, 1, sizeof(AeFeatures));
	model->features = f;
	f->ncolumns = ncolumns;
	f->columns = ae_arena_alloc(&model->arena, ncolumns, sizeof(AeColumn));
	model->column_loss = ae_arena_alloc(&model->arena, ncolumns,
										sizeof(double));
	for (int i = 0; i < ncolumns; i++)
	{
		AeColumn   *column = &f->columns[i];

		column->name = column->type = ae_arena_strndup(&model->arena, "c", 1);
		column->ncells = 1;
		column->loss = losses[i];
		column->scaling = AE_SCALING_STANDARD;
		column->weight = 1.0;
		column->cells = ae_arena_alloc(&model->arena, 1, sizeof(AeCell));
		column->cells[0].spread = 1.0;
		column->kind = losses[i] == AE_LOSS_SOFTMAX ? AE_KIND_CATEGORY
			: losses[i] == AE_LOSS_LOGISTIC ? AE_KIND_BINARY : AE_KIND_NUMERIC;
		if (column->kind == AE_KIND_CATEGORY)
		{
			static const char *const labels[] = {"a", "b", "c"};

			column->nlabels = 3;
			column->labels = ae_arena_alloc(&model->arena, 3, sizeof(char *));
			column->frequency = ae_arena_alloc(&model->arena, 4,
											   sizeof(double));
			for (int j = 0; j < 3; j++)
				column->labels[j] = ae_arena_strndup(&model->arena, labels[j],
													 1);
		}
	}
	if (ae_features_layout(f, &model->arena) != AE_OK)
		exit(1);
	model->net.nlayers = LAYERS;
	model->net.ncoder = 2;
	model->net.layers = ae_arena_alloc(&model->arena, LAYERS, sizeof(AeLayer));
	for (int i = 0; i < LAYERS; i++)
	{
		model->net.layers[i].in = widths[i];
		model->net.layers[i].out = widths[i + 1];
	}
	if (f->output_width != OUTPUTS || ae_net_plan(&model->net) != AE_OK ||
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
run(const char *path, const AeKernels *kernels)
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
	golden = fopen(path, "r");
	if (golden == NULL || ae_tape_create(&model->net, ROWS, &arena,
										 &tape) != AE_OK)
	{
		printf("Bail out! no %s\n", path);
		exit(1);
	}
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
		read_block("loss", 1, expected);
		error = worst(0.0, loss, expected[0]);
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
	fclose(golden);
	ae_arena_free(&arena);
	ae_model_free(model);
}

int
main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "test/golden/golden.txt";

	for (int choice = AE_KERNEL_BASELINE; choice <= AE_KERNEL_AVX512; choice++)
	{
		const AeKernels *kernels = ae_kernels_get((AeKernelChoice) choice);

		if (kernels != NULL)
			run(path, kernels);
	}
	return done();
}
