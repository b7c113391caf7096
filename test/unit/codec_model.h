/*
 * codec_model.h
 *	  A small model by hand with every kind of column, and its bytes, for the
 *	  tests of the codec.
 *
 * Changed bytes are a chunk of exactly their size, so that a sanitizer sees a
 * read beyond the end.
 */
#ifndef AE_CODEC_MODEL_H
#define AE_CODEC_MODEL_H

#include "unit.h"

#include "core/classes.h"
#include "core/codec.h"
#include "core/condition.h"
#include "core/recommend.h"
#include "core/sample.h"
#include "core/score.h"

/* a section's tag, reserved bytes and length */
#define SECTION_HEADER 16
#define NSECTIONS 10

typedef struct Blob
{
	unsigned char *data;
	size_t		size;
} Blob;

/* what a test cannot go on without */
static inline void
must(bool cond)
{
	if (cond)
		return;
	printf("Bail out! the model by hand is wrong, or there is no memory\n");
	exit(1);
}

static inline void *
take(AeModel *m, size_t count, size_t size)
{
	void	   *piece = ae_arena_alloc(&m->arena, count, size);

	must(piece != NULL);
	return piece;
}

static inline char *
text(AeModel *m, const char *s)
{
	return strcpy(take(m, strlen(s) + 1, 1), s);
}

static inline AeColumn *
column(AeModel *m, int i, const char *name, AeKind kind, AeScaling scaling,
	   AeLoss loss, int ncells)
{
	AeColumn   *c = &m->features->columns[i];

	c->name = text(m, name);
	c->type = text(m, kind == AE_KIND_CATEGORY ? "text" : "double precision");
	c->kind = kind;
	c->scaling = scaling;
	c->loss = loss;
	c->weight = 1.0 + i / 4.0;
	c->ncells = ncells;
	c->cells = take(m, (size_t) ncells, sizeof(AeCell));
	for (int j = 0; j < ncells; j++)
	{
		AeCell	   *cell = &c->cells[j];

		cell->nmissing = (uint64_t) (i % 2 + j);
		cell->mean = 0.25 + j;
		cell->stddev = 0.5 + i;
		cell->min = -1e9 - i;
		cell->max = 1e9 / 3 + j;
		cell->centre = 0.3 * i;
		cell->spread = 0.1 + j;
	}
	return c;
}

static inline void
labels(AeModel *m, AeColumn *c, bool hashed, const char *const *names, int n)
{
	c->hashed = hashed;
	c->nlabels = n;
	c->labels = take(m, (size_t) n, sizeof(char *));
	c->frequency = take(m, (size_t) n + 1, sizeof(double));
	for (int i = 0; i < n; i++)
		c->labels[i] = text(m, names[i]);
	for (int i = 0; i <= n; i++)
		c->frequency[i] = 1.0 / (n + 1);
}

static inline void
levels(AeModel *m, AeColumn *c, const char *const *names,
	   const double *values, int n)
{
	c->nlabels = n;
	c->levels = take(m, (size_t) n, sizeof(double));
	c->frequency = take(m, (size_t) n + 1, sizeof(double));
	if (names != NULL)
		c->labels = take(m, (size_t) n, sizeof(char *));
	for (int i = 0; i < n; i++)
	{
		c->levels[i] = names != NULL ? i : values[i];
		c->frequency[i] = 1.0 / n;
		if (names != NULL)
			c->labels[i] = text(m, names[i]);
	}
}

#define NCOLUMNS 13
#define NPOINTS 20

