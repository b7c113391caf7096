/*
 * head_fit.h
 *	  Training of a head on known anomalies and other rows.
 */
#ifndef AE_HEAD_FIT_H
#define AE_HEAD_FIT_H

#include "core/head.h"

/* rows of either kind that a step looks at */
#define AE_HEAD_BATCH 32

/*
 * Mean over anomalies of what the output lacks to AE_HEAD_MARGIN, plus mean
 * over the other rows of the output's size, after Pang, Shen and van den
 * Hengel (2019).  Outputs of AE_HEAD_BATCH anomalies, then of as many other
 * rows, ld apart; so are their gradients.
 *
 * The size, and not its square or a cross-entropy, because some of the other
 * rows are anomalies too: one of them pulls no harder than any other row.
 */
extern double ae_head_loss(int ld, const float *output, float *gradient);

/*
 * Trains a planned head; inputs (count, AE_PAD(inputs)), both counts above 0.
 * Same rows, seed, BLAS and kernels: same parameters, to the bit.  Work space
 * comes from arena.
 */
extern AeStatus ae_head_fit(AeHead *head, const AeBlas *blas,
							const AeKernels *kernels,
							const float *anomalies, int nanomalies,
							const float *others, int nothers,
							uint64_t seed, AeArena *arena);

#endif							/* AE_HEAD_FIT_H */
