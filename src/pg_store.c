/*
 * pg_store.c
 *	  The extension's tables of named models.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"

#include "pg_store.h"

/* names that are looked at to find one like the one that is missing */
#define MAX_NAMES 1000

Oid
aepg_store_schema(FunctionCallInfo fcinfo)
{
	return get_func_namespace(fcinfo->flinfo->fn_oid);
}

char *
aepg_store_sql(Oid schema, const char *sql)
{
	const char *prefix = quote_identifier(get_namespace_name(schema));
	StringInfoData result;

	initStringInfo(&result);
	for (; *sql != '\0'; sql++)
	{
		if (*sql == '@')
			appendStringInfo(&result, "%s.", prefix);
		else
			appendStringInfoChar(&result, *sql);
	}
	return result.data;
}

uint64
aepg_store_run(Oid schema, const char *sql, bool read_only, int nargs,
			   const Oid *types, const Datum *values, const char *nulls)
{
	int			status;

	status = SPI_execute_with_args(aepg_store_sql(schema, sql), nargs,
								   unconstify(Oid *, types),
								   unconstify(Datum *, values), nulls,
								   read_only, 0);
	if (status < 0)
		elog(ERROR, "statement on models failed: %s",
			 SPI_result_code_string(status));
	return SPI_processed;
}

Datum
aepg_store_value(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc,
						 column, isnull);
}

/* the name most like this one, NULL if none is near; may be in SPI's memory */
static const char *
store_find_nearest(Oid schema, const char *name)
{
	int			len = strlen(name);
	int			limit = 1 + len / 3;
	const char *nearest = NULL;
	uint64		count;

	if (len > AEPG_NAME_BYTES)
		return NULL;
	count = aepg_store_run(schema,
						   "SELECT name FROM @ae_named_model"
						   " ORDER BY name LIMIT " CppAsString2(MAX_NAMES),
						   true, 0, NULL, NULL, NULL);
	for (uint64 i = 0; i < count; i++)
	{
		char	   *other = SPI_getvalue(SPI_tuptable->vals[i],
										 SPI_tuptable->tupdesc, 1);
		int			distance;

		distance = varstr_levenshtein_less_equal(name, len, other,
												 strlen(other), 1, 1, 1,
												 limit, true);
		if (distance <= limit)
		{
			nearest = other;
			limit = distance - 1;
		}
	}
	return nearest;
}

void
aepg_store_report_missing(Oid schema, const char *name)
{
	const char *nearest;

	SPI_connect();
	nearest = store_find_nearest(schema, name);
	if (nearest != NULL && strcmp(nearest, name) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("model \"%s\" has no current version", name),
				 errhint("Its owner can choose one with ae_rollback_model().")));
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 strncmp(name, "\\x", 2) == 0 ?
			 errmsg("model \"%.*s...\" does not exist",
					pg_mbcliplen(name, strlen(name), 8), name) :
			 errmsg("model \"%s\" does not exist", name),
			 strncmp(name, "\\x", 2) == 0 ?
			 errhint("A literal without a type is taken for the name of a model. Cast the bytes of a model, as in '\\x...'::bytea.") :
			 nearest != NULL ? errhint("Perhaps you meant \"%s\".", nearest) :
			 0));
}

char *
aepg_store_name(FunctionCallInfo fcinfo, int arg)
{
	char	   *name;
	size_t		len;

	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name of a model must not be NULL")));
	name = text_to_cstring(PG_GETARG_TEXT_PP(arg));
	len = strlen(name);
	if (len < 1 || len > AEPG_NAME_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("name of a model must have 1 to %d bytes, not %zu",
						AEPG_NAME_BYTES, len)));
	return name;
}

/*----------
 * Changes.
 *----------
 */

/* runs a statement on the row of a name, which is $1 */
static uint64
store_run_on(Oid schema, const char *sql, const char *name)
{
	const Oid	types[] = {TEXTOID};
	const Datum values[] = {CStringGetTextDatum(name)};

	return aepg_store_run(schema, sql, false, 1, types, values, NULL);
}

