/*
 * dataset_anomaly_test.c
 *	  Known anomalies in a dataset: no fit, sample or pass sees them, they come
 *	  back as they were, and there is a bound on how many are kept.
 */
#include "mixed_table.h"

#define ROWS 6000
#define LITTLE 100000			/* bytes: most rows are spooled */
#define ANOMALIES 40
#define MANY 20000

/* of values that come back from four bytes, relative to the column's range */
#define CELL_TOLERANCE 1e-6

/* of the mean of a uniform sample, in standard errors */
#define MEAN_TOLERANCE 5.0

/* what no other row is like */
static void
make_anomaly(AeDataset *dataset, uint64_t r, double *row)
{
	char		label[32];
	char		hashed[32];

	must(make_row(dataset, r, row, label, hashed));
	row[CELL_FAR] = -1e9;
	row[CELL_CONSTANT] = 5.0;
	row[CELL_ABSENT] = (double) r;
	must(ae_dataset_code(dataset, COLUMN_LABEL, "anomalous", 9,
						 &row[CELL_LABEL]));
}

/* the mixed table with anomalies before and between its first rows */
static AeDataset *
make_dataset(const AeSpool *spool, AeBudget *budget)
{
	AeDataset  *dataset;
	double		row[NCELLS];
	char		label[32];
	char		hashed[32];

	must(ae_dataset_create(&unit_env, spool, budget, NCOLUMNS, specs,
						   &dataset));
	for (int r = 0; r < ROWS; r++)
	{
		if (r < ANOMALIES)
		{
			make_anomaly(dataset, (uint64_t) r, row);
			must(ae_dataset_append_anomaly(dataset, row));
		}
		must(make_row(dataset, (uint64_t) r, row, label, hashed));
		must(ae_dataset_append(dataset, row));
	}
	must(ae_dataset_finish(dataset));
	return dataset;
}

static bool
same_cells(const AeFeatures *a, const AeFeatures *b)
{
	bool		same = a->nrows == b->nrows;

	for (int c = 0; c < a->ncolumns; c++)
	{
		const AeColumn *x = &a->columns[c];
		const AeColumn *y = &b->columns[c];

		same &= x->nlabels == y->nlabels;
		for (int i = 0; i < x->ncells; i++)
			same &= x->cells[i].mean == y->cells[i].mean &&
				x->cells[i].stddev == y->cells[i].stddev &&
				x->cells[i].min == y->cells[i].min &&
				x->cells[i].max == y->cells[i].max &&
				x->cells[i].nmissing == y->cells[i].nmissing;
		for (int i = 0; same && i < x->nlabels; i++)
			same &= strcmp(x->labels[i], y->labels[i]) == 0 &&
				x->frequency[i] == y->frequency[i];
	}
	return same;
}

static void
test_apart(void)
{
	AeBudget	budget = {NO_LIMIT, 0};
	AeBudget	little = {LITTLE, 0};
	MemorySpool memory = {0};
	AeSpool		spool;
	AeDataset  *with;
	AeDataset  *without = mixed_dataset(NULL, &budget, ROWS);
	Access		a;
	Access		b;
	float	   *rows;
	uint64_t	n;
	bool		seen = false;

	reset_spool(&spool, &memory);
	with = make_dataset(&spool, &little);
	ok(memory.writes > 0, "rows are spooled");
	open_access(&a, with, true);
	open_access(&b, without, true);
	ok(ae_dataset_rows(with) == ROWS && ae_dataset_anomalies(with) ==
	   ANOMALIES && ae_dataset_anomalies(without) == 0, "counts");
	ok(ae_dataset_present(with) == ae_dataset_present(without),
	   "values of anomalies are not counted");
	ok(same_cells(a.features, b.features), "anomalies change no fit");
	must(ae_dataset_sample(with, ROWS, 1, &a.arena, &rows, &n));
	for (uint64_t i = 0; i < n; i++)
		seen |= !isnan(rows[i * NCELLS + CELL_ABSENT]);
	ok(n == ROWS && !seen, "no sample has them");
	close_access(&a);
	close_access(&b);
	ae_dataset_free(with);
	ae_dataset_free(without);
	reset_spool(&spool, &memory);
	ok(budget.used == 0 && little.used == 0, "the budgets are given back");
}

