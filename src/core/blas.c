/*
 * blas.c
 *	  The matrix product in plain loops.
 *
 * The fallback where no library is found, and the yardstick of the tests.
 * The innermost loops walk along rows in memory wherever the transposition of
 * B allows it.
 */
#include <stddef.h>

#include "core/blas.h"

/* C = beta C; C is not read when beta is 0, so that garbage does no harm */
static void
blas_scale(int m, int n, float beta, float *c, int ldc)
{
	for (int i = 0; i < m; i++)
	{
		float	   *row = c + (size_t) i * ldc;

		for (int j = 0; j < n; j++)
			row[j] = beta == 0.0f ? 0.0f : beta * row[j];
	}
}

/* y (n) += s x */
static void
blas_add(int n, float s, const float *x, float *y)
{
	for (int j = 0; j < n; j++)
		y[j] += s * x[j];
}

/* x (n, every stride-th) times y (n) */
static float
blas_dot(int n, const float *x, size_t stride, const float *y)
{
	float		sum = 0.0f;

	for (int j = 0; j < n; j++)
		sum += x[(size_t) j * stride] * y[j];
	return sum;
}

static void
blas_sgemm(int order, int trans_a, int trans_b, int m, int n, int k,
		   float alpha, const float *a, int lda, const float *b, int ldb,
		   float beta, float *c, int ldc)
{
	/* element (i, l) of op(A) is a[i * row_step + l * column_step] */
	size_t		row_step = trans_a == AE_BLAS_NO_TRANS ? (size_t) lda : 1;
	size_t		column_step = trans_a == AE_BLAS_NO_TRANS ? 1 : (size_t) lda;

	(void) order;				/* always row-major here */
	blas_scale(m, n, beta, c, ldc);
	for (int i = 0; i < m; i++)
	{
		const float *a_row = a + (size_t) i * row_step;
		float	   *c_row = c + (size_t) i * ldc;

		if (trans_b == AE_BLAS_NO_TRANS)
			for (int l = 0; l < k; l++)
				blas_add(n, alpha * a_row[(size_t) l * column_step],
						 b + (size_t) l * ldb, c_row);
		else
			for (int j = 0; j < n; j++)
				c_row[j] += alpha * blas_dot(k, a_row, column_step,
											 b + (size_t) j * ldb);
	}
}

const AeBlas ae_blas_reference = {"reference", blas_sgemm};
