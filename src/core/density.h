/*
 * density.h
 *	  How the codes of a model's rows are distributed, and what turns outputs
 *	  of the decoder into rows: what generating rows takes beside the network.
 *
 * What cells are missing together is a mixture of its own, whose components
 * are more or less common among the rows of a component of the codes.
 */
#ifndef AE_DENSITY_H
#define AE_DENSITY_H

#include "core/feature.h"
#include "core/mixture.h"

#define AE_DENSITY_MAX_KNOTS 257
#define AE_DENSITY_MIN_KNOTS 33

/* what is added to a logit is no larger */
#define AE_DENSITY_MAX_SHIFT 10.0f

/* beyond which a code is no number to reckon with */
#define AE_DENSITY_MAX_CODE 1e30f

/* a mean absolute error as a deviation, and the largest of them */
#define AE_NORMAL_DEVIATION 1.2533141373155003
#define AE_DENSITY_MAX_NOISE (2 * AE_NORMAL_DEVIATION * AE_VALUE_LIMIT)

typedef struct AeDensity
{
	AeMixture	codes;			/* ncomponents 0: there is no density */
	AeMixture	gaps;			/* which cells are missing, as flags */
	double	   *link;			/* (codes.ncomponents, gaps.ncomponents)
								 * shares of gaps among a component's rows */
	float	   *shift;			/* (output_width) of logits, added; that of an
								 * ordinal column's level i > 0 stands at its
								 * output i - 1, and is added to the log of
								 * its probability; else 0 */
	float	   *noise;			/* (output_width) deviation of what is no
								 * logit, a count's on the scale of roots;
								 * else 0 */

	/*
	 * Quantiles of the cells of columns of numbers: of decoded values,
	 * scaled (of counts roots), and of those of the training rows, in
	 * original units (of a calendar column scaled, too).
	 */
	int			nnumbers;		/* such cells */
	int		   *number;			/* (ncells) its place among them, or -1 */
	int			nknots;
	float	   *from;			/* (nnumbers, nknots) ascending */
	double	   *to;				/* (nnumbers, nknots) ascending */
} AeDensity;

static inline bool
ae_density_exists(const AeDensity *density)
{
	return density->codes.ncomponents > 0;
}

/* columns whose values are not drawn from a few */
static inline bool
ae_density_is_number(const AeColumn *column)
{
	return ae_column_is_number(column);
}

/* flags: cells that had missing values */
extern int	ae_density_flags(const AeFeatures *features);

/* rows that a density of so many is fitted to */
extern int	ae_density_rows(const AeFeatures *features, int latent,
							uint64_t nrows);

/* room for a density; AE_ERR_LIMIT if codes have more than
 * AE_MIXTURE_MAX_DIMS */
extern AeStatus ae_density_allocate(AeDensity *density,
									const AeFeatures *features,
									int ncodes, int ngaps, int latent,
									int nknots, AeArena *arena);

/* room for what a fit to that many rows may find */
extern AeStatus ae_density_plan(AeDensity *density,
								const AeFeatures *features, int latent,
								uint64_t nrows, AeArena *arena);

#endif							/* AE_DENSITY_H */
