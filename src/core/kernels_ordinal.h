/*
 * kernels_ordinal.h
 *	  The likelihood of levels between cut points, see ordinal.h.  For
 *	  inclusion by kernels_body.h only.
 *
 * Of a row only the outputs up to its level matter: those before it through
 * the sum of their softplus, which is taken a vector at a time.
 */
#ifndef AE_KERNELS_ORDINAL_H
#define AE_KERNELS_ORDINAL_H

#include <math.h>
#include <string.h>

#include "core/kernels_math.h"

/* log(1 + e^x) and its slope */
static double
ordinal_softplus(double x, double *slope)
{
	double		e = exp(-fabs(x));

	*slope = (x < 0 ? e : 1.0) / (1.0 + e);
	return (x > 0 ? x : 0.0) + log1p(e);
}

/* the sum of softplus of o (n), whose slopes go to d; n may be 0 */
static double
ordinal_cut(int n, const float *o, float *d)
{
	double		sum = 0.0;

	for (int j = 0; j < n; j += KERNEL_LANES)
	{
		int			count = n - j < KERNEL_LANES ? n - j : KERNEL_LANES;
		bool		whole = count == KERNEL_LANES;
		vec			x = whole ? vec_load_unaligned(o + j)
			: vec_load_first(o + j, count);
		vec			slope;
		vec			y = act_softplus(x, &slope);

		if (whole)
			vec_store_unaligned(d + j, slope);
		else
			vec_store_first(d + j, slope, count);
		for (int i = 0; i < count; i++)
			sum += y[i];
	}
	return sum;
}

/*
 * A row's loss and its gradient in d, which is all 0.  below and above are the
 * slopes by the cut points around the level, gap that by the output between.
 */
static double
ordinal_row(int width, int level, const float *o, double factor, float *d)
{
	int			n = level < width ? level : width;
	double		cut = o[0];
	double		below = 0.0;
	double		above = 0.0;
	double		gap = 0.0;
	double		loss = 0.0;
	double		slope;

	if (n > 1)
		cut += ordinal_cut(n - 1, o + 1, d + 1);
	if (level > 0)
		loss += ordinal_softplus(cut, &below);
	if (level > 0 && level < width)
	{
		cut += ordinal_softplus(o[level], &slope);
		loss += ordinal_softplus(-(double) o[level], &gap);
		gap = -gap;
	}
	if (level < width)
	{
		loss += ordinal_softplus(-cut, &above);
		above = -above;
	}
	d[0] = (float) (factor * (below + above));
	for (int j = 1; j < n; j++)
		d[j] = (float) (factor * (below + above) * d[j]);
	if (level > 0 && level < width)
		d[level] = (float) (factor * (above * slope + gap));
	return loss;
}

static double
kernel_ordinal(int rows, int width, int ld, const float *o, const float *t,
			   float weight, float scale, float *d)
{
	double		total = 0.0;

	for (int row = 0; row < rows; row++)
	{
		memset(d, 0, (size_t) width * sizeof(float));
		if (t[0] == t[0])
		{
			double		rank = t[0];
			int			level = rank > width ? width
				: rank > 0 ? (int) rint(rank) : 0;
			double		loss = ordinal_row(width, level, o,
										   (double) weight * scale, d);

			total += weight * (loss + AE_IMPOSSIBLE_COST *
							   fabs(rank - level));
		}
		o += ld;
		t += ld;
		d += ld;
	}
	return total;
}

#endif							/* AE_KERNELS_ORDINAL_H */
