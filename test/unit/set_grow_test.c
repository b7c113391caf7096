/*
 * set_grow_test.c
 *	  Networks that grow by the items of an update: known items keep what they
 *	  have, new ones are recommended to those who would take them, and parts
 *	  that grew by different items come together.
 */
#include "codec_model.h"
#include "set_model.h"

#include "core/set_grow.h"
#include "core/set_join.h"
#include "core/set_train.h"

#define NITEMS 60

/* floats that are means of floats */
#define TOLERANCE 1e-5

/* an item of each group is not in the rows of the base */
#define NGROUPS 10
#define FIRST_NEW 1000

static AeStatus
add_member(AeSets *sets, int item, AeMember *member)
{
	char		text[16];

	snprintf(text, sizeof(text), "%d", item);
	member->weight = 1.0f;
	return ae_sets_number(sets, text, strlen(text), &member->item);
}

/* rows of three items of a group; from the first group on, some have an item
 * of it that is new */
static AeSets *
make_fresh(int nrows, int first_group, uint64_t seed)
{
	AeSets	   *sets;
	AeRng		rng;

	ae_rng_seed(&rng, seed, 1);
	must(ae_sets_create(&unit_env, NULL, &set_budget, true, &sets) == AE_OK);
	for (int r = 0; r < nrows; r++)
	{
		AeMember	members[4];
		int			group = (int) ae_rng_below(&rng, NGROUPS);
		int			n = 0;

		while (n < 3)
			must(add_member(sets, 6 * group + (int) ae_rng_below(&rng, 6),
							&members[n++]) == AE_OK);
		if (r % 2 == 0 && group >= first_group)
			must(add_member(sets, FIRST_NEW + group, &members[n++]) ==
				 AE_OK);
		must(ae_sets_append(sets, members, n) == AE_OK);
	}
	return sets;
}

static AeModel *
make_base(AeVariant variant)
{
	AeSets	   *sets = make_sets(600, NITEMS);
	AeOptions	options = small_set_options(variant);
	AeModel    *model;
	AeSetRows	rows;
	AeArena		arena;

	options.validation_fraction = 0.0;
	ae_arena_init(&arena, &unit_env);
	must(sets != NULL && ae_model_create(&unit_env, &model) == AE_OK &&
		 ae_set_model_plan(model, sets, NULL, &options, &arena, &rows) ==
		 AE_OK &&
		 ae_set_train(model, &rows, &ae_blas_reference,
					  ae_kernels_get(AE_KERNEL_AUTO), NULL) == AE_OK);
	strcpy(model->version, "1.0");
	ae_set_rows_free(&rows);
	ae_sets_free(sets);
	ae_arena_free(&arena);
	return model;
}

/* the model with the items that five rows of sets have; epochs may be 0 */
static AeStatus
grow(AeModel *model, AeSets *sets, int epochs)
{
	AeItems    *more;
	AeNet		before;
	AeSetRows	rows = {0};
	AeArena		arena;
	AeStatus	status;

	ae_arena_init(&arena, &unit_env);
	status = ae_sets_fit(sets, 5, model->items, &arena, &more);
	if (status == AE_OK)
		status = ae_set_grow_plan(model, more, &before);
	if (status == AE_OK)
		status = ae_set_grow_move(model, &before);
	if (status == AE_OK)
		status = ae_set_model_match(model, sets, NULL, &arena, &rows);
	if (status == AE_OK)
		status = ae_set_grow_start(model, more->count, &rows,
								   &ae_blas_reference,
								   ae_kernels_get(AE_KERNEL_AUTO));
	ae_set_model_start_part(model, ae_sets_rows(sets));
	model->options.epochs = epochs;
	if (status == AE_OK && epochs > 0)
		status = ae_set_train(model, &rows, &ae_blas_reference,
							  ae_kernels_get(AE_KERNEL_AUTO), NULL);
	ae_set_rows_free(&rows);
	ae_arena_free(&arena);
	return status;
}

static int
find(const AeModel *model, int item)
{
	char		text[16];

	snprintf(text, sizeof(text), "%d", item);
	return ae_items_find(model->items, text, strlen(text));
}

