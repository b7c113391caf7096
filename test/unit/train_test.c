/*
 * train_test.c
 *	  Whole trainings: they learn, repeat to the bit, stop early, restore the
 *	  best weights, survive every failing allocation, and score what they saw.
 */
#include "training.h"

#include "core/score.h"

#define NCELLS PLANE_CELLS

/* the cost of a contraction differs between batches, and is not linear */
#define CONTRACTION_TOLERANCE 0.05
#define CONTRACTION_WEIGHT 100.0
#define CONTRACTION_ROWS 960

/*
 * Rows on a plane: two hidden factors, four numbers, a boolean and a category
 * that follow from them.
 */
static void
make_row(AeRng *rng, AeDataset *dataset, double *row)
{
	static const char *const labels[] = {"low", "middle", "high"};
	double		a = ae_rng_normal(rng);
	double		b = ae_rng_normal(rng);

	row[0] = 1000 + 10 * a;
	row[1] = a + b;
	row[2] = a - b;
	row[3] = 0.001 * b;
	row[4] = a > 0;
	if (ae_dataset_code(dataset, 5, labels[a < -0.5 ? 0 : a > 0.5 ? 2 : 1],
						a < -0.5 ? 3 : a > 0.5 ? 4 : 6, &row[5]) != AE_OK)
		row[5] = NAN;
}

static AeStatus
make_dataset(Run *run, int nrows)
{
	AeRng		rng;
	double		row[NCELLS];

	AE_TRY(plane_create(run));
	ae_rng_seed(&rng, 11, 0);
	for (int i = 0; i < nrows; i++)
	{
		make_row(&rng, run->dataset, row);
		/* some cells are missing */
		for (int j = 0; j < NCELLS; j++)
			if (ae_rng_below(&rng, 40) == 0)
				row[j] = NAN;
		AE_TRY(ae_dataset_append(run->dataset, row));
	}
	return ae_dataset_finish(run->dataset);
}

static AeStatus
run_training(Run *run, const AeOptions *options, int nrows)
{
	run_start(run);
	AE_TRY(make_dataset(run, nrows));
	return run_train(run, options);
}

static bool
same_params(const AeModel *a, const AeModel *b)
{
	return a->net.nparams == b->net.nparams &&
		memcmp(a->params, b->params, a->net.nparams * sizeof(float)) == 0;
}

static void
test_learning(void)
{
	AeOptions	o;
	Run			a;
	Run			b;
	AeArena		arena;
	AeScorer   *scorer;
	double		normal[NCELLS] = {1010, 2, 0, 0.001, 1, 2};
	double		odd[NCELLS] = {1010, 2, 0, -0.003, 0, 2};
	double		nothing[NCELLS] = {NAN, NAN, NAN, NAN, NAN, NAN};
	double		expected[NCELLS];
	double		loss[NCELLS];
	double		total;
	double		score;

	plane_options(&o);
	ok(run_training(&a, &o, 3000) == AE_OK, "a training succeeds");
	ok(a.model->nhistory == 25 && a.model->best_epoch == 25 &&
	   isnan(a.model->history[0].validation_loss),
	   "without validation rows all epochs run");
	ok(a.model->history[24].train_loss < 0.1 * a.model->history[0].train_loss,
	   "the loss falls to a tenth (%.3f to %.3f)",
	   a.model->history[0].train_loss, a.model->history[24].train_loss);
	ok(run_training(&b, &o, 3000) == AE_OK && same_params(a.model, b.model),
	   "the same rows, options and seed give the same bits");
	run_free(&b);
	o.seed = 43;
	ok(run_training(&b, &o, 3000) == AE_OK && !same_params(a.model, b.model),
	   "another seed gives another model");
	run_free(&b);

	ae_arena_init(&arena, &unit_env);
	if (ae_scorer_create(a.model, ae_kernels_get(AE_KERNEL_AUTO), &arena,
						 &scorer) != AE_OK)
		exit(1);
	normal[5] = odd[5] = ae_features_code(a.model->features, 5, "high", 4);
	score = ae_score_row(scorer, normal);
	ok(score < 3.0 && ae_score_row(scorer, odd) > 5.0 * score,
	   "a row off the plane scores higher (%.2f, %.2f)", score,
	   ae_score_row(scorer, odd));
	ok(ae_score_row(scorer, normal) == score, "a score repeats to the bit");
	ok(isnan(ae_score_row(scorer, nothing)),
	   "a row of missing values has no score");
	ae_score_reconstruct(scorer, normal, expected);
	ok(fabs(expected[0] - 1010) < 5 && fabs(expected[1] - 2) < 0.5 &&
	   expected[4] > 0.5 && expected[5] == normal[5],
	   "a normal row is rebuilt in its own units");
	normal[3] = NAN;
	total = ae_score_columns(scorer, normal, loss, NULL);
	ok(isnan(loss[3]) && loss[0] >= 0 && isfinite(total),
	   "a missing cell has no loss, the others have");
	{
		double		sum = 0.0;

		for (int i = 0; i < NCELLS; i++)
			sum += isnan(loss[i]) ? 0.0 : loss[i];
		ok(fabs(sum / 5 - total) < 1e-9,
		   "the row's loss is the mean over the columns present");
	}
	ae_score_decode(scorer, ae_score_encode(scorer, normal), odd);
	ae_score_reconstruct(scorer, normal, expected);
	ok(memcmp(odd, expected, sizeof(odd)) == 0,
	   "decoding the code is reconstruction");
	ae_arena_free(&arena);
	run_free(&a);
}

