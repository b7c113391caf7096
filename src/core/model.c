/*
 * model.c
 *	  A trained autoencoder: from rows and options to a planned network.
 */
#include "core/model.h"

#include "core/classes.h"
#include "core/condition.h"
#include "core/model_resolve.h"

#define MODEL_NEIGHBOURS 3

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
	AE_TRY(ae_model_resolve(model, dataset, blas));
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
