/*
 * codec_test.c
 *	  Models to bytes and back, and bytes damaged at random.
 */
#include "codec_model.h"

/*----------
 * Comparison.
 *----------
 */

/* NaN equals NaN, 0 does not equal -0 */
static bool
same(const void *a, const void *b, size_t bytes)
{
	if (a == NULL || b == NULL)
		return a == b;
	return memcmp(a, b, bytes) == 0;
}

static bool
same_cell(const AeCell *a, const AeCell *b)
{
	return a->nmissing == b->nmissing && a->constant == b->constant &&
		same(&a->mean, &b->mean, sizeof(double)) &&
		same(&a->stddev, &b->stddev, sizeof(double)) &&
		same(&a->min, &b->min, sizeof(double)) &&
		same(&a->max, &b->max, sizeof(double)) &&
		same(&a->centre, &b->centre, sizeof(double)) &&
		same(&a->spread, &b->spread, sizeof(double)) &&
		same(&a->deviance, &b->deviance, sizeof(double)) &&
		same(a->knots, b->knots, AE_KNOTS * sizeof(double));
}

static bool
same_column(const AeColumn *a, const AeColumn *b)
{
	if (strcmp(a->name, b->name) != 0 || strcmp(a->type, b->type) != 0 ||
		a->kind != b->kind || a->ncells != b->ncells ||
		a->cycles != b->cycles || a->scaling != b->scaling ||
		a->loss != b->loss || a->weight != b->weight ||
		a->hashed != b->hashed || a->nlabels != b->nlabels)
		return false;
	for (int i = 0; i < a->ncells; i++)
		if (!same_cell(&a->cells[i], &b->cells[i]))
			return false;
	if ((a->labels == NULL) != (b->labels == NULL) ||
		!same(a->levels, b->levels, (size_t) a->nlabels * sizeof(double)))
		return false;
	for (int i = 0; i < a->nlabels && a->labels != NULL; i++)
		if (strcmp(a->labels[i], b->labels[i]) != 0)
			return false;
	if (!same(a->frequency, b->frequency,
			  ((size_t) a->nlabels + 1) * sizeof(double)))
		return false;
	return a->cell == b->cell && a->input == b->input &&
		a->input_width == b->input_width && a->indicator == b->indicator &&
		a->output == b->output && a->output_width == b->output_width;
}

static bool
same_histograms(const AeModel *a, const AeModel *b)
{
	for (int i = 0; i < a->features->ncells; i++)
	{
		const AeHistogram *x = &a->histograms[i];
		const AeHistogram *y = &b->histograms[i];

		if (x->nedges != y->nedges || x->nbins != y->nbins ||
			!same(x->edges, y->edges, (size_t) x->nedges * sizeof(float)) ||
			!same(x->share, y->share, (size_t) x->nbins * sizeof(float)))
			return false;
	}
	return true;
}

static void
compare_models(const AeModel *a, const AeModel *b)
{
	const AeFeatures *f = a->features;
	size_t		width = (size_t) f->output_width * sizeof(float);
	bool		good = true;

	ok(strcmp(a->version, b->version) == 0, "version");
	ok(f->nrows == b->features->nrows &&
	   f->ncolumns == b->features->ncolumns &&
	   f->ncells == b->features->ncells &&
	   f->input_width == b->features->input_width &&
	   f->output_width == b->features->output_width, "features");
	for (int i = 0; i < f->ncolumns; i++)
		ok(same_column(&f->columns[i], &b->features->columns[i]),
		   "column \"%s\"", f->columns[i].name);
	for (int i = 0; i < ae_option_count; i++)
	{
		const AeOption *option = &ae_option_table[i];
		char		first[AE_OPTION_BYTES];
		char		second[AE_OPTION_BYTES];

		good = good &&
			ae_option_print(&a->options, option, first, sizeof(first)) &&
			ae_option_print(&b->options, option, second, sizeof(second)) &&
			strcmp(first, second) == 0;
	}
	ok(good, "options");
	ok(a->net.nlayers == b->net.nlayers && a->net.ncoder == b->net.ncoder &&
	   a->net.nparams == b->net.nparams &&
	   same(a->net.layers, b->net.layers,
			(size_t) a->net.nlayers * sizeof(AeLayer)), "layers");
	ok(same(a->params, b->params, a->net.nparams * sizeof(float)),
	   "weights, padding included");
	ok(a->nanomalies == b->nanomalies &&
	   a->head.log_unit == b->head.log_unit &&
	   a->head.net.nparams == b->head.net.nparams &&
	   same(a->head.params, b->head.params,
			a->head.net.nparams * sizeof(float)), "head");
	ok(same(a->column_loss, b->column_loss,
			(size_t) f->ncolumns * sizeof(double)), "calibration");
	ok(a->nhistory == b->nhistory && a->best_epoch == b->best_epoch &&
	   a->nsteps == b->nsteps && a->nseen == b->nseen &&
	   same(a->history, b->history, (size_t) a->nhistory * sizeof(AeEpoch)),
	   "history");
	ok(same_histograms(a, b), "histograms");
	ok(same(a->residuals, b->residuals, (size_t) a->features->ncells *
			AE_RESIDUALS * sizeof(float)), "residuals");
	ok(a->nspans == b->nspans && b->nspans > 0 &&
	   same(a->loss_weight, b->loss_weight, width) &&
	   same(a->score_weight, b->score_weight, width), "prepared");
}

