/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the JSON writers in this folder share: values that jansson would refuse or that may be
 * absent. Each returns a new reference, or NULL: out of memory, which json_pack() passes on.
 */
#ifndef SEKISHO_JSON_H
#define SEKISHO_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "conf/ban_services.h"
#include "detect/detect.h"

/* `text` of any bytes, made UTF-8; NULL is null. */
json_t *json_text(const char *text);
/* RFC 3339 in UTC; 0 is null. */
json_t *json_time(int64_t wall_ns);
/* A counter; at most 2^63 - 1, as JSON integers of jansson cannot hold more. */
json_t *json_count(uint64_t count);
/* Read such a count and such a time back; 0 for any other value, and for NULL. */
uint64_t json_count_value(const json_t *value);
int64_t json_time_value(const json_t *value);

/* "AS64500"; null for 0, which is not known. */
json_t *json_provider_number(uint32_t number);
/* The names of the configured services that a ban of `services` closes, as an array. */
json_t *json_services(const struct config *config, enum ban_services services);
/* The names of the services that a list is for (config_list_services()). */
json_t *json_list_services(const struct config *config, uint16_t services);
/* The accounts that a decision is about, as an array. */
json_t *json_accounts(const struct decision *decision);
/* Appends a new reference to `array`; takes both NULL. False: out of memory. */
bool json_add(json_t *array, json_t *item);

/* One line and a newline, malloc()ed, ASCII only, so that it is safe on a terminal. Takes the
 * reference; NULL in, NULL out. */
char *json_line(json_t *value);

static inline void cleanup_json(json_t **value)
{
	json_decref(*value);
}

#endif
