// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho report`: a page after an incident, and a day's digest. Not here: where the facts come
 * from (report_facts.h), how they are shown (report/pages.h). */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/time.h"
#include "cmd/report_facts.h"
#include "cmd/since_arg.h"
#include "report/pages.h"

struct report_options {
	const char *account, *output;
	char **rest; /* logs, or the day */
	bool day, html, json;
	enum lang lang;
	const char *config_path;
};

static void print_fault(const char *text, void *context)
{
	_cleanup_free_ char *visible = cmd_visible(text);

	(void)context;
	fprintf(stderr, "sekisho report: %s\n", visible ? visible : text);
}

/* Output that is written as a whole or not at all: it is rendered to memory first, a few hundred
 * KiB at most. */
struct report_output {
	char *text;
	size_t size;
	FILE *stream;
};

static void cleanup_output(struct report_output *output)
{
	if (output->stream)
		fclose(output->stream);
	free(output->text);
}

static int output_open(struct report_output *output, struct fault *fault)
{
	output->stream = open_memstream(&output->text, &output->size);
	return output->stream ? 0 : fault_set(fault, -ENOMEM, "out of memory");
}

static int output_end(struct report_output *output, const char *path, struct fault *fault)
{
	bool failed = ferror(output->stream);

	failed |= fclose(output->stream) != 0;
	output->stream = NULL;
	if (failed)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (path)
		return file_replace(path, output->text, output->size, fault);
	if (fwrite(output->text, 1, output->size, stdout) == output->size && !fflush(stdout))
		return 0;
	return fault_set(fault, -EIO, "cannot write to standard output: %s", strerror(errno));
}

/* ---- an account ---- */

static int write_incident(const struct report_options *options, const struct incident *incident)
{
	_cleanup_(cleanup_output) struct report_output output = { 0 };
	struct fault fault = { 0 };
	int error = output_open(&output, &fault);

	if (!error) {
		struct page page = { output.stream, options->lang };

		incident_page(&page, incident, clock_wall_ns());
		error = output_end(&output, options->output, &fault);
	}
	return error ? cmd_failed(&cmd_report, &fault) : EXIT_DONE;
}

static int read_logs(const struct report_options *options, struct incident **incident)
{
	struct config *config;
	int status;

	*incident = NULL;
	if (config_load(options->config_path, print_fault, NULL, &config))
		return EXIT_FAILED;
	status = report_from_logs(&cmd_report, config, options->account, options->rest, incident);
	config_free(config);
	return status;
}

static int open_store(const struct report_options *options, struct instance *instance)
{
	struct globals globals = { .config_path = options->config_path };

	if (cmd_open(&cmd_report, &globals, INSTANCE_STORE_READ, instance))
		return EXIT_FAILED;
	return instance->store ? EXIT_DONE : cmd_failed(&cmd_report, &instance->store_fault);
}

static int report_account(const struct report_options *options)
{
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	struct incident *incident = NULL;
	int status, written;

	if (*options->rest) {
		status = read_logs(options, &incident);
	} else {
		status = open_store(options, &instance);
		if (!status)
			status = report_from_store(&cmd_report, &instance, options->account,
						   &incident);
	}
	if (!incident)
		return status;
	written = write_incident(options, incident);
	incident_free(incident);
	return written ? written : status;
}

/* ---- a day ---- */

static int write_day(const struct report_options *options, const struct day *day)
{
	_cleanup_free_ char *line = options->json ? day_json(day) : NULL;
	_cleanup_(cleanup_output) struct report_output output = { 0 };
	struct fault fault = { 0 };
	int error = output_open(&output, &fault);

	if (options->json && !line)
		error = fault_set(&fault, -ENOMEM, "out of memory");
	if (!error) {
		struct page page = { output.stream, options->lang };

		if (options->json)
			fputs(line ? line : "", output.stream);
		else if (options->html)
			day_page(&page, day, clock_wall_ns());
		else
			day_text(output.stream, options->lang, day);
		error = output_end(&output, options->output, &fault);
	}
	return error ? cmd_failed(&cmd_report, &fault) : EXIT_DONE;
}

