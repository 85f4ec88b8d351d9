// SPDX-License-Identifier: GPL-2.0-or-later
/* See remote_logins.h. */
#include "detect/remote_logins.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "detect/lru_table.h"

struct remote_account {
	uint16_t server; /* that named the account first */
	bool several;	 /* another server named it as well */
	size_t count;
	struct detect_remote logins[REMOTE_LOGINS_MAX]; /* by time, the oldest first */
};

struct remote_logins {
	struct lru_table *accounts;
	uint32_t alone[REMOTE_SERVERS_MAX]; /* accounts that this server alone named */
};

static void on_leave(void *value, bool full, void *context)
{
	struct remote_account *account = value;
	struct remote_logins *remote = context;

	(void)full;
	if (!account->several)
		remote->alone[account->server]--;
}

struct remote_logins *remote_logins_new(void)
{
	struct remote_logins *remote = calloc(1, sizeof(*remote));

	if (!remote)
		return NULL;
	remote->accounts =
		lru_new(sizeof(struct remote_account), REMOTE_ACCOUNTS_MAX, on_leave, remote);
	if (!remote->accounts) {
		free(remote);
		return NULL;
	}
	return remote;
}

void remote_logins_free(struct remote_logins *remote)
{
	if (!remote)
		return;
	lru_free(remote->accounts);
	free(remote);
}

static void remove_at(struct remote_account *account, size_t at)
{
	account->count--;
	memmove(account->logins + at, account->logins + at + 1,
		(account->count - at) * sizeof(*account->logins));
}

static void forget_old(struct remote_account *account, int64_t now_ns, uint64_t window_ns)
{
	while (account->count && account->logins[0].wall_ns < time_less(now_ns, window_ns))
		remove_at(account, 0);
}

static bool is_same_network(const struct detect_remote *a, const struct detect_remote *b)
{
	return a->network.length == b->network.length &&
	       !address_compare(&a->network.address, &b->network.address);
}

struct finding {
	uint16_t server;
	void *oldest;
};

static void find_alone(const struct prefix *key, void *value, void *context)
{
	const struct remote_account *account = value;
	struct finding *finding = context;

	(void)key;
	if (!account->several && account->server == finding->server)
		finding->oldest = value;
}

/* A server that alone names more accounts than its share pushes out its own oldest account, and no
 * other server's. */
static struct remote_account *find_or_add(struct remote_logins *remote, const struct prefix *key,
					  uint16_t server)
{
	struct remote_account *account = lru_find(remote->accounts, key);
	struct finding finding = { .server = server };
	bool fresh;

	if (!account && remote->alone[server] >= REMOTE_ACCOUNTS_ALONE) {
		lru_each(remote->accounts, find_alone, &finding);
		lru_drop(remote->accounts, finding.oldest);
	}
	account = lru_touch(remote->accounts, key, &fresh);
	if (fresh) {
		account->server = server;
		remote->alone[server]++;
	} else if (!account->several && account->server != server) {
		account->several = true;
		remote->alone[account->server]--;
	}
	return account;
}

bool remote_logins_add(struct remote_logins *remote, const struct prefix *key,
		       const struct detect_remote *login, uint64_t window_ns)
{
	struct remote_account *account;
	unsigned own = 0;
	size_t at;

	if (login->server >= REMOTE_SERVERS_MAX)
		return false;
	account = find_or_add(remote, key, login->server);
	forget_old(account, login->wall_ns, window_ns);
	for (size_t i = 0; i < account->count; i++) {
		if (account->logins[i].server != login->server)
			continue;
		if (is_same_network(&account->logins[i], login))
			return true;
		own++;
	}
	if (own >= REMOTE_LOGINS_EACH)
		return false;
	if (account->count == REMOTE_LOGINS_MAX)
		remove_at(account, 0);
	for (at = account->count; at && account->logins[at - 1].wall_ns > login->wall_ns; at--)
		account->logins[at] = account->logins[at - 1];
	account->logins[at] = *login;
	account->count++;
	return true;
}

size_t remote_logins_of(struct remote_logins *remote, const struct prefix *key, int64_t now_ns,
			uint64_t window_ns, const struct detect_remote **logins)
{
	struct remote_account *account = lru_find(remote->accounts, key);
	bool several = false;

	if (!account)
		return 0;
	forget_old(account, now_ns, window_ns);
	for (size_t i = 1; i < account->count; i++)
		several |= account->logins[i].server != account->logins[0].server;
	*logins = account->logins;
	return several ? account->count : 0;
}
