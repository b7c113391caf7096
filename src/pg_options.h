/*
 * pg_options.h
 *	  Options of a training as jsonb.
 */
#ifndef AEPG_OPTIONS_H
#define AEPG_OPTIONS_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "core/feature.h"
#include "core/options.h"

/* one entry of the "columns" option */
typedef struct AepgColumnOptions
{
	char	   *name;
	bool		skip;
	bool		is_set;			/* the one that is a set of items */
	bool		has_kind;
	AeKind		kind;			/* "numeric", "binary", "category", "calendar" */
	AeScaling	scaling;		/* AE_SCALING_AUTO: not given */
	int			loss;			/* AE_AUTO: not given */
	double		weight;			/* 1: not given */
	int			max_categories; /* AE_AUTO: not given */
	int			min_frequency;	/* AE_AUTO: not given */
} AepgColumnOptions;

typedef struct AepgOptions
{
	AeOptions	core;			/* not resolved; time_zone set */
	char	   *label;			/* column of known anomalies or of classes,
								 * NULL for none */
	int			nconditions;
	char	  **conditions;		/* columns given to encoder and decoder */
	char	   *set_column;		/* which column is the set; NULL: the row is */
	int			ncolumns;
	AepgColumnOptions *columns;
} AepgOptions;

/*
 * Parses options (NULL: all defaults) in the current memory context.  Errors
 * name the option, the value that was wrong and the range that is right; an
 * option that does not exist is an error that lists the nearest names.
 */
extern AepgOptions *aepg_options_parse(Jsonb *options);

/* an error if the score asks for more than the training has */
extern void aepg_options_check_score(const AeOptions *options);

#endif							/* AEPG_OPTIONS_H */
