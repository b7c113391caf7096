/*
 * pg_set_read.h
 *	  SQL arrays, and sparse vectors, as sets of items.
 *
 * An item is an integer or a text; a sparse vector has integers and weights.
 * NULL elements are no items, and an item that an array holds twice is in the
 * set once, with the larger weight.
 */
#ifndef AEPG_SET_READ_H
#define AEPG_SET_READ_H

#include "postgres.h"

#include "access/tupdesc.h"

#include "core/sets.h"
#include "pg_row.h"

/* what knows how to read arrays of one type */
typedef struct AepgSetReader AepgSetReader;

/*
 * For values of that type, of which one is at hand: arrays of items, sparse
 * vectors, or rows of such an array and one of weights, or of either alone.
 * Error unless they are sets.
 */
extern AepgSetReader *aepg_set_reader_create(Oid type, Datum value,
											 MemoryContext context);
/* for rows whose columns are at hand */
extern AepgSetReader *aepg_set_reader_for_columns(TupleDesc desc,
												  MemoryContext context);
/* for a column that is an array of items or a sparse vector */
extern AepgSetReader *aepg_set_reader_for_column(Oid type,
												 MemoryContext context);

extern bool aepg_set_reader_is_number(const AepgSetReader *reader);

/* the number of an item, -1 for none */
typedef int (*AepgItemFn) (const void *arg, const char *text, size_t len);

/* the members of a value, not united; returns how many there are */
extern int	aepg_set_reader_each(AepgSetReader *reader, Datum value,
								 AepgItemFn find, void *arg);
/* the same for the columns of a row; without items there are none, without
 * weights all are 1 */
extern int	aepg_set_reader_each_columns(AepgSetReader *reader, int ncolumns,
										 const Datum *values,
										 const bool *nulls, AepgItemFn find,
										 void *arg);
/* where they are, until the next call */
extern AeMember *aepg_set_reader_members(const AepgSetReader *reader);

/*
 * The items of a value that the model has, united; count is set.  They stay
 * until the next call.
 */
extern AeMember *aepg_set_reader_read(AepgSetReader *reader, Datum value,
									  const AeItems *items, int *count);

/* the same for the row that row read last, in which the column items->column
 * is the set; *reader, NULL at first, is made in context */
extern AeMember *aepg_set_reader_read_column(AepgSetReader **reader,
											 const AepgReader *row,
											 const AeItems *items,
											 MemoryContext context,
											 int *count);

/* the column of that name of a row whose columns are at hand; error unless
 * there is one */
extern Datum aepg_set_attribute(TupleDesc desc, const Datum *values,
								const bool *nulls, const char *name,
								Oid *type, bool *isnull);

/* the text that an item of an integer has in models; returns its length */
#define AEPG_ITEM_NUMBER_BYTES 24
extern int	aepg_item_print(int64 number, char *text);

#endif							/* AEPG_SET_READ_H */
