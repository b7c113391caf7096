/*
 * model_resolve.c
 *	  Options that the user left to us.
 */
#include "core/model_resolve.h"

#include <math.h>

#include "core/classes.h"
#include "core/condition.h"
#include "core/spectrum.h"

/* training rows that a model keeps by default, and where all are normal */
#define MODEL_CORESET 2048
#define MODEL_CLEAN_CORESET 4096

/*
 * Values of all these rows together.  Wide tables keep fewer rows: a thousand
 * rows of a thousand values would be larger than their network.
 */
#define MODEL_CORESET_VALUES (1 << 20)
#define MODEL_MIN_CORESET 128

/* see docs/variants.md */
#define MODEL_CONTRACTION 1e-4

/* tables with so many rows can spare some to calibrate p-values with */
#define MODEL_SPARE_ROWS 10000
#define MODEL_CALIBRATION_ROWS 12000.0

/* a wider code takes more rows than there usually are to know its density */
#define MODEL_GENERATION_CODE 16

/* rows that decide the size of an automatic code */
#define MODEL_SPECTRUM_ROWS 4096

/* units of an automatic sparse code */
#define MODEL_MIN_SPARSE 32
#define MODEL_MAX_SPARSE 256

#define MODEL_TOPK_ACTIVE 0.2
#define MODEL_KL_ACTIVE 0.05
#define MODEL_L1_WEIGHT 0.1
#define MODEL_KL_WEIGHT 0.1

#define MODEL_KL_WARMUP 0.25

/* codes drawn for a score: the importance-weighted bound needs many */
#define MODEL_ELBO_SAMPLES 10
#define MODEL_IWAE_SAMPLES 50
#define MODEL_MMD_WEIGHT 0.3
#define MODEL_ADVERSARIAL_WEIGHT 0.01
/* weight of a known class if all rows had one, and cells that are swapped */
#define MODEL_LABEL_WEIGHT 1.5
#define MODEL_LABEL_NOISE 0.25
/* what a purpose chooses where the user did not */
typedef struct ModelPreset
{
	AeActivation activation;
	int			min_hidden;		/* bounds of twice the input width */
	int			max_hidden;
	int			hidden_layers;
	double		code_share;		/* of the variance; 0: as wide as the input */
	AeCorruption corruption;
	double		corruption_rate;
	double		learning_rate;	/* up to 128 hidden units */
	double		validation_fraction;
	double		steps;			/* optimiser steps on MODEL_BASE_ROWS rows */
	bool		grows;			/* more steps for more rows */
	int			min_epochs;
} ModelPreset;

#define MODEL_BASE_ROWS 4000.0

/*
 * The validation loss jitters while the learning rate is high and falls
 * steadily as it goes to zero: with a patience of 10 of 192 epochs a
 * training stopped at epoch 65 with twice the error of the whole schedule.
 */
#define MODEL_MIN_PATIENCE 10
#define MODEL_PATIENCE_SHARE 4

/* indexed by AePurpose */
static const ModelPreset model_presets[] = {
	{AE_ACT_TANH, 32, 128, 1, 0.0,
	AE_CORRUPTION_SWAP, 0.3, 5e-3, 0.0, 3000, false, 1},
	{AE_ACT_GELU, 64, 256, 2, 0.95,
	AE_CORRUPTION_NONE, 0.0, 2e-3, 0.1, 6000, true, 5},
	{AE_ACT_GELU, 64, 128, 2, 0.0,
	AE_CORRUPTION_MASK, 0.35, 3e-3, 0.1, 6000, true, 5},
	{AE_ACT_GELU, 64, 256, 2, 0.95,
	AE_CORRUPTION_NONE, 0.0, 2e-3, 0.1, 6000, false, 5},
};

static int
model_clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

