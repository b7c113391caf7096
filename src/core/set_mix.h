/*
 * set_mix.h
 *	  Rows that have a set of items and columns beside it.
 *
 * The columns' inputs are the network's inputs behind the items.  Only the
 * items are what it learns to predict.
 */
#ifndef AE_SET_MIX_H
#define AE_SET_MIX_H

#include "core/dataset.h"
#include "core/sets.h"

/*
 * Adds the inputs that are not 0 to each row.  The dataset, finished, has as
 * many rows as the sets had, in the same order; features are fitted on it.
 */
extern AeStatus ae_set_rows_mix(AeSetRows *rows, int nitems,
								AeDataset *dataset,
								const AeFeatures *features,
								const AeKernels *kernels, AeArena *arena);

#endif							/* AE_SET_MIX_H */
