/*
 * options_use_test.c
 *	  Which options matter to which variants, scores and other choices.
 */
#include "unit.h"

#include "core/options.h"

static char complaint[AE_COMPLAINT_BYTES];

static bool
applies(const AeOptions *options, const char *name)
{
	const AeOption *option = ae_option_find(name);

	if (option == NULL)
	{
		printf("Bail out! no option %s\n", name);
		exit(1);
	}
	return ae_option_applies(options, option, complaint);
}

/* with that complaint; "" for any */
static bool
refuses(const AeOptions *options, const char *name, const char *text)
{
	if (!applies(options, name) &&
		(text[0] == '\0' || strcmp(complaint, text) == 0))
		return true;
	printf("# %s: expected \"%s\", found \"%s\"\n", name, text, complaint);
	return false;
}

static void
test_uses(void)
{
	AeOptions	o;

	ae_options_init(&o);
	for (int i = 0; i < ae_option_count; i++)
		if (!ae_option_applies(&o, &ae_option_table[i], complaint))
			ok(ae_option_is_auto(&o, &ae_option_table[i]),
			   "%s: automatic where it does not matter",
			   ae_option_table[i].name);
	ok(applies(&o, "label") && applies(&o, "hidden") &&
	   ae_option_is_auto(&o, ae_option_find("hidden")) &&
	   !ae_option_is_auto(&o, ae_option_find("seed")),
	   "options of all variants");
	ok(refuses(&o, "active", "belongs to variant \"sparse\", not \"plain\""),
	   "an option of another variant");
	o.variant = AE_VARIANT_SPARSE;
	ok(applies(&o, "sparsity") && applies(&o, "active") &&
	   refuses(&o, "sparsity_weight",
			   "does not belong to sparsity \"topk\""),
	   "an option of another sparsity");
	o.sparsity = AE_SPARSITY_L1;
	o.active = 0.5;
	ok(applies(&o, "sparsity_weight") && refuses(&o, "active", "") &&
	   !ae_option_is_auto(&o, ae_option_find("active")),
	   "and the other way round");
	ok(refuses(&o, "beta",
			   "belongs to variant \"variational\", not \"sparse\""),
	   "nor is a sparse code variational");
	o.variant = AE_VARIANT_VARIATIONAL;
	ok(applies(&o, "beta") && applies(&o, "kl_warmup") &&
	   applies(&o, "free_bits") && refuses(&o, "sparsity", ""),
	   "options of a variational code");
	ok(refuses(&o, "contraction_weight",
			   "does not belong to contraction \"none\""),
	   "a weight of no contraction");
	for (o.contraction = AE_CONTRACTION_EXACT;
		 o.contraction <= AE_CONTRACTION_HUTCHINSON; o.contraction++)
		ok(applies(&o, "contraction_weight"), "a weight of contraction %d",
		   o.contraction);
	o.variant = AE_VARIANT_SEMI_SUPERVISED;
	ok(refuses(&o, "contraction",
			   "does not belong to variant \"semi_supervised\""),
	   "no contraction of a semi-supervised code");
}

static void
test_matching(void)
{
	AeOptions	o;

	ae_options_init(&o);
	ok(applies(&o, "matching"), "codes may be matched");
	ok(refuses(&o, "matching_weight", "does not belong to matching \"none\""),
	   "a weight of no matching");
	for (o.matching = AE_MATCHING_MMD; o.matching <= AE_MATCHING_ADVERSARIAL;
		 o.matching++)
		ok(applies(&o, "matching_weight"), "a weight of matching %d",
		   o.matching);
	o.variant = AE_VARIANT_VARIATIONAL;
	o.matching = AE_MATCHING_NONE;
	ok(applies(&o, "matching"), "or none of any code");
	o.matching = AE_MATCHING_MMD;
	o.variant = AE_VARIANT_SPARSE;
	ok(applies(&o, "matching"), "of sparse codes");
	o.sparsity = AE_SPARSITY_KL;
	ok(refuses(&o, "matching", "does not belong to sparsity \"kl\""),
	   "but not of shares of rows");
	o.variant = AE_VARIANT_VARIATIONAL;
	ok(refuses(&o, "matching", "does not belong to variant \"variational\""),
	   "nor of variational ones");
	o.variant = AE_VARIANT_SUPERVISED;
	ok(refuses(&o, "matching", "does not belong to variant \"supervised\""),
	   "nor of those with another companion");
}

/* of models with classes */
static void
test_class_scores(void)
{
	AeOptions	o;

	ae_options_init(&o);
	o.score = AE_SCORE_CONDITIONAL;
	o.variant = AE_VARIANT_SUPERVISED;
	ok(applies(&o, "score"), "columns may be hidden");
	o.variant = AE_VARIANT_SEMI_SUPERVISED;
	ok(refuses(&o, "score", "must not be \"conditional\" for variant "
			   "\"semi_supervised\""),
	   "unless the class would tell what is hidden");
	o.variant = AE_VARIANT_SUPERVISED;
	o.score = AE_SCORE_IWAE;
	ok(refuses(&o, "score", "must not be \"iwae\" for variant "
			   "\"supervised\""), "evidence without classes");
	o.variant = AE_VARIANT_VARIATIONAL;
	ok(applies(&o, "score") && applies(&o, "score_samples"), "with its draws");
	o.score = AE_SCORE_ERROR;
	ok(refuses(&o, "score_samples",
			   "belongs to the scores \"elbo\" and \"iwae\""),
	   "which others do not take");
}

static void
test_set_uses(void)
{
	AeOptions	o;

	ae_options_init(&o);
	ok(refuses(&o, "regularization", "") && applies(&o, "input"),
	   "options of rows");
	ok(!ae_variant_is_of_sets(AE_VARIANT_PLAIN) &&
	   !ae_variant_is_of_sets(AE_AUTO) &&
	   ae_variant_is_of_sets(AE_VARIANT_EASE), "variants of sets");
	o.input = AE_INPUT_SET;
	o.variant = AE_VARIANT_EASE;
	ok(applies(&o, "regularization") && applies(&o, "min_frequency") &&
	   refuses(&o, "epochs", "") && refuses(&o, "columns", ""),
	   "options of ease");
	o.variant = AE_VARIANT_MULT_DAE;
	ok(applies(&o, "epochs") && refuses(&o, "beta", "") &&
	   refuses(&o, "item_weights", "") && refuses(&o, "score", ""),
	   "options of mult_dae");
	o.variant = AE_VARIANT_MULT_VAE;
	ok(applies(&o, "beta") && applies(&o, "kl_warmup") &&
	   refuses(&o, "free_bits", ""), "options of mult_vae");
}

int
main(void)
{
	test_uses();
	test_matching();
	test_class_scores();
	test_set_uses();
	return done();
}
