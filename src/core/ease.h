/*
 * ease.h
 *	  The linear autoencoder of sets in closed form, EASE (Steck 2019,
 *	  "Embarrassingly shallow autoencoders for sparse data").
 *
 * With X the rows, G = X'X + lambda I and P = G^-1, the weight from item i to
 * item j is -P_ij / P_jj, and none from an item to itself.  With a power a, G
 * is S X'X S + lambda I, and the weights are S times those, where S_ii is the
 * item's frequency, as a multiple of the mean, to the power of -a: what many
 * have says less.  With a row power b, X'X is X'WX, where W_rr is in
 * proportion to the row's number of items to the power of -b, and such that
 * the members of all rows weigh as much as without: who has much says less
 * with each item.  Of each item only the weights that are largest in size are
 * kept.
 */
#ifndef AE_EASE_H
#define AE_EASE_H

#include "core/blas.h"
#include "core/sets.h"

typedef struct AeEase
{
	int			count;			/* of items; 0: not such a model */
	int			kept;			/* weights of each item */
	bool		is_fitted;		/* target and weight are known */
	uint32_t   *target;			/* (count, kept) in ascending order */
	float	   *weight;			/* (count, kept) from the item to the target */
} AeEase;

/* bytes beside the rows that ae_ease_fit() takes for so many items */
extern size_t ae_ease_bytes(int count);

/* lambda where it is left to us; power as above */
extern double ae_ease_regularization(const AeItems *items, double power);

/* room for what ae_ease_fit() will find; kept is at most count - 1 */
extern AeStatus ae_ease_plan(AeEase *ease, int count, int kept,
							 AeArena *arena);

/* power is a, row_power b; AE_ERR_DIVERGED when lambda is too small for
 * floats */
extern AeStatus ae_ease_fit(AeEase *ease, const AeItems *items,
							const AeSetRows *rows, double power,
							double row_power, double lambda,
							const AeBlas *blas, const AeEnv *env);

#endif							/* AE_EASE_H */
