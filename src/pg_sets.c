/*
 * pg_sets.c
 *	  SQL arrays as sets of items, and trainings on them.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "core/set_train.h"
#include "pg_blas.h"
#include "pg_env.h"
#include "pg_guc.h"
#include "pg_model.h"
#include "pg_progress.h"
#include "pg_sets.h"

#define MEGABYTE (1024.0 * 1024.0)

/* a smaller weight counts as none */
#define MIN_WEIGHT 1e-6
#define MAX_WEIGHT 1e6

/* of a weight between items in a model, more or less */
#define SET_WEIGHT_BYTES 5.25

#define READING "reading sets"

/*----------
 * Arrays.
 *----------
 */
struct AepgSetReader
{
	MemoryContext context;
	bool		is_row;			/* of items and their weights */
	Oid			element;		/* of the items' array, base type */
	int16		typlen;
	bool		typbyval;
	char		typalign;
	bool		is_number;
	Oid			weight;			/* element type of the weights' array */
	AeMember   *members;		/* (capacity) of the value read last */
	int			capacity;
};

/* the base type of an array's elements; InvalidOid if it is no array */
static Oid
reader_element(Oid type)
{
	Oid			element = get_element_type(getBaseType(type));

	return OidIsValid(element) ? getBaseType(element) : InvalidOid;
}

static void
reader_set_items(AepgSetReader *reader, Oid type)
{
	reader->element = reader_element(type);
	switch (reader->element)
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
	get_typlenbyvalalign(reader->element, &reader->typlen, &reader->typbyval,
						 &reader->typalign);
}

static void
reader_set_weights(AepgSetReader *reader, Oid type)
{
	reader->weight = reader_element(type);
	if (reader->weight != FLOAT4OID && reader->weight != FLOAT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("type %s is no array of weights", format_type_be(type)),
				 errhint("Cast it to real[].")));
}

/* a row of items and weights, or of items alone */
static void
reader_set_columns(AepgSetReader *reader, TupleDesc desc)
{
	if (desc->natts < 1 || desc->natts > 2)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a set has one column, or two with weights, not %d",
						desc->natts)));
	reader_set_items(reader, TupleDescAttr(desc, 0)->atttypid);
	if (desc->natts == 2)
		reader_set_weights(reader, TupleDescAttr(desc, 1)->atttypid);
}

static TupleDesc
reader_row_type(Datum value)
{
	HeapTupleHeader row = DatumGetHeapTupleHeader(value);

	return lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(row),
								  HeapTupleHeaderGetTypMod(row));
}

AepgSetReader *
aepg_set_reader_create(Oid type, Datum value, MemoryContext context)
{
	AepgSetReader *reader = MemoryContextAllocZero(context,
												   sizeof(AepgSetReader));

	reader->context = context;
	reader->is_row = type_is_rowtype(type);
	if (reader->is_row)
	{
		TupleDesc	desc = reader_row_type(value);

		reader_set_columns(reader, desc);
		ReleaseTupleDesc(desc);
	}
	else
		reader_set_items(reader, type);
	return reader;
}

AepgSetReader *
aepg_set_reader_for_columns(TupleDesc desc, MemoryContext context)
{
	AepgSetReader *reader = MemoryContextAllocZero(context,
												   sizeof(AepgSetReader));

	reader->context = context;
	reader_set_columns(reader, desc);
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

/* weights beside so many items, as doubles, NaN for NULL */
static double *
reader_weights(const AepgSetReader *reader, Datum value, int count)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	bool		is_double = reader->weight == FLOAT8OID;
	double	   *weights;
	Datum	   *elements;
	bool	   *nulls;
	int			nweights;

	deconstruct_array(array, reader->weight, is_double ? 8 : 4,
					  !is_double || FLOAT8PASSBYVAL,
					  is_double ? TYPALIGN_DOUBLE : TYPALIGN_INT,
					  &elements, &nulls, &nweights);
	if (nweights != count)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("a set of %d items has %d weights", count,
						nweights)));
	weights = palloc((count + 1) * sizeof(double));
	for (int i = 0; i < count; i++)
	{
		weights[i] = nulls[i] ? NAN : is_double ? DatumGetFloat8(elements[i])
			: DatumGetFloat4(elements[i]);
		if (!nulls[i] && !(weights[i] >= 0 && weights[i] <= MAX_WEIGHT))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("weight of an item must be a number from 0 to %g, not %g",
							MAX_WEIGHT, weights[i])));
	}
	pfree(elements);
	pfree(nulls);
	return weights;
}

