/*
 * sets.c
 *	  The rows of a training whose features are sets of items.
 */
#include <stdlib.h>
#include <string.h>

#include "core/dictionary.h"
#include "core/feature.h"
#include "core/sets.h"

#define SETS_POLL 1024			/* rows between two looks at cancellation */

struct AeSets
{
	AeAccount	account;
	bool		is_number;
	AeDictionary items;
	uint64_t	nrows;
	int			longest;		/* members of a row */
	AeMemberList rows;			/* of each, one whose item is their number,
								 * and its members */
};

AeStatus
ae_sets_create(const AeEnv *env, const AeSpool *spool, AeBudget *budget,
			   bool is_number, AeSets **sets)
{
	AeAccount	account = {env, budget};
	AeSets	   *s = ae_account_take(&account, sizeof(AeSets));

	if (s == NULL)
		return AE_ERR_MEMORY;
	memset(s, 0, sizeof(*s));
	s->account = account;
	s->is_number = is_number;
	ae_member_list_init(&s->rows, account, spool);
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
	ae_dictionary_free(&sets->items, &account);
	ae_member_list_free(&sets->rows);
	ae_account_give(&account, sets, sizeof(AeSets));
}

/*----------
 * Items.
 *----------
 */

AeStatus
ae_sets_number(AeSets *sets, const char *text, size_t len, uint32_t *number)
{
	AeDictionary *items = &sets->items;
	uint64_t	hash = ae_label_hash(text, len);
	const AeEntry *item = ae_dictionary_find(items, hash, text, len);

	if (item != NULL)
	{
		*number = (uint32_t) (item - items->entries);
		return AE_OK;
	}
	if (items->nentries == AE_MAX_ITEMS || len > AE_MAX_ITEM_BYTES ||
		len > AE_MAX_ITEMS_TEXT - items->text_used)
		return AE_ERR_LIMIT;
	*number = items->nentries;
	return ae_dictionary_add(items, &sets->account, hash, text, len);
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
	AeMember	head = {0, 0.0f};

	count = ae_members_unite(members, count);
	head.item = (uint32_t) count;
	AE_TRY(ae_member_list_append(&sets->rows, &head, 1));
	AE_TRY(ae_member_list_append(&sets->rows, members, (uint64_t) count));
	for (int i = 0; i < count; i++)
		sets->items.entries[members[i].item].count++;
	sets->nrows++;
	if (count > sets->longest)
		sets->longest = count;
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
	for (uint32_t i = 0; i < sets->items.nentries; i++)
		if (sets->items.entries[i].count >= (uint64_t) min_frequency)
			return true;
	return false;
}

uint64_t
ae_sets_item_bytes(const AeSets *sets)
{
	return ae_dictionary_bytes(&sets->items);
}

/*----------
 * The vocabulary.
 *----------
 */

/* the number of item i among others; -1: none */
static int
sets_find(const AeSets *sets, uint32_t i, const AeItems *items)
{
	const AeEntry *item = &sets->items.entries[i];

	/* items made to collide take a while each */
	sets->account.env->poll(sets->account.env->host);
	return ae_items_find(items, sets->items.text + item->text, item->len);
}

/* an item on its way to its place */
typedef struct Ranked
{
	const AeDictionary *items;
	uint32_t	number;
} Ranked;

/* most frequent first, then by text, whatever the order of the rows */
static int
compare_ranked(const void *a, const void *b)
{
	const Ranked *x = a;
	const Ranked *y = b;
	const AeEntry *p = &x->items->entries[x->number];
	const AeEntry *q = &y->items->entries[y->number];

	if (p->count != q->count)
		return p->count > q->count ? -1 : 1;
	/* numbers in their order, if none is negative */
	if (p->len != q->len)
		return p->len < q->len ? -1 : 1;
	return memcmp(x->items->text + p->text, y->items->text + q->text, p->len);
}

/* ranked (count) items become the vocabulary */
static AeStatus
sets_name(const AeSets *sets, const Ranked *ranked, int count, AeArena *arena,
		  AeItems **items)
{
	size_t		bytes = 0;
	AeItems    *it;

	for (int i = 0; i < count; i++)
		bytes += sets->items.entries[ranked[i].number].len;
	AE_TRY(ae_items_create(arena, count, bytes, items));
	it = *items;
	it->is_number = sets->is_number;
	for (int i = 0; i < count; i++)
	{
		const AeEntry *item = &sets->items.entries[ranked[i].number];

		if (item->len > 0)
			memcpy(it->text + it->start[i], sets->items.text + item->text,
				   item->len);
		it->start[i + 1] = it->start[i] + item->len;
		it->frequency[i] = item->count;
	}
	return ae_items_index(it, arena);
}

