/*
 * feature_cell.h
 *	  One cell as numbers for the network, and back.
 *
 * Shared by the encoder of single rows, the coder of stored rows and the fit,
 * so that training and scoring cannot disagree.
 */
#ifndef AE_FEATURE_CELL_H
#define AE_FEATURE_CELL_H

#include "core/feature.h"

/* a quantile-scaled value lies within this many standard deviations */
#define AE_NORMAL_LIMIT 5.0

/* no smaller spread: its inverse must be a finite float */
#define AE_MIN_SPREAD 1e-35

/* more than what ae_cell_log() makes of any value, or its negative */
#define AE_MAX_LOG 1000.0

/* what AE_SCALING_LOG makes of a value before it is centred */
extern double ae_cell_log(double value);

/*
 * The inputs and targets of one cell; value is NaN when missing.  input and
 * target point to the cell's first slots, either may be NULL.  The missing
 * indicator is not among them.
 */
extern void ae_cell_encode(const AeColumn *column, const AeCell *cell,
						   double value, float *input, float *target);

/* the value that the outputs of one cell stand for */
extern double ae_cell_decode(const AeColumn *column, const AeCell *cell,
							 const float *output);

/*
 * The place of the first output or target of a cell on a scale where a
 * difference means the same everywhere: its own but for counts, see
 * count.h, and ordinal columns: the standardised rank, an output's the
 * expected one.  Not for labels and truth values.
 */
extern double ae_cell_place_output(const AeColumn *column, const AeCell *cell,
								   const float *output);
extern double ae_cell_place_target(const AeColumn *column, const AeCell *cell,
								   float target);

/* outputs of a count or ordinal cell that leave no doubt of what it is, by
 * its input */
extern void ae_cell_restate(const AeColumn *column, const AeCell *cell,
							float input, float *output);

/* the count or level at a place */
extern double ae_cell_from_place(const AeColumn *column, const AeCell *cell,
								 double place);

#endif							/* AE_FEATURE_CELL_H */
