/*
 * pg_row_train.c
 *	  Readers for training: every column that has an encoding is a column of
 *	  the model, unless the options say otherwise.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "pg_row_private.h"

/*----------
 * Overrides.
 *----------
 */
static const AepgColumnOptions *
row_find_override(const AepgOptions *options, const char *name, bool *used)
{
	/* called for each of many columns, and there may be as many overrides */
	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < options->ncolumns; i++)
	{
		if (strcmp(options->columns[i].name, name) == 0)
		{
			used[i] = true;
			return &options->columns[i];
		}
	}
	return NULL;
}

/* whether a column is one of the option "condition" */
static bool
row_is_condition(const AepgOptions *options, const char *name)
{
	for (int i = 0; i < options->nconditions; i++)
		if (strcmp(options->conditions[i], name) == 0)
			return true;
	return false;
}

/* whether a column has the classes that are learned */
static bool
row_is_classes(const AepgOptions *options, const char *name)
{
	return ae_options_classes(&options->core) &&
		strcmp(name, options->label) == 0;
}

/* how columns without names of their own are called; NULL for an array */
static int
row_hint_names(TupleDesc desc)
{
	if (desc == NULL)
		return errhint("The elements of an array are called \"1\", \"2\" and so on.");
	if (desc->tdtypeid == RECORDOID)
		return errhint("The columns of ROW(...) are called \"f1\", \"f2\" and so on.");
	return 0;
}

/* desc is NULL for an array */
static void
row_check_overrides(const AepgOptions *options, const bool *used,
					TupleDesc desc)
{
	for (int i = 0; i < options->ncolumns; i++)
	{
		if (!used[i])
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("option \"columns\" names column \"%s\", which does not exist",
							options->columns[i].name),
					 row_hint_names(desc)));
	}
}

/* what is left to learn; desc is NULL for an array */
static void
row_check_conditions(const AepgReader *reader, const AepgOptions *options,
					 TupleDesc desc)
{
	for (int i = 0; i < options->nconditions; i++)
	{
		const char *name = options->conditions[i];
		int			spec = 0;

		if (options->label != NULL && strcmp(name, options->label) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("option \"condition\" names column \"%s\", which is the label column",
							name)));
		while (spec < reader->nspecs &&
			   strcmp(reader->specs[spec].name, name) != 0)
			spec++;
		if (spec < reader->nspecs)
			continue;
		for (int j = 0; j < options->ncolumns; j++)
			if (options->columns[j].skip &&
				strcmp(options->columns[j].name, name) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("option \"condition\" names column \"%s\", which is skipped",
								name),
						 errhint("Remove \"skip\" from the options of that column.")));
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("option \"condition\" names column \"%s\", which does not exist",
						name),
				 row_hint_names(desc)));
	}
	if (options->nconditions > 0 &&
		options->nconditions + (reader->has_classes ? 1 : 0) == reader->nspecs)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"condition\" names all columns, so that none is left to learn"),
				 errhint("Leave out the columns that depend on the others.")));
}

/* an option that would change nothing is a mistake */
static void
row_check_fields(const AepgColumnOptions *override, AeKind kind,
				 bool is_condition)
{
	const char *field = NULL;
	const char *what = NULL;

	if (is_condition && override->weight != 1)
		what = "weight";
	else if (is_condition && override->loss != AE_AUTO)
		what = "loss";
	if (what != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"columns.%s.%s\" does not apply to a condition, which has no loss",
						override->name, what)));
	if (kind != AE_KIND_NUMERIC && override->scaling != AE_SCALING_AUTO)
		field = "scaling";
	else if (kind != AE_KIND_NUMERIC && override->loss != AE_AUTO)
		field = "loss";
	else if (kind != AE_KIND_CATEGORY && override->max_categories != AE_AUTO)
		field = "max_categories";
	else if (kind != AE_KIND_CATEGORY && override->min_frequency != AE_AUTO)
		field = "min_frequency";
	if (field != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"columns.%s.%s\" does not apply to a column of kind \"%s\"",
						override->name, field, ae_kind_names[kind])));
}

