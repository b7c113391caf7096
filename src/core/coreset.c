/*
 * coreset.c
 *	  Which training rows stand for all of them.
 *
 * Anomalies among the training rows must not vouch for each other.  Two things
 * prevent it.  First, rows are kept at a distance from each other: of rows
 * that are closer than most rows are to their nearest, one is enough, so that
 * a clump of equal anomalies is one point.  Second, points pay for being far
 * from the rest: with g the mean over groups of AE_JOINT_GROUP points of the
 * distance to the nearest in each, what counts as the squared distance to a
 * point is increased by penalty times the amount by which g^2 exceeds the
 * square of the median g.  docs/detection.md has the measurements.
 */
#include "core/coreset.h"

#include <math.h>
#include <string.h>

#include "core/sort.h"

/* the share of rows that have their nearest within the least distance */
#define CLOSE_SHARE 0.25

typedef struct CoresetFit
{
	const AeKernels *kernels;
	const AeEnv *env;
	AeJoint		all;			/* the candidates as points */
	int16_t    *point;			/* (2 d) of one of them */
	float	   *distance;		/* to all points */
	double	   *spread;			/* of each candidate or point */
	double	   *sorted;
} CoresetFit;

/* the quantile of the spreads of the first n */
static double
fit_quantile(CoresetFit *fit, int n, double share)
{
	memcpy(fit->sorted, fit->spread, (size_t) n * sizeof(double));
	ae_sort_doubles(fit->sorted, (size_t) n);
	return fit->sorted[(int) (share * (n - 1))];
}

/* squared distances of candidate or point i to all points of joint */
static void
fit_distances(CoresetFit *fit, const AeJoint *joint, const AeJoint *of, int i)
{
	fit->env->poll(fit->env->host);
	for (int j = 0; j < ae_joint_width(of); j++)
		fit->point[j] = of->points[ae_joint_at(of, i, j)];
	fit->kernels->distances(ae_joint_groups(joint), joint->ncoords,
							fit->point, joint->points, joint->square,
							joint->offset, fit->distance);
}

/* the least of n distances */
static double
fit_least(const CoresetFit *fit, int n)
{
	double		least = INFINITY;

	for (int j = 0; j < n; j++)
		least = fit->distance[j] < least ? fit->distance[j] : least;
	return least;
}

/* random rows in random order */
static AeStatus
fit_candidates(CoresetFit *fit, const float *value,
			   const float *reconstruction, int n, AeRng *rng,
			   AeArena *scratch)
{
	size_t		d = (size_t) fit->all.ncoords;
	int		   *order = ae_arena_alloc(scratch, (size_t) n, sizeof(int));

	if (order == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < n; i++)
		order[i] = i;
	for (int i = 0; i < fit->all.npoints; i++)
	{
		int			j = i + (int) ae_rng_below(rng, (uint32_t) (n - i));
		size_t		row = (size_t) order[j];

		order[j] = order[i];
		fit->env->poll(fit->env->host);
		ae_joint_point(&fit->all, value + row * d, reconstruction + row * d,
					   fit->point);
		ae_joint_set_point(&fit->all, i, fit->point);
	}
	return AE_OK;
}

/* candidates that keep their distance from those before them */
static void
fit_points(CoresetFit *fit, AeJoint *joint)
{
	const AeJoint *all = &fit->all;
	int			most = joint->npoints;
	double		close;

	for (int i = 0; i < all->npoints; i++)
	{
		fit_distances(fit, all, all, i);
		fit->distance[i] = INFINITY;
		fit->spread[i] = fit_least(fit, all->npoints);
	}
	close = fit_quantile(fit, all->npoints, CLOSE_SHARE);

	joint->npoints = 0;
	for (int i = 0; i < all->npoints && joint->npoints < most; i++)
	{
		fit_distances(fit, joint, all, i);
		if (joint->npoints > 0 && fit_least(fit, joint->npoints) <= close)
			continue;
		joint->npoints++;
		ae_joint_set_point(joint, joint->npoints - 1, fit->point);
	}
}

