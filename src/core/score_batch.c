/*
 * score_batch.c
 *	  A model applied to many rows at once.
 *
 * The rows go forward in tiles whose activations stay in cache; the weights
 * are read once per tile, which is seldom enough.
 */
#include "core/score_batch.h"

#define TILE_ROWS 64

size_t
ae_score_batch_row_bytes(const AeModel *model)
{
	size_t		nfloats = AE_PAD((size_t) model->features->input_width) +
		AE_PAD((size_t) model->features->output_width) +
		AE_PAD((size_t) ae_net_latent(&model->net));

	return nfloats * sizeof(float) + sizeof(double);
}

AeStatus
ae_score_batch_create(AeScorer *scorer, int capacity, AeArena *arena,
					  AeScoreBatch **batch)
{
	const AeModel *model = scorer->model;
	AeScoreBatch *b = ae_arena_alloc(arena, 1, sizeof(AeScoreBatch));
	size_t		rows = (size_t) capacity;
	size_t		tile = rows < TILE_ROWS ? rows : TILE_ROWS;

	if (b == NULL)
		return AE_ERR_MEMORY;
	b->scorer = scorer;
	b->capacity = capacity;
	b->ninput = AE_PAD(model->features->input_width);
	b->noutput = AE_PAD(model->features->output_width);
	b->ncode = AE_PAD(ae_net_latent(&model->net));
	b->input = ae_arena_alloc(arena, rows,
							  (size_t) b->ninput * sizeof(float));
	b->target = ae_arena_alloc(arena, rows,
							   (size_t) b->noutput * sizeof(float));
	b->code = ae_arena_alloc(arena, rows, (size_t) b->ncode * sizeof(float));
	b->score = ae_arena_alloc(arena, rows, sizeof(double));
	b->output = ae_arena_alloc(arena, tile,
							   (size_t) b->noutput * sizeof(float));
	b->scratch = ae_arena_alloc(arena, 2 * tile,
								AE_PAD((size_t) model->net.max_width) *
								sizeof(float));
	if (b->input == NULL || b->target == NULL || b->code == NULL ||
		b->score == NULL || b->output == NULL || b->scratch == NULL)
		return AE_ERR_MEMORY;
	*batch = b;
	return AE_OK;
}

void
ae_score_batch_add(AeScoreBatch *b, const double *row)
{
	size_t		at = (size_t) b->nrows++;

	ae_features_encode(b->scorer->model->features, row,
					   b->input + at * (size_t) b->ninput,
					   b->target + at * (size_t) b->noutput);
}

/* the scores of rows first .. first + rows - 1, whose outputs are there */
static void
batch_scores(AeScoreBatch *b, int first, int rows)
{
	AeScorer   *scorer = b->scorer;
	float	   *target = scorer->target;
	float	   *output = scorer->output;

	for (int i = 0; i < rows; i++)
	{
		scorer->target = b->target +
			(size_t) (first + i) * (size_t) b->noutput;
		scorer->output = b->output + (size_t) i * (size_t) b->noutput;
		b->score[first + i] = ae_score_finish(scorer);
	}
	scorer->target = target;
	scorer->output = output;
}

int
ae_score_batch_run(AeScoreBatch *b, int what)
{
	const AeScorer *scorer = b->scorer;
	const AeModel *model = scorer->model;
	const AeNet *net = &model->net;
	int			npasses = 0;

	for (int first = 0; first < b->nrows; first += TILE_ROWS)
	{
		int			rows = b->nrows - first < TILE_ROWS
			? b->nrows - first : TILE_ROWS;
		const float *x = b->input + (size_t) first * (size_t) b->ninput;
		float	   *code = b->code + (size_t) first * (size_t) b->ncode;
		bool		by_code = (what & AE_BATCH_CODE) != 0;

		npasses++;
		if (by_code)
			ae_net_infer(net, scorer->kernels, model->params, 0, net->ncoder,
						 rows, x, b->ninput, code, b->ncode, b->scratch);
		if ((what & AE_BATCH_SCORE) == 0)
			continue;
		if (by_code && net->ncoder < net->nlayers)
			ae_net_infer(net, scorer->kernels, model->params, net->ncoder,
						 net->nlayers, rows, code, b->ncode,
						 b->output, b->noutput, b->scratch);
		else
			ae_net_infer(net, scorer->kernels, model->params, 0,
						 net->nlayers, rows, x, b->ninput,
						 b->output, b->noutput, b->scratch);
		batch_scores(b, first, rows);
	}
	return npasses;
}
