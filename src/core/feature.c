/*
 * feature.c
 *	  The columns of a table: their layout, and whole rows to numbers and back.
 *
 * Features may come from a stored model, whose bytes are hostile: the layout
 * checks every field that the rest of this module relies on.
 */
#include <math.h>
#include <string.h>

#include "core/feature.h"
#include "core/feature_cell.h"
#include "core/label_index.h"

const char *const ae_kind_names[AE_KIND_COUNT] = {
	"numeric",
	"binary",
	"category",
	"calendar",
	"count",
	"ordinal",
	"positive"
};

const char *const ae_scaling_names[AE_SCALING_COUNT] = {
	"auto",
	"standard",
	"robust",
	"minmax",
	"quantile",
	"log",
	"none"
};

static bool
knots_valid(const double *knots)
{
	if (knots == NULL || !isfinite(knots[AE_KNOTS - 1] - knots[0]))
		return false;
	for (int i = 1; i < AE_KNOTS; i++)
		if (!(knots[i] >= knots[i - 1]))
			return false;
	return true;
}

static bool
cell_valid(const AeColumn *column, const AeCell *cell, uint64_t nrows)
{
	if (cell->nmissing > nrows ||
		!isfinite(cell->mean) || !isfinite(cell->stddev) ||
		!isfinite(cell->min) || !isfinite(cell->max))
		return false;
	/* whatever the network says, a decoded value is finite */
	if (!(cell->spread >= AE_MIN_SPREAD) ||
		!isfinite(fabs(cell->centre) + cell->spread * AE_VALUE_LIMIT))
		return false;
	if (column->kind == AE_KIND_POISSON &&
		(!(cell->mean >= 0.0 && cell->mean <= AE_MAX_COUNT) ||
		 !(cell->deviance >= 0.0 && cell->deviance <= AE_MAX_COUNT)))
		return false;
	if (column->kind == AE_KIND_POSITIVE && !cell->constant &&
		(!(cell->stddev >= AE_MIN_SPREAD) ||
		 !(fabs(cell->centre) <= AE_MAX_LOG) ||
		 !(cell->spread <= AE_MAX_LOG)))
		return false;
	return column->kind != AE_KIND_NUMERIC || cell->constant ||
		column->scaling != AE_SCALING_QUANTILE || knots_valid(cell->knots);
}

static bool
loss_valid(const AeColumn *column)
{
	switch (column->kind)
	{
		case AE_KIND_NUMERIC:
			return column->loss == AE_LOSS_SQUARED ||
				column->loss == AE_LOSS_ABSOLUTE ||
				column->loss == AE_LOSS_HUBER;
		case AE_KIND_BINARY:
			return column->loss == AE_LOSS_LOGISTIC;
		case AE_KIND_CATEGORY:
			return column->loss == AE_LOSS_SOFTMAX;
		case AE_KIND_CALENDAR:
		case AE_KIND_POSITIVE:
			return column->loss == AE_LOSS_SQUARED;
		case AE_KIND_POISSON:
			return column->loss == AE_LOSS_POISSON;
		case AE_KIND_ORDINAL:
			return column->loss == AE_LOSS_ORDINAL;
	}
	return false;				/* a kind out of range */
}

static AeStatus
labels_check(const AeColumn *column)
{
	if (column->nlabels > AE_MAX_LABELS)
		return AE_ERR_LIMIT;
	if (column->nlabels < (column->hashed ? 1 : 0) ||
		column->frequency == NULL ||
		(column->nlabels > 0 && column->labels == NULL))
		return AE_ERR_CORRUPT;
	for (int i = 0; i <= column->nlabels; i++)
		if (!(column->frequency[i] >= 0.0 && column->frequency[i] <= 1.0))
			return AE_ERR_CORRUPT;
	for (int i = 0; i < column->nlabels; i++)
		if (column->labels[i] == NULL ||
			strlen(column->labels[i]) > AE_MAX_LABEL_BYTES)
			return AE_ERR_CORRUPT;
	return AE_OK;
}

static AeStatus
levels_check(const AeColumn *column)
{
	int			n = column->nlabels;

	if (n > AE_MAX_LEVELS)
		return AE_ERR_LIMIT;
	if (n < 0 || column->hashed || column->levels == NULL ||
		(n > 0 && !isfinite(column->levels[n - 1] - column->levels[0])))
		return AE_ERR_CORRUPT;
	for (int i = 1; i < n; i++)
		if (!(column->levels[i] > column->levels[i - 1]))
			return AE_ERR_CORRUPT;
	for (int i = 0; i < n; i++)
		if (!(column->frequency[i] >= 0.0 && column->frequency[i] <= 1.0))
			return AE_ERR_CORRUPT;
	return column->labels != NULL ? labels_check(column) : AE_OK;
}

