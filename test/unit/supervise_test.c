/*
 * supervise_test.c
 *	  Losses and gradients of models that learn classes: against finite
 *	  differences, and against values that PyTorch computed
 *	  (test/golden/make_classes.py).
 */
#include "golden.h"

#include "core/classes.h"
#include "core/supervise.h"
#include "step.h"

/* float arithmetic against double, over six layers and ten steps */
#define TOLERANCE_VALUE 2e-5
#define TOLERANCE_STEPS 2e-4

/* central differences of a loss in float */
#define TOLERANCE_GRADIENT 1e-2
#define DIFFERENCE 4e-3f

#define ROWS 6
#define NUMBERS 5
#define COLUMNS 6
#define CLASSES 3
#define WIDTH (NUMBERS + CLASSES + 1)
#define LD AE_PAD(WIDTH)
#define UNITS 4
#define HIDDEN 8

static const int labels[ROWS] = {0, -1, 2, -1, -1, 1};

static const AeLoss losses[COLUMNS] = {
	AE_LOSS_SQUARED, AE_LOSS_SQUARED, AE_LOSS_SQUARED, AE_LOSS_SQUARED,
	AE_LOSS_SQUARED, AE_LOSS_SOFTMAX
};

typedef struct Fixture
{
	AeModel    *model;
	AeWorker	worker;
	AeResidual	residual[COLUMNS];
	float	   *grads;			/* of both networks */
} Fixture;

static void
must(AeStatus status)
{
	if (status == AE_OK)
		return;
	printf("Bail out! status %d\n", (int) status);
	exit(1);
}

static void
add_layer(AeNet *net, AeLayerKind kind, AeActivation activation, int in,
		  int out)
{
	net->layers[net->nlayers++] = (AeLayer) {
		.kind = kind,.activation = activation,.in = in,.out = out
	};
}

static void
make_nets(AeModel *m, bool semi)
{
	AeNet	   *net = &m->net;
	int			joined = semi ? CLASSES + 1 : 0;
	int			latent = UNITS + joined;

	net->layers = ae_arena_alloc(&m->arena, 6, sizeof(AeLayer));
	add_layer(net, AE_LAYER_DENSE, AE_ACT_TANH, WIDTH, HIDDEN);
	add_layer(net, AE_LAYER_DENSE, AE_ACT_LINEAR, HIDDEN, 2 * UNITS);
	add_layer(net, AE_LAYER_GAUSSIAN, AE_ACT_LINEAR, 2 * UNITS, UNITS);
	if (semi)
		add_layer(net, AE_LAYER_JOIN, AE_ACT_LINEAR, UNITS, latent);
	net->ncoder = net->nlayers;
	add_layer(net, AE_LAYER_DENSE, AE_ACT_TANH, latent, HIDDEN);
	add_layer(net, AE_LAYER_DENSE, AE_ACT_LINEAR, HIDDEN, WIDTH);
	must(ae_net_plan(net));

	net = &m->companion;
	net->layers = ae_arena_alloc(&m->arena, 2, sizeof(AeLayer));
	add_layer(net, AE_LAYER_DENSE, AE_ACT_TANH, semi ? WIDTH : latent, 7);
	add_layer(net, AE_LAYER_DENSE, AE_ACT_LINEAR, 7, CLASSES);
	net->ncoder = net->nlayers;
	must(ae_net_plan(net));
}

static void
make_model(Fixture *f, bool semi)
{
	AeModel    *m = golden_model(losses, COLUMNS);
	AeColumn   *classes = &m->features->columns[NUMBERS];

	f->model = m;
	classes->weight = 0.0;
	classes->classes = true;
	classes->condition = semi;
	classes->frequency[0] = 0.5;
	classes->frequency[1] = 0.3;
	classes->frequency[2] = 0.2;
	m->options.variant = semi ? AE_VARIANT_SEMI_SUPERVISED
		: AE_VARIANT_SUPERVISED;
	m->options.beta = 0.7;
	m->options.kl_warmup = 0.0;
	m->options.free_bits = semi ? NAN : 0.0;
	m->options.label_weight = 2.5;
	make_nets(m, semi);
	must(ae_model_prepare(m));
}

