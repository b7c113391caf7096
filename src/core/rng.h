/*
 * rng.h
 *	  Counter-based random numbers: number i of a stream is a hash of the
 *	  stream's key and i, so that any stream can be replayed from anywhere.
 *
 * The hash is the finaliser of SplitMix64 (Steele, Lea, Flood 2014, "Fast
 * splittable pseudorandom number generators").  Not for cryptography.
 */
#ifndef AE_RNG_H
#define AE_RNG_H

#include <stdint.h>

/* 2^64 divided by the golden ratio */
#define AE_RNG_STEP UINT64_C(0x9e3779b97f4a7c15)

typedef struct AeRng
{
	uint64_t	key;
	uint64_t	counter;		/* numbers drawn so far */
} AeRng;

static inline uint64_t
ae_rng_hash(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* the key of a stream, which can be a seed itself; streams of one seed are
 * independent of each other */
static inline uint64_t
ae_rng_key(uint64_t seed, uint64_t stream)
{
	return ae_rng_hash(ae_rng_hash(seed) + stream * AE_RNG_STEP);
}

static inline void
ae_rng_seed(AeRng *rng, uint64_t seed, uint64_t stream)
{
	rng->key = ae_rng_key(seed, stream);
	rng->counter = 0;
}

static inline uint64_t
ae_rng_next(AeRng *rng)
{
	return ae_rng_hash(rng->key + ++rng->counter * AE_RNG_STEP);
}

/* in [0, 1), a multiple of 2^-24 */
static inline float
ae_rng_uniform(AeRng *rng)
{
	return (float) (ae_rng_next(rng) >> 40) * 0x1p-24f;
}

/* in [0, n), n > 0; the bias is below n / 2^32 */
static inline uint32_t
ae_rng_below(AeRng *rng, uint32_t n)
{
	return (uint32_t) (((ae_rng_next(rng) >> 32) * n) >> 32);
}

/* standard normal, by the method of Box and Muller (1958) */
extern float ae_rng_normal(AeRng *rng);

#endif							/* AE_RNG_H */
