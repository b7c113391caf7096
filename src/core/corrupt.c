/*
 * corrupt.c
 *	  Noise on the input of a denoising autoencoder (Vincent et al. 2008).
 */
#include "core/corrupt.h"

#include <math.h>
#include <string.h>

/* the 32-bit number below which a random one falls with probability rate */
static uint64_t
corrupt_threshold(double rate)
{
	return (uint64_t) (rate * 4294967296.0);
}

/* a cell that gets the value of another row */
typedef struct Swap
{
	size_t		cell;
	uint32_t	row;
	uint32_t	column;
} Swap;

/* nearly every read misses the cache: so many of them overlap */
#define MAX_SWAPS 64

static void
corrupt_apply(const Swap *swaps, int n, const float *const *near,
			  float *cells)
{
	for (int i = 0; i < n; i++)
		cells[swaps[i].cell] = near[swaps[i].row][swaps[i].column];
}

/* swaps are listed without a branch, which could not be predicted */
void
ae_corrupt_swap(const float *const *near, uint32_t nnear, AeRng *rng,
				double rate, int nrows, int ncells, float *cells)
{
	uint64_t	threshold = corrupt_threshold(rate);
	Swap		swaps[MAX_SWAPS];
	int			n = 0;

	for (int i = 0; i < nrows; i++)
		for (int j = 0; j < ncells; j++)
		{
			uint64_t	draw = ae_rng_next(rng);

			swaps[n] = (Swap) {
				(size_t) i * ncells + j,
					(uint32_t) ((draw >> 32) * nnear >> 32),
					(uint32_t) j
			};
			n += (draw & 0xffffffff) < threshold;
			if (n == MAX_SWAPS)
			{
				corrupt_apply(swaps, n, near, cells);
				n = 0;
			}
		}
	corrupt_apply(swaps, n, near, cells);
}

void
ae_corrupt_mask(AeRng *rng, double rate, int nrows, int ncells, float *cells)
{
	double		spread = rate < 0.5 ? rate : 1.0 - rate;

	for (int i = 0; i < nrows; i++)
	{
		double		share = rate - spread +
			2.0 * spread * (double) ae_rng_uniform(rng);
		uint64_t	threshold = corrupt_threshold(share);

		for (int j = 0; j < ncells; j++)
			if ((ae_rng_next(rng) & 0xffffffff) < threshold)
				cells[(size_t) i * ncells + j] = NAN;
	}
}

void
ae_corrupt_spare(const AeFeatures *features, int nrows,
				 const float *const *rows, float *cells)
{
	for (int c = 0; c < features->ncolumns; c++)
	{
		const AeColumn *column = &features->columns[c];
		size_t		ncells = (size_t) features->ncells;

		for (size_t r = 0; r < (size_t) nrows &&
			 (column->condition || column->classes); r++)
			memcpy(cells + r * ncells + column->cell, rows[r] + column->cell,
				   (size_t) column->ncells * sizeof(float));
	}
}

void
ae_corrupt_forget(const AeFeatures *features, int nrows, const float *cells,
				  float *target, int ldt)
{
	for (int r = 0; r < nrows; r++)
	{
		for (int c = 0; c < features->ncolumns; c++)
		{
			const AeColumn *column = &features->columns[c];
			int			width = column->output_width / column->ncells;
			float	   *t = target + column->output;

			/* classes are never hidden, and always asked for */
			for (int i = 0; i < column->ncells && !column->classes; i++)
				for (int j = 0;
					 j < width && !isnan(cells[column->cell + i]); j++)
					t[i * width + j] = NAN;
		}
		cells += features->ncells;
		target += ldt;
	}
}

void
ae_corrupt_extremes(const float *least, const float *largest, AeRng *rng,
					double rate, int nrows, int ncells, float *cells)
{
	uint64_t	threshold = corrupt_threshold(rate);

	for (int i = 0; i < nrows; i++)
		for (int j = 0; j < ncells; j++)
		{
			uint64_t	draw = ae_rng_next(rng);
			float		value = draw >> 63 ? largest[j] : least[j];

			if ((draw & 0xffffffff) < threshold && !isnan(value))
				cells[(size_t) i * ncells + j] = value;
		}
}

void
ae_corrupt_gaussian(const AeFeatures *features, AeRng *rng, double deviation,
					int nrows, float *input, int ld)
{
	for (int i = 0; i < nrows; i++)
		for (int c = 0; c < features->ncolumns; c++)
		{
			const AeColumn *column = &features->columns[c];
			float	   *x = input + (size_t) i * ld + column->input;

			if (column->kind == AE_KIND_CATEGORY || column->condition)
				continue;
			for (int j = 0; j < column->input_width; j++)
				x[j] += (float) deviation * ae_rng_normal(rng);
		}
}
