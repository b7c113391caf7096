/*
 * codec_set_test.c
 *	  Models of sets to bytes and back, and bytes that are wrong.
 */
#include "codec_model.h"
#include "set_model.h"

#include "core/ease.h"
#include "core/set_train.h"

static AeModel *
build_ease(void)
{
	AeSets	   *sets = make_sets(200, 36);
	AeOptions	options = set_options(AE_VARIANT_EASE);
	AeModel    *model = NULL;
	AeSetRows	rows;
	AeArena		arena;

	options.item_weights = 9;
	ae_arena_init(&arena, &unit_env);
	must(sets != NULL && ae_model_create(&unit_env, &model) == AE_OK &&
		 ae_set_model_plan(model, sets, NULL, &options, &arena,
							   &rows) == AE_OK &&
		 ae_ease_fit(&model->ease, model->items, &rows,
					 model->options.normalization,
					 model->options.row_normalization,
					 model->options.regularization, &ae_blas_reference,
					 &unit_env) == AE_OK);
	ae_set_rows_free(&rows);
	strcpy(model->version, "1.0");
	ae_sets_free(sets);
	ae_arena_free(&arena);
	return model;
}

/* two columns beside the sets of make_sets() */
static AeDataset *
make_columns(int nrows)
{
	AeColumnSpec specs[2] = {
		{.name = "age",.type = "integer",.ncells = 1,.weight = 1},
		{.name = "new",.type = "boolean",.kind = AE_KIND_BINARY,.ncells = 1,
			.weight = 1,.loss = AE_LOSS_LOGISTIC}
	};
	AeDataset  *dataset;

	must(ae_dataset_create(&unit_env, NULL, &set_budget, 2, specs,
						   &dataset) == AE_OK);
	for (int r = 0; r < nrows; r++)
	{
		double		row[2] = {r % 9, r % 4 == 0 ? NAN : r % 2};

		must(ae_dataset_append(dataset, row) == AE_OK);
	}
	must(ae_dataset_finish(dataset) == AE_OK);
	return dataset;
}

static AeModel *
build_mixed(void)
{
	AeSets	   *sets = make_sets(200, 36);
	AeDataset  *dataset = make_columns(200);
	AeOptions	options = set_options(AE_VARIANT_MULT_DAE);
	AeModel    *model = NULL;
	AeSetRows	rows;
	AeArena		arena;

	options.nhidden = 0;
	options.latent = 3;
	options.epochs = 2;
	ae_arena_init(&arena, &unit_env);
	must(sets != NULL && ae_model_create(&unit_env, &model) == AE_OK &&
		 ae_set_model_plan(model, sets, dataset, &options, &arena,
						   &rows) == AE_OK &&
		 ae_set_train(model, &rows, &ae_blas_reference,
					  ae_kernels_get(AE_KERNEL_AUTO), NULL) == AE_OK);
	ae_set_rows_free(&rows);
	strcpy(model->version, "1.0");
	model->items->column = text(model, "bought");
	ae_sets_free(sets);
	ae_dataset_free(dataset);
	ae_arena_free(&arena);
	return model;
}

static void
test_mixed(void)
{
	AeModel    *model = build_mixed();
	Blob		b = encode(model);
	AeModel    *back = NULL;
	Blob		again;

	ok(ae_codec_read(&unit_env, b.data, b.size, &back) == AE_OK,
	   "read a model with columns");
	ok(back->features->ncolumns == 2 && back->features->input_width == 3 &&
	   strcmp(back->items->column, "bought") == 0 &&
	   back->net.layers[0].in == 39, "columns");
	again = encode(back);
	ok(again.size == b.size && memcmp(again.data, b.data, b.size) == 0,
	   "the same bytes from it");
	ae_model_free(back);
	model->items->column = NULL;
	free(again.data);
	again = encode(model);
	ok(ae_codec_read(&unit_env, again.data, again.size, &back) ==
	   AE_ERR_CORRUPT, "columns without a name for the set");
	ae_model_free(model);
	free(again.data);
	free(b.data);
}

/* bytes that are foretold before the weights are known */
static size_t
bound_of(AeModel *model)
{
	size_t		bytes;

	model->ease.is_fitted = false;
	bytes = ae_codec_size(model, 0);
	model->ease.is_fitted = true;
	return bytes;
}

