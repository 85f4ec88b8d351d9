// SPDX-License-Identifier: GPL-2.0-or-later
/* What rules keep things in: bounded, exact against naive models, and what they ask of a memory
 * beyond the process. */
#include "detect_room.h"
#include "detect/distinct_window.h"
#include "detect/lru_table.h"

static struct prefix key_of(uint32_t number)
{
	struct address address = address_from4(number);

	return address_source(&address, 64);
}

static void count_leaving(void *value, bool full, void *context)
{
	size_t *counts = context;

	(void)value;
	counts[full]++;
}

static void the_longest_unused_gives_way_and_each_value_leaves_once(void **state)
{
	size_t counts[2] = { 0, 0 };
	struct lru_table *recent = lru_new(sizeof(uint32_t), 100, count_leaving, counts);
	bool fresh;

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		struct prefix key = key_of(i);

		*(uint32_t *)lru_touch(recent, &key, &fresh) = i;
		assert_true(fresh);
	}
	for (uint32_t i = 0; i < 50; i++) { /* used again: now the newest */
		struct prefix key = key_of(i);

		assert_int_equal(*(uint32_t *)lru_touch(recent, &key, &fresh), i);
		assert_false(fresh);
	}
	for (uint32_t i = 100; i < 130; i++) {
		struct prefix key = key_of(i);

		lru_touch(recent, &key, NULL);
	}
	for (uint32_t i = 0; i < 100; i++) {
		struct prefix key = key_of(i);

		assert_int_equal(lru_find(recent, &key) != NULL, i < 50 || i >= 80);
	}
	assert_int_equal(counts[true], 30);
	assert_int_equal(lru_resize(recent, 10), 0);
	assert_int_equal(lru_used(recent), 10);
	assert_int_equal(counts[true], 120);
	lru_free(recent);
	assert_int_equal(counts[false], 10);
}

static void random_use_agrees_with_a_naive_table(void **state)
{
	struct lru_table *recent = lru_new(sizeof(uint64_t), 64, NULL, NULL);
	uint64_t used[256] = { 0 }, tick = 0;

	(void)state;
	srandom(11);
	for (int round = 0; round < 100000; round++) {
		uint32_t number = (uint32_t)random() % 200;
		struct prefix key = key_of(number);
		void *value = lru_find(recent, &key);
		size_t present = 0, oldest = 256;

		assert_int_equal(value != NULL, used[number] != 0);
		if (value && random() % 5 == 0) {
			lru_drop(recent, value);
			used[number] = 0;
			continue;
		}
		for (size_t i = 0; i < 256; i++) {
			present += used[i] != 0;
			if (used[i] && (oldest == 256 || used[i] < used[oldest]))
				oldest = i;
		}
		if (!used[number] && present == 64)
			used[oldest] = 0;
		lru_touch(recent, &key, NULL);
		used[number] = ++tick;
	}
	lru_free(recent);
}

static void names_are_the_same_whatever_their_case_and_others_differ(void **state)
{
	struct lru_seed seed = lru_seed_new();
	struct prefix a = lru_name_key(&seed, "Bob@Example.org"),
		      b = lru_name_key(&seed, "bob@example.ORG"),
		      c = lru_name_key(&seed, "bob@example.or"),
		      d = lru_name_key(&seed, "BOB@EXAMPLE.ORH");

	(void)state;
	assert_memory_equal(&a, &b, sizeof(a));
	assert_memory_not_equal(&a, &c, sizeof(a));
	assert_memory_not_equal(&a, &d, sizeof(a));
	assert_true(a.length > 128);
}

/* Everything that a subject met, and the windows that end now; of IPv4 and IPv6 things, whose
 * second half is kept only if they are wide. */
