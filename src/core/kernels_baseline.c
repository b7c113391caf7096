/*
 * kernels_baseline.c
 *	  The kernels for the CPU that the compiler builds for by default.
 */
#define KERNEL_LANES 4
#define KERNEL_NAME "baseline"
#define KERNEL_TABLE ae_kernels_baseline

#include "core/kernels_body.h"
