/*
 * moments.c
 *	  Mean and variance of a column, gathered block by block.
 *
 * Deviations are taken from the mean of the earlier blocks, so that their
 * squares stay small and keep their digits.
 */
#include <math.h>

#include "core/moments.h"

/*
 * Adds count values, given the sums of their deviations from the mean so far
 * and of the squares of these: Chan, Golub and LeVeque (1979).
 */
static void
moments_add(AeMoments *moments, double count, double sum, double squares)
{
	double		before = (double) moments->count;
	double		after = before + count;

	if (count == 0.0)
		return;
	moments->squares += fmax(squares - sum * sum / count, 0.0) +
		sum / count * sum * (before / after);
	moments->mean += sum / after;
	moments->count += (uint64_t) count;
}

/* as ae_moments_take(), where cells are missing or too large for a float */
static void
moments_take_carefully(AeMoments *moments, float *cells, int nrows,
					   size_t stride)
{
	double		shift = moments->mean;
	double		count = 0.0;
	double		sum = 0.0;
	double		squares = 0.0;

	for (int r = 0; r < nrows; r++, cells += stride)
	{
		double		x;

		if (isnan(*cells))
			continue;
		if (isinf(*cells))
			*cells = copysignf((float) AE_CELL_LIMIT, *cells);
		x = *cells - shift;
		count += 1.0;
		sum += x;
		squares += x * x;
	}
	moments_add(moments, count, sum, squares);
}

/* two sums at a time, because each addition waits for the one before */
void
ae_moments_take(AeMoments *moments, float *cells, int nrows, size_t stride)
{
	double		shift = moments->mean;
	double		sum[2] = {0.0, 0.0};
	double		squares[2] = {0.0, 0.0};
	const float *cell = cells;

	for (int r = 0; r + 1 < nrows; r += 2, cell += 2 * stride)
	{
		double		x = cell[0] - shift;
		double		y = cell[stride] - shift;

		sum[0] += x;
		squares[0] += x * x;
		sum[1] += y;
		squares[1] += y * y;
	}
	if (nrows % 2 != 0)
	{
		sum[0] += *cell - shift;
		squares[0] += (*cell - shift) * (*cell - shift);
	}
	if (isfinite(squares[0] + squares[1]))
		moments_add(moments, nrows, sum[0] + sum[1],
					squares[0] + squares[1]);
	else
		moments_take_carefully(moments, cells, nrows, stride);
}
