/*
 * share.h
 *	  What the processes of a training share: one block of memory.
 *
 * The block may have another address in each process, so it holds no pointer;
 * each process lays out its own AeShare over it.
 *
 * A batch is cut into slices of rows, and the parameters into blocks.  Both
 * follow from the network and the batch alone, never from the number of
 * processes, and sums over them are taken in their order: that is why any
 * number of processes gives the same bits.
 *
 * Gradients come about in one of two ways.  Where the parameters are few, each
 * slice has gradients of its own, which are added up.  Where they are many,
 * that would be more traffic than the rows are: the slices share what the
 * backward pass computes, and each block's gradient is one product over all
 * rows of the batch.  With a companion it is always the first way, so that it
 * may have other rows than the batch; and so it is with a contractive penalty,
 * which has gradients of weights that are no such product.
 *
 * The parameters of a companion stand behind those of the network, and so do
 * its gradients, its moments and its transposed weights.
 */
#ifndef AE_SHARE_H
#define AE_SHARE_H

#include "core/likelihood.h"
#include "core/optim.h"

/* the tasks of a step, one kind after the other */
typedef enum AeJobKind
{
	AE_JOB_LEARN = 0,			/* a slice of the batch, forward and back */
	AE_JOB_GRADIENT,			/* a block's gradient */
	AE_JOB_UPDATE,				/* a block's step */
	AE_JOB_VALIDATE				/* a slice of the rows set aside, forward */
} AeJobKind;

/* what the tasks at hand are about; written by the leader */
typedef struct AeJob
{
	AeJobKind	kind;
	uint64_t	first;			/* row, in the window or of those set aside */
	int			count;			/* rows of the batch */
	uint64_t	window;			/* number of the window loaded */
	uint32_t	window_rows;
	AeUpdate	update;
	float		strength;		/* share of the penalties that counts */
} AeJob;

/* what decides how much memory is shared; the same in all processes */
typedef struct AeShape
{
	int			batch_rows;		/* of a full batch */
	uint64_t	window_rows;	/* of the largest window; 0: not shared */
	uint64_t	nvalidation;	/* rows set aside; 0: not shared */
} AeShape;

typedef struct AeShare
{
	AeShape		shape;
	int			slice_rows;
	int			nslices;		/* of a full batch */
	int			nblocks;
	size_t		block_params;	/* for ae_net_blocks() */
	bool		sums_slices;	/* slices have gradients of their own */
	size_t		bytes;

	AeJob	   *job;
	double	   *loss;			/* (nslices) sums over rows */
	double	   *contraction;	/* (nslices) last cost of a row, or NULL */
	double	   *squares;		/* (nblocks) of the gradients */
	double	   *noise;			/* (ncolumns) as the model's, or NULL */
	AeResidual *residual;		/* (nslices, ncolumns), or NULL */
	size_t		nparams;		/* of both networks, as below */
	size_t		ntransposed;
	float	   *params;			/* (nparams), as the next three */
	float	   *grads;
	float	   *m;				/* moments of the optimiser, or NULL */
	float	   *v;
	float	   *transposed;		/* (ntransposed) weights of small layers */
	float	   *slice_grads;	/* (nslices, nparams), or NULL */
	float	   *activations;	/* h and dh of a batch, or NULL */

	/* NULL where only one process trains */
	float	   *window;			/* (window_rows, ncells) */
	uint32_t   *order;			/* (window_rows) rows of the window in order */
	float	   *validation;		/* (nvalidation, ncells) */
} AeShare;

/*
 * The layout over a block of share->bytes zeroed bytes on an AE_ALIGN
 * boundary; with base NULL it only counts them.  AE_ERR_MEMORY when the bytes
 * pass what an address can reach.
 */
extern AeStatus ae_share_layout(AeShare *share, const AeModel *model,
								const AeShape *shape, void *base);

/* slices of a batch of count rows */
static inline int
ae_share_slices(const AeShare *share, int count)
{
	return (count - 1) / share->slice_rows + 1;
}

/*
 * Cuts the parameters of both networks into blocks, which start where they
 * stand among the shared ones.  Returns their number; blocks may be NULL.
 */
extern int	ae_share_blocks(const AeShare *share, const AeModel *model,
							AeBlock *blocks);

/* floats of one row's h and dh over all layers */
extern size_t ae_share_activations(const AeNet *net);

#endif							/* AE_SHARE_H */
