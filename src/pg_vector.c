/*
 * pg_vector.c
 *	  Values of pgvector's types: vector, halfvec and sparsevec.
 *
 * The extension may be there or not, so its types are found by name, and are
 * its own only if the catalog says that they belong to it.  Their layouts are
 * those of its files and have not changed since it has them; lengths are
 * checked, so that bytes of another layout are an error at worst.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "utils/syscache.h"

#include "pg_compat.h"
#include "pg_vector.h"

#define EXTENSION_NAME "vector"

static const char *const vector_names[] = {
	[AEPG_VECTOR_SINGLE] = "vector",
	[AEPG_VECTOR_HALF] = "halfvec",
	[AEPG_VECTOR_SPARSE] = "sparsevec"
};

/* as many dimensions as pgvector allows */
#define MAX_DIMENSIONS 16000

/* vector and halfvec */
typedef struct DenseVector
{
	int32		header;			/* of a varlena */
	int16		count;
	int16		unused;
	char		numbers[FLEXIBLE_ARRAY_MEMBER];
} DenseVector;

/* indexes (count) are followed by values (count) */
typedef struct SparseVector
{
	int32		header;
	int32		dimensions;
	int32		count;
	int32		unused;
	int32		indexes[FLEXIBLE_ARRAY_MEMBER];
} SparseVector;

AepgVector
aepg_vector_of(Oid type)
{
	AepgVector	result = AEPG_VECTOR_NONE;
	HeapTuple	tuple;
	Form_pg_type form;
	Oid			extension;

	if (type < FirstNormalObjectId)
		return AEPG_VECTOR_NONE;
	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	if (!HeapTupleIsValid(tuple))
		return AEPG_VECTOR_NONE;
	form = (Form_pg_type) GETSTRUCT(tuple);
	for (int i = AEPG_VECTOR_SINGLE; i <= AEPG_VECTOR_SPARSE; i++)
		if (strcmp(NameStr(form->typname), vector_names[i]) == 0 &&
			form->typtype == TYPTYPE_BASE && form->typlen == -1 &&
			!OidIsValid(form->typelem))
			result = (AepgVector) i;
	ReleaseSysCache(tuple);
	if (result == AEPG_VECTOR_NONE)
		return AEPG_VECTOR_NONE;

	extension = getExtensionOfObject(TypeRelationId, type);
	if (!OidIsValid(extension) ||
		extension != get_extension_oid(EXTENSION_NAME, true))
		return AEPG_VECTOR_NONE;
	return result;
}

void
aepg_vector_report_malformed(AepgVector type)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("value of type %s is malformed", vector_names[type])));
}

/*----------
 * Dense ones.
 *----------
 */
static size_t
dense_number_bytes(AepgVector type)
{
	return type == AEPG_VECTOR_HALF ? sizeof(uint16) : sizeof(float4);
}

const void *
aepg_vector_open(AepgVector type, Datum value, int *count)
{
	const DenseVector *vector = (const DenseVector *) PG_DETOAST_DATUM(value);
	size_t		size = VARSIZE(vector);

	if (size < offsetof(DenseVector, numbers))
		return NULL;
	*count = vector->count;
	if (*count < 1 || *count > MAX_DIMENSIONS ||
		size != offsetof(DenseVector, numbers) +
		*count * dense_number_bytes(type))
		return NULL;
	return vector->numbers;
}

/* a number of half precision: 5 bits of exponent, 10 of fraction */
static float
half_to_float(uint16 half)
{
	uint32		exponent = (half >> 10) & 0x1f;
	uint32		fraction = half & 0x3ff;
	float		size;

	if (exponent == 0)
		size = (float) fraction * 0x1p-24f;
	else
	{
		/* all ones stay all ones: infinity and NaN */
		uint32		bits = (exponent == 0x1f ? 0xff : exponent + 112) << 23 |
			fraction << 13;

		memcpy(&size, &bits, sizeof(size));
	}
	return (half & 0x8000) != 0 ? -size : size;
}

