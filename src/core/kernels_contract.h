/*
 * kernels_contract.h
 *	  The kernels of the contractive penalty.  For inclusion by kernels_body.h
 *	  only.
 */
#ifndef AE_KERNELS_CONTRACT_H
#define AE_KERNELS_CONTRACT_H

#include <string.h>

#include "core/kernels_math.h"

/*
 * Second derivatives.  Largest absolute errors, as in kernels_math.h: 4e-7.
 */

/* below 0 the exponential is its own derivative */
KERNEL_INLINE vec
curve_selu(float lambda, float alpha, vec x)
{
	vec			slope;

	act_selu(lambda, alpha, x, &slope);
	return vec_keep(~(x > 0.0f), slope);
}

/* the normal density times 2 - x^2; x^2 may overflow */
KERNEL_INLINE vec
curve_gelu(vec x)
{
	vec			e = vec_exp(x * x * -0.5f);

	return ((e + e) - (x * e) * x) * 0.3989422804f;
}

KERNEL_INLINE vec
curve_silu(vec x)
{
	vec			complement;
	vec			s = vec_sigmoid(x, &complement);

	return (x * (complement - s) + 2.0f) * (s * complement);
}

/* with n, w and r as in act_mish() */
KERNEL_INLINE vec
curve_mish(vec x)
{
	vec			bounded = vec_select(x > 20.0f, vec_splat(20.0f), x);
	vec			n = vec_exp(bounded);
	vec			w = n * (n + 2.0f);
	vec			r = 1.0f / (w + 2.0f);
	vec			y = w * r;
	vec			m = n + 1.0f;
	vec			q = 1.0f - (y + y) * n;

	return (bounded * q + (m + m)) * ((n * r) * (r * 4.0f));
}

KERNEL_INLINE vec
curve_tanh(vec x)
{
	vec			slope;
	vec			y = act_tanh(x, &slope);

	return (y * -2.0f) * slope;
}

KERNEL_INLINE vec
curve_sigmoid(vec x)
{
	vec			complement;
	vec			s = vec_sigmoid(x, &complement);

	return (s * complement) * (complement - s);
}

KERNEL_INLINE vec
curve_softplus(vec x)
{
	vec			slope;

	act_sigmoid(x, &slope);
	return slope;
}

KERNEL_INLINE vec
curve_apply(const AeActivation act, vec x)
{
	switch (act)
	{
		case AE_ACT_LINEAR:
		case AE_ACT_RELU:
		case AE_ACT_LEAKY_RELU:
			break;
		case AE_ACT_ELU:
			return curve_selu(1.0f, 1.0f, x);
		case AE_ACT_SELU:
			return curve_selu(1.05070099f, 1.67326324f, x);
		case AE_ACT_GELU:
			return curve_gelu(x);
		case AE_ACT_SILU:
			return curve_silu(x);
		case AE_ACT_MISH:
			return curve_mish(x);
		case AE_ACT_TANH:
			return curve_tanh(x);
		case AE_ACT_SIGMOID:
			return curve_sigmoid(x);
		case AE_ACT_SOFTPLUS:
			return curve_softplus(x);
	}
	return (vec) {0};
}

KERNEL_INLINE void
bend_as(const AeActivation act, int rows, int width, size_t ld,
		const float *bias, const float *a, float *d)
{
	for (int row = 0; row < rows; row++)
	{
		for (int j = 0; j < width; j += KERNEL_LANES)
		{
			vec			x = vec_load(a + j) + vec_load(bias + j);

			vec_store(d + j, curve_apply(act, x) * vec_load(d + j));
		}
		a += ld;
		d += ld;
	}
}

static void
kernel_bend(AeActivation act, int rows, int width, int ld, const float *bias,
			const float *a, float *d)
{
	size_t		n = (size_t) ld;

	switch (act)
	{
		case AE_ACT_LINEAR:
		case AE_ACT_RELU:
		case AE_ACT_LEAKY_RELU:
			memset(d, 0, (size_t) rows * n * sizeof(float));
			break;
		case AE_ACT_ELU:
			bend_as(AE_ACT_ELU, rows, width, n, bias, a, d);
			break;
		case AE_ACT_SELU:
			bend_as(AE_ACT_SELU, rows, width, n, bias, a, d);
			break;
		case AE_ACT_GELU:
			bend_as(AE_ACT_GELU, rows, width, n, bias, a, d);
			break;
		case AE_ACT_SILU:
			bend_as(AE_ACT_SILU, rows, width, n, bias, a, d);
			break;
		case AE_ACT_MISH:
			bend_as(AE_ACT_MISH, rows, width, n, bias, a, d);
			break;
		case AE_ACT_TANH:
			bend_as(AE_ACT_TANH, rows, width, n, bias, a, d);
			break;
		case AE_ACT_SIGMOID:
			bend_as(AE_ACT_SIGMOID, rows, width, n, bias, a, d);
			break;
		case AE_ACT_SOFTPLUS:
			bend_as(AE_ACT_SOFTPLUS, rows, width, n, bias, a, d);
			break;
	}
}

static void
kernel_couple(int groups, int members, int width, int ld, const float *slope,
			  const float *t, float *u)
{
	for (int group = 0; group < groups; group++, slope += ld)
		for (int i = 0; i < members; i++, t += ld, u += ld)
			for (int j = 0; j < width; j += KERNEL_LANES)
				vec_store(u + j, vec_load(t + j) * vec_load(slope + j));
}

static void
kernel_couple_backward(int groups, int members, int width, int ld,
					   const float *slope, const float *t, float *du,
					   float *dslope)
{
	size_t		step = (size_t) members * (size_t) ld;

	for (int group = 0; group < groups; group++)
	{
		for (int j = 0; j < width; j += KERNEL_LANES)
		{
			vec			s = vec_load(slope + j);
			vec			sum = vec_load(dslope + j);

			for (size_t at = (size_t) j; at < step; at += (size_t) ld)
			{
				vec			d = vec_load(du + at);

				sum = d * vec_load(t + at) + sum;
				vec_store(du + at, d * s);
			}
			vec_store(dslope + j, sum);
		}
		slope += ld;
		dslope += ld;
		t += step;
		du += step;
	}
}

#endif							/* AE_KERNELS_CONTRACT_H */
