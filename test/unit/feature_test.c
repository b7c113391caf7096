/*
 * feature_test.c
 *	  Columns as numbers and back: every kind and scaling, the layout, labels,
 *	  and features that a hostile model could bring.
 */
#include <float.h>
#include <limits.h>

#include "unit.h"

#include "core/feature.h"

/* of values that went through a float once, relative to the spread */
#define FLOAT_TOLERANCE 1e-6
#define MAX_WIDTH 64

static AeArena arena;

/* one numeric column's worth of everything, as a fit leaves it */
static void
fill_column(AeColumn *column, AeCell *cell, AeKind kind)
{
	memset(column, 0, sizeof(*column));
	memset(cell, 0, sizeof(*cell));
	column->name = "c";
	column->type = "t";
	column->kind = kind;
	column->ncells = 1;
	column->scaling = AE_SCALING_STANDARD;
	column->loss = kind == AE_KIND_BINARY ? AE_LOSS_LOGISTIC :
		kind == AE_KIND_CATEGORY ? AE_LOSS_SOFTMAX : AE_LOSS_SQUARED;
	column->weight = 1.0;
	column->cells = cell;
	cell->spread = 1.0;
}

static AeStatus
lay_out(AeFeatures *features, AeColumn *columns, int ncolumns)
{
	memset(features, 0, sizeof(*features));
	features->nrows = 1000;
	features->ncolumns = ncolumns;
	features->columns = columns;
	return ae_features_layout(features, &arena);
}

/* value through encode and decode of a one-column feature set */
static double
round_trip(const AeFeatures *features, double value)
{
	float		input[MAX_WIDTH];
	float		target[MAX_WIDTH];
	double		back;

	ae_features_encode(features, &value, input, target);
	ae_features_decode(features, target, &back);
	return back;
}

static void
test_scalings(void)
{
	AeFeatures	features;
	AeColumn	column;
	AeCell		cell;
	double		knots[AE_KNOTS];
	bool		normal = true;

	fill_column(&column, &cell, AE_KIND_NUMERIC);
	for (int i = 0; i < AE_KNOTS; i++)
		knots[i] = 10.0 + 0.5 * i;
	cell.knots = knots;
	for (int s = AE_SCALING_STANDARD; s <= AE_SCALING_NONE; s++)
	{
		double		worst = 0.0;

		column.scaling = (AeScaling) s;
		cell.centre = s == AE_SCALING_QUANTILE ? 0.0 : 3.0;
		cell.spread = s == AE_SCALING_QUANTILE ? 1.0 : 2.0;
		ok(lay_out(&features, &column, 1) == AE_OK, "layout, %s",
		   ae_scaling_names[s]);
		for (double v = 10.0; v <= 138.0; v += 0.37)
			worst = fmax(worst, fabs(round_trip(&features, v) - v) / v);
		ok(worst < 10 * FLOAT_TOLERANCE, "round trip, %s (%g)",
		   ae_scaling_names[s], worst);
	}

	/* quantiles become a standard normal: compare with its distribution */
	column.scaling = AE_SCALING_QUANTILE;
	cell.centre = 0.0;
	cell.spread = 1.0;
	ok(lay_out(&features, &column, 1) == AE_OK, "layout, quantile again");
	for (double p = 0.001; p < 1.0; p += 0.001)
	{
		double		value = 10.0 + 128.0 * p;
		float		z;

		ae_features_encode(&features, &value, NULL, &z);
		normal &= fabs(0.5 * erfc(-z / sqrt(2.0)) - p) < FLOAT_TOLERANCE;
	}
	ok(normal, "quantile scaling gives a standard normal");
	ok(round_trip(&features, 5.0) == 10.0 &&
	   round_trip(&features, 500.0) == 138.0,
	   "values beyond the outer quantiles come back as these");

	column.scaling = AE_SCALING_LOG;
	ok(lay_out(&features, &column, 1) == AE_OK, "layout, log again");
	ok(fabs(round_trip(&features, -1e8) + 1e8) < 1e3 &&
	   fabs(round_trip(&features, 0.0)) < FLOAT_TOLERANCE,
	   "logarithms of negative values and zero");
}

