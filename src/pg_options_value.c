/*
 * pg_options_value.c
 *	  One value of the options: set, or refused in words.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/varlena.h"

#include "pg_options_value.h"

#define MAX_SUGGESTIONS 3
#define MAX_TYPO_BYTES 64		/* a longer name is no typo of any of ours */
#define MAX_SHOWN_DIGITS 40

const char *
aepg_options_path(const AepgOptionPath *path)
{
	if (path->column == NULL)
		return path->name;
	if (path->field == NULL)
		return psprintf("%s.%s", path->name, path->column);
	return psprintf("%s.%s.%s", path->name, path->column, path->field);
}

void
aepg_options_complain(const AepgOptionPath *path, const char *complaint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" %s", aepg_options_path(path), complaint)));
}

/*----------
 * Names that do not exist.
 *----------
 */
typedef struct Suggestion
{
	const char *name;
	int			distance;
} Suggestion;

static int
options_compare_suggestions(const void *a, const void *b)
{
	const Suggestion *x = a;
	const Suggestion *y = b;

	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* "Perhaps you meant ...", or all names when none is near */
static char *
options_hint(const char *name, const char *const *names, int count)
{
	Suggestion *found = palloc(count * sizeof(Suggestion));
	int			nfound = 0;
	int			len = strlen(name);
	int			limit = 1 + len / 3;
	StringInfoData hint;

	for (int i = 0; i < count && len <= MAX_TYPO_BYTES; i++)
	{
		int			distance;

		distance = varstr_levenshtein_less_equal(name, len, names[i],
												 strlen(names[i]), 1, 1, 1,
												 limit, true);
		if (distance <= limit)
			found[nfound++] = (Suggestion) {names[i], distance};
	}

	initStringInfo(&hint);
	if (nfound == 0)
	{
		appendStringInfoString(&hint, "The names are ");
		for (int i = 0; i < count; i++)
			appendStringInfo(&hint, "%s\"%s\"", i == 0 ? "" :
							 i == count - 1 ? " and " : ", ", names[i]);
	}
	else
	{
		qsort(found, nfound, sizeof(Suggestion), options_compare_suggestions);
		appendStringInfoString(&hint, "Perhaps you meant ");
		for (int i = 0; i < Min(nfound, MAX_SUGGESTIONS); i++)
			appendStringInfo(&hint, "%s\"%s\"", i == 0 ? "" : " or ",
							 found[i].name);
	}
	appendStringInfoChar(&hint, '.');
	return hint.data;
}

void
aepg_options_report_missing(const AepgOptionPath *path, const char *name,
							const char *const *names, int count)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" does not exist", aepg_options_path(path)),
			 errhint("%s", options_hint(name, names, count))));
}

const AeOption *
aepg_options_find(const char *name)
{
	const AeOption *option = ae_option_find(name);

	if (option == NULL)
	{
		AepgOptionPath path = {name, NULL, NULL};
		const char **names = palloc(ae_option_count * sizeof(char *));

		for (int i = 0; i < ae_option_count; i++)
			names[i] = ae_option_table[i].name;
		aepg_options_report_missing(&path, name, names, ae_option_count);
	}
	return option;
}

/*----------
 * Values.
 *----------
 */
double
aepg_options_number(const JsonbValue *value)
{
	Datum		numeric = NumericGetDatum(value->val.numeric);

	return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
											  numeric));
}

char *
aepg_options_text(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/* with all its digits, if they are not hundreds */
static const char *
options_shown_number(const JsonbValue *value)
{
	const char *text = numeric_normalize(value->val.numeric);

	return strlen(text) <= MAX_SHOWN_DIGITS ? text
		: psprintf("%g", aepg_options_number(value));
}

/* what a value is, for "..., not an object" */
const char *
aepg_options_value_kind(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNull:
			return "null";
		case jbvString:
			return psprintf("\"%s\"", aepg_options_text(value));
		case jbvNumeric:
			return options_shown_number(value);
		case jbvBool:
			return value->val.boolean ? "true" : "false";
		case jbvArray:
			return "a list";
		case jbvObject:
			return "an object";
		case jbvBinary:
			return JsonContainerIsArray(value->val.binary.data) ?
				"a list" : "an object";
		case jbvDatetime:
			break;
	}
	return "a value of another kind";
}

void
aepg_options_reject(const AepgOptionPath *path, const char *range,
					const JsonbValue *value)
{
	aepg_options_complain(path, psprintf("must be %s, not %s", range,
										 aepg_options_value_kind(value)));
}

static bool
options_set_list(AeOptions *options, const AeOption *option,
				 const AepgOptionPath *path, JsonbContainer *array,
				 char *complaint)
{
	JsonbIterator *it = JsonbIteratorInit(array);
	JsonbIteratorToken token;
	JsonbValue	value;
	double	   *values = palloc((JsonContainerSize(array) + 1) *
								sizeof(double));
	int			count = 0;

	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		if (value.type != jbvNumeric)
			aepg_options_complain(path,
								  psprintf("must hold numbers, not %s",
										   aepg_options_value_kind(&value)));
		values[count++] = aepg_options_number(&value);
	}
	return ae_option_set_list(options, option, values, count, complaint);
}

void
aepg_options_set(AeOptions *options, const AeOption *option,
				 const AepgOptionPath *path, const JsonbValue *value)
{
	char		complaint[AE_COMPLAINT_BYTES];
	char		range[AE_COMPLAINT_BYTES];
	bool		fine;

	if (value->type == jbvNull)
		fine = ae_option_set_null(options, option, complaint);
	else if (value->type == jbvNumeric)
		fine = ae_option_set_number(options, option,
									aepg_options_number(value), complaint);
	else if (value->type == jbvBool)
		fine = ae_option_set_bool(options, option, value->val.boolean,
								  complaint);
	else if (value->type == jbvString)
		fine = ae_option_set_text(options, option, aepg_options_text(value),
								  complaint);
	else if (value->type == jbvBinary &&
			 JsonContainerIsArray(value->val.binary.data))
		fine = options_set_list(options, option, path,
								value->val.binary.data, complaint);
	else
	{
		ae_option_describe_range(option, range, sizeof(range));
		aepg_options_reject(path, range, value);
		return;
	}

	if (!fine)
		aepg_options_complain(path, complaint);
}
