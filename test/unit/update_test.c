/*
 * update_test.c
 *	  Models trained further and merged: they learn new rows, keep the old
 *	  ones, do not depend on what merges them when, and tell drift.
 */
#include "training.h"

#include "core/codec.h"
#include "core/merge.h"
#include "core/score.h"
#include "core/update.h"

#define NCELLS PLANE_CELLS
#define NROWS 2000

/* what old rows may lose to new ones that contradict them */
#define FORGOTTEN 0.1

/* a restored cell is as exact as the rounding of points: in deviations */
#define RESTORE_TOLERANCE 0.03

/* weights are floats of size 10 at most */
#define MEAN_TOLERANCE 1e-5

/* measures of drift, which are computed from shares that are floats */
#define DRIFT_TOLERANCE 1e-6

/* what halves together gain of what all rows do: each has half the steps */
#define MERGE_SHARE 0.9

/* two hidden factors; later they are related in another way */
static void
make_cells(AeRng *rng, bool later, double *row, const char **label)
{
	double		a = ae_rng_normal(rng);
	double		b = ae_rng_normal(rng);

	row[0] = 1000 + 10 * a;
	row[1] = later ? a - b : a + b;
	row[2] = later ? 0.5 * a + b : a - b;
	row[3] = 0.001 * b;
	row[4] = a > 0;
	*label = later && b > 1 ? "new" : a < -0.5 ? "low" : a > 0.5 ? "high" : "middle";
}

/* from row first on, of all rows of a seed */
static AeStatus
fill(AeDataset *dataset, const AeModel *model, AeDrift *drift, bool later,
	 int first, int nrows)
{
	AeRng		rng;

	ae_rng_seed(&rng, later ? 12 : 11, 0);
	for (int i = 0; i < first + nrows; i++)
	{
		double		row[NCELLS];
		const char *label;

		make_cells(&rng, later, row, &label);
		if (i < first)
			continue;
		AE_TRY(ae_dataset_code(dataset, 5, label, strlen(label), &row[5]));
		AE_TRY(ae_dataset_append(dataset, row));
		if (drift == NULL)
			continue;
		row[5] = ae_features_code(model->features, 5, label, strlen(label));
		ae_drift_add(drift, row);
	}
	return ae_dataset_finish(dataset);
}

static AeStatus
train(AeScoreKind score, bool later, AeModel **model)
{
	AeOptions	o;
	AeStatus	status;
	Run			run;

	plane_options(&o);
	if (score == AE_SCORE_CONDITIONAL)
		o.corruption = AE_CORRUPTION_MASK;
	o.score = score;
	o.coreset = score == AE_SCORE_NEIGHBOUR ? 512 : 0;
	run_start(&run);
	AE_TRY(plane_create(&run));
	status = fill(run.dataset, NULL, NULL, later, 0, NROWS);
	if (status == AE_OK)
		status = run_train(&run, &o);
	*model = run.model;
	run.model = NULL;
	run_free(&run);
	return status;
}

/* by way of its bytes */
static AeStatus
copy_model(const AeModel *model, AeModel **copy)
{
	size_t		size = ae_codec_size(model, model->nhistory);
	unsigned char *data = malloc(size);
	AeStatus	status = AE_ERR_MEMORY;

	*copy = NULL;
	if (data != NULL)
	{
		ae_codec_write(model, data, size);
		status = ae_codec_read(&unit_env, data, size, copy);
	}
	free(data);
	return status;
}

