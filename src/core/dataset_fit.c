/*
 * dataset_fit.c
 *	  From the rows of a dataset to the features that encode them.
 *
 * Moments, extremes and label counts were gathered row by row and are exact.
 * What needs the order of the values (quantiles) or a function of them
 * (logarithms) is taken from a sample.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/count.h"
#include "core/dataset_private.h"
#include "core/feature_cell.h"
#include "core/sort.h"

/* the sample: this many rows, fewer where rows are very wide */
#define SAMPLE_MAX_ROWS 8192
#define SAMPLE_MIN_ROWS 32
#define SAMPLE_BYTES (2 * AE_WINDOW_BYTES)

/* features depend on the rows alone, not on the seed of the training */
#define SAMPLE_SEED 0

/* interquartile range of a normal distribution, in standard deviations */
#define NORMAL_IQR 1.349

/* a deviation from a constant counts in millionths of its size */
#define CONSTANT_SPREAD 1e-6
#define CONSTANT_MIN_SIZE 1e-3

typedef struct Fit
{
	AeDataset  *dataset;
	AeArena    *arena;			/* of the features */
	AeArena		scratch;		/* of the sample */
	float	   *sample;			/* (nsample, ncells) stored rows, or NULL */
	uint64_t	nsample;
	double	   *values;			/* (nsample) values of one cell */
	uint64_t	nvalues;
} Fit;

/* a label and how often it was seen */
typedef struct FitLabel
{
	const char *text;			/* in the dictionary */
	uint32_t	len;
	uint64_t	hash;
	uint64_t	count;
} FitLabel;

/* most frequent first, ties by bytes */
static int
compare_labels(const void *a, const void *b)
{
	const FitLabel *x = a;
	const FitLabel *y = b;
	int			order;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	order = memcmp(x->text, y->text, x->len < y->len ? x->len : y->len);
	if (order != 0)
		return order;
	return (x->len > y->len) - (x->len < y->len);
}

static bool
fit_needs_sample(const AeDataset *dataset)
{
	for (int c = 0; c < dataset->ncolumns; c++)
	{
		const AeColumnSpec *spec = &dataset->specs[c];

		if (spec->kind == AE_KIND_POISSON || spec->kind == AE_KIND_POSITIVE)
			return true;
		if (spec->kind == AE_KIND_NUMERIC &&
			(spec->scaling == AE_SCALING_ROBUST ||
			 spec->scaling == AE_SCALING_QUANTILE ||
			 spec->scaling == AE_SCALING_LOG))
			return true;
	}
	return false;
}

static AeStatus
fit_take_sample(Fit *fit)
{
	size_t		row_bytes = sizeof(float) * (size_t) fit->dataset->ncells;
	size_t		n = SAMPLE_BYTES / row_bytes;

	if (n > SAMPLE_MAX_ROWS)
		n = SAMPLE_MAX_ROWS;
	if (n < SAMPLE_MIN_ROWS)
		n = SAMPLE_MIN_ROWS;
	AE_TRY(ae_dataset_sample(fit->dataset, n, SAMPLE_SEED, &fit->scratch,
							 &fit->sample, &fit->nsample));
	fit->values = ae_arena_alloc(&fit->scratch, (size_t) fit->nsample,
								 sizeof(double));
	return fit->values != NULL ? AE_OK : AE_ERR_MEMORY;
}

/* the values of a cell in the sample, ascending */
static void
fit_sort_values(Fit *fit, int cell)
{
	const float *stored = fit->sample + cell;

	fit->nvalues = 0;
	for (uint64_t r = 0; r < fit->nsample; r++)
	{
		if (!isnan(*stored))
			fit->values[fit->nvalues++] = fit->dataset->base[cell] + *stored;
		stored += fit->dataset->ncells;
	}
	ae_sort_doubles(fit->values, (size_t) fit->nvalues);
}

/* share p of the sorted values lies below, interpolated; there are some */
static double
fit_quantile(const Fit *fit, double p)
{
	double		rank = p * (double) (fit->nvalues - 1);
	size_t		i = (size_t) rank;
	double		value = fit->values[i];

	if (i + 1 < fit->nvalues)
		value += (rank - (double) i) * (fit->values[i + 1] - value);
	return value;
}

