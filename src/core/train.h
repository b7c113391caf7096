/*
 * train.h
 *	  Training: epochs of mini-batches over a dataset.
 *
 * No allocation happens between two mini-batches, and env->poll is called at
 * least once per mini-batch.  Same rows in the same order, options and seed:
 * same parameters, to the bit, on the same CPU and BLAS library.
 */
#ifndef AE_TRAIN_H
#define AE_TRAIN_H

#include "core/blas.h"
#include "core/model.h"

/* told after every epoch; may leave by longjmp */
typedef struct AeProgress
{
	void		(*epoch) (void *host, int epoch, int epochs,
						  const AeEpoch *result);
	void	   *host;
} AeProgress;

/*
 * Trains a planned model on the dataset it was planned for, or a trained one
 * further, see update.h.  On success the model is prepared for scoring.
 * progress may be NULL.
 */
extern AeStatus ae_train_model(AeModel *model, AeDataset *dataset,
							   const AeBlas *blas, const AeKernels *kernels,
							   const AeProgress *progress);

#endif							/* AE_TRAIN_H */
