/*
 * score_batch.c
 *	  A model applied to many rows at once.
 *
 * The rows go forward in tiles whose activations stay in cache; the weights
 * are read once per tile, which is seldom enough.
 */
#include "core/score_batch.h"

#define TILE_ROWS 64

/* rows whose points are compared with the coreset together; their distances
 * should stay in the first cache */
#define POINT_ROWS 4

size_t
ae_score_batch_row_bytes(const AeModel *model)
{
	size_t		nfloats = AE_PAD((size_t) model->features->input_width) +
		2 * AE_PAD((size_t) model->features->output_width) +
		AE_PAD((size_t) ae_net_latent(&model->net)) +
		2 * AE_PAD((size_t) model->net.max_width);

	return nfloats * sizeof(float) + sizeof(double);
}

/* what the score neighbour needs */
static AeStatus
batch_create_points(AeScoreBatch *b, AeArena *arena)
{
	const AeJoint *joint = &b->scorer->model->joint;
	size_t		d = (size_t) joint->ncoords;

	b->npoint = AE_PAD(2 * d);
	b->ndistance = (size_t) ae_joint_groups(joint) * AE_JOINT_GROUP;
	b->value = ae_arena_alloc(arena, POINT_ROWS, d * sizeof(float));
	b->reconstruction = ae_arena_alloc(arena, POINT_ROWS, d * sizeof(float));
	b->point = ae_arena_alloc(arena, POINT_ROWS,
							  b->npoint * sizeof(int16_t));
	b->distance = ae_arena_alloc(arena, POINT_ROWS,
								 b->ndistance * sizeof(float));
	b->least = ae_arena_alloc(arena, POINT_ROWS, AE_LANES * sizeof(float));
	return b->least == NULL || b->value == NULL || b->reconstruction == NULL ||
		b->point == NULL || b->distance == NULL ? AE_ERR_MEMORY : AE_OK;
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
	if (model->options.score == AE_SCORE_NEIGHBOUR)
		AE_TRY(batch_create_points(b, arena));
	*batch = b;
	return AE_OK;
}

void
ae_score_batch_add(AeScoreBatch *b, const double *row)
{
	size_t		at = (size_t) b->nrows++;

	ae_features_encode_fast(b->scorer->model->features, b->scorer->kernels,
							row, b->input + at * (size_t) b->ninput,
							b->target + at * (size_t) b->noutput);
}

/* points the scorer to a row; its output is number output in b->output */
static void
batch_set_row(AeScoreBatch *b, int row, int output)
{
	AeScorer   *scorer = b->scorer;

	scorer->target = b->target + (size_t) row * (size_t) b->noutput;
	scorer->output = b->output + (size_t) output * (size_t) b->noutput;
}

/* the same, with number at of POINT_ROWS points */
static void
batch_set_point(AeScoreBatch *b, int row, int output, size_t at)
{
	AeScorer   *scorer = b->scorer;
	size_t		d = (size_t) scorer->model->joint.ncoords;

	batch_set_row(b, row, output);
	scorer->value = b->value + at * d;
	scorer->reconstruction = b->reconstruction + at * d;
	scorer->point = b->point + at * b->npoint;
	scorer->neighbours->distance = b->distance + at * b->ndistance;
	scorer->neighbours->least = b->least + at * AE_LANES;
}

/* scores of rows, whose outputs are there, that need no neighbours */
static void
batch_plain_scores(AeScoreBatch *b, int first, int rows)
{
	for (int i = 0; i < rows; i++)
	{
		batch_set_row(b, first + i, i);
		ae_score_place(b->scorer);
		b->score[first + i] = ae_score_finish(b->scorer);
	}
}

static void
batch_neighbour_scores(AeScoreBatch *b, int first, int rows)
{
	AeScorer   *scorer = b->scorer;

	for (int start = 0; start < rows; start += POINT_ROWS)
	{
		int			n = rows - start < POINT_ROWS ? rows - start : POINT_ROWS;

		for (int i = 0; i < n; i++)
		{
			batch_set_point(b, first + start + i, start + i, (size_t) i);
			ae_score_place(scorer);
		}
		ae_neighbours_measure(scorer->neighbours, scorer->kernels, n,
							  b->point, b->npoint, b->distance,
							  b->ndistance, b->least);
		for (int i = 0; i < n; i++)
		{
			batch_set_point(b, first + start + i, start + i, (size_t) i);
			b->score[first + start + i] = ae_score_finish(scorer);
		}
	}
}

/* the scores of rows first .. first + rows - 1, whose outputs are there */
static void
batch_scores(AeScoreBatch *b, int first, int rows)
{
	AeScorer	own = *b->scorer;

	if (b->distance != NULL)
	{
		float	   *distance = own.neighbours->distance;
		float	   *least = own.neighbours->least;

		batch_neighbour_scores(b, first, rows);
		own.neighbours->distance = distance;
		own.neighbours->least = least;
	}
	else
		batch_plain_scores(b, first, rows);
	*b->scorer = own;
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
		scorer->kernels->bound(rows * b->noutput, AE_VALUE_LIMIT, b->output);
		batch_scores(b, first, rows);
	}
	return npasses;
}
