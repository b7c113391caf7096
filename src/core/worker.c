/*
 * worker.c
 *	  One process's part in a training: the tasks of a step.
 */
#include "core/worker.h"

#include <string.h>

#include "core/corrupt.h"
#include "core/critic.h"
#include "core/objective.h"
#include "core/supervise.h"

/*
 * Rows, in shuffled order, from which swap noise takes cells: as good as any
 * others, and few enough for the cache.
 */
#define SWAP_ROWS 1024

/*
 * The contraction acts on the first of so many steps, so many times as
 * strongly: weights move little in between, and it costs several times what
 * the rest of a step does.  A step's number is the same in all processes.
 */
#define CONTRACT_INTERVAL 2

/* whether cells are hidden, and only their prediction is learned */
static bool
worker_hides(const AeModel *model)
{
	return model->options.corruption == AE_CORRUPTION_MASK &&
		model->options.corruption_rate > 0;
}

/*----------
 * Slices.
 *----------
 */

/* a helper lists the rows of a window that the leader has loaded */
static void
worker_see_window(AeWorker *w, const AeJob *job)
{
	size_t		ncells = (size_t) w->model->features->ncells;

	if (w->window_rows == NULL || w->window.number == job->window)
		return;
	for (uint32_t i = 0; i < job->window_rows; i++)
		w->window_rows[i] = w->share.window + w->share.order[i] * ncells;
	w->window.rows = w->window_rows;
	w->window.nrows = job->window_rows;
	w->window.number = job->window;
}

/* where slices share a tape, this one's part of it starts at row first */
static void
worker_place_slice(AeWorker *w, int first)
{
	bool		is_input = w->target == w->tape->h[0];

	if (w->share.sums_slices)
		return;
	ae_worker_place_tape(w, w->tape, first);
	if (is_input)
		w->target = w->tape->h[0];
}

/* inputs and targets of stored rows, not corrupted */
static void
worker_encode_clean(AeWorker *w, const float *const *rows, int nrows)
{
	const AeFeatures *f = w->model->features;
	float	   *input = w->tape->h[0];

	ae_coder_encode(w->coder, w->kernels, nrows, rows, input,
					AE_PAD(f->input_width),
					w->target == input ? NULL : w->target,
					AE_PAD(f->output_width));
}

/* cells from the rows that come next, which will be read anyway */
static void
worker_swap(AeWorker *w, const float *const *rows, int nrows, AeRng *rng)
{
	const float *const *all = w->window.rows;
	uint32_t	nnear = w->window.nrows < SWAP_ROWS ? w->window.nrows
		: SWAP_ROWS;
	uint32_t	first = (uint32_t) (rows - all);

	if (first > w->window.nrows - nnear)
		first = w->window.nrows - nnear;
	ae_corrupt_swap(all + first, nnear, rng,
					w->model->options.corruption_rate, nrows,
					w->model->features->ncells, w->noisy);
}

/* inputs and targets of stored rows, the inputs corrupted */
static void
worker_encode(AeWorker *w, const float *const *rows, int nrows, AeRng *rng)
{
	const AeFeatures *f = w->model->features;
	const AeOptions *o = &w->model->options;
	float	   *input = w->tape->h[0];
	int			ldi = AE_PAD(f->input_width);
	int			ldt = AE_PAD(f->output_width);

	if (w->noisy == NULL)
	{
		worker_encode_clean(w, rows, nrows);
		if (o->corruption == AE_CORRUPTION_GAUSSIAN)
			ae_corrupt_gaussian(f, rng, o->corruption_rate, nrows, input, ldi);
		return;
	}
	for (int i = 0; i < nrows; i++)
		memcpy(w->noisy + (size_t) i * f->ncells, rows[i],
			   (size_t) f->ncells * sizeof(float));
	if (o->corruption == AE_CORRUPTION_SWAP)
		worker_swap(w, rows, nrows, rng);
	else if (o->corruption == AE_CORRUPTION_MASK)
		ae_corrupt_mask(rng, o->corruption_rate, nrows, f->ncells, w->noisy);
	else
		ae_corrupt_extremes(w->least, w->largest, rng, o->corruption_rate,
							nrows, f->ncells, w->noisy);
	ae_corrupt_spare(f, nrows, rows, w->noisy);
	ae_coder_encode(w->coder, w->kernels, nrows, w->noisy_rows, input, ldi,
					NULL, 0);
	ae_coder_encode(w->coder, w->kernels, nrows, rows, NULL, 0, w->target,
					ldt);
	if (worker_hides(w->model))
		ae_corrupt_forget(f, nrows, w->noisy, w->target, ldt);
}

/*
 * The loss of what is in the tape, and its gradient times scale.  residual is
 * NULL unless the model is variational.
 */
