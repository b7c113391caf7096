/*
 * score.h
 *	  A model applied to rows.
 *
 * Rows and expected rows are cells in original units as in feature.h; codes
 * are floats.  Every result for a row is the same to the bit whatever was
 * scored before it.  Nothing here fails or allocates, once there is a scorer.
 */
#ifndef AE_SCORE_H
#define AE_SCORE_H

#include "core/model.h"

/* work space for one row; not shared between concurrent callers */
typedef struct AeScorer
{
	const AeModel *model;		/* borrowed */
	const AeKernels *kernels;
	float	   *input;			/* (input_width) padded */
	float	   *target;			/* (output_width) padded, NaN: missing */
	float	   *code;			/* (latent) padded */
	float	   *output;			/* (output_width) padded */
	float	   *gradient;		/* (output_width), of no interest */
	float	   *scratch;		/* for ae_net_infer() */
} AeScorer;

extern AeStatus ae_scorer_create(const AeModel *model,
								 const AeKernels *kernels, AeArena *arena,
								 AeScorer **scorer);

/* the code of a row, in scorer->code; returns it */
extern const float *ae_score_encode(AeScorer *scorer, const double *row);

/* code (latent) to the row it stands for */
extern void ae_score_decode(AeScorer *scorer, const float *code,
							double *expected);

extern void ae_score_reconstruct(AeScorer *scorer, const double *row,
								 double *expected);

/*
 * Mean over the columns that are present of the column's loss divided by its
 * training mean.  NaN when every cell is missing.
 */
extern double ae_score_row(AeScorer *scorer, const double *row);

/*
 * The loss of each column (ncolumns), NaN where all its cells are missing; not
 * weighted by the columns' weights.  expected (cells) may be NULL.  Returns
 * the row's loss as in training, NaN when every cell is missing.
 */
extern double ae_score_columns(AeScorer *scorer, const double *row,
							   double *column_loss, double *expected);

#endif							/* AE_SCORE_H */
