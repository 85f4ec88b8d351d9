// SPDX-License-Identifier: GPL-2.0-or-later
/* See unwrap.h. Pure. */
#include "log/unwrap.h"

#include <ctype.h>
#include <stdlib.h>
#include "log/cri.h"
#include "log/flat_json.h"
#include "log/entry.h"
#include "log/shipped.h"

enum stream { STREAM_OUT = 0, STREAM_ERR, STREAM_COUNT };

struct unwrap {
	struct {
		char text[LOG_LINE_MAX];
		size_t size;
		bool open;
	} parts[STREAM_COUNT];
	struct journal_entry entry;
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
		line_append(unwrap->parts[stream].text, unwrap->parts[stream].size, text);
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

static bool read_entry_json(struct unwrap *unwrap, struct flat_json *json, struct unwrapped *out)
{
	struct span message = json->values[JOURNAL_MESSAGE];

	message.size =
		flat_json_decode(message, unwrap->room.message, sizeof(unwrap->room.message));
	message.at = unwrap->room.message;
	json->values[JOURNAL_MESSAGE] = message;
	*out = (struct unwrapped){ .wrapping = WRAP_JOURNAL_JSON };
	return entry_line(&unwrap->room, json->values, &out->line);
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
	json.names = journal_fields;
	if (*line.at == '{' && flat_json_read(line, &json) && json.values[JOURNAL_TIME].at)
		return read_entry_json(unwrap, &json, out);
	return read_shipped(state, line, out, is_one);
}

static bool read_entry(struct unwrap *unwrap, struct span line, struct unwrapped *out, bool *is_one)
{
	*out = (struct unwrapped){ .wrapping = unwrap->entry.verbose ? WRAP_VERBOSE : WRAP_EXPORT };
	return entry_read(&unwrap->entry, &unwrap->room, line, &out->line, is_one);
}

/* An export's first line is a field already. */
static bool begin_entry(struct unwrap **state, const struct journal_entry *begun, struct span line,
			struct unwrapped *out, bool *is_one)
{
	struct unwrap *unwrap = get(state);

	if (!unwrap)
		return false;
	unwrap->entry = *begun;
	*is_one = true;
	return begun->verbose ? false : read_entry(unwrap, line, out, is_one);
}

/* ---- all of it ---- */

bool unwrap_line(struct unwrap **unwrap, struct span line, struct unwrapped *out)
{
	struct journal_entry begun;
	bool is_one = false, whole = false;

	/* journalctl -o json-seq, json-sse */
	if (line.size && (*line.at == '\x1e' || *line.at == 'd') && !span_skip(&line, "\x1e") &&
	    span_starts(line, "data: {"))
		line = span_from(line, strlen("data: "));
	*out = (struct unwrapped){ .line = line };
	if (*unwrap && (*unwrap)->entry.begun) {
		whole = read_entry(*unwrap, line, out, &is_one);
	} else if (line.size > 20) {
		if (*line.at == '{' || shipped_has_tabs(line)) {
			whole = read_object(unwrap, line, out, &is_one);
		} else if (entry_begins(&begun, line)) {
			whole = begin_entry(unwrap, &begun, line, out, &is_one);
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
