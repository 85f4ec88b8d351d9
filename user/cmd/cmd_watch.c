// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho watch`: the gate's verdicts as they happen, and the dropped packets' headers. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "cmd/watch_args.h"
#include "enforce/instance.h"
#include "kernel/verdicts.h"
#include "show/capture.h"
#include "show/verdict_line.h"

#define RATE	     500    /* verdicts a second, unless set otherwise */
#define RATE_MOST    100000 /* what a terminal or a disk may be expected to take */
#define LOOK_NS	     50000000L
#define SAY_NS	     (5 * NS_PER_S)
#define CAPTURE_MOST (64ULL << 20)

struct watch_command {
	struct watch_filter filter;
	const char *capture_path;
	char *services[8];
	size_t service_count;
	uint64_t rate, count, for_s;
	bool as_json;

	struct verdict_names names;
	FILE *lines, *capture; /* NULL: not wanted */
	uint64_t captured;     /* bytes */
	uint64_t shown;
	struct verdicts_missed said; /* what was reported already */
	int64_t wall_offset_ns;	     /* wall clock minus boot clock */
};

static volatile sig_atomic_t ended;

static void on_signal(int signal)
{
	(void)signal;
	ended = 1;
}

static bool is_done(const struct watch_command *watch)
{
	return (watch->count && watch->shown >= watch->count) ||
	       (watch->capture && watch->captured >= CAPTURE_MOST);
}

/* Shows one record. A negative return ends the reading: -ENOSPC if enough was shown, else the
 * error. */
static int show(const struct watch_record *record, void *context)
{
	struct watch_command *watch = context;
	int64_t when = (int64_t)record->time_ns + watch->wall_offset_ns;
	_cleanup_free_ char *json = NULL;
	char comment[256];

	if (is_done(watch))
		return -ENOSPC;
	if (watch->capture && record->size) {
		verdict_comment(&watch->names, record, comment, sizeof(comment));
		watch->captured += capture_packet(watch->capture, record, when, comment);
	}
	if (watch->lines && watch->as_json) {
		json = verdict_json(&watch->names, record, when);
		if (!json)
			return -ENOMEM;
		fputs(json, watch->lines);
	} else if (watch->lines) {
		verdict_print(watch->lines, &watch->names, record, when);
	}
	watch->shown++;
	return 0;
}

/* Reports verdicts that are not shown: on standard error, so that it never mixes with the
 * output. */
static void say_missed(struct watch_command *watch, const struct verdicts *verdicts)
{
	struct verdicts_missed now = verdicts_missed(verdicts);

	if (now.rate > watch->said.rate)
		fprintf(stderr,
			"%" PRIu64 " more are not shown: there are more than %" PRIu64 " a second "
			"(--rate)\n",
			now.rate - watch->said.rate, watch->rate);
	if (now.room > watch->said.room)
		fprintf(stderr, "%" PRIu64 " more are lost: they were not taken fast enough\n",
			now.room - watch->said.room);
	watch->said = now;
}

static int flush(struct watch_command *watch, struct fault *fault)
{
	if (watch->lines && (fflush(watch->lines) || ferror(watch->lines)))
		return fault_set(fault, -errno, "cannot write to standard output: %m");
	if (watch->capture && (fflush(watch->capture) || ferror(watch->capture)))
		return fault_set(fault, -errno, "cannot write the packets: %m");
	return 0;
}

static int loop(struct watch_command *watch, struct verdicts *verdicts, struct fault *fault)
{
	const struct timespec look = { .tv_nsec = LOOK_NS };
	uint64_t end_ns = clock_boot_ns() + watch->for_s * NS_PER_S, say_ns = 0;
	int err;

	while (!ended && !is_done(watch)) {
		uint64_t now = clock_boot_ns();

		watch->wall_offset_ns = clock_wall_ns() - (int64_t)now;
		err = verdicts_read(verdicts, show, watch);
		if (err < 0 && err != -ENOSPC)
			return fault_set(fault, err, "cannot read the verdicts: %s",
					 strerror(-err));
		err = flush(watch, fault);
		if (err)
			return err;
		if (now > say_ns) {
			say_missed(watch, verdicts);
			say_ns = now + SAY_NS;
		}
		if (watch->for_s && now >= end_ns)
			break;
		if (!verdicts_go_on(verdicts, now))
			return fault_set(fault, -ESTALE,
					 "the gate was unloaded; what comes now is not seen here");
		nanosleep(&look, NULL);
	}
	say_missed(watch, verdicts);
	if (watch->captured >= CAPTURE_MOST)
		fprintf(stderr, "ended: %llu MiB of headers are written\n", CAPTURE_MOST >> 20);
	return 0;
}

