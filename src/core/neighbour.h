/*
 * neighbour.h
 *	  How far a point is from the nearest points of the coreset.
 *
 * The log distance of a point is the logarithm of the mean distance to the k
 * nearest points.  A training row is in the coreset itself, so one point that
 * is identical is left out, the same for every row.
 *
 * The squared distance to a point has an offset: what is far from everything
 * itself makes nothing near it normal.  See coreset.c.
 */
#ifndef AE_NEIGHBOUR_H
#define AE_NEIGHBOUR_H

#include "core/joint.h"

/* one more, for an identical point, is found by as many lanes */
#define AE_MAX_NEIGHBOURS (AE_LANES - 1)

/* work space for one point; not shared between concurrent callers */
typedef struct AeNeighbours
{
	const AeJoint *joint;		/* borrowed */
	float	   *distance;		/* (groups * AE_JOINT_GROUP) squared */
	float	   *least;			/* (AE_LANES) of each lane's distances */
	int		   *candidate;		/* (groups * AE_JOINT_GROUP) */
	int32_t    *norm;			/* (groups * AE_JOINT_GROUP) of the points */
	bool		has_norms;
	int			nnear;
	int			near[AE_MAX_NEIGHBOURS + 1];	/* points, nearest first */
} AeNeighbours;

/* joint must have points, which stay as they are from the first search on */
extern AeStatus ae_neighbours_create(const AeJoint *joint, AeArena *arena,
									 AeNeighbours **neighbours);

/* finds the neighbours of a point (2 d); returns its log distance */
extern double ae_neighbours_find(AeNeighbours *neighbours,
								 const AeKernels *kernels,
								 const int16_t *point);

/*
 * The same in two steps.  Squared distances of rows points (rows, ldp), even
 * ldp, to distance (rows, ldd) and the least of each lane to least (rows,
 * AE_LANES), padded; and the neighbours of the point of which
 * neighbours->distance and neighbours->least, which may be the caller's, are.
 */
extern void ae_neighbours_measure(AeNeighbours *neighbours,
								  const AeKernels *kernels, int rows,
								  const int16_t *point, size_t ldp,
								  float *distance, size_t ldd, float *least);
extern double ae_neighbours_choose(AeNeighbours *neighbours,
								   const AeKernels *kernels);

/*
 * What each column contributes to the distances of the point found last, whose
 * neighbours count alike; their sum has no meaning.  share (ncolumns); all 0
 * if the neighbours are identical.
 */
extern void ae_neighbours_share(const AeNeighbours *neighbours,
								int ncolumns, const int16_t *point,
								double *share);

#endif							/* AE_NEIGHBOUR_H */
