// SPDX-License-Identifier: GPL-2.0-or-later
/* See senders.h. */
#include "detect/senders.h"

#include <stdlib.h>

#include "detect/accounts_internal.h"

struct sender {
	int64_t last_ns, told_ns;
};

struct senders {
	const struct detect_settings *settings;
	struct lru_table *networks; /* struct sender */
};

struct senders *senders_new(const struct detect_settings *settings)
{
	struct senders *senders = calloc(1, sizeof(*senders));

	if (!senders)
		return NULL;
	senders->settings = settings;
	senders->networks = lru_new(sizeof(struct sender), settings->most_sources, NULL, NULL);
	if (senders->networks)
		return senders;
	free(senders);
	return NULL;
}

void senders_free(struct senders *senders)
{
	if (!senders)
		return;
	lru_free(senders->networks);
	free(senders);
}

void senders_configure(struct senders *senders, const struct detect_settings *settings)
{
	senders->settings = settings;
	lru_resize(senders->networks, settings->most_sources);
}

void senders_note(struct senders *senders, const struct prefix *network, int64_t now_ns)
{
	const struct detect_store *store = &senders->settings->store;
	struct sender *sender = lru_touch(senders->networks, network, NULL);

	if (sender->last_ns < now_ns)
		sender->last_ns = now_ns;
	if (!store->sender ||
	    (sender->told_ns && accounts_within(sender->told_ns, now_ns, ACCOUNTS_DAY_NS)))
		return;
	sender->told_ns = now_ns;
	store->sender(network, now_ns, store->context);
}

bool senders_know(struct senders *senders, const struct prefix *network, int64_t now_ns)
{
	const struct detect_store *store = &senders->settings->store;
	struct sender *sender = lru_find(senders->networks, network);
	int64_t last_ns;

	if (!sender && store->recall_sender &&
	    store->recall_sender(network, &last_ns, store->context)) {
		sender = lru_touch(senders->networks, network, NULL);
		sender->last_ns = sender->told_ns = last_ns;
	}
	return sender && accounts_within(sender->last_ns, now_ns, ACCOUNTS_KNOWN_NS);
}
