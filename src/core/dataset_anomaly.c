/*
 * dataset_anomaly.c
 *	  Rows that are known to be anomalies, kept apart from all others.
 *
 * They must not move the columns' moments, and the bases that stored cells
 * lack may not be known yet, so they wait as doubles.  Their number has a
 * bound; beyond it each row has the same chance to be among those kept
 * (reservoir sampling: Vitter 1985, algorithm R).
 */
#include "core/dataset_private.h"

#define FIRST_ROWS 16

/* kept however wide a row is */
#define MIN_ROWS 16

#define ANOMALY_SEED UINT64_C(0x616e6f6d616c7900)

static size_t
anomaly_row_bytes(const AeDataset *dataset)
{
	return sizeof(double) * (size_t) dataset->ncells;
}

static int
anomaly_limit(const AeDataset *dataset)
{
	size_t		rows = AE_ANOMALY_BYTES / anomaly_row_bytes(dataset);

	return rows > AE_ANOMALY_ROWS ? AE_ANOMALY_ROWS
		: rows < MIN_ROWS ? MIN_ROWS : (int) rows;
}

void
ae_dataset_init_anomalies(AeDataset *dataset)
{
	ae_rng_seed(&dataset->anomaly_rng, ANOMALY_SEED, 0);
}

void
ae_dataset_free_anomalies(AeDataset *dataset)
{
	AeAccount	account = dataset->account;

	ae_account_give(&account, dataset->anomalies,
					anomaly_row_bytes(dataset) *
					(size_t) dataset->anomaly_capacity);
}

static AeStatus
anomaly_grow(AeDataset *dataset)
{
	size_t		row_bytes = anomaly_row_bytes(dataset);
	int			limit = anomaly_limit(dataset);
	int			capacity = FIRST_ROWS;
	double	   *rows;

	if (dataset->anomaly_capacity > 0)
		capacity = 2 * dataset->anomaly_capacity;
	if (capacity > limit)
		capacity = limit;
	rows = ae_account_grow(&dataset->account, dataset->anomalies,
						   row_bytes * (size_t) dataset->anomaly_capacity,
						   row_bytes * (size_t) capacity);
	if (rows == NULL)
		return AE_ERR_MEMORY;
	dataset->anomalies = rows;
	dataset->anomaly_capacity = capacity;
	return AE_OK;
}

/* a random number below n, n below 2^53 */
static uint64_t
anomaly_draw(AeDataset *dataset, uint64_t n)
{
	double		u = (double) (ae_rng_next(&dataset->anomaly_rng) >> 11) *
		0x1p-53;

	return (uint64_t) (u * (double) n);
}

AeStatus
ae_dataset_append_anomaly(AeDataset *dataset, const double *row)
{
	size_t		row_bytes = anomaly_row_bytes(dataset);
	uint64_t	place = (uint64_t) dataset->anomaly_rows;

	if (dataset->anomaly_rows == anomaly_limit(dataset))
		place = anomaly_draw(dataset, dataset->nanomalies + 1);
	else
	{
		if (dataset->anomaly_rows == dataset->anomaly_capacity)
			AE_TRY(anomaly_grow(dataset));
		dataset->anomaly_rows++;
	}
	dataset->nanomalies++;
	if (place < (uint64_t) dataset->anomaly_rows)
		memcpy(dataset->anomalies + place * (uint64_t) dataset->ncells, row,
			   row_bytes);
	return AE_OK;
}

uint64_t
ae_dataset_anomalies(const AeDataset *dataset)
{
	return dataset->nanomalies;
}

AeStatus
ae_dataset_copy_anomalies(const AeDataset *dataset, AeArena *arena,
						  float **rows, uint64_t *count)
{
	size_t		ncells = (size_t) dataset->ncells;
	size_t		nrows = (size_t) dataset->anomaly_rows;
	float	   *out = ae_arena_alloc(arena, nrows, ncells * sizeof(float));

	if (out == NULL)
		return AE_ERR_MEMORY;
	for (size_t i = 0; i < nrows * ncells; i++)
		out[i] = (float) (dataset->anomalies[i] - dataset->base[i % ncells]);
	*rows = out;
	*count = nrows;
	return AE_OK;
}