static void
test_validation(void)
{
	AeOptions	o;
	Run			run;
	int			best = 0;

	plane_options(&o);
	o.epochs = 400;
	o.validation_fraction = 0.3;
	o.patience = 3;
	o.schedule = AE_SCHEDULE_CONSTANT;
	o.learning_rate = 0.03;
	ok(run_training(&run, &o, 300) == AE_OK, "a training with validation");
	for (int i = 1; i < run.model->nhistory; i++)
		if (run.model->history[i].validation_loss <
			run.model->history[best].validation_loss)
			best = i;
	ok(run.model->best_epoch == best + 1 &&
	   run.model->nhistory == best + 1 + 3,
	   "stops three epochs after the best (%d of %d)", run.model->best_epoch,
	   run.model->nhistory);

	/* the weights are those of the best epoch: train just that far */
	{
		Run			again;

		/* a constant rate after no warm-up does not depend on the epochs */
		o.warmup = 0.0;
		run_free(&run);
		if (run_training(&run, &o, 300) != AE_OK)
			exit(1);
		o.epochs = run.model->best_epoch;
		ok(run_training(&again, &o, 300) == AE_OK &&
		   same_params(run.model, again.model),
		   "the best weights are restored");
		run_free(&again);
	}
	run_free(&run);
}

/* what is known of the code's units once trained */
static void
test_activity(const AeModel *model, AeSparsity sparsity)
{
	int			latent = ae_net_latent(&model->net);
	double		sum = 0.0;

	for (int i = 0; i < latent; i++)
		sum += model->unit_activity[i];
	if (sparsity == AE_SPARSITY_TOPK)
		ok(fabs(sum - 2.0) < 1e-3, "two of ten units are active (%g)", sum);
	else
		ok(sum > 0.0 && sum < 0.9 * latent, "not all units are active (%g)",
		   sum);
}

static void
test_sparse(void)
{
	AeOptions	o;
	Run			run;

	for (int s = AE_SPARSITY_L1; s <= AE_SPARSITY_TOPK; s++)
	{
		static const char *const names[] = {"l1", "kl", "topk"};

		plane_options(&o);
		o.latent = 10;
		o.variant = AE_VARIANT_SPARSE;
		o.sparsity = s;
		ok(run_training(&run, &o, 2000) == AE_OK &&
		   run.model->history[24].train_loss <
		   0.2 * run.model->history[0].train_loss,
		   "a code made sparse by %s", names[s]);
		test_activity(run.model, s);
		run_free(&run);
	}
}

/*
 * Two factors make all columns: as many units say something, and the noise is
 * what is left of the numbers.
 */
static void
test_variational(void)
{
	AeOptions	o;
	Run			run;
	const AeModel *m;
	double		worst = 0.0;
	int			nactive = 0;

	plane_options(&o);
	o.variant = AE_VARIANT_VARIATIONAL;
	o.latent = 6;
	o.epochs = 60;
	o.validation_fraction = 0.2;
	o.patience = 0;
	if (run_training(&run, &o, 3000) != AE_OK)
		exit(1);
	m = run.model;
	for (int i = 0; i < 6; i++)
		nactive += m->unit_activity[i] >= AE_ACTIVE_DIVERGENCE;
	ok(nactive >= 2 && nactive <= 4, "units that say something: %d of 6",
	   nactive);
	for (int c = 0; c < 4; c++)
		worst = fmax(worst, m->noise[c]);
	ok(worst < 0.2, "the noise falls from 1 (%g)", worst);
	ok(m->noise[4] == 1.0 && m->noise[5] == 1.0, "only numbers have noise");
	ok(m->history[59].train_loss < 0.5 * m->history[0].train_loss &&
	   fabs(m->history[59].validation_loss - m->history[59].train_loss) < 0.2,
	   "the likelihood rises (%g to %g, %g of held-out rows)",
	   m->history[0].train_loss, m->history[59].train_loss,
	   m->history[59].validation_loss);
	run_free(&run);
	o.beta = 1000;
	o.kl_warmup = 0.0;
	if (run_training(&run, &o, 500) != AE_OK)
		exit(1);
	nactive = 0;
	for (int i = 0; i < 6; i++)
		nactive += run.model->unit_activity[i] >= AE_ACTIVE_DIVERGENCE;
	ok(nactive == 0, "a large beta silences the code (%d)", nactive);
	run_free(&run);
	o.beta = 1.0;
	o.free_bits = 0.5;
	if (run_training(&run, &o, 3000) != AE_OK)
		exit(1);
	nactive = 0;
	for (int i = 0; i < 6; i++)
		nactive += run.model->unit_activity[i] >= 0.25f;
	ok(nactive == 6, "free bits are used by all units (%d)", nactive);
	run_free(&run);
}

