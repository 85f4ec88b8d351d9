// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho parse`: prints the events of log files, one per line. Needs no privilege and no
 * configuration. */
#include "cmd/cmd.h"
#include "cmd/progress_line.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/time.h"
#include "conf/config.h"
#include "log/packed.h"
#include "log/past_logs.h"
#include "log/parse.h"

#define READ_SIZE (1U << 20)

struct reading {
	const char *name;
	bool missed; /* show mail servers' lines without an event instead */
	uint64_t lines, missed_count, timeless, events[EVENT_KIND_COUNT];
	bool json, cutting; /* cutting: the rest of an over-long line is skipped */
	bool show_name;	    /* there are several files: name each */
	bool no_text;	    /* by its first bytes */
	struct log_parser *parser;
	struct patterns *patterns;
	uint64_t cut;
	struct progress_line *progress;
};

static void print_text(const struct reading *reading, const struct event *event)
{
	const char *service = event_service_name(event->service);
	char time[TIME_TEXT_SIZE] = "-", source[ADDRESS_TEXT_SIZE] = "-", where[40];

	if (event->wall_ns)
		time_show(event->wall_ns, time);
	if (event->has_source)
		address_format(&event->source, source);
	snprintf(where, sizeof(where), "%s/%s", event_daemon_name(event->daemon),
		 service ? service : "-");
	printf("%-20s  %-7s  %-15s  %-19s  x%-3u ", time, event_kind_name(event->kind), source,
	       where, event->count);
	if (reading->show_name)
		printf("%s:", reading->name);
	else
		fputs("line ", stdout);
	printf("%-6" PRIu64 "  %s\n", event->line, event->has_account ? event->account : "-");
}

static void print_event(struct reading *reading, const struct event *event)
{
	char json[EVENT_JSON_SIZE];
	size_t used;

	reading->events[event->kind] += event->count;
	reading->timeless += !event->wall_ns;
	if (reading->missed)
		return;
	if (!reading->json) {
		print_text(reading, event);
		return;
	}
	used = event_write_json(event, json);
	json[used++] = '\n';
	fwrite(json, 1, used, stdout);
}

/* Prints a line without passwords and control characters. */
static void print_missed(const struct reading *reading, const char *line, size_t size)
{
	char text[LOG_LINE_MAX + 1];

	log_line_clean(line, size, text);
	printf("%s:%" PRIu64 ": %s\n", reading->name, reading->lines, text);
}

static uint64_t count_events(const struct reading *reading)
{
	uint64_t events = 0;

	for (enum event_kind kind = EVENT_NONE + 1; kind < EVENT_KIND_COUNT; kind++)
		events += reading->events[kind];
	return events;
}

/* Prints the sums, on standard error. */
static void print_summary(const struct reading *reading)
{
	char form[ENVELOPE_FORM_SIZE];

	log_parser_form(reading->parser, form);
	fprintf(stderr, "sekisho parse: %s: %" PRIu64 " lines%s%s, %" PRIu64 " events",
		reading->name, reading->lines, *form ? " of " : "", form, count_events(reading));
	for (enum event_kind kind = EVENT_NONE + 1; kind < EVENT_KIND_COUNT; kind++)
		if (reading->events[kind])
			fprintf(stderr, ", %s %" PRIu64, event_kind_name(kind),
				reading->events[kind]);
	fprintf(stderr, "; %" PRIu64 " lines of mail servers without one%s", reading->missed_count,
		reading->missed || !reading->missed_count ? "" : " (--missed shows them)");
	if (reading->timeless)
		fprintf(stderr, "; %" PRIu64 " events HAVE NO TIME that is understood",
			reading->timeless);
	fputc('\n', stderr);
}

static void parse_line(struct reading *reading, const char *line, size_t size)
{
	struct event event;

	if (size > LOG_LINE_MAX) {
		size = LOG_LINE_MAX;
		reading->cut++;
	}
	reading->lines++;
	if (log_parser_line(reading->parser, line, size, &event)) {
		print_event(reading, &event);
	} else if (log_parser_missed(reading->parser)) {
		reading->missed_count++;
		if (reading->missed)
			print_missed(reading, line, size);
	}
}

