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

void
ae_labels_init(AeLabels *labels, int nbuckets)
{
	memset(labels, 0, sizeof(*labels));
	labels->nbuckets = nbuckets;
}

void
ae_labels_free(AeLabels *labels, AeAccount *account)
{
	ae_dictionary_free(&labels->kept, account);
	ae_account_give(account, labels->buckets,
					sizeof(uint64_t) * (size_t) labels->nbuckets);
	ae_labels_init(labels, labels->nbuckets);
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
	AeDictionary *kept = &labels->kept;
	const AeEntry *entry;
	uint64_t	hash;

	*number = AE_LABEL_LONG;
	if (len > AE_MAX_LABEL_BYTES)
		return AE_OK;
	hash = ae_label_hash(text, len);
	entry = ae_dictionary_find(kept, hash, text, len);
	if (entry != NULL)
	{
		*number = (uint32_t) (entry - kept->entries);
		return AE_OK;
	}

	if (!labels->full && (kept->nentries == AE_MAX_LABELS ||
						  len > LABELS_MAX_TEXT - kept->text_used))
		AE_TRY(labels_close(labels, account));
	if (labels->full)
	{
		*number = AE_MAX_LABELS + (uint32_t) (hash % AE_LABEL_HASHES);
		return AE_OK;
	}
	*number = kept->nentries;
	return ae_dictionary_add(kept, account, hash, text, len);
}
