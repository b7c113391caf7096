/*
 * joint_test.c
 *	  The joint space against values that NumPy computed
 *	  (test/golden/make_joint.py), and what it promises beyond them.
 */
#include "golden.h"
#include "joint_space.h"

#include "core/rng.h"

/* floats against doubles, after sums over labels or rows */
#define VALUE_TOLERANCE 5e-6
#define FIT_TOLERANCE 2e-5
/* of distances between points, which are the same integers */
#define NEIGHBOUR_TOLERANCE 1e-6

/* roundings that differ, where a value lies between two integers */
#define MAX_ROUNDINGS 0.002

#define ROWS 90
#define POINTS 37
#define COLUMNS 7
#define WIDTH 36
#define COORDS 31

static double *
take_block(const char *name, int count)
{
	double	   *values = take((size_t) count, sizeof(double));

	read_block(name, count, values);
	return values;
}

static float *
to_floats(const double *values, int n)
{
	float	   *result = take((size_t) n, sizeof(float));

	for (int i = 0; i < n; i++)
		result[i] = (float) values[i];
	return result;
}

/* largest error of n values relative to those of the file */
static double
floats_error(const char *name, const float *found, int n)
{
	const double *expected = take_block(name, n);
	double		error = 0.0;

	for (int i = 0; i < n; i++)
		error = worst(error, found[i], expected[i]);
	return error;
}

static AeFeatures *
golden_features(void)
{
	AeFeatures *f = make_features(COLUMNS);

	make_column(f, 0, AE_KIND_NUMERIC, 1, 0, 1.0);
	make_column(f, 1, AE_KIND_NUMERIC, 3, 0, 2.0);
	make_column(f, 2, AE_KIND_BINARY, 1, 0, 1.0);
	make_column(f, 3, AE_KIND_CATEGORY, 1, 3, 1.0);
	make_column(f, 4, AE_KIND_CATEGORY, 1, 20, 0.5);
	make_column(f, 5, AE_KIND_CALENDAR, 1, 0, 1.0);
	make_column(f, 6, AE_KIND_NUMERIC, 1, 0, 3.0);
	must(ae_features_layout(f, &arena) == AE_OK && f->output_width == WIDTH);
	return f;
}

/* points of all rows with the fitted scales, against the file's */
static double *
golden_points(const AeJoint *joint, const float *value,
			  const float *reconstruction)
{
	const int	n = ROWS * 2 * COORDS;
	double	   *expected = take_block("point", n);
	int16_t		point[2 * COORDS];
	int			different = 0;
	double		largest = 0.0;

	for (int row = 0; row < ROWS; row++)
	{
		ae_joint_point(joint, value + row * COORDS,
					   reconstruction + row * COORDS, point);
		for (int i = 0; i < 2 * COORDS; i++)
		{
			double		d = fabs(point[i] - expected[row * 2 * COORDS + i]);

			different += d != 0;
			largest = fmax(largest, d);
		}
	}
	ok(largest <= 1 && different <= MAX_ROUNDINGS * n,
	   "points: %d of %d values are rounded differently", different, n);
	return expected;
}

static void
golden_distances(const AeJoint *joint, const AeFeatures *f,
				 const float *value, const float *reconstruction)
{
	const double *shares = take_block("share", ROWS * COLUMNS);
	const double *distances = take_block("distance", ROWS);
	double		error = 0.0;
	bool		same = true;

	for (int row = 0; row < ROWS; row++)
	{
		const float *v = value + row * COORDS;
		const float *r = reconstruction + row * COORDS;
		double		share[COLUMNS];
		double		d = ae_joint_distance(joint, f, v, r, share);

		error = worst(error, d, distances[row]);
		for (int c = 0; c < COLUMNS; c++)
			error = worst(error, share[c], shares[row * COLUMNS + c]);
		same &= ae_joint_distance(joint, f, v, r, NULL) == d;
	}
	ok(error < 2 * FIT_TOLERANCE, "diagonal distances (%g)", error);
	ok(same, "a distance does not depend on whether it is shared out");
}

