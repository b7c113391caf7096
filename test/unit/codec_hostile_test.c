/*
 * codec_hostile_test.c
 *	  Bytes made to look like a model: one wrong field, one wrong section, or
 *	  claims that would cost memory.
 */
#include "codec_model.h"

/* what a model may take of the host, by its bytes; see codec_read.c */
#define MEMORY_FACTOR 20
#define MEMORY_BASE 32768

static size_t host_bytes;

static void *
counting_alloc(void *host, size_t size)
{
	host_bytes += size;
	return unit_alloc(host, size);
}

static const AeEnv counting_env = {
	counting_alloc, unit_release, unit_poll, NULL
};

/* a model that needs as much memory for its bytes as a model can */
static void
test_amplification(void)
{
	const int	ncolumns = 3000;
	AeModel    *m;
	AeModel    *back;
	AeFeatures *f;
	Blob		b;

	ok(ae_model_create(&unit_env, &m) == AE_OK, "model");
	f = m->features = take(m, 1, sizeof(AeFeatures));
	f->nrows = 2;
	f->ncolumns = ncolumns;
	f->columns = take(m, (size_t) ncolumns, sizeof(AeColumn));
	for (int i = 0; i < ncolumns; i++)
	{
		AeColumn   *c = &f->columns[i];

		c->name = c->type = text(m, "");
		c->weight = 1;
		c->ncells = 1;
		c->cells = take(m, 1, sizeof(AeCell));
		c->cells[0].spread = 1;
		c->scaling = AE_SCALING_STANDARD;
		if (i == 0)
		{
			/* one-byte labels */
			c->kind = AE_KIND_CATEGORY;
			c->loss = AE_LOSS_SOFTMAX;
			c->nlabels = 255;
			c->labels = take(m, 255, sizeof(char *));
			c->frequency = take(m, 256, sizeof(double));
			for (int j = 0; j < 255; j++)
			{
				c->labels[j] = text(m, "x");
				c->labels[j][0] = (char) (j + 1);
			}
		}
	}
	ok(ae_features_layout(f, &m->arena) == AE_OK, "layout");
	build_histograms(m);
	m->net.nlayers = 20;
	m->net.ncoder = 1;
	m->net.layers = take(m, 20, sizeof(AeLayer));
	for (int i = 0; i < 20; i++)
	{
		m->net.layers[i].in = i == 0 ? f->input_width : i % 2 ? 1 : 5000;
		m->net.layers[i].out = i == 19 ? f->output_width : i % 2 ? 5000 : 1;
	}
	ok(ae_net_plan(&m->net) == AE_OK, "network");
	m->params = take(m, m->net.nparams, sizeof(float));
	m->column_loss = take(m, (size_t) ncolumns, sizeof(double));
	m->options.score = AE_SCORE_ERROR;
	b = encode(m);
	ae_model_free(m);

	host_bytes = 0;
	ok(ae_codec_read(&counting_env, b.data, b.size, &back) == AE_OK, "read");
	ok(host_bytes < MEMORY_FACTOR * b.size + MEMORY_BASE,
	   "%zu bytes take little memory", b.size);
	printf("# %zu bytes\n", host_bytes);
	ae_model_free(back);
	fail_allocations(b, 100);
	free(b.data);
}

/* status of a read that stays within its memory; AE_OK when it does not */
static AeStatus
modest_status(Blob b)
{
	AeModel    *model = NULL;
	AeStatus	status;

	host_bytes = 0;
	status = ae_codec_read(&counting_env, b.data, b.size, &model);
	if (status == AE_OK)
		ae_model_free(model);
	printf("# %zu bytes take %zu bytes\n", b.size, host_bytes);
	return host_bytes < MEMORY_FACTOR * b.size + MEMORY_BASE ? status : AE_OK;
}

/* layers that claim more weights than there are are refused for free */
static void
test_claims(void)
{
	AeModel    *model = build_trained();
	Blob		b = encode(model);
	size_t		net = section_at(b, 2) + SECTION_HEADER;
	size_t		features = section_at(b, 1) + SECTION_HEADER;

	ae_model_free(model);
	/* out of layer 0 and in of layer 1 */
	put_number(b.data + net + 8 + 12, 4, 60000);
	put_number(b.data + net + 8 + 16 + 8, 4, 60000);
	ok(modest_status(b) == AE_ERR_CORRUPT, "a wide layer without weights");
	put_number(b.data + net + 8, 4, AE_LAYER_COUNT);
	ok(modest_status(b) == AE_ERR_CORRUPT, "no such kind of layer");
	put_number(b.data + net, 4, AE_MAX_LAYERS + 1);
	ok(modest_status(b) == AE_ERR_LIMIT, "too many layers");
	put_number(b.data + features + 8, 4, 50);
	ok(modest_status(b) == AE_ERR_CORRUPT, "too many columns");
	put_number(b.data + features + 8, 4, 100000);
	ok(modest_status(b) == AE_ERR_CORRUPT, "far too many columns");
	free(b.data);
}