/* a worker with all that a slice needs, and no more */
static void
make_worker(Fixture *f, const AeKernels *kernels)
{
	AeModel    *m = f->model;
	AeWorker   *w = &f->worker;
	AeArena    *arena = &m->arena;
	int			rows = ae_supervise_rows(m, ROWS);

	*w = (AeWorker) {
		.model = m,.blas = &ae_blas_reference,.kernels = kernels
	};
	must(ae_tape_create(&m->net, rows, arena, &w->tape));
	must(ae_tape_create(&m->companion, ROWS, arena, &w->companion));
	must(ae_supervise_create(m, ROWS, arena, &w->supervision));
	w->companion->dh[0] = ae_arena_alloc(arena, ROWS * LD, sizeof(float));
	w->share.params = ae_arena_alloc(arena, ae_model_nparams(m),
									 sizeof(float));
	w->share.noise = ae_arena_alloc(arena, COLUMNS, sizeof(double));
	w->target = ae_arena_alloc(arena, (size_t) rows * LD, sizeof(float));
	w->weight = ae_arena_alloc(arena, WIDTH, sizeof(float));
	f->grads = ae_arena_alloc(arena, ae_model_nparams(m), sizeof(float));
	for (int c = 0; c < COLUMNS; c++)
		w->share.noise[c] = 1.0;
}

/* the rows: a pass overwrites them */
static void
set_rows(Fixture *f, const double *x)
{
	AeWorker   *w = &f->worker;

	for (int r = 0; r < ROWS; r++)
	{
		float	   *input = w->tape->h[0] + r * LD;
		float	   *target = w->target + r * LD;

		for (int j = 0; j < NUMBERS; j++)
			input[j] = target[j] = (float) x[r * NUMBERS + j];
		memset(input + NUMBERS, 0, (CLASSES + 1) * sizeof(float));
		if (labels[r] >= 0)
			input[NUMBERS + labels[r]] = 1.0f;
		target[NUMBERS] = labels[r] >= 0 ? (float) labels[r] : NAN;
	}
}

/* the mean loss of the rows; with grads, its gradients */
static double
loss_of(Fixture *f, const double *x, uint64_t step, float *grads)
{
	AeModel    *m = f->model;
	AeWorker   *w = &f->worker;
	AeRng		rng;
	const AePass pass = {.rng = &rng,.strength = 1.0f,.scale = 1.0f / ROWS};
	double		loss;

	ae_rng_seed(&rng, 99, step);
	set_rows(f, x);
	if (m->options.variant == AE_VARIANT_SEMI_SUPERVISED)
		return ae_supervise_semi(w, ROWS, pass, grads, f->residual) / ROWS;
	ae_supervise_inputs(w, w->share.params, ROWS);
	loss = ae_net_forward(&m->net, w->blas, w->kernels, w->share.params,
						  w->tape, ROWS, &pass);
	loss += ae_likelihood(m, w->kernels, w->share.noise, w->weight, ROWS, LD,
						  w->tape->h[m->net.nlayers], w->target, pass.scale,
						  w->tape->dh[m->net.nlayers], f->residual);
	loss += ae_supervise_code(w, ROWS, &pass, grads);
	if (grads != NULL)
		ae_net_backward(&m->net, w->blas, w->kernels, w->share.params,
						w->tape, ROWS, &pass, grads);
	return loss / ROWS;
}

static void
test_gradients(bool semi)
{
	Fixture		f;
	AeRng		rng;
	double		x[ROWS * NUMBERS];
	double		largest = 0.0;
	double		error = 0.0;
	float	   *params;

	make_model(&f, semi);
	make_worker(&f, ae_kernels_get(AE_KERNEL_AUTO));
	params = f.worker.share.params;
	ae_net_init(&f.model->net, 1, params);
	ae_net_init(&f.model->companion, 2, params + f.model->net.nparams);
	ae_rng_seed(&rng, 3, 0);
	for (int i = 0; i < ROWS * NUMBERS; i++)
		x[i] = ae_rng_normal(&rng);
	loss_of(&f, x, 0, f.grads);
	for (size_t i = 0; i < ae_model_nparams(f.model); i++)
	{
		float		saved = params[i];
		double		up;
		double		down;

		params[i] = saved + DIFFERENCE;
		up = loss_of(&f, x, 0, NULL);
		params[i] = saved - DIFFERENCE;
		down = loss_of(&f, x, 0, NULL);
		params[i] = saved;
		largest = fmax(largest, fabs(f.grads[i]));
		error = fmax(error, fabs((up - down) / (2 * DIFFERENCE) - f.grads[i]));
	}
	ok(error < TOLERANCE_GRADIENT * largest, "gradients of %s (%g of %g)",
	   semi ? "all classes of a row" : "the class of a code", error, largest);
	ae_model_free(f.model);
}

