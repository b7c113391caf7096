/*
 * pg_row_read.c
 *	  SQL values as cells.
 *
 * This runs once per row of every statement, so what can be looked up has been
 * looked up by pg_row.c, and an array of plain numbers is read where it is.
 * Other conversions leave garbage in the current memory context, which
 * executors reset row by row.
 */
#include "postgres.h"

#include <math.h>

#include "access/tupmacs.h"
#include "fmgr.h"

#include "pg_compat.h"
#include "pg_row_private.h"

/*----------
 * Complaints.
 *----------
 */
static const char *
row_cell_name(const AepgReader *reader, int cell)
{
	const RowColumn *column = reader->columns;

	if (reader->desc == NULL)
		return psprintf("element %d of the array", cell + 1);
	while (cell >= column->cell + column->ncells)
		column++;
	if (column->is_array)
		return psprintf("element %d of column \"%s\"",
						cell - column->cell + 1, column->name);
	return psprintf("column \"%s\"", column->name);
}

static void
row_reject_number(AepgReader *reader, int cell, double value)
{
	if (reader->lenient)
	{
		reader->failed = true;
		return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 isnan(value) ?
			 errmsg("%s has the value NaN", row_cell_name(reader, cell)) :
			 errmsg("%s is infinite or beyond double precision",
					row_cell_name(reader, cell)),
			 errhint("Replace such values with NULL, which means missing.")));
}

static void
row_check_binary(AepgReader *reader, const double *row)
{
	for (int i = 0; i < reader->nbinary; i++)
	{
		double		value = row[reader->binary[i]];

		if (value == 0 || value == 1 || isnan(value))
			continue;
		if (reader->lenient)
		{
			reader->failed = true;
			return;
		}
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s is of kind \"binary\" and must be 0 or 1, not %g",
						row_cell_name(reader, reader->binary[i]), value)));
	}
}

/* when a model is applied, such a value is far from all others */
static void
row_check_limits(const AepgReader *reader, const double *row)
{
	for (int i = 0; i < reader->nlimits; i++)
	{
		const RowLimit *limit = &reader->limits[i];
		double		value = row[limit->cell];
		bool		is_count = limit->kind == AE_KIND_POISSON;

		if (isnan(value) ||
			(value >= 0 && (!is_count || (value == rint(value) &&
										  value <= AE_MAX_COUNT))))
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s is of kind \"%s\" and must be %s, not %.15g",
						row_cell_name(reader, limit->cell),
						ae_kind_names[limit->kind],
						is_count ? "a whole number from 0 to 2^53"
						: "0 or more", value)));
	}
}

/*----------
 * Arrays.
 *----------
 */
ArrayType *
aepg_row_open_array(const RowColumn *column, Datum value)
{
	if (column->vector != AEPG_VECTOR_NONE)
		return aepg_vector_to_array(column->vector, value);
	return DatumGetArrayTypeP(value);
}

static const char *
row_array_name(const RowColumn *column)
{
	const char *what = column->vector != AEPG_VECTOR_NONE ? "vector" : "array";

	if (column->name == NULL)
		return what;
	return psprintf("%s column \"%s\"", what, column->name);
}

int
aepg_row_array_length(const RowColumn *column, const ArrayType *array)
{
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must have one dimension, not %d",
						row_array_name(column), ARR_NDIM(array))));
	return ARR_NDIM(array) == 0 ? 0 : ARR_DIMS(array)[0];
}

void
aepg_row_check_length(const AepgReader *reader, const RowColumn *column,
					  const ArrayType *array)
{
	aepg_row_require_length(reader, column,
							aepg_row_array_length(column, array));
}

void
aepg_row_require_length(const AepgReader *reader, const RowColumn *column,
						int length)
{
	if (likely(length == column->ncells))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
			 errmsg("%s has %d elements, but %d are needed",
					row_array_name(column), length, column->ncells),
			 reader->for_training ?
			 errdetail("All arrays must be as long as the first one.") :
			 errdetail("The model was trained on arrays of %d elements.",
					   column->ncells)));
}

