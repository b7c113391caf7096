/*
 * pg_train.c
 *	  One training: rows in, a model out.
 *
 * Rows go to a dataset of the core, which keeps them compactly.  The lengths
 * of array columns must be known before; until then the first rows wait.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "core/classes.h"
#include "core/codec.h"
#include "core/train.h"
#include "pg_blas.h"
#include "pg_env.h"
#include "pg_guc.h"
#include "pg_model.h"
#include "pg_options.h"
#include "pg_progress.h"
#include "pg_row.h"
#include "pg_sets.h"
#include "pg_train.h"
#include "pg_workers.h"

/*
 * What a training takes of maintenance_work_mem beside the rows: a window for
 * shuffling, counted once more because memory freed in pieces of a chunk may
 * not go back to the system, and samples of rows.
 */
#define TRAIN_RESERVE (AE_WINDOW_BYTES + ((size_t) 8 << 20))

/* rows that wait until the lengths of their array columns are known */
#define MAX_WAITING 1000

struct AepgTraining
{
	MemoryContext context;		/* of all below */
	AeBudget   *budget;
	AeSpool    *spool;
	AeEnv	   *env;
	Jsonb	   *given;			/* options as given, NULL for none */
	AepgOptions *options;
	AepgSets   *sets;			/* NULL unless rows have sets of items */
	bool		has_columns;	/* what is below is used */
	AepgReader *reader;			/* NULL until the first row */
	int			nspecs;
	AeColumnSpec *specs;		/* borrowed from the reader */
	AeDataset  *dataset;		/* NULL while rows wait */
	double	   *row;			/* the cells of one row */
	int			nwaiting;
	Datum	   *waiting;
};

/* what maintenance_work_mem leaves for rows, at least half of it */
void
aepg_training_init_budget(AeBudget *budget)
{
	size_t		limit = (size_t) maintenance_work_mem * 1024;

	budget->limit = limit > 2 * TRAIN_RESERVE ? limit - TRAIN_RESERVE :
		limit / 2;
	budget->used = 0;
}

AepgTraining *
aepg_training_create(const Jsonb *options, AeBudget *budget, AeSpool *spool,
					 MemoryContext parent)
{
	MemoryContext context;
	MemoryContext old;
	AepgTraining *training;

	context = AllocSetContextCreate(parent, "autoencoder training",
									ALLOCSET_START_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	training = palloc0(sizeof(AepgTraining));
	training->context = context;
	training->budget = budget;
	training->spool = spool;
	training->env = aepg_env_create(context);
	if (options != NULL)
	{
		training->given = palloc(VARSIZE(options));
		memcpy(training->given, options, VARSIZE(options));
	}
	training->options = aepg_options_parse(training->given);
	if (training->options->core.input == AE_INPUT_SET)
		training->sets = aepg_sets_create(training->options,
										  training->options->set_column,
										  budget, spool, context);
	training->has_columns = training->sets == NULL ||
		training->options->set_column != NULL;
	MemoryContextSwitchTo(old);
	return training;
}

bool
aepg_training_has_options(const AepgTraining *training, const Jsonb *options)
{
	const Jsonb *given = training->given;

	if (options == NULL || given == NULL)
		return options == given;
	return VARSIZE(options) == VARSIZE(given) &&
		memcmp(options, given, VARSIZE(given)) == 0;
}

/*----------
 * Rows.
 *----------
 */
static double
train_label(void *arg, int column, const char *label, size_t len)
{
	AeDataset  *dataset = arg;
	double		code = 0;

	aepg_check(ae_dataset_code(dataset, column, label, len, &code),
			   "reading rows");
	return code;
}

/* the row that was read */
static void
train_keep(AepgTraining *training)
{
	aepg_check(aepg_reader_is_anomaly(training->reader) ?
			   ae_dataset_append_anomaly(training->dataset, training->row) :
			   ae_dataset_append(training->dataset, training->row),
			   "reading rows");
	aepg_progress_row();
}

static void
train_append(AepgTraining *training, Datum value)
{
	aepg_reader_read(training->reader, value, train_label, training->dataset,
					 training->row);
	if (training->sets != NULL)
		aepg_sets_add_row(training->sets, training->reader);
	train_keep(training);
}

/* the columns are known: a dataset, and the rows that waited for it */
static void
train_create_dataset(AepgTraining *training)
{
	size_t		ncells;

	aepg_check(ae_dataset_create(training->env, training->spool,
								 training->budget, training->nspecs,
								 training->specs, &training->dataset),
			   "reading rows");
	ncells = ae_dataset_cells(training->dataset);
	training->row = MemoryContextAlloc(training->context,
									   ncells * sizeof(double));

	for (int i = 0; i < training->nwaiting; i++)
		train_append(training, training->waiting[i]);
	for (int i = 0; i < training->nwaiting; i++)
		pfree(DatumGetPointer(training->waiting[i]));
	training->nwaiting = 0;
}

static void
train_wait(AepgTraining *training, Datum value)
{
	MemoryContext old = MemoryContextSwitchTo(training->context);

	if (training->waiting == NULL)
		training->waiting = palloc(MAX_WAITING * sizeof(Datum));
	training->waiting[training->nwaiting++] = datumCopy(value, false, -1);
	MemoryContextSwitchTo(old);
}

/* rows wait until there is a dataset; false: the row waits or is in it */
static bool
train_start(AepgTraining *training, Oid type, Datum value)
{
	if (training->reader == NULL)
		training->reader = aepg_reader_for_training(type, value,
													training->options,
													training->context,
													&training->specs,
													&training->nspecs);
	else if (!aepg_reader_fits(training->reader, value))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("rows of a training must have the same columns")));

	if (training->dataset == NULL)
	{
		if (!aepg_reader_learn(training->reader, value))
		{
			if (training->nwaiting < MAX_WAITING)
			{
				train_wait(training, value);
				return false;
			}
			aepg_reader_guess(training->reader);
		}
		train_create_dataset(training);
	}
	return true;
}

