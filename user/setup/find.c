// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds what is on this machine, except for its logs. See setup.h. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "enforce/bans.h"
#include "net/devices.h"
#include "setup/setup.h"

#define ZONES	     "/usr/share/zoneinfo/"
#define ALERT_SOCKET "/run/sekisho-alert.socket"

static int find_devices(struct setup *setup, struct fault *fault)
{
	_cleanup_free_ struct device *devices = NULL;
	size_t count = 0;
	int error = devices_list(&devices, &count, fault);

	for (size_t i = 0; i < count && !error; i++)
		if (devices[i].default_route)
			return 0; /* "auto" covers it */
	for (size_t i = 0; i < count && !error && setup->device_count < SETUP_DEVICES_MAX; i++)
		if (devices[i].up && !devices[i].master)
			memcpy(setup->devices[setup->device_count++], devices[i].name, IF_NAMESIZE);
	return error;
}

static int find_sessions(struct setup *setup, struct fault *fault)
{
	static const struct config none;
	struct protected_set set;
	int error = protected_load(&none, &set, fault);

	if (error)
		return error;
	for (size_t i = 0; i < set.count && setup->session_count < SETUP_SESSIONS_MAX; i++)
		if (strstr(set.items[i].why, PROTECTED_SESSION))
			setup->sessions[setup->session_count++] = set.items[i].prefix;
	protected_free(&set);
	return 0;
}

bool setup_zone_country(FILE *table, const char *zone, char country[3])
{
	char line[256];

	while (fgets(line, sizeof(line), table)) {
		char *rest = line, *code, *name;

		line[strcspn(line, "\n")] = '\0';
		if (*line == '#')
			continue;
		code = strsep(&rest, "\t");
		strsep(&rest, "\t");
		name = strsep(&rest, "\t");
		if (!name || strcmp(name, zone) || strlen(code) != 2)
			continue;
		memcpy(country, code, 3);
		return true;
	}
	return false;
}

/* The country of the time zone that /etc/localtime points to. */
static void find_home(const char *root, struct setup *setup)
{
	_cleanup_(cleanup_file) FILE *table = NULL;
	char path[512], target[PATH_MAX], *zone;
	ssize_t size;

	if (*setup->home)
		return;
	snprintf(path, sizeof(path), "%s/etc/localtime", root);
	size = readlink(path, target, sizeof(target) - 1);
	if (size <= 0)
		return;
	target[size] = '\0';
	zone = strstr(target, "zoneinfo/");
	if (!zone)
		return;
	zone += strlen("zoneinfo/");
	snprintf(path, sizeof(path), "%s" ZONES "zone.tab", root);
	table = fopen(path, "re");
	if (!table || !setup_zone_country(table, zone, setup->home))
		*setup->home = '\0';
	else
		snprintf(setup->zone, sizeof(setup->zone), "%.63s", zone);
}

static void find_countries(const char *root, struct setup *setup)
{
	static const char *const files[] = { "/usr/share/tor/geoip",
					     "/var/lib/location/database.db" };
	char path[512];

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "%s%s", root, files[i]);
		setup->has_countries |= !access(path, R_OK);
	}
}

int setup_find(const char *root, int64_t now_wall_ns, struct setup *setup, struct fault *fault)
{
	int error = setup_find_logs(root, now_wall_ns, setup);

	if (error)
		return fault_set(fault, error, "out of memory");
	find_home(root, setup);
	find_countries(root, setup);
	if (*root)
		return 0;
	setup->has_alert_socket = !access(ALERT_SOCKET, F_OK);
	error = find_devices(setup, fault);
	return error ? error : find_sessions(setup, fault);
}
