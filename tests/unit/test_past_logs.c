// SPDX-License-Identifier: GPL-2.0-or-later
/* Old logs as one stream: in the order of time, packed or not, whole or damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <unistd.h>
#include <zlib.h>
#include <cmocka.h>

#include "base/time.h"
#include "log/past_logs.h"

#define FAILURE                                                             \
	"mx postfix/submission/smtpd[1]: warning: unknown[%s]: SASL LOGIN " \
	"authentication failed: x, sasl_username=%s\n"

static char folder[64];

struct seen {
	size_t count;
	char accounts[64][16];
	uint64_t tags[64];
	enum event_kind kinds[64];
};

static void take(const struct event *event, uint64_t tag, void *context)
{
	struct seen *seen = context;

	assert_true(seen->count < 64);
	snprintf(seen->accounts[seen->count], 16, "%.15s", event->account);
	seen->kinds[seen->count] = event->kind;
	seen->tags[seen->count++] = tag;
}

static const char *path_of(const char *name)
{
	static char paths[4][128];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, 128, "%s/%s", folder, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "w");

	fputs(text, file);
	fclose(file);
}

static const char *failure(const char *stamp, const char *account)
{
	static char lines[8][256];
	static unsigned turn;
	char *line = lines[turn++ % 8];

	snprintf(line, 256, "%s " FAILURE, stamp, "192.0.2.1", account);
	return line;
}

static void files_are_merged_by_time_and_keep_their_own_order(void **state)
{
	struct past_logs *past_logs = past_logs_new(NULL);
	struct past_logs_counts counts;
	struct fault fault = { 0 };
	struct seen seen = { 0 };
	const char *path;
	char text[2048];

	(void)state;
	snprintf(text, sizeof(text), "%snoise\n%s%s", failure("2026-11-21T10:00:05Z", "b"),
		 failure("2026-11-21T10:00:01Z", "late"), failure("2026-11-21T10:00:30Z", "e"));
	put("one", text);
	snprintf(text, sizeof(text), "%s%s%s", failure("2026-11-21T10:00:00Z", "a"),
		 failure("2026-11-21T10:00:10Z", "c"), failure("2026-11-21T10:00:20Z", "d"));
	put("two", text);
	assert_int_equal(past_logs_add(past_logs, path_of("one"), &fault), 0);
	assert_int_equal(past_logs_add(past_logs, path_of("two"), &fault), 0);
	assert_int_equal(past_logs_run(past_logs, take, &seen, &fault), 0);
	assert_int_equal(seen.count, 6);
	assert_string_equal(seen.accounts[0], "a");
	assert_string_equal(seen.accounts[1], "b");
	assert_string_equal(seen.accounts[2], "late");
	assert_string_equal(seen.accounts[5], "e");
	assert_int_equal(past_logs_where(past_logs, seen.tags[5], &path), 4);
	assert_string_equal(path, path_of("one"));
	past_logs_get_counts(past_logs, &counts);
	assert_int_equal(counts.lines, 7);
	assert_int_equal(counts.events, 6);
	assert_int_equal((counts.last_ns - counts.first_ns) / NS_PER_S, 30);
	past_logs_free(past_logs);
}

static void deliveries_that_went_well_are_handed_on_and_are_no_events(void **state)
{
	struct past_logs *past_logs = past_logs_new(NULL);
	struct past_logs_counts counts;
	struct fault fault = { 0 };
	struct seen seen = { 0 };

	(void)state;
	put("one", "2026-11-21T10:00:00Z mx postfix/smtp[1]: 4F1A22: to=<x@example.net>, "
		   "relay=h[192.0.2.9]:25, dsn=2.0.0, status=sent (250 ok)\n"
		   "2026-11-21T10:00:01Z mx postfix/smtp[1]: 4F1A23: to=<x@example.net>, "
		   "relay=h[192.0.2.9]:25, dsn=5.1.1, status=bounced (550 no)\n"
		   "2026-11-21T10:00:01Z mx postfix/smtp[1]: 4F1A23: to=<x@example.net>, "
		   "relay=h[192.0.2.9]:25, dsn=4.1.1, status=deferred (450 status=sent ()\n");
	assert_int_equal(past_logs_add(past_logs, path_of("one"), &fault), 0);
	assert_int_equal(past_logs_run(past_logs, take, &seen, &fault), 0);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.kinds[0], EVENT_DELIVERED);
	assert_int_equal(seen.kinds[1], EVENT_BOUNCE);
	past_logs_get_counts(past_logs, &counts);
	assert_int_equal(counts.events, 1);
	past_logs_free(past_logs);
}

static void packed_files_read_as_plain_ones_and_damage_is_said_with_its_line(void **state)
{
	struct fault fault = { 0 };

	(void)state;
	for (int damaged = 0; damaged < 2; damaged++) {
		struct past_logs *past_logs = past_logs_new(NULL);
		struct seen seen = { 0 };
		gzFile packed = gzopen(path_of("packed"), "wb");

		for (int i = 0; i < 20; i++)
			gzputs(packed, failure("2026-11-21T10:00:00Z", "a"));
		gzclose(packed);
		if (damaged) {
			FILE *file = fopen(path_of("packed"), "r+");

			fseek(file, -8, SEEK_END); /* its checksum */
			fputs("12345678", file);
			fclose(file);
		}
		assert_int_equal(past_logs_add(past_logs, path_of("packed"), &fault), 0);
		assert_int_equal(past_logs_run(past_logs, take, &seen, &fault),
				 damaged ? -EBADMSG : 0);
		if (damaged)
			assert_non_null(strstr(fault.text, "damaged gzip"));
		else
			assert_int_equal(seen.count, 20);
		past_logs_free(past_logs);
	}
}