static int report_day(const struct report_options *options)
{
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	_cleanup_free_ struct day *day = calloc(1, sizeof(*day));
	int64_t now = clock_wall_ns();
	char date[DAY_ARG_SIZE];
	const char *name = day_arg(*options->rest, now, date);
	int status;

	if (!day)
		return cmd_failed(&cmd_report, &(struct fault){ -ENOMEM, "out of memory" });
	/* Without a name: yesterday, the last complete day. */
	if (day_of(name, now, day))
		return cmd_usage(&cmd_report, "'%s' is no day like 2026-11-15", name ? name : "?");
	if (!name && day_of(NULL, (day->from_s - 1) * NS_PER_S, day))
		return cmd_usage(&cmd_report, "name a day like 2026-11-15");
	status = open_store(options, &instance);
	if (!status)
		status = report_day_from_store(&cmd_report, &instance, day);
	if (!status)
		status = write_day(options, day);
	day_free(day);
	return status;
}

/* ---- */

static int take_option(int c, struct report_options *options)
{
	int lang;

	switch (c) {
	case 'a':
		options->account = optarg;
		break;
	case 'd':
		options->day = true;
		break;
	case 'h':
		options->html = true;
		break;
	case 'j':
		options->json = true;
		break;
	case 'o':
		options->output = optarg;
		break;
	case 'c':
		options->config_path = optarg;
		break;
	case 'l':
		lang = lang_from_name(optarg);
		if (lang < 0)
			return cmd_usage(&cmd_report, "--lang %s: there are en and ja", optarg);
		options->lang = (enum lang)lang;
		break;
	default:
		break;
	}
	return EXIT_DONE;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option known[] = { { "account", required_argument, NULL, 'a' },
					       { "day", no_argument, NULL, 'd' },
					       { "html", no_argument, NULL, 'h' },
					       { "json", no_argument, NULL, 'j' },
					       { "output", required_argument, NULL, 'o' },
					       { "lang", required_argument, NULL, 'l' },
					       { "config", required_argument, NULL, 'c' },
					       { 0 } };
	struct report_options options = { .config_path = globals->config_path,
					  .lang = lang_of_environment() };
	int status = EXIT_DONE;

	for (int c; !status && (c = getopt_long(argc, argv, ":c:o:", known, NULL)) != -1;)
		status = c == ':' || c == '?' ? cmd_bad_option(&cmd_report, known, c, argv)
					      : take_option(c, &options);
	if (status)
		return status;
	options.rest = argv + optind;
	if (options.day == (options.account != NULL))
		return cmd_usage(&cmd_report, "name what to report: --account NAME, or --day");
	if (options.account && (!*options.account || strlen(options.account) >= EVENT_ACCOUNT_SIZE))
		return cmd_usage(&cmd_report, "--account: a name of 1 to %d bytes",
				 EVENT_ACCOUNT_SIZE - 1);
	if (options.account && (options.html || options.json))
		return cmd_usage(&cmd_report,
				 "--html and --json are of --day; an account's page is "
				 "HTML, and replay --json has its numbers");
	if (options.html && options.json)
		return cmd_usage(&cmd_report, "--html or --json");
	if (options.day && argc - optind > 1)
		return cmd_usage(&cmd_report, "one day at a time");
	return options.day ? report_day(&options) : report_account(&options);
}

const struct command cmd_report = {
	.name = "report",
	.summary = "a page after an incident, and a day's digest",
	.usage = "--account NAME [--output FILE] [--lang en|ja] [LOG...]\n"
		 "       sekisho report --day [DATE] [--html | --json] [-o FILE] [--lang en|ja]",
	.help = "With --account: one HTML page of what happened to it: from where its password was "
		"used and\n"
		"when, what was kept out, what left, whom else the same sources touched, and what "
		"to do.\n"
		"Made of LOGs, through the rules as `replay` does it, without privilege: a LOG may "
		"be\n"
		"compressed (gzip, xz, bzip2, zstd), or - for standard input. Without a LOG it is "
		"made of the "
		"store, which\n"
		"needs root and knows no messages. The page needs no script and loads nothing; it "
		"can be\n"
		"mailed and printed.\n\n"
		"With --day: what was counted on that day (2026-11-15 or today; default: "
		"yesterday) and\n"
		"its alerts, from the store. Needs root. sekisho-digest.timer mails it.\n\n"
		"  -o, --output FILE  instead of standard output; mode 0600, replaced as a whole\n"
		"      --html         the day as a page instead of text\n"
		"      --json         the day as one JSON object\n"
		"      --lang LANG    en or ja; default: by LC_ALL, LC_MESSAGES or LANG\n"
		"  -c, --config FILE  instead of the configuration that all commands read\n",
	.run = run,
};
