/*
 * labels.c
 *	  The labels of one category column, numbered as they appear and counted.
 *
 * A dictionary cannot be spooled, so its size is bounded instead: what does
 * not fit is known by its hash alone.
 */
#include <string.h>

#include "core/labels.h"

#define LABELS_MAX_TEXT ((uint32_t) 4 << 20)	/* bytes of a column */
#define LABELS_FIRST 16			/* capacities; powers of two */
#define LABELS_FIRST_TEXT 256

void
ae_labels_init(AeLabels *labels, int nbuckets)
{
	memset(labels, 0, sizeof(*labels));
	labels->nbuckets = nbuckets;
}

void
ae_labels_free(AeLabels *labels, AeAccount *account)
{
	ae_account_give(account, labels->labels,
					sizeof(AeLabel) * labels->capacity);
	ae_account_give(account, labels->slots,
					sizeof(uint32_t) * 2 * labels->capacity);
	ae_account_give(account, labels->text, labels->text_capacity);
	ae_account_give(account, labels->buckets,
					sizeof(uint64_t) * (size_t) labels->nbuckets);
	ae_labels_init(labels, labels->nbuckets);
}

/* the slot of that label, or the empty one where it belongs */
static uint32_t *
labels_find(const AeLabels *labels, uint64_t hash, const char *text,
			size_t len)
{
	uint32_t	mask = 2 * labels->capacity - 1;

	for (uint32_t i = (uint32_t) hash;; i++)
	{
		uint32_t   *slot = &labels->slots[i & mask];
		const AeLabel *label;

		if (*slot == 0)
			return slot;
		label = &labels->labels[*slot - 1];
		if (label->hash == hash && label->len == len &&
			memcmp(labels->text + label->text, text, len) == 0)
			return slot;
	}
}

/* room for twice as many labels */
static AeStatus
labels_grow(AeLabels *labels, AeAccount *account)
{
	uint32_t	capacity = LABELS_FIRST;
	uint32_t	mask;
	AeLabel    *larger;
	uint32_t   *slots;

	if (labels->capacity > 0)
		capacity = 2 * labels->capacity;
	mask = 2 * capacity - 1;
	slots = ae_account_take(account, sizeof(uint32_t) * 2 * capacity);
	if (slots == NULL)
		return AE_ERR_MEMORY;
	larger = ae_account_grow(account, labels->labels,
							 sizeof(AeLabel) * labels->capacity,
							 sizeof(AeLabel) * capacity);
	if (larger == NULL)
	{
		ae_account_give(account, slots, sizeof(uint32_t) * 2 * capacity);
		return AE_ERR_MEMORY;
	}
	memset(slots, 0, sizeof(uint32_t) * 2 * capacity);
	for (uint32_t n = 0; n < labels->nlabels; n++)
	{
		uint32_t	i = (uint32_t) larger[n].hash;

		while (slots[i & mask] != 0)
			i++;
		slots[i & mask] = n + 1;
	}
	ae_account_give(account, labels->slots,
					sizeof(uint32_t) * 2 * labels->capacity);
	labels->labels = larger;
	labels->slots = slots;
	labels->capacity = capacity;
	return AE_OK;
}

/* room for len more bytes of text */
static AeStatus
labels_grow_text(AeLabels *labels, AeAccount *account, size_t len)
{
	uint32_t	capacity = labels->text_capacity;
	char	   *larger;

	if (capacity == 0)
		capacity = LABELS_FIRST_TEXT;
	while (capacity - labels->text_used < len)
		capacity *= 2;
	if (capacity == labels->text_capacity)
		return AE_OK;
	larger = ae_account_grow(account, labels->text, labels->text_capacity,
							 capacity);
	if (larger == NULL)
		return AE_ERR_MEMORY;
	labels->text = larger;
	labels->text_capacity = capacity;
	return AE_OK;
}

/* from now on new labels are counted by bucket */
static AeStatus
labels_close(AeLabels *labels, AeAccount *account)
{
	size_t		bytes = sizeof(uint64_t) * (size_t) labels->nbuckets;

	labels->buckets = ae_account_take(account, bytes);
	if (labels->buckets == NULL)
		return AE_ERR_MEMORY;
	memset(labels->buckets, 0, bytes);
	labels->full = true;
	return AE_OK;
}

AeStatus
ae_labels_number(AeLabels *labels, AeAccount *account, const char *text,
				 size_t len, uint32_t *number)
{
	uint64_t	hash;
	uint32_t   *slot;
	AeLabel    *label;

	*number = AE_LABEL_LONG;
	if (len > AE_MAX_LABEL_BYTES)
		return AE_OK;
	hash = ae_label_hash(text, len);
	if (labels->nlabels == labels->capacity && !labels->full &&
		labels->nlabels < AE_MAX_LABELS)
		AE_TRY(labels_grow(labels, account));
	slot = labels_find(labels, hash, text, len);
	if (*slot != 0)
	{
		*number = *slot - 1;
		return AE_OK;
	}

	if (!labels->full && (labels->nlabels == AE_MAX_LABELS ||
						  len > LABELS_MAX_TEXT - labels->text_used))
		AE_TRY(labels_close(labels, account));
	if (labels->full)
	{
		*number = AE_MAX_LABELS + (uint32_t) (hash % AE_LABEL_HASHES);
		return AE_OK;
	}
	AE_TRY(labels_grow_text(labels, account, len));
	label = &labels->labels[labels->nlabels];
	label->hash = hash;
	label->count = 0;
	label->text = labels->text_used;
	label->len = (uint32_t) len;
	if (len > 0)
		memcpy(labels->text + labels->text_used, text, len);
	labels->text_used += (uint32_t) len;
	*slot = ++labels->nlabels;
	*number = labels->nlabels - 1;
	return AE_OK;
}
