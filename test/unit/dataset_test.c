/*
 * dataset_test.c
 *	  Rows in and out of a dataset: what a fit says about them, what the coder
 *	  makes of them, and what happens when memory or the spool fails.
 */
#include "mixed_table.h"

/* of moments, relative to the deviation or the value */
#define MOMENT_TOLERANCE 1e-6
/* of coded values, relative to their size where that is above 1 */
#define CODER_TOLERANCE 1e-5
/* of a stored cell, relative to its column's range */
#define CELL_TOLERANCE 1e-7
/* of the moments of values scaled by what a sample of 8192 rows says */
#define SAMPLE_TOLERANCE 0.05

/* inputs or targets of the mixed table, at most */
#define MAX_WIDTH 256

static const AeColumnSpec one_number = NUMBERS("x", 1, AE_SCALING_NONE);
static const AeColumnSpec one_label = LABELS("x", 50, 1);

static void
test_moments(AeDataset *dataset, const AeFeatures *features)
{
	static double values[NROWS][NCELLS];
	char		label[32];
	char		hashed[32];
	uint64_t	present = 0;

	for (int r = 0; r < NROWS; r++)
		make_row(dataset, (uint64_t) r, values[r], label, hashed);
	for (int c = 0; c < features->ncolumns; c++)
	{
		const AeColumn *column = &features->columns[c];

		for (int i = 0; i < column->ncells; i++)
		{
			const AeCell *cell = &column->cells[i];
			int			j = column->cell + i;
			uint64_t	n = 0;
			long double mean = 0;
			long double squares = 0;
			double		min = INFINITY;
			double		max = -INFINITY;

			for (int r = 0; r < NROWS; r++)
				if (!isnan(values[r][j]))
				{
					n++;
					mean += values[r][j];
					min = fmin(min, values[r][j]);
					max = fmax(max, values[r][j]);
				}
			present += n;
			mean /= n > 0 ? n : 1;
			for (int r = 0; r < NROWS; r++)
				if (!isnan(values[r][j]))
					squares += (values[r][j] - mean) * (values[r][j] - mean);
			squares = n > 0 ? sqrtl(squares / n) : 0;

			ok(cell->nmissing == NROWS - n, "missing values of cell %d", j);
			if (column->kind == AE_KIND_CATEGORY || n == 0)
				continue;
			ok(cell->min == min && cell->max == max, "extremes of cell %d", j);
			ok(cell->constant == (min == max), "constancy of cell %d", j);
			ok(fabsl(cell->stddev - squares) <= MOMENT_TOLERANCE * squares +
			   1e-15 * fabsl(mean),
			   "deviation of cell %d: %.9g, not %.9Lg", j, cell->stddev,
			   squares);
			ok(fabsl(cell->mean - mean) <= MOMENT_TOLERANCE *
			   (squares + 1e-9 * fabsl(mean)),
			   "mean of cell %d: %.15g, not %.15Lg", j, cell->mean, mean);
		}
	}
	ok(ae_dataset_present(dataset) == present, "values present");
	ok(features->columns[11].cells[0].constant &&
	   features->columns[11].cells[0].centre == 0.0,
	   "a column without values is constant");
}

static void
test_labels(const AeFeatures *features)
{
	const AeColumn *column = &features->columns[COLUMN_LABEL];
	const AeColumn *hashed = &features->columns[COLUMN_HASHED];
	double		sum = 0.0;
	bool		falling = true;

	ok(!column->hashed && column->nlabels == 30, "thirty labels (%d)",
	   column->nlabels);
	ok(strcmp(column->labels[0], "l0") == 0, "the most frequent one first");
	for (int i = 0; i <= column->nlabels; i++)
		sum += column->frequency[i];
	for (int i = 1; i < column->nlabels; i++)
		falling &= column->frequency[i] <= column->frequency[i - 1];
	ok(fabs(sum - 1.0) < 1e-12 && falling, "shares of the labels");
	ok(fabs(column->frequency[30] * (NROWS - column->cells[0].nmissing) -
			1.0) < 1e-6, "the rare label is the other one");

	ok(hashed->hashed && hashed->nlabels == 16, "too many labels are hashed");
	sum = 0.0;
	for (int i = 0; i < 16; i++)
	{
		size_t		len = strlen(hashed->labels[i]);

		sum += hashed->frequency[i];
		ok(len == 0 || ae_features_code(features, COLUMN_HASHED,
										hashed->labels[i], len) == i,
		   "label %s stands for its bucket", hashed->labels[i]);
	}
	ok(fabs(sum - 1.0) < 1e-12, "shares of the buckets");
}

