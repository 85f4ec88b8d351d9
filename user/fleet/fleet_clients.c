// SPDX-License-Identifier: GPL-2.0-or-later
/* The fleet process's side of the channel: what the daemon and commands send, and what is sent to
 * them. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "fleet/fleet_process.h"

#define READ_AT_ONCE 512 /* messages */
#define OUT_FIRST    256

int fleet_clients_open(struct fleet_process *process, struct fault *fault)
{
	for (size_t i = 0; i < FLEET_CLIENTS; i++)
		process->clients[i].fd = -1;
	if (!channel_path(process->config->paths.runtime, process->socket_path,
			  sizeof(process->socket_path)))
		return fault_set(fault, -ENAMETOOLONG,
				 "[paths] runtime is too long for a socket below it");
	process->listener = channel_listen(process->socket_path, fault);
	return process->listener < 0 ? process->listener : 0;
}

static void close_client(struct fleet_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	*client = (struct fleet_client){ .fd = -1 };
}

void fleet_clients_close(struct fleet_process *process)
{
	for (size_t i = 0; i < FLEET_CLIENTS; i++)
		close_client(&process->clients[i]);
	if (process->listener >= 0) {
		close(process->listener);
		unlink(process->socket_path);
	}
	process->listener = -1;
	free(process->out);
	process->out = NULL;
	process->out_size = process->out_count = 0;
}

void fleet_clients_accept(struct fleet_process *process)
{
	struct channel_message welcome = { .kind = CHANNEL_WELCOME };
	int fd = accept4(process->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	size_t at = 0;

	if (fd < 0)
		return;
	while (at < FLEET_CLIENTS && process->clients[at].fd >= 0)
		at++;
	if (at == FLEET_CLIENTS || !channel_is_trusted(fd) || channel_send(fd, &welcome)) {
		close(fd);
		return;
	}
	process->clients[at] = (struct fleet_client){ .fd = fd };
}

/* ---- to the daemon ---- */

static struct fleet_client *find_daemon(struct fleet_process *process)
{
	for (size_t i = 0; i < FLEET_CLIENTS; i++)
		if (process->clients[i].is_daemon)
			return &process->clients[i];
	return NULL;
}

static bool enlarge(struct fleet_process *process)
{
	size_t size = process->out_size ? 2 * process->out_size : OUT_FIRST;
	struct channel_message *larger;

	if (size > FLEET_OUT_MAX)
		return false;
	larger = calloc(size, sizeof(*larger));
	if (!larger)
		return false;
	for (size_t i = 0; i < process->out_count; i++)
		larger[i] = process->out[(process->out_at + i) % process->out_size];
	free(process->out);
	process->out = larger;
	process->out_size = size;
	process->out_at = 0;
	return true;
}

/* False: `most` messages are waiting already. True if there is no daemon: when one comes, it gets
 * all that is adopted then. */
static bool push(struct fleet_process *process, const struct channel_message *message, size_t most)
{
	if (!find_daemon(process))
		return true;
	if (process->out_count >= most ||
	    (process->out_count == process->out_size && !enlarge(process)))
		return false;
	process->out[(process->out_at + process->out_count++) % process->out_size] = *message;
	return true;
}

static bool push_change(struct fleet_process *process, const struct adoption_change *change,
			size_t most)
{
	struct channel_message message = { .kind = change->until_ms ? CHANNEL_ADOPT
								    : CHANNEL_RELEASE,
					   .prefix = change->prefix,
					   .services = change->services,
					   .rule = change->rule,
					   .time_ms = change->until_ms };
	size_t size = 0;

	for (size_t i = 0; i < change->member_count; i++) {
		const char *name = process->members[change->members[i]].name;

		if (size + strlen(name) + 3 > sizeof(message.text))
			break;
		size += (size_t)snprintf(message.text + size, sizeof(message.text) - size, "%s%s",
					 i ? ", " : "", name);
	}
	return push(process, &message, most);
}

void fleet_tell_change(const struct adoption_change *change, void *context)
{
	struct fleet_process *process = context;

	if (!push_change(process, change, FLEET_OUT_CHANGES))
		process->resync = true;
}

static void tell_held(const struct adoption_change *change, void *context)
{
	struct fleet_process *process = context;

	if (!push_change(process, change, FLEET_OUT_MAX))
		process->resync = true;
}

void fleet_tell_sighting(uint16_t member, const struct fleet_statement *sighting, void *context)
{
	struct fleet_process *process = context;
	struct channel_message message = { .kind = CHANNEL_REMOTE,
					   .prefix = sighting->prefix,
					   .sight = (uint8_t)sighting->sight,
					   .provider = sighting->provider,
					   .country = sighting->country,
					   .member = member,
					   .time_ms = sighting->time_ms };
	const char *name = known_accounts_find(process->accounts, sighting->account);

	if (!name) {
		process->unknown++;
		return;
	}
	snprintf(message.text, sizeof(message.text), "%s", name);
	if (!push(process, &message, FLEET_OUT_SIGHTINGS))
		process->untold++;
}

void fleet_tell_trouble(struct fleet_process *process, const char *format, ...)
{
	struct channel_message message = { .kind = CHANNEL_TROUBLE };
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message.text, sizeof(message.text), format, arguments);
	va_end(arguments);
	fprintf(stderr, "<4>%s\n", message.text);
	if (find_daemon(process))
		push(process, &message, FLEET_OUT_MAX);
	else if (process->kept_count < FLEET_KEPT)
		process->kept[process->kept_count++] = message;
}

