/*
 * pg_named.c
 *	  The model argument of a function: a value, or the name of a stored model.
 *
 * A statement must see the version that its snapshot shows, not the newest:
 * a cursor that was opened before a training goes on with the old model, and
 * under READ COMMITTED the next statement takes the new one.  So what the
 * session remembers is used only if
 *
 * - no message about the tables has come since.  Statement triggers on them
 *	 send one with any change, as transactional as the change itself.  Pending
 *	 messages are accepted first, or a transaction that locks no new table
 *	 would not get them.
 * - the change that made the entry is visible to the snapshot, which may be
 *	 older than the entry.
 *
 * An entry is made only if the newest snapshot shows the same as the
 * statement's; else it would hide a change whose message is already gone.
 * REPEATABLE READ and SERIALIZABLE read the tables in every statement: the
 * message of a change may come after its commit became visible, and
 * serializability needs to know what was read.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "pg_compat.h"
#include "pg_named.h"

PG_FUNCTION_INFO_V1(ae_model_changed);

/* names that a session remembers; then it starts afresh */
#define MAX_ENTRIES 1000

static const char *const lookup_sql =
	"SELECT v.version, v.model, n.xmin, v.xmin"
	" FROM @ae_named_model n JOIN @ae_model_version v"
	" ON v.name OPERATOR(pg_catalog.=) n.name"
	" AND v.version OPERATOR(pg_catalog.=) n.current_version"
	" WHERE n.name OPERATOR(pg_catalog.=) $1";

/* what a lookup finds, but for the model itself */
typedef struct NamedRow
{
	int32		version;
	TransactionId name_xid;		/* who made the rows */
	TransactionId version_xid;
} NamedRow;

typedef struct NamedEntry
{
	AepgNameKey key;			/* must be first */
	uint64		generation;		/* of the session, when it was looked up */
	NamedRow	row;
	CommandId	curcid;			/* sees the rows, if they are our own */
	AepgModelKey model;
} NamedEntry;

typedef struct NamedCache
{
	HTAB	   *entries;		/* NULL until the first lookup */
	uint64		generation;		/* counts reasons to look up again */
	Oid			relations[2];	/* the tables, as far as they are known */

	Oid			schema;			/* that plan is for */
	SPIPlanPtr	plan;			/* of lookup_sql */
} NamedCache;

static NamedCache named;

/*----------
 * Messages.
 *----------
 */
static void
named_relation_changed(Datum arg, Oid relation)
{
	(void) arg;
	if (relation == InvalidOid || relation == named.relations[0] ||
		relation == named.relations[1])
		named.generation++;
}

/* memberships of roles decide who may read what */
static void
named_role_changed(Datum arg, int cache, uint32 hash)
{
	(void) arg;
	(void) cache;
	(void) hash;
	named.generation++;
}

static HTAB *
named_create_entries(void)
{
	HASHCTL		info = {
		.keysize = sizeof(AepgNameKey),
		.entrysize = sizeof(NamedEntry),
		.hcxt = CacheMemoryContext
	};

	return hash_create("autoencoder model names", 16, &info,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static void
named_create(void)
{
	named.entries = named_create_entries();
	CacheRegisterRelcacheCallback(named_relation_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, named_role_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, named_role_changed,
								  (Datum) 0);
}

/*
 * ae_model_changed(): statement trigger on the tables.  The message reaches
 * the sessions when the transaction commits, and ours with its next command.
 */
Datum
ae_model_changed(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("ae_model_changed() must be called as a trigger")));
	CacheInvalidateRelcache(data->tg_relation);
	PG_RETURN_POINTER(NULL);
}

/*----------
 * Snapshots.
 *----------
 */
static void
snapshot_describe(Snapshot snapshot, AepgSnapshotKey *key)
{
	key->xmin = snapshot->xmin;
	key->xmax = snapshot->xmax;
	key->xcnt = snapshot->xcnt;
	key->subxcnt = snapshot->subxcnt;
	key->curcid = snapshot->curcid;
}

/*
 * Transactions below xmax can only end, so as long as it stays, the set of
 * those that run only shrinks: the same number means the same set.
 */
