// SPDX-License-Identifier: GPL-2.0-or-later
/* Who may be an account's owner, and is not to suffer for what strangers do: a new telephone at
 * home, guests who mistype, the first newsletter. And who is none. */
#include "detect_room.h"

#define HOME	  "100.64.1.1"	/* JP, AS64500 */
#define HOME_NEW  "100.120.1.1" /* JP by the test's country, of an unknown system */
#define ABROAD	  "100.65.1.1"	/* US, AS64501 */
#define ABROAD_BY 120

/* As room_country(), and 100.120.x.x is in Japan. */
static unsigned country(const struct address *address, void *context)
{
	if (address_to4(address) >> 16 == (100U << 8 | ABROAD_BY))
		return room_japan(address, context);
	return room_country(address, context);
}

static struct room *open_room(void)
{
	struct room *room = room_open();

	room->settings.country = country;
	room_apply(room);
	return room;
}

static void besiege(struct room *room, const char *account, int64_t wall_ns)
{
	for (unsigned i = 0; i < 5; i++)
		fails(room, numbered(200 + i, 1, 1), account, wall_ns + i * MINUTE);
}

static void in_a_siege_a_new_source_of_the_own_country_keeps_the_ordinary_threshold(void **state)
{
	struct room *room = open_room();

	(void)state;
	knows(room, "bob", HOME, T0);
	besiege(room, "bob", T0 + HOUR);
	for (int i = 0; i < 4; i++)
		fails(room, HOME_NEW, "bob", T0 + 2 * HOUR + i * MINUTE);
	assert_int_equal(room->bans, 0);
	for (int i = 0; i < 3; i++)
		fails(room, ABROAD, "bob", T0 + 2 * HOUR + i * MINUTE);
	assert_true(banned(room, ABROAD "/32"));
	fails(room, HOME_NEW, "bob", T0 + 2 * HOUR + 4 * MINUTE);
	assert_true(banned(room, HOME_NEW "/32")); /* the fifth */
	assert_int_equal(last(room)->rule, RULE_SOURCE_FAILURES);
	room_close(room);
}

/* Somebody on the road abroad, with a new provider each hour. */
static void the_accounts_own_road_is_no_siege(void **state)
{
	struct room *room = room_open();

	(void)state;
	knows(room, "bob", HOME, T0);
	for (unsigned i = 0; i < 8; i++) {
		for (int k = 0; k < 3; k++)
			fails(room, numbered(200 + i, 1, 1), "bob", T0 + i * HOUR + k * S);
		logs_in(room, numbered(200 + i, 1, 1), "bob", T0 + i * HOUR + MINUTE);
	}
	assert_int_equal(room->bans, 0);
	room_close(room);
}

static void after_a_leak_the_own_country_spares_nobody(void **state)
{
	struct room *room = open_room();

	(void)state;
	knows(room, "bob", HOME, T0);
	for (unsigned i = 0; i < 10; i++)
		logs_in(room, numbered(200 + i, 1, 1), "bob", T0 + 2 * HOUR + i * S);
	assert_true(banned(room, "100.200.1.1/32"));
	fails(room, HOME_NEW, "bob", T0 + 3 * HOUR);
	assert_true(banned(room, HOME_NEW "/32"));
	room_close(room);
}

/* In a spray: on one account, not on two; not on one that nobody has. */
static void spray(struct room *room, int64_t wall_ns)
{
	for (unsigned i = 0; i < 60; i++)
		fails(room, numbered(200, i, 1), "nobody", wall_ns + i * S);
	assert_int_equal(room->bans, 0);
}

static void in_a_spray_a_new_source_of_the_own_country_keeps_the_ordinary_threshold(void **state)
{
	struct room *room = open_room();

	(void)state;
	knows(room, "bob", HOME, T0);
	knows(room, "carol", HOME, T0);
	spray(room, T0 + HOUR);
	for (int i = 0; i < 4; i++)
		fails(room, HOME_NEW, "bob", T0 + HOUR + i * MINUTE);
	assert_int_equal(room->bans, 0);
	fails(room, HOME_NEW, "carol", T0 + HOUR + 4 * MINUTE + 600 * S);
	assert_true(banned(room, HOME_NEW "/32"));
	room_close(room);

	room = open_room();
	knows(room, "bob", HOME, T0);
	spray(room, T0 + HOUR);
	for (int i = 0; i < 3; i++)
		fails(room, HOME_NEW, "made-up", T0 + HOUR + i * MINUTE);
	assert_true(banned(room, HOME_NEW "/32"));
	room_close(room);
}

