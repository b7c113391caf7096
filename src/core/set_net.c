/*
 * set_net.c
 *	  Networks that read sets of items and score all items.
 *
 * h and dh are numbered as in AeTape: h[i + 1] is the output of layer i.  The
 * tape has neither h[0], the vector of all items, nor all outputs at once.
 */
#include "core/set_net.h"

#include <math.h>
#include <string.h>

#include "core/layer.h"
#include "core/set_index.h"

/* bytes of outputs at a time: what a large cache holds */
#define SET_SLICE_BYTES ((size_t) 16 << 20)
#define SET_MIN_SLICE 32

/* items whose weights are combined at a time */
#define SET_COMBINED 64

struct AeSetTape
{
	const AeEnv *env;
	int			capacity;		/* rows */
	int			rows;			/* of the batch at hand */
	AeMember   *inputs;			/* of all rows, one after the other */
	int		   *start;			/* (rows + 1) in inputs */
	float	  **h;
	float	  **slope;
	float	  **dh;
	float	   *outputs;		/* (slice, AE_PAD(items)) */
	float	   *scratch;
	AeSetIndex	index;			/* inputs by item, for the gradient */
	float	   *grad;			/* of one item */
};

static const AeLayerOps *
set_ops(const AeLayer *layer)
{
	return layer->kind == AE_LAYER_GAUSSIAN ? &ae_gaussian_ops
		: &ae_dense_ops;
}

int
ae_set_slice_rows(int width, int rows)
{
	size_t		row_bytes = AE_PAD((size_t) width) * sizeof(float);
	size_t		slice = SET_SLICE_BYTES / row_bytes;

	if (slice < SET_MIN_SLICE)
		slice = SET_MIN_SLICE;
	return slice < (size_t) rows ? (int) slice : rows;
}

static AeStatus
tape_alloc_layers(const AeNet *net, AeSetTape *t, AeArena *arena)
{
	size_t		rows = (size_t) t->capacity;

	for (int i = 0; i < net->nlayers - 1; i++)
	{
		size_t		row_bytes = AE_PAD((size_t) net->layers[i].out) *
			sizeof(float);

		t->h[i + 1] = ae_arena_alloc(arena, rows, row_bytes);
		t->slope[i] = ae_arena_alloc(arena, rows, row_bytes);
		t->dh[i + 1] = ae_arena_alloc(arena, rows, row_bytes);
		if (t->h[i + 1] == NULL || t->slope[i] == NULL ||
			t->dh[i + 1] == NULL)
			return AE_ERR_MEMORY;
	}
	return AE_OK;
}

