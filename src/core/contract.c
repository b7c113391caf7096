/*
 * contract.c
 *	  A penalty on how strongly the code follows the input: the squared norm
 *	  of the Jacobian of the whole encoder.
 *
 * The Jacobian is never formed.  A seed is a row vector over the code units:
 * each unit's in turn, or one of random signs (Hutchinson 1990), whose
 * expectation over the signs is the same.  Pulled back through the encoder it
 * becomes a row of J', or a mix of them,
 *
 *		t_(L+1) = seed, u_l = t_(l+1) * act_l'(a_l), t_l = u_l W_l'
 *
 * and the penalty is the sum of t_1 t_1' = u_1 (W_1' W_1) u_1' over all
 * seeds.  The second form needs nothing as wide as the input.  Seeds of
 * several rows are one matrix, "strands": the products are as large as memory
 * in the cache allows.
 *
 * The gradient of that, du_l of u_l, goes the other way:
 *
 *		du_1 = 2 t_1 W_1, dW_1 = 2 t_1' u_1
 *		dt_l = du_l * act_l'(a_l)		(of t_(l+1))
 *		du_(l+1) = dt_l W_(l+1), dW_(l+1) = dt_l' u_(l+1)
 *
 * and the pre-activation a_l gets act_l''(a_l) times the sum of
 * du_l * t_(l+1) over the row's seeds.
 *
 * Seeds have the length of the square root of 2 and what the penalty is
 * multiplied by; so everything above is scaled as the gradients must be.  A
 * seed that is one unit's needs no products with the code's weights: t_L is
 * the slope's times the unit's own weights.
 */
#include "core/contract.h"

#include <math.h>
#include <string.h>

/* strands of one go: large products, in the second-level cache */
#define CONTRACT_STRANDS 256
#define CONTRACT_FLOATS ((size_t) 1 << 18)

struct AeContract
{
	const AeNet *net;
	AeTape	   *tape;
	float	  **extra;			/* (nlayers of net): the tape's, on loan */
	int			nlayers;
	bool		random;			/* one seed a row, of random signs */
	int			nseeds;			/* of a row */
	int			nstrands;		/* that fit */
	float	  **u;				/* (nlayers)(nstrands, AE_PAD(out)); u_l, then
								 * du_l, then dt_l */
	float	  **t;				/* (nlayers)(nstrands, AE_PAD(out)); t[l] is
								 * pulled back to layer l's output */
	float	   *input;			/* (nstrands, AE_PAD(in of layer 0)): t_1; or,
								 * with gram, as wide as layer 0's output */
	float	   *gram;			/* (out, AE_PAD(out)) of layer 0: W' W; or
								 * NULL */
	float	   *squares;		/* the same shape: sum of u_1' u_1 */
	float	   *units;			/* (nseeds, AE_PAD(in of the last layer)): the
								 * seeds' weights, as long as the seeds; NULL:
								 * seeds go through the last layer */
	float	   *dunits;			/* the same shape: gradients of the weights */
	float	   *a;				/* (rows, widest out): pre-activations */
	float	   *grads;			/* (ngrads): of parameters, biases' zero */
	size_t		ngrads;
};

/* the strands of one go: some seeds of some rows */
typedef struct Strands
{
	int			row;			/* the first */
	int			nrows;
	int			seed;			/* the first */
	int			nseeds;
	int			count;			/* nrows * nseeds */
} Strands;

static size_t
contract_ld(const AeContract *c, int layer)
{
	return AE_PAD((size_t) c->net->layers[layer].out);
}

/* layers whose products strands go through */
static int
contract_depth(const AeContract *c)
{
	return c->units != NULL ? c->nlayers - 1 : c->nlayers;
}

/*----------
 * Making one.
 *----------
 */

/*
 * Whether W' W is worth its time: one product to make it, one for the
 * gradient, and two a strand, against three a strand.
 */
static bool
contract_wants_gram(const AeContract *c)
{
	double		in = c->net->layers[0].in;
	double		out = c->net->layers[0].out;
	double		strands = (double) c->tape->rows * c->nseeds;

	return 2.0 * out * (in + strands) < 3.0 * in * strands;
}

