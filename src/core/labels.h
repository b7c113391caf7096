/*
 * labels.h
 *	  The labels of one category column, numbered as they appear and counted.
 *
 * A number below AE_MAX_LABELS is that of a label kept here.  Once the
 * dictionary is full, a new label's number is AE_MAX_LABELS plus its reduced
 * hash, and it is counted by bucket.  All labels too long to be told apart
 * share AE_LABEL_LONG.
 */
#ifndef AE_LABELS_H
#define AE_LABELS_H

#include "core/dictionary.h"

/* the first number that is not a hash's; a float still holds it exactly */
#define AE_LABEL_LONG (AE_MAX_LABELS + AE_LABEL_HASHES)

typedef struct AeLabels
{
	AeDictionary kept;
	bool		full;
	int			nbuckets;
	uint64_t   *buckets;		/* (nbuckets) rows; NULL until full */
} AeLabels;

/* an empty dictionary; nbuckets from 1 to AE_MAX_LABELS */
extern void ae_labels_init(AeLabels *labels, int nbuckets);
extern void ae_labels_free(AeLabels *labels, AeAccount *account);

/* the number of a label, which is added if it is new */
extern AeStatus ae_labels_number(AeLabels *labels, AeAccount *account,
								 const char *text, size_t len,
								 uint32_t *number);

/* one more row with that number; NaN is none */
static inline void
ae_labels_count(AeLabels *labels, double number)
{
	if (number >= 0 && number < labels->kept.nentries)
		labels->kept.entries[(uint32_t) number].count++;
	else if (number >= AE_MAX_LABELS && number < AE_LABEL_LONG &&
			 labels->full)
		labels->buckets[ae_label_bucket((uint64_t) number - AE_MAX_LABELS,
										labels->nbuckets)]++;
}

#endif							/* AE_LABELS_H */
