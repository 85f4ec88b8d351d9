// SPDX-License-Identifier: GPL-2.0-or-later
/* What the rules remember, in the store: looked up when they ask, and written with the transaction
 * of the lines that it came from (commit.h). If the store fails, that is logged once, and the rules
 * go on with what they have. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/fleet_link.h"
#include "daemon/learn.h"
#include "daemon/detect_store_internal.h"
#include "lists/providers.h"

#define NOTES_MAX  65536 /* in memory */
#define NOTES_SOON 128	 /* written in less than 1 ms; the notes of a second would take 40 */

enum note_kind {
	NOTE_KEEP,
	NOTE_FORGET,
	NOTE_INCIDENT,
	NOTE_REPEAT,
	NOTE_SENDER,
	NOTE_HABIT,
	NOTE_ORDER,
	NOTE_PUT
};

struct note {
	enum note_kind kind;
	char *account;
	struct prefix prefix;
	enum ban_services services;
	struct detect_known known;
	struct detect_repeat repeat;
	struct detect_habit habit;
	enum ban_rule rule;
	int64_t last_ns;
	enum store_order order;
	int64_t order_id;
	detect_store_put *put;
	void *what; /* owned */
};

struct notes {
	struct note *items;
	size_t count, room;
};

static unsigned country_of(const struct address *address, void *context)
{
	struct daemon *daemon = context;

	/* The table stays mapped, since every login asks for a country. */
	if (!daemon->instance.gate ||
	    gate_table_view_renew(daemon->instance.gate, &daemon->table, NULL))
		return COUNTRY_ZZ;
	return gate_table_look(&daemon->table, address, 0).country;
}

static uint32_t provider_of_address(const struct address *address, void *context)
{
	const struct daemon *daemon = context;

	return providers_find(daemon->providers, address);
}

static void take_incident(const char *account, uint32_t rule, int64_t last_wall_ns, void *context)
{
	struct daemon *daemon = context;

	detect_recall_incident(daemon->detect, account, (enum ban_rule)rule, last_wall_ns);
	incidents_note(daemon, account, (enum ban_rule)rule, last_wall_ns);
}

/* ---- writing notes ---- */

static int write_repeat(struct store *store, const struct note *note, struct fault *fault)
{
	struct store_repeat repeat = { note->repeat.bans, note->repeat.until_ns,
				       note->repeat.lasts_ns };
	int error = 0;

	for (unsigned group = 1; group <= BAN_LOGIN && !error; group <<= 1)
		if (note->services & group)
			error = store_repeat_put(store, &note->prefix, group, &repeat, fault);
	return error;
}

static int write_habit(struct store *store, const struct note *note, struct fault *fault)
{
	struct store_habit stored = {
		.last_wall_ns = note->last_ns,
		.day = note->habit.day,
		.messages = note->habit.messages,
		.today = note->habit.today,
		.failing = note->habit.failing,
		.failing_today = note->habit.failing_today,
	};

	return store_habit_put(store, note->account, &stored, fault);
}

static int write_order(struct store *store, const struct note *note, struct fault *fault)
{
	int error = store_order_apply(store, note->account, note->order, fault);

	return error ? error : store_order_done(store, note->order_id, fault);
}

static int write_note(struct store *store, const struct note *note, struct fault *fault)
{
	struct store_known known = { note->known.source, note->known.first_ns,
				     note->known.last_ns };

	switch (note->kind) {
	case NOTE_KEEP:
		return store_known_put(store, note->account, &known, fault);
	case NOTE_FORGET:
		return store_known_remove(store, note->account, &note->prefix, fault);
	case NOTE_INCIDENT:
		return store_incident_put(store, note->account, note->rule, note->last_ns, fault);
	case NOTE_REPEAT:
		return write_repeat(store, note, fault);
	case NOTE_SENDER:
		return store_sender_put(store, &note->prefix, note->last_ns, fault);
	case NOTE_HABIT:
		return write_habit(store, note, fault);
	case NOTE_ORDER:
		return write_order(store, note, fault);
	case NOTE_PUT:
		return note->put(store, note->account, note->what, fault);
	}
	return -EINVAL;
}

static int write_notes(struct daemon *daemon, bool all, struct fault *fault)
{
	const struct notes *notes = daemon->notes;
	int error = 0;

	(void)all;
	for (size_t i = 0; notes && i < notes->count && !error; i++)
		error = write_note(daemon->instance.store, &notes->items[i], fault);
	return error;
}

static void forget_notes(struct daemon *daemon)
{
	struct notes *notes = daemon->notes;

	for (size_t i = 0; notes && i < notes->count; i++) {
		free(notes->items[i].account);
		free(notes->items[i].what);
	}
	if (notes)
		notes->count = 0;
}

