// SPDX-License-Identifier: GPL-2.0-or-later
/* See feed.h. What the server answered last, and when. */
#include "feed/feed.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void seen_path(const struct config *config, const char *name, const char *end,
		      char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s.seen%s", config->paths.feeds, name, end);
}

static void take_line(FILE *in, char *text, size_t size)
{
	if (!fgets(text, (int)size, in))
		*text = '\0';
	text[strcspn(text, "\n")] = '\0';
}

void feed_seen_read(const struct config *config, const char *name, struct feed_seen *seen)
{
	char path[PATH_MAX];
	struct stat about;
	FILE *in;

	*seen = (struct feed_seen){ 0 };
	seen_path(config, name, "", path);
	in = fopen(path, "re");
	if (!in)
		return;
	if (!fstat(fileno(in), &about))
		seen->checked_s = about.st_mtim.tv_sec;
	take_line(in, seen->etag, sizeof(seen->etag));
	take_line(in, seen->modified, sizeof(seen->modified));
	fclose(in);
}

int64_t feed_checked_s(const struct config *config, const char *name)
{
	char path[PATH_MAX];
	struct stat about;

	seen_path(config, name, "", path);
	return !lstat(path, &about) && S_ISREG(about.st_mode) ? about.st_mtim.tv_sec : 0;
}

int feed_seen_write(const struct config *config, const char *name, const struct feed_seen *seen,
		    struct fault *fault)
{
	char path[PATH_MAX], fresh[PATH_MAX];
	FILE *out;
	bool bad;

	seen_path(config, name, "", path);
	seen_path(config, name, ".new", fresh);
	out = fopen(fresh, "we");
	if (!out)
		return fault_set(fault, -errno, "cannot write %s: %s", fresh, strerror(errno));
	bad = fprintf(out, "%s\n%s\n", seen->etag, seen->modified) < 0;
	bad |= fclose(out) != 0;
	if (bad || rename(fresh, path))
		return fault_set(fault, -errno, "cannot write %s: %s", path, strerror(errno));
	return 0;
}