/* a model of the later rows alone, from base; NULL on failure */
static AeStatus
make_part(const AeModel *base, int first, int nrows, AeModel **part)
{
	AeBudget	budget = {(size_t) 64 << 20, 0};
	AeDataset  *dataset = NULL;
	AeDrift    *drift;
	AeArena		arena;
	AeStatus	status;

	ae_arena_init(&arena, &unit_env);
	status = copy_model(base, part);
	if (status == AE_OK)
		status = ae_drift_create(base, &arena, &drift);
	if (status == AE_OK)
		status = ae_update_create_dataset(base, &unit_env, NULL, &budget,
										  &dataset);
	if (status == AE_OK)
		status = ae_update_rehearse(base, 1, dataset);
	if (status == AE_OK)
		status = fill(dataset, base, drift, true, first, nrows);
	if (status == AE_OK)
	{
		(*part)->options.epochs = AE_AUTO;
		(*part)->options.learning_rate = NAN;
		ae_update_resolve(base, (uint64_t) nrows, 1, &(*part)->options);
		ae_update_prepare(*part, drift);
		status = ae_train_model(*part, dataset, &ae_blas_reference,
								ae_kernels_get(AE_KERNEL_AUTO), NULL, NULL);
	}
	ae_dataset_free(dataset);
	ae_arena_free(&arena);
	return status;
}

/* base and its parts as one */
static AeStatus
join_parts(const AeModel *base, int nparts, AeModel *const *parts,
		   bool momentum, AeModel **whole)
{
	const AeModel *models[4] = {base};

	for (int i = 0; i < nparts; i++)
		models[i + 1] = parts[i];
	AE_TRY(copy_model(base, whole));
	AE_TRY(ae_merge_step(*whole, base, nparts, models + 1, momentum));
	return ae_merge_scores(*whole, nparts + 1, models, true,
						   ae_kernels_get(AE_KERNEL_AUTO));
}

/* mean loss of rows that no model has seen */
static double
mean_loss(const AeModel *model, bool later)
{
	const int	n = 500;
	AeArena		arena;
	AeScorer   *scorer;
	AeRng		rng;
	double		sum = 0.0;

	ae_arena_init(&arena, &unit_env);
	if (ae_scorer_create(model, ae_kernels_get(AE_KERNEL_AUTO), &arena,
						 &scorer) != AE_OK)
		return NAN;
	ae_rng_seed(&rng, 99, 0);
	for (int i = 0; i < n; i++)
	{
		double		row[NCELLS];
		double		loss[NCELLS];
		const char *label;

		make_cells(&rng, later, row, &label);
		row[5] = ae_features_code(model->features, 5, label, strlen(label));
		sum += ae_score_columns(scorer, row, loss, NULL);
	}
	ae_arena_free(&arena);
	return sum / n;
}

static bool
same_bytes(const AeModel *a, const AeModel *b)
{
	size_t		size = ae_codec_size(a, a->nhistory);
	unsigned char *x = malloc(size);
	unsigned char *y = malloc(size);
	bool		same = x != NULL && y != NULL &&
		size == ae_codec_size(b, b->nhistory);

	if (same)
	{
		ae_codec_write(a, x, size);
		ae_codec_write(b, y, size);
		same = memcmp(x, y, size) == 0;
	}
	free(x);
	free(y);
	return same;
}

static void
test_update(const AeModel *base, const char *score)
{
	AeModel    *part;
	AeModel    *whole;
	AeModel    *again;
	double		before = mean_loss(base, true);
	double		other;

	ok(make_part(base, 0, NROWS, &part) == AE_OK, "%s: training", score);
	ok(part->nseen == NROWS, "a part knows its own rows only");
	ok(join_parts(base, 1, &part, false, &whole) == AE_OK, "joining");
	ok(mean_loss(whole, true) < 0.5 * before,
	   "loss of new rows: %g, before %g", mean_loss(whole, true), before);
	ok((mean_loss(whole, false) < mean_loss(base, false) + FORGOTTEN) ==
	   (base->joint.npoints > 0),
	   "loss of old rows, forgotten without a coreset: %g, before %g",
	   mean_loss(whole, false), mean_loss(base, false));
	ok(whole->nseen == 2 * NROWS && whole->nhistory > base->nhistory &&
	   whole->best_epoch == whole->nhistory && whole->nsteps > base->nsteps,
	   "rows and history add up");
	ok(whole->joint.npoints <= base->options.coreset &&
	   whole->joint.npoints >= base->options.coreset - 2,
	   "as many points as before: %d", whole->joint.npoints);
	ok(whole->calibration.nscores ==
	   base->calibration.nscores + part->calibration.nscores &&
	   ae_calibration_is_valid(&whole->calibration), "scores are pooled");

	/* the third label of later rows is none of the model's */
	other = whole->histograms[5].share[whole->histograms[5].nbins - 2];
	ok(other > 0.05 && other < 0.1, "new labels are \"other\": %g", other);

	ok(copy_model(whole, &again) == AE_OK && same_bytes(whole, again),
	   "an updated model is a model");
	ae_model_free(again);
	ae_model_free(part);
	ae_model_free(whole);
}

