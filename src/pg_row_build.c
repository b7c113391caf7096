/*
 * pg_row_build.c
 *	  Cells as SQL values: a copy of a value with the model's columns replaced,
 *	  or both beside each other as text.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
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

/* the value that a cell stands for, NULL where the model expects nothing; its
 * domain has not been asked */
static Datum
row_make_scalar(const AepgReader *reader, RowColumn *column, int cell,
				const AeModel *model, const double *expected, bool *is_null)
{
	AepgScalar *scalar = &column->scalar;
	Datum		value = (Datum) 0;
	const char *label;

	*is_null = reader->never_seen[cell] || !isfinite(expected[cell]);
	if (!*is_null && aepg_scalar_is_label(scalar))
	{
		label = ae_column_label(&model->features->columns[column->column],
								(int) expected[cell]);
		*is_null = label == NULL;
		if (label != NULL)
			value = aepg_scalar_from_label(scalar, label);
	}
	else if (!*is_null)
		value = aepg_scalar_from_number(scalar, expected[cell]);
	return value;
}

static Datum
row_build_scalar(AepgReader *reader, RowColumn *column, int cell,
				 const AeModel *model, const double *expected, bool *is_null)
{
	AepgScalar *scalar = &column->scalar;
	Datum		value = row_make_scalar(reader, column, cell, model, expected,
										is_null);

	if (scalar->type != scalar->base)
		row_check_domain(reader, scalar->type, value, *is_null,
						 &scalar->domain_cache);
	return value;
}

/* a vector of which an element is NULL is NULL */
static Datum
row_make_array(const RowColumn *column, Datum *values, bool *nulls, int n,
			   int lower, bool *is_null)
{
	ArrayType  *array = construct_md_array(values, nulls, 1, &n, &lower,
										   column->scalar.type,
										   column->element_bytes,
										   column->element_by_value,
										   column->element_align);

	*is_null = false;
	if (column->vector == AEPG_VECTOR_NONE)
		return PointerGetDatum(array);
	*is_null = array_contains_nulls(array);
	return *is_null ? (Datum) 0 :
		aepg_vector_from_array(column->vector, array);
}

static void
row_split_array(const RowColumn *column, ArrayType *array, Datum **values,
				bool **nulls)
{
	int			count;

	deconstruct_array(array, ARR_ELEMTYPE(array), column->element_bytes,
					  column->element_by_value, column->element_align, values,
					  nulls, &count);
}

/* array may be NULL */
static Datum
row_build_array(AepgReader *reader, RowColumn *column, ArrayType *array,
				const AeModel *model, const double *expected,
				bool only_missing, bool *is_null)
{
	int			n = column->ncells;
	int			lower = 1;
	Datum	   *values;
	bool	   *nulls;

	if (array != NULL)
	{
		aepg_row_check_length(reader, column, array);
		lower = ARR_LBOUND(array)[0];
		row_split_array(column, array, &values, &nulls);
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

		Datum		value;
		bool		none;

		if (!nulls[i] && only_missing)
			continue;
		value = row_build_scalar(reader, column, cell, model, expected, &none);
		/* what a vector has stays where nothing is expected */
		if (none && column->vector != AEPG_VECTOR_NONE)
			continue;
		values[i] = value;
		nulls[i] = none;
	}
	return row_make_array(column, values, nulls, n, lower, is_null);
}

