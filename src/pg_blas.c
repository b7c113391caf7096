/*
 * pg_blas.c
 *	  Finds and loads OpenBLAS, with one thread and the kernels that suit this
 *	  CPU.
 *
 * Linking it would start threads in every backend, whose signal handlers the
 * server's signals could then run in; so it is loaded on first use, after its
 * environment variables are set.  Nothing here may raise an error: neither
 * the process's environment nor its signal mask would be restored.
 */
#include "postgres.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>

#include "core/cpu.h"
#include "pg_blas.h"
#include "pg_guc.h"

/* with 32-bit integers; a name that has "64" in it has not */
static const char *const blas_candidates[] = {
	"libopenblas.so.0",
	"libopenblas.so",
	"libblas.so.3",
	"libcblas.so.3"
};

typedef struct BlasLibrary
{
	void	   *handle;
	AeGemmFn	sgemm;

	/* NULL unless it is OpenBLAS */
	char	   *(*get_config) (void);
	char	   *(*get_corename) (void);
	int			(*get_num_threads) (void);
	void		(*set_num_threads) (int);
} BlasLibrary;

/* an environment variable while a library is being loaded */
typedef struct BlasVariable
{
	const char *name;
	const char *value;			/* NULL: leave it alone */
	char	   *before;			/* malloc'd; NULL when it was not set */
} BlasVariable;

static bool blas_tried;
static AeBlas blas_loaded;
static AepgBlasReport blas_report;

/* copies: a reload would leave the library's own texts dangling */
static char blas_file[MAXPGPATH];
static char blas_config[256];
static char blas_core[64];
static char blas_own_core[64];

static void
blas_set_variables(BlasVariable *variables, int n)
{
	for (int i = 0; i < n; i++)
	{
		const char *before = getenv(variables[i].name);

		variables[i].before = before != NULL ? strdup(before) : NULL;

		/* a variable that we could not restore stays as it is */
		if (before != NULL && variables[i].before == NULL)
			variables[i].value = NULL;
		if (variables[i].value != NULL)
			setenv(variables[i].name, variables[i].value, 1);
	}
}

static void
blas_restore_variables(BlasVariable *variables, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (variables[i].value != NULL && variables[i].before != NULL)
			setenv(variables[i].name, variables[i].before, 1);
		else if (variables[i].value != NULL)
			unsetenv(variables[i].name);
		free(variables[i].before);
	}
}

/* a library that calculates wrongly, or with 64-bit integers, is of no use */
static bool
blas_works(const BlasLibrary *library)
{
	const float a[6] = {1, 2, 3, 4, 5, 6};
	const float b[6] = {1, 0, 2, 0, 1, 1};
	const float expected[4] = {8, 3, 20, 6};
	float		c[4] = {0};

	if (library->get_config != NULL &&
		strstr(library->get_config(), "USE64BITINT") != NULL)
		return false;
	library->sgemm(AE_BLAS_ROW_MAJOR, AE_BLAS_NO_TRANS, AE_BLAS_NO_TRANS,
				   2, 2, 3, 1.0f, a, 3, b, 2, 0.0f, c, 2);
	return memcmp(c, expected, sizeof(c)) == 0;
}

/*
 * Loads a library by name, OpenBLAS with the kernels of that core unless it is
 * NULL.  A thread that starts nevertheless inherits a mask that keeps all
 * signals away from it.
 */
