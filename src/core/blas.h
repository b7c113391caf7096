/*
 * blas.h
 *	  The one matrix product that training needs, as a replaceable table.
 *
 * Training runs on a BLAS library where the host has loaded one.  Scoring
 * never comes here: a library's result for a row may depend on the rows
 * beside it (see kernels.h).
 */
#ifndef AE_BLAS_H
#define AE_BLAS_H

/* values of the C interface to the BLAS */
#define AE_BLAS_ROW_MAJOR 101
#define AE_BLAS_NO_TRANS 111
#define AE_BLAS_TRANS 112

/* C (m, n) = alpha op(A) (m, k) op(B) (k, n) + beta C, as cblas_sgemm */
typedef void (*AeGemmFn) (int order, int trans_a, int trans_b,
						  int m, int n, int k,
						  float alpha, const float *a, int lda,
						  const float *b, int ldb,
						  float beta, float *c, int ldc);

typedef struct AeBlas
{
	const char *name;
	AeGemmFn	sgemm;
} AeBlas;

/* Plain loops; the yardstick every other table is tested against. */
extern const AeBlas ae_blas_reference;

/* C (m, n) = A (m, k) B (k, n) + beta C */
static inline void
ae_gemm_nn(const AeBlas *blas, int m, int n, int k, const float *a, int lda,
		   const float *b, int ldb, float beta, float *c, int ldc)
{
	blas->sgemm(AE_BLAS_ROW_MAJOR, AE_BLAS_NO_TRANS, AE_BLAS_NO_TRANS,
				m, n, k, 1.0f, a, lda, b, ldb, beta, c, ldc);
}

/* C (m, n) = A (m, k) B' + beta C, with B (n, k) */
static inline void
ae_gemm_nt(const AeBlas *blas, int m, int n, int k, const float *a, int lda,
		   const float *b, int ldb, float beta, float *c, int ldc)
{
	blas->sgemm(AE_BLAS_ROW_MAJOR, AE_BLAS_NO_TRANS, AE_BLAS_TRANS,
				m, n, k, 1.0f, a, lda, b, ldb, beta, c, ldc);
}

/* C (m, n) = A' B + beta C, with A (k, m) and B (k, n) */
static inline void
ae_gemm_tn(const AeBlas *blas, int m, int n, int k, const float *a, int lda,
		   const float *b, int ldb, float beta, float *c, int ldc)
{
	blas->sgemm(AE_BLAS_ROW_MAJOR, AE_BLAS_TRANS, AE_BLAS_NO_TRANS,
				m, n, k, 1.0f, a, lda, b, ldb, beta, c, ldc);
}

#endif							/* AE_BLAS_H */