/* largest relative difference; infinite where only one is missing */
static double
difference(const float *a, const float *b, int n, int *where)
{
	double		worst = 0.0;

	for (int i = 0; i < n; i++)
	{
		double		d = fabs((double) a[i] - b[i]) / fmax(1.0, fabs(b[i]));

		if (isnan(a[i]) != isnan(b[i]))
			d = INFINITY;
		if (d > worst)
		{
			worst = d;
			*where = i;
		}
	}
	return worst;
}

static void
test_coder(AeDataset *dataset)
{
	const AeKernels *kernels = ae_kernels_get(AE_KERNEL_AUTO);
	float		input[MAX_WIDTH];
	float		target[MAX_WIDTH];
	float		input_alone[MAX_WIDTH];
	float		target_alone[MAX_WIDTH];
	float		input_wanted[MAX_WIDTH];
	float		target_wanted[MAX_WIDTH];
	double		row[NCELLS];
	double		back[NCELLS];
	char		label[32];
	char		hashed[32];
	double		input_error = 0.0;
	double		target_error = 0.0;
	double		cell_error = 0.0;
	bool		alone = true;
	bool		beyond = true;
	int			where_input = -1;
	int			where_target = -1;
	uint64_t	r = 0;
	Access		access;
	const AeFeatures *features;
	const AeCoder *coder;
	const float *cells;
	int			count;
	int			in;
	int			out;

	open_access(&access, dataset, false);
	features = access.features;
	coder = access.coder;
	in = features->input_width;
	out = features->output_width;
	while (ae_cursor_next(access.cursor, 1, &cells, &count) == AE_OK &&
		   count == 1)
	{
		make_row(dataset, r++, row, label, hashed);
		row[CELL_LABEL] = missing_if(isnan(row[CELL_LABEL]),
									 ae_features_code(features, COLUMN_LABEL,
													  label, strlen(label)));
		row[CELL_HASHED] = ae_features_code(features, COLUMN_HASHED,
											hashed, strlen(hashed));
		ae_features_encode(features, row, input_wanted, target_wanted);

		input[in] = target[out] = -77.0f;
		ae_coder_encode(coder, kernels, 1, &cells, input, in, target, out);
		ae_coder_encode(coder, kernels, 1, &cells, input_alone, in, NULL, 0);
		ae_coder_encode(coder, kernels, 1, &cells, NULL, 0, target_alone, out);
		ae_coder_row(coder, cells, back);
		beyond &= input[in] == -77.0f && target[out] == -77.0f;
		alone &= memcmp(input, input_alone, sizeof(float) * in) == 0 &&
			memcmp(target, target_alone, sizeof(float) * out) == 0;
		input_error = fmax(input_error, difference(input, input_wanted, in,
												   &where_input));
		target_error = fmax(target_error, difference(target, target_wanted,
													 out, &where_target));
		for (int c = 0; c < features->ncolumns; c++)
			for (int i = 0; i < features->columns[c].ncells; i++)
			{
				int			j = features->columns[c].cell + i;
				const AeCell *cell = &features->columns[c].cells[i];
				double		range = cell->max - cell->min;

				if (isnan(row[j]) != isnan(back[j]))
					cell_error = INFINITY;
				else if (row[j] != back[j] && !isnan(row[j]))
					cell_error = fmax(cell_error,
									  fabs(row[j] - back[j]) / range);
			}
	}
	ok(r == NROWS, "all rows");
	ok(input_error < CODER_TOLERANCE, "inputs as of the original row "
	   "(%g at %d)", input_error, where_input);
	ok(target_error < CODER_TOLERANCE, "targets as of the original row "
	   "(%g at %d)", target_error, where_target);
	ok(cell_error < CELL_TOLERANCE, "cells as in the original row (%g)",
	   cell_error);
	ok(alone, "inputs and targets alone are the same");
	ok(beyond, "nothing is written beyond a width");
	close_access(&access);
}

