/*
 * histogram.c
 *	  How the values of each cell were distributed among the training rows.
 *
 * Edges lie half way between two values that occur, so that rounding never
 * moves a value across one.  They are kept in deviations from the mean, in
 * which a float is exact enough.
 */
#include "core/histogram.h"

#include <math.h>

#include "core/sort.h"

/* rows that the bins are fitted to; fewer where rows are wide */
#define SAMPLE_ROWS 8192
#define SAMPLE_CELLS ((uint64_t) 1 << 19)
#define SAMPLE_MIN_ROWS 256
#define SAMPLE_SEED 0

#define INNER_BINS 10

/* how far beyond the extremes the outer edges are: of the range, or alone */
#define OUTER_MARGIN 1e-3
#define CONSTANT_MARGIN 0.5

/* the unit of a constant, relative to its size */
#define CONSTANT_UNIT 1e-6
#define CONSTANT_MIN_SIZE 1e-3

static float
histogram_position(const AeCell *cell, double value)
{
	double		unit = cell->stddev > 0 ? cell->stddev
		: CONSTANT_UNIT * fmax(fabs(cell->mean), CONSTANT_MIN_SIZE);

	return (float) ((value - cell->mean) / unit);
}

int
ae_histogram_bins(const AeColumn *column, int nedges)
{
	if (ae_histogram_has_edges(column))
		return nedges + 2;
	return column->kind == AE_KIND_BINARY ? 3 : column->nlabels + 2;
}

int
ae_histogram_bin(const AeHistogram *histogram, const AeColumn *column,
				 const AeCell *cell, double value)
{
	int			missing = histogram->nbins - 1;
	int			bin = 0;
	float		position;

	if (isnan(value))
		return missing;
	if (column->kind == AE_KIND_BINARY)
		return value >= 0.5;
	if (column->kind == AE_KIND_CATEGORY)
		return value < missing ? (int) value : missing - 1;
	position = histogram_position(cell, value);
	while (bin < histogram->nedges && position > histogram->edges[bin])
		bin++;
	return bin;
}

/*----------
 * Fitting.
 *----------
 */
static void
add_edge(AeHistogram *h, double edge)
{
	if (h->nedges == 0 || (float) edge > h->edges[h->nedges - 1])
		h->edges[h->nedges++] = (float) edge;
}

/* the rank nearest to i at which ascending values x (n) change; 0 for none */
static int
nearest_change(const float *x, int n, int i)
{
	for (int step = 0; step < n; step++)
	{
		if (i + step < n && x[i + step] > x[i + step - 1])
			return i + step;
		if (i - step > 0 && x[i - step] > x[i - step - 1])
			return i - step;
	}
	return 0;
}

/* edges from n ascending positions */
static void
fit_edges(AeHistogram *h, const float *x, int n)
{
	double		range;
	double		margin;

	if (n == 0)
		return;
	range = (double) x[n - 1] - x[0];
	margin = range > 0 ? OUTER_MARGIN * range : CONSTANT_MARGIN;
	add_edge(h, x[0] - margin);
	for (int k = 1; k < INNER_BINS; k++)
	{
		int			i = (int) ((int64_t) k * n / INNER_BINS);

		i = i > 0 ? nearest_change(x, n, i) : 0;
		if (i > 0)
			add_edge(h, ((double) x[i - 1] + x[i]) / 2);
	}
	add_edge(h, x[n - 1] + margin);
}

typedef struct Fit
{
	const AeFeatures *features;
	const AeEnv *env;
	AeArena    *arena;			/* of the histograms */
	int			nrows;
	double	   *rows;			/* (nrows, ncells) in original units */
	float	   *sorted;			/* (nrows) */
} Fit;

static AeStatus
fit_cell(const Fit *fit, const AeColumn *column, int i, AeHistogram *h)
{
	const AeCell *cell = &column->cells[i];
	const double *values = fit->rows + column->cell + i;
	size_t		stride = (size_t) fit->features->ncells;
	int			n = 0;

	fit->env->poll(fit->env->host);
	if (ae_histogram_has_edges(column))
	{
		h->edges = ae_arena_alloc(fit->arena, AE_MAX_EDGES, sizeof(float));
		if (h->edges == NULL)
			return AE_ERR_MEMORY;
		for (int r = 0; r < fit->nrows; r++)
			if (!isnan(values[(size_t) r * stride]))
				fit->sorted[n++] =
					histogram_position(cell, values[(size_t) r * stride]);
		ae_sort_floats(fit->sorted, (size_t) n);
		fit_edges(h, fit->sorted, n);
	}
	h->nbins = ae_histogram_bins(column, h->nedges);
	h->share = ae_arena_alloc(fit->arena, (size_t) h->nbins, sizeof(float));
	if (h->share == NULL)
		return AE_ERR_MEMORY;
	for (int r = 0; r < fit->nrows; r++)
		h->share[ae_histogram_bin(h, column, cell,
								  values[(size_t) r * stride])] += 1.0f;
	for (int b = 0; b < h->nbins; b++)
		h->share[b] /= (float) fit->nrows;
	return AE_OK;
}

static AeStatus
fit_rows(AeDataset *dataset, AeArena *scratch, Fit *fit)
{
	const AeFeatures *f = fit->features;
	uint64_t	n = SAMPLE_CELLS / (uint64_t) f->ncells;
	float	   *cells;
	AeCoder    *coder;

	n = n > SAMPLE_ROWS ? SAMPLE_ROWS : n < SAMPLE_MIN_ROWS
		? SAMPLE_MIN_ROWS : n;
	AE_TRY(ae_dataset_sample(dataset, n, SAMPLE_SEED, scratch, &cells, &n));
	AE_TRY(ae_coder_create(dataset, f, scratch, &coder));
	fit->nrows = (int) n;
	fit->rows = ae_arena_alloc(scratch, (size_t) n,
							   (size_t) f->ncells * sizeof(double));
	fit->sorted = ae_arena_alloc(scratch, (size_t) n, sizeof(float));
	if (fit->rows == NULL || fit->sorted == NULL)
		return AE_ERR_MEMORY;
	for (size_t r = 0; r < (size_t) n; r++)
		ae_coder_row(coder, cells + r * (size_t) f->ncells,
					 fit->rows + r * (size_t) f->ncells);
	return AE_OK;
}

AeStatus
ae_histogram_fit(AeDataset *dataset, const AeFeatures *features,
				 AeArena *arena, AeHistogram **histograms)
{
	Fit			fit = {.features = features,.env = arena->env,.arena = arena};
	AeHistogram *h = ae_arena_alloc(arena, (size_t) features->ncells,
									sizeof(AeHistogram));
	AeArena		scratch;
	AeStatus	status;

	*histograms = h;
	if (h == NULL)
		return AE_ERR_MEMORY;
	ae_arena_init(&scratch, arena->env);
	status = fit_rows(dataset, &scratch, &fit);
	for (int c = 0; c < features->ncolumns && status == AE_OK; c++)
	{
		const AeColumn *column = &features->columns[c];

		for (int i = 0; i < column->ncells && status == AE_OK; i++)
			status = fit_cell(&fit, column, i, &h[column->cell + i]);
	}
	ae_arena_free(&scratch);
	return status;
}
