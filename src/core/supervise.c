/*
 * supervise.c
 *	  Learning from classes, which the label column has.
 */
#include "core/supervise.h"

#include <math.h>
#include <string.h>

#include "core/classes.h"

/* no probability is less, so that its logarithm is finite */
#define MIN_SHARE 1e-30

int
ae_supervise_rows(const AeModel *model, int slice_rows)
{
	return model->options.variant == AE_VARIANT_SEMI_SUPERVISED
		? slice_rows * ae_classes_count(model) : slice_rows;
}

AeStatus
ae_supervise_create(const AeModel *model, int slice_rows, AeArena *arena,
					AeSupervision **supervision)
{
	AeSupervision *s = ae_arena_alloc(arena, 1, sizeof(AeSupervision));
	size_t		rows = (size_t) slice_rows;
	size_t		n = (size_t) ae_classes_count(model);

	if (s == NULL)
		return AE_ERR_MEMORY;
	s->label = ae_arena_alloc(arena, rows, sizeof(int));
	s->share = ae_arena_alloc(arena, rows, n * sizeof(double));
	s->row_weight = ae_arena_alloc(arena, rows, n * sizeof(float));
	s->repeated = ae_arena_alloc(arena, rows, n);
	s->residual = ae_arena_alloc(arena, (size_t) model->features->ncolumns,
								 sizeof(AeResidual));
	if (s->label == NULL || s->share == NULL || s->row_weight == NULL ||
		s->repeated == NULL || s->residual == NULL)
		return AE_ERR_MEMORY;
	*supervision = s;
	return AE_OK;
}

/* parameters of the companion, those of the network being params */
static const float *
companion_params(const AeWorker *w, const float *params)
{
	return params == w->share.params ? params + w->model->net.nparams
		: w->model->companion_params;
}

static size_t
input_ld(const AeWorker *w)
{
	return AE_PAD((size_t) w->model->features->input_width);
}

static size_t
target_ld(const AeWorker *w)
{
	return AE_PAD((size_t) w->model->features->output_width);
}

/* classes of the rows, and what the companion, whose inputs are there, says */
static void
supervise_classify(AeWorker *w, const float *params, int nrows,
				   const AePass *pass)
{
	const AeModel *model = w->model;
	AeSupervision *s = w->supervision;
	int			n = ae_classes_count(model);
	int			last = model->companion.nlayers;

	ae_net_forward(&model->companion, w->blas, w->kernels,
				   companion_params(w, params), w->companion, nrows, pass);
	for (size_t r = 0; r < (size_t) nrows; r++)
	{
		s->label[r] = ae_classes_of(model, w->target + r * target_ld(w));
		ae_classes_shares(w->companion->h[last] + r * AE_PAD((size_t) n), n,
						  s->share + r * (size_t) n);
	}
}

/* the same of inputs in the tape, without their classes */
static void
supervise_classify_inputs(AeWorker *w, const float *params, int nrows,
						  const AePass *pass)
{
	float	   *x = w->companion->h[0];

	memcpy(x, w->tape->h[0], (size_t) nrows * input_ld(w) * sizeof(float));
	for (size_t r = 0; r < (size_t) nrows; r++)
		ae_classes_blank(w->model, x + r * input_ld(w));
	supervise_classify(w, params, nrows, pass);
}

void
ae_supervise_inputs(AeWorker *w, const float *params, int nrows)
{
	const AeModel *model = w->model;
	bool		semi = model->options.variant == AE_VARIANT_SEMI_SUPERVISED;
	size_t		n = (size_t) ae_classes_count(model);

	if (semi)
		supervise_classify_inputs(w, params, nrows, NULL);
	for (size_t r = 0; r < (size_t) nrows; r++)
	{
		float	   *x = w->tape->h[0] + r * input_ld(w);

		if (!semi)
			ae_classes_blank(model, x);
		else if (w->supervision->label[r] < 0)
			ae_classes_put(model, w->supervision->share + r * n, x);
	}
}

/*----------
 * Semi-supervised.
 *----------
 */

/*
 * Rows without a class are repeated for each, in place, from the last row on.
 * Returns the number of rows then in the tape.
 */
static int
semi_expand(AeWorker *w, int nrows)
{
	const AeModel *model = w->model;
	AeSupervision *s = w->supervision;
	size_t		ldi = input_ld(w);
	size_t		ldt = target_ld(w);
	int			n = ae_classes_count(model);
	int			count = 0;
	size_t		at;

	for (int r = 0; r < nrows; r++)
		count += s->label[r] >= 0 ? 1 : n;
	at = (size_t) count;
	for (size_t r = (size_t) nrows; r-- > 0;)
	{
		int			known = s->label[r];

		for (int y = n - 1; y >= 0; y--)
		{
			if (known >= 0 && y != known)
				continue;
			at--;
			memmove(w->tape->h[0] + at * ldi, w->tape->h[0] + r * ldi,
					ldi * sizeof(float));
			memmove(w->target + at * ldt, w->target + r * ldt,
					ldt * sizeof(float));
			ae_classes_set(model, y, w->tape->h[0] + at * ldi);
			s->repeated[at] = known < 0 && y > 0;
			s->row_weight[at] = known >= 0 ? 1.0f
				: (float) s->share[r * (size_t) n + (size_t) y];
		}
	}
	return count;
}

