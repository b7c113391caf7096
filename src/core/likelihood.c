/*
 * likelihood.c
 *	  The negative log likelihood that a variational model minimises.
 */
#include "core/likelihood.h"

#include <math.h>

#include "core/objective.h"

/* what a step changes of a variance: it is known within 100 steps */
#define NOISE_RATE 0.05

/* a deviation of 0.01: no column is worth any number of nats */
#define MIN_NOISE 1e-4

/* log(2 pi) */
#define LOG_TWO_PI 1.8378770664093454836

static bool
likelihood_is_normal(const AeColumn *column)
{
	return column->loss != AE_LOSS_SOFTMAX &&
		column->loss != AE_LOSS_LOGISTIC;
}

static AeResidual
likelihood_residual(const AeColumn *column, int rows, int ld, const float *o,
					const float *t)
{
	AeResidual	residual = {0.0, 0.0};

	if (!likelihood_is_normal(column))
		return residual;
	for (int r = 0; r < rows; r++)
	{
		size_t		at = (size_t) r * (size_t) ld + (size_t) column->output;

		for (int j = 0; j < column->output_width; j++)
		{
			double		error = (double) o[at + j] - t[at + j];

			if (isnan(t[at + j]))
				continue;
			residual.squares += error * error;
			residual.count++;
		}
	}
	return residual;
}

double
ae_likelihood(const AeModel *model, const AeKernels *kernels,
			  const double *noise, float *weight, int rows, int ld,
			  const float *o, const float *t, float scale, float *d,
			  AeResidual *residual)
{
	const AeFeatures *f = model->features;
	double		sum = 0.0;

	for (int c = 0; c < f->ncolumns; c++)
	{
		const AeColumn *column = &f->columns[c];
		bool		normal = likelihood_is_normal(column);
		double		factor = normal ? 0.5 / noise[c] : 1.0;

		for (int j = column->output;
			 j < column->output + column->output_width; j++)
			weight[j] = (float) (model->loss_weight[j] * factor);
		residual[c] = likelihood_residual(column, rows, ld, o, t);
		sum += model->loss_weight[column->output] * residual[c].count *
			0.5 * (log(noise[c]) + LOG_TWO_PI);
	}
	return sum + ae_objective(model, kernels, weight, rows, ld, o, t, scale,
							  d);
}

void
ae_likelihood_learn(const AeModel *model, int nslices,
					const AeResidual *residual, double *noise)
{
	int			ncolumns = model->features->ncolumns;

	for (int c = 0; c < ncolumns; c++)
	{
		double		squares = 0.0;
		double		count = 0.0;

		for (int s = 0; s < nslices; s++)
		{
			const AeResidual *slice = &residual[(size_t) s * ncolumns + c];

			squares += slice->squares;
			count += slice->count;
		}
		if (count > 0)
			noise[c] += NOISE_RATE * (squares / count - noise[c]);
		noise[c] = fmax(noise[c], MIN_NOISE);
	}
}

/*----------
 * One row of a trained model.
 *----------
 */

/* how many of its numbers have a target, a boolean or category being one */
static int
likelihood_present(const AeColumn *column, const float *t)
{
	int			present = 0;

	for (int j = 0; j < ae_model_targets(column); j++)
		present += !isnan(t[column->output + j]);
	return present;
}

static double
likelihood_noise(const AeModel *model, int c)
{
	return fmax(model->noise[c], MIN_NOISE);
}

/* what the outputs cost of a column's targets, which is 0 at best */
static double
likelihood_column(const AeModel *model, const AeKernels *kernels, int c,
				  const float *o, const float *t, float *gradient)
{
	const AeColumn *column = &model->features->columns[c];
	double		loss = ae_objective_column(model, kernels, c, 1,
										   AE_PAD(model->features->output_width),
										   o, t, gradient) /
		model->unit_weight[column->output];

	return likelihood_is_normal(column)
		? 0.5 * loss / likelihood_noise(model, c) : loss;
}

/* the same in the mean training row, of one number */
static double
likelihood_usual(const AeModel *model, int c)
{
	const AeColumn *column = &model->features->columns[c];

	/* the variance is the mean of the squares */
	if (likelihood_is_normal(column))
		return 0.5;
	return model->column_loss[c] / model->unit_weight[column->output];
}

double
ae_likelihood_base(const AeModel *model, const float *t)
{
	const AeFeatures *f = model->features;
	double		sum = 0.0;

	for (int c = 0; c < f->ncolumns; c++)
	{
		const AeColumn *column = &f->columns[c];
		int			ntargets = ae_model_targets(column);
		int			missing = ntargets - likelihood_present(column, t);
		double		scale = !likelihood_is_normal(column) ? 0.0
			: 0.5 * (log(likelihood_noise(model, c)) + LOG_TWO_PI);

		sum += column->weight * (ntargets * scale +
								 missing * likelihood_usual(model, c));
	}
	return sum;
}

double
ae_likelihood_misfit(const AeModel *model, const AeKernels *kernels,
					 const float *o, const float *t, float *gradient)
{
	const AeFeatures *f = model->features;
	double		sum = 0.0;

	for (int c = 0; c < f->ncolumns; c++)
		sum += f->columns[c].weight *
			likelihood_column(model, kernels, c, o, t, gradient);
	return sum;
}

double
ae_likelihood_excess(const AeModel *model, const AeKernels *kernels, int c,
					 const float *o, const float *t, float *gradient)
{
	const AeColumn *column = &model->features->columns[c];

	return column->weight *
		(likelihood_column(model, kernels, c, o, t, gradient) -
		 likelihood_present(column, t) * likelihood_usual(model, c));
}
