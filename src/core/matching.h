/*
 * matching.h
 *	  How far codes are from a standard normal distribution: the squared
 *	  maximum mean discrepancy (Gretton et al. 2012), which a Wasserstein
 *	  autoencoder minimises (Tolstikhin et al. 2018).
 *
 * With the similarity k(a, b) of two points, the sum over C of
 * C / (C + |a - b|^2), codes a and draws z it is
 *
 *		mean of k(a, a') - 2 mean of k(a, z) + mean of k(z, z'),
 *
 * over pairs of different points.  It is 0 if codes are distributed as draws
 * are, and at most twice the number of Cs.  Draws need not be drawn: their
 * means are known.  Each C / (C + d) is the integral over s of
 * C exp(-C s) exp(-s d), a mixture of normal densities, and the mean of
 * exp(-s |a - z|^2) over z is (1 + 2 s)^(-k/2) exp(-s |a|^2 / (1 + 2 s)) in k
 * dimensions.  The integral is a sum over AE_MATCHING_NODES values of s,
 * within 2e-7.
 *
 * Pairs are formed within groups of up to AE_MATCHING_ROWS rows, so that a row
 * costs the same whatever the batch.
 */
#ifndef AE_MATCHING_H
#define AE_MATCHING_H

#include "core/arena.h"
#include "core/blas.h"
#include "core/kernels.h"
#include "core/status.h"

#define AE_MATCHING_SCALES 7
#define AE_MATCHING_NODES 48	/* a multiple of AE_LANES */
#define AE_MATCHING_ROWS 128

/* of any estimate's magnitude */
#define AE_MATCHING_LIMIT (2.0 * AE_MATCHING_SCALES)

typedef struct AeMatching
{
	int			latent;
	float		scales[AE_MATCHING_SCALES];
	float	   *weight;			/* (AE_MATCHING_NODES) of the sum over s */
	float	   *rate;			/* (AE_MATCHING_NODES) s / (1 + 2 s) */
	double		between_draws;	/* mean of k(z, z') */
	float	   *columns;		/* (latent, AE_MATCHING_ROWS) of a group */
	float	   *slope;			/* (AE_MATCHING_ROWS, AE_MATCHING_ROWS) */
} AeMatching;

extern AeStatus ae_matching_create(int latent, AeArena *arena,
								   AeMatching **matching);

/*
 * Sum over rows of what is estimated without bias from the group of each; a
 * row that is alone counts 0.  Its gradient times scale is stored in gradient;
 * codes and gradient are (rows, AE_PAD(latent)).
 */
extern double ae_matching_distance(AeMatching *matching, const AeBlas *blas,
								   const AeKernels *kernels, int rows,
								   const float *codes, float scale,
								   float *gradient);

#endif							/* AE_MATCHING_H */
