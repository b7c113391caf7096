/*
 * options.c
 *	  What a user may say about a training.
 *
 * Every option is a row of one table; the setters and printers know kinds of
 * options only.  A complaint always has the range that is right, as
 * ae_option_describe_range() prints it, and the value that was wrong.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/feature.h"
#include "core/items.h"
#include "core/kernels.h"
#include "core/model.h"
#include "core/options.h"
#include "core/options_set.h"

/* 2^53 - 1: integers up to here are exact in JSON readers that use doubles */
#define MAX_EXACT_INTEGER 9007199254740991.0

/* of a wrong text, as much as a message shows */
#define SHOWN_BYTES 40

#define NUMBER_BYTES 32

#define FIELD(name) offsetof(AeOptions, name)
#define CHOICES(names) (names), (int) (sizeof(names) / sizeof((names)[0]))
#define NO_CHOICES NULL, 0

static const char *const purpose_names[] = {
	[AE_PURPOSE_ANOMALY] = "anomaly",
	[AE_PURPOSE_EMBEDDING] = "embedding",
	[AE_PURPOSE_IMPUTATION] = "imputation",
	[AE_PURPOSE_GENERATION] = "generation"
};

static const char *const loss_names[] = {
	[AE_LOSS_SQUARED] = "mse",
	[AE_LOSS_ABSOLUTE] = "mae",
	[AE_LOSS_HUBER] = "huber"
};

static const char *const optimizer_names[] = {
	[AE_OPTIMIZER_ADAMW] = "adamw",
	[AE_OPTIMIZER_ADAM] = "adam",
	[AE_OPTIMIZER_SGD] = "sgd",
	[AE_OPTIMIZER_RMSPROP] = "rmsprop",
	[AE_OPTIMIZER_ADAGRAD] = "adagrad"
};

static const char *const schedule_names[] = {
	[AE_SCHEDULE_COSINE] = "cosine",
	[AE_SCHEDULE_ONE_CYCLE] = "one_cycle",
	[AE_SCHEDULE_CONSTANT] = "constant"
};

static const char *const corruption_names[] = {
	[AE_CORRUPTION_NONE] = "none",
	[AE_CORRUPTION_GAUSSIAN] = "gaussian",
	[AE_CORRUPTION_MASK] = "mask",
	[AE_CORRUPTION_SWAP] = "swap",
	[AE_CORRUPTION_SALT_PEPPER] = "salt_pepper"
};

static const char *const variant_names[] = {
	[AE_VARIANT_PLAIN] = "plain",
	[AE_VARIANT_SPARSE] = "sparse",
	[AE_VARIANT_VARIATIONAL] = "variational",
	[AE_VARIANT_SEMI_SUPERVISED] = "semi_supervised",
	[AE_VARIANT_SUPERVISED] = "supervised",
	[AE_VARIANT_EASE] = "ease",
	[AE_VARIANT_MULT_DAE] = "mult_dae",
	[AE_VARIANT_MULT_VAE] = "mult_vae"
};

static const char *const input_names[] = {
	[AE_INPUT_ROW] = "row",
	[AE_INPUT_SET] = "set"
};

static const char *const sparsity_names[] = {
	[AE_SPARSITY_L1] = "l1",
	[AE_SPARSITY_KL] = "kl",
	[AE_SPARSITY_TOPK] = "topk"
};

static const char *const matching_names[] = {
	[AE_MATCHING_NONE] = "none",
	[AE_MATCHING_MMD] = "mmd",
	[AE_MATCHING_ADVERSARIAL] = "adversarial"
};

static const char *const contraction_names[] = {
	[AE_CONTRACTION_NONE] = "none",
	[AE_CONTRACTION_EXACT] = "exact",
	[AE_CONTRACTION_HUTCHINSON] = "hutchinson"
};

static const char *const score_names[] = {
	[AE_SCORE_ERROR] = "error",
	[AE_SCORE_DISTANCE] = "distance",
	[AE_SCORE_NEIGHBOUR] = "neighbour",
	[AE_SCORE_CONDITIONAL] = "conditional",
	[AE_SCORE_ELBO] = "elbo",
	[AE_SCORE_IWAE] = "iwae"
};

/*----------
 * name, kind, offset, can be auto, can be null, default, least, most, choices,
 * description
 *----------
 */
