/*
 * pg_train.h
 *	  One training: rows in, a model out.
 *
 * The aggregate ae_train() has one for each group, ae_create_model() one for
 * its query.
 */
#ifndef AEPG_TRAIN_H
#define AEPG_TRAIN_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "utils/jsonb.h"

#include "core/dataset.h"
#include "core/model.h"

/* a training needs as many rows */
#define AEPG_MIN_ROWS 2

typedef struct AepgTraining AepgTraining;

/* memory for the rows of all trainings of one call */
extern void aepg_training_init_budget(AeBudget *budget);

/*
 * A training without rows.  It lives in a child of context.  options may be
 * NULL; budget and spool are borrowed and outlive it.
 */
extern AepgTraining *aepg_training_create(const Jsonb *options,
										  AeBudget *budget, AeSpool *spool,
										  MemoryContext context);

/* whether these, NULL for none, are the options it was created with */
extern bool aepg_training_has_options(const AepgTraining *training,
									  const Jsonb *options);

/* one row: features of that type, not NULL */
extern void aepg_training_add(AepgTraining *training, Oid type, Datum value);

/*
 * The same for columns (desc->natts) of a registered row type.  Called with
 * one and the same desc for all rows.
 */
extern void aepg_training_add_columns(AepgTraining *training, TupleDesc desc,
									  Datum *values, bool *nulls);

/* no more rows; how many there are.  Required before what follows. */
extern uint64 aepg_training_finish(AepgTraining *training);

/* whether there is a value that is not missing */
extern bool aepg_training_has_values(const AepgTraining *training);

/* error unless there are rows and values enough */
extern void aepg_training_check_rows(const AepgTraining *training);

/* a notice, unless there was one, if known anomalies are too few */
extern void aepg_training_notice(const AepgTraining *training, bool *noticed);

/* the model; the rows stay */
extern bytea *aepg_training_run(AepgTraining *training);

/*
 * Trains a planned model, or one that ae_update_prepare() made ready, on the
 * rows of the dataset.  nworkers as the option; verbose: an INFO line an
 * epoch.  The model's bytes, in the current memory context.
 */
extern bytea *aepg_train(AeModel *model, AeDataset *dataset, int nworkers,
						 bool verbose);

/* gives the rows' memory back to the budget; the context's it leaves */
extern void aepg_training_free(AepgTraining *training);

#endif							/* AEPG_TRAIN_H */