static inline void
build_features(AeModel *m)
{
	static const char *const colours[] = {"red", "gr\xc3\xbcn", ""};
	static const char *const buckets[] = {"a", "", "", "bb"};
	static const char *const grades[] = {"poor", "", "good", "best"};
	static const double sizes[] = {-1.5, 0.0, 0.1};
	AeFeatures *f = take(m, 1, sizeof(AeFeatures));
	AeColumn   *c;

	m->features = f;
	f->nrows = UINT64_C(5000000000);
	f->ncolumns = NCOLUMNS;
	f->columns = take(m, NCOLUMNS, sizeof(AeColumn));
	column(m, 0, "amount", AE_KIND_NUMERIC, AE_SCALING_STANDARD,
		   AE_LOSS_SQUARED, 1);
	c = column(m, 1, "sensors", AE_KIND_NUMERIC, AE_SCALING_QUANTILE,
			   AE_LOSS_ABSOLUTE, 3);
	for (int j = 0; j < 2; j++)
	{
		c->cells[j].knots = take(m, AE_KNOTS, sizeof(double));
		for (int k = 0; k < AE_KNOTS; k++)
			c->cells[j].knots[k] = (k / 2) * 0.1 - 3 * j;
	}
	c->cells[2].constant = true;
	column(m, 2, "paid", AE_KIND_BINARY, AE_SCALING_NONE, AE_LOSS_LOGISTIC, 1);
	c = column(m, 3, "colour", AE_KIND_CATEGORY, AE_SCALING_NONE,
			   AE_LOSS_SOFTMAX, 1);
	labels(m, c, false, colours, 3);
	c = column(m, 4, "shop", AE_KIND_CATEGORY, AE_SCALING_NONE,
			   AE_LOSS_SOFTMAX, 1);
	labels(m, c, true, buckets, 4);
	c = column(m, 5, "\"at\"", AE_KIND_CALENDAR, AE_SCALING_STANDARD,
			   AE_LOSS_SQUARED, 1);
	c->cycles = AE_CYCLE_DAY | AE_CYCLE_WEEK | AE_CYCLE_YEAR;
	column(m, 6, "price", AE_KIND_NUMERIC, AE_SCALING_LOG, AE_LOSS_HUBER, 1);
	c = column(m, 7, "", AE_KIND_NUMERIC, AE_SCALING_MINMAX,
			   AE_LOSS_SQUARED, 1);
	c->cells[0].constant = true;
	c = column(m, 8, "none", AE_KIND_CATEGORY, AE_SCALING_NONE,
			   AE_LOSS_SOFTMAX, 1);
	labels(m, c, false, NULL, 0);
	c = column(m, 9, "visits", AE_KIND_POISSON, AE_SCALING_STANDARD,
			   AE_LOSS_POISSON, 2);
	c->cells[0].deviance = 0.7;
	c = column(m, 10, "grade", AE_KIND_ORDINAL, AE_SCALING_STANDARD,
			   AE_LOSS_ORDINAL, 1);
	levels(m, c, grades, NULL, 4);
	c = column(m, 11, "size", AE_KIND_ORDINAL, AE_SCALING_STANDARD,
			   AE_LOSS_ORDINAL, 1);
	levels(m, c, NULL, sizes, 3);
	column(m, 12, "weight", AE_KIND_POSITIVE, AE_SCALING_LOG,
		   AE_LOSS_SQUARED, 1);
	must(ae_features_layout(f, &m->arena) == AE_OK);
}

static inline void
build_histograms(AeModel *m)
{
	const AeFeatures *f = m->features;

	m->nseen = f->nrows + 7;
	m->histograms = take(m, (size_t) f->ncells, sizeof(AeHistogram));
	for (int c = 0; c < f->ncolumns; c++)
		for (int j = 0; j < f->columns[c].ncells; j++)
		{
			AeKind		kind = f->columns[c].kind;
			AeHistogram *h = &m->histograms[f->columns[c].cell + j];

			h->nedges = kind == AE_KIND_CALENDAR ? AE_MAX_EDGES
				: ae_histogram_has_edges(&f->columns[c]) ? (c + 4 * j) % 12
				: 0;
			h->edges = take(m, (size_t) h->nedges, sizeof(float));
			for (int i = 0; i < h->nedges; i++)
				h->edges[i] = 0.3f * (float) (i - 4);
			h->nbins = ae_histogram_bins(&f->columns[c], h->nedges);
			h->share = take(m, (size_t) h->nbins, sizeof(float));
			for (int i = 0; i < h->nbins; i++)
				h->share[i] = 1.0f / (float) (i + 1);
		}
}

