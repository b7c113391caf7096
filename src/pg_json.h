/*
 * pg_json.h
 *	  JSON text piece by piece, for results of type jsonb.
 */
#ifndef AEPG_JSON_H
#define AEPG_JSON_H

#include "postgres.h"

#include "lib/stringinfo.h"

/* the next key of an object; its value is to follow */
extern void aepg_json_key(StringInfo json, const char *key);

/* keys with values; a number that is not finite becomes null */
extern void aepg_json_text(StringInfo json, const char *key,
						   const char *value);
extern void aepg_json_count(StringInfo json, const char *key, uint64 value);
extern void aepg_json_number(StringInfo json, const char *key, double value);

/* the finished text as jsonb */
extern Datum aepg_json_finish(StringInfo json);

#endif							/* AEPG_JSON_H */
