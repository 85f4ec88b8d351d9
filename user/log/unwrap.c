// SPDX-License-Identifier: GPL-2.0-or-later
/* See unwrap.h. Pure. */
#include "log/unwrap.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include "log/cri.h"
#include "log/flat_json.h"
#include "log/shipped.h"
#include "log/trust.h"

#define NAME_MOST 64
#define WORD_MOST 128 /* of a field that is no message */

enum stream { STREAM_OUT = 0, STREAM_ERR, STREAM_COUNT };

/* The fields of an entry of the journal, in the order of `fields`. */
enum field {
	FIELD_TIME,
	FIELD_HOST,
	FIELD_NAME,
	FIELD_COMM,
	FIELD_SYSLOG_PID,
	FIELD_PID,
	FIELD_UID,
	FIELD_UNIT,
	FIELD_CONTAINER,
	FIELD_MESSAGE,
	FIELD_COUNT,
};

static const char *const fields[FIELD_COUNT + 1] = {
	"__REALTIME_TIMESTAMP",
	"_HOSTNAME",
	"SYSLOG_IDENTIFIER",
	"_COMM",
	"SYSLOG_PID",
	"_PID",
	"_UID",
	"_SYSTEMD_UNIT",
	"CONTAINER_NAME",
	"MESSAGE",
	NULL,
};

struct unwrap_entry {
	bool begun;
	uint64_t binary_left; /* bytes of a field's value that are still to come */
	unsigned header_left; /* of its size, which comes first */
	uint64_t binary_size;
	int binary; /* which field it is; -1: none that is wanted */
	char words[FIELD_MESSAGE][WORD_MOST];
	size_t sizes[FIELD_COUNT];
};

struct unwrap {
	struct {
		char text[LOG_LINE_MAX];
		size_t size;
		bool open;
	} parts[STREAM_COUNT];
	struct unwrap_entry entry;
	struct shipped_room room;
};

void unwrap_free(struct unwrap *unwrap)
{
	free(unwrap);
}

static struct unwrap *get(struct unwrap **unwrap)
{
	if (!*unwrap)
		*unwrap = calloc(1, sizeof(**unwrap));
	return *unwrap;
}

static size_t append(char *line, size_t used, struct span text)
{
	size_t room = LOG_LINE_MAX - used;

	memcpy(line + used, text.at, text.size < room ? text.size : room);
	return used + (text.size < room ? text.size : room);
}

/* ---- parts of one line ---- */

/* A line, or a part of one; `whole`: it ends here. */
static bool join(struct unwrap **state, enum stream stream, struct span text, bool whole,
		 struct span *line)
{
	struct unwrap *unwrap = *state;

	if (whole && (!unwrap || !unwrap->parts[stream].open)) {
		*line = text;
		return true;
	}
	unwrap = get(state);
	if (!unwrap)
		return false;
	if (!unwrap->parts[stream].open)
		unwrap->parts[stream].size = 0;
	unwrap->parts[stream].size =
		append(unwrap->parts[stream].text, unwrap->parts[stream].size, text);
	unwrap->parts[stream].open = !whole;
	*line = (struct span){ unwrap->parts[stream].text, unwrap->parts[stream].size };
	return whole;
}

static bool read_labelled(struct span line, struct unwrapped *out, bool *is_one)
{
	struct shipped shipped;

	*is_one = shipped_labelled(line, &shipped);
	if (!*is_one)
		return false;
	*out = (struct unwrapped){ .line = shipped.line,
				   .wrapping = shipped.contained ? WRAP_JSON_CONTAINER : WRAP_JSON,
				   .clock = shipped.clock };
	return true;
}

static bool read_cri(struct unwrap **unwrap, struct span line, struct unwrapped *out, bool *is_one)
{
	struct cri_line cri;

	*is_one = cri_read(line, &cri);
	if (!*is_one)
		return read_labelled(line, out, is_one);
	out->clock = cri.stamp;
	out->wrapping = WRAP_CRI;
	return join(unwrap, cri.is_stderr ? STREAM_ERR : STREAM_OUT, cri.text, cri.whole,
		    &out->line);
}

/* ---- the journal ---- */

static size_t append_word(char *line, size_t used, struct span word, struct span other)
{
	if (!word.size)
		word = other;
	for (size_t i = 0; i < word.size; i++)
		if (word.at[i] <= ' ' || word.at[i] == ':' || word.at[i] == '[')
			return append(line, used, span_of("-"));
	return append(line, used, word.size ? word : span_of("-"));
}

/* The entry as a line of syslog with its time in seconds; see journal_sd.c, which does it live. */
static bool make_line(struct unwrap *unwrap, const struct span values[FIELD_COUNT],
		      enum wrapping wrapping, struct unwrapped *out)
{
	struct journal_origin origin = { .uid = values[FIELD_UID],
					 .unit = values[FIELD_UNIT],
					 .program = values[FIELD_COMM] };
	struct span time = values[FIELD_TIME], pid;
	char *line = unwrap->room.line;
	size_t used;