static inline void
build_residuals(AeModel *m)
{
	size_t		n = (size_t) m->features->ncells * AE_RESIDUALS;

	m->residuals = take(m, n, sizeof(float));
	for (size_t i = 0; i < n; i++)
		m->residuals[i] = 0.1f * (float) (i % AE_RESIDUALS) - 3.0f;
}

static inline void
build_net(AeModel *m)
{
	static const AeActivation acts[] = {
		AE_ACT_GELU, AE_ACT_LINEAR, AE_ACT_TANH, AE_ACT_SOFTPLUS, AE_ACT_LINEAR
	};
	static const int widths[] = {17, 3, 16, 5};
	int			in = m->features->input_width;

	m->net.nlayers = 5;
	m->net.ncoder = 2;
	m->net.layers = take(m, 5, sizeof(AeLayer));
	for (int i = 0; i < 5; i++)
	{
		m->net.layers[i].activation = acts[i];
		m->net.layers[i].in = in;
		in = i < 4 ? widths[i] : m->features->output_width;
		m->net.layers[i].out = in;
	}
	must(ae_net_plan(&m->net) == AE_OK);
}

/* makes the code of a model sparse: a layer more, which has no weights */
static inline void
make_sparse(AeModel *m)
{
	AeLayer    *layers = take(m, (size_t) m->net.nlayers + 1, sizeof(AeLayer));
	int			at = m->net.ncoder;
	int			latent = m->net.layers[at].in;

	for (int i = 0; i < m->net.nlayers; i++)
		layers[i + (i >= at)] = m->net.layers[i];
	layers[at].kind = AE_LAYER_SPARSE;
	layers[at].activation = AE_ACT_LINEAR;
	layers[at].in = layers[at].out = latent;
	m->net.layers = layers;
	m->net.nlayers++;
	m->net.ncoder++;
	must(ae_net_plan(&m->net) == AE_OK);
	m->options.variant = AE_VARIANT_SPARSE;
	m->options.sparsity = AE_SPARSITY_TOPK;
	m->options.active = 0.5;
	/* tests take other layers for the code: one twice as wide, the last one */
	m->unit_activity = take(m, 2 * (size_t) latent +
							(size_t) ae_net_outputs(&m->net), sizeof(float));
	for (int i = 0; i < latent; i++)
		m->unit_activity[i] = (float) i / (float) latent;
}

/* makes it variational: the layer before is twice as wide, its weights 0 */
static inline void
make_variational(AeModel *m)
{
	size_t		ncolumns = (size_t) m->features->ncolumns;

	make_sparse(m);
	m->net.layers[1].out *= 2;
	m->net.layers[2].in *= 2;
	m->net.layers[2].kind = AE_LAYER_GAUSSIAN;
	must(ae_net_plan(&m->net) == AE_OK);
	m->params = take(m, m->net.nparams, sizeof(float));
	m->options.variant = AE_VARIANT_VARIATIONAL;
	m->options.beta = 0.5;
	m->options.kl_warmup = 0.1;
	m->options.free_bits = 0.2;
	m->options.active = NAN;
	m->options.sparsity = AE_AUTO;
	m->noise = take(m, ncolumns, sizeof(double));
	for (size_t i = 0; i < ncolumns; i++)
		m->noise[i] = 1.0 / (double) (i + 1);
}

static inline void
set_option(AeModel *m, const char *name, const char *json)
{
	char		complaint[AE_COMPLAINT_BYTES];

	must(ae_option_parse(&m->options, ae_option_find(name), json, complaint));
}

#define NSCORES 6

