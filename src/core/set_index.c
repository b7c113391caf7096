/*
 * set_index.c
 *	  The members of a batch item by item.
 */
#include "core/set_index.h"

#include <string.h>

/* rows that are added up at a time */
#define INDEX_COMBINED 64

AeStatus
ae_set_index_create(int nitems, int nmembers, AeArena *arena,
					AeSetIndex *index)
{
	size_t		items = (size_t) nitems;
	size_t		members = (size_t) nmembers;

	index->nitems = nitems;
	index->ntouched = 0;
	index->touched = ae_arena_alloc(arena, items, sizeof(int));
	index->end = ae_arena_alloc(arena, items, sizeof(int));
	index->rows = ae_arena_alloc(arena, members, sizeof(int));
	index->weights = ae_arena_alloc(arena, members, sizeof(float));
	return index->touched != NULL && index->end != NULL &&
		index->rows != NULL && index->weights != NULL
		? AE_OK : AE_ERR_MEMORY;
}

/* sorts by counting, so that an item's rows stay in order */
void
ae_set_index_fill(AeSetIndex *index, const AeMember *members,
				  const int *start, int nrows)
{
	int			total = start[nrows];
	int			next = 0;

	memset(index->end, 0, (size_t) index->nitems * sizeof(int));
	for (int i = 0; i < total; i++)
		index->end[members[i].item]++;
	index->ntouched = 0;
	for (int i = 0; i < index->nitems; i++)
	{
		int			count = index->end[i];

		if (count > 0)
			index->touched[index->ntouched++] = i;
		index->end[i] = next;
		next += count;
	}
	for (int r = 0; r < nrows; r++)
		for (int i = start[r]; i < start[r + 1]; i++)
		{
			int			at = index->end[members[i].item]++;

			index->rows[at] = r;
			index->weights[at] = members[i].weight;
		}
}

void
ae_set_index_combine(const AeSetIndex *index, int i,
					 const AeKernels *kernels, const float *x, size_t ld,
					 float *sum)
{
	int			from = i > 0 ? index->end[index->touched[i - 1]] : 0;
	int			to = index->end[index->touched[i]];
	const float *rows[INDEX_COMBINED];

	for (; from < to; from += INDEX_COMBINED)
	{
		int			count = to - from < INDEX_COMBINED
			? to - from : INDEX_COMBINED;

		for (int k = 0; k < count; k++)
			rows[k] = x + (size_t) index->rows[from + k] * ld;
		kernels->combine(ld, count, index->weights + from, rows, sum);
	}
}
