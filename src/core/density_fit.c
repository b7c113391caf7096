/*
 * density_fit.c
 *	  What generating rows takes beside the network, from the training rows.
 *
 * Codes of a sample of the rows give the mixture, and what the decoder makes
 * of them the noise.  Then rows are generated, and what is wrong with the
 * distribution of each of their columns is corrected: shares of labels by a
 * shift of their logits, numbers by their rank.
 */
#include "core/density_fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/feature_cell.h"
#include "core/sample.h"

/* of outputs of generated rows */
#define FIT_BYTES ((size_t) 32 << 20)
#define FIT_MIN_ROWS 256

/* steps towards shifts that give the shares of the training rows */
#define SHIFT_STEPS 24

/* where the decoder is sure of labels, a step moves few of them */
#define SHIFT_GAIN 1.5

/* streams of the seed */
enum
{
	STREAM_ROWS = 1,
	STREAM_ORDER,
	STREAM_CODES,
	STREAM_GAPS,
	STREAM_GENERATED
};

typedef struct DensityFit
{
	AeModel    *model;
	AeDataset  *dataset;
	const AeCoder *coder;
	const AeKernels *kernels;
	const AeEnv *env;
	AeArena		arena;
	uint64_t	seed;

	int			nrows;
	float	   *cells;			/* (nrows, ncells) stored rows */
	double	   *real;			/* (nrows, ncells) in original units */
	int			ngenerated;
	float	   *output;			/* (ngenerated, output_width) */
	uint8_t    *flags;			/* (ngenerated, flags) */
	double	   *value;			/* (most of both) of one cell */
} DensityFit;

static uint64_t
fit_seed(const DensityFit *fit, uint64_t stream)
{
	return ae_rng_key(fit->seed, stream);
}

/* random rows in random order */
static AeStatus
fit_sample(DensityFit *fit)
{
	size_t		ncells = (size_t) fit->model->features->ncells;
	uint64_t	n = ae_dataset_rows(fit->dataset);
	AeRng		rng;

	n = (uint64_t) ae_density_rows(fit->model->features,
								   ae_net_latent(&fit->model->net), n);
	AE_TRY(ae_dataset_sample(fit->dataset, n, fit_seed(fit, STREAM_ROWS),
							 &fit->arena, &fit->cells, &n));
	ae_rng_seed(&rng, fit->seed, STREAM_ORDER);
	for (uint64_t i = n; i-- > 1;)
	{
		float	   *a = fit->cells + i * ncells;
		float	   *b = fit->cells + ncells *
			ae_rng_below(&rng, (uint32_t) i + 1);

		for (size_t j = 0; j < ncells; j++)
		{
			float		cell = a[j];

			a[j] = b[j];
			b[j] = cell;
		}
	}
	fit->nrows = (int) n;
	fit->real = ae_arena_alloc(&fit->arena, (size_t) n,
							   ncells * sizeof(double));
	return fit->real != NULL ? AE_OK : AE_ERR_MEMORY;
}

/*----------
 * The mixture and the noise.
 *----------
 */
static void
fit_flags(const DensityFit *fit, const double *row, uint8_t *flags)
{
	const AeFeatures *f = fit->model->features;

	for (int c = 0; c < f->ncolumns; c++)
	{
		const AeColumn *column = &f->columns[c];

		for (int i = 0; i < column->ncells; i++)
			if (column->cells[i].nmissing > 0)
				*flags++ = isnan(row[column->cell + i]) != 0;
	}
}

/* counts, where noise is added to them; target may be NULL */
static void
fit_place(const AeColumn *column, float *output, float *target)
{
	for (int i = 0; i < column->ncells; i++)
	{
		const AeCell *cell = &column->cells[i];
		float	   *o = output + column->output + i;

		*o = (float) ae_cell_place_output(column, cell, o);
		if (target != NULL)
			target[column->output + i] = (float)
				ae_cell_place_target(column, cell,
									 target[column->output + i]);
	}
}

/* adds what the decoder is wrong by, without the sign */
static void
fit_add_errors(const DensityFit *fit, const AeScorer *scorer, double *error,
			   uint64_t *present)
{
	const AeFeatures *f = fit->model->features;

	for (int c = 0; c < f->ncolumns; c++)
		if (f->columns[c].kind == AE_KIND_POISSON)
			fit_place(&f->columns[c], scorer->output, scorer->target);
	for (int i = 0; i < f->output_width; i++)
	{
		double		wrong = fabs((double) scorer->output[i] -
								 scorer->target[i]);

		if (isnan(wrong))
			continue;
		error[i] += wrong;
		present[i]++;
	}
}