static void a_login_takes_the_failures_before_it_on_that_account_off(void **state)
{
	struct room *room = room_open();

	(void)state;
	for (int i = 0; i < 6; i++) {
		char name[16];

		snprintf(name, sizeof(name), "guest%d", i);
		for (int k = 0; k < 3; k++)
			fails(room, ABROAD, name, T0 + i * MINUTE + k * S);
		logs_in(room, ABROAD, name, T0 + i * MINUTE + 10 * S);
	}
	assert_int_equal(room->bans, 0);
	room_close(room);
}

/* Who has "bob@own" may not guess "bob@other" without end, nor anybody else's account. */
static void a_login_takes_no_failures_on_other_accounts_off(void **state)
{
	static const char *const others[] = { "bob@other.example", "carol@own.example" };

	(void)state;
	for (int which = 0; which < 2; which++) {
		struct room *room = room_open();

		for (int i = 0; i < 5; i++) {
			fails(room, ABROAD, others[which], T0 + i * MINUTE);
			if (i < 4)
				logs_in(room, ABROAD, "bob@own.example", T0 + i * MINUTE + S);
		}
		assert_true(banned(room, ABROAD "/32"));
		room_close(room);
	}
}

/* Noted now and then only: it is known to some account all the same, and spared at others'. */
static void a_source_in_use_stays_known_to_somebody(void **state)
{
	struct room *room = room_open();

	(void)state;
	for (int i = 0; i < 40 * 24; i++)
		logs_in(room, HOME, "bob", T0 + i * HOUR);
	for (int i = 0; i < 14; i++)
		fails(room, HOME, "carol", T0 + 40 * DAY + i * S);
	assert_int_equal(room->bans, 0);
	fails(room, HOME, "carol", T0 + 40 * DAY + MINUTE);
	assert_true(banned(room, HOME "/32"));
	room_close(room);
}

static void a_hundred_messages(struct room *room, const char *source, int64_t wall_ns)
{
	for (int i = 0; i < 100; i++)
		room_event(room, EVENT_MESSAGE, source, "letter", wall_ns + i * S);
}

static void the_first_newsletter_of_an_installation_is_what_becomes_usual(void **state)
{
	struct room *room = room_young();

	(void)state;
	logs_in(room, HOME, "letter", T0);
	a_hundred_messages(room, HOME, T0 + DAY + HOUR);
	assert_int_equal(room->count, 0);
	a_hundred_messages(room, HOME, T0 + 5 * DAY);
	assert_int_equal(room->count, 0); /* as many are usual */
	room_close(room);

	/* After two days it is known what an account does. */
	room = room_young();
	logs_in(room, HOME, "letter", T0);
	a_hundred_messages(room, HOME, T0 + 2 * DAY);
	assert_int_equal(room->alerts, 1);
	room_close(room);

	/* From a stranger's address it is another matter. */
	room = room_young();
	logs_in(room, HOME, "letter", T0);
	a_hundred_messages(room, ABROAD, T0 + DAY + HOUR);
	assert_true(room->alerts > 0);
	room_close(room);
}

/* Five mailboxes are a shared place: its slow failures on one account are its own affair, unless
 * that account has its owner elsewhere. */
static bool five_mailboxes_are_banned(const char *victims, const char *source)
{
	struct room *room = open_room();
	bool bans;

	if (victims)
		knows(room, "victim", victims, T0);
	for (int i = 0; i < 5; i++) {
		char name[16];

		snprintf(name, sizeof(name), "own%d", i);
		knows(room, name, source, T0 + i * S);
	}
	for (int i = 0; i < 250; i++)
		fails(room, source, "victim", T0 + HOUR + i * 5 * MINUTE);
	bans = room->bans > 0;
	room_close(room);
	return bans;
}

