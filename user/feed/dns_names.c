// SPDX-License-Identifier: GPL-2.0-or-later
/* See dns_names.h. The file FEEDS/never-ban: a line for each name, "NAME TRIED ANSWERED REFUSED
 * ADDRESS,... PROBLEM", with "-" for no address. */
#include "feed/dns_names.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

#define FILE_MOST 65536

bool dns_address_counts(const struct address *address)
{
	static const char *const never[] = { "loopback",  "private",	 "link-local",
					     "multicast", "unspecified", "this network" };
	const struct prefix prefix = { .address = *address, .length = 128 };
	const char *special = prefix_special(&prefix);

	for (size_t i = 0; special && i < sizeof(never) / sizeof(*never); i++)
		if (!strcmp(special, never[i]))
			return false;
	return true;
}

/* ---- what is there ---- */

static void file_path(const struct config *config, const char *end, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/never-ban%s", config->paths.feeds, end);
}

/* Opens the file. Whatever is there in its place, this never blocks, and follows no link. */
static FILE *open_file(const struct config *config)
{
	char path[PATH_MAX];
	struct stat about;
	int fd;

	file_path(config, "", path);
	fd = file_open_regular(path, false);
	if (fd >= 0 && !fstat(fd, &about) && about.st_size <= FILE_MOST)
		return fdopen(fd, "r");
	cleanup_close(&fd);
	return NULL;
}

static void take_addresses(char *text, struct dns_name *name)
{
	for (char *word; (word = strsep(&text, ","));) {
		struct address address;

		if (name->count < DNS_NAME_ADDRESSES &&
		    !address_parse(word, strlen(word), &address) && dns_address_counts(&address))
			name->addresses[name->count++] = address;
	}
}

static void take_line(char *line, int64_t now_s, struct dns_name *names, size_t count)
{
	char name[256], addresses[512];
	int64_t tried, answered;
	unsigned refused;
	int problem = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%255s %" SCNd64 " %" SCNd64 " %u %511s %n", name, &tried, &answered,
		   &refused, addresses, &problem) != 5 ||
	    !problem)
		return;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(name, names[i].name) || names[i].tried_s)
			continue;
		names[i].tried_s = tried;
		names[i].refused = refused;
		snprintf(names[i].problem, sizeof(names[i].problem), "%s", line + problem);
		/* A time in the future comes from a wrong clock, and would be valid for ever. */
		if (answered > now_s || answered < now_s - DNS_NAME_KEPT_S)
			continue;
		names[i].answered_s = answered;
		take_addresses(addresses, &names[i]);
	}
}

size_t dns_names_read(const struct config *config, int64_t now_s, struct dns_name *names)
{
	_cleanup_(cleanup_file) FILE *in = NULL;
	char line[1024];

	for (size_t i = 0; i < config->never_ban_name_count; i++) {
		names[i] = (struct dns_name){ 0 };
		snprintf(names[i].name, sizeof(names[i].name), "%s", config->never_ban_names[i]);
	}
	if (config->never_ban_name_count)
		in = open_file(config);
	while (in && fgets(line, sizeof(line), in))
		take_line(line, now_s, names, config->never_ban_name_count);
	return config->never_ban_name_count;
}

/* ---- asking anew ---- */

/* Asks for a name again. If there is no answer, it keeps its addresses for as long as they are
 * valid. */
static int renew(struct dns_name *name, int64_t now_s, struct fault *fault)
{
	struct address all[DNS_NAME_ADDRESSES * 4];
	size_t count = 0;
	int err = dns_name_ask(name->name, DNS_NAME_WAIT_S, all, sizeof(all) / sizeof(*all), &count,
			       fault);

	name->tried_s = now_s;
	if (err) {
		snprintf(name->problem, sizeof(name->problem), "%.120s",
			 fault->text + strcspn(fault->text, " ") +
				 (strchr(fault->text, ' ') ? 1 : 0));
		return err;
	}
	name->problem[0] = '\0';
	name->answered_s = now_s;
	name->count = 0;
	for (size_t i = 0; i < count && i < sizeof(all) / sizeof(*all); i++)
		if (name->count < DNS_NAME_ADDRESSES && dns_address_counts(&all[i]))
			name->addresses[name->count++] = all[i];
	name->refused = (unsigned)(count - name->count);
	return 0;
}

static void write_name(FILE *out, const struct dns_name *name)
{
	char text[ADDRESS_TEXT_SIZE];

	fprintf(out, "%s %" PRId64 " %" PRId64 " %u %s", name->name, name->tried_s,
		name->answered_s, name->refused, name->count ? "" : "-");
	for (size_t i = 0; i < name->count; i++) {
		address_format(&name->addresses[i], text);
		fprintf(out, "%s%s", i ? "," : "", text);
	}
	fprintf(out, " %s\n", name->problem);
}

static int write_names(const struct config *config, const struct dns_name *names, size_t count,
		       struct fault *fault)
{
	char path[PATH_MAX], fresh[PATH_MAX];
	FILE *out;
	bool bad;

	file_path(config, "", path);
	file_path(config, ".new", fresh);
	out = fopen(fresh, "we");
	if (!out)
		return fault_set(fault, -errno,
				 "cannot write %s: %s; the unit sekisho-fetch.service makes its "
				 "folder",
				 fresh, strerror(errno));
	for (size_t i = 0; i < count; i++)
		write_name(out, &names[i]);
	bad = ferror(out);
	bad |= fclose(out) != 0;
	if (bad || rename(fresh, path))
		return fault_set(fault, -errno, "cannot write %s: %s", path, strerror(errno));
	return 0;
}

int dns_names_fetch(const struct config *config, int64_t now_s, struct fault *fault)
{
	struct dns_name names[NEVER_BAN_NAMES_MOST];
	size_t count = dns_names_read(config, now_s, names);
	struct fault one = { 0 };
	int result = 0, err;

	for (size_t i = 0; i < count; i++) {
		err = renew(&names[i], now_s, &one);
		if (err && !result)
			result = fault_set(fault, err, "never-ban: %.900s", one.text);
	}
	err = count ? write_names(config, names, count, &one) : 0;
	return err ? fault_set(fault, err, "%.900s", one.text) : result;
}