/*
 * True when the bytes are refused, or give a model that scores and whose own
 * bytes read back and are written the same again.
 */
static bool
refused_or_sound(Blob b, int *accepted)
{
	AeModel    *model;
	AeModel    *again;
	Blob		first;
	Blob		second;
	bool		sound;

	if (ae_codec_read(&unit_env, b.data, b.size, &model) != AE_OK)
		return unit_alloc_live == 0;
	(*accepted)++;
	first = encode(model);
	sound = scores(model);
	ae_model_free(model);
	if (ae_codec_read(&unit_env, first.data, first.size, &again) != AE_OK)
	{
		free(first.data);
		return false;
	}
	second = encode(again);
	ae_model_free(again);
	sound = sound && first.size == second.size &&
		memcmp(first.data, second.data, first.size) == 0;
	free(first.data);
	free(second.data);
	return sound && unit_alloc_live == 0;
}

/* a model by way of its bytes, which it is written as again */
static AeModel *
read_back(const AeModel *model, const char *what)
{
	AeModel    *back = NULL;
	Blob		b = encode(model);
	Blob		again;

	ok(ae_codec_read(&unit_env, b.data, b.size, &back) == AE_OK, "%s", what);
	must(back != NULL);
	again = encode(back);
	ok(again.size == b.size && memcmp(again.data, b.data, b.size) == 0,
	   "same bytes again");
	free(b.data);
	free(again.data);
	return back;
}

static void
test_round_trip(void)
{
	AeModel    *model = build_trained();
	AeModel    *back = read_back(model, "read");
	AeModel    *planned;
	Blob		b = encode(model);
	unsigned char *odd = malloc(b.size + 1);

	must(odd != NULL);
	compare_models(model, back);
	ok(scores(back), "scores");
	ae_model_free(back);

	memcpy(odd + 1, b.data, b.size);
	ok(ae_codec_read(&unit_env, odd + 1, b.size, &back) == AE_OK,
	   "bytes need not be aligned");
	ae_model_free(back);

	planned = build_model();
	ok(ae_codec_size(planned, 3) == b.size, "size is known before training");
	ok(ae_codec_size(planned, 1000) == b.size + 997 * 24,
	   "size with a longer history");
	ae_model_free(planned);

	model->nhistory = 0;
	model->best_epoch = 0;
	ok(spend(encode(model)) == AE_OK, "no history");
	model->options.nhidden = AE_AUTO;
	model->features->columns[0].name = text(model, "");
	ok(spend(encode(model)) == AE_OK, "no name");
	model->velocity = model->params;
	ok(spend(encode(model)) == AE_OK, "a velocity");
	model->velocity = NULL;
	model->residuals = NULL;
	ok(spend(encode(model)) == AE_OK, "no residuals");
	ae_model_free(model);
	free(odd);
	free(b.data);
	ok(unit_alloc_live == 0, "nothing left");
}

static void
test_sparse(void)
{
	AeModel    *model = build_trained();
	AeModel    *back;

	make_sparse(model);
	back = read_back(model, "a sparse model");
	ok(back->net.ncoder == 3 && back->net.layers[2].kept == 2 &&
	   back->options.variant == AE_VARIANT_SPARSE &&
	   back->options.active == 0.5 && isnan(back->options.sparsity_weight) &&
	   memcmp(back->unit_activity, model->unit_activity,
			  3 * sizeof(float)) == 0, "what makes it sparse");
	ok(scores(back), "scores");
	ae_model_free(back);
	ae_model_free(model);
}