/* mean, deviation and extremes of a column's targets */
typedef struct Scaled
{
	double		mean;
	double		deviation;
	double		min;
	double		max;
} Scaled;

static Scaled
scaled_column(AeDataset *dataset, int column)
{
	const AeKernels *kernels = ae_kernels_get(AE_KERNEL_AUTO);
	Scaled		result = {0.0, 0.0, INFINITY, -INFINITY};
	Access		access;
	float		target[MAX_WIDTH];
	const float *cells;
	double		n = 0.0;
	int			count;
	int			out;

	open_access(&access, dataset, false);
	out = access.features->columns[column].output;
	while (ae_cursor_next(access.cursor, 1, &cells, &count) == AE_OK &&
		   count == 1)
	{
		ae_coder_encode(access.coder, kernels, 1, &cells, NULL, 0, target,
						MAX_WIDTH);
		if (isnan(target[out]))
			continue;
		n += 1.0;
		result.mean += target[out];
		result.deviation += target[out] * target[out];
		result.min = fmin(result.min, target[out]);
		result.max = fmax(result.max, target[out]);
	}
	result.mean /= n;
	result.deviation = sqrt(result.deviation / n - result.mean * result.mean);
	close_access(&access);
	return result;
}

/* what each scaling promises of the values it scaled */
static void
test_scalings(AeDataset *dataset)
{
	Scaled		far = scaled_column(dataset, 0);
	Scaled		log = scaled_column(dataset, 1);
	Scaled		robust = scaled_column(dataset, 2);
	Scaled		minmax = scaled_column(dataset, 3);
	Scaled		quantile = scaled_column(dataset, 4);
	Scaled		instant = scaled_column(dataset, 9);
	Scaled		none = scaled_column(dataset, 12);

	ok(fabs(far.mean) < 1e-4 && fabs(far.deviation - 1.0) < 1e-4,
	   "standard scaling: %g +- %g", far.mean, far.deviation);
	ok(fabs(instant.mean) < 1e-4 && fabs(instant.deviation - 1.0) < 1e-4,
	   "instants are standardised: %g +- %g", instant.mean,
	   instant.deviation);
	ok(fabs(minmax.min) < 1e-6 && fabs(minmax.max - 1.0) < 1e-6,
	   "minmax scaling: %g to %g", minmax.min, minmax.max);
	ok(none.min == 0.0 && none.max == NROWS - 1, "no scaling");

	/* these rest on a sample */
	ok(fabs(log.mean) < SAMPLE_TOLERANCE &&
	   fabs(log.deviation - 1.0) < SAMPLE_TOLERANCE,
	   "logarithmic scaling: %g +- %g", log.mean, log.deviation);
	ok(fabs(quantile.mean) < SAMPLE_TOLERANCE &&
	   fabs(quantile.deviation - 1.0) < SAMPLE_TOLERANCE,
	   "quantile scaling: %g +- %g", quantile.mean, quantile.deviation);
	/* 2 % of the rows deviate by 1000 instead of 3 */
	ok(fabs(robust.mean) < 4.0 && robust.deviation > 40.0 &&
	   robust.deviation < 55.0, "robust scaling ignores outliers: %g +- %g",
	   robust.mean, robust.deviation);
}

