/*
 * score_fit.c
 *	  What a score needs beside the network, from the training rows.
 *
 * Every row goes through the scorer, so that a point of the coreset is the
 * same to the bit as that row's point will be when the row is scored.
 */
#include "core/score_fit.h"

#include <math.h>
#include <string.h>

#include "core/coreset.h"
#include "core/head_fit.h"
#include "core/score.h"
#include "core/score_head.h"
#include "core/sort.h"

/* training rows that scales are fitted to */
#define FIT_ROWS 8192
#define FIT_BYTES ((size_t) 8 << 20)
#define FIT_MIN_ROWS 64

/* rows that are not known anomalies that a head is trained on */
#define HEAD_ROWS 4096
#define HEAD_BYTES ((size_t) 16 << 20)

#define UNKNOWN_PENALTY 0.25
#define CONTAMINATED_PENALTY 1.0

/* fewer held-out rows than this say little about the tail */
#define MIN_HELD_OUT 1000

/*
 * Rows that losses of hidden columns are measured on, and multiplications in
 * all rows of a calibration by the score conditional: of wide tables it
 * takes fewer rows, but at least so many.
 */
#define HIDDEN_ROWS 2048
#define HIDDEN_WORK 3e10
#define HIDDEN_MIN_ROWS 256

/* streams of the seed */
enum
{
	STREAM_ROWS = 1,
	STREAM_POINTS,
	STREAM_HEAD
};

