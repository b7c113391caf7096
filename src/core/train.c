/*
 * train.c
 *	  Training: epochs of mini-batches over a dataset.
 *
 * Everything is allocated before the first mini-batch, in an arena that ends
 * with the call; what survives is written into the model's own arena.
 */
#include "core/train.h"

#include <math.h>
#include <string.h>

#include "core/corrupt.h"
#include "core/objective.h"
#include "core/optim.h"
#include "core/score_fit.h"

/* validation rows never need more memory than this */
#define TRAIN_VALIDATION_BYTES ((size_t) 8 << 20)
#define TRAIN_VALIDATION_ROWS 20000

/* random training rows that the mean loss of each column is taken over */
#define TRAIN_CALIBRATION_BYTES ((size_t) 4 << 20)
#define TRAIN_CALIBRATION_ROWS 32768

/* streams of the option seed */
enum
{
	STREAM_WEIGHTS = 1,
	STREAM_NOISE,
	STREAM_ORDER,
	STREAM_HOLD_OUT,
	STREAM_CALIBRATION,
	STREAM_SCORE
};

typedef struct Trainer
{
	AeModel    *model;
	AeDataset  *dataset;
	const AeBlas *blas;
	const AeKernels *kernels;
	AeArena		arena;

	AeCursor   *cursor;
	AeCoder    *coder;
	AeTape	   *tape;
	AeOptimizer *optimizer;
	AeRng		rng;			/* dropout and corruption */
	int			batch_rows;
	const float **rows;			/* (batch_rows) stored rows of the batch */
	const float **noisy_rows;	/* (batch_rows) into noisy */
	float	   *noisy;			/* (batch_rows, ncells), or NULL */
	float	   *target;			/* (batch_rows, AE_PAD(output_width)); the
								 * inputs where they are the same */
	float	   *grads;			/* (nparams) */

	uint64_t	nvalidation;
	float	   *validation;		/* (nvalidation, ncells) stored rows */
	float	   *best;			/* (nparams) best weights so far, or NULL */
	double		best_loss;
} Trainer;

static uint64_t
trainer_seed(const Trainer *t, uint64_t stream)
{
	AeRng		rng;

	ae_rng_seed(&rng, (uint64_t) t->model->options.seed, stream);
	return rng.key;
}

/* how many rows of the dataset fit in bytes, within [1, most] */
static uint64_t
trainer_rows_in(const Trainer *t, size_t bytes, uint64_t most)
{
	uint64_t	rows = bytes / (t->model->features->ncells * sizeof(float));

	return rows < 1 ? 1 : rows > most ? most : rows;
}

/* plain numbers without noise are input and target at once */
static bool
trainer_has_own_targets(const Trainer *t)
{
	const AeFeatures *f = t->model->features;

	if (t->model->options.corruption != AE_CORRUPTION_NONE)
		return true;
	for (int c = 0; c < f->ncolumns; c++)
		if (!f->columns[c].plain)
			return true;
	return false;
}

/* inputs and targets of t->rows, not corrupted */
static void
trainer_encode_clean(Trainer *t, int nrows)
{
	const AeFeatures *f = t->model->features;
	float	   *input = t->tape->h[0];

	ae_coder_encode(t->coder, t->kernels, nrows, t->rows,
					input, AE_PAD(f->input_width),
					t->target == input ? NULL : t->target,
					AE_PAD(f->output_width));
}