static int
row_hint_kind(const RowColumn *column, AeKind kind)
{
	if (column->is_array)
		return errhint("The elements of an array are numbers.");
	if (kind == AE_KIND_ORDINAL)
		return errhint("Its values must have an order: cast the column to a number, or to an enum type.");
	if (kind == AE_KIND_POISSON || kind == AE_KIND_POSITIVE)
		return errhint("Cast the column to a number.");
	return errhint("Cast the column to a type that can, such as text for a category.");
}

static void
row_reject_kind(const RowColumn *column, const char *name, AeKind kind)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of type %s cannot be of kind \"%s\"", name,
					format_type_be(column->type), ae_kind_names[kind]),
			 row_hint_kind(column, kind)));
}

/* the order of an ordinal column's labels, if it has labels */
static void
row_fill_labels(AeColumnSpec *spec, const RowColumn *column)
{
	if (spec->kind != AE_KIND_ORDINAL || !column->scalar.is_enum)
		return;
	spec->labels = aepg_scalar_enum_labels(&column->scalar, &spec->nlabels);
	if (spec->nlabels < 1 || spec->nlabels > AE_MAX_LEVELS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("type %s of column \"%s\" has %d labels, but a column of kind \"%s\" must have 1 to %d",
						format_type_be(column->type), spec->name,
						spec->nlabels, ae_kind_names[spec->kind],
						AE_MAX_LEVELS),
				 errhint("Make it a category.")));
}

/* cell is of a column of that kind; for at most reader->ncells cells */
static void
row_add_limit(AepgReader *reader, int cell, AeKind kind)
{
	if (kind == AE_KIND_BINARY)
		aepg_row_add_binary(reader, cell);
	if (kind != AE_KIND_POISSON && kind != AE_KIND_POSITIVE)
		return;
	if (reader->limits == NULL)
		reader->limits = MemoryContextAlloc(reader->context,
											reader->ncells * sizeof(RowLimit));
	reader->limits[reader->nlimits].cell = cell;
	reader->limits[reader->nlimits++].kind = kind;
}

/* everything but ncells, which may not be known */
static void
row_fill_spec(AeColumnSpec *spec, const char *name, const RowColumn *column,
			  const AepgOptions *options, const AepgColumnOptions *override)
{
	const AeOptions *core = &options->core;
	int			scaling = core->scaling;
	int			loss = core->loss;

	spec->name = name;
	spec->type = format_type_be(column->type);
	spec->kind = column->scalar.kind;
	spec->cycles = spec->kind == AE_KIND_CALENDAR ?
		aepg_scalar_cycles(&column->scalar) : 0;
	spec->weight = 1;
	spec->condition = row_is_condition(options, name);
	if (row_is_classes(options, name))
	{
		spec->classes = true;
		spec->condition =
			options->core.variant == AE_VARIANT_SEMI_SUPERVISED;
	}
	spec->max_categories = core->max_categories;
	spec->min_frequency = core->min_frequency;
	if (override != NULL)
	{
		spec->weight = override->weight;
		if (override->scaling != AE_SCALING_AUTO)
			scaling = override->scaling;
		if (override->loss != AE_AUTO)
			loss = override->loss;
		if (override->max_categories != AE_AUTO)
			spec->max_categories = override->max_categories;
		if (override->min_frequency != AE_AUTO)
			spec->min_frequency = override->min_frequency;
	}
	spec->scaling = scaling == AE_AUTO ? AE_SCALING_AUTO : (AeScaling) scaling;
	spec->loss = loss == AE_AUTO ? AE_LOSS_SQUARED : (AeLoss) loss;
}

/* each element of an array argument is a column of its own */
static void
row_train_on_element(AepgReader *reader, int index,
					 const AepgOptions *options, bool *used)
{
	AeColumnSpec *spec = &reader->specs[index];
	char	   *name = psprintf("%d", index + 1);
	const AepgColumnOptions *override = row_find_override(options, name, used);

	row_fill_spec(spec, name, reader->columns, options, override);
	spec->type = format_type_be(reader->columns->scalar.type);
	spec->ncells = 1;
	if (override == NULL)
		return;

	if (override->skip)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("elements of an array cannot be skipped"),
				 errhint("Pass a shorter array, or a row.")));
	if (override->has_kind && (override->kind == AE_KIND_CATEGORY ||
							   override->kind == AE_KIND_CALENDAR))
		row_reject_kind(reader->columns, name, override->kind);
	if (override->has_kind)
		spec->kind = override->kind;
	row_check_fields(override, spec->kind, spec->condition);
	row_add_limit(reader, index, spec->kind);
}

