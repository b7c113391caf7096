/*
 * kernels_dense_test.c
 *	  The promise of dense(): a row's result has the same bits alone and in
 *	  any batch, and it is right.
 */
#include "kernels_reference.h"
#include "unit.h"

#define MAX_ROWS 37
/* rounding of a sum of products, in units of the sum of their magnitudes */
#define TOLERANCE 3e-7

/* one layer and a batch of rows for it, all in random numbers */
typedef struct Layer
{
	int			in;
	int			out;
	int			ldx;
	int			ldy;
	float	   *x;				/* (MAX_ROWS, ldx) */
	float	   *w;				/* (in, AE_PAD(out)) */
	float	   *b;				/* AE_PAD(out) */
} Layer;

static float *
random_matrix(int rows, int width, int ld)
{
	float	   *x = floats((size_t) rows * ld);

	for (int i = 0; i < rows; i++)
		for (int j = 0; j < width; j++)
			x[(size_t) i * ld + j] = ae_rng_uniform(&rng) * 2 - 1;
	return x;
}

static Layer
random_layer(int in, int out)
{
	Layer		l = {in, out, 0, 0, NULL, NULL, NULL};

	l.ldx = AE_PAD(in) + AE_LANES * (int) ae_rng_below(&rng, 2);
	l.ldy = AE_PAD(out) + AE_LANES * (int) ae_rng_below(&rng, 2);
	l.x = random_matrix(MAX_ROWS, in, l.ldx);
	l.w = random_matrix(in, out, AE_PAD(out));
	l.b = random_matrix(1, out, AE_PAD(out));
	return l;
}

static float *
layer_run(const AeKernels *k, const Layer *l, int rows, const float *x,
		  AeActivation act)
{
	float	   *y = random_matrix(rows, 0, l->ldy);

	k->dense(act, rows, l->in, l->out, x, l->ldx, l->w, l->b, y, l->ldy);
	return y;
}

/* largest error of the linear layer, in units of the sum of magnitudes */
static double
layer_error(const Layer *l, const float *y)
{
	double		worst = 0.0;

	for (int i = 0; i < MAX_ROWS; i++)
		for (int j = 0; j < l->out; j++)
		{
			double		sum = l->b[j];
			double		size = fabs(l->b[j]);

			for (int k = 0; k < l->in; k++)
			{
				double		term = (double) l->x[i * l->ldx + k] *
					l->w[k * AE_PAD(l->out) + j];

				sum += term;
				size += fabs(term);
			}
			worst = worse(worst,
						  fabs(y[i * l->ldy + j] - sum) / (size + 1e-3));
		}
	return worst;
}

/* whether each row of every batch has the bits that it has alone */
static bool
layer_batches_agree(const AeKernels *k, const Layer *l, AeActivation act)
{
	size_t		bytes = (size_t) l->out * sizeof(float);
	float	   *alone[MAX_ROWS];
	bool		same = true;

	for (int i = 0; i < MAX_ROWS; i++)
		alone[i] = layer_run(k, l, 1, l->x + (size_t) i * l->ldx, act);
	for (int rows = 1; rows <= MAX_ROWS; rows++)
	{
		/* batches that do not all start with the same row */
		int			first = MAX_ROWS - rows;
		float	   *y = layer_run(k, l, rows,
								  l->x + (size_t) first * l->ldx, act);

		for (int i = 0; i < rows; i++)
			same &= memcmp(alone[first + i], y + (size_t) i * l->ldy,
						   bytes) == 0;
	}
	return same;
}

static void
test_shape(const AeKernels *k, const AeKernels *other, int in, int out,
		   AeActivation act)
{
	Layer		l = random_layer(in, out);
	double		error = layer_error(&l, layer_run(k, &l, MAX_ROWS, l.x,
												  AE_ACT_LINEAR));

	ok(error <= TOLERANCE, "%s: %d -> %d, worst error %.1e", k->name, in,
	   out, error);
	ok(layer_batches_agree(k, &l, act),
	   "%s: %d -> %d %s, a row is the same in any batch", k->name, in, out,
	   ae_activation_names[act]);
	if (other != NULL)
	{
		float	   *y = layer_run(k, &l, MAX_ROWS, l.x, act);
		float	   *z = layer_run(other, &l, MAX_ROWS, l.x, act);

		ok(memcmp(y, z, (size_t) MAX_ROWS * l.ldy * sizeof(float)) == 0,
		   "%s and %s: %d -> %d, the same bits", k->name, other->name, in,
		   out);
	}
	ae_arena_free(&arena);
}

/* other is a set that must agree to the bit, or NULL */
static void
test_shapes(const AeKernels *k, const AeKernels *other)
{
	const int	shapes[][2] = {
		{1, 1}, {30, 64}, {64, 32}, {32, 8}, {8, 32}, {17, 33}, {5, 48},
		{3, 80}, {2, 96}, {70, 112}, {9, 129}, {200, 300}
	};
	int			nshapes = (int) (sizeof(shapes) / sizeof(shapes[0]));

	for (int i = 0; i < nshapes; i++)
		test_shape(k, other, shapes[i][0], shapes[i][1],
				   (AeActivation) (i % AE_ACT_COUNT));
	for (int i = 0; i < 20; i++)
		test_shape(k, other, 1 + (int) ae_rng_below(&rng, 90),
				   1 + (int) ae_rng_below(&rng, 150),
				   (AeActivation) ae_rng_below(&rng, AE_ACT_COUNT));
}

int
main(void)
{
	const AeKernels *avx2 = ae_kernels_get(AE_KERNEL_AVX2);
	const AeKernels *avx512 = ae_kernels_get(AE_KERNEL_AVX512);

	reference_init(5);
	test_shapes(ae_kernels_get(AE_KERNEL_BASELINE), NULL);
	if (avx2 != NULL)
		test_shapes(avx2, NULL);
	else
		ok(true, "avx2 # SKIP not in this build or CPU");
	if (avx512 != NULL)
		test_shapes(avx512, avx2);
	else
		ok(true, "avx512 # SKIP not in this build or CPU");
	ok(unit_alloc_live == 0, "nothing leaks");
	return done();
}
