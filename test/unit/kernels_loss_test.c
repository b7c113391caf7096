/*
 * kernels_loss_test.c
 *	  Every instruction set's losses and their gradients against double
 *	  precision and finite differences, at any alignment, with missing targets.
 */
#include "kernels_reference.h"
#include "unit.h"

/* of a sum and of a gradient, relative above 1, absolute below */
#define SUM_TOLERANCE 1e-6

#define ROWS 11
#define MAX_LOGITS 70

/* a block of width columns from column start of rows of ld floats */
typedef struct Block
{
	int			rows;
	int			start;
	int			width;
	int			ld;
	float	   *o;
	float	   *t;
	float	   *d;
	float	   *weight;
} Block;

static Block
random_block(int start, int width)
{
	int			ld = AE_PAD(start + width);
	size_t		n = (size_t) ROWS * ld;
	Block		b = {ROWS, start, width, ld, NULL, NULL, NULL, NULL};

	b.o = random_floats(n, 4.0f);
	b.t = random_floats(n, 4.0f);
	b.d = floats(n);
	/* unaligned, as the kernel allows */
	b.weight = random_floats(width + 1, 1.0f) + 1;
	for (size_t i = 0; i < n; i++)
	{
		b.d[i] = GUARD;
		if (ae_rng_below(&rng, 5) == 0)
			b.t[i] = NAN;
	}
	return b;
}

/* whether the gradient stayed within its columns */
static bool
block_guarded(const Block *b)
{
	for (int i = 0; i < b->rows; i++)
		for (int j = 0; j < b->ld; j++)
			if ((j < b->start || j >= b->start + b->width) &&
				b->d[i * b->ld + j] != GUARD)
				return false;
	return true;
}

static void
test_loss(const AeKernels *k, AeLoss loss)
{
	const float scale = 0.37f;
	double		error = 0.0;
	double		slope_error = 0.0;
	bool		guarded = true;

	for (int width = 1; width <= 50; width++)
	{
		Block		b = random_block(width % 7, width);
		double		sum = 0.0;
		double		total;

		if (loss == AE_LOSS_LOGISTIC)
			for (int i = 0; i < b.rows * b.ld; i++)
				b.t[i] = fabsf(b.t[i]) / 4;
		total = k->loss(loss, b.rows, width, b.ld, b.o + b.start,
						b.t + b.start, b.weight, scale, b.d + b.start);
		for (int i = 0; i < b.rows; i++)
			for (int j = 0; j < width; j++)
			{
				int			at = i * b.ld + b.start + j;
				double		expected = 0.0;

				if (!isnan(b.t[at]))
				{
					sum += b.weight[j] * reference_loss(loss, b.o[at],
														b.t[at]);
					expected = scale * b.weight[j] *
						reference_loss_slope(loss, b.o[at], b.t[at]);
				}
				slope_error = worse(slope_error,
									error_of(b.d[at], expected));
			}
		error = worse(error, error_of(total, sum) / width);
		guarded &= block_guarded(&b);
	}
	ok(error <= SUM_TOLERANCE, "%s: loss %d, worst error %.1e", k->name,
	   (int) loss, error);
	ok(slope_error <= SUM_TOLERANCE, "%s: gradient of loss %d, %.1e",
	   k->name, (int) loss, slope_error);
	ok(guarded, "%s: loss %d writes nothing else", k->name, (int) loss);
}

