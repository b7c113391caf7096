/*
 * contract.h
 *	  A penalty on how strongly the code follows the input: the squared norm
 *	  of the Jacobian of the whole encoder.
 *
 * With a_l = h_(l-1) W_l + b_l, h_l = act_l(a_l), h_0 the input and h_L the
 * code, J = dh_L / dh_0 and the penalty of a row is the sum of the squares of
 * J.  One layer deep this is the contractive autoencoder of Rifai et al. 2011,
 * deeper that of Bertrand et al. 2024, "DeepCAE".
 *
 * Its gradient has two parts: one that reaches weights directly, for which
 * there is ae_contract_add(), and one that reaches pre-activations, which the
 * backward pass of the network picks up from the tape's extra.
 *
 * Not every pass needs the penalty: training has it on one step in two, twice
 * as strong ("lazy regularization", Karras et al. 2020), see worker.c.
 */
#ifndef AE_CONTRACT_H
#define AE_CONTRACT_H

#include "core/net.h"
#include "core/options.h"

typedef struct AeContract AeContract;

/*
 * For passes over tape.  kind is not AE_CONTRACTION_NONE.  The leading dense
 * layers of the encoder take part; where the code is drawn, its means count.
 */
extern AeStatus ae_contract_create(const AeNet *net, AeTape *tape,
								   AeContraction kind, AeArena *arena,
								   AeContract **contract);

/*
 * After ae_net_forward() over rows rows, and before ae_net_backward(), both
 * with that pass.  Returns weight times the penalties' sum, and sets the
 * tape's extra.
 */
extern double ae_contract_penalty(AeContract *contract, const AeBlas *blas,
								  const AeKernels *kernels,
								  const float *params, int rows,
								  const AePass *pass, float weight);

/*
 * Adds the gradients of weights to grads, after ae_net_backward(), and takes
 * extra from the tape, for passes without a penalty.
 */
extern void ae_contract_add(const AeContract *contract, float *grads);

#endif							/* AE_CONTRACT_H */
