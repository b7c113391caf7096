/*
 * fn_trigger.c
 *	  ae_score_trigger(): scores a row in the transaction that writes it.
 *
 * An application inserts one row a statement, and a trigger's fn_extra lives
 * no longer than that.  So what was made for a trigger stays in the session,
 * by the trigger's identifier, until its table is altered or another kernel
 * is set.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg_call.h"
#include "pg_compat.h"
#include "pg_guc.h"

PG_FUNCTION_INFO_V1(ae_score_trigger);

/* triggers that a session remembers; then it starts afresh */
#define MAX_TRIGGERS 64

#define ON_MISSING "on_missing="

typedef struct ScoreTrigger
{
	Oid			trigger;		/* the key; must be first */
	bool		is_valid;		/* false: to be made again */
	Oid			relation;
	MemoryContext context;		/* of all below */
	const char *model;
	int			model_bytes;
	bool		missing_is_null;	/* no such model: NULL, not an error */
	int			ncolumns;		/* to write: the score's, the p-value's */
	int			columns[2];		/* their numbers */
	Oid			types[2];
	const AeModel *checked;		/* fits the table's columns */
	const AeKernels *kernels;	/* that call was made with */
	AepgCall   *call;
} ScoreTrigger;

static HTAB *triggers;

/*----------
 * What the session remembers.
 *----------
 */
static void
trigger_relation_changed(Datum arg, Oid relation)
{
	HASH_SEQ_STATUS scan;
	ScoreTrigger *entry;

	(void) arg;
	hash_seq_init(&scan, triggers);
	while ((entry = hash_seq_search(&scan)) != NULL)
		if (relation == InvalidOid || relation == entry->relation)
			entry->is_valid = false;
}

static void
triggers_create(void)
{
	HASHCTL		info = {
		.keysize = sizeof(Oid),
		.entrysize = sizeof(ScoreTrigger),
		.hcxt = CacheMemoryContext
	};

	triggers = hash_create("autoencoder triggers", 16, &info,
						   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	CacheRegisterRelcacheCallback(trigger_relation_changed, (Datum) 0);
}

/* forgets all triggers; their models may be evicted then */
static void
triggers_clear(void)
{
	HASH_SEQ_STATUS scan;
	ScoreTrigger *entry;

	hash_seq_init(&scan, triggers);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		if (entry->context != NULL)
			MemoryContextDelete(entry->context);
		hash_search(triggers, &entry->trigger, HASH_REMOVE, NULL);
	}
}

/*----------
 * Arguments of a trigger.
 *----------
 */
static void
trigger_check_event(const TriggerData *data)
{
	TriggerEvent event = data->tg_event;

	if (!TRIGGER_FIRED_BEFORE(event) || !TRIGGER_FIRED_FOR_ROW(event) ||
		!(TRIGGER_FIRED_BY_INSERT(event) || TRIGGER_FIRED_BY_UPDATE(event)))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" must be fired BEFORE INSERT OR UPDATE, FOR EACH ROW",
						data->tg_trigger->tgname)));
}

/* one more column to write */
static void
trigger_add_column(ScoreTrigger *entry, const TriggerData *data,
				   const char *name)
{
	TupleDesc	desc = RelationGetDescr(data->tg_relation);
	int			column = SPI_fnumber(desc, name);
	Form_pg_attribute att;

	if (column <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist",
						name, RelationGetRelationName(data->tg_relation)),
				 errdetail("Trigger \"%s\" is to write there.",
						   data->tg_trigger->tgname)));
	att = TupleDescAttr(desc, column - 1);
	if (att->atttypid != FLOAT8OID && att->atttypid != FLOAT4OID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" for a score must be of type double precision or real, not %s",
						name, format_type_be(att->atttypid))));
	if (att->attgenerated != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
				 errmsg("column \"%s\" for a score must not be a generated one",
						name)));
	if (entry->ncolumns > 0 && column == entry->columns[0])
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_COLUMN),
				 errmsg("score and p-value cannot both go to column \"%s\"",
						name)));
	entry->columns[entry->ncolumns] = column;
	entry->types[entry->ncolumns] = att->atttypid;
	entry->ncolumns++;
}

static void
trigger_read_option(ScoreTrigger *entry, const char *option)
{
	if (strcmp(option, ON_MISSING "null") == 0)
		entry->missing_is_null = true;
	else if (strcmp(option, ON_MISSING "error") == 0)
		entry->missing_is_null = false;
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" of ae_score_trigger() means nothing",
						option),
				 errhint("After one or two columns, there may be 'on_missing=null' or 'on_missing=error'.")));
}

static void
trigger_read_arguments(ScoreTrigger *entry, const TriggerData *data)
{
	const Trigger *trigger = data->tg_trigger;

	if (trigger->tgnargs < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("trigger \"%s\" must name a model and a column",
						trigger->tgname),
				 errhint("Create it with EXECUTE FUNCTION ae_score_trigger('model', 'score_column').")));
	entry->model = MemoryContextStrdup(entry->context, trigger->tgargs[0]);
	entry->model_bytes = strlen(entry->model);
	trigger_add_column(entry, data, trigger->tgargs[1]);
	for (int i = 2; i < trigger->tgnargs; i++)
	{
		if (i == 2 && strchr(trigger->tgargs[i], '=') == NULL)
			trigger_add_column(entry, data, trigger->tgargs[i]);
		else
			trigger_read_option(entry, trigger->tgargs[i]);
	}
}

