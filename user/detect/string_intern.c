// SPDX-License-Identifier: GPL-2.0-or-later
/* A chained hash of strings that grows. See string_intern.h. */
#include "detect/string_intern.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "detect/lru_table.h"

struct names_name {
	char *text;    /* NULL: not in use */
	uint32_t next; /* in its chain, or in the list of unused items; 0: none */
	uint32_t used; /* references */
};

struct string_intern {
	struct names_name *items; /* the first is not used */
	uint32_t *heads;	  /* `room` of them, a power of two */
	uint32_t room, fresh, free;
	struct lru_seed seed;
};

#define FIRST_ROOM 64

static uint32_t *head_of(const struct string_intern *names, const char *text, size_t size)
{
	unsigned __int128 product;
	uint64_t mixed = names->seed.a | 1;

	for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
		size_t part = size - at < sizeof(uint64_t) ? size - at : sizeof(uint64_t);
		uint64_t letters = 0;

		memcpy(&letters, text + at, part);
		product = (unsigned __int128)(mixed ^ letters) *
			  (0x9e3779b97f4a7c15ULL ^ names->seed.b);
		mixed = (uint64_t)product ^ (uint64_t)(product >> 64);
	}
	return &names->heads[mixed & (names->room - 1)];
}

struct string_intern *string_intern_new(void)
{
	_cleanup_free_ struct string_intern *names = calloc(1, sizeof(*names));

	if (!names)
		return NULL;
	names->items = calloc(FIRST_ROOM, sizeof(*names->items));
	names->heads = calloc(FIRST_ROOM, sizeof(*names->heads));
	names->room = FIRST_ROOM;
	names->fresh = 1;
	names->seed = lru_seed_new();
	if (names->items && names->heads)
		return TAKE_PTR(names);
	free(names->items);
	free(names->heads);
	return NULL;
}

void string_intern_free(struct string_intern *names)
{
	if (!names)
		return;
	for (uint32_t i = 1; i < names->fresh; i++)
		free(names->items[i].text);
	free(names->items);
	free(names->heads);
	free(names);
}

/* Doubles the room; all items go into new chains. */
static int grow(struct string_intern *names)
{
	uint32_t room = names->room * 2, *heads;
	struct names_name *items;

	if (!room)
		return -1;
	items = reallocarray(names->items, room, sizeof(*items));
	if (!items)
		return -1;
	names->items = items;
	heads = calloc(room, sizeof(*heads));
	if (!heads)
		return -1;
	free(names->heads);
	names->heads = heads;
	names->room = room;
	for (uint32_t i = 1; i < names->fresh; i++) {
		uint32_t *head;

		if (!items[i].text)
			continue;
		head = head_of(names, items[i].text, strlen(items[i].text));
		items[i].next = *head;
		*head = i;
	}
	return 0;
}

uint32_t string_intern_take(struct string_intern *names, const char *text, size_t size)
{
	uint32_t *head = head_of(names, text, size), at;
	struct names_name *name;
	char *copy;

	for (at = *head; at; at = names->items[at].next) {
		name = &names->items[at];
		if (strncmp(name->text, text, size) || name->text[size] || name->used == UINT32_MAX)
			continue;
		name->used++;
		return at;
	}
	if (!names->free && names->fresh == names->room) {
		if (grow(names))
			return 0;
		head = head_of(names, text, size);
	}
	copy = strndup(text, size);
	if (!copy)
		return 0;
	at = names->free ? names->free : names->fresh++;
	name = &names->items[at];
	if (at == names->free)
		names->free = name->next;
	*name = (struct names_name){ .text = copy, .next = *head, .used = 1 };
	*head = at;
	return at;
}

void string_intern_drop(struct string_intern *names, uint32_t at)
{
	struct names_name *name = &names->items[at];
	uint32_t *link;

	if (!at || --name->used)
		return;
	link = head_of(names, name->text, strlen(name->text));
	while (*link != at)
		link = &names->items[*link].next;
	*link = name->next;
	free(name->text);
	*name = (struct names_name){ .next = names->free };
	names->free = at;
}

const char *string_intern_text(const struct string_intern *names, uint32_t name)
{
	return name ? names->items[name].text : NULL;
}
