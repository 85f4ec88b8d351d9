// SPDX-License-Identifier: GPL-2.0-or-later
/* See watch_args.h. */
#include "cmd/watch_args.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/codes.h"
#include "kernel/gate.h"
#include "net/address.h"

void watch_args_begin(struct watch_filter *filter)
{
	*filter = (struct watch_filter){ .every_country = 1 };
}

int watch_args_source(const struct command *command, const char *text, struct watch_filter *filter)
{
	struct prefix prefix, all = { .length = 128 };
	_cleanup_free_ char *visible = cmd_visible(text);
	int err = prefix_parse(text, strlen(text), &prefix);

	if (err && err != -EDOM)
		return cmd_usage(command, "--source %s: not an address or a prefix",
				 visible ? visible : "?");
	memset(&all.address, 0xff, sizeof(all.address));
	filter->source = prefix.address;
	filter->mask = address_mask(&all.address, prefix.length);
	filter->family = prefix_is4(&prefix) ? 4 : 6;
	return EXIT_DONE;
}

int watch_args_reason(const struct command *command, char *text, struct watch_filter *filter)
{
	for (char *word; (word = strsep(&text, ", "));) {
		struct cmd_names names = { .nearest.word = word };
		unsigned reason = 0;

		if (!strcmp(word, "drop")) {
			filter->reasons |= ((1U << REASON_COUNT) - 1) & ~(1U << REASON_NONE);
			continue;
		}
		for (; reason < REASON_COUNT && strcmp(word, reason_name(reason)); reason++)
			cmd_names_offer(&names, reason_name(reason));
		cmd_names_offer(&names, "drop");
		if (reason == REASON_COUNT)
			return cmd_no_such(command, "reason", &names);
		filter->reasons |= 1U << reason;
	}
	return EXIT_DONE;
}

int watch_args_country(const struct command *command, char *text, struct watch_filter *filter)
{
	filter->every_country = 0;
	for (char *word; (word = strsep(&text, ", "));) {
		int country = country_from_text(word, strlen(word));
		_cleanup_free_ char *visible = cmd_visible(word);

		if (country < 0 ||
		    (country != COUNTRY_LAN && !country_code_known((unsigned)country) &&
		     !country_code_is_list((unsigned)country)))
			return cmd_usage(command,
					 "--country %s: not a country code like JP; ZZ is unknown, "
					 "LAN is private addresses",
					 visible ? visible : "?");
		filter->countries[country / 64] |= 1ULL << country % 64;
	}
	return EXIT_DONE;
}

int watch_args_codes(const struct command *command, const struct config *config,
		     const struct watch_filter *filter)
{
	char text[COUNTRY_TEXT_SIZE];

	for (unsigned code = COUNTRY_XA; code < COUNTRY_XA + COUNTRY_CODES; code++) {
		if (!country_code_is_list(code) || config_gives_code(config, code) ||
		    !(filter->countries[code / 64] >> code % 64 & 1))
			continue;
		country_to_text(code, text);
		return cmd_usage(command, "--country %s: no list gives this code", text);
	}
	return EXIT_DONE;
}

int watch_args_service(const struct command *command, char *text, const struct service_names *names,
		       struct watch_filter *filter)
{
	for (char *word; (word = strsep(&text, ", "));) {
		struct cmd_names known = { .nearest.word = word };
		unsigned service = 1;

		for (; service < SERVICE_MAX && (!*word || strcmp(word, names->of[service]));
		     service++)
			if (*names->of[service])
				cmd_names_offer(&known, names->of[service]);
		if (service == SERVICE_MAX)
			return cmd_no_such(command, "service", &known);
		filter->services |= 1U << service;
	}
	return EXIT_DONE;
}

void watch_args_end(struct watch_filter *filter, unsigned reasons)
{
	if (!filter->services)
		filter->services = UINT32_MAX;
	if (!filter->reasons)
		filter->reasons = reasons;
}
