/*
 * pg_recommend.h
 *	  What functions of all models do with one of sets of items.
 */
#ifndef AEPG_RECOMMEND_H
#define AEPG_RECOMMEND_H

#include "postgres.h"

#include "fmgr.h"

#include "core/model.h"

/* what a call site keeps between calls */
typedef struct AepgRecommendCall AepgRecommendCall;

/* ae_encode() where the model in argument 0 is of sets; *call, NULL at first,
 * is the call site's memory */
extern Datum aepg_recommend_encode(FunctionCallInfo fcinfo,
								   const AeModel *model,
								   AepgRecommendCall **call);

/* the model used last may go away */
extern void aepg_recommend_forget(AepgRecommendCall *call);

#endif							/* AEPG_RECOMMEND_H */