static AepgReader *
row_train_on_array(Oid type, Datum value, const AepgOptions *options,
				   bool *used, MemoryContext context)
{
	AepgReader *reader = aepg_row_create_reader(type, NULL, 1, context);
	RowColumn  *column = reader->columns;
	int			n;

	column->attribute = -1;
	if (!aepg_row_init_column(column, type, -1, context))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("features of type %s have no encoding",
						format_type_be(type)),
				 errhint("Pass an array of numbers, or a row.")));

	n = aepg_row_array_length(column, aepg_row_open_array(column, value));
	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("array of features has no elements")));
	if (n > AE_MAX_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("array of features has %d elements, but a model can have at most %d columns",
						n, AE_MAX_COLUMNS),
				 errhint("An array inside a row, as in ROW(a), is one column and may be longer.")));
	column->ncells = n;
	reader->ncolumns = 1;
	reader->ncells = n;
	reader->nspecs = n;
	reader->specs = palloc0(n * sizeof(AeColumnSpec));

	for (int i = 0; i < n; i++)
		row_train_on_element(reader, i, options, used);
	return reader;
}

static void
row_report_duplicate(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_COLUMN),
			 errmsg("column \"%s\" occurs more than once in the row", name)));
}

static void
row_check_duplicate(const AepgReader *reader, const char *name)
{
	for (int i = 0; i < reader->ncolumns; i++)
		if (strcmp(reader->columns[i].name, name) == 0)
			row_report_duplicate(name);
}

static void
row_train_on_attribute(AepgReader *reader, int attribute,
					   const AepgOptions *options,
					   const AepgColumnOptions *override)
{
	Form_pg_attribute att = TupleDescAttr(reader->desc, attribute);
	RowColumn  *column = &reader->columns[reader->ncolumns];
	char	   *name = NameStr(att->attname);
	AeKind		kind;

	row_check_duplicate(reader, name);
	column->name = name;
	column->attribute = attribute;
	column->column = reader->ncolumns;
	if (!aepg_row_init_column(column, att->atttypid, att->atttypmod,
							  reader->context) ||
		column->scalar.form == AEPG_FORM_UNKNOWN)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("column \"%s\" of type %s has no encoding", name,
						format_type_be(att->atttypid)),
				 column->vector == AEPG_VECTOR_SPARSE ?
				 errhint("Cast it to vector, or give it the kind \"set\".") :
				 errhint("Cast it to a number, boolean, text or timestamp, or leave it out with the option {\"columns\": {\"%s\": {\"skip\": true}}}.",
						 name)));

	kind = override && override->has_kind ? override->kind :
		column->scalar.kind;
	if (row_is_classes(options, name))
		kind = AE_KIND_CATEGORY;
	if (!aepg_row_set_kind(column, kind, options->core.time_zone))
		row_reject_kind(column, name, kind);
	if (override != NULL)
		row_check_fields(override, kind,
						 row_is_condition(options, name));
	row_fill_spec(&reader->specs[reader->ncolumns], name, column, options,
				  override);
	row_fill_labels(&reader->specs[reader->ncolumns], column);
	if (reader->specs[reader->ncolumns].classes)
	{
		/* each label is a class */
		reader->specs[reader->ncolumns].max_categories = AE_MAX_LABELS;
		reader->specs[reader->ncolumns].min_frequency = 1;
	}
	reader->ncolumns++;
}

/*----------
 * The label column: no feature, unless its labels are classes.
 *----------
 */
static void
row_check_label_override(const char *name, const AepgColumnOptions *override)
{
	if (override != NULL && !override->skip)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"columns.%s\" does not apply to the label column",
						name)));
}

static void
row_train_on_label(AepgReader *reader, int attribute,
				   const AepgOptions *options,
				   const AepgColumnOptions *override)
{
	Form_pg_attribute att = TupleDescAttr(reader->desc, attribute);
	char	   *name = NameStr(att->attname);

	if (reader->label >= 0)
		row_report_duplicate(name);
	row_check_label_override(name, override);
	if (ae_options_classes(&options->core))
	{
		row_train_on_attribute(reader, attribute, options, NULL);
		reader->has_classes = true;
		return;
	}
	if (getBaseType(att->atttypid) != BOOLOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("label column \"%s\" must be of type boolean, not %s",
						name, format_type_be(att->atttypid)),
				 errhint("Select a condition, such as \"kind = 'fraud' AS label\".")));
	reader->label = attribute;
}