/* the number of principal components that keep share of the variance */
static AeStatus
model_code_size(const AeModel *model, AeDataset *dataset, double share,
				const AeBlas *blas, int *latent)
{
	const AeFeatures *f = model->features;
	int			ld = AE_PAD(f->input_width);
	size_t		row_bytes = (size_t) ld * sizeof(float);
	uint64_t	nrows = MODEL_SPECTRUM_ROWS;
	AeArena		arena;
	AeStatus	status;
	int			ngiven = ae_condition_inputs(f, NULL);
	int		   *given;
	float	   *cells;
	AeCoder    *coder;

	if (f->input_width > AE_SPECTRUM_ORDER)
		nrows = AE_SPECTRUM_ORDER;
	ae_arena_init(&arena, model->arena.env);
	status = ae_dataset_sample(dataset, nrows,
							   (uint64_t) model->options.seed, &arena,
							   &cells, &nrows);
	if (status == AE_OK)
		status = ae_coder_create(dataset, f, &arena, &coder);
	if (status == AE_OK)
	{
		float	   *x = ae_arena_alloc(&arena, (size_t) nrows, row_bytes);
		const AeKernels *kernels = ae_kernels_get(AE_KERNEL_AUTO);

		given = ae_arena_alloc(&arena, (size_t) ngiven, sizeof(int));
		if (x == NULL || given == NULL)
			status = AE_ERR_MEMORY;
		else
			ae_condition_inputs(f, given);
		for (uint64_t i = 0; i < nrows && status == AE_OK; i++)
		{
			const float *row = cells + i * (uint64_t) f->ncells;

			ae_coder_encode(coder, kernels, 1, &row,
							x + i * (uint64_t) ld, ld, NULL, 0);
			/* what the decoder is given needs no place in the code */
			for (int j = 0; j < ngiven; j++)
				x[i * (uint64_t) ld + (uint64_t) given[j]] = 0.0f;
		}
		if (status == AE_OK)
			status = ae_spectrum_components(x, (int) nrows, f->input_width,
											ld, share, blas, &arena, latent);
	}
	ae_arena_free(&arena);
	return status;
}

static double
model_learning_rate(const AeOptions *options, const ModelPreset *preset)
{
	int			widest = 0;

	for (int i = 0; i < options->nhidden; i++)
		widest = options->hidden[i] > widest ? options->hidden[i] : widest;
	switch ((AeOptimizerKind) options->optimizer)
	{
		case AE_OPTIMIZER_ADAMW:
		case AE_OPTIMIZER_ADAM:
			return widest > 128 ? 1e-3 : preset->learning_rate;
		case AE_OPTIMIZER_SGD:
			return 0.05;
		case AE_OPTIMIZER_RMSPROP:
			return 1e-3;
		case AE_OPTIMIZER_ADAGRAD:
			break;
	}
	return 1e-2;
}

/*
 * Epochs after which a table of that size has had enough steps: a fixed number
 * up to MODEL_BASE_ROWS rows, then, for some purposes, growing with the square
 * root of the rows.
 */
static int
model_epochs(const AeOptions *options, const ModelPreset *preset,
			 uint64_t nrows)
{
	double		steps = preset->steps;
	double		epochs;

	if (preset->grows && (double) nrows > MODEL_BASE_ROWS)
		steps *= sqrt((double) nrows / MODEL_BASE_ROWS);
	if ((double) nrows > options->batch_size)
		epochs = ceil(steps * options->batch_size / (double) nrows);
	else
		epochs = steps;
	if (epochs > AE_MAX_HISTORY)
		return AE_MAX_HISTORY;
	return epochs < preset->min_epochs ? preset->min_epochs : (int) epochs;
}

/* rows to measure progress and to calibrate with */
static double
model_validation_fraction(const AeOptions *options,
						  const ModelPreset *preset, uint64_t nrows)
{
	if (options->purpose != AE_PURPOSE_ANOMALY || nrows < MODEL_SPARE_ROWS)
		return preset->validation_fraction;
	return fmin(0.1, MODEL_CALIBRATION_ROWS / (double) nrows);
}

