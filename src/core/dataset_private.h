/*
 * dataset_private.h
 *	  How the rows lie in memory: for the files that implement dataset.h.
 */
#ifndef AE_DATASET_PRIVATE_H
#define AE_DATASET_PRIVATE_H

#include "core/account.h"
#include "core/labels.h"
#include "core/moments.h"
#include "core/ordinal.h"

/* a chunk is about this large, unless a single row is larger */
#define AE_CHUNK_BYTES ((size_t) 65536)
#define AE_CHUNK_MAX_ROWS 2048

typedef struct AeChunk
{
	float	   *rows;			/* (chunk_rows, ncells); NULL when spooled */
	uint64_t	place;			/* in the spool */
} AeChunk;

typedef struct AeCategory
{
	int			cell;
	AeLabels	labels;
} AeCategory;

typedef struct AeOrdinal
{
	int			column;
	int			cell;
	AeLevels	levels;
} AeOrdinal;

struct AeDataset
{
	AeAccount	account;
	const AeSpool *spool;		/* borrowed; may be NULL */
	AeArena		arena;			/* specs and arrays by column or cell */
	size_t		arena_bytes;	/* of it counted in the budget */

	int			ncolumns;
	AeColumnSpec *specs;
	int		   *category;		/* (ncolumns) index of its labels, or -1 */
	int			ncategories;
	AeCategory *categories;
	int			nordinals;
	AeOrdinal  *ordinals;

	int			ncells;
	double	   *base;			/* (ncells) what stored values lack */
	double	   *min;			/* (ncells) original units */
	double	   *max;
	AeMoments  *moments;		/* (ncells) of the stored values in full
								 * chunks; once finished, in all */

	/* rows that wait for the bases to be known; NULL afterwards */
	double	   *head;
	int			head_rows;
	int			head_capacity;
	bool		settled;
	bool		finished;

	int			chunk_rows;		/* of a full chunk */
	AeChunk    *chunks;			/* full ones, then the tail */
	uint32_t	chunk_capacity;
	uint32_t	nfull;
	uint32_t	nspooled;		/* the first so many */
	int			tail_rows;
	int			tail_capacity;
	float	   *buffer;			/* one chunk, for ae_dataset_sample() and
								 * ae_dataset_hold_out(); NULL until needed */

	uint64_t	nrehearsed;		/* first rows, which no sample has */
	/* known anomalies, see dataset_anomaly.c */
	uint64_t	nanomalies;		/* appended */
	double	   *anomalies;		/* (anomaly_rows, ncells) original units */
	int			anomaly_rows;	/* kept */
	int			anomaly_capacity;
	AeRng		anomaly_rng;	/* which are kept */

	/* rows set aside: those below held_end whose hash is below held_share */
	uint64_t	held_key;
	uint64_t	held_share;		/* of 2^64 */
	uint64_t	held_end;
};

/* chunks of a finished dataset */
static inline uint32_t
ae_dataset_chunks(const AeDataset *dataset)
{
	return dataset->nfull + (dataset->tail_rows > 0);
}

static inline int
ae_dataset_chunk_rows(const AeDataset *dataset, uint32_t chunk)
{
	return chunk < dataset->nfull ? dataset->chunk_rows : dataset->tail_rows;
}

static inline size_t
ae_dataset_chunk_bytes(const AeDataset *dataset)
{
	return sizeof(float) * (size_t) dataset->ncells *
		(size_t) dataset->chunk_rows;
}

/* chunks that a cursor holds at a time, if there are so many */
extern uint32_t ae_dataset_window_chunks(const AeDataset *dataset);

/* the rows of a chunk, in the dataset's memory or, if spooled, in buffer */
extern AeStatus ae_dataset_read_chunk(const AeDataset *dataset,
									  uint32_t chunk, float *buffer,
									  const float **rows);

/* dataset_anomaly.c */
extern void ae_dataset_init_anomalies(AeDataset *dataset);
extern void ae_dataset_free_anomalies(AeDataset *dataset);

static inline bool
ae_dataset_is_held(const AeDataset *dataset, uint64_t row)
{
	return row < dataset->held_end &&
		ae_rng_hash(dataset->held_key +
					row * UINT64_C(0x9e3779b97f4a7c15)) < dataset->held_share;
}

#endif							/* AE_DATASET_PRIVATE_H */
