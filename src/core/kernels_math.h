/*
 * kernels_math.h
 *	  Vectors of KERNEL_LANES floats, and the functions of one vector that the
 *	  kernels are made of.  For inclusion by kernels_body.h only.
 *
 * Vectors are the compilers' own extension, so that one text serves every
 * instruction set.  No sum here has two products, and a product that is added
 * is used for nothing else: there is one way to contract to fused
 * multiply-adds, and all sets that have them agree to the bit.
 *
 * Comparisons are written so that a NaN fails them and passes through: an
 * activation of NaN is NaN, because a diverged training must be seen.
 */
#ifndef AE_KERNELS_MATH_H
#define AE_KERNELS_MATH_H

#include <stddef.h>
#include <stdint.h>

#if KERNEL_LANES > 4 || defined(__SSE2__)
#include <immintrin.h>
#else
#include <math.h>
#endif

#include "core/kernels.h"

#define KERNEL_INLINE static inline __attribute__((always_inline))

typedef float vec __attribute__((vector_size(KERNEL_LANES * 4), may_alias));
typedef float vec_unaligned __attribute__((vector_size(KERNEL_LANES * 4),
										   aligned(4), may_alias));
typedef int32_t ivec __attribute__((vector_size(KERNEL_LANES * 4)));

/* half the floats of a vec, and as many doubles: as wide as a vec */
typedef float hvec __attribute__((vector_size(KERNEL_LANES * 2), may_alias));
typedef double dvec __attribute__((vector_size(KERNEL_LANES * 4)));

KERNEL_INLINE vec
vec_load(const float *from)
{
	return *(const vec *) from;
}

KERNEL_INLINE void
vec_store(float *to, vec x)
{
	*(vec *) to = x;
}

KERNEL_INLINE vec
vec_load_unaligned(const float *from)
{
	return *(const vec_unaligned *) from;
}

KERNEL_INLINE void
vec_store_unaligned(float *to, vec x)
{
	*(vec_unaligned *) to = x;
}

KERNEL_INLINE vec
vec_splat(float x)
{
	return x - (vec) {0};
}

/* lane by lane: mask ? a : b */
KERNEL_INLINE vec
vec_select(ivec mask, vec a, vec b)
{
	return (vec) (((ivec) a & mask) | ((ivec) b & ~mask));
}

/* x where the mask is set, else 0 */
KERNEL_INLINE vec
vec_keep(ivec mask, vec x)
{
	return (vec) ((ivec) x & mask);
}

KERNEL_INLINE vec
vec_abs(vec x)
{
	return (vec) ((ivec) x & INT32_MAX);
}

/* magnitude, not negative, with the sign of sign */
KERNEL_INLINE vec
vec_with_sign(vec magnitude, vec sign)
{
	return (vec) ((ivec) magnitude | ((ivec) sign & INT32_MIN));
}

#if KERNEL_LANES == 16

KERNEL_INLINE vec
vec_sqrt(vec x)
{
	return (vec) _mm512_sqrt_ps((__m512) x);
}

/* the first n lanes, the others 0; touches no memory beyond them */
KERNEL_INLINE vec
vec_load_first(const float *from, int n)
{
	return (vec) _mm512_maskz_loadu_ps((__mmask16) ((1u << n) - 1), from);
}

KERNEL_INLINE void
vec_store_first(float *to, vec x, int n)
{
	_mm512_mask_storeu_ps(to, (__mmask16) ((1u << n) - 1), (__m512) x);
}

#elif KERNEL_LANES == 8

KERNEL_INLINE vec
vec_sqrt(vec x)
{
	return (vec) _mm256_sqrt_ps((__m256) x);
}

KERNEL_INLINE ivec
vec_first_mask(int n)
{
	const ivec	lane = {0, 1, 2, 3, 4, 5, 6, 7};

	return lane < n;
}

