/*
 * score_fit.c
 *	  What a score needs beside the network, from the training rows.
 *
 * Every row goes through the scorer, so that a point of the coreset is the
 * same to the bit as that row's point will be when the row is scored.
 */
#include "core/score_fit.h"

#include <math.h>
#include <stdlib.h>

#include "core/coreset.h"
#include "core/score.h"

/* training rows that scales are fitted to */
#define FIT_ROWS 8192
#define FIT_BYTES ((size_t) 8 << 20)
#define FIT_MIN_ROWS 64

#define UNKNOWN_PENALTY 0.25
#define CONTAMINATED_PENALTY 1.0

/* fewer held-out rows than this say little about the tail */
#define MIN_HELD_OUT 1000

/* streams of the seed */
enum
{
	STREAM_ROWS = 1,
	STREAM_POINTS
};

typedef struct ScoreFit
{
	AeModel    *model;
	AeDataset  *dataset;
	const AeCoder *coder;
	const AeKernels *kernels;
	const AeEnv *env;
	AeArena		arena;
	uint64_t	seed;

	int			n;
	float	   *cells;			/* (n, ncells) stored rows */
	float	   *value;			/* (n, d) */
	float	   *reconstruction; /* (n, d) */
	double	   *row;			/* (ncells) of one row */
} ScoreFit;

static uint64_t
fit_rows(const ScoreFit *fit)
{
	const AeModel *model = fit->model;
	size_t		values = 2 * (size_t) model->joint.ncoords;
	size_t		ncells = (size_t) model->features->ncells;
	uint64_t	rows = FIT_BYTES / sizeof(float) /
		(values > ncells ? values : ncells);

	if (rows > FIT_ROWS)
		rows = FIT_ROWS;
	if (rows < FIT_MIN_ROWS)
		rows = FIT_MIN_ROWS;
	if (rows < AE_CORESET_CANDIDATES * (uint64_t) model->joint.npoints)
		rows = AE_CORESET_CANDIDATES * (uint64_t) model->joint.npoints;
	return rows;
}

/* a random sample of the training rows, and the scales that follow from it */
static AeStatus
fit_joint(ScoreFit *fit)
{
	AeModel    *model = fit->model;
	AeJoint    *joint = &model->joint;
	size_t		d = (size_t) joint->ncoords;
	size_t		n = (size_t) fit->n;
	AeScorer   *scorer;

	AE_TRY(ae_scorer_create(model, fit->kernels, &fit->arena, &scorer));
	fit->value = ae_arena_alloc(&fit->arena, n, d * sizeof(float));
	fit->reconstruction = ae_arena_alloc(&fit->arena, n, d * sizeof(float));
	if (fit->value == NULL || fit->reconstruction == NULL)
		return AE_ERR_MEMORY;
	for (size_t i = 0; i < n; i++)
	{
		fit->env->poll(fit->env->host);
		ae_coder_row(fit->coder,
					 fit->cells + i * (size_t) model->features->ncells,
					 fit->row);
		ae_score_coordinates(scorer, fit->row, fit->value + i * d,
							 fit->reconstruction + i * d);
	}
	return ae_joint_fit(joint, model->features, fit->value,
						fit->reconstruction, fit->n, &fit->arena);
}

static int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

/* the unit of scores, and their distribution, from stored rows (n, ncells) */
static AeStatus
fit_calibration(ScoreFit *fit, const float *cells, uint64_t n, bool held_out)
{
	AeModel    *model = fit->model;
	double	   *scores = ae_arena_alloc(&fit->arena, (size_t) n,
										sizeof(double));
	size_t		count = 0;
	AeScorer   *scorer;

	if (scores == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(ae_scorer_create(model, fit->kernels, &fit->arena, &scorer));
	for (uint64_t i = 0; i < n; i++)
	{
		double		score;

		fit->env->poll(fit->env->host);
		ae_coder_row(fit->coder, cells + i * (size_t) model->features->ncells,
					 fit->row);
		score = ae_score_log(ae_score_row(scorer, fit->row));
		if (isfinite(score))
			scores[count++] = score;
	}
	qsort(scores, count, sizeof(double), compare_doubles);
	if (model->options.score != AE_SCORE_ERROR && count > 0)
	{
		double		median = scores[count / 2];

		model->joint.log_unit = median;
		for (size_t i = 0; i < count; i++)
			scores[i] -= median;
	}
	ae_calibration_fit(&model->calibration, scores, count, held_out);
	return AE_OK;
}

/*
 * What a point of the coreset pays for being far from the others.  More, if
 * there are anomalies among the training rows; nothing, if there are none.
 */
static double
fit_penalty(const AeOptions *options)
{
	if (options->contamination == 0)
		return 0.0;
	return options->contamination == AE_CONTAMINATION_UNKNOWN
		? UNKNOWN_PENALTY : CONTAMINATED_PENALTY;
}

static AeStatus
fit_score(ScoreFit *fit, const float *held_out, uint64_t count)
{
	AeModel    *model = fit->model;
	AeJoint    *joint = &model->joint;
	AeRng		rng;
	uint64_t	n;

	fit->row = ae_arena_alloc(&fit->arena, (size_t) model->features->ncells,
							  sizeof(double));
	if (fit->row == NULL)
		return AE_ERR_MEMORY;
	ae_rng_seed(&rng, fit->seed, STREAM_ROWS);
	AE_TRY(ae_dataset_sample(fit->dataset, fit_rows(fit), rng.key,
							 &fit->arena, &fit->cells, &n));
	fit->n = (int) n;
	if (model->options.score != AE_SCORE_ERROR)
		AE_TRY(fit_joint(fit));
	if (model->options.score == AE_SCORE_NEIGHBOUR)
	{
		ae_rng_seed(&rng, fit->seed, STREAM_POINTS);
		AE_TRY(ae_coreset_fit(joint, fit->kernels, fit->value,
							  fit->reconstruction, fit->n,
							  fit_penalty(&model->options), &rng,
							  &model->arena, &fit->arena));
	}
	return count >= MIN_HELD_OUT
		? fit_calibration(fit, held_out, count, true)
		: fit_calibration(fit, fit->cells, n, false);
}

AeStatus
ae_score_fit(AeModel *model, AeDataset *dataset, const AeCoder *coder,
			 const AeKernels *kernels, const float *held_out, uint64_t count,
			 uint64_t seed)
{
	ScoreFit	fit = {.model = model, .dataset = dataset, .coder = coder,
	.kernels = kernels, .env = model->arena.env, .seed = seed};
	AeStatus	status;

	ae_arena_init(&fit.arena, model->arena.env);
	status = fit_score(&fit, held_out, count);
	ae_arena_free(&fit.arena);
	return status;
}
