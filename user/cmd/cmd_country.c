// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho country`: the country of addresses, and the prefixes of a country. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "conf/codes.h"
#include "enforce/instance.h"
#include "lists/country.h"
#include "lists/providers.h"
#include "lists/write.h"

/* The data for the answers: either countries or providers. */
struct data {
	bool by_provider;
	struct ranges countries;
	struct providers *providers;
};

static void free_data(struct data *data)
{
	ranges_free(&data->countries);
	providers_free(data->providers);
}

static int load_providers(const struct globals *globals, struct providers **providers,
			  struct fault *fault)
{
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	int error = instance_open(globals->config_path, INSTANCE_FAULTY, &instance, fault);

	if (error)
		return error;
	if (instance.config_fault.error)
		cmd_warn(&cmd_country, "%s", instance.config_fault.text);
	error = providers_load(instance.config->provider_files,
			       instance.config->provider_file_count,
			       instance.config->provider_files_default, providers, fault);
	if (error || *providers)
		return error;
	return fault_set(fault, -ENOENT,
			 "there is no provider data: install libloc-database and run `location "
			 "update`, or name a file in [country] providers");
}

/* Loads the data in force or, without the privilege to read that, the configured files. */
static int load(const struct globals *globals, struct ranges *countries, struct fault *fault)
{
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	struct fault ignored = { 0 };
	int error = instance_open(globals->config_path, INSTANCE_STORE_READ | INSTANCE_FAULTY,
				  &instance, fault);

	if (error)
		return error;
	if (instance.config_fault.error)
		cmd_warn(&cmd_country, "%s", instance.config_fault.text);
	if (instance.store &&
	    !store_countries_get(instance.store, NULL, 0, NULL, countries, &ignored))
		return 0;
	ranges_free(countries);
	if (!instance.config->country_file_count)
		return fault_set(fault, -ENOENT,
				 "there is no country data: install tor-geoipdb, or name a file in "
				 "the configuration");
	error = country_load(instance.config->country_files, instance.config->country_file_count,
			     countries, fault);
	if (error == -ENOENT)
		fault_suffix(fault, "; install tor-geoipdb, or name files in [country]");
	return error;
}

static void print_answer(const struct data *data, const struct address *address)
{
	uint32_t number = data->by_provider ? providers_find(data->providers, address) : 0;
	char text[COUNTRY_TEXT_SIZE];

	if (data->by_provider && !number) {
		puts("-");
	} else if (data->by_provider) {
		printf("AS%u\n", number);
	} else {
		country_to_text(country_find(&data->countries, address), text);
		puts(text);
	}
}

/* Answers for one address; "??" keeps answers in step with questions. `kind` and `number` name the
 * place in a message: "ADDRESS 3". */
static bool answer(const struct data *data, const char *text, size_t size, const char *kind,
		   size_t number)
{
	struct address address;
	_cleanup_free_ char *visible = NULL;

	if (!address_parse(text, size, &address)) {
		print_answer(data, &address);
		return true;
	}
	fputs("??\n", stdout);
	visible = cmd_visible(text);
	fprintf(stderr, "sekisho country: %s%zu: '%.60s' is no address\n", kind, number,
		visible ? visible : "?");
	return false;
}

static int answer_stdin(const struct data *data, bool *all)
{
	_cleanup_free_ char *line = NULL;
	size_t room = 0, number = 0;
	ssize_t size;

	while ((size = getline(&line, &room, stdin)) > 0) {
		number++;
		while (size && strchr("\r\n \t", line[size - 1]))
			line[--size] = '\0';
		*all &= answer(data, line, (size_t)size, "line ", number);
	}
	return ferror(stdin) ? -errno : 0;
}

/* All addresses that `taken` does not cover, with the value of no country. */
static int complement(struct ranges *taken, struct ranges *rest)
{
	_cleanup_(ranges_free) struct ranges all = { 0 };

	if (ranges_add4(&all, 0, UINT32_MAX, COUNTRY_ZZ) ||
	    ranges_add6(&all, 0, (u128)-1, COUNTRY_ZZ))
		return -ENOMEM;
	return ranges_subtract(rest, &all, taken);
}

/* Takes local addresses out, as country_find() does: they are LAN whatever the data says. */
static int subtract_lan(struct ranges *ranges)
{
	_cleanup_(ranges_free) struct ranges all = *ranges, lan = { 0 };

	*ranges = (struct ranges){ 0 };
	if (country_add_lan(&lan))
		return -ENOMEM;
	return ranges_subtract(ranges, &all, &lan);
}