const AeOption ae_option_table[] = {
	{"purpose", AE_OPTION_CHOICE, FIELD(purpose), false, false, "anomaly",
		0, 0, CHOICES(purpose_names),
	"What the model is for, which decides the options that are not given."},
	{"hidden", AE_OPTION_LIST, FIELD(hidden), true, false, "auto",
		1, AE_MAX_LAYER, NO_CHOICES,
	"Units of the encoder's hidden layers, from the input on; the decoder mirrors them."},
	{"latent", AE_OPTION_INTEGER, FIELD(latent), true, false, "auto",
		1, AE_MAX_LAYER, NO_CHOICES,
	"Units of the latent code."},
	{"activation", AE_OPTION_CHOICE, FIELD(activation), true, false, "auto",
		0, 0, CHOICES(ae_activation_names),
	"Activation function of the hidden layers."},
	{"loss", AE_OPTION_CHOICE, FIELD(loss), true, false, "auto",
		0, 0, CHOICES(loss_names),
	"Loss of numeric columns: squared (mse), absolute (mae) or Huber."},
	{"scaling", AE_OPTION_CHOICE, FIELD(scaling), true, false, "auto",
		0, 0, CHOICES(ae_scaling_names),
	"How numeric columns are scaled before the network reads them."},
	{"epochs", AE_OPTION_INTEGER, FIELD(epochs), true, false, "auto",
		1, AE_MAX_HISTORY, NO_CHOICES,
	"Passes over the training rows."},
	{"batch_size", AE_OPTION_INTEGER, FIELD(batch_size), false, false, "128",
		1, 65536, NO_CHOICES,
	"Rows that each step of the optimizer looks at."},
	{"optimizer", AE_OPTION_CHOICE, FIELD(optimizer), false, false, "adamw",
		0, 0, CHOICES(optimizer_names),
	"Method that turns gradients into steps."},
	{"learning_rate", AE_OPTION_NUMBER, FIELD(learning_rate), true, false, "auto",
		1e-8, 10, NO_CHOICES,
	"Size of the optimizer's steps at the schedule's peak."},
	{"schedule", AE_OPTION_CHOICE, FIELD(schedule), false, false, "cosine",
		0, 0, CHOICES(schedule_names),
	"How the learning rate changes in the course of the training."},
	{"warmup", AE_OPTION_NUMBER, FIELD(warmup), false, false, "0.02",
		0, 0.9, NO_CHOICES,
	"Share of the steps over which the learning rate rises to its peak."},
	{"weight_decay", AE_OPTION_NUMBER, FIELD(weight_decay), false, false, "0.0001",
		0, 1, NO_CHOICES,
	"How strongly each step pulls the weights towards zero."},
	{"dropout", AE_OPTION_NUMBER, FIELD(dropout), false, false, "0",
		0, 0.9, NO_CHOICES,
	"Share of the hidden units that each step switches off at random."},
	{"clip_norm", AE_OPTION_NUMBER, FIELD(clip_norm), false, false, "1",
		0, 1e6, NO_CHOICES,
	"Norm down to which longer gradients are scaled; 0 leaves them alone."},
	{"validation_fraction", AE_OPTION_NUMBER, FIELD(validation_fraction),
		true, false, "auto", 0, 0.5, NO_CHOICES,
	"Share of the rows that are not trained on but measure the progress."},
	{"patience", AE_OPTION_INTEGER, FIELD(patience), true, false, "auto",
		0, 100000, NO_CHOICES,
	"Epochs without progress on the validation rows after which training stops; 0 never stops early."},
	{"corruption", AE_OPTION_CHOICE, FIELD(corruption), true, false, "auto",
		0, 0, CHOICES(corruption_names),
	"How inputs are damaged in training, so that the network learns to repair them."},
	{"corruption_rate", AE_OPTION_NUMBER, FIELD(corruption_rate), true, false, "auto",
		0, 1, NO_CHOICES,
	"Share of the cells that are damaged or, for gaussian, the noise's standard deviation."},
	{"contraction", AE_OPTION_CHOICE, FIELD(contraction), false, false, "none",
		0, 0, CHOICES(contraction_names),
	"Penalty on how strongly the code follows the input: exact, or cheaply estimated (hutchinson)."},
	{"contraction_weight", AE_OPTION_NUMBER, FIELD(contraction_weight), true, false, "auto",
		0, 1000, NO_CHOICES,
	"Weight of that penalty, the sum of the squared derivatives of the code, beside the loss."},
	{"variant", AE_OPTION_CHOICE, FIELD(variant), false, false, "plain",
		0, 0, CHOICES(variant_names),
	"What is asked of the code beside a good reconstruction; ease, mult_dae and mult_vae are models of sets of items."},
	{"input", AE_OPTION_CHOICE, FIELD(input), false, false, "row",
		0, 0, CHOICES(input_names),
	"What the features are: a row or array of values, or a set of items in an array."},
	{"sparsity", AE_OPTION_CHOICE, FIELD(sparsity), true, false, "auto",
		0, 0, CHOICES(sparsity_names),
	"What makes the code sparse: a penalty on magnitudes (l1) or on the share of rows in which a unit is active (kl), or only the largest units of a row count (topk)."},
	{"sparsity_weight", AE_OPTION_NUMBER, FIELD(sparsity_weight), true, false, "auto",
		0, 1e6, NO_CHOICES,
	"Weight of the penalty on a code that is not sparse, per unit."},
	{"active", AE_OPTION_NUMBER, FIELD(active), true, false, "auto",
		1e-4, 0.9999, NO_CHOICES,
	"Share of the code's units that are active in a row (topk), or of the rows in which a unit is active (kl)."},
	{"beta", AE_OPTION_NUMBER, FIELD(beta), true, false, "auto",
		0, 1000, NO_CHOICES,
	"Weight of the divergence of a variational code from a standard normal distribution."},
	{"kl_warmup", AE_OPTION_NUMBER, FIELD(kl_warmup), true, false, "auto",
		0, 1, NO_CHOICES,
	"Share of the steps over which that weight rises from 0."},
	{"free_bits", AE_OPTION_NUMBER, FIELD(free_bits), true, false, "auto",
		0, 100, NO_CHOICES,
	"Divergence of each unit, in nats, that costs nothing."},
	{"matching", AE_OPTION_CHOICE, FIELD(matching), false, false, "none",
		0, 0, CHOICES(matching_names),
	"What makes codes look like draws of a standard normal distribution: a distance of the two (mmd), or a critic that learns to tell them apart (adversarial)."},
	{"matching_weight", AE_OPTION_NUMBER, FIELD(matching_weight), true, false, "auto",
		0, 1000, NO_CHOICES,
	"Weight of the matching, the reconstruction having 1."},
	{"label_weight", AE_OPTION_NUMBER, FIELD(label_weight), true, false, "auto",
		0, 1e6, NO_CHOICES,
	"Weight of telling the class of a row that has one, beside its reconstruction."},
	{"regularization", AE_OPTION_NUMBER, FIELD(regularization), true, false, "auto",
		1e-3, 1e9, NO_CHOICES,
	"Lambda of an ease model: how strongly all weights are held back."},
	{"normalization", AE_OPTION_NUMBER, FIELD(normalization), true, false, "auto",
		0, 1, NO_CHOICES,
	"By which power of its frequency an ease model weakens what an item says; 0 is the method as published."},
	{"row_normalization", AE_OPTION_NUMBER, FIELD(row_normalization), true, false, "auto",
		0, 1, NO_CHOICES,
	"By which power of its number of items an ease model weakens what a row says; 0 is the method as published."},
	{"item_weights", AE_OPTION_INTEGER, FIELD(item_weights), true, false, "auto",
		1, AE_MAX_ITEMS, NO_CHOICES,
	"Weights to other items, the largest, that an ease model keeps of each item."},
	{"negative_samples", AE_OPTION_INTEGER, FIELD(negative_samples), true, false, "auto",
		0, AE_MAX_ITEMS, NO_CHOICES,
	"Items, beside those of its rows, that a step of a mult_dae or mult_vae compares with (sampled softmax); 0: all items."},
	{"score", AE_OPTION_CHOICE, FIELD(score), true, false, "auto",
		0, 0, CHOICES(score_names),
	"How anomaly scores are made from a row and its reconstruction."},
	{"score_samples", AE_OPTION_INTEGER, FIELD(score_samples), true, false, "auto",
		1, AE_MAX_SCORE_SAMPLES, NO_CHOICES,
	"Codes drawn for a row to estimate the scores elbo and iwae."},
	{"coreset", AE_OPTION_INTEGER, FIELD(coreset), true, false, "auto",
		0, AE_MAX_CORESET, NO_CHOICES,
	"Training rows kept in the model, whose distance is the score neighbour; 0 keeps none."},
	{"contamination", AE_OPTION_NUMBER, FIELD(contamination), true, true, "null",
		0, 0.5, NO_CHOICES,
	"Share of anomalies among the training rows; null: nothing is known, auto: some."},
	{"alpha", AE_OPTION_NUMBER, FIELD(alpha), false, false, "0.01",
		1e-9, 0.5, NO_CHOICES,
	"P-value at or below which a row is an anomaly."},
	{"max_categories", AE_OPTION_INTEGER, FIELD(max_categories), false, false, "128",
		1, 65536, NO_CHOICES,
	"Labels of a category column beyond which they share this many hashed buckets."},
	{"min_frequency", AE_OPTION_INTEGER, FIELD(min_frequency), false, false, "2",
		1, 1e9, NO_CHOICES,
	"Rows in which a label must occur; rarer labels become one label, other."},
	{"label", AE_OPTION_COLUMN, 0, false, false, "null",
		0, 0, NO_CHOICES,
	"Column of classes for the variants semi_supervised and supervised, NULL where they are unknown; for others a boolean column that is true for known anomalies, which are learned from but not trained on."},
	{"condition", AE_OPTION_NAMES, 0, false, false, "[]",
		0, 0, NO_CHOICES,
	"Columns that are given to encoder and decoder: the others are learned as they depend on them."},
	{"columns", AE_OPTION_COLUMNS, 0, false, false, "{}",
		0, 0, NO_CHOICES,
	"Options of single columns: skip, kind (numeric, binary, category, calendar, count, ordinal, positive), scaling, loss, weight, max_categories, min_frequency."},
	{"time_zone", AE_OPTION_TEXT, FIELD(time_zone), false, false, "",
		0, AE_TIME_ZONE_BYTES - 1, NO_CHOICES,
	"Time zone whose hours, weekdays and days of the year the model sees; by default the session's TimeZone."},
	{"max_seconds", AE_OPTION_NUMBER, FIELD(max_seconds), false, false, "0",
		0, 1e9, NO_CHOICES,
	"Time after which no other epoch starts, once the rows are read; 0 sets no limit."},
	{"workers", AE_OPTION_INTEGER, FIELD(workers), true, false, "auto",
		0, AE_MAX_WORKERS, NO_CHOICES,
	"Parallel workers that help with the training; by default the setting autoencoder.workers."},
	{"seed", AE_OPTION_BIGINT, FIELD(seed), false, false, "42",
		-MAX_EXACT_INTEGER, MAX_EXACT_INTEGER, NO_CHOICES,
	"Start of the random numbers; the same rows, options and seed give the same model."},
	{"verbose", AE_OPTION_BOOLEAN, FIELD(verbose), false, false, "false",
		0, 0, NO_CHOICES,
	"Whether each epoch is reported while training."}
};

