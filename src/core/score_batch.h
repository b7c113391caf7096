/*
 * score_batch.h
 *	  A model applied to many rows at once.
 *
 * Rows are added one by one and go through the network together, because a
 * product with many rows reads the weights once.  Every result has the bits
 * that score.h gives the row alone, however many rows go with it.
 */
#ifndef AE_SCORE_BATCH_H
#define AE_SCORE_BATCH_H

#include "core/score.h"

typedef struct AeScoreBatch
{
	AeScorer   *scorer;			/* of the caller */
	int			capacity;		/* rows */
	int			nrows;			/* added since the batch was cleared */
	int			ninput;			/* leading dimensions */
	int			noutput;
	int			ncode;
	float	   *input;			/* (capacity, ninput) */
	float	   *target;			/* (capacity, noutput) */
	float	   *code;			/* (capacity, ncode) after a run */
	double	   *score;			/* (capacity) after a run; NaN: all missing */
	float	   *output;			/* of a few rows */
	float	   *scratch;

	/* score neighbour only: of fewer rows still, see joint.h */
	size_t		npoint;			/* leading dimensions */
	size_t		ndistance;
	float	   *value;
	float	   *reconstruction;
	int16_t    *point;
	float	   *distance;		/* NULL: another score */
	float	   *least;
} AeScoreBatch;

/* bytes that each row of a batch takes at most */
extern size_t ae_score_batch_row_bytes(const AeModel *model);

/* work space for capacity rows, capacity > 0; scorer must not be in use by
 * others while the batch is */
extern AeStatus ae_score_batch_create(AeScorer *scorer, int capacity,
									  AeArena *arena, AeScoreBatch **batch);

static inline void
ae_score_batch_clear(AeScoreBatch *batch)
{
	batch->nrows = 0;
}

/* there must be room */
extern void ae_score_batch_add(AeScoreBatch *batch, const double *row);

/* what a run is for */
#define AE_BATCH_CODE 1
#define AE_BATCH_SCORE 2

/*
 * Whether rows can be applied together for that.  Other scores take a row
 * through the network many times as it is, a class that is not known has to
 * be told first, and sets are not rows.
 */
static inline bool
ae_score_batch_suits(const AeModel *model, int what)
{
	if (model->classes != NULL || model->items != NULL)
		return false;
	return (what & AE_BATCH_SCORE) == 0 ||
		(ae_net_joined(&model->net) == 0 &&
		 (model->options.score == AE_SCORE_ERROR ||
		  ae_score_is_joint(model->options.score)));
}

/* the codes, the scores or both of the rows added; returns the number of
 * forward passes */
extern int	ae_score_batch_run(AeScoreBatch *batch, int what);

#endif							/* AE_SCORE_BATCH_H */
