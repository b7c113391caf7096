/*
 * pg_update.h
 *	  The rows of an update of a model, and the training on them.
 */
#ifndef AEPG_UPDATE_H
#define AEPG_UPDATE_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "utils/jsonb.h"

#include "core/dataset.h"
#include "pg_model.h"

/* into so many parts may the rows of an update be cut */
#define AEPG_MAX_PARTITIONS 1024

typedef struct AepgUpdate AepgUpdate;

/*
 * An update of the model that ref holds, without rows.  It lives in a child of
 * parent.  options may be NULL; budget and spool are borrowed and outlive it.
 */
extern AepgUpdate *aepg_update_create(const AepgModelRef *ref,
									  const Jsonb *options, AeBudget *budget,
									  AeSpool *spool, MemoryContext parent);

/* error unless it was created with this model and these options */
extern void aepg_update_check(const AepgUpdate *update,
							  const AepgModelRef *ref, const Jsonb *options);

/* one row: features of that type, not NULL */
extern void aepg_update_add(AepgUpdate *update, Oid type, Datum features);

/*
 * The same for columns (desc->natts) of a registered row type.  Called with
 * one and the same desc for all rows.
 */
extern void aepg_update_add_columns(AepgUpdate *update, TupleDesc desc,
									Datum *values, bool *nulls);

/* the model it started from, in the current memory context */
extern bytea *aepg_update_base(const AepgUpdate *update);

/* the new rows so far */
extern uint64 aepg_update_rows(const AepgUpdate *update);

/* how many parts the rows are cut into; 0: not told */
extern int	aepg_update_partitions(const AepgUpdate *update);

/* trains; a model of the new rows alone, see core/update.h, in the current
 * memory context */
extern bytea *aepg_update_train(AepgUpdate *update);

/* gives the rows' memory back to the budget */
extern void aepg_update_free_rows(AepgUpdate *update);

#endif							/* AEPG_UPDATE_H */
