/*
 * dictionary.c
 *	  Distinct texts, numbered as they appear, each with a count of rows.
 *
 * A hash table with open addressing, at most half full.
 */
#include <string.h>

#include "core/dictionary.h"

#define FIRST_ENTRIES 16		/* powers of two */
#define FIRST_TEXT 256

void
ae_dictionary_free(AeDictionary *d, AeAccount *account)
{
	ae_account_give(account, d->entries, sizeof(AeEntry) * d->capacity);
	ae_account_give(account, d->slots, sizeof(uint32_t) * 2 * d->capacity);
	ae_account_give(account, d->text, d->text_capacity);
	memset(d, 0, sizeof(*d));
}

/* the first empty slot from that of a hash on */
static uint32_t *
empty_slot(uint32_t *slots, uint32_t capacity, uint64_t hash)
{
	uint32_t	mask = 2 * capacity - 1;
	uint32_t	i = (uint32_t) hash;

	while (slots[i & mask] != 0)
		i++;
	return &slots[i & mask];
}

AeEntry *
ae_dictionary_find(const AeDictionary *d, uint64_t hash, const char *text,
				   size_t len)
{
	uint32_t	mask = 2 * d->capacity - 1;

	if (d->capacity == 0)
		return NULL;
	for (uint32_t i = (uint32_t) hash; d->slots[i & mask] != 0; i++)
	{
		AeEntry    *entry = &d->entries[d->slots[i & mask] - 1];

		if (entry->hash == hash && entry->len == len &&
			memcmp(d->text + entry->text, text, len) == 0)
			return entry;
	}
	return NULL;
}

/* room for twice as many entries */
static AeStatus
grow_entries(AeDictionary *d, AeAccount *account)
{
	uint32_t	capacity = d->capacity > 0 ? 2 * d->capacity : FIRST_ENTRIES;
	size_t		bytes = sizeof(uint32_t) * 2 * capacity;
	uint32_t   *slots = ae_account_take(account, bytes);
	AeEntry    *entries;

	if (slots == NULL)
		return AE_ERR_MEMORY;
	entries = ae_account_grow(account, d->entries,
							  sizeof(AeEntry) * d->capacity,
							  sizeof(AeEntry) * capacity);
	if (entries == NULL)
	{
		ae_account_give(account, slots, bytes);
		return AE_ERR_MEMORY;
	}
	memset(slots, 0, bytes);
	for (uint32_t n = 0; n < d->nentries; n++)
		*empty_slot(slots, capacity, entries[n].hash) = n + 1;
	ae_account_give(account, d->slots, sizeof(uint32_t) * 2 * d->capacity);
	d->entries = entries;
	d->slots = slots;
	d->capacity = capacity;
	return AE_OK;
}

/* room for len more bytes of text, by doubling */
static AeStatus
grow_text(AeDictionary *d, AeAccount *account, size_t len)
{
	uint32_t	capacity = d->text_capacity;
	char	   *text;

	if (capacity == 0)
		capacity = FIRST_TEXT;
	while (capacity - d->text_used < len)
		capacity *= 2;
	if (capacity == d->text_capacity)
		return AE_OK;
	text = ae_account_grow(account, d->text, d->text_capacity, capacity);
	if (text == NULL)
		return AE_ERR_MEMORY;
	d->text = text;
	d->text_capacity = capacity;
	return AE_OK;
}

AeStatus
ae_dictionary_add(AeDictionary *d, AeAccount *account, uint64_t hash,
				  const char *text, size_t len)
{
	AeEntry    *entry;

	if (d->nentries == d->capacity)
		AE_TRY(grow_entries(d, account));
	AE_TRY(grow_text(d, account, len));
	entry = &d->entries[d->nentries++];
	entry->hash = hash;
	entry->count = 0;
	entry->text = d->text_used;
	entry->len = (uint32_t) len;
	if (len > 0)
		memcpy(d->text + d->text_used, text, len);
	d->text_used += (uint32_t) len;
	*empty_slot(d->slots, d->capacity, hash) = d->nentries;
	return AE_OK;
}

uint64_t
ae_dictionary_bytes(const AeDictionary *d)
{
	return (sizeof(AeEntry) + 2 * sizeof(uint32_t)) * (uint64_t) d->capacity +
		d->text_capacity;
}
