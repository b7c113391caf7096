/*
 * fn_create.c
 *	  ae_create_model() and ae_update_model(): train on the rows of a query.
 *
 * The rows go from the executor straight into the dataset.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/lmgr.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "pg_compat.h"
#include "pg_env.h"
#include "pg_partial.h"
#include "pg_progress.h"
#include "pg_query.h"
#include "pg_store.h"
#include "pg_train.h"
#include "pg_update.h"

PG_FUNCTION_INFO_V1(ae_create_model);
PG_FUNCTION_INFO_V1(ae_update_model);

/*----------
 * Where the executor sends the rows.
 *----------
 */
typedef struct RowReceiver
{
	DestReceiver receiver;		/* must be first */
	AepgTraining *training;		/* one of these takes the rows */
	AepgUpdate *update;
	TupleDesc	desc;			/* of the query, registered */
	MemoryContext context;		/* of one row */
} RowReceiver;

static void
receiver_start(DestReceiver *self, int operation, TupleDesc desc)
{
	RowReceiver *rows = (RowReceiver *) self;

	(void) operation;
	rows->desc = BlessTupleDesc(CreateTupleDescCopy(desc));
}

static bool
receiver_take(TupleTableSlot *slot, DestReceiver *self)
{
	RowReceiver *rows = (RowReceiver *) self;
	MemoryContext old = MemoryContextSwitchTo(rows->context);

	slot_getallattrs(slot);
	if (rows->training != NULL)
		aepg_training_add_columns(rows->training, rows->desc,
								  slot->tts_values, slot->tts_isnull);
	else
		aepg_update_add_columns(rows->update, rows->desc, slot->tts_values,
								slot->tts_isnull);
	MemoryContextSwitchTo(old);
	MemoryContextReset(rows->context);
	return true;
}

static void
receiver_end(DestReceiver *self)
{
	(void) self;
}

/*----------
 * The query.
 *----------
 */
static void
query_send(SPIPlanPtr plan, RowReceiver *rows)
{
	const DestReceiver receiver = {
		.receiveSlot = receiver_take,
		.rStartup = receiver_start,
		.rShutdown = receiver_end,
		.rDestroy = receiver_end,
		.mydest = DestTuplestore	/* anything but DestNone and DestSPI */
	};

	rows->receiver = receiver;
	rows->context = AllocSetContextCreate(CurrentMemoryContext,
										  "autoencoder row",
										  ALLOCSET_DEFAULT_SIZES);
	aepg_query_send(plan, &rows->receiver);
	MemoryContextDelete(rows->context);
}

static void
query_run(SPIPlanPtr plan, AepgTraining *training)
{
	RowReceiver rows = {.training = training};

	query_send(plan, &rows);
}

static void
query_run_update(SPIPlanPtr plan, AepgUpdate *update)
{
	RowReceiver rows = {.update = update};

	query_send(plan, &rows);
}

/*----------
 * ae_create_model
 *----------
 */

/*
 * Only one training of a name at a time: others wait here, before the work.
 * The lock is on the table and a number made from the name, and ends with the
 * transaction.
 */
static void
create_lock_name(Oid schema, const char *name)
{
	Oid			table = get_relname_relid("ae_named_model", schema);

	LockDatabaseObject(table,
					   hash_bytes((const unsigned char *) name, strlen(name)),
					   0, ExclusiveLock);
}

/* fills in what is known of the training when it is over */
static void
create_train(SPIPlanPtr query, const char *name, const Jsonb *options,
			 AepgVersion *version)
{
	MemoryContext context = CurrentMemoryContext;
	AeSpool    *spool = aepg_spool_create(context);
	AepgTraining *training;
	AeBudget	budget;
	bool		noticed = false;
	instr_time	began;
	instr_time	ended;

	INSTR_TIME_SET_CURRENT(began);
	aepg_progress_start(name);
	aepg_training_init_budget(&budget);
	training = aepg_training_create(options, &budget, spool, context);
	query_run(query, training);
	version->rows = aepg_training_finish(training);
	aepg_training_check_rows(training);
	aepg_training_notice(training, &noticed);
	version->model = PointerGetDatum(aepg_training_run(training));
	aepg_progress_end();
	aepg_training_free(training);
	aepg_spool_close(spool);
	INSTR_TIME_SET_CURRENT(ended);
	INSTR_TIME_SUBTRACT(ended, began);
	version->seconds = INSTR_TIME_GET_DOUBLE(ended);
}

