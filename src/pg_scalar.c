/*
 * pg_scalar.c
 *	  Values of one SQL type as numbers or labels of the core, and back.
 *
 * Calendar values become seconds since 2000-01-01 00:00 on a local clock: the
 * value's own for date, time and timestamp, the model's time zone for
 * timestamptz, UTC for timetz.  A session's TimeZone or DateStyle has no say,
 * because the functions that apply a model are immutable.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/cash.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "pg_compat.h"
#include "pg_scalar.h"

#define SECONDS_PER_DAY 86400.0
#define DAYS_PER_MONTH_SQL 30.0 /* as extract(epoch) of the server counts */
#define USECS_PER_SECOND 1e6

static const struct
{
	Oid			type;
	AepgForm	form;
}			scalar_types[] = {
	{INT2OID, AEPG_FORM_INT2},
	{INT4OID, AEPG_FORM_INT4},
	{INT8OID, AEPG_FORM_INT8},
	{FLOAT4OID, AEPG_FORM_FLOAT4},
	{FLOAT8OID, AEPG_FORM_FLOAT8},
	{NUMERICOID, AEPG_FORM_NUMERIC},
	{MONEYOID, AEPG_FORM_MONEY},
	{INTERVALOID, AEPG_FORM_INTERVAL},
	{BOOLOID, AEPG_FORM_BOOL},
	{DATEOID, AEPG_FORM_DATE},
	{TIMEOID, AEPG_FORM_TIME},
	{TIMETZOID, AEPG_FORM_TIMETZ},
	{TIMESTAMPOID, AEPG_FORM_TIMESTAMP},
	{TIMESTAMPTZOID, AEPG_FORM_TIMESTAMPTZ},
	{TEXTOID, AEPG_FORM_TEXT},
	{VARCHAROID, AEPG_FORM_TEXT},
	{BPCHAROID, AEPG_FORM_BPCHAR},
	{CHAROID, AEPG_FORM_OUTPUT},
	{NAMEOID, AEPG_FORM_OUTPUT},
	{UUIDOID, AEPG_FORM_OUTPUT},
	{MACADDROID, AEPG_FORM_OUTPUT},
	{MACADDR8OID, AEPG_FORM_OUTPUT},
	{BITOID, AEPG_FORM_OUTPUT},
	{VARBITOID, AEPG_FORM_OUTPUT},
	{OIDOID, AEPG_FORM_OUTPUT},
	{UNKNOWNOID, AEPG_FORM_UNKNOWN},
};

#define KIND_BIT(kind) (1 << (kind))
#define AS_NUMBER KIND_BIT(AE_KIND_NUMERIC)
#define AS_BINARY KIND_BIT(AE_KIND_BINARY)
#define AS_CATEGORY KIND_BIT(AE_KIND_CATEGORY)
#define AS_CALENDAR KIND_BIT(AE_KIND_CALENDAR)
#define AS_ORDINAL KIND_BIT(AE_KIND_ORDINAL)
#define AS_QUANTITY (AS_NUMBER | KIND_BIT(AE_KIND_POISSON) | AS_ORDINAL | \
					 KIND_BIT(AE_KIND_POSITIVE))
#define AS_POSITIVE (AS_NUMBER | KIND_BIT(AE_KIND_POSITIVE))
#define AS_TRUTH (AS_NUMBER | AS_BINARY | AS_CATEGORY)
#define AS_CODE (AS_QUANTITY | AS_TRUTH)

/*
 * A number can be a category only if its text does not depend on a setting of
 * the session.
 */
