/*
 * ordinal.c
 *	  Levels that have an order but no distance.
 */
#include "core/ordinal.h"

#include <math.h>
#include <string.h>

/* values nearer to a level are it: stored values are rounded to floats */
#define LEVEL_TOLERANCE 1e-3

/* a cut point that leaves no doubt: the other probability is 4e-18 */
#define CERTAIN_CUT 40.0f

/* index of the first level that is not below value, or n */
static int
levels_search(const double *levels, int n, double value)
{
	int			low = 0;

	while (low < n)
	{
		int			middle = low + (n - low) / 2;

		if (levels[middle] < value)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

void
ae_levels_add(AeLevels *levels, double value)
{
	int			i;
	size_t		above;

	if (isnan(value) || levels->count > AE_MAX_LEVELS)
		return;
	i = levels_search(levels->value, levels->count, value);
	if (i == levels->count || levels->value[i] != value)
	{
		above = (size_t) (levels->count - i);
		memmove(levels->value + i + 1, levels->value + i,
				above * sizeof(double));
		memmove(levels->seen + i + 1, levels->seen + i,
				above * sizeof(uint64_t));
		/* one zero */
		levels->value[i] = value + 0.0;
		levels->seen[i] = 0;
		levels->count++;
	}
	levels->seen[i]++;
}

/* the rank of a value beyond the levels, by the mean distance of two */
static double
rank_beyond(const double *levels, int n, double value)
{
	double		gap = (levels[n - 1] - levels[0]) / (n - 1);
	double		rank = value < levels[0] ? (value - levels[0]) / gap
		: n - 1 + (value - levels[n - 1]) / gap;

	return fmin(fmax(rank, -AE_CONSTANT_LIMIT), n - 1 + AE_CONSTANT_LIMIT);
}

double
ae_ordinal_rank(const AeColumn *column, double value)
{
	const double *levels = column->levels;
	int			n = column->nlabels;
	int			i;
	double		rank;

	if (n == 0)
		return AE_CONSTANT_LIMIT;
	if (n == 1 && value != levels[0])
		return value < levels[0] ? -AE_CONSTANT_LIMIT : AE_CONSTANT_LIMIT;
	i = levels_search(levels, n, value);
	if (i < n && levels[i] == value)
		return i;
	if (i == 0 || i == n)
		rank = rank_beyond(levels, n, value);
	else
		rank = i - (levels[i] - value) / (levels[i] - levels[i - 1]);
	return fabs(rank - rint(rank)) < LEVEL_TOLERANCE &&
		rank > -LEVEL_TOLERANCE && rank < n - 1 + LEVEL_TOLERANCE
		? rint(rank) : rank;
}

double
ae_ordinal_level(const AeColumn *column, double rank)
{
	double		nearest = INFINITY;
	double		level = NAN;

	for (int i = 0; i < column->nlabels; i++)
		if (column->frequency[i] > 0 && fabs(rank - i) < nearest)
		{
			nearest = fabs(rank - i);
			level = column->levels[i];
		}
	return level;
}

static double
sigmoid(double x)
{
	return 1.0 / (1.0 + exp(-x));
}

void
ae_ordinal_probabilities(const AeColumn *column, const float *output,
						 double *p)
{
	int			last = column->nlabels - 1;
	double		cut = output[0];

	if (last == 0)
	{
		p[0] = 1.0;
		return;
	}
	p[0] = sigmoid(cut);
	for (int i = 1; i < last; i++)
	{
		double		o = output[i];
		double		next = cut + fmax(o, 0.0) + log1p(exp(-fabs(o)));

		p[i] = sigmoid(next) * sigmoid(-cut) * sigmoid(o);
		cut = next;
	}
	p[last] = sigmoid(-cut);
}

void
ae_ordinal_output(const AeColumn *column, double rank, float *output)
{
	output[0] = rank < 0.5 ? CERTAIN_CUT : -CERTAIN_CUT;
	for (int i = 1; i < column->output_width; i++)
		output[i] = rank < i + 0.5 ? 2.0f * CERTAIN_CUT : -CERTAIN_CUT;
}

double
ae_ordinal_likeliest(const AeColumn *column, const float *output)
{
	double		p[AE_MAX_LEVELS];
	double		most = -1.0;
	double		level = NAN;

	if (column->nlabels > 0)
		ae_ordinal_probabilities(column, output, p);
	for (int i = 0; i < column->nlabels; i++)
		if (column->frequency[i] > 0 && (p[i] > most || isnan(level)))
		{
			most = p[i];
			level = column->levels[i];
		}
	return level;
}

double
ae_ordinal_expected_rank(const AeColumn *column, const float *output)
{
	double		p[AE_MAX_LEVELS];
	double		rank = 0.0;

	if (column->nlabels > 0)
		ae_ordinal_probabilities(column, output, p);
	for (int i = 0; i < column->nlabels; i++)
		rank += i * p[i];
	return rank;
}
