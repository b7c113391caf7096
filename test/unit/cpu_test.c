/*
 * cpu_test.c
 *	  Kernels of OpenBLAS rank by what they use, and the one that is proposed
 *	  uses nothing that this CPU lacks.
 */
#include "core/cpu.h"
#include "unit.h"

static const char *features[AE_CPU_MAX_FEATURES];
static int	nfeatures;

static bool
has(const char *feature)
{
	for (int i = 0; i < nfeatures; i++)
		if (strcmp(features[i], feature) == 0)
			return true;
	return false;
}

static void
test_ranks(void)
{
	static const char *const rising[] = {
		"Prescott", "Nehalem", "Sandybridge", "Haswell", "SkylakeX"
	};

	for (int i = 0; i < 5; i++)
		ok(ae_cpu_blas_rank(rising[i]) == i, "%s has rank %d", rising[i], i);
	ok(ae_cpu_blas_rank("Zen") == ae_cpu_blas_rank("Haswell"),
	   "Zen is as good as Haswell");
	ok(ae_cpu_blas_rank("Unknown") == 0, "an unknown CPU has rank 0");
	ok(ae_cpu_blas_rank("") == 4 && ae_cpu_blas_rank("haswell") == 4,
	   "a name that is not in the list is newer");
}

static void
test_this_cpu(void)
{
	const char *core = ae_cpu_blas_core();
	bool		avx512 = has("avx512f") && has("avx512bw") &&
		has("avx512dq") && has("avx512vl");
	bool		avx2 = has("avx2") && has("fma");
	int			rank = avx512 ? 4 : avx2 ? 3 : has("avx") ? 2 : 0;

	ok(nfeatures >= 0 && nfeatures <= AE_CPU_MAX_FEATURES,
	   "%d features", nfeatures);
	if (core == NULL)
		ok(rank == 0, "no opinion without AVX");
	else
		ok(ae_cpu_blas_rank(core) == rank, "%s suits the features", core);
}

int
main(void)
{
	nfeatures = ae_cpu_features(features);
	test_ranks();
	test_this_cpu();
	return done();
}