static const struct
{
	AeKind		kind;			/* unless told otherwise */
	int			kinds;			/* KIND_BITs that are possible */
	int			cycles;
}			scalar_traits[AEPG_FORM_COUNT] = {
	[AEPG_FORM_INT2] = {AE_KIND_NUMERIC, AS_CODE, 0},
	[AEPG_FORM_INT4] = {AE_KIND_NUMERIC, AS_CODE, 0},
	[AEPG_FORM_INT8] = {AE_KIND_NUMERIC, AS_CODE, 0},
	[AEPG_FORM_FLOAT4] = {AE_KIND_NUMERIC, AS_QUANTITY | AS_BINARY, 0},
	[AEPG_FORM_FLOAT8] = {AE_KIND_NUMERIC, AS_QUANTITY | AS_BINARY, 0},
	[AEPG_FORM_NUMERIC] = {AE_KIND_NUMERIC, AS_CODE, 0},
	[AEPG_FORM_MONEY] = {AE_KIND_NUMERIC, AS_QUANTITY, 0},
	[AEPG_FORM_INTERVAL] = {AE_KIND_NUMERIC, AS_POSITIVE, 0},
	[AEPG_FORM_BOOL] = {AE_KIND_BINARY, AS_TRUTH, 0},
	[AEPG_FORM_DATE] = {AE_KIND_CALENDAR, AS_NUMBER | AS_CALENDAR,
	AE_CYCLE_WEEK | AE_CYCLE_YEAR},
	[AEPG_FORM_TIME] = {AE_KIND_CALENDAR, AS_NUMBER | AS_CALENDAR,
	AE_CYCLE_DAY},
	[AEPG_FORM_TIMETZ] = {AE_KIND_CALENDAR, AS_NUMBER | AS_CALENDAR,
	AE_CYCLE_DAY},
	[AEPG_FORM_TIMESTAMP] = {AE_KIND_CALENDAR, AS_NUMBER | AS_CALENDAR,
	AE_CYCLE_DAY | AE_CYCLE_WEEK | AE_CYCLE_YEAR},
	[AEPG_FORM_TIMESTAMPTZ] = {AE_KIND_CALENDAR, AS_NUMBER | AS_CALENDAR,
	AE_CYCLE_DAY | AE_CYCLE_WEEK | AE_CYCLE_YEAR},
	[AEPG_FORM_TEXT] = {AE_KIND_CATEGORY, AS_CATEGORY, 0},
	[AEPG_FORM_BPCHAR] = {AE_KIND_CATEGORY, AS_CATEGORY, 0},
	[AEPG_FORM_OUTPUT] = {AE_KIND_CATEGORY, AS_CATEGORY, 0},
	[AEPG_FORM_UNKNOWN] = {AE_KIND_CATEGORY, AS_CODE | AS_CALENDAR, 0},
};

static bool
scalar_find_form(Oid base, AepgForm *form)
{
	char		category;
	bool		preferred;

	for (size_t i = 0; i < lengthof(scalar_types); i++)
	{
		if (scalar_types[i].type == base)
		{
			*form = scalar_types[i].form;
			return true;
		}
	}

	/* other types that are labels by nature, such as enums and citext */
	if (type_is_rowtype(base))
		return false;
	get_type_category_preferred(base, &category, &preferred);
	*form = AEPG_FORM_OUTPUT;
	return category == TYPCATEGORY_STRING || category == TYPCATEGORY_ENUM ||
		category == TYPCATEGORY_NETWORK;
}

bool
aepg_scalar_init(AepgScalar *scalar, Oid type, int32 typmod,
				 MemoryContext context)
{
	Oid			function;
	bool		is_varlena;

	memset(scalar, 0, sizeof(AepgScalar));
	scalar->type = type;
	scalar->typmod = typmod;
	scalar->base = getBaseTypeAndTypmod(type, &scalar->typmod);
	if (!scalar_find_form(scalar->base, &scalar->form))
		return false;
	scalar->kind = scalar_traits[scalar->form].kind;
	scalar->is_enum = type_is_enum(scalar->base);

	getTypeOutputInfo(scalar->base, &function, &is_varlena);
	fmgr_info_cxt(function, &scalar->output, context);
	getTypeInputInfo(scalar->base, &function, &scalar->ioparam);
	fmgr_info_cxt(function, &scalar->input, context);
	if (scalar->typmod >= 0 &&
		find_typmod_coercion_function(scalar->base, &function) ==
		COERCION_PATH_FUNC)
		fmgr_info_cxt(function, &scalar->coerce, context);

	if (scalar->form == AEPG_FORM_MONEY)
		scalar->units = (double)
			DatumGetCash(DirectFunctionCall1(int4_cash, Int32GetDatum(1)));
	return true;
}

