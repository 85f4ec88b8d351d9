// SPDX-License-Identifier: GPL-2.0-or-later
/* Prefixes as keys of the store: short for IPv4, and sorted as people read them. */
#include "store/database.h"

#include <stdio.h>
#include <string.h>

#define SIZE4 6 /* '4', address, length */
#define SIZE6 18

size_t database_key(const struct prefix *prefix, unsigned char key[DATABASE_KEY_SIZE])
{
	if (prefix_is4(prefix)) {
		key[0] = '4';
		memcpy(key + 1, prefix->address.byte + 12, 4);
		key[5] = (unsigned char)(prefix->length - 96);
		return SIZE4;
	}
	key[0] = '6';
	memcpy(key + 1, prefix->address.byte, 16);
	key[17] = (unsigned char)prefix->length;
	return SIZE6;
}

int database_bind_key(sqlite3_stmt *statement, int parameter, const struct prefix *prefix)
{
	unsigned char key[DATABASE_KEY_SIZE];
	size_t size = database_key(prefix, key);

	return sqlite3_bind_blob(statement, parameter, key, (int)size, SQLITE_TRANSIENT);
}

void database_bind_keys_in(sqlite3_stmt *statement, int first, int last,
			   const struct prefix *prefix)
{
	struct prefix other = *prefix;

	/* Length 0 makes the first key of the first address; length 128 (32 for IPv4) the last key
	 * of the last address. */
	other.length = prefix_is4(prefix) ? 96 : 0;
	database_bind_key(statement, first, &other);
	other.length = 128;
	for (unsigned bit = prefix->length; bit < 128; bit++)
		other.address.byte[bit / 8] |= (unsigned char)(0x80 >> bit % 8);
	database_bind_key(statement, last, &other);
}

static unsigned wider_count(const struct prefix *prefix)
{
	return prefix->length - (prefix_is4(prefix) ? 96 : 0);
}

void database_overlap_sql(const struct prefix *prefix, unsigned first, char *sql, size_t size)
{
	size_t used = (size_t)snprintf(sql, size, "(prefix BETWEEN ?%u AND ?%u OR prefix IN (NULL",
				       first, first + 1);

	for (unsigned i = 0; i < wider_count(prefix); i++)
		used += (size_t)snprintf(sql + used, size - used, ",?%u", first + 2 + i);
	snprintf(sql + used, size - used, "))");
}

void database_bind_overlap(sqlite3_stmt *statement, int first, const struct prefix *prefix)
{
	struct prefix other = *prefix;

	database_bind_keys_in(statement, first, first + 1, prefix);
	for (unsigned i = 0; i < wider_count(prefix); i++) {
		other.length = prefix->length - wider_count(prefix) + i;
		other.address = address_mask(&prefix->address, other.length);
		database_bind_key(statement, first + 2 + (int)i, &other);
	}
}

int database_column_key(struct store *store, sqlite3_stmt *statement, int column,
			struct prefix *prefix, struct fault *fault)
{
	const unsigned char *key = sqlite3_column_blob(statement, column);
	int size = sqlite3_column_bytes(statement, column);

	if (size == SIZE4 && key[0] == '4' && key[5] <= 32) {
		prefix->address = address_from4(0);
		memcpy(prefix->address.byte + 12, key + 1, 4);
		prefix->length = 96U + key[5];
		return 0;
	}
	if (size == SIZE6 && key[0] == '6' && key[17] <= 128) {
		memcpy(prefix->address.byte, key + 1, 16);
		prefix->length = key[17];
		return 0;
	}
	return database_damage(store, fault, "what should be a prefix is none");
}