	if (!values[FIELD_MESSAGE].size || time.size != 16 || !journal_is_trusted(&origin))
		return false;
	for (size_t i = 0; i < time.size; i++)
		if (!isdigit((unsigned char)time.at[i]))
			return false;
	used = append(line, 0, span_cut(time, 0, 10));
	used = append(line, used, span_of("."));
	used = append(line, used, span_from(time, 10));
	used = append(line, used, span_of(" "));
	used = append_word(line, used, values[FIELD_HOST], span_of("-"));
	used = append(line, used, span_of(" "));
	if (values[FIELD_CONTAINER].size)
		used = append(line, used, span_of("docker/"));
	used = append_word(line, used,
			   values[FIELD_CONTAINER].size ? values[FIELD_CONTAINER]
							: values[FIELD_NAME],
			   values[FIELD_COMM]);
	pid = values[FIELD_SYSLOG_PID].size ? values[FIELD_SYSLOG_PID] : values[FIELD_PID];
	if (pid.size) {
		used = append(line, used, span_of("["));
		used = append_word(line, used, pid, pid);
		used = append(line, used, span_of("]"));
	}
	used = append(line, used, span_of(": "));
	used = append(line, used, values[FIELD_MESSAGE]);
	*out = (struct unwrapped){ .line = { line, used }, .wrapping = wrapping };
	return true;
}

static bool read_entry_json(struct unwrap *unwrap, struct flat_json *json, struct unwrapped *out)
{
	struct span message = json->values[FIELD_MESSAGE];

	message.size =
		flat_json_decode(message, unwrap->room.message, sizeof(unwrap->room.message));
	message.at = unwrap->room.message;
	json->values[FIELD_MESSAGE] = message;
	return make_line(unwrap, json->values, WRAP_JOURNAL_JSON, out);
}

/* ---- objects ---- */

/* {"log":"TEXT\n","stream":"stdout","time":"2026-10-24T13:16:39.123456789Z"}; what others make of
 * it names the container, and leaves out the newline. */
static bool read_docker(struct unwrap **state, struct flat_json *json, struct unwrapped *out)
{
	struct unwrap *unwrap = *state;
	struct span line = { unwrap->room.message, 0 }, time = json->values[2];
	enum stream stream = span_is(json->values[1], "stderr") ? STREAM_ERR : STREAM_OUT;
	bool whole = json->values[3].size || json->values[4].size;

	line.size = flat_json_decode(json->values[0], unwrap->room.message,
				     sizeof(unwrap->room.message));
	if (span_is(json->values[5], "true"))
		whole = false;
	if (span_ends(line, "\n")) {
		line.size--;
		whole = true;
	}
	out->wrapping = WRAP_DOCKER_JSON;
	if (!stamp_read(&time, &out->clock) || !out->clock.zoned)
		out->clock.kind = STAMP_NONE;
	return join(state, stream, line, whole, &out->line);
}

/* What a collector made of a line, as a line; false: nothing, or a part of one. */
static bool read_shipped(struct unwrap **state, struct span line, struct unwrapped *out,
			 bool *is_one)
{
	struct shipped shipped;
	enum shipped_answer answer = shipped_read(line, &(*state)->room, &shipped);

	*is_one = answer != SHIPPED_OTHER;
	if (answer != SHIPPED_LINE)
		return false;
	out->clock = shipped.clock;
	out->wrapping = shipped.contained ? WRAP_JSON_CONTAINER : WRAP_JSON;
	return join(state, shipped.error_stream ? STREAM_ERR : STREAM_OUT, shipped.line,
		    !shipped.part, &out->line);
}

static bool read_object(struct unwrap **state, struct span line, struct unwrapped *out,
			bool *is_one)
{
	static const char *const docker[] = {
		"log", "stream", "time", "container_id", "container_name", "partial_message", NULL
	};
	struct flat_json json = { .names = docker };
	struct unwrap *unwrap = get(state);

	*is_one = false;
	if (!unwrap)
		return false;
	*is_one = true;
	if (*line.at == '{' && flat_json_read(line, &json) && flat_json_is_string(json.values[0]) &&
	    (json.values[1].at || json.values[2].at || json.values[4].at))
		return read_docker(state, &json, out);
	json.names = fields;
	if (*line.at == '{' && flat_json_read(line, &json) && json.values[FIELD_TIME].at)
		return read_entry_json(unwrap, &json, out);
	return read_shipped(state, line, out, is_one);
}

/* ---- journalctl -o export ---- */

static int field_of(struct span name)
{
	for (int i = 0; i < FIELD_COUNT; i++)
		if (span_is(name, fields[i]))
			return i;
	return -1;
}