/* runs of equal quantiles, as a column of few values has */
static void
test_knot_runs(void)
{
	AeFeatures	features;
	AeColumn	column;
	AeCell		cell;
	double		knots[AE_KNOTS];
	const double values[3] = {0.1, 0.2, 7.0};
	float		last = -INFINITY;
	bool		rising = true;

	fill_column(&column, &cell, AE_KIND_NUMERIC);
	column.scaling = AE_SCALING_QUANTILE;
	for (int i = 0; i < AE_KNOTS; i++)
		knots[i] = values[i < 100 ? 0 : i < 200 ? 1 : 2];
	cell.knots = knots;
	ok(lay_out(&features, &column, 1) == AE_OK, "layout with equal quantiles");
	for (int i = 0; i < 3; i++)
	{
		double		near = values[i] * (1.0 + 1e-8);
		float		exact;
		float		moved;

		ae_features_encode(&features, &values[i], NULL, &exact);
		ae_features_encode(&features, &near, NULL, &moved);
		ok(fabsf(exact - moved) < 1e-5f, "run %d is continuous", i);
		ok(fabs(round_trip(&features, values[i]) - values[i]) <
		   10 * FLOAT_TOLERANCE, "run %d comes back", i);
	}
	for (double v = 0.0; v < 8.0; v += 0.01)
	{
		float		z;

		ae_features_encode(&features, &v, NULL, &z);
		rising &= z >= last;
		last = z;
	}
	ok(rising, "larger values never become smaller");
}

static void
test_constants(void)
{
	AeFeatures	features;
	AeColumn	column;
	AeCell		cell;
	double		value = 42.0;
	float		input = 1.0f;
	float		target;

	fill_column(&column, &cell, AE_KIND_NUMERIC);
	column.scaling = AE_SCALING_QUANTILE;	/* needs no knots when constant */
	cell.constant = true;
	cell.centre = 42.0;
	cell.spread = 42e-6;
	ok(lay_out(&features, &column, 1) == AE_OK, "layout of a constant");
	ae_features_encode(&features, &value, &input, &target);
	ok(input == 0.0f && target == 0.0f, "a constant is zero");
	value = 42.0 + 84e-6;
	ae_features_encode(&features, &value, &input, &target);
	ok(input == 0.0f && fabsf(target - 2.0f) < 1e-3f,
	   "a deviation shows in the target only");
	value = 1e300;
	ae_features_encode(&features, &value, &input, &target);
	ok(input == 0.0f && target == AE_CONSTANT_LIMIT, "it saturates");
	target = 17.0f;
	ae_features_decode(&features, &target, &value);
	ok(value == 42.0, "a constant is decoded exactly");

	fill_column(&column, &cell, AE_KIND_BINARY);
	cell.constant = true;
	ok(lay_out(&features, &column, 1) == AE_OK, "layout of a constant truth");
	value = 1.0;
	ae_features_encode(&features, &value, &input, &target);
	ok(input == 0.0f && target == 1.0f, "its input is zero");
}

static void
test_extremes(void)
{
	AeFeatures	features;
	AeColumn	column;
	AeCell		cell;
	double		value = 1e300;
	float		input;
	float		target;
	bool		finite = true;

	fill_column(&column, &cell, AE_KIND_NUMERIC);
	ok(lay_out(&features, &column, 1) == AE_OK, "layout");
	ae_features_encode(&features, &value, &input, &target);
	ok(input == AE_VALUE_LIMIT && target == AE_VALUE_LIMIT,
	   "huge values saturate");
	value = -DBL_MAX;
	ae_features_encode(&features, &value, &input, NULL);
	ok(input == -AE_VALUE_LIMIT, "below as well");

	cell.centre = 1e9;
	ok(lay_out(&features, &column, 1) == AE_OK, "layout of a distant mean");
	ok(fabs(round_trip(&features, 1e9 - 0.5) - (1e9 - 0.5)) <
	   FLOAT_TOLERANCE, "1e9 - 0.5 with deviation 1 comes back");

	for (int s = AE_SCALING_STANDARD; s <= AE_SCALING_NONE; s++)
	{
		const float outputs[] = {INFINITY, -INFINITY, NAN, 1e30f};

		if (s == AE_SCALING_QUANTILE)
			continue;
		column.scaling = (AeScaling) s;
		for (int i = 0; i < 4; i++)
		{
			ae_features_decode(&features, &outputs[i], &value);
			finite &= isfinite(value);
		}
	}
	ok(finite, "any output decodes to a finite value");
}

