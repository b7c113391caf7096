/*
 * join.c
 *	  A code with what encoder and decoder are both given behind it: h is x,
 *	  then some of the network's inputs (Sohn et al. 2015).
 *
 * The inputs are in another place than x, so the network puts them there; see
 * ae_join_inputs().
 */
#include "core/layer.h"

#include <string.h>

static void
join_infer(const AeLayer *layer, const AeKernels *kernels,
		   const float *params, int rows, const float *x, int ldx, float *y,
		   int ldy)
{
	(void) kernels;
	(void) params;
	for (size_t r = 0; r < (size_t) rows; r++)
		memcpy(y + r * (size_t) ldy, x + r * (size_t) ldx,
			   (size_t) layer->in * sizeof(float));
}

static void
join_forward(const AeLayer *layer, const AeBlas *blas,
			 const AeKernels *kernels, const float *params, int rows,
			 const float *x, float *h, float *slope, AeRng *rng)
{
	(void) blas;
	(void) slope;
	(void) rng;
	join_infer(layer, kernels, params, rows, x, AE_PAD(layer->in), h,
			   AE_PAD(layer->out));
}

static void
join_backward(const AeLayer *layer, const AeBlas *blas,
			  const AeKernels *kernels, const float *params, int rows,
			  const float *x, const float *slope, float *dh, float *dx,
			  float *grads, const float *transposed, float *scratch,
			  float scale)
{
	(void) blas;
	(void) x;
	(void) slope;
	(void) grads;
	(void) transposed;
	(void) scratch;
	(void) scale;
	if (dx != NULL)
		join_infer(layer, kernels, params, rows, dh, AE_PAD(layer->out), dx,
				   AE_PAD(layer->in));
}

void
ae_join_inputs(const AeNet *net, const AeLayer *layer, int rows,
			   const float *input, int ldi, float *h, int ldh)
{
	h += layer->in;
	for (size_t r = 0; r < (size_t) rows; r++)
		for (int i = 0; i < layer->out - layer->in; i++)
			h[r * (size_t) ldh + (size_t) i] =
				input[r * (size_t) ldi + (size_t) net->joined[i]];
}

const AeLayerOps ae_join_ops = {
	.forward = join_forward,
	.backward = join_backward,
	.infer = join_infer
};
