/*
 * score_explain.c
 *	  Which columns a row's score comes from.
 */
#include <math.h>
#include <string.h>

#include "core/condition.h"
#include "core/feature_cell.h"
#include "core/likelihood.h"
#include "core/objective.h"
#include "core/score.h"
#include "core/score_head.h"

/* columns that are hidden to explain a score */
#define SUSPECTS 6
/* what columns' own parts of the score count beside that */
#define DIRECT_SHARE 0.25

/* of a score error or conditional: each column's loss over its mean */
static void
explain_error(AeScorer *s, double *share)
{
	const AeModel *model = s->model;
	const AeFeatures *f = model->features;
	int			ld = AE_PAD(f->output_width);

	for (int c = 0; c < f->ncolumns; c++)
	{
		const AeColumn *column = &f->columns[c];
		int			o = column->output;
		double		ratio;

		s->z[c] = NAN;
		share[c] = 0.0;
		if (!ae_objective_has(column, s->target) || !(column->weight > 0))
			continue;
		ratio = ae_objective_column(model, s->kernels, c, 1, ld, s->output,
									s->target, s->gradient) *
			model->score_weight[o] / (model->unit_weight[o] * column->weight);
		share[c] = column->weight * ratio;
		s->z[c] = sqrt(ratio);
		if (column->ncells == 1 && ae_column_is_ordered(column) &&
			ae_cell_place_target(column, column->cells, s->target[o]) <
			ae_cell_place_output(column, column->cells, s->output + o))
			s->z[c] = -s->z[c];
	}
}

/*
 * Of the scores elbo and iwae, by the outputs for the mean code.  What the
 * code itself is unusual by has no column; it shows when columns are hidden.
 */
static void
explain_evidence(AeScorer *s, double *share)
{
	explain_error(s, share);
	for (int c = 0; c < s->model->features->ncolumns; c++)
		share[c] = fmax(ae_likelihood_excess(s->model, s->kernels, c,
											 s->output, s->target,
											 s->gradient), 0.0);
}

/* residuals in the deviations that the joint space has for them */
static void
explain_residuals(AeScorer *s)
{
	const AeJoint *joint = &s->model->joint;
	const AeFeatures *f = s->model->features;
	int			d = joint->ncoords;

	for (int c = 0; c < f->ncolumns; c++)
	{
		int			n = joint->first[c + 1] - joint->first[c];
		double		sum = 0.0;
		double		z = NAN;

		for (int i = joint->first[c]; i < joint->first[c + 1]; i++)
		{
			z = ((double) s->value[i] - s->reconstruction[i] -
				 joint->centre[d + i]) * joint->factor[d + i];
			sum += z * z;
		}
		if (!ae_objective_has(&f->columns[c], s->target) ||
			f->columns[c].condition || f->columns[c].classes)
			s->z[c] = NAN;
		else
			s->z[c] = n == 1 ? z : sqrt(sum);
	}
}

/* makes the sum 1; all equal, if it is 0 */
static void
explain_normalise(double *share, int n)
{
	double		sum = 0.0;

	for (int c = 0; c < n; c++)
		sum += share[c];
	for (int c = 0; c < n; c++)
		share[c] = sum > 0 ? share[c] / sum : 1.0 / n;
}

/* the score, the head left out, of s->hidden without that column too */
static double
explain_without(AeScorer *s, const double *row, int c)
{
	const AeColumn *column = &s->model->features->columns[c];
	size_t		bytes = (size_t) column->ncells * sizeof(double);
	double	   *cells = s->hidden + column->cell;
	double		score;

	for (int i = 0; i < column->ncells; i++)
		cells[i] = NAN;
	score = ae_score_row(s, s->hidden);
	if (ae_head_exists(&s->model->head) && !isnan(score))
		score = exp(s->log_alone - s->model->head.log_unit);
	memcpy(cells, row + column->cell, bytes);
	return score;
}

/*
 * The columns that look most suspicious, by their parts in the score and by
 * their residuals.
 */
static int
explain_suspects(AeScorer *s, const double *share, int *suspect)
{
	int			n = s->model->features->ncolumns;
	int			nsuspects = 0;
	double		squares = 0.0;

	for (int c = 0; c < n; c++)
		squares += isnan(s->z[c]) ? 0.0 : s->z[c] * s->z[c];
	for (int c = 0; c < n; c++)
		s->suspicion[c] = isnan(s->z[c]) ? 0.0 : share[c] +
			(squares > 0 ? s->z[c] * s->z[c] / squares : 0.0);
	while (nsuspects < SUSPECTS)
	{
		int			c = 0;

		for (int j = 1; j < n; j++)
			if (s->suspicion[j] > s->suspicion[c])
				c = j;
		if (!(s->suspicion[c] > 0))
			break;
		s->suspicion[c] = 0.0;
		suspect[nsuspects++] = c;
	}
	return nsuspects;
}

