/*
 * set_train_test.c
 *	  Networks trained on sets of items: they learn what there is to learn, to
 *	  the same bits each time, and recommend what their layers say.
 */
#include "codec_model.h"
#include "set_model.h"

#include "core/set_join.h"
#include "core/set_net.h"
#include "core/set_train.h"

#define NROWS 600
#define NITEMS 60

/* float sums in another order */
#define TOLERANCE 1e-5

/* of the steps of a training; 0: all items */
static int	negatives;

static AeModel *
train(AeVariant variant, double validation, AeStatus *status)
{
	AeSets	   *sets = make_sets(NROWS, NITEMS);
	AeOptions	options = small_set_options(variant);
	AeModel    *model = NULL;
	AeSetRows	rows = {0};
	AeArena		arena;

	options.validation_fraction = validation;
	options.patience = 0;
	options.negative_samples = negatives;
	ae_arena_init(&arena, &unit_env);
	*status = sets == NULL ? AE_ERR_MEMORY
		: ae_model_create(&unit_env, &model);
	if (*status == AE_OK)
		*status = ae_set_model_plan(model, sets, NULL, &options, &arena,
							   &rows);
	if (*status == AE_OK)
	{
		strcpy(model->version, "1.0");
		*status = ae_set_train(model, &rows, &ae_blas_reference,
							   ae_kernels_get(AE_KERNEL_AUTO), NULL);
	}
	ae_set_rows_free(&rows);
	ae_sets_free(sets);
	ae_arena_free(&arena);
	return model;
}

/* the number of an item of the vocabulary */
static int
number_of(const AeItems *items, int item)
{
	size_t		len;
	const char *text = ae_items_text(items, item, &len);
	int			number = 0;

	for (size_t i = 0; i < len; i++)
		number = 10 * number + text[i] - '0';
	return number;
}

static AeMember
member_of(const AeItems *items, int number)
{
	char		text[16];

	snprintf(text, sizeof(text), "%d", number);
	return (AeMember) {
		(uint32_t) ae_items_find(items, text, strlen(text)), 1.0f
	};
}

/* of two items of each group, how many of the best three are of it */
static int
hits(AeRecommender *r, const AeItems *items)
{
	int			found = 0;

	for (int group = 0; group < NITEMS; group += 6)
	{
		AeMember	owned[2] = {
			member_of(items, group), member_of(items, group + 3)
		};
		AeScoredItem top[3];

		ae_members_unite(owned, 2);
		ae_recommender_score(r, owned, 2);
		ae_recommender_top(r, owned, 2, false, 3, top);
		for (int i = 0; i < 3; i++)
			found += number_of(items, top[i].item) / 6 * 6 == group;
	}
	return found;
}

/* scores are inner products of codes and vectors, plus biases */
static double
compare_scores(AeRecommender *r, const AeModel *model)
{
	AeMember	owned[2] = {{3, 1.0f}, {7, 1.0f}};
	AeScoredItem top[NITEMS];
	const float *code;
	double		error = 0.0;
	int			found;

	ae_recommender_score(r, owned, 2);
	found = ae_recommender_top(r, NULL, 0, false, NITEMS, top);
	code = ae_recommender_encode(r, owned, 2);
	for (int i = 0; i < found; i++)
	{
		float		vector[16];
		double		sum = ae_recommender_item(model, top[i].item, vector);

		for (int j = 0; j < 10; j++)
			sum += (double) code[j] * vector[j];
		error = fmax(error, fabs(sum - top[i].score));
	}
	return found == NITEMS ? error : INFINITY;
}

/* the vector of an item is most similar to itself: 1 */
static void
test_similar(AeRecommender *r)
{
	AeScoredItem top[4];
	bool		good = true;

	ok(ae_recommender_compare(r, 5) == AE_OK, "compared");
	good = ae_recommender_top(r, NULL, 0, true, 4, top) > 0 &&
		top[0].item == 5 && fabs(top[0].score - 1.0) < TOLERANCE;
	for (int i = 1; i < 4; i++)
		good = good && top[i].score <= 1.0f + (float) TOLERANCE;
	ok(good, "an item is most similar to itself");
}