bool
aepg_scalar_allows(const AepgScalar *scalar, AeKind kind)
{
	if (scalar->is_enum && kind == AE_KIND_ORDINAL)
		return true;
	return (scalar_traits[scalar->form].kinds & KIND_BIT(kind)) != 0;
}

char	  **
aepg_scalar_enum_labels(const AepgScalar *scalar, int *count)
{
	Relation	relation;
	Relation	index;
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;
	List	   *names = NIL;
	ListCell   *cell;
	char	  **labels;

	*count = 0;
	if (!scalar->is_enum)
		return NULL;
	ScanKeyInit(&key, Anum_pg_enum_enumtypid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(scalar->base));
	relation = table_open(EnumRelationId, AccessShareLock);
	index = index_open(EnumTypIdSortOrderIndexId, AccessShareLock);
	scan = systable_beginscan_ordered(relation, index, NULL, 1, &key);
	tuple = systable_getnext_ordered(scan, ForwardScanDirection);
	while (HeapTupleIsValid(tuple))
	{
		Form_pg_enum member = (Form_pg_enum) GETSTRUCT(tuple);

		names = lappend(names, pstrdup(NameStr(member->enumlabel)));
		tuple = systable_getnext_ordered(scan, ForwardScanDirection);
	}
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	table_close(relation, AccessShareLock);

	labels = palloc(Max(list_length(names), 1) * sizeof(char *));
	foreach(cell, names)
		labels[(*count)++] = lfirst(cell);
	return labels;
}

int
aepg_scalar_cycles(const AepgScalar *scalar)
{
	return scalar_traits[scalar->form].cycles;
}

/*----------
 * From SQL.
 *----------
 */
static double
scalar_numeric_number(Datum value)
{
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
											  value));
}

static double
scalar_interval_seconds(const Interval *interval)
{
	if (!aepg_interval_is_finite(interval))
		return HUGE_VAL;
	return interval->time / USECS_PER_SECOND +
		SECONDS_PER_DAY * (interval->day +
						   DAYS_PER_MONTH_SQL * interval->month);
}

static double
scalar_timetz_seconds(const TimeTzADT *value)
{
	double		utc = value->time / USECS_PER_SECOND + value->zone;

	return utc - SECONDS_PER_DAY * floor(utc / SECONDS_PER_DAY);
}

static double
scalar_timestamptz_seconds(TimestampTz value, const pg_tz *zone)
{
	pg_time_t	instant = timestamptz_to_time_t(value);
	const struct pg_tm *local = pg_localtime(&instant, zone);

	return value / USECS_PER_SECOND + (local ? local->tm_gmtoff : 0);
}

static double
scalar_literal_number(const char *text)
{
	bool		truth;

	if (parse_bool(text, &truth))
		return truth ? 1 : 0;
	return DatumGetFloat8(DirectFunctionCall1(float8in,
											  CStringGetDatum(text)));
}

double
aepg_scalar_number(const AepgScalar *scalar, Datum value)
{
	switch (scalar->form)
	{
		case AEPG_FORM_INT2:
			return DatumGetInt16(value);
		case AEPG_FORM_INT4:
			return DatumGetInt32(value);
		case AEPG_FORM_INT8:
			return (double) DatumGetInt64(value);
		case AEPG_FORM_FLOAT4:
			return DatumGetFloat4(value);
		case AEPG_FORM_FLOAT8:
			return DatumGetFloat8(value);
		case AEPG_FORM_NUMERIC:
			return scalar_numeric_number(value);
		case AEPG_FORM_MONEY:
			return DatumGetCash(value) / scalar->units;
		case AEPG_FORM_INTERVAL:
			return scalar_interval_seconds(DatumGetIntervalP(value));
		case AEPG_FORM_BOOL:
			return DatumGetBool(value) ? 1 : 0;
		case AEPG_FORM_DATE:
			if (DATE_NOT_FINITE(DatumGetDateADT(value)))
				return HUGE_VAL;
			return DatumGetDateADT(value) * SECONDS_PER_DAY;
		case AEPG_FORM_TIME:
			return DatumGetTimeADT(value) / USECS_PER_SECOND;
		case AEPG_FORM_TIMETZ:
			return scalar_timetz_seconds(DatumGetTimeTzADTP(value));
		case AEPG_FORM_TIMESTAMP:
			if (TIMESTAMP_NOT_FINITE(DatumGetTimestamp(value)))
				return HUGE_VAL;
			return DatumGetTimestamp(value) / USECS_PER_SECOND;
		case AEPG_FORM_TIMESTAMPTZ:
			if (TIMESTAMP_NOT_FINITE(DatumGetTimestampTz(value)))
				return HUGE_VAL;
			return scalar_timestamptz_seconds(DatumGetTimestampTz(value),
											  scalar->zone);
		case AEPG_FORM_UNKNOWN:
			return scalar_literal_number(DatumGetCString(value));
		case AEPG_FORM_TEXT:
		case AEPG_FORM_BPCHAR:
		case AEPG_FORM_OUTPUT:
			break;
	}
	elog(ERROR, "type %u has no number", scalar->type);
}

