/*
 * codec_read_features.c
 *	  The features of a model, from its bytes.
 */
#include <math.h>
#include <string.h>

#include "core/codec_format.h"

/* of a column's name or type; longer than any identifier of the server */
#define MAX_NAME_BYTES 1024

/* least bytes of one element, by which its count is bounded */
#define CELL_BYTES 61
#define COLUMN_BYTES (2 * AE_CODEC_TEXT_BYTES + 16 + CELL_BYTES)
#define LABEL_BYTES (AE_CODEC_TEXT_BYTES + 8)

static AeStatus
read_name(AeReader *r, AeArena *arena, char **name)
{
	size_t		len;
	const char *text = ae_codec_text(r, MAX_NAME_BYTES, &len);

	if (text == NULL)
		return AE_ERR_CORRUPT;
	*name = ae_arena_strndup(arena, text, len);
	return *name != NULL ? AE_OK : AE_ERR_MEMORY;
}

static AeStatus
knots_read(AeReader *r, AeArena *arena, double **knots)
{
	int			count;

	AE_TRY(ae_codec_count(r, 8, AE_KNOTS, &count));
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
	AE_TRY(ae_codec_bool(r, &cell->constant));
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
		if (ae_codec_text(&ahead, AE_MAX_LABEL_BYTES, &len) == NULL)
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
		AE_TRY(ae_codec_text_into(r, text, AE_MAX_LABEL_BYTES + 1));
		text += strlen(text) + 1;
	}
	return AE_OK;
}

static AeStatus
category_read(AeReader *r, AeArena *arena, AeColumn *column)
{
	AE_TRY(ae_codec_bool(r, &column->hashed));
	AE_TRY(ae_codec_count(r, LABEL_BYTES, AE_MAX_LABELS, &column->nlabels));
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

	AE_TRY(ae_codec_bool(r, &labelled));
	AE_TRY(ae_codec_count(r, LABEL_BYTES, AE_MAX_LEVELS, &column->nlabels));
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
	uint8_t		kind;

	AE_TRY(read_name(r, arena, &column->name));
	AE_TRY(read_name(r, arena, &column->type));
	kind = ae_read_u8(r);
	column->condition = (kind & AE_CODEC_CONDITION) != 0;
	column->classes = (kind & AE_CODEC_CLASSES) != 0;
	column->kind = (AeKind) (kind & ~(AE_CODEC_CONDITION | AE_CODEC_CLASSES));
	column->cycles = ae_read_u8(r);
	column->scaling = (AeScaling) ae_read_u8(r);
	column->loss = (AeLoss) ae_read_u8(r);
	column->weight = ae_read_f64(r);
	AE_TRY(ae_codec_count(r, CELL_BYTES, AE_MAX_CELLS, &column->ncells));
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

AeStatus
ae_codec_read_features(AeReader *r, AeModel *model)
{
	const AeEnv *env = model->arena.env;
	AeFeatures *features = ae_arena_alloc(&model->arena, 1,
										  sizeof(AeFeatures));

	if (features == NULL)
		return AE_ERR_MEMORY;
	model->features = features;
	features->nrows = ae_read_u64(r);
	AE_TRY(ae_codec_bool(r, &features->any_missing));
	AE_TRY(ae_codec_count(r, COLUMN_BYTES, AE_MAX_COLUMNS,
						  &features->ncolumns));
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