static inline void
plan_score(AeModel *m, AeScoreKind kind)
{
	int			ncolumns = m->features->ncolumns;

	m->options.score = kind;
	if (kind == AE_SCORE_CONDITIONAL)
	{
		m->hidden_loss = take(m, (size_t) ncolumns, sizeof(double));
		for (int i = 0; i < ncolumns; i++)
			m->hidden_loss[i] = i / 3.0;
	}
	if (ae_score_is_evidence(kind))
	{
		make_variational(m);
		m->options.score_samples = 7;
		m->evidence = (AeEvidence) {-12.5, 3.25};
	}
	if (!ae_score_is_joint(kind))
		return;
	must(ae_joint_layout(&m->joint, m->features, &m->arena) == AE_OK);
	m->joint.neighbours = 3;
	m->joint.npoints = kind == AE_SCORE_NEIGHBOUR ? NPOINTS : 0;
}

static inline void
plan_head(AeModel *m)
{
	m->nanomalies = AE_HEAD_MIN_ANOMALIES + 2;
	must(ae_head_plan(&m->head, ae_model_head_inputs(m), &m->arena) == AE_OK);
}

static inline AeModel *
build_model(void)
{
	AeModel    *m;

	must(ae_model_create(&unit_env, &m) == AE_OK);
	strcpy(m->version, "0.9beta");
	set_option(m, "hidden", "[17, 16]");
	set_option(m, "learning_rate", "0.30000000000000004");
	set_option(m, "seed", "-9007199254740991");
	set_option(m, "time_zone", "\"Europe/Vienna\"");
	build_features(m);
	build_histograms(m);
	build_residuals(m);
	build_net(m);
	m->best_epoch = 2;
	m->nsteps = UINT64_C(1) << 40;
	plan_score(m, AE_SCORE_NEIGHBOUR);
	plan_head(m);
	return m;
}

static inline void
fit_by_hand(AeModel *m)
{
	AeJoint    *joint = &m->joint;
	double		scores[100];

	if (joint->npoints > 0)
		must(ae_joint_allocate_points(joint, NPOINTS, &m->arena) == AE_OK);
	for (int i = 0; i < 2 * joint->ncoords; i++)
		joint->factor[i] = 0.5f + (float) (i % 7);
	for (int i = 0; i < 2 * joint->ncoords; i++)
		joint->centre[i] = 0.1f * (float) (i % 5);
	for (int i = 0; i < joint->npoints; i++)
		for (int j = 0; j < ae_joint_width(joint); j++)
			joint->points[ae_joint_at(joint, i, j)] =
				(int16_t) (i * j % 11 - 5);
	joint->log_unit = -0.7;
	if (ae_head_exists(&m->head))
		ae_net_init(&m->head.net, 8, m->head.params);
	m->head.log_unit = 0.3;
	for (int i = 0; i < 100; i++)
		scores[i] = i * i / 100.0;
	ae_calibration_fit(&m->calibration, scores, 100, true);
}

static inline void
params_by_hand(AeModel *m)
{
	m->params = take(m, m->net.nparams, sizeof(float));
	ae_net_init(&m->net, 7, m->params);
	for (int i = 0; i < m->net.nlayers; i++)
	{
		float	   *bias = m->params + m->net.layers[i].bias;

		for (int j = 0; j < m->net.layers[i].out; j++)
			bias[j] = 0.1f * (float) (j - i);
	}
}

static inline void
history_by_hand(AeModel *m)
{
	m->nhistory = 3;
	m->history = take(m, 3, sizeof(AeEpoch));
	for (int i = 0; i < 3; i++)
	{
		m->history[i].train_loss = 1.0 / (i + 1);
		m->history[i].validation_loss = i == 1 ? NAN : 2.0 / (i + 1);
		m->history[i].learning_rate = 1e-3 / (i + 1);
	}
}

