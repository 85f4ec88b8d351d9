// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho accounts`: the accounts in an incident, or all that somebody has logged in to. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/alerted_accounts.h"
#include "cmd/cmd.h"
#include "enforce/instance.h"
#include "show/account_facts.h"
#include "show/json.h"
#include "show/visible.h"
#include "store/policy_rows.h"

struct row {
	char *account;
	uint64_t sources;
	int64_t first_wall_ns, last_wall_ns;
	struct account_incident siege, spread;
	int64_t over_wall_ns; /* when it exceeded its budget of recipients today; 0: it did not */
	uint32_t over, held;  /* messages over the budget; messages put on hold */
};

struct account_list_listing {
	const struct instance *instance;
	const struct config *config;
	int64_t now_wall_ns;
	char realm[DETECT_REALM_SIZE]; /* realm of names without one; "": not known */
	struct row *rows;	       /* sorted by account once complete */
	size_t count, room;
	bool failed; /* out of memory */
};

static void free_listing(struct account_list_listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		free(listing->rows[i].account);
	free(listing->rows);
}

static struct row *add_row(struct account_list_listing *listing, const char *account)
{
	struct row *rows = listing->rows;

	if (listing->count == listing->room) {
		size_t room = listing->room * 2 + 64;

		rows = realloc(rows, room * sizeof(*rows));
		listing->failed |= !rows;
		if (!rows)
			return NULL;
		listing->rows = rows;
		listing->room = room;
	}
	rows[listing->count] = (struct row){ .account = strdup(account) };
	listing->failed |= !rows[listing->count].account;
	return rows[listing->count].account ? &rows[listing->count++] : NULL;
}

static void take_account(const char *account, uint64_t sources, int64_t first_wall_ns,
			 int64_t last_wall_ns, void *context)
{
	struct row *row = add_row(context, account);

	if (!row)
		return;
	row->sources = sources;
	row->first_wall_ns = first_wall_ns;
	row->last_wall_ns = last_wall_ns;
}

static void take_incident(const char *account, uint32_t rule, int64_t last_wall_ns, void *context)
{
	struct account_list_listing *listing = context;
	int64_t until = account_incident_until(listing->config, rule, last_wall_ns);
	struct row *row = until > listing->now_wall_ns ? add_row(listing, account) : NULL;

	if (row)
		*(rule == RULE_ACCOUNT_SIEGE ? &row->siege : &row->spread) =
			(struct account_incident){ last_wall_ns, until };
}

static void take_over(const char *account, const struct judge_budget *budget, void *context)
{
	struct row *row = add_row(context, account);

	if (!row)
		return;
	row->over_wall_ns = budget->wall_ns;
	row->over = budget->over;
	row->held = budget->held;
}

/* The length of the account's name without the default realm. */
static size_t name_size(const struct row *row, const char *realm)
{
	const char *at = strrchr(row->account, '@');

	return *realm && at && !strcasecmp(at + 1, realm) ? (size_t)(at - row->account)
							  : strlen(row->account);
}

static int compare_accounts(const void *a, const void *b, void *realm)
{
	const struct row *x = a, *y = b;
	size_t x_size = name_size(x, realm), y_size = name_size(y, realm);
	int order = strncasecmp(x->account, y->account, x_size < y_size ? x_size : y_size);

	return order ? order : (x_size > y_size) - (x_size < y_size);
}

struct counting {
	struct prefix *sources;
	size_t count;
};

static void count_source(const struct store_known *known, void *context)
{
	struct counting *counting = context;
	struct prefix *grown;

	for (size_t i = 0; i < counting->count; i++)
		if (!memcmp(&counting->sources[i], &known->source, sizeof(known->source)))
			return;
	grown = reallocarray(counting->sources, counting->count + 1, sizeof(*grown));
	if (!grown)
		return;
	counting->sources = grown;
	counting->sources[counting->count++] = known->source;
}

/* Joins the sources of one account under its two names; a source may have used both. */
static void join_sources(const struct account_list_listing *listing, struct row *into,
			 const struct row *row)
{
	struct store *store = listing->instance->store;
	struct counting counting = { 0 };
	struct fault ignored = { 0 };

	if (!into->sources || !row->sources) {
		into->sources += row->sources;
	} else {
		store_known_each(store, into->account, count_source, &counting, &ignored);
		store_known_each(store, row->account, count_source, &counting, &ignored);
		into->sources = counting.count;
		free(counting.sources);
	}
	if (!into->first_wall_ns ||
	    (row->first_wall_ns && row->first_wall_ns < into->first_wall_ns))
		into->first_wall_ns = row->first_wall_ns;
	if (row->last_wall_ns > into->last_wall_ns)
		into->last_wall_ns = row->last_wall_ns;
}

