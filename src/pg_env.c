/*
 * pg_env.c
 *	  The server as host of the core.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/buffile.h"
#include "utils/memutils.h"

#include "pg_env.h"

/*----------
 * Memory and cancellation.
 *----------
 */

#ifdef AE_CHECK_MEMORY

/*
 * For valgrind and sanitizers, which see the ends of what malloc() hands out
 * but not those of the server's chunks.  A callback of the context releases
 * what is left when it goes.
 */
static void
env_forget(void *chunk)
{
	free(chunk);
}

static void *
env_alloc(void *host, size_t size)
{
	MemoryContextCallback *forget;
	void	   *chunk;

	forget = MemoryContextAlloc((MemoryContext) host, sizeof(*forget));
	if (!AllocHugeSizeIsValid(size) || posix_memalign(&chunk, 64, size) != 0)
		return NULL;
	forget->func = env_forget;
	forget->arg = chunk;
	MemoryContextRegisterResetCallback((MemoryContext) host, forget);
	return chunk;
}

static void
env_release(void *host, void *chunk)
{
	MemoryContextCallback **link = &((MemoryContext) host)->reset_cbs;
	MemoryContextCallback *forget;

	while ((*link)->func != env_forget || (*link)->arg != chunk)
		link = &(*link)->next;
	forget = *link;
	*link = forget->next;
	pfree(forget);
	free(chunk);
}

#else

/* the only place that asks for chunks beyond 1 GB */
static void *
env_alloc(void *host, size_t size)
{
	if (!AllocHugeSizeIsValid(size))
		return NULL;
	return MemoryContextAllocExtended((MemoryContext) host, size,
									  MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
}

static void
env_release(void *host, void *chunk)
{
	(void) host;
	pfree(chunk);
}

#endif

static void
env_poll(void *host)
{
	(void) host;
	CHECK_FOR_INTERRUPTS();
}

AeEnv *
aepg_env_create(MemoryContext context)
{
	AeEnv	   *env = MemoryContextAlloc(context, sizeof(AeEnv));

	env->alloc = env_alloc;
	env->release = env_release;
	env->poll = env_poll;
	env->host = context;
	return env;
}

/*----------
 * Temporary files.
 *
 * A BufFile is a row of segments of 1 GB, so a place is a segment's number
 * and an offset in it.
 *----------
 */
typedef struct Spool
{
	AeSpool		spool;
	MemoryContext context;
	BufFile    *file;			/* NULL until the first write */
	uint64		end;			/* place behind the last byte */
} Spool;

static uint64
spool_tell(Spool *spool)
{
	int			segment;
	off_t		offset;

	BufFileTell(spool->file, &segment, &offset);
	return (uint64) segment << 32 | (uint64) offset;
}

static bool
spool_seek(Spool *spool, uint64 place)
{
	return BufFileSeek(spool->file, (int) (place >> 32),
					   (off_t) (place & PG_UINT32_MAX), SEEK_SET) == 0;
}

static AeStatus
spool_write(void *host, const void *data, size_t bytes, uint64_t *place)
{
	Spool	   *spool = host;

	if (spool->file == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(spool->context);

		spool->file = BufFileCreateTemp(false);
		MemoryContextSwitchTo(old);
		spool->end = spool_tell(spool);
	}

	if (!spool_seek(spool, spool->end))
		return AE_ERR_IO;
	*place = spool->end;
	BufFileWrite(spool->file, unconstify(void *, data), bytes);
	spool->end = spool_tell(spool);
	return AE_OK;
}

static AeStatus
spool_read(void *host, uint64_t place, void *data, size_t bytes)
{
	Spool	   *spool = host;

	if (spool->file == NULL || !spool_seek(spool, place) ||
		BufFileRead(spool->file, data, bytes) != bytes)
		return AE_ERR_IO;
	return AE_OK;
}

AeSpool *
aepg_spool_create(MemoryContext context)
{
	Spool	   *spool = MemoryContextAllocZero(context, sizeof(Spool));

	spool->spool.write = spool_write;
	spool->spool.read = spool_read;
	spool->spool.host = spool;
	spool->context = context;
	return &spool->spool;
}

void
aepg_spool_close(AeSpool *spool_ptr)
{
	Spool	   *spool = spool_ptr->host;

	if (spool->file != NULL)
		BufFileClose(spool->file);
	spool->file = NULL;
}

/*----------
 * Errors.
 *----------
 */
void
aepg_check(AeStatus status, const char *doing)
{
	switch (status)
	{
		case AE_OK:
			break;
		case AE_ERR_MEMORY:
			ereport(ERROR,
					(errcode(ERRCODE_OUT_OF_MEMORY),
					 errmsg("out of memory while %s", doing)));
			break;
		case AE_ERR_LIMIT:
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("a size is beyond what autoencoders support while %s",
							doing),
					 errhint("Use fewer or shorter columns, or smaller layers.")));
			break;
		case AE_ERR_NOT_MODEL:
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("bytea value is not an autoencoder model"),
					 errhint("Models are made by ae_train().")));
			break;
		case AE_ERR_VERSION:
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("model has a newer format than this version of the extension reads"),
					 errhint("Upgrade the autoencoder extension, or train the model again.")));
			break;
		case AE_ERR_CORRUPT:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("autoencoder model is damaged"),
					 errdetail("Its bytes were truncated or altered.")));
			break;
		case AE_ERR_DIVERGED:
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("training diverged: the loss became infinite"),
					 errhint("Lower the option \"learning_rate\".")));
			break;
		case AE_ERR_IO:
			ereport(ERROR,
					(errcode(ERRCODE_IO_ERROR),
					 errmsg("could not read rows back from a temporary file while %s",
							doing)));
			break;
	}
}
