/*
 * gradient.h
 *	  Gradients of whole networks against finite differences: for the tests of
 *	  networks and of layers.
 */
#ifndef UNIT_GRADIENT_H
#define UNIT_GRADIENT_H

#include "unit.h"

#include "core/net.h"

/*
 * Central differences in float: rounding of the loss (about 1e-7 of it) over
 * the step, plus the third derivative times its square.  The smaller step is
 * for where the larger one crosses the kink of a rectifier.
 */
static const float gradient_steps[] = {4e-3f, 5e-4f};

#define TOLERANCE_GRADIENT 1e-2
#define ROWS 5

static inline AeNet *
make_net(AeArena *arena, const int *widths, int nlayers, int ncoder,
		 AeActivation activation)
{
	AeNet	   *net = ae_arena_alloc(arena, 1, sizeof(AeNet));

	net->nlayers = nlayers;
	net->ncoder = ncoder;
	net->layers = ae_arena_alloc(arena, nlayers, sizeof(AeLayer));
	for (int i = 0; i < nlayers; i++)
	{
		net->layers[i].in = widths[i];
		net->layers[i].out = widths[i + 1];
		net->layers[i].activation = activation;
	}
	return net;
}

/* half the squared distance of the outputs to zero, and its gradient in dh */
static inline double
half_squares(const AeNet *net, AeTape *tape)
{
	int			n = net->nlayers;
	int			width = ae_net_outputs(net);
	double		loss = 0.0;

	for (int r = 0; r < ROWS; r++)
		for (int j = 0; j < width; j++)
		{
			float		y = tape->h[n][r * AE_PAD(width) + j];

			tape->dh[n][r * AE_PAD(width) + j] = y;
			loss += 0.5 * y * y;
		}
	return loss;
}

/* the loss whose gradient the code gradient is */
static inline double
code_cost(const AeNet *net, const AeTape *tape)
{
	const AeLayer *code = ae_net_code(net);
	int			width = code->out;
	double		cost = 0.0;

	for (int r = 0; r < ROWS && tape->code_gradient != NULL; r++)
		for (int j = 0; j < width; j++)
			cost += tape->code_gradient[r * AE_PAD(width) + j] *
				tape->h[code - net->layers + 1][r * AE_PAD(width) + j];
	return cost;
}

static inline double
loss_at(const AeNet *net, const AeKernels *kernels, const float *params,
		AeTape *tape, AePass pass)
{
	AeRng		rng;
	double		penalty;

	pass.rng = &rng;
	ae_rng_seed(&rng, 99, 0);
	penalty = ae_net_forward(net, &ae_blas_reference, kernels, params, tape,
							 ROWS, &pass);
	return penalty + half_squares(net, tape) + code_cost(net, tape);
}

/* the largest error of a gradient, relative to the largest gradient */
static inline double
gradient_error(const AeNet *net, const AeKernels *kernels, float *params,
			   AeTape *tape, AePass pass, float *grads)
{
	AeRng		rng;
	double		largest = 0.0;
	double		error = 0.0;

	loss_at(net, kernels, params, tape, pass);
	pass.rng = &rng;
	pass.scale = 1.0f;
	ae_net_backward(net, &ae_blas_reference, kernels, params, tape, ROWS,
					&pass, grads);
	for (size_t i = 0; i < net->nparams; i++)
		if (fabs(grads[i]) > largest)
			largest = fabs(grads[i]);
	for (size_t i = 0; i < net->nparams; i++)
	{
		double		wrong = INFINITY;

		for (int k = 0; k < 2; k++)
		{
			float		saved = params[i];
			double		up;
			double		down;

			params[i] = saved + gradient_steps[k];
			up = loss_at(net, kernels, params, tape, pass);
			params[i] = saved - gradient_steps[k];
			down = loss_at(net, kernels, params, tape, pass);
			params[i] = saved;
			wrong = fmin(wrong,
						 fabs((up - down) / (2.0 * gradient_steps[k]) -
							  grads[i]));
		}
		error = fmax(error, wrong);
	}
	return error / largest;
}

/* the same with weights and inputs drawn at random; plans the network */
static inline double
random_error(AeNet *net, AeArena *arena, const float *code_gradient,
			 AePass pass)
{
	AeTape	   *tape;
	AeRng		rng;
	float	   *params;
	float	   *grads;

	if (ae_net_plan(net) != AE_OK ||
		ae_tape_create(net, ROWS, arena, &tape) != AE_OK)
		exit(1);
	params = ae_arena_alloc(arena, net->nparams, sizeof(float));
	grads = ae_arena_alloc(arena, net->nparams, sizeof(float));
	tape->code_gradient = code_gradient;
	ae_net_init(net, 5, params);
	ae_rng_seed(&rng, 6, 0);
	for (int r = 0; r < ROWS; r++)
		for (int j = 0; j < ae_net_inputs(net); j++)
			tape->h[0][r * AE_PAD(ae_net_inputs(net)) + j] =
				ae_rng_normal(&rng);
	return gradient_error(net, ae_kernels_get(AE_KERNEL_AUTO), params, tape,
						  pass, grads);
}

#endif							/* UNIT_GRADIENT_H */
