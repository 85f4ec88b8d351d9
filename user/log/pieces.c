// SPDX-License-Identifier: GPL-2.0-or-later
/* See pieces.h. Pure. */
#include "log/pieces.h"

#include <stdlib.h>
#include "log/parse.h"

struct line {
	uint64_t owner; /* hash of program and process; 0: free */
	uint32_t used;	/* the tick of its last use */
	uint32_t next, all;
	size_t size;
	char text[LOG_LINE_MAX];
};

struct pieces {
	uint32_t tick;
	struct line lines[PIECES_MOST];
};

void pieces_free(struct pieces *pieces)
{
	free(pieces);
}

/* Skips "[1/2] ", or "[1\\2] " where a newline was. */
static bool skip_mark(struct span *text, uint32_t *number, uint32_t *all)
{
	struct span rest = *text;

	if (!span_skip(&rest, "[") || !span_number(&rest, number) ||
	    !(span_skip(&rest, "/") || span_skip(&rest, "\\")) || !span_number(&rest, all) ||
	    !span_skip(&rest, "] "))
		return false;
	*text = rest;
	return true;
}

static struct line *find_line(struct pieces *pieces, uint64_t owner)
{
	struct line *oldest = pieces->lines;

	pieces->tick++;
	for (struct line *line = pieces->lines; line < pieces->lines + PIECES_MOST; line++) {
		if (line->owner == owner)
			return line;
		if (!line->owner ||
		    (oldest->owner && pieces->tick - line->used > pieces->tick - oldest->used))
			oldest = line;
	}
	oldest->owner = 0;
	return oldest;
}

bool pieces_join(struct pieces **pieces, struct envelope *envelope)
{
	struct span text = envelope->text;
	uint32_t number, all;
	uint64_t owner;
	struct line *line;

	if (!skip_mark(&text, &number, &all))
		return true;
	if (!*pieces)
		*pieces = calloc(1, sizeof(**pieces));
	if (!*pieces)
		return false;
	owner = (span_hash(envelope->program) ^ envelope->pid) | 1;
	line = find_line(*pieces, owner);
	if (number == 1 && all > 1) {
		line->owner = owner;
		line->next = 1;
		line->all = all;
		line->size = 0;
	}
	if (line->owner != owner || line->next != number || line->all != all ||
	    text.size > sizeof(line->text) - line->size) {
		line->owner = 0;
		return false;
	}
	line->used = (*pieces)->tick;
	memcpy(line->text + line->size, text.at, text.size);
	line->size += text.size;
	if (line->next++ < line->all)
		return false;
	line->owner = 0;
	envelope->text = (struct span){ line->text, line->size };
	envelope->joined = true;
	return true;
}
