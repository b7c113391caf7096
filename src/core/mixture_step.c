/*
 * mixture_step.c
 *	  The steps of a fit of a mixture: expectation and maximisation.
 *
 * What is maximised is the likelihood as if every component had one row more,
 * whose squares are the variances of all rows and whose flags are their
 * shares: a component of few rows does not collapse onto them.
 */
#include <math.h>
#include <string.h>

#include "core/mixture.h"

/* deviations of components at first, in those of all rows */
#define START_SCALE 0.5

/* variances below this share of the mean variance are raised to it */
#define VARIANCE_FLOOR 1e-6
#define VARIANCE_TINY 1e-12

/* a component with fewer rows keeps its shape, one with less of a row takes
 * no part in that row */
#define MIN_ROWS 1e-3
#define MIN_SHARE 1e-9

#define POLL_ROWS 32

#define LOG_TWO_PI 1.8378770664093454836

struct AeMixtureFit
{
	const AeMixtureRows *rows;
	const AeEnv *env;
	double	   *centre;			/* (ndims) of all rows */
	double	   *variance;		/* (ndims) of all rows, raised */
	double	   *whole;			/* factor of the covariance of all rows */
	double	   *share;			/* (nflags) of all rows */

	/* of a step */
	double	   *share_of_row;	/* (AE_MAX_COMPONENTS) */
	double	   *y;				/* (AE_MAX_COMPONENTS, ndims) row minus mean */
	double	   *solved;			/* (ndims) */
	double	   *constant;		/* (AE_MAX_COMPONENTS) */
	double	   *log_rate;		/* (AE_MAX_COMPONENTS, nflags, 2) */
	double	   *count;			/* (AE_MAX_COMPONENTS) sums from here on */
	double	   *sum;			/* (AE_MAX_COMPONENTS, ndims) */
	double	   *squares;		/* (AE_MAX_COMPONENTS, factor size) */
	double	   *flagged;		/* (AE_MAX_COMPONENTS, nflags) */
	double	   *distance;		/* (n) of the start */
};

/* in place; the matrix is positive definite but for rounding */
static void
mixture_factorise(int n, double *a, const double *variance)
{
	double	   *row = a;

	for (int i = 0; i < n; row += ++i)
	{
		const double *other = a;

		for (int j = 0; j <= i; other += ++j)
		{
			double		rest = row[j];

			for (int k = 0; k < j; k++)
				rest -= row[k] * other[k];
			if (j < i)
				row[j] = rest / other[j];
			else
				row[j] = sqrt(fmax(rest, VARIANCE_FLOOR * variance[i]));
		}
	}
}

/* squared length of the inverse of factor times y; y becomes that vector */
static double
mixture_solve(int n, const double *factor, double *y)
{
	const double *row = factor;
	double		square = 0.0;

	for (int i = 0; i < n; row += ++i)
	{
		double		rest = y[i];

		for (int j = 0; j < i; j++)
			rest -= row[j] * y[j];
		y[i] = rest / row[i];
		square += y[i] * y[i];
	}
	return square;
}

static void
fit_poll(const AeMixtureFit *fit, int i)
{
	if (i % POLL_ROWS == 0)
		fit->env->poll(fit->env->host);
}

/*----------
 * All rows.
 *----------
 */
static void
fit_moments(AeMixtureFit *fit)
{
	const AeMixtureRows *rows = fit->rows;
	int			d = rows->ndims;
	double		mean = 0.0;

	for (int i = 0; i < rows->n; i++)
	{
		const float *x = rows->x + (size_t) i * (size_t) d;
		const uint8_t *flags = rows->flags + (size_t) i *
			(size_t) rows->nflags;

		fit_poll(fit, i);
		for (int j = 0; j < d; j++)
			fit->centre[j] += x[j] / (double) rows->n;
		for (int j = 0; j < rows->nflags; j++)
			fit->share[j] += flags[j] / (double) rows->n;
	}
	for (int i = 0; i < rows->n; i++)
	{
		const float *x = rows->x + (size_t) i * (size_t) d;
		double	   *row = fit->whole;

		fit_poll(fit, i);
		for (int j = 0; j < d; j++)
			fit->y[j] = x[j] - fit->centre[j];
		for (int j = 0; j < d; row += ++j)
			for (int l = 0; l <= j; l++)
				row[l] += fit->y[j] * fit->y[l] / rows->n;
	}
	for (int j = 0; j < d; j++)
		mean += fit->whole[j * (j + 3) / 2] / d;
	for (int j = 0; j < d; j++)
	{
		fit->variance[j] = fmax(fit->whole[j * (j + 3) / 2],
								VARIANCE_FLOOR * mean + VARIANCE_TINY);
		fit->whole[j * (j + 3) / 2] = fit->variance[j];
	}
	mixture_factorise(d, fit->whole, fit->variance);
}

