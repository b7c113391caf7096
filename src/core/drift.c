/*
 * drift.c
 *	  How far rows are from those that a model was trained on.
 *
 * With p the share of a bin in training and q that of the rows at hand:
 *
 *	psi	sum of (q - p) log(q / p), both at least MIN_SHARE
 *	js	root of the mean of the divergences of p and q from (p + q) / 2, in
 *		bits (Lin 1991; Endres and Schindelin 2003)
 *	ks	greatest difference of the distribution functions
 */
#include "core/drift.h"

#include <math.h>

#include "core/score.h"

/* an empty bin must not decide alone */
#define MIN_SHARE 1e-4

AeStatus
ae_drift_create(const AeModel *model, AeArena *arena, AeDrift **drift)
{
	AeDrift    *d = ae_arena_alloc(arena, 1, sizeof(AeDrift));
	size_t		ncells = (size_t) model->features->ncells;

	if (d == NULL)
		return AE_ERR_MEMORY;
	d->model = model;
	d->first = ae_arena_alloc(arena, ncells + 1, sizeof(size_t));
	if (d->first == NULL)
		return AE_ERR_MEMORY;
	for (size_t i = 0; i < ncells; i++)
		d->first[i + 1] = d->first[i] + (size_t) model->histograms[i].nbins;
	d->counts = ae_arena_alloc(arena, d->first[ncells], sizeof(uint64_t));
	if (d->counts == NULL)
		return AE_ERR_MEMORY;
	*drift = d;
	return AE_OK;
}

void
ae_drift_add(AeDrift *d, const double *row)
{
	const AeFeatures *f = d->model->features;

	for (int c = 0; c < f->ncolumns; c++)
	{
		const AeColumn *column = &f->columns[c];

		for (int i = 0; i < column->ncells; i++)
		{
			int			cell = column->cell + i;
			int			bin =
				ae_histogram_bin(&d->model->histograms[cell], column,
								 &column->cells[i], row[cell]);

			d->counts[d->first[cell] + (size_t) bin]++;
		}
	}
	d->nrows++;
}

void
ae_drift_add_score(AeDrift *d, double score)
{
	const double *knots = d->model->calibration.knots;
	int			below = 0;
	int			above = AE_CALIBRATION_KNOTS;

	score = ae_score_log(score);
	if (isnan(score) || d->model->calibration.nscores == 0)
		return;
	/* knots below the score */
	while (below < above)
	{
		int			middle = (below + above) / 2;

		if (knots[middle] < score)
			below = middle + 1;
		else
			above = middle;
	}
	d->score_counts[below]++;
	d->nscores++;
}

/* a bin's part of psi and of twice js squared */
static void
measure_add(AeDriftMeasure *m, double p, double q)
{
	double		middle = (p + q) / 2;

	if (p > 0)
		m->js += p * log2(p / middle);
	if (q > 0)
		m->js += q * log2(q / middle);
	p = fmax(p, MIN_SHARE);
	q = fmax(q, MIN_SHARE);
	m->psi += (q - p) * log(q / p);
}

/* from that sum; rounding must not leave [0, 1] */
static double
measure_js(double sum)
{
	return sqrt(fmin(fmax(sum / 2, 0.0), 1.0));
}

AeDriftMeasure
ae_drift_column(const AeDrift *d, int c)
{
	const AeColumn *column = &d->model->features->columns[c];
	AeDriftMeasure sum = {0.0, 0.0, NAN};

	for (int cell = column->cell; cell < column->cell + column->ncells;
		 cell++)
	{
		const AeHistogram *h = &d->model->histograms[cell];
		const uint64_t *counts = d->counts + d->first[cell];

		/* rounded like the shares, so that equal ones are equal */
		for (int b = 0; b < h->nbins; b++)
			measure_add(&sum, h->share[b],
						(float) ((double) counts[b] / (double) d->nrows));
	}
	sum.psi /= column->ncells;
	sum.js = measure_js(sum.js / column->ncells);
	return sum;
}

/* share of the training scores at or below knot i */
static double
score_share(int i)
{
	double		left = (double) (AE_CALIBRATION_KNOTS - 1 - i) /
		(AE_CALIBRATION_KNOTS - 1);

	return 1.0 - left * left * left;
}

AeDriftMeasure
ae_drift_scores(const AeDrift *d)
{
	const double *knots = d->model->calibration.knots;
	const int	last = AE_CALIBRATION_KNOTS - 1;
	AeDriftMeasure m = {0.0, 0.0, 0.0};
	double		p = 0.0;
	double		q = 0.0;
	uint64_t	count = 0;

	if (d->nscores == 0)
		return (AeDriftMeasure) {NAN, NAN, NAN};
	for (int i = 0; i <= last; i++)
	{
		double		below = score_share(i);
		double		share;

		count += d->score_counts[i];
		share = (double) count / (double) d->nscores;
		if (i < last && knots[i] == knots[i + 1])
			continue;
		m.ks = fmax(m.ks, fabs(below - share));
		if (below - p >= 1.0 / AE_DRIFT_SCORE_BINS || i == last)
		{
			measure_add(&m, below - p, share - q);
			p = below;
			q = share;
		}
	}
	/* beyond all training scores */
	measure_add(&m, 0.0, 1.0 - q);
	m.js = measure_js(m.js);
	return m;
}

void
ae_drift_store(const AeDrift *d, AeHistogram *histograms)
{
	for (int cell = 0; cell < d->model->features->ncells; cell++)
		for (int b = 0; b < histograms[cell].nbins; b++)
			histograms[cell].share[b] = (float)
				((double) d->counts[d->first[cell] + (size_t) b] /
				 (double) d->nrows);
}
