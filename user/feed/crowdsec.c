// SPDX-License-Identifier: GPL-2.0-or-later
/* See crowdsec.h. */
#include "feed/crowdsec.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "feed/feed.h"
#include "lists/ends.h"

#define TITLE "# decisions of CrowdSec, kept by `sekisho fetch`; all of them at "

struct crowdsec_entry {
	char text[48]; /* an address or prefix, as CrowdSec writes it */
	int64_t end_s; /* since 1970; 0: deleted */
};

struct entries {
	struct crowdsec_entry *all;
	size_t count, room;
	int64_t whole_s; /* when all of them were last asked for at once */
};

static void entries_free(struct entries *entries)
{
	free(entries->all);
}

static void free_json(json_t **value)
{
	json_decref(*value);
}

/* Text that is no address is added as well: the list's reader refuses it. Text that a line of the
 * file cannot hold is dropped. */
static int add(struct entries *entries, const char *text, int64_t end_s)
{
	struct crowdsec_entry entry = { .end_s = end_s };

	if (!*text || strlen(text) >= sizeof(entry.text) || strpbrk(text, "|#\r\n"))
		return 0;
	if (entries->count == entries->room) {
		size_t room = entries->room ? entries->room * 2 : 1024;
		struct crowdsec_entry *all = reallocarray(entries->all, room, sizeof(*all));

		if (!all)
			return -ENOMEM;
		entries->all = all;
		entries->room = room;
	}
	snprintf(entry.text, sizeof(entry.text), "%s", text);
	entries->all[entries->count++] = entry;
	return 0;
}

/* ---- the file ---- */

static int read_last(const char *path, struct entries *entries)
{
	_cleanup_free_ char *line = NULL;
	FILE *in = fopen(path, "re");
	size_t room = 0;
	int error = 0;

	if (!in)
		return -errno;
	while (!error && getline(&line, &room, in) > 0) {
		struct crowdsec_entry entry = { 0 };

		if (!strncmp(line, TITLE, strlen(TITLE)))
			entries->whole_s = strtoll(line + strlen(TITLE), NULL, 10);
		else if (sscanf(line, "%" SCNd64 "|%47[^|]|", &entry.end_s, entry.text) == 2)
			error = add(entries, entry.text, entry.end_s);
	}
	fclose(in);
	return error;
}

static int write_list(int fd, const struct entries *entries, int64_t now_s)
{
	_cleanup_close_ int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	FILE *out = copy < 0 || ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET)
			    ? NULL
			    : take_stream(&copy, "w");
	bool bad;

	if (!out)
		return -errno;
	bad = fprintf(out, TITLE "%" PRId64 "\n", entries->whole_s) < 0;
	for (size_t i = 0; i < entries->count; i++)
		if (entries->all[i].end_s > now_s)
			bad |= fprintf(out, "%" PRId64 "|%s|*|in|0|crowdsec\n",
				       entries->all[i].end_s, entries->all[i].text) < 0;
	bad |= fclose(out) != 0;
	return bad ? -EIO : 0;
}

/* ---- the answer ---- */

static bool word_is(const json_t *object, const char *key, const char *word)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && !strcasecmp(text, word);
}

/* Takes a ban of an address or range, which ends after its `duration`; other decisions are not for
 * a list. */
static int take_decision(struct entries *entries, const json_t *object, bool gone, int64_t now_s)
{
	const char *value = json_string_value(json_object_get(object, "value"));
	const char *left = json_string_value(json_object_get(object, "duration"));
	uint64_t seconds = 0;

	if (!value || (!word_is(object, "scope", "Ip") && !word_is(object, "scope", "Range")) ||
	    !word_is(object, "type", "ban") || json_is_true(json_object_get(object, "simulated")))
		return 0;
	if (gone)
		return add(entries, value, 0);
	if (!left || ends_duration(left, strlen(left), &seconds))
		return 0;
	return add(entries, value, now_s + (int64_t)seconds);
}

static int by_text(const void *one, const void *other)
{
	const struct crowdsec_entry *a = one, *b = other;
	int order = strcmp(a->text, b->text);

	return order ? order : (a->end_s < b->end_s) - (a->end_s > b->end_s);
}

