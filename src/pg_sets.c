/*
 * pg_sets.c
 *	  SQL arrays as sets of items, and trainings on them.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "core/set_train.h"
#include "pg_blas.h"
#include "pg_env.h"
#include "pg_guc.h"
#include "pg_model.h"
#include "pg_progress.h"
#include "pg_sets.h"

#define MEGABYTE (1024.0 * 1024.0)

/* of a weight between items in a model */
#define SET_WEIGHT_BYTES 8.0

#define READING "reading sets"

/*----------
 * Arrays.
 *----------
 */
struct AepgSetReader
{
	MemoryContext context;
	Oid			type;			/* of the arrays */
	Oid			element;		/* of their elements, base type */
	int16		typlen;
	bool		typbyval;
	char		typalign;
	bool		is_number;
	AeMember   *members;		/* (capacity) of the value read last */
	int			capacity;
};

AepgSetReader *
aepg_set_reader_create(Oid type, MemoryContext context)
{
	AepgSetReader *reader = MemoryContextAllocZero(context,
												   sizeof(AepgSetReader));
	Oid			element = get_element_type(getBaseType(type));

	if (OidIsValid(element))
		element = getBaseType(element);
	switch (element)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			reader->is_number = true;
			break;
		case TEXTOID:
		case VARCHAROID:
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("type %s is no set of items", format_type_be(type)),
					 errhint("Cast it to integer[], bigint[] or text[].")));
	}
	reader->context = context;
	reader->type = type;
	reader->element = element;
	get_typlenbyvalalign(element, &reader->typlen, &reader->typbyval,
						 &reader->typalign);
	return reader;
}

int
aepg_item_print(int64 number, char *text)
{
	return pg_lltoa(number, text);
}

/* the text of an element; number (AEPG_ITEM_NUMBER_BYTES) may hold it */
static const char *
reader_item(const AepgSetReader *reader, Datum element, char *number,
			size_t *len)
{
	switch (reader->element)
	{
		case INT2OID:
			*len = aepg_item_print(DatumGetInt16(element), number);
			return number;
		case INT4OID:
			*len = aepg_item_print(DatumGetInt32(element), number);
			return number;
		case INT8OID:
			*len = aepg_item_print(DatumGetInt64(element), number);
			return number;
	}
	*len = VARSIZE_ANY_EXHDR(DatumGetPointer(element));
	return VARDATA_ANY(DatumGetPointer(element));
}

/* room for the members of a value */
static void
reader_reserve(AepgSetReader *reader, int count)
{
	if (count <= reader->capacity)
		return;
	if (reader->members != NULL)
		pfree(reader->members);
	reader->capacity = 0;
	reader->members = NULL;
	reader->members = MemoryContextAllocHuge(reader->context,
											 sizeof(AeMember) * count);
	reader->capacity = count;
}

/* the number of an item, -1 for none */
typedef int (*NumberFn) (const void *arg, const char *text, size_t len);

/* the members of a value, not united */
static int
reader_read(AepgSetReader *reader, Datum value, NumberFn find, void *arg)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	Datum	   *elements;
	bool	   *nulls;
	int			nelements;
	int			count = 0;

	deconstruct_array(array, reader->element, reader->typlen,
					  reader->typbyval, reader->typalign, &elements, &nulls,
					  &nelements);
	reader_reserve(reader, nelements);
	for (int i = 0; i < nelements; i++)
	{
		char		number[AEPG_ITEM_NUMBER_BYTES];
		const char *text;
		size_t		len;
		int			item;

		if (nulls[i])
			continue;
		text = reader_item(reader, elements[i], number, &len);
		item = find(arg, text, len);
		if (item >= 0)
			reader->members[count++] = (AeMember) {(uint32_t) item, 1.0f};
	}
	pfree(elements);
	pfree(nulls);
	if ((Pointer) array != DatumGetPointer(value))
		pfree(array);
	return count;
}

static int
find_item(const void *arg, const char *text, size_t len)
{
	return ae_items_find(arg, text, len);
}

AeMember *
aepg_set_reader_read(AepgSetReader *reader, Datum value, const AeItems *items,
					 int *count)
{
	int			nread = reader_read(reader, value, find_item,
									unconstify(AeItems *, items));

	*count = ae_members_unite(reader->members, nread);
	return reader->members;
}

/*----------
 * Trainings.
 *----------
 */
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

void
aepg_sets_add(AepgSets *sets, Oid type, Datum value)
{
	int			count;

	if (sets->reader == NULL)
	{
		sets->reader = aepg_set_reader_create(type, sets->context);
		aepg_check(ae_sets_create(aepg_env_create(sets->context),
								  sets->budget, sets->reader->is_number,
								  &sets->sets), READING);
	}
	count = reader_read(sets->reader, value, number_item, sets->sets);
	aepg_check(ae_sets_append(sets->sets, sets->reader->members, count),
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
aepg_sets_add_columns(AepgSets *sets, TupleDesc desc, const Datum *values,
					  const bool *nulls)
{
	if (desc->natts != 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a training on sets takes one column, not %d",
						desc->natts)));
	if (!nulls[0])
		aepg_sets_add(sets, TupleDescAttr(desc, 0)->atttypid, values[0]);
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

/* epochs that the model's history may have */
static int
sets_epochs(const AeModel *model)
{
	return model->ease.count > 0 ? 0 : model->options.epochs;
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
			 errhint("Raise maintenance_work_mem, raise the option \"min_frequency\", or set the option \"variant\" to \"mult_vae\".")));
}

static void
sets_fit_ease(AeModel *model, const AeSetRows *rows, const AeEnv *env)
{
	sets_check_memory(model);
	aepg_check(ae_ease_fit(&model->ease, model->items, rows,
						   model->options.normalization,
						   model->options.regularization, aepg_blas_get(),
						   env), "training");
}

bytea *
aepg_sets_train(const AepgSets *sets)
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
	aepg_check(ae_set_model_plan(model, sets->sets, options,
								 &scratch, &rows), "planning the model");
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
