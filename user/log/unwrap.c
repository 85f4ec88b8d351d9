// SPDX-License-Identifier: GPL-2.0-or-later
/* See unwrap.h. Pure. */
#include "log/unwrap.h"

#include <ctype.h>
#include <stdlib.h>
#include "log/text_block.h"
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
	if (!*unwrap && (*unwrap = calloc(1, sizeof(**unwrap))))
		shipped_begin(&(*unwrap)->room);
	return *unwrap;
}

/* ---- parts of one line ---- */

/* Takes a line, or a part of one; `whole`: it ends here. */
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

static bool read_entry_json(struct unwrap *unwrap, struct unwrapped *out)
{
	static const enum json_member members[JOURNAL_COUNT] = {
		[JOURNAL_TIME] = MEMBER_JOURNAL_TIME,
		[JOURNAL_HOST] = MEMBER_HOST,
		[JOURNAL_NAME] = MEMBER_IDENTIFIER,
		[JOURNAL_COMM] = MEMBER_COMM,
		[JOURNAL_SYSLOG_PID] = MEMBER_SYSLOG_PID,
		[JOURNAL_PID] = MEMBER_PID,
		[JOURNAL_UID] = MEMBER_UID,
		[JOURNAL_UNIT] = MEMBER_UNIT,
		[JOURNAL_CONTAINER] = MEMBER_JOURNAL_CONTAINER,
		[JOURNAL_MESSAGE] = MEMBER_MESSAGE,
	};
	struct span values[JOURNAL_COUNT];

	for (size_t i = 0; i < JOURNAL_COUNT; i++)
		values[i] = unwrap->room.json.values[members[i]];
	values[JOURNAL_MESSAGE] = flat_json_text(values[JOURNAL_MESSAGE], unwrap->room.message,
						 sizeof(unwrap->room.message));
	*out = (struct unwrapped){ .wrapping = WRAP_JOURNAL_JSON };
	return entry_line(&unwrap->room, values, &out->line);
}

/* ---- objects ---- */

static bool give_docker(struct unwrap **state, struct span line, bool whole, bool is_error,
			struct span time, struct unwrapped *out)
{
	out->wrapping = WRAP_DOCKER_JSON;
	if (!stamp_read(&time, &out->clock) || !out->clock.zoned)
		out->clock.kind = STAMP_NONE;
	return join(state, is_error ? STREAM_ERR : STREAM_OUT, line, whole, &out->line);
}

/* Reads {"log":"TEXT\n","stream":"stdout","time":"2026-10-24T13:16:39.123456789Z"}. Collectors that
 * change such an object name the container or say what CRI does, and leave out the newline. */
static bool read_docker(struct unwrap **state, struct unwrapped *out)
{
	struct shipped_room *room = &(*state)->room;
	const struct span *values = room->json.values;
	struct span line = flat_json_text(values[MEMBER_LOG], room->message, sizeof(room->message));
	bool whole = span_ends(line, "\n");

	if (whole)
		line.size--;
	else
		whole = shipped_is_whole(&room->json);
	whole = give_docker(state, line, whole, span_is(values[MEMBER_STREAM], "stderr"),
			    values[MEMBER_TIME], out);
	if (!out->clock.kind)
		shipped_time(room, &out->clock);
	if (!out->clock.zoned)
		out->clock.kind = STAMP_NONE;
	return whole;
}

/* Reads the same if it is exactly as Docker writes it, without looking up names. False: it is not,
 * or not surely. */
static bool read_own_docker(struct unwrap **state, struct span object, struct unwrapped *out,
			    bool *whole)
{
	struct span line, time;
	bool newline, is_error;

	if (!span_skip(&object, "{\"log\":\"") ||
	    !flat_json_take_line(&object, (*state)->room.message, &line, &newline))
		return false;
	is_error = span_skip(&object, ",\"stream\":\"stderr\",\"time\":\"");
	if ((!is_error && !span_skip(&object, ",\"stream\":\"stdout\",\"time\":\"")) ||
	    !span_ends(object, "\"}"))
		return false;
	time = span_cut(object, 0, object.size - 2);
	if (block_search(time.at, time.at + time.size, '"', '\\') < time.at + time.size)
		return false;
	*whole = give_docker(state, line, newline, is_error, time, out);
	return true;
}

/* Hands on the line that a collector shipped; false: there is none, or only a part of one. */
static bool give_shipped(struct unwrap **state, enum shipped_answer answer,
			 const struct shipped *shipped, struct unwrapped *out, bool *is_one)
{
	*is_one = answer != SHIPPED_OTHER;
	if (answer != SHIPPED_LINE)
		return false;
	out->clock = shipped->clock;
	out->wrapping = shipped->contained ? WRAP_JSON_CONTAINER : WRAP_JSON;
	return join(state, shipped->error_stream ? STREAM_ERR : STREAM_OUT, shipped->line,
		    !shipped->part, &out->line);
}

static bool read_object(struct unwrap **state, struct span line, struct unwrapped *out,
			bool *is_one)
{
	struct unwrap *unwrap = get(state);
	struct shipped shipped;
	const struct span *values;
	bool whole;

	*is_one = false;
	if (!unwrap)
		return false;
	if (*line.at != '{')
		return give_shipped(state, shipped_read(line, &unwrap->room, &shipped), &shipped,
				    out, is_one);
	*is_one = true;
	if (read_own_docker(state, line, out, &whole))
		return whole;
	*is_one = flat_json_read(line, &unwrap->room.json);
	if (!*is_one)
		return false;
	values = unwrap->room.json.values;
	if (flat_json_is_string(values[MEMBER_LOG]) &&
	    (values[MEMBER_STREAM].at || values[MEMBER_TIME].at ||
	     values[MEMBER_CONTAINER_NAME].at))
		return read_docker(state, out);
	/* Vector keeps the journal's names, but calls the message "message". */
	if (values[MEMBER_JOURNAL_TIME].at && values[MEMBER_MESSAGE].at)
		return read_entry_json(unwrap, out);
	return give_shipped(state, shipped_take(line, &unwrap->room, &shipped), &shipped, out,
			    is_one);
}

static bool read_entry(struct unwrap *unwrap, struct span line, struct unwrapped *out, bool *is_one)
{
	*out = (struct unwrapped){ .wrapping = unwrap->entry.verbose ? WRAP_VERBOSE : WRAP_EXPORT };
	return entry_read(&unwrap->entry, &unwrap->room, line, &out->line, is_one);
}

/* Begins an entry. The first line of an export is a field already. */
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
		if (*line.at == '{' || shipped_has_tag(line)) {
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
