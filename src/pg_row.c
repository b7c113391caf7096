/*
 * pg_row.c
 *	  Readers: which parts of a SQL value are the columns of a model.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "core/classes.h"
#include "pg_compat.h"
#include "pg_row_private.h"

/*----------
 * Any reader.
 *----------
 */
AepgReader *
aepg_row_create_reader(Oid type, TupleDesc desc, int max_columns,
					   MemoryContext context)
{
	AepgReader *reader = palloc0(sizeof(AepgReader));

	reader->context = context;
	reader->type = type;
	reader->desc = desc;
	reader->label = -1;
	reader->columns = palloc0(Max(max_columns, 1) * sizeof(RowColumn));
	if (desc != NULL)
	{
		reader->is_record = getBaseType(type) == RECORDOID;
		reader->values = palloc(Max(desc->natts, 1) * sizeof(Datum));
		reader->nulls = palloc(Max(desc->natts, 1) * sizeof(bool));
		reader->desc_id = INVALID_TUPLEDESC_IDENTIFIER;
		if (desc->tdtypeid != RECORDOID)
			reader->row_type = lookup_type_cache(desc->tdtypeid,
												 TYPECACHE_TUPDESC);
	}
	return reader;
}

TupleDesc
aepg_row_describe(Oid type, Datum value)
{
	HeapTupleData tuple;
	TupleDesc	desc;
	TupleDesc	copy;

	AepgVector	vector;

	if (type_is_array_domain(type))
		return NULL;
	vector = OidIsValid(type) ? aepg_vector_of(getBaseType(type))
		: AEPG_VECTOR_NONE;
	if (aepg_vector_is_dense(vector))
		return NULL;
	if (!OidIsValid(type) || !type_is_rowtype(type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("features must be a row or an array of numbers, not %s",
						OidIsValid(type) ? format_type_be(type) :
						"a value whose type cannot be determined"),
				 vector == AEPG_VECTOR_SPARSE ?
				 errhint("A sparse vector is a set, for models with the option \"input\" set to \"set\".  Cast it to vector to have it read as numbers.") :
				 errhint("Pass the row of a table or subquery, ROW(a, b), or an array cast to a type such as real[].  A name that is both a table and a column means the column.")));

	aepg_row_open(value, &tuple);
	desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(tuple.t_data),
								  HeapTupleHeaderGetTypMod(tuple.t_data));
	copy = CreateTupleDescCopyConstr(desc);
	ReleaseTupleDesc(desc);
	return copy;
}

bool
aepg_row_init_column(RowColumn *column, Oid type, int32 typmod,
					 MemoryContext context)
{
	Oid			base;
	Oid			element;
	Oid			output;
	bool		is_varlena;

	column->type = type;
	base = getBaseTypeAndTypmod(type, &typmod);
	element = get_element_type(base);
	column->vector = aepg_vector_of(base);
	if (aepg_vector_is_dense(column->vector))
		element = FLOAT4OID;
	column->is_array = OidIsValid(element);
	column->ncells = column->is_array ? 0 : 1;
	if (!column->is_array)
		return aepg_scalar_init(&column->scalar, type, typmod, context);

	if (column->vector != AEPG_VECTOR_NONE)
	{
		/* its modifier is how many numbers there are */
		column->ncells = Max(typmod, 0);
		typmod = -1;
	}
	getTypeOutputInfo(type, &output, &is_varlena);
	fmgr_info_cxt(output, &column->array_output, context);
	get_typlenbyvalalign(element, &column->element_bytes,
						 &column->element_by_value, &column->element_align);
	return aepg_scalar_init(&column->scalar, element, typmod, context) &&
		column->scalar.form <= AEPG_FORM_NUMERIC;
}

bool
aepg_row_set_kind(RowColumn *column, AeKind kind, const char *time_zone)
{
	if (!aepg_scalar_allows(&column->scalar, kind))
		return false;
	if (column->is_array && kind != AE_KIND_NUMERIC &&
		kind != AE_KIND_POISSON && kind != AE_KIND_POSITIVE)
		return false;
	column->scalar.kind = kind;
	if (column->scalar.form == AEPG_FORM_TIMESTAMPTZ)
	{
		column->scalar.zone = pg_tzset(time_zone);
		if (column->scalar.zone == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("time zone \"%s\" of the model does not exist on this server",
							time_zone)));
	}
	return true;
}

void
aepg_row_add_binary(AepgReader *reader, int cell)
{
	if (reader->binary == NULL)
		reader->binary = MemoryContextAlloc(reader->context,
											reader->ncells * sizeof(int));
	reader->binary[reader->nbinary++] = cell;
}

/*
 * Whether the named row type still has the columns of desc.  A table may be
 * altered while a call site lives; the type cache then forgets its identifier.
 */
