/*
 * ordinal.h
 *	  Levels that have an order but no distance.
 *
 * Of n levels the n - 1 outputs make the cut points between them, which ascend
 * by construction:
 *
 *	cut[0] = o[0], cut[i] = cut[i - 1] + softplus(o[i])
 *	P(level <= i) = 1 / (1 + exp(-cut[i])), 1 for the last level
 *
 * A proportional odds model (McCullagh 1980) is the case of increments that
 * are the same for all rows; here a row may have its own.  The probability of
 * a level between two cuts a < b is then
 *
 *	sigmoid(b) - sigmoid(a) = sigmoid(b) sigmoid(-a) sigmoid(o[i])
 *
 * exactly, because 1 - exp(a - b) = sigmoid(o[i]): nothing cancels.
 *
 * A value that is no level has a rank between those of its neighbours, or
 * beyond the outer ones: it costs like the nearest, and more.
 */
#ifndef AE_ORDINAL_H
#define AE_ORDINAL_H

#include "core/feature.h"

/* distinct values of a column, and how often they occur */
typedef struct AeLevels
{
	int			count;			/* AE_MAX_LEVELS + 1: there are more */
	double		value[AE_MAX_LEVELS + 1];	/* ascending */
	uint64_t	seen[AE_MAX_LEVELS + 1];
} AeLevels;

extern void ae_levels_add(AeLevels *levels, double value);

/* 0 to nlabels - 1 for a level; within AE_CONSTANT_LIMIT of these otherwise */
extern double ae_ordinal_rank(const AeColumn *column, double value);

/* the level nearest to a rank of those that rows had; NaN if they had none */
extern double ae_ordinal_level(const AeColumn *column, double rank);

/* the probabilities (nlabels) of the levels, of which there is one */
extern void ae_ordinal_probabilities(const AeColumn *column,
									 const float *output, double *p);

/* outputs that leave no doubt of the level nearest to a rank */
extern void ae_ordinal_output(const AeColumn *column, double rank,
							  float *output);

/* the likeliest level that rows had */
extern double ae_ordinal_likeliest(const AeColumn *column,
								   const float *output);

extern double ae_ordinal_expected_rank(const AeColumn *column,
									   const float *output);

#endif							/* AE_ORDINAL_H */
