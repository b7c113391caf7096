/*
 * gaussian.c
 *	  The code of a variational autoencoder (Kingma and Welling 2013): a normal
 *	  distribution for each unit, from which training draws.
 *
 * The input has the means of all units, then the logarithms of their
 * variances; h is the means, or, with random numbers, a draw.  The penalty is
 * the divergence from a standard normal distribution, of each unit at least
 * target in the mean over the rows at hand (free bits, Kingma et al. 2016).
 */
#include "core/layer.h"

#include <math.h>

/* bounds of a log variance */
#define MIN_LOG -10.0f
#define MAX_LOG 6.0f

float
ae_gaussian_log(float x)
{
	return x < MIN_LOG ? MIN_LOG : x > MAX_LOG ? MAX_LOG : x;
}

static bool
gaussian_is_bound(float x)
{
	return x < MIN_LOG || x > MAX_LOG;
}

/* slope is how h changes with the log variance */
static void
gaussian_forward(const AeLayer *layer, const AeBlas *blas,
				 const AeKernels *kernels, const float *params, int rows,
				 const float *x, float *h, float *slope, AeRng *rng)
{
	int			n = layer->out;

	(void) blas;
	(void) kernels;
	(void) params;
	for (int r = 0; r < rows; r++)
	{
		for (int j = 0; j < n; j++)
		{
			float		deviation = expf(0.5f *
										 ae_gaussian_log(x[n + j]));
			float		noise = rng == NULL ? 0.0f
				: deviation * ae_rng_normal(rng);

			h[j] = x[j] + noise;
			slope[j] = gaussian_is_bound(x[n + j]) ? 0.0f : 0.5f * noise;
		}
		x += AE_PAD(layer->in);
		h += AE_PAD(n);
		slope += AE_PAD(n);
	}
}

static void
gaussian_infer(const AeLayer *layer, const AeKernels *kernels,
			   const float *params, int rows, const float *x, int ldx,
			   float *y, int ldy)
{
	(void) kernels;
	(void) params;
	for (int r = 0; r < rows; r++)
		for (int j = 0; j < layer->out; j++)
			y[(size_t) r * ldy + j] = x[(size_t) r * ldx + j];
}

double
ae_gaussian_divergence(const AeLayer *layer, int rows, const float *x,
					   int unit)
{
	double		sum = 0.0;

	x += unit;
	for (int r = 0; r < rows; r++, x += AE_PAD(layer->in))
	{
		double		mean = x[0];
		double		log_variance = ae_gaussian_log(x[layer->out]);

		sum += 0.5 * (mean * mean + exp(log_variance) - 1.0 - log_variance);
	}
	return sum;
}

static double
gaussian_penalty(const AeLayer *layer, int rows, const float *x,
				 const float *h)
{
	double		sum = 0.0;

	(void) h;
	for (int j = 0; j < layer->out; j++)
		sum += fmax(ae_gaussian_divergence(layer, rows, x, j),
					(double) layer->target * rows);
	return layer->penalty * sum;
}

static void
gaussian_backward(const AeLayer *layer, const AeBlas *blas,
				  const AeKernels *kernels, const float *params, int rows,
				  const float *x, const float *slope, float *dh, float *dx,
				  float *grads, const float *transposed, float *scratch,
				  float scale)
{
	int			n = layer->out;

	(void) blas;
	(void) kernels;
	(void) params;
	(void) grads;
	(void) transposed;
	(void) scratch;
	for (int j = 0; j < n && dx != NULL; j++)
	{
		bool		is_free = ae_gaussian_divergence(layer, rows, x, j) <=
			(double) layer->target * rows;
		float		cost = is_free ? 0.0f : scale * layer->penalty;

		for (size_t r = 0; r < (size_t) rows; r++)
		{
			const float *from = x + r * AE_PAD((size_t) layer->in) + j;
			float	   *to = dx + r * AE_PAD((size_t) layer->in) + j;
			size_t		at = r * AE_PAD((size_t) n) + (size_t) j;

			to[0] = dh[at] + cost * from[0];
			to[n] = dh[at] * slope[at];
			if (!gaussian_is_bound(from[n]))
				to[n] += cost * 0.5f * (expf(from[n]) - 1.0f);
		}
	}
}

void
ae_gaussian_repeat(const AeLayer *layer, int rows, const uint8_t *repeated,
				   const float *x, float *h, float *slope)
{
	size_t		n = (size_t) layer->out;

	for (size_t r = 1; r < (size_t) rows; r++)
	{
		const float *from = x + (r - 1) * AE_PAD(2 * n);
		const float *to = x + r * AE_PAD(2 * n);
		size_t		at = r * AE_PAD(n);

		for (size_t j = 0; j < n && repeated[r]; j++)
		{
			float		draw = (h[at - AE_PAD(n) + j] - from[j]) *
				expf(-0.5f * ae_gaussian_log(from[n + j]));
			float		noise = draw * expf(0.5f * ae_gaussian_log(to[n + j]));

			h[at + j] = to[j] + noise;
			slope[at + j] = gaussian_is_bound(to[n + j]) ? 0.0f
				: 0.5f * noise;
		}
	}
}

void
ae_gaussian_pull(const AeLayer *layer, int rows, const float *x,
				 const float *row_weight, float scale, float *dx)
{
	int			n = layer->out;

	for (int r = 0; r < rows; r++)
	{
		float		cost = scale * layer->penalty * row_weight[r];

		for (int j = 0; j < n; j++)
		{
			dx[j] += cost * x[j];
			if (!gaussian_is_bound(x[n + j]))
				dx[n + j] += cost * 0.5f * (expf(x[n + j]) - 1.0f);
		}
		x += AE_PAD(layer->in);
		dx += AE_PAD(layer->in);
	}
}

const AeLayerOps ae_gaussian_ops = {
	.forward = gaussian_forward,
	.penalty = gaussian_penalty,
	.backward = gaussian_backward,
	.infer = gaussian_infer
};
