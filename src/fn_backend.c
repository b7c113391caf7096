/*
 * fn_backend.c
 *	  SQL function that shows what the extension runs on: the first thing to
 *	  ask for when results or speed are not as expected.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"
#include "utils/json.h"

#include "core/cpu.h"
#include "pg_blas.h"
#include "pg_guc.h"
#include "pg_json.h"

PG_FUNCTION_INFO_V1(ae_backend);

static void
backend_open(StringInfo json, const char *key)
{
	aepg_json_key(json, key);
	appendStringInfoChar(json, '{');
}

/* a text or null */
static void
backend_text(StringInfo json, const char *key, const char *value)
{
	if (value != NULL)
		aepg_json_text(json, key, value);
	else
	{
		aepg_json_key(json, key);
		appendStringInfoString(json, "null");
	}
}

static void
backend_list(StringInfo json, const char *key, const char *const *texts,
			 int n)
{
	aepg_json_key(json, key);
	appendStringInfoChar(json, '[');
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoChar(json, ',');
		escape_json(json, texts[i]);
	}
	appendStringInfoChar(json, ']');
}

static void
backend_blas(StringInfo json)
{
	const AepgBlasReport *report = aepg_blas_report();

	backend_open(json, "blas");
	aepg_json_text(json, "name", aepg_blas_get()->name);
	backend_text(json, "library", report->library);
	backend_text(json, "config", report->config);
	backend_text(json, "core", report->core);
	backend_text(json, "core_without_us", report->core_without_us);
	backend_text(json, "core_wanted", report->core_wanted);
	backend_text(json, "core_chosen_by", report->core_chosen_by);
	if (report->threads > 0)
		aepg_json_count(json, "threads", report->threads);
	else
		backend_text(json, "threads", NULL);
	backend_text(json, "setting",
				 GetConfigOption("autoencoder.blas", false, false));
	appendStringInfoChar(json, '}');
}

static void
backend_kernel(StringInfo json)
{
	const char *available[AE_KERNEL_AVX512];
	int			navailable = 0;

	for (int i = AE_KERNEL_BASELINE; i <= AE_KERNEL_AVX512; i++)
	{
		const AeKernels *kernels = ae_kernels_get((AeKernelChoice) i);

		if (kernels != NULL)
			available[navailable++] = kernels->name;
	}
	backend_open(json, "kernel");
	aepg_json_text(json, "name", aepg_kernels()->name);
	backend_list(json, "available", available, navailable);
	backend_text(json, "setting",
				 GetConfigOption("autoencoder.kernel", false, false));
	appendStringInfoChar(json, '}');
}

static void
backend_cpu(StringInfo json)
{
	const char *features[AE_CPU_MAX_FEATURES];
	int			nfeatures = ae_cpu_features(features);

	backend_open(json, "cpu");
	backend_list(json, "features", features, nfeatures);
	appendStringInfoChar(json, '}');
}

Datum
ae_backend(PG_FUNCTION_ARGS)
{
	StringInfoData json;

	(void) fcinfo;
	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	aepg_json_text(&json, "version", AE_VERSION);
	aepg_json_text(&json, "postgres", PG_VERSION);
	backend_blas(&json);
	backend_kernel(&json);
	backend_cpu(&json);
	appendStringInfoChar(&json, '}');
	return aepg_json_finish(&json);
}
