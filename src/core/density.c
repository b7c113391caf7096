/*
 * density.c
 *	  Room for what generating rows takes beside the network.
 */
#include "core/density.h"

/* quantiles of all cells together */
#define DENSITY_VALUES 16384

/* of the rows that a fit looks at */
#define DENSITY_BYTES ((size_t) 32 << 20)
#define DENSITY_MIN_ROWS 256

int
ae_density_flags(const AeFeatures *features)
{
	int			count = 0;

	for (int c = 0; c < features->ncolumns; c++)
		for (int i = 0; i < features->columns[c].ncells; i++)
			count += features->columns[c].cells[i].nmissing > 0;
	return count;
}

int
ae_density_rows(const AeFeatures *features, int latent, uint64_t nrows)
{
	uint64_t	most = DENSITY_BYTES / sizeof(double) /
		(uint64_t) features->ncells;

	if (most < DENSITY_MIN_ROWS)
		most = DENSITY_MIN_ROWS;
	return ae_mixture_rows(nrows < most ? nrows : most, latent);
}

/* quantiles of each cell: fewer where there are many cells */
static int
density_knots(const AeFeatures *features)
{
	int			nknots = DENSITY_VALUES / features->ncells;

	return nknots < AE_DENSITY_MIN_KNOTS ? AE_DENSITY_MIN_KNOTS
		: nknots > AE_DENSITY_MAX_KNOTS ? AE_DENSITY_MAX_KNOTS : nknots;
}

/* numbers the cells of numeric and calendar columns; returns how many */
static int
density_number(AeDensity *density, const AeFeatures *features)
{
	density->nnumbers = 0;
	for (int c = 0; c < features->ncolumns; c++)
	{
		const AeColumn *column = &features->columns[c];

		for (int i = 0; i < column->ncells; i++)
			density->number[column->cell + i] =
				ae_density_is_number(column) ? density->nnumbers++ : -1;
	}
	return density->nnumbers;
}

AeStatus
ae_density_allocate(AeDensity *density, const AeFeatures *features,
					int ncodes, int ngaps, int latent, int nknots,
					AeArena *arena)
{
	size_t		width = (size_t) features->output_width;
	size_t		n;

	density->number = ae_arena_alloc(arena, (size_t) features->ncells,
									 sizeof(int));
	if (density->number == NULL)
		return AE_ERR_MEMORY;
	n = (size_t) density_number(density, features);
	density->nknots = nknots;
	density->shift = ae_arena_alloc(arena, width, sizeof(float));
	density->noise = ae_arena_alloc(arena, width, sizeof(float));
	density->from = ae_arena_alloc(arena, n,
								   (size_t) nknots * sizeof(float));
	density->to = ae_arena_alloc(arena, n,
								 (size_t) nknots * sizeof(double));
	if (density->shift == NULL || density->noise == NULL ||
		density->from == NULL || density->to == NULL)
		return AE_ERR_MEMORY;
	density->link = ae_arena_alloc(arena, (size_t) ncodes,
								   (size_t) ngaps * sizeof(double));
	if (density->link == NULL)
		return AE_ERR_MEMORY;
	AE_TRY(ae_mixture_allocate(&density->gaps, ngaps, 0,
							   ae_density_flags(features), arena));
	return ae_mixture_allocate(&density->codes, ncodes, latent, 0, arena);
}

AeStatus
ae_density_plan(AeDensity *density, const AeFeatures *features, int latent,
				uint64_t nrows, AeArena *arena)
{
	int			n;

	if (latent > AE_MIXTURE_MAX_DIMS)
		return AE_ERR_LIMIT;
	n = ae_density_rows(features, latent, nrows);
	return ae_density_allocate(density, features,
							   ae_mixture_max_components(n, latent),
							   ae_mixture_max_components(n, 0), latent,
							   density_knots(features), arena);
}
