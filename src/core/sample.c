/*
 * sample.c
 *	  Rows like those of the training, from a model with a density.
 *
 * Nothing here fails or allocates, once there is a sampler.
 */
#include "core/sample.h"

#include <math.h>
#include <string.h>

#include "core/condition.h"
#include "core/feature_cell.h"
#include "core/ordinal.h"

/* what is given is compared with outputs as if they were no surer than that */
#define SAMPLE_MIN_NOISE 0.05

/*
 * A code is decoded with the condition that is given, so its own need be near
 * only: within such a deviation, and with so much less doubt about labels.
 */
#define SAMPLE_CONDITION_NOISE 0.25
#define SAMPLE_CONDITION_DOUBT 0.2

/* log probability that a cell that is missing in a code's rows is present */
#define SAMPLE_MISSING (-12.0)

AeStatus
ae_sampler_create(const AeModel *model, const AeKernels *kernels,
				  AeArena *arena, AeSampler **sampler)
{
	AeSampler  *s = ae_arena_alloc(arena, 1, sizeof(AeSampler));
	const AeFeatures *f = model->features;
	const AeDensity *density = &model->density;
	size_t		most_labels = 0;

	if (s == NULL)
		return AE_ERR_MEMORY;
	for (int c = 0; c < f->ncolumns; c++)
		if ((f->columns[c].kind == AE_KIND_CATEGORY ||
			 f->columns[c].kind == AE_KIND_ORDINAL) &&
			(size_t) f->columns[c].nlabels > most_labels)
			most_labels = (size_t) f->columns[c].nlabels;
	s->model = model;
	s->code = ae_arena_alloc(arena, AE_SAMPLE_CANDIDATES,
							 (size_t) density->codes.ndims * sizeof(float));
	s->flags = ae_arena_alloc(arena, AE_SAMPLE_CANDIDATES,
							  (size_t) density->gaps.nflags);
	s->fit = ae_arena_alloc(arena, AE_SAMPLE_CANDIDATES, sizeof(double));
	s->target = ae_arena_alloc(arena, (size_t) f->output_width,
							   sizeof(float));
	s->decoded = ae_arena_alloc(arena, (size_t) f->ncells, sizeof(double));
	s->cumulated = ae_arena_alloc(arena, most_labels + 1, sizeof(double));
	s->settled = ae_arena_alloc(arena, (size_t) density->codes.ndims,
								sizeof(float));
	if (s->code == NULL || s->flags == NULL || s->fit == NULL ||
		s->target == NULL || s->decoded == NULL || s->cumulated == NULL ||
		s->settled == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(ae_scorer_create(model, kernels, arena, &s->scorer));
	*sampler = s;
	return AE_OK;
}

static void
sample_draw_code(AeSampler *s, int candidate, AeRng *rng)
{
	const AeDensity *density = &s->model->density;
	int			ngaps = density->gaps.ncomponents;
	int			component = ae_mixture_choose(density->codes.weight,
											  density->codes.ncomponents, rng);
	int			gap = ae_mixture_choose(density->link +
										(size_t) component * (size_t) ngaps,
										ngaps, rng);

	ae_mixture_draw(&density->codes, component, rng,
					s->code + (size_t) candidate *
					(size_t) density->codes.ndims, NULL);
	ae_mixture_draw(&density->gaps, gap, rng, NULL,
					s->flags + (size_t) candidate *
					(size_t) density->gaps.nflags);
}

static const float *
sample_code(const AeSampler *s, int candidate)
{
	return s->code + (size_t) candidate *
		(size_t) s->model->density.codes.ndims;
}

/*
 * A candidate's code with the condition columns as the network would read
 * them in row, of which only these matter.
 */
static const float *
sample_settle(AeSampler *s, int candidate, const double *row)
{
	const AeNet *net = &s->model->net;
	int			ncode = ae_net_code(net)->out;

	memcpy(s->settled, sample_code(s, candidate),
		   (size_t) ae_net_latent(net) * sizeof(float));
	ae_features_encode(s->model->features, row, s->scorer->input, NULL);
	for (int i = 0; i < ae_net_joined(net); i++)
		s->settled[ncode + i] = s->scorer->input[net->joined[i]];
	return s->settled;
}

/*
 * Outputs of a candidate, in the scorer.  Those of condition columns are as
 * they were drawn, the others are decoded with the nearest that rows can have.
 */
static void
sample_decode(AeSampler *s, int candidate)
{
	const AeFeatures *f = s->model->features;
	const float *code = sample_code(s, candidate);
	const float *given = code + ae_net_code(&s->model->net)->out;

	if (ae_net_joined(&s->model->net) == 0)
	{
		ae_score_decode(s->scorer, code, s->decoded);
		return;
	}
	ae_condition_outputs(f, given, s->scorer->output);
	ae_features_decode(f, s->scorer->output, s->decoded);
	ae_condition_settle(f, given, s->decoded);
	ae_score_decode(s->scorer, sample_settle(s, candidate, s->decoded),
					s->decoded);
	ae_condition_outputs(f, given, s->scorer->output);
}

const float *
ae_sample_outputs(AeSampler *s, AeRng *rng, const uint8_t **flags)
{
	sample_draw_code(s, 0, rng);
	sample_decode(s, 0);
	*flags = s->flags;
	return s->scorer->output;
}

bool
ae_sample_has_label(const AeColumn *column, int label)
{
	if (label >= column->nlabels)
		return false;
	return column->kind == AE_KIND_ORDINAL ? column->frequency[label] > 0
		: ae_column_label(column, label) != NULL;
}

static double
weigh_levels(const AeColumn *column, const float *output, const float *shift,
			 double *weight)
{
	double		sum = 0.0;

	if (column->nlabels > 0)
		ae_ordinal_probabilities(column, output, weight);
	for (int i = 0; i < column->nlabels; i++)
	{
		weight[i] *= ae_sample_has_label(column, i)
			? exp(i > 0 ? shift[i - 1] : 0.0f) : 0.0;
		sum += weight[i];
	}
	return sum;
}

double
ae_sample_weights(const AeColumn *column, const float *output,
				  const float *shift, double *weight)
{
	double		most = -HUGE_VAL;
	double		sum = 0.0;

	if (column->kind == AE_KIND_ORDINAL)
		return weigh_levels(column, output, shift, weight);
	for (int i = 0; i < column->nlabels; i++)
		if (ae_sample_has_label(column, i))
			most = fmax(most, (double) output[i] + shift[i]);
	for (int i = 0; i < column->nlabels; i++)
	{
		weight[i] = ae_sample_has_label(column, i)
			? exp((double) output[i] + shift[i] - most) : 0.0;
		sum += weight[i];
	}
	return sum;
}

/*----------
 * Cells.
 *----------
 */

/* probabilities of labels that can be drawn, each with those before it */
static double
sample_cumulate(AeSampler *s, const AeColumn *column)
{
	double		sum = 0.0;

	ae_sample_weights(column, s->scorer->output + column->output,
					  s->model->density.shift + column->output, s->cumulated);
	for (int i = 0; i < column->nlabels; i++)
	{
		sum += s->cumulated[i];
		s->cumulated[i] = sum;
	}
	return sum;
}

/* its index; nlabels, if there is none */
static int
sample_label(AeSampler *s, const AeColumn *column, AeRng *rng)
{
	double		sum = sample_cumulate(s, column);
	double		place = sum * ae_rng_uniform(rng);
	int			label = 0;

	while (label < column->nlabels && s->cumulated[label] <= place)
		label++;
	return label;
}

/* the value of the same rank; a column that takes few values keeps to them */
static double
sample_transport(const AeDensity *density, int cell, float value)
{
	int			n = density->nknots;
	size_t		first = (size_t) density->number[cell] * (size_t) n;
	const float *from = density->from + first;
	const double *to = density->to + first;
	int			low = 0;
	int			high = n - 1;
	int			ties = 0;
	double		part;

	if (!(value > from[0]))
		return to[0];
	if (value >= from[n - 1])
		return to[n - 1];
	while (high - low > 1)
	{
		int			middle = (low + high) / 2;

		if (from[middle] <= value)
			low = middle;
		else
			high = middle;
	}
	part = ((double) value - from[low]) / ((double) from[high] - from[low]);
	for (int i = 1; i < n; i++)
		ties += to[i] == to[i - 1];
	if (2 * ties > n)
		return part < 0.5 ? to[low] : to[high];
	return to[low] + part * (to[high] - to[low]);
}

static double
sample_number(AeSampler *s, const AeColumn *column, int i, AeRng *rng)
{
	const AeDensity *density = &s->model->density;
	int			output = column->output + i;
	const AeCell *cell = &column->cells[i];
	float		place = (float)
		ae_cell_place_output(column, cell, s->scorer->output + output);
	double		value;

	place += density->noise[output] * ae_rng_normal(rng);
	value = sample_transport(density, column->cell + i, place);
	if (column->kind == AE_KIND_POISSON)
		value = rint(value);
	return fmin(fmax(value, cell->min), cell->max);
}

static double
sample_level(AeSampler *s, const AeColumn *column, AeRng *rng)
{
	int			level = sample_label(s, column, rng);

	return level < column->nlabels ? column->levels[level] : NAN;
}

static double
sample_instant(AeSampler *s, const AeColumn *column, AeRng *rng)
{
	const AeDensity *density = &s->model->density;
	float	   *output = s->scorer->output + column->output;
	const float *noise = density->noise + column->output;

	for (int i = 0; i < column->output_width; i++)
		output[i] += noise[i] * ae_rng_normal(rng);
	output[0] = (float) sample_transport(density, column->cell, output[0]);
	return fmin(fmax(ae_cell_decode(column, column->cells, output),
					 column->cells[0].min), column->cells[0].max);
}

static double
sample_cell(AeSampler *s, const AeColumn *column, int i, AeRng *rng)
{
	int			output = column->output;
	double		odds;

	switch (column->kind)
	{
		case AE_KIND_NUMERIC:
		case AE_KIND_POISSON:
		case AE_KIND_POSITIVE:
			return sample_number(s, column, i, rng);
		case AE_KIND_ORDINAL:
			return sample_level(s, column, rng);
		case AE_KIND_BINARY:
			odds = exp(-((double) s->scorer->output[output] +
						 s->model->density.shift[output]));
			return ae_rng_uniform(rng) < 1.0 / (1.0 + odds) ? 1.0 : 0.0;
		case AE_KIND_CATEGORY:
			return sample_label(s, column, rng);
		case AE_KIND_CALENDAR:
			return sample_instant(s, column, rng);
	}
	return NAN;
}

/* the cells of columns that are conditions, or of those that are not; flags
 * (nflags) of the code whose outputs the scorer has */
static void
sample_cells(AeSampler *s, bool conditions, const uint8_t *flags,
			 const double *given, AeRng *rng, double *row)
{
	const AeFeatures *f = s->model->features;

	for (int c = 0; c < f->ncolumns; c++)
	{
		const AeColumn *column = &f->columns[c];

		for (int i = 0; i < column->ncells; i++)
		{
			int			cell = column->cell + i;
			bool		missing = column->cells[i].nmissing > 0 &&
				*flags++ && !column->classes;

			if (column->condition != conditions)
				continue;
			if (given != NULL && !isnan(given[cell]))
				row[cell] = given[cell];
			else
				row[cell] = missing ? NAN : sample_cell(s, column, i, rng);
		}
	}
}

/*----------
 * Rows of which something is given: one of many codes is taken, in
 * proportion to the probability that what is given comes of it.
 *----------
 */
static double
given_square(const AeSampler *s, const AeColumn *column, int i)
{
	int			output = column->output + i;
	const AeCell *cell = &column->cells[i];
	double		deviation = fmax(s->model->density.noise[output],
								 column->condition ? SAMPLE_CONDITION_NOISE
								 : SAMPLE_MIN_NOISE);
	double		z = (ae_cell_place_target(column, cell, s->target[output]) -
					 ae_cell_place_output(column, cell,
										  s->scorer->output + output)) /
		deviation;

	return -0.5 * z * z;
}

static double
given_cell(AeSampler *s, const AeColumn *column, int i)
{
	int			output = column->output;
	double		logit;
	double		sum;
	int			label;

	switch (column->kind)
	{
		case AE_KIND_NUMERIC:
		case AE_KIND_CALENDAR:
		case AE_KIND_POISSON:
		case AE_KIND_POSITIVE:
			return given_square(s, column, i);
		case AE_KIND_BINARY:
			logit = (double) s->scorer->output[output] +
				s->model->density.shift[output];
			return -log1p(exp(s->target[output] > 0.5f ? -logit : logit));
		case AE_KIND_CATEGORY:
		case AE_KIND_ORDINAL:
			label = (int) s->target[output];
			sum = sample_cumulate(s, column);
			/* a label of which nothing is known says nothing */
			if (label < 0 || (float) label != s->target[output] ||
				!ae_sample_has_label(column, label))
				return 0.0;
			return log((s->cumulated[label] -
						(label > 0 ? s->cumulated[label - 1] : 0.0)) / sum);
	}
	return 0.0;
}

/* log probability of what is given, by a candidate that is decoded */
static double
given_fit(AeSampler *s, int candidate, const double *given)
{
	const AeFeatures *f = s->model->features;
	const uint8_t *flags = s->flags + (size_t) candidate *
		(size_t) s->model->density.gaps.nflags;
	double		fit = 0.0;

	for (int c = 0; c < f->ncolumns; c++)
	{
		const AeColumn *column = &f->columns[c];

		for (int i = 0; i < column->ncells; i++)
		{
			bool		missing = column->cells[i].nmissing > 0 && *flags++;

			if (isnan(given[column->cell + i]))
				continue;
			/* a class is missing where it is not known, no more */
			missing = missing && !column->classes;
			fit += (column->condition && !ae_density_is_number(column)
					? SAMPLE_CONDITION_DOUBT : 1.0) *
				fmax(given_cell(s, column, i), -AE_VALUE_LIMIT) +
				(missing ? SAMPLE_MISSING : 0.0);
		}
	}
	return fit;
}

static int
given_choose(AeSampler *s, const double *given, AeRng *rng)
{
	double		most = -HUGE_VAL;
	double		sum = 0.0;
	double		place;
	int			chosen = 0;

	ae_features_encode(s->model->features, given, NULL, s->target);
	for (int i = 0; i < AE_SAMPLE_CANDIDATES; i++)
	{
		sample_draw_code(s, i, rng);
		sample_decode(s, i);
		s->fit[i] = given_fit(s, i, given);
		most = fmax(most, s->fit[i]);
	}
	for (int i = 0; i < AE_SAMPLE_CANDIDATES; i++)
	{
		s->fit[i] = exp(s->fit[i] - most);
		sum += s->fit[i];
	}
	place = sum * ae_rng_uniform(rng);
	while (chosen < AE_SAMPLE_CANDIDATES - 1 && place >= s->fit[chosen])
		place -= s->fit[chosen++];
	return chosen;
}

void
ae_sample_row(AeSampler *s, const double *given, AeRng *rng, double *row)
{
	const AeFeatures *f = s->model->features;
	const uint8_t *flags;
	int			candidate = 0;
	bool		any = false;

	for (int i = 0; given != NULL && i < f->ncells; i++)
		any = any || !isnan(given[i]);
	if (any)
		candidate = given_choose(s, given, rng);
	else
		sample_draw_code(s, 0, rng);
	flags = s->flags + (size_t) candidate *
		(size_t) s->model->density.gaps.nflags;
	sample_decode(s, candidate);
	if (ae_net_joined(&s->model->net) > 0)
	{
		for (int i = 0; i < f->ncells; i++)
			row[i] = NAN;
		sample_cells(s, true, flags, given, rng, row);
		ae_score_decode(s->scorer, sample_settle(s, candidate, row),
						s->decoded);
	}
	sample_cells(s, false, flags, given, rng, row);
}
