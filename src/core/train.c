/*
 * train.c
 *	  Training: epochs of mini-batches over a dataset.
 *
 * The leader's side: it reads the rows, gives out the tasks of each step, and
 * sums up what comes back.  Everything is allocated before the first
 * mini-batch, in an arena that ends with the call; what survives is written
 * into the model's own arena.
 */
#include "core/train.h"

#include <math.h>
#include <string.h>

#include "core/critic.h"
#include "core/density_fit.h"
#include "core/impute.h"
#include "core/objective.h"
#include "core/score_fit.h"
#include "core/worker.h"

/* validation rows never need more memory than this */
#define TRAIN_VALIDATION_BYTES ((size_t) 8 << 20)
#define TRAIN_VALIDATION_ROWS 12000

/* random training rows that the mean loss of each column is taken over */
#define TRAIN_CALIBRATION_BYTES ((size_t) 4 << 20)
#define TRAIN_CALIBRATION_ROWS 32768

/* share of a row's largest unit beyond which others are active */
#define TRAIN_ACTIVE 0.1f
/* with fewer held-out rows residuals are those of training rows */
#define TRAIN_RESIDUAL_ROWS 500

/* streams of the option seed; 2 is for noise, see worker.c */
enum
{
	STREAM_WEIGHTS = 1,
	STREAM_ORDER = 3,
	STREAM_HOLD_OUT,
	STREAM_CALIBRATION,
	STREAM_SCORE,
	STREAM_RESIDUALS,
	STREAM_DENSITY,
	STREAM_COMPANION
};

typedef struct Trainer
{
	AeModel    *model;
	AeDataset  *dataset;
	const AeBlas *blas;
	const AeKernels *kernels;
	const AeTeam *team;			/* NULL: the leader trains alone */
	const AeProgress *progress; /* may be NULL */
	AeArena		arena;

	AeCursor   *cursor;
	AeCoder    *coder;
	AeWorker   *worker;			/* the leader's own */
	AeShape		shape;
	bool		continues;		/* the model was trained before */
	const float **rows;			/* (batch_rows), of no interest */

	uint64_t	nvalidation;
	float	   *validation;		/* (nvalidation, ncells) stored rows */
	double		best_loss;
	double		began;			/* seconds of the host's clock */
} Trainer;

static uint64_t
trainer_seed(const Trainer *t, uint64_t stream)
{
	return ae_rng_key((uint64_t) t->model->options.seed, stream);
}

/* how many rows of the dataset fit in bytes, within [1, most] */
static uint64_t
trainer_rows_in(const Trainer *t, size_t bytes, uint64_t most)
{
	uint64_t	rows = bytes / (t->model->features->ncells * sizeof(float));

	return rows < 1 ? 1 : rows > most ? most : rows;
}

/*----------
 * Preparations.
 *----------
 */

/* memory that helpers share; NULL when there are none */
static AeStatus
trainer_ask_team(Trainer *t, void **base)
{
	AeShape		shape = t->shape;
	AeShare		share;
	AeWriter	plan = {NULL, 0, 0};

	*base = NULL;
	shape.window_rows = ae_dataset_window_rows(t->dataset);
	shape.nvalidation = t->nvalidation;
	AE_TRY(ae_share_layout(&share, t->model, &shape, NULL));
	ae_worker_write_plan(t->model, t->coder, &shape, &plan);
	plan.size = plan.used;
	plan.used = 0;
	plan.data = ae_arena_alloc(&t->arena, plan.size, 1);
	if (plan.data == NULL)
		return AE_ERR_MEMORY;
	ae_worker_write_plan(t->model, t->coder, &shape, &plan);
	*base = t->team->start(t->team->host, plan.data, plan.size, share.bytes);
	if (*base != NULL)
		t->shape = shape;
	else
		t->team = NULL;
	return AE_OK;
}

