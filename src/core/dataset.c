/*
 * dataset.c
 *	  Taking the rows of a training in, and keeping them within the budget.
 *
 * Appending a row only converts, stores and compares its cells; moments are
 * taken from a whole chunk at a time, while it is in the cache.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/dataset_private.h"
#include "core/sort.h"

/* rows whose median is a cell's base, unless a chunk has fewer */
#define HEAD_ROWS 256

/* rows of the first head and tail, which then double */
#define FIRST_ROWS 16

/* rows of a block whose moments are taken column by column */
#define SUMMARY_ROWS 128

/* keeps the list of chunks far from overflow; eight terabytes of rows */
#define MAX_CHUNKS ((uint32_t) 1 << 27)

/* what a row adds to a window beside its cells; see cursor.c */
#define WINDOW_ROW_BYTES 8

/* cells of all columns; AE_ERR_LIMIT when a spec is out of its range */
static AeStatus
dataset_count_cells(int ncolumns, const AeColumnSpec *specs, int *ncells)
{
	*ncells = 0;
	if (ncolumns < 1 || ncolumns > AE_MAX_COLUMNS)
		return AE_ERR_LIMIT;
	for (int c = 0; c < ncolumns; c++)
	{
		const AeColumnSpec *spec = &specs[c];

		if (spec->ncells < 1 || spec->ncells > AE_MAX_CELLS - *ncells)
			return AE_ERR_LIMIT;
		if (spec->kind != AE_KIND_NUMERIC &&
			spec->kind != AE_KIND_POISSON &&
			spec->kind != AE_KIND_POSITIVE && spec->ncells != 1)
			return AE_ERR_LIMIT;
		if (spec->kind == AE_KIND_ORDINAL &&
			(spec->nlabels < 0 || spec->nlabels > AE_MAX_LEVELS))
			return AE_ERR_LIMIT;
		if (spec->kind == AE_KIND_CATEGORY &&
			(spec->max_categories < 1 ||
			 spec->max_categories > AE_MAX_LABELS))
			return AE_ERR_LIMIT;
		*ncells += spec->ncells;
	}
	return AE_OK;
}

static AeStatus
dataset_copy_labels(AeArena *arena, AeColumnSpec *spec)
{
	char	  **labels = ae_arena_alloc(arena, (size_t) spec->nlabels,
										sizeof(char *));

	if (labels == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < spec->nlabels; i++)
	{
		labels[i] = ae_arena_strndup(arena, spec->labels[i],
									 strlen(spec->labels[i]));
		if (labels[i] == NULL)
			return AE_ERR_MEMORY;
	}
	spec->labels = labels;
	return AE_OK;
}

/* the categories' dictionaries and the levels of ordinal columns, all empty */
static AeStatus
dataset_alloc_labels(AeDataset *dataset)
{
	AeCategory *category;
	AeOrdinal  *ordinal;
	int			cell = 0;

	category = ae_arena_alloc(&dataset->arena, (size_t) dataset->ncategories,
							  sizeof(AeCategory));
	ordinal = ae_arena_alloc(&dataset->arena, (size_t) dataset->nordinals,
							 sizeof(AeOrdinal));
	if (category == NULL || ordinal == NULL)
		return AE_ERR_MEMORY;
	dataset->categories = category;
	dataset->ordinals = ordinal;
	for (int c = 0; c < dataset->ncolumns; c++)
	{
		const AeColumnSpec *spec = &dataset->specs[c];

		if (spec->kind == AE_KIND_CATEGORY)
		{
			category->cell = cell;
			ae_labels_init(&category->labels, spec->max_categories);
			category++;
		}
		else if (spec->kind == AE_KIND_ORDINAL)
		{
			ordinal->column = c;
			ordinal->cell = cell;
			ordinal++;
		}
		cell += spec->ncells;
	}
	return AE_OK;
}

