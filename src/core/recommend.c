/*
 * recommend.c
 *	  A model of sets applied: scores of all items, and the best of them.
 */
#include "core/recommend.h"

#include <string.h>

struct AeRecommender
{
	const AeModel *model;
	int			count;			/* of items */
	float	   *scores;			/* (count) */
	bool	   *excluded;		/* (count) false between two calls */
};

AeStatus
ae_recommender_create(const AeModel *model, AeArena *arena,
					  AeRecommender **recommender)
{
	AeRecommender *r = ae_arena_alloc(arena, 1, sizeof(AeRecommender));
	size_t		count = (size_t) model->items->count;

	if (r == NULL)
		return AE_ERR_MEMORY;
	r->model = model;
	r->count = model->items->count;
	r->scores = ae_arena_alloc(arena, count, sizeof(float));
	r->excluded = ae_arena_alloc(arena, count, sizeof(bool));
	if (r->scores == NULL || r->excluded == NULL)
		return AE_ERR_MEMORY;
	*recommender = r;
	return AE_OK;
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

void
ae_recommender_score(AeRecommender *r, const AeMember *members, int count)
{
	memset(r->scores, 0, (size_t) r->count * sizeof(float));
	for (int i = 0; i < count; i++)
		recommender_add(r, members[i].item, members[i].weight);
}

void
ae_recommender_compare(AeRecommender *r, int item)
{
	memset(r->scores, 0, (size_t) r->count * sizeof(float));
	recommender_add(r, (uint32_t) item, 1.0f);
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
