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

/* of a column's name or type; longer than any identifier of the server */
#define MAX_NAME_BYTES 1024

/* more than any log distance or its negative */
#define MAX_LOG_UNIT 100.0

/* variances of scaled numbers: beyond what training can make of them */
#define MIN_NOISE 1e-6
#define MAX_NOISE 1e13

/* more than what any row costs, targets and outputs being bounded */
#define MAX_NATS 1e30

/* more than any log score or its negative, but the score is finite */
#define MAX_LOG_SCORE 700.0

/* least bytes of one element, by which its count is bounded */
#define TEXT_BYTES 4
#define CELL_BYTES 61
#define COLUMN_BYTES (2 * TEXT_BYTES + 16 + CELL_BYTES)
#define LABEL_BYTES (TEXT_BYTES + 8)
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

/* a text without zero bytes, borrowed and not terminated; NULL on failure */
static const char *
read_text(AeReader *r, size_t max_len, size_t *len)
{
	const char *text;

	*len = ae_read_count(r, 1);
	text = ae_read_bytes(r, *len);
	if (r->failed || *len > max_len || memchr(text, '\0', *len) != NULL)
		return NULL;
	return text;
}

/* a text into a buffer of that size, terminated */
static AeStatus
read_text_into(AeReader *r, char *buffer, size_t size)
{
	size_t		len;
	const char *text = read_text(r, size - 1, &len);

	if (text == NULL)
		return AE_ERR_CORRUPT;
	memcpy(buffer, text, len);
	buffer[len] = '\0';
	return AE_OK;
}

static AeStatus
read_name(AeReader *r, AeArena *arena, char **name)
{
	size_t		len;
	const char *text = read_text(r, MAX_NAME_BYTES, &len);

	if (text == NULL)
		return AE_ERR_CORRUPT;
	*name = ae_arena_strndup(arena, text, len);
	return *name != NULL ? AE_OK : AE_ERR_MEMORY;
}

/* a count of elements of at least min_bytes, no more than max of them */
static AeStatus
read_count(AeReader *r, size_t min_bytes, int max, int *count)
{
	uint32_t	value = ae_read_count(r, min_bytes);

	if (r->failed)
		return AE_ERR_CORRUPT;
	if (value > (uint32_t) max)
		return AE_ERR_LIMIT;
	*count = (int) value;
	return AE_OK;
}

/* a number that must fit an int; the plan judges the rest */
static int
read_int(AeReader *r)
{
	uint32_t	value = ae_read_u32(r);

	return value <= INT32_MAX ? (int) value : -1;
}

static AeStatus
read_bool(AeReader *r, bool *value)
{
	uint8_t		byte = ae_read_u8(r);

	*value = byte == 1;
	return byte <= 1 ? AE_OK : AE_ERR_CORRUPT;
}

static AeStatus
options_read(AeReader *r, AeModel *model)
{
	int			count;
	uint64_t	seen = 0;		/* bit i: option i of the table */

	AE_TRY(read_count(r, 2 * TEXT_BYTES, ae_option_count, &count));
	for (int i = 0; i < count; i++)
	{
		char		name[AE_OPTION_BYTES];
		char		value[AE_OPTION_BYTES];
		char		complaint[AE_COMPLAINT_BYTES];
		const AeOption *option;
		uint64_t	bit;

		AE_TRY(read_text_into(r, name, sizeof(name)));
		AE_TRY(read_text_into(r, value, sizeof(value)));
		option = ae_option_find(name);
		if (option == NULL)
			return AE_ERR_CORRUPT;
		bit = UINT64_C(1) << (option - ae_option_table);
		if ((seen & bit) != 0 ||
			!ae_option_parse(&model->options, option, value, complaint))
			return AE_ERR_CORRUPT;
		seen |= bit;
	}
	return AE_OK;
}

static AeStatus
knots_read(AeReader *r, AeArena *arena, double **knots)
{
	int			count;

	AE_TRY(read_count(r, 8, AE_KNOTS, &count));
	if (count == 0)
		return AE_OK;
	if (count != AE_KNOTS)
		return AE_ERR_CORRUPT;
	*knots = ae_arena_alloc(arena, AE_KNOTS, sizeof(double));
	if (*knots == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < AE_KNOTS; i++)
	{
		(*knots)[i] = ae_read_f64(r);
		if (!isfinite((*knots)[i]) ||
			(i > 0 && (*knots)[i] < (*knots)[i - 1]))
			return AE_ERR_CORRUPT;
	}
	return AE_OK;
}

