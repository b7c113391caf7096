/*
 * codec.c
 *	  A model as bytes; codec_read.c reads them back.
 *
 * Every section is written twice, the first time only to count its bytes.  A
 * model that is planned but not trained can be counted too: its weights, its
 * calibration and its history are then not there to look at.
 */
#include <assert.h>
#include <string.h>

#include "core/codec.h"
#include "core/codec_format.h"

#define DIGEST_OFFSET 24

const char *const ae_codec_tags[AE_CODEC_SECTIONS] = {
	[AE_CODEC_OPTIONS] = "OPTS",
	[AE_CODEC_FEATURES] = "FEAT",
	[AE_CODEC_NET] = "NETW",
	[AE_CODEC_WEIGHTS] = "WGTS",
	[AE_CODEC_JOINT] = "JOIN",
	[AE_CODEC_HEAD] = "HEAD",
	[AE_CODEC_CALIBRATION] = "CALB",
	[AE_CODEC_HISTORY] = "HIST",
	[AE_CODEC_HISTOGRAMS] = "DIST",
	[AE_CODEC_VERSION] = "VERS"
};

/*
 * Options that do not matter to the model are left out, and so is what a model
 * is when nothing else is said: the first models had no variants.
 */
static bool
option_is_written(const AeOptions *options, const AeOption *option)
{
	char		complaint[AE_COMPLAINT_BYTES];

	if (!ae_option_is_kept(option) ||
		!ae_option_applies(options, option, complaint))
		return false;
	if (option->offset == offsetof(AeOptions, matching))
		return options->matching != AE_MATCHING_NONE;
	if (option->offset == offsetof(AeOptions, input))
		return options->input != AE_INPUT_ROW;
	return options->variant != AE_VARIANT_PLAIN ||
		option->offset != offsetof(AeOptions, variant);
}

static void
options_write(AeWriter *w, const AeModel *model)
{
	uint32_t	count = 0;
	char		value[AE_OPTION_BYTES];

	for (int i = 0; i < ae_option_count; i++)
		count += option_is_written(&model->options, &ae_option_table[i]);
	ae_write_u32(w, count);
	for (int i = 0; i < ae_option_count; i++)
	{
		const AeOption *option = &ae_option_table[i];
		bool		printed;

		if (!option_is_written(&model->options, option))
			continue;
		printed = ae_option_print(&model->options, option, value,
								  sizeof(value));
		assert(printed);
		(void) printed;
		ae_write_text(w, option->name);
		ae_write_text(w, value);
	}
}

static void
cell_write(AeWriter *w, const AeCell *cell)
{
	uint32_t	nknots = cell->knots != NULL ? AE_KNOTS : 0;

	ae_write_u64(w, cell->nmissing);
	ae_write_f64(w, cell->mean);
	ae_write_f64(w, cell->stddev);
	ae_write_f64(w, cell->min);
	ae_write_f64(w, cell->max);
	ae_write_f64(w, cell->centre);
	ae_write_f64(w, cell->spread);
	ae_write_u8(w, cell->constant);
	ae_write_u32(w, nknots);
	for (uint32_t i = 0; i < nknots; i++)
		ae_write_f64(w, cell->knots[i]);
}

/* numbers are their own levels, those of labels follow from their order */
static void
levels_write(AeWriter *w, const AeColumn *column)
{
	ae_write_u8(w, column->labels != NULL);
	ae_write_u32(w, (uint32_t) column->nlabels);
	for (int i = 0; i < column->nlabels; i++)
	{
		if (column->labels != NULL)
			ae_write_text(w, column->labels[i]);
		else
			ae_write_f64(w, column->levels[i]);
	}
	for (int i = 0; i < column->nlabels; i++)
		ae_write_f64(w, column->frequency[i]);
}

/* with what the column is for */
static uint8_t
column_kind(const AeColumn *column)
{
	return (uint8_t) ((int) column->kind |
					  (column->condition ? AE_CODEC_CONDITION : 0) |
					  (column->classes ? AE_CODEC_CLASSES : 0));
}

