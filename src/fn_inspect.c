/*
 * fn_inspect.c
 *	  SQL functions that show what is in a model, and the training options.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/json.h"

#include "pg_compat.h"
#include "pg_json.h"
#include "pg_named.h"

PG_FUNCTION_INFO_V1(ae_info);
PG_FUNCTION_INFO_V1(ae_features);
PG_FUNCTION_INFO_V1(ae_history);
PG_FUNCTION_INFO_V1(ae_options);

static const char *const layer_kind_names[AE_LAYER_COUNT] = {
	[AE_LAYER_DENSE] = "dense",
	[AE_LAYER_SPARSE] = "sparse",
	[AE_LAYER_GAUSSIAN] = "gaussian",
	[AE_LAYER_JOIN] = "join"
};

/* the model in argument 0 */
static const AeModel *
inspect_model(FunctionCallInfo fcinfo)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;

	if (flinfo->fn_extra == NULL)
		flinfo->fn_extra = MemoryContextAllocZero(flinfo->fn_mcxt,
												  sizeof(AepgModelArg));
	return aepg_arg_model(fcinfo, 0, flinfo->fn_extra, flinfo->fn_mcxt);
}

/* a cell of a result row; NULL unless finite */
static void
put_number(Datum *value, bool *isnull, double number)
{
	*value = Float8GetDatum(number);
	*isnull = !isfinite(number);
}

/*----------
 * ae_info
 *----------
 */
static void
info_layers(StringInfo json, const AeNet *net)
{
	aepg_json_key(json, "layers");
	appendStringInfoChar(json, '[');
	for (int i = 0; i < net->nlayers; i++)
	{
		const AeLayer *layer = &net->layers[i];

		appendStringInfoString(json, i > 0 ? ",{" : "{");
		aepg_json_text(json, "kind", layer_kind_names[layer->kind]);
		aepg_json_count(json, "in", layer->in);
		aepg_json_count(json, "out", layer->out);
		aepg_json_text(json, "activation",
					   ae_activation_names[layer->activation]);
		aepg_json_text(json, "part", i < net->ncoder ? "encoder" : "decoder");
		appendStringInfoChar(json, '}');
	}
	appendStringInfoChar(json, ']');
}

static bool
info_has_option(const AeModel *model, const AeOption *option)
{
	char		complaint[AE_COMPLAINT_BYTES];

	return ae_option_is_kept(option) &&
		ae_option_applies(&model->options, option, complaint);
}

static void
info_option(StringInfo json, const AeModel *model, const AeOption *option)
{
	char		value[AE_OPTION_BYTES];

	if (!ae_option_print(&model->options, option, value, sizeof(value)))
		elog(ERROR, "value of option \"%s\" is too long", option->name);
	aepg_json_key(json, option->name);
	appendStringInfoString(json, value);
}

static void
info_options(StringInfo json, const AeModel *model)
{
	aepg_json_key(json, "options");
	appendStringInfoChar(json, '{');
	for (int i = 0; i < ae_option_count; i++)
		if (info_has_option(model, &ae_option_table[i]))
			info_option(json, model, &ae_option_table[i]);
	appendStringInfoChar(json, '}');
}

/* losses of the epoch whose weights the model has */
static void
info_losses(StringInfo json, const AeModel *model)
{
	double		train_loss = NAN;
	double		validation_loss = NAN;

	if (model->best_epoch >= 1 && model->best_epoch <= model->nhistory)
	{
		const AeEpoch *best = &model->history[model->best_epoch - 1];

		train_loss = best->train_loss;
		validation_loss = best->validation_loss;
	}
	aepg_json_number(json, "train_loss", train_loss);
	aepg_json_number(json, "validation_loss", validation_loss);
}

/* of a variational code: each unit's divergence, and how many say something */
static void
info_divergence(StringInfo json, const AeModel *model)
{
	int			latent = ae_net_code(&model->net)->out;
	int			nactive = 0;

	aepg_json_key(json, "kl");
	appendStringInfoChar(json, '[');
	for (int i = 0; i < latent; i++)
	{
		appendStringInfo(json, "%s%.6g", i > 0 ? "," : "",
						 model->unit_activity[i]);
		nactive += model->unit_activity[i] >= AE_ACTIVE_DIVERGENCE;
	}
	appendStringInfoChar(json, ']');
	aepg_json_count(json, "active_units", nactive);
}

/* of a sparse code: the share of active units in a row, and of dead units */
static void
info_activity(StringInfo json, const AeModel *model)
{
	int			latent = ae_net_code(&model->net)->out;
	double		active = 0.0;
	int			ndead = 0;

	for (int i = 0; i < latent; i++)
	{
		active += model->unit_activity[i];
		ndead += model->unit_activity[i] < AE_DEAD_ACTIVITY;
	}
	aepg_json_number(json, "active_share", active / latent);
	aepg_json_number(json, "dead_share", (double) ndead / latent);
}

