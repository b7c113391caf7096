/*
 * matching_test.c
 *	  The distance of codes from a normal distribution, and the critic: their
 *	  values against draws and plain loops, their gradients against finite
 *	  differences.
 */
#include "unit.h"

#include "core/critic.h"
#include "core/matching.h"

/* a quadrature, exponentials and sums of about a hundred floats */
#define TOLERANCE_VALUE 2e-5

/* means of 20,000 draws of numbers up to 7, three of their deviations */
#define TOLERANCE_DRAWS 0.05

/* central differences of float arithmetic, relative to the largest */
#define TOLERANCE_GRADIENT 1e-2
#define STEP 1e-2f

#define LATENT 5
#define LD 16
#define ROWS 300
#define DRAWS 20000

static AeArena arena;

static float *
draws(int rows, int latent, float mean, float deviation, uint64_t seed)
{
	size_t		ld = AE_PAD((size_t) latent);
	float	   *x = ae_arena_alloc(&arena, (size_t) rows * ld, sizeof(float));
	AeRng		rng;

	if (x == NULL)
		exit(1);
	ae_rng_seed(&rng, seed, 0);
	for (size_t r = 0; r < (size_t) rows; r++)
		for (size_t j = 0; j < ld; j++)
			x[r * ld + j] = mean + deviation * ae_rng_normal(&rng);
	return x;
}

static AeMatching *
matching(int latent)
{
	AeMatching *m;

	if (ae_matching_create(latent, &arena, &m) != AE_OK)
		exit(1);
	return m;
}

static double
distance(AeMatching *m, const AeKernels *kernels, int rows,
		 const float *codes, float scale, float *gradient)
{
	return ae_matching_distance(m, &ae_blas_reference, kernels, rows, codes,
								scale, gradient);
}

static double
similarity(int latent, const float *a, const float *b)
{
	static const double factors[] = {0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0};
	double		d = 0.0;
	double		sum = 0.0;

	for (int j = 0; j < latent; j++)
		d += ((double) a[j] - b[j]) * ((double) a[j] - b[j]);
	for (int i = 0; i < 7; i++)
		sum += 2 * latent * factors[i] / (2 * latent * factors[i] + d);
	return sum;
}

/* means over draws are what drawing them gives */
static void
test_integrals(void)
{
	for (int latent = 1; latent <= 80; latent = 4 * latent + 1)
	{
		AeMatching *m = matching(latent);
		size_t		ld = AE_PAD((size_t) latent);
		const float *z = draws(DRAWS, latent, 0.0f, 1.0f, 3);
		const float *a = draws(3, latent, 0.7f, 2.0f, 4);
		const AeKernels *kernels = ae_kernels_get(AE_KERNEL_AUTO);
		double		between = 0.0;
		double		error = 0.0;

		for (int i = 0; i < DRAWS; i += 2)
			between += similarity(latent, z + i * ld, z + (i + 1) * ld);
		for (int r = 0; r < 3; r++)
		{
			double		square = 0.0;
			double		mean = 0.0;
			double		sums[2];

			for (int j = 0; j < latent; j++)
				square += a[r * ld + j] * a[r * ld + j];
			for (int i = 0; i < DRAWS; i++)
				mean += similarity(latent, a + r * ld, z + i * ld) / DRAWS;
			kernels->decays(AE_MATCHING_NODES, (float) square, m->weight,
							m->rate, sums);
			error = fmax(error, fabs(sums[0] - mean));
		}
		ok(error < TOLERANCE_DRAWS, "%d units: similarity to draws (%g)",
		   latent, error);
		error = fabs(m->between_draws - between / (DRAWS / 2));
		ok(error < TOLERANCE_DRAWS, "%d units: similarity of draws (%g)",
		   latent, error);
	}
}

