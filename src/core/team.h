/*
 * team.h
 *	  Other processes that help with a training, lent by the host.
 *
 * A training is cut into tasks whose results do not depend on who does them.
 * So helpers may be slow to start, leave early or never come: what they do not
 * do, the leader does.
 */
#ifndef AE_TEAM_H
#define AE_TEAM_H

#include <stddef.h>

/* any callback may leave by longjmp */
typedef struct AeTeam
{
	/*
	 * Asks for helpers, who get a copy of plan for ae_worker_create(), and
	 * memory that all processes see: shared_bytes zeroed bytes on an AE_ALIGN
	 * boundary.  NULL when nobody will come.
	 */
	void	   *(*start) (void *host, const void *plan, size_t plan_bytes,
						  size_t shared_bytes);

	/* lets the leader and the helpers do the tasks 0 .. ntasks - 1, each
	 * once; the leader does his by task(arg, index).  All are done then. */
	void		(*run) (void *host, int ntasks,
						void (*task) (void *arg, int index), void *arg);

	void	   *host;
} AeTeam;

#endif							/* AE_TEAM_H */
