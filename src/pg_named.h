/*
 * pg_named.h
 *	  The model argument of a function: a value, or the name of a stored model.
 *
 * A name means the model's current version as the statement's snapshot shows
 * it, with the rights of the current role.  Three memories stand before the
 * tables: the call site's, for as long as the snapshot shows the same; the
 * session's, from name to parsed model, until a message says that the tables
 * were changed; and that of parsed models (pg_model.h).
 */
#ifndef AEPG_NAMED_H
#define AEPG_NAMED_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/snapshot.h"

#include "pg_model.h"
#include "pg_store.h"

/* for whom a name was looked up */
typedef struct AepgNameKey
{
	Oid			role;
	int			row_security;	/* a bool, without padding behind it */
	char		name[NAMEDATALEN];	/* zeros behind the name */
} AepgNameKey;

/* two snapshots of a session with the same numbers show the same */
typedef struct AepgSnapshotKey
{
	TransactionId xmin;
	TransactionId xmax;
	uint32		xcnt;
	int32		subxcnt;
	CommandId	curcid;
} AepgSnapshotKey;

typedef enum AepgArgKind
{
	AEPG_ARG_UNKNOWN = 0,		/* not called yet */
	AEPG_ARG_VALUE,
	AEPG_ARG_NAME
} AepgArgKind;

/* what a call site remembers of its model argument; zeros at first */
typedef struct AepgModelArg
{
	AepgArgKind kind;
	AepgModelRef *ref;
	bool		is_found;		/* what follows is right */
	AepgNameKey key;
	AepgSnapshotKey snapshot;
} AepgModelArg;

/*
 * The model that argument arg, bytea or text and not NULL, stands for.  It
 * stays until site is used for another one; site->ref lives in context.
 */
extern const AeModel *aepg_arg_model(FunctionCallInfo fcinfo, int arg,
									 AepgModelArg *site,
									 MemoryContext context);

/*
 * The same by name (len bytes) in the extension that the function belongs to;
 * NULL if there is no such model that the current role may read.
 */
extern const AeModel *aepg_named_model(Oid function, const char *name,
									   int len, AepgModelArg *site,
									   MemoryContext context);

#endif							/* AEPG_NAMED_H */
