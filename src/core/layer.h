/*
 * layer.h
 *	  What a kind of layer has to provide; private to the network.
 *
 * Matrices are padded as in kernels.h.  p and g point at the layer's own first
 * parameter and gradient.
 */
#ifndef AE_LAYER_H
#define AE_LAYER_H

#include "core/net.h"

#define AE_LAYER_SCRATCH 65536	/* floats that backward may use freely */

typedef struct AeLayerOps
{
	/* sets the offsets from start on; returns the floats the layer needs, or
	 * 0 when that would pass AE_MAX_PARAMS */
	size_t		(*plan) (AeLayer *layer, size_t start);

	void		(*init) (const AeLayer *layer, AeRng *rng, float *params);

	/* h (rows, out) = act(x w + b); slope (rows, out) = act' */
	void		(*forward) (const AeLayer *layer, const AeBlas *blas,
							const AeKernels *kernels, const float *params,
							int rows, const float *x, float *h, float *slope);

	/*
	 * From dh (rows, out), the gradient of h, which is overwritten: gradients
	 * of the layer's parameters, and dx (rows, in) unless dx is NULL.  slope
	 * NULL means 1.
	 */
	void		(*backward) (const AeLayer *layer, const AeBlas *blas,
							 const AeKernels *kernels, const float *params,
							 int rows, const float *x, const float *slope,
							 float *dh, float *dx, float *grads,
							 float *scratch);

	/* forward without slopes, row by row to the bit; see ae_net_infer() */
	void		(*infer) (const AeLayer *layer, const AeKernels *kernels,
						  const float *params, int rows, const float *x,
						  int ldx, float *y, int ldy);

	/* parameters without padding */
	size_t		(*weights) (const AeLayer *layer);
} AeLayerOps;

extern const AeLayerOps ae_dense_ops;

#endif							/* AE_LAYER_H */
