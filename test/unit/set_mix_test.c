/*
 * set_mix_test.c
 *	  Columns beside sets of items: their inputs behind the items of each row.
 */
#include "unit.h"

#include "core/sets.h"

#define NROWS 1000
#define TOLERANCE 1e-5
#define MAX_MEMBERS 8

static AeBudget budget = {SIZE_MAX, 0};

/* row r has the items below r % 4, the number r, and r % 3 or nothing */
static void
fill(AeSets *sets, AeDataset *dataset, int r)
{
	AeMember	members[4];
	double		row[2] = {r, r % 5 == 0 ? NAN : r % 3};
	bool		good = true;

	for (int i = 0; i < r % 4; i++)
	{
		char		letter = (char) ('a' + i);

		members[i].weight = 1.0f;
		good = good && ae_sets_number(sets, &letter, 1, &members[i].item) ==
			AE_OK;
	}
	good = good && ae_sets_append(sets, members, r % 4) == AE_OK &&
		ae_dataset_append(dataset, row) == AE_OK;
	if (!good)
		exit(2);
}

/* the input j of the columns in row i of those kept */
static float
input_of(const AeSetRows *rows, uint64_t i, int nitems, int j)
{
	AeMember	row[MAX_MEMBERS];
	int			count;

	if (ae_set_rows_read(rows, i, row, &count) != AE_OK)
		exit(2);
	for (int k = 0; k < count; k++)
		if (row[k].item == (uint32_t) (nitems + j))
			return row[k].weight;
	return 0.0f;
}

static void
test_mix(void)
{
	AeColumnSpec specs[2] = {
		{.name = "n",.type = "integer",.ncells = 1,.weight = 1},
		{.name = "m",.type = "integer",.ncells = 1,.weight = 1}
	};
	AeSets	   *sets;
	AeDataset  *dataset;
	AeFeatures *features;
	AeItems    *items = NULL;
	AeSetRows	rows;
	AeMixer    *mixer;
	AeMember	members[MAX_MEMBERS];
	int			count;
	AeArena		arena;
	double		error = 0.0;
	bool		good = true;

	ae_arena_init(&arena, &unit_env);
	ok(ae_sets_create(&unit_env, NULL, &budget, false, &sets) == AE_OK &&
	   ae_dataset_create(&unit_env, NULL, &budget, 2, specs, &dataset) ==
	   AE_OK, "sets and columns");
	for (int r = 0; r < NROWS; r++)
		fill(sets, dataset, r);
	ok(ae_dataset_finish(dataset) == AE_OK &&
	   ae_dataset_fit(dataset, &arena, &features) == AE_OK &&
	   ae_sets_fit(sets, 1, NULL, &arena, &items) == AE_OK &&
	   ae_mixer_create(dataset, features, items->count,
					   ae_kernels_get(AE_KERNEL_AUTO), &arena,
					   &mixer) == AE_OK, "mixer");
	ok(ae_sets_match(sets, items, mixer, &arena, &rows) == AE_OK &&
	   rows.count == NROWS / 4 * 3, "rows that have items");
	ok(ae_mixer_next(mixer, members, &count) == AE_ERR_CORRUPT,
	   "no more rows");
	ae_mixer_free(mixer);
	for (uint64_t i = 0; i < rows.count; i++)
	{
		int			r = (int) (i / 3 * 4 + i % 3 + 1);
		double		row[2] = {r, r % 5 == 0 ? NAN : r % 3};
		float		input[8];

		good = good && ae_set_rows_read(&rows, i, members, &count) == AE_OK &&
			count > r % 4 &&
			members[r % 4 - 1].item < (uint32_t) items->count &&
			members[r % 4].item >= (uint32_t) items->count;
		ae_features_encode(features, row, input, NULL);
		for (int j = 0; j < features->input_width; j++)
			error = fmax(error, fabs(input[j] - input_of(&rows, i,
														 items->count, j)));
	}
	ok(good, "each row with its own, behind its items");
	ok(features->input_width == 3 && error < TOLERANCE,
	   "inputs as of any row (%g)", error);
	ae_set_rows_free(&rows);
	ae_sets_free(sets);
	ae_dataset_free(dataset);
	ae_arena_free(&arena);
	ok(unit_alloc_live == 0 && budget.used == 0, "nothing is left");
}

int
main(void)
{
	test_mix();
	return done();
}
