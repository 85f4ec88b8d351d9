// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an entry of a table or of JSON says of itself beside its address: that it is meant the other
 * way ("action": "allow"), is not in force, has an end, or has exceptions. And names of sets that
 * say the opposite of the list. See list_reader.h.
 */
#include "lists/list_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/time.h"

static bool is_any(const struct list_word *word, const char *const *names)
{
	for (; *names; names++)
		if (word->size == strlen(*names) && !strncasecmp(word->text, *names, word->size))
			return true;
	return false;
}

static bool has_any(const struct list_word *word, const char *const *parts)
{
	for (; *parts; parts++)
		for (size_t i = 0; i + strlen(*parts) <= word->size; i++)
			if (!strncasecmp(word->text + i, *parts, strlen(*parts)))
				return true;
	return false;
}

bool list_name_allows(const struct list_word *name)
{
	static const char *const allowing[] = { "trust",  "white",   "allow",  "permit", "accept",
						"friend", "goodguy", "benign", "safe",	 NULL };
	static const char *const neither[] = { "untrust",   "distrust",	 "mistrust", "nontrust",
					       "not_trust", "not-trust", "unsafe",   "disallow",
					       "not_allow", "not-allow", NULL };

	return has_any(name, allowing) && !has_any(name, neither);
}

bool list_name_denies(const struct list_word *name)
{
	static const char *const denying[] = { "block", "black", "deny",   "drop",   "ban", "bad",
					       "spam",	"abus",	 "attack", "reject", NULL };

	return has_any(name, denying);
}

bool list_name_opposes(const struct list_reader *reader, const struct list_word *name)
{
	return reader->options->allow ? list_name_denies(name) : list_name_allows(name);
}

bool list_opposes(struct list_reader *reader, size_t number, const struct list_word *name)
{
	char remark[LIST_REASON_SIZE], excerpt[64];

	if (!list_name_opposes(reader, name))
		return false;
	list_excerpt(name->text, name->size, excerpt);
	snprintf(remark, sizeof(remark),
		 "'%s' says by its name that it does the opposite of this list: left "
		 "out; import it as a list of its own",
		 excerpt);
	list_remark(reader, number, remark);
	return true;
}

enum list_tells list_tells(const struct list_word *name)
{
	static const char *const ends[] = { "expires",
					    "expires_at",
					    "expiresat",
					    "expires at",
					    "expires_on",
					    "expire",
					    "expire_at",
					    "expiry",
					    "expiry_date",
					    "expiration",
					    "expiration_date",
					    "expiration date",
					    "expirationtime",
					    "expiration_time",
					    "valid_until",
					    "validuntil",
					    "valid until",
					    "until",
					    NULL };
	static const char *const spared[] = { "whitelisted",
					      "iswhitelisted",
					      "is_whitelisted",
					      "whitelist",
					      "allowlisted",
					      "is_allowlisted",
					      "allowed",
					      "trusted",
					      "riot",
					      "benign",
					      NULL };
	static const char *const on[] = { "enabled", "active", "is_active", "isactive", NULL };
	static const char *const off[] = { "disabled", "deleted",  "removed",
					   "revoked",  "inactive", NULL };
	static const char *const what[] = { "action",	 "type",   "mode",	     "verdict",
					    "policy",	 "list",   "classification", "listtype",
					    "list_type", "status", "disposition",    NULL };
	static const char *const except[] = { "except", "exclude", "excludes", "exceptions", NULL };

	if (is_any(name, ends))
		return LIST_TELLS_END;
	if (is_any(name, spared))
		return LIST_TELLS_SPARED;
	if (is_any(name, on))
		return LIST_TELLS_ON;
	if (is_any(name, off))
		return LIST_TELLS_OFF;
	if (is_any(name, what))
		return LIST_TELLS_WHAT;
	if (is_any(name, except))
		return LIST_TELLS_EXCEPT;
	return list_word_is(name, "abuseConfidenceScore") ? LIST_TELLS_SCORE : LIST_TELLS_NOTHING;
}

/* A time that nobody can take for another one: seconds or milliseconds since 1970, or RFC 3339 with
 * its zone. */
static bool read_time(const struct list_word *value, int64_t *end_s)
{
	char text[16];
	int64_t wall_ns;
	size_t used;

	if (list_is_number(value, 10, 10) || list_is_number(value, 13, 13)) {
		snprintf(text, sizeof(text), "%.*s", (int)value->size, value->text);
		*end_s = strtoll(text, NULL, 10) / (value->size == 13 ? 1000 : 1);
		return true;
	}
	if (time_parse(value->text, value->size, &wall_ns, &used) || used != value->size)
		return false;
	*end_s = wall_ns / NS_PER_S;
	return true;
}

static enum list_said end(struct list_reader *reader, const struct list_word *value)
{
	static const char *const never[] = { "",     "0",	"-1",	     "never", "null",
					     "none", "forever", "permanent", NULL };
	int64_t end_s;

	if (is_any(value, never) || (value->size > 4 && !memcmp(value->text, "9999-", 5)))
		return LIST_SAID_NOTHING;
	if (!read_time(value, &end_s))
		return LIST_SAID_UNCLEAR;
	list_ends_at(reader, end_s);
	return LIST_SAID_NOTHING;
}

static enum list_said one(struct list_reader *reader, enum list_tells tells,
			  const struct list_word *value)
{
	static const char *const yes[] = { "true", "yes", "1", "on", NULL };
	static const char *const no[] = { "false", "no", "0", "off", NULL };
	bool denies = !reader->options->allow, other = false;

	if (tells == LIST_TELLS_END)
		return end(reader, value);
	if (tells == LIST_TELLS_EXCEPT && value->size)
		return LIST_SAID_UNCLEAR;
	if (tells == LIST_TELLS_SPARED)
		other = denies && is_any(value, yes);
	else if (tells == LIST_TELLS_ON)
		other = is_any(value, no);
	else if (tells == LIST_TELLS_OFF)
		other = is_any(value, yes);
	else if (tells == LIST_TELLS_WHAT)
		other = list_name_opposes(reader, value);
	else if (tells == LIST_TELLS_SCORE)
		other = denies && list_word_is(value, "0");
	return other ? LIST_SAID_OTHER : LIST_SAID_NOTHING;
}

enum list_said list_said(struct list_reader *reader, size_t number, enum list_tells tells,
			 const struct list_word *value)
{
	enum list_said said = one(reader, tells, value);
	char excerpt[64];

	if (said == LIST_SAID_OTHER) {
		reader->end = 0;
		reader->ended = false;
		list_skip(reader);
	} else if (said == LIST_SAID_UNCLEAR) {
		list_excerpt(value->text, value->size, excerpt);
		list_refuse(reader, number,
			    tells == LIST_TELLS_END
				    ? "its end '%s' is no time with a zone (2027-01-02T03:04:05Z); "
				      "take the column out, or write it so"
				    : "it has an exception (%s), which a list cannot hold",
			    excerpt);
	}
	return said;
}
