// SPDX-License-Identifier: GPL-2.0-or-later
/* See fleet_run.h: one loop over the daemon's socket, the engine's and a clock. */
#include "fleet/fleet_run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "daemon/notify.h"
#include "fleet/fleet_keys.h"
#include "fleet/fleet_process.h"
#include "show/fleet_status.h"

#define TICK_MS	     1000
#define GATHER_MS    5 /* how long statements wait for others to be signed with them */
#define POLL_SIGNAL  0
#define POLL_LISTEN  1
#define POLL_ENGINE  2
#define POLL_CLIENTS (POLL_ENGINE + ENGINE_POLLS)
#define POLL_COUNT   (POLL_CLIENTS + FLEET_CLIENTS)

enum ending { ENDING_NONE, ENDING_STOP, ENDING_RELOAD };

static int64_t boot_ms(void)
{
	return (int64_t)(clock_boot_ns() / NS_PER_MS);
}

/* ---- what the node and the engine call ---- */

static void on_troubled(enum node_trouble trouble, uint16_t member, void *context)
{
	struct fleet_process *process = context;

	fleet_tell_trouble(process, "member %s: %s", process->members[member].name,
			   node_trouble_words(trouble));
}

static void on_entry(size_t stream, const uint8_t *bytes, size_t size, void *context)
{
	struct fleet_process *process = context;

	node_receive(process->node, (uint16_t)stream, bytes, size, FLEET_CLOCK_MS());
}

static void on_snapshot(size_t stream, const uint8_t *bytes, size_t size, void *context)
{
	struct fleet_process *process = context;

	node_begin(process->node, (uint16_t)stream, bytes, size, FLEET_CLOCK_MS());
}

static void on_unreadable(size_t stream, void *context)
{
	struct fleet_process *process = context;

	node_unreadable(process->node, (uint16_t)stream, FLEET_CLOCK_MS());
}

static void keep_snapshot(struct fleet_process *process, bool now)
{
	uint8_t *bytes = NULL;
	size_t size = node_snapshot(process->node, FLEET_CLOCK_MS(), now, &bytes);

	if (size)
		engine_keep(process->engine, bytes, size, boot_ms());
	free(bytes);
}

static void on_connected(void *context)
{
	struct fleet_process *process = context;

	node_restate(process->node, FLEET_CLOCK_MS());
	keep_snapshot(process, true);
}

static const char *stream_name(size_t stream, void *context)
{
	return ((struct fleet_process *)context)->members[stream].name;
}

/* ---- opening ---- */

static int read_keys(struct fleet_process *process, struct fault *fault)
{
	const struct config_fleet *fleet = &process->config->fleet;
	struct node_settings *settings = &process->settings;
	uint8_t secrets[FLEET_SECRETS_MAX][FLEET_KEY_SIZE];
	const struct config_member *own = &fleet->members[settings->self];
	int error = fleet_key_read(fleet->key_file, &settings->signer, fault);
	bool named = false;

	if (!error)
		error = fleet_secret_read(fleet->secret_file, secrets, FLEET_SECRETS_MAX,
					  &settings->secret_count, fault);
	if (error)
		return error;
	for (size_t i = 0; i < settings->secret_count; i++)
		fleet_secret_derive(secrets[i], &settings->secrets[i]);
	fleet_wipe(secrets, sizeof(secrets));
	for (size_t i = 0; i < own->key_count; i++)
		named |= !memcmp(own->keys[i], settings->signer.public, FLEET_KEY_SIZE);
	if (!named)
		return fault_set(
			fault, -EINVAL,
			"%s is not the key that [member %s] names; nobody would believe it",
			fleet->key_file, fleet->member);
	return 0;
}

static int take_members(struct fleet_process *process, struct fault *fault)
{
	const struct config_fleet *fleet = &process->config->fleet;

	process->members = calloc(fleet->member_count, sizeof(*process->members));
	process->silent = calloc(fleet->member_count, sizeof(*process->silent));
	if (!process->members || !process->silent)
		return fault_set(fault, -ENOMEM, "out of memory");
	for (size_t i = 0; i < fleet->member_count; i++) {
		const struct config_member *from = &fleet->members[i];
		struct node_member *member = &process->members[i];

		memcpy(member->name, from->name, sizeof(member->name));
		memcpy(member->keys, from->keys, sizeof(member->keys));
		member->key_count = from->key_count;
		member->revoked = from->revoked;
		if (!strcmp(from->name, fleet->member))
			process->settings.self = (uint16_t)i;
	}
	process->settings.members = process->members;
	process->settings.member_count = (uint16_t)fleet->member_count;
	process->settings.quorum = fleet->quorum;
	process->settings.budget = fleet->budget;
	process->settings.changed = fleet_tell_change;
	process->settings.sighted = fleet_tell_sighting;
	process->settings.troubled = on_troubled;
	process->settings.context = process;
	return 0;
}

