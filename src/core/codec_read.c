/*
 * codec_read.c
 *	  A model back from bytes that nobody vouches for.
 *
 * No count is used before the bytes it stands for are known to be there, and
 * what a section says is checked against the sections before it, so that
 * memory stays within about 20 times the bytes: the steepest are the weights
 * of a layer with one output, which padding makes 16 times as large.  What
 * ae_features_layout() and ae_net_plan() check is left to them.
 */
#include <math.h>
#include <string.h>

#include "core/codec.h"
#include "core/codec_format.h"
#include "core/matching.h"
#include "core/neighbour.h"
#include "core/set_model.h"

/* variances of scaled numbers: beyond what training can make of them */
#define MIN_NOISE 1e-6
#define MAX_NOISE 1e13

/* least bytes of one element, by which its count is bounded */
#define EPOCH_BYTES 24
#define HISTOGRAM_BYTES 12

AeStatus
ae_codec_header(const void *data, size_t size, AeHeader *header)
{
	AeReader	r = {data, size, false};
	const void *digest;
	uint32_t	flags;

	if (size < AE_CODEC_MAGIC_BYTES ||
		memcmp(data, AE_CODEC_MAGIC, AE_CODEC_MAGIC_BYTES) != 0)
		return AE_ERR_NOT_MODEL;
	if (size < AE_HEADER_BYTES)
		return AE_ERR_CORRUPT;
	ae_read_bytes(&r, AE_CODEC_MAGIC_BYTES);
	header->format = ae_read_u32(&r);
	flags = ae_read_u32(&r);
	header->total_bytes = ae_read_u64(&r);
	digest = ae_read_bytes(&r, AE_DIGEST_BYTES);
	memcpy(header->digest, digest, AE_DIGEST_BYTES);
	/* a newer format may mean anything by the rest */
	if (header->format > AE_FORMAT_VERSION)
		return AE_ERR_VERSION;
	if (header->format == 0 || flags != 0 || ae_read_u64(&r) != 0 ||
		header->total_bytes < AE_HEADER_BYTES)
		return AE_ERR_CORRUPT;
	return AE_OK;
}

static AeStatus
options_read(AeReader *r, AeModel *model)
{
	int			count;
	uint64_t	seen = 0;		/* bit i: option i of the table */
	char		complaint[AE_COMPLAINT_BYTES];

	AE_TRY(ae_codec_count(r, 2 * AE_CODEC_TEXT_BYTES, ae_option_count,
						  &count));
	for (int i = 0; i < count; i++)
	{
		char		name[AE_OPTION_BYTES];
		char		value[AE_OPTION_BYTES];
		const AeOption *option;
		uint64_t	bit;

		AE_TRY(ae_codec_text_into(r, name, sizeof(name)));
		AE_TRY(ae_codec_text_into(r, value, sizeof(value)));
		option = ae_option_find(name);
		if (option == NULL)
			return AE_ERR_CORRUPT;
		bit = UINT64_C(1) << (option - ae_option_table);
		if ((seen & bit) != 0 ||
			!ae_option_parse(&model->options, option, value, complaint))
			return AE_ERR_CORRUPT;
		seen |= bit;
	}
	/* one that does not belong there may ask for what is not there, either */
	for (int i = 0; i < ae_option_count; i++)
		if ((seen >> i & 1) != 0 &&
			!ae_option_applies(&model->options, &ae_option_table[i],
							   complaint))
			return AE_ERR_CORRUPT;
	return AE_OK;
}

static AeStatus
layers_read(AeReader *r, AeArena *arena, AeNet *net)
{
	net->nlayers = ae_codec_int(r);
	net->ncoder = ae_codec_int(r);
	if (net->nlayers < 1)
		return AE_ERR_CORRUPT;
	if (net->nlayers > AE_MAX_LAYERS)
		return AE_ERR_LIMIT;
	net->layers = ae_arena_alloc(arena, (size_t) net->nlayers,
								 sizeof(AeLayer));
	if (net->layers == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < net->nlayers; i++)
	{
		net->layers[i].kind = (AeLayerKind) ae_read_u32(r);
		net->layers[i].activation = (AeActivation) ae_read_u32(r);
		net->layers[i].in = ae_codec_int(r);
		net->layers[i].out = ae_codec_int(r);
	}
	return ae_net_plan(net);
}

