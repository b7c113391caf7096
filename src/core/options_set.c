/*
 * options_set.c
 *	  Which options matter to models of sets of items.
 *
 * Few do, so they are listed here, and every other option is an error.
 */
#include <stdio.h>
#include <string.h>

#include "core/options_set.h"

#define EASE (1u << AE_VARIANT_EASE)
#define DAE (1u << AE_VARIANT_MULT_DAE)
#define VAE (1u << AE_VARIANT_MULT_VAE)
#define NETWORKS (DAE | VAE)
#define ALL (EASE | NETWORKS)

typedef struct SetOption
{
	const char *name;
	unsigned int variants;		/* bit i: AeVariant i */
} SetOption;

static const SetOption set_options[] = {
	{"variant", ALL},
	{"input", ALL},
	{"min_frequency", ALL},
	{"columns", NETWORKS},
	{"scaling", NETWORKS},
	{"max_categories", NETWORKS},
	{"time_zone", NETWORKS},
	{"seed", NETWORKS},
	{"verbose", NETWORKS},
	{"regularization", EASE},
	{"normalization", EASE},
	{"row_normalization", EASE},
	{"item_weights", EASE},
	{"hidden", NETWORKS},
	{"latent", NETWORKS},
	{"activation", NETWORKS},
	{"epochs", NETWORKS},
	{"batch_size", NETWORKS},
	{"learning_rate", NETWORKS},
	{"schedule", NETWORKS},
	{"warmup", NETWORKS},
	{"weight_decay", NETWORKS},
	{"validation_fraction", NETWORKS},
	{"patience", NETWORKS},
	{"corruption_rate", NETWORKS},
	{"max_seconds", NETWORKS},
	{"negative_samples", NETWORKS},
	{"beta", VAE},
	{"kl_warmup", VAE}
};

bool
ae_variant_is_of_sets(int variant)
{
	return variant >= 0 && (ALL >> variant & 1) != 0;
}

bool
ae_option_applies_to_sets(const AeOptions *options, const AeOption *option,
						  char *complaint)
{
	const int	count = sizeof(set_options) / sizeof(set_options[0]);

	for (int i = 0; i < count; i++)
		if (strcmp(set_options[i].name, option->name) == 0 &&
			(set_options[i].variants >> options->variant & 1) != 0)
			return true;
	snprintf(complaint, AE_COMPLAINT_BYTES,
			 "does not apply to this variant of models of sets");
	return false;
}
