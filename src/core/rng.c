/*
 * rng.c
 *	  Normal deviates from counter-based random numbers.
 */
#include <math.h>

#include "core/rng.h"

#define RNG_TWO_PI 6.283185307179586476925286766559

/*
 * Half of each Box-Muller pair is thrown away, so that a stream's state stays
 * its key and its counter: every call draws exactly two numbers.
 */
float
ae_rng_normal(AeRng *rng)
{
	/* in (0, 1]: the logarithm is finite */
	double		u = (double) ((ae_rng_next(rng) >> 11) + 1) * 0x1p-53;
	double		v = (double) (ae_rng_next(rng) >> 11) * 0x1p-53;

	return (float) (sqrt(-2.0 * log(u)) * cos(RNG_TWO_PI * v));
}