static void
info_code(StringInfo json, const AeModel *model)
{
	bool		matched = model->options.matching != AE_MATCHING_NONE;

	if (model->unit_activity == NULL && !matched)
		return;
	aepg_json_key(json, "code");
	appendStringInfoChar(json, '{');
	if (ae_options_variational(&model->options))
		info_divergence(json, model);
	else if (model->options.variant == AE_VARIANT_SPARSE)
		info_activity(json, model);
	if (matched)
		aepg_json_number(json, "mmd", model->code_distance);
	appendStringInfoChar(json, '}');
}

/* what makes nats of the scores elbo and iwae */
static void
info_evidence(StringInfo json, const AeModel *model)
{
	if (!ae_score_is_evidence(model->options.score))
		return;
	aepg_json_key(json, "evidence");
	appendStringInfoChar(json, '{');
	aepg_json_number(json, "median", model->evidence.median);
	aepg_json_number(json, "spread", model->evidence.spread);
	appendStringInfoChar(json, '}');
}

/* the column of classes, and how many rows had one in training */
static void
info_classes(StringInfo json, const AeModel *model)
{
	const AeColumn *column = model->classes;

	if (column == NULL)
		return;
	aepg_json_text(json, "label", column->name);
	aepg_json_key(json, "classes");
	appendStringInfoChar(json, '[');
	for (int i = 0; i < column->nlabels; i++)
	{
		appendStringInfoString(json, i > 0 ? "," : "");
		escape_json(json, column->labels[i]);
	}
	appendStringInfoChar(json, ']');
	aepg_json_count(json, "labelled",
					model->features->nrows - column->cells[0].nmissing);
}

/* names of the columns that are given to encoder and decoder */
static void
info_condition(StringInfo json, const AeFeatures *features)
{
	const char *before = "";

	aepg_json_key(json, "condition");
	appendStringInfoChar(json, '[');
	for (int i = 0; i < features->ncolumns; i++)
	{
		if (!features->columns[i].condition)
			continue;
		appendStringInfoString(json, before);
		escape_json(json, features->columns[i].name);
		before = ",";
	}
	appendStringInfoChar(json, ']');
}

static int
info_items(const AeModel *model)
{
	return model->items != NULL ? model->items->count : 0;
}

/* ae_info(model) returns jsonb */
Datum
ae_info(PG_FUNCTION_ARGS)
{
	const AeModel *model = inspect_model(fcinfo);
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	aepg_json_count(&json, "format", AE_FORMAT_VERSION);
	aepg_json_text(&json, "library_version", model->version);
	aepg_json_count(&json, "bytes", ae_codec_size(model, model->nhistory));
	aepg_json_count(&json, "rows", model->nseen);
	aepg_json_count(&json, "known_anomalies", model->nanomalies);
	aepg_json_count(&json, "columns", model->features->ncolumns);
	info_condition(&json, model->features);
	info_classes(&json, model);
	if (model->items != NULL)
		aepg_json_count(&json, "items", model->items->count);
	aepg_json_count(&json, "inputs", info_items(model) +
					model->features->input_width);
	aepg_json_count(&json, "outputs", model->items != NULL ?
					info_items(model) : model->features->output_width);
	aepg_json_count(&json, "latent", model->net.nlayers > 0 ?
					ae_net_latent(&model->net) : 0);
	aepg_json_count(&json, "components",
					model->density.codes.ncomponents);
	aepg_json_count(&json, "parameters", ae_net_weights(&model->net) +
					(size_t) model->ease.count * model->ease.kept);
	info_layers(&json, &model->net);
	info_code(&json, model);
	aepg_json_count(&json, "epochs", model->nhistory);
	aepg_json_count(&json, "best_epoch", model->best_epoch);
	aepg_json_count(&json, "steps", model->nsteps);
	info_losses(&json, model);
	if (model->items == NULL)
		info_option(&json, model, ae_option_find("score"));
	info_evidence(&json, model);
	info_options(&json, model);
	appendStringInfoChar(&json, '}');
	PG_RETURN_DATUM(aepg_json_finish(&json));
}

/*----------
 * ae_features
 *----------
 */
#define FEATURES_COLUMNS 12

/* NULL for a bucket without a label; a level that no row had is there */
static const char *
features_label(const AeColumn *column, int i)
{
	if (column->kind == AE_KIND_CATEGORY)
		return ae_column_label(column, i);
	return column->labels != NULL ? column->labels[i]
		: float8out_internal(column->levels[i]);
}

/* text[] of the labels or levels */
static Datum
features_labels(const AeColumn *column)
{
	Datum	   *labels = palloc(column->nlabels * sizeof(Datum));
	bool	   *isnull = palloc(column->nlabels * sizeof(bool));
	int			dims[1] = {column->nlabels};
	int			bounds[1] = {1};

	for (int i = 0; i < column->nlabels; i++)
	{
		const char *label = features_label(column, i);

		isnull[i] = label == NULL;
		labels[i] = isnull[i] ? (Datum) 0 : CStringGetTextDatum(label);
	}
	return PointerGetDatum(construct_md_array(labels, isnull, 1, dims, bounds,
											  TEXTOID, -1, false,
											  TYPALIGN_INT));
}

