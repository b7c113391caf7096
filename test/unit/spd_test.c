/*
 * spd_test.c
 *	  Inverses of symmetric positive definite matrices.
 */
#include "unit.h"

#include "core/rng.h"
#include "core/spd.h"

/* of the largest element of A A^-1 - 1; the condition is below 100 */
#define TOLERANCE 2e-5

/* B B' / n + 1 with random B, lower triangle */
static void
fill(const AeSpd *m, double *a)
{
	int			n = m->n;
	double	   *b = malloc((size_t) n * n * sizeof(double));
	AeRng		rng;

	ae_rng_seed(&rng, 5, 0);
	for (int i = 0; i < n * n; i++)
		b[i] = ae_rng_normal(&rng);
	for (int i = 0; i < n; i++)
		for (int j = 0; j <= i; j++)
		{
			double		sum = i == j;

			for (int k = 0; k < n; k++)
				sum += b[i * n + k] * b[j * n + k] / n;
			*ae_spd_at(m, i, j) = (float) sum;
			a[i * n + j] = a[j * n + i] = *ae_spd_at(m, i, j);
		}
	free(b);
}

static void
test_inverse(int n)
{
	AeArena		arena;
	AeSpd		m;
	double	   *a = malloc((size_t) n * n * sizeof(double));
	float	   *row = malloc((size_t) n * sizeof(float));
	double		worst = 0.0;
	bool		symmetric = true;

	ae_arena_init(&arena, &unit_env);
	ok(ae_spd_create(&arena, n, &m) == AE_OK, "matrix of order %d", n);
	ok(arena.bytes <= ae_spd_bytes(n) + 65536, "memory as foretold");
	fill(&m, a);
	unit_polls = 0;
	ok(ae_spd_invert(&m, &ae_blas_reference) == AE_OK, "inverse");
	ok(unit_polls >= m.ntiles * (m.ntiles + 1) / 2,
	   "may be cancelled between two tiles");
	for (int i = 0; i < n; i++)
	{
		ae_spd_row(&m, i, row);
		for (int j = 0; j <= i; j++)
			symmetric = symmetric && row[j] == *ae_spd_at(&m, i, j);
		for (int j = 0; j < n; j++)
		{
			double		sum = i == j ? -1.0 : 0.0;

			for (int k = 0; k < n; k++)
				sum += row[k] * a[k * n + j];
			worst = fmax(worst, fabs(sum));
		}
	}
	ok(symmetric, "a row is a row of the lower triangle");
	ok(worst < TOLERANCE, "A^-1 A = 1 (%g)", worst);
	ae_arena_free(&arena);
	free(a);
	free(row);
}

static void
test_not_definite(void)
{
	AeArena		arena;
	AeSpd		m;

	ae_arena_init(&arena, &unit_env);
	ok(ae_spd_create(&arena, 3, &m) == AE_OK, "matrix of order 3");
	for (int i = 0; i < 3; i++)
		for (int j = 0; j <= i; j++)
			*ae_spd_at(&m, i, j) = 1.0f;
	ok(ae_spd_invert(&m, &ae_blas_reference) == AE_ERR_DIVERGED, "singular");
	*ae_spd_at(&m, 0, 0) = NAN;
	ok(ae_spd_invert(&m, &ae_blas_reference) == AE_ERR_DIVERGED, "NaN");
	ae_arena_free(&arena);
}

int
main(void)
{
	AeArena		arena;
	AeSpd		m;

	test_inverse(1);
	test_inverse(16);
	test_inverse(37);
	/* more than one tile, more than two, the last one in part */
	test_inverse(400);
	test_inverse(900);
	test_not_definite();
	ok(ae_spd_bytes(40981) > (size_t) 3 << 30 &&
	   ae_spd_bytes(40981) < (size_t) 4 << 30, "bytes of 40,981 rows");
	unit_alloc_budget = 0;
	ae_arena_init(&arena, &unit_env);
	ok(ae_spd_create(&arena, 500, &m) == AE_ERR_MEMORY, "no memory");
	unit_alloc_budget = -1;
	ae_arena_free(&arena);
	ok(unit_alloc_live == 0, "nothing is left");
	return done();
}
