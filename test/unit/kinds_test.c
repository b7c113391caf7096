/*
 * kinds_test.c
 *	  Columns of counts, ordered levels and positive numbers: from a dataset to
 *	  vectors and back, to places and draws.
 */
#include "unit.h"

#include "core/count.h"
#include "core/dataset.h"
#include "core/draw.h"
#include "core/feature_cell.h"
#include "core/joint.h"
#include "core/ordinal.h"
#include "core/rng.h"

#define NROWS 3000
#define DRAWS 20000

/* stored values are floats */
#define TOLERANCE 1e-6

/* five standard deviations of a share of DRAWS, of whose mean 5 of its own */
#define SHARE_TOLERANCE 0.02

enum
{
	VISITS,
	WORDS,						/* two cells */
	GRADE = WORDS + 2,
	SIZE,
	PRICE,
	NCELLS,
	COLUMN_GRADE = 2,
	COLUMN_SIZE = 3,
	NCOLUMNS = 5
};

static char *grades[] = {"poor", "fair", "good", "never"};
static const double sizes[] = {-1.5, 0.0, 0.1, 1e6};

typedef struct Table
{
	AeBudget	budget;
	AeDataset  *dataset;
	AeArena		arena;
	AeFeatures *features;
	AeCoder    *coder;
} Table;

static double
draw_count(AeRng *rng, double rate)
{
	double		left = exp(-rate);
	int			count = -1;

	/* Knuth's product of uniform numbers */
	for (double product = 1.0; product > left; count++)
		product *= ae_rng_uniform(rng);
	return count;
}

static void
make_row(uint64_t r, double *row)
{
	AeRng		rng;

	ae_rng_seed(&rng, 3, r);
	row[VISITS] = draw_count(&rng, r % 2 == 0 ? 0.5 : 6.0);
	row[WORDS] = 0.0;
	row[WORDS + 1] = r % 7 == 0 ? NAN : 100.0 * draw_count(&rng, 2.0);
	row[GRADE] = r % 11 == 0 ? NAN : ae_rng_below(&rng, 3);
	row[SIZE] = sizes[ae_rng_below(&rng, 4)];
	row[PRICE] = r % 5 == 0 ? 0.0 : exp(ae_rng_normal(&rng));
}

static AeStatus
fill(AeDataset *dataset)
{
	double		row[NCELLS];

	for (uint64_t r = 0; r < NROWS; r++)
	{
		make_row(r, row);
		if (!isnan(row[GRADE]))
			AE_TRY(ae_dataset_code(dataset, COLUMN_GRADE,
								   grades[(int) row[GRADE]], 4, &row[GRADE]));
		AE_TRY(ae_dataset_append(dataset, row));
	}
	return ae_dataset_finish(dataset);
}

/* whatever of the table there is can be freed */
static AeStatus
table_create(Table *table)
{
	static const AeKind kinds[NCOLUMNS] = {
		AE_KIND_POISSON, AE_KIND_POISSON, AE_KIND_ORDINAL, AE_KIND_ORDINAL,
		AE_KIND_POSITIVE
	};
	AeColumnSpec specs[NCOLUMNS];

	memset(specs, 0, sizeof(specs));
	memset(table, 0, sizeof(Table));
	for (int c = 0; c < NCOLUMNS; c++)
	{
		specs[c].name = specs[c].type = "t";
		specs[c].kind = kinds[c];
		specs[c].ncells = c == 1 ? 2 : 1;
		specs[c].weight = 1.0;
	}
	specs[COLUMN_GRADE].labels = grades;
	specs[COLUMN_GRADE].nlabels = 4;
	table->budget.limit = (size_t) 1 << 30;
	ae_arena_init(&table->arena, &unit_env);
	AE_TRY(ae_dataset_create(&unit_env, NULL, &table->budget, NCOLUMNS, specs,
							 &table->dataset));
	AE_TRY(fill(table->dataset));
	AE_TRY(ae_dataset_fit(table->dataset, &table->arena, &table->features));
	return ae_coder_create(table->dataset, table->features, &table->arena,
						   &table->coder);
}

