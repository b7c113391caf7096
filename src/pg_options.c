/*
 * pg_options.c
 *	  Options of a training as jsonb.
 *
 * Names, kinds and ranges come from the core's option table.  A column's
 * overrides that are named like an option go through the same setters, by way
 * of a scratch AeOptions.
 */
#include "postgres.h"

#include <limits.h>
#include <math.h>

#include "lib/stringinfo.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "pg_options.h"
#include "pg_options_value.h"

/* the kind of a column that is a set; the core has no such columns */
#define SET_KIND "set"

static const char *const column_option_names[] = {
	"kind", "loss", "max_categories", "min_frequency", "scaling", "skip",
	"weight"
};

/*----------
 * The "columns" option.
 *----------
 */
static AeKind
options_kind(const AepgOptionPath *path, const JsonbValue *value)
{
	StringInfoData range;

	if (value->type == jbvString)
	{
		char	   *name = aepg_options_text(value);

		for (int i = 0; i < AE_KIND_COUNT; i++)
		{
			if (strcmp(name, ae_kind_names[i]) == 0)
				return (AeKind) i;
		}
	}

	initStringInfo(&range);
	for (int i = 0; i < AE_KIND_COUNT; i++)
		appendStringInfo(&range, "%s\"%s\"", i == 0 ? "" :
						 i == AE_KIND_COUNT - 1 ? " or " : ", ",
						 ae_kind_names[i]);
	aepg_options_reject(path, range.data, value);
	return AE_KIND_NUMERIC;
}

/* scratch takes the fields that are options as well */
static void
options_set_column_field(AepgColumnOptions *column, AeOptions *scratch,
						 const AepgOptionPath *path, const JsonbValue *value)
{
	const char *field = path->field;

	if (strcmp(field, "skip") == 0)
	{
		if (value->type != jbvBool)
			aepg_options_reject(path, "true or false", value);
		column->skip = value->val.boolean;
	}
	else if (strcmp(field, "kind") == 0 && value->type == jbvString &&
			 strcmp(aepg_options_text(value), SET_KIND) == 0)
		column->is_set = true;
	else if (strcmp(field, "kind") == 0)
	{
		column->kind = options_kind(path, value);
		column->has_kind = true;
	}
	else if (strcmp(field, "weight") == 0)
	{
		double		weight = 0;

		if (value->type == jbvNumeric)
			weight = aepg_options_number(value);
		if (!(weight >= AE_MIN_WEIGHT && weight <= AE_MAX_WEIGHT))
			aepg_options_reject(path, psprintf("a number from %g to %g",
											   AE_MIN_WEIGHT, AE_MAX_WEIGHT),
								value);
		column->weight = weight;
	}
	else if (strcmp(field, "loss") == 0 || strcmp(field, "scaling") == 0 ||
			 strcmp(field, "max_categories") == 0 ||
			 strcmp(field, "min_frequency") == 0)
		aepg_options_set(scratch, aepg_options_find(field), path, value);
	else
		aepg_options_report_missing(path, field, column_option_names,
									lengthof(column_option_names));
}

static void
options_set_column(AepgColumnOptions *column, AepgOptionPath *path,
				   const JsonbValue *value)
{
	AeOptions	scratch;
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	item;

	if (value->type != jbvBinary ||
		!JsonContainerIsObject(value->val.binary.data))
		aepg_options_reject(path, "an object", value);

	ae_options_init(&scratch);
	scratch.scaling = AE_AUTO;
	scratch.loss = AE_AUTO;
	scratch.max_categories = AE_AUTO;
	scratch.min_frequency = AE_AUTO;
	column->weight = 1;

	it = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &item, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			path->field = aepg_options_text(&item);
		else if (token == WJB_VALUE)
			options_set_column_field(column, &scratch, path, &item);
	}

	column->scaling = scratch.scaling == AE_AUTO ? AE_SCALING_AUTO :
		(AeScaling) scratch.scaling;
	column->loss = scratch.loss;
	column->max_categories = scratch.max_categories;
	column->min_frequency = scratch.min_frequency;
}

static void
options_set_columns(AepgOptions *options, const JsonbValue *value)
{
	AepgOptionPath path = {"columns", NULL, NULL};
	JsonbContainer *object;
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	item;

	if (value->type != jbvBinary ||
		!JsonContainerIsObject(value->val.binary.data))
		aepg_options_reject(&path, "an object", value);

	object = value->val.binary.data;
	options->columns = palloc0((JsonContainerSize(object) + 1) *
							   sizeof(AepgColumnOptions));
	it = JsonbIteratorInit(object);
	while ((token = JsonbIteratorNext(&it, &item, true)) != WJB_DONE)
	{
		AepgColumnOptions *column = &options->columns[options->ncolumns];

		if (token == WJB_KEY)
		{
			column->name = aepg_options_text(&item);
			path.column = column->name;
			path.field = NULL;
		}
		else if (token == WJB_VALUE)
		{
			options_set_column(column, &path, &item);
			options->ncolumns++;
		}
	}
}

