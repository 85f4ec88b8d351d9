/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What scripts/bootstrap provides for the unit programs: the installed file, else the one it
 * unpacked under build/. The programs run in the top folder of the tree. */
#pragma once

#include <stdbool.h>
#include <unistd.h>

/* Debian's country data, IPv4 and IPv6; false when neither place has it. */
static inline bool provided_geoip(char *files[2])
{
	static char *places[][2] = {
		{ "/usr/share/tor/geoip", "/usr/share/tor/geoip6" },
		{ "build/geoip/usr/share/tor/geoip", "build/geoip/usr/share/tor/geoip6" },
	};

	for (unsigned i = 0; i < 2; i++) {
		files[0] = places[i][0];
		files[1] = places[i][1];
		if (!access(files[0], R_OK) && !access(files[1], R_OK))
			return true;
	}
	return false;
}

/* The program that writes journals, for a shell; NULL when neither place has it. */
static inline const char *provided_journal_remote(void)
{
	static const char *const places[] = {
		"/lib/systemd/systemd-journal-remote",
		"build/journal-remote/lib/systemd/systemd-journal-remote",
	};

	for (unsigned i = 0; i < 2; i++)
		if (!access(places[i], X_OK))
			return places[i];
	return NULL;
}