/* neighbours of the file's points, so that no rounding is in between */
static void
golden_neighbours(AeJoint *joint, const double *points)
{
	const double *offset = take_block("offset", POINTS);
	const double *logs = take_block("log_distance", ROWS);
	const double *shares = take_block("neighbour_share", ROWS * COLUMNS);
	AeNeighbours *neighbours;
	int16_t		point[2 * COORDS];

	must(ae_joint_allocate_points(joint, POINTS, &arena) == AE_OK);
	joint->neighbours = 3;
	for (int q = 0; q < POINTS; q++)
	{
		for (int i = 0; i < 2 * COORDS; i++)
			point[i] = (int16_t) points[q * 2 * COORDS + i];
		ae_joint_set_point(joint, q, point);
		joint->offset[q] = (float) offset[q];
	}
	must(ae_neighbours_create(joint, &arena, &neighbours) == AE_OK);
	for (int choice = AE_KERNEL_BASELINE; choice <= AE_KERNEL_AVX512; choice++)
	{
		const AeKernels *k = ae_kernels_get((AeKernelChoice) choice);
		double		error = 0.0;

		for (int row = 0; row < ROWS && k != NULL; row++)
		{
			double		share[COLUMNS];
			double		sum = 0.0;

			for (int i = 0; i < 2 * COORDS; i++)
				point[i] = (int16_t) points[row * 2 * COORDS + i];
			error = worst(error, ae_neighbours_find(neighbours, k, point),
						  logs[row]);
			ae_neighbours_share(neighbours, COLUMNS, point, share);
			for (int c = 0; c < COLUMNS; c++)
				sum += share[c];
			for (int c = 0; c < COLUMNS; c++)
				error = worst(error, share[c] / sum,
							  shares[row * COLUMNS + c]);
		}
		if (k != NULL)
			ok(error < NEIGHBOUR_TOLERANCE, "%s: neighbours (%g)", k->name,
			   error);
	}
}

static void
test_golden(void)
{
	AeFeatures *f = golden_features();
	AeJoint		joint = {0};
	float	   *target;
	float	   *output;
	float	   *value = take(ROWS * COORDS, sizeof(float));
	float	   *reconstruction = take(ROWS * COORDS, sizeof(float));
	const double *points;
	double		error;

	golden_open("test/golden/joint.txt");
	must(ae_joint_layout(&joint, f, &arena) == AE_OK);
	must(joint.ncoords == COORDS);
	target = to_floats(take_block("target", ROWS * WIDTH), ROWS * WIDTH);
	output = to_floats(take_block("output", ROWS * WIDTH), ROWS * WIDTH);
	for (int row = 0; row < ROWS; row++)
		ae_joint_coordinates(&joint, f, target + row * WIDTH,
							 output + row * WIDTH, value + row * COORDS,
							 reconstruction + row * COORDS);
	error = floats_error("value", value, ROWS * COORDS);
	error = fmax(error, floats_error("reconstruction", reconstruction,
									ROWS * COORDS));
	ok(error < VALUE_TOLERANCE, "coordinates of every kind (%g)", error);
	must(ae_joint_fit(&joint, f, value, reconstruction, ROWS,
					  &arena) == AE_OK);
	error = floats_error("factor", joint.factor, 2 * COORDS);
	ok(error < FIT_TOLERANCE, "factors (%g)", error);
	error = floats_error("centre", joint.centre, 2 * COORDS);
	ok(error < FIT_TOLERANCE, "centres (%g)", error);
	points = golden_points(&joint, value, reconstruction);
	error = floats_error("square", &joint.square, 1);
	ok(error < VALUE_TOLERANCE, "unit of squared distances (%g)", error);
	golden_distances(&joint, f, value, reconstruction);
	golden_neighbours(&joint, points);
	fclose(golden);
}

