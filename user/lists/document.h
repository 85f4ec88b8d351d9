/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the readers of JSON share; only text_document.c, text_json.c and text_nft_json.c use it. */
#ifndef SEKISHO_LIST_DOCUMENT_H
#define SEKISHO_LIST_DOCUMENT_H

#include <jansson.h>
#include "lists/list_reader.h"

struct document {
	struct list_reader *reader;
	const char *text, *at; /* entries are looked up from `at` on */
	size_t size;
	size_t line; /* of `at` */
};

/* The line on which a text comes next, as far as this can be found out. */
size_t document_line(struct document *document, const char *entry);
void document_take(struct document *document, const char *entry);

/* Takes, skips or refuses what one line of a file of JSON lines says; report->lines and ->skipped
 * stay if it has no address under a known name. */
void document_entry(struct list_reader *reader, const struct list_line *line, const json_t *entry);
/* The array of `nft -j`. */
void document_nft(struct document *document, const json_t *array);

#endif
