/*
 * kernels.h
 *	  The loops beside the matrix product, compiled for several instruction
 *	  sets and chosen at run time.
 *
 * Matrices are row-major with a leading dimension that is a multiple of
 * AE_LANES floats, and start on an AE_ALIGN boundary ("padded").  The lanes
 * between a row's width and its leading dimension are padding: kernels may
 * read and write them, their values are finite but mean nothing.  Padded
 * weights and biases are zero and stay zero.
 *
 * dense() promises more than the others: the result for a row has the same
 * bits whatever the number of rows, because every output is one chain of
 * multiply-adds over the inputs in ascending order, starting from the bias.
 * An index expression or a generated column relies on that.  AVX-512 and AVX2
 * use fused multiply-adds in the same order and agree to the bit; the
 * baseline rounds twice per term and agrees to about 1e-5 relative.
 */
#ifndef AE_KERNELS_H
#define AE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AE_LANES 16				/* floats; leading dimensions are multiples */
#define AE_PAD(n) (((n) + AE_LANES - 1) / AE_LANES * AE_LANES)

/* stored in models: never renumber */
typedef enum AeActivation
{
	AE_ACT_LINEAR = 0,
	AE_ACT_RELU = 1,
	AE_ACT_LEAKY_RELU = 2,		/* slope 0.01 below zero */
	AE_ACT_ELU = 3,				/* alpha 1 */
	AE_ACT_SELU = 4,			/* Klambauer et al. 2017 */
	AE_ACT_GELU = 5,			/* x Phi(x); Hendrycks, Gimpel 2016 */
	AE_ACT_SILU = 6,
	AE_ACT_MISH = 7,			/* x tanh(softplus(x)); Misra 2019 */
	AE_ACT_TANH = 8,
	AE_ACT_SIGMOID = 9,
	AE_ACT_SOFTPLUS = 10
} AeActivation;

#define AE_ACT_COUNT 11

/* element-wise losses of an output o against a target t; stored in models */
typedef enum AeLoss
{
	AE_LOSS_SQUARED = 0,		/* (o - t)^2 */
	AE_LOSS_ABSOLUTE = 1,		/* |o - t| */
	AE_LOSS_HUBER = 2,			/* d^2 / 2 up to |d| = 1, then |d| - 1/2 */
	AE_LOSS_LOGISTIC = 3,		/* log(1 + e^o) - t o, t in [0, 1] */
	AE_LOSS_SOFTMAX = 4,		/* logsumexp(o) - o[t] of a block of logits */
	AE_LOSS_POISSON = 5,		/* t log(t / s) - t + s, s = log(1 + e^o) */
	AE_LOSS_ORDINAL = 6			/* -log P(t) of a block of cut points */
} AeLoss;

#define AE_LOSS_COUNT 7

/*
 * What each unit costs by which a target is not what it should be, in nats: a
 * count below 0, a level that does not exist.
 */
#define AE_IMPOSSIBLE_COST 10.0f

/* one step of an optimiser that keeps moments m and v of the gradient */
typedef struct AeAdamStep
{
	float		rate;			/* learning rate of this step */
	float		beta1;
	float		beta2;
	float		epsilon;
	float		correction1;	/* 1 - beta1^step */
	float		correction2;	/* 1 - beta2^step */
	float		grad_scale;		/* multiplies the gradient: clipping */
} AeAdamStep;

