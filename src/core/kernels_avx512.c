/*
 * kernels_avx512.c
 *	  The kernels for AVX-512; to be compiled with -mavx512f -mavx512bw
 *	  -mavx512vl -mavx512dq -mfma -mprefer-vector-width=512.
 */
#include "core/kernels_sets.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && \
	defined(__AVX512VL__) && defined(__AVX512DQ__) && defined(__FMA__)

#define KERNEL_LANES 16
#define KERNEL_NAME "avx512"
#define KERNEL_TABLE ae_kernels_avx512

#include "core/kernels_body.h"

#else

const AeKernels *
ae_kernels_avx512(void)
{
	return NULL;
}

#endif