static void distinct_agrees_with_a_model_that_forgets_nothing(void **state)
{
	enum { SUBJECTS = 6, ITEMS = 9, EVENTS = 6000, WINDOW = 50 };
	struct distinct_window_settings settings = { .most = 100, .items = 5, .window_ns = WINDOW };
	struct distinct_window *distinct = distinct_window_new(&settings);
	static int64_t met[SUBJECTS][ITEMS];
	struct address things[ITEMS];
	int64_t now = 1000000;

	(void)state;
	srandom(5);
	for (uint32_t i = 0; i < ITEMS; i++) {
		things[i] = address_from4(i);
		if (i % 2)
			assert_int_equal(address_parse("2001:db8::", 10, &things[i]), 0);
		things[i].byte[i % 2 ? 7 : 15] = (uint8_t)i;
	}
	for (int i = 0; i < EVENTS; i++) {
		uint32_t subject = (uint32_t)random() % SUBJECTS;
		uint32_t item = (uint32_t)random() % ITEMS;
		/* Tags beyond their lower half. */
		struct distinct_window_item own = { things[item], now += random() % 8,
						    (UINT32_MAX - 1000ULL) + (unsigned)i };
		const struct distinct_window_item *items;
		struct prefix key = key_of(subject);
		size_t expected = 0, count;

		if (i == EVENTS / 2) {
			settings.wide = true;
			distinct_window_configure(distinct, &settings);
			memset(met, 0, sizeof(met));
			for (uint32_t j = 0; j < ITEMS; j++)
				things[j].byte[15] ^= 77;
			own.what = things[item];
		}
		met[subject][item] = now;
		for (size_t j = 0; j < ITEMS; j++)
			expected += met[subject][j] && now - met[subject][j] <= WINDOW;
		count = distinct_window_add(distinct, &key, &own);
		assert_int_equal(count, expected < 5 ? expected : 5);
		items = distinct_window_list(distinct);
		assert_non_null(items);
		assert_memory_equal(&items[count - 1], &own, sizeof(own));
		for (size_t j = 0; j < count; j++) {
			size_t at = 0;

			while (at < ITEMS && address_compare(&things[at], &items[j].what))
				at++;
			assert_true(at < ITEMS);
			assert_true(met[subject][at] == items[j].wall_ns);
			assert_true(!j || items[j - 1].wall_ns <= items[j].wall_ns);
			assert_true(items[j].tag <= own.tag && items[j].tag + EVENTS > own.tag);
		}
	}
	distinct_window_free(distinct);
}

static void distinct_survives_wrong_clocks_and_smaller_settings(void **state)
{
	static const int64_t times[] = { INT64_MAX, INT64_MIN, 0, 5, INT64_MAX, 1, 2, 3 };
	struct distinct_window_settings settings = { .most = 10, .items = 100, .window_ns = 600 };
	struct distinct_window *distinct = distinct_window_new(&settings);
	struct prefix key = key_of(1);

	(void)state;
	for (uint32_t i = 0; i < 8; i++) {
		struct distinct_window_item item = { address_from4(i), times[i], i };

		distinct_window_add(distinct, &key, &item);
	}
	for (uint32_t i = 0; i < 90; i++) {
		struct distinct_window_item item = { address_from4(100 + i), 100 + i, i };

		distinct_window_add(distinct, &key, &item);
	}
	settings.items = 3;
	settings.most = 2;
	distinct_window_configure(distinct, &settings);
	for (uint32_t i = 0; i < 9; i++) {
		struct distinct_window_item item = { address_from4(500 + i), 200 + i, i };

		assert_true(distinct_window_add(distinct, &key, &item) <= 3);
	}
	distinct_window_free(distinct);
}

/* ---- a memory beyond the process ---- */

struct memory {
	char account[64];
	struct detect_known known;
	struct detect_repeat repeat;
	size_t kept, forgotten, troubles, recalled;
};

static void recall_account(const char *account,
			   void (*take)(const struct detect_known *known, void *to), void *to,
			   void *context)
{
	struct memory *memory = context;

	memory->recalled++;
	if (!strcasecmp(memory->account, account))
		take(&memory->known, to);
}

static void recall_source(const struct prefix *source, unsigned most,
			  void (*take)(const char *account, const struct detect_known *known,
				       void *to),
			  void *to, void *context)
{
	const struct memory *memory = context;

	if (most && prefix_contains(source, &memory->known.source.address))
		take(memory->account, &memory->known, to);
}

static bool recall_repeat(const struct prefix *prefix, enum ban_services services,
			  struct detect_repeat *repeat, void *context)
{
	const struct memory *memory = context;

	*repeat = memory->repeat;
	return services == BAN_LOGIN && !memcmp(prefix, &memory->known.source, sizeof(*prefix));
}

static void keep(const char *account, const struct detect_known *known, void *context)
{
	struct memory *memory = context;

	snprintf(memory->account, sizeof(memory->account), "%s", account);
	memory->known = *known;
	memory->kept++;
}

static void forget(const char *account, const struct prefix *source, void *context)
{
	(void)account;
	(void)source;
	((struct memory *)context)->forgotten++;
}

static void trouble(const char *account, enum ban_rule rule, int64_t last_ns, void *context)
{
	(void)account;
	(void)rule;
	(void)last_ns;
	((struct memory *)context)->troubles++;
}

static void connect_memory(struct room *room, struct memory *memory)
{
	room->settings.store = (struct detect_store){ .context = memory,
						      .recall_account = recall_account,
						      .recall_source = recall_source,
						      .recall_repeat = recall_repeat,
						      .keep = keep,
						      .forget = forget,
						      .incident = trouble };
	room_apply(room);
}

