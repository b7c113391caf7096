/*
 * sort.c
 *	  Numbers in ascending order.
 */
#include "core/sort.h"

#include <stdlib.h>

static int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

static int
compare_floats(const void *a, const void *b)
{
	float		x = *(const float *) a;
	float		y = *(const float *) b;

	return (x > y) - (x < y);
}

void
ae_sort_doubles(double *x, size_t n)
{
	qsort(x, n, sizeof(double), compare_doubles);
}

void
ae_sort_floats(float *x, size_t n)
{
	qsort(x, n, sizeof(float), compare_floats);
}