static void join_incident(struct account_incident *into, const struct account_incident *incident)
{
	if (incident->last_wall_ns > into->last_wall_ns)
		*into = *incident;
}

/* Keeps the name with the realm. */
static void join_names(struct row *into, struct row *row)
{
	if (strlen(row->account) > strlen(into->account)) {
		char *longer = row->account;

		row->account = into->account;
		into->account = longer;
	}
	free(row->account);
}

/* Joins the rows of one account, whose incidents and sources are read one by one, by each name. */
static void join_rows(struct account_list_listing *listing)
{
	size_t kept = 0;

	account_realm(listing->instance, listing->realm);

	if (listing->count)
		qsort_r(listing->rows, listing->count, sizeof(*listing->rows), compare_accounts,
			listing->realm);
	for (size_t i = 0; i < listing->count; i++) {
		struct row *row = &listing->rows[i], *last = kept ? &listing->rows[kept - 1] : row;

		if (!kept || compare_accounts(last, row, listing->realm)) {
			listing->rows[kept++] = *row;
			continue;
		}
		join_sources(listing, last, row);
		join_incident(&last->siege, &row->siege);
		join_incident(&last->spread, &row->spread);
		if (row->over) {
			last->over_wall_ns = row->over_wall_ns;
			last->over = row->over;
			last->held = row->held;
		}
		join_names(last, row);
	}
	listing->count = kept;
}

static bool is_in_incident(const struct row *row)
{
	return row->siege.last_wall_ns || row->spread.last_wall_ns || row->over;
}

static bool add_incident(json_t *array, enum ban_rule rule, const struct account_incident *incident)
{
	return !incident->last_wall_ns ||
	       json_add(array, json_pack("{s:s, s:o, s:o}", "rule", rule_name(rule), "last",
					 json_time(incident->last_wall_ns), "until",
					 json_time(incident->until_wall_ns)));
}

static int print_json(const struct row *row)
{
	_cleanup_free_ char *line = NULL;
	json_t *incidents = json_array();

	if (incidents && add_incident(incidents, RULE_ACCOUNT_SPREAD, &row->spread))
		add_incident(incidents, RULE_ACCOUNT_SIEGE, &row->siege);
	line = json_line(json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "account",
				   json_text(row->account), "sources", json_count(row->sources),
				   "first", json_time(row->first_wall_ns), "last",
				   json_time(row->last_wall_ns), "troubles", incidents, "over",
				   json_count(row->over), "held", json_count(row->held)));
	if (line)
		fputs(line, stdout);
	return line ? 0 : -ENOMEM;
}

static void print_time(int64_t wall_ns)
{
	char text[TIME_TEXT_SIZE] = "-";

	if (wall_ns)
		time_show(wall_ns / NS_PER_S * NS_PER_S, text);
	printf("%-21s", text);
}

static void print_text(const struct row *row)
{
	const struct account_incident *incident = row->spread.last_wall_ns ? &row->spread
									   : &row->siege;

	print_time(incident->last_wall_ns ? incident->last_wall_ns : row->over_wall_ns);
	print_time(incident->until_wall_ns);
	printf("%-25s %7llu ",
	       row->spread.last_wall_ns && row->siege.last_wall_ns ? "account-spread, -siege"
	       : row->spread.last_wall_ns			   ? "account-spread"
	       : row->siege.last_wall_ns			   ? "account-siege"
	       : row->over					   ? "over its budget"
								   : "-",
	       (unsigned long long)row->sources);
	visible_print(stdout, row->account);
	putchar('\n');
}

/* ---- accounts in alerts of the last day that have no incident above ---- */

struct alerted {
	const struct account_list_listing *listing;
	char *account; /* the last account so far */
	bool others;
};

static int take_alerted(const char *account, void *context)
{
	struct alerted *alerted = context;
	const struct account_list_listing *listing = alerted->listing;
	const struct row row = { .account = (char *)account };
	const struct row last = { .account = alerted->account };

	for (size_t i = 0; i < listing->count; i++)
		if (is_in_incident(&listing->rows[i]) &&
		    !compare_accounts(&listing->rows[i], &row, (void *)listing->realm))
			return 0;
	if (!last.account)
		return !(alerted->account = strdup(account));
	alerted->others = compare_accounts(&last, &row, (void *)listing->realm);
	return alerted->others;
}