static AeStatus
net_read(AeReader *r, AeModel *model)
{
	AeNet	   *net = &model->net;

	AE_TRY(layers_read(r, &model->arena, net));
	if (model->options.input == AE_INPUT_SET)
		return AE_OK;
	if (ae_net_inputs(net) != model->features->input_width ||
		ae_net_outputs(net) != model->features->output_width)
		return AE_ERR_CORRUPT;
	return AE_OK;
}

AeStatus
ae_codec_read_net_weights(AeReader *r, const AeEnv *env, const AeNet *net,
						  float *params)
{
	if (r->left % 4 != 0 || r->left / 4 != ae_net_weights(net))
		return AE_ERR_CORRUPT;
	for (int i = 0; i < net->nlayers; i++)
	{
		const AeLayer *layer = &net->layers[i];
		size_t		ld = AE_PAD((size_t) layer->out);

		if (!ae_layer_has_weights(layer))
			continue;
		for (int j = 0; j < layer->in; j++)
		{
			env->poll(env->host);
			AE_TRY(ae_codec_finite(r, params + layer->weights +
								   (size_t) j * ld, layer->out));
		}
		AE_TRY(ae_codec_finite(r, params + layer->bias, layer->out));
	}
	return AE_OK;
}

static AeStatus
params_read(AeReader *r, AeArena *arena, const AeNet *net, float **params)
{
	/* before so much is allocated */
	if (r->left / 4 != ae_net_weights(net))
		return AE_ERR_CORRUPT;
	*params = ae_arena_alloc(arena, net->nparams, sizeof(float));
	if (*params == NULL)
		return AE_ERR_MEMORY;
	return ae_codec_read_net_weights(r, arena->env, net, *params);
}

static AeStatus
weights_read(AeReader *r, AeModel *model)
{
	return params_read(r, &model->arena, &model->net, &model->params);
}

/* it reads what the network reads, or the code; all of it is plain layers */
static AeStatus
companion_layers_read(AeReader *r, AeModel *model)
{
	AeNet	   *net = &model->companion;

	AE_TRY(layers_read(r, &model->arena, net));
	for (int i = 0; i < net->nlayers; i++)
		if (!ae_layer_has_weights(&net->layers[i]))
			return AE_ERR_CORRUPT;
	return ae_net_inputs(net) == ae_net_inputs(&model->net) ||
		ae_net_inputs(net) == ae_net_latent(&model->net) ||
		ae_net_inputs(net) == ae_net_code(&model->net)->out
		? AE_OK : AE_ERR_CORRUPT;
}

static AeStatus
companion_read(AeReader *r, AeModel *model)
{
	if (ae_model_has_companion(model))
		return AE_ERR_CORRUPT;
	AE_TRY(companion_layers_read(r, model));
	return params_read(r, &model->arena, &model->companion,
					   &model->companion_params);
}

