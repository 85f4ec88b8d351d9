// SPDX-License-Identifier: GPL-2.0-or-later
/* Which service gets which id. */
#include "conf/config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct room {
	struct config config;
	struct config_list list;
	struct service_names known;
	struct fault fault;
};

static void services(struct room *room, const char *names)
{
	char text[128], *rest = text, *name;

	memset(room->config.services, 0, sizeof(room->config.services));
	room->config.service_count = 0;
	room->config.lists = &room->list;
	room->config.list_count = 1;
	snprintf(text, sizeof(text), "%s", names);
	while ((name = strsep(&rest, " ")))
		snprintf(room->config.services[room->config.service_count++].name, CONFIG_NAME_SIZE,
			 "%s", name);
}

static void known(struct room *room, unsigned id, const char *name)
{
	snprintf(room->known.of[id], SERVICE_NAME_SIZE, "%s", name);
}

static int place(struct room *room, uint32_t busy)
{
	return config_place_services(&room->config, &room->known, busy, &room->fault);
}

static void is_at(const struct room *room, unsigned id, const char *name, bool removed)
{
	assert_true(id <= room->config.service_count);
	assert_string_equal(room->config.services[id - 1].name, name);
	assert_int_equal(room->config.services[id - 1].removed, removed);
}

static void the_first_time_ids_are_in_order(void **state)
{
	static struct room room;

	(void)state;
	services(&room, "a b c");
	room.list.services = 1 << 2;
	assert_int_equal(place(&room, 0), 0);
	assert_int_equal(room.config.service_count, 3);
	is_at(&room, 1, "a", false);
	is_at(&room, 3, "c", false);
	assert_int_equal(room.list.services, 1 << 2);
}

static void a_service_keeps_its_id_whatever_comes_or_goes_before_it(void **state)
{
	static struct room room;

	(void)state;
	known(&room, 1, "a");
	known(&room, 2, "b");
	known(&room, 3, "c");
	services(&room, "new c a");
	room.config.services[1].ports[0] = 7;
	room.config.services[1].port_count = 1;
	room.list.services = 1 << 1 | 1 << 2; /* of new and c */
	for (int again = 0; again < 2; again++) {
		assert_int_equal(place(&room, 1U << 2), 0);
		assert_int_equal(room.config.service_count, 4);
		is_at(&room, 1, "a", false);
		is_at(&room, 2, "b", true);
		is_at(&room, 3, "c", false);
		is_at(&room, 4, "new", false);
		assert_int_equal(room.config.services[2].ports[0], 7);
		assert_int_equal(room.config.services[1].port_count, 0);
		assert_int_equal(room.list.services, 1 << 3 | 1 << 4);
	}
}

static void an_id_with_open_connections_is_given_to_nobody(void **state)
{
	static struct room room;

	(void)state;
	for (unsigned id = 1; id < SERVICE_MAX; id++) {
		char name[8];

		snprintf(name, sizeof(name), "s%u", id);
		known(&room, id, name);
	}
	services(&room, "s1 new s3");
	assert_int_equal(place(&room, 0xffff), -ENOSPC);
	assert_non_null(strstr(room.fault.text, "'new'"));
	is_at(&room, 2, "new", false); /* as it was */
	assert_int_equal(place(&room, 0xffff & ~(1U << 9)), 0);
	is_at(&room, 9, "new", false);
	is_at(&room, 3, "s3", false);
	is_at(&room, 15, "s15", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_time_ids_are_in_order),
		cmocka_unit_test(a_service_keeps_its_id_whatever_comes_or_goes_before_it),
		cmocka_unit_test(an_id_with_open_connections_is_given_to_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
