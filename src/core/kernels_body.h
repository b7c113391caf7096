/*
 * kernels_body.h
 *	  The kernels of one instruction set.  The including file says which:
 *	  KERNEL_LANES floats to a vector, the table's KERNEL_NAME, and the
 *	  function KERNEL_TABLE that returns it.
 */
#include <math.h>
#include <string.h>

#include "core/kernels_contract.h"
#include "core/kernels_dense.h"
#include "core/kernels_distance.h"
#include "core/kernels_math.h"
#include "core/kernels_ordinal.h"
#include "core/kernels_sets.h"
#include "core/kernels_similarity.h"

/* nvecs vectors of columns, their sums held in registers over all rows */
KERNEL_INLINE void
backward_columns(const int nvecs, int rows, size_t ld, const float *slope,
				 float *dh, float *db)
{
	vec			sum[4] = {{0}};

	for (int row = 0; row < rows; row++)
	{
		for (int v = 0; v < nvecs; v++)
		{
			vec			d = vec_load(dh + v * KERNEL_LANES);

			if (slope != NULL)
			{
				d = d * vec_load(slope + v * KERNEL_LANES);
				vec_store(dh + v * KERNEL_LANES, d);
			}
			sum[v] = sum[v] + d;
		}
		dh += ld;
		if (slope != NULL)
			slope += ld;
	}
	for (int v = 0; v < nvecs; v++)
	{
		float	   *to = db + v * KERNEL_LANES;

		vec_store(to, vec_load(to) + sum[v]);
	}
}

static void
kernel_activate_backward(int rows, int width, int ld, const float *slope,
						 float *dh, float *db)
{
	int			nvecs = kernel_vectors(width);
	int			v = 0;

	for (; v + 4 <= nvecs; v += 4)
	{
		size_t		at = (size_t) v * KERNEL_LANES;

		if (slope != NULL)
			backward_columns(4, rows, ld, slope + at, dh + at, db + at);
		else
			backward_columns(4, rows, ld, NULL, dh + at, db + at);
	}
	for (; v < nvecs; v++)
	{
		size_t		at = (size_t) v * KERNEL_LANES;

		if (slope != NULL)
			backward_columns(1, rows, ld, slope + at, dh + at, db + at);
		else
			backward_columns(1, rows, ld, NULL, dh + at, db + at);
	}
}

/* the lanes of a vector, added up in double: AE_LANES at most */
typedef struct LaneSums
{
	dvec		low;
	dvec		high;
} LaneSums;

KERNEL_INLINE void
lane_sums_add(LaneSums *sums, vec x)
{
	union
	{
		vec			whole;
		hvec		halves[2];
	}			u;

	u.whole = x;
	sums->low = sums->low + __builtin_convertvector(u.halves[0], dvec);
	sums->high = sums->high + __builtin_convertvector(u.halves[1], dvec);
}

static double
lane_sums_total(LaneSums sums)
{
	double		total = 0.0;

	sums.low = sums.low + sums.high;
	for (int i = 0; i < KERNEL_LANES / 2; i++)
		total += sums.low[i];
	return total;
}

/* one vector of a row: its weighted loss, and its gradient in *d */
KERNEL_INLINE vec
loss_vector(const AeLoss loss, vec o, vec t, vec weight, float scale, vec *d)
{
	ivec		known = t == t;
	vec			slope;
	vec			value = loss_apply(loss, o, vec_keep(known, t), &slope);

	*d = vec_keep(known, slope * (weight * scale));
	return vec_keep(known, value) * weight;
}

