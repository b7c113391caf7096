/*
 * set_rows.h
 *	  Rows of items as a training reads them: in memory, or in the host's
 *	  temporary files when the budget is spent.
 *
 * Members stand one behind the other in blocks, which move to the spool as a
 * whole, oldest first.  What stays in memory of each row is where it starts,
 * so rows can be read in any order, and a training does not depend on the
 * memory that was available.
 */
#ifndef AE_SET_ROWS_H
#define AE_SET_ROWS_H

#include <stdbool.h>

#include "core/account.h"
#include "core/arena.h"

/* one item of a row */
typedef struct AeMember
{
	uint32_t	item;
	float		weight;			/* > 0, but for other inputs */
} AeMember;

/* a block has so many, unless it is the last */
#define AE_BLOCK_MEMBERS 8192

typedef struct AeMemberBlock
{
	AeMember   *members;		/* NULL when spooled */
	uint64_t	place;			/* in the spool */
} AeMemberBlock;

typedef struct AeMemberList
{
	AeAccount	account;
	const AeSpool *spool;		/* borrowed; may be NULL */
	uint64_t	count;
	AeMemberBlock *blocks;		/* full ones, then the tail */
	uint32_t	capacity;		/* of blocks */
	uint32_t	nspooled;		/* the first so many */
	uint32_t	tail_capacity;	/* of the last block, if it is not full */
} AeMemberList;

/* empty; takes no memory yet.  What account and spool point to is borrowed. */
extern void ae_member_list_init(AeMemberList *list, AeAccount account,
								const AeSpool *spool);
extern void ae_member_list_free(AeMemberList *list);

extern AeStatus ae_member_list_append(AeMemberList *list,
									  const AeMember *members,
									  uint64_t count);

/* moves all full blocks to the spool, unless as many bytes as they take are
 * left of the budget */
extern AeStatus ae_member_list_make_room(AeMemberList *list);

/* copies count members from the first-th on, which must be there */
extern AeStatus ae_member_list_read(const AeMemberList *list, uint64_t first,
									uint64_t count, AeMember *members);

/*
 * Rows of the items of a vocabulary, in ascending order in each row; behind
 * them may stand other inputs, numbered from the count of items on.
 */
typedef struct AeSetRows
{
	uint64_t	count;			/* rows that have an item */
	uint64_t   *start;			/* (count + 1) in members */
	int			longest;		/* members of a row */
	AeMemberList members;
} AeSetRows;

/* the members of a row, into room for the longest */
extern AeStatus ae_set_rows_read(const AeSetRows *rows, uint64_t row,
								 AeMember *members, int *count);

/* gives the members back to the budget; an arena has the rest */
extern void ae_set_rows_free(AeSetRows *rows);

#endif							/* AE_SET_ROWS_H */