/* what is not known is what the companion says */
static void
test_inputs(void)
{
	Fixture		f;
	double		x[ROWS * NUMBERS] = {0.5};
	double		sum = 0.0;
	const float *input;

	make_model(&f, true);
	make_worker(&f, ae_kernels_get(AE_KERNEL_AUTO));
	ae_net_init(&f.model->companion, 2,
				f.worker.share.params + f.model->net.nparams);
	set_rows(&f, x);
	ae_supervise_inputs(&f.worker, f.worker.share.params, ROWS);
	input = f.worker.tape->h[0];
	ok(input[NUMBERS] == 1.0f && input[NUMBERS + 1] == 0.0f,
	   "a known class stays");
	for (int y = 0; y < CLASSES; y++)
		sum += input[LD + NUMBERS + y];
	ok(fabs(sum - 1.0) < 1e-6 && input[LD + NUMBERS] > 0.0f &&
	   input[LD + NUMBERS] < 1.0f, "another becomes probabilities");
	ok(fabs(ae_classes_log_prior(f.model, 1) - log(0.3)) < 1e-12,
	   "shares of labelled rows are the prior");
	ae_model_free(f.model);
}

static void
compare(Fixture *f, const char *name, float *params, bool set,
		double tolerance, const char *what)
{
	double		error = 0.0;

	read_params(&f->model->net, name, params, set, &error);
	read_params(&f->model->companion, name, params + f->model->net.nparams,
				set, &error);
	if (!set)
		ok(error < tolerance, "%s: %s (%g)", f->worker.kernels->name, what,
		   error);
}

static void
test_steps(Fixture *f, const double *x)
{
	AeModel    *m = f->model;
	size_t		n = ae_model_nparams(m);
	float	   *moments = ae_arena_alloc(&m->arena, 2 * n, sizeof(float));
	AeOptions	options;
	AeOptimizer optimizer[2];
	double		found[10];
	double		error;

	ae_options_init(&options);
	options.weight_decay = 0.05;
	options.clip_norm = 0.0;
	for (int i = 0; i < 2; i++)
		ae_optimizer_init(&optimizer[i], &options,
						  moments + (i == 0 ? 0 : m->net.nparams),
						  moments + n + (i == 0 ? 0 : m->net.nparams));
	for (int step = 0; step < 10; step++)
	{
		found[step] = loss_of(f, x, (uint64_t) step, f->grads);
		ae_likelihood_learn(m, 1, f->residual, f->worker.share.noise);
		if (step == 0)
			compare(f, "g", f->grads, false, TOLERANCE_VALUE, "gradients");
		must(unit_optimizer_step(&optimizer[0], &m->net, f->worker.kernels,
								 step + 1, 0.02, f->worker.share.params,
								 f->grads));
		must(unit_optimizer_step(&optimizer[1], &m->companion,
								 f->worker.kernels, step + 1, 0.02,
								 f->worker.share.params + m->net.nparams,
								 f->grads + m->net.nparams));
	}
	error = block_error("losses", found, 10);
	ok(error < TOLERANCE_STEPS, "%s: ten losses (%g)", f->worker.kernels->name,
	   error);
	compare(f, "p", f->worker.share.params, false, TOLERANCE_STEPS,
			"parameters after ten steps");
	error = block_error("noise", f->worker.share.noise, NUMBERS);
	ok(error < TOLERANCE_STEPS, "%s: noise after ten steps (%g)",
	   f->worker.kernels->name, error);
}

static void
test_golden(const AeKernels *kernels)
{
	Fixture		f;
	double		x[ROWS * NUMBERS];

	make_model(&f, true);
	make_worker(&f, kernels);
	read_block("x", ROWS * NUMBERS, x);
	read_block("noise", NUMBERS, f.worker.share.noise);
	compare(&f, "p", f.worker.share.params, true, 0.0, NULL);
	test_steps(&f, x);
	ae_model_free(f.model);
}

int
main(void)
{
	test_gradients(true);
	test_gradients(false);
	test_inputs();
	golden_each("test/golden/classes.txt", test_golden);
	ok(unit_alloc_live == 0, "nothing is left allocated");
	return done();
}
