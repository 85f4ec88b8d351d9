// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho replay`: old logs through parser and rules, in log time. Offline, without privilege. Not
 * here: reading and merging the files (log/history.h), what is printed (show/replay.h). */
#include "cmd/cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "conf/config.h"
#include "detect/detect.h"
#include "enforce/bans.h"
#include "lists/country.h"
#include "log/history.h"
#include "show/replay.h"

struct replay {
	struct config *config;
	struct ranges countries;
	struct protected_set protected;
	struct detect *detect;
	struct history *history;
	struct replay_report *report;
};

static unsigned country_of(const struct address *address, void *context)
{
	int64_t country = ranges_find(context, address);

	return country < 0 ? COUNTRY_ZZ : (unsigned)country;
}

static void print_fault(const char *text, void *context)
{
	_cleanup_free_ char *visible = cmd_visible(text);

	(void)context;
	fprintf(stderr, "sekisho replay: %s\n", visible ? visible : text);
}

/* What `never-ban` names; this machine's addresses have nothing to do with an old log. */
static int take_protected(struct replay *replay, struct fault *fault)
{
	const struct config *config = replay->config;
	char text[PREFIX_TEXT_SIZE];

	if (!config->never_ban_count)
		return 0;
	replay->protected.items = calloc(config->never_ban_count, sizeof(*replay->protected.items));
	if (!replay->protected.items)
		return fault_set(fault, -ENOMEM, "out of memory");
	for (size_t i = 0; i < config->never_ban_count; i++) {
		prefix_format(&config->never_ban[i], text);
		replay->protected.items[i].prefix = config->never_ban[i];
		snprintf(replay->protected.items[i].why, sizeof(replay->protected.items[i].why),
			 "%s is in never-ban", text);
	}
	replay->protected.count = config->never_ban_count;
	return 0;
}

static void take_countries(struct replay *replay)
{
	const struct config *config = replay->config;
	struct fault fault = { 0 };

	if (!config->country_file_count)
		return;
	if (country_load(config->country_files, config->country_file_count, &replay->countries,
			 &fault)) {
		replay->countries = (struct ranges){ 0 };
		cmd_warn(&cmd_replay, "%s; every country is unknown, and rules see networks alone",
			 fault.text);
	}
}

static void on_decision(const struct decision *decision, void *context)
{
	struct replay *replay = context;

	if (decision->action == ACTION_BAN &&
	    (decision->again || protected_why(&replay->protected, &decision->prefix)))
		return;
	replay_report_decision(replay->report, decision, replay->history);
}

/* What a ban would have kept out never came to be said in the log. */
static bool kept_out(const struct replay *replay, const struct event *event)
{
	struct prefix source;

	if (!event->has_source || !detect_bans(replay->detect, &event->source, event->wall_ns))
		return false;
	source = address_source(&event->source, replay->config->detect.source_length6);
	return !protected_why(&replay->protected, &source);
}

static void on_event(const struct event *event, uint64_t tag, void *context)
{
	struct replay *replay = context;
	bool out = kept_out(replay, event);

	replay_report_event(replay->report, event, out);
	if (!out)
		detect_event(replay->detect, event, tag, on_decision, replay);
}

static int start(struct replay *replay, bool json, struct fault *fault)
{
	struct detect_settings settings = replay->config->detect;
	int error;

	take_countries(replay);
	settings.country = country_of;
	settings.country_context = &replay->countries;
	/* An old log is read at one go: what it needs to remember is its own size. */
	settings.most_sources = settings.most_accounts = 1U << 20;
	replay->detect = detect_new(&settings);
	replay->history = history_new(replay->config->compiled_patterns);
	replay->report = replay_report_new(stdout, json);
	if (!replay->detect || !replay->history || !replay->report)
		return fault_set(fault, -ENOMEM, "out of memory");
	error = take_protected(replay, fault);
	return error;
}

static void finish(struct replay *replay)
{
	detect_free(replay->detect);
	history_free(replay->history);
	replay_report_free(replay->report);
	ranges_free(&replay->countries);
	free(replay->protected.items);
	config_free(replay->config);
}

static int replay_files(struct replay *replay, char **paths, bool json)
{
	struct fault fault = { 0 };
	struct history_counts counts;
	int status = EXIT_DONE;

	if (start(replay, json, &fault))
		return cmd_failed(&cmd_replay, &fault);
	for (; *paths; paths++)
		if (history_add(replay->history, *paths, &fault))
			return cmd_failed(&cmd_replay, &fault);
	/* A file that ends in a fault ends there; the rest counts. */
	if (history_run(replay->history, on_event, replay, &fault))
		status = cmd_failed(&cmd_replay, &fault);
	history_get_counts(replay->history, &counts);
	if (counts.cut)
		cmd_warn(&cmd_replay, "%llu lines of more than %d bytes were cut",
			 (unsigned long long)counts.cut, LOG_LINE_MAX);
	replay_report_end(replay->report, &counts);
	if (fflush(stdout) || ferror(stdout)) {
		fault_set(&fault, -EIO, "cannot write what was found: %s", strerror(errno));
		return cmd_failed(&cmd_replay, &fault);
	}
	return status;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "config", required_argument, NULL, 'c' },
						 { 0 } };
	const char *config_path = globals->config_path;
	struct replay replay = { 0 };
	bool json = false;
	int status;

	for (int c; (c = getopt_long(argc, argv, "c:", options, NULL)) != -1;) {
		if (c == 'j')
			json = true;
		else if (c == 'c')
			config_path = optarg;
		else
			return cmd_usage(&cmd_replay, "unknown option");
	}
	if (optind == argc)
		return cmd_usage(&cmd_replay, "which log? Name files, or - for standard input");
	if (config_load(config_path, print_fault, NULL, &replay.config))
		return EXIT_FAILED;
	status = replay_files(&replay, argv + optind, json);
	finish(&replay);
	return status;
}

const struct command cmd_replay = {
	.name = "replay",
	.summary = "run old logs through the rules: who would have been banned, and when",
	.usage = "[--json] [--config FILE] LOG...",
	.help = "Reads logs as `run` would have, in the logs' own time, bans and alerts on paper,\n"
		"and says what that would have kept out. Touches nothing and needs no privilege "
		"but\n"
		"to read the files. A LOG may be compressed with gzip, or - for standard input.\n"
		"Several are merged by time; lines without time follow the line before them.\n"
		"Rules, home countries, country data and never-ban are those of the "
		"configuration;\n"
		"bans count as enforced, whatever its mode. What a ban would have kept out is "
		"left\n"
		"out of what the rules see, as it would never have been logged.\n\n"
		"  -c, --config FILE  instead of the configuration that all commands read\n"
		"      --json         one JSON object a line: decisions, then a summary\n",
	.run = run,
};