/* copies of the specs, and room for labels and levels */
static AeStatus
dataset_copy_specs(AeDataset *dataset, const AeColumnSpec *specs)
{
	size_t		ncolumns = (size_t) dataset->ncolumns;
	AeArena    *arena = &dataset->arena;

	dataset->specs = ae_arena_alloc(arena, ncolumns, sizeof(AeColumnSpec));
	dataset->category = ae_arena_alloc(arena, ncolumns, sizeof(int));
	if (dataset->specs == NULL || dataset->category == NULL)
		return AE_ERR_MEMORY;
	for (size_t c = 0; c < ncolumns; c++)
	{
		AeColumnSpec *spec = &dataset->specs[c];

		*spec = specs[c];
		spec->name = ae_arena_strndup(arena, spec->name, strlen(spec->name));
		spec->type = ae_arena_strndup(arena, spec->type, strlen(spec->type));
		if (spec->name == NULL || spec->type == NULL)
			return AE_ERR_MEMORY;
		dataset->category[c] = -1;
		if (spec->kind == AE_KIND_CATEGORY)
			dataset->category[c] = dataset->ncategories++;
		if (spec->kind != AE_KIND_ORDINAL)
			continue;
		AE_TRY(dataset_copy_labels(arena, spec));
		dataset->nordinals++;
	}
	return dataset_alloc_labels(dataset);
}

static AeStatus
dataset_alloc_cells(AeDataset *dataset)
{
	size_t		ncells = (size_t) dataset->ncells;
	size_t		rows = AE_CHUNK_BYTES / (sizeof(float) * ncells);
	AeArena    *arena = &dataset->arena;

	if (rows < 1)
		rows = 1;
	if (rows > AE_CHUNK_MAX_ROWS)
		rows = AE_CHUNK_MAX_ROWS;
	dataset->chunk_rows = (int) rows;

	dataset->base = ae_arena_alloc(arena, ncells, sizeof(double));
	dataset->min = ae_arena_alloc(arena, ncells, sizeof(double));
	dataset->max = ae_arena_alloc(arena, ncells, sizeof(double));
	dataset->moments = ae_arena_alloc(arena, ncells, sizeof(AeMoments));
	if (dataset->base == NULL || dataset->min == NULL ||
		dataset->max == NULL || dataset->moments == NULL)
		return AE_ERR_MEMORY;
	for (size_t i = 0; i < ncells; i++)
	{
		dataset->min[i] = INFINITY;
		dataset->max[i] = -INFINITY;
	}
	return AE_OK;
}

AeStatus
ae_dataset_create(const AeEnv *env, const AeSpool *spool, AeBudget *budget,
				  int ncolumns, const AeColumnSpec *specs,
				  AeDataset **dataset)
{
	AeAccount	account = {env, budget};
	AeDataset  *created;
	AeStatus	status;
	int			ncells;

	*dataset = NULL;
	AE_TRY(dataset_count_cells(ncolumns, specs, &ncells));
	created = ae_account_take(&account, sizeof(AeDataset));
	if (created == NULL)
		return AE_ERR_MEMORY;
	memset(created, 0, sizeof(AeDataset));
	created->account = account;
	created->spool = spool;
	created->ncolumns = ncolumns;
	created->ncells = ncells;
	ae_dataset_init_anomalies(created);
	ae_arena_init(&created->arena, env);

	status = dataset_copy_specs(created, specs);
	if (status == AE_OK)
		status = dataset_alloc_cells(created);
	if (status != AE_OK)
	{
		ae_dataset_free(created);
		return status;
	}
	created->arena_bytes = created->arena.bytes;
	budget->used += created->arena_bytes;
	*dataset = created;
	return AE_OK;
}

AeStatus
ae_dataset_code(AeDataset *dataset, int column, const char *label,
				size_t len, double *code)
{
	const AeColumnSpec *spec = &dataset->specs[column];
	AeCategory *category;
	uint32_t	number;

	if (spec->kind == AE_KIND_ORDINAL)
	{
		*code = ae_unknown_level(spec->nlabels);
		for (int i = 0; i < spec->nlabels; i++)
			if (strlen(spec->labels[i]) == len &&
				memcmp(spec->labels[i], label, len) == 0)
				*code = i;
		return AE_OK;
	}
	assert(dataset->category[column] >= 0);
	category = &dataset->categories[dataset->category[column]];
	AE_TRY(ae_labels_number(&category->labels, &dataset->account,
							label, len, &number));
	*code = number;
	return AE_OK;
}

