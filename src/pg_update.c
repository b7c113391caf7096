/*
 * pg_update.c
 *	  The rows of an update of a model, and the training on them.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "core/update.h"
#include "pg_env.h"
#include "pg_guc.h"
#include "pg_model.h"
#include "pg_options.h"
#include "pg_progress.h"
#include "pg_row.h"
#include "pg_sets.h"
#include "pg_train.h"
#include "pg_update.h"

/* a column whose stability index is higher has drifted far; with few rows the
 * index is high by chance */
#define DRIFT_LIMIT 0.25
#define DRIFT_MIN_ROWS 200

/* options of updates only, and those that change nothing of the model */
#define PARTITIONS "partitions"
#define GROW "grow"
static const char *const update_options[] = {
	"batch_size", "clip_norm", "corruption", "corruption_rate", "dropout",
	"epochs", "learning_rate", "max_seconds", "optimizer", "schedule", "seed",
	"verbose", "warmup", "weight_decay", "workers"
};

struct AepgUpdate
{
	MemoryContext context;		/* of all below */
	AeEnv	   *env;
	AepgModelRef *ref;			/* keeps model */
	const AeModel *model;
	Jsonb	   *given;			/* options as given, NULL for none */
	AeOptions	options;		/* the model's, with those given */
	int			partitions;
	bool		grow;			/* models of sets: by items that are new */
	AepgSets   *sets;			/* NULL unless the model is of sets */
	/* NULL if rows are but sets */
	AepgReader *reader;			/* NULL before the first row, too */
	MemoryContext reading;		/* of the reader */
	Oid			type;			/* that it reads */
	AeDataset  *dataset;
	AeDrift    *drift;			/* NULL if the model is of sets */
	double	   *row;			/* (ncells) */
	double	   *codes;			/* (ncolumns) of a row's labels in the model */
};

/*----------
 * Options.
 *----------
 */
static bool
is_update_option(const char *name)
{
	for (size_t i = 0; i < lengthof(update_options); i++)
		if (strcmp(update_options[i], name) == 0)
			return true;
	return false;
}

static int
update_read_partitions(const JsonbValue *value)
{
	double		number = 0;

	if (value->type == jbvNumeric)
	{
		Datum		numeric = NumericGetDatum(value->val.numeric);

		number =
			DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
											   numeric));
	}
	if (!(number >= 1 && number <= AEPG_MAX_PARTITIONS) ||
		number != (int) number)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" must be an integer from 1 to %d",
						PARTITIONS, AEPG_MAX_PARTITIONS)));
	return (int) number;
}

static bool
update_read_grow(const AepgUpdate *update, const JsonbValue *value)
{
	if (value->type != jbvBool)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" must be true or false", GROW)));
	if (update->model->items == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" applies to models of sets only", GROW)));
	return value->val.boolean;
}

/* takes over one option of those parsed */
static void
update_set_option(AepgUpdate *update, const char *name,
				  const AeOptions *parsed)
{
	const AeOption *option = ae_option_find(name);
	char		value[AE_OPTION_BYTES];
	char		complaint[AE_COMPLAINT_BYTES];

	/* of items that are new; "grow" comes first in jsonb */
	if (!is_update_option(name) &&
		!(update->grow && strcmp(name, "min_frequency") == 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" cannot be changed by an update", name),
				 errhint("Train a new model for that.")));
	if (update->model->items != NULL &&
		!ae_option_applies(&update->options, option, complaint))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" %s", name, complaint)));
	if (!ae_option_print(parsed, option, value, sizeof(value)) ||
		!ae_option_parse(&update->options, option, value, complaint))
		elog(ERROR, "could not copy option \"%s\"", name);
}

