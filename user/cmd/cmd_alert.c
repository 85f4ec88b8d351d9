// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho alert`: sends a test alert the same way as real ones, and hands an alert over from the
 * daemon's sandbox to units that may do more. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cmd/cmd.h"
#include "daemon/alert_test.h"
#include "daemon/lock.h"
#include "detect/detect.h"
#include "enforce/instance.h"

#define ALERT_SOCKET "/run/sekisho-alert.socket"
#define LOCK_SOCKET  "/run/sekisho-lock.socket"
#define FACTS_MOST   (256 << 10)
#define REPLY_MOST   4096
#define REPLY_MS     25000 /* the daemon gives the program 30 s */
#define TEST_S	     45

/* ---- the hand-over ---- */

static int connect_to(const char *path, struct fault *fault)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		return fault_set(fault, -ENAMETOOLONG, "%s is too long for a socket", path);
	strcpy(address.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fault_set(
			fault, -errno, "nobody takes alerts at %s: %s; systemctl enable --now %s",
			path, strerror(errno),
			strcmp(path, LOCK_SOCKET) ? "sekisho-alert.socket" : "sekisho-lock.socket");
	return TAKE_FD(fd);
}

/* Reads until the other side closes, for REPLY_MS at most. */
static int read_reply(int fd, const char *path, char reply[REPLY_MOST], struct fault *fault)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	size_t used = 0;

	for (;;) {
		ssize_t got;

		if (poll(&wait, 1, REPLY_MS) <= 0)
			return fault_set(fault, -ETIMEDOUT, "%s does not answer", path);
		got = recv(fd, reply + used, REPLY_MOST - 1 - used, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
		used += (size_t)got;
		if (!got || used == REPLY_MOST - 1)
			break;
	}
	while (used && reply[used - 1] == '\n')
		used--;
	reply[used] = '\0';
	return 0;
}

/* A unit that took the alert ends its reply with a line that is just "done". */
static int hand_over(const char *path, const char *facts, size_t size, struct fault *fault)
{
	_cleanup_close_ int fd = connect_to(path, fault);
	char reply[REPLY_MOST], *last;
	int error;

	if (fd < 0)
		return fd;
	for (size_t done = 0; done < size;) {
		ssize_t sent = send(fd, facts + done, size - done, MSG_NOSIGNAL);

		if (sent < 0)
			return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
		done += (size_t)sent;
	}
	shutdown(fd, SHUT_WR);
	error = read_reply(fd, path, reply, fault);
	if (error)
		return error;
	last = strrchr(reply, '\n');
	if (!strcmp(last ? last + 1 : reply, "done"))
		return 0;
	return fault_set(fault, -EIO, "%s: %s", path,
			 *reply ? reply : "it ended without an answer");
}

static int hand_over_all(char *const *paths, int count)
{
	static char *const standard[] = { (char *)(uintptr_t)ALERT_SOCKET,
					  (char *)(uintptr_t)LOCK_SOCKET };
	_cleanup_free_ char *facts = malloc(FACTS_MOST);
	size_t size = facts ? fread(facts, 1, FACTS_MOST, stdin) : 0;
	int status = EXIT_DONE;
	struct fault fault;

	if (!size || ferror(stdin)) {
		fault_set(&fault, -EIO, "there is no alert on standard input");
		return cmd_failed(&cmd_alert, &fault);
	}
	if (!count) {
		paths = standard;
		count = access(LOCK_SOCKET, F_OK) ? 1 : 2;
	}
	for (int i = 0; i < count; i++)
		if (hand_over(paths[i], facts, size, &fault))
			status = cmd_failed(&cmd_alert, &fault);
	return status;
}

/* ---- the test ---- */

static int wait_for_result(const char *runtime, char **result)
{
	const struct timespec pause = { .tv_nsec = 100000000 };
	char path[4096];
	size_t size;

	snprintf(path, sizeof(path), "%s/" ALERT_TEST_RESULT, runtime);
	for (int i = 0; i < TEST_S * 10; i++) {
		if (!file_read(path, REPLY_MOST, result, &size)) {
			unlink(path);
			return 0;
		}
		nanosleep(&pause, NULL);
	}
	return -ETIMEDOUT;
}

static int test(const char *runtime, const char *rule, struct fault *fault)
{
	_cleanup_free_ char *result = NULL;
	char path[4096];
	int error;

	if (!daemon_holder(runtime))
		return fault_set(fault, -ESRCH,
				 "no `sekisho run` is at work in %s: start it, the test goes the "
				 "way of its alerts, sandbox and all",
				 runtime);
	snprintf(path, sizeof(path), "%s/" ALERT_TEST_RESULT, runtime);
	unlink(path);
	snprintf(path, sizeof(path), "%s/" ALERT_TEST_ASKED, runtime);
	error = file_replace(path, rule, strlen(rule), fault);
	if (error)
		return error;
	if (wait_for_result(runtime, &result))
		return fault_set(fault, -ETIMEDOUT, "the daemon says nothing of it within %d s",
				 TEST_S);
	if (strcmp(result, ALERT_TEST_DONE))
		return fault_set(fault, -EIO, "%s", result);
	printf("a test alert of %s was taken by the alert program\n", rule);
	return 0;
}

/* ---- the command ---- */

static int run_test(const struct globals *globals, const char *rule)
{
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	struct cmd_names names = { .nearest.word = rule };
	struct fault fault = { 0 };
	int error;

	for (int known = 0; known < RULE_COUNT; known++)
		cmd_names_offer(&names, rule_name((enum ban_rule)known));
	if (rule_from_name(rule) < 0)
		return cmd_no_such(&cmd_alert, "rule", &names);
	error = instance_open(globals->config_path, INSTANCE_CONFIG, &instance, &fault);
	if (!error)
		error = test(instance.config->paths.runtime, rule, &fault);
	return error ? cmd_failed(&cmd_alert, &fault) : EXIT_DONE;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option known[] = { { "test", no_argument, NULL, 't' },
					       { "hand-over", no_argument, NULL, 'o' },
					       { 0 } };
	int what = 0;

	for (int c; (c = getopt_long(argc, argv, ":", known, NULL)) != -1; what = c) {
		if (c == '?')
			return cmd_bad_option(&cmd_alert, known, c, argv);
		if (what && what != c)
			return cmd_usage(&cmd_alert, "--test or --hand-over, not both");
	}
	if (what == 'o')
		return hand_over_all(argv + optind, argc - optind);
	if (what != 't' || argc - optind > 1)
		return cmd_usage(&cmd_alert, "--test [RULE], or --hand-over [SOCKET...]");
	return run_test(globals, optind < argc ? argv[optind] : rule_name(RULE_ACCOUNT_SPREAD));
}

const struct command cmd_alert = {
	.name = "alert",
	.summary = "try the alert program the way that alerts go",
	.usage = "--test [RULE] | --hand-over [SOCKET...]",
	.help = "Needs root.\n\n"
		"  --test       the running daemon raises a test alert of RULE "
		"(account-spread), in "
		"its\n"
		"               sandbox, and what became of it is said. No account "
		"is locked\n"
		"  --hand-over  for [alert] program: gives the alert on standard "
		"input to the units\n"
		"               that mail, post and lock outside of the sandbox, "
		"by their sockets\n"
		"               (/run/sekisho-alert.socket and, if there, "
		"/run/sekisho-lock.socket)\n",
	.run = run,
};