const char *
aepg_scalar_label(AepgScalar *scalar, Datum value, size_t *len)
{
	const char *label;

	if (scalar->form == AEPG_FORM_TEXT || scalar->form == AEPG_FORM_BPCHAR)
	{
		struct varlena *text = PG_DETOAST_DATUM_PACKED(value);

		label = VARDATA_ANY(text);
		*len = VARSIZE_ANY_EXHDR(text);
		if (scalar->form == AEPG_FORM_BPCHAR)
			*len = bpchartruelen(VARDATA_ANY(text), *len);
		return label;
	}

	label = OutputFunctionCall(&scalar->output, value);
	*len = strlen(label);
	return label;
}

/*----------
 * To SQL.
 *----------
 */

/* the integer closest to number within the limits, which must be doubles */
static int64
scalar_round(double number, double min, double max)
{
	if (number <= min)
		return (int64) min;
	if (number >= max)
		return (int64) max;
	return (int64) rint(number);
}

/* 2^63 is a double but not an int64 */
static int64
scalar_round_int8(double number)
{
	if (number >= 0x1p63)
		return PG_INT64_MAX;
	if (number <= -0x1p63)
		return PG_INT64_MIN;
	return (int64) rint(number);
}

/* the largest value of numeric(precision, scale) */
static Datum
scalar_largest_numeric(int precision, int scale, bool negative)
{
	char	   *digits = palloc(precision + 1);
	char	   *text;

	memset(digits, '9', precision);
	digits[precision] = '\0';
	text = psprintf("%s%se%d", negative ? "-" : "", digits, -scale);
	return DirectFunctionCall3(numeric_in, CStringGetDatum(text),
							   ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(-1));
}

static Datum
scalar_numeric(int32 typmod, double number)
{
	if (typmod >= (int32) VARHDRSZ)
	{
		/* 15 digits survive the way through double precision */
		const double exact = 1 - 1e-14;
		int			precision = ((typmod - VARHDRSZ) >> 16) & 0xffff;
		int			scale = (((typmod - VARHDRSZ) & 0x7ff) ^ 1024) - 1024;
		double		limit = pow(10, precision - scale);

		if (fabs(number) >= limit * exact ||
			fabs(number) >= limit - 0.5 * pow(10, -scale))
			return scalar_largest_numeric(precision, scale, number < 0);
	}
	return DirectFunctionCall1(float8_numeric, Float8GetDatum(number));
}

static Datum
scalar_interval(double seconds)
{
	Interval   *interval = palloc0(sizeof(Interval));
	double		day = trunc(seconds / SECONDS_PER_DAY);

	day = Max(Min(day, PG_INT32_MAX - 1), PG_INT32_MIN + 1);
	interval->day = (int32) day;
	interval->time = scalar_round((seconds - day * SECONDS_PER_DAY) *
								  USECS_PER_SECOND,
								  -(double) USECS_PER_DAY,
								  (double) USECS_PER_DAY);
	return IntervalPGetDatum(interval);
}

static int64
scalar_time(double seconds)
{
	return scalar_round(seconds * USECS_PER_SECOND, 0,
						(double) (USECS_PER_DAY - 1));
}

static Datum
scalar_timetz(double seconds)
{
	TimeTzADT  *value = palloc0(sizeof(TimeTzADT));

	value->time = scalar_time(seconds);
	return TimeTzADTPGetDatum(value);
}

