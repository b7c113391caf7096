/*
 * seed.h
 *	  Tiny models of every kind: what fuzzers start from.
 *
 * A kind is a row of seed_table.  What a new one needs beside the columns, the
 * code and the score is a part: a bit, and what it does in seed_create().
 */
#ifndef AE_SEED_H
#define AE_SEED_H

#include "codec_model.h"

#include "core/set_model.h"

/* no seed takes more bytes */
#define SEED_MAX_BYTES 16384

#define SEED_MAX_COLUMNS 3

/* what a seed has beside its score; those that do not suit it are left out */
#define SEED_SPARSE 1
#define SEED_VARIATIONAL 2
#define SEED_HEAD 4
#define SEED_DENSITY 8
#define SEED_RESIDUALS 16
#define SEED_CLASSES 32
#define SEED_VELOCITY 64
#define SEED_MATCHING 128
#define SEED_INDICATORS 256
#define SEED_CONDITION 512
#define SEED_EASE 1024
#define SEED_PARTS 11			/* bits above */

typedef struct Seed
{
	const char *name;
	const char *columns;		/* a letter each, see seed_column() */
	int			latent;
	AeScoreKind score;
	unsigned	parts;			/* SEED_ bits */
	float		scale;			/* of the weights; 0: 1 */
} Seed;

static const Seed seed_table[] = {
	{"error", "nb", 1, AE_SCORE_ERROR, 0, 0},
	{"distance", "nc", 2, AE_SCORE_DISTANCE, 0, 0},
	{"neighbour", "np", 2, AE_SCORE_NEIGHBOUR, 0, 0},
	{"conditional", "nco", 2, AE_SCORE_CONDITIONAL,
	SEED_RESIDUALS | SEED_INDICATORS, 0},
	{"elbo", "nc", 1, AE_SCORE_ELBO, 0, 0},
	{"iwae", "bp", 2, AE_SCORE_IWAE, 0, 0},
	{"sparse", "nb", 2, AE_SCORE_NEIGHBOUR, SEED_SPARSE, 0},
	{"variational", "nt", 2, AE_SCORE_DISTANCE, SEED_VARIATIONAL, 0},
	{"matching", "no", 2, AE_SCORE_DISTANCE, SEED_MATCHING, 0},
	{"classes", "nc", 2, AE_SCORE_ERROR, SEED_CLASSES, 0},
	{"condition", "nb", 2, AE_SCORE_ERROR, SEED_CONDITION, 0},
	{"condition_labels", "cn", 1, AE_SCORE_ERROR, SEED_CONDITION, 0},
	{"head", "nb", 1, AE_SCORE_DISTANCE, SEED_HEAD, 0},
	{"head_neighbour", "c", 1, AE_SCORE_NEIGHBOUR, SEED_HEAD, 0},
	{"density", "nc", 2, AE_SCORE_ERROR, SEED_DENSITY, 0},
	{"density_kinds", "+op", 2, AE_SCORE_ERROR, SEED_DENSITY, 0},
	{"density_elbo", "bc", 2, AE_SCORE_ELBO, SEED_DENSITY, 0},
	{"residuals", "np", 2, AE_SCORE_ERROR, SEED_RESIDUALS, 0},
	{"residuals_labels", "cvo", 1, AE_SCORE_NEIGHBOUR, SEED_RESIDUALS, 0},
	{"velocity", "n", 1, AE_SCORE_ERROR, SEED_VELOCITY, 0},
	{"array", "ab", 2, AE_SCORE_NEIGHBOUR, 0, 0},
	{"quantile", "q", 1, AE_SCORE_ERROR, 0, 0},
	{"log", "lm", 1, AE_SCORE_DISTANCE, 0, 0},
	{"calendar", "tk", 1, AE_SCORE_NEIGHBOUR, 0, 0},
	{"labels", "he", 2, AE_SCORE_NEIGHBOUR, 0, 0},
	{"count", "pp", 1, AE_SCORE_CONDITIONAL, 0, 0},
	{"ordinal", "ov", 2, AE_SCORE_DISTANCE, 0, 0},
	{"positive", "++", 1, AE_SCORE_NEIGHBOUR, 0, 0},
	{"large_weights", "npo", 2, AE_SCORE_ERROR, SEED_RESIDUALS, 1e9f},
	{"ease", "s", 1, AE_SCORE_ERROR, SEED_EASE, 0},
	{"mult_dae", "s", 2, AE_SCORE_ERROR, 0, 0},
	{"mult_vae", "s", 2, AE_SCORE_ERROR, SEED_VARIATIONAL, 0},
	{"set_columns", "snc", 2, AE_SCORE_ERROR, SEED_INDICATORS, 0},
	{"set_columns_vae", "ops", 1, AE_SCORE_ERROR, SEED_VARIATIONAL, 0},
	{"set_large_weights", "sb", 2, AE_SCORE_ERROR, 0, 1e30f}
};

