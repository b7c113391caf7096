/*
 * training.h
 *	  Whole trainings for tests, and the columns of a table on a plane: two
 *	  hidden factors, and four numbers, a boolean and a category of them.
 */
#ifndef AE_UNIT_TRAINING_H
#define AE_UNIT_TRAINING_H

#include "unit.h"

#include "core/rng.h"
#include "core/train.h"

/* everything that must be freed afterwards, also after a failure */
typedef struct Run
{
	AeBudget	budget;
	AeDataset  *dataset;
	AeModel    *model;
} Run;

static inline void
run_start(Run *run)
{
	memset(run, 0, sizeof(Run));
	run->budget.limit = (size_t) 64 << 20;
}

/* on the rows of the dataset, which is finished */
static inline AeStatus
run_train(Run *run, const AeOptions *options)
{
	AE_TRY(ae_model_create(&unit_env, &run->model));
	AE_TRY(ae_model_plan(run->model, run->dataset, options,
						 &ae_blas_reference));
	return ae_train_model(run->model, run->dataset, &ae_blas_reference,
						  ae_kernels_get(AE_KERNEL_AUTO), NULL, NULL);
}

static inline void
run_free(Run *run)
{
	if (run->model != NULL)
		ae_model_free(run->model);
	if (run->dataset != NULL)
		ae_dataset_free(run->dataset);
}

/* a column of one cell */
static inline AeColumnSpec
column_spec(const char *name, AeKind kind)
{
	return (AeColumnSpec) {
		.name = name,.type = "double precision",.kind = kind,.ncells = 1,
			.loss = AE_LOSS_SQUARED,.weight = 1.0,.max_categories = 10,
			.min_frequency = 1
	};
}

#define PLANE_CELLS 6

static inline AeStatus
plane_create(Run *run)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
	AeColumnSpec specs[PLANE_CELLS];

	for (int i = 0; i < PLANE_CELLS; i++)
		specs[i] = column_spec(names[i], i == 4 ? AE_KIND_BINARY
							   : i == 5 ? AE_KIND_CATEGORY : AE_KIND_NUMERIC);
	return ae_dataset_create(&unit_env, NULL, &run->budget, PLANE_CELLS,
							 specs, &run->dataset);
}

/* enough to learn it */
static inline void
plane_options(AeOptions *o)
{
	ae_options_init(o);
	o->nhidden = 1;
	o->hidden[0] = 16;
	o->latent = 3;
	o->epochs = 25;
	o->batch_size = 64;
	o->corruption = AE_CORRUPTION_NONE;
	o->learning_rate = 5e-3;
}

#endif							/* AE_UNIT_TRAINING_H */
