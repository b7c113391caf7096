/*
 * label_index.h
 *	  From a label's text to its number in a column, for all columns at once.
 */
#ifndef AE_LABEL_INDEX_H
#define AE_LABEL_INDEX_H

#include "core/feature.h"

/* builds features->index; AE_ERR_CORRUPT when a column repeats a label */
extern AeStatus ae_label_index_build(AeFeatures *features, AeArena *arena);

#endif							/* AE_LABEL_INDEX_H */
