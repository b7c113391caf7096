/*
 * calibration_test.c
 *	  P-values: exact where the answer is known, monotone and in their range
 *	  whatever the scores, and uniform on fresh scores of known distributions.
 */
#include <float.h>
#include <math.h>
#include <stdint.h>

#include "core/calibration.h"
#include "core/rng.h"
#include "unit.h"

#define EXACT 1e-12
#define FRESH 1000000			/* scores that were not fitted on */
#define MAX_SCORES 20000

/*
 * The share of p-values <= alpha among N fresh scores has the variance
 * alpha (1 - alpha) (1 / n + 1 / N): the first term is the binomial error of
 * the n scores fitted on, the second that of the fresh ones.  A fixed seed
 * must stay within this many standard errors.
 */
#define SIGMAS 4.0

/*
 * Bias: the mean share over many calibrations, relative to alpha.  At 0.001 a
 * tail fitted to 2 % of 2,000 scores is known to find a little too much.
 */
#define CALIBRATIONS 400
#define BIAS_BODY 0.06			/* at 0.1 and 0.01 */
#define BIAS_TAIL 0.25			/* at 0.001 */

typedef enum Shape
{
	NORMAL,
	LOGNORMAL,
	EXPONENTIAL,
	STUDENT3,
	UNIFORM,
	DISCRETE,
	CONSTANT
} Shape;

#define CONTINUOUS_SHAPES 5
#define SHAPES 7

static const char *const shape_names[SHAPES] = {
	"normal", "lognormal", "exponential", "t3", "uniform", "discrete",
	"constant"
};

static const double alphas[3] = {0.1, 0.01, 0.001};

static double scores[MAX_SCORES];
static double fresh[FRESH];

/* in (0, 1): the tail needs more than the 24 bits of ae_rng_uniform() */
static double
draw_uniform(AeRng *rng)
{
	return ((double) (ae_rng_next(rng) >> 11) + 0.5) * 0x1p-53;
}

static double
draw_normal(AeRng *rng)
{
	double		radius = sqrt(-2 * log(draw_uniform(rng)));

	return radius * cos(6.283185307179586 * draw_uniform(rng));
}

static double
draw(Shape shape, AeRng *rng)
{
	double		z;
	double		squares = 0;

	switch (shape)
	{
		case NORMAL:
			return draw_normal(rng);
		case LOGNORMAL:
			return exp(draw_normal(rng));
		case EXPONENTIAL:
			return -log(draw_uniform(rng));
		case STUDENT3:
			z = draw_normal(rng);
			for (int i = 0; i < 3; i++)
			{
				double		x = draw_normal(rng);

				squares += x * x;
			}
			return z / sqrt(squares / 3);
		case UNIFORM:
			return draw_uniform(rng);
		case DISCRETE:
			return floor(4 * draw_normal(rng));
		case CONSTANT:
			break;
	}
	return -3.25;
}

static void
fit(AeCalibration *c, Shape shape, size_t n, uint64_t stream)
{
	AeRng		rng;

	ae_rng_seed(&rng, 17, stream);
	for (size_t i = 0; i < n; i++)
		scores[i] = draw(shape, &rng);
	ae_calibration_fit(c, scores, n, true);
}

static bool
near(double x, double y)
{
	return fabs(x - y) <= EXACT;
}

static void
test_small(void)
{
	AeCalibration c;
	double		one[1] = {5};
	double		two[2] = {3, 1};
	bool		right = true;

	ae_calibration_fit(&c, one, 0, false);
	ok(c.nscores == 0 && isnan(ae_calibration_pvalue(&c, 1)) &&
	   isnan(ae_calibration_median(&c)) && ae_calibration_is_valid(&c),
	   "no score, no calibration");

	ae_calibration_fit(&c, one, 1, true);
	ok(c.nscores == 1 && c.held_out && ae_calibration_median(&c) == 5 &&
	   ae_calibration_pvalue(&c, 4) == 1 &&
	   ae_calibration_pvalue(&c, 5) == 1 &&
	   near(ae_calibration_pvalue(&c, 5.1), 0.5), "one score");

	ae_calibration_fit(&c, two, 2, false);
	ok(two[0] == 1 && !c.held_out && near(ae_calibration_median(&c), 2) &&
	   near(ae_calibration_pvalue(&c, 1), 1) &&
	   near(ae_calibration_pvalue(&c, 2), 0.5) &&
	   near(ae_calibration_pvalue(&c, 3), 1.0 / 3) &&
	   near(ae_calibration_pvalue(&c, 4), 1.0 / 3), "two scores");
	ok(isnan(ae_calibration_pvalue(&c, NAN)) &&
	   near(ae_calibration_pvalue(&c, INFINITY), 1.0 / 3) &&
	   ae_calibration_pvalue(&c, -INFINITY) == 1, "scores that are no numbers");

	for (int i = 0; i < 99; i++)
		scores[i] = 99 - i;
	ae_calibration_fit(&c, scores, 99, true);
	for (int i = 2; i <= 99; i++)
		right &= near(ae_calibration_pvalue(&c, i), 1 - i / 100.0);
	ok(right && near(ae_calibration_pvalue(&c, 1000), 0.01),
	   "99 scores: one more exceeds the k-th with probability 1 - k / 100");
	ok(near(ae_calibration_median(&c), 50), "their median");
}

