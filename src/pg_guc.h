/*
 * pg_guc.h
 *	  The extension's settings.
 */
#ifndef AEPG_GUC_H
#define AEPG_GUC_H

#include "core/kernels.h"

typedef enum AepgBlasChoice
{
	AEPG_BLAS_AUTO = 0,
	AEPG_BLAS_NONE
} AepgBlasChoice;

/* autoencoder.blas: AepgBlasChoice */
extern int	aepg_blas_choice;

/* autoencoder.kernel: AeKernelChoice */
extern int	aepg_kernel_choice;

/* autoencoder.max_model_size: kilobytes */
extern int	aepg_max_model_size;

/* autoencoder.cache_size: kilobytes of parsed models kept per session */
extern int	aepg_cache_size;

/* autoencoder.batch_rows: rows scored together; 0: none */
extern int	aepg_batch_rows;

/* autoencoder.workers: parallel workers of a training; AE_AUTO: as it pays */
extern int	aepg_workers_setting;

extern void aepg_guc_init(void);

/* the kernels that autoencoder.kernel asks for; never NULL */
extern const AeKernels *aepg_kernels(void);

#endif							/* AEPG_GUC_H */
