/*
 * joint_space.h
 *	  Features by hand, and joint spaces over them, for the tests of what
 *	  scores are measured in.
 */
#ifndef AE_JOINT_SPACE_H
#define AE_JOINT_SPACE_H

#include "unit.h"

#include "core/coreset.h"
#include "core/neighbour.h"

static AeArena arena;

/* what a test cannot go on without */
static inline void
must(bool cond)
{
	if (cond)
		return;
	printf("Bail out! the features by hand are wrong, or no memory\n");
	exit(1);
}

static inline void *
take(size_t count, size_t size)
{
	void	   *piece = ae_arena_alloc(&arena, count, size);

	must(piece != NULL);
	return piece;
}

static inline AeFeatures *
make_features(int ncolumns)
{
	AeFeatures *f = take(1, sizeof(AeFeatures));

	f->nrows = 1000;
	f->ncolumns = ncolumns;
	f->columns = take((size_t) ncolumns, sizeof(AeColumn));
	return f;
}

/* ncells numbers, a boolean, a date, or a category of nlabels labels */
static inline void
make_column(AeFeatures *f, int i, AeKind kind, int ncells, int nlabels,
			double weight)
{
	static const AeLoss losses[] = {
		[AE_KIND_NUMERIC] = AE_LOSS_SQUARED,
		[AE_KIND_BINARY] = AE_LOSS_LOGISTIC,
		[AE_KIND_CATEGORY] = AE_LOSS_SOFTMAX,
		[AE_KIND_CALENDAR] = AE_LOSS_SQUARED
	};
	AeColumn   *c = &f->columns[i];

	c->name = c->type = take(1, 1);
	c->kind = kind;
	c->scaling = AE_SCALING_STANDARD;
	c->loss = losses[kind];
	c->cycles = kind == AE_KIND_CALENDAR ? AE_CYCLE_DAY | AE_CYCLE_WEEK : 0;
	c->weight = weight;
	c->ncells = ncells;
	c->cells = take((size_t) ncells, sizeof(AeCell));
	for (int j = 0; j < ncells; j++)
		c->cells[j].spread = 1.0;
	if (kind != AE_KIND_CATEGORY)
		return;
	c->nlabels = nlabels;
	c->labels = take((size_t) nlabels, sizeof(char *));
	c->frequency = take((size_t) nlabels + 1, sizeof(double));
	for (int j = 0; j < nlabels; j++)
	{
		c->labels[j] = take(16, 1);
		snprintf(c->labels[j], 16, "l%d", j);
	}
}

/* the space of so many plain numbers, scaled by 1 */
static inline AeFeatures *
make_numbers(int ncolumns, AeJoint *joint)
{
	AeFeatures *f = make_features(ncolumns);

	for (int i = 0; i < ncolumns; i++)
		make_column(f, i, AE_KIND_NUMERIC, 1, 0, 1.0);
	*joint = (AeJoint) {0};
	must(ae_features_layout(f, &arena) == AE_OK);
	must(ae_joint_layout(joint, f, &arena) == AE_OK);
	for (int i = 0; i < ae_joint_width(joint); i++)
		joint->factor[i] = 1.0f;
	return f;
}

/* sum of the squared differences of two points of a joint space */
static inline double
squared_distance(const AeJoint *joint, const int16_t *a, const int16_t *b)
{
	double		sum = 0.0;

	for (int i = 0; i < ae_joint_width(joint); i++)
		sum += (double) (a[i] - b[i]) * (a[i] - b[i]);
	return sum;
}

static inline void
get_point(const AeJoint *joint, int index, int16_t *point)
{
	for (int i = 0; i < ae_joint_width(joint); i++)
		point[i] = joint->points[ae_joint_at(joint, index, i)];
}

#endif							/* AE_JOINT_SPACE_H */
