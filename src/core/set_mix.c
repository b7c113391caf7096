/*
 * set_mix.c
 *	  Rows that have a set of items and columns beside it.
 */
#include "core/set_mix.h"

#include <string.h>

#define MIX_ROWS 128			/* encoded at a time */

typedef struct Mixer
{
	AeSetRows  *rows;
	int			nitems;
	const AeFeatures *features;
	const AeKernels *kernels;
	AeCoder    *coder;
	AeCursor   *cursor;
	const float **cells;		/* (MIX_ROWS) stored rows */
	float	   *inputs;			/* (MIX_ROWS, AE_PAD(input_width)) */
	uint64_t   *start;			/* of the rows with all inputs */
	AeMember   *members;
} Mixer;

static AeStatus
mixer_allocate(Mixer *m, AeDataset *dataset, AeArena *arena)
{
	const AeSetRows *rows = m->rows;
	size_t		width = (size_t) m->features->input_width;
	uint64_t	most;

	most = rows->start[rows->count] + rows->count * (uint64_t) width;
	if (most > SIZE_MAX / sizeof(AeMember))
		return AE_ERR_MEMORY;
	m->cells = ae_arena_alloc(arena, MIX_ROWS, sizeof(float *));
	m->inputs = ae_arena_alloc(arena, MIX_ROWS,
							   AE_PAD(width) * sizeof(float));
	m->start = ae_arena_alloc(arena, (size_t) rows->count + 1,
							  sizeof(uint64_t));
	m->members = ae_arena_alloc(arena, (size_t) most, sizeof(AeMember));
	if (m->cells == NULL || m->inputs == NULL || m->start == NULL ||
		m->members == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(ae_coder_create(dataset, m->features, arena, &m->coder));
	return ae_cursor_create(dataset, false, &m->cursor);
}

/* row r of the sets, with inputs of its columns */
static void
mixer_add(Mixer *m, uint64_t r, const float *inputs)
{
	const AeSetRows *rows = m->rows;
	uint64_t	count = rows->start[r + 1] - rows->start[r];
	uint64_t	next = m->start[r];

	memcpy(m->members + next, rows->members + rows->start[r],
		   (size_t) count * sizeof(AeMember));
	next += count;
	for (int j = 0; j < m->features->input_width; j++)
		if (inputs[j] != 0.0f)
			m->members[next++] = (AeMember) {
				(uint32_t) (m->nitems + j), inputs[j]
			};
	m->start[r + 1] = next;
}

static AeStatus
mixer_run(Mixer *m)
{
	int			ld = AE_PAD(m->features->input_width);
	uint64_t	number = 0;		/* of the rows of the dataset */
	uint64_t	r = 0;

	AE_TRY(ae_cursor_rewind(m->cursor, 0, 0));
	for (;;)
	{
		int			count;

		AE_TRY(ae_cursor_next(m->cursor, MIX_ROWS, m->cells, &count));
		if (count == 0)
			break;
		ae_coder_encode(m->coder, m->kernels, count, m->cells, m->inputs, ld,
						NULL, 0);
		for (int i = 0; i < count; i++, number++)
			if (r < m->rows->count && m->rows->origin[r] == number)
				mixer_add(m, r++, m->inputs + (size_t) i * (size_t) ld);
	}
	m->rows->start = m->start;
	m->rows->members = m->members;
	return r == m->rows->count ? AE_OK : AE_ERR_CORRUPT;
}

AeStatus
ae_set_rows_mix(AeSetRows *rows, int nitems, AeDataset *dataset,
				const AeFeatures *features, const AeKernels *kernels,
				AeArena *arena)
{
	Mixer		m = {
		.rows = rows,
		.nitems = nitems,
		.features = features,
		.kernels = kernels
	};
	AeStatus	status = mixer_allocate(&m, dataset, arena);

	if (status == AE_OK)
		status = mixer_run(&m);
	if (m.cursor != NULL)
		ae_cursor_free(m.cursor);
	return status;
}
