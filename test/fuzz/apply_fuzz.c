/*
 * apply_fuzz.c
 *	  Any bytes read as a model and, if it is a small one, applied: scored,
 *	  explained, sampled from, merged, updated; recommended from.
 *
 * A run is short because rows are few and models are small: what a loop does
 * twice it does a thousand times.  README.md says how to run this.
 */
#include <math.h>
#include <string.h>

#include "core/impute.h"
#include "core/merge.h"
#include "core/recommend.h"
#include "core/sample.h"
#include "core/score.h"
#include "core/set_join.h"
#include "core/update.h"
#include "fuzz.h"

/* what is small */
#define MAX_CELLS 8
#define MAX_WIDTH 64
#define MAX_PARAMS 8192
#define MAX_POINTS 64
#define MAX_SAMPLES 8
#define MAX_ITEMS 64

#define NROWS 2

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* numbers of all sizes, missing ones, and labels in and out of range */
static const double cells[] = {
	0.0, 1.0, -1.0, 1e9, NAN, -1e300, 1e-300, 1e300, 0.5, 1e5, -0.0, 2.0
};

#define NCELLS ((int) (sizeof(cells) / sizeof(cells[0])))

/* what a run applies a model to */
typedef struct Run
{
	const AeModel *model;
	const AeKernels *kernels;
	int			first_row;
	bool		as_update;
	AeArena		arena;
} Run;

static bool
is_small(const AeModel *model)
{
	const AeFeatures *f = model->features;

	return (model->items == NULL || model->items->count <= MAX_ITEMS) &&
		f->ncells <= MAX_CELLS && f->input_width <= MAX_WIDTH &&
		f->output_width <= MAX_WIDTH &&
		ae_model_nparams(model) <= MAX_PARAMS &&
		model->joint.npoints <= MAX_POINTS &&
		model->options.score_samples <= MAX_SAMPLES;
}

/* n doubles; NULL after a failed allocation */
static double *
numbers(Run *run, int n)
{
	double	   *x = ae_arena_alloc(&run->arena, (size_t) n, sizeof(double));

	fail_if(x == NULL && !fuzz_failed);
	return x;
}

/* labels in range, as sources of rows have them */
static void
fill_row(const Run *run, int i, double *row)
{
	const AeFeatures *f = run->model->features;
	int			start = run->first_row + 3 * i;

	for (int j = 0; j < f->ncells; j++)
		row[j] = cells[(start + 5 * j) % NCELLS];
}

/* what drift counts are codes of labels, or missing */
static void
fill_known_row(const Run *run, int i, double *row)
{
	const AeFeatures *f = run->model->features;

	fill_row(run, i, row);
	for (int c = 0; c < f->ncolumns; c++)
		if (f->columns[c].kind == AE_KIND_CATEGORY)
			row[f->columns[c].cell] = (run->first_row + i) %
				(f->columns[c].nlabels + 1);
}

static void
check_finite(const double *x, int n)
{
	for (int i = 0; i < n; i++)
		fail_if(!isfinite(x[i]));
}

static void
check_not_infinite(const double *x, int n)
{
	for (int i = 0; i < n; i++)
		fail_if(isinf(x[i]));
}

/* a score, its p-value and its explanation agree with each other */
static void
explain(AeScorer *scorer, const AeModel *model, const double *row)
{
	double		score = ae_score_row(scorer, row);
	double		pvalue = ae_score_pvalue(model, score);
	AeExplanation explanation;
	bool		explained = ae_score_explain(scorer, row, &explanation);

	fail_if(explained == isnan(score));
	fail_if(score < 0 || isinf(score));
	fail_if(!isnan(score) && !isfinite(ae_score_log(score)));
	fail_if(!isnan(pvalue) && !(pvalue > 0 && pvalue <= 1));
	if (!explained)
		return;
	fail_if(explanation.score != score);
	check_finite(explanation.contribution, model->features->ncolumns);
	check_not_infinite(explanation.z, model->features->ncolumns);
	fail_if(ae_score_row(scorer, row) != score);
}