/* what the score is, and how many training rows it needs */
static void
model_resolve_score(AeModel *model)
{
	AeOptions  *o = &model->options;
	int			width = 2 * ae_joint_coords(model->features);
	int			most = MODEL_CORESET_VALUES / width;

	if (o->score == AE_AUTO)
		o->score = o->purpose == AE_PURPOSE_ANOMALY
			? AE_SCORE_NEIGHBOUR : AE_SCORE_ERROR;
	if (o->score == AE_SCORE_NEIGHBOUR && o->coreset == 0)
		o->score = AE_SCORE_DISTANCE;
	if (ae_score_is_evidence(o->score) && o->score_samples == AE_AUTO)
		o->score_samples = o->score == AE_SCORE_ELBO
			? MODEL_ELBO_SAMPLES : MODEL_IWAE_SAMPLES;
	if (o->score != AE_SCORE_NEIGHBOUR)
		o->coreset = 0;
	else if (o->coreset == AE_AUTO)
	{
		o->coreset = o->contamination == 0
			? MODEL_CLEAN_CORESET : MODEL_CORESET;
		most = most - most % AE_JOINT_GROUP;
		if (most < MODEL_MIN_CORESET)
			most = MODEL_MIN_CORESET;
		if (o->coreset > most)
			o->coreset = most;
	}
	if ((uint64_t) o->coreset > model->features->nrows)
		o->coreset = (int) model->features->nrows;
}

/* a sparse code is wide: each row has units to choose from */
static void
model_resolve_sparse(AeModel *model)
{
	AeOptions  *o = &model->options;

	if (o->latent == AE_AUTO)
		o->latent = model_clamp(2 * model->features->input_width,
								MODEL_MIN_SPARSE, MODEL_MAX_SPARSE);
	if (o->sparsity == AE_AUTO)
		o->sparsity = AE_SPARSITY_TOPK;
	if (o->sparsity != AE_SPARSITY_TOPK && isnan(o->sparsity_weight))
		o->sparsity_weight = o->sparsity == AE_SPARSITY_L1
			? MODEL_L1_WEIGHT : MODEL_KL_WEIGHT;
	if (o->sparsity != AE_SPARSITY_L1 && isnan(o->active))
		o->active = o->sparsity == AE_SPARSITY_TOPK
			? MODEL_TOPK_ACTIVE : MODEL_KL_ACTIVE;
}

/* noise in the code takes the place of noise in the input */
static void
model_resolve_variational(AeModel *model)
{
	AeOptions  *o = &model->options;

	if (isnan(o->beta))
		o->beta = 1.0;
	if (isnan(o->kl_warmup))
		o->kl_warmup = MODEL_KL_WARMUP;
	if (isnan(o->free_bits) && o->variant != AE_VARIANT_SEMI_SUPERVISED)
		o->free_bits = 0.0;
	if (o->corruption == AE_AUTO)
		o->corruption = AE_CORRUPTION_NONE;
}

/* what has seen hidden cells in training can tell hidden columns */
static void
model_resolve_conditional(AeOptions *o)
{
	const ModelPreset *preset = &model_presets[AE_PURPOSE_IMPUTATION];

	if (o->corruption != AE_AUTO)
		return;
	o->corruption = preset->corruption;
	if (isnan(o->corruption_rate))
		o->corruption_rate = preset->corruption_rate;
}

/*
 * Rows are too few to spare where classes are few.  The weight of known ones
 * grows with the rows that have none, as in Kingma et al. 2014.  Cells of
 * other rows keep what tells classes from learning the known ones by heart.
 */
static void
model_resolve_classes(AeModel *model)
{
	AeOptions  *o = &model->options;
	const AeColumn *column = ae_classes_column(model->features);
	double		nrows = (double) model->features->nrows;
	double		known = nrows - (double) column->cells[0].nmissing;

	if (isnan(o->validation_fraction))
		o->validation_fraction = 0.0;
	if (isnan(o->label_weight))
		o->label_weight = MODEL_LABEL_WEIGHT * nrows / fmax(known, 1.0);
	if (o->corruption != AE_AUTO)
		return;
	o->corruption = AE_CORRUPTION_SWAP;
	if (isnan(o->corruption_rate))
		o->corruption_rate = MODEL_LABEL_NOISE;
}