static void
test_ties(void)
{
	AeCalibration c;

	for (int i = 0; i < 10000; i++)
		scores[i] = i < 5000 ? 1 : i < 9900 ? 2 : 3;
	ae_calibration_fit(&c, scores, 10000, true);
	ok(ae_calibration_pvalue(&c, 1) == 1 &&
	   fabs(ae_calibration_pvalue(&c, 2) - 0.5) < 0.01 &&
	   fabs(ae_calibration_pvalue(&c, 3) - 0.01) < 0.001,
	   "a tied score counts itself and what is above");
	ok(ae_calibration_pvalue(&c, 3.5) <= 1.0 / 10001 + EXACT,
	   "beyond all of them");

	fit(&c, CONSTANT, 5000, 0);
	ok(c.scale == 0 && ae_calibration_pvalue(&c, -3.25) == 1 &&
	   near(ae_calibration_pvalue(&c, -3.2), 1.0 / 5001) &&
	   ae_calibration_median(&c) == -3.25, "constant scores");
}

/* from below the smallest score to far above the largest, and at each */
static bool
is_monotone(const AeCalibration *c, size_t n)
{
	double		low = scores[0];
	double		range = scores[n - 1] - low + 1;
	double		least = c->scale > 0 ? AE_CALIBRATION_FLOOR
		: 1 / ((double) n + 1);
	double		last = 1;
	size_t		next = 0;

	for (int i = -100; i <= 3000; i++)
	{
		double		score = low + i * range / 1000;
		double		p;

		for (; next < n && scores[next] <= score; next++)
		{
			p = ae_calibration_pvalue(c, scores[next]);
			if (!(p <= last && p >= least))
				return false;
			last = p;
		}
		p = ae_calibration_pvalue(c, score);
		if (!(p <= last && p >= least))
			return false;
		last = p;
	}
	return ae_calibration_pvalue(c, DBL_MAX) <= last &&
		ae_calibration_pvalue(c, DBL_MAX) >= least;
}

static void
test_properties(void)
{
	static const size_t sizes[] = {1, 2, 3, 10, 100, 255, 256, 257, 1000,
	1500, 1600, 3000, 20000};
	const int	nsizes = (int) (sizeof(sizes) / sizeof(sizes[0]));

	for (int shape = 0; shape < SHAPES; shape++)
	{
		bool		valid = true;
		bool		monotone = true;
		bool		median = true;
		AeCalibration c;

		for (int i = 0; i < nsizes; i++)
		{
			double		p;

			fit(&c, (Shape) shape, sizes[i], (uint64_t) (100 + i));
			valid &= ae_calibration_is_valid(&c);
			monotone &= is_monotone(&c, sizes[i]);
			p = ae_calibration_pvalue(&c, ae_calibration_median(&c));
			median &= p >= 0.5 - EXACT;
		}
		ok(valid && monotone && median,
		   "%s: valid, monotone, half above the median, 1 to %d scores",
		   shape_names[shape], MAX_SCORES);
	}
}

static void
test_threshold(void)
{
	for (int shape = 0; shape < CONTINUOUS_SHAPES; shape++)
	{
		AeCalibration c;
		double		step;
		double		below;
		double		above;

		fit(&c, (Shape) shape, 5000, 7);
		step = 1e-9 * c.scale;
		below = ae_calibration_pvalue(&c, c.threshold - step);
		above = ae_calibration_pvalue(&c, c.threshold + step);
		ok(c.scale > 0 && fabs(c.tail_share - 0.02) < 0.001 &&
		   below >= above && below - above < 1e-8,
		   "%s: no step at the threshold", shape_names[shape]);
	}
}

