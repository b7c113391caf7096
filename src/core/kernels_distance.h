/*
 * kernels_distance.h
 *	  The kernels that find nearest points: distances(), norms(), near()
 *	  and at_most().  For inclusion by kernels_body.h only.
 *
 * Every instruction set since SSE2 multiplies pairs of 16-bit integers and
 * adds the two products in 32 bits: twice as many values at a time as floats,
 * half the memory to read, and sums that do not depend on their order.
 */
#ifndef AE_KERNELS_DISTANCE_H
#define AE_KERNELS_DISTANCE_H

#include <stdbool.h>
#include <string.h>

#include "core/kernels_math.h"

/* vectors of a group of points, and groups that are calculated together */
#define GROUP_VECS (AE_LANES / KERNEL_LANES)
#define TILE_GROUPS (KERNEL_LANES == 16 ? 8 : KERNEL_LANES == 8 ? 4 : 2)

/* rows and groups of near(): as many accumulators as registers allow */
#define NEAR_ROWS (KERNEL_LANES == 16 ? 4 : 2)
#define NEAR_GROUPS (KERNEL_LANES == 16 ? 4 : KERNEL_LANES == 8 ? 3 : 1)

/* two values of x, in each lane */
KERNEL_INLINE ivec
pair_splat(const int16_t *x)
{
	int32_t		pair;

	memcpy(&pair, x, sizeof(pair));
	return pair - (ivec) {0};
}

/* sums of two squared differences, for as many points as there are lanes */
KERNEL_INLINE ivec
pair_squares(const int16_t *points, ivec x)
{
#if KERNEL_LANES == 16
	__m512i		d = _mm512_sub_epi16(_mm512_load_si512(points), (__m512i) x);

	return (ivec) _mm512_madd_epi16(d, d);
#elif KERNEL_LANES == 8
	const __m256i *from = (const __m256i *) points;
	__m256i		d = _mm256_sub_epi16(_mm256_load_si256(from), (__m256i) x);

	return (ivec) _mm256_madd_epi16(d, d);
#elif defined(__SSE2__)
	__m128i		d = _mm_sub_epi16(_mm_load_si128((const __m128i *) points),
								  (__m128i) x);

	return (ivec) _mm_madd_epi16(d, d);
#else
	int16_t		pair[2 * KERNEL_LANES];
	ivec		sum;

	memcpy(pair, &x, sizeof(pair));
	for (int i = 0; i < KERNEL_LANES; i++)
	{
		int32_t		first = points[2 * i] - pair[2 * i];
		int32_t		second = points[2 * i + 1] - pair[2 * i + 1];

		sum[i] = first * first + second * second;
	}
	return sum;
#endif
}

/* sums of two products */
KERNEL_INLINE ivec
pair_products(const int16_t *points, ivec x)
{
#if KERNEL_LANES == 16
	return (ivec) _mm512_madd_epi16(_mm512_load_si512(points), (__m512i) x);
#elif KERNEL_LANES == 8
	return (ivec) _mm256_madd_epi16(_mm256_load_si256((const __m256i *)
													  points), (__m256i) x);
#elif defined(__SSE2__)
	return (ivec) _mm_madd_epi16(_mm_load_si128((const __m128i *) points),
								 (__m128i) x);
#else
	int16_t		pair[2 * KERNEL_LANES];
	ivec		sum;

	memcpy(pair, &x, sizeof(pair));
	for (int i = 0; i < KERNEL_LANES; i++)
		sum[i] = points[2 * i] * pair[2 * i] +
			points[2 * i + 1] * pair[2 * i + 1];
	return sum;
#endif
}

KERNEL_INLINE void
distances_tile(const int ngroups, int npairs, const int16_t *x,
			   const int16_t *points, float square, const float *offset,
			   float *distance)
{
	size_t		group = (size_t) npairs * 2 * AE_LANES;
	ivec		sum[TILE_GROUPS][GROUP_VECS] = {{{0}}};

	for (int k = 0; k < npairs; k++)
	{
		ivec		pair = pair_splat(x + 2 * k);

		for (int g = 0; g < ngroups; g++)
			for (int v = 0; v < GROUP_VECS; v++)
				sum[g][v] = sum[g][v] +
					pair_squares(points + g * group + 2 * v * KERNEL_LANES,
								 pair);
		points += 2 * AE_LANES;
	}
	for (int g = 0; g < ngroups; g++)
		for (int v = 0; v < GROUP_VECS; v++)
		{
			int			at = g * AE_LANES + v * KERNEL_LANES;

			vec_store(distance + at,
					  __builtin_convertvector(sum[g][v], vec) * square +
					  vec_load(offset + at));
		}
}

static void
kernel_distances(int ngroups, int npairs, const int16_t *x,
				 const int16_t *points, float square, const float *offset,
				 float *distance)
{
	size_t		group = (size_t) npairs * 2 * AE_LANES;
	int			g = 0;

	for (; g + TILE_GROUPS <= ngroups; g += TILE_GROUPS)
		distances_tile(TILE_GROUPS, npairs, x, points + g * group, square,
					   offset + g * AE_LANES, distance + g * AE_LANES);
	for (; g < ngroups; g++)
		distances_tile(1, npairs, x, points + g * group, square,
					   offset + g * AE_LANES, distance + g * AE_LANES);
}

static void
kernel_norms(int ngroups, int npairs, const int16_t *points, int32_t *norm)
{
	for (int g = 0; g < ngroups; g++)
	{
		ivec		sum[GROUP_VECS] = {{0}};

		for (int k = 0; k < npairs; k++)
		{
			for (int v = 0; v < GROUP_VECS; v++)
				sum[v] = sum[v] + pair_squares(points + 2 * v * KERNEL_LANES,
											   (ivec) {0});
			points += 2 * AE_LANES;
		}
		memcpy(norm, sum, sizeof(sum));
		norm += AE_LANES;
	}
}

