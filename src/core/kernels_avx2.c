/*
 * kernels_avx2.c
 *	  The kernels for AVX2 with FMA; to be compiled with -mavx2 -mfma.
 */
#include "core/kernels_sets.h"

#if defined(__AVX2__) && defined(__FMA__)

#define KERNEL_LANES 8
#define KERNEL_NAME "avx2"
#define KERNEL_TABLE ae_kernels_avx2

#include "core/kernels_body.h"

#else

const AeKernels *
ae_kernels_avx2(void)
{
	return NULL;
}

#endif