/* chunks go to the spool, oldest first, until reserve more bytes would fit */
static AeStatus
dataset_evict(AeDataset *dataset, size_t reserve)
{
	const AeSpool *spool = dataset->spool;
	const AeEnv *env = dataset->account.env;
	AeBudget   *budget = dataset->account.budget;
	size_t		bytes = ae_dataset_chunk_bytes(dataset);

	if (spool == NULL)
		return AE_OK;
	while (dataset->nspooled < dataset->nfull &&
		   (budget->used > budget->limit ||
			reserve > budget->limit - budget->used))
	{
		AeChunk    *chunk = &dataset->chunks[dataset->nspooled];
		float	   *rows = chunk->rows;

		env->poll(env->host);
		AE_TRY(spool->write(spool->host, rows, bytes, &chunk->place));
		chunk->rows = NULL;
		dataset->nspooled++;
		ae_account_give(&dataset->account, rows, bytes);
	}
	return AE_OK;
}

/* adds the tail to the moments, in blocks that fit into the nearest cache */
static void
dataset_summarise(AeDataset *dataset)
{
	size_t		stride = (size_t) dataset->ncells;
	float	   *rows = dataset->chunks[dataset->nfull].rows;
	int			left = dataset->tail_rows;

	while (left > 0)
	{
		int			nrows = left < SUMMARY_ROWS ? left : SUMMARY_ROWS;

		for (size_t i = 0; i < stride; i++)
			ae_moments_take(&dataset->moments[i], rows + i, nrows, stride);
		rows += stride * (size_t) nrows;
		left -= nrows;
	}
}

/* room for one more chunk in the list */
static AeStatus
dataset_grow_chunks(AeDataset *dataset)
{
	uint32_t	capacity = dataset->chunk_capacity;
	AeChunk    *chunks;

	if (dataset->nfull < capacity)
		return AE_OK;
	if (capacity >= MAX_CHUNKS)
		return AE_ERR_LIMIT;
	capacity = capacity > 0 ? 2 * capacity : 1;
	chunks = ae_account_grow(&dataset->account, dataset->chunks,
							 sizeof(AeChunk) * dataset->chunk_capacity,
							 sizeof(AeChunk) * capacity);
	if (chunks == NULL)
		return AE_ERR_MEMORY;
	dataset->chunks = chunks;
	dataset->chunk_capacity = capacity;
	return AE_OK;
}

/* only a small dataset's tail grows; later ones are whole from the start */
static AeStatus
dataset_grow_tail(AeDataset *dataset)
{
	size_t		row_bytes = sizeof(float) * (size_t) dataset->ncells;
	int			capacity = dataset->chunk_rows;
	float	   *rows = NULL;

	AE_TRY(dataset_grow_chunks(dataset));
	if (dataset->tail_capacity > 0)
	{
		rows = dataset->chunks[dataset->nfull].rows;
		if (dataset->tail_capacity < capacity / 2)
			capacity = 2 * dataset->tail_capacity;
	}
	else if (dataset->nfull == 0 && capacity > FIRST_ROWS)
		capacity = FIRST_ROWS;
	rows = ae_account_grow(&dataset->account, rows,
						   row_bytes * (size_t) dataset->tail_capacity,
						   row_bytes * (size_t) capacity);
	if (rows == NULL)
		return AE_ERR_MEMORY;
	dataset->chunks[dataset->nfull].rows = rows;
	dataset->tail_capacity = capacity;
	return AE_OK;
}

