/*
 * sets.h
 *	  The rows of a training whose features are sets of items.
 *
 * Items are numbered as they appear.  What is kept of a row are the numbers
 * and weights of its items, so memory grows with the items that rows have and
 * not with the items there are.
 */
#ifndef AE_SETS_H
#define AE_SETS_H

#include "core/account.h"
#include "core/items.h"

/* one item of a row */
typedef struct AeMember
{
	uint32_t	item;
	float		weight;			/* > 0, but for other inputs */
} AeMember;

/*
 * Rows of the items of a vocabulary, in ascending order in each row; behind
 * them may stand other inputs, numbered from the count of items on.
 */
typedef struct AeSetRows
{
	uint64_t	count;			/* rows that have an item */
	uint64_t   *origin;			/* (count) which of the rows appended it is */
	uint64_t   *start;			/* (count + 1) in members */
	AeMember   *members;
} AeSetRows;

typedef struct AeSets AeSets;

/*
 * Sorts members by item and leaves each item once, with its largest weight.
 * Returns how many are left.
 */
extern int	ae_members_unite(AeMember *members, int count);

/* without rows, of items that are integers or not; budget is borrowed and
 * outlives it */
extern AeStatus ae_sets_create(const AeEnv *env, AeBudget *budget,
							   bool is_number, AeSets **sets);
extern void ae_sets_free(AeSets *sets);

/*
 * The number of an item, which is added if it is new.  AE_ERR_LIMIT when there
 * are more than AE_MAX_ITEMS, or their text is too long.
 */
extern AeStatus ae_sets_number(AeSets *sets, const char *text, size_t len,
							   uint32_t *number);

/* one row; members are united */
extern AeStatus ae_sets_append(AeSets *sets, AeMember *members, int count);

extern uint64_t ae_sets_rows(const AeSets *sets);
/* whether an item is in so many rows */
extern bool ae_sets_have_item(const AeSets *sets, int min_frequency);

/*
 * The items that at least min_frequency rows have, and the rows in terms of
 * them, in an arena each.  sets stays as it is.
 */
extern AeStatus ae_sets_fit(const AeSets *sets, int min_frequency,
							AeArena *items_arena, AeItems **items,
							AeArena *rows_arena, AeSetRows *rows);

/* the rows in terms of items that are there already; others are left out */
extern AeStatus ae_sets_match(const AeSets *sets, const AeItems *items,
							  AeArena *arena, AeSetRows *rows);

#endif							/* AE_SETS_H */
