/*
 * team_test.c
 *	  Trainings with helpers: the same bits however many help and whoever does
 *	  which task; gradients of slices and blocks against those of a whole
 *	  batch; a limit of time.
 *
 * The helpers are workers of their own in this process, made from the bytes
 * of the plan as another process would make them.
 */
#include "unit.h"

#include "core/train.h"
#include "core/worker.h"
#include "mixed_table.h"

#define MAX_HELPERS 3
#define NTRAIN 3000

/* gradients of the two ways differ by rounding only */
#define GRADIENT_TOLERANCE 1e-5

typedef struct TestTeam
{
	AeTeam		team;
	int			nhelpers;
	AeArena		arena;
	void	   *shared;
	AeWorker   *helpers[MAX_HELPERS];
	AeRng		rng;			/* who does a task */
	long		ndone;			/* tasks that helpers did */
} TestTeam;

static void *
team_start(void *host, const void *plan, size_t plan_bytes,
		   size_t shared_bytes)
{
	TestTeam   *team = host;

	if (team->nhelpers == 0)
		return NULL;
	team->shared = ae_arena_alloc(&team->arena, shared_bytes, 1);
	if (team->shared == NULL)
		return NULL;
	for (int i = 0; i < team->nhelpers; i++)
	{
		AeReader	reader = {plan, plan_bytes, false};

		if (ae_worker_join(&reader, &ae_blas_reference,
						   ae_kernels_get(AE_KERNEL_AUTO), team->shared,
						   &team->arena, &team->helpers[i]) != AE_OK)
			exit(1);
	}
	return team->shared;
}

/* backwards, each task by anyone */
static void
team_run(void *host, int ntasks, void (*task) (void *arg, int index),
		 void *arg)
{
	TestTeam   *team = host;

	for (int i = ntasks - 1; i >= 0; i--)
	{
		uint32_t	who = ae_rng_below(&team->rng,
									   (uint32_t) team->nhelpers + 1);

		if (who == 0)
			task(arg, i);
		else
			ae_worker_task(team->helpers[who - 1], i);
		team->ndone += who > 0;
	}
}

/* looked at once an epoch: every epoch takes a second */
static double test_clock;

static double
progress_seconds(void *host)
{
	(void) host;
	return test_clock++;
}

static void
progress_epoch(void *host, int epoch, int epochs, const AeEpoch *result)
{
	int		   *last = host;

	(void) result;
	*last = epoch < epochs ? epochs : epoch;
}

static void
progress_advance(void *host, double done)
{
	(void) host;
	if (!(done >= 0.0 && done <= 1.0))
		exit(1);
}

/* nhelpers < 0: without a team */
static AeModel *
train(AeDataset *dataset, const AeOptions *options, int nhelpers,
	  long *ndone, const AeProgress *progress)
{
	TestTeam	team = {
		{team_start, team_run, &team}, nhelpers, {0}, NULL, {0}, {0}, 0
	};
	AeModel    *model;

	ae_arena_init(&team.arena, &unit_env);
	ae_rng_seed(&team.rng, (uint64_t) nhelpers, 9);
	if (ae_model_create(&unit_env, &model) != AE_OK ||
		ae_model_plan(model, dataset, options, &ae_blas_reference) != AE_OK ||
		ae_train_model(model, dataset, &ae_blas_reference,
					   ae_kernels_get(AE_KERNEL_AUTO),
					   nhelpers < 0 ? NULL : &team.team, progress) != AE_OK)
		exit(1);
	*ndone = team.ndone;
	for (int i = 0; i < nhelpers; i++)
		ae_model_free((AeModel *) team.helpers[i]->model);
	ae_arena_free(&team.arena);
	return model;
}

static void
small_options(AeOptions *o)
{
	ae_options_init(o);
	o->nhidden = 1;
	o->hidden[0] = 16;
	o->latent = 3;
	o->epochs = 2;
	o->batch_size = 300;
	o->score = AE_SCORE_ERROR;
}

