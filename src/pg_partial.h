/*
 * pg_partial.h
 *	  Values of the type ae_partial: models of parts of the rows, on the way
 *	  to the one of all of them.
 *
 * In memory a partial is an expanded object.  It may hold rows that nothing
 * was trained on yet; a partial that leaves its process is flattened, and
 * before that trains on them, so that only models travel.
 */
#ifndef AEPG_PARTIAL_H
#define AEPG_PARTIAL_H

#include "postgres.h"

#include "utils/expandeddatum.h"

#include "core/model.h"
#include "pg_update.h"

/* part of the bytes of flat partials: never renumber */
typedef enum AepgPartialKind
{
	AEPG_PARTIAL_MERGE = 0,		/* models */
	AEPG_PARTIAL_UPDATE = 1		/* the base, then its parts */
} AepgPartialKind;

typedef struct AepgPartial
{
	ExpandedObjectHeader hdr;
	AepgPartialKind kind;
	int			partitions;		/* of an update; 0: not told */
	int			nmodels;
	int			capacity;
	bytea	  **models;			/* in the object's context */
	AepgUpdate *update;			/* rows not trained on, or NULL */
	size_t		flat_size;
} AepgPartial;

/* without models; a child of parent */
extern AepgPartial *aepg_partial_create(AepgPartialKind kind,
										MemoryContext parent);

/* the partial of a datum, which is read into parent if it is flat */
extern AepgPartial *aepg_partial_get(Datum value, MemoryContext parent);

static inline Datum
aepg_partial_datum(AepgPartial *partial)
{
	return EOHPGetRWDatum(&partial->hdr);
}

/* adds a copy of a model */
extern void aepg_partial_add(AepgPartial *partial, const bytea *model);

/* trains on the rows that are left */
extern void aepg_partial_settle(AepgPartial *partial);

/* parses the models into context, sorted by their bytes from the first-th on,
 * so that results do not depend on the order in which they came */
extern const AeModel **aepg_partial_parse(AepgPartial *partial, int first,
										  MemoryContext context);

/*
 * The model after an update: its base and what was learnt from all parts, in
 * the current memory context.
 */
extern bytea *aepg_partial_join(AepgPartial *partial);

#endif							/* AEPG_PARTIAL_H */
