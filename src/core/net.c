/*
 * net.c
 *	  A stack of layers: shapes, parameters, forward and backward.
 */
#include "core/net.h"

#include "core/layer.h"

/* indexed by AeLayerKind */
static const AeLayerOps *const layer_ops[AE_LAYER_COUNT] = {
	&ae_dense_ops,
	&ae_sparse_ops,
	&ae_gaussian_ops,
	&ae_join_ops
};

static const AeLayerOps *
net_ops(const AeLayer *layer)
{
	return layer_ops[layer->kind];
}

static bool
net_width_ok(int width)
{
	return width > 0 && width <= AE_MAX_NET_WIDTH;
}

/* whether a layer of its kind and width can have that input; widths are not
 * checked yet */
static bool
net_takes(const AeLayer *layer)
{
	switch (layer->kind)
	{
		case AE_LAYER_DENSE:
			return true;
		case AE_LAYER_SPARSE:
			return layer->in == layer->out;
		case AE_LAYER_GAUSSIAN:
			return layer->in % 2 == 0 && layer->in / 2 == layer->out;
		case AE_LAYER_JOIN:
			return layer->in < layer->out;
	}
	return false;
}

AeStatus
ae_net_plan(AeNet *net)
{
	size_t		nparams = 0;
	size_t		ntransposed = 0;

	if (net->nlayers < 1 || net->ncoder < 1 || net->ncoder > net->nlayers)
		return AE_ERR_CORRUPT;
	if (net->nlayers > AE_MAX_LAYERS)
		return AE_ERR_LIMIT;
	net->max_width = 0;
	for (int i = 0; i < net->nlayers; i++)
	{
		AeLayer    *layer = &net->layers[i];
		size_t		need;

		if ((unsigned int) layer->kind >= AE_LAYER_COUNT ||
			(unsigned int) layer->activation >= AE_ACT_COUNT ||
			layer->in <= 0 || layer->out <= 0 || !net_takes(layer) ||
			(i > 0 && layer->in != layer[-1].out) ||
			(layer->kind == AE_LAYER_JOIN && (i == 0 || i + 1 != net->ncoder)))
			return AE_ERR_CORRUPT;
		if (!net_width_ok(layer->in) || !net_width_ok(layer->out))
			return AE_ERR_LIMIT;
		layer->weights = nparams;
		layer->bias = nparams;
		layer->is_transposed = false;
		need = !ae_layer_has_weights(layer) ? 0
			: net_ops(layer)->plan(layer, nparams);
		if (need == SIZE_MAX)
			return AE_ERR_LIMIT;
		nparams += need;
		layer->transposed = ntransposed;
		if (layer->is_transposed)
			ntransposed += (size_t) layer->out * AE_PAD((size_t) layer->in);
		if (layer->in > net->max_width)
			net->max_width = layer->in;
		if (layer->out > net->max_width)
			net->max_width = layer->out;
	}
	net->nparams = nparams;
	net->ntransposed = ntransposed;
	return AE_OK;
}

int
ae_net_inputs(const AeNet *net)
{
	return net->layers[0].in;
}

int
ae_net_outputs(const AeNet *net)
{
	return net->layers[net->nlayers - 1].out;
}

int
ae_net_latent(const AeNet *net)
{
	return net->layers[net->ncoder - 1].out;
}

const AeLayer *
ae_net_code(const AeNet *net)
{
	const AeLayer *last = &net->layers[net->ncoder - 1];

	return last->kind == AE_LAYER_JOIN ? last - 1 : last;
}

int
ae_net_joined(const AeNet *net)
{
	return ae_net_latent(net) - ae_net_code(net)->out;
}

size_t
ae_net_weights(const AeNet *net)
{
	size_t		count = 0;

	for (int i = 0; i < net->nlayers; i++)
		if (ae_layer_has_weights(&net->layers[i]))
			count += net_ops(&net->layers[i])->weights(&net->layers[i]);
	return count;
}

void
ae_net_init(const AeNet *net, uint64_t seed, float *params)
{
	for (int i = 0; i < net->nlayers; i++)
	{
		AeRng		rng;

		if (!ae_layer_has_weights(&net->layers[i]))
			continue;
		ae_rng_seed(&rng, seed, (uint64_t) i);
		net_ops(&net->layers[i])->init(&net->layers[i], &rng, params);
	}
}

