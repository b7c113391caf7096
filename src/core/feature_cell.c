/*
 * feature_cell.c
 *	  One cell as numbers for the network, and back.
 *
 * All arithmetic is in double up to the last step, so that a column with mean
 * 1e9 and deviation 1 keeps its digits.
 */
#include <math.h>
#include <string.h>

#include "core/count.h"
#include "core/feature_cell.h"
#include "core/ordinal.h"

#define TWO_PI 6.283185307179586476925
#define SQRT_HALF 0.70710678118654752440

/* share of a standard normal below -AE_NORMAL_LIMIT */
#define NORMAL_TAIL 2.8665157187919391e-07

/* a (sine, cosine) shorter than this says nothing about the time of day */
#define MIN_PHASE_LENGTH 0.1

#define DAY_SECONDS 86400.0

/* of exp() in the inverse of the logarithm: the result stays finite */
#define MAX_EXPONENT 700.0

/* outputs of a calendar cell: the instant and all cycles */
#define MAX_CALENDAR_WIDTH 7

/*----------
 * Periods in seconds, by bit of the AE_CYCLE_ mask.  The year is the mean
 * Gregorian one, anchored like all cycles at 2000-01-01: a given day of a
 * year moves by at most a day and a half around its mean phase.
 *----------
 */
static const double cycle_seconds[] = {
	DAY_SECONDS,
	7 * DAY_SECONDS,
	365.2425 * DAY_SECONDS
};

#define CYCLE_COUNT ((int) (sizeof(cycle_seconds) / sizeof(cycle_seconds[0])))

static float
cell_clamp(double x, double limit)
{
	if (x > limit)
		return (float) limit;
	if (x < -limit)
		return (float) -limit;
	return (float) x;
}

double
ae_cell_log(double value)
{
	return copysign(log1p(fabs(value)), value);
}

/* share of a standard normal below z, with all of it within the limit */
static double
normal_probability(double z)
{
	if (z <= -AE_NORMAL_LIMIT)
		return 0.0;
	if (z >= AE_NORMAL_LIMIT)
		return 1.0;
	return 0.5 * erfc(-z * SQRT_HALF);
}

/*
 * Inverse of normal_probability(): algorithm AS 241, routine PPND16, of
 * Wichura (1988), without its far tail.
 */
static double
normal_quantile(double p)
{
	double		q = p - 0.5;
	double		r;
	double		z;

	if (p <= NORMAL_TAIL)
		return -AE_NORMAL_LIMIT;
	if (p >= 1.0 - NORMAL_TAIL)
		return AE_NORMAL_LIMIT;

	if (fabs(q) <= 0.425)
	{
		r = 0.180625 - q * q;
		return q * (((((((2.5090809287301226727e3 * r +
						  3.3430575583588128105e4) * r +
						 6.7265770927008700853e4) * r +
						4.5921953931549871457e4) * r +
					   1.3731693765509461125e4) * r +
					  1.9715909503065514427e3) * r +
					 1.3314166789178437745e2) * r +
					3.3871328727963666080e0)
			/ (((((((5.2264952788528545610e3 * r +
					 2.8729085735721942674e4) * r +
					3.9307895800092710610e4) * r +
				   2.1213794301586595867e4) * r +
				  5.3941960214247511077e3) * r +
				 6.8718700749205790830e2) * r +
				4.2313330701600911252e1) * r + 1.0);
	}
	r = sqrt(-log(q < 0 ? p : 1.0 - p)) - 1.6;
	z = (((((((7.74545014278341407640e-4 * r +
			   2.27238449892691845833e-2) * r +
			  2.41780725177450611770e-1) * r +
			 1.27045825245236838258e0) * r +
			3.64784832476320460504e0) * r +
		   5.76949722146069140550e0) * r +
		  4.63033784615654529590e0) * r +
		 1.42343711074968357734e0)
		/ (((((((1.05075007164441684324e-9 * r +
				 5.47593808499534494600e-4) * r +
				1.51986665636164571966e-2) * r +
			   1.48103976427480074590e-1) * r +
			  6.89767334985100004550e-1) * r +
			 1.67638483018380384940e0) * r +
			2.05319162663775882187e0) * r + 1.0);
	return q < 0 ? -z : z;
}

