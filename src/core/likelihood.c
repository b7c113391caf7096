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

/*----------
 * One row of a trained model.
 *----------
 */
double
ae_likelihood_row(const AeModel *model, const AeKernels *kernels,
				  const float *o, const float *t,
				  const AeLikelihoodWork *work)
{
	return model->total_weight *
		ae_likelihood(model, kernels, model->noise, work->weight, 1,
					  AE_PAD(model->features->output_width), o, t, 0.0f,
					  work->gradient, work->residual);
}

/* how many of its numbers have a target, a boolean or category being one */
static int
likelihood_present(const AeColumn *column, const float *t)
{
	int			present = 0;

	for (int j = 0; j < ae_model_targets(column); j++)
		present += !isnan(t[column->output + j]);
	return present;
}

/* nats, but for constants, that a loss as of ae_objective_column() is worth */
static double
likelihood_nats(const AeModel *model, int c, double loss)
{
	const AeColumn *column = &model->features->columns[c];

	loss *= model->total_weight * model->loss_weight[column->output] /
		model->unit_weight[column->output];
	return likelihood_is_normal(column) ? 0.5 * loss / model->noise[c] : loss;
}

/* the same of a number in the mean training row */
static double
likelihood_usual(const AeModel *model, int c)
{
	const AeColumn *column = &model->features->columns[c];

	/* the variance is the mean of the squares */
	return likelihood_is_normal(column) ? 0.5 * column->weight
		: likelihood_nats(model, c, model->column_loss[c]) /
		ae_model_targets(column);
}

double
ae_likelihood_missing(const AeModel *model, const float *t)
{
	const AeFeatures *f = model->features;
	double		sum = 0.0;

	for (int c = 0; c < f->ncolumns; c++)
	{
		const AeColumn *column = &f->columns[c];
		int			missing = ae_model_targets(column) -
			likelihood_present(column, t);

		sum += missing * likelihood_usual(model, c);
		if (likelihood_is_normal(column))
			sum += missing * column->weight *
				0.5 * (log(model->noise[c]) + LOG_TWO_PI);
		if (column->kind == AE_KIND_POSITIVE)
			for (int i = 0; i < column->ncells; i++)
				if (isnan(t[column->output + i]) &&
					!column->cells[i].constant)
					sum += column->weight *
						likelihood_constant(column, i, 0.0f);
	}
	return sum;
}

double
ae_likelihood_excess(const AeModel *model, const AeKernels *kernels, int c,
					 const float *o, const float *t, float *gradient)
{
	int			ld = AE_PAD(model->features->output_width);
	double		loss = ae_objective_column(model, kernels, c, 1, ld, o, t,
										   gradient);

	return likelihood_nats(model, c, loss) -
		likelihood_present(&model->features->columns[c], t) *
		likelihood_usual(model, c);
}
