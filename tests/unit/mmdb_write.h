/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small writer of valid MaxMind DB files, for tests: prefixes with two letters each, 24-, 28- or
 * 32-bit records, the aliases of IPv4 that MaxMind's own files have. Not a library: it aborts.
 */
#ifndef SEKISHO_MMDB_WRITE_H
#define SEKISHO_MMDB_WRITE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lists/ranges.h"

#define MMDB_EMPTY   UINT32_MAX
#define MMDB_IS_DATA (1U << 31)

/* MMDB_ASN: the country with index i is autonomous system 64000 + i. */
enum mmdb_shape { MMDB_ISO_CODE, MMDB_COUNTRY_CODE, MMDB_COUNTRY, MMDB_ASN };

struct mmdb_tree {
	uint32_t (*nodes)[2]; /* MMDB_EMPTY, MMDB_IS_DATA | country, or a node */
	size_t count, room;
	unsigned version; /* 4, 6 */
};

static inline uint32_t mmdb_node(struct mmdb_tree *tree)
{
	if (tree->count == tree->room) {
		tree->room = tree->room ? tree->room * 2 : 1024;
		tree->nodes = realloc(tree->nodes, tree->room * sizeof(*tree->nodes));
		if (!tree->nodes)
			abort();
	}
	tree->nodes[tree->count][0] = tree->nodes[tree->count][1] = MMDB_EMPTY;
	return (uint32_t)tree->count++;
}

/* Where the record of the first `depth` bits of `key` is set to `value`. */
static inline void mmdb_set(struct mmdb_tree *tree, u128 key, unsigned depth, uint32_t value)
{
	unsigned bits = tree->version == 4 ? 32 : 128;
	uint32_t node = 0;

	if (!tree->count)
		mmdb_node(tree);
	for (unsigned i = 0; i < depth; i++) {
		unsigned side = (unsigned)(key >> (bits - 1 - i)) & 1;

		if (i + 1 == depth) {
			tree->nodes[node][side] = value;
		} else {
			uint32_t next = tree->nodes[node][side];

			if (next == MMDB_EMPTY) {
				next = mmdb_node(tree);
				tree->nodes[node][side] = next;
			}
			node = next;
		}
	}
}

static inline int mmdb_add(const struct prefix *prefix, uint32_t value, void *context)
{
	struct mmdb_tree *tree = context;
	u128 key = (u128)address_high(&prefix->address) << 64 | address_low(&prefix->address);

	if (prefix_is4(prefix)) {
		key = (uint32_t)key;
		mmdb_set(tree, key, tree->version == 4 ? prefix->length - 96 : prefix->length,
			 MMDB_IS_DATA | value);
	} else if (tree->version == 6) {
		mmdb_set(tree, key, prefix->length, MMDB_IS_DATA | value);
	}
	return 0;
}

/* ::ffff:0:0/96 and 2002::/16 name the same nodes as ::/96. */
static inline void mmdb_alias(struct mmdb_tree *tree)
{
	uint32_t node = 0;

	for (unsigned i = 0; i < 96; i++) {
		uint32_t next = tree->nodes[node][0];

		if (next == MMDB_EMPTY) {
			next = mmdb_node(tree);
			tree->nodes[node][0] = next;
		}
		node = next;
	}
	mmdb_set(tree, (u128)0xffff << 32, 96, node);
	mmdb_set(tree, (u128)0x2002 << 112, 16, node);
}

static inline void mmdb_string(FILE *out, const char *text)
{
	fputc((int)(2 << 5 | strlen(text)), out); /* utf8_string of up to 28 bytes */
	fputs(text, out);
}

static inline void mmdb_number(FILE *out, unsigned type, uint64_t value, unsigned bytes)
{
	if (type <= 7) {
		fputc((int)(type << 5 | bytes), out);
	} else {
		fputc((int)bytes, out); /* extended */
		fputc((int)(type - 7), out);
	}
	while (bytes--)
		fputc((int)(value >> (8 * bytes) & 0xff), out);
}

