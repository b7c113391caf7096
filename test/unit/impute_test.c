/*
 * impute_test.c
 *	  Hidden cells: which are hidden and what is learned from them; values
 *	  drawn for missing cells go together and are as spread out as real ones.
 */
#include "training.h"

#include "core/corrupt.h"
#include "core/draw.h"
#include "core/impute.h"

#define NROWS 2000
#define DRAWS 4000

/* five standard deviations of a share of DRAWS */
#define SHARE_TOLERANCE 0.04

static AeArena arena;

/*----------
 * Hiding.
 *----------
 */
static void
test_mask(double rate)
{
	enum
	{
		ROWS = 4000, CELLS = 100
	};
	float	   *cells = calloc(ROWS, CELLS * sizeof(float));
	double		spread = rate < 0.5 ? rate : 1.0 - rate;
	double		sum = 0.0;
	double		squares = 0.0;
	double		variance;
	double		expected = spread * spread / 3.0;
	AeRng		rng;

	ae_rng_seed(&rng, 5, 0);
	ae_corrupt_mask(&rng, rate, ROWS, CELLS, cells);
	for (int i = 0; i < ROWS; i++)
	{
		int			hidden = 0;

		for (int j = 0; j < CELLS; j++)
			hidden += isnan(cells[i * CELLS + j]);
		sum += hidden;
		squares += (double) hidden * hidden;
	}
	sum /= ROWS * CELLS;
	/* of the shares that rows draw: less what their cells add to it */
	variance = squares / ROWS / (CELLS * CELLS) - sum * sum;
	variance -= (rate * (1.0 - rate) - expected) / CELLS;
	ok(fabs(sum - rate) < 0.02, "a share of %g is hidden (%g)", rate, sum);
	ok(fabs(variance - expected) < 0.05 * expected + 0.0005,
	   "of a row up to %g more or less", spread);
	free(cells);
}

/* a number, an array of two, a category of three labels, a boolean */
static AeFeatures *
make_features(bool any_missing)
{
	static char *labels[] = {"x", "y", "z"};
	static double frequency[] = {0.5, 0.3, 0.2, 0.0};
	AeFeatures *f = ae_arena_alloc(&arena, 1, sizeof(AeFeatures));

	f->columns = ae_arena_alloc(&arena, 4, sizeof(AeColumn));
	f->ncolumns = 4;
	f->nrows = 100;
	f->any_missing = any_missing;
	for (int c = 0; c < 4; c++)
	{
		AeColumn   *column = &f->columns[c];

		column->name = column->type = "t";
		column->kind = c == 2 ? AE_KIND_CATEGORY
			: c == 3 ? AE_KIND_BINARY : AE_KIND_NUMERIC;
		column->ncells = c == 1 ? 2 : 1;
		column->scaling = AE_SCALING_STANDARD;
		column->loss = c == 2 ? AE_LOSS_SOFTMAX
			: c == 3 ? AE_LOSS_LOGISTIC : AE_LOSS_SQUARED;
		column->weight = 1.0;
		column->cells = ae_arena_alloc(&arena, 2, sizeof(AeCell));
		for (int i = 0; i < 2; i++)
		{
			column->cells[i].spread = 2.0;
			column->cells[i].centre = 10.0;
			column->cells[i].min = 5.0;
			column->cells[i].max = 15.0;
		}
	}
	f->columns[2].nlabels = 3;
	f->columns[2].labels = labels;
	f->columns[2].frequency = frequency;
	ok(ae_features_layout(f, &arena) == AE_OK, "features");
	return f;
}

static void
test_indicators(void)
{
	const double row[] = {NAN, 10, NAN, NAN, 1};
	const float expected[] = {0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 1, 0};
	float		input[16];
	AeFeatures *f = make_features(false);

	ok(f->input_width == 8 && f->columns[0].indicator == -1,
	   "no cell was missing in training: no indicator");
	f = make_features(true);
	ok(f->input_width == 13 && f->output_width == 8,
	   "cells will be hidden: an indicator for each");
	ae_features_encode(f, row, input, NULL);
	ok(memcmp(input, expected, sizeof(expected)) == 0, "and it shows");
}

static void
test_forget(void)
{
	const AeFeatures *f = make_features(true);
	const float hidden[] = {1, NAN, 3, NAN, 1, 1, 2, 3, 0, 1};
	float		target[2 * 16];

	for (int i = 0; i < 32; i++)
		target[i] = 1.0f;
	ae_corrupt_forget(f, 2, hidden, target, 16);
	ok(isnan(target[0]) && isnan(target[2]) && isnan(target[7]),
	   "what was not hidden is not learned");
	ok(target[1] == 1.0f && target[3] == 1.0f && target[6] == 1.0f,
	   "what was hidden is");
	ok(isnan(target[16]) && isnan(target[19]) && isnan(target[23]),
	   "of a row of which nothing was hidden, nothing is learned");
}

