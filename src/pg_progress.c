/*
 * pg_progress.c
 *	  How far a training is, for the view ae_progress.
 *
 * Each backend has a slot of numbers in shared memory for the commands that
 * the server reports on itself (VACUUM, COPY, ...).  It may be written to with
 * any command number, and read by an extension that knows it: so a
 * training is seen from other sessions without shared memory of our own, which
 * would have to be preloaded.  The server clears the slot when a transaction
 * or a subtransaction is aborted; the next number written claims it again.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_authid.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "pg_compat.h"
#include "pg_progress.h"

/* arbitrary, and far from the server's own */
#define PROGRESS_COMMAND ((ProgressCommandType) 0xae0)

/* indexes of the numbers; doubles are stored as their bits */
enum
{
	PARAM_PHASE,
	PARAM_ROWS,
	PARAM_EPOCH,				/* finished */
	PARAM_EPOCHS,
	PARAM_TRAIN_LOSS,
	PARAM_VALIDATION_LOSS,
	PARAM_SECONDS_LEFT,
	PARAM_NAME,					/* up to NAMEDATALEN bytes */
	PARAM_COUNT = PARAM_NAME + NAMEDATALEN / 8
};

StaticAssertDecl(PARAM_COUNT <= PGSTAT_NUM_PROGRESS_PARAM,
				 "the slot has not enough numbers");

/* rows between two looks at the slot: it must not slow reading down */
#define ROWS_BETWEEN 4096

#define VIEW_COLUMNS 9

/* the training of this session; seconds since an arbitrary moment */
static char progress_model[NAMEDATALEN];
static int64 progress_rows;		/* read so far */
static double progress_began;	/* its epochs */

PG_FUNCTION_INFO_V1(ae_progress);

