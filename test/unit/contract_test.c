/*
 * contract_test.c
 *	  The contractive penalty against a Jacobian written down in double
 *	  precision, and its gradients against differences of that.
 */
#include "kernels_reference.h"
#include "unit.h"

#include "core/contract.h"

/* float against double; of the largest gradient */
#define TOLERANCE_VALUE 1e-5
#define TOLERANCE_GRADIENT 2e-5

/* of central differences: small, so that no rectifier has its kink there */
#define STEP 1e-5

/* standard errors that a mean of so many draws may be off */
#define DRAWS 4000
#define STANDARD_ERRORS 4.0

#define MAX_WIDTH 600
#define MAX_LAYERS 5
#define MAX_ROWS 5
#define MAX_PARAMS 20000
#define WEIGHT 0.3f
#define SCALE 0.25f

typedef struct Case
{
	int			rows;
	int			nlayers;
	int			ncoder;
	AeActivation activation;
	AeContraction kind;
	float		dropout;
	bool		transposed;		/* with transposed weights in the tape */
	bool		drawn;			/* the encoder's last layer draws the code */
} Case;

typedef struct Setup
{
	AeArena		arena;
	AeNet		net;
	AeLayer		layers[MAX_LAYERS];
	AeTape	   *tape;
	AeContract *contract;
	float	   *params;
	float	   *grads;
	float	   *transposed;

	/* what a double-precision network needs to be this one */
	double		mask[MAX_LAYERS][MAX_ROWS][MAX_WIDTH];
	int			nseeds;
	const double *signs;		/* (rows, code) of a seed a row, or NULL */
	double		p[MAX_PARAMS];
} Setup;

static Setup setup;
static double signs[MAX_ROWS * MAX_WIDTH];

static bool
setup_begin(Setup *s, const Case *c, const int *widths)
{
	memset(s, 0, sizeof(Setup));
	ae_arena_init(&s->arena, &unit_env);
	s->net.nlayers = c->nlayers;
	s->net.ncoder = c->ncoder;
	s->net.layers = s->layers;
	for (int i = 0; i < c->nlayers; i++)
	{
		s->layers[i].in = widths[i];
		s->layers[i].out = widths[i + 1];
		s->layers[i].activation = c->activation;
	}
	if (c->drawn)
		s->layers[c->ncoder - 1].kind = AE_LAYER_GAUSSIAN;
	if (ae_net_plan(&s->net) != AE_OK || s->net.nparams > MAX_PARAMS)
		exit(2);
	return ae_tape_create(&s->net, c->rows, &s->arena, &s->tape) == AE_OK &&
		ae_contract_create(&s->net, s->tape, c->kind, &s->arena,
						   &s->contract) == AE_OK;
}

/* random parameters, biases too, and rows */
static void
setup_fill(Setup *s, const Case *c)
{
	AeNet	   *net = &s->net;
	int			ld = AE_PAD(ae_net_inputs(net));
	AeBlock		blocks[MAX_LAYERS];
	int			nblocks = ae_net_blocks(net, MAX_PARAMS, NULL);

	s->params = ae_arena_alloc(&s->arena, net->nparams, sizeof(float));
	s->grads = ae_arena_alloc(&s->arena, net->nparams, sizeof(float));
	s->transposed = ae_arena_alloc(&s->arena, net->ntransposed,
								   sizeof(float));
	ae_rng_seed(&rng, 7, 0);
	ae_net_init(net, 5, s->params);
	for (int l = 0; l < net->nlayers; l++)
		for (int j = 0; j < net->layers[l].out &&
			 ae_layer_has_weights(&net->layers[l]); j++)
			s->params[net->layers[l].bias + (size_t) j] =
				0.2f * ae_rng_normal(&rng);
	for (int r = 0; r < c->rows; r++)
		for (int j = 0; j < ae_net_inputs(net); j++)
			s->tape->h[0][r * ld + j] = ae_rng_normal(&rng);
	if (nblocks > MAX_LAYERS)
		exit(2);
	ae_net_blocks(net, MAX_PARAMS, blocks);
	for (int i = 0; i < nblocks && c->transposed; i++)
		ae_net_transpose(net, &blocks[i], s->params, s->transposed);
	if (c->transposed)
		s->tape->transposed = s->transposed;
}