static float
bias_of(const AeModel *model, int item)
{
	const AeLayer *last = &model->net.layers[model->net.nlayers - 1];

	return model->params[last->bias + (size_t) find(model, item)];
}

/* the scores of those who have two items of a group */
static void
score_group(AeRecommender *r, const AeModel *model, int group)
{
	AeMember	owned[2] = {
		{(uint32_t) find(model, 6 * group), 1.0f},
		{(uint32_t) find(model, 6 * group + 3), 1.0f}
	};

	ae_members_unite(owned, 2);
	ae_recommender_score(r, owned, 2);
}

/* the mean rank among all new items of the one of the own group, first 0 */
static double
mean_rank(const AeModel *model)
{
	AeArena		arena;
	AeRecommender *r;
	double		sum = 0.0;

	ae_arena_init(&arena, &unit_env);
	must(ae_recommender_create(model, ae_kernels_get(AE_KERNEL_AUTO), &arena,
							   &r) == AE_OK);
	for (int group = 0; group < NGROUPS; group++)
	{
		AeScoredItem top[NITEMS + NGROUPS];
		int			found;
		int			rank = 0;

		score_group(r, model, group);
		found = ae_recommender_top(r, NULL, 0, false, NITEMS + NGROUPS, top);
		for (int i = 0; i < found; i++)
		{
			if (top[i].item == find(model, FIRST_NEW + group))
				sum += rank;
			rank += top[i].item >= NITEMS;
		}
	}
	ae_arena_free(&arena);
	return sum / NGROUPS;
}

/* how many of the best three are a new item, over all groups */
static int
new_among_best(const AeModel *model)
{
	AeArena		arena;
	AeRecommender *r;
	int			found = 0;

	ae_arena_init(&arena, &unit_env);
	must(ae_recommender_create(model, ae_kernels_get(AE_KERNEL_AUTO), &arena,
							   &r) == AE_OK);
	for (int group = 0; group < NGROUPS; group++)
	{
		AeScoredItem top[3];

		score_group(r, model, group);
		ae_recommender_top(r, NULL, 0, false, 3, top);
		for (int i = 0; i < 3; i++)
			found += top[i].item >= NITEMS;
	}
	ae_arena_free(&arena);
	return found;
}

/* the scores of known items, of one who has two of them */
static void
known_scores(const AeModel *model, float *scores)
{
	AeArena		arena;
	AeRecommender *r;
	AeScoredItem top[NITEMS + NGROUPS];
	int			found;

	ae_arena_init(&arena, &unit_env);
	must(ae_recommender_create(model, ae_kernels_get(AE_KERNEL_AUTO), &arena,
							   &r) == AE_OK);
	score_group(r, model, 2);
	found = ae_recommender_top(r, NULL, 0, false, NITEMS + NGROUPS, top);
	for (int i = 0; i < found; i++)
		if (top[i].item < NITEMS)
			scores[top[i].item] = top[i].score;
	ae_arena_free(&arena);
}

static void
test_variant(AeVariant variant, const char *name)
{
	AeModel    *model = make_base(variant);
	AeSets	   *sets = make_fresh(400, 0, 3);
	float		before[NITEMS];
	float		after[NITEMS];
	double		error = 0.0;
	double		rank;
	AeModel    *back;
	Blob		b;

	known_scores(model, before);
	ok(grow(model, sets, 0) == AE_OK && model->items->count == NITEMS +
	   NGROUPS, "%s grows", name);
	known_scores(model, after);
	for (int i = 0; i < NITEMS; i++)
		error = fmax(error, fabs(before[i] - after[i]));
	ok(error == 0.0, "known items have the same scores (%g)", error);
	ok(model->items->frequency[NITEMS] >= 5, "new items have frequencies");

	/* chance is 4.5 */
	rank = mean_rank(model);
	ok(rank < 1.0, "at once new items find their group (mean rank %g)",
	   rank);
	ok(new_among_best(model) > 0 && new_among_best(model) < 3 * NGROUPS / 2,
	   "at once new items are recommended beside others (%d)",
	   new_among_best(model));
	ae_model_free(model);

	model = make_base(variant);
	ok(grow(model, sets, 4) == AE_OK, "trained");
	rank = mean_rank(model);
	ok(rank < 0.2, "after training more so (mean rank %g)", rank);
	b = encode(model);
	ok(ae_codec_read(&unit_env, b.data, b.size, &back) == AE_OK &&
	   mean_rank(back) == rank, "to bytes and back");
	ae_model_free(back);
	ae_model_free(model);
	ae_sets_free(sets);
	free(b.data);
}

