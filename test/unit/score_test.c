/*
 * score_test.c
 *	  Anomaly scores of trained models: what every kind of score promises, what
 *	  explanations add up to, and that neither memory nor weights break them.
 */
#include "trained.h"

#include <float.h>

#include "core/objective.h"
#include "core/score_fit.h"

/* of sums of losses, which are floats, relative */
#define LOSS_TOLERANCE 1e-5

/* the same with known anomalies */
static void
train_labelled(Trained *t, int score, uint64_t nrows)
{
	AeDataset  *dataset;
	AeOptions	o;
	double		row[NCELLS];
	char		label[32];
	char		hashed[32];

	small_options(&o, score);
	t->budget = (AeBudget) {NO_LIMIT, 0};
	must(ae_dataset_create(&unit_env, NULL, &t->budget, NCOLUMNS, specs,
						   &dataset));
	for (uint64_t r = 0; r < 2 * AE_HEAD_MIN_ANOMALIES; r++)
	{
		must(make_row(dataset, nrows + r, row, label, hashed));
		row[CELL_MINMAX] += 5.0;
		must(ae_dataset_append_anomaly(dataset, row));
	}
	must(fill_mixed(dataset, nrows));
	train(t, dataset, &o);
}

static int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

static void
test_invariants(const Trained *t, const char *name)
{
	double	   *scores = calloc((size_t) t->nrows, sizeof(double));
	double	   *sorted = calloc((size_t) t->nrows, sizeof(double));
	double		expected[NCELLS];
	double		loss[NCOLUMNS];
	AeExplanation explanation;
	AeModel    *back;
	AeArena		own;
	AeScorer   *other;
	size_t		size;
	unsigned char *bytes = bytes_of(t->model, &size);
	bool		same = true;

	must(scores != NULL && sorted != NULL ? AE_OK : AE_ERR_MEMORY);
	must(ae_codec_read(&unit_env, bytes, size, &back));
	ae_arena_init(&own, &unit_env);
	must(ae_scorer_create(back, ae_kernels_get(AE_KERNEL_AUTO), &own,
						  &other));
	for (int i = 0; i < t->nrows; i++)
		sorted[i] = scores[i] = ae_score_row(t->scorer, row_of(t, i));
	for (int i = t->nrows - 1; i >= 0; i--)
	{
		const double *row = row_of(t, i);

		same &= ae_score_row(t->scorer, row) == scores[i] &&
			ae_score_row(other, row) == scores[i] &&
			ae_score_explain(t->scorer, row, &explanation) &&
			explanation.score == scores[i];
		ae_score_reconstruct(t->scorer, row, expected);
		same &= t->model->options.score == AE_SCORE_CONDITIONAL ||
			memcmp(expected, explanation.expected, sizeof(expected)) == 0;
		ae_score_columns(t->scorer, row, loss, NULL);
	}
	ok(same, "%s: the same bits in any order, also of a model that was read",
	   name);
	ok(scores_are_sound(t), "%s: numbers with p-values", name);
	qsort(sorted, (size_t) t->nrows, sizeof(double), compare_doubles);
	if (t->model->options.score != AE_SCORE_ERROR)
		ok(sorted[t->nrows / 2] > 0.8 && sorted[t->nrows / 2] < 1.25,
		   "%s: about 1 for the median row (%g)", name,
		   sorted[t->nrows / 2]);
	ae_arena_free(&own);
	ae_model_free(back);
	free(bytes);
	free(scores);
	free(sorted);
}

