/*
 * codec_fuzz.c
 *	  Any bytes as a model: read, apply to rows, write and read again, merge.
 *
 * The header's total is set right first, so that a fuzzer that inserts or
 * removes bytes gets beyond it.  README.md says how to run this.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/codec.h"
#include "core/merge.h"
#include "core/sample.h"
#include "core/score.h"
#include "core/update.h"

#define TOTAL_OFFSET 16

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void *
fuzz_alloc(void *host, size_t size)
{
	(void) host;
	return malloc(size);
}

static void
fuzz_release(void *host, void *chunk)
{
	(void) host;
	free(chunk);
}

static void
fuzz_poll(void *host)
{
	(void) host;
}

static const AeEnv fuzz_env = {fuzz_alloc, fuzz_release, fuzz_poll, NULL};

static void
fail_if(bool wrong)
{
	if (wrong)
		abort();
}

/* numbers of all sizes, missing ones, and labels in and out of range */
static const double cells[] = {
	0.0, 1.0, -1.0, 1e9, NAN, -1e300, 1e-300, 1e300, 0.5, 1e5
};

#define NCELLS ((int) (sizeof(cells) / sizeof(cells[0])))

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
	fail_if(!isnan(pvalue) && !(pvalue > 0 && pvalue <= 1));
	fail_if(explained && explanation.score != score);
	for (int i = 0; explained && i < model->features->ncolumns; i++)
		fail_if(!isfinite(explanation.contribution[i]) ||
				isinf(explanation.z[i]));
}

static void
apply(const AeModel *model)
{
	AeArena		arena;
	AeScorer   *scorer;
	double	   *row;
	double	   *expected;
	double	   *loss;
	int			ncells = model->features->ncells;

	ae_arena_init(&arena, &fuzz_env);
	fail_if(ae_scorer_create(model, ae_kernels_get(AE_KERNEL_AUTO), &arena,
							 &scorer) != AE_OK);
	row = ae_arena_alloc(&arena, (size_t) ncells, sizeof(double));
	expected = ae_arena_alloc(&arena, (size_t) ncells, sizeof(double));
	loss = ae_arena_alloc(&arena, (size_t) model->features->ncolumns,
						  sizeof(double));
	fail_if(row == NULL || expected == NULL || loss == NULL);
	for (int start = 0; start < NCELLS; start++)
	{
		for (int i = 0; i < ncells; i++)
			row[i] = cells[(start + i) % NCELLS];
		explain(scorer, model, row);
		ae_score_columns(scorer, row, loss, expected);
		ae_score_reconstruct(scorer, row, expected);
		ae_score_decode(scorer, ae_score_encode(scorer, row), expected);
	}
	for (int i = 0; i < model->features->ncolumns; i++)
		if (model->features->columns[i].kind == AE_KIND_CATEGORY)
			ae_features_code(model->features, i, "label", 5);
	ae_arena_free(&arena);
}

/* rows are made whatever the density is */
static void
generate(const AeModel *model)
{
	int			ncells = model->features->ncells;
	AeArena		arena;
	AeSampler  *sampler;
	double	   *row;
	AeRng		rng;

	if (!ae_density_exists(&model->density))
		return;
	ae_arena_init(&arena, &fuzz_env);
	row = ae_arena_alloc(&arena, (size_t) ncells, sizeof(double));
	fail_if(row == NULL ||
			ae_sampler_create(model, ae_kernels_get(AE_KERNEL_AUTO), &arena,
							  &sampler) != AE_OK);
	ae_rng_seed(&rng, 1, 1);
	ae_sample_row(sampler, NULL, &rng, row);
	for (int i = 0; i < ncells; i++)
		fail_if(isinf(row[i]));
	for (int i = 0; i < ncells; i++)
		row[i] = cells[i % NCELLS];
	ae_sample_row(sampler, row, &rng, row);
	ae_arena_free(&arena);
}

static AeModel *
write_and_read(const AeModel *model)
{
	size_t		size = ae_codec_size(model, model->nhistory);
	void	   *bytes = malloc(size);
	AeModel    *again;

	fail_if(bytes == NULL);
	ae_codec_write(model, bytes, size);
	fail_if(ae_codec_read(&fuzz_env, bytes, size, &again) != AE_OK);
	free(bytes);
	return again;
}

/* its rows, as an update trains on them again */
static void
rehearse(const AeModel *model)
{
	AeBudget	budget = {(size_t) 64 << 20, 0};
	AeDataset  *dataset;

	if (model->features->ncolumns > 100)
		return;
	fail_if(ae_update_create_dataset(model, &fuzz_env, NULL, &budget,
									 &dataset) != AE_OK);
	fail_if(ae_update_rehearse(model, 1, dataset) != AE_OK);
	ae_dataset_free(dataset);
}

/* merged with itself, and measured by itself */
static void
merge(const AeModel *model)
{
	const AeModel *models[] = {model, model};
	AeModel    *into = write_and_read(model);
	AeArena		arena;
	AeDrift    *drift;
	double	   *row;
	int			ncells = model->features->ncells;

	if (ae_merge_step(into, model, 1, models, true) == AE_OK)
		fail_if(ae_merge_scores(into, 2, models, true,
								ae_kernels_get(AE_KERNEL_AUTO)) != AE_OK);
	ae_arena_init(&arena, &fuzz_env);
	row = ae_arena_alloc(&arena, (size_t) ncells, sizeof(double));
	fail_if(row == NULL || ae_drift_create(model, &arena, &drift) != AE_OK);
	for (int start = 0; start < NCELLS; start++)
	{
		for (int i = 0; i < ncells; i++)
			row[i] = cells[(start + i) % NCELLS];
		for (int c = 0; c < model->features->ncolumns; c++)
			if (model->features->columns[c].kind == AE_KIND_CATEGORY)
				row[model->features->columns[c].cell] = start;
		ae_drift_add(drift, row);
		ae_drift_add_score(drift, fabs(cells[start]));
	}
	for (int c = 0; c < model->features->ncolumns; c++)
		fail_if(!(ae_drift_column(drift, c).js >= 0));
	ae_arena_free(&arena);
	ae_model_free(into);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *bytes = malloc(size > 0 ? size : 1);
	AeModel    *model;

	fail_if(bytes == NULL);
	if (size > 0)
		memcpy(bytes, data, size);
	for (size_t i = 0; i < 8 && size >= TOTAL_OFFSET + 8; i++)
		bytes[TOTAL_OFFSET + i] = (unsigned char) ((uint64_t) size >> (8 * i));
	if (ae_codec_read(&fuzz_env, bytes, size, &model) == AE_OK)
	{
		apply(model);
		generate(model);
		ae_model_free(write_and_read(model));
		rehearse(model);
		merge(model);
		ae_model_free(model);
	}
	free(bytes);
	return 0;
}