/* labels are as far apart, on average, as those with an axis of their own */
static void
test_labels(void)
{
	const int	nlabels = 200;
	AeFeatures *f = make_features(1);
	AeJoint		joint = {0};
	float	   *output = take((size_t) nlabels + 1, sizeof(float));
	float	   *value = take((size_t) (nlabels + 1) * AE_JOINT_LABELS,
							 sizeof(float));
	float		reconstruction[AE_JOINT_LABELS];
	bool		units = true;
	int			near = 0;
	int			apart = 0;

	make_column(f, 0, AE_KIND_CATEGORY, 1, nlabels, 1.0);
	must(ae_features_layout(f, &arena) == AE_OK);
	must(ae_joint_layout(&joint, f, &arena) == AE_OK);
	ok(joint.ncoords == AE_JOINT_LABELS, "200 labels share coordinates");
	for (int l = 0; l <= nlabels; l++)
	{
		float		target = (float) l;
		double		length = 0.0;

		ae_joint_coordinates(&joint, f, &target, output,
							 value + l * AE_JOINT_LABELS, reconstruction);
		for (int i = 0; i < AE_JOINT_LABELS; i++)
			length += pow(value[l * AE_JOINT_LABELS + i], 2);
		units &= fabs(length - 1) < VALUE_TOLERANCE;
	}
	ok(units, "a label's coordinates have length 1");
	for (int a = 0; a <= nlabels; a++)
		for (int b = 0; b < a; b++)
		{
			double		d = 0.0;

			for (int i = 0; i < AE_JOINT_LABELS; i++)
				d += pow(value[a * AE_JOINT_LABELS + i] -
						 value[b * AE_JOINT_LABELS + i], 2);
			near += d < 0.4;
			apart++;
		}
	ok(near < apart / 100, "%d of %d pairs of labels coincide", near, apart);

	/* a certain prediction is the label itself */
	for (int l = 0; l <= nlabels; l += 40)
	{
		float		target = (float) l;
		double		error = 0.0;

		memset(output, 0, (size_t) (nlabels + 1) * sizeof(float));
		output[l] = 200.0f;
		ae_joint_coordinates(&joint, f, &target, output, value,
							 reconstruction);
		for (int i = 0; i < AE_JOINT_LABELS; i++)
			error = worst(error, reconstruction[i], value[i]);
		ok(error < VALUE_TOLERANCE, "label %d as predicted", l);
	}
}

/* what is missing is as reconstructed, whatever the kind */
static void
test_missing(void)
{
	AeFeatures *f = golden_features();
	AeJoint		joint = {0};
	float		target[WIDTH];
	float		output[WIDTH];
	float		value[COORDS];
	float		reconstruction[COORDS];

	must(ae_joint_layout(&joint, f, &arena) == AE_OK);
	for (int i = 0; i < WIDTH; i++)
	{
		target[i] = NAN;
		output[i] = (float) (i % 7) - 3.0f;
	}
	ae_joint_coordinates(&joint, f, target, output, value, reconstruction);
	ok(memcmp(value, reconstruction, sizeof(value)) == 0,
	   "a row of missing values is its own reconstruction");
}

/* no input overflows a point */
static void
test_extremes(void)
{
	static const float values[] = {
		0, -0.0f, 1e-38f, 1, -1, 4.99f, 5.01f, -1e6f, 1e12f, -1e12f, 3e38f,
		-3e38f, INFINITY, -INFINITY, NAN
	};
	const int	n = (int) (sizeof(values) / sizeof(values[0]));

	for (int ncolumns = 1; ncolumns <= 3000; ncolumns = ncolumns * 7 + 1)
	{
		AeJoint		joint;
		int			levels;
		int16_t    *point;
		float	   *value;
		float	   *zero;
		bool		within = true;
		bool		ordered = true;
		int			last = -40000;

		make_numbers(ncolumns, &joint);
		levels = ae_joint_level(&joint, 0);
		point = take((size_t) ae_joint_width(&joint), sizeof(int16_t));
		value = take((size_t) ncolumns, sizeof(float));
		zero = take((size_t) ncolumns, sizeof(float));
		for (int a = 0; a < n; a++)
			for (int b = 0; b < n; b++)
			{
				value[0] = values[a];
				zero[0] = values[b];
				ae_joint_point(&joint, value, zero, point);
				for (int i = 0; i < ae_joint_width(&joint); i++)
					within &= abs(point[i]) <= levels;
			}
		/* compression keeps the order, and its two branches meet */
		zero[0] = 0.0f;
		for (double x = -1e13; x <= 1e13; x = x < -1e-3 ? x / 1.1
			 : x < 1e-3 ? x + 1e-3 : x * 1.1)
		{
			value[0] = (float) x;
			ae_joint_point(&joint, value, zero, point);
			ordered &= point[ncolumns] >= last;
			last = point[ncolumns];
		}
		ok(levels >= 1 && within && ordered,
		   "%d columns: all values are within %d levels, in order", ncolumns,
		   levels);
	}
}

