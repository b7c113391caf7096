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

		for (int i = 0; i < b.rows * b.ld; i++)
		{
			if (loss == AE_LOSS_LOGISTIC)
				b.t[i] = fabsf(b.t[i]) / 4;
			/* counts of 0 too, and a few below */
			else if (loss == AE_LOSS_POISSON)
				b.t[i] = b.t[i] > -3 && b.t[i] < 0 ? 0 : b.t[i];
		}
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

/* a loss of blocks of outputs whose target is a label */
typedef struct LabelLoss
{
	const char *name;
	double		(*kernel) (int rows, int width, int ld, const float *o,
						   const float *t, float weight, float scale,
						   float *d);
	double		(*reference) (int width, const double *o, int label);
	int			more;			/* labels than outputs */
} LabelLoss;

/* the last two rows' labels are missing and the last or out of range */
static Block
label_block(const LabelLoss *loss, int width)
{
	Block		b = random_block(width % 7, width);

	for (int i = 0; i < b.rows; i++)
	{
		float	   *o = b.o + i * b.ld + b.start;

		/* so that the last level is no less likely than the first */
		for (int j = 1; j < width && loss->more > 0; j++)
			o[j] = o[j] * 0.5f - 2.0f;
		b.t[i * b.ld + b.start] =
			(float) ae_rng_below(&rng, (uint32_t) (width + loss->more));
	}
	b.t[b.start] = 0.0f;
	b.t[(b.rows - 2) * b.ld + b.start] = NAN;
	b.t[(b.rows - 1) * b.ld + b.start] = (float) width;
	return b;
}

/* the derivative of the loss by o[j] */
static double
label_slope(const LabelLoss *loss, int width, double *o, int label, int j)
{
	const double h = 1e-4;
	double		saved = o[j];
	double		up;
	double		down;

	o[j] = saved + h;
	up = loss->reference(width, o, label);
	o[j] = saved - h;
	down = loss->reference(width, o, label);
	o[j] = saved;
	return (up - down) / (2 * h);
}

static void
test_labels(const AeKernels *k, const LabelLoss *loss)
{
	const float weight = 0.6f;
	const float scale = 0.37f;
	double		error = 0.0;
	double		slope_error = 0.0;
	bool		guarded = true;

	for (int width = 1; width <= MAX_LOGITS; width++)
	{
		Block		b = label_block(loss, width);
		double		sum = 0.0;
		double		total = loss->kernel(b.rows, width, b.ld, b.o + b.start,
										 b.t + b.start, weight, scale,
										 b.d + b.start);

		for (int i = 0; i < b.rows; i++)
		{
			float		t = b.t[i * b.ld + b.start];
			bool		known = t < (float) (width + loss->more);
			double		o[MAX_LOGITS] = {0};

			for (int j = 0; j < width; j++)
				o[j] = b.o[i * b.ld + b.start + j];
			if (known)
				sum += weight * loss->reference(width, o, (int) t);
			for (int j = 0; j < width; j++)
				slope_error =
					worse(slope_error,
						  error_of(b.d[i * b.ld + b.start + j], known
								   ? scale * weight *
								   label_slope(loss, width, o, (int) t, j)
								   : 0.0));
		}
		error = worse(error, error_of(total, sum));
		guarded &= block_guarded(&b);
	}
	ok(error <= SUM_TOLERANCE, "%s: %s, worst error %.1e", k->name,
	   loss->name, error);
	ok(slope_error <= SUM_TOLERANCE, "%s: gradient of %s, %.1e", k->name,
	   loss->name, slope_error);
	ok(guarded, "%s: %s writes nothing else", k->name, loss->name);
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

/* rates from nothing to more than a count can be */
static void
test_poisson_corners(const AeKernels *k)
{
	static const float outputs[8] = {
		-1e30f, -90.0f, -17.1f, -16.9f, -3.0f, 0.0f, 20.0f, 1e6f
	};
	static const float targets[4] = {0.0f, 1e-6f, 1.0f, 1e6f};
	float		one = 1.0f;
	double		error = 0.0;
	double		slope_error = 0.0;

	for (int i = 0; i < 8; i++)
		for (int j = 0; j < 4; j++)
		{
			double		o = outputs[i];
			double		t = targets[j];
			double		rate = reference_softplus(o);
			double		log_rate = o < -50 ? o : log(rate);
			double		slope = o < -50 ? 1.0 : 1.0 / (1 + exp(-o)) / rate;
			float		d;
			double		loss = k->loss(AE_LOSS_POISSON, 1, 1, 16, &outputs[i],
									   &targets[j], &one, 1.0f, &d);

			error = worse(error, error_of(loss, rate - t + (t > 0 ? t *
											 (log(t) - log_rate) : 0.0)));
			slope_error = worse(slope_error,
								error_of(d, 1 / (1 + exp(-o)) - t * slope));
		}
	ok(error <= SUM_TOLERANCE, "%s: rates at their ends, %.1e", k->name,
	   error);
	ok(slope_error <= SUM_TOLERANCE, "%s: gradients there, %.1e", k->name,
	   slope_error);
}

static void
test_ordinal_corners(const AeKernels *k)
{
	float		o[3] = {3e38f, -3e38f, NAN};
	float		t = 0.0f;
	float		d[3];

	ok(k->ordinal(1, 2, 16, o, &t, 1.0f, 1.0f, d) == 0 && d[0] == 0.0f &&
	   d[1] == 0.0f, "%s: cut points that are far away", k->name);
	t = 1.0f;
	ok(isfinite(k->ordinal(1, 2, 16, o, &t, 1.0f, 1.0f, d)) &&
	   d[0] == 1.0f && d[1] == -1.0f, "%s: a level without room", k->name);
	o[0] = 0.0f;
	t = -2.5f;
	ok(fabs(k->ordinal(1, 1, 16, o, &t, 1.0f, 1.0f, d) - log(2) -
			2.5 * AE_IMPOSSIBLE_COST) < SUM_TOLERANCE * 100 && d[0] == -0.5f,
	   "%s: below all levels is like the first, and further", k->name);
	t = 1e30f;
	ok(k->ordinal(1, 1, 16, o, &t, 1.0f, 1.0f, d) > 1e30 && d[0] == 0.5f,
	   "%s: far above like the last", k->name);
	ok(isnan(k->ordinal(1, 1, 16, o + 2, &t, 1.0f, 1.0f, d)),
	   "%s: a cut point of NaN shows in the loss", k->name);
}

static void
test_set(const AeKernels *k)
{
	const LabelLoss levels = {
		"loss of levels", k->ordinal, reference_ordinal, 1
	};
	const LabelLoss softmax = {
		"softmax", k->softmax, reference_cross_entropy, 0
	};

	for (int loss = 0; loss < AE_LOSS_COUNT; loss++)
		if (loss != AE_LOSS_SOFTMAX && loss != AE_LOSS_ORDINAL)
			test_loss(k, (AeLoss) loss);
	test_poisson_corners(k);
	test_labels(k, &levels);
	test_ordinal_corners(k);
	test_loss_corners(k);
	test_labels(k, &softmax);
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