/* what training adds */
static inline void
train_by_hand(AeModel *m)
{
	fit_by_hand(m);
	params_by_hand(m);
	m->column_loss = take(m, (size_t) m->features->ncolumns, sizeof(double));
	for (int i = 0; i < m->features->ncolumns; i++)
		m->column_loss[i] = i / 7.0;
	history_by_hand(m);
	must(ae_model_prepare(m) == AE_OK);
}

/* a network that reads the code, beside the autoencoder */
static inline void
add_companion(AeModel *m)
{
	AeNet	   *net = &m->companion;

	net->nlayers = 2;
	net->ncoder = 1;
	net->layers = take(m, 2, sizeof(AeLayer));
	net->layers[0] = (AeLayer) {
		.activation = AE_ACT_RELU,.in = ae_net_latent(&m->net),.out = 5
	};
	net->layers[1] = (AeLayer) {
		.in = 5,.out = 2
	};
	must(ae_net_plan(net) == AE_OK);
	m->companion_params = take(m, net->nparams, sizeof(float));
	ae_net_init(net, 17, m->companion_params);
}

/* column c is given to encoder and decoder; the score is that of the error */
static inline void
make_conditional(AeModel *m, int c)
{
	AeLayer    *layers = take(m, (size_t) m->net.nlayers + 1, sizeof(AeLayer));
	int			at = m->net.ncoder;
	int			code = ae_net_latent(&m->net);

	memset(&m->joint, 0, sizeof(m->joint));
	memset(&m->head, 0, sizeof(m->head));
	m->options.score = AE_SCORE_ERROR;
	m->options.coreset = 0;
	m->features->columns[c].condition = true;
	m->features->columns[c].weight = 0.0;
	for (int i = 0; i < m->net.nlayers; i++)
		layers[i + (i >= at)] = m->net.layers[i];
	layers[at] = (AeLayer) {
		.kind = AE_LAYER_JOIN,.in = code,
			.out = code + ae_condition_inputs(m->features, NULL)
	};
	layers[at + 1].in = layers[at].out;
	m->net.layers = layers;
	m->net.nlayers++;
	m->net.ncoder++;
	must(ae_net_plan(&m->net) == AE_OK);
	m->params = take(m, m->net.nparams, sizeof(float));
	ae_net_init(&m->net, 7, m->params);
}

/* a category whose labels are few */
static inline int
find_labels(const AeModel *m)
{
	int			c = 0;

	while (m->features->columns[c].kind != AE_KIND_CATEGORY ||
		   m->features->columns[c].hashed ||
		   m->features->columns[c].nlabels < AE_MIN_CLASSES)
		c++;
	return c;
}

/* its labels become classes, which a companion tells */
static inline void
make_classes(AeModel *m)
{
	AeNet	   *net = &m->companion;
	int			c = find_labels(m);

	make_variational(m);
	make_conditional(m, c);
	m->features->columns[c].classes = true;
	m->options.variant = AE_VARIANT_SEMI_SUPERVISED;
	m->options.free_bits = NAN;
	m->options.label_weight = 2.5;
	net->nlayers = net->ncoder = 1;
	net->layers = take(m, 1, sizeof(AeLayer));
	net->layers[0].in = m->features->input_width;
	net->layers[0].out = m->features->columns[c].nlabels;
	must(ae_net_plan(net) == AE_OK);
	m->companion_params = take(m, net->nparams, sizeof(float));
	ae_net_init(net, 17, m->companion_params);
}

#define NCODES 3
#define NGAPS 2
#define NKNOTS 40