static double
instant(int days, int hours, int minutes)
{
	return 86400.0 * days + 3600.0 * hours + 60.0 * minutes;
}

static void
test_calendar(void)
{
	AeFeatures	features;
	AeColumn	column;
	AeCell		cell;
	double		worst = 0.0;
	double		value;
	double		back;
	float		input[8];
	float		target[7];

	fill_column(&column, &cell, AE_KIND_CALENDAR);
	column.cycles = AE_CYCLE_DAY | AE_CYCLE_WEEK | AE_CYCLE_YEAR;
	cell.nmissing = 1;
	cell.centre = instant(8000, 0, 0);
	cell.spread = instant(500, 0, 0);
	ok(lay_out(&features, &column, 1) == AE_OK &&
	   features.output_width == 7 && features.input_width == 8,
	   "an instant, three cycles and an indicator");

	for (int day = -2000; day < 9000; day += 137)
	{
		value = instant(day, day % 24, 17);
		worst = fmax(worst, fabs(round_trip(&features, value) - value));
	}
	ok(worst < 0.1, "instants come back to a tenth of a second (%g)", worst);

	value = instant(7, 6, 0);	/* a Saturday, six in the morning */
	ae_features_encode(&features, &value, input, target);
	ok(fabsf(target[1] - 1.0f) < FLOAT_TOLERANCE &&
	   fabsf(target[2]) < FLOAT_TOLERANCE, "a quarter of the day");
	ok(fabs(target[3] - sin(2 * 3.14159265358979 / 28)) < FLOAT_TOLERANCE,
	   "a quarter of a day into the week");
	ok(fabs(target[5] - sin(2 * 3.14159265358979 * 7.25 / 365.2425)) <
	   FLOAT_TOLERANCE, "seven days into the year");
	ok(memcmp(input, target, sizeof(target)) == 0, "input is the target");

	/* the instant says just after midnight, the time of day before it */
	value = instant(7999, 23, 30);
	ae_features_encode(&features, &value, NULL, target);
	target[0] = (float) (600.0 / cell.spread);
	ae_features_decode(&features, target, &back);
	ok(fabs(back - value) < 0.1, "the nearest instant with that time of day");
	target[1] = target[2] = 0.05f;
	ae_features_decode(&features, target, &back);
	ok(fabs(back - instant(8000, 0, 10)) < 10.0,
	   "a vague time of day is not used");

	value = NAN;
	ae_features_encode(&features, &value, input, target);
	ok(input[0] == 0.0f && input[6] == 0.0f && input[7] == 1.0f &&
	   isnan(target[0]) && isnan(target[6]), "a missing instant");
}

