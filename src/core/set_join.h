/*
 * set_join.h
 *	  The parts of an update of a model of sets put together.
 */
#ifndef AE_SET_JOIN_H
#define AE_SET_JOIN_H

#include "core/model.h"

/* the base becomes the mean of its parts, each as heavy as its rows, with the
 * items of all of them; AE_ERR_CORRUPT when they do not belong together */
extern AeStatus ae_set_join(AeModel *base, int nparts,
							const AeModel *const *parts);

#endif							/* AE_SET_JOIN_H */