/* dictionaries that overflow, by number and by text */
static void
test_full_dictionary(int nlabels, int label_bytes, const char *what)
{
	const AeKernels *kernels = ae_kernels_get(AE_KERNEL_AUTO);
	AeBudget	budget = {NO_LIMIT, 0};
	AeDataset  *dataset;
	Access		access;
	const AeColumn *column;
	const float *cells;
	char	   *label = malloc((size_t) label_bytes + 1);
	char	   *too_long = calloc(AE_MAX_LABEL_BYTES + 1, 1);
	double		sum = 0.0;
	bool		same = true;
	int			count;

	must(label != NULL && too_long != NULL ? AE_OK : AE_ERR_MEMORY);
	must(ae_dataset_create(&unit_env, NULL, &budget, 1, &one_label,
						   &dataset));
	for (int i = 0; i <= nlabels; i++)
	{
		double		code;

		snprintf(label, (size_t) label_bytes + 1, "%0*d", label_bytes, i);
		if (i < nlabels)
			must(ae_dataset_code(dataset, 0, label, (size_t) label_bytes,
								 &code));
		else
			must(ae_dataset_code(dataset, 0, too_long,
								 AE_MAX_LABEL_BYTES + 1, &code));
		must(ae_dataset_append(dataset, &code));
	}
	must(ae_dataset_finish(dataset));
	open_access(&access, dataset, false);
	column = &access.features->columns[0];
	ok(column->hashed && column->nlabels == 50, "too many %s: hashed", what);
	for (int i = 0; i < 50; i++)
		sum += column->frequency[i];
	ok(fabs(sum * (nlabels + 1) - nlabels) < 1e-6 &&
	   fabs(column->frequency[50] * (nlabels + 1) - 1.0) < 1e-6,
	   "%s: every row counts", what);
	for (int i = 0; i < nlabels; i++)
	{
		float		target[51];

		snprintf(label, (size_t) label_bytes + 1, "%0*d", label_bytes, i);
		must(ae_cursor_next(access.cursor, 1, &cells, &count));
		ae_coder_encode(access.coder, kernels, 1, &cells, NULL, 0, target,
						51);
		same &= target[0] == ae_features_code(access.features, 0, label,
											  (size_t) label_bytes);
	}
	ok(same, "%s: stored rows fall into their labels' buckets", what);
	close_access(&access);
	ae_dataset_free(dataset);
	ok(budget.used == 0, "%s: the budget is given back", what);
	free(label);
	free(too_long);
}

static void
test_small(void)
{
	AeBudget	budget = {NO_LIMIT, 0};
	AeDataset  *dataset;
	AeArena		arena;
	AeFeatures *features;
	AeCursor   *cursor;
	AeCoder    *coder;
	float	   *rows;
	const float *cells;
	uint64_t	n;
	uint64_t	most = 0;
	int			count;

	ae_arena_init(&arena, &unit_env);
	dataset = mixed_dataset(NULL, &budget, 0);
	ok(ae_dataset_rows(dataset) == 0 &&
	   ae_dataset_present(dataset) == 0, "no row");
	ok(ae_dataset_fit(dataset, &arena, &features) == AE_OK &&
	   features->columns[0].cells[0].constant &&
	   features->columns[COLUMN_LABEL].nlabels == 0, "fit without rows");
	ok(ae_cursor_create(dataset, true, &cursor) == AE_OK &&
	   ae_cursor_next(cursor, 1, &cells, &count) == AE_OK && count == 0,
	   "a pass without rows");
	ok(ae_dataset_sample(dataset, 5, 1, &arena, &rows, &n) == AE_OK &&
	   n == 0, "a sample without rows");
	ok(ae_dataset_hold_out(dataset, 0.1, 5, 1, &arena, &rows, &n) == AE_OK &&
	   n == 0, "nothing to hold out");
	ae_cursor_free(cursor);
	ae_dataset_free(dataset);

	dataset = mixed_dataset(NULL, &budget, 9);
	ok(ae_dataset_hold_out(dataset, 0.9, 5, 1, &arena, &rows, &n) == AE_OK &&
	   n == 0, "nine rows are too few to hold any out");
	ok(ae_dataset_fit(dataset, &arena, &features) == AE_OK &&
	   ae_coder_create(dataset, features, &arena, &coder) == AE_OK,
	   "nine rows can be fitted");
	ae_dataset_free(dataset);

	dataset = mixed_dataset(NULL, &budget, 10);
	for (uint64_t seed = 0; seed < 10000; seed++)
	{
		must(ae_dataset_hold_out(dataset, 0.5, 100, seed, &arena, &rows, &n));
		most = n > most ? n : most;
	}
	ok(most == 9, "one of ten rows is always left to train on");
	ae_dataset_free(dataset);
	ae_dataset_free(NULL);
	ae_arena_free(&arena);
	ok(budget.used == 0, "the budget is given back");
}