static bool
snapshot_is(Snapshot snapshot, const AepgSnapshotKey *key)
{
	return snapshot->xmin == key->xmin && snapshot->xmax == key->xmax &&
		snapshot->xcnt == key->xcnt && snapshot->subxcnt == key->subxcnt &&
		snapshot->curcid == key->curcid;
}

/* whether a snapshot sees a change that a lookup with curcid saw */
static bool
snapshot_sees(Snapshot snapshot, TransactionId xid, CommandId curcid)
{
	if (TransactionIdPrecedes(xid, snapshot->xmin))
		return true;
	if (TransactionIdIsCurrentTransactionId(xid))
		return curcid <= snapshot->curcid;
	return !XidInMVCCSnapshot(xid, snapshot);
}

static bool
snapshot_sees_row(Snapshot snapshot, const NamedRow *row, CommandId curcid)
{
	return snapshot_sees(snapshot, row->name_xid, curcid) &&
		snapshot_sees(snapshot, row->version_xid, curcid);
}

/*----------
 * Lookups.
 *----------
 */
static void
named_prepare(Oid schema)
{
	Oid			types[] = {TEXTOID};
	SPIPlanPtr	plan;

	named.relations[0] = get_relname_relid("ae_named_model", schema);
	named.relations[1] = get_relname_relid("ae_model_version", schema);
	if (named.plan != NULL && named.schema == schema)
		return;
	if (named.plan != NULL)
		SPI_freeplan(named.plan);
	named.plan = NULL;
	plan = SPI_prepare(aepg_store_sql(schema, lookup_sql), 1, types);
	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "could not prepare the lookup of a model");
	named.plan = plan;
	named.schema = schema;
}

/*
 * The row as the active snapshot shows it, in SPI_tuptable; false if there is
 * none.
 */
static bool
named_read(const AepgNameKey *key, NamedRow *row)
{
	Datum		values[] = {CStringGetTextDatum(key->name)};
	bool		isnull;
	int			status;

	status = SPI_execute_plan(named.plan, values, NULL, true, 0);
	if (status < 0)
		elog(ERROR, "lookup of a model failed: %s",
			 SPI_result_code_string(status));
	if (SPI_processed == 0)
		return false;
	row->version = DatumGetInt32(aepg_store_value(0, 1, &isnull));
	row->name_xid = DatumGetTransactionId(aepg_store_value(0, 3, &isnull));
	row->version_xid = DatumGetTransactionId(aepg_store_value(0, 4, &isnull));
	return true;
}

/* whether the newest snapshot shows the same */
static bool
named_is_newest(const AepgNameKey *key, const NamedRow *row)
{
	NamedRow	newest;
	bool		is_found;

	PushActiveSnapshot(GetLatestSnapshot());
	is_found = named_read(key, &newest);
	PopActiveSnapshot();
	return is_found && newest.version == row->version &&
		newest.name_xid == row->name_xid &&
		newest.version_xid == row->version_xid;
}

/* a row that a snapshot has found but could not: its transaction is so old
 * that its number means another one */
static TransactionId
named_freeze(Snapshot snapshot, TransactionId xid)
{
	return snapshot_sees(snapshot, xid, snapshot->curcid) ? xid :
		FrozenTransactionId;
}

static void
named_remember(const AepgNameKey *key, const NamedRow *row,
			   uint64 generation, const AepgModelKey *model)
{
	Snapshot	snapshot = GetActiveSnapshot();
	NamedEntry *entry;

	if (hash_get_num_entries(named.entries) >= MAX_ENTRIES)
	{
		HTAB	   *full = named.entries;

		named.entries = named_create_entries();
		hash_destroy(full);
	}
	entry = hash_search(named.entries, key, HASH_ENTER, NULL);
	entry->generation = generation;
	entry->row = *row;
	entry->row.name_xid = named_freeze(snapshot, row->name_xid);
	entry->row.version_xid = named_freeze(snapshot, row->version_xid);
	entry->curcid = snapshot->curcid;
	entry->model = *model;
}

