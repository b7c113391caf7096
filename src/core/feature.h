/*
 * feature.h
 *	  Columns of a table as the numbers a network reads, and back.
 *
 * A row reaches the core as one double per cell.  A cell is a number in the
 * column's own units (seconds for intervals and calendar values), 0 or 1 for
 * a boolean, a label code for a category; NaN is a missing value.  A column
 * has one cell, unless it is an array of numbers.
 *
 * The network reads an input vector and is compared with a target vector:
 *
 *	input	the columns in order, then one missing indicator (0 or 1) for each
 *			cell that had missing values in training, or for every cell where
 *			any may be missing
 *	target	the columns in order; NaN where the cell is missing
 *
 *	kind		input of a cell					target of a cell
 *	numeric		scaled value, 0 when missing	scaled value
 *	binary		-1 or 1, 0 when missing			0 or 1 (a logit's target)
 *	category	one-hot: labels, "other", and	label index in the first of
 *				"missing" like an indicator		nlabels + 1 logits
 *	calendar	standardised instant, then sine and cosine of each cycle
 *				(missing: all 0)				the same numbers
 *	count		standardised log(1 + value),	value over a scale, see count.h
 *				0 when missing
 *	ordinal		standardised rank,				rank in the first of nlabels -
 *				0 when missing					1 outputs, see ordinal.h
 *	positive	like numeric, scaled by log
 *
 * Features know nothing of networks.
 */
#ifndef AE_FEATURE_H
#define AE_FEATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/kernels.h"
#include "core/status.h"

/* stored in models: never renumber */
typedef enum AeKind
{
	AE_KIND_NUMERIC = 0,
	AE_KIND_BINARY = 1,
	AE_KIND_CATEGORY = 2,
	AE_KIND_CALENDAR = 3,
	AE_KIND_POISSON = 4,		/* "count" */
	AE_KIND_ORDINAL = 5,
	AE_KIND_POSITIVE = 6
} AeKind;

#define AE_KIND_COUNT 7
extern const char *const ae_kind_names[AE_KIND_COUNT];

/* stored in models: never renumber */
typedef enum AeScaling
{
	AE_SCALING_AUTO = 0,		/* before fitting only */
	AE_SCALING_STANDARD = 1,	/* mean and standard deviation */
	AE_SCALING_ROBUST = 2,		/* median and interquartile range / 1.349 */
	AE_SCALING_MINMAX = 3,		/* to [0, 1] */
	AE_SCALING_QUANTILE = 4,	/* to a standard normal through quantiles */
	AE_SCALING_LOG = 5,			/* sign(v) log(1 + |v|), then standard */
	AE_SCALING_NONE = 6
} AeScaling;

#define AE_SCALING_COUNT 7
extern const char *const ae_scaling_names[AE_SCALING_COUNT];

/* cycles of a calendar column: a bit mask */
#define AE_CYCLE_DAY 1			/* hour of day */
#define AE_CYCLE_WEEK 2			/* day of week */
#define AE_CYCLE_YEAR 4			/* day of year */

/* caps that keep every later size product far from overflow */
#define AE_MAX_COLUMNS 100000
#define AE_MAX_CELLS 1000000
#define AE_MAX_WIDTH 4000000	/* of the input or target vector */
#define AE_MAX_LABELS 65536		/* distinct labels counted exactly */
#define AE_MAX_LABEL_BYTES 1024 /* a longer label is "other" */
#define AE_MAX_LEVELS 100		/* of an ordinal column */
#define AE_MAX_COUNT 9007199254740992.0 /* 2^53: doubles hold each below */

/* distinct hashes of labels beyond those counted exactly: with them, a code
 * stays below 2^24, up to which a float holds every integer */
#define AE_LABEL_HASHES ((1 << 24) - AE_MAX_LABELS)

#define AE_KNOTS 257			/* quantiles kept for AE_SCALING_QUANTILE */

