// SPDX-License-Identifier: GPL-2.0-or-later
/* See auth_request.h. */
#include "policy/auth_request.h"

#include <ctype.h>
#include <string.h>
#include "log/flat_json.h"

enum member {
	MEMBER_LOGIN,
	MEMBER_HASH,
	MEMBER_REMOTE,
	MEMBER_DEVICE,
	MEMBER_PROTOCOL,
	MEMBER_SESSION,
	MEMBER_TLS,
	MEMBER_SUCCESS,
	MEMBER_REFUSED,
	MEMBER_FAIL,
	MEMBER_MECHANISM,
	MEMBER_COUNT,
};

static const char *const member_names[] = {
	[MEMBER_LOGIN] = "login",
	[MEMBER_HASH] = "pwhash",
	[MEMBER_REMOTE] = "remote",
	[MEMBER_DEVICE] = "device_id",
	[MEMBER_PROTOCOL] = "protocol",
	[MEMBER_SESSION] = "session_id",
	[MEMBER_TLS] = "tls",
	[MEMBER_SUCCESS] = "success",
	[MEMBER_REFUSED] = "policy_reject",
	[MEMBER_FAIL] = "fail_type",
	[MEMBER_MECHANISM] = "mech",
	[MEMBER_COUNT] = NULL,
};
_Static_assert(MEMBER_COUNT <= FLAT_JSON_MOST, "struct flat_json has room");

/* Takes the bytes of a string; a value of another kind has none. */
static struct span take_bytes(const struct flat_json *json, enum member member, char *out,
			      size_t size)
{
	struct span value = json->values[member];

	if (!value.at || value.at[-1] != '"')
		return (struct span){ out, 0 };
	return (struct span){ out, flat_json_decode(value, out, size) };
}

static void take_text(const struct flat_json *json, enum member member, char *out, size_t size)
{
	char bytes[4 * EVENT_ACCOUNT_SIZE];

	span_visible(take_bytes(json, member, bytes, sizeof(bytes)), out, size);
}

/* Dovecot writes true and false; users' own templates may write "true". */
static bool take_flag(const struct flat_json *json, enum member member)
{
	return span_is(json->values[member], "true");
}

static void take_hash(const struct flat_json *json, struct policy_login *login)
{
	size_t size = take_bytes(json, MEMBER_HASH, login->hash, sizeof(login->hash)).size;

	for (size_t i = 0; i < size; i++) {
		if (!isxdigit((unsigned char)login->hash[i]) || size > 128) {
			memset(login->hash, 0, sizeof(login->hash));
			return;
		}
		login->hash[i] = (char)tolower((unsigned char)login->hash[i]);
	}
	login->hash_bits = (unsigned)(4 * size);
}

enum event_service auth_request_service(const char *name)
{
	static const struct {
		const char *name;
		enum event_service service;
	} services[] = {
		{ "imap", EVENT_SERVICE_IMAP },
		{ "pop3", EVENT_SERVICE_POP3 },
		{ "submission", EVENT_SERVICE_SUBMISSION },
		{ "sieve", EVENT_SERVICE_SIEVE },
		{ "managesieve", EVENT_SERVICE_SIEVE },
	};

	for (size_t i = 0; i < sizeof(services) / sizeof(*services); i++)
		if (!strcmp(services[i].name, name))
			return services[i].service;
	return EVENT_SERVICE_UNKNOWN;
}

static enum policy_fail read_fail(const char *name)
{
	static const char *const names[POLICY_FAIL_COUNT] = {
		[POLICY_FAIL_CREDENTIALS] = "credentials", [POLICY_FAIL_ACCOUNT] = "account",
		[POLICY_FAIL_DISABLED] = "disabled",	   [POLICY_FAIL_EXPIRED] = "expired",
		[POLICY_FAIL_INTERNAL] = "internal",	   [POLICY_FAIL_POLICY] = "policy",
	};

	for (size_t i = 0; i < POLICY_FAIL_COUNT; i++)
		if (names[i] && !strcmp(names[i], name))
			return (enum policy_fail)i;
	return POLICY_FAIL_UNKNOWN;
}

static enum policy_secret read_mechanism(const char *name)
{
	if (!*name)
		return POLICY_SECRET_UNKNOWN;
	return !strcasecmp(name, "PLAIN") || !strcasecmp(name, "LOGIN") ? POLICY_SECRET_PASSWORD
									: POLICY_SECRET_NONE;
}

bool auth_request_read(const char *body, size_t size, int64_t wall_ns, struct policy_login *login)
{
	struct flat_json json;
	struct span text = { body, size }, remote;
	char word[ADDRESS_TEXT_SIZE + 8];

	memset(login, 0, sizeof(*login));
	while (text.size && isspace((unsigned char)text.at[text.size - 1]))
		text.size--;
	flat_json_want(&json, member_names);
	if (!flat_json_read(text, &json) ||
	    (!json.values[MEMBER_LOGIN].at && !json.values[MEMBER_REMOTE].at))
		return false;
	login->wall_ns = wall_ns;
	take_text(&json, MEMBER_LOGIN, login->account, sizeof(login->account));
	login->has_account = *login->account;
	remote = take_bytes(&json, MEMBER_REMOTE, word, sizeof(word));
	login->has_source = span_address(remote, &login->source);
	if (!login->has_source)
		login->source = (struct address){ 0 };
	take_hash(&json, login);
	take_text(&json, MEMBER_DEVICE, login->device, sizeof(login->device));
	take_text(&json, MEMBER_SESSION, login->session, sizeof(login->session));
	take_text(&json, MEMBER_PROTOCOL, word, sizeof(word));
	login->service = auth_request_service(word);
	take_text(&json, MEMBER_FAIL, word, sizeof(word));
	login->fail = read_fail(word);
	take_text(&json, MEMBER_MECHANISM, word, sizeof(word));
	login->secret = read_mechanism(word);
	login->tls = take_flag(&json, MEMBER_TLS);
	login->success = take_flag(&json, MEMBER_SUCCESS);
	login->refused = take_flag(&json, MEMBER_REFUSED);
	return true;
}
