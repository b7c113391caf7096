/*
 * condition.h
 *	  Columns that are given to encoder and decoder: not learned, but what the
 *	  rest of a row depends on.
 *
 * A code of a model that has them ends with their inputs, as the network reads
 * them: column by column, each with its missing indicators.  In a code that
 * was drawn these are near what they can be only.
 */
#ifndef AE_CONDITION_H
#define AE_CONDITION_H

#include "core/feature.h"

/* how many inputs all condition columns have; inputs, which may be NULL, gets
 * their places */
extern int	ae_condition_inputs(const AeFeatures *features, int *inputs);

/* the outputs that stand for such inputs; those of other columns stay */
extern void ae_condition_outputs(const AeFeatures *features,
								 const float *given, float *output);

/* cells of a decoded row become what a row can have: a truth value instead of
 * a probability, NaN where given knows no value */
extern void ae_condition_settle(const AeFeatures *features,
								const float *given, double *row);

/* the condition columns of row into another */
extern void ae_condition_copy(const AeFeatures *features, const double *row,
							  double *to);

#endif							/* AE_CONDITION_H */