/* Parses the complete lines of the buffer; returns the number of bytes left at its end. */
static size_t parse_buffer(struct reading *reading, char *buffer, size_t size)
{
	const char *at = buffer, *end = buffer + size, *newline;

	while ((newline = memchr(at, '\n', (size_t)(end - at)))) {
		if (!reading->cutting)
			parse_line(reading, at, (size_t)(newline - at));
		reading->cutting = false;
		at = newline + 1;
	}
	size = (size_t)(end - at);
	if (size == READ_SIZE) { /* no newline in the whole buffer */
		if (!reading->cutting)
			parse_line(reading, at, size);
		reading->cutting = true;
		return 0;
	}
	memmove(buffer, at, size);
	return size;
}

/* `packed` NULL: a pipe, of which each line is read as it comes. */
static ssize_t read_some(struct packed_file *packed, int fd, char *out, size_t size)
{
	ssize_t got;

	if (packed)
		return packed_read(packed, out, size);
	do
		got = read(fd, out, size);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

static void free_packed(struct packed_file **packed)
{
	packed_close(*packed);
}

static int parse_open(struct reading *reading, int fd, struct fault *fault)
{
	_cleanup_(free_packed) struct packed_file *packed = NULL;
	_cleanup_free_ char *buffer = malloc(READ_SIZE);
	struct event event;
	struct stat status;
	size_t kept = 0;
	ssize_t got;

	if (!buffer)
		return fault_set(fault, -ENOMEM, "out of memory");
	/* The file's lines are older than its last change: that decides the year where they have
	 * none. */
	if (!fstat(fd, &status) && S_ISREG(status.st_mode)) {
		log_parser_set_reference(reading->parser,
					 status.st_mtim.tv_sec * NS_PER_S + status.st_mtim.tv_nsec);
		packed = packed_open(dup(fd));
		if (!packed)
			return fault_set(fault, -ENOMEM, "out of memory");
	} else {
		log_parser_set_reference(reading->parser, clock_wall_ns());
	}
	while ((got = read_some(packed, fd, buffer + kept, READ_SIZE - kept)) > 0) {
		if (!packed && !reading->lines && packed_is(buffer, kept + (size_t)got))
			return fault_set(fault, -EINVAL,
					 "%s is packed, and a pipe is not unpacked: name the file, "
					 "or unpack it before the pipe",
					 reading->name);
		if (!reading->lines && !kept)
			reading->no_text = !packed_is_text(buffer, (size_t)got);
		progress_line_clear(reading->progress);
		kept = parse_buffer(reading, buffer, kept + (size_t)got);
		progress_line_logs(reading->lines, reading->progress);
	}
	progress_line_clear(reading->progress);
	if (!got && kept && !reading->cutting)
		parse_line(reading, buffer, kept);
	while (log_parser_rest(reading->parser, INT64_MAX, &event))
		print_event(reading, &event);
	return got < 0 ? packed_fault(reading->name, reading->lines, (int)got, fault) : 0;
}

static void print_fault(const char *text, void *context)
{
	(void)context;
	cmd_warn(&cmd_parse, "%s", text);
}

/* Loads the configuration for its [pattern]s. One that -c or SEKISHO_CONFIG names must be sound.
 * The default one need not even exist. */
static int load_config(const struct globals *globals, struct config **config)
{
	const char *path = getenv("SEKISHO_CONFIG");

	if (globals->config_path || (path && *path))
		return config_load(globals->config_path, print_fault, NULL, config);
	if (access(CONFIG_DEFAULT_PATH, R_OK))
		return 0;
	if (config_load(NULL, NULL, NULL, config))
		cmd_warn(&cmd_parse, "%s has faults (sekisho check): its patterns are not used",
			 CONFIG_DEFAULT_PATH);
	return 0;
}

static int parse_file(struct reading *reading, struct fault *fault)
{
	_cleanup_close_ int fd = packed_open_path(reading->name, fault);
	int error;

	if (fd < 0)
		return fd;
	reading->parser = log_parser_new();
	if (!reading->parser)
		return fault_set(fault, -ENOMEM, "out of memory");
	log_parser_set_past(reading->parser);
	log_parser_set_patterns(reading->parser, reading->patterns);
	error = parse_open(reading, fd, fault);
	if (!error && reading->no_text && !count_events(reading))
		error = packed_no_text(reading->name, fault);
	print_summary(reading);
	log_parser_free(reading->parser);
	return error;
}

struct together {
	const struct past_logs *past_logs;
	bool json;
	struct progress_line progress;
};

static void print_one(const struct event *event, uint64_t tag, void *context)
{
	struct together *together = context;
	struct reading reading = { .json = together->json, .show_name = true };

	past_logs_where(together->past_logs, tag, &reading.name);
	progress_line_clear(&together->progress);
	if (event->kind < EVENT_KIND_COUNT)
		print_event(&reading, event);
}

static void free_past_logs(struct past_logs **past_logs)
{
	past_logs_free(*past_logs);
}

/* Reads several logs as those of one server: what several of them tell is one event. */
static int parse_files(char **names, bool json, struct patterns *patterns)
{
	_cleanup_(free_past_logs) struct past_logs *past_logs = past_logs_new(patterns);
	struct together together = { .past_logs = past_logs, .json = json };
	struct past_logs_counts counts;
	int status = EXIT_DONE, error;
	struct fault fault = { 0 };

	if (!past_logs) {
		fault_set(&fault, -ENOMEM, "out of memory");
		return cmd_failed(&cmd_parse, &fault);
	}
	for (; *names; names++)
		if (past_logs_add(past_logs, *names, &fault))
			status = cmd_failed(&cmd_parse, &fault);
	past_logs_set_progress(past_logs, progress_line_logs, &together.progress);
	error = past_logs_run(past_logs, print_one, &together, &fault);
	progress_line_clear(&together.progress);
	if (error)
		status = cmd_failed(&cmd_parse, &fault);
	past_logs_get_counts(past_logs, &counts);
	if (counts.cut)
		cmd_warn(&cmd_parse, "%" PRIu64 " lines of more than %u bytes were cut", counts.cut,
			 LOG_LINE_MAX);
	fprintf(stderr, "sekisho parse: %" PRIu64 " lines, %" PRIu64 " events\n", counts.lines,
		counts.events);
	return status;
}

static void parse_free_config(struct config **config)
{
	config_free(*config);
}

static int parse_run(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "missed", no_argument, NULL, 'm' },
						 { 0 } };
	_cleanup_(parse_free_config) struct config *config = NULL;
	struct progress_line progress = { 0 };
	int status = EXIT_DONE;
	bool json = false, missed = false;

	for (int c; (c = getopt_long(argc, argv, ":", options, NULL)) != -1;) {
		if (c != 'j' && c != 'm')
			return cmd_bad_option(&cmd_parse, options, c, argv);
		json |= c == 'j';
		missed |= c == 'm';
	}
	if (json && missed)
		return cmd_usage(&cmd_parse, "--json, or --missed: not both");
	if (optind == argc)
		return cmd_usage(&cmd_parse, "which log? Name files, or - for standard input");
	if (load_config(globals, &config))
		return EXIT_FAILED;
	if (argc - optind > 1 && !missed)
		status =
			parse_files(argv + optind, json, config ? config->compiled_patterns : NULL);
	for (int i = optind; i < argc && (missed || argc - optind == 1); i++) {
		struct reading reading = { .name = argv[i],
					   .json = json,
					   .missed = missed,
					   .progress = &progress,
					   .patterns = config ? config->compiled_patterns : NULL };
		struct fault fault = { 0 };

		if (parse_file(&reading, &fault))
			status = cmd_failed(&cmd_parse, &fault);
		if (reading.cut)
			cmd_warn(&cmd_parse, "%s: %" PRIu64 " lines of more than %u bytes were cut",
				 reading.name, reading.cut, LOG_LINE_MAX);
	}
	if (fflush(stdout) || ferror(stdout)) {
		struct fault fault;

		fault_set(&fault, -EIO, "cannot write the events: %s", strerror(errno));
		return cmd_failed(&cmd_parse, &fault);
	}
	return status;
}

const struct command cmd_parse = {
	.name = "parse",
	.summary = "print the events of log files",
	.usage = "[--json | --missed] FILE...",
	.help = "Prints failed and successful logins, messages handed in, bounces and abuse, one "
		"per\n"
		"line, of the logs of Postfix, Dovecot, Exim, Sendmail, Courier, Cyrus, "
		"saslauthd,\n"
		"vpopmail, Plesk, OpenSMTPD and E-Post. FILE may be - for standard input. Several\n"
		"files are taken for logs of one server: in the order of their time, and what "
		"several\n"
		"of them say is one event. They may be packed (gzip, xz, bzip2, zstd).\n"
		"[pattern]s of the configuration are used where there is one. Needs no privilege "
		"but\n"
		"to read the files. Stamps without a year are taken to be\n"
		"before the file was last written, in the local time zone (TZ).\n\n"
		"  --json   one JSON object per line: time, kind (failure, success, message, "
		"bounce,\n"
		"           abuse), source, account, daemon, service, count, line\n"
		"  --missed  instead: the lines of mail servers in which nothing was found\n\n"
		"What each file came to is said on standard error.\n",
	.run = parse_run,
};