/* one part has all new items, the other half of them */
static void
test_join(void)
{
	AeModel    *base = make_base(AE_VARIANT_MULT_VAE);
	AeModel    *a = make_base(AE_VARIANT_MULT_VAE);
	AeModel    *b = make_base(AE_VARIANT_MULT_VAE);
	AeModel    *c = make_base(AE_VARIANT_MULT_VAE);
	AeSets	   *all = make_fresh(400, 0, 3);
	AeSets	   *half = make_fresh(400, NGROUPS / 2, 4);
	const AeModel *parts[3] = {b, a, c};
	const int	shared = FIRST_NEW + 7;
	double		rank;

	must(grow(a, all, 4) == AE_OK && grow(b, half, 4) == AE_OK);
	ae_set_model_start_part(c, 400);
	ok(ae_set_join(base, 3, parts) == AE_OK &&
	   base->items->count == NITEMS + NGROUPS, "parts that grew");
	rank = mean_rank(base);
	ok(rank < 0.5, "new items find their group (mean rank %g)", rank);
	ok(find(b, FIRST_NEW) < 0 &&
	   bias_of(base, FIRST_NEW) == bias_of(a, FIRST_NEW),
	   "an item of one part has its parameters");
	ok(fabs(bias_of(base, shared) -
			(bias_of(a, shared) + bias_of(b, shared)) / 2) < TOLERANCE,
	   "one of two parts their mean");
	ok(base->items->frequency[find(base, shared)] ==
	   a->items->frequency[find(a, shared)] +
	   b->items->frequency[find(b, shared)], "frequencies add up");
	ae_model_free(base);
	ae_model_free(a);
	ae_model_free(b);
	ae_model_free(c);
	ae_sets_free(all);
	ae_sets_free(half);
}

static void
test_limit(void)
{
	AeModel    *model = make_base(AE_VARIANT_MULT_DAE);
	AeItems    *more;
	AeNet		before;

	must(ae_items_create(&model->arena, 1, 1, &more) == AE_OK);
	more->count = AE_MAX_ITEMS;
	more->start = ae_arena_alloc(&model->arena, AE_MAX_ITEMS + 1,
								 sizeof(uint32_t));
	must(more->start != NULL);
	ok(ae_set_grow_plan(model, more, &before) == AE_ERR_LIMIT,
	   "too many items");
	ae_model_free(model);
}

/* every allocation fails once */
static void
test_memory(void)
{
	AeStatus	status = AE_ERR_MEMORY;
	AeSets	   *sets = make_fresh(100, 0, 3);
	long		live;
	bool		leak = false;

	for (int budget = 0; status == AE_ERR_MEMORY && !leak; budget++)
	{
		AeModel    *model = make_base(AE_VARIANT_MULT_DAE);

		live = unit_alloc_live;
		unit_alloc_budget = budget;
		status = grow(model, sets, 0);
		unit_alloc_budget = -1;
		ae_model_free(model);
		leak = unit_alloc_live >= live;
	}
	ok(status == AE_OK && !leak, "nothing is left when memory is");
	ae_sets_free(sets);
}

int
main(void)
{
	test_variant(AE_VARIANT_MULT_DAE, "mult_dae");
	test_variant(AE_VARIANT_MULT_VAE, "mult_vae");
	test_join();
	test_limit();
	test_memory();
	ok(unit_alloc_live == 0 && set_budget.used == 0, "nothing is left");
	return done();
}
