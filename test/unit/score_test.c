/*
 * score_test.c
 *	  Anomaly scores of trained models: what every kind of score promises, what
 *	  explanations add up to, and tables that are small, wide, constant or kept
 *	  in a spool.
 */
#include "mixed_table.h"

#include <float.h>

#include "core/codec.h"
#include "core/objective.h"
#include "core/score.h"
#include "core/score_fit.h"
#include "core/train.h"

/* of sums over columns, relative */
#define SUM_TOLERANCE 1e-9

/* of the mean error score of training rows, all of which made its unit */
#define MEAN_TOLERANCE 1e-5

/* nats; a missing cell that cost nothing would make it 2 less or more */
#define MISSING_TOLERANCE 1.0

#define NSCORES 6
static const char *const score_names[NSCORES] = {
	"error", "distance", "neighbour", "conditional", "elbo", "iwae"
};

/* a trained model and what scores its rows */
typedef struct Trained
{
	AeBudget	budget;
	AeDataset  *dataset;
	AeModel    *model;
	AeArena		arena;
	AeCoder    *coder;
	AeScorer   *scorer;
	double	   *rows;			/* (nrows, ncells) that were trained on, as
								 * stored */
	int			nrows;
} Trained;

static void
small_options(AeOptions *o, int score)
{
	ae_options_init(o);
	o->nhidden = 1;
	o->hidden[0] = 8;
	o->latent = 4;
	o->epochs = 2;
	o->score = score;
	if (ae_score_is_evidence(score))
		o->variant = AE_VARIANT_VARIATIONAL;
}

/* takes the dataset over */
static void
train(Trained *t, AeDataset *dataset, const AeOptions *options)
{
	const AeKernels *kernels = ae_kernels_get(AE_KERNEL_AUTO);
	AeCursor   *cursor;
	const float *cells;
	int			count;

	t->dataset = dataset;
	must(ae_model_create(&unit_env, &t->model));
	must(ae_model_plan(t->model, dataset, options, &ae_blas_reference));
	must(ae_train_model(t->model, dataset, &ae_blas_reference, kernels,
						NULL, NULL));
	ae_arena_init(&t->arena, &unit_env);
	must(ae_scorer_create(t->model, kernels, &t->arena, &t->scorer));
	must(ae_coder_create(dataset, t->model->features, &t->arena, &t->coder));

	t->nrows = 0;
	t->rows = ae_arena_alloc(&t->arena, ae_dataset_rows(dataset),
							 sizeof(double) *
							 (size_t) t->model->features->ncells);
	must(t->rows != NULL ? AE_OK : AE_ERR_MEMORY);
	must(ae_cursor_create(dataset, false, &cursor));
	for (;;)
	{
		must(ae_cursor_next(cursor, 1, &cells, &count));
		if (count == 0)
			break;
		ae_coder_row(t->coder, cells, t->rows + (size_t) t->nrows *
					 (size_t) t->model->features->ncells);
		t->nrows++;
	}
	ae_cursor_free(cursor);
}

static void
release(Trained *t)
{
	ae_arena_free(&t->arena);
	ae_model_free(t->model);
	ae_dataset_free(t->dataset);
}

static double *
row_of(const Trained *t, int i)
{
	return t->rows + (size_t) i * (size_t) t->model->features->ncells;
}

static void
train_mixed(Trained *t, int score, uint64_t nrows)
{
	AeOptions	o;

	small_options(&o, score);
	t->budget = (AeBudget) {NO_LIMIT, 0};
	train(t, mixed_dataset(NULL, &t->budget, nrows), &o);
}

/* the same with known anomalies */
static void
train_labelled(Trained *t, int score, uint64_t nrows)
{
	AeDataset  *dataset;
	AeOptions	o;
	double		row[NCELLS];
	char		label[32];
	char		hashed[32];

	small_options(&o, score);
	t->budget = (AeBudget) {NO_LIMIT, 0};
	must(ae_dataset_create(&unit_env, NULL, &t->budget, NCOLUMNS, specs,
						   &dataset));
	for (uint64_t r = 0; r < 2 * AE_HEAD_MIN_ANOMALIES; r++)
	{
		must(make_row(dataset, nrows + r, row, label, hashed));
		row[CELL_MINMAX] += 5.0;
		must(ae_dataset_append_anomaly(dataset, row));
	}
	must(fill_mixed(dataset, nrows));
	train(t, dataset, &o);
}