/*----------
 * Everything.
 *----------
 */
static void
options_set_label(AepgOptions *options, const AeOption *option,
				  const JsonbValue *value)
{
	AepgOptionPath path = {option->name, NULL, NULL};
	char		range[AE_COMPLAINT_BYTES];

	options->label = NULL;
	if (value->type == jbvString)
		options->label = aepg_options_text(value);
	else if (value->type != jbvNull)
	{
		ae_option_describe_range(option, range, sizeof(range));
		aepg_options_reject(&path, range, value);
	}
}

/* names of columns, each once */
static void
options_set_conditions(AepgOptions *options, const AeOption *option,
					   const JsonbValue *value)
{
	AepgOptionPath path = {option->name, NULL, NULL};
	char		range[AE_COMPLAINT_BYTES];
	JsonbContainer *array;
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	item;

	ae_option_describe_range(option, range, sizeof(range));
	if (value->type != jbvBinary ||
		!JsonContainerIsArray(value->val.binary.data))
		aepg_options_reject(&path, range, value);

	array = value->val.binary.data;
	options->nconditions = 0;
	options->conditions = palloc((JsonContainerSize(array) + 1) *
								 sizeof(char *));
	it = JsonbIteratorInit(array);
	while ((token = JsonbIteratorNext(&it, &item, true)) != WJB_DONE)
	{
		char	   *name;

		if (token != WJB_ELEM)
			continue;
		if (item.type != jbvString)
			aepg_options_complain(&path,
								  psprintf("must hold names, not %s",
										   aepg_options_value_kind(&item)));
		name = aepg_options_text(&item);
		for (int i = 0; i < options->nconditions; i++)
			if (strcmp(options->conditions[i], name) == 0)
				aepg_options_complain(&path,
									  psprintf("names column \"%s\" twice",
											   name));
		options->conditions[options->nconditions++] = name;
	}
}

/* the session's zone unless another was given */
static void
options_set_time_zone(AeOptions *options)
{
	pg_tz	   *zone;

	if (options->time_zone[0] == '\0')
	{
		const char *name = pg_get_timezone_name(session_timezone);
		char		complaint[AE_COMPLAINT_BYTES];

		if (name == NULL ||
			!ae_option_set_text(options, aepg_options_find("time_zone"), name,
								complaint))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the session's time zone has a name that a model cannot keep"),
					 errhint("Give the option \"time_zone\".")));
	}

	zone = pg_tzset(options->time_zone);
	if (zone == NULL || !pg_tz_acceptable(zone))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"time_zone\" must be the name of a time zone, not \"%s\"",
						options->time_zone),
				 errhint("The view pg_timezone_names lists them.")));
}

/* what was given must matter; options_resolve_input() looks at sets */
static void
options_check_uses(const AeOptions *options)
{
	if (options->input == AE_INPUT_SET)
		return;
	for (int i = 0; i < ae_option_count; i++)
	{
		const AeOption *option = &ae_option_table[i];
		AepgOptionPath path = {option->name, NULL, NULL};
		char		complaint[AE_COMPLAINT_BYTES];

		if (!ae_option_applies(options, option, complaint) &&
			!ae_option_is_auto(options, option))
			aepg_options_complain(&path, complaint);
	}
}

void
aepg_options_check_score(const AeOptions *options)
{
	bool		hides = options->corruption == AE_AUTO ||
		options->corruption == AE_CORRUPTION_MASK;

	/* a rate that is automatic is NaN */
	if (options->score == AE_SCORE_CONDITIONAL &&
		(!hides || options->corruption_rate == 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"score\" cannot be \"conditional\" when the training hides no cells"),
				 errhint("Leave the option \"corruption\" out or set it to \"mask\", with a \"corruption_rate\" above 0.")));
}

static void
options_require_squares(const AepgOptionPath *path, int variant, int loss)
{
	if (loss != AE_AUTO && loss != AE_LOSS_SQUARED)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" must be \"mse\" for variant \"%s\"",
						aepg_options_path(path),
						aepg_options_find("variant")->choices[variant]),
				 errhint("The likelihood of a number is that of a normal distribution.")));
}

/* losses of a variational model are likelihoods */
static void
options_check_losses(const AepgOptions *options)
{
	AepgOptionPath path = {"loss", NULL, NULL};

	if (!ae_options_variational(&options->core))
		return;
	options_require_squares(&path, options->core.variant, options->core.loss);
	for (int i = 0; i < options->ncolumns; i++)
	{
		AepgOptionPath column = {"columns", options->columns[i].name, "loss"};

		options_require_squares(&column, options->core.variant,
								options->columns[i].loss);
	}
}