static void
test_layout(void)
{
	AeFeatures	features;
	AeColumn	columns[4];
	AeCell		cells[6];
	char	   *labels[2] = {"x", "y"};
	double		frequency[3] = {0.5, 0.4, 0.1};
	float		input[16];
	float		target[16];
	double		row[6] = {1.0, NAN, 3.0, 1.0, 1.0, NAN};
	const float expected[14] = {1, 0, 3, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1};

	memset(cells, 0, sizeof(cells));
	fill_column(&columns[0], &cells[0], AE_KIND_NUMERIC);
	columns[0].ncells = 3;
	for (int i = 0; i < 3; i++)
		cells[i].spread = 1.0;
	fill_column(&columns[1], &cells[3], AE_KIND_BINARY);
	fill_column(&columns[2], &cells[4], AE_KIND_CATEGORY);
	fill_column(&columns[3], &cells[5], AE_KIND_CALENDAR);
	cells[1].nmissing = cells[2].nmissing = 2;
	cells[4].nmissing = cells[5].nmissing = 3;
	columns[0].name = "a";
	columns[2].name = "b";
	columns[2].nlabels = 2;
	columns[2].labels = labels;
	columns[2].frequency = frequency;
	columns[3].cycles = AE_CYCLE_WEEK;

	ok(lay_out(&features, columns, 4) == AE_OK, "layout of all kinds");
	ok(features.ncells == 6 && features.input_width == 14 &&
	   features.output_width == 3 + 1 + 3 + 3, "widths");
	ok(columns[0].indicator == 11 && columns[1].indicator == -1 &&
	   columns[2].indicator == -1 && columns[3].indicator == 13,
	   "indicators follow the columns");
	ok(columns[2].input == 4 && columns[2].input_width == 4 &&
	   columns[2].output == 4 && columns[2].output_width == 3 &&
	   columns[3].input == 8 && columns[3].output == 7 &&
	   columns[3].cell == 5, "offsets");
	ok(ae_features_find(&features, "b") == 2 &&
	   ae_features_find(&features, "z") == -1, "columns by name");

	memset(input, 0xff, sizeof(input));
	memset(target, 0xff, sizeof(target));
	ae_features_encode(&features, row, input, target);
	ok(memcmp(input, expected, sizeof(expected)) == 0, "inputs");
	ok(target[0] == 1.0f && isnan(target[1]) && target[2] == 3.0f &&
	   target[3] == 1.0f && target[4] == 1.0f && isnan(target[7]),
	   "targets");
	ok(isnan(input[14]) && isnan(target[10]), "nothing beyond the widths");

	row[4] = NAN;
	ae_features_encode(&features, row, input, target);
	ok(input[4] == 0.0f && input[6] == 0.0f && input[7] == 1.0f &&
	   isnan(target[4]), "a missing category");
	row[4] = 2.0;
	ae_features_encode(&features, row, input, target);
	ok(input[6] == 1.0f && input[7] == 0.0f && target[4] == 2.0f,
	   "the other category");

	memset(target, 0, sizeof(target));
	target[3] = 2.0f;
	target[5] = 1.0f;
	target[6] = 9.0f;
	ae_features_decode(&features, target, row);
	ok(fabs(row[3] - 1.0 / (1.0 + exp(-2.0))) < 1e-12,
	   "a logit becomes a probability");
	ok(row[4] == 1.0, "the likeliest label, never the other one");
}

/* buckets of which no label is kept, but for the first */
static void
test_bucket_labels(void)
{
	char		kept[] = "kept";
	char		none[] = "";
	char	   *labels[4] = {kept, none, none, none};
	double		frequency[5] = {0.25, 0.25, 0.25, 0.25, 0.0};
	AeColumn	column = {.hashed = true,.nlabels = 4,.labels = labels,
	.frequency = frequency};
	int			nempty = 0;

	ok(ae_column_label(&column, 0) == kept &&
	   ae_column_label(&column, -1) == NULL &&
	   ae_column_label(&column, 4) == NULL, "label of a bucket");
	for (int i = 1; i < 4; i++)
		nempty += ae_column_label(&column, i) != NULL;
	ok(nempty == 1, "the empty text is the label of one bucket only");
	frequency[0] = 0.0;
	ok(ae_column_label(&column, 0) == NULL, "no row fell into the bucket");
}

static void
test_labels(void)
{
	enum
	{
		NLABELS = 5000
	};
	static char text[NLABELS][24];
	static char *labels[NLABELS];
	static double frequency[NLABELS + 1];
	char		longest[AE_MAX_LABEL_BYTES + 1];
	AeFeatures	features;
	AeColumn	columns[2];
	AeCell		cells[2];
	bool		found = true;
	bool		buckets = true;

	for (int i = 0; i < NLABELS; i++)
	{
		snprintf(text[i], sizeof(text[i]), "label %d", i);
		labels[i] = text[i];
	}
	for (int c = 0; c < 2; c++)
	{
		fill_column(&columns[c], &cells[c], AE_KIND_CATEGORY);
		columns[c].nlabels = c == 0 ? NLABELS : NLABELS / 2;
		columns[c].labels = labels;
		columns[c].frequency = frequency;
	}
	ok(lay_out(&features, columns, 2) == AE_OK, "two indexed columns");
	for (int i = 0; i < NLABELS; i++)
	{
		size_t		len = strlen(text[i]);

		found &= ae_features_code(&features, 0, text[i], len) == i;
		found &= ae_features_code(&features, 1, text[i], len) ==
			(i < NLABELS / 2 ? i : NLABELS / 2);
	}
	ok(found, "every label is found in its own column");
	ok(ae_features_code(&features, 0, "label", 5) == NLABELS &&
	   ae_features_code(&features, 0, "label 1\0x", 9) == NLABELS &&
	   ae_features_code(&features, 0, "", 0) == NLABELS,
	   "other texts are the other label");
	memset(longest, 'a', sizeof(longest));
	ok(ae_features_code(&features, 0, longest, sizeof(longest)) == NLABELS,
	   "a text too long is the other label");

	columns[1].hashed = true;
	columns[1].nlabels = 7;
	ok(lay_out(&features, columns, 2) == AE_OK, "a hashed column");
	for (int i = 0; i < NLABELS; i++)
	{
		double		code = ae_features_code(&features, 1, text[i],
											strlen(text[i]));

		buckets &= code == ae_label_bucket(ae_label_hash(text[i],
														 strlen(text[i])), 7);
		buckets &= code >= 0 && code < 7;
		frequency[(int) code] += 1.0;
	}
	for (int i = 0; i < 7; i++)
		buckets &= frequency[i] > NLABELS / 7 - 150 &&
			frequency[i] < NLABELS / 7 + 150;
	ok(buckets, "labels spread evenly over the buckets");
	ok(ae_features_code(&features, 1, longest, sizeof(longest)) == 7,
	   "a text too long is in no bucket");
	test_bucket_labels();
	/* stored models depend on it */
	ok(ae_label_hash("autoencoder", 11) == UINT64_C(0x94b4db0c6a168bc6),
	   "the hash of labels is the agreed one");
}