/* index of the first knot >= value (> value if after), or AE_KNOTS */
static int
knots_search(const double *knots, double value, bool after)
{
	int			low = 0;
	int			high = AE_KNOTS;

	while (low < high)
	{
		int			mid = (low + high) / 2;

		if (knots[mid] < value || (after && knots[mid] == value))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* the middle of the run of knots equal to knots[i], in knot intervals */
static double
knots_rank(const double *knots, int i)
{
	return 0.5 * (knots_search(knots, knots[i], false) +
				  knots_search(knots, knots[i], true) - 1);
}

static double
interpolate(double x, double x0, double x1, double y0, double y1)
{
	return y0 + (x - x0) / (x1 - x0) * (y1 - y0);
}

/*
 * The share of values below value.  The polyline through the distinct knots
 * and their mid-ranks: continuous, so that the rounding of a stored value does
 * not move it off a run of equal knots.
 */
static double
knots_probability(const double *knots, double value)
{
	int			right = knots_search(knots, value, true);
	double		rank;

	if (right == 0)
		rank = knots_rank(knots, 0);
	else if (right == AE_KNOTS)
		rank = knots_rank(knots, AE_KNOTS - 1);
	else
		rank = interpolate(value, knots[right - 1], knots[right],
						   knots_rank(knots, right - 1),
						   knots_rank(knots, right));
	return rank / (AE_KNOTS - 1);
}

/* inverse of knots_probability() */
static double
knots_value(const double *knots, double probability)
{
	double		rank = probability * (AE_KNOTS - 1);
	double		value = knots[(int) rank];
	double		middle = knots_rank(knots, (int) rank);
	int			next;

	if (rank >= middle)
		next = knots_search(knots, value, true);
	else
		next = knots_search(knots, value, false) - 1;
	if (next < 0 || next == AE_KNOTS)
		return value;
	return interpolate(rank, middle, knots_rank(knots, next),
					   value, knots[next]);
}

static float
cell_scale(AeScaling scaling, const AeCell *cell, double value)
{
	double		limit = AE_VALUE_LIMIT;

	if (cell->constant)
		limit = AE_CONSTANT_LIMIT;
	else if (scaling == AE_SCALING_LOG)
		value = ae_cell_log(value);
	else if (scaling == AE_SCALING_QUANTILE)
		value = normal_quantile(knots_probability(cell->knots, value));
	return cell_clamp((value - cell->centre) / cell->spread, limit);
}

static double
cell_unscale(AeScaling scaling, const AeCell *cell, float output)
{
	double		value;

	if (cell->constant || isnan(output))
		output = 0.0f;
	value = cell->centre + cell->spread * cell_clamp(output, AE_VALUE_LIMIT);
	if (cell->constant)
		return value;
	if (scaling == AE_SCALING_LOG)
		return copysign(expm1(fmin(fabs(value), MAX_EXPONENT)), value);
	if (scaling == AE_SCALING_QUANTILE)
		return knots_value(cell->knots, normal_probability(value));
	return value;
}

/* value modulo period, in [0, period] */
static double
calendar_phase(double value, double period)
{
	return value - period * floor(value / period);
}

static void
calendar_encode(const AeColumn *column, const AeCell *cell, double value,
				float *input, float *target)
{
	float		code[MAX_CALENDAR_WIDTH];
	int			width = 1;

	code[0] = NAN;
	if (!isnan(value))
		code[0] = cell_scale(AE_SCALING_STANDARD, cell, value);
	for (int i = 0; i < CYCLE_COUNT; i++)
	{
		double		angle;

		if ((column->cycles & (1 << i)) == 0)
			continue;
		angle = TWO_PI * calendar_phase(value, cycle_seconds[i]) /
			cycle_seconds[i];
		code[width++] = (float) sin(angle);
		code[width++] = (float) cos(angle);
	}
	for (int i = 0; i < width; i++)
	{
		if (target != NULL)
			target[i] = code[i];
		if (input != NULL)
			input[i] = isnan(value) || cell->constant ? 0.0f : code[i];
	}
}

/* the standardised instant, moved to the time of day of (sine, cosine) */
static double
calendar_decode(const AeColumn *column, const AeCell *cell,
				const float *output)
{
	double		instant = cell_unscale(AE_SCALING_STANDARD, cell, output[0]);
	double		shift;

	if ((column->cycles & AE_CYCLE_DAY) == 0 ||
		!(hypot(output[1], output[2]) >= MIN_PHASE_LENGTH))
		return instant;
	shift = atan2(output[1], output[2]) / TWO_PI * DAY_SECONDS - instant;
	shift = calendar_phase(shift + DAY_SECONDS / 2, DAY_SECONDS) -
		DAY_SECONDS / 2;
	return isfinite(shift) ? instant + shift : instant;
}

static void
category_encode(const AeColumn *column, double value, float *input,
				float *target)
{
	int			label = column->nlabels;

	if (value >= 0 && value < column->nlabels)
		label = (int) value;
	if (input != NULL)
	{
		memset(input, 0, sizeof(float) * (size_t) column->input_width);
		if (!isnan(value))
			input[label] = 1.0f;
		else if (column->input_width > column->output_width)
			input[column->nlabels + 1] = 1.0f;
	}
	if (target != NULL)
	{
		memset(target, 0, sizeof(float) * (size_t) column->output_width);
		target[0] = isnan(value) ? NAN : (float) label;
	}
}

static double
category_decode(const AeColumn *column, const float *output)
{
	int			best = 0;

	for (int i = 1; i < column->nlabels; i++)
		if (output[i] > output[best])
			best = i;
	return best;
}

/* input and target may be NULL, value is not NaN */
static void
count_encode(const AeCell *cell, double value, float *input, float *target)
{
	if (input != NULL)
		input[0] = cell->constant ? 0.0f
			: cell_scale(AE_SCALING_LOG, cell, value);
	if (target != NULL)
		target[0] = cell_clamp(value / ae_count_scale(cell), AE_VALUE_LIMIT);
}

static void
ordinal_encode(const AeColumn *column, const AeCell *cell, double value,
			   float *input, float *target)
{
	double		rank = isnan(value) ? NAN : ae_ordinal_rank(column, value);

	if (input != NULL)
		input[0] = isnan(value) || cell->constant ? 0.0f
			: cell_clamp((rank - cell->centre) / cell->spread,
						 AE_VALUE_LIMIT);
	if (target != NULL)
	{
		memset(target, 0, sizeof(float) * (size_t) column->output_width);
		target[0] = (float) rank;
	}
}

void
ae_cell_encode(const AeColumn *column, const AeCell *cell, double value,
			   float *input, float *target)
{
	bool		silent = isnan(value) || cell->constant;
	float		code = NAN;

	switch (column->kind)
	{
		case AE_KIND_NUMERIC:
		case AE_KIND_POSITIVE:
			if (!isnan(value))
				code = cell_scale(column->scaling, cell, value);
			if (input != NULL)
				input[0] = silent ? 0.0f : code;
			break;
		case AE_KIND_BINARY:
			if (!isnan(value))
				code = value >= 0.5 ? 1.0f : 0.0f;
			if (input != NULL)
				input[0] = silent ? 0.0f : 2.0f * code - 1.0f;
			break;
		case AE_KIND_CATEGORY:
			category_encode(column, value, input, target);
			return;
		case AE_KIND_CALENDAR:
			calendar_encode(column, cell, value, input, target);
			return;
		case AE_KIND_ORDINAL:
			ordinal_encode(column, cell, value, input, target);
			return;
		case AE_KIND_POISSON:
			if (!isnan(value))
			{
				count_encode(cell, value, input, target);
				return;
			}
			if (input != NULL)
				input[0] = 0.0f;
			break;
	}
	if (target != NULL)
		target[0] = code;
}

double
ae_cell_decode(const AeColumn *column, const AeCell *cell,
			   const float *output)
{
	switch (column->kind)
	{
		case AE_KIND_NUMERIC:
			return cell_unscale(column->scaling, cell, output[0]);
		case AE_KIND_BINARY:
			return 1.0 / (1.0 + exp(-(double) output[0]));
		case AE_KIND_CATEGORY:
			return category_decode(column, output);
		case AE_KIND_CALENDAR:
			return calendar_decode(column, cell, output);
		case AE_KIND_POISSON:
			return cell->constant ? cell->mean
				: ae_count_rate(cell, output[0]);
		case AE_KIND_ORDINAL:
			return ae_ordinal_likeliest(column, output);
		case AE_KIND_POSITIVE:
			return fmax(cell_unscale(column->scaling, cell, output[0]), 0.0);
	}
	return NAN;
}

double
ae_cell_place_output(const AeColumn *column, const AeCell *cell,
					 const float *output)
{
	if (column->kind == AE_KIND_POISSON)
		return cell_clamp(ae_count_place(cell,
										 ae_count_rate(cell, output[0])),
						  AE_VALUE_LIMIT);
	if (column->kind == AE_KIND_ORDINAL)
		return cell_clamp((ae_ordinal_expected_rank(column, output) -
						   cell->centre) / cell->spread, AE_VALUE_LIMIT);
	return output[0];
}

double
ae_cell_place_target(const AeColumn *column, const AeCell *cell, float target)
{
	if (column->kind == AE_KIND_POISSON)
		return cell_clamp(ae_count_place(cell,
										 target * ae_count_scale(cell)),
						  AE_VALUE_LIMIT);
	if (column->kind == AE_KIND_ORDINAL)
		return cell_clamp((target - cell->centre) / cell->spread,
						  AE_VALUE_LIMIT);
	return target;
}

void
ae_cell_restate(const AeColumn *column, const AeCell *cell, float input,
				float *output)
{
	double		rank = cell->centre + cell->spread * input;

	if (column->kind == AE_KIND_POISSON)
		output[0] = ae_count_output(cell, cell_unscale(AE_SCALING_LOG, cell,
													   input));
	else
		ae_ordinal_output(column, rank, output);
}

double
ae_cell_from_place(const AeColumn *column, const AeCell *cell, double place)
{
	if (column->kind == AE_KIND_POISSON)
		return ae_count_from_place(cell, place);
	return ae_ordinal_level(column, cell->centre + place * cell->spread);
}
