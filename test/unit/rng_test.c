/*
 * rng_test.c
 *	  The random numbers: the hash against published values, and moments,
 *	  ranges and independence within what chance allows.
 */
#include <stdint.h>

#include "core/rng.h"
#include "unit.h"

#define DRAWS 200000
/* six standard errors: a fixed seed must pass, a wrong formula cannot */
#define SIGMAS 6.0

/*
 * SplitMix64 with seed 1234567 yields these first five numbers; our hash of
 * the same Weyl sequence must too.
 */
static void
test_hash(void)
{
	const uint64_t published[5] = {
		UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
		UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
		UINT64_C(16408922859458223821)
	};
	AeRng		rng = {1234567, 0};
	bool		same = true;

	for (int i = 0; i < 5; i++)
		same &= ae_rng_next(&rng) == published[i];
	ok(same, "SplitMix64's numbers");
	ok(rng.counter == 5, "the counter counts");
}

static void
test_streams(void)
{
	AeRng		a;
	AeRng		b;
	int			nequal = 0;
	uint64_t	tenth = 0;

	ae_rng_seed(&a, 42, 0);
	ae_rng_seed(&b, 42, 1);
	for (int i = 0; i < 1000; i++)
	{
		uint64_t	x = ae_rng_next(&a);

		nequal += x == ae_rng_next(&b);
		if (i == 9)
			tenth = x;
	}
	ok(nequal == 0, "two streams of a seed differ");
	ae_rng_seed(&a, 42, 0);
	a.counter = 9;
	ok(ae_rng_next(&a) == tenth, "a stream resumes at any number");
}

static void
test_uniform(void)
{
	AeRng		rng;
	double		sum = 0.0;
	double		square = 0.0;
	bool		inside = true;
	int			counts[7] = {0};
	double		chi = 0.0;

	ae_rng_seed(&rng, 1, 0);
	for (int i = 0; i < DRAWS; i++)
	{
		float		u = ae_rng_uniform(&rng);
		uint32_t	k = ae_rng_below(&rng, 7);

		inside &= u >= 0.0f && u < 1.0f && k < 7;
		sum += u;
		square += (double) u * u;
		counts[k < 7 ? k : 0]++;
	}
	ok(inside, "uniform and below stay in range");
	ok(fabs(sum / DRAWS - 0.5) < SIGMAS * sqrt(1.0 / 12 / DRAWS), "mean 1/2");
	ok(fabs(square / DRAWS - 1.0 / 3) < SIGMAS * sqrt(4.0 / 45 / DRAWS),
	   "mean square 1/3");
	for (int k = 0; k < 7; k++)
		chi += pow(counts[k] - DRAWS / 7.0, 2) / (DRAWS / 7.0);
	ok(chi < 6 + SIGMAS * sqrt(12), "below is even: chi square %.1f", chi);
	ok(ae_rng_below(&rng, 1) == 0, "below 1 is 0");
}

static void
test_normal(void)
{
	AeRng		rng;
	double		sum[4] = {0.0};
	double		serial = 0.0;
	float		before = 0.0f;
	bool		finite = true;

	ae_rng_seed(&rng, 2, 0);
	for (int i = 0; i < DRAWS; i++)
	{
		float		z = ae_rng_normal(&rng);
		double		power = 1.0;

		finite &= isfinite(z);
		for (int k = 0; k < 4; k++)
		{
			power *= z;
			sum[k] += power;
		}
		serial += (double) z * before;
		before = z;
	}
	ok(finite, "always finite");
	ok(fabs(sum[0] / DRAWS) < SIGMAS * sqrt(1.0 / DRAWS), "mean 0");
	ok(fabs(sum[1] / DRAWS - 1) < SIGMAS * sqrt(2.0 / DRAWS), "variance 1");
	ok(fabs(sum[2] / DRAWS) < SIGMAS * sqrt(15.0 / DRAWS), "no skew");
	ok(fabs(sum[3] / DRAWS - 3) < SIGMAS * sqrt(96.0 / DRAWS),
	   "fourth moment 3");
	ok(fabs(serial / DRAWS) < SIGMAS * sqrt(1.0 / DRAWS),
	   "neighbours are uncorrelated");
}

int
main(void)
{
	test_hash();
	test_streams();
	test_uniform();
	test_normal();
	return done();
}