static void
test_round(void)
{
	AeModel    *model = build_ease();
	Blob		b = encode(model);
	AeModel    *back = NULL;
	size_t		n = (size_t) model->ease.count * (size_t) model->ease.kept;
	Blob		again;

	ok(b.size == ae_codec_size(model, 0) && b.size <= bound_of(model), "as large as foretold");
	ok(ae_codec_read(&unit_env, b.data, b.size, &back) == AE_OK, "read");
	ok(back->options.variant == AE_VARIANT_EASE &&
	   back->options.input == AE_INPUT_SET &&
	   back->options.regularization == model->options.regularization,
	   "options");
	ok(back->items->count == model->items->count && back->items->is_number &&
	   memcmp(back->items->start, model->items->start,
			  ((size_t) model->items->count + 1) * sizeof(uint32_t)) == 0,
	   "items");
	ok(back->ease.kept == 9 &&
	   memcmp(back->ease.target, model->ease.target,
			  n * sizeof(uint32_t)) == 0 &&
	   memcmp(back->ease.weight, model->ease.weight,
			  n * sizeof(float)) == 0, "weights");
	ok(back->nseen == 200 && back->features->ncolumns == 0, "rows");
	again = encode(back);
	ok(again.size == b.size && memcmp(again.data, b.data, b.size) == 0,
	   "the same bytes");
	ae_model_free(back);
	ae_model_free(model);
	free(again.data);
	free(b.data);
}

/* the model in which the statement was carried out is written, then refused */
#define WRONG(statement) \
	do { \
		AeModel    *m = build_ease(); \
		AeModel    *back; \
		Blob		b; \
		AeStatus	status; \
		\
		statement; \
		b = encode(m); \
		ae_model_free(m); \
		status = ae_codec_read(&unit_env, b.data, b.size, &back); \
		ok(status == AE_ERR_CORRUPT, "%s", #statement); \
		free(b.data); \
	} while (0)

static void
test_fields(void)
{
	WRONG(m->ease.target[0] = 36);
	WRONG(m->ease.target[1] = m->ease.target[0]);
	WRONG(m->ease.weight[5] = NAN);
	WRONG(m->ease.target[8] = 200);
	WRONG(m->ease.count--);
	WRONG(m->ease.kept = 36; m->ease.count = 9);
	WRONG(m->ease.count = 0);
	WRONG(m->items = NULL);
	WRONG(m->items->text[0] = '\0');
	WRONG(m->items->text[0] = 'x');
	WRONG(m->items->text[0] = '-');
	WRONG(m->items->start[1] = 0; m->items->start[2] = 0);
	WRONG(m->items->count--);
	WRONG(m->items->count = 0);
	WRONG(m->options.variant = AE_VARIANT_PLAIN);
	WRONG(m->options.variant = AE_VARIANT_MULT_VAE);
}

/* no part of it is read, none is read past its end, and no memory is lost */
static void
test_cut(void)
{
	AeModel    *model = build_ease();
	Blob		b = encode(model);
	int			read = 0;

	ae_model_free(model);
	for (size_t size = AE_HEADER_BYTES; size < b.size; size += 7)
	{
		unsigned char *cut = malloc(size);
		AeModel    *back;

		memcpy(cut, b.data, size);
		put_number(cut + 16, 8, size);
		read += ae_codec_read(&unit_env, cut, size, &back) == AE_OK;
		free(cut);
	}
	ok(read == 0, "no part of a model is one");
	free(b.data);
}

/* every byte is changed in turn: refused, or a model that can be applied */
static void
test_damage(AeModel *model)
{
	Blob		b = encode(model);
	bool		sound = true;
	int			read = 0;

	ae_model_free(model);
	for (size_t i = AE_HEADER_BYTES; i < b.size; i++)
	{
		AeModel    *back = NULL;
		unsigned char old = b.data[i];

		b.data[i] ^= (unsigned char) (1 + i % 255);
		if (ae_codec_read(&unit_env, b.data, b.size, &back) == AE_OK)
		{
			sound = sound && recommends(back);
			read++;
			ae_model_free(back);
		}
		b.data[i] = old;
	}
	ok(sound && read > 0, "%d damaged models could be applied", read);
	free(b.data);
}

int
main(void)
{
	test_round();
	test_fields();
	test_cut();
	test_mixed();
	test_damage(build_ease());
	test_damage(build_mixed());
	ok(unit_alloc_live == 0, "nothing is left");
	return done();
}
