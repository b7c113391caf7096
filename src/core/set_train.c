/*
 * set_train.c
 *	  Training of networks on sets of items.
 *
 * A row that is held out is split: from most of its items the network has to
 * find the others.  What is measured is how far up it ranks them, because the
 * likelihood keeps improving when the ranking has long stopped to do so.
 */
#include "core/set_train.h"

#include <math.h>
#include <string.h>

#include "core/set_sample.h"

/* ranks that count for held-out rows, and the share of items to be found */
#define SET_RANKS 100
#define SET_HIDDEN 0.2f

#define SET_MAX_VALIDATION 2000

/* streams of the option seed */
enum
{
	STREAM_WEIGHTS = 1,
	STREAM_NOISE,
	STREAM_ORDER,
	STREAM_HOLD_OUT,
	STREAM_HIDDEN,
	STREAM_SAMPLE
};

typedef struct SetTrainer
{
	AeModel    *model;
	const AeSetRows *rows;
	const AeBlas *blas;
	const AeKernels *kernels;
	const AeProgress *progress; /* may be NULL */
	AeArena		arena;

	uint64_t   *order;			/* rows to train on, then those held out */
	uint64_t	ntrain;
	uint64_t	nvalidation;
	int			batch_rows;
	AeSetRow   *batch;			/* (batch_rows) */
	AeMember   *members;		/* of the rows of a batch */
	AeMember   *shown;			/* of the rows of a batch that are held out */
	AeMember   *hidden;			/* of the same, to be found */
	int		   *nhidden;		/* (batch_rows) */
	AeSetTape  *tape;
	AeSetSampler *sampler;		/* of the last layer; NULL: all items count */
	size_t		nheld;			/* parameters that are not the sampler's */
	float	   *params;			/* (nparams) as the next; the model's own, or
								 * those are of the best epoch */
	float	   *grads;			/* those of the first layer's weights are not
								 * touched, so they take no memory */
	void	   *grads_chunk;	/* of the host, in which grads are */
	AeOptimizer optimizer;
	double		best_loss;
	double		began;			/* seconds of the host's clock */
	bool		continues;		/* the model was trained before */
} SetTrainer;

static uint64_t
set_seed(const SetTrainer *t, uint64_t stream)
{
	return ae_rng_key((uint64_t) t->model->options.seed, stream);
}

/*----------
 * Preparations.
 *----------
 */
static void
set_shuffle(uint64_t *order, uint64_t count, uint64_t seed, uint64_t stream)
{
	AeRng		rng;

	ae_rng_seed(&rng, seed, stream);
	for (uint64_t i = count; i > 1; i--)
	{
		uint64_t	j = ae_rng_next(&rng) % i;
		uint64_t	swap = order[i - 1];

		order[i - 1] = order[j];
		order[j] = swap;
	}
}

/* which rows are trained on: the same whatever the options of the network */
static AeStatus
set_split(SetTrainer *t)
{
	uint64_t	count = t->rows->count;
	double		held = t->model->options.validation_fraction * (double) count;

	t->order = ae_arena_alloc(&t->arena, (size_t) count, sizeof(uint64_t));
	if (t->order == NULL)
		return AE_ERR_MEMORY;
	for (uint64_t i = 0; i < count; i++)
		t->order[i] = i;
	t->nvalidation = held < SET_MAX_VALIDATION
		? (uint64_t) held : SET_MAX_VALIDATION;
	t->ntrain = count - t->nvalidation;
	if (t->nvalidation > 0)
		set_shuffle(t->order, count, set_seed(t, STREAM_HOLD_OUT), 0);
	t->batch_rows = t->ntrain < (uint64_t) t->model->options.batch_size
		? (int) t->ntrain : t->model->options.batch_size;
	return AE_OK;
}

/* reads a row into members, which it points to */
static AeStatus
set_row(const SetTrainer *t, uint64_t row, AeMember *members,
		AeSetRow *result)
{
	uint32_t	nitems = (uint32_t) t->model->items->count;

	*result = (AeSetRow) {.members = members};
	AE_TRY(ae_set_rows_read(t->rows, row, members, &result->count));
	while (result->count > 0 && members[result->count - 1].item >= nitems)
	{
		result->count--;
		result->nothers++;
	}
	return AE_OK;
}