static void
test_variational(void)
{
	AeModel    *model = build_trained();
	AeModel    *back;

	make_variational(model);
	back = read_back(model, "a variational model");
	ok(ae_net_latent(&back->net) == 3 && back->options.beta == 0.5 &&
	   back->options.kl_warmup == 0.1 &&
	   fabs(back->net.layers[2].target - 0.2) < 1e-6 &&
	   fabs(back->net.layers[2].penalty * back->total_weight - 0.5) < 1e-6 &&
	   memcmp(back->noise, model->noise,
			  NCOLUMNS * sizeof(double)) == 0, "what makes it variational");
	ok(scores(back), "scores");
	ae_model_free(back);
	ae_model_free(model);
}

static void
test_matching(void)
{
	AeModel    *model = build_trained();
	AeModel    *back;
	AeOptions  *o = &model->options;
	size_t		without = ae_codec_size(model, model->nhistory);
	Blob		b;

	o->matching = AE_MATCHING_MMD;
	o->matching_weight = 0.5;
	model->code_distance = 0.25;
	ok(ae_codec_size(model, model->nhistory) >
	   without + SECTION_HEADER + 8,
	   "matched codes take options and a distance");
	back = read_back(model, "a model with matched codes");
	ok(back->options.matching == AE_MATCHING_MMD &&
	   back->options.matching_weight == 0.5 && back->code_distance == 0.25,
	   "and how well they match");
	ae_model_free(back);

	model->code_distance = 15.0;
	ok(spend(encode(model)) == AE_ERR_CORRUPT, "a distance that is too far");
	model->code_distance = NAN;
	ok(spend(encode(model)) == AE_ERR_CORRUPT, "a distance that is none");
	model->code_distance = -0.1;
	ok(spend(encode(model)) == AE_OK, "an estimate below zero");
	o->matching_weight = NAN;
	ok(spend(encode(model)) == AE_ERR_CORRUPT, "matching without a weight");
	o->matching = AE_MATCHING_NONE;
	make_variational(model);
	ok(spend(encode(model)) == AE_OK, "a variational model");
	o->matching = AE_MATCHING_MMD;
	o->matching_weight = 0.5;
	b = encode(model);
	ok(ae_codec_read(&unit_env, b.data, b.size, &back) == AE_OK &&
	   back->options.matching == AE_MATCHING_NONE,
	   "matching is no option of a variational model");
	ae_model_free(back);
	ae_model_free(model);
	free(b.data);
}

static void
test_classes(void)
{
	AeModel    *model = build_trained();
	AeModel    *back;

	make_classes(model);
	back = read_back(model, "a model with a condition and classes");
	ok(back->classes != NULL && back->classes->condition &&
	   back->classes->nlabels == 3 && back->options.label_weight == 2.5 &&
	   ae_net_joined(&back->net) == back->classes->input_width &&
	   back->net.joined[1] == back->classes->input + 1,
	   "what makes it so");
	ok(scores(back), "scores");
	ae_model_free(back);
	ae_model_free(model);
}

static void
test_companion(void)
{
	AeModel    *model = build_trained();
	AeModel    *back;
	AeNet	   *net = &model->companion;
	AeNet		companion;
	size_t		without;

	add_companion(model);
	ok(spend(encode(model)) == AE_ERR_CORRUPT,
	   "a companion that no option asks for");
	make_classes(model);
	companion = *net;
	*net = (AeNet) {0};
	ok(spend(encode(model)) == AE_ERR_CORRUPT,
	   "none where there must be one");
	without = ae_codec_size(model, model->nhistory);
	*net = companion;
	ok(ae_codec_size(model, model->nhistory) ==
	   without + SECTION_HEADER + 8 + 16 + 4 * ae_net_weights(net),
	   "a companion takes its layers and weights");
	back = read_back(model, "a model with a companion");
	ok(back->companion.nparams == net->nparams &&
	   memcmp(back->companion_params, model->companion_params,
			  net->nparams * sizeof(float)) == 0, "and its weights");
	ae_model_free(back);

	net->layers[0].in = 2;
	must(ae_net_plan(net) == AE_OK);
	ok(spend(encode(model)) == AE_ERR_CORRUPT,
	   "a companion that reads neither inputs nor codes");
	net->layers[0] = (AeLayer) {
		.kind = AE_LAYER_SPARSE,.in = 3,.out = 3
	};
	must(ae_net_plan(net) == AE_OK);
	ok(spend(encode(model)) == AE_ERR_CORRUPT, "a companion with a code");
	ae_model_free(model);
}

