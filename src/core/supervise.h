/*
 * supervise.h
 *	  Learning from classes, which the label column has: the companion of a
 *	  model tells them.
 *
 * Variant semi_supervised (Kingma et al. 2014, M2): encoder and decoder are
 * given the class y, and the companion q(y|x) reads the other inputs.  With
 * Lab(x, y) the negative log likelihood and divergence of a row less log p(y),
 *
 *	labelled	Lab(x, y) - weight log q(y|x)
 *	unlabelled	sum over y of q(y|x) (Lab(x, y) + log q(y|x))
 *
 * where the same draw of the code serves all classes of a row, so that they
 * differ by nothing else.
 *
 * Variant supervised: the companion reads the mean of the code, and the loss
 * of a labelled row has - weight log q(y|mean) added to it.
 */
#ifndef AE_SUPERVISE_H
#define AE_SUPERVISE_H

#include "core/worker.h"

/* one process's work space for a slice */
struct AeSupervision
{
	int		   *label;			/* (slice_rows) class, or -1 */
	double	   *share;			/* (slice_rows, classes) q(y|x) */
	float	   *row_weight;		/* (slice_rows * classes) of the rows in the
								 * tape */
	uint8_t    *repeated;		/* (likewise) whether the row before is the
								 * same with another class */
	AeResidual *residual;		/* (ncolumns) of one row */
};

/* rows of a tape for a slice of so many */
extern int	ae_supervise_rows(const AeModel *model, int slice_rows);

extern AeStatus ae_supervise_create(const AeModel *model, int slice_rows,
									AeArena *arena,
									AeSupervision **supervision);

/* makes the inputs in the tape what they are when nothing is learned: a class
 * that is not known becomes the probabilities of all */
extern void ae_supervise_inputs(AeWorker *worker, const float *params,
								int nrows);

/*
 * The loss of inputs and targets in the tape of a variant semi_supervised;
 * with grads, which has room for both networks, its gradients.  residual as
 * for ae_likelihood().
 */
extern double ae_supervise_semi(AeWorker *worker, int nrows, AePass pass,
								float *grads, AeResidual *residual);

/*
 * What classes add to the loss of a variant supervised after its forward pass;
 * with grads the companion's gradients, and the tape gets that of the mean.
 */
extern double ae_supervise_code(AeWorker *worker, int nrows,
								const AePass *pass, float *grads);

#endif							/* AE_SUPERVISE_H */
