/*
 * set_model.c
 *	  Models of sets of items: planned, and checked.
 */
#include "core/set_model.h"

#include <math.h>
#include <string.h>

/* weights of an item, and of all of them, that a model keeps by default */
#define SET_ITEM_WEIGHTS 1000
#define SET_ALL_WEIGHTS (32 << 20)

/* the best of 0, 0.15, 0.25 and 0.35 */
#define SET_NORMALIZATION 0.25

/* the best of 0, 0.5 and 1 where the numbers of items that rows have deviate
 * by so much, as a multiple of their mean; elsewhere 0 is */
#define SET_ROW_NORMALIZATION 0.5
#define SET_ROW_DEVIATION 0.5

/* networks, after Liang et al. 2018 */
#define SET_HIDDEN_UNITS 600
#define SET_CODE_UNITS 200
#define SET_RATE 3e-3
#define SET_DROPOUT 0.5
#define SET_BETA 0.2
#define SET_KL_WARMUP 0.5
#define SET_PATIENCE 10

/* epochs, and optimiser steps that few rows take */
#define SET_EPOCHS 30
#define SET_STEPS 450.0

/* so many rows can spare some to measure progress with */
#define SET_SPARE_ROWS 5000
#define SET_VALIDATION 0.1

/* no columns: what reads the features of such a model finds none */
static AeStatus
set_plan_features(AeModel *model)
{
	model->features = ae_arena_alloc(&model->arena, 1, sizeof(AeFeatures));
	if (model->features == NULL)
		return AE_ERR_MEMORY;
	model->features->nrows = model->nseen;
	return AE_OK;
}

/* how far the numbers of items that rows have are from their mean */
static double
set_row_deviation(const AeSetRows *rows)
{
	double		mean = (double) rows->start[rows->count] /
		(double) rows->count;
	double		squares = 0.0;

	for (uint64_t r = 0; r < rows->count; r++)
	{
		double		n = (double) (rows->start[r + 1] - rows->start[r]);

		squares += (n - mean) * (n - mean);
	}
	return sqrt(squares / (double) rows->count) / mean;
}

static AeStatus
set_plan_ease(AeModel *model, const AeSetRows *rows)
{
	AeOptions  *o = &model->options;
	int			count = model->items->count;

	if (isnan(o->normalization))
		o->normalization = SET_NORMALIZATION;
	if (isnan(o->row_normalization))
		o->row_normalization = set_row_deviation(rows) > SET_ROW_DEVIATION
			? SET_ROW_NORMALIZATION : 0.0;
	if (isnan(o->regularization))
		o->regularization = ae_ease_regularization(model->items,
												   o->normalization);
	if (o->item_weights == AE_AUTO)
	{
		o->item_weights = SET_ALL_WEIGHTS / count;
		if (o->item_weights > SET_ITEM_WEIGHTS)
			o->item_weights = SET_ITEM_WEIGHTS;
		if (o->item_weights < 1)
			o->item_weights = 1;
	}
	if (o->item_weights > count - 1)
		o->item_weights = count > 1 ? count - 1 : 1;
	return ae_ease_plan(&model->ease, count, count > 1 ? o->item_weights : 0,
						&model->arena);
}

/*----------
 * Networks.
 *----------
 */

static int
set_epochs(const AeOptions *options, uint64_t nrows)
{
	double		epochs = (double) nrows > options->batch_size
		? ceil(SET_STEPS * options->batch_size / (double) nrows) : SET_STEPS;

	return epochs < SET_EPOCHS ? SET_EPOCHS : (int) epochs;
}

/* what a variant chooses where the user did not */
static void
set_resolve_network(AeModel *model, uint64_t nrows)
{
	AeOptions  *o = &model->options;
	bool		is_vae = o->variant == AE_VARIANT_MULT_VAE;

	if (o->nhidden == AE_AUTO)
	{
		o->nhidden = is_vae;
		o->hidden[0] = SET_HIDDEN_UNITS;
	}
	if (o->latent == AE_AUTO)
		o->latent = SET_CODE_UNITS;
	if (o->activation == AE_AUTO)
		o->activation = AE_ACT_TANH;
	if (o->scaling == AE_AUTO)
		o->scaling = AE_SCALING_STANDARD;
	if (isnan(o->learning_rate))
		o->learning_rate = SET_RATE;
	if (isnan(o->corruption_rate))
		o->corruption_rate = SET_DROPOUT;
	if (isnan(o->validation_fraction))
		o->validation_fraction = nrows < SET_SPARE_ROWS ? 0.0
			: SET_VALIDATION;
	if (o->epochs == AE_AUTO)
		o->epochs = set_epochs(o, nrows);
	if (o->patience == AE_AUTO)
		o->patience = SET_PATIENCE;
	if (o->negative_samples == AE_AUTO)
		o->negative_samples = 0;
	if (is_vae && isnan(o->beta))
		o->beta = SET_BETA;
	if (is_vae && isnan(o->kl_warmup))
		o->kl_warmup = SET_KL_WARMUP;
}

static void
set_add_layer(AeNet *net, AeLayerKind kind, int activation, int in, int out)
{
	AeLayer    *layer = &net->layers[net->nlayers++];

	layer->kind = kind;
	layer->activation = (AeActivation) activation;
	layer->in = in;
	layer->out = out;
}

