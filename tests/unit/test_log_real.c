// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Logs that real daemons wrote (tests/unit/data/real), with the truth beside them: of each client
 * what it really did. Every client is judged by what the parser makes of its log: the counts of all
 * kinds, the accounts. exceptions.txt lists those that cannot be right, and why; an address that
 * never connected is never right.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>
#include <cmocka.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "log/parse.h"

#define DATA	  "tests/unit/data/real/"
#define SIZE_MOST (4U << 20)

struct log {
	char *text;
	size_t size;
};

static void read_gz(const char *name, const char *end, struct log *log)
{
	char path[512];
	gzFile file;
	int got;

	snprintf(path, sizeof(path), DATA "%s%s.gz", name, end);
	file = gzopen(path, "rb");
	assert_non_null(file);
	log->text = malloc(SIZE_MOST);
	assert_non_null(log->text);
	got = gzread(file, log->text, SIZE_MOST - 1);
	assert_true(got > 0);
	log->size = (size_t)got;
	log->text[log->size] = '\0';
	gzclose_r(file);
}

struct judging {
	json_t *truth; /* source -> scenario */
	json_t *got;   /* source -> { kind: count, "odd": account } */
	unsigned wrong;
};

/* "#012": rsyslog's escape. */
static bool is_escape(const char *at)
{
	return at[0] == '#' && strspn(at + 1, "01234567") >= 3;
}

