/*
 * spectrum.h
 *	  How many principal components a set of vectors needs.
 */
#ifndef AE_SPECTRUM_H
#define AE_SPECTRUM_H

#include "core/arena.h"
#include "core/blas.h"
#include "core/status.h"

#define AE_SPECTRUM_ORDER 512	/* of the largest matrix decomposed */

/*
 * The smallest number of principal components that keep share of the variance
 * of the rows of x (rows, width), which is centred in place; at least 1.  With
 * more than AE_SPECTRUM_ORDER columns only that many rows are looked at.
 */
extern AeStatus ae_spectrum_components(float *x, int rows, int width, int ld,
									   double share, const AeBlas *blas,
									   AeArena *arena, int *components);

/*
 * Eigenvalues, ascending, of the symmetric matrix a (n, n), which is
 * destroyed; work holds n doubles.
 */
extern void ae_spectrum_eigenvalues(double *a, int n, double *values,
									double *work, const AeEnv *env);

#endif							/* AE_SPECTRUM_H */