static void who_has_five_mailboxes_may_not_guess_a_sixth_without_end(void **state)
{
	(void)state;
	assert_true(five_mailboxes_are_banned(HOME, ABROAD));
	assert_false(five_mailboxes_are_banned(HOME, HOME_NEW)); /* a visitor's telephone */
	assert_false(five_mailboxes_are_banned(NULL, ABROAD));	 /* a scanner's wrong name */
}

/* Ten people on a line that is new today; the devices of some have the old password. */
static void who_logged_in_at_a_shared_place_is_known_there(void **state)
{
	for (int people = 9; people <= 10; people++) {
		struct room *room = open_room();
		char name[16];

		(void)state;
		for (int i = 0; i < people; i++) {
			snprintf(name, sizeof(name), "user%d", i);
			logs_in(room, HOME_NEW, name, T0 + i * S);
		}
		for (int i = 0; i < 49; i++) {
			fails(room, HOME_NEW, "user1", T0 + MINUTE + i * 6 * S);
			fails(room, HOME_NEW, "user2", T0 + MINUTE + i * 6 * S);
		}
		assert_int_equal(room->bans > 0, people < 10);
		room_close(room);
	}
}

/* In turn one of the names is tried from where one account is known. */
static bool devices_are_banned(const char *const names[], size_t count, int64_t gap_ns)
{
	struct room *room = open_room();
	bool bans;

	knows(room, "bob", HOME, T0);
	knows(room, "victim", HOME_NEW, T0);
	for (int i = 0; i < 200; i++)
		fails(room, HOME, names[(size_t)i % count], T0 + HOUR + i * gap_ns);
	bans = room->bans > 0;
	assert_true(bans || room->alerts == 1);
	room_close(room);
	return bans;
}

static void a_device_with_a_name_that_nobody_uses_shuts_nobody_out(void **state)
{
	static const char *const names[] = { "scanner", "old1", "old2", "old3" };
	static const char *const used[] = { "scanner", "victim" };

	(void)state;
	assert_false(devices_are_banned(names, 1, 5 * MINUTE));
	assert_false(devices_are_banned(names, 3, 3 * MINUTE));
	assert_true(devices_are_banned(names, 1, 2 * MINUTE));
	assert_false(devices_are_banned(names, 3, 65 * S)); /* each seldom enough */
	assert_true(devices_are_banned(names, 3, 55 * S));
	assert_true(devices_are_banned(names, 4, 5 * MINUTE));
	assert_true(devices_are_banned(used, 2, 5 * MINUTE));
	assert_true(devices_are_banned(used + 1, 1, 5 * MINUTE));
}

/* At a shared place: so many devices with old passwords in turn, and each `every`th failure is
 * somebody's on a name of its own. */
static bool shared_place_is_banned(const char *owners, unsigned devices, int every, bool *one)
{
	struct room *room = open_room();
	char name[16];
	bool bans;

	for (unsigned i = 0; i < devices; i++) {
		snprintf(name, sizeof(name), "device%u", i);
		knows(room, name, owners, T0);
	}
	for (unsigned i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "own%u", i);
		knows(room, name, HOME_NEW, T0 + i * S);
	}
	for (int i = 1; i <= 600; i++) {
		if (i % every)
			snprintf(name, sizeof(name), "device%u", (unsigned)i % devices);
		else
			snprintf(name, sizeof(name), "typo%d", i);
		fails(room, HOME_NEW, name, T0 + HOUR + i * 5 * MINUTE);
	}
	bans = room->bans > 0;
	assert_true(bans || room->alerts == 1);
	*one = last(room)->has_account && !strcmp(last(room)->account, "device0");
	assert_int_equal(last(room)->has_prefix, bans || !*one);
	room_close(room);
	return bans;
}

static void a_few_devices_and_typing_errors_do_not_ban_a_shared_place(void **state)
{
	bool one;

	(void)state;
	assert_false(shared_place_is_banned(HOME, 1, 25, &one));
	assert_true(one);
	assert_false(shared_place_is_banned(HOME, 3, 25, &one));
	assert_false(one);
	assert_true(shared_place_is_banned(HOME, 4, 1000, &one));
	assert_true(shared_place_is_banned(ABROAD, 2, 1000, &one)); /* their owners are elsewhere */
	assert_true(shared_place_is_banned(HOME, 1, 5, &one));
	/* Few of each 200 are no device's, but too many in a day: whoever guesses behind a
	 * device. */
	assert_true(shared_place_is_banned(HOME, 1, 12, &one));
}