static void what_is_no_text_is_said_only_where_nothing_was_found_in_it(void **state)
{
	static const char zeros[] = "\0\0\0\n";
	struct past_logs *none = past_logs_new(NULL);
	struct fault fault = { 0 };

	(void)state;
	assert_int_equal(past_logs_add(none, folder, &fault), -EISDIR);
	past_logs_free(none);
	for (int found = 0; found < 2; found++) {
		struct past_logs *past_logs = past_logs_new(NULL);
		FILE *file = fopen(path_of("zeros"), "w");
		struct seen seen = { 0 };

		fwrite(zeros, 1, sizeof(zeros) - 1, file);
		fputs(found ? failure("2026-11-21T10:00:00Z", "a") : "nothing\n", file);
		fclose(file);
		put("text", failure("2026-11-21T10:00:01Z", "b"));
		assert_int_equal(past_logs_add(past_logs, path_of("zeros"), &fault), 0);
		assert_int_equal(past_logs_add(past_logs, path_of("text"), &fault), 0);
		assert_int_equal(past_logs_run(past_logs, take, &seen, &fault),
				 found ? 0 : -EBADMSG);
		assert_int_equal(seen.count, 1 + found);
		if (!found)
			assert_non_null(strstr(fault.text, "zeros is no text"));
		past_logs_free(past_logs);
	}
}

/* So many failures, as logrotate's compresscmd leaves them. */
static void pack(const char *path, int (*filter)(struct archive *archive), int lines)
{
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_filetype(entry, AE_IFREG);
	assert_int_equal(archive_write_set_format_raw(archive), ARCHIVE_OK);
	assert_int_equal(filter(archive), ARCHIVE_OK);
	assert_int_equal(archive_write_open_filename(archive, path), ARCHIVE_OK);
	assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
	for (int i = 0; i < lines; i++) {
		const char *line = failure("2026-11-21T10:00:00Z", "a");

		assert_true(archive_write_data(archive, line, strlen(line)) > 0);
	}
	archive_entry_free(entry);
	assert_int_equal(archive_write_free(archive), ARCHIVE_OK);
}

/* As logrotate leaves it on a quiet day. */
static void an_empty_file_is_an_empty_log(void **state)
{
	struct past_logs *past_logs = past_logs_new(NULL);
	struct past_logs_counts counts;
	struct fault fault = { 0 };
	struct seen seen = { 0 };

	(void)state;
	fclose(fopen(path_of("empty"), "w"));
	pack(path_of("packed"), archive_write_add_filter_xz, 0);
	assert_int_equal(past_logs_add(past_logs, path_of("empty"), &fault), 0);
	assert_int_equal(past_logs_add(past_logs, path_of("packed"), &fault), 0);
	assert_int_equal(past_logs_run(past_logs, take, &seen, &fault), 0);
	past_logs_get_counts(past_logs, &counts);
	assert_int_equal(counts.lines, 0);
	past_logs_free(past_logs);
}

static void what_other_packers_made_reads_the_same_and_damage_ends_it(void **state)
{
	static int (*const filters[])(struct archive * archive) = {
		archive_write_add_filter_xz,
		archive_write_add_filter_bzip2,
		archive_write_add_filter_zstd,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++) {
		for (int cut = 0; cut < 2; cut++) {
			struct past_logs *past_logs = past_logs_new(NULL);
			struct fault fault = { 0 };
			struct seen seen = { 0 };

			pack(path_of("packed"), filters[i], 20);
			if (cut)
				assert_int_equal(truncate(path_of("packed"), 40), 0);
			assert_int_equal(past_logs_add(past_logs, path_of("packed"), &fault), 0);
			assert_int_equal(past_logs_run(past_logs, take, &seen, &fault),
					 cut ? -EBADMSG : 0);
			assert_int_equal(seen.count, cut ? 0 : 20);
			past_logs_free(past_logs);
		}
	}
}

static void long_lines_are_cut_and_counted_and_the_rest_is_no_line(void **state)
{
	struct past_logs *past_logs = past_logs_new(NULL);
	struct past_logs_counts counts;
	struct fault fault = { 0 };
	struct seen seen = { 0 };
	FILE *file = fopen(path_of("long"), "w");

	(void)state;
	for (int i = 0; i < 600000; i++)
		fputc('x', file);
	fprintf(file, "\n%s", failure("2026-11-21T10:00:00Z", "a"));
	fclose(file);
	assert_int_equal(past_logs_add(past_logs, path_of("long"), &fault), 0);
	assert_int_equal(past_logs_run(past_logs, take, &seen, &fault), 0);
	assert_int_equal(seen.count, 1);
	past_logs_get_counts(past_logs, &counts);
	assert_int_equal(counts.lines, 2);
	assert_int_equal(counts.cut, 1);
	assert_int_equal(past_logs_add(past_logs, path_of("none"), &fault), -ENOENT);
	past_logs_free(past_logs);
}

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test-past_logs-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(files_are_merged_by_time_and_keep_their_own_order),
		TEST(deliveries_that_went_well_are_handed_on_and_are_no_events),
		TEST(what_is_no_text_is_said_only_where_nothing_was_found_in_it),
		TEST(packed_files_read_as_plain_ones_and_damage_is_said_with_its_line),
		TEST(what_other_packers_made_reads_the_same_and_damage_ends_it),
		TEST(an_empty_file_is_an_empty_log),
		TEST(long_lines_are_cut_and_counted_and_the_rest_is_no_line),
	};

	return cmocka_run_group_tests_name("past_logs", tests, NULL, NULL);
}