static int64
double_bits(double value)
{
	int64		bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static double
bits_double(int64 bits)
{
	double		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/*----------
 * Writing.
 *----------
 */

/* whether the slot is ours, which a free one becomes */
static bool
progress_claim(void)
{
	ProgressCommandType command;

	if (MyBEEntry == NULL || !pgstat_track_activities)
		return false;
	command = MyBEEntry->st_progress_command;
	if (command == PROGRESS_COMMAND_INVALID)
	{
		int64		name[NAMEDATALEN / 8];

		pgstat_progress_start_command(PROGRESS_COMMAND, InvalidOid);
		memcpy(name, progress_model, sizeof(name));
		for (int i = 0; i < (int) lengthof(name); i++)
			pgstat_progress_update_param(PARAM_NAME + i, name[i]);
		return true;
	}
	return command == PROGRESS_COMMAND;
}

static void
progress_set(int n, const int *params, const int64 *values)
{
	if (progress_claim())
		pgstat_progress_update_multi_param(n, params, values);
}

void
aepg_progress_start(const char *model)
{
	memset(progress_model, 0, sizeof(progress_model));
	if (model != NULL)
		strlcpy(progress_model, model, sizeof(progress_model));
	progress_rows = 0;
	aepg_progress_phase(AEPG_PHASE_READING, 0);
}

void
aepg_progress_phase(AepgPhase phase, uint64 nrows)
{
	const int	params[] = {
		PARAM_PHASE, PARAM_ROWS, PARAM_EPOCH, PARAM_EPOCHS, PARAM_TRAIN_LOSS,
		PARAM_VALIDATION_LOSS, PARAM_SECONDS_LEFT
	};
	int64		nothing = double_bits(NAN);
	const int64 values[] = {
		phase, (int64) nrows, 0, 0, nothing, nothing, nothing
	};

	progress_set(lengthof(params), params, values);
}

void
aepg_progress_row(void)
{
	const int	params[] = {PARAM_PHASE, PARAM_ROWS};

	if (++progress_rows % ROWS_BETWEEN == 0)
	{
		const int64 values[] = {AEPG_PHASE_READING, progress_rows};

		progress_set(lengthof(params), params, values);
	}
}

void
aepg_progress_end(void)
{
	if (MyBEEntry != NULL &&
		MyBEEntry->st_progress_command == PROGRESS_COMMAND)
		pgstat_progress_end_command();
}

/*----------
 * The trainer's callbacks.
 *----------
 */
static double
progress_seconds(void *host)
{
	instr_time	now;

	(void) host;
	INSTR_TIME_SET_CURRENT(now);
	return INSTR_TIME_GET_DOUBLE(now);
}

/* bits of the seconds left when that share of the epochs is done */
static int64
progress_left(void *host, double done)
{
	double		elapsed = progress_seconds(host) - progress_began;

	return double_bits(done > 0 ? elapsed * (1 - done) / done : NAN);
}

static void
progress_advance(void *host, double done)
{
	const int	params[] = {PARAM_PHASE, PARAM_SECONDS_LEFT};
	const int64 values[] = {AEPG_PHASE_TRAINING, progress_left(host, done)};

	progress_set(lengthof(params), params, values);
}

static void
progress_epoch(void *host, int epoch, int epochs, const AeEpoch *result)
{
	const int	params[] = {
		PARAM_PHASE, PARAM_EPOCH, PARAM_EPOCHS, PARAM_TRAIN_LOSS,
		PARAM_VALIDATION_LOSS, PARAM_SECONDS_LEFT
	};
	const int64 values[] = {
		epoch < epochs ? AEPG_PHASE_TRAINING : AEPG_PHASE_CALIBRATING,
		epoch, epochs, double_bits(result->train_loss),
		double_bits(result->validation_loss),
		progress_left(host, (double) epoch / epochs)
	};

	progress_set(lengthof(params), params, values);
}

static void
progress_report_epoch(void *host, int epoch, int epochs,
					  const AeEpoch *result)
{
	progress_epoch(host, epoch, epochs, result);
	if (isnan(result->validation_loss))
		ereport(INFO,
				(errmsg("epoch %d of %d: training loss %.6g, learning rate %.3g",
						epoch, epochs, result->train_loss,
						result->learning_rate)));
	else
		ereport(INFO,
				(errmsg("epoch %d of %d: training loss %.6g, validation loss %.6g, learning rate %.3g",
						epoch, epochs, result->train_loss,
						result->validation_loss, result->learning_rate)));
}

const AeProgress *
aepg_progress_trainer(int epochs, bool verbose)
{
	const int	params[] = {PARAM_PHASE, PARAM_EPOCHS};
	const int64 values[] = {AEPG_PHASE_TRAINING, epochs};
	static const AeProgress quiet = {
		progress_epoch, progress_advance, progress_seconds, NULL
	};
	static const AeProgress loud = {
		progress_report_epoch, progress_advance, progress_seconds, NULL
	};

	progress_set(lengthof(params), params, values);
	progress_began = progress_seconds(NULL);
	return verbose ? &loud : &quiet;
}

/*----------
 * Reading.
 *----------
 */
static const char *
phase_name(int64 phase)
{
	switch ((AepgPhase) phase)
	{
		case AEPG_PHASE_READING:
			return "reading rows";
		case AEPG_PHASE_PLANNING:
			return "planning";
		case AEPG_PHASE_TRAINING:
			return "training";
		case AEPG_PHASE_CALIBRATING:
			return "calibrating";
	}
	return NULL;
}

static void
show_double(int64 bits, Datum *value, bool *isnull)
{
	*value = Float8GetDatum(bits_double(bits));
	*isnull = isnan(bits_double(bits));
}

/* all but the pid, from the numbers of a slot */
static void
show_params(const int64 *params, Datum *values, bool *nulls)
{
	char		name[NAMEDATALEN];
	const char *phase = phase_name(params[PARAM_PHASE]);
	bool		has_epochs = params[PARAM_EPOCHS] > 0;

	memcpy(name, &params[PARAM_NAME], sizeof(name));
	name[NAMEDATALEN - 1] = '\0';
	nulls[1] = name[0] == '\0';
	if (!nulls[1])
		values[1] = CStringGetTextDatum(name);
	nulls[2] = phase == NULL;
	if (phase != NULL)
		values[2] = CStringGetTextDatum(phase);
	values[3] = Int64GetDatum(params[PARAM_ROWS]);
	values[4] = Int32GetDatum((int32) params[PARAM_EPOCH]);
	values[5] = Int32GetDatum((int32) params[PARAM_EPOCHS]);
	nulls[3] = false;
	nulls[4] = nulls[5] = !has_epochs;
	show_double(params[PARAM_TRAIN_LOSS], &values[6], &nulls[6]);
	show_double(params[PARAM_VALIDATION_LOSS], &values[7], &nulls[7]);
	show_double(params[PARAM_SECONDS_LEFT], &values[8], &nulls[8]);
}

/*
 * ae_progress() RETURNS SETOF record
 *
 * As pg_stat_progress_vacuum and its like: who may not read all statistics
 * sees the pids of other roles' trainings and nothing else.
 */
Datum
ae_progress(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int			nbackends = pgstat_fetch_stat_numbackends();

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 1; i <= nbackends; i++)
	{
		LocalPgBackendStatus *local = aepg_backend_status(i);
		PgBackendStatus *backend;
		Datum		values[VIEW_COLUMNS] = {0};
		bool		nulls[VIEW_COLUMNS];

		if (local == NULL)
			continue;
		backend = &local->backendStatus;
		if (backend->st_progress_command != PROGRESS_COMMAND ||
			backend->st_databaseid != MyDatabaseId)
			continue;
		memset(nulls, true, sizeof(nulls));
		values[0] = Int32GetDatum(backend->st_procpid);
		nulls[0] = false;
		if (has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS) ||
			has_privs_of_role(GetUserId(), backend->st_userid))
			show_params(backend->st_progress_param, values, nulls);
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}