static void
features_write(AeWriter *w, const AeModel *model)
{
	const AeFeatures *features = model->features;

	ae_write_u64(w, features->nrows);
	ae_write_u8(w, features->any_missing);
	ae_write_u32(w, (uint32_t) features->ncolumns);
	for (int c = 0; c < features->ncolumns; c++)
	{
		const AeColumn *column = &features->columns[c];

		ae_write_text(w, column->name);
		ae_write_text(w, column->type);
		ae_write_u8(w, column_kind(column));
		ae_write_u8(w, (uint8_t) column->cycles);
		ae_write_u8(w, (uint8_t) column->scaling);
		ae_write_u8(w, (uint8_t) column->loss);
		ae_write_f64(w, column->weight);
		ae_write_u32(w, (uint32_t) column->ncells);
		for (int i = 0; i < column->ncells; i++)
			cell_write(w, &column->cells[i]);
		if (column->kind == AE_KIND_POISSON)
			for (int i = 0; i < column->ncells; i++)
				ae_write_f64(w, column->cells[i].deviance);
		if (column->kind == AE_KIND_ORDINAL)
			levels_write(w, column);
		if (column->kind != AE_KIND_CATEGORY)
			continue;
		ae_write_u8(w, column->hashed);
		ae_write_u32(w, (uint32_t) column->nlabels);
		for (int i = 0; i < column->nlabels; i++)
			ae_write_text(w, column->labels[i]);
		for (int i = 0; i <= column->nlabels; i++)
			ae_write_f64(w, column->frequency[i]);
	}
}

static void
layers_write(AeWriter *w, const AeNet *net)
{
	ae_write_u32(w, (uint32_t) net->nlayers);
	ae_write_u32(w, (uint32_t) net->ncoder);
	for (int i = 0; i < net->nlayers; i++)
	{
		ae_write_u32(w, (uint32_t) net->layers[i].kind);
		ae_write_u32(w, (uint32_t) net->layers[i].activation);
		ae_write_u32(w, (uint32_t) net->layers[i].in);
		ae_write_u32(w, (uint32_t) net->layers[i].out);
	}
}

static void
net_write(AeWriter *w, const AeModel *model)
{
	layers_write(w, &model->net);
}

static void
net_weights_write(AeWriter *w, const AeNet *net, const float *params)
{
	if (w->data == NULL)
	{
		ae_write_f32s(w, NULL, ae_net_weights(net));
		return;
	}
	for (int i = 0; i < net->nlayers; i++)
	{
		const AeLayer *layer = &net->layers[i];
		size_t		ld = AE_PAD((size_t) layer->out);

		if (!ae_layer_has_weights(layer))
			continue;
		for (int j = 0; j < layer->in; j++)
			ae_write_f32s(w, params + layer->weights + (size_t) j * ld,
						  (size_t) layer->out);
		ae_write_f32s(w, params + layer->bias, (size_t) layer->out);
	}
}

static void
weights_write(AeWriter *w, const AeModel *model)
{
	net_weights_write(w, &model->net, model->params);
}

static void
units_write(AeWriter *w, const AeModel *model)
{
	ae_write_f32s(w, w->data != NULL ? model->unit_activity : NULL,
				  (size_t) ae_net_code(&model->net)->out);
}

static void
matching_write(AeWriter *w, const AeModel *model)
{
	ae_write_f64(w, model->code_distance);
}

static void
noise_write(AeWriter *w, const AeModel *model)
{
	for (int i = 0; i < model->features->ncolumns; i++)
		ae_write_f64(w, w->data != NULL ? model->noise[i] : 0.0);
}

static void
evidence_write(AeWriter *w, const AeModel *model)
{
	ae_write_f64(w, model->evidence.median);
	ae_write_f64(w, model->evidence.spread);
}

static void
companion_write(AeWriter *w, const AeModel *model)
{
	layers_write(w, &model->companion);
	net_weights_write(w, &model->companion, model->companion_params);
}

static void
velocity_write(AeWriter *w, const AeModel *model)
{
	net_weights_write(w, &model->net, model->velocity);
}