static int open_engine(struct fleet_process *process, struct fault *fault)
{
	const struct config_fleet *fleet = &process->config->fleet;
	_cleanup_free_ char *password = NULL;
	struct engine_settings settings = { .server = fleet->server,
					    .tls = fleet->tls,
					    .ca_file = fleet->ca_file,
					    .tls_name = fleet->tls_name,
					    .user = fleet->user,
					    .prefix = process->settings.secrets[0].stream,
					    .stream_count = fleet->member_count,
					    .own = process->settings.self,
					    .stream_name = stream_name,
					    .entry = on_entry,
					    .snapshot = on_snapshot,
					    .unreadable = on_unreadable,
					    .connected = on_connected,
					    .context = process };
	int error = fleet->password_file
			    ? fleet_password_read(fleet->password_file, &password, fault)
			    : 0;

	if (error)
		return error;
	settings.password = password;
	error = engine_new(&settings, boot_ms(), &process->engine, fault);
	if (password)
		fleet_wipe(password, strlen(password));
	return error;
}

static int process_open(struct fleet_process *process, struct fault *fault)
{
	int error = 0;

	process->listener = -1;
	process->begun_ms = FLEET_CLOCK_MS();
	if (!fleet_crypto_ready())
		return fault_set(fault, -ENOTSUP,
				 "this build has no libsodium; install libsodium-dev and build "
				 "again");
	if (!fleet_status_path(process->config->paths.runtime, process->status_path,
			       sizeof(process->status_path)))
		return fault_set(fault, -ENAMETOOLONG, "[paths] runtime is too long");
	error = take_members(process, fault);
	if (!error)
		error = read_keys(process, fault);
	if (error)
		return error;
	process->node = node_new(&process->settings, (uint64_t)process->begun_ms);
	process->accounts = known_accounts_new();
	if (!process->node || !process->accounts)
		return fault_set(fault, -ENOMEM, "out of memory");
	error = open_engine(process, fault);
	return error ? error : fleet_clients_open(process, fault);
}

static void process_close(struct fleet_process *process)
{
	fleet_clients_close(process);
	engine_free(process->engine);
	node_free(process->node);
	known_accounts_free(process->accounts);
	fleet_wipe(&process->settings, sizeof(process->settings));
	free(process->members);
	free(process->silent);
}

/* ---- working ---- */

/* Reports members that have said nothing for FLEET_SILENT_MS; for those that never said anything,
 * since the start. */
static void look_for_silent(struct fleet_process *process, int64_t now_ms)
{
	for (uint16_t i = 0; i < process->settings.member_count; i++) {
		const struct node_counts *counts = node_counts_of(process->node, i);
		int64_t last_ms = counts->last_ms ? counts->last_ms : process->begun_ms;
		bool silent = now_ms - last_ms > FLEET_SILENT_MS && !counts->suspended &&
			      i != process->settings.self;

		if (silent && !process->silent[i])
			fleet_tell_trouble(process,
					   "member %s has been silent for ten minutes: it is down, "
					   "cut off, or what it says is withheld",
					   process->members[i].name);
		process->silent[i] = silent;
	}
}

static void tick(struct fleet_process *process)
{
	int64_t now_ms = FLEET_CLOCK_MS();

	node_tick(process->node, now_ms);
	if (engine_room(process->engine))
		keep_snapshot(process, false);
	look_for_silent(process, now_ms);
}

static void append(struct fleet_process *process)
{
	uint8_t bytes[FLEET_BATCH_SIZE];
	int64_t now_ms = boot_ms();
	size_t size;

	if (now_ms - process->appended_boot_ms < GATHER_MS &&
	    node_waiting(process->node) < FLEET_STATEMENTS_MAX)
		return;
	while (engine_room(process->engine) &&
	       (size = node_next(process->node, FLEET_CLOCK_MS(), bytes))) {
		engine_append(process->engine, bytes, size, now_ms, FLEET_CLOCK_MS());
		process->appended_boot_ms = now_ms;
	}
}

