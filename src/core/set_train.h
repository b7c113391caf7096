/*
 * set_train.h
 *	  Training of networks on sets of items.
 */
#ifndef AE_SET_TRAIN_H
#define AE_SET_TRAIN_H

#include "core/blas.h"
#include "core/set_model.h"
#include "core/train.h"

/*
 * Trains the network of a planned model on the rows it was planned for, or a
 * trained one further.  Same rows in the same order, options and seed: same
 * parameters, to the bit, on the same CPU and BLAS library.  progress may be
 * NULL.
 */
extern AeStatus ae_set_train(AeModel *model, const AeSetRows *rows,
							 const AeBlas *blas, const AeKernels *kernels,
							 const AeProgress *progress);

#endif							/* AE_SET_TRAIN_H */
