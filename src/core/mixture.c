/*
 * mixture.c
 *	  A mixture of normal distributions: how many components it takes, and
 *	  draws from it.
 */
#include "core/mixture.h"

#include <math.h>
#include <string.h>

/* multiply-adds of a step for one component, about */
#define MIXTURE_WORK (1 << 23)
#define MIXTURE_MIN_ROWS 4096

/* rows that the number of components is decided on */
#define MIXTURE_TRIAL_ROWS 4096

/* steps, and the gain per row in nats below which they end */
#define TRIAL_STEPS 40
#define TRIAL_GAIN 2e-3
#define FINAL_STEPS 60
#define FINAL_GAIN 2e-4

/* numbers of components that are tried until two in a row do not pay */
static const int mixture_trials[] = {1, 2, 3, 4, 6, 8, 10, 13, 16, 20};

#define MIXTURE_TRIALS \
	((int) (sizeof(mixture_trials) / sizeof(mixture_trials[0])))
#define MIXTURE_PATIENCE 2

int
ae_mixture_rows(uint64_t nrows, int ndims)
{
	int			most = MIXTURE_WORK / (ndims * ndims + 1);

	if (most < MIXTURE_MIN_ROWS)
		most = MIXTURE_MIN_ROWS;
	if (most > AE_MIXTURE_MAX_ROWS)
		most = AE_MIXTURE_MAX_ROWS;
	return nrows < (uint64_t) most ? (int) nrows : most;
}

/* every parameter deserves a row */
int
ae_mixture_max_components(int nrows, int ndims)
{
	int			most = nrows / (1 + ndims + ae_mixture_factor_size(ndims));

	return most < 1 ? 1 : most > AE_MAX_COMPONENTS ? AE_MAX_COMPONENTS : most;
}

AeStatus
ae_mixture_allocate(AeMixture *m, int ncomponents, int ndims, int nflags,
					AeArena *arena)
{
	size_t		k = (size_t) ncomponents;
	size_t		d = (size_t) ndims;

	if (ndims > AE_MIXTURE_MAX_DIMS)
		return AE_ERR_LIMIT;
	m->ncomponents = ncomponents;
	m->ndims = ndims;
	m->nflags = nflags;
	m->weight = ae_arena_alloc(arena, k, sizeof(double));
	m->mean = ae_arena_alloc(arena, k * d, sizeof(double));
	m->factor = ae_arena_alloc(arena,
							   k * (size_t) ae_mixture_factor_size(ndims),
							   sizeof(double));
	m->rate = ae_arena_alloc(arena, k * (size_t) nflags, sizeof(double));
	return m->weight == NULL || m->mean == NULL || m->factor == NULL ||
		m->rate == NULL ? AE_ERR_MEMORY : AE_OK;
}

/* steps until they gain little; the log likelihood before the last one */
static double
fit_climb(AeMixtureFit *fit, AeMixture *m, int steps, double gain)
{
	double		last = -HUGE_VAL;
	double		log_likelihood = 0.0;

	for (int i = 0; i < steps; i++)
	{
		double		objective;

		log_likelihood = ae_mixture_improve(fit, m, &objective);
		if (objective - last < gain)
			break;
		last = objective;
	}
	return log_likelihood;
}

static void
mixture_copy(AeMixture *to, const AeMixture *from)
{
	size_t		k = (size_t) from->ncomponents;

	to->ncomponents = from->ncomponents;
	memcpy(to->weight, from->weight, k * sizeof(double));
	memcpy(to->mean, from->mean,
		   k * (size_t) from->ndims * sizeof(double));
	memcpy(to->factor, from->factor, k * sizeof(double) *
		   (size_t) ae_mixture_factor_size(from->ndims));
	memcpy(to->rate, from->rate,
		   k * (size_t) from->nflags * sizeof(double));
}

/* the best mixture of some of the rows, which are in random order */
static AeStatus
fit_try(AeMixture *best, const AeMixtureRows *rows, int max_components,
		uint64_t seed, AeArena *arena)
{
	int			parameters = 1 + rows->nflags + rows->ndims +
		ae_mixture_factor_size(rows->ndims);
	double		best_criterion = HUGE_VAL;
	int			failures = 0;
	AeMixtureFit *fit;
	AeMixture	trial;

	AE_TRY(ae_mixture_fit_create(rows, arena, &fit));
	AE_TRY(ae_mixture_allocate(&trial, max_components, rows->ndims,
							   rows->nflags, arena));
	for (int i = 0; i < MIXTURE_TRIALS && failures < MIXTURE_PATIENCE &&
		 mixture_trials[i] <= max_components; i++)
	{
		double		criterion;

		ae_mixture_start(fit, mixture_trials[i], seed, &trial);
		criterion = -2 * fit_climb(fit, &trial, TRIAL_STEPS,
								   TRIAL_GAIN * rows->n) +
			log(rows->n) * parameters * trial.ncomponents;
		if (criterion < best_criterion)
		{
			best_criterion = criterion;
			failures = 0;
			mixture_copy(best, &trial);
		}
		else
			failures++;
	}
	return AE_OK;
}

AeStatus
ae_mixture_fit(AeMixture *mixture, const AeMixtureRows *rows, uint64_t seed,
			   const AeEnv *env)
{
	AeMixtureRows some = *rows;
	AeMixtureFit *fit;
	AeArena		arena;
	AeStatus	status;

	if (some.n > MIXTURE_TRIAL_ROWS)
		some.n = MIXTURE_TRIAL_ROWS;
	ae_arena_init(&arena, env);
	status = fit_try(mixture, &some, mixture->ncomponents, seed, &arena);
	if (status == AE_OK)
		status = ae_mixture_fit_create(rows, &arena, &fit);
	if (status == AE_OK)
		fit_climb(fit, mixture, FINAL_STEPS, FINAL_GAIN * rows->n);
	ae_arena_free(&arena);
	return status;
}

int
ae_mixture_choose(const double *weight, int ncomponents, AeRng *rng)
{
	double		place = ae_rng_uniform(rng);
	int			k = 0;

	while (k < ncomponents - 1 && place >= weight[k])
		place -= weight[k++];
	return k;
}

void
ae_mixture_draw(const AeMixture *m, int k, AeRng *rng, float *x,
				uint8_t *flags)
{
	int			d = m->ndims;
	const double *row;
	double		z[AE_MIXTURE_MAX_DIMS];

	row = m->factor + (size_t) k * (size_t) ae_mixture_factor_size(d);
	for (int i = 0; i < d; row += ++i)
	{
		double		value = m->mean[(size_t) k * (size_t) d + (size_t) i];

		z[i] = ae_rng_normal(rng);
		for (int j = 0; j <= i; j++)
			value += row[j] * z[j];
		x[i] = (float) value;
	}
	for (int j = 0; j < m->nflags; j++)
		flags[j] = ae_rng_uniform(rng) <
			m->rate[(size_t) k * (size_t) m->nflags + (size_t) j];
}
