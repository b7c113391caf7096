/*
 * options.h
 *	  What a user may say about a training.
 *
 * One table describes every option: name, kind, default, range, one sentence.
 * Parsing, messages, ae_options(), ae_info() and the documentation all read
 * it.  Checking a value is a pure function that returns the complaint.
 */
#ifndef AE_OPTIONS_H
#define AE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AE_MAX_HIDDEN 16		/* hidden layers of an encoder */
#define AE_MAX_LAYER 65536		/* units of a hidden layer or code */
#define AE_MAX_WORKERS 1024		/* parallel workers of a training */
#define AE_AUTO (-1)			/* an integer or choice left to us */

typedef enum AePurpose
{
	AE_PURPOSE_ANOMALY = 0,
	AE_PURPOSE_EMBEDDING,
	AE_PURPOSE_IMPUTATION,
	AE_PURPOSE_GENERATION
} AePurpose;

typedef enum AeOptimizerKind
{
	AE_OPTIMIZER_ADAMW = 0,
	AE_OPTIMIZER_ADAM,
	AE_OPTIMIZER_SGD,
	AE_OPTIMIZER_RMSPROP,
	AE_OPTIMIZER_ADAGRAD
} AeOptimizerKind;

typedef enum AeSchedule
{
	AE_SCHEDULE_COSINE = 0,
	AE_SCHEDULE_ONE_CYCLE,
	AE_SCHEDULE_CONSTANT
} AeSchedule;

typedef enum AeCorruption
{
	AE_CORRUPTION_NONE = 0,
	AE_CORRUPTION_GAUSSIAN,		/* add noise to the scaled numbers */
	AE_CORRUPTION_MASK,			/* pretend cells are missing */
	AE_CORRUPTION_SWAP,			/* take cells from other rows */
	AE_CORRUPTION_SALT_PEPPER	/* the least or the largest value */
} AeCorruption;

/* a penalty on the Jacobian of the encoder */
typedef enum AeContraction
{
	AE_CONTRACTION_NONE = 0,
	AE_CONTRACTION_EXACT,
	AE_CONTRACTION_HUTCHINSON	/* an estimate from one random direction */
} AeContraction;

typedef enum AeVariant
{
	AE_VARIANT_PLAIN = 0,
	AE_VARIANT_SPARSE,			/* little of the code is active */
	AE_VARIANT_VARIATIONAL,		/* the code is a distribution */
	AE_VARIANT_SEMI_SUPERVISED, /* likewise, beside a class few rows have */
	AE_VARIANT_SUPERVISED,		/* likewise, and it tells a class */

	/* of sets of items */
	AE_VARIANT_EASE,			/* linear, in closed form */
	AE_VARIANT_MULT_DAE,		/* multinomial likelihood, items hidden */
	AE_VARIANT_MULT_VAE			/* the same with a variational code */
} AeVariant;

/* what a row is */
typedef enum AeInput
{
	AE_INPUT_ROW = 0,			/* columns, or the elements of an array */
	AE_INPUT_SET				/* a set of items */
} AeInput;

/* what makes a code sparse */
typedef enum AeSparsity
{
	AE_SPARSITY_L1 = 0,			/* a penalty on magnitudes */
	AE_SPARSITY_KL,				/* a penalty on units that are active too
								 * often or too rarely */
	AE_SPARSITY_TOPK			/* only the largest units of a row count */
} AeSparsity;

/* what draws codes towards a standard normal distribution */
typedef enum AeMatchingKind
{
	AE_MATCHING_NONE = 0,
	AE_MATCHING_MMD,			/* a distance of distributions */
	AE_MATCHING_ADVERSARIAL		/* a critic that must not tell them apart */
} AeMatchingKind;