/* kinds whose columns may have more than one cell */
static bool
column_may_be_array(const AeColumn *column)
{
	return column->kind == AE_KIND_NUMERIC ||
		column->kind == AE_KIND_POISSON || column->kind == AE_KIND_POSITIVE;
}

static AeStatus
column_check(const AeColumn *column, uint64_t nrows)
{
	if (column->ncells > AE_MAX_CELLS)
		return AE_ERR_LIMIT;
	if (column->name == NULL || column->type == NULL ||
		column->cells == NULL || column->ncells < 1 ||
		!loss_valid(column) ||
		!(column->weight >= 0.0 && column->weight <= AE_MAX_WEIGHT) ||
		((column->condition || column->classes) && column->weight != 0.0) ||
		(column->classes && column->kind != AE_KIND_CATEGORY))
		return AE_ERR_CORRUPT;
	if (!column_may_be_array(column) && column->ncells != 1)
		return AE_ERR_CORRUPT;
	if (column->kind == AE_KIND_POSITIVE &&
		column->scaling != AE_SCALING_LOG)
		return AE_ERR_CORRUPT;
	if (column->scaling < AE_SCALING_STANDARD ||
		column->scaling > AE_SCALING_NONE)
		return AE_ERR_CORRUPT;
	if (column->cycles < 0 ||
		column->cycles > (AE_CYCLE_DAY | AE_CYCLE_WEEK | AE_CYCLE_YEAR))
		return AE_ERR_CORRUPT;
	for (int i = 0; i < column->ncells; i++)
		if (!cell_valid(column, &column->cells[i], nrows))
			return AE_ERR_CORRUPT;
	if (column->kind == AE_KIND_ORDINAL)
		return levels_check(column);
	return column->kind == AE_KIND_CATEGORY ? labels_check(column) : AE_OK;
}

/* widths of a column that has passed column_check() */
static void
column_widths(const AeFeatures *features, AeColumn *column)
{
	int			width = column->ncells;
	int			cycles = column->cycles;

	if (column->kind == AE_KIND_CATEGORY)
		width = column->nlabels + 1;
	else if (column->kind == AE_KIND_CALENDAR)
		width = 1 + 2 * ((cycles & 1) + (cycles >> 1 & 1) + (cycles >> 2));
	column->output_width = width;
	column->input_width = width;
	if (column->kind == AE_KIND_ORDINAL && column->nlabels > 2)
		column->output_width = column->nlabels - 1;
	if (column->kind == AE_KIND_CATEGORY &&
		ae_features_indicate(features, &column->cells[0]))
		column->input_width++;
}

static int
column_indicators(const AeFeatures *features, const AeColumn *column)
{
	int			count = 0;

	if (column->kind != AE_KIND_CATEGORY)
		for (int i = 0; i < column->ncells; i++)
			count += ae_features_indicate(features, &column->cells[i]);
	return count;
}

static bool
cell_is_plain(const AeColumn *column, const AeCell *cell)
{
	return column->kind == AE_KIND_NUMERIC && !cell->constant &&
		column->scaling != AE_SCALING_LOG &&
		column->scaling != AE_SCALING_QUANTILE;
}

int
ae_plain_run_add(AePlainRun *runs, int nruns, int cell, int input, int output)
{
	AePlainRun *run = nruns > 0 ? &runs[nruns - 1] : runs;

	if (nruns == 0 ||
		run->cell + run->ncells != cell ||
		run->input + run->ncells != input ||
		run->output + run->ncells != output)
	{
		run = &runs[nruns++];
		run->cell = cell;
		run->ncells = 0;
		run->input = input;
		run->output = output;
	}
	run->ncells++;
	return nruns;
}

static void
features_add_plain(AeFeatures *features, const AeColumn *column, int i)
{
	int			cell = column->cell + i;

	features->shift[cell] = column->cells[i].centre;
	features->factor[cell] = 1.0 / column->cells[i].spread;
	features->nruns = ae_plain_run_add(features->runs, features->nruns, cell,
									   column->input + i, column->output + i);
}

static AeStatus
features_find_plain(AeFeatures *features, AeArena *arena)
{
	size_t		ncells = (size_t) features->ncells;

	features->nruns = 0;
	features->runs = ae_arena_alloc(arena, ncells, sizeof(AePlainRun));
	features->shift = ae_arena_alloc(arena, ncells, sizeof(double));
	features->factor = ae_arena_alloc(arena, ncells, sizeof(double));
	features->nothers = 0;
	features->other = ae_arena_alloc(arena, (size_t) features->ncolumns,
									 sizeof(int));
	if (features->runs == NULL || features->shift == NULL ||
		features->factor == NULL || features->other == NULL)
		return AE_ERR_MEMORY;
	for (int c = 0; c < features->ncolumns; c++)
	{
		AeColumn   *column = &features->columns[c];

		column->plain = column->indicator < 0;
		for (int i = 0; i < column->ncells; i++)
			if (cell_is_plain(column, &column->cells[i]))
				features_add_plain(features, column, i);
			else
				column->plain = false;
		if (!column->plain)
			features->other[features->nothers++] = c;
	}
	return AE_OK;
}

