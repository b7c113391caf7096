/*
 * options_value.c
 *	  Values of options: set, printed and parsed.
 *
 * Setters and printers know kinds of options only.  A complaint always has the
 * range that is right, as ae_option_describe_range() prints it, and the value
 * that was wrong.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/options.h"

/* of a wrong text, as much as a message shows */
#define SHOWN_BYTES 40

#define NUMBER_BYTES 32

static void *
option_field(AeOptions *options, const AeOption *option)
{
	return (char *) options + option->offset;
}

/* the shortest that reads back as the same double, in the C locale */
static void
format_number(char buffer[NUMBER_BYTES], double value)
{
	for (int digits = 15; digits <= 17; digits++)
	{
		snprintf(buffer, NUMBER_BYTES, "%.*g", digits, value);
		if (strtod(buffer, NULL) == value)
			return;
	}
}

/* appends to the text in buffer; false when it does not fit */
static bool
append(char *buffer, size_t size, const char *text)
{
	size_t		used = strlen(buffer);
	size_t		len = strlen(text);

	if (len >= size - used)
		return false;
	memcpy(buffer + used, text, len + 1);
	return true;
}

static bool
append_quoted(char *buffer, size_t size, const char *text)
{
	return append(buffer, size, "\"") &&
		append(buffer, size, text) &&
		append(buffer, size, "\"");
}

static void
describe_choices(const AeOption *option, char *buffer, size_t size)
{
	const char *before = "one of ";

	if (option->can_be_auto)
	{
		append(buffer, size, "one of \"auto\"");
		before = ", ";
	}
	for (int i = 0; i < option->nchoices; i++)
	{
		/* a list of names may have an "auto" of its own */
		if (strcmp(option->choices[i], "auto") == 0)
			continue;
		append(buffer, size, before);
		append_quoted(buffer, size, option->choices[i]);
		before = ", ";
	}
}

void
ae_option_describe_range(const AeOption *option, char *buffer, size_t size)
{
	char		min[NUMBER_BYTES];
	char		max[NUMBER_BYTES];
	const char *or_auto = option->can_be_null ? ", \"auto\" or null"
		: option->can_be_auto ? " or \"auto\"" : "";

	format_number(min, option->min);
	format_number(max, option->max);
	buffer[0] = '\0';
	switch (option->kind)
	{
		case AE_OPTION_INTEGER:
		case AE_OPTION_BIGINT:
			snprintf(buffer, size, "an integer from %s to %s%s",
					 min, max, or_auto);
			break;
		case AE_OPTION_NUMBER:
			snprintf(buffer, size, "a number from %s to %s%s",
					 min, max, or_auto);
			break;
		case AE_OPTION_BOOLEAN:
			snprintf(buffer, size, "true or false");
			break;
		case AE_OPTION_CHOICE:
			describe_choices(option, buffer, size);
			break;
		case AE_OPTION_LIST:
			snprintf(buffer, size,
					 "a list of up to %d integers from %s to %s%s",
					 AE_MAX_HIDDEN, min, max, or_auto);
			break;
		case AE_OPTION_TEXT:
			snprintf(buffer, size,
					 "up to %s printable ASCII characters without quotes and backslashes",
					 max);
			break;
		case AE_OPTION_COLUMN:
			snprintf(buffer, size, "the name of a column or null");
			break;
		case AE_OPTION_NAMES:
			snprintf(buffer, size, "a list of names of columns");
			break;
		case AE_OPTION_COLUMNS:
			snprintf(buffer, size, "an object with an object for each column");
			break;
	}
}

/* "must be <range>, not <value>"; returns false, as setters do */
static bool
complain(const AeOption *option, const char *value, char *complaint)
{
	char		range[AE_COMPLAINT_BYTES];

	ae_option_describe_range(option, range, sizeof(range));
	complaint[0] = '\0';
	append(complaint, AE_COMPLAINT_BYTES, "must be ");
	append(complaint, AE_COMPLAINT_BYTES, range);
	append(complaint, AE_COMPLAINT_BYTES, ", not ");
	append(complaint, AE_COMPLAINT_BYTES, value);
	return false;
}

static bool
complain_number(const AeOption *option, const char *before, double value,
				char *complaint)
{
	char		number[NUMBER_BYTES];
	char		text[2 * NUMBER_BYTES];

	format_number(number, value);
	snprintf(text, sizeof(text), "%s%s", before, number);
	return complain(option, text, complaint);
}

