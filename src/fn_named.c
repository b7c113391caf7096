/*
 * fn_named.c
 *	  SQL functions that manage named models.
 *
 * All are statements on the extension's tables, run as the caller; what the
 * policies of the tables do not allow finds no row.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"

#include "pg_compat.h"
#include "pg_model.h"
#include "pg_store.h"

PG_FUNCTION_INFO_V1(ae_store_model);
PG_FUNCTION_INFO_V1(ae_model);
PG_FUNCTION_INFO_V1(ae_drop_model);
PG_FUNCTION_INFO_V1(ae_rename_model);
PG_FUNCTION_INFO_V1(ae_rollback_model);
PG_FUNCTION_INFO_V1(ae_prune_model);
PG_FUNCTION_INFO_V1(ae_grant_model);
PG_FUNCTION_INFO_V1(ae_revoke_model);

static void
report_missing_version(const char *name, int32 version)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("model \"%s\" has no version %d", name, version),
			 errhint("The view ae_models shows the versions.")));
}

/* ae_store_model(name text, model bytea [, note text]) returns integer */
Datum
ae_store_model(PG_FUNCTION_ARGS)
{
	Oid			schema = aepg_store_schema(fcinfo);
	const char *name = aepg_store_name(fcinfo, 0);
	AepgVersion version = {0};
	AepgModelRef *ref = NULL;
	const AeModel *model;
	int32		number;

	PreventCommandIfReadOnly("ae_store_model()");
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("model must not be NULL")));
	model = aepg_model_get(PG_GETARG_DATUM(1), &ref, CurrentMemoryContext);
	version.model = PG_GETARG_DATUM(1);
	version.seconds = NAN;
	version.rows = model->nseen;
	version.note = PG_ARGISNULL(2) ? 0 : PG_GETARG_DATUM(2);

	SPI_connect();
	aepg_store_claim(schema, name, true);
	number = aepg_store_add(schema, name, &version);
	SPI_finish();
	PG_RETURN_INT32(number);
}

/*
 * ae_model(name text [, version integer]) returns bytea
 *
 * Strict.  The result stays where it is stored until it is needed.
 */
Datum
ae_model(PG_FUNCTION_ARGS)
{
	Oid			schema = aepg_store_schema(fcinfo);
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	const Oid	types[] = {TEXTOID, INT4OID};
	bool		is_current = PG_NARGS() < 2;
	const Datum values[] = {
		CStringGetTextDatum(name), is_current ? 0 : PG_GETARG_DATUM(1)
	};
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext old;
	bool		isnull;
	Datum		model;

	SPI_connect();
	if (aepg_store_run(schema,
					   "SELECT v.model FROM @ae_named_model n"
					   " LEFT JOIN @ae_model_version v"
					   " ON v.name OPERATOR(pg_catalog.=) n.name"
					   " AND v.version OPERATOR(pg_catalog.=)"
					   " coalesce($2, n.current_version)"
					   " WHERE n.name OPERATOR(pg_catalog.=) $1", true,
					   lengthof(types), types, values,
					   is_current ? " n" : NULL) == 0)
		aepg_store_report_missing(schema, name);
	model = aepg_store_value(0, 1, &isnull);
	if (isnull && is_current)
		aepg_store_report_missing(schema, name);
	if (isnull)
		report_missing_version(name, PG_GETARG_INT32(1));
	old = MemoryContextSwitchTo(caller);
	model = datumCopy(model, false, -1);
	MemoryContextSwitchTo(old);
	SPI_finish();
	PG_RETURN_DATUM(model);
}

/* ae_drop_model(name text [, if_exists boolean]) returns void */
Datum
ae_drop_model(PG_FUNCTION_ARGS)
{
	Oid			schema = aepg_store_schema(fcinfo);
	const char *name = aepg_store_name(fcinfo, 0);
	const Oid	types[] = {TEXTOID};
	const Datum values[] = {CStringGetTextDatum(name)};
	bool		if_exists = !PG_ARGISNULL(1) && PG_GETARG_BOOL(1);

	SPI_connect();
	if (if_exists &&
		aepg_store_run(schema,
					   "SELECT FROM @ae_named_model"
					   " WHERE name OPERATOR(pg_catalog.=) $1", false,
					   1, types, values, NULL) == 0)
		ereport(NOTICE,
				(errmsg("model \"%s\" does not exist, skipping", name)));
	else
	{
		aepg_store_lock(schema, name, true);
		aepg_store_run(schema,
					   "DELETE FROM @ae_named_model"
					   " WHERE name OPERATOR(pg_catalog.=) $1", false,
					   1, types, values, NULL);
	}
	SPI_finish();
	PG_RETURN_VOID();
}

