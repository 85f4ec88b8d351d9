// SPDX-License-Identifier: GPL-2.0-or-later
/* What the rules remember, between them and the store: looked up when they ask, written down with
 * what the same lines led to (together.h). A store that fails is said once, and the rules go on
 * with what they have. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "daemon/daemon.h"

#define NOTES_MAX 65536 /* in memory */

enum note_kind { NOTE_KEEP, NOTE_FORGET, NOTE_TROUBLE, NOTE_REPEAT };

struct note {
	enum note_kind kind;
	char *account;
	struct prefix prefix;
	struct detect_known known;
	struct detect_repeat repeat;
	enum ban_rule rule;
	int64_t last_ns;
};

struct notes {
	struct note *items;
	size_t count, room;
	bool failed; /* said */
};

static unsigned country_of(const struct address *address, void *context)
{
	struct daemon *daemon = context;

	/* Asked for at each login: the table stays mapped. */
	if (!daemon->instance.gate ||
	    gate_table_view_renew(daemon->instance.gate, &daemon->table, NULL))
		return COUNTRY_ZZ;
	return gate_table_look(&daemon->table, address).country;
}

/* ---- asked for ---- */

struct recalling {
	void (*take)(const struct detect_known *known, void *to);
	void *to;
};

static void take_known(const struct store_known *stored, void *context)
{
	const struct recalling *recalling = context;
	struct detect_known known = { stored->source, stored->first_wall_ns, stored->last_wall_ns };

	recalling->take(&known, recalling->to);
}

static void said_once(struct daemon *daemon, int error, const struct fault *fault)
{
	bool failed = error && error != -ENOENT;

	if (failed && !daemon->notes->failed)
		daemon_fault(daemon, "what the rules remember: %s", fault->text);
	daemon->notes->failed = failed;
}

static void recall_account(const char *account,
			   void (*take)(const struct detect_known *known, void *to), void *to,
			   void *context)
{
	struct recalling recalling = { take, to };
	struct daemon *daemon = context;
	struct fault fault = { 0 };

	if (daemon->instance.store)
		said_once(daemon,
			  store_known_each(daemon->instance.store, account, take_known, &recalling,
					   &fault),
			  &fault);
}

static bool recall_source(const struct prefix *source, int64_t *last_ns, void *context)
{
	struct daemon *daemon = context;
	struct fault fault = { 0 };
	int error;

	if (!daemon->instance.store)
		return false;
	error = store_known_last(daemon->instance.store, source, last_ns, &fault);
	said_once(daemon, error, &fault);
	return !error;
}

static bool recall_repeat(const struct prefix *prefix, struct detect_repeat *repeat, void *context)
{
	struct daemon *daemon = context;
	struct fault fault = { 0 };
	struct store_repeat stored;
	int error;

	if (!daemon->instance.store)
		return false;
	error = store_repeat_get(daemon->instance.store, prefix, &stored, &fault);
	said_once(daemon, error, &fault);
	if (error)
		return false;
	*repeat = (struct detect_repeat){ stored.bans, stored.until_wall_ns, stored.lasts_ns };
	return true;
}

static void take_trouble(const char *account, uint32_t rule, int64_t last_wall_ns, void *context)
{
	struct daemon *daemon = context;

	detect_recall_trouble(daemon->detect, account, (enum ban_rule)rule, last_wall_ns);
	troubles_note(daemon, account, (enum ban_rule)rule, last_wall_ns);
}

/* ---- written down ---- */

/* The line in hand belongs to them, so they are not committed before it. */
static void make_room(struct daemon *daemon)
{
	struct fault fault = { 0 };
	int error = together_begin(daemon, &fault);

	if (!error && daemon->together)
		error = memory_write(daemon, &fault);
	if (error)
		said_once(daemon, error, &fault);
	memory_written(daemon);
}