KERNEL_INLINE double
loss_as(const AeLoss loss, int rows, int width, size_t ld,
		const float *o, const float *t, const float *weight, float scale,
		float *d)
{
	LaneSums	sums = {{0}, {0}};
	int			whole = width - width % KERNEL_LANES;
	int			rest = width - whole;
	vec			rest_weight = vec_load_first(weight + whole, rest);

	for (int row = 0; row < rows; row++)
	{
		vec			sum = {0};
		vec			grad;

		for (int j = 0; j < whole; j += KERNEL_LANES)
		{
			sum = sum + loss_vector(loss, vec_load_unaligned(o + j),
									vec_load_unaligned(t + j),
									vec_load_unaligned(weight + j),
									scale, &grad);
			vec_store_unaligned(d + j, grad);
		}
		if (rest > 0)
		{
			sum = sum + loss_vector(loss, vec_load_first(o + whole, rest),
									vec_load_first(t + whole, rest),
									rest_weight, scale, &grad);
			vec_store_first(d + whole, grad, rest);
		}
		lane_sums_add(&sums, sum);
		o += ld;
		t += ld;
		d += ld;
	}
	return lane_sums_total(sums);
}

static double
kernel_loss(AeLoss loss, int rows, int width, int ld, const float *o,
			const float *t, const float *weight, float scale, float *d)
{
	switch (loss)
	{
		case AE_LOSS_SQUARED:
			return loss_as(AE_LOSS_SQUARED, rows, width, ld, o, t, weight,
						   scale, d);
		case AE_LOSS_ABSOLUTE:
			return loss_as(AE_LOSS_ABSOLUTE, rows, width, ld, o, t, weight,
						   scale, d);
		case AE_LOSS_HUBER:
			return loss_as(AE_LOSS_HUBER, rows, width, ld, o, t, weight,
						   scale, d);
		case AE_LOSS_LOGISTIC:
			return loss_as(AE_LOSS_LOGISTIC, rows, width, ld, o, t, weight,
						   scale, d);
		case AE_LOSS_POISSON:
			return loss_as(AE_LOSS_POISSON, rows, width, ld, o, t, weight,
						   scale, d);
		case AE_LOSS_SOFTMAX:
		case AE_LOSS_ORDINAL:
			break;
	}
	return 0.0;
}

/* e^(o - top) of width logits into d; returns their sum */
static float
softmax_exp(int width, const float *o, float top, float *d)
{
	int			whole = width - width % KERNEL_LANES;
	int			rest = width - whole;
	vec			sums = {0};
	float		sum = 0.0f;

	for (int j = 0; j < whole; j += KERNEL_LANES)
	{
		vec			e = vec_exp(vec_load_unaligned(o + j) - top);

		sums = sums + e;
		vec_store_unaligned(d + j, e);
	}
	if (rest > 0)
		vec_store_first(d + whole,
						vec_exp(vec_load_first(o + whole, rest) - top), rest);
	for (int i = 0; i < KERNEL_LANES; i++)
		sum += sums[i];
	for (int j = whole; j < width; j++)
		sum += d[j];
	return sum;
}

static float
softmax_top(int width, const float *o)
{
	int			whole = width - width % KERNEL_LANES;
	float		top = o[0];

	if (whole > 0)
	{
		vec			tops = vec_load_unaligned(o);

		for (int j = KERNEL_LANES; j < whole; j += KERNEL_LANES)
		{
			vec			x = vec_load_unaligned(o + j);

			tops = vec_select(x > tops, x, tops);
		}
		for (int i = 0; i < KERNEL_LANES; i++)
			top = tops[i] > top ? tops[i] : top;
	}
	for (int j = whole; j < width; j++)
		top = o[j] > top ? o[j] : top;
	return top;
}

/* x (n) *= a, at any address */
static void
softmax_scale(int n, float a, float *x)
{
	int			whole = n - n % KERNEL_LANES;
	int			rest = n - whole;

	for (int j = 0; j < whole; j += KERNEL_LANES)
		vec_store_unaligned(x + j, vec_load_unaligned(x + j) * a);
	if (rest > 0)
		vec_store_first(x + whole, vec_load_first(x + whole, rest) * a, rest);
}

