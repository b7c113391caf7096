/*
 * joint.c
 *	  Points of rows in the joint space.
 *
 * Labels.  A category whose labels, "other" included, are no more than
 * AE_JOINT_LABELS has a coordinate for each.  With more labels the most
 * frequent ones keep an axis of their own, and the others are corners of a
 * cube over the axes that are left: unit vectors whose signs are a hash of the
 * label's index.  Two of these are sqrt(2) apart on average, as two of the
 * others are; one pair in 2^SHARED_AXES coincides.
 *
 * Counts and levels.  Coordinates are places of feature_cell.h: a count's
 * residual is nearly its deviance residual.
 *
 * Rounding.  A squared distance is summed in 32 bits, so the wider a point,
 * the coarser its values: 22 steps for each deviation with 30 columns.  What
 * counts is the sum of the largest squares: were every value given the room of
 * the heaviest, an array's elements would vanish beside a single number.
 */
#include "core/joint.h"

#include <math.h>
#include <string.h>

#include "core/feature_cell.h"
#include "core/rng.h"

/* axes of their own when a category has more than AE_JOINT_LABELS labels */
#define OWN_AXES (AE_JOINT_LABELS / 2)
#define SHARED_AXES (AE_JOINT_LABELS - OWN_AXES)

/* a difference of two rounded values still fits 16 bits */
#define MAX_LEVEL 16383.0

/* a bit less than the root of the largest sum of squares, 2^31 - 1 */
#define MAX_LENGTH 46340.0

static int
column_coords(const AeColumn *column)
{
	if (column->kind == AE_KIND_ORDINAL)
		return 1;
	if (column->kind != AE_KIND_CATEGORY)
		return column->output_width;
	return column->nlabels + 1 < AE_JOINT_LABELS
		? column->nlabels + 1 : AE_JOINT_LABELS;
}

int
ae_joint_coords(const AeFeatures *features)
{
	int			ncoords = 0;

	/* no more than the outputs, which are capped */
	for (int c = 0; c < features->ncolumns; c++)
		ncoords += column_coords(&features->columns[c]);
	return ncoords;
}

/* the root of what a coordinate of the column counts */
static double
column_weight(const AeColumn *column)
{
	int			parts = column->kind == AE_KIND_CATEGORY ||
		column->kind == AE_KIND_ORDINAL ? 1 : column->output_width;

	return sqrt(column->weight / parts);
}

/* the largest size of rounded values of coordinate i */
int
ae_joint_level(const AeJoint *joint, int i)
{
	return (int) (AE_JOINT_LIMIT * joint->unit[i] + 0.5f);
}

/*
 * The difference of two values of weight w is up to 2 AE_JOINT_LIMIT w / step,
 * and 1 for rounding.  So the root of the sum of 2 d squares is up to
 * 2 AE_JOINT_LIMIT sqrt(2 squares) / step + sqrt(2 d), which must not exceed
 * MAX_LENGTH.
 */
static void
joint_set_units(AeJoint *joint, const AeFeatures *features)
{
	double		most = 0.0;
	double		squares = 0.0;
	double		step;

	for (int c = 0; c < features->ncolumns; c++)
	{
		double		weight = column_weight(&features->columns[c]);

		most = fmax(most, weight);
		squares += weight * weight *
			(joint->first[c + 1] - joint->first[c]);
	}
	step = fmax(most / MAX_LEVEL, 2.0 * sqrt(2.0 * squares) /
				(MAX_LENGTH - sqrt(ae_joint_width(joint)))) * AE_JOINT_LIMIT;
	if (!(step > 0))
		step = 1.0;
	joint->square = (float) (step * step);
	for (int c = 0; c < features->ncolumns; c++)
		for (int i = joint->first[c]; i < joint->first[c + 1]; i++)
			joint->unit[i] =
				(float) (column_weight(&features->columns[c]) / step);
}

AeStatus
ae_joint_layout(AeJoint *joint, const AeFeatures *features, AeArena *arena)
{
	int			ncoords = 0;
	size_t		d;

	joint->first = ae_arena_alloc(arena, (size_t) features->ncolumns + 1,
								  sizeof(int));
	if (joint->first == NULL)
		return AE_ERR_MEMORY;
	for (int c = 0; c < features->ncolumns; c++)
	{
		joint->first[c] = ncoords;
		ncoords += column_coords(&features->columns[c]);
	}
	joint->first[features->ncolumns] = ncoords;
	joint->ncoords = ncoords;
	d = (size_t) ncoords;
	joint->factor = ae_arena_alloc(arena, 2 * d, sizeof(float));
	joint->centre = ae_arena_alloc(arena, 2 * d, sizeof(float));
	joint->unit = ae_arena_alloc(arena, d, sizeof(float));
	if (joint->factor == NULL || joint->centre == NULL || joint->unit == NULL)
		return AE_ERR_MEMORY;
	joint_set_units(joint, features);
	return AE_OK;
}

