/*
 * draw.h
 *	  A value of one cell, drawn from what a network's outputs say of it.
 */
#ifndef AE_DRAW_H
#define AE_DRAW_H

#include "core/feature.h"
#include "core/rng.h"

/* of a cell's residuals a model keeps as many: means of equal shares */
#define AE_RESIDUALS 64

/*
 * A value in original units, as ae_cell_decode() has them: a label by its
 * probability, never "other" if the column has a label; true (1) or false (0);
 * a level by its probability; a number, count or instant from the residuals,
 * ascending and in the units of ae_cell_place_output(), around the output,
 * within the range of the training.  output points to the cell's first.
 */
extern double ae_draw_cell(const AeColumn *column, const AeCell *cell,
						   const float *output,
						   const float residuals[AE_RESIDUALS], AeRng *rng);

#endif							/* AE_DRAW_H */
