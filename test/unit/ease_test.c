/*
 * ease_test.c
 *	  EASE against the formula in double, and what a model of it recommends.
 */
#include "set_model.h"

#include "core/ease.h"

#define NROWS 400
#define NITEMS 60

/* of weights that are at most 1 */
#define TOLERANCE 2e-6

static double
row_weight(const AeSetRows *rows, uint64_t r, double power)
{
	return pow((double) (rows->start[r + 1] - rows->start[r]), -power);
}

/* b = -P_ij / P_jj by Gauss and Jordan, in double */
static double *
weights_of(const AeModel *model, const AeSetRows *rows, double power,
		   double row_power, double lambda)
{
	int			n = model->items->count;
	double		scale[NITEMS];
	double		mean = 0.0;
	double		weighted = 0.0;
	double	   *g = calloc((size_t) n * n, sizeof(double));
	double	   *p = calloc((size_t) n * n, sizeof(double));

	for (int i = 0; i < n; i++)
	{
		g[i * n + i] = lambda;
		p[i * n + i] = 1.0;
	}
	for (uint64_t r = 0; r < rows->count; r++)
		weighted += row_weight(rows, r, row_power) *
			(double) (rows->start[r + 1] - rows->start[r]);
	for (uint64_t r = 0; r < rows->count; r++)
	{
		double		weight = row_weight(rows, r, row_power) / weighted *
			(double) rows->start[rows->count];
		AeMember	row[NITEMS];
		int			count;

		if (ae_set_rows_read(rows, r, row, &count) != AE_OK)
			exit(2);
		for (int a = 0; a < count; a++)
			for (int b = 0; b < count; b++)
				g[row[a].item * n + row[b].item] += weight;
	}
	for (int i = 0; i < n; i++)
		mean += (double) model->items->frequency[i] / n;
	for (int i = 0; i < n; i++)
		scale[i] = pow((double) model->items->frequency[i] / mean, -power);
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			g[i * n + j] = (g[i * n + j] - lambda * (i == j)) * scale[i] *
				scale[j] + lambda * (i == j);
	for (int k = 0; k < n; k++)
		for (int i = 0; i < n; i++)
		{
			double		f = g[i * n + k] / g[k * n + k];

			for (int j = 0; j < n && i != k; j++)
			{
				g[i * n + j] -= f * g[k * n + j];
				p[i * n + j] -= f * p[k * n + j];
			}
		}
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			p[i * n + j] /= g[i * n + i];
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			g[i * n + j] = i == j ? 0.0
				: -scale[i] * p[i * n + j] / p[j * n + j];
	free(p);
	return g;
}

static AeModel *
train(int kept, double power, double row_power, double lambda,
	  AeSetRows *rows, AeArena *arena)
{
	AeSets	   *sets = make_sets(NROWS, NITEMS);
	AeOptions	options = set_options(AE_VARIANT_EASE);
	AeModel    *model = NULL;

	options.normalization = power;
	options.row_normalization = row_power;
	options.regularization = lambda;
	options.item_weights = kept;
	ok(sets != NULL && ae_model_create(&unit_env, &model) == AE_OK &&
	   ae_set_model_plan(model, sets, NULL, &options, arena, rows) == AE_OK,
	   "planned");
	strcpy(model->version, "1.0");
	ok(ae_ease_fit(&model->ease, model->items, rows,
				   model->options.normalization,
				   model->options.row_normalization,
				   model->options.regularization, &ae_blas_reference,
				   &unit_env) == AE_OK, "trained");
	ae_sets_free(sets);
	return model;
}

static double
weight_of(const AeEase *ease, int from, int to)
{
	size_t		first = (size_t) from * (size_t) ease->kept;

	for (int k = 0; k < ease->kept; k++)
		if (ease->target[first + (size_t) k] == (uint32_t) to)
			return ease->weight[first + (size_t) k];
	return 0.0;
}

/* the largest difference to weights by the formula */
static double
compare(const AeModel *model, const double *expected)
{
	double		worst = 0.0;

	for (int i = 0; i < NITEMS; i++)
		for (int j = 0; j < NITEMS; j++)
			worst = fmax(worst, fabs(weight_of(&model->ease, i, j) -
									 expected[i * NITEMS + j]));
	return worst;
}