typedef enum AeScoreKind
{
	AE_SCORE_ERROR = 0,			/* of the reconstruction */
	AE_SCORE_DISTANCE,			/* to the centre of the joint space */
	AE_SCORE_NEIGHBOUR,			/* to the nearest points of the coreset */
	AE_SCORE_CONDITIONAL,		/* of columns that are hidden in turn */
	AE_SCORE_ELBO,				/* the evidence's lower bound */
	AE_SCORE_IWAE				/* a closer one, importance-weighted */
} AeScoreKind;

/* whether it is a distance in the joint space, see joint.h */
static inline bool
ae_score_is_joint(int score)
{
	return score == AE_SCORE_DISTANCE || score == AE_SCORE_NEIGHBOUR;
}

/* scores of variational models alone */
static inline bool
ae_score_is_evidence(int score)
{
	return score == AE_SCORE_ELBO || score == AE_SCORE_IWAE;
}

#define AE_MAX_SCORE_SAMPLES 1000

#define AE_MAX_CORESET 16384	/* training rows kept in a model */

/* nothing is known of the share of anomalies among the training rows */
#define AE_CONTAMINATION_UNKNOWN (-1.0)

#define AE_TIME_ZONE_BYTES 64

/*
 * Integers and choices are int, shares double.  AE_AUTO and NaN stand for
 * "auto" until ae_options_resolve() has replaced them.
 */
typedef struct AeOptions
{
	int			purpose;		/* AePurpose */
	int			nhidden;		/* AE_AUTO: not given */
	int			hidden[AE_MAX_HIDDEN];	/* the encoder's; decoder mirrored */
	int			latent;
	int			activation;		/* AeActivation */
	int			loss;			/* AeLoss of numeric columns */
	int			scaling;		/* AeScaling of numeric columns */
	int			epochs;
	int			batch_size;
	int			optimizer;		/* AeOptimizerKind */
	double		learning_rate;
	int			schedule;		/* AeSchedule */
	double		warmup;			/* share of the steps */
	double		weight_decay;
	double		dropout;
	double		clip_norm;		/* 0: no clipping */
	double		validation_fraction;
	int			patience;		/* epochs; 0: no early stopping */
	int			corruption;		/* AeCorruption */
	double		corruption_rate;
	int			contraction;	/* AeContraction */
	double		contraction_weight;
	int			variant;		/* AeVariant */
	int			input;			/* AeInput */
	int			sparsity;		/* AeSparsity; as all up to label_weight, it
								 * stays automatic for other variants */
	double		sparsity_weight;	/* of the penalty per unit; 0: none */
	double		active;			/* share of the units */
	double		beta;			/* weight of the divergence */
	double		kl_warmup;		/* share of the steps */
	double		free_bits;		/* nats per unit */
	int			matching;		/* AeMatchingKind */
	double		matching_weight;	/* stays automatic without matching */
	double		label_weight;	/* of a known class */
	double		regularization; /* ease: lambda */
	double		normalization;	/* ease: exponent */
	double		row_normalization;	/* ease: likewise, of rows */
	int			item_weights;	/* ease: weights kept of each item */
	int			negative_samples;	/* networks on sets: items of a step's
									 * sample; 0: all items */
	int			score;			/* AeScoreKind */
	int			score_samples;	/* codes drawn for a score; like sparsity, of
								 * elbo and iwae */
	int			coreset;		/* rows; 0: no row is kept */
	double		contamination;	/* share, NaN "auto", or UNKNOWN */
	double		alpha;			/* p-value at which a row is an anomaly */
	int			max_categories;
	int			min_frequency;
	int64_t		seed;
	double		max_seconds;	/* 0: no limit */
	int			workers;		/* of the call, never of the model: AE_AUTO
								 * once planned */
	bool		verbose;		/* likewise: false */
	char		time_zone[AE_TIME_ZONE_BYTES];	/* "" only before the host sets it */
} AeOptions;

