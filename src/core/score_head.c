/*
 * score_head.c
 *	  What a model's head reads of a row, and which columns move it.
 */
#include "core/score_head.h"

#include <math.h>
#include <string.h>

void
ae_head_inputs(const AeModel *model, const float *value,
			   const float *reconstruction, double log_score, float *x)
{
	const AeJoint *joint = &model->joint;
	int			d = joint->ncoords;

	for (int i = 0; i < d; i++)
	{
		float		h = reconstruction[i] - joint->centre[i];
		float		r = value[i] - reconstruction[i] - joint->centre[d + i];

		/* a condition says nothing */
		x[i] = joint->unit[i] > 0 ? ae_head_input(h + r) : 0.0f;
		x[d + i] = ae_head_input(h * joint->factor[i]);
		x[2 * d + i] = ae_head_input(r * joint->factor[d + i]);
	}
	x[3 * d] = ae_head_input((float) (log_score - model->head.log_unit));
}

/* adds factor times what input i adds to the hidden units */
static void
head_add_input(const AeHead *head, const float *x, int i, double factor,
			   double hidden[AE_HEAD_UNITS])
{
	const AeLayer *layer = &head->net.layers[0];
	const float *w = head->params + layer->weights +
		(size_t) i * AE_PAD(AE_HEAD_UNITS);

	for (int j = 0; j < AE_HEAD_UNITS; j++)
		hidden[j] += factor * x[i] * w[j];
}

static double
head_output(const AeHead *head, const double hidden[AE_HEAD_UNITS])
{
	const AeLayer *layer = &head->net.layers[1];
	double		y = head->params[layer->bias];

	for (int j = 0; j < AE_HEAD_UNITS; j++)
		y += tanh(hidden[j]) *
			head->params[layer->weights + (size_t) j * AE_LANES];
	return y > 0.0 ? y : 0.0;
}

double
ae_head_share(const AeModel *model, const float *x, double *share)
{
	const AeHead *head = &model->head;
	const AeJoint *joint = &model->joint;
	const float *bias = head->params + head->net.layers[0].bias;
	int			d = joint->ncoords;
	double		all[AE_HEAD_UNITS];
	double		less[AE_HEAD_UNITS];
	double		y;

	for (int j = 0; j < AE_HEAD_UNITS; j++)
		all[j] = bias[j];
	for (int i = 0; i <= 3 * d; i++)
		head_add_input(head, x, i, 1.0, all);
	y = head_output(head, all);
	for (int c = 0; c < model->features->ncolumns; c++)
	{
		memcpy(less, all, sizeof(less));
		for (int i = joint->first[c]; i < joint->first[c + 1]; i++)
			for (int part = 0; part < 3; part++)
				head_add_input(head, x, part * d + i, -1.0, less);
		share[c] = fmax(y - head_output(head, less), 0.0);
	}
	memcpy(less, all, sizeof(less));
	head_add_input(head, x, 3 * d, -1.0, less);
	return fmax(y - head_output(head, less), 0.0);
}
