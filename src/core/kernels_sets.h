/*
 * kernels_sets.h
 *	  The kernels' tables, one per instruction set; NULL when the compiler was
 *	  not told to build for that set.  Whether the CPU has it is for
 *	  ae_kernels_get() to find out.
 */
#ifndef AE_KERNELS_SETS_H
#define AE_KERNELS_SETS_H

#include "core/kernels.h"

extern const AeKernels *ae_kernels_baseline(void);
extern const AeKernels *ae_kernels_avx2(void);
extern const AeKernels *ae_kernels_avx512(void);

#endif							/* AE_KERNELS_SETS_H */