/*----------
 * One cell.
 *----------
 */
static void
test_labels(void)
{
	const AeFeatures *f = make_features(true);
	const AeColumn *column = &f->columns[2];
	float		residuals[AE_RESIDUALS] = {0};
	/* shares 0.5, 0.25, 0.25; "other" is never drawn */
	float		output[] = {1.6931472f, 1.0f, 1.0f, 50.0f};
	int			count[4] = {0};
	int			trues = 0;
	AeRng		rng;

	ae_rng_seed(&rng, 1, 2);
	for (int i = 0; i < DRAWS; i++)
		count[(int) ae_draw_cell(column, column->cells, output, residuals,
								 &rng)]++;
	ok(fabs(count[0] / (double) DRAWS - 0.5) < SHARE_TOLERANCE &&
	   fabs(count[1] / (double) DRAWS - 0.25) < SHARE_TOLERANCE &&
	   count[3] == 0, "labels by their probabilities");
	output[1] = output[2] = -1e6f;
	output[0] = 1e6f;
	ok(ae_draw_cell(column, column->cells, output, residuals, &rng) == 0,
	   "a label that is certain");
	output[0] = 1.0986123f;		/* log(3): a share of 0.75 */
	for (int i = 0; i < DRAWS; i++)
		trues += ae_draw_cell(&f->columns[3], f->columns[3].cells, output,
							  residuals, &rng) == 1.0;
	ok(fabs(trues / (double) DRAWS - 0.75) < SHARE_TOLERANCE,
	   "true by its probability");
}

static void
test_numbers(void)
{
	const AeFeatures *f = make_features(true);
	const AeColumn *column = &f->columns[0];
	float		residuals[AE_RESIDUALS];
	float		output = 0.5f;
	double		sum = 0.0;
	double		squares = 0.0;
	double		min = INFINITY;
	double		max = -INFINITY;
	AeRng		rng;

	/* uniform in [-1, 1] */
	for (int i = 0; i < AE_RESIDUALS; i++)
		residuals[i] = (2.0f * i + 1.0f) / AE_RESIDUALS - 1.0f;
	ae_rng_seed(&rng, 1, 3);
	for (int i = 0; i < DRAWS; i++)
	{
		double		x = ae_draw_cell(column, column->cells, &output, residuals,
									 &rng);

		sum += x / DRAWS;
		squares += x * x / DRAWS;
		min = fmin(min, x);
		max = fmax(max, x);
	}
	/* centre 10 and spread 2: uniform in [9, 13] */
	ok(fabs(sum - 11.0) < 0.1 &&
	   fabs(squares - sum * sum - 16.0 / 12.0) < 0.1,
	   "numbers around what is expected (%g, %g)", sum,
	   squares - sum * sum);
	ok(min >= 9.0 && min < 9.1 && max <= 13.0 && max > 12.9,
	   "all of the residuals");
	output = 40.0f;
	ok(ae_draw_cell(column, column->cells, &output, residuals, &rng) == 15.0,
	   "nothing beyond what training saw");
}

/*----------
 * Rows.
 *----------
 */

/* a label, its twin, a truth that follows, and a number that depends on it */
enum
{
	LETTER, TWIN, TRUTH, NUMBER, NCELLS
};

static AeStatus
train(Run *run, const AeOptions *options, int nrows)
{
	AeColumnSpec specs[NCELLS] = {
		column_spec("letter", AE_KIND_CATEGORY),
		column_spec("twin", AE_KIND_CATEGORY),
		column_spec("truth", AE_KIND_BINARY),
		column_spec("number", AE_KIND_NUMERIC)
	};
	double		row[NCELLS];
	AeRng		rng;

	run_start(run);
	AE_TRY(ae_dataset_create(&unit_env, NULL, &run->budget, NCELLS, specs,
							 &run->dataset));
	ae_rng_seed(&rng, 21, 0);
	for (int i = 0; i < nrows; i++)
	{
		bool		first = ae_rng_below(&rng, 4) == 0;

		AE_TRY(ae_dataset_code(run->dataset, LETTER, first ? "a" : "b", 1,
							   &row[LETTER]));
		AE_TRY(ae_dataset_code(run->dataset, TWIN, first ? "c" : "d", 1,
							   &row[TWIN]));
		row[TRUTH] = first;
		row[NUMBER] = (first ? 100.0 : 200.0) + 10.0 * ae_rng_normal(&rng);
		AE_TRY(ae_dataset_append(run->dataset, row));
	}
	AE_TRY(ae_dataset_finish(run->dataset));
	return run_train(run, options);
}

