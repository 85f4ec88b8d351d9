/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of rules share: events as words, decisions kept. */
#ifndef SEKISHO_TEST_DETECT_ROOM_H
#define SEKISHO_TEST_DETECT_ROOM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "base/time.h"
#include "detect/detect.h"

#define T0     (1700000000LL * NS_PER_S)
#define S      NS_PER_S
#define MINUTE (60 * S)
#define HOUR   (3600 * S)
#define DAY    (86400 * S)
#define KEPT   4096

struct room {
	struct detect_settings settings;
	struct detect *detect;
	uint64_t tag;
	struct decision decisions[KEPT];
	size_t count;
	size_t bans, alerts;
};

/* 100.C.x.x is of the country CC of this table, C - 64; the rest is unknown. */
static inline unsigned room_country(const struct address *address, void *context)
{
	static const char *const codes[] = { "JP", "US", "DE", "BR", "CN", "RU", "IN", "FR" };
	uint32_t v4 = address_is4(address) ? address_to4(address) : 0;
	unsigned second = v4 >> 16 & 255;

	(void)context;
	if (v4 >> 24 != 100 || second < 64 || second >= 72)
		return COUNTRY_ZZ;
	return (unsigned)country_from_text(codes[second - 64], 2);
}

static inline unsigned room_japan(const struct address *address, void *context)
{
	(void)address;
	(void)context;
	return (unsigned)country_from_text("JP", 2);
}

/* 100.64.x.x to 100.103.x.x are of the systems 64500 and on, one each; of the rest a guess. */
static inline uint32_t room_provider(const struct address *address, void *context)
{
	uint32_t v4 = address_is4(address) ? address_to4(address) : 0;
	unsigned second = v4 >> 16 & 255;

	(void)context;
	return v4 >> 24 == 100 && second >= 64 && second < 104 ? 64500 + second - 64 : 0;
}

/* An installation of long ago; room_young(): of today. */
static inline struct room *room_open(void)
{
	struct room *room = calloc(1, sizeof(*room));

	assert_non_null(room);
	detect_defaults(&room->settings);
	room->settings.most_sources = room->settings.most_accounts = 10000;
	room->settings.country = room_country;
	room->settings.provider = room_provider;
	room->settings.since_ns = T0 - 60 * DAY;
	room->detect = detect_new(&room->settings);
	assert_non_null(room->detect);
	return room;
}

static inline void room_apply(struct room *room)
{
	detect_configure(room->detect, &room->settings);
}

static inline struct room *room_young(void)
{
	struct room *room = room_open();

	room->settings.since_ns = T0 - HOUR;
	room_apply(room);
	return room;
}

static inline void room_close(struct room *room)
{
	detect_free(room->detect);
	free(room);
}

static inline void room_note(const struct decision *decision, void *context)
{
	struct room *room = context;

	assert_true(room->count < KEPT);
	room->decisions[room->count++] = *decision;
	assert_true(decision->action == ACTION_BAN || decision->action == ACTION_ALERT);
	if (decision->action == ACTION_BAN)
		room->bans += !decision->again;
	else
		room->alerts++;
}

static inline void room_event(struct room *room, enum event_kind kind, const char *source,
			      const char *account, int64_t wall_ns)
{
	struct event event = { .wall_ns = wall_ns, .kind = kind, .count = 1 };

	if (source) {
		event.has_source = true;
		assert_int_equal(address_parse(source, strlen(source), &event.source), 0);
	}
	if (account) {
		event.has_account = true;
		snprintf(event.account, sizeof(event.account), "%s", account);
	}
	detect_event(room->detect, &event, ++room->tag, room_note, room);
}

static inline void fails(struct room *room, const char *source, const char *account,
			 int64_t wall_ns)
{
	room_event(room, EVENT_FAILURE, source, account, wall_ns);
}

static inline void logs_in(struct room *room, const char *source, const char *account,
			   int64_t wall_ns)
{
	room_event(room, EVENT_SUCCESS, source, account, wall_ns);
}

/* The source is known to the account from then on. */
static inline void knows(struct room *room, const char *account, const char *source,
			 int64_t wall_ns)
{
	logs_in(room, source, account, wall_ns - DAY);
	logs_in(room, source, account, wall_ns);
}

static inline void room_event_of(struct room *room, enum event_kind kind,
				 enum event_service service, enum abuse_kind abuse,
				 const char *source, int64_t wall_ns)
{
	struct event event = { .wall_ns = wall_ns,
			       .kind = kind,
			       .service = service,
			       .abuse = abuse,
			       .count = 1,
			       .has_source = true };

	assert_int_equal(address_parse(source, strlen(source), &event.source), 0);
	detect_event(room->detect, &event, ++room->tag, room_note, room);
}

/* An address text of its own. */
static inline const char *numbered(unsigned second, unsigned third, unsigned fourth)
{
	static char texts[8][ADDRESS_TEXT_SIZE];
	static unsigned turn;
	char *text = texts[turn++ % 8];

	snprintf(text, ADDRESS_TEXT_SIZE, "100.%u.%u.%u", second, third, fourth);
	return text;
}

static inline const struct decision *last(const struct room *room)
{
	assert_true(room->count);
	return &room->decisions[room->count - 1];
}

static inline bool banned(const struct room *room, const char *prefix)
{
	char text[PREFIX_TEXT_SIZE];

	for (size_t i = 0; i < room->count; i++) {
		prefix_format(&room->decisions[i].prefix, text);
		if (room->decisions[i].action == ACTION_BAN && !strcmp(text, prefix))
			return true;
	}
	return false;
}

#endif
