/*
 * pg_sets.c
 *	  Trainings on sets of items: the part of a training, or of an update, that
 *	  is about sets.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "core/set_grow.h"
#include "core/set_train.h"
#include "pg_blas.h"
#include "pg_env.h"
#include "pg_guc.h"
#include "pg_model.h"
#include "pg_progress.h"
#include "pg_sets.h"

#define MEGABYTE (1024.0 * 1024.0)

/* of a weight between items in a model, more or less */
#define SET_WEIGHT_BYTES 5.25

#define READING "reading sets"

struct AepgSets
{
	MemoryContext context;
	const AepgOptions *options;
	const char *column;
	AeBudget   *budget;
	AeSpool    *spool;
	Oid			type;			/* of the sets in rows */
	AepgSetReader *reader;		/* NULL before the first row */
	AeSets	   *sets;			/* likewise */
};

AepgSets *
aepg_sets_create(const AepgOptions *options, const char *column,
				 AeBudget *budget, AeSpool *spool, MemoryContext context)
{
	AepgSets   *sets = MemoryContextAllocZero(context, sizeof(AepgSets));

	sets->context = context;
	sets->options = options;
	sets->column = column;
	sets->budget = budget;
	sets->spool = spool;
	return sets;
}

void
aepg_sets_free(AepgSets *sets)
{
	ae_sets_free(sets->sets);
	sets->sets = NULL;
}

static int
number_item(const void *arg, const char *text, size_t len)
{
	uint32_t	number = 0;
	AeStatus	status;

	if (len > AE_MAX_ITEM_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
				 errmsg("item of %zu bytes is longer than %d", len,
						AE_MAX_ITEM_BYTES)));
	status = ae_sets_number(unconstify(void *, arg), text, len, &number);
	if (status == AE_ERR_LIMIT)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a training takes at most %d items", AE_MAX_ITEMS)));
	aepg_check(status, READING);
	return (int) number;
}

/* the reader of the first row is that of all */
static void
sets_start(AepgSets *sets, Oid type, AepgSetReader *reader)
{
	sets->type = type;
	sets->reader = reader;
	aepg_check(ae_sets_create(aepg_env_create(sets->context), sets->spool,
							  sets->budget,
							  aepg_set_reader_is_number(reader),
							  &sets->sets), READING);
}

/* rows go to a file beyond maintenance_work_mem; items cannot, but need less
 * than the largest model */
static void
sets_check_items(const AepgSets *sets)
{
	double		bytes = (double) ae_sets_item_bytes(sets->sets);
	double		limit = Max((double) sets->budget->limit,
							aepg_max_model_size * 1024.0);

	if (bytes <= limit)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("items of a training take %.4g MB, more than maintenance_work_mem and autoencoder.max_model_size",
					bytes / MEGABYTE),
			 errhint("Raise one of them, or leave out rare or long items.")));
}

/* the row that was read has so many members */
static void
sets_append(AepgSets *sets, int count)
{
	aepg_check(ae_sets_append(sets->sets,
							  aepg_set_reader_members(sets->reader), count),
			   READING);
	sets_check_items(sets);
}

/* rows of an update may come from several expressions */
static void
sets_check_type(const AepgSets *sets, Oid type)
{
	if (type != sets->type)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("sets of one call must have one type, not %s and %s",
						format_type_be(sets->type), format_type_be(type))));
}

void
aepg_sets_add(AepgSets *sets, Oid type, Datum value)
{
	if (sets->reader == NULL)
		sets_start(sets, type,
				   aepg_set_reader_create(type, value, sets->context));
	sets_check_type(sets, type);
	sets_append(sets, aepg_set_reader_each(sets->reader, value, number_item,
										   sets->sets));
}

/* one row whose set is in a column */
static void
sets_add_column(AepgSets *sets, Oid type, Datum value, bool isnull)
{
	if (sets->reader == NULL)
		sets_start(sets, type,
				   aepg_set_reader_for_column(type, sets->context));
	sets_check_type(sets, type);
	if (isnull)
		sets_append(sets, 0);
	else
		sets_append(sets, aepg_set_reader_each(sets->reader, value,
											   number_item, sets->sets));
}

