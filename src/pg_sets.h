/*
 * pg_sets.h
 *	  SQL arrays as sets of items, and trainings on them.
 *
 * An item is an integer or a text.  NULL elements are no items, and an item
 * that an array holds twice is in the set once, with the larger weight.
 */
#ifndef AEPG_SETS_H
#define AEPG_SETS_H

#include "postgres.h"

#include "access/tupdesc.h"

#include "core/model.h"
#include "core/sets.h"
#include "pg_options.h"

/* what knows how to read arrays of one type */
typedef struct AepgSetReader AepgSetReader;

/*
 * For values of that type, of which one is at hand: arrays of items, or rows
 * of such an array and one of weights.  Error unless they are sets.
 */
extern AepgSetReader *aepg_set_reader_create(Oid type, Datum value,
											 MemoryContext context);
/* for rows whose columns are at hand */
extern AepgSetReader *aepg_set_reader_for_columns(TupleDesc desc,
												  MemoryContext context);

/*
 * The items of a value that the model has, united; count is set.  They stay
 * until the next call.
 */
extern AeMember *aepg_set_reader_read(AepgSetReader *reader, Datum value,
									  const AeItems *items, int *count);

/* the text that an item of an integer has in models; len is set */
#define AEPG_ITEM_NUMBER_BYTES 24
extern int	aepg_item_print(int64 number, char *text);

/* the rows of a training */
typedef struct AepgSets AepgSets;

/* without rows; lives in context.  options, NULL for an update, and budget are
 * borrowed. */
extern AepgSets *aepg_sets_create(const AepgOptions *options,
								  AeBudget *budget, MemoryContext context);
extern void aepg_sets_free(AepgSets *sets);

/* one row: a value of that type, not NULL */
extern void aepg_sets_add(AepgSets *sets, Oid type, Datum value);

/* the same for the columns of a query; without items it is no row */
extern void aepg_sets_add_columns(AepgSets *sets, TupleDesc desc,
								  const Datum *values, const bool *nulls);

extern uint64 aepg_sets_rows(const AepgSets *sets);

/* whether there is an item that is frequent enough */
extern bool aepg_sets_have_items(const AepgSets *sets);

extern bytea *aepg_sets_train(const AepgSets *sets);

/* trains the network of a model further on the rows; a model of these alone */
extern bytea *aepg_sets_train_part(const AepgSets *sets, AeModel *model,
								   bool verbose);

#endif							/* AEPG_SETS_H */