/* Lab but for log p(y) of row at of the tape, and its gradient */
static double
semi_cost(AeWorker *w, size_t at, const AePass *pass, AeResidual *residual)
{
	const AeModel *model = w->model;
	const AeNet *net = &model->net;
	const AeLayer *code = ae_net_code(net);
	const float *x = w->tape->h[code - net->layers] +
		at * AE_PAD((size_t) code->in);
	AeSupervision *s = w->supervision;
	double		weight = s->row_weight[at];
	double		divergence = 0.0;
	double		cost;

	cost = ae_likelihood(model, w->kernels, w->share.noise, w->weight, 1,
						 (int) target_ld(w),
						 w->tape->h[net->nlayers] + at * target_ld(w),
						 w->target + at * target_ld(w),
						 pass->scale * s->row_weight[at],
						 w->tape->dh[net->nlayers] + at * target_ld(w),
						 s->residual);
	for (int c = 0; c < model->features->ncolumns && residual != NULL; c++)
	{
		residual[c].squares += weight * s->residual[c].squares;
		residual[c].count += weight * s->residual[c].count;
	}
	for (int j = 0; j < code->out; j++)
		divergence += ae_gaussian_divergence(code, 1, x, j);
	return cost + pass->strength * code->penalty * divergence;
}

/* the loss of a row that is known; gradient of its logits in d */
static double
known_loss(const AeModel *model, int n, int known, const double *share,
		   float scale, float *d)
{
	double		weight = ae_classes_weight(model);

	for (int y = 0; y < n; y++)
		d[y] = (float) (scale * weight * (share[y] - (y == known)));
	return -weight * log(fmax(share[known], MIN_SHARE));
}

/* the same of one that is not, with the costs of all classes */
static double
unknown_loss(const AeModel *model, int n, const double *cost,
			 const double *share, float scale, float *d)
{
	double		unit = ae_classes_unit(model);
	double		loss = 0.0;

	for (int y = 0; y < n; y++)
		loss += share[y] * (cost[y] + unit * log(fmax(share[y], MIN_SHARE)));
	for (int y = 0; y < n; y++)
		d[y] = (float) (scale * share[y] *
						(cost[y] + unit * log(fmax(share[y], MIN_SHARE)) -
						 loss));
	return loss;
}

/* of all rows in the tape; gradients of outputs and logits in the tapes */
static double
semi_loss(AeWorker *w, int nrows, const AePass *pass, AeResidual *residual)
{
	const AeModel *model = w->model;
	AeSupervision *s = w->supervision;
	int			n = ae_classes_count(model);
	float	   *d = w->companion->dh[model->companion.nlayers];
	double		loss = 0.0;
	size_t		at = 0;

	if (residual != NULL)
		memset(residual, 0, (size_t) model->features->ncolumns *
			   sizeof(AeResidual));
	for (int r = 0; r < nrows; r++, d += AE_PAD((size_t) n))
	{
		const double *share = s->share + (size_t) r * (size_t) n;
		double		cost[AE_MAX_CLASSES];
		int			known = s->label[r];

		for (int y = 0; y < n; y++)
			if (known < 0 || y == known)
				cost[y] = semi_cost(w, at++, pass, residual) -
					ae_classes_unit(model) * ae_classes_log_prior(model, y);
		loss += known >= 0
			? cost[known] + known_loss(model, n, known, share, pass->scale, d)
			: unknown_loss(model, n, cost, share, pass->scale, d);
	}
	return loss;
}

double
ae_supervise_semi(AeWorker *w, int nrows, AePass pass, float *grads,
				  AeResidual *residual)
{
	const AeNet *net = &w->model->net;
	const float *params = w->share.params;
	double		loss;
	int			count;

	supervise_classify_inputs(w, params, nrows, &pass);
	count = semi_expand(w, nrows);
	pass.row_weight = w->supervision->row_weight;
	pass.repeated = w->supervision->repeated;
	ae_net_forward(net, w->blas, w->kernels, params, w->tape, count, &pass);
	loss = semi_loss(w, nrows, &pass, residual);
	if (grads == NULL)
		return loss;
	ae_net_backward(&w->model->companion, w->blas, w->kernels,
					companion_params(w, params), w->companion, nrows, &pass,
					grads + net->nparams);
	ae_net_backward(net, w->blas, w->kernels, params, w->tape, count, &pass,
					grads);
	return loss;
}

/*----------
 * Supervised.
 *----------
 */
double
ae_supervise_code(AeWorker *w, int nrows, const AePass *pass, float *grads)
{
	const AeModel *model = w->model;
	const AeNet *net = &model->net;
	const AeLayer *code = ae_net_code(net);
	int			n = ae_classes_count(model);
	size_t		ld = AE_PAD((size_t) ae_net_latent(net));
	float	   *d = w->companion->dh[model->companion.nlayers];
	double		loss = 0.0;

	for (size_t r = 0; r < (size_t) nrows; r++)
	{
		float	   *x = w->companion->h[0] + r * ld;

		/* what is joined, and the mean instead of a draw */
		memcpy(x, w->tape->h[net->ncoder] + r * ld, ld * sizeof(float));
		memcpy(x, w->tape->h[code - net->layers] +
			   r * AE_PAD((size_t) code->in),
			   (size_t) code->out * sizeof(float));
	}
	supervise_classify(w, w->share.params, nrows, pass);
	for (int r = 0; r < nrows; r++, d += AE_PAD((size_t) n))
	{
		int			known = w->supervision->label[r];

		memset(d, 0, (size_t) n * sizeof(float));
		if (known >= 0)
			loss += known_loss(model, n, known, w->supervision->share +
							   (size_t) r * (size_t) n, pass->scale, d);
	}
	if (grads == NULL)
		return loss;
	ae_net_backward(&model->companion, w->blas, w->kernels,
					companion_params(w, w->share.params), w->companion, nrows,
					pass, grads + net->nparams);
	w->tape->mean_gradient = w->companion->dh[0];
	return loss;
}
