/*
 * pg_blas.h
 *	  The matrix library that training runs on.
 */
#ifndef AEPG_BLAS_H
#define AEPG_BLAS_H

#include "core/blas.h"

/* what was loaded; the texts live as long as the session */
typedef struct AepgBlasReport
{
	const char *library;		/* file, NULL when none is loaded */
	const char *config;			/* the rest is NULL unless it is OpenBLAS */
	const char *core;			/* kernels in use */
	const char *core_without_us;	/* the library's own choice */
	const char *core_wanted;	/* ours, NULL when the library's is as good */
	const char *core_chosen_by; /* "library", "autoencoder", "environment" */
	int			threads;		/* 0 when the library does not tell */
} AepgBlasReport;

/*
 * The table that the setting autoencoder.blas asks for; never NULL.  The
 * library is loaded on first use and stays.
 */
extern const AeBlas *aepg_blas_get(void);

/* of the library that aepg_blas_get() would use */
extern const AepgBlasReport *aepg_blas_report(void);

#endif							/* AEPG_BLAS_H */
