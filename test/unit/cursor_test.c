/*
 * cursor_test.c
 *	  The order in which passes deliver rows, whether they are in memory or in
 *	  the spool; rows held out and samples.
 */
#include "mixed_table.h"

static const AeColumnSpec one_number = NUMBERS("x", 1, AE_SCALING_NONE);

/* the row numbers of a pass, which are in each row's last cell */
static uint64_t
pass_order(AeDataset *dataset, AeCursor *cursor, uint64_t seed, uint64_t pass,
		   uint32_t *order, uint64_t max)
{
	int			ncells = ae_dataset_cells(dataset);
	double	   *row = calloc((size_t) ncells, sizeof(double));
	Access		access;
	const float *rows[100];
	uint64_t	n = 0;
	int			count;

	open_access(&access, dataset, false);
	must(ae_cursor_rewind(cursor, seed, pass));
	while (ae_cursor_next(cursor, 100, rows, &count) == AE_OK && count > 0)
		for (int i = 0; i < count && n < max; i++)
		{
			ae_coder_row(access.coder, rows[i], row);
			order[n++] = (uint32_t) row[ncells - 1];
		}
	close_access(&access);
	free(row);
	return n;
}

/* every number below nrows exactly once */
static bool
is_permutation(const uint32_t *order, uint64_t n, uint64_t nrows)
{
	unsigned char *seen = calloc(nrows, 1);
	bool		once = n == nrows && seen != NULL;

	for (uint64_t i = 0; i < n && once; i++)
		once = order[i] < nrows && !seen[order[i]]++;
	free(seen);
	return once;
}

static void
test_order(AeDataset *kept, AeDataset *spooled)
{
	static uint32_t a[NROWS];
	static uint32_t b[NROWS];
	AeCursor   *kept_cursor;
	AeCursor   *spooled_cursor;
	AeCursor   *ordered;
	AeWindow	window;
	float	   *cells;
	uint32_t   *order;
	size_t		size;
	const float *first;
	double		distance = 0.0;
	int			count;
	bool		sequential = true;
	uint64_t	n;

	must(ae_cursor_create(kept, true, &kept_cursor));
	must(ae_cursor_create(spooled, true, &spooled_cursor));
	must(ae_cursor_create(spooled, false, &ordered));
	n = pass_order(kept, kept_cursor, 1, 0, a, NROWS);
	ok(is_permutation(a, n, NROWS), "every row once");
	for (int i = 0; i < NROWS; i++)
		distance += fabs((double) a[i] - i) / NROWS;
	ok(fabs(distance / NROWS - 1.0 / 3.0) < 0.05,
	   "a random order (%g)", distance / NROWS);
	n = pass_order(spooled, spooled_cursor, 1, 0, b, NROWS);
	ok(n == NROWS && memcmp(a, b, sizeof(a)) == 0,
	   "the same order from the spool");
	n = pass_order(spooled, spooled_cursor, 1, 1, b, NROWS);
	ok(is_permutation(b, n, NROWS) && memcmp(a, b, sizeof(a)) != 0,
	   "another order in the next pass");
	n = pass_order(spooled, spooled_cursor, 2, 0, b, NROWS);
	ok(is_permutation(b, n, NROWS) && memcmp(a, b, sizeof(a)) != 0,
	   "another order with another seed");
	n = pass_order(spooled, spooled_cursor, 1, 0, b, NROWS);
	ok(n == NROWS && memcmp(a, b, sizeof(a)) == 0, "the first order again");
	n = pass_order(spooled, ordered, 1, 0, b, NROWS);
	for (uint32_t i = 0; i < n; i++)
		sequential &= b[i] == i;
	ok(n == NROWS && sequential, "stored order when not shuffled");

	must(ae_cursor_rewind(ordered, 0, 0));
	must(ae_cursor_next(ordered, 1, &first, &count));
	window = ae_cursor_window(ordered);
	ok(window.rows[0] == first && window.next == 1 && window.nrows > 1 &&
	   window.nrows <= ae_dataset_window_rows(spooled),
	   "the window shows the rows and the place in them");

	/* the same passes through memory of the caller */
	size = (size_t) ae_dataset_window_rows(spooled);
	cells = malloc(size * (size_t) ae_dataset_cells(spooled) *
				   sizeof(float));
	order = malloc(size * sizeof(uint32_t));
	n = pass_order(spooled, spooled_cursor, 1, 7, a, NROWS);
	for (int shared = 0; shared < 2; shared++)
	{
		AeCursor   *cursor = shared ? spooled_cursor : kept_cursor;
		AeDataset  *dataset = shared ? spooled : kept;
		bool		listed = true;

		ae_cursor_share(cursor, cells, order);
		n = pass_order(dataset, cursor, 1, 7, b, NROWS);
		ok(n == NROWS && memcmp(a, b, sizeof(a)) == 0,
		   "the same order through shared memory (%d)", shared);
		window = ae_cursor_window(cursor);
		for (uint32_t i = 0; i < window.nrows; i++)
			listed &= window.rows[i] == cells + (size_t) order[i] *
				(size_t) ae_dataset_cells(dataset);
		ok(listed && window.number > 0, "which lists its rows (%d)", shared);
	}
	free(cells);
	free(order);

	ae_cursor_free(kept_cursor);
	ae_cursor_free(spooled_cursor);
	ae_cursor_free(ordered);
}