/* room for the items of a batch and a row; no more than an int counts */
static AeStatus
set_batch_members(const SetTrainer *t, int *count)
{
	const AeSetRows *rows = t->rows;
	uint64_t	longest = (uint64_t) rows->longest;
	uint64_t	all = rows->start[rows->count] + longest;
	uint64_t	most = longest * ((uint64_t) t->batch_rows + 1);

	if (most > all)
		most = all;
	if (most > INT32_MAX)
		return AE_ERR_LIMIT;
	*count = (int) most;
	return AE_OK;
}

/* an arena would clear them, and so take the memory */
static AeStatus
set_allocate_grads(SetTrainer *t)
{
	const AeEnv *env = t->arena.env;
	size_t		first = t->model->net.layers[0].bias;
	size_t		bytes = t->nheld * sizeof(float);
	uintptr_t	address;

	if (t->nheld > (SIZE_MAX - AE_ALIGN) / sizeof(float))
		return AE_ERR_MEMORY;
	t->grads_chunk = env->alloc(env->host, bytes + AE_ALIGN);
	if (t->grads_chunk == NULL)
		return AE_ERR_MEMORY;
	address = (uintptr_t) t->grads_chunk;
	t->grads = (float *) ((char *) t->grads_chunk +
						  (AE_ALIGN - address % AE_ALIGN) % AE_ALIGN);
	memset(t->grads + first, 0, bytes - first * sizeof(float));
	return AE_OK;
}

/* the parameters to start from, and a copy where the best are kept apart */
static AeStatus
set_allocate_params(SetTrainer *t)
{
	AeModel    *model = t->model;
	size_t		n = model->net.nparams;

	t->continues = model->params != NULL;
	if (model->params == NULL)
	{
		model->params = ae_arena_alloc(&model->arena, n, sizeof(float));
		if (model->params == NULL)
			return AE_ERR_MEMORY;
		ae_net_init(&model->net, set_seed(t, STREAM_WEIGHTS), model->params);
	}
	t->params = model->params;
	if (t->nvalidation == 0)
		return AE_OK;
	t->params = ae_arena_alloc(&t->arena, n, sizeof(float));
	if (t->params == NULL)
		return AE_ERR_MEMORY;
	memcpy(t->params, model->params, n * sizeof(float));
	return AE_OK;
}

/* what trains the last layer on samples, if they are smaller than all items */
static AeStatus
set_allocate_sampler(SetTrainer *t, int nmembers)
{
	const AeNet *net = &t->model->net;
	int			negatives = t->model->options.negative_samples;

	/* automatic: a model whose options do not have it */
	if (negatives <= 0 || negatives >= ae_net_outputs(net))
		return AE_OK;
	return ae_set_sampler_create(net, t->model->items, negatives,
								 t->batch_rows, nmembers, t->params,
								 &t->arena, &t->sampler);
}

static AeStatus
set_allocate_validation(SetTrainer *t, size_t nmembers)
{
	t->shown = ae_arena_alloc(&t->arena, nmembers, sizeof(AeMember));
	t->hidden = ae_arena_alloc(&t->arena, nmembers, sizeof(AeMember));
	t->nhidden = ae_arena_alloc(&t->arena, (size_t) t->batch_rows,
								sizeof(int));
	return t->shown != NULL && t->hidden != NULL && t->nhidden != NULL
		? AE_OK : AE_ERR_MEMORY;
}

