// SPDX-License-Identifier: GPL-2.0-or-later
/* See document.h. */
#include "lists/document.h"

#include <string.h>

size_t document_line(struct document *document, const char *entry)
{
	size_t size = strlen(entry);
	const char *end = document->text + document->size;
	const char *found = memmem(document->at, (size_t)(end - document->at), entry, size);

	if (!size || !found)
		return document->line;
	for (; document->at < found; document->at++)
		document->line += *document->at == '\n';
	return document->line;
}

void document_take(struct document *document, const char *entry)
{
	list_take_entry(document->reader, document_line(document, entry), entry, strlen(entry));
}
