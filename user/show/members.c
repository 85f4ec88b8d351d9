// SPDX-License-Identifier: GPL-2.0-or-later
/* See members.h. */
#include "show/members.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/time.h"
#include "show/json.h"
#include "show/prometheus.h"

uint64_t member_count(const struct member *member, const void *record)
{
	const void *at = (const char *)record + member->offset;

	if (member->kind == MEMBER_TIME)
		return (uint64_t)(*(const int64_t *)at / NS_PER_S);
	if (member->kind == MEMBER_BOOL)
		return *(const bool *)at;
	return member->size == sizeof(unsigned) ? *(const unsigned *)at : *(const uint64_t *)at;
}

static json_t *value_to_json(const struct member *member, const void *record)
{
	const void *at = (const char *)record + member->offset;

	switch (member->kind) {
	case MEMBER_OFFSET:
		return json_integer(*(const int64_t *)at);
	case MEMBER_BOOL:
		return json_boolean(*(const bool *)at);
	case MEMBER_TEXT:
		return json_text(*(const char *)at ? at : NULL);
	case MEMBER_TIME:
		return json_time(*(const int64_t *)at);
	case MEMBER_COUNT:
		break;
	}
	return json_count(member_count(member, record));
}

bool members_add(json_t *object, const struct member *members, const void *record)
{
	for (const struct member *at = members; at->name; at++)
		if (json_object_set_new(object, at->name, value_to_json(at, record)))
			return false;
	return true;
}

json_t *members_to_json(const struct member *members, const void *record)
{
	_cleanup_(cleanup_json) json_t *object = json_object();

	return members_add(object, members, record) ? TAKE_PTR(object) : NULL;
}

json_t *members_to_array(const struct member *members, const void *records, size_t count,
			 size_t stride)
{
	_cleanup_(cleanup_json) json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		if (!json_add(array, members_to_json(members, (const char *)records + i * stride)))
			return NULL;
	return TAKE_PTR(array);
}

static void value_from_json(const struct member *member, const json_t *value, void *at)
{
	uint64_t count = json_count_value(value);
	const char *text = json_string_value(value);

	switch (member->kind) {
	case MEMBER_COUNT:
		if (member->size == sizeof(unsigned))
			*(unsigned *)at = count <= UINT32_MAX ? (unsigned)count : 0;
		else
			*(uint64_t *)at = count;
		break;
	case MEMBER_OFFSET:
		*(int64_t *)at = json_integer_value(value);
		break;
	case MEMBER_BOOL:
		*(bool *)at = json_is_true(value);
		break;
	case MEMBER_TEXT:
		snprintf(at, member->size, "%s", text ? text : "");
		break;
	case MEMBER_TIME:
		*(int64_t *)at = json_time_value(value);
		break;
	}
}

void members_from_json(const struct member *members, const json_t *object, void *record)
{
	for (const struct member *at = members; at->name; at++)
		value_from_json(at, json_object_get(object, at->name), (char *)record + at->offset);
}

int members_from_array(const struct member *members, const json_t *array, size_t stride,
		       void **records, size_t *count)
{
	*records = NULL;
	*count = json_array_size(array);
	if (!*count)
		return 0;
	*records = calloc(*count, stride);
	if (!*records)
		return -ENOMEM;
	for (size_t i = 0; i < *count; i++)
		members_from_json(members, json_array_get(array, i), (char *)*records + i * stride);
	return 0;
}

void members_metrics(FILE *out, const struct member *members, const void *record)
{
	for (const struct member *at = members; at->name; at++)
		if (at->metric)
			prometheus_value(out, at->metric, at->help, member_count(at, record));
}

void members_metrics_each(FILE *out, const struct member *members, const char *label,
			  const void *records, size_t count, size_t stride)
{
	for (const struct member *at = members; count && at->name; at++) {
		if (!at->metric)
			continue;
		prometheus_family(out, at->metric, at->help);
		for (size_t i = 0; i < count; i++) {
			const char *record = (const char *)records + i * stride;

			prometheus_sample1(out, at->metric, label, record + members->offset,
					   member_count(at, record));
		}
	}
}