/* after train_by_hand() */
static inline void
density_by_hand(AeModel *m)
{
	AeDensity  *d = &m->density;
	int			latent = ae_net_latent(&m->net);
	int			t = ae_mixture_factor_size(latent);

	must(ae_density_allocate(d, m->features, NCODES, NGAPS, latent, NKNOTS,
							 &m->arena) == AE_OK);
	for (int i = 0; i < NCODES; i++)
		d->codes.weight[i] = 0.25 * (i + 1) / 1.5;
	for (int i = 0; i < NCODES * latent; i++)
		d->codes.mean[i] = 0.5 * (i % 5) - 1;
	for (int i = 0; i < NCODES * t; i++)
		d->codes.factor[i] = 0.125 * (1 + i % 3);
	for (int i = 0; i < NGAPS; i++)
		d->gaps.weight[i] = 0.5;
	for (int i = 0; i < NGAPS * d->gaps.nflags; i++)
		d->gaps.rate[i] = 0.25 * (i % 4);
	for (int i = 0; i < NCODES * NGAPS; i++)
		d->link[i] = 0.5;
	for (int i = 0; i < m->features->output_width; i++)
	{
		d->shift[i] = (float) (i % 7 - 3);
		d->noise[i] = 0.1f * (float) (i % 3);
	}
	for (int i = 0; i < d->nnumbers * NKNOTS; i++)
	{
		d->from[i] = 0.1f * (float) (i % NKNOTS - 20);
		d->to[i] = 1e3 * (i % NKNOTS / 2);
	}
}

static inline AeModel *
build_trained(void)
{
	AeModel    *m = build_model();

	train_by_hand(m);
	return m;
}

static inline AeModel *
build_scored(AeScoreKind kind)
{
	AeModel    *m = build_model();

	m->joint = (AeJoint) {0};
	if (!ae_score_is_joint(kind))
		m->head = (AeHead) {0};
	plan_score(m, kind);
	train_by_hand(m);
	return m;
}

static inline Blob
encode(const AeModel *model)
{
	Blob		b;

	b.size = ae_codec_size(model, model->nhistory);
	b.data = malloc(b.size);
	must(b.data != NULL);
	/* so that a byte that is not written shows */
	memset(b.data, 0xEE, b.size);
	ae_codec_write(model, b.data, b.size);
	return b;
}

static uint64_t
get_number(const unsigned char *from, int bytes)
{
	uint64_t	value = 0;

	for (int i = 0; i < bytes; i++)
		value |= (uint64_t) from[i] << (8 * i);
	return value;
}

static inline void
put_number(unsigned char *to, int bytes, uint64_t value)
{
	for (int i = 0; i < bytes; i++)
		to[i] = (unsigned char) (value >> (8 * i));
}

/* a copy in which len bytes from at on are replaced; the total is right */
static inline Blob
splice(Blob b, size_t at, size_t len, const void *insert, size_t insert_len)
{
	Blob		copy;

	copy.size = b.size - len + insert_len;
	copy.data = malloc(copy.size);
	must(copy.data != NULL);
	memcpy(copy.data, b.data, at);
	if (insert_len > 0)
		memcpy(copy.data + at, insert, insert_len);
	memcpy(copy.data + at + insert_len, b.data + at + len, b.size - at - len);
	if (copy.size >= 24)
		put_number(copy.data + 16, 8, copy.size);
	return copy;
}

/* offset of section i's header; the end of the bytes for i beyond the last */
static inline size_t
section_at(Blob b, int i)
{
	size_t		at = AE_HEADER_BYTES;

	for (; i > 0; i--)
		at += SECTION_HEADER + (size_t) get_number(b.data + at + 8, 8);
	return at;
}

/* reads and releases */
static inline AeStatus
read_status(Blob b)
{
	AeModel    *model = NULL;
	AeStatus	status = ae_codec_read(&unit_env, b.data, b.size, &model);

	if (status == AE_OK)
		ae_model_free(model);
	return status;
}

/* releases the bytes too */
static inline AeStatus
spend(Blob b)
{
	AeStatus	status = read_status(b);

	free(b.data);
	return status;
}

