/*
 * kernels_distance_test.c
 *	  The kernels that find nearest points, in every instruction set, against
 *	  plain loops over 64-bit integers and doubles.
 */
#include "core/joint.h"
#include "kernels_reference.h"

/* one rounding of the sum to a float, one of the product, one of the sum */
#define DISTANCE_TOLERANCE 2e-7

#define MAX_GROUPS 19
#define MAX_PAIRS 33

static int16_t *
shorts(size_t n)
{
	int16_t    *x = ae_arena_alloc(&arena, n, sizeof(int16_t));

	if (x == NULL)
		exit(2);
	return x;
}

/* n integers in [-levels, levels]; extreme: the ends only */
static int16_t *
random_shorts(size_t n, int levels, bool extreme)
{
	int16_t    *x = shorts(n);

	for (size_t i = 0; i < n; i++)
	{
		int			u = (int) ae_rng_below(&rng, (uint32_t) (2 * levels + 1));

		x[i] = (int16_t) (!extreme ? u - levels
						  : u % 2 == 0 ? levels : -levels);
	}
	return x;
}

/* most levels whose squared differences still have a sum below 2^31 */
static int
levels_of(int npairs)
{
	double		levels = floor(sqrt((double) INT32_MAX / (8.0 * npairs)));

	return levels < 16383 ? (int) levels : 16383;
}

/* squared differences of point number i of a group, in 64 bits */
static int64_t
reference_squares(int npairs, const int16_t *x, const int16_t *group, int i)
{
	int64_t		sum = 0;

	for (int k = 0; k < npairs; k++)
		for (int j = 0; j < 2; j++)
		{
			int64_t		d = x[2 * k + j] -
				group[((size_t) k * AE_LANES + (size_t) i) * 2 + (size_t) j];

			sum += d * d;
		}
	return sum;
}

static float *
distances(const AeKernels *k, int ngroups, int npairs, const int16_t *x,
		  const int16_t *points, float square, const float *offset)
{
	size_t		room = (size_t) ngroups * AE_LANES;
	float	   *distance = floats(room + AE_LANES);

	distance[room] = GUARD;
	k->distances(ngroups, npairs, x, points, square, offset, distance);
	if (distance[room] != GUARD)
		distance[0] = NAN;
	return distance;
}

/* all remainders of groups in a tile, and points of any width */
static void
test_distances(const AeKernels *k)
{
	double		error = 0.0;
	bool		exact = true;

	for (int ngroups = 0; ngroups <= MAX_GROUPS; ngroups++)
		for (int npairs = 1; npairs <= MAX_PAIRS; npairs += 1 + npairs / 8)
		{
			size_t		room = (size_t) ngroups * AE_LANES;
			int			levels = levels_of(npairs);
			/* not aligned, as the points are */
			int16_t    *x = random_shorts((size_t) npairs * 2 + 1, levels,
										  false) + 1;
			int16_t    *points = random_shorts(room * 2 * (size_t) npairs,
											   levels, false);
			float	   *zero = floats(room);
			float	   *offset = random_floats(room, 1e3f);
			float	   *plain = distances(k, ngroups, npairs, x, points, 1.0f,
										  zero);
			float	   *full = distances(k, ngroups, npairs, x, points,
										 0.37f, offset);

			for (size_t i = 0; i < room; i++)
			{
				int64_t		sum = reference_squares(npairs, x, points +
													i / AE_LANES * AE_LANES *
													2 * (size_t) npairs,
													(int) (i % AE_LANES));
				double		wanted = 0.37f * (double) sum + offset[i];

				/* an integer of 31 bits is rounded once */
				exact &= plain[i] == (float) sum;
				error = worse(error, fabs(full[i] - wanted) /
							  (0.37 * (double) sum + fabs(offset[i]) + 1.0));
			}
		}
	ok(exact, "%s: sums of squares are exact", k->name);
	ok(error <= DISTANCE_TOLERANCE, "%s: distances, worst error %.1e",
	   k->name, error);
}

