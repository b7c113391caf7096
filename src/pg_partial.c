/*
 * pg_partial.c
 *	  Values of the type ae_partial.
 *
 * Flat, after the length word, little-endian:
 *
 *	u32	magic
 *	u32	kind
 *	u32	partitions
 *	u32	number of models
 *	for each: u32 bytes, then the model
 *
 * Its text is that of a bytea with these bytes.
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "core/bytes.h"
#include "core/codec.h"
#include "core/merge.h"
#include "core/set_join.h"
#include "pg_compat.h"
#include "pg_env.h"
#include "pg_guc.h"
#include "pg_model.h"
#include "pg_partial.h"

#define PARTIAL_MAGIC 0x54504541	/* "AEPT" */
#define PARTIAL_HEADER_BYTES 16

PG_FUNCTION_INFO_V1(ae_partial_in);
PG_FUNCTION_INFO_V1(ae_partial_out);
PG_FUNCTION_INFO_V1(ae_partial_recv);
PG_FUNCTION_INFO_V1(ae_partial_send);
PG_FUNCTION_INFO_V1(ae_partial_combine);

/*----------
 * As an expanded object.
 *----------
 */
static Size
partial_flat_size(ExpandedObjectHeader *object)
{
	AepgPartial *partial = (AepgPartial *) object;
	Size		size = VARHDRSZ + PARTIAL_HEADER_BYTES;

	aepg_partial_settle(partial);
	for (int i = 0; i < partial->nmodels; i++)
		size += sizeof(uint32) + VARSIZE(partial->models[i]) - VARHDRSZ;
	if (!AllocSizeIsValid(size))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%d models are too large to be put together in one value",
						partial->nmodels)));
	partial->flat_size = size;
	return size;
}

static void
partial_flatten(ExpandedObjectHeader *object, void *result, Size size)
{
	AepgPartial *partial = (AepgPartial *) object;
	AeWriter	w = {(unsigned char *) VARDATA(result), size - VARHDRSZ, 0};

	Assert(size == partial->flat_size);
	SET_VARSIZE(result, size);
	ae_write_u32(&w, PARTIAL_MAGIC);
	ae_write_u32(&w, partial->kind);
	ae_write_u32(&w, (uint32) partial->partitions);
	ae_write_u32(&w, (uint32) partial->nmodels);
	for (int i = 0; i < partial->nmodels; i++)
	{
		size_t		bytes = VARSIZE(partial->models[i]) - VARHDRSZ;

		ae_write_u32(&w, (uint32) bytes);
		ae_write_bytes(&w, VARDATA(partial->models[i]), bytes);
	}
}

static const ExpandedObjectMethods partial_methods = {
	partial_flat_size,
	partial_flatten
};

AepgPartial *
aepg_partial_create(AepgPartialKind kind, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent,
												  "autoencoder partial",
												  ALLOCSET_START_SMALL_SIZES);
	AepgPartial *partial = MemoryContextAllocZero(context,
												  sizeof(AepgPartial));

	EOH_init_header(&partial->hdr, &partial_methods, context);
	partial->kind = kind;
	return partial;
}

static void
partial_add_bytes(AepgPartial *partial, const void *data, size_t bytes)
{
	MemoryContext old = MemoryContextSwitchTo(partial->hdr.eoh_context);
	bytea	   *model = palloc(VARHDRSZ + bytes);

	SET_VARSIZE(model, VARHDRSZ + bytes);
	memcpy(VARDATA(model), data, bytes);
	if (partial->nmodels == partial->capacity)
	{
		partial->capacity = Max(2 * partial->capacity, 4);
		partial->models = partial->models == NULL ?
			palloc(partial->capacity * sizeof(bytea *)) :
			repalloc(partial->models, partial->capacity * sizeof(bytea *));
	}
	partial->models[partial->nmodels++] = model;
	MemoryContextSwitchTo(old);
}

void
aepg_partial_add(AepgPartial *partial, const bytea *model)
{
	partial_add_bytes(partial, VARDATA_ANY(model), VARSIZE_ANY_EXHDR(model));
}

