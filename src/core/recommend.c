/*
 * recommend.c
 *	  A model of sets applied: scores of all items, and the best of them.
 */
#include "core/recommend.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* items whose weights are combined, and outputs computed, at a time */
#define RECOMMEND_COMBINED 64
#define RECOMMEND_OUTPUTS 4096

struct AeRecommender
{
	const AeModel *model;
	const AeKernels *kernels;
	int			count;			/* of items */
	float	   *scores;			/* (AE_PAD(count)) */
	float	   *others;			/* (input_width) of the features */
	float	   *first;			/* of the first layer, if there are layers */
	float	   *code;			/* (AE_PAD(latent)) */
	float	   *scratch;		/* for ae_net_infer() */
	const float **rows;			/* (latent) of the last layer's weights */
	float	   *lengths;		/* (count) of the items' vectors; NULL until
								 * needed */
	AeArena    *arena;
	bool	   *excluded;		/* (count) false between two calls */
};

static AeStatus
recommender_alloc_layers(AeRecommender *r, AeArena *arena)
{
	const AeNet *net = &r->model->net;
	size_t		width = AE_PAD((size_t) net->layers[0].out);

	/* what ae_net_infer() needs for the layers between first and last */
	for (int i = 1; i < net->nlayers - 1; i++)
		if (AE_PAD((size_t) net->layers[i].out) > width)
			width = AE_PAD((size_t) net->layers[i].out);
	r->first = ae_arena_alloc(arena, width, sizeof(float));
	r->code = ae_arena_alloc(arena, width, sizeof(float));
	r->scratch = ae_arena_alloc(arena,
								2 * AE_PAD((size_t) net->max_width),
								sizeof(float));
	r->rows = ae_arena_alloc(arena, (size_t) ae_net_latent(net),
							 sizeof(float *));
	r->others = ae_arena_alloc(arena,
							   (size_t) r->model->features->input_width,
							   sizeof(float));
	return r->others != NULL && r->first != NULL && r->code != NULL &&
		r->scratch != NULL && r->rows != NULL ? AE_OK : AE_ERR_MEMORY;
}

AeStatus
ae_recommender_create(const AeModel *model, const AeKernels *kernels,
					  AeArena *arena, AeRecommender **recommender)
{
	AeRecommender *r = ae_arena_alloc(arena, 1, sizeof(AeRecommender));
	size_t		count = (size_t) model->items->count;

	if (r == NULL)
		return AE_ERR_MEMORY;
	r->model = model;
	r->kernels = kernels;
	r->arena = arena;
	r->count = model->items->count;
	r->scores = ae_arena_alloc(arena, AE_PAD(count), sizeof(float));
	r->excluded = ae_arena_alloc(arena, count, sizeof(bool));
	if (r->scores == NULL || r->excluded == NULL)
		return AE_ERR_MEMORY;
	*recommender = r;
	return model->net.nlayers > 0 ? recommender_alloc_layers(r, arena)
		: AE_OK;
}

/* scores += weight times the weights from the item */
static void
recommender_add(AeRecommender *r, uint32_t item, float weight)
{
	const AeEase *ease = &r->model->ease;
	size_t		first = (size_t) item * (size_t) ease->kept;
	const uint32_t *target = ease->target + first;
	const float *from = ease->weight + first;

	for (int k = 0; k < ease->kept; k++)
		r->scores[target[k]] += weight * from[k];
}

/*
 * Weights that no training makes are stored too, and what comes of them must
 * be finite; what is finite already stays as it is.
 */
static void
recommender_bound(const AeRecommender *r, int count, float *x)
{
	r->kernels->bound(count, FLT_MAX, x);
}

/*----------
 * Networks.
 *----------
 */

void
ae_recommender_use_row(AeRecommender *r, const double *cells)
{
	ae_features_encode(r->model->features, cells, r->others, NULL);
}

