/*
 * sets.c
 *	  The rows of a training whose features are sets of items.
 */
#include <stdlib.h>
#include <string.h>

#include "core/feature.h"
#include "core/sets.h"

#define SETS_FIRST 64			/* capacities; powers of two */
#define SETS_POLL 65536			/* rows between two looks at cancellation */

/* an item of which the rows are counted */
typedef struct SetsItem
{
	uint64_t	hash;
	uint64_t	frequency;		/* rows */
	uint32_t	text;			/* offset */
	uint32_t	len;
} SetsItem;

struct AeSets
{
	AeAccount	account;
	bool		is_number;
	SetsItem   *items;
	uint32_t	nitems;
	uint32_t	item_capacity;
	uint32_t   *slots;			/* 2 * item_capacity; a number plus one */
	char	   *text;
	size_t		text_used;
	size_t		text_capacity;

	uint64_t	nrows;
	uint64_t	row_capacity;
	uint64_t   *end;			/* (nrows) behind a row's last member */
	uint64_t	nmembers;
	uint64_t	member_capacity;
	AeMember   *members;
};

AeStatus
ae_sets_create(const AeEnv *env, AeBudget *budget, bool is_number,
			   AeSets **sets)
{
	AeAccount	account = {env, budget};
	AeSets	   *s = ae_account_take(&account, sizeof(AeSets));

	if (s == NULL)
		return AE_ERR_MEMORY;
	memset(s, 0, sizeof(*s));
	s->account = account;
	s->is_number = is_number;
	*sets = s;
	return AE_OK;
}

void
ae_sets_free(AeSets *sets)
{
	AeAccount	account;

	if (sets == NULL)
		return;
	account = sets->account;
	ae_account_give(&account, sets->items,
					sizeof(SetsItem) * sets->item_capacity);
	ae_account_give(&account, sets->slots,
					sizeof(uint32_t) * 2 * sets->item_capacity);
	ae_account_give(&account, sets->text, sets->text_capacity);
	ae_account_give(&account, sets->end,
					sizeof(uint64_t) * (size_t) sets->row_capacity);
	ae_account_give(&account, sets->members,
					sizeof(AeMember) * (size_t) sets->member_capacity);
	ae_account_give(&account, sets, sizeof(AeSets));
}

/*
 * Makes room for need elements of an array, by doubling.  The caller sets
 * *array and *capacity only when this succeeds.
 */
static AeStatus
sets_grow(AeSets *sets, void **array, uint64_t *capacity, uint64_t need,
		  size_t size)
{
	uint64_t	larger = *capacity > 0 ? *capacity : SETS_FIRST;
	void	   *moved;

	if (need <= *capacity)
		return AE_OK;
	while (larger < need)
		larger *= 2;
	if (larger > SIZE_MAX / size)
		return AE_ERR_MEMORY;
	moved = ae_account_grow(&sets->account, *array,
							(size_t) *capacity * size,
							(size_t) larger * size);
	if (moved == NULL)
		return AE_ERR_MEMORY;
	*array = moved;
	*capacity = larger;
	return AE_OK;
}

/*----------
 * Items.
 *----------
 */

/* the slot of that item, or the empty one where it belongs */
static uint32_t *
sets_slot(const AeSets *sets, uint64_t hash, const char *text, size_t len)
{
	uint32_t	mask = 2 * sets->item_capacity - 1;

	for (uint32_t i = (uint32_t) hash;; i++)
	{
		uint32_t   *slot = &sets->slots[i & mask];
		const SetsItem *item;

		if (*slot == 0)
			return slot;
		item = &sets->items[*slot - 1];
		if (item->hash == hash && item->len == len &&
			memcmp(sets->text + item->text, text, len) == 0)
			return slot;
	}
}

/* room for twice as many items */
static AeStatus
sets_grow_items(AeSets *sets)
{
	uint32_t	old = sets->item_capacity;
	uint32_t	capacity = old > 0 ? 2 * old : SETS_FIRST;
	uint32_t	mask = 2 * capacity - 1;
	SetsItem   *larger;
	uint32_t   *slots;

	slots = ae_account_take(&sets->account, sizeof(uint32_t) * 2 * capacity);
	if (slots == NULL)
		return AE_ERR_MEMORY;
	larger = ae_account_grow(&sets->account, sets->items,
							 sizeof(SetsItem) * old,
							 sizeof(SetsItem) * capacity);
	if (larger == NULL)
	{
		ae_account_give(&sets->account, slots,
						sizeof(uint32_t) * 2 * capacity);
		return AE_ERR_MEMORY;
	}
	memset(slots, 0, sizeof(uint32_t) * 2 * capacity);
	for (uint32_t n = 0; n < sets->nitems; n++)
	{
		uint32_t	i = (uint32_t) larger[n].hash;

		while (slots[i & mask] != 0)
			i++;
		slots[i & mask] = n + 1;
	}
	ae_account_give(&sets->account, sets->slots,
					sizeof(uint32_t) * 2 * old);
	sets->items = larger;
	sets->slots = slots;
	sets->item_capacity = capacity;
	return AE_OK;
}