static void
test_explanations(const Trained *t, const char *name)
{
	static const struct
	{
		int			cell;
		int			column;
		double		value;
		bool		is_above;	/* z is signed */
	}			cases[] = {
		{CELL_FAR, 0, 1e9 + 300, true},
		{CELL_FAR, 0, 1e9 - 300, false},
		{CELL_MINMAX, 3, 5000, true},
		{CELL_ARRAY + 2, 5, 1e-17, true},
		{CELL_CONSTANT, 10, -1230, true},
		{CELL_INSTANT, 9, 1e11, true}
	};
	const AeFeatures *f = t->model->features;
	double		row[NCELLS];
	bool		good = true;
	bool		sparse = true;
	AeExplanation e;
	int			first;

	for (int i = 0; i < t->nrows; i++)
	{
		good &= explanation_adds_up(t, row_of(t, i), &first);
		must(ae_score_explain(t->scorer, row_of(t, i), &e) ? AE_OK
			 : AE_ERR_CORRUPT);
		for (int c = 0; c < f->ncolumns; c++)
		{
			bool		missing = true;

			for (int j = 0; j < f->columns[c].ncells; j++)
				missing &= isnan(row_of(t, i)[f->columns[c].cell + j]);
			sparse &= isnan(e.z[c]) == missing;
		}
	}
	ok(good, "%s: contributions add up and have one sign", name);
	ok(sparse, "%s: no deviation where a column is missing, else one", name);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		double		z;
		double		share;
		int			furthest = 0;

		memcpy(row, row_of(t, 3), sizeof(row));
		row[cases[i].cell] = cases[i].value;
		good = explanation_adds_up(t, row, &first);
		must(ae_score_explain(t->scorer, row, &e) ? AE_OK : AE_ERR_CORRUPT);
		for (int c = 1; c < f->ncolumns; c++)
			if (fabs(e.z[c]) > fabs(e.z[furthest]) || isnan(e.z[furthest]))
				furthest = c;
		z = e.z[cases[i].column];
		share = e.contribution[cases[i].column] /
			(e.score - exp(ae_calibration_median(&t->model->calibration)));
		ok(good && furthest == cases[i].column && (z > 0) == cases[i].is_above,
		   "%s: the column altered to %.9g is furthest from expected (%.1f)",
		   name, cases[i].value, z);
		ok(first == cases[i].column, "%s: it comes first, with a share of %.2f",
		   name, share);
	}
	for (int i = 0; i < NCELLS; i++)
		row[i] = NAN;
	ok(!ae_score_explain(t->scorer, row, &e) &&
	   isnan(ae_score_row(t->scorer, row)) &&
	   isnan(ae_score_pvalue(t->model, ae_score_row(t->scorer, row))),
	   "%s: nothing to explain of a row of missing values", name);
	row[CELL_FAR] = 1e9;
	ok(explanation_adds_up(t, row, &first) &&
	   isfinite(ae_score_row(t->scorer, row)),
	   "%s: a row with one value has a score", name);
}

/* rows that are points of the coreset find others, never themselves */
static void
test_own_point(const Trained *t)
{
	const AeJoint *joint = &t->model->joint;
	const AeNeighbours *n = t->scorer->neighbours;
	int			found = 0;
	bool		others = true;

	for (int i = 0; i < t->nrows; i++)
	{
		int			own = -1;

		ae_score_row(t->scorer, row_of(t, i));
		for (int q = 0; q < joint->npoints && own < 0; q++)
		{
			bool		same = true;

			for (int j = 0; j < ae_joint_width(joint) && same; j++)
				same = t->scorer->point[j] ==
					joint->points[ae_joint_at(joint, q, j)];
			if (same)
				own = q;
		}
		found += own >= 0;
		for (int k = 0; k < n->nnear; k++)
			others &= n->near[k] != own;
	}
	ok(found == joint->npoints, "every point is a training row, to the bit");
	ok(others, "such a row does not find itself");
}

/*
 * What the score conditional makes of a row, from reconstructions of the row
 * without each of its columns: the outputs, to the bit, and the score.
 */
