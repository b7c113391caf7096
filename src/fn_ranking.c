/*
 * fn_ranking.c
 *	  ae_recall() and ae_ndcg(): how well a ranking finds what is relevant.
 *
 * All are strict, so a NULL array never gets here.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(ae_recall);
PG_FUNCTION_INFO_V1(ae_ndcg);

/* the elements of an array */
typedef struct Elements
{
	Datum	   *values;
	bool	   *nulls;
	int			count;
} Elements;

/* the arguments, and how elements are compared */
typedef struct Ranking
{
	TypeCacheEntry *type;
	Oid			collation;
	Elements	ranked;
	Elements	relevant;		/* each once, no NULL */
	int			k;
} Ranking;

static Elements
ranking_elements(const Ranking *ranking, ArrayType *array)
{
	Elements	e;

	deconstruct_array(array, ARR_ELEMTYPE(array), ranking->type->typlen,
					  ranking->type->typbyval, ranking->type->typalign,
					  &e.values, &e.nulls, &e.count);
	return e;
}

static bool
ranking_equal(const Ranking *ranking, Datum a, Datum b)
{
	return DatumGetBool(FunctionCall2Coll(&ranking->type->eq_opr_finfo,
										  ranking->collation, a, b));
}

/* whether value is among the first count of values */
static bool
ranking_has(const Ranking *ranking, const Elements *elements, int count,
			Datum value)
{
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!elements->nulls[i] &&
			ranking_equal(ranking, elements->values[i], value))
			return true;
	}
	return false;
}

/* NULLs and what comes again are not relevant */
static void
ranking_unite(const Ranking *ranking, Elements *e)
{
	int			count = 0;

	for (int i = 0; i < e->count; i++)
		if (!e->nulls[i] && !ranking_has(ranking, e, count, e->values[i]))
		{
			e->values[count] = e->values[i];
			e->nulls[count++] = false;
		}
	e->count = count;
}

static void
ranking_read(FunctionCallInfo fcinfo, Ranking *ranking)
{
	ArrayType  *ranked = PG_GETARG_ARRAYTYPE_P(0);
	ArrayType  *relevant = PG_GETARG_ARRAYTYPE_P(1);

	ranking->type = lookup_type_cache(ARR_ELEMTYPE(ranked),
									  TYPECACHE_EQ_OPR_FINFO);
	if (!OidIsValid(ranking->type->eq_opr_finfo.fn_oid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("could not identify an equality operator for type %s",
						format_type_be(ARR_ELEMTYPE(ranked)))));
	ranking->collation = PG_GET_COLLATION();
	ranking->ranked = ranking_elements(ranking, ranked);
	ranking->relevant = ranking_elements(ranking, relevant);
	ranking_unite(ranking, &ranking->relevant);
	ranking->k = ranking->ranked.count;
	if (PG_NARGS() > 2)
		ranking->k = PG_GETARG_INT32(2);
	if (ranking->k < 1 && PG_NARGS() > 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of ranks must be at least 1, not %d",
						ranking->k)));
}

/* whether what is at a rank, from 0, is relevant and was not there before */
static bool
ranking_hits(const Ranking *ranking, int rank)
{
	const Elements *ranked = &ranking->ranked;
	Datum		value = ranked->values[rank];

	return !ranked->nulls[rank] &&
		ranking_has(ranking, &ranking->relevant, ranking->relevant.count,
					value) &&
		!ranking_has(ranking, ranked, rank, value);
}

/* what a hit at a rank is worth */
typedef double (*GainFn) (int rank);

static double
gain_equal(int rank)
{
	(void) rank;
	return 1.0;
}

static double
gain_discounted(int rank)
{
	return 1.0 / log2(rank + 2.0);
}

/* the gain of the hits by that of as many as there could be */
static Datum
ranking_measure(FunctionCallInfo fcinfo, GainFn gain)
{
	Ranking		ranking;
	double		sum = 0.0;
	double		best = 0.0;

	ranking_read(fcinfo, &ranking);
	if (ranking.relevant.count == 0)
		PG_RETURN_NULL();
	for (int i = 0; i < Min(ranking.k, ranking.ranked.count); i++)
		if (ranking_hits(&ranking, i))
			sum += gain(i);
	for (int i = 0; i < Min(Max(ranking.k, 1), ranking.relevant.count); i++)
		best += gain(i);
	PG_RETURN_FLOAT8(sum / best);
}

/* ae_recall(ranked anyarray, relevant anyarray [, k]) returns float8 */
Datum
ae_recall(PG_FUNCTION_ARGS)
{
	return ranking_measure(fcinfo, gain_equal);
}

/* ae_ndcg(ranked anyarray, relevant anyarray [, k]) returns float8 */
Datum
ae_ndcg(PG_FUNCTION_ARGS)
{
	return ranking_measure(fcinfo, gain_discounted);
}
