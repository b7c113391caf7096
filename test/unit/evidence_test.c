/*
 * evidence_test.c
 *	  Nats as anomaly scores, and the nats themselves against values that NumPy
 *	  computed (test/golden/make_evidence.py).
 */
#include "golden.h"

#include "core/evidence.h"
#include "core/score.h"

/* float arithmetic against double, over five layers; relative */
#define TOLERANCE_NATS 1e-6

/* of scores, relative */
#define TOLERANCE_SCORE 1e-12

#define ROWS 6
#define INPUTS 10
#define UNITS 4
#define COLUMNS 7
#define NUMBERS 5

static const AeLoss losses[COLUMNS] = {
	AE_LOSS_SQUARED, AE_LOSS_SQUARED, AE_LOSS_SQUARED, AE_LOSS_SQUARED,
	AE_LOSS_SQUARED, AE_LOSS_LOGISTIC, AE_LOSS_SOFTMAX
};

static void
test_scale(void)
{
	static const double nats[] = {-90, -40, -37, -33, -20, -10, 15, 700};
	AeEvidence	e;
	double		before = -1.0;
	bool		rises = true;
	bool		returns = true;

	ae_evidence_fit(&e, nats, 8);
	ok(e.median == -20 && e.spread == 27, "median %g, spread %g", e.median,
	   e.spread);
	ok(fabs(ae_evidence_score(&e, -20) - 1.0) < TOLERANCE_SCORE,
	   "the median scores 1");
	ok(fabs(ae_evidence_score(&e, 7) - log2(1 + exp(1.0))) < TOLERANCE_SCORE,
	   "a spread above it 1.89");
	for (double n = -20 - 27 * 60; n < 27 * 200; n += 3)
	{
		double		score = ae_evidence_score(&e, n);

		rises &= score > before;
		before = score;
		returns &= fabs(ae_evidence_nats(&e, score) - n) <
			1e-9 * (1.0 + fabs(n));
	}
	ok(rises, "scores rise with nats");
	ok(returns, "and back");
	ok(ae_evidence_score(&e, 1e30) > 1e28 &&
	   isfinite(ae_evidence_score(&e, 1e30)) &&
	   ae_evidence_score(&e, -1e30) == 0.0, "the ends");
	for (int n = 1; n < 5; n++)
	{
		static const double same[] = {3, 3, 3, 3};

		ae_evidence_fit(&e, same, (size_t) n);
		ok(e.median == 3 && e.spread > 0 && ae_evidence_score(&e, 3) == 1.0,
		   "%d equal rows", n);
	}
}

/* a network with a variational code, without weights so far */
static AeModel *
variational_model(void)
{
	static const int widths[] = {INPUTS, 8, 2 * UNITS, UNITS, 8, 10};
	AeModel    *m = golden_model(losses, COLUMNS);
	AeNet	   *net = &m->net;

	net->nlayers = 5;
	net->ncoder = 3;
	net->layers = ae_arena_alloc(&m->arena, 5, sizeof(AeLayer));
	for (int i = 0; i < 5; i++)
	{
		net->layers[i].in = widths[i];
		net->layers[i].out = widths[i + 1];
		net->layers[i].activation = i == 0 || i == 3 ? AE_ACT_TANH
			: AE_ACT_LINEAR;
	}
	net->layers[2].kind = AE_LAYER_GAUSSIAN;
	if (ae_net_plan(net) != AE_OK)
		exit(1);
	m->params = ae_arena_alloc(&m->arena, net->nparams, sizeof(float));
	m->noise = ae_arena_alloc(&m->arena, COLUMNS, sizeof(double));
	m->options.variant = AE_VARIANT_VARIATIONAL;
	m->options.beta = m->options.kl_warmup = m->options.free_bits = 0.0;
	m->options.seed = 99;
	m->evidence.spread = 1.0;
	return m;
}

static void
test_golden(const AeKernels *kernels)
{
	static const struct
	{
		const char *name;
		AeScoreKind score;
		int			samples;
	}			cases[] = {
		{"elbo", AE_SCORE_ELBO, 5}, {"iwae", AE_SCORE_IWAE, 5},
		{"iwae50", AE_SCORE_IWAE, 50}
	};
	AeModel    *m = variational_model();
	double		rows[ROWS * COLUMNS];
	double		usual[COLUMNS];
	double		weight[COLUMNS];
	double		noise[COLUMNS] = {0, 0, 0, 0, 0, 1, 1};

	read_block("rows", ROWS * COLUMNS, rows);
	read_params(&m->net, "p", m->params, true, NULL);
	read_block("noise", NUMBERS, noise);
	read_block("weight", COLUMNS, weight);
	read_block("usual", COLUMNS, usual);
	for (int c = 0; c < COLUMNS; c++)
	{
		m->noise[c] = noise[c];
		m->features->columns[c].weight = weight[c];
	}
	m->options.score = AE_SCORE_ERROR;
	if (ae_model_prepare(m) != AE_OK)
		exit(1);
	for (int c = NUMBERS; c < COLUMNS; c++)
		m->column_loss[c] = usual[c] *
			m->unit_weight[m->features->columns[c].output];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		double		expected[ROWS];
		double		error = 0.0;
		AeArena		arena;
		AeScorer   *scorer;

		m->options.score = cases[i].score;
		m->options.score_samples = cases[i].samples;
		ae_arena_init(&arena, &unit_env);
		if (ae_scorer_create(m, kernels, &arena, &scorer) != AE_OK)
			exit(1);
		read_block(cases[i].name, ROWS, expected);
		for (int r = ROWS - 1; r >= 0; r--)
			error = worst(error, ae_score_nats(scorer, rows + r * COLUMNS),
						  expected[r]);
		ok(error < TOLERANCE_NATS, "%s: %s of %d draws (%g)", kernels->name,
		   cases[i].name, cases[i].samples, error);
		ae_arena_free(&arena);
	}
	ae_model_free(m);
}

int
main(void)
{
	test_scale();
	golden_each("test/golden/evidence.txt", test_golden);
	ok(unit_alloc_live == 0, "nothing is left allocated");
	return done();
}
