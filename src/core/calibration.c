/*
 * calibration.c
 *	  How common a score is: the distribution of the anomaly scores of normal
 *	  rows in constant size.
 *
 * The k-th smallest of n scores is exceeded by one more score of the same
 * distribution with probability 1 - k / (n + 1), whatever the distribution.
 * Quantiles at these positions, linear in between, therefore give the p-values
 * of conformal prediction (Vovk, Gammerman and Shafer 2005) without their
 * steps.
 */
#include "core/calibration.h"

#include <math.h>

#include "core/sort.h"

#define LAST_KNOT (AE_CALIBRATION_KNOTS - 1)
/* (69 / 255)^3 = 2 % of the scores are above */
#define TAIL_KNOT 186

/*
 * Candidates in the estimate of the tail.  Zhang and Stephens take
 * 20 + sqrt(n); more than this gain nothing.
 */
#define TAIL_MAX_CANDIDATES 64

/* a smaller shape is that of an exponential distribution */
#define EXPONENTIAL_SHAPE 1e-9

/* share of the scores above a knot */
static double
calibration_share(int knot)
{
	double		root = (double) (LAST_KNOT - knot) / LAST_KNOT;

	return root * root * root;
}

/* a + part (b - a) for a <= b and part in [0, 1]; in halves, as the difference
 * of two finite numbers may be infinite */
static double
calibration_between(double a, double b, double part)
{
	double		half = part * (b / 2 - a / 2);
	double		value = a + half + half;

	return value < b ? value : b;
}

/* the inverse: which part of the way from a to b > a the value is */
static double
calibration_part(double a, double b, double value)
{
	double		part = (value / 2 - a / 2) / (b / 2 - a / 2);

	return part < 1 ? part : 1;
}

/*----------
 * Fitting.
 *----------
 */
/* the score that a share of all scores is above; scores ascend */
static double
calibration_quantile(const double *scores, size_t n, double share)
{
	double		position = (1 - share) * ((double) n + 1);
	size_t		below;

	if (position <= 1)
		return scores[0];
	if (position >= (double) n)
		return scores[n - 1];
	below = (size_t) position;
	return calibration_between(scores[below - 1], scores[below],
							   position - (double) below);
}

/* k = -gamma of a generalised Pareto distribution that ends at 1 / theta */
static double
tail_shape(const double *scores, size_t n, double threshold, double theta)
{
	double		sum = 0.0;

	for (size_t i = 0; i < n; i++)
		sum += log1p(-theta * (scores[i] - threshold));
	return -sum / (double) n;
}

/*
 * Zhang and Stephens (2009), "A new and efficient estimation method for the
 * generalized Pareto distribution", Technometrics 51: the posterior mean of
 * theta = k / sigma over candidates that their prior, which depends on the
 * largest and a quartile of the excesses, makes equally likely.  A fixed
 * number of evaluations, and no case without a solution.  scores (n) ascend
 * above threshold.
 */
static double
tail_theta(const double *scores, size_t n, double threshold)
{
	double		largest = scores[n - 1] - threshold;
	double		quartile = scores[(n + 2) / 4 - 1] - threshold;
	int			m = 20 + (int) sqrt((double) n);
	double		theta[TAIL_MAX_CANDIDATES];
	double		likelihood[TAIL_MAX_CANDIDATES];
	double		best = -INFINITY;
	double		sum = 0.0;
	double		total = 0.0;

	if (m > TAIL_MAX_CANDIDATES)
		m = TAIL_MAX_CANDIDATES;
	for (int j = 0; j < m; j++)
	{
		double		k;

		theta[j] = 1 / largest + (1 - sqrt(m / (j + 0.5))) / (3 * quartile);
		k = tail_shape(scores, n, threshold, theta[j]);
		likelihood[j] = (double) n * (log(theta[j] / k) + k - 1);
		if (likelihood[j] > best)
			best = likelihood[j];
	}
	for (int j = 0; j < m; j++)
	{
		double		weight = exp(likelihood[j] - best);

		if (!(weight > 0))
			continue;
		sum += weight * theta[j];
		total += weight;
	}
	return sum / total;
}

/*
 * The tail of scores (n, ascending) above c->threshold.  None where the
 * estimate is not a distribution: excesses a hundred orders of magnitude apart
 * or beyond what a double holds.
 */