void
aepg_training_add(AepgTraining *training, Oid type, Datum value)
{
	if (!training->has_columns)
	{
		aepg_sets_add(training->sets, type, value);
		aepg_progress_row();
	}
	else
	{
		if (training->sets != NULL && training->reader == NULL &&
			!type_is_rowtype(type))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("training needs rows with the column \"%s\", not type %s",
							training->options->set_column,
							format_type_be(type))));
		if (train_start(training, type, value))
			train_append(training, value);
	}
}

void
aepg_training_add_columns(AepgTraining *training, TupleDesc desc,
						  Datum *values, bool *nulls)
{
	if (!training->has_columns)
	{
		aepg_sets_add_columns(training->sets, desc, values, nulls);
		aepg_progress_row();
		return;
	}
	if (training->dataset == NULL)
	{
		HeapTuple	tuple = heap_form_tuple(desc, values, nulls);

		aepg_training_add(training, desc->tdtypeid,
						  heap_copy_tuple_as_datum(tuple, desc));
		return;
	}
	aepg_reader_read_columns(training->reader, values, nulls, train_label,
							 training->dataset, training->row);
	if (training->sets != NULL)
		aepg_sets_add_attribute(training->sets, desc, values, nulls);
	train_keep(training);
}

static void
train_check_levels(const AepgTraining *training)
{
	int			column = ae_dataset_crowded(training->dataset);

	if (column >= 0)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("column \"%s\" has more than %d distinct values, too many for kind \"%s\"",
						training->specs[column].name, AE_MAX_LEVELS,
						ae_kind_names[AE_KIND_ORDINAL]),
				 errhint("Make it numeric, or round its values.")));
}

uint64
aepg_training_finish(AepgTraining *training)
{
	if (!training->has_columns)
		return aepg_sets_rows(training->sets);
	if (training->nwaiting > 0)
	{
		aepg_reader_guess(training->reader);
		train_create_dataset(training);
	}
	if (training->dataset == NULL)
		return 0;
	aepg_check(ae_dataset_finish(training->dataset), "reading rows");
	train_check_levels(training);
	return ae_dataset_rows(training->dataset);
}

bool
aepg_training_has_values(const AepgTraining *training)
{
	if (training->sets != NULL)
		return aepg_sets_have_items(training->sets);
	return training->dataset != NULL &&
		ae_dataset_present(training->dataset) > 0;
}

/* whether the label column marks known anomalies */
static bool
train_has_anomalies(const AepgTraining *training)
{
	return training->options->label != NULL &&
		!ae_options_classes(&training->options->core);
}

static uint64
train_rows(const AepgTraining *training)
{
	if (training->sets != NULL)
		return aepg_sets_rows(training->sets);
	return training->dataset == NULL ? 0 :
		ae_dataset_rows(training->dataset);
}

static uint64
train_anomalies(const AepgTraining *training)
{
	return training->dataset == NULL ? 0 :
		ae_dataset_anomalies(training->dataset);
}