static bool
complain_text(const AeOption *option, const char *value, char *complaint)
{
	char		text[SHOWN_BYTES + sizeof("\"...\"")] = "\"";
	size_t		len = strlen(value);
	bool		cut = len > SHOWN_BYTES;

	/* never end in the middle of a character, whatever the encoding */
	if (cut)
		for (len = SHOWN_BYTES; len > 0 && (value[len - 1] & 0x80); len--)
			;
	memcpy(text + 1, value, len);
	strcpy(text + 1 + len, cut ? "...\"" : "\"");
	return complain(option, text, complaint);
}

/* false for NaN too */
static bool
in_range(const AeOption *option, double value)
{
	return value >= option->min && value <= option->max;
}

static bool
is_integer_in_range(const AeOption *option, double value)
{
	return in_range(option, value) && value == floor(value);
}

bool
ae_option_set_number(AeOptions *options, const AeOption *option,
					 double value, char *complaint)
{
	void	   *field = option_field(options, option);

	if (option->kind == AE_OPTION_NUMBER && in_range(option, value))
		*(double *) field = value;
	else if (option->kind == AE_OPTION_INTEGER &&
			 is_integer_in_range(option, value))
		*(int *) field = (int) value;
	else if (option->kind == AE_OPTION_BIGINT &&
			 is_integer_in_range(option, value))
		*(int64_t *) field = (int64_t) value;
	else
		return complain_number(option, "", value, complaint);
	return true;
}

bool
ae_option_set_null(AeOptions *options, const AeOption *option,
				   char *complaint)
{
	if (!option->can_be_null)
		return complain(option, "null", complaint);
	*(double *) option_field(options, option) = -1.0;
	return true;
}

bool
ae_option_set_bool(AeOptions *options, const AeOption *option,
				   bool value, char *complaint)
{
	if (option->kind != AE_OPTION_BOOLEAN)
		return complain(option, value ? "true" : "false", complaint);
	*(bool *) option_field(options, option) = value;
	return true;
}

static void
set_auto(AeOptions *options, const AeOption *option)
{
	switch (option->kind)
	{
		case AE_OPTION_INTEGER:
		case AE_OPTION_CHOICE:
			*(int *) option_field(options, option) = AE_AUTO;
			break;
		case AE_OPTION_NUMBER:
			*(double *) option_field(options, option) = NAN;
			break;
		case AE_OPTION_LIST:
			options->nhidden = AE_AUTO;
			memset(options->hidden, 0, sizeof(options->hidden));
			break;
		case AE_OPTION_BIGINT:
		case AE_OPTION_BOOLEAN:
		case AE_OPTION_TEXT:
		case AE_OPTION_COLUMN:
		case AE_OPTION_NAMES:
		case AE_OPTION_COLUMNS:
			break;
	}
}

/* so that printing it as JSON needs no escapes and no encoding */
static bool
is_plain_text(const char *value, size_t max_len)
{
	size_t		len = 0;

	for (; value[len] != '\0'; len++)
		if (len == max_len || value[len] < ' ' || value[len] > '~' ||
			value[len] == '"' || value[len] == '\\')
			return false;
	return true;
}

bool
ae_option_set_text(AeOptions *options, const AeOption *option,
				   const char *value, char *complaint)
{
	if (option->can_be_auto && strcmp(value, "auto") == 0)
	{
		set_auto(options, option);
		return true;
	}
	if (option->kind == AE_OPTION_TEXT &&
		is_plain_text(value, AE_TIME_ZONE_BYTES - 1))
	{
		char	   *field = option_field(options, option);

		memset(field, 0, AE_TIME_ZONE_BYTES);
		memcpy(field, value, strlen(value));
		return true;
	}
	for (int i = 0; i < option->nchoices; i++)
		if (strcmp(option->choices[i], value) == 0)
		{
			*(int *) option_field(options, option) = i;
			return true;
		}
	return complain_text(option, value, complaint);
}

bool
ae_option_set_list(AeOptions *options, const AeOption *option,
				   const double *values, int count, char *complaint)
{
	if (option->kind != AE_OPTION_LIST)
		return complain(option, "a list", complaint);
	if (count < 0 || count > AE_MAX_HIDDEN)
		return complain_number(option, "a list of length ", count, complaint);
	for (int i = 0; i < count; i++)
		if (!is_integer_in_range(option, values[i]))
			return complain_number(option, "a list with ", values[i],
								   complaint);
	memset(options->hidden, 0, sizeof(options->hidden));
	for (int i = 0; i < count; i++)
		options->hidden[i] = (int) values[i];
	options->nhidden = count;
	return true;
}