static void
joint_write(AeWriter *w, const AeModel *model)
{
	const AeJoint *joint = &model->joint;
	size_t		d = (size_t) joint->ncoords;

	ae_write_u32(w, (uint32_t) joint->ncoords);
	if (joint->ncoords == 0)
		return;
	ae_write_f32s(w, joint->factor, 2 * d);
	ae_write_f32s(w, joint->centre, 2 * d);
	ae_write_u32(w, (uint32_t) joint->neighbours);
	ae_write_f64(w, joint->log_unit);
	ae_write_u32(w, (uint32_t) joint->npoints);
	ae_write_f32s(w, w->data != NULL ? joint->offset : NULL,
				  (size_t) joint->npoints);
	for (int i = 0; i < joint->npoints; i++)
		for (int j = 0; j < ae_joint_width(joint); j++)
			ae_write_u16(w, w->data == NULL ? 0 : (uint16_t)
						 joint->points[ae_joint_at(joint, i, j)]);
}

static void
head_write(AeWriter *w, const AeModel *model)
{
	const AeHead *head = &model->head;

	ae_write_u64(w, model->nanomalies);
	ae_write_u8(w, ae_head_exists(head));
	if (!ae_head_exists(head))
		return;
	ae_write_f64(w, head->log_unit);
	net_weights_write(w, &head->net, head->params);
}

static void
calibration_write(AeWriter *w, const AeModel *model)
{
	const AeCalibration *calibration = &model->calibration;
	int			count = model->features->ncolumns;

	ae_write_u32(w, (uint32_t) count);
	for (int i = 0; i < count; i++)
		ae_write_f64(w, w->data != NULL ? model->column_loss[i] : 0.0);
	ae_write_u64(w, calibration->nscores);
	ae_write_u8(w, calibration->held_out);
	ae_write_f64(w, calibration->threshold);
	ae_write_f64(w, calibration->tail_share);
	ae_write_f64(w, calibration->shape);
	ae_write_f64(w, calibration->scale);
	for (int i = 0; i < AE_CALIBRATION_KNOTS; i++)
		ae_write_f64(w, calibration->knots[i]);
}

static void
history_write(AeWriter *w, const AeModel *model)
{
	static const AeEpoch none = {0.0, 0.0, 0.0};

	ae_write_u64(w, model->nsteps);
	ae_write_u64(w, model->nseen);
	ae_write_u32(w, (uint32_t) model->best_epoch);
	ae_write_u32(w, (uint32_t) model->nhistory);
	for (int i = 0; i < model->nhistory; i++)
	{
		const AeEpoch *epoch = w->data != NULL ? &model->history[i] : &none;

		ae_write_f64(w, epoch->train_loss);
		ae_write_f64(w, epoch->validation_loss);
		ae_write_f64(w, epoch->learning_rate);
	}
}

static void
histograms_write(AeWriter *w, const AeModel *model)
{
	int			count = model->features->ncells;

	ae_write_u32(w, (uint32_t) count);
	for (int i = 0; i < count; i++)
	{
		const AeHistogram *h = &model->histograms[i];

		ae_write_u32(w, (uint32_t) h->nedges);
		ae_write_f32s(w, h->edges, (size_t) h->nedges);
		ae_write_f32s(w, h->share, (size_t) h->nbins);
	}
}

static void
version_write(AeWriter *w, const AeModel *model)
{
	ae_write_text(w, model->version);
}

static void
residuals_write(AeWriter *w, const AeModel *model)
{
	ae_write_f32s(w, model->residuals,
				  (size_t) model->features->ncells * AE_RESIDUALS);
}

static void
hidden_write(AeWriter *w, const AeModel *model)
{
	ae_write_f64(w, model->joint.log_unit);
	for (int i = 0; i < model->features->ncolumns; i++)
		ae_write_f64(w, model->hidden_loss[i]);
}

typedef void (*SectionWriter) (AeWriter *w, const AeModel *model);

