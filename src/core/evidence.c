/*
 * evidence.c
 *	  Nats to anomaly scores and back.
 */
#include "core/evidence.h"

#include <math.h>

/* log(1 + exp(x)) is x beyond, to the last bit */
#define EVIDENCE_LINEAR 40.0

#define LOG_TWO 0.69314718055994530942

void
ae_evidence_fit(AeEvidence *evidence, const double *nats, size_t n)
{
	evidence->median = nats[n / 2];
	evidence->spread = fmax(nats[(n - 1) * 3 / 4] - nats[n / 4],
							AE_EVIDENCE_MIN_SPREAD);
}

double
ae_evidence_score(const AeEvidence *evidence, double nats)
{
	double		x = (nats - evidence->median) / evidence->spread;

	return (x > EVIDENCE_LINEAR ? x : log1p(exp(x))) / LOG_TWO;
}

double
ae_evidence_nats(const AeEvidence *evidence, double score)
{
	double		x = score * LOG_TWO;

	if (x < EVIDENCE_LINEAR)
		x = log(expm1(x));
	return evidence->median + evidence->spread * x;
}