static void
test_parts(const AeModel *base)
{
	AeModel    *parts[2];
	AeModel    *swapped[2];
	AeModel    *all = NULL;
	AeModel    *whole;
	AeModel    *stepped;
	double		before = mean_loss(base, true);
	double		loss;

	ok(make_part(base, 0, NROWS / 2, &parts[0]) == AE_OK &&
	   make_part(base, NROWS / 2, NROWS / 2, &parts[1]) == AE_OK &&
	   make_part(base, 0, NROWS, &all) == AE_OK, "halves and all");
	loss = mean_loss(all, true);
	ok(join_parts(base, 2, parts, false, &whole) == AE_OK, "halves joined");
	ok(before - mean_loss(whole, true) > MERGE_SHARE * (before - loss),
	   "halves together: %g, all rows: %g", mean_loss(whole, true), loss);
	ok(mean_loss(whole, false) < mean_loss(all, false) + 0.05,
	   "old rows are not forgotten: %g", mean_loss(whole, false));

	ok(join_parts(base, 2, parts, true, &stepped) == AE_OK &&
	   stepped->velocity != NULL && stepped->nseen == whole->nseen,
	   "a step with momentum");
	ok(fabs((stepped->params[0] - base->params[0]) -
			(0.7 + 0.7 * 0.9) * (whole->params[0] - base->params[0])) < 1e-5,
	   "of the first step's length");
	ok(copy_model(stepped, &swapped[0]) == AE_OK &&
	   same_bytes(stepped, swapped[0]), "velocity is stored");
	ae_model_free(swapped[0]);
	ae_model_free(stepped);
	ae_model_free(whole);
	ae_model_free(all);
	ae_model_free(parts[0]);
	ae_model_free(parts[1]);
}

/* another model with base's features: other weights, losses and shares */
static AeModel *
make_other(const AeModel *base, int i, uint64_t nseen)
{
	const AeFeatures *f = base->features;
	AeModel    *other = NULL;
	AeRng		rng;

	if (copy_model(base, &other) != AE_OK)
		return NULL;
	ae_rng_seed(&rng, (uint64_t) i, 7);
	other->nseen = nseen;
	for (size_t p = 0; p < other->net.nparams; p++)
		other->params[p] += (float) ae_rng_normal(&rng);
	for (int c = 0; c < f->ncolumns; c++)
		other->column_loss[c] = 1 + i + c;
	for (int cell = 0; cell < f->ncells; cell++)
	{
		AeHistogram *h = &other->histograms[cell];

		memset(h->share, 0, (size_t) h->nbins * sizeof(float));
		h->share[i % h->nbins] = 0.75f;
		h->share[h->nbins - 1] += 0.25f;
	}
	return other;
}