static void
test_same_bits(AeDataset *dataset, const AeOptions *options, const char *name)
{
	long		ndone;
	AeModel    *alone = train(dataset, options, -1, &ndone, NULL);
	bool		same = true;
	bool		helped = true;

	for (int n = 0; n <= MAX_HELPERS; n++)
	{
		AeModel    *model = train(dataset, options, n, &ndone, NULL);

		same &= memcmp(model->params, alone->params,
					   model->net.nparams * sizeof(float)) == 0;
		same &= memcmp(model->history, alone->history,
					   sizeof(AeEpoch) * (size_t) model->nhistory) == 0;
		same &= model->noise == NULL ||
			memcmp(model->noise, alone->noise, sizeof(double) *
				   (size_t) model->features->ncolumns) == 0;
		helped &= n == 0 || ndone > 0;
		ae_model_free(model);
	}
	ok(same && helped, "the same bits with 0 to %d helpers: %s", MAX_HELPERS,
	   name);
	ae_model_free(alone);
}

static void
test_variants(void)
{
	AeBudget	budget = {(size_t) 64 << 20, 0};
	AeDataset  *dataset = mixed_dataset(NULL, &budget, NTRAIN);
	AeOptions	o;

	for (int c = AE_CORRUPTION_NONE; c <= AE_CORRUPTION_SALT_PEPPER; c++)
	{
		static const char *const names[] = {"no noise", "gaussian", "mask",
		"swap", "salt and pepper"};

		small_options(&o);
		o.corruption = c;
		o.corruption_rate = 0.3;
		test_same_bits(dataset, &o, names[c]);
	}
	for (int k = AE_OPTIMIZER_ADAMW; k <= AE_OPTIMIZER_ADAGRAD; k++)
	{
		static const char *const names[] = {"adamw", "adam", "sgd", "rmsprop",
		"adagrad"};

		small_options(&o);
		o.optimizer = k;
		o.validation_fraction = 0.2;
		test_same_bits(dataset, &o, names[k]);
	}
	for (int s = AE_SPARSITY_L1; s <= AE_SPARSITY_TOPK; s++)
	{
		static const char *const names[] = {"l1", "kl", "topk"};

		small_options(&o);
		o.variant = AE_VARIANT_SPARSE;
		o.sparsity = s;
		o.latent = 8;
		o.validation_fraction = 0.2;
		test_same_bits(dataset, &o, names[s]);
	}
	small_options(&o);
	o.variant = AE_VARIANT_VARIATIONAL;
	o.validation_fraction = 0.2;
	test_same_bits(dataset, &o, "variational");
	small_options(&o);
	o.dropout = 0.3;
	test_same_bits(dataset, &o, "dropout");
	o.nhidden = 2;
	o.hidden[0] = o.hidden[1] = 160;
	o.validation_fraction = 0.1;
	test_same_bits(dataset, &o, "many parameters");
	o.variant = AE_VARIANT_SPARSE;
	test_same_bits(dataset, &o, "many parameters and a sparse code");
	o.variant = AE_VARIANT_VARIATIONAL;
	test_same_bits(dataset, &o, "many parameters and a variational code");
	for (int c = AE_CONTRACTION_EXACT; c <= AE_CONTRACTION_HUTCHINSON; c++)
	{
		static const char *const names[] = {"", "contraction",
		"contraction, estimated"};

		small_options(&o);
		o.contraction = c;
		o.nhidden = 2;
		o.hidden[0] = o.hidden[1] = 160;
		test_same_bits(dataset, &o, names[c]);
	}
	small_options(&o);
	o.batch_size = 7;
	o.epochs = 1;
	test_same_bits(dataset, &o, "a small batch");
	ae_dataset_free(dataset);
}

static void
test_spooled(void)
{
	MemorySpool memory = {0};
	AeSpool		spool;
	AeBudget	little = {1, 0};
	AeBudget	much = {(size_t) 64 << 20, 0};
	AeDataset  *spooled;
	AeDataset  *kept;
	AeOptions	o;
	AeModel    *a;
	AeModel    *b;
	long		ndone;

	reset_spool(&spool, &memory);
	spooled = mixed_dataset(&spool, &little, NTRAIN);
	kept = mixed_dataset(NULL, &much, NTRAIN);
	small_options(&o);
	test_same_bits(spooled, &o, "rows in temporary files");
	a = train(spooled, &o, 2, &ndone, NULL);
	b = train(kept, &o, -1, &ndone, NULL);
	ok(memory.writes > 0 &&
	   memcmp(a->params, b->params, a->net.nparams * sizeof(float)) == 0,
	   "and the same as with rows in memory");
	ae_model_free(a);
	ae_model_free(b);
	ae_dataset_free(spooled);
	ae_dataset_free(kept);
	reset_spool(&spool, &memory);
}