/* the closest number of half precision, which is finite */
static uint16
half_from_float(float number)
{
	const uint32 largest = 0x7bff;
	double		size = fabs(number);
	int			exponent = -13;
	uint32		bits;

	if (size >= 0x1p16)
		bits = largest;
	else
	{
		/* the smallest ones share an exponent; rounding up carries into it */
		if (size >= 0x1p-14)
			(void) frexp(size, &exponent);
		bits = ((uint32) (exponent + 13) << 10) +
			(uint32) rint(ldexp(size, 11 - exponent));
	}
	return (uint16) (Min(bits, largest) | (signbit(number) ? 0x8000 : 0));
}

void
aepg_vector_read(AepgVector type, const void *numbers, int count,
				 double *cells)
{
	if (type == AEPG_VECTOR_HALF)
		for (int i = 0; i < count; i++)
			cells[i] = half_to_float(((const uint16 *) numbers)[i]);
	else
		for (int i = 0; i < count; i++)
			cells[i] = ((const float4 *) numbers)[i];
}

ArrayType *
aepg_vector_to_array(AepgVector type, Datum value)
{
	int			count;
	const void *numbers = aepg_vector_open(type, value, &count);
	ArrayType  *array;
	float4	   *elements;
	size_t		size;

	if (numbers == NULL)
		aepg_vector_report_malformed(type);
	size = ARR_OVERHEAD_NONULLS(1) + count * sizeof(float4);
	array = palloc0(size);
	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->elemtype = FLOAT4OID;
	ARR_DIMS(array)[0] = count;
	ARR_LBOUND(array)[0] = 1;
	elements = (float4 *) ARR_DATA_PTR(array);
	if (type == AEPG_VECTOR_HALF)
		for (int i = 0; i < count; i++)
			elements[i] = half_to_float(((const uint16 *) numbers)[i]);
	else
		memcpy(elements, numbers, count * sizeof(float4));
	return array;
}

static DenseVector *
dense_create(AepgVector type, int count)
{
	size_t		size = offsetof(DenseVector, numbers) +
		count * dense_number_bytes(type);
	DenseVector *vector;

	if (count < 1 || count > MAX_DIMENSIONS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("type %s holds at most %d numbers, not %d",
						vector_names[type], MAX_DIMENSIONS, count),
				 errhint("Cast the column to real[].")));
	vector = palloc0(size);
	SET_VARSIZE(vector, size);
	vector->count = (int16) count;
	return vector;
}

Datum
aepg_vector_from_array(AepgVector type, const ArrayType *array)
{
	int			count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const float4 *elements = (const float4 *) ARR_DATA_PTR(array);
	DenseVector *vector = dense_create(type, count);

	if (type == AEPG_VECTOR_HALF)
		for (int i = 0; i < count; i++)
			((uint16 *) vector->numbers)[i] = half_from_float(elements[i]);
	else
		memcpy(vector->numbers, elements, count * sizeof(float4));
	return PointerGetDatum(vector);
}

Datum
aepg_vector_zero(AepgVector type, int count)
{
	return PointerGetDatum(dense_create(type, count));
}

/*----------
 * Sparse ones.
 *----------
 */
AepgSparse
aepg_vector_open_sparse(Datum value)
{
	const SparseVector *vector =
		(const SparseVector *) PG_DETOAST_DATUM(value);
	size_t		size = VARSIZE(vector);
	AepgSparse	sparse;
	bool		good = size >= offsetof(SparseVector, indexes);

	if (good)
		good = vector->count >= 0 &&
			size == offsetof(SparseVector, indexes) +
			vector->count * (sizeof(int32) + sizeof(float4));
	for (int i = 0; good && i < vector->count; i++)
		good = vector->indexes[i] >= 0 &&
			vector->indexes[i] < vector->dimensions;
	if (!good)
		aepg_vector_report_malformed(AEPG_VECTOR_SPARSE);
	sparse.count = vector->count;
	sparse.indexes = vector->indexes;
	sparse.values = (const float4 *) (vector->indexes + vector->count);
	return sparse;
}
