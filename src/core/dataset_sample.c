/*
 * dataset_sample.c
 *	  Copies of some rows: those set aside for validation, and random samples.
 *
 * Which rows are taken depends on seeds and row numbers only, never on where
 * their chunks happen to be.
 */
#include <string.h>

#include "core/dataset_private.h"

/* streams of a seed; arbitrary, but unlike those of training */
#define HELD_STREAM UINT64_C(0x68656c6400000000)
#define SAMPLE_STREAM UINT64_C(0x73616d7000000000)

/* with fewer rows than this, none is set aside */
#define HELD_MIN_ROWS 10

/* training must keep some rows */
#define HELD_MAX_SHARE 0.9

/* selection sampling: Knuth, The Art of Computer Programming 3.4.2, S */
typedef struct SampleState
{
	AeRng		rng;
	uint64_t	rows_left;
	uint64_t	wanted;
} SampleState;

static bool
sample_takes(SampleState *state)
{
	double		u = (double) (ae_rng_next(&state->rng) >> 11) * 0x1p-53;

	if (u * (double) state->rows_left-- >= (double) state->wanted)
		return false;
	state->wanted--;
	return true;
}

/*
 * Copies count rows to the arena: a sample, or the rows set aside if sample is
 * NULL.  Chunks without any of them are not read.
 */
static AeStatus
dataset_copy_rows(AeDataset *dataset, SampleState *sample, uint64_t count,
				  AeArena *arena, float **rows)
{
	const AeEnv *env = dataset->account.env;
	size_t		row_bytes = sizeof(float) * (size_t) dataset->ncells;
	uint64_t	row = 0;
	float	   *out;

	*rows = NULL;
	if (count == 0)
		return AE_OK;
	if (count > SIZE_MAX)
		return AE_ERR_MEMORY;
	if (dataset->nspooled > 0 && dataset->buffer == NULL)
	{
		dataset->buffer = ae_account_take(&dataset->account,
										  ae_dataset_chunk_bytes(dataset));
		if (dataset->buffer == NULL)
			return AE_ERR_MEMORY;
	}
	out = ae_arena_alloc(arena, (size_t) count, row_bytes);
	if (out == NULL)
		return AE_ERR_MEMORY;
	*rows = out;

	for (uint32_t c = 0; c < ae_dataset_chunks(dataset); c++)
	{
		int			nrows = ae_dataset_chunk_rows(dataset, c);
		const float *cells = NULL;

		env->poll(env->host);
		for (int r = 0; r < nrows; r++, row++)
		{
			if (sample != NULL ?
				row < dataset->nrehearsed || !sample_takes(sample) :
				!ae_dataset_is_held(dataset, row))
				continue;
			if (cells == NULL)
				AE_TRY(ae_dataset_read_chunk(dataset, c, dataset->buffer,
											 &cells));
			memcpy(out, cells + (size_t) r * (size_t) dataset->ncells,
				   row_bytes);
			out += dataset->ncells;
		}
	}
	return AE_OK;
}

AeStatus
ae_dataset_sample(AeDataset *dataset, uint64_t n, uint64_t seed,
				  AeArena *arena, float **rows, uint64_t *count)
{
	SampleState state;

	ae_rng_seed(&state.rng, seed, SAMPLE_STREAM);
	state.rows_left = ae_dataset_rows(dataset) - dataset->nrehearsed;
	state.wanted = n < state.rows_left ? n : state.rows_left;
	*count = state.wanted;
	return dataset_copy_rows(dataset, &state, *count, arena, rows);
}

AeStatus
ae_dataset_hold_out(AeDataset *dataset, double fraction, uint64_t max_rows,
					uint64_t seed, AeArena *arena,
					float **rows, uint64_t *count)
{
	const AeEnv *env = dataset->account.env;
	uint64_t	nrows = ae_dataset_rows(dataset);
	uint64_t	held = 0;
	uint64_t	most = (uint64_t) (HELD_MAX_SHARE * (double) nrows);
	double		share = fraction;

	if (max_rows > most)
		max_rows = most;
	if (nrows > 0 && share > (double) max_rows / (double) nrows)
		share = (double) max_rows / (double) nrows;
	if (!(share > 0.0) || nrows < HELD_MIN_ROWS)
		share = 0.0;
	dataset->held_key = ae_rng_key(seed, HELD_STREAM);
	dataset->held_share = (uint64_t) (share * 0x1p64);
	dataset->held_end = nrows;

	for (uint64_t row = 0; row < nrows && held < max_rows; row++)
	{
		if (row % 4096 == 0)
			env->poll(env->host);
		held += ae_dataset_is_held(dataset, row);
		if (held == max_rows)
			dataset->held_end = row + 1;
	}
	*count = held;
	return dataset_copy_rows(dataset, NULL, held, arena, rows);
}
