/*
 * spectrum.c
 *	  How many principal components a set of vectors needs.
 *
 * Householder reduction to tridiagonal form, then the implicit QL iteration
 * (Golub and Van Loan, Matrix Computations, sections 8.3.1 and 8.3.3), for
 * eigenvalues only.
 */
#include "core/spectrum.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define SPECTRUM_MAX_SWEEPS 60

/* a becomes tridiagonal: values its diagonal, off[i] the element below it */
static void
spectrum_tridiagonal(double *a, int n, double *values, double *off,
					 const AeEnv *env)
{
	for (int k = 0; k + 2 < n; k++)
	{
		int			m = n - k - 1;	/* order of what is left */
		double	   *v = values + k + 1; /* free until step k + 1 */
		double	   *p = off + k + 1;
		double		norm = 0.0;
		double		vp = 0.0;

		env->poll(env->host);
		for (int i = 0; i < m; i++)
		{
			v[i] = a[(size_t) (k + 1 + i) * n + k];
			norm += v[i] * v[i];
		}
		norm = sqrt(norm);
		values[k] = a[(size_t) k * n + k];
		off[k] = v[0] > 0 ? -norm : norm;
		v[0] -= off[k];
		norm = 0.0;
		for (int i = 0; i < m; i++)
			norm += v[i] * v[i];
		if (norm == 0.0)
			continue;

		/* A -= v q' + q v' with p = 2 A v / v'v, q = p - (v'p / v'v) v */
		for (int i = 0; i < m; i++)
		{
			const double *row = a + (size_t) (k + 1 + i) * n + k + 1;
			double		sum = 0.0;

			for (int j = 0; j < m; j++)
				sum += row[j] * v[j];
			p[i] = 2.0 * sum / norm;
			vp += v[i] * p[i];
		}
		for (int i = 0; i < m; i++)
			p[i] -= vp / norm * v[i];
		for (int i = 0; i < m; i++)
		{
			double	   *row = a + (size_t) (k + 1 + i) * n + k + 1;

			for (int j = 0; j < m; j++)
				row[j] -= v[i] * p[j] + p[i] * v[j];
		}
	}
	if (n >= 2)
	{
		values[n - 2] = a[(size_t) (n - 2) * n + n - 2];
		off[n - 2] = a[(size_t) (n - 1) * n + n - 2];
	}
	values[n - 1] = a[(size_t) (n - 1) * n + n - 1];
	off[n - 1] = 0.0;
}

/* one implicit QL sweep over rows l .. m */
static void
spectrum_sweep(double *d, double *e, int l, int m)
{
	double		g = (d[l + 1] - d[l]) / (2.0 * e[l]);
	double		s = 1.0;
	double		c = 1.0;
	double		p = 0.0;

	g = d[m] - d[l] + e[l] / (g + copysign(hypot(g, 1.0), g));
	for (int i = m - 1; i >= l; i--)
	{
		double		f = s * e[i];
		double		b = c * e[i];
		double		r = hypot(f, g);

		e[i + 1] = r;
		if (r == 0.0)
		{
			d[i + 1] -= p;
			e[m] = 0.0;
			return;
		}
		s = f / r;
		c = g / r;
		g = d[i + 1] - p;
		r = (d[i] - g) * s + 2.0 * c * b;
		p = s * r;
		d[i + 1] = g + p;
		g = c * r - b;
	}
	d[l] -= p;
	e[l] = g;
	e[m] = 0.0;
}

static int
spectrum_compare(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

void
ae_spectrum_eigenvalues(double *a, int n, double *values, double *work,
						const AeEnv *env)
{
	spectrum_tridiagonal(a, n, values, work, env);
	for (int l = 0; l < n; l++)
	{
		for (int sweep = 0; sweep < SPECTRUM_MAX_SWEEPS; sweep++)
		{
			int			m = l;

			while (m < n - 1 &&
				   fabs(work[m]) > DBL_EPSILON * (fabs(values[m]) +
												  fabs(values[m + 1])))
				m++;
			if (m == l)
				break;
			spectrum_sweep(values, work, l, m);
		}
	}
	qsort(values, (size_t) n, sizeof(double), spectrum_compare);
}

static void
spectrum_centre(float *x, int rows, int width, int ld)
{
	for (int j = 0; j < width; j++)
	{
		double		sum = 0.0;

		for (int i = 0; i < rows; i++)
			sum += x[(size_t) i * ld + j];
		for (int i = 0; i < rows; i++)
			x[(size_t) i * ld + j] -= (float) (sum / rows);
	}
}

AeStatus
ae_spectrum_components(float *x, int rows, int width, int ld, double share,
					   const AeBlas *blas, AeArena *arena, int *components)
{
	bool		wide = width > AE_SPECTRUM_ORDER;
	int			n;
	float	   *gram;
	double	   *a;
	double	   *values;
	double	   *work;
	double		total = 0.0;
	double		kept = 0.0;

	if (wide && rows > AE_SPECTRUM_ORDER)
		rows = AE_SPECTRUM_ORDER;
	n = wide ? rows : width;
	gram = ae_arena_alloc(arena, (size_t) n * n, sizeof(float));
	a = ae_arena_alloc(arena, (size_t) n * n, sizeof(double));
	values = ae_arena_alloc(arena, (size_t) n, sizeof(double));
	work = ae_arena_alloc(arena, (size_t) n, sizeof(double));
	if (gram == NULL || a == NULL || values == NULL || work == NULL)
		return AE_ERR_MEMORY;

	/* x x' has the non-zero eigenvalues of x' x */
	spectrum_centre(x, rows, width, ld);
	if (wide)
		ae_gemm_nt(blas, n, n, width, x, ld, x, ld, 0.0f, gram, n);
	else
		ae_gemm_tn(blas, n, n, rows, x, ld, x, ld, 0.0f, gram, n);
	for (size_t i = 0; i < (size_t) n * n; i++)
		a[i] = gram[i];
	ae_spectrum_eigenvalues(a, n, values, work, arena->env);

	for (int i = 0; i < n; i++)
		total += values[i] > 0 ? values[i] : 0.0;
	*components = 0;
	while (*components < n && (*components == 0 || kept < share * total))
		kept += values[n - 1 - (*components)++];
	return AE_OK;
}