/* query, options and note, of both functions */
static void
create_read_arguments(FunctionCallInfo fcinfo, const Jsonb *options, int note,
					  AepgVersion *version)
{
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("query of a training must not be NULL")));
	version->query = PG_GETARG_DATUM(1);
	version->options = options == NULL ? 0 : JsonbPGetDatum(options);
	version->note = PG_ARGISNULL(note) ? 0 : PG_GETARG_DATUM(note);
}

static bool
argument_is_true(FunctionCallInfo fcinfo, int arg)
{
	return !PG_ARGISNULL(arg) && PG_GETARG_BOOL(arg);
}

/*
 * ae_create_model(name text, query text [, options jsonb] [, replace boolean]
 *				   [, note text]) returns integer
 */
Datum
ae_create_model(PG_FUNCTION_ARGS)
{
	Oid			schema = aepg_store_schema(fcinfo);
	const char *name = aepg_store_name(fcinfo, 0);
	const Jsonb *options = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	AepgVersion version = {0};
	SPIPlanPtr	query;
	int32		number;

	PreventCommandIfReadOnly("ae_create_model()");
	create_read_arguments(fcinfo, options, 4, &version);

	SPI_connect();
	query = aepg_query_prepare(text_to_cstring(PG_GETARG_TEXT_PP(1)),
							   "a training");
	create_lock_name(schema, name);
	aepg_store_claim(schema, name, argument_is_true(fcinfo, 3));
	create_train(query, name, options, &version);
	number = aepg_store_add(schema, name, &version);
	SPI_finish();
	PG_RETURN_INT32(number);
}

/*----------
 * ae_update_model
 *----------
 */

/* the current version as this transaction sees it now */
static Datum
update_read_base(Oid schema, const char *name)
{
	const Oid	types[] = {TEXTOID};
	const Datum values[] = {CStringGetTextDatum(name)};
	bool		isnull;

	if (aepg_store_run(schema,
					   "SELECT v.model"
					   " FROM @ae_named_model n JOIN @ae_model_version v"
					   " ON v.name OPERATOR(pg_catalog.=) n.name"
					   " AND v.version OPERATOR(pg_catalog.=) n.current_version"
					   " WHERE n.name OPERATOR(pg_catalog.=) $1", false,
					   lengthof(types), types, values, NULL) == 0)
		aepg_store_report_missing(schema, name);
	return aepg_store_value(0, 1, &isnull);
}

/* fills in what is known of the update when it is over */
static void
update_train(SPIPlanPtr query, const char *name, Datum model,
			 const Jsonb *options, AepgVersion *version)
{
	MemoryContext context = CurrentMemoryContext;
	AeSpool    *spool = aepg_spool_create(context);
	AepgPartial *partial = aepg_partial_create(AEPG_PARTIAL_UPDATE, context);
	AepgModelRef *ref = NULL;
	const AeModel *base;
	AepgUpdate *update;
	AeBudget	budget;
	instr_time	began;
	instr_time	ended;

	INSTR_TIME_SET_CURRENT(began);
	aepg_training_init_budget(&budget);
	aepg_progress_start(name);
	base = aepg_model_get(model, &ref, context);
	update = aepg_update_create(ref, options, &budget, spool,
								partial->hdr.eoh_context);
	partial->update = update;
	query_run_update(query, update);
	version->rows = base->nseen + aepg_update_rows(update);
	if (aepg_update_rows(update) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("query of an update returned no rows")));
	version->model = PointerGetDatum(aepg_partial_join(partial));
	aepg_progress_end();
	aepg_spool_close(spool);
	INSTR_TIME_SET_CURRENT(ended);
	INSTR_TIME_SUBTRACT(ended, began);
	version->seconds = INSTR_TIME_GET_DOUBLE(ended);
}

/*
 * ae_update_model(name text, query text [, options jsonb] [, note text])
 * returns integer
 */
Datum
ae_update_model(PG_FUNCTION_ARGS)
{
	Oid			schema = aepg_store_schema(fcinfo);
	const char *name = aepg_store_name(fcinfo, 0);
	const Jsonb *options = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	AepgVersion version = {0};
	SPIPlanPtr	query;
	Datum		model;
	int32		number;

	PreventCommandIfReadOnly("ae_update_model()");
	create_read_arguments(fcinfo, options, 3, &version);

	SPI_connect();
	query = aepg_query_prepare(text_to_cstring(PG_GETARG_TEXT_PP(1)),
							   "a training");
	create_lock_name(schema, name);
	model = update_read_base(schema, name);
	aepg_store_claim(schema, name, true);
	update_train(query, name, model, options, &version);
	number = aepg_store_add(schema, name, &version);
	SPI_finish();
	PG_RETURN_INT32(number);
}