static void
calibration_fit_tail(AeCalibration *c, const double *scores, size_t n)
{
	double		theta;
	double		k;

	if (n < AE_CALIBRATION_MIN_EXCESSES ||
		!isfinite(scores[n - 1] - c->threshold))
		return;
	theta = tail_theta(scores, n, c->threshold);
	k = tail_shape(scores, n, c->threshold, theta);
	if (!(fabs(k) <= AE_CALIBRATION_MAX_SHAPE) || !isfinite(k / theta) ||
		!(k / theta > 0))
		return;
	c->shape = -k;
	c->scale = k / theta;
}

void
ae_calibration_fit(AeCalibration *c, double *scores, size_t n, bool held_out)
{
	size_t		above = 0;

	*c = (AeCalibration) {0};
	if (n == 0)
		return;
	ae_sort_doubles(scores, n);
	c->nscores = n;
	c->held_out = held_out;
	for (int i = 0; i <= LAST_KNOT; i++)
		c->knots[i] = calibration_quantile(scores, n, calibration_share(i));

	/* scores tied at the threshold belong to the body */
	c->threshold = c->knots[TAIL_KNOT];
	while (above < n && scores[n - 1 - above] > c->threshold)
		above++;
	c->tail_share = fmin(calibration_share(TAIL_KNOT),
						 ((double) above + 1) / ((double) n + 1));
	calibration_fit_tail(c, scores + n - above, above);
}

/*----------
 * Reading.
 *----------
 */
/* share of the scores above one that is above the threshold */
static double
calibration_tail(const AeCalibration *c, double score)
{
	double		excess = (score - c->threshold) / c->scale;

	if (fabs(c->shape) < EXPONENTIAL_SHAPE)
		return c->tail_share * exp(-excess);
	if (c->shape * excess <= -1)
		return 0;
	return c->tail_share * exp(-log1p(c->shape * excess) / c->shape);
}

/* the same by the knots */
static double
calibration_body(const AeCalibration *c, double score)
{
	int			low = 0;
	int			high = LAST_KNOT;
	double		share;
	double		part;

	if (score <= c->knots[0])
		return 1;
	if (score > c->knots[LAST_KNOT])
		return 0;
	/* until knots[low] < score <= knots[high] are neighbours */
	while (high - low > 1)
	{
		int			middle = (low + high) / 2;

		if (c->knots[middle] < score)
			low = middle;
		else
			high = middle;
	}
	part = calibration_part(c->knots[low], c->knots[high], score);
	share = calibration_share(high);
	return fmax(share, calibration_share(low) -
				part * (calibration_share(low) - share));
}

double
ae_calibration_pvalue(const AeCalibration *c, double score)
{
	if (c->nscores == 0 || isnan(score))
		return NAN;
	if (c->scale > 0 && score > c->threshold)
		return fmax(calibration_tail(c, score), AE_CALIBRATION_FLOOR);
	return fmax(calibration_body(c, score), 1 / ((double) c->nscores + 1));
}

double
ae_calibration_quantile(const AeCalibration *c, double share)
{
	double		position = LAST_KNOT * (1.0 - cbrt(1.0 - share));
	int			knot = (int) position;

	if (knot >= LAST_KNOT)
		return c->knots[LAST_KNOT];
	return calibration_between(c->knots[knot], c->knots[knot + 1],
							   position - knot);
}

double
ae_calibration_median(const AeCalibration *c)
{
	int			above = 0;
	double		share;
	double		part;

	if (c->nscores == 0)
		return NAN;
	while (calibration_share(above) > 0.5)
		above++;
	share = calibration_share(above - 1);
	part = (share - 0.5) / (share - calibration_share(above));
	return calibration_between(c->knots[above - 1], c->knots[above], part);
}

bool
ae_calibration_is_valid(const AeCalibration *c)
{
	if (c->nscores == 0)
		return true;
	for (int i = 0; i <= LAST_KNOT; i++)
		if (!isfinite(c->knots[i]) ||
			(i > 0 && c->knots[i] < c->knots[i - 1]))
			return false;
	return c->threshold == c->knots[TAIL_KNOT] &&
		c->tail_share > 0 && c->tail_share <= calibration_share(TAIL_KNOT) &&
		fabs(c->shape) <= AE_CALIBRATION_MAX_SHAPE &&
		c->scale >= 0 && isfinite(c->scale);
}
