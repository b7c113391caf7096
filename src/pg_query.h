/*
 * pg_query.h
 *	  Queries that a caller gives as text.
 */
#ifndef AEPG_QUERY_H
#define AEPG_QUERY_H

#include "postgres.h"

#include "executor/spi.h"

/*
 * A plan of one SELECT, VALUES or TABLE, which changes no table; anything else
 * is an error that says what the query is of ("a training").  Needs SPI.
 */
extern SPIPlanPtr aepg_query_prepare(const char *sql, const char *purpose);

/* runs it as the caller, once, and sends the rows on */
extern void aepg_query_send(SPIPlanPtr plan, DestReceiver *receiver);

#endif							/* AEPG_QUERY_H */
