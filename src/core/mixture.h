/*
 * mixture.h
 *	  A mixture of normal distributions over vectors, beside which each row may
 *	  have flags.
 *
 * A component has a mean, a full covariance and, for each flag, the share of
 * its rows that have it; within a component flags are independent of each
 * other and of the vector.  Fitted by expectation and maximisation (Dempster,
 * Laird, Rubin 1977); how many components there are is decided by the
 * Bayesian information criterion (Schwarz 1978).  Same rows and seed, same
 * mixture.
 */
#ifndef AE_MIXTURE_H
#define AE_MIXTURE_H

#include "core/arena.h"
#include "core/rng.h"
#include "core/status.h"

#include <stdint.h>

#define AE_MAX_COMPONENTS 20
#define AE_MIXTURE_MAX_DIMS 256
#define AE_MIXTURE_MAX_ROWS 16384

typedef struct AeMixture
{
	int			ncomponents;	/* 0: none */
	int			ndims;
	int			nflags;
	double	   *weight;			/* (ncomponents) */
	double	   *mean;			/* (ncomponents, ndims) */
	double	   *factor;			/* (ncomponents, ae_mixture_factor_size()) of
								 * Cholesky: rows of the lower triangle */
	double	   *rate;			/* (ncomponents, nflags) */
} AeMixture;

/* borrowed by a fit */
typedef struct AeMixtureRows
{
	int			n;
	int			ndims;
	int			nflags;
	const float *x;				/* (n, ndims) */
	const uint8_t *flags;		/* (n, nflags) 0 or 1 */
} AeMixtureRows;

static inline int
ae_mixture_factor_size(int ndims)
{
	return ndims * (ndims + 1) / 2;
}

/* rows that a fit looks at, of so many: bounded by the time that they take */
extern int	ae_mixture_rows(uint64_t nrows, int ndims);

/* components that a fit tries on so many rows */
extern int	ae_mixture_max_components(int nrows, int ndims);

/* room for components; ndims up to AE_MIXTURE_MAX_DIMS, or AE_ERR_LIMIT */
extern AeStatus ae_mixture_allocate(AeMixture *mixture, int ncomponents,
									int ndims, int nflags, AeArena *arena);

/*
 * Fits a mixture that was allocated with the largest number of components to
 * be tried.  n > 0; x finite.
 */
extern AeStatus ae_mixture_fit(AeMixture *mixture, const AeMixtureRows *rows,
							   uint64_t seed, const AeEnv *env);

/* each component's share of each row: shares (n, ncomponents) */
extern AeStatus ae_mixture_shares(const AeMixture *mixture,
								  const AeMixtureRows *rows, double *shares,
								  const AeEnv *env);

/* one of the components, by such weights */
extern int	ae_mixture_choose(const double *weight, int ncomponents,
							  AeRng *rng);

/* a vector and flags of a component */
extern void ae_mixture_draw(const AeMixture *mixture, int component,
							AeRng *rng, float *x, uint8_t *flags);

/*----------
 * Steps of a fit.
 *----------
 */
typedef struct AeMixtureFit AeMixtureFit;

extern AeStatus ae_mixture_fit_create(const AeMixtureRows *rows,
									  AeArena *arena, AeMixtureFit **fit);

/* components around rows that are far from each other */
extern void ae_mixture_start(AeMixtureFit *fit, int ncomponents,
							 uint64_t seed, AeMixture *mixture);

/*
 * One step.  objective: log likelihood of the rows before the step, and what
 * keeps components from collapsing; it never falls from one step to the next.
 * Returns the log likelihood alone.
 */
extern double ae_mixture_improve(AeMixtureFit *fit, AeMixture *mixture,
								 double *objective);

#endif							/* AE_MIXTURE_H */