static void a_new_process_knows_whom_the_one_before_knew(void **state)
{
	struct memory memory = { 0 };
	struct room *room = room_open();

	(void)state;
	connect_memory(room, &memory);
	logs_in(room, "192.0.2.1", "bob", T0);
	logs_in(room, "192.0.2.1", "bob", T0 + HOUR);
	assert_int_equal(memory.kept, 1); /* once a day */
	logs_in(room, "192.0.2.1", "bob", T0 + 24 * HOUR);
	assert_int_equal(memory.kept, 2); /* known now */
	room_close(room);

	room = room_open();
	connect_memory(room, &memory);
	for (int i = 0; i < 10; i++)
		fails(room, "192.0.2.1", "BOB", T0 + 2 * DAY + i);
	for (int i = 0; i < 10; i++)
		fails(room, "192.0.2.1", NULL, T0 + 2 * DAY + i);
	assert_int_equal(room->count, 0);
	for (int i = 0; i < 14; i++)
		fails(room, "192.0.2.1", "eve", T0 + 2 * DAY + i);
	assert_int_equal(room->bans, 0);
	fails(room, "192.0.2.1", "eve", T0 + 2 * DAY + 15);
	assert_int_equal(room->bans, 1);
	room_close(room);
}

static void a_ban_of_the_process_before_doubles(void **state)
{
	struct memory memory = { .repeat = { 2, T0 - HOUR, (uint64_t)(2 * HOUR) } };
	struct room *room = room_open();

	(void)state;
	prefix_parse("192.0.2.1/32", 12, &memory.known.source);
	connect_memory(room, &memory);
	for (int i = 0; i < 5; i++)
		fails(room, "192.0.2.1", "x", T0);
	assert_int_equal(last(room)->until_wall_ns, T0 + 4 * HOUR);
	room_close(room);
}

static void strangers_of_a_spread_are_forgotten_and_the_trouble_is_noted(void **state)
{
	struct memory memory = { 0 };
	struct room *room = room_open();
	int64_t last;

	(void)state;
	connect_memory(room, &memory);
	logs_in(room, "192.0.2.7", "bob", T0 - 2 * HOUR);
	for (unsigned i = 0; i < 10; i++)
		logs_in(room, numbered(64 + i, 1, 1), "bob", T0 + i * S);
	assert_int_equal(memory.forgotten, 9); /* and the tenth never was one */
	assert_int_equal(memory.troubles, 1);
	room_close(room);

	room = room_open();
	assert_false(detect_in_incident(room->detect, "bob", RULE_ACCOUNT_SPREAD, T0, &last));
	detect_recall_incident(room->detect, "bob", RULE_ACCOUNT_SPREAD, T0);
	assert_true(detect_in_incident(room->detect, "BOB", RULE_ACCOUNT_SPREAD, T0 + HOUR, &last));
	assert_int_equal(last, T0);
	assert_false(detect_in_incident(room->detect, "bob", RULE_ACCOUNT_SIEGE, T0 + HOUR, &last));
	assert_false(detect_in_incident(room->detect, "bob", RULE_ACCOUNT_SPREAD, T0 + 49 * HOUR,
					&last));
	logs_in(room, "192.0.2.1", "bob", T0 + HOUR);
	assert_true(banned(room, "192.0.2.1/32"));
	logs_in(room, "192.0.3.1", "eve", T0);
	detect_recall_incident(room->detect, "eve", RULE_ACCOUNT_SIEGE, T0);
	for (unsigned i = 0; i < 3; i++)
		fails(room, "192.5.2.2", "eve", T0 + HOUR);
	assert_true(banned(room, "192.5.2.2/32"));
	assert_true(detect_in_incident(room->detect, "eve", RULE_ACCOUNT_SIEGE, T0 + HOUR, &last));
	assert_int_equal(last, T0 + HOUR);
	room_close(room);
}

/* Names made up by strangers must not push out what is known of real accounts. */
static void made_up_names_take_no_room(void **state)
{
	struct room *room = room_open();
	struct detect_usage usage;
	char name[32];

	(void)state;
	knows(room, "bob", "192.0.2.1", T0);
	for (int i = 0; i < 50000; i++) {
		room->count = 0;
		snprintf(name, sizeof(name), "no%d", i);
		fails(room, numbered(200, (unsigned)i >> 8 & 255, (unsigned)i & 255), name,
		      T0 + i * S);
	}
	detect_get_usage(room->detect, &usage);
	assert_int_equal(usage.accounts, 1);
	assert_int_equal(usage.known, 1);
	room->count = 0;
	for (int i = 0; i < 6; i++)
		fails(room, "192.0.2.1", "bob", T0 + DAY + i);
	assert_int_equal(room->count, 0);
	room_close(room);
}

