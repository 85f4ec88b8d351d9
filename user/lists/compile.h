/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Countries and lists -> the image of the static table (table.h). Pure: memory in, memory out.
 * Not here: reading text, the store, the kernel.
 */
#ifndef SEKISHO_COMPILE_H
#define SEKISHO_COMPILE_H

#include "lists/ranges.h"
#include "base/fault.h"
#include "table.h"

struct compile_list {
	const char *name; /* for messages */
	uint8_t id;	  /* 1 .. LIST_MAX - 1, each once */
	bool allow;
	const struct ranges *ranges; /* normal */
	uint16_t services;	     /* config_list_services(): a bit for each service id; 0: all */
	uint16_t code; /* COUNTRY_XA and on: it gives this code, and neither allows nor denies */
};

/* `blocks` * TABLE_BLOCK bytes at `data`, owned; table_image_free() ends it. */
struct table_image {
	void *data;
	uint32_t blocks;
};

/* Sweeps all boundaries once. `countries` (normal, values are country indexes) may be NULL.
 * -ENOMEM; -ENOSPC: more than TABLE_PALETTE combinations of country and list, TABLE_MIXED of
 * lists for different services, or TABLE_BLOCKS. */
int table_compile(const struct ranges *countries, const struct compile_list *lists, size_t count,
		  uint64_t generation, struct table_image *image, struct fault *fault);

/* Frees the content; the image is empty then. */
void table_image_free(struct table_image *image);

/* A hash of the services that each list is for, and of the code that it gives; 0 if all lists are
 * for all services, and none gives a code. If it changes, a new table is due. */
uint64_t compile_services(const struct compile_list *lists, size_t count);

/* The lookup that the gate would find for a service (table_find4/6 over the image), without
 * LOOKUP_LONG and LOOKUP_MIXED. Its country may have a code (table.h). */
struct lookup table_image_find(const struct table_image *image, const struct address *address,
			       unsigned service);

#endif
