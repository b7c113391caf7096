/*
 * ease.c
 *	  The linear autoencoder of sets in closed form, EASE.
 */
#include "core/ease.h"

#include <math.h>
#include <stdlib.h>

#include "core/spd.h"

/*
 * With lambda 30 sqrt(mean rows of an item), the best of a few values on data
 * of 10 to 500 rows an item lies within a factor of two, over which the
 * ranking hardly changes.  Where frequent items are weakened, more is better.
 */
#define EASE_LAMBDA 30.0
#define EASE_WEAKENED_LAMBDA 60.0

/* rows, or items of a row, added between two looks at cancellation */
#define EASE_POLL 256

/* a row of the inverse, its diagonal and its order are small beside it */
size_t
ae_ease_bytes(int count)
{
	return ae_spd_bytes(count);
}

static double
ease_mean_frequency(const AeItems *items)
{
	double		sum = 0.0;

	for (int i = 0; i < items->count; i++)
		sum += (double) items->frequency[i];
	return sum / items->count;
}

/* by how much an item is weakened: S_ii */
static double
ease_scale(const AeItems *items, int item, double mean, double power)
{
	return pow((double) items->frequency[item] / mean, -power);
}

/* as large beside the mean of the diagonal of S X'X S as without S */
double
ae_ease_regularization(const AeItems *items, double power)
{
	double		mean = ease_mean_frequency(items);
	double		diagonal = 0.0;

	for (int i = 0; i < items->count; i++)
	{
		double		scale = ease_scale(items, i, mean, power);

		diagonal += (double) items->frequency[i] * scale * scale;
	}
	return (power > 0.0 ? EASE_WEAKENED_LAMBDA : EASE_LAMBDA) *
		diagonal / items->count / sqrt(mean);
}

AeStatus
ae_ease_plan(AeEase *ease, int count, int kept, AeArena *arena)
{
	ease->count = count;
	ease->kept = kept;
	ease->target = ae_arena_alloc(arena, (size_t) count,
								  (size_t) kept * sizeof(uint32_t));
	ease->weight = ae_arena_alloc(arena, (size_t) count,
								  (size_t) kept * sizeof(float));
	return ease->target != NULL && ease->weight != NULL
		? AE_OK : AE_ERR_MEMORY;
}

static double
ease_row_items(const AeSetRows *rows, uint64_t row)
{
	return (double) (rows->start[row + 1] - rows->start[row]);
}

/* what makes the items of all rows, weighted, as many as they are */
static double
ease_row_factor(const AeSetRows *rows, double power)
{
	double		weighted = 0.0;

	for (uint64_t r = 0; r < rows->count; r++)
		weighted += pow(ease_row_items(rows, r), 1.0 - power);
	return (double) rows->start[rows->count] / weighted;
}

/*
 * The rows by number of items, so that the weights of rows are added up in the
 * same order whatever that of the rows; NULL without memory.
 */
static uint64_t *
ease_order(const AeSetRows *rows, AeArena *scratch)
{
	uint64_t   *order = ae_arena_alloc(scratch, (size_t) rows->count,
									   sizeof(uint64_t));
	size_t		longest = (size_t) rows->longest;
	uint64_t   *next = ae_arena_alloc(scratch, longest + 2,
									  sizeof(uint64_t));

	if (order == NULL || next == NULL)
		return NULL;
	for (uint64_t r = 0; r < rows->count; r++)
		next[rows->start[r + 1] - rows->start[r] + 1]++;
	for (size_t n = 1; n <= longest; n++)
		next[n] += next[n - 1];
	for (uint64_t r = 0; r < rows->count; r++)
		order[next[rows->start[r + 1] - rows->start[r]]++] = r;
	return order;
}

/* g += weight times the pairs of items of a row; column: places of columns */
static void
ease_add_row(const AeMember *members, int count, float weight,
			 const size_t *column, AeSpd *g)
{
	for (int a = 0; a < count; a++)
	{
		float	   *row = g->tiles +
			ae_spd_row_place(g, (int) members[a].item);

		if (a % EASE_POLL == EASE_POLL - 1)
			g->env->poll(g->env->host);
		for (int b = 0; b <= a; b++)
			row[column[members[b].item]] +=
				weight * members[a].weight * members[b].weight;
	}
}

/* g = S X'WX S + lambda I */
static AeStatus
ease_gram(const AeSetRows *rows, const uint64_t *order, double row_power,
		  const float *scale, double lambda, AeArena *scratch, AeSpd *g)
{
	double		factor = ease_row_factor(rows, row_power);
	AeMember   *members = ae_arena_alloc(scratch, (size_t) rows->longest,
										 sizeof(AeMember));
	size_t	   *column = ae_arena_alloc(scratch, (size_t) g->n,
										sizeof(size_t));

	if (members == NULL || column == NULL)
		return AE_ERR_MEMORY;
	for (int j = 0; j < g->n; j++)
		column[j] = ae_spd_column_place(g, j);
	for (uint64_t i = 0; i < rows->count; i++)
	{
		int			count;
		float		weight = (float) (factor *
									  pow(ease_row_items(rows, order[i]),
										  -row_power));

		if (i % EASE_POLL == 0)
			g->env->poll(g->env->host);
		AE_TRY(ae_set_rows_read(rows, order[i], members, &count));
		ease_add_row(members, count, weight, column, g);
	}
	for (int i = 0; i < g->n; i++)
	{
		float	   *row = g->tiles + ae_spd_row_place(g, i);

		if (i % EASE_POLL == 0)
			g->env->poll(g->env->host);
		for (int j = 0; j <= i; j++)
			row[column[j]] *= scale[i] * scale[j];
		row[column[i]] += (float) lambda;
	}
	return AE_OK;
}