typedef struct AeKernels
{
	const char *name;			/* "avx512", "avx2" or "baseline" */

	/*
	 * Inference.  y = act(x w + b).  x (rows, in), w (in, out), b (out),
	 * y (rows, out); all padded: ldw is AE_PAD(out).  y must not overlap x.
	 */
	void		(*dense) (AeActivation act, int rows, int in, int out,
						  const float *x, int ldx,
						  const float *w, const float *b,
						  float *y, int ldy);

	/*
	 * Training, forward.  On entry a (rows, width) holds x w.  Adds the bias,
	 * h = act(a), and a becomes the slope act'(a).  h and a share ld.
	 */
	void		(*activate) (AeActivation act, int rows, int width, int ld,
							 const float *bias, float *a, float *h);

	/*
	 * Training, backward.  dh (rows, width) *= slope, db (width) += column
	 * sums of the result.  slope NULL means 1 (a linear layer).
	 */
	void		(*activate_backward) (int rows, int width, int ld,
									  const float *slope, float *dh,
									  float *db);

	/*
	 * The contractive penalty, see contract.c.  bend: d (rows, width) *=
	 * act''(a + bias).  The others are about groups of members rows, which
	 * belong to one row of slope (groups, width) each: couple gives u = t *
	 * slope, and couple_backward adds to dslope (groups, width) the sums over
	 * members of du * t, then du *= slope.
	 */
	void		(*bend) (AeActivation act, int rows, int width, int ld,
						 const float *bias, const float *a, float *d);
	void		(*couple) (int groups, int members, int width, int ld,
						   const float *slope, const float *t, float *u);
	void		(*couple_backward) (int groups, int members, int width, int ld,
									const float *slope, const float *t,
									float *du, float *dslope);

	/* u = u * slope + extra; n a multiple of AE_LANES */
	void		(*couple_add) (size_t n, const float *slope,
							   const float *extra, float *u);

	/*
	 * For groups of multiples of the same vectors w (members, ld), padded:
	 * unfold gives t = factor w, with factors of (groups, members), lda floats
	 * apart.  fold adds to dw the sums over groups of factor * dt, and to
	 * dfactor, which is like factor, the products of dt and w.
	 */
	void		(*unfold) (int groups, int members, int ld,
						   const float *factor, int lda, const float *w,
						   float *t);
	void		(*fold) (int groups, int members, int ld,
						 const float *factor, int lda, const float *w,
						 const float *dt, float *dw, float *dfactor);

	/*
	 * Element-wise loss of width outputs starting at any column (so o, t and
	 * d need not be aligned): returns the sum over rows and columns of
	 * weight[j] * loss, and stores the gradient scale * weight[j] * loss' in
	 * d.  A NaN target is missing: no loss, no gradient.  loss must not be
	 * AE_LOSS_SOFTMAX or AE_LOSS_ORDINAL.  weight has at least width floats,
	 * unaligned.
	 */
	double		(*loss) (AeLoss loss, int rows, int width, int ld,
						 const float *o, const float *t,
						 const float *weight, float scale, float *d);

	/*
	 * Softmax cross-entropy over width logits, width >= 1.  t holds the
	 * label's index in the first column of the block, NaN for missing.
	 * Returns the sum over rows of weight * loss; gradient scale * weight *
	 * (p - onehot) in d.
	 */
	double		(*softmax) (int rows, int width, int ld,
							const float *o, const float *t,
							float weight, float scale, float *d);

	/* p = weight times the softmax of width logits o, which may be p; returns
	 * log(sum of e^o) */
	double		(*soften) (int width, float weight, const float *o, float *p);

	/*
	 * Negative log likelihood of a level among width + 1, whose cut points
	 * the outputs make as ordinal.h has it.  t holds the level in the first
	 * column of the block, NaN for missing; one that does not exist costs
	 * like the nearest and AE_IMPOSSIBLE_COST for each level of distance.
	 * Sum and gradient as for softmax().
	 */
	double		(*ordinal) (int rows, int width, int ld,
							const float *o, const float *t,
							float weight, float scale, float *d);

	/*
	 * Blocks of parameters from here to sum_squares: padded, n a multiple of
	 * AE_LANES.  Moments that shrink below 2^-120 become 0: subnormals are
	 * slow.
	 */

	/* p -= rate * mhat / (sqrt(vhat) + epsilon); Kingma, Ba 2015 */
	void		(*adam) (size_t n, const AeAdamStep *step, float *p,
						 const float *g, float *m, float *v);
	/* m = momentum m + s g; p -= rate m */
	void		(*momentum) (size_t n, float rate, float momentum, float s,
							 float *p, const float *g, float *m);
	/* v = rho v + (1 - rho) (s g)^2; p -= rate s g / (sqrt(v) + epsilon) */
	void		(*rmsprop) (size_t n, float rate, float rho, float epsilon,
							float s, float *p, const float *g, float *v);
	/* v += (s g)^2; p -= rate s g / (sqrt(v) + epsilon) */
	void		(*adagrad) (size_t n, float rate, float epsilon, float s,
							float *p, const float *g, float *v);

	/* y = the sum of count vectors x, stride floats apart, in order */
	void		(*add_up) (size_t n, int count, size_t stride,
						   const float *x, float *y);
	/* y += the sum of count vectors x times a, in order */
	void		(*combine) (size_t n, int count, const float *a,
							const float *const *x, float *y);
	/* x *= a */
	void		(*scale) (size_t n, float a, float *x);
	/* sum of squares, accumulated in double lanes in a fixed order */
	double		(*sum_squares) (size_t n, const float *x);

	/*
	 * x[j] = clamp(cells[j] * scale[j] + offset[j], -limit, limit), 0 where
	 * the cell is NaN; t[j] the same with NaN kept.  t may be NULL.  Nothing
	 * need be aligned and nothing beyond n is touched.
	 */
	void		(*affine) (int n, const float *cells, const float *scale,
						   const float *offset, float limit,
						   float *x, float *t);

	/*
	 * Squared distances of x (npairs, 2) to groups of AE_LANES points, whose
	 * pairs of values are interleaved: points (ngroups, npairs, AE_LANES, 2),
	 * aligned.  distance (ngroups, AE_LANES), padded, is square times the sum
	 * of the squared differences, which must fit 31 bits, plus offset
	 * (ngroups, AE_LANES), padded.  Differences must fit 16 bits.
	 */
	void		(*distances) (int ngroups, int npairs, const int16_t *x,
							  const int16_t *points, float square,
							  const float *offset, float *distance);

	/* the sum of squares of each point, as laid out above: (ngroups,
	 * AE_LANES), padded */
	void		(*norms) (int ngroups, int npairs, const int16_t *points,
						  int32_t *norm);

	/*
	 * distances() of rows points x (rows, ldx), even ldx, to distance (rows,
	 * ldd), padded; norm is of norms().  least (rows, AE_LANES), padded, gets
	 * each lane's least distance.  The same bits for any rows.
	 */
	void		(*near) (int rows, int ngroups, int npairs, const int16_t *x,
						 size_t ldx, const int16_t *points,
						 const int32_t *norm, float square,
						 const float *offset, float *distance, size_t ldd,
						 float *least);

	/*
	 * y = (values - shift) * factor, bounded by limit: t[i] = y, x[i] = y or
	 * 0 if it is NaN.  Either may be NULL; nothing need be aligned.
	 */
	void		(*encode) (int n, const double *values, const double *shift,
						   const double *factor, double limit, float *x,
						   float *t);

	/* x (n), padded: within [-limit, limit], limit instead of NaN */
	void		(*bound) (int n, float limit, float *x);

	/* whether any x (n), padded, is NaN */
	bool		(*any_nan) (int n, const float *x);

	/* index of each x[i] <= bound, ascending; returns how many; x padded */
	int			(*at_most) (int n, const float *x, float bound, int *index);

	/*
	 * Similarities of x (width) to n points that stand coordinate by
	 * coordinate: points (width, ld), padded.  With d a squared distance, it
	 * is the sum over scales of scale / (scale + d).  sums are of the
	 * similarities and of their derivatives by d, which are stored in slope
	 * (n), padded, 0 beyond n.
	 */
	void		(*similarities) (int n, int width, int ld, const float *x,
								 const float *points, int nscales,
								 const float *scales, float *slope,
								 double sums[2]);

	/* sums of weight exp(-rate x), and of its derivatives by x; n a multiple
	 * of AE_LANES, padded */
	void		(*decays) (int n, float x, const float *weight,
						   const float *rate, double sums[2]);
} AeKernels;

typedef enum AeKernelChoice
{
	AE_KERNEL_AUTO = 0,
	AE_KERNEL_BASELINE,
	AE_KERNEL_AVX2,
	AE_KERNEL_AVX512
} AeKernelChoice;

/* the kernels of that name, or NULL when this CPU or build lacks them; auto is
 * never NULL */
extern const AeKernels *ae_kernels_get(AeKernelChoice choice);

/* the activations' names, indexed by AeActivation */
extern const char *const ae_activation_names[AE_ACT_COUNT];

#endif							/* AE_KERNELS_H */
