/*
 * histogram.h
 *	  How the values of each cell were distributed among the training rows:
 *	  what later rows are compared with.
 *
 * A number falls into one of about ten bins of equal shares, or below or
 * above all that was seen; a boolean has two bins, a category one a label and
 * one for "other".  The last bin is for missing values.
 */
#ifndef AE_HISTOGRAM_H
#define AE_HISTOGRAM_H

#include "core/dataset.h"

/* between ten bins, and the two beyond */
#define AE_MAX_EDGES 11

typedef struct AeHistogram
{
	int			nedges;			/* of a number */
	float	   *edges;			/* (nedges) ascending, see histogram.c */
	int			nbins;
	float	   *share;			/* (nbins) of the rows */
} AeHistogram;

/* whether bins lie between edges */
static inline bool
ae_histogram_has_edges(const AeColumn *column)
{
	return ae_column_is_number(column) || column->kind == AE_KIND_ORDINAL;
}

/* bins of a cell of the column if it has nedges edges */
extern int	ae_histogram_bins(const AeColumn *column, int nedges);

/* the bin of a value; NaN is missing, a category's value a code */
extern int	ae_histogram_bin(const AeHistogram *histogram,
							 const AeColumn *column, const AeCell *cell,
							 double value);

/* histograms (ncells) of features fitted to the dataset, in arena */
extern AeStatus ae_histogram_fit(AeDataset *dataset,
								 const AeFeatures *features, AeArena *arena,
								 AeHistogram **histograms);

#endif							/* AE_HISTOGRAM_H */