static bool
row_desc_is_current(AepgReader *reader)
{
	TypeCacheEntry *type = reader->row_type;

	if (type == NULL || type->tupDesc_identifier == reader->desc_id)
		return true;
	type = lookup_type_cache(type->type_id, TYPECACHE_TUPDESC);
	if (type->tupDesc == NULL ||
		!equalTupleDescs(type->tupDesc, reader->desc))
		return false;
	reader->desc_id = type->tupDesc_identifier;
	return true;
}

bool
aepg_reader_fits(AepgReader *reader, Datum value)
{
	HeapTupleHeader header;

	if (!row_desc_is_current(reader))
		return false;
	if (!reader->is_record)
		return true;
	header = DatumGetHeapTupleHeader(value);
	return HeapTupleHeaderGetTypeId(header) == reader->desc->tdtypeid &&
		HeapTupleHeaderGetTypMod(header) == reader->desc->tdtypmod;
}

/*----------
 * Readers for applying a model.
 *----------
 */
static void
row_reject_kind(const RowColumn *column, const AeColumn *wanted)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of type %s cannot be read as the model's column \"%s\"",
					column->name, format_type_be(column->type), wanted->name),
			 errdetail("The model has learnt it from type %s as kind \"%s\".",
					   wanted->type, ae_kind_names[wanted->kind])));
}

/* the numbers of an array, one after the other, are the cells of the model */
static AepgReader *
row_apply_to_array(Oid type, const AeFeatures *features,
				   MemoryContext context)
{
	AepgReader *reader = aepg_row_create_reader(type, NULL, 1, context);
	RowColumn  *column = reader->columns;

	column->attribute = -1;
	if (!aepg_row_init_column(column, type, -1, context))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("features must be an array of numbers, not %s",
						format_type_be(type))));
	column->ncells = features->ncells;
	reader->ncolumns = 1;
	reader->ncells = features->ncells;

	for (int i = 0; i < features->ncolumns; i++)
	{
		const AeColumn *wanted = &features->columns[i];

		if (wanted->kind == AE_KIND_BINARY)
			aepg_row_add_binary(reader, wanted->cell);
		else if (ae_column_is_labelled(wanted) ||
				 wanted->kind == AE_KIND_CALENDAR)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("an array of numbers cannot hold column \"%s\" of the model, which is of kind \"%s\"",
							wanted->name, ae_kind_names[wanted->kind]),
					 errhint("Pass a row with the columns of the model.")));
	}
	return reader;
}

/* whether the columns are called f1, f2, ..., as those of ROW(...) are */
static bool
row_is_anonymous(const AepgReader *reader)
{
	char		name[NAMEDATALEN];

	if (!reader->is_record)
		return false;
	for (int i = 0; i < reader->desc->natts; i++)
	{
		snprintf(name, sizeof(name), "f%d", i + 1);
		if (strcmp(NameStr(TupleDescAttr(reader->desc, i)->attname),
				   name) != 0)
			return false;
	}
	return true;
}

/* from start on, and then from the first one */
static int
row_find_attribute(const AepgReader *reader, const char *name, int start)
{
	int			natts = reader->desc->natts;

	for (int i = 0; i < natts; i++)
	{
		int			index = start + i < natts ? start + i : start + i - natts;
		Form_pg_attribute att = TupleDescAttr(reader->desc, index);

		if (!att->attisdropped && strcmp(NameStr(att->attname), name) == 0)
			return index;
	}
	return -1;
}

/* classes is the column of classes, which a row need not have, or -1 */
static int
row_match_attribute(const AepgReader *reader, const AeFeatures *features,
					int column, int classes, bool is_anonymous)
{
	const char *name = features->columns[column].name;
	int			start = 0;
	int			attribute;

	if (is_anonymous && reader->desc->natts == features->ncolumns)
		return column;
	if (is_anonymous && reader->desc->natts == features->ncolumns - 1 &&
		classes >= 0)
		return column < classes ? column : column == classes ? -1 : column - 1;

	/* columns often are in the model's order */
	if (column > 0)
		start = (reader->columns[column - 1].attribute + 1) %
			reader->desc->natts;
	attribute = row_find_attribute(reader, name, start);
	if (attribute < 0 && is_anonymous && column != classes)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the row has %d columns, but the model has %d",
						reader->desc->natts, features->ncolumns),
				 errdetail("The columns of ROW(...) have no names, so they are matched by position.")));
	if (attribute < 0 && column != classes)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("the row has no column \"%s\", which the model needs",
						name)));
	return attribute;
}

/*
 * What aepg_row_init_column() would look up for the column, taken from the one
 * before if that has the same type.
 */
static bool
row_copy_column(RowColumn *column, const RowColumn *before,
				Form_pg_attribute att)
{
	if (before->is_array || before->type != att->atttypid ||
		before->scalar.base != att->atttypid ||
		before->scalar.typmod != att->atttypmod)
		return false;
	*column = *before;
	return true;
}

