/*
 * set_grow.h
 *	  Items that appear in an update put behind those that a network knows.
 *
 * Known items keep their numbers and weights, so a model that has grown says
 * of them what it said before.  Growing is planning, after which the size of
 * the model is known, moving the parameters, and finding some to start with.
 */
#ifndef AE_SET_GROW_H
#define AE_SET_GROW_H

#include "core/blas.h"
#include "core/set_model.h"

/*
 * Items and layers of the model with those of more, none of which it has, at
 * the end; *before becomes the network as it was.  AE_ERR_LIMIT when there
 * would be too many.
 */
extern AeStatus ae_set_grow_plan(AeModel *model, const AeItems *more,
								 AeNet *before);

/* moves the parameters; those of the new items are 0 */
extern AeStatus ae_set_grow_move(AeModel *model, const AeNet *before);

/*
 * Parameters of the new items, which are the last nnew, from the rows that
 * have them: what their company and its code say, as far as that tells the
 * parameters of known items, and the bias with which they are expected as
 * often as they are there.
 */
extern AeStatus ae_set_grow_start(AeModel *model, int nnew,
								  const AeSetRows *rows, const AeBlas *blas,
								  const AeKernels *kernels);

#endif							/* AE_SET_GROW_H */