/* the value of a table of plain numbers */
typedef double (*NumberMaker) (int row, int column);

/* a table of so many numbers */
static void
train_numbers(Trained *t, int score, int nrows, int ncolumns,
			  double first_weight, NumberMaker make)
{
	AeColumnSpec *columns = calloc((size_t) ncolumns, sizeof(AeColumnSpec));
	double	   *row = calloc((size_t) ncolumns, sizeof(double));
	AeDataset  *dataset;
	AeOptions	o;

	must(columns != NULL && row != NULL ? AE_OK : AE_ERR_MEMORY);
	for (int i = 0; i < ncolumns; i++)
	{
		columns[i] = (AeColumnSpec) NUMBERS("x", 1, AE_SCALING_AUTO);
		columns[i].weight = i == 0 ? first_weight : 1.0;
	}
	small_options(&o, score);
	t->budget = (AeBudget) {NO_LIMIT, 0};
	must(ae_dataset_create(&unit_env, NULL, &t->budget, ncolumns, columns,
						   &dataset));
	for (int r = 0; r < nrows; r++)
	{
		for (int i = 0; i < ncolumns; i++)
			row[i] = make(r, i);
		must(ae_dataset_append(dataset, row));
	}
	must(ae_dataset_finish(dataset));
	train(t, dataset, &o);
	free(columns);
	free(row);
}

static double
make_random(int row, int column)
{
	AeRng		rng;

	ae_rng_seed(&rng, (uint64_t) row, (uint64_t) column);
	return ae_rng_normal(&rng);
}

static double
make_constant(int row, int column)
{
	(void) row;
	return 5.0 + column;
}

/* every row twice */
static double
make_twice(int row, int column)
{
	return make_random(row / 2, column);
}

/* the model's bytes; the caller frees them */
static unsigned char *
bytes_of(const AeModel *model, size_t *size)
{
	unsigned char *bytes;

	*size = ae_codec_size(model, model->nhistory);
	bytes = malloc(*size);
	must(bytes != NULL ? AE_OK : AE_ERR_MEMORY);
	ae_codec_write(model, bytes, *size);
	return bytes;
}

static bool
same_bytes(const AeModel *a, const AeModel *b)
{
	size_t		size_a;
	size_t		size_b;
	unsigned char *bytes_a = bytes_of(a, &size_a);
	unsigned char *bytes_b = bytes_of(b, &size_b);
	bool		same = size_a == size_b &&
		memcmp(bytes_a, bytes_b, size_a) == 0;

	free(bytes_a);
	free(bytes_b);
	return same;
}

static int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

/* all scores are numbers, at least 0, with a p-value */
static bool
scores_are_sound(const Trained *t)
{
	bool		good = true;

	for (int i = 0; i < t->nrows; i++)
	{
		double		score = ae_score_row(t->scorer, row_of(t, i));
		double		p = ae_score_pvalue(t->model, score);

		good &= score >= 0 && isfinite(score) && p > 0 && p <= 1;
	}
	return good;
}

