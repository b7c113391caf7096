/*
 * set_rows_test.c
 *	  Lists of members in memory and in temporary files: the same members in
 *	  any order of reading, and the same models.
 */
#include "codec_model.h"
#include "set_model.h"
#include "spool.h"

#include "core/ease.h"
#include "core/set_train.h"

/* members of a long list; the last block is not full */
#define NMEMBERS (5 * AE_BLOCK_MEMBERS + 700)

#define NO_LIMIT ((size_t) 1 << 40)

static MemorySpool memory;
static AeSpool spool;

/* filled in pieces of growing length, which straddle blocks */
static AeStatus
fill(AeMemberList *list)
{
	AeMember	piece[300];
	uint32_t	next = 0;

	for (uint32_t n = 1; next < NMEMBERS; n = n % 300 + 1)
	{
		if (n > NMEMBERS - next)
			n = NMEMBERS - next;
		for (uint32_t i = 0; i < n; i++)
			piece[i] = (AeMember) {
				next + i, (float) n
			};
		next += n;
		AE_TRY(ae_member_list_append(list, piece, n));
	}
	return AE_OK;
}

/* reads pieces everywhere; whether each is what was written there */
static bool
is_filled(const AeMemberList *list)
{
	static AeMember members[2 * AE_BLOCK_MEMBERS];
	AeRng		rng;

	ae_rng_seed(&rng, 5, 0);
	for (int i = 0; i < 500; i++)
	{
		uint32_t	n = ae_rng_below(&rng, i < 490 ? 400
									 : 2 * AE_BLOCK_MEMBERS);
		uint32_t	first = ae_rng_below(&rng, NMEMBERS - n);

		if (ae_member_list_read(list, first, n, members) != AE_OK)
			return false;
		for (uint32_t k = 0; k < n; k++)
			if (members[k].item != first + k)
				return false;
	}
	return true;
}

static void
test_list(size_t limit, const AeSpool *to, uint32_t nspooled,
		  const char *name)
{
	AeBudget	budget = {limit, 0};
	AeMemberList list;

	reset_spool(&spool, &memory);
	ae_member_list_init(&list, (AeAccount) {&unit_env, &budget}, to);
	ok(fill(&list) == AE_OK && list.count == NMEMBERS &&
	   list.nspooled == nspooled, "%s", name);
	ok(is_filled(&list), "read anywhere");
	ok(to == NULL || budget.used <= limit + 2 * sizeof(AeMember) *
	   AE_BLOCK_MEMBERS, "within the budget (%zu)", budget.used);
	ok(ae_member_list_make_room(&list) == AE_OK && is_filled(&list) &&
	   (list.nspooled == 5) == (nspooled > 0), "room for as much again");
	ae_member_list_free(&list);
	ok(budget.used == 0 && unit_alloc_live == 0, "nothing is left");
}

static void
test_failure(void)
{
	AeBudget	budget = {0, 0};
	AeMemberList list;
	AeMember	member;

	reset_spool(&spool, &memory);
	memory.writes_left = 2;
	ae_member_list_init(&list, (AeAccount) {&unit_env, &budget}, &spool);
	ok(fill(&list) == AE_ERR_IO, "a full disk");
	memory.reads_left = 0;
	ok(ae_member_list_read(&list, 0, 1, &member) == AE_ERR_IO,
	   "a file that cannot be read");
	ae_member_list_free(&list);
	ok(budget.used == 0 && unit_alloc_live == 0, "nothing is left");
}

/* the rows of a training take more blocks than one */
#define NROWS 9000
#define NITEMS 60

static Blob
train(AeVariant variant, size_t limit, AeStatus *status)
{
	AeOptions	options = set_options(variant);
	AeSets	   *sets;
	AeModel    *model;
	AeSetRows	rows;
	AeArena		arena;
	Blob		blob = {0};

	reset_spool(&spool, &memory);
	set_spool = &spool;
	set_budget.limit = limit;
	options.nhidden = 0;
	options.latent = 4;
	options.epochs = 2;
	options.validation_fraction = 0.05;
	if (variant == AE_VARIANT_EASE)
		options.validation_fraction = NAN;
	ae_arena_init(&arena, &unit_env);
	sets = make_sets(NROWS, NITEMS);
	must(sets != NULL && ae_model_create(&unit_env, &model) == AE_OK);
	must(ae_set_model_plan(model, sets, NULL, &options, &arena,
						   &rows) == AE_OK);
	strcpy(model->version, "1.0");
	if (*status != AE_OK)
		memory.reads_left = 10;
	*status = variant == AE_VARIANT_EASE
		? ae_ease_fit(&model->ease, model->items, &rows,
					  model->options.normalization,
					  model->options.row_normalization,
					  model->options.regularization, &ae_blas_reference,
					  &unit_env)
		: ae_set_train(model, &rows, &ae_blas_reference,
					   ae_kernels_get(AE_KERNEL_AUTO), NULL);
	if (*status == AE_OK)
		blob = encode(model);
	ae_set_rows_free(&rows);
	ae_sets_free(sets);
	ae_model_free(model);
	ae_arena_free(&arena);
	return blob;
}

static void
test_model(AeVariant variant, const char *name)
{
	AeStatus	status = AE_OK;
	Blob		kept = train(variant, NO_LIMIT, &status);
	Blob		spooled;

	ok(status == AE_OK && memory.writes == 0, "%s in memory", name);
	spooled = train(variant, 100000, &status);
	ok(status == AE_OK && memory.writes > 8, "%s with temporary files (%ld)",
	   name, memory.writes);
	ok(kept.size == spooled.size &&
	   memcmp(kept.data, spooled.data, kept.size) == 0, "the same bytes");
	free(kept.data);
	free(spooled.data);
	status = AE_ERR_IO;
	train(variant, 100000, &status);
	ok(status == AE_ERR_IO, "%s from a file that cannot be read", name);
	ok(unit_alloc_live == 0 && set_budget.used == 0, "nothing is left");
}

int
main(void)
{
	test_list(NO_LIMIT, NULL, 0, "in memory");
	test_list(NO_LIMIT, &spool, 0, "a file that is not needed");
	test_list(0, &spool, 5, "in a file");
	test_list(3 * sizeof(AeMember) * AE_BLOCK_MEMBERS, &spool, 3,
			  "the oldest in a file");
	test_list(0, NULL, 0, "no file");
	test_failure();
	test_model(AE_VARIANT_MULT_DAE, "mult_dae");
	test_model(AE_VARIANT_EASE, "ease");
	free(memory.data);
	return done();
}