/*
 * A row with one wrong value is far from its neighbours in many columns: they
 * are those of the wrong value.  Without it they are others, and the row is
 * near to them.  So the suspects are hidden in turn, then each of the others
 * together with the one without which the score falls furthest.
 */
static void
explain_hidden(AeScorer *s, const double *row, double score, double *share)
{
	const AeFeatures *f = s->model->features;
	int			suspect[SUSPECTS];
	int			nsuspects = explain_suspects(s, share, suspect);
	int			culprit = -1;

	memset(s->fall, 0, (size_t) f->ncolumns * sizeof(double));
	memcpy(s->hidden, row, (size_t) f->ncells * sizeof(double));
	for (int i = 0; i < nsuspects; i++)
	{
		int			c = suspect[i];

		/* NaN, if nothing else is there */
		s->fall[c] = fmax(score - explain_without(s, row, c), 0.0);
		if (s->fall[c] > (culprit >= 0 ? s->fall[culprit] : 0.0))
			culprit = c;
	}
	if (culprit < 0)
		return;
	score -= s->fall[culprit];
	for (int i = 0; i < f->columns[culprit].ncells; i++)
		s->hidden[f->columns[culprit].cell + i] = NAN;
	for (int i = 0; i < nsuspects; i++)
		if (suspect[i] != culprit)
			s->fall[suspect[i]] =
				fmax(score - explain_without(s, row, suspect[i]), 0.0);

	explain_normalise(s->fall, f->ncolumns);
	for (int c = 0; c < f->ncolumns; c++)
		share[c] = DIRECT_SHARE * share[c] + (1 - DIRECT_SHARE) * s->fall[c];
}

/* the score without the head, of the row that was scored last */
static void
explain_alone(AeScorer *s, const double *row, double score, double *share)
{
	int			n = s->model->features->ncolumns;

	switch ((AeScoreKind) s->model->options.score)
	{
		case AE_SCORE_ERROR:
			explain_error(s, share);
			break;
		case AE_SCORE_CONDITIONAL:
			/* every column has been hidden */
			explain_error(s, share);
			explain_normalise(share, n);
			return;
		case AE_SCORE_DISTANCE:
			ae_joint_distance(&s->model->joint, s->model->features, s->value,
							  s->reconstruction, share);
			explain_residuals(s);
			break;
		case AE_SCORE_NEIGHBOUR:
			ae_neighbours_share(s->neighbours, n, s->point, share);
			explain_residuals(s);
			break;
		case AE_SCORE_ELBO:
		case AE_SCORE_IWAE:
			explain_evidence(s, share);
			break;
	}
	explain_normalise(share, n);
	explain_hidden(s, row, score, share);
}

/*
 * The log score is that of the score alone plus the head's.  Each part that
 * raises it above a typical row's has shares of its own; what the head makes
 * of the score alone goes to the columns like that score.
 */
static void
explain_head(AeScorer *s, const double *row, double *share)
{
	int			n = s->model->features->ncolumns;
	double		alone = s->log_alone - s->model->head.log_unit;
	double		raised = s->head_output;
	double		rest = ae_head_share(s->model, s->head_input, s->head_share);
	double		sum = 0.0;

	explain_alone(s, row, exp(alone), share);
	for (int c = 0; c < n; c++)
	{
		s->head_share[c] += rest * share[c];
		sum += s->head_share[c];
	}
	if (!(raised > 0 && sum > 0))
		return;
	for (int c = 0; c < n; c++)
		share[c] = fmax(alone, 0.0) * share[c] +
			raised * s->head_share[c] / sum;
	explain_normalise(share, n);
}

bool
ae_score_explain(AeScorer *s, const double *row, AeExplanation *explanation)
{
	const AeModel *model = s->model;
	double		score = ae_score_row(s, row);
	double		median = model->calibration.nscores > 0
		? exp(ae_calibration_median(&model->calibration)) : 1.0;

	if (isnan(score))
		return false;
	ae_features_decode(model->features, s->output, s->expected);
	ae_condition_copy(model->features, row, s->expected);
	if (ae_head_exists(&model->head))
		explain_head(s, row, s->contribution);
	else
		explain_alone(s, row, score, s->contribution);
	for (int c = 0; c < model->features->ncolumns; c++)
		s->contribution[c] *= score - median;
	explanation->score = score;
	explanation->contribution = s->contribution;
	explanation->z = s->z;
	explanation->expected = s->expected;
	return true;
}
