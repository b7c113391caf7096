/*
 * count.h
 *	  Counts, whose likelihood is that of a Poisson distribution.
 *
 * The one output o of a cell gives the rate: scale softplus(o), where the
 * scale makes o = 0 the mean of the training.  softplus and not exp: the
 * gradient is at most the count over the scale or 1, so that one large count
 * does not throw the weights of the network about, yet for rare events both
 * are the same.  The target is the count over the scale.
 */
#ifndef AE_COUNT_H
#define AE_COUNT_H

#include <math.h>

#include "core/feature.h"

/* the mean of a column whose training had no count above 0 */
#define AE_COUNT_RARE 1e-3

/* 1 / log(2) times the mean, as softplus(0) is log(2) */
static inline double
ae_count_scale(const AeCell *cell)
{
	return fmax(cell->mean, AE_COUNT_RARE) * 1.4426950408889634;
}

extern double ae_count_rate(const AeCell *cell, float output);

/* the output whose rate is that, or close to 0 for 0 */
extern float ae_count_output(const AeCell *cell, double rate);

/*
 * Half the deviance of a count: what it costs, in nats, at that rate beyond
 * what it costs where the rate is the count.  This is the column's loss.
 */
extern double ae_count_deviance(double count, double rate);

/* what a count costs where the rate is the count: no rate costs less */
extern double ae_count_least(double count);

/*
 * The square root of count + 3/8, linear below 0.  On its scale a Poisson
 * variable has the same deviation at every rate (Anscombe 1948), and the
 * difference of a count's and its rate's is, to second order, the deviance
 * residual.  From that of the mean, in deviations of the training.
 */
extern double ae_count_place(const AeCell *cell, double count);

/* the whole number, 0 or more, whose place is closest */
extern double ae_count_from_place(const AeCell *cell, double place);

#endif							/* AE_COUNT_H */
