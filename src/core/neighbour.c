/*
 * neighbour.c
 *	  How far a point is from the nearest points of the coreset.
 */
#include "core/neighbour.h"

#include <math.h>
#include <string.h>

/* added to distances, in steps of rounding: nearer is the same */
#define DISTANCE_FLOOR 0.5

/*
 * A squared distance, in steps of rounding, up to which a point is the row
 * itself: calculated by other kernels, a few of its values may be a step off.
 * Such squares are whole numbers; the half is for the rounding of sums.
 */
#define SAME_LEVELS 4.5f

AeStatus
ae_neighbours_create(const AeJoint *joint, AeArena *arena,
					 AeNeighbours **neighbours)
{
	AeNeighbours *n = ae_arena_alloc(arena, 1, sizeof(AeNeighbours));
	size_t		room = (size_t) ae_joint_groups(joint) * AE_JOINT_GROUP;

	if (n == NULL)
		return AE_ERR_MEMORY;
	n->joint = joint;
	n->distance = ae_arena_alloc(arena, room, sizeof(float));
	n->candidate = ae_arena_alloc(arena, room, sizeof(int));
	n->least = ae_arena_alloc(arena, AE_LANES, sizeof(float));
	n->norm = ae_arena_alloc(arena, room, sizeof(int32_t));
	if (n->distance == NULL || n->candidate == NULL || n->norm == NULL ||
		n->least == NULL)
		return AE_ERR_MEMORY;
	*neighbours = n;
	return AE_OK;
}

/*
 * A distance that no more than a few points are below, count of them at
 * least: the count-th smallest of the smallest in each lane.
 */
static float
neighbours_bound(const float smallest[AE_LANES], int count)
{
	float		sorted[AE_LANES] = {0};

	/* the count smallest so far */
	for (int i = 0; i < AE_LANES; i++)
	{
		int			at = i;

		if (i >= count)
		{
			if (smallest[i] >= sorted[count - 1])
				continue;
			at = count - 1;
		}
		for (; at > 0 && sorted[at - 1] > smallest[i]; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = smallest[i];
	}
	return sorted[count - 1];
}

/* keeps the nearest points in order; equal ones in the coreset's order */
static void
neighbours_insert(AeNeighbours *n, int point, int limit)
{
	int			at = n->nnear;

	while (at > 0 && n->distance[n->near[at - 1]] > n->distance[point])
		at--;
	if (at == limit)
		return;
	if (n->nnear < limit)
		n->nnear++;
	memmove(n->near + at + 1, n->near + at,
			(size_t) (n->nnear - at - 1) * sizeof(int));
	n->near[at] = point;
}

/* the nearest that is the row itself is no neighbour */
static void
neighbours_leave_out_self(AeNeighbours *n)
{
	const AeJoint *joint = n->joint;
	float		same = SAME_LEVELS * joint->square;

	for (int i = 0; i < n->nnear; i++)
		if (n->distance[n->near[i]] <= joint->offset[n->near[i]] + same)
		{
			n->nnear--;
			memmove(n->near + i, n->near + i + 1,
					(size_t) (n->nnear - i) * sizeof(int));
			return;
		}
}

/* the nearest points, of one more that may be the row itself */
static void
neighbours_select(AeNeighbours *n, const AeKernels *kernels)
{
	const AeJoint *joint = n->joint;
	int			room = ae_joint_groups(joint) * AE_JOINT_GROUP;
	int			limit = joint->neighbours + 1;
	int			ncandidates;
	float		bound = neighbours_bound(n->least, limit);

	ncandidates = kernels->at_most(room, n->distance, bound, n->candidate);
	n->nnear = 0;
	for (int i = 0; i < ncandidates; i++)
		if (!isinf(n->distance[n->candidate[i]]))
			neighbours_insert(n, n->candidate[i], limit);
	neighbours_leave_out_self(n);
	if (n->nnear > joint->neighbours)
		n->nnear = joint->neighbours;
}

void
ae_neighbours_measure(AeNeighbours *n, const AeKernels *kernels, int rows,
					  const int16_t *point, size_t ldp, float *distance,
					  size_t ldd, float *least)
{
	const AeJoint *joint = n->joint;
	int			ngroups = ae_joint_groups(joint);

	if (!n->has_norms)
		kernels->norms(ngroups, joint->ncoords, joint->points, n->norm);
	n->has_norms = true;
	kernels->near(rows, ngroups, joint->ncoords, point, ldp, joint->points,
				  n->norm, joint->square, joint->offset, distance, ldd,
				  least);
}

double
ae_neighbours_find(AeNeighbours *n, const AeKernels *kernels,
				   const int16_t *point)
{
	ae_neighbours_measure(n, kernels, 1, point, 0, n->distance, 0,
						  n->least);
	return ae_neighbours_choose(n, kernels);
}

double
ae_neighbours_choose(AeNeighbours *n, const AeKernels *kernels)
{
	const AeJoint *joint = n->joint;
	double		sum = 0.0;

	neighbours_select(n, kernels);
	for (int i = 0; i < n->nnear; i++)
		sum += sqrt(n->distance[n->near[i]]);
	if (n->nnear > 0)
		sum /= n->nnear;
	return log(sum + DISTANCE_FLOOR * sqrt(joint->square));
}

void
ae_neighbours_share(const AeNeighbours *n, int ncolumns,
					const int16_t *point, double *share)
{
	const AeJoint *joint = n->joint;

	memset(share, 0, (size_t) ncolumns * sizeof(double));
	for (int k = 0; k < n->nnear; k++)
	{
		int			q = n->near[k];
		double		distance = sqrt(n->distance[q]);

		for (int c = 0; c < ncolumns && distance > 0; c++)
			for (int i = joint->first[c]; i < joint->first[c + 1]; i++)
			{
				int			other = joint->ncoords + i;
				double		x = point[i] -
					joint->points[ae_joint_at(joint, q, i)];
				double		y = point[other] -
					joint->points[ae_joint_at(joint, q, other)];

				share[c] += (x * x + y * y) * joint->square / distance;
			}
	}
}
