/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the policy's judgement share: a judge over rules, requests in one line. */
#ifndef SEKISHO_TEST_POLICY_ROOM_H
#define SEKISHO_TEST_POLICY_ROOM_H

#include "detect_room.h"
#include "policy/judge.h"

#define OWNER	 "100.64.0.1" /* JP, AS64500 */
#define ACCOUNT	 "bob@example.org"
#define RIGHT	 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define STRANGER "100.66.0.1" /* DE, AS64502 */

struct office {
	struct room *room;
	struct judge_settings settings;
	struct judge *judge;
	struct judge_report report;
	struct judge_login answer;
	struct judge_mail mail;
	int64_t now;
};

static inline struct office *office_open(void)
{
	struct office *office = calloc(1, sizeof(*office));

	assert_non_null(office);
	office->room = room_open();
	judge_defaults(&office->settings);
	office->settings.most_accounts = office->settings.most_pairs = 1000;
	office->settings.most_messages = 1000;
	memset(office->settings.key, 7, sizeof(office->settings.key));
	office->judge = judge_new(&office->settings, office->room->detect);
	assert_non_null(office->judge);
	office->now = T0;
	return office;
}

static inline void office_close(struct office *office)
{
	judge_free(office->judge);
	detect_free(office->room->detect);
	free(office->room);
	free(office);
}

static inline struct policy_login login_of(const struct office *office, const char *source,
					   const char *hash)
{
	struct policy_login login = { .wall_ns = office->now,
				      .service = EVENT_SERVICE_IMAP,
				      .has_source = true,
				      .has_account = true,
				      .secret = POLICY_SECRET_PASSWORD };

	assert_int_equal(address_parse(source, strlen(source), &login.source), 0);
	strcpy(login.account, ACCOUNT);
	snprintf(login.hash, sizeof(login.hash), "%s", hash);
	login.hash_bits = (unsigned)strlen(hash) * 4;
	return login;
}

/* What the daemon does with a report. */
static inline void office_report(struct office *office, const struct policy_login *login)
{
	judge_report(office->judge, login, &office->report);
	if (office->report.counts)
		detect_event(office->room->detect, &office->report.event, ++office->room->tag,
			     room_note, office->room);
}

static inline enum judge_password tries(struct office *office, const char *source, const char *hash)
{
	struct policy_login login = login_of(office, source, hash);

	office_report(office, &login);
	return office->report.password;
}

static inline void succeeds(struct office *office, const char *source, const char *hash)
{
	struct policy_login login = login_of(office, source, hash);

	login.success = true;
	office_report(office, &login);
}

/* The whole of a login as Dovecot has it: asked, looked up, asked, reported. True: let in. */
static inline bool enters(struct office *office, const char *source, const char *hash,
			  const char *right)
{
	struct policy_login login = login_of(office, source, hash);

	judge_login(office->judge, &login, &office->answer);
	login.refused = office->answer.refuse;
	login.success = !login.refused && !strcmp(hash, right);
	if (login.success)
		judge_login(office->judge, &login, &office->answer);
	login.refused = office->answer.refuse;
	login.success &= !login.refused;
	office_report(office, &login);
	return login.success;
}

/* The owner, who came on two days, the second of which is now, and whose first was long ago. */
static inline void owner_settles(struct office *office)
{
	office->now -= 14 * DAY;
	succeeds(office, OWNER, RIGHT);
	office->now += 14 * DAY;
	succeeds(office, OWNER, RIGHT);
}

#endif
