/*
 * score_head.h
 *	  What a model's head reads of a row, and which columns move it.
 */
#ifndef AE_SCORE_HEAD_H
#define AE_SCORE_HEAD_H

#include "core/model.h"

/*
 * Inputs of the head (3 d + 1): for each coordinate of the joint space its
 * value, then its reconstruction, then the residual, all from their centres,
 * and last the logarithm of the score alone.  All go through ae_head_input().
 */
extern void ae_head_inputs(const AeModel *model, const float *value,
						   const float *reconstruction, double log_score,
						   float *x);

/*
 * How much of the head's result goes away with each column, or rather when its
 * inputs become those of a typical row; never negative; share (ncolumns).
 * What goes away with the score alone is returned.
 */
extern double ae_head_share(const AeModel *model, const float *x,
							double *share);

#endif							/* AE_SCORE_HEAD_H */
