/*
 * mixture_test.c
 *	  The mixture against values that NumPy computed
 *	  (test/golden/make_mixture.py), and what a fit promises: the objective
 *	  never falls, known components are found, and bad rows do no harm.
 */
#include "golden.h"

#include "core/mixture.h"

/* nine digits of the file, after five steps */
#define GOLDEN_TOLERANCE 1e-6
/* of a sum over rows */
#define FALL_TOLERANCE 1e-9

#define ROWS 120
#define DIMS 3
#define FLAGS 2
#define COMPONENTS 3
#define STEPS 5
#define TRIANGLE (DIMS * (DIMS + 1) / 2)

static AeArena arena;

static void
must(bool cond)
{
	if (cond)
		return;
	printf("Bail out! no memory or no file\n");
	exit(1);
}

static void *
take(size_t count, size_t size)
{
	void	   *piece = ae_arena_alloc(&arena, count, size);

	must(piece != NULL);
	return piece;
}

static double *
take_block(const char *name, int count)
{
	double	   *values = take((size_t) count, sizeof(double));

	read_block(name, count, values);
	return values;
}

static void
expect_block(const char *name, const double *found, int count)
{
	double		error = block_error(name, found, count);

	ok(error < GOLDEN_TOLERANCE, "%s (%g)", name, error);
}

static void
golden_steps(void)
{
	const double *x = take_block("x", ROWS * DIMS);
	const double *flag = take_block("flags", ROWS * FLAGS);
	float	   *vectors = take(ROWS * DIMS, sizeof(float));
	uint8_t    *flags = take(ROWS * FLAGS, 1);
	AeMixtureRows rows = {ROWS, DIMS, FLAGS, vectors, flags};
	AeMixtureFit *fit;
	AeMixture	m;
	double		log_likelihood = 0.0;
	double		objective;

	for (int i = 0; i < ROWS * DIMS; i++)
		vectors[i] = (float) x[i];
	for (int i = 0; i < ROWS * FLAGS; i++)
		flags[i] = flag[i] > 0;
	must(ae_mixture_allocate(&m, COMPONENTS, DIMS, FLAGS, &arena) == AE_OK);
	m.weight = take_block("weight", COMPONENTS);
	m.mean = take_block("mean", COMPONENTS * DIMS);
	m.factor = take_block("factor", COMPONENTS * TRIANGLE);
	m.rate = take_block("rate", COMPONENTS * FLAGS);
	must(ae_mixture_fit_create(&rows, &arena, &fit) == AE_OK);
	for (int i = 0; i < STEPS; i++)
		log_likelihood = ae_mixture_improve(fit, &m, &objective);
	expect_block("log_likelihood", &log_likelihood, 1);
	expect_block("weight_after", m.weight, COMPONENTS);
	expect_block("mean_after", m.mean, COMPONENTS * DIMS);
	expect_block("factor_after", m.factor, COMPONENTS * TRIANGLE);
	expect_block("rate_after", m.rate, COMPONENTS * FLAGS);
}

static void
test_golden(void)
{
	golden_open("test/golden/mixture.txt");
	golden_steps();
	fclose(golden);
}

/* rows of three components of known means, the last with a flag of its own */
#define MANY 6000

static const float centres[3][2] = {{0, 0}, {8, 0}, {0, -6}};
static const double shares[3] = {0.5, 0.3, 0.2};

static void
make_rows(AeMixtureRows *rows, int n)
{
	float	   *x = take((size_t) n * 2, sizeof(float));
	uint8_t    *flags = take((size_t) n, 1);
	AeRng		rng;

	ae_rng_seed(&rng, 5, 1);
	for (int i = 0; i < n; i++)
	{
		int			k = ae_mixture_choose(shares, 3, &rng);
		float		z = ae_rng_normal(&rng);

		x[2 * i] = centres[k][0] + z;
		x[2 * i + 1] = centres[k][1] + 0.8f * z + 0.6f * ae_rng_normal(&rng);
		flags[i] = k == 2;
	}
	*rows = (AeMixtureRows) {n, 2, 1, x, flags};
}

static void
test_never_falls(void)
{
	AeMixtureRows rows;
	bool		falls = false;

	make_rows(&rows, 500);
	for (int k = 1; k <= AE_MAX_COMPONENTS; k++)
	{
		AeMixtureFit *fit;
		AeMixture	m;
		double		last = -HUGE_VAL;

		must(ae_mixture_fit_create(&rows, &arena, &fit) == AE_OK);
		must(ae_mixture_allocate(&m, k, 2, 1, &arena) == AE_OK);
		ae_mixture_start(fit, k, 3, &m);
		for (int i = 0; i < 40; i++)
		{
			double		objective;

			ae_mixture_improve(fit, &m, &objective);
			falls = falls || !(objective >= last -
							   FALL_TOLERANCE * fabs(objective));
			last = objective;
		}
	}
	ok(!falls, "the objective never falls, whatever the components");
}

static AeStatus
fit_all(AeMixture *m, const AeMixtureRows *rows, uint64_t seed)
{
	AeStatus	status;

	status = ae_mixture_allocate(m,
								 ae_mixture_max_components(rows->n,
														   rows->ndims),
								 rows->ndims, rows->nflags, &arena);
	return status == AE_OK ? ae_mixture_fit(m, rows, seed, &unit_env)
		: status;
}

