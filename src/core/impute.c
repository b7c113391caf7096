/*
 * impute.c
 *	  Missing cells of a row drawn, and what that takes.
 */
#include "core/impute.h"

#include <math.h>
#include <string.h>

#include "core/corrupt.h"
#include "core/draw.h"
#include "core/feature_cell.h"
#include "core/sort.h"

/* passes through the network for one draw */
#define DRAW_PASSES 64

/* passes for one row whose residuals are looked at, and how many rows are */
#define FIT_PASSES 8
#define FIT_ROWS 3072
/* residuals of all cells together */
#define FIT_BYTES ((size_t) 8 << 20)

/*----------
 * Drawing.
 *----------
 */

/* rows that differ draw differently, as if each had a seed of its own */
static uint64_t
impute_key(const AeFeatures *f, const double *row, uint64_t seed)
{
	uint64_t	key = ae_rng_hash(seed + AE_RNG_STEP);

	for (int i = 0; i < f->ncells; i++)
	{
		/* one zero, one NaN */
		double		value = row[i] == 0.0 ? 0.0 : row[i];
		uint64_t	bits = UINT64_MAX;

		if (!isnan(value))
			memcpy(&bits, &value, sizeof(bits));
		key = ae_rng_hash(key + bits + AE_RNG_STEP);
	}
	return key;
}

/* what becomes of a missing cell, whose outputs are in s->output */
typedef double (*ImputeCell) (void *arg, AeScorer *s, const AeColumn *column,
							  int i);

/*
 * A pass through the network of a row some of whose missing cells are filled:
 * fills every step-th of those, counted from first.
 */
static void
impute_pass(AeScorer *s, const double *row, int first, int step,
			ImputeCell fill, void *arg, double *filled)
{
	const AeFeatures *f = s->model->features;
	int			missing = 0;

	/* into s->output; the decoded row is of no interest */
	ae_score_reconstruct(s, filled, s->expected);
	for (int c = 0; c < f->ncolumns; c++)
	{
		const AeColumn *column = &f->columns[c];
		const double *cells = row + column->cell;

		for (int i = 0; i < column->ncells && !column->condition &&
			 !column->classes; i++)
			if (isnan(cells[i]) && missing++ % step == first)
				filled[column->cell + i] = fill(arg, s, column, i);
	}
}

/* fills all missing cells of row, in up to max_passes passes */
static void
impute_row(AeScorer *s, const double *row, int max_passes, ImputeCell fill,
		   void *arg, double *filled)
{
	const AeFeatures *f = s->model->features;
	int			passes = 0;

	for (int i = 0; i < f->ncells && passes < max_passes; i++)
		passes += isnan(row[i]);
	memcpy(filled, row, (size_t) f->ncells * sizeof(double));
	for (int i = 0; i < passes; i++)
		impute_pass(s, row, i, passes, fill, arg, filled);
}

/* arg is a generator */
static double
impute_draw_cell(void *arg, AeScorer *s, const AeColumn *column, int i)
{
	size_t		cell = (size_t) (column->cell + i);

	return ae_draw_cell(column, &column->cells[i],
						s->output + column->output + i,
						s->model->residuals + cell * AE_RESIDUALS, arg);
}

void
ae_impute_draw(AeScorer *s, const double *row, uint64_t seed, uint64_t draw,
			   double *filled)
{
	AeRng		rng;

	ae_rng_seed(&rng, impute_key(s->model->features, row, seed), draw);
	impute_row(s, row, DRAW_PASSES, impute_draw_cell, &rng, filled);
}

/*----------
 * Residuals.  They are those of draws that happen to find what was there: a
 * value is easier to tell when others have been drawn.
 *----------
 */
typedef struct ImputeFit
{
	AeModel    *model;
	AeScorer   *scorer;
	AeArena		arena;
	double	   *row;			/* (ncells) */
	double	   *hidden;			/* (ncells) without what is hidden */
	double	   *filled;			/* (ncells) */
	float	   *stored;			/* (ncells) */
	int			capacity;		/* residuals of a cell */
	int		   *count;			/* (ncells) */
	float	   *residual;		/* (ncells, capacity) */
} ImputeFit;

/* arg is an ImputeFit; the scorer's targets are those of the whole row */
static double
fit_cell(void *arg, AeScorer *s, const AeColumn *column, int i)
{
	ImputeFit  *fit = arg;
	int			cell = column->cell + i;
	int			output = column->output + i;
	const AeCell *fitted = &column->cells[i];

	if (ae_column_is_number(column) && !isnan(fit->row[cell]) &&
		fit->count[cell] < fit->capacity)
		fit->residual[(size_t) cell * (size_t) fit->capacity +
					  (size_t) fit->count[cell]++] =
			(float) (ae_cell_place_target(column, fitted, s->target[output]) -
					 ae_cell_place_output(column, fitted,
										  s->output + output));
	return fit->row[cell];
}

