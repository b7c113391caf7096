/*
 * pg_workers.h
 *	  Parallel workers that help with a training.
 */
#ifndef AEPG_WORKERS_H
#define AEPG_WORKERS_H

#include "postgres.h"

#include "core/model.h"
#include "core/team.h"

typedef struct AepgWorkers AepgWorkers;

/*
 * A team for training the planned model, or NULL when no worker is asked for
 * (requested, or AE_AUTO for the setting autoencoder.workers), worth it, or
 * allowed here.  Lives in CurrentMemoryContext.  After an error the
 * transaction's abort ends the workers.
 */
extern AepgWorkers *aepg_workers_create(const AeModel *model, int requested);

/* NULL for no workers */
extern const AeTeam *aepg_workers_team(AepgWorkers *workers);

/* ends the workers after a training; workers may be NULL */
extern void aepg_workers_finish(AepgWorkers *workers);

#endif							/* AEPG_WORKERS_H */