/* what the penalty will draw from rng */
static void
setup_signs(Setup *s, const Case *c, AeRng draws)
{
	int			code = ae_net_latent(&s->net);

	s->nseeds = code;
	if (c->kind == AE_CONTRACTION_EXACT)
		return;
	s->nseeds = 1;
	s->signs = signs;
	for (int i = 0; i < c->rows * code; i++)
		signs[i] = ae_rng_next(&draws) >> 63 ? 1.0 : -1.0;
}

static void
setup_masks(Setup *s, const Case *c)
{
	AeRng		any = {0, 0};
	AePass		pass = {.rng = &any,.dropout = c->dropout};

	for (int l = 0; l < s->net.nlayers; l++)
		for (int r = 0; r < c->rows; r++)
			for (int j = 0; j < s->layers[l].out; j++)
			{
				size_t		at = (size_t) r * AE_PAD(s->layers[l].out) + j;
				float		dropout = ae_net_dropout(&s->net, l, &pass);
				double		keep = 1.0 / (1.0 - dropout);

				s->mask[l][r][j] = s->tape->h[l + 1][at] == 0.0f &&
					s->tape->slope[l][at] == 0.0f ? 0.0 : keep;
			}
}

/*----------
 * In double precision.
 *----------
 */

/* a difference of differences would have too much noise */
static double
exact_slope(AeActivation act, double x)
{
	double		s = 1 / (1 + exp(-x));
	double		t = tanh(reference_softplus(x));

	switch (act)
	{
		case AE_ACT_LINEAR:
			return 1;
		case AE_ACT_RELU:
			return x > 0;
		case AE_ACT_LEAKY_RELU:
			return x > 0 ? 1 : 0.01;
		case AE_ACT_ELU:
			return x > 0 ? 1 : exp(x);
		case AE_ACT_SELU:
			return 1.0507009873554805 *
				(x > 0 ? 1 : 1.6732632423543772 * exp(x));
		case AE_ACT_GELU:
			return 0.5 * erfc(-x / sqrt(2.0)) +
				x * exp(-x * x / 2) / sqrt(2 * acos(-1.0));
		case AE_ACT_SILU:
			return s * (1 + x * (1 - s));
		case AE_ACT_MISH:
			return t + x * (1 - t * t) * s;
		case AE_ACT_TANH:
			return 1 - tanh(x) * tanh(x);
		case AE_ACT_SIGMOID:
			return s * (1 - s);
		case AE_ACT_SOFTPLUS:
			return s;
	}
	return NAN;
}

/* layer l of a row: h and slope from x */
static void
double_layer(const Setup *s, int l, int row, const double *x, double *h,
			 double *slope)
{
	const AeLayer *layer = &s->layers[l];
	size_t		ld = AE_PAD((size_t) layer->out);

	for (int j = 0; j < layer->out; j++)
	{
		double		a = s->p[layer->bias + (size_t) j];

		if (layer->kind == AE_LAYER_GAUSSIAN)
		{
			h[j] = x[j];
			continue;
		}
		for (int i = 0; i < layer->in; i++)
			a += x[i] * s->p[layer->weights + (size_t) i * ld + (size_t) j];
		h[j] = s->mask[l][row][j] * reference_activation(layer->activation, a);
		slope[j] = s->mask[l][row][j] * exact_slope(layer->activation, a);
	}
}