AeStatus
ae_joint_allocate_points(AeJoint *joint, int npoints, AeArena *arena)
{
	size_t		room;

	joint->npoints = npoints;
	room = (size_t) ae_joint_groups(joint) * AE_JOINT_GROUP;
	joint->points = ae_arena_alloc(arena, room,
								   (size_t) ae_joint_width(joint) *
								   sizeof(int16_t));
	joint->offset = ae_arena_alloc(arena, room, sizeof(float));
	if (joint->points == NULL || joint->offset == NULL)
		return AE_ERR_MEMORY;
	for (size_t i = (size_t) npoints; i < room; i++)
		joint->offset[i] = INFINITY;
	return AE_OK;
}

void
ae_joint_set_point(AeJoint *joint, int index, const int16_t *point)
{
	for (int i = 0; i < ae_joint_width(joint); i++)
		joint->points[ae_joint_at(joint, index, i)] = point[i];
}

/*----------
 * Coordinates.
 *----------
 */

/* adds share times the label's unit vector */
static void
label_add(int ncoords, int nlabels, int label, float share, float *coords)
{
	uint64_t	signs;

	if (nlabels < AE_JOINT_LABELS || label < OWN_AXES)
	{
		coords[label] += share;
		return;
	}
	signs = ae_rng_hash((uint64_t) label * AE_RNG_STEP);
	share *= 1.0f / sqrtf((float) SHARED_AXES);
	for (int i = OWN_AXES; i < ncoords; i++, signs >>= 1)
		coords[i] += signs & 1 ? share : -share;
}

/* expected coordinates of a category with such logits */
static void
label_expect(const AeColumn *column, int ncoords, const float *logits,
			 float *coords)
{
	int			n = column->nlabels + 1;
	float		most = logits[0];
	float		sum = 0.0f;

	for (int i = 1; i < n; i++)
		most = logits[i] > most ? logits[i] : most;
	for (int i = 0; i < n; i++)
		sum += expf(logits[i] - most);
	for (int i = 0; i < n; i++)
		label_add(ncoords, column->nlabels, i, expf(logits[i] - most) / sum,
				  coords);
}

static void
category_coordinates(const AeColumn *column, int ncoords, const float *target,
					 const float *output, float *value, float *reconstruction)
{
	memset(value, 0, (size_t) ncoords * sizeof(float));
	memset(reconstruction, 0, (size_t) ncoords * sizeof(float));
	label_expect(column, ncoords, output, reconstruction);
	if (isnan(target[0]))
		memcpy(value, reconstruction, (size_t) ncoords * sizeof(float));
	else
		label_add(ncoords, column->nlabels, (int) target[0], 1.0f, value);
}

/* kinds whose coordinates are places of feature_cell.h, not the numbers that
 * they stand for */
static bool
has_places(const AeColumn *column)
{
	return column->kind == AE_KIND_POISSON ||
		column->kind == AE_KIND_ORDINAL;
}

/* of cell i; all pointers to its first slots */
static void
place_coordinates(const AeColumn *column, int i, const float *target,
				  const float *output, float *value, float *reconstruction)
{
	const AeCell *cell = &column->cells[i];

	*reconstruction = (float) ae_cell_place_output(column, cell, output);
	*value = isnan(*target) ? *reconstruction
		: (float) ae_cell_place_target(column, cell, *target);
}

void
ae_joint_coordinates(const AeJoint *joint, const AeFeatures *features,
					 const float *target, const float *output,
					 float *value, float *reconstruction)
{
	for (int c = 0; c < features->ncolumns; c++)
	{
		const AeColumn *column = &features->columns[c];
		const float *t = target + column->output;
		const float *o = output + column->output;
		float	   *v = value + joint->first[c];
		float	   *r = reconstruction + joint->first[c];
		int			n = joint->first[c + 1] - joint->first[c];

		if (column->kind == AE_KIND_CATEGORY)
		{
			category_coordinates(column, n, t, o, v, r);
			continue;
		}
		for (int i = 0; i < n; i++)
			if (has_places(column))
				place_coordinates(column, i, t + i, o + i, v + i, r + i);
			else
			{
				r[i] = column->kind == AE_KIND_BINARY
					? 1.0f / (1.0f + expf(-o[i])) : o[i];
				v[i] = isnan(t[i]) ? r[i] : t[i];
			}
	}
}

/* a size beyond AE_JOINT_LINEAR; NaN, from weights that no training makes, is
 * the limit too */
static float
point_compress(float size)
{
	if (!(size < 1e12f))
		return AE_JOINT_LIMIT;
	return AE_JOINT_LINEAR * (1.0f + logf(size / AE_JOINT_LINEAR));
}

static inline int16_t
point_value(float z, float unit)
{
	float		size = fabsf(z);

	if (!(size <= AE_JOINT_LINEAR))
		size = point_compress(size);

	/* of a NaN, the sign does not count */
	return (int16_t) copysignf(size * unit + 0.5f, isnan(z) ? 1.0f : z);
}

