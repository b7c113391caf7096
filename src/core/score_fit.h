/*
 * score_fit.h
 *	  What a score needs beside the network, from the training rows.
 */
#ifndef AE_SCORE_FIT_H
#define AE_SCORE_FIT_H

#include "core/model.h"

/*
 * Fits the joint space of a trained and prepared model, unless it has been
 * fitted before and the model was trained further, draws its coreset, trains
 * its head if it has one and there are known anomalies, and calibrates
 * p-values.  held_out (count, ncells) are stored rows that were not trained
 * on; with too few of them training rows calibrate, each without itself.
 * coder is that of the dataset.  Bounded memory.
 */
extern AeStatus ae_score_fit(AeModel *model, AeDataset *dataset,
							 const AeCoder *coder, const AeBlas *blas,
							 const AeKernels *kernels,
							 const float *held_out, uint64_t count,
							 uint64_t seed);

/*
 * Finds the unit of a model's scores, of which n log scores without a unit, or
 * nats, ascend; they become log scores.
 */
extern void ae_score_unit(AeModel *model, double *scores, size_t n);

/* what a point of the coreset pays for being far from the others */
extern double ae_score_penalty(const AeOptions *options);

#endif							/* AE_SCORE_FIT_H */