/* a step whose gradients are sums over slices, and blocks over all rows */
static void
test_gradients(void)
{
	AeLayer		layers[2] = {
		{.activation = AE_ACT_TANH,.in = 37,.out = 50},
		{.in = 50,.out = 37}
	};
	AeNet		net = {.nlayers = 2,.ncoder = 1,.layers = layers};
	const AeKernels *kernels = ae_kernels_get(AE_KERNEL_AUTO);
	AeArena		arena;
	AeTape	   *tape;
	AeRng		rng;
	float	   *params;
	float	   *grads;
	float	   *blocked;
	float	   *seed;
	AeBlock		blocks[64];
	int			nblocks;
	double		error = 0.0;
	size_t		covered = 0;

	ae_arena_init(&arena, &unit_env);
	if (ae_net_plan(&net) != AE_OK ||
		ae_tape_create(&net, 90, &arena, &tape) != AE_OK)
		exit(1);
	params = ae_arena_alloc(&arena, net.nparams, sizeof(float));
	grads = ae_arena_alloc(&arena, net.nparams, sizeof(float));
	blocked = ae_arena_alloc(&arena, net.nparams, sizeof(float));
	seed = ae_arena_alloc(&arena, 90 * 48, sizeof(float));
	ae_net_init(&net, 3, params);
	ae_rng_seed(&rng, 8, 0);
	for (int i = 0; i < 90 * 48; i++)
	{
		tape->h[0][i] = ae_rng_normal(&rng);
		seed[i] = ae_rng_normal(&rng) / 90;
	}
	ae_net_forward(&net, &ae_blas_reference, kernels, params, tape, 90, NULL);
	memcpy(tape->dh[2], seed, 90 * 48 * sizeof(float));
	ae_net_backward(&net, &ae_blas_reference, kernels, params, tape, 90, NULL,
					grads);
	memcpy(tape->dh[2], seed, 90 * 48 * sizeof(float));
	ae_net_backward(&net, &ae_blas_reference, kernels, params, tape, 90, NULL,
					NULL);
	nblocks = ae_net_blocks(&net, 500, NULL);
	if (nblocks > 64)
		exit(1);
	ae_net_blocks(&net, 500, blocks);
	for (int i = nblocks - 1; i >= 0; i--)
	{
		covered += blocks[i].nparams;
		ae_net_gradient(&net, &ae_blas_reference, kernels, &blocks[i], tape,
						90, blocked);
	}
	for (size_t i = 0; i < net.nparams; i++)
		error = fmax(error, fabs(grads[i] - blocked[i]));
	ok(nblocks > 4 && covered == net.nparams, "%d blocks cover all parameters",
	   nblocks);
	ok(error < GRADIENT_TOLERANCE, "gradients by blocks (%g)", error);

	/* slices of 50 and 40 rows, and transposed weights */
	{
		float	   *parts = ae_arena_alloc(&arena, 2 * net.nparams,
										   sizeof(float));
		float	   *transposed = ae_arena_alloc(&arena, net.ntransposed,
												sizeof(float));
		float	   *x = ae_arena_alloc(&arena, 90 * 48, sizeof(float));

		memcpy(x, tape->h[0], 90 * 48 * sizeof(float));
		for (int i = 0; i < nblocks; i++)
			ae_net_transpose(&net, &blocks[i], params, transposed);
		tape->transposed = transposed;
		for (int s = 0; s < 2; s++)
		{
			int			rows = s == 0 ? 50 : 40;
			size_t		bytes = (size_t) rows * 48 * sizeof(float);

			memcpy(tape->h[0], x + s * 50 * 48, bytes);
			ae_net_forward(&net, &ae_blas_reference, kernels, params, tape,
						   rows, NULL);
			memcpy(tape->dh[2], seed + s * 50 * 48, bytes);
			ae_net_backward(&net, &ae_blas_reference, kernels, params, tape,
							rows, NULL, parts + (size_t) s * net.nparams);
		}
		kernels->add_up(net.nparams, 2, net.nparams, parts, blocked);
	}
	error = 0.0;
	for (size_t i = 0; i < net.nparams; i++)
		error = fmax(error, fabs(grads[i] - blocked[i]));
	ok(error < GRADIENT_TOLERANCE, "gradients by slices (%g)", error);
	ae_arena_free(&arena);
}

