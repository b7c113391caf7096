/*
 * matching.c
 *	  How far codes are from a standard normal distribution.
 */
#include "core/matching.h"

#include <math.h>
#include <string.h>

/* Cs in units of the mean squared distance of two draws */
static const double matching_scales[AE_MATCHING_SCALES] = {
	0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0
};

/* where the integral over s begins and ends, in units of 1 / C */
#define MATCHING_FIRST 1e-7
#define MATCHING_LAST 20.0

/* the trapezoidal rule over log s, which converges exponentially here */
static void
matching_integrate(AeMatching *m)
{
	double		k = m->latent;
	double		first = log(MATCHING_FIRST /
							m->scales[AE_MATCHING_SCALES - 1]);
	double		last = log(MATCHING_LAST / m->scales[0]);
	double		step = (last - first) / (AE_MATCHING_NODES - 1);

	for (int i = 0; i < AE_MATCHING_NODES; i++)
	{
		double		s = exp(first + step * i);
		double		weight = 0.0;

		for (int j = 0; j < AE_MATCHING_SCALES; j++)
			weight += m->scales[j] * exp(-m->scales[j] * s);
		weight *= step * s;
		m->weight[i] = (float) (weight * exp(-k / 2 * log1p(2.0 * s)));
		m->rate[i] = (float) (s / (1.0 + 2.0 * s));
		m->between_draws += weight * exp(-k / 2 * log1p(4.0 * s));
	}
}

AeStatus
ae_matching_create(int latent, AeArena *arena, AeMatching **matching)
{
	AeMatching *m = ae_arena_alloc(arena, 1, sizeof(AeMatching));

	if (m == NULL)
		return AE_ERR_MEMORY;
	m->latent = latent;
	for (int i = 0; i < AE_MATCHING_SCALES; i++)
		m->scales[i] = (float) (2.0 * latent * matching_scales[i]);
	m->weight = ae_arena_alloc(arena, AE_MATCHING_NODES, sizeof(float));
	m->rate = ae_arena_alloc(arena, AE_MATCHING_NODES, sizeof(float));
	m->columns = ae_arena_alloc(arena, (size_t) latent,
								AE_MATCHING_ROWS * sizeof(float));
	m->slope = ae_arena_alloc(arena, AE_MATCHING_ROWS,
							  AE_MATCHING_ROWS * sizeof(float));
	if (m->weight == NULL || m->rate == NULL || m->columns == NULL ||
		m->slope == NULL)
		return AE_ERR_MEMORY;
	matching_integrate(m);
	*matching = m;
	return AE_OK;
}

/* the sum over the rows of one group; there are at least two */
static double
matching_group(AeMatching *m, const AeBlas *blas, const AeKernels *kernels,
			   int rows, const float *codes, float scale, float *gradient)
{
	int			ld = AE_PAD(m->latent);
	double		pairs = 1.0 / (rows - 1);	/* and 1 / rows, of a sum */
	double		sum = 0.0;

	for (int c = 0; c < m->latent; c++)
		for (int r = 0; r < rows; r++)
			m->columns[(size_t) c * AE_MATCHING_ROWS + r] =
				codes[(size_t) r * ld + c];
	for (int r = 0; r < rows; r++)
	{
		const float *x = codes + (size_t) r * ld;
		float	   *dx = gradient + (size_t) r * ld;
		double		square = 0.0;
		double		codes_sums[2];
		double		draws_sums[2];
		float		factor;

		for (int c = 0; c < m->latent; c++)
			square += (double) x[c] * x[c];
		kernels->similarities(rows, m->latent, AE_MATCHING_ROWS, x,
							  m->columns, AE_MATCHING_SCALES, m->scales,
							  m->slope + r * AE_MATCHING_ROWS, codes_sums);
		kernels->decays(AE_MATCHING_NODES, (float) square, m->weight, m->rate,
						draws_sums);
		/* a row is in its own group */
		sum += pairs * (codes_sums[0] - AE_MATCHING_SCALES) -
			2.0 * draws_sums[0] + m->between_draws;
		factor = (float) (codes_sums[1] - draws_sums[1] / pairs);
		for (int c = 0; c < m->latent; c++)
			dx[c] = factor * x[c];
	}
	/* the rest of the sum over slope (x - x') */
	ae_gemm_nn(blas, rows, m->latent, rows, m->slope, AE_MATCHING_ROWS,
			   codes, ld, -1.0f, gradient, ld);
	kernels->scale((size_t) rows * ld, (float) (-4.0 * pairs * scale),
				   gradient);
	return sum;
}

double
ae_matching_distance(AeMatching *m, const AeBlas *blas,
					 const AeKernels *kernels, int rows, const float *codes,
					 float scale, float *gradient)
{
	size_t		ld = AE_PAD((size_t) m->latent);
	int			ngroups = (rows - 1) / AE_MATCHING_ROWS + 1;
	double		sum = 0.0;
	int			done = 0;

	memset(gradient, 0, (size_t) rows * ld * sizeof(float));
	for (int i = 0; i < ngroups && rows > 1; i++)
	{
		int			n = (rows - done) / (ngroups - i);

		sum += matching_group(m, blas, kernels, n, codes + done * ld, scale,
							  gradient + done * ld);
		done += n;
	}
	return sum;
}
