/*
 * golden.h
 *	  Values that PyTorch computed, and models to compare with them.
 */
#ifndef UNIT_GOLDEN_H
#define UNIT_GOLDEN_H

#include "unit.h"

#include "core/model.h"

static FILE *golden;

static inline void
golden_open(const char *path)
{
	golden = fopen(path, "r");
	if (golden != NULL)
		return;
	printf("Bail out! no %s\n", path);
	exit(1);
}

/* a test of the values of a file for each instruction set of this CPU */
static inline void
golden_each(const char *path, void (*test) (const AeKernels *kernels))
{
	for (int choice = AE_KERNEL_BASELINE; choice <= AE_KERNEL_AVX512; choice++)
	{
		const AeKernels *kernels = ae_kernels_get((AeKernelChoice) choice);

		if (kernels == NULL)
			continue;
		golden_open(path);
		test(kernels);
		fclose(golden);
	}
}

/* the next block of the file, which must have that name and count */
static inline void
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

static inline double
worst(double so_far, double found, double expected)
{
	double		error = fabs(found - expected) / (1.0 + fabs(expected));

	return error > so_far || isnan(error) ? error : so_far;
}

/* the largest error of values that the next block has */
static inline double
block_error(const char *name, const double *found, int count)
{
	double	   *expected = malloc((size_t) count * sizeof(double));
	double		error = 0.0;

	if (expected == NULL)
		exit(1);
	read_block(name, count, expected);
	for (int i = 0; i < count; i++)
		error = worst(error, found[i], expected[i]);
	free(expected);
	return error;
}

/* compares or sets the parameters of layer i (part 0 weights, 1 bias) */
static inline void
read_params(const AeNet *net, const char *name, float *params, bool set,
			double *error)
{
	double		values[256];

	for (int i = 0; i < net->nlayers; i++)
	{
		const AeLayer *layer = &net->layers[i];
		int			ld = AE_PAD(layer->out);

		if (!ae_layer_has_weights(layer))
			continue;
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

/* a column for each loss, of a category for AE_LOSS_SOFTMAX; no network */
static inline AeModel *
golden_model(const AeLoss *losses, int ncolumns)
{
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
	return model;
}

#endif							/* UNIT_GOLDEN_H */