static AeStatus
sets_grow_text(AeSets *sets, size_t len)
{
	void	   *text = sets->text;
	uint64_t	capacity = sets->text_capacity;

	AE_TRY(sets_grow(sets, &text, &capacity, sets->text_used + len, 1));
	sets->text = text;
	sets->text_capacity = (size_t) capacity;
	return AE_OK;
}

AeStatus
ae_sets_number(AeSets *sets, const char *text, size_t len, uint32_t *number)
{
	uint64_t	hash = ae_label_hash(text, len);
	uint32_t   *slot;
	SetsItem   *item;

	if (sets->nitems == sets->item_capacity)
		AE_TRY(sets_grow_items(sets));
	slot = sets_slot(sets, hash, text, len);
	if (*slot != 0)
	{
		*number = *slot - 1;
		return AE_OK;
	}
	if (sets->nitems == AE_MAX_ITEMS || len > AE_MAX_ITEM_BYTES ||
		len > AE_MAX_ITEMS_TEXT - sets->text_used)
		return AE_ERR_LIMIT;
	AE_TRY(sets_grow_text(sets, len));
	item = &sets->items[sets->nitems];
	item->hash = hash;
	item->frequency = 0;
	item->text = (uint32_t) sets->text_used;
	item->len = (uint32_t) len;
	if (len > 0)
		memcpy(sets->text + sets->text_used, text, len);
	sets->text_used += len;
	*number = sets->nitems++;
	*slot = sets->nitems;
	return AE_OK;
}

/*----------
 * Rows.
 *----------
 */
static int
compare_members(const void *a, const void *b)
{
	const AeMember *x = a;
	const AeMember *y = b;

	if (x->item != y->item)
		return x->item < y->item ? -1 : 1;
	return (x->weight < y->weight) - (x->weight > y->weight);
}

int
ae_members_unite(AeMember *members, int count)
{
	int			left = 0;

	if (count > 1)
		qsort(members, (size_t) count, sizeof(AeMember), compare_members);
	for (int i = 0; i < count; i++)
		if (i == 0 || members[i].item != members[i - 1].item)
			members[left++] = members[i];
	return left;
}

AeStatus
ae_sets_append(AeSets *sets, AeMember *members, int count)
{
	void	   *array = sets->end;
	uint64_t	capacity = sets->row_capacity;

	AE_TRY(sets_grow(sets, &array, &capacity, sets->nrows + 1,
					 sizeof(uint64_t)));
	sets->end = array;
	sets->row_capacity = capacity;
	array = sets->members;
	capacity = sets->member_capacity;
	AE_TRY(sets_grow(sets, &array, &capacity,
					 sets->nmembers + (uint64_t) count, sizeof(AeMember)));
	sets->members = array;
	sets->member_capacity = capacity;

	count = ae_members_unite(members, count);
	for (int i = 0; i < count; i++)
	{
		sets->members[sets->nmembers++] = members[i];
		sets->items[members[i].item].frequency++;
	}
	sets->end[sets->nrows++] = sets->nmembers;
	return AE_OK;
}

uint64_t
ae_sets_rows(const AeSets *sets)
{
	return sets->nrows;
}

bool
ae_sets_have_item(const AeSets *sets, int min_frequency)
{
	for (uint32_t i = 0; i < sets->nitems; i++)
		if (sets->items[i].frequency >= (uint64_t) min_frequency)
			return true;
	return false;
}

/*----------
 * The vocabulary.
 *----------
 */

/* an item on its way to its place */
typedef struct Ranked
{
	const AeSets *sets;
	uint32_t	number;
} Ranked;

/* most frequent first, then by text, whatever the order of the rows */
static int
compare_ranked(const void *a, const void *b)
{
	const Ranked *x = a;
	const Ranked *y = b;
	const SetsItem *p = &x->sets->items[x->number];
	const SetsItem *q = &y->sets->items[y->number];
	int			order;

	if (p->frequency != q->frequency)
		return p->frequency > q->frequency ? -1 : 1;
	/* numbers in their order, if none is negative */
	if (p->len != q->len)
		return p->len < q->len ? -1 : 1;
	order = memcmp(x->sets->text + p->text, x->sets->text + q->text, p->len);
	return order;
}

