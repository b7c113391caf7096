/*
 * update.h
 *	  A trained model trained further on new rows.
 *
 * Columns are encoded as before: a label that the model does not know is
 * "other".  What comes out is a model of the new rows alone, except for its
 * weights; merge.h puts it together with what the model knew.
 */
#ifndef AE_UPDATE_H
#define AE_UPDATE_H

#include "core/blas.h"
#include "core/dataset.h"
#include "core/drift.h"
#include "core/train.h"

/* a dataset for rows whose cells are as in the model, labels by name */
extern AeStatus ae_update_create_dataset(const AeModel *model,
										 const AeEnv *env,
										 const AeSpool *spool,
										 AeBudget *budget,
										 AeDataset **dataset);

/*
 * Appends the rows that the model's coreset stands for, so that training on
 * new rows does not undo what was learnt from the old; before all others.
 * Each of nparts parts takes as large a share of them.  None, if the model has
 * conditions, which the coreset does not keep.
 */
extern AeStatus ae_update_rehearse(const AeModel *model, int nparts,
								   AeDataset *dataset);

/*
 * Options of the update where they are left to it: epochs and learning_rate
 * are AE_AUTO and NaN in options.  The rows are cut into so many parts.
 */
extern void ae_update_resolve(const AeModel *model, uint64_t nrows, int nparts,
							  AeOptions *options);

/*
 * Makes the model ready for ae_train_model() on the rows of the update, with
 * its options, resolved.  drift has counted the new rows.
 */
extern void ae_update_prepare(AeModel *model, const AeDrift *drift);

#endif							/* AE_UPDATE_H */
