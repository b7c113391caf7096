/*
 * label_index.c
 *	  From a label's text to its number in a column, for all columns at once.
 *
 * One open-addressing table, at most half full.  The buckets of hashed columns
 * are stored in models, so ae_label_hash() and ae_label_bucket() must never
 * change.
 */
#include <math.h>
#include <string.h>

#include "core/label_index.h"
#include "core/rng.h"

typedef struct LabelSlot
{
	uint64_t	hash;			/* of column and text */
	int			column;
	int			label;			/* plus one; 0 for an empty slot */
} LabelSlot;

struct AeLabelIndex
{
	uint64_t	mask;			/* slots - 1, slots a power of two */
	LabelSlot  *slots;
};

/* Fowler-Noll-Vo 1a, then a finaliser that spreads it over all bits */
uint64_t
ae_label_hash(const char *label, size_t len)
{
	uint64_t	hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
	{
		hash ^= (unsigned char) label[i];
		hash *= UINT64_C(0x100000001b3);
	}
	return ae_rng_hash(hash);
}

static uint64_t
index_hash(int column, const char *label, size_t len)
{
	uint64_t	hash = ae_label_hash(label, len);

	return hash + (uint64_t) column * UINT64_C(0x9e3779b97f4a7c15);
}

/* the slot of that label, or the empty one where it belongs */
static LabelSlot *
index_find(const AeFeatures *features, int column, const char *label,
		   size_t len)
{
	const AeLabelIndex *index = features->index;
	uint64_t	hash = index_hash(column, label, len);

	for (uint64_t i = hash;; i++)
	{
		LabelSlot  *slot = &index->slots[i & index->mask];
		const char *text;

		if (slot->label == 0)
			return slot;
		if (slot->hash != hash || slot->column != column)
			continue;
		text = features->columns[column].labels[slot->label - 1];
		if (strlen(text) == len && memcmp(text, label, len) == 0)
			return slot;
	}
}

AeStatus
ae_label_index_build(AeFeatures *features, AeArena *arena)
{
	AeLabelIndex *index = ae_arena_alloc(arena, 1, sizeof(AeLabelIndex));
	uint64_t	nslots = 2;
	uint64_t	nlabels = 0;

	for (int c = 0; c < features->ncolumns; c++)
		if (ae_column_is_labelled(&features->columns[c]) &&
			!features->columns[c].hashed)
			nlabels += (uint64_t) features->columns[c].nlabels;
	while (nslots < 2 * nlabels)
		nslots *= 2;
	if (index == NULL)
		return AE_ERR_MEMORY;
	index->mask = nslots - 1;
	index->slots = ae_arena_alloc(arena, (size_t) nslots, sizeof(LabelSlot));
	if (index->slots == NULL)
		return AE_ERR_MEMORY;
	features->index = index;

	for (int c = 0; c < features->ncolumns; c++)
	{
		const AeColumn *column = &features->columns[c];

		if (!ae_column_is_labelled(column) || column->hashed)
			continue;
		for (int i = 0; i < column->nlabels; i++)
		{
			const char *label = column->labels[i];
			size_t		len = strlen(label);
			LabelSlot  *slot = index_find(features, c, label, len);

			/* labels made to collide take a while each */
			arena->env->poll(arena->env->host);
			if (slot->label != 0)
				return AE_ERR_CORRUPT;
			slot->hash = index_hash(c, label, len);
			slot->column = c;
			slot->label = i + 1;
		}
	}
	return AE_OK;
}

double
ae_features_code(const AeFeatures *features, int column, const char *label,
				 size_t len)
{
	const AeColumn *col = &features->columns[column];
	const LabelSlot *slot;
	double		unknown = col->kind == AE_KIND_ORDINAL
		? ae_unknown_level(col->nlabels) : col->nlabels;

	if (len > AE_MAX_LABEL_BYTES)
		return unknown;
	if (col->hashed)
		return ae_label_bucket(ae_label_hash(label, len), col->nlabels);
	slot = index_find(features, column, label, len);
	return slot->label != 0 ? slot->label - 1 : unknown;
}

/* "" stands for no label, except in the one bucket that "" itself falls into */
const char *
ae_column_label(const AeColumn *column, int code)
{
	const char *label;

	if (code < 0 || code >= column->nlabels || column->frequency[code] <= 0)
		return NULL;
	label = column->labels[code];
	if (column->hashed && label[0] == '\0' &&
		ae_label_bucket(ae_label_hash("", 0), column->nlabels) != code)
		return NULL;
	return label;
}