void
ae_joint_point(const AeJoint *joint, const float *value,
			   const float *reconstruction, int16_t *point)
{
	int			d = joint->ncoords;

	for (int i = 0; i < d; i++)
	{
		float		h = reconstruction[i] - joint->centre[i];
		float		r = value[i] - reconstruction[i] - joint->centre[d + i];

		point[i] = point_value(h * joint->factor[i], joint->unit[i]);
		point[d + i] = point_value(r * joint->factor[d + i], joint->unit[i]);
	}
}

/* the inverse of point_value() */
static float
point_size(int value, float unit)
{
	float		size = unit > 0 ? fabsf((float) value) / unit : 0.0f;

	if (size > AE_JOINT_LINEAR)
		size = AE_JOINT_LINEAR * expf(size / AE_JOINT_LINEAR - 1.0f);
	return value < 0 ? -size : size;
}

/* value i of a point before it was shifted and scaled */
static float
point_coordinate(const AeJoint *joint, int point, int i)
{
	int			value = joint->points[ae_joint_at(joint, point, i)];

	return joint->factor[i] > 0 ? joint->centre[i] +
		point_size(value, joint->unit[i % joint->ncoords]) / joint->factor[i]
		: joint->centre[i];
}

/* the label whose coordinates are most like these */
static int
label_nearest(const AeColumn *column, int ncoords, const float *coords)
{
	float		most = -INFINITY;
	int			label = 0;

	for (int l = 0; l <= column->nlabels; l++)
	{
		float		corner[AE_JOINT_LABELS] = {0};
		float		product = 0.0f;

		label_add(ncoords, column->nlabels, l, 1.0f, corner);
		for (int i = 0; i < ncoords; i++)
			product += corner[i] * coords[i];
		if (product > most)
		{
			most = product;
			label = l;
		}
	}
	return label;
}

void
ae_joint_restore(const AeJoint *joint, const AeFeatures *features, int point,
				 float *output, double *row)
{
	for (int c = 0; c < features->ncolumns; c++)
	{
		const AeColumn *column = &features->columns[c];
		float	   *o = output + column->output;
		float		coords[AE_JOINT_LABELS];
		bool		is_category = column->kind == AE_KIND_CATEGORY;
		int			first = joint->first[c];
		int			n = joint->first[c + 1] - first;
		float	   *to = is_category ? coords : o;

		for (int i = 0; i < n; i++)
			to[i] = point_coordinate(joint, point, first + i) +
				point_coordinate(joint, point, joint->ncoords + first + i);
		if (column->kind == AE_KIND_BINARY)
			o[0] -= 0.5f;
		for (int i = n; i < column->output_width && !is_category; i++)
			o[i] = 0.0f;
		if (is_category)
		{
			memset(o, 0, (size_t) column->output_width * sizeof(float));
			o[label_nearest(column, n, coords)] = 1.0f;
		}
	}
	ae_features_decode(features, output, row);

	/* of columns that do not count a point knows nothing */
	for (int c = 0; c < features->ncolumns; c++)
		for (int i = 0; i < features->columns[c].ncells; i++)
			if (!(features->columns[c].weight > 0))
				row[features->columns[c].cell + i] = NAN;

	/* nobody vouches for a point, and a cell is finite or missing */
	for (int i = 0; i < features->ncells; i++)
		if (!isfinite(row[i]))
			row[i] = NAN;

	/* decoding never answers "other", but it may have been the row's; a place
	 * is no output */
	for (int c = 0; c < features->ncolumns; c++)
	{
		const AeColumn *column = &features->columns[c];

		if (!(column->weight > 0))
			continue;
		if (column->kind == AE_KIND_BINARY)
			row[column->cell] = output[column->output] > 0.0f;
		for (int i = 0; i < column->ncells && has_places(column); i++)
			row[column->cell + i] =
				ae_cell_from_place(column, &column->cells[i],
								   output[column->output + i]);
		if (column->kind == AE_KIND_CATEGORY &&
			output[column->output + column->nlabels] > 0.0f)
			row[column->cell] = column->nlabels;
	}

	/* nobody vouches for a point, and a cell is finite or missing */
	for (int i = 0; i < features->ncells; i++)
		if (!isfinite(row[i]))
			row[i] = NAN;
}

double
ae_joint_distance(const AeJoint *joint, const AeFeatures *features,
				  const float *value, const float *reconstruction,
				  double *share)
{
	int			d = joint->ncoords;
	double		sum = 0.0;

	for (int c = 0; c < features->ncolumns; c++)
	{
		double		weight = column_weight(&features->columns[c]);
		double		part = 0.0;

		for (int i = joint->first[c]; i < joint->first[c + 1]; i++)
		{
			double		h = (double) reconstruction[i] - joint->centre[i];
			double		r = (double) value[i] - reconstruction[i] -
				joint->centre[d + i];
			double		x = h * joint->factor[i];
			double		y = r * joint->factor[d + i];

			part += x * x + y * y;
		}
		part *= weight * weight;
		sum += part;
		if (share != NULL)
			share[c] = part;
	}
	return sum / ae_joint_width(joint);
}