/* with one unit each mean is an integral over a line */
static void
test_quadrature(void)
{
	AeMatching *m = matching(1);
	double		between = 0.0;
	double		error = 0.0;

	for (int r = 0; r < 6; r++)
	{
		float		a = (float) (r * r);
		double		mean = 0.0;
		double		sums[2];

		for (int i = -8000; i <= 8000; i++)
		{
			double		x = i / 1000.0;
			double		d = exp(-x * x / 2) / sqrt(2 * M_PI) / 1000.0;
			float		z = (float) x;
			float		wide = (float) (x * sqrt(2.0));
			const float none = 0.0f;

			mean += d * similarity(1, &a, &z);
			between += r > 0 ? 0.0 : d * similarity(1, &wide, &none);
		}
		ae_kernels_get(AE_KERNEL_AUTO)->decays(AE_MATCHING_NODES, a * a,
											   m->weight, m->rate, sums);
		error = fmax(error, fabs(sums[0] - mean));
	}
	ok(error < TOLERANCE_VALUE, "similarity to a draw (%g)", error);
	ok(fabs(m->between_draws - between) < TOLERANCE_VALUE,
	   "similarity of two draws (%g)", m->between_draws - between);
}

/* the sum over one group by plain loops, with the means of draws as given */
static double
plain_distance(AeMatching *m, const AeKernels *kernels, int rows,
			   const float *codes)
{
	double		sum = 0.0;

	for (int r = 0; r < rows; r++)
	{
		double		square = 0.0;
		double		sums[2];

		for (int j = 0; j < LATENT; j++)
			square += codes[r * LD + j] * codes[r * LD + j];
		kernels->decays(AE_MATCHING_NODES, (float) square, m->weight, m->rate,
						sums);
		sum += m->between_draws - 2.0 * sums[0];
		for (int i = 0; i < rows; i++)
			if (i != r)
				sum += similarity(LATENT, codes + r * LD, codes + i * LD) /
					(rows - 1);
	}
	return sum;
}

static void
test_distance(const AeKernels *kernels)
{
	AeMatching *m = matching(LATENT);
	const float *same = draws(ROWS, LATENT, 0.0f, 1.0f, 5);
	const float *narrow = draws(ROWS, LATENT, 0.0f, 0.5f, 6);
	const float *moved = draws(ROWS, LATENT, 1.0f, 1.0f, 7);
	float	   *gradient = draws(ROWS, LATENT, 0.0f, 1.0f, 8);
	double		found;
	double		expected = 0.0;
	double		near;

	for (int rows = 2; rows <= AE_MATCHING_ROWS; rows = 3 * rows + 1)
	{
		found = distance(m, kernels, rows, moved, 1.0f, gradient);
		expected = plain_distance(m, kernels, rows, moved);
		ok(fabs(found - expected) < TOLERANCE_VALUE * rows,
		   "%s: the distance of %d codes (%g)", kernels->name, rows,
		   found - expected);
	}
	expected = 0.0;
	for (int i = 0; i < 3; i++)
		expected += distance(m, kernels, ROWS / 3, moved + i * ROWS / 3 * LD,
							 1.0f, gradient);
	found = distance(m, kernels, ROWS, moved, 1.0f, gradient);
	ok(found == expected, "%s: many rows are groups", kernels->name);
	near = distance(m, kernels, ROWS, same, 1.0f, gradient) / ROWS;
	ok(fabs(near) < 0.02, "%s: draws are near (%g)", kernels->name, near);
	found /= ROWS;
	ok(found > 0.2 && found < AE_MATCHING_LIMIT,
	   "%s: others are not (%g)", kernels->name, found);
	found = distance(m, kernels, ROWS, narrow, 1.0f, gradient) / ROWS;
	ok(found > 0.1, "%s: nor are narrower ones (%g)", kernels->name, found);
	ok(distance(m, kernels, 1, moved, 1.0f, gradient) == 0.0 &&
	   gradient[0] == 0.0f && gradient[LATENT - 1] == 0.0f,
	   "%s: one row is no distribution", kernels->name);
}

