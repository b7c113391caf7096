/*
 * arena.h
 *	  Memory that is taken piece by piece and released at once.
 *
 * Every piece is zeroed and aligned to AE_ALIGN bytes, so that vector loops
 * may use aligned accesses.  An arena belongs to whoever initialised it; its
 * pieces are never released one by one.
 */
#ifndef AE_ARENA_H
#define AE_ARENA_H

#include <stddef.h>

#include "core/env.h"

#define AE_ALIGN 64				/* bytes: one cache line, one AVX-512 vector */

typedef struct AeArenaChunk AeArenaChunk;

typedef struct AeArena
{
	const AeEnv *env;			/* borrowed; outlives the arena */
	AeArenaChunk *chunks;		/* newest first */
	size_t		bytes;			/* taken from the host so far */
} AeArena;

extern void ae_arena_init(AeArena *arena, const AeEnv *env);

/* count * size zeroed bytes, at least one; NULL when the product overflows or
 * the host has no memory */
extern void *ae_arena_alloc(AeArena *arena, size_t count, size_t size);

/* copy of len bytes plus a terminating zero; NULL as above */
extern char *ae_arena_strndup(AeArena *arena, const char *text, size_t len);

extern void ae_arena_free(AeArena *arena);

#endif							/* AE_ARENA_H */
