/*
 * seed_test.c
 *	  Every seed of the fuzzers is a model.
 *
 * With a directory as argument it writes them there.
 */
#include "seed.h"

#define RANDOM_SEEDS 2000

/* it is small, is read and applied; what is written then is the same */
static bool
is_sound(const Seed *seed)
{
	AeModel    *model = seed_create(seed);
	AeModel    *back = NULL;
	Blob		b = encode(model);
	Blob		shorter = seed_encode(model);
	bool		sound;

	ae_model_free(model);
	sound = shorter.size <= SEED_MAX_BYTES &&
		ae_codec_read(&unit_env, shorter.data, shorter.size, &back) == AE_OK;
	if (sound)
	{
		Blob		again = encode(back);

		sound = (back->items != NULL ? recommends(back) : scores(back)) &&
			again.size == b.size &&
			memcmp(again.data, b.data, b.size) == 0;
		free(again.data);
		ae_model_free(back);
	}
	if (!sound)
		printf("# columns %s, score %d, parts %u, %zu bytes\n",
			   seed->columns, seed->score, seed->parts, b.size);
	free(b.data);
	free(shorter.data);
	return sound && unit_alloc_live == 0;
}

static bool
write_seed(const char *directory, const Seed *seed)
{
	AeModel    *model = seed_create(seed);
	Blob		b = seed_encode(model);
	char		path[4096];
	FILE	   *file;
	bool		written = false;

	ae_model_free(model);
	snprintf(path, sizeof(path), "%s/%s", directory, seed->name);
	file = fopen(path, "wb");
	if (file != NULL)
	{
		written = fwrite(b.data, 1, b.size, file) == b.size;
		written = fclose(file) == 0 && written;
	}
	free(b.data);
	return written;
}

int
main(int argc, char **argv)
{
	AeRng		rng;
	bool		good = true;

	for (int i = 0; i < NSEEDS; i++)
	{
		ok(is_sound(&seed_table[i]), "seed %s", seed_table[i].name);
		if (argc > 1)
			ok(write_seed(argv[1], &seed_table[i]), "is written");
	}
	ae_rng_seed(&rng, 1, 0);
	for (int i = 0; i < RANDOM_SEEDS && good; i++)
	{
		char		columns[SEED_MAX_COLUMNS + 1];
		Seed		seed = seed_random(&rng, columns);

		good = is_sound(&seed);
	}
	ok(good, "random seeds");
	return done();
}
