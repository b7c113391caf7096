/*
 * fn_report.c
 *	  ae_synthetic_report(): how good synthetic rows are.
 *
 * The rows of both queries are kept once, and one statement measures them all.
 * The queries run as their caller would run them; the statement names columns
 * only, and finds nothing but the system's functions and the extension's.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tstoreReceiver.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/queryenvironment.h"

#include "pg_query.h"
#include "pg_store.h"

PG_FUNCTION_INFO_V1(ae_synthetic_report);

#define REAL_ROWS "ae_real"
#define SYNTHETIC_ROWS "ae_synthetic"

/* fewer say nothing: half of the real ones are held out */
#define MIN_ROWS 4

/*
 * Of base, half of the real rows, held, the other half, and made, the
 * synthetic rows, which are who 0, 1 and 2.  A cell is a number or a label;
 * for pairs a number is the tenth of base that it is in.  Each measure tells
 * how far who 2 and, beside it, who 1 is from who 0.
 */
#define SHARE(who, window) \
	"count(*) FILTER (WHERE a.who = " who ") /" \
	" sum(count(*) FILTER (WHERE a.who = " who ")) OVER " window
#define SHARES(window) \
	SHARE("0", window) " AS p0, " SHARE("1", window) " AS p1, " \
	SHARE("2", window) " AS p2"
#define VARIATION \
	"sum(abs(p2 - p0)) / 2 AS made, sum(abs(p1 - p0)) / 2 AS held"
#define APART(what) \
	"abs(" what " FILTER (WHERE a.who = 2) -" \
	" " what " FILTER (WHERE a.who = 0)) AS made," \
	" abs(" what " FILTER (WHERE a.who = 1) -" \
	" " what " FILTER (WHERE a.who = 0)) AS held"
#define HEIGHT(n) "sum(" n ") OVER up / nullif(sum(" n ") OVER whole, 0)"

/* one column: its gaps, the shares of its labels, its distribution function */
#define COLUMN_MEASURES \
	"edge AS (" \
	" SELECT f, percentile_disc(ARRAY[.1, .2, .3, .4, .5, .6, .7, .8, .9])" \
	"  WITHIN GROUP (ORDER BY number) AS at" \
	" FROM cell WHERE who = 0 AND number IS NOT NULL GROUP BY f)," \
	"code AS MATERIALIZED (" \
	" SELECT who, i, f, CASE WHEN number IS NULL THEN label" \
	"  ELSE coalesce(width_bucket(number, at), 0)::text END AS bin" \
	" FROM cell LEFT JOIN edge USING (f))," \
	"gap AS (" \
	" SELECT f, " APART("avg(gone)") \
	" FROM (SELECT who, f, CASE WHEN number IS NULL AND label IS NULL" \
	"  THEN 1 ELSE 0 END AS gone FROM cell) a GROUP BY f)," \
	"label AS (" \
	" SELECT a.f, a.bin, " SHARES("one") \
	" FROM code a JOIN feature USING (f) WHERE NOT is_number" \
	" GROUP BY a.f, a.bin WINDOW one AS (PARTITION BY a.f))," \
	"step AS (" \
	" SELECT f, number, count(*) FILTER (WHERE who = 0) AS n0," \
	"  count(*) FILTER (WHERE who = 1) AS n1," \
	"  count(*) FILTER (WHERE who = 2) AS n2" \
	" FROM cell WHERE number IS NOT NULL GROUP BY f, number)," \
	"height AS (" \
	" SELECT f, " HEIGHT("n0") " AS p0, " HEIGHT("n1") " AS p1," \
	"  " HEIGHT("n2") " AS p2 FROM step" \
	" WINDOW up AS (PARTITION BY f ORDER BY number)," \
	"  whole AS (PARTITION BY f))," \
	"distribution AS (" \
	" SELECT f, " VARIATION " FROM label GROUP BY f UNION ALL" \
	" SELECT f, max(abs(p2 - p0)), max(abs(p1 - p0))" \
	" FROM height GROUP BY f),"

