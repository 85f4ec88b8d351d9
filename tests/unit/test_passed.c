// SPDX-License-Identifier: GPL-2.0-or-later
/* What a service manager passes and keeps: sockets, and the mark of a daemon that is to be started
 * again. The manager is this program. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/restart_mark.h"
#include "daemon/server_socket.h"

static int manager = -1;

static int new_listener(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static int set_up(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
			      "sekisho-test-manager-%d", (int)getpid());
	char name[sizeof(address.sun_path) + 1];

	(void)state;
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(
		bind(manager, (struct sockaddr *)&address,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)),
		0);
	snprintf(name, sizeof(name), "@%s", address.sun_path + 1);
	return setenv("NOTIFY_SOCKET", name, 1);
}

static int tear_down(void **state)
{
	(void)state;
	return close(manager);
}

/* The next that the daemon says, with the descriptor that comes with it; -1: none. "": nothing. */
static int told(char text[128])
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = { .iov_base = text, .iov_len = 127 };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t size = recvmsg(manager, &message, MSG_CMSG_CLOEXEC);
	int fd = -1;

	text[size < 0 ? 0 : size] = '\0';
	if (size >= 0 && CMSG_FIRSTHDR(&message))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

static void a_mark_is_found_for_as_long_as_the_manager_keeps_it(void **state)
{
	int listener = new_listener(), other = new_listener(), kept;
	char text[128];

	(void)state;
	assert_false(restart_mark_is_kept(listener));
	restart_mark_leave(listener);
	/* In place of an older one. */
	assert_int_equal(told(text), -1);
	assert_string_equal(text, "FDSTOREREMOVE=1\nFDNAME=restart");
	kept = told(text);
	assert_true(kept >= 0);
	assert_string_equal(text, "FDSTORE=1\nFDNAME=restart");
	assert_true(restart_mark_is_kept(listener));
	assert_false(restart_mark_is_kept(other));
	/* The daemon that comes next, or a reload: the manager has it. */
	restart_mark_leave(listener);
	assert_int_equal(told(text), -1);
	assert_string_equal(text, "");
	assert_true(restart_mark_is_kept(listener));
	/* Stopped. */
	close(kept);
	assert_false(restart_mark_is_kept(listener));
	close(listener);
	assert_false(restart_mark_is_kept(listener));
	close(other);
}

static void without_a_manager_no_mark_is_kept(void **state)
{
	int listener = new_listener();

	(void)state;
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	restart_mark_leave(listener);
	assert_false(restart_mark_is_kept(listener));
	close(listener);
}

/* The manager passes what it kept beside the sockets: nobody is ever accepted there. */
static void a_mark_that_is_passed_is_no_socket_to_listen_on(void **state)
{
	struct passed_sockets passed = { 0 };
	int listener = new_listener(), mark = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char pid[16];

	(void)state;
	if (listener != 3) {
		assert_int_equal(dup2(listener, 3), 3);
		close(listener);
	}
	if (mark != 4) {
		assert_int_equal(dup2(mark, 4), 4);
		close(mark);
	}
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "2", 1);
	passed_sockets_take(&passed);
	assert_int_equal(passed.count, 1);
	assert_int_equal(passed.sockets[0].fd, 3);
	assert_int_equal(dup(4), -1);
	passed_sockets_close(&passed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_mark_is_found_for_as_long_as_the_manager_keeps_it,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_a_manager_no_mark_is_kept, set_up,
						tear_down),
		cmocka_unit_test(a_mark_that_is_passed_is_no_socket_to_listen_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