AeStatus
ae_sets_fit(const AeSets *sets, int min_frequency, const AeItems *known,
			AeArena *arena, AeItems **items)
{
	AeArena		scratch;
	Ranked	   *ranked;
	int			count = 0;
	AeStatus	status = AE_ERR_MEMORY;

	ae_arena_init(&scratch, sets->account.env);
	ranked = ae_arena_alloc(&scratch, sets->items.nentries, sizeof(Ranked));
	if (ranked != NULL)
	{
		for (uint32_t i = 0; i < sets->items.nentries; i++)
			if (sets->items.entries[i].count >= (uint64_t) min_frequency &&
				(known == NULL || sets_find(sets, i, known) < 0))
				ranked[count++] = (Ranked) {&sets->items, i};
		if (count > 1)
			qsort(ranked, (size_t) count, sizeof(Ranked), compare_ranked);
		status = sets_name(sets, ranked, count, arena, items);
	}
	ae_arena_free(&scratch);
	return status;
}

void
ae_sets_count(const AeSets *sets, AeItems *items, int count)
{
	for (uint32_t i = 0; i < sets->items.nentries; i++)
	{
		int			number = sets_find(sets, i, items);

		if (number >= 0 && number < count)
			items->frequency[number] += sets->items.entries[i].count;
	}
}

/*----------
 * Rows of a vocabulary.
 *----------
 */
typedef struct Matcher
{
	AeSets	   *sets;
	AeMixer    *mixer;			/* may be NULL */
	int		   *place;			/* of the items of sets; -1: none */
	AeMember   *raw;			/* (longest) */
	AeMember   *row;			/* (longest, and inputs of the columns) */
	AeSetRows  *rows;
} Matcher;

static AeStatus
matcher_allocate(Matcher *m, const AeItems *items, AeArena *arena,
				 AeArena *scratch)
{
	const AeSets *sets = m->sets;
	size_t		longest = (size_t) sets->longest;
	size_t		others = m->mixer != NULL
		? (size_t) ae_mixer_width(m->mixer) : 0;

	if (sets->nrows >= SIZE_MAX)
		return AE_ERR_MEMORY;
	m->place = ae_arena_alloc(scratch, sets->items.nentries, sizeof(int));
	m->raw = ae_arena_alloc(scratch, longest, sizeof(AeMember));
	m->row = ae_arena_alloc(scratch, longest + others, sizeof(AeMember));
	m->rows->start = ae_arena_alloc(arena, (size_t) sets->nrows + 1,
									sizeof(uint64_t));
	if (m->place == NULL || m->raw == NULL || m->row == NULL ||
		m->rows->start == NULL)
		return AE_ERR_MEMORY;
	for (uint32_t i = 0; i < sets->items.nentries; i++)
		m->place[i] = sets_find(sets, i, items);
	return AE_OK;
}

/* the items of the vocabulary of a row of count; returns how many there are */
static int
matcher_place(Matcher *m, int count)
{
	int			n = 0;

	for (int i = 0; i < count; i++)
	{
		int			place = m->place[m->raw[i].item];

		if (place >= 0)
			m->row[n++] = (AeMember) {
				(uint32_t) place, m->raw[i].weight
			};
	}
	if (n > 1)
		qsort(m->row, (size_t) n, sizeof(AeMember), compare_members);
	return n;
}

/* one row, which is dropped if it is left without items */
static AeStatus
matcher_add(Matcher *m, int count)
{
	AeSetRows  *rows = m->rows;
	int			n = matcher_place(m, count);
	int			others = 0;

	/* called for rows that are dropped, too, so that the columns keep up */
	if (m->mixer != NULL)
		AE_TRY(ae_mixer_next(m->mixer, m->row + n, &others));
	if (n == 0)
		return AE_OK;
	n += others;
	AE_TRY(ae_member_list_append(&rows->members, m->row, (uint64_t) n));
	rows->start[++rows->count] = rows->members.count;
	if (n > rows->longest)
		rows->longest = n;
	return AE_OK;
}

static AeStatus
matcher_run(Matcher *m)
{
	const AeSets *sets = m->sets;
	const AeEnv *env = sets->account.env;
	uint64_t	at = 0;

	for (uint64_t r = 0; r < sets->nrows; r++)
	{
		AeMember	head;

		AE_TRY(ae_member_list_read(&sets->rows, at++, 1, &head));
		AE_TRY(ae_member_list_read(&sets->rows, at, head.item, m->raw));
		at += head.item;
		AE_TRY(matcher_add(m, (int) head.item));
		if (r % SETS_POLL == 0)
			env->poll(env->host);
	}
	return AE_OK;
}

AeStatus
ae_sets_match(AeSets *sets, const AeItems *items, AeMixer *mixer,
			  AeArena *arena, AeSetRows *rows)
{
	Matcher		m = {.sets = sets,.mixer = mixer,.rows = rows};
	AeArena		scratch;
	AeStatus	status;

	*rows = (AeSetRows) {0};
	ae_member_list_init(&rows->members, sets->account, sets->rows.spool);
	ae_arena_init(&scratch, sets->account.env);
	status = matcher_allocate(&m, items, arena, &scratch);
	if (status == AE_OK)
		status = ae_member_list_make_room(&sets->rows);
	if (status == AE_OK)
		status = matcher_run(&m);
	ae_arena_free(&scratch);
	if (status != AE_OK)
		ae_set_rows_free(rows);
	return status;
}
