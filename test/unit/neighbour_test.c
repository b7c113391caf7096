/*
 * neighbour_test.c
 *	  The search for the nearest points of a coreset against sorting all of
 *	  them.
 */
#include "joint_space.h"

/* of a log distance: roots of floats against roots of doubles */
#define TOLERANCE 1e-6

/* of a point that counts as the row itself */
#define SAME_SQUARES 4.0

#define MAX_POINTS 150

typedef struct Found
{
	int			point;
	bool		itself;
	double		distance;
} Found;

static int
compare_found(const void *a, const void *b)
{
	const Found *x = a;
	const Found *y = b;

	return x->distance != y->distance
		? (x->distance > y->distance) - (x->distance < y->distance)
		: (x->point > y->point) - (x->point < y->point);
}

/* all points but one that is the row itself, nearest first; their number */
static int
sort_points(const AeJoint *joint, const int16_t *point, Found *found)
{
	int16_t    *other = take((size_t) ae_joint_width(joint), sizeof(int16_t));
	int			n = joint->npoints;

	for (int i = 0; i < joint->npoints; i++)
	{
		double		squares;

		get_point(joint, i, other);
		squares = squared_distance(joint, point, other);
		found[i].point = i;
		found[i].itself = squares <= SAME_SQUARES;
		found[i].distance = (float) squares * joint->square +
			joint->offset[i];
	}
	qsort(found, (size_t) n, sizeof(Found), compare_found);
	for (int i = 0; i < n && i <= joint->neighbours; i++)
		if (found[i].itself)
		{
			n--;
			memmove(found + i, found + i + 1,
					(size_t) (n - i) * sizeof(Found));
			break;
		}
	return n;
}

/* log of the mean distance to the nearest, as found by sorting */
static double
mean_distance(const AeJoint *joint, const Found *found, int n)
{
	double		sum = 0.0;

	if (n > joint->neighbours)
		n = joint->neighbours;
	for (int i = 0; i < n; i++)
		sum += sqrt(found[i].distance);
	return n > 0 ? sum / n : 0.0;
}

/* a small coreset with points that coincide */
static void
make_points(AeJoint *joint, AeRng *rng, int npoints, bool offsets)
{
	int16_t    *point = take((size_t) ae_joint_width(joint), sizeof(int16_t));

	must(ae_joint_allocate_points(joint, npoints, &arena) == AE_OK);
	for (int i = 0; i < npoints; i++)
	{
		for (int j = 0; j < ae_joint_width(joint); j++)
			point[j] = (int16_t) ((int) ae_rng_below(rng, 201) - 100);
		if (i % 9 == 8)
			get_point(joint, i / 2, point);
		ae_joint_set_point(joint, i, point);
		if (i % 9 == 8)
			joint->offset[i] = joint->offset[i / 2];
		else if (offsets && i % 2 == 0)
			joint->offset[i] = 30.0f * ae_rng_uniform(rng);
	}
}

/* some rows are points, some are not */
static bool
search_agrees(const AeJoint *joint, const AeKernels *k, AeRng *rng)
{
	int16_t    *point = take((size_t) ae_joint_width(joint), sizeof(int16_t));
	AeNeighbours *neighbours;
	Found		found[MAX_POINTS];
	double		floor = INFINITY;
	bool		good = true;

	must(ae_neighbours_create(joint, &arena, &neighbours) == AE_OK);
	for (int trial = 0; trial < 20; trial++)
	{
		double		distance;
		double		mean;
		int			n;

		for (int j = 0; j < ae_joint_width(joint); j++)
			point[j] = (int16_t) ((int) ae_rng_below(rng, 201) - 100);
		if (trial % 2 == 0)
			get_point(joint, (int) ae_rng_below(rng, (uint32_t)
												joint->npoints), point);
		n = sort_points(joint, point, found);
		mean = mean_distance(joint, found, n);
		distance = exp(ae_neighbours_find(neighbours, k, point));
		/* what is added to a distance is small, and the same for all */
		if (isinf(floor))
			floor = distance - mean;
		good &= floor > 0 && floor <= sqrt(joint->square) &&
			fabs(distance - mean - floor) <= TOLERANCE * (1 + mean);
		good &= neighbours->nnear ==
			(n < joint->neighbours ? n : joint->neighbours);
		for (int i = 0; i < neighbours->nnear; i++)
			good &= fabs(neighbours->distance[neighbours->near[i]] -
						 found[i].distance) <=
				TOLERANCE * (1 + found[i].distance);
	}
	return good;
}

static void
test_search(const AeKernels *k)
{
	static const int counts[] = {1, 2, 3, 15, 16, 17, 33, 64, MAX_POINTS};

	for (int c = 0; c < 9; c++)
	{
		AeRng		rng;
		bool		good = true;

		ae_rng_seed(&rng, 4, (uint64_t) c);
		for (int ncolumns = 1; ncolumns < 40; ncolumns = 3 * ncolumns + 1)
			for (int most = 1; most <= AE_MAX_NEIGHBOURS; most += 2)
			{
				AeJoint		joint;

				make_numbers(ncolumns, &joint);
				joint.neighbours = most;
				make_points(&joint, &rng, counts[c], most % 4 == 1);
				good &= search_agrees(&joint, k, &rng);
			}
		ok(good, "%s: the nearest of %d points", k->name, counts[c]);
	}
}

/* of two points that are the row itself only one is left out */
static void
test_identical(void)
{
	const AeKernels *k = ae_kernels_get(AE_KERNEL_AUTO);
	AeJoint		joint;
	AeNeighbours *neighbours;
	int16_t		zero[4] = {0};
	int16_t		far[4] = {40, 0, 0, 30};
	double		alone;
	double		twice;
	double		share[2];

	make_numbers(2, &joint);
	joint.neighbours = 1;
	must(ae_joint_allocate_points(&joint, 2, &arena) == AE_OK);
	must(ae_neighbours_create(&joint, &arena, &neighbours) == AE_OK);
	ae_joint_set_point(&joint, 1, far);
	alone = ae_neighbours_find(neighbours, k, zero);
	ok(neighbours->nnear == 1 && neighbours->near[0] == 1,
	   "an identical point is left out");
	ae_neighbours_share(neighbours, 2, zero, share);
	ok(fabs(share[0] / (share[0] + share[1]) - 16.0 / 25) < TOLERANCE,
	   "columns share squared differences");
	ae_joint_set_point(&joint, 1, zero);
	must(ae_neighbours_create(&joint, &arena, &neighbours) == AE_OK);
	twice = ae_neighbours_find(neighbours, k, zero);
	ok(neighbours->nnear == 1 && twice < alone && isfinite(twice),
	   "of two identical points one is the nearest, at a finite log distance");
	ae_neighbours_share(neighbours, 2, zero, share);
	ok(share[0] == 0 && share[1] == 0, "no distance, nothing to share");

	must(ae_joint_allocate_points(&joint, 1, &arena) == AE_OK);
	must(ae_neighbours_create(&joint, &arena, &neighbours) == AE_OK);
	ok(ae_neighbours_find(neighbours, k, zero) == twice &&
	   neighbours->nnear == 0,
	   "the only point of a coreset has no neighbour, and a finite distance");
}

int
main(void)
{
	ae_arena_init(&arena, &unit_env);
	for (int i = AE_KERNEL_BASELINE; i <= AE_KERNEL_AVX512; i++)
		if (ae_kernels_get((AeKernelChoice) i) != NULL)
			test_search(ae_kernels_get((AeKernelChoice) i));
	test_identical();
	ae_arena_free(&arena);
	return done();
}