const int	ae_option_count =
	(int) (sizeof(ae_option_table) / sizeof(ae_option_table[0]));

const AeOption *
ae_option_find(const char *name)
{
	for (int i = 0; i < ae_option_count; i++)
		if (strcmp(ae_option_table[i].name, name) == 0)
			return &ae_option_table[i];
	return NULL;
}

/* of options that only some variants and sparsities have */
typedef struct OptionUse
{
	size_t		offset;
	unsigned int variants;		/* bit i: AeVariant i */
	unsigned int sparsities;	/* bit i: AeSparsity i; 0: does not matter */
} OptionUse;

#define VARIANT(name) (1u << AE_VARIANT_##name)
#define SPARSITY(name) (1u << AE_SPARSITY_##name)
#define ALL_VARIATIONAL (VARIANT(VARIATIONAL) | VARIANT(SEMI_SUPERVISED) | \
						 VARIANT(SUPERVISED))

static const OptionUse option_uses[] = {
	{FIELD(sparsity), VARIANT(SPARSE), 0},
	{FIELD(sparsity_weight), VARIANT(SPARSE), SPARSITY(L1) | SPARSITY(KL)},
	{FIELD(active), VARIANT(SPARSE), SPARSITY(KL) | SPARSITY(TOPK)},
	{FIELD(beta), ALL_VARIATIONAL, 0},
	{FIELD(kl_warmup), ALL_VARIATIONAL, 0},
	{FIELD(free_bits), VARIANT(VARIATIONAL) | VARIANT(SUPERVISED), 0},
	{FIELD(label_weight), VARIANT(SEMI_SUPERVISED) | VARIANT(SUPERVISED), 0},
	{FIELD(score_samples), VARIANT(VARIATIONAL), 0},
	{FIELD(regularization), VARIANT(EASE), 0},
	{FIELD(normalization), VARIANT(EASE), 0},
	{FIELD(row_normalization), VARIANT(EASE), 0},
	{FIELD(item_weights), VARIANT(EASE), 0},
	{FIELD(negative_samples), VARIANT(MULT_DAE) | VARIANT(MULT_VAE), 0}
};