AeStatus
ae_set_tape_create(const AeNet *net, int rows, int nmembers, AeArena *arena,
				   AeSetTape **tape)
{
	size_t		n = (size_t) net->nlayers;
	size_t		items = (size_t) ae_net_outputs(net);
	size_t		members = (size_t) nmembers;
	size_t		slice = (size_t) ae_set_slice_rows(ae_net_outputs(net), rows);
	AeSetTape  *t = ae_arena_alloc(arena, 1, sizeof(AeSetTape));

	if (t == NULL)
		return AE_ERR_MEMORY;
	t->env = arena->env;
	t->capacity = rows;
	t->inputs = ae_arena_alloc(arena, members, sizeof(AeMember));
	t->start = ae_arena_alloc(arena, (size_t) rows + 1, sizeof(int));
	t->h = ae_arena_alloc(arena, n + 1, sizeof(float *));
	t->slope = ae_arena_alloc(arena, n, sizeof(float *));
	t->dh = ae_arena_alloc(arena, n + 1, sizeof(float *));
	t->outputs = ae_arena_alloc(arena, slice, AE_PAD(items) * sizeof(float));
	t->scratch = ae_arena_alloc(arena, ae_tape_scratch(net), sizeof(float));
	t->grad = ae_arena_alloc(arena, AE_PAD((size_t) net->layers[0].out),
							 sizeof(float));
	if (t->inputs == NULL || t->start == NULL || t->h == NULL ||
		t->slope == NULL || t->dh == NULL || t->outputs == NULL ||
		t->scratch == NULL || t->grad == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(ae_set_index_create(ae_net_inputs(net), nmembers, arena,
							   &t->index));
	*tape = t;
	return tape_alloc_layers(net, t, arena);
}

/*----------
 * Forward.
 *----------
 */
void
ae_set_read(AeSetTape *tape, const AeSetRow *rows, int count, float dropout,
			AeRng *rng)
{
	int			next = 0;

	tape->rows = count;
	for (int r = 0; r < count; r++)
	{
		double		squares = 0.0;
		float		scale;

		tape->start[r] = next;
		for (int i = 0; i < rows[r].count; i++)
			squares += (double) rows[r].members[i].weight *
				rows[r].members[i].weight;
		scale = squares > 0.0
			? (float) (1.0 / (sqrt(squares) * (1.0 - dropout))) : 0.0f;
		for (int i = 0; i < rows[r].count; i++)
		{
			AeMember	member = rows[r].members[i];

			if (dropout > 0.0f && ae_rng_uniform(rng) < dropout)
				continue;
			member.weight *= scale;
			tape->inputs[next++] = member;
		}
		for (int i = 0; i < rows[r].nothers; i++)
			tape->inputs[next++] = rows[r].members[rows[r].count + i];
	}
	tape->start[count] = next;
}

/* the first layer: a (rows, out) = the weights of each row's items */
static void
set_gather(const AeLayer *layer, const AeKernels *kernels,
		   const float *params, const AeSetTape *tape, float *a)
{
	size_t		ld = AE_PAD((size_t) layer->out);
	const float *from[SET_COMBINED];
	float		weight[SET_COMBINED];

	memset(a, 0, (size_t) tape->rows * ld * sizeof(float));
	for (int r = 0; r < tape->rows; r++)
	{
		int			count = 0;

		for (int i = tape->start[r]; i < tape->start[r + 1]; i++)
		{
			from[count] = params + layer->weights +
				(size_t) tape->inputs[i].item * ld;
			weight[count++] = tape->inputs[i].weight;
			if (count < SET_COMBINED && i + 1 < tape->start[r + 1])
				continue;
			kernels->combine(ld, count, weight, from, a + (size_t) r * ld);
			count = 0;
		}
	}
}

double
ae_set_forward(const AeNet *net, const AeBlas *blas,
			   const AeKernels *kernels, const float *params,
			   AeSetTape *tape, const AePass *pass)
{
	const AeLayer *first = &net->layers[0];
	double		penalty = 0.0;

	tape->env->poll(tape->env->host);
	set_gather(first, kernels, params, tape, tape->slope[0]);
	kernels->activate(first->activation, tape->rows, first->out,
					  AE_PAD(first->out), params + first->bias,
					  tape->slope[0], tape->h[1]);
	for (int i = 1; i < net->nlayers - 1; i++)
	{
		const AeLayer *layer = &net->layers[i];
		const AeLayerOps *ops = set_ops(layer);

		ops->forward(layer, blas, kernels, params, tape->rows, tape->h[i],
					 tape->h[i + 1], tape->slope[i],
					 pass != NULL ? pass->rng : NULL);
		if (ops->penalty != NULL && pass != NULL)
			penalty += ops->penalty(layer, tape->rows, tape->h[i],
									tape->h[i + 1]);
	}
	return pass != NULL ? pass->strength * penalty : 0.0;
}

const float *
ae_set_code(const AeNet *net, const AeSetTape *tape, int r)
{
	int			last = net->nlayers - 1;

	return tape->h[last] + (size_t) r * AE_PAD((size_t) net->layers[last].in);
}

void
ae_set_outputs(const AeNet *net, const AeBlas *blas, const float *params,
			   AeSetTape *tape, int first, int count)
{
	const AeLayer *layer = &net->layers[net->nlayers - 1];
	size_t		ld = AE_PAD((size_t) layer->out);

	for (int r = 0; r < count; r++)
		memcpy(tape->outputs + (size_t) r * ld, params + layer->bias,
			   ld * sizeof(float));
	tape->env->poll(tape->env->host);
	ae_gemm_nn(blas, count, layer->out, layer->in,
			   ae_set_code(net, tape, first), AE_PAD(layer->in),
			   params + layer->weights, (int) ld, 1.0f, tape->outputs,
			   (int) ld);
}

float *
ae_set_output_row(const AeNet *net, const AeSetTape *tape, int r)
{
	return tape->outputs + (size_t) r * AE_PAD((size_t) ae_net_outputs(net));
}

/*----------
 * Backward.
 *----------
 */

/* the loss of one row, whose logits become their gradient times scale */
static double
set_row_loss(const AeKernels *kernels, int width, const AeSetRow *row,
			 float scale, float *logits)
{
	double		n = 0.0;
	double		dot = 0.0;
	double		loss;

	for (int i = 0; i < row->count; i++)
	{
		double		weight = row->members[i].weight;

		n += weight;
		dot += weight * logits[row->members[i].item];
	}
	loss = n * kernels->soften(width, scale * (float) n, logits, logits) - dot;
	for (int i = 0; i < row->count; i++)
		logits[row->members[i].item] -= scale * row->members[i].weight;
	return loss;
}

/* the last layer: gradients, and dh of what it reads */
static double
set_output_loss(const AeNet *net, const AeBlas *blas,
				const AeKernels *kernels, const float *params,
				AeSetTape *tape, const AeSetRow *rows, float scale,
				float *grads)
{
	int			last = net->nlayers - 1;
	const AeLayer *layer = &net->layers[last];
	int			ldx = AE_PAD(layer->in);
	int			ldo = AE_PAD(layer->out);
	int			slice = ae_set_slice_rows(ae_net_outputs(net),
										  tape->capacity);
	double		loss = 0.0;

	memset(grads + layer->bias, 0, (size_t) ldo * sizeof(float));
	for (int first = 0; first < tape->rows; first += slice)
	{
		int			count = tape->rows - first < slice
			? tape->rows - first : slice;
		float	   *d = tape->outputs;

		ae_set_outputs(net, blas, params, tape, first, count);
		for (int r = 0; r < count; r++)
			loss += set_row_loss(kernels, layer->out, &rows[first + r], scale,
								 d + (size_t) r * (size_t) ldo);
		kernels->activate_backward(count, layer->out, ldo, NULL, d,
								   grads + layer->bias);
		tape->env->poll(tape->env->host);
		ae_gemm_tn(blas, layer->in, layer->out, count,
				   ae_set_code(net, tape, first), ldx, d, ldo,
				   first > 0 ? 1.0f : 0.0f, grads + layer->weights, ldo);
		tape->env->poll(tape->env->host);
		ae_gemm_nt(blas, count, layer->in, layer->out, d, ldo,
				   params + layer->weights, ldo, 0.0f,
				   tape->dh[last] + (size_t) first * (size_t) ldx, ldx);
	}
	memset(grads + layer->bias + layer->out, 0,
		   (size_t) (ldo - layer->out) * sizeof(float));
	return loss;
}

float *
ae_set_code_gradient(const AeNet *net, const AeSetTape *tape, int r)
{
	int			last = net->nlayers - 1;

	return tape->dh[last] + (size_t) r * AE_PAD((size_t) net->layers[last].in);
}

void
ae_set_backward_code(const AeNet *net, const AeBlas *blas,
					 const AeKernels *kernels, const float *params,
					 AeSetTape *tape, const AePass *pass, float *grads)
{
	const AeLayer *first = &net->layers[0];
	int			ld = AE_PAD(first->out);
	float	   *db = grads + first->bias;

	for (int i = net->nlayers - 2; i > 0; i--)
	{
		const AeLayer *layer = &net->layers[i];

		set_ops(layer)->backward(layer, blas, kernels, params, tape->rows,
								 tape->h[i], tape->slope[i], tape->dh[i + 1],
								 tape->dh[i], grads, NULL, tape->scratch,
								 pass->strength * pass->scale);
	}
	memset(db, 0, (size_t) ld * sizeof(float));
	kernels->activate_backward(tape->rows, first->out, ld, tape->slope[0],
							   tape->dh[1], db);
	memset(db + first->out, 0, (size_t) (ld - first->out) * sizeof(float));
}

double
ae_set_backward(const AeNet *net, const AeBlas *blas,
				const AeKernels *kernels, const float *params,
				AeSetTape *tape, const AeSetRow *rows, const AePass *pass,
				float *grads)
{
	double		loss = set_output_loss(net, blas, kernels, params, tape,
									   rows, pass->scale, grads);

	ae_set_backward_code(net, blas, kernels, params, tape, pass, grads);
	return loss;
}

/*----------
 * The first layer's items.
 *----------
 */

void
ae_set_update_items(const AeNet *net, const AeKernels *kernels,
					const AeOptimizer *o, const AeUpdate *update,
					float *params, AeSetTape *tape)
{
	const AeLayer *layer = &net->layers[0];
	size_t		ld = AE_PAD((size_t) layer->out);

	ae_set_index_fill(&tape->index, tape->inputs, tape->start, tape->rows);
	for (int i = 0; i < tape->index.ntouched; i++)
	{
		size_t		at = layer->weights +
			(size_t) tape->index.touched[i] * ld;

		memset(tape->grad, 0, ld * sizeof(float));
		ae_set_index_combine(&tape->index, i, kernels, tape->dh[1], ld,
							 tape->grad);
		ae_optimizer_step(o, kernels, update, ld, ld, params + at,
						  tape->grad, o->m + at, o->v + at);
	}
	tape->env->poll(tape->env->host);
}