/* ranked (count) items become the vocabulary; place is by their number */
static AeStatus
sets_name(const AeSets *sets, const Ranked *ranked, int count,
		  uint32_t *place, AeArena *arena, AeItems **items)
{
	size_t		bytes = 0;
	AeItems    *it;

	for (int i = 0; i < count; i++)
		bytes += sets->items[ranked[i].number].len;
	AE_TRY(ae_items_create(arena, count, bytes, items));
	it = *items;
	it->is_number = sets->is_number;
	for (int i = 0; i < count; i++)
	{
		const SetsItem *item = &sets->items[ranked[i].number];

		if (item->len > 0)
			memcpy(it->text + it->start[i], sets->text + item->text,
				   item->len);
		it->start[i + 1] = it->start[i] + item->len;
		it->frequency[i] = item->frequency;
		place[ranked[i].number] = (uint32_t) i;
	}
	return ae_items_index(it, arena);
}

/*
 * The rows with the items' places, UINT32_MAX for none; rows that are left
 * without are dropped.
 */
static AeStatus
sets_place(const AeSets *sets, const uint32_t *place, AeArena *arena,
		   AeSetRows *rows)
{
	const AeEnv *env = sets->account.env;
	uint64_t	next = 0;

	if (sets->nrows >= SIZE_MAX || sets->nmembers > SIZE_MAX)
		return AE_ERR_MEMORY;
	rows->count = 0;
	rows->start = ae_arena_alloc(arena, (size_t) sets->nrows + 1,
								 sizeof(uint64_t));
	rows->origin = ae_arena_alloc(arena, (size_t) sets->nrows,
								  sizeof(uint64_t));
	rows->members = ae_arena_alloc(arena, (size_t) sets->nmembers,
								   sizeof(AeMember));
	if (rows->start == NULL || rows->origin == NULL || rows->members == NULL)
		return AE_ERR_MEMORY;
	for (uint64_t r = 0, i = 0; r < sets->nrows; r++)
	{
		uint64_t	first = next;

		for (; i < sets->end[r]; i++)
		{
			AeMember	member = sets->members[i];

			member.item = place[member.item];
			if (member.item != UINT32_MAX)
				rows->members[next++] = member;
		}
		if (next > first + 1)
			qsort(rows->members + first, (size_t) (next - first),
				  sizeof(AeMember), compare_members);
		if (next > first)
		{
			rows->origin[rows->count] = r;
			rows->start[++rows->count] = next;
		}
		if (r % SETS_POLL == 0)
			env->poll(env->host);
	}
	return AE_OK;
}

AeStatus
ae_sets_fit(const AeSets *sets, int min_frequency, AeArena *items_arena,
			AeItems **items, AeArena *rows_arena, AeSetRows *rows)
{
	AeArena		scratch;
	Ranked	   *ranked;
	uint32_t   *place;
	int			count = 0;
	AeStatus	status = AE_ERR_MEMORY;

	ae_arena_init(&scratch, sets->account.env);
	ranked = ae_arena_alloc(&scratch, sets->nitems, sizeof(Ranked));
	place = ae_arena_alloc(&scratch, sets->nitems, sizeof(uint32_t));
	if (ranked != NULL && place != NULL)
	{
		for (uint32_t i = 0; i < sets->nitems; i++)
		{
			place[i] = UINT32_MAX;
			if (sets->items[i].frequency >= (uint64_t) min_frequency)
				ranked[count++] = (Ranked) {sets, i};
		}
		if (count > 1)
			qsort(ranked, (size_t) count, sizeof(Ranked), compare_ranked);
		status = sets_name(sets, ranked, count, place, items_arena,
						   items);
		if (status == AE_OK)
			status = sets_place(sets, place, rows_arena, rows);
	}
	ae_arena_free(&scratch);
	return status;
}

AeStatus
ae_sets_match(const AeSets *sets, const AeItems *items, AeArena *arena,
			  AeSetRows *rows)
{
	AeArena		scratch;
	uint32_t   *place;
	AeStatus	status = AE_ERR_MEMORY;

	ae_arena_init(&scratch, sets->account.env);
	place = ae_arena_alloc(&scratch, sets->nitems, sizeof(uint32_t));
	if (place != NULL)
	{
		/* -1 becomes UINT32_MAX */
		for (uint32_t i = 0; i < sets->nitems; i++)
			place[i] = (uint32_t) ae_items_find(items, sets->text +
												sets->items[i].text,
												sets->items[i].len);
		status = sets_place(sets, place, arena, rows);
	}
	ae_arena_free(&scratch);
	return status;
}