/* what of a score belongs to a variant; false with a complaint: not this */
static bool
score_applies(const AeOptions *options, const AeOption *option,
			  char *complaint)
{
	bool		evidence = ae_score_is_evidence(options->score);

	/* classes that are told from all cells would tell of the hidden one */
	if (option->offset == FIELD(score) &&
		((evidence && options->variant != AE_VARIANT_VARIATIONAL) ||
		 (options->score == AE_SCORE_CONDITIONAL &&
		  options->variant == AE_VARIANT_SEMI_SUPERVISED)))
		snprintf(complaint, AE_COMPLAINT_BYTES,
				 "must not be \"%s\" for variant \"%s\"",
				 score_names[options->score],
				 variant_names[options->variant]);
	else if (option->offset == FIELD(score_samples) && !evidence)
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
	bool		is_weight = option->offset == FIELD(matching_weight);

	if (!is_weight && (option->offset != FIELD(matching) ||
					   options->matching == AE_MATCHING_NONE))
		return true;
	if (options->matching == AE_MATCHING_NONE)
		snprintf(complaint, AE_COMPLAINT_BYTES,
				 "does not belong to matching \"%s\"",
				 matching_names[options->matching]);
	else if (ae_options_variational(options))
		snprintf(complaint, AE_COMPLAINT_BYTES,
				 "does not belong to variant \"%s\"",
				 variant_names[options->variant]);
	else if (options->variant == AE_VARIANT_SPARSE &&
			 options->sparsity == AE_SPARSITY_KL)
		snprintf(complaint, AE_COMPLAINT_BYTES,
				 "does not belong to sparsity \"%s\"",
				 sparsity_names[options->sparsity]);
	else
		return true;
	return false;
}

