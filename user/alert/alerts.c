// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs the alert program: a queue, several processes at once, a time limit for each. See
 * alert.h. */
#include "alert/alert.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "alert/orphans.h"
#include "alert/program.h"
#include "base/cleanup.h"
#include "base/time.h"

/* What one run of the program gets. */
struct job {
	char *json;
	char **environment;
	char about[128]; /* for faults: "account-spread, bob" */
	bool test;
};

struct process {
	pid_t pid;	 /* 0: none */
	int fd;		 /* pidfd; -1: none, a timer checks instead */
	int output;	 /* of a test, for program_said(); -1: none */
	uint64_t end_ns; /* CLOCK_MONOTONIC */
	bool killed;
	char about[128];
};

#define LOOK_EVERY_NS (NS_PER_S / 20)

struct alerts {
	bool looks; /* a timer checks programs without a pidfd */
	struct loop *loop;
	unsigned timeout_s;
	alert_fault *report;
	void *context;
	char **program;
	char host[256];
	struct job queue[ALERT_QUEUE_MAX];
	size_t first, waiting;
	struct process processes[ALERT_RUNNING_MAX];
	uint64_t run, failed, dropped, succeeded;
	bool overflowing; /* reported; until the queue has room again */
};

static void report(struct alerts *alerts, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void report(struct alerts *alerts, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	alerts->report(text, alerts->context);
}

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void job_free(struct job *job)
{
	free(job->json);
	alert_environment_free(job->environment);
	*job = (struct job){ 0 };
}

static void program_free(char **program)
{
	for (char **at = program; at && *at; at++)
		free(*at);
	free(program);
}

static void start_waiting(struct alerts *alerts);

static void free_place(struct process *process)
{
	if (process->fd >= 0)
		close(process->fd);
	if (process->output >= 0)
		close(process->output);
	*process = (struct process){ .fd = -1, .output = -1 };
}

static void count_failure(struct alerts *alerts, uint64_t *count)
{
	++*count;
	alerts->succeeded = 0;
}

/* True: the process has ended, and its place is free. */
static bool reap(struct alerts *alerts, struct process *process)
{
	siginfo_t info = { 0 };
	char said[512];

	if (waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG) || !info.si_pid)
		return false;
	if (info.si_code == CLD_EXITED && !info.si_status)
		alerts->succeeded++;
	else
		count_failure(alerts, &alerts->failed);
	program_said(process->output, said, sizeof(said));
	/* If it was killed for exceeding its time, that was reported already. */
	if (info.si_code != CLD_EXITED && !process->killed)
		report(alerts, "alert program %s was ended by signal %d (%s)",
		       alerts->program ? alerts->program[0] : "", info.si_status, process->about);
	else if (info.si_code == CLD_EXITED && info.si_status)
		report(alerts, "alert program %s failed with status %d (%s)%s",
		       alerts->program ? alerts->program[0] : "", info.si_status, process->about,
		       said);
	if (process->fd >= 0)
		loop_remove(alerts->loop, process->fd);
	free_place(process);
	return true;
}

static void finished(int fd, void *context)
{
	struct alerts *alerts = context;

	for (size_t i = 0; i < ALERT_RUNNING_MAX; i++) {
		struct process *process = &alerts->processes[i];

		if (process->fd != fd)
			continue;
		if (reap(alerts, process))
			start_waiting(alerts);
		return;
	}
}

static void look(void *context)
{
	struct alerts *alerts = context;

	for (size_t i = 0; i < ALERT_RUNNING_MAX; i++)
		if (alerts->processes[i].pid && alerts->processes[i].fd < 0)
			reap(alerts, &alerts->processes[i]);
	start_waiting(alerts);
}

static int begin_looking(struct alerts *alerts)
{
	int error = alerts->looks ? 0 : loop_every(alerts->loop, LOOK_EVERY_NS, look, alerts);

	alerts->looks = !error;
	return error;
}

static int run_job(struct alerts *alerts, struct process *process, const struct job *job)
{
	int error = program_start(alerts->program, job->environment, job->json,
				  job->test ? &process->output : NULL, &process->pid);

	if (error)
		return error;
	process->fd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	/* A system call filter may not know the call: then a timer checks the process. */
	if (process->fd < 0)
		error = errno == ENOSYS || errno == EPERM ? begin_looking(alerts) : -errno;
	else
		error = loop_add(alerts->loop, process->fd, finished, alerts);
	if (!error) {
		process->end_ns = monotonic_ns() + alerts->timeout_s * (uint64_t)NS_PER_S;
		process->killed = false;
		snprintf(process->about, sizeof(process->about), "%s", job->about);
		return 0;
	}
	/* It cannot be watched, so it must not run. */
	kill(-process->pid, SIGKILL);
	waitpid(process->pid, NULL, 0);
	return error;
}

static void start_waiting(struct alerts *alerts)
{
	for (size_t i = 0; i < ALERT_RUNNING_MAX && alerts->waiting; i++) {
		struct process *process = &alerts->processes[i];
		struct job *job = &alerts->queue[alerts->first];
		int error;

		if (process->pid)
			continue;
		alerts->run++;
		error = alerts->program ? run_job(alerts, process, job) : -ENOENT;
		if (error) {
			free_place(process);
			count_failure(alerts, &alerts->failed);
			report(alerts, "alert program %s cannot be run: %s (%s)",
			       alerts->program ? alerts->program[0] : "", strerror(-error),
			       job->about);
		}
		job_free(job);
		alerts->first = (alerts->first + 1) % ALERT_QUEUE_MAX;
		alerts->waiting--;
		alerts->overflowing = false;
	}
}