static void
test_invariants(const Trained *t, const char *name)
{
	double	   *scores = calloc((size_t) t->nrows, sizeof(double));
	double	   *sorted = calloc((size_t) t->nrows, sizeof(double));
	double		expected[NCELLS];
	double		loss[NCOLUMNS];
	AeExplanation explanation;
	AeModel    *back;
	AeArena		own;
	AeScorer   *other;
	size_t		size;
	unsigned char *bytes = bytes_of(t->model, &size);
	bool		same = true;

	must(scores != NULL && sorted != NULL ? AE_OK : AE_ERR_MEMORY);
	must(ae_codec_read(&unit_env, bytes, size, &back));
	ae_arena_init(&own, &unit_env);
	must(ae_scorer_create(back, ae_kernels_get(AE_KERNEL_AUTO), &own,
						  &other));
	for (int i = 0; i < t->nrows; i++)
		sorted[i] = scores[i] = ae_score_row(t->scorer, row_of(t, i));
	for (int i = t->nrows - 1; i >= 0; i--)
	{
		const double *row = row_of(t, i);

		same &= ae_score_row(t->scorer, row) == scores[i] &&
			ae_score_row(other, row) == scores[i] &&
			ae_score_explain(t->scorer, row, &explanation) &&
			explanation.score == scores[i];
		ae_score_reconstruct(t->scorer, row, expected);
		same &= t->model->options.score == AE_SCORE_CONDITIONAL ||
			memcmp(expected, explanation.expected, sizeof(expected)) == 0;
		ae_score_columns(t->scorer, row, loss, NULL);
	}
	ok(same, "%s: the same bits in any order, also of a model that was read",
	   name);
	ok(scores_are_sound(t), "%s: numbers with p-values", name);
	qsort(sorted, (size_t) t->nrows, sizeof(double), compare_doubles);
	if (t->model->options.score != AE_SCORE_ERROR)
		ok(sorted[t->nrows / 2] > 0.8 && sorted[t->nrows / 2] < 1.25,
		   "%s: about 1 for the median row (%g)", name,
		   sorted[t->nrows / 2]);
	ae_arena_free(&own);
	ae_model_free(back);
	free(bytes);
	free(scores);
	free(sorted);
}

/* whether contributions add up; the column with the largest in first */
static bool
explanation_adds_up(const Trained *t, const double *row, int *first)
{
	int			ncolumns = t->model->features->ncolumns;
	double		above;
	double		sum = 0.0;
	double		size = 0.0;
	bool		good = true;
	AeExplanation e;

	if (!ae_score_explain(t->scorer, row, &e))
		return false;
	above = e.score - exp(ae_calibration_median(&t->model->calibration));
	*first = 0;
	for (int c = 0; c < ncolumns; c++)
	{
		sum += e.contribution[c];
		size += fabs(e.contribution[c]);
		good &= e.contribution[c] * above >= 0;
		if (fabs(e.contribution[c]) > fabs(e.contribution[*first]))
			*first = c;
	}
	return good && fabs(sum - above) <= SUM_TOLERANCE * (size + e.score);
}

static void
test_explanations(const Trained *t, const char *name)
{
	static const struct
	{
		int			cell;
		int			column;
		double		value;
		bool		is_above;	/* z is signed */
	}			cases[] = {
		{CELL_FAR, 0, 1e9 + 300, true},
		{CELL_FAR, 0, 1e9 - 300, false},
		{CELL_MINMAX, 3, 5000, true},
		{CELL_ARRAY + 2, 5, 1e-17, true},
		{CELL_CONSTANT, 10, -1230, true},
		{CELL_INSTANT, 9, 1e11, true}
	};
	const AeFeatures *f = t->model->features;
	double		row[NCELLS];
	bool		good = true;
	bool		sparse = true;
	AeExplanation e;
	int			first;

	for (int i = 0; i < t->nrows; i++)
	{
		good &= explanation_adds_up(t, row_of(t, i), &first);
		must(ae_score_explain(t->scorer, row_of(t, i), &e) ? AE_OK
			 : AE_ERR_CORRUPT);
		for (int c = 0; c < f->ncolumns; c++)
		{
			bool		missing = true;

			for (int j = 0; j < f->columns[c].ncells; j++)
				missing &= isnan(row_of(t, i)[f->columns[c].cell + j]);
			sparse &= isnan(e.z[c]) == missing;
		}
	}
	ok(good, "%s: contributions add up and have one sign", name);
	ok(sparse, "%s: no deviation where a column is missing, else one", name);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		double		z;
		double		share;
		int			furthest = 0;

		memcpy(row, row_of(t, 3), sizeof(row));
		row[cases[i].cell] = cases[i].value;
		good = explanation_adds_up(t, row, &first);
		must(ae_score_explain(t->scorer, row, &e) ? AE_OK : AE_ERR_CORRUPT);
		for (int c = 1; c < f->ncolumns; c++)
			if (fabs(e.z[c]) > fabs(e.z[furthest]) || isnan(e.z[furthest]))
				furthest = c;
		z = e.z[cases[i].column];
		share = e.contribution[cases[i].column] /
			(e.score - exp(ae_calibration_median(&t->model->calibration)));
		ok(good && furthest == cases[i].column && (z > 0) == cases[i].is_above,
		   "%s: the column altered to %.9g is furthest from expected (%.1f)",
		   name, cases[i].value, z);
		ok(first == cases[i].column, "%s: it comes first, with a share of %.2f",
		   name, share);
	}
	for (int i = 0; i < NCELLS; i++)
		row[i] = NAN;
	ok(!ae_score_explain(t->scorer, row, &e) &&
	   isnan(ae_score_row(t->scorer, row)) &&
	   isnan(ae_score_pvalue(t->model, ae_score_row(t->scorer, row))),
	   "%s: nothing to explain of a row of missing values", name);
	row[CELL_FAR] = 1e9;
	ok(explanation_adds_up(t, row, &first) &&
	   isfinite(ae_score_row(t->scorer, row)),
	   "%s: a row with one value has a score", name);
}

