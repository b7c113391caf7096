/*
 * sort.h
 *	  Numbers in ascending order.
 */
#ifndef AE_SORT_H
#define AE_SORT_H

#include <stddef.h>

/* none of the n numbers may be NaN */
extern void ae_sort_doubles(double *x, size_t n);
extern void ae_sort_floats(float *x, size_t n);

#endif							/* AE_SORT_H */