static AeStatus
trainer_allocate(Trainer *t)
{
	AeModel    *model = t->model;
	const AeOptions *o = &model->options;
	size_t		ncells = (size_t) model->features->ncells;
	size_t		rows = (size_t) t->batch_rows;
	bool		needs_noisy = o->corruption == AE_CORRUPTION_SWAP ||
		o->corruption == AE_CORRUPTION_MASK;

	AE_TRY(ae_cursor_create(t->dataset, true, &t->cursor));
	AE_TRY(ae_coder_create(t->dataset, model->features, &t->arena, &t->coder));
	AE_TRY(ae_tape_create(&model->net, t->batch_rows, &t->arena, &t->tape));
	AE_TRY(ae_optimizer_create(o, model->net.nparams, &t->arena,
							   &t->optimizer));
	t->rows = ae_arena_alloc(&t->arena, rows, sizeof(float *));
	t->noisy_rows = ae_arena_alloc(&t->arena, rows, sizeof(float *));
	t->target = trainer_has_own_targets(t)
		? ae_arena_alloc(&t->arena, rows,
						 AE_PAD((size_t) model->features->output_width) *
						 sizeof(float))
		: t->tape->h[0];
	t->grads = ae_arena_alloc(&t->arena, model->net.nparams, sizeof(float));
	if (needs_noisy)
		t->noisy = ae_arena_alloc(&t->arena, rows, ncells * sizeof(float));
	if (t->nvalidation > 0)
		t->best = ae_arena_alloc(&t->arena, model->net.nparams, sizeof(float));
	model->params = ae_arena_alloc(&model->arena, model->net.nparams,
								   sizeof(float));
	model->history = ae_arena_alloc(&model->arena, (size_t) o->epochs,
									sizeof(AeEpoch));
	if (t->rows == NULL || t->noisy_rows == NULL || t->target == NULL ||
		t->grads == NULL || (needs_noisy && t->noisy == NULL) ||
		(t->nvalidation > 0 && t->best == NULL) ||
		model->params == NULL || model->history == NULL)
		return AE_ERR_MEMORY;
	for (size_t i = 0; needs_noisy && i < rows; i++)
		t->noisy_rows[i] = t->noisy + i * ncells;
	return AE_OK;
}

/* inputs and targets of t->rows, the inputs corrupted */
static void
trainer_encode(Trainer *t, int nrows)
{
	const AeFeatures *f = t->model->features;
	const AeOptions *o = &t->model->options;
	float	   *input = t->tape->h[0];
	int			ldi = AE_PAD(f->input_width);
	int			ldt = AE_PAD(f->output_width);

	if (t->noisy == NULL)
	{
		trainer_encode_clean(t, nrows);
		if (o->corruption == AE_CORRUPTION_GAUSSIAN)
			ae_corrupt_gaussian(f, &t->rng, o->corruption_rate, nrows, input,
								ldi);
		return;
	}
	for (int i = 0; i < nrows; i++)
		memcpy(t->noisy + (size_t) i * f->ncells, t->rows[i],
			   (size_t) f->ncells * sizeof(float));
	if (o->corruption == AE_CORRUPTION_SWAP)
		ae_corrupt_swap(t->cursor, &t->rng, o->corruption_rate, nrows,
						f->ncells, t->noisy);
	else
		ae_corrupt_mask(&t->rng, o->corruption_rate, nrows, f->ncells,
						t->noisy);
	ae_coder_encode(t->coder, t->kernels, nrows, t->noisy_rows, input, ldi,
					NULL, 0);
	ae_coder_encode(t->coder, t->kernels, nrows, t->rows, NULL, 0, t->target,
					ldt);
}

/* one optimiser step on t->rows; adds the rows' loss to *loss */
static AeStatus
trainer_step(Trainer *t, int nrows, double rate, double *loss)
{
	AeModel    *model = t->model;
	AeNet	   *net = &model->net;
	float		dropout = (float) model->options.dropout;
	double		batch_loss;

	trainer_encode(t, nrows);
	ae_net_forward(net, t->blas, t->kernels, model->params, t->tape, nrows,
				   dropout, &t->rng);
	batch_loss = ae_objective(model, t->kernels, model->loss_weight, nrows,
							  AE_PAD(model->features->output_width),
							  t->tape->h[net->nlayers], t->target,
							  1.0f / (float) nrows, t->tape->dh[net->nlayers]);
	if (!isfinite(batch_loss))
		return AE_ERR_DIVERGED;
	*loss += batch_loss;
	ae_net_backward(net, t->blas, t->kernels, model->params, t->tape, nrows,
					dropout, t->grads);
	model->nsteps++;
	return ae_optimizer_step(t->optimizer, net, t->kernels, rate,
							 model->params, t->grads);
}

