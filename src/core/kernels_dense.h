/*
 * kernels_dense.h
 *	  The kernels of whole layers: dense() and activate().  For inclusion by
 *	  kernels_body.h only.
 *
 * A loop over elements is an inlined function of the activation, called with
 * a constant from each case of a switch, so that the loop does not branch.
 */
#ifndef AE_KERNELS_DENSE_H
#define AE_KERNELS_DENSE_H

#include "core/kernels_math.h"

/*
 * Outputs of dense() that are calculated together: as many accumulators as
 * registers allow, beside the weights and the inputs.
 */
#define ROW_VECS 8				/* vectors of a single row */
#define BLOCK_ROWS 4
#define BLOCK_VECS (KERNEL_LANES == 16 ? 4 : 2)

static inline int
kernel_vectors(int width)
{
	return AE_PAD(width) / KERNEL_LANES;
}

/*
 * nrows rows of nvecs vectors of x w + b.  The loops over rows and vectors
 * are unrolled, their accumulators live in registers.
 */
KERNEL_INLINE void
dense_tile(const int nrows, const int nvecs, int in,
		   const float *x, size_t ldx, const float *w, size_t ldw,
		   const float *b, float *y, size_t ldy)
{
	vec			sum[BLOCK_ROWS][ROW_VECS];

	for (int r = 0; r < nrows; r++)
		for (int v = 0; v < nvecs; v++)
			sum[r][v] = vec_load(b + v * KERNEL_LANES);
	for (int k = 0; k < in; k++)
	{
		for (int v = 0; v < nvecs; v++)
		{
			vec			weight = vec_load(w + v * KERNEL_LANES);

			for (int r = 0; r < nrows; r++)
				sum[r][v] = sum[r][v] + weight * x[r * ldx + k];
		}
		w += ldw;
	}
	for (int r = 0; r < nrows; r++)
		for (int v = 0; v < nvecs; v++)
			vec_store(y + r * ldy + v * KERNEL_LANES, sum[r][v]);
}

static void
dense_row(int nvecs, int in, const float *x, const float *w, size_t ldw,
		  const float *b, float *y)
{
	switch (nvecs)
	{
		case 1:
			dense_tile(1, 1, in, x, 0, w, ldw, b, y, 0);
			break;
		case 2:
			dense_tile(1, 2, in, x, 0, w, ldw, b, y, 0);
			break;
		case 3:
			dense_tile(1, 3, in, x, 0, w, ldw, b, y, 0);
			break;
		case 4:
			dense_tile(1, 4, in, x, 0, w, ldw, b, y, 0);
			break;
		case 5:
			dense_tile(1, 5, in, x, 0, w, ldw, b, y, 0);
			break;
		case 6:
			dense_tile(1, 6, in, x, 0, w, ldw, b, y, 0);
			break;
		case 7:
			dense_tile(1, 7, in, x, 0, w, ldw, b, y, 0);
			break;
		default:
			dense_tile(1, ROW_VECS, in, x, 0, w, ldw, b, y, 0);
			break;
	}
}

static void
dense_block(int nvecs, int in, const float *x, size_t ldx,
			const float *w, size_t ldw, const float *b, float *y, size_t ldy)
{
	switch (nvecs)
	{
		case 1:
			dense_tile(BLOCK_ROWS, 1, in, x, ldx, w, ldw, b, y, ldy);
			break;
		case 2:
			dense_tile(BLOCK_ROWS, 2, in, x, ldx, w, ldw, b, y, ldy);
			break;
#if KERNEL_LANES == 16
		case 3:
			dense_tile(BLOCK_ROWS, 3, in, x, ldx, w, ldw, b, y, ldy);
			break;
#endif
		default:
			dense_tile(BLOCK_ROWS, BLOCK_VECS, in, x, ldx, w, ldw, b, y, ldy);
			break;
	}
}

KERNEL_INLINE void
dense_activate_as(const AeActivation act, int nvecs, float *y)
{
	for (int v = 0; v < nvecs; v++)
	{
		vec			slope;

		vec_store(y + v * KERNEL_LANES,
				  act_apply(act, vec_load(y + v * KERNEL_LANES), &slope));
	}
}

