/*
 * set_model.h
 *	  Models of sets of items: planned, and checked.
 *
 * Such a model has items, and either weights between them or a network whose
 * first layer has one input and whose last layer has one output for each item.
 * Behind the items a network may have the inputs of columns.
 */
#ifndef AE_SET_MODEL_H
#define AE_SET_MODEL_H

#include "core/model.h"
#include "core/sets.h"

/*
 * From rows to an untrained model: the items, the options resolved, room for
 * weights or the network's layers.  An item must be frequent enough.  dataset,
 * finished, has the columns beside the sets, for networks; or NULL.  rows live
 * in scratch and are to be freed whatever comes out.
 */
extern AeStatus ae_set_model_plan(AeModel *model, AeSets *sets,
								  AeDataset *dataset,
								  const AeOptions *options,
								  AeArena *scratch, AeSetRows *rows);

/* the rows for a model that is planned or trained; likewise */
extern AeStatus ae_set_model_match(const AeModel *model, AeSets *sets,
								   AeDataset *dataset, AeArena *scratch,
								   AeSetRows *rows);

/*
 * An update trains the network further, in parts that each have some of the
 * rows: a part starts as a copy of the base.
 */
extern void ae_set_model_start_part(AeModel *part, uint64_t nrows);

/* AE_ERR_CORRUPT when a model just decoded contradicts itself */
extern AeStatus ae_set_model_prepare(AeModel *model);

#endif							/* AE_SET_MODEL_H */
