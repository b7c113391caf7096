/*
 * score.c
 *	  A model applied to rows.
 */
#include "core/score.h"

#include <math.h>

#include "core/objective.h"

AeStatus
ae_scorer_create(const AeModel *model, const AeKernels *kernels,
				 AeArena *arena, AeScorer **scorer)
{
	AeScorer   *s = ae_arena_alloc(arena, 1, sizeof(AeScorer));
	size_t		in = AE_PAD((size_t) model->features->input_width);
	size_t		out = AE_PAD((size_t) model->features->output_width);
	size_t		widest = AE_PAD((size_t) model->net.max_width);

	if (s == NULL)
		return AE_ERR_MEMORY;
	s->model = model;
	s->kernels = kernels;
	s->input = ae_arena_alloc(arena, in, sizeof(float));
	s->target = ae_arena_alloc(arena, out, sizeof(float));
	s->code = ae_arena_alloc(arena,
							 AE_PAD((size_t) ae_net_latent(&model->net)),
							 sizeof(float));
	s->output = ae_arena_alloc(arena, out, sizeof(float));
	s->gradient = ae_arena_alloc(arena, out, sizeof(float));
	s->scratch = ae_arena_alloc(arena, widest, 2 * sizeof(float));
	if (s->input == NULL || s->target == NULL || s->code == NULL ||
		s->output == NULL || s->gradient == NULL || s->scratch == NULL)
		return AE_ERR_MEMORY;
	*scorer = s;
	return AE_OK;
}

/* layers first .. last - 1 from x to y */
static void
score_infer(AeScorer *s, int first, int last, const float *x, float *y)
{
	const AeNet *net = &s->model->net;

	ae_net_infer(net, s->kernels, s->model->params, first, last, 1,
				 x, AE_PAD(net->layers[first].in),
				 y, AE_PAD(net->layers[last - 1].out), s->scratch);
}

const float *
ae_score_encode(AeScorer *s, const double *row)
{
	ae_features_encode(s->model->features, row, s->input, NULL);
	score_infer(s, 0, s->model->net.ncoder, s->input, s->code);
	return s->code;
}

void
ae_score_decode(AeScorer *s, const float *code, double *expected)
{
	const AeNet *net = &s->model->net;
	int			latent = ae_net_latent(net);

	/* the caller's code is neither padded nor aligned */
	for (int i = 0; i < latent; i++)
		s->code[i] = code[i];
	if (net->ncoder < net->nlayers)
		score_infer(s, net->ncoder, net->nlayers, s->code, s->output);
	else
		for (int i = 0; i < latent; i++)
			s->output[i] = code[i];
	ae_features_decode(s->model->features, s->output, expected);
}

void
ae_score_reconstruct(AeScorer *s, const double *row, double *expected)
{
	ae_features_encode(s->model->features, row, s->input, NULL);
	score_infer(s, 0, s->model->net.nlayers, s->input, s->output);
	ae_features_decode(s->model->features, s->output, expected);
}

/* whether any cell of the column has a target */
static bool
score_has(const AeScorer *s, const AeColumn *column)
{
	for (int i = 0; i < column->ncells; i++)
		if (!isnan(s->target[column->output + i]))
			return true;
	return false;
}

/* sum of the weights of the columns that have a target */
static double
score_present(const AeScorer *s)
{
	const AeFeatures *f = s->model->features;
	double		weight = 0.0;

	for (int i = 0; i < f->ncolumns; i++)
		if (score_has(s, &f->columns[i]))
			weight += f->columns[i].weight;
	return weight;
}

/* inputs, targets and outputs of a row; the weight of what is present */
static double
score_forward(AeScorer *s, const double *row)
{
	ae_features_encode(s->model->features, row, s->input, s->target);
	score_infer(s, 0, s->model->net.nlayers, s->input, s->output);
	return score_present(s);
}

double
ae_score_row(AeScorer *s, const double *row)
{
	double		present = score_forward(s, row);

	if (!(present > 0))
		return NAN;
	return ae_objective(s->model, s->kernels, s->model->score_weight, 1,
						AE_PAD(s->model->features->output_width), s->output,
						s->target, 0.0f, s->gradient) / present;
}

double
ae_score_columns(AeScorer *s, const double *row, double *column_loss,
				 double *expected)
{
	const AeModel *model = s->model;
	const AeFeatures *f = model->features;
	double		present = score_forward(s, row);
	double		sum = 0.0;
	int			ld = AE_PAD(f->output_width);

	for (int i = 0; i < f->ncolumns; i++)
	{
		column_loss[i] = NAN;
		if (!score_has(s, &f->columns[i]))
			continue;
		column_loss[i] = ae_objective_column(model, s->kernels, i, 1, ld,
											 s->output, s->target,
											 s->gradient);
		sum += f->columns[i].weight * column_loss[i];
	}
	if (expected != NULL)
		ae_features_decode(f, s->output, expected);
	return present > 0 ? sum / present : NAN;
}
