/*
 * coreset.h
 *	  Which training rows stand for all of them.
 */
#ifndef AE_CORESET_H
#define AE_CORESET_H

#include "core/joint.h"
#include "core/rng.h"

/* rows that are looked at for each one that is kept */
#define AE_CORESET_CANDIDATES 2

/*
 * Chooses up to joint->npoints of n rows, values and reconstructions (n, d),
 * as joint's points, in random order, and fits their offsets.  joint must be
 * fitted; npoints becomes the number of points.  What is kept lives in arena;
 * scratch is for the time of the call.
 */
extern AeStatus ae_coreset_fit(AeJoint *joint, const AeKernels *kernels,
							   const float *value,
							   const float *reconstruction, int n,
							   double penalty, AeRng *rng, AeArena *arena,
							   AeArena *scratch);

/* fits the offsets of points chosen already */
extern AeStatus ae_coreset_fit_offsets(AeJoint *joint,
									   const AeKernels *kernels,
									   double penalty, AeArena *scratch);

#endif							/* AE_CORESET_H */