static void
set_options(AeOptions *o)
{
	ae_options_init(o);
	o->purpose = AE_PURPOSE_IMPUTATION;
	o->nhidden = 1;
	o->hidden[0] = 24;
	o->latent = 8;
	o->epochs = 40;
	o->learning_rate = 5e-3;
}

static void
test_draws(void)
{
	AeOptions	o;
	Run			run;
	AeScorer   *s;
	double		row[NCELLS] = {NAN, NAN, NAN, NAN};
	double		drawn[NCELLS];
	double		again[NCELLS];
	double		letters = 0.0;
	double		sum = 0.0;
	double		squares = 0.0;
	double		code;
	int			together = 0;
	int			other_seed = 0;
	int			n = 0;

	set_options(&o);
	ok(train(&run, &o, NROWS) == AE_OK, "a training");
	ok(ae_impute_can_draw(run.model), "it can draw");
	ok(ae_scorer_create(run.model, ae_kernels_get(AE_KERNEL_AUTO), &arena,
						&s) == AE_OK, "a scorer");
	code = ae_features_code(run.model->features, LETTER, "a", 1);
	for (int i = 0; i < DRAWS; i++)
	{
		bool		first;

		ae_impute_draw(s, row, 1, (uint64_t) i, drawn);
		first = drawn[LETTER] == code;
		letters += first;
		together += first == (drawn[TRUTH] == 1.0) &&
			first == (drawn[TWIN] ==
					  ae_features_code(run.model->features, TWIN, "c", 1));
		if (first)
			continue;
		n++;
		sum += drawn[NUMBER];
		squares += drawn[NUMBER] * drawn[NUMBER];
	}
	sum /= n;
	squares = sqrt(squares / n - sum * sum);
	/* a fit of 2,000 rows is off by as much */
	ok(fabs(letters / DRAWS - 0.25) < 2 * SHARE_TOLERANCE,
	   "labels as frequent as in training (%g)", letters / DRAWS);
	ok(together > 0.99 * DRAWS, "what is drawn goes together (%d)", together);
	ok(fabs(sum - 200.0) < 5.0 && squares > 7.0 && squares < 15.0,
	   "a number with its spread, given the label (%g, %g)", sum, squares);

	row[TWIN] = ae_features_code(run.model->features, TWIN, "c", 1);
	ae_impute_draw(s, row, 1, 7, drawn);
	ae_impute_draw(s, row, 1, 7, again);
	ok(memcmp(drawn, again, sizeof(drawn)) == 0, "the same draw twice");
	ok(drawn[TWIN] == row[TWIN], "what is there is left alone");
	for (int i = 0; i < 20; i++)
	{
		ae_impute_draw(s, row, 1, (uint64_t) i, drawn);
		ae_impute_draw(s, row, 2, (uint64_t) i, again);
		other_seed += drawn[NUMBER] != again[NUMBER];
	}
	ok(other_seed > 15, "another seed, other draws");
	ae_impute_draw(s, row, 1, 0, drawn);
	row[LETTER] = drawn[LETTER];
	ae_impute_draw(s, row, 1, 0, again);
	ok(drawn[NUMBER] != again[NUMBER], "another row, other draws");
	run_free(&run);

	o.corruption = AE_CORRUPTION_SWAP;
	o.epochs = 1;
	ok(train(&run, &o, 100) == AE_OK && !ae_impute_can_draw(run.model),
	   "without hidden cells it cannot draw");
	run_free(&run);
}

/* every allocation of a training fails once */
static void
test_memory(void)
{
	AeOptions	o;
	Run			run;
	AeStatus	status;
	long		live = unit_alloc_live;
	long		budget = 0;
	bool		honest = true;

	set_options(&o);
	o.epochs = 1;
	do
	{
		unit_alloc_budget = budget++;
		status = train(&run, &o, 50);
		unit_alloc_budget = -1;
		honest &= status == AE_OK || status == AE_ERR_MEMORY;
		run_free(&run);
	} while (status != AE_OK && budget < 10000);
	ok(honest && status == AE_OK && budget > 20,
	   "failing allocations are reported (%ld)", budget);
	ok(unit_alloc_live == live, "and nothing leaks");
}

int
main(void)
{
	ae_arena_init(&arena, &unit_env);
	test_mask(0.35);
	test_mask(0.8);
	test_indicators();
	test_forget();
	test_labels();
	test_numbers();
	test_draws();
	test_memory();
	ae_arena_free(&arena);
	return done();
}
