/*
 * classes.c
 *	  The label column of a model that tells classes.
 */
#include "core/classes.h"

#include <math.h>
#include <string.h>

/* a class that no row had is not impossible */
#define MIN_PRIOR 1e-6

const AeColumn *
ae_classes_column(const AeFeatures *features)
{
	for (int c = 0; c < features->ncolumns; c++)
		if (features->columns[c].classes)
			return &features->columns[c];
	return NULL;
}

int
ae_classes_count(const AeModel *model)
{
	return model->classes != NULL ? model->classes->nlabels : 0;
}

int
ae_classes_of(const AeModel *model, const float *target)
{
	float		label = target[model->classes->output];

	return isnan(label) || label >= (float) model->classes->nlabels ? -1
		: (int) label;
}

void
ae_classes_blank(const AeModel *model, float *input)
{
	memset(input + model->classes->input, 0,
		   (size_t) model->classes->input_width * sizeof(float));
}

void
ae_classes_set(const AeModel *model, int class, float *input)
{
	ae_classes_blank(model, input);
	input[model->classes->input + class] = 1.0f;
}

void
ae_classes_put(const AeModel *model, const double *share, float *input)
{
	ae_classes_blank(model, input);
	for (int y = 0; y < model->classes->nlabels; y++)
		input[model->classes->input + y] = (float) share[y];
}

void
ae_classes_shares(const float *logit, int n, double *share)
{
	double		most = logit[0];
	double		sum = 0.0;

	for (int y = 1; y < n; y++)
		most = fmax(most, logit[y]);
	for (int y = 0; y < n; y++)
	{
		share[y] = exp(logit[y] - most);
		sum += share[y];
	}
	for (int y = 0; y < n; y++)
		share[y] /= sum;
}

double
ae_classes_unit(const AeModel *model)
{
	return model->total_weight > 0 ? 1.0 / model->total_weight : 0.0;
}

double
ae_classes_weight(const AeModel *model)
{
	return model->options.label_weight * ae_classes_unit(model);
}

double
ae_classes_log_prior(const AeModel *model, int class)
{
	return log(fmax(model->classes->frequency[class], MIN_PRIOR));
}