KERNEL_INLINE vec
vec_load_first(const float *from, int n)
{
	return (vec) _mm256_maskload_ps(from, (__m256i) vec_first_mask(n));
}

KERNEL_INLINE void
vec_store_first(float *to, vec x, int n)
{
	_mm256_maskstore_ps(to, (__m256i) vec_first_mask(n), (__m256) x);
}

#else

KERNEL_INLINE vec
vec_sqrt(vec x)
{
#ifdef __SSE2__
	return (vec) _mm_sqrt_ps((__m128) x);
#else
	for (int i = 0; i < KERNEL_LANES; i++)
		x[i] = sqrtf(x[i]);
	return x;
#endif
}

KERNEL_INLINE vec
vec_load_first(const float *from, int n)
{
	vec			x = {0};

	for (int i = 0; i < n; i++)
		x[i] = from[i];
	return x;
}

KERNEL_INLINE void
vec_store_first(float *to, vec x, int n)
{
	for (int i = 0; i < n; i++)
		to[i] = x[i];
}

#endif

/* below this, e^x is taken for 0: no result is ever subnormal */
#define EXP_LOWEST (-87.0f)

/*
 * e^x = scale (1 + result), for x up to 88.  The callers never pass more than
 * 20.
 *
 * x = n log 2 + r by adding and subtracting 1.5 * 2^23, which leaves n in the
 * low bits of the sum; log 2 in two parts after Cody and Waite (1980), the
 * first of 9 bits, so that n times it is exact.  The polynomial is the
 * minimax one for (e^r - 1 - r) / r^2 weighted by r^2: error 3.1e-9.
 */
KERNEL_INLINE vec
exp_parts(vec x, vec *scale)
{
	vec			clamped = vec_select(x < EXP_LOWEST, vec_splat(EXP_LOWEST), x);
	vec			shifted = clamped * 1.44269504f + 0x1.8p23f;
	vec			n = shifted - 0x1.8p23f;
	vec			r = clamped - n * 0.693359375f;
	vec			p;

	r = r - n * -2.12194440e-4f;
	p = r * 0.001395053902f + 0.008368917899f;
	p = p * r + 0.0416662051f;
	p = p * r + 0.166665186f;
	p = p * r + 0.5000000095f;
	*scale = (vec) (((ivec) shifted + 127) << 23);
	return (r * r) * p + r;
}

KERNEL_INLINE vec
vec_exp(vec x)
{
	vec			scale;
	vec			less_one = exp_parts(x, &scale);
	vec			y = less_one * scale + scale;

	return vec_keep(~(x < EXP_LOWEST), y);
}

/* e^x - 1, accurate near 0 too */
KERNEL_INLINE vec
vec_expm1(vec x)
{
	vec			scale;
	vec			less_one = exp_parts(x, &scale);

	return less_one * scale + (scale - 1.0f);
}

/*
 * log(1 + u) for u in [0, 1], as twice the inverse hyperbolic tangent of
 * s = u / (2 + u); minimax in s^2 with error 4.6e-9.
 */
KERNEL_INLINE vec
vec_log1p(vec u)
{
	vec			s = u / (u + 2.0f);
	vec			z = s * s;
	vec			p;

	p = z * 0.2802446405f + 0.2799913993f;
	p = p * z + 0.4002169914f;
	p = p * z + 0.6666641313f;
	return (s * z) * p + (s + s);
}

/*
 * The activations: value returned, slope stored.  A caller that has no use
 * for the slope loses nothing, the compiler drops its calculation.
 *
 * Largest errors measured against double precision, for |x| from 1e-6 to 100
 * on all instruction sets, in units of 1e-7: of the value relative to itself
 * down to values of 1e-30 (gelu: absolute up to 1, relative above), of the
 * slope absolute.
 *
 *----------
 *	leaky_relu	0.9		0
 *	elu			0.9		0.6
 *	selu		1.5		1.7
 *	gelu		2.2		3.2
 *	silu		2.4		1.9
 *	mish		3.1		2.1
 *	tanh		1.8		3.2
 *	sigmoid		1.9		0.6
 *	softplus	2.3		0.9
 *----------
 */

