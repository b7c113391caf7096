/*
 * dataset.h
 *	  The rows of a training: kept once, compactly, in memory or in the host's
 *	  temporary files, and read back in shuffled order once an epoch.
 *
 * A cell takes four bytes.  To keep a column with mean 1e9 and deviation 1
 * exact enough, what is stored is the difference to the column's base, a
 * typical value: the median of the first rows, which wait as doubles until it
 * is known.  Missing is NaN.  A category's cell is the number of its label in
 * order of appearance; labels beyond AE_MAX_LABELS get a hash above it.
 *
 * Rows are grouped in chunks of a fixed number of rows.  When the budget that
 * all datasets of one statement share is spent, a dataset moves its full
 * chunks to the spool.  A shuffled pass takes the chunks in random order, a
 * window of about AE_WINDOW_BYTES at a time, and the rows of a window in
 * random order.  The order is the same whether chunks are in memory or not,
 * so a model does not depend on the memory that was available.  A chunk holds
 * no pointer and is addressed by number, so that other processes can read it.
 */
#ifndef AE_DATASET_H
#define AE_DATASET_H

#include "core/bytes.h"
#include "core/feature.h"
#include "core/rng.h"

#define AE_WINDOW_BYTES ((size_t) 16 << 20)

/* temporary storage lent by the host; may leave by longjmp */
typedef struct AeSpool
{
	/* keeps a copy of the bytes; *place finds them again */
	AeStatus	(*write) (void *host, const void *data, size_t bytes,
						  uint64_t *place);
	AeStatus	(*read) (void *host, uint64_t place, void *data, size_t bytes);
	void	   *host;
} AeSpool;

/* memory of rows that the datasets of one statement share */
typedef struct AeBudget
{
	size_t		limit;			/* bytes */
	size_t		used;			/* bytes; a dataset counts its own */
} AeBudget;

typedef struct AeDataset AeDataset;

/*
 * An empty dataset; copies the specs.  spool may be NULL: then all rows stay
 * in memory.  budget and spool are borrowed and outlive the dataset.
 */
extern AeStatus ae_dataset_create(const AeEnv *env, const AeSpool *spool,
								  AeBudget *budget, int ncolumns,
								  const AeColumnSpec *specs,
								  AeDataset **dataset);

/* the cell value of a label of a category column, or of an ordinal one that
 * has labels; counts nothing yet */
extern AeStatus ae_dataset_code(AeDataset *dataset, int column,
								const char *label, size_t len, double *code);

/* one row of cells; every value finite, or NaN for missing */
extern AeStatus ae_dataset_append(AeDataset *dataset, const double *row);

/* rows appended so far are for passes only: no sample has one of them */
extern void ae_dataset_mark_rehearsed(AeDataset *dataset);
/*
 * The same for a row that is known to be an anomaly.  It is kept apart: no
 * fit, sample or pass over the rows sees it, and ae_dataset_rows() does not
 * count it.
 */
extern AeStatus ae_dataset_append_anomaly(AeDataset *dataset,
										  const double *row);

/* no more rows; required before any of the calls below */
extern AeStatus ae_dataset_finish(AeDataset *dataset);

extern void ae_dataset_free(AeDataset *dataset);

extern uint64_t ae_dataset_rows(const AeDataset *dataset);

/* the first ordinal column with more than AE_MAX_LEVELS values, which cannot
 * be fitted; -1 if there is none */
extern int	ae_dataset_crowded(const AeDataset *dataset);

extern int	ae_dataset_cells(const AeDataset *dataset); /* per row */
/* cells that are not missing, in all rows */
extern uint64_t ae_dataset_present(const AeDataset *dataset);

/*
 * Fits all columns: exact moments and label counts over all rows; quantiles
 * and logarithms from a sample of at most 8,192 rows.  The features and all
 * they point to live in arena.
 */
extern AeStatus ae_dataset_fit(AeDataset *dataset, AeArena *arena,
							   AeFeatures **features);

/*
 * Sets about fraction of the rows, at most max_rows, aside for validation:
 * which ones depends on seed and row number only.  Shuffled passes leave them
 * out from now on.  rows (count, ncells) is allocated in arena.
 */
