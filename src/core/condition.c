/*
 * condition.c
 *	  Columns that are given to encoder and decoder.
 */
#include "core/condition.h"

#include <math.h>
#include <string.h>

#include "core/feature_cell.h"

/* a logit that leaves no doubt: the other probability is 4e-18 */
#define CONDITION_LOGIT 40.0f

int
ae_condition_inputs(const AeFeatures *features, int *inputs)
{
	int			count = 0;

	for (int c = 0; c < features->ncolumns; c++)
	{
		const AeColumn *column = &features->columns[c];
		int			indicator = column->indicator;

		if (!column->condition)
			continue;
		for (int i = 0; i < column->input_width; i++, count++)
			if (inputs != NULL)
				inputs[count] = column->input + i;
		for (int i = 0; i < column->ncells && indicator >= 0; i++)
			if (ae_features_indicate(features, &column->cells[i]))
			{
				if (inputs != NULL)
					inputs[count] = indicator;
				indicator++;
				count++;
			}
	}
	return count;
}

/* whether the inputs of a category say that it has one of the labels */
static bool
has_label(const AeColumn *column, const float *given)
{
	float		label = 0.0f;
	float		other = 0.0f;

	for (int i = 0; i < column->input_width; i++)
	{
		if (i < column->nlabels)
			label = fmaxf(label, given[i]);
		else
			other = fmaxf(other, given[i]);
	}
	return label > other;
}

void
ae_condition_outputs(const AeFeatures *features, const float *given,
					 float *output)
{
	for (int c = 0; c < features->ncolumns; c++)
	{
		const AeColumn *column = &features->columns[c];
		bool		is_logit = column->kind == AE_KIND_BINARY ||
			column->kind == AE_KIND_CATEGORY;
		float	   *to = output + column->output;

		if (!column->condition)
			continue;
		if (column->kind == AE_KIND_POISSON ||
			column->kind == AE_KIND_ORDINAL)
			for (int i = 0; i < column->ncells; i++)
				ae_cell_restate(column, &column->cells[i], given[i], to + i);
		else
			for (int i = 0; i < column->output_width; i++)
				to[i] = is_logit ? CONDITION_LOGIT * given[i] : given[i];
		given += column->input_width;
		for (int i = 0; i < column->ncells && column->indicator >= 0; i++)
			given += ae_features_indicate(features, &column->cells[i]);
	}
}

/* a truth value, or none */
static double
truth(float given)
{
	return given > 0.0f ? 1.0 : given < 0.0f ? 0.0 : NAN;
}

void
ae_condition_settle(const AeFeatures *features, const float *given,
					double *row)
{
	for (int c = 0; c < features->ncolumns; c++)
	{
		const AeColumn *column = &features->columns[c];

		if (!column->condition)
			continue;
		if (column->kind == AE_KIND_CATEGORY && !has_label(column, given))
			row[column->cell] = NAN;
		if (column->kind == AE_KIND_BINARY && !column->cells[0].constant)
			row[column->cell] = truth(*given);
		given += column->input_width;
		for (int i = 0; i < column->ncells && column->indicator >= 0; i++)
			if (ae_features_indicate(features, &column->cells[i]) &&
				*given++ > 0.5f)
				row[column->cell + i] = NAN;
	}
}

void
ae_condition_copy(const AeFeatures *features, const double *row, double *to)
{
	for (int c = 0; c < features->ncolumns; c++)
	{
		const AeColumn *column = &features->columns[c];

		/* a class that is not known was told */
		if (column->condition &&
			!(column->classes && !(row[column->cell] < column->nlabels)))
			memcpy(to + column->cell, row + column->cell,
				   (size_t) column->ncells * sizeof(double));
	}
}
