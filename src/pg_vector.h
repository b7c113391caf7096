/*
 * pg_vector.h
 *	  Values of pgvector's types: vector, halfvec and sparsevec.
 */
#ifndef AEPG_VECTOR_H
#define AEPG_VECTOR_H

#include "postgres.h"

#include "utils/array.h"

typedef enum AepgVector
{
	AEPG_VECTOR_NONE = 0,		/* any other type */
	AEPG_VECTOR_SINGLE,			/* vector: numbers of single precision */
	AEPG_VECTOR_HALF,			/* halfvec: of half precision */
	AEPG_VECTOR_SPARSE			/* sparsevec: those that are not zero */
} AepgVector;

/*
 * Which of them a type is that is no domain.  Types of that name that do not
 * belong to the extension "vector" are none.
 */
extern AepgVector aepg_vector_of(Oid type);

/* whether it is a type whose values are arrays of numbers */
static inline bool
aepg_vector_is_dense(AepgVector type)
{
	return type == AEPG_VECTOR_SINGLE || type == AEPG_VECTOR_HALF;
}

extern void aepg_vector_report_malformed(AepgVector type);

/*----------
 * Dense ones.
 *----------
 */

/* the numbers of a value, as stored, and how many; NULL if it is malformed */
extern const void *aepg_vector_open(AepgVector type, Datum value, int *count);

extern void aepg_vector_read(AepgVector type, const void *numbers, int count,
							 double *cells);

/* a value as real[]; error if it is malformed */
extern ArrayType *aepg_vector_to_array(AepgVector type, Datum value);

/* the closest value to a real[] of one dimension without NULL */
extern Datum aepg_vector_from_array(AepgVector type, const ArrayType *array);

extern Datum aepg_vector_zero(AepgVector type, int count);

/*----------
 * Sparse ones.
 *----------
 */
typedef struct AepgSparse
{
	int			count;
	const int32 *indexes;		/* (count) from 0 */
	const float4 *values;		/* (count) */
} AepgSparse;

/* valid as long as the value and the current memory context; error if it is
 * malformed */
extern AepgSparse aepg_vector_open_sparse(Datum value);

#endif							/* AEPG_VECTOR_H */