void
aepg_training_check_rows(const AepgTraining *training)
{
	uint64		nrows = train_rows(training);

	if (nrows == 0 && train_anomalies(training) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("training needs at least %d rows that are no known anomalies, but all are",
						AEPG_MIN_ROWS)));
	if (nrows < AEPG_MIN_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("training needs at least %d rows, not %llu",
						AEPG_MIN_ROWS, (unsigned long long) nrows),
				 !train_has_anomalies(training) ?
				 errdetail("Rows whose features are NULL do not count.") :
				 errdetail("Rows whose features are NULL and known anomalies do not count.")));
	if (training->sets != NULL && !aepg_training_has_values(training))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("training needs items, but no item is in %d rows",
						training->options->core.min_frequency),
				 errhint("Lower the option \"min_frequency\".")));
	if (!aepg_training_has_values(training))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("training needs values, but all are NULL")));
}

void
aepg_training_notice(const AepgTraining *training, bool *noticed)
{
	unsigned long long nanomalies = train_anomalies(training);

	if (!train_has_anomalies(training) ||
		nanomalies >= AE_HEAD_MIN_ANOMALIES || *noticed)
		return;
	ereport(NOTICE,
			(errmsg("known anomalies are too few to learn from: %llu, but at least %d are needed",
					nanomalies, AE_HEAD_MIN_ANOMALIES),
			 errdetail("The model is trained without them.")));
	*noticed = true;
}

void
aepg_training_free(AepgTraining *training)
{
	if (training->sets != NULL)
		aepg_sets_free(training->sets);
	ae_dataset_free(training->dataset);
	training->dataset = NULL;
}

/*----------
 * Training.
 *----------
 */
static void
train_error_context(void *arg)
{
	errcontext("training an autoencoder on %llu rows",
			   *(unsigned long long *) arg);
}

bytea *
aepg_train(AeModel *model, AeDataset *dataset, int nworkers, bool verbose)
{
	AepgWorkers *workers = aepg_workers_create(model, nworkers);

	aepg_check(ae_train_model(model, dataset, aepg_blas_get(), aepg_kernels(),
							  aepg_workers_team(workers),
							  aepg_progress_trainer(model->options.epochs,
													verbose)),
			   "training");
	aepg_workers_finish(workers);
	return aepg_model_to_bytea(model);
}

/* anomalies are known by what they look like in the joint space */
static void
check_label(const AeModel *model)
{
	char		score[AE_OPTION_BYTES];

	if (ae_score_is_joint(model->options.score))
		return;
	ae_option_print(&model->options, ae_option_find("score"), score,
					sizeof(score));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"label\" does not apply to the score %s", score),
			 errhint("Set the option \"score\" to \"neighbour\".")));
}

/* there must be some, but they are no embedding */
static void
train_check_classes(const AeModel *model)
{
	const AeColumn *column = ae_classes_column(model->features);

	if (column == NULL ||
		(column->nlabels >= AE_MIN_CLASSES &&
		 column->nlabels <= AE_MAX_CLASSES))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("label column \"%s\" must have %d to %d classes, not %d",
					column->name, AE_MIN_CLASSES, AE_MAX_CLASSES,
					column->nlabels),
			 column->nlabels < AE_MIN_CLASSES ?
			 errhint("Rows whose class is unknown have NULL; the others tell the classes apart.") :
			 errhint("Put rare classes together, such as in a CASE expression.")));
}

static bytea *
train_model(AepgTraining *training)
{
	const AepgOptions *options = training->options;
	MemoryContext context;
	AeModel    *model;
	bytea	   *result;

	context = AllocSetContextCreate(CurrentMemoryContext,
									"autoencoder training",
									ALLOCSET_DEFAULT_SIZES);
	aepg_check(ae_model_create(aepg_env_create(context), &model), "training");
	if (options->core.purpose == AE_PURPOSE_GENERATION &&
		options->core.latent > AE_MIXTURE_MAX_DIMS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"latent\" must be at most %d for the purpose \"generation\", not %d",
						AE_MIXTURE_MAX_DIMS, options->core.latent)));
	aepg_check(ae_model_plan(model, training->dataset, &options->core,
							 aepg_blas_get()),
			   "planning the network");
	train_check_classes(model);
	if (train_has_anomalies(training))
		check_label(model);
	strlcpy(model->version, AE_VERSION, sizeof(model->version));
	aepg_model_check_size(ae_codec_size(model, model->options.epochs));
	result = aepg_train(model, training->dataset, options->core.workers,
						options->core.verbose);
	MemoryContextDelete(context);
	return result;
}

bytea *
aepg_training_run(AepgTraining *training)
{
	unsigned long long nrows = train_rows(training);
	ErrorContextCallback callback = {
		error_context_stack, train_error_context, &nrows
	};
	bytea	   *result;

	error_context_stack = &callback;
	aepg_progress_phase(AEPG_PHASE_PLANNING, nrows);
	result = training->sets != NULL
		? aepg_sets_train(training->sets, training->dataset)
		: train_model(training);
	error_context_stack = callback.previous;
	return result;
}