/* Kills processes that a program left behind: each gets as much time as the program itself. */
static void end_orphans(struct alerts *alerts)
{
	pid_t programs[ALERT_RUNNING_MAX];
	size_t ended;

	if (!alerts->run)
		return;
	for (size_t i = 0; i < ALERT_RUNNING_MAX; i++)
		programs[i] = alerts->processes[i].pid;
	ended = orphans_end(programs, ALERT_RUNNING_MAX, alerts->timeout_s);
	if (ended)
		report(alerts,
		       "%zu processes that alert program %s left behind had not ended within %u s "
		       "and were killed",
		       ended, alerts->program ? alerts->program[0] : "", alerts->timeout_s);
}

/* Runs every second. */
static void kill_overdue(void *context)
{
	struct alerts *alerts = context;
	uint64_t now_ns = monotonic_ns();

	/* Orphans first: the processes of a program that is killed below die with it, and are no
	 * orphans. */
	end_orphans(alerts);
	for (size_t i = 0; i < ALERT_RUNNING_MAX; i++) {
		struct process *process = &alerts->processes[i];

		if (!process->pid || process->killed || now_ns < process->end_ns)
			continue;
		process->killed = true;
		kill(-process->pid, SIGKILL);
		report(alerts, "alert program %s did not end within %u s and was killed (%s)",
		       alerts->program ? alerts->program[0] : "", alerts->timeout_s,
		       process->about);
	}
	start_waiting(alerts);
}

int alerts_new(struct loop *loop, unsigned timeout_s, alert_fault *report_fault, void *context,
	       struct alerts **result)
{
	struct alerts *alerts = calloc(1, sizeof(*alerts));
	int error;

	if (!alerts)
		return -ENOMEM;
	alerts->loop = loop;
	alerts->timeout_s = timeout_s;
	alerts->report = report_fault;
	alerts->context = context;
	for (size_t i = 0; i < ALERT_RUNNING_MAX; i++)
		alerts->processes[i].fd = alerts->processes[i].output = -1;
	orphans_adopt();
	if (gethostname(alerts->host, sizeof(alerts->host) - 1))
		snprintf(alerts->host, sizeof(alerts->host), "localhost");
	error = loop_every(loop, NS_PER_S, kill_overdue, alerts);
	if (error) {
		free(alerts);
		return error;
	}
	*result = alerts;
	return 0;
}

void alerts_free(struct alerts *alerts)
{
	if (!alerts)
		return;
	for (size_t i = 0; i < ALERT_RUNNING_MAX; i++) {
		if (alerts->processes[i].fd >= 0)
			loop_remove(alerts->loop, alerts->processes[i].fd);
		free_place(&alerts->processes[i]);
	}
	for (size_t i = 0; i < ALERT_QUEUE_MAX; i++)
		job_free(&alerts->queue[i]);
	program_free(alerts->program);
	free(alerts);
}

int alerts_set_program(struct alerts *alerts, char *const *program)
{
	size_t count = 0;
	char **copy;

	while (program && program[count])
		count++;
	copy = calloc(count + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < count; i++) {
		copy[i] = strdup(program[i]);
		if (!copy[i]) {
			program_free(copy);
			copy = NULL;
		}
	}
	if (!copy)
		return -ENOMEM;
	program_free(alerts->program);
	alerts->program = count ? copy : NULL;
	if (!count)
		free(copy);
	return 0;
}

static void drop(struct alerts *alerts)
{
	count_failure(alerts, &alerts->dropped);
	if (!alerts->overflowing)
		report(alerts,
		       "%d alerts wait for the alert program: more are dropped (%llu so "
		       "far)",
		       ALERT_QUEUE_MAX, (unsigned long long)alerts->dropped);
	alerts->overflowing = true;
}

void alerts_push(struct alerts *alerts, const struct alert *alert)
{
	const struct decision *decision = alert->decision;
	struct job job = { .test = alert->test };

	if (!alerts->program)
		return;
	if (alerts->waiting == ALERT_QUEUE_MAX) {
		drop(alerts);
		return;
	}
	job.json = alert_json(alert, alerts->host);
	job.environment = alert_environment(alert, alerts->host);
	snprintf(job.about, sizeof(job.about), "%s%s%.90s",
		 alert->rule ? alert->rule : rule_name(decision->rule),
		 decision->has_account ? ", " : "", decision->has_account ? decision->account : "");
	if (!job.json || !job.environment) {
		job_free(&job);
		drop(alerts);
		return;
	}
	alerts->queue[(alerts->first + alerts->waiting++) % ALERT_QUEUE_MAX] = job;
	start_waiting(alerts);
}

void alerts_get_usage(const struct alerts *alerts, struct alerts_usage *usage)
{
	*usage = (struct alerts_usage){ .waiting = alerts->waiting,
					.run = alerts->run,
					.failed = alerts->failed,
					.dropped = alerts->dropped,
					.succeeded = alerts->succeeded };
	for (size_t i = 0; i < ALERT_RUNNING_MAX; i++)
		usage->running += alerts->processes[i].pid != 0;
}
