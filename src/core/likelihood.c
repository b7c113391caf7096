/*
 * likelihood.c
 *	  The negative log likelihood that a variational model minimises.
 */
#include "core/likelihood.h"

#include <math.h>

#include "core/count.h"
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
	return ae_column_is_number(column) && column->kind != AE_KIND_POISSON;
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

/* what a value costs in nats whatever the output; target is not NaN */
static double
likelihood_constant(const AeColumn *column, int i, float target)
{
	const AeCell *cell = &column->cells[i];

	if (column->kind == AE_KIND_POISSON)
		return ae_count_least(target * ae_count_scale(cell));
	/* d log(1 + x) = dx / (1 + x) */
	return log(cell->spread / cell->stddev) +
		fabs(cell->centre + cell->spread * target);
}

static double
likelihood_constants(const AeColumn *column, int rows, int ld, const float *t)
{
	double		sum = 0.0;

	if (column->kind != AE_KIND_POISSON && column->kind != AE_KIND_POSITIVE)
		return 0.0;
	for (int i = 0; i < column->ncells; i++)
	{
		if (column->kind == AE_KIND_POSITIVE && column->cells[i].constant)
			continue;
		for (int r = 0; r < rows; r++)
		{
			float		target = t[(size_t) r * (size_t) ld +
								   (size_t) (column->output + i)];

			sum += isnan(target) ? 0.0
				: likelihood_constant(column, i, target);
		}
	}
	return sum;
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
		if (model->total_weight > 0)
			sum += column->weight / model->total_weight *
				(likelihood_constants(column, rows, ld, t) +
				 residual[c].count * 0.5 * (log(noise[c]) + LOG_TWO_PI));
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