/* means weighted by rows, computed another way: from weights that add to 1 */
static void
test_mean(const AeModel *base)
{
	static const uint64_t nseen[] = {100, 300, 1600};
	static const double weight[] = {0.05, 0.15, 0.8};
	const AeModel *models[3];
	AeModel    *whole = NULL;
	double		worst[3] = {0.0, 0.0, 0.0};

	for (int i = 0; i < 3; i++)
		models[i] = make_other(base, i, nseen[i]);
	ok(models[0] != NULL && models[1] != NULL && models[2] != NULL &&
	   copy_model(base, &whole) == AE_OK, "three models");
	ae_merge_average(whole, 3, models);
	ok(ae_merge_scores(whole, 3, models, false,
					   ae_kernels_get(AE_KERNEL_AUTO)) == AE_OK, "merged");
	for (size_t p = 0; p < whole->net.nparams; p++)
		worst[0] = fmax(worst[0], fabs(whole->params[p] -
									   (weight[0] * models[0]->params[p] +
										weight[1] * models[1]->params[p] +
										weight[2] * models[2]->params[p])));
	for (int c = 0; c < NCELLS; c++)
	{
		const AeHistogram *h = &whole->histograms[c];

		worst[1] = fmax(worst[1], fabs(whole->column_loss[c] -
									   (1 + c + weight[1] + 2 * weight[2])));
		for (int b = 0; b < h->nbins; b++)
		{
			double		share = b == h->nbins - 1 ? 0.25 : 0.0;

			for (int i = 0; i < 3; i++)
				if (b == i % h->nbins)
					share += 0.75 * weight[i];
			worst[2] = fmax(worst[2], fabs(h->share[b] - share));
		}
	}
	ok(worst[0] < MEAN_TOLERANCE, "weights: %g", worst[0]);
	ok(worst[1] < MEAN_TOLERANCE, "losses: %g", worst[1]);
	ok(worst[2] < MEAN_TOLERANCE, "shares: %g", worst[2]);
	ok(whole->nseen == 2000, "rows");
	ok(whole->velocity == NULL, "no velocity");
	ae_model_free(whole);
	for (int i = 0; i < 3; i++)
		ae_model_free((AeModel *) models[i]);
}

static void
test_differences(const AeModel *base)
{
	AeModel    *other;
	char		difference[AE_DIFFERENCE_BYTES];

	ok(copy_model(base, &other) == AE_OK &&
	   !ae_merge_differ(base, other, difference), "a copy is no other");
	other->features->columns[1].cells[0].centre += 1;
	ok(ae_merge_differ(base, other, difference) &&
	   strstr(difference, "\"b\"") != NULL &&
	   strstr(difference, "scaled") != NULL, "%s", difference);
	other->features->columns[0].name[0] = 'x';
	ok(ae_merge_differ(base, other, difference) &&
	   strstr(difference, "\"x\"") != NULL, "%s", difference);
	ae_model_free(other);

	ok(copy_model(base, &other) == AE_OK, "a copy");
	other->features->columns[5].labels[0][0]++;
	ok(ae_merge_differ(base, other, difference) &&
	   strstr(difference, "categories") != NULL, "%s", difference);
	other->features->ncolumns--;
	ok(ae_merge_differ(base, other, difference) &&
	   strstr(difference, "6 and 5") != NULL, "%s", difference);
	ae_model_free(other);

	ok(copy_model(base, &other) == AE_OK, "a copy");
	other->net.layers[1].out++;
	ok(ae_merge_differ(base, other, difference) &&
	   strstr(difference, "layers") != NULL, "%s", difference);
	ae_model_free(other);

	ok(copy_model(base, &other) == AE_OK, "a copy");
	other->joint.centre[0] += 1;
	ok(ae_merge_differ(base, other, difference) &&
	   strstr(difference, "score") != NULL, "%s", difference);
	ae_model_free(other);
}

