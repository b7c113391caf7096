/*
 * head.h
 *	  A small network on top of a score, trained on known anomalies.
 *
 * It reads where a row is in the joint space and how unusual the score alone
 * finds it, and tells what is added to the logarithm of the score: about 0
 * for most rows, about AE_HEAD_MARGIN for rows like the known anomalies.
 * Nothing is taken away: an anomaly of another kind is no less unusual.
 */
#ifndef AE_HEAD_H
#define AE_HEAD_H

#include "core/net.h"

#define AE_HEAD_UNITS 32
#define AE_HEAD_LAYERS 2
#define AE_HEAD_MARGIN 2.5f

/* with fewer known anomalies there is no head */
#define AE_HEAD_MIN_ANOMALIES 5

/* more than any trained head adds to a log score, which stays finite */
#define AE_HEAD_MAX_OUTPUT 100.0f

typedef struct AeHead
{
	AeNet		net;			/* nlayers 0: there is no head */
	float	   *params;			/* (net.nparams) */
	double		log_unit;		/* log of the score alone of the median
								 * training row */
} AeHead;

/* layers for that many inputs; parameters are allocated in arena, all 0 */
extern AeStatus ae_head_plan(AeHead *head, int inputs, AeArena *arena);

static inline bool
ae_head_exists(const AeHead *head)
{
	return head->net.nlayers > 0;
}

/*
 * An input: values far out are pulled in, odd and increasing, so that neither
 * training nor the head's result has to fear them.  NaN, which no trained
 * network makes, is as far out as can be.
 */
static inline float
ae_head_input(float x)
{
	const float bound = 4.0f;
	float		size = x < 0.0f ? -x : x;

	/* the quotient of two infinities would be NaN */
	if (!(size < 1e30f))
		size = 1e30f;
	size = bound * size / (bound + size);
	return x < 0.0f ? -size : size;
}

/* 0 or more; x (inputs) padded, aligned; scratch (2 AE_PAD(net.max_width)) */
extern float ae_head_apply(const AeHead *head, const AeKernels *kernels,
						   const float *x, float *scratch);

#endif							/* AE_HEAD_H */
