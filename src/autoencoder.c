/*
 * autoencoder.c
 *	  Module magic and start-up.
 */
#include "postgres.h"

#include "fmgr.h"

#include "pg_batch.h"
#include "pg_compat.h"
#include "pg_guc.h"

AEPG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	aepg_guc_init();
	aepg_batch_init();
}