static void
row_build_column(AepgReader *reader, RowColumn *column, const AeModel *model,
				 const double *expected, bool only_missing)
{
	Datum	   *value;
	bool	   *is_null;
	void	  **cache = &column->domain_cache;

	/* a column of classes that the row does not have */
	if (column->attribute < 0)
		return;
	value = &reader->values[column->attribute];
	is_null = &reader->nulls[column->attribute];
	if (column->is_array)
	{
		ArrayType  *array = *is_null ? NULL :
			aepg_row_open_array(column, *value);

		if (only_missing && array != NULL && !array_contains_nulls(array))
			return;
		*value = row_build_array(reader, column, array, model, expected,
								 only_missing, is_null);
		row_check_domain(reader, column->type, *value, *is_null, cache);
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
		ArrayType  *array = aepg_row_open_array(reader->columns, value);
		bool		is_null;

		if (only_missing && !array_contains_nulls(array))
			return value;
		result = row_build_array(reader, reader->columns, array, model,
								 expected, only_missing, &is_null);
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

/*----------
 * As text.
 *----------
 */
static char *
row_show(RowColumn *column, bool as_array, Datum value, bool is_null)
{
	FmgrInfo   *output = as_array ? &column->array_output
		: &column->scalar.output;

	return is_null ? NULL : OutputFunctionCall(output, value);
}

/* values (n) of the cells of one source column */
static char *
row_show_cells(RowColumn *column, bool as_array, Datum *values, bool *nulls,
			   int n)
{
	Datum		value = values[0];
	bool		is_null = nulls[0];

	if (as_array)
		value = row_make_array(column, values, nulls, n, 1, &is_null);
	return row_show(column, as_array, value, is_null);
}

/* of an enum whose label may have been renamed, so that it is no value any
 * more, or of a column that the row does not have */
static char *
row_show_label(const AepgReader *reader, const AeColumn *source,
			   const double *expected)
{
	const char *label;

	if (reader->never_seen[source->cell] || !isfinite(expected[source->cell]))
		return NULL;
	label = ae_column_label(source, (int) expected[source->cell]);
	if (label == NULL)
		return NULL;
	(void) pg_verifymbstr(label, strlen(label), false);
	return pstrdup(label);
}

static char *
row_show_expected(AepgReader *reader, RowColumn *column, bool as_array,
				  const AeColumn *source, const AeModel *model,
				  const double *expected)
{
	Datum	   *values = palloc(source->ncells * sizeof(Datum));
	bool	   *nulls = palloc(source->ncells * sizeof(bool));

	if (column->scalar.is_enum && aepg_scalar_is_label(&column->scalar))
		return row_show_label(reader, source, expected);
	if (column->scalar.form == AEPG_FORM_UNKNOWN)
		aepg_row_check_literal(column);
	for (int i = 0; i < source->ncells; i++)
		values[i] = row_make_scalar(reader, column, source->cell + i, model,
									expected, &nulls[i]);
	return row_show_cells(column, as_array, values, nulls, source->ncells);
}

/* a source column of the model is an element of the array, or several */
static void
row_show_array(AepgReader *reader, ArrayType *array, const AeModel *model,
			   const double *expected, char **actual_text,
			   char **expected_text)
{
	const AeFeatures *features = model->features;
	RowColumn  *column = reader->columns;
	Datum	   *values;
	bool	   *nulls;

	aepg_row_check_length(reader, column, array);
	row_split_array(column, array, &values, &nulls);
	for (int i = 0; i < features->ncolumns; i++)
	{
		const AeColumn *source = &features->columns[i];
		bool		as_array = source->ncells > 1;

		actual_text[i] = row_show_cells(column, as_array,
										values + source->cell,
										nulls + source->cell, source->ncells);
		expected_text[i] = row_show_expected(reader, column, as_array, source,
											 model, expected);
	}
}

void
aepg_reader_show(AepgReader *reader, Datum value, const AeModel *model,
				 const double *expected, char **actual_text,
				 char **expected_text)
{
	if (reader->desc == NULL)
	{
		row_show_array(reader, aepg_row_open_array(reader->columns, value),
					   model, expected, actual_text, expected_text);
		return;
	}

	aepg_row_deform(reader, value);
	for (int i = 0; i < reader->ncolumns; i++)
	{
		RowColumn  *column = &reader->columns[i];

		if (column->attribute < 0)
		{
			actual_text[i] = NULL;
			expected_text[i] = row_show_label(reader,
											  &model->features->columns[i],
											  expected);
			continue;
		}
		actual_text[i] = row_show(column, column->is_array,
								  reader->values[column->attribute],
								  reader->nulls[column->attribute]);
		expected_text[i] = row_show_expected(reader, column, column->is_array,
											 &model->features->columns[i],
											 model, expected);
	}
}