static void
apply(Run *run)
{
	const AeModel *model = run->model;
	const AeFeatures *f = model->features;
	double	   *row = numbers(run, f->ncells);
	double	   *expected = numbers(run, f->ncells);
	double	   *loss = numbers(run, f->ncolumns);
	AeScorer   *scorer;

	if (row == NULL || expected == NULL || loss == NULL ||
		!fuzz_good(ae_scorer_create(model, run->kernels, &run->arena,
									&scorer)))
		return;
	for (int i = 0; i < NROWS; i++)
	{
		fill_row(run, i, row);
		explain(scorer, model, row);
		ae_score_columns(scorer, row, loss, expected);
		check_not_infinite(loss, f->ncolumns);
		ae_score_reconstruct(scorer, row, expected);
		check_not_infinite(expected, f->ncells);
		ae_score_decode(scorer, ae_score_encode(scorer, row), expected);
		check_not_infinite(expected, f->ncells);
		if (ae_score_is_evidence(model->options.score))
			fail_if(isinf(ae_score_nats(scorer, row)));
		if (model->options.score == AE_SCORE_CONDITIONAL)
			ae_score_hidden(scorer, row, loss);
		if (!ae_impute_can_draw(model))
			continue;
		ae_impute_draw(scorer, row, 1, (uint64_t) i, expected);
		for (int c = 0; c < f->ncolumns; c++)
			if (!f->columns[c].condition)
				check_finite(expected + f->columns[c].cell,
							 f->columns[c].ncells);
		check_not_infinite(expected, f->ncells);
	}
	for (int c = 0; c < f->ncolumns; c++)
		if (ae_column_is_labelled(&f->columns[c]))
			ae_features_code(f, c, "a", 1);
}

/* rows are made whatever the density is */
static void
generate(Run *run)
{
	int			ncells = run->model->features->ncells;
	AeSampler  *sampler;
	double	   *row;
	AeRng		rng;

	if (!ae_density_exists(&run->model->density))
		return;
	row = numbers(run, ncells);
	if (row == NULL ||
		!fuzz_good(ae_sampler_create(run->model, run->kernels, &run->arena,
									 &sampler)))
		return;
	ae_rng_seed(&rng, 1, 1);
	ae_sample_row(sampler, NULL, &rng, row);
	check_not_infinite(row, ncells);
	fill_row(run, 0, row);
	ae_sample_row(sampler, row, &rng, row);
}

/* its rows, as an update trains on them again */
static void
rehearse(Run *run)
{
	AeBudget	budget = {(size_t) 64 << 20, 0};
	AeOptions	options = run->model->options;
	AeDataset  *dataset;

	options.epochs = AE_AUTO;
	options.learning_rate = NAN;
	ae_update_resolve(run->model, 1000, 2, &options);
	if (!fuzz_good(ae_update_create_dataset(run->model, &fuzz_env, NULL,
											&budget, &dataset)))
		return;
	fuzz_good(ae_update_rehearse(run->model, 1, dataset));
	ae_dataset_free(dataset);
}

static void
drift(Run *run)
{
	const AeFeatures *f = run->model->features;
	double	   *row = numbers(run, f->ncells);
	AeDriftMeasure scores;
	AeDrift    *drift;

	if (row == NULL ||
		!fuzz_good(ae_drift_create(run->model, &run->arena, &drift)))
		return;
	for (int i = 0; i < NROWS; i++)
	{
		fill_known_row(run, i, row);
		ae_drift_add(drift, row);
		ae_drift_add_score(drift, fabs(row[0]));
	}
	for (int c = 0; c < f->ncolumns; c++)
		fail_if(!(ae_drift_column(drift, c).js >= 0));
	scores = ae_drift_scores(drift);
	fail_if(scores.js < 0 || scores.ks < 0);
}

/* weights that are too large for a step stay as they are */
static bool
merge_weights(Run *run, AeModel *into, const AeModel *const *models)
{
	AeStatus	status;

	if (!run->as_update)
	{
		ae_merge_average(into, 2, models);
		return true;
	}
	status = ae_merge_step(into, run->model, 1, models, true);
	return status != AE_ERR_DIVERGED && fuzz_good(status);
}

/* merged with itself */
static void
merge(Run *run, const uint8_t *data, size_t size)
{
	const AeModel *models[] = {run->model, run->model};
	char		difference[AE_DIFFERENCE_BYTES];
	AeModel    *into;

	fail_if(ae_merge_differ(run->model, run->model, difference));
	if (!fuzz_good(ae_codec_read(&fuzz_env, data, size, &into)))
		return;
	if (merge_weights(run, into, models))
		fuzz_good(ae_merge_scores(into, 2, models, run->as_update,
								  run->kernels));
	ae_model_free(into);
}

/*----------
 * Models of sets.
 *----------
 */
#define MAX_MEMBERS 3
#define TOP 4

/* items that somebody has, each once, with weights of all sizes */
static int
fill_members(const Run *run, int i, AeMember *members)
{
	static const float weights[] = {1.0f, 0.5f, 3.4e38f, 1e-45f, 1e6f};
	uint32_t	count = (uint32_t) run->model->items->count;

	for (uint32_t j = 0; j < MAX_MEMBERS; j++)
	{
		uint32_t	start = (uint32_t) (run->first_row + i) + j;

		members[j].item = 5 * start % count;
		members[j].weight = weights[start % 5];
	}
	return ae_members_unite(members, MAX_MEMBERS);
}