static void
update_read_options(AepgUpdate *update)
{
	Datum		rest = JsonbPGetDatum(update->given);
	AepgOptions *parsed;
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	item;
	char	   *name = NULL;

	if (update->given != NULL && JB_ROOT_IS_OBJECT(update->given))
	{
		rest = DirectFunctionCall2(jsonb_delete, rest,
								   CStringGetTextDatum(PARTITIONS));
		rest = DirectFunctionCall2(jsonb_delete, rest,
								   CStringGetTextDatum(GROW));
	}
	parsed = aepg_options_parse(update->given == NULL ? NULL :
								DatumGetJsonbP(rest));
	if (update->given == NULL)
		return;
	it = JsonbIteratorInit(&update->given->root);
	while ((token = JsonbIteratorNext(&it, &item, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			name = pnstrdup(item.val.string.val, item.val.string.len);
		else if (token == WJB_VALUE && strcmp(name, PARTITIONS) == 0)
			update->partitions = update_read_partitions(&item);
		else if (token == WJB_VALUE && strcmp(name, GROW) == 0)
			update->grow = update_read_grow(update, &item);
		else if (token == WJB_VALUE)
			update_set_option(update, name, &parsed->core);
	}
	aepg_options_check_score(&update->options);
}

/*----------
 * Rows.
 *----------
 */
static void
update_create_columns(AepgUpdate *update, AeBudget *budget, AeSpool *spool)
{
	const AeModel *model = update->model;

	aepg_check(ae_update_create_dataset(model, update->env, spool, budget,
										&update->dataset), "reading rows");
	update->row = palloc(model->features->ncells * sizeof(double));
	update->codes = palloc(model->features->ncolumns * sizeof(double));
}

/* the same for a model of rows */
static void
update_create_rows(AepgUpdate *update, AeBudget *budget, AeSpool *spool)
{
	const AeModel *model = update->model;
	AeArena		arena;

	update_create_columns(update, budget, spool);
	aepg_check(ae_update_rehearse(model, Max(update->partitions, 1),
								  update->dataset), "reading rows");

	/* the context releases the arena's memory */
	ae_arena_init(&arena, update->env);
	aepg_check(ae_drift_create(model, &arena, &update->drift),
			   "reading rows");
}

/* the same for a model of sets */
static void
update_create_sets(AepgUpdate *update, AeBudget *budget, AeSpool *spool)
{
	const AeModel *model = update->model;

	update->sets = aepg_sets_create(NULL, model->items->column, budget, spool,
									update->context);
	if (model->features->ncolumns > 0)
		update_create_columns(update, budget, spool);
}

/* what was found in closed form cannot be trained further */
static void
update_require_network(const AeModel *model)
{
	if (model->ease.count == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("model of the variant \"ease\" cannot be updated"),
			 errhint("Train a new one on all rows.")));
}

AepgUpdate *
aepg_update_create(const AepgModelRef *ref, const Jsonb *options,
				   AeBudget *budget, AeSpool *spool, MemoryContext parent)
{
	MemoryContext context;
	MemoryContext old;
	AepgUpdate *update;

	context = AllocSetContextCreate(parent, "autoencoder update",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	update = palloc0(sizeof(AepgUpdate));
	update->context = context;
	update->env = aepg_env_create(context);
	update->reading = AllocSetContextCreate(context, "autoencoder reading",
											ALLOCSET_SMALL_SIZES);
	update->model = aepg_model_find(aepg_model_key(ref), &update->ref,
									context);
	update_require_network(update->model);
	if (options != NULL)
	{
		update->given = palloc(VARSIZE(options));
		memcpy(update->given, options, VARSIZE(options));
	}
	update->options = update->model->options;
	update->options.epochs = AE_AUTO;
	update->options.learning_rate = NAN;
	update_read_options(update);
	if (update->model->items != NULL)
		update_create_sets(update, budget, spool);
	else
		update_create_rows(update, budget, spool);
	MemoryContextSwitchTo(old);
	return update;
}

void
aepg_update_check(const AepgUpdate *update, const AepgModelRef *ref,
				  const Jsonb *options)
{
	const Jsonb *given = update->given;

	if (aepg_model_held(ref) != update->model)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all rows of an update must have the same model"),
				 errhint("Group the rows by model.")));
	if (options == given ||
		(options != NULL && given != NULL &&
		 VARSIZE(options) == VARSIZE(given) &&
		 memcmp(options, given, VARSIZE(given)) == 0))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("options differ between the rows of an update"),
			 errhint("Pass the same options with every row of a group.")));
}

/*
 * The dataset numbers labels in order of appearance, the histograms as the
 * model does.  So a label is looked up in both.
 */
static double
update_label(void *arg, int column, const char *label, size_t len)
{
	AepgUpdate *update = arg;
	double		code = 0;

	aepg_check(ae_dataset_code(update->dataset, column, label, len, &code),
			   "reading rows");
	update->codes[column] = ae_features_code(update->model->features, column,
											 label, len);
	return code;
}

/* the row was read */
static void
update_append(AepgUpdate *update)
{
	const AeFeatures *f = update->model->features;

	aepg_check(ae_dataset_append(update->dataset, update->row),
			   "reading rows");
	aepg_progress_row();
	if (update->drift == NULL)
		return;
	for (int c = 0; c < f->ncolumns; c++)
		if (f->columns[c].kind == AE_KIND_CATEGORY &&
			!isnan(update->row[f->columns[c].cell]))
			update->row[f->columns[c].cell] = update->codes[c];
	ae_drift_add(update->drift, update->row);
}

