/*
 * draw.c
 *	  A value of one cell, drawn from what a network's outputs say of it.
 */
#include "core/draw.h"

#include <math.h>
#include <string.h>

#include "core/feature_cell.h"
#include "core/ordinal.h"

/* outputs of a number or an instant: the latter's cycles follow */
#define MAX_OUTPUTS 8

/* between the means of neighbouring shares; none is beyond the outer two */
static float
draw_residual(const float residuals[AE_RESIDUALS], AeRng *rng)
{
	float		place = ae_rng_uniform(rng) * AE_RESIDUALS - 0.5f;
	int			i = (int) floorf(place);

	if (i < 0)
		return residuals[0];
	if (i >= AE_RESIDUALS - 1)
		return residuals[AE_RESIDUALS - 1];
	return residuals[i] +
		(place - (float) i) * (residuals[i + 1] - residuals[i]);
}

/* the outputs are logits */
static double
draw_label(const AeColumn *column, const float *output, AeRng *rng)
{
	int			n = column->nlabels > 0 ? column->nlabels : 1;
	double		left = ae_rng_uniform(rng);
	double		max = output[0];
	double		sum = 0.0;
	int			label = 0;

	for (int i = 1; i < n; i++)
		max = fmax(max, output[i]);
	for (int i = 0; i < n; i++)
		sum += exp(output[i] - max);
	left *= sum;
	for (int i = 0; i < n; i++)
	{
		double		share = exp(output[i] - max);

		if (share > 0.0)
			label = i;
		if (left < share)
			break;
		left -= share;
	}
	return label;
}

static double
draw_level(const AeColumn *column, const float *output, AeRng *rng)
{
	double		p[AE_MAX_LEVELS];
	double		left = ae_rng_uniform(rng);
	double		sum = 0.0;
	double		level = NAN;

	if (column->nlabels > 0)
		ae_ordinal_probabilities(column, output, p);
	for (int i = 0; i < column->nlabels; i++)
		sum += column->frequency[i] > 0 ? p[i] : 0.0;
	left *= sum;
	for (int i = 0; i < column->nlabels; i++)
	{
		if (!(column->frequency[i] > 0))
			continue;
		if (p[i] > 0 || isnan(level))
			level = column->levels[i];
		if (left < p[i])
			break;
		left -= p[i];
	}
	return level;
}

double
ae_draw_cell(const AeColumn *column, const AeCell *cell, const float *output,
			 const float residuals[AE_RESIDUALS], AeRng *rng)
{
	float		moved[MAX_OUTPUTS];
	double		value;

	switch (column->kind)
	{
		case AE_KIND_BINARY:
			value = ae_cell_decode(column, cell, output);
			return ae_rng_uniform(rng) < value ? 1.0 : 0.0;
		case AE_KIND_CATEGORY:
			return draw_label(column, output, rng);
		case AE_KIND_ORDINAL:
			return draw_level(column, output, rng);
		case AE_KIND_POISSON:
			value = ae_cell_place_output(column, cell, output) +
				draw_residual(residuals, rng);
			value = ae_cell_from_place(column, cell, value);
			return fmin(fmax(value, cell->min), cell->max);
		case AE_KIND_NUMERIC:
		case AE_KIND_CALENDAR:
		case AE_KIND_POSITIVE:
			break;
	}
	memcpy(moved, output, sizeof(float) *
		   (size_t) (column->output_width / column->ncells));
	moved[0] += draw_residual(residuals, rng);
	value = ae_cell_decode(column, cell, moved);
	return fmin(fmax(value, cell->min), cell->max);
}