static AeStatus
contract_alloc_strands(AeContract *c, size_t floats, AeArena *arena)
{
	size_t		n = CONTRACT_FLOATS / floats;
	size_t		wanted = (size_t) c->tape->rows * (size_t) c->nseeds;

	n = n < 1 ? 1 : n > CONTRACT_STRANDS ? CONTRACT_STRANDS : n;
	c->nstrands = (int) (n < wanted ? n : wanted);
	for (int l = 0; l < c->nlayers; l++)
	{
		size_t		bytes = contract_ld(c, l) * sizeof(float);

		c->u[l] = ae_arena_alloc(arena, (size_t) c->nstrands, bytes);
		c->t[l] = ae_arena_alloc(arena, (size_t) c->nstrands, bytes);
		if (c->u[l] == NULL || c->t[l] == NULL)
			return AE_ERR_MEMORY;
	}
	return AE_OK;
}

static AeStatus
contract_alloc_first(AeContract *c, AeArena *arena)
{
	size_t		width = AE_PAD((size_t) c->net->layers[0].in);

	if (contract_wants_gram(c))
	{
		size_t		out = (size_t) c->net->layers[0].out;

		width = contract_ld(c, 0);
		c->gram = ae_arena_alloc(arena, out, width * sizeof(float));
		c->squares = ae_arena_alloc(arena, out, width * sizeof(float));
		if (c->gram == NULL || c->squares == NULL)
			return AE_ERR_MEMORY;
	}
	c->input = ae_arena_alloc(arena, (size_t) c->nstrands,
							  width * sizeof(float));
	return c->input != NULL ? AE_OK : AE_ERR_MEMORY;
}

static AeStatus
contract_alloc_units(AeContract *c, AeArena *arena)
{
	size_t		n = (size_t) c->nseeds;
	size_t		width;

	if (c->random || c->nlayers == 1)
		return AE_OK;
	width = contract_ld(c, c->nlayers - 2);
	c->units = ae_arena_alloc(arena, n, width * sizeof(float));
	c->dunits = ae_arena_alloc(arena, n, width * sizeof(float));
	return c->units != NULL && c->dunits != NULL ? AE_OK : AE_ERR_MEMORY;
}

/* what has the size of the rows, and the gradients */
static AeStatus
contract_alloc_rows(AeContract *c, AeArena *arena)
{
	const AeLayer *last = &c->net->layers[c->nlayers - 1];
	size_t		rows = (size_t) c->tape->rows;
	size_t		widest = 0;

	c->extra = ae_arena_alloc(arena, (size_t) c->net->nlayers,
							  sizeof(float *));
	if (c->extra == NULL)
		return AE_ERR_MEMORY;
	for (int l = 0; l < c->nlayers; l++)
	{
		size_t		ld = contract_ld(c, l);

		widest = ld > widest ? ld : widest;
		c->extra[l] = ae_arena_alloc(arena, rows, ld * sizeof(float));
		if (c->extra[l] == NULL)
			return AE_ERR_MEMORY;
	}
	c->a = ae_arena_alloc(arena, rows, widest * sizeof(float));
	c->ngrads = last->bias;
	c->grads = ae_arena_alloc(arena, c->ngrads, sizeof(float));
	return c->a != NULL && c->grads != NULL ? AE_OK : AE_ERR_MEMORY;
}

