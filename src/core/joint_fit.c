/*
 * joint_fit.c
 *	  The scales of the joint space.
 *
 * Starting from all rows, those with the smallest sum of squares are kept and
 * centres and deviations calculated anew, three times: the concentration steps
 * of Rousseeuw and Van Driessen (1999) with a diagonal matrix.  A category is
 * scaled as a whole, so that its coordinates count as one number.
 *
 * A value is divided by the geometric mean of its deviation among these most
 * central rows and that among all rows: the first alone makes too much of what
 * is nearly always the same.
 */
#include <math.h>
#include <string.h>

#include "core/joint.h"
#include "core/sort.h"

/* reconstructions, residuals */
#define BLOCKS 2

#define CONCENTRATION_STEPS 3
#define CENTRAL_SHARE 0.7

/* added to deviations: of the rows, and of the mean variance */
#define DEVIATION_FLOOR 1e-3
#define VARIANCE_FLOOR 1e-3
#define TINY 1e-9

typedef struct JointFit
{
	AeJoint    *joint;
	const AeFeatures *features;
	const AeEnv *env;
	int			n;
	const float *value;			/* (n, d) */
	const float *reconstruction;
	bool	   *kept;			/* (n) */
	int			nkept;
	double	   *distance;		/* (n) of each row, squared */
	double	   *sorted;			/* (n) */
	double	   *mean;			/* (2 d) of the rows kept */
	double	   *variance;		/* (2 d) of the rows kept; a category's is
								 * the sum over its coordinates */
	double	   *base;			/* (2 d) deviation of all rows */
} JointFit;

static double
fit_value(const JointFit *fit, int row, int i)
{
	int			d = fit->joint->ncoords;
	size_t		at = (size_t) row * (size_t) d;
	const float *v = fit->value + at;
	const float *r = fit->reconstruction + at;

	return i < d ? r[i] : (double) v[i - d] - r[i - d];
}

/* sums the variances of each category's coordinates, block by block */
static void
fit_join_labels(JointFit *fit)
{
	const AeJoint *joint = fit->joint;

	for (int c = 0; c < fit->features->ncolumns; c++)
		for (int b = 0; b < BLOCKS; b++)
		{
			double	   *v = fit->variance + b * joint->ncoords;
			double		sum = 0.0;

			if (fit->features->columns[c].kind != AE_KIND_CATEGORY)
				continue;
			for (int i = joint->first[c]; i < joint->first[c + 1]; i++)
				sum += v[i];
			for (int i = joint->first[c]; i < joint->first[c + 1]; i++)
				v[i] = sum;
		}
}

/* means and variances of the rows kept, in two passes */
static void
fit_moments(JointFit *fit)
{
	int			width = BLOCKS * fit->joint->ncoords;

	memset(fit->mean, 0, (size_t) width * sizeof(double));
	memset(fit->variance, 0, (size_t) width * sizeof(double));
	for (int row = 0; row < fit->n; row++)
	{
		fit->env->poll(fit->env->host);
		for (int i = 0; fit->kept[row] && i < width; i++)
			fit->mean[i] += fit_value(fit, row, i) / fit->nkept;
	}
	for (int row = 0; row < fit->n; row++)
	{
		fit->env->poll(fit->env->host);
		for (int i = 0; fit->kept[row] && i < width; i++)
		{
			double		d = fit_value(fit, row, i) - fit->mean[i];

			fit->variance[i] += d * d / fit->nkept;
		}
	}
	fit_join_labels(fit);
}

/* the deviation of value i among the rows kept */
static double
fit_deviation(const JointFit *fit, int i, double floor)
{
	double		base = fit->base[i] * fit->base[i];

	return fit->base[i] * sqrt(fit->variance[i] / base + floor);
}

/* the mean over reconstructions and residuals of variance / base^2 */
static double
fit_mean_variance(const JointFit *fit)
{
	int			d = fit->joint->ncoords;
	double		sum = 0.0;

	for (int i = 0; i < 2 * d; i++)
		sum += fit->variance[i] / (fit->base[i] * fit->base[i]);
	return sum / (2 * d);
}