static void
test_header(void)
{
	AeModel    *model = build_trained();
	Blob		b = encode(model);
	unsigned char digest[AE_DIGEST_BYTES];
	unsigned char head[AE_HEADER_BYTES];
	AeHeader	header;
	bool		good;

	ae_model_free(model);
	for (int i = 0; i < AE_DIGEST_BYTES; i++)
		digest[i] = (unsigned char) (i + 1);
	ok(ae_codec_header(b.data, AE_HEADER_BYTES, &header) == AE_OK &&
	   header.format == AE_FORMAT_VERSION && header.total_bytes == b.size,
	   "header");
	good = true;
	for (int i = 0; i < AE_DIGEST_BYTES; i++)
		good = good && header.digest[i] == 0;
	ok(good, "digest is zero at first");
	ae_codec_set_digest(b.data, digest);
	ok(ae_codec_header(b.data, AE_HEADER_BYTES, &header) == AE_OK &&
	   memcmp(header.digest, digest, AE_DIGEST_BYTES) == 0 &&
	   memcmp(b.data + 24, digest, AE_DIGEST_BYTES) == 0, "digest");
	ok(read_status(b) == AE_OK, "reading leaves the digest to the host");

	good = true;
	for (size_t i = 0; i < 8; i++)
		good = good && ae_codec_header(b.data, i, &header) == AE_ERR_NOT_MODEL;
	for (size_t i = 8; i < AE_HEADER_BYTES; i++)
		good = good && ae_codec_header(b.data, i, &header) == AE_ERR_CORRUPT;
	ok(good, "short header");
	ok(ae_codec_header("", 0, &header) == AE_ERR_NOT_MODEL, "no bytes");
	good = true;
	for (int i = 0; i < 64; i++)
	{
		memcpy(head, b.data, AE_HEADER_BYTES);
		head[i / 8] ^= (unsigned char) (1 << i % 8);
		good = good && ae_codec_header(head, AE_HEADER_BYTES, &header) ==
			AE_ERR_NOT_MODEL;
	}
	ok(good, "every bit of the magic counts");

	memcpy(head, b.data, AE_HEADER_BYTES);
	memset(head + 12, 0xFF, AE_HEADER_BYTES - 12);
	put_number(head + 8, 4, AE_FORMAT_VERSION + 1);
	ok(ae_codec_header(head, AE_HEADER_BYTES, &header) == AE_ERR_VERSION &&
	   header.format == AE_FORMAT_VERSION + 1,
	   "a newer format, whatever else there is");
	put_number(head + 8, 4, UINT32_MAX);
	ok(ae_codec_header(head, AE_HEADER_BYTES, &header) == AE_ERR_VERSION,
	   "the newest format");
	good = true;
	for (int i = 8; i < AE_HEADER_BYTES; i++)
	{
		memcpy(head, b.data, AE_HEADER_BYTES);
		if (i < 12)
			put_number(head + 8, 4, 0);
		else if (i < 16 || i >= 56)
			head[i] = 1;
		else if (i < 24)
			put_number(head + 16, 8, AE_HEADER_BYTES - 1);
		else
			continue;
		good = good && ae_codec_header(head, AE_HEADER_BYTES, &header) ==
			AE_ERR_CORRUPT;
	}
	ok(good, "format 0, flags, reserved bytes, total");
	free(b.data);
}

