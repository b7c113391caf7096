/*
 * pg_store.h
 *	  The extension's tables of named models.
 *
 * Everything goes through SPI with the rights of the caller, so that
 * privileges and row-level security decide, not code of ours.  Names of
 * functions and operators are qualified: the caller's search_path is not to
 * be trusted.
 */
#ifndef AEPG_STORE_H
#define AEPG_STORE_H

#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"

/* the longest name of a model */
#define AEPG_NAME_BYTES (NAMEDATALEN - 1)

/* the schema of the extension that the called function belongs to */
extern Oid	aepg_store_schema(FunctionCallInfo fcinfo);

/*
 * A statement for SPI: every @ stands for that schema and a dot.  In the
 * current memory context.
 */
extern char *aepg_store_sql(Oid schema, const char *sql);

/*
 * Runs a statement between SPI_connect() and SPI_finish(); returns the number
 * of rows.  nulls as for SPI.
 */
extern uint64 aepg_store_run(Oid schema, const char *sql, bool read_only,
							 int nargs, const Oid *types, const Datum *values,
							 const char *nulls);

/* the value in a row of SPI_tuptable */
extern Datum aepg_store_value(uint64 row, int column, bool *isnull);

/* reports that no model that the caller may see has this name */
extern void aepg_store_report_missing(Oid schema, const char *name);

/* the name of a model in argument arg; error if it cannot be one */
extern char *aepg_store_name(FunctionCallInfo fcinfo, int arg);

/*
 * What follows is to be called between SPI_connect() and SPI_finish().
 *
 * Makes sure that there is a row for the name and that the caller owns it;
 * until the transaction ends, nobody else drops or renames the model.
 */
extern void aepg_store_claim(Oid schema, const char *name, bool may_exist);

/*
 * Error unless the model exists and the caller owns it.  Locks its row against
 * other changes of the current version and of rights or, exclusive, also
 * against trainings, which it waits for.  SPI_tuptable has the current
 * version.
 */
extern void aepg_store_lock(Oid schema, const char *name, bool exclusive);

/* scores by name use that version from the next command on */
extern void aepg_store_set_current(Oid schema, const char *name,
								   int32 version);

/* what is kept beside a version's model */
typedef struct AepgVersion
{
	Datum		model;
	double		seconds;		/* NaN: not trained here */
	int64		rows;
	Datum		query;			/* text; 0 for none, as below */
	Datum		options;		/* jsonb */
	Datum		note;			/* text */
} AepgVersion;

/* makes it the newest and the current version; returns its number */
extern int32 aepg_store_add(Oid schema, const char *name,
							const AepgVersion *version);

#endif							/* AEPG_STORE_H */
