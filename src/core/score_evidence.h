/*
 * score_evidence.h
 *	  Bounds of a row's negative log likelihood by a variational model.
 *
 * The random numbers depend on the model's seed alone and are the same for
 * every row: the same row has the same bound, to the bit, wherever it stands.
 */
#ifndef AE_SCORE_EVIDENCE_H
#define AE_SCORE_EVIDENCE_H

#include "core/likelihood.h"

/* work space for one row */
typedef struct AeDraws
{
	int			count;			/* of codes */
	float	   *noise;			/* (count, latent) standard normal */
	float	   *code;			/* of some of the draws, padded */
	float	   *output;			/* likewise */
	float	   *scratch;		/* for ae_net_infer() */
	AeLikelihoodWork work;
	double	   *nats;			/* (count) */
} AeDraws;

extern AeStatus ae_draws_create(const AeModel *model, AeArena *arena,
								AeDraws **draws);

/*
 * In nats, from what the code's layer reads of a row, the row's inputs, of
 * which conditions are behind the code, and its targets, all finite but for
 * missing targets.  With codes z drawn from q, the code's
 * distribution:
 *
 *	elbo	mean of -log p(x | z), plus the divergence of q from p
 *	iwae	-log of the mean of p(x | z) p(z) / q(z)
 *
 * p(x | z) is that of likelihood.h.  Targets that are missing cost as much as
 * they do in the mean training row, so that NULL is neither odd nor
 * reassuring.
 */
extern double ae_draws_nats(const AeModel *model, const AeKernels *kernels,
							AeDraws *draws, const float *code_input,
							const float *input, const float *target);

#endif							/* AE_SCORE_EVIDENCE_H */