/* from the tables; NULL if there is no such model */
static const AeModel *
named_load(Oid schema, const AepgNameKey *key, AepgModelArg *site,
		   MemoryContext context)
{
	uint64		generation = named.generation;
	const AeModel *model = NULL;
	NamedRow	row;
	bool		isnull;

	SPI_connect();
	named_prepare(schema);
	if (named_read(key, &row))
	{
		model = aepg_model_get(aepg_store_value(0, 2, &isnull), &site->ref,
							   context);

		/* no newer snapshot is to be had in a parallel query */
		if (!IsolationUsesXactSnapshot() && !IsInParallelMode() &&
			named_is_newest(key, &row) && generation == named.generation)
			named_remember(key, &row, generation,
						   aepg_model_key(site->ref));
	}
	SPI_finish();
	return model;
}

/* from the session's memory; NULL if it is not there or too new */
static const AeModel *
named_recall(const AepgNameKey *key, Snapshot snapshot, AepgModelArg *site,
			 MemoryContext context)
{
	NamedEntry *entry;

	if (IsolationUsesXactSnapshot())
		return NULL;
	entry = hash_search(named.entries, key, HASH_FIND, NULL);
	if (entry == NULL || entry->generation != named.generation ||
		!snapshot_sees_row(snapshot, &entry->row, entry->curcid))
		return NULL;
	return aepg_model_find(&entry->model, &site->ref, context);
}

/* whether the call site's last name was this one and still means the same */
static bool
site_is_current(const AepgModelArg *site, const char *name, int len,
				Snapshot snapshot)
{
	return site->is_found && len <= AEPG_NAME_BYTES &&
		site->key.name[len] == '\0' &&
		memcmp(site->key.name, name, len) == 0 &&
		site->key.role == GetUserId() &&
		site->key.row_security == (int) row_security &&
		snapshot_is(snapshot, &site->snapshot);
}

const AeModel *
aepg_named_model(Oid function, const char *name, int len, AepgModelArg *site,
				 MemoryContext context)
{
	Snapshot	snapshot = GetActiveSnapshot();
	const AeModel *model;

	if (likely(site_is_current(site, name, len, snapshot)))
		return aepg_model_held(site->ref);
	if (len < 1 || len > AEPG_NAME_BYTES || memchr(name, 0, len) != NULL)
		return NULL;
	if (named.entries == NULL)
		named_create();

	site->is_found = false;
	memset(&site->key, 0, sizeof(site->key));
	site->key.role = GetUserId();
	site->key.row_security = row_security;
	memcpy(site->key.name, name, len);

	AcceptInvalidationMessages();
	model = named_recall(&site->key, snapshot, site, context);
	if (model == NULL)
		model = named_load(get_func_namespace(function), &site->key, site,
						   context);
	snapshot_describe(snapshot, &site->snapshot);
	site->is_found = model != NULL;
	return model;
}

/*----------
 * Arguments.
 *----------
 */
static AepgArgKind
arg_kind(Oid function, int arg)
{
	HeapTuple	tuple;
	Oid			type;

	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	type = ((Form_pg_proc) GETSTRUCT(tuple))->proargtypes.values[arg];
	ReleaseSysCache(tuple);
	return type == TEXTOID ? AEPG_ARG_NAME : AEPG_ARG_VALUE;
}

const AeModel *
aepg_arg_model(FunctionCallInfo fcinfo, int arg, AepgModelArg *site,
			   MemoryContext context)
{
	Datum		value = PG_GETARG_DATUM(arg);
	Oid			function = fcinfo->flinfo->fn_oid;
	const AeModel *model;
	text	   *name;

	if (site->kind == AEPG_ARG_UNKNOWN)
		site->kind = arg_kind(function, arg);
	if (site->kind == AEPG_ARG_VALUE)
		return aepg_model_get(value, &site->ref, context);

	name = DatumGetTextPP(value);
	model = aepg_named_model(function, VARDATA_ANY(name),
							 VARSIZE_ANY_EXHDR(name), site, context);
	if (model == NULL)
		aepg_store_report_missing(get_func_namespace(function),
								  text_to_cstring(name));
	if ((Pointer) name != DatumGetPointer(value))
		pfree(name);
	return model;
}