/* an option that is right by itself, but not beside the others */
static void
test_misplaced_option(void)
{
	static const char belongs[] = "min_frequency";
	static const char does_not[] = "normalization";
	AeModel    *m = build_trained();
	size_t		at;
	Blob		b;

	m->options.min_frequency = 1;
	b = encode(m);
	ae_model_free(m);
	at = section_at(b, 0);
	while (memcmp(b.data + at, belongs, sizeof(belongs) - 1) != 0)
		at++;
	ok(modest_status(b) == AE_OK, "%s is read", belongs);
	memcpy(b.data + at, does_not, sizeof(does_not) - 1);
	ok(modest_status(b) == AE_ERR_CORRUPT, "%s is not", does_not);
	free(b.data);
}

/*
 * A model in which the statement has been carried out is written, and then
 * refused.
 */
#define WRONG(statement) \
	do { \
		AeModel    *m = build_trained(); \
		AeColumn   *c = m->features->columns; \
		AeLayer    *layers = m->net.layers; \
		Blob		b; \
		\
		(void) c; \
		(void) layers; \
		statement; \
		b = encode(m); \
		ae_model_free(m); \
		ok(spend(b) == AE_ERR_CORRUPT, "%s", #statement); \
	} while (0)

static void
make_hidden(AeModel *m)
{
	m->joint = (AeJoint) {.log_unit = 0.5};
	m->head = (AeHead) {0};
	plan_score(m, AE_SCORE_CONDITIONAL);
}

static void
test_fields(void)
{
	WRONG(m->residuals[1] = m->residuals[0] - 1);
	WRONG(m->residuals[AE_RESIDUALS - 1] = NAN);
	WRONG(m->residuals[AE_RESIDUALS - 1] = 2.1e6f);
	WRONG(m->residuals[0] = -2.1e6f);
	WRONG(m->features->any_missing = true);
	WRONG(c[0].cells[0].spread = 0);
	WRONG(c[0].cells[0].spread = -1);
	WRONG(c[0].cells[0].spread = NAN);
	WRONG(c[0].cells[0].spread = INFINITY);
	WRONG(c[0].cells[0].centre = NAN);
	WRONG(c[6].cells[0].centre = INFINITY);
	WRONG(c[0].cells[0].mean = NAN);
	WRONG(c[0].cells[0].min = -INFINITY);
	WRONG(c[0].cells[0].nmissing = m->features->nrows + 1);
	WRONG(c[1].cells[0].knots[7] = NAN);
	WRONG(c[1].cells[1].knots[AE_KNOTS - 1] = INFINITY);
	WRONG(c[1].cells[1].knots[20] = c[1].cells[1].knots[19] - 1);
	WRONG(c[1].cells[1].knots = NULL);
	WRONG(c[0].kind = (AeKind) AE_KIND_COUNT);
	WRONG(c[0].kind = AE_KIND_CALENDAR; c[0].loss = AE_LOSS_SOFTMAX);
	WRONG(c[0].scaling = AE_SCALING_AUTO);
	WRONG(c[0].scaling = (AeScaling) 7);
	WRONG(c[0].loss = AE_LOSS_LOGISTIC);
	WRONG(c[2].loss = AE_LOSS_SQUARED);
	WRONG(c[3].loss = (AeLoss) 200);
	WRONG(c[5].cycles = 8);
	WRONG(c[0].weight = NAN);
	WRONG(c[0].weight = -1);
	WRONG(c[0].weight = 1001);
	WRONG(c[3].frequency[3] = 1.5);
	WRONG(c[3].frequency[0] = NAN);
	WRONG(c[4].frequency[1] = -0.1);
	WRONG(c[3].labels[1] = c[3].labels[0]);
	WRONG(c[4].nlabels = 0);
	WRONG(m->features->ncolumns = 0);
	WRONG(m->features->ncolumns--);
	WRONG(m->options.contraction = AE_CONTRACTION_EXACT);
	WRONG(m->net.ncoder = 0);
	WRONG(m->net.ncoder = 6);
	WRONG(m->net.ncoder = -1);
	WRONG(layers[1].activation = (AeActivation) AE_ACT_COUNT);
	WRONG(layers[1].activation = (AeActivation) 0xffffffff);
	WRONG(layers[1].activation = (AeActivation) 256);
	WRONG(layers[1].out++);
	WRONG(layers[4].out--);
	WRONG(layers[0].in--);
	WRONG(m->params[layers[2].weights] = NAN);
	WRONG(m->params[layers[4].bias + 1] = INFINITY);
	WRONG(m->column_loss[0] = NAN);
	WRONG(m->column_loss[8] = INFINITY);
	WRONG(m->column_loss[3] = -1e-9);
	WRONG(m->joint.factor[0] = NAN);
	WRONG(m->joint.centre[3] = INFINITY);
	WRONG(m->joint.neighbours = 0);
	WRONG(m->joint.neighbours = AE_MAX_NEIGHBOURS + 1);
	WRONG(m->joint.offset[0] = -1);
	WRONG(m->joint.offset[2] = INFINITY);
	WRONG(m->joint.log_unit = 101);
	WRONG(m->joint.log_unit = NAN);
	WRONG(m->joint.npoints = 0);
	WRONG(m->joint.npoints = NPOINTS - 1; m->options.score = AE_SCORE_ERROR);
	WRONG(m->joint.points[0] = INT16_MIN);
	WRONG(m->joint.points[1] = INT16_MAX);
	WRONG(m->joint.ncoords--);
	WRONG(m->options.score = AE_SCORE_DISTANCE);
	WRONG(m->head.log_unit = NAN);
	WRONG(m->head.log_unit = -101);
	WRONG(m->head.params[3] = NAN);
	WRONG(m->head.params[m->head.net.layers[1].bias] = INFINITY);
	WRONG(m->joint.ncoords = 0; m->options.score = AE_SCORE_ERROR);
	WRONG(m->calibration.knots[9] = NAN);
	WRONG(m->calibration.knots[9] = m->calibration.knots[8] - 1);
	WRONG(m->calibration.knots[0] = -1e300);
	WRONG(m->calibration.knots[AE_CALIBRATION_KNOTS - 1] = 710);
	WRONG(m->calibration.scale = -1);
	WRONG(m->calibration.shape = NAN);
	WRONG(m->calibration.tail_share = 0);
	WRONG(m->best_epoch = 4);
	WRONG(m->best_epoch = -1);
	WRONG(m->history[0].train_loss = NAN);
	WRONG(m->history[2].validation_loss = INFINITY);
	WRONG(m->history[1].learning_rate = INFINITY);
	WRONG(m->histograms[0].share[0] = NAN);
	WRONG(m->histograms[0].share[1] = 1.5f);
	WRONG(m->histograms[0].share[1] = -0.1f);
	WRONG(m->histograms[3].edges[0] = INFINITY);
	WRONG(m->histograms[3].edges[1] = m->histograms[3].edges[0]);
	WRONG(m->histograms[3].nedges--);
	WRONG(m->velocity = m->params; m->velocity[0] = NAN);
	WRONG(strcpy(m->version, "1 0"));
	WRONG(strcpy(m->version, "1\n"));
	WRONG(m->options.batch_size = 0);
	WRONG(m->options.latent = 70000);
	WRONG(m->options.hidden[1] = -3);
	WRONG(m->options.learning_rate = 11);
	WRONG(strcpy(m->options.time_zone, "a\"b"));
	WRONG(c[1].ncells = 2);
	WRONG(c[2].ncells = 0);
}

/* columns of counts, levels and positive numbers */
static void
test_kinds(void)
{
	WRONG(c[0].kind = AE_KIND_POISSON);
	WRONG(c[9].kind = AE_KIND_NUMERIC);
	WRONG(c[9].cells[0].deviance = NAN);
	WRONG(c[9].cells[1].deviance = -1);
	WRONG(c[9].cells[0].deviance = INFINITY);
	WRONG(c[9].cells[0].deviance = 9007199254740994.0);
	WRONG(c[9].cells[0].mean = -0.5);
	WRONG(c[9].cells[1].mean = 1e16);
	WRONG(c[10].labels[1] = c[10].labels[0]);
	WRONG(c[10].frequency[3] = 1.5);
	WRONG(c[10].labels = NULL; c[10].levels[1] = c[10].levels[0]);
	WRONG(c[11].frequency[0] = NAN);
	WRONG(c[11].levels[1] = c[11].levels[0]);
	WRONG(c[11].levels[2] = INFINITY);
	WRONG(c[11].levels[0] = -1e308; c[11].levels[2] = 1e308);
	WRONG(c[11].levels[1] = NAN);
	WRONG(c[11].nlabels = 1);
	WRONG(c[12].scaling = AE_SCALING_STANDARD);
	WRONG(c[12].cells[0].stddev = 0);
	WRONG(c[12].cells[0].stddev = 1e-36);
	WRONG(c[12].cells[0].centre = -1001);
	WRONG(c[12].cells[0].spread = 1001);
}

static void
test_hidden(void)
{
	WRONG(m->options.score = AE_SCORE_CONDITIONAL);
	WRONG(plan_score(m, AE_SCORE_CONDITIONAL));
	WRONG(m->hidden_loss = m->column_loss);
	WRONG(make_hidden(m); m->hidden_loss[1] = -1);
	WRONG(make_hidden(m); m->hidden_loss[2] = NAN);
	WRONG(make_hidden(m); m->hidden_loss[3] = INFINITY);
	WRONG(make_hidden(m); m->joint.log_unit = NAN);
	WRONG(make_hidden(m); m->joint.log_unit = -101);
	WRONG(make_hidden(m); m->options.score = AE_SCORE_ERROR);
	WRONG(make_hidden(m); m->hidden_loss = NULL);
}

static void
make_evidence(AeModel *m)
{
	m->joint = (AeJoint) {0};
	m->head = (AeHead) {0};
	plan_score(m, AE_SCORE_IWAE);
}

static void
test_code(void)
{
	WRONG(m->unit_activity = m->params; m->options.variant =
		  AE_VARIANT_SPARSE; m->options.active = 0.1;
		  m->options.sparsity = AE_SPARSITY_TOPK);
	WRONG(make_sparse(m); m->options.variant = AE_VARIANT_PLAIN);
	WRONG(make_sparse(m); m->options.active = NAN);
	WRONG(make_sparse(m); m->options.active = 2);
	WRONG(make_sparse(m); m->options.sparsity = AE_AUTO);
	WRONG(make_sparse(m); m->options.sparsity = AE_SPARSITY_L1);
	WRONG(make_sparse(m); m->net.ncoder--);
	WRONG(make_sparse(m); m->net.layers[2].kind = AE_LAYER_DENSE);
	WRONG(make_sparse(m); m->net.layers[2].out--; m->net.layers[3].in--);
	WRONG(make_sparse(m); m->unit_activity[1] = NAN);
	WRONG(make_sparse(m); m->unit_activity[2] = -0.5f);
	WRONG(make_variational(m); m->options.beta = NAN);
	WRONG(make_variational(m); m->options.beta = -1);
	WRONG(make_variational(m); m->options.free_bits = NAN);
	WRONG(make_variational(m); m->options.kl_warmup = NAN);
	WRONG(make_variational(m); m->noise[1] = 0);
	WRONG(make_variational(m); m->noise[2] = NAN);
	WRONG(make_variational(m); m->noise[3] = INFINITY);
	WRONG(make_variational(m); m->unit_activity[0] = INFINITY);
	WRONG(make_variational(m); m->net.layers[2].kind = AE_LAYER_SPARSE);
	WRONG(make_variational(m); m->options.variant = AE_VARIANT_SPARSE;
		  m->options.sparsity = AE_SPARSITY_TOPK; m->options.active = 0.5);
	WRONG(make_variational(m); m->net.ncoder--);
	WRONG(make_evidence(m); m->evidence.median = NAN);
	WRONG(make_evidence(m); m->evidence.median = -2e30);
	WRONG(make_evidence(m); m->evidence.spread = 0);
	WRONG(make_evidence(m); m->evidence.spread = 0.0099);
	WRONG(make_evidence(m); m->evidence.spread = INFINITY);
	WRONG(make_evidence(m); m->options.score_samples = 0);
	WRONG(make_evidence(m); m->options.score_samples = AE_AUTO);
	WRONG(make_evidence(m); m->options.score = AE_SCORE_NEIGHBOUR);
	WRONG(make_evidence(m); m->options.score = AE_AUTO);
	WRONG(make_evidence(m); m->net.ncoder = m->net.nlayers);
	WRONG(m->joint = (AeJoint) {0}; m->head = (AeHead) {0};
		  m->options.score = AE_SCORE_IWAE);
}

static void
test_conditions(void)
{
	WRONG(m->features->columns[1].condition = true);
	WRONG(make_conditional(m, 1); m->features->columns[1].weight = 1);
	WRONG(make_conditional(m, 1); m->features->columns[1].condition = false);
	WRONG(make_conditional(m, 1); m->features->columns[2].condition = true;
		  m->features->columns[2].weight = 0);
	WRONG(make_conditional(m, 1); m->net.ncoder--);
	WRONG(make_conditional(m, 1); m->net.layers[2].out++;
		  m->net.layers[3].in++);
	WRONG(make_conditional(m, 1); m->net.layers[2].kind = AE_LAYER_DENSE);
}

static void
test_classes(void)
{
	WRONG(m->features->columns[find_labels(m)].classes = true;
		  m->features->columns[find_labels(m)].weight = 0);
	WRONG(make_classes(m); m->options.variant = AE_VARIANT_VARIATIONAL;
		  m->options.free_bits = 0);
	WRONG(make_classes(m); m->options.variant = AE_VARIANT_SUPERVISED;
		  m->options.free_bits = 0);
	WRONG(make_classes(m); m->options.label_weight = NAN);
	WRONG(make_classes(m); m->companion.nlayers = 0);
	WRONG(make_classes(m); m->companion.layers[0].out++);
	WRONG(make_classes(m); m->companion.layers[0].in--);
	WRONG(make_classes(m); m->features->columns[0].classes = true;
		  m->features->columns[0].weight = 0);
	WRONG(make_classes(m); m->features->columns[find_labels(m)].hashed = true);
	WRONG(make_classes(m); m->companion_params[1] = NAN);
}

static void
test_density_fields(void)
{
	WRONG(density_by_hand(m); m->density.codes.weight[0] = NAN);
	WRONG(density_by_hand(m); m->density.codes.weight[1] = 1.5);
	WRONG(density_by_hand(m); m->density.codes.mean[2] = INFINITY);
	WRONG(density_by_hand(m); m->density.codes.factor[3] = 3e30);
	WRONG(density_by_hand(m); m->density.gaps.rate[0] = -0.25);
	WRONG(density_by_hand(m); m->density.link[1] = 2);
	WRONG(density_by_hand(m); m->density.shift[0] = 11);
	WRONG(density_by_hand(m); m->density.noise[4] = -1);
	WRONG(density_by_hand(m); m->density.noise[4] = 3e6f);
	WRONG(density_by_hand(m); m->density.noise[4] = NAN);
	WRONG(density_by_hand(m); m->density.from[NKNOTS + 3] = -9);
	WRONG(density_by_hand(m); m->density.from[0] = NAN);
	WRONG(density_by_hand(m); m->density.to[NKNOTS - 1] = 0);
	WRONG(density_by_hand(m); m->density.to[7] = INFINITY);
	WRONG(density_by_hand(m); m->density.nknots--);
}

/* replaces the only occurrence of a text by another of the same length */
static void
replace(Blob b, const char *from, const char *to, size_t len)
{
	for (size_t i = AE_HEADER_BYTES; i + len <= b.size; i++)
		if (memcmp(b.data + i, from, len) == 0)
		{
			memcpy(b.data + i, to, len);
			return;
		}
	ok(false, "no \"%s\"", from);
}

static void
test_bytes(void)
{
	static const struct
	{
		const char *from;
		const char *to;
		size_t		len;
		const char *what;
	}			cases[] = {
		{"dropout", "dropuot", 7, "an option that does not exist"},
		{"epochs", "latent", 6, "an option given twice"},
		{"amount", "am\0unt", 6, "a zero byte in a name"},
		{"double precision", "double\0precision", 16, "a zero byte in a type"},
		{"red", "r\0d", 3, "a zero byte in a label"},
		{"\"Europe/", "\"Eur\0pe/", 8, "a zero byte in an option"},
		{"warmup", "warmu\0", 6, "a zero byte in an option's name"},
		{"false", "fals1", 5, "a wrong boolean"}
	};
	AeModel    *model = build_trained();
	Blob		b = encode(model);

	ae_model_free(model);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Blob		copy = splice(b, 0, 0, NULL, 0);

		replace(copy, cases[i].from, cases[i].to, cases[i].len);
		ok(spend(copy) == AE_ERR_CORRUPT, "%s", cases[i].what);
	}
	free(b.data);
}

