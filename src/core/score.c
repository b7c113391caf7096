/*
 * score.c
 *	  A model applied to rows.
 */
#include "core/score.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "core/classes.h"
#include "core/condition.h"
#include "core/objective.h"
#include "core/score_head.h"

/* log scores are no less; a score may be 0 */
#define SCORE_MIN_LOG (-69.0)

/* log scores tie up to this: those of the training had no unit yet */
#define SCORE_TIE 1e-9

/* added to the score distance: where most rows are alike, it has a unit too */
#define SCORE_DISTANCE_FLOOR 1e-4

/* what the scores distance and neighbour need */
static AeStatus
scorer_create_joint(AeScorer *s, AeArena *arena)
{
	const AeJoint *joint = &s->model->joint;
	size_t		d = (size_t) joint->ncoords;

	s->value = ae_arena_alloc(arena, d, sizeof(float));
	s->reconstruction = ae_arena_alloc(arena, d, sizeof(float));
	s->point = ae_arena_alloc(arena, 2 * d, sizeof(int16_t));
	if (s->value == NULL || s->reconstruction == NULL || s->point == NULL)
		return AE_ERR_MEMORY;
	return joint->points != NULL
		? ae_neighbours_create(joint, arena, &s->neighbours) : AE_OK;
}

static AeStatus
scorer_create_evidence(AeScorer *s, AeArena *arena)
{
	const AeNet *net = &s->model->net;
	int			width = net->layers[ae_net_gaussian(net)].in;

	s->code_input = ae_arena_alloc(arena, AE_PAD((size_t) width),
								   sizeof(float));
	if (s->code_input == NULL)
		return AE_ERR_MEMORY;
	return ae_draws_create(s->model, arena, &s->draws);
}

static AeStatus
scorer_create_classes(AeScorer *s, AeArena *arena)
{
	const AeNet *net = &s->model->companion;
	size_t		n = (size_t) ae_net_outputs(net);

	s->known = ae_arena_alloc(arena, AE_PAD((size_t) ae_net_inputs(net)),
							  sizeof(float));
	s->logit = ae_arena_alloc(arena, AE_PAD(n), sizeof(float));
	s->class_scratch = ae_arena_alloc(arena, AE_PAD((size_t) net->max_width),
									  2 * sizeof(float));
	s->probability = ae_arena_alloc(arena, n, sizeof(double));
	return s->known == NULL || s->logit == NULL || s->class_scratch == NULL ||
		s->probability == NULL ? AE_ERR_MEMORY : AE_OK;
}

static AeStatus
scorer_create_head(AeScorer *s, AeArena *arena)
{
	const AeModel *model = s->model;
	const AeNet *net = &model->head.net;

	s->head_input = ae_arena_alloc(arena, AE_PAD((size_t) ae_net_inputs(net)),
								   sizeof(float));
	s->head_scratch = ae_arena_alloc(arena, AE_PAD((size_t) net->max_width),
									 2 * sizeof(float));
	s->head_share = ae_arena_alloc(arena, (size_t) model->features->ncolumns,
								   sizeof(double));
	return s->head_input == NULL || s->head_scratch == NULL ||
		s->head_share == NULL ? AE_ERR_MEMORY : AE_OK;
}