/* jsonb is an object, or NULL */
static bool
options_have(Jsonb *jsonb, const char *name)
{
	return jsonb != NULL &&
		getKeyJsonValueFromContainer(&jsonb->root, name, (int) strlen(name),
									 NULL) != NULL;
}

/* one column is the set, and all others are beside it */
static void
options_find_set(AepgOptions *options)
{
	for (int i = 0; i < options->ncolumns; i++)
	{
		AepgColumnOptions *column = &options->columns[i];

		if (!column->is_set)
			continue;
		if (options->core.input != AE_INPUT_SET || options->set_column != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("column \"%s\" cannot be a set of items",
							column->name),
					 options->set_column != NULL ?
					 errdetail("Column \"%s\" is one already.",
							   options->set_column) :
					 errhint("Set the option \"variant\" to \"mult_vae\".")));
		options->set_column = column->name;
		column->skip = true;
	}
	if (options->core.input == AE_INPUT_SET && options->ncolumns > 0 &&
		options->set_column == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"columns\" must say which column is the set of items"),
				 errhint("Give that column the kind \"set\".")));
}

/*
 * Rows are sets of items: a variant that takes them, and nothing else.  Who
 * asks for ease gets what was published under that name; who asks for nothing
 * gets what is best.
 */
static void
options_resolve_input(AeOptions *options, Jsonb *jsonb)
{
	bool		is_of_sets = ae_variant_is_of_sets(options->variant);

	if (is_of_sets && options_have(jsonb, "input") &&
		options->input != AE_INPUT_SET)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"input\" must be \"set\" for this variant")));
	if (is_of_sets)
		options->input = AE_INPUT_SET;
	if (options->input != AE_INPUT_SET)
		return;
	if (!is_of_sets && options_have(jsonb, "variant"))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"variant\" must be \"ease\", \"mult_dae\" or \"mult_vae\" for sets of items")));
	if (!is_of_sets)
		options->variant = AE_VARIANT_EASE;
	else
	{
		if (!options_have(jsonb, "normalization"))
			options->normalization = 0;
		if (!options_have(jsonb, "row_normalization"))
			options->row_normalization = 0;
	}
	for (int i = 0; i < ae_option_count; i++)
	{
		const AeOption *option = &ae_option_table[i];
		AepgOptionPath path = {option->name, NULL, NULL};
		char		complaint[AE_COMPLAINT_BYTES];

		if (options_have(jsonb, option->name) &&
			!ae_option_applies(options, option, complaint))
			aepg_options_complain(&path, complaint);
	}
}

AepgOptions *
aepg_options_parse(Jsonb *jsonb)
{
	AepgOptions *options = palloc0(sizeof(AepgOptions));

	ae_options_init(&options->core);

	if (jsonb != NULL)
	{
		JsonbIterator *it;
		JsonbIteratorToken token;
		JsonbValue	item;
		const AeOption *option = NULL;

		if (!JB_ROOT_IS_OBJECT(jsonb))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("options must be a JSON object"),
					 errhint("Pass something like '{\"epochs\": 50}'.")));

		it = JsonbIteratorInit(&jsonb->root);
		while ((token = JsonbIteratorNext(&it, &item, true)) != WJB_DONE)
		{
			if (token == WJB_KEY)
				option = aepg_options_find(aepg_options_text(&item));
			else if (token == WJB_VALUE && option->kind == AE_OPTION_COLUMNS)
				options_set_columns(options, &item);
			else if (token == WJB_VALUE && option->kind == AE_OPTION_NAMES)
				options_set_conditions(options, option, &item);
			else if (token == WJB_VALUE && option->kind == AE_OPTION_COLUMN)
				options_set_label(options, option, &item);
			else if (token == WJB_VALUE)
			{
				AepgOptionPath path = {option->name, NULL, NULL};

				aepg_options_set(&options->core, option, &path, &item);
			}
		}
	}

	options_resolve_input(&options->core, jsonb);
	options_find_set(options);
	if (options->core.score == AE_SCORE_NEIGHBOUR &&
		options->core.coreset == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"score\" cannot be \"neighbour\" when option \"coreset\" is 0"),
				 errhint("Without a coreset the score is \"distance\".")));
	options_check_uses(&options->core);
	aepg_options_check_score(&options->core);
	if (ae_options_classes(&options->core) && options->label == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("this variant needs the option \"label\""),
				 errhint("Name the column of classes, which is NULL where they are unknown.")));
	options_check_losses(options);
	options_set_time_zone(&options->core);
	return options;
}