/* What servers make of names: without case, one '?' for all that is not printed. */
static void make_plain(const char *name, char out[EVENT_ACCOUNT_SIZE * 2])
{
	size_t used = 0;

	for (; *name && used < EVENT_ACCOUNT_SIZE * 2 - 1; name++) {
		char c = *name >= ' ' && *name <= '~' && !is_escape(name) ? *name : '?';

		name += is_escape(name) ? 3 : 0;

		if (c == '?' && used && out[used - 1] == '?')
			continue;
		out[used++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	out[used] = '\0';
}

static bool is_named(const json_t *truth, const char *account)
{
	char have[EVENT_ACCOUNT_SIZE * 2], want[EVENT_ACCOUNT_SIZE * 2];
	const json_t *one;
	size_t i, size;

	make_plain(account, have);
	size = strlen(have);
	json_array_foreach (json_object_get(truth, "accounts"), i, one) {
		make_plain(json_string_value(one), want);
		if (!strcmp(have, want) ||
		    (size > 3 && !strcmp(have + size - 3, "...") &&
		     !strncmp(have, want, size - 3)) ||
		    (size > 200 && !strncmp(have, want, 200)) ||
		    (!strchr(want, '@') && !strncmp(have, want, strlen(want)) &&
		     have[strlen(want)] == '@'))
			return true;
	}
	return false;
}

static void take(struct judging *judging, const struct event *event)
{
	const char *kind = event_kind_name(event->kind);
	char source[ADDRESS_TEXT_SIZE];
	json_t *truth, *got;

	if (event->kind == EVENT_BOUNCE || !event->has_source)
		return;
	address_format(&event->source, source);
	truth = json_object_get(judging->truth, source);
	if (!truth) {
		print_error("%s never connected; line %llu\n", source,
			    (unsigned long long)event->line);
		judging->wrong++;
		return;
	}
	got = json_object_get(judging->got, source);
	if (!got) {
		got = json_object();
		json_object_set_new(judging->got, source, got);
	}
	json_object_set_new(
		got, kind,
		json_integer(json_integer_value(json_object_get(got, kind)) + event->count));
	if (event->has_account && event->kind != EVENT_ABUSE && !is_named(truth, event->account))
		json_object_set_new(got, "odd", json_string(event->account));
}

static json_int_t number(const json_t *object, const char *name, const char *end)
{
	char key[32];

	snprintf(key, sizeof(key), "%s%s", name, end);
	return json_integer_value(json_object_get(object, key));
}

/* Whether what the log gave of a client is what it did. */
static bool is_right(const json_t *truth, const json_t *got)
{
	static const char *const kinds[][2] = { { "failure", "failures" },
						{ "success", "successes" },
						{ "message", "messages" },
						{ "abuse", "abuse" } };

	for (size_t i = 0; i < 4; i++) {
		json_int_t have = number(got, kinds[i][0], ""),
			   want = number(truth, kinds[i][1], ""),
			   may = number(truth, kinds[i][1], "_may");

		if (i == 3 && json_object_get(truth, "abuse_any"))
			continue;
		if (have < want || have > want + may)
			return false;
	}
	return !json_object_get(got, "odd");
}

static void parse(struct judging *judging, const struct log *log)
{
	struct log_parser *parser = log_parser_new();
	const char *at = log->text, *end = log->text + log->size, *newline;
	struct event event;
	int64_t reference;

	assert_non_null(parser);
	assert_int_equal(time_parse("2026-11-28T16:00:00Z", 20, &reference, NULL), 0);
	log_parser_set_reference(parser, reference);
	log_parser_set_past(parser);
	for (; at < end; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(end - at));
		newline = newline ? newline : end;
		if (log_parser_line(parser, at, (size_t)(newline - at), &event))
			take(judging, &event);
	}
	while (log_parser_rest(parser, INT64_MAX, &event))
		take(judging, &event);
	log_parser_free(parser);
}

static json_t *read_truth(const char *name)
{
	json_t *all = json_object();
	struct log log;
	char *rest;

	read_gz(name, ".truth", &log);
	rest = log.text;
	for (char *line; (line = strsep(&rest, "\n")) && *line;) {
		json_t *one = json_loads(line, JSON_ALLOW_NUL, NULL);

		assert_non_null(one);
		json_object_set_new(all, json_string_value(json_object_get(one, "source")), one);
	}
	free(log.text);
	return all;
}

static bool is_excepted(const char *exceptions, const char *name, const char *source)
{
	char key[512];

	snprintf(key, sizeof(key), "\n%s\t%s\t", name, source);
	return strstr(exceptions, key);
}

static unsigned judge(const char *name, const char *exceptions)
{
	struct judging judging = { .truth = read_truth(name), .got = json_object() };
	unsigned faults = 0;
	const char *source;
	json_t *truth;
	struct log log;

	read_gz(name, ".log", &log);
	parse(&judging, &log);
	json_object_foreach (judging.truth, source, truth) {
		json_t *got = json_object_get(judging.got, source);
		bool right = is_right(truth, got);

		if (right || is_excepted(exceptions, name, source))
			continue;
		char *want = json_dumps(truth, JSON_COMPACT), *have = json_dumps(got, JSON_COMPACT);

		print_error("%s: true %s, got %s\n", name, want, have ? have : "nothing");
		free(want);
		free(have);
		faults++;
	}
	if (judging.wrong)
		print_error("%s: %u events of addresses that never connected\n", name,
			    judging.wrong);
	faults += judging.wrong;
	free(log.text);
	json_decref(judging.truth);
	json_decref(judging.got);
	return faults;
}

static void real_logs_give_what_their_clients_did(void **state)
{
	char exceptions[32768];
	FILE *file = fopen(DATA "exceptions.txt", "r");
	DIR *folder = opendir(DATA);
	unsigned faults = 0, logs = 0;
	struct dirent *entry;
	size_t size;

	(void)state;
	assert_non_null(file);
	assert_non_null(folder);
	size = fread(exceptions, 1, sizeof(exceptions) - 1, file);
	exceptions[size] = '\0';
	fclose(file);
	while ((entry = readdir(folder))) {
		size_t length = strlen(entry->d_name);

		if (length < 8 || strcmp(entry->d_name + length - 7, ".log.gz") != 0)
			continue;
		entry->d_name[length - 7] = '\0';
		faults += judge(entry->d_name, exceptions);
		logs++;
	}
	closedir(folder);
	assert_true(logs >= 26);
	assert_int_equal(faults, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_logs_give_what_their_clients_did),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
