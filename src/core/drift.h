/*
 * drift.h
 *	  How far rows are from those that a model was trained on.
 *
 * Counts of bins only, so that counts of parts of the rows add up.
 */
#ifndef AE_DRIFT_H
#define AE_DRIFT_H

#include "core/model.h"

/* bins of the scores */
#define AE_DRIFT_SCORE_BINS 10

typedef struct AeDrift
{
	const AeModel *model;		/* borrowed */
	uint64_t	nrows;
	size_t	   *first;			/* (ncells + 1) each cell's first count */
	uint64_t   *counts;			/* rows in each bin of each cell */
	uint64_t	nscores;
	uint64_t	score_counts[AE_CALIBRATION_KNOTS + 1];
} AeDrift;

/* of a column, or of the scores */
typedef struct AeDriftMeasure
{
	double		psi;			/* population stability index */
	double		js;				/* Jensen-Shannon distance, from 0 to 1 */
	double		ks;				/* Kolmogorov-Smirnov distance, scores only */
} AeDriftMeasure;

extern AeStatus ae_drift_create(const AeModel *model, AeArena *arena,
								AeDrift **drift);

/* a row (ncells) in original units */
extern void ae_drift_add(AeDrift *drift, const double *row);

/* its score; NaN is ignored */
extern void ae_drift_add_score(AeDrift *drift, double score);

/* of source column c: the mean over its cells; there must be rows */
extern AeDriftMeasure ae_drift_column(const AeDrift *drift, int c);

/* NaN without scores or calibration */
extern AeDriftMeasure ae_drift_scores(const AeDrift *drift);

/* the shares of the rows counted, in place of histograms' own */
extern void ae_drift_store(const AeDrift *drift, AeHistogram *histograms);

#endif							/* AE_DRIFT_H */