static void
test_variants(void)
{
	AeOptions	o;
	AeStatus	status;
	int			ndiverged = 0;
	bool		finite = true;
	Run			run;
	Run			plain;

	plane_options(&o);
	o.epochs = 2;
	if (run_training(&plain, &o, 500) != AE_OK)
		exit(1);
	for (int c = AE_CORRUPTION_GAUSSIAN; c <= AE_CORRUPTION_SALT_PEPPER; c++)
	{
		/* a loss of hidden cells only is about that of a share of them */
		double		share = c == AE_CORRUPTION_MASK ? 0.3 : 1.0;

		o.corruption = c;
		o.corruption_rate = 0.3;
		ok(run_training(&run, &o, 500) == AE_OK &&
		   !same_params(run.model, plain.model) &&
		   run.model->history[1].train_loss >
		   share * plain.model->history[1].train_loss,
		   "corruption %d makes the task harder", c);
		run_free(&run);
	}
	plane_options(&o);
	o.epochs = 2;
	o.dropout = 0.4;
	ok(run_training(&run, &o, 500) == AE_OK &&
	   !same_params(run.model, plain.model), "dropout changes the training");
	run_free(&run);
	run_free(&plain);

	test_sparse();
	test_variational();

	/* automatic everything, for each purpose */
	for (int p = AE_PURPOSE_ANOMALY; p <= AE_PURPOSE_IMPUTATION; p++)
	{
		ae_options_init(&o);
		o.purpose = p;
		o.epochs = 1;
		if (run_training(&run, &o, 200) != AE_OK)
			exit(1);
		ok(run.model->options.latent >= 2 &&
		   run.model->options.nhidden == (p == AE_PURPOSE_ANOMALY ? 1 : 2),
		   "purpose %d chooses %d hidden layers, code %d", p,
		   run.model->options.nhidden, run.model->options.latent);
		if (p == AE_PURPOSE_EMBEDDING)
			ok(run.model->options.latent < run.model->features->input_width,
			   "an embedding has a bottleneck");
		run_free(&run);
	}

	plane_options(&o);
	o.learning_rate = 10.0;
	o.optimizer = AE_OPTIMIZER_SGD;
	o.clip_norm = 0.0;
	o.activation = AE_ACT_LINEAR;
	ok(run_training(&run, &o, 500) == AE_ERR_DIVERGED,
	   "a rate far too high is reported as divergence");
	run_free(&run);

	/* one step an epoch, so that only the validation sees the last */
	o.nhidden = 3;
	o.hidden[1] = o.hidden[2] = 16;
	o.activation = AE_ACT_RELU;
	o.warmup = 0.0;
	o.epochs = 3;
	o.schedule = AE_SCHEDULE_CONSTANT;
	o.validation_fraction = 0.5;
	for (o.seed = 0; o.seed < 300; o.seed++)
	{
		status = run_training(&run, &o, 40);
		ndiverged += status == AE_ERR_DIVERGED;
		for (int i = 0; status == AE_OK && i < run.model->nhistory; i++)
			finite &= isfinite(run.model->history[i].validation_loss) != 0;
		run_free(&run);
	}
	ok(finite, "a validation loss is finite, or the training diverged (%d)",
	   ndiverged);
	plane_options(&o);
	o.epochs = 3;
	ok(run_training(&run, &o, 2) == AE_OK, "two rows are enough");
	run_free(&run);
	o.variant = AE_VARIANT_SPARSE;
	ok(run_training(&run, &o, 2) == AE_OK, "for a sparse code, too");
	run_free(&run);
}