static bool
print_choice(const AeOption *option, int value, char *buffer, size_t size)
{
	if (value == AE_AUTO)
		return append_quoted(buffer, size, "auto");
	return value >= 0 && value < option->nchoices &&
		append_quoted(buffer, size, option->choices[value]);
}

static bool
print_list(const AeOptions *options, char *buffer, size_t size)
{
	if (options->nhidden == AE_AUTO)
		return append_quoted(buffer, size, "auto");
	if (!append(buffer, size, "["))
		return false;
	for (int i = 0; i < options->nhidden; i++)
	{
		char		number[NUMBER_BYTES];

		snprintf(number, sizeof(number), "%s%d", i > 0 ? ", " : "",
				 options->hidden[i]);
		if (!append(buffer, size, number))
			return false;
	}
	return append(buffer, size, "]");
}

bool
ae_option_print(const AeOptions *options, const AeOption *option,
				char *buffer, size_t size)
{
	const void *value = (const char *) options + option->offset;
	char		number[NUMBER_BYTES];

	if (size == 0)
		return false;
	buffer[0] = '\0';
	switch (option->kind)
	{
		case AE_OPTION_INTEGER:
			if (option->can_be_auto && *(const int *) value == AE_AUTO)
				return append_quoted(buffer, size, "auto");
			format_number(number, *(const int *) value);
			return append(buffer, size, number);
		case AE_OPTION_BIGINT:
			format_number(number, (double) *(const int64_t *) value);
			return append(buffer, size, number);
		case AE_OPTION_NUMBER:
			if (isnan(*(const double *) value))
				return append_quoted(buffer, size, "auto");
			if (option->can_be_null && *(const double *) value < 0)
				return append(buffer, size, "null");
			format_number(number, *(const double *) value);
			return append(buffer, size, number);
		case AE_OPTION_BOOLEAN:
			return append(buffer, size,
						  *(const bool *) value ? "true" : "false");
		case AE_OPTION_CHOICE:
			return print_choice(option, *(const int *) value, buffer, size);
		case AE_OPTION_LIST:
			return print_list(options, buffer, size);
		case AE_OPTION_TEXT:
			return append_quoted(buffer, size, value);
		case AE_OPTION_COLUMN:
		case AE_OPTION_NAMES:
		case AE_OPTION_COLUMNS:
			break;
	}
	return true;
}

static bool
parse_list(AeOptions *options, const AeOption *option, const char *text,
		   char *complaint)
{
	/* one more than fit, for the complaint's sake */
	double		values[AE_MAX_HIDDEN + 1] = {0};
	int			count = 0;
	const char *next = text + 1;

	if (strcmp(next, "]") == 0)
		return ae_option_set_list(options, option, values, 0, complaint);
	while (count <= AE_MAX_HIDDEN)
	{
		char	   *end;

		values[count++] = strtod(next, &end);
		if (end == next)
			break;
		if (strcmp(end, "]") == 0)
			return ae_option_set_list(options, option, values, count,
									  complaint);
		if (*end != ',')
			break;
		next = end + 1;
	}
	return complain_text(option, text, complaint);
}

/* a value without quotes */
static bool
parse_bare(AeOptions *options, const AeOption *option, const char *text,
		   char *complaint)
{
	double		number;
	char	   *end;

	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		return ae_option_set_bool(options, option, text[0] == 't', complaint);
	if (strcmp(text, "null") == 0)
		return ae_option_set_null(options, option, complaint);
	/* keeps strtod() from infinity, NaN and hexadecimal numbers */
	if (text[strspn(text, "+-.0123456789eE, []")] != '\0')
		return complain_text(option, text, complaint);
	if (text[0] == '[')
		return parse_list(options, option, text, complaint);
	number = strtod(text, &end);
	if (end == text || *end != '\0')
		return complain_text(option, text, complaint);
	return ae_option_set_number(options, option, number, complaint);
}

bool
ae_option_parse(AeOptions *options, const AeOption *option,
				const char *json, char *complaint)
{
	size_t		len = strlen(json);
	char		text[AE_OPTION_BYTES];

	if (json[0] != '"')
		return parse_bare(options, option, json, complaint);
	if (len < 2 || len - 2 >= sizeof(text) || json[len - 1] != '"')
		return complain_text(option, json, complaint);
	memcpy(text, json + 1, len - 2);
	text[len - 2] = '\0';
	return ae_option_set_text(options, option, text, complaint);
}
