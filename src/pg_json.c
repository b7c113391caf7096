/*
 * pg_json.c
 *	  JSON text piece by piece, for results of type jsonb.
 *
 * Numbers are printed by rules that no setting changes, because some callers
 * are immutable.
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "fmgr.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"

#include "pg_json.h"

void
aepg_json_key(StringInfo json, const char *key)
{
	if (json->data[json->len - 1] != '{')
		appendStringInfoChar(json, ',');
	escape_json(json, key);
	appendStringInfoChar(json, ':');
}

void
aepg_json_text(StringInfo json, const char *key, const char *value)
{
	aepg_json_key(json, key);
	escape_json(json, value);
}

void
aepg_json_count(StringInfo json, const char *key, uint64 value)
{
	aepg_json_key(json, key);
	appendStringInfo(json, UINT64_FORMAT, value);
}

void
aepg_json_number(StringInfo json, const char *key, double value)
{
	char		number[DOUBLE_SHORTEST_DECIMAL_LEN];

	aepg_json_key(json, key);
	if (isfinite(value))
	{
		double_to_shortest_decimal_buf(value, number);
		appendStringInfoString(json, number);
	}
	else
		appendStringInfoString(json, "null");
}

Datum
aepg_json_finish(StringInfo json)
{
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json->data));
}
