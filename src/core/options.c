/*
 * options.c
 *	  What a user may say about a training.
 *
 * Every option is a row of one table.
 */
#include <math.h>
#include <string.h>

#include "core/feature.h"
#include "core/items.h"
#include "core/kernels.h"
#include "core/model.h"
#include "core/options.h"

/* 2^53 - 1: integers up to here are exact in JSON readers that use doubles */
#define MAX_EXACT_INTEGER 9007199254740991.0

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
	"Options of single columns: skip, kind (numeric, binary, category, calendar, count, ordinal, positive, set), scaling, loss, weight, max_categories, min_frequency."},
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
			ae_option_parse(options, option, option->initial, complaint);
	}
}