/* Creates a new file that only root may read; never opens one that somebody has put there. */
static int open_capture(struct watch_command *watch, struct fault *fault)
{
	int fd;

	if (!strcmp(watch->capture_path, "-")) {
		if (isatty(STDOUT_FILENO))
			return fault_set(
				fault, -EINVAL,
				"packets are not for a terminal: `sekisho watch --pcap - | "
				"tcpdump -r -`");
		watch->capture = stdout;
		return 0;
	}
	fd = open(watch->capture_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fault_set(fault, -errno, "cannot make the file %s: %s%s",
				 watch->capture_path, strerror(errno),
				 errno == EEXIST ? "; it is never written over" : "");
	watch->capture = fdopen(fd, "w");
	watch->lines = stdout;
	return watch->capture ? 0 : fault_set(fault, -ENOMEM, "out of memory");
}

static int take_list(const struct store_list *list, void *context)
{
	struct verdict_names *names = context;

	snprintf(names->lists[list->id], sizeof(names->lists[list->id]), "%s", list->name);
	return 0;
}

static int watch_gate(struct watch_command *watch, const struct instance *instance,
		      struct fault *fault)
{
	_cleanup_(cleanup_verdicts) struct verdicts *verdicts = NULL;
	struct sigaction action = { .sa_handler = on_signal };
	uint64_t most = (watch->rate << WATCH_WINDOW_SHIFT) / NS_PER_S;
	int err;

	if (instance->store)
		store_list_each(instance->store, take_list, &watch->names, NULL);
	watch_args_end(&watch->filter, ~(watch->capture_path ? 1U << REASON_NONE : 0U));
	watch->filter.bytes = watch->capture_path != NULL;
	watch->filter.most = most ? (uint32_t)most : 1;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	err = verdicts_begin(instance->gate, &watch->filter, clock_boot_ns(), &verdicts, fault);
	watch->lines = stdout;
	if (!err && watch->capture_path) {
		watch->lines = NULL;
		err = open_capture(watch, fault);
	}
	if (err)
		return err;
	if (isatty(STDERR_FILENO))
		fputs("watching; Ctrl-C ends it\n", stderr);
	if (watch->capture)
		capture_begin(watch->capture);
	err = loop(watch, verdicts, fault);
	if (watch->capture && watch->capture != stdout && fclose(watch->capture) && !err)
		err = fault_set(fault, -errno, "cannot write the packets: %m");
	return err;
}

/* ---- the options ---- */

static int number_option(const char *name, const char *text, uint64_t most, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno || *end || end == text || !*value || *value > most || *text == '-')
		return cmd_usage(&cmd_watch, "--%s %s: a number from 1 to %" PRIu64, name, text,
				 most);
	return EXIT_DONE;
}

static int take_option(struct watch_command *watch, int c)
{
	switch (c) {
	case 's':
		return watch_args_source(&cmd_watch, optarg, &watch->filter);
	case 'r':
		return watch_args_reason(&cmd_watch, optarg, &watch->filter);
	case 'c':
		return watch_args_country(&cmd_watch, optarg, &watch->filter);
	case 'S':
		if (watch->service_count == sizeof(watch->services) / sizeof(*watch->services))
			return cmd_usage(&cmd_watch, "too many --service");
		watch->services[watch->service_count++] = optarg;
		return EXIT_DONE;
	case 'p':
		watch->capture_path = optarg;
		return EXIT_DONE;
	case 'R':
		return number_option("rate", optarg, RATE_MOST, &watch->rate);
	case 'n':
		return number_option("count", optarg, UINT32_MAX, &watch->count);
	case 'f':
		if (duration_parse(optarg, &watch->for_s))
			return cmd_usage(&cmd_watch, "--for %s: not a duration like 10s or 5m",
					 optarg);
		return EXIT_DONE;
	default:
		watch->as_json = true;
		return EXIT_DONE;
	}
}

