/*
 * code_test.c
 *	  Layers that make a code: what they pass on, what they cost, and their
 *	  gradients.
 */
#include "gradient.h"

/* float arithmetic over a few units */
#define TOLERANCE_VALUE 1e-6

/* means of 20,000 draws, three of their deviations */
#define TOLERANCE_DRAWS 0.012

#define UNITS 6
#define LD 16

/* a network whose code is made by a layer of that kind from in units */
static AeNet *
make_code_net(AeArena *arena, const AeLayer *code, AeActivation activation)
{
	static const int joined[] = {4, 0, 2};
	const int	widths[] = {5, 7, code->in, code->out, 7, 5};
	AeNet	   *net = make_net(arena, widths, 5, 3, AE_ACT_TANH);

	net->layers[1].activation = activation;
	net->layers[2] = *code;
	net->joined = joined;
	net->layers[4].activation = AE_ACT_LINEAR;
	if (ae_net_plan(net) != AE_OK)
		exit(1);
	return net;
}

/* gradients of a network with that code */
static double
asked_error(const AeLayer *code, AeActivation activation, float strength,
			const float *code_gradient)
{
	AeArena		arena;
	double		error;

	ae_arena_init(&arena, &unit_env);
	error = random_error(make_code_net(&arena, code, activation), &arena,
						 code_gradient, (AePass) {
							 .strength = strength
						 });
	ae_arena_free(&arena);
	return error;
}

static double
code_error(const AeLayer *code, AeActivation activation, float strength)
{
	return asked_error(code, activation, strength, NULL);
}

/* others than the decoder may want the code to change */
static void
test_code_gradient(void)
{
	static const AeLayer codes[] = {
		{.kind = AE_LAYER_DENSE,.in = UNITS,.out = UNITS},
		{.kind = AE_LAYER_SPARSE,.in = UNITS,.out = UNITS,.kept = 4},
		{.kind = AE_LAYER_SPARSE,.in = UNITS,.out = UNITS,.penalty = 0.7f},
		{.kind = AE_LAYER_GAUSSIAN,.in = 2 * UNITS,.out = UNITS,
		.penalty = 0.7f},
		{.kind = AE_LAYER_JOIN,.in = UNITS,.out = UNITS + 3}
	};
	float		asked[ROWS * LD];
	AeRng		rng;

	ae_rng_seed(&rng, 15, 0);
	for (int i = 0; i < ROWS * LD; i++)
		asked[i] = ae_rng_normal(&rng);
	for (int i = 0; i < 5; i++)
	{
		double		error = asked_error(&codes[i], AE_ACT_LINEAR, 1.0f,
										asked);

		ok(error < TOLERANCE_GRADIENT, "code %d: gradients from elsewhere "
		   "(%g)", i, error);
	}
}

static void
test_sparse_gradients(void)
{
	AeLayer		code = {.kind = AE_LAYER_SPARSE,.in = UNITS,.out = UNITS};
	double		error;

	code.kept = 4;
	error = code_error(&code, AE_ACT_LINEAR, 1.0f);
	ok(error < TOLERANCE_GRADIENT, "gradients of the largest units (%g)",
	   error);
	code.kept = 0;
	code.penalty = 0.7f;
	error = code_error(&code, AE_ACT_LINEAR, 1.0f);
	ok(error < TOLERANCE_GRADIENT, "gradients of magnitudes (%g)", error);
	code.target = 0.1f;
	error = code_error(&code, AE_ACT_SIGMOID, 1.0f);
	ok(error < TOLERANCE_GRADIENT, "gradients of a divergence (%g)", error);
	error = code_error(&code, AE_ACT_SIGMOID, 0.3f);
	ok(error < TOLERANCE_GRADIENT, "gradients of a part of it (%g)", error);
}

static void
test_gaussian_gradients(void)
{
	AeLayer		code = {.kind = AE_LAYER_GAUSSIAN,.in = 2 * UNITS,
	.out = UNITS};
	double		error = code_error(&code, AE_ACT_LINEAR, 1.0f);

	ok(error < TOLERANCE_GRADIENT, "gradients of a draw (%g)", error);
	code.penalty = 0.7f;
	error = code_error(&code, AE_ACT_LINEAR, 0.5f);
	ok(error < TOLERANCE_GRADIENT, "gradients of half the divergence (%g)",
	   error);
	code.target = 0.3f;
	error = code_error(&code, AE_ACT_LINEAR, 1.0f);
	ok(error < TOLERANCE_GRADIENT, "gradients with free bits (%g)", error);
}

