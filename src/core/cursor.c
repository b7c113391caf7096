/*
 * cursor.c
 *	  Passes over the rows of a dataset, a window of chunks at a time.
 *
 * All windows of a pass have about the same number of chunks, so that no batch
 * has to draw its rows from a small rest.  The size of a window must not
 * depend on memory or pointer size, or the order of rows would.
 */
#include <assert.h>
#include <string.h>

#include "core/dataset_private.h"

/* streams of a seed, one for each pass; unlike those of training */
#define SHUFFLE_STREAM UINT64_C(0x7368756600000000)

struct AeCursor
{
	AeDataset  *dataset;		/* borrowed */
	bool		shuffled;
	AeRng		rng;			/* of this pass */

	uint32_t	nchunks;
	uint32_t   *order;			/* (nchunks) chunks in the order of the pass */
	uint32_t	nwindows;
	uint32_t	window;			/* the next to be loaded */

	uint32_t	window_chunks;	/* of the largest window */
	float	   *buffer;			/* (window_chunks) chunks; NULL if all rows
								 * are in memory, or shared */
	float	   *shared;			/* borrowed; NULL if not shared */
	uint32_t   *shared_order;
	uint64_t	nloaded;		/* windows so far */
	const float **rows;			/* of the current window, in order */
	uint32_t	nrows;
	uint32_t	next;			/* index in rows */
};

static size_t
cursor_order_bytes(const AeCursor *cursor)
{
	return sizeof(uint32_t) * cursor->nchunks;
}

static size_t
cursor_rows_bytes(const AeCursor *cursor)
{
	return sizeof(float *) * cursor->window_chunks *
		(size_t) cursor->dataset->chunk_rows;
}

static size_t
cursor_buffer_bytes(const AeCursor *cursor)
{
	return ae_dataset_chunk_bytes(cursor->dataset) * cursor->window_chunks;
}

/* windows of a pass, and the chunks of the largest */
static uint32_t
cursor_windows(const AeDataset *dataset, uint32_t *window_chunks)
{
	uint32_t	nchunks = ae_dataset_chunks(dataset);
	uint32_t	largest = ae_dataset_window_chunks(dataset);
	uint32_t	nwindows;

	*window_chunks = 0;
	if (nchunks == 0)
		return 0;
	nwindows = (nchunks - 1) / largest + 1;
	*window_chunks = (nchunks - 1) / nwindows + 1;
	return nwindows;
}

uint64_t
ae_dataset_window_rows(const AeDataset *dataset)
{
	uint32_t	window_chunks;

	cursor_windows(dataset, &window_chunks);
	return (uint64_t) window_chunks * (uint64_t) dataset->chunk_rows;
}

AeStatus
ae_cursor_create(AeDataset *dataset, bool shuffled, AeCursor **cursor)
{
	AeAccount  *account = &dataset->account;
	AeCursor   *created;

	assert(dataset->finished);
	*cursor = NULL;
	created = ae_account_take(account, sizeof(AeCursor));
	if (created == NULL)
		return AE_ERR_MEMORY;
	*created = (AeCursor) {
		.dataset = dataset,
			.shuffled = shuffled,
			.nchunks = ae_dataset_chunks(dataset)
	};
	created->nwindows = cursor_windows(dataset, &created->window_chunks);
	if (created->nchunks > 0)
	{
		created->order = ae_account_take(account,
										 cursor_order_bytes(created));
		created->rows = ae_account_take(account, cursor_rows_bytes(created));
		if (dataset->nspooled > 0)
			created->buffer = ae_account_take(account,
											  cursor_buffer_bytes(created));
		if (created->order == NULL || created->rows == NULL ||
			(dataset->nspooled > 0 && created->buffer == NULL))
		{
			ae_cursor_free(created);
			return AE_ERR_MEMORY;
		}
	}
	*cursor = created;
	return ae_cursor_rewind(created, 0, 0);
}

void
ae_cursor_free(AeCursor *cursor)
{
	AeAccount  *account;

	if (cursor == NULL)
		return;
	account = &cursor->dataset->account;
	ae_account_give(account, cursor->order, cursor_order_bytes(cursor));
	ae_account_give(account, cursor->rows, cursor_rows_bytes(cursor));
	ae_account_give(account, cursor->buffer, cursor_buffer_bytes(cursor));
	ae_account_give(account, cursor, sizeof(AeCursor));
}

