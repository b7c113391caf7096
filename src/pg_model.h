/*
 * pg_model.h
 *	  Models as bytea values, and the parsed models of a session.
 *
 * Parsing a model costs much more than applying it once, so three caches stand
 * one behind the other: the call site's (fn_extra), which compares a TOAST
 * pointer within one statement and otherwise the header with the digest; the
 * session's, by digest, least recently used first out, bounded by
 * autoencoder.cache_size; and the bytes themselves.
 */
#ifndef AEPG_MODEL_H
#define AEPG_MODEL_H

#include "postgres.h"

#include "fmgr.h"

#include "core/codec.h"
#include "core/model.h"

/* the model with its digest, in the current memory context */
extern bytea *aepg_model_to_bytea(const AeModel *model);

/* the model of a bytea datum, parsed for this caller alone: lives in context,
 * may be changed, and is in no cache */
extern AeModel *aepg_model_parse(Datum value, MemoryContext context);

/* whether size is within autoencoder.max_model_size; error if not */
extern bool aepg_model_fits(size_t bytes);
extern void aepg_model_check_size(size_t bytes);

/* error when the model is of sets of items */
extern void aepg_model_require_rows(const AeModel *model);

/* what a call site remembers of its model argument */
typedef struct AepgModelRef AepgModelRef;

/*
 * The parsed model of a bytea datum, for as long as *ref is not used for
 * another one.  *ref, NULL at first, is the call site's memory; it lives in
 * context and gives its model back when that goes away.  Two refs that hold
 * the same model hold the same pointer.
 */
extern const AeModel *aepg_model_get(Datum value, AepgModelRef **ref,
									 MemoryContext context);

/* whether that is the model that ref, which may be NULL, holds already; no
 * error whatever the value */
extern bool aepg_model_is_held(const AepgModelRef *ref, Datum value);

/* the model that ref holds; NULL if none */
extern const AeModel *aepg_model_held(const AepgModelRef *ref);

/* what tells models apart: header and size of the value */
typedef struct AepgModelKey
{
	unsigned char header[AE_HEADER_BYTES];
	size_t		size;			/* without the length word */
} AepgModelKey;

/* the key of the model that ref holds */
extern const AepgModelKey *aepg_model_key(const AepgModelRef *ref);

/*
 * Makes *ref hold the model with this key if the session still has it parsed;
 * NULL if not.
 */
extern const AeModel *aepg_model_find(const AepgModelKey *key,
									  AepgModelRef **ref,
									  MemoryContext context);

#endif							/* AEPG_MODEL_H */