static void
test_truncation(void)
{
	AeModel    *model = build_trained();
	Blob		b;
	bool		good = true;
	bool		fixed = true;

	/* nobody would miss the last section, which is optional */
	model->residuals = NULL;
	b = encode(model);
	ae_model_free(model);
	for (size_t len = 0; len < b.size; len++)
	{
		Blob		cut = splice(b, len, b.size - len, NULL, 0);

		fixed = fixed && read_status(cut) != AE_OK;
		if (len >= 24)
			put_number(cut.data + 16, 8, b.size);
		good = good && spend(cut) != AE_OK;
	}
	ok(good, "cut anywhere below %zu bytes", b.size);
	ok(fixed, "cut anywhere, total adapted");
	ok(spend(splice(b, b.size, 0, "", 1)) == AE_ERR_CORRUPT,
	   "a byte too many");
	for (int i = 0; i < NSECTIONS; i++)
	{
		size_t		at = section_at(b, i);
		size_t		len = (size_t) get_number(b.data + at + 8, 8);
		Blob		longer;

		good = true;
		for (size_t keep = 0; keep < len; keep++)
		{
			Blob		cut = splice(b, at + SECTION_HEADER + keep,
									 len - keep, NULL, 0);

			put_number(cut.data + at + 8, 8, keep);
			good = good && spend(cut) != AE_OK;
		}
		ok(good, "section %d cut anywhere", i);
		longer = splice(b, at + SECTION_HEADER + len, 0, "", 1);
		put_number(longer.data + at + 8, 8, len + 1);
		ok(spend(longer) == AE_ERR_CORRUPT, "section %d too long", i);
	}
	ok(unit_alloc_live == 0, "nothing left");
	free(b.data);
}

static void
test_flips(void)
{
	AeModel    *model = build_trained();
	Blob		b = encode(model);
	Blob		copy = splice(b, 0, 0, NULL, 0);
	AeRng		rng;
	int			accepted = 0;
	int			tried = 0;
	bool		good = true;

	ae_model_free(model);
	ae_rng_seed(&rng, 20, 0);
	for (size_t i = 0; i < b.size && good; i++)
		for (int bit = 0; bit < (i < 512 ? 8 : 1); bit++)
		{
			uint32_t	which = i < 512 ? (uint32_t) bit
				: ae_rng_below(&rng, 8);

			copy.data[i] ^= (unsigned char) (1U << which);
			good = good && refused_or_sound(copy, &accepted);
			tried++;
			if (!good)
				printf("# byte %zu bit %u\n", i, which);
			copy.data[i] = b.data[i];
		}
	ok(good, "one bit flipped");
	/* weights and statistics have no wrong values but few */
	ok(accepted > 0 && accepted < tried, "%d of %d flips give a model",
	   accepted, tried);

	/* lengths and counts are what small and large values break */
	good = true;
	for (size_t i = AE_HEADER_BYTES; i + 4 <= b.size && good; i++)
	{
		static const uint32_t values[] = {
			0, 0x7fffffff, 0x80000000, 0xffffffff
		};
		int			k = (int) (i % 4);

		put_number(copy.data + i, 4, values[k]);
		good = good && refused_or_sound(copy, &accepted);
		memcpy(copy.data + i, b.data + i, 4);
		put_number(copy.data + i, 4, values[(k + 1) % 4]);
		good = good && refused_or_sound(copy, &accepted);
		memcpy(copy.data + i, b.data + i, 4);
	}
	ok(good, "extreme numbers anywhere");
	free(copy.data);
	free(b.data);
}

static void
test_memory(void)
{
	AeModel    *model = build_trained();
	Blob		b = encode(model);

	ae_model_free(model);
	fail_allocations(b, 3);
	free(b.data);
}

static bool
same_evidence(const AeEvidence *a, const AeEvidence *b)
{
	return a->median == b->median && a->spread == b->spread;
}

static void
test_scores(void)
{
	for (int kind = 0; kind < NSCORES; kind++)
	{
		AeModel    *model = build_scored((AeScoreKind) kind);
		AeModel    *back;
		Blob		b = encode(model);

		ok(ae_codec_read(&unit_env, b.data, b.size, &back) == AE_OK &&
		   back->options.score == kind &&
		   (kind == AE_SCORE_ERROR || ae_score_is_evidence(kind) ||
			back->joint.log_unit == model->joint.log_unit) &&
		   ae_head_exists(&back->head) == ae_score_is_joint(kind) &&
		   same_evidence(&back->evidence, &model->evidence) &&
		   back->options.score_samples == model->options.score_samples,
		   "score %d is read back", kind);
		ae_model_free(back);
		ae_model_free(model);
		free(b.data);
	}
}

int
main(void)
{
	test_round_trip();
	test_sparse();
	test_variational();
	test_classes();
	test_companion();
	test_matching();
	test_scores();
	test_header();
	test_truncation();
	test_flips();
	test_memory();
	return done();
}