static AeStatus
set_allocate(SetTrainer *t)
{
	AeModel    *model = t->model;
	const AeNet *net = &model->net;
	int			nmembers;
	float	   *m;
	float	   *v;

	AE_TRY(set_split(t));
	AE_TRY(set_batch_members(t, &nmembers));
	AE_TRY(ae_set_tape_create(net, t->batch_rows, nmembers, &t->arena,
							  &t->tape));
	t->batch = ae_arena_alloc(&t->arena, (size_t) t->batch_rows,
							  sizeof(AeSetRow));
	t->members = ae_arena_alloc(&t->arena, (size_t) nmembers,
								sizeof(AeMember));
	if (t->nvalidation > 0)
		AE_TRY(set_allocate_validation(t, (size_t) nmembers));
	AE_TRY(set_allocate_params(t));
	AE_TRY(set_allocate_sampler(t, nmembers));
	t->nheld = t->sampler != NULL ? net->layers[net->nlayers - 1].weights
		: net->nparams;
	m = ae_arena_alloc(&t->arena, t->nheld, sizeof(float));
	v = ae_arena_alloc(&t->arena, t->nheld, sizeof(float));
	model->history = ae_arena_alloc(&model->arena,
									(size_t) model->options.epochs,
									sizeof(AeEpoch));
	if (t->batch == NULL || t->members == NULL || m == NULL || v == NULL ||
		model->history == NULL)
		return AE_ERR_MEMORY;
	ae_optimizer_init(&t->optimizer, &model->options, m, v);
	t->optimizer.clip_norm = 0.0;
	return set_allocate_grads(t);
}

/*----------
 * Steps and epochs.
 *----------
 */

/* a step of the optimiser for all parameters that have gradients */
static void
set_update(SetTrainer *t, const AeUpdate *update)
{
	const AeNet *net = &t->model->net;
	AeOptimizer *o = &t->optimizer;

	ae_set_update_items(net, t->kernels, o, update, t->params, t->tape);
	if (t->sampler != NULL)
		ae_set_sampler_update(t->sampler, t->kernels, o, update);
	for (int i = 0; i < net->nlayers; i++)
	{
		const AeLayer *layer = &net->layers[i];
		size_t		first = i > 0 ? layer->weights : layer->bias;
		size_t		nweights = layer->bias - first;

		if (!ae_layer_has_weights(layer) || first >= t->nheld)
			continue;
		ae_optimizer_step(o, t->kernels, update, nweights,
						  nweights + AE_PAD((size_t) layer->out),
						  t->params + first, t->grads + first, o->m + first,
						  o->v + first);
	}
}

static double
set_backward(SetTrainer *t, int count, const AePass *pass, uint64_t step)
{
	const AeNet *net = &t->model->net;
	AeRng		rng;

	if (t->sampler == NULL)
		return ae_set_backward(net, t->blas, t->kernels, t->params, t->tape,
							   t->batch, pass, t->grads);
	ae_rng_seed(&rng, set_seed(t, STREAM_SAMPLE), step);
	return ae_set_sampler_backward(t->sampler, net, t->blas, t->kernels,
								   t->params, t->tape, t->batch, count, pass,
								   &rng, t->grads);
}

/* the batch becomes count rows in order */
static AeStatus
set_read_batch(SetTrainer *t, const uint64_t *rows, int count)
{
	AeMember   *next = t->members;

	for (int i = 0; i < count; i++)
	{
		AE_TRY(set_row(t, rows[i], next, &t->batch[i]));
		next += t->batch[i].count + t->batch[i].nothers;
	}
	return AE_OK;
}

/* one step on count rows in order; adds the rows' loss to *loss */
static AeStatus
set_step(SetTrainer *t, const uint64_t *rows, int count, double rate,
		 float strength, double *loss)
{
	AeModel    *model = t->model;
	AeUpdate	update = {.step = ++model->nsteps,.rate = rate};
	AeRng		rng;
	AePass		pass = {.rng = &rng,
		.strength = strength,
		.scale = 1.0f / (float) count
	};
	double		batch_loss;

	ae_rng_seed(&rng, set_seed(t, STREAM_NOISE), update.step);
	AE_TRY(set_read_batch(t, rows, count));
	ae_set_read(t->tape, t->batch, count,
				(float) model->options.corruption_rate, &rng);
	batch_loss = ae_set_forward(&model->net, t->blas, t->kernels, t->params,
								t->tape, &pass);
	batch_loss += set_backward(t, count, &pass, update.step);
	if (!isfinite(batch_loss))
		return AE_ERR_DIVERGED;
	*loss += batch_loss;
	AE_TRY(ae_optimizer_begin(&t->optimizer, 0.0, &update));
	set_update(t, &update);
	return AE_OK;
}