/* elements of a type that is neither NULL nor of variable length */
static void
row_read_plain(const AepgScalar *scalar, const void *data, int n,
			   double *cells)
{
	switch (scalar->form)
	{
		case AEPG_FORM_INT2:
			for (int i = 0; i < n; i++)
				cells[i] = ((const int16 *) data)[i];
			break;
		case AEPG_FORM_INT4:
			for (int i = 0; i < n; i++)
				cells[i] = ((const int32 *) data)[i];
			break;
		case AEPG_FORM_INT8:
			for (int i = 0; i < n; i++)
				cells[i] = (double) ((const int64 *) data)[i];
			break;
		case AEPG_FORM_FLOAT4:
			for (int i = 0; i < n; i++)
				cells[i] = ((const float4 *) data)[i];
			break;
		case AEPG_FORM_FLOAT8:
			memcpy(cells, data, (size_t) n * sizeof(double));
			break;
		default:
			elog(ERROR, "array elements of form %d are not plain",
				 (int) scalar->form);
	}
}

static void
row_check_finite(AepgReader *reader, const RowColumn *column,
				 const double *row)
{
	const double *cells = row + column->cell;
	bool		finite = true;

	for (int i = 0; i < column->ncells; i++)
		finite &= isfinite(cells[i]) != 0;
	if (likely(finite))
		return;
	for (int i = 0; i < column->ncells; i++)
	{
		if (!isfinite(cells[i]))
			row_reject_number(reader, column->cell + i, cells[i]);
	}
}

static double
row_read_number(AepgReader *reader, const RowColumn *column, int cell,
				Datum value)
{
	double		number = aepg_scalar_number(&column->scalar, value);

	if (unlikely(!isfinite(number)))
		row_reject_number(reader, cell, number);
	return number;
}

/* elements that may be NULL or of variable length */
static void
row_read_elements(AepgReader *reader, const RowColumn *column,
				  const ArrayType *array, double *row)
{
	const char *data = ARR_DATA_PTR(array);
	const bits8 *nulls = ARR_NULLBITMAP(array);

	for (int i = 0; i < column->ncells; i++)
	{
		int			cell = column->cell + i;

		/* a bit that is set means a value */
		if (nulls != NULL && (nulls[i / 8] & (1 << (i % 8))) == 0)
		{
			row[cell] = NAN;
			continue;
		}
		row[cell] = row_read_number(reader, column, cell,
									fetch_att(data, column->element_by_value,
											  column->element_bytes));
		data = att_addlength_pointer(data, column->element_bytes, data);
		data = (const char *) att_align_nominal(data, column->element_align);
	}
}

static void
row_read_vector(AepgReader *reader, const RowColumn *column, Datum value,
				double *row)
{
	int			length = 0;
	const void *numbers = aepg_vector_open(column->vector, value, &length);

	if (reader->lenient && (numbers == NULL || length != column->ncells))
	{
		reader->failed = true;
		return;
	}
	if (numbers == NULL)
		aepg_vector_report_malformed(column->vector);
	aepg_row_require_length(reader, column, length);
	aepg_vector_read(column->vector, numbers, length, row + column->cell);
	row_check_finite(reader, column, row);
}

static void
row_read_array(AepgReader *reader, const RowColumn *column, Datum value,
			   double *row)
{
	const ArrayType *array;

	if (column->vector != AEPG_VECTOR_NONE)
	{
		row_read_vector(reader, column, value, row);
		return;
	}
	array = DatumGetArrayTypeP(value);
	if (reader->lenient &&
		(ARR_NDIM(array) > 1 || column->ncells !=
		 (ARR_NDIM(array) == 0 ? 0 : ARR_DIMS(array)[0])))
	{
		reader->failed = true;
		return;
	}
	aepg_row_check_length(reader, column, array);
	if (ARR_HASNULL(array) || column->element_bytes < 0)
		row_read_elements(reader, column, array, row);
	else
	{
		row_read_plain(&column->scalar, ARR_DATA_PTR(array), column->ncells,
					   row + column->cell);
		row_check_finite(reader, column, row);
	}
}

