// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho top`: live statistics. user/show/ draws them; here are the loop, and bans by hand. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "enforce/bans.h"
#include "show/style.h"
#include "show/top_screen.h"

#define BAN_S		3600
#define INTERVAL_S	2
#define INTERVAL_MOST_S 60

struct top {
	const char *config_path;
	uint64_t interval_s;
	struct screen screen;
	struct top_view view;
	struct top_frame frames[2]; /* the present one and the one before */
	bool has[2];
	unsigned now;
	struct top_bans bans;
	uint64_t taken_boot_ns;
};

static volatile sig_atomic_t ended;

static void on_signal(int signal)
{
	(void)signal;
	ended = 1;
}

/* Takes the next frame. If that fails, the last one stays on the screen, with the reason. */
static void take_frame(struct top *top)
{
	unsigned next = !top->now;
	struct top_frame fresh = { .instance.lock_fd = -1 };
	struct fault fault = { 0 };

	top->taken_boot_ns = clock_boot_ns();
	if (top_frame_take(top->config_path, &fresh, &top->bans, &fault)) {
		snprintf(top->screen.message, sizeof(top->screen.message), "%.250s", fault.text);
		return;
	}
	if (top->has[next])
		top_frame_free(&top->frames[next]);
	top->frames[next] = fresh;
	top->has[next] = true;
	top->now = next;
}

static int draw(struct top *top)
{
	const struct top_frame *before = top->has[!top->now] ? &top->frames[!top->now] : NULL;

	return screen_draw(&top->screen, &top->view, before, &top->frames[top->now], &top->bans);
}

/* ---- by hand ---- */

static int ban_one(struct instance *instance, const struct prefix *prefix, size_t *closed,
		   struct fault *fault)
{
	_cleanup_(protected_free) struct protected_set set = { 0 };
	int64_t now = clock_wall_ns();
	struct ban_record ban = {
		.prefix = *prefix,
		.services = BAN_ALL,
		.since_wall_ns = now,
		.until_wall_ns = now + BAN_S * NS_PER_S,
		.rule = RULE_MANUAL,
		.reason = "by hand, from top",
	};
	struct bans_adding adding = { 0 };
	int err = protected_load(instance->config, &set, fault);

	if (!err)
		err = bans_add(instance, &set, &ban, &adding, fault);
	*closed = adding.sockets_closed;
	return err;
}

static void do_it(struct top *top, const struct prefix *prefix, bool ban)
{
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	char text[PREFIX_TEXT_SIZE], *message = top->screen.message;
	size_t size = sizeof(top->screen.message), closed = 0;
	struct fault fault = { 0 };
	int err = instance_open(top->config_path,
				INSTANCE_STORE_WRITE | INSTANCE_GATE | INSTANCE_FAULTY, &instance,
				&fault);

	prefix_format(prefix, text);
	if (!err)
		err = ban ? ban_one(&instance, prefix, &closed, &fault)
			  : bans_remove(&instance, prefix, BAN_ALL, &fault);
	if (err == -ENOENT && !ban)
		snprintf(message, size, "there is no ban of exactly %s", text);
	else if (err)
		snprintf(message, size, "%.250s", fault.text);
	else if (ban)
		snprintf(message, size, "%s %s for 1h, %zu connections closed",
			 bans_enforced(&instance) ? "banned" : "monitor mode: would ban", text,
			 closed);
	else
		snprintf(message, size, "unbanned %s", text);
	top->bans.took_ns = 0; /* so that the table shows it at once */
}

static void by_hand(struct top *top, bool ban)
{
	const struct top_row *row = top->screen.selected;
	char question[256];
	struct prefix prefix;

	if (!row || !row->has_prefix) {
		snprintf(top->screen.message, sizeof(top->screen.message),
			 "choose a source, a network or a ban first");
		return;
	}
	prefix = row->prefix; /* the rows may change while the question is shown */
	snprintf(question, sizeof(question), ban ? "ban %s for 1h?" : "unban %s?", row->name);
	if (screen_confirm(question))
		do_it(top, &prefix, ban);
	else
		snprintf(top->screen.message, sizeof(top->screen.message), "not done");
}

