/*
 * critic.h
 *	  The companion of an adversarial autoencoder (Makhzani et al. 2016): a
 *	  network that learns to tell codes from draws of a standard normal
 *	  distribution, while the encoder learns to mislead it.
 *
 * It has one output, the log odds that what it reads was drawn.  It matters
 * to the training only and is no part of the model.
 */
#ifndef AE_CRITIC_H
#define AE_CRITIC_H

#include "core/model.h"

/* plans the companion of a planned model, and removes it after training */
extern AeStatus ae_critic_plan(AeModel *model);
extern void ae_critic_remove(AeModel *model);

/*
 * The critic's gradients (overwritten) from codes (rows, AE_PAD(latent)) and
 * as many draws; the tape is for twice the rows.  Draws count as such with
 * certainty 0.9 (one-sided label smoothing, Salimans et al. 2016).  Returns
 * the sum over rows of its loss.
 */
extern double ae_critic_learn(const AeNet *critic, const AeBlas *blas,
							  const AeKernels *kernels, const float *params,
							  AeTape *tape, int rows, const float *codes,
							  AeRng *rng, float scale, float *grads);

/*
 * What the encoder is asked for after that: the sum over rows of
 * -log(probability that the code was drawn), with its gradient times scale in
 * dh[0] of the tape.
 */
extern double ae_critic_ask(const AeNet *critic, const AeBlas *blas,
							const AeKernels *kernels, const float *params,
							AeTape *tape, int rows, float scale);

#endif							/* AE_CRITIC_H */