int
ae_net_blocks(const AeNet *net, size_t max_params, AeBlock *blocks)
{
	int			nblocks = 0;

	for (int i = 0; i < net->nlayers; i++)
	{
		const AeLayer *layer = &net->layers[i];
		size_t		ld = AE_PAD((size_t) layer->out);
		int			ninputs = (int) (max_params / ld);

		if (!ae_layer_has_weights(layer))
			continue;
		if (ninputs < 1)
			ninputs = 1;
		for (int first = 0; first < layer->in; first += ninputs)
		{
			bool		is_last = layer->in - first <= ninputs;
			int			n = is_last ? layer->in - first : ninputs;

			if (blocks != NULL)
				blocks[nblocks] = (AeBlock) {
					.layer = i,
						.first = first,
						.ninputs = n,
						.start = layer->weights + (size_t) first * ld,
						.nweights = (size_t) n * ld,
						.nparams = ((size_t) n + is_last) * ld
				};
			nblocks++;
			if (is_last)
				break;
		}
	}
	return nblocks;
}

/* a layer's backward pass may want to sum up over its outputs */
size_t
ae_tape_scratch(const AeNet *net)
{
	size_t		width = AE_PAD((size_t) net->max_width);

	return width > AE_LAYER_SCRATCH ? width : AE_LAYER_SCRATCH;
}

AeStatus
ae_tape_create(const AeNet *net, int rows, AeArena *arena, AeTape **tape)
{
	int			n = net->nlayers;
	AeTape	   *t = ae_arena_alloc(arena, 1, sizeof(AeTape));

	if (t == NULL)
		return AE_ERR_MEMORY;
	t->env = arena->env;
	t->rows = rows;
	t->h = ae_arena_alloc(arena, (size_t) n + 1, sizeof(float *));
	t->slope = ae_arena_alloc(arena, (size_t) n, sizeof(float *));
	t->dh = ae_arena_alloc(arena, (size_t) n + 1, sizeof(float *));
	t->scratch = ae_arena_alloc(arena, ae_tape_scratch(net), sizeof(float));
	if (t->h == NULL || t->slope == NULL || t->dh == NULL ||
		t->scratch == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i <= n; i++)
	{
		int			width = i == 0 ? ae_net_inputs(net) :
			net->layers[i - 1].out;
		size_t		row_bytes = AE_PAD((size_t) width) * sizeof(float);

		t->h[i] = ae_arena_alloc(arena, (size_t) rows, row_bytes);
		if (t->h[i] == NULL)
			return AE_ERR_MEMORY;
		if (i == 0)
			continue;
		t->slope[i - 1] = ae_arena_alloc(arena, (size_t) rows, row_bytes);
		t->dh[i] = ae_arena_alloc(arena, (size_t) rows, row_bytes);
		if (t->slope[i - 1] == NULL || t->dh[i] == NULL)
			return AE_ERR_MEMORY;
	}
	*tape = t;
	return AE_OK;
}

/*
 * Switches off units of h.  The mask goes into the slope as well, so that the
 * backward pass needs to know nothing of it.
 */
static void
net_dropout(int rows, int width, float rate, AeRng *rng, float *h,
			float *slope)
{
	size_t		ld = AE_PAD((size_t) width);
	float		keep = 1.0f / (1.0f - rate);

	for (int r = 0; r < rows; r++)
		for (int j = 0; j < width; j++)
		{
			size_t		at = (size_t) r * ld + (size_t) j;
			float		mask = ae_rng_uniform(rng) < rate ? 0.0f : keep;

			h[at] *= mask;
			slope[at] *= mask;
		}
}

float
ae_net_dropout(const AeNet *net, int i, const AePass *pass)
{
	bool		is_hidden = i != net->nlayers - 1 && i != net->ncoder - 1 &&
		net->layers[i].kind == AE_LAYER_DENSE &&
		net->layers[i + 1].kind == AE_LAYER_DENSE;

	return is_hidden && pass != NULL && pass->rng != NULL
		? pass->dropout : 0.0f;
}

double
ae_net_forward(const AeNet *net, const AeBlas *blas,
			   const AeKernels *kernels, const float *params,
			   AeTape *tape, int rows, const AePass *pass)
{
	AeRng	   *rng = pass != NULL ? pass->rng : NULL;
	double		penalty = 0.0;

	for (int i = 0; i < net->nlayers; i++)
	{
		const AeLayer *layer = &net->layers[i];
		const AeLayerOps *ops = net_ops(layer);
		float		dropout = ae_net_dropout(net, i, pass);

		tape->env->poll(tape->env->host);
		ops->forward(layer, blas, kernels, params, rows, tape->h[i],
					 tape->h[i + 1], tape->slope[i], rng);
		if (layer->kind == AE_LAYER_GAUSSIAN && pass != NULL &&
			pass->row_weight != NULL)
			ae_gaussian_repeat(layer, rows, pass->repeated, tape->h[i],
							   tape->h[i + 1], tape->slope[i]);
		if (layer->kind == AE_LAYER_JOIN)
			ae_join_inputs(net, layer, rows, tape->h[0],
						   AE_PAD(ae_net_inputs(net)), tape->h[i + 1],
						   AE_PAD(layer->out));
		if (dropout > 0.0f)
			net_dropout(rows, layer->out, dropout, rng, tape->h[i + 1],
						tape->slope[i]);
		if (ops->penalty != NULL && pass != NULL && pass->row_weight == NULL)
			penalty += ops->penalty(layer, rows, tape->h[i], tape->h[i + 1]);
	}
	return pass != NULL ? pass->strength * penalty : 0.0;
}

