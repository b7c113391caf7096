/*
 * kernels_reference.h
 *	  What the tests of the kernels share: random data, every instruction set
 *	  in turn, and the activations and losses in double precision, written
 *	  from their definitions with libm.
 */
#ifndef AE_KERNELS_REFERENCE_H
#define AE_KERNELS_REFERENCE_H

#include <math.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/kernels.h"
#include "core/rng.h"
#include "unit.h"

/* in places that a kernel must not write */
#define GUARD 777.0f

static AeArena arena;
static AeRng rng;

static inline void
reference_init(uint64_t seed)
{
	ae_arena_init(&arena, &unit_env);
	ae_rng_seed(&rng, seed, 0);
}

/* runs a test on the kernels of every set that this CPU and build have */
static inline void
reference_each_set(void (*test) (const AeKernels *k))
{
	for (int i = AE_KERNEL_BASELINE; i <= AE_KERNEL_AVX512; i++)
	{
		const AeKernels *k = ae_kernels_get((AeKernelChoice) i);

		if (k != NULL)
			test(k);
		else
			ok(true, "kernels %d # SKIP not in this build or CPU", i);
	}
}

static inline float *
floats(size_t n)
{
	float	   *x = ae_arena_alloc(&arena, n, sizeof(float));

	if (x == NULL)
		exit(2);
	return x;
}

/* n numbers in [-range, range) */
static inline float *
random_floats(size_t n, float range)
{
	float	   *x = floats(n);

	for (size_t i = 0; i < n; i++)
		x[i] = (ae_rng_uniform(&rng) * 2 - 1) * range;
	return x;
}

static inline float *
copy_of(const float *x, size_t n)
{
	return memcpy(floats(n), x, n * sizeof(float));
}

static inline double
error_of(double got, double expected)
{
	return fabs(got - expected) / fmax(1.0, fabs(expected));
}

/* the larger error; a NaN is the largest of all */
static inline double
worse(double a, double b)
{
	return isnan(a) || b <= a ? a : b;
}

static inline double
reference_softplus(double x)
{
	return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static inline double
reference_activation(AeActivation act, double x)
{
	switch (act)
	{
		case AE_ACT_LINEAR:
			return x;
		case AE_ACT_RELU:
			return x > 0 ? x : 0;
		case AE_ACT_LEAKY_RELU:
			return x > 0 ? x : 0.01 * x;
		case AE_ACT_ELU:
			return x > 0 ? x : expm1(x);
		case AE_ACT_SELU:
			return 1.0507009873554805 *
				(x > 0 ? x : 1.6732632423543772 * expm1(x));
		case AE_ACT_GELU:
			return 0.5 * x * erfc(-x / sqrt(2.0));
		case AE_ACT_SILU:
			return x / (1 + exp(-x));
		case AE_ACT_MISH:
			return x * tanh(reference_softplus(x));
		case AE_ACT_TANH:
			return tanh(x);
		case AE_ACT_SIGMOID:
			return 1 / (1 + exp(-x));
		case AE_ACT_SOFTPLUS:
			return reference_softplus(x);
	}
	return NAN;
}

/* central difference: error near 1e-10 wherever the function is smooth */
static inline double
reference_slope(AeActivation act, double x)
{
	double		h = 1e-5;

	return (reference_activation(act, x + h) -
			reference_activation(act, x - h)) / (2 * h);
}

/* the second derivative by differences of fourth order: error near 1e-8 */
static inline double
reference_curve(AeActivation act, double x)
{
	double		h = 2e-3;

	return (16 * (reference_activation(act, x + h) +
				  reference_activation(act, x - h)) -
			reference_activation(act, x + 2 * h) -
			reference_activation(act, x - 2 * h) -
			30 * reference_activation(act, x)) / (12 * h * h);
}

static inline double
reference_loss(AeLoss loss, double o, double t)
{
	double		d = fabs(o - t);

	switch (loss)
	{
		case AE_LOSS_SQUARED:
			return d * d;
		case AE_LOSS_ABSOLUTE:
			return d;
		case AE_LOSS_HUBER:
			return d <= 1 ? d * d / 2 : d - 0.5;
		case AE_LOSS_LOGISTIC:
			return reference_softplus(o) - t * o;
		case AE_LOSS_SOFTMAX:
			break;
	}
	return NAN;
}

static inline double
reference_loss_slope(AeLoss loss, double o, double t)
{
	double		h = 1e-5;

	return (reference_loss(loss, o + h, t) - reference_loss(loss, o - h, t)) /
		(2 * h);
}

/* of label among width logits */
static inline double
reference_cross_entropy(int width, const double *o, int label)
{
	double		top = o[0];
	double		sum = 0;

	for (int j = 1; j < width; j++)
		top = fmax(top, o[j]);
	for (int j = 0; j < width; j++)
		sum += exp(o[j] - top);
	return log(sum) + top - o[label];
}

#endif							/* AE_KERNELS_REFERENCE_H */
