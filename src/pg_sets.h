/*
 * pg_sets.h
 *	  Trainings on sets of items: the part of a training, or of an update, that
 *	  is about sets.
 */
#ifndef AEPG_SETS_H
#define AEPG_SETS_H

#include "postgres.h"

#include "access/tupdesc.h"

#include "core/model.h"
#include "pg_options.h"
#include "pg_set_read.h"

/* the rows of a training */
typedef struct AepgSets AepgSets;

/* without rows; lives in context.  options, NULL for an update, column, which
 * rows have as the set or NULL, budget and spool are borrowed. */
extern AepgSets *aepg_sets_create(const AepgOptions *options,
								  const char *column, AeBudget *budget,
								  AeSpool *spool, MemoryContext context);
extern void aepg_sets_free(AepgSets *sets);

/* one row: a value of that type, not NULL */
extern void aepg_sets_add(AepgSets *sets, Oid type, Datum value);

/* the same for a row with a column that is the set; a NULL is an empty set */
extern void aepg_sets_add_attribute(AepgSets *sets, TupleDesc desc,
									const Datum *values, const bool *nulls);
/* likewise the row that row read last */
extern void aepg_sets_add_row(AepgSets *sets, const AepgReader *row);

/* the same for the columns of a query; without items it is no row */
extern void aepg_sets_add_columns(AepgSets *sets, TupleDesc desc,
								  const Datum *values, const bool *nulls);

extern uint64 aepg_sets_rows(const AepgSets *sets);

/* whether there is an item that is frequent enough */
extern bool aepg_sets_have_items(const AepgSets *sets);

/* dataset has the columns beside the sets, or is NULL */
extern bytea *aepg_sets_train(const AepgSets *sets, AeDataset *dataset);

/* trains the network of a model further on the rows; a model of these alone.
 * If it grows, it gets the items that are new and frequent enough. */
extern bytea *aepg_sets_train_part(const AepgSets *sets, AeDataset *dataset,
								   AeModel *model, bool grow, bool verbose);

#endif							/* AEPG_SETS_H */