/* the squared norm of seed' J', with the slopes of a row */
static double
double_strand(const Setup *s, int row, int seed, double (*slope)[MAX_WIDTH])
{
	double		t[MAX_WIDTH] = {0};
	double		u[MAX_WIDTH];
	double		sum = 0.0;
	int			code = ae_net_latent(&s->net);

	t[seed] = 1.0;
	if (s->signs != NULL)
		memcpy(t, s->signs + (size_t) row * (size_t) code,
			   (size_t) code * sizeof(double));
	for (int l = s->net.ncoder - 1; l >= 0; l--)
	{
		const AeLayer *layer = &s->layers[l];
		size_t		ld = AE_PAD((size_t) layer->out);

		if (layer->kind == AE_LAYER_GAUSSIAN)
			continue;
		for (int j = 0; j < layer->out; j++)
			u[j] = t[j] * slope[l][j];
		for (int i = 0; i < layer->in; i++)
		{
			const double *w = s->p + layer->weights + (size_t) i * ld;

			t[i] = 0.0;
			for (int j = 0; j < layer->out; j++)
				t[i] += w[j] * u[j];
		}
	}
	for (int i = 0; i < s->layers[0].in; i++)
		sum += t[i] * t[i];
	return sum;
}

/* WEIGHT times the penalty's sum; *loss half the squares of the outputs */
static double
double_penalty(const Setup *s, int rows, double *loss)
{
	static double h[MAX_LAYERS + 1][MAX_WIDTH];
	static double slope[MAX_LAYERS][MAX_WIDTH];
	double		sum = 0.0;
	int			n = s->net.nlayers;

	*loss = 0.0;
	for (int r = 0; r < rows; r++)
	{
		for (int i = 0; i < s->layers[0].in; i++)
			h[0][i] = s->tape->h[0][r * AE_PAD(s->layers[0].in) + i];
		for (int l = 0; l < n; l++)
			double_layer(s, l, r, h[l], h[l + 1], slope[l]);
		for (int j = 0; j < s->layers[n - 1].out; j++)
			*loss += 0.5 * h[n][j] * h[n][j];
		for (int seed = 0; seed < s->nseeds; seed++)
			sum += double_strand(s, r, seed, slope);
	}
	return WEIGHT * sum;
}

/* SCALE times loss and penalty, parameter i moved by d */
static double
double_total(Setup *s, int rows, size_t i, double d)
{
	double		saved = s->p[i];
	double		loss;
	double		penalty;

	s->p[i] += d;
	penalty = double_penalty(s, rows, &loss);
	s->p[i] = saved;
	return SCALE * (loss + penalty);
}

static double
double_gradient(Setup *s, int rows, size_t i)
{
	return (double_total(s, rows, i, STEP) -
			double_total(s, rows, i, -STEP)) / (2 * STEP);
}

/*----------
 * The tests.
 *----------
 */

static double
pass(Setup *s, const Case *c, const AeKernels *kernels, AeRng *draws)
{
	AeNet	   *net = &s->net;
	int			n = net->nlayers;
	size_t		noutputs = (size_t) c->rows *
		AE_PAD((size_t) ae_net_outputs(net));
	AeRng		drop;
	AePass		forward = {.rng = c->drawn ? NULL : &drop,
		.dropout = c->dropout,.strength = 1.0f,.scale = SCALE
	};
	AePass		pass = {.rng = draws,.dropout = c->dropout,.strength = 1.0f,
		.scale = SCALE
	};
	double		penalty;

	ae_rng_seed(&drop, 99, 0);
	ae_net_forward(net, &ae_blas_reference, kernels, s->params, s->tape,
				   c->rows, &forward);
	for (size_t i = 0; i < noutputs; i++)
		s->tape->dh[n][i] = SCALE * s->tape->h[n][i];
	penalty = ae_contract_penalty(s->contract, &ae_blas_reference, kernels,
								  s->params, c->rows, &pass, WEIGHT);
	ae_net_backward(net, &ae_blas_reference, kernels, s->params, s->tape,
					c->rows, &pass, s->grads);
	ae_contract_add(s->contract, s->grads);
	return penalty;
}

/* the largest error of every stride-th gradient, of the largest of them */
static double
gradient_error(Setup *s, const Case *c, size_t stride)
{
	double		largest = 0.0;
	double		error = 0.0;

	for (size_t i = 0; i < s->net.nparams; i += stride)
	{
		largest = fmax(largest, fabs(s->grads[i]));
		error = worse(error, fabs(double_gradient(s, c->rows, i) -
								  s->grads[i]));
	}
	return error / largest;
}