static void
test_copy(void)
{
	AeBudget	budget = {NO_LIMIT, 0};
	AeDataset  *dataset = make_dataset(NULL, &budget);
	Access		access;
	float	   *rows;
	uint64_t	n;
	bool		near = true;
	bool		other = true;

	open_access(&access, dataset, false);
	must(ae_dataset_copy_anomalies(dataset, &access.arena, &rows, &n));
	ok(n == ANOMALIES, "all are kept");
	for (uint64_t i = 0; i < n; i++)
	{
		const AeColumn *labels = &access.features->columns[COLUMN_LABEL];
		double		row[NCELLS];
		double		back[NCELLS];

		make_anomaly(dataset, i, row);
		ae_coder_row(access.coder, rows + i * NCELLS, back);
		for (int j = 0; j < NCELLS; j++)
		{
			double		size = fmax(1.0, fabs(row[j]));

			if (j == CELL_LABEL || j == CELL_HASHED)
				continue;
			near &= isnan(row[j]) == isnan(back[j]);
			near &= isnan(row[j]) ||
				fabs(row[j] - back[j]) <= CELL_TOLERANCE * size;
		}
		other &= back[CELL_LABEL] == labels->nlabels;
	}
	ok(near, "they come back as they were");
	ok(other, "a label that only anomalies have is another one");
	close_access(&access);
	ae_dataset_free(dataset);
}

/* a dataset whose anomalies are the numbers below count; the mean of those
 * that are kept, and their number */
static double
kept_mean(uint64_t count, uint64_t *kept)
{
	const AeColumnSpec spec = NUMBERS("x", 1, AE_SCALING_NONE);
	AeBudget	budget = {NO_LIMIT, 0};
	AeDataset  *dataset;
	AeArena		arena;
	float	   *rows;
	double		sum = 0.0;

	ae_arena_init(&arena, &unit_env);
	must(ae_dataset_create(&unit_env, NULL, &budget, 1, &spec, &dataset));
	for (uint64_t i = 0; i < count; i++)
	{
		double		value = (double) i;

		must(ae_dataset_append_anomaly(dataset, &value));
	}
	must(ae_dataset_finish(dataset));
	must(ae_dataset_copy_anomalies(dataset, &arena, &rows, kept));
	for (uint64_t i = 0; i < *kept; i++)
		sum += rows[i];
	ae_arena_free(&arena);
	ae_dataset_free(dataset);
	return *kept > 0 ? sum / (double) *kept : NAN;
}

static void
test_bound(void)
{
	uint64_t	kept;
	double		mean = kept_mean(MANY, &kept);
	double		error = MANY / sqrt(12.0) / sqrt(AE_ANOMALY_ROWS);

	ok(kept == AE_ANOMALY_ROWS, "no more are kept than there is room for");
	ok(fabs(mean - MANY / 2.0) < MEAN_TOLERANCE * error,
	   "each with the same chance (mean %.0f)", mean);
	ok(mean == kept_mean(MANY, &kept), "the same ones every time");
	kept_mean(0, &kept);
	ok(kept == 0, "none");
}

static void
test_failures(void)
{
	AeStatus	status = AE_ERR_MEMORY;
	AeBudget	budget = {NO_LIMIT, 0};
	long		live = unit_alloc_live;
	long		n;

	for (n = 0; status == AE_ERR_MEMORY; n++)
	{
		const double value = 1.0;
		const AeColumnSpec spec = NUMBERS("x", 1, AE_SCALING_NONE);
		AeDataset  *dataset;
		AeArena		arena;
		float	   *rows;
		uint64_t	count;

		ae_arena_init(&arena, &unit_env);
		unit_alloc_budget = n;
		status = ae_dataset_create(&unit_env, NULL, &budget, 1, &spec,
								   &dataset);
		for (int i = 0; status == AE_OK && i < 100; i++)
			status = ae_dataset_append_anomaly(dataset, &value);
		if (status == AE_OK)
			status = ae_dataset_copy_anomalies(dataset, &arena, &rows,
											   &count);
		unit_alloc_budget = -1;
		ae_arena_free(&arena);
		ae_dataset_free(dataset);
	}
	ok(status == AE_OK && n > 5 && unit_alloc_live == live &&
	   budget.used == 0, "every failing allocation is reported (%ld)", n);
}

int
main(void)
{
	test_apart();
	test_copy();
	test_bound();
	test_failures();
	return done();
}
