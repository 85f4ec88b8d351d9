// SPDX-License-Identifier: GPL-2.0-or-later
/* See help.h. */
#include "cmd/help.h"

#include <stdbool.h>
#include <string.h>

#define COLUMNS 80

struct flow {
	FILE *out;
	size_t at;     /* column; 0: no line has begun */
	size_t indent; /* of the following lines */
};

static void flow_end(struct flow *flow)
{
	if (flow->at)
		fputc('\n', flow->out);
	flow->at = flow->indent = 0;
}

static void flow_words(struct flow *flow, const char *text, size_t size)
{
	while (size) {
		size_t blank = strspn(text, " "), word;

		if (blank >= size)
			return;
		text += blank;
		size -= blank;
		word = strcspn(text, " ");
		if (word > size)
			word = size;
		if (flow->at > flow->indent && flow->at + 1 + word > COLUMNS) {
			fputc('\n', flow->out);
			flow->at = 0;
		}
		if (!flow->at && flow->indent)
			flow->at = (size_t)fprintf(flow->out, "%*s", (int)flow->indent, "");
		else if (flow->at > flow->indent)
			flow->at += (size_t)fprintf(flow->out, " ");
		flow->at += (size_t)fprintf(flow->out, "%.*s", (int)word, text);
		text += word;
		size -= word;
	}
}

/* The column where the text begins in "  --json  text", or 0. */
static size_t text_column(const char *line, size_t size)
{
	size_t at = strspn(line, " ");

	for (; at + 2 < size; at++)
		if (line[at] == ' ' && line[at + 1] == ' ')
			return at + strspn(line + at, " ");
	return 0;
}

static void flow_line(struct flow *flow, const char *line, size_t size)
{
	size_t indent = strspn(line, " "), column;

	if (!size) {
		flow_end(flow);
		fputc('\n', flow->out);
	} else if (indent && line[indent] == '-') {
		flow_end(flow);
		column = text_column(line, size);
		if (!column || column >= size)
			column = size;
		flow->at = (size_t)fprintf(flow->out, "%.*s", (int)column, line);
		flow->indent = column;
		flow_words(flow, line + column, size - column);
	} else if (indent && !flow->indent) {
		/* A table or an example is printed as it is. */
		flow_end(flow);
		fprintf(flow->out, "%.*s\n", (int)size, line);
	} else {
		if (!indent && flow->indent)
			flow_end(flow);
		flow_words(flow, line, size);
	}
}

void help_print(FILE *out, const char *text)
{
	struct flow flow = { .out = out };

	while (*text) {
		size_t size = strcspn(text, "\n");

		flow_line(&flow, text, size);
		text += size + (text[size] == '\n');
	}
	flow_end(&flow);
}