/* Writes the notes into the transaction, and does not commit: the line at hand belongs to them. */
static void make_room(struct daemon *daemon)
{
	struct fault fault = { 0 };
	int error = commit_begin(daemon, &fault);

	if (!error && daemon->committing)
		error = write_notes(daemon, false, &fault);
	if (error)
		recall_log_once(daemon, error, &fault);
	forget_notes(daemon);
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
	if (notes->count % NOTES_SOON == 0)
		commit_soon(daemon);
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

static void incident(const char *account, enum ban_rule rule, int64_t last_ns, void *context)
{
	struct note note = { .kind = NOTE_INCIDENT, .rule = rule, .last_ns = last_ns };

	incidents_note(context, account, rule, last_ns);
	add_note(context, &note, account);
}

static void sender(const struct prefix *network, int64_t last_ns, void *context)
{
	struct note note = { .kind = NOTE_SENDER, .prefix = *network, .last_ns = last_ns };

	add_note(context, &note, NULL);
}

static void habit(const char *account, const struct detect_habit *usual, void *context)
{
	struct note note = { .kind = NOTE_HABIT, .habit = *usual, .last_ns = clock_wall_ns() };

	add_note(context, &note, account);
}

void detect_store_note_ban(struct daemon *daemon, const struct decision *decision)
{
	struct note note = { .kind = NOTE_REPEAT,
			     .prefix = decision->prefix,
			     .services = decision->services,
			     .repeat = decision->repeat };

	add_note(daemon, &note, NULL);
}

/* The order is noted after all earlier notes of the account, so that it undoes them as well. */
void detect_store_note_order(struct daemon *daemon, const struct store_order_row *row)
{
	struct note note = { .kind = NOTE_ORDER, .order = row->order, .order_id = row->id };

	add_note(daemon, &note, row->account);
}

static int put_over(struct store *store, const char *account, const void *what, struct fault *fault)
{
	const enum ban_rule *rule = what;

	return store_incident_remove(store, account, *rule, fault);
}

void detect_store_note(struct daemon *daemon, const char *account, detect_store_put *put,
		       const void *what, size_t size)
{
	struct note note = { .kind = NOTE_PUT, .put = put, .what = malloc(size) };
	size_t count = daemon->notes->count;

	if (!note.what)
		return;
	memcpy(note.what, what, size);
	add_note(daemon, &note, account);
	/* It was not taken: there is no room, or no store. */
	if (daemon->notes->count == count)
		free(note.what);
}

static void over(const char *account, enum ban_rule rule, void *context)
{
	detect_store_note(context, account, put_over, &rule, sizeof(rule));
}

bool detect_store_noted(const struct daemon *daemon)
{
	return daemon->notes && daemon->notes->count;
}

void detect_store_settings(struct daemon *daemon, const struct config *config,
			   struct detect_settings *settings)
{
	*settings = config->detect;
	settings->country = country_of;
	settings->country_context = daemon;
	settings->provider = provider_of_address;
	settings->provider_context = daemon;
	settings->since_ns = daemon->begun_wall_ns;
	settings->store = (struct detect_store){
		.context = daemon,
		.sight = fleet_link_sight,
		.keep = keep,
		.forget = forget,
		.sender = sender,
		.habit = habit,
		.incident = incident,
		.over = over,
	};
	recall_functions(&settings->store);
}

void detect_store_begin(struct daemon *daemon)
{
	int64_t now = daemon->begun_wall_ns ? daemon->begun_wall_ns : clock_wall_ns();
	struct detect_settings settings;
	struct fault fault = { 0 };

	if (!daemon->instance.store)
		return;
	recall_log_once(daemon,
			store_begun(daemon->instance.store, now, &daemon->begun_wall_ns, &fault),
			&fault);
	daemon->first_start = !daemon->detect && daemon->begun_wall_ns == now;
	if (!daemon->detect || daemon->begun_wall_ns == now)
		return;
	detect_store_settings(daemon, daemon->instance.config, &settings);
	detect_configure(daemon->detect, &settings);
}

void detect_store_read_providers(struct daemon *daemon, const struct config *config)
{
	struct providers *fresh = NULL;
	struct fault fault = { 0 };

	if (providers_load(config->provider_files, config->provider_file_count,
			   config->provider_files_default, &fresh, &fault)) {
		daemon_fault(daemon, "%s; %s", fault.text,
			     daemon->providers ? "the data that was read before holds"
					       : "a network's surroundings stand for its provider");
		return;
	}
	providers_free(daemon->providers);
	daemon->providers = fresh;
}

int rules_open(struct daemon *daemon, struct fault *fault)
{
	struct detect_settings settings;
	struct fault own = { 0 };

	daemon->notes = calloc(1, sizeof(*daemon->notes));
	detect_store_read_providers(daemon, daemon->instance.config);
	if (daemon->notes)
		detect_store_begin(daemon);
	detect_store_settings(daemon, daemon->instance.config, &settings);
	if (daemon->notes && daemon->first_start)
		learn_from_logs(daemon, &settings);
	/* This looks at all known sources, so only at a start, and only if no realm is
	 * configured. */
	if (daemon->instance.store && !*settings.realm &&
	    store_account_realm(daemon->instance.store, settings.usual_realm,
				sizeof(settings.usual_realm), &own))
		*settings.usual_realm = '\0';
	if (daemon->notes)
		daemon->detect = detect_new(&settings);
	if (!daemon->detect)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (daemon->instance.store)
		recall_log_once(daemon,
				store_incident_each(daemon->instance.store, take_incident, daemon,
						    &own),
				&own);
	return 0;
}

void rules_close(struct daemon *daemon)
{
	if (!daemon->notes)
		return;
	forget_notes(daemon);
	gate_table_view_end(&daemon->table);
	detect_free(daemon->detect);
	providers_free(daemon->providers);
	daemon->providers = NULL;
	free(daemon->notes->items);
	free(daemon->notes);
	free(daemon->incidents);
	daemon->detect = NULL;
	daemon->incidents = NULL;
	daemon->notes = NULL;
}

static void committed(struct daemon *daemon, int error)
{
	if (!error)
		forget_notes(daemon);
}

const struct commit_part detect_store_part = {
	.due = detect_store_noted,
	.write = write_notes,
	.committed = committed,
};
