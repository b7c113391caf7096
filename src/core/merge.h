/*
 * merge.h
 *	  Models that encode the same columns in the same way put together.
 *
 * Everything but the weights of a model is about rows, and counts as much as
 * the rows that it has seen: the coreset has points of each, the calibration
 * scores of each.  Results depend on the order of the models, so the caller
 * brings them into one that does not depend on how they arrived.
 */
#ifndef AE_MERGE_H
#define AE_MERGE_H

#include "core/model.h"

#define AE_DIFFERENCE_BYTES 256

/*
 * Whether two models cannot be merged; then difference says why, as the rest
 * of a sentence that begins with "the models ".
 */
extern bool ae_merge_differ(const AeModel *a, const AeModel *b,
							char difference[AE_DIFFERENCE_BYTES]);

/* the mean of the models' weights, each counting as its rows */
extern void ae_merge_average(AeModel *into, int nmodels,
							 const AeModel *const *models);

/*
 * The weights of base after the rows of several parts of an update: their
 * mean, or with momentum a step of Nesterov's method along the mean change
 * (Douillard et al. 2023), whose velocity the model keeps.  into is a copy of
 * base.
 */
extern AeStatus ae_merge_step(AeModel *into, const AeModel *base, int nparts,
							  const AeModel *const *parts, bool momentum);

/*
 * Everything else, for weights that into has already: losses, coreset,
 * calibration, histograms, rows and history.  follows: the models after the
 * first are parts of an update of it.  into may point into the models, which
 * must live as long.
 */
extern AeStatus ae_merge_scores(AeModel *into, int nmodels,
								const AeModel *const *models, bool follows,
								const AeKernels *kernels);

#endif							/* AE_MERGE_H */
