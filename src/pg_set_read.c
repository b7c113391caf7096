/*
 * pg_set_read.c
 *	  SQL arrays, and sparse vectors, as sets of items.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "pg_set_read.h"
#include "pg_vector.h"

/* a smaller weight counts as none */
#define MIN_WEIGHT 1e-6
#define MAX_WEIGHT 1e6

struct AepgSetReader
{
	MemoryContext context;
	Oid			array;			/* type of the items' array */
	bool		is_row;			/* of items and their weights */
	bool		is_sparse;		/* items are a sparsevec, with weights */
	Oid			element;		/* of the items' array, base type; or the
								 * type of the sparsevec */
	int16		typlen;
	bool		typbyval;
	char		typalign;
	bool		is_number;
	Oid			weights;		/* type of the weights' array */
	Oid			weight;			/* of its elements, base type */
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
	reader->array = type;
	if (aepg_vector_of(getBaseType(type)) == AEPG_VECTOR_SPARSE)
	{
		reader->is_sparse = true;
		reader->is_number = true;
		reader->element = getBaseType(type);
		return;
	}
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
	if (reader->is_sparse)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a sparse vector has weights of its own"),
				 errhint("Pass it alone.")));
	reader->weights = type;
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

/* the tuple inside a row, and its columns, to be released */
static TupleDesc
reader_open_row(Datum value, HeapTupleData *tuple)
{
	aepg_row_open(value, tuple);
	return lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(tuple->t_data),
								  HeapTupleHeaderGetTypMod(tuple->t_data));
}

static AepgSetReader *
reader_create(MemoryContext context)
{
	AepgSetReader *reader = MemoryContextAllocZero(context,
												   sizeof(AepgSetReader));

	reader->context = context;
	return reader;
}

static void
reader_free(AepgSetReader **reader)
{
	if ((*reader)->members != NULL)
		pfree((*reader)->members);
	pfree(*reader);
	*reader = NULL;
}

AepgSetReader *
aepg_set_reader_create(Oid type, Datum value, MemoryContext context)
{
	AepgSetReader *reader = reader_create(context);

	reader->is_row = type_is_rowtype(type);
	if (reader->is_row)
	{
		HeapTupleData tuple;
		TupleDesc	desc = reader_open_row(value, &tuple);

		reader_set_columns(reader, desc);
		ReleaseTupleDesc(desc);
	}
	else
		reader_set_items(reader, type);
	return reader;
}

/* for a column, of items only */
AepgSetReader *
aepg_set_reader_for_column(Oid type, MemoryContext context)
{
	AepgSetReader *reader = reader_create(context);

	reader_set_items(reader, type);
	return reader;
}

AepgSetReader *
aepg_set_reader_for_columns(TupleDesc desc, MemoryContext context)
{
	AepgSetReader *reader = reader_create(context);

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

static void
check_weight(double weight)
{
	if (!(weight >= 0 && weight <= MAX_WEIGHT))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weight of an item must be a number from 0 to %g, not %g",
						MAX_WEIGHT, weight)));
}

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
		if (!nulls[i])
			check_weight(weights[i]);
	}
	pfree(elements);
	pfree(nulls);
	return weights;
}

/* the members of arrays of items and, unless NULL, weights; not united */
static int
reader_read_arrays(AepgSetReader *reader, Datum items, const Datum *weight,
				   AepgItemFn find, void *arg)
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

/*
 * The members of a sparse vector, whose indexes are items; they count from 1,
 * as they do in its text.
 */
static int
reader_read_sparse(AepgSetReader *reader, Datum value, AepgItemFn find,
				   void *arg)
{
	AepgSparse	sparse = aepg_vector_open_sparse(value);
	int			count = 0;

	reader_reserve(reader, sparse.count);
	for (int i = 0; i < sparse.count; i++)
	{
		char		number[AEPG_ITEM_NUMBER_BYTES];
		int			item;

		check_weight(sparse.values[i]);
		if (sparse.values[i] < MIN_WEIGHT)
			continue;
		item = find(arg, number,
					aepg_item_print((int64) sparse.indexes[i] + 1, number));
		if (item >= 0)
			reader->members[count++] =
				(AeMember) {(uint32_t) item, sparse.values[i]};
	}
	return count;
}