static int read_options(struct watch_command *watch, int argc, char **argv)
{
	static const struct option options[] = { { "source", required_argument, NULL, 's' },
						 { "service", required_argument, NULL, 'S' },
						 { "reason", required_argument, NULL, 'r' },
						 { "country", required_argument, NULL, 'c' },
						 { "pcap", required_argument, NULL, 'p' },
						 { "rate", required_argument, NULL, 'R' },
						 { "count", required_argument, NULL, 'n' },
						 { "for", required_argument, NULL, 'f' },
						 { "json", no_argument, NULL, 'j' },
						 { 0 } };

	for (int c; (c = getopt_long(argc, argv, ":", options, NULL)) != -1;) {
		int status = c == ':' || c == '?' ? cmd_bad_option(&cmd_watch, options, c, argv)
						  : take_option(watch, c);

		if (status)
			return status;
	}
	if (optind < argc)
		return cmd_usage(&cmd_watch,
				 "takes no argument: '%s'; --source PREFIX is what "
				 "comes from an address",
				 argv[optind]);
	return EXIT_DONE;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	_cleanup_free_ struct watch_command *watch = calloc(1, sizeof(*watch));
	struct fault fault = { 0 };
	int status;

	if (!watch) {
		fault_set(&fault, -ENOMEM, "out of memory");
		return cmd_failed(&cmd_watch, &fault);
	}
	watch->rate = RATE;
	watch_args_begin(&watch->filter);
	status = read_options(watch, argc, argv);
	if (!status)
		status = cmd_open(&cmd_watch, globals, INSTANCE_STORE_READ | INSTANCE_GATE,
				  &instance);
	if (!status)
		status = watch_args_codes(&cmd_watch, instance.config, &watch->filter);
	if (status)
		return status;
	if (!instance.gate)
		return cmd_failed(&cmd_watch, &instance.gate_fault);
	if (gate_service_names(instance.gate, &watch->names.services, &fault))
		return cmd_failed(&cmd_watch, &fault);
	for (size_t i = 0; i < watch->service_count && !status; i++)
		status = watch_args_service(&cmd_watch, watch->services[i], &watch->names.services,
					    &watch->filter);
	if (status)
		return status;
	return watch_gate(watch, &instance, &fault) ? cmd_failed(&cmd_watch, &fault) : EXIT_DONE;
}

const struct command cmd_watch = {
	.name = "watch",
	.summary = "verdicts as they happen, and the dropped packets' headers",
	.usage = "[--source PREFIX] [--service NAME] [--reason NAME]\n"
		 "       [--country CC] [--pcap FILE|-] [--rate N] [--count N] [--for DURATION]\n"
		 "       [--json]",
	.help = "Shows each new connection that is let in and each packet that is dropped; "
		"in monitor mode also each packet that would have been dropped. It costs "
		"nothing when nobody watches, and otherwise a bounded share: packets that "
		"come faster than --rate are counted and reported, but not shown. Needs "
		"root and a loaded gate.\n\n"
		"  --source PREFIX  only of this address or prefix\n"
		"  --service NAME   only of this service; also several: smtp,imap\n"
		"  --reason NAME    only for this reason (banned, country, ...), `drop` for "
		"any, `pass` for what is let in\n"
		"  --country CC     only from this country; ZZ is unknown, LAN private "
		"addresses\n"
		"  --pcap FILE      writes the headers of packets that are, or would be, "
		"dropped to a new file for tcpdump and wireshark, at most 64 MiB; - is "
		"standard output, without the lines\n"
		"  --rate N         shows at most so many a second; default 500\n"
		"  --count N        ends after so many\n"
		"  --for DURATION   ends after this time\n"
		"  --json           one object a line; its schema is in sekisho(8)\n",
	.run = run,
};