static void
test_weights(void)
{
	AeArena		arena;
	AeSetRows	rows;
	AeModel    *model;
	double	   *expected;
	double		worst;
	int			wrong = 0;

	ae_arena_init(&arena, &unit_env);
	model = train(AE_AUTO, 0.3, 0.6, 20.0, &rows, &arena);
	expected = weights_of(model, &rows, 0.3, 0.6, 20.0);
	worst = compare(model, expected);
	ok(worst < TOLERANCE, "weights with powers (%g)", worst);
	ae_set_rows_free(&rows);
	ae_model_free(model);
	free(expected);
	model = train(AE_AUTO, 0.0, 0.0, 20.0, &rows, &arena);
	ok(model->items->count == NITEMS && model->ease.kept == NITEMS - 1,
	   "all weights of few items are kept");
	expected = weights_of(model, &rows, 0.0, 0.0, 20.0);
	worst = compare(model, expected);
	ok(worst < TOLERANCE, "weights as by the formula (%g)", worst);
	ae_set_rows_free(&rows);
	ae_model_free(model);

	model = train(7, 0.0, 0.0, 20.0, &rows, &arena);
	for (int i = 0; i < NITEMS; i++)
	{
		double		least = INFINITY;

		for (int k = 0; k < 7; k++)
			least = fmin(least, fabs(model->ease.weight[i * 7 + k]));
		for (int j = 0; j < NITEMS; j++)
			wrong += weight_of(&model->ease, i, j) == 0.0 &&
				fabs(expected[i * NITEMS + j]) > least + TOLERANCE;
	}
	ok(wrong == 0, "the largest weights of each item are kept");
	ae_set_rows_free(&rows);
	ae_model_free(model);
	model = train(AE_AUTO, 0.0, 0.0, NAN, &rows, &arena);
	ok(model->options.regularization > 30.0 &&
	   model->options.regularization < 300.0, "lambda by itself (%g)",
	   model->options.regularization);
	ae_set_rows_free(&rows);
	ae_model_free(model);
	model = train(AE_AUTO, NAN, NAN, NAN, &rows, &arena);
	ok(model->options.normalization > 0.0 &&
	   model->options.normalization < 1.0 &&
	   model->options.row_normalization == 0.0, "powers by themselves (%g, %g)",
	   model->options.normalization, model->options.row_normalization);
	ae_set_rows_free(&rows);
	ae_model_free(model);
	free(expected);
	ae_arena_free(&arena);
}

static void
test_recommend(void)
{
	AeArena		arena;
	AeSetRows	rows;
	AeModel    *model;
	AeRecommender *r;
	AeMember	owned[3];
	AeScoredItem top[NITEMS];
	AeScoredItem few[5];
	int			found;
	bool		ordered = true;

	ae_arena_init(&arena, &unit_env);
	model = train(AE_AUTO, 0.0, 0.0, 20.0, &rows, &arena);
	ok(ae_recommender_create(model, ae_kernels_get(AE_KERNEL_AUTO), &arena,
							 &r) == AE_OK, "recommender");
	for (int i = 0; i < 3; i++)
	{
		char		text[16];

		/* of the group that starts with item 12 */
		snprintf(text, sizeof(text), "%d", 12 + i);
		owned[i].item = (uint32_t) ae_items_find(model->items, text, 2);
		owned[i].weight = 1.0f;
	}
	ae_recommender_score(r, owned, 3);
	found = ae_recommender_top(r, owned, 3, false, NITEMS, top);
	ok(found == NITEMS - 3, "all but those owned");
	for (int i = 1; i < found; i++)
		ordered = ordered && (top[i].score < top[i - 1].score ||
							  (top[i].score == top[i - 1].score &&
							   top[i].item > top[i - 1].item));
	ok(ordered, "in order");
	for (int i = 0; i < 3; i++)
	{
		size_t		len;
		const char *text = ae_items_text(model->items, top[i].item, &len);

		ok(len == 2 && text[0] == '1' && text[1] >= '5' && text[1] <= '7',
		   "item %d is of the same group", i + 1);
	}
	ok(ae_recommender_top(r, owned, 3, false, 5, few) == 5 &&
	   memcmp(few, top, sizeof(few)) == 0, "the best five are those");
	ok(ae_recommender_top(r, NULL, 0, false, NITEMS, top) == NITEMS,
	   "none excluded");
	found = ae_recommender_top(r, NULL, 0, true, NITEMS, top);
	ok(found < NITEMS && top[found - 1].score > 0.0f, "positive scores");
	ae_recommender_score(r, NULL, 0);
	found = ae_recommender_top(r, NULL, 0, false, 3, top);
	ok(found == 3 && top[0].item == 0 && top[2].item == 2,
	   "of nobody, the most frequent items");
	ok(ae_recommender_compare(r, (int) owned[0].item) == AE_OK, "compared");
	ae_recommender_top(r, owned, 1, true, 1, top);
	ok(fabs(top[0].score - weight_of(&model->ease, (int) owned[0].item,
									 top[0].item)) == 0.0, "similar items");
	ae_set_rows_free(&rows);
	ae_model_free(model);
	ae_arena_free(&arena);
}

int
main(void)
{
	test_weights();
	test_recommend();
	ok(unit_alloc_live == 0 && set_budget.used == 0, "nothing is left");
	return done();
}
