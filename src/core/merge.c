/*
 * merge.c
 *	  Models that encode the same columns in the same way put together.
 *
 * The points of a coreset are what a network made of rows, so another network
 * needs other points: the rows are restored from the points and applied to
 * it.  The scales of the joint space stay, like those of the columns.
 *
 * The calibration is pooled from the models' quantiles.  A row's score in the
 * merged model differs from that in its own, so quantiles are moved by the
 * median difference of the rows kept.
 */
#include "core/merge.h"

#include <math.h>
#include <string.h>

#include "core/coreset.h"
#include "core/score.h"
#include "core/score_fit.h"
#include "core/sort.h"

/* of the outer step; measured, see docs/methods.md */
#define STEP_RATE 0.7
#define STEP_MOMENTUM 0.9

/* quantiles pooled, and rows whose scores are compared, over all models */
#define POOL_SCORES 16384
#define COMPARED_ROWS 512

/* the order of merged points is random, but always the same */
#define PLACE_SEED 0
#define PLACE_STREAM 1

/*----------
 * Weights.
 *----------
 */

/* rows of a model; all count, even if it has seen none */
static double
model_rows(const AeModel *model)
{
	return model->nseen > 0 ? (double) model->nseen : 1.0;
}

static double
total_rows(int nmodels, const AeModel *const *models)
{
	double		rows = 0.0;

	for (int i = 0; i < nmodels; i++)
		rows += model_rows(models[i]);
	return rows;
}

/* of the parameters of both networks, one behind the other */
static float *
param_of(const AeModel *model, size_t param)
{
	return param < model->net.nparams ? &model->params[param]
		: &model->companion_params[param - model->net.nparams];
}

static double
mean_param(int nmodels, const AeModel *const *models, size_t param,
		   double rows)
{
	double		sum = 0.0;

	for (int i = 0; i < nmodels; i++)
		sum += model_rows(models[i]) * *param_of(models[i], param);
	return sum / rows;
}

void
ae_merge_average(AeModel *into, int nmodels, const AeModel *const *models)
{
	double		rows = total_rows(nmodels, models);

	for (size_t p = 0; p < ae_model_nparams(into); p++)
		*param_of(into, p) = (float) mean_param(nmodels, models, p, rows);
	into->velocity = NULL;
}

AeStatus
ae_merge_step(AeModel *into, const AeModel *base, int nparts,
			  const AeModel *const *parts, bool momentum)
{
	size_t		n = into->net.nparams;
	size_t		nboth = ae_model_nparams(into);
	double		rows = total_rows(nparts, parts);

	if (!momentum)
	{
		ae_merge_average(into, nparts, parts);
		return AE_OK;
	}
	if (into->velocity == NULL)
		into->velocity = ae_arena_alloc(&into->arena, n, sizeof(float));
	if (into->velocity == NULL)
		return AE_ERR_MEMORY;
	/* the companion learns from what the network has become */
	for (size_t p = n; p < nboth; p++)
		*param_of(into, p) = (float) mean_param(nparts, parts, p, rows);
	for (size_t p = 0; p < n; p++)
	{
		double		change = mean_param(nparts, parts, p, rows) -
			base->params[p];
		double		velocity = STEP_MOMENTUM * into->velocity[p] + change;

		into->velocity[p] = (float) velocity;
		into->params[p] = (float)
			(base->params[p] +
			 STEP_RATE * (change + STEP_MOMENTUM * velocity));
		if (!isfinite(into->params[p]) || !isfinite(into->velocity[p]))
			return AE_ERR_DIVERGED;
	}
	return AE_OK;
}

/*----------
 * The rest.
 *----------
 */
typedef struct Merge
{
	AeModel    *into;
	int			nmodels;
	const AeModel *const *models;
	bool		follows;		/* all but the first are parts of an update */
	const AeKernels *kernels;
	const AeEnv *env;
	AeArena		arena;
	double		rows;			/* of all models */
	int		   *npoints;		/* (nmodels) points taken of each, its first */
	int		   *place;			/* of all points taken, in random order: later
								 * merges take the first ones again */
	double	   *shift;			/* (nmodels) log score less that in its own */
} Merge;

static double
merge_share(const Merge *m, int i)
{
	return model_rows(m->models[i]) / m->rows;
}

