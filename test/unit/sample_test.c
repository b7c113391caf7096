/*
 * sample_test.c
 *	  Generated rows against the rows of the training, for every kind of
 *	  column; and which models have a density.
 */
#include "mixed_table.h"

#include "core/codec.h"
#include "core/merge.h"
#include "core/sample.h"
#include "core/train.h"

/* of shares and quantiles, from as many rows as are generated */
#define SHARE_TOLERANCE 0.03
#define RANK_TOLERANCE 0.05

/* rows of a thousand that may be wrong */
#define FEW 40

#define TRAINED 4000
#define GENERATED 4000

static AeDataset *dataset;
static double *real;			/* (TRAINED, NCELLS) */
static double *rows;			/* (GENERATED, NCELLS) */

static AeModel *
train(AeDataset *of, int purpose, int epochs)
{
	AeOptions	o;
	AeModel    *model;

	ae_options_init(&o);
	o.purpose = purpose;
	o.nhidden = 1;
	o.hidden[0] = 24;
	o.latent = 4;
	o.epochs = epochs;
	must(ae_model_create(&unit_env, &model));
	must(ae_model_plan(model, of, &o, &ae_blas_reference));
	must(ae_train_model(model, of, &ae_blas_reference,
						ae_kernels_get(AE_KERNEL_AUTO), NULL, NULL));
	return model;
}

/* through its bytes, as every model goes */
static AeModel *
stored(AeModel *model)
{
	size_t		size = ae_codec_size(model, model->nhistory);
	void	   *bytes = malloc(size);
	AeModel    *back;

	if (bytes == NULL)
		exit(1);
	ae_codec_write(model, bytes, size);
	must(ae_codec_read(&unit_env, bytes, size, &back));
	free(bytes);
	ae_model_free(model);
	return back;
}

static void
read_real(void)
{
	Access		access;
	const float *cells;
	int			count;
	int			n = 0;

	open_access(&access, dataset, false);
	for (;;)
	{
		must(ae_cursor_next(access.cursor, 1, &cells, &count));
		if (count == 0)
			break;
		ae_coder_row(access.coder, cells, real + (size_t) n++ * NCELLS);
	}
	close_access(&access);
}

static void
generate(AeSampler *sampler, const double *given, uint64_t seed, int n,
		 double *into)
{
	for (int i = 0; i < n; i++)
	{
		AeRng		rng;

		ae_rng_seed(&rng, seed, (uint64_t) i);
		ae_sample_row(sampler, given, &rng, into + (size_t) i * NCELLS);
	}
}

/* share of n rows with a cell that is missing, or that is at most a value */
static double
share(const double *of, int n, int cell, double value)
{
	double		count = 0;
	double		present = 0;

	for (int i = 0; i < n; i++)
	{
		double		x = of[(size_t) i * NCELLS + (size_t) cell];

		if (isnan(value))
			count += isnan(x);
		else
			count += x <= value;
		present += isnan(value) || !isnan(x);
	}
	return present > 0 ? count / present : 0.0;
}