static void
fit_noise(DensityFit *fit, const double *error, const uint64_t *present)
{
	const AeFeatures *f = fit->model->features;
	float	   *noise = fit->model->density.noise;

	for (int c = 0; c < f->ncolumns; c++)
	{
		const AeColumn *column = &f->columns[c];

		if (!ae_density_is_number(column))
			continue;
		for (int i = column->output;
			 i < column->output + column->output_width; i++)
			if (present[i] > 0)
				noise[i] = (float) (AE_NORMAL_DEVIATION * error[i] /
									(double) present[i]);
	}
}

/* shares of the components of gaps in those of codes */
static AeStatus
fit_link(DensityFit *fit, const AeMixtureRows *codes,
		 const AeMixtureRows *gaps)
{
	AeDensity  *density = &fit->model->density;
	size_t		k = (size_t) density->codes.ncomponents;
	size_t		l = (size_t) density->gaps.ncomponents;
	size_t		n = (size_t) fit->nrows;
	double	   *of_code = ae_arena_alloc(&fit->arena, n, k * sizeof(double));
	double	   *of_gap = ae_arena_alloc(&fit->arena, n, l * sizeof(double));

	if (of_code == NULL || of_gap == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(ae_mixture_shares(&density->codes, codes, of_code, fit->env));
	AE_TRY(ae_mixture_shares(&density->gaps, gaps, of_gap, fit->env));
	for (size_t i = 0; i < k; i++)
	{
		double	   *link = density->link + i * l;
		double		sum = 0.0;

		/* as if one row more were like all of them */
		memcpy(link, density->gaps.weight, l * sizeof(double));
		for (size_t r = 0; r < n; r++)
			for (size_t j = 0; j < l; j++)
				link[j] += of_code[r * k + i] * of_gap[r * l + j];
		for (size_t j = 0; j < l; j++)
			sum += link[j];
		for (size_t j = 0; j < l; j++)
			link[j] /= sum;
	}
	return AE_OK;
}

static AeStatus
fit_mixtures(DensityFit *fit, const float *x, const uint8_t *flags)
{
	AeDensity  *density = &fit->model->density;
	AeMixtureRows codes = {fit->nrows, density->codes.ndims, 0, x, flags};
	AeMixtureRows gaps = {fit->nrows, 0, density->gaps.nflags, x, flags};

	AE_TRY(ae_mixture_fit(&density->codes, &codes,
						  fit_seed(fit, STREAM_CODES), fit->env));
	AE_TRY(ae_mixture_fit(&density->gaps, &gaps, fit_seed(fit, STREAM_GAPS),
						  fit->env));
	return fit_link(fit, &codes, &gaps);
}

/* a network with bounded units may learn although its codes overflow */
static AeStatus
fit_check_codes(const float *codes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!(fabsf(codes[i]) <= AE_DENSITY_MAX_CODE))
			return AE_ERR_DIVERGED;
	return AE_OK;
}

