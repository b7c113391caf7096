/*
 * items.h
 *	  The items that a model of sets knows: most frequent first, and those of
 *	  updates behind them.
 *
 * An item is a text; that of an integer is decimal, so that all integer types
 * name the same items.  The order decides between equal scores, and so a user
 * of whom nothing is known is recommended what most others have.
 */
#ifndef AE_ITEMS_H
#define AE_ITEMS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/status.h"

#define AE_MAX_ITEMS 4000000	/* as wide as a network may be */
#define AE_MAX_ITEM_BYTES 1024	/* of one item's text */
#define AE_MAX_ITEMS_TEXT ((uint32_t) 1 << 30)	/* of all items */

typedef struct AeItems
{
	int			count;
	bool		is_number;		/* trained on integers */
	char	   *column;			/* which of several has the set; or NULL */
	char	   *text;			/* of all items, in order */
	uint32_t   *start;			/* (count + 1) in text */
	uint64_t   *frequency;		/* (count) training rows that have the item */

	/* derived by ae_items_index() */
	uint32_t   *slots;			/* an item's number plus one; 0: empty */
	uint32_t	mask;			/* slots - 1, slots a power of two */
} AeItems;

/* room for count items with so many bytes of text */
extern AeStatus ae_items_create(AeArena *arena, int count, size_t text_bytes,
								AeItems **items);

/* those of items and then those of more, findable; AE_ERR_LIMIT when there
 * would be too many */
extern AeStatus ae_items_append(const AeItems *items, const AeItems *more,
								AeArena *arena, AeItems **both);

/* makes items findable; AE_ERR_CORRUPT when one is there twice */
extern AeStatus ae_items_index(AeItems *items, AeArena *arena);

/* the number of an item, or -1 */
extern int	ae_items_find(const AeItems *items, const char *text, size_t len);

/* borrowed, not terminated */
static inline const char *
ae_items_text(const AeItems *items, int item, size_t *len)
{
	*len = items->start[item + 1] - items->start[item];
	return items->text + items->start[item];
}

#endif							/* AE_ITEMS_H */
