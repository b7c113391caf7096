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