/* the members of arrays of items and, unless NULL, weights; not united */
static int
reader_read_arrays(AepgSetReader *reader, Datum items, const Datum *weight,
				   NumberFn find, void *arg)
{
	ArrayType  *array = DatumGetArrayTypeP(items);
	double	   *weights = NULL;
	Datum	   *elements;
	bool	   *nulls;
	int			nelements;
	int			count = 0;

	deconstruct_array(array, reader->element, reader->typlen,
					  reader->typbyval, reader->typalign, &elements, &nulls,
					  &nelements);
	if (weight != NULL)
		weights = reader_weights(reader, *weight, nelements);
	reader_reserve(reader, nelements);
	for (int i = 0; i < nelements; i++)
	{
		char		number[AEPG_ITEM_NUMBER_BYTES];
		const char *text;
		size_t		len;
		int			item;

		if (nulls[i] || (weights != NULL && !(weights[i] >= MIN_WEIGHT)))
			continue;
		text = reader_item(reader, elements[i], number, &len);
		item = find(arg, text, len);
		if (item >= 0)
			reader->members[count++] = (AeMember) {
				(uint32_t) item, weights != NULL ? (float) weights[i] : 1.0f
			};
	}
	pfree(elements);
	pfree(nulls);
	if (weights != NULL)
		pfree(weights);
	if ((Pointer) array != DatumGetPointer(items))
		pfree(array);
	return count;
}

/* columns of a row; without items there are none, without weights all are 1 */
static int
reader_read_columns(AepgSetReader *reader, int ncolumns, const Datum *values,
					const bool *nulls, NumberFn find, void *arg)
{
	if (nulls[0])
		return 0;
	return reader_read_arrays(reader, values[0], ncolumns > 1 && !nulls[1]
							  ? &values[1] : NULL, find, arg);
}

/* error unless the row is like the first one */
static void
reader_check_columns(const AepgSetReader *reader, TupleDesc desc)
{
	if (desc->natts == (OidIsValid(reader->weight) ? 2 : 1) &&
		reader_element(TupleDescAttr(desc, 0)->atttypid) == reader->element &&
		(desc->natts == 1 || reader->weight ==
		 reader_element(TupleDescAttr(desc, 1)->atttypid)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("sets of one call must have the same columns")));
}

static int
reader_read_row(AepgSetReader *reader, Datum value, NumberFn find, void *arg)
{
	HeapTupleHeader row = DatumGetHeapTupleHeader(value);
	TupleDesc	desc = reader_row_type(value);
	HeapTupleData tuple = {
		.t_len = HeapTupleHeaderGetDatumLength(row),
		.t_data = row
	};
	int			ncolumns = desc->natts;
	Datum		values[2];
	bool		nulls[2];

	reader_check_columns(reader, desc);
	heap_deform_tuple(&tuple, desc, values, nulls);
	ReleaseTupleDesc(desc);
	return reader_read_columns(reader, ncolumns, values, nulls, find, arg);
}

/* the members of a value, not united */
static int
reader_read(AepgSetReader *reader, Datum value, NumberFn find, void *arg)
{
	return reader->is_row ? reader_read_row(reader, value, find, arg)
		: reader_read_arrays(reader, value, NULL, find, arg);
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

/* the reader of the first row is that of all */
static void
sets_start(AepgSets *sets, AepgSetReader *reader)
{
	sets->reader = reader;
	aepg_check(ae_sets_create(aepg_env_create(sets->context), sets->budget,
							  reader->is_number, &sets->sets), READING);
}

/* the row that was read has so many members */
static void
sets_append(AepgSets *sets, int count)
{
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
aepg_sets_add(AepgSets *sets, Oid type, Datum value)
{
	if (sets->reader == NULL)
		sets_start(sets, aepg_set_reader_create(type, value, sets->context));
	sets_append(sets, reader_read(sets->reader, value, number_item,
								  sets->sets));
}

void
aepg_sets_add_columns(AepgSets *sets, TupleDesc desc, const Datum *values,
					  const bool *nulls)
{
	if (sets->reader == NULL)
		sets_start(sets, aepg_set_reader_for_columns(desc, sets->context));
	if (!nulls[0])
		sets_append(sets, reader_read_columns(sets->reader, desc->natts,
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