/* the layout judges the numbers */
static AeStatus
cell_read(AeReader *r, AeArena *arena, AeCell *cell)
{
	cell->nmissing = ae_read_u64(r);
	cell->mean = ae_read_f64(r);
	cell->stddev = ae_read_f64(r);
	cell->min = ae_read_f64(r);
	cell->max = ae_read_f64(r);
	cell->centre = ae_read_f64(r);
	cell->spread = ae_read_f64(r);
	AE_TRY(read_bool(r, &cell->constant));
	return knots_read(r, arena, &cell->knots);
}

/* all texts of a column in one piece: pieces are too coarse for single ones */
static AeStatus
labels_read(AeReader *r, AeArena *arena, AeColumn *column)
{
	AeReader	ahead = *r;
	size_t		total = 0;
	size_t		len;
	char	   *text;

	for (int i = 0; i < column->nlabels; i++)
	{
		if (read_text(&ahead, AE_MAX_LABEL_BYTES, &len) == NULL)
			return AE_ERR_CORRUPT;
		total += len + 1;
	}
	column->labels = ae_arena_alloc(arena, (size_t) column->nlabels,
									sizeof(char *));
	text = ae_arena_alloc(arena, total, 1);
	if (column->labels == NULL || text == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < column->nlabels; i++)
	{
		column->labels[i] = text;
		AE_TRY(read_text_into(r, text, AE_MAX_LABEL_BYTES + 1));
		text += strlen(text) + 1;
	}
	return AE_OK;
}

static AeStatus
category_read(AeReader *r, AeArena *arena, AeColumn *column)
{
	AE_TRY(read_bool(r, &column->hashed));
	AE_TRY(read_count(r, LABEL_BYTES, AE_MAX_LABELS, &column->nlabels));
	AE_TRY(labels_read(r, arena, column));
	if (r->left / 8 <= (size_t) column->nlabels)
		return AE_ERR_CORRUPT;
	column->frequency = ae_arena_alloc(arena, (size_t) column->nlabels + 1,
									   sizeof(double));
	if (column->frequency == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i <= column->nlabels; i++)
		column->frequency[i] = ae_read_f64(r);
	return AE_OK;
}

/* the levels of labels are their indexes */
static AeStatus
levels_read(AeReader *r, AeArena *arena, AeColumn *column)
{
	bool		labelled;

	AE_TRY(read_bool(r, &labelled));
	AE_TRY(read_count(r, LABEL_BYTES, AE_MAX_LEVELS, &column->nlabels));
	column->levels = ae_arena_alloc(arena, (size_t) column->nlabels,
									sizeof(double));
	column->frequency = ae_arena_alloc(arena, (size_t) column->nlabels + 1,
									   sizeof(double));
	if (column->levels == NULL || column->frequency == NULL)
		return AE_ERR_MEMORY;
	if (labelled)
		AE_TRY(labels_read(r, arena, column));
	for (int i = 0; i < column->nlabels; i++)
		column->levels[i] = labelled ? i : ae_read_f64(r);
	for (int i = 0; i < column->nlabels; i++)
		column->frequency[i] = ae_read_f64(r);
	return r->failed ? AE_ERR_CORRUPT : AE_OK;
}

static AeStatus
column_read(AeReader *r, AeArena *arena, AeColumn *column)
{
	AE_TRY(read_name(r, arena, &column->name));
	AE_TRY(read_name(r, arena, &column->type));
	column->kind = (AeKind) ae_read_u8(r);
	column->cycles = ae_read_u8(r);
	column->scaling = (AeScaling) ae_read_u8(r);
	column->loss = (AeLoss) ae_read_u8(r);
	column->weight = ae_read_f64(r);
	AE_TRY(read_count(r, CELL_BYTES, AE_MAX_CELLS, &column->ncells));
	column->cells = ae_arena_alloc(arena, (size_t) column->ncells,
								   sizeof(AeCell));
	if (column->cells == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < column->ncells; i++)
		AE_TRY(cell_read(r, arena, &column->cells[i]));
	if (column->kind == AE_KIND_POISSON)
		for (int i = 0; i < column->ncells; i++)
			column->cells[i].deviance = ae_read_f64(r);
	if (column->kind == AE_KIND_ORDINAL)
		return levels_read(r, arena, column);
	return column->kind == AE_KIND_CATEGORY ?
		category_read(r, arena, column) : AE_OK;
}