/* The ranges of one country; for ZZ also the addresses that the data does not cover. */
static int select_country(const struct ranges *countries, uint32_t country, struct ranges *selected)
{
	_cleanup_(ranges_free) struct ranges others = { 0 };
	bool unknown = country == COUNTRY_ZZ;
	int error = 0;

	for (size_t i = 0; i < countries->count4 && !error; i++) {
		const struct range4 *range = &countries->v4[i];

		if ((range->value == country) != unknown)
			error = ranges_add4(unknown ? &others : selected, range->first, range->last,
					    range->value);
	}
	for (size_t i = 0; i < countries->count6 && !error; i++) {
		const struct range6 *range = &countries->v6[i];

		if ((range->value == country) != unknown)
			error = ranges_add6(unknown ? &others : selected, range->first, range->last,
					    range->value);
	}
	if (!error && unknown)
		error = complement(&others, selected);
	return error ? error : subtract_lan(selected);
}

static int list_country(const struct ranges *countries, const char *code, struct fault *fault)
{
	_cleanup_(ranges_free) struct ranges selected = { 0 };
	bool lan = country_from_text(code, strlen(code)) == COUNTRY_LAN;
	int country = lan ? COUNTRY_LAN : country_normal(code, strlen(code));

	if (lan && country_add_lan(&selected))
		return fault_set(fault, -ENOMEM, "no memory");
	if (!lan && select_country(countries, (uint32_t)country, &selected))
		return fault_set(fault, -ENOMEM, "no memory");
	if (!selected.count4 && !selected.count6)
		return fault_set(fault, -ENOENT, "the country data knows no country '%s'", code);
	return ranges_write(&selected, stdout, fault);
}

/* EXIT_DONE, or EXIT_USAGE: there can be no such country. */
static int check_code(const char *code)
{
	int country = country_from_text(code, strlen(code));

	if (country >= 0 && country_code_is_list((unsigned)country))
		return cmd_usage(&cmd_country,
				 "%s is no country but the code of a list: `sekisho lists` says "
				 "of which, and `sekisho export NAME` prints its prefixes",
				 code);
	if (country < 0 && country_normal(code, strlen(code)) < 0)
		return cmd_usage(&cmd_country,
				 "'%s' is no country code: two letters (ISO 3166), ZZ is unknown, "
				 "LAN is local addresses",
				 code);
	return EXIT_DONE;
}

static int answer_all(const struct data *data, int count, char **texts, struct fault *fault)
{
	bool all = true;
	int error = 0;

	if (!count || (count == 1 && !strcmp(texts[0], "-")))
		error = answer_stdin(data, &all);
	else
		for (int i = 0; i < count; i++)
			all &= answer(data, texts[i], strlen(texts[i]), "argument ", (size_t)i + 1);
	if (fflush(stdout))
		error = -errno;
	if (error)
		return fault_set(fault, error, "cannot read or write: %s", strerror(-error));
	return all ? 0 : fault_set(fault, -EINVAL, "not every address could be read");
}

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = { { "list", required_argument, NULL, 'l' },
						 { "provider", no_argument, NULL, 'p' },
						 { 0 } };
	_cleanup_(free_data) struct data data = { 0 };
	const char *code = NULL;
	struct fault fault = { 0 };
	int error;

	for (int c; (c = getopt_long(argc, argv, ":l:p", options, NULL)) != -1;) {
		if (c != 'l' && c != 'p')
			return cmd_bad_option(&cmd_country, options, c, argv);
		if (c == 'l')
			code = optarg;
		data.by_provider |= c == 'p';
	}
	if (code && (optind < argc || data.by_provider))
		return cmd_usage(&cmd_country, "--list takes one country and no addresses");
	if (!code && optind == argc && isatty(STDIN_FILENO))
		return cmd_usage(&cmd_country, "an address is missing, or '-' for standard input");
	if (code && check_code(code))
		return EXIT_USAGE;
	error = data.by_provider ? load_providers(globals, &data.providers, &fault)
				 : load(globals, &data.countries, &fault);
	if (!error)
		error = code ? list_country(&data.countries, code, &fault)
			     : answer_all(&data, argc - optind, argv + optind, &fault);
	return error ? cmd_failed(&cmd_country, &fault) : EXIT_DONE;
}

const struct command cmd_country = {
	.name = "country",
	.summary = "the country or provider of addresses, the prefixes of a country",
	.usage = "[--provider] [ADDR... | -] | --list CC",
	.help = "Prints two letters a line, in the order of the addresses; '-' reads one "
		"address a line from standard input. ZZ is unknown, LAN is a private or "
		"other local address. Where an argument is not an address, the answer is "
		"??, the argument is named on standard error, and the exit status is 1.\n\n"
		"The answers come from the data in force; without the privilege to read it, "
		"from the configured country files.\n\n"
		"  -l, --list CC   the prefixes of a country, one a line; for ZZ, the "
		"prefixes that no country has\n"
		"  -p, --provider  the provider (autonomous system) of the addresses, as "
		"AS64500, or -\n",
	.run = run,
};
