/*
 * pg_call.h
 *	  What a call site of a scoring function keeps between rows.
 */
#ifndef AEPG_CALL_H
#define AEPG_CALL_H

#include "postgres.h"

#include "access/htup.h"
#include "access/tupdesc.h"
#include "fmgr.h"

#include "core/score.h"
#include "pg_named.h"
#include "pg_recommend.h"
#include "pg_row.h"

/* usually lives in fn_extra; all but site, type and result is made for one
 * model */
typedef struct AepgCall
{
	const AeModel *model;		/* NULL: nothing below is usable */
	AeScorer   *scorer;
	double	   *row;			/* (ncells) of the value read last */
	double	   *expected;		/* (ncells) for results */
	AepgReader *reader;			/* NULL before the first row */

	AepgRecommendCall *of_sets; /* of models of sets; NULL until needed */
	AepgModelArg site;			/* of the model argument */
	Oid			type;			/* of the features argument */
	TupleDesc	result;			/* if it is a row; NULL until needed */
	MemoryContext context;		/* of what is made for the model */
} AepgCall;

/* the call site, ready to apply the model in argument arg */
extern AepgCall *aepg_call_model(FunctionCallInfo fcinfo, int arg);

/* the model in argument arg, of whatever kind, and the call site */
extern const AeModel *aepg_call_look(FunctionCallInfo fcinfo, int arg,
									 AepgCall **call);

/* the features in argument arg, read into row for the model in use */
extern void aepg_call_read(AepgCall *call, FunctionCallInfo fcinfo, int arg);

/* aepg_call_model(), with the features in argument arg + 1 read into row */
extern AepgCall *aepg_call_row(FunctionCallInfo fcinfo, int arg);

/*
 * Parts of the above, for rows that are no argument of a function: a call
 * that lives in context; ready to apply a model; the same anew, for another
 * type of rows; a row of a table read.
 */
extern AepgCall *aepg_call_create(MemoryContext context);
extern void aepg_call_use(AepgCall *call, const AeModel *model);
extern void aepg_call_reset(AepgCall *call);
extern void aepg_call_tuple(AepgCall *call, HeapTuple tuple, TupleDesc desc);

/* the cell value of a label, for reading a row with the model arg */
extern double aepg_call_label(void *arg, int column, const char *label,
							  size_t len);

/*
 * Results of the scoring functions.  The p-value is NaN if the score is; error
 * if the model is not calibrated.  Alpha must be in (0, 1).
 */
extern double aepg_score_pvalue(const AeModel *model, double score);
extern void aepg_alpha_check(double alpha);

/* numbers, copied, as real[] */
extern Datum aepg_call_vector(const float *vector, int count);

/*
 * Cells as double precision[]: a label as its subscript in the array that
 * ae_features() shows, NULL where there is nothing.
 */
extern Datum aepg_call_array(const AepgCall *call, const double *row);

#endif							/* AEPG_CALL_H */