KERNEL_INLINE vec
act_relu(vec x, vec *slope)
{
	*slope = vec_keep(x > 0.0f, vec_splat(1.0f));
	return vec_select(x < 0.0f, vec_splat(0.0f), x);
}

KERNEL_INLINE vec
act_leaky_relu(vec x, vec *slope)
{
	*slope = vec_select(x > 0.0f, vec_splat(1.0f), vec_splat(0.01f));
	return x * *slope;
}

/* lambda (x > 0 ? x : alpha (e^x - 1)) */
KERNEL_INLINE vec
act_selu(float lambda, float alpha, vec x, vec *slope)
{
	ivec		positive = x > 0.0f;
	vec			m = vec_expm1(vec_keep(~positive, x));

	*slope = vec_select(positive, vec_splat(lambda),
						lambda * alpha * (m + 1.0f));
	return vec_select(positive, lambda * x, lambda * alpha * m);
}

/*
 * x Phi(x), with the error function by Abramowitz and Stegun 7.1.26: absolute
 * error 1.5e-7, half of that in Phi.
 */
KERNEL_INLINE vec
act_gelu(vec x, vec *slope)
{
	vec			e = vec_exp(x * x * -0.5f);
	vec			t = 1.0f / (vec_abs(x) * 0.231641888f + 1.0f);
	vec			p;
	vec			tail;
	vec			phi;

	p = t * 0.5307027145f - 0.7265760135f;
	p = p * t + 0.7107068705f;
	p = p * t - 0.142248368f;
	p = p * t + 0.127414796f;
	tail = (p * t) * e;
	phi = vec_select(x < 0.0f, tail, 1.0f - tail);
	*slope = (x * e) * 0.3989422804f + phi;
	return x * phi;
}

/* logistic function s of x, its complement 1 - s without cancellation */
KERNEL_INLINE vec
vec_sigmoid(vec x, vec *complement)
{
	ivec		negative = x < 0.0f;
	vec			e = vec_exp(-vec_abs(x));
	vec			large = 1.0f / (e + 1.0f);
	vec			small = e * large;

	*complement = vec_select(negative, large, small);
	return vec_select(negative, small, large);
}

KERNEL_INLINE vec
act_sigmoid(vec x, vec *slope)
{
	vec			complement;
	vec			s = vec_sigmoid(x, &complement);

	*slope = s * complement;
	return s;
}

KERNEL_INLINE vec
act_silu(vec x, vec *slope)
{
	vec			complement;
	vec			s = vec_sigmoid(x, &complement);
	vec			y = x * s;

	*slope = y * complement + s;
	return y;
}

/*
 * With n = e^x, tanh(log(1 + n)) = w / (w + 2), w = n (n + 2); beyond x = 20
 * it is 1 to the last bit.
 */
KERNEL_INLINE vec
act_mish(vec x, vec *slope)
{
	vec			bounded = vec_select(x > 20.0f, vec_splat(20.0f), x);
	vec			n = vec_exp(bounded);
	vec			w = n * (n + 2.0f);
	vec			r = 1.0f / (w + 2.0f);
	vec			y = w * r;

	*slope = (bounded * (n * r)) * ((n + 1.0f) * (r * 4.0f)) + y;
	return x * y;
}

KERNEL_INLINE vec
act_tanh(vec x, vec *slope)
{
	vec			m = vec_expm1(vec_abs(x) * -2.0f);
	vec			y = vec_with_sign(vec_abs(m / (m + 2.0f)), x);

	*slope = 1.0f - y * y;
	return y;
}