void
aepg_partial_settle(AepgPartial *partial)
{
	AepgUpdate *update = partial->update;
	MemoryContext old;
	bytea	   *base;
	bytea	   *part;

	if (update == NULL)
		return;
	/* a sort that wants the value flat is in a context that cannot free */
	old = MemoryContextSwitchTo(partial->hdr.eoh_context);
	part = aepg_update_train(update);
	base = aepg_update_base(update);
	partial->partitions = aepg_update_partitions(update);
	aepg_partial_add(partial, base);
	aepg_partial_add(partial, part);
	pfree(base);
	pfree(part);
	aepg_update_free_rows(update);
	partial->update = NULL;
	MemoryContextSwitchTo(old);
}

/*----------
 * Flat.
 *----------
 */
static void
partial_reject(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("value of type ae_partial is damaged"),
			 errdetail("Its bytes were truncated or altered.")));
}

/* the bytes are not trusted; the models in them are checked when parsed */
static AepgPartial *
partial_read(const void *data, size_t size, MemoryContext parent)
{
	AeReader	r = {data, size, false};
	AepgPartial *partial;
	uint32		kind;
	uint32		partitions;
	uint32		count;

	if (ae_read_u32(&r) != PARTIAL_MAGIC)
		partial_reject();
	kind = ae_read_u32(&r);
	partitions = ae_read_u32(&r);
	count = ae_read_u32(&r);
	if (r.failed || kind > AEPG_PARTIAL_UPDATE ||
		partitions > AEPG_MAX_PARTITIONS ||
		count < (kind == AEPG_PARTIAL_UPDATE ? 2 : 1))
		partial_reject();
	partial = aepg_partial_create((AepgPartialKind) kind, parent);
	partial->partitions = (int) partitions;
	for (uint32 i = 0; i < count; i++)
	{
		uint32		bytes = ae_read_u32(&r);
		const void *model = ae_read_bytes(&r, bytes);

		if (r.failed || bytes < AE_HEADER_BYTES)
			partial_reject();
		partial_add_bytes(partial, model, bytes);
	}
	if (r.left > 0)
		partial_reject();
	return partial;
}

AepgPartial *
aepg_partial_get(Datum value, MemoryContext parent)
{
	bytea	   *flat;
	AepgPartial *partial;

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
	{
		partial = (AepgPartial *) DatumGetEOHP(value);
		if (partial->hdr.eoh_methods != &partial_methods)
			partial_reject();
		return partial;
	}
	flat = DatumGetByteaPP(value);
	partial = partial_read(VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat),
						   parent);
	if ((Pointer) flat != DatumGetPointer(value))
		pfree(flat);
	return partial;
}

/* its bytes as a bytea: the flat partial itself */
static bytea *
partial_to_bytea(Datum value)
{
	return DatumGetByteaPP(value);
}

static Datum
partial_from_bytes(const void *data, size_t size)
{
	return aepg_partial_datum(partial_read(data, size,
										   CurrentMemoryContext));
}

/* ae_partial_in(cstring) returns ae_partial */
Datum
ae_partial_in(PG_FUNCTION_ARGS)
{
	Datum		text = CStringGetDatum(PG_GETARG_CSTRING(0));
	bytea	   *value = DatumGetByteaPP(DirectFunctionCall1(byteain, text));

	return partial_from_bytes(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

/* ae_partial_out(ae_partial) returns cstring */
Datum
ae_partial_out(PG_FUNCTION_ARGS)
{
	bytea	   *value = partial_to_bytea(PG_GETARG_DATUM(0));
	size_t		bytes = VARSIZE_ANY_EXHDR(value);
	char	   *text;

	if (bytes >= MaxAllocSize / 2 - 2)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("value of type ae_partial is too large to be shown")));
	text = palloc(2 * bytes + 3);
	strcpy(text, "\\x");
	text[2 + hex_encode(VARDATA_ANY(value), bytes, text + 2)] = '\0';
	PG_RETURN_CSTRING(text);
}

/* ae_partial_recv(internal) returns ae_partial */
Datum
ae_partial_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	int			bytes = message->len - message->cursor;

	return partial_from_bytes(pq_getmsgbytes(message, bytes), bytes);
}

/* ae_partial_send(ae_partial) returns bytea */
Datum
ae_partial_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(partial_to_bytea(PG_GETARG_DATUM(0)));
}

/*----------
 * Models of several partials.
 *----------
 */