AeStatus
ae_features_layout(AeFeatures *features, AeArena *arena)
{
	int			ncells = 0;
	int			input = 0;
	int			output = 0;

	if (features->ncolumns > AE_MAX_COLUMNS)
		return AE_ERR_LIMIT;
	if (features->ncolumns < 1 || features->columns == NULL)
		return AE_ERR_CORRUPT;
	for (int c = 0; c < features->ncolumns; c++)
	{
		AeColumn   *column = &features->columns[c];

		AE_TRY(column_check(column, features->nrows));
		column_widths(features, column);
		column->cell = ncells;
		column->input = input;
		column->output = output;
		ncells += column->ncells;
		input += column->input_width;
		output += column->output_width;
		/* each term is far below the caps' distance to overflow */
		if (ncells > AE_MAX_CELLS || input > AE_MAX_WIDTH ||
			output > AE_MAX_WIDTH)
			return AE_ERR_LIMIT;
	}
	for (int c = 0; c < features->ncolumns; c++)
	{
		AeColumn   *column = &features->columns[c];
		int			count = column_indicators(features, column);

		column->indicator = count > 0 ? input : -1;
		input += count;
		if (input > AE_MAX_WIDTH)
			return AE_ERR_LIMIT;
	}
	features->ncells = ncells;
	features->input_width = input;
	features->output_width = output;
	AE_TRY(features_find_plain(features, arena));
	return ae_label_index_build(features, arena);
}

int
ae_features_find(const AeFeatures *features, const char *name)
{
	for (int c = 0; c < features->ncolumns; c++)
		if (strcmp(features->columns[c].name, name) == 0)
			return c;
	return -1;
}

static void
features_encode_run(const AeFeatures *features, const AePlainRun *run,
					const double *row, float *input, float *target)
{
	const double *values = row + run->cell;
	const double *shift = features->shift + run->cell;
	const double *factor = features->factor + run->cell;

	for (int i = 0; i < run->ncells; i++)
	{
		double		x = (values[i] - shift[i]) * factor[i];

		/* the order of the comparisons lets NaN through */
		x = AE_VALUE_LIMIT < x ? AE_VALUE_LIMIT : x;
		x = -AE_VALUE_LIMIT > x ? -AE_VALUE_LIMIT : x;
		if (target != NULL)
			target[run->output + i] = (float) x;
		if (input != NULL)
			input[run->input + i] = x == x ? (float) x : 0.0f;
	}
}

/* the cells of a column that are in no run, and its missing indicators */
static void
features_encode_column(const AeFeatures *features, const AeColumn *column,
					   const double *row, float *input, float *target)
{
	int			indicator = column->indicator;

	for (int i = 0; i < column->ncells; i++)
	{
		const AeCell *cell = &column->cells[i];
		double		value = row[column->cell + i];

		if (features->factor[column->cell + i] == 0.0)
			ae_cell_encode(column, cell, value,
						   input ? input + column->input + i : NULL,
						   target ? target + column->output + i : NULL);
		if (input != NULL && indicator >= 0 &&
			ae_features_indicate(features, cell))
			input[indicator++] = isnan(value) ? 1.0f : 0.0f;
	}
}

/* the cells that are in no run */
static void
features_encode_rest(const AeFeatures *features, const double *row,
					 float *input, float *target)
{
	for (int i = 0; i < features->nothers; i++)
		features_encode_column(features,
							   &features->columns[features->other[i]], row,
							   input, target);
}

void
ae_features_encode(const AeFeatures *features, const double *row,
				   float *input, float *target)
{
	for (int i = 0; i < features->nruns; i++)
		features_encode_run(features, &features->runs[i], row, input, target);
	features_encode_rest(features, row, input, target);
}

void
ae_features_encode_fast(const AeFeatures *features, const AeKernels *kernels,
						const double *row, float *input, float *target)
{
	for (int i = 0; i < features->nruns; i++)
	{
		const AePlainRun *run = &features->runs[i];

		kernels->encode(run->ncells, row + run->cell,
						features->shift + run->cell,
						features->factor + run->cell, AE_VALUE_LIMIT,
						input != NULL ? input + run->input : NULL,
						target != NULL ? target + run->output : NULL);
	}
	features_encode_rest(features, row, input, target);
}

void
ae_features_decode(const AeFeatures *features, const float *output,
				   double *row)
{
	for (int c = 0; c < features->ncolumns; c++)
	{
		const AeColumn *column = &features->columns[c];

		for (int i = 0; i < column->ncells; i++)
			row[column->cell + i] =
				ae_cell_decode(column, &column->cells[i],
							   output + column->output + i);
	}
}
