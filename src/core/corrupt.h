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

/*
 * Cells become missing with a probability that each row draws anew, as far
 * from rate as [0, 1] allows both ways: from [0, 0.7], say, or [0.6, 1].
 */
extern void ae_corrupt_mask(AeRng *rng, double rate, int nrows, int ncells,
							float *cells);

/*
 * Each cell, with probability rate, becomes the least or the largest of its
 * column, where that is not NaN.  least, largest (ncells).
 */
extern void ae_corrupt_extremes(const float *least, const float *largest,
								AeRng *rng, double rate, int nrows,
								int ncells, float *cells);

/* puts back the cells of conditions and classes: those of the rows */
extern void ae_corrupt_spare(const AeFeatures *features, int nrows,
							 const float *const *rows, float *cells);

/*
 * Makes the targets missing of all that ae_corrupt_mask() left of nrows rows
 * in cells (nrows, ncells): a network that is also asked for what it sees
 * learns to copy, and predicts worse.
 */
extern void ae_corrupt_forget(const AeFeatures *features, int nrows,
							  const float *cells, float *target, int ldt);

/* adds normal noise of that deviation to the scaled numbers in input */
extern void ae_corrupt_gaussian(const AeFeatures *features, AeRng *rng,
								double deviation, int nrows, float *input,
								int ld);

#endif							/* AE_CORRUPT_H */