static int
compare(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

/* largest difference of the shares below the deciles of the real values */
static double
worst_decile(int cell)
{
	static double sorted[TRAINED];
	double		worst = 0.0;
	int			n = 0;

	for (int i = 0; i < TRAINED; i++)
		if (!isnan(real[(size_t) i * NCELLS + (size_t) cell]))
			sorted[n++] = real[(size_t) i * NCELLS + (size_t) cell];
	qsort(sorted, (size_t) n, sizeof(double), compare);
	for (int i = 0; i <= 10 && n > 0; i++)
	{
		double		value = sorted[i * (n - 1) / 10];

		worst = fmax(worst, fabs(share(rows, GENERATED, cell, value) -
								 share(real, TRAINED, cell, value)));
	}
	return worst;
}

static void
test_distributions(const AeModel *model)
{
	for (int cell = 0; cell < NCELLS; cell++)
	{
		double		missing = share(rows, GENERATED, cell, NAN);
		double		expected = share(real, TRAINED, cell, NAN);
		double		worst = worst_decile(cell);

		ok(fabs(missing - expected) < SHARE_TOLERANCE,
		   "cell %d: share missing %.3f, not %.3f", cell, missing, expected);
		ok(worst < RANK_TOLERANCE, "cell %d: shares differ by %.3f", cell,
		   worst);
	}
	for (int c = 0; c < model->features->ncolumns; c++)
	{
		const AeColumn *column = &model->features->columns[c];
		bool		within = true;

		for (int i = 0; i < GENERATED; i++)
		{
			double		x = rows[(size_t) i * NCELLS + (size_t) column->cell];

			if (isnan(x))
				continue;
			if (column->kind == AE_KIND_CATEGORY)
				within = within && ae_sample_has_label(column, (int) x);
			else if (column->kind == AE_KIND_BINARY)
				within = within && (x == 0 || x == 1);
			else
				within = within && x >= column->cells[0].min &&
					x <= column->cells[0].max;
		}
		ok(within, "column %d: only values that were possible", c);
	}
}

static void
test_given(AeSampler *sampler)
{
	double		given[NCELLS];
	bool		kept = true;
	double	   *some = malloc(200 * sizeof(double) * NCELLS);

	if (some == NULL)
		exit(1);
	for (int i = 0; i < NCELLS; i++)
		given[i] = NAN;
	given[CELL_LABEL] = 3;
	given[CELL_TRUTH] = 1;
	given[CELL_FAR] = 1e9 + 0.5;
	given[CELL_INSTANT] = 3600.0 * 7.5e4;
	generate(sampler, given, 3, 200, some);
	for (int i = 0; i < 200; i++)
		kept = kept && some[i * NCELLS + CELL_LABEL] == 3 &&
			some[i * NCELLS + CELL_TRUTH] == 1 &&
			some[i * NCELLS + CELL_FAR] == 1e9 + 0.5;
	ok(kept, "what is given is kept");
	free(some);
}

/*----------
 * What belongs together: two labels, a number that goes with them, and two
 * cells that are missing in the same rows.
 *----------
 */
enum
{
	PAIR_SIDE,
	PAIR_NUMBER,
	PAIR_GAP,
	PAIR_OTHER_GAP,
	NPAIR
};

static const AeColumnSpec pair_specs[NPAIR] = {
	LABELS("side", 10, 1),
	NUMBERS("number", 1, AE_SCALING_AUTO),
	NUMBERS("gap", 1, AE_SCALING_AUTO),
	NUMBERS("other gap", 1, AE_SCALING_AUTO)
};

static AeDataset *
pair_dataset(AeBudget *budget)
{
	AeDataset  *of;

	must(ae_dataset_create(&unit_env, NULL, budget, NPAIR, pair_specs, &of));
	for (int i = 0; i < 3000; i++)
	{
		bool		right = i % 3 == 0;
		double		row[NPAIR];
		AeRng		rng;

		ae_rng_seed(&rng, 9, (uint64_t) i);
		must(ae_dataset_code(of, PAIR_SIDE, right ? "right" : "left",
							 right ? 5 : 4, &row[PAIR_SIDE]));
		row[PAIR_NUMBER] = (right ? 10 : -10) + ae_rng_normal(&rng);
		row[PAIR_GAP] = missing_if(i % 5 == 0, ae_rng_normal(&rng));
		row[PAIR_OTHER_GAP] = missing_if(i % 5 == 0, ae_rng_normal(&rng));
		must(ae_dataset_append(of, row));
	}
	must(ae_dataset_finish(of));
	return of;
}

static void
test_together(void)
{
	AeBudget	budget = {NO_LIMIT, 0};
	AeDataset  *of = pair_dataset(&budget);
	AeModel    *model = stored(train(of, AE_PURPOSE_GENERATION, 20));
	double		given[NPAIR] = {NAN, NAN, NAN, NAN};
	double		row[NPAIR];
	int			apart = 0;
	int			half = 0;
	int			gaps = 0;
	int			wrong = 0;
	AeArena		arena;
	AeSampler  *sampler;
	AeRng		rng;

	ae_arena_init(&arena, &unit_env);
	must(ae_sampler_create(model, ae_kernels_get(AE_KERNEL_AUTO), &arena,
						   &sampler));
	ae_rng_seed(&rng, 1, 1);
	for (int i = 0; i < 1000; i++)
	{
		ae_sample_row(sampler, NULL, &rng, row);
		apart += (row[PAIR_SIDE] == 0) != (row[PAIR_NUMBER] < 0);
		gaps += isnan(row[PAIR_GAP]) != 0;
		half += isnan(row[PAIR_GAP]) != isnan(row[PAIR_OTHER_GAP]);
	}
	ok(apart < FEW, "label and number disagree in %d of 1000 rows", apart);
	ok(gaps > 150 && gaps < 250, "%d gaps", gaps);
	ok(half < FEW, "of which %d are alone", half);

	for (int i = 0; i < 400; i++)
	{
		given[PAIR_SIDE] = i < 200 ? i % 2 : NAN;
		given[PAIR_NUMBER] = i < 200 ? NAN : i % 2 ? 10.2 : -9.7;
		ae_sample_row(sampler, given, &rng, row);
		wrong += i < 200 ? (row[PAIR_NUMBER] > 0) != (i % 2)
			: row[PAIR_SIDE] != i % 2;
	}
	ok(wrong < FEW, "what is given decides the rest, but %d of 400 times",
	   wrong);
	ae_arena_free(&arena);
	ae_model_free(model);
	ae_dataset_free(of);
}

static void
test_purposes(void)
{
	AeModel    *model = stored(train(dataset, AE_PURPOSE_EMBEDDING, 1));
	const AeModel *models[2];
	AeModel    *into;

	ok(!ae_density_exists(&model->density), "no density for a code's sake");
	ae_model_free(model);
	model = stored(train(dataset, AE_PURPOSE_GENERATION, 1));
	into = stored(train(dataset, AE_PURPOSE_GENERATION, 1));
	models[0] = models[1] = model;
	must(ae_merge_step(into, model, 2, models, false));
	must(ae_merge_scores(into, 2, models, false,
						 ae_kernels_get(AE_KERNEL_AUTO)));
	ok(!ae_density_exists(&into->density), "nor after a merge");
	ae_model_free(into);
	ae_model_free(model);
}

int
main(void)
{
	AeBudget	budget = {0, 0};
	MemorySpool memory = {0};
	AeSpool		spool;
	AeModel    *model;
	AeArena		arena;
	AeSampler  *sampler;
	double	   *again;

	reset_spool(&spool, &memory);
	dataset = mixed_dataset(&spool, &budget, TRAINED);
	real = malloc(TRAINED * sizeof(double) * NCELLS);
	rows = malloc(GENERATED * sizeof(double) * NCELLS);
	again = malloc(GENERATED * sizeof(double) * NCELLS);
	if (real == NULL || rows == NULL || again == NULL)
		return 1;
	read_real();
	model = stored(train(dataset, AE_PURPOSE_GENERATION, 6));
	ok(ae_density_exists(&model->density), "a density of %d components",
	   model->density.codes.ncomponents);
	ae_arena_init(&arena, &unit_env);
	must(ae_sampler_create(model, ae_kernels_get(AE_KERNEL_AUTO), &arena,
						   &sampler));
	generate(sampler, NULL, 1, GENERATED, rows);
	test_distributions(model);
	generate(sampler, NULL, 1, GENERATED, again);
	ok(memcmp(rows, again, GENERATED * sizeof(double) * NCELLS) == 0,
	   "the same seed gives the same rows");
	generate(sampler, NULL, 2, GENERATED, again);
	ok(memcmp(rows, again, sizeof(double) * NCELLS) != 0,
	   "another gives others");
	test_given(sampler);
	ae_arena_free(&arena);
	ae_model_free(model);
	test_together();
	test_purposes();
	ae_dataset_free(dataset);
	free(real);
	free(rows);
	free(again);
	free(memory.data);
	ok(unit_alloc_live == 0, "nothing left");
	return done();
}