static bool
lanes_are_least(size_t n, const float *x, const float *least)
{
	float		wanted[AE_LANES];

	for (int i = 0; i < AE_LANES; i++)
		wanted[i] = INFINITY;
	for (size_t i = 0; i < n; i++)
		wanted[i % AE_LANES] = fminf(wanted[i % AE_LANES], x[i]);
	return memcmp(least, wanted, sizeof(wanted)) == 0;
}

/* several rows at once, and by norms: the same bits as one by one */
static void
test_near(const AeKernels *k)
{
	bool		same = true;
	bool		minimal = true;
	bool		guarded = true;

	for (int rows = 0; rows <= 11; rows++)
	{
		int			ngroups = 1 + (int) ae_rng_below(&rng, MAX_GROUPS);
		int			npairs = 1 + (int) ae_rng_below(&rng, MAX_PAIRS);
		size_t		room = (size_t) ngroups * AE_LANES;
		size_t		ldx = 2 * (size_t) npairs + 2 * (size_t) (rows % 3);
		size_t		ldd = room + AE_LANES * (size_t) (rows % 2);
		size_t		last = (size_t) (rows + 1) * ldd;
		int			levels = levels_of(npairs);
		bool		extreme = rows % 2 == 1;
		int16_t    *x = random_shorts((size_t) (rows + 1) * ldx, levels,
									  extreme);
		int16_t    *points = random_shorts(room * 2 * (size_t) npairs, levels,
										   extreme);
		float	   *offset = random_floats(room, 1e3f);
		float	   *distance = floats(last + AE_LANES);
		float	   *least = floats((size_t) (rows + 1) * AE_LANES);
		int32_t    *norm = ae_arena_alloc(&arena, room, sizeof(int32_t));

		if (norm == NULL)
			exit(2);
		for (size_t i = (size_t) rows * ldd; i < last; i++)
			distance[i] = GUARD;
		k->norms(ngroups, npairs, points, norm);
		k->near(rows, ngroups, npairs, x, ldx, points, norm, 0.37f, offset,
				distance, ldd, least);
		for (int r = 0; r < rows; r++)
		{
			float	   *alone = distances(k, ngroups, npairs,
										  x + (size_t) r * ldx, points,
										  0.37f, offset);

			same &= memcmp(alone, distance + (size_t) r * ldd,
						   room * sizeof(float)) == 0;
			minimal &= lanes_are_least(room, alone, least + r * AE_LANES);
		}
		for (size_t i = (size_t) rows * ldd; i < last; i++)
			guarded &= distance[i] == GUARD;
	}
	ok(same, "%s: distances of several rows have the bits of each", k->name);
	ok(minimal, "%s: least distances of the lanes", k->name);
	ok(guarded, "%s: nothing is written behind the last row", k->name);
}

/* the largest differences there are, in points of any width */
static void
test_extremes(const AeKernels *k)
{
	bool		exact = true;

	for (int npairs = 1; npairs <= 70000; npairs = npairs * 3 + 1)
	{
		int			levels = levels_of(npairs);
		int16_t    *x = shorts((size_t) npairs * 2);
		int16_t    *points = random_shorts((size_t) npairs * 2 * AE_LANES,
										   levels, true);
		float	   *zero = floats(AE_LANES);
		float	   *got;

		for (int i = 0; i < 2 * npairs; i++)
		{
			x[i] = (int16_t) levels;
			/* one point is as far as can be */
			points[i / 2 * 2 * AE_LANES + i % 2] = (int16_t) -levels;
		}
		got = distances(k, 1, npairs, x, points, 1.0f, zero);
		for (int i = 0; i < AE_LANES; i++)
		{
			int64_t		sum = reference_squares(npairs, x, points, i);

			exact &= sum <= INT32_MAX && got[i] == (float) sum;
		}
		exact &= got[0] == (float) (8.0 * npairs * levels * levels);
	}
	ok(exact, "%s: the largest distances do not overflow", k->name);
}

