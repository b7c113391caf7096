/*
 * pg_query.c
 *	  Queries that a caller gives as text.
 *
 * The rows go from the executor straight to where they are wanted, so that the
 * result is never kept as a whole, and the query may use parallel workers.
 */
#include "postgres.h"

#include "nodes/parsenodes.h"
#include "utils/plancache.h"

#include "pg_query.h"

static void
query_reject(const char *purpose, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("query of %s must be a single SELECT", purpose),
			 errdetail("%s", detail)));
}

SPIPlanPtr
aepg_query_prepare(const char *sql, const char *purpose)
{
	SPIPlanPtr	plan = SPI_prepare_cursor(sql, 0, NULL,
										  CURSOR_OPT_PARALLEL_OK);
	List	   *sources;
	Query	   *query;

	if (plan == NULL)
		query_reject(purpose,
					 "It is a command that cannot run inside a function.");
	sources = SPI_plan_get_plan_sources(plan);
	if (list_length(sources) != 1)
		query_reject(purpose, psprintf("It has %d statements.",
									   list_length(sources)));
	sources = ((CachedPlanSource *) linitial(sources))->query_list;
	if (list_length(sources) != 1)
		query_reject(purpose, psprintf("Rules make it %d statements.",
									   list_length(sources)));
	query = linitial_node(Query, sources);
	if (query->commandType != CMD_SELECT)
		query_reject(purpose, "It is another command.");
	if (query->hasModifyingCTE)
		query_reject(purpose,
					 "It has a data-modifying statement in WITH.");
	return plan;
}

void
aepg_query_send(SPIPlanPtr plan, DestReceiver *receiver)
{
	SPIExecuteOptions options = {.dest = receiver};
	int			status = SPI_execute_plan_extended(plan, &options);

	if (status != SPI_OK_SELECT)
		elog(ERROR, "query failed: %s", SPI_result_code_string(status));
}
