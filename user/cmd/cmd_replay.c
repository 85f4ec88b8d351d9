// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho replay`: runs old logs through parser and rules, in log time. Offline, without
 * privilege. Not here: how that is done (old_logs.h), what is printed (show/replay.h). */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "cmd/old_logs.h"
#include "show/replay.h"

struct replay {
	struct old_logs logs;
	struct replay_report *report;
};

static void print_fault(const char *text, void *context)
{
	_cleanup_free_ char *visible = cmd_visible(text);

	(void)context;
	fprintf(stderr, "sekisho replay: %s\n", visible ? visible : text);
}

static void on_event(const struct event *event, uint64_t tag, bool out, void *context)
{
	struct replay *replay = context;

	(void)tag;
	replay_report_event(replay->report, event, out);
}

static void on_decision(const struct decision *decision, void *context)
{
	struct replay *replay = context;

	replay_report_decision(replay->report, decision, replay->logs.past_logs);
}

static int replay_files(struct replay *replay, char **paths, bool json)
{
	struct fault fault = { 0 };
	struct past_logs_counts counts;
	int status;

	replay->report = replay_report_new(stdout, json, replay->logs.config);
	if (!replay->report)
		fault_set(&fault, -ENOMEM, "out of memory");
	if (fault.error || old_logs_open(&replay->logs, &fault))
		return cmd_failed(&cmd_replay, &fault);
	status = old_logs_read(&replay->logs, paths, &counts);
	if (!replay->logs.opened)
		return status;
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
	struct config *config = NULL;
	struct replay replay = {
		.logs = { .command = &cmd_replay, .on_event = on_event, .on_decision = on_decision }
	};
	bool json = false;
	int status;

	for (int c; (c = getopt_long(argc, argv, ":c:", options, NULL)) != -1;) {
		if (c == 'j')
			json = true;
		else if (c == 'c')
			config_path = optarg;
		else
			return cmd_bad_option(&cmd_replay, options, c, argv);
	}
	if (optind == argc)
		return cmd_usage(&cmd_replay, "which log? Name files, or - for standard input");
	if (config_load(config_path, print_fault, NULL, &config))
		return EXIT_FAILED;
	replay.logs.config = config;
	replay.logs.context = &replay;
	status = replay_files(&replay, argv + optind, json);
	old_logs_close(&replay.logs);
	replay_report_free(replay.report);
	config_free(config);
	return status;
}

const struct command cmd_replay = {
	.name = "replay",
	.summary = "run old logs through the rules: who would have been banned, and when",
	.usage = "[--json] [--config FILE] LOG...",
	.help = "Reads logs as `run` would have done, in the logs' own time, makes bans and "
		"alerts on paper only, and says what the bans would have kept out. Changes "
		"nothing, and needs no privilege but to read the files. A LOG may be "
		"compressed (gzip, xz, bzip2, zstd), or - for standard input. Several logs "
		"are merged by time; a line without a time follows the line before it. "
		"Rules, home countries, country data and never-ban are those of the "
		"configuration. Bans count as enforced, whatever the configured mode: the "
		"rules do not see what a ban would have kept out, because it would never "
		"have been logged.\n\n"
		"  -c, --config FILE  reads FILE instead of the configuration that all "
		"commands read\n"
		"  --json             one JSON object a line: decisions, then a summary\n",
	.run = run,
};
