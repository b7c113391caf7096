/*
 * pg_row.h
 *	  SQL values as rows of the core, and back.
 *
 * A reader knows how to turn values of one SQL type (a numeric array, a vector
 * or a row type) into the cells of feature.h, column by column, and how to
 * build a value of the same type from cells.  It is made from the type of the
 * argument and, for arrays and anonymous records, from the first value.
 *
 * Rows are matched to a model by column name; extra columns are ignored.  An
 * anonymous ROW(...), whose columns are called f1, f2, ..., and an array are
 * matched by position and length.
 */
#ifndef AEPG_ROW_H
#define AEPG_ROW_H

#include "postgres.h"

#include "access/htup.h"
#include "access/tupdesc.h"

#include "core/dataset.h"
#include "core/model.h"
#include "pg_options.h"

typedef struct AepgReader AepgReader;

/* the cell value of a label of a category column */
typedef double (*AepgLabelFn) (void *arg, int column, const char *label,
							   size_t len);

/*
 * A reader for training on values of that type: every usable column becomes a
 * source column, as the overrides say.  specs (ncolumns) live in context and
 * point into the reader; their ncells are right once aepg_reader_learn() says
 * so.  Errors: a type that is no numeric array, vector or row; a column whose
 * type has no encoding (with a hint to cast or skip); an override for a column
 * that does not exist; a label that is no boolean column; no column left.
 */
extern AepgReader *aepg_reader_for_training(Oid type, Datum value,
											const AepgOptions *options,
											MemoryContext context,
											AeColumnSpec **specs,
											int *ncolumns);

/*
 * An array column is as long as its first array that is not NULL.  Looks at a
 * value and returns whether all lengths are known, so that rows can be read.
 */
extern bool aepg_reader_learn(AepgReader *reader, Datum value);

/* takes the lengths that are still not known to be 1 */
extern void aepg_reader_guess(AepgReader *reader);

/*
 * A reader for applying the model to values of that type.  Errors: wrong array
 * length, a column that the model needs and the row lacks, a column of another
 * kind.
 */
extern AepgReader *aepg_reader_for_model(Oid type, Datum value,
										 const AeModel *model,
										 MemoryContext context);

/* the same for values whose columns are at hand, as desc, which is copied,
 * says; type is the row type or RECORD */
extern AepgReader *aepg_reader_for_columns(Oid type, TupleDesc desc,
										   const AeModel *model,
										   MemoryContext context);

/* likewise in place of *reader, whose context of its own is reset */
extern void aepg_reader_replace(AepgReader **reader, Oid type, Datum value,
								const AeModel *model, MemoryContext context);

/*
 * Whether the reader, made for another value of this type, reads this one: not
 * if it is a record with other columns, or if the type was altered.  An array
 * of another length is an error of aepg_reader_read().
 */
extern bool aepg_reader_fits(AepgReader *reader, Datum value);

/*
 * The cells of a value (NaN: missing).  label is called for category columns.
 * Errors on NaN and infinity, naming the column.
 */
extern void aepg_reader_read(AepgReader *reader, Datum value,
							 AepgLabelFn label, void *arg, double *row);

/* the same for a row whose columns are at hand, in their order in the type */
extern void aepg_reader_read_columns(AepgReader *reader, const Datum *values,
									 const bool *nulls, AepgLabelFn label,
									 void *arg, double *row);

/*
 * The same as the two above, but for values that they reject or might reject:
 * then the result is false, row is of no use, and there is no error.
 */
extern bool aepg_reader_try(AepgReader *reader, Datum value,
							AepgLabelFn label, void *arg, double *row);
extern bool aepg_reader_try_columns(AepgReader *reader, const Datum *values,
									const bool *nulls, AepgLabelFn label,
									void *arg, double *row);

/* the same for a row of a table with that row type */
extern void aepg_reader_read_tuple(AepgReader *reader, HeapTuple tuple,
								   AepgLabelFn label, void *arg, double *row);

/*
 * The columns of the row that aepg_reader_read() read last, as they are in it:
 * until the next one, and in the memory context of that call.  NULL for arrays
 * and vectors.
 */
extern TupleDesc aepg_reader_columns(const AepgReader *reader,
									 const Datum **values, const bool **nulls);

/* the tuple inside a composite value, detoasted if need be */
extern void aepg_row_open(Datum value, HeapTupleData *tuple);

/* whether the row read last is labelled as an anomaly; for training only */
extern bool aepg_reader_is_anomaly(const AepgReader *reader);

/*
 * A copy of value, of the same type, with the model's columns replaced by
 * the expected cells: rounded to integers, numeric(p,s) and ranges respected,
 * categories as labels.  With only_missing, only NULLs are replaced.
 */
extern Datum aepg_reader_build(AepgReader *reader, Datum value,
							   const AeModel *model, const double *expected,
							   bool only_missing);

/*
 * The source columns of the model as text, each by its type's output function
 * and NULL where there is nothing: as they are in value, and as the expected
 * cells say.  Both (columns of the model) are filled in; domains have no say.
 */
extern void aepg_reader_show(AepgReader *reader, Datum value,
							 const AeModel *model, const double *expected,
							 char **actual_text, char **expected_text);

#endif							/* AEPG_ROW_H */
