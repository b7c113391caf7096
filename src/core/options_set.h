/*
 * options_set.h
 *	  Which options matter to models of sets of items; private to the options.
 */
#ifndef AE_OPTIONS_SET_H
#define AE_OPTIONS_SET_H

#include "core/options.h"

/* ae_option_applies() where the input is sets */
extern bool ae_option_applies_to_sets(const AeOptions *options,
									  const AeOption *option,
									  char *complaint);

#endif							/* AE_OPTIONS_SET_H */
