/*
 * impute.h
 *	  Missing cells of a row drawn, not expected: several draws show how sure
 *	  a filled value is (multiple imputation, Rubin 1987).
 *
 * The network was trained to predict any cells from any others.  So the
 * missing cells are drawn one after the other, each from what the network
 * says when those drawn before are there, and what is drawn goes together as
 * values of real rows do.  Only where very many cells are missing, some are
 * drawn at a time.
 */
#ifndef AE_IMPUTE_H
#define AE_IMPUTE_H

#include "core/score.h"

/* whether the model can draw: it was trained with hidden cells */
static inline bool
ae_impute_can_draw(const AeModel *model)
{
	return model->residuals != NULL;
}

/*
 * Draw number draw of the row's missing cells; filled (ncells) is the row with
 * them.  The same model, row, seed and draw give the same cells.
 */
extern void ae_impute_draw(AeScorer *scorer, const double *row, uint64_t seed,
						   uint64_t draw, double *filled);

/*
 * The residuals of a trained model, from stored rows (n, ncells) of which
 * cells are hidden as in training; model->residuals is there to be filled.
 */
extern AeStatus ae_impute_fit(AeModel *model, const AeCoder *coder,
							  const AeKernels *kernels, const float *cells,
							  uint64_t n, uint64_t seed);

#endif							/* AE_IMPUTE_H */