static double
kernel_softmax(int rows, int width, int ld, const float *o, const float *t,
			   float weight, float scale, float *d)
{
	double		total = 0.0;

	for (int row = 0; row < rows; row++)
	{
		/* a NaN fails the comparison, and nothing else should */
		if (t[0] >= 0.0f && t[0] < (float) width)
		{
			int			label = (int) t[0];
			float		top = softmax_top(width, o);
			float		sum = softmax_exp(width, o, top, d);

			softmax_scale(width, weight * scale / sum, d);
			d[label] -= weight * scale;
			total += weight * (log(sum) + top - o[label]);
		}
		else
			memset(d, 0, (size_t) width * sizeof(float));
		o += ld;
		t += ld;
		d += ld;
	}
	return total;
}

static double
kernel_soften(int width, float weight, const float *o, float *p)
{
	float		top = softmax_top(width, o);
	float		sum = softmax_exp(width, o, top, p);

	softmax_scale(width, weight / sum, p);
	return log(sum) + top;
}

/*
 * The optimisers' moments shrink by a constant factor while a gradient is 0,
 * and would end as subnormal numbers, which are slow on many CPUs.
 */
KERNEL_INLINE vec
moment_flush(vec x)
{
	return vec_keep(~(vec_abs(x) < 0x1p-120f), x);
}

static void
kernel_adam(size_t n, const AeAdamStep *step, float *p, const float *g,
			float *m, float *v)
{
	float		gain1 = 1.0f - step->beta1;
	float		gain2 = 1.0f - step->beta2;
	float		rate = step->rate / step->correction1;
	float		root = 1.0f / sqrtf(step->correction2);
	float		epsilon = step->epsilon;
	float		grad_scale = step->grad_scale;

	for (size_t i = 0; i < n; i += KERNEL_LANES)
	{
		vec			grad = vec_load(g + i) * grad_scale;
		vec			m1 = vec_load(m + i);
		vec			m2 = vec_load(v + i);

		m1 = moment_flush(m1 + (grad - m1) * gain1);
		m2 = moment_flush(m2 + (grad * grad - m2) * gain2);
		vec_store(m + i, m1);
		vec_store(v + i, m2);
		vec_store(p + i, vec_load(p + i) -
				  m1 * rate / (vec_sqrt(m2) * root + epsilon));
	}
}

static void
kernel_momentum(size_t n, float rate, float momentum, float s, float *p,
				const float *g, float *m)
{
	for (size_t i = 0; i < n; i += KERNEL_LANES)
	{
		vec			grad = vec_load(g + i) * s;
		vec			m1 = moment_flush(vec_load(m + i) * momentum + grad);

		vec_store(m + i, m1);
		vec_store(p + i, vec_load(p + i) - m1 * rate);
	}
}

static void
kernel_rmsprop(size_t n, float rate, float rho, float epsilon, float s,
			   float *p, const float *g, float *v)
{
	float		gain = 1.0f - rho;

	for (size_t i = 0; i < n; i += KERNEL_LANES)
	{
		vec			grad = vec_load(g + i) * s;
		vec			m2 = vec_load(v + i);

		m2 = moment_flush(m2 + (grad * grad - m2) * gain);
		vec_store(v + i, m2);
		vec_store(p + i, vec_load(p + i) -
				  grad * rate / (vec_sqrt(m2) + epsilon));
	}
}

static void
kernel_adagrad(size_t n, float rate, float epsilon, float s, float *p,
			   const float *g, float *v)
{
	for (size_t i = 0; i < n; i += KERNEL_LANES)
	{
		vec			grad = vec_load(g + i) * s;
		vec			m2 = vec_load(v + i) + grad * grad;

		vec_store(v + i, m2);
		vec_store(p + i, vec_load(p + i) -
				  grad * rate / (vec_sqrt(m2) + epsilon));
	}
}