/* rows that are points of the coreset find others, never themselves */
static void
test_own_point(const Trained *t)
{
	const AeJoint *joint = &t->model->joint;
	const AeNeighbours *n = t->scorer->neighbours;
	int			found = 0;
	bool		others = true;

	for (int i = 0; i < t->nrows; i++)
	{
		int			own = -1;

		ae_score_row(t->scorer, row_of(t, i));
		for (int q = 0; q < joint->npoints && own < 0; q++)
		{
			bool		same = true;

			for (int j = 0; j < ae_joint_width(joint) && same; j++)
				same = t->scorer->point[j] ==
					joint->points[ae_joint_at(joint, q, j)];
			if (same)
				own = q;
		}
		found += own >= 0;
		for (int k = 0; k < n->nnear; k++)
			others &= n->near[k] != own;
	}
	ok(found == joint->npoints, "every point is a training row, to the bit");
	ok(others, "such a row does not find itself");
}

static void
test_small(void)
{
	static const int counts[] = {1, 2, 3, 17};
	static const NumberMaker makers[] = {
		make_random, make_constant, make_twice
	};
	/* its last number is usual among constants, too */
	double		odd[3] = {NAN, 1e5, 7.0};

	for (int score = 0; score < NSCORES; score++)
		for (int c = 0; c < 4; c++)
		{
			bool		good = true;

			for (int m = 0; m < 3; m++)
			{
				Trained		t;
				int			first;

				train_numbers(&t, score, counts[c], 3, 1.0, makers[m]);
				good &= scores_are_sound(&t) &&
					explanation_adds_up(&t, row_of(&t, 0), &first) &&
					explanation_adds_up(&t, odd, &first) && first == 1 &&
					isfinite(ae_score_row(t.scorer, odd));
				release(&t);
			}
			ok(good, "%s: tables of %d rows: random, equal, each row twice",
			   score_names[score], counts[c]);
		}
	for (int score = AE_SCORE_DISTANCE; score < NSCORES; score++)
	{
		Trained		t;
		double		odd_score;
		double		row[3] = {5.0, 6.0, 7.5};

		train_numbers(&t, score, 100, 3, 1.0, make_constant);
		odd_score = ae_score_row(t.scorer, row);
		ok(fabs(ae_score_row(t.scorer, row_of(&t, 0)) - 1) < SUM_TOLERANCE &&
		   odd_score > 10.0 && odd_score < 1e12, "%s: 1 where all rows are equal, beside %g",
		   score_names[score], odd_score);
		release(&t);
	}
}

/* the first of the columns never varies */
static double
make_first_constant(int row, int column)
{
	return column == 0 ? 0.25 : make_random(row, column);
}

