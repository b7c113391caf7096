/*
 * pg_progress.h
 *	  How far a training is, for the view ae_progress.
 */
#ifndef AEPG_PROGRESS_H
#define AEPG_PROGRESS_H

#include "postgres.h"

#include "core/train.h"

typedef enum AepgPhase
{
	AEPG_PHASE_READING = 1,
	AEPG_PHASE_PLANNING,
	AEPG_PHASE_TRAINING,
	AEPG_PHASE_CALIBRATING
} AepgPhase;

/*
 * A training starts to read rows.  model is its name, or NULL.  A statement
 * that shows another progress (COPY) keeps that, and this one is not shown.
 */
extern void aepg_progress_start(const char *model);

/* the phase, and the rows read for it; also as another group's turn comes */
extern void aepg_progress_phase(AepgPhase phase, uint64 nrows);

/* one more row was read; seen now and then */
extern void aepg_progress_row(void);

/* nothing to be shown any more; at abort the server sees to that */
extern void aepg_progress_end(void);

/* for the trainer; with verbose, one INFO message an epoch as well */
extern const AeProgress *aepg_progress_trainer(int epochs, bool verbose);

#endif							/* AEPG_PROGRESS_H */