static void
kernel_add_up(size_t n, int count, size_t stride, const float *x, float *y)
{
	for (size_t i = 0; i < n; i += KERNEL_LANES)
	{
		vec			sum = vec_load(x + i);

		for (int s = 1; s < count; s++)
			sum = sum + vec_load(x + (size_t) s * stride + i);
		vec_store(y + i, sum);
	}
}

/* four vectors of y at a time stay in registers */
static void
kernel_combine(size_t n, int count, const float *a, const float *const *x,
			   float *y)
{
	size_t		whole = n - n % (4 * KERNEL_LANES);

	for (size_t i = 0; i < whole; i += 4 * KERNEL_LANES)
	{
		vec			sum[4];

		for (int v = 0; v < 4; v++)
			sum[v] = vec_load(y + i + v * KERNEL_LANES);
		for (int s = 0; s < count; s++)
			for (int v = 0; v < 4; v++)
				sum[v] = sum[v] + vec_load(x[s] + i + v * KERNEL_LANES) * a[s];
		for (int v = 0; v < 4; v++)
			vec_store(y + i + v * KERNEL_LANES, sum[v]);
	}
	for (size_t i = whole; i < n; i += KERNEL_LANES)
	{
		vec			sum = vec_load(y + i);

		for (int s = 0; s < count; s++)
			sum = sum + vec_load(x[s] + i) * a[s];
		vec_store(y + i, sum);
	}
}

static void
kernel_scale(size_t n, float a, float *x)
{
	for (size_t i = 0; i < n; i += KERNEL_LANES)
		vec_store(x + i, vec_load(x + i) * a);
}

/* always in AE_LANES sums, so that all instruction sets agree to the bit */
static double
kernel_sum_squares(size_t n, const float *x)
{
	dvec		sums[2 * AE_LANES / KERNEL_LANES] = {{0}};
	double		total = 0.0;

	for (size_t i = 0; i < n; i += AE_LANES)
		for (int v = 0; v < 2 * AE_LANES / KERNEL_LANES; v++)
		{
			hvec		xs = *(const hvec *) (x + i + v * KERNEL_LANES / 2);
			dvec		wide = __builtin_convertvector(xs, dvec);

			sums[v] = sums[v] + wide * wide;
		}
	for (int i = 0; i < AE_LANES; i++)
		total += sums[2 * i / KERNEL_LANES][i % (KERNEL_LANES / 2)];
	return total;
}

KERNEL_INLINE vec
affine_vector(vec cells, vec scale, vec offset, float limit)
{
	vec			y = cells * scale + offset;

	y = vec_select(y > limit, vec_splat(limit), y);
	return vec_select(y < -limit, vec_splat(-limit), y);
}

static void
kernel_affine(int n, const float *cells, const float *scale,
			  const float *offset, float limit, float *x, float *t)
{
	int			whole = n - n % KERNEL_LANES;
	int			rest = n - whole;

	for (int j = 0; j < whole; j += KERNEL_LANES)
	{
		vec			y = affine_vector(vec_load_unaligned(cells + j),
									  vec_load_unaligned(scale + j),
									  vec_load_unaligned(offset + j), limit);

		vec_store_unaligned(x + j, vec_keep(y == y, y));
		if (t != NULL)
			vec_store_unaligned(t + j, y);
	}
	if (rest > 0)
	{
		vec			y = affine_vector(vec_load_first(cells + whole, rest),
									  vec_load_first(scale + whole, rest),
									  vec_load_first(offset + whole, rest),
									  limit);

		vec_store_first(x + whole, vec_keep(y == y, y), rest);
		if (t != NULL)
			vec_store_first(t + whole, y, rest);
	}
}

