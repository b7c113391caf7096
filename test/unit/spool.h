/*
 * spool.h
 *	  Temporary files of a host, in memory; reads and writes can fail.
 */
#ifndef AE_UNIT_SPOOL_H
#define AE_UNIT_SPOOL_H

#include "unit.h"

#include "core/dataset.h"

/* a spool in memory that fails once it has written so many chunks */
typedef struct MemorySpool
{
	unsigned char *data;
	size_t		used;
	size_t		capacity;
	long		writes_left;	/* negative: no limit */
	long		reads_left;
	long		writes;
} MemorySpool;

static inline AeStatus
spool_write(void *host, const void *data, size_t bytes, uint64_t *place)
{
	MemorySpool *spool = host;

	if (spool->writes_left == 0)
		return AE_ERR_IO;
	spool->writes_left--;
	spool->writes++;
	if (spool->used + bytes > spool->capacity)
	{
		spool->capacity = 2 * (spool->used + bytes);
		spool->data = realloc(spool->data, spool->capacity);
		if (spool->data == NULL)
			exit(1);
	}
	memcpy(spool->data + spool->used, data, bytes);
	*place = spool->used;
	spool->used += bytes;
	return AE_OK;
}

static inline AeStatus
spool_read(void *host, uint64_t place, void *data, size_t bytes)
{
	MemorySpool *spool = host;

	if (spool->reads_left == 0)
		return AE_ERR_IO;
	spool->reads_left--;
	if (place + bytes > spool->used)
		return AE_ERR_IO;
	memcpy(data, spool->data + place, bytes);
	return AE_OK;
}

static inline void
reset_spool(AeSpool *spool, MemorySpool *memory)
{
	free(memory->data);
	memset(memory, 0, sizeof(*memory));
	memory->writes_left = memory->reads_left = -1;
	spool->write = spool_write;
	spool->read = spool_read;
	spool->host = memory;
}

#endif							/* AE_UNIT_SPOOL_H */