/* log(1 + e^x); the slope is the logistic function */
KERNEL_INLINE vec
act_softplus(vec x, vec *slope)
{
	vec			e = vec_exp(-vec_abs(x));
	vec			large = 1.0f / (e + 1.0f);
	vec			positive = vec_select(x < 0.0f, vec_splat(0.0f), x);

	*slope = vec_select(x < 0.0f, e * large, large);
	return positive + vec_log1p(e);
}

/* log(x) for x >= 0, with an absolute error of 1e-7; some number for 0 */
KERNEL_INLINE vec
vec_log(vec x)
{
	ivec		exponent = ((ivec) x >> 23) - 127;
	vec			mantissa = (vec) (((ivec) x & 0x7fffff) | 0x3f800000);
	vec			y = vec_log1p(mantissa - 1.0f);

	return y + __builtin_convertvector(exponent, vec) * 0.693147181f;
}

KERNEL_INLINE vec
act_apply(const AeActivation act, vec x, vec *slope)
{
	switch (act)
	{
		case AE_ACT_LINEAR:
			break;
		case AE_ACT_RELU:
			return act_relu(x, slope);
		case AE_ACT_LEAKY_RELU:
			return act_leaky_relu(x, slope);
		case AE_ACT_ELU:
			return act_selu(1.0f, 1.0f, x, slope);
		case AE_ACT_SELU:
			return act_selu(1.05070099f, 1.67326324f, x, slope);
		case AE_ACT_GELU:
			return act_gelu(x, slope);
		case AE_ACT_SILU:
			return act_silu(x, slope);
		case AE_ACT_MISH:
			return act_mish(x, slope);
		case AE_ACT_TANH:
			return act_tanh(x, slope);
		case AE_ACT_SIGMOID:
			return act_sigmoid(x, slope);
		case AE_ACT_SOFTPLUS:
			return act_softplus(x, slope);
	}
	*slope = vec_splat(1.0f);
	return x;
}

/* below, log(1 + e^o) is e^o to the last bit */
#define SOFTPLUS_LOWEST (-17.0f)

/* of a count t, whose rate is softplus(o) */
KERNEL_INLINE vec
loss_poisson(vec o, vec t, vec *slope)
{
	vec			none = vec_splat(0.0f);
	vec			count = vec_select(t > 0.0f, t, none);
	vec			below = vec_select(t < 0.0f, -t, none);
	vec			rate = act_softplus(o, slope);
	vec			log_rate = vec_log(rate);
	vec			log_slope = *slope / rate;

	log_rate = vec_select(o < SOFTPLUS_LOWEST, o, log_rate);
	log_slope = vec_select(o < SOFTPLUS_LOWEST, vec_splat(1.0f), log_slope);
	*slope = *slope - count * log_slope;
	rate = (rate - count) + count * (vec_log(count) - log_rate);
	return rate + below * AE_IMPOSSIBLE_COST;
}

/*
 * Value and slope of an element-wise loss of output o against target t.
 */
KERNEL_INLINE vec
loss_apply(const AeLoss loss, vec o, vec t, vec *slope)
{
	vec			d = o - t;
	vec			size = vec_abs(d);
	vec			bounded;
	vec			softplus;

	switch (loss)
	{
		case AE_LOSS_SQUARED:
		case AE_LOSS_SOFTMAX:
		case AE_LOSS_ORDINAL:
			break;
		case AE_LOSS_POISSON:
			return loss_poisson(o, t, slope);
		case AE_LOSS_ABSOLUTE:
			*slope = vec_keep(d != 0.0f, vec_with_sign(vec_splat(1.0f), d));
			return size;
		case AE_LOSS_HUBER:
			bounded = vec_select(size > 1.0f, vec_splat(1.0f), size);
			*slope = vec_with_sign(bounded, d);
			return bounded * (size - bounded * 0.5f);
		case AE_LOSS_LOGISTIC:
			softplus = act_softplus(o, slope);
			*slope = *slope - t;
			return softplus - t * o;
	}
	*slope = d + d;
	return d * d;
}

#endif							/* AE_KERNELS_MATH_H */
