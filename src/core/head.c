/*
 * head.c
 *	  A small network on top of a score: its shape and what it says of a row.
 */
#include "core/head.h"

AeStatus
ae_head_plan(AeHead *head, int inputs, AeArena *arena)
{
	AeNet	   *net = &head->net;
	AeLayer    *layer = ae_arena_alloc(arena, AE_HEAD_LAYERS,
									   sizeof(AeLayer));

	if (layer == NULL)
		return AE_ERR_MEMORY;
	layer[0].kind = AE_LAYER_DENSE;
	layer[0].activation = AE_ACT_TANH;
	layer[0].in = inputs;
	layer[0].out = AE_HEAD_UNITS;
	layer[1].kind = AE_LAYER_DENSE;
	layer[1].activation = AE_ACT_LINEAR;
	layer[1].in = AE_HEAD_UNITS;
	layer[1].out = 1;
	net->layers = layer;
	net->nlayers = AE_HEAD_LAYERS;
	net->ncoder = AE_HEAD_LAYERS;
	AE_TRY(ae_net_plan(net));
	head->params = ae_arena_alloc(arena, net->nparams, sizeof(float));
	return head->params != NULL ? AE_OK : AE_ERR_MEMORY;
}

float
ae_head_apply(const AeHead *head, const AeKernels *kernels, const float *x,
			  float *scratch)
{
	/* the first layer's output is in the first half */
	float	   *y = scratch + AE_PAD((size_t) head->net.max_width);

	ae_net_infer(&head->net, kernels, head->params, 0, AE_HEAD_LAYERS, 1,
				 x, AE_PAD(ae_net_inputs(&head->net)), y, AE_LANES, scratch);
	if (!(y[0] > 0.0f))
		return 0.0f;
	return y[0] < AE_HEAD_MAX_OUTPUT ? y[0] : AE_HEAD_MAX_OUTPUT;
}
