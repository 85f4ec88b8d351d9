// SPDX-License-Identifier: GPL-2.0-or-later
/* A cgroup's path from its number, by handle and, without CAP_DAC_READ_SEARCH, by looking. Needs
 * root and a cgroup2; without them it is skipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cap-ng.h>
#include <errno.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cgroup.h"

struct room {
	char mount[512], folder[600];
	uint64_t root, id;
};

static int set_up(void **state)
{
	struct room *room = calloc(1, sizeof(*room));
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	char nested[700];
	struct mntent *entry;
	struct stat about;

	assert_non_null(room);
	assert_non_null(mounts);
	while ((entry = getmntent(mounts)))
		if (!strcmp(entry->mnt_type, "cgroup2") && !*room->mount)
			snprintf(room->mount, sizeof(room->mount), "%s", entry->mnt_dir);
	endmntent(mounts);
	*state = room;
	snprintf(room->folder, sizeof(room->folder), "%s/sekisho-unit-%d", room->mount,
		 (int)getpid());
	snprintf(nested, sizeof(nested), "%s/deep", room->folder);
	if (!*room->mount || mkdir(room->folder, 0755) || mkdir(nested, 0755)) {
		*room->folder = '\0';
		return 0;
	}
	assert_int_equal(stat(nested, &about), 0);
	room->id = about.st_ino;
	assert_int_equal(stat(room->mount, &about), 0);
	room->root = about.st_ino;
	return 0;
}

static int tear_down(void **state)
{
	struct room *room = *state;
	char nested[700];

	snprintf(nested, sizeof(nested), "%s/deep", room->folder);
	if (*room->folder) {
		rmdir(nested);
		rmdir(room->folder);
	}
	free(room);
	return 0;
}

static void finds_all(const struct room *room)
{
	char path[512], expected[700];

	snprintf(expected, sizeof(expected), "%s/deep", room->folder + strlen(room->mount));
	assert_int_equal(cgroup_path(room->id, path, sizeof(path)), 0);
	assert_string_equal(path, expected);
	assert_int_equal(cgroup_path(room->root, path, sizeof(path)), 0);
	assert_string_equal(path, "/");
	assert_int_equal(cgroup_path(UINT64_C(1) << 40, path, sizeof(path)), -ENOENT);
}

static void a_cgroup_is_named(void **state)
{
	const struct room *room = *state;

	if (!*room->folder) {
		print_message("needs root and a cgroup2\n");
		skip();
	}
	finds_all(room);
	/* For this thread alone; taken up again for tear_down(). */
	assert_int_equal(capng_get_caps_process(), 0);
	capng_update(CAPNG_DROP, CAPNG_EFFECTIVE, CAP_DAC_READ_SEARCH);
	assert_int_equal(capng_apply(CAPNG_SELECT_CAPS), 0);
	finds_all(room);
	capng_update(CAPNG_ADD, CAPNG_EFFECTIVE, CAP_DAC_READ_SEARCH);
	assert_int_equal(capng_apply(CAPNG_SELECT_CAPS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_cgroup_is_named, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
