/*
 * pg_options_value.h
 *	  One value of the options: set, or refused in words; private to the
 *	  options.
 */
#ifndef AEPG_OPTIONS_VALUE_H
#define AEPG_OPTIONS_VALUE_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "core/options.h"

/* "columns"."amount"."scaling" as columns.amount.scaling */
typedef struct AepgOptionPath
{
	const char *name;			/* of an option */
	const char *column;			/* NULL at the top level */
	const char *field;			/* NULL: the column itself */
} AepgOptionPath;

extern const char *aepg_options_path(const AepgOptionPath *path);

/* errors: with that complaint; a value where range is right; no such name,
 * which may be a typo of one of those */
extern void aepg_options_complain(const AepgOptionPath *path,
								  const char *complaint);
extern void aepg_options_reject(const AepgOptionPath *path, const char *range,
								const JsonbValue *value);
extern void aepg_options_report_missing(const AepgOptionPath *path,
										const char *name,
										const char *const *names, int count);

/* never NULL: a name that does not exist is an error */
extern const AeOption *aepg_options_find(const char *name);

/* of a value that is a number, or a string */
extern double aepg_options_number(const JsonbValue *value);
extern char *aepg_options_text(const JsonbValue *value);

/* what a value is, for "..., not an object" */
extern const char *aepg_options_value_kind(const JsonbValue *value);

/* a value of any kind, through the core's setters */
extern void aepg_options_set(AeOptions *options, const AeOption *option,
							 const AepgOptionPath *path,
							 const JsonbValue *value);

#endif							/* AEPG_OPTIONS_VALUE_H */
