/*
 * blas_test.c
 *	  The reference product against double precision, and OpenBLAS, where it
 *	  is installed, against the reference.
 */
#include <dlfcn.h>

#include "core/blas.h"
#include "core/rng.h"
#include "unit.h"

/* rounding of a sum of k products of numbers below 1, in units of k */
#define TOLERANCE_PER_TERM 2e-7
#define MAX_SIDE 80
#define GUARD 12345.0f

static float a[MAX_SIDE * MAX_SIDE];
static float b[MAX_SIDE * MAX_SIDE];
static float c[MAX_SIDE * MAX_SIDE];
static float got[MAX_SIDE * MAX_SIDE];

typedef struct Product
{
	int			trans_a;
	int			trans_b;
	int			m;
	int			n;
	int			k;
	int			lda;
	int			ldb;
	int			ldc;
	float		alpha;
	float		beta;
} Product;

static int
side(AeRng *rng)
{
	return 1 + (int) ae_rng_below(rng, 40);
}

static Product
random_product(AeRng *rng)
{
	Product		p;

	p.trans_a = ae_rng_below(rng, 2) ? AE_BLAS_TRANS : AE_BLAS_NO_TRANS;
	p.trans_b = ae_rng_below(rng, 2) ? AE_BLAS_TRANS : AE_BLAS_NO_TRANS;
	p.m = side(rng);
	p.n = side(rng);
	p.k = side(rng);
	p.lda = (p.trans_a == AE_BLAS_TRANS ? p.m : p.k) + side(rng) - 1;
	p.ldb = (p.trans_b == AE_BLAS_TRANS ? p.k : p.n) + side(rng) - 1;
	p.ldc = p.n + side(rng) - 1;
	p.alpha = ae_rng_below(rng, 2) ? 1.0f : -0.75f;
	p.beta = (float) ae_rng_below(rng, 3) * 0.5f;
	for (int i = 0; i < MAX_SIDE * MAX_SIDE; i++)
	{
		a[i] = ae_rng_uniform(rng) * 2 - 1;
		b[i] = ae_rng_uniform(rng) * 2 - 1;
		/* a beta of 0 must not read what was there */
		c[i] = p.beta == 0.0f ? NAN : ae_rng_uniform(rng) * 2 - 1;
	}
	return p;
}

static double
element(const Product *p, int i, int j)
{
	double		sum = 0.0;

	for (int l = 0; l < p->k; l++)
		sum += (double) (p->trans_a == AE_BLAS_TRANS ?
						 a[l * p->lda + i] : a[i * p->lda + l]) *
			(p->trans_b == AE_BLAS_TRANS ?
			 b[j * p->ldb + l] : b[l * p->ldb + j]);
	return p->alpha * sum +
		(p->beta == 0.0f ? 0.0 : (double) p->beta * c[i * p->ldc + j]);
}

/* the larger error; a NaN is the largest of all */
static double
worse(double x, double y)
{
	return isnan(x) || y <= x ? x : y;
}

/* largest error in units of k, infinite when the padding of C was written */
static double
product_error(const AeBlas *blas, const Product *p)
{
	double		worst = 0.0;

	for (int i = 0; i < MAX_SIDE; i++)
		for (int j = 0; j < MAX_SIDE; j++)
			got[i * MAX_SIDE + j] = GUARD;
	for (int i = 0; i < p->m; i++)
		memcpy(got + i * p->ldc, c + i * p->ldc,
			   (size_t) p->n * sizeof(float));
	blas->sgemm(AE_BLAS_ROW_MAJOR, p->trans_a, p->trans_b, p->m, p->n, p->k,
				p->alpha, a, p->lda, b, p->ldb, p->beta, got, p->ldc);
	for (int i = 0; i < p->m; i++)
		for (int j = 0; j < p->ldc; j++)
		{
			float		value = got[i * p->ldc + j];

			if (j >= p->n)
				worst = worse(worst, value == GUARD ? 0.0 : INFINITY);
			else
				worst = worse(worst, fabs(value - element(p, i, j)) /
							  (p->k + 1));
		}
	return worst;
}

static void
test_products(const AeBlas *blas)
{
	AeRng		rng;
	double		worst = 0.0;

	ae_rng_seed(&rng, 3, 0);
	for (int i = 0; i < 300; i++)
	{
		Product		p = random_product(&rng);

		worst = worse(worst, product_error(blas, &p));
	}
	ok(worst <= TOLERANCE_PER_TERM,
	   "%s: 300 random products, worst error per term %.1e", blas->name,
	   worst);
}

/* the three shorthands are the transpositions that they say */
static void
test_shorthands(void)
{
	const float x[6] = {1, 2, 3, 4, 5, 6};
	const float y[6] = {1, 0, 2, 0, 1, 1};
	float		nn[4];
	float		nt[4];
	float		tn[9];

	/* x (2, 3) and y (3, 2); x (2, 3) and y (2, 3); x' (3, 2) and y (2, 3) */
	ae_gemm_nn(&ae_blas_reference, 2, 2, 3, x, 3, y, 2, 0.0f, nn, 2);
	ae_gemm_nt(&ae_blas_reference, 2, 2, 3, x, 3, y, 3, 0.0f, nt, 2);
	ae_gemm_tn(&ae_blas_reference, 3, 3, 2, x, 3, y, 3, 0.0f, tn, 3);
	ok(nn[0] == 8 && nn[1] == 3 && nn[2] == 20 && nn[3] == 6, "nn");
	ok(nt[0] == 7 && nt[1] == 5 && nt[2] == 16 && nt[3] == 11, "nt");
	ok(tn[0] == 1 && tn[1] == 4 && tn[2] == 6 && tn[3] == 2 && tn[4] == 5 &&
	   tn[5] == 9 && tn[6] == 3 && tn[7] == 6 && tn[8] == 12, "tn");
}

static void
test_openblas(void)
{
	void	   *library;
	AeBlas		openblas = {"OpenBLAS", NULL};

	setenv("OPENBLAS_NUM_THREADS", "1", 1);
	library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
	{
		ok(true, "OpenBLAS agrees # SKIP libopenblas.so.0 is not installed");
		return;
	}
	*(void **) &openblas.sgemm = dlsym(library, "cblas_sgemm");
	if (ok(openblas.sgemm != NULL, "OpenBLAS exports cblas_sgemm"))
		test_products(&openblas);
}

int
main(void)
{
	test_products(&ae_blas_reference);
	test_shorthands();
	test_openblas();
	return done();
}
