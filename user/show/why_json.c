// SPDX-License-Identifier: GPL-2.0-or-later
/* A struct why (why.h) as JSON; its schema: docs/json.md. Pure. */
#include "base/cleanup.h"
#include "conf/codes.h"
#include "conf/config.h"
#include "detect/detect.h"
#include "show/json.h"
#include "show/why_internal.h"
#include "show/why_then.h"

static json_t *services_to_json(const struct why *why)
{
	_cleanup_(cleanup_json) json_t *services = json_object();

	for (size_t i = 0; i < why->service_count; i++) {
		const struct verdict *verdict = &why->services[i].verdict;
		char country[COUNTRY_TEXT_SIZE];
		json_t *item;

		country_to_text(why->services[i].country, country);
		item = json_pack("{s:s,s:o,s:o,s:s}", "verdict", verdict->drop ? "drop" : "pass",
				 "reason",
				 json_text(verdict->drop ? reason_name(verdict->reason) : NULL),
				 "list", json_text(why_list_name(why, verdict->list)), "country",
				 country);

		if (why->services[i].removed)
			json_decref(item);
		else if (json_object_set_new(services, why->services[i].name, item))
			return NULL;
	}
	return TAKE_PTR(services);
}

/* The names of the services that a list is for. */
static json_t *listed_to_json(const struct why *why, uint16_t services)
{
	json_t *names = json_array();

	for (size_t i = 0; names && i < why->service_count; i++)
		if (services >> (i + 1) & 1 && !json_add(names, json_text(why->services[i].name)))
			break;
	return names;
}

static json_t *bans_to_json(const struct why *why)
{
	_cleanup_(cleanup_json) json_t *bans = json_array();

	for (size_t i = 0; i < why->ban_count; i++) {
		const struct ban_record *ban = &why->bans[i];
		json_t *item =
			shown_ban_to_json(ban, why_closed_to_json(why, ban->services), false);

		if (!json_add(bans, item) ||
		    json_object_set_new(item, "packets",
					ban->in_kernel ? json_count(ban->packets) : json_null()) ||
		    json_object_set_new(item, "attempts",
					ban->in_kernel ? json_count(ban->attempts) : json_null()))
			return NULL;
	}
	return TAKE_PTR(bans);
}

static json_t *lists_to_json(const struct why *why)
{
	_cleanup_(cleanup_json) json_t *lists = json_array();

	for (size_t i = 0; i < why->list_count; i++) {
		const struct why_list *list = &why->lists[i];
		char code[COUNTRY_TEXT_SIZE];

		if (!json_add(lists,
			      json_pack("{s:o,s:s,s:o,s:o}", "name", json_text(list->name),
					"action", list_action_name(list->allow, list->code, code),
					"services", listed_to_json(why, list->services), "source",
					json_text(*list->source ? list->source : NULL))))
			return NULL;
	}
	return TAKE_PTR(lists);
}

static json_t *faults_to_json(const struct why *why)
{
	_cleanup_(cleanup_json) json_t *faults = json_array();

	for (size_t i = 0; i < why->fault_count; i++)
		if (!json_add(faults, json_text(why->faults[i].text)))
			return NULL;
	return TAKE_PTR(faults);
}

struct undo_steps {
	json_t *array;
	bool failed;
};

static void add_step(const char *text, void *context)
{
	struct undo_steps *steps = context;

	steps->failed |= !json_add(steps->array, json_text(text));
}

char *json_why(const struct why *why, const struct why_then *then)
{
	_cleanup_(cleanup_json) json_t *array = json_array();
	char address[ADDRESS_TEXT_SIZE], source[PREFIX_TEXT_SIZE], country[COUNTRY_TEXT_SIZE];
	struct undo_steps steps = { .array = array };

	address_format(&why->address, address);
	why_source_text(why, source);
	country_to_text(why->country, country);
	why_undo(why, add_step, &steps);
	if (steps.failed)
		return NULL;
	return json_line(json_pack(
		"{s:s,s:s,s:s,s:o,s:b,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:O,s:o,s:o}", "address",
		address, "source", source, "country", country, "provider",
		json_provider_number(why->provider), "loaded", why->loaded, "mode",
		gate_mode_name(why->mode), "services", services_to_json(why), "protected",
		json_text(*why->protected ? why->protected : NULL), "bans", bans_to_json(why),
		"earlier_bans", why_past_to_json(why), "stale", why_stale_to_json(why), "lists",
		lists_to_json(why), "evidence",
		why_evidence_to_json(why->evidence, why->evidence_count), "undo", array, "faults",
		faults_to_json(why), "then", then ? why_then_to_json(why, then) : json_null()));
}
