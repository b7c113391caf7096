/*
 * step.h
 *	  A whole step of the optimiser, block by block.
 */
#ifndef UNIT_STEP_H
#define UNIT_STEP_H

#include "core/optim.h"

#define STEP_BLOCK 64			/* parameters: several blocks a layer */
#define STEP_MAX_BLOCKS 64

static AeStatus
unit_optimizer_step(const AeOptimizer *optimizer, const AeNet *net,
					const AeKernels *kernels, int step, double rate,
					float *params, float *grads)
{
	AeBlock		blocks[STEP_MAX_BLOCKS];
	AeUpdate	update = {.step = (uint64_t) step,.rate = rate};
	int			n = ae_net_blocks(net, STEP_BLOCK, NULL);

	if (n > STEP_MAX_BLOCKS)
		exit(1);
	ae_net_blocks(net, STEP_BLOCK, blocks);
	AE_TRY(ae_optimizer_begin(optimizer,
							  kernels->sum_squares(net->nparams, grads),
							  &update));
	for (int i = 0; i < n; i++)
		ae_optimizer_apply(optimizer, kernels, &update, &blocks[i], params,
						   grads);
	return AE_OK;
}

#endif							/* UNIT_STEP_H */