/* outputs in the tape and targets of count stored rows, not corrupted */
static void
trainer_forward(Trainer *t, const float *cells, int count)
{
	const AeFeatures *f = t->model->features;

	for (int i = 0; i < count; i++)
		t->rows[i] = cells + (size_t) i * f->ncells;
	trainer_encode_clean(t, count);
	ae_net_forward(&t->model->net, t->blas, t->kernels, t->model->params,
				   t->tape, count, 0.0f, NULL);
}

static int
trainer_batch(const Trainer *t, uint64_t start, uint64_t end)
{
	return end - start < (uint64_t) t->batch_rows
		? (int) (end - start) : t->batch_rows;
}

static double
trainer_validate(Trainer *t)
{
	AeModel    *model = t->model;
	int			n = model->net.nlayers;
	double		loss = 0.0;

	for (uint64_t i = 0; i < t->nvalidation;)
	{
		int			count = trainer_batch(t, i, t->nvalidation);

		trainer_forward(t, t->validation + i * model->features->ncells, count);
		loss += ae_objective(model, t->kernels, model->loss_weight, count,
							 AE_PAD(model->features->output_width),
							 t->tape->h[n], t->target, 0.0f, t->tape->dh[n]);
		i += (uint64_t) count;
	}
	return loss / (double) t->nvalidation;
}

static AeStatus
trainer_epoch(Trainer *t, int epoch, AeEpoch *result)
{
	const AeOptions *o = &t->model->options;
	uint64_t	nrows = ae_dataset_rows(t->dataset) - t->nvalidation;
	uint64_t	seen = 0;
	double		loss = 0.0;

	AE_TRY(ae_cursor_rewind(t->cursor, trainer_seed(t, STREAM_ORDER),
							(uint64_t) epoch));
	for (;;)
	{
		int			count;
		double		done;

		AE_TRY(ae_cursor_next(t->cursor, t->batch_rows, t->rows, &count));
		if (count == 0)
			break;
		done = (epoch + ((double) seen + 0.5 * count) / (double) nrows) /
			o->epochs;
		result->learning_rate = ae_schedule_rate(o, done);
		AE_TRY(trainer_step(t, count, result->learning_rate, &loss));
		seen += (uint64_t) count;
	}
	result->train_loss = loss / (double) seen;
	result->validation_loss = t->nvalidation > 0 ? trainer_validate(t) : NAN;
	return t->nvalidation > 0 && !isfinite(result->validation_loss) ?
		AE_ERR_DIVERGED : AE_OK;
}

static AeStatus
trainer_run(Trainer *t, const AeProgress *progress)
{
	AeModel    *model = t->model;
	const AeOptions *o = &model->options;
	size_t		bytes = model->net.nparams * sizeof(float);

	ae_net_init(&model->net, trainer_seed(t, STREAM_WEIGHTS), model->params);
	ae_rng_seed(&t->rng, (uint64_t) o->seed, STREAM_NOISE);
	for (int epoch = 0; epoch < o->epochs; epoch++)
	{
		AeEpoch    *result = &model->history[epoch];

		AE_TRY(trainer_epoch(t, epoch, result));
		model->nhistory = epoch + 1;
		if (progress != NULL)
			progress->epoch(progress->host, epoch + 1, o->epochs, result);
		if (t->nvalidation == 0)
			model->best_epoch = epoch + 1;
		else if (epoch == 0 || result->validation_loss < t->best_loss)
		{
			t->best_loss = result->validation_loss;
			model->best_epoch = epoch + 1;
			memcpy(t->best, model->params, bytes);
		}
		else if (o->patience > 0 &&
				 epoch + 1 - model->best_epoch >= o->patience)
			break;
	}
	if (t->nvalidation > 0)
		memcpy(model->params, t->best, bytes);
	return AE_OK;
}

