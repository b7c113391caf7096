/*
 * spd.h
 *	  Symmetric positive definite matrices too large to be kept twice.
 *
 * Only the lower triangle is kept, in square tiles, so that a matrix of n
 * rows takes about 2 n^2 bytes and everything is a product of tiles.
 */
#ifndef AE_SPD_H
#define AE_SPD_H

#include "core/arena.h"
#include "core/blas.h"
#include "core/status.h"

typedef struct AeSpd
{
	const AeEnv *env;
	int			n;
	int			side;			/* of a tile, a multiple of AE_LANES */
	int			ntiles;			/* in a row of tiles */
	float	   *tiles;			/* (row, column <= row) one after the other,
								 * each (side, side) */
	float	   *scratch;		/* two tiles */
	double	   *exact;			/* two tiles */
} AeSpd;

/* bytes that a matrix of n rows takes; SIZE_MAX when beyond an address */
extern size_t ae_spd_bytes(int n);

/* a matrix of zeros; beyond n, tiles have ones in the diagonal */
extern AeStatus ae_spd_create(AeArena *arena, int n, AeSpd *matrix);

/* element (i, j), j <= i, is in tiles at the sum of these two */
extern size_t ae_spd_row_place(const AeSpd *matrix, int i);
extern size_t ae_spd_column_place(const AeSpd *matrix, int j);

/* where element (i, j), j <= i, is */
extern float *ae_spd_at(const AeSpd *matrix, int i, int j);

/* all n elements of row i */
extern void ae_spd_row(const AeSpd *matrix, int i, float *row);

/*
 * The matrix becomes its inverse.  AE_ERR_DIVERGED when it is not positive
 * definite.
 */
extern AeStatus ae_spd_invert(AeSpd *matrix, const AeBlas *blas);

#endif							/* AE_SPD_H */