static void
table_free(Table *table)
{
	ae_arena_free(&table->arena);
	ae_dataset_free(table->dataset);
}

static bool
near(double found, double expected)
{
	return fabs(found - expected) <= TOLERANCE * (1.0 + fabs(expected));
}

static void
test_fit(const Table *table)
{
	const AeColumn *columns = table->features->columns;
	const AeCell *visits = &columns[0].cells[0];
	const AeColumn *grade = &columns[COLUMN_GRADE];
	const AeColumn *size = &columns[COLUMN_SIZE];
	double		row[NCELLS];
	double		mean = 0.0;
	double		deviance = 0.0;
	double		n = 0.0;
	double		fair = 0.0;

	for (uint64_t r = 0; r < NROWS; r++)
	{
		make_row(r, row);
		mean += row[VISITS] / NROWS;
		n += !isnan(row[GRADE]);
		fair += row[GRADE] == 1.0;
	}
	for (uint64_t r = 0; r < NROWS; r++)
	{
		make_row(r, row);
		deviance += ae_count_deviance(row[VISITS], mean) / NROWS;
	}
	ok(near(visits->mean, mean) && near(visits->deviance, deviance),
	   "a count's mean and what it costs (%g, %g)", mean, deviance);
	ok(near(ae_count_rate(visits, 0.0f), mean), "the output 0 is the mean");
	ok(columns[1].cells[0].constant && columns[1].cells[0].deviance == 0,
	   "an array of counts, one constant");
	ok(columns[1].cells[1].nmissing == 429, "the other with gaps");

	ok(grade->nlabels == 4 && strcmp(grade->labels[3], "never") == 0 &&
	   grade->output_width == 3, "labels keep their order");
	ok(near(grade->frequency[1], fair / n) && grade->frequency[3] == 0 &&
	   grade->frequency[4] == 0, "shares of labels");
	ok(size->nlabels == 4 && size->labels == NULL &&
	   memcmp(size->levels, sizes, sizeof(sizes)) == 0,
	   "levels of numbers ascend, and are exact");
	ok(columns[4].scaling == AE_SCALING_LOG, "positive numbers are logarithms");
}

static void
test_vectors(Table *table)
{
	const AeFeatures *f = table->features;
	const AeKernels *kernels = ae_kernels_get(AE_KERNEL_AUTO);
	uint64_t	count;
	float	   *cells;
	float		input[64];
	float		target[64];
	float		input2[64];
	float		target2[64];
	double		row[NCELLS];
	double		original[NCELLS];
	double		sums[NCELLS] = {0};
	bool		same = true;
	bool		alike = true;

	ok(ae_dataset_sample(table->dataset, NROWS, 0, &table->arena, &cells,
						 &count) == AE_OK && count == NROWS, "stored rows");
	for (uint64_t r = 0; r < count; r++)
	{
		const float *stored = cells + r * NCELLS;

		make_row(r, original);
		ae_coder_encode(table->coder, kernels, 1, &stored, input, 64, target,
						64);
		ae_coder_row(table->coder, stored, row);
		ae_features_encode(f, original, input2, target2);
		for (int i = 0; i < f->input_width; i++)
			alike &= fabsf(input[i] - input2[i]) <= 1e-5f;
		for (int i = 0; i < f->output_width; i++)
			alike &= fabsf(target[i] - target2[i]) <= 1e-5f ||
				(isnan(target[i]) && isnan(target2[i]));
		for (int i = 0; i < NCELLS; i++)
			same &= near(row[i], original[i]) ||
				(isnan(row[i]) && isnan(original[i]));
		sums[0] += input[f->columns[0].input];
		sums[1] += input[f->columns[COLUMN_SIZE].input];
		sums[2] += input[f->columns[4].input];
	}
	ok(same, "they are the original rows");
	ok(alike, "stored and original rows have the same vectors");
	ok(fabs(sums[0]) + fabs(sums[1]) + fabs(sums[2]) < 1e-2 * NROWS,
	   "inputs are around 0");
}