static const SectionWriter section_writers[AE_CODEC_SECTIONS] = {
	[AE_CODEC_OPTIONS] = options_write,
	[AE_CODEC_FEATURES] = features_write,
	[AE_CODEC_NET] = net_write,
	[AE_CODEC_WEIGHTS] = weights_write,
	[AE_CODEC_JOINT] = joint_write,
	[AE_CODEC_HEAD] = head_write,
	[AE_CODEC_CALIBRATION] = calibration_write,
	[AE_CODEC_HISTORY] = history_write,
	[AE_CODEC_HISTOGRAMS] = histograms_write,
	[AE_CODEC_VERSION] = version_write
};

static void
header_write(AeWriter *w, uint64_t total)
{
	static const unsigned char zeros[AE_DIGEST_BYTES] = {0};

	ae_write_bytes(w, AE_CODEC_MAGIC, AE_CODEC_MAGIC_BYTES);
	ae_write_u32(w, AE_FORMAT_VERSION);
	ae_write_u32(w, 0);
	ae_write_u64(w, total);
	ae_write_bytes(w, zeros, AE_DIGEST_BYTES);
	ae_write_u64(w, 0);
}

static void
section_write(AeWriter *w, const char *tag, SectionWriter write,
			  const AeModel *model)
{
	AeWriter	counter = {NULL, 0, 0};

	write(&counter, model);
	ae_write_bytes(w, tag, AE_CODEC_TAG_BYTES);
	ae_write_u32(w, 0);
	ae_write_u64(w, counter.used);
	write(w, model);
}

static void
sections_write(AeWriter *w, const AeModel *model, int nsections)
{
	for (int i = 0; i < nsections; i++)
		if (ae_codec_has_section(&model->options, i))
			section_write(w, ae_codec_tags[i], section_writers[i], model);
}

static void
model_write(AeWriter *w, const AeModel *model, size_t total)
{
	header_write(w, total);
	sections_write(w, model, AE_CODEC_SECTIONS);
	if (model->items != NULL)
		section_write(w, AE_CODEC_ITEMS, ae_codec_write_items, model);
	if (model->items != NULL && model->features->ncolumns > 0)
		section_write(w, AE_CODEC_COLUMNS, features_write, model);
	if (model->ease.count > 0)
		section_write(w, AE_CODEC_EASE, ae_codec_write_ease, model);
	if (model->unit_activity != NULL)
		section_write(w, AE_CODEC_UNITS, units_write, model);
	if (ae_options_variational(&model->options))
		section_write(w, AE_CODEC_NOISE, noise_write, model);
	if (ae_score_is_evidence(model->options.score))
		section_write(w, AE_CODEC_EVIDENCE, evidence_write, model);
	if (model->options.matching != AE_MATCHING_NONE)
		section_write(w, AE_CODEC_MATCHING, matching_write, model);
	if (model->velocity != NULL)
		section_write(w, AE_CODEC_VELOCITY, velocity_write, model);
	if (model->residuals != NULL)
		section_write(w, AE_CODEC_RESIDUALS, residuals_write, model);
	if (model->hidden_loss != NULL)
		section_write(w, AE_CODEC_HIDDEN, hidden_write, model);
	if (ae_density_exists(&model->density))
		section_write(w, AE_CODEC_DENSITY, ae_codec_write_density, model);
	if (ae_model_has_companion(model))
		section_write(w, AE_CODEC_COMPANION, companion_write, model);
}

void
ae_codec_write_plan(const AeModel *model, AeWriter *w)
{
	sections_write(w, model, AE_CODEC_PLAN_SECTIONS);
	ae_write_u8(w, ae_model_has_companion(model));
	if (ae_model_has_companion(model))
		layers_write(w, &model->companion);
}

size_t
ae_codec_size(const AeModel *model, int max_history)
{
	AeWriter	counter = {NULL, 0, 0};
	AeModel		finished = *model;

	finished.nhistory = max_history;
	model_write(&counter, &finished, 0);
	return counter.used;
}

void
ae_codec_write(const AeModel *model, void *data, size_t size)
{
	AeWriter	w = {data, size, 0};

	model_write(&w, model, size);
	assert(w.used == size);
}

void
ae_codec_set_digest(void *data, const unsigned char digest[AE_DIGEST_BYTES])
{
	memcpy((unsigned char *) data + DIGEST_OFFSET, digest, AE_DIGEST_BYTES);
}