/* ---- the loop ---- */

static int wait_ms(const struct top *top)
{
	uint64_t due = top->taken_boot_ns + top->interval_s * NS_PER_S, now = clock_boot_ns();

	return due > now ? (int)((due - now) / NS_PER_MS + 1) : 0;
}

static int loop(struct top *top)
{
	enum screen_action action = SCREEN_NOTHING;

	while (!ended && action != SCREEN_QUIT) {
		if (!top->view.paused && !wait_ms(top))
			take_frame(top);
		if (draw(top))
			return -ENOMEM;
		action = screen_key(&top->screen, &top->view,
				    top->view.paused ? 1000 : wait_ms(top));
		if (action == SCREEN_BAN || action == SCREEN_UNBAN) {
			by_hand(top, action == SCREEN_BAN);
			top->taken_boot_ns = 0;
		}
	}
	return 0;
}

static void cleanup_providers(struct providers **providers)
{
	providers_free(*providers);
}

static int show(struct top *top, struct fault *fault)
{
	_cleanup_(cleanup_providers) struct providers *providers = NULL;
	struct sigaction action = { .sa_handler = on_signal };
	const struct config *config;
	int err;

	/* The first frame is taken before the screen is opened, so that faults are reported as by
	 * any command. */
	err = top_frame_take(top->config_path, &top->frames[0], &top->bans, fault);
	if (err)
		return err;
	top->has[0] = true;
	config = top->frames[0].instance.config;
	(void)providers_load(config->provider_files, config->provider_file_count,
			     config->provider_files_default, &providers, NULL);
	top->taken_boot_ns = clock_boot_ns();
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	screen_begin(&top->screen, style_wanted(stdout));
	top->screen.providers = providers;
	err = loop(top);
	top->screen.providers = NULL;
	screen_end(&top->screen);
	return err ? fault_set(fault, err, "out of memory") : 0;
}

static int read_options(int argc, char **argv, struct top *top)
{
	static const struct option options[] = { { "interval", required_argument, NULL, 'i' },
						 { 0 } };

	for (int c; (c = getopt_long(argc, argv, ":", options, NULL)) != -1;) {
		if (c == ':' || c == '?')
			return cmd_bad_option(&cmd_top, options, c, argv);
		if (duration_parse(optarg, &top->interval_s) || top->interval_s > INTERVAL_MOST_S)
			return cmd_usage(&cmd_top, "--interval %s: it must be from 1s to 60s",
					 optarg);
	}
	if (optind < argc)
		return cmd_usage(&cmd_top, "takes no argument: '%s'", argv[optind]);
	return EXIT_DONE;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	struct top top = { .config_path = globals->config_path, .interval_s = INTERVAL_S };
	struct fault fault = { 0 };
	int status = read_options(argc, argv, &top);

	if (status)
		return status;
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		fault_set(&fault, -ENOTTY,
			  "needs a terminal; `sekisho stats` prints the same once");
		return cmd_failed(&cmd_top, &fault);
	}
	if (show(&top, &fault))
		status = cmd_failed(&cmd_top, &fault);
	for (unsigned i = 0; i < 2; i++)
		if (top.has[i])
			top_frame_free(&top.frames[i]);
	top_bans_free(&top.bans);
	return status;
}

const struct command cmd_top = {
	.name = "top",
	.summary = "the counters, live on the terminal, and bans by hand",
	.usage = "[--interval DURATION]",
	.help = "Rates by service and reason, and tables of sources, networks, countries, "
		"accounts\n"
		"in trouble, and bans. Keys: 1-5 or Tab choose the table, s sorts, / filters, p "
		"pauses,\n"
		"b bans the chosen row for an hour and u unbans it (both ask first), q leaves.\n"
		"Colour is left out with NO_COLOR. Needs root, a loaded gate and a terminal.\n\n"
		"  --interval DURATION  1s to 60s; default 2s\n",
	.run = run,
};