static void
test_levels(const AeFeatures *f)
{
	const AeColumn *size = &f->columns[COLUMN_SIZE];
	const AeColumn *grade = &f->columns[COLUMN_GRADE];
	const AeCell *cell = &size->cells[0];
	float		far[2] = {30.0f, -30.0f};
	float		output[3];
	double		p[AE_MAX_LEVELS];
	float		target[3];
	bool		back = true;

	for (int i = 0; i < 4; i++)
	{
		for (int j = 0; j < 3; j++)
			output[j] = j == 0 ? (i == 0 ? 20.0f : -20.0f)
				: i == 0 ? 0.0f : j < i ? -20.0f : j == i ? 40.0f : 0.0f;
		ae_cell_encode(size, cell, sizes[i], NULL, target);
		back &= ae_ordinal_rank(size, sizes[i]) == i && target[0] == i &&
			target[1] == 0.0f &&
			ae_cell_decode(size, cell, output) == sizes[i] &&
			ae_cell_from_place(size, cell,
							   ae_cell_place_target(size, cell,
													target[0])) == sizes[i];
	}
	ok(back, "each level to its target, from its outputs, to a place and back");
	back = true;
	for (int i = 0; i < 4; i++)
	{
		ae_cell_encode(size, cell, sizes[i], target, NULL);
		ae_cell_restate(size, cell, target[0], output);
		ae_ordinal_probabilities(size, output, p);
		back &= p[i] > 1 - 1e-9;
	}
	ok(back, "each level's input to outputs that are sure of it");
	ok(near(ae_ordinal_rank(size, 0.05), 1.5), "between two levels");
	ok(ae_ordinal_rank(size, 0.1 + 1e-9) == 2.0, "a level that was rounded");
	ok(near(ae_ordinal_rank(size, 1e6 + 1000001.5 / 3), 4.0) &&
	   ae_ordinal_rank(size, -1e300) == -AE_CONSTANT_LIMIT &&
	   ae_ordinal_rank(size, 1e300) == 3 + AE_CONSTANT_LIMIT,
	   "beyond them, and no further than so far");
	ok(ae_features_code(f, COLUMN_GRADE, "good", 4) == 2 &&
	   ae_features_code(f, COLUMN_GRADE, "new", 3) == 3 + AE_CONSTANT_LIMIT,
	   "a label's place, and that of a label that came later");
	output[0] = -30.0f;
	output[1] = output[2] = -30.0f;
	ae_ordinal_probabilities(grade, output, p);
	ok(p[3] > 0.99 && ae_cell_decode(grade, grade->cells, output) == 0.0,
	   "a level that no row had is not expected, however likely");
	for (int i = 0; i < 2; i++)
	{
		output[0] = output[1] = output[2] = far[i];
		ae_ordinal_probabilities(size, output, p);
		ok(near(p[0] + p[1] + p[2] + p[3], 1.0) &&
		   near(ae_ordinal_expected_rank(size, output), i == 0 ? 0.0 : 3.0),
		   "outputs of %g", (double) far[i]);
	}
}

static void
test_crowd(void)
{
	AeColumnSpec spec = {.name = "x",.type = "t",.kind = AE_KIND_ORDINAL,
	.ncells = 1,.weight = 1.0};

	for (int n = AE_MAX_LEVELS; n <= AE_MAX_LEVELS + 1; n++)
	{
		AeBudget	budget = {(size_t) 1 << 20, 0};
		AeDataset  *dataset;
		AeFeatures *features;
		AeArena		arena;
		AeStatus	status;
		bool		fits = n == AE_MAX_LEVELS;

		ae_arena_init(&arena, &unit_env);
		status = ae_dataset_create(&unit_env, NULL, &budget, 1, &spec,
								   &dataset);
		for (int i = 0; i < 2000 && status == AE_OK; i++)
		{
			double		value = i * 37 % n;

			status = ae_dataset_append(dataset, &value);
		}
		ok(status == AE_OK && ae_dataset_finish(dataset) == AE_OK &&
		   ae_dataset_crowded(dataset) == (fits ? -1 : 0) &&
		   ae_dataset_fit(dataset, &arena, &features) ==
		   (fits ? AE_OK : AE_ERR_LIMIT), "%d levels", n);
		ae_arena_free(&arena);
		ae_dataset_free(dataset);
	}
}