bool fleet_clients_wait(const struct fleet_process *process)
{
	return process->out_count;
}

void fleet_clients_flush(struct fleet_process *process)
{
	struct fleet_client *daemon = find_daemon(process);
	int error = 0;

	while (daemon && process->out_count && !error) {
		error = channel_send(daemon->fd, &process->out[process->out_at]);
		if (error)
			break;
		process->out_at = (process->out_at + 1) % process->out_size;
		process->out_count--;
	}
	if (error && error != -EAGAIN && error != -EINTR)
		close_client(daemon);
	if (process->resync && !process->walking) {
		process->resync = false;
		process->walking = true;
		process->walk = (struct adoption_walk){ 0 };
	}
	/* The walk fills only half of the queue, so that no other message has to wait for it, even
	 * if adopted bans change all the time. */
	while (process->walking && process->out_count < FLEET_OUT_WALK)
		process->walking = node_some(process->node, &process->walk, FLEET_CLOCK_MS(),
					     tell_held, process);
}

/* ---- from the daemon and from commands ---- */

static void take_daemon(struct fleet_process *process, struct fleet_client *client)
{
	struct fleet_client *other = find_daemon(process);

	if (other && other != client)
		close_client(other);
	client->is_daemon = true;
	process->out_count = 0;
	process->walking = false;
	for (size_t i = 0; i < process->kept_count; i++)
		push(process, &process->kept[i], FLEET_OUT_MAX);
	process->kept_count = 0;
	process->resync = true; /* it first gets all that is adopted now */
}

static void take_ban(struct fleet_process *process, const struct channel_message *message)
{
	struct fleet_statement ban = { .kind = FLEET_BAN,
				       .prefix = message->prefix,
				       .services = message->services & BAN_ALL,
				       .rule = message->rule,
				       .time_ms = message->time_ms };

	/* Adopted bans are for other members to state. */
	if (ban.services && ban.rule != RULE_FLEET && !address_is_lan(&ban.prefix.address))
		node_ban(process->node, &ban, FLEET_CLOCK_MS());
}

static void take_sight(struct fleet_process *process, const struct channel_message *message)
{
	struct fleet_statement sighting = { .kind = FLEET_SIGHTING,
					    .prefix = message->prefix,
					    .time_ms = message->time_ms,
					    .sight = (enum fleet_sight)message->sight,
					    .provider = message->provider,
					    .country = message->country };

	if (!sighting.sight || sighting.sight >= FLEET_SIGHT_COUNT ||
	    sighting.country >= COUNTRY_COUNT)
		return;
	fleet_account(&process->settings.secrets[0], message->text, sighting.account);
	node_sight(process->node, &sighting);
}

static void take_login(struct fleet_process *process, const struct channel_message *message)
{
	uint8_t hash[FLEET_ACCOUNT_SIZE];

	for (size_t i = 0; i < process->settings.secret_count; i++) {
		fleet_account(&process->settings.secrets[i], message->text, hash);
		known_accounts_add(process->accounts, hash, message->text);
	}
}

static void take_revocation(struct fleet_process *process, const char *name)
{
	for (uint16_t i = 0; i < process->settings.member_count; i++)
		if (!strcmp(process->members[i].name, name) && i != process->settings.self) {
			node_revoke(process->node, i, FLEET_CLOCK_MS());
			fleet_tell_trouble(process, "member %s is revoked, as ordered", name);
		}
}

static void take(struct fleet_process *process, struct fleet_client *client,
		 const struct channel_message *message)
{
	switch ((enum channel_kind)message->kind) {
	case CHANNEL_DAEMON:
		take_daemon(process, client);
		break;
	case CHANNEL_BAN:
		take_ban(process, message);
		break;
	case CHANNEL_UNBAN:
		node_unban(process->node, &message->prefix, message->services & BAN_ALL);
		break;
	case CHANNEL_LOGIN:
		take_login(process, message);
		break;
	case CHANNEL_SIGHT:
		take_sight(process, message);
		break;
	case CHANNEL_OUTCOME:
		if (message->outcome < OUTCOMES)
			process->outcomes[message->outcome]++;
		break;
	case CHANNEL_WALK:
		node_walk(process->node);
		break;
	case CHANNEL_WALKED:
		node_walked(process->node);
		break;
	case CHANNEL_REVOKE:
		take_revocation(process, message->text);
		break;
	default:
		break;
	}
}

void fleet_client_read(struct fleet_process *process, struct fleet_client *client)
{
	struct channel_message message;

	for (unsigned i = 0; i < READ_AT_ONCE && client->fd >= 0; i++) {
		int got = channel_receive(client->fd, &message);

		if (!got)
			return;
		if (got < 0)
			close_client(client);
		else
			take(process, client, &message);
	}
}
