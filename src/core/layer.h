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

/* floats that backward may use freely; more if the layer is wider */
#define AE_LAYER_SCRATCH 65536

/* a layer without weights has NULL where only weights matter */
typedef struct AeLayerOps
{
	/* sets the offsets from start on; returns the floats the layer needs, or
	 * SIZE_MAX when that would pass AE_MAX_PARAMS */
	size_t		(*plan) (AeLayer *layer, size_t start);

	void		(*init) (const AeLayer *layer, AeRng *rng, float *params);

	/*
	 * h (rows, out) from x (rows, in), and in slope (rows, out) what backward
	 * needs: for dense layers h = act(x w + b) and act'.  rng NULL: no noise.
	 */
	void		(*forward) (const AeLayer *layer, const AeBlas *blas,
							const AeKernels *kernels, const float *params,
							int rows, const float *x, float *h, float *slope,
							AeRng *rng);

	/* sum over rows of what x and h cost beside the loss; NULL: nothing */
	double		(*penalty) (const AeLayer *layer, int rows, const float *x,
							const float *h);

	/*
	 * From dh (rows, out), the gradient of h, which becomes that of the
	 * pre-activation: gradients of the layer's parameters unless grads is
	 * NULL, and dx (rows, in) unless dx is NULL.  slope NULL means 1.
	 * transposed weights may be NULL.  The penalty's gradient times scale is
	 * added.
	 */
	void		(*backward) (const AeLayer *layer, const AeBlas *blas,
							 const AeKernels *kernels, const float *params,
							 int rows, const float *x, const float *slope,
							 float *dh, float *dx, float *grads,
							 const float *transposed, float *scratch,
							 float scale);

	/* the transposed weights of a block; called if plan set is_transposed */
	void		(*transpose) (const AeLayer *layer, const AeBlock *block,
							  const float *params, float *transposed);

	/* gradients of a block from x and the da that backward left in dh */
	void		(*gradient) (const AeLayer *layer, const AeBlas *blas,
							 const AeKernels *kernels, const AeBlock *block,
							 int rows, const float *x, float *da,
							 float *grads);

	/* forward without slopes, row by row to the bit; see ae_net_infer() */
	void		(*infer) (const AeLayer *layer, const AeKernels *kernels,
						  const float *params, int rows, const float *x,
						  int ldx, float *y, int ldy);

	/* parameters without padding */
	size_t		(*weights) (const AeLayer *layer);
} AeLayerOps;

extern const AeLayerOps ae_dense_ops;
extern const AeLayerOps ae_sparse_ops;
extern const AeLayerOps ae_gaussian_ops;
extern const AeLayerOps ae_join_ops;

/* what an AE_LAYER_JOIN adds to its input: some of the network's inputs
 * (rows, ldi), behind the others in h (rows, ldh) */
extern void ae_join_inputs(const AeNet *net, const AeLayer *layer, int rows,
						   const float *input, int ldi, float *h, int ldh);

#endif							/* AE_LAYER_H */
