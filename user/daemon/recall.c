// SPDX-License-Identifier: GPL-2.0-or-later
/* What the rules ask the store for. What they have it keep: detect_store.c. */
#include <errno.h>

#include "base/fault.h"
#include "daemon/daemon.h"
#include "daemon/detect_store_internal.h"

struct recalling {
	void (*take)(const struct detect_known *known, void *to);
	void *to;
};

void recall_log_once(struct daemon *daemon, int error, const struct fault *fault)
{
	bool failed = error && error != -ENOENT;

	if (failed && !daemon->recall_failed)
		daemon_fault(daemon, "what the rules remember: %s", fault->text);
	daemon->recall_failed = failed;
}

static void take_known(const struct store_known *stored, void *context)
{
	const struct recalling *recalling = context;
	struct detect_known known = { stored->source, stored->first_wall_ns, stored->last_wall_ns };

	recalling->take(&known, recalling->to);
}

static void recall_account(const char *account,
			   void (*take)(const struct detect_known *known, void *to), void *to,
			   void *context)
{
	struct recalling recalling = { take, to };
	struct daemon *daemon = context;
	struct fault fault = { 0 };

	if (daemon->instance.store)
		recall_log_once(daemon,
				store_known_each(daemon->instance.store, account, take_known,
						 &recalling, &fault),
				&fault);
}

struct recalling_in {
	void (*take)(const char *account, const struct detect_known *known, void *to);
	void *to;
};

static void take_known_in(const char *account, const struct store_known *stored, void *context)
{
	const struct recalling_in *recalling = context;
	struct detect_known known = { stored->source, stored->first_wall_ns, stored->last_wall_ns };

	recalling->take(account, &known, recalling->to);
}

static void recall_source(const struct prefix *prefix, unsigned most,
			  void (*take)(const char *account, const struct detect_known *known,
				       void *to),
			  void *to, void *context)
{
	struct recalling_in recalling = { take, to };
	struct daemon *daemon = context;
	struct fault fault = { 0 };

	if (daemon->instance.store)
		recall_log_once(daemon,
				store_known_in(daemon->instance.store, prefix, most, take_known_in,
					       &recalling, &fault),
				&fault);
}

static bool recall_repeat(const struct prefix *prefix, enum ban_services services,
			  struct detect_repeat *repeat, void *context)
{
	struct daemon *daemon = context;
	struct fault fault = { 0 };
	struct store_repeat stored;
	int error;

	if (!daemon->instance.store)
		return false;
	error = store_repeat_get(daemon->instance.store, prefix, services, &stored, &fault);
	recall_log_once(daemon, error, &fault);
	if (error)
		return false;
	*repeat = (struct detect_repeat){ stored.bans, stored.until_wall_ns, stored.lasts_ns };
	return true;
}

static bool recall_sender(const struct prefix *network, int64_t *last_ns, void *context)
{
	struct daemon *daemon = context;
	struct fault fault = { 0 };
	int error;

	if (!daemon->instance.store)
		return false;
	error = store_sender_get(daemon->instance.store, network, last_ns, &fault);
	recall_log_once(daemon, error, &fault);
	return !error;
}

static bool recall_habit(const char *account, struct detect_habit *habit, void *context)
{
	struct daemon *daemon = context;
	struct fault fault = { 0 };
	struct store_habit stored;
	int error;

	if (!daemon->instance.store)
		return false;
	error = store_habit_get(daemon->instance.store, account, &stored, &fault);
	recall_log_once(daemon, error, &fault);
	if (error)
		return false;
	*habit = (struct detect_habit){
		.day = stored.day,
		.messages = stored.messages,
		.today = stored.today,
		.failing = stored.failing,
		.failing_today = stored.failing_today,
	};
	return true;
}

void recall_functions(struct detect_store *store)
{
	store->recall_account = recall_account;
	store->recall_source = recall_source;
	store->recall_sender = recall_sender;
	store->recall_habit = recall_habit;
	store->recall_repeat = recall_repeat;
}