/* the inputs that are no items */
static void
recommender_gather_others(AeRecommender *r)
{
	const AeLayer *layer = &r->model->net.layers[0];
	size_t		ld = AE_PAD((size_t) layer->out);

	for (int i = 0; i < r->model->features->input_width; i++)
	{
		const float *from = r->model->params + layer->weights +
			(size_t) (r->count + i) * ld;

		if (r->others[i] != 0.0f)
			r->kernels->combine(ld, 1, &r->others[i], &from, r->first);
	}
}

/* the first layer adds up the weights of the items, of length 1 together */
static void
recommender_gather(AeRecommender *r, const AeMember *members, int count)
{
	const AeLayer *layer = &r->model->net.layers[0];
	size_t		ld = AE_PAD((size_t) layer->out);
	const float *from[RECOMMEND_COMBINED];
	float		weight[RECOMMEND_COMBINED];
	double		squares = 0.0;
	int			n = 0;

	for (int i = 0; i < count; i++)
		squares += (double) members[i].weight * members[i].weight;
	memset(r->first, 0, ld * sizeof(float));
	for (int i = 0; i < count; i++)
	{
		from[n] = r->model->params + layer->weights +
			(size_t) members[i].item * ld;
		weight[n++] = (float) (members[i].weight / sqrt(squares));
		if (n < RECOMMEND_COMBINED && i + 1 < count)
			continue;
		r->kernels->combine(ld, n, weight, from, r->first);
		n = 0;
	}
	recommender_gather_others(r);
}

const float *
ae_recommender_encode(AeRecommender *r, const AeMember *members, int count)
{
	const AeNet *net = &r->model->net;
	const AeLayer *first = &net->layers[0];

	recommender_gather(r, members, count);
	/* the pre-activation becomes the slope, which nobody needs */
	r->kernels->activate(first->activation, 1, first->out,
						 AE_PAD(first->out), r->model->params + first->bias,
						 r->first, r->code);
	if (net->ncoder > 1)
	{
		memcpy(r->first, r->code, AE_PAD((size_t) first->out) *
			   sizeof(float));
		ae_net_infer(net, r->kernels, r->model->params, 1, net->ncoder, 1,
					 r->first, AE_PAD(first->out), r->code,
					 AE_PAD(ae_net_latent(net)), r->scratch);
	}
	recommender_bound(r, ae_net_latent(net), r->code);
	return r->code;
}

/* scores += the inner products of a vector with those of all items */
static void
recommender_multiply(AeRecommender *r, const float *vector)
{
	const AeNet *net = &r->model->net;
	const AeLayer *last = &net->layers[net->nlayers - 1];
	size_t		ld = AE_PAD((size_t) last->out);

	for (size_t first = 0; first < ld; first += RECOMMEND_OUTPUTS)
	{
		size_t		n = ld - first < RECOMMEND_OUTPUTS ? ld - first
			: RECOMMEND_OUTPUTS;

		for (int i = 0; i < last->in; i++)
			r->rows[i] = r->model->params + last->weights +
				(size_t) i * ld + first;
		r->kernels->combine(n, last->in, vector, r->rows, r->scores + first);
	}
	recommender_bound(r, r->count, r->scores);
}

float
ae_recommender_item(const AeModel *model, int item, float *vector)
{
	const AeNet *net = &model->net;
	const AeLayer *last = &net->layers[net->nlayers - 1];
	size_t		ld = AE_PAD((size_t) last->out);

	for (int i = 0; i < last->in; i++)
		vector[i] = model->params[last->weights + (size_t) i * ld +
								  (size_t) item];
	return model->params[last->bias + (size_t) item];
}