static void
merge_losses(Merge *m)
{
	const AeFeatures *f = m->into->features;

	for (int c = 0; c < f->ncolumns; c++)
	{
		double		sum = 0.0;

		for (int i = 0; i < m->nmodels; i++)
			sum += merge_share(m, i) * m->models[i]->column_loss[c];
		m->into->column_loss[c] = sum;
		if (m->into->hidden_loss == NULL)
			continue;
		sum = 0.0;
		for (int i = 0; i < m->nmodels; i++)
			sum += merge_share(m, i) * m->models[i]->hidden_loss[c];
		m->into->hidden_loss[c] = sum;
	}
}

/* quantiles averaged: the distribution half-way between two */
static void
merge_residuals(Merge *m)
{
	AeModel    *into = m->into;
	size_t		n = (size_t) into->features->ncells * AE_RESIDUALS;

	for (int i = 0; i < m->nmodels; i++)
		if (m->models[i]->residuals == NULL)
			into->residuals = NULL;
	for (size_t j = 0; j < n && into->residuals != NULL; j++)
	{
		double		sum = 0.0;

		for (int i = 0; i < m->nmodels; i++)
			sum += merge_share(m, i) * m->models[i]->residuals[j];
		into->residuals[j] = (float) sum;
	}
}

static void
merge_units(Merge *m)
{
	AeModel    *into = m->into;
	double		distance = 0.0;

	for (int i = 0; i < m->nmodels; i++)
		distance += merge_share(m, i) * m->models[i]->code_distance;
	into->code_distance = distance;

	for (int c = 0; into->noise != NULL && c < into->features->ncolumns; c++)
	{
		double		sum = 0.0;

		for (int i = 0; i < m->nmodels; i++)
			sum += merge_share(m, i) * m->models[i]->noise[c];
		into->noise[c] = sum;
	}
	if (into->unit_activity == NULL)
		return;
	for (int j = 0; j < ae_net_code(&into->net)->out; j++)
	{
		double		sum = 0.0;

		for (int i = 0; i < m->nmodels; i++)
			sum += merge_share(m, i) * m->models[i]->unit_activity[j];
		into->unit_activity[j] = (float) sum;
	}
}

static void
merge_histograms(Merge *m)
{
	AeModel    *into = m->into;

	for (int cell = 0; cell < into->features->ncells; cell++)
		for (int b = 0; b < into->histograms[cell].nbins; b++)
		{
			double		sum = 0.0;

			for (int i = 0; i < m->nmodels; i++)
				sum += merge_share(m, i) *
					m->models[i]->histograms[cell].share[b];
			into->histograms[cell].share[b] = (float) fmin(sum, 1.0);
		}
}

/* how many points of each model the merged one has; returns their sum */
static int
merge_count_points(Merge *m)
{
	int			total = 0;
	int			most = 0;

	for (int i = 0; i < m->nmodels; i++)
		if (m->models[i]->options.coreset > most)
			most = m->models[i]->options.coreset;
	for (int i = 0; i < m->nmodels; i++)
	{
		int			n = (int) (merge_share(m, i) * most + 0.5);

		if (n > m->models[i]->joint.npoints)
			n = m->models[i]->joint.npoints;
		m->npoints[i] = n;
		total += n;
	}
	/* shares of a few rows each may all be less than a point */
	if (total == 0)
		total = m->npoints[0] = m->models[0]->joint.npoints < 1 ? 0 : 1;
	return total;
}

static AeStatus
merge_shuffle(Merge *m, int n)
{
	AeRng		rng;

	m->place = ae_arena_alloc(&m->arena, (size_t) n, sizeof(int));
	if (m->place == NULL)
		return AE_ERR_MEMORY;
	ae_rng_seed(&rng, PLACE_SEED, PLACE_STREAM);
	for (int i = 0; i < n; i++)
	{
		int			j = (int) ae_rng_below(&rng, (uint32_t) (i + 1));

		m->place[i] = m->place[j];
		m->place[j] = i;
	}
	return AE_OK;
}