static void
test_distance_gradient(const AeKernels *kernels)
{
	enum
	{
		FEW = 21
	};
	AeMatching *m = matching(LATENT);
	float	   *codes = draws(FEW, LATENT, 0.4f, 0.7f, 9);
	float	   *gradient = draws(FEW, LATENT, 0.0f, 1.0f, 10);
	float	   *other = draws(FEW, LATENT, 0.0f, 1.0f, 10);
	double		largest = 0.0;
	double		error = 0.0;
	bool		finite = true;

	distance(m, kernels, FEW, codes, 0.5f, gradient);
	for (int i = 0; i < FEW * LD; i++)
		finite &= isfinite(gradient[i]) != 0;
	for (int r = 0; r < FEW; r++)
		for (int j = 0; j < LATENT; j++)
		{
			float	   *x = &codes[r * LD + j];
			float		saved = *x;
			double		up;
			double		down;

			*x = saved + STEP;
			up = distance(m, kernels, FEW, codes, 1.0f, other);
			*x = saved - STEP;
			down = distance(m, kernels, FEW, codes, 1.0f, other);
			*x = saved;
			largest = fmax(largest, fabs(gradient[r * LD + j]));
			error = fmax(error, fabs(0.5 * (up - down) / (2.0 * STEP) -
									 gradient[r * LD + j]));
		}
	ok(finite && error / largest < TOLERANCE_GRADIENT,
	   "%s: gradients of the distance (%g)", kernels->name, error / largest);
}

/*----------
 * The critic.
 *----------
 */
typedef struct Critic
{
	AeModel    *model;
	const AeKernels *kernels;
	AeTape	   *tape;
	float	   *params;
	float	   *grads;
	float	   *codes;
} Critic;

#define CODES 7

static void
critic_create(Critic *c, const AeKernels *kernels)
{
	AeLayer	   *code;
	AeNet	   *net;

	if (ae_model_create(&unit_env, &c->model) != AE_OK)
		exit(1);
	c->kernels = kernels;
	c->model->options.nhidden = 1;
	c->model->options.hidden[0] = 20;
	code = ae_arena_alloc(&c->model->arena, 1, sizeof(AeLayer));
	code->in = code->out = LATENT;
	c->model->net = (AeNet) {
		.nlayers = 1,.ncoder = 1,.layers = code
	};
	net = &c->model->companion;
	if (ae_critic_plan(c->model) != AE_OK ||
		ae_tape_create(net, 2 * CODES, &arena, &c->tape) != AE_OK)
		exit(1);
	c->tape->dh[0] = draws(2 * CODES, LATENT, 0.0f, 1.0f, 1);
	c->params = ae_arena_alloc(&arena, net->nparams, sizeof(float));
	c->grads = ae_arena_alloc(&arena, net->nparams, sizeof(float));
	c->codes = draws(CODES, LATENT, 0.5f, 0.6f, 12);
	ae_net_init(net, 13, c->params);
}

static double
critic_learn(Critic *c, float scale)
{
	AeRng		rng;

	ae_rng_seed(&rng, 14, 0);
	return ae_critic_learn(&c->model->companion, &ae_blas_reference,
						   c->kernels, c->params, c->tape, CODES, c->codes,
						   &rng, scale, c->grads);
}

static double
critic_ask(Critic *c, float scale)
{
	critic_learn(c, 1.0f);
	return ae_critic_ask(&c->model->companion, &ae_blas_reference, c->kernels,
						 c->params, c->tape, CODES, scale);
}

/* the least error of a difference with two steps: rectifiers have kinks */
static double
critic_error(Critic *c, double (*loss) (Critic *c, float scale), float *x,
			 double gradient)
{
	static const float steps[] = {4e-3f, 5e-4f};
	double		error = INFINITY;
	float		saved = *x;

	for (int i = 0; i < 2; i++)
	{
		double		up;
		double		down;

		*x = saved + steps[i];
		up = loss(c, 1.0f);
		*x = saved - steps[i];
		down = loss(c, 1.0f);
		*x = saved;
		error = fmin(error, fabs((up - down) / (2.0 * steps[i]) - gradient));
	}
	return error;
}

