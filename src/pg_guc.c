/*
 * pg_guc.c
 *	  The extension's settings.
 */
#include "postgres.h"

#include <limits.h>

#include "utils/guc.h"

#include "core/options.h"
#include "pg_guc.h"

#define AEPG_MAX_BATCH_ROWS 65536

int			aepg_batch_rows = 256;
int			aepg_blas_choice = AEPG_BLAS_AUTO;
int			aepg_cache_size = 64 * 1024;
int			aepg_kernel_choice = AE_KERNEL_AUTO;
int			aepg_max_model_size = 256 * 1024;
int			aepg_workers_setting = AE_AUTO;

static const struct config_enum_entry blas_choices[] = {
	{"auto", AEPG_BLAS_AUTO, false},
	{"none", AEPG_BLAS_NONE, false},
	{NULL, 0, false}
};

static const struct config_enum_entry kernel_choices[] = {
	{"auto", AE_KERNEL_AUTO, false},
	{"baseline", AE_KERNEL_BASELINE, false},
	{"avx2", AE_KERNEL_AVX2, false},
	{"avx512", AE_KERNEL_AVX512, false},
	{NULL, 0, false}
};

static bool
guc_check_kernel(int *newval, void **extra, GucSource source)
{
	(void) extra;
	(void) source;
	if (ae_kernels_get((AeKernelChoice) *newval) == NULL)
	{
		GUC_check_errdetail("This CPU or this build lacks the instructions.");
		return false;
	}
	return true;
}

/*
 * A library whose start failed, for lack of memory, is started again by the
 * next call into it, and a setting that is there already cannot be defined.
 */
static bool
guc_is_missing(const char *name)
{
	return GetConfigOption(name, true, false) == NULL ||
		(GetConfigOptionFlags(name, true) & GUC_CUSTOM_PLACEHOLDER) != 0;
}

/* sorted by name */
void
aepg_guc_init(void)
{
	if (guc_is_missing("autoencoder.batch_rows"))
		DefineCustomIntVariable("autoencoder.batch_rows",
								"Sets how many rows a query scores together.",
								"0 scores them one by one.  Results are the same.",
								&aepg_batch_rows,
								256, 0, AEPG_MAX_BATCH_ROWS,
								PGC_USERSET, 0,
								NULL, NULL, NULL);

	if (guc_is_missing("autoencoder.blas"))
		DefineCustomEnumVariable("autoencoder.blas",
								 "Selects the matrix library for training.",
								 "\"auto\" loads OpenBLAS where it is installed; "
								 "\"none\" uses the built-in loops.",
								 &aepg_blas_choice,
								 AEPG_BLAS_AUTO, blas_choices,
								 PGC_USERSET, 0,
								 NULL, NULL, NULL);

	if (guc_is_missing("autoencoder.cache_size"))
		DefineCustomIntVariable("autoencoder.cache_size",
								"Sets the memory for parsed models in a session.",
								"Models that a running statement uses stay even "
								"beyond this size.",
								&aepg_cache_size,
								64 * 1024, 0, MAX_KILOBYTES,
								PGC_USERSET, GUC_UNIT_KB,
								NULL, NULL, NULL);

	if (guc_is_missing("autoencoder.kernel"))
		DefineCustomEnumVariable("autoencoder.kernel",
								 "Selects the instruction set for scoring and "
								 "training.",
								 "Scores are the same to the bit with the same "
								 "kernel, and agree to about five digits between "
								 "kernels.",
								 &aepg_kernel_choice,
								 AE_KERNEL_AUTO, kernel_choices,
								 PGC_USERSET, 0,
								 guc_check_kernel, NULL, NULL);

	/* a bytea of more than 512 MB cannot be dumped */
	if (guc_is_missing("autoencoder.max_model_size"))
		DefineCustomIntVariable("autoencoder.max_model_size",
								"Sets the largest size of a model.",
								NULL,
								&aepg_max_model_size,
								256 * 1024, 64, 512 * 1024,
								PGC_USERSET, GUC_UNIT_KB,
								NULL, NULL, NULL);

	if (guc_is_missing("autoencoder.workers"))
		DefineCustomIntVariable("autoencoder.workers",
								"Sets the number of parallel workers that help "
								"with a training.",
								"-1 takes as many as are allowed where the "
								"training is long enough for it to pay.  "
								"max_parallel_maintenance_workers is the limit.",
								&aepg_workers_setting,
								AE_AUTO, AE_AUTO, AE_MAX_WORKERS,
								PGC_USERSET, 0,
								NULL, NULL, NULL);

	MarkGUCPrefixReserved("autoencoder");
}

const AeKernels *
aepg_kernels(void)
{
	return ae_kernels_get((AeKernelChoice) aepg_kernel_choice);
}
