/*
 * coreset_test.c
 *	  Which rows become points, and what they pay for being far from the rest.
 */
#include "joint_space.h"

#define COLUMNS 4
#define PENALTY 0.5

typedef struct Rows
{
	int			n;
	float	   *value;			/* (n, COLUMNS) */
	float	   *reconstruction;
} Rows;

/* normal numbers around zero, and their reconstructions */
static Rows
make_rows(int n)
{
	Rows		rows = {n, take((size_t) n * COLUMNS, sizeof(float)),
	take((size_t) n * COLUMNS, sizeof(float))};
	AeRng		rng;

	ae_rng_seed(&rng, 6, 0);
	for (int i = 0; i < n * COLUMNS; i++)
	{
		rows.value[i] = ae_rng_normal(&rng);
		rows.reconstruction[i] = ae_rng_normal(&rng);
	}
	return rows;
}

static void
set_row(Rows *rows, int i, float value)
{
	for (int j = 0; j < COLUMNS; j++)
		rows->value[i * COLUMNS + j] =
			rows->reconstruction[i * COLUMNS + j] = value;
}

static AeStatus
try_fit(AeJoint *joint, const Rows *rows, int npoints, double penalty,
		uint64_t seed, AeArena *own)
{
	AeArena		scratch;
	AeRng		rng;
	AeStatus	status;

	ae_arena_init(&scratch, &unit_env);
	ae_rng_seed(&rng, seed, 1);
	joint->npoints = npoints;
	status = ae_coreset_fit(joint, ae_kernels_get(AE_KERNEL_AUTO),
							rows->value, rows->reconstruction, rows->n,
							penalty, &rng, own, &scratch);
	ae_arena_free(&scratch);
	return status;
}

static void
fit(AeJoint *joint, const Rows *rows, int npoints, double penalty,
	uint64_t seed)
{
	make_numbers(COLUMNS, joint);
	must(try_fit(joint, rows, npoints, penalty, seed, &arena) == AE_OK);
}

/* the row that a point is, or -1 */
static int
row_of(const AeJoint *joint, const Rows *rows, int index)
{
	int16_t		wanted[2 * COLUMNS];
	int16_t		point[2 * COLUMNS];

	get_point(joint, index, wanted);
	for (int i = 0; i < rows->n; i++)
	{
		ae_joint_point(joint, rows->value + i * COLUMNS,
					   rows->reconstruction + i * COLUMNS, point);
		if (memcmp(point, wanted, sizeof(point)) == 0)
			return i;
	}
	return -1;
}

/* what holds of every coreset */
static bool
is_sound(const AeJoint *joint, const Rows *rows, int npoints)
{
	int			room = ae_joint_groups(joint) * AE_JOINT_GROUP;
	bool	   *seen = take((size_t) rows->n, sizeof(bool));
	bool		good = joint->npoints >= 1 && joint->npoints <= npoints &&
		joint->npoints <= rows->n;

	for (int i = 0; i < joint->npoints && good; i++)
	{
		int			row = row_of(joint, rows, i);

		good = row >= 0 && !seen[row] && joint->offset[i] >= 0 &&
			isfinite(joint->offset[i]);
		if (good)
			seen[row] = true;
	}
	for (int i = joint->npoints; i < room; i++)
		good &= isinf(joint->offset[i]);
	return good;
}

static void
test_sizes(void)
{
	static const int counts[] = {1, 2, 3, 17, 100, 400};

	for (int c = 0; c < 6; c++)
		for (int npoints = 1; npoints <= 200; npoints = 4 * npoints + 1)
		{
			Rows		rows = make_rows(counts[c]);
			AeJoint		joint;

			fit(&joint, &rows, npoints, PENALTY, 1);
			ok(is_sound(&joint, &rows, npoints),
			   "%d of %d rows: different ones, with offsets", joint.npoints,
			   rows.n);
			if (rows.n > 4 * npoints)
				ok(joint.npoints == npoints, "as many as asked for");
		}
}

static void
test_random(void)
{
	Rows		rows = make_rows(400);
	AeJoint		a;
	AeJoint		b;
	AeJoint		c;
	size_t		bytes;
	bool		free = true;

	fit(&a, &rows, 50, PENALTY, 1);
	fit(&b, &rows, 50, PENALTY, 1);
	fit(&c, &rows, 50, PENALTY, 2);
	bytes = (size_t) ae_joint_width(&a) * 50 * sizeof(int16_t);
	ok(a.npoints == b.npoints && memcmp(a.points, b.points, bytes) == 0 &&
	   memcmp(a.offset, b.offset, 50 * sizeof(float)) == 0,
	   "the same seed gives the same points and offsets");
	ok(memcmp(a.points, c.points, bytes) != 0, "another seed gives others");
	fit(&b, &rows, 50, 0.0, 1);
	for (int i = 0; i < b.npoints; i++)
		free &= b.offset[i] == 0;
	ok(free && memcmp(a.points, b.points, bytes) == 0,
	   "without a penalty the same points pay nothing");
}

/* rows that vouch for each other, far from the others */
static void
test_clump(void)
{
	Rows		rows = make_rows(400);
	AeJoint		joint;
	int			clump = 0;
	int			paying = 0;
	float		most = 0.0f;
	float		least = INFINITY;

	for (int i = 0; i < 40; i++)
		set_row(&rows, i * 10, 20.0f);
	fit(&joint, &rows, 200, PENALTY, 1);
	for (int i = 0; i < joint.npoints; i++)
	{
		if (row_of(&joint, &rows, i) % 10 == 0)
		{
			clump++;
			least = fminf(least, joint.offset[i]);
		}
		else
			most = fmaxf(most, joint.offset[i]);
		paying += joint.offset[i] > 0;
	}
	ok(clump == 1, "a clump of equal rows is one point (%d)", clump);
	ok(least > 2 * most, "it pays more than any other (%g, %g)", least, most);
	ok(paying <= joint.npoints / 2, "half of the points pay nothing");

	for (int i = 0; i < rows.n; i++)
		set_row(&rows, i, 3.0f);
	fit(&joint, &rows, 200, PENALTY, 1);
	ok(joint.npoints == 1 && joint.offset[0] == 0,
	   "a table of equal rows is one point");
}

static void
test_memory(void)
{
	Rows		rows = make_rows(400);
	AeJoint		joint;
	AeStatus	status = AE_ERR_MEMORY;
	bool		good = true;
	long		polls = unit_polls;
	int			failures = -1;

	make_numbers(COLUMNS, &joint);
	while (status != AE_OK && good)
	{
		AeArena		own;
		long		live = unit_alloc_live;

		failures++;
		ae_arena_init(&own, &unit_env);
		unit_alloc_budget = failures;
		status = try_fit(&joint, &rows, 200, PENALTY, 1, &own);
		unit_alloc_budget = -1;
		ae_arena_free(&own);
		good = (status == AE_OK || status == AE_ERR_MEMORY) &&
			unit_alloc_live == live;
	}
	ok(good && failures > 1, "%d failing allocations are reported", failures);
	ok(unit_polls - polls >= rows.n, "the host is asked once per row");
}

int
main(void)
{
	ae_arena_init(&arena, &unit_env);
	test_sizes();
	test_random();
	test_clump();
	test_memory();
	ae_arena_free(&arena);
	return done();
}
