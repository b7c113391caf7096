/*
 * pg_update.h
 *	  The rows of an update of a model, and the training on them.
 */
#ifndef AEPG_UPDATE_H
#define AEPG_UPDATE_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "core/dataset.h"

typedef struct AepgUpdate AepgUpdate;

/*
 * An update of a model (bytea) without rows.  It lives in a child of parent.
 * options may be NULL; budget and spool are borrowed and outlive it.
 */
extern AepgUpdate *aepg_update_create(Datum model, const Jsonb *options,
									  AeBudget *budget, AeSpool *spool,
									  MemoryContext parent);

/* error unless it was created with this model and these options */
extern void aepg_update_check(AepgUpdate *update, Datum model,
							  const Jsonb *options);

/* one row: features of that type, not NULL */
extern void aepg_update_add(AepgUpdate *update, Oid type, Datum features);

/* the model it started from; lives as long as the update */
extern bytea *aepg_update_base(const AepgUpdate *update);

/* how many parts the rows are cut into; 0: not told */
extern int	aepg_update_partitions(const AepgUpdate *update);

/* trains; a model of the new rows alone, see core/update.h, in the current
 * memory context */
extern bytea *aepg_update_train(AepgUpdate *update);

/* gives the rows' memory back to the budget */
extern void aepg_update_free_rows(AepgUpdate *update);

#endif							/* AEPG_UPDATE_H */
