/*
 * spd.c
 *	  Symmetric positive definite matrices too large to be kept twice.
 *
 * The inverse is found in place, tile by tile: A = L L', then M = L^-1, then
 * A^-1 = M' M.  Products of tiles are sums of floats.  What happens in a tile
 * of the diagonal, where the cancellation is, is computed in double.
 */
#include "core/spd.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "core/kernels.h"

/* large enough for fast products, small enough for a processor's cache */
#define SPD_SIDE 384

static int
spd_side(int n)
{
	return n < SPD_SIDE ? AE_PAD(n) : SPD_SIDE;
}

static size_t
spd_tile_floats(const AeSpd *m)
{
	return (size_t) m->side * (size_t) m->side;
}

size_t
ae_spd_bytes(int n)
{
	uint64_t	side = (uint64_t) spd_side(n);
	uint64_t	row = ((uint64_t) n + side - 1) / side;
	uint64_t	bytes = (row * (row + 1) / 2 + 2) * side * side *
		sizeof(float) + 2 * side * side * sizeof(double);

	return bytes < SIZE_MAX ? (size_t) bytes : SIZE_MAX;
}

/* tile (i, j), j <= i */
static float *
spd_tile(const AeSpd *m, int i, int j)
{
	size_t		number = (size_t) i * ((size_t) i + 1) / 2 + (size_t) j;

	return m->tiles + number * spd_tile_floats(m);
}

AeStatus
ae_spd_create(AeArena *arena, int n, AeSpd *matrix)
{
	int			side = spd_side(n);
	size_t		ntiles = ((size_t) n + (size_t) side - 1) / (size_t) side;
	size_t		tile = (size_t) side * (size_t) side;

	if (ae_spd_bytes(n) == SIZE_MAX)
		return AE_ERR_MEMORY;
	*matrix = (AeSpd) {
		.env = arena->env,
			.n = n,
			.side = side,
			.ntiles = (int) ntiles,
			.tiles = ae_arena_alloc(arena, ntiles * (ntiles + 1) / 2,
									tile * sizeof(float)),
			.scratch = ae_arena_alloc(arena, 2 * tile, sizeof(float)),
			.exact = ae_arena_alloc(arena, 2 * tile, sizeof(double))
	};
	if (matrix->tiles == NULL || matrix->scratch == NULL ||
		matrix->exact == NULL)
		return AE_ERR_MEMORY;
	for (int i = n; i < (int) ntiles * side; i++)
		*ae_spd_at(matrix, i, i) = 1.0f;
	return AE_OK;
}

size_t
ae_spd_row_place(const AeSpd *m, int i)
{
	return (size_t) (spd_tile(m, i / m->side, 0) - m->tiles) +
		(size_t) (i % m->side) * (size_t) m->side;
}

size_t
ae_spd_column_place(const AeSpd *m, int j)
{
	return (size_t) (j / m->side) * spd_tile_floats(m) +
		(size_t) (j % m->side);
}

float *
ae_spd_at(const AeSpd *m, int i, int j)
{
	return m->tiles + ae_spd_row_place(m, i) + ae_spd_column_place(m, j);
}

void
ae_spd_row(const AeSpd *m, int i, float *row)
{
	int			own = i / m->side * m->side;

	for (int first = 0; first < own; first += m->side)
		memcpy(row + first, ae_spd_at(m, i, first),
			   (size_t) m->side * sizeof(float));
	for (int j = own; j < m->n; j++)
		row[j] = j <= i ? *ae_spd_at(m, i, j) : *ae_spd_at(m, j, i);
}

/*----------
 * Tiles of the diagonal, in double.
 *----------
 */

/* the lower triangle of a becomes L with L L' = a; its upper one is ignored */
static AeStatus
tile_factorise(int n, double *a)
{
	for (int j = 0; j < n; j++)
	{
		double	   *row = a + (size_t) j * (size_t) n;
		double		pivot = row[j];

		for (int k = 0; k < j; k++)
			pivot -= row[k] * row[k];
		if (!(pivot > 0.0) || isinf(pivot))
			return AE_ERR_DIVERGED;
		row[j] = sqrt(pivot);
		for (int i = j + 1; i < n; i++)
		{
			double	   *other = a + (size_t) i * (size_t) n;
			double		sum = other[j];

			for (int k = 0; k < j; k++)
				sum -= other[k] * row[k];
			other[j] = sum / row[j];
		}
	}
	return AE_OK;
}

