/*
 * pg_row_private.h
 *	  What the parts of pg_row share: pg_row.c and pg_row_train.c make readers,
 *	  pg_row_read.c reads values, pg_row_build.c makes them.
 */
#ifndef AEPG_ROW_PRIVATE_H
#define AEPG_ROW_PRIVATE_H

#include "postgres.h"

#include "access/htup_details.h"
#include "access/tupdesc.h"
#include "utils/array.h"
#include "utils/typcache.h"

#include "pg_row.h"
#include "pg_scalar.h"
#include "pg_vector.h"

/*
 * A column of a row type, or the elements of an array argument.  The elements
 * are one RowColumn with many cells, although each is a column of the model.
 */
typedef struct RowColumn
{
	const char *name;			/* NULL for an array argument */
	int			attribute;		/* index into values; -1: array argument */
	int			column;			/* source column of the (first) cell */
	int			cell;			/* first cell */
	int			ncells;			/* 0: not known yet */
	bool		is_array;
	AepgVector	vector;			/* dense: this type is read as an array */
	Oid			type;			/* as declared, perhaps a domain */
	void	   *domain_cache;	/* array column only */
	AepgScalar	scalar;			/* the value or an array's element */
	FmgrInfo	array_output;	/* array: of the whole */
	int16		element_bytes;	/* array: how elements are laid out */
	bool		element_by_value;
	char		element_align;
} RowColumn;

/* a cell whose values a kind of column limits */
typedef struct RowLimit
{
	int			cell;
	AeKind		kind;
} RowLimit;

struct AepgReader
{
	MemoryContext context;		/* holds the reader and its caches */
	Oid			type;			/* of the argument, perhaps a domain */
	void	   *domain_cache;
	bool		for_training;

	/* rows only */
	TupleDesc	desc;			/* NULL for an array argument */
	TypeCacheEntry *row_type;	/* of desc; NULL if anonymous */
	uint64		desc_id;		/* row_type's identifier when desc was right */
	bool		is_record;		/* other values may have other columns */
	Datum	   *values;			/* (desc->natts) of the row at hand */
	bool	   *nulls;

	int			ncolumns;
	RowColumn  *columns;
	int			ncells;
	bool		lenient;		/* a bad value sets failed, no error */
	bool		failed;
	int			nbinary;		/* cells that must be 0 or 1 */
	int		   *binary;

	/* applying only: (ncells) cells that no training row had, so that nothing
	 * is expected of them */
	bool	   *never_seen;

	/* training only */
	int			label;			/* attribute of the column of known anomalies,
								 * or -1 */
	bool		has_classes;	/* a column is that of classes */
	bool		is_anomaly;		/* what it says of the row read last */
	int			nlimits;
	RowLimit   *limits;
	int			nspecs;
	AeColumnSpec *specs;
};

/*----------
 * pg_row.c
 *----------
 */

/* a reader for rows or, desc NULL, for arrays, with room for columns; in the
 * current memory context, which context must be */
extern AepgReader *aepg_row_create_reader(Oid type, TupleDesc desc,
										  int max_columns,
										  MemoryContext context);

/* a copy of the row type of a value, NULL if the type is an array; error for
 * any other type */
extern TupleDesc aepg_row_describe(Oid type, Datum value);

/*
 * Fills in what follows from the type of a column or of an array argument;
 * name and attribute are set already.  False when it has no encoding.
 */
extern bool aepg_row_init_column(RowColumn *column, Oid type, int32 typmod,
								 MemoryContext context);

/* reads the column as that kind from now on; false if its type cannot be */
extern bool aepg_row_set_kind(RowColumn *column, AeKind kind,
							  const char *time_zone);

/* the cell must be 0 or 1; for at most reader->ncells cells */
extern void aepg_row_add_binary(AepgReader *reader, int cell);

/*----------
 * pg_row_read.c
 *----------
 */

/* values and nulls of a row */
extern void aepg_row_deform(AepgReader *reader, Datum value);

/* an array, which is made if the value is a vector */
extern ArrayType *aepg_row_open_array(const RowColumn *column, Datum value);

/* number of elements; error unless the array has at most one dimension */
extern int	aepg_row_array_length(const RowColumn *column,
								  const ArrayType *array);

/* error unless the array has as many elements as the column has cells */
extern void aepg_row_check_length(const AepgReader *reader,
								  const RowColumn *column,
								  const ArrayType *array);

/* the same for an array of length elements */
extern void aepg_row_require_length(const AepgReader *reader,
									const RowColumn *column, int length);

/*
 * An untyped literal in ROW(...) is a label or a number.  Error if the column
 * is an array or of kind calendar: their text depends on the session.
 */
extern void aepg_row_check_literal(const RowColumn *column);

#endif							/* AEPG_ROW_PRIVATE_H */
