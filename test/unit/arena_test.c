/*
 * arena_test.c
 *	  Alignment, zeroing, overflow and failure of the arena.
 */
#include <stdint.h>

#include "core/arena.h"
#include "unit.h"

#define PIECES 200

static bool
all_zero(const unsigned char *piece, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (piece[i] != 0)
			return false;
	return true;
}

/* pieces of many sizes: aligned, zeroed, and none overlaps another */
static void
test_pieces(void)
{
	AeArena		arena;
	unsigned char *pieces[PIECES];
	size_t		sizes[PIECES];
	bool		aligned = true;
	bool		zeroed = true;
	bool		kept = true;

	ae_arena_init(&arena, &unit_env);
	for (int i = 0; i < PIECES; i++)
	{
		sizes[i] = (size_t) i * i * 7 % 20011;
		pieces[i] = ae_arena_alloc(&arena, sizes[i], 1);
		aligned &= (uintptr_t) pieces[i] % AE_ALIGN == 0;
		zeroed &= all_zero(pieces[i], sizes[i]);
		memset(pieces[i], i + 1, sizes[i]);
	}
	for (int i = 0; i < PIECES; i++)
		for (size_t j = 0; j < sizes[i]; j++)
			kept &= pieces[i][j] == (unsigned char) (i + 1);
	ok(aligned, "every piece is aligned");
	ok(zeroed, "every piece is zeroed");
	ok(kept, "no piece overlaps another");
	ok(arena.bytes > 0 && unit_alloc_live > 1, "more than one chunk is used");
	ae_arena_free(&arena);
	ok(unit_alloc_live == 0, "free returns every chunk");
	ok(arena.bytes == 0 && ae_arena_alloc(&arena, 1, 1) != NULL,
	   "an arena can be used again after free");
	ae_arena_free(&arena);
}

static void
test_limits(void)
{
	AeArena		arena;
	void	   *first;
	void	   *second;

	ae_arena_init(&arena, &unit_env);
	ok(ae_arena_alloc(&arena, SIZE_MAX, 2) == NULL, "product overflows");
	ok(ae_arena_alloc(&arena, SIZE_MAX / 4 + 2, 4) == NULL,
	   "product overflows by a little");
	ok(ae_arena_alloc(&arena, SIZE_MAX, 1) == NULL, "rounding up overflows");
	ok(ae_arena_alloc(&arena, SIZE_MAX - AE_ALIGN, 1) == NULL,
	   "the chunk's header overflows");
	ok(ae_arena_strndup(&arena, "", SIZE_MAX) == NULL,
	   "the terminating zero overflows");
	ok(unit_alloc_live == 0 && arena.bytes == 0, "nothing was taken");

	first = ae_arena_alloc(&arena, 0, 8);
	second = ae_arena_alloc(&arena, 8, 0);
	ok(first != NULL && second != NULL && first != second,
	   "empty pieces are distinct");
	ae_arena_free(&arena);
}

static void
test_failure(void)
{
	AeArena		arena;
	int			ngot = 0;

	ae_arena_init(&arena, &unit_env);
	unit_alloc_budget = 0;
	ok(ae_arena_alloc(&arena, 10, 4) == NULL, "failure is NULL");
	ok(ae_arena_strndup(&arena, "text", 4) == NULL, "and for a text too");
	unit_alloc_budget = 2;
	while (ae_arena_alloc(&arena, 1024, 1) != NULL)
		ngot++;
#ifdef AE_CHECK_MEMORY
	ok(ngot == 2, "each piece is a chunk: %d from two", ngot);
#else
	ok(ngot >= 8, "pieces share chunks: %d from two", ngot);
#endif
	unit_alloc_budget = -1;
	ae_arena_free(&arena);
	ok(unit_alloc_live == 0, "what was taken before a failure is returned");
}

static void
test_strndup(void)
{
	AeArena		arena;
	char	   *copy;

	ae_arena_init(&arena, &unit_env);
	copy = ae_arena_strndup(&arena, "amount and more", 6);
	ok(strcmp(copy, "amount") == 0, "a copy ends where it was told");
	ok(ae_arena_strndup(&arena, NULL, 0)[0] == '\0', "an empty text");
	ae_arena_free(&arena);
}

int
main(void)
{
	test_pieces();
	test_limits();
	test_failure();
	test_strndup();
	return done();
}