static AeStatus
fit_allocate(AeMixtureFit *fit, const AeMixtureRows *rows, AeArena *arena)
{
	size_t		d = (size_t) rows->ndims;
	size_t		f = (size_t) rows->nflags;
	size_t		t = (size_t) ae_mixture_factor_size(rows->ndims);
	size_t		k = AE_MAX_COMPONENTS;
	struct
	{
		double	  **array;
		size_t		count;
	}			arrays[] = {
		{&fit->centre, d}, {&fit->variance, d}, {&fit->whole, t},
		{&fit->share, f}, {&fit->share_of_row, k}, {&fit->y, k * d},
		{&fit->solved, d}, {&fit->constant, k}, {&fit->log_rate, 2 * k * f},
		{&fit->count, k}, {&fit->sum, k * d}, {&fit->squares, k * t},
		{&fit->flagged, k * f}, {&fit->distance, (size_t) rows->n}
	};

	for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
	{
		*arrays[i].array = ae_arena_alloc(arena, arrays[i].count,
										  sizeof(double));
		if (*arrays[i].array == NULL)
			return AE_ERR_MEMORY;
	}
	return AE_OK;
}

AeStatus
ae_mixture_fit_create(const AeMixtureRows *rows, AeArena *arena,
					  AeMixtureFit **created)
{
	AeMixtureFit *fit = ae_arena_alloc(arena, 1, sizeof(AeMixtureFit));

	if (fit == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(fit_allocate(fit, rows, arena));
	fit->rows = rows;
	fit->env = arena->env;
	fit_moments(fit);
	*created = fit;
	return AE_OK;
}

/*----------
 * The start: every further component at a row drawn with its squared distance
 * to the nearest one so far (Arthur, Vassilvitskii 2007).
 *----------
 */

/* between a row and a component's mean and rates, in deviations of all rows */
static double
start_distance(AeMixtureFit *fit, int i, const double *mean,
			   const double *rate)
{
	const AeMixtureRows *rows = fit->rows;
	const float *x = rows->x + (size_t) i * (size_t) rows->ndims;
	const uint8_t *flags = rows->flags + (size_t) i * (size_t) rows->nflags;
	double		square = 0.0;

	for (int j = 0; j < rows->ndims; j++)
		fit->solved[j] = x[j] - mean[j];
	square = mixture_solve(rows->ndims, fit->whole, fit->solved);
	for (int j = 0; j < rows->nflags; j++)
	{
		double		spread = fit->share[j] * (1.0 - fit->share[j]);

		if (spread > 0)
			square += (flags[j] - rate[j]) * (flags[j] - rate[j]) / spread;
	}
	return square;
}

static int
start_draw(const AeMixtureFit *fit, AeRng *rng)
{
	int			n = fit->rows->n;
	double		total = 0.0;
	double		place;

	for (int i = 0; i < n; i++)
		total += fit->distance[i];
	place = total * ae_rng_uniform(rng);
	for (int i = 0; i < n; i++)
	{
		place -= fit->distance[i];
		if (place < 0)
			return i;
	}
	return (int) ae_rng_below(rng, (uint32_t) n);
}

void
ae_mixture_start(AeMixtureFit *fit, int ncomponents, uint64_t seed,
				 AeMixture *m)
{
	const AeMixtureRows *rows = fit->rows;
	int			d = rows->ndims;
	int			t = ae_mixture_factor_size(d);
	AeRng		rng;

	ae_rng_seed(&rng, seed, (uint64_t) ncomponents);
	m->ncomponents = ncomponents;
	for (int k = 0; k < ncomponents; k++)
	{
		double	   *mean = m->mean + (size_t) k * (size_t) d;
		double	   *rate = m->rate + (size_t) k * (size_t) rows->nflags;
		int			row = k == 0
			? (int) ae_rng_below(&rng, (uint32_t) rows->n)
			: start_draw(fit, &rng);

		m->weight[k] = 1.0 / ncomponents;
		for (int j = 0; j < d; j++)
			mean[j] = rows->x[(size_t) row * (size_t) d + (size_t) j];
		for (int j = 0; j < rows->nflags; j++)
			rate[j] = 0.5 * (fit->share[j] +
							 rows->flags[(size_t) row *
										 (size_t) rows->nflags + (size_t) j]);
		for (int j = 0; j < t; j++)
			m->factor[(size_t) k * (size_t) t + (size_t) j] =
				START_SCALE * fit->whole[j];
		for (int i = 0; i < rows->n; i++)
		{
			double		distance = start_distance(fit, i, mean, rate);

			fit_poll(fit, i);
			if (k == 0 || distance < fit->distance[i])
				fit->distance[i] = distance;
		}
	}
}

/*----------
 * A step.
 *----------
 */

/* what of a component's log density does not depend on the row */
static void
step_constants(AeMixtureFit *fit, const AeMixture *m, double *objective)
{
	int			d = m->ndims;
	size_t		t = (size_t) ae_mixture_factor_size(d);
	size_t		f = (size_t) m->nflags;

	for (int k = 0; k < m->ncomponents; k++)
	{
		const double *factor = m->factor + (size_t) k * t;
		const double *rate = m->rate + (size_t) k * f;
		double	   *log_rate = fit->log_rate + 2 * (size_t) k * f;
		double		log_root = 0.0;

		for (int j = 0; j < d; j++)
		{
			log_root += log(factor[j * (j + 3) / 2]);
			/* squared length of a column of the inverse, times the variance */
			memset(fit->solved, 0, (size_t) d * sizeof(double));
			fit->solved[j] = sqrt(fit->variance[j]);
			*objective -= 0.5 * mixture_solve(d, factor, fit->solved);
		}
		*objective -= log_root;
		for (size_t j = 0; j < f; j++)
		{
			log_rate[2 * j] = rate[j] < 1 ? log1p(-rate[j]) : -HUGE_VAL;
			log_rate[2 * j + 1] = rate[j] > 0 ? log(rate[j]) : -HUGE_VAL;
			if (fit->share[j] < 1)
				*objective += (1 - fit->share[j]) * log_rate[2 * j];
			if (fit->share[j] > 0)
				*objective += fit->share[j] * log_rate[2 * j + 1];
		}
		fit->constant[k] = m->weight[k] > 0
			? log(m->weight[k]) - log_root - 0.5 * LOG_TWO_PI * d : -HUGE_VAL;
	}
}

/* each component's share of a row; returns the row's log density */
static double
step_expect(AeMixtureFit *fit, const AeMixture *m, int i)
{
	int			d = m->ndims;
	size_t		t = (size_t) ae_mixture_factor_size(d);
	const float *x = fit->rows->x + (size_t) i * (size_t) d;
	const uint8_t *flags = fit->rows->flags + (size_t) i * (size_t) m->nflags;
	double		most = -HUGE_VAL;
	double		sum = 0.0;

	for (int k = 0; k < m->ncomponents; k++)
	{
		double	   *y = fit->y + (size_t) k * (size_t) d;
		const double *mean = m->mean + (size_t) k * (size_t) d;
		const double *log_rate = fit->log_rate +
			2 * (size_t) k * (size_t) m->nflags;
		double		log_density = fit->constant[k];

		for (int j = 0; j < d; j++)
			fit->solved[j] = y[j] = x[j] - mean[j];
		log_density -= 0.5 * mixture_solve(d, m->factor + (size_t) k * t,
										   fit->solved);
		for (int j = 0; j < m->nflags; j++)
			log_density += log_rate[2 * j + flags[j]];
		fit->share_of_row[k] = log_density;
		if (log_density > most)
			most = log_density;
	}
	for (int k = 0; k < m->ncomponents; k++)
	{
		fit->share_of_row[k] = exp(fit->share_of_row[k] - most);
		sum += fit->share_of_row[k];
	}
	for (int k = 0; k < m->ncomponents; k++)
		fit->share_of_row[k] /= sum;
	return most + log(sum);
}

static void
step_add(AeMixtureFit *fit, const AeMixture *m, int i)
{
	int			d = m->ndims;
	size_t		t = (size_t) ae_mixture_factor_size(d);
	size_t		f = (size_t) m->nflags;
	const uint8_t *flags = fit->rows->flags + (size_t) i * f;

	for (int k = 0; k < m->ncomponents; k++)
	{
		double		share = fit->share_of_row[k];
		const double *y = fit->y + (size_t) k * (size_t) d;
		double	   *sum = fit->sum + (size_t) k * (size_t) d;
		double	   *row = fit->squares + (size_t) k * t;

		if (!(share > MIN_SHARE))
			continue;
		fit->count[k] += share;
		for (int j = 0; j < d; row += ++j)
		{
			double		part = share * y[j];

			sum[j] += part;
			for (int l = 0; l <= j; l++)
				row[l] += part * y[l];
		}
		for (size_t j = 0; j < f; j++)
			fit->flagged[(size_t) k * f + j] += share * flags[j];
	}
}

/* sums are around the old mean */
static void
step_maximise(AeMixtureFit *fit, AeMixture *m)
{
	int			d = m->ndims;
	int			t = ae_mixture_factor_size(d);
	double		total = 0.0;

	for (int k = 0; k < m->ncomponents; k++)
		total += fit->count[k];
	for (int k = 0; k < m->ncomponents; k++)
	{
		double		n = fit->count[k];
		double	   *mean = m->mean + (size_t) k * (size_t) d;
		double	   *rate = m->rate + (size_t) k * (size_t) m->nflags;
		double	   *factor = m->factor + (size_t) k * (size_t) t;
		double	   *row = factor;
		double	   *sum = fit->sum + (size_t) k * (size_t) d;

		m->weight[k] = n / total;
		if (!(n > MIN_ROWS))
			continue;
		memcpy(factor, fit->squares + (size_t) k * (size_t) t,
			   (size_t) t * sizeof(double));
		for (int j = 0; j < d; row += ++j)
		{
			for (int l = 0; l <= j; l++)
				row[l] = (row[l] - sum[j] * sum[l] / n) / (n + 1);
			row[j] += fit->variance[j] / (n + 1);
		}
		mixture_factorise(d, factor, fit->variance);
		for (int j = 0; j < d; j++)
			mean[j] += sum[j] / n;
		for (int j = 0; j < m->nflags; j++)
			rate[j] = (fit->flagged[(size_t) k * (size_t) m->nflags +
									(size_t) j] + fit->share[j]) / (n + 1);
	}
}

double
ae_mixture_improve(AeMixtureFit *fit, AeMixture *m, double *objective)
{
	size_t		k = (size_t) m->ncomponents;
	size_t		d = (size_t) m->ndims;
	double		log_likelihood = 0.0;

	memset(fit->count, 0, k * sizeof(double));
	memset(fit->sum, 0, k * d * sizeof(double));
	memset(fit->squares, 0, k * sizeof(double) *
		   (size_t) ae_mixture_factor_size(m->ndims));
	memset(fit->flagged, 0, k * (size_t) m->nflags * sizeof(double));
	*objective = 0.0;
	step_constants(fit, m, objective);
	for (int i = 0; i < fit->rows->n; i++)
	{
		fit_poll(fit, i);
		log_likelihood += step_expect(fit, m, i);
		step_add(fit, m, i);
	}
	*objective += log_likelihood;
	step_maximise(fit, m);
	return log_likelihood;
}

AeStatus
ae_mixture_shares(const AeMixture *m, const AeMixtureRows *rows,
				  double *shares, const AeEnv *env)
{
	size_t		k = (size_t) m->ncomponents;
	double		objective = 0.0;
	AeMixtureFit *fit;
	AeArena		arena;
	AeStatus	status;

	ae_arena_init(&arena, env);
	status = ae_mixture_fit_create(rows, &arena, &fit);
	if (status == AE_OK)
	{
		step_constants(fit, m, &objective);
		for (int i = 0; i < rows->n; i++)
		{
			fit_poll(fit, i);
			step_expect(fit, m, i);
			memcpy(shares + (size_t) i * k, fit->share_of_row,
				   k * sizeof(double));
		}
	}
	ae_arena_free(&arena);
	return status;
}
