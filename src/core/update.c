/*
 * update.c
 *	  A trained model trained further on new rows.
 *
 * The moments of the optimiser are not kept between trainings: Adam forgets
 * half of its second moment within 14 steps and corrects its first steps for
 * an empty one, so they are rebuilt before they would matter, and a model
 * would be three times as large.  docs/methods.md has the measurement.
 */
#include "core/update.h"

#include <math.h>
#include <string.h>

#include "core/labels.h"

/* of the epochs of the training that made the model */
#define UPDATE_EPOCHS 0.25

/* a label that no model has: longer than a label can be */
#define NO_LABEL_BYTES (AE_MAX_LABEL_BYTES + 1)

AeStatus
ae_update_create_dataset(const AeModel *model, const AeEnv *env,
						 const AeSpool *spool, AeBudget *budget,
						 AeDataset **dataset)
{
	const AeFeatures *f = model->features;
	AeArena		scratch;
	AeColumnSpec *specs;
	AeStatus	status = AE_ERR_MEMORY;

	ae_arena_init(&scratch, env);
	specs = ae_arena_alloc(&scratch, (size_t) f->ncolumns,
						   sizeof(AeColumnSpec));
	for (int c = 0; c < f->ncolumns && specs != NULL; c++)
	{
		const AeColumn *column = &f->columns[c];

		specs[c].name = column->name;
		specs[c].type = column->type;
		specs[c].kind = column->kind;
		specs[c].ncells = column->ncells;
		specs[c].cycles = column->cycles;
		specs[c].scaling = column->scaling;
		specs[c].loss = column->loss;
		specs[c].weight = column->weight;
		specs[c].condition = column->condition;
		specs[c].classes = column->classes;
		specs[c].max_categories = column->nlabels > 0 ? column->nlabels : 1;
		specs[c].min_frequency = 1;
		if (column->kind == AE_KIND_ORDINAL && column->labels != NULL)
		{
			specs[c].nlabels = column->nlabels;
			specs[c].labels = column->labels;
		}
	}
	if (specs != NULL)
		status = ae_dataset_create(env, spool, budget, f->ncolumns, specs,
								   dataset);
	ae_arena_free(&scratch);
	return status;
}

/* codes of labels in the model to codes in the dataset */
static AeStatus
rehearse_labels(const AeModel *model, AeDataset *dataset, double *row)
{
	static const char no_label[NO_LABEL_BYTES];
	const AeFeatures *f = model->features;

	for (int c = 0; c < f->ncolumns; c++)
	{
		const AeColumn *column = &f->columns[c];
		double	   *cell = row + column->cell;
		const char *label;

		if (column->kind != AE_KIND_CATEGORY || isnan(*cell))
			continue;
		label = *cell < column->nlabels ? column->labels[(int) *cell] : NULL;
		AE_TRY(ae_dataset_code(dataset, c, label != NULL ? label : no_label,
							   label != NULL ? strlen(label) : NO_LABEL_BYTES,
							   cell));
	}
	return AE_OK;
}

/*
 * Whether a row is known from its point: not without what it was given, while
 * a class that is not known is nothing unusual.
 */
static bool
rehearse_is_possible(const AeFeatures *f)
{
	for (int c = 0; c < f->ncolumns; c++)
		if (f->columns[c].condition && !f->columns[c].classes)
			return false;
	return true;
}

AeStatus
ae_update_rehearse(const AeModel *model, int nparts, AeDataset *dataset)
{
	const AeFeatures *f = model->features;
	const AeEnv *env = model->arena.env;
	AeStatus	status = AE_OK;
	AeArena		scratch;
	double	   *row;
	float	   *output;

	if (!rehearse_is_possible(f))
		return AE_OK;
	ae_arena_init(&scratch, env);
	row = ae_arena_alloc(&scratch, (size_t) f->ncells, sizeof(double));
	output = ae_arena_alloc(&scratch, (size_t) f->output_width,
							sizeof(float));
	if (row == NULL || output == NULL)
		status = AE_ERR_MEMORY;
	for (int i = 0; i < model->joint.npoints / nparts && status == AE_OK; i++)
	{
		env->poll(env->host);
		ae_joint_restore(&model->joint, f, i, output, row);
		status = rehearse_labels(model, dataset, row);
		if (status == AE_OK)
			status = ae_dataset_append(dataset, row);
	}
	ae_arena_free(&scratch);
	if (status == AE_OK)
		ae_dataset_mark_rehearsed(dataset);
	return status;
}

void
ae_update_resolve(const AeModel *model, uint64_t nrows, int nparts,
				  AeOptions *options)
{
	double		epochs = (double) model->nsteps * model->options.batch_size /
		(double) (model->nseen > 0 ? model->nseen : 1);

	if (isnan(options->learning_rate))
		options->learning_rate = model->options.learning_rate;
	if (options->epochs == AE_AUTO && nparts > 1)
		options->epochs = 1;
	if (options->epochs == AE_AUTO)
	{
		epochs = ceil(UPDATE_EPOCHS * epochs);
		options->epochs = (int) fmin(fmax(epochs, 1.0),
									 model->options.epochs);
	}
	options->batch_size /= nparts;
	if (options->batch_size < 1)
		options->batch_size = 1;
	options->validation_fraction = 0.0;
	if ((uint64_t) options->coreset > nrows)
		options->coreset = (int) nrows;
}

void
ae_update_prepare(AeModel *model, const AeDrift *drift)
{
	model->nhistory = 0;
	model->nsteps = 0;
	model->nseen = drift->nrows;
	model->velocity = NULL;
	ae_drift_store(drift, model->histograms);
	memset(model->column_loss, 0,
		   (size_t) model->features->ncolumns * sizeof(double));
	model->joint.log_unit = 0.0;
	model->joint.points = NULL;
	model->joint.npoints = model->options.coreset;
}
