/*
 * net_test.c
 *	  Gradients of whole networks against finite differences, inference
 *	  against the training pass, and hostile shapes.
 */
#include "gradient.h"

#define TOLERANCE_INFER 1e-5

static void
test_gradients(void)
{
	static const int widths[] = {5, 7, 3, 17, 5};

	for (int a = 0; a < AE_ACT_COUNT; a++)
		for (int nlayers = 1; nlayers <= 4; nlayers++)
			for (int drop = 0; drop <= (nlayers == 4); drop++)
			{
				AeArena		arena;
				double		error;

				ae_arena_init(&arena, &unit_env);
				error = random_error(make_net(&arena, widths, nlayers,
											  (nlayers + 1) / 2,
											  (AeActivation) a),
									 &arena, NULL, (AePass) {
										 .dropout = drop ? 0.3f : 0.0f
									 });
				ok(error < TOLERANCE_GRADIENT,
				   "%s, %d layers%s: gradients are finite differences (%.1g)",
				   ae_activation_names[a], nlayers, drop ? ", dropout" : "",
				   error);
				ae_arena_free(&arena);
			}
}

/* what a padded weight or gradient must stay */
static bool
padding_is_zero(const AeNet *net, const float *params)
{
	for (int i = 0; i < net->nlayers; i++)
	{
		const AeLayer *layer = &net->layers[i];
		int			ld = AE_PAD(layer->out);

		for (int r = 0; r <= layer->in; r++)
			for (int c = layer->out; c < ld; c++)
				if (params[layer->weights + (size_t) r * ld + c] != 0.0f)
					return false;
	}
	return true;
}

static void
test_infer(void)
{
	static const int widths[] = {30, 64, 32, 8, 32, 64, 30};
	const AeKernels *kernels = ae_kernels_get(AE_KERNEL_AUTO);
	AeArena		arena;
	AeNet	   *net;
	AeTape	   *tape;
	AeRng		rng;
	float	   *params;
	float	   *grads;
	float	   *y;
	float	   *one;
	float	   *scratch;
	double		error = 0.0;
	bool		same = true;

	ae_arena_init(&arena, &unit_env);
	net = make_net(&arena, widths, 6, 3, AE_ACT_TANH);
	if (ae_net_plan(net) != AE_OK ||
		ae_tape_create(net, ROWS, &arena, &tape) != AE_OK)
		exit(1);
	ok(ae_net_inputs(net) == 30 && ae_net_outputs(net) == 30 &&
	   ae_net_latent(net) == 8, "inputs, code and outputs of the network");
	ok(ae_net_weights(net) == 8678, "weights without padding");
	params = ae_arena_alloc(&arena, net->nparams, sizeof(float));
	grads = ae_arena_alloc(&arena, net->nparams, sizeof(float));
	y = ae_arena_alloc(&arena, ROWS * 32, sizeof(float));
	one = ae_arena_alloc(&arena, 32, sizeof(float));
	scratch = ae_arena_alloc(&arena, 2 * ROWS * 64, sizeof(float));
	ae_net_init(net, 5, params);
	ae_rng_seed(&rng, 6, 0);
	for (int i = 0; i < ROWS * 32; i++)
		tape->h[0][i] = ae_rng_normal(&rng);
	ae_net_forward(net, &ae_blas_reference, kernels, params, tape, ROWS, NULL);
	half_squares(net, tape);
	ae_net_backward(net, &ae_blas_reference, kernels, params, tape, ROWS, NULL,
					grads);
	ok(padding_is_zero(net, params) && padding_is_zero(net, grads),
	   "padding of weights and gradients stays zero");
	ae_net_infer(net, kernels, params, 0, 6, ROWS, tape->h[0], 32, y, 32,
				 scratch);
	for (int r = 0; r < ROWS; r++)
	{
		ae_net_infer(net, kernels, params, 0, 6, 1, tape->h[0] + r * 32, 32,
					 one, 32, scratch);
		same = same && memcmp(one, y + r * 32, 30 * sizeof(float)) == 0;
		for (int j = 0; j < 30; j++)
			error = fmax(error, fabs(y[r * 32 + j] - tape->h[6][r * 32 + j]));
	}
	ok(error < TOLERANCE_INFER, "inference is the training pass (%g)", error);
	ok(same, "a row alone has the bits it has in a batch");
	ae_arena_free(&arena);
}

static void
test_shapes(void)
{
	static const int good[] = {3, 4, 3};
	static const int zero[] = {3, 0, 3};
	static const int wide[] = {3, AE_MAX_NET_WIDTH + 1, 3};
	static const int huge[] = {3000000, 3000000, 3000000};
	AeArena		arena;
	AeNet	   *net;

	ae_arena_init(&arena, &unit_env);
	net = make_net(&arena, good, 2, 1, AE_ACT_TANH);
	ok(ae_net_plan(net) == AE_OK, "a good shape is planned");
	net->layers[1].in = 5;
	ok(ae_net_plan(net) == AE_ERR_CORRUPT, "layers that do not fit together");
	net = make_net(&arena, good, 2, 1, (AeActivation) 77);
	ok(ae_net_plan(net) == AE_ERR_CORRUPT, "an activation that is none");
	net = make_net(&arena, good, 2, 1, AE_ACT_TANH);
	net->layers[0].kind = (AeLayerKind) 9;
	ok(ae_net_plan(net) == AE_ERR_CORRUPT, "a layer kind that is none");
	net = make_net(&arena, good, 2, 3, AE_ACT_TANH);
	ok(ae_net_plan(net) == AE_ERR_CORRUPT, "an encoder longer than the net");
	net = make_net(&arena, zero, 2, 1, AE_ACT_TANH);
	ok(ae_net_plan(net) == AE_ERR_CORRUPT, "a layer without units");
	net = make_net(&arena, wide, 2, 1, AE_ACT_TANH);
	ok(ae_net_plan(net) == AE_ERR_LIMIT, "a layer too wide");
	net = make_net(&arena, huge, 2, 1, AE_ACT_TANH);
	ok(ae_net_plan(net) == AE_ERR_LIMIT, "too many parameters");
	ae_arena_free(&arena);
}

int
main(void)
{
	test_gradients();
	test_infer();
	test_shapes();
	ok(unit_alloc_live == 0, "nothing is left allocated");
	return done();
}