/* the corners of the losses, exactly */
static void
test_loss_corners(const AeKernels *k)
{
	float		o[4] = {2.0f, NAN, 1e30f, -1e30f};
	float		t[4] = {2.0f, 0.0f, 1.0f, 1.0f};
	float		weight[4] = {1.0f, 1.0f, 1.0f, 1.0f};
	float		d[4];

	ok(k->loss(AE_LOSS_ABSOLUTE, 1, 1, 16, o, t, weight, 1.0f, d) == 0 &&
	   d[0] == 0.0f, "%s: absolute loss has slope 0 at 0", k->name);
	ok(isnan(k->loss(AE_LOSS_SQUARED, 1, 2, 16, o, t, weight, 1.0f, d)),
	   "%s: an output of NaN shows in the loss", k->name);
	t[1] = NAN;
	ok(k->loss(AE_LOSS_SQUARED, 1, 2, 16, o, t, weight, 1.0f, d) == 0 &&
	   d[1] == 0.0f, "%s: unless its target is missing", k->name);
	ok(k->loss(AE_LOSS_LOGISTIC, 1, 2, 16, o + 2, t + 2, weight, 1.0f, d) ==
	   (double) 1e30f && d[0] == 0.0f && d[1] == -1.0f,
	   "%s: the logistic loss of huge logits is finite", k->name);
}

static void
test_softmax(const AeKernels *k)
{
	const float weight = 0.6f;
	const float scale = 0.37f;
	double		error = 0.0;
	double		slope_error = 0.0;
	bool		guarded = true;

	for (int width = 1; width <= MAX_LOGITS; width++)
	{
		Block		b = random_block(width % 7, width);
		double		sum = 0.0;
		double		total;

		/* the last two rows' labels are missing and out of range */
		for (int i = 0; i < b.rows; i++)
			b.t[i * b.ld + b.start] = (float) ae_rng_below(&rng, width);
		b.t[(b.rows - 2) * b.ld + b.start] = NAN;
		b.t[(b.rows - 1) * b.ld + b.start] = (float) width;
		total = k->softmax(b.rows, width, b.ld, b.o + b.start,
						   b.t + b.start, weight, scale, b.d + b.start);
		for (int i = 0; i < b.rows; i++)
		{
			bool		known = i < b.rows - 2;
			int			label = known ? (int) b.t[i * b.ld + b.start] : 0;
			double		o[MAX_LOGITS] = {0};

			for (int j = 0; j < width; j++)
				o[j] = b.o[i * b.ld + b.start + j];
			if (known)
				sum += weight * reference_cross_entropy(width, o, label);
			for (int j = 0; j < width; j++)
			{
				double		h = 1e-5;
				double		expected = 0.0;
				double		up;
				double		down;

				o[j] += h;
				up = reference_cross_entropy(width, o, label);
				o[j] -= 2 * h;
				down = reference_cross_entropy(width, o, label);
				o[j] += h;
				if (known)
					expected = scale * weight * (up - down) / (2 * h);
				slope_error =
					worse(slope_error,
						  error_of(b.d[i * b.ld + b.start + j], expected));
			}
		}
		error = worse(error, error_of(total, sum));
		guarded &= block_guarded(&b);
	}
	ok(error <= SUM_TOLERANCE, "%s: softmax, worst error %.1e", k->name,
	   error);
	ok(slope_error <= SUM_TOLERANCE, "%s: gradient of softmax, %.1e",
	   k->name, slope_error);
	ok(guarded, "%s: softmax writes nothing else", k->name);
}

static void
test_softmax_corners(const AeKernels *k)
{
	float		o[3] = {3e38f, -3e38f, NAN};
	float		t[1] = {0.0f};
	float		d[3];

	ok(k->softmax(1, 2, 16, o, t, 1.0f, 1.0f, d) == 0 && d[0] == 0.0f &&
	   d[1] == 0.0f, "%s: softmax of huge logits", k->name);
	ok(isnan(k->softmax(1, 3, 16, o, t, 1.0f, 1.0f, d)),
	   "%s: a logit of NaN shows in the loss", k->name);
}

static void
test_set(const AeKernels *k)
{
	for (int loss = 0; loss < AE_LOSS_SOFTMAX; loss++)
		test_loss(k, (AeLoss) loss);
	test_loss_corners(k);
	test_softmax(k);
	test_softmax_corners(k);
}

int
main(void)
{
	reference_init(6);
	reference_each_set(test_set);
	ae_arena_free(&arena);
	return done();
}
