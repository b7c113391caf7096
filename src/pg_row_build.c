/*
 * pg_row_build.c
 *	  Cells as SQL values: a copy of a value with the model's columns replaced.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "pg_compat.h"
#include "pg_row_private.h"

/* a domain checks what is put into it, its owner knows why */
static void
row_check_domain(AepgReader *reader, Oid type, Datum value, bool is_null,
				 void **cache)
{
	if (get_typtype(type) == TYPTYPE_DOMAIN)
		domain_check(value, is_null, type, cache, reader->context);
}

/* the value that a cell stands for, NULL where the model expects nothing */
static Datum
row_build_scalar(AepgReader *reader, RowColumn *column, int cell,
				 const AeModel *model, const double *expected, bool *is_null)
{
	AepgScalar *scalar = &column->scalar;
	Datum		value = (Datum) 0;
	const char *label;

	*is_null = reader->never_seen[cell] || !isfinite(expected[cell]);
	if (!*is_null && scalar->kind == AE_KIND_CATEGORY)
	{
		label = ae_column_label(&model->features->columns[column->column],
								(int) expected[cell]);
		*is_null = label == NULL;
		if (label != NULL)
			value = aepg_scalar_from_label(scalar, label);
	}
	else if (!*is_null)
		value = aepg_scalar_from_number(scalar, expected[cell]);

	if (scalar->type != scalar->base)
		row_check_domain(reader, scalar->type, value, *is_null,
						 &scalar->domain_cache);
	return value;
}

/* array may be NULL */
static Datum
row_build_array(AepgReader *reader, RowColumn *column, ArrayType *array,
				const AeModel *model, const double *expected,
				bool only_missing)
{
	int			n = column->ncells;
	int			lower = 1;
	Datum	   *values;
	bool	   *nulls;

	if (array != NULL)
	{
		int			count;

		aepg_row_check_length(reader, column, array);
		lower = ARR_LBOUND(array)[0];
		deconstruct_array(array, ARR_ELEMTYPE(array), column->element_bytes,
						  column->element_by_value, column->element_align,
						  &values, &nulls, &count);
	}
	else
	{
		values = palloc(n * sizeof(Datum));
		nulls = palloc(n * sizeof(bool));
		memset(nulls, true, n);
	}

	for (int i = 0; i < n; i++)
	{
		int			cell = column->cell + i;

		if (nulls[i] || !only_missing)
			values[i] = row_build_scalar(reader, column, cell, model,
										 expected, &nulls[i]);
	}
	return PointerGetDatum(construct_md_array(values, nulls, 1, &n, &lower,
											  column->scalar.type,
											  column->element_bytes,
											  column->element_by_value,
											  column->element_align));
}

static void
row_build_column(AepgReader *reader, RowColumn *column, const AeModel *model,
				 const double *expected, bool only_missing)
{
	Datum	   *value = &reader->values[column->attribute];
	bool	   *is_null = &reader->nulls[column->attribute];
	void	  **cache = &column->domain_cache;

	if (column->is_array)
	{
		ArrayType  *array = *is_null ? NULL : DatumGetArrayTypeP(*value);

		if (only_missing && array != NULL && !array_contains_nulls(array))
			return;
		*value = row_build_array(reader, column, array, model, expected,
								 only_missing);
		*is_null = false;
		row_check_domain(reader, column->type, *value, false, cache);
	}
	else if (*is_null || !only_missing)
	{
		if (column->scalar.form == AEPG_FORM_UNKNOWN)
			aepg_row_check_literal(column);
		*value = row_build_scalar(reader, column, column->cell, model,
								  expected, is_null);
	}
}

Datum
aepg_reader_build(AepgReader *reader, Datum value, const AeModel *model,
				  const double *expected, bool only_missing)
{
	Datum		result;

	if (reader->desc == NULL)
	{
		ArrayType  *array = DatumGetArrayTypeP(value);

		if (only_missing && !array_contains_nulls(array))
			return PointerGetDatum(array);
		result = row_build_array(reader, reader->columns, array, model,
								 expected, only_missing);
	}
	else
	{
		aepg_row_deform(reader, value);
		for (int i = 0; i < reader->ncolumns; i++)
			row_build_column(reader, &reader->columns[i], model, expected,
							 only_missing);
		result = HeapTupleGetDatum(heap_form_tuple(reader->desc,
												   reader->values,
												   reader->nulls));
	}
	row_check_domain(reader, reader->type, result, false,
					 &reader->domain_cache);
	return result;
}
