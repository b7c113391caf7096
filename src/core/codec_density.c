/*
 * codec_density.c
 *	  The density of a model's codes as bytes and back.
 *
 * The mixture is fitted in double precision and stored in single precision,
 * of which a reader is told twice as much memory as it has bytes.
 */
#include <math.h>

#include "core/codec_format.h"

static void
doubles_write(AeWriter *w, const double *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ae_write_f32(w, (float) values[i]);
}

/* floats of a mixture */
static size_t
mixture_size(size_t k, size_t ndims, size_t nflags)
{
	return k * (1 + ndims + (size_t) ae_mixture_factor_size((int) ndims) +
				nflags);
}

static void
mixture_write(AeWriter *w, const AeMixture *m)
{
	size_t		k = (size_t) m->ncomponents;

	doubles_write(w, m->weight, k);
	doubles_write(w, m->mean, k * (size_t) m->ndims);
	doubles_write(w, m->factor,
				  k * (size_t) ae_mixture_factor_size(m->ndims));
	doubles_write(w, m->rate, k * (size_t) m->nflags);
}

static size_t
link_size(const AeDensity *density)
{
	return (size_t) density->codes.ncomponents *
		(size_t) density->gaps.ncomponents;
}

void
ae_codec_write_density(AeWriter *w, const AeModel *model)
{
	size_t		width = (size_t) model->features->output_width;
	const AeDensity *density = &model->density;
	size_t		n = (size_t) density->nnumbers * (size_t) density->nknots;

	ae_write_u32(w, (uint32_t) density->codes.ncomponents);
	ae_write_u32(w, (uint32_t) density->gaps.ncomponents);
	ae_write_u32(w, (uint32_t) density->nknots);
	mixture_write(w, &density->codes);
	mixture_write(w, &density->gaps);
	doubles_write(w, density->link, link_size(density));
	ae_write_f32s(w, density->shift, width);
	ae_write_f32s(w, density->noise, width);
	ae_write_f32s(w, density->from, n);
	for (size_t i = 0; i < n; i++)
		ae_write_f64(w, density->to[i]);
}

static AeStatus
doubles_read(AeReader *r, double *values, size_t count, double min,
			 double max)
{
	for (size_t i = 0; i < count; i++)
	{
		values[i] = ae_read_f32(r);
		if (!(values[i] >= min && values[i] <= max))
			return AE_ERR_CORRUPT;
	}
	return AE_OK;
}

static AeStatus
mixture_read(AeReader *r, AeMixture *m)
{
	/* a deviation is at most as large as the range */
	const double limit = 2 * AE_DENSITY_MAX_CODE;
	size_t		k = (size_t) m->ncomponents;

	AE_TRY(doubles_read(r, m->weight, k, 0.0, 1.0));
	AE_TRY(doubles_read(r, m->mean, k * (size_t) m->ndims, -limit, limit));
	AE_TRY(doubles_read(r, m->factor,
						k * (size_t) ae_mixture_factor_size(m->ndims),
						-limit, limit));
	return doubles_read(r, m->rate, k * (size_t) m->nflags, 0.0, 1.0);
}

static AeStatus
floats_read(AeReader *r, float *values, size_t count, float min, float max)
{
	if (!ae_read_f32s(r, values, count))
		return AE_ERR_CORRUPT;
	for (size_t i = 0; i < count; i++)
		if (!(values[i] >= min && values[i] <= max))
			return AE_ERR_CORRUPT;
	return AE_OK;
}

/* quantiles of each cell are finite and never fall */
static AeStatus
quantiles_check(const AeDensity *density)
{
	size_t		nknots = (size_t) density->nknots;
	size_t		n = (size_t) density->nnumbers * nknots;

	for (size_t i = 0; i < n; i++)
		if (!isfinite(density->to[i]) ||
			(i % nknots > 0 &&
			 (density->from[i] < density->from[i - 1] ||
			  density->to[i] < density->to[i - 1])))
			return AE_ERR_CORRUPT;
	return AE_OK;
}

AeStatus
ae_codec_read_density(AeReader *r, AeModel *model)
{
	const AeFeatures *f = model->features;
	AeDensity  *density = &model->density;
	int			latent = ae_net_latent(&model->net);
	uint32_t	k = ae_read_u32(r);
	uint32_t	l = ae_read_u32(r);
	uint32_t	nknots = ae_read_u32(r);
	size_t		n = 0;

	if (k < 1 || k > AE_MAX_COMPONENTS || l < 1 || l > AE_MAX_COMPONENTS ||
		latent > AE_MIXTURE_MAX_DIMS ||
		nknots < AE_DENSITY_MIN_KNOTS || nknots > AE_DENSITY_MAX_KNOTS)
		return AE_ERR_CORRUPT;
	for (int c = 0; c < f->ncolumns; c++)
		if (ae_density_is_number(&f->columns[c]))
			n += (size_t) f->columns[c].ncells * nknots;
	/* before so much is allocated */
	if (r->left != 12 * n + 4 * (2 * (size_t) f->output_width + k * l +
								 mixture_size(k, (size_t) latent, 0) +
								 mixture_size(l, 0, (size_t)
											  ae_density_flags(f))))
		return AE_ERR_CORRUPT;
	AE_TRY(ae_density_allocate(density, f, (int) k, (int) l, latent,
							   (int) nknots, &model->arena));
	AE_TRY(mixture_read(r, &density->codes));
	AE_TRY(mixture_read(r, &density->gaps));
	AE_TRY(doubles_read(r, density->link, link_size(density), 0.0, 1.0));
	AE_TRY(floats_read(r, density->shift, (size_t) f->output_width,
					   -AE_DENSITY_MAX_SHIFT, AE_DENSITY_MAX_SHIFT));
	AE_TRY(floats_read(r, density->noise, (size_t) f->output_width, 0.0f,
					   AE_DENSITY_MAX_NOISE));
	AE_TRY(floats_read(r, density->from, n, -1e30f, 1e30f));
	for (size_t i = 0; i < n; i++)
		density->to[i] = ae_read_f64(r);
	return quantiles_check(density);
}
