/*
 * set_grow.c
 *	  Items that appear in an update put behind those that a network knows.
 *
 * An item that starts with random weights is recommended at random until many
 * steps later.  But what a network needs to know of an item is who has it: the
 * known items that rows with it have, and the codes of these rows.  Means of
 * both, less the mean of all rows, point where the weights of an item point;
 * how far, the known items tell.  docs/methods.md has the measurement.
 */
#include "core/set_grow.h"

#include <math.h>
#include <string.h>

#include "core/set_net.h"

#define GROW_ROWS 128			/* encoded at a time */

/* known items whose means are compared with their weights, and rows whose
 * outputs tell biases */
#define GROW_SAMPLE 1000

/* items whose weights are combined at a time */
#define GROW_COMBINED 64

/*----------
 * More items, and their parameters.
 *----------
 */
AeStatus
ae_set_grow_plan(AeModel *model, const AeItems *more, AeNet *before)
{
	AeNet	   *net = &model->net;

	*before = *net;
	before->layers = ae_arena_alloc(&model->arena, (size_t) net->nlayers,
									sizeof(AeLayer));
	if (before->layers == NULL)
		return AE_ERR_MEMORY;
	memcpy(before->layers, net->layers,
		   (size_t) net->nlayers * sizeof(AeLayer));
	AE_TRY(ae_items_append(model->items, more, &model->arena,
						   &model->items));
	net->layers[0].in += more->count;
	net->layers[net->nlayers - 1].out += more->count;
	return ae_net_plan(net);
}

/* the rows of a matrix to, and its bias, from one that is narrower */
static void
grow_columns(const AeLayer *layer, const AeLayer *old, float *to,
			 const float *from)
{
	size_t		ld = AE_PAD((size_t) layer->out);
	size_t		old_ld = AE_PAD((size_t) old->out);

	/* the bias stands behind the last row */
	for (size_t r = 0; r <= (size_t) layer->in; r++)
		memcpy(to + layer->weights + r * ld,
			   from + old->weights + r * old_ld,
			   (size_t) old->out * sizeof(float));
}

AeStatus
ae_set_grow_move(AeModel *model, const AeNet *before)
{
	const AeNet *net = &model->net;
	const AeLayer *first = &net->layers[0];
	const AeLayer *old = &before->layers[0];
	int			last = net->nlayers - 1;
	size_t		ld = AE_PAD((size_t) first->out);
	size_t		others = (size_t) model->features->input_width + 1;
	size_t		known = (size_t) old->in + 1 - others;
	const float *from = model->params;
	float	   *to = ae_arena_alloc(&model->arena, net->nparams,
									sizeof(float));

	if (to == NULL)
		return AE_ERR_MEMORY;
	memcpy(to + first->weights, from + old->weights,
		   known * ld * sizeof(float));
	/* columns' inputs and the bias */
	memcpy(to + first->bias + ld - others * ld,
		   from + old->bias + ld - others * ld, others * ld * sizeof(float));
	for (int i = 1; i < last; i++)
	{
		const AeLayer *layer = &net->layers[i];

		if (ae_layer_has_weights(layer))
			memcpy(to + layer->weights, from + before->layers[i].weights,
				   ((size_t) layer->in + 1) * AE_PAD((size_t) layer->out) *
				   sizeof(float));
	}
	grow_columns(&net->layers[last], &before->layers[last], to, from);
	model->params = to;
	return AE_OK;
}

/*----------
 * What rows say of items.
 *----------
 */

/* sums over the rows that have an item of one kind of vector */
typedef struct GrowSums
{
	int			width;
	float	   *sum;			/* (ncounted, width) */
	double	   *all;			/* (width) over all rows */
	float	   *weights;		/* (width) of an item at hand */
} GrowSums;

typedef struct Grower
{
	AeModel    *model;
	int			nold;
	int			nnew;
	const AeSetRows *rows;
	const AeBlas *blas;
	const AeKernels *kernels;
	AeArena		arena;

	int			ncounted;		/* new items, then some of those known */
	int			step;			/* from one of these to the next */
	uint64_t   *count;			/* (ncounted) rows that have the item */
	GrowSums	company;		/* what the first layer adds up for others */
	GrowSums	code;

	int			batch_rows;
	AeMember   *members;		/* of the rows of a batch */
	AeSetRow   *batch;			/* known items and other inputs */
	AeMember   *left_out;		/* the new items, of each row behind one whose
								 * item is their number */
	AeSetTape  *tape;
	float	   *sum;			/* of a row's items */
} Grower;

