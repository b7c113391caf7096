/*
 * worker_create.c
 *	  A worker's memory: everything that its tasks will take.
 */
#include "core/codec.h"
#include "core/supervise.h"
#include "core/worker.h"

/* stream of the option seed for noise; train.c has the others */
#define NOISE_STREAM 2

/* plain numbers without noise are input and target at once */
static bool
worker_has_own_targets(const AeModel *model)
{
	const AeFeatures *f = model->features;

	if (model->options.corruption != AE_CORRUPTION_NONE)
		return true;
	for (int c = 0; c < f->ncolumns; c++)
		if (!f->columns[c].plain)
			return true;
	return false;
}

static bool
worker_needs_noisy(const AeModel *model)
{
	return model->options.corruption == AE_CORRUPTION_SWAP ||
		model->options.corruption == AE_CORRUPTION_MASK ||
		model->options.corruption == AE_CORRUPTION_SALT_PEPPER;
}

void
ae_worker_place_tape(const AeWorker *w, AeTape *tape, int first)
{
	const AeNet *net = &w->model->net;
	size_t		rows = (size_t) w->share.shape.batch_rows;
	float	   *next = w->share.activations;

	for (int i = 0; i <= net->nlayers; i++)
	{
		int			width = i == 0 ? ae_net_inputs(net) :
			net->layers[i - 1].out;
		size_t		ld = AE_PAD((size_t) width);

		tape->h[i] = next + (size_t) first * ld;
		next += rows * ld;
		if (i == 0)
			continue;
		tape->dh[i] = next + (size_t) first * ld;
		next += rows * ld;
	}
}

/* without memory for h and dh, which ae_worker_place_tape() provides */
static AeStatus
worker_create_tape(const AeWorker *w, int slope_rows, AeArena *arena,
				   AeTape **tape)
{
	const AeNet *net = &w->model->net;
	size_t		n = (size_t) net->nlayers;
	AeTape	   *t = ae_arena_alloc(arena, 1, sizeof(AeTape));

	if (t == NULL)
		return AE_ERR_MEMORY;
	t->env = arena->env;
	t->rows = slope_rows;
	t->h = ae_arena_alloc(arena, n + 1, sizeof(float *));
	t->slope = ae_arena_alloc(arena, n, sizeof(float *));
	t->dh = ae_arena_alloc(arena, n + 1, sizeof(float *));
	t->scratch = ae_arena_alloc(arena, ae_tape_scratch(net), sizeof(float));
	if (t->h == NULL || t->slope == NULL || t->dh == NULL ||
		t->scratch == NULL)
		return AE_ERR_MEMORY;
	for (size_t i = 0; i < n; i++)
	{
		size_t		ld = AE_PAD((size_t) net->layers[i].out);

		t->slope[i] = ae_arena_alloc(arena, (size_t) slope_rows,
									 ld * sizeof(float));
		if (t->slope[i] == NULL)
			return AE_ERR_MEMORY;
	}
	ae_worker_place_tape(w, t, 0);
	*tape = t;
	return AE_OK;
}

static AeStatus
worker_alloc_tapes(AeWorker *w, AeArena *arena)
{
	if (w->share.sums_slices)
		return ae_tape_create(&w->model->net,
							  ae_supervise_rows(w->model,
												w->share.slice_rows),
							  arena, &w->tape);
	AE_TRY(worker_create_tape(w, w->share.slice_rows, arena, &w->tape));
	return worker_create_tape(w, 0, arena, &w->batch);
}

/* the companion; a critic also reads draws, and asks for other codes */
static AeStatus
worker_alloc_companion(AeWorker *w, AeArena *arena)
{
	const AeNet *net = &w->model->companion;
	size_t		ld = AE_PAD((size_t) ae_net_inputs(net));
	bool		is_critic =
		w->model->options.matching == AE_MATCHING_ADVERSARIAL;
	int			rows = w->share.slice_rows * (is_critic ? 2 : 1);

	AE_TRY(ae_tape_create(net, rows, arena, &w->companion));
	w->companion->transposed =
		w->share.transposed + w->model->net.ntransposed;
	w->companion->dh[0] = ae_arena_alloc(arena, (size_t) rows,
										 ld * sizeof(float));
	if (w->companion->dh[0] == NULL)
		return AE_ERR_MEMORY;
	if (is_critic)
		w->tape->code_gradient = w->companion->dh[0];
	return AE_OK;
}

static AeStatus
worker_alloc_matching(AeWorker *w, AeArena *arena)
{
	int			latent = ae_net_code(&w->model->net)->out;
	size_t		row_bytes = AE_PAD((size_t) latent) * sizeof(float);

	w->code_gradient = ae_arena_alloc(arena, (size_t) w->share.slice_rows,
									  row_bytes);
	if (w->code_gradient == NULL)
		return AE_ERR_MEMORY;
	w->tape->code_gradient = w->code_gradient;
	return ae_matching_create(latent, arena, &w->matching);
}