static bool
blas_open(const char *name, const char *core, BlasLibrary *library)
{
	BlasVariable variables[] = {
		{"OPENBLAS_NUM_THREADS", "1", NULL},
		{"OMP_NUM_THREADS", getenv("OMP_NUM_THREADS") == NULL ? "1" : NULL,
		NULL},
		{"OPENBLAS_CORETYPE", core, NULL}
	};
	sigset_t	all;
	sigset_t	before;
	void	   *handle;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	blas_set_variables(variables, lengthof(variables));
	handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	blas_restore_variables(variables, lengthof(variables));
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (handle == NULL)
		return false;

	library->handle = handle;
	library->sgemm = (AeGemmFn) dlsym(handle, "cblas_sgemm");
	library->get_config = (char *(*) (void))
		dlsym(handle, "openblas_get_config");
	library->get_corename = (char *(*) (void))
		dlsym(handle, "openblas_get_corename");
	library->get_num_threads = (int (*) (void))
		dlsym(handle, "openblas_get_num_threads");
	library->set_num_threads = (void (*) (int))
		dlsym(handle, "openblas_set_num_threads");

	/* another extension may have loaded it before, with more threads */
	if (library->get_num_threads != NULL && library->set_num_threads != NULL &&
		library->get_num_threads() > 1)
		library->set_num_threads(1);

	if (library->sgemm != NULL && blas_works(library))
		return true;
	dlclose(handle);
	return false;
}

/*
 * Loads the library again when it has better kernels for this CPU than it
 * chose.  Where another extension keeps it loaded it cannot choose again, and
 * the report shows a core other than the one wanted.
 */
static bool
blas_choose_core(const char *name, BlasLibrary *library)
{
	const char *wanted = ae_cpu_blas_core();
	const char *set = getenv("OPENBLAS_CORETYPE");

	if (library->get_corename == NULL)
		return true;
	strlcpy(blas_own_core, library->get_corename(), sizeof(blas_own_core));
	blas_report.core_without_us = blas_own_core;
	blas_report.core_chosen_by = "library";
	if (set != NULL && set[0] != '\0')
	{
		blas_report.core_chosen_by = "environment";
		return true;
	}
	if (wanted == NULL ||
		ae_cpu_blas_rank(blas_own_core) >= ae_cpu_blas_rank(wanted))
		return true;

	blas_report.core_wanted = wanted;
	dlclose(library->handle);
	if (!blas_open(name, wanted, library))
		return false;
	if (strcmp(library->get_corename(), blas_own_core) != 0)
		blas_report.core_chosen_by = "autoencoder";
	return true;
}

/* fills in the report on the library in use */
static void
blas_describe(const char *name, const BlasLibrary *library)
{
	Dl_info		place;

	if (dladdr((void *) library->sgemm, &place) != 0 &&
		place.dli_fname != NULL)
		name = place.dli_fname;
	strlcpy(blas_file, name, sizeof(blas_file));
	blas_report.library = blas_file;
	if (library->get_config != NULL)
	{
		strlcpy(blas_config, library->get_config(), sizeof(blas_config));
		blas_report.config = blas_config;
	}
	if (library->get_corename != NULL)
	{
		strlcpy(blas_core, library->get_corename(), sizeof(blas_core));
		blas_report.core = blas_core;
	}
	if (library->get_num_threads != NULL)
		blas_report.threads = library->get_num_threads();
}

static void
blas_load(void)
{
	BlasLibrary library;

	blas_tried = true;
	for (size_t i = 0; i < lengthof(blas_candidates); i++)
	{
		const char *name = blas_candidates[i];

		memset(&blas_report, 0, sizeof(blas_report));
		if (!blas_open(name, NULL, &library) ||
			!blas_choose_core(name, &library))
			continue;
		blas_describe(name, &library);
		blas_loaded.name =
			library.get_corename != NULL ? "openblas" : "cblas";
		blas_loaded.sgemm = library.sgemm;
		return;
	}
}

const AeBlas *
aepg_blas_get(void)
{
	if (aepg_blas_choice == AEPG_BLAS_NONE)
		return &ae_blas_reference;
	if (!blas_tried)
		blas_load();
	return blas_loaded.sgemm != NULL ? &blas_loaded : &ae_blas_reference;
}

const AepgBlasReport *
aepg_blas_report(void)
{
	static const AepgBlasReport nothing;

	return aepg_blas_get() == &blas_loaded ? &blas_report : &nothing;
}