static void
test_variant(AeVariant variant, const char *name)
{
	AeStatus	status;
	AeModel    *model = train(variant, 0.0, &status);
	AeModel    *again;
	AeModel    *back = NULL;
	AeRecommender *r;
	AeArena		arena;
	Blob		a;
	Blob		b;
	int			found;

	ok(status == AE_OK && model->nhistory == 12 && model->best_epoch == 12,
	   "%s", name);
	ok(model->history[11].train_loss < model->history[0].train_loss - 1.0,
	   "learns (%g to %g)", model->history[0].train_loss,
	   model->history[11].train_loss);
	again = train(variant, 0.0, &status);
	a = encode(model);
	b = encode(again);
	ok(a.size == b.size && memcmp(a.data, b.data, a.size) == 0,
	   "the same bytes again");
	free(b.data);
	ae_model_free(again);

	ok(ae_codec_read(&unit_env, a.data, a.size, &back) == AE_OK, "read");
	b = encode(back);
	ok(a.size == b.size && memcmp(a.data, b.data, a.size) == 0,
	   "the same bytes from it");
	ae_arena_init(&arena, &unit_env);
	ok(ae_recommender_create(back, ae_kernels_get(AE_KERNEL_AUTO), &arena,
							 &r) == AE_OK, "recommender");
	found = hits(r, back->items);
	ok(found >= 20, "%d of 30 recommended items are of the group", found);
	ok(compare_scores(r, back) < TOLERANCE, "scores");
	test_similar(r);
	ae_arena_free(&arena);
	ae_model_free(back);
	ae_model_free(model);
	free(a.data);
	free(b.data);
}

static void
test_validation(void)
{
	AeStatus	status;
	AeModel    *model = train(AE_VARIANT_MULT_DAE, 0.2, &status);
	double		best = INFINITY;
	int			epoch = 0;

	ok(status == AE_OK, "with held-out rows");
	for (int i = 0; i < model->nhistory; i++)
		if (model->history[i].validation_loss < best)
		{
			best = model->history[i].validation_loss;
			epoch = i + 1;
		}
	ok(model->best_epoch == epoch && epoch > 0, "the best epoch (%d)", epoch);
	ok(best > 0.0 && best < model->history[0].validation_loss,
	   "the ranking improves (%g to %g)", model->history[0].validation_loss,
	   best);
	ae_model_free(model);
}

/* a model in parts is their mean; nothing else is a part */
static void
test_join(void)
{
	AeStatus	status;
	AeModel    *base = train(AE_VARIANT_MULT_DAE, 0.0, &status);
	AeModel    *a = train(AE_VARIANT_MULT_DAE, 0.0, &status);
	AeModel    *b = train(AE_VARIANT_MULT_DAE, 0.0, &status);
	AeModel    *other = train(AE_VARIANT_MULT_VAE, 0.0, &status);
	const AeModel *parts[2] = {a, b};
	const AeModel *wrong[2] = {a, other};

	must(status == AE_OK);
	ae_set_model_start_part(a, 300);
	ae_set_model_start_part(b, 100);
	a->params[7] = 1.0f;
	b->params[7] = 3.0f;
	ok(ae_set_join(base, 2, wrong) == AE_ERR_CORRUPT &&
	   ae_set_join(base, 0, parts) == AE_ERR_CORRUPT,
	   "parts of another model");
	ok(ae_set_join(base, 2, parts) == AE_OK && base->params[7] == 1.5f &&
	   base->nseen == NROWS + 400, "the mean of the parts");
	b->items->text[0]++;
	ok(ae_set_join(base, 2, parts) == AE_ERR_CORRUPT,
	   "parts with other items");
	ae_model_free(base);
	ae_model_free(a);
	ae_model_free(b);
	ae_model_free(other);
}

