// SPDX-License-Identifier: GPL-2.0-or-later
/* See bans_ended.h. */
#include "cmd/bans_ended.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "conf/ban_services.h"
#include "detect/detect.h"
#include "show/json.h"
#include "show/shown_ban.h"
#include "show/style.h"

struct printing {
	const struct config *config;
	bool json, failed;
	unsigned columns; /* of the text */
	size_t count;
};

static void format_second(int64_t wall_ns, char text[TIME_TEXT_SIZE])
{
	time_show(wall_ns - wall_ns % NS_PER_S, text);
}

/* Prints a line of 80 columns, and another one for the rule and the reason. A prefix that is too
 * long for its column gets a line of its own. */
static void print_text(const struct ban_record *ban, bool first, unsigned columns)
{
	static const char *const form = "%-28s %-8s %-20s %s\n";
	char prefix[PREFIX_TEXT_SIZE], since[TIME_TEXT_SIZE], ended[TIME_TEXT_SIZE];
	const char *rule = rule_name((enum ban_rule)ban->rule),
		   *word = ban->lifted ? ", lifted: " : ": ";

	if (first)
		printf(form, "PREFIX", "SERVICES", "SINCE", "ENDED");
	prefix_format(&ban->prefix, prefix);
	if (strlen(prefix) > 28)
		puts(prefix);
	format_second(ban->since_wall_ns, since);
	format_second(ban->until_wall_ns, ended);
	printf(form, strlen(prefix) > 28 ? "" : prefix, ban_services_word(ban->services), since,
	       ended);
	printf("  %s%s", rule, word);
	style_wrap(stdout, columns, (unsigned)(2 + strlen(rule) + strlen(word)),
		   *ban->reason ? ban->reason : "-");
	putchar('\n');
}

static bool print_json(const struct config *config, const struct ban_record *ban)
{
	_cleanup_free_ char *line =
		json_line(shown_ban_to_json(ban, json_services(config, ban->services), true));

	if (line)
		fputs(line, stdout);
	return line;
}

static int print_past(const struct ban_record *ban, void *context)
{
	struct printing *printing = context;

	if (!printing->json)
		print_text(ban, !printing->count, printing->columns);
	else if (!print_json(printing->config, ban))
		printing->failed = true;
	printing->count++;
	return printing->failed || ferror(stdout);
}

int bans_ended(const struct command *command, const struct instance *instance, int64_t from_wall_ns,
	       bool json)
{
	struct printing printing = { .config = instance->config,
				     .json = json,
				     .columns = style_columns(stdout) };
	struct fault fault = { 0 };

	if (!instance->store && instance->store_fault.error == -ENOENT)
		return EXIT_DONE; /* a fresh installation */
	if (!instance->store)
		return cmd_failed(command, &instance->store_fault);
	if (store_past_bans_each(instance->store, NULL, from_wall_ns, clock_wall_ns(), print_past,
				 &printing, &fault))
		return cmd_failed(command, &fault);
	if (!printing.count && !json)
		puts("no ban has ended");
	if (!fflush(stdout) && !ferror(stdout) && !printing.failed)
		return EXIT_DONE;
	fault_set(&fault, -EIO, "cannot write to standard output: %m");
	return cmd_failed(command, &fault);
}
