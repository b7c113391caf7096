/*
 * options_use.c
 *	  Which options matter to which variants, scores and other choices.
 *
 * An option that does not is an error, so that nothing is accepted and then
 * ignored.
 */
#include <stdio.h>
#include <string.h>

#include "core/options.h"
#include "core/options_set.h"

typedef struct OptionUse
{
	const char *name;
	unsigned int variants;		/* bit i: AeVariant i */
	unsigned int sparsities;	/* bit i: AeSparsity i; 0: does not matter */
} OptionUse;

#define VARIANT(name) (1u << AE_VARIANT_##name)
#define SPARSITY(name) (1u << AE_SPARSITY_##name)
#define ALL_VARIATIONAL (VARIANT(VARIATIONAL) | VARIANT(SEMI_SUPERVISED) | \
						 VARIANT(SUPERVISED))

/* options that only some variants and sparsities have */
static const OptionUse option_uses[] = {
	{"sparsity", VARIANT(SPARSE), 0},
	{"sparsity_weight", VARIANT(SPARSE), SPARSITY(L1) | SPARSITY(KL)},
	{"active", VARIANT(SPARSE), SPARSITY(KL) | SPARSITY(TOPK)},
	{"beta", ALL_VARIATIONAL, 0},
	{"kl_warmup", ALL_VARIATIONAL, 0},
	{"free_bits", VARIANT(VARIATIONAL) | VARIANT(SUPERVISED), 0},
	{"label_weight", VARIANT(SEMI_SUPERVISED) | VARIANT(SUPERVISED), 0},
	{"score_samples", VARIANT(VARIATIONAL), 0},
	{"regularization", VARIANT(EASE), 0},
	{"normalization", VARIANT(EASE), 0},
	{"row_normalization", VARIANT(EASE), 0},
	{"item_weights", VARIANT(EASE), 0},
	{"negative_samples", VARIANT(MULT_DAE) | VARIANT(MULT_VAE), 0}
};

static bool
option_is(const AeOption *option, const char *name)
{
	return strcmp(option->name, name) == 0;
}

/* a value's name, of an option that is a choice */
static const char *
choice_name(const char *choice, int value)
{
	return ae_option_find(choice)->choices[value];
}

/* false, with the complaint that it means nothing where a choice is that */
static bool
use_refuse(const char *choice, int value, char *complaint)
{
	snprintf(complaint, AE_COMPLAINT_BYTES, "does not belong to %s \"%s\"",
			 choice, choice_name(choice, value));
	return false;
}

static bool
variant_applies(const AeOptions *options, const AeOption *option,
				char *complaint)
{
	const int	count = sizeof(option_uses) / sizeof(option_uses[0]);
	int			sparsity = options->sparsity == AE_AUTO
		? AE_SPARSITY_TOPK : options->sparsity;

	for (int i = 0; i < count; i++)
	{
		const OptionUse *use = &option_uses[i];
		int			variant = 0;

		if (!option_is(option, use->name))
			continue;
		if ((use->variants >> options->variant & 1) == 0)
		{
			while ((use->variants >> variant & 1) == 0)
				variant++;
			snprintf(complaint, AE_COMPLAINT_BYTES,
					 "belongs to variant \"%s\", not \"%s\"",
					 choice_name("variant", variant),
					 choice_name("variant", options->variant));
			return false;
		}
		if (use->sparsities != 0 && (use->sparsities >> sparsity & 1) == 0)
			return use_refuse("sparsity", sparsity, complaint);
	}
	return true;
}

/* what of a score belongs to a variant */
static bool
score_applies(const AeOptions *options, const AeOption *option,
			  char *complaint)
{
	bool		evidence = ae_score_is_evidence(options->score);

	/* classes that are told from all cells would tell of the hidden one */
	if (option_is(option, "score") &&
		((evidence && options->variant != AE_VARIANT_VARIATIONAL) ||
		 (options->score == AE_SCORE_CONDITIONAL &&
		  options->variant == AE_VARIANT_SEMI_SUPERVISED)))
		snprintf(complaint, AE_COMPLAINT_BYTES,
				 "must not be \"%s\" for variant \"%s\"",
				 choice_name("score", options->score),
				 choice_name("variant", options->variant));
	else if (option_is(option, "score_samples") && !evidence)
		snprintf(complaint, AE_COMPLAINT_BYTES,
				 "belongs to the scores \"elbo\" and \"iwae\"");
	else
		return true;
	return false;
}

/*
 * A variational code matches a normal distribution already, each row of it,
 * and shares of rows cannot.
 */
static bool
matching_applies(const AeOptions *options, const AeOption *option,
				 char *complaint)
{
	bool		none = options->matching == AE_MATCHING_NONE;

	if (!option_is(option, "matching_weight") &&
		(none || !option_is(option, "matching")))
		return true;
	if (none)
		return use_refuse("matching", AE_MATCHING_NONE, complaint);
	if (ae_options_variational(options))
		return use_refuse("variant", options->variant, complaint);
	if (options->variant == AE_VARIANT_SPARSE &&
		options->sparsity == AE_SPARSITY_KL)
		return use_refuse("sparsity", AE_SPARSITY_KL, complaint);
	return true;
}

static bool
contraction_applies(const AeOptions *options, const AeOption *option,
					char *complaint)
{
	bool		none = options->contraction == AE_CONTRACTION_NONE;

	if (option_is(option, "contraction_weight") && none)
		return use_refuse("contraction", AE_CONTRACTION_NONE, complaint);
	if (option_is(option, "contraction") && !none &&
		options->variant == AE_VARIANT_SEMI_SUPERVISED)
		return use_refuse("variant", options->variant, complaint);
	return true;
}

bool
ae_option_applies(const AeOptions *options, const AeOption *option,
				  char *complaint)
{
	if (options->input == AE_INPUT_SET)
		return ae_option_applies_to_sets(options, option, complaint);
	return matching_applies(options, option, complaint) &&
		contraction_applies(options, option, complaint) &&
		variant_applies(options, option, complaint) &&
		score_applies(options, option, complaint);
}