static void
test_case(const Case *c, const int *widths, size_t stride, const char *name)
{
	const AeKernels *kernels = ae_kernels_get(AE_KERNEL_AUTO);
	Setup	   *s = &setup;
	AeRng		draws;
	double		penalty;
	double		expected;
	double		loss;
	double		error;

	if (!setup_begin(s, c, widths))
		exit(2);
	setup_fill(s, c);
	ae_rng_seed(&draws, 3, 0);
	setup_signs(s, c, draws);
	penalty = pass(s, c, kernels, &draws);
	setup_masks(s, c);
	for (size_t i = 0; i < s->net.nparams; i++)
		s->p[i] = s->params[i];
	expected = double_penalty(s, c->rows, &loss);
	error = error_of(penalty / expected, 1.0);
	ok(error < TOLERANCE_VALUE, "%s, %s, encoder of %d: penalty (%.1g)", name,
	   ae_activation_names[c->activation], c->ncoder, error);
	error = gradient_error(s, c, stride);
	ok(error < TOLERANCE_GRADIENT, "%s, %s, encoder of %d: gradients (%.1g)",
	   name, ae_activation_names[c->activation], c->ncoder, error);
	ae_arena_free(&s->arena);
}

static void
test_gradients(void)
{
	/* the first makes W' W not worth it, the second does */
	static const int narrow[] = {5, 7, 3, 17, 4, 5};
	static const int wide[] = {40, 6, 4, 3, 2, 5};

	for (int a = 0; a < AE_ACT_COUNT; a++)
		for (int ncoder = 1; ncoder <= 4; ncoder++)
		{
			Case		c = {
				MAX_ROWS, ncoder + 1, ncoder, (AeActivation) a,
				AE_CONTRACTION_EXACT, 0.0f, ncoder % 2 == 0, false
			};

			test_case(&c, narrow, 1, "exact");
			test_case(&c, wide, 1, "exact, wide");
			c.kind = AE_CONTRACTION_HUTCHINSON;
			test_case(&c, narrow, 1, "estimated");
			c.dropout = 0.3f;
			test_case(&c, wide, 1, "estimated, dropout");
		}
}

/* of a code that is drawn, the means count */
static void
test_drawn(void)
{
	static const int widths[] = {5, 7, 6, 3, 5};
	Case		c = {
		MAX_ROWS, 4, 3, AE_ACT_TANH, AE_CONTRACTION_EXACT, 0.0f, false, true
	};

	test_case(&c, widths, 1, "exact, drawn");
	c.kind = AE_CONTRACTION_HUTCHINSON;
	c.transposed = true;
	test_case(&c, widths, 1, "estimated, drawn");
}

/* more strands than are done in one go: of several rows, and of one */
static void
test_chunks(void)
{
	static const int rows[] = {8, 6, 200, 4};
	static const int seeds[] = {4, 3, 600, 4};
	Case		c = {
		MAX_ROWS, 3, 2, AE_ACT_TANH, AE_CONTRACTION_EXACT, 0.0f, false, false
	};

	test_case(&c, rows, 23, "rows in parts");
	c.rows = 2;
	test_case(&c, seeds, 61, "code units in parts");
}

