/*
 * set_index.h
 *	  The members of a batch item by item, and what they add to the gradients
 *	  of their items: sums over rows, as many as have the item.
 */
#ifndef AE_SET_INDEX_H
#define AE_SET_INDEX_H

#include "core/arena.h"
#include "core/kernels.h"
#include "core/sets.h"

typedef struct AeSetIndex
{
	int			nitems;
	int			ntouched;
	int		   *touched;		/* items that members have, ascending */
	int		   *end;			/* (nitems) of an item's members below */
	int		   *rows;			/* (members) */
	float	   *weights;		/* (members) */
} AeSetIndex;

/* room for up to nmembers members of nitems items */
extern AeStatus ae_set_index_create(int nitems, int nmembers,
									AeArena *arena, AeSetIndex *index);

/* members of row r are start[r] .. start[r + 1] - 1 */
extern void ae_set_index_fill(AeSetIndex *index, const AeMember *members,
							  const int *start, int nrows);

/* sum += weight times the row of x (rows, ld) over the members of the item
 * touched[i] */
extern void ae_set_index_combine(const AeSetIndex *index, int i,
								 const AeKernels *kernels, const float *x,
								 size_t ld, float *sum);

#endif							/* AE_SET_INDEX_H */