static void refuse(struct room *room, int64_t wall_ns)
{
	for (int i = 0; i < 50; i++)
		room_event_of(room, EVENT_ABUSE, EVENT_SERVICE_SMTP, ABUSE_CONTENT, ABROAD,
			      wall_ns + i * S);
}

static void what_only_alerts_about_a_sender_is_said_once_while_it_comes_each_week(void **state)
{
	struct room *room = open_room();

	(void)state;
	for (int week = 0; week < 5; week++)
		for (int k = 0; k < 3; k++)
			refuse(room, T0 + week * 7 * DAY + k * HOUR);
	assert_int_equal(room->bans, 0);
	assert_int_equal(room->alerts, 1);
	refuse(room, T0 + (28 + 9) * DAY);
	assert_int_equal(room->alerts, 2);
	room_close(room);
}

/* Visitors of a fair, in one network: each mistypes once. With `guess` on another account, too. */
static bool visitors_are_banned(bool log_in, bool guess)
{
	struct room *room = open_room();
	bool bans;

	for (unsigned i = 1; i <= 12; i++) {
		char name[16];

		snprintf(name, sizeof(name), "visitor%u", i);
		fails(room, numbered(200, 1, i), name, T0 + i * MINUTE);
		if (guess)
			fails(room, numbered(200, 1, i), "bob", T0 + i * MINUTE + S);
		if (log_in)
			logs_in(room, numbered(200, 1, i), name, T0 + i * MINUTE + 2 * S);
	}
	bans = banned(room, "100.200.1.0/24");
	room_close(room);
	return bans;
}

static void who_logs_in_after_an_error_makes_no_failing_network(void **state)
{
	(void)state;
	assert_false(visitors_are_banned(true, false));
	assert_true(visitors_are_banned(false, false));
	assert_true(visitors_are_banned(true, true));
}

/* Telephones with old passwords, which have another address of their carrier for each try. */
static bool carrier_is_banned(unsigned second, unsigned telephones, unsigned tries)
{
	struct room *room = open_room();
	char name[16], network[ADDRESS_TEXT_SIZE];
	bool bans;

	for (unsigned i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "owner%u", i);
		knows(room, name, HOME, T0);
	}
	for (unsigned i = 0; i < tries; i++) {
		snprintf(name, sizeof(name), "owner%u", i % telephones);
		fails(room, numbered(second, 1, i + 1), name, T0 + HOUR + i * 40 * S);
	}
	snprintf(network, sizeof(network), "100.%u.1.0/24", second);
	bans = banned(room, network);
	room_close(room);
	return bans;
}

static void telephones_of_a_carrier_do_not_ban_its_network(void **state)
{
	(void)state;
	assert_false(carrier_is_banned(ABROAD_BY, 1, 79));
	assert_false(carrier_is_banned(ABROAD_BY, 3, 79));
	assert_true(carrier_is_banned(ABROAD_BY, 1, 80));
	assert_true(carrier_is_banned(ABROAD_BY, 4, 8)); /* the fourth is nobody's account */
	assert_true(carrier_is_banned(200, 1, 8));	 /* the owner is not there */
}

/* Some accounts are of the country, but there are too many of them. */
static void a_network_that_fails_on_many_accounts_of_its_country_is_banned(void **state)
{
	struct room *room = open_room();
	char name[16];

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "owner%u", i % 4);
		knows(room, name, HOME, T0);
	}
	for (unsigned i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "owner%u", i % 4);
		fails(room, numbered(ABROAD_BY, 1, i + 1), name, T0 + HOUR + i * MINUTE);
	}
	assert_true(banned(room, "100.120.1.0/24"));
	room_close(room);
}

/* The country of 100.N.x.x and of 2a00:N::/32 is the same. */
static unsigned country_of_both(const struct address *address, void *context)
{
	static const char *const codes[] = { "US", "DE", "BR", "CN", "RU", "IN", "FR", "NL" };
	unsigned number = address_is4(address) ? address_to4(address) >> 16 & 255
					       : address->byte[3];

	if (address_is4(address) && number < 104)
		return room_country(address, context);
	return (unsigned)country_from_text(codes[number % 8], 2);
}

