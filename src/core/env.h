/*
 * env.h
 *	  What the host lends the core: memory and a chance to cancel.
 *
 * Any of these callbacks may leave by longjmp.  Core code must therefore hold
 * nothing across a call that abandoning its env-owned memory would not
 * release: no locks, no open files, no malloc, no half-updated object that
 * outlives the call.
 */
#ifndef AE_ENV_H
#define AE_ENV_H

#include <stddef.h>

typedef struct AeEnv
{
	/* size > 0; aligned for any type; NULL on failure, unless the host
	 * prefers not to return at all */
	void	   *(*alloc) (void *host, size_t size);
	void		(*release) (void *host, void *chunk);

	/* called at least every few milliseconds of work */
	void		(*poll) (void *host);

	void	   *host;			/* passed back to every callback */
} AeEnv;

#endif							/* AE_ENV_H */