/* inputs of the network that a column feeds */
static int
features_width(const AeFeatures *features, const AeColumn *column)
{
	int			width = column->input_width;

	if (column->indicator >= 0)
		for (int i = 0; i < column->ncells; i++)
			width += ae_features_indicate(features, &column->cells[i]);
	return width;
}

static double
features_null_fraction(const AeColumn *column, uint64 nrows)
{
	double		missing = 0;

	for (int i = 0; i < column->ncells; i++)
		missing += column->cells[i].nmissing;
	return missing / column->ncells / nrows;
}

/* ae_features(model) returns setof record */
Datum
ae_features(PG_FUNCTION_ARGS)
{
	const AeModel *model = inspect_model(fcinfo);
	const AeFeatures *features = model->features;
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < features->ncolumns; i++)
	{
		const AeColumn *column = &features->columns[i];
		const AeCell *cell = &column->cells[0];
		bool		has_labels = column->kind == AE_KIND_CATEGORY ||
			column->kind == AE_KIND_ORDINAL;
		bool		moments = !ae_column_is_labelled(column) &&
			column->ncells == 1 && cell->nmissing < features->nrows;
		Datum		values[FEATURES_COLUMNS];
		bool		nulls[FEATURES_COLUMNS] = {false};

		values[0] = CStringGetTextDatum(column->name);
		values[1] = CStringGetTextDatum(column->type);
		values[2] = CStringGetTextDatum(ae_kind_names[column->kind]);
		values[3] = CStringGetTextDatum(ae_scaling_names[column->scaling]);
		nulls[3] = column->kind != AE_KIND_NUMERIC;
		put_number(&values[4], &nulls[4], moments ? cell->mean : NAN);
		put_number(&values[5], &nulls[5], moments ? cell->stddev : NAN);
		put_number(&values[6], &nulls[6], moments ? cell->min : NAN);
		put_number(&values[7], &nulls[7], moments ? cell->max : NAN);
		put_number(&values[8], &nulls[8],
				   features_null_fraction(column, features->nrows));
		values[9] = has_labels ? features_labels(column) : (Datum) 0;
		nulls[9] = !has_labels;
		values[10] = Int32GetDatum(features_width(features, column));
		values[11] = BoolGetDatum(column->condition);
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
	}
	PG_RETURN_NULL();
}

/*----------
 * ae_history
 *----------
 */
#define HISTORY_COLUMNS 4

/* ae_history(model) returns setof record */
Datum
ae_history(PG_FUNCTION_ARGS)
{
	const AeModel *model = inspect_model(fcinfo);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < model->nhistory; i++)
	{
		const AeEpoch *epoch = &model->history[i];
		Datum		values[HISTORY_COLUMNS];
		bool		nulls[HISTORY_COLUMNS] = {false};

		values[0] = Int32GetDatum(i + 1);
		put_number(&values[1], &nulls[1], epoch->train_loss);
		put_number(&values[2], &nulls[2], epoch->validation_loss);
		put_number(&values[3], &nulls[3], epoch->learning_rate);
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
	}
	PG_RETURN_NULL();
}

/*----------
 * ae_options
 *----------
 */
#define OPTIONS_COLUMNS 5
#define RANGE_BYTES 512

/* the JSON type of an option's value */
static const char *
option_type(AeOptionKind kind)
{
	switch (kind)
	{
		case AE_OPTION_INTEGER:
		case AE_OPTION_BIGINT:
			return "integer";
		case AE_OPTION_NUMBER:
			return "number";
		case AE_OPTION_BOOLEAN:
			return "boolean";
		case AE_OPTION_CHOICE:
		case AE_OPTION_TEXT:
		case AE_OPTION_COLUMN:
			return "string";
		case AE_OPTION_LIST:
		case AE_OPTION_NAMES:
			return "array";
		case AE_OPTION_COLUMNS:
			return "object";
	}
	return NULL;				/* keep compilers quiet */
}

/* ae_options() returns setof record */
Datum
ae_options(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < ae_option_count; i++)
	{
		const AeOption *option = &ae_option_table[i];
		char		range[RANGE_BYTES];
		Datum		values[OPTIONS_COLUMNS];
		bool		nulls[OPTIONS_COLUMNS] = {false};

		ae_option_describe_range(option, range, sizeof(range));
		values[0] = CStringGetTextDatum(option->name);
		values[1] = CStringGetTextDatum(option_type(option->kind));
		values[2] = CStringGetTextDatum(option->initial);
		values[3] = CStringGetTextDatum(range);
		values[4] = CStringGetTextDatum(option->description);
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
	}
	PG_RETURN_NULL();
}
