/*
 * evidence.h
 *	  How little a variational model expects a row, in nats, and the anomaly
 *	  scores that makes.
 *
 * Nats are differences of log densities: they can be negative, and what is
 * many of them depends on the table.  So scores count them from the median
 * training row, in units of the spread among training rows.
 */
#ifndef AE_EVIDENCE_H
#define AE_EVIDENCE_H

#include <stddef.h>

/* where training rows are all alike, this many nats are a unit */
#define AE_EVIDENCE_MIN_SPREAD 0.01

typedef struct AeEvidence
{
	double		median;			/* nats of the training rows */
	double		spread;			/* their interquartile range, or that
								 * minimum */
} AeEvidence;

/* of nats (n, ascending) */
extern void ae_evidence_fit(AeEvidence *evidence, const double *nats,
							size_t n);

/*
 * log(1 + exp(x)) / log(2) with x = (nats - median) / spread: 1 for the median
 * training row, never negative, proportional to nats far above the median.
 */
extern double ae_evidence_score(const AeEvidence *evidence, double nats);

/* the inverse, up to rounding; score > 0 */
extern double ae_evidence_nats(const AeEvidence *evidence, double score);

#endif							/* AE_EVIDENCE_H */