static AeStatus
units_read(AeReader *r, AeModel *model)
{
	size_t		count = (size_t) ae_net_code(&model->net)->out;

	if (model->unit_activity != NULL || r->left % 4 != 0 ||
		r->left / 4 != count)
		return AE_ERR_CORRUPT;
	model->unit_activity = ae_arena_alloc(&model->arena, count,
										  sizeof(float));
	if (model->unit_activity == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(ae_codec_finite(r, model->unit_activity, count));
	for (size_t i = 0; i < count; i++)
		if (model->unit_activity[i] < 0.0f)
			return AE_ERR_CORRUPT;
	return AE_OK;
}

static AeStatus
matching_read(AeReader *r, AeModel *model)
{
	if (r->left != 8)
		return AE_ERR_CORRUPT;
	model->code_distance = ae_read_f64(r);
	return fabs(model->code_distance) <= AE_MATCHING_LIMIT
		? AE_OK : AE_ERR_CORRUPT;
}

static AeStatus
noise_read(AeReader *r, AeModel *model)
{
	size_t		count = (size_t) model->features->ncolumns;

	if (model->noise != NULL || r->left % 8 != 0 || r->left / 8 != count)
		return AE_ERR_CORRUPT;
	model->noise = ae_arena_alloc(&model->arena, count, sizeof(double));
	if (model->noise == NULL)
		return AE_ERR_MEMORY;
	for (size_t i = 0; i < count; i++)
	{
		model->noise[i] = ae_read_f64(r);
		if (!(model->noise[i] >= MIN_NOISE && model->noise[i] <= MAX_NOISE))
			return AE_ERR_CORRUPT;
	}
	return AE_OK;
}

static AeStatus
velocity_read(AeReader *r, AeModel *model)
{
	return model->velocity == NULL
		? params_read(r, &model->arena, &model->net, &model->velocity)
		: AE_ERR_CORRUPT;
}

/* those of a cell ascend, within what targets and outputs can differ by */
static AeStatus
residuals_read(AeReader *r, AeModel *model)
{
	const AeEnv *env = model->arena.env;
	size_t		ncells = (size_t) model->features->ncells;
	float	   *next;

	if (model->residuals != NULL ||
		r->left / (AE_RESIDUALS * sizeof(float)) != ncells)
		return AE_ERR_CORRUPT;
	model->residuals = ae_arena_alloc(&model->arena, ncells,
									  AE_RESIDUALS * sizeof(float));
	if (model->residuals == NULL)
		return AE_ERR_MEMORY;
	next = model->residuals;
	for (size_t i = 0; i < ncells; i++, next += AE_RESIDUALS)
	{
		env->poll(env->host);
		AE_TRY(ae_codec_finite(r, next, AE_RESIDUALS));
		for (int j = 0; j < AE_RESIDUALS; j++)
			if (fabsf(next[j]) > 2 * AE_VALUE_LIMIT ||
				(j > 0 && next[j] < next[j - 1]))
				return AE_ERR_CORRUPT;
	}
	return r->left > 0 ? AE_ERR_CORRUPT : AE_OK;
}

static AeStatus
history_read(AeReader *r, AeModel *model)
{
	int			count;

	model->nsteps = ae_read_u64(r);
	model->nseen = ae_read_u64(r);
	model->best_epoch = ae_codec_int(r);
	AE_TRY(ae_codec_count(r, EPOCH_BYTES, AE_MAX_HISTORY, &count));
	if (model->best_epoch < 0 || model->best_epoch > count)
		return AE_ERR_CORRUPT;
	model->nhistory = count;
	model->history = ae_arena_alloc(&model->arena, (size_t) count,
									sizeof(AeEpoch));
	if (model->history == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < count; i++)
	{
		AeEpoch    *epoch = &model->history[i];

		epoch->train_loss = ae_read_f64(r);
		epoch->validation_loss = ae_read_f64(r);
		epoch->learning_rate = ae_read_f64(r);
		if (!isfinite(epoch->train_loss) || isinf(epoch->validation_loss) ||
			!isfinite(epoch->learning_rate))
			return AE_ERR_CORRUPT;
	}
	return AE_OK;
}

/* edges must ascend, shares lie between 0 and 1 */
static AeStatus
histogram_read(AeReader *r, AeArena *arena, const AeColumn *column,
			   AeHistogram *h)
{
	int			max_edges = ae_histogram_has_edges(column) ? AE_MAX_EDGES : 0;

	AE_TRY(ae_codec_count(r, 4, max_edges, &h->nedges));
	h->nbins = ae_histogram_bins(column, h->nedges);
	if (r->left / 4 < (size_t) h->nedges + (size_t) h->nbins)
		return AE_ERR_CORRUPT;
	h->edges = ae_arena_alloc(arena, (size_t) h->nedges, sizeof(float));
	h->share = ae_arena_alloc(arena, (size_t) h->nbins, sizeof(float));
	if (h->edges == NULL || h->share == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(ae_codec_finite(r, h->edges, h->nedges));
	AE_TRY(ae_codec_finite(r, h->share, h->nbins));
	for (int i = 1; i < h->nedges; i++)
		if (!(h->edges[i] > h->edges[i - 1]))
			return AE_ERR_CORRUPT;
	for (int i = 0; i < h->nbins; i++)
		if (!(h->share[i] >= 0.0f && h->share[i] <= 1.0f))
			return AE_ERR_CORRUPT;
	return AE_OK;
}

static AeStatus
histograms_read(AeReader *r, AeModel *model)
{
	const AeEnv *env = model->arena.env;
	const AeFeatures *f = model->features;
	uint32_t	count = ae_read_u32(r);

	if (count != (uint32_t) f->ncells || r->left / HISTOGRAM_BYTES < count)
		return AE_ERR_CORRUPT;
	model->histograms = ae_arena_alloc(&model->arena, count,
									   sizeof(AeHistogram));
	if (model->histograms == NULL)
		return AE_ERR_MEMORY;
	for (int c = 0; c < f->ncolumns; c++)
	{
		const AeColumn *column = &f->columns[c];

		env->poll(env->host);
		for (int i = 0; i < column->ncells; i++)
			AE_TRY(histogram_read(r, &model->arena, column,
								  &model->histograms[column->cell + i]));
	}
	return AE_OK;
}

static AeStatus
version_read(AeReader *r, AeModel *model)
{
	AE_TRY(ae_codec_text_into(r, model->version, sizeof(model->version)));
	for (const char *c = model->version; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			return AE_ERR_CORRUPT;
	return AE_OK;
}

typedef AeStatus (*SectionReader) (AeReader *r, AeModel *model);

static const SectionReader section_readers[AE_CODEC_SECTIONS] = {
	[AE_CODEC_OPTIONS] = options_read,
	[AE_CODEC_FEATURES] = ae_codec_read_features,
	[AE_CODEC_NET] = net_read,
	[AE_CODEC_WEIGHTS] = weights_read,
	[AE_CODEC_JOINT] = ae_codec_read_joint,
	[AE_CODEC_HEAD] = ae_codec_read_head,
	[AE_CODEC_CALIBRATION] = ae_codec_read_calibration,
	[AE_CODEC_HISTORY] = history_read,
	[AE_CODEC_HISTOGRAMS] = histograms_read,
	[AE_CODEC_VERSION] = version_read
};

/*
 * The next section: its tag and a reader of its payload, which the caller's
 * reader then stands behind.
 */
static AeStatus
section_next(AeReader *r, const char **tag, AeReader *payload)
{
	uint32_t	reserved;
	uint64_t	len;

	*tag = ae_read_bytes(r, AE_CODEC_TAG_BYTES);
	reserved = ae_read_u32(r);
	len = ae_read_u64(r);
	if (r->failed || reserved != 0 || len > r->left)
		return AE_ERR_CORRUPT;
	payload->left = (size_t) len;
	payload->data = ae_read_bytes(r, payload->left);
	payload->failed = false;
	return AE_OK;
}

/* a section that readers who do not know it may skip */
static bool
section_is_optional(const char *tag)
{
	return tag[0] >= 'a' && tag[0] <= 'z';
}

static AeStatus
density_read(AeReader *r, AeModel *model)
{
	return !ae_density_exists(&model->density)
		? ae_codec_read_density(r, model) : AE_ERR_CORRUPT;
}

/* of a model of sets */
static AeStatus
columns_read(AeReader *r, AeModel *model)
{
	return model->features == NULL
		? ae_codec_read_features(r, model) : AE_ERR_CORRUPT;
}

typedef struct OptionalSection
{
	const char *tag;
	SectionReader read;
} OptionalSection;

/* all of them need what optional_fits() asks for */
static const OptionalSection optional_sections[] = {
	{AE_CODEC_VELOCITY, velocity_read},
	{AE_CODEC_UNITS, units_read},
	{AE_CODEC_NOISE, noise_read},
	{AE_CODEC_EVIDENCE, ae_codec_read_evidence},
	{AE_CODEC_RESIDUALS, residuals_read},
	{AE_CODEC_HIDDEN, ae_codec_read_hidden},
	{AE_CODEC_MATCHING, matching_read},
	{AE_CODEC_DENSITY, density_read},
	{AE_CODEC_COMPANION, companion_read},
	{AE_CODEC_ITEMS, ae_codec_read_items},
	{AE_CODEC_EASE, ae_codec_read_ease},
	{AE_CODEC_COLUMNS, columns_read}
};

/* models of sets have some sections, and all others have the others */
static bool
optional_fits(const AeModel *model, const char *tag, int nread)
{
	bool		is_of_sets =
		memcmp(tag, AE_CODEC_ITEMS, AE_CODEC_TAG_BYTES) == 0 ||
		memcmp(tag, AE_CODEC_EASE, AE_CODEC_TAG_BYTES) == 0 ||
		memcmp(tag, AE_CODEC_COLUMNS, AE_CODEC_TAG_BYTES) == 0;

	return model->options.input == AE_INPUT_SET
		? is_of_sets && nread > AE_CODEC_OPTIONS
		: !is_of_sets && nread > AE_CODEC_NET;
}

/* the sections before it are nread */
static AeStatus
optional_read(const char *tag, AeReader *payload, int nread, AeModel *model)
{
	const int	count = sizeof(optional_sections) / sizeof(OptionalSection);

	for (int i = 0; i < count; i++)
		if (memcmp(tag, optional_sections[i].tag, AE_CODEC_TAG_BYTES) == 0)
			return optional_fits(model, tag, nread)
				? optional_sections[i].read(payload, model) : AE_ERR_CORRUPT;
	return AE_OK;
}

static AeStatus
section_read(int section, AeReader *payload, AeModel *model)
{
	AE_TRY(section_readers[section] (payload, model));
	return payload->failed || payload->left > 0 ? AE_ERR_CORRUPT : AE_OK;
}

/* the next section that such a model has, from the one after nread */
static int
section_skip(const AeModel *model, int nread)
{
	while (nread > AE_CODEC_OPTIONS && nread < AE_CODEC_SECTIONS &&
		   !ae_codec_has_section(&model->options, nread))
		nread++;
	return nread;
}

static AeStatus
model_read(AeReader *r, AeModel *model)
{
	int			nread = 0;

	while (r->left > 0)
	{
		const char *tag;
		AeReader	payload;

		AE_TRY(section_next(r, &tag, &payload));
		if (section_is_optional(tag))
		{
			AE_TRY(optional_read(tag, &payload, nread, model));
			continue;
		}
		nread = section_skip(model, nread);
		if (nread == AE_CODEC_SECTIONS ||
			memcmp(tag, ae_codec_tags[nread], AE_CODEC_TAG_BYTES) != 0)
			return AE_ERR_CORRUPT;
		AE_TRY(section_read(nread++, &payload, model));
	}
	if (section_skip(model, nread) < AE_CODEC_SECTIONS)
		return AE_ERR_CORRUPT;
	if (model->options.input == AE_INPUT_SET)
		return ae_set_model_prepare(model);
	if ((model->options.variant != AE_VARIANT_PLAIN) !=
		(model->unit_activity != NULL) ||
		ae_options_variational(&model->options) != (model->noise != NULL) ||
		(model->options.score == AE_SCORE_CONDITIONAL) !=
		(model->hidden_loss != NULL) ||
		ae_score_is_evidence(model->options.score) !=
		(model->evidence.spread > 0) ||
		ae_options_classes(&model->options) != ae_model_has_companion(model))
		return AE_ERR_CORRUPT;
	return ae_model_prepare(model);
}

AeStatus
ae_codec_read(const AeEnv *env, const void *data, size_t size,
			  AeModel **model)
{
	AeReader	r = {data, size, false};
	AeHeader	header;
	AeStatus	status;

	AE_TRY(ae_codec_header(data, size, &header));
	if (header.total_bytes != size)
		return AE_ERR_CORRUPT;
	ae_read_bytes(&r, AE_HEADER_BYTES);
	AE_TRY(ae_model_create(env, model));
	status = model_read(&r, *model);
	if (status != AE_OK)
	{
		ae_model_free(*model);
		*model = NULL;
	}
	return status;
}

static AeStatus
plan_read(AeReader *r, AeModel *model)
{
	bool		has_companion;

	for (int i = 0; i < AE_CODEC_PLAN_SECTIONS; i++)
	{
		const char *tag;
		AeReader	payload;

		AE_TRY(section_next(r, &tag, &payload));
		AE_TRY(section_read(i, &payload, model));
	}
	AE_TRY(ae_codec_bool(r, &has_companion));
	if (has_companion)
		AE_TRY(companion_layers_read(r, model));
	model->column_loss = ae_arena_alloc(&model->arena,
										(size_t) model->features->ncolumns,
										sizeof(double));
	if (model->column_loss == NULL)
		return AE_ERR_MEMORY;
	return ae_model_prepare(model);
}

AeStatus
ae_codec_read_plan(const AeEnv *env, AeReader *r, AeModel **model)
{
	AeStatus	status;

	AE_TRY(ae_model_create(env, model));
	status = plan_read(r, *model);
	if (status != AE_OK)
	{
		ae_model_free(*model);
		*model = NULL;
	}
	return status;
}