/* the best by the scores at hand, without some: finite, in their order */
static void
rank(AeRecommender *r, const AeMember *excluded, int nexcluded, bool positive)
{
	AeScoredItem top[TOP];
	int			found = ae_recommender_top(r, excluded, nexcluded, positive,
										   TOP, top);

	for (int i = 0; i < found; i++)
	{
		fail_if(!isfinite(top[i].score));
		fail_if(positive && !(top[i].score > 0.0f));
		fail_if(i > 0 && top[i].score > top[i - 1].score);
		for (int j = 0; j < nexcluded; j++)
			fail_if(top[i].item == (int) excluded[j].item);
	}
}

static void
check_finite_floats(const float *x, int n)
{
	for (int i = 0; i < n; i++)
		fail_if(!isfinite(x[i]));
}

/* codes and items as vectors, of a network */
static void
embed(Run *run, AeRecommender *r, const AeMember *members, int count)
{
	const AeModel *model = run->model;
	int			latent = ae_net_latent(&model->net);
	float	   *vector = ae_arena_alloc(&run->arena, (size_t) latent,
										sizeof(float));

	fail_if(vector == NULL && !fuzz_failed);
	if (vector == NULL)
		return;
	check_finite_floats(ae_recommender_encode(r, members, count), latent);
	for (int i = 0; i < model->items->count; i++)
	{
		fail_if(!isfinite(ae_recommender_item(model, i, vector)));
		check_finite_floats(vector, latent);
	}
}

static void
recommend(Run *run)
{
	const AeModel *model = run->model;
	int			ncells = model->features->ncells;
	double	   *row = numbers(run, ncells + 1);
	AeRecommender *r;

	if (row == NULL ||
		!fuzz_good(ae_recommender_create(model, run->kernels, &run->arena,
										 &r)))
		return;
	for (int i = 0; i < NROWS; i++)
	{
		AeMember	members[MAX_MEMBERS];
		int			count = fill_members(run, i, members);
		AeScoredItem best = {0};
		AeScoredItem again = {0};

		if (ncells > 0)
		{
			fill_row(run, i, row);
			ae_recommender_use_row(r, row);
		}
		ae_recommender_score(r, members, count);
		ae_recommender_top(r, NULL, 0, false, 1, &best);
		rank(r, members, count, false);
		if (model->net.nlayers > 0)
			embed(run, r, members, count);
		if (fuzz_good(ae_recommender_compare(r, (int) members[0].item)))
			rank(r, members, 1, true);
		ae_recommender_score(r, members, count);
		ae_recommender_top(r, NULL, 0, false, 1, &again);
		fail_if(again.item != best.item || again.score != best.score);
		ae_recommender_score(r, members, 0);
		rank(r, members, 0, false);
	}
	ae_items_find(model->items, "7", 1);
}

/* an update whose parts are the model itself */
static void
join(Run *run, const uint8_t *data, size_t size)
{
	const AeModel *models[] = {run->model, run->model};
	AeModel    *base;

	if (!fuzz_good(ae_codec_read(&fuzz_env, data, size, &base)))
		return;
	if (ae_set_join(base, 2, models) == AE_OK)
		check_finite_floats(base->params, (int) base->net.nparams);
	ae_model_free(base);
}

static void
apply_to_rows(Run *run, const uint8_t *data, size_t size)
{
	apply(run);
	generate(run);
	rehearse(run);
	drift(run);
	if (fuzz_steer(data, size, FUZZ_MERGE) != 0)
		merge(run, data, size);
}

static void
apply_to_sets(Run *run, const uint8_t *data, size_t size)
{
	recommend(run);
	if (fuzz_steer(data, size, FUZZ_MERGE) != 0)
		join(run, data, size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int			choice = fuzz_steer(data, size, FUZZ_KERNELS) % 4;
	Run			run = {.kernels = ae_kernels_get((AeKernelChoice) choice)};
	AeModel    *model;

	if (run.kernels == NULL)
		run.kernels = ae_kernels_get(AE_KERNEL_AUTO);
	fuzz_begin(0);
	if (ae_codec_read(&fuzz_env, data, size, &model) != AE_OK)
		return 0;
	if (is_small(model))
	{
		run.model = model;
		run.first_row = fuzz_steer(data, size, FUZZ_ROW);
		run.as_update = fuzz_steer(data, size, FUZZ_MERGE) > 1;
		ae_arena_init(&run.arena, &fuzz_env);
		fuzz_until_fault = fuzz_steer(data, size, FUZZ_FAULT);
		if (model->items != NULL)
			apply_to_sets(&run, data, size);
		else
			apply_to_rows(&run, data, size);
		ae_arena_free(&run.arena);
	}
	ae_model_free(model);
	fail_if(fuzz_live != 0);
	return 0;
}