/* the lengths of all items' vectors */
static AeStatus
recommender_measure(AeRecommender *r)
{
	const AeNet *net = &r->model->net;
	const AeLayer *last = &net->layers[net->nlayers - 1];
	size_t		ld = AE_PAD((size_t) last->out);
	float	   *lengths = ae_arena_alloc(r->arena, (size_t) r->count,
										 sizeof(float));

	if (lengths == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < last->in; i++)
	{
		const float *row = r->model->params + last->weights + (size_t) i * ld;

		for (int j = 0; j < r->count; j++)
			lengths[j] += row[j] * row[j];
	}
	for (int j = 0; j < r->count; j++)
		lengths[j] = sqrtf(lengths[j]);
	r->lengths = lengths;
	return AE_OK;
}

/* the cosine of the angle between two items' vectors */
static AeStatus
recommender_compare_vectors(AeRecommender *r, int item)
{
	float		own;

	if (r->lengths == NULL)
		AE_TRY(recommender_measure(r));
	own = r->lengths[item];
	ae_recommender_item(r->model, item, r->code);
	recommender_multiply(r, r->code);
	for (int j = 0; j < r->count; j++)
	{
		float		length = own * r->lengths[j];

		r->scores[j] = length > 0.0f ? r->scores[j] / length : 0.0f;
	}
	return AE_OK;
}

/*----------
 * Both.
 *----------
 */
void
ae_recommender_score(AeRecommender *r, const AeMember *members, int count)
{
	const AeNet *net = &r->model->net;

	if (net->nlayers > 0)
	{
		const AeLayer *last = &net->layers[net->nlayers - 1];

		memcpy(r->scores, r->model->params + last->bias,
			   AE_PAD((size_t) last->out) * sizeof(float));
		recommender_multiply(r, ae_recommender_encode(r, members, count));
		return;
	}
	memset(r->scores, 0, (size_t) r->count * sizeof(float));
	for (int i = 0; i < count; i++)
		recommender_add(r, members[i].item, members[i].weight);
	recommender_bound(r, r->count, r->scores);
}

AeStatus
ae_recommender_compare(AeRecommender *r, int item)
{
	memset(r->scores, 0, AE_PAD((size_t) r->count) * sizeof(float));
	if (r->model->net.nlayers > 0)
		return recommender_compare_vectors(r, item);
	recommender_add(r, (uint32_t) item, 1.0f);
	return AE_OK;
}

/* whether a comes after b */
static bool
is_worse(const AeScoredItem *a, const AeScoredItem *b)
{
	return a->score < b->score || (a->score == b->score && a->item > b->item);
}

/* the worst of a heap is on top: moves item down from there */
static void
heap_sink(AeScoredItem *heap, int count, AeScoredItem item)
{
	int			at = 0;

	for (;;)
	{
		int			child = 2 * at + 1;

		if (child + 1 < count && is_worse(&heap[child + 1], &heap[child]))
			child++;
		if (child >= count || !is_worse(&heap[child], &item))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = item;
}

static void
heap_rise(AeScoredItem *heap, int at, AeScoredItem item)
{
	while (at > 0 && is_worse(&item, &heap[(at - 1) / 2]))
	{
		heap[at] = heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap[at] = item;
}

int
ae_recommender_top(AeRecommender *r, const AeMember *excluded, int nexcluded,
				   bool positive, int k, AeScoredItem *top)
{
	int			found = 0;

	for (int i = 0; i < nexcluded; i++)
		r->excluded[excluded[i].item] = true;
	for (int i = 0; i < r->count; i++)
	{
		AeScoredItem item = {i, r->scores[i]};

		if (r->excluded[i] || (positive && !(item.score > 0.0f)))
			continue;
		if (found < k)
			heap_rise(top, found++, item);
		else if (is_worse(&top[0], &item))
			heap_sink(top, k, item);
	}
	for (int i = 0; i < nexcluded; i++)
		r->excluded[excluded[i].item] = false;

	/* the worst of those left goes to the end */
	for (int left = found; left > 1; left--)
	{
		AeScoredItem worst = top[0];

		heap_sink(top, left - 1, top[left - 1]);
		top[left - 1] = worst;
	}
	return found;
}
