// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho outflow`: the outflow breaker, and its release by hand. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "enforce/instance.h"
#include "show/json.h"
#include "show/outflow_view.h"

#define RELEASE_S 3600

static int show(const struct instance *instance, bool as_json)
{
	_cleanup_(cleanup_outflow_view) struct outflow_view *view = NULL;
	_cleanup_free_ char *json = NULL;
	struct fault fault = { 0 };

	if (outflow_view_fill(instance->gate, clock_wall_ns(), clock_boot_ns(), &view, &fault))
		return cmd_failed(&cmd_outflow, &fault);
	if (as_json) {
		json = json_line(outflow_to_json(view, true));
		if (!json) {
			fault_set(&fault, -ENOMEM, "out of memory");
			return cmd_failed(&cmd_outflow, &fault);
		}
		fputs(json, stdout);
	} else {
		text_outflow(stdout, view);
	}
	if (fflush(stdout) || ferror(stdout)) {
		fault_set(&fault, -errno, "cannot write to standard output: %m");
		return cmd_failed(&cmd_outflow, &fault);
	}
	return EXIT_DONE;
}

static int release(const struct instance *instance, uint64_t seconds)
{
	uint64_t now = clock_boot_ns();
	char length[TIME_TEXT_SIZE], until[TIME_TEXT_SIZE];
	struct fault fault = { 0 };
	int64_t end_wall_ns;

	if (gate_outflow_release(instance->gate, now, now + seconds * NS_PER_S, &fault))
		return cmd_failed(&cmd_outflow, &fault);
	if (!seconds) {
		puts("armed: the limits hold again");
		return EXIT_DONE;
	}
	end_wall_ns = clock_wall_ns() + (int64_t)(seconds * NS_PER_S);
	duration_format(seconds, length);
	time_show(end_wall_ns / NS_PER_S * NS_PER_S, until);
	printf("released: nothing is held back for %s, until %s; users who may not send still may "
	       "not\n",
	       length, until);
	return EXIT_DONE;
}

struct wish {
	bool json, has_length;
	uint64_t seconds;
};

/* Returns 0, or an exit status. */
static int parse(int argc, char **argv, struct wish *wish)
{
	static const struct option known[] = { { "json", no_argument, NULL, 'j' },
					       { "for", required_argument, NULL, 'f' },
					       { 0 } };

	wish->seconds = RELEASE_S;
	for (int c; (c = getopt_long(argc, argv, ":", known, NULL)) != -1;) {
		if (c == 'j')
			wish->json = true;
		else if (c != 'f')
			return cmd_bad_option(&cmd_outflow, known, c, argv);
		else if (duration_parse(optarg, &wish->seconds) || wish->seconds > 30 * 86400)
			return cmd_usage(&cmd_outflow,
					 "'%s' is no duration up to 30d; write it as 10m or 1h",
					 optarg);
		else
			wish->has_length = true;
	}
	return 0;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	struct wish wish = { 0 };
	const char *verb;
	int status = parse(argc, argv, &wish);

	if (status)
		return status;
	verb = optind < argc ? argv[optind] : "";
	if (optind + 1 < argc)
		return cmd_usage(&cmd_outflow, "unexpected argument '%s'", argv[optind + 1]);
	if (*verb && strcmp(verb, "release") && strcmp(verb, "arm"))
		return cmd_usage(&cmd_outflow, "'%s' is neither release nor arm", verb);
	if ((wish.json && *verb) || (wish.has_length && strcmp(verb, "release")))
		return cmd_usage(&cmd_outflow, "--json takes no action, and --for only 'release'");
	if (cmd_open(&cmd_outflow, globals, INSTANCE_GATE, &instance))
		return EXIT_FAILED;
	if (!instance.gate)
		return cmd_failed(&cmd_outflow, &instance.gate_fault);
	if (!*verb)
		return show(&instance, wish.json);
	return release(&instance, strcmp(verb, "arm") ? wish.seconds : 0);
}

const struct command cmd_outflow = {
	.name = "outflow",
	.summary = "what leaves to mail ports, and the breaker that bounds it",
	.usage = "[--json] | release [--for DURATION] | arm",
	.help = "Says whether the breaker is open (mail flows), tripped or released, who "
		"sends how much, and who caused a trip.\n\n"
		"  release  lifts a trip: nothing is held back for DURATION (1h), then the "
		"limits\n"
		"           hold again. Users that are not in [outflow] users are refused "
		"even so\n"
		"  arm      ends a release early\n"
		"  --json   one object; its schema is in sekisho(8)\n\n"
		"Needs root.\n",
	.run = run,
};