/* From so many lines of IPv4, and then of IPv6; `apart`: of other countries. Each hands in a
 * message. */
static bool lines_are_a_spread(unsigned fours, unsigned sixes, unsigned apart, int64_t gap_ns)
{
	struct room *room = room_open();
	char source[ADDRESS_TEXT_SIZE];
	bool bans;

	room->settings.country = country_of_both;
	room_apply(room);
	knows(room, "bob", HOME, T0);
	for (unsigned i = 0; i < fours || i < sixes; i++) {
		int64_t wall_ns = T0 + 2 * DAY + i * gap_ns;

		if (i < fours)
			room_event(room, EVENT_MESSAGE, numbered(110 + i, 1, 1), "bob", wall_ns);
		snprintf(source, sizeof(source), "2a00:%02x::1", 110 + i + apart);
		if (i < sixes)
			room_event(room, EVENT_MESSAGE, source, "bob", wall_ns + S);
	}
	bans = room->bans > 0;
	room_close(room);
	return bans;
}

static void a_line_with_ipv4_and_ipv6_is_one_provider(void **state)
{
	(void)state;
	assert_false(lines_are_a_spread(5, 5, 0, 3 * HOUR)); /* ten guesses in a day */
	assert_false(lines_are_a_spread(5, 5, 0, 10 * MINUTE));
	assert_true(lines_are_a_spread(6, 6, 0, 10 * MINUTE));
	assert_true(lines_are_a_spread(10, 0, 0, 2 * HOUR));
	assert_true(lines_are_a_spread(0, 10, 0, 2 * HOUR));
	assert_true(lines_are_a_spread(3, 3, 3, 10 * MINUTE)); /* six countries */
}

static bool is_known(struct room *room, const char *source, const char *account, int64_t now_ns)
{
	struct detect_look look;
	struct address address;

	assert_int_equal(address_parse(source, strlen(source), &address), 0);
	detect_look(room->detect, account, &address, now_ns, &look);
	return look.known;
}

static void a_device_that_goes_on_failing_is_known_for_its_failures_only(void **state)
{
	for (int pause = 0; pause <= 1; pause++) {
		struct room *room = room_open();

		(void)state;
		knows(room, "bob", "192.0.2.1", T0);
		assert_true(is_known(room, "192.0.2.1", "bob", T0));
		for (int64_t at = T0 + HOUR; at < T0 + 20 * DAY; at += HOUR)
			fails(room, "192.0.2.1", "bob", at);
		for (int64_t at = T0 + (pause ? 35 : 20) * DAY; at < T0 + 89 * DAY; at += HOUR)
			fails(room, "192.0.2.1", "bob", at);
		assert_int_equal(room->bans > 0, pause);
		assert_false(is_known(room, "192.0.2.1", "bob", T0 + 89 * DAY));
		room_close(room);
	}
}

static void a_device_is_known_for_ninety_days_and_may_not_hurry(void **state)
{
	for (int hurries = 0; hurries <= 1; hurries++) {
		struct room *room = room_open();
		int64_t until_ns = T0 + (hurries ? 40 : 95) * DAY;

		(void)state;
		knows(room, "bob", "192.0.2.1", T0);
		for (int64_t at = T0 + HOUR; at < T0 + 40 * DAY; at += HOUR)
			fails(room, "192.0.2.1", "bob", at);
		for (int i = 0; hurries && i < 49; i++)
			fails(room, "192.0.2.1", "bob", until_ns + i * S);
		assert_int_equal(room->bans, 0);
		for (int64_t at = T0 + 40 * DAY; !hurries && at < until_ns; at += HOUR)
			fails(room, "192.0.2.1", "bob", at);
		fails(room, "192.0.2.1", "bob", until_ns + 49 * S);
		assert_true(room->bans > 0);
		room_close(room);
	}
}

/* Twelve accounts fail, or log in, from where they always do. There are several such sets. */
static void twelve(struct room *room, unsigned set, enum event_kind kind, int64_t at_ns)
{
	char name[16];

	for (unsigned i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "user%u", set * 12 + i);
		room_event(room, kind, numbered(64 + i % 4, i, set), name, at_ns + i * S);
	}
}

