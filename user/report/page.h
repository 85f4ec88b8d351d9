/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of pages: HTML in one file, without a script or a request. Everything that is not this
 * program's own text is escaped here, as strangers write names and log lines. Pure.
 */
#ifndef SEKISHO_PAGE_H
#define SEKISHO_PAGE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "report/words.h"

struct page {
	FILE *out; /* whose error the caller looks for */
	enum lang lang;
};

/* `text` for an element or an attribute in double quotes. Bytes that are no UTF-8, control
 * characters and those that turn the direction of writing become \xNN. */
void page_text(const struct page *page, const char *text);
/* A text of words.h with its values, escaped. */
void page_word(const struct page *page, enum word word, const char *const *values);
/* The same with tags around it: page_tag(page, "h2", W_X, NULL). */
void page_tag(const struct page *page, const char *tag, enum word word, const char *const *values);

/* Write the page up to the beginning of <main>, with the title as <h1>; and from the end of <main>.
 */
void page_begin(const struct page *page, enum word title, const char *const *values);
void page_end(const struct page *page, int64_t now_wall_ns);

/* A command in <pre>, with `account` in single quotes of a shell between `before` and `after`.
 * Nothing if the name has characters that a reader could not copy safely. */
void page_command(const struct page *page, const char *before, const char *account,
		  const char *after);

/* A table: its head, then rows of as many cells, each a call of page_cell(). `columns` ends with
 * W_WORD_COUNT. The word of a cell's column is shown beside it where the screen is narrow. */
void page_table_begin(const struct page *page, const enum word *columns);
void page_row(const struct page *page, const char *row_class); /* NULL: none */
void page_cell(const struct page *page, enum word column, const char *text);
void page_cell_count(const struct page *page, enum word column, uint64_t count);
void page_table_end(const struct page *page);

/* Two rows of bars, above and below a line, each by a scale of its own; marks are numbered in their
 * order. */
struct chart_mark {
	double at; /* 0 .. 1 */
};
struct chart {
	const uint64_t *above, *below;
	size_t count;
	const struct chart_mark *marks;
	size_t mark_count;
	const char *label; /* for readers who cannot see it; this program's own text */
};
void page_chart(const struct page *page, const struct chart *chart);

/* Local time: "2026-11-15 09:05:00"; "-" for 0. The second function leaves the day out if it is
 * that of `of_wall_ns`. */
#define PAGE_TIME_SIZE 32
void page_time(int64_t wall_ns, char text[PAGE_TIME_SIZE]);
void page_time_of_day(int64_t wall_ns, int64_t of_wall_ns, char text[PAGE_TIME_SIZE]);
/* "12 s", "12 分". */
void page_duration(enum lang lang, uint64_t seconds, char text[PAGE_TIME_SIZE]);

/* A text of words.h with values, as plain text (day_text()); visible. */
void words_print(FILE *out, enum lang lang, enum word word, const char *const *values);

#endif
