/*
 * score_batch_test.c
 *	  The promise of batches: a row's score and code have the same bits alone
 *	  and with any other rows, for random models and random batches.
 */
#include "mixed_table.h"

#include "core/score_batch.h"
#include "core/train.h"

#define NMODELS 60
#define NBATCHES 50				/* of each model */
#define NTRAINED 150			/* rows that a model is trained on */
#define MAX_ROWS 300

static AeRng rng;

static int
random_below(int n)
{
	return (int) ae_rng_below(&rng, (uint32_t) n);
}

static void
random_options(AeOptions *o)
{
	ae_options_init(o);
	o->nhidden = 1 + random_below(3);
	for (int i = 0; i < o->nhidden; i++)
		o->hidden[i] = 1 + random_below(100);
	o->latent = 1 + random_below(40);
	o->activation = random_below(AE_ACT_COUNT);
	o->variant = random_below(AE_VARIANT_VARIATIONAL + 1);
	o->epochs = 1;
	o->score = random_below(AE_SCORE_NEIGHBOUR + 1);
	o->seed = random_below(1000);
}

static AeModel *
random_model(AeDataset *dataset, const AeKernels *kernels)
{
	AeModel    *model;
	AeOptions	o;

	random_options(&o);
	must(ae_model_create(&unit_env, &model));
	must(ae_model_plan(model, dataset, &o, &ae_blas_reference));
	must(ae_train_model(model, dataset, &ae_blas_reference, kernels, NULL,
						NULL));
	return model;
}

/* cells of all sizes, many of them missing, sometimes all */
static void
random_row(const AeModel *model, double *row)
{
	const AeFeatures *f = model->features;
	int			missing = random_below(4) == 0 ? 1 + random_below(3) : 0;

	for (int c = 0; c < f->ncolumns; c++)
		for (int i = 0; i < f->columns[c].ncells; i++)
		{
			const AeColumn *column = &f->columns[c];
			double	   *cell = &row[column->cell + i];

			if (column->kind == AE_KIND_CATEGORY)
				*cell = random_below(column->nlabels + 1);
			else if (column->kind == AE_KIND_BINARY)
				*cell = random_below(2);
			else
				*cell = column->cells[i].mean + column->cells[i].stddev *
					ae_rng_normal(&rng) * (random_below(20) == 0 ? 1e6 : 1);
			if (random_below(3) < missing)
				*cell = NAN;
		}
}

static bool
same_bits(const void *a, const void *b, size_t bytes)
{
	return memcmp(a, b, bytes) == 0;
}

/* whether a batch of rows, added in as many parts, says what each row does */
static bool
batch_agrees(AeScorer *scorer, AeScoreBatch *batch, const double *rows,
			 int nrows, int what)
{
	size_t		ncells = (size_t) scorer->model->features->ncells;
	size_t		code = (size_t) ae_net_latent(&scorer->model->net);
	bool		same = true;

	ae_score_batch_clear(batch);
	for (int i = 0; i < nrows; i++)
		ae_score_batch_add(batch, rows + (size_t) i * ncells);
	ae_score_batch_run(batch, what);
	for (int i = 0; i < nrows; i++)
	{
		const double *row = rows + (size_t) i * ncells;
		double		score = ae_score_row(scorer, row);

		/* what NaN it is does not matter */
		if ((what & AE_BATCH_SCORE) != 0)
			same &= isnan(score) ? isnan(batch->score[i]) :
				same_bits(&score, &batch->score[i], sizeof(double));
		if ((what & AE_BATCH_CODE) != 0)
			same &= same_bits(ae_score_encode(scorer, row),
							  batch->code +
							  (size_t) i * (size_t) batch->ncode,
							  code * sizeof(float));
	}
	return same;
}

static bool
model_agrees(const AeModel *model, const AeKernels *kernels)
{
	double	   *rows = calloc((size_t) MAX_ROWS *
							  (size_t) model->features->ncells,
							  sizeof(double));
	AeArena		arena;
	AeScorer   *scorer;
	AeScoreBatch *batch;
	bool		same = true;

	ae_arena_init(&arena, &unit_env);
	must(ae_scorer_create(model, kernels, &arena, &scorer));
	must(ae_score_batch_create(scorer, MAX_ROWS, &arena, &batch));
	for (int i = 0; i < NBATCHES; i++)
	{
		int			nrows = 1 + random_below(i % 2 ? MAX_ROWS : 12);

		for (int r = 0; r < nrows; r++)
			random_row(model, rows + (size_t) r *
					   (size_t) model->features->ncells);
		same &= batch_agrees(scorer, batch, rows, nrows, 1 + i % 3);
	}
	ae_arena_free(&arena);
	free(rows);
	return same;
}

static void
test_models(const AeKernels *kernels)
{
	AeBudget	budget = {NO_LIMIT, 0};
	AeDataset  *dataset = mixed_dataset(NULL, &budget, NTRAINED);
	int			ndiffering = 0;

	for (int i = 0; i < NMODELS; i++)
	{
		AeModel    *model = random_model(dataset, kernels);

		ndiffering += !model_agrees(model, kernels);
		ae_model_free(model);
	}
	ok(ndiffering == 0, "%s: %d batches of %d models, %d models differ",
	   kernels->name, NMODELS * NBATCHES, NMODELS, ndiffering);
	ae_dataset_free(dataset);
}

/* memory that gives out at any point */
static void
test_memory(void)
{
	AeBudget	budget = {NO_LIMIT, 0};
	AeDataset  *dataset = mixed_dataset(NULL, &budget, NTRAINED);
	const AeKernels *kernels = ae_kernels_get(AE_KERNEL_AUTO);
	AeModel    *model = random_model(dataset, kernels);
	AeArena		arena;
	AeScorer   *scorer;
	AeScoreBatch *batch;
	int			nfailures = 0;
	AeStatus	status;

	ae_arena_init(&arena, &unit_env);
	must(ae_scorer_create(model, kernels, &arena, &scorer));
	do
	{
		AeArena		scarce;

		unit_alloc_budget = nfailures;
		ae_arena_init(&scarce, &unit_env);
		status = ae_score_batch_create(scorer, MAX_ROWS, &scarce, &batch);
		unit_alloc_budget = -1;
		nfailures += status == AE_ERR_MEMORY;
		ae_arena_free(&scarce);
	} while (status == AE_ERR_MEMORY && nfailures < 100);
	ok(status == AE_OK && nfailures > 1,
	   "a batch that finds no memory says so");
	ae_arena_free(&arena);
	ae_model_free(model);
	ae_dataset_free(dataset);
}

int
main(void)
{
	const AeKernelChoice choices[] = {
		AE_KERNEL_BASELINE, AE_KERNEL_AVX2, AE_KERNEL_AVX512
	};

	(void) reset_spool;
	ae_rng_seed(&rng, 7, 0);
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
		if (ae_kernels_get(choices[i]) != NULL)
			test_models(ae_kernels_get(choices[i]));
	test_memory();
	ok(unit_alloc_live == 0, "all memory is released");
	return done();
}
