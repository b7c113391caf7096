/*
 * head_test.c
 *	  The loss of heads against finite differences, what a head learns, and
 *	  what it makes of extreme inputs.
 */
#include "unit.h"

#include "core/head_fit.h"

#include <float.h>

#define ROWS (2 * AE_HEAD_BATCH)
#define INPUTS 20

/* a step away from the kinks at 0 and at the margin; float rounding over it */
#define STEP 1e-3f
#define TOLERANCE_GRADIENT 2e-3

/* tables for learning */
#define ANOMALIES 8
#define OTHERS 400
#define HIDDEN 20				/* anomalies among the others */
#define LD AE_PAD(INPUTS)

static void
test_loss(void)
{
	float		output[ROWS * AE_LANES] = {0};
	float		gradient[ROWS * AE_LANES] = {0};
	float		ignored[ROWS * AE_LANES];
	double		expected = 0.0;
	double		error = 0.0;

	for (int i = 0; i < ROWS; i++)
	{
		float		y = 0.37f * (float) (i % 16) - 1.5f;

		output[i * AE_LANES] = y;
		expected += i < AE_HEAD_BATCH
			? fmax(AE_HEAD_MARGIN - y, 0.0) : fabs(y);
	}
	ok(fabs(ae_head_loss(AE_LANES, output, gradient) -
			expected / AE_HEAD_BATCH) < 1e-5,
	   "loss is the hinge of anomalies and the size of others");
	for (int i = 0; i < ROWS; i++)
	{
		float	   *y = &output[i * AE_LANES];
		float		saved = *y;
		double		up;
		double		down;

		*y = saved + STEP;
		up = ae_head_loss(AE_LANES, output, ignored);
		*y = saved - STEP;
		down = ae_head_loss(AE_LANES, output, ignored);
		*y = saved;
		error = fmax(error, fabs((up - down) / (2 * STEP) -
								 gradient[i * AE_LANES]));
	}
	ok(error < TOLERANCE_GRADIENT,
	   "gradients of the outputs are finite differences (%.1g)", error);
}

typedef struct Rows
{
	AeArena		arena;
	float	   *anomalies;		/* (ANOMALIES, LD) */
	float	   *others;			/* (OTHERS, LD), the last HIDDEN of them odd */
} Rows;

/* anomalies stand out in a combination of two inputs of normal size */
static void
make_row(AeRng *rng, bool is_anomaly, float *row)
{
	for (int j = 0; j < INPUTS; j++)
		row[j] = ae_head_input(ae_rng_normal(rng));
	if (is_anomaly)
	{
		row[0] = ae_head_input(2.0f + 0.3f * ae_rng_normal(rng));
		row[1] = ae_head_input(-2.0f + 0.3f * ae_rng_normal(rng));
	}
}

static void
make_rows(Rows *rows)
{
	AeRng		rng;

	ae_arena_init(&rows->arena, &unit_env);
	ae_rng_seed(&rng, 11, 0);
	rows->anomalies = ae_arena_alloc(&rows->arena, ANOMALIES * LD,
									 sizeof(float));
	rows->others = ae_arena_alloc(&rows->arena, OTHERS * LD, sizeof(float));
	for (int i = 0; i < ANOMALIES; i++)
		make_row(&rng, true, rows->anomalies + i * LD);
	for (int i = 0; i < OTHERS; i++)
		make_row(&rng, i >= OTHERS - HIDDEN, rows->others + i * LD);
}

static AeStatus
fit(Rows *rows, AeArena *arena, AeHead *head)
{
	memset(head, 0, sizeof(*head));
	AE_TRY(ae_head_plan(head, INPUTS, arena));
	return ae_head_fit(head, &ae_blas_reference,
					   ae_kernels_get(AE_KERNEL_AUTO), rows->anomalies,
					   ANOMALIES, rows->others, OTHERS, 7, arena);
}

/* share of the pairs of a hidden anomaly and a normal row in wrong order */
static double
wrong_pairs(const double *y)
{
	int			wrong = 0;

	for (int i = 0; i < OTHERS - HIDDEN; i++)
		for (int j = OTHERS - HIDDEN; j < OTHERS; j++)
			wrong += y[i] >= y[j];
	return (double) wrong / (HIDDEN * (OTHERS - HIDDEN));
}