/* a point gives its row back */
static void
test_restore(const AeModel *model)
{
	const AeKernels *kernels = ae_kernels_get(AE_KERNEL_AUTO);
	int			d = model->joint.ncoords;
	AeArena		arena;
	AeScorer   *scorer;
	AeJoint		one = model->joint;
	float	   *value;
	float	   *output;
	int16_t    *point;
	AeRng		rng;
	double		worst = 0.0;
	bool		exact = true;

	ae_arena_init(&arena, &unit_env);
	ok(ae_scorer_create(model, kernels, &arena, &scorer) == AE_OK &&
	   ae_joint_allocate_points(&one, 1, &arena) == AE_OK, "room");
	value = ae_arena_alloc(&arena, 2 * (size_t) d, sizeof(float));
	point = ae_arena_alloc(&arena, 2 * (size_t) d, sizeof(int16_t));
	output = ae_arena_alloc(&arena, (size_t) model->features->output_width,
							sizeof(float));
	ae_rng_seed(&rng, 5, 0);
	for (int i = 0; i < 100; i++)
	{
		double		row[NCELLS];
		double		back[NCELLS];
		const char *label;

		make_cells(&rng, false, row, &label);
		row[5] = i % 10 == 0 ? model->features->columns[5].nlabels
			: ae_features_code(model->features, 5, label, strlen(label));
		ae_score_coordinates(scorer, row, value, value + d);
		ae_joint_point(&one, value, value + d, point);
		ae_joint_set_point(&one, 0, point);
		ae_joint_restore(&one, model->features, 0, output, back);
		for (int j = 0; j < 4; j++)
			worst = fmax(worst, fabs(row[j] - back[j]) /
						 model->features->columns[j].cells[0].stddev);
		exact = exact && row[4] == back[4] && row[5] == back[5];
	}
	ok(worst < RESTORE_TOLERANCE, "numbers are restored to %g", worst);
	ok(exact, "labels are restored");
	ae_arena_free(&arena);
}

/* psi and js by their definitions, of two distributions */
static void
test_formula(const AeModel *model)
{
	static const double q[] = {0.3, 0.5, 0.2};
	AeHistogram *h = &model->histograms[4];
	AeDriftMeasure m;
	AeArena		arena;
	AeDrift    *drift;
	double		psi = 0.0;
	double		divergence = 0.0;

	ae_arena_init(&arena, &unit_env);
	ok(ae_drift_create(model, &arena, &drift) == AE_OK && h->nbins == 3,
	   "counters");
	for (int i = 0; i < 10; i++)
	{
		double		row[NCELLS] = {0};

		row[4] = i < 3 ? 0 : i < 8 ? 1 : NAN;
		ae_drift_add(drift, row);
	}
	m = ae_drift_column(drift, 4);
	for (int b = 0; b < 3; b++)
	{
		double		p = h->share[b];
		double		middle = (p + q[b]) / 2;

		/* nothing was missing in training */
		divergence += q[b] / 2 * log2(q[b] / middle) +
			(p > 0 ? p / 2 * log2(p / middle) : 0.0);
		p = fmax(p, 1e-4);
		psi += q[b] * log(q[b] / p) + p * log(p / q[b]);
	}
	ok(h->share[2] == 0.0f && fabs(m.psi - psi) < DRIFT_TOLERANCE,
	   "psi: %g, %g", m.psi, psi);
	ok(fabs(m.js - sqrt(divergence)) < DRIFT_TOLERANCE, "js: %g, %g", m.js,
	   sqrt(divergence));
	ae_arena_free(&arena);
}

