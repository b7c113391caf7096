/*
 * mixed_table.h
 *	  A table with every kind of column and scaling, and ways into a dataset:
 *	  for its tests.
 */
#ifndef AE_MIXED_TABLE_H
#define AE_MIXED_TABLE_H

#include "spool.h"

#include "core/rng.h"

#define NROWS 20000
#define NO_LIMIT ((size_t) 1 << 40)

/* cells of the mixed table */
enum
{
	CELL_FAR,					/* 1e9 + deviation 1 */
	CELL_LOG,
	CELL_ROBUST,
	CELL_MINMAX,
	CELL_QUANTILE,
	CELL_ARRAY,					/* four, the second constant */
	CELL_TRUTH = CELL_ARRAY + 4,
	CELL_LABEL,
	CELL_HASHED,
	CELL_INSTANT,
	CELL_CONSTANT,
	CELL_ABSENT,
	CELL_ROW,					/* the row's number */
	NCELLS
};

enum
{
	COLUMN_LABEL = 7,
	COLUMN_HASHED = 8,
	NCOLUMNS = 13
};

#define NUMBERS(name, ncells, scaling) \
	{name, "t", AE_KIND_NUMERIC, ncells, 0, scaling, AE_LOSS_SQUARED, 1, 0, 0, \
	0, NULL, false, false}
#define LABELS(name, max_categories, min_frequency) \
	{name, "t", AE_KIND_CATEGORY, 1, 0, AE_SCALING_AUTO, AE_LOSS_SQUARED, 1, \
	max_categories, min_frequency, 0, NULL, false, false}
#define OTHER(name, kind, cycles) \
	{name, "t", kind, 1, cycles, AE_SCALING_AUTO, AE_LOSS_SQUARED, 1, 0, 0, \
	0, NULL, false, false}

static const AeColumnSpec specs[NCOLUMNS] = {
	NUMBERS("far", 1, AE_SCALING_AUTO),
	NUMBERS("log", 1, AE_SCALING_LOG),
	NUMBERS("robust", 1, AE_SCALING_ROBUST),
	NUMBERS("minmax", 1, AE_SCALING_MINMAX),
	NUMBERS("quantile", 1, AE_SCALING_QUANTILE),
	NUMBERS("array", 4, AE_SCALING_STANDARD),
	OTHER("truth", AE_KIND_BINARY, 0),
	LABELS("label", 100, 2),
	LABELS("hashed", 16, 1),
	OTHER("instant", AE_KIND_CALENDAR, 7),
	NUMBERS("constant", 1, AE_SCALING_AUTO),
	NUMBERS("absent", 1, AE_SCALING_AUTO),
	NUMBERS("row", 1, AE_SCALING_NONE)
};

/* of what a test needs, but does not test */
static inline void
must(AeStatus status)
{
	if (status == AE_OK)
		return;
	printf("Bail out!  status %d\n", (int) status);
	exit(1);
}

/* the ways into a dataset that most tests need */
typedef struct Access
{
	AeArena		arena;
	AeFeatures *features;
	AeCoder    *coder;
	AeCursor   *cursor;
} Access;

static inline void
open_access(Access *access, AeDataset *dataset, bool shuffled)
{
	ae_arena_init(&access->arena, &unit_env);
	must(ae_dataset_fit(dataset, &access->arena, &access->features));
	must(ae_coder_create(dataset, access->features, &access->arena,
						 &access->coder));
	must(ae_cursor_create(dataset, shuffled, &access->cursor));
}

static inline void
close_access(Access *access)
{
	ae_cursor_free(access->cursor);
	ae_arena_free(&access->arena);
}

static inline double
missing_if(bool missing, double value)
{
	return missing ? NAN : value;
}

/* row r of the mixed table; the same for every dataset */
static inline AeStatus
make_row(AeDataset *dataset, uint64_t r, double *row, char *label,
		 char *hashed)
{
	AeRng		rng;
	double		z[8];
	double		u;

	ae_rng_seed(&rng, 7, r);
	for (int i = 0; i < 8; i++)
		z[i] = ae_rng_normal(&rng);
	u = ae_rng_uniform(&rng);
	row[CELL_FAR] = 1e9 + z[0];
	row[CELL_LOG] = missing_if(r % 11 == 3, exp(2.0 * z[1]));
	row[CELL_ROBUST] = r % 50 == 0 ? 1000.0 * z[2] : 20.0 + 3.0 * z[2];
	row[CELL_MINMAX] = -5.0 + 9.0 * u;
	row[CELL_QUANTILE] = missing_if(r % 7 == 1, floor(4.0 * z[3]) * 0.1);
	row[CELL_ARRAY] = z[4];
	row[CELL_ARRAY + 1] = 0.3;
	row[CELL_ARRAY + 2] = missing_if(r == 5, 1e-20 * z[5]);
	row[CELL_ARRAY + 3] = 1e20 * z[6];
	row[CELL_TRUTH] = missing_if(r % 13 == 0, z[7] > 0.5);
	row[CELL_INSTANT] = missing_if(r % 17 == 4,
								   3600.0 * floor(7.5e4 + 8e3 * z[0]));
	row[CELL_CONSTANT] = -1234.5;
	row[CELL_ABSENT] = NAN;
	row[CELL_ROW] = (double) r;

	snprintf(label, 32, r == 77 ? "seen once" : "l%d",
			 (int) (30.0 * u * u));
	snprintf(hashed, 32, "h%d", (int) (200.0 * u));
	AE_TRY(ae_dataset_code(dataset, COLUMN_LABEL, label, strlen(label),
						   &row[CELL_LABEL]));
	AE_TRY(ae_dataset_code(dataset, COLUMN_HASHED, hashed, strlen(hashed),
						   &row[CELL_HASHED]));
	row[CELL_LABEL] = missing_if(r % 19 == 2, row[CELL_LABEL]);
	return AE_OK;
}

static inline AeStatus
fill_mixed(AeDataset *dataset, uint64_t nrows)
{
	double		row[NCELLS];
	char		label[32];
	char		hashed[32];

	for (uint64_t r = 0; r < nrows; r++)
	{
		AE_TRY(make_row(dataset, r, row, label, hashed));
		AE_TRY(ae_dataset_append(dataset, row));
	}
	return ae_dataset_finish(dataset);
}

/* a finished dataset of the mixed table */
static inline AeDataset *
mixed_dataset(const AeSpool *spool, AeBudget *budget, uint64_t nrows)
{
	AeDataset  *dataset;

	must(ae_dataset_create(&unit_env, spool, budget, NCOLUMNS, specs,
						   &dataset));
	must(fill_mixed(dataset, nrows));
	return dataset;
}

#endif							/* AE_MIXED_TABLE_H */