static void
test_join_gradients(void)
{
	AeLayer		code = {.kind = AE_LAYER_JOIN,.in = UNITS,.out = UNITS + 3};
	double		error = code_error(&code, AE_ACT_TANH, 1.0f);

	ok(error < TOLERANCE_GRADIENT, "gradients before and after joined inputs (%g)",
	   error);
}

/* a code with inputs behind it, in training and in scoring */
static void
test_join(void)
{
	AeLayer		code = {.kind = AE_LAYER_JOIN,.in = UNITS,.out = UNITS + 3};
	const AeKernels *kernels = ae_kernels_get(AE_KERNEL_AUTO);
	static const float row[5] = {0.5f, -3.0f, 2.0f, -0.1f, 1.0f};
	float	   *latent;
	float	   *scratch;
	AeArena		arena;
	AeNet	   *net;
	AeTape	   *tape;
	float	   *params;

	ae_arena_init(&arena, &unit_env);
	net = make_code_net(&arena, &code, AE_ACT_TANH);
	params = ae_arena_alloc(&arena, net->nparams, sizeof(float));
	latent = ae_arena_alloc(&arena, LD, sizeof(float));
	scratch = ae_arena_alloc(&arena, 2 * LD, sizeof(float));
	if (ae_tape_create(net, 1, &arena, &tape) != AE_OK)
		exit(1);
	ae_net_init(net, 5, params);
	memcpy(tape->h[0], row, sizeof(row));
	ae_net_forward(net, &ae_blas_reference, kernels, params, tape, 1, NULL);
	ae_net_infer(net, kernels, params, 0, net->ncoder, 1, row, 5, latent, LD,
				 scratch);
	ok(tape->h[3][UNITS] == row[4] && tape->h[3][UNITS + 1] == row[0] &&
	   tape->h[3][UNITS + 2] == row[2], "training joins the inputs");
	ok(latent[UNITS] == row[4] && latent[UNITS + 1] == row[0] &&
	   latent[UNITS + 2] == row[2], "and so does scoring");
	ok(ae_net_latent(net) == UNITS + 3 && ae_net_joined(net) == 3 &&
	   ae_net_code(net) == &net->layers[1], "the code is what is before");
	ae_arena_free(&arena);
}

/* a layer alone */
typedef struct Alone
{
	AeArena		arena;
	AeNet		net;
	AeTape	   *tape;
} Alone;

static void
alone_create(Alone *alone, AeLayer *layer, int rows)
{
	ae_arena_init(&alone->arena, &unit_env);
	alone->net = (AeNet) {
		.nlayers = 1,.ncoder = 1,.layers = layer
	};
	if (ae_net_plan(&alone->net) != AE_OK ||
		ae_tape_create(&alone->net, rows, &alone->arena, &alone->tape) !=
		AE_OK)
		exit(1);
	ok(alone->net.nparams == 0 && ae_net_weights(&alone->net) == 0 &&
	   ae_net_blocks(&alone->net, 100, NULL) == 0, "no parameters");
	/* the gradient of the input is that of a layer before */
	alone->tape->dh[0] = ae_arena_alloc(&alone->arena, (size_t) rows,
										AE_PAD((size_t) layer->in) *
										sizeof(float));
}

static double
alone_forward(const Alone *alone, int rows, const AePass *pass)
{
	return ae_net_forward(&alone->net, &ae_blas_reference,
						  ae_kernels_get(AE_KERNEL_AUTO), NULL, alone->tape,
						  rows, pass);
}

static void
alone_backward(const Alone *alone, int rows, const AePass *pass)
{
	ae_net_backward(&alone->net, &ae_blas_reference,
					ae_kernels_get(AE_KERNEL_AUTO), NULL, alone->tape, rows,
					pass, NULL);
}

static bool
same_row(const float *found, const float *expected, int n)
{
	return memcmp(found, expected, (size_t) n * sizeof(float)) == 0;
}

