/*
 * likelihood_test.c
 *	  Likelihoods of every kind of number, count and level against values that
 *	  PyTorch and SciPy computed (test/golden/make_likelihood.py).
 */
#include "golden.h"

#include "core/likelihood.h"
#include "core/objective.h"
#include "core/ordinal.h"

/* targets and outputs are floats */
#define TOLERANCE 2e-6

#define ROWS 12
#define CELLS 7
#define OUTPUTS 10
#define COLUMNS 6
#define GRADES 5

typedef struct Likelihood
{
	AeModel    *model;
	const AeKernels *kernels;
	double		rows[ROWS * CELLS];
	double		costs[ROWS * CELLS];
	double		gradient[ROWS * OUTPUTS];
	double		losses[ROWS * 5];
	double		probabilities[ROWS * GRADES];
	float	   *o;				/* (ROWS, AE_PAD(OUTPUTS)) */
	float	   *t;
	float	   *d;
} Likelihood;

static const double noise[COLUMNS] = {0.3, 0.7, 1, 1, 1, 1};

static AeColumn *
add_column(AeModel *m, AeKind kind, AeLoss loss, int ncells)
{
	AeColumn   *column = &m->features->columns[m->features->ncolumns++];

	column->name = column->type = ae_arena_strndup(&m->arena, "c", 1);
	column->kind = kind;
	column->loss = loss;
	column->scaling = AE_SCALING_STANDARD;
	column->weight = 1.0;
	column->ncells = ncells;
	column->cells = ae_arena_alloc(&m->arena, (size_t) ncells,
								   sizeof(AeCell));
	for (int i = 0; i < ncells; i++)
		column->cells[i].spread = column->cells[i].stddev = 1.0;
	return column;
}

static void
add_count(AeColumn *column, int i, double mean, double deviance)
{
	column->cells[i].mean = mean;
	column->cells[i].deviance = deviance;
}

static void
add_levels(AeModel *m, const double *levels, const double *shares, int n)
{
	AeColumn   *column = add_column(m, AE_KIND_ORDINAL, AE_LOSS_ORDINAL, 1);

	column->nlabels = n;
	column->levels = ae_arena_alloc(&m->arena, (size_t) n, sizeof(double));
	column->frequency = ae_arena_alloc(&m->arena, (size_t) n + 1,
									   sizeof(double));
	for (int i = 0; i < n; i++)
	{
		column->levels[i] = levels[i];
		column->frequency[i] = shares[i];
	}
}

static void
build_model(Likelihood *l)
{
	static const double grades[GRADES] = {-2.5, 0.0, 1.0, 10.0, 10.5};
	static const double grade_shares[GRADES] = {0.1, 0.2, 0.4, 0.25, 0.05};
	static const double sides[2] = {0, 1};
	static const double side_shares[2] = {0.3, 0.7};
	AeModel    *m;
	AeColumn   *column;

	if (ae_model_create(&unit_env, &m) != AE_OK)
		exit(1);
	l->model = m;
	m->features = ae_arena_alloc(&m->arena, 1, sizeof(AeFeatures));
	m->features->columns = ae_arena_alloc(&m->arena, COLUMNS,
										  sizeof(AeColumn));
	m->column_loss = ae_arena_alloc(&m->arena, COLUMNS, sizeof(double));
	column = add_column(m, AE_KIND_NUMERIC, AE_LOSS_SQUARED, 1);
	column->cells[0].centre = 40.0;
	column->cells[0].spread = 3.0;
	column = add_column(m, AE_KIND_POSITIVE, AE_LOSS_SQUARED, 1);
	column->scaling = AE_SCALING_LOG;
	column->cells[0].centre = 2.0;
	column->cells[0].spread = 0.8;
	column->cells[0].stddev = 11.0;
	column = add_column(m, AE_KIND_POISSON, AE_LOSS_POISSON, 1);
	add_count(column, 0, 0.4, 0.5);
	column = add_column(m, AE_KIND_POISSON, AE_LOSS_POISSON, 2);
	add_count(column, 0, 3.0, 2.0);
	add_count(column, 1, 250.0, 90.0);
	add_levels(m, grades, grade_shares, GRADES);
	add_levels(m, sides, side_shares, 2);
	if (ae_features_layout(m->features, &m->arena) != AE_OK)
		exit(1);
	m->net.nlayers = 3;
	m->net.ncoder = 2;
	m->net.layers = ae_arena_alloc(&m->arena, 3, sizeof(AeLayer));
}

static void
prepare(AeModel *m, AeVariant variant)
{
	m->options.variant = variant;
	m->options.beta = 1.0;
	m->options.kl_warmup = m->options.free_bits = 0.0;
	m->net.layers[1].kind = variant == AE_VARIANT_VARIATIONAL
		? AE_LAYER_GAUSSIAN : AE_LAYER_DENSE;
	if (ae_model_prepare(m) != AE_OK)
	{
		printf("Bail out! the model by hand is wrong\n");
		exit(1);
	}
}