/* keeps the rows nearest to the centre */
static void
fit_concentrate(JointFit *fit, double floor)
{
	int			d = fit->joint->ncoords;
	double		bound;

	for (int row = 0; row < fit->n; row++)
	{
		double		sum = 0.0;

		fit->env->poll(fit->env->host);
		for (int i = 0; i < 2 * d; i++)
		{
			double		z = (fit_value(fit, row, i) - fit->mean[i]) /
				fit_deviation(fit, i, floor);

			sum += z * z;
		}
		fit->distance[row] = sum;
		fit->sorted[row] = sum;
	}
	ae_sort_doubles(fit->sorted, (size_t) fit->n);
	bound = fit->sorted[(int) (CENTRAL_SHARE * (fit->n - 1))];
	fit->nkept = 0;
	for (int row = 0; row < fit->n; row++)
	{
		fit->kept[row] = fit->distance[row] <= bound;
		fit->nkept += fit->kept[row];
	}
}

/* deviations of all rows, which the others start from */
static void
fit_bases(JointFit *fit)
{
	const AeJoint *joint = fit->joint;

	for (int i = 0; i < ae_joint_width(joint); i++)
		fit->base[i] = sqrt(fit->variance[i]) + DEVIATION_FLOOR;
}

/* what was missing from all training rows is reconstructed as anything */
static bool
fit_never_seen(const JointFit *fit, const AeColumn *column)
{
	for (int i = 0; i < column->ncells; i++)
		if (column->cells[i].nmissing < fit->features->nrows)
			return false;
	return true;
}

static void
fit_factors(JointFit *fit, double floor)
{
	AeJoint    *joint = fit->joint;
	int			d = joint->ncoords;

	for (int i = 0; i < ae_joint_width(joint); i++)
	{
		joint->factor[i] = (float)
			(1.0 / sqrt(fit->base[i] * fit_deviation(fit, i, floor)));
		joint->centre[i] = (float) fit->mean[i];
	}
	for (int c = 0; c < fit->features->ncolumns; c++)
		if (fit_never_seen(fit, &fit->features->columns[c]) ||
			!(fit->features->columns[c].weight > 0))
			for (int i = joint->first[c]; i < joint->first[c + 1]; i++)
				joint->factor[i] = joint->factor[d + i] = 0.0f;
}

AeStatus
ae_joint_fit(AeJoint *joint, const AeFeatures *features, const float *value,
			 const float *reconstruction, int n, AeArena *arena)
{
	JointFit	fit = {.joint = joint, .features = features,
		.env = arena->env, .n = n, .value = value,
	.reconstruction = reconstruction};
	size_t		rows = (size_t) n;
	size_t		width = BLOCKS * (size_t) joint->ncoords;
	double		floor = TINY;

	fit.kept = ae_arena_alloc(arena, rows, sizeof(bool));
	fit.distance = ae_arena_alloc(arena, rows, sizeof(double));
	fit.sorted = ae_arena_alloc(arena, rows, sizeof(double));
	fit.mean = ae_arena_alloc(arena, width, sizeof(double));
	fit.variance = ae_arena_alloc(arena, width, sizeof(double));
	fit.base = ae_arena_alloc(arena, width, sizeof(double));
	if (fit.kept == NULL || fit.distance == NULL || fit.sorted == NULL ||
		fit.mean == NULL || fit.variance == NULL || fit.base == NULL)
		return AE_ERR_MEMORY;

	memset(fit.kept, true, rows * sizeof(bool));
	fit.nkept = n;
	fit_moments(&fit);
	fit_bases(&fit);
	for (int step = 0; step < CONCENTRATION_STEPS; step++)
	{
		fit_concentrate(&fit, floor);
		fit_moments(&fit);
		floor = VARIANCE_FLOOR * fit_mean_variance(&fit) + TINY;
	}
	fit_factors(&fit, floor);
	return AE_OK;
}