static void
test_constant(void)
{
	for (int score = 0; score < NSCORES; score++)
	{
		Trained		t;
		double		most = 0.0;
		double		row[4];
		double		odd;
		int			first;

		train_numbers(&t, score, 300, 4, 1.0, make_first_constant);
		for (int i = 0; i < t.nrows; i++)
			most = fmax(most, ae_score_row(t.scorer, row_of(&t, i)));
		memcpy(row, row_of(&t, 7), sizeof(row));
		row[0] = 0.75;
		odd = ae_score_row(t.scorer, row);
		ok(odd > most && isfinite(odd) &&
		   explanation_adds_up(&t, row, &first) && first == 0,
		   "%s: a deviation of a constant column stands out (%g, %g)",
		   score_names[score], odd, most);
		release(&t);
	}
}

static void
test_wide(void)
{
	for (int score = 0; score < NSCORES; score++)
	{
		Trained		t;
		double		row[350];
		int			first = -1;

		train_numbers(&t, score, 200, 350, 1.0, make_random);
		memcpy(row, row_of(&t, 5), sizeof(row));
		row[222] = 1e4;
		ok(scores_are_sound(&t) && explanation_adds_up(&t, row, &first) &&
		   first == 222, "%s: 350 columns", score_names[score]);
		release(&t);
	}
}

/* share of the first column where it is unusual, over the rows */
static double
first_share(int score, double weight)
{
	Trained		t;
	AeExplanation e;
	double		share = 0.0;

	train_numbers(&t, score, 300, 4, weight, make_random);
	for (int i = 0; i < t.nrows; i++)
	{
		double		sum = 0.0;
		double		row[4];

		memcpy(row, row_of(&t, i), sizeof(row));
		row[0] += 6.0;
		must(ae_score_explain(t.scorer, row, &e) ? AE_OK : AE_ERR_CORRUPT);
		for (int c = 0; c < 4; c++)
			sum += e.contribution[c];
		share += sum != 0 ? e.contribution[0] / sum / t.nrows : 0.0;
	}
	release(&t);
	return share;
}

static void
test_weights(void)
{
	for (int score = 0; score < NSCORES; score++)
	{
		double		light = first_share(score, 0.001);
		double		even = first_share(score, 1.0);
		double		heavy = first_share(score, 1000.0);

		ok(1.3 * light < even && even < heavy,
		   "%s: a column counts by its weight (%.3f, %.3f, %.3f)",
		   score_names[score], light, even, heavy);
	}
}

/* an array whose first element is rarely there counts in every row */
static void
test_array(void)
{
	static const AeColumnSpec columns[] = {
		NUMBERS("x", 3, AE_SCALING_AUTO)
	};
	Trained		t;
	AeDataset  *dataset;
	AeOptions	o;
	double		sum = 0.0;

	small_options(&o, AE_SCORE_ERROR);
	t.budget = (AeBudget) {NO_LIMIT, 0};
	must(ae_dataset_create(&unit_env, NULL, &t.budget, 1, columns, &dataset));
	for (int r = 0; r < 300; r++)
	{
		double		row[3] = {
			missing_if(r % 4 != 0, make_random(r, 0)), make_random(r, 1),
			make_random(r, 2)
		};

		must(ae_dataset_append(dataset, row));
	}
	must(ae_dataset_finish(dataset));
	train(&t, dataset, &o);
	for (int i = 0; i < t.nrows; i++)
		sum += ae_score_row(t.scorer, row_of(&t, i)) / t.nrows;
	ok(fabs(sum - 1.0) < MEAN_TOLERANCE,
	   "error: training rows score 1 on average, not %g", sum);
	release(&t);
}

/*
 * What the score conditional makes of a row, from reconstructions of the row
 * without each of its columns: the outputs, to the bit, and the score.
 */