static AeStatus
features_read(AeReader *r, AeModel *model)
{
	const AeEnv *env = model->arena.env;
	AeFeatures *features = ae_arena_alloc(&model->arena, 1,
										  sizeof(AeFeatures));

	if (features == NULL)
		return AE_ERR_MEMORY;
	model->features = features;
	features->nrows = ae_read_u64(r);
	AE_TRY(read_bool(r, &features->any_missing));
	AE_TRY(read_count(r, COLUMN_BYTES, AE_MAX_COLUMNS, &features->ncolumns));
	features->columns = ae_arena_alloc(&model->arena,
									   (size_t) features->ncolumns,
									   sizeof(AeColumn));
	if (features->columns == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < features->ncolumns; i++)
	{
		env->poll(env->host);
		AE_TRY(column_read(r, &model->arena, &features->columns[i]));
	}
	if (r->failed)
		return AE_ERR_CORRUPT;
	return ae_features_layout(features, &model->arena);
}

static AeStatus
layers_read(AeReader *r, AeArena *arena, AeNet *net)
{
	net->nlayers = read_int(r);
	net->ncoder = read_int(r);
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
		net->layers[i].in = read_int(r);
		net->layers[i].out = read_int(r);
	}
	return ae_net_plan(net);
}

static AeStatus
net_read(AeReader *r, AeModel *model)
{
	AeNet	   *net = &model->net;

	AE_TRY(layers_read(r, &model->arena, net));
	if (ae_net_inputs(net) != model->features->input_width ||
		ae_net_outputs(net) != model->features->output_width)
		return AE_ERR_CORRUPT;
	return AE_OK;
}

static AeStatus
read_finite(AeReader *r, float *values, int count)
{
	if (!ae_read_f32s(r, values, (size_t) count))
		return AE_ERR_CORRUPT;
	for (int i = 0; i < count; i++)
		if (!isfinite(values[i]))
			return AE_ERR_CORRUPT;
	return AE_OK;
}

/* as many as are left, without padding */
static AeStatus
net_weights_read(AeReader *r, const AeEnv *env, const AeNet *net,
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
			AE_TRY(read_finite(r, params + layer->weights + (size_t) j * ld,
							   layer->out));
		}
		AE_TRY(read_finite(r, params + layer->bias, layer->out));
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
	return net_weights_read(r, arena->env, net, *params);
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
		ae_net_inputs(net) == ae_net_latent(&model->net)
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
	size_t		count = (size_t) ae_net_latent(&model->net);

	if (model->unit_activity != NULL || r->left % 4 != 0 ||
		r->left / 4 != count)
		return AE_ERR_CORRUPT;
	model->unit_activity = ae_arena_alloc(&model->arena, count,
										  sizeof(float));
	if (model->unit_activity == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(read_finite(r, model->unit_activity, (int) count));
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
evidence_read(AeReader *r, AeModel *model)
{
	AeEvidence *evidence = &model->evidence;

	if (evidence->spread > 0)
		return AE_ERR_CORRUPT;
	evidence->median = ae_read_f64(r);
	evidence->spread = ae_read_f64(r);
	return fabs(evidence->median) <= MAX_NATS &&
		evidence->spread >= AE_EVIDENCE_MIN_SPREAD &&
		evidence->spread <= MAX_NATS && r->left == 0
		? AE_OK : AE_ERR_CORRUPT;
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
		AE_TRY(read_finite(r, next, AE_RESIDUALS));
		for (int j = 0; j < AE_RESIDUALS; j++)
			if (fabsf(next[j]) > 2 * AE_VALUE_LIMIT ||
				(j > 0 && next[j] < next[j - 1]))
				return AE_ERR_CORRUPT;
	}
	return r->left > 0 ? AE_ERR_CORRUPT : AE_OK;
}

static AeStatus
hidden_read(AeReader *r, AeModel *model)
{
	size_t		ncolumns = (size_t) model->features->ncolumns;

	if (model->hidden_loss != NULL ||
		r->left != (1 + ncolumns) * sizeof(double))
		return AE_ERR_CORRUPT;
	model->hidden_loss = ae_arena_alloc(&model->arena, ncolumns,
										sizeof(double));
	if (model->hidden_loss == NULL)
		return AE_ERR_MEMORY;
	model->joint.log_unit = ae_read_f64(r);
	if (!(fabs(model->joint.log_unit) <= MAX_LOG_UNIT))
		return AE_ERR_CORRUPT;
	for (size_t i = 0; i < ncolumns; i++)
	{
		model->hidden_loss[i] = ae_read_f64(r);
		if (!(model->hidden_loss[i] >= 0.0) || isinf(model->hidden_loss[i]))
			return AE_ERR_CORRUPT;
	}
	return AE_OK;
}

