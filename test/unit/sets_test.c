/*
 * sets_test.c
 *	  Rows that are sets of items, and the vocabulary made of them.
 */
#include "unit.h"

#include "core/sets.h"

static AeBudget budget = {SIZE_MAX, 0};

/* a row of one-letter items */
static AeStatus
add(AeSets *sets, const char *letters)
{
	AeMember	members[32];
	int			n = (int) strlen(letters);

	for (int i = 0; i < n; i++)
	{
		members[i].weight = 1.0f + (float) i;
		AE_TRY(ae_sets_number(sets, letters + i, 1, &members[i].item));
	}
	return ae_sets_append(sets, members, n);
}

static bool
is_item(const AeItems *items, int number, const char *expected)
{
	size_t		len;
	const char *text = ae_items_text(items, number, &len);

	return len == strlen(expected) && memcmp(text, expected, len) == 0 &&
		ae_items_find(items, expected, len) == number;
}

static void
test_fit(void)
{
	AeSets	   *sets;
	AeItems    *items;
	AeItems    *more;
	AeSetRows	rows;
	AeMember	row[4];
	int			count;
	AeArena		arena;

	ae_arena_init(&arena, &unit_env);
	ok(ae_sets_create(&unit_env, NULL, &budget, false, &sets) == AE_OK &&
	   add(sets, "zab") == AE_OK && add(sets, "") == AE_OK &&
	   add(sets, "bzbb") == AE_OK && add(sets, "q") == AE_OK &&
	   add(sets, "zc") == AE_OK && add(sets, "ca") == AE_OK, "six rows");
	ok(ae_sets_rows(sets) == 6 && ae_sets_have_item(sets, 3) &&
	   !ae_sets_have_item(sets, 4), "an item counts once in a row");
	for (int turn = 0; turn < 2; turn++)
	{
		ok(ae_sets_fit(sets, 2, NULL, &arena, &items) == AE_OK &&
		   ae_sets_match(sets, items, NULL, &arena, &rows) == AE_OK,
		   "vocabulary, time %d", turn + 1);
		ok(items->count == 4 && !items->is_number &&
		   is_item(items, 0, "z") && is_item(items, 1, "a") &&
		   is_item(items, 2, "b") && is_item(items, 3, "c"),
		   "by frequency, then by text");
		ok(items->frequency[0] == 3 && items->frequency[3] == 2,
		   "frequencies");
		ok(ae_items_find(items, "q", 1) == -1 &&
		   ae_items_find(items, "", 0) == -1, "rare and unknown items");
		ok(rows.count == 4 && rows.start[0] == 0 && rows.start[1] == 3 &&
		   rows.start[2] == 5 && rows.start[4] == 9, "rows that have items");
		ok(ae_set_rows_read(&rows, 0, row, &count) == AE_OK && count == 3 &&
		   row[0].item == 0 && row[1].item == 1 && row[2].item == 2 &&
		   ae_set_rows_read(&rows, 1, row, &count) == AE_OK && count == 2 &&
		   row[1].item == 2 && row[1].weight == 4.0f,
		   "in order, the largest weight of an item");
		ae_set_rows_free(&rows);
	}
	ok(ae_sets_fit(sets, 1, items, &arena, &more) == AE_OK &&
	   more->count == 1 && is_item(more, 0, "q"), "those not known");
	ok(ae_sets_fit(sets, 5, NULL, &arena, &items) == AE_OK &&
	   ae_sets_match(sets, items, NULL, &arena, &rows) == AE_OK &&
	   items->count == 0 && rows.count == 0 &&
	   ae_items_find(items, "z", 1) == -1, "no item is frequent enough");
	ae_set_rows_free(&rows);
	ae_sets_free(sets);
	ae_arena_free(&arena);
	ok(unit_alloc_live == 0 && budget.used == 0, "nothing is left");
}

/* numbers sort as numbers where frequencies are equal */
static void
test_many(void)
{
	AeSets	   *sets;
	AeItems    *items;
	AeArena		arena;
	bool		good = true;

	ae_arena_init(&arena, &unit_env);
	ok(ae_sets_create(&unit_env, NULL, &budget, true, &sets) == AE_OK, "sets");
	for (int i = 4999; i >= 0; i--)
	{
		char		text[16];
		AeMember	member = {0, 1.0f};

		snprintf(text, sizeof(text), "%d", i);
		good = good && ae_sets_number(sets, text, strlen(text),
									  &member.item) == AE_OK &&
			ae_sets_append(sets, &member, 1) == AE_OK;
	}
	ok(good, "5,000 items");
	ok(ae_sets_fit(sets, 1, NULL, &arena, &items) == AE_OK &&
	   items->count == 5000 && items->is_number, "vocabulary");
	for (int i = 0; i < 5000; i++)
	{
		char		text[16];

		snprintf(text, sizeof(text), "%d", i);
		good = good && is_item(items, i, text);
	}
	ok(good, "in their order");
	ae_sets_free(sets);
	ae_arena_free(&arena);
}

static void
test_limits(void)
{
	AeSets	   *sets;
	uint32_t	number;
	char	   *text = calloc(1, AE_MAX_ITEM_BYTES + 1);

	ok(ae_sets_create(&unit_env, NULL, &budget, false, &sets) == AE_OK, "sets");
	ok(ae_sets_number(sets, text, AE_MAX_ITEM_BYTES, &number) == AE_OK,
	   "a long item");
	ok(ae_sets_number(sets, text, AE_MAX_ITEM_BYTES + 1, &number) ==
	   AE_ERR_LIMIT, "an item that is too long");
	ae_sets_free(sets);
	free(text);
}

/* every allocation fails once */
static void
test_memory(void)
{
	bool		failed = true;
	int			tries = 0;

	while (failed)
	{
		AeSets	   *sets = NULL;
		AeItems    *items;
		AeSetRows	rows = {0};
		AeArena		arena;
		AeStatus	status;

		unit_alloc_budget = tries++;
		ae_arena_init(&arena, &unit_env);
		status = ae_sets_create(&unit_env, NULL, &budget, false, &sets);
		for (int i = 0; i < 70 && status == AE_OK; i++)
		{
			char		row[3] = {(char) (33 + i), (char) (34 + i), '\0'};

			status = add(sets, row);
		}
		if (status == AE_OK)
			status = ae_sets_fit(sets, 1, NULL, &arena, &items);
		if (status == AE_OK)
			status = ae_sets_match(sets, items, NULL, &arena, &rows);
		failed = status == AE_ERR_MEMORY;
		if (!failed)
			ok(status == AE_OK, "works with %d allocations", tries - 1);
		ae_set_rows_free(&rows);
		ae_sets_free(sets);
		ae_arena_free(&arena);
		if (unit_alloc_live != 0 || budget.used != 0)
			break;
	}
	unit_alloc_budget = -1;
	ok(tries > 8 && unit_alloc_live == 0 && budget.used == 0,
	   "nothing is left when memory is");
}

int
main(void)
{
	test_fit();
	test_many();
	test_limits();
	test_memory();
	return done();
}