static void
test_counts(const AeFeatures *f)
{
	const AeColumn *column = &f->columns[0];
	const AeCell *cell = &column->cells[0];
	bool		back = true;
	bool		costs = true;
	double		least = 0.0;
	double		mean[2];
	double		variance[2];
	float		input;
	float		target;

	for (double count = 0; count < 1e15; count = floor(count * 1.5) + 1)
	{
		ae_cell_encode(column, cell, count, NULL, &target);
		if (count < 1e5)
			back &= ae_count_from_place(cell, ae_cell_place_target(column,
																   cell,
																   target)) ==
				count;
		back &= near(ae_count_from_place(cell, ae_count_place(cell, count)),
					 count);
		costs &= ae_count_deviance(count, 1.5 * count + 0.5) > 0 &&
			ae_count_deviance(count + 0.5, 0.5 * count + 1e-9) > 0 &&
			ae_count_deviance(count, fmax(count, 1e-300)) < 1e-299 &&
			ae_count_least(count) >= least;
		least = ae_count_least(count);
	}
	ok(back, "a count to its place and back");
	back = true;
	for (double count = 0; count < 1e4; count = floor(count * 1.5) + 1)
	{
		ae_cell_encode(column, cell, count, &input, NULL);
		ae_cell_restate(column, cell, input, &target);
		back &= rint(ae_cell_decode(column, cell, &target)) == count;
	}
	ok(back, "a count's input to an output whose rate it is");
	ok(costs, "what it costs is least at its own rate, and more for a larger");
	ok(fabs(ae_count_least(999.0) - ae_count_least(1001.0)) < 1.1e-3,
	   "without a jump");
	ok(ae_count_from_place(cell, -1e30) == 0 &&
	   ae_count_from_place(cell, 1e30) == AE_MAX_COUNT, "places at the ends");
	for (int i = 0; i < 2; i++)
	{
		double		rate = i == 0 ? 4.0 : 40.0;
		AeRng		rng;

		ae_rng_seed(&rng, 8, (uint64_t) i);
		mean[i] = variance[i] = 0.0;
		for (int j = 0; j < DRAWS; j++)
		{
			double		residual = ae_count_place(cell,
												  draw_count(&rng, rate)) -
				ae_count_place(cell, rate);

			mean[i] += residual / DRAWS;
			variance[i] += residual * residual / DRAWS;
		}
	}
	ok(fabs(variance[0] / variance[1] - 1.0) < 0.1,
	   "residuals of Poisson variables are as large at any rate (%.3f, %.3f)",
	   variance[0], variance[1]);
	for (int i = 0; i < 2; i++)
	{
		ae_cell_encode(column, cell, i == 0 ? -1e300 : -3.0, &input, &target);
		ok(isfinite(input) && target < 0 && isfinite(target) &&
		   ae_cell_place_target(column, cell, target) <
		   ae_count_place(cell, 0.0) - 1.0, "below 0 is far away");
	}
	ok(ae_cell_decode(column, cell, &(float) {NAN}) == cell->mean &&
	   isfinite(ae_cell_decode(column, cell, &(float) {INFINITY})) &&
	   ae_cell_decode(column, cell, &(float) {-INFINITY}) == 0.0,
	   "whatever the network says, a rate is finite");
	ok(ae_cell_decode(&f->columns[4], f->columns[4].cells,
					  &(float) {-1e6f}) == 0.0, "no price is below 0");
}