/* rows that the model generates are within its columns' ranges */
static inline bool
samples(const AeModel *model, AeArena *arena)
{
	const AeFeatures *f = model->features;
	double	   *row = ae_arena_alloc(arena, (size_t) f->ncells,
									 sizeof(double));
	bool		sound = true;
	AeSampler  *sampler;
	AeRng		rng;

	must(row != NULL &&
		 ae_sampler_create(model, ae_kernels_get(AE_KERNEL_AUTO), arena,
						   &sampler) == AE_OK);
	ae_rng_seed(&rng, 1, 1);
	for (int i = 0; i < 3; i++)
	{
		ae_sample_row(sampler, i > 1 ? row : NULL, &rng, row);
		for (int c = 0; c < f->ncolumns; c++)
			sound = sound && !isinf(row[f->columns[c].cell]) &&
				(f->columns[c].kind != AE_KIND_CATEGORY ||
				 isnan(row[f->columns[c].cell]) ||
				 (row[f->columns[c].cell] >= 0 &&
				  row[f->columns[c].cell] <= f->columns[c].nlabels));
		for (int j = 0; j < f->ncells; j += 2)
			row[j] = NAN;
	}
	return sound;
}

/* some row of the model goes through every function of a scorer */
static inline bool
scores(const AeModel *model)
{
	const AeKernels *kernels = ae_kernels_get(AE_KERNEL_AUTO);
	size_t		ncells = (size_t) model->features->ncells;
	double	   *row = malloc(2 * ncells * sizeof(double));
	AeArena		arena;
	AeScorer   *scorer;
	AeExplanation explanation;
	bool		scored;

	ae_arena_init(&arena, &unit_env);
	scored = row != NULL &&
		ae_scorer_create(model, kernels, &arena, &scorer) == AE_OK;
	if (scored)
	{
		for (size_t i = 0; i < ncells; i++)
			row[i] = i % 5 == 4 ? NAN : (double) i;
		if (ae_score_explain(scorer, row, &explanation))
			scored = isfinite(explanation.score) &&
				!(ae_score_pvalue(model, explanation.score) <= 0);
		ae_score_reconstruct(scorer, row, row + ncells);
	}
	if (scored && ae_density_exists(&model->density))
		scored = samples(model, &arena);
	ae_arena_free(&arena);
	free(row);
	return scored;
}

/* the same of a model of sets: what it recommends, with finite scores */
static inline bool
recommends(const AeModel *model)
{
	int			last = model->items->count - 1;
	AeMember	ends[2] = {{0, 1.0f}, {(uint32_t) last, 1e30f}};
	int			n = last > 0 ? 2 : 1;
	size_t		ncells = (size_t) model->features->ncells;
	double	   *row = calloc(ncells + 1, sizeof(double));
	AeScoredItem top[4];
	bool		scored;
	AeRecommender *r;
	AeArena		arena;

	must(row != NULL);
	ae_arena_init(&arena, &unit_env);
	scored = ae_recommender_create(model, ae_kernels_get(AE_KERNEL_AUTO),
								   &arena, &r) == AE_OK;
	if (scored && ncells > 0)
	{
		row[0] = NAN;
		ae_recommender_use_row(r, row);
	}
	for (int turn = 0; turn < 2 && scored; turn++)
	{
		int			found;

		if (turn == 0)
			ae_recommender_score(r, ends, n);
		else
			scored = ae_recommender_compare(r, last) == AE_OK;
		found = ae_recommender_top(r, ends, turn, false, 4, top);
		for (int i = 0; i < found; i++)
			scored = scored && isfinite(top[i].score);
	}
	ae_arena_free(&arena);
	free(row);
	return scored;
}

/* fails every allocation of a read in turn, of which there are some */
static inline void
fail_allocations(Blob b, long least)
{
	bool		good = true;
	long		n = 0;

	for (;; n++)
	{
		AeStatus	status;

		unit_alloc_budget = n;
		status = read_status(b);
		unit_alloc_budget = -1;
		if (status == AE_OK)
			break;
		good = good && status == AE_ERR_MEMORY && unit_alloc_live == 0;
		if (!good)
			break;
	}
	ok(good && n >= least, "each of %ld allocations fails once", n);
}

#endif							/* AE_CODEC_MODEL_H */