static Timestamp
scalar_timestamp(double seconds)
{
	return scalar_round(seconds * USECS_PER_SECOND, (double) MIN_TIMESTAMP,
						(double) (END_TIMESTAMP - USECS_PER_SEC));
}

static TimestampTz
scalar_timestamptz(double seconds, const pg_tz *zone)
{
	Timestamp	local = scalar_timestamp(seconds);
	TimestampTz result;
	struct pg_tm tm;
	fsec_t		fraction;
	int			offset;

	if (timestamp2tm(local, NULL, &tm, &fraction, NULL, NULL) != 0)
		return local;
	offset = DetermineTimeZoneOffset(&tm, unconstify(pg_tz *, zone));
	if (tm2timestamp(&tm, fraction, &offset, &result) != 0)
		return local;
	return result;
}

static Datum
scalar_coerce(AepgScalar *scalar, Datum value)
{
	if (!OidIsValid(scalar->coerce.fn_oid))
		return value;
	if (scalar->coerce.fn_nargs < 3)
		return FunctionCall2(&scalar->coerce, value,
							 Int32GetDatum(scalar->typmod));
	return FunctionCall3(&scalar->coerce, value,
						 Int32GetDatum(scalar->typmod), BoolGetDatum(true));
}

static Datum
scalar_make(const AepgScalar *scalar, double number)
{
	switch (scalar->form)
	{
		case AEPG_FORM_INT2:
			return Int16GetDatum((int16) scalar_round(number, PG_INT16_MIN,
													  PG_INT16_MAX));
		case AEPG_FORM_INT4:
			return Int32GetDatum((int32) scalar_round(number, PG_INT32_MIN,
													  PG_INT32_MAX));
		case AEPG_FORM_INT8:
			return Int64GetDatum(scalar_round_int8(number));
		case AEPG_FORM_FLOAT4:
			return Float4GetDatum((float4) Max(Min(number, FLT_MAX),
											   -FLT_MAX));
		case AEPG_FORM_FLOAT8:
			return Float8GetDatum(number);
		case AEPG_FORM_NUMERIC:
			return scalar_numeric(scalar->typmod, number);
		case AEPG_FORM_MONEY:
			return CashGetDatum(scalar_round_int8(number * scalar->units));
		case AEPG_FORM_INTERVAL:
			return scalar_interval(number);
		case AEPG_FORM_BOOL:
			return BoolGetDatum(number >= 0.5);
		case AEPG_FORM_DATE:
			return DateADTGetDatum((DateADT)
								   scalar_round(number / SECONDS_PER_DAY,
												DATETIME_MIN_JULIAN -
												POSTGRES_EPOCH_JDATE,
												DATE_END_JULIAN - 1 -
												POSTGRES_EPOCH_JDATE));
		case AEPG_FORM_TIME:
			return TimeADTGetDatum(scalar_time(number));
		case AEPG_FORM_TIMETZ:
			return scalar_timetz(number);
		case AEPG_FORM_TIMESTAMP:
			return TimestampGetDatum(scalar_timestamp(number));
		case AEPG_FORM_TIMESTAMPTZ:
			return TimestampTzGetDatum(scalar_timestamptz(number,
														  scalar->zone));
		case AEPG_FORM_UNKNOWN:
			return DirectFunctionCall1(float8out, Float8GetDatum(number));
		case AEPG_FORM_TEXT:
		case AEPG_FORM_BPCHAR:
		case AEPG_FORM_OUTPUT:
			break;
	}
	elog(ERROR, "type %u has no number", scalar->type);
}

Datum
aepg_scalar_from_number(AepgScalar *scalar, double number)
{
	if (scalar->kind == AE_KIND_BINARY)
		number = number >= 0.5 ? 1 : 0;
	return scalar_coerce(scalar, scalar_make(scalar, number));
}

Datum
aepg_scalar_from_label(AepgScalar *scalar, const char *label)
{
	/* a model may come from a database with another encoding */
	(void) pg_verifymbstr(label, strlen(label), false);
	return scalar_coerce(scalar,
						 InputFunctionCall(&scalar->input,
										   unconstify(char *, label),
										   scalar->ioparam, -1));
}