AeStatus
ae_contract_create(const AeNet *net, AeTape *tape, AeContraction kind,
				   AeArena *arena, AeContract **contract)
{
	AeContract *c = ae_arena_alloc(arena, 1, sizeof(AeContract));
	size_t		floats = AE_PAD((size_t) net->layers[0].in);

	if (c == NULL)
		return AE_ERR_MEMORY;
	c->net = net;
	c->tape = tape;
	while (c->nlayers < net->ncoder &&
		   net->layers[c->nlayers].kind == AE_LAYER_DENSE)
		floats += 2 * contract_ld(c, c->nlayers++);
	c->random = kind == AE_CONTRACTION_HUTCHINSON;
	c->nseeds = c->random ? 1 : ae_net_code(net)->out;
	c->u = ae_arena_alloc(arena, (size_t) c->nlayers, sizeof(float *));
	c->t = ae_arena_alloc(arena, (size_t) c->nlayers, sizeof(float *));
	if (c->u == NULL || c->t == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(contract_alloc_strands(c, floats, arena));
	AE_TRY(contract_alloc_first(c, arena));
	AE_TRY(contract_alloc_units(c, arena));
	AE_TRY(contract_alloc_rows(c, arena));
	*contract = c;
	return AE_OK;
}

/*----------
 * The penalty of some strands.
 *----------
 */

/* t of the last layer: the seeds */
static void
contract_seed(AeContract *c, const Strands *s, float length, AeRng *rng)
{
	int			width = ae_net_code(c->net)->out;
	size_t		ld = contract_ld(c, c->nlayers - 1);
	float	   *t = c->t[c->nlayers - 1];

	memset(t, 0, (size_t) s->count * ld * sizeof(float));
	for (int i = 0; i < s->count; i++, t += ld)
	{
		if (!c->random)
			t[s->seed + i % s->nseeds] = length;
		else
			for (int j = 0; j < width; j++)
				t[j] = ae_rng_next(rng) >> 63 ? length : -length;
	}
}

/* t of the last layer but one, from seeds that are one unit's each */
static void
contract_unfold(AeContract *c, const AeKernels *kernels, const Strands *s)
{
	int			last = c->nlayers - 1;
	int			ld = AE_PAD(c->net->layers[last].in);
	int			lds = AE_PAD(c->net->layers[last].out);

	kernels->unfold(s->nrows, s->nseeds, ld,
					c->tape->slope[last] + (size_t) s->row * lds + s->seed,
					lds, c->units + (size_t) s->seed * ld, c->t[last - 1]);
}

/* its way back, from dt */
static void
contract_fold(AeContract *c, const AeKernels *kernels, const Strands *s)
{
	int			last = c->nlayers - 1;
	int			ld = AE_PAD(c->net->layers[last].in);
	int			lds = AE_PAD(c->net->layers[last].out);
	size_t		at = (size_t) s->row * lds + s->seed;
	size_t		unit = (size_t) s->seed * ld;

	kernels->fold(s->nrows, s->nseeds, ld, c->tape->slope[last] + at, lds,
				  c->units + unit, c->u[last - 1], c->dunits + unit,
				  c->extra[last] + at);
}

/* u_l and t_l of all layers but the first's t */
static void
contract_pull_back(AeContract *c, const AeBlas *blas,
				   const AeKernels *kernels, const float *params,
				   const Strands *s)
{
	for (int l = contract_depth(c) - 1; l >= 0; l--)
	{
		const AeLayer *layer = &c->net->layers[l];
		int			ld = AE_PAD(layer->out);
		int			ldx = AE_PAD(layer->in);

		kernels->couple(s->nrows, s->nseeds, layer->out, ld,
						c->tape->slope[l] + (size_t) s->row * ld, c->t[l],
						c->u[l]);
		if (l == 0)
			break;
		if (c->tape->transposed != NULL && layer->is_transposed)
			ae_gemm_nn(blas, s->count, layer->in, layer->out, c->u[l], ld,
					   c->tape->transposed + layer->transposed, ldx, 0.0f,
					   c->t[l - 1], ldx);
		else
			ae_gemm_nt(blas, s->count, layer->in, layer->out, c->u[l], ld,
					   params + layer->weights, ld, 0.0f, c->t[l - 1], ldx);
	}
}

/*
 * Through the first layer and back: u_1 becomes du_1.  With gram the penalty
 * and dW_1 wait until all strands are done, see contract_finish_gram().
 */
static double
contract_turn(AeContract *c, const AeBlas *blas, const AeKernels *kernels,
			  const float *params, const Strands *s)
{
	const AeLayer *layer = &c->net->layers[0];
	const float *w = params + layer->weights;
	int			ld = AE_PAD(layer->out);
	int			ldx = AE_PAD(layer->in);

	if (c->gram != NULL)
	{
		float	   *du = c->input;

		ae_gemm_tn(blas, layer->out, layer->out, s->count, c->u[0], ld,
				   c->u[0], ld, 1.0f, c->squares, ld);
		ae_gemm_nn(blas, s->count, layer->out, layer->out, c->u[0], ld,
				   c->gram, ld, 0.0f, du, ld);
		c->input = c->u[0];
		c->u[0] = du;
		return 0.0;
	}
	if (c->tape->transposed != NULL && layer->is_transposed)
		ae_gemm_nn(blas, s->count, layer->in, layer->out, c->u[0], ld,
				   c->tape->transposed + layer->transposed, ldx, 0.0f,
				   c->input, ldx);
	else
		ae_gemm_nt(blas, s->count, layer->in, layer->out, c->u[0], ld, w, ld,
				   0.0f, c->input, ldx);
	ae_gemm_tn(blas, layer->in, layer->out, s->count, c->input, ldx, c->u[0],
			   ld, 1.0f, c->grads + layer->weights, ld);
	ae_gemm_nn(blas, s->count, layer->out, layer->in, c->input, ldx, w, ld,
			   0.0f, c->u[0], ld);
	return kernels->sum_squares((size_t) s->count * (size_t) ldx, c->input);
}

/* from du_1 to the gradients of slopes, in extra, and of later weights */
static void
contract_push_on(AeContract *c, const AeBlas *blas, const AeKernels *kernels,
				 const float *params, const Strands *s)
{
	for (int l = 0; l < contract_depth(c); l++)
	{
		const AeLayer *layer = &c->net->layers[l];
		const AeLayer *next = layer + 1;
		int			ld = AE_PAD(layer->out);
		size_t		at = (size_t) s->row * (size_t) ld;
		int			ldn;

		kernels->couple_backward(s->nrows, s->nseeds, layer->out, ld,
								 c->tape->slope[l] + at, c->t[l], c->u[l],
								 c->extra[l] + at);
		if (l == contract_depth(c) - 1)
			break;
		ldn = AE_PAD(next->out);
		ae_gemm_tn(blas, next->in, next->out, s->count, c->u[l], ld,
				   c->u[l + 1], ldn, 1.0f, c->grads + next->weights, ldn);
		ae_gemm_nn(blas, s->count, next->out, next->in, c->u[l], ld,
				   params + next->weights, ldn, 0.0f, c->u[l + 1], ldn);
	}
}

/*----------
 * The penalty of rows.
 *----------
 */

static void
contract_begin_gram(AeContract *c, const AeBlas *blas, const float *params)
{
	const AeLayer *layer = &c->net->layers[0];
	const float *w = params + layer->weights;
	int			ld = AE_PAD(layer->out);
	size_t		n = (size_t) layer->out * (size_t) ld;

	ae_gemm_tn(blas, layer->out, layer->out, layer->in, w, ld, w, ld, 0.0f,
			   c->gram, ld);
	memset(c->squares, 0, n * sizeof(float));
}

/* dW_1 = W_1 S with S the sum of u_1' u_1; returns that of S * W_1' W_1 */
static double
contract_finish_gram(AeContract *c, const AeBlas *blas, const float *params)
{
	const AeLayer *layer = &c->net->layers[0];
	int			ld = AE_PAD(layer->out);
	size_t		n = (size_t) layer->out * (size_t) ld;
	double		sum = 0.0;

	for (size_t i = 0; i < n; i++)
		sum += (double) c->squares[i] * c->gram[i];
	ae_gemm_nn(blas, layer->in, layer->out, layer->out,
			   params + layer->weights, ld, c->squares, ld, 0.0f,
			   c->grads + layer->weights, ld);
	return sum;
}

static void
contract_begin_units(AeContract *c, const float *params, float length)
{
	const AeLayer *last = &c->net->layers[c->nlayers - 1];
	size_t		ld = AE_PAD((size_t) last->in);
	size_t		ldw = AE_PAD((size_t) last->out);

	for (int i = 0; i < last->in; i++)
		for (int j = 0; j < c->nseeds; j++)
			c->units[(size_t) j * ld + (size_t) i] =
				length * params[last->weights + (size_t) i * ldw + (size_t) j];
	memset(c->dunits, 0, (size_t) c->nseeds * ld * sizeof(float));
}

static void
contract_finish_units(AeContract *c, float length)
{
	const AeLayer *last = &c->net->layers[c->nlayers - 1];
	size_t		ld = AE_PAD((size_t) last->in);
	size_t		ldw = AE_PAD((size_t) last->out);

	for (int i = 0; i < last->in; i++)
		for (int j = 0; j < c->nseeds; j++)
			c->grads[last->weights + (size_t) i * ldw + (size_t) j] =
				length * c->dunits[(size_t) j * ld + (size_t) i];
}

static bool
contract_is_straight(AeActivation activation)
{
	return activation == AE_ACT_LINEAR || activation == AE_ACT_RELU ||
		activation == AE_ACT_LEAKY_RELU;
}

/*
 * From the gradients of slopes to those of pre-activations.  A unit that
 * dropout has switched off has neither value nor slope, the others are scaled
 * up.
 */
static void
contract_bend(AeContract *c, const AeBlas *blas, const AeKernels *kernels,
			  const float *params, int rows, const AePass *pass)
{
	const AeTape *tape = c->tape;

	for (int l = 0; l < c->nlayers; l++)
	{
		const AeLayer *layer = &c->net->layers[l];
		int			ld = AE_PAD(layer->out);
		size_t		n = (size_t) rows * (size_t) ld;
		float	   *extra = c->extra[l];
		float		dropout = ae_net_dropout(c->net, l, pass);

		if (contract_is_straight(layer->activation))
		{
			memset(extra, 0, n * sizeof(float));
			continue;
		}
		ae_gemm_nn(blas, rows, layer->out, layer->in, tape->h[l],
				   AE_PAD(layer->in), params + layer->weights, ld, 0.0f,
				   c->a, ld);
		kernels->bend(layer->activation, rows, layer->out, ld,
					  params + layer->bias, c->a, extra);
		if (dropout == 0.0f)
			continue;
		for (size_t i = 0; i < n; i++)
			extra[i] *= tape->h[l + 1][i] == 0.0f && tape->slope[l][i] == 0.0f
				? 0.0f : 1.0f / (1.0f - dropout);
	}
}

static double
contract_all_strands(AeContract *c, const AeBlas *blas,
					 const AeKernels *kernels, const float *params, int rows,
					 float length, AeRng *rng)
{
	int			nseeds = c->nseeds < c->nstrands ? c->nseeds : c->nstrands;
	int			nrows = c->nstrands / nseeds;
	double		sum = 0.0;

	for (int row = 0; row < rows; row += nrows)
		for (int seed = 0; seed < c->nseeds; seed += nseeds)
		{
			Strands		s = {row, rows - row, seed, c->nseeds - seed, 0};

			s.nrows = s.nrows < nrows ? s.nrows : nrows;
			s.nseeds = s.nseeds < nseeds ? s.nseeds : nseeds;
			s.count = s.nrows * s.nseeds;
			c->tape->env->poll(c->tape->env->host);
			if (c->units != NULL)
				contract_unfold(c, kernels, &s);
			else
				contract_seed(c, &s, length, rng);
			contract_pull_back(c, blas, kernels, params, &s);
			sum += contract_turn(c, blas, kernels, params, &s);
			contract_push_on(c, blas, kernels, params, &s);
			if (c->units != NULL)
				contract_fold(c, kernels, &s);
		}
	return sum;
}

double
ae_contract_penalty(AeContract *c, const AeBlas *blas,
					const AeKernels *kernels, const float *params, int rows,
					const AePass *pass, float weight)
{
	float		length = sqrtf(2.0f * weight * pass->scale);
	double		sum;

	c->tape->extra = c->extra;
	memset(c->grads, 0, c->ngrads * sizeof(float));
	for (int l = 0; l < c->nlayers; l++)
		memset(c->extra[l], 0,
			   (size_t) rows * contract_ld(c, l) * sizeof(float));
	if (length == 0.0f)
		return 0.0;
	if (c->gram != NULL)
		contract_begin_gram(c, blas, params);
	if (c->units != NULL)
		contract_begin_units(c, params, length);
	sum = contract_all_strands(c, blas, kernels, params, rows, length,
							   pass->rng);
	if (c->gram != NULL)
		sum += contract_finish_gram(c, blas, params);
	if (c->units != NULL)
		contract_finish_units(c, length);
	contract_bend(c, blas, kernels, params, rows, pass);
	return sum / (2.0 * pass->scale);
}

void
ae_contract_add(const AeContract *c, float *grads)
{
	for (size_t i = 0; i < c->ngrads; i++)
		grads[i] += c->grads[i];
	c->tape->extra = NULL;
}
