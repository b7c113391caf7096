/*
 * pg_model.c
 *	  Models as bytea values, and the parsed models of a session.
 *
 * A parsed model is shared by all call sites of the session whose argument has
 * its digest.  Each counts as a user until its memory context goes away, which
 * happens after an error, too.
 *
 * The digest of a value is verified when it is parsed.  A value that carries a
 * digest known to the session is taken for that model without looking at the
 * rest of its bytes: reading them all would cost more than the arithmetic.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/xact.h"
#include "common/cryptohash.h"
#include "lib/ilist.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "pg_compat.h"
#include "pg_env.h"
#include "pg_guc.h"
#include "pg_model.h"

/* bytes hashed between two looks at interrupts */
#define DIGEST_STEP ((size_t) 1 << 20)

#define READING "reading a model"

/*----------
 * Bytes.
 *----------
 */

/* SHA-256 of everything behind the header */
static void
digest_compute(const void *data, size_t size,
			   unsigned char digest[AE_DIGEST_BYTES])
{
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);
	const uint8 *bytes = data;
	size_t		done = AE_HEADER_BYTES;
	bool		good = hash != NULL && pg_cryptohash_init(hash) >= 0;

	while (good && done < size)
	{
		size_t		step = Min(size - done, DIGEST_STEP);

		CHECK_FOR_INTERRUPTS();
		good = pg_cryptohash_update(hash, bytes + done, step) >= 0;
		done += step;
	}
	if (!good || pg_cryptohash_final(hash, digest, AE_DIGEST_BYTES) < 0)
		elog(ERROR, "could not compute SHA-256: %s",
			 pg_cryptohash_error(hash));
	pg_cryptohash_free(hash);
}

bool
aepg_model_fits(size_t bytes)
{
	return bytes <= (size_t) aepg_max_model_size * 1024;
}

void
aepg_model_check_size(size_t bytes)
{
	const double megabyte = 1024.0 * 1024.0;

	if (aepg_model_fits(bytes))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("model of %.4g MB is larger than autoencoder.max_model_size, %.4g MB",
					bytes / megabyte, aepg_max_model_size / 1024.0),
			 errhint("Raise autoencoder.max_model_size (512 MB at most), or use smaller layers or a smaller max_categories.")));
}

bytea *
aepg_model_to_bytea(const AeModel *model)
{
	unsigned char digest[AE_DIGEST_BYTES];
	size_t		size = ae_codec_size(model, model->nhistory);
	bytea	   *value;

	aepg_model_check_size(size);
	value = palloc(VARHDRSZ + size);
	SET_VARSIZE(value, VARHDRSZ + size);
	ae_codec_write(model, VARDATA(value), size);
	digest_compute(VARDATA(value), size, digest);
	ae_codec_set_digest(VARDATA(value), digest);
	return value;
}

static void
text_check_bytes(const char *string, size_t len)
{
	if (pg_verifymbstr(string, len, true))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
			 errmsg("model has text that is not valid in encoding \"%s\"",
					GetDatabaseEncodingName()),
			 errhint("The model comes from a database with another encoding; train it again in this one.")));
}

static void
text_check(const char *string)
{
	text_check_bytes(string, strlen(string));
}

static void
items_check_text(const AeItems *items)
{
	if (items->column != NULL)
		text_check(items->column);
	for (int i = 0; i < items->count; i++)
	{
		size_t		len;
		const char *text = ae_items_text(items, i, &len);

		text_check_bytes(text, len);
	}
}

/* text in a model may come from a database with another encoding */
static void
model_check_text(const AeModel *model)
{
	text_check(model->version);
	text_check(model->options.time_zone);
	if (model->items != NULL)
		items_check_text(model->items);
	for (int i = 0; i < model->features->ncolumns; i++)
	{
		const AeColumn *column = &model->features->columns[i];

		text_check(column->name);
		text_check(column->type);
		for (int j = 0; j < column->nlabels && column->labels != NULL; j++)
			text_check(column->labels[j]);
	}
}

/* the model of these bytes, allocated in context */
static AeModel *
model_parse(Datum value, const AeHeader *header, MemoryContext context)
{
	bytea	   *copy;
	unsigned char digest[AE_DIGEST_BYTES];
	AeModel    *model;

	aepg_model_check_size(header->total_bytes);
	copy = DatumGetByteaPP(value);
	digest_compute(VARDATA_ANY(copy), VARSIZE_ANY_EXHDR(copy), digest);
	if (memcmp(digest, header->digest, AE_DIGEST_BYTES) != 0)
		aepg_check(AE_ERR_CORRUPT, READING);
	aepg_check(ae_codec_read(aepg_env_create(context), VARDATA_ANY(copy),
							 VARSIZE_ANY_EXHDR(copy), &model), READING);
	model_check_text(model);
	if ((Pointer) copy != DatumGetPointer(value))
		pfree(copy);
	return model;
}

