/*
 * set_net.h
 *	  Networks that read sets of items and score all items: forward, loss and
 *	  backward.
 *
 * The layers are those of an AeNet, but what goes in is never a vector of all
 * items: the first layer adds up the weights of the items that a row has, and
 * its gradient is that of those items.  The last layer, linear, gives a logit
 * to each item; its outputs are computed for some rows at a time.
 *
 * The loss of a row that has n items is n times the cross-entropy between its
 * items and the softmax of the logits: the multinomial likelihood of Liang et
 * al. 2018, "Variational autoencoders for collaborative filtering".
 */
#ifndef AE_SET_NET_H
#define AE_SET_NET_H

#include "core/net.h"
#include "core/optim.h"
#include "core/sets.h"

/* items of a row, borrowed, and behind them its other inputs */
typedef struct AeSetRow
{
	const AeMember *members;
	int			count;			/* items */
	int			nothers;
} AeSetRow;

/* buffers of one pass over up to rows rows with up to nmembers items */
typedef struct AeSetTape AeSetTape;

extern AeStatus ae_set_tape_create(const AeNet *net, int rows, int nmembers,
								   AeArena *arena, AeSetTape **tape);

/* rows, of so many, whose width outputs are computed at a time */
extern int	ae_set_slice_rows(int width, int rows);

/*
 * The rows' inputs: items with weights of length 1, of which dropout, drawn
 * from rng, leaves out a share and scales up the rest; other inputs as they
 * are.
 */
extern void ae_set_read(AeSetTape *tape, const AeSetRow *rows, int count,
						float dropout, AeRng *rng);

/*
 * From the inputs to what the last layer reads.  Returns the sum over rows of
 * the layers' penalties, as ae_net_forward().
 */
extern double ae_set_forward(const AeNet *net, const AeBlas *blas,
							 const AeKernels *kernels, const float *params,
							 AeSetTape *tape, const AePass *pass);

/* what the last layer reads, of row r */
extern const float *ae_set_code(const AeNet *net, const AeSetTape *tape,
								int r);

/* computes the logits of rows first .. first + count - 1, at most a slice */
extern void ae_set_outputs(const AeNet *net, const AeBlas *blas,
						   const float *params, AeSetTape *tape, int first,
						   int count);
/* row r of those logits */
extern float *ae_set_output_row(const AeNet *net, const AeSetTape *tape,
								int r);

/*
 * After the forward pass: gradients, times scale, of all parameters but those
 * of the first layer's items, and of that layer's outputs in the tape.
 * Returns the sum over rows of the loss.  rows are those of ae_set_read().
 */
extern double ae_set_backward(const AeNet *net, const AeBlas *blas,
							  const AeKernels *kernels, const float *params,
							  AeSetTape *tape, const AeSetRow *rows,
							  const AePass *pass, float *grads);

/*
 * The same for a last layer that is not the tape's: dh of what it reads, to be
 * filled in, and the gradients of the layers below.
 */
extern float *ae_set_code_gradient(const AeNet *net, const AeSetTape *tape,
								   int r);
extern void ae_set_backward_code(const AeNet *net, const AeBlas *blas,
								 const AeKernels *kernels,
								 const float *params, AeSetTape *tape,
								 const AePass *pass, float *grads);

/*
 * After the backward pass: a step of the optimiser, whose moments are o->m and
 * o->v, for the items that went in.  The moments of other items do not fade,
 * as in SparseAdam of PyTorch.
 */
extern void ae_set_update_items(const AeNet *net, const AeKernels *kernels,
								const AeOptimizer *o, const AeUpdate *update,
								float *params, AeSetTape *tape);

#endif							/* AE_SET_NET_H */
