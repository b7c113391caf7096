/*
 * arena.c
 *	  Memory that is taken piece by piece and released at once.
 *
 * Pieces are cut from chunks.  A piece that does not fit into the newest chunk
 * starts another one, so that no piece ever moves.
 */
#include <stdint.h>
#include <string.h>

#include "core/arena.h"

#ifdef AE_CHECK_MEMORY

/*
 * For valgrind and sanitizers, see scripts/sanitize.sh: each piece is a chunk
 * of its own and ends to the byte where it should.  The host's chunks are
 * aligned to AE_ALIGN then.
 */
#define ARENA_CHUNK_BYTES 0
#define ARENA_HEAD_BYTES AE_ALIGN
#define ARENA_ROUND 1

#else

/* small enough for a model of three columns, large enough for most lists */
#define ARENA_CHUNK_BYTES 8192
/* room to align the first piece, whatever the host's own alignment */
#define ARENA_HEAD_BYTES (sizeof(AeArenaChunk) + AE_ALIGN)
#define ARENA_ROUND AE_ALIGN

#endif

struct AeArenaChunk
{
	AeArenaChunk *older;
	unsigned char *next;		/* first free byte, aligned to AE_ALIGN */
	size_t		left;			/* free bytes, a multiple of ARENA_ROUND */
};

void
ae_arena_init(AeArena *arena, const AeEnv *env)
{
	arena->env = env;
	arena->chunks = NULL;
	arena->bytes = 0;
}

/* a new chunk with room for a piece of piece_bytes, rounded already */
static AeArenaChunk *
arena_grow(AeArena *arena, size_t piece_bytes)
{
	const AeEnv *env = arena->env;
	size_t		total = ARENA_CHUNK_BYTES;
	AeArenaChunk *chunk;
	size_t		skip;

	if (piece_bytes > SIZE_MAX - ARENA_HEAD_BYTES)
		return NULL;
	if (total < piece_bytes + ARENA_HEAD_BYTES)
		total = piece_bytes + ARENA_HEAD_BYTES;

	chunk = env->alloc(env->host, total);
	if (chunk == NULL)
		return NULL;

	skip = sizeof(AeArenaChunk);
	skip += AE_ALIGN - ((uintptr_t) chunk + skip) % AE_ALIGN;
	chunk->older = arena->chunks;
	chunk->next = (unsigned char *) chunk + skip;
	chunk->left = (total - skip) / ARENA_ROUND * ARENA_ROUND;
	arena->chunks = chunk;
	arena->bytes += total;
	return chunk;
}

void *
ae_arena_alloc(AeArena *arena, size_t count, size_t size)
{
	AeArenaChunk *chunk = arena->chunks;
	size_t		bytes;
	void	   *piece;

	if (size != 0 && count > (SIZE_MAX - AE_ALIGN) / size)
		return NULL;
	bytes = count * size;
	if (bytes == 0)
		bytes = 1;
	bytes = (bytes + ARENA_ROUND - 1) / ARENA_ROUND * ARENA_ROUND;

	if (chunk == NULL || chunk->left < bytes)
	{
		chunk = arena_grow(arena, bytes);
		if (chunk == NULL)
			return NULL;
	}
	piece = chunk->next;
	chunk->next += bytes;
	chunk->left -= bytes;
	return memset(piece, 0, bytes);
}

char *
ae_arena_strndup(AeArena *arena, const char *text, size_t len)
{
	char	   *copy;

	if (len == SIZE_MAX)
		return NULL;
	copy = ae_arena_alloc(arena, len + 1, 1);
	if (copy != NULL && len > 0)
		memcpy(copy, text, len);
	return copy;
}

void
ae_arena_free(AeArena *arena)
{
	const AeEnv *env = arena->env;

	while (arena->chunks != NULL)
	{
		AeArenaChunk *chunk = arena->chunks;

		arena->chunks = chunk->older;
		env->release(env->host, chunk);
	}
	arena->bytes = 0;
}
