/*
 * model.c
 *	  A trained autoencoder: from rows and options to a planned network, and
 *	  the weights of its losses.
 */
#include "core/model.h"

#include <math.h>
#include <string.h>

#include "core/classes.h"
#include "core/condition.h"
#include "core/count.h"
#include "core/spectrum.h"

/* an entropy or training loss below this does not raise weights further */
#define MODEL_ENTROPY_FLOOR 0.1
#define MODEL_LOSS_FLOOR 1e-3
#define MODEL_COUNT_FLOOR 1e-4	/* of a count's mean */

/* training rows that a model keeps by default, and where all are normal */
#define MODEL_CORESET 2048
#define MODEL_CLEAN_CORESET 4096

/*
 * Values of all these rows together.  Wide tables keep fewer rows: a thousand
 * rows of a thousand values would be larger than their network.
 */
#define MODEL_CORESET_VALUES (1 << 20)
#define MODEL_MIN_CORESET 128

#define MODEL_NEIGHBOURS 3

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

AeStatus
ae_model_create(const AeEnv *env, AeModel **model)
{
	AeArena		arena;
	AeModel    *m;

	ae_arena_init(&arena, env);
	m = ae_arena_alloc(&arena, 1, sizeof(AeModel));
	if (m == NULL)
		return AE_ERR_MEMORY;
	m->arena = arena;
	ae_options_init(&m->options);
	*model = m;
	return AE_OK;
}

void
ae_model_free(AeModel *model)
{
	/* the model itself lives in its arena */
	AeArena		arena = model->arena;

	ae_arena_free(&arena);
}

/*----------
 * Automatic options.
 *----------
 */

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