static void
test_drift(const AeModel *model)
{
	AeArena		arena;
	AeDrift    *same;
	AeDrift    *later;
	AeDrift    *edge;
	AeRng		rng;
	AeDriftMeasure m;
	double		row[NCELLS];
	const char *label;

	ae_arena_init(&arena, &unit_env);
	ok(ae_drift_create(model, &arena, &same) == AE_OK &&
	   ae_drift_create(model, &arena, &later) == AE_OK &&
	   ae_drift_create(model, &arena, &edge) == AE_OK, "counters");
	ae_rng_seed(&rng, 11, 0);
	for (int i = 0; i < NROWS; i++)
	{
		make_cells(&rng, false, row, &label);
		row[5] = ae_features_code(model->features, 5, label, strlen(label));
		ae_drift_add(same, row);
		row[0] += 30;
		row[3] = NAN;
		row[4] = 1;
		ae_drift_add(later, row);
	}
	for (int c = 0; c < NCELLS; c++)
	{
		m = ae_drift_column(same, c);
		ok(m.psi == 0.0 && m.js == 0.0, "training rows have not drifted");
	}
	m = ae_drift_column(later, 0);
	ok(m.psi > 5 && m.js > 0.8 && m.js <= 1.0, "three deviations: %g %g",
	   m.psi, m.js);
	m = ae_drift_column(later, 3);
	ok(m.psi > 5 && m.js > 0.99 && m.js <= 1.0, "all missing: %g %g",
	   m.psi, m.js);
	m = ae_drift_column(later, 4);
	ok(m.psi > 1 && m.js > 0.3 && m.js < 0.8, "all true: %g %g", m.psi, m.js);
	ok(ae_drift_column(later, 1).psi == 0.0, "the other column has not");

	ok(isnan(ae_drift_scores(edge).ks), "no score, no distance");
	for (int i = 1; i < 2000; i++)
	{
		double		score = ae_calibration_quantile(&model->calibration,
													i / 2000.0);

		ae_drift_add_score(edge, exp(score));
	}
	m = ae_drift_scores(edge);
	ok(m.ks < 0.005 && m.psi < 0.01, "the training's own scores: %g %g",
	   m.ks, m.psi);
	for (int i = 1; i < 2000; i++)
		ae_drift_add_score(edge, 1e9);
	m = ae_drift_scores(edge);
	ok(m.ks > 0.49 && m.ks < 0.51 && m.js > 0.5,
	   "half of them beyond: %g %g", m.ks, m.js);
	ae_drift_add_score(edge, NAN);
	ok(edge->nscores == 2 * 1999, "NaN is no score");
	ae_arena_free(&arena);
}

/* each allocation of an update and a merge fails once */
static void
test_memory(const AeModel *base)
{
	bool		good = true;
	long		n = 0;
	long		live = unit_alloc_live;

	for (; n < 10000; n++)
	{
		AeModel    *part = NULL;
		AeModel    *whole = NULL;
		AeStatus	status;

		unit_alloc_budget = n;
		status = make_part(base, 0, 100, &part);
		if (status == AE_OK)
			status = join_parts(base, 1, &part, true, &whole);
		unit_alloc_budget = -1;
		if (part != NULL)
			ae_model_free(part);
		if (whole != NULL)
			ae_model_free(whole);
		good = good && unit_alloc_live == live;
		if (status == AE_OK)
			break;
		good = good && status == AE_ERR_MEMORY;
	}
	ok(good && n > 30 && n < 10000, "each of %ld allocations fails once", n);
}

int
main(void)
{
	AeModel    *base;
	AeModel    *plain;
	AeModel    *conditional;

	ok(train(AE_SCORE_NEIGHBOUR, false, &base) == AE_OK, "a base");
	ok(train(AE_SCORE_ERROR, false, &plain) == AE_OK, "without a coreset");
	ok(train(AE_SCORE_CONDITIONAL, false, &conditional) == AE_OK,
	   "with hidden cells");
	ok(base->nseen == NROWS && base->histograms != NULL,
	   "a training knows its rows");
	test_restore(base);
	test_formula(base);
	test_drift(base);
	test_update(base, "neighbour");
	test_update(plain, "error");
	test_update(conditional, "conditional");
	test_parts(base);
	test_mean(base);
	test_differences(base);
	test_memory(base);
	ae_model_free(base);
	ae_model_free(plain);
	ae_model_free(conditional);
	ok(unit_alloc_live == 0, "nothing left");
	return done();
}