static bool
same_bytes(const bytea *a, const bytea *b)
{
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

/* the first model of an update is the base of all parts */
static void
partial_append(AepgPartial *to, const AepgPartial *from)
{
	bool		is_update = from->kind == AEPG_PARTIAL_UPDATE;

	if (to->nmodels == 0)
		to->partitions = from->partitions;
	else if (to->kind != from->kind)
		partial_reject();
	else if (is_update && (to->partitions != from->partitions ||
						   !same_bytes(to->models[0], from->models[0])))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all rows of an update must have the same model and options"),
				 errhint("Group the rows by model.")));
	for (int i = is_update && to->nmodels > 0; i < from->nmodels; i++)
		aepg_partial_add(to, from->models[i]);
}

/* ae_partial_combine(ae_partial, ae_partial) returns ae_partial */
Datum
ae_partial_combine(PG_FUNCTION_ARGS)
{
	MemoryContext aggregate;
	AepgPartial *to;
	AepgPartial *from;

	if (!AggCheckCallContext(fcinfo, &aggregate))
		elog(ERROR, "ae_partial_combine called outside an aggregate");
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	from = aepg_partial_get(PG_GETARG_DATUM(1), CurrentMemoryContext);
	aepg_partial_settle(from);
	to = PG_ARGISNULL(0) ? aepg_partial_create(from->kind, aggregate)
		: aepg_partial_get(PG_GETARG_DATUM(0), aggregate);
	aepg_partial_settle(to);
	partial_append(to, from);
	PG_RETURN_DATUM(aepg_partial_datum(to));
}

static int
compare_bytes(const void *a, const void *b)
{
	const bytea *x = *(const bytea *const *) a;
	const bytea *y = *(const bytea *const *) b;

	if (VARSIZE(x) != VARSIZE(y))
		return VARSIZE(x) < VARSIZE(y) ? -1 : 1;
	return memcmp(x, y, VARSIZE(x));
}

const AeModel **
aepg_partial_parse(AepgPartial *partial, int first, MemoryContext context)
{
	const AeModel **models = MemoryContextAlloc(context, partial->nmodels *
												sizeof(AeModel *));

	qsort(partial->models + first, partial->nmodels - first, sizeof(bytea *),
		  compare_bytes);
	for (int i = 0; i < partial->nmodels; i++)
		models[i] = aepg_model_parse(PointerGetDatum(partial->models[i]),
									 context);
	return models;
}

static bytea *
partial_join_sets(AeModel *into, int nparts, const AeModel *const *parts)
{
	AeStatus	status = ae_set_join(into, nparts, parts);

	if (status == AE_ERR_CORRUPT)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("parts of an update do not belong together")));
	aepg_check(status, "updating a model");
	return aepg_model_to_bytea(into);
}

/* a partial may have been made by hand; the core checks models of sets */
static void
partial_check(int nmodels, const AeModel *const *models)
{
	char		difference[AE_DIFFERENCE_BYTES];

	for (int i = 1; i < nmodels; i++)
		if (ae_merge_differ(models[0], models[i], difference))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("parts of an update do not belong together"),
					 errdetail("The models %s.", difference)));
}

bytea *
aepg_partial_join(AepgPartial *partial)
{
	MemoryContext context;
	const AeModel **models;
	AeModel    *into;
	bytea	   *result;

	aepg_partial_settle(partial);
	context = AllocSetContextCreate(CurrentMemoryContext,
									"autoencoder update",
									ALLOCSET_DEFAULT_SIZES);
	models = aepg_partial_parse(partial, 1, context);
	/* a step of models of rows needs the base beside the result */
	into = models[0]->items != NULL ? unconstify(AeModel *, models[0]) :
		aepg_model_parse(PointerGetDatum(partial->models[0]), context);
	strlcpy(into->version, AE_VERSION, sizeof(into->version));
	if (into->items != NULL)
	{
		result = partial_join_sets(into, partial->nmodels - 1, models + 1);
		MemoryContextDelete(context);
		return result;
	}
	partial_check(partial->nmodels, models);
	aepg_check(ae_merge_step(into, models[0], partial->nmodels - 1,
							 models + 1, partial->partitions > 1),
			   "updating a model");
	aepg_check(ae_merge_scores(into, partial->nmodels, models, true,
							   aepg_kernels()), "updating a model");
	result = aepg_model_to_bytea(into);
	MemoryContextDelete(context);
	return result;
}
