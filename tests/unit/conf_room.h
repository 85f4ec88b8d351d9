/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the configuration share: a folder for each test, and the faults of its last
 * load. */
#ifndef SEKISHO_TEST_CONF_ROOM_H
#define SEKISHO_TEST_CONF_ROOM_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "conf/config.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct room { /* a folder of its own for each test, and the faults of its last load */
	char folder[32];
	size_t count;
	char faults[32][1024];
};

static inline int enter(void **state)
{
	struct room *room = calloc(1, sizeof(*room));

	strcpy(room->folder, "/tmp/sekisho-conf-XXXXXX");
	*state = room;
	return mkdtemp(room->folder) ? 0 : -1;
}

static inline int leave(void **state)
{
	struct room *room = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", room->folder);
	if (system(command))
		return -1;
	free(room);
	return 0;
}

static inline void note(const char *text, void *context)
{
	struct room *room = context;

	if (room->count < COUNT(room->faults))
		snprintf(room->faults[room->count], sizeof(room->faults[0]), "%s", text);
	room->count++;
}

static const char *path_of(const struct room *room, const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", room->folder, name);
	return path;
}

static inline void put(const struct room *room, const char *name, const char *text, size_t size)
{
	FILE *file = fopen(path_of(room, name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static inline struct config *load_path(struct room *room, const char *path, int expected)
{
	struct config *config = (struct config *)room;
	int error;

	room->count = 0;
	error = config_load(path, note, room, &config);
	if (error != expected)
		fail_msg("loading gives %d, not %d; first fault: %s", error, expected,
			 room->count ? room->faults[0] : "none");
	if (expected)
		assert_null(config);
	else
		assert_int_equal(room->count, 0);
	return config;
}

static inline struct config *load_text(struct room *room, const char *text, int expected)
{
	put(room, "c", text, strlen(text));
	return load_path(room, path_of(room, "c"), expected);
}

/* `expected` without the folder in front. */
static inline void assert_fault(const struct room *room, size_t i, const char *expected)
{
	char text[1200];

	assert_true(i < room->count);
	snprintf(text, sizeof(text), "%s/%s", room->folder, expected);
	assert_string_equal(room->faults[i], text);
}

static inline void fails(struct room *room, const char *text, const char *fault)
{
	load_text(room, text, -EINVAL);
	if (room->count != 1)
		fail_msg("%zu faults, not 1, in: %s\n%s\n%s", room->count, text, room->faults[0],
			 room->faults[1]);
	assert_fault(room, 0, fault);
}

static inline void passes(struct room *room, const char *text)
{
	config_free(load_text(room, text, 0));
}

struct pair {
	const char *good, *bad, *fault;
};

static inline void check_pairs(struct room *room, const struct pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (pairs[i].good)
			passes(room, pairs[i].good);
		if (pairs[i].bad)
			fails(room, pairs[i].bad, pairs[i].fault);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

#endif