static void
test_learns(Rows *rows)
{
	const AeKernels *kernels = ae_kernels_get(AE_KERNEL_AUTO);
	AeArena		arena;
	AeHead		head;
	float	   *scratch;
	double		y[OTHERS];
	double		known = 0.0;
	int			still = 0;

	ae_arena_init(&arena, &unit_env);
	ok(fit(rows, &arena, &head) == AE_OK && ae_head_exists(&head),
	   "a head is fitted");
	scratch = ae_arena_alloc(&arena, 2 * AE_PAD((size_t) head.net.max_width),
							 sizeof(float));
	for (int i = 0; i < ANOMALIES; i++)
		known += ae_head_apply(&head, kernels, rows->anomalies + i * LD,
							   scratch) / ANOMALIES;
	ok(known > 0.9 * AE_HEAD_MARGIN, "known anomalies are raised (%.2f)",
	   known);
	for (int i = 0; i < OTHERS; i++)
	{
		y[i] = ae_head_apply(&head, kernels, rows->others + i * LD, scratch);
		still += i < OTHERS - HIDDEN && fabs(y[i]) < 0.5;
	}
	ok(still > (OTHERS - HIDDEN) / 2, "most rows stay where they were (%d)",
	   still);
	ok(wrong_pairs(y) < 0.1, "anomalies that nobody named are above them (%.3f)",
	   wrong_pairs(y));
	ae_arena_free(&arena);
}

static void
test_bits(Rows *rows)
{
	AeArena		arena;
	AeHead		first;
	AeHead		second;

	ae_arena_init(&arena, &unit_env);
	if (fit(rows, &arena, &first) != AE_OK ||
		fit(rows, &arena, &second) != AE_OK)
		exit(1);
	ok(memcmp(first.params, second.params,
			  first.net.nparams * sizeof(float)) == 0,
	   "the same rows and seed give the same bits");
	ae_arena_free(&arena);
}

static void
test_extremes(Rows *rows)
{
	static const float values[] = {0.0f, 1.0f, -1.0f, FLT_MIN, FLT_MAX,
	-FLT_MAX, INFINITY, -INFINITY};
	const int	n = (int) (sizeof(values) / sizeof(values[0]));
	const AeKernels *kernels = ae_kernels_get(AE_KERNEL_AUTO);
	AeArena		arena;
	AeHead		head;
	float	   *x;
	float	   *scratch;
	bool		finite = true;

	for (int i = 0; i < n; i++)
	{
		float		y = ae_head_input(values[i]);

		finite &= fabsf(y) <= 4.0f && y == -ae_head_input(-values[i]);
	}
	ok(finite, "inputs are bounded and odd");
	ok(fabsf(ae_head_input(1e-3f) - 1e-3f) < 1e-6f,
	   "small inputs stay as they are");

	ae_arena_init(&arena, &unit_env);
	if (fit(rows, &arena, &head) != AE_OK)
		exit(1);
	x = ae_arena_alloc(&arena, LD, sizeof(float));
	scratch = ae_arena_alloc(&arena, 2 * AE_PAD((size_t) head.net.max_width),
							 sizeof(float));
	for (int i = 0; i < n; i++)
	{
		for (int j = 0; j < INPUTS; j++)
			x[j] = ae_head_input(values[(i + j) % n]);
		finite &= isfinite(ae_head_apply(&head, kernels, x, scratch));
	}
	ok(finite, "extreme rows have finite results");
	ae_arena_free(&arena);
}

static void
test_memory(Rows *rows)
{
	AeStatus	status = AE_ERR_MEMORY;
	long		before = unit_alloc_live;
	long		budget;

	for (budget = 0; status == AE_ERR_MEMORY && budget < 1000; budget++)
	{
		AeArena		arena;
		AeHead		head;

		ae_arena_init(&arena, &unit_env);
		unit_alloc_budget = budget;
		status = fit(rows, &arena, &head);
		unit_alloc_budget = -1;
		ae_arena_free(&arena);
	}
	ok(status == AE_OK && budget > 1 && unit_alloc_live == before,
	   "every failed allocation is a status, and nothing leaks");
}

int
main(void)
{
	Rows		rows;

	make_rows(&rows);
	test_loss();
	test_learns(&rows);
	test_bits(&rows);
	test_extremes(&rows);
	test_memory(&rows);
	ae_arena_free(&rows.arena);
	return done();
}