/* Whether a stranger may fail five times. */
static bool is_ill(struct room *room, int64_t at_ns)
{
	static unsigned turn;
	const char *stranger = numbered(150 + turn / 250, turn % 250, 1);
	size_t bans = room->bans;

	turn++;
	for (int i = 0; i < 5; i++)
		fails(room, stranger, "who", at_ns + i * S);
	return room->bans == bans;
}

static void devices_that_fail_for_long_make_no_server_ill(void **state)
{
	for (int others = 0; others <= 1; others++) { /* other devices there log in */
		struct room *room = room_open();

		(void)state;
		twelve(room, 1, EVENT_SUCCESS, T0 - DAY);
		twelve(room, 1, EVENT_SUCCESS, T0);
		for (int k = 0; k < 36; k++) {
			int64_t now_ns = T0 + HOUR + k * 5 * MINUTE;

			twelve(room, 1, EVENT_FAILURE, now_ns);
			if (k == 1)
				assert_true(is_ill(room, now_ns + MINUTE));
			if (k == 16) /* an hour, and the ten minutes that it lasts */
				assert_false(is_ill(room, now_ns + MINUTE));
			if (others && k % 2)
				twelve(room, 1, EVENT_SUCCESS, now_ns + 2 * MINUTE);
		}
		assert_int_equal(room->alerts, 1);
		room_close(room);
	}
}

static void nobody_makes_the_server_ill_for_more_than_two_hours_a_day(void **state)
{
	struct room *room = room_open();

	(void)state;
	for (unsigned set = 0; set < 60; set++) {
		twelve(room, set, EVENT_SUCCESS, T0 - DAY);
		twelve(room, set, EVENT_SUCCESS, T0);
	}
	for (unsigned day = 0; day < 2; day++)
		for (unsigned k = 0; k < 30; k++) {
			int64_t now_ns = T0 + HOUR + day * 25 * HOUR + k * 5 * MINUTE;

			twelve(room, day * 30 + k, EVENT_FAILURE, now_ns);
			if (k == 20)
				assert_true(is_ill(room, now_ns + MINUTE));
			if (k == 27)
				assert_false(is_ill(room, now_ns + MINUTE));
		}
	room_close(room);
}

/* A line of HOME's provider got another address; bob is logged in from there, and a device of
 * carol's has her old password. */
#define TONIGHT	  "100.64.9.9"
#define NEXT_DOOR "100.64.3.3"

static struct room *open_line(void)
{
	struct room *room = open_room();

	knows(room, "bob", HOME, T0 - 10 * DAY);
	knows(room, "carol", NEXT_DOOR, T0 - 10 * DAY);
	knows(room, "carol", NEXT_DOOR, T0);
	knows(room, "dave", ABROAD, T0 - 10 * DAY);
	return room;
}

static void tries(struct room *room, const char *source, const char *account, int count)
{
	for (int i = 0; i < count; i++)
		fails(room, source, account, T0 + HOUR + i * 900 * S);
}

static void an_old_device_at_a_line_whose_address_changed_shuts_nobody_out(void **state)
{
	struct room *room = open_line();

	(void)state;
	logs_in(room, TONIGHT, "bob", T0);
	tries(room, TONIGHT, "carol", 80);
	assert_int_equal(room->bans, 0);
	assert_int_equal(room->alerts, 1);
	assert_string_equal(last(room)->account, "carol");
	room_close(room);

	/* Nobody is logged in from there; an account whose line it is not; one that is new. */
	for (int i = 0; i < 3; i++) {
		room = open_line();
		if (i == 1)
			logs_in(room, TONIGHT, "dave", T0);
		if (i == 2)
			logs_in(room, TONIGHT, "erin", T0);
		tries(room, TONIGHT, "carol", 20);
		assert_true(banned(room, TONIGHT "/32"));
		room_close(room);
	}
}

