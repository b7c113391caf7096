/*
 * set_sample.c
 *	  The last layer of a network on sets, trained on some of the items at a
 *	  time.
 */
#include "core/set_sample.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "core/set_index.h"

/* items are sampled in proportion to this power of their frequency */
#define SAMPLE_POWER 0.75

/* bytes of logits at a time, and the least rows */

/* the logit of an item that must not count */
#define SAMPLE_NEVER (-1e30f)

struct AeSetSampler
{
	const AeEnv *env;
	int			nitems;
	int			width;			/* of an item's vector: code and bias */
	size_t		ld;				/* AE_PAD(width) */
	float	   *vectors;		/* (nitems, ld) */
	float	   *m;				/* moments, likewise */
	float	   *v;

	/* the sample */
	int			negatives;		/* that are drawn */
	int			always;			/* the first items are always in it */
	double	   *share;			/* (nitems) expected number in a sample */
	int			count;			/* different items */
	int		   *items;			/* (negatives) ascending */
	int		   *position;		/* (nitems) in items, plus one; 0: not there */
	float	   *offset;			/* (AE_PAD(negatives)) log of the weight */
	float	   *chosen;			/* (negatives, ld) vectors */
	float	   *grads;			/* (negatives, ld) */

	/* the batch */
	int			capacity;		/* rows */
	int			nrows;
	int			slice;			/* rows whose logits are computed at a time */
	float	   *logits;			/* (slice, AE_PAD(negatives)) */
	float	   *codes;			/* (capacity, ld), with a 1 for the bias */
	float	   *dcodes;			/* (capacity, ld) */
	AeMember   *own;			/* the rows' items and their gradients */
	int		   *start;			/* (capacity + 1) in own */
	float	   *own_logits;		/* of one row */
	AeSetIndex	index;			/* own by item */
	float	   *grad;			/* of one item */
};

static const AeLayer *
last_layer(const AeNet *net)
{
	return &net->layers[net->nlayers - 1];
}

/*
 * An item that is expected more than once is in every sample, and what is left
 * of the sample goes to the others.
 */
static void
sampler_share_out(AeSetSampler *s, const AeItems *items)
{
	double		rest = 0.0;

	for (int i = 0; i < s->nitems; i++)
	{
		s->share[i] = pow((double) items->frequency[i], SAMPLE_POWER);
		rest += s->share[i];
	}
	while (s->always < s->negatives &&
		   (s->negatives - s->always) * s->share[s->always] >= rest)
		rest -= s->share[s->always++];
	for (int i = s->always; i < s->nitems; i++)
		s->share[i] *= (s->negatives - s->always) / rest;
}

static AeStatus
sampler_alloc(AeSetSampler *s, int nmembers, AeArena *arena)
{
	size_t		items = (size_t) s->nitems;
	size_t		negatives = (size_t) s->negatives;
	size_t		rows = (size_t) s->capacity;
	size_t		row_bytes = s->ld * sizeof(float);
	size_t		logits_bytes = AE_PAD(negatives) * sizeof(float);

	s->slice = ae_set_slice_rows(s->negatives, s->capacity);
	s->vectors = ae_arena_alloc(arena, items, row_bytes);
	s->m = ae_arena_alloc(arena, items, row_bytes);
	s->v = ae_arena_alloc(arena, items, row_bytes);
	s->share = ae_arena_alloc(arena, items, sizeof(double));
	s->items = ae_arena_alloc(arena, negatives, sizeof(int));
	s->position = ae_arena_alloc(arena, items, sizeof(int));
	s->offset = ae_arena_alloc(arena, 1, logits_bytes);
	s->chosen = ae_arena_alloc(arena, negatives, row_bytes);
	s->grads = ae_arena_alloc(arena, negatives, row_bytes);
	s->logits = ae_arena_alloc(arena, (size_t) s->slice, logits_bytes);
	s->codes = ae_arena_alloc(arena, rows, row_bytes);
	s->dcodes = ae_arena_alloc(arena, rows, row_bytes);
	s->own = ae_arena_alloc(arena, (size_t) nmembers, sizeof(AeMember));
	s->start = ae_arena_alloc(arena, rows + 1, sizeof(int));
	s->own_logits = ae_arena_alloc(arena, (size_t) nmembers, sizeof(float));
	s->grad = ae_arena_alloc(arena, 1, row_bytes);
	if (s->vectors == NULL || s->m == NULL || s->v == NULL ||
		s->share == NULL || s->items == NULL || s->position == NULL ||
		s->offset == NULL || s->chosen == NULL || s->grads == NULL ||
		s->logits == NULL || s->codes == NULL || s->dcodes == NULL ||
		s->own == NULL || s->start == NULL || s->own_logits == NULL ||
		s->grad == NULL)
		return AE_ERR_MEMORY;
	return ae_set_index_create(s->nitems, nmembers, arena, &s->index);
}