/* values no float can hold, and differences a float cannot tell apart */
static void
test_extremes(void)
{
	const AeKernels *kernels = ae_kernels_get(AE_KERNEL_AUTO);
	const double values[][2] = {
		{-1.7e308, 1.7e308}, {0.0, 1e-300}, {1e9, 1e9 + 2e-7}, {1e300, -3.0},
		{1e-34, 2e-34}, {-1e308, -1.5e308}
	};
	bool		finite = true;

	for (int s = AE_SCALING_STANDARD; s <= AE_SCALING_NONE; s++)
		for (int v = 0; v < 6; v++)
		{
			AeColumnSpec spec = one_number;
			AeBudget	budget = {NO_LIMIT, 0};
			AeDataset  *dataset;
			Access		access;
			const float *cells;
			int			count;

			spec.scaling = (AeScaling) s;
			must(ae_dataset_create(&unit_env, NULL, &budget, 1, &spec,
								   &dataset));
			for (int r = 0; r < 600; r++)
				must(ae_dataset_append(dataset, &values[v][r % 3 == 0]));
			must(ae_dataset_finish(dataset));
			open_access(&access, dataset, false);
			ok(access.features->columns[0].cells[0].constant ==
			   (v == 1 || v == 5),
			   "%g and %g, %s: constant only where a float cannot tell",
			   values[v][0], values[v][1], ae_scaling_names[s]);
			while (ae_cursor_next(access.cursor, 1, &cells,
								  &count) == AE_OK && count > 0)
			{
				float		input;
				float		target;
				double		back;

				ae_coder_encode(access.coder, kernels, 1, &cells, &input, 1,
								&target, 1);
				ae_coder_row(access.coder, cells, &back);
				finite &= isfinite(input) && isfinite(target) &&
					isfinite(back);
				ae_features_encode(access.features, &back, &input,
								   &target);
				finite &= isfinite(input) && isfinite(target);
			}
			close_access(&access);
			ae_dataset_free(dataset);
		}
	ok(finite, "all vectors are finite");
}

static void
test_limits(void)
{
	AeBudget	budget = {NO_LIMIT, 0};
	AeDataset  *dataset;
	AeColumnSpec spec = one_number;
	AeColumnSpec two[2];

	ok(ae_dataset_create(&unit_env, NULL, &budget, 0, &spec, &dataset) ==
	   AE_ERR_LIMIT, "no column");
	spec.ncells = 0;
	ok(ae_dataset_create(&unit_env, NULL, &budget, 1, &spec, &dataset) ==
	   AE_ERR_LIMIT, "no cell");
	spec.ncells = AE_MAX_CELLS;
	two[0] = two[1] = spec;
	ok(ae_dataset_create(&unit_env, NULL, &budget, 2, two, &dataset) ==
	   AE_ERR_LIMIT, "too many cells");
	spec.kind = AE_KIND_BINARY;
	spec.ncells = 2;
	ok(ae_dataset_create(&unit_env, NULL, &budget, 1, &spec, &dataset) ==
	   AE_ERR_LIMIT, "an array of truths");
	spec = one_label;
	spec.max_categories = 0;
	ok(ae_dataset_create(&unit_env, NULL, &budget, 1, &spec, &dataset) ==
	   AE_ERR_LIMIT, "no category");
	spec.max_categories = AE_MAX_LABELS + 1;
	ok(ae_dataset_create(&unit_env, NULL, &budget, 1, &spec, &dataset) ==
	   AE_ERR_LIMIT && dataset == NULL, "too many categories");
}