/* how much of a variational code's divergence counts */
static float
set_strength(const SetTrainer *t, double done)
{
	const AeOptions *o = &t->model->options;

	return o->variant == AE_VARIANT_MULT_VAE && !t->continues &&
		done < o->kl_warmup ? (float) (done / o->kl_warmup) : 1.0f;
}

/*----------
 * Validation.
 *----------
 */

/*
 * Splits a row; which items are hidden depends on row and seed only.  What is
 * shown and what is hidden are in memory of the caller.
 */
static AeStatus
set_hide(const SetTrainer *t, uint64_t row, AeMember *shown, AeSetRow *rest,
		 AeMember *hidden, int *nhidden)
{
	AeSetRow	all;
	AeRng		rng;

	AE_TRY(set_row(t, row, t->members, &all));
	*rest = (AeSetRow) {
		.members = shown,.nothers = all.nothers
	};
	ae_rng_seed(&rng, set_seed(t, STREAM_HIDDEN), row);
	*nhidden = 0;
	for (int i = 0; i < all.count; i++)
	{
		if (ae_rng_uniform(&rng) < SET_HIDDEN)
			hidden[(*nhidden)++] = all.members[i];
		else
			shown[rest->count++] = all.members[i];
	}
	for (int i = 0; i < all.nothers; i++)
		shown[rest->count + i] = all.members[all.count + i];
	return AE_OK;
}

/* discounted gain of the hidden items among all that are not shown */
static double
set_gain(const SetTrainer *t, float *scores, const AeSetRow *shown,
		 const AeMember *hidden, int nhidden)
{
	int			count = ae_net_outputs(&t->model->net);
	double		gain = 0.0;
	double		best = 0.0;

	for (int i = 0; i < shown->count; i++)
		scores[shown->members[i].item] = -INFINITY;
	for (int i = 0; i < nhidden; i++)
	{
		float		score = scores[hidden[i].item];
		int			rank = 0;

		t->arena.env->poll(t->arena.env->host);
		for (int j = 0; j < count; j++)
			rank += scores[j] > score;
		if (rank < SET_RANKS)
			gain += 1.0 / log2(rank + 2.0);
		if (i < SET_RANKS)
			best += 1.0 / log2(i + 2.0);
	}
	return gain / best;
}

/* adds up the gains of count held-out rows, and how many have hidden items */
static AeStatus
set_validate_batch(SetTrainer *t, const uint64_t *rows, int count,
				   double *gain, uint64_t *measured)
{
	const AeNet *net = &t->model->net;
	int			nitems = ae_net_outputs(net);
	int			slice = ae_set_slice_rows(nitems, t->batch_rows);
	AeMember   *shown = t->shown;
	AeMember   *hidden = t->hidden;

	for (int i = 0; i < count; i++)
	{
		AE_TRY(set_hide(t, rows[i], shown, &t->batch[i], hidden,
						&t->nhidden[i]));
		shown += t->batch[i].count + t->batch[i].nothers;
		hidden += t->nhidden[i];
	}
	ae_set_read(t->tape, t->batch, count, 0.0f, NULL);
	ae_set_forward(net, t->blas, t->kernels, t->params, t->tape, NULL);
	hidden = t->hidden;
	for (int i = 0; i < count; i++)
	{
		if (i % slice == 0)
			ae_set_outputs(net, t->blas, t->params, t->tape, i,
						   count - i < slice ? count - i : slice);
		if (t->nhidden[i] > 0 && t->batch[i].count > 0)
		{
			*gain += set_gain(t, ae_set_output_row(net, t->tape, i % slice),
							  &t->batch[i], hidden, t->nhidden[i]);
			++*measured;
		}
		hidden += t->nhidden[i];
	}
	return AE_OK;
}

/* 1 - normalised discounted cumulative gain of the first ranks */
static AeStatus
set_validate(SetTrainer *t, double *loss)
{
	double		gain = 0.0;
	uint64_t	measured = 0;

	for (uint64_t i = 0; i < t->nvalidation;)
	{
		uint64_t	left = t->nvalidation - i;
		int			count = left < (uint64_t) t->batch_rows
			? (int) left : t->batch_rows;

		AE_TRY(set_validate_batch(t, t->order + t->ntrain + i, count, &gain,
								  &measured));
		i += (uint64_t) count;
	}
	*loss = measured > 0 ? 1.0 - gain / (double) measured : NAN;
	return AE_OK;
}

