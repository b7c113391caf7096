/*
 * dictionary.h
 *	  Distinct texts, numbered as they appear, each with a count of rows.
 */
#ifndef AE_DICTIONARY_H
#define AE_DICTIONARY_H

#include "core/account.h"

typedef struct AeEntry
{
	uint64_t	hash;
	uint64_t	count;			/* rows */
	uint32_t	text;			/* offset in the dictionary's text */
	uint32_t	len;			/* bytes, no terminating zero */
} AeEntry;

/* all zero: an empty one */
typedef struct AeDictionary
{
	AeEntry    *entries;
	uint32_t	nentries;
	uint32_t	capacity;
	uint32_t   *slots;			/* 2 * capacity; an entry's number plus one */
	char	   *text;
	uint32_t	text_used;
	uint32_t	text_capacity;
} AeDictionary;

extern void ae_dictionary_free(AeDictionary *d, AeAccount *account);

/* the entry of that hash and text, or NULL */
extern AeEntry *ae_dictionary_find(const AeDictionary *d, uint64_t hash,
								  const char *text, size_t len);

/*
 * Adds an entry that is not there, with the number nentries.  The caller
 * bounds entries and text: no more than 2^30 of either.
 */
extern AeStatus ae_dictionary_add(AeDictionary *d, AeAccount *account,
								  uint64_t hash, const char *text,
								  size_t len);

/* bytes that it takes */
extern uint64_t ae_dictionary_bytes(const AeDictionary *d);

#endif							/* AE_DICTIONARY_H */
