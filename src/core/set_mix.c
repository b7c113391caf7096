/*
 * set_mix.c
 *	  Rows that have a set of items and columns beside it.
 */
#include "core/set_mix.h"

#define MIX_ROWS 128			/* encoded at a time */

struct AeMixer
{
	int			nitems;
	const AeFeatures *features;
	const AeKernels *kernels;
	AeCoder    *coder;
	AeCursor   *cursor;
	const float **cells;		/* (MIX_ROWS) stored rows */
	float	   *inputs;			/* (MIX_ROWS, AE_PAD(input_width)) */
	int			nrows;			/* encoded */
	int			next;			/* of them */
};

AeStatus
ae_mixer_create(AeDataset *dataset, const AeFeatures *features, int nitems,
				const AeKernels *kernels, AeArena *arena, AeMixer **mixer)
{
	AeMixer    *m = ae_arena_alloc(arena, 1, sizeof(AeMixer));

	*mixer = NULL;
	if (m == NULL)
		return AE_ERR_MEMORY;
	m->nitems = nitems;
	m->features = features;
	m->kernels = kernels;
	m->cells = ae_arena_alloc(arena, MIX_ROWS, sizeof(float *));
	m->inputs = ae_arena_alloc(arena, MIX_ROWS,
							   AE_PAD((size_t) features->input_width) *
							   sizeof(float));
	if (m->cells == NULL || m->inputs == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(ae_coder_create(dataset, features, arena, &m->coder));
	AE_TRY(ae_cursor_create(dataset, false, &m->cursor));
	*mixer = m;
	return AE_OK;
}

void
ae_mixer_free(AeMixer *mixer)
{
	if (mixer != NULL)
		ae_cursor_free(mixer->cursor);
}

int
ae_mixer_width(const AeMixer *mixer)
{
	return mixer->features->input_width;
}

static AeStatus
mixer_encode(AeMixer *m)
{
	m->next = 0;
	AE_TRY(ae_cursor_next(m->cursor, MIX_ROWS, m->cells, &m->nrows));
	if (m->nrows == 0)
		return AE_ERR_CORRUPT;
	ae_coder_encode(m->coder, m->kernels, m->nrows, m->cells, m->inputs,
					AE_PAD(m->features->input_width), NULL, 0);
	return AE_OK;
}

AeStatus
ae_mixer_next(AeMixer *mixer, AeMember *others, int *count)
{
	int			width = mixer->features->input_width;
	const float *inputs;

	if (mixer->next == mixer->nrows)
		AE_TRY(mixer_encode(mixer));
	inputs = mixer->inputs + (size_t) mixer->next++ * AE_PAD((size_t) width);
	*count = 0;
	for (int j = 0; j < width; j++)
		if (inputs[j] != 0.0f)
			others[(*count)++] = (AeMember) {
				(uint32_t) (mixer->nitems + j), inputs[j]
			};
	return AE_OK;
}