/* how many of count rows have a target in any cell of the column */
static uint64_t
trainer_present(const Trainer *t, const AeColumn *column, int count)
{
	int			ldt = AE_PAD(t->model->features->output_width);
	uint64_t	present = 0;

	for (int r = 0; r < count; r++)
	{
		const float *target = t->target + (size_t) r * ldt + column->output;
		int			i = 0;

		while (i < column->ncells && isnan(target[i]))
			i++;
		present += i < column->ncells;
	}
	return present;
}

/* the mean loss of each column over a sample of the training rows */
static AeStatus
trainer_calibrate(Trainer *t)
{
	AeModel    *model = t->model;
	const AeFeatures *f = model->features;
	int			n = model->net.nlayers;
	int			ldt = AE_PAD(f->output_width);
	uint64_t	nrows = trainer_rows_in(t, TRAIN_CALIBRATION_BYTES,
										TRAIN_CALIBRATION_ROWS);
	uint64_t   *present = ae_arena_alloc(&t->arena, (size_t) f->ncolumns,
										 sizeof(uint64_t));
	float	   *cells;

	if (present == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(ae_dataset_sample(t->dataset, nrows,
							 trainer_seed(t, STREAM_CALIBRATION), &t->arena,
							 &cells, &nrows));
	for (uint64_t i = 0; i < nrows;)
	{
		int			count = trainer_batch(t, i, nrows);

		trainer_forward(t, cells + i * f->ncells, count);
		for (int c = 0; c < f->ncolumns; c++)
		{
			present[c] += trainer_present(t, &f->columns[c], count);
			model->column_loss[c] +=
				ae_objective_column(model, t->kernels, c, count, ldt,
									t->tape->h[n], t->target, t->tape->dh[n]);
		}
		i += (uint64_t) count;
	}
	for (int c = 0; c < f->ncolumns; c++)
	{
		if (present[c] > 0)
			model->column_loss[c] /= (double) present[c];
		if (!isfinite(model->column_loss[c]))
			return AE_ERR_DIVERGED;
	}
	return AE_OK;
}

static AeStatus
trainer_train(Trainer *t, const AeProgress *progress)
{
	AeModel    *model = t->model;

	AE_TRY(ae_dataset_hold_out(t->dataset, model->options.validation_fraction,
							   trainer_rows_in(t, TRAIN_VALIDATION_BYTES,
											   TRAIN_VALIDATION_ROWS),
							   trainer_seed(t, STREAM_HOLD_OUT), &t->arena,
							   &t->validation, &t->nvalidation));
	AE_TRY(ae_model_prepare(model));
	AE_TRY(trainer_allocate(t));
	AE_TRY(trainer_run(t, progress));
	AE_TRY(trainer_calibrate(t));
	AE_TRY(ae_model_prepare(model));
	return ae_score_fit(model, t->dataset, t->coder, t->blas, t->kernels,
						t->validation, t->nvalidation,
						trainer_seed(t, STREAM_SCORE));
}

AeStatus
ae_train_model(AeModel *model, AeDataset *dataset, const AeBlas *blas,
			   const AeKernels *kernels, const AeProgress *progress)
{
	Trainer		trainer;
	AeStatus	status;
	uint64_t	nrows = ae_dataset_rows(dataset);

	memset(&trainer, 0, sizeof(trainer));
	trainer.model = model;
	trainer.dataset = dataset;
	trainer.blas = blas;
	trainer.kernels = kernels;
	trainer.batch_rows = nrows < (uint64_t) model->options.batch_size
		? (int) nrows : model->options.batch_size;
	ae_arena_init(&trainer.arena, model->arena.env);
	status = trainer_train(&trainer, progress);
	if (trainer.cursor != NULL)
		ae_cursor_free(trainer.cursor);
	ae_arena_free(&trainer.arena);
	return status;
}