void
aepg_sets_add_attribute(AepgSets *sets, TupleDesc desc, const Datum *values,
						const bool *nulls)
{
	Oid			type;
	bool		isnull;
	Datum		value = aepg_set_attribute(desc, values, nulls, sets->column,
									  &type, &isnull);

	sets_add_column(sets, type, value, isnull);
}

void
aepg_sets_add_row(AepgSets *sets, const AepgReader *row)
{
	const Datum *values;
	const bool *nulls;
	TupleDesc	desc = aepg_reader_columns(row, &values, &nulls);

	aepg_sets_add_attribute(sets, desc, values, nulls);
}

void
aepg_sets_add_columns(AepgSets *sets, TupleDesc desc, const Datum *values,
					  const bool *nulls)
{
	if (sets->reader == NULL)
		sets_start(sets, InvalidOid,
				   aepg_set_reader_for_columns(desc, sets->context));
	if (!nulls[0])
		sets_append(sets,
					aepg_set_reader_each_columns(sets->reader, desc->natts,
												 values, nulls, number_item,
												 sets->sets));
}

uint64
aepg_sets_rows(const AepgSets *sets)
{
	return sets->sets == NULL ? 0 : ae_sets_rows(sets->sets);
}

bool
aepg_sets_have_items(const AepgSets *sets)
{
	return sets->sets != NULL &&
		ae_sets_have_item(sets->sets, sets->options->core.min_frequency);
}

/*
 * What would fit: weights of each item, or units of the first layer and of the
 * code; at least 1.
 */
static int
sets_fitting(const AeModel *model, double bytes, double limit)
{
	double		items = model->items->count;
	double		variable;
	double		fitting;

	if (model->ease.count > 0)
	{
		variable = items * model->ease.kept * SET_WEIGHT_BYTES;
		fitting = (limit - bytes + variable) / SET_WEIGHT_BYTES / items;
	}
	else
	{
		variable = items * (model->net.layers[0].out +
							ae_net_latent(&model->net)) * sizeof(float);
		fitting = (limit - bytes + variable) / sizeof(float) / items / 2;
	}
	return fitting < 1 ? 1 : (int) fitting;
}

/* autoencoder.max_model_size must hold the model, of which an update changes
 * nothing but the items */
static void
sets_check_size(const AeModel *model, bool is_update)
{
	bool		is_ease = model->ease.count > 0;
	size_t		bytes = ae_codec_size(model, is_ease ? 0
									  : model->options.epochs);
	double		limit = aepg_max_model_size * 1024.0;
	int			fitting;

	if (aepg_model_fits(bytes))
		return;
	fitting = sets_fitting(model, bytes, limit);
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("model of %.4g MB is larger than autoencoder.max_model_size, %.4g MB",
					bytes / MEGABYTE, limit / MEGABYTE),
			 is_update ?
			 errhint("Raise autoencoder.max_model_size (512 MB at most) or the option \"min_frequency\".") :
			 is_ease ?
			 errhint("Raise autoencoder.max_model_size (512 MB at most) or the option \"min_frequency\", or set the option \"item_weights\" to about %d.",
					 fitting) :
			 errhint("Raise autoencoder.max_model_size (512 MB at most) or the option \"min_frequency\", or set the options \"hidden\" and \"latent\" to about %d units.",
					 fitting)));
}

/* a matrix of all pairs of items has to fit */
static void
sets_check_memory(const AeModel *model)
{
	double		need = (double) ae_ease_bytes(model->items->count);

	if (need <= (double) maintenance_work_mem * 1024)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("an ease model of %d items needs %.4g MB of memory, but maintenance_work_mem is %.4g MB",
					model->items->count, need / MEGABYTE,
					maintenance_work_mem / 1024.0),
			 errhint("SET maintenance_work_mem = '%.0fMB' is enough; or raise the option \"min_frequency\", or set the option \"variant\" to \"mult_vae\".",
					 ceil(need / MEGABYTE))));
}

