/*
 * objective.c
 *	  The loss of outputs against targets, over all columns of a model.
 */
#include "core/objective.h"

static double
objective_span(const AeKernels *kernels, const AeSpan *span,
			   const float *weight, int rows, int ld, const float *o,
			   const float *t, float scale, float *d)
{
	o += span->offset;
	t += span->offset;
	d += span->offset;
	weight += span->offset;
	if (span->loss == AE_LOSS_SOFTMAX)
		return kernels->softmax(rows, span->width, ld, o, t, *weight, scale,
								d);
	if (span->loss == AE_LOSS_ORDINAL)
		return kernels->ordinal(rows, span->width, ld, o, t, *weight, scale,
								d);
	return kernels->loss(span->loss, rows, span->width, ld, o, t, weight,
						 scale, d);
}

double
ae_objective(const AeModel *model, const AeKernels *kernels,
			 const float *weight, int rows, int ld, const float *o,
			 const float *t, float scale, float *d)
{
	double		sum = 0.0;

	for (int i = 0; i < model->nspans; i++)
		sum += objective_span(kernels, &model->spans[i], weight, rows, ld, o,
							  t, scale, d);
	return sum;
}

double
ae_objective_column(const AeModel *model, const AeKernels *kernels,
					int column, int rows, int ld, const float *o,
					const float *t, float *d)
{
	const AeColumn *c = &model->features->columns[column];
	AeSpan		span = {c->loss, c->output, c->output_width};

	return objective_span(kernels, &span, model->unit_weight, rows, ld, o, t,
						  0.0f, d);
}