static AeStatus
sums_allocate(GrowSums *sums, int width, int ncounted, AeArena *arena)
{
	sums->width = width;
	sums->sum = ae_arena_alloc(arena, (size_t) ncounted,
							   (size_t) width * sizeof(float));
	sums->all = ae_arena_alloc(arena, (size_t) width, sizeof(double));
	sums->weights = ae_arena_alloc(arena, (size_t) width, sizeof(float));
	return sums->sum != NULL && sums->all != NULL && sums->weights != NULL
		? AE_OK : AE_ERR_MEMORY;
}

static AeStatus
grower_allocate(Grower *g)
{
	const AeNet *net = &g->model->net;
	uint64_t	longest = (uint64_t) g->rows->longest + 1;
	size_t		nmembers;

	g->batch_rows = GROW_ROWS;
	if (longest * GROW_ROWS > INT32_MAX)
		g->batch_rows = (int) (INT32_MAX / longest);
	if (g->batch_rows < 1)
		return AE_ERR_LIMIT;
	nmembers = (size_t) longest * (size_t) g->batch_rows;
	if (nmembers > g->rows->start[g->rows->count] + g->rows->count)
		nmembers = (size_t) (g->rows->start[g->rows->count] + g->rows->count);
	g->step = g->nold / GROW_SAMPLE + 1;
	g->ncounted = g->nnew + (g->nold - 1) / g->step + 1;
	g->count = ae_arena_alloc(&g->arena, (size_t) g->ncounted,
							  sizeof(uint64_t));
	g->members = ae_arena_alloc(&g->arena, nmembers, sizeof(AeMember));
	g->left_out = ae_arena_alloc(&g->arena, nmembers, sizeof(AeMember));
	g->batch = ae_arena_alloc(&g->arena, (size_t) g->batch_rows,
							  sizeof(AeSetRow));
	g->sum = ae_arena_alloc(&g->arena, AE_PAD((size_t) net->layers[0].out),
							sizeof(float));
	if (g->count == NULL || g->members == NULL || g->left_out == NULL ||
		g->batch == NULL || g->sum == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(sums_allocate(&g->company, net->layers[0].out, g->ncounted,
						 &g->arena));
	AE_TRY(sums_allocate(&g->code, ae_net_latent(net), g->ncounted,
						 &g->arena));
	return ae_set_tape_create(net, g->batch_rows, (int) nmembers, &g->arena,
							  &g->tape);
}

/* where an item is counted; -1: nowhere */
static int
grower_place(const Grower *g, uint32_t item)
{
	if (item >= (uint32_t) g->nold)
		return (int) item - g->nold;
	return item % (uint32_t) g->step == 0
		? g->nnew + (int) item / g->step : -1;
}

static void
sums_add(GrowSums *sums, int place, const float *vector)
{
	float	   *sum = sums->sum + (size_t) place * (size_t) sums->width;

	for (int j = 0; j < sums->width; j++)
		sum[j] += vector[j];
}

static const float *
grower_weights(const Grower *g, uint32_t item)
{
	const AeLayer *first = &g->model->net.layers[0];

	return g->model->params + first->weights +
		(size_t) item * AE_PAD((size_t) first->out);
}

/*----------
 * Rows.
 *----------
 */

/* one row without its new items, which go to left_out; both are in memory of
 * the caller, which moves on */
static AeStatus
grower_read(Grower *g, uint64_t number, AeSetRow *row, AeMember **members,
			AeMember **left_out)
{
	uint32_t	nold = (uint32_t) g->nold;
	uint32_t	nitems = (uint32_t) (g->nold + g->nnew);
	AeMember   *to = *members;
	AeMember   *head = (*left_out)++;
	int			count;

	*row = (AeSetRow) {.members = to};
	AE_TRY(ae_set_rows_read(g->rows, number, to, &count));
	for (int i = 0; i < count; i++)
	{
		AeMember	member = (*members)[i];

		if (member.item < nold)
			row->count++;
		else if (member.item >= nitems)
			row->nothers++;
		if (member.item < nold || member.item >= nitems)
			*to++ = member;
		else
			*(*left_out)++ = member;
	}
	head->item = (uint32_t) (*left_out - head - 1);
	*members = to;
	return AE_OK;
}

/* sum = the weights of the items, of length 1 together; returns the factor of
 * each */
static float
grower_gather(Grower *g, const AeSetRow *row)
{
	size_t		ld = AE_PAD((size_t) g->company.width);
	const float *from[GROW_COMBINED];
	float		weight[GROW_COMBINED];
	double		squares = 0.0;
	float		scale;
	int			n = 0;

	memset(g->sum, 0, ld * sizeof(float));
	for (int i = 0; i < row->count; i++)
		squares += (double) row->members[i].weight * row->members[i].weight;
	scale = squares > 0.0 ? (float) (1.0 / sqrt(squares)) : 0.0f;
	for (int i = 0; i < row->count; i++)
	{
		from[n] = grower_weights(g, row->members[i].item);
		weight[n++] = row->members[i].weight * scale;
		if (n < GROW_COMBINED && i + 1 < row->count)
			continue;
		g->kernels->combine(ld, n, weight, from, g->sum);
		n = 0;
	}
	return scale;
}

/* a row whose code is known; its new items are count */
static void
grower_count(Grower *g, const AeSetRow *row, const float *code,
			 const AeMember *items, int count)
{
	float		scale = grower_gather(g, row);

	for (int j = 0; j < g->company.width; j++)
		g->company.all[j] += g->sum[j];
	for (int j = 0; j < g->code.width; j++)
		g->code.all[j] += code[j];
	for (int i = 0; i < count + row->count; i++)
	{
		AeMember	member = i < count ? items[i] : row->members[i - count];
		int			place = grower_place(g, member.item);

		if (place < 0)
			continue;
		g->count[place]++;
		sums_add(&g->code, place, code);
		sums_add(&g->company, place, g->sum);
		if (i < count)
			continue;
		/* an item is not its own company */
		for (int j = 0; j < g->company.width; j++)
			g->company.sum[(size_t) place * (size_t) g->company.width +
						   (size_t) j] -=
				member.weight * scale * grower_weights(g, member.item)[j];
	}
}

/* codes of rows first, first + step, ..., which go to the batch */
static AeStatus
grower_encode(Grower *g, uint64_t first, uint64_t step, int count)
{
	AeMember   *members = g->members;
	AeMember   *left_out = g->left_out;

	for (int i = 0; i < count; i++)
		AE_TRY(grower_read(g, first + step * (uint64_t) i, &g->batch[i],
						   &members, &left_out));
	ae_set_read(g->tape, g->batch, count, 0.0f, NULL);
	ae_set_forward(&g->model->net, g->blas, g->kernels, g->model->params,
				   g->tape, NULL);
	return AE_OK;
}

/* rows of the next batch, if these are all that are left */
static int
grower_batch_rows(const Grower *g, uint64_t left)
{
	return left < (uint64_t) g->batch_rows ? (int) left : g->batch_rows;
}

static AeStatus
grower_count_rows(Grower *g)
{
	int			count;

	for (uint64_t r = 0; r < g->rows->count; r += (uint64_t) count)
	{
		const AeMember *left_out = g->left_out;

		count = grower_batch_rows(g, g->rows->count - r);
		AE_TRY(grower_encode(g, r, 1, count));
		for (int i = 0; i < count; i++)
		{
			int			n = (int) left_out->item;

			grower_count(g, &g->batch[i],
						 ae_set_code(&g->model->net, g->tape, i),
						 left_out + 1, n);
			left_out += n + 1;
		}
	}
	return AE_OK;
}

/*----------
 * From means to parameters.
 *----------
 */

/* an item's parameters into weights, or back */
static void
grower_load(Grower *g, GrowSums *sums, int item, bool back)
{
	const AeNet *net = &g->model->net;
	const AeLayer *last = &net->layers[net->nlayers - 1];
	size_t		ld = AE_PAD((size_t) last->out);
	float	   *param = g->model->params + last->weights + item;
	size_t		stride = ld;

	if (sums == &g->company)
	{
		param = g->model->params + net->layers[0].weights +
			(size_t) item * AE_PAD((size_t) net->layers[0].out);
		stride = 1;
	}
	for (int j = 0; j < sums->width; j++)
	{
		if (back)
			param[(size_t) j * stride] = sums->weights[j];
		else
			sums->weights[j] = param[(size_t) j * stride];
	}
}

/* the mean weights of the known items that are counted */
static AeStatus
grower_mean(Grower *g, GrowSums *sums, double **mean)
{
	int			n = g->ncounted - g->nnew;

	*mean = ae_arena_alloc(&g->arena, (size_t) sums->width, sizeof(double));
	if (*mean == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < n; i++)
	{
		grower_load(g, sums, i * g->step, false);
		for (int j = 0; j < sums->width; j++)
			(*mean)[j] += (double) sums->weights[j] / n;
	}
	return AE_OK;
}

/* by how much an item's rows differ from all of them */
static double
sums_difference(const Grower *g, const GrowSums *sums, int place, int j)
{
	double		sum = sums->sum[(size_t) place * (size_t) sums->width +
								(size_t) j];

	return sum / (double) g->count[place] -
		sums->all[j] / (double) g->rows->count;
}

/* weights of known items as so many times the differences of their rows */
static double
grower_slope(Grower *g, GrowSums *sums, const double *mean)
{
	double		both = 0.0;
	double		squares = 0.0;

	for (int place = g->nnew; place < g->ncounted; place++)
	{
		if (g->count[place] == 0)
			continue;
		grower_load(g, sums, (place - g->nnew) * g->step, false);
		for (int j = 0; j < sums->width; j++)
		{
			double		d = sums_difference(g, sums, place, j);

			both += d * (sums->weights[j] - mean[j]);
			squares += d * d;
		}
	}
	return both > 0.0 ? both / squares : 0.0;
}

static AeStatus
grower_fill(Grower *g, GrowSums *sums)
{
	double	   *mean;
	double		slope;

	AE_TRY(grower_mean(g, sums, &mean));
	slope = grower_slope(g, sums, mean);
	for (int i = 0; i < g->nnew; i++)
	{
		if (i % GROW_SAMPLE == 0)
			g->arena.env->poll(g->arena.env->host);
		if (g->count[i] == 0)
			continue;
		for (int j = 0; j < sums->width; j++)
			sums->weights[j] = (float)
				(mean[j] + slope * sums_difference(g, sums, i, j));
		grower_load(g, sums, g->nold + i, true);
	}
	return AE_OK;
}

/*----------
 * Biases.
 *----------
 */

/* adds how often the new items would be among n of a row that has such logits,
 * without their bias */
static void
grower_expect(const Grower *g, const float *logits, int n, double *expected)
{
	float		most = logits[0];
	double		sum = 0.0;

	for (int i = 1; i < g->nold; i++)
		most = logits[i] > most ? logits[i] : most;
	for (int i = 0; i < g->nold; i++)
		sum += exp(logits[i] - most);
	for (int i = 0; i < g->nnew; i++)
		expected[i] += n * exp(logits[g->nold + i] - most) / sum;
}

static AeStatus
grower_expect_rows(Grower *g, uint64_t step, uint64_t nrows,
				   double *expected)
{
	const AeNet *net = &g->model->net;
	int			slice = ae_set_slice_rows(ae_net_outputs(net), g->batch_rows);
	int			count;

	for (uint64_t r = 0; r < nrows; r += (uint64_t) count)
	{
		const AeMember *left_out = g->left_out;

		count = grower_batch_rows(g, nrows - r);
		AE_TRY(grower_encode(g, r * step, step, count));
		for (int i = 0; i < count; i++)
		{
			int			n = (int) left_out->item;

			g->arena.env->poll(g->arena.env->host);
			if (i % slice == 0)
				ae_set_outputs(net, g->blas, g->model->params, g->tape, i,
							   count - i < slice ? count - i : slice);
			grower_expect(g, ae_set_output_row(net, g->tape, i % slice),
						  g->batch[i].count + n, expected);
			left_out += n + 1;
		}
	}
	return AE_OK;
}

/* with its bias an item is expected as often as it is there */
static AeStatus
grower_fill_bias(Grower *g)
{
	const AeNet *net = &g->model->net;
	float	   *bias = g->model->params + net->layers[net->nlayers - 1].bias;
	uint64_t	step = g->rows->count / GROW_SAMPLE + 1;
	uint64_t	nrows = (g->rows->count + step - 1) / step;
	double	   *expected = ae_arena_alloc(&g->arena, (size_t) g->nnew,
										  sizeof(double));

	if (expected == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(grower_expect_rows(g, step, nrows, expected));
	for (int i = 0; i < g->nnew; i++)
	{
		double		share = (double) g->count[i] / (double) g->rows->count;

		if (g->count[i] > 0 && expected[i] > 0.0 && isfinite(expected[i]))
			bias[g->nold + i] = (float)
				log(share * (double) nrows / expected[i]);
	}
	return AE_OK;
}

static AeStatus
grower_run(Grower *g)
{
	AE_TRY(grower_allocate(g));
	AE_TRY(grower_count_rows(g));
	AE_TRY(grower_fill(g, &g->company));
	AE_TRY(grower_fill(g, &g->code));
	return grower_fill_bias(g);
}

AeStatus
ae_set_grow_start(AeModel *model, int nnew, const AeSetRows *rows,
				  const AeBlas *blas, const AeKernels *kernels)
{
	Grower		grower = {
		.model = model,
		.nold = model->items->count - nnew,
		.nnew = nnew,
		.rows = rows,
		.blas = blas,
		.kernels = kernels
	};
	AeStatus	status;

	ae_arena_init(&grower.arena, model->arena.env);
	status = grower_run(&grower);
	ae_arena_free(&grower.arena);
	return status;
}