static void
test_largest(void)
{
	static const float rows[3][UNITS] = {
		{0.5f, -3.0f, 2.0f, -0.1f, 1.0f, 0.0f},
		{1.0f, 1.0f, -1.0f, 1.0f, 1.0f, 0.0f},
		{0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f}
	};
	static const float kept[3][UNITS] = {
		{0.0f, -3.0f, 2.0f, 0.0f, 0.0f, 0.0f},
		{1.0f, 1.0f, 0.0f, 0.0f, 0.0f, 0.0f},
		{0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f}
	};
	AeLayer		layer = {.kind = AE_LAYER_SPARSE,.in = UNITS,.out = UNITS,
	.kept = 2};
	const AePass pass = {.strength = 1.0f,.scale = 1.0f};
	Alone		alone;
	const float *dx;
	float		scratch[2 * LD];
	bool		same = true;

	alone_create(&alone, &layer, 3);
	for (int r = 0; r < 3; r++)
		memcpy(alone.tape->h[0] + r * LD, rows[r], sizeof(rows[r]));
	ok(alone_forward(&alone, 3, &pass) == 0.0, "the largest cost nothing");
	for (int r = 0; r < 3; r++)
	{
		float		one[LD];

		ok(same_row(alone.tape->h[1] + r * LD, kept[r], UNITS),
		   "row %d keeps the largest, of equal ones the first", r);
		ae_net_infer(&alone.net, ae_kernels_get(AE_KERNEL_AUTO), NULL, 0, 1, 1,
					 rows[r], UNITS, one, LD, scratch);
		same &= same_row(one, kept[r], UNITS);
	}
	ok(same, "scoring keeps the same");
	for (int j = 0; j < 3 * LD; j++)
		alone.tape->dh[1][j] = 1.0f;
	alone_backward(&alone, 3, &pass);
	dx = alone.tape->dh[0];
	ok(dx[0] == 0.0f && dx[1] == 1.0f && dx[LD] == 1.0f && dx[LD + 2] == 0.0f,
	   "only what is kept learns");
	ok(dx[3] > 0.0f && dx[3] < 0.1f && dx[LD + 4] == dx[3] &&
	   dx[2 * LD + 5] == dx[3], "and a little, what is kept in no row");
	ae_arena_free(&alone.arena);
}

static void
test_all_kept(void)
{
	static const float row[UNITS] = {0.5f, -3.0f, 2.0f, -0.1f, 1.0f, 0.0f};
	AeLayer		layer = {.kind = AE_LAYER_SPARSE,.in = UNITS,.out = UNITS};
	Alone		alone;

	for (layer.kept = 0; layer.kept <= UNITS; layer.kept += UNITS)
	{
		alone_create(&alone, &layer, 1);
		memcpy(alone.tape->h[0], row, sizeof(row));
		alone_forward(&alone, 1, NULL);
		ok(same_row(alone.tape->h[1], row, UNITS), "%d kept is all",
		   layer.kept);
		ae_arena_free(&alone.arena);
	}
}

static void
test_penalties(void)
{
	/* the means are 0.5, 0.1 and beyond what a mean may be */
	static const float rows[2][3] = {
		{0.75f, 0.15f, 0.0f}, {0.25f, 0.05f, 0.0f}
	};
	AeLayer		layer = {.kind = AE_LAYER_SPARSE,.in = 3,.out = 3,
	.penalty = 2.0f};
	AePass		pass = {.strength = 0.5f,.scale = 1.0f};
	const double margin = 1e-4;
	double		expected;
	double		found;
	Alone		alone;

	alone_create(&alone, &layer, 2);
	for (int r = 0; r < 2; r++)
		memcpy(alone.tape->h[0] + r * LD, rows[r], sizeof(rows[r]));
	found = alone_forward(&alone, 2, &pass);
	ok(fabs(found - 1.2) < TOLERANCE_VALUE, "half the magnitudes, twice (%g)",
	   found);
	ok(alone_forward(&alone, 2, NULL) == 0.0, "nothing without a pass");
	layer.target = 0.1f;
	expected = 0.1 * log(0.1 / 0.5) + 0.9 * log(0.9 / 0.5) +
		0.1 * log(0.1 / margin) + 0.9 * log(0.9 / (1.0 - margin));
	found = alone_forward(&alone, 2, &pass);
	ok(fabs(found - 2.0 * expected) < TOLERANCE_VALUE,
	   "divergence of the means, for each row (%g, not %g)", found,
	   2.0 * expected);
	ae_arena_free(&alone.arena);
}