/* One record's data; its offset in the data section is country * size. */
static inline void mmdb_data(FILE *out, enum mmdb_shape shape, unsigned country)
{
	char text[COUNTRY_TEXT_SIZE];

	country_to_text(country, text);
	fputc(7 << 5 | 1, out); /* map of one */
	if (shape == MMDB_ASN) {
		mmdb_string(out, "autonomous_system_number");
		mmdb_number(out, 6, 64000 + country, 4);
		return;
	}
	if (shape == MMDB_COUNTRY_CODE) {
		mmdb_string(out, "country_code");
	} else {
		mmdb_string(out, "country");
		if (shape == MMDB_ISO_CODE) {
			fputc(7 << 5 | 1, out);
			mmdb_string(out, "iso_code");
		}
	}
	mmdb_string(out, text);
}

static inline void mmdb_record(const struct mmdb_tree *tree, size_t i, unsigned side,
			       size_t data_size, uint64_t *record)
{
	uint32_t value = tree->nodes[i][side];

	if (value == MMDB_EMPTY)
		*record = tree->count;
	else if (value & MMDB_IS_DATA)
		*record = tree->count + 16 + (value & ~MMDB_IS_DATA) * data_size;
	else
		*record = value;
}

static inline void mmdb_nodes(FILE *out, const struct mmdb_tree *tree, unsigned record_bits,
			      size_t data_size)
{
	for (size_t i = 0; i < tree->count; i++) {
		uint64_t left, right;

		mmdb_record(tree, i, 0, data_size, &left);
		mmdb_record(tree, i, 1, data_size, &right);
		if (record_bits == 28) {
			for (int byte = 2; byte >= 0; byte--)
				fputc((int)(left >> (8 * byte) & 0xff), out);
			fputc((int)((left >> 24 & 0xf) << 4 | (right >> 24 & 0xf)), out);
			for (int byte = 2; byte >= 0; byte--)
				fputc((int)(right >> (8 * byte) & 0xff), out);
			continue;
		}
		for (int byte = (int)record_bits / 8 - 1; byte >= 0; byte--)
			fputc((int)(left >> (8 * byte) & 0xff), out);
		for (int byte = (int)record_bits / 8 - 1; byte >= 0; byte--)
			fputc((int)(right >> (8 * byte) & 0xff), out);
	}
}

static inline void mmdb_metadata(FILE *out, const struct mmdb_tree *tree, unsigned record_bits)
{
	fputs("\xab\xcd\xefMaxMind.com", out);
	fputc(7 << 5 | 9, out);
	mmdb_string(out, "binary_format_major_version");
	mmdb_number(out, 5, 2, 2);
	mmdb_string(out, "binary_format_minor_version");
	mmdb_number(out, 5, 0, 2);
	mmdb_string(out, "build_epoch");
	mmdb_number(out, 9, 1795132800, 8);
	mmdb_string(out, "database_type");
	mmdb_string(out, "Test-Country");
	mmdb_string(out, "description");
	fputc(7 << 5, out);
	mmdb_string(out, "ip_version");
	mmdb_number(out, 5, tree->version, 2);
	mmdb_string(out, "languages");
	fputc(0, out); /* array (extended type 11), empty */
	fputc(4, out);
	mmdb_string(out, "node_count");
	mmdb_number(out, 6, tree->count, 4);
	mmdb_string(out, "record_size");
	mmdb_number(out, 5, record_bits, 2);
}

/* The file as malloc()ed bytes. `ranges` is normal. */
static inline char *mmdb_write(const struct ranges *ranges, unsigned version, unsigned record_bits,
			       enum mmdb_shape shape, size_t *size)
{
	struct mmdb_tree tree = { .version = version };
	char *text = NULL;
	size_t data_size;
	FILE *out;

	ranges_each_prefix(ranges, mmdb_add, &tree);
	if (version == 6)
		mmdb_alias(&tree);
	out = open_memstream(&text, size);
	if (!out)
		abort();
	mmdb_data(out, shape, 0);
	data_size = (size_t)ftell(out);
	rewind(out);
	mmdb_nodes(out, &tree, record_bits, data_size);
	for (unsigned i = 0; i < 16; i++)
		fputc(0, out);
	for (unsigned country = 0; country < COUNTRY_COUNT; country++)
		mmdb_data(out, shape, country);
	mmdb_metadata(out, &tree, record_bits);
	fclose(out);
	free(tree.nodes);
	return text;
}

#endif