/* room for what ae_score_fit() will find */
static AeStatus
model_plan_joint(AeModel *model)
{
	const AeOptions *o = &model->options;
	AeJoint    *joint = &model->joint;

	if (ae_score_is_evidence(o->score))
		model->evidence.spread = 1.0;
	if (!ae_score_is_joint(o->score))
		return AE_OK;
	AE_TRY(ae_joint_layout(joint, model->features, &model->arena));
	joint->neighbours = MODEL_NEIGHBOURS;
	joint->npoints = o->coreset;
	if (model->nanomalies < AE_HEAD_MIN_ANOMALIES)
		return AE_OK;
	return ae_head_plan(&model->head, ae_model_head_inputs(model),
						&model->arena);
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

static AeStatus
model_resolve(AeModel *model, AeDataset *dataset, const AeBlas *blas)
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

static void
model_add_layer(AeNet *net, AeLayerKind kind, AeActivation activation,
				int in, int out)
{
	AeLayer    *layer = &net->layers[net->nlayers++];

	layer->kind = kind;
	layer->activation = activation;
	layer->in = in;
	layer->out = out;
}

/* what makes a code of the last layer's outputs */
static void
model_add_code(AeModel *model, int in)
{
	const AeOptions *o = &model->options;
	AeNet	   *net = &model->net;
	AeActivation activation = AE_ACT_LINEAR;
	int			ngiven = ae_condition_inputs(model->features, NULL);

	if (o->variant == AE_VARIANT_SPARSE && o->sparsity == AE_SPARSITY_KL)
		activation = AE_ACT_SIGMOID;
	if (ae_options_variational(o))
	{
		model_add_layer(net, AE_LAYER_DENSE, activation, in, 2 * o->latent);
		model_add_layer(net, AE_LAYER_GAUSSIAN, activation, 2 * o->latent,
						o->latent);
	}
	else
		model_add_layer(net, AE_LAYER_DENSE, activation, in, o->latent);
	if (o->variant == AE_VARIANT_SPARSE)
		model_add_layer(net, AE_LAYER_SPARSE, AE_ACT_LINEAR, o->latent,
						o->latent);
	if (ngiven > 0)
		model_add_layer(net, AE_LAYER_JOIN, AE_ACT_LINEAR, o->latent,
						o->latent + ngiven);
	net->ncoder = net->nlayers;
}

/* encoder layers as hidden and latent say, mirrored in the decoder */
static AeStatus
model_layers(AeModel *model)
{
	const AeOptions *o = &model->options;
	AeNet	   *net = &model->net;
	AeActivation activation = (AeActivation) o->activation;
	int			in = model->features->input_width;

	net->nlayers = 0;
	net->layers = ae_arena_alloc(&model->arena, 2 * (size_t) o->nhidden + 4,
								 sizeof(AeLayer));
	if (net->layers == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < o->nhidden; i++)
	{
		model_add_layer(net, AE_LAYER_DENSE, activation, in, o->hidden[i]);
		in = o->hidden[i];
	}
	model_add_code(model, in);
	in = ae_net_latent(net);
	for (int i = o->nhidden - 1; i >= 0; i--)
	{
		model_add_layer(net, AE_LAYER_DENSE, activation, in, o->hidden[i]);
		in = o->hidden[i];
	}
	model_add_layer(net, AE_LAYER_DENSE, AE_ACT_LINEAR, in,
					model->features->output_width);
	return ae_net_plan(net);
}

/* what tells classes: as wide as the encoder, from its inputs or its code */
static AeStatus
model_plan_companion(AeModel *model)
{
	const AeOptions *o = &model->options;
	AeNet	   *net = &model->companion;
	int			in = o->variant == AE_VARIANT_SUPERVISED
		? ae_net_latent(&model->net) : model->features->input_width;
	int			nhidden = o->variant == AE_VARIANT_SUPERVISED ? 1 : o->nhidden;

	if (nhidden > o->nhidden)
		nhidden = o->nhidden;
	net->layers = ae_arena_alloc(&model->arena, (size_t) nhidden + 1,
								 sizeof(AeLayer));
	if (net->layers == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < nhidden; i++)
	{
		model_add_layer(net, AE_LAYER_DENSE, (AeActivation) o->activation, in,
						o->hidden[i]);
		in = o->hidden[i];
	}
	model_add_layer(net, AE_LAYER_DENSE, AE_ACT_LINEAR, in,
					ae_classes_column(model->features)->nlabels);
	net->ncoder = net->nlayers;
	return ae_net_plan(net);
}

/* scaled numbers have variances near 1 */
static AeStatus
model_plan_noise(AeModel *model)
{
	int			ncolumns = model->features->ncolumns;

	model->noise = ae_arena_alloc(&model->arena, (size_t) ncolumns,
								  sizeof(double));
	if (model->noise == NULL)
		return AE_ERR_MEMORY;
	for (int c = 0; c < ncolumns; c++)
		model->noise[c] = 1.0;
	return AE_OK;
}

/* room for what is measured after training */
static AeStatus
model_plan_measures(AeModel *model)
{
	size_t		ncells = (size_t) model->features->ncells;

	if (model->options.score == AE_SCORE_CONDITIONAL)
	{
		model->hidden_loss = ae_arena_alloc(&model->arena,
											(size_t) model->features->ncolumns,
											sizeof(double));
		if (model->hidden_loss == NULL)
			return AE_ERR_MEMORY;
	}
	if (model->options.variant != AE_VARIANT_PLAIN)
	{
		model->unit_activity = ae_arena_alloc(&model->arena,
											  (size_t) model->options.latent,
											  sizeof(float));
		if (model->unit_activity == NULL)
			return AE_ERR_MEMORY;
	}
	if (ae_options_variational(&model->options))
		AE_TRY(model_plan_noise(model));
	if (model->options.corruption == AE_CORRUPTION_MASK)
	{
		model->residuals = ae_arena_alloc(&model->arena, ncells,
										  AE_RESIDUALS * sizeof(float));
		if (model->residuals == NULL)
			return AE_ERR_MEMORY;
	}
	return AE_OK;
}

AeStatus
ae_model_plan(AeModel *model, AeDataset *dataset, const AeOptions *options,
			  const AeBlas *blas)
{
	model->options = *options;
	/* what does not change the weights is no part of the model */
	model->options.workers = AE_AUTO;
	model->options.verbose = false;
	AE_TRY(ae_dataset_fit(dataset, &model->arena, &model->features));
	AE_TRY(ae_histogram_fit(dataset, model->features, &model->arena,
							&model->histograms));
	model->nseen = model->features->nrows;
	model->column_loss = ae_arena_alloc(&model->arena,
										(size_t) model->features->ncolumns,
										sizeof(double));
	if (model->column_loss == NULL)
		return AE_ERR_MEMORY;
	model->nanomalies = ae_dataset_anomalies(dataset);
	AE_TRY(model_resolve(model, dataset, blas));
	AE_TRY(model_plan_joint(model));
	AE_TRY(model_layers(model));
	if (ae_options_classes(&model->options))
		AE_TRY(model_plan_companion(model));
	AE_TRY(model_plan_measures(model));
	return model->options.purpose == AE_PURPOSE_GENERATION
		? ae_density_plan(&model->density, model->features,
						  ae_net_latent(&model->net), model->features->nrows,
						  &model->arena) : AE_OK;
}

/*----------
 * Loss weights.
 *----------
 */

/*
 * Expected loss of a column when only its distribution is known.  The rates of
 * counts whose deviation is a small share of them are beyond the precision of
 * outputs: such counts get less weight.
 */
static double
model_unit(const AeColumn *column, int cell)
{
	double		entropy = 0.0;

	switch (column->kind)
	{
		case AE_KIND_NUMERIC:
		case AE_KIND_CALENDAR:
		case AE_KIND_POSITIVE:
			return 1.0;
		case AE_KIND_POISSON:
			entropy = fmax(column->cells[cell].deviance,
						   MODEL_COUNT_FLOOR * column->cells[cell].mean);
			break;
		case AE_KIND_BINARY:
			{
				double		p = column->cells[0].mean;

				if (p > 0 && p < 1)
					entropy = -p * log(p) - (1 - p) * log(1 - p);
				break;
			}
		case AE_KIND_CATEGORY:
		case AE_KIND_ORDINAL:
			for (int i = 0; i <= column->nlabels; i++)
			{
				double		p = column->frequency[i];

				entropy -= p > 0 ? p * log(p) : 0.0;
			}
			break;
	}
	return entropy > MODEL_ENTROPY_FLOOR ? entropy : MODEL_ENTROPY_FLOOR;
}

/* neighbouring columns with the same element-wise loss form one span */
static void
model_add_span(AeModel *model, const AeColumn *column)
{
	AeSpan	   *span = &model->spans[model->nspans];

	if (model->nspans > 0 && column->loss != AE_LOSS_SOFTMAX &&
		column->loss != AE_LOSS_ORDINAL &&
		span[-1].loss == column->loss)
	{
		span[-1].width += column->output_width;
		return;
	}
	span->loss = column->loss;
	span->offset = column->output;
	span->width = column->output_width;
	model->nspans++;
}

/*----------
 * The code.
 *----------
 */

/* what the options say of a sparse code; false: they contradict the layer */
static bool
model_prepare_sparse(const AeOptions *o, AeLayer *layer)
{
	bool		has_penalty = o->sparsity != AE_SPARSITY_TOPK;
	bool		has_share = o->sparsity != AE_SPARSITY_L1;

	if (o->variant != AE_VARIANT_SPARSE || o->sparsity == AE_AUTO ||
		(has_penalty && isnan(o->sparsity_weight)) ||
		(has_share && isnan(o->active)))
		return false;
	layer->penalty = has_penalty
		? (float) (o->sparsity_weight / layer->out) : 0.0f;
	layer->target = o->sparsity == AE_SPARSITY_KL ? (float) o->active : 0.0f;
	layer->kept = o->sparsity == AE_SPARSITY_TOPK
		? (int) ceil(o->active * layer->out) : 0;
	return true;
}

/* the same for a variational one, whose divergence is a part of the loss */
static bool
model_prepare_variational(const AeModel *model, AeLayer *layer)
{
	const AeOptions *o = &model->options;

	if (!ae_options_variational(o) || isnan(o->beta) ||
		isnan(o->kl_warmup) ||
		(isnan(o->free_bits) && o->variant != AE_VARIANT_SEMI_SUPERVISED) ||
		(ae_score_is_evidence(o->score) && o->score_samples == AE_AUTO))
		return false;
	layer->penalty = model->total_weight > 0
		? (float) (o->beta / model->total_weight) : 0.0f;
	layer->target = isnan(o->free_bits) ? 0.0f : (float) o->free_bits;
	layer->kept = 0;
	return true;
}

/* whether rows of such a model have such scores */
static bool
model_may_score(const AeOptions *o)
{
	char		complaint[AE_COMPLAINT_BYTES];

	return ae_option_applies(o, ae_option_find("score"), complaint);
}

/* whether what is asked of the codes is asked of such codes, and how much */
static bool
model_may_match(const AeOptions *o)
{
	char		complaint[AE_COMPLAINT_BYTES];

	return o->matching == AE_MATCHING_NONE ||
		(ae_option_applies(o, ae_option_find("matching"), complaint) &&
		 !isnan(o->matching_weight));
}

/* where the inputs of condition columns are, which the code ends with */
static AeStatus
model_prepare_join(AeModel *model)
{
	int			ngiven = ae_condition_inputs(model->features, NULL);
	int		   *joined;

	if (ae_net_joined(&model->net) != ngiven)
		return AE_ERR_CORRUPT;
	if (ngiven == 0)
		return AE_OK;
	joined = ae_arena_alloc(&model->arena, (size_t) ngiven, sizeof(int));
	if (joined == NULL)
		return AE_ERR_MEMORY;
	ae_condition_inputs(model->features, joined);
	model->net.joined = joined;
	return AE_OK;
}

/* only the code may be more than a dense layer, and is what variant says */
static AeStatus
model_prepare_code(AeModel *model)
{
	const AeOptions *o = &model->options;
	AeNet	   *net = &model->net;
	AeLayer    *code = &net->layers[ae_net_code(net) - net->layers];

	if (ae_score_is_evidence(o->score) && net->ncoder == net->nlayers)
		return AE_ERR_CORRUPT;
	AE_TRY(model_prepare_join(model));
	for (int i = 0; i < net->nlayers; i++)
		if (net->layers[i].kind != AE_LAYER_DENSE &&
			net->layers[i].kind != AE_LAYER_JOIN && &net->layers[i] != code)
			return AE_ERR_CORRUPT;
	if (!model_may_score(o) || !model_may_match(o))
		return AE_ERR_CORRUPT;
	if (o->contraction != AE_CONTRACTION_NONE && isnan(o->contraction_weight))
		return AE_ERR_CORRUPT;
	switch (code->kind)
	{
		case AE_LAYER_DENSE:
			return o->variant == AE_VARIANT_PLAIN ? AE_OK : AE_ERR_CORRUPT;
		case AE_LAYER_SPARSE:
			return model_prepare_sparse(o, code)
				? AE_OK : AE_ERR_CORRUPT;
		case AE_LAYER_GAUSSIAN:
			return model_prepare_variational(model, code)
				? AE_OK : AE_ERR_CORRUPT;
		case AE_LAYER_JOIN:
			break;
	}
	return AE_ERR_CORRUPT;
}

/* the column of classes, and a companion that fits it */
static AeStatus
model_prepare_classes(AeModel *model)
{
	const AeOptions *o = &model->options;
	const AeColumn *column = ae_classes_column(model->features);
	bool		semi = o->variant == AE_VARIANT_SEMI_SUPERVISED;

	if ((column != NULL) != ae_options_classes(o))
		return AE_ERR_CORRUPT;
	if (column == NULL)
		return AE_OK;
	if (column->hashed || column->nlabels < AE_MIN_CLASSES ||
		column->nlabels > AE_MAX_CLASSES || column->condition != semi ||
		isnan(o->label_weight) || !ae_model_has_companion(model) ||
		ae_net_outputs(&model->companion) != column->nlabels ||
		ae_net_inputs(&model->companion) !=
		(semi ? ae_net_inputs(&model->net) : ae_net_latent(&model->net)))
		return AE_ERR_CORRUPT;
	model->classes = column;
	return AE_OK;
}

/* the loss of a count is over its scale, as its target is */
static double
model_scale(const AeColumn *column, int i)
{
	return column->kind == AE_KIND_POISSON
		? ae_count_scale(&column->cells[i]) : 1.0;
}

AeStatus
ae_model_prepare(AeModel *model)
{
	const AeFeatures *f = model->features;
	size_t		n = AE_PAD((size_t) f->output_width);
	bool		variational =
		ae_options_variational(&model->options);

	model->spans = ae_arena_alloc(&model->arena, (size_t) f->ncolumns,
								  sizeof(AeSpan));
	model->unit_weight = ae_arena_alloc(&model->arena, n, sizeof(float));
	model->loss_weight = ae_arena_alloc(&model->arena, n, sizeof(float));
	model->score_weight = ae_arena_alloc(&model->arena, n, sizeof(float));
	if (model->spans == NULL || model->unit_weight == NULL ||
		model->loss_weight == NULL || model->score_weight == NULL)
		return AE_ERR_MEMORY;

	model->nspans = 0;
	model->total_weight = 0.0;
	for (int i = 0; i < f->ncolumns; i++)
		model->total_weight += f->columns[i].weight *
			(variational ? ae_model_targets(&f->columns[i]) : 1);
	for (int i = 0; i < f->ncolumns; i++)
	{
		const AeColumn *column = &f->columns[i];
		int			width = ae_model_targets(column);
		double		mean = model->hidden_loss != NULL
			? model->hidden_loss[i] : model->column_loss[i];

		if (!(mean > MODEL_LOSS_FLOOR))
			mean = MODEL_LOSS_FLOOR;
		for (int k = 0; k < width; k++)
		{
			int			j = column->output + k;
			double		scale = model_scale(column, k);
			double		unit = scale / (model_unit(column, k) * width);

			model->unit_weight[j] = (float) unit;
			model->loss_weight[j] = model->total_weight > 0
				? (float) ((variational ? scale : unit) * column->weight /
						   model->total_weight) : 0.0f;
			model->score_weight[j] = (float) (unit * column->weight / mean);
		}
		model_add_span(model, column);
	}
	AE_TRY(model_prepare_classes(model));
	return model_prepare_code(model);
}
