/*
 * cpu.h
 *	  What this CPU can do, and which of OpenBLAS's kernels suit it.
 *
 * A distribution's OpenBLAS can be older than the CPU it runs on, and then
 * falls back to kernels of 2004 for a processor that its table does not know.
 * The CPU's features tell more than its name.
 */
#ifndef AE_CPU_H
#define AE_CPU_H

#define AE_CPU_MAX_FEATURES 8

/* fills in the names of the instruction sets that matter here; returns how
 * many there are */
extern int	ae_cpu_features(const char *names[AE_CPU_MAX_FEATURES]);

/* the value of OPENBLAS_CORETYPE that suits this CPU, NULL for no opinion */
extern const char *ae_cpu_blas_core(void);

/*
 * OpenBLAS's cores ordered by the instructions that they use: 0 up to SSE3,
 * 1 SSE4, 2 AVX, 3 AVX2 with FMA, 4 AVX-512.  A name that we do not know is
 * newer than this list and ranks highest.
 */
extern int	ae_cpu_blas_rank(const char *core);

#endif							/* AE_CPU_H */