extern AeStatus ae_dataset_hold_out(AeDataset *dataset, double fraction,
									uint64_t max_rows, uint64_t seed,
									AeArena *arena,
									float **rows, uint64_t *count);

/* n random rows without replacement (all, if fewer), in stored order; rows
 * (count, ncells) is allocated in arena */
extern AeStatus ae_dataset_sample(AeDataset *dataset, uint64_t n,
								  uint64_t seed, AeArena *arena,
								  float **rows, uint64_t *count);

/* rows of ae_dataset_append_anomaly() */
extern uint64_t ae_dataset_anomalies(const AeDataset *dataset);

/*
 * Those rows as stored ones, in an order that means nothing; random ones, the
 * same for the same rows, if there were more than AE_ANOMALY_ROWS or
 * AE_ANOMALY_BYTES.  rows (count, ncells) is allocated in arena.
 */
#define AE_ANOMALY_ROWS 4096
#define AE_ANOMALY_BYTES ((size_t) 8 << 20)

extern AeStatus ae_dataset_copy_anomalies(const AeDataset *dataset,
										  AeArena *arena, float **rows,
										  uint64_t *count);

/*----------
 * A pass over the rows.
 *
 * A cursor allocates on creation only.  Row pointers are valid until the next
 * call that may load another window.
 *----------
 */
typedef struct AeCursor AeCursor;

extern AeStatus ae_cursor_create(AeDataset *dataset, bool shuffled,
								 AeCursor **cursor);
/* back to the start; pass (an epoch's number) picks the order when shuffled */
extern AeStatus ae_cursor_rewind(AeCursor *cursor, uint64_t seed,
								 uint64_t pass);
/* up to max_rows row pointers; *count 0 at the end of the pass.  The last
 * batch of a window may be short. */
extern AeStatus ae_cursor_next(AeCursor *cursor, int max_rows,
							   const float **rows, int *count);

/*
 * From the next window on, rows are copied to cells, with the order of a
 * window's rows, as their numbers in cells, in order: memory of the caller
 * that other processes see, for ae_dataset_window_rows() rows.
 */
extern void ae_cursor_share(AeCursor *cursor, float *cells, uint32_t *order);

/* the current window: its rows in order, how many, and how often a window was
 * loaded so far */
typedef struct AeWindow
{
	const float *const *rows;
	uint32_t	nrows;
	uint32_t	next;			/* behind the rows of the last batch */
	uint64_t	number;
} AeWindow;

extern AeWindow ae_cursor_window(const AeCursor *cursor);

/* rows of the largest window of a shuffled pass */
extern uint64_t ae_dataset_window_rows(const AeDataset *dataset);

extern void ae_cursor_free(AeCursor *cursor);

/*----------
 * Stored cells to network vectors.
 *----------
 */
typedef struct AeCoder AeCoder;

/* features must come from ae_dataset_fit() of this dataset */
extern AeStatus ae_coder_create(const AeDataset *dataset,
								const AeFeatures *features, AeArena *arena,
								AeCoder **coder);

/*
 * A coder as bytes, for another process that has the same features.  With
 * nothing to write to, only counts.
 */
extern void ae_coder_write(const AeCoder *coder, AeWriter *w);
extern AeStatus ae_coder_read(AeReader *r, const AeFeatures *features,
							  AeArena *arena, AeCoder **coder);

/*
 * Inputs (nrows, input_width) and targets (nrows, output_width) of stored
 * rows, equal to ae_features_encode() of the original row up to float
 * rounding.  input or target may be NULL.  Columns between a width and its
 * leading dimension are not touched.
 */
extern void ae_coder_encode(const AeCoder *coder, const AeKernels *kernels,
							int nrows, const float *const *rows,
							float *input, int ldi, float *target, int ldt);

/* a stored row in original units, category cells as ae_features_code() */
extern void ae_coder_row(const AeCoder *coder, const float *cells,
						 double *row);

/*
 * The least and the largest value of each cell as stored (ncells); NaN for
 * categories, which have no order, and for cells that were never present.
 */
extern void ae_coder_extremes(const AeCoder *coder, float *least,
							  float *largest);

#endif							/* AE_DATASET_H */