bool
ae_option_applies(const AeOptions *options, const AeOption *option,
				  char *complaint)
{
	const int	count = sizeof(option_uses) / sizeof(option_uses[0]);
	int			sparsity = options->sparsity == AE_AUTO
		? AE_SPARSITY_TOPK : options->sparsity;

	if (options->input == AE_INPUT_SET)
		return ae_option_applies_to_sets(options, option, complaint);
	if (!matching_applies(options, option, complaint))
		return false;
	if (option->offset == FIELD(contraction_weight) &&
		options->contraction == AE_CONTRACTION_NONE)
	{
		snprintf(complaint, AE_COMPLAINT_BYTES,
				 "does not belong to contraction \"none\"");
		return false;
	}
	if (option->offset == FIELD(contraction) &&
		options->contraction != AE_CONTRACTION_NONE &&
		options->variant == AE_VARIANT_SEMI_SUPERVISED)
	{
		snprintf(complaint, AE_COMPLAINT_BYTES,
				 "does not belong to variant \"%s\"",
				 variant_names[options->variant]);
		return false;
	}
	for (int i = 0; i < count; i++)
	{
		const OptionUse *use = &option_uses[i];

		if (!ae_option_is_kept(option) || use->offset != option->offset)
			continue;
		if ((use->variants >> options->variant & 1) == 0)
		{
			int			variant = 0;

			while ((use->variants >> variant & 1) == 0)
				variant++;
			snprintf(complaint, AE_COMPLAINT_BYTES,
					 "belongs to variant \"%s\", not \"%s\"",
					 variant_names[variant],
					 variant_names[options->variant]);
			return false;
		}
		if (use->sparsities != 0 && (use->sparsities >> sparsity & 1) == 0)
		{
			snprintf(complaint, AE_COMPLAINT_BYTES,
					 "does not belong to sparsity \"%s\"",
					 sparsity_names[sparsity]);
			return false;
		}
	}
	return !ae_option_is_kept(option) ||
		score_applies(options, option, complaint);
}

bool
ae_option_is_auto(const AeOptions *options, const AeOption *option)
{
	const void *value = (const char *) options + option->offset;

	if (!option->can_be_auto)
		return false;
	if (option->kind == AE_OPTION_NUMBER)
		return isnan(*(const double *) value);
	if (option->kind == AE_OPTION_LIST)
		return options->nhidden == AE_AUTO;
	return *(const int *) value == AE_AUTO;
}

static void *
option_field(AeOptions *options, const AeOption *option)
{
	return (char *) options + option->offset;
}