#define NSEEDS ((int) (sizeof(seed_table) / sizeof(seed_table[0])))

/* letters that seed_column() knows, and 's', a set of items, beside which the
 * others stand; more often, what is more common */
static const char seed_letters[] = "nnnnccbbppooqlmaehtkv+s";

static inline void
seed_column(AeModel *m, int i, char letter)
{
	static const char *const names[] = {"a", "b"};
	static const char *const buckets[] = {"a", "", "b"};
	static const double values[] = {-1.5, 0.0, 0.1};
	static const AeScaling none = AE_SCALING_NONE;
	static const AeScaling standard = AE_SCALING_STANDARD;
	AeColumn   *c;

	switch (letter)
	{
		case 'b':
			column(m, i, "b", AE_KIND_BINARY, none, AE_LOSS_LOGISTIC, 1);
			break;
		case 'c':
		case 'e':
			c = column(m, i, "c", AE_KIND_CATEGORY, none, AE_LOSS_SOFTMAX, 1);
			labels(m, c, false, names, letter == 'c' ? 2 : 0);
			break;
		case 'h':
			c = column(m, i, "h", AE_KIND_CATEGORY, none, AE_LOSS_SOFTMAX, 1);
			labels(m, c, true, buckets, 3);
			break;
		case 't':
			c = column(m, i, "t", AE_KIND_CALENDAR, standard,
					   AE_LOSS_SQUARED, 1);
			c->cycles = AE_CYCLE_DAY | AE_CYCLE_YEAR;
			break;
		case 'p':
			c = column(m, i, "p", AE_KIND_POISSON, standard,
					   AE_LOSS_POISSON, 1);
			c->cells[0].deviance = 0.7;
			break;
		case 'o':
		case 'v':
			c = column(m, i, "o", AE_KIND_ORDINAL, standard,
					   AE_LOSS_ORDINAL, 1);
			levels(m, c, letter == 'o' ? names : NULL, values,
				   letter == 'o' ? 2 : 3);
			break;
		case '+':
			column(m, i, "+", AE_KIND_POSITIVE, AE_SCALING_LOG,
				   AE_LOSS_SQUARED, 1);
			break;
		case 'q':
			c = column(m, i, "q", AE_KIND_NUMERIC, AE_SCALING_QUANTILE,
					   AE_LOSS_ABSOLUTE, 1);
			c->cells[0].knots = take(m, AE_KNOTS, sizeof(double));
			for (int k = 0; k < AE_KNOTS; k++)
				c->cells[0].knots[k] = (k / 2) * 0.1;
			break;
		case 'l':
			column(m, i, "l", AE_KIND_NUMERIC, AE_SCALING_LOG,
				   AE_LOSS_HUBER, 1);
			break;
		case 'm':
			column(m, i, "m", AE_KIND_NUMERIC, AE_SCALING_MINMAX,
				   AE_LOSS_SQUARED, 1);
			break;
		case 'k':
			c = column(m, i, "k", AE_KIND_NUMERIC, standard,
					   AE_LOSS_SQUARED, 1);
			c->cells[0].constant = true;
			break;
		default:
			column(m, i, "n", AE_KIND_NUMERIC, standard, AE_LOSS_SQUARED,
				   letter == 'a' ? 2 : 1);
	}
}

static inline void
seed_features(AeModel *m, const Seed *seed)
{
	AeFeatures *f = take(m, 1, sizeof(AeFeatures));

	m->features = f;
	f->nrows = 100;
	f->any_missing = (seed->parts & SEED_INDICATORS) != 0;
	f->columns = take(m, strlen(seed->columns), sizeof(AeColumn));
	for (const char *letter = seed->columns; *letter != '\0'; letter++)
		if (*letter != 's')
			seed_column(m, f->ncolumns++, *letter);
	must(ae_features_layout(f, &m->arena) == AE_OK);
}

static inline void
seed_net(AeModel *m, int latent)
{
	AeNet	   *net = &m->net;

	net->nlayers = 3;
	net->ncoder = 2;
	net->layers = take(m, 3, sizeof(AeLayer));
	net->layers[0] = (AeLayer) {
		.activation = AE_ACT_GELU,.in = m->features->input_width,.out = 3
	};
	net->layers[1] = (AeLayer) {
		.in = 3,.out = latent
	};
	net->layers[2] = (AeLayer) {
		.in = latent,.out = m->features->output_width
	};
	must(ae_net_plan(net) == AE_OK);
}

