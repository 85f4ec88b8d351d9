// SPDX-License-Identifier: GPL-2.0-or-later
/* See json.h. Pure. */
#include "show/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/time.h"
#include "show/visible.h"

json_t *json_text(const char *text)
{
	_cleanup_free_ char *clean = NULL;
	json_t *value;

	if (!text)
		return json_null();
	value = json_string(text);
	if (value)
		return value;
	clean = utf8_clean(text);
	return clean ? json_string(clean) : NULL;
}

json_t *json_time(int64_t wall_ns)
{
	char text[TIME_TEXT_SIZE];

	if (!wall_ns)
		return json_null();
	time_format(wall_ns, text);
	return json_string(text);
}

json_t *json_count(uint64_t count)
{
	return json_integer(count > INT64_MAX ? INT64_MAX : (json_int_t)count);
}

uint64_t json_count_value(const json_t *value)
{
	json_int_t number = json_integer_value(value);

	return number > 0 ? (uint64_t)number : 0;
}

int64_t json_time_value(const json_t *value)
{
	const char *text = json_string_value(value);
	int64_t wall_ns;

	return text && !time_parse(text, strlen(text), &wall_ns, NULL) ? wall_ns : 0;
}

json_t *json_accounts(const struct decision *decision)
{
	json_t *accounts = json_array();

	for (unsigned i = 0; accounts && i < decision_account_count(decision); i++)
		if (!json_add(accounts, json_text(decision_account(decision, i))))
			break;
	return accounts;
}

bool json_add(json_t *array, json_t *item)
{
	return !json_array_append_new(array, item);
}

char *json_line(json_t *value)
{
	_cleanup_(cleanup_json) json_t *owned = value;
	_cleanup_free_ char *text = NULL;
	char *line = NULL;

	if (owned)
		text = json_dumps(owned, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
	if (!text || asprintf(&line, "%s\n", text) < 0)
		return NULL;
	return line;
}

json_t *json_services(const struct config *config, enum ban_services services)
{
	json_t *names = json_array();

	for (size_t i = 0; names && i < config->service_count; i++)
		if (!config->services[i].removed && config_service_group(config, i) & services &&
		    !json_add(names, json_text(config->services[i].name)))
			break;
	return names;
}

json_t *json_list_services(const struct config *config, uint16_t services)
{
	json_t *names = json_array();

	for (size_t i = 0; names && i < config->service_count; i++)
		if (services >> (i + 1) & 1 &&
		    !json_add(names, json_text(config->services[i].name)))
			break;
	return names;
}

json_t *json_provider_number(uint32_t number)
{
	char text[16];

	snprintf(text, sizeof(text), "AS%u", number);
	return number ? json_string(text) : json_null();
}