/* puts points of model i into the merged coreset; at were taken before */
static AeStatus
merge_add_points(Merge *m, int i, int at)
{
	const AeModel *model = m->models[i];
	AeModel    *into = m->into;
	const AeFeatures *f = into->features;
	size_t		d = (size_t) into->joint.ncoords;
	bool		same = memcmp(model->params, into->params,
							  into->net.nparams * sizeof(float)) == 0;
	int16_t    *point = ae_arena_alloc(&m->arena, 2 * d, sizeof(int16_t));
	float	   *value = ae_arena_alloc(&m->arena, 2 * d, sizeof(float));
	float	   *output = ae_arena_alloc(&m->arena, (size_t) f->output_width,
										sizeof(float));
	double	   *row = ae_arena_alloc(&m->arena, (size_t) f->ncells,
									 sizeof(double));
	AeScorer   *scorer;

	if (point == NULL || value == NULL || output == NULL || row == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(ae_scorer_create(into, m->kernels, &m->arena, &scorer));
	for (int p = 0; p < m->npoints[i]; p++)
	{
		m->env->poll(m->env->host);
		if (same)
		{
			for (int j = 0; j < ae_joint_width(&model->joint); j++)
				point[j] = model->joint.points[ae_joint_at(&model->joint, p,
														   j)];
		}
		else
		{
			ae_joint_restore(&model->joint, f, p, output, row);
			ae_score_coordinates(scorer, row, value, value + d);
			ae_joint_point(&into->joint, value, value + d, point);
		}
		ae_joint_set_point(&into->joint, m->place[at + p], point);
	}
	return AE_OK;
}

/* the log distance of a point of the joint space's own */
static double
point_distance(AeNeighbours *neighbours, const AeKernels *kernels, int p,
			   int16_t *point)
{
	const AeJoint *joint = neighbours->joint;

	for (int j = 0; j < ae_joint_width(joint); j++)
		point[j] = joint->points[ae_joint_at(joint, p, j)];
	return ae_neighbours_find(neighbours, kernels, point);
}

/* the median change of the scores of model i's rows; at were taken before */
static AeStatus
merge_compare(Merge *m, int i, int at)
{
	const AeModel *model = m->models[i];
	const AeJoint *joint = &m->into->joint;
	int			n = m->npoints[i] < COMPARED_ROWS
		? m->npoints[i] : COMPARED_ROWS;
	int16_t    *point = ae_arena_alloc(&m->arena,
									   (size_t) ae_joint_width(joint),
									   sizeof(int16_t));
	double	   *change = ae_arena_alloc(&m->arena, (size_t) n,
										sizeof(double));
	AeNeighbours *before;
	AeNeighbours *after;

	if (point == NULL || change == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(ae_neighbours_create(&model->joint, &m->arena, &before));
	AE_TRY(ae_neighbours_create(joint, &m->arena, &after));
	for (int p = 0; p < n; p++)
	{
		m->env->poll(m->env->host);
		change[p] =
			point_distance(after, m->kernels, m->place[at + p], point) -
			point_distance(before, m->kernels, p, point);
	}
	ae_sort_doubles(change, (size_t) n);
	m->shift[i] = n > 0 ? change[n / 2] : 0.0;
	return AE_OK;
}

static AeStatus
merge_points(Merge *m)
{
	AeJoint    *joint = &m->into->joint;
	int			at = 0;

	AE_TRY(ae_joint_allocate_points(joint, merge_count_points(m),
									&m->into->arena));
	AE_TRY(merge_shuffle(m, joint->npoints));
	for (int i = 0; i < m->nmodels; i++)
	{
		AE_TRY(merge_add_points(m, i, at));
		at += m->npoints[i];
	}
	AE_TRY(ae_coreset_fit_offsets(joint, m->kernels,
								  ae_score_penalty(&m->into->options),
								  &m->arena));
	at = 0;
	for (int i = 0; i < m->nmodels; i++)
	{
		AE_TRY(merge_compare(m, i, at));
		at += m->npoints[i];
	}
	return AE_OK;
}

/* a quantile of the scores of model i, in what the merged scores have no unit
 * of yet: log scores, or nats */
static double
merge_quantile(const Merge *m, int i, double share)
{
	const AeModel *model = m->models[i];
	double		log_score = ae_calibration_quantile(&model->calibration,
													share);

	if (ae_score_is_evidence(model->options.score))
		return ae_evidence_nats(&model->evidence, exp(log_score));
	if (model->options.score != AE_SCORE_ERROR)
		log_score += model->joint.log_unit;
	return m->shift[i] + log_score;
}

/* quantiles of all models' log scores, each with as many as its rows count */
static AeStatus
merge_calibration(Merge *m)
{
	AeCalibration *pooled = &m->into->calibration;
	double	   *scores = ae_arena_alloc(&m->arena, POOL_SCORES + 1,
										sizeof(double));
	uint64_t	nscores = 0;
	bool		held_out = true;
	double		done = 0.0;
	size_t		n = 0;

	if (scores == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < m->nmodels; i++)
	{
		const AeCalibration *c = &m->models[i]->calibration;
		size_t		start = n;
		size_t		end;

		done += merge_share(m, i);
		end = (size_t) (done * POOL_SCORES + 0.5);
		if (c->nscores == 0 || end > POOL_SCORES)
			continue;
		for (; n < end; n++)
			scores[n] = merge_quantile(m, i, ((double) (n - start) + 0.5) /
									   (double) (end - start));
		nscores += c->nscores;
		held_out = held_out && c->held_out;
	}
	ae_sort_doubles(scores, n);
	if (n > 0)
		ae_score_unit(m->into, scores, n);
	ae_calibration_fit(pooled, scores, n, held_out);
	pooled->nscores = n > 0 ? nscores : 0;
	return AE_OK;
}

/* the first model's history, then what the others did meanwhile, on average */
static AeStatus
merge_history(Merge *m)
{
	AeModel    *into = m->into;
	const AeModel *first = m->models[0];
	int			more = m->follows ? m->models[1]->nhistory : 0;
	uint64_t	nsteps = 0;
	double		rows = m->rows - model_rows(first);
	AeEpoch    *history;

	into->nseen = 0;
	for (int i = 0; i < m->nmodels; i++)
		into->nseen += m->models[i]->nseen;
	for (int i = 1; i < m->nmodels; i++)
	{
		if (m->models[i]->nhistory < more)
			more = m->models[i]->nhistory;
		if (m->models[i]->nsteps > nsteps)
			nsteps = m->models[i]->nsteps;
	}
	if (more > AE_MAX_HISTORY - first->nhistory)
		more = AE_MAX_HISTORY - first->nhistory;
	history = ae_arena_alloc(&into->arena,
							 (size_t) (first->nhistory + more),
							 sizeof(AeEpoch));
	if (history == NULL)
		return AE_ERR_MEMORY;
	memcpy(history, first->history,
		   (size_t) first->nhistory * sizeof(AeEpoch));
	for (int e = 0; e < more; e++)
	{
		AeEpoch    *epoch = &history[first->nhistory + e];

		epoch->validation_loss = NAN;
		for (int i = 1; i < m->nmodels; i++)
		{
			double		share = model_rows(m->models[i]) / rows;
			const AeEpoch *from = &m->models[i]->history[e];

			epoch->train_loss += share * from->train_loss;
			epoch->learning_rate += share * from->learning_rate;
		}
	}
	into->history = history;
	into->nhistory = first->nhistory + more;
	into->best_epoch = into->nhistory;
	into->nsteps = first->nsteps + (m->follows ? nsteps : 0);
	return AE_OK;
}

static AeStatus
merge_all(Merge *m)
{
	m->npoints = ae_arena_alloc(&m->arena, (size_t) m->nmodels, sizeof(int));
	m->shift = ae_arena_alloc(&m->arena, (size_t) m->nmodels,
							  sizeof(double));
	if (m->npoints == NULL || m->shift == NULL)
		return AE_ERR_MEMORY;
	m->into->joint.points = NULL;
	/* only a part that is alone has the codes of the merged network */
	m->into->density = (AeDensity) {0};
	if (m->follows && m->nmodels == 2 && m->into->velocity == NULL)
		m->into->density = m->models[1]->density;
	merge_losses(m);
	merge_units(m);
	merge_residuals(m);
	merge_histograms(m);
	AE_TRY(ae_model_prepare(m->into));
	if (m->into->options.score == AE_SCORE_NEIGHBOUR)
		AE_TRY(merge_points(m));
	AE_TRY(merge_calibration(m));
	return merge_history(m);
}

AeStatus
ae_merge_scores(AeModel *into, int nmodels, const AeModel *const *models,
				bool follows, const AeKernels *kernels)
{
	Merge		merge = {.into = into, .nmodels = nmodels, .models = models,
	.follows = follows, .kernels = kernels, .env = into->arena.env};
	AeStatus	status;

	ae_arena_init(&merge.arena, into->arena.env);
	merge.rows = total_rows(nmodels, models);
	status = merge_all(&merge);
	ae_arena_free(&merge.arena);
	return status;
}