KERNEL_INLINE dvec
encode_vector(const double *values, const double *shift,
			  const double *factor, double limit)
{
	typedef double dvec_unaligned __attribute__((vector_size(KERNEL_LANES * 4),
												 aligned(8), may_alias));
	typedef int64_t lvec __attribute__((vector_size(KERNEL_LANES * 4)));
	const dvec	high = limit - (dvec) {0};
	dvec		y = (*(const dvec_unaligned *) values -
					 *(const dvec_unaligned *) shift) *
		*(const dvec_unaligned *) factor;
	lvec		above = y > high;
	lvec		below;

	y = (dvec) (((lvec) high & above) | ((lvec) y & ~above));
	below = y < -high;
	return (dvec) (((lvec) -high & below) | ((lvec) y & ~below));
}

KERNEL_INLINE float
encode_scalar(double value, double shift, double factor, double limit)
{
	double		y = (value - shift) * factor;

	y = y > limit ? limit : y;
	return (float) (y < -limit ? -limit : y);
}

static void
kernel_encode(int n, const double *values, const double *shift,
			  const double *factor, double limit, float *x, float *t)
{
	const int	half = KERNEL_LANES / 2;
	int			i = 0;

	for (; i + half <= n; i += half)
	{
		hvec		y = __builtin_convertvector(encode_vector(values + i,
															  shift + i,
															  factor + i,
															  limit), hvec);

		if (t != NULL)
			memcpy(t + i, &y, sizeof(y));
		if (x != NULL)
		{
			typedef int32_t hivec
						__attribute__((vector_size(KERNEL_LANES * 2)));
			hivec		known = y == y;

			y = (hvec) ((hivec) y & known);
			memcpy(x + i, &y, sizeof(y));
		}
	}
	for (; i < n; i++)
	{
		float		y = encode_scalar(values[i], shift[i], factor[i], limit);

		if (t != NULL)
			t[i] = y;
		if (x != NULL)
			x[i] = y == y ? y : 0.0f;
	}
}

static void
kernel_bound(int n, float limit, float *x)
{
	for (int i = 0; i < n; i += KERNEL_LANES)
	{
		vec			y = vec_load(x + i);

		y = vec_select(y < limit, y, vec_splat(limit));
		vec_store(x + i, vec_select(y > -limit, y, vec_splat(-limit)));
	}
}

static bool
kernel_any_nan(int n, const float *x)
{
	int			whole = n - n % KERNEL_LANES;
	ivec		any = {0};

	for (int i = 0; i < whole; i += KERNEL_LANES)
	{
		vec			y = vec_load(x + i);

		any = any | (ivec) (y != y);
	}
	if (n > whole)
	{
		vec			y = vec_load_first(x + whole, n - whole);

		any = any | (ivec) (y != y);
	}
	return vec_any(any);
}

static const AeKernels kernel_table = {
	.name = KERNEL_NAME,
	.dense = kernel_dense,
	.activate = kernel_activate,
	.activate_backward = kernel_activate_backward,
	.bend = kernel_bend,
	.couple = kernel_couple,
	.couple_backward = kernel_couple_backward,
	.couple_add = kernel_couple_add,
	.unfold = kernel_unfold,
	.fold = kernel_fold,
	.loss = kernel_loss,
	.softmax = kernel_softmax,
	.ordinal = kernel_ordinal,
	.soften = kernel_soften,
	.adam = kernel_adam,
	.momentum = kernel_momentum,
	.rmsprop = kernel_rmsprop,
	.adagrad = kernel_adagrad,
	.add_up = kernel_add_up,
	.combine = kernel_combine,
	.scale = kernel_scale,
	.sum_squares = kernel_sum_squares,
	.affine = kernel_affine,
	.distances = kernel_distances,
	.norms = kernel_norms,
	.near = kernel_near,
	.encode = kernel_encode,
	.bound = kernel_bound,
	.any_nan = kernel_any_nan,
	.at_most = kernel_at_most,
	.similarities = kernel_similarities,
	.decays = kernel_decays
};

const AeKernels *
KERNEL_TABLE(void)
{
	return &kernel_table;
}
