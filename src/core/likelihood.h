/*
 * likelihood.h
 *	  What a variational model minimises beside its code's divergence: the
 *	  negative log likelihood of the targets, in nats.
 *
 * A number is normal around the output; the variance is the same for all
 * numbers of a column and follows the mean square of their residuals (Rybkin,
 * Daniilidis and Levine 2021).  A boolean, a category or an ordinal column
 * costs its cross-entropy, a count what a Poisson distribution says.  All of
 * it is divided by the number of numbers, as model.h tells.
 *
 * The density of a positive number is that of the number over its standard
 * deviation, like that of a numeric column, and not of its logarithm: what the
 * change costs does not depend on the outputs, but likelihoods can be
 * compared.
 */
#ifndef AE_LIKELIHOOD_H
#define AE_LIKELIHOOD_H

#include "core/model.h"

/* of a column over some rows: both 0 unless its likelihood is normal */
typedef struct AeResidual
{
	double		squares;		/* sum of squared residuals */
	double		count;			/* of numbers that are present */
} AeResidual;

/*
 * Sum over rows of the loss; o, t, d (rows, ld) as in ae_objective(), noise
 * (ncolumns) variances.  weight (output_width) is work space; the residuals of
 * all columns go to residual.
 */
extern double ae_likelihood(const AeModel *model, const AeKernels *kernels,
							const double *noise, float *weight, int rows,
							int ld, const float *o, const float *t,
							float scale, float *d, AeResidual *residual);

/* moves noise (ncolumns) towards what nslices residuals (ncolumns) tell */
extern void ae_likelihood_learn(const AeModel *model, int nslices,
								const AeResidual *residual, double *noise);

/* work space for a row; nothing in it is of interest */
typedef struct AeLikelihoodWork
{
	float	   *weight;			/* (output_width) padded */
	float	   *gradient;		/* (output_width) padded */
	AeResidual *residual;		/* (ncolumns) */
} AeLikelihoodWork;

/* -log p of the targets of a row that are there, by a trained model; each
 * column counts as often as its weight says */
extern double ae_likelihood_row(const AeModel *model,
								const AeKernels *kernels, const float *o,
								const float *t, const AeLikelihoodWork *work);

/* what those that are missing cost in the mean training row */
extern double ae_likelihood_missing(const AeModel *model, const float *t);

/* how much more a column costs than it does there */
extern double ae_likelihood_excess(const AeModel *model,
								   const AeKernels *kernels, int column,
								   const float *o, const float *t,
								   float *gradient);

#endif							/* AE_LIKELIHOOD_H */