static void
dense_activate(AeActivation act, int nvecs, float *y)
{
	switch (act)
	{
		case AE_ACT_LINEAR:
			break;
		case AE_ACT_RELU:
			dense_activate_as(AE_ACT_RELU, nvecs, y);
			break;
		case AE_ACT_LEAKY_RELU:
			dense_activate_as(AE_ACT_LEAKY_RELU, nvecs, y);
			break;
		case AE_ACT_ELU:
			dense_activate_as(AE_ACT_ELU, nvecs, y);
			break;
		case AE_ACT_SELU:
			dense_activate_as(AE_ACT_SELU, nvecs, y);
			break;
		case AE_ACT_GELU:
			dense_activate_as(AE_ACT_GELU, nvecs, y);
			break;
		case AE_ACT_SILU:
			dense_activate_as(AE_ACT_SILU, nvecs, y);
			break;
		case AE_ACT_MISH:
			dense_activate_as(AE_ACT_MISH, nvecs, y);
			break;
		case AE_ACT_TANH:
			dense_activate_as(AE_ACT_TANH, nvecs, y);
			break;
		case AE_ACT_SIGMOID:
			dense_activate_as(AE_ACT_SIGMOID, nvecs, y);
			break;
		case AE_ACT_SOFTPLUS:
			dense_activate_as(AE_ACT_SOFTPLUS, nvecs, y);
			break;
	}
}

static void
kernel_dense(AeActivation act, int rows, int in, int out,
			 const float *x, int ldx, const float *w, const float *b,
			 float *y, int ldy)
{
	int			nvecs = kernel_vectors(out);
	size_t		ldw = (size_t) nvecs * KERNEL_LANES;
	int			block_end = rows - rows % BLOCK_ROWS;

	/* a panel of the weights stays in cache while all rows pass by */
	for (int v = 0; block_end > 0 && v < nvecs; v += BLOCK_VECS)
	{
		size_t		at = (size_t) v * KERNEL_LANES;

		for (int row = 0; row < block_end; row += BLOCK_ROWS)
			dense_block(nvecs - v, in, x + (size_t) row * ldx, ldx,
						w + at, ldw, b + at, y + (size_t) row * ldy + at, ldy);
	}
	for (int row = block_end; row < rows; row++)
		for (int v = 0; v < nvecs; v += ROW_VECS)
		{
			size_t		at = (size_t) v * KERNEL_LANES;

			dense_row(nvecs - v, in, x + (size_t) row * ldx, w + at, ldw,
					  b + at, y + (size_t) row * ldy + at);
		}
	for (int row = 0; row < rows; row++)
		dense_activate(act, nvecs, y + (size_t) row * ldy);
}

KERNEL_INLINE void
activate_as(const AeActivation act, int rows, int nvecs, size_t ld,
			const float *bias, float *a, float *h)
{
	for (int row = 0; row < rows; row++)
	{
		for (int v = 0; v < nvecs; v++)
		{
			size_t		at = (size_t) v * KERNEL_LANES;
			vec			slope;
			vec			x = vec_load(a + at) + vec_load(bias + at);

			vec_store(h + at, act_apply(act, x, &slope));
			vec_store(a + at, slope);
		}
		a += ld;
		h += ld;
	}
}

static void
kernel_activate(AeActivation act, int rows, int width, int ld,
				const float *bias, float *a, float *h)
{
	int			nvecs = kernel_vectors(width);

	switch (act)
	{
		case AE_ACT_LINEAR:
			activate_as(AE_ACT_LINEAR, rows, nvecs, ld, bias, a, h);
			break;
		case AE_ACT_RELU:
			activate_as(AE_ACT_RELU, rows, nvecs, ld, bias, a, h);
			break;
		case AE_ACT_LEAKY_RELU:
			activate_as(AE_ACT_LEAKY_RELU, rows, nvecs, ld, bias, a, h);
			break;
		case AE_ACT_ELU:
			activate_as(AE_ACT_ELU, rows, nvecs, ld, bias, a, h);
			break;
		case AE_ACT_SELU:
			activate_as(AE_ACT_SELU, rows, nvecs, ld, bias, a, h);
			break;
		case AE_ACT_GELU:
			activate_as(AE_ACT_GELU, rows, nvecs, ld, bias, a, h);
			break;
		case AE_ACT_SILU:
			activate_as(AE_ACT_SILU, rows, nvecs, ld, bias, a, h);
			break;
		case AE_ACT_MISH:
			activate_as(AE_ACT_MISH, rows, nvecs, ld, bias, a, h);
			break;
		case AE_ACT_TANH:
			activate_as(AE_ACT_TANH, rows, nvecs, ld, bias, a, h);
			break;
		case AE_ACT_SIGMOID:
			activate_as(AE_ACT_SIGMOID, rows, nvecs, ld, bias, a, h);
			break;
		case AE_ACT_SOFTPLUS:
			activate_as(AE_ACT_SOFTPLUS, rows, nvecs, ld, bias, a, h);
			break;
	}
}

#endif							/* AE_KERNELS_DENSE_H */