/*----------
 * Rows.
 *----------
 */
void
aepg_row_open(Datum value, HeapTupleData *tuple)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(value);

	tuple->t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple->t_self);
	tuple->t_tableOid = InvalidOid;
	tuple->t_data = header;
}

void
aepg_row_deform(AepgReader *reader, Datum value)
{
	HeapTupleData tuple;

	aepg_row_open(value, &tuple);
	heap_deform_tuple(&tuple, reader->desc, reader->values, reader->nulls);
}

void
aepg_row_check_literal(const RowColumn *column)
{
	if (column->ncells > 1 || column->scalar.kind == AE_KIND_CALENDAR)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of the row has no type", column->name),
				 errhint("Cast the literal, for example to date or real[].")));
}

void
aepg_reader_read_columns(AepgReader *reader, const Datum *values,
						 const bool *nulls, AepgLabelFn label, void *arg,
						 double *row)
{
	if (reader->label >= 0)
		reader->is_anomaly = !nulls[reader->label] &&
			DatumGetBool(values[reader->label]);
	for (int i = 0; i < reader->ncolumns; i++)
	{
		RowColumn  *column = &reader->columns[i];
		Datum		value = (Datum) 0;

		if (column->attribute >= 0)
			value = values[column->attribute];
		if (column->attribute < 0 || nulls[column->attribute])
		{
			for (int j = 0; j < column->ncells; j++)
				row[column->cell + j] = NAN;
			continue;
		}
		if (column->scalar.form == AEPG_FORM_UNKNOWN)
		{
			/* who knows whether its text is a number */
			if (reader->lenient)
			{
				reader->failed = true;
				return;
			}
			aepg_row_check_literal(column);
		}
		if (column->is_array)
			row_read_array(reader, column, value, row);
		else if (aepg_scalar_is_label(&column->scalar))
		{
			size_t		len;
			const char *text = aepg_scalar_label(&column->scalar, value, &len);

			row[column->cell] = label(arg, column->column, text, len);
		}
		else
			row[column->cell] = row_read_number(reader, column, column->cell,
												value);
	}
	row_check_binary(reader, row);
	row_check_limits(reader, row);
}

void
aepg_reader_read(AepgReader *reader, Datum value, AepgLabelFn label,
				 void *arg, double *row)
{
	if (reader->desc == NULL)
	{
		row_read_array(reader, reader->columns, value, row);
		row_check_binary(reader, row);
		row_check_limits(reader, row);
		return;
	}
	aepg_row_deform(reader, value);
	aepg_reader_read_columns(reader, reader->values, reader->nulls, label,
							 arg, row);
}

bool
aepg_reader_try(AepgReader *reader, Datum value, AepgLabelFn label, void *arg,
				double *row)
{
	reader->lenient = true;
	reader->failed = false;
	aepg_reader_read(reader, value, label, arg, row);
	reader->lenient = false;
	return !reader->failed;
}

bool
aepg_reader_try_columns(AepgReader *reader, const Datum *values,
						const bool *nulls, AepgLabelFn label, void *arg,
						double *row)
{
	reader->lenient = true;
	reader->failed = false;
	aepg_reader_read_columns(reader, values, nulls, label, arg, row);
	reader->lenient = false;
	return !reader->failed;
}

void
aepg_reader_read_tuple(AepgReader *reader, HeapTuple tuple, AepgLabelFn label,
					   void *arg, double *row)
{
	heap_deform_tuple(tuple, reader->desc, reader->values, reader->nulls);
	aepg_reader_read_columns(reader, reader->values, reader->nulls, label,
							 arg, row);
}

TupleDesc
aepg_reader_columns(const AepgReader *reader, const Datum **values,
					const bool **nulls)
{
	*values = reader->values;
	*nulls = reader->nulls;
	return reader->desc;
}

bool
aepg_reader_is_anomaly(const AepgReader *reader)
{
	return reader->is_anomaly;
}