static void
read_golden(Likelihood *l)
{
	const AeFeatures *f = l->model->features;
	double		outputs[ROWS * OUTPUTS];

	read_block("rows", ROWS * CELLS, l->rows);
	read_block("outputs", ROWS * OUTPUTS, outputs);
	read_block("costs", ROWS * CELLS, l->costs);
	read_block("gradient", ROWS * OUTPUTS, l->gradient);
	read_block("losses", ROWS * 5, l->losses);
	read_block("probabilities", ROWS * GRADES, l->probabilities);
	l->o = ae_arena_alloc(&l->model->arena, ROWS * AE_PAD(OUTPUTS),
						  sizeof(float));
	l->t = ae_arena_alloc(&l->model->arena, ROWS * AE_PAD(OUTPUTS),
						  sizeof(float));
	l->d = ae_arena_alloc(&l->model->arena, ROWS * AE_PAD(OUTPUTS),
						  sizeof(float));
	for (int i = 0; i < ROWS; i++)
	{
		ae_features_encode(f, l->rows + i * CELLS, NULL,
						   l->t + i * AE_PAD(OUTPUTS));
		for (int j = 0; j < OUTPUTS; j++)
			l->o[i * AE_PAD(OUTPUTS) + j] = (float) outputs[i * OUTPUTS + j];
	}
}

/* row by row, as a score would ask, and its gradient */
static void
test_variational(Likelihood *l)
{
	float		weight[AE_PAD(OUTPUTS)];
	AeResidual	residual[COLUMNS];
	double		error = 0.0;
	double		slope_error = 0.0;
	double		sum = 0.0;
	double		batch;

	prepare(l->model, AE_VARIANT_VARIATIONAL);
	for (int i = 0; i < ROWS; i++)
	{
		int			at = i * AE_PAD(OUTPUTS);
		double		expected = 0.0;
		double		found =
			ae_likelihood(l->model, l->kernels, noise, weight, 1,
						  AE_PAD(OUTPUTS), l->o + at, l->t + at, CELLS,
						  l->d + at, residual);

		for (int j = 0; j < CELLS; j++)
			if (!isnan(l->costs[i * CELLS + j]))
				expected += l->costs[i * CELLS + j];
		error = worst(error, found * CELLS, expected);
		sum += found;
		for (int j = 0; j < OUTPUTS; j++)
			slope_error = worst(slope_error, l->d[at + j],
								l->gradient[i * OUTPUTS + j]);
	}
	ok(error <= TOLERANCE, "%s: likelihood of a row, worst error %.1e",
	   l->kernels->name, error);
	ok(slope_error <= TOLERANCE, "%s: gradient of a row, %.1e",
	   l->kernels->name, slope_error);
	batch = ae_likelihood(l->model, l->kernels, noise, weight, ROWS,
						  AE_PAD(OUTPUTS), l->o, l->t, 1.0f, l->d, residual);
	ok(fabs(batch - sum) <= TOLERANCE * sum, "%s: a batch is the sum",
	   l->kernels->name);
}

static void
test_plain(Likelihood *l)
{
	double		error = 0.0;
	double		slope_error = 0.0;

	prepare(l->model, AE_VARIANT_PLAIN);
	for (int i = 0; i < ROWS; i++)
	{
		const float *o = l->o + i * AE_PAD(OUTPUTS);
		const float *t = l->t + i * AE_PAD(OUTPUTS);
		const double *losses = l->losses + i * 5;
		double		expected[4] = {losses[0], 0, losses[3], losses[4]};

		/* an array's is the mean of its elements, none if missing */
		for (int j = 1; j <= 2; j++)
			expected[1] += isnan(losses[j]) ? 0.0 : losses[j] / 2;
		for (int c = 2; c < COLUMNS; c++)
		{
			double		found = ae_objective_column(l->model, l->kernels, c, 1,
													AE_PAD(OUTPUTS), o, t,
													l->d);

			error = worst(error, found, isnan(expected[c - 2]) ? 0.0
						  : expected[c - 2]);
		}
	}
	ok(error <= TOLERANCE, "%s: losses over those of the mean, %.1e",
	   l->kernels->name, error);
	ae_objective(l->model, l->kernels, l->model->loss_weight, ROWS,
				 AE_PAD(OUTPUTS), l->o, l->t, COLUMNS, l->d);
	for (int i = 0; i < ROWS; i++)
		slope_error = worst(slope_error,
							l->d[i * AE_PAD(OUTPUTS) + 2] * 0.5,
							l->gradient[i * OUTPUTS + 2]);
	ok(slope_error <= TOLERANCE, "%s: their gradient is that of the "
	   "likelihood, %.1e", l->kernels->name, slope_error);
}

static void
test_probabilities(const Likelihood *l)
{
	const AeColumn *column = &l->model->features->columns[4];
	double		error = 0.0;
	double		sum_error = 0.0;

	for (int i = 0; i < ROWS; i++)
	{
		double		p[AE_MAX_LEVELS];
		double		sum = 0.0;

		ae_ordinal_probabilities(column, l->o + i * AE_PAD(OUTPUTS) +
								 column->output, p);
		for (int j = 0; j < GRADES; j++)
		{
			error = worst(error, p[j], l->probabilities[i * GRADES + j]);
			sum += p[j];
		}
		sum_error = worst(sum_error, sum, 1.0);
	}
	ok(error <= 1e-7, "probabilities of levels, worst error %.1e", error);
	ok(sum_error <= 1e-15, "their sum is 1, %.1e", sum_error);
}

static void
run(const AeKernels *kernels)
{
	Likelihood	l = {.kernels = kernels};

	build_model(&l);
	read_golden(&l);
	test_variational(&l);
	test_plain(&l);
	test_probabilities(&l);
	ae_model_free(l.model);
}

int
main(void)
{
	golden_each("test/golden/likelihood.txt", run);
	ok(unit_alloc_live == 0, "nothing is left allocated");
	return done();
}
