/*
 * account.h
 *	  Host memory that is counted in the budget of a statement.
 */
#ifndef AE_ACCOUNT_H
#define AE_ACCOUNT_H

#include <string.h>

#include "core/dataset.h"

typedef struct AeAccount
{
	const AeEnv *env;
	AeBudget   *budget;
} AeAccount;

/* bytes > 0, not zeroed; NULL when the host has no memory */
static inline void *
ae_account_take(AeAccount *account, size_t bytes)
{
	void	   *chunk = account->env->alloc(account->env->host, bytes);

	if (chunk != NULL)
		account->budget->used += bytes;
	return chunk;
}

/* chunk may be NULL */
static inline void
ae_account_give(AeAccount *account, void *chunk, size_t bytes)
{
	if (chunk == NULL)
		return;
	account->budget->used -= bytes;
	account->env->release(account->env->host, chunk);
}

/*
 * Moves a chunk to a new place of new_bytes, with its first old_bytes.  NULL,
 * and the old chunk still there, when the host has no memory.
 */
static inline void *
ae_account_grow(AeAccount *account, void *chunk, size_t old_bytes,
				size_t new_bytes)
{
	void	   *larger = ae_account_take(account, new_bytes);

	if (larger == NULL)
		return NULL;
	if (chunk != NULL)
		memcpy(larger, chunk, old_bytes);
	ae_account_give(account, chunk, old_bytes);
	return larger;
}

#endif							/* AE_ACCOUNT_H */