static AeFeatures hostile;
static AeColumn hostile_column;
static AeCell hostile_cell;
static char *hostile_labels[3];
static double hostile_frequency[4];

static void
reset_hostile(AeKind kind)
{
	fill_column(&hostile_column, &hostile_cell, kind);
	hostile_labels[0] = "a";
	hostile_labels[1] = "b";
	hostile_labels[2] = "c";
	memset(hostile_frequency, 0, sizeof(hostile_frequency));
	if (kind == AE_KIND_CATEGORY)
	{
		hostile_column.nlabels = 3;
		hostile_column.labels = hostile_labels;
		hostile_column.frequency = hostile_frequency;
	}
}

/* the layout must refuse what change makes of sound features */
#define REFUSES(kind, change, status) \
	do { \
		reset_hostile(kind); \
		ok(lay_out(&hostile, &hostile_column, 1) == AE_OK, "sound"); \
		change; \
		ok(lay_out(&hostile, &hostile_column, 1) == (status), "%s", #change); \
	} while (0)

static void
test_hostile(void)
{
	static double knots[AE_KNOTS];
	AeColumn   *column = &hostile_column;
	AeCell	   *cell = &hostile_cell;
	AeKind		number = AE_KIND_NUMERIC;
	AeKind		category = AE_KIND_CATEGORY;

	REFUSES(number, column->kind = (AeKind) 4, AE_ERR_CORRUPT);
	REFUSES(number, column->kind = (AeKind) -1, AE_ERR_CORRUPT);
	REFUSES(number, column->name = NULL, AE_ERR_CORRUPT);
	REFUSES(number, column->cells = NULL, AE_ERR_CORRUPT);
	REFUSES(number, column->ncells = 0, AE_ERR_CORRUPT);
	REFUSES(number, column->ncells = INT_MAX, AE_ERR_LIMIT);
	REFUSES(number, column->scaling = AE_SCALING_AUTO, AE_ERR_CORRUPT);
	REFUSES(number, column->scaling = (AeScaling) 7, AE_ERR_CORRUPT);
	REFUSES(number, column->loss = AE_LOSS_SOFTMAX, AE_ERR_CORRUPT);
	REFUSES(number, column->loss = (AeLoss) 99, AE_ERR_CORRUPT);
	REFUSES(number, column->weight = -1.0, AE_ERR_CORRUPT);
	REFUSES(number, column->weight = NAN, AE_ERR_CORRUPT);
	REFUSES(number, column->weight = 1e308, AE_ERR_CORRUPT);
	REFUSES(number, column->cycles = 8, AE_ERR_CORRUPT);
	REFUSES(number, cell->nmissing = 1001, AE_ERR_CORRUPT);
	REFUSES(number, cell->mean = NAN, AE_ERR_CORRUPT);
	REFUSES(number, cell->max = INFINITY, AE_ERR_CORRUPT);
	REFUSES(number, cell->spread = 0.0, AE_ERR_CORRUPT);
	REFUSES(number, cell->spread = NAN, AE_ERR_CORRUPT);
	REFUSES(number, cell->spread = 1e305, AE_ERR_CORRUPT);
	REFUSES(number, cell->centre = INFINITY, AE_ERR_CORRUPT);
	REFUSES(number, column->scaling = AE_SCALING_QUANTILE, AE_ERR_CORRUPT);
	REFUSES(number, (column->scaling = AE_SCALING_QUANTILE,
					 cell->knots = knots, knots[9] = 1.0), AE_ERR_CORRUPT);
	REFUSES(number, (column->scaling = AE_SCALING_QUANTILE,
					 cell->knots = knots, knots[9] = NAN), AE_ERR_CORRUPT);
	REFUSES(AE_KIND_BINARY, column->ncells = 2, AE_ERR_CORRUPT);
	REFUSES(AE_KIND_BINARY, column->loss = AE_LOSS_SQUARED, AE_ERR_CORRUPT);
	REFUSES(AE_KIND_CALENDAR, column->cycles = -1, AE_ERR_CORRUPT);
	REFUSES(category, column->nlabels = -1, AE_ERR_CORRUPT);
	REFUSES(category, column->nlabels = AE_MAX_LABELS + 1, AE_ERR_LIMIT);
	REFUSES(category, (column->nlabels = 0, column->hashed = true),
			AE_ERR_CORRUPT);
	REFUSES(category, column->labels = NULL, AE_ERR_CORRUPT);
	REFUSES(category, column->frequency = NULL, AE_ERR_CORRUPT);
	REFUSES(category, hostile_labels[1] = NULL, AE_ERR_CORRUPT);
	REFUSES(category, hostile_labels[1] = "a", AE_ERR_CORRUPT);
	REFUSES(category, hostile_frequency[3] = NAN, AE_ERR_CORRUPT);
	REFUSES(category, hostile_frequency[0] = 1.5, AE_ERR_CORRUPT);

	ok(lay_out(&hostile, column, 0) == AE_ERR_CORRUPT, "no column");
	ok(lay_out(&hostile, NULL, 1) == AE_ERR_CORRUPT, "no columns");
	ok(lay_out(&hostile, column, AE_MAX_COLUMNS + 1) == AE_ERR_LIMIT,
	   "too many columns");
	ok(lay_out(&hostile, column, INT_MAX) == AE_ERR_LIMIT,
	   "far too many columns");
}

/* columns that are each within their caps, but not together */
static void
test_width_limit(void)
{
	enum
	{
		NCOLUMNS = 100
	};
	static AeColumn columns[NCOLUMNS];
	static char *labels[AE_MAX_LABELS];
	static double frequency[AE_MAX_LABELS + 1];
	AeFeatures	features;
	AeCell		cell;

	for (int i = 0; i < AE_MAX_LABELS; i++)
		labels[i] = "";
	for (int i = 0; i < NCOLUMNS; i++)
	{
		fill_column(&columns[i], &cell, AE_KIND_CATEGORY);
		columns[i].hashed = true;
		columns[i].nlabels = AE_MAX_LABELS;
		columns[i].labels = labels;
		columns[i].frequency = frequency;
	}
	ok(lay_out(&features, columns, NCOLUMNS) == AE_ERR_LIMIT,
	   "a vector too wide");
	ok(lay_out(&features, columns, 60) == AE_OK, "one just within the limit");
}

static void
test_memory(void)
{
	AeFeatures	features;
	AeColumn	column;
	AeCell		cell;
	AeArena		small;

	fill_column(&column, &cell, AE_KIND_NUMERIC);
	ae_arena_init(&small, &unit_env);
	memset(&features, 0, sizeof(features));
	features.ncolumns = 1;
	features.columns = &column;
	unit_alloc_budget = 0;
	ok(ae_features_layout(&features, &small) == AE_ERR_MEMORY,
	   "an allocation failure is reported");
	unit_alloc_budget = -1;
	ae_arena_free(&small);
}

int
main(void)
{
	ae_arena_init(&arena, &unit_env);
	test_scalings();
	test_knot_runs();
	test_constants();
	test_extremes();
	test_calendar();
	test_layout();
	test_labels();
	test_hostile();
	test_width_limit();
	test_memory();
	ae_arena_free(&arena);
	ok(unit_alloc_live == 0, "nothing leaks");
	return done();
}