/* adds what is asked of the code by others than the decoder */
static void
net_add_code_gradient(const AeNet *net, const AeTape *tape, int rows)
{
	const AeLayer *code = ae_net_code(net);
	size_t		n = (size_t) rows * AE_PAD((size_t) code->out);
	float	   *dh = tape->dh[code - net->layers + 1];

	for (size_t i = 0; i < n; i++)
		dh[i] += tape->code_gradient[i];
}

/* the means are the first half of the inputs of a Gaussian code */
static void
net_add_mean_gradient(const AeNet *net, const AeLayer *layer,
					  const AeTape *tape, int rows, float *dx)
{
	size_t		ld = AE_PAD((size_t) ae_net_latent(net));

	for (size_t r = 0; r < (size_t) rows; r++)
		for (size_t j = 0; j < (size_t) layer->out; j++)
			dx[r * AE_PAD((size_t) layer->in) + j] +=
				tape->mean_gradient[r * ld + j];
}

void
ae_net_backward(const AeNet *net, const AeBlas *blas,
				const AeKernels *kernels, const float *params,
				AeTape *tape, int rows, const AePass *pass, float *grads)
{
	bool		weighted = pass != NULL && pass->row_weight != NULL;
	float		scale = pass != NULL ? pass->strength * pass->scale : 0.0f;

	for (int i = net->nlayers - 1; i >= 0; i--)
	{
		const AeLayer *layer = &net->layers[i];
		bool		plain = layer->kind == AE_LAYER_DENSE &&
			layer->activation == AE_ACT_LINEAR &&
			ae_net_dropout(net, i, pass) == 0.0f;

		if (layer == ae_net_code(net) && tape->code_gradient != NULL)
			net_add_code_gradient(net, tape, rows);
		if (tape->extra != NULL && tape->extra[i] != NULL)
		{
			kernels->couple_add((size_t) rows * AE_PAD((size_t) layer->out),
								tape->slope[i], tape->extra[i],
								tape->dh[i + 1]);
			plain = true;
		}
		tape->env->poll(tape->env->host);
		net_ops(layer)->backward(layer, blas, kernels, params, rows,
								 tape->h[i], plain ? NULL : tape->slope[i],
								 tape->dh[i + 1], tape->dh[i], grads,
								 tape->transposed, tape->scratch,
								 weighted ? 0.0f : scale);
		if (layer->kind != AE_LAYER_GAUSSIAN)
			continue;
		if (tape->mean_gradient != NULL)
			net_add_mean_gradient(net, layer, tape, rows, tape->dh[i]);
		if (weighted)
			ae_gaussian_pull(layer, rows, tape->h[i], pass->row_weight, scale,
							 tape->dh[i]);
	}
}

void
ae_net_transpose(const AeNet *net, const AeBlock *block, const float *params,
				 float *transposed)
{
	const AeLayer *layer = &net->layers[block->layer];

	if (layer->is_transposed)
		net_ops(layer)->transpose(layer, block, params, transposed);
}

void
ae_net_gradient(const AeNet *net, const AeBlas *blas,
				const AeKernels *kernels, const AeBlock *block,
				const AeTape *tape, int rows, float *grads)
{
	const AeLayer *layer = &net->layers[block->layer];

	tape->env->poll(tape->env->host);
	net_ops(layer)->gradient(layer, blas, kernels, block, rows,
							 tape->h[block->layer],
							 tape->dh[block->layer + 1], grads);
}

int
ae_net_gaussian(const AeNet *net)
{
	int			i = net->nlayers - 1;

	while (i >= 0 && net->layers[i].kind != AE_LAYER_GAUSSIAN)
		i--;
	return i;
}

void
ae_net_infer(const AeNet *net, const AeKernels *kernels,
			 const float *params, int first, int last, int rows,
			 const float *x, int ldx, float *y, int ldy, float *scratch)
{
	size_t		half = (size_t) rows * AE_PAD((size_t) net->max_width);
	const float *input = x;
	int			ldi = ldx;

	for (int i = first; i < last; i++)
	{
		const AeLayer *layer = &net->layers[i];
		bool		is_last = i == last - 1;
		float	   *out = is_last ? y : scratch + (i % 2 ? half : 0);
		int			ldo = is_last ? ldy : AE_PAD(layer->out);

		net_ops(layer)->infer(layer, kernels, params, rows, x, ldx, out, ldo);
		if (layer->kind == AE_LAYER_JOIN)
			ae_join_inputs(net, layer, rows, input, ldi, out, ldo);
		x = out;
		ldx = ldo;
	}
}