static AeStatus
fit_codes(DensityFit *fit)
{
	AeModel    *model = fit->model;
	const AeFeatures *f = model->features;
	int			d = ae_net_latent(&model->net);
	int			nflags = model->density.gaps.nflags;
	size_t		n = (size_t) fit->nrows;
	float	   *x = ae_arena_alloc(&fit->arena, n,
								   (size_t) d * sizeof(float));
	uint8_t    *flags = ae_arena_alloc(&fit->arena, n, (size_t) nflags);
	double	   *error = ae_arena_alloc(&fit->arena, (size_t) f->output_width,
									   sizeof(double));
	uint64_t   *present = ae_arena_alloc(&fit->arena,
										 (size_t) f->output_width,
										 sizeof(uint64_t));
	AeScorer   *scorer;

	if (x == NULL || flags == NULL || error == NULL || present == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(ae_scorer_create(model, fit->kernels, &fit->arena, &scorer));
	for (size_t i = 0; i < n; i++)
	{
		double	   *row = fit->real + i * (size_t) f->ncells;

		fit->env->poll(fit->env->host);
		ae_coder_row(fit->coder, fit->cells + i * (size_t) f->ncells, row);
		memcpy(x + i * (size_t) d, ae_score_encode(scorer, row),
			   (size_t) d * sizeof(float));
		fit_flags(fit, row, flags + i * (size_t) nflags);
		ae_features_encode(f, row, NULL, scorer->target);
		ae_score_decode(scorer, x + i * (size_t) d, scorer->expected);
		fit_add_errors(fit, scorer, error, present);
	}
	AE_TRY(fit_check_codes(x, n * (size_t) d));
	fit_noise(fit, error, present);
	return fit_mixtures(fit, x, flags);
}

/*----------
 * Corrections.
 *----------
 */

/* outputs of generated rows, with their noise */
static AeStatus
fit_generate(DensityFit *fit)
{
	AeModel    *model = fit->model;
	const AeFeatures *f = model->features;
	size_t		width = (size_t) f->output_width;
	size_t		nflags = (size_t) model->density.gaps.nflags;
	size_t		n = FIT_BYTES / sizeof(float) / width;
	AeSampler  *sampler;

	if (n > AE_MIXTURE_MAX_ROWS)
		n = AE_MIXTURE_MAX_ROWS;
	if (n < FIT_MIN_ROWS)
		n = FIT_MIN_ROWS;
	fit->ngenerated = (int) n;
	fit->output = ae_arena_alloc(&fit->arena, n, width * sizeof(float));
	fit->flags = ae_arena_alloc(&fit->arena, n, nflags);
	fit->value = ae_arena_alloc(&fit->arena, (size_t) fit->nrows + n,
								sizeof(double));
	if (fit->output == NULL || fit->flags == NULL || fit->value == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(ae_sampler_create(model, fit->kernels, &fit->arena, &sampler));
	for (size_t i = 0; i < n; i++)
	{
		const uint8_t *flags;
		const float *output;
		AeRng		rng;

		fit->env->poll(fit->env->host);
		ae_rng_seed(&rng, fit_seed(fit, STREAM_GENERATED), i);
		output = ae_sample_outputs(sampler, &rng, &flags);
		memcpy(fit->flags + i * nflags, flags, nflags);
		memcpy(fit->output + i * width, output, width * sizeof(float));
		for (int c = 0; c < f->ncolumns; c++)
			if (f->columns[c].kind == AE_KIND_POISSON)
				fit_place(&f->columns[c], fit->output + i * width, NULL);
		for (size_t j = 0; j < width; j++)
			fit->output[i * width + j] +=
				model->density.noise[j] * ae_rng_normal(&rng);
	}
	return AE_OK;
}

/* of generated row i; flag -1: the cell is never missing */
static const float *
fit_output(const DensityFit *fit, int i, const AeColumn *column, int flag)
{
	const AeModel *model = fit->model;

	if (flag >= 0 && fit->flags[(size_t) i *
								(size_t) model->density.gaps.nflags +
								(size_t) flag])
		return NULL;
	return fit->output + (size_t) i * (size_t) model->features->output_width +
		(size_t) column->output;
}

/* the shift that gives a truth value its share */
static void
fit_binary(DensityFit *fit, const AeColumn *column, int flag)
{
	float	   *shift = fit->model->density.shift + column->output;
	double		tiny = 0.5 / fit->ngenerated;
	double		wanted = column->cells[0].mean;

	for (int step = 0; step < SHIFT_STEPS; step++)
	{
		double		count = 2 * tiny;
		double		sum = tiny;
		double		share;

		for (int i = 0; i < fit->ngenerated; i++)
		{
			const float *output = fit_output(fit, i, column, flag);

			if (output == NULL)
				continue;
			count += 1;
			sum += 1.0 / (1.0 + exp(-((double) *output + *shift)));
		}
		share = fmin(fmax(sum / count, tiny), 1 - tiny);
		*shift += (float) (SHIFT_GAIN *
						   (log((wanted + tiny) / (1 - wanted + tiny)) -
							log(share / (1 - share))));
		*shift = fminf(fmaxf(*shift, -AE_DENSITY_MAX_SHIFT),
					   AE_DENSITY_MAX_SHIFT);
	}
}

/* adds the probabilities of a row's labels to sum */
static void
fit_add_labels(const AeColumn *column, const float *output,
			   const float *shift, double *p, double *sum)
{
	double		total = ae_sample_weights(column, output, shift, p);

	for (int i = 0; i < column->nlabels && total > 0; i++)
		sum[i] += p[i] / total;
}

/* moves shifts towards those that give the shares wanted */
static void
fit_move_shifts(const AeColumn *column, double known, double tiny, int count,
				const double *sum, float *shift)
{
	double		least = 0.0;

	for (int i = 0; i < column->nlabels && count > 0; i++)
	{
		int			j = column->kind == AE_KIND_ORDINAL ? i - 1 : i;
		double		move;

		if (!ae_sample_has_label(column, i))
			continue;
		move = SHIFT_GAIN * log((column->frequency[i] / known + tiny) /
								(sum[i] / count + tiny));
		if (j < 0)
			least = move;
		else
			shift[j] = fminf(fmaxf(shift[j] + (float) (move - least),
								   -AE_DENSITY_MAX_SHIFT),
							 AE_DENSITY_MAX_SHIFT);
	}
}

static AeStatus
fit_category(DensityFit *fit, const AeColumn *column, int flag)
{
	size_t		n = (size_t) column->nlabels;
	float	   *shift = fit->model->density.shift + column->output;
	double	   *sum = ae_arena_alloc(&fit->arena, n, sizeof(double));
	double	   *p = ae_arena_alloc(&fit->arena, n, sizeof(double));
	double		tiny = 0.5 / fit->ngenerated;
	double		known = 0.0;

	if (sum == NULL || p == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < column->nlabels; i++)
		if (ae_sample_has_label(column, i))
			known += column->frequency[i];
	for (int step = 0; step < SHIFT_STEPS && known > 0; step++)
	{
		int			count = 0;

		memset(sum, 0, n * sizeof(double));
		for (int i = 0; i < fit->ngenerated; i++)
		{
			const float *output = fit_output(fit, i, column, flag);

			fit->env->poll(fit->env->host);
			if (output == NULL)
				continue;
			fit_add_labels(column, output, shift, p, sum);
			count++;
		}
		fit_move_shifts(column, known, tiny, count, sum, shift);
	}
	return AE_OK;
}

static int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

/* the value at knot i of nknots; 0 if there is none */
static double
fit_quantile(const double *sorted, int n, int i, int nknots)
{
	return n > 0 ? sorted[(int) ((double) i * (n - 1) / (nknots - 1) + 0.5)]
		: 0.0;
}

static void
fit_number(DensityFit *fit, const AeColumn *column, int i, int flag)
{
	AeDensity  *density = &fit->model->density;
	int			nknots = density->nknots;
	size_t		cell = (size_t) column->cell + (size_t) i;
	size_t		first = (size_t) density->number[cell] * (size_t) nknots;
	float	   *from = density->from + first;
	double	   *to = density->to + first;
	int			n = 0;

	for (int r = 0; r < fit->ngenerated; r++)
	{
		const float *output = fit_output(fit, r, column, flag);

		if (output != NULL)
			fit->value[n++] = output[i];
	}
	qsort(fit->value, (size_t) n, sizeof(double), compare_doubles);
	for (int k = 0; k < nknots; k++)
		from[k] = (float) fit_quantile(fit->value, n, k, nknots);

	n = 0;
	for (int r = 0; r < fit->nrows; r++)
	{
		double		value = fit->real[cell + (size_t) r *
									  (size_t) fit->model->features->ncells];

		if (isnan(value))
			continue;
		if (column->kind == AE_KIND_CALENDAR)
			value = (value - column->cells[i].centre) /
				column->cells[i].spread;
		fit->value[n++] = value;
	}
	qsort(fit->value, (size_t) n, sizeof(double), compare_doubles);
	for (int k = 0; k < nknots; k++)
		to[k] = fit_quantile(fit->value, n, k, nknots);
}

static AeStatus
fit_corrections(DensityFit *fit)
{
	const AeFeatures *f = fit->model->features;
	int			nflags = 0;

	for (int c = 0; c < f->ncolumns; c++)
	{
		const AeColumn *column = &f->columns[c];

		for (int i = 0; i < column->ncells; i++)
		{
			int			flag = column->cells[i].nmissing > 0 ? nflags++ : -1;

			fit->env->poll(fit->env->host);
			/* rows are generated with their class */
			if (column->classes)
				flag = -1;
			if (ae_density_is_number(column))
				fit_number(fit, column, i, flag);
			else if (column->kind == AE_KIND_BINARY)
				fit_binary(fit, column, flag);
			else
				AE_TRY(fit_category(fit, column, flag));
		}
	}
	return AE_OK;
}

static AeStatus
fit_density(DensityFit *fit)
{
	AeModel    *model = fit->model;

	AE_TRY(ae_density_plan(&model->density, model->features,
						   ae_net_latent(&model->net),
						   ae_dataset_rows(fit->dataset), &model->arena));
	AE_TRY(fit_sample(fit));
	if (fit->nrows == 0)
	{
		model->density.codes.ncomponents = 0;
		return AE_OK;
	}
	AE_TRY(fit_codes(fit));
	AE_TRY(fit_generate(fit));
	return fit_corrections(fit);
}

AeStatus
ae_density_fit(AeModel *model, AeDataset *dataset, const AeCoder *coder,
			   const AeKernels *kernels, uint64_t seed)
{
	DensityFit	fit = {.model = model, .dataset = dataset, .coder = coder,
	.kernels = kernels, .env = model->arena.env, .seed = seed};
	AeStatus	status;

	ae_arena_init(&fit.arena, model->arena.env);
	status = fit_density(&fit);
	ae_arena_free(&fit.arena);
	return status;
}