/* a dataset of one column, the row number */
static AeDataset *
numbered_dataset(const AeSpool *spool, AeBudget *budget, uint64_t nrows)
{
	AeDataset  *dataset;

	must(ae_dataset_create(&unit_env, spool, budget, 1, &one_number,
						   &dataset));
	for (uint64_t r = 0; r < nrows; r++)
	{
		double		value = (double) r;

		must(ae_dataset_append(dataset, &value));
	}
	must(ae_dataset_finish(dataset));
	return dataset;
}

/* more rows than one window holds */
static void
test_windows(void)
{
	const uint64_t nrows = 3000001;
	uint32_t   *a = calloc(nrows, sizeof(uint32_t));
	uint32_t   *b = calloc(nrows, sizeof(uint32_t));
	AeBudget	plenty = {NO_LIMIT, 0};
	AeBudget	scarce = {1 << 20, 0};
	MemorySpool memory = {0};
	AeSpool		spool;
	AeDataset  *kept;
	AeDataset  *spooled;
	AeCursor   *cursor;
	double		mean = 0.0;
	uint64_t	n;

	reset_spool(&spool, &memory);
	kept = numbered_dataset(&spool, &plenty, nrows);
	spooled = numbered_dataset(&spool, &scarce, nrows);
	ok(ae_dataset_rows(spooled) == nrows, "rows");
	ok(memory.writes * 8192 > (long) nrows * 4 - (1 << 20) &&
	   plenty.used > nrows * 4, "only the one without memory is spooled");
	ok(scarce.used < scarce.limit, "it stays within its budget (%zu)",
	   scarce.used);
	must(ae_cursor_create(kept, true, &cursor));
	n = pass_order(kept, cursor, 3, 4, a, nrows);
	ok(is_permutation(a, n, nrows), "every row once from several windows");
	for (uint64_t i = 0; i < 1000; i++)
		mean += a[i] / 1000.0;
	/* four standard errors of a uniform mean */
	ok(fabs(mean - nrows / 2.0) < 4.0 * nrows / sqrt(12.0 * 1000),
	   "the first window has chunks from everywhere (%g)", mean);
	ae_cursor_free(cursor);
	must(ae_cursor_create(spooled, true, &cursor));
	ok(scarce.used < scarce.limit + AE_WINDOW_BYTES, "plus one window");
	n = pass_order(spooled, cursor, 3, 4, b, nrows);
	ok(n == nrows && memcmp(a, b, nrows * sizeof(uint32_t)) == 0,
	   "the same order from the spool");
	ae_cursor_free(cursor);

	ae_dataset_free(kept);
	ae_dataset_free(spooled);
	ok(plenty.used == 0 && scarce.used == 0, "budgets are given back");
	reset_spool(&spool, &memory);
	free(a);
	free(b);
}

static void
test_hold_out(AeDataset *dataset)
{
	static uint32_t order[NROWS];
	static bool held[NROWS];
	Access		access;
	AeArena    *arena = &access.arena;
	double		row[NCELLS];
	float	   *rows;
	uint64_t	count;
	uint64_t	n;
	bool		apart = true;
	bool		rising = true;
	double		last = -1.0;

	memset(held, 0, sizeof(held));
	open_access(&access, dataset, true);
	ok(ae_dataset_hold_out(dataset, 0.1, NROWS, 5, arena, &rows,
						   &count) == AE_OK, "hold out");
	/* four standard deviations of the binomial distribution */
	ok(fabs((double) count - 0.1 * NROWS) < 4.0 * sqrt(0.09 * NROWS),
	   "about a tenth of the rows (%d)", (int) count);
	for (uint64_t i = 0; i < count; i++)
	{
		ae_coder_row(access.coder, rows + i * NCELLS, row);
		rising &= row[CELL_ROW] > last;
		last = row[CELL_ROW];
		held[(int) last] = true;
	}
	ok(rising, "each of them once");
	n = pass_order(dataset, access.cursor, 1, 0, order, NROWS);
	for (uint64_t i = 0; i < n; i++)
		apart &= !held[order[i]];
	ok(n == NROWS - count && apart, "shuffled passes leave them out");

	ok(ae_dataset_hold_out(dataset, 0.5, 100, 5, arena, &rows,
						   &count) == AE_OK && count <= 100 && count > 50,
	   "at most 100 rows (%d)", (int) count);
	n = pass_order(dataset, access.cursor, 1, 0, order, NROWS);
	ok(n == NROWS - count, "these, not the ones before, are left out");
	ok(ae_dataset_hold_out(dataset, 0.0, 100, 5, arena, &rows,
						   &count) == AE_OK && count == 0, "none");
	n = pass_order(dataset, access.cursor, 1, 0, order, NROWS);
	ok(n == NROWS, "all rows again");
	for (uint64_t max_rows = 0; max_rows < 40; max_rows++)
	{
		if (ae_dataset_hold_out(dataset, 0.01, max_rows, max_rows, arena,
								&rows, &count) != AE_OK || count > max_rows)
			ok(false, "more than %d rows", (int) max_rows);
		n = pass_order(dataset, access.cursor, 1, 0, order, NROWS);
		if (n != NROWS - count)
			ok(false, "%d rows left out, not %d", (int) (NROWS - n),
			   (int) count);
	}
	ae_dataset_hold_out(dataset, 0.0, 0, 0, arena, &rows, &count);
	close_access(&access);
}