/* scaled values are clamped here, so that squares stay finite in a float */
#define AE_VALUE_LIMIT 1e6f
/* a constant column's deviation saturates here */
#define AE_CONSTANT_LIMIT 30.0f

/* relative weights of columns; bounded, so that scores stay finite */
#define AE_MIN_WEIGHT 0.001
#define AE_MAX_WEIGHT 1000.0

/* what the host asks for, column by column, before any row is seen */
typedef struct AeColumnSpec
{
	const char *name;
	const char *type;			/* the SQL type, for messages and inspection */
	AeKind		kind;
	int			ncells;			/* 1, or the elements of a numeric array */
	int			cycles;			/* calendar: AE_CYCLE_ mask */
	AeScaling	scaling;		/* numeric */
	AeLoss		loss;			/* numeric: squared, absolute or Huber */
	double		weight;			/* relative weight of the column's loss */
	int			max_categories; /* category: beyond, labels are hashed */
	int			min_frequency;	/* category: rarer labels are "other" */
	int			nlabels;		/* ordinal: 0 for numbers */
	char	  **labels;			/* ordinal: (nlabels) in order */
	bool		condition;		/* given to encoder and decoder alike */
	bool		classes;		/* category: told from the others */
} AeColumnSpec;

/* one number of a row: all columns but categories */
typedef struct AeCell
{
	uint64_t	nmissing;
	double		mean;			/* of the values present, original units */
	double		stddev;			/* population; 0 when constant or absent */
	double		min;
	double		max;
	double		centre;			/* scaled = (f(v) - centre) / spread */
	double		spread;			/* > 0 */
	bool		constant;		/* never varied: the network always reads 0 */
	double	   *knots;			/* AE_KNOTS ascending, or NULL */
	double		deviance;		/* count: mean of half the deviance from the
								 * mean, see count.h */
} AeCell;

typedef struct AeColumn
{
	char	   *name;
	char	   *type;
	AeKind		kind;
	int			ncells;
	int			cycles;
	AeScaling	scaling;		/* never auto */
	AeLoss		loss;			/* of its target, see kernels.h */
	double		weight;			/* 0 for a condition and for classes */
	bool		condition;		/* given to encoder and decoder: its targets
								 * are not learned */
	bool		classes;		/* its labels are told from other columns:
								 * see classes.h */
	AeCell	   *cells;			/* ncells */

	/* category and ordinal only */
	bool		hashed;			/* label i stands for bucket i */
	int			nlabels;
	char	  **labels;			/* most frequent first; hashed: a bucket's most
								 * frequent label, "" for an empty bucket;
								 * ordinal: in order, NULL for numbers */
	double	   *frequency;		/* nlabels + 1 shares of the rows present, the
								 * last is "other" */
	double	   *levels;			/* ordinal: (nlabels) ascending, a label's is
								 * its index */

	/* layout, computed by ae_features_layout() */
	int			cell;			/* first cell in a row */
	int			input;			/* first input */
	int			input_width;	/* without missing indicators */
	int			indicator;		/* first missing indicator, -1 for none */
	int			output;			/* first target */
	int			output_width;
	bool		plain;			/* all cells in runs, no indicator */
} AeColumn;

typedef struct AeLabelIndex AeLabelIndex;

/* neighbouring numbers whose scaling is a shift and a factor */
typedef struct AePlainRun
{
	int			cell;
	int			ncells;
	int			input;
	int			output;
} AePlainRun;

typedef struct AeFeatures
{
	uint64_t	nrows;			/* rows fitted on */
	bool		any_missing;	/* every cell has an indicator: training hides
								 * cells that have a value */
	int			ncolumns;
	AeColumn   *columns;
	int			ncells;			/* cells of a row */
	int			input_width;	/* with indicators */
	int			output_width;
	AeLabelIndex *index;		/* labels of all columns, by hash */

	/* a faster way through ae_features_encode() for most numbers */
	int			nruns;
	AePlainRun *runs;
	int			nothers;		/* columns that are not all in runs */
	int		   *other;
	double	   *shift;			/* (ncells) scaled = (value - shift) *
								 * factor */
	double	   *factor;			/* (ncells) 0: the cell is in no run */
} AeFeatures;

