/*
 * score.h
 *	  A model applied to rows.
 *
 * Rows and expected rows are cells in original units as in feature.h; codes
 * are floats.  Every result for a row is the same to the bit whatever was
 * scored before it.  Nothing here fails or allocates, once there is a scorer.
 */
#ifndef AE_SCORE_H
#define AE_SCORE_H

#include "core/conditional.h"
#include "core/model.h"
#include "core/neighbour.h"
#include "core/score_evidence.h"

/* work space for one row; not shared between concurrent callers */
typedef struct AeScorer
{
	const AeModel *model;		/* borrowed */
	const AeKernels *kernels;
	double		weight;			/* of all columns */
	float	   *input;			/* (input_width) padded */
	float	   *target;			/* (output_width) padded, NaN: missing */
	float	   *code;			/* (latent) padded */
	float	   *output;			/* (output_width) padded */
	float	   *given;			/* (joined inputs) of condition columns */
	float	   *gradient;		/* (output_width), of no interest */
	float	   *scratch;		/* for ae_net_infer() */

	/* only for models with classes */
	float	   *known;			/* (inputs of the companion) padded */
	float	   *logit;			/* (classes) padded */
	float	   *class_scratch;	/* for ae_net_infer() */
	double	   *probability;	/* (classes) */

	/* scores distance and neighbour only */
	float	   *value;			/* (coordinates) see joint.h */
	float	   *reconstruction; /* (coordinates) */
	int16_t    *point;			/* (2 coordinates) */
	AeNeighbours *neighbours;	/* NULL before the model has a coreset */

	AeConditional *conditional; /* only of the score conditional */
	/* only for the scores elbo and iwae */
	float	   *code_input;		/* what the code's layer reads, padded */
	AeDraws    *draws;

	/* only for models with a head */
	float	   *head_input;		/* (inputs of the head) padded */
	float	   *head_scratch;	/* for ae_head_apply() */
	double	   *head_share;		/* (ncolumns) */
	double		log_alone;		/* log score of the row without the head */
	float		head_output;	/* what the head added to it */

	/* for explanations */
	double	   *contribution;	/* (ncolumns) */
	double	   *z;				/* (ncolumns) */
	double	   *expected;		/* (ncells) */
	double	   *suspicion;		/* (ncolumns) */
	double	   *fall;			/* (ncolumns) */
	double	   *hidden;			/* (ncells) */
} AeScorer;

/* of one row; the arrays are the scorer's, valid until its next use */
typedef struct AeExplanation
{
	double		score;			/* as ae_score_row() */

	/*
	 * (ncolumns) parts of score - median of the training rows.  Their shares
	 * contribution / sum are never negative.  A column's share is made of its
	 * part in the score and of how far the score falls when it is hidden; of
	 * the score conditional, which hides each column, of the former alone.
	 */
	const double *contribution;

	/*
	 * (ncolumns) how far each column is from what is expected of it, in its
	 * usual deviations: signed for a single number, else the root of the sum
	 * of squares; NaN where all of it is missing, and for the scores error
	 * and conditional also where it has no weight.
	 */
	const double *z;

	/*
	 * (ncells) as ae_score_reconstruct(); of the score conditional, what the
	 * other columns predict.
	 */
	const double *expected;
} AeExplanation;

extern AeStatus ae_scorer_create(const AeModel *model,
								 const AeKernels *kernels, AeArena *arena,
								 AeScorer **scorer);

/* the code of a row, in scorer->code; returns it */
extern const float *ae_score_encode(AeScorer *scorer, const double *row);

/* code (latent) to the row it stands for */
extern void ae_score_decode(AeScorer *scorer, const float *code,
							double *expected);

extern void ae_score_reconstruct(AeScorer *scorer, const double *row,
								 double *expected);

/*
 * Probabilities of the classes of a row, whatever its label is; the scorer's,
 * until its next use.  For models with classes only.
 */
extern const double *ae_score_classes(AeScorer *scorer, const double *row);

/*
 * The anomaly score, 0 or more.  NaN when every cell is missing.
 *
 *	error		mean over the columns that are present of the column's loss
 *				divided by its training mean
 *	distance	root of ae_joint_distance(), 1 for the median training row
 *	neighbour	mean distance of neighbour.h, 1 for the median training row
 *	conditional	as error, of columns that are hidden in turn, each divided by
 *				its mean when hidden; 1 for the median training row
 *	elbo, iwae	ae_draws_nats() as evidence.h counts them, likewise
 */
extern double ae_score_row(AeScorer *scorer, const double *row);

/* of a row, for the scores elbo and iwae; NaN as above */
extern double ae_score_nats(AeScorer *scorer, const double *row);
/*
 * The same in parts, for rows that are scored together.  A row's target and
 * bounded output are in scorer->target and scorer->output; these and what
 * place() fills in, value, reconstruction and point, may be the caller's.
 * Then, for the score neighbour, come the distances of the point.
 */
extern void ae_score_place(AeScorer *scorer);
extern double ae_score_finish(AeScorer *scorer);

/* false: every cell is missing */
extern bool ae_score_explain(AeScorer *scorer, const double *row,
							 AeExplanation *explanation);

/* the scale on which scores are calibrated; finite unless score is NaN */
extern double ae_score_log(double score);

/*
 * Expected share of normal rows that score at least as high, in (0, 1].  NaN
 * if the model is not calibrated or score is NaN.
 */
extern double ae_score_pvalue(const AeModel *model, double score);

/* coordinates of a row and its reconstruction, see joint.h */
extern void ae_score_coordinates(AeScorer *scorer, const double *row,
								 float *value, float *reconstruction);

/*
 * The loss of each column (ncolumns), NaN where all its cells are missing; not
 * weighted by the columns' weights.  expected (cells) may be NULL.  Returns
 * the row's loss as in training, NaN when every cell is missing.
 */
extern double ae_score_columns(AeScorer *scorer, const double *row,
							   double *column_loss, double *expected);

/* the same when each is hidden; models with the score conditional only */
extern void ae_score_hidden(AeScorer *scorer, const double *row,
							double *column_loss);

#endif							/* AE_SCORE_H */