/* noise on the inputs, and the inputs that it takes */
static AeStatus
model_resolve_corruption(AeModel *model, const ModelPreset *preset)
{
	AeOptions  *o = &model->options;

	if (o->corruption == AE_AUTO)
	{
		o->corruption = preset->corruption;
		if (isnan(o->corruption_rate))
			o->corruption_rate = preset->corruption_rate;
	}
	if (isnan(o->corruption_rate))
		o->corruption_rate = o->corruption == AE_CORRUPTION_NONE ? 0.0
			: o->corruption == AE_CORRUPTION_GAUSSIAN ? 0.1 : 0.3;
	if (o->corruption != AE_CORRUPTION_MASK)
		return AE_OK;
	model->features->any_missing = true;
	return ae_features_layout(model->features, &model->arena);
}

AeStatus
ae_model_resolve(AeModel *model, AeDataset *dataset, const AeBlas *blas)
{
	AeOptions  *o = &model->options;
	const ModelPreset *preset = &model_presets[o->purpose];
	int			width;

	if (o->score == AE_SCORE_CONDITIONAL)
		model_resolve_conditional(o);
	if (ae_options_classes(o))
		model_resolve_classes(model);
	if (ae_options_variational(o))
		model_resolve_variational(model);
	AE_TRY(model_resolve_corruption(model, preset));
	width = model->features->input_width;
	if (o->nhidden == AE_AUTO)
	{
		o->nhidden = preset->hidden_layers;
		for (int i = 0; i < o->nhidden; i++)
			o->hidden[i] = model_clamp(2 * width, preset->min_hidden,
									   preset->max_hidden);
	}
	if (o->variant == AE_VARIANT_SPARSE)
		model_resolve_sparse(model);
	if (o->latent == AE_AUTO)
	{
		if (preset->code_share > 0)
		{
			AE_TRY(model_code_size(model, dataset, preset->code_share, blas,
								   &o->latent));
			o->latent = model_clamp(o->latent, 2,
									width / 2 > 2 ? width / 2 : 2);
			if (o->purpose == AE_PURPOSE_GENERATION &&
				o->latent > MODEL_GENERATION_CODE)
				o->latent = MODEL_GENERATION_CODE;
		}
		else
			o->latent = model_clamp(width, 1, preset->max_hidden);
	}
	if (o->matching != AE_MATCHING_NONE && isnan(o->matching_weight))
		o->matching_weight = o->matching == AE_MATCHING_MMD
			? MODEL_MMD_WEIGHT : MODEL_ADVERSARIAL_WEIGHT;
	if (o->activation == AE_AUTO)
		o->activation = preset->activation;
	if (o->loss == AE_AUTO)
		o->loss = AE_LOSS_SQUARED;
	if (o->scaling == AE_AUTO)
		o->scaling = AE_SCALING_STANDARD;
	if (o->contraction != AE_CONTRACTION_NONE && isnan(o->contraction_weight))
		o->contraction_weight = MODEL_CONTRACTION;
	if (isnan(o->learning_rate))
		o->learning_rate = model_learning_rate(o, preset);
	if (isnan(o->validation_fraction))
		o->validation_fraction =
			model_validation_fraction(o, preset, model->features->nrows);
	if (o->epochs == AE_AUTO)
		o->epochs = model_epochs(o, preset, model->features->nrows);
	if (o->patience == AE_AUTO)
		o->patience = o->epochs / MODEL_PATIENCE_SHARE > MODEL_MIN_PATIENCE
			? o->epochs / MODEL_PATIENCE_SHARE : MODEL_MIN_PATIENCE;
	model_resolve_score(model);
	return AE_OK;
}
