// SPDX-License-Identifier: GPL-2.0-or-later
/* See stand_in.h. */
#include "show/stand_in.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/time.h"
#include "show/json.h"
#include "show/number.h"
#include "show/prometheus.h"

#define UNIT	  "sekisho-stand-in.service"
#define TEXT_SIZE 64
#define PATH_SIZE 512

/* ---- systemd's files ---- */

static bool is_there(const char *root, const char *folder, const char *name, struct stat *status)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s%s/%s", root, folder, name);
	return !stat(path, status);
}

static enum stand_in_unit find_socket(const char *root)
{
	static const char *const folders[] = { "/etc/systemd/system/sekisho.service.wants",
					       "/etc/systemd/system/sockets.target.wants" };
	struct stat status;

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		if (is_there(root, folders[i], "sekisho-policy.socket", &status))
			return STAND_IN_READY;
	return STAND_IN_UNCALLED;
}

/* The first file counts, as for systemd; an empty one or /dev/null masks the unit. */
static enum stand_in_unit find_unit(const char *root)
{
	static const char *const folders[] = { "/etc/systemd/system", "/run/systemd/system",
					       "/usr/local/lib/systemd/system",
					       "/usr/lib/systemd/system", "/lib/systemd/system" };
	struct stat status;

	if (!is_there(root, "/run/systemd", "system", &status))
		return STAND_IN_UNKNOWN;
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		if (is_there(root, folders[i], UNIT, &status))
			return S_ISREG(status.st_mode) && status.st_size ? find_socket(root)
									 : STAND_IN_MASKED;
	return STAND_IN_ABSENT;
}

bool stand_in_follows(const char *root, long pid)
{
	char path[PATH_SIZE], text[PATH_SIZE];
	_cleanup_close_ int fd = -1;
	ssize_t size;

	snprintf(path, sizeof(path), "%s/proc/%ld/cgroup", root, pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (size <= 0)
		return false;
	text[size] = '\0';
	return strstr(text, "/sekisho.service\n") != NULL;
}

/* ---- its own ---- */

static void read_answers(const char *root, struct stand_in *stand_in)
{
	char path[PATH_SIZE], text[TEXT_SIZE];
	_cleanup_close_ int fd = -1;
	int64_t last_s;
	ssize_t size;

	snprintf(path, sizeof(path), "%s" STAND_IN_FOLDER "/" STAND_IN_FILE, root);
	fd = file_open_regular(path, false);
	if (fd < 0)
		return;
	stand_in->runs = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
	size = read(fd, text, sizeof(text) - 1);
	text[size > 0 ? size : 0] = '\0';
	if (sscanf(text, "%" SCNu64 " %" SCNd64, &stand_in->answers, &last_s) == 2 && last_s > 0 &&
	    last_s < INT64_MAX / NS_PER_S)
		stand_in->last_wall_ns = last_s * NS_PER_S;
}

void stand_in_look(const char *root, struct stand_in *stand_in)
{
	*stand_in = (struct stand_in){ .unit = find_unit(root) };
	read_answers(root, stand_in);
}

/* ---- shown ---- */

json_t *stand_in_to_json(const struct stand_in *stand_in)
{
	static const char *const units[] = { [STAND_IN_ABSENT] = "absent",
					     [STAND_IN_MASKED] = "masked",
					     [STAND_IN_UNCALLED] = "uncalled",
					     [STAND_IN_READY] = "ready" };

	if (stand_in->unit == STAND_IN_UNKNOWN)
		return json_null();
	return json_pack("{s:s,s:b,s:o,s:o}", "unit", units[stand_in->unit], "running",
			 stand_in->runs, "answers", json_count(stand_in->answers), "last",
			 json_time(stand_in->last_wall_ns));
}

void text_stand_in(FILE *out, const struct stand_in *stand_in, int64_t now_wall_ns)
{
	static const char *const words[] = {
		[STAND_IN_ABSENT] = "MISSING: nobody answers while the daemon is stopped",
		[STAND_IN_MASKED] = "MASKED: nobody answers while the daemon is stopped",
		[STAND_IN_UNCALLED] = "NOT CALLED: sekisho-policy.socket is not enabled",
		[STAND_IN_READY] = "ready, for when the daemon is stopped",
	};
	char number[NUMBER_TEXT_SIZE], age[NUMBER_TEXT_SIZE];

	if (stand_in->unit == STAND_IN_UNKNOWN)
		return;
	fprintf(out, "%-12s%s", "stand-in",
		stand_in->runs ? "ANSWERS Dovecot: every login goes on" : words[stand_in->unit]);
	if (stand_in->last_wall_ns)
		fprintf(out, "; %s questions answered since the boot, the last %s ago",
			number_format(stand_in->answers, number),
			age_format(stand_in->last_wall_ns, now_wall_ns, age));
	fputc('\n', out);
}

void prometheus_stand_in(FILE *out, const struct stand_in *stand_in)
{
	if (stand_in->unit == STAND_IN_UNKNOWN)
		return;
	prometheus_value(out, "sekisho_policy_stand_in_ready",
			 "1 if systemd would have Dovecot answered while the daemon is stopped.",
			 stand_in->unit == STAND_IN_READY);
	prometheus_value(out, "sekisho_policy_stand_in_running",
			 "1 if the stand-in answers instead of the daemon.", stand_in->runs);
	prometheus_value(out, "sekisho_policy_stand_in_answers_total",
			 "Questions of Dovecot that the stand-in answered since the boot.",
			 stand_in->answers);
}