static void
test_offsets(const AeKernels *k)
{
	int16_t    *x = random_shorts(6, 100, false);
	int16_t    *points = shorts(6 * AE_LANES);
	float	   *offset = random_floats(AE_LANES, 1e6f);
	float	   *got;
	bool		equal = true;

	/* all points are x */
	for (int i = 0; i < 6 * AE_LANES; i++)
		points[i] = x[i / (2 * AE_LANES) * 2 + i % 2];
	offset[7] = INFINITY;
	got = distances(k, 1, 3, x, points, 0.7f, offset);
	for (int i = 0; i < AE_LANES; i++)
		equal &= got[i] == offset[i];
	ok(equal, "%s: an identical point is as far as its offset", k->name);
}

/* indexes of x (n) up to bound; whether the kernel finds the same */
static bool
finds(const AeKernels *k, int n, const float *x, float bound)
{
	int		   *got = ae_arena_alloc(&arena, (size_t) n + 1, sizeof(int));
	int			count = 0;
	bool		good = true;
	int			found;

	if (got == NULL)
		exit(2);
	got[n] = -7;
	found = k->at_most(n, x, bound, got);
	for (int i = 0; i < n; i++)
		if (x[i] <= bound)
		{
			good &= count < found && got[count] == i;
			count++;
		}
	return good && count == found && got[n] == -7;
}

static void
test_at_most(const AeKernels *k)
{
	bool		good = true;

	for (int n = AE_LANES; n <= 40 * AE_LANES; n += AE_LANES)
	{
		float	   *x = random_floats((size_t) n, 10.0f);
		int			any = (int) ae_rng_below(&rng, (uint32_t) n);

		for (float bound = -11.0f; bound <= 11.0f; bound += 2.75f)
			good &= finds(k, n, x, bound);
		/* equal to the bound; nothing, all, infinite and missing ones */
		good &= finds(k, n, x, x[any]);
		x[any] = INFINITY;
		x[n - 1] = NAN;
		good &= finds(k, n, x, INFINITY) && finds(k, n, x, -INFINITY) &&
			finds(k, n, x, NAN) && finds(k, n, x, 0.0f);
	}
	for (int i = 0; i < 2 * AE_LANES; i++)
	{
		float	   *x = floats(2 * AE_LANES);

		for (int j = 0; j < 2 * AE_LANES; j++)
			x[j] = j == i ? 1.0f : 2.0f;
		good &= finds(k, 2 * AE_LANES, x, 1.0f);
	}
	ok(good, "%s: indexes of the values up to a bound", k->name);
}

static void
test_set(const AeKernels *k)
{
	test_distances(k);
	test_near(k);
	test_extremes(k);
	test_offsets(k);
	test_at_most(k);
}

/* sums are integers, so that all sets agree where nothing is added to them */
static void
test_sets_agree(void)
{
	const AeKernels *baseline = ae_kernels_get(AE_KERNEL_BASELINE);
	const int	npairs = 37;
	const int	ngroups = 13;
	size_t		room = (size_t) ngroups * AE_LANES;
	int			levels = levels_of(npairs);
	int16_t    *x = random_shorts((size_t) npairs * 2, levels, false);
	int16_t    *points = random_shorts(room * 2 * (size_t) npairs, levels,
									   false);
	float	   *zero = floats(room);
	float	   *wanted = distances(baseline, ngroups, npairs, x, points, 0.37f,
								   zero);

	for (int i = AE_KERNEL_AVX2; i <= AE_KERNEL_AVX512; i++)
	{
		const AeKernels *k = ae_kernels_get((AeKernelChoice) i);
		float	   *got;

		if (k == NULL)
			continue;
		got = distances(k, ngroups, npairs, x, points, 0.37f, zero);
		ok(memcmp(got, wanted, room * sizeof(float)) == 0,
		   "%s and %s: the same bits of distances", k->name, baseline->name);
	}
}

int
main(void)
{
	reference_init(9);
	reference_each_set(test_set);
	test_sets_agree();
	ae_arena_free(&arena);
	return done();
}
