/*
 * set_rows.c
 *	  Rows of items as a training reads them: in memory, or in the host's
 *	  temporary files when the budget is spent.
 */
#include "core/set_rows.h"

#include <string.h>

/* members of the first tail, which then doubles */
#define LIST_FIRST 64

/* keeps the list of blocks far from overflow; eight terabytes of members */
#define LIST_MAX_BLOCKS ((uint32_t) 1 << 27)

#define BLOCK_BYTES (sizeof(AeMember) * AE_BLOCK_MEMBERS)

void
ae_member_list_init(AeMemberList *list, AeAccount account,
					const AeSpool *spool)
{
	*list = (AeMemberList) {
		.account = account,.spool = spool
	};
}

static uint32_t
list_full_blocks(const AeMemberList *list)
{
	return (uint32_t) (list->count / AE_BLOCK_MEMBERS);
}

void
ae_member_list_free(AeMemberList *list)
{
	uint32_t	nfull = list_full_blocks(list);

	for (uint32_t i = list->nspooled; i < nfull; i++)
		ae_account_give(&list->account, list->blocks[i].members, BLOCK_BYTES);
	if (list->tail_capacity > 0)
		ae_account_give(&list->account, list->blocks[nfull].members,
						sizeof(AeMember) * list->tail_capacity);
	ae_account_give(&list->account, list->blocks,
					sizeof(AeMemberBlock) * list->capacity);
	ae_member_list_init(list, list->account, list->spool);
}

/*----------
 * Growing.
 *----------
 */

/* room for one more block in the list */
static AeStatus
list_grow_blocks(AeMemberList *list)
{
	uint32_t	capacity = list->capacity > 0 ? 2 * list->capacity : 1;
	AeMemberBlock *blocks;

	if (list_full_blocks(list) < list->capacity)
		return AE_OK;
	if (capacity > LIST_MAX_BLOCKS)
		return AE_ERR_LIMIT;
	blocks = ae_account_grow(&list->account, list->blocks,
							 sizeof(AeMemberBlock) * list->capacity,
							 sizeof(AeMemberBlock) * capacity);
	if (blocks == NULL)
		return AE_ERR_MEMORY;
	list->blocks = blocks;
	list->capacity = capacity;
	return AE_OK;
}

/* only a short list's tail grows; later ones are whole from the start */
static AeStatus
list_grow_tail(AeMemberList *list)
{
	uint32_t	nfull = list_full_blocks(list);
	uint32_t	capacity = nfull > 0 ? AE_BLOCK_MEMBERS : LIST_FIRST;
	AeMember   *members = NULL;

	AE_TRY(list_grow_blocks(list));
	if (list->tail_capacity > 0)
	{
		members = list->blocks[nfull].members;
		capacity = 2 * list->tail_capacity;
	}
	members = ae_account_grow(&list->account, members,
							  sizeof(AeMember) * list->tail_capacity,
							  sizeof(AeMember) * capacity);
	if (members == NULL)
		return AE_ERR_MEMORY;
	list->blocks[nfull].members = members;
	list->tail_capacity = capacity;
	return AE_OK;
}

static AeStatus
list_spool_block(AeMemberList *list)
{
	AeMemberBlock *block = &list->blocks[list->nspooled];
	const AeEnv *env = list->account.env;
	AeMember   *members = block->members;

	env->poll(env->host);
	AE_TRY(list->spool->write(list->spool->host, members, BLOCK_BYTES,
							  &block->place));
	block->members = NULL;
	list->nspooled++;
	ae_account_give(&list->account, members, BLOCK_BYTES);
	return AE_OK;
}

/* full blocks go to the spool until the rest is within the budget */
static AeStatus
list_evict(AeMemberList *list)
{
	const AeBudget *budget = list->account.budget;

	while (list->spool != NULL && budget->used > budget->limit &&
		   list->nspooled < list_full_blocks(list))
		AE_TRY(list_spool_block(list));
	return AE_OK;
}

AeStatus
ae_member_list_append(AeMemberList *list, const AeMember *members,
					  uint64_t count)
{
	while (count > 0)
	{
		uint32_t	at = (uint32_t) (list->count % AE_BLOCK_MEMBERS);
		uint32_t	n;

		if (at == list->tail_capacity)
			AE_TRY(list_grow_tail(list));
		n = list->tail_capacity - at;
		if (n > count)
			n = (uint32_t) count;
		memcpy(list->blocks[list_full_blocks(list)].members + at, members,
			   n * sizeof(AeMember));
		members += n;
		count -= n;
		list->count += n;
		if (list->count % AE_BLOCK_MEMBERS == 0)
		{
			list->tail_capacity = 0;
			AE_TRY(list_evict(list));
		}
	}
	return AE_OK;
}

AeStatus
ae_member_list_make_room(AeMemberList *list)
{
	const AeBudget *budget = list->account.budget;
	uint32_t	nfull = list_full_blocks(list);

	if (list->spool == NULL ||
		(list->nspooled == 0 && budget->used <= budget->limit &&
		 nfull <= (budget->limit - budget->used) / BLOCK_BYTES))
		return AE_OK;
	while (list->nspooled < nfull)
		AE_TRY(list_spool_block(list));
	return AE_OK;
}

/*----------
 * Reading.
 *----------
 */
AeStatus
ae_member_list_read(const AeMemberList *list, uint64_t first, uint64_t count,
					AeMember *members)
{
	while (count > 0)
	{
		const AeMemberBlock *block = &list->blocks[first / AE_BLOCK_MEMBERS];
		size_t		at = (size_t) (first % AE_BLOCK_MEMBERS);
		size_t		n = AE_BLOCK_MEMBERS - at;

		if (n > count)
			n = (size_t) count;
		if (block->members != NULL)
			memcpy(members, block->members + at, n * sizeof(AeMember));
		else
			AE_TRY(list->spool->read(list->spool->host,
									 block->place + at * sizeof(AeMember),
									 members, n * sizeof(AeMember)));
		members += n;
		first += n;
		count -= n;
	}
	return AE_OK;
}

AeStatus
ae_set_rows_read(const AeSetRows *rows, uint64_t row, AeMember *members,
				 int *count)
{
	const uint64_t *start = rows->start + row;

	*count = (int) (start[1] - start[0]);
	return ae_member_list_read(&rows->members, start[0], start[1] - start[0],
							   members);
}

void
ae_set_rows_free(AeSetRows *rows)
{
	ae_member_list_free(&rows->members);
	rows->count = 0;
}