/* Sorts the entries, and keeps of equal ones only the one that ends last. */
static void unite(struct entries *entries)
{
	size_t kept = 0;

	if (entries->count)
		qsort(entries->all, entries->count, sizeof(*entries->all), by_text);
	for (size_t i = 0; i < entries->count; i++)
		if (!kept || strcmp(entries->all[kept - 1].text, entries->all[i].text) != 0)
			entries->all[kept++] = entries->all[i];
	entries->count = kept;
}

static int same_text(const void *one, const void *other)
{
	return strcmp(((const struct crowdsec_entry *)one)->text,
		      ((const struct crowdsec_entry *)other)->text);
}

static int take_array(struct entries *entries, const json_t *array, bool gone, int64_t now_s)
{
	const json_t *item;
	size_t index;
	int error = 0;

	json_array_foreach (array, index, item) {
		error = take_decision(entries, item, gone, now_s);
		if (error)
			break;
	}
	return error;
}

/* Applies deletions first, then additions: when one decision about an address is deleted, another
 * may be added. */
static int take_answer(struct entries *entries, const json_t *answer, int64_t now_s)
{
	_cleanup_(entries_free) struct entries gone = { 0 };
	int error = take_array(&gone, json_object_get(answer, "deleted"), true, now_s);

	if (error)
		return error;
	unite(&gone);
	for (size_t i = 0; i < entries->count && gone.count; i++)
		if (bsearch(&entries->all[i], gone.all, gone.count, sizeof(*gone.all), same_text))
			entries->all[i].end_s = 0;
	error = take_array(entries, json_object_get(answer, "new"), false, now_s);
	unite(entries);
	return error;
}

static bool is_list_of(const json_t *answer, const char *key)
{
	const json_t *value = json_object_get(answer, key);

	return json_is_array(value) || json_is_null(value);
}

int crowdsec_apply(const struct config_list *list, const char *path, int fd, bool whole,
		   int64_t now_s, struct fault *fault)
{
	_cleanup_(entries_free) struct entries entries = { .whole_s = now_s };
	__attribute__((cleanup(free_json))) json_t *answer = NULL;
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	json_error_t json_error;
	int error = file_read(path, FEED_MOST_BYTES, &text, &size);

	if (!error && !whole)
		error = read_last(list->file, &entries);
	if (error)
		return fault_set(fault, error, "cannot read what came: %s", strerror(-error));
	answer = json_loadb(text, size, 0, &json_error);
	if (!is_list_of(answer, "new") || !is_list_of(answer, "deleted"))
		return fault_set(fault, -EBADMSG,
				 "%s: no answer of a CrowdSec LAPI; 'crowdsec' is the address that "
				 "it listens at, as http://127.0.0.1:8080",
				 list->url);
	error = take_answer(&entries, answer, now_s);
	if (!error && entries.count > CROWDSEC_MOST)
		return fault_set(fault, -EFBIG, "%s: more than %d decisions", list->url,
				 CROWDSEC_MOST);
	if (!error)
		error = write_list(fd, &entries, now_s);
	return error ? fault_set(fault, error, "cannot write the list: %s", strerror(-error)) : 0;
}

/* ---- what to ask ---- */

char *crowdsec_url(const char *base, bool whole)
{
	size_t size = strlen(base);
	char *url = NULL;

	while (size && base[size - 1] == '/')
		size--;
	if (asprintf(&url, "%.*s/v1/decisions/stream?startup=%s", (int)size, base,
		     whole ? "true" : "false") < 0)
		return NULL;
	return url;
}

static void asked_path(const struct config *config, const struct config_list *list,
		       char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s.asked", config->paths.feeds, list->name);
}

bool crowdsec_begin(const struct config *config, const struct config_list *list, int64_t now_s)
{
	_cleanup_(entries_free) struct entries last = { 0 };
	char path[PATH_MAX];
	bool unanswered;
	int fd;

	asked_path(config, list, path);
	unanswered = !access(path, F_OK);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return true;
	close(fd);
	return read_last(list->file, &last) || unanswered || last.whole_s > now_s ||
	       now_s - last.whole_s >= CROWDSEC_WHOLE_S;
}

void crowdsec_end(const struct config *config, const struct config_list *list)
{
	char path[PATH_MAX];

	asked_path(config, list, path);
	unlink(path);
}
