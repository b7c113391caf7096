/*
 * recommend.h
 *	  A model of sets applied: scores of all items, and the best of them.
 *
 * A row's result has the same bits whatever was computed before.  Codes and
 * scores are finite.
 */
#ifndef AE_RECOMMEND_H
#define AE_RECOMMEND_H

#include "core/model.h"
#include "core/sets.h"

typedef struct AeScoredItem
{
	int			item;
	float		score;
} AeScoredItem;

typedef struct AeRecommender AeRecommender;

/* for one model, which it borrows; lives in arena, which may grow later */
extern AeStatus ae_recommender_create(const AeModel *model,
									  const AeKernels *kernels,
									  AeArena *arena,
									  AeRecommender **recommender);

/* scores of all items for who has these; members are united */
extern void ae_recommender_score(AeRecommender *r, const AeMember *members,
								 int count);

/*
 * From now on, who is recommended something has these values in the columns
 * of the model: cells (ncells) as for ae_features_encode().
 */
extern void ae_recommender_use_row(AeRecommender *r, const double *cells);

/* the code (latent) of who has these; only where there is a network */
extern const float *ae_recommender_encode(AeRecommender *r,
										  const AeMember *members, int count);

/* the vector (latent) of an item, and what is added to its inner product with
 * a code to give its score; only where there is a network */
extern float ae_recommender_item(const AeModel *model, int item,
								 float *vector);

/* scores of all items: how similar all items are to that one */
extern AeStatus ae_recommender_compare(AeRecommender *r, int item);

/*
 * The k best items in descending order of their scores, the more frequent
 * first where they are equal, but none of those excluded; with positive, only
 * those with a positive score.  Returns how many there are.  top has room for
 * k of them.
 */
extern int	ae_recommender_top(AeRecommender *r, const AeMember *excluded,
							   int nexcluded, bool positive, int k,
							   AeScoredItem *top);

#endif							/* AE_RECOMMEND_H */
