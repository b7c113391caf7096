/*
 * score_fit.h
 *	  What a score needs beside the network, from the training rows.
 */
#ifndef AE_SCORE_FIT_H
#define AE_SCORE_FIT_H

#include "core/model.h"

/*
 * Fits the joint space of a trained and prepared model, draws its coreset,
 * trains its head if it has one and calibrates p-values.  held_out (count,
 * ncells) are stored rows that were not trained on; with too few of them
 * training rows calibrate, each without itself.  coder is that of the
 * dataset.  Bounded memory.
 */
extern AeStatus ae_score_fit(AeModel *model, AeDataset *dataset,
							 const AeCoder *coder, const AeBlas *blas,
							 const AeKernels *kernels,
							 const float *held_out, uint64_t count,
							 uint64_t seed);

#endif							/* AE_SCORE_FIT_H */
