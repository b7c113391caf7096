/*
 * joint.h
 *	  The joint space of anomaly scores: what the network makes of a row and
 *	  what is left, on scales that outliers do not stretch.
 *
 * A column has one or more coordinates: a number one per cell, a boolean and
 * an ordinal column one, a calendar column one per input, a category up to
 * AE_JOINT_LABELS.  The point of a row with d coordinates has 2 d values:
 *
 *	reconstruction	what the network makes of it; probabilities of labels
 *	residual		the row less that; 0 where the row has no value
 *
 * A value is shifted by a centre and multiplied by a factor, compressed beyond
 * AE_JOINT_LINEAR, weighted like its column, and rounded to 16 bits.  So the
 * distance of two points is calculated in integers, fast and the same
 * everywhere, and it is a sum over columns, which makes exact explanations
 * possible.
 */
#ifndef AE_JOINT_H
#define AE_JOINT_H

#include "core/feature.h"

/* coordinates of a category with more labels, see joint.c */
#define AE_JOINT_LABELS 16

/* points are compared in groups of as many */
#define AE_JOINT_GROUP AE_LANES

/* larger values grow with their logarithm only */
#define AE_JOINT_LINEAR 5.0f

/* no compressed value is larger: that of 1e12 */
#define AE_JOINT_LIMIT 136.0f

typedef struct AeJoint
{
	int			ncoords;		/* d; 0: there is no joint space */
	float	   *factor;			/* (2 d) of reconstructions and residuals */
	float	   *centre;			/* (2 d) */

	/*
	 * Points of training rows, the coreset, and what is added to the squared
	 * distance of each.  Groups of AE_JOINT_GROUP points are interleaved by
	 * pairs of values: (ngroups, d, AE_JOINT_GROUP, 2).  Offsets beyond the
	 * last point are infinite.
	 */
	int			npoints;
	int16_t    *points;
	float	   *offset;			/* (ngroups * AE_JOINT_GROUP) */
	int			neighbours;		/* nearest points that make the score */
	double		log_unit;		/* log of the score's unit */

	/* derived by ae_joint_layout() */
	int		   *first;			/* (ncolumns + 1) each column's first
								 * coordinate, then d */
	float	   *unit;			/* (d) of a rounded value, times its weight */
	float		square;			/* what 1 counts in a squared distance */
} AeJoint;

/* values of a point */
static inline int
ae_joint_width(const AeJoint *joint)
{
	return 2 * joint->ncoords;
}

static inline int
ae_joint_groups(const AeJoint *joint)
{
	return (joint->npoints + AE_JOINT_GROUP - 1) / AE_JOINT_GROUP;
}

/* where a value of a point is in points */
static inline size_t
ae_joint_at(const AeJoint *joint, int point, int value)
{
	size_t		group = (size_t) (point / AE_JOINT_GROUP);

	return ((group * (size_t) joint->ncoords + (size_t) (value / 2)) *
			AE_JOINT_GROUP + (size_t) (point % AE_JOINT_GROUP)) * 2 +
		(size_t) (value % 2);
}

/* rounded values of coordinate i are within [-level, level] */
extern int	ae_joint_level(const AeJoint *joint, int i);

/* coordinates of all columns */
extern int	ae_joint_coords(const AeFeatures *features);

/* fills in what follows from the features, and allocates factor and centre */
extern AeStatus ae_joint_layout(AeJoint *joint, const AeFeatures *features,
								AeArena *arena);

/* allocates room for npoints points and their offsets, all 0 */
extern AeStatus ae_joint_allocate_points(AeJoint *joint, int npoints,
										 AeArena *arena);

/*
 * Coordinates of a row and of its reconstruction (ncoords each), not yet
 * shifted and scaled, from a target and an output vector of the features.
 * What is missing is as reconstructed.
 */
extern void ae_joint_coordinates(const AeJoint *joint,
								 const AeFeatures *features,
								 const float *target, const float *output,
								 float *value, float *reconstruction);

/* the point (2 d) of such coordinates */
extern void ae_joint_point(const AeJoint *joint, const float *value,
						   const float *reconstruction, int16_t *point);

/*
 * The weighted mean of the squared values of such a point before compression:
 * the robust diagonal distance.  share (ncolumns), which may be NULL, gets
 * each column's part of the sum.
 */
extern double ae_joint_distance(const AeJoint *joint,
								const AeFeatures *features,
								const float *value,
								const float *reconstruction, double *share);

/*
 * Fits centres and factors to n rows, n > 0: values and reconstructions
 * (n, d) each.  See joint_fit.c for the formulas.
 */
extern AeStatus ae_joint_fit(AeJoint *joint, const AeFeatures *features,
							 const float *value, const float *reconstruction,
							 int n, AeArena *arena);

/*
 * The row that a point of the coreset stands for (ncells), in original units:
 * as exact as the rounding of points; a missing cell is what the network made
 * of it.  output (output_width) is scratch.
 */
extern void ae_joint_restore(const AeJoint *joint, const AeFeatures *features,
							 int point, float *output, double *row);

/* puts a point into the coreset */
extern void ae_joint_set_point(AeJoint *joint, int index,
							   const int16_t *point);

#endif							/* AE_JOINT_H */