static void
fit_robust(const Fit *fit, AeCell *cell)
{
	cell->centre = fit_quantile(fit, 0.5);
	cell->spread = (fit_quantile(fit, 0.75) - fit_quantile(fit, 0.25)) /
		NORMAL_IQR;
	if (!(cell->spread >= AE_MIN_SPREAD))
		cell->spread = cell->stddev;
}

static void
fit_log(const Fit *fit, AeCell *cell)
{
	double		n = (double) fit->nvalues;
	double		mean = 0.0;
	double		squares = 0.0;

	for (uint64_t i = 0; i < fit->nvalues; i++)
		mean += ae_cell_log(fit->values[i]) / n;
	for (uint64_t i = 0; i < fit->nvalues; i++)
	{
		double		x = ae_cell_log(fit->values[i]) - mean;

		squares += x * x / n;
	}
	cell->centre = mean;
	cell->spread = sqrt(squares);
	/* the sample may have missed all that varies */
	if (!(cell->spread >= AE_MIN_SPREAD))
		cell->spread = ae_cell_log(cell->max) - ae_cell_log(cell->min);
	if (!(cell->spread >= AE_MIN_SPREAD))
		cell->spread = 1.0;
}

/* around the mean of the sample, so that it is not negative */
static void
fit_deviance(const Fit *fit, AeCell *cell)
{
	double		n = (double) fit->nvalues;
	double		mean = 0.0;

	for (uint64_t i = 0; i < fit->nvalues; i++)
		mean += fmax(fit->values[i], 0.0) / n;
	cell->deviance = 0.0;
	for (uint64_t i = 0; i < fit->nvalues && mean > 0; i++)
		cell->deviance +=
			ae_count_deviance(fmax(fit->values[i], 0.0), mean) / n;
	cell->deviance = fmax(cell->deviance, 0.0);
}

static double
fit_clamp(double value, double min, double max)
{
	return fmin(fmax(value, min), max);
}

static AeStatus
fit_knots(const Fit *fit, AeCell *cell)
{
	cell->knots = ae_arena_alloc(fit->arena, AE_KNOTS, sizeof(double));
	if (cell->knots == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < AE_KNOTS; i++)
	{
		double		knot = fit_quantile(fit, i / (AE_KNOTS - 1.0));

		cell->knots[i] = fit_clamp(knot, cell->min, cell->max);
	}
	cell->knots[0] = cell->min;
	cell->knots[AE_KNOTS - 1] = cell->max;
	return AE_OK;
}

/* centre and spread of a numeric cell that varies */
static AeStatus
fit_scaling(Fit *fit, AeScaling scaling, int index, AeCell *cell)
{
	if (scaling == AE_SCALING_ROBUST || scaling == AE_SCALING_QUANTILE ||
		scaling == AE_SCALING_LOG)
	{
		fit_sort_values(fit, index);
		if (fit->nvalues == 0)
		{
			/* present too rarely to be in the sample */
			fit->values[0] = cell->mean;
			fit->nvalues = 1;
		}
	}
	switch (scaling)
	{
		case AE_SCALING_AUTO:
		case AE_SCALING_STANDARD:
			cell->centre = cell->mean;
			cell->spread = cell->stddev;
			break;
		case AE_SCALING_ROBUST:
			fit_robust(fit, cell);
			break;
		case AE_SCALING_MINMAX:
			cell->centre = cell->min;
			cell->spread = cell->max - cell->min;
			break;
		case AE_SCALING_QUANTILE:
			return fit_knots(fit, cell);
		case AE_SCALING_LOG:
			fit_log(fit, cell);
			break;
		case AE_SCALING_NONE:
			break;
	}
	return AE_OK;
}

