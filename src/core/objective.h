/*
 * objective.h
 *	  The loss of outputs against targets, over all columns of a model.
 */
#ifndef AE_OBJECTIVE_H
#define AE_OBJECTIVE_H

#include <math.h>

#include "core/model.h"

/*
 * Sum over rows of the losses of all spans, weighted by weight (output_width):
 * one of the model's weight vectors.  o, t and d are (rows, ld); the gradient
 * times scale goes to d.  A NaN in t is missing and costs nothing.
 */
extern double ae_objective(const AeModel *model, const AeKernels *kernels,
						   const float *weight, int rows, int ld,
						   const float *o, const float *t, float scale,
						   float *d);

/* the same for one column, by unit_weight; d is overwritten */
extern double ae_objective_column(const AeModel *model,
								  const AeKernels *kernels, int column,
								  int rows, int ld, const float *o,
								  const float *t, float *d);

/* whether any cell of the column has a target */
static inline bool
ae_objective_has(const AeColumn *column, const float *target)
{
	for (int i = 0; i < column->ncells; i++)
		if (!isnan(target[column->output + i]))
			return true;
	return false;
}

#endif							/* AE_OBJECTIVE_H */