static void
test_critic(const AeKernels *kernels)
{
	Critic		c;
	AeNet	   *net;
	float	   *grads;
	float	   *wanted;
	double		error = 0.0;
	double		largest = 0.0;

	critic_create(&c, kernels);
	net = &c.model->companion;
	ok(net->layers[0].out == 20 && net->layers[1].out == 20 &&
	   ae_net_outputs(net) == 1, "%s: as wide as the encoder", kernels->name);
	critic_learn(&c, 1.0f);
	grads = ae_arena_alloc(&arena, net->nparams, sizeof(float));
	memcpy(grads, c.grads, net->nparams * sizeof(float));
	for (size_t i = 0; i < net->nparams; i++)
	{
		largest = fmax(largest, fabs(grads[i]));
		error = fmax(error, critic_error(&c, critic_learn, &c.params[i],
										 grads[i]));
	}
	ok(error / largest < TOLERANCE_GRADIENT, "%s: what a critic learns (%g)",
	   kernels->name, error / largest);
	critic_ask(&c, 1.0f);
	wanted = ae_arena_alloc(&arena, CODES * LD, sizeof(float));
	memcpy(wanted, c.tape->dh[0], CODES * LD * sizeof(float));
	error = largest = 0.0;
	for (int i = 0; i < CODES * LD; i++)
	{
		if (i % LD >= LATENT)
			continue;
		largest = fmax(largest, fabs(wanted[i]));
		error = fmax(error, critic_error(&c, critic_ask, &c.codes[i],
										 wanted[i]));
	}
	ok(error / largest < TOLERANCE_GRADIENT, "%s: what a critic asks (%g)",
	   kernels->name, error / largest);
	ae_critic_remove(c.model);
	ok(!ae_model_has_companion(c.model), "%s: it leaves nothing behind",
	   kernels->name);
	ae_model_free(c.model);
}

/* a critic that learns tells codes from draws; codes that do what it asks
 * come to look like draws */
static void
test_game(void)
{
	Critic		c;
	double		first;
	double		last;

	critic_create(&c, ae_kernels_get(AE_KERNEL_AUTO));
	first = critic_learn(&c, 1.0f);
	for (int i = 0; i < 300; i++)
	{
		critic_learn(&c, 1.0f / CODES);
		for (size_t p = 0; p < c.model->companion.nparams; p++)
			c.params[p] -= 0.1f * c.grads[p];
	}
	last = critic_learn(&c, 1.0f);
	ok(last < 0.7 * first, "a critic learns (%g to %g)", first, last);
	first = critic_ask(&c, 1.0f);
	for (int i = 0; i < 100; i++)
	{
		critic_ask(&c, 1.0f);
		for (int j = 0; j < CODES * LD; j++)
			c.codes[j] -= j % LD < LATENT ? 0.1f * c.tape->dh[0][j] : 0.0f;
	}
	last = critic_ask(&c, 1.0f);
	ok(last < 0.7 * first, "codes mislead it (%g to %g)", first, last);
	ae_model_free(c.model);
}

int
main(void)
{
	ae_arena_init(&arena, &unit_env);
	test_integrals();
	test_quadrature();
	for (int i = AE_KERNEL_BASELINE; i <= AE_KERNEL_AVX512; i++)
	{
		const AeKernels *kernels = ae_kernels_get((AeKernelChoice) i);

		if (kernels == NULL)
			continue;
		test_distance(kernels);
		test_distance_gradient(kernels);
		test_critic(kernels);
	}
	test_game();
	ae_arena_free(&arena);
	ok(unit_alloc_live == 0, "nothing is left allocated");
	return done();
}