static bool
is_conditional(const Trained *t, const double *row)
{
	const AeModel *model = t->model;
	const AeFeatures *f = model->features;
	size_t		bytes = (size_t) f->output_width * sizeof(float);
	float	   *output = malloc(bytes);
	double		score = ae_score_row(t->scorer, row);
	double		expected[NCELLS];
	double		sum = 0.0;
	double		weight = 0.0;
	bool		same = true;

	must(output != NULL ? AE_OK : AE_ERR_MEMORY);
	memcpy(output, t->scorer->output, bytes);
	for (int c = 0; c < f->ncolumns; c++)
	{
		const AeColumn *column = &f->columns[c];
		double		without[NCELLS];

		memcpy(without, row, sizeof(without));
		for (int i = 0; i < column->ncells; i++)
			without[column->cell + i] = NAN;
		ae_score_reconstruct(t->scorer, without, expected);
		ae_features_encode(f, row, NULL, t->scorer->target);
		if (!ae_objective_has(column, t->scorer->target))
			continue;
		same &= memcmp(output + column->output,
					   t->scorer->output + column->output,
					   (size_t) column->output_width * sizeof(float)) == 0;
		weight += column->weight;
		sum += column->weight / model->hidden_loss[c] *
			ae_objective_column(model, t->scorer->kernels, c, 1,
								AE_PAD(f->output_width), t->scorer->output,
								t->scorer->target, t->scorer->gradient);
	}
	free(output);
	return same && fabs(sum / weight * exp(-model->joint.log_unit) - score) <=
		LOSS_TOLERANCE * score;
}

static void
test_conditional(void)
{
	Trained		t;
	AeExplanation e;
	bool		good = true;
	int			cell;
	double		row[NCELLS];
	double		expected;

	train_mixed(&t, AE_SCORE_CONDITIONAL, 1000);
	for (int i = 0; i < 100; i++)
		good &= is_conditional(&t, row_of(&t, i));
	ok(t.model->options.corruption == AE_CORRUPTION_MASK && good,
	   "conditional: each column is predicted from the others");
	cell = CELL_MINMAX;
	memcpy(row, row_of(&t, 3), sizeof(row));
	must(ae_score_explain(t.scorer, row, &e) ? AE_OK : AE_ERR_CORRUPT);
	expected = e.expected[cell];
	row[cell] += 5.0;
	must(ae_score_explain(t.scorer, row, &e) ? AE_OK : AE_ERR_CORRUPT);
	ok(e.expected[cell] == expected,
	   "conditional: what is expected of a column does not depend on it");
	release(&t);
}

/* more rows than memory; the model is the same to the bit */
static void
test_spool(void)
{
	AeSpool		spool;
	MemorySpool memory = {0};
	AeOptions	o;

	for (int score = 0; score < NSCORES; score++)
	{
		Trained		plain;
		Trained		spilled;

		small_options(&o, score);
		o.epochs = 1;
		reset_spool(&spool, &memory);
		plain.budget = (AeBudget) {NO_LIMIT, 0};
		spilled.budget = (AeBudget) {1, 0};
		train(&plain, mixed_dataset(NULL, &plain.budget, NROWS), &o);
		train(&spilled, mixed_dataset(&spool, &spilled.budget, NROWS), &o);
		ok(memory.writes > 0 && same_bytes(plain.model, spilled.model),
		   "%s: the same model of %d rows in memory and in a spool",
		   score_names[score], NROWS);
		ok(plain.model->calibration.held_out ==
		   (plain.model->calibration.nscores < NROWS / 2) &&
		   ae_calibration_is_valid(&plain.model->calibration),
		   "%s: p-values of %d scores", score_names[score],
		   (int) plain.model->calibration.nscores);
		release(&plain);
		release(&spilled);
	}
	free(memory.data);
}

static void
test_seed(void)
{
	for (int score = 0; score < NSCORES; score++)
	{
		Trained		a;
		Trained		b;

		train_mixed(&a, score, 1000);
		train_mixed(&b, score, 1000);
		ok(same_bytes(a.model, b.model), "%s: same seed, same bytes",
		   score_names[score]);
		release(&a);
		release(&b);
	}
}

/* fits what a trained model has for its score anew, in an arena of its own */
static AeStatus
fit_again(const Trained *t, AeModel *model, uint64_t seed)
{
	*model = *t->model;
	ae_arena_init(&model->arena, &unit_env);
	model->joint.points = NULL;
	model->joint.offset = NULL;
	model->joint.log_unit = 0.0;
	if (ae_head_exists(&model->head))
		memset(model->head.params, 0,
			   model->head.net.nparams * sizeof(float));
	model->joint.npoints = model->options.coreset;
	return ae_score_fit(model, t->dataset, t->coder, &ae_blas_reference,
						ae_kernels_get(AE_KERNEL_AUTO), NULL, 0, seed);
}

