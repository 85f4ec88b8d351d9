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

static bool is(const struct list_word *word, const char *name)
{
	return word->size == strlen(name) && !strncasecmp(word->text, name, word->size);
}

static bool is_any(const struct list_word *word, const char *const *names)
{
	for (; *names; names++)
		if (is(word, *names))
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

	/* Parts of the address space. */
	static const char *const neither[] = { "netblock", "net_block", "cidr_block", "cidrblock",
					       "ip_block", "ipblock",	NULL };

	return has_any(name, denying) && !has_any(name, neither);
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

/* The names of the columns and members that tell something. */
static const struct {
	const char *name;
	enum list_tells tells;
} telling[] = {
	{ "expires", LIST_TELLS_END },
	{ "expires_at", LIST_TELLS_END },
	{ "expiresat", LIST_TELLS_END },
	{ "expires at", LIST_TELLS_END },
	{ "expires_on", LIST_TELLS_END },
	{ "expire", LIST_TELLS_END },
	{ "expire_at", LIST_TELLS_END },
	{ "expiry", LIST_TELLS_END },
	{ "expiry_date", LIST_TELLS_END },
	{ "expiration", LIST_TELLS_END },
	{ "expiration_date", LIST_TELLS_END },
	{ "expiration date", LIST_TELLS_END },
	{ "expirationtime", LIST_TELLS_END },
	{ "expiration_time", LIST_TELLS_END },
	{ "valid_until", LIST_TELLS_END },
	{ "validuntil", LIST_TELLS_END },
	{ "valid until", LIST_TELLS_END },
	{ "until", LIST_TELLS_END },
	{ "whitelisted", LIST_TELLS_SPARED },
	{ "iswhitelisted", LIST_TELLS_SPARED },
	{ "is_whitelisted", LIST_TELLS_SPARED },
	{ "whitelist", LIST_TELLS_SPARED },
	{ "allowlisted", LIST_TELLS_SPARED },
	{ "is_allowlisted", LIST_TELLS_SPARED },
	{ "allowed", LIST_TELLS_SPARED },
	{ "trusted", LIST_TELLS_SPARED },
	{ "riot", LIST_TELLS_SPARED },
	{ "benign", LIST_TELLS_SPARED },
	{ "enabled", LIST_TELLS_ON },
	{ "active", LIST_TELLS_ON },
	{ "is_active", LIST_TELLS_ON },
	{ "isactive", LIST_TELLS_ON },
	{ "disabled", LIST_TELLS_OFF },
	{ "deleted", LIST_TELLS_OFF },
	{ "removed", LIST_TELLS_OFF },
	{ "revoked", LIST_TELLS_OFF },
	{ "inactive", LIST_TELLS_OFF },
	{ "action", LIST_TELLS_WHAT },
	{ "type", LIST_TELLS_WHAT },
	{ "mode", LIST_TELLS_WHAT },
	{ "verdict", LIST_TELLS_WHAT },
	{ "policy", LIST_TELLS_WHAT },
	{ "list", LIST_TELLS_WHAT },
	{ "classification", LIST_TELLS_WHAT },
	{ "listtype", LIST_TELLS_WHAT },
	{ "list_type", LIST_TELLS_WHAT },
	{ "status", LIST_TELLS_WHAT },
	{ "disposition", LIST_TELLS_WHAT },
	{ "except", LIST_TELLS_EXCEPT },
	{ "exclude", LIST_TELLS_EXCEPT },
	{ "excludes", LIST_TELLS_EXCEPT },
	{ "exceptions", LIST_TELLS_EXCEPT },
	{ "abuseConfidenceScore", LIST_TELLS_SCORE },
};

enum list_tells list_tells(const struct list_word *name)
{
	for (size_t i = 0; i < sizeof(telling) / sizeof(*telling); i++)
		if (is(name, telling[i].name))
			return telling[i].tells;
	return LIST_TELLS_NOTHING;
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
	static const char *const gone[] = { "removed",	"inactive", "expired", "disabled",
					    "released", "revoked",  "deleted", NULL };
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
		other = list_name_opposes(reader, value) || is_any(value, gone);
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