/* the reported losses of so many epochs; the parameters are run's */
static void
contract(Run *run, AeContraction kind, int epochs, int batch, double rate,
		 double *losses)
{
	AeOptions	o;

	plane_options(&o);
	o.activation = AE_ACT_TANH;
	o.optimizer = AE_OPTIMIZER_SGD;
	o.schedule = AE_SCHEDULE_CONSTANT;
	o.warmup = o.weight_decay = o.clip_norm = 0.0;
	o.learning_rate = rate;
	o.batch_size = batch;
	o.epochs = epochs;
	o.contraction = (int) kind;
	o.contraction_weight = kind == AE_CONTRACTION_NONE ? AE_AUTO
		: CONTRACTION_WEIGHT;
	if (run_training(run, &o, CONTRACTION_ROWS) != AE_OK)
		exit(1);
	for (int i = 0; i < epochs; i++)
		losses[i] = run->model->history[i].train_loss;
}

/*
 * The penalty acts on every other step.  What is reported of it is the whole
 * all the same, and as much as is reported is what acts: by the second step
 * rate times twice the weight and the penalty's gradient, which is the
 * difference between the parameters after one step, has gone by momentum 1.9
 * times into the parameters.
 */
static void
test_contraction(void)
{
	double		with[5];
	double		without[5];
	double		moved = 0.0;
	double		rate = 1e-7;
	double		cost;
	double		error = 0.0;
	Run			a;
	Run			b;

	contract(&a, AE_CONTRACTION_EXACT, 5, CONTRACTION_ROWS / 3, 1e-20, with);
	contract(&b, AE_CONTRACTION_NONE, 5, CONTRACTION_ROWS / 3, 1e-20, without);
	cost = with[0] - without[0];
	for (int i = 1; i < 5; i++)
		error = fmax(error, fabs((with[i] - without[i]) / cost - 1.0));
	ok(cost > CONTRACTION_WEIGHT && error < CONTRACTION_TOLERANCE,
	   "epochs of three steps report the same cost of a contraction (%g, %g)",
	   cost, error);
	run_free(&a);
	run_free(&b);

	contract(&a, AE_CONTRACTION_EXACT, 1, CONTRACTION_ROWS, rate, with);
	contract(&b, AE_CONTRACTION_NONE, 1, CONTRACTION_ROWS, rate, without);
	for (size_t i = 0; i < a.model->net.nparams; i++)
		moved += pow((double) a.model->params[i] - b.model->params[i], 2.0);
	run_free(&a);
	run_free(&b);
	contract(&a, AE_CONTRACTION_EXACT, 4, CONTRACTION_ROWS, rate, with);
	contract(&b, AE_CONTRACTION_NONE, 4, CONTRACTION_ROWS, rate, without);
	for (int i = 0; i < 4; i++)
		with[i] -= without[i];
	ok(fabs(with[1] / with[0] - 1.0) < 1e-6 &&
	   fabs(with[3] / with[2] - 1.0) < 1e-6,
	   "epochs of one step report a cost each (%g, %g, %g, %g)", with[0],
	   with[1], with[2], with[3]);
	error = (with[0] - with[2]) / (1.9 / 2.0 * moved / rate) - 1.0;
	ok(fabs(error) < CONTRACTION_TOLERANCE,
	   "it falls as that and the step make it (%g)", error);
	run_free(&a);
	run_free(&b);
}

static void
test_allocation_failures(AeVariant variant, AeMatchingKind matching)
{
	AeOptions	o;
	Run			run;
	long		budget = 0;
	bool		clean = true;
	AeStatus	status;

	plane_options(&o);
	o.purpose = AE_PURPOSE_EMBEDDING;
	o.variant = variant;
	o.matching = matching;
	o.latent = AE_AUTO;
	o.validation_fraction = 0.2;
	o.corruption = AE_CORRUPTION_SWAP;
	o.corruption_rate = 0.2;
	o.epochs = 1;
	do
	{
		unit_alloc_budget = budget++;
		status = run_training(&run, &o, 300);
		unit_alloc_budget = -1;
		clean = clean && (status == AE_OK || status == AE_ERR_MEMORY);
		run_free(&run);
		clean = clean && unit_alloc_live == 0 && run.budget.used == 0;
	} while (status != AE_OK && budget < 10000);
	ok(status == AE_OK && budget > 20,
	   "variant %d, matching %d: a training needs %ld allocations",
	   (int) variant, (int) matching, budget - 1);
	ok(clean, "each of them may fail: an honest status, and nothing leaks");
}

int
main(void)
{
	test_learning();
	test_validation();
	test_variants();
	test_contraction();
	for (int v = AE_VARIANT_PLAIN; v <= AE_VARIANT_VARIATIONAL; v++)
		test_allocation_failures((AeVariant) v, AE_MATCHING_NONE);
	for (int m = AE_MATCHING_MMD; m <= AE_MATCHING_ADVERSARIAL; m++)
		test_allocation_failures(AE_VARIANT_PLAIN, (AeMatchingKind) m);
	ok(unit_alloc_live == 0, "nothing is left allocated");
	return done();
}