/* the seed's parts that go together with each other and with its score */
static inline unsigned
seed_parts(const Seed *seed)
{
	unsigned	parts = seed->parts;
	bool		given = strlen(seed->columns) > 1 &&
		seed->score == AE_SCORE_ERROR;

	if ((parts & SEED_CLASSES) != 0 && given &&
		strchr(seed->columns, 'c') != NULL)
		return SEED_CLASSES;
	if ((parts & SEED_CONDITION) != 0 && given)
		return SEED_CONDITION;
	parts &= ~(unsigned) (SEED_CLASSES | SEED_CONDITION);
	if (ae_score_is_evidence(seed->score) || (parts & SEED_SPARSE) != 0)
		parts &= ~(unsigned) SEED_VARIATIONAL;
	if (ae_score_is_evidence(seed->score))
		parts &= ~(unsigned) (SEED_SPARSE | SEED_MATCHING);
	if ((parts & SEED_VARIATIONAL) != 0)
		parts &= ~(unsigned) SEED_MATCHING;
	if (!ae_score_is_joint(seed->score))
		parts &= ~(unsigned) SEED_HEAD;
	return parts;
}

/* what is there before training */
static inline void
seed_plan(AeModel *m, const Seed *seed)
{
	unsigned	parts = seed_parts(seed);

	seed_features(m, seed);
	build_histograms(m);
	seed_net(m, seed->latent);
	if ((parts & SEED_RESIDUALS) != 0)
		build_residuals(m);
	if ((parts & SEED_SPARSE) != 0)
		make_sparse(m);
	if ((parts & SEED_VARIATIONAL) != 0)
		make_variational(m);
	plan_score(m, seed->score);
	if ((parts & SEED_HEAD) != 0)
		plan_head(m);
	if ((parts & SEED_MATCHING) != 0)
	{
		m->options.matching = AE_MATCHING_MMD;
		m->options.matching_weight = 0.5;
		m->code_distance = 0.25;
	}
}

/*----------
 * Models of sets.
 *----------
 */
#define SEED_ITEMS 3

static inline bool
seed_is_of_sets(const Seed *seed)
{
	return strchr(seed->columns, 's') != NULL;
}

/* numbers, if the set stands alone */
static inline void
seed_items(AeModel *m, bool alone)
{
	static const char *const names[2][SEED_ITEMS] = {
		{"a", "", "bc"}, {"7", "-12", "0"}
	};
	AeItems    *items;

	must(ae_items_create(&m->arena, SEED_ITEMS, 5, &items) == AE_OK);
	items->is_number = alone;
	items->column = alone ? NULL : text(m, "s");
	for (int i = 0; i < SEED_ITEMS; i++)
	{
		const char *name = names[alone][i];

		items->frequency[i] = (uint64_t) (90 - 30 * i);
		memcpy(items->text + items->start[i], name, strlen(name));
		items->start[i + 1] = items->start[i] + (uint32_t) strlen(name);
	}
	must(ae_items_index(items, &m->arena) == AE_OK);
	m->items = items;
}

/* each item has a weight to all others */
static inline void
seed_ease(AeModel *m, float scale)
{
	AeEase	   *ease = &m->ease;
	int			at = 0;

	m->options.variant = AE_VARIANT_EASE;
	m->options.regularization = 10.0;
	m->options.item_weights = SEED_ITEMS - 1;
	must(ae_ease_plan(ease, SEED_ITEMS, SEED_ITEMS - 1, &m->arena) == AE_OK);
	for (int i = 0; i < SEED_ITEMS; i++)
		for (int j = 0; j < SEED_ITEMS; j++)
			if (i != j)
			{
				ease->target[at] = (uint32_t) j;
				ease->weight[at++] = scale * (0.1f * (float) i - 0.05f);
			}
	ease->is_fitted = true;
}

static inline void
seed_set_net(AeModel *m, const Seed *seed, int nothers)
{
	AeNet	   *net = &m->net;
	bool		is_vae = (seed->parts & SEED_VARIATIONAL) != 0;
	int			latent = seed->latent;
	AeLayer    *layer = take(m, 4, sizeof(AeLayer));

	m->options.variant = is_vae ? AE_VARIANT_MULT_VAE : AE_VARIANT_MULT_DAE;
	net->layers = layer;
	*layer++ = (AeLayer) {
		.activation = AE_ACT_TANH,.in = SEED_ITEMS + nothers,.out = 3
	};
	*layer++ = (AeLayer) {
		.in = 3,.out = is_vae ? 2 * latent : latent
	};
	if (is_vae)
	{
		m->options.beta = 0.2;
		m->options.kl_warmup = 0.5;
		*layer++ = (AeLayer) {
			.kind = AE_LAYER_GAUSSIAN,.in = 2 * latent,.out = latent
		};
	}
	*layer = (AeLayer) {
		.in = latent,.out = SEED_ITEMS
	};
	net->ncoder = (int) (layer - net->layers);
	net->nlayers = net->ncoder + 1;
	must(ae_net_plan(net) == AE_OK);
	params_by_hand(m);
}

