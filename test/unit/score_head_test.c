/*
 * score_head_test.c
 *	  What a head reads, its part of a score, and its shares.
 */
#include "codec_model.h"

#include "core/score_head.h"

#define ROWS 50

/* of a result in float against one in double, and of sums in double */
#define TOLERANCE 1e-4
#define TOLERANCE_SUM 1e-12

/* some row of the model by hand; what is missing, and labels, vary */
static void
make_row(const AeModel *model, AeRng *rng, double *row)
{
	const AeFeatures *f = model->features;

	for (int c = 0; c < f->ncolumns; c++)
		for (int i = 0; i < f->columns[c].ncells; i++)
		{
			const AeColumn *column = &f->columns[c];
			double		x = ae_rng_normal(rng);

			if (column->kind == AE_KIND_CATEGORY)
				x = ae_rng_below(rng, (uint32_t) column->nlabels + 1);
			else if (column->kind == AE_KIND_BINARY)
				x = x > 0;
			row[column->cell + i] = ae_rng_below(rng, 6) == 0 ? NAN : x;
		}
}

/* what the head says when the inputs of a column, or the last if c is -1, are
 * those of a typical row */
static float
output_without(const AeModel *model, const AeScorer *s, const float *x,
			   float *changed, int c)
{
	const AeJoint *joint = &model->joint;
	int			d = joint->ncoords;

	memcpy(changed, x, (size_t) (3 * d + 1) * sizeof(float));
	if (c < 0)
		changed[3 * d] = 0.0f;
	else
		for (int i = joint->first[c]; i < joint->first[c + 1]; i++)
			changed[i] = changed[d + i] = changed[2 * d + i] = 0.0f;
	return ae_head_apply(&model->head, s->kernels, changed, s->head_scratch);
}

static void
test_inputs(const AeModel *model, AeScorer *s, AeArena *arena)
{
	const AeJoint *joint = &model->joint;
	int			d = joint->ncoords;
	float	   *x = ae_arena_alloc(arena, AE_PAD(3 * (size_t) d + 1),
								   sizeof(float));
	bool		zero = true;

	for (int i = 0; i < d; i++)
	{
		s->reconstruction[i] = joint->centre[i];
		s->value[i] = joint->centre[i] + joint->centre[d + i];
	}
	ae_head_inputs(model, s->value, s->reconstruction, model->head.log_unit,
				   x);
	for (int i = 0; i <= 3 * d; i++)
		zero &= fabsf(x[i]) < 1e-6f;
	ok(zero, "a typical row is all zeros");
	s->value[2] += 0.5f;
	ae_head_inputs(model, s->value, s->reconstruction,
				   model->head.log_unit + 1.0, x);
	ok(fabsf(x[2] - ae_head_input(0.5f)) < 1e-6f && x[d + 2] == 0.0f &&
	   fabsf(x[2 * d + 2] -
			 ae_head_input(0.5f * joint->factor[d + 2])) < 1e-5f &&
	   fabsf(x[3 * d] - ae_head_input(1.0f)) < 1e-6f,
	   "a value that is off shows in value and residual");
}

static void
test_rows(const AeModel *model, AeScorer *s, AeArena *arena)
{
	int			ncolumns = model->features->ncolumns;
	int			d = model->joint.ncoords;
	double	   *row = ae_arena_alloc(arena,
									 (size_t) model->features->ncells,
									 sizeof(double));
	double	   *share = ae_arena_alloc(arena, (size_t) ncolumns,
									   sizeof(double));
	float	   *changed = ae_arena_alloc(arena, AE_PAD(3 * (size_t) d + 1),
										 sizeof(float));
	double		median = exp(ae_calibration_median(&model->calibration));
	double		score_error = 0.0;
	double		share_error = 0.0;
	double		sum_error = 0.0;
	bool		positive = true;
	int			raised = 0;
	AeRng		rng;

	ae_rng_seed(&rng, 3, 0);
	for (int r = 0; r < ROWS; r++)
	{
		AeExplanation e;
		double		sum = 0.0;
		double		rest;

		make_row(model, &rng, row);
		must(ae_score_explain(s, row, &e));
		/* an explanation leaves the scorer with other rows */
		ae_score_row(s, row);
		score_error = fmax(score_error,
						   fabs(log(e.score) + model->joint.log_unit -
								s->log_alone - s->head_output));
		rest = ae_head_share(model, s->head_input, share);
		for (int c = -1; c < ncolumns; c++)
		{
			double		less = s->head_output -
				output_without(model, s, s->head_input, changed, c);

			share_error = fmax(share_error, fabs(fmax(less, 0.0) -
												 (c < 0 ? rest : share[c])));
			positive &= c < 0 ? rest >= 0.0 : share[c] >= 0.0;
		}
		for (int c = 0; c < ncolumns; c++)
		{
			sum += e.contribution[c];
			positive &= e.contribution[c] / (e.score - median) >= 0.0;
		}
		sum_error = fmax(sum_error, fabs(sum - (e.score - median)) /
						 (e.score + median));
		raised += s->head_output > 0.0f;
	}
	ok(score_error < 1e-6, "the head adds to the log score (%.1g)",
	   score_error);
	ok(share_error < TOLERANCE, "a share is what goes with the column (%.1g)",
	   share_error);
	ok(sum_error < TOLERANCE_SUM, "contributions sum to the excess (%.1g)",
	   sum_error);
	ok(positive, "no share is negative");
	ok(raised > 0 && raised < ROWS, "the head raises %d of %d rows", raised,
	   ROWS);
}

int
main(void)
{
	AeModel    *model = build_trained();
	AeArena		arena;
	AeScorer   *scorer;

	ae_arena_init(&arena, &unit_env);
	must(ae_scorer_create(model, ae_kernels_get(AE_KERNEL_AUTO), &arena,
						  &scorer) == AE_OK);
	test_inputs(model, scorer, &arena);
	test_rows(model, scorer, &arena);
	ae_arena_free(&arena);
	ae_model_free(model);
	return done();
}