static void
test_memory(const Trained *t, const char *name)
{
	AeModel		once;
	AeModel		again;
	AeStatus	status = AE_ERR_MEMORY;
	bool		good = true;
	int			fits = -1;
	int			creations = -1;

	must(fit_again(t, &once, 5));
	while (status != AE_OK && good)
	{
		long		live = unit_alloc_live;

		unit_alloc_budget = ++fits;
		status = fit_again(t, &again, 5);
		unit_alloc_budget = -1;
		good = status == AE_OK ? same_bytes(&once, &again)
			: status == AE_ERR_MEMORY;
		ae_arena_free(&again.arena);
		good &= unit_alloc_live == live;
	}
	ok(good && fits > 1, "%s: %d failing allocations of a fit", name, fits);
	ae_arena_free(&once.arena);

	status = AE_ERR_MEMORY;
	while (status != AE_OK && good)
	{
		AeArena		own;
		AeScorer   *scorer;

		ae_arena_init(&own, &unit_env);
		unit_alloc_budget = ++creations;
		status = ae_scorer_create(t->model, ae_kernels_get(AE_KERNEL_AUTO),
								  &own, &scorer);
		unit_alloc_budget = -1;
		good = status == AE_OK || status == AE_ERR_MEMORY;
		ae_arena_free(&own);
	}
	ok(good && creations > 0, "%s: %d failing allocations of a scorer", name,
	   creations);
}

/* a network of stored weights that no training makes */
static void
test_hostile_weights(const Trained *t, const char *name)
{
	AeModel    *model = t->model;
	size_t		n = model->net.nparams;
	size_t		bytes = n * sizeof(float);
	float	   *params = malloc(bytes);
	bool		good = true;
	int			first;

	must(params != NULL ? AE_OK : AE_ERR_MEMORY);
	memcpy(params, model->params, bytes);
	for (int sign = 0; sign < 4; sign++)
	{
		for (size_t i = 0; i < n; i++)
			model->params[i] = (i / 7 + i) % 4 == (size_t) sign ? -FLT_MAX
				: FLT_MAX;
		for (int i = 0; i < 20; i++)
			good &= isfinite(ae_score_row(t->scorer, row_of(t, i))) &&
				explanation_adds_up(t, row_of(t, i), &first);
	}
	memcpy(model->params, params, bytes);
	free(params);
	ok(good, "%s: scores are finite, whatever the weights", name);
}

static void
test_hostile_head(const Trained *t, const char *name)
{
	AeHead	   *head = &t->model->head;
	bool		good = true;
	int			first;

	for (size_t i = 0; i < head->net.nparams; i++)
		head->params[i] = FLT_MAX;
	for (int i = 0; i < 20; i++)
		good &= isfinite(ae_score_row(t->scorer, row_of(t, i))) &&
			explanation_adds_up(t, row_of(t, i), &first);
	ok(good, "%s: scores are finite, whatever the head's weights", name);
}

int
main(void)
{
	for (int score = 0; score < NSCORES; score++)
	{
		Trained		t;

		train_mixed(&t, score, 1000);
		test_invariants(&t, score_names[score]);
		test_explanations(&t, score_names[score]);
		if (score == AE_SCORE_NEIGHBOUR)
			test_own_point(&t);
		test_memory(&t, score_names[score]);
		test_hostile_weights(&t, score_names[score]);
		release(&t);
	}
	for (int score = 0; score < NSCORES; score++)
	{
		Trained		t;

		if (!ae_score_is_joint(score))
			continue;
		train_labelled(&t, score, 1000);
		ok(ae_head_exists(&t.model->head) && t.model->nanomalies ==
		   2 * AE_HEAD_MIN_ANOMALIES, "%s: a head", score_names[score]);
		test_invariants(&t, score_names[score]);
		test_explanations(&t, score_names[score]);
		test_memory(&t, score_names[score]);
		test_hostile_head(&t, score_names[score]);
		release(&t);
	}
	test_conditional();
	test_spool();
	test_seed();
	ok(unit_alloc_live == 0, "all memory is released");
	return done();
}
