/*
 * spectrum_test.c
 *	  Eigenvalues of matrices built from known ones, and component counts.
 */
#include "unit.h"

#include "core/rng.h"
#include "core/spectrum.h"

#define TOLERANCE 1e-10

/* a = h diag h with a random reflection h = 1 - 2 v v' / v'v, twice */
static void
make_matrix(double *a, int n, const double *eigenvalues, AeRng *rng)
{
	double	   *v = malloc((size_t) n * sizeof(double));

	memset(a, 0, (size_t) n * n * sizeof(double));
	for (int i = 0; i < n; i++)
		a[i * n + i] = eigenvalues[i];
	for (int turn = 0; turn < 2; turn++)
	{
		double		norm = 0.0;

		for (int i = 0; i < n; i++)
		{
			v[i] = ae_rng_normal(rng);
			norm += v[i] * v[i];
		}
		for (int side = 0; side < 2; side++)
			for (int j = 0; j < n; j++)
			{
				double		dot = 0.0;

				for (int i = 0; i < n; i++)
					dot += v[i] * a[side ? j * n + i : i * n + j];
				for (int i = 0; i < n; i++)
					a[side ? j * n + i : i * n + j] -= 2.0 * dot / norm * v[i];
			}
	}
	free(v);
}

static void
test_eigenvalues(void)
{
	AeRng		rng;

	ae_rng_seed(&rng, 3, 0);
	for (int n = 1; n <= 60; n += n < 6 ? 1 : 9)
	{
		double	   *a = malloc((size_t) n * n * sizeof(double));
		double	   *expected = malloc((size_t) n * sizeof(double));
		double	   *values = malloc((size_t) n * sizeof(double));
		double	   *work = malloc((size_t) n * sizeof(double));
		double		error = 0.0;

		/* ascending, with a triple eigenvalue and zeros */
		for (int i = 0; i < n; i++)
			expected[i] = i < n / 4 ? 0.0 : i < n / 4 + 3 ? 1.0 : 1.0 + i;
		make_matrix(a, n, expected, &rng);
		ae_spectrum_eigenvalues(a, n, values, work, &unit_env);
		for (int i = 0; i < n; i++)
			error = fmax(error, fabs(values[i] - expected[i]));
		ok(error < TOLERANCE * n, "eigenvalues of order %d (%g)", n, error);
		free(a);
		free(expected);
		free(values);
		free(work);
	}
}

/* rows in a subspace of rank dimensions, with equal variance in each */
static int
components_of(int rows, int width, int rank, double share)
{
	int			ld = (width + 15) / 16 * 16;
	float	   *x = calloc((size_t) rows * ld, sizeof(float));
	AeArena		arena;
	AeRng		rng;
	int			found = -1;

	ae_arena_init(&arena, &unit_env);
	ae_rng_seed(&rng, 4, 0);
	for (int i = 0; i < rows; i++)
		for (int k = 0; k < rank; k++)
		{
			float		z = ae_rng_normal(&rng);

			/* disjoint groups of columns are orthogonal */
			for (int j = k; j < width; j += rank)
				x[(size_t) i * ld + j] = z + 100.0f;
		}
	if (ae_spectrum_components(x, rows, width, ld, share, &ae_blas_reference,
							   &arena, &found) != AE_OK)
		found = -1;
	ae_arena_free(&arena);
	free(x);
	return found;
}

int
main(void)
{
	test_eigenvalues();
	ok(components_of(2000, 40, 5, 0.99) == 5, "five components of forty");
	ok(components_of(2000, 40, 8, 0.5) == 4, "half the variance of eight");
	ok(components_of(600, 800, 6, 0.99) == 6, "more columns than the limit");
	ok(components_of(3, 20, 1, 0.9) == 1, "three rows");
	return done();
}
