/*
 * moments.h
 *	  Mean and variance of a column, gathered block by block.
 */
#ifndef AE_MOMENTS_H
#define AE_MOMENTS_H

#include <stddef.h>
#include <stdint.h>

/* a stored cell saturates here, short of infinity */
#define AE_CELL_LIMIT 3e38

typedef struct AeMoments
{
	uint64_t	count;			/* values present */
	double		mean;
	double		squares;		/* sum of squared deviations from the mean */
} AeMoments;

/*
 * Adds a column of nrows cells, stride floats apart.  NaN is missing, and an
 * infinite cell becomes AE_CELL_LIMIT of its sign.
 */
extern void ae_moments_take(AeMoments *moments, float *cells, int nrows,
							size_t stride);

#endif							/* AE_MOMENTS_H */
