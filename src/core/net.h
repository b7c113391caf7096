/*
 * net.h
 *	  A stack of layers: shapes, parameters, forward and backward.
 *
 * All parameters of a network are one block of floats and so are all their
 * gradients; a layer knows the offset of its own.  That makes the optimiser
 * one loop, a copy one memcpy, and saving one write.
 *
 * A layer kind is a row of the table in layer.c: add a file for its forward
 * and backward passes and a row there, and nothing else changes.
 */
#ifndef AE_NET_H
#define AE_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/blas.h"
#include "core/kernels.h"
#include "core/rng.h"
#include "core/status.h"

#define AE_MAX_LAYERS 64
#define AE_MAX_NET_WIDTH 4000000	/* of any layer's input or output */
#define AE_MAX_PARAMS ((size_t) 1 << 28)	/* floats: 1 GB */

/* stored in models: never renumber */
typedef enum AeLayerKind
{
	AE_LAYER_DENSE = 0,
	AE_LAYER_SPARSE,			/* a code of which little is active */
	AE_LAYER_GAUSSIAN,			/* a code drawn from a distribution */
	AE_LAYER_JOIN				/* a code, then some inputs as they are */
} AeLayerKind;

#define AE_LAYER_COUNT 4

typedef struct AeLayer
{
	AeLayerKind kind;
	AeActivation activation;
	int			in;				/* width of the input */
	int			out;			/* width of the output */
	size_t		weights;		/* offset of w (in, AE_PAD(out)) */
	size_t		bias;			/* offset of b (AE_PAD(out)) */
	size_t		transposed;		/* offset of w' (out, AE_PAD(in)) */
	bool		is_transposed;	/* whether it may be kept: small layers */

	/* of a code; not stored, see ae_model_prepare() */
	float		penalty;		/* weight of its penalty; 0: none */
	float		target;			/* sparse: mean activation of a unit; 0: any.
								 * Gaussian: divergence that costs nothing */
	int			kept;			/* sparse: active units of a row; 0: all */
} AeLayer;

typedef struct AeNet
{
	int			nlayers;
	int			ncoder;			/* the first ncoder layers are the encoder */
	AeLayer	   *layers;
	size_t		nparams;		/* floats, padding included */
	size_t		ntransposed;	/* floats of all transposed weights */
	int			max_width;		/* of any layer's input or output */
	const int  *joined;			/* inputs that an AE_LAYER_JOIN adds; not
								 * stored, see ae_model_prepare() */
} AeNet;

/*
 * Parameters of a layer that lie side by side: the weights of some inputs, and
 * after those of the last input the bias.
 */
typedef struct AeBlock
{
	bool		is_companion;	/* of the second network of a model */
	int			layer;
	int			first;			/* input */
	int			ninputs;
	size_t		start;			/* offset of the parameters */
	size_t		nweights;
	size_t		nparams;		/* weights and bias */
} AeBlock;

/* Buffers of one pass over up to rows rows. */
typedef struct AeTape
{
	const AeEnv *env;			/* polled between two layers */
	int			rows;
	float	  **h;				/* nlayers + 1: h[0] the input, h[i] layer i's
								 * output, (rows, AE_PAD(width)) */
	float	  **slope;			/* nlayers: activation derivatives */
	float	  **dh;				/* nlayers + 1: loss gradients of h; dh[0] is
								 * NULL */
	float	  **extra;			/* (nlayers) what is added to the gradients of
								 * pre-activations, NULL: nothing; or NULL */
	const float *transposed;	/* (ntransposed), borrowed; NULL: do without */
	const float *code_gradient; /* (rows, AE_PAD(units)) that the backward
								 * pass adds to that of what the layer of the
								 * code makes, borrowed; NULL: nothing */
	const float *mean_gradient; /* the same for the means of a Gaussian code */
	float	   *scratch;		/* ae_tape_scratch() floats */
} AeTape;

/* whether a layer has parameters */
static inline bool
ae_layer_has_weights(const AeLayer *layer)
{
	return layer->kind == AE_LAYER_DENSE;
}

/*
 * Offsets of all layers from kind, activation, in and out; checks that the
 * shapes fit together.  AE_ERR_LIMIT beyond the caps, AE_ERR_CORRUPT when
 * the layers contradict each other (a stored model is hostile).
 */
extern AeStatus ae_net_plan(AeNet *net);

extern int	ae_net_inputs(const AeNet *net);
extern int	ae_net_outputs(const AeNet *net);
extern int	ae_net_latent(const AeNet *net);

