/*
 * sets.h
 *	  The rows of a training whose features are sets of items.
 *
 * Items are numbered as they appear.  What is kept of a row are the numbers
 * and weights of its items, so it grows with the items that rows have and not
 * with the items there are.  Beyond the budget rows go to the spool; items
 * stay in memory.
 */
#ifndef AE_SETS_H
#define AE_SETS_H

#include "core/items.h"
#include "core/set_mix.h"

typedef struct AeSets AeSets;

/*
 * Sorts members by item and leaves each item once, with its largest weight.
 * Returns how many are left.
 */
extern int	ae_members_unite(AeMember *members, int count);

/* without rows, of items that are integers or not; budget and spool, which may
 * be NULL, are borrowed and outlive it */
extern AeStatus ae_sets_create(const AeEnv *env, const AeSpool *spool,
							   AeBudget *budget, bool is_number,
							   AeSets **sets);
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

/* bytes of the items, which stay in memory whatever the budget */
extern uint64_t ae_sets_item_bytes(const AeSets *sets);

/* the items that at least min_frequency rows have, without those that are
 * known, NULL for none; they live in arena */
extern AeStatus ae_sets_fit(const AeSets *sets, int min_frequency,
							const AeItems *known, AeArena *arena,
							AeItems **items);

/* adds the rows to the frequencies of the first count items */
extern void ae_sets_count(const AeSets *sets, AeItems *items, int count);

/*
 * The rows that have some of the items, others left out, with the inputs of
 * the columns beside them; mixer is at its first row, or NULL.  The budget is
 * that of sets, whose rows stay, but may move to the spool.  On success rows
 * are to be freed.
 */
extern AeStatus ae_sets_match(AeSets *sets, const AeItems *items,
							  AeMixer *mixer, AeArena *arena,
							  AeSetRows *rows);

#endif							/* AE_SETS_H */