void
ae_cursor_share(AeCursor *cursor, float *cells, uint32_t *order)
{
	ae_account_give(&cursor->dataset->account, cursor->buffer,
					cursor_buffer_bytes(cursor));
	cursor->buffer = NULL;
	cursor->shared = cells;
	cursor->shared_order = order;
}

AeStatus
ae_cursor_rewind(AeCursor *cursor, uint64_t seed, uint64_t pass)
{
	ae_rng_seed(&cursor->rng, seed, SHUFFLE_STREAM + pass);
	cursor->window = 0;
	cursor->nrows = 0;
	cursor->next = 0;
	/* fills and shuffles at once */
	for (uint32_t i = 0; i < cursor->nchunks; i++)
	{
		uint32_t	j = i;

		if (cursor->shuffled)
			j = ae_rng_below(&cursor->rng, i + 1);
		cursor->order[i] = cursor->order[j];
		cursor->order[j] = i;
	}
	return AE_OK;
}

/* lists a chunk's rows, but not those set aside if shuffled */
static void
cursor_add_rows(AeCursor *cursor, uint32_t chunk, const float *cells)
{
	const AeDataset *dataset = cursor->dataset;
	uint64_t	first = (uint64_t) chunk * (uint64_t) dataset->chunk_rows;
	int			nrows = ae_dataset_chunk_rows(dataset, chunk);

	for (int r = 0; r < nrows; r++, cells += dataset->ncells)
		if (!cursor->shuffled ||
			!ae_dataset_is_held(dataset, first + (uint64_t) r))
			cursor->rows[cursor->nrows++] = cells;
}

/* window w has the chunks from place w * nchunks / nwindows of the order on */
static AeStatus
cursor_load(AeCursor *cursor)
{
	AeDataset  *dataset = cursor->dataset;
	uint64_t	first = (uint64_t) cursor->window * cursor->nchunks;
	uint64_t	last = first + cursor->nchunks;
	size_t		chunk_cells = (size_t) dataset->ncells *
		(size_t) dataset->chunk_rows;
	float	   *buffer = cursor->buffer;

	if (cursor->shared != NULL)
		buffer = cursor->shared;
	cursor->nrows = 0;
	cursor->next = 0;
	for (uint64_t i = first / cursor->nwindows;
		 i < last / cursor->nwindows; i++)
	{
		uint32_t	chunk = cursor->order[i];
		const float *cells;

		AE_TRY(ae_dataset_read_chunk(dataset, chunk, buffer, &cells));
		if (cursor->shared != NULL && cells != buffer)
			cells = memcpy(buffer, cells, sizeof(float) *
						   (size_t) dataset->ncells *
						   (size_t) ae_dataset_chunk_rows(dataset, chunk));
		if (cells == buffer)
			buffer += chunk_cells;
		cursor_add_rows(cursor, chunk, cells);
	}
	cursor->window++;
	cursor->nloaded++;

	if (cursor->shuffled)
		for (uint32_t i = cursor->nrows; i > 1; i--)
		{
			uint32_t	j = ae_rng_below(&cursor->rng, i);
			const float *row = cursor->rows[i - 1];

			cursor->rows[i - 1] = cursor->rows[j];
			cursor->rows[j] = row;
		}
	for (uint32_t i = 0; i < cursor->nrows && cursor->shared != NULL; i++)
		cursor->shared_order[i] =
			(uint32_t) ((size_t) (cursor->rows[i] - cursor->shared) /
						(size_t) dataset->ncells);
	return AE_OK;
}

AeStatus
ae_cursor_next(AeCursor *cursor, int max_rows, const float **rows,
			   int *count)
{
	uint32_t	left;

	*count = 0;
	while (cursor->next == cursor->nrows)
	{
		if (cursor->window == cursor->nwindows)
			return AE_OK;
		AE_TRY(cursor_load(cursor));
	}
	left = cursor->nrows - cursor->next;
	*count = left < (uint32_t) max_rows ? (int) left : max_rows;
	for (int i = 0; i < *count; i++)
		rows[i] = cursor->rows[cursor->next++];
	return AE_OK;
}

AeWindow
ae_cursor_window(const AeCursor *cursor)
{
	AeWindow	window = {
		cursor->rows, cursor->nrows, cursor->next, cursor->nloaded
	};

	return window;
}
