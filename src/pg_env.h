/*
 * pg_env.h
 *	  The server as host of the core: memory contexts, cancellation, temporary
 *	  files, and the one place where a status becomes an error.
 */
#ifndef AEPG_ENV_H
#define AEPG_ENV_H

#include "postgres.h"

#include "core/dataset.h"
#include "core/env.h"
#include "core/status.h"

/*
 * An environment whose allocations live in context and whose poll checks for
 * interrupts.  Allocated in that context.  alloc returns NULL when there is no
 * memory; poll and write may leave by longjmp.
 */
extern AeEnv *aepg_env_create(MemoryContext context);

/*
 * A spool over one temporary file, created on the first write and owned by
 * the resource owner that is current then; temp_file_limit holds.  Allocated
 * in that context.
 */
extern AeSpool *aepg_spool_create(MemoryContext context);

/*
 * Removes the file; the next write starts another one.  To be called when a
 * statement ends well.  At abort the resource owner removes the file, before
 * or after the context goes away, and this must not be called.
 */
extern void aepg_spool_close(AeSpool *spool);

/* reports anything but AE_OK; doing completes "while ..." ("training") */
extern void aepg_check(AeStatus status, const char *doing);

#endif							/* AEPG_ENV_H */
