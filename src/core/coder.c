/*
 * coder.c
 *	  Stored cells to network vectors.
 *
 * A stored cell lacks its column's base.  For most numbers base, centre and
 * spread fold into one multiplication and one addition, and runs of such cells
 * are left to a kernel.  Every other cell gets its base back and takes the way
 * of ae_features_encode().
 */
#include <math.h>

#include "core/dataset_private.h"
#include "core/feature_cell.h"

/* a larger offset would round visibly in a float */
#define MAX_OFFSET 64.0

/* inputs that are computed at a time where only targets are wanted */
#define WASTE_CELLS 64

#define PREFETCH_ROWS 8			/* ahead of the one being encoded */

/* a cell on its own */
typedef struct CoderItem
{
	int			cell;
	int			input;
	int			output;
	const AeColumn *column;
	const AeCell *fit;
	uint32_t	nlabels;		/* of a category's in the dataset */
	float	   *codes;			/* (nlabels) codes in the features; NULL unless
								 * a category */
} CoderItem;

typedef struct CoderIndicator
{
	int			cell;
	int			input;
} CoderIndicator;

struct AeCoder
{
	const AeFeatures *features; /* borrowed, as all of the dataset's */
	const double *base;			/* (ncells) */
	float	   *scale;			/* (ncells) of the cells in runs */
	float	   *offset;			/* (ncells) */
	int			nruns;
	AePlainRun   *runs;
	int			nitems;
	CoderItem  *items;
	int			nindicators;
	CoderIndicator *indicators;
};

/* whether a cell's stored value needs but a factor and an offset */
static bool
coder_is_affine(const AeCoder *coder, int cell)
{
	const AeFeatures *f = coder->features;

	return f->factor[cell] != 0.0 &&
		fabs((coder->base[cell] - f->shift[cell]) * f->factor[cell]) <=
		MAX_OFFSET;
}

static void
coder_add_affine(AeCoder *coder, int cell, int input, int output)
{
	const AeFeatures *f = coder->features;

	coder->scale[cell] = (float) f->factor[cell];
	coder->offset[cell] =
		(float) ((coder->base[cell] - f->shift[cell]) * f->factor[cell]);
	coder->nruns = ae_plain_run_add(coder->runs, coder->nruns, cell, input,
									output);
}

/* the code in the features of each of the dataset's labels */
static AeStatus
coder_map_labels(const AeDataset *dataset, const AeFeatures *features,
				 int column, AeArena *arena, CoderItem *item)
{
	const AeDictionary *labels =
		&dataset->categories[dataset->category[column]].labels.kept;
	float	   *codes = ae_arena_alloc(arena, labels->nentries, sizeof(float));

	if (codes == NULL)
		return AE_ERR_MEMORY;
	arena->env->poll(arena->env->host);
	for (uint32_t i = 0; i < labels->nentries; i++)
	{
		const AeEntry *label = &labels->entries[i];

		codes[i] = (float) ae_features_code(features, column,
											labels->text + label->text,
											label->len);
	}
	item->nlabels = labels->nentries;
	item->codes = codes;
	return AE_OK;
}

/* everything but the codes of labels */
static void
coder_add_column(AeCoder *coder, const AeColumn *column)
{
	int			indicator = column->indicator;

	for (int i = 0; i < column->ncells; i++)
	{
		const AeCell *fit = &column->cells[i];
		int			cell = column->cell + i;

		if (coder_is_affine(coder, cell))
			coder_add_affine(coder, cell, column->input + i,
							 column->output + i);
		else
		{
			CoderItem  *item = &coder->items[coder->nitems++];

			item->cell = cell;
			item->input = column->input + i;
			item->output = column->output + i;
			item->column = column;
			item->fit = fit;
		}
		if (indicator >= 0 && ae_features_indicate(coder->features, fit))
		{
			coder->indicators[coder->nindicators].cell = cell;
			coder->indicators[coder->nindicators++].input = indicator++;
		}
	}
}

static AeStatus
coder_create(const AeFeatures *features, const double *base, AeArena *arena,
			 AeCoder **coder)
{
	AeCoder    *created = ae_arena_alloc(arena, 1, sizeof(AeCoder));
	size_t		ncells = (size_t) features->ncells;

	if (created == NULL)
		return AE_ERR_MEMORY;
	created->features = features;
	created->base = base;
	created->scale = ae_arena_alloc(arena, ncells, sizeof(float));
	created->offset = ae_arena_alloc(arena, ncells, sizeof(float));
	created->runs = ae_arena_alloc(arena, ncells, sizeof(AePlainRun));
	created->items = ae_arena_alloc(arena, ncells, sizeof(CoderItem));
	created->indicators = ae_arena_alloc(arena, ncells,
										 sizeof(CoderIndicator));
	if (created->scale == NULL || created->offset == NULL ||
		created->runs == NULL || created->items == NULL ||
		created->indicators == NULL)
		return AE_ERR_MEMORY;
	for (int c = 0; c < features->ncolumns; c++)
		coder_add_column(created, &features->columns[c]);
	*coder = created;
	return AE_OK;
}

AeStatus
ae_coder_create(const AeDataset *dataset, const AeFeatures *features,
				AeArena *arena, AeCoder **coder)
{
	*coder = NULL;
	AE_TRY(coder_create(features, dataset->base, arena, coder));
	for (int i = 0; i < (*coder)->nitems; i++)
	{
		CoderItem  *item = &(*coder)->items[i];

		if (item->column->kind == AE_KIND_CATEGORY)
			AE_TRY(coder_map_labels(dataset, features,
									(int) (item->column - features->columns),
									arena, item));
	}
	return AE_OK;
}