/* two columns together */
#define PAIR_MEASURES \
	"joint AS (" \
	" SELECT a.f, b.f AS g, " SHARES("duo") \
	" FROM code a JOIN code b" \
	"  ON a.who = b.who AND a.i = b.i AND a.f < b.f" \
	" GROUP BY a.f, b.f, a.bin, b.bin" \
	" WINDOW duo AS (PARTITION BY a.f, b.f))," \
	"pair AS (SELECT f, g, " VARIATION " FROM joint GROUP BY f, g)," \
	"correlation AS (" \
	" SELECT a.f, b.f AS g, " APART("corr(a.number, b.number)") \
	" FROM cell a JOIN cell b" \
	"  ON a.who = b.who AND a.i = b.i AND a.f < b.f" \
	" WHERE a.number IS NOT NULL AND b.number IS NOT NULL" \
	" GROUP BY a.f, b.f),"

/* whole rows: those that base has, and what models learn of base or made */
#define ROW_MEASURES \
	"whole AS MATERIALIZED (" \
	" SELECT who, array_agg(coalesce(number::text, label) ORDER BY f) AS cells" \
	" FROM cell GROUP BY who, i)," \
	"copy AS (" \
	" SELECT avg(seen) FILTER (WHERE who = 2) AS made," \
	"  avg(seen) FILTER (WHERE who = 1) AS held" \
	" FROM (SELECT who, CASE WHEN b.cells IS NULL THEN 0 ELSE 1 END AS seen" \
	"  FROM whole a LEFT JOIN" \
	"  (SELECT DISTINCT cells FROM whole WHERE who = 0) b USING (cells)) s)," \
	"model AS MATERIALIZED (SELECT" \
	" (SELECT @ae_train(\"?r\", (SELECT odd FROM training))" \
	"  FROM base \"?r\") AS odd," \
	" (SELECT @ae_train(\"?r\", (SELECT embedding FROM training))" \
	"  FROM base \"?r\") AS base," \
	" (SELECT @ae_train(\"?r\", (SELECT embedding FROM training))" \
	"  FROM made \"?r\") AS made)," \
	"score AS MATERIALIZED (" \
	" SELECT false AS is_made, @ae_anomaly_score(\"?m\".odd, \"?r\") AS odd" \
	" FROM model \"?m\", held \"?r\" UNION ALL" \
	" SELECT true, @ae_anomaly_score(\"?m\".odd, \"?r\")" \
	" FROM model \"?m\", made \"?r\")," \
	"quality AS MATERIALIZED (SELECT" \
	" (SELECT @ae_evaluate(\"?m\".made, \"?r\") FROM held \"?r\") AS made," \
	" (SELECT @ae_evaluate(\"?m\".base, \"?r\") FROM held \"?r\") AS held" \
	" FROM model \"?m\")," \
	"learnt AS (" \
	" SELECT f, coalesce(made #>> ARRAY['columns', name, 'r2']," \
	"  made #>> ARRAY['columns', name, 'accuracy'])::float8 AS made," \
	" coalesce(held #>> ARRAY['columns', name, 'r2']," \
	"  held #>> ARRAY['columns', name, 'accuracy'])::float8 AS held" \
	" FROM feature, quality) "

/* lines without a column are means over all columns or pairs */
#define LINES(place, measure, columns) \
	" UNION ALL SELECT " place ", '" measure "', " columns \
	", avg(made), avg(held) FROM " measure
#define COLUMN_LINES(place, measure) \
	LINES(place, measure, "f, NULL") " GROUP BY GROUPING SETS ((), (f))"
#define PAIR_LINES(place, measure) \
	LINES(place, measure, "f, g") " GROUP BY GROUPING SETS ((), (f, g))"
#define MIDDLE "percentile_cont(0.5) WITHIN GROUP (ORDER BY odd)"

#define REPORT_LINES \
	"SELECT measure, a.name, b.name, made, held FROM (" \
	" SELECT 1 AS place, 'copy' AS measure, NULL::int AS f, NULL::int AS g," \
	"  made::float8, held::float8 FROM copy" \
	" UNION ALL SELECT 2, 'distance', NULL, NULL," \
	"  " MIDDLE " FILTER (WHERE is_made)," \
	"  " MIDDLE " FILTER (WHERE NOT is_made) FROM score" \
	" UNION ALL SELECT 3, 'detection', NULL, NULL," \
	"  @ae_roc_auc(odd, is_made), 0.5 FROM score" \
	COLUMN_LINES("4", "learnt") COLUMN_LINES("5", "distribution") \
	COLUMN_LINES("6", "gap") PAIR_LINES("7", "pair") \
	PAIR_LINES("8", "correlation") \
	") m LEFT JOIN feature a ON a.f = m.f LEFT JOIN feature b ON b.f = g" \
	" WHERE made IS NOT NULL OR held IS NOT NULL" \
	" ORDER BY place, m.f NULLS FIRST, g"

