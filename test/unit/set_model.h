/*
 * set_model.h
 *	  Rows of items with a structure, and models trained on them, for tests.
 */
#ifndef AE_UNIT_SET_MODEL_H
#define AE_UNIT_SET_MODEL_H

#include "unit.h"

#include "core/codec.h"
#include "core/recommend.h"
#include "core/rng.h"
#include "core/set_model.h"

static AeBudget set_budget = {SIZE_MAX, 0};
/* where rows go beyond the budget */
static const AeSpool *set_spool;

/*
 * Rows of nitems items, numbers from 0, in groups of six: a row has most of
 * its items from one group.
 */
static inline AeSets *
make_sets(int nrows, int nitems)
{
	AeSets	   *sets = NULL;
	AeRng		rng;

	ae_rng_seed(&rng, 11, 0);
	if (ae_sets_create(&unit_env, set_spool, &set_budget, true,
					   &sets) != AE_OK)
		return NULL;
	for (int r = 0; r < nrows; r++)
	{
		AeMember	members[8];
		int			group = (int) ae_rng_below(&rng, (uint32_t) nitems / 6);
		int			n = 3 + (int) ae_rng_below(&rng, 4);

		for (int i = 0; i < n; i++)
		{
			char		text[16];
			int			item = i < 3
				? 6 * group + (int) ae_rng_below(&rng, 6)
				: (int) ae_rng_below(&rng, (uint32_t) nitems);

			snprintf(text, sizeof(text), "%d", item);
			members[i].weight = 1.0f;
			if (ae_sets_number(sets, text, strlen(text),
							   &members[i].item) != AE_OK)
				n = -1;
		}
		if (n < 0 || ae_sets_append(sets, members, n) != AE_OK)
		{
			ae_sets_free(sets);
			return NULL;
		}
	}
	return sets;
}

static inline AeOptions
set_options(AeVariant variant)
{
	AeOptions	options;

	ae_options_init(&options);
	options.input = AE_INPUT_SET;
	options.variant = variant;
	return options;
}

/* those of a network that is small and learns fast */
static inline AeOptions
small_set_options(AeVariant variant)
{
	AeOptions	options = set_options(variant);

	options.nhidden = variant == AE_VARIANT_MULT_VAE;
	options.hidden[0] = 24;
	options.latent = 10;
	options.batch_size = 50;
	options.epochs = 12;
	options.learning_rate = 0.01;
	return options;
}

#endif							/* AE_UNIT_SET_MODEL_H */