static void
test_draws(void)
{
	enum
	{
		DRAWS = 20000
	};
	AeLayer		layer = {.kind = AE_LAYER_GAUSSIAN,.in = 4,.out = 2,
	.penalty = 1.0f};
	AeRng		rng;
	const AePass pass = {.rng = &rng,.strength = 1.0f};
	const float deviation = 0.5f;
	double		sums[2] = {0.0, 0.0};
	double		squares[2] = {0.0, 0.0};
	double		found;
	bool		is_mean = true;
	float		one[LD];
	float		scratch[2 * LD];
	Alone		alone;

	alone_create(&alone, &layer, DRAWS);
	for (int r = 0; r < DRAWS; r++)
	{
		float	   *x = alone.tape->h[0] + r * LD;

		x[0] = 3.0f;
		x[1] = -1.0f;
		x[2] = 2.0f * logf(deviation);
		x[3] = -1e6f;			/* no variance is less than exp(-10) */
	}
	ae_rng_seed(&rng, 4, 0);
	found = alone_forward(&alone, DRAWS, &pass) / DRAWS;
	for (int r = 0; r < DRAWS; r++)
		for (int j = 0; j < 2; j++)
		{
			double		h = alone.tape->h[1][r * LD + j];

			sums[j] += h / DRAWS;
			squares[j] += h * h / DRAWS;
		}
	ok(fabs(sums[0] - 3.0) < TOLERANCE_DRAWS &&
	   fabs(sqrt(squares[0] - sums[0] * sums[0]) - deviation) <
	   TOLERANCE_DRAWS, "draws have their mean and deviation");
	ok(fabs(sums[1] + 1.0) < TOLERANCE_DRAWS &&
	   fabs(sqrt(squares[1] - sums[1] * sums[1]) - exp(-5.0)) <
	   TOLERANCE_DRAWS, "and none varies less than it may");
	ok(fabs(found - 0.5 * (9.0 + 0.25 - 1.0 - 2.0 * log(0.5)) -
			0.5 * (1.0 + exp(-10.0) - 1.0 + 10.0)) < TOLERANCE_VALUE * 10,
	   "divergence from a standard normal distribution (%g)", found);
	for (int j = 0; j < 2 * LD; j++)
		alone.tape->dh[1][j] = 1.0f;
	alone_backward(&alone, 2, &pass);
	ok(alone.tape->dh[0][0] == 1.0f && alone.tape->dh[0][2] != 0.0f &&
	   alone.tape->dh[0][3] == 0.0f, "a bound variance does not learn");
	alone_forward(&alone, DRAWS, NULL);
	for (int r = 0; r < DRAWS; r++)
		is_mean &= alone.tape->h[1][r * LD] == 3.0f &&
			alone.tape->h[1][r * LD + 1] == -1.0f;
	ae_net_infer(&alone.net, ae_kernels_get(AE_KERNEL_AUTO), NULL, 0, 1, 1,
				 alone.tape->h[0], LD, one, LD, scratch);
	ok(is_mean && one[0] == 3.0f && one[1] == -1.0f,
	   "without random numbers it is the mean");
	layer.target = 100.0f;
	ok(fabs(alone_forward(&alone, DRAWS, &pass) / DRAWS - 200.0) <
	   TOLERANCE_VALUE * 100, "a unit costs its free bits at least");
	ae_arena_free(&alone.arena);
}

static void
test_shapes(void)
{
	AeLayer		layer = {.kind = AE_LAYER_SPARSE,.in = 4,.out = 3};
	AeNet		net = {.nlayers = 1,.ncoder = 1,.layers = &layer};

	ok(ae_net_plan(&net) == AE_ERR_CORRUPT,
	   "a sparse code is as wide as its input");
	layer.kind = AE_LAYER_GAUSSIAN;
	ok(ae_net_plan(&net) == AE_ERR_CORRUPT, "a variational one half as wide");
	layer.in = 7;
	ok(ae_net_plan(&net) == AE_ERR_CORRUPT, "of an even width");
	layer.kind = AE_LAYER_JOIN;
	layer.out = 8;
	ok(ae_net_plan(&net) == AE_ERR_CORRUPT, "inputs are joined to a code");
}

int
main(void)
{
	test_sparse_gradients();
	test_gaussian_gradients();
	test_code_gradient();
	test_join_gradients();
	test_join();
	test_largest();
	test_all_kept();
	test_penalties();
	test_draws();
	test_shapes();
	ok(unit_alloc_live == 0, "nothing is left allocated");
	return done();
}
