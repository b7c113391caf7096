/*
 * model.h
 *	  A trained autoencoder: options, features, network, calibration, history.
 *
 * The model owns all of it through its arena.  Once trained or decoded it is
 * never written to, so that any number of scorers may share it.
 */
#ifndef AE_MODEL_H
#define AE_MODEL_H

#include "core/calibration.h"
#include "core/dataset.h"
#include "core/density.h"
#include "core/draw.h"
#include "core/ease.h"
#include "core/evidence.h"
#include "core/feature.h"
#include "core/head.h"
#include "core/histogram.h"
#include "core/joint.h"
#include "core/net.h"
#include "core/options.h"

#define AE_MAX_HISTORY 100000
#define AE_VERSION_BYTES 32

/* a unit that is active in a smaller share of the rows is dead */
#define AE_DEAD_ACTIVITY 1e-3f

/* mean divergence, in nats, from which on a variational unit is active */
#define AE_ACTIVE_DIVERGENCE 0.01f

typedef struct AeEpoch
{
	double		train_loss;		/* mean over the epoch's batches */
	double		validation_loss;	/* NaN without validation rows */
	double		learning_rate;	/* of the epoch's last step */
} AeEpoch;

/* A run of outputs with one kind of loss. */
typedef struct AeSpan
{
	AeLoss		loss;
	int			offset;			/* first output */
	int			width;			/* outputs */
} AeSpan;

typedef struct AeModel
{
	AeArena		arena;			/* holds everything below */
	char		version[AE_VERSION_BYTES];	/* of the library */
	AeOptions	options;		/* resolved */
	AeFeatures *features;
	AeNet		net;
	float	   *params;			/* net.nparams, padded */
	AeNet		companion;		/* trained together with net; nlayers is 0 if
								 * there is none */
	float	   *companion_params;	/* (companion.nparams), or NULL */
	double	   *column_loss;	/* (ncolumns) mean of each column's loss over
								 * the training rows after training; 0 if
								 * unseen */
	float	   *unit_activity;	/* (latent) of a sparse code: share of the
								 * training rows in which a unit is active; of
								 * a variational one: mean divergence; NULL
								 * for plain models */
	double		code_distance;	/* of the matched codes of training rows from
								 * draws, see matching.h; 0 without matching */
	double	   *noise;			/* (ncolumns) variance of a scaled number
								 * around its output, 1 for booleans and
								 * categories; NULL unless variational */
	double	   *hidden_loss;	/* (ncolumns) the same of columns that are
								 * hidden in turn; NULL unless the score is
								 * conditional */
	AeJoint		joint;			/* only log_unit, if the score is not in the
								 * joint space */
	AeEvidence	evidence;		/* only for the scores elbo and iwae */
	uint64_t	nanomalies;		/* known ones, not among features->nrows */
	AeHead		head;			/* of the score; only with enough of them */
	AeDensity	density;		/* of codes; only for the purpose generation */
	AeItems    *items;			/* of a model of sets, which has no columns;
								 * else NULL */
	AeEase		ease;			/* of the variant ease, which has no network */
	AeCalibration calibration;	/* of log scores, see ae_score_pvalue() */
	int			nhistory;
	AeEpoch    *history;
	int			best_epoch;		/* whose weights these are, from 1 */
	uint64_t	nsteps;			/* optimiser steps taken */
	uint64_t	nseen;			/* rows it stands for, those of updates
								 * included */
	AeHistogram *histograms;	/* (ncells) of those rows */
	float	   *velocity;		/* (nparams) of updates in parts; or NULL */
	float	   *residuals;		/* (ncells, AE_RESIDUALS) of hidden cells, see
								 * draw.h; NULL if training hid none */

	/*
	 * Derived by ae_model_prepare().  unit_weight makes the loss of a column
	 * start near 1: an array's is spread over its elements, a category's
	 * and an ordinal column's loss is divided by the entropy of its labels, a
	 * count's by the deviance around the mean.  loss_weight
	 * makes the loss of a row the weighted mean over source columns, each
	 * counted once.  score_weight divides by the column's training mean
	 * instead, that of hidden columns for the score conditional.  The weight
	 * of a block of logits or cut points stands at its first output, and that
	 * of a count has the scale of its target in it.
	 *
	 * Of a variational model loss_weight is the column's weight over the sum
	 * of those of all numbers, a boolean or category being one: see
	 * likelihood.h.
	 */
	int			nspans;
	AeSpan	   *spans;
	const AeColumn *classes;	/* whose labels the companion tells, or NULL */
	float	   *unit_weight;	/* (output_width) */
	float	   *loss_weight;	/* (output_width) */
	float	   *score_weight;	/* (output_width) */
	double		total_weight;	/* of all columns; variational: of all
								 * numbers */
} AeModel;

static inline bool
ae_model_has_companion(const AeModel *model)
{
	return model->companion.nlayers > 0;
}

/* floats of the parameters of both networks */
static inline size_t
ae_model_nparams(const AeModel *model)
{
	return model->net.nparams + model->companion.nparams;
}

/* inputs of the head: see score_head.h */
static inline int
ae_model_head_inputs(const AeModel *model)
{
	return 3 * model->joint.ncoords + 1;
}

/* targets of a column, whose outputs may be more */
static inline int
ae_model_targets(const AeColumn *column)
{
	return column->loss == AE_LOSS_SOFTMAX || column->loss == AE_LOSS_ORDINAL
		? 1 : column->output_width;
}

/* an empty model whose arena uses env; released by ae_model_free() */
extern AeStatus ae_model_create(const AeEnv *env, AeModel **model);
extern void ae_model_free(AeModel *model);

/*
 * From rows to an untrained model: fits the features, resolves the options
 * (automatic widths, code size, epochs) and plans the network.  Takes the time
 * of about one pass over the rows.  params is not allocated yet.
 */
extern AeStatus ae_model_plan(AeModel *model, AeDataset *dataset,
							  const AeOptions *options, const AeBlas *blas);

/*
 * Spans and weights, and what the options say of the code; for models planned,
 * just trained or decoded.  AE_ERR_CORRUPT when options and layers disagree.
 */
extern AeStatus ae_model_prepare(AeModel *model);

#endif							/* AE_MODEL_H */
