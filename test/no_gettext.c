/*
 * no_gettext.c
 *	  Preloaded into a server that an address sanitizer watches.
 *
 * libgpg-error, which the server links, calls bindtextdomain() while the
 * libraries are being initialised.  With the runtime of the sanitizer (gcc 12,
 * clang 14, glibc 2.36) the lock that this takes is broken from then on, and
 * the server's own call waits for ever.
 */
#include <stddef.h>

extern char *bindtextdomain(const char *domain, const char *directory);

char *
bindtextdomain(const char *domain, const char *directory)
{
	(void) domain;
	(void) directory;
	return NULL;
}