/* the sum of squares of npairs pairs */
static int32_t
pairs_norm(int npairs, const int16_t *x)
{
	int32_t		sum = 0;

	for (int i = 0; i < 2 * npairs; i++)
		sum += (int32_t) x[i] * x[i];
	return sum;
}

/*
 * |x - p|^2 = |x|^2 + |p|^2 - 2 x p, and integers make no error: a subtraction
 * less for each pair.
 */
KERNEL_INLINE void
near_tile(const int nrows, const int ngroups, int npairs, const int16_t *x,
		  size_t ldx, const int16_t *points, const int32_t *norm,
		  float square, const float *offset, float *distance, size_t ldd,
		  float *least)
{
	size_t		group = (size_t) npairs * 2 * AE_LANES;
	ivec		sum[NEAR_ROWS][TILE_GROUPS][GROUP_VECS];

	for (int r = 0; r < nrows; r++)
		for (int g = 0; g < ngroups; g++)
			for (int v = 0; v < GROUP_VECS; v++)
				sum[r][g][v] = (ivec) {0};
	for (int k = 0; k < npairs; k++)
	{
		ivec		pair[NEAR_ROWS];

		for (int r = 0; r < nrows; r++)
			pair[r] = pair_splat(x + r * ldx + 2 * k);
		for (int g = 0; g < ngroups; g++)
			for (int v = 0; v < GROUP_VECS; v++)
				for (int r = 0; r < nrows; r++)
					sum[r][g][v] = sum[r][g][v] +
						pair_products(points + g * group +
									  2 * v * KERNEL_LANES, pair[r]);
		points += 2 * AE_LANES;
	}
	for (int r = 0; r < nrows; r++)
	{
		int32_t		own = pairs_norm(npairs, x + r * ldx);

		for (int g = 0; g < ngroups; g++)
			for (int v = 0; v < GROUP_VECS; v++)
			{
				int			at = g * AE_LANES + v * KERNEL_LANES;
				ivec		squares = *(const ivec *) (norm + at) + own -
					2 * sum[r][g][v];

				float	   *to = least + r * AE_LANES + v * KERNEL_LANES;
				vec			y = __builtin_convertvector(squares, vec) *
					square + vec_load(offset + at);
				vec			most = vec_load(to);

				vec_store(distance + r * ldd + at, y);
				vec_store(to, vec_select(y < most, y, most));
			}
	}
}

static void
kernel_near(int rows, int ngroups, int npairs, const int16_t *x, size_t ldx,
			const int16_t *points, const int32_t *norm, float square,
			const float *offset, float *distance, size_t ldd, float *least)
{
	size_t		group = (size_t) npairs * 2 * AE_LANES;
	int			row = 0;

	for (int i = 0; i < rows * AE_LANES; i++)
		least[i] = __builtin_inff();
	for (; row + NEAR_ROWS <= rows; row += NEAR_ROWS)
	{
		const int16_t *from = x + (size_t) row * ldx;
		float	   *to = distance + (size_t) row * ldd;
		float	   *to_least = least + (size_t) row * AE_LANES;
		int			g = 0;

		for (; g + NEAR_GROUPS <= ngroups; g += NEAR_GROUPS)
			near_tile(NEAR_ROWS, NEAR_GROUPS, npairs, from, ldx,
					  points + g * group, norm + g * AE_LANES, square,
					  offset + g * AE_LANES, to + g * AE_LANES, ldd, to_least);
		for (; g < ngroups; g++)
			near_tile(NEAR_ROWS, 1, npairs, from, ldx, points + g * group,
					  norm + g * AE_LANES, square, offset + g * AE_LANES,
					  to + g * AE_LANES, ldd, to_least);
	}
	for (; row < rows; row++)
	{
		const int16_t *from = x + (size_t) row * ldx;
		float	   *to = distance + (size_t) row * ldd;
		float	   *to_least = least + (size_t) row * AE_LANES;
		int			g = 0;

		for (; g + TILE_GROUPS <= ngroups; g += TILE_GROUPS)
			near_tile(1, TILE_GROUPS, npairs, from, ldx, points + g * group,
					  norm + g * AE_LANES, square, offset + g * AE_LANES,
					  to + g * AE_LANES, ldd, to_least);
		for (; g < ngroups; g++)
			near_tile(1, 1, npairs, from, ldx, points + g * group,
					  norm + g * AE_LANES, square, offset + g * AE_LANES,
					  to + g * AE_LANES, ldd, to_least);
	}
}

/* whether a mask has any lane set */
KERNEL_INLINE bool
vec_any(ivec mask)
{
#if KERNEL_LANES == 16
	return _mm512_test_epi32_mask((__m512i) mask, (__m512i) mask) != 0;
#elif KERNEL_LANES == 8
	return _mm256_movemask_ps((__m256) mask) != 0;
#elif defined(__SSE2__)
	return _mm_movemask_ps((__m128) mask) != 0;
#else
	return (mask[0] | mask[1] | mask[2] | mask[3]) != 0;
#endif
}

static int
kernel_at_most(int n, const float *x, float bound, int *index)
{
	int			count = 0;

	for (int i = 0; i < n; i += AE_LANES)
	{
		ivec		any = {0};

		for (int v = 0; v < GROUP_VECS; v++)
			any = any | (ivec) (vec_load(x + i + v * KERNEL_LANES) <= bound);
		if (!vec_any(any))
			continue;
		for (int j = i; j < i + AE_LANES; j++)
			if (x[j] <= bound)
				index[count++] = j;
	}
	return count;
}

#endif							/* AE_KERNELS_DISTANCE_H */
