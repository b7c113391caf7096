/*
 * options_test.c
 *	  The table of options, their defaults, setters, printers and complaints.
 */
#include "unit.h"

#include "core/feature.h"
#include "core/model.h"
#include "core/options.h"

static char complaint[AE_COMPLAINT_BYTES];
static char range[AE_COMPLAINT_BYTES];

/* every value is "must be <range>, not <shown>" */
static bool
complains(const AeOption *option, const char *shown)
{
	char		expected[2 * AE_COMPLAINT_BYTES];

	ae_option_describe_range(option, range, sizeof(range));
	snprintf(expected, sizeof(expected), "must be %s, not %s", range, shown);
	if (strcmp(complaint, expected) == 0)
		return true;
	printf("# expected: %s\n# found:    %s\n", expected, complaint);
	return false;
}

static bool
prints(const AeOptions *options, const AeOption *option, const char *expected)
{
	char		buffer[AE_OPTION_BYTES] = "untouched";

	if (ae_option_print(options, option, buffer, sizeof(buffer)) &&
		strcmp(buffer, expected) == 0)
		return true;
	printf("# expected: %s\n# found:    %s\n", expected, buffer);
	return false;
}

/* printed, parsed into other options and printed again */
static bool
round_trips(const AeOptions *options, const AeOption *option)
{
	AeOptions	copy;
	char		first[AE_OPTION_BYTES];
	char		second[AE_OPTION_BYTES];

	memset(&copy, 0x55, sizeof(copy));
	return ae_option_print(options, option, first, sizeof(first)) &&
		ae_option_parse(&copy, option, first, complaint) &&
		ae_option_print(&copy, option, second, sizeof(second)) &&
		strcmp(first, second) == 0;
}

static const AeOption *
named(const char *name)
{
	const AeOption *option = ae_option_find(name);

	if (option == NULL)
	{
		printf("Bail out! no option %s\n", name);
		exit(1);
	}
	return option;
}