/* m = l^-1, both lower triangles, m's upper one zero */
static void
tile_invert(int n, const double *l, double *m)
{
	memset(m, 0, (size_t) n * (size_t) n * sizeof(double));
	for (int i = 0; i < n; i++)
	{
		const double *row = l + (size_t) i * (size_t) n;
		double	   *to = m + (size_t) i * (size_t) n;

		for (int k = 0; k < i; k++)
		{
			const double *from = m + (size_t) k * (size_t) n;

			for (int j = 0; j <= k; j++)
				to[j] -= row[k] * from[j];
		}
		to[i] = 1.0;
		for (int j = 0; j <= i; j++)
			to[j] /= row[i];
	}
}

/* the tile of the diagonal becomes the inverse of its factor */
static AeStatus
spd_factorise_tile(AeSpd *m, float *tile)
{
	size_t		count = spd_tile_floats(m);
	double	   *l = m->exact;
	double	   *inverse = m->exact + count;

	for (size_t i = 0; i < count; i++)
		l[i] = (double) tile[i];
	AE_TRY(tile_factorise(m->side, l));
	tile_invert(m->side, l, inverse);
	for (size_t i = 0; i < count; i++)
		tile[i] = (float) inverse[i];
	return AE_OK;
}

/*----------
 * Products of tiles; each is a few milliseconds of work.
 *----------
 */

/* c = alpha op(a) b or, with b transposed, alpha a b', + beta c */
static void
spd_multiply(const AeSpd *m, const AeBlas *blas, int trans_a, int trans_b,
			 float alpha, const float *a, const float *b, float beta,
			 float *c)
{
	int			side = m->side;

	m->env->poll(m->env->host);
	blas->sgemm(AE_BLAS_ROW_MAJOR, trans_a, trans_b, side, side, side, alpha,
				a, side, b, side, beta, c, side);
}

/*
 * L, but with L_kk^-1 in the diagonal, which is all that the rest asks for:
 * L_ik = (A_ik - sum over j < k of L_ij L_kj') L_kk'^-1
 */
static AeStatus
spd_factorise(AeSpd *m, const AeBlas *blas)
{
	size_t		bytes = spd_tile_floats(m) * sizeof(float);

	for (int k = 0; k < m->ntiles; k++)
	{
		for (int i = k; i < m->ntiles; i++)
		{
			float	   *tile = spd_tile(m, i, k);

			for (int j = 0; j < k; j++)
				spd_multiply(m, blas, AE_BLAS_NO_TRANS, AE_BLAS_TRANS, -1.0f,
							 spd_tile(m, i, j), spd_tile(m, k, j), 1.0f,
							 tile);
			if (i == k)
			{
				AE_TRY(spd_factorise_tile(m, tile));
				continue;
			}
			memcpy(m->scratch, tile, bytes);
			spd_multiply(m, blas, AE_BLAS_NO_TRANS, AE_BLAS_TRANS, 1.0f,
						 m->scratch, spd_tile(m, k, k), 0.0f, tile);
		}
	}
	return AE_OK;
}

/*
 * M_ij = -M_ii sum over k from j to i - 1 of L_ik M_kj.  Rows are done from
 * the top and from the left, so that what is overwritten is not needed again.
 */
static void
spd_invert_factor(AeSpd *m, const AeBlas *blas)
{
	for (int i = 1; i < m->ntiles; i++)
		for (int j = 0; j < i; j++)
		{
			for (int k = j; k < i; k++)
				spd_multiply(m, blas, AE_BLAS_NO_TRANS, AE_BLAS_NO_TRANS,
							 1.0f, spd_tile(m, i, k), spd_tile(m, k, j),
							 k > j ? 1.0f : 0.0f, m->scratch);
			spd_multiply(m, blas, AE_BLAS_NO_TRANS, AE_BLAS_NO_TRANS, -1.0f,
						 spd_tile(m, i, i), m->scratch, 0.0f,
						 spd_tile(m, i, j));
		}
}

/*
 * P_ij = sum over k >= i of M_ki' M_kj, from the top: a row of P needs M only
 * from its own row on, and the diagonal last.
 */
static void
spd_multiply_factors(AeSpd *m, const AeBlas *blas)
{
	size_t		bytes = spd_tile_floats(m) * sizeof(float);

	for (int i = 0; i < m->ntiles; i++)
		for (int j = 0; j <= i; j++)
		{
			for (int k = i; k < m->ntiles; k++)
				spd_multiply(m, blas, AE_BLAS_TRANS, AE_BLAS_NO_TRANS, 1.0f,
							 spd_tile(m, k, i), spd_tile(m, k, j),
							 k > i ? 1.0f : 0.0f, m->scratch);
			memcpy(spd_tile(m, i, j), m->scratch, bytes);
		}
}

AeStatus
ae_spd_invert(AeSpd *matrix, const AeBlas *blas)
{
	AE_TRY(spd_factorise(matrix, blas));
	spd_invert_factor(matrix, blas);
	spd_multiply_factors(matrix, blas);
	return AE_OK;
}