/*
 * Offsets and widths of all columns, plain runs, and the label index, from
 * any_missing, kinds, ncells, nmissing and nlabels.  For features just fitted
 * or read from a model.  AE_ERR_LIMIT beyond the caps above, AE_ERR_CORRUPT
 * when a field is out of its range (a stored model is hostile),
 * AE_ERR_MEMORY.
 */
extern AeStatus ae_features_layout(AeFeatures *features, AeArena *arena);

/* whether values are of a scale that knows no labels and no truth */
static inline bool
ae_column_is_number(const AeColumn *column)
{
	return column->kind == AE_KIND_NUMERIC ||
		column->kind == AE_KIND_CALENDAR ||
		column->kind == AE_KIND_POISSON || column->kind == AE_KIND_POSITIVE;
}

/* whether a value can be too large or too small, and no more than that */
static inline bool
ae_column_is_ordered(const AeColumn *column)
{
	return column->kind == AE_KIND_ORDINAL ||
		(ae_column_is_number(column) && column->kind != AE_KIND_CALENDAR);
}

/* whether a cell is the index of a label */
static inline bool
ae_column_is_labelled(const AeColumn *column)
{
	return column->kind == AE_KIND_CATEGORY ||
		(column->kind == AE_KIND_ORDINAL && column->labels != NULL);
}

/* the cell value of a label that an ordinal column lacks: far above them */
static inline double
ae_unknown_level(int nlabels)
{
	return nlabels - 1 + (double) AE_CONSTANT_LIMIT;
}
/* whether the network sees that a value of this cell is missing */
static inline bool
ae_features_indicate(const AeFeatures *features, const AeCell *cell)
{
	return features->any_missing || cell->nmissing > 0;
}

/* adds a cell to the last of nruns runs if it continues it, else starts
 * another; returns their new number */
extern int	ae_plain_run_add(AePlainRun *runs, int nruns, int cell, int input,
							 int output);

/* index of the column of that name, or -1 */
extern int	ae_features_find(const AeFeatures *features, const char *name);

/* 64-bit hash of a label, the same on every platform */
extern uint64_t ae_label_hash(const char *label, size_t len);

/* bucket of a hashed column: from as much of the hash as a stored row keeps */
static inline int
ae_label_bucket(uint64_t hash, int nbuckets)
{
	return (int) (hash % AE_LABEL_HASHES % (uint64_t) nbuckets);
}

/* the cell value of a label: its index; else nlabels for "other", or
 * ae_unknown_level() */
extern double ae_features_code(const AeFeatures *features, int column,
							   const char *label, size_t len);

/* the label of a code; NULL for "other", and for a bucket without a label */
extern const char *ae_column_label(const AeColumn *column, int code);

/*
 * Input vector (input_width) and target vector (output_width) of one row of
 * cells in original units; either may be NULL.  Category cells hold codes of
 * ae_features_code().
 */
extern void ae_features_encode(const AeFeatures *features, const double *row,
							   float *input, float *target);

/* the same, with the same bits */
extern void ae_features_encode_fast(const AeFeatures *features,
									const AeKernels *kernels,
									const double *row, float *input,
									float *target);

/*
 * The row that an output vector (output_width) stands for, in original units:
 * numbers unscaled, the probability of true, the index of the likeliest label
 * ("other" only if the column has no label), the likeliest level, the rate of
 * a count, the instant closest to the decoded one whose time of day is the
 * decoded one.
 */
extern void ae_features_decode(const AeFeatures *features, const float *output,
							   double *row);

#endif							/* AE_FEATURE_H */