/* what the rows say about a cell, whatever its scaling */
static void
fit_moments(const AeDataset *dataset, int index, AeCell *cell)
{
	const AeMoments *moments = &dataset->moments[index];
	double		base = dataset->base[index];

	cell->nmissing = ae_dataset_rows(dataset) - moments->count;
	if (moments->count == 0)
	{
		cell->constant = true;
		return;
	}
	cell->min = fit_clamp(dataset->min[index], base - AE_CELL_LIMIT,
						  base + AE_CELL_LIMIT);
	cell->max = fit_clamp(dataset->max[index], base - AE_CELL_LIMIT,
						  base + AE_CELL_LIMIT);
	cell->mean = fit_clamp(base + moments->mean, cell->min, cell->max);
	cell->stddev = sqrt(moments->squares / (double) moments->count);
	/* a spread whose inverse a float cannot hold is none */
	cell->constant = cell->min == cell->max ||
		!(cell->stddev >= AE_MIN_SPREAD);
	if (cell->constant)
		cell->stddev = 0.0;
}

static AeStatus
fit_cell(Fit *fit, const AeColumn *column, int index, AeCell *cell)
{
	cell->centre = 0.0;
	cell->spread = 1.0;
	if (column->kind == AE_KIND_CATEGORY)
	{
		cell->nmissing = ae_dataset_rows(fit->dataset) -
			fit->dataset->moments[index].count;
		return AE_OK;
	}
	fit_moments(fit->dataset, index, cell);
	if (column->kind == AE_KIND_BINARY || column->kind == AE_KIND_ORDINAL)
		return AE_OK;
	if (cell->constant)
	{
		cell->centre = cell->mean;
		cell->spread = CONSTANT_SPREAD *
			fmax(fabs(cell->mean), CONSTANT_MIN_SIZE);
		return AE_OK;
	}
	if (column->kind != AE_KIND_POISSON)
		return fit_scaling(fit, column->scaling, index, cell);
	AE_TRY(fit_scaling(fit, AE_SCALING_LOG, index, cell));
	fit_deviance(fit, cell);
	return AE_OK;
}

/* all labels of a dictionary that rows have, most frequent first */
static uint32_t
fit_sort_labels(const AeDictionary *labels, FitLabel *sorted)
{
	uint32_t	count = 0;

	for (uint32_t i = 0; i < labels->nentries; i++)
	{
		const AeEntry *label = &labels->entries[i];

		if (label->count == 0)
			continue;
		sorted[count].text = labels->text + label->text;
		sorted[count].len = label->len;
		sorted[count].hash = label->hash;
		sorted[count++].count = label->count;
	}
	qsort(sorted, count, sizeof(FitLabel), compare_labels);
	return count;
}

/* gives the column nlabels labels, all empty and of frequency 0 */
static AeStatus
fit_alloc_labels(AeArena *arena, int nlabels, AeColumn *column)
{
	column->nlabels = nlabels;
	column->labels = ae_arena_alloc(arena, (size_t) nlabels, sizeof(char *));
	column->frequency = ae_arena_alloc(arena, (size_t) nlabels + 1,
									   sizeof(double));
	if (column->labels == NULL || column->frequency == NULL)
		return AE_ERR_MEMORY;
	return AE_OK;
}

/* label i stands for all labels of bucket i */
static AeStatus
fit_buckets(Fit *fit, const AeLabels *labels, const FitLabel *sorted,
			uint32_t count, AeColumn *column)
{
	AE_TRY(fit_alloc_labels(fit->arena, labels->nbuckets, column));
	column->hashed = true;
	for (uint32_t i = 0; i < count; i++)
	{
		int			b = ae_label_bucket(sorted[i].hash, column->nlabels);

		column->frequency[b] += (double) sorted[i].count;
		if (column->labels[b] != NULL)
			continue;
		column->labels[b] = ae_arena_strndup(fit->arena, sorted[i].text,
											 sorted[i].len);
		if (column->labels[b] == NULL)
			return AE_ERR_MEMORY;
	}
	for (int b = 0; b < column->nlabels; b++)
	{
		if (labels->full)
			column->frequency[b] += (double) labels->buckets[b];
		if (column->labels[b] != NULL)
			continue;
		column->labels[b] = ae_arena_strndup(fit->arena, "", 0);
		if (column->labels[b] == NULL)
			return AE_ERR_MEMORY;
	}
	return AE_OK;
}

