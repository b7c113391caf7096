/*
 * calibration.h
 *	  How common a score is: the distribution of the anomaly scores of normal
 *	  rows in constant size.
 *
 * Quantiles describe the body, a generalised Pareto distribution the tail, so
 * that scores beyond all that were seen still get a share of their own.  The
 * struct holds no pointers; models store it field by field.
 */
#ifndef AE_CALIBRATION_H
#define AE_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Quantiles.  Of n scores the share ((AE_CALIBRATION_KNOTS - 1 - i) /
 * (AE_CALIBRATION_KNOTS - 1))^3 lies above knot i: the first is the minimum,
 * the last the maximum, and neighbours are 1.2 % of the scores apart at the
 * low end, 0.5 % at the 75 % quantile and 0.01 % at the 99.9 % quantile.
 */
#define AE_CALIBRATION_KNOTS 256

/* fewer scores above the threshold: no tail is fitted */
#define AE_CALIBRATION_MIN_EXCESSES 30

/* no p-value of a fitted tail is below */
#define AE_CALIBRATION_FLOOR 1e-12

/* the shape of a tail is between -limit and limit */
#define AE_CALIBRATION_MAX_SHAPE 5.0

typedef struct AeCalibration
{
	uint64_t	nscores;		/* scores it was fitted on; 0: not calibrated,
								 * and nothing below means anything */
	bool		held_out;		/* of rows that were not trained on */
	double		knots[AE_CALIBRATION_KNOTS];	/* ascending */
	double		threshold;		/* the knot nearest to the 98 % quantile;
								 * scores above it follow the tail */
	double		tail_share;		/* of the scores, above threshold */
	double		shape;			/* generalised Pareto gamma */
	double		scale;			/* sigma > 0; 0: no tail was fitted, p-values
								 * come from the quantiles alone */
} AeCalibration;

/* sorts scores (n, finite) in place; n = 0 leaves c uncalibrated */
extern void ae_calibration_fit(AeCalibration *c, double *scores, size_t n,
							   bool held_out);

/*
 * The expected share, in (0, 1], of normal rows that score at least as high:
 * what (1 + #{scores >= score}) / (n + 1) is to one more score of the same
 * distribution.  Never increases with the score.  Continuous where the scores
 * do not tie, the threshold included.  NaN if c is not calibrated or score is
 * NaN.  Without a tail at least 1 / (n + 1).
 */
extern double ae_calibration_pvalue(const AeCalibration *c, double score);

/*
 * Quantile of the scores: below it lies the share, from 0 to 1.  c must be
 * calibrated.
 */
extern double ae_calibration_quantile(const AeCalibration *c, double share);

/* NaN if c is not calibrated */
extern double ae_calibration_median(const AeCalibration *c);

/* false: a field is out of its range (a stored model is hostile) */
extern bool ae_calibration_is_valid(const AeCalibration *c);

#endif							/* AE_CALIBRATION_H */
