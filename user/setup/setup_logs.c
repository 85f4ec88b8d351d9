// SPDX-License-Identifier: GPL-2.0-or-later
/* Where this machine's mail servers log: files, units of the journal, containers. See setup.h. */
#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "doctor/doctor.h"
#include "log/expand.h"
#include "log/follow.h"
#include "setup/setup.h"
#include "show/json.h"

#define STALE_NS (30 * 86400 * NS_PER_S)

/* Where mail servers log on the systems that are known. */
static const char *const places[] = {
	"/var/log/mail.log",
	"/var/log/maillog",
	"/var/log/mail/mail.log",
	"/var/log/dovecot.log",
	"/var/log/dovecot/dovecot.log",
	"/var/log/dovecot-info.log",
	"/var/log/exim4/mainlog",
	"/var/log/exim/main.log",
	"/var/log/qmail/current",
	"/var/log/qmail/*/current",
	"/var/log/vpopmail.log",
};

/* In the order in which the section names them. */
static const char *const units[] = { "postfix@-",   "postfix",	"dovecot",	"exim4",
				     "opensmtpd",   "sendmail", "courier-imap", "courier-mta",
				     "cyrus-imapd", "saslauthd" };

static struct setup_log *add(struct setup *setup, enum setup_log_kind kind, const char *name)
{
	struct setup_log *log = &setup->logs[setup->log_count];

	if (setup->log_count == SETUP_LOGS_MAX)
		return NULL;
	*log = (struct setup_log){ .kind = kind };
	snprintf(log->name, sizeof(log->name), "%s", name);
	/* Make the section's name unique. */
	for (size_t i = 0, number = 2; i < setup->log_count; i++)
		if (!strcmp(setup->logs[i].name, log->name)) {
			snprintf(log->name, sizeof(log->name), "%.24s-%zu", name, number++);
			i = (size_t)-1;
		}
	setup->log_count++;
	return log;
}

/* Reads the end of a log. 0 or -ENOMEM. */
static int look(const char *path, int64_t now_wall_ns, struct doctor_log *log)
{
	*log = (struct doctor_log){ 0 };
	snprintf(log->path, sizeof(log->path), "%s", path);
	return doctor_read_log(log, NULL, NULL, now_wall_ns);
}

static uint64_t events_of(const struct doctor_log *log)
{
	uint64_t events = 0;

	for (enum event_kind kind = EVENT_NONE + 1; kind < EVENT_KIND_COUNT; kind++)
		events += log->events[kind];
	return events;
}

/* The section's name: "mail" of /var/log/mail.log, "exim4" of /var/log/exim4/mainlog. */
static void name_of(const char *path, char name[32])
{
	static const char *const plain[] = { "mainlog", "main.log", "current" };
	const char *end = strrchr(path, '/'), *begin = end + 1;
	size_t size = strcspn(begin, ".");

	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		if (strcmp(end + 1, plain[i]))
			continue;
		for (begin = end; begin > path && begin[-1] != '/'; begin--)
			;
		size = (size_t)(end - begin);
	}
	snprintf(name, 32, "%.*s", (int)(size < 31 ? size : 31), begin);
	for (char *at = name; *at; at++)
		if (!isalnum((unsigned char)*at))
			*at = '-';
}

struct seen {
	dev_t device;
	ino_t inode;
};

/* Takes a log. `path` begins with `root`, which the configuration leaves out. */
static int take_file(struct setup *setup, const char *root, const char *path, struct seen *seen,
		     size_t *seen_count, int64_t now_wall_ns)
{
	_cleanup_free_ struct doctor_log *found = calloc(1, sizeof(*found));
	struct setup_log *log;
	struct stat file;
	char name[32];

	if (!found)
		return -ENOMEM;
	if (stat(path, &file) || !S_ISREG(file.st_mode) || !file.st_size)
		return 0;
	for (size_t i = 0; i < *seen_count; i++) /* another name of a file that was taken */
		if (seen[i].device == file.st_dev && seen[i].inode == file.st_ino)
			return 0;
	if (*seen_count < SETUP_LOGS_MAX)
		seen[(*seen_count)++] = (struct seen){ file.st_dev, file.st_ino };
	if (now_wall_ns - file.st_mtim.tv_sec * NS_PER_S > STALE_NS) {
		snprintf(setup->stale, sizeof(setup->stale), "%s", path + strlen(root));
		return 0;
	}
	if (look(path, now_wall_ns, found))
		return -ENOMEM;
	name_of(path, name);
	log = found->error ? NULL : add(setup, SETUP_FILE, name);
	if (!log)
		return 0;
	snprintf(log->what, sizeof(log->what), "%s", path + strlen(root));
	log->lines = found->lines;
	log->events = events_of(found);
	return 0;
}