static bool
is_conditional(const Trained *t, const double *row)
{
	const AeModel *model = t->model;
	const AeFeatures *f = model->features;
	size_t		bytes = (size_t) f->output_width * sizeof(float);
	float	   *output = malloc(bytes);
	double		score = ae_score_row(t->scorer, row);
	double		expected[NCELLS];
	double		sum = 0.0;
	double		weight = 0.0;
	bool		same = true;

	must(output != NULL ? AE_OK : AE_ERR_MEMORY);
	memcpy(output, t->scorer->output, bytes);
	for (int c = 0; c < f->ncolumns; c++)
	{
		const AeColumn *column = &f->columns[c];
		double		without[NCELLS];

		memcpy(without, row, sizeof(without));
		for (int i = 0; i < column->ncells; i++)
			without[column->cell + i] = NAN;
		ae_score_reconstruct(t->scorer, without, expected);
		ae_features_encode(f, row, NULL, t->scorer->target);
		if (!ae_objective_has(column, t->scorer->target))
			continue;
		same &= memcmp(output + column->output,
					   t->scorer->output + column->output,
					   (size_t) column->output_width * sizeof(float)) == 0;
		weight += column->weight;
		sum += column->weight / model->hidden_loss[c] *
			ae_objective_column(model, t->scorer->kernels, c, 1,
								AE_PAD(f->output_width), t->scorer->output,
								t->scorer->target, t->scorer->gradient);
	}
	free(output);
	return same && fabs(sum / weight * exp(-model->joint.log_unit) - score) <=
		MEAN_TOLERANCE * score;
}

static void
test_conditional(void)
{
	Trained		t;
	AeExplanation e;
	bool		good = true;
	int			cell;
	double		row[NCELLS];
	double		expected;

	train_mixed(&t, AE_SCORE_CONDITIONAL, 1000);
	for (int i = 0; i < 100; i++)
		good &= is_conditional(&t, row_of(&t, i));
	ok(t.model->options.corruption == AE_CORRUPTION_MASK && good,
	   "conditional: each column is predicted from the others");
	cell = CELL_MINMAX;
	memcpy(row, row_of(&t, 3), sizeof(row));
	must(ae_score_explain(t.scorer, row, &e) ? AE_OK : AE_ERR_CORRUPT);
	expected = e.expected[cell];
	row[cell] += 5.0;
	must(ae_score_explain(t.scorer, row, &e) ? AE_OK : AE_ERR_CORRUPT);
	ok(e.expected[cell] == expected,
	   "conditional: what is expected of a column does not depend on it");
	release(&t);
}

/* four different rows, of which the rarest is one in 15 */
static double
make_four(int row, int column)
{
	return row % (column == 0 ? 5 : 3) == 0;
}

/*
 * The mean loss of the training rows is known, so that of a row in which they
 * are missing is about the mean of theirs.
 */
static void
test_missing(void)
{
	for (int score = AE_SCORE_ELBO; score <= AE_SCORE_IWAE; score++)
	{
		Trained		t;
		double		all = 0.0;
		double		half = 0.0;

		train_numbers(&t, score, 500, 8, 1.0, make_random);
		for (int i = 0; i < t.nrows; i++)
		{
			double	   *row = row_of(&t, i);

			all += ae_score_nats(t.scorer, row) / t.nrows;
			for (int j = 0; j < 4; j++)
				row[j] = NAN;
			half += ae_score_nats(t.scorer, row) / t.nrows;
		}
		ok(fabs(all - half) < MISSING_TOLERANCE,
		   "%s: missing cells cost what they usually do (%g, %g)",
		   score_names[score], all, half);
		release(&t);
	}
}

/* whatever the unit of scores, which rounds them */
static void
test_ties(void)
{
	for (int score = 0; score < NSCORES; score++)
	{
		bool		good = true;

		for (double weight = 1.0; weight < 4.0; weight *= 1.2)
		{
			Trained		t;

			train_numbers(&t, score, 300, 2, weight, make_four);
			for (int i = 0; i < 15; i++)
			{
				double		s = ae_score_row(t.scorer, row_of(&t, i));
				int			above = 0;

				for (int j = 0; j < t.nrows; j++)
					above += ae_score_row(t.scorer, row_of(&t, j)) >= s;
				good &= ae_score_pvalue(t.model, s) >
					0.95 * above / t.nrows;
			}
			release(&t);
		}
		ok(good, "%s: no p-value is below the share of rows that tie",
		   score_names[score]);
	}
}