/* the square of the mean distance of a point to the nearest of each group */
static double
fit_wide(CoresetFit *fit, const AeJoint *joint, int i)
{
	double		sum = 0.0;
	int			ngroups = 0;

	fit_distances(fit, joint, joint, i);
	fit->distance[i] = INFINITY;
	for (int first = 0; first < joint->npoints; first += AE_JOINT_GROUP)
	{
		double		least = INFINITY;

		for (int j = first; j < first + AE_JOINT_GROUP && j < joint->npoints;
			 j++)
			least = fit->distance[j] < least ? fit->distance[j] : least;
		if (isinf(least))
			continue;
		sum += sqrt(least);
		ngroups++;
	}
	return ngroups > 0 ? sum / ngroups * (sum / ngroups) : 0.0;
}

static void
fit_offsets(CoresetFit *fit, AeJoint *joint, double penalty)
{
	double		median;

	for (int i = 0; i < joint->npoints; i++)
		fit->spread[i] = fit_wide(fit, joint, i);
	median = fit_quantile(fit, joint->npoints, 0.5);
	for (int i = 0; i < joint->npoints; i++)
		joint->offset[i] = fit->spread[i] > median
			? (float) (penalty * (fit->spread[i] - median)) : 0.0f;
	for (int i = joint->npoints; i < ae_joint_groups(joint) * AE_JOINT_GROUP;
		 i++)
		joint->offset[i] = INFINITY;
}

/* room for as many points as joint has */
static AeStatus
fit_allocate(CoresetFit *fit, const AeJoint *joint, AeArena *scratch)
{
	size_t		room = (size_t) ae_joint_groups(joint) * AE_JOINT_GROUP;

	fit->point = ae_arena_alloc(scratch, (size_t) ae_joint_width(joint),
								sizeof(int16_t));
	fit->distance = ae_arena_alloc(scratch, room, sizeof(float));
	fit->spread = ae_arena_alloc(scratch, room, sizeof(double));
	fit->sorted = ae_arena_alloc(scratch, room, sizeof(double));
	return fit->point != NULL && fit->distance != NULL &&
		fit->spread != NULL && fit->sorted != NULL ? AE_OK : AE_ERR_MEMORY;
}

AeStatus
ae_coreset_fit(AeJoint *joint, const AeKernels *kernels, const float *value,
			   const float *reconstruction, int n, double penalty, AeRng *rng,
			   AeArena *arena, AeArena *scratch)
{
	CoresetFit	fit = {.kernels = kernels, .env = arena->env, .all = *joint};
	int			most = n / AE_CORESET_CANDIDATES < joint->npoints
		? n : AE_CORESET_CANDIDATES * joint->npoints;

	AE_TRY(ae_joint_allocate_points(&fit.all, most, scratch));
	AE_TRY(fit_allocate(&fit, &fit.all, scratch));
	if (joint->npoints > most)
		joint->npoints = most;
	AE_TRY(ae_joint_allocate_points(joint, joint->npoints, arena));
	AE_TRY(fit_candidates(&fit, value, reconstruction, n, rng, scratch));
	fit_points(&fit, joint);
	fit_offsets(&fit, joint, penalty);
	return AE_OK;
}

AeStatus
ae_coreset_fit_offsets(AeJoint *joint, const AeKernels *kernels,
					   double penalty, AeArena *scratch)
{
	CoresetFit	fit = {.kernels = kernels, .env = scratch->env};

	/* the distances that offsets follow from are without them */
	for (int i = 0; i < joint->npoints; i++)
		joint->offset[i] = 0.0f;
	AE_TRY(fit_allocate(&fit, joint, scratch));
	fit_offsets(&fit, joint, penalty);
	return AE_OK;
}