/* an error on the way leaves an entry that is to be made again */
static ScoreTrigger *
trigger_find(const TriggerData *data)
{
	Oid			trigger = data->tg_trigger->tgoid;
	ScoreTrigger *entry;
	bool		found;

	if (triggers == NULL)
		triggers_create();
	entry = hash_search(triggers, &trigger, HASH_FIND, NULL);
	if (likely(entry != NULL && entry->is_valid &&
			   entry->kernels == aepg_kernels()))
		return entry;

	if (entry == NULL && hash_get_num_entries(triggers) >= MAX_TRIGGERS)
		triggers_clear();
	entry = hash_search(triggers, &trigger, HASH_ENTER, &found);
	if (found && entry->context != NULL)
		MemoryContextDelete(entry->context);
	memset(entry, 0, sizeof(*entry));
	entry->trigger = trigger;
	entry->relation = RelationGetRelid(data->tg_relation);
	entry->context = AllocSetContextCreate(CacheMemoryContext,
										   "autoencoder trigger",
										   ALLOCSET_SMALL_SIZES);
	trigger_read_arguments(entry, data);
	entry->call = aepg_call_create(entry->context);
	entry->kernels = aepg_kernels();
	entry->is_valid = true;
	return entry;
}

/*----------
 * Scores.
 *----------
 */

/* a model must not need what the table does not have yet at that moment */
static void
trigger_check_model(const ScoreTrigger *entry, const TriggerData *data)
{
	const AeFeatures *features = entry->call->model->features;
	TupleDesc	desc = RelationGetDescr(data->tg_relation);

	for (int i = 0; i < features->ncolumns; i++)
	{
		const char *name = features->columns[i].name;
		int			column = SPI_fnumber(desc, name);

		if (column > 0 &&
			TupleDescAttr(desc, column - 1)->attgenerated != '\0')
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("model \"%s\" needs the generated column \"%s\", which is not computed yet when a row is scored",
							entry->model, name),
					 errhint("Train the model without the column.")));
		for (int j = 0; j < entry->ncolumns; j++)
			if (column == entry->columns[j])
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("model \"%s\" needs the column \"%s\", which the trigger writes",
								entry->model, name),
						 errhint("Train the model without the column.")));
	}
}

/* false: there is no model, and that is no error */
static bool
trigger_prepare(ScoreTrigger *entry, FunctionCallInfo fcinfo)
{
	const TriggerData *data = (const TriggerData *) fcinfo->context;
	Oid			function = fcinfo->flinfo->fn_oid;
	const AeModel *model;

	model = aepg_named_model(function, entry->model, entry->model_bytes,
							 &entry->call->site, entry->context);
	if (model == NULL && !entry->missing_is_null)
		aepg_store_report_missing(aepg_store_schema(fcinfo), entry->model);
	if (model == NULL)
	{
		/* once a statement */
		if (fcinfo->flinfo->fn_extra == NULL)
			ereport(WARNING,
					(errcode(ERRCODE_WARNING),
					 errmsg("model \"%s\" does not exist, so rows of \"%s\" are not scored",
							entry->model,
							RelationGetRelationName(data->tg_relation))));
		fcinfo->flinfo->fn_extra = entry;
		return false;
	}
	if (entry->checked != model)
		entry->checked = NULL;
	aepg_call_use(entry->call, model);
	if (entry->checked == NULL)
		trigger_check_model(entry, data);
	entry->checked = model;
	return true;
}

static Datum
trigger_value(Oid type, double number)
{
	return type == FLOAT4OID ? Float4GetDatum((float4) number) :
		Float8GetDatum(number);
}

/* ae_score_trigger(model, score_column [, pvalue_column] [, option]) */
Datum
ae_score_trigger(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	TupleDesc	desc;
	ScoreTrigger *entry;
	HeapTuple	tuple;
	double		numbers[2] = {NAN, NAN};
	Datum		values[2];
	bool		nulls[2];

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("ae_score_trigger() must be called as a trigger")));
	trigger_check_event(data);
	entry = trigger_find(data);
	desc = RelationGetDescr(data->tg_relation);
	tuple = TRIGGER_FIRED_BY_UPDATE(data->tg_event) ? data->tg_newtuple :
		data->tg_trigtuple;
	if (trigger_prepare(entry, fcinfo))
	{
		AepgCall   *call = entry->call;

		aepg_call_tuple(call, tuple, desc);
		numbers[0] = ae_score_row(call->scorer, call->row);
		if (entry->ncolumns > 1 && !isnan(numbers[0]))
			numbers[1] = ae_score_pvalue(call->model, numbers[0]);
	}
	for (int i = 0; i < entry->ncolumns; i++)
	{
		values[i] = trigger_value(entry->types[i], numbers[i]);
		nulls[i] = isnan(numbers[i]);
	}
	return PointerGetDatum(heap_modify_tuple_by_cols(tuple, desc,
													 entry->ncolumns,
													 entry->columns, values,
													 nulls));
}