/* a column of 200 labels among numbers */
static void
test_labels(void)
{
	static const AeColumnSpec columns[] = {
		NUMBERS("x", 1, AE_SCALING_AUTO), LABELS("label", 1000, 1)
	};

	for (int score = 0; score < NSCORES; score++)
	{
		Trained		t;
		AeDataset  *dataset;
		AeOptions	o;
		double		row[2];
		int			first;

		small_options(&o, score);
		t.budget = (AeBudget) {NO_LIMIT, 0};
		must(ae_dataset_create(&unit_env, NULL, &t.budget, 2, columns,
							   &dataset));
		for (int r = 0; r < 600; r++)
		{
			char		label[16];

			snprintf(label, sizeof(label), "l%d", r % 200);
			must(ae_dataset_code(dataset, 1, label, strlen(label), &row[1]));
			row[0] = make_random(r, 0);
			row[1] = missing_if(r % 23 == 0, row[1]);
			must(ae_dataset_append(dataset, row));
		}
		must(ae_dataset_finish(dataset));
		train(&t, dataset, &o);
		memcpy(row, row_of(&t, 5), sizeof(row));
		row[1] = ae_features_code(t.model->features, 1, "new", 3);
		ok(t.model->features->columns[1].nlabels == 200 &&
		   scores_are_sound(&t) && explanation_adds_up(&t, row, &first),
		   "%s: 200 labels, some missing, one never seen",
		   score_names[score]);
		release(&t);
	}
}

/* more rows than memory; the model is the same to the bit */
static void
test_spool(void)
{
	AeSpool		spool;
	MemorySpool memory = {0};
	AeOptions	o;

	for (int score = 0; score < NSCORES; score++)
	{
		Trained		plain;
		Trained		spilled;

		small_options(&o, score);
		o.epochs = 1;
		reset_spool(&spool, &memory);
		plain.budget = (AeBudget) {NO_LIMIT, 0};
		spilled.budget = (AeBudget) {1, 0};
		train(&plain, mixed_dataset(NULL, &plain.budget, NROWS), &o);
		train(&spilled, mixed_dataset(&spool, &spilled.budget, NROWS), &o);
		ok(memory.writes > 0 && same_bytes(plain.model, spilled.model),
		   "%s: the same model of %d rows in memory and in a spool",
		   score_names[score], NROWS);
		ok(plain.model->calibration.held_out ==
		   (plain.model->calibration.nscores < NROWS / 2) &&
		   ae_calibration_is_valid(&plain.model->calibration),
		   "%s: p-values of %d scores", score_names[score],
		   (int) plain.model->calibration.nscores);
		release(&plain);
		release(&spilled);
	}
	free(memory.data);
}

static void
test_seed(void)
{
	for (int score = 0; score < NSCORES; score++)
	{
		Trained		a;
		Trained		b;

		train_mixed(&a, score, 1000);
		train_mixed(&b, score, 1000);
		ok(same_bytes(a.model, b.model), "%s: same seed, same bytes",
		   score_names[score]);
		release(&a);
		release(&b);
	}
}

/* fits what a trained model has for its score anew, in an arena of its own */
static AeStatus
fit_again(const Trained *t, AeModel *model, uint64_t seed)
{
	*model = *t->model;
	ae_arena_init(&model->arena, &unit_env);
	model->joint.points = NULL;
	model->joint.offset = NULL;
	model->joint.log_unit = 0.0;
	if (ae_head_exists(&model->head))
		memset(model->head.params, 0,
			   model->head.net.nparams * sizeof(float));
	model->joint.npoints = model->options.coreset;
	return ae_score_fit(model, t->dataset, t->coder, &ae_blas_reference,
						ae_kernels_get(AE_KERNEL_AUTO), NULL, 0, seed);
}