AeStatus
ae_scorer_create(const AeModel *model, const AeKernels *kernels,
				 AeArena *arena, AeScorer **scorer)
{
	AeScorer   *s = ae_arena_alloc(arena, 1, sizeof(AeScorer));
	size_t		in = AE_PAD((size_t) model->features->input_width);
	size_t		out = AE_PAD((size_t) model->features->output_width);
	size_t		widest = AE_PAD((size_t) model->net.max_width);
	size_t		ncolumns = (size_t) model->features->ncolumns;

	if (s == NULL)
		return AE_ERR_MEMORY;
	s->model = model;
	s->kernels = kernels;
	for (size_t i = 0; i < ncolumns; i++)
		s->weight += model->features->columns[i].weight;
	s->input = ae_arena_alloc(arena, in, sizeof(float));
	s->target = ae_arena_alloc(arena, out, sizeof(float));
	s->code = ae_arena_alloc(arena,
							 AE_PAD((size_t) ae_net_latent(&model->net)),
							 sizeof(float));
	s->output = ae_arena_alloc(arena, out, sizeof(float));
	s->gradient = ae_arena_alloc(arena, out, sizeof(float));
	s->given = ae_arena_alloc(arena, (size_t) ae_net_joined(&model->net),
							  sizeof(float));
	s->scratch = ae_arena_alloc(arena, widest, 2 * sizeof(float));
	if (s->input == NULL || s->target == NULL || s->code == NULL ||
		s->output == NULL || s->given == NULL || s->gradient == NULL ||
		s->scratch == NULL)
		return AE_ERR_MEMORY;
	s->contribution = ae_arena_alloc(arena, ncolumns, sizeof(double));
	s->z = ae_arena_alloc(arena, ncolumns, sizeof(double));
	s->expected = ae_arena_alloc(arena, (size_t) model->features->ncells,
								 sizeof(double));
	s->suspicion = ae_arena_alloc(arena, ncolumns, sizeof(double));
	s->fall = ae_arena_alloc(arena, ncolumns, sizeof(double));
	s->hidden = ae_arena_alloc(arena, (size_t) model->features->ncells,
							   sizeof(double));
	if (s->contribution == NULL || s->z == NULL || s->expected == NULL ||
		s->suspicion == NULL || s->fall == NULL || s->hidden == NULL)
		return AE_ERR_MEMORY;
	if (model->classes != NULL)
		AE_TRY(scorer_create_classes(s, arena));
	if (ae_score_is_joint(model->options.score))
		AE_TRY(scorer_create_joint(s, arena));
	if (model->options.score == AE_SCORE_CONDITIONAL)
		AE_TRY(ae_conditional_create(model, arena, &s->conditional));
	if (ae_score_is_evidence(model->options.score))
		AE_TRY(scorer_create_evidence(s, arena));
	if (ae_head_exists(&model->head))
		AE_TRY(scorer_create_head(s, arena));
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

/*
 * Bounds the outputs like targets: weights that no training makes are stored
 * too, and a score must be finite.
 */
static void
score_bound(AeScorer *s)
{
	s->kernels->bound(s->model->features->output_width, AE_VALUE_LIMIT,
					  s->output);
}

/* probabilities of classes from what the companion reads; logits are bounded,
 * because nobody vouches for weights */
static void
score_classify(AeScorer *s)
{
	const AeNet *net = &s->model->companion;
	int			n = ae_net_outputs(net);

	ae_net_infer(net, s->kernels, s->model->companion_params, 0, net->nlayers,
				 1, s->known, AE_PAD(ae_net_inputs(net)), s->logit, AE_PAD(n),
				 s->class_scratch);
	s->kernels->bound(n, AE_VALUE_LIMIT, s->logit);
	ae_classes_shares(s->logit, n, s->probability);
}

/* whether the companion reads inputs; else it reads the code */
static bool
score_is_semi(const AeScorer *s)
{
	return s->model->options.variant == AE_VARIANT_SEMI_SUPERVISED;
}

/* probabilities of classes of the row whose inputs are there */
static void
score_classify_input(AeScorer *s)
{
	memcpy(s->known, s->input,
		   AE_PAD((size_t) s->model->features->input_width) * sizeof(float));
	ae_classes_blank(s->model, s->known);
	score_classify(s);
}

/*
 * Inputs of a row and, unless target is NULL, targets.  A class that is not
 * known is what the companion takes it for.
 */
static void
score_input(AeScorer *s, const double *row, float *target)
{
	const AeModel *model = s->model;

	ae_features_encode_fast(model->features, s->kernels, row, s->input,
							target);
	if (model->classes == NULL)
		return;
	if (!score_is_semi(s))
		ae_classes_blank(model, s->input);
	else if (!(row[model->classes->cell] < model->classes->nlabels))
	{
		score_classify_input(s);
		ae_classes_put(model, s->probability, s->input);
	}
}

/* the outputs of the column of classes, from the code */
static void
score_code_classes(AeScorer *s)
{
	const AeColumn *column = s->model->classes;
	float	   *output = s->output + column->output;

	memcpy(s->known, s->code, AE_PAD((size_t) ae_net_latent(&s->model->net)) *
		   sizeof(float));
	score_classify(s);
	memcpy(output, s->logit, (size_t) column->nlabels * sizeof(float));
	output[column->nlabels] = -AE_VALUE_LIMIT;
}

/*
 * What the condition columns are, from x: the network's inputs if it enters
 * at the first layer, else a code.  They stand for themselves.
 */
static void
score_condition(AeScorer *s, int first, const float *x)
{
	const AeNet *net = &s->model->net;
	int			n = ae_net_joined(net);

	if (n == 0)
		return;
	for (int i = 0; i < n; i++)
		s->given[i] = first == 0 ? x[net->joined[i]]
			: x[ae_net_code(net)->out + i];
	ae_condition_outputs(s->model->features, s->given, s->output);
}

/* the outputs for x, which layer first reads */
static void
score_outputs(AeScorer *s, int first, const float *x)
{
	const AeNet *net = &s->model->net;
	bool		tells = s->model->classes != NULL && !score_is_semi(s);
	float	   *output = s->output;

	if (tells && first == 0)
	{
		score_infer(s, 0, net->ncoder, x, s->code);
		score_infer(s, net->ncoder, net->nlayers, s->code, output);
	}
	else
		score_infer(s, first, net->nlayers, x, output);
	score_bound(s);
	score_condition(s, first, x);
	if (tells)
		score_code_classes(s);
}

const float *
ae_score_encode(AeScorer *s, const double *row)
{
	score_input(s, row, NULL);
	score_infer(s, 0, s->model->net.ncoder, s->input, s->code);
	return s->code;
}

const double *
ae_score_classes(AeScorer *s, const double *row)
{
	if (score_is_semi(s))
	{
		ae_features_encode(s->model->features, row, s->input, NULL);
		score_classify_input(s);
	}
	else
	{
		ae_score_encode(s, row);
		score_code_classes(s);
	}
	return s->probability;
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
		score_outputs(s, net->ncoder, s->code);
	else
		for (int i = 0; i < latent; i++)
			s->output[i] = code[i];
	ae_features_decode(s->model->features, s->output, expected);
	if (ae_net_joined(net) > 0)
		ae_condition_settle(s->model->features, s->given, expected);
}

void
ae_score_reconstruct(AeScorer *s, const double *row, double *expected)
{
	score_input(s, row, NULL);
	score_outputs(s, 0, s->input);
	ae_features_decode(s->model->features, s->output, expected);
	ae_condition_copy(s->model->features, row, expected);
}

static bool
score_has(const AeScorer *s, const AeColumn *column)
{
	return ae_objective_has(column, s->target);
}

/* sum of the weights of the columns that have a target */
static double
score_present(const AeScorer *s)
{
	const AeFeatures *f = s->model->features;
	double		weight = 0.0;

	if (!s->kernels->any_nan(f->output_width, s->target))
		return s->weight;
	for (int i = 0; i < f->ncolumns; i++)
		if (score_has(s, &f->columns[i]))
			weight += f->columns[i].weight;
	return weight;
}

/* inputs, targets and outputs of a row; the weight of what is present */
static double
score_forward(AeScorer *s, const double *row)
{
	score_input(s, row, s->target);
	score_outputs(s, 0, s->input);
	return score_present(s);
}

/* the same with outputs that each column's own value has no part in */
static double
score_forward_hidden(AeScorer *s, const double *row)
{
	double		present = score_forward(s, row);

	ae_conditional_predict(s->conditional, s->model, s->kernels, s->input,
						   s->target, s->output);
	score_bound(s);
	return present;
}

void
ae_score_coordinates(AeScorer *s, const double *row, float *value,
					 float *reconstruction)
{
	score_forward(s, row);
	ae_joint_coordinates(&s->model->joint, s->model->features, s->target,
						 s->output, value, reconstruction);
}

/* of the row that went forward last; columns that are present weigh so much */
static double
score_error(AeScorer *s, double present)
{
	return ae_objective(s->model, s->kernels, s->model->score_weight, 1,
						AE_PAD(s->model->features->output_width), s->output,
						s->target, 0.0f, s->gradient) / present;
}

static double
score_distance(AeScorer *s)
{
	return sqrt(ae_joint_distance(&s->model->joint, s->model->features,
								  s->value, s->reconstruction, NULL)) +
		SCORE_DISTANCE_FLOOR;
}

/* the log score of the row that was placed last, without its unit */
static double
score_joint(AeScorer *s)
{
	const AeModel *model = s->model;
	double		log_score;

	if (model->options.score == AE_SCORE_DISTANCE)
		log_score = log(score_distance(s));
	else
		log_score = ae_neighbours_choose(s->neighbours, s->kernels);
	if (!ae_head_exists(&model->head))
		return log_score;
	s->log_alone = log_score;
	ae_head_inputs(model, s->value, s->reconstruction, log_score,
				   s->head_input);
	s->head_output = ae_head_apply(&model->head, s->kernels, s->head_input,
								   s->head_scratch);
	return log_score + s->head_output;
}

static double
score_conditional(AeScorer *s, const double *row)
{
	double		present = score_forward_hidden(s, row);

	return present > 0
		? score_error(s, present) * exp(-s->model->joint.log_unit) : NAN;
}

double
ae_score_nats(AeScorer *s, const double *row)
{
	int			gaussian = ae_net_gaussian(&s->model->net);

	if (!(score_forward(s, row) > 0))
		return NAN;
	score_infer(s, 0, gaussian, s->input, s->code_input);
	s->kernels->bound(s->model->net.layers[gaussian].in, AE_VALUE_LIMIT,
					  s->code_input);
	return ae_draws_nats(s->model, s->kernels, s->draws, s->code_input,
						 s->input, s->target);
}

void
ae_score_place(AeScorer *s)
{
	const AeModel *model = s->model;
	const AeJoint *joint = &model->joint;

	if (model->options.score == AE_SCORE_ERROR)
		return;
	ae_joint_coordinates(joint, model->features, s->target, s->output,
						 s->value, s->reconstruction);
	if (model->options.score == AE_SCORE_NEIGHBOUR)
		ae_joint_point(joint, s->value, s->reconstruction, s->point);
}

double
ae_score_finish(AeScorer *s)
{
	const AeModel *model = s->model;
	double		present = score_present(s);

	if (!(present > 0))
		return NAN;
	if (model->options.score == AE_SCORE_ERROR)
		return score_error(s, present);
	return exp(score_joint(s) - model->joint.log_unit);
}

double
ae_score_row(AeScorer *s, const double *row)
{
	const AeModel *model = s->model;

	if (model->options.score == AE_SCORE_CONDITIONAL)
		return score_conditional(s, row);
	if (ae_score_is_evidence(model->options.score))
		return ae_evidence_score(&model->evidence, ae_score_nats(s, row));
	score_input(s, row, s->target);
	score_outputs(s, 0, s->input);
	ae_score_place(s);
	if (model->options.score == AE_SCORE_NEIGHBOUR)
		ae_neighbours_measure(s->neighbours, s->kernels, 1, s->point, 0,
							  s->neighbours->distance, 0,
							  s->neighbours->least);
	return ae_score_finish(s);
}

double
ae_score_log(double score)
{
	double		result = log(score);

	if (isnan(result))
		return NAN;
	return fmin(fmax(result, SCORE_MIN_LOG), log(DBL_MAX));
}

double
ae_score_pvalue(const AeModel *model, double score)
{
	return ae_calibration_pvalue(&model->calibration,
								 ae_score_log(score) - SCORE_TIE);
}

/* losses of the row that went forward last; returns their weighted sum */
static double
score_losses(AeScorer *s, double *column_loss)
{
	const AeModel *model = s->model;
	const AeFeatures *f = model->features;
	double		sum = 0.0;
	int			ld = AE_PAD(f->output_width);

	for (int i = 0; i < f->ncolumns; i++)
	{
		column_loss[i] = NAN;
		if (!score_has(s, &f->columns[i]) || f->columns[i].condition ||
			f->columns[i].classes)
			continue;
		column_loss[i] = ae_objective_column(model, s->kernels, i, 1, ld,
											 s->output, s->target,
											 s->gradient);
		sum += f->columns[i].weight * column_loss[i];
	}
	return sum;
}

double
ae_score_columns(AeScorer *s, const double *row, double *column_loss,
				 double *expected)
{
	double		present = score_forward(s, row);
	double		sum = score_losses(s, column_loss);

	if (expected != NULL)
	{
		ae_features_decode(s->model->features, s->output, expected);
		ae_condition_copy(s->model->features, row, expected);
	}
	return present > 0 ? sum / present : NAN;
}

void
ae_score_hidden(AeScorer *s, const double *row, double *column_loss)
{
	score_forward_hidden(s, row);
	score_losses(s, column_loss);
}