/* the way of a coder to a helper */
static void
test_coder(void)
{
	AeBudget	budget = {NO_LIMIT, 0};
	AeDataset  *dataset = mixed_dataset(NULL, &budget, NTRAIN);
	AeWriter	w = {NULL, 0, 0};
	const float *rows[64];
	bool		same = true;
	AeReader	r;
	AeCoder    *copy;
	Access		access;
	float	   *vectors[4];
	size_t		widths[2];
	int			count;

	open_access(&access, dataset, true);
	ae_coder_write(access.coder, &w);
	w.size = w.used;
	w.used = 0;
	w.data = ae_arena_alloc(&access.arena, w.size, 1);
	ae_coder_write(access.coder, &w);
	r = (AeReader) {w.data, w.size, false};
	must(ae_coder_read(&r, access.features, &access.arena, &copy));
	widths[0] = AE_PAD((size_t) access.features->input_width);
	widths[1] = AE_PAD((size_t) access.features->output_width);
	for (int i = 0; i < 4; i++)
		vectors[i] = ae_arena_alloc(&access.arena, 64 * widths[i % 2],
									sizeof(float));
	for (;;)
	{
		must(ae_cursor_next(access.cursor, 64, rows, &count));
		if (count == 0)
			break;
		for (int i = 0; i < 2; i++)
			ae_coder_encode(i == 0 ? access.coder : copy,
							ae_kernels_get(AE_KERNEL_AUTO), count, rows,
							vectors[2 * i], (int) widths[0],
							vectors[2 * i + 1], (int) widths[1]);
		for (int i = 0; i < 2; i++)
			same &= memcmp(vectors[i], vectors[i + 2],
						   (size_t) count * widths[i] * sizeof(float)) == 0;
	}
	ok(same && r.left == 0, "a coder from bytes encodes the same bits");
	r = (AeReader) {w.data, w.size - 1, false};
	ok(ae_coder_read(&r, access.features, &access.arena, &copy) ==
	   AE_ERR_CORRUPT, "bytes that are cut off are refused");
	close_access(&access);
	ae_dataset_free(dataset);
}

static void
test_max_seconds(void)
{
	AeBudget	budget = {(size_t) 64 << 20, 0};
	AeDataset  *dataset = mixed_dataset(NULL, &budget, NTRAIN);
	AeOptions	o;
	int			planned = 0;
	AeProgress	progress = {
		progress_epoch, progress_advance, progress_seconds, &planned
	};
	AeModel    *model;
	long		ndone;

	small_options(&o);
	o.epochs = 50;
	o.max_seconds = 4.5;
	test_clock = 0.0;
	model = train(dataset, &o, -1, &ndone, &progress);
	ok(model->nhistory == 5, "time ends the training after its epoch (%d)",
	   model->nhistory);
	ok(model->history[4].learning_rate <
	   0.2 * model->history[1].learning_rate,
	   "the schedule ends with it");
	ae_model_free(model);
	o.max_seconds = 1000;
	o.epochs = 3;
	test_clock = 0.0;
	model = train(dataset, &o, -1, &ndone, &progress);
	ok(model->nhistory == 3 && planned == 3, "time enough changes nothing");
	ae_model_free(model);
	ae_dataset_free(dataset);
}

int
main(void)
{
	test_gradients();
	test_coder();
	test_variants();
	test_spooled();
	test_max_seconds();
	ok(unit_alloc_live == 0, "nothing is left allocated");
	return done();
}