static int find_files(const char *root, int64_t now_wall_ns, struct setup *setup)
{
	struct seen seen[SETUP_LOGS_MAX];
	size_t seen_count = 0;
	int error = 0;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places) && !error; i++) {
		char pattern[512];
		glob_t found;

		snprintf(pattern, sizeof(pattern), "%s%s", root, places[i]);
		if (glob(pattern, 0, NULL, &found))
			continue;
		for (size_t j = 0; j < found.gl_pathc && !error; j++)
			error = take_file(setup, root, found.gl_pathv[j], seen, &seen_count,
					  now_wall_ns);
		globfree(&found);
	}
	return error;
}

/* Finds units whose entries the parser understands, as one section; used if no file has them. */
static int find_units(int64_t now_wall_ns, struct setup *setup)
{
	_cleanup_free_ struct doctor_log *found = calloc(1, sizeof(*found));
	struct setup_log all = { .kind = SETUP_JOURNAL };
	struct setup_log *log;

	if (!found)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		size_t used = strlen(all.what);
		char path[64];

		snprintf(path, sizeof(path), "%s%s", FOLLOW_JOURNAL, units[i]);
		if (look(path, now_wall_ns, found))
			return -ENOMEM;
		if (found->error || !found->lines)
			continue;
		snprintf(all.what + used, sizeof(all.what) - used, "%s%s", used ? " " : "",
			 units[i]);
		all.lines += found->lines;
		all.events += events_of(found);
	}
	log = *all.what ? add(setup, SETUP_JOURNAL, "journal") : NULL;
	if (!log)
		return 0;
	memcpy(log->what, all.what, sizeof(log->what));
	log->lines = all.lines;
	log->events = all.events;
	return 0;
}

static bool exposes_mail(const json_t *config)
{
	static const char *const ports[] = { "25/tcp",	"465/tcp", "587/tcp", "110/tcp",
					     "143/tcp", "993/tcp", "995/tcp" };
	const json_t *exposed = json_object_get(json_object_get(config, "Config"), "ExposedPorts");

	for (size_t i = 0; i < sizeof(ports) / sizeof(*ports); i++)
		if (json_object_get(exposed, ports[i]))
			return true;
	return false;
}

static bool is_plain_name(const char *name)
{
	size_t size =
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	return size && size < 128 && !name[size];
}

/* Reads Docker's own records of a container. Whoever may start containers chooses their names. */
static void take_container(struct setup *setup, const char *folder)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_(cleanup_json) json_t *config = NULL;
	char driver[EXPAND_NAME_MAX], section[32];
	struct setup_log *log;
	const char *name;

	if (asprintf(&path, "%s/config.v2.json", folder) < 0)
		return;
	config = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	name = json_string_value(json_object_get(config, "Name"));
	if (!name || !exposes_mail(config) || expand_logs_elsewhere(folder, driver))
		return;
	name += *name == '/';
	if (!is_plain_name(name))
		return;
	snprintf(section, sizeof(section), "%.31s", name);
	log = add(setup, SETUP_DOCKER, section);
	if (log)
		snprintf(log->what, sizeof(log->what), "%s", name);
}

static void find_containers(const char *root, struct setup *setup)
{
	char pattern[512];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s" EXPAND_FOLDER "/*", root);
	if (glob(pattern, 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		take_container(setup, found.gl_pathv[i]);
	globfree(&found);
}

int setup_find_logs(const char *root, int64_t now_wall_ns, struct setup *setup)
{
	int error = find_files(root, now_wall_ns, setup);

	if (!error && !setup->log_count && !*root)
		error = find_units(now_wall_ns, setup);
	find_containers(root, setup);
	return error;
}