static void
sets_fit_ease(AeModel *model, const AeSetRows *rows, const AeEnv *env)
{
	sets_check_memory(model);
	aepg_progress_phase(AEPG_PHASE_TRAINING, model->nseen);
	aepg_check(ae_ease_fit(&model->ease, model->items, rows,
						   model->options.normalization,
						   model->options.row_normalization,
						   model->options.regularization, aepg_blas_get(),
						   env), "training");
}

bytea *
aepg_sets_train(const AepgSets *sets, AeDataset *dataset)
{
	const AeOptions *options = &sets->options->core;
	MemoryContext context;
	AeEnv	   *env;
	AeArena		scratch;
	AeSetRows	rows;
	AeModel    *model;
	bytea	   *result;

	context = AllocSetContextCreate(CurrentMemoryContext,
									"autoencoder training",
									ALLOCSET_DEFAULT_SIZES);
	env = aepg_env_create(context);
	/* the context releases the arena's memory */
	ae_arena_init(&scratch, env);
	aepg_check(ae_model_create(env, &model), "training");
	aepg_check(ae_set_model_plan(model, sets->sets, dataset, options,
								 &scratch, &rows), "planning the model");
	model->items->column = unconstify(char *, sets->column);
	strlcpy(model->version, AE_VERSION, sizeof(model->version));
	sets_check_size(model, false);
	if (model->ease.count > 0)
		sets_fit_ease(model, &rows, env);
	else
		aepg_check(ae_set_train(model, &rows, aepg_blas_get(),
								aepg_kernels(),
								aepg_progress_trainer(model->options.epochs,
													  options->verbose)),
				   "training");
	result = aepg_model_to_bytea(model);
	ae_set_rows_free(&rows);
	MemoryContextDelete(context);
	return result;
}

/* the items of the rows that the model has not, NULL for none; before is the
 * network without them */
static const AeItems *
sets_grow(const AepgSets *sets, AeModel *model, AeNet *before)
{
	AeItems    *more;
	AeStatus	status;

	if (model->items->is_number && aepg_sets_rows(sets) > 0 &&
		!aepg_set_reader_is_number(sets->reader))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("new items of a model of integers must be integers"),
				 errhint("Cast them to bigint[].")));
	aepg_check(ae_sets_fit(sets->sets, model->options.min_frequency,
						   model->items, &model->arena, &more), "growing");
	if (more->count == 0)
		return NULL;
	status = ae_set_grow_plan(model, more, before);
	if (status == AE_ERR_LIMIT)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a model has at most %d items, with wide layers fewer",
						AE_MAX_ITEMS),
				 errhint("Raise the option \"min_frequency\".")));
	aepg_check(status, "growing");
	sets_check_size(model, true);
	return more;
}

bytea *
aepg_sets_train_part(const AepgSets *sets, AeDataset *dataset, AeModel *model,
					 bool grow, bool verbose)
{
	const AeItems *more = NULL;
	AeNet		before;
	AeSetRows	rows;
	AeArena		scratch;

	/* the model's context releases the arena's memory */
	ae_arena_init(&scratch, model->arena.env);
	if (grow)
		more = sets_grow(sets, model, &before);
	aepg_check(ae_set_model_match(model, sets->sets, dataset, &scratch,
								  &rows), "reading rows");
	if (more != NULL)
	{
		aepg_check(ae_set_grow_move(model, &before), "growing");
		aepg_check(ae_set_grow_start(model, more->count, &rows,
									 aepg_blas_get(), aepg_kernels()),
				   "growing");
	}
	ae_sets_count(sets->sets, model->items, model->items->count -
				  (more != NULL ? more->count : 0));
	ae_set_model_start_part(model, aepg_sets_rows(sets));
	if (rows.count > 0)
		aepg_check(ae_set_train(model, &rows, aepg_blas_get(),
								aepg_kernels(),
								aepg_progress_trainer(model->options.epochs,
													  verbose)),
				   "training");
	ae_set_rows_free(&rows);
	return aepg_model_to_bytea(model);
}