AeStatus
ae_set_sampler_create(const AeNet *net, const AeItems *items, int negatives,
					  int rows, int nmembers, const float *params,
					  AeArena *arena, AeSetSampler **sampler)
{
	const AeLayer *last = last_layer(net);
	size_t		ldo = AE_PAD((size_t) last->out);
	AeSetSampler *s = ae_arena_alloc(arena, 1, sizeof(AeSetSampler));

	if (s == NULL)
		return AE_ERR_MEMORY;
	s->env = arena->env;
	s->nitems = last->out;
	s->width = last->in + 1;
	s->ld = AE_PAD((size_t) s->width);
	s->negatives = negatives < s->nitems ? negatives : s->nitems;
	s->capacity = rows;
	AE_TRY(sampler_alloc(s, nmembers, arena));
	sampler_share_out(s, items);
	for (int i = 0; i < s->nitems; i++)
	{
		const float *from = params + last->weights + i;
		float	   *to = s->vectors + (size_t) i * s->ld;

		/* the bias stands where another row of weights would */
		for (int j = 0; j < s->width; j++)
			to[j] = from[(size_t) j * ldo];
	}
	*sampler = s;
	return AE_OK;
}

void
ae_set_sampler_store(const AeSetSampler *s, const AeNet *net, float *params)
{
	const AeLayer *last = last_layer(net);
	size_t		ldo = AE_PAD((size_t) last->out);

	/* so many items at a time that what is written is whole cache lines */
	for (int first = 0; first < s->nitems; first += AE_LANES)
	{
		int			n = s->nitems - first < AE_LANES
			? s->nitems - first : AE_LANES;
		const float *from = s->vectors + (size_t) first * s->ld;
		float	   *to = params + last->weights + first;

		for (int j = 0; j < s->width; j++, to += ldo)
			for (int i = 0; i < n; i++)
				to[i] = from[(size_t) i * s->ld + (size_t) j];
	}
}

/*----------
 * The sample.
 *----------
 */

/*
 * One item for each unit of the sum of shares: the more frequent and the rarer
 * items are in each sample as they should be, by rows of items in that order.
 */
static void
sampler_draw(AeSetSampler *s, AeRng *rng)
{
	double		below = 0.0;
	int			item = s->always;

	for (int i = 0; i < s->count; i++)
		s->position[s->items[i]] = 0;
	s->count = s->always;
	for (int i = 0; i < s->always; i++)
	{
		s->items[i] = i;
		s->offset[i] = 0.0f;
	}
	for (int i = 0; i < s->negatives - s->always; i++)
	{
		double		at = i + (double) ae_rng_uniform(rng);

		while (item + 1 < s->nitems && below + s->share[item] <= at)
			below += s->share[item++];
		if (s->count > s->always && s->items[s->count - 1] == item)
		{
			s->offset[s->count - 1] += 1.0f;
			continue;
		}
		s->items[s->count] = item;
		s->offset[s->count++] = 1.0f;
	}
	for (int i = s->always; i < s->count; i++)
		s->offset[i] = (float) log(s->offset[i] / s->share[s->items[i]]);
	for (int i = 0; i < s->count; i++)
		s->position[s->items[i]] = i + 1;
}