/* means of equal shares of n sorted residuals; of fewer, some come twice */
static void
fit_shares(const float *residual, int n, float shares[AE_RESIDUALS])
{
	for (int i = 0; i < AE_RESIDUALS; i++)
	{
		int			first = (int) ((int64_t) i * n / AE_RESIDUALS);
		int			end = (int) ((int64_t) (i + 1) * n / AE_RESIDUALS);
		double		sum = 0.0;

		if (end == first)
			end++;
		for (int j = first; j < end && n > 0; j++)
			sum += residual[j];
		shares[i] = (float) (sum / (end - first));
	}
}

static AeStatus
fit_allocate(ImputeFit *fit, const AeKernels *kernels, uint64_t n)
{
	size_t		ncells = (size_t) fit->model->features->ncells;
	size_t		capacity = FIT_BYTES / (ncells * sizeof(float));

	if (capacity > n)
		capacity = (size_t) n;
	fit->capacity = (int) capacity;
	fit->row = ae_arena_alloc(&fit->arena, ncells, sizeof(double));
	fit->hidden = ae_arena_alloc(&fit->arena, ncells, sizeof(double));
	fit->filled = ae_arena_alloc(&fit->arena, ncells, sizeof(double));
	fit->stored = ae_arena_alloc(&fit->arena, ncells, sizeof(float));
	fit->count = ae_arena_alloc(&fit->arena, ncells, sizeof(int));
	fit->residual = ae_arena_alloc(&fit->arena, ncells,
								   capacity * sizeof(float));
	if (fit->row == NULL || fit->hidden == NULL || fit->filled == NULL ||
		fit->stored == NULL || fit->count == NULL || fit->residual == NULL)
		return AE_ERR_MEMORY;
	return ae_scorer_create(fit->model, kernels, &fit->arena, &fit->scorer);
}

/* a stored row, some of whose cells are hidden */
static void
fit_row(ImputeFit *fit, const AeCoder *coder, const float *cells, AeRng *rng)
{
	const AeFeatures *f = fit->model->features;
	size_t		ncells = (size_t) f->ncells;

	ae_coder_row(coder, cells, fit->row);
	memcpy(fit->stored, cells, ncells * sizeof(float));
	ae_corrupt_mask(rng, fit->model->options.corruption_rate, 1, f->ncells,
					fit->stored);
	ae_corrupt_spare(f, 1, &cells, fit->stored);
	for (size_t i = 0; i < ncells; i++)
		fit->hidden[i] = isnan(fit->stored[i]) ? NAN : fit->row[i];
	ae_features_encode(f, fit->row, NULL, fit->scorer->target);
	impute_row(fit->scorer, fit->hidden, FIT_PASSES, fit_cell, fit,
			   fit->filled);
}

static AeStatus
fit_rows(ImputeFit *fit, const AeCoder *coder, const AeKernels *kernels,
		 const float *cells, uint64_t n, uint64_t seed)
{
	AeModel    *model = fit->model;
	const AeEnv *env = model->arena.env;
	size_t		ncells = (size_t) model->features->ncells;

	if (n > FIT_ROWS)
		n = FIT_ROWS;
	AE_TRY(fit_allocate(fit, kernels, n));
	for (uint64_t i = 0; i < n; i++)
	{
		AeRng		rng;

		env->poll(env->host);
		ae_rng_seed(&rng, seed, i);
		fit_row(fit, coder, cells + i * ncells, &rng);
	}
	for (size_t j = 0; j < ncells; j++)
	{
		float	   *residual = fit->residual + j * (size_t) fit->capacity;

		ae_sort_floats(residual, (size_t) fit->count[j]);
		fit_shares(residual, fit->count[j],
				   model->residuals + j * AE_RESIDUALS);
	}
	return AE_OK;
}

AeStatus
ae_impute_fit(AeModel *model, const AeCoder *coder, const AeKernels *kernels,
			  const float *cells, uint64_t n, uint64_t seed)
{
	ImputeFit	fit = {.model = model};
	AeStatus	status;

	ae_arena_init(&fit.arena, model->arena.env);
	status = fit_rows(&fit, coder, kernels, cells, n, seed);
	ae_arena_free(&fit.arena);
	return status;
}
