// SPDX-License-Identifier: GPL-2.0-or-later
/* See loop.h. */
#include "daemon/loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/time.h"

/* Events that are dispatched in one round, before the next portion of a log: many mail servers may
 * ask at once. */
#define EVENTS_MOST 64

struct watch {
	int fd;
	bool own;  /* a timer or the signalfd: closed with the loop */
	bool once; /* a timer that is removed after it rang */
	loop_ready *ready;
	loop_timer *timer;
	loop_signal *signal;
	void *context;
	struct watch *next;
};

struct again {
	loop_timer *call;
	void *context;
};

struct loop {
	int epoll;
	bool stopped;
	struct watch *watches;
	struct watch *removed; /* freed after the round: an event for it may be waiting */
	struct again *again;   /* in the order in which they were asked for */
	size_t again_count, again_size;
};

int loop_new(struct loop **result, struct fault *fault)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return fault_set(fault, -ENOMEM, "out of memory");
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0) {
		int err = -errno;

		free(loop);
		return fault_set(fault, err, "cannot make an epoll: %s", strerror(-err));
	}
	*result = loop;
	return 0;
}

static void watches_free(struct watch **watches)
{
	struct watch *watch;

	while ((watch = *watches)) {
		*watches = watch->next;
		if (watch->own)
			close(watch->fd);
		free(watch);
	}
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	watches_free(&loop->watches);
	watches_free(&loop->removed);
	free(loop->again);
	close(loop->epoll);
	free(loop);
}

static int add(struct loop *loop, const struct watch *template)
{
	struct watch *watch = malloc(sizeof(*watch));
	struct epoll_event event = { .events = EPOLLIN };

	if (!watch)
		return -ENOMEM;
	*watch = *template;
	event.data.ptr = watch;
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, watch->fd, &event)) {
		int err = -errno;

		free(watch);
		return err;
	}
	watch->next = loop->watches;
	loop->watches = watch;
	return 0;
}

/* As add(), for an fd that the loop owns. */
static int add_own(struct loop *loop, struct watch *template)
{
	int err;

	if (template->fd < 0)
		return -errno;
	template->own = true;
	err = add(loop, template);
	if (err)
		close(template->fd);
	return err;
}

int loop_add(struct loop *loop, int fd, loop_ready *ready, void *context)
{
	struct watch watch = { .fd = fd, .ready = ready, .context = context };

	return add(loop, &watch);
}

void loop_remove(struct loop *loop, int fd)
{
	for (struct watch **at = &loop->watches; *at; at = &(*at)->next) {
		struct watch *watch = *at;

		if (watch->fd != fd)
			continue;
		epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
		*at = watch->next;
		watch->next = loop->removed;
		watch->ready = NULL;
		loop->removed = watch;
		return;
	}
}

static int add_timer(struct loop *loop, const struct itimerspec *when, struct watch *watch)
{
	watch->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (watch->fd >= 0 && timerfd_settime(watch->fd, 0, when, NULL)) {
		int err = -errno;

		close(watch->fd);
		return err;
	}
	return add_own(loop, watch);
}

static struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec){ (time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S) };
}

int loop_every(struct loop *loop, uint64_t interval_ns, loop_timer *timer, void *context)
{
	struct itimerspec every = { to_timespec(interval_ns), to_timespec(interval_ns) };
	struct watch watch = { .timer = timer, .context = context };

	return add_timer(loop, &every, &watch);
}

int loop_after(struct loop *loop, uint64_t delay_ns, loop_timer *timer, void *context)
{
	struct itimerspec once = { .it_value = to_timespec(delay_ns ? delay_ns : 1) };
	struct watch watch = { .timer = timer, .context = context, .once = true };

	return add_timer(loop, &once, &watch);
}

int loop_signals(struct loop *loop, const sigset_t *set, loop_signal *handler, void *context)
{
	struct watch watch = { .signal = handler, .context = context };

	if (sigprocmask(SIG_BLOCK, set, NULL))
		return -errno;
	watch.fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	return add_own(loop, &watch);
}

void loop_again(struct loop *loop, loop_timer *again, void *context)
{
	for (size_t i = 0; i < loop->again_count; i++)
		if (loop->again[i].call == again && loop->again[i].context == context)
			return;
	if (loop->again_count == loop->again_size) {
		size_t size = loop->again_size ? 2 * loop->again_size : 16;
		struct again *larger = reallocarray(loop->again, size, sizeof(*larger));

		if (!larger)
			return; /* a timer also calls whoever has more to read */
		loop->again = larger;
		loop->again_size = size;
	}
	loop->again[loop->again_count++] = (struct again){ again, context };
}

void loop_forget(struct loop *loop, const void *context)
{
	size_t kept = 0;

	for (size_t i = 0; i < loop->again_count; i++)
		if (loop->again[i].context != context)
			loop->again[kept++] = loop->again[i];
	loop->again_count = kept;
}

static void ring(struct loop *loop, struct watch *watch)
{
	loop_timer *timer = watch->timer;
	void *context = watch->context;
	uint64_t expirations;

	if (read(watch->fd, &expirations, sizeof(expirations)) <= 0)
		return;
	if (watch->once) {
		watch->timer = NULL;
		loop_remove(loop, watch->fd); /* and closed with those that were removed */
	}
	timer(context);
}

static void dispatch(struct loop *loop, struct watch *watch)
{
	struct signalfd_siginfo info;

	if (watch->timer) {
		ring(loop, watch);
	} else if (watch->signal) {
		while (read(watch->fd, &info, sizeof(info)) == sizeof(info))
			watch->signal((int)info.ssi_signo, watch->context);
	} else if (watch->ready) {
		watch->ready(watch->fd, watch->context);
	}
}

/* Calls only the first: signals and timers are looked at before the next. */
static void run_again(struct loop *loop)
{
	struct again first;

	if (!loop->again_count)
		return;
	first = loop->again[0];
	memmove(&loop->again[0], &loop->again[1], --loop->again_count * sizeof(first));
	first.call(first.context);
}

int loop_run(struct loop *loop)
{
	struct epoll_event events[EVENTS_MOST];

	while (!loop->stopped) {
		int count =
			epoll_wait(loop->epoll, events, EVENTS_MOST, loop->again_count ? 0 : -1);

		if (count < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < count; i++)
			dispatch(loop, events[i].data.ptr);
		watches_free(&loop->removed);
		run_again(loop);
	}
	return 0;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}