/* offsets (npoints), then points (npoints, 2 d) */
static AeStatus
points_read(AeReader *r, AeModel *model, int npoints)
{
	const AeEnv *env = model->arena.env;
	AeJoint    *joint = &model->joint;
	size_t		width = (size_t) ae_joint_width(joint);

	if ((size_t) npoints > r->left / (width * sizeof(int16_t)))
		return AE_ERR_CORRUPT;
	AE_TRY(ae_joint_allocate_points(joint, npoints, &model->arena));
	AE_TRY(read_finite(r, joint->offset, npoints));
	for (int i = 0; i < npoints; i++)
	{
		env->poll(env->host);
		if (joint->offset[i] < 0)
			return AE_ERR_CORRUPT;
		for (int j = 0; j < ae_joint_width(joint); j++)
		{
			int			value = (int16_t) ae_read_u16(r);
			int			level = ae_joint_level(joint, j % joint->ncoords);

			if (value < -level || value > level)
				return AE_ERR_CORRUPT;
			joint->points[ae_joint_at(joint, i, j)] = (int16_t) value;
		}
	}
	return AE_OK;
}

/* whether there is what the score needs of the joint space, and no more */
static bool
joint_suits(const AeJoint *joint, int score)
{
	if (!ae_score_is_joint(score))
		return joint->ncoords == 0 && score >= 0;
	return joint->ncoords > 0 &&
		(joint->npoints > 0) == (score == AE_SCORE_NEIGHBOUR);
}

static AeStatus
joint_read(AeReader *r, AeModel *model)
{
	AeJoint    *joint = &model->joint;
	int			ncoords = read_int(r);
	int			npoints;

	if (ncoords != 0)
	{
		if (ncoords != ae_joint_coords(model->features) ||
			r->left / (4 * sizeof(float)) < (size_t) ncoords)
			return AE_ERR_CORRUPT;
		AE_TRY(ae_joint_layout(joint, model->features, &model->arena));
		AE_TRY(read_finite(r, joint->factor, 2 * ncoords));
		AE_TRY(read_finite(r, joint->centre, 2 * ncoords));
		joint->neighbours = read_int(r);
		joint->log_unit = ae_read_f64(r);
		npoints = read_int(r);
		if (joint->neighbours < 1 || joint->neighbours > AE_MAX_NEIGHBOURS ||
			!(fabs(joint->log_unit) <= MAX_LOG_UNIT) ||
			npoints < 0 || npoints > AE_MAX_CORESET)
			return AE_ERR_CORRUPT;
		if (npoints > 0)
			AE_TRY(points_read(r, model, npoints));
	}
	return joint_suits(joint, model->options.score)
		? AE_OK : AE_ERR_CORRUPT;
}

static AeStatus
head_read(AeReader *r, AeModel *model)
{
	AeHead	   *head = &model->head;
	bool		exists;

	model->nanomalies = ae_read_u64(r);
	AE_TRY(read_bool(r, &exists));
	if (!exists)
		return AE_OK;
	head->log_unit = ae_read_f64(r);
	if (!(fabs(head->log_unit) <= MAX_LOG_UNIT) ||
		model->joint.ncoords == 0 ||
		r->left / (AE_HEAD_UNITS * sizeof(float)) <
		(size_t) model->joint.ncoords)
		return AE_ERR_CORRUPT;
	AE_TRY(ae_head_plan(head, ae_model_head_inputs(model), &model->arena));
	return net_weights_read(r, model->arena.env, &head->net, head->params);
}

static AeStatus
quantiles_read(AeReader *r, AeCalibration *calibration)
{
	calibration->nscores = ae_read_u64(r);
	AE_TRY(read_bool(r, &calibration->held_out));
	calibration->threshold = ae_read_f64(r);
	calibration->tail_share = ae_read_f64(r);
	calibration->shape = ae_read_f64(r);
	calibration->scale = ae_read_f64(r);
	for (int i = 0; i < AE_CALIBRATION_KNOTS; i++)
		calibration->knots[i] = ae_read_f64(r);
	return !r->failed && ae_calibration_is_valid(calibration) &&
		calibration->knots[0] >= -MAX_LOG_SCORE &&
		calibration->knots[AE_CALIBRATION_KNOTS - 1] <= MAX_LOG_SCORE
		? AE_OK : AE_ERR_CORRUPT;
}

