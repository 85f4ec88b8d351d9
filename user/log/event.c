// SPDX-License-Identifier: GPL-2.0-or-later
/* See event.h: names, and events as JSON. Pure. */
#include "log/event.h"

#include <stdlib.h>
#include <string.h>
#include "base/time.h"

static const char *const kind_names[] = {
	[EVENT_NONE] = "none",	     [EVENT_FAILURE] = "failure", [EVENT_SUCCESS] = "success",
	[EVENT_MESSAGE] = "message", [EVENT_BOUNCE] = "bounce",	  [EVENT_ABUSE] = "abuse",
};
_Static_assert(sizeof(kind_names) / sizeof(*kind_names) == EVENT_KIND_COUNT, "one name each");

static const char *const service_names[] = {
	[EVENT_SERVICE_UNKNOWN] = NULL,
	[EVENT_SERVICE_SMTP] = "smtp",
	[EVENT_SERVICE_SUBMISSION] = "submission",
	[EVENT_SERVICE_IMAP] = "imap",
	[EVENT_SERVICE_POP3] = "pop3",
	[EVENT_SERVICE_SIEVE] = "sieve",
};
_Static_assert(sizeof(service_names) / sizeof(*service_names) == EVENT_SERVICE_COUNT,
	       "one name each");

static const char *const daemon_names[] = {
	[EVENT_DAEMON_UNKNOWN] = "unknown",   [EVENT_DAEMON_POSTFIX] = "postfix",
	[EVENT_DAEMON_DOVECOT] = "dovecot",   [EVENT_DAEMON_EXIM] = "exim",
	[EVENT_DAEMON_SENDMAIL] = "sendmail", [EVENT_DAEMON_COURIER] = "courier",
	[EVENT_DAEMON_CYRUS] = "cyrus",	      [EVENT_DAEMON_SASLAUTHD] = "saslauthd",
	[EVENT_DAEMON_VPOPMAIL] = "vpopmail", [EVENT_DAEMON_OPENSMTPD] = "opensmtpd",
	[EVENT_DAEMON_EPOST] = "epost",	      [EVENT_DAEMON_USER] = "user",
};
_Static_assert(sizeof(daemon_names) / sizeof(*daemon_names) == EVENT_DAEMON_COUNT, "one name each");

const char *event_kind_name(enum event_kind kind)
{
	return kind < EVENT_KIND_COUNT ? kind_names[kind] : "none";
}

const char *event_service_name(enum event_service service)
{
	return service < EVENT_SERVICE_COUNT ? service_names[service] : NULL;
}

const char *event_daemon_name(enum event_daemon daemon)
{
	return daemon < EVENT_DAEMON_COUNT ? daemon_names[daemon] : "unknown";
}

static char *put(char *out, const char *text)
{
	return mempcpy(out, text, strlen(text));
}

static char *put_number(char *out, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	memcpy(out, digits + at, sizeof(digits) - at);
	return out + sizeof(digits) - at;
}

/* Writes "name", one of our own names, or null. */
static char *put_name(char *out, const char *name)
{
	if (!name)
		return put(out, "null");
	*out++ = '"';
	out = put(out, name);
	*out++ = '"';
	return out;
}

/* Writes "text" or null. */
static char *put_string(char *out, const char *text)
{
	if (!text)
		return put(out, "null");
	*out++ = '"';
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			*out++ = '\\';
		*out++ = *text;
	}
	*out++ = '"';
	return out;
}

static char *put_address(char *out, const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];
	uint32_t number;

	if (!address_is4(address)) {
		address_format(address, text);
		return put(out, text);
	}
	number = address_to4(address);
	for (int shift = 24; shift >= 0; shift -= 8) {
		out = put_number(out, number >> shift & 255);
		if (shift)
			*out++ = '.';
	}
	return out;
}

size_t event_write_json(const struct event *event, char out[EVENT_JSON_SIZE])
{
	/* The fixed text, a time, an address, two numbers, and our own names. */
	_Static_assert(EVENT_JSON_SIZE >= 2 * EVENT_ACCOUNT_SIZE + 450, "any event fits");
	char time[TIME_TEXT_SIZE], *at = out;

	if (event->wall_ns)
		time_format(event->wall_ns, time);
	at = put_name(put(at, "{\"time\":"), event->wall_ns ? time : NULL);
	at = put_name(put(at, ",\"kind\":"), event_kind_name(event->kind));
	if (event->has_source) {
		at = put_address(put(at, ",\"source\":\""), &event->source);
		*at++ = '"';
	} else {
		at = put(at, ",\"source\":null");
	}
	at = put_string(put(at, ",\"account\":"), event->has_account ? event->account : NULL);
	at = put_name(put(at, ",\"daemon\":"), event_daemon_name(event->daemon));
	at = put_name(put(at, ",\"service\":"), event_service_name(event->service));
	at = put_number(put(at, ",\"count\":"), event->count);
	at = put_number(put(at, ",\"line\":"), event->line);
	*at++ = '}';
	return (size_t)(at - out);
}

char *event_to_json(const struct event *event)
{
	char out[EVENT_JSON_SIZE];

	return strndup(out, event_write_json(event, out));
}