/* an array counts like a number; its elements are not rounded away */
static void
test_levels(void)
{
	static const double weights[] = {0.001, 1.0, 1000.0};
	static const int widths[] = {1, 2, 768, 20000};

	for (int i = 0; i < 12; i++)
	{
		AeFeatures *f = make_features(2);
		AeJoint		joint = {0};
		double		sum = 0.0;
		double		least = INFINITY;

		make_column(f, 0, AE_KIND_NUMERIC, 1, 0, weights[i / 4]);
		make_column(f, 1, AE_KIND_NUMERIC, widths[i % 4], 0, 1.0);
		must(ae_features_layout(f, &arena) == AE_OK &&
			 ae_joint_layout(&joint, f, &arena) == AE_OK);
		for (int j = 0; j < joint.ncoords; j++)
		{
			double		level = ae_joint_level(&joint, j);

			sum += 2 * (2 * level) * (2 * level);
			least = fmin(least, joint.unit[j]);
		}
		ok(sum <= INT32_MAX && (sum > 0.9 * INT32_MAX || least > 1) &&
		   (i != 6 || least > 2),
		   "weight %g and %d elements: %.2f steps for each deviation",
		   weights[i / 4], widths[i % 4], least);
	}
}

/* fits n rows of made-up coordinates; the joint space is then fitted */
static AeStatus
fit_rows(AeJoint *joint, const AeFeatures *f, int n, double outliers)
{
	size_t		d = (size_t) joint->ncoords;
	float	   *value = take((size_t) n * d, sizeof(float));
	float	   *reconstruction = take((size_t) n * d, sizeof(float));
	AeRng		rng;

	ae_rng_seed(&rng, 3, 0);
	for (int i = 0; i < n; i++)
		for (size_t j = 0; j < d; j++)
		{
			size_t		at = (size_t) i * d + j;
			float		stretch = i % 10 == 0 ? (float) outliers : 1.0f;

			reconstruction[at] = stretch * ae_rng_normal(&rng);
			value[at] = reconstruction[at] + stretch * ae_rng_normal(&rng);
			/* the last column never varies */
			if (j == d - 1)
				value[at] = reconstruction[at] = 7.0f;
		}
	return ae_joint_fit(joint, f, value, reconstruction, n, &arena);
}

static void
test_fit(void)
{
	static const int counts[] = {1, 2, 3, 17, 1000};
	AeJoint		joint;
	AeJoint		other;
	AeFeatures *f = make_numbers(5, &joint);
	double		least = INFINITY;
	double		most = 0.0;

	for (int c = 0; c < 5; c++)
	{
		bool		finite = true;

		must(fit_rows(&joint, f, counts[c], 1.0) == AE_OK);
		for (int i = 0; i < 2 * 5; i++)
			finite &= isfinite(joint.factor[i]) && joint.factor[i] > 0 &&
				isfinite(joint.centre[i]);
		ok(finite, "scales of %d rows", counts[c]);
	}
	ok(joint.centre[4] == 7.0f && joint.centre[9] == 0.0f &&
	   joint.factor[4] > 10 * joint.factor[0],
	   "a constant column has a large factor");

	/* one row in ten is a thousand times as far out; not so the scale */
	make_numbers(5, &other);
	must(fit_rows(&other, f, 1000, 1000.0) == AE_OK);
	for (int i = 0; i < 4; i++)
	{
		least = fmin(least, other.factor[i] / joint.factor[i]);
		most = fmax(most, other.factor[i] / joint.factor[i]);
	}
	ok(least > 1.0 / 100 && most < 1.0,
	   "outliers a thousand times as far stretch scales by less than 100");

	for (long n = 0; n < 20; n++)
	{
		AeArena		own;
		float		numbers[10] = {0};
		AeStatus	status;

		ae_arena_init(&own, &unit_env);
		unit_alloc_budget = n;
		status = ae_joint_fit(&joint, f, numbers, numbers, 2, &own);
		unit_alloc_budget = -1;
		ae_arena_free(&own);
		if (status == AE_OK)
			break;
		ok(status == AE_ERR_MEMORY, "no memory for a fit");
	}
}

int
main(void)
{
	ae_arena_init(&arena, &unit_env);
	test_golden();
	test_labels();
	test_missing();
	test_extremes();
	test_levels();
	test_fit();
	ae_arena_free(&arena);
	return done();
}