static int print_alerted(const struct account_list_listing *listing, struct fault *fault)
{
	struct alerted alerted = { .listing = listing };
	int error = alerted_accounts_each(listing->instance->store,
					  listing->now_wall_ns - 86400 * NS_PER_S, take_alerted,
					  &alerted, fault);

	if (alerted.account) {
		fputs("alerts of the last day name ", stdout);
		visible_print(stdout, alerted.account);
		puts(alerted.others ? " and others: `sekisho alerts`"
				    : ": `sekisho account NAME` tells why");
	}
	free(alerted.account);
	return error;
}

static int print_rows(const struct account_list_listing *listing, bool all, bool as_json,
		      struct fault *fault)
{
	size_t printed = 0;

	for (size_t i = 0; i < listing->count; i++) {
		const struct row *row = &listing->rows[i];

		if (!all && !is_in_incident(row))
			continue;
		if (!printed++ && !as_json)
			printf("%-21s%-21s%-25s %7s %s\n", "LAST TROUBLE", "ENDS", "RULE",
			       "SOURCES", "ACCOUNT");
		if (!as_json)
			print_text(row);
		else if (print_json(row))
			return fault_set(fault, -ENOMEM, "out of memory");
	}
	if (!printed && !as_json)
		puts(all ? "nobody is known to have logged in" : "no account is in trouble");
	if (!all && !as_json && print_alerted(listing, fault))
		return fault->error;
	return fflush(stdout) || ferror(stdout)
		       ? fault_set(fault, -EIO, "cannot write to standard output: %m")
		       : 0;
}

static int list(struct instance *instance, bool all, bool as_json, struct fault *fault)
{
	_cleanup_(free_listing) struct account_list_listing listing = {
		.instance = instance, .config = instance->config, .now_wall_ns = clock_wall_ns()
	};
	int error = store_account_each(instance->store, take_account, &listing, fault);

	if (!error)
		error = store_incident_each(instance->store, take_incident, &listing, fault);
	if (!error)
		error = store_over_each(instance->store,
					(uint32_t)(listing.now_wall_ns / (86400 * NS_PER_S)),
					take_over, &listing, fault);
	if (!error && listing.failed)
		error = fault_set(fault, -ENOMEM, "out of memory");
	if (error)
		return error;
	join_rows(&listing);
	return print_rows(&listing, all, as_json, fault);
}

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option known[] = { { "json", no_argument, NULL, 'j' },
					       { "all", no_argument, NULL, 'a' },
					       { 0 } };
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	bool all = false, as_json = false;
	struct fault fault = { 0 };

	for (int c; (c = getopt_long(argc, argv, ":", known, NULL)) != -1;) {
		if (c == '?')
			return cmd_bad_option(&cmd_accounts, known, c, argv);
		all |= c == 'a';
		as_json |= c == 'j';
	}
	if (optind < argc)
		return cmd_usage(&cmd_accounts,
				 "unexpected argument '%s'; `sekisho account NAME` tells about one",
				 argv[optind]);
	if (cmd_open(&cmd_accounts, globals, INSTANCE_STORE_READ, &instance))
		return EXIT_FAILED;
	if (!instance.store && instance.store_fault.error == -ENOENT)
		return EXIT_DONE; /* a fresh installation */
	if (!instance.store)
		return cmd_failed(&cmd_accounts, &instance.store_fault);
	return list(&instance, all, as_json, &fault) ? cmd_failed(&cmd_accounts, &fault)
						     : EXIT_DONE;
}

const struct command cmd_accounts = {
	.name = "accounts",
	.summary = "the accounts in trouble, or all that are known",
	.usage = "[--json] [--all]",
	.help = "Needs root. Lists the accounts under siege, in a spread, or whose password has "
		"leaked,\nand those that were over their budget of recipients today,\n"
		"with the last event of it, when the state ends unless it goes on, and how many "
		"sources\n"
		"have logged in to them in 30 days. Whom else alerts of the last day name is said "
		"below.\n`sekisho account NAME` tells more.\n\n"
		"  --all   all accounts that somebody logged in to\n"
		"  --json  one object a line: account, sources, first, last, troubles, over,\n"
		"          held (messages today: over the budget, and on hold of these)\n",
	.run = run,
};
