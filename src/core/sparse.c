/*
 * sparse.c
 *	  A code of which little is active in a row: h is x, or the largest of it.
 *
 * Three ways to get there.  The kept units of a row, those of largest
 * magnitude, keep their value and the rest is 0 (Makhzani and Frey 2013).  Or
 * magnitudes are penalised.  Or, the code being within (0, 1), the penalty is
 * the sum over units of KL(target || mean activation), the mean being over the
 * rows at hand (Ng 2011).
 */
#include "core/layer.h"

#include <math.h>
#include <string.h>

/*
 * What a unit learns that is kept in none of the rows, as a share of its
 * gradient: without it a unit that is never kept would never change again.
 */
#define REVIVAL 0.02f

/* means are kept this far from 0 and 1 */
#define MEAN_MARGIN 1e-4

static size_t
sparse_plan(AeLayer *layer, size_t start)
{
	layer->weights = start;
	layer->bias = start;
	layer->is_transposed = false;
	return 0;
}

static size_t
sparse_weights(const AeLayer *layer)
{
	(void) layer;
	return 0;
}

static void
sparse_init(const AeLayer *layer, AeRng *rng, float *params)
{
	(void) layer;
	(void) rng;
	(void) params;
}

/* bits in the order of magnitudes */
static uint32_t
magnitude(float x)
{
	uint32_t	bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits & 0x7fffffff;
}

/*
 * The magnitude of the kept-th largest x, found bit by bit: the largest bound
 * that as many reach.
 */
static uint32_t
sparse_bound(const AeLayer *layer, const float *x)
{
	uint32_t	bound = 0;

	for (int bit = 30; bit >= 0; bit--)
	{
		uint32_t	higher = bound | (UINT32_C(1) << bit);
		int			count = 0;

		for (int j = 0; j < layer->out; j++)
			count += magnitude(x[j]) >= higher;
		if (count >= layer->kept)
			bound = higher;
	}
	return bound;
}

/* y is x where it is kept, and there slope, unless NULL, is 1 */
static void
sparse_row(const AeLayer *layer, const float *x, float *y, float *slope)
{
	bool		all = layer->kept == 0 || layer->kept >= layer->out;
	uint32_t	bound = all ? 0 : sparse_bound(layer, x);
	int			ties = layer->out;

	/* of equal ones the first are kept */
	if (!all)
	{
		ties = layer->kept;
		for (int j = 0; j < layer->out; j++)
			ties -= magnitude(x[j]) > bound;
	}
	for (int j = 0; j < layer->out; j++)
	{
		uint32_t	size = magnitude(x[j]);
		bool		keep = size > bound || (size == bound && ties-- > 0);

		y[j] = keep ? x[j] : 0.0f;
		if (slope != NULL)
			slope[j] = keep ? 1.0f : 0.0f;
	}
}

/* lets a gradient through to units that are kept in no row */
static void
sparse_revive(const AeLayer *layer, int rows, float *slope)
{
	size_t		ld = AE_PAD((size_t) layer->out);

	for (size_t j = 0; j < (size_t) layer->out; j++)
	{
		size_t		r = 0;

		while (r < (size_t) rows && slope[r * ld + j] == 0.0f)
			r++;
		if (r < (size_t) rows)
			continue;
		for (r = 0; r < (size_t) rows; r++)
			slope[r * ld + j] = REVIVAL;
	}
}

static void
sparse_forward(const AeLayer *layer, const AeBlas *blas,
			   const AeKernels *kernels, const float *params, int rows,
			   const float *x, float *h, float *slope, AeRng *rng)
{
	size_t		ld = AE_PAD((size_t) layer->out);

	(void) blas;
	(void) kernels;
	(void) params;
	(void) rng;
	for (size_t r = 0; r < (size_t) rows; r++)
		sparse_row(layer, x + r * ld, h + r * ld, slope + r * ld);
	sparse_revive(layer, rows, slope);
}

static void
sparse_infer(const AeLayer *layer, const AeKernels *kernels,
			 const float *params, int rows, const float *x, int ldx, float *y,
			 int ldy)
{
	(void) kernels;
	(void) params;
	for (int r = 0; r < rows; r++)
		sparse_row(layer, x + (size_t) r * ldx, y + (size_t) r * ldy, NULL);
}

static double
unit_mean(const AeLayer *layer, int rows, int unit, const float *h)
{
	size_t		ld = AE_PAD((size_t) layer->out);
	double		sum = 0.0;

	for (size_t r = 0; r < (size_t) rows; r++)
		sum += h[r * ld + (size_t) unit];
	return fmin(fmax(sum / rows, MEAN_MARGIN), 1.0 - MEAN_MARGIN);
}

static double
sparse_penalty(const AeLayer *layer, int rows, const float *x, const float *h)
{
	size_t		ld = AE_PAD((size_t) layer->out);
	double		p = layer->target;
	double		sum = 0.0;

	(void) x;
	if (layer->penalty == 0.0f)
		return 0.0;
	for (int j = 0; j < layer->out; j++)
	{
		double		mean;

		if (p == 0.0)
		{
			for (size_t r = 0; r < (size_t) rows; r++)
				sum += fabsf(h[r * ld + (size_t) j]);
			continue;
		}
		mean = unit_mean(layer, rows, j, h);
		sum += rows * (p * log(p / mean) +
					   (1.0 - p) * log((1.0 - p) / (1.0 - mean)));
	}
	return layer->penalty * sum;
}

/* adds the penalty's gradient to that of h */
static void
sparse_penalty_gradient(const AeLayer *layer, int rows, const float *x,
						float scale, float *dh)
{
	size_t		ld = AE_PAD((size_t) layer->out);
	double		p = layer->target;

	for (int j = 0; j < layer->out; j++)
	{
		float		slope = scale;

		if (p > 0.0)
		{
			double		mean = unit_mean(layer, rows, j, x);

			slope *= (float) ((1.0 - p) / (1.0 - mean) - p / mean);
		}
		for (size_t r = 0; r < (size_t) rows; r++)
		{
			size_t		at = r * ld + (size_t) j;
			float		sign = (float) ((x[at] > 0.0f) - (x[at] < 0.0f));

			dh[at] += p > 0.0 ? slope : slope * sign;
		}
	}
}

static void
sparse_backward(const AeLayer *layer, const AeBlas *blas,
				const AeKernels *kernels, const float *params, int rows,
				const float *x, const float *slope, float *dh, float *dx,
				float *grads, const float *transposed, float *scratch,
				float scale)
{
	size_t		ld = AE_PAD((size_t) layer->out);

	(void) blas;
	(void) kernels;
	(void) params;
	(void) grads;
	(void) transposed;
	(void) scratch;
	/* h is x wherever a gradient passes, up to revivals */
	if (layer->penalty > 0.0f)
		sparse_penalty_gradient(layer, rows, x, scale * layer->penalty, dh);
	if (dx != NULL)
		for (size_t i = 0; i < (size_t) rows * ld; i++)
			dx[i] = dh[i] * slope[i];
}

const AeLayerOps ae_sparse_ops = {
	.plan = sparse_plan,
	.init = sparse_init,
	.forward = sparse_forward,
	.penalty = sparse_penalty,
	.backward = sparse_backward,
	.infer = sparse_infer,
	.weights = sparse_weights
};
