/*
 * kernels_similarity.h
 *	  The kernels that compare codes with a distribution: similarities() and
 *	  decays().  For inclusion by kernels_body.h only.
 */
#ifndef AE_KERNELS_SIMILARITY_H
#define AE_KERNELS_SIMILARITY_H

#include "core/kernels_math.h"

KERNEL_INLINE double
vec_total(vec x)
{
	double		total = 0.0;

	for (int i = 0; i < KERNEL_LANES; i++)
		total += x[i];
	return total;
}

static void
kernel_similarities(int n, int width, int ld, const float *x,
					const float *points, int nscales, const float *scales,
					float *slope, double sums[2])
{
	vec			sum = {0};
	vec			slopes = {0};
	ivec		lane;

	for (int i = 0; i < KERNEL_LANES; i++)
		lane[i] = i;
	for (int v = 0; v < n; v += KERNEL_LANES)
	{
		ivec		mask = lane + v < n;
		const float *from = points + v;
		vec			distance = {0};
		vec			similarity = {0};
		vec			k = {0};

		for (int c = 0; c < width; c++, from += ld)
		{
			vec			d = vec_load(from) - x[c];

			distance = distance + d * d;
		}
		for (int s = 0; s < nscales; s++)
		{
			vec			r = scales[s] / (distance + scales[s]);

			similarity = similarity + r;
			k = k - (r * r) * (1.0f / scales[s]);
		}
		k = vec_keep(mask, k);
		vec_store(slope + v, k);
		slopes = slopes + k;
		sum = sum + vec_keep(mask, similarity);
	}
	sums[0] = vec_total(sum);
	sums[1] = vec_total(slopes);
}

static void
kernel_decays(int n, float x, const float *weight, const float *rate,
			  double sums[2])
{
	vec			sum = {0};
	vec			slopes = {0};

	for (int v = 0; v < n; v += KERNEL_LANES)
	{
		vec			r = vec_load(rate + v);
		vec			y = vec_load(weight + v) * vec_exp(r * -x);

		sum = sum + y;
		slopes = slopes - y * r;
	}
	sums[0] = vec_total(sum);
	sums[1] = vec_total(slopes);
}

#endif							/* AE_KERNELS_SIMILARITY_H */