static void put_field(struct unwrap *unwrap, int field, struct span value)
{
	struct unwrap_entry *entry = &unwrap->entry;

	if (field < 0)
		return;
	if (field == FIELD_MESSAGE)
		entry->sizes[field] = append(unwrap->room.message, 0, value);
	else if (value.size <= WORD_MOST)
		memcpy(entry->words[field], value.at, entry->sizes[field] = value.size);
}

/* Bytes of a binary field, the newline that ended the line included: 8 bytes of size, little end
 * first, the value, a newline. */
static void take_binary(struct unwrap *unwrap, struct span line)
{
	struct unwrap_entry *entry = &unwrap->entry;
	size_t *size = entry->binary < 0 ? NULL : &entry->sizes[entry->binary];

	for (size_t i = 0; i <= line.size; i++) {
		unsigned char byte = i < line.size ? (unsigned char)line.at[i] : '\n';

		if (entry->header_left) {
			entry->binary_size |= (uint64_t)byte << (8 * (8 - entry->header_left));
			if (!--entry->header_left)
				entry->binary_left = entry->binary_size < UINT64_MAX
							     ? entry->binary_size + 1
							     : UINT64_MAX;
			continue;
		}
		if (!entry->binary_left)
			return; /* more than was said: the next line begins anew */
		if (--entry->binary_left && size && entry->binary == FIELD_MESSAGE &&
		    *size < LOG_LINE_MAX)
			unwrap->room.message[(*size)++] = (char)byte;
	}
}

static size_t name_size(struct span line)
{
	size_t size = 0;

	while (size < line.size && size < NAME_MOST &&
	       ((line.at[size] >= 'A' && line.at[size] <= 'Z') || line.at[size] == '_' ||
		isdigit((unsigned char)line.at[size])))
		size++;
	return size;
}

static bool end_entry(struct unwrap *unwrap, struct unwrapped *out)
{
	struct span values[FIELD_COUNT];

	for (int i = 0; i < FIELD_MESSAGE; i++)
		values[i] = (struct span){ unwrap->entry.words[i], unwrap->entry.sizes[i] };
	values[FIELD_MESSAGE] =
		(struct span){ unwrap->room.message, unwrap->entry.sizes[FIELD_MESSAGE] };
	memset(unwrap->entry.sizes, 0, sizeof(unwrap->entry.sizes));
	unwrap->entry.begun = false;
	return make_line(unwrap, values, WRAP_EXPORT, out);
}

/* In an entry, or at the first line of one. */
static bool read_export(struct unwrap *unwrap, struct span line, struct unwrapped *out,
			bool *is_one)
{
	struct unwrap_entry *entry = &unwrap->entry;
	size_t size;

	*is_one = true;
	if (entry->header_left || entry->binary_left) {
		take_binary(unwrap, line);
		return false;
	}
	if (!line.size)
		return end_entry(unwrap, out);
	size = name_size(line);
	if (size && size < line.size && line.at[size] == '=') {
		put_field(unwrap, field_of(span_cut(line, 0, size)), span_from(line, size + 1));
	} else if (size && size == line.size) {
		entry->header_left = 8;
		entry->binary_size = 0;
		entry->binary = field_of(line);
		if (entry->binary >= 0)
			entry->sizes[entry->binary] = 0;
	} else { /* not of an export */
		memset(entry, 0, sizeof(*entry));
		*is_one = false;
	}
	return false;
}

static bool begins_entry(struct span line)
{
	return span_starts(line, "__CURSOR=") || span_starts(line, "__REALTIME_TIMESTAMP=");
}

bool unwrap_line(struct unwrap **unwrap, struct span line, struct unwrapped *out)
{
	bool is_one = false, whole = false;

	/* journalctl -o json-seq, json-sse */
	if (line.size && (*line.at == '\x1e' || *line.at == 'd') && !span_skip(&line, "\x1e") &&
	    span_starts(line, "data: {"))
		line = span_from(line, strlen("data: "));
	*out = (struct unwrapped){ .line = line };
	if (*unwrap && (*unwrap)->entry.begun) {
		whole = read_export(*unwrap, line, out, &is_one);
	} else if (line.size > 20) {
		if (*line.at == '{' || shipped_has_tabs(line)) {
			whole = read_object(unwrap, line, out, &is_one);
		} else if (*line.at == '_' && begins_entry(line) && get(unwrap)) {
			(*unwrap)->entry = (struct unwrap_entry){ .begun = true };
			whole = read_export(*unwrap, line, out, &is_one);
		} else if (isdigit((unsigned char)line.at[0]) && line.at[4] == '-' &&
			   line.at[10] == 'T') {
			whole = read_cri(unwrap, line, out, &is_one);
		}
	}
	if (is_one)
		return whole;
	*out = (struct unwrapped){ .line = line };
	return true;
}