static void add_note(struct daemon *daemon, const struct note *note, const char *account)
{
	struct notes *notes = daemon->notes;
	struct note own = *note, *items;

	if (!daemon->instance.store)
		return;
	if (notes->count == NOTES_MAX)
		make_room(daemon);
	if (notes->count == notes->room) {
		size_t room = notes->room ? notes->room * 2 : 64;

		items = realloc(notes->items, room * sizeof(*items));
		if (!items)
			return;
		notes->items = items;
		notes->room = room;
	}
	own.account = account ? strdup(account) : NULL;
	if (account && !own.account)
		return;
	notes->items[notes->count++] = own;
}

static void keep(const char *account, const struct detect_known *known, void *context)
{
	struct note note = { .kind = NOTE_KEEP, .known = *known };

	add_note(context, &note, account);
}

static void forget(const char *account, const struct prefix *source, void *context)
{
	struct note note = { .kind = NOTE_FORGET, .prefix = *source };

	add_note(context, &note, account);
}

static void trouble(const char *account, enum ban_rule rule, int64_t last_ns, void *context)
{
	struct note note = { .kind = NOTE_TROUBLE, .rule = rule, .last_ns = last_ns };

	troubles_note(context, account, rule, last_ns);
	add_note(context, &note, account);
}

void memory_note_ban(struct daemon *daemon, const struct decision *decision)
{
	struct note note = { .kind = NOTE_REPEAT,
			     .prefix = decision->prefix,
			     .repeat = decision->repeat };

	add_note(daemon, &note, NULL);
}

static int write_note(struct store *store, const struct note *note, struct fault *fault)
{
	struct store_known known = { note->known.source, note->known.first_ns,
				     note->known.last_ns };
	struct store_repeat repeat = { note->repeat.bans, note->repeat.until_ns,
				       note->repeat.lasts_ns };

	switch (note->kind) {
	case NOTE_KEEP:
		return store_known_put(store, note->account, &known, fault);
	case NOTE_FORGET:
		return store_known_remove(store, note->account, &note->prefix, fault);
	case NOTE_TROUBLE:
		return store_trouble_put(store, note->account, note->rule, note->last_ns, fault);
	case NOTE_REPEAT:
		return store_repeat_put(store, &note->prefix, &repeat, fault);
	}
	return -EINVAL;
}

bool memory_noted(const struct daemon *daemon)
{
	return daemon->notes && daemon->notes->count;
}

int memory_write(struct daemon *daemon, struct fault *fault)
{
	const struct notes *notes = daemon->notes;
	int error = 0;

	for (size_t i = 0; notes && i < notes->count && !error; i++)
		error = write_note(daemon->instance.store, &notes->items[i], fault);
	return error;
}

void memory_written(struct daemon *daemon)
{
	struct notes *notes = daemon->notes;

	for (size_t i = 0; notes && i < notes->count; i++)
		free(notes->items[i].account);
	if (notes)
		notes->count = 0;
}

/* ---- */

void memory_settings(struct daemon *daemon, const struct config *config,
		     struct detect_settings *settings)
{
	*settings = config->detect;
	settings->country = country_of;
	settings->country_context = daemon;
	settings->memory = (struct detect_memory){ .context = daemon,
						   .recall_account = recall_account,
						   .recall_source = recall_source,
						   .recall_repeat = recall_repeat,
						   .keep = keep,
						   .forget = forget,
						   .trouble = trouble };
}

int memory_open(struct daemon *daemon, struct fault *fault)
{
	struct detect_settings settings;
	struct fault own = { 0 };

	daemon->notes = calloc(1, sizeof(*daemon->notes));
	memory_settings(daemon, daemon->instance.config, &settings);
	if (daemon->notes)
		daemon->detect = detect_new(&settings);
	if (!daemon->detect)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (daemon->instance.store)
		said_once(daemon,
			  store_trouble_each(daemon->instance.store, take_trouble, daemon, &own),
			  &own);
	return 0;
}

void memory_close(struct daemon *daemon)
{
	if (!daemon->notes)
		return;
	memory_written(daemon);
	gate_table_view_end(&daemon->table);
	detect_free(daemon->detect);
	free(daemon->notes->items);
	free(daemon->notes);
	free(daemon->troubles);
	daemon->detect = NULL;
	daemon->troubles = NULL;
	daemon->notes = NULL;
}