/* a weight on its way to its place */
typedef struct EaseWeight
{
	float		size;
	uint32_t	target;
	float		weight;
} EaseWeight;

static int
compare_sizes(const void *a, const void *b)
{
	const EaseWeight *x = a;
	const EaseWeight *y = b;

	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	return x->target < y->target ? -1 : 1;
}

static int
compare_targets(const void *a, const void *b)
{
	const EaseWeight *x = a;
	const EaseWeight *y = b;

	return x->target < y->target ? -1 : 1;
}

/* the kept largest of n weights come first (quickselect) */
static void
ease_select(EaseWeight *w, int n, int kept)
{
	int			low = 0;
	int			high = n;

	while (high - low > 16)
	{
		EaseWeight	pivot = w[low + (high - low) / 2];
		int			i = low;
		int			j = high - 1;

		while (i <= j)
		{
			while (compare_sizes(&w[i], &pivot) < 0)
				i++;
			while (compare_sizes(&pivot, &w[j]) < 0)
				j--;
			if (i <= j)
			{
				EaseWeight	swap = w[i];

				w[i++] = w[j];
				w[j--] = swap;
			}
		}
		if (kept <= j)
			high = j + 1;
		else if (kept >= i)
			low = i;
		else
			return;
	}
	qsort(w + low, (size_t) (high - low), sizeof(EaseWeight), compare_sizes);
}

/* the largest weights of each item, from the inverse */
static AeStatus
ease_keep(AeEase *ease, const AeSpd *p, const float *scale, AeArena *scratch)
{
	size_t		n = (size_t) ease->count;
	size_t		kept = (size_t) ease->kept;
	float	   *row = ae_arena_alloc(scratch, n, sizeof(float));
	float	   *diagonal = ae_arena_alloc(scratch, n, sizeof(float));
	EaseWeight *all = ae_arena_alloc(scratch, n, sizeof(EaseWeight));

	if (row == NULL || diagonal == NULL || all == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < ease->count; i++)
	{
		diagonal[i] = *ae_spd_at(p, i, i);
		if (!(diagonal[i] > 0.0f) || isinf(diagonal[i]))
			return AE_ERR_DIVERGED;
	}
	for (int i = 0; i < ease->count; i++)
	{
		int			others = 0;

		p->env->poll(p->env->host);
		ae_spd_row(p, i, row);
		for (int j = 0; j < ease->count; j++)
		{
			float		weight = -scale[i] * row[j] / diagonal[j];

			if (!isfinite(weight))
				return AE_ERR_DIVERGED;
			if (j != i)
				all[others++] = (EaseWeight) {
					fabsf(weight), (uint32_t) j, weight
				};
		}
		if (ease->kept < others)
			ease_select(all, others, ease->kept);
		qsort(all, kept, sizeof(EaseWeight), compare_targets);
		for (size_t k = 0; k < kept; k++)
		{
			ease->target[(size_t) i * kept + k] = all[k].target;
			ease->weight[(size_t) i * kept + k] = all[k].weight;
		}
	}
	return AE_OK;
}

/* S, the order of the rows, and room for the matrix */
static AeStatus
ease_prepare(const AeItems *items, const AeSetRows *rows, double power,
			 AeArena *scratch, float **scale, uint64_t **order, AeSpd *matrix)
{
	double		mean = ease_mean_frequency(items);

	*scale = ae_arena_alloc(scratch, (size_t) items->count, sizeof(float));
	*order = ease_order(rows, scratch);
	if (*scale == NULL || *order == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < items->count; i++)
		(*scale)[i] = (float) ease_scale(items, i, mean, power);
	return ae_spd_create(scratch, items->count, matrix);
}

AeStatus
ae_ease_fit(AeEase *ease, const AeItems *items, const AeSetRows *rows,
			double power, double row_power, double lambda,
			const AeBlas *blas, const AeEnv *env)
{
	AeArena		scratch;
	AeSpd		matrix;
	AeStatus	status;
	float	   *scale;
	uint64_t   *order;

	ae_arena_init(&scratch, env);
	status = ease_prepare(items, rows, power, &scratch, &scale, &order,
						  &matrix);
	if (status == AE_OK)
		status = ease_gram(rows, order, row_power, scale, lambda, &scratch,
						   &matrix);
	if (status == AE_OK)
		status = ae_spd_invert(&matrix, blas);
	if (status == AE_OK)
		status = ease_keep(ease, &matrix, scale, &scratch);
	ease->is_fitted = status == AE_OK;
	ae_arena_free(&scratch);
	return status;
}