static void a_line_whose_address_changed_is_believed_for_few_accounts(void **state)
{
	struct room *room = open_line();

	(void)state;
	/* Not for an account that has another line. */
	logs_in(room, TONIGHT, "bob", T0);
	tries(room, TONIGHT, "dave", 20);
	assert_true(banned(room, TONIGHT "/32"));
	room_close(room);

	room = open_line();
	logs_in(room, TONIGHT, "bob", T0);
	for (unsigned i = 0; i < 5; i++) {
		char name[16];

		assert_int_equal(room->bans, 0);
		snprintf(name, sizeof(name), "user%u", i);
		fails(room, TONIGHT, name, T0 + HOUR + i * 900 * S);
	}
	assert_true(banned(room, TONIGHT "/32"));
	assert_int_equal(last(room)->rule, RULE_SOURCE_SLOW);
	room_close(room);

	/* Nor in a hurry. */
	room = open_line();
	logs_in(room, TONIGHT, "bob", T0);
	for (int i = 0; i < 15; i++)
		fails(room, TONIGHT, "carol", T0 + HOUR + i * 30 * S);
	assert_true(banned(room, TONIGHT "/32"));
	room_close(room);

	room = open_line();
	logs_in(room, TONIGHT, "bob", T0);
	for (int i = 0; i < 60; i++) {
		assert_int_equal(room->bans, 0);
		fails(room, TONIGHT, "carol", T0 + HOUR + i * MINUTE);
	}
	assert_true(banned(room, TONIGHT "/32"));
	room_close(room);
}

static void an_account_speaks_for_three_new_addresses_a_day(void **state)
{
	struct room *room = open_line();
	char source[ADDRESS_TEXT_SIZE + 4];

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		logs_in(room, numbered(64, 20 + i, 1), "bob", T0 + i * S);
		for (int k = 0; k < 20; k++)
			fails(room, numbered(64, 20 + i, 1), "carol",
			      T0 + HOUR + k * 900 * S + i * S);
		snprintf(source, sizeof(source), "%s/32", numbered(64, 20 + i, 1));
		assert_int_equal(banned(room, source), i >= 3);
	}
	/* On the next day for others. */
	logs_in(room, TONIGHT, "bob", T0 + 2 * DAY);
	for (int k = 0; k < 20; k++)
		fails(room, TONIGHT, "carol", T0 + 2 * DAY + HOUR + k * 900 * S);
	assert_false(banned(room, TONIGHT "/32"));
	room_close(room);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			in_a_siege_a_new_source_of_the_own_country_keeps_the_ordinary_threshold),
		cmocka_unit_test(the_accounts_own_road_is_no_siege),
		cmocka_unit_test(after_a_leak_the_own_country_spares_nobody),
		cmocka_unit_test(
			in_a_spray_a_new_source_of_the_own_country_keeps_the_ordinary_threshold),
		cmocka_unit_test(a_login_takes_the_failures_before_it_on_that_account_off),
		cmocka_unit_test(a_login_takes_no_failures_on_other_accounts_off),
		cmocka_unit_test(a_source_in_use_stays_known_to_somebody),
		cmocka_unit_test(the_first_newsletter_of_an_installation_is_what_becomes_usual),
		cmocka_unit_test(who_has_five_mailboxes_may_not_guess_a_sixth_without_end),
		cmocka_unit_test(who_logged_in_at_a_shared_place_is_known_there),
		cmocka_unit_test(a_device_with_a_name_that_nobody_uses_shuts_nobody_out),
		cmocka_unit_test(a_few_devices_and_typing_errors_do_not_ban_a_shared_place),
		cmocka_unit_test(telephones_of_a_carrier_do_not_ban_its_network),
		cmocka_unit_test(a_network_that_fails_on_many_accounts_of_its_country_is_banned),
		cmocka_unit_test(a_line_with_ipv4_and_ipv6_is_one_provider),
		cmocka_unit_test(
			what_only_alerts_about_a_sender_is_said_once_while_it_comes_each_week),
		cmocka_unit_test(who_logs_in_after_an_error_makes_no_failing_network),
		cmocka_unit_test(a_device_that_goes_on_failing_is_known_for_its_failures_only),
		cmocka_unit_test(a_device_is_known_for_ninety_days_and_may_not_hurry),
		cmocka_unit_test(devices_that_fail_for_long_make_no_server_ill),
		cmocka_unit_test(nobody_makes_the_server_ill_for_more_than_two_hours_a_day),
		cmocka_unit_test(an_old_device_at_a_line_whose_address_changed_shuts_nobody_out),
		cmocka_unit_test(a_line_whose_address_changed_is_believed_for_few_accounts),
		cmocka_unit_test(an_account_speaks_for_three_new_addresses_a_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
