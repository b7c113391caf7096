/*
 * density_fit.h
 *	  What generating rows takes beside the network, from the training rows.
 */
#ifndef AE_DENSITY_FIT_H
#define AE_DENSITY_FIT_H

#include "core/model.h"

/* of a trained model, prepared for scoring */
extern AeStatus ae_density_fit(AeModel *model, AeDataset *dataset,
							   const AeCoder *coder,
							   const AeKernels *kernels, uint64_t seed);

#endif							/* AE_DENSITY_FIT_H */