/* a column of r as a number; NULL: its type makes it a label */
static const char *
report_number(Form_pg_attribute column)
{
	const char *name = quote_identifier(NameStr(column->attname));

	switch (getBaseType(column->atttypid))
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
			return psprintf("r.%s::float8", name);
		case CASHOID:
			return psprintf("r.%s::numeric::float8", name);
		case DATEOID:
		case TIMEOID:
		case TIMETZOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case INTERVALOID:
			return psprintf("extract(epoch FROM r.%s)::float8", name);
		default:
			return NULL;
	}
}

/*----------
 * Rows.
 *----------
 */

/* runs a query; its rows can be read by that name from now on */
static TupleDesc
report_keep_rows(char *name, const char *sql)
{
	SPIPlanPtr	plan = aepg_query_prepare(sql, "a report");
	CachedPlanSource *source = linitial(SPI_plan_get_plan_sources(plan));
	TupleDesc	desc = CreateTupleDescCopy(source->resultDesc);
	Tuplestorestate *rows = tuplestore_begin_heap(true, false, work_mem);
	DestReceiver *receiver = CreateTuplestoreDestReceiver();
	EphemeralNamedRelation relation =
		palloc0(sizeof(EphemeralNamedRelationData));

	SetTuplestoreDestReceiverParams(receiver, rows, CurrentMemoryContext,
									true, NULL, NULL);
	aepg_query_send(plan, receiver);
	if (tuplestore_tuple_count(rows) < MIN_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("query of a report returned fewer than %d rows",
						MIN_ROWS),
				 errdetail("It returned " INT64_FORMAT ".",
						   tuplestore_tuple_count(rows))));
	relation->md.name = name;
	relation->md.tupdesc = desc;
	relation->md.enrtype = ENR_NAMED_TUPLESTORE;
	relation->md.enrtuples = (double) tuplestore_tuple_count(rows);
	relation->reldata = rows;
	if (SPI_register_relation(relation) != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not keep the rows of a report");
	return desc;
}

static void
report_check_columns(TupleDesc real, TupleDesc synthetic)
{
	if (real->natts == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("query of a report must have a column")));
	if (real->natts != synthetic->natts)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("queries of a report must have the same columns"),
				 errdetail("They have %d and %d columns.", real->natts,
						   synthetic->natts)));
	for (int i = 0; i < real->natts; i++)
	{
		Form_pg_attribute a = TupleDescAttr(real, i);
		Form_pg_attribute b = TupleDescAttr(synthetic, i);

		if (strcmp(NameStr(a->attname), NameStr(b->attname)) != 0 ||
			a->atttypid != b->atttypid)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("queries of a report must have the same columns"),
					 errdetail("Column %d is \"%s\" of type %s and \"%s\" of type %s.",
							   i + 1, NameStr(a->attname),
							   format_type_be(a->atttypid),
							   NameStr(b->attname),
							   format_type_be(b->atttypid))));
	}
}

/*----------
 * The statement.
 *----------
 */
static void
report_add_list(StringInfo sql, TupleDesc desc)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);

		appendStringInfo(sql, "%s%s", i > 0 ? ", " : "",
						 quote_identifier(NameStr(column->attname)));
	}
}

/* the three sets of rows */
static void
report_add_rows(StringInfo sql, TupleDesc desc)
{
	static const char *const halves[] = {"held", "base"};

	appendStringInfoString(sql, "WITH ");
	for (size_t i = 0; i < lengthof(halves); i++)
	{
		appendStringInfo(sql, "%s AS MATERIALIZED (SELECT ", halves[i]);
		report_add_list(sql, desc);
		appendStringInfo(sql, " FROM (SELECT *, row_number() OVER () AS \"?\""
						 " FROM " REAL_ROWS ") r WHERE \"?\" %% 2 = %zu), ",
						 i);
	}
	appendStringInfoString(sql, "made AS MATERIALIZED (SELECT ");
	report_add_list(sql, desc);
	appendStringInfoString(sql, " FROM " SYNTHETIC_ROWS "), ");
}