/*
 * The decoder is one linear layer, so that an item has a vector in the space
 * of codes, and its score is their inner product.
 */
static AeStatus
set_plan_network(AeModel *model)
{
	const AeOptions *o = &model->options;
	AeNet	   *net = &model->net;
	int			items = model->items->count;
	int			in = items + model->features->input_width;

	net->nlayers = 0;
	net->layers = ae_arena_alloc(&model->arena, (size_t) o->nhidden + 3,
								 sizeof(AeLayer));
	if (net->layers == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < o->nhidden; i++)
	{
		set_add_layer(net, AE_LAYER_DENSE, o->activation, in, o->hidden[i]);
		in = o->hidden[i];
	}
	if (o->variant == AE_VARIANT_MULT_VAE)
	{
		set_add_layer(net, AE_LAYER_DENSE, AE_ACT_LINEAR, in, 2 * o->latent);
		set_add_layer(net, AE_LAYER_GAUSSIAN, AE_ACT_LINEAR, 2 * o->latent,
					  o->latent);
	}
	else
		set_add_layer(net, AE_LAYER_DENSE, o->activation, in, o->latent);
	net->ncoder = net->nlayers;
	set_add_layer(net, AE_LAYER_DENSE, AE_ACT_LINEAR, o->latent, items);
	return ae_net_plan(net);
}

/* what the options say of a code; false: they contradict the layers */
static bool
set_prepare_code(AeModel *model)
{
	const AeOptions *o = &model->options;
	AeNet	   *net = &model->net;
	AeLayer    *code = &net->layers[net->ncoder - 1];

	for (int i = 0; i < net->nlayers; i++)
		if (net->layers[i].kind != AE_LAYER_DENSE && &net->layers[i] != code)
			return false;
	if (o->variant == AE_VARIANT_MULT_DAE)
		return code->kind == AE_LAYER_DENSE;
	if (code->kind != AE_LAYER_GAUSSIAN || net->ncoder < 2 ||
		isnan(o->beta) || isnan(o->kl_warmup))
		return false;
	code->penalty = (float) o->beta;
	return true;
}

static AeStatus
set_prepare_network(AeModel *model)
{
	const AeNet *net = &model->net;

	if (net->nlayers != net->ncoder + 1 ||
		ae_net_inputs(net) - model->items->count !=
		model->features->input_width ||
		ae_net_outputs(net) != model->items->count ||
		net->layers[net->nlayers - 1].activation != AE_ACT_LINEAR ||
		!set_prepare_code(model))
		return AE_ERR_CORRUPT;
	return AE_OK;
}

AeStatus
ae_set_model_match(const AeModel *model, AeSets *sets, AeDataset *dataset,
				   AeArena *scratch, AeSetRows *rows)
{
	AeMixer    *mixer = NULL;
	AeStatus	status = AE_OK;

	*rows = (AeSetRows) {0};
	if (dataset != NULL)
		status = ae_mixer_create(dataset, model->features,
								 model->items->count,
								 ae_kernels_get(AE_KERNEL_AUTO), scratch,
								 &mixer);
	if (status == AE_OK)
		status = ae_sets_match(sets, model->items, mixer, scratch, rows);
	ae_mixer_free(mixer);
	return status;
}

AeStatus
ae_set_model_plan(AeModel *model, AeSets *sets, AeDataset *dataset,
				  const AeOptions *options, AeArena *scratch,
				  AeSetRows *rows)
{
	*rows = (AeSetRows) {0};
	model->options = *options;
	/* what does not change the weights is no part of the model */
	model->options.workers = AE_AUTO;
	model->options.verbose = false;
	model->nseen = ae_sets_rows(sets);
	AE_TRY(ae_sets_fit(sets, options->min_frequency, NULL, &model->arena,
					   &model->items));
	if (dataset == NULL)
		AE_TRY(set_plan_features(model));
	else
		AE_TRY(ae_dataset_fit(dataset, &model->arena, &model->features));
	AE_TRY(ae_set_model_match(model, sets, dataset, scratch, rows));
	if (options->variant == AE_VARIANT_EASE)
		return set_plan_ease(model, rows);
	set_resolve_network(model, rows->count);
	AE_TRY(set_plan_network(model));
	return set_prepare_network(model);
}

/*----------
 * Updates.
 *----------
 */
void
ae_set_model_start_part(AeModel *part, uint64_t nrows)
{
	part->nhistory = 0;
	part->best_epoch = 0;
	part->nsteps = 0;
	part->nseen = nrows;
}

AeStatus
ae_set_model_prepare(AeModel *model)
{
	const AeItems *items = model->items;
	bool		is_ease = model->options.variant == AE_VARIANT_EASE;

	if (items == NULL || !ae_variant_is_of_sets(model->options.variant) ||
		is_ease != (model->ease.count > 0))
		return AE_ERR_CORRUPT;
	if (is_ease && model->ease.count != items->count)
		return AE_ERR_CORRUPT;
	if (model->features == NULL)
		AE_TRY(set_plan_features(model));
	if (model->features->ncolumns > 0 && (is_ease || items->column == NULL))
		return AE_ERR_CORRUPT;
	if (is_ease)
		return AE_OK;
	return set_prepare_network(model);
}