/* everything a training does with a dataset */
static AeStatus
use_everything(const AeSpool *spool, AeBudget *budget, AeDataset **dataset,
			   AeArena *arena, AeCursor **cursor)
{
	AeFeatures *features;
	AeCoder    *coder;
	const float *cells[64];
	float	   *rows;
	uint64_t	n;
	int			count;

	AE_TRY(ae_dataset_create(&unit_env, spool, budget, NCOLUMNS, specs,
							 dataset));
	AE_TRY(fill_mixed(*dataset, 3000));
	AE_TRY(ae_dataset_fit(*dataset, arena, &features));
	AE_TRY(ae_dataset_hold_out(*dataset, 0.1, 1000, 1, arena, &rows, &n));
	AE_TRY(ae_dataset_sample(*dataset, 100, 1, arena, &rows, &n));
	AE_TRY(ae_coder_create(*dataset, features, arena, &coder));
	AE_TRY(ae_cursor_create(*dataset, true, cursor));
	do
		AE_TRY(ae_cursor_next(*cursor, 64, cells, &count));
	while (count > 0);
	return AE_OK;
}

static AeStatus
use_and_free(const AeSpool *spool, AeBudget *budget)
{
	AeDataset  *dataset = NULL;
	AeCursor   *cursor = NULL;
	AeArena		arena;
	AeStatus	status;

	ae_arena_init(&arena, &unit_env);
	status = use_everything(spool, budget, &dataset, &arena, &cursor);
	ae_cursor_free(cursor);
	ae_arena_free(&arena);
	ae_dataset_free(dataset);
	return status;
}

static void
test_failures(void)
{
	AeBudget	budget = {100000, 0};
	MemorySpool memory = {0};
	AeSpool		spool;
	AeStatus	status = AE_ERR_MEMORY;
	bool		clean = true;
	long		live = unit_alloc_live;
	long		n;

	for (n = 0; status == AE_ERR_MEMORY; n++)
	{
		reset_spool(&spool, &memory);
		unit_alloc_budget = n;
		status = use_and_free(&spool, &budget);
		unit_alloc_budget = -1;
		clean &= unit_alloc_live == live && budget.used == 0;
	}
	ok(status == AE_OK && n > 50,
	   "every failing allocation is reported (%ld)", n);
	ok(clean, "and none leaks, nor keeps any of the budget");

	status = AE_ERR_IO;
	for (n = 0; status == AE_ERR_IO; n++)
	{
		reset_spool(&spool, &memory);
		memory.writes_left = n;
		status = use_and_free(&spool, &budget);
		clean &= unit_alloc_live == live && budget.used == 0;
	}
	ok(status == AE_OK && n > 1, "every failing write is reported (%ld)", n);
	status = AE_ERR_IO;
	for (n = 0; status == AE_ERR_IO; n++)
	{
		reset_spool(&spool, &memory);
		memory.reads_left = n;
		status = use_and_free(&spool, &budget);
		clean &= unit_alloc_live == live && budget.used == 0;
	}
	ok(status == AE_OK && n > 3, "every failing read is reported (%ld)", n);
	ok(clean, "and none leaks");
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
	AeArena		arena;
	AeFeatures *features;

	reset_spool(&spool, &memory);
	ae_arena_init(&arena, &unit_env);
	kept = mixed_dataset(NULL, &plenty, NROWS);
	spooled = mixed_dataset(&spool, &scarce, NROWS);
	ok(ae_dataset_cells(kept) == NCELLS && ae_dataset_rows(kept) == NROWS,
	   "rows and cells");
	ok(unit_polls > 20, "the host is polled");
	must(ae_dataset_fit(kept, &arena, &features));
	test_moments(kept, features);
	test_labels(features);
	test_scalings(kept);
	test_coder(kept);
	test_coder(spooled);
	ok(memory.writes > 10, "the spool was used");
	ae_dataset_free(kept);
	ae_dataset_free(spooled);
	ok(plenty.used == 0 && scarce.used == 0, "budgets are given back");
	reset_spool(&spool, &memory);
	ae_arena_free(&arena);

	test_full_dictionary(70000, 6, "labels");
	test_full_dictionary(5000, 1000, "bytes");
	test_small();
	test_extremes();
	test_limits();
	test_failures();
	ok(unit_alloc_live == 0, "nothing leaks");
	return done();
}
