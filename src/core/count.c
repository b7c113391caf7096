/*
 * count.c
 *	  Counts, whose likelihood is that of a Poisson distribution.
 */
#include "core/count.h"

#define ROOT_SHIFT 0.375

#define STIRLING_FROM 1000.0
#define TWO_PI 6.283185307179586476925

/* beyond it softplus(o) is o, or exp(o), to the digits of a double */
#define SOFTPLUS_LINEAR 40.0

double
ae_count_rate(const AeCell *cell, float output)
{
	double		o = fmin(output, AE_VALUE_LIMIT);
	double		softplus = fmax(o, 0.0) + log1p(exp(-fabs(o)));

	return isnan(output) ? cell->mean : ae_count_scale(cell) * softplus;
}

float
ae_count_output(const AeCell *cell, double rate)
{
	double		softplus = rate / ae_count_scale(cell);
	double		o = softplus > SOFTPLUS_LINEAR ? softplus
		: log(expm1(fmax(softplus, exp(-SOFTPLUS_LINEAR))));

	return (float) fmin(o, AE_VALUE_LIMIT);
}

double
ae_count_deviance(double count, double rate)
{
	return count > 0 ? count * log(count / rate) - (count - rate) : rate;
}

/* for large counts by Stirling's series: their logarithms nearly cancel */
double
ae_count_least(double count)
{
	if (!(count > 0))
		return 0.0;
	if (count > STIRLING_FROM)
		return 0.5 * log(TWO_PI * count) + 1.0 / (12.0 * count);
	return count - count * log(count) + lgamma(count + 1.0);
}

static double
count_root(double count)
{
	if (count >= 0)
		return sqrt(count + ROOT_SHIFT);
	return sqrt(ROOT_SHIFT) + count / (2.0 * sqrt(ROOT_SHIFT));
}

/* the deviation of roots, from that of counts */
static double
count_unit(const AeCell *cell)
{
	return cell->stddev > 0 ? cell->stddev / (2.0 * count_root(cell->mean))
		: 1.0;
}

double
ae_count_place(const AeCell *cell, double count)
{
	return (count_root(count) - count_root(cell->mean)) / count_unit(cell);
}

double
ae_count_from_place(const AeCell *cell, double place)
{
	double		root = count_root(cell->mean) + place * count_unit(cell);

	return root > count_root(0.0)
		? fmin(rint(root * root - ROOT_SHIFT), AE_MAX_COUNT) : 0.0;
}