static void fill_polls(struct fleet_process *process, int signals, struct pollfd *polls)
{
	polls[POLL_SIGNAL] = (struct pollfd){ .fd = signals, .events = POLLIN };
	polls[POLL_LISTEN] = (struct pollfd){ .fd = process->listener, .events = POLLIN };
	engine_polls(process->engine, polls + POLL_ENGINE);
	for (size_t i = 0; i < FLEET_CLIENTS; i++) {
		struct fleet_client *client = &process->clients[i];

		polls[POLL_CLIENTS + i] = (struct pollfd){ .fd = client->fd, .events = POLLIN };
		if (client->is_daemon && fleet_clients_wait(process))
			polls[POLL_CLIENTS + i].events |= POLLOUT;
	}
}

static enum ending take_signal(int signals)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return ENDING_NONE;
	return info.ssi_signo == SIGHUP ? ENDING_RELOAD : ENDING_STOP;
}

static enum ending work(struct fleet_process *process, int signals)
{
	int64_t ticked_ms = 0, reported_ms = 0;

	for (;;) {
		struct pollfd polls[POLL_COUNT];
		int64_t now_ms;
		int wait_ms = node_waiting(process->node) && engine_room(process->engine)
				      ? GATHER_MS
				      : 100;

		fill_polls(process, signals, polls);
		wait_ms = engine_wait_ms(process->engine, boot_ms(), wait_ms);
		if (poll(polls, POLL_COUNT, wait_ms) < 0 && errno != EINTR)
			return ENDING_STOP;
		if (polls[POLL_SIGNAL].revents) {
			enum ending ending = take_signal(signals);

			if (ending)
				return ending;
		}
		if (polls[POLL_LISTEN].revents)
			fleet_clients_accept(process);
		for (size_t i = 0; i < FLEET_CLIENTS; i++)
			if (polls[POLL_CLIENTS + i].revents & ~POLLOUT)
				fleet_client_read(process, &process->clients[i]);
		now_ms = boot_ms();
		engine_work(process->engine, polls + POLL_ENGINE, now_ms);
		append(process);
		fleet_clients_flush(process);
		if (now_ms - ticked_ms >= TICK_MS) {
			ticked_ms = now_ms;
			tick(process);
		}
		if (now_ms - reported_ms >= FLEET_STATUS_EVERY_S * 1000) {
			reported_ms = now_ms;
			fleet_report(process);
		}
	}
}

/* ---- the whole ---- */

static void print_config_fault(const char *text, void *context)
{
	(void)context;
	fprintf(stderr, "<3>%s\n", text);
}

/* The new configuration, or NULL: it has faults, and the old one stays in use. */
static struct config *load_again(const char *path)
{
	struct config *fresh = NULL;

	if (config_load(path, print_config_fault, NULL, &fresh))
		return NULL;
	if (fresh->fleet.server)
		return fresh;
	fprintf(stderr, "<3>reload: there is no [fleet] any more; stop sekisho-fleet instead\n");
	config_free(fresh);
	return NULL;
}

static int block_signals(void)
{
	sigset_t set;

	/* A connection that ends while it is written to is an error of that connection only. */
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int fleet_run(const char *config_path, struct config **config, struct fault *fault)
{
	_cleanup_close_ int signals = block_signals();
	enum ending ending = ENDING_RELOAD;
	int error = 0;

	if (signals < 0)
		return fault_set(fault, -errno, "cannot take signals: %s", strerror(errno));
	while (ending == ENDING_RELOAD) {
		struct fleet_process process = { .config = *config, .listener = -1 };
		struct config *fresh = NULL;

		error = process_open(&process, fault);
		if (!error)
			notify("READY=1");
		while (!error && !fresh) {
			ending = work(&process, signals);
			if (ending == ENDING_STOP)
				break;
			fresh = load_again(config_path);
		}
		process_close(&process);
		if (error || ending == ENDING_STOP)
			break;
		config_free(*config);
		*config = fresh;
	}
	notify("STOPPING=1");
	return error;
}