static double
worker_loss(AeWorker *w, int nrows, float scale, AeResidual *residual)
{
	const AeModel *model = w->model;
	int			n = model->net.nlayers;

	if (residual != NULL)
		return ae_likelihood(model, w->kernels, w->share.noise, w->weight,
							 nrows, AE_PAD(model->features->output_width),
							 w->tape->h[n], w->target, scale, w->tape->dh[n],
							 residual);
	return ae_objective(model, w->kernels, model->loss_weight, nrows,
						AE_PAD(model->features->output_width), w->tape->h[n],
						w->target, scale, w->tape->dh[n]);
}

/* of the rows in the tape, without what they are given */
static const float *
worker_codes(const AeWorker *w)
{
	const AeNet *net = &w->model->net;

	return w->tape->h[ae_net_code(net) - net->layers + 1];
}

double
ae_worker_code_distance(AeWorker *w, int count, float scale)
{
	return ae_matching_distance(w->matching, w->blas, w->kernels, count,
								worker_codes(w), scale,
								w->code_gradient);
}

/*
 * What the codes in the tape cost for not being draws of a normal
 * distribution; its gradient is where the tape looks for it.
 */
static double
worker_match(AeWorker *w, int nrows, float scale, AeRng *rng, float *grads)
{
	const AeModel *model = w->model;
	const AeNet *critic = &model->companion;
	const float *params = w->share.params + model->net.nparams;
	float		weight = (float) model->options.matching_weight;

	if (model->options.matching == AE_MATCHING_NONE)
		return 0.0;
	if (model->options.matching == AE_MATCHING_MMD)
		return weight * ae_worker_code_distance(w, nrows, weight * scale);
	ae_critic_learn(critic, w->blas, w->kernels, params, w->companion, nrows,
					worker_codes(w), rng, scale,
					grads + model->net.nparams);
	return weight * ae_critic_ask(critic, w->blas, w->kernels, params,
								  w->companion, nrows, weight * scale);
}

static bool
worker_contracts(const AeWorker *w, const AeJob *job)
{
	return w->contract != NULL &&
		(job->update.step - 1) % CONTRACT_INTERVAL == 0;
}

/*
 * What the contraction costs, its gradients being with the tape until
 * worker_learn() has used them.  In between the steps that have it, the cost
 * of the last one stands in.
 */
static double
worker_contract(AeWorker *w, const AeJob *job, int slice, int nrows,
				const AePass *pass)
{
	float		weight = (float) w->model->options.contraction_weight;
	double	   *per_row = &w->share.contraction[slice];

	if (worker_contracts(w, job))
		*per_row = ae_contract_penalty(w->contract, w->blas, w->kernels,
									   w->share.params, nrows, pass,
									   CONTRACT_INTERVAL * weight) /
			((double) CONTRACT_INTERVAL * nrows);
	return *per_row * nrows;
}

static void
worker_learn(AeWorker *w, const AeJob *job, int slice, int first, int nrows)
{
	const AeNet *net = &w->model->net;
	const AeShare *share = &w->share;
	float	   *grads = NULL;
	AeResidual *residual = NULL;
	AeRng		rng;
	AePass		pass = {.rng = &rng,
		.dropout = (float) w->model->options.dropout,
		.strength = job->strength,
		.scale = 1.0f / (float) job->count
	};
	bool		semi =
		w->model->options.variant == AE_VARIANT_SEMI_SUPERVISED;
	double		loss;

	worker_see_window(w, job);
	worker_place_slice(w, first);
	if (share->sums_slices)
		grads = share->slice_grads + (size_t) slice * share->nparams;
	ae_rng_seed(&rng, w->noise_seed + job->update.step, (uint64_t) slice);
	worker_encode(w, w->window.rows + job->first + first, nrows, &rng);
	if (share->residual != NULL)
		residual = share->residual +
			(size_t) slice * (size_t) w->model->features->ncolumns;
	if (semi)
	{
		share->loss[slice] = ae_supervise_semi(w, nrows, pass, grads,
											   residual);
		return;
	}
	if (w->supervision != NULL)
		ae_supervise_inputs(w, share->params, nrows);
	loss = ae_net_forward(net, w->blas, w->kernels, share->params, w->tape,
						  nrows, &pass);
	if (w->contract != NULL)
		loss += worker_contract(w, job, slice, nrows, &pass);
	loss += worker_match(w, nrows, pass.scale, &rng, grads);
	loss += worker_loss(w, nrows, pass.scale, residual);
	if (w->supervision != NULL)
		loss += ae_supervise_code(w, nrows, &pass, grads);
	share->loss[slice] = loss;
	ae_net_backward(net, w->blas, w->kernels, share->params, w->tape, nrows,
					&pass, grads);
	if (worker_contracts(w, job))
		ae_contract_add(w->contract, grads);
}

/* inputs in the tape, and targets, of count stored rows; with a generator,
 * cells are hidden as in training */
static void
worker_read(AeWorker *w, const float *cells, int count, AeRng *hide)
{
	size_t		ncells = (size_t) w->model->features->ncells;

	for (int i = 0; i < count; i++)
		w->rows[i] = cells + (size_t) i * ncells;
	if (hide != NULL)
		worker_encode(w, w->rows, count, hide);
	else
		worker_encode_clean(w, w->rows, count);
}

