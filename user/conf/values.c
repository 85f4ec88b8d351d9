// SPDX-License-Identifier: GPL-2.0-or-later
/* The kinds of single values: each converts text to the field of a row (struct conf_key), and
 * reports its own faults. Not here: lists of words (conf_words.c). */
#include "conf/load.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/time.h"
#include "conf/codes.h"
#include "log/event.h"
#include "log/expand.h"
#include "log/follow.h"

#define NO_LIMIT "; leave the key out for no limit"

static void *field(const struct conf_key *key, void *base)
{
	return (char *)base + key->offset;
}

/* The choice's value, or -1, reported. */
static int find_choice(struct conf_load *load, const struct conf_key *key, const char *value)
{
	struct nearest nearest = { .word = value };
	char names[128] = "";

	for (const struct conf_choice *choice = key->choices; choice->name; choice++) {
		size_t used = strlen(names);

		if (!strcmp(choice->name, value))
			return choice->value;
		nearest_offer(&nearest, choice->name);
		snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "",
			 choice->name);
	}
	if (nearest.found)
		conf_fault(load, NULL, "'%s' cannot be '%s'; did you mean '%s'?", key->name, value,
			   nearest.found);
	else
		conf_fault(load, NULL, "'%s' cannot be '%s'; it is one of %s%s", key->name, value,
			   names, key->forms ? key->forms : "");
	return -1;
}

const struct conf_choice conf_noes[] = { { "no", 0 }, { "yes", 1 }, { NULL, 0 } };

void conf_choice(struct conf_load *load, const struct conf_key *key, void *base, const char *value)
{
	int choice = find_choice(load, key, value);

	if (choice >= 0)
		memcpy(field(key, base), &choice, sizeof(choice));
}

void conf_list_action(struct conf_load *load, const struct conf_key *key, void *base,
		      const char *value)
{
	struct config_list *list = base;
	int code = country_from_text(value, strlen(value)), choice = 0;
	bool is_code = code >= 0 && country_code_is_list((unsigned)code);

	if (!is_code)
		choice = find_choice(load, key, value);
	if (choice < 0)
		return;
	list->allow = choice;
	list->code = is_code ? (uint16_t)code : 0;
}

bool conf_read_number(const char *value, uint64_t least, uint64_t most, uint64_t *number)
{
	size_t digits = strspn(value, "0123456789");

	if (!digits || value[digits] || digits > 18)
		return false;
	*number = strtoull(value, NULL, 10);
	return *number >= least && *number <= most;
}

void conf_number(struct conf_load *load, const struct conf_key *key, void *base, const char *value)
{
	uint32_t number32;
	uint64_t number;

	if (!conf_read_number(value, key->least, key->most, &number)) {
		conf_fault(load, NULL, "'%s' is no number of %" PRIu64 " to %" PRIu64 "%s", value,
			   key->least, key->most,
			   key->limit && !strcmp(value, "0") ? NO_LIMIT : "");
		return;
	}
	number32 = (uint32_t)(number + key->add);
	memcpy(field(key, base), &number32, sizeof(number32));
}

void conf_length(struct conf_load *load, const struct conf_key *key, void *base, const char *value)
{
	uint64_t number;
	unsigned length;

	if (!conf_read_number(value, key->least, key->most, &number)) {
		conf_fault(load, NULL, "'%s' is no prefix length of %" PRIu64 " to %" PRIu64, value,
			   key->least, key->most);
		return;
	}
	length = (unsigned)(number + key->add);
	memcpy(field(key, base), &length, sizeof(length));
}

void conf_duration(struct conf_load *load, const struct conf_key *key, void *base,
		   const char *value)
{
	char least[TIME_TEXT_SIZE], most[TIME_TEXT_SIZE];
	uint64_t seconds;
	int error = duration_parse(value, &seconds);

	if (error == -EINVAL) {
		conf_fault(load, NULL, "'%s' is no duration; write it as 10s, 5m, 1h30m or 7d",
			   value);
		return;
	}
	if (error || seconds < key->least || seconds > key->most) {
		duration_format(key->least, least);
		duration_format(key->most, most);
		conf_fault(load, NULL, "'%s' is not between %s and %s", value, least, most);
		return;
	}
	memcpy(field(key, base), &seconds, sizeof(seconds));
}

void conf_rate(struct conf_load *load, const struct conf_key *key, void *base, const char *value)
{
	uint64_t interval_ns;
	int error = rate_parse(value, &interval_ns);

	if (error == -EINVAL)
		conf_fault(load, NULL, "'%s' is no rate; write it as 5/s, 30/m, 1000/h or 20/d",
			   value);
	else if (error)
		conf_fault(load, NULL, "'%s' is not between 1 and a million a second%s", value,
			   *value == '0' ? NO_LIMIT : "");
	else
		memcpy(field(key, base), &interval_ns, sizeof(interval_ns));
}

char *conf_read_path(struct conf_load *load, const struct conf_key *key, const char *value)
{
	size_t size = strlen(value);
	char *path;

	while (size && value[size - 1] == '/')
		size--;
	if (*value != '/') {
		conf_fault(load, NULL, "'%s' is no absolute path; '%s' begins with '/'", value,
			   key->name);
		return NULL;
	}
	if (!size) {
		conf_fault(load, NULL, "'%s' cannot be '/'", key->name);
		return NULL;
	}
	path = strndup(value, size);
	if (!path)
		conf_out_of_memory(load);
	return path;
}

/* "journal:UNITS" is kept in place of a file's path (log/follow.h). */
void conf_journal(struct conf_load *load, const struct conf_key *key, void *base, const char *value)
{
	char **old = field(key, base), *path = NULL;

	if (asprintf(&path, FOLLOW_JOURNAL "%s", value) < 0) {
		conf_out_of_memory(load);
		return;
	}
	free(*old);
	*old = path;
}

void conf_docker(struct conf_load *load, const struct conf_key *key, void *base, const char *value)
{
	char **old = field(key, base), *path = NULL;

	if (asprintf(&path, FOLLOW_DOCKER "%s", value) < 0) {
		conf_out_of_memory(load);
		return;
	}
	free(*old);
	*old = path;
}

void conf_zone(struct conf_load *load, const struct conf_key *key, void *base, const char *value)
{
	struct zone **old = field(key, base), *zone = NULL;
	struct fault fault = { 0 };

	if (!strcmp(value, "auto")) {
		zone_free(*old);
		*old = NULL;
	} else if (zone_load(value, &zone, &fault)) {
		conf_fault(load, NULL, "'%s': %s", key->name, fault.text);
	} else {
		zone_free(*old);
		*old = zone;
	}
}

/* "auto", or the mail server that writes the lines, if they do not name a program. */
void conf_format(struct conf_load *load, const struct conf_key *key, void *base, const char *value)
{
	bool *bare = field(key, base);

	*bare = strcmp(value, "auto") != 0;
	for (enum event_daemon daemon = EVENT_DAEMON_UNKNOWN + 1;
	     *bare && daemon < EVENT_DAEMON_USER; daemon++)
		if (!strcmp(value, event_daemon_name(daemon)))
			return;
	if (*bare)
		conf_fault(load, NULL,
			   "'%s' is no format; write auto, or the mail server whose lines they are "
			   "(postfix, dovecot, exim, ...) where they name no program",
			   value);
}

void conf_path(struct conf_load *load, const struct conf_key *key, void *base, const char *value)
{
	char *path = conf_read_path(load, key, value), **old = field(key, base);

	if (!path)
		return;
	free(*old);
	*old = path;
}
