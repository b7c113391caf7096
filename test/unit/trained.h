/*
 * trained.h
 *	  Trained models of each score beside the rows that they were trained on,
 *	  and what must be true of their scores, for the tests of scores.
 */
#ifndef AE_UNIT_TRAINED_H
#define AE_UNIT_TRAINED_H

#include "mixed_table.h"

#include "core/codec.h"
#include "core/score.h"
#include "core/train.h"

/* of sums over columns, relative */
#define SUM_TOLERANCE 1e-9

#define NSCORES 6
static const char *const score_names[NSCORES] = {
	"error", "distance", "neighbour", "conditional", "elbo", "iwae"
};

/* a trained model and what scores its rows */
typedef struct Trained
{
	AeBudget	budget;
	AeDataset  *dataset;
	AeModel    *model;
	AeArena		arena;
	AeCoder    *coder;
	AeScorer   *scorer;
	double	   *rows;			/* (nrows, ncells) that were trained on, as
								 * stored */
	int			nrows;
} Trained;

static inline void
small_options(AeOptions *o, int score)
{
	ae_options_init(o);
	o->nhidden = 1;
	o->hidden[0] = 8;
	o->latent = 4;
	o->epochs = 2;
	o->score = score;
	if (ae_score_is_evidence(score))
		o->variant = AE_VARIANT_VARIATIONAL;
}

/* takes the dataset over */
static inline void
train(Trained *t, AeDataset *dataset, const AeOptions *options)
{
	const AeKernels *kernels = ae_kernels_get(AE_KERNEL_AUTO);
	AeCursor   *cursor;
	const float *cells;
	int			count;

	t->dataset = dataset;
	must(ae_model_create(&unit_env, &t->model));
	must(ae_model_plan(t->model, dataset, options, &ae_blas_reference));
	must(ae_train_model(t->model, dataset, &ae_blas_reference, kernels,
						NULL, NULL));
	ae_arena_init(&t->arena, &unit_env);
	must(ae_scorer_create(t->model, kernels, &t->arena, &t->scorer));
	must(ae_coder_create(dataset, t->model->features, &t->arena, &t->coder));

	t->nrows = 0;
	t->rows = ae_arena_alloc(&t->arena, ae_dataset_rows(dataset),
							 sizeof(double) *
							 (size_t) t->model->features->ncells);
	must(t->rows != NULL ? AE_OK : AE_ERR_MEMORY);
	must(ae_cursor_create(dataset, false, &cursor));
	for (;;)
	{
		must(ae_cursor_next(cursor, 1, &cells, &count));
		if (count == 0)
			break;
		ae_coder_row(t->coder, cells, t->rows + (size_t) t->nrows *
					 (size_t) t->model->features->ncells);
		t->nrows++;
	}
	ae_cursor_free(cursor);
}

static inline void
release(Trained *t)
{
	ae_arena_free(&t->arena);
	ae_model_free(t->model);
	ae_dataset_free(t->dataset);
}

static inline double *
row_of(const Trained *t, int i)
{
	return t->rows + (size_t) i * (size_t) t->model->features->ncells;
}

static inline void
train_mixed(Trained *t, int score, uint64_t nrows)
{
	AeOptions	o;

	small_options(&o, score);
	t->budget = (AeBudget) {NO_LIMIT, 0};
	train(t, mixed_dataset(NULL, &t->budget, nrows), &o);
}

/* the value of a table of plain numbers */
typedef double (*NumberMaker) (int row, int column);

/* a table of so many numbers */
static inline void
train_numbers(Trained *t, int score, int nrows, int ncolumns,
			  double first_weight, NumberMaker make)
{
	AeColumnSpec *columns = calloc((size_t) ncolumns, sizeof(AeColumnSpec));
	double	   *row = calloc((size_t) ncolumns, sizeof(double));
	AeDataset  *dataset;
	AeOptions	o;

	must(columns != NULL && row != NULL ? AE_OK : AE_ERR_MEMORY);
	for (int i = 0; i < ncolumns; i++)
	{
		columns[i] = (AeColumnSpec) NUMBERS("x", 1, AE_SCALING_AUTO);
		columns[i].weight = i == 0 ? first_weight : 1.0;
	}
	small_options(&o, score);
	t->budget = (AeBudget) {NO_LIMIT, 0};
	must(ae_dataset_create(&unit_env, NULL, &t->budget, ncolumns, columns,
						   &dataset));
	for (int r = 0; r < nrows; r++)
	{
		for (int i = 0; i < ncolumns; i++)
			row[i] = make(r, i);
		must(ae_dataset_append(dataset, row));
	}
	must(ae_dataset_finish(dataset));
	train(t, dataset, &o);
	free(columns);
	free(row);
}

static inline double
make_random(int row, int column)
{
	AeRng		rng;

	ae_rng_seed(&rng, (uint64_t) row, (uint64_t) column);
	return ae_rng_normal(&rng);
}

/* the model's bytes; the caller frees them */
static inline unsigned char *
bytes_of(const AeModel *model, size_t *size)
{
	unsigned char *bytes;

	*size = ae_codec_size(model, model->nhistory);
	bytes = malloc(*size);
	must(bytes != NULL ? AE_OK : AE_ERR_MEMORY);
	ae_codec_write(model, bytes, *size);
	return bytes;
}

static inline bool
same_bytes(const AeModel *a, const AeModel *b)
{
	size_t		size_a;
	size_t		size_b;
	unsigned char *bytes_a = bytes_of(a, &size_a);
	unsigned char *bytes_b = bytes_of(b, &size_b);
	bool		same = size_a == size_b &&
		memcmp(bytes_a, bytes_b, size_a) == 0;

	free(bytes_a);
	free(bytes_b);
	return same;
}

/* all scores are numbers, at least 0, with a p-value */
static inline bool
scores_are_sound(const Trained *t)
{
	bool		good = true;

	for (int i = 0; i < t->nrows; i++)
	{
		double		score = ae_score_row(t->scorer, row_of(t, i));
		double		p = ae_score_pvalue(t->model, score);

		good &= score >= 0 && isfinite(score) && p > 0 && p <= 1;
	}
	return good;
}

/* whether contributions add up; the column with the largest in first */
static inline bool
explanation_adds_up(const Trained *t, const double *row, int *first)
{
	int			ncolumns = t->model->features->ncolumns;
	double		above;
	double		sum = 0.0;
	double		size = 0.0;
	bool		good = true;
	AeExplanation e;

	*first = 0;
	if (!ae_score_explain(t->scorer, row, &e))
		return false;
	above = e.score - exp(ae_calibration_median(&t->model->calibration));
	for (int c = 0; c < ncolumns; c++)
	{
		sum += e.contribution[c];
		size += fabs(e.contribution[c]);
		good &= e.contribution[c] * above >= 0;
		if (fabs(e.contribution[c]) > fabs(e.contribution[*first]))
			*first = c;
	}
	return good && fabs(sum - above) <= SUM_TOLERANCE * (size + e.score);
}

#endif							/* AE_UNIT_TRAINED_H */