AeModel *
aepg_model_parse(Datum value, MemoryContext context)
{
	bytea	   *bytes = DatumGetByteaPP(value);
	AeHeader	header;

	aepg_check(ae_codec_header(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes),
							   &header), READING);
	return model_parse(PointerGetDatum(bytes), &header, context);
}

void
aepg_model_require_rows(const AeModel *model)
{
	if (model->items == NULL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("model is of sets of items, not of rows"),
			 errhint("ae_recommend() and ae_similar_items() apply it.")));
}

/*----------
 * The session's cache.
 *----------
 */
typedef struct CachedModel
{
	unsigned char digest[AE_DIGEST_BYTES];	/* the key; must be first */
	const AeModel *model;
	MemoryContext context;		/* holds the model */
	size_t		bytes;			/* of that context */
	int			nusers;			/* refs; never evicted while > 0 */
	dlist_node	node;			/* in cache.by_use */
} CachedModel;

typedef struct ModelCache
{
	HTAB	   *models;			/* NULL until the first one */
	dlist_head	by_use;			/* least recently used first */
	size_t		bytes;			/* of all models */
} ModelCache;

static ModelCache cache;

static void
cache_create(void)
{
	HASHCTL		info = {
		.keysize = AE_DIGEST_BYTES,
		.entrysize = sizeof(CachedModel),
		.hcxt = CacheMemoryContext
	};

	dlist_init(&cache.by_use);
	cache.models = hash_create("autoencoder model cache", 16, &info,
							   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static CachedModel *
cache_find(const unsigned char digest[AE_DIGEST_BYTES])
{
	return hash_search(cache.models, digest, HASH_FIND, NULL);
}

/*
 * The model is built under the current context and moves to the cache when
 * nothing can fail any more, so that an error leaves nothing behind.
 */
static CachedModel *
cache_add(Datum value, const AeHeader *header)
{
	MemoryContext context;
	AeModel    *model;
	CachedModel *entry;
	char		name[2 * AE_DIGEST_BYTES + 1];

	context = AllocSetContextCreate(CurrentMemoryContext, "autoencoder model",
									ALLOCSET_DEFAULT_SIZES);
	for (int i = 0; i < AE_DIGEST_BYTES; i++)
		snprintf(name + 2 * i, 3, "%02x", header->digest[i]);
	MemoryContextCopyAndSetIdentifier(context, name);
	model = model_parse(value, header, context);

	entry = hash_search(cache.models, header->digest, HASH_ENTER, NULL);
	entry->model = model;
	entry->context = context;
	entry->bytes = MemoryContextMemAllocated(context, true);
	entry->nusers = 0;
	dlist_push_tail(&cache.by_use, &entry->node);
	cache.bytes += entry->bytes;
	MemoryContextSetParent(context, CacheMemoryContext);
	return entry;
}

/* evicts what no call site uses until the rest fits autoencoder.cache_size */
static void
cache_trim(void)
{
	size_t		limit = (size_t) aepg_cache_size * 1024;
	dlist_mutable_iter iter;

	if (cache.bytes <= limit)
		return;
	dlist_foreach_modify(iter, &cache.by_use)
	{
		CachedModel *entry = dlist_container(CachedModel, node, iter.cur);

		if (entry->nusers > 0)
			continue;
		dlist_delete(&entry->node);
		cache.bytes -= entry->bytes;
		MemoryContextDelete(entry->context);
		hash_search(cache.models, entry->digest, HASH_REMOVE, NULL);
		if (cache.bytes <= limit)
			break;
	}
}

/*----------
 * Call sites.
 *----------
 */
struct AepgModelRef
{
	CachedModel *entry;			/* NULL: none yet */
	AepgModelKey key;			/* of the model held */

	/*
	 * Where the value was stored, if has_place.  Identifiers of TOASTed values
	 * are used again, so a place means something within one statement only.
	 */
	bool		has_place;
	struct varatt_external place;
	TimestampTz statement;
	TimestampTz transaction;

	MemoryContextCallback callback;
};

static void
ref_release(void *arg)
{
	AepgModelRef *ref = arg;

	if (ref->entry == NULL)
		return;
	ref->entry->nusers--;
	ref->entry = NULL;
	cache_trim();
}

static AepgModelRef *
ref_create(MemoryContext context)
{
	AepgModelRef *ref = MemoryContextAllocZero(context, sizeof(AepgModelRef));

	/* autoencoder.cache_size may have been lowered */
	cache_trim();
	ref->callback.func = ref_release;
	ref->callback.arg = ref;
	MemoryContextRegisterResetCallback(context, &ref->callback);
	return ref;
}

/* nothing here can fail: the ref has a model at any time */
static void
ref_assign(AepgModelRef *ref, CachedModel *entry, const void *header,
		   size_t size)
{
	entry->nusers++;
	dlist_delete(&entry->node);
	dlist_push_tail(&cache.by_use, &entry->node);
	ref_release(ref);
	ref->entry = entry;
	memmove(ref->key.header, header, AE_HEADER_BYTES);
	ref->key.size = size;
}

static bool
ref_is_at(const AepgModelRef *ref, const struct varatt_external *place)
{
	return ref->has_place &&
		memcmp(&ref->place, place, sizeof(*place)) == 0 &&
		ref->statement == GetCurrentStatementStartTimestamp() &&
		ref->transaction == GetCurrentTransactionStartTimestamp();
}

static void
ref_set_place(AepgModelRef *ref, const struct varatt_external *place)
{
	ref->has_place = true;
	ref->place = *place;
	ref->statement = GetCurrentStatementStartTimestamp();
	ref->transaction = GetCurrentTransactionStartTimestamp();
}

/* at least the header of a value, not compressed */
static struct varlena *
value_start(Datum value)
{
	struct varlena *start = (struct varlena *) DatumGetPointer(value);

	if (VARATT_IS_EXTERNAL(start) || VARATT_IS_COMPRESSED(start))
		start = pg_detoast_datum_slice(start, 0, AE_HEADER_BYTES);
	return start;
}

/* whether a value with that start and size is the model held */
static bool
ref_has(const AepgModelRef *ref, struct varlena *start, size_t size)
{
	return ref->entry != NULL && size == ref->key.size &&
		memcmp(ref->key.header, VARDATA_ANY(start), AE_HEADER_BYTES) == 0;
}

/*
 * Makes ref hold the model of value.  Its header is compared in full: the
 * digest covers only what follows it.
 */
static void
ref_load(AepgModelRef *ref, Datum value)
{
	struct varlena *start = value_start(value);
	size_t		size = toast_raw_datum_size(value) - VARHDRSZ;
	AeHeader	header;
	CachedModel *entry;

	if (!ref_has(ref, start, size))
	{
		aepg_check(ae_codec_header(VARDATA_ANY(start),
								   VARSIZE_ANY_EXHDR(start), &header),
				   READING);
		if (header.total_bytes != size)
			aepg_check(AE_ERR_CORRUPT, READING);
		entry = cache_find(header.digest);
		if (entry == NULL)
			entry = cache_add(value, &header);
		ref_assign(ref, entry, VARDATA_ANY(start), size);
	}

	if ((Pointer) start != DatumGetPointer(value))
		pfree(start);
}

const AeModel *
aepg_model_get(Datum value, AepgModelRef **ref, MemoryContext context)
{
	struct varlena *datum = (struct varlena *) DatumGetPointer(value);
	struct varatt_external place;
	bool		has_place = VARATT_IS_EXTERNAL_ONDISK(datum);

	if (cache.models == NULL)
		cache_create();
	if (*ref == NULL)
		*ref = ref_create(context);
	if (has_place)
	{
		VARATT_EXTERNAL_GET_POINTER(place, datum);
		if (ref_is_at(*ref, &place))
			return (*ref)->entry->model;
	}

	(*ref)->has_place = false;
	ref_load(*ref, value);
	if (has_place)
		ref_set_place(*ref, &place);
	return (*ref)->entry->model;
}

bool
aepg_model_is_held(const AepgModelRef *ref, Datum value)
{
	struct varlena *datum = (struct varlena *) DatumGetPointer(value);
	struct varatt_external place;
	struct varlena *start;
	bool		is_held;

	if (ref == NULL || ref->entry == NULL)
		return false;
	if (VARATT_IS_EXTERNAL_ONDISK(datum))
	{
		VARATT_EXTERNAL_GET_POINTER(place, datum);
		if (ref_is_at(ref, &place))
			return true;
	}
	start = value_start(value);
	is_held = ref_has(ref, start, toast_raw_datum_size(value) - VARHDRSZ);
	if (start != datum)
		pfree(start);
	return is_held;
}

const AeModel *
aepg_model_held(const AepgModelRef *ref)
{
	return ref == NULL || ref->entry == NULL ? NULL : ref->entry->model;
}

const AepgModelKey *
aepg_model_key(const AepgModelRef *ref)
{
	return &ref->key;
}

const AeModel *
aepg_model_find(const AepgModelKey *key, AepgModelRef **ref,
				MemoryContext context)
{
	AeHeader	header;
	CachedModel *entry;

	if (cache.models == NULL)
		cache_create();
	if (*ref == NULL)
		*ref = ref_create(context);
	aepg_check(ae_codec_header(key->header, AE_HEADER_BYTES, &header),
			   READING);
	entry = cache_find(header.digest);
	if (entry == NULL)
		return NULL;
	(*ref)->has_place = false;
	ref_assign(*ref, entry, key->header, key->size);
	return entry->model;
}
