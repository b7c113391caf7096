/*
 * corrupt.h
 *	  Noise on the input of a denoising autoencoder (Vincent et al. 2008).
 */
#ifndef AE_CORRUPT_H
#define AE_CORRUPT_H

#include "core/dataset.h"

/*
 * Each cell, with probability rate, becomes the same column's cell of a random
 * one of nnear rows.  cells (nrows, ncells) starts as a copy of the rows.
 */
extern void ae_corrupt_swap(const float *const *near, uint32_t nnear,
							AeRng *rng, double rate, int nrows, int ncells,
							float *cells);

/* each cell, with probability rate, becomes missing */
extern void ae_corrupt_mask(AeRng *rng, double rate, int nrows, int ncells,
							float *cells);

/*
 * Each cell, with probability rate, becomes the least or the largest of its
 * column, where that is not NaN.  least, largest (ncells).
 */
extern void ae_corrupt_extremes(const float *least, const float *largest,
								AeRng *rng, double rate, int nrows,
								int ncells, float *cells);

/* adds normal noise of that deviation to the scaled numbers in input */
extern void ae_corrupt_gaussian(const AeFeatures *features, AeRng *rng,
								double deviation, int nrows, float *input,
								int ld);

#endif							/* AE_CORRUPT_H */
