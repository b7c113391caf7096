/*
 * cpu.c
 *	  What this CPU can do, and which of OpenBLAS's kernels suit it.
 */
#include <stddef.h>
#include <string.h>

#include "core/cpu.h"

#define CPU_HIGHEST_RANK 4

/* names as openblas_get_corename() gives them */
static const struct
{
	const char *core;
	int			rank;
}			cpu_blas_cores[] =
{
	{"Unknown", 0},
	{"Generic", 0},
	{"Katmai", 0},
	{"Coppermine", 0},
	{"Northwood", 0},
	{"Prescott", 0},
	{"Banias", 0},
	{"Atom", 0},
	{"Core2", 0},
	{"Athlon", 0},
	{"Opteron", 0},
	{"Opteron_SSE3", 0},
	{"Nano", 0},
	{"Bobcat", 0},
	{"Penryn", 1},
	{"Dunnington", 1},
	{"Nehalem", 1},
	{"Barcelona", 1},
	{"Sandybridge", 2},
	{"Bulldozer", 2},
	{"Piledriver", 2},
	{"Steamroller", 2},
	{"Haswell", 3},
	{"Excavator", 3},
	{"Zen", 3},
	{"SkylakeX", 4},
	{"Cooperlake", 4},
	{"SapphireRapids", 4}
};

int
ae_cpu_blas_rank(const char *core)
{
	size_t		ncores = sizeof(cpu_blas_cores) / sizeof(cpu_blas_cores[0]);

	for (size_t i = 0; i < ncores; i++)
		if (strcmp(core, cpu_blas_cores[i].core) == 0)
			return cpu_blas_cores[i].rank;
	return CPU_HIGHEST_RANK;
}

#if defined(__x86_64__) || defined(__i386__)

int
ae_cpu_features(const char *names[AE_CPU_MAX_FEATURES])
{
	int			n = 0;

	__builtin_cpu_init();
	if (__builtin_cpu_supports("sse4.2"))
		names[n++] = "sse4.2";
	if (__builtin_cpu_supports("avx"))
		names[n++] = "avx";
	if (__builtin_cpu_supports("avx2"))
		names[n++] = "avx2";
	if (__builtin_cpu_supports("fma"))
		names[n++] = "fma";
	if (__builtin_cpu_supports("avx512f"))
		names[n++] = "avx512f";
	if (__builtin_cpu_supports("avx512bw"))
		names[n++] = "avx512bw";
	if (__builtin_cpu_supports("avx512dq"))
		names[n++] = "avx512dq";
	if (__builtin_cpu_supports("avx512vl"))
		names[n++] = "avx512vl";
	return n;
}

const char *
ae_cpu_blas_core(void)
{
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx512f") &&
		__builtin_cpu_supports("avx512bw") &&
		__builtin_cpu_supports("avx512dq") &&
		__builtin_cpu_supports("avx512vl"))
		return "SkylakeX";
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		return "Haswell";
	if (__builtin_cpu_supports("avx"))
		return "Sandybridge";
	return NULL;
}

#else

int
ae_cpu_features(const char *names[AE_CPU_MAX_FEATURES])
{
	(void) names;
	return 0;
}

/* OpenBLAS knows the cores of other architectures better than we do */
const char *
ae_cpu_blas_core(void)
{
	return NULL;
}

#endif