static AeStatus
worker_alloc_noisy(AeWorker *w, AeArena *arena)
{
	size_t		rows = (size_t) w->share.slice_rows;
	size_t		ncells = (size_t) w->model->features->ncells;

	w->noisy = ae_arena_alloc(arena, rows, ncells * sizeof(float));
	w->noisy_rows = ae_arena_alloc(arena, rows, sizeof(float *));
	w->least = ae_arena_alloc(arena, ncells, sizeof(float));
	w->largest = ae_arena_alloc(arena, ncells, sizeof(float));
	if (w->noisy == NULL || w->noisy_rows == NULL || w->least == NULL ||
		w->largest == NULL)
		return AE_ERR_MEMORY;
	for (size_t i = 0; i < rows; i++)
		w->noisy_rows[i] = w->noisy + i * ncells;
	ae_coder_extremes(w->coder, w->least, w->largest);
	return AE_OK;
}

static AeStatus
worker_alloc(AeWorker *w, AeArena *arena)
{
	const AeModel *model = w->model;
	const AeFeatures *f = model->features;
	size_t		rows = (size_t) w->share.slice_rows;

	AE_TRY(worker_alloc_tapes(w, arena));
	w->tape->transposed = w->share.transposed;
	if (model->options.contraction != AE_CONTRACTION_NONE)
		AE_TRY(ae_contract_create(&model->net, w->tape,
								  (AeContraction) model->options.contraction,
								  arena, &w->contract));
	if (model->options.matching != AE_MATCHING_NONE)
		AE_TRY(worker_alloc_matching(w, arena));
	if (ae_model_has_companion(model))
		AE_TRY(worker_alloc_companion(w, arena));
	w->blocks = ae_arena_alloc(arena, (size_t) w->share.nblocks,
							   sizeof(AeBlock));
	w->rows = ae_arena_alloc(arena, rows, sizeof(float *));
	if (model->classes != NULL)
		AE_TRY(ae_supervise_create(model, w->share.slice_rows, arena,
								   &w->supervision));
	w->target = w->tape->h[0];
	if (worker_has_own_targets(model))
		w->target = ae_arena_alloc(arena, (size_t)
								   ae_supervise_rows(model,
													 w->share.slice_rows),
								   sizeof(float) *
								   AE_PAD((size_t) f->output_width));
	if (w->blocks == NULL || w->rows == NULL || w->target == NULL)
		return AE_ERR_MEMORY;
	ae_share_blocks(&w->share, model, w->blocks);
	if (ae_options_variational(&model->options))
	{
		w->weight = ae_arena_alloc(arena, (size_t) f->output_width,
								   sizeof(float));
		w->residual = ae_arena_alloc(arena, (size_t) f->ncolumns,
									 sizeof(AeResidual));
		if (w->weight == NULL || w->residual == NULL)
			return AE_ERR_MEMORY;
	}
	return worker_needs_noisy(model) ? worker_alloc_noisy(w, arena) : AE_OK;
}

AeStatus
ae_worker_create(const AeModel *model, const AeCoder *coder,
				 const AeBlas *blas, const AeKernels *kernels,
				 const AeShape *shape, void *base, AeArena *arena,
				 AeWorker **worker)
{
	AeWorker   *w = ae_arena_alloc(arena, 1, sizeof(AeWorker));

	if (w == NULL)
		return AE_ERR_MEMORY;
	w->model = model;
	w->coder = coder;
	w->blas = blas;
	w->kernels = kernels;
	AE_TRY(ae_share_layout(&w->share, model, shape, base));
	ae_optimizer_init(&w->optimizer, &model->options, w->share.m, w->share.v);
	w->noise_seed = ae_rng_key((uint64_t) model->options.seed, NOISE_STREAM);
	w->validation = w->share.validation;
	AE_TRY(worker_alloc(w, arena));
	*worker = w;
	return AE_OK;
}

void
ae_worker_write_plan(const AeModel *model, const AeCoder *coder,
					 const AeShape *shape, AeWriter *w)
{
	ae_codec_write_plan(model, w);
	ae_coder_write(coder, w);
	ae_write_u32(w, (uint32_t) shape->batch_rows);
	ae_write_u64(w, shape->window_rows);
	ae_write_u64(w, shape->nvalidation);
}

AeStatus
ae_worker_join(AeReader *plan, const AeBlas *blas, const AeKernels *kernels,
			   void *base, AeArena *arena, AeWorker **worker)
{
	AeModel    *model;
	AeCoder    *coder;
	AeShape		shape;

	AE_TRY(ae_codec_read_plan(arena->env, plan, &model));
	AE_TRY(ae_coder_read(plan, model->features, arena, &coder));
	shape.batch_rows = (int) ae_read_u32(plan);
	shape.window_rows = ae_read_u64(plan);
	shape.nvalidation = ae_read_u64(plan);
	if (plan->failed)
		return AE_ERR_CORRUPT;
	AE_TRY(ae_worker_create(model, coder, blas, kernels, &shape, base, arena,
							worker));
	(*worker)->window_rows = ae_arena_alloc(arena,
											(size_t) shape.window_rows,
											sizeof(float *));
	return (*worker)->window_rows != NULL ? AE_OK : AE_ERR_MEMORY;
}
