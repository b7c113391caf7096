/*
 * pg_compat.h
 *	  Differences between PostgreSQL 15, 16, 17 and 18.
 *
 * The only file of the project that looks at the server's version.
 */
#ifndef AEPG_COMPAT_H
#define AEPG_COMPAT_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/backend_status.h"
#include "utils/timestamp.h"

#if PG_VERSION_NUM < 150000
#error "autoencoder needs PostgreSQL 15 or newer"
#endif

/* access to variable-length values moved out of postgres.h */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* intervals became infinite */
#if PG_VERSION_NUM >= 170000
#define aepg_interval_is_finite(i) (!INTERVAL_NOT_FINITE(i))
#else
#define aepg_interval_is_finite(i) true
#endif

/* status entries of backends */
#if PG_VERSION_NUM >= 160000
#define aepg_backend_status(i) pgstat_get_local_beentry_by_index(i)
#else
#define aepg_backend_status(i) pgstat_fetch_stat_local_beentry(i)
#endif

/* writing EXPLAIN's output moved */
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#else
#include "commands/explain.h"
#endif

/* runs of a query are no longer told whether they are the only one */
#if PG_VERSION_NUM >= 180000
#define AEPG_EXECUTOR_RUN_ARGS \
	QueryDesc *query, ScanDirection direction, uint64 count
#define AEPG_EXECUTOR_RUN_PASS query, direction, count
#else
#define AEPG_EXECUTOR_RUN_ARGS \
	QueryDesc *query, ScanDirection direction, uint64 count, \
	bool execute_once
#define AEPG_EXECUTOR_RUN_PASS query, direction, count, execute_once
#endif

/* modules got a name and a version */
#if PG_VERSION_NUM >= 180000
#define AEPG_MODULE_MAGIC \
	PG_MODULE_MAGIC_EXT(.name = "autoencoder", .version = AE_VERSION)
#else
#define AEPG_MODULE_MAGIC PG_MODULE_MAGIC
#endif

#endif							/* AEPG_COMPAT_H */