static void
test_memory(const Trained *t, const char *name)
{
	AeModel		once;
	AeModel		again;
	AeStatus	status = AE_ERR_MEMORY;
	bool		good = true;
	int			fits = -1;
	int			creations = -1;

	must(fit_again(t, &once, 5));
	while (status != AE_OK && good)
	{
		long		live = unit_alloc_live;

		unit_alloc_budget = ++fits;
		status = fit_again(t, &again, 5);
		unit_alloc_budget = -1;
		good = status == AE_OK ? same_bytes(&once, &again)
			: status == AE_ERR_MEMORY;
		ae_arena_free(&again.arena);
		good &= unit_alloc_live == live;
	}
	ok(good && fits > 1, "%s: %d failing allocations of a fit", name, fits);
	ae_arena_free(&once.arena);

	status = AE_ERR_MEMORY;
	while (status != AE_OK && good)
	{
		AeArena		own;
		AeScorer   *scorer;

		ae_arena_init(&own, &unit_env);
		unit_alloc_budget = ++creations;
		status = ae_scorer_create(t->model, ae_kernels_get(AE_KERNEL_AUTO),
								  &own, &scorer);
		unit_alloc_budget = -1;
		good = status == AE_OK || status == AE_ERR_MEMORY;
		ae_arena_free(&own);
	}
	ok(good && creations > 0, "%s: %d failing allocations of a scorer", name,
	   creations);
}

/* a network of stored weights that no training makes */
static void
test_hostile_weights(const Trained *t, const char *name)
{
	AeModel    *model = t->model;
	size_t		n = model->net.nparams;
	size_t		bytes = n * sizeof(float);
	float	   *params = malloc(bytes);
	bool		good = true;
	int			first;

	must(params != NULL ? AE_OK : AE_ERR_MEMORY);
	memcpy(params, model->params, bytes);
	for (int sign = 0; sign < 4; sign++)
	{
		for (size_t i = 0; i < n; i++)
			model->params[i] = (i / 7 + i) % 4 == (size_t) sign ? -FLT_MAX
				: FLT_MAX;
		for (int i = 0; i < 20; i++)
			good &= isfinite(ae_score_row(t->scorer, row_of(t, i))) &&
				explanation_adds_up(t, row_of(t, i), &first);
	}
	memcpy(model->params, params, bytes);
	free(params);
	ok(good, "%s: scores are finite, whatever the weights", name);
}

static void
test_hostile_head(const Trained *t, const char *name)
{
	AeHead	   *head = &t->model->head;
	bool		good = true;
	int			first;

	for (size_t i = 0; i < head->net.nparams; i++)
		head->params[i] = FLT_MAX;
	for (int i = 0; i < 20; i++)
		good &= isfinite(ae_score_row(t->scorer, row_of(t, i))) &&
			explanation_adds_up(t, row_of(t, i), &first);
	ok(good, "%s: scores are finite, whatever the head's weights", name);
}

int
main(void)
{
	for (int score = 0; score < NSCORES; score++)
	{
		Trained		t;

		train_mixed(&t, score, 1000);
		test_invariants(&t, score_names[score]);
		test_explanations(&t, score_names[score]);
		if (score == AE_SCORE_NEIGHBOUR)
			test_own_point(&t);
		test_memory(&t, score_names[score]);
		test_hostile_weights(&t, score_names[score]);
		release(&t);
	}
	for (int score = 0; score < NSCORES; score++)
	{
		Trained		t;

		if (!ae_score_is_joint(score))
			continue;
		train_labelled(&t, score, 1000);
		ok(ae_head_exists(&t.model->head) && t.model->nanomalies ==
		   2 * AE_HEAD_MIN_ANOMALIES, "%s: a head", score_names[score]);
		test_invariants(&t, score_names[score]);
		test_explanations(&t, score_names[score]);
		test_memory(&t, score_names[score]);
		test_hostile_head(&t, score_names[score]);
		release(&t);
	}
	test_small();
	test_constant();
	test_wide();
	test_weights();
	test_array();
	test_conditional();
	test_missing();
	test_ties();
	test_labels();
	test_spool();
	test_seed();
	ok(unit_alloc_live == 0, "all memory is released");
	return done();
}