typedef struct ScoreFit
{
	AeModel    *model;
	AeDataset  *dataset;
	const AeCoder *coder;
	const AeBlas *blas;
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

/* factors are positive once they are fitted, but for columns that do not
 * count */
static bool
fit_has_scales(const AeJoint *joint)
{
	for (int i = 0; i < joint->ncoords; i++)
		if (joint->factor[i] > 0)
			return true;
	return false;
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
	if (fit_has_scales(joint))
		return AE_OK;
	return ae_joint_fit(joint, model->features, fit->value,
						fit->reconstruction, fit->n, &fit->arena);
}

/*----------
 * The head.
 *----------
 */

/* rows as a head sees them */
typedef struct HeadRows
{
	int			count;
	float	   *x;				/* (count, AE_PAD(inputs)) */
	double	   *log_score;		/* (count) without the head */
} HeadRows;

/* up to wanted of n stored rows; their last inputs are to be set */
static AeStatus
fit_head_rows(ScoreFit *fit, AeScorer *scorer, const float *cells, uint64_t n,
			  uint64_t wanted, HeadRows *rows)
{
	const AeModel *model = fit->model;
	size_t		ld = AE_PAD((size_t) ae_model_head_inputs(model));
	uint64_t	step = n > wanted ? (n + wanted - 1) / wanted : 1;

	rows->count = 0;
	rows->x = ae_arena_alloc(&fit->arena, (size_t) (n / step + 1),
							 ld * sizeof(float));
	rows->log_score = ae_arena_alloc(&fit->arena, (size_t) (n / step + 1),
									 sizeof(double));
	if (rows->x == NULL || rows->log_score == NULL)
		return AE_ERR_MEMORY;
	for (uint64_t i = 0; i < n; i += step)
	{
		double		score;

		fit->env->poll(fit->env->host);
		ae_coder_row(fit->coder, cells + i * (size_t) model->features->ncells,
					 fit->row);
		score = ae_score_log(ae_score_row(scorer, fit->row));
		if (isnan(score))
			continue;
		memcpy(rows->x + (size_t) rows->count * ld, scorer->head_input,
			   ld * sizeof(float));
		rows->log_score[rows->count++] = score;
	}
	return AE_OK;
}

static void
fit_head_scores(const AeModel *model, HeadRows *rows)
{
	size_t		last = (size_t) ae_model_head_inputs(model) - 1;
	size_t		ld = AE_PAD(last + 1);

	for (size_t i = 0; i < (size_t) rows->count; i++)
		rows->x[i * ld + last] =
			ae_head_input((float) (rows->log_score[i] -
								   model->head.log_unit));
}

static AeStatus
fit_head_unit(ScoreFit *fit, const HeadRows *rows)
{
	size_t		n = (size_t) rows->count;
	double	   *sorted = ae_arena_alloc(&fit->arena, n, sizeof(double));

	if (sorted == NULL)
		return AE_ERR_MEMORY;
	memcpy(sorted, rows->log_score, n * sizeof(double));
	ae_sort_doubles(sorted, n);
	fit->model->head.log_unit = sorted[n / 2];
	return AE_OK;
}

/* trains the head, which was planned and has only zeros: it adds 0 so far */
static AeStatus
fit_head(ScoreFit *fit)
{
	AeModel    *model = fit->model;
	uint64_t	wanted = HEAD_BYTES /
		((size_t) ae_model_head_inputs(model) * sizeof(float));
	AeScorer   *scorer;
	HeadRows	anomalies;
	HeadRows	others;
	float	   *cells;
	uint64_t	n;

	if (wanted > HEAD_ROWS)
		wanted = HEAD_ROWS;
	if (wanted < FIT_MIN_ROWS)
		wanted = FIT_MIN_ROWS;
	AE_TRY(ae_scorer_create(model, fit->kernels, &fit->arena, &scorer));
	AE_TRY(ae_dataset_copy_anomalies(fit->dataset, &fit->arena, &cells, &n));
	AE_TRY(fit_head_rows(fit, scorer, cells, n, wanted, &anomalies));
	AE_TRY(fit_head_rows(fit, scorer, fit->cells, (uint64_t) fit->n, wanted,
						 &others));
	/* without a value in any of them there is nothing to learn */
	if (anomalies.count == 0 || others.count == 0)
		return AE_OK;
	AE_TRY(fit_head_unit(fit, &others));
	fit_head_scores(model, &anomalies);
	fit_head_scores(model, &others);
	return ae_head_fit(&model->head, fit->blas, fit->kernels, anomalies.x,
					   anomalies.count, others.x, others.count,
					   ae_rng_key(fit->seed, STREAM_HEAD), &fit->arena);
}

/* the i-th of wanted rows evenly taken from stored rows (n, ncells) */
static const double *
fit_row(ScoreFit *fit, const float *cells, uint64_t n, uint64_t wanted,
		uint64_t i)
{
	size_t		ncells = (size_t) fit->model->features->ncells;

	fit->env->poll(fit->env->host);
	ae_coder_row(fit->coder, cells + i * n / wanted * ncells, fit->row);
	return fit->row;
}

/* how many of n rows the score can afford */
static uint64_t
fit_affordable(const AeModel *model, uint64_t n)
{
	double		work = (double) model->net.nparams *
		model->features->ncolumns;
	uint64_t	rows = (uint64_t) (HIDDEN_WORK / work);

	if (model->options.score != AE_SCORE_CONDITIONAL)
		return n;
	if (rows < HIDDEN_MIN_ROWS)
		rows = HIDDEN_MIN_ROWS;
	return rows < n ? rows : n;
}

/* mean losses of hidden columns, from stored rows (n, ncells) */
static AeStatus
fit_hidden(ScoreFit *fit, const float *cells, uint64_t n)
{
	AeModel    *model = fit->model;
	int			ncolumns = model->features->ncolumns;
	uint64_t	rows = fit_affordable(model,
									  n < HIDDEN_ROWS ? n : HIDDEN_ROWS);
	double	   *sum = ae_arena_alloc(&fit->arena, (size_t) ncolumns,
									 sizeof(double));
	double	   *present = ae_arena_alloc(&fit->arena, (size_t) ncolumns,
										 sizeof(double));
	double	   *loss = ae_arena_alloc(&fit->arena, (size_t) ncolumns,
									  sizeof(double));
	AeScorer   *scorer;

	if (sum == NULL || present == NULL || loss == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(ae_scorer_create(model, fit->kernels, &fit->arena, &scorer));
	for (uint64_t i = 0; i < rows; i++)
	{
		ae_score_hidden(scorer, fit_row(fit, cells, n, rows, i), loss);
		for (int c = 0; c < ncolumns; c++)
			if (!isnan(loss[c]))
			{
				sum[c] += loss[c];
				present[c] += 1;
			}
	}
	/* a column that no row has is as well predicted as any at the start */
	for (int c = 0; c < ncolumns; c++)
		model->hidden_loss[c] = present[c] > 0 ? sum[c] / present[c] : 1.0;
	return ae_model_prepare(model);
}

/* the unit of scores, and their distribution, from stored rows (n, ncells) */
static AeStatus
fit_calibration(ScoreFit *fit, const float *cells, uint64_t n, bool held_out)
{
	AeModel    *model = fit->model;
	uint64_t	rows = fit_affordable(model, n);
	double	   *scores = ae_arena_alloc(&fit->arena, (size_t) n,
										sizeof(double));
	size_t		count = 0;
	AeScorer   *scorer;

	if (scores == NULL)
		return AE_ERR_MEMORY;
	if (model->options.score == AE_SCORE_CONDITIONAL)
		AE_TRY(fit_hidden(fit, cells, n));
	AE_TRY(ae_scorer_create(model, fit->kernels, &fit->arena, &scorer));
	for (uint64_t i = 0; i < rows; i++)
	{
		const double *row = fit_row(fit, cells, n, rows, i);
		double		score = ae_score_is_evidence(model->options.score)
			? ae_score_nats(scorer, row)
			: ae_score_log(ae_score_row(scorer, row));

		if (isfinite(score))
			scores[count++] = score;
	}
	ae_sort_doubles(scores, count);
	if (count > 0)
		ae_score_unit(model, scores, count);
	ae_calibration_fit(&model->calibration, scores, count, held_out);
	return AE_OK;
}

void
ae_score_unit(AeModel *model, double *scores, size_t n)
{
	double		median = scores[n / 2];

	if (ae_score_is_evidence(model->options.score))
	{
		ae_evidence_fit(&model->evidence, scores, n);
		for (size_t i = 0; i < n; i++)
			scores[i] = ae_score_log(ae_evidence_score(&model->evidence,
													   scores[i]));
	}
	else if (model->options.score != AE_SCORE_ERROR)
	{
		model->joint.log_unit = median;
		for (size_t i = 0; i < n; i++)
			scores[i] -= median;
	}
}

/*
 * What a point of the coreset pays for being far from the others.  More, if
 * there are anomalies among the training rows; nothing, if there are none.
 */
double
ae_score_penalty(const AeOptions *options)
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
	AE_TRY(ae_dataset_sample(fit->dataset, fit_rows(fit),
							 ae_rng_key(fit->seed, STREAM_ROWS), &fit->arena,
							 &fit->cells, &n));
	fit->n = (int) n;
	if (ae_score_is_joint(model->options.score))
		AE_TRY(fit_joint(fit));
	if (model->options.score == AE_SCORE_NEIGHBOUR)
	{
		ae_rng_seed(&rng, fit->seed, STREAM_POINTS);
		AE_TRY(ae_coreset_fit(joint, fit->kernels, fit->value,
							  fit->reconstruction, fit->n,
							  ae_score_penalty(&model->options), &rng,
							  &model->arena, &fit->arena));
	}
	if (ae_head_exists(&model->head) && ae_dataset_anomalies(fit->dataset) > 0)
		AE_TRY(fit_head(fit));
	return count >= MIN_HELD_OUT
		? fit_calibration(fit, held_out, count, true)
		: fit_calibration(fit, fit->cells, n, false);
}

AeStatus
ae_score_fit(AeModel *model, AeDataset *dataset, const AeCoder *coder,
			 const AeBlas *blas, const AeKernels *kernels,
			 const float *held_out, uint64_t count, uint64_t seed)
{
	ScoreFit	fit = {.model = model, .dataset = dataset, .coder = coder,
	.blas = blas, .kernels = kernels, .env = model->arena.env,
	.seed = seed};
	AeStatus	status;

	ae_arena_init(&fit.arena, model->arena.env);
	status = fit_score(&fit, held_out, count);
	ae_arena_free(&fit.arena);
	return status;
}