static void
test_sample(AeDataset *dataset)
{
	Access		access;
	AeArena    *arena = &access.arena;
	double		row[NCELLS];
	double		mean = 0.0;
	double		last = -1.0;
	float	   *rows;
	float	   *others;
	uint64_t	count;
	bool		rising = true;

	open_access(&access, dataset, false);
	ok(ae_dataset_sample(dataset, 3000, 1, arena, &rows, &count) == AE_OK &&
	   count == 3000, "a sample");
	for (uint64_t i = 0; i < count; i++)
	{
		ae_coder_row(access.coder, rows + i * NCELLS, row);
		rising &= row[CELL_ROW] > last;
		last = row[CELL_ROW];
		mean += last / (double) count;
	}
	ok(rising, "without replacement, in stored order");
	/* four standard errors of a uniform mean */
	ok(fabs(mean - NROWS / 2.0) < 4.0 * NROWS / sqrt(12.0 * 3000),
	   "from everywhere (%g)", mean);
	ok(ae_dataset_sample(dataset, 3000, 2, arena, &others, &count) == AE_OK &&
	   memcmp(rows, others, 3000 * NCELLS * sizeof(float)) != 0,
	   "another seed, other rows");
	ok(ae_dataset_sample(dataset, NROWS + 5, 1, arena, &rows,
						 &count) == AE_OK && count == NROWS, "all rows");
	ae_coder_row(access.coder, rows + (NROWS - 1) * (uint64_t) NCELLS, row);
	ok(row[CELL_ROW] == NROWS - 1, "to the last");
	close_access(&access);
}

/* rows wider than a chunk should be */
static void
test_wide_rows(void)
{
	enum
	{
		WIDE = 20000
	};
	static double row[WIDE];
	static uint32_t order[50];
	AeColumnSpec spec = one_number;
	AeBudget	budget = {1 << 20, 0};
	MemorySpool memory = {0};
	AeSpool		spool;
	AeDataset  *dataset;
	AeCursor   *cursor;

	reset_spool(&spool, &memory);
	spec.ncells = WIDE;
	must(ae_dataset_create(&unit_env, &spool, &budget, 1, &spec, &dataset));
	for (int r = 0; r < 50; r++)
	{
		row[WIDE - 1] = r;
		must(ae_dataset_append(dataset, row));
	}
	must(ae_dataset_finish(dataset));
	must(ae_cursor_create(dataset, true, &cursor));
	ok(memory.writes > 0, "wide rows are spooled");
	ok(is_permutation(order, pass_order(dataset, cursor, 1, 0, order, 50), 50),
	   "every wide row once");
	ae_cursor_free(cursor);
	ae_dataset_free(dataset);
	ok(budget.used == 0, "the budget is given back");
	reset_spool(&spool, &memory);
}

int
main(void)
{
	AeBudget	plenty = {NO_LIMIT, 0};
	AeBudget	scarce = {200000, 0};
	MemorySpool memory = {0};
	AeSpool		spool;
	AeDataset  *kept;
	AeDataset  *spooled;

	reset_spool(&spool, &memory);
	kept = mixed_dataset(NULL, &plenty, NROWS);
	spooled = mixed_dataset(&spool, &scarce, NROWS);
	test_order(kept, spooled);
	test_hold_out(kept);
	test_hold_out(spooled);
	test_sample(kept);
	test_sample(spooled);
	ok(memory.writes > 10, "the spool was used");
	ae_dataset_free(kept);
	ae_dataset_free(spooled);
	reset_spool(&spool, &memory);

	test_windows();
	test_wide_rows();
	ok(unit_alloc_live == 0, "nothing leaks");
	return done();
}
