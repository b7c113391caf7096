/*
 * share.c
 *	  What the processes of a training share: one block of memory.
 */
#include "core/share.h"

/*
 * Slices of a batch: more would share the work more finely, larger ones make
 * faster products.
 */
#define SHARE_MAX_SLICES 8
#define SHARE_SLICE_ROWS 64
#define SHARE_WIDE_SLICE_ROWS 128

/* parameters up to which the gradients of slices are added up */
#define SHARE_SUM_PARAMS 32768

/* parameters of a block: enough blocks for some processes, and few enough */
#define SHARE_BLOCKS 6
#define SHARE_MIN_BLOCK 2048
#define SHARE_MAX_BLOCK 131072

/* hands out pieces of a block; used passes no limit, but sticks at it */
typedef struct Region
{
	char	   *base;			/* NULL: only counts */
	size_t		used;
} Region;

static void *
region_take(Region *region, uint64_t count, size_t size)
{
	size_t		start = region->used;
	size_t		left = SIZE_MAX - AE_ALIGN - start;

	if (count > left / size)
	{
		region->used = SIZE_MAX - AE_ALIGN;
		return NULL;
	}
	region->used += ((size_t) count * size + AE_ALIGN - 1) /
		AE_ALIGN * AE_ALIGN;
	return region->base != NULL ? region->base + start : NULL;
}

size_t
ae_share_activations(const AeNet *net)
{
	size_t		floats = AE_PAD((size_t) ae_net_inputs(net));

	for (int i = 0; i < net->nlayers; i++)
		floats += 2 * AE_PAD((size_t) net->layers[i].out);
	return floats;
}

int
ae_share_blocks(const AeShare *share, const AeModel *model, AeBlock *blocks)
{
	int			n = ae_net_blocks(&model->net, share->block_params, blocks);
	AeBlock    *more = blocks != NULL ? blocks + n : NULL;
	int			nmore;

	if (!ae_model_has_companion(model))
		return n;
	nmore = ae_net_blocks(&model->companion, share->block_params, more);
	for (int i = 0; i < nmore && more != NULL; i++)
	{
		more[i].is_companion = true;
		more[i].start += model->net.nparams;
	}
	return n + nmore;
}

/* slices and blocks */
static void
share_cut(AeShare *share, const AeModel *model)
{
	size_t		nparams = ae_model_nparams(model);
	int			batch = share->shape.batch_rows;
	int			rows = (batch - 1) / SHARE_MAX_SLICES + 1;
	int			least = SHARE_SLICE_ROWS;

	share->sums_slices = nparams <= SHARE_SUM_PARAMS ||
		ae_model_has_companion(model) ||
		model->options.contraction != AE_CONTRACTION_NONE;
	if (nparams > SHARE_SUM_PARAMS)
		least = SHARE_WIDE_SLICE_ROWS;
	if (rows < least)
		rows = least;
	/* a multiple of a vector's rows keeps products whole */
	rows = AE_PAD(rows);
	share->slice_rows = rows < batch ? rows : batch;
	share->nslices = ae_share_slices(share, batch);

	share->block_params = nparams / SHARE_BLOCKS;
	if (share->block_params < SHARE_MIN_BLOCK)
		share->block_params = SHARE_MIN_BLOCK;
	if (share->block_params > SHARE_MAX_BLOCK)
		share->block_params = SHARE_MAX_BLOCK;
	share->nblocks = ae_share_blocks(share, model, NULL);
}

AeStatus
ae_share_layout(AeShare *share, const AeModel *model, const AeShape *shape,
				void *base)
{
	Region		region = {base, 0};
	const AeOptions *o = &model->options;
	size_t		nparams = ae_model_nparams(model);
	size_t		row_bytes = (size_t) model->features->ncells * sizeof(float);
	uint64_t	batch_rows = (uint64_t) shape->batch_rows;

	*share = (AeShare) {
		.shape = *shape,
			.nparams = nparams,
			.ntransposed = model->net.ntransposed +
			model->companion.ntransposed
	};
	share_cut(share, model);
	share->job = region_take(&region, 1, sizeof(AeJob));
	share->loss = region_take(&region, (uint64_t) share->nslices,
							  sizeof(double));
	share->squares = region_take(&region, (uint64_t) share->nblocks,
								 sizeof(double));
	if (o->contraction != AE_CONTRACTION_NONE)
		share->contraction = region_take(&region, (uint64_t) share->nslices,
										 sizeof(double));
	if (ae_options_variational(o))
	{
		share->noise = region_take(&region,
								   (uint64_t) model->features->ncolumns,
								   sizeof(double));
		share->residual = region_take(&region, (uint64_t) share->nslices,
									  (size_t) model->features->ncolumns *
									  sizeof(AeResidual));
	}
	share->params = region_take(&region, nparams, sizeof(float));
	share->grads = region_take(&region, nparams, sizeof(float));
	if (ae_optimizer_needs_m(o))
		share->m = region_take(&region, nparams, sizeof(float));
	if (ae_optimizer_needs_v(o))
		share->v = region_take(&region, nparams, sizeof(float));
	share->transposed = region_take(&region, share->ntransposed,
									sizeof(float));
	if (share->sums_slices)
		share->slice_grads = region_take(&region, (uint64_t) share->nslices,
										 nparams * sizeof(float));
	else
		share->activations = region_take(&region, batch_rows,
										 sizeof(float) *
										 ae_share_activations(&model->net));
	if (shape->window_rows > 0)
	{
		share->window = region_take(&region, shape->window_rows, row_bytes);
		share->order = region_take(&region, shape->window_rows,
								   sizeof(uint32_t));
	}
	if (shape->nvalidation > 0)
		share->validation = region_take(&region, shape->nvalidation,
										row_bytes);
	share->bytes = region.used;
	return region.used < SIZE_MAX - AE_ALIGN ? AE_OK : AE_ERR_MEMORY;
}
