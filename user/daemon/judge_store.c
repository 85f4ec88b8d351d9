// SPDX-License-Identifier: GPL-2.0-or-later
/* What policy/judge.h keeps, in the store. See judge_store.h. */
#include "daemon/judge_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "daemon/daemon.h"
#include "daemon/detect_store_internal.h"
#include "policy/judge.h"
#include "store/policy_rows.h"

#define KEY_FILE "passwords.key"

static bool recall_digests(const char *account, const struct prefix *source,
			   struct judge_digests *digests, void *context)
{
	struct daemon *daemon = context;
	struct fault fault = { 0 };
	int error;

	if (!daemon->instance.store)
		return false;
	error = store_digests_get(daemon->instance.store, account, source, digests, &fault);
	recall_log_once(daemon, error, &fault);
	return !error;
}

static bool recall_budget(const char *account, struct judge_budget *budget, void *context)
{
	struct daemon *daemon = context;
	struct fault fault = { 0 };
	int error;

	if (!daemon->instance.store)
		return false;
	error = store_budget_get(daemon->instance.store, account, budget, &fault);
	recall_log_once(daemon, error, &fault);
	return !error;
}

struct wrong {
	struct prefix source;
	struct judge_digests digests;
};

static int put_right(struct store *store, const char *account, const void *what,
		     struct fault *fault)
{
	return store_digests_put(store, account, NULL, what, fault);
}

static int put_wrong(struct store *store, const char *account, const void *what,
		     struct fault *fault)
{
	const struct wrong *wrong = what;

	return store_digests_put(store, account, &wrong->source, &wrong->digests, fault);
}

static int put_budget(struct store *store, const char *account, const void *what,
		      struct fault *fault)
{
	return store_budget_put(store, account, what, fault);
}

static int put_held(struct store *store, const char *account, const void *what, struct fault *fault)
{
	return store_held_put(store, account, what, fault);
}

static void keep_digests(const char *account, const struct prefix *source,
			 const struct judge_digests *digests, void *context)
{
	struct wrong wrong = { .digests = *digests };

	if (!source) {
		detect_store_note(context, account, put_right, digests, sizeof(*digests));
		return;
	}
	wrong.source = *source;
	detect_store_note(context, account, put_wrong, &wrong, sizeof(wrong));
}

static void keep_budget(const char *account, const struct judge_budget *budget, void *context)
{
	detect_store_note(context, account, put_budget, budget, sizeof(*budget));
}

static void keep_held(const char *account, const struct judge_held *held, void *context)
{
	detect_store_note(context, account, put_held, held, sizeof(*held));
}

static void fill_settings(struct daemon *daemon, struct judge_settings *settings)
{
	static const enum judge_over overs[] = {
		[OVER_HOLD] = JUDGE_OVER_HOLD,
		[OVER_DEFER] = JUDGE_OVER_DEFER,
		[OVER_REJECT] = JUDGE_OVER_REJECT,
		[OVER_OFF] = JUDGE_OVER_OFF,
	};
	const struct config *config = daemon->instance.config;

	settings->monitor = config->mode != GATE_ENFORCE;
	settings->recipients = config->policy.recipients;
	settings->recipients_day = config->policy.recipients_day;
	settings->over = overs[config->policy.over];
	settings->memory = (struct judge_memory){
		.context = daemon,
		.recall_digests = recall_digests,
		.keep_digests = keep_digests,
		.recall_budget = recall_budget,
		.keep_budget = keep_budget,
		.held = keep_held,
	};
}

static int read_key(const struct daemon *daemon, uint8_t key[JUDGE_KEY_SIZE], struct fault *fault)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/" KEY_FILE, daemon->instance.config->paths.state) < 0)
		return fault_set(fault, -ENOMEM, "out of memory");
	return judge_key_load(path, key, fault);
}

int judge_store_open(struct daemon *daemon, struct fault *fault)
{
	struct judge_settings settings;
	int error;

	judge_defaults(&settings);
	error = read_key(daemon, settings.key, fault);
	if (error)
		return error;
	fill_settings(daemon, &settings);
	daemon->judge = judge_new(&settings, daemon->detect);
	return daemon->judge ? 0 : fault_set(fault, -ENOMEM, "out of memory");
}

void judge_store_reload(struct daemon *daemon)
{
	struct judge_settings settings;

	if (!daemon->judge)
		return;
	judge_defaults(&settings);
	fill_settings(daemon, &settings);
	judge_configure(daemon->judge, &settings);
}

void judge_store_close(struct daemon *daemon)
{
	judge_free(daemon->judge);
	daemon->judge = NULL;
}