/*----------
 * Epochs.
 *----------
 */
static AeStatus
set_epoch(SetTrainer *t, int epoch, int epochs, AeEpoch *result)
{
	const AeOptions *o = &t->model->options;
	double		loss = 0.0;

	set_shuffle(t->order, t->ntrain, set_seed(t, STREAM_ORDER),
				(uint64_t) epoch);
	for (uint64_t i = 0; i < t->ntrain;)
	{
		uint64_t	left = t->ntrain - i;
		int			count = left < (uint64_t) t->batch_rows
			? (int) left : t->batch_rows;
		double		done = (epoch + ((double) i + 0.5 * count) /
							(double) t->ntrain) / epochs;

		if (t->progress != NULL)
			t->progress->advance(t->progress->host, done);
		result->learning_rate = ae_schedule_rate(o, done);
		AE_TRY(set_step(t, t->order + i, count, result->learning_rate,
						set_strength(t, done), &loss));
		i += (uint64_t) count;
	}
	if (t->sampler != NULL)
		ae_set_sampler_store(t->sampler, &t->model->net, t->params);
	result->train_loss = loss / (double) t->ntrain;
	return set_validate(t, &result->validation_loss);
}

/* whether max_seconds leave time for another epoch */
static bool
set_has_time(const SetTrainer *t)
{
	double		limit = t->model->options.max_seconds;

	return limit <= 0.0 || t->progress == NULL ||
		t->progress->seconds(t->progress->host) - t->began < limit;
}

static void
set_keep(SetTrainer *t, int epoch)
{
	AeModel    *model = t->model;

	model->best_epoch = epoch;
	if (t->params == model->params)
		return;
	memcpy(model->params, t->params, model->net.nparams * sizeof(float));
}

/* no loss tells what the last step did, or steps of items in no sample */
static AeStatus
set_check(const AeModel *model)
{
	for (size_t i = 0; i < model->net.nparams; i++)
		if (!isfinite(model->params[i]))
			return AE_ERR_DIVERGED;
	return AE_OK;
}

static AeStatus
set_run(SetTrainer *t)
{
	AeModel    *model = t->model;
	const AeOptions *o = &model->options;

	if (t->progress != NULL)
		t->began = t->progress->seconds(t->progress->host);
	for (int epoch = 0; epoch < o->epochs && (epoch == 0 || set_has_time(t));
		 epoch++)
	{
		AeEpoch    *result = &model->history[epoch];

		AE_TRY(set_epoch(t, epoch, o->epochs, result));
		model->nhistory = epoch + 1;
		if (t->progress != NULL)
			t->progress->epoch(t->progress->host, epoch + 1, o->epochs,
							   result);
		if (isnan(result->validation_loss))
			continue;
		if (epoch == 0 || result->validation_loss < t->best_loss)
		{
			t->best_loss = result->validation_loss;
			set_keep(t, epoch + 1);
		}
		else if (o->patience > 0 && epoch + 1 - model->best_epoch >=
				 o->patience)
			break;
	}
	if (model->best_epoch == 0)
		set_keep(t, model->nhistory);
	return set_check(model);
}

AeStatus
ae_set_train(AeModel *model, const AeSetRows *rows, const AeBlas *blas,
			 const AeKernels *kernels, const AeProgress *progress)
{
	SetTrainer	trainer = {
		.model = model,
		.rows = rows,
		.blas = blas,
		.kernels = kernels,
		.progress = progress
	};
	AeStatus	status;

	ae_arena_init(&trainer.arena, model->arena.env);
	status = set_allocate(&trainer);
	if (status == AE_OK)
		status = set_run(&trainer);
	if (trainer.grads_chunk != NULL)
		model->arena.env->release(model->arena.env->host,
								  trainer.grads_chunk);
	ae_arena_free(&trainer.arena);
	return status;
}
