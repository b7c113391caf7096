/*
 * conditional.c
 *	  Each column of a row as the others predict it.
 */
#include "core/conditional.h"

#include <math.h>
#include <string.h>

#include "core/objective.h"

/* columns that are hidden at a time: the weights are read once for them all,
 * and what they take of a wide network is bounded */
#define CONDITIONAL_COLUMNS 32
#define CONDITIONAL_VALUES (1 << 20)

static int
conditional_capacity(const AeModel *model)
{
	int			capacity = CONDITIONAL_VALUES / model->net.max_width;

	if (capacity > CONDITIONAL_COLUMNS)
		capacity = CONDITIONAL_COLUMNS;
	if (capacity > model->features->ncolumns)
		capacity = model->features->ncolumns;
	return capacity > 1 ? capacity : 1;
}

/* the input of a row of which everything is missing */
static AeStatus
conditional_fill_blank(AeConditional *c, const AeFeatures *f, AeArena *arena)
{
	double	   *row = ae_arena_alloc(arena, (size_t) f->ncells,
									 sizeof(double));

	if (row == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < f->ncells; i++)
		row[i] = NAN;
	ae_features_encode(f, row, c->blank, NULL);
	return AE_OK;
}

AeStatus
ae_conditional_create(const AeModel *model, AeArena *arena,
					  AeConditional **conditional)
{
	AeConditional *c = ae_arena_alloc(arena, 1, sizeof(AeConditional));
	const AeFeatures *f = model->features;
	size_t		in = AE_PAD((size_t) f->input_width);
	size_t		out = AE_PAD((size_t) f->output_width);
	size_t		widest = AE_PAD((size_t) model->net.max_width);
	size_t		rows = (size_t) conditional_capacity(model);

	if (c == NULL)
		return AE_ERR_MEMORY;
	c->capacity = (int) rows;
	c->hidden = ae_arena_alloc(arena, rows, sizeof(int));
	c->blank = ae_arena_alloc(arena, in, sizeof(float));
	c->input = ae_arena_alloc(arena, rows, in * sizeof(float));
	c->output = ae_arena_alloc(arena, rows, out * sizeof(float));
	c->scratch = ae_arena_alloc(arena, rows, 2 * widest * sizeof(float));
	if (c->hidden == NULL || c->blank == NULL || c->input == NULL ||
		c->output == NULL || c->scratch == NULL)
		return AE_ERR_MEMORY;
	*conditional = c;
	return conditional_fill_blank(c, f, arena);
}

/* adds the input without a column to those that wait */
static void
conditional_hide(AeConditional *c, const AeFeatures *f, int hidden,
				 const float *input)
{
	const AeColumn *column = &f->columns[hidden];
	float	   *x = c->input + (size_t) c->count *
		AE_PAD((size_t) f->input_width);
	int			at = column->indicator;

	memcpy(x, input, (size_t) f->input_width * sizeof(float));
	memcpy(x + column->input, c->blank + column->input,
		   (size_t) column->input_width * sizeof(float));
	for (int i = 0; i < column->ncells && at >= 0; i++)
		if (ae_features_indicate(f, &column->cells[i]))
		{
			x[at] = c->blank[at];
			at++;
		}
	c->hidden[c->count++] = hidden;
}

/* the hidden columns' outputs of the inputs that wait */
static void
conditional_flush(AeConditional *c, const AeModel *model,
				  const AeKernels *kernels, float *output)
{
	const AeFeatures *f = model->features;
	const AeEnv *env = model->arena.env;
	int			ld = AE_PAD(f->output_width);

	env->poll(env->host);
	ae_net_infer(&model->net, kernels, model->params, 0, model->net.nlayers,
				 c->count, c->input, AE_PAD(f->input_width), c->output, ld,
				 c->scratch);
	for (int i = 0; i < c->count; i++)
	{
		const AeColumn *column = &f->columns[c->hidden[i]];

		memcpy(output + column->output,
			   c->output + (size_t) i * (size_t) ld + column->output,
			   (size_t) column->output_width * sizeof(float));
	}
	c->count = 0;
}

void
ae_conditional_predict(AeConditional *c, const AeModel *model,
					   const AeKernels *kernels, const float *input,
					   const float *target, float *output)
{
	const AeFeatures *f = model->features;

	/* what is there from a call that a cancellation left is void */
	c->count = 0;
	for (int i = 0; i < f->ncolumns; i++)
	{
		if (!(f->columns[i].weight > 0) ||
			!ae_objective_has(&f->columns[i], target))
			continue;
		conditional_hide(c, f, i, input);
		if (c->count == c->capacity)
			conditional_flush(c, model, kernels, output);
	}
	if (c->count > 0)
		conditional_flush(c, model, kernels, output);
}