/* the columns of a row r as (f, number, label) */
static void
report_add_values(StringInfo sql, TupleDesc desc)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);
		const char *number = report_number(column);

		appendStringInfo(sql, "%s(%d, ", i > 0 ? ", " : "", i);
		if (number != NULL)
			appendStringInfo(sql, "%s, NULL::text)", number);
		else
			appendStringInfo(sql, "NULL::float8, r.%s::text)",
							 quote_identifier(NameStr(column->attname)));
	}
}

static void
report_add_cells(StringInfo sql, TupleDesc desc)
{
	static const char *const names[] = {"base", "held", "made"};

	appendStringInfoString(sql, "feature (f, name, is_number) AS (VALUES ");
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);

		appendStringInfo(sql, "%s(%d, %s, %s)", i > 0 ? ", " : "", i,
						 quote_literal_cstr(NameStr(column->attname)),
						 report_number(column) != NULL ? "true" : "false");
	}
	appendStringInfoString(sql, "), cell AS MATERIALIZED (");
	for (size_t i = 0; i < lengthof(names); i++)
	{
		appendStringInfo(sql, "%sSELECT %zu AS who, r.\"?\" AS i, v.*"
						 " FROM (SELECT *, row_number() OVER () AS \"?\""
						 " FROM %s) r, LATERAL (VALUES ",
						 i > 0 ? " UNION ALL " : "", i, names[i]);
		report_add_values(sql, desc);
		appendStringInfoString(sql, ") v (f, number, label)");
	}
	appendStringInfoString(sql, "), ");
}

/* the options of the models that it trains */
static void
report_add_options(StringInfo sql, Jsonb *options)
{
	char	   *text = options == NULL ? "{}"
		: JsonbToCString(NULL, &options->root, VARSIZE(options));

	appendStringInfo(sql, "training AS (SELECT o AS odd,"
					 " '{\"purpose\": \"embedding\"}' || o AS embedding"
					 " FROM (VALUES (%s::jsonb)) v (o)), ",
					 quote_literal_cstr(text));
}

/* runs the statement, where names mean what they mean to the system */
static void
report_measure(Oid schema, TupleDesc desc, Jsonb *options,
			   ReturnSetInfo *result)
{
	int			level = NewGUCNestLevel();
	StringInfoData sql;

	initStringInfo(&sql);
	report_add_rows(&sql, desc);
	report_add_cells(&sql, desc);
	report_add_options(&sql, options);
	appendStringInfoString(&sql,
						   aepg_store_sql(schema,
										  COLUMN_MEASURES PAIR_MEASURES
										  ROW_MEASURES REPORT_LINES));
	(void) set_config_option("search_path", "pg_catalog, pg_temp",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
	if (SPI_execute(sql.data, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not measure the rows of a report");
	AtEOXact_GUC(true, level);
	for (uint64 i = 0; i < SPI_processed; i++)
		tuplestore_puttuple(result->setResult, SPI_tuptable->vals[i]);
}

/*----------
 * ae_synthetic_report
 *----------
 */
static char *
report_query(FunctionCallInfo fcinfo, int arg)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("query of a report must not be NULL")));
	return text_to_cstring(PG_GETARG_TEXT_PP(arg));
}

/*
 * ae_synthetic_report(real text, synthetic text [, options jsonb])
 * returns setof record
 */
Datum
ae_synthetic_report(PG_FUNCTION_ARGS)
{
	char	   *real = report_query(fcinfo, 0);
	char	   *synthetic = report_query(fcinfo, 1);
	Jsonb	   *options = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	TupleDesc	desc;

	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	desc = report_keep_rows(REAL_ROWS, real);
	report_check_columns(desc, report_keep_rows(SYNTHETIC_ROWS, synthetic));
	report_measure(aepg_store_schema(fcinfo), desc, options,
				   (ReturnSetInfo *) fcinfo->resultinfo);
	SPI_finish();
	return (Datum) 0;
}