/* the shortest that reads back as the same double, in the C locale */
static void
format_number(char buffer[NUMBER_BYTES], double value)
{
	for (int digits = 15; digits <= 17; digits++)
	{
		snprintf(buffer, NUMBER_BYTES, "%.*g", digits, value);
		if (strtod(buffer, NULL) == value)
			return;
	}
}

/* appends to the text in buffer; false when it does not fit */
static bool
append(char *buffer, size_t size, const char *text)
{
	size_t		used = strlen(buffer);
	size_t		len = strlen(text);

	if (len >= size - used)
		return false;
	memcpy(buffer + used, text, len + 1);
	return true;
}

static bool
append_quoted(char *buffer, size_t size, const char *text)
{
	return append(buffer, size, "\"") &&
		append(buffer, size, text) &&
		append(buffer, size, "\"");
}

static void
describe_choices(const AeOption *option, char *buffer, size_t size)
{
	const char *before = "one of ";

	if (option->can_be_auto)
	{
		append(buffer, size, "one of \"auto\"");
		before = ", ";
	}
	for (int i = 0; i < option->nchoices; i++)
	{
		/* a list of names may have an "auto" of its own */
		if (strcmp(option->choices[i], "auto") == 0)
			continue;
		append(buffer, size, before);
		append_quoted(buffer, size, option->choices[i]);
		before = ", ";
	}
}

void
ae_option_describe_range(const AeOption *option, char *buffer, size_t size)
{
	char		min[NUMBER_BYTES];
	char		max[NUMBER_BYTES];
	const char *or_auto = option->can_be_null ? ", \"auto\" or null"
		: option->can_be_auto ? " or \"auto\"" : "";

	format_number(min, option->min);
	format_number(max, option->max);
	buffer[0] = '\0';
	switch (option->kind)
	{
		case AE_OPTION_INTEGER:
		case AE_OPTION_BIGINT:
			snprintf(buffer, size, "an integer from %s to %s%s",
					 min, max, or_auto);
			break;
		case AE_OPTION_NUMBER:
			snprintf(buffer, size, "a number from %s to %s%s",
					 min, max, or_auto);
			break;
		case AE_OPTION_BOOLEAN:
			snprintf(buffer, size, "true or false");
			break;
		case AE_OPTION_CHOICE:
			describe_choices(option, buffer, size);
			break;
		case AE_OPTION_LIST:
			snprintf(buffer, size,
					 "a list of up to %d integers from %s to %s%s",
					 AE_MAX_HIDDEN, min, max, or_auto);
			break;
		case AE_OPTION_TEXT:
			snprintf(buffer, size,
					 "up to %s printable ASCII characters without quotes and backslashes",
					 max);
			break;
		case AE_OPTION_COLUMN:
			snprintf(buffer, size, "the name of a column or null");
			break;
		case AE_OPTION_NAMES:
			snprintf(buffer, size, "a list of names of columns");
			break;
		case AE_OPTION_COLUMNS:
			snprintf(buffer, size, "an object with an object for each column");
			break;
	}
}

/* "must be <range>, not <value>"; returns false, as setters do */
static bool
complain(const AeOption *option, const char *value, char *complaint)
{
	char		range[AE_COMPLAINT_BYTES];

	ae_option_describe_range(option, range, sizeof(range));
	complaint[0] = '\0';
	append(complaint, AE_COMPLAINT_BYTES, "must be ");
	append(complaint, AE_COMPLAINT_BYTES, range);
	append(complaint, AE_COMPLAINT_BYTES, ", not ");
	append(complaint, AE_COMPLAINT_BYTES, value);
	return false;
}

static bool
complain_number(const AeOption *option, const char *before, double value,
				char *complaint)
{
	char		number[NUMBER_BYTES];
	char		text[2 * NUMBER_BYTES];

	format_number(number, value);
	snprintf(text, sizeof(text), "%s%s", before, number);
	return complain(option, text, complaint);
}

static bool
complain_text(const AeOption *option, const char *value, char *complaint)
{
	char		text[SHOWN_BYTES + sizeof("\"...\"")] = "\"";
	size_t		len = strlen(value);
	bool		cut = len > SHOWN_BYTES;

	/* never end in the middle of a character, whatever the encoding */
	if (cut)
		for (len = SHOWN_BYTES; len > 0 && (value[len - 1] & 0x80); len--)
			;
	memcpy(text + 1, value, len);
	strcpy(text + 1 + len, cut ? "...\"" : "\"");
	return complain(option, text, complaint);
}

/* false for NaN too */
static bool
in_range(const AeOption *option, double value)
{
	return value >= option->min && value <= option->max;
}

