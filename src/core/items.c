/*
 * items.c
 *	  The items that a model of sets knows.
 *
 * One open-addressing table, at most half full.
 */
#include <string.h>

#include "core/feature.h"
#include "core/items.h"

AeStatus
ae_items_create(AeArena *arena, int count, size_t text_bytes, AeItems **items)
{
	AeItems    *it = ae_arena_alloc(arena, 1, sizeof(AeItems));

	if (it == NULL)
		return AE_ERR_MEMORY;
	it->count = count;
	it->text = ae_arena_alloc(arena, text_bytes, 1);
	it->start = ae_arena_alloc(arena, (size_t) count + 1, sizeof(uint32_t));
	it->frequency = ae_arena_alloc(arena, (size_t) count, sizeof(uint64_t));
	if (it->text == NULL || it->start == NULL || it->frequency == NULL)
		return AE_ERR_MEMORY;
	*items = it;
	return AE_OK;
}

/* the slot of that item, or the empty one where it belongs */
static uint32_t *
items_slot(const AeItems *items, const char *text, size_t len)
{
	for (uint64_t i = ae_label_hash(text, len);; i++)
	{
		uint32_t   *slot = &items->slots[i & items->mask];
		const char *other;
		size_t		other_len;

		if (*slot == 0)
			return slot;
		other = ae_items_text(items, (int) (*slot - 1), &other_len);
		if (other_len == len && memcmp(other, text, len) == 0)
			return slot;
	}
}

AeStatus
ae_items_index(AeItems *items, AeArena *arena)
{
	uint32_t	nslots = 2;

	while (nslots < 2 * (uint32_t) items->count)
		nslots *= 2;
	items->slots = ae_arena_alloc(arena, nslots, sizeof(uint32_t));
	if (items->slots == NULL)
		return AE_ERR_MEMORY;
	items->mask = nslots - 1;
	for (int i = 0; i < items->count; i++)
	{
		size_t		len;
		const char *text = ae_items_text(items, i, &len);
		uint32_t   *slot;

		/* items made to collide take a while each */
		arena->env->poll(arena->env->host);
		slot = items_slot(items, text, len);
		if (*slot != 0)
			return AE_ERR_CORRUPT;
		*slot = (uint32_t) i + 1;
	}
	return AE_OK;
}

int
ae_items_find(const AeItems *items, const char *text, size_t len)
{
	return (int) *items_slot(items, text, len) - 1;
}

AeStatus
ae_items_append(const AeItems *items, const AeItems *more, AeArena *arena,
				AeItems **both)
{
	size_t		bytes = items->start[items->count];
	size_t		more_bytes = more->start[more->count];
	int			count = items->count;
	AeItems    *it;

	if (more->count > AE_MAX_ITEMS - count ||
		more_bytes > AE_MAX_ITEMS_TEXT - bytes)
		return AE_ERR_LIMIT;
	AE_TRY(ae_items_create(arena, count + more->count, bytes + more_bytes,
						   &it));
	it->is_number = items->is_number;
	it->column = items->column;
	memcpy(it->text, items->text, bytes);
	memcpy(it->text + bytes, more->text, more_bytes);
	memcpy(it->start, items->start, (size_t) count * sizeof(uint32_t));
	memcpy(it->frequency, items->frequency,
		   (size_t) count * sizeof(uint64_t));
	memcpy(it->frequency + count, more->frequency,
		   (size_t) more->count * sizeof(uint64_t));
	for (int i = 0; i <= more->count; i++)
		it->start[count + i] = (uint32_t) bytes + more->start[i];
	*both = it;
	return ae_items_index(it, arena);
}