/* desc is NULL for an array */
static void
row_check_label(const AepgReader *reader, const AepgOptions *options,
				TupleDesc desc)
{
	if (options->label == NULL || reader->label >= 0 || reader->has_classes)
		return;
	if (desc == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("option \"label\" needs features that are a row, not an array"),
				 errhint("Pass the row of a subquery that has the array and the label as columns.")));
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("option \"label\" names column \"%s\", which does not exist",
					options->label),
			 row_hint_names(desc)));
}

static AepgReader *
row_train_on_row(Oid type, TupleDesc desc, const AepgOptions *options,
				 bool *used, MemoryContext context)
{
	AepgReader *reader = aepg_row_create_reader(type, desc, desc->natts,
												context);

	reader->specs = palloc0(Max(desc->natts, 1) * sizeof(AeColumnSpec));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		const AepgColumnOptions *override;

		if (att->attisdropped)
			continue;
		override = row_find_override(options, NameStr(att->attname), used);
		if (options->label != NULL &&
			strcmp(NameStr(att->attname), options->label) == 0)
			row_train_on_label(reader, i, options, override);
		else if (override == NULL || !override->skip)
			row_train_on_attribute(reader, i, options, override);
	}
	if (reader->ncolumns <= (reader->has_classes ? 1 : 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no column to train on")));
	reader->nspecs = reader->ncolumns;
	return reader;
}

AepgReader *
aepg_reader_for_training(Oid type, Datum value, const AepgOptions *options,
						 MemoryContext context, AeColumnSpec **specs,
						 int *ncolumns)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	bool	   *used = palloc0(Max(options->ncolumns, 1) * sizeof(bool));
	TupleDesc	desc = aepg_row_describe(type, value);
	AepgReader *reader;

	if (desc == NULL)
		reader = row_train_on_array(type, value, options, used, context);
	else
		reader = row_train_on_row(type, desc, options, used, context);
	row_check_overrides(options, used, desc);
	row_check_label(reader, options, desc);
	row_check_conditions(reader, options, desc);
	reader->for_training = true;
	*specs = reader->specs;
	*ncolumns = reader->nspecs;
	MemoryContextSwitchTo(old);
	return reader;
}

/* cells of all columns, once every length is known */
static void
row_place_cells(AepgReader *reader)
{
	int64		ncells = 0;

	for (int i = 0; i < reader->ncolumns; i++)
	{
		RowColumn  *column = &reader->columns[i];

		column->cell = (int) ncells;
		reader->specs[i].ncells = column->ncells;
		ncells += column->ncells;
		if (ncells > AE_MAX_CELLS)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("a row has more than %d numbers", AE_MAX_CELLS)));
	}
	reader->ncells = (int) ncells;
	for (int i = 0; i < reader->ncolumns; i++)
	{
		const RowColumn *column = &reader->columns[i];

		for (int j = 0; j < column->ncells; j++)
			row_add_limit(reader, column->cell + j, column->scalar.kind);
	}
}

bool
aepg_reader_learn(AepgReader *reader, Datum value)
{
	bool		known = true;

	if (reader->ncells > 0)
		return true;

	aepg_row_deform(reader, value);
	for (int i = 0; i < reader->ncolumns; i++)
	{
		RowColumn  *column = &reader->columns[i];
		Datum		array = reader->values[column->attribute];

		if (column->ncells == 0 && !reader->nulls[column->attribute])
		{
			column->ncells =
				aepg_row_array_length(column,
									  aepg_row_open_array(column, array));
			if (column->ncells == 0)
				ereport(ERROR,
						(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
						 errmsg("array column \"%s\" has no elements",
								column->name)));
		}
		known &= column->ncells > 0;
	}
	if (known)
		row_place_cells(reader);
	return known;
}

void
aepg_reader_guess(AepgReader *reader)
{
	for (int i = 0; i < reader->ncolumns; i++)
		reader->columns[i].ncells = Max(reader->columns[i].ncells, 1);
	row_place_cells(reader);
}