static AeStatus
fit_listed(Fit *fit, const FitLabel *sorted, uint32_t count,
		   AeColumn *column)
{
	AE_TRY(fit_alloc_labels(fit->arena, (int) count, column));
	for (uint32_t i = 0; i < count; i++)
	{
		column->frequency[i] = (double) sorted[i].count;
		column->labels[i] = ae_arena_strndup(fit->arena, sorted[i].text,
											 sorted[i].len);
		if (column->labels[i] == NULL)
			return AE_ERR_MEMORY;
	}
	return AE_OK;
}

/* sorted is scratch for all labels of the dictionary */
static AeStatus
fit_labels(Fit *fit, const AeColumnSpec *spec, const AeLabels *labels,
		   double present, FitLabel *sorted, AeColumn *column)
{
	uint32_t	nseen = fit_sort_labels(&labels->kept, sorted);
	uint32_t	nusable = 0;
	double		rest = 1.0;

	while (nusable < nseen &&
		   (spec->min_frequency <= 1 ||
			sorted[nusable].count >= (uint64_t) spec->min_frequency))
		nusable++;
	if (labels->full || nusable > (uint32_t) spec->max_categories)
		AE_TRY(fit_buckets(fit, labels, sorted, nseen, column));
	else
		AE_TRY(fit_listed(fit, sorted, nusable, column));

	if (present == 0.0)
		return AE_OK;
	for (int i = 0; i < column->nlabels; i++)
	{
		column->frequency[i] /= present;
		rest -= column->frequency[i];
	}
	/* what rounding leaves of nothing is not a share */
	column->frequency[column->nlabels] = rest > 0.5 / present ? rest : 0.0;
	return AE_OK;
}

static AeStatus
fit_category(Fit *fit, int c, int index, AeColumn *column)
{
	const AeDataset *dataset = fit->dataset;
	const AeLabels *labels =
		&dataset->categories[dataset->category[c]].labels;
	AeArena		scratch;
	FitLabel   *sorted;
	AeStatus	status = AE_ERR_MEMORY;

	ae_arena_init(&scratch, dataset->account.env);
	sorted = ae_arena_alloc(&scratch, labels->kept.nentries, sizeof(FitLabel));
	if (sorted != NULL)
		status = fit_labels(fit, &dataset->specs[c], labels,
							(double) dataset->moments[index].count,
							sorted, column);
	ae_arena_free(&scratch);
	return status;
}

static void
fit_ranks(const AeColumn *column, double mean, AeCell *cell)
{
	double		squares = 0.0;

	for (int i = 0; i < column->nlabels; i++)
		squares += column->frequency[i] * (i - mean) * (i - mean);
	cell->centre = mean;
	if (squares > 0)
		cell->spread = sqrt(squares);
}

/* the levels of an ordinal column, and centre and spread of their ranks */
static AeStatus
fit_levels(Fit *fit, int c, AeColumn *column)
{
	const AeDataset *dataset = fit->dataset;
	const AeColumnSpec *spec = &dataset->specs[c];
	const AeOrdinal *ordinal = dataset->ordinals;
	AeCell	   *cell = &column->cells[0];
	double		present = 0.0;
	double		mean = 0.0;

	while (ordinal->column != c)
		ordinal++;
	column->nlabels = spec->nlabels > 0 ? spec->nlabels
		: ordinal->levels.count;
	if (column->nlabels > AE_MAX_LEVELS)
		return AE_ERR_LIMIT;
	AE_TRY(fit_alloc_labels(fit->arena, column->nlabels, column));
	column->levels = ae_arena_alloc(fit->arena, (size_t) column->nlabels,
									sizeof(double));
	if (column->levels == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < column->nlabels; i++)
	{
		column->levels[i] = spec->nlabels > 0 ? i : ordinal->levels.value[i];
		column->labels[i] = spec->nlabels > 0
			? ae_arena_strndup(fit->arena, spec->labels[i],
							   strlen(spec->labels[i])) : NULL;
		if (spec->nlabels > 0 && column->labels[i] == NULL)
			return AE_ERR_MEMORY;
	}
	if (spec->nlabels == 0)
		column->labels = NULL;

	for (int i = 0; i < ordinal->levels.count; i++)
	{
		double		seen = (double) ordinal->levels.seen[i];
		double		rank = ae_ordinal_rank(column, ordinal->levels.value[i]);

		if (rank == rint(rank) && rank >= 0 && rank < column->nlabels)
			column->frequency[(int) rank] += seen;
		present += seen;
	}
	for (int i = 0; i < column->nlabels && present > 0; i++)
	{
		column->frequency[i] /= present;
		mean += i * column->frequency[i];
	}
	if (!cell->constant)
		fit_ranks(column, mean, cell);
	return AE_OK;
}