static void known_sources_are_bounded_and_what_goes_is_counted(void **state)
{
	struct room *room = room_open();
	struct detect_usage usage;
	char name[32];

	(void)state;
	room->settings.most_known = 100;
	room->settings.rules[RULE_ACCOUNT_SPREAD].action = ACTION_OFF;
	room_apply(room);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "user%u", i / 3);
		logs_in(room, numbered(64, i / 250, i % 250), name, T0 + i * S);
	}
	for (unsigned i = 0; i < 2000; i++) /* one account alone is bounded too */
		logs_in(room, numbered(65, i / 250, i % 250), "one", T0 + i * S);
	detect_get_usage(room->detect, &usage);
	assert_true(usage.known <= 512);
	assert_true(usage.forgotten > 200);
	room_close(room);
}

/* Whichever of a hundred sources is asked about, whether its login was entered or waits for that. */
static void who_logged_in_a_moment_ago_is_known_or_forgotten_at_once(void **state)
{
	char names[2][32];

	(void)state;
	for (unsigned asked = 0; asked < 100; asked += 3) {
		struct room *room = room_open();

		for (unsigned i = 0; i < 200; i++) {
			snprintf(names[0], sizeof(names[0]), "user%u", i % 100);
			logs_in(room, numbered(64, i % 100, 1), names[0], T0 - DAY * (i < 100));
		}
		snprintf(names[0], sizeof(names[0]), "user%u", asked);
		snprintf(names[1], sizeof(names[1]), "100.64.%u.1/32", asked);
		for (int i = 0; i < 20; i++)
			fails(room, numbered(64, asked, 1), NULL, T0 + i * S);
		assert_int_equal(room->count, 0);
		logs_in(room, numbered(64, asked, 1), names[0], T0 + 7 * HOUR);
		detect_forget_account(room->detect, names[0]);
		for (int i = 0; i < 5; i++)
			fails(room, numbered(64, asked, 1), NULL, T0 + 8 * HOUR + i * S);
		assert_true(banned(room, names[1]));
		room_close(room);
	}
}

/* Random events of all kinds, any time: nothing breaks, decisions make sense. */
static void random_events_never_break_anything(void **state)
{
	struct room *room = room_open();
	int64_t now = T0;
	char name[32];

	(void)state;
	room->settings.most_sources = 50;
	room->settings.most_accounts = 20;
	room->settings.most_known = 40;
	room_apply(room);
	srandom(3);
	for (int i = 0; i < 200000; i++) {
		enum event_kind kind = EVENT_FAILURE + (unsigned)random() % 6;
		const char *source = numbered(64 + (unsigned)random() % 12, (unsigned)random() % 4,
					      (unsigned)random() % 6);

		now += random() % 20 * S;
		if (random() % 5000 == 0)
			now += (random() % 80 - 40) * DAY;
		snprintf(name, sizeof(name), "u%ld", random() % 30);
		room->count = 0;
		room_event(room, kind, random() % 9 ? source : NULL, random() % 9 ? name : NULL,
			   now);
		for (size_t j = 0; j < room->count; j++)
			if (room->decisions[j].action == ACTION_BAN)
				assert_true(room->decisions[j].until_wall_ns >
					    room->decisions[j].wall_ns);
	}
	room_close(room);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_unused_gives_way_and_each_value_leaves_once),
		cmocka_unit_test(random_use_agrees_with_a_naive_table),
		cmocka_unit_test(names_are_the_same_whatever_their_case_and_others_differ),
		cmocka_unit_test(distinct_agrees_with_a_model_that_forgets_nothing),
		cmocka_unit_test(distinct_survives_wrong_clocks_and_smaller_settings),
		cmocka_unit_test(a_new_process_knows_whom_the_one_before_knew),
		cmocka_unit_test(a_ban_of_the_process_before_doubles),
		cmocka_unit_test(strangers_of_a_spread_are_forgotten_and_the_trouble_is_noted),
		cmocka_unit_test(made_up_names_take_no_room),
		cmocka_unit_test(known_sources_are_bounded_and_what_goes_is_counted),
		cmocka_unit_test(who_logged_in_a_moment_ago_is_known_or_forgotten_at_once),
		cmocka_unit_test(random_events_never_break_anything),
	};

	return cmocka_run_group_tests_name("detect tables", tests, NULL, NULL);
}
