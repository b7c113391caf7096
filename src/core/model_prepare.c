/*
 * model_prepare.c
 *	  What follows from a model's features, options and layers: the weights of
 *	  its losses, and whether these three fit together.
 */
#include <math.h>

#include "core/classes.h"
#include "core/condition.h"
#include "core/count.h"
#include "core/model.h"

/* an entropy or training loss below this does not raise weights further */
#define MODEL_ENTROPY_FLOOR 0.1
#define MODEL_LOSS_FLOOR 1e-3
#define MODEL_COUNT_FLOOR 1e-4	/* of a count's mean */

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
