/*
 * pg_sets.c
 *	  Trainings on sets of items: the part of a training, or of an update, that
 *	  is about sets.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

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
	AeBudget   *budget;
	AepgSetReader *reader;		/* NULL before the first row */
	AeSets	   *sets;			/* likewise */
};

AepgSets *
aepg_sets_create(const AepgOptions *options, AeBudget *budget,
				 MemoryContext context)
{
	AepgSets   *sets = MemoryContextAllocZero(context, sizeof(AepgSets));

	sets->context = context;
	sets->options = options;
	sets->budget = budget;
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
sets_start(AepgSets *sets, AepgSetReader *reader)
{
	sets->reader = reader;
	aepg_check(ae_sets_create(aepg_env_create(sets->context), sets->budget,
							  aepg_set_reader_is_number(reader),
							  &sets->sets), READING);
}

/* the row that was read has so many members */
static void
sets_append(AepgSets *sets, int count)
{
	aepg_check(ae_sets_append(sets->sets,
							  aepg_set_reader_members(sets->reader), count),
			   READING);
	if (sets->budget->used > sets->budget->limit)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("sets of a training take more than maintenance_work_mem"),
				 errdetail("%.4g MB of it are for rows.",
						   sets->budget->limit / MEGABYTE),
				 errhint("Raise maintenance_work_mem.")));
}

void
aepg_sets_add(AepgSets *sets, Oid type, Datum value)
{
	if (sets->reader == NULL)
		sets_start(sets, aepg_set_reader_create(type, value, sets->context));
	sets_append(sets, aepg_set_reader_each(sets->reader, value, number_item,
										   sets->sets));
}

/* one row whose set is in a column */
static void
sets_add_column(AepgSets *sets, Oid type, Datum value, bool isnull)
{
	if (sets->reader == NULL)
		sets_start(sets, aepg_set_reader_for_column(type, sets->context));
	if (isnull)
		sets_append(sets, 0);
	else
		sets_append(sets, aepg_set_reader_each(sets->reader, value,
											   number_item, sets->sets));
}

void
aepg_sets_add_row(AepgSets *sets, Datum row)
{
	Oid			type;
	bool		isnull;
	Datum		value = aepg_set_column(row, sets->options->set_column, &type,
								   &isnull);

	sets_add_column(sets, type, value, isnull);
}

void
aepg_sets_add_attribute(AepgSets *sets, TupleDesc desc, const Datum *values,
						const bool *nulls)
{
	Oid			type;
	bool		isnull;
	Datum		value = aepg_set_attribute(desc, values, nulls,
									  sets->options->set_column, &type,
									  &isnull);

	sets_add_column(sets, type, value, isnull);
}

void
aepg_sets_add_columns(AepgSets *sets, TupleDesc desc, const Datum *values,
					  const bool *nulls)
{
	if (sets->reader == NULL)
		sets_start(sets, aepg_set_reader_for_columns(desc, sets->context));
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

/* autoencoder.max_model_size must hold the model */
static void
sets_check_size(const AeModel *model)
{
	bool		is_ease = model->ease.count > 0;
	double		limit = aepg_max_model_size * 1024.0;
	double		bytes = ae_codec_size(model, is_ease ? 0
									  : model->options.epochs);
	int			fitting = sets_fitting(model, bytes, limit);

	if (bytes <= limit)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("model of %.4g MB is larger than autoencoder.max_model_size, %.4g MB",
					bytes / MEGABYTE, limit / MEGABYTE),
			 is_ease ?
			 errhint("Raise autoencoder.max_model_size or the option \"min_frequency\", or set the option \"item_weights\" to about %d.",
					 fitting) :
			 errhint("Raise autoencoder.max_model_size or the option \"min_frequency\", or set the options \"hidden\" and \"latent\" to about %d units.",
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
	model->items->column = sets->options->set_column;
	strlcpy(model->version, AE_VERSION, sizeof(model->version));
	sets_check_size(model);
	if (model->ease.count > 0)
		sets_fit_ease(model, &rows, env);
	else
		aepg_check(ae_set_train(model, &rows, aepg_blas_get(),
								aepg_kernels(),
								aepg_progress_trainer(model->options.epochs,
													  options->verbose)),
				   "training");
	result = aepg_model_to_bytea(model);
	MemoryContextDelete(context);
	return result;
}

bytea *
aepg_sets_train_part(const AepgSets *sets, AeModel *model, bool verbose)
{
	AeSetRows	rows;
	AeArena		scratch;

	/* the model's context releases the arena's memory */
	ae_arena_init(&scratch, model->arena.env);
	aepg_check(ae_sets_match(sets->sets, model->items, &scratch, &rows),
			   "reading rows");
	ae_set_model_start_part(model, aepg_sets_rows(sets));
	if (rows.count > 0)
		aepg_check(ae_set_train(model, &rows, aepg_blas_get(),
								aepg_kernels(),
								aepg_progress_trainer(model->options.epochs,
													  verbose)),
				   "training");
	return aepg_model_to_bytea(model);
}
