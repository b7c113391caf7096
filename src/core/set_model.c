/*
 * set_model.c
 *	  Models of sets of items: planned, and checked.
 */
#include "core/set_model.h"

#include <math.h>

/* weights of an item, and of all of them, that a model keeps by default */
#define SET_ITEM_WEIGHTS 1000
#define SET_ALL_WEIGHTS (16 << 20)

/* no columns: what reads the features of a model finds none */
static AeStatus
set_plan_features(AeModel *model)
{
	model->features = ae_arena_alloc(&model->arena, 1, sizeof(AeFeatures));
	if (model->features == NULL)
		return AE_ERR_MEMORY;
	model->features->nrows = model->nseen;
	return AE_OK;
}

static AeStatus
set_plan_ease(AeModel *model)
{
	AeOptions  *o = &model->options;
	int			count = model->items->count;

	if (isnan(o->regularization))
		o->regularization = ae_ease_regularization(model->items);
	if (o->item_weights == AE_AUTO)
	{
		o->item_weights = SET_ALL_WEIGHTS / count;
		if (o->item_weights > SET_ITEM_WEIGHTS)
			o->item_weights = SET_ITEM_WEIGHTS;
		if (o->item_weights < 1)
			o->item_weights = 1;
	}
	if (o->item_weights > count - 1)
		o->item_weights = count > 1 ? count - 1 : 1;
	return ae_ease_plan(&model->ease, count, count > 1 ? o->item_weights : 0,
						&model->arena);
}

AeStatus
ae_set_model_plan(AeModel *model, AeSets *sets, const AeOptions *options,
				  AeArena *scratch, AeSetRows *rows)
{
	model->options = *options;
	/* what does not change the weights is no part of the model */
	model->options.workers = AE_AUTO;
	model->options.verbose = false;
	model->nseen = ae_sets_rows(sets);
	AE_TRY(ae_sets_fit(sets, options->min_frequency, &model->arena,
					   &model->items, scratch, rows));
	AE_TRY(set_plan_features(model));
	if (model->items->count == 0)
		return AE_OK;
	return set_plan_ease(model);
}

AeStatus
ae_set_model_prepare(AeModel *model)
{
	const AeItems *items = model->items;
	bool		is_ease = model->options.variant == AE_VARIANT_EASE;

	if (items == NULL || !ae_variant_is_of_sets(model->options.variant) ||
		is_ease != (model->ease.count > 0))
		return AE_ERR_CORRUPT;
	if (is_ease && model->ease.count != items->count)
		return AE_ERR_CORRUPT;
	return set_plan_features(model);
}