/* one row into the tail; the bases are known */
static AeStatus
dataset_store(AeDataset *dataset, const double *row)
{
	int			ncells = dataset->ncells;
	const double *base = dataset->base;
	double	   *min = dataset->min;
	double	   *max = dataset->max;
	float	   *cells;

	if (dataset->tail_rows == dataset->tail_capacity)
		AE_TRY(dataset_grow_tail(dataset));
	cells = dataset->chunks[dataset->nfull].rows +
		(size_t) dataset->tail_rows * (size_t) ncells;

	/* compared in this order, NaN leaves the extremes alone */
	for (int i = 0; i < ncells; i++)
	{
		double		value = row[i];

		cells[i] = (float) (value - base[i]);
		min[i] = value < min[i] ? value : min[i];
		max[i] = value > max[i] ? value : max[i];
	}
	for (int i = 0; i < dataset->ncategories; i++)
		ae_labels_count(&dataset->categories[i].labels,
						row[dataset->categories[i].cell]);
	for (int i = 0; i < dataset->nordinals; i++)
		ae_levels_add(&dataset->ordinals[i].levels,
					  row[dataset->ordinals[i].cell]);

	if (++dataset->tail_rows == dataset->chunk_rows)
	{
		const AeEnv *env = dataset->account.env;

		env->poll(env->host);
		dataset_summarise(dataset);
		dataset->nfull++;
		dataset->tail_rows = 0;
		dataset->tail_capacity = 0;
		return dataset_evict(dataset, 0);
	}
	return AE_OK;
}

/*
 * The median of a cell's values in the head, one of them.  0 if there is none,
 * or if differences to it would saturate.
 */
static double
head_median(const AeDataset *dataset, int cell)
{
	double		values[HEAD_ROWS];
	size_t		count = 0;

	for (int r = 0; r < dataset->head_rows; r++)
	{
		double		value = dataset->head[(size_t) r *
										  (size_t) dataset->ncells + cell];

		if (!isnan(value))
			values[count++] = value;
	}
	if (count == 0)
		return 0.0;
	ae_sort_doubles(values, count);
	return fabs(values[count / 2]) < AE_CELL_LIMIT ? values[count / 2] : 0.0;
}

/* fixes the bases and stores the rows that waited for them */
static AeStatus
dataset_settle(AeDataset *dataset)
{
	size_t		ncells = (size_t) dataset->ncells;
	int			cell = 0;

	for (int c = 0; c < dataset->ncolumns; c++)
	{
		const AeColumnSpec *spec = &dataset->specs[c];

		for (int i = 0; i < spec->ncells; i++, cell++)
			if (spec->kind != AE_KIND_BINARY &&
				spec->kind != AE_KIND_CATEGORY)
				dataset->base[cell] = head_median(dataset, cell);
	}
	dataset->settled = true;
	for (int r = 0; r < dataset->head_rows; r++)
		AE_TRY(dataset_store(dataset, dataset->head + (size_t) r * ncells));
	ae_account_give(&dataset->account, dataset->head, sizeof(double) *
					ncells * (size_t) dataset->head_capacity);
	dataset->head = NULL;
	dataset->head_rows = 0;
	dataset->head_capacity = 0;
	return AE_OK;
}

/* one row into the head */
static AeStatus
dataset_wait(AeDataset *dataset, const double *row)
{
	size_t		row_bytes = sizeof(double) * (size_t) dataset->ncells;
	int			limit = dataset->chunk_rows;

	if (limit > HEAD_ROWS)
		limit = HEAD_ROWS;
	if (dataset->head_rows == dataset->head_capacity)
	{
		int			capacity = FIRST_ROWS;
		double	   *head;

		if (dataset->head_capacity > 0)
			capacity = 2 * dataset->head_capacity;
		if (capacity > limit)
			capacity = limit;
		head = ae_account_grow(&dataset->account, dataset->head,
							   row_bytes * (size_t) dataset->head_capacity,
							   row_bytes * (size_t) capacity);
		if (head == NULL)
			return AE_ERR_MEMORY;
		dataset->head = head;
		dataset->head_capacity = capacity;
	}
	memcpy(dataset->head + (size_t) dataset->head_rows *
		   (size_t) dataset->ncells, row, row_bytes);
	if (++dataset->head_rows == limit)
		return dataset_settle(dataset);
	return AE_OK;
}

AeStatus
ae_dataset_append(AeDataset *dataset, const double *row)
{
	assert(!dataset->finished);
	if (!dataset->settled)
		return dataset_wait(dataset, row);
	return dataset_store(dataset, row);
}