static void
test_draws(const AeFeatures *f)
{
	const AeColumn *visits = &f->columns[0];
	const AeColumn *grade = &f->columns[COLUMN_GRADE];
	float		residuals[AE_RESIDUALS];
	float		output[3] = {0.0f, 0.5f, 0.7f};
	double		p[AE_MAX_LEVELS];
	double		shares[4] = {0};
	double		sum = 0.0;
	bool		whole = true;
	AeRng		rng;

	for (int i = 0; i < AE_RESIDUALS; i++)
		residuals[i] = 0.05f * (float) (i - 31);
	ae_rng_seed(&rng, 4, 0);
	for (int i = 0; i < DRAWS; i++)
	{
		double		count = ae_draw_cell(visits, visits->cells, output,
										 residuals, &rng);

		whole &= count == rint(count) && count >= 0 &&
			count <= visits->cells[0].max;
		sum += count;
		shares[(int) ae_draw_cell(grade, grade->cells, output, NULL,
								  &rng)] += 1.0 / DRAWS;
	}
	ok(whole && sum > 0, "counts that are drawn are counts");
	ae_ordinal_probabilities(grade, output, p);
	ok(shares[3] == 0, "a level that no row had is not drawn");
	for (int i = 0; i < 3; i++)
		ok(fabs(shares[i] - p[i] / (1.0 - p[3])) < SHARE_TOLERANCE,
		   "level %d by its probability (%.3f)", i, shares[i]);
}

/* a point stands for the row that it was made of */
static void
test_joint(Table *table)
{
	const AeFeatures *f = table->features;
	AeJoint		joint = {0};
	int			d;
	bool		restored = true;

	if (ae_joint_layout(&joint, f, &table->arena) != AE_OK ||
		ae_joint_allocate_points(&joint, 1, &table->arena) != AE_OK)
		exit(1);
	d = joint.ncoords;
	ok(d == 6, "a coordinate for each cell");
	for (int i = 0; i < 2 * d; i++)
		joint.factor[i] = 1.0f;
	for (uint64_t r = 0; r < 100; r++)
	{
		float		target[16];
		float		output[16] = {0.3f, -0.2f, 0.1f};
		float		value[16];
		float		reconstruction[16];
		int16_t		point[32];
		double		row[NCELLS];
		double		back[NCELLS];

		make_row(r, row);
		ae_features_encode(f, row, NULL, target);
		ae_joint_coordinates(&joint, f, target, output, value,
							 reconstruction);
		ae_joint_point(&joint, value, reconstruction, point);
		ae_joint_set_point(&joint, 0, point);
		ae_joint_restore(&joint, f, 0, output, back);
		restored &= fabs(back[VISITS] - row[VISITS]) <= 0.01 * row[VISITS] &&
			back[SIZE] == row[SIZE] &&
			(isnan(row[GRADE]) ? back[GRADE] >= 0 : back[GRADE] == row[GRADE]);
		if (isnan(row[WORDS + 1]))
			restored &= value[2] == reconstruction[2];
	}
	ok(restored, "rows come back from their points");
}

static void
test_memory(void)
{
	AeStatus	status = AE_ERR_MEMORY;
	long		n;

	for (n = 0; status == AE_ERR_MEMORY && n < 1000; n++)
	{
		Table		table;

		unit_alloc_budget = n;
		status = table_create(&table);
		unit_alloc_budget = -1;
		table_free(&table);
	}
	ok(status == AE_OK && n > 3, "%ld allocations may fail", n);
	ok(unit_alloc_live == 0, "nothing is left allocated");
}

int
main(void)
{
	Table		table;

	if (table_create(&table) != AE_OK)
		exit(1);
	test_fit(&table);
	test_vectors(&table);
	test_levels(table.features);
	test_crowd();
	test_counts(table.features);
	test_draws(table.features);
	test_joint(&table);
	table_free(&table);
	test_memory();
	return done();
}