static bool
is_integer_in_range(const AeOption *option, double value)
{
	return in_range(option, value) && value == floor(value);
}

bool
ae_option_set_number(AeOptions *options, const AeOption *option,
					 double value, char *complaint)
{
	void	   *field = option_field(options, option);

	if (option->kind == AE_OPTION_NUMBER && in_range(option, value))
		*(double *) field = value;
	else if (option->kind == AE_OPTION_INTEGER &&
			 is_integer_in_range(option, value))
		*(int *) field = (int) value;
	else if (option->kind == AE_OPTION_BIGINT &&
			 is_integer_in_range(option, value))
		*(int64_t *) field = (int64_t) value;
	else
		return complain_number(option, "", value, complaint);
	return true;
}

bool
ae_option_set_null(AeOptions *options, const AeOption *option,
				   char *complaint)
{
	if (!option->can_be_null)
		return complain(option, "null", complaint);
	*(double *) option_field(options, option) = -1.0;
	return true;
}

bool
ae_option_set_bool(AeOptions *options, const AeOption *option,
				   bool value, char *complaint)
{
	if (option->kind != AE_OPTION_BOOLEAN)
		return complain(option, value ? "true" : "false", complaint);
	*(bool *) option_field(options, option) = value;
	return true;
}

static void
set_auto(AeOptions *options, const AeOption *option)
{
	switch (option->kind)
	{
		case AE_OPTION_INTEGER:
		case AE_OPTION_CHOICE:
			*(int *) option_field(options, option) = AE_AUTO;
			break;
		case AE_OPTION_NUMBER:
			*(double *) option_field(options, option) = NAN;
			break;
		case AE_OPTION_LIST:
			options->nhidden = AE_AUTO;
			memset(options->hidden, 0, sizeof(options->hidden));
			break;
		case AE_OPTION_BIGINT:
		case AE_OPTION_BOOLEAN:
		case AE_OPTION_TEXT:
		case AE_OPTION_COLUMN:
		case AE_OPTION_NAMES:
		case AE_OPTION_COLUMNS:
			break;
	}
}

/* so that printing it as JSON needs no escapes and no encoding */
static bool
is_plain_text(const char *value, size_t max_len)
{
	size_t		len = 0;

	for (; value[len] != '\0'; len++)
		if (len == max_len || value[len] < ' ' || value[len] > '~' ||
			value[len] == '"' || value[len] == '\\')
			return false;
	return true;
}

bool
ae_option_set_text(AeOptions *options, const AeOption *option,
				   const char *value, char *complaint)
{
	if (option->can_be_auto && strcmp(value, "auto") == 0)
	{
		set_auto(options, option);
		return true;
	}
	if (option->kind == AE_OPTION_TEXT &&
		is_plain_text(value, AE_TIME_ZONE_BYTES - 1))
	{
		char	   *field = option_field(options, option);

		memset(field, 0, AE_TIME_ZONE_BYTES);
		memcpy(field, value, strlen(value));
		return true;
	}
	for (int i = 0; i < option->nchoices; i++)
		if (strcmp(option->choices[i], value) == 0)
		{
			*(int *) option_field(options, option) = i;
			return true;
		}
	return complain_text(option, value, complaint);
}

bool
ae_option_set_list(AeOptions *options, const AeOption *option,
				   const double *values, int count, char *complaint)
{
	if (option->kind != AE_OPTION_LIST)
		return complain(option, "a list", complaint);
	if (count < 0 || count > AE_MAX_HIDDEN)
		return complain_number(option, "a list of length ", count, complaint);
	for (int i = 0; i < count; i++)
		if (!is_integer_in_range(option, values[i]))
			return complain_number(option, "a list with ", values[i],
								   complaint);
	memset(options->hidden, 0, sizeof(options->hidden));
	for (int i = 0; i < count; i++)
		options->hidden[i] = (int) values[i];
	options->nhidden = count;
	return true;
}

static bool
print_choice(const AeOption *option, int value, char *buffer, size_t size)
{
	if (value == AE_AUTO)
		return append_quoted(buffer, size, "auto");
	return value >= 0 && value < option->nchoices &&
		append_quoted(buffer, size, option->choices[value]);
}

static bool
print_list(const AeOptions *options, char *buffer, size_t size)
{
	if (options->nhidden == AE_AUTO)
		return append_quoted(buffer, size, "auto");
	if (!append(buffer, size, "["))
		return false;
	for (int i = 0; i < options->nhidden; i++)
	{
		char		number[NUMBER_BYTES];

		snprintf(number, sizeof(number), "%s%d", i > 0 ? ", " : "",
				 options->hidden[i]);
		if (!append(buffer, size, number))
			return false;
	}
	return append(buffer, size, "]");
}