static void
test_unbiased(void)
{
	static const int widths[] = {6, 9, 5, 4, 6};
	const AeKernels *kernels = ae_kernels_get(AE_KERNEL_AUTO);
	Setup	   *s = &setup;
	Case		c = {
		MAX_ROWS, 4, 3, AE_ACT_TANH, AE_CONTRACTION_EXACT, 0.0f, false, false
	};
	double		exact;
	double		gradient;
	double		sum = 0.0;
	double		squares = 0.0;
	double		gradient_sum = 0.0;
	double		gradient_squares = 0.0;
	double		deviation;
	AeRng		draws;

	ae_rng_seed(&draws, 11, 0);
	if (!setup_begin(s, &c, widths))
		exit(2);
	setup_fill(s, &c);
	exact = pass(s, &c, kernels, &draws);
	ok(draws.counter == 0, "the exact penalty draws no random numbers");
	gradient = s->grads[0];
	ae_arena_free(&s->arena);

	c.kind = AE_CONTRACTION_HUTCHINSON;
	if (!setup_begin(s, &c, widths))
		exit(2);
	setup_fill(s, &c);
	for (int i = 0; i < DRAWS; i++)
	{
		double		penalty = pass(s, &c, kernels, &draws);

		sum += penalty;
		squares += penalty * penalty;
		gradient_sum += s->grads[0];
		gradient_squares += (double) s->grads[0] * s->grads[0];
	}
	sum /= DRAWS;
	gradient_sum /= DRAWS;
	deviation = sqrt((squares / DRAWS - sum * sum) / DRAWS);
	ok(fabs(sum - exact) < STANDARD_ERRORS * deviation,
	   "the estimate's mean is the exact penalty: %g, %g", sum, exact);
	ok(deviation > 0.0 && deviation < 0.01 * exact,
	   "and its standard error says so (%.1g)", deviation);
	deviation = sqrt((gradient_squares / DRAWS -
					  gradient_sum * gradient_sum) / DRAWS);
	ok(fabs(gradient_sum - gradient) < STANDARD_ERRORS * deviation,
	   "so is that of its gradient: %g, %g", gradient_sum, gradient);
	ae_arena_free(&s->arena);
}

static void
test_weight_zero(void)
{
	static const int widths[] = {6, 9, 5, 6};
	const AeKernels *kernels = ae_kernels_get(AE_KERNEL_AUTO);
	Setup	   *s = &setup;
	Case		c = {
		MAX_ROWS, 3, 2, AE_ACT_TANH, AE_CONTRACTION_EXACT, 0.0f, false, false
	};
	AeRng		draws;
	AePass		again = {.rng = &draws,.strength = 1.0f,.scale = SCALE};
	double		penalty;
	float		largest = 0.0f;

	ae_rng_seed(&draws, 11, 0);
	if (!setup_begin(s, &c, widths))
		exit(2);
	setup_fill(s, &c);
	pass(s, &c, kernels, &draws);
	penalty = ae_contract_penalty(s->contract, &ae_blas_reference, kernels,
								  s->params, c.rows, &again, 0.0f);
	for (int l = 0; l < c.ncoder; l++)
		for (int i = 0; i < c.rows * AE_PAD(widths[l + 1]); i++)
			largest = fmaxf(largest, fabsf(s->tape->extra[l][i]));
	memset(s->grads, 0, s->net.nparams * sizeof(float));
	ae_contract_add(s->contract, s->grads);
	for (size_t i = 0; i < s->net.nparams; i++)
		largest = fmaxf(largest, fabsf(s->grads[i]));
	ok(penalty == 0.0 && largest == 0.0f, "a weight of 0 leaves nothing");
	ok(s->tape->extra == NULL, "a pass without the penalty has none of it");
	ae_arena_free(&s->arena);
}

static void
test_host(void)
{
	static const int widths[] = {4, 6, 600, 4};
	Case		c = {
		2, 3, 2, AE_ACT_TANH, AE_CONTRACTION_EXACT, 0.0f, false, false
	};
	AeRng		draws;
	AePass		pass = {.rng = &draws,.strength = 1.0f,.scale = SCALE};
	long		budget = 0;
	long		polls;

	for (;; budget++)
	{
		bool		made;

		unit_alloc_budget = budget;
		made = setup_begin(&setup, &c, widths);
		unit_alloc_budget = -1;
		if (made)
			break;
		ae_arena_free(&setup.arena);
	}
	ok(budget > 0, "memory that runs out is noticed (%ld allocations)",
	   budget);
	setup_fill(&setup, &c);
	polls = unit_polls;
	ae_contract_penalty(setup.contract, &ae_blas_reference,
						ae_kernels_get(AE_KERNEL_AUTO), setup.params, c.rows,
						&pass, WEIGHT);
	ok(unit_polls >= polls + 4, "each part of the strands polls");
	ae_arena_free(&setup.arena);
}

int
main(void)
{
	test_gradients();
	test_drawn();
	test_chunks();
	test_unbiased();
	test_weight_zero();
	test_host();
	ok(unit_alloc_live == 0, "nothing is left allocated");
	return done();
}