static void
sampler_begin(AeSetSampler *s, const AeNet *net, const AeSetTape *tape,
			  const AeSetRow *rows, int nrows)
{
	int			next = 0;

	for (int i = 0; i < s->count; i++)
		memcpy(s->chosen + (size_t) i * s->ld,
			   s->vectors + (size_t) s->items[i] * s->ld,
			   s->ld * sizeof(float));
	s->nrows = nrows;
	for (int r = 0; r < nrows; r++)
	{
		float	   *code = s->codes + (size_t) r * s->ld;

		memcpy(code, ae_set_code(net, tape, r),
			   (size_t) (s->width - 1) * sizeof(float));
		code[s->width - 1] = 1.0f;
		s->start[r] = next;
		memcpy(s->own + next, rows[r].members,
			   (size_t) rows[r].count * sizeof(AeMember));
		next += rows[r].count;
	}
	s->start[nrows] = next;
}

/*----------
 * Loss and gradients.
 *----------
 */
static float
sampler_product(size_t n, const float *x, const float *y)
{
	float		sums[AE_LANES] = {0};
	float		sum = 0.0f;

	for (size_t i = 0; i < n; i += AE_LANES)
		for (int k = 0; k < AE_LANES; k++)
			sums[k] += x[i + (size_t) k] * y[i + (size_t) k];
	for (int k = 0; k < AE_LANES; k++)
		sum += sums[k];
	return sum;
}

/*
 * The softmax of the logits of the sample, but of a row's own items, which
 * become 0.  Returns the log of the sum that it divides by.
 */
static double
sampler_soften(const AeSetSampler *s, const AeKernels *kernels,
			   const AeMember *own, int count, float *logits)
{
	int			left = s->count;
	double		log_sum = -INFINITY;

	for (int i = 0; i < count; i++)
	{
		int			position = s->position[own[i].item];

		if (position > 0)
		{
			logits[position - 1] = SAMPLE_NEVER;
			left--;
		}
	}
	if (left > 0)
		log_sum = kernels->soften(s->count, 1.0f, logits, logits);
	for (int i = 0; i < count; i++)
	{
		int			position = s->position[own[i].item];

		if (position > 0)
			logits[position - 1] = 0.0f;
	}
	return log_sum;
}

/* log(e^a + e^b) */
static double
log_add(double a, double b)
{
	return a > b ? a + log1p(exp(b - a)) : b + log1p(exp(a - b));
}

/*
 * The loss of row r.  The sample's logits become their gradient times scale,
 * and so do the weights of its own items.
 */
static double
sampler_row_loss(AeSetSampler *s, const AeKernels *kernels, int r,
				 float scale, float *logits)
{
	AeMember   *own = s->own + s->start[r];
	int			count = s->start[r + 1] - s->start[r];
	const float *code = s->codes + (size_t) r * s->ld;
	double		log_sampled = sampler_soften(s, kernels, own, count, logits);
	double		log_sum = log_sampled;
	double		n = 0.0;
	double		dot = 0.0;

	for (int i = 0; i < count; i++)
	{
		s->own_logits[i] = sampler_product(s->ld, code, s->vectors +
										   (size_t) own[i].item * s->ld);
		log_sum = log_add(log_sum, s->own_logits[i]);
		n += own[i].weight;
		dot += own[i].weight * s->own_logits[i];
	}
	for (int i = 0; i < count; i++)
		own[i].weight = scale * (float) (n * exp(s->own_logits[i] - log_sum) -
										 own[i].weight);
	kernels->scale(AE_PAD((size_t) s->count),
				   scale * (float) (n * exp(log_sampled - log_sum)), logits);
	return n * log_sum - dot;
}