/*
 * The layer that makes the code: the encoder's last but for an AE_LAYER_JOIN.
 * What follows its outputs in the latent vector are inputs as they are.
 */
extern const AeLayer *ae_net_code(const AeNet *net);

/* how many those are */
extern int	ae_net_joined(const AeNet *net);

/* parameters without padding: what a model stores and ae_info() shows */
extern size_t ae_net_weights(const AeNet *net);

/*
 * Random weights: Glorot and Bengio 2010 for saturating and linear units, He
 * et al. 2015 for rectifiers, LeCun's for SELU; biases zero.
 */
extern void ae_net_init(const AeNet *net, uint64_t seed, float *params);

/*
 * Cuts all parameters into blocks of about max_params, at least those of one
 * input.  Returns their number; blocks may be NULL.
 */
extern int	ae_net_blocks(const AeNet *net, size_t max_params,
						  AeBlock *blocks);

/* floats of a tape's scratch */
extern size_t ae_tape_scratch(const AeNet *net);

extern AeStatus ae_tape_create(const AeNet *net, int rows, AeArena *arena,
							   AeTape **tape);

/* What a pass of a training does beyond the products. */
typedef struct AePass
{
	AeRng	   *rng;			/* NULL: no noise, and no dropout */
	float		dropout;		/* share of the hidden units (not of the code)
								 * that are switched off, the rest scaled up */
	float		strength;		/* share of the penalties that counts */
	float		scale;			/* of gradients: 1 / rows of the batch */
	const float *row_weight;	/* (rows) of the penalties of a Gaussian code,
								 * which the caller counts then; NULL: 1 */
	const uint8_t *repeated;	/* (rows) with row_weight: whether a row's
								 * draw is that of the row before */
} AePass;

/* the share of layer i's outputs that are switched off */
extern float ae_net_dropout(const AeNet *net, int i, const AePass *pass);

/*
 * h[nlayers] from h[0].  Returns the sum over rows of the layers' penalties.
 * pass NULL: neither noise nor penalties.
 */
extern double ae_net_forward(const AeNet *net, const AeBlas *blas,
							 const AeKernels *kernels, const float *params,
							 AeTape *tape, int rows, const AePass *pass);

/*
 * Gradients of all parameters (overwritten) from dh[nlayers] and the
 * penalties.  pass as in the forward pass.  dh[i + 1] becomes the gradient of
 * what layer i's activation is applied to; with grads NULL that is all that is
 * computed, and ae_net_gradient() does the rest.
 */
extern void ae_net_backward(const AeNet *net, const AeBlas *blas,
							const AeKernels *kernels, const float *params,
							AeTape *tape, int rows, const AePass *pass,
							float *grads);

/* the layer that draws codes, an AE_LAYER_GAUSSIAN; -1: there is none */
extern int	ae_net_gaussian(const AeNet *net);

/* the log variance that such a layer makes of one that it reads */
extern float ae_gaussian_log(float x);

/* sum over rows of the divergence of a unit of such a layer, x being its
 * input */
extern double ae_gaussian_divergence(const AeLayer *layer, int rows,
									 const float *x, int unit);

/* gives repeated rows (see AePass) of an AE_LAYER_GAUSSIAN the draws of the
 * rows before them */
extern void ae_gaussian_repeat(const AeLayer *layer, int rows,
							   const uint8_t *repeated, const float *x,
							   float *h, float *slope);

/* adds the gradient of scale times that divergence of all units, weighted by
 * row, to dx */
extern void ae_gaussian_pull(const AeLayer *layer, int rows, const float *x,
							 const float *row_weight, float scale, float *dx);

/* brings a block's transposed weights up to date */
extern void ae_net_transpose(const AeNet *net, const AeBlock *block,
							 const float *params, float *transposed);

/* gradients of a block of parameters (overwritten), after a backward pass */
extern void ae_net_gradient(const AeNet *net, const AeBlas *blas,
							const AeKernels *kernels, const AeBlock *block,
							const AeTape *tape, int rows, float *grads);

/*
 * Layers first .. last - 1 without a tape, with the same bits for a row
 * whatever rows go with it.  x (rows, ldx); result in y (rows, ldy); scratch
 * holds 2 * rows * AE_PAD(max_width) floats.  An AE_LAYER_JOIN among them
 * takes x for the network's inputs.
 */
extern void ae_net_infer(const AeNet *net, const AeKernels *kernels,
						 const float *params, int first, int last, int rows,
						 const float *x, int ldx, float *y, int ldy,
						 float *scratch);

#endif							/* AE_NET_H */
