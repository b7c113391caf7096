/*
 * sample.h
 *	  Rows like those of the training, from a model with a density.
 *
 * A code is drawn and decoded; then every cell is drawn on its own from what
 * the decoder says of it.  Same random numbers, same row.
 */
#ifndef AE_SAMPLE_H
#define AE_SAMPLE_H

#include "core/rng.h"
#include "core/score.h"

/* codes that are drawn for a row of which something is given */
#define AE_SAMPLE_CANDIDATES 128

/* work space; not shared between concurrent callers */
typedef struct AeSampler
{
	const AeModel *model;		/* borrowed; its density exists */
	AeScorer   *scorer;
	float	   *code;			/* (AE_SAMPLE_CANDIDATES, latent) */
	uint8_t    *flags;			/* (AE_SAMPLE_CANDIDATES, flags) */
	double	   *fit;			/* (AE_SAMPLE_CANDIDATES) */
	float	   *target;			/* (output_width) of what is given */
	double	   *decoded;		/* (ncells), of no interest */
	double	   *cumulated;		/* (most labels + 1) */
	float	   *settled;		/* (latent) with inputs that rows can have */
} AeSampler;

extern AeStatus ae_sampler_create(const AeModel *model,
								  const AeKernels *kernels, AeArena *arena,
								  AeSampler **sampler);

/*
 * A row: cells in original units, NaN where it is missing, labels as
 * ae_features_code() has them, counts whole.  Cells of given (ncells) that are
 * not NaN stay as they are, and the others are drawn as they are where those
 * are so; it may be NULL.
 */
extern void ae_sample_row(AeSampler *sampler, const double *given,
						  AeRng *rng, double *row);

/*
 * The parts of which the fit of a density makes use: a code with its flags,
 * and the outputs (output_width) it is decoded to.
 */
extern const float *ae_sample_outputs(AeSampler *sampler, AeRng *rng,
									  const uint8_t **flags);

/* whether a label has a text and a level was seen, so that it can be drawn */
extern bool ae_sample_has_label(const AeColumn *column, int label);

/*
 * What labels or levels weigh (nlabels) by the outputs of their column and the
 * shifts of the density, 0 for those that cannot be drawn; returns the sum.
 */
extern double ae_sample_weights(const AeColumn *column, const float *output,
								const float *shift, double *weight);

#endif							/* AE_SAMPLE_H */