typedef enum AeOptionKind
{
	AE_OPTION_INTEGER,
	AE_OPTION_BIGINT,			/* an integer in an int64_t: seed */
	AE_OPTION_NUMBER,
	AE_OPTION_BOOLEAN,
	AE_OPTION_CHOICE,
	AE_OPTION_LIST,				/* of integers: hidden */
	AE_OPTION_TEXT,				/* time_zone */
	AE_OPTION_COLUMN,			/* a column's name: label; kept by the host */
	AE_OPTION_NAMES,			/* of columns: condition; kept by the host */
	AE_OPTION_COLUMNS			/* per-column overrides; kept by the host */
} AeOptionKind;

typedef struct AeOption
{
	const char *name;
	AeOptionKind kind;
	size_t		offset;			/* of the field in AeOptions */
	bool		can_be_auto;
	bool		can_be_null;	/* a number: -1 stands for null */
	const char *initial;		/* default, as a JSON value without quotes */
	double		min;			/* of a number, or of a list's elements */
	double		max;
	const char *const *choices; /* indexed by the value */
	int			nchoices;
	const char *description;	/* one sentence */
} AeOption;

extern const AeOption ae_option_table[];
extern const int ae_option_count;

extern void ae_options_init(AeOptions *options);

/* NULL when there is no such option */
extern const AeOption *ae_option_find(const char *name);

/* whether the code is a distribution */
static inline bool
ae_options_variational(const AeOptions *options)
{
	return options->variant == AE_VARIANT_VARIATIONAL ||
		options->variant == AE_VARIANT_SEMI_SUPERVISED ||
		options->variant == AE_VARIANT_SUPERVISED;
}

/* whether a column has classes that are learned */
static inline bool
ae_options_classes(const AeOptions *options)
{
	return options->variant == AE_VARIANT_SEMI_SUPERVISED ||
		options->variant == AE_VARIANT_SUPERVISED;
}

/* whether AeOptions has a field for it */
static inline bool
ae_option_is_kept(const AeOption *option)
{
	return option->kind != AE_OPTION_COLUMN &&
		option->kind != AE_OPTION_NAMES &&
		option->kind != AE_OPTION_COLUMNS;
}

/*
 * Whether an option matters to a training with these options, which need not
 * be resolved.  Otherwise why not: a complaint as below.
 */
extern bool ae_option_applies(const AeOptions *options,
							  const AeOption *option, char *complaint);

/* whether a variant is of sets of items */
extern bool ae_variant_is_of_sets(int variant);

/* whether it has a value, or is left to us */
extern bool ae_option_is_auto(const AeOptions *options,
							  const AeOption *option);

/*
 * Setters.  They return true, or false with a complaint (a primary message
 * without the option's name, such as "must be between 1 and 65536, not 0") in
 * the buffer.
 */
#define AE_COMPLAINT_BYTES 256

extern bool ae_option_set_number(AeOptions *options, const AeOption *option,
								 double value, char *complaint);
extern bool ae_option_set_null(AeOptions *options, const AeOption *option,
							   char *complaint);
extern bool ae_option_set_bool(AeOptions *options, const AeOption *option,
							   bool value, char *complaint);
/* a choice's name, "auto", or a text option's value */
extern bool ae_option_set_text(AeOptions *options, const AeOption *option,
							   const char *value, char *complaint);
extern bool ae_option_set_list(AeOptions *options, const AeOption *option,
							   const double *values, int count,
							   char *complaint);

/* "an integer from 1 to 65536 or \"auto\"", for messages and documentation */
extern void ae_option_describe_range(const AeOption *option, char *buffer,
									 size_t size);

/*
 * The value as JSON, quotes included; false when the buffer is too small.
 * AE_OPTION_BYTES are always enough.  Of an option that is not kept in
 * AeOptions prints nothing and returns true.
 */
#define AE_OPTION_BYTES 256

extern bool ae_option_print(const AeOptions *options, const AeOption *option,
							char *buffer, size_t size);

/* the inverse of ae_option_print(); a setter as those above */
extern bool ae_option_parse(AeOptions *options, const AeOption *option,
							const char *json, char *complaint);

#endif							/* AE_OPTIONS_H */
