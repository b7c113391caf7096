/*
 * train.h
 *	  Training: epochs of mini-batches over a dataset.
 *
 * No allocation happens between two mini-batches, and env->poll is called at
 * least once per mini-batch.  Same rows in the same order, options and seed:
 * same parameters, to the bit, on the same CPU and BLAS library, whoever
 * helps.
 */
#ifndef AE_TRAIN_H
#define AE_TRAIN_H

#include "core/blas.h"
#include "core/model.h"
#include "core/team.h"

/* how the host follows a training; any callback may leave by longjmp */
typedef struct AeProgress
{
	/* after every epoch; epochs is how many are planned now */
	void		(*epoch) (void *host, int epoch, int epochs,
						  const AeEpoch *result);
	/* now and then: the share of the training that is done */
	void		(*advance) (void *host, double done);
	/* a clock that never goes back; option max_seconds needs it */
	double		(*seconds) (void *host);
	void	   *host;
} AeProgress;

/*
 * Trains a planned model on the dataset it was planned for, or a trained one
 * further, see update.h.  On success the model is prepared for scoring.
 * team NULL: without helpers; progress may be NULL, too.
 */
extern AeStatus ae_train_model(AeModel *model, AeDataset *dataset,
							   const AeBlas *blas, const AeKernels *kernels,
							   const AeTeam *team,
							   const AeProgress *progress);

#endif							/* AE_TRAIN_H */