/* a column that the row does not have */
static void
row_leave_out(RowColumn *column, const AeColumn *wanted, int index)
{
	column->name = wanted->name;
	column->attribute = -1;
	column->column = index;
	column->cell = wanted->cell;
	column->ncells = wanted->ncells;
	column->scalar.kind = wanted->kind;
}

static void
row_apply_to_attribute(AepgReader *reader, int attribute, int index,
					   const AeModel *model)
{
	Form_pg_attribute att;
	const AeColumn *wanted = &model->features->columns[index];
	RowColumn  *column = &reader->columns[index];
	bool		is_readable = true;
	bool		is_literal;
	int			declared;

	if (attribute < 0)
	{
		row_leave_out(column, wanted, index);
		return;
	}
	att = TupleDescAttr(reader->desc, attribute);

	if ((index == 0 || column[-1].attribute < 0 ||
		 !row_copy_column(column, column - 1, att)) &&
		!aepg_row_init_column(column, att->atttypid, att->atttypmod,
							  reader->context))
		is_readable = false;
	column->name = NameStr(att->attname);
	column->attribute = attribute;
	column->column = index;
	column->cell = wanted->cell;
	if (!is_readable ||
		!aepg_row_set_kind(column, wanted->kind, model->options.time_zone))
		row_reject_kind(column, wanted);
	declared = column->vector != AEPG_VECTOR_NONE ? column->ncells : 0;
	column->ncells = wanted->ncells;
	if (declared > 0)
		aepg_row_require_length(reader, column, declared);

	/* a time of day is no date; an untyped NULL may be anything */
	is_literal = column->scalar.form == AEPG_FORM_UNKNOWN;
	if (is_literal)
		column->scalar.is_enum = ae_column_is_labelled(wanted);
	if (wanted->kind == AE_KIND_ORDINAL &&
		column->scalar.is_enum != ae_column_is_labelled(wanted))
		row_reject_kind(column, wanted);
	if (!is_literal && wanted->kind == AE_KIND_CALENDAR &&
		(aepg_scalar_cycles(&column->scalar) == AE_CYCLE_DAY) !=
		(wanted->cycles == AE_CYCLE_DAY))
		row_reject_kind(column, wanted);
	if (!is_literal && wanted->ncells > 1 && !column->is_array)
		row_reject_kind(column, wanted);
	if (wanted->kind == AE_KIND_BINARY)
		aepg_row_add_binary(reader, wanted->cell);
}

static void
row_mark_never_seen(AepgReader *reader, const AeFeatures *features)
{
	reader->never_seen = palloc0(Max(reader->ncells, 1) * sizeof(bool));
	for (int i = 0; i < features->ncolumns; i++)
	{
		const AeColumn *column = &features->columns[i];

		for (int j = 0; j < column->ncells; j++)
			reader->never_seen[column->cell + j] =
				column->kind != AE_KIND_CATEGORY &&
				column->cells[j].nmissing >= features->nrows;
	}
}

/* desc, NULL for an array, and the reader live in the current context */
static AepgReader *
row_apply(Oid type, TupleDesc desc, const AeModel *model,
		  MemoryContext context)
{
	const AeFeatures *features = model->features;
	AepgReader *reader;

	if (desc == NULL)
		reader = row_apply_to_array(type, features, context);
	else
	{
		const AeColumn *labels = ae_classes_column(features);
		int			classes = -1;
		bool		is_anonymous;

		if (labels != NULL)
			classes = (int) (labels - features->columns);
		reader = aepg_row_create_reader(type, desc, features->ncolumns,
										context);
		reader->ncells = features->ncells;
		is_anonymous = row_is_anonymous(reader);
		for (int i = 0; i < features->ncolumns; i++)
			row_apply_to_attribute(reader,
								   row_match_attribute(reader, features, i,
													   classes, is_anonymous),
								   i, model);
		reader->ncolumns = features->ncolumns;
	}
	row_mark_never_seen(reader, features);
	return reader;
}

AepgReader *
aepg_reader_for_model(Oid type, Datum value, const AeModel *model,
					  MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	AepgReader *reader;

	reader = row_apply(type, aepg_row_describe(type, value), model, context);
	MemoryContextSwitchTo(old);
	return reader;
}

void
aepg_reader_replace(AepgReader **reader, Oid type, Datum value,
					const AeModel *model, MemoryContext context)
{
	*reader = NULL;
	MemoryContextReset(context);
	*reader = aepg_reader_for_model(type, value, model, context);
}

AepgReader *
aepg_reader_for_columns(Oid type, TupleDesc desc, const AeModel *model,
						MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	AepgReader *reader;

	reader = row_apply(type, CreateTupleDescCopyConstr(desc), model, context);
	MemoryContextSwitchTo(old);
	return reader;
}