/* columns of a row; without items there are none, without weights all are 1 */
int
aepg_set_reader_each_columns(AepgSetReader *reader, int ncolumns,
							 const Datum *values, const bool *nulls,
							 AepgItemFn find, void *arg)
{
	if (nulls[0])
		return 0;
	if (reader->is_sparse)
		return reader_read_sparse(reader, values[0], find, arg);
	return reader_read_arrays(reader, values[0], ncolumns > 1 && !nulls[1]
							  ? &values[1] : NULL, find, arg);
}

static bool
reader_reads(const AepgSetReader *reader, Oid type)
{
	return type == reader->array || reader->element ==
		(reader->is_sparse ? getBaseType(type) : reader_element(type));
}

static bool
reader_weighs(const AepgSetReader *reader, Oid type)
{
	return type == reader->weights || reader->weight == reader_element(type);
}

/* error unless the row is like the first one */
static void
reader_check_columns(const AepgSetReader *reader, TupleDesc desc)
{
	if (desc->natts == (OidIsValid(reader->weight) ? 2 : 1) &&
		reader_reads(reader, TupleDescAttr(desc, 0)->atttypid) &&
		(desc->natts == 1 ||
		 reader_weighs(reader, TupleDescAttr(desc, 1)->atttypid)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("sets of one call must have the same columns")));
}

static int
reader_read_row(AepgSetReader *reader, Datum value, AepgItemFn find, void *arg)
{
	HeapTupleData tuple;
	TupleDesc	desc = reader_open_row(value, &tuple);
	int			ncolumns = desc->natts;
	Datum		values[2];
	bool		nulls[2];

	reader_check_columns(reader, desc);
	heap_deform_tuple(&tuple, desc, values, nulls);
	ReleaseTupleDesc(desc);
	return aepg_set_reader_each_columns(reader, ncolumns, values, nulls, find,
										arg);
}

/* the members of a value, not united */
int
aepg_set_reader_each(AepgSetReader *reader, Datum value, AepgItemFn find,
					 void *arg)
{
	if (reader->is_row)
		return reader_read_row(reader, value, find, arg);
	if (reader->is_sparse)
		return reader_read_sparse(reader, value, find, arg);
	return reader_read_arrays(reader, value, NULL, find, arg);
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
	int			nread = aepg_set_reader_each(reader, value, find_item,
									unconstify(AeItems *, items));

	*count = ae_members_unite(reader->members, nread);
	return reader->members;
}

/* the value of the column of that name; error unless there is one */
Datum
aepg_set_attribute(TupleDesc desc, const Datum *values, const bool *nulls,
			  const char *name, Oid *type, bool *isnull)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->attisdropped || strcmp(NameStr(att->attname), name) != 0)
			continue;
		*type = att->atttypid;
		*isnull = nulls[i];
		return values[i];
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("row has no column \"%s\", which is the set of items",
					name)));
	return (Datum) 0;
}

AeMember *
aepg_set_reader_read_column(AepgSetReader **reader, const AepgReader *row,
							const AeItems *items, MemoryContext context,
							int *count)
{
	const Datum *values;
	const bool *nulls;
	TupleDesc	desc = aepg_reader_columns(row, &values, &nulls);
	Oid			type;
	bool		isnull;
	Datum		set = aepg_set_attribute(desc, values, nulls, items->column,
										 &type, &isnull);

	if (*reader != NULL && (*reader)->array != type)
		reader_free(reader);
	if (*reader == NULL)
		*reader = aepg_set_reader_for_column(type, context);
	if (isnull)
	{
		*count = 0;
		return (*reader)->members;
	}
	return aepg_set_reader_read(*reader, set, items, count);
}

bool
aepg_set_reader_is_number(const AepgSetReader *reader)
{
	return reader->is_number;
}

AeMember *
aepg_set_reader_members(const AepgSetReader *reader)
{
	return reader->members;
}
