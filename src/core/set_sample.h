/*
 * set_sample.h
 *	  The last layer of a network on sets, trained on some of the items at a
 *	  time: sampled softmax.
 *
 * The sum over all items in a row's softmax becomes that over the row's own
 * items and over sampled ones, the same for all rows of a step, each weighted
 * with one by how often it is expected in a sample: an estimate of the sum
 * without bias (Bengio, Senecal 2008, "Adaptive importance sampling to
 * accelerate training of a neural probabilistic language model").  A step
 * costs what these items cost, not what all of them do.
 *
 * Meanwhile the weights stand item by item, each with its bias behind them.
 */
#ifndef AE_SET_SAMPLE_H
#define AE_SET_SAMPLE_H

#include "core/set_net.h"

typedef struct AeSetSampler AeSetSampler;

/*
 * For batches of up to rows rows with up to nmembers items; takes over the
 * last layer of params.  negatives is the number of items in a sample, at
 * least 1, as many as there are at most.
 */
extern AeStatus ae_set_sampler_create(const AeNet *net, const AeItems *items,
									  int negatives, int rows, int nmembers,
									  const float *params, AeArena *arena,
									  AeSetSampler **sampler);

/*
 * After ae_set_forward(): what ae_set_backward() does, for a sample drawn from
 * rng.  The gradients of the last layer stay in the sampler.
 */
extern double ae_set_sampler_backward(AeSetSampler *sampler,
									  const AeNet *net, const AeBlas *blas,
									  const AeKernels *kernels,
									  const float *params, AeSetTape *tape,
									  const AeSetRow *rows, int nrows,
									  const AePass *pass, AeRng *rng,
									  float *grads);

/* a step of the optimiser for the items of the rows and of the sample; the
 * moments of others do not fade */
extern void ae_set_sampler_update(AeSetSampler *sampler,
								  const AeKernels *kernels,
								  const AeOptimizer *o,
								  const AeUpdate *update);

/* puts the last layer back into params */
extern void ae_set_sampler_store(const AeSetSampler *sampler,
								 const AeNet *net, float *params);

#endif							/* AE_SET_SAMPLE_H */
