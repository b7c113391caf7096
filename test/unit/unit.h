/*
 * unit.h
 *	  A test program's whole frame: TAP on stdout, an honest exit status, and
 *	  a host environment whose n-th allocation can be made to fail.
 */
#ifndef AE_UNIT_H
#define AE_UNIT_H

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/env.h"

static int	unit_run;
static int	unit_failed;

/* allocations that still succeed; negative: no limit */
static long unit_alloc_budget = -1;
/* chunks handed out and not yet released */
static long unit_alloc_live;
static long unit_polls;

static void *
unit_alloc(void *host, size_t size)
{
	void	   *chunk;

	(void) host;
	if (unit_alloc_budget == 0)
		return NULL;
	if (unit_alloc_budget > 0)
		unit_alloc_budget--;
#ifdef AE_CHECK_MEMORY
	if (size > SIZE_MAX / 2 || posix_memalign(&chunk, 64, size) != 0)
		chunk = NULL;
#else
	chunk = malloc(size);
#endif
	if (chunk != NULL)
	{
		/* so that a read of memory nobody wrote shows */
		memset(chunk, 0xA5, size);
		unit_alloc_live++;
	}
	return chunk;
}

static void
unit_release(void *host, void *chunk)
{
	(void) host;
	if (chunk != NULL)
		unit_alloc_live--;
	free(chunk);
}

static void
unit_poll(void *host)
{
	(void) host;
	unit_polls++;
}

static const AeEnv unit_env = {unit_alloc, unit_release, unit_poll, NULL};

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static bool
ok(bool passed, const char *format,...)
{
	va_list		args;

	unit_run++;
	unit_failed += !passed;
	printf("%sok %d - ", passed ? "" : "not ", unit_run);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	return passed;
}

/* the plan, last; returns what main() returns */
static inline int
done(void)
{
	(void) unit_env;
	(void) unit_polls;
	(void) unit_alloc_live;
	printf("1..%d\n", unit_run);
	return unit_failed != 0 || unit_run == 0;
}

#endif							/* AE_UNIT_H */