void
ae_coder_write(const AeCoder *coder, AeWriter *w)
{
	for (int i = 0; i < coder->features->ncells; i++)
		ae_write_f64(w, coder->base[i]);
	for (int i = 0; i < coder->nitems; i++)
	{
		const CoderItem *item = &coder->items[i];

		if (item->codes == NULL)
			continue;
		ae_write_u32(w, item->nlabels);
		ae_write_f32s(w, item->codes, item->nlabels);
	}
}

AeStatus
ae_coder_read(AeReader *r, const AeFeatures *features, AeArena *arena,
			  AeCoder **coder)
{
	double	   *base = ae_arena_alloc(arena, (size_t) features->ncells,
									  sizeof(double));

	*coder = NULL;
	if (base == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < features->ncells; i++)
		base[i] = ae_read_f64(r);
	AE_TRY(coder_create(features, base, arena, coder));
	for (int i = 0; i < (*coder)->nitems; i++)
	{
		CoderItem  *item = &(*coder)->items[i];

		if (item->column->kind != AE_KIND_CATEGORY)
			continue;
		item->nlabels = ae_read_count(r, sizeof(float));
		item->codes = ae_arena_alloc(arena, item->nlabels, sizeof(float));
		if (item->codes == NULL)
			return AE_ERR_MEMORY;
		ae_read_f32s(r, item->codes, item->nlabels);
	}
	return r->failed ? AE_ERR_CORRUPT : AE_OK;
}

/* the value of a stored cell as ae_features_encode() takes it */
static double
item_value(const CoderItem *item, float stored, double base)
{
	if (item->codes == NULL || isnan(stored))
		return base + stored;
	if (stored < (float) item->nlabels)
		return item->codes[(uint32_t) stored];
	if (item->column->hashed && stored < (float) AE_LABEL_LONG)
		return ae_label_bucket((uint64_t) stored - AE_MAX_LABELS,
							   item->column->nlabels);
	return item->column->nlabels;
}

/* a kernel always writes inputs; those that nobody wants go to waste */
static void
coder_encode_run(const AeCoder *coder, const AePlainRun *run,
				 const AeKernels *kernels, const float *cells,
				 float *input, float *target)
{
	float		waste[WASTE_CELLS];
	int			step = input != NULL ? run->ncells : WASTE_CELLS;

	if (input == NULL && target == NULL)
		return;
	for (int i = 0; i < run->ncells; i += step)
	{
		int			left = run->ncells - i;
		int			cell = run->cell + i;

		kernels->affine(left < step ? left : step, cells + cell,
						coder->scale + cell, coder->offset + cell,
						AE_VALUE_LIMIT,
						input != NULL ? input + run->input : waste,
						target != NULL ? target + run->output + i : NULL);
	}
}

static void
coder_encode_row(const AeCoder *coder, const AeKernels *kernels,
				 const float *cells, float *input, float *target)
{
	for (int i = 0; i < coder->nruns; i++)
		coder_encode_run(coder, &coder->runs[i], kernels, cells, input,
						 target);
	for (int i = 0; i < coder->nitems; i++)
	{
		const CoderItem *item = &coder->items[i];

		ae_cell_encode(item->column, item->fit,
					   item_value(item, cells[item->cell],
								  coder->base[item->cell]),
					   input != NULL ? input + item->input : NULL,
					   target != NULL ? target + item->output : NULL);
	}
	for (int i = 0; i < coder->nindicators && input != NULL; i++)
		input[coder->indicators[i].input] =
			isnan(cells[coder->indicators[i].cell]) ? 1.0f : 0.0f;
}

/* shuffled rows are nowhere near each other: 8 % of a small net's training */
static void
coder_prefetch(const float *cells, int ncells)
{
#if defined(__GNUC__)
	for (int i = 0; i < ncells; i += AE_LANES)
		__builtin_prefetch(cells + i);
#else
	(void) cells;
	(void) ncells;
#endif
}

void
ae_coder_encode(const AeCoder *coder, const AeKernels *kernels, int nrows,
				const float *const *rows, float *input, int ldi,
				float *target, int ldt)
{
	for (int r = 0; r < nrows; r++)
	{
		if (r + PREFETCH_ROWS < nrows)
			coder_prefetch(rows[r + PREFETCH_ROWS], coder->features->ncells);
		coder_encode_row(coder, kernels, rows[r], input, target);
		if (input != NULL)
			input += ldi;
		if (target != NULL)
			target += ldt;
	}
}

void
ae_coder_row(const AeCoder *coder, const float *cells, double *row)
{
	for (int i = 0; i < coder->features->ncells; i++)
		row[i] = coder->base[i] + cells[i];
	for (int i = 0; i < coder->nitems; i++)
	{
		const CoderItem *item = &coder->items[i];

		row[item->cell] = item_value(item, cells[item->cell],
									 coder->base[item->cell]);
	}
}

void
ae_coder_extremes(const AeCoder *coder, float *least, float *largest)
{
	const AeFeatures *f = coder->features;

	for (int c = 0; c < f->ncolumns; c++)
	{
		const AeColumn *column = &f->columns[c];

		for (int i = 0; i < column->ncells; i++)
		{
			const AeCell *fit = &column->cells[i];
			int			cell = column->cell + i;
			bool		known = column->kind != AE_KIND_CATEGORY &&
				fit->nmissing < f->nrows;

			least[cell] = largest[cell] = NAN;
			if (!known)
				continue;
			least[cell] = (float) (fit->min - coder->base[cell]);
			largest[cell] = (float) (fit->max - coder->base[cell]);
		}
	}
}