/* the table, as it must be; what the host keeps has no field */
#define KEPT(name, kind, initial) \
	{#name, AE_OPTION_##kind, offsetof(AeOptions, name), initial}

static const struct
{
	const char *name;
	AeOptionKind kind;
	size_t		offset;
	const char *initial;	/* as printed */
}			expected[] = {
	KEPT(purpose, CHOICE, "\"anomaly\""),
	KEPT(hidden, LIST, "\"auto\""),
	KEPT(latent, INTEGER, "\"auto\""),
	KEPT(activation, CHOICE, "\"auto\""),
	KEPT(loss, CHOICE, "\"auto\""),
	KEPT(scaling, CHOICE, "\"auto\""),
	KEPT(epochs, INTEGER, "\"auto\""),
	KEPT(batch_size, INTEGER, "128"),
	KEPT(optimizer, CHOICE, "\"adamw\""),
	KEPT(learning_rate, NUMBER, "\"auto\""),
	KEPT(schedule, CHOICE, "\"cosine\""),
	KEPT(warmup, NUMBER, "0.02"),
	KEPT(weight_decay, NUMBER, "0.0001"),
	KEPT(dropout, NUMBER, "0"),
	KEPT(clip_norm, NUMBER, "1"),
	KEPT(validation_fraction, NUMBER, "\"auto\""),
	KEPT(patience, INTEGER, "\"auto\""),
	KEPT(corruption, CHOICE, "\"auto\""),
	KEPT(corruption_rate, NUMBER, "\"auto\""),
	KEPT(contraction, CHOICE, "\"none\""),
	KEPT(contraction_weight, NUMBER, "\"auto\""),
	KEPT(variant, CHOICE, "\"plain\""),
	KEPT(input, CHOICE, "\"row\""),
	KEPT(sparsity, CHOICE, "\"auto\""),
	KEPT(sparsity_weight, NUMBER, "\"auto\""),
	KEPT(active, NUMBER, "\"auto\""),
	KEPT(beta, NUMBER, "\"auto\""),
	KEPT(kl_warmup, NUMBER, "\"auto\""),
	KEPT(free_bits, NUMBER, "\"auto\""),
	KEPT(matching, CHOICE, "\"none\""),
	KEPT(matching_weight, NUMBER, "\"auto\""),
	KEPT(label_weight, NUMBER, "\"auto\""),
	KEPT(regularization, NUMBER, "\"auto\""),
	KEPT(normalization, NUMBER, "\"auto\""),
	KEPT(row_normalization, NUMBER, "\"auto\""),
	KEPT(item_weights, INTEGER, "\"auto\""),
	KEPT(negative_samples, INTEGER, "\"auto\""),
	KEPT(score, CHOICE, "\"auto\""),
	KEPT(score_samples, INTEGER, "\"auto\""),
	KEPT(coreset, INTEGER, "\"auto\""),
	KEPT(contamination, NUMBER, "null"),
	KEPT(alpha, NUMBER, "0.01"),
	KEPT(max_categories, INTEGER, "128"),
	KEPT(min_frequency, INTEGER, "2"),
	{"label", AE_OPTION_COLUMN, 0, ""},
	{"condition", AE_OPTION_NAMES, 0, ""},
	{"columns", AE_OPTION_COLUMNS, 0, ""},
	KEPT(time_zone, TEXT, "\"\""),
	KEPT(max_seconds, NUMBER, "0"),
	KEPT(workers, INTEGER, "\"auto\""),
	KEPT(seed, BIGINT, "42"),
	KEPT(verbose, BOOLEAN, "false")
};

static void
test_table(void)
{
	const int	count = (int) (sizeof(expected) / sizeof(expected[0]));
	AeOptions	options;

	ae_options_init(&options);
	/* the codec notes the options it has seen in 64 bits */
	ok(ae_option_count == count && count <= 64, "number of options");
	for (int i = 0; i < count && i < ae_option_count; i++)
	{
		const AeOption *option = &ae_option_table[i];
		const char *name = option->name;
		const char *end = option->description + strlen(option->description);

		ok(strcmp(name, expected[i].name) == 0, "%s is option %d", name, i);
		ok(ae_option_find(name) == option, "%s: unique name", name);
		ok(option->kind == expected[i].kind &&
		   option->offset == expected[i].offset, "%s: kind, offset", name);
		ok(prints(&options, option, expected[i].initial), "%s: default", name);
		ok(strcmp(option->initial, option->can_be_null ? "null" : "auto") ==
		   0 ? option->can_be_auto : !option->can_be_auto,
		   "%s: auto or null is the default where it is allowed", name);
		ok((option->kind == AE_OPTION_CHOICE) == (option->nchoices > 0),
		   "%s: choices", name);
		ok(end[-1] == '.' && strstr(option->description, ". ") == NULL,
		   "%s: one sentence", name);
		if (ae_option_is_kept(option))
			ok(round_trips(&options, option), "%s: round trip", name);
	}
	ok(ae_option_find("latents") == NULL, "no such option");
	ok(ae_option_find("") == NULL, "no empty option");
}

static void
test_auto(void)
{
	AeOptions	o;

	ae_options_init(&o);
	ok(o.nhidden == AE_AUTO && o.latent == AE_AUTO && o.epochs == AE_AUTO,
	   "automatic integers");
	ok(o.activation == AE_AUTO && o.loss == AE_AUTO &&
	   o.scaling == AE_AUTO && o.corruption == AE_AUTO &&
	   o.score == AE_AUTO, "automatic choices");
	ok(isnan(o.learning_rate) && isnan(o.validation_fraction) &&
	   isnan(o.corruption_rate) && isnan(o.contraction_weight) &&
	   isnan(o.matching_weight),
	   "automatic numbers");
	ok(o.purpose == AE_PURPOSE_ANOMALY && o.optimizer == AE_OPTIMIZER_ADAMW &&
	   o.contraction == AE_CONTRACTION_NONE &&
	   o.matching == AE_MATCHING_NONE &&
	   o.schedule == AE_SCHEDULE_COSINE, "default choices");
	ok(o.batch_size == 128 && o.seed == 42 && !o.verbose &&
	   o.time_zone[0] == '\0', "other defaults");
	for (int i = 0; i < ae_option_count; i++)
	{
		const AeOption *option = &ae_option_table[i];
		bool		set = ae_option_set_text(&o, option, "auto", complaint);

		if (option->kind == AE_OPTION_TEXT)
			ok(set, "auto is a text for %s", option->name);
		else
			ok(set == option->can_be_auto &&
			   (set || complains(option, "\"auto\"")),
			   "%s: auto", option->name);
	}
}

static bool
holds(const AeOptions *o, const AeOption *option, double value)
{
	const char *field = (const char *) o + option->offset;

	switch (option->kind)
	{
		case AE_OPTION_INTEGER:
			return *(const int *) field == value;
		case AE_OPTION_BIGINT:
			return (double) *(const int64_t *) field == value;
		case AE_OPTION_NUMBER:
			return *(const double *) field == value;
		case AE_OPTION_LIST:
			return o->nhidden == 1 && *(const int *) field == value;
		case AE_OPTION_BOOLEAN:
		case AE_OPTION_CHOICE:
		case AE_OPTION_TEXT:
		case AE_OPTION_COLUMN:
		case AE_OPTION_NAMES:
		case AE_OPTION_COLUMNS:
			break;
	}
	return false;
}

static bool
set_number(AeOptions *o, const AeOption *option, double value)
{
	if (option->kind == AE_OPTION_LIST)
		return ae_option_set_list(o, option, &value, 1, complaint);
	return ae_option_set_number(o, option, value, complaint);
}

static const struct
{
	const char *name;
	double		min;
	double		max;
	double		below;
	double		above;
	const char *below_text;
	const char *above_text;
	const char *range;
}			number_cases[] = {
	{"hidden", 1, 65536, 0, 65537, "a list with 0", "a list with 65537",
	"a list of up to 16 integers from 1 to 65536 or \"auto\""},
	{"latent", 1, 65536, 0, 65537, "0", "65537",
	"an integer from 1 to 65536 or \"auto\""},
	{"epochs", 1, AE_MAX_HISTORY, 0, AE_MAX_HISTORY + 1, "0", "100001",
	"an integer from 1 to 100000 or \"auto\""},
	{"batch_size", 1, 65536, 0, 65536.5, "0", "65536.5",
	"an integer from 1 to 65536"},
	{"learning_rate", 1e-8, 10, 9e-9, 10.1, "9e-09", "10.1",
	"a number from 1e-08 to 10 or \"auto\""},
	{"warmup", 0, 0.9, -0.1, 0.91, "-0.1", "0.91",
	"a number from 0 to 0.9"},
	{"weight_decay", 0, 1, -1e-300, 1.5, "-1e-300", "1.5",
	"a number from 0 to 1"},
	{"dropout", 0, 0.9, -1, 1, "-1", "1", "a number from 0 to 0.9"},
	{"clip_norm", 0, 1e6, -0.5, 1e300, "-0.5", "1e+300",
	"a number from 0 to 1000000"},
	{"validation_fraction", 0, 0.5, -0.25, 0.51, "-0.25", "0.51",
	"a number from 0 to 0.5 or \"auto\""},
	{"patience", 0, 100000, -1, 100001, "-1", "100001",
	"an integer from 0 to 100000 or \"auto\""},
	{"corruption_rate", 0, 1, -0.5, 1.25, "-0.5", "1.25",
	"a number from 0 to 1 or \"auto\""},
	{"contraction_weight", 0, 1000, -1e-9, 1000.5, "-1e-09", "1000.5",
	"a number from 0 to 1000 or \"auto\""},
	{"matching_weight", 0, 1000, -1e-9, 1000.5, "-1e-09", "1000.5",
	"a number from 0 to 1000 or \"auto\""},
	{"sparsity_weight", 0, 1e6, -0.5, 2e6, "-0.5", "2000000",
	"a number from 0 to 1000000 or \"auto\""},
	{"active", 1e-4, 0.9999, 0, 1, "0", "1",
	"a number from 0.0001 to 0.9999 or \"auto\""},
	{"beta", 0, 1000, -1, 1001, "-1", "1001",
	"a number from 0 to 1000 or \"auto\""},
	{"kl_warmup", 0, 1, -0.25, 1.5, "-0.25", "1.5",
	"a number from 0 to 1 or \"auto\""},
	{"free_bits", 0, 100, -0.5, 101, "-0.5", "101",
	"a number from 0 to 100 or \"auto\""},
	{"score_samples", 1, AE_MAX_SCORE_SAMPLES, 0, AE_MAX_SCORE_SAMPLES + 1,
		"0", "1001", "an integer from 1 to 1000 or \"auto\""},
	{"label_weight", 0, 1e6, -0.5, 1e7, "-0.5", "10000000",
	"a number from 0 to 1000000 or \"auto\""},
	{"regularization", 1e-3, 1e9, 0, 2e9, "0", "2000000000",
	"a number from 0.001 to 1000000000 or \"auto\""},
	{"normalization", 0, 1, -0.5, 1.5, "-0.5", "1.5",
	"a number from 0 to 1 or \"auto\""},
	{"row_normalization", 0, 1, -0.5, 1.5, "-0.5", "1.5",
	"a number from 0 to 1 or \"auto\""},
	{"item_weights", 1, 4000000, 0, 4000001, "0", "4000001",
	"an integer from 1 to 4000000 or \"auto\""},
	{"negative_samples", 0, 4000000, -1, 4000001, "-1", "4000001",
	"an integer from 0 to 4000000 or \"auto\""},
	{"coreset", 0, AE_MAX_CORESET, -1, AE_MAX_CORESET + 1, "-1", "16385",
	"an integer from 0 to 16384 or \"auto\""},
	{"contamination", 0, 0.5, -1, 0.51, "-1", "0.51",
	"a number from 0 to 0.5, \"auto\" or null"},
	{"alpha", 1e-9, 0.5, 0, 0.6, "0", "0.6",
	"a number from 1e-09 to 0.5"},
	{"max_categories", 1, 65536, 0, 4294967297.0, "0", "4294967297",
	"an integer from 1 to 65536"},
	{"min_frequency", 1, 1e9, 0, 1000000001, "0", "1000000001",
	"an integer from 1 to 1000000000"},
	{"max_seconds", 0, 1e9, -1, 2e9, "-1", "2000000000",
	"a number from 0 to 1000000000"},
	{"workers", 0, AE_MAX_WORKERS, -1, AE_MAX_WORKERS + 1, "-1", "1025",
	"an integer from 0 to 1024 or \"auto\""},
	{"seed", -9007199254740991.0, 9007199254740991.0,
		-9007199254740992.0, 9007199254740992.0,
		"-9007199254740992", "9007199254740992",
	"an integer from -9007199254740991 to 9007199254740991"}
};

static void
test_numbers(void)
{
	int			tested = 0;

	for (size_t i = 0; i < sizeof(number_cases) / sizeof(number_cases[0]); i++)
	{
		const AeOption *option = named(number_cases[i].name);
		const char *name = option->name;
		AeOptions	o;

		ae_options_init(&o);
		ae_option_describe_range(option, range, sizeof(range));
		ok(strcmp(range, number_cases[i].range) == 0, "%s: %s", name, range);
		ok(set_number(&o, option, number_cases[i].max) &&
		   holds(&o, option, number_cases[i].max) &&
		   round_trips(&o, option),
		   "%s: the most", name);
		ok(set_number(&o, option, number_cases[i].min) &&
		   holds(&o, option, number_cases[i].min) &&
		   round_trips(&o, option),
		   "%s: the least", name);
		ok(!set_number(&o, option, number_cases[i].below) &&
		   complains(option, number_cases[i].below_text), "%s: too little", name);
		ok(!set_number(&o, option, number_cases[i].above) &&
		   complains(option, number_cases[i].above_text), "%s: too much", name);
		ok(!set_number(&o, option, NAN) && strstr(complaint, "nan"),
		   "%s: not a number", name);
		ok(!set_number(&o, option, INFINITY) && strstr(complaint, "inf"),
		   "%s: infinity", name);
		ok(holds(&o, option, number_cases[i].min),
		   "%s: a refused value changes nothing", name);
		ok(!ae_option_set_text(&o, option, "many", complaint) &&
		   complains(option, "\"many\""), "%s: not a text", name);
		ok(!ae_option_set_bool(&o, option, true, complaint) &&
		   complains(option, "true"), "%s: not a boolean", name);
		tested++;
	}
	for (int i = 0; i < ae_option_count; i++)
		tested -= ae_option_table[i].max > 0 &&
			ae_option_table[i].kind != AE_OPTION_TEXT;
	ok(tested == 0, "every option with a range is tested");
}

/* doubles whose shortest form needs 1 to 17 digits */
static void
test_digits(void)
{
	static const double values[] = {
		0.1, 0.3, 1.0 / 3.0, 2.0 / 3.0, 1e-8, 1.0000000000000002,
		0.1 + 0.2, 4.9406564584124654e-7, 9.999999999999998, 5e-3
	};
	const AeOption *option = named("learning_rate");
	AeOptions	o;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
	{
		char		text[AE_OPTION_BYTES];
		AeOptions	copy;

		ae_options_init(&o);
		ae_options_init(&copy);
		ok(set_number(&o, option, values[i]) &&
		   ae_option_print(&o, option, text, sizeof(text)) &&
		   ae_option_parse(&copy, option, text, complaint) &&
		   copy.learning_rate == values[i], "exact: %s", text);
	}
	ok(set_number(&o, option, 0.1) && prints(&o, option, "0.1"), "short 0.1");
	ok(set_number(&o, option, 0.1 + 0.2) &&
	   prints(&o, option, "0.30000000000000004"), "all 17 digits");
}

static void
test_choices(void)
{
	AeOptions	o;

	ae_options_init(&o);
	for (int i = 0; i < ae_option_count; i++)
	{
		const AeOption *option = &ae_option_table[i];
		const int  *field = (const int *) ((char *) &o + option->offset);

		if (option->kind != AE_OPTION_CHOICE)
			continue;
		for (int value = 0; value < option->nchoices; value++)
		{
			const char *choice = option->choices[value];

			if (strcmp(choice, "auto") == 0)
				continue;
			ok(ae_option_set_text(&o, option, choice, complaint) &&
			   *field == value && round_trips(&o, option),
			   "%s: %s", option->name, choice);
		}
		ok(!ae_option_set_text(&o, option, "nonsense", complaint) &&
		   complains(option, "\"nonsense\""), "%s: no choice", option->name);
		ok(!ae_option_set_text(&o, option, "", complaint) &&
		   complains(option, "\"\""), "%s: empty", option->name);
		ok(!ae_option_set_number(&o, option, 1, complaint) &&
		   complains(option, "1"), "%s: no number", option->name);
	}
	ae_option_describe_range(named("scaling"), range, sizeof(range));
	ok(strcmp(range, "one of \"auto\", \"standard\", \"robust\", \"minmax\", "
			  "\"quantile\", \"log\", \"none\"") == 0, "%s", range);
	ae_option_describe_range(named("schedule"), range, sizeof(range));
	ok(strcmp(range, "one of \"cosine\", \"one_cycle\", \"constant\"") == 0,
	   "%s", range);
	ok(ae_option_set_text(&o, named("scaling"), "auto", complaint) &&
	   o.scaling == AE_AUTO, "automatic scaling");
	ok(ae_option_set_text(&o, named("scaling"), "log", complaint) &&
	   o.scaling == AE_SCALING_LOG, "numbering of scalings");
	ok(ae_option_set_text(&o, named("loss"), "huber", complaint) &&
	   o.loss == AE_LOSS_HUBER, "numbering of losses");
	ok(ae_option_set_text(&o, named("activation"), "mish", complaint) &&
	   o.activation == AE_ACT_MISH, "numbering of activations");
	ok(!ae_option_set_text(&o, named("activation"), "nonsense", complaint) &&
	   strlen(complaint) < AE_COMPLAINT_BYTES - 1, "longest complaint fits");
}

static void
test_list(void)
{
	const AeOption *hidden = named("hidden");
	double		values[AE_MAX_HIDDEN + 1];
	AeOptions	o;

	for (int i = 0; i <= AE_MAX_HIDDEN; i++)
		values[i] = AE_MAX_LAYER - i;
	ae_options_init(&o);
	ok(ae_option_set_list(&o, hidden, values, 0, complaint) &&
	   o.nhidden == 0 && prints(&o, hidden, "[]") &&
	   round_trips(&o, hidden), "no hidden layer");
	ok(ae_option_set_list(&o, hidden, values, 2, complaint) &&
	   prints(&o, hidden, "[65536, 65535]") && round_trips(&o, hidden),
	   "two hidden layers");
	ok(ae_option_set_list(&o, hidden, values, AE_MAX_HIDDEN, complaint) &&
	   o.nhidden == AE_MAX_HIDDEN && round_trips(&o, hidden),
	   "as many as possible");
	ok(!ae_option_set_list(&o, hidden, values, AE_MAX_HIDDEN + 1, complaint) &&
	   complains(hidden, "a list of length 17") && o.nhidden == AE_MAX_HIDDEN,
	   "too many");
	values[1] = 2.5;
	ok(!ae_option_set_list(&o, hidden, values, 3, complaint) &&
	   complains(hidden, "a list with 2.5"), "half a unit");
	ok(!ae_option_set_number(&o, hidden, 64, complaint) &&
	   complains(hidden, "64"), "a number is no list");
	ok(!ae_option_set_list(&o, named("latent"), values, 1, complaint) &&
	   complains(named("latent"), "a list"), "latent is no list");
	ok(ae_option_set_text(&o, hidden, "auto", complaint) &&
	   o.nhidden == AE_AUTO, "automatic again");
}

static void
test_text(void)
{
	const AeOption *zone = named("time_zone");
	char		longest[AE_TIME_ZONE_BYTES + 1];
	AeOptions	o;

	memset(longest, 'x', sizeof(longest));
	longest[AE_TIME_ZONE_BYTES] = '\0';
	ae_options_init(&o);
	ok(ae_option_set_text(&o, zone, "Europe/Vienna", complaint) &&
	   prints(&o, zone, "\"Europe/Vienna\"") && round_trips(&o, zone),
	   "time zone");
	ok(ae_option_set_text(&o, zone, "<+03>-3", complaint) &&
	   strcmp(o.time_zone, "<+03>-3") == 0, "shorter time zone");
	ok(!ae_option_set_text(&o, zone, longest, complaint) &&
	   complains(zone, "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\""),
	   "time zone too long");
	longest[AE_TIME_ZONE_BYTES - 1] = '\0';
	ok(ae_option_set_text(&o, zone, longest, complaint) &&
	   round_trips(&o, zone), "longest time zone");
	ok(!ae_option_set_text(&o, zone, "a\"b", complaint), "quote");
	ok(!ae_option_set_text(&o, zone, "a\\b", complaint), "backslash");
	ok(!ae_option_set_text(&o, zone, "a\nb", complaint), "line feed");
	ok(!ae_option_set_text(&o, zone, "\xc3\xa9", complaint), "not ASCII");
	ok(!ae_option_set_number(&o, zone, 1, complaint) && complains(zone, "1"),
	   "a number is no time zone");
	/* 13 characters of 3 bytes and one byte more than is shown */
	ok(!ae_option_set_text(&o, named("loss"),
						   "ab\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
						   "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
						   "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
						   "\xe2\x82\xac", complaint) &&
	   complains(named("loss"), "\"ab...\""), "no character cut in two");
}

static void
test_boolean(void)
{
	const AeOption *verbose = named("verbose");
	const AeOption *columns = named("columns");
	AeOptions	o;

	ae_options_init(&o);
	ok(ae_option_set_bool(&o, verbose, true, complaint) && o.verbose &&
	   prints(&o, verbose, "true") && round_trips(&o, verbose), "verbose");
	ok(!ae_option_set_number(&o, verbose, 1, complaint) &&
	   complains(verbose, "1"), "a number is no boolean");
	ok(!ae_option_set_text(&o, verbose, "true", complaint) &&
	   complains(verbose, "\"true\""), "a text is no boolean");
	ok(!ae_option_set_text(&o, columns, "a", complaint) &&
	   !ae_option_set_number(&o, columns, 1, complaint) &&
	   !ae_option_set_bool(&o, columns, true, complaint) &&
	   complains(columns, "true"), "columns are left to the host");
}

/* texts as a stored model might have them */
static void
test_parse(void)
{
	static const struct
	{
		const char *name;
		const char *json;
	}			bad[] = {
		{"latent", ""}, {"latent", "\""}, {"latent", "\"\""},
		{"latent", "\"3\""}, {"latent", "3x"}, {"latent", "0x10"},
		{"latent", "nan"}, {"latent", "[3]"}, {"latent", "3]"},
		{"learning_rate", "inf"}, {"learning_rate", "1e"},
		{"learning_rate", "1e999"}, {"learning_rate", "-"},
		{"hidden", "3"}, {"hidden", "["}, {"hidden", "[1"}, {"hidden", "[1,"},
		{"hidden", "[1,]"}, {"hidden", "[,1]"}, {"hidden", "[1] "},
		{"hidden", "[1 2]"}, {"hidden", "[[1]]"}, {"hidden", "[0]"},
		{"hidden", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"},
		{"hidden", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"},
		{"verbose", "tru"}, {"verbose", "\"true\""}, {"verbose", "1"},
		{"loss", "mse"}, {"loss", "\"mse"}, {"loss", "\"MSE\""}, {"loss", "0"},
		{"time_zone", "\"a\"b\""}, {"time_zone", "UTC"}, {"columns", "{}"},
		{"label", "\"a\""}, {"label", "null"}
	};
	char		text[2 * AE_OPTION_BYTES];
	AeOptions	o;

	ae_options_init(&o);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!ae_option_parse(&o, named(bad[i].name), bad[i].json, complaint),
		   "%s is not %s", bad[i].name, bad[i].json);
	memset(text, 'x', sizeof(text));
	text[0] = text[sizeof(text) - 2] = '"';
	text[sizeof(text) - 1] = '\0';
	ok(!ae_option_parse(&o, named("time_zone"), text, complaint),
	   "a very long text");
	ok(ae_option_parse(&o, named("hidden"), "[3,4 , 5]", complaint) == false &&
	   ae_option_parse(&o, named("hidden"), "[3,4, 5]", complaint) &&
	   prints(&o, named("hidden"), "[3, 4, 5]"), "a list");
}

/* buffers of every size: all or nothing, never beyond the end */
static void
test_small_buffers(void)
{
	AeOptions	o;
	bool		good = true;

	ae_options_init(&o);
	ae_option_parse(&o, named("hidden"), "[512, 64]", complaint);
	ae_option_parse(&o, named("time_zone"), "\"UTC\"", complaint);
	for (int i = 0; i < ae_option_count; i++)
	{
		const AeOption *option = &ae_option_table[i];
		char		whole[AE_OPTION_BYTES];

		ae_option_print(&o, option, whole, sizeof(whole));
		for (size_t size = 0; size <= strlen(whole) + 1; size++)
		{
			char		buffer[AE_OPTION_BYTES];
			bool		fits;

			memset(buffer, '#', sizeof(buffer));
			fits = ae_option_print(&o, option, buffer, size);
			good = good && fits == (size == strlen(whole) + 1) &&
				buffer[size] == '#';
		}
		for (size_t size = 1; size < sizeof(range); size++)
		{
			char		buffer[AE_COMPLAINT_BYTES];

			memset(buffer, '#', sizeof(buffer));
			ae_option_describe_range(option, buffer, size);
			good = good && memchr(buffer, '\0', size) != NULL &&
				buffer[size] == '#';
		}
	}
	ok(good, "small buffers");
	o.loss = 77;
	ok(!ae_option_print(&o, named("loss"), range, sizeof(range)),
	   "a choice out of range is not printed");
}

int
main(void)
{
	test_table();
	test_auto();
	test_numbers();
	test_digits();
	test_choices();
	test_list();
	test_text();
	test_boolean();
	test_parse();
	test_small_buffers();
	return done();
}