static AeStatus
calibration_read(AeReader *r, AeModel *model)
{
	uint32_t	count = ae_read_u32(r);

	if (count != (uint32_t) model->features->ncolumns || r->left / 8 < count)
		return AE_ERR_CORRUPT;
	model->column_loss = ae_arena_alloc(&model->arena, count, sizeof(double));
	if (model->column_loss == NULL)
		return AE_ERR_MEMORY;
	for (uint32_t i = 0; i < count; i++)
	{
		model->column_loss[i] = ae_read_f64(r);
		if (!(model->column_loss[i] >= 0.0) || isinf(model->column_loss[i]))
			return AE_ERR_CORRUPT;
	}
	return quantiles_read(r, &model->calibration);
}

static AeStatus
history_read(AeReader *r, AeModel *model)
{
	int			count;

	model->nsteps = ae_read_u64(r);
	model->nseen = ae_read_u64(r);
	model->best_epoch = read_int(r);
	AE_TRY(read_count(r, EPOCH_BYTES, AE_MAX_HISTORY, &count));
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

	AE_TRY(read_count(r, 4, max_edges, &h->nedges));
	h->nbins = ae_histogram_bins(column, h->nedges);
	if (r->left / 4 < (size_t) h->nedges + (size_t) h->nbins)
		return AE_ERR_CORRUPT;
	h->edges = ae_arena_alloc(arena, (size_t) h->nedges, sizeof(float));
	h->share = ae_arena_alloc(arena, (size_t) h->nbins, sizeof(float));
	if (h->edges == NULL || h->share == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(read_finite(r, h->edges, h->nedges));
	AE_TRY(read_finite(r, h->share, h->nbins));
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
	AE_TRY(read_text_into(r, model->version, sizeof(model->version)));
	for (const char *c = model->version; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			return AE_ERR_CORRUPT;
	return AE_OK;
}

typedef AeStatus (*SectionReader) (AeReader *r, AeModel *model);

static const SectionReader section_readers[AE_CODEC_SECTIONS] = {
	[AE_CODEC_OPTIONS] = options_read,
	[AE_CODEC_FEATURES] = features_read,
	[AE_CODEC_NET] = net_read,
	[AE_CODEC_WEIGHTS] = weights_read,
	[AE_CODEC_JOINT] = joint_read,
	[AE_CODEC_HEAD] = head_read,
	[AE_CODEC_CALIBRATION] = calibration_read,
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

typedef struct OptionalSection
{
	const char *tag;
	SectionReader read;
} OptionalSection;

/* all of them need the network */
static const OptionalSection optional_sections[] = {
	{AE_CODEC_VELOCITY, velocity_read},
	{AE_CODEC_UNITS, units_read},
	{AE_CODEC_NOISE, noise_read},
	{AE_CODEC_EVIDENCE, evidence_read},
	{AE_CODEC_RESIDUALS, residuals_read},
	{AE_CODEC_HIDDEN, hidden_read},
	{AE_CODEC_MATCHING, matching_read},
	{AE_CODEC_DENSITY, density_read},
	{AE_CODEC_COMPANION, companion_read}
};

/* the sections before it are nread */
static AeStatus
optional_read(const char *tag, AeReader *payload, int nread, AeModel *model)
{
	const int	count = sizeof(optional_sections) / sizeof(OptionalSection);

	for (int i = 0; i < count; i++)
		if (memcmp(tag, optional_sections[i].tag, AE_CODEC_TAG_BYTES) == 0)
			return nread > AE_CODEC_NET
				? optional_sections[i].read(payload, model) : AE_ERR_CORRUPT;
	return AE_OK;
}

static AeStatus
section_read(int section, AeReader *payload, AeModel *model)
{
	AE_TRY(section_readers[section] (payload, model));
	return payload->failed || payload->left > 0 ? AE_ERR_CORRUPT : AE_OK;
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
		if (nread == AE_CODEC_SECTIONS ||
			memcmp(tag, ae_codec_tags[nread], AE_CODEC_TAG_BYTES) != 0)
			return AE_ERR_CORRUPT;
		AE_TRY(section_read(nread++, &payload, model));
	}
	if (nread < AE_CODEC_SECTIONS ||
		(model->options.variant != AE_VARIANT_PLAIN) !=
		(model->unit_activity != NULL) ||
		(model->options.variant == AE_VARIANT_VARIATIONAL) !=
		(model->noise != NULL) ||
		(model->options.score == AE_SCORE_CONDITIONAL) !=
		(model->hidden_loss != NULL) ||

		ae_score_is_evidence(model->options.score) !=
		(model->evidence.spread > 0))
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
	AE_TRY(read_bool(r, &has_companion));
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