/* ae_rename_model(name text, new_name text) returns void */
Datum
ae_rename_model(PG_FUNCTION_ARGS)
{
	Oid			schema = aepg_store_schema(fcinfo);
	const char *name = aepg_store_name(fcinfo, 0);
	const char *new_name = aepg_store_name(fcinfo, 1);
	const Oid	types[] = {TEXTOID, TEXTOID};
	const Datum values[] = {
		CStringGetTextDatum(name), CStringGetTextDatum(new_name)
	};

	SPI_connect();
	aepg_store_lock(schema, name, true);
	aepg_store_run(schema,
				   "UPDATE @ae_named_model SET name = $2"
				   " WHERE name OPERATOR(pg_catalog.=) $1", false,
				   lengthof(types), types, values, NULL);
	SPI_finish();
	PG_RETURN_VOID();
}

/*
 * ae_rollback_model(name text, version integer) returns integer
 *
 * The version that was current before.
 */
Datum
ae_rollback_model(PG_FUNCTION_ARGS)
{
	Oid			schema = aepg_store_schema(fcinfo);
	const char *name = aepg_store_name(fcinfo, 0);
	const Oid	types[] = {TEXTOID, INT4OID};
	const Datum values[] = {CStringGetTextDatum(name), PG_GETARG_DATUM(1)};
	bool		isnull;
	bool		has_version;
	Datum		before;

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("version must not be NULL")));
	SPI_connect();
	aepg_store_lock(schema, name, false);
	before = aepg_store_value(0, 1, &isnull);

	/* locked, so that it is not pruned meanwhile */
	has_version = aepg_store_run(schema,
								 "SELECT FROM @ae_model_version"
								 " WHERE name OPERATOR(pg_catalog.=) $1"
								 " AND version OPERATOR(pg_catalog.=) $2"
								 " FOR KEY SHARE", false, lengthof(types),
								 types, values, NULL) > 0;
	if (!has_version)
		report_missing_version(name, PG_GETARG_INT32(1));
	aepg_store_set_current(schema, name, PG_GETARG_INT32(1));
	SPI_finish();
	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(before);
}

/*
 * ae_prune_model(name text, keep integer) returns integer
 *
 * Keeps the newest versions and the current one; the number that it dropped.
 */
Datum
ae_prune_model(PG_FUNCTION_ARGS)
{
	Oid			schema = aepg_store_schema(fcinfo);
	const char *name = aepg_store_name(fcinfo, 0);
	const Oid	types[] = {TEXTOID, INT4OID};
	const Datum values[] = {CStringGetTextDatum(name), PG_GETARG_DATUM(1)};
	uint64		count;

	if (PG_ARGISNULL(1) || PG_GETARG_INT32(1) < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of versions to keep must be at least 1")));
	SPI_connect();
	aepg_store_lock(schema, name, false);
	count = aepg_store_run(schema,
						   "DELETE FROM @ae_model_version v"
						   " USING @ae_named_model n"
						   " WHERE n.name OPERATOR(pg_catalog.=) $1"
						   " AND v.name OPERATOR(pg_catalog.=) $1"
						   " AND v.version OPERATOR(pg_catalog.<>)"
						   " n.current_version"
						   " AND v.version OPERATOR(pg_catalog.<=)"
						   " (SELECT k.version FROM @ae_model_version k"
						   " WHERE k.name OPERATOR(pg_catalog.=) $1"
						   " ORDER BY k.version DESC"
						   " OFFSET $2 LIMIT 1)", false, lengthof(types),
						   types, values, NULL);
	SPI_finish();
	PG_RETURN_INT32((int32) count);
}

/*----------
 * Rights.
 *----------
 */

/* the role of that name in argument arg; 0 for public */
static Oid
grant_role(FunctionCallInfo fcinfo, int arg)
{
	char	   *role;

	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("role must not be NULL")));
	role = text_to_cstring(PG_GETARG_TEXT_PP(arg));
	return strcmp(role, "public") == 0 ? InvalidOid :
		get_role_oid(role, false);
}

static void
grant_run(FunctionCallInfo fcinfo, const char *sql)
{
	Oid			schema = aepg_store_schema(fcinfo);
	const char *name = aepg_store_name(fcinfo, 0);
	const Oid	types[] = {TEXTOID, REGROLEOID};
	const Datum values[] = {
		CStringGetTextDatum(name), ObjectIdGetDatum(grant_role(fcinfo, 1))
	};

	SPI_connect();
	aepg_store_lock(schema, name, false);
	aepg_store_run(schema, sql, false, lengthof(types), types, values, NULL);
	SPI_finish();
}

/* ae_grant_model(name text, role text) returns void */
Datum
ae_grant_model(PG_FUNCTION_ARGS)
{
	grant_run(fcinfo,
			  "UPDATE @ae_named_model"
			  " SET readers = pg_catalog.array_append("
			  "pg_catalog.array_remove(readers, $2), $2)"
			  " WHERE name OPERATOR(pg_catalog.=) $1");
	PG_RETURN_VOID();
}

/* ae_revoke_model(name text, role text) returns void */
Datum
ae_revoke_model(PG_FUNCTION_ARGS)
{
	grant_run(fcinfo,
			  "UPDATE @ae_named_model"
			  " SET readers = pg_catalog.array_remove(readers, $2)"
			  " WHERE name OPERATOR(pg_catalog.=) $1");
	PG_RETURN_VOID();
}
