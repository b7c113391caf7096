/*
 * kernels.c
 *	  Choice of the kernels for this CPU.
 */
#include "core/kernels.h"
#include "core/kernels_sets.h"

const char *const ae_activation_names[AE_ACT_COUNT] = {
	[AE_ACT_LINEAR] = "linear",
	[AE_ACT_RELU] = "relu",
	[AE_ACT_LEAKY_RELU] = "leaky_relu",
	[AE_ACT_ELU] = "elu",
	[AE_ACT_SELU] = "selu",
	[AE_ACT_GELU] = "gelu",
	[AE_ACT_SILU] = "silu",
	[AE_ACT_MISH] = "mish",
	[AE_ACT_TANH] = "tanh",
	[AE_ACT_SIGMOID] = "sigmoid",
	[AE_ACT_SOFTPLUS] = "softplus"
};

static const AeKernels *
kernels_avx2(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		return ae_kernels_avx2();
#endif
	return NULL;
}

static const AeKernels *
kernels_avx512(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx512f") &&
		__builtin_cpu_supports("avx512bw") &&
		__builtin_cpu_supports("avx512dq") &&
		__builtin_cpu_supports("avx512vl") &&
		__builtin_cpu_supports("fma"))
		return ae_kernels_avx512();
#endif
	return NULL;
}

const AeKernels *
ae_kernels_get(AeKernelChoice choice)
{
	const AeKernels *best;

	switch (choice)
	{
		case AE_KERNEL_BASELINE:
			return ae_kernels_baseline();
		case AE_KERNEL_AVX2:
			return kernels_avx2();
		case AE_KERNEL_AVX512:
			return kernels_avx512();
		case AE_KERNEL_AUTO:
			break;
	}
	best = kernels_avx512();
	if (best == NULL)
		best = kernels_avx2();
	return best != NULL ? best : ae_kernels_baseline();
}
