/*
 * model_resolve.h
 *	  Options that the user left to us; private to the planning of models.
 */
#ifndef AE_MODEL_RESOLVE_H
#define AE_MODEL_RESOLVE_H

#include "core/model.h"

/*
 * Replaces all that is automatic among the model's options, for features that
 * are fitted; a corruption that hides cells adds inputs to them.
 */
extern AeStatus ae_model_resolve(AeModel *model, AeDataset *dataset,
								 const AeBlas *blas);

#endif							/* AE_MODEL_RESOLVE_H */
