/*
 * score_table_test.c
 *	  Scores of tables that are small, wide, constant or full of ties, or that
 *	  have missing cells, arrays and many labels.
 */
#include "trained.h"

/* of the mean error score of training rows, all of which made its unit */
#define MEAN_TOLERANCE 1e-5

/* nats; a missing cell that cost nothing would make it 2 less or more */
#define MISSING_TOLERANCE 1.0

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

/* four different rows, of which the rarest is one in 15 */
static double
make_four(int row, int column)
{
	return row % (column == 0 ? 5 : 3) == 0;
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

int
main(void)
{
	test_small();
	test_constant();
	test_wide();
	test_weights();
	test_array();
	test_missing();
	test_ties();
	test_labels();
	ok(unit_alloc_live == 0, "all memory is released");
	return done();
}