void
aepg_update_add(AepgUpdate *update, Oid type, Datum features)
{
	if (update->dataset == NULL)
	{
		aepg_sets_add(update->sets, type, features);
		aepg_progress_row();
		return;
	}
	if (update->sets != NULL && type != update->type && !type_is_rowtype(type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("model needs a row with columns beside the set \"%s\", not type %s",
						update->model->items->column, format_type_be(type))));
	/* ae_row() may stand in several places of a call */
	if (update->reader == NULL || type != update->type ||
		!aepg_reader_fits(update->reader, features))
		aepg_reader_replace(&update->reader, type, features, update->model,
							update->reading);
	update->type = type;
	aepg_reader_read(update->reader, features, update_label, update,
					 update->row);
	if (update->sets != NULL)
		aepg_sets_add_row(update->sets, update->reader);
	update_append(update);
}

void
aepg_update_add_columns(AepgUpdate *update, TupleDesc desc, Datum *values,
						bool *nulls)
{
	if (update->dataset == NULL)
	{
		aepg_sets_add_columns(update->sets, desc, values, nulls);
		aepg_progress_row();
		return;
	}
	if (update->reader == NULL)
	{
		HeapTuple	tuple = heap_form_tuple(desc, values, nulls);

		aepg_update_add(update, desc->tdtypeid,
						heap_copy_tuple_as_datum(tuple, desc));
		return;
	}
	aepg_reader_read_columns(update->reader, values, nulls, update_label,
							 update, update->row);
	if (update->sets != NULL)
		aepg_sets_add_attribute(update->sets, desc, values, nulls);
	update_append(update);
}

bytea *
aepg_update_base(const AepgUpdate *update)
{
	return aepg_model_to_bytea(update->model);
}

uint64
aepg_update_rows(const AepgUpdate *update)
{
	return update->sets != NULL ? aepg_sets_rows(update->sets)
		: update->drift->nrows;
}

int
aepg_update_partitions(const AepgUpdate *update)
{
	return update->partitions;
}

void
aepg_update_free_rows(AepgUpdate *update)
{
	if (update->sets != NULL)
		aepg_sets_free(update->sets);
	ae_dataset_free(update->dataset);
	update->dataset = NULL;
}

/*----------
 * Training.
 *----------
 */
static void
update_warn_of_drift(const AepgUpdate *update)
{
	const AeFeatures *f = update->model->features;
	double		worst = DRIFT_LIMIT;
	int			column = -1;

	if (update->drift->nrows < DRIFT_MIN_ROWS)
		return;
	for (int c = 0; c < f->ncolumns; c++)
	{
		double		psi = ae_drift_column(update->drift, c).psi;

		if (psi > worst)
		{
			worst = psi;
			column = c;
		}
	}
	if (column >= 0)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("the new rows have drifted far from those that the model knows"),
				 errdetail("The population stability index of column \"%s\" is %.2f; above %.2f a distribution counts as another.",
						   f->columns[column].name, worst, DRIFT_LIMIT),
				 errhint("An update keeps the scales and categories of columns.  See ae_drift(), and consider training a new model.")));
}

static void
update_error_context(void *arg)
{
	errcontext("updating an autoencoder with %llu rows",
			   *(unsigned long long *) arg);
}

static bytea *
update_train(AepgUpdate *update)
{
	MemoryContext context;
	AeModel    *model;
	bytea	   *result;

	context = AllocSetContextCreate(CurrentMemoryContext,
									"autoencoder update",
									ALLOCSET_DEFAULT_SIZES);
	model = aepg_model_parse(PointerGetDatum(aepg_update_base(update)),
							 context);
	model->options = update->options;
	ae_update_resolve(update->model, aepg_update_rows(update),
					  Max(update->partitions, 1), &model->options);
	model->options.workers = AE_AUTO;
	model->options.verbose = false;
	if (update->sets != NULL)
		result = aepg_sets_train_part(update->sets, update->dataset, model,
									  update->grow, update->options.verbose);
	else
	{
		ae_update_prepare(model, update->drift);
		result = aepg_train(model, update->dataset, update->options.workers,
							update->options.verbose);
	}
	MemoryContextDelete(context);
	return result;
}

bytea *
aepg_update_train(AepgUpdate *update)
{
	unsigned long long nrows = aepg_update_rows(update);
	ErrorContextCallback callback = {
		error_context_stack, update_error_context, &nrows
	};
	bytea	   *result;

	error_context_stack = &callback;
	aepg_progress_phase(AEPG_PHASE_PLANNING, nrows);
	if (update->drift != NULL)
		update_warn_of_drift(update);
	if (update->dataset != NULL)
		aepg_check(ae_dataset_finish(update->dataset), "reading rows");
	result = update_train(update);
	error_context_stack = callback.previous;
	return result;
}