static inline void
seed_set(AeModel *m, const Seed *seed)
{
	bool		alone = strspn(seed->columns, "s") == strlen(seed->columns);

	m->options.input = AE_INPUT_SET;
	m->nseen = 100;
	seed_items(m, alone);
	if (!alone)
		seed_features(m, seed);
	if (alone && (seed->parts & SEED_EASE) != 0)
		seed_ease(m, seed->scale != 0.0f ? seed->scale : 1.0f);
	else
		seed_set_net(m, seed, alone ? 0 : m->features->input_width);
	history_by_hand(m);
	must(ae_set_model_prepare(m) == AE_OK);
}

/*----------
 * All models.
 *----------
 */

static inline void
seed_rows(AeModel *m, const Seed *seed)
{
	unsigned	parts = seed_parts(seed);

	seed_plan(m, seed);
	if (ae_score_is_evidence(seed->score))
		m->options.score_samples = 2;
	train_by_hand(m);
	if ((parts & SEED_CLASSES) != 0)
		make_classes(m);
	if ((parts & SEED_CONDITION) != 0)
		make_conditional(m, 0);
	if ((parts & SEED_DENSITY) != 0)
		density_by_hand(m);
	if ((parts & SEED_VELOCITY) != 0)
		m->velocity = m->params;
}

/* released by ae_model_free() */
static inline AeModel *
seed_create(const Seed *seed)
{
	AeModel    *m;

	must(ae_model_create(&unit_env, &m) == AE_OK);
	strcpy(m->version, "0.9beta");
	if (seed_is_of_sets(seed))
		seed_set(m, seed);
	else
		seed_rows(m, seed);
	for (size_t i = 0; i < m->net.nparams && seed->scale != 0.0f; i++)
		m->params[i] *= seed->scale;
	return m;
}

/* options that are what they are by default, which need not be said */
static inline bool
seed_says(const AeModel *m, const AeOption *option, char value[])
{
	char		initial[AE_OPTION_BYTES];
	AeOptions	options;

	ae_options_init(&options);
	must(ae_option_print(&m->options, option, value, AE_OPTION_BYTES) &&
		 ae_option_print(&options, option, initial, AE_OPTION_BYTES));
	return strcmp(value, initial) != 0;
}

/*
 * The bytes of a model, without options that need not be there: reading all of
 * them takes longer than the rest.
 */
static inline Blob
seed_encode(const AeModel *m)
{
	Blob		b = encode(m);
	size_t		payload = AE_HEADER_BYTES + SECTION_HEADER;
	size_t		len = section_at(b, 1) - payload;
	unsigned char said[4 * AE_OPTION_BYTES];
	AeWriter	w = {said, sizeof(said), 4};
	uint32_t	count = 0;
	Blob		shorter;

	for (int i = 0; i < ae_option_count; i++)
	{
		char		value[AE_OPTION_BYTES];

		if (!seed_says(m, &ae_option_table[i], value))
			continue;
		ae_write_text(&w, ae_option_table[i].name);
		ae_write_text(&w, value);
		count++;
	}
	put_number(said, 4, count);
	put_number(b.data + payload - 8, 8, w.used);
	shorter = splice(b, payload, len, said, w.used);
	free(b.data);
	return shorter;
}

/* any combination; columns has room for its letters */
static inline Seed
seed_random(AeRng *rng, char columns[SEED_MAX_COLUMNS + 1])
{
	static const float scales[] = {0.0f, 0.0f, 1e-6f, 1e3f, 1e9f, 1e30f};
	int			ncolumns = 1 + (int) ae_rng_below(rng, SEED_MAX_COLUMNS);
	Seed		seed = {.name = "random",.columns = columns};

	for (int i = 0; i < ncolumns; i++)
		columns[i] = seed_letters[ae_rng_below(rng, sizeof(seed_letters) - 1)];
	columns[ncolumns] = '\0';
	seed.latent = 1 + (int) ae_rng_below(rng, 2);
	seed.score = (AeScoreKind) ae_rng_below(rng, NSCORES);
	/* a quarter of them */
	seed.parts = ae_rng_below(rng, 1 << SEED_PARTS) &
		ae_rng_below(rng, 1 << SEED_PARTS);
	seed.scale = scales[ae_rng_below(rng, 6)];
	return seed;
}

#endif							/* AE_SEED_H */