static void
test_sections(void)
{
	static const unsigned char note[] = {
		'n', 'o', 't', 'e', 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3
	};
	AeModel    *model = build_trained();
	Blob		b = encode(model);
	unsigned char section[SECTION_HEADER];

	ae_model_free(model);
	for (int i = 0; i <= NSECTIONS; i++)
	{
		size_t		at = section_at(b, i);
		Blob		with = splice(b, at, 0, note, sizeof(note));
		AeModel    *back = NULL;

		ok(ae_codec_read(&unit_env, with.data, with.size, &back) == AE_OK,
		   "an optional section at %d", i);
		if (back != NULL)
		{
			Blob		plain = encode(back);

			ok(plain.size == b.size &&
			   memcmp(plain.data, b.data, b.size) == 0, "is skipped");
			free(plain.data);
			ae_model_free(back);
		}
		with.data[at] = 'N';
		ok(read_status(with) == AE_ERR_CORRUPT,
		   "a section that is not optional at %d", i);
		with.data[at] = 'n';
		with.data[at + 4] = 1;
		ok(spend(with) == AE_ERR_CORRUPT, "reserved bytes at %d", i);
	}
	for (int i = 0; i < NSECTIONS; i++)
	{
		size_t		at = section_at(b, i);
		size_t		len = section_at(b, i + 1) - at;
		Blob		copy = splice(b, at, len, NULL, 0);

		ok(spend(copy) == AE_ERR_CORRUPT, "section %d is missing", i);
		copy = splice(b, at, 0, b.data + at, len);
		ok(spend(copy) == AE_ERR_CORRUPT, "section %d comes twice", i);
		copy = splice(b, 0, 0, NULL, 0);
		put_number(copy.data + at + 8, 8, UINT64_MAX - 15);
		ok(spend(copy) == AE_ERR_CORRUPT, "section %d is endless", i);
	}
	memcpy(section, b.data + section_at(b, 0), SECTION_HEADER);
	ok(memcmp(section, "OPTS\0\0\0\0", 8) == 0, "tag of the first section");
	free(b.data);
}