static void
test_recovery(void)
{
	AeMixtureRows rows;
	AeMixture	m;
	AeMixture	again;
	bool		found[3] = {false, false, false};
	float		x[2];
	uint8_t		flag;
	double		sum[3] = {0, 0, 0};
	AeRng		rng;
	long		polls = unit_polls;

	make_rows(&rows, MANY);
	must(fit_all(&m, &rows, 1) == AE_OK);
	ok(m.ncomponents == 3, "three components are found: %d", m.ncomponents);
	ok(unit_polls - polls > MANY / 100, "the host is asked to cancel");
	for (int k = 0; k < m.ncomponents; k++)
		for (int i = 0; i < 3; i++)
			found[i] = found[i] ||
				(hypot(m.mean[2 * k] - centres[i][0],
					   m.mean[2 * k + 1] - centres[i][1]) < 0.15 &&
				 fabs(m.weight[k] - shares[i]) < 0.03 &&
				 fabs(m.rate[k] - (i == 2)) < 0.01 &&
				 fabs(m.factor[3 * k] - 1.0) < 0.05 &&
				 fabs(m.factor[3 * k + 1] - 0.8) < 0.05 &&
				 fabs(m.factor[3 * k + 2] - 0.6) < 0.05);
	ok(found[0] && found[1] && found[2],
	   "means, covariances, shares and flags are right");

	must(fit_all(&again, &rows, 1) == AE_OK);
	ok(memcmp(again.mean, m.mean, 6 * sizeof(double)) == 0 &&
	   memcmp(again.factor, m.factor, 9 * sizeof(double)) == 0,
	   "the same rows and seed give the same mixture");

	ae_rng_seed(&rng, 2, 0);
	for (int i = 0; i < MANY; i++)
	{
		ae_mixture_draw(&m, ae_mixture_choose(m.weight, 3, &rng), &rng, x,
						&flag);
		sum[0] += x[0] / MANY;
		sum[1] += x[1] / MANY;
		sum[2] += flag / (double) MANY;
	}
	ok(fabs(sum[0] - 2.4) < 0.2 && fabs(sum[1] + 1.2) < 0.2 &&
	   fabs(sum[2] - 0.2) < 0.03, "draws have the mean of the rows");
}

/* constant dimensions, one row, rows that are all the same */
static void
test_degenerate(void)
{
	float		same[3 * 40];
	uint8_t		none[40] = {0};
	AeMixtureRows rows = {40, 3, 1, same, none};
	AeMixture	m;
	AeRng		rng;
	float		x[3];
	uint8_t		flag;

	ae_rng_seed(&rng, 1, 1);
	for (int i = 0; i < 120; i++)
		same[i] = 7.0f;
	ok(fit_all(&m, &rows, 1) == AE_OK && m.ncomponents == 1 &&
	   fabs(m.mean[1] - 7) < 1e-6 && m.rate[0] == 0,
	   "rows that are all the same");
	ae_mixture_draw(&m, 0, &rng, x, &flag);
	ok(fabs(x[2] - 7) < 1e-3 && flag == 0, "give the same row");
	rows.n = 1;
	ok(fit_all(&m, &rows, 1) == AE_OK && m.ncomponents == 1, "one row");
	for (int i = 0; i < 40; i++)
		same[3 * i] = (float) i;
	for (int i = 0; i < 40; i++)
		same[3 * i + 1] = 2.0f * (float) i;
	rows.n = 40;
	ok(fit_all(&m, &rows, 1) == AE_OK && isfinite(m.factor[5]) &&
	   isfinite(m.weight[0]), "dimensions that depend on each other");
	rows.ndims = 0;
	for (int i = 0; i < 20; i++)
		none[i] = 1;
	ok(fit_all(&m, &rows, 1) == AE_OK && m.ncomponents >= 1, "flags only");
	ok(ae_mixture_allocate(&m, 1, AE_MIXTURE_MAX_DIMS + 1, 0, &arena) ==
	   AE_ERR_LIMIT, "too many dimensions");
}

static void
test_memory(void)
{
	AeMixtureRows rows;
	AeMixture	m;
	long		live;
	bool		good = true;
	long		n = 0;

	make_rows(&rows, 200);
	must(ae_mixture_allocate(&m, 4, 2, 1, &arena) == AE_OK);
	live = unit_alloc_live;
	for (;; n++)
	{
		AeStatus	status;

		m.ncomponents = 4;
		unit_alloc_budget = n;
		status = ae_mixture_fit(&m, &rows, 1, &unit_env);
		unit_alloc_budget = -1;
		good = good && unit_alloc_live == live;
		if (status == AE_OK)
			break;
		good = good && status == AE_ERR_MEMORY;
	}
	ok(good && n > 0, "each of %ld allocations fails once", n);
}

int
main(void)
{
	ae_arena_init(&arena, &unit_env);
	test_golden();
	test_never_falls();
	test_recovery();
	test_degenerate();
	test_memory();
	ae_arena_free(&arena);
	return done();
}
