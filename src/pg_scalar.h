/*
 * pg_scalar.h
 *	  Values of one SQL type as numbers or labels of the core, and back.
 */
#ifndef AEPG_SCALAR_H
#define AEPG_SCALAR_H

#include "postgres.h"

#include "fmgr.h"
#include "pgtime.h"

#include "core/feature.h"

/* how the values of a type are stored */
typedef enum AepgForm
{
	AEPG_FORM_INT2 = 0,
	AEPG_FORM_INT4,
	AEPG_FORM_INT8,
	AEPG_FORM_FLOAT4,
	AEPG_FORM_FLOAT8,
	AEPG_FORM_NUMERIC,
	AEPG_FORM_MONEY,
	AEPG_FORM_INTERVAL,
	AEPG_FORM_BOOL,
	AEPG_FORM_DATE,
	AEPG_FORM_TIME,
	AEPG_FORM_TIMETZ,
	AEPG_FORM_TIMESTAMP,
	AEPG_FORM_TIMESTAMPTZ,
	AEPG_FORM_TEXT,				/* text and varchar */
	AEPG_FORM_BPCHAR,
	AEPG_FORM_OUTPUT,			/* a label made by the output function */
	AEPG_FORM_UNKNOWN			/* an untyped literal in ROW(...) */
} AepgForm;

#define AEPG_FORM_COUNT 18

typedef struct AepgScalar
{
	Oid			type;			/* as declared, perhaps a domain */
	Oid			base;			/* never a domain */
	int32		typmod;			/* of base */
	AepgForm	form;
	AeKind		kind;			/* at first the form's own */
	bool		is_enum;		/* an ordinal column of it has labels */
	const pg_tz *zone;			/* timestamptz only */
	double		units;			/* money: the smallest coins in a unit */
	Oid			ioparam;
	FmgrInfo	output;
	FmgrInfo	input;
	FmgrInfo	coerce;			/* to typmod; fn_oid invalid: nothing to do */
	void	   *domain_cache;
} AepgScalar;

/*
 * Describes a type.  Lookups live in context; false when the type has no
 * encoding.  Must not be moved afterwards.
 */
extern bool aepg_scalar_init(AepgScalar *scalar, Oid type, int32 typmod,
							 MemoryContext context);

/* whether values of the type can be read as that kind of column; an untyped
 * literal might, as its text may be a number */
extern bool aepg_scalar_allows(const AepgScalar *scalar, AeKind kind);

/* whether values are read as labels */
static inline bool
aepg_scalar_is_label(const AepgScalar *scalar)
{
	return scalar->kind == AE_KIND_CATEGORY ||
		(scalar->kind == AE_KIND_ORDINAL && scalar->is_enum);
}

/* the labels of an enum type in order, in the current memory context; none
 * for other types */
extern char **aepg_scalar_enum_labels(const AepgScalar *scalar, int *count);

/* AE_CYCLE_ mask of a calendar column of that type */
extern int	aepg_scalar_cycles(const AepgScalar *scalar);

/*
 * The number that a value stands for.  NaN and infinity mean that the value
 * is not finite; it is for the caller to complain.
 */
extern double aepg_scalar_number(const AepgScalar *scalar, Datum value);

/* the label of a value, not zero-terminated, valid as long as the value and
 * the current memory context */
extern const char *aepg_scalar_label(AepgScalar *scalar, Datum value,
									 size_t *len);

/* the closest value of the type (not checked against a domain) */
extern Datum aepg_scalar_from_number(AepgScalar *scalar, double number);
extern Datum aepg_scalar_from_label(AepgScalar *scalar, const char *label);

#endif							/* AEPG_SCALAR_H */