static AeLoss
fit_loss(const AeColumnSpec *spec)
{
	switch (spec->kind)
	{
		case AE_KIND_NUMERIC:
			return spec->loss;
		case AE_KIND_BINARY:
			return AE_LOSS_LOGISTIC;
		case AE_KIND_CATEGORY:
			return AE_LOSS_SOFTMAX;
		case AE_KIND_POISSON:
			return AE_LOSS_POISSON;
		case AE_KIND_ORDINAL:
			return AE_LOSS_ORDINAL;
		case AE_KIND_CALENDAR:
		case AE_KIND_POSITIVE:
			break;
	}
	return AE_LOSS_SQUARED;
}

static AeStatus
fit_column(Fit *fit, int c, int first_cell, AeColumn *column)
{
	const AeColumnSpec *spec = &fit->dataset->specs[c];
	const AeEnv *env = fit->dataset->account.env;

	column->name = ae_arena_strndup(fit->arena, spec->name,
									strlen(spec->name));
	column->type = ae_arena_strndup(fit->arena, spec->type,
									strlen(spec->type));
	column->kind = spec->kind;
	column->ncells = spec->ncells;
	column->cycles = spec->kind == AE_KIND_CALENDAR ? spec->cycles : 0;
	column->scaling = AE_SCALING_STANDARD;
	if (spec->kind == AE_KIND_NUMERIC && spec->scaling != AE_SCALING_AUTO)
		column->scaling = spec->scaling;
	if (spec->kind == AE_KIND_POSITIVE)
		column->scaling = AE_SCALING_LOG;
	column->loss = fit_loss(spec);
	column->condition = spec->condition;
	column->classes = spec->classes;
	column->weight = spec->condition || spec->classes ? 0.0 : spec->weight;
	column->cells = ae_arena_alloc(fit->arena, (size_t) spec->ncells,
								   sizeof(AeCell));
	if (column->name == NULL || column->type == NULL ||
		column->cells == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < spec->ncells; i++)
	{
		env->poll(env->host);
		AE_TRY(fit_cell(fit, column, first_cell + i, &column->cells[i]));
	}
	if (spec->kind == AE_KIND_CATEGORY)
		return fit_category(fit, c, first_cell, column);
	if (spec->kind == AE_KIND_ORDINAL)
		return fit_levels(fit, c, column);
	return AE_OK;
}

static AeStatus
fit_columns(Fit *fit, AeFeatures *features)
{
	AeDataset  *dataset = fit->dataset;
	int			cell = 0;

	if (fit_needs_sample(dataset))
		AE_TRY(fit_take_sample(fit));
	features->nrows = ae_dataset_rows(dataset);
	features->ncolumns = dataset->ncolumns;
	features->columns = ae_arena_alloc(fit->arena,
									   (size_t) dataset->ncolumns,
									   sizeof(AeColumn));
	if (features->columns == NULL)
		return AE_ERR_MEMORY;
	for (int c = 0; c < dataset->ncolumns; c++)
	{
		AE_TRY(fit_column(fit, c, cell, &features->columns[c]));
		cell += dataset->specs[c].ncells;
	}
	return ae_features_layout(features, fit->arena);
}

AeStatus
ae_dataset_fit(AeDataset *dataset, AeArena *arena, AeFeatures **features)
{
	Fit			fit = {.dataset = dataset,.arena = arena};
	AeFeatures *fitted = ae_arena_alloc(arena, 1, sizeof(AeFeatures));
	AeStatus	status;

	*features = NULL;
	if (fitted == NULL)
		return AE_ERR_MEMORY;
	ae_arena_init(&fit.scratch, dataset->account.env);
	status = fit_columns(&fit, fitted);
	ae_arena_free(&fit.scratch);
	if (status == AE_OK)
		*features = fitted;
	return status;
}