bool
ae_option_print(const AeOptions *options, const AeOption *option,
				char *buffer, size_t size)
{
	const void *value = (const char *) options + option->offset;
	char		number[NUMBER_BYTES];

	if (size == 0)
		return false;
	buffer[0] = '\0';
	switch (option->kind)
	{
		case AE_OPTION_INTEGER:
			if (option->can_be_auto && *(const int *) value == AE_AUTO)
				return append_quoted(buffer, size, "auto");
			format_number(number, *(const int *) value);
			return append(buffer, size, number);
		case AE_OPTION_BIGINT:
			format_number(number, (double) *(const int64_t *) value);
			return append(buffer, size, number);
		case AE_OPTION_NUMBER:
			if (isnan(*(const double *) value))
				return append_quoted(buffer, size, "auto");
			if (option->can_be_null && *(const double *) value < 0)
				return append(buffer, size, "null");
			format_number(number, *(const double *) value);
			return append(buffer, size, number);
		case AE_OPTION_BOOLEAN:
			return append(buffer, size,
						  *(const bool *) value ? "true" : "false");
		case AE_OPTION_CHOICE:
			return print_choice(option, *(const int *) value, buffer, size);
		case AE_OPTION_LIST:
			return print_list(options, buffer, size);
		case AE_OPTION_TEXT:
			return append_quoted(buffer, size, value);
		case AE_OPTION_COLUMN:
		case AE_OPTION_NAMES:
		case AE_OPTION_COLUMNS:
			break;
	}
	return true;
}

static bool
parse_list(AeOptions *options, const AeOption *option, const char *text,
		   char *complaint)
{
	/* one more than fit, for the complaint's sake */
	double		values[AE_MAX_HIDDEN + 1] = {0};
	int			count = 0;
	const char *next = text + 1;

	if (strcmp(next, "]") == 0)
		return ae_option_set_list(options, option, values, 0, complaint);
	while (count <= AE_MAX_HIDDEN)
	{
		char	   *end;

		values[count++] = strtod(next, &end);
		if (end == next)
			break;
		if (strcmp(end, "]") == 0)
			return ae_option_set_list(options, option, values, count,
									  complaint);
		if (*end != ',')
			break;
		next = end + 1;
	}
	return complain_text(option, text, complaint);
}

/* a value without quotes */
static bool
parse_bare(AeOptions *options, const AeOption *option, const char *text,
		   char *complaint)
{
	double		number;
	char	   *end;

	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		return ae_option_set_bool(options, option, text[0] == 't', complaint);
	if (strcmp(text, "null") == 0)
		return ae_option_set_null(options, option, complaint);
	/* keeps strtod() from infinity, NaN and hexadecimal numbers */
	if (text[strspn(text, "+-.0123456789eE, []")] != '\0')
		return complain_text(option, text, complaint);
	if (text[0] == '[')
		return parse_list(options, option, text, complaint);
	number = strtod(text, &end);
	if (end == text || *end != '\0')
		return complain_text(option, text, complaint);
	return ae_option_set_number(options, option, number, complaint);
}

bool
ae_option_parse(AeOptions *options, const AeOption *option,
				const char *json, char *complaint)
{
	size_t		len = strlen(json);
	char		text[AE_OPTION_BYTES];

	if (json[0] != '"')
		return parse_bare(options, option, json, complaint);
	if (len < 2 || len - 2 >= sizeof(text) || json[len - 1] != '"')
		return complain_text(option, json, complaint);
	memcpy(text, json + 1, len - 2);
	text[len - 2] = '\0';
	return ae_option_set_text(options, option, text, complaint);
}

/* the defaults go through the setters: the unit test sees a wrong one */
void
ae_options_init(AeOptions *options)
{
	char		complaint[AE_COMPLAINT_BYTES];

	memset(options, 0, sizeof(*options));
	for (int i = 0; i < ae_option_count; i++)
	{
		const AeOption *option = &ae_option_table[i];

		if (!ae_option_is_kept(option))
			continue;
		if (option->kind == AE_OPTION_CHOICE ||
			option->kind == AE_OPTION_TEXT ||
			strcmp(option->initial, "auto") == 0)
			ae_option_set_text(options, option, option->initial, complaint);
		else
			parse_bare(options, option, option->initial, complaint);
	}
}
