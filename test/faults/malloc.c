/*
 * malloc.c
 *	  Lets the n-th malloc() fail, of whatever library.
 *
 * Preloaded into the server of a test.  The server's own allocations mostly
 * come out of blocks that it already has, see faults.c; this reaches libraries
 * that allocate on their own: the one for matrices, its loader, the one for
 * digests.  The functions of the C library are called by the names that it
 * keeps for those who replace them.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *chunk, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

extern void *malloc(size_t size);
extern void *calloc(size_t count, size_t size);
extern void *realloc(void *chunk, size_t size);
extern void *aligned_alloc(size_t alignment, size_t size);
extern int	posix_memalign(void **chunk, size_t alignment, size_t size);

/* calls until the one that fails; 0: none.  faults.c sets it */
long		faults_malloc_left = 0;

static bool
fault_is_due(void)
{
	if (faults_malloc_left == 0 || --faults_malloc_left > 0)
		return false;
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t size)
{
	return fault_is_due() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	return fault_is_due() ? NULL : __libc_calloc(count, size);
}

void *
realloc(void *chunk, size_t size)
{
	return fault_is_due() ? NULL : __libc_realloc(chunk, size);
}

void *
aligned_alloc(size_t alignment, size_t size)
{
	return fault_is_due() ? NULL : __libc_memalign(alignment, size);
}

int
posix_memalign(void **chunk, size_t alignment, size_t size)
{
	*chunk = fault_is_due() ? NULL : __libc_memalign(alignment, size);
	return *chunk != NULL ? 0 : ENOMEM;
}