/* adds what the rows' own items say to the gradients of the codes, and hands
 * those to the tape */
static void
sampler_finish_codes(AeSetSampler *s, const AeNet *net,
					 const AeKernels *kernels, AeSetTape *tape)
{
	for (int r = 0; r < s->nrows; r++)
	{
		float	   *dcode = s->dcodes + (size_t) r * s->ld;

		for (int i = s->start[r]; i < s->start[r + 1]; i++)
		{
			const float *vector = s->vectors +
				(size_t) s->own[i].item * s->ld;

			kernels->combine(s->ld, 1, &s->own[i].weight, &vector, dcode);
		}
		memcpy(ae_set_code_gradient(net, tape, r), dcode,
			   (size_t) (s->width - 1) * sizeof(float));
	}
}

double
ae_set_sampler_backward(AeSetSampler *s, const AeNet *net,
						const AeBlas *blas, const AeKernels *kernels,
						const float *params, AeSetTape *tape,
						const AeSetRow *rows, int nrows, const AePass *pass,
						AeRng *rng, float *grads)
{
	int			ld = (int) s->ld;
	int			ldl = AE_PAD(s->negatives);
	double		loss = 0.0;

	sampler_draw(s, rng);
	sampler_begin(s, net, tape, rows, nrows);
	for (int first = 0; first < nrows; first += s->slice)
	{
		int			count = nrows - first < s->slice
			? nrows - first : s->slice;
		float	   *codes = s->codes + (size_t) first * s->ld;
		float	   *d = s->logits;

		for (int r = 0; r < count; r++)
			memcpy(d + (size_t) r * (size_t) ldl, s->offset,
				   (size_t) ldl * sizeof(float));
		s->env->poll(s->env->host);
		ae_gemm_nt(blas, count, s->count, s->width, codes, ld, s->chosen, ld,
				   1.0f, d, ldl);
		for (int r = 0; r < count; r++)
			loss += sampler_row_loss(s, kernels, first + r, pass->scale,
									 d + (size_t) r * (size_t) ldl);
		s->env->poll(s->env->host);
		ae_gemm_tn(blas, s->count, s->width, count, d, ldl, codes, ld,
				   first > 0 ? 1.0f : 0.0f, s->grads, ld);
		s->env->poll(s->env->host);
		ae_gemm_nn(blas, count, s->width, s->count, d, ldl, s->chosen, ld,
				   0.0f, s->dcodes + (size_t) first * s->ld, ld);
	}
	sampler_finish_codes(s, net, kernels, tape);
	ae_set_backward_code(net, blas, kernels, params, tape, pass, grads);
	return loss;
}

void
ae_set_sampler_update(AeSetSampler *s, const AeKernels *kernels,
					  const AeOptimizer *o, const AeUpdate *update)
{
	int			own = 0;
	int			sampled = 0;

	ae_set_index_fill(&s->index, s->own, s->start, s->nrows);
	while (own < s->index.ntouched || sampled < s->count)
	{
		int			next = own < s->index.ntouched
			? s->index.touched[own] : INT_MAX;
		float	   *grad = s->grad;
		int			item = next;
		size_t		at;

		if (sampled < s->count && s->items[sampled] <= next)
		{
			grad = s->grads + (size_t) sampled * s->ld;
			item = s->items[sampled++];
		}
		else
			memset(grad, 0, s->ld * sizeof(float));
		if (item == next)
			ae_set_index_combine(&s->index, own++, kernels, s->codes, s->ld,
								 grad);
		at = (size_t) item * s->ld;
		ae_optimizer_step(o, kernels, update, (size_t) s->width - 1, s->ld,
						  s->vectors + at, grad, s->m + at, s->v + at);
	}
	s->env->poll(s->env->host);
}
