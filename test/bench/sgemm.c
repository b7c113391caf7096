/*
 * sgemm.c
 *	  Speed of the matrix product through our table: with the plain loops, and
 *	  with OpenBLAS's own choice of kernels, its oldest ones, and ours.
 *
 * OpenBLAS is loaded as the extension loads it, with one thread.  It chooses
 * its kernels once, when it is loaded, so each line is a process of its own.
 * The product is the first layer of a network on 28 x 28 images.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/blas.h"
#include "core/cpu.h"
#include "core/rng.h"

#define M 1024
#define N 512
#define K 784
#define RUNS 21

static float a[M * K];
static float b[K * N];
static float c[M * N];

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double) now.tv_sec + (double) now.tv_nsec * 1e-9;
}

static int
compare_doubles(const void *x, const void *y)
{
	double		left = *(const double *) x;
	double		right = *(const double *) y;

	return (left > right) - (left < right);
}

/* median of several runs, after one that warms up */
static double
gflops(const AeBlas *blas)
{
	double		times[RUNS];

	ae_gemm_nn(blas, M, N, K, a, K, b, N, 0.0f, c, N);
	for (int i = 0; i < RUNS; i++)
	{
		double		start = seconds();

		ae_gemm_nn(blas, M, N, K, a, K, b, N, 0.0f, c, N);
		times[i] = seconds() - start;
	}
	qsort(times, RUNS, sizeof(times[0]), compare_doubles);
	return 2.0 * M * N * K / times[RUNS / 2] * 1e-9;
}

/* core: the value of OPENBLAS_CORETYPE, NULL for the library's own choice */
static void
measure_openblas(const char *label, const char *core)
{
	AeBlas		openblas = {"openblas", NULL};
	char	   *(*get_corename) (void);
	void	   *library;

	setenv("OPENBLAS_NUM_THREADS", "1", 1);
	if (core != NULL)
		setenv("OPENBLAS_CORETYPE", core, 1);
	else
		unsetenv("OPENBLAS_CORETYPE");
	library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
	{
		printf("%-24s not installed\n", label);
		return;
	}
	*(void **) &openblas.sgemm = dlsym(library, "cblas_sgemm");
	*(void **) &get_corename = dlsym(library, "openblas_get_corename");
	if (openblas.sgemm == NULL || get_corename == NULL)
	{
		printf("%-24s not OpenBLAS\n", label);
		return;
	}
	printf("%-24s %-15s %8.1f\n", label, get_corename(), gflops(&openblas));
}

static void
measure_in_child(const char *label, const char *core)
{
	pid_t		child;

	fflush(stdout);
	child = fork();
	if (child == 0)
	{
		measure_openblas(label, core);
		fflush(stdout);
		_exit(0);
	}
	if (child < 0 || waitpid(child, NULL, 0) < 0)
		perror(label);
}

int
main(void)
{
	AeRng		rng;

	ae_rng_seed(&rng, 1, 0);
	for (int i = 0; i < M * K; i++)
		a[i] = ae_rng_uniform(&rng);
	for (int i = 0; i < K * N; i++)
		b[i] = ae_rng_uniform(&rng);

	printf("sgemm %d x %d x %d, one thread, median of %d runs\n",
		   M, N, K, RUNS);
	printf("%-24s %-15s %8s\n", "", "core", "GFLOP/s");
	measure_in_child("OpenBLAS, oldest", "Prescott");
	measure_in_child("OpenBLAS, its own choice", NULL);
	if (ae_cpu_blas_core() != NULL)
		measure_in_child("OpenBLAS, our choice", ae_cpu_blas_core());
	printf("%-24s %-15s %8.1f\n", "plain loops", "-",
		   gflops(&ae_blas_reference));
	return 0;
}