/* the leader's worker, over memory of the team or of its own */
static AeStatus
trainer_create_worker(Trainer *t)
{
	AeShare		share;
	void	   *base = NULL;

	if (t->team != NULL)
		AE_TRY(trainer_ask_team(t, &base));
	AE_TRY(ae_share_layout(&share, t->model, &t->shape, NULL));
	if (base == NULL)
		base = ae_arena_alloc(&t->arena, share.bytes, 1);
	if (base == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(ae_worker_create(t->model, t->coder, t->blas, t->kernels,
							&t->shape, base, &t->arena, &t->worker));
	if (t->team != NULL)
	{
		ae_cursor_share(t->cursor, t->worker->share.window,
						t->worker->share.order);
		if (t->nvalidation > 0)
			memcpy(t->worker->share.validation, t->validation,
				   (size_t) t->nvalidation * sizeof(float) *
				   (size_t) t->model->features->ncells);
	}
	t->worker->validation = t->validation;
	return AE_OK;
}

/* random weights of a network that has none yet */
static AeStatus
trainer_init(Trainer *t, const AeNet *net, uint64_t stream, float **params)
{
	if (*params != NULL)
		return AE_OK;
	*params = ae_arena_alloc(&t->model->arena, net->nparams, sizeof(float));
	if (*params == NULL)
		return AE_ERR_MEMORY;
	ae_net_init(net, trainer_seed(t, stream), *params);
	return AE_OK;
}

static AeStatus
trainer_allocate(Trainer *t)
{
	AeModel    *model = t->model;

	AE_TRY(ae_cursor_create(t->dataset, true, &t->cursor));
	AE_TRY(ae_coder_create(t->dataset, model->features, &t->arena, &t->coder));
	AE_TRY(trainer_create_worker(t));
	t->rows = ae_arena_alloc(&t->arena, (size_t) t->shape.batch_rows,
							 sizeof(float *));
	t->continues = model->params != NULL;
	AE_TRY(trainer_init(t, &model->net, STREAM_WEIGHTS, &model->params));
	if (ae_model_has_companion(model))
		AE_TRY(trainer_init(t, &model->companion, STREAM_COMPANION,
							&model->companion_params));
	model->history = ae_arena_alloc(&model->arena,
									(size_t) model->options.epochs,
									sizeof(AeEpoch));
	if (t->rows == NULL || model->history == NULL)
		return AE_ERR_MEMORY;
	return AE_OK;
}

/*----------
 * Steps and epochs.
 *----------
 */

/* all tasks of a job over count rows; returns the sum of results, in order */
static double
trainer_run_job(Trainer *t, AeJobKind kind, int count, const double *results)
{
	AeWorker   *worker = t->worker;
	int			ntasks = ae_worker_tasks(worker, kind, count);
	double		sum = 0.0;

	worker->share.job->kind = kind;
	worker->share.job->count = count;
	if (t->team != NULL)
		t->team->run(t->team->host, ntasks, ae_worker_task, worker);
	else
		for (int i = 0; i < ntasks; i++)
			ae_worker_task(worker, i);
	for (int i = 0; i < ntasks && results != NULL; i++)
		sum += results[i];
	return sum;
}

/* one step of the optimiser on count rows; adds the rows' loss to *loss */
static AeStatus
trainer_step(Trainer *t, int count, double rate, float strength,
			 double *loss)
{
	const AeShare *share = &t->worker->share;
	AeWindow	window = ae_cursor_window(t->cursor);
	AeJob	   *job = share->job;
	double		batch_loss;
	double		squares;

	t->worker->window = window;
	job->first = window.next - (uint32_t) count;
	job->window = window.number;
	job->window_rows = window.nrows;
	job->update.step = ++t->model->nsteps;
	job->update.rate = rate;
	job->strength = strength;
	batch_loss = trainer_run_job(t, AE_JOB_LEARN, count, share->loss);
	if (!isfinite(batch_loss))
		return AE_ERR_DIVERGED;
	*loss += batch_loss;
	if (share->noise != NULL)
		ae_likelihood_learn(t->model, ae_share_slices(share, count),
							share->residual, share->noise);
	squares = trainer_run_job(t, AE_JOB_GRADIENT, count, share->squares);
	AE_TRY(ae_optimizer_begin(&t->worker->optimizer, squares, &job->update));
	trainer_run_job(t, AE_JOB_UPDATE, count, NULL);
	return AE_OK;
}

static double
trainer_validate(Trainer *t)
{
	const AeShare *share = &t->worker->share;
	double		loss = 0.0;

	for (uint64_t i = 0; i < t->nvalidation;)
	{
		uint64_t	left = t->nvalidation - i;
		int			count = left < (uint64_t) t->shape.batch_rows
			? (int) left : t->shape.batch_rows;

		share->job->first = i;
		loss += trainer_run_job(t, AE_JOB_VALIDATE, count, share->loss);
		i += (uint64_t) count;
	}
	return loss / (double) t->nvalidation;
}

/* the host hears of it once a window */
static void
trainer_advance(const Trainer *t, uint64_t *window, double done)
{
	uint64_t	number = ae_cursor_window(t->cursor).number;

	if (t->progress != NULL && number != *window)
		t->progress->advance(t->progress->host, done);
	*window = number;
}

/*
 * What of a code's penalties counts: that of a variational code would be
 * lowest for a code that says nothing, as long as the decoder has not learned
 * to read it.
 */
static float
trainer_strength(const Trainer *t, double done)
{
	const AeOptions *o = &t->model->options;

	if (t->continues || !ae_options_variational(o) ||
		!(done < o->kl_warmup))
		return 1.0f;
	return (float) (done / o->kl_warmup);
}

static AeStatus
trainer_epoch(Trainer *t, int epoch, int epochs, AeEpoch *result)
{
	uint64_t	nrows = ae_dataset_rows(t->dataset) - t->nvalidation;
	uint64_t	seen = 0;
	uint64_t	window = 0;
	double		loss = 0.0;

	AE_TRY(ae_cursor_rewind(t->cursor, trainer_seed(t, STREAM_ORDER),
							(uint64_t) epoch));
	for (;;)
	{
		int			count;
		double		done;

		AE_TRY(ae_cursor_next(t->cursor, t->shape.batch_rows, t->rows,
							  &count));
		if (count == 0)
			break;
		done = (epoch + ((double) seen + 0.5 * count) / (double) nrows) /
			epochs;
		trainer_advance(t, &window, done);
		result->learning_rate = ae_schedule_rate(&t->model->options, done);
		AE_TRY(trainer_step(t, count, result->learning_rate,
							trainer_strength(t, done), &loss));
		seen += (uint64_t) count;
	}
	result->train_loss = loss / (double) seen;
	result->validation_loss = t->nvalidation > 0 ? trainer_validate(t) : NAN;
	return t->nvalidation > 0 && !isfinite(result->validation_loss) ?
		AE_ERR_DIVERGED : AE_OK;
}

/*
 * Epochs of the whole training after so many are done: as many as were asked
 * for, or as fit into max_seconds, the one in which they end included.  The
 * schedule follows, so that the learning rate has fallen when time is over.
 */
static int
trainer_plan_epochs(const Trainer *t, int done)
{
	const AeOptions *o = &t->model->options;
	double		elapsed;
	double		left;

	if (o->max_seconds <= 0.0 || t->progress == NULL || done == 0)
		return o->epochs;
	elapsed = t->progress->seconds(t->progress->host) - t->began;
	if (elapsed >= o->max_seconds)
		return done;
	left = ceil((o->max_seconds - elapsed) / (elapsed / done));
	return left < o->epochs - done ? done + (int) left : o->epochs;
}

/* the model is what training has come to */
static void
trainer_keep(Trainer *t)
{
	AeModel    *model = t->model;
	const AeShare *share = &t->worker->share;

	memcpy(model->params, share->params, model->net.nparams * sizeof(float));
	if (ae_model_has_companion(model))
		memcpy(model->companion_params, share->params + model->net.nparams,
			   model->companion.nparams * sizeof(float));
	if (model->noise != NULL)
		memcpy(model->noise, share->noise,
			   (size_t) model->features->ncolumns * sizeof(double));
}

static AeStatus
trainer_run(Trainer *t)
{
	AeModel    *model = t->model;
	const AeOptions *o = &model->options;
	const AeProgress *progress = t->progress;
	int			epochs = o->epochs;

	ae_worker_start(t->worker);
	if (progress != NULL)
		t->began = progress->seconds(progress->host);
	for (int epoch = 0; epoch < epochs; epoch++)
	{
		AeEpoch    *result = &model->history[epoch];

		AE_TRY(trainer_epoch(t, epoch, epochs, result));
		model->nhistory = epoch + 1;
		epochs = trainer_plan_epochs(t, epoch + 1);
		if (t->nvalidation == 0)
			model->best_epoch = epoch + 1;
		else if (epoch == 0 || result->validation_loss < t->best_loss)
		{
			t->best_loss = result->validation_loss;
			model->best_epoch = epoch + 1;
			trainer_keep(t);
		}
		else if (o->patience > 0 &&
				 epoch + 1 - model->best_epoch >= o->patience)
			epochs = epoch + 1;
		if (progress != NULL)
			progress->epoch(progress->host, epoch + 1, epochs, result);
	}
	if (t->nvalidation == 0)
		trainer_keep(t);
	return AE_OK;
}

/*----------
 * Afterwards.
 *----------
 */

/* how many of count rows have a target in any cell of the column */
static uint64_t
trainer_present(const Trainer *t, const AeColumn *column, int count)
{
	const float *targets = t->worker->target + column->output;
	int			ldt = AE_PAD(t->model->features->output_width);
	uint64_t	present = 0;

	for (int r = 0; r < count; r++)
	{
		const float *target = targets + (size_t) r * ldt;
		int			i = 0;

		while (i < column->ncells && isnan(target[i]))
			i++;
		present += i < column->ncells;
	}
	return present;
}

/*
 * How active a unit of a sparse code is: 1 or 0 where only the largest units
 * of a row count, and beyond a share of the largest of the row; itself where
 * it is a share already.
 */
static float
trainer_activity(const AeLayer *code, float h, float largest)
{
	if (code->target > 0.0f)
		return h;
	if (code->kept > 0)
		return h != 0.0f;
	return fabsf(h) > TRAIN_ACTIVE * largest;
}

/* adds up how active each unit of the code is in count rows */
static void
trainer_add_activity(Trainer *t, int count)
{
	AeModel    *model = t->model;
	const AeNet *net = &model->net;
	const AeLayer *layer = ae_net_code(net);
	float	   *const *h = t->worker->tape->h + (layer - net->layers);
	const float *code = h[1];

	if (layer->kind == AE_LAYER_GAUSSIAN)
	{
		for (int j = 0; j < layer->out; j++)
			model->unit_activity[j] += (float)
				ae_gaussian_divergence(layer, count, h[0], j);
		return;
	}
	for (int r = 0; r < count; r++, code += AE_PAD((size_t) layer->out))
	{
		float		largest = 0.0f;

		for (int j = 0; j < layer->out; j++)
			largest = fmaxf(largest, fabsf(code[j]));
		for (int j = 0; j < layer->out; j++)
			model->unit_activity[j] +=
				trainer_activity(layer, code[j], largest);
	}
}

/* the mean loss of each column over a sample of the training rows */
static AeStatus
trainer_calibrate(Trainer *t)
{
	AeModel    *model = t->model;
	const AeFeatures *f = model->features;
	AeWorker   *worker = t->worker;
	int			n = model->net.nlayers;
	int			ldt = AE_PAD(f->output_width);
	uint64_t	nrows = trainer_rows_in(t, TRAIN_CALIBRATION_BYTES,
										TRAIN_CALIBRATION_ROWS);
	uint64_t   *present = ae_arena_alloc(&t->arena, (size_t) f->ncolumns,
										 sizeof(uint64_t));
	double		distance = 0.0;
	float	   *cells;

	if (present == NULL)
		return AE_ERR_MEMORY;
	if (model->unit_activity != NULL)
		memset(model->unit_activity, 0,
			   (size_t) ae_net_code(&model->net)->out * sizeof(float));
	AE_TRY(ae_dataset_sample(t->dataset, nrows,
							 trainer_seed(t, STREAM_CALIBRATION), &t->arena,
							 &cells, &nrows));
	for (uint64_t i = 0; i < nrows;)
	{
		uint64_t	left = nrows - i;
		int			count = left < (uint64_t) worker->share.slice_rows
			? (int) left : worker->share.slice_rows;

		ae_worker_forward(worker, model->params, cells + i * f->ncells,
						  count);
		if (model->unit_activity != NULL)
			trainer_add_activity(t, count);
		if (worker->matching != NULL)
			distance += ae_worker_code_distance(worker, count, 0.0f);
		for (int c = 0; c < f->ncolumns; c++)
		{
			present[c] += trainer_present(t, &f->columns[c], count);
			model->column_loss[c] +=
				ae_objective_column(model, t->kernels, c, count, ldt,
									worker->tape->h[n], worker->target,
									worker->tape->dh[n]);
		}
		i += (uint64_t) count;
	}
	for (int j = 0; model->unit_activity != NULL &&
		 j < ae_net_code(&model->net)->out; j++)
		model->unit_activity[j] /= (float) nrows;
	model->code_distance = distance / (double) nrows;
	if (!isfinite(model->code_distance))
		return AE_ERR_DIVERGED;
	for (int c = 0; c < f->ncolumns; c++)
	{
		if (present[c] > 0)
			model->column_loss[c] /= (double) present[c];
		if (!isfinite(model->column_loss[c]))
			return AE_ERR_DIVERGED;
	}
	return AE_OK;
}

/*
 * What is left of hidden cells, of rows that were not trained on if there are
 * enough.
 */
static AeStatus
trainer_fit_residuals(Trainer *t)
{
	uint64_t	seed = trainer_seed(t, STREAM_RESIDUALS);
	uint64_t	nrows = t->nvalidation;
	float	   *cells = t->validation;

	/* an update may hide nothing; the residuals before it are better then */
	if (t->model->residuals == NULL ||
		t->model->options.corruption != AE_CORRUPTION_MASK)
		return AE_OK;
	if (nrows < TRAIN_RESIDUAL_ROWS)
		AE_TRY(ae_dataset_sample(t->dataset,
								 trainer_rows_in(t, TRAIN_CALIBRATION_BYTES,
												 TRAIN_CALIBRATION_ROWS),
								 seed, &t->arena, &cells, &nrows));
	return ae_impute_fit(t->model, t->coder, t->kernels, cells, nrows, seed);
}

static AeStatus
trainer_train(Trainer *t)
{
	AeModel    *model = t->model;

	AE_TRY(ae_dataset_hold_out(t->dataset, model->options.validation_fraction,
							   trainer_rows_in(t, TRAIN_VALIDATION_BYTES,
											   TRAIN_VALIDATION_ROWS),
							   trainer_seed(t, STREAM_HOLD_OUT), &t->arena,
							   &t->validation, &t->nvalidation));
	AE_TRY(ae_model_prepare(model));
	if (model->options.matching == AE_MATCHING_ADVERSARIAL)
		AE_TRY(ae_critic_plan(model));
	AE_TRY(trainer_allocate(t));
	AE_TRY(trainer_run(t));
	AE_TRY(trainer_calibrate(t));
	if (model->options.matching == AE_MATCHING_ADVERSARIAL)
		ae_critic_remove(model);
	AE_TRY(ae_model_prepare(model));
	AE_TRY(trainer_fit_residuals(t));
	AE_TRY(ae_score_fit(model, t->dataset, t->coder, t->blas, t->kernels,
						t->validation, t->nvalidation,
						trainer_seed(t, STREAM_SCORE)));
	if (model->options.purpose != AE_PURPOSE_GENERATION)
		return AE_OK;
	return ae_density_fit(model, t->dataset, t->coder, t->kernels,
						  trainer_seed(t, STREAM_DENSITY));
}

AeStatus
ae_train_model(AeModel *model, AeDataset *dataset, const AeBlas *blas,
			   const AeKernels *kernels, const AeTeam *team,
			   const AeProgress *progress)
{
	Trainer		trainer;
	AeStatus	status;
	uint64_t	nrows = ae_dataset_rows(dataset);

	memset(&trainer, 0, sizeof(trainer));
	trainer.model = model;
	trainer.dataset = dataset;
	trainer.blas = blas;
	trainer.kernels = kernels;
	trainer.team = team;
	trainer.progress = progress;
	trainer.shape.batch_rows = nrows < (uint64_t) model->options.batch_size
		? (int) nrows : model->options.batch_size;
	ae_arena_init(&trainer.arena, model->arena.env);
	status = trainer_train(&trainer);
	if (trainer.cursor != NULL)
		ae_cursor_free(trainer.cursor);
	ae_arena_free(&trainer.arena);
	return status;
}