/* bytes of the section of a density, cut and changed anywhere */
static void
test_density(void)
{
	AeModel    *model = build_trained();
	Blob		plain = encode(model);
	Blob		b;
	Blob		copy;
	AeModel    *back = NULL;
	size_t		at = plain.size;
	size_t		len;
	bool		good = true;
	AeRng		rng;

	density_by_hand(model);
	b = encode(model);
	ae_model_free(model);
	len = b.size - at - SECTION_HEADER;
	ok(memcmp(b.data + at, "dens", 4) == 0, "the section of a density");
	ok(ae_codec_read(&unit_env, b.data, b.size, &back) == AE_OK &&
	   ae_density_exists(&back->density) && scores(back), "is read");
	copy = encode(back);
	ok(copy.size == b.size && memcmp(copy.data, b.data, b.size) == 0,
	   "and written again");
	free(copy.data);
	ae_model_free(back);
	fail_allocations(b, 3);
	for (size_t keep = 0; keep < len; keep += keep < 64 ? 1 : 61)
	{
		copy = splice(b, at + SECTION_HEADER + keep, len - keep, NULL, 0);
		put_number(copy.data + at + 8, 8, keep);
		good = good && spend(copy) == AE_ERR_CORRUPT;
	}
	ok(good, "cut anywhere it is refused");
	copy = splice(b, b.size, 0, b.data + at, b.size - at);
	ok(spend(copy) == AE_ERR_CORRUPT, "and twice");
	copy = splice(plain, AE_HEADER_BYTES, 0, b.data + at, b.size - at);
	ok(spend(copy) == AE_ERR_CORRUPT, "and before the network");

	ae_rng_seed(&rng, 3, 3);
	copy = splice(b, 0, 0, NULL, 0);
	for (int i = 0; i < 3000 && good; i++)
	{
		size_t		byte = at + SECTION_HEADER +
			ae_rng_below(&rng, (uint32_t) len);

		copy.data[byte] ^= (unsigned char) (1U << ae_rng_below(&rng, 8));
		if (ae_codec_read(&unit_env, copy.data, copy.size, &back) == AE_OK)
		{
			good = scores(back);
			ae_model_free(back);
		}
		copy.data[byte] = b.data[byte];
	}
	ok(good, "one bit changed, it is refused or harmless");
	free(copy.data);
	free(plain.data);
	free(b.data);
}

int
main(void)
{
	test_amplification();
	test_density();
	test_claims();
	test_misplaced_option();
	test_fields();
	test_kinds();
	test_hidden();
	test_code();
	test_conditions();
	test_classes();
	test_density_fields();
	test_bytes();
	test_sections();
	return done();
}