uint32_t
ae_dataset_window_chunks(const AeDataset *dataset)
{
	size_t		bytes = ae_dataset_chunk_bytes(dataset) +
		(size_t) dataset->chunk_rows * WINDOW_ROW_BYTES;

	return bytes < AE_WINDOW_BYTES ? (uint32_t) (AE_WINDOW_BYTES / bytes) : 1;
}

AeStatus
ae_dataset_finish(AeDataset *dataset)
{
	size_t		window = ae_dataset_window_chunks(dataset) *
		ae_dataset_chunk_bytes(dataset);

	if (dataset->finished)
		return AE_OK;
	if (!dataset->settled)
		AE_TRY(dataset_settle(dataset));
	if (dataset->tail_rows > 0)
		dataset_summarise(dataset);
	dataset->finished = true;

	/* now, because a cursor's rows must not move when another is created */
	if (dataset->nspooled > 0)
		return dataset_evict(dataset, window);
	return AE_OK;
}

void
ae_dataset_free(AeDataset *dataset)
{
	AeAccount	account;
	size_t		row_bytes;
	size_t		chunk_bytes;

	if (dataset == NULL)
		return;
	account = dataset->account;
	row_bytes = sizeof(float) * (size_t) dataset->ncells;
	chunk_bytes = ae_dataset_chunk_bytes(dataset);
	for (uint32_t i = dataset->nspooled; i < dataset->nfull; i++)
		ae_account_give(&account, dataset->chunks[i].rows, chunk_bytes);
	if (dataset->tail_capacity > 0)
		ae_account_give(&account, dataset->chunks[dataset->nfull].rows,
						row_bytes * (size_t) dataset->tail_capacity);
	ae_account_give(&account, dataset->chunks,
					sizeof(AeChunk) * dataset->chunk_capacity);
	ae_account_give(&account, dataset->head, sizeof(double) *
					(size_t) dataset->ncells *
					(size_t) dataset->head_capacity);
	ae_account_give(&account, dataset->buffer, chunk_bytes);
	ae_dataset_free_anomalies(dataset);
	if (dataset->categories != NULL)
		for (int i = 0; i < dataset->ncategories; i++)
			ae_labels_free(&dataset->categories[i].labels, &account);
	account.budget->used -= dataset->arena_bytes;
	ae_arena_free(&dataset->arena);
	ae_account_give(&account, dataset, sizeof(AeDataset));
}

uint64_t
ae_dataset_rows(const AeDataset *dataset)
{
	uint64_t	rows = dataset->nfull;

	rows = rows * (uint64_t) dataset->chunk_rows +
		(uint64_t) dataset->tail_rows;
	return dataset->settled ? rows : (uint64_t) dataset->head_rows;
}

int
ae_dataset_crowded(const AeDataset *dataset)
{
	for (int i = 0; i < dataset->nordinals; i++)
		if (dataset->ordinals[i].levels.count > AE_MAX_LEVELS)
			return dataset->ordinals[i].column;
	return -1;
}

void
ae_dataset_mark_rehearsed(AeDataset *dataset)
{
	dataset->nrehearsed = ae_dataset_rows(dataset);
}

int
ae_dataset_cells(const AeDataset *dataset)
{
	return dataset->ncells;
}

uint64_t
ae_dataset_present(const AeDataset *dataset)
{
	uint64_t	present = 0;

	for (int i = 0; i < dataset->ncells; i++)
		present += dataset->moments[i].count;
	return present;
}

AeStatus
ae_dataset_read_chunk(const AeDataset *dataset, uint32_t chunk,
					  float *buffer, const float **rows)
{
	const AeSpool *spool = dataset->spool;
	const AeEnv *env = dataset->account.env;

	env->poll(env->host);
	*rows = dataset->chunks[chunk].rows;
	if (*rows != NULL)
		return AE_OK;
	*rows = buffer;
	return spool->read(spool->host, dataset->chunks[chunk].place, buffer,
					   ae_dataset_chunk_bytes(dataset));
}
