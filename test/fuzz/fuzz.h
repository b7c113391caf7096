/*
 * fuzz.h
 *	  What the fuzz targets share: a host that counts, and how a model's
 *	  unchecked bytes steer a run.
 *
 * The core does not look at the digest in a model's header, so its bytes tell
 * the targets what to do.  All of them 0 is the plain run.
 */
#ifndef AE_FUZZ_H
#define AE_FUZZ_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/codec.h"

#define FUZZ_TOTAL_OFFSET 16
#define FUZZ_DIGEST_OFFSET 24

/* bytes of the digest */
typedef enum FuzzSteer
{
	FUZZ_FAULT = 0,				/* this allocation fails, from 1 */
	FUZZ_WRITE,					/* not 0: written and read again */
	FUZZ_MERGE,					/* 1: merged, 2: as an update is */
	FUZZ_ROW,					/* which row is applied */
	FUZZ_KERNELS				/* modulo 4: AeKernelChoice */
} FuzzSteer;

static long fuzz_live;			/* chunks handed out and not yet released */
static size_t fuzz_bytes;		/* handed out in all */
static long fuzz_until_fault;	/* allocations; 0: there is none ahead */
static bool fuzz_failed;		/* an allocation did */

/* a finding */
#define fail_if(wrong) \
	do { \
		if (wrong) \
		{ \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #wrong); \
			abort(); \
		} \
	} while (0)

static void *
fuzz_alloc(void *host, size_t size)
{
	void	   *chunk;

	(void) host;
	fail_if(size == 0);
	if (fuzz_until_fault > 0 && --fuzz_until_fault == 0)
	{
		fuzz_failed = true;
		return NULL;
	}
	chunk = malloc(size);
	fail_if(chunk == NULL);
	fuzz_live++;
	fuzz_bytes += size;
	return chunk;
}

static void
fuzz_release(void *host, void *chunk)
{
	(void) host;
	fuzz_live -= chunk != NULL;
	free(chunk);
}

static void
fuzz_poll(void *host)
{
	(void) host;
}

static const AeEnv fuzz_env = {fuzz_alloc, fuzz_release, fuzz_poll, NULL};

static inline int
fuzz_steer(const uint8_t *data, size_t size, FuzzSteer what)
{
	size_t		at = FUZZ_DIGEST_OFFSET + (size_t) what;

	return at < size ? data[at] : 0;
}

/* of a run; fault: the allocation that fails, 0 for none */
static inline void
fuzz_begin(int fault)
{
	fuzz_live = 0;
	fuzz_bytes = 0;
	fuzz_until_fault = fault;
	fuzz_failed = false;
}

/* whether a function did what it should; the only excuse is no memory */
static inline bool
fuzz_good(AeStatus status)
{
	fail_if(status != AE_OK && !(status == AE_ERR_MEMORY && fuzz_failed));
	return status == AE_OK;
}

#endif							/* AE_FUZZ_H */
