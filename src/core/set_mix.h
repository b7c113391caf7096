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
#include "core/set_rows.h"

/* the columns of one row after the other, as inputs */
typedef struct AeMixer AeMixer;

/* the dataset is finished; inputs are numbered from nitems on.  What it is
 * made of is borrowed; most of it lives in arena. */
extern AeStatus ae_mixer_create(AeDataset *dataset,
								const AeFeatures *features, int nitems,
								const AeKernels *kernels, AeArena *arena,
								AeMixer **mixer);
/* mixer may be NULL */
extern void ae_mixer_free(AeMixer *mixer);

/* inputs of a row */
extern int	ae_mixer_width(const AeMixer *mixer);

/* those of the next row that are not 0; AE_ERR_CORRUPT when there is none */
extern AeStatus ae_mixer_next(AeMixer *mixer, AeMember *others, int *count);

#endif							/* AE_SET_MIX_H */