static int
compare(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

/* scores in ascending order */
static void
draw_fresh(Shape shape)
{
	AeRng		rng;

	ae_rng_seed(&rng, 99, shape);
	for (int i = 0; i < FRESH; i++)
		fresh[i] = draw(shape, &rng);
	qsort(fresh, FRESH, sizeof(double), compare);
}

/* share of fresh scores with a p-value of at most alpha */
static double
alarms(const AeCalibration *c, double alpha)
{
	int			low = -1;
	int			high = FRESH;

	/* p-values never increase */
	while (high - low > 1)
	{
		int			middle = (low + high) / 2;

		if (ae_calibration_pvalue(c, fresh[middle]) <= alpha)
			high = middle;
		else
			low = middle;
	}
	return (double) (FRESH - high) / FRESH;
}

static void
test_uniform(Shape shape)
{
	static const size_t sizes[] = {2000, 5000, 20000};
	double		mean[3] = {0};
	AeCalibration c;

	draw_fresh(shape);
	for (int i = 0; i < 3; i++)
	{
		fit(&c, shape, sizes[i], (uint64_t) (10 + i));
		for (int j = 0; j < 3; j++)
		{
			double		error = sqrt(alphas[j] * (1 - alphas[j]) *
									 (1.0 / (double) sizes[i] + 1.0 / FRESH));
			double		share = alarms(&c, alphas[j]);

			ok(fabs(share - alphas[j]) <= SIGMAS * error,
			   "%s, %d scores: %.5f of the p-values are at most %g",
			   shape_names[shape], (int) sizes[i], share, alphas[j]);
		}
	}

	for (int i = 0; i < CALIBRATIONS; i++)
	{
		fit(&c, shape, 2000, (uint64_t) (1000 + i));
		for (int j = 0; j < 3; j++)
			mean[j] += alarms(&c, alphas[j]) / alphas[j] / CALIBRATIONS;
	}
	ok(fabs(mean[0] - 1) <= BIAS_BODY && fabs(mean[1] - 1) <= BIAS_BODY &&
	   fabs(mean[2] - 1) <= BIAS_TAIL,
	   "%s: over %d calibrations %.3f, %.3f and %.3f of the alarms expected",
	   shape_names[shape], CALIBRATIONS, mean[0], mean[1], mean[2]);
}

/* the excesses of a generalised Pareto distribution are of the same shape */
static void
test_tail(void)
{
	static const double shapes[] = {-0.5, -0.2, 0.2, 0.5, 1.0};

	for (int i = 0; i < 5; i++)
	{
		AeRng		rng;
		AeCalibration c;
		/* standard error of the likelihood estimate from 400 excesses */
		double		error = (1 + shapes[i]) / 20;

		ae_rng_seed(&rng, 23, (uint64_t) i);
		for (int j = 0; j < 20000; j++)
			scores[j] = (pow(draw_uniform(&rng), -shapes[i]) - 1) / shapes[i];
		ae_calibration_fit(&c, scores, 20000, true);
		ok(fabs(c.shape - shapes[i]) <= SIGMAS * error,
		   "a tail of shape %g is found to be %.2f", shapes[i], c.shape);
	}
}

static void
test_extremes(void)
{
	static const double extremes[] = {
		-DBL_MAX, -1e200, -1, -DBL_MIN, 0, 0x1p-1074, DBL_MIN, 1, 1e200,
		DBL_MAX
	};
	const int	nextremes = (int) (sizeof(extremes) / sizeof(extremes[0]));
	bool		good = true;

	for (uint64_t trial = 0; trial < 200; trial++)
	{
		AeRng		rng;
		AeCalibration c;
		double		last = 1;

		/* most are equal, so that extremes meet in the tail */
		ae_rng_seed(&rng, 5, trial);
		for (int i = 0; i < 4000; i++)
			scores[i] = i < 3900 ? extremes[trial % 5]
				: extremes[ae_rng_below(&rng, (uint32_t) nextremes)];
		ae_calibration_fit(&c, scores, 4000, false);
		good &= ae_calibration_is_valid(&c);
		for (int i = 0; i < nextremes; i++)
		{
			double		p = ae_calibration_pvalue(&c, extremes[i]);

			good &= p > 0 && p <= last;
			last = p;
		}
	}
	ok(good, "scores hundreds of orders of magnitude apart");
}

static void
test_hostile(void)
{
	AeCalibration good;
	AeCalibration c;
	int			refused = 0;

	fit(&good, NORMAL, 5000, 3);
	ok(ae_calibration_is_valid(&good), "as fitted");

#define REFUSE(change) \
	do { c = good; change; refused += !ae_calibration_is_valid(&c); } while (0)
	REFUSE(c.knots[0] = -INFINITY);
	REFUSE(c.knots[100] = NAN);
	REFUSE(c.knots[100] = c.knots[101] + 1);
	REFUSE(c.knots[AE_CALIBRATION_KNOTS - 1] = INFINITY);
	REFUSE(c.threshold += 1);
	REFUSE(c.threshold = NAN);
	REFUSE(c.tail_share = 0);
	REFUSE(c.tail_share = 0.5);
	REFUSE(c.tail_share = NAN);
	REFUSE(c.shape = 2 * AE_CALIBRATION_MAX_SHAPE);
	REFUSE(c.shape = NAN);
	REFUSE(c.scale = -1);
	REFUSE(c.scale = INFINITY);
	REFUSE(c.scale = NAN);
#undef REFUSE
	ok(refused == 14, "%d of 14 altered fields are refused", refused);
}

int
main(void)
{
	test_small();
	test_ties();
	test_properties();
	test_threshold();
	for (int shape = 0; shape < CONTINUOUS_SHAPES; shape++)
		test_uniform((Shape) shape);
	test_tail();
	test_extremes();
	test_hostile();
	return done();
}