/* the same through the network; returns the penalties */
static double
worker_forward(AeWorker *w, const float *params, int count,
			   const AePass *pass)
{
	if (w->supervision != NULL)
		ae_supervise_inputs(w, params, count);
	return ae_net_forward(&w->model->net, w->blas, w->kernels, params,
						  w->tape, count, pass);
}

void
ae_worker_forward(AeWorker *w, const float *params, const float *cells,
				  int count)
{
	worker_place_slice(w, 0);
	worker_read(w, cells, count, NULL);
	worker_forward(w, params, count, NULL);
}

static void
worker_validate(AeWorker *w, const AeJob *job, int slice, int first,
				int nrows)
{
	size_t		row = (size_t) job->first + (size_t) first;
	size_t		ncells = (size_t) w->model->features->ncells;
	AeRng		rng;
	const AePass pass = {.rng = &rng,.strength = 1.0f};
	double		loss;

	/* a row's noise is the same in every epoch; steps begin at 1 */
	ae_rng_seed(&rng, w->noise_seed, row);
	worker_place_slice(w, first);
	worker_read(w, w->validation + row * ncells, nrows,
				worker_hides(w->model) ? &rng : NULL);
	if (w->model->options.variant == AE_VARIANT_SEMI_SUPERVISED)
	{
		w->share.loss[slice] = ae_supervise_semi(w, nrows, pass, NULL, NULL);
		return;
	}
	loss = worker_forward(w, w->share.params, nrows, &pass);
	loss += worker_loss(w, nrows, 0.0f, w->residual);
	/* what a critic says is no measure: it changes as the encoder does */
	if (w->model->options.matching == AE_MATCHING_MMD)
		loss += w->model->options.matching_weight *
			ae_worker_code_distance(w, nrows, 0.0f);
	if (w->supervision != NULL)
		loss += ae_supervise_code(w, nrows, &pass, NULL);
	w->share.loss[slice] = loss;
}

/*----------
 * Blocks.
 *----------
 */
static void
worker_gradient(AeWorker *w, const AeJob *job, int index)
{
	const AeShare *share = &w->share;
	const AeNet *net = &w->model->net;
	const AeBlock *block = &w->blocks[index];
	float	   *grads = share->grads + block->start;

	if (share->sums_slices)
		w->kernels->add_up(block->nparams,
						   ae_share_slices(share, job->count), share->nparams,
						   share->slice_grads + block->start, grads);
	else
		ae_net_gradient(net, w->blas, w->kernels, block, w->batch,
						job->count, share->grads);
	share->squares[index] = w->kernels->sum_squares(block->nparams, grads);
}

static void
worker_transpose(AeWorker *w, const AeBlock *block)
{
	const AeModel *model = w->model;
	float	   *transposed = w->share.transposed;

	if (block->is_companion)
		ae_net_transpose(&model->companion, block, w->share.params,
						 transposed + model->net.ntransposed);
	else
		ae_net_transpose(&model->net, block, w->share.params, transposed);
}

static void
worker_update(AeWorker *w, const AeJob *job, const AeBlock *block)
{
	ae_optimizer_apply(&w->optimizer, w->kernels, &job->update, block,
					   w->share.params, w->share.grads);
	worker_transpose(w, block);
}

void
ae_worker_start(AeWorker *w)
{
	const AeModel *model = w->model;
	const AeNet *net = &model->net;

	memcpy(w->share.params, model->params, net->nparams * sizeof(float));
	if (ae_model_has_companion(model))
		memcpy(w->share.params + net->nparams, model->companion_params,
			   model->companion.nparams * sizeof(float));
	if (model->noise != NULL)
		memcpy(w->share.noise, model->noise,
			   (size_t) model->features->ncolumns * sizeof(double));
	for (int i = 0; i < w->share.nblocks; i++)
		worker_transpose(w, &w->blocks[i]);
}

int
ae_worker_tasks(const AeWorker *w, AeJobKind kind, int count)
{
	if (kind == AE_JOB_LEARN || kind == AE_JOB_VALIDATE)
		return ae_share_slices(&w->share, count);
	return w->share.nblocks;
}

void
ae_worker_task(void *arg, int index)
{
	AeWorker   *w = arg;
	const AeJob *job = w->share.job;
	int			first = index * w->share.slice_rows;
	int			nrows = job->count - first;

	if (nrows > w->share.slice_rows)
		nrows = w->share.slice_rows;
	switch (job->kind)
	{
		case AE_JOB_LEARN:
			worker_learn(w, job, index, first, nrows);
			break;
		case AE_JOB_GRADIENT:
			worker_gradient(w, job, index);
			break;
		case AE_JOB_UPDATE:
			worker_update(w, job, &w->blocks[index]);
			break;
		case AE_JOB_VALIDATE:
			worker_validate(w, job, index, first, nrows);
			break;
	}
}