/* error unless the caller owns a model that it may see */
static void
store_check_owner(Oid schema, const char *name)
{
	bool		isnull;

	if (store_run_on(schema,
					 "SELECT pg_catalog.pg_has_role(owner, 'USAGE')"
					 " FROM @ae_named_model"
					 " WHERE name OPERATOR(pg_catalog.=) $1", name) == 0)
		aepg_store_report_missing(schema, name);
	if (!DatumGetBool(aepg_store_value(0, 1, &isnull)) || isnull)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of model \"%s\"", name)));
}

void
aepg_store_lock(Oid schema, const char *name, bool exclusive)
{
	store_check_owner(schema, name);
	if (store_run_on(schema, exclusive ?
					 "SELECT current_version FROM @ae_named_model"
					 " WHERE name OPERATOR(pg_catalog.=) $1 FOR UPDATE" :
					 "SELECT current_version FROM @ae_named_model"
					 " WHERE name OPERATOR(pg_catalog.=) $1"
					 " FOR NO KEY UPDATE", name) == 0)
		aepg_store_report_missing(schema, name);
}

/*
 * Policies hide from SELECT ... FOR UPDATE and the like what the caller may
 * not update.  KEY SHARE keeps the row from being dropped or renamed, but
 * lets versions come and go.
 */
void
aepg_store_claim(Oid schema, const char *name, bool may_exist)
{
	bool		is_owner = false;

	/* again if somebody else has just made the row */
	for (int i = 0; i < 2; i++)
	{
		is_owner = store_run_on(schema,
								"SELECT FROM @ae_named_model"
								" WHERE name OPERATOR(pg_catalog.=) $1"
								" FOR KEY SHARE", name) > 0;
		if (is_owner && may_exist)
			return;
		if (is_owner)
			break;
		if (store_run_on(schema,
						 "INSERT INTO @ae_named_model (name) VALUES ($1)"
						 " ON CONFLICT DO NOTHING", name) > 0)
			return;
	}
	if (may_exist)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of model \"%s\"", name)));
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_OBJECT),
			 errmsg("model \"%s\" already exists", name),
			 is_owner ?
			 errhint("Pass replace => true to train a new version.") :
			 errhint("Choose another name: names are unique in the database.")));
}

void
aepg_store_set_current(Oid schema, const char *name, int32 version)
{
	const Oid	types[] = {TEXTOID, INT4OID};
	const Datum values[] = {
		CStringGetTextDatum(name), Int32GetDatum(version)
	};

	aepg_store_run(schema,
				   "UPDATE @ae_named_model SET current_version = $2"
				   " WHERE name OPERATOR(pg_catalog.=) $1", false,
				   lengthof(types), types, values, NULL);
}

int32
aepg_store_add(Oid schema, const char *name, const AepgVersion *version)
{
	const Oid	types[] = {
		TEXTOID, BYTEAOID, FLOAT8OID, INT8OID, TEXTOID, JSONBOID, TEXTOID
	};
	const Datum values[] = {
		CStringGetTextDatum(name), version->model,
		Float8GetDatum(version->seconds), Int64GetDatum(version->rows),
		version->query, version->options, version->note
	};
	const char	nulls[] = {
		' ', ' ', isnan(version->seconds) ? 'n' : ' ', ' ',
		version->query == 0 ? 'n' : ' ', version->options == 0 ? 'n' : ' ',
		version->note == 0 ? 'n' : ' '
	};
	bool		isnull;
	int32		number;

	/* others that add a version wait, so that each counts on from the last */
	aepg_store_lock(schema, name, false);
	aepg_store_run(schema,
				   "INSERT INTO @ae_model_version"
				   " (name, version, model, seconds, rows, query, options,"
				   " note)"
				   " SELECT $1, coalesce(pg_catalog.max(version), 0)"
				   " OPERATOR(pg_catalog.+) 1, $2, $3, $4, $5, $6, $7"
				   " FROM @ae_model_version"
				   " WHERE name OPERATOR(pg_catalog.=) $1"
				   " RETURNING version",
				   false, lengthof(types), types, values, nulls);
	number = DatumGetInt32(aepg_store_value(0, 1, &isnull));
	aepg_store_set_current(schema, name, number);
	return number;
}