/* training goes on from where it was */
static void
test_continue(void)
{
	AeStatus	status;
	AeModel    *model = train(AE_VARIANT_MULT_VAE, 0.0, &status);
	AeSets	   *sets = make_sets(200, 2 * NITEMS);
	double		before = model->history[11].train_loss;
	AeSetRows	rows;
	AeArena		arena;
	bool		known = true;

	ae_arena_init(&arena, &unit_env);
	must(status == AE_OK && sets != NULL);
	ok(ae_sets_match(sets, model->items, NULL, &arena, &rows) == AE_OK &&
	   rows.count > 0 && rows.count < 200, "rows with items that are known");
	for (uint64_t i = 0; i < rows.count; i++)
	{
		AeMember	row[8];
		int			count;

		must(ae_set_rows_read(&rows, i, row, &count) == AE_OK);
		for (int k = 0; k < count; k++)
			known = known && row[k].item < NITEMS;
	}
	ok(known, "and no others");
	ae_set_model_start_part(model, 200);
	model->options.epochs = 3;
	status = ae_set_train(model, &rows, &ae_blas_reference,
						  ae_kernels_get(AE_KERNEL_AUTO), NULL);
	ok(status == AE_OK && model->nhistory == 3 &&
	   model->history[0].train_loss < before,
	   "trained further (%g, before %g)", model->history[0].train_loss,
	   before);
	ae_set_rows_free(&rows);
	ae_sets_free(sets);
	ae_arena_free(&arena);
	ae_model_free(model);
}

/* some allocations fail: nothing is left, and the last try works */
static void
test_memory(void)
{
	AeStatus	status = AE_ERR_MEMORY;
	long		budget = 0;

	while (status == AE_ERR_MEMORY)
	{
		AeModel    *model;

		unit_alloc_budget = budget;
		budget += budget < 40 ? 3 : 40;
		model = train(AE_VARIANT_MULT_VAE, 0.1, &status);
		if (model != NULL)
			ae_model_free(model);
		if (unit_alloc_live != 0)
			break;
	}
	unit_alloc_budget = -1;
	ok(status == AE_OK && unit_alloc_live == 0, "nothing is left (%ld)",
	   budget);
}

#define WRONG(statement) \
	do { \
		AeStatus	status; \
		AeModel    *m = train(AE_VARIANT_MULT_VAE, 0.0, &status); \
		AeModel    *back; \
		Blob		b; \
		\
		must(status == AE_OK); \
		statement; \
		b = encode(m); \
		ae_model_free(m); \
		ok(ae_codec_read(&unit_env, b.data, b.size, &back) == \
		   AE_ERR_CORRUPT, "%s", #statement); \
		free(b.data); \
	} while (0)

static void
test_fields(void)
{
	WRONG(m->net.ncoder--);
	WRONG(m->net.layers[2].kind = AE_LAYER_DENSE);
	WRONG(m->net.layers[3].activation = AE_ACT_TANH);
	WRONG(m->net.layers[0].in--);
	WRONG(m->net.layers[3].out--);
	WRONG(m->options.beta = NAN);
	WRONG(m->options.variant = AE_VARIANT_MULT_DAE);
	WRONG(m->options.variant = AE_VARIANT_EASE);
	WRONG(m->params[5] = NAN);
	WRONG(m->items = NULL);
}

int
main(void)
{
	test_variant(AE_VARIANT_MULT_DAE, "mult_dae");
	test_variant(AE_VARIANT_MULT_VAE, "mult_vae");
	test_validation();
	test_join();
	test_continue();
	test_memory();
	test_fields();
	negatives = NITEMS / 3;
	test_variant(AE_VARIANT_MULT_DAE, "mult_dae with samples");
	test_variant(AE_VARIANT_MULT_VAE, "mult_vae with samples");
	test_validation();
	test_continue();
	test_memory();
	ok(unit_alloc_live == 0 && set_budget.used == 0, "nothing is left");
	return done();
}
