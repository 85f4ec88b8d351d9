// SPDX-License-Identifier: GPL-2.0-or-later
/* The configuration: what it becomes, and for each rule of the syntax a text that passes and one
 * whose fault is told word for word. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "conf/config.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct room { /* a folder of its own for each test, and the faults of its last load */
	char folder[32];
	size_t count;
	char faults[32][1024];
};

static int enter(void **state)
{
	struct room *room = calloc(1, sizeof(*room));

	strcpy(room->folder, "/tmp/sekisho-conf-XXXXXX");
	*state = room;
	return mkdtemp(room->folder) ? 0 : -1;
}

static int leave(void **state)
{
	struct room *room = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", room->folder);
	if (system(command))
		return -1;
	free(room);
	return 0;
}

static void note(const char *text, void *context)
{
	struct room *room = context;

	if (room->count < COUNT(room->faults))
		snprintf(room->faults[room->count], sizeof(room->faults[0]), "%s", text);
	room->count++;
}

static const char *path_of(const struct room *room, const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", room->folder, name);
	return path;
}

static void put(const struct room *room, const char *name, const char *text, size_t size)
{
	FILE *file = fopen(path_of(room, name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static struct config *load_path(struct room *room, const char *path, int expected)
{
	struct config *config = (struct config *)room;
	int error;

	room->count = 0;
	error = config_load(path, note, room, &config);
	if (error != expected)
		fail_msg("loading gives %d, not %d; first fault: %s", error, expected,
			 room->count ? room->faults[0] : "none");
	if (expected)
		assert_null(config);
	else
		assert_int_equal(room->count, 0);
	return config;
}

static struct config *load_text(struct room *room, const char *text, int expected)
{
	put(room, "c", text, strlen(text));
	return load_path(room, path_of(room, "c"), expected);
}

/* `expected` without the folder in front. */
static void assert_fault(const struct room *room, size_t i, const char *expected)
{
	char text[1200];

	assert_true(i < room->count);
	snprintf(text, sizeof(text), "%s/%s", room->folder, expected);
	assert_string_equal(room->faults[i], text);
}

static void fails(struct room *room, const char *text, const char *fault)
{
	load_text(room, text, -EINVAL);
	if (room->count != 1)
		fail_msg("%zu faults, not 1, in: %s\n%s\n%s", room->count, text, room->faults[0],
			 room->faults[1]);
	assert_fault(room, 0, fault);
}

static void passes(struct room *room, const char *text)
{
	config_free(load_text(room, text, 0));
}

struct pair {
	const char *good, *bad, *fault;
};

static void check_pairs(struct room *room, const struct pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (pairs[i].good)
			passes(room, pairs[i].good);
		if (pairs[i].bad)
			fails(room, pairs[i].bad, pairs[i].fault);
	}
}

/* ---- what it becomes ---- */

static void an_empty_configuration_is_the_safe_default(void **state)
{
	static const char *const names[] = { "smtp", "submission", "imap", "pop3", "sieve" };
	struct config *config = load_text(*state, "", 0);
	struct rule_settings *rule = &config->detect.rules[RULE_SOURCE_FAILURES];

	assert_int_equal(config->mode, GATE_MONITOR);
	assert_int_equal(config->hook, HOOK_AUTO);
	assert_true(config->interface_auto);
	assert_int_equal(config->interface_count, 0);
	assert_int_equal(config->source_length6, 64);
	assert_int_equal(config->network_length6, 48);
	assert_int_equal(config->network_length4, 120);
	assert_int_equal(config->ban_size, 131072);
	assert_string_equal(config->paths.state, "/var/lib/sekisho");
	assert_string_equal(config->paths.pins, "/sys/fs/bpf/sekisho");
	assert_string_equal(config->paths.runtime, "/run/sekisho");
	assert_int_equal(config->country_file_count, 2);
	assert_true(config->country_files_default);
	assert_string_equal(config->country_files[1], "/usr/share/tor/geoip6");
	assert_int_equal(config->service_count, COUNT(names));
	for (size_t i = 0; i < COUNT(names); i++)
		assert_string_equal(config->services[i].name, names[i]);
	assert_int_equal(config->class_count, 2);
	assert_int_equal(config->list_count + config->log_count + config->never_ban_count, 0);
	assert_int_equal(rule->count, 5);
	assert_int_equal(rule->window_s, 600);
	assert_int_equal(rule->ban_s, 3600);
	assert_int_equal(rule->action, ACTION_BAN);
	assert_int_equal(config->detect.source_length6, 64);
	config_free(config);
}

static void check_complete_services(const struct config *config)
{
	const struct config_service *submission = &config->services[1],
				    *lmtp = &config->services[5];

	assert_int_equal(config->service_count, 6);
	assert_int_equal(submission->port_count, 1); /* it had two */
	assert_int_equal(submission->ports[0], 587);
	assert_int_equal(submission->country_class[9 * 26 + 15], 2); /* JP */
	assert_int_equal(submission->country_class[0], CLASS_DENY);
	assert_string_equal(lmtp->name, "lmtp");
	assert_int_equal(lmtp->port_count, 2);
	assert_int_equal(lmtp->country_class[COUNTRY_ZZ], CLASS_DENY);
	assert_int_equal(lmtp->country_class[3 * 26 + 4], CLASS_PASS); /* DE */
	assert_int_equal(lmtp->country_class[9 * 26 + 15], 3);
	assert_int_equal(config->services[0].country_class[0], CLASS_PASS);
}

static void check_complete_classes(const struct config *config)
{
	const struct limits *home = &config->classes[2].limits, *world = &config->classes[3].limits;

	assert_int_equal(config->class_count, 4);
	assert_string_equal(config->classes[2].name, "home");
	assert_int_equal(home->source_connections, 50);
	assert_int_equal(home->source_interval_ns, 500000000);
	assert_int_equal(home->source_burst, 60);
	assert_int_equal(home->network_connections, 0);
	assert_int_equal(home->network_interval_ns, 0);
	assert_int_equal(home->network_burst, 0);
	assert_int_equal(world->source_burst, 30); /* a minute's worth */
	assert_int_equal(world->network_connections, 60);
	assert_int_equal(world->network_interval_ns, 3600000000);
	assert_int_equal(world->network_burst, 500);
	assert_int_equal(world->country_interval_ns, 200000000);
	assert_int_equal(world->country_burst, 1000);
}

#define COMPLETE "tests/unit/data/conf/complete.conf"

static void every_key_reaches_its_field(void **state)
{
	struct config *config = load_path(*state, COMPLETE, 0);
	struct rule_settings *rule = &config->detect.rules[RULE_SOURCE_FAILURES];

	assert_string_equal(config->path, COMPLETE);
	assert_string_equal(config->paths.state, "/tmp/state");
	assert_string_equal(config->paths.pins, "/sys/fs/bpf/other");
	assert_string_equal(config->paths.runtime, "/run/other");
	assert_int_equal(config->mode, GATE_ENFORCE);
	assert_int_equal(config->hook, HOOK_TC);
	assert_false(config->interface_auto);
	assert_int_equal(config->interface_count, 3);
	assert_string_equal(config->interfaces[0], "eth0");
	assert_string_equal(config->interfaces[2], "wg0");
	assert_int_equal(config->source_length6, 56);
	assert_int_equal(config->network_length6, 40);
	assert_int_equal(config->network_length4, 116);
	assert_int_equal(config->never_ban_count, 3);
	assert_int_equal(config->never_ban[0].length, 120);
	assert_int_equal(config->never_ban[2].length, 128);
	assert_int_equal(config->ban_size, 1000);
	assert_int_equal(config->country_file_count, 2);
	assert_false(config->country_files_default);
	assert_string_equal(config->country_files[0], "/srv/geo,ip");
	check_complete_services(config);
	check_complete_classes(config);
	assert_int_equal(config->list_count, 2);
	assert_string_equal(config->lists[0].name, "drop");
	assert_false(config->lists[0].allow);
	assert_string_equal(config->lists[0].file, "/etc/sekisho/lists/drop.txt");
	assert_string_equal(config->lists[0].where, COMPLETE ":48");
	assert_true(config->lists[1].allow);
	assert_null(config->lists[1].file);
	assert_int_equal(config->log_count, 1);
	assert_string_equal(config->logs[0].file, "/var/log/mail.log");
	assert_int_equal(rule->count, 7);
	assert_int_equal(rule->window_s, 900);
	assert_int_equal(rule->ban_s, 5400);
	assert_int_equal(rule->action, ACTION_BAN_ALERT);
	assert_int_equal(config->detect.source_length6, 56);
	config_free(config);
}

static void the_policy_says_what_the_configuration_says(void **state)
{
	struct config *config = load_path(*state, COMPLETE, 0);
	struct policy *policy = malloc(sizeof(*policy));
	unsigned ports = 0;

	memset(policy, 0xff, sizeof(*policy));
	config_to_policy(config, policy);
	assert_int_equal(policy->mode, GATE_ENFORCE);
	assert_int_equal(policy->service_count, 6);
	assert_int_equal(policy->source_length6, 56);
	assert_int_equal(policy->network_length6, 40);
	assert_int_equal(policy->network_length4, 116);
	assert_int_equal(policy->count_syn, 0);
	assert_int_equal(policy->port_service[25], 1);
	assert_int_equal(policy->port_service[587], 2);
	assert_int_equal(policy->port_service[465], 0);
	assert_int_equal(policy->port_service[2400], 6);
	for (unsigned port = 0; port < PORT_COUNT; port++)
		ports += policy->port_service[port] != 0;
	assert_int_equal(ports, 1 + 1 + 2 + 2 + 1 + 2);
	assert_int_equal(policy->country_class[2][9 * 26 + 15], 2);
	assert_int_equal(policy->country_class[2][0], CLASS_DENY);
	assert_int_equal(policy->country_class[6][0], 3);
	assert_int_equal(policy->country_class[0][0], CLASS_PASS);
	assert_int_equal(policy->classes[3].network_connections, 60);
	assert_int_equal(policy->classes[CLASS_DENY].source_connections, 0);
	assert_int_equal(policy->classes[4].source_connections, 0);
	free(policy);
	config_free(config);
}

static void a_burst_that_nobody_set_is_a_minutes_worth(void **state)
{
	static const struct {
		const char *rate;
		uint32_t burst;
	} cases[] = { { "30/m", 30 }, { "5/s", 300 }, { "1000/h", 16 },
		      { "20/d", 1 },  { "1/w", 1 },   { "1000000/s", CONFIG_BURST_MAX } };

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config *config;
		char text[64];

		snprintf(text, sizeof(text), "[class a]\ncountry-rate = %s\n", cases[i].rate);
		config = load_text(*state, text, 0);
		assert_int_equal(config->classes[2].limits.country_burst, cases[i].burst);
		config_free(config);
	}
}

static void star_is_every_country_not_named_wherever_it_stands(void **state)
{
	struct config *config = load_text(*state,
					  "[service smtp]\ncountries = JP:pass *:deny FR:a\n"
					  "[service imap]\ncountries = JP:deny\n[class a]\n",
					  0);

	assert_int_equal(config->services[0].country_class[9 * 26 + 15], CLASS_PASS);
	assert_int_equal(config->services[0].country_class[5 * 26 + 17], 2);
	assert_int_equal(config->services[0].country_class[COUNTRY_ZZ], CLASS_DENY);
	assert_int_equal(config->services[2].country_class[9 * 26 + 15], CLASS_DENY);
	assert_int_equal(config->services[2].country_class[COUNTRY_ZZ], CLASS_PASS);
	config_free(config);
}

/* ---- the syntax ---- */

static void text_that_is_no_configuration_is_refused(void **state)
{
	static const struct pair pairs[] = {
		{ "\xef\xbb\xbf[gate]\r\nmode = enforce\r\n", "[gate]\nmode\n",
		  "c:2: this is neither [SECTION] nor KEY = VALUE" },
		{ "[gate]\nmode=monitor", "[gate]\nmode: monitor\n",
		  "c:2: this is neither [SECTION] nor KEY = VALUE" },
		{ NULL, "[gate]\n= monitor\n", "c:2: this is neither [SECTION] nor KEY = VALUE" },
		{ "[gate]\n", "[gate\nmode = x\n", "c:1: this section's name does not end in ']'" },
		{ "[gate] # [x\n", "[gate] x\n", "c:1: this section's name does not end in ']'" },
		{ "\n\n# c\n[gate]\n", "\nmode = monitor\n[gate]\n",
		  "c:2: 'mode' stands before any [SECTION]" },
		{ "# \xe9\x96\xa2\xe6\x89\x80\n", "[gate]\n# caf\xe9\nmode = enforce\n",
		  "c:2: this line is not UTF-8; convert the file (iconv -t UTF-8)" },
		{ NULL, "[gate]\nmode = \xc0\xaf\n",
		  "c:2: this line is not UTF-8; convert the file (iconv -t UTF-8)" },
		{ NULL, "[gate]\nmode = \xed\xa0\x80\n",
		  "c:2: this line is not UTF-8; convert the file (iconv -t UTF-8)" },
		{ NULL, "[gate]\nmode = \x1b[1mx\n",
		  "c:2: control character 0x1b in this line; remove it" },
		{ "[gate]\nmode =\tmonitor\n", "[gate]\n  mode = monitor\n",
		  "c:2: an indented line continues the value above, and there is none; begin keys "
		  "and sections at the margin" },
		{ "[gate]\nmode = monitor\nhook = tc\n", "[gate]\nmode = monitor\n  hook = tc\n",
		  "c:3: 'hook' is indented, so it would continue the value of 'mode'; begin keys "
		  "at "
		  "the margin" },
		{ NULL, "[gate]\nmode = monitor\n [paths]\n",
		  "c:3: this section is indented; begin it at the margin" },
		{ "[gate]\nmode = monitor # x\n", "[gate]\nmode = monitor# x\n",
		  "c:2: 'monitor# x' is no mode; did you mean 'monitor'?" },
		{ "[gate]\nmode = monitor ; x\n", "[gate]\nmode =   # x\n",
		  "c:2: 'mode' has no value" },
	};

	check_pairs(*state, pairs, COUNT(pairs));
}

static void a_nul_byte_is_refused(void **state)
{
	static const char text[] = "[gate]\nmode = mon\0itor\n";

	put(*state, "c", text, sizeof(text) - 1);
	load_path(*state, path_of(*state, "c"), -EINVAL);
	assert_fault(*state, 0, "c:2: control character 0x00 in this line; remove it");
}

static void a_long_line_is_a_fault_and_never_split(void **state)
{
	char text[1024] = "[gate]\nnever-ban = 192.0.2.1", *end = text + strlen(text);

	/* Blanks in between, then a word that ends exactly where the room does. */
	memset(end, ' ', 300);
	strcpy(text + 7 + 198 - 9, "192.0.2.2\n");
	passes(*state, text);
	strcpy(text + 7 + 199 - 9, "192.0.2.2\nmode = x\n");
	memset(text + 7 + 188, ' ', 2);
	load_text(*state, text, -EINVAL);
	assert_fault(*state, 0,
		     "c:2: this line is longer than 198 bytes; continue a list on an indented "
		     "line");
	assert_fault(*state, 1, "c:3: 'x' is no mode; it is one of monitor, enforce");
	/* A comment may be as long as it likes. */
	memset(text + 7, '#', 600);
	strcpy(text + 607, "\nmode = enforce\n");
	passes(*state, text);
}

static void unknown_names_are_told_with_the_nearest_known_one(void **state)
{
	static const struct pair pairs[] = {
		{ NULL, "[gate]\nmdoe = monitor\n",
		  "c:2: unknown key 'mdoe' in [gate]; did you mean 'mode'?" },
		{ NULL, "[gate]\nMode = monitor\n",
		  "c:2: unknown key 'Mode' in [gate]; did you mean 'mode'?" },
		{ NULL, "[class home]\nconections = 5\n\t6\n",
		  "c:2: unknown key 'conections' in [class home]; did you mean 'connections'?" },
		{ NULL, "[gate]\ncolour = blue\n",
		  "c:2: unknown key 'colour' in [gate]; see sekisho.conf(5)" },
		{ NULL, "[gates]\nx = 1\n", "c:1: unknown section [gates]; did you mean [gate]?" },
		{ NULL, "[services smtp]\n",
		  "c:1: unknown section [services smtp]; did you mean [service NAME]?" },
		{ NULL, "[metrics]\nlisten = 1\n",
		  "c:1: unknown section [metrics]; see sekisho.conf(5)" },
		{ NULL, "[]\n", "c:1: unknown section []; see sekisho.conf(5)" },
		{ "[rule source-failures]\n", "[rule source-failure]\nwindow = 1h\n",
		  "c:1: there is no rule 'source-failure'; did you mean 'source-failures'?" },
		{ NULL, "[rule x]\n", "c:1: there is no rule 'x'; see sekisho.conf(5)" },
		{ "[gate]\nhook = generic\n", "[gate]\nhook = genric\n",
		  "c:2: 'genric' is no hook; did you mean 'generic'?" },
		{ "[gate]\nhook = xdp\n", "[gate]\nhook = native\n",
		  "c:2: 'native' is no hook; it is one of auto, xdp, tc, generic" },
		{ "[class home]\n[service smtp]\ncountries = *:home\n",
		  "[class home]\n[service smtp]\ncountries = *:hoem\n",
		  "c:3: there is no class 'hoem'; did you mean 'home'?" },
		{ "[service smtp]\ncountries = *:home\n[class home]\n",
		  "[service smtp]\ncountries = *:home\n",
		  "c:2: there is no class 'home'; add [class home]" },
	};

	check_pairs(*state, pairs, COUNT(pairs));
}

static void sections_have_the_name_they_need(void **state)
{
	static const struct pair pairs[] = {
		{ "[service x]\nports = 1\n", "[service]\nports = 1\n",
		  "c:1: [service] needs a name: [service NAME]" },
		{ "[ gate ]\n", "[gate x]\n", "c:1: [gate x] takes no name; write [gate]" },
		{ "[list\t a.B-9_ ]\naction = deny\n", "[list a/b]\naction = deny\n",
		  "c:1: 'a/b' is not a name: at most 63 letters, digits, '.', '_' and '-', a "
		  "letter "
		  "or digit first" },
		{ NULL, "[list .a]\naction = deny\n",
		  "c:1: '.a' is not a name: at most 63 letters, digits, '.', '_' and '-', a letter "
		  "or digit first" },
		{ NULL, "[list a b]\naction = deny\n",
		  "c:1: 'a b' is not a name: at most 63 letters, digits, '.', '_' and '-', a "
		  "letter "
		  "or digit first" },
		{ "[list aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n"
		  "action = deny\n"
		  "[list aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab]\n"
		  "action = deny\n",
		  "[log aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n",
		  "c:1: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' is not "
		  "a name: at most 63 letters, digits, '.', '_' and '-', a letter or digit first" },
		{ "[class passed]\n", "[class pass]\n",
		  "c:1: the class 'pass' is built in; choose another name" },
		{ NULL, "[class deny]\nrate = 1/s\n",
		  "c:1: the class 'deny' is built in; choose another name" },
	};

	check_pairs(*state, pairs, COUNT(pairs));
}

static void nothing_is_said_twice_in_one_file(void **state)
{
	static const struct pair pairs[] = {
		{ "[class a]\n[class b]\n", "[class a]\n[class b]\n[class  a]\n",
		  "c:3: [class  a] was begun in line 1; put the two together" },
		{ NULL, "[gate]\n[gate]\n",
		  "c:2: [gate] was begun in line 1; put the two together" },
		{ NULL, "[gate]\nmode = monitor\n\nmode = enforce\n",
		  "c:4: 'mode' was given in line 2; keep one of the two" },
		{ NULL, "[gate]\nmode = monitor\n  enforce\n",
		  "c:3: 'mode' takes one value, which ends with its line" },
		{ "[gate]\ninterface = eth0 eth1\n", "[gate]\ninterface = eth0\n\teth0\n",
		  "c:3: the interface 'eth0' is named twice" },
		{ "[service smtp]\nports = 25\nports = 26\n\n # c\n 27\n",
		  "[service smtp]\nports = 25 25\n", "c:2: port 25 is named twice" },
		{ "[service smtp]\ncountries = JP:deny\ncountries = FR:pass\n",
		  "[service smtp]\ncountries = JP:deny\ncountries = jp:pass\n",
		  "c:3: 'jp' is named twice; the first time in line 2" },
	};

	check_pairs(*state, pairs, COUNT(pairs));
}

/* ---- the values ---- */

static void values_of_the_gate(void **state)
{
	static const struct pair pairs[] = {
		{ "[gate]\ninterface = auto\n", "[gate]\ninterface = auto eth0\n",
		  "c:2: 'interface' is either 'auto' or names, not both" },
		{ "[gate]\ninterface =\n eth0\n", "[gate]\ninterface = eth0\n auto\n",
		  "c:3: 'interface' is either 'auto' or names, not both" },
		{ NULL, "[gate]\ninterface =\nmode = monitor\n", "c:2: 'interface' has no value" },
		{ "[gate]\ninterface = abcdefghijklmno\n", "[gate]\ninterface = abcdefghijklmnop\n",
		  "c:2: 'abcdefghijklmnop' is no name of a network interface; `ip link` lists "
		  "them" },
		{ "[gate]\ninterface = eth0.5\n", "[gate]\ninterface = ../x\n",
		  "c:2: '../x' is no name of a network interface; `ip link` lists them" },
		{ "[gate]\nsource-prefix6 = 128\n", "[gate]\nsource-prefix6 = 129\n",
		  "c:2: '129' is no prefix length of 32 to 128" },
		{ "[gate]\nnetwork-prefix4 = 8\n", "[gate]\nnetwork-prefix4 = /24\n",
		  "c:2: '/24' is no prefix length of 8 to 32" },
		{ "[gate]\nsource-prefix6 = 56\nnetwork-prefix6 = 56\n",
		  "[gate]\nsource-prefix6 = 56\nnetwork-prefix6 = 57\n",
		  "c:3: 'network-prefix6' (57) is longer than 'source-prefix6' (56); a network "
		  "holds its sources" },
		{ NULL, "[gate]\nsource-prefix6 = 40\n",
		  "c:2: 'network-prefix6' (48) is longer than 'source-prefix6' (40); a network "
		  "holds its sources" },
		{ "[gate]\nbans = 16777216\n", "[gate]\nbans = 16777217\n",
		  "c:2: '16777217' is no number of 1 to 16777216" },
		{ "[gate]\nbans = 1\n", "[gate]\nbans = 0\n",
		  "c:2: '0' is no number of 1 to 16777216" },
		{ NULL, "[gate]\nbans = 99999999999999999999\n",
		  "c:2: '99999999999999999999' is no number of 1 to 16777216" },
		{ "[gate]\nnever-ban = 192.0.2.0/24, ::1\n", "[gate]\nnever-ban = 192.0.2.1/24\n",
		  "c:2: '192.0.2.1/24' has bits beyond its length; write 192.0.2.0/24" },
		{ NULL, "[gate]\nnever-ban = mail.example\n",
		  "c:2: 'mail.example' is no address and no prefix; write it as 192.0.2.0/24 or "
		  "2001:db8::/32" },
		{ "[gate]\nnever-ban = ::/0\n", NULL, NULL },
	};

	check_pairs(*state, pairs, COUNT(pairs));
}

static void values_of_services(void **state)
{
	static const struct pair pairs[] = {
		{ "[service x]\nports = 1 65535\n", "[service x]\nports = 0\n",
		  "c:2: '0' is no TCP port; ports are 1 to 65535" },
		{ NULL, "[service smtp]\nports = 25,\n 70000\n",
		  "c:3: '70000' is no TCP port; ports are 1 to 65535" },
		{ NULL, "[service smtp]\nports = smtp\n",
		  "c:2: 'smtp' is no TCP port; ports are 1 to 65535" },
		{ NULL, "[service smtp]\nports = 25-26\n",
		  "c:2: '25-26' is no TCP port; ports are 1 to 65535" },
		{ "[service x]\nports = none\n", "[service x]\n",
		  "c:1: [service x] has no 'ports'" },
		{ NULL, "[service smtp]\nports =\n", "c:2: 'ports' has no value" },
		{ "[service pop3]\nports = none\n", "[service pop3]\nports = none 110\n",
		  "c:2: 'ports' is either 'none' or numbers, not both" },
		{ NULL, "[service pop3]\nports = 110\n none\n",
		  "c:3: 'ports' is either 'none' or numbers, not both" },
		{ "[service x]\nports = 587\n[service submission]\nports = 465\n",
		  "[service x]\nports = 26\n 587\n",
		  "c:3: port 587 is already that of the service 'submission'; take it out of one "
		  "of "
		  "them ('ports = none' empties a service)" },
		{ NULL, "[service a]\nports = 1\n[service b]\nports = 2 1\n",
		  "c:4: port 1 is already that of the service 'a'; take it out of one of them "
		  "('ports = none' empties a service)" },
		{ NULL, "[service smtp]\nports = 25 993\n",
		  "c:2: port 993 is already that of the service 'imap'; take it out of one of them "
		  "('ports = none' empties a service)" },
		{ "[service smtp]\ncountries = ZZ:deny EU:deny XK:deny AN:deny AP:deny *:pass\n",
		  "[service smtp]\ncountries = XX:deny\n",
		  "c:2: 'XX' is no country code; it is two letters of ISO 3166 (JP), ZZ for "
		  "unknown, "
		  "or * for all others" },
		{ "[service smtp]\ncountries = GB:deny\n", "[service smtp]\ncountries = UK:deny\n",
		  "c:2: 'UK' is no country code; the United Kingdom's is GB" },
		{ NULL, "[service smtp]\ncountries = JPN:deny\n",
		  "c:2: 'JPN' is no country code; it is two letters of ISO 3166 (JP), ZZ for "
		  "unknown, "
		  "or * for all others" },
		{ NULL, "[service smtp]\ncountries = JP\n",
		  "c:2: 'JP' is not COUNTRY:CLASS; write, for example, JP:home *:deny" },
		{ NULL, "[service smtp]\ncountries = JP:\n",
		  "c:2: 'JP:' is not COUNTRY:CLASS; write, for example, JP:home *:deny" },
		{ NULL, "[service smtp]\ncountries = JP:a:b\n",
		  "c:2: 'JP:a:b' is not COUNTRY:CLASS; write, for example, JP:home *:deny" },
	};

	check_pairs(*state, pairs, COUNT(pairs));
}

static void values_of_classes(void **state)
{
	static const struct pair pairs[] = {
		{ "[class a]\nconnections = 1000000\n", "[class a]\nconnections = 1000001\n",
		  "c:2: '1000001' is no number of 1 to 1000000" },
		{ "[class a]\nnetwork-connections = 1\n", "[class a]\nnetwork-connections = 0\n",
		  "c:2: '0' is no number of 1 to 1000000; leave the key out for no limit" },
		{ NULL, "[class a]\nconnections = -1\n", "c:2: '-1' is no number of 1 to 1000000" },
		{ NULL, "[class a]\nconnections = 5 6\n",
		  "c:2: '5 6' is no number of 1 to 1000000" },
		{ "[class a]\nrate = 1000000/s\n", "[class a]\nrate = 30\n",
		  "c:2: '30' is no rate; write it as 5/s, 30/m, 1000/h or 20/d" },
		{ NULL, "[class a]\nrate = 1000001/s\n",
		  "c:2: '1000001/s' is not between 1 and a million a second" },
		{ NULL, "[class a]\ncountry-rate = 0/m\n",
		  "c:2: '0/m' is not between 1 and a million a second; leave the key out for no "
		  "limit" },
		{ "[class a]\nburst = 5\nrate = 1/s\n",
		  "[class a]\nrate = 1/s\nnetwork-burst = 5\n",
		  "c:3: 'network-burst' is nothing without 'network-rate'" },
		{ "[class a]\nrate = 20/d\nburst = 7320\n",
		  "[class a]\nrate = 20/d\nburst = 7321\n",
		  "c:3: 'burst' is more than 'rate' gives in a year" },
	};

	check_pairs(*state, pairs, COUNT(pairs));
}

static void values_of_rules_lists_and_logs(void **state)
{
	static const struct pair pairs[] = {
		{ "[rule source-failures]\nwindow = 30d\n",
		  "[rule source-failures]\nwindow = 31d\n",
		  "c:2: '31d' is not between 1s and 30d" },
		{ "[rule source-failures]\nban = 1s\n", "[rule source-failures]\nban = 60\n",
		  "c:2: '60' is no duration; write it as 10s, 5m, 1h30m or 7d" },
		{ NULL, "[rule source-failures]\nban = 0s\n",
		  "c:2: '0s' is not between 1s and 366d" },
		{ "[rule source-failures]\nfailures = 1\n",
		  "[rule source-failures]\nfailures = 1001\n",
		  "c:2: '1001' is no number of 1 to 1000" },
		{ "[rule source-failures]\naction = off\n",
		  "[rule source-failures]\naction = none\n",
		  "c:2: 'none' is no action; it is one of off, ban, alert, ban+alert" },
		{ "[list a]\naction = allow\n", "[list a]\nfile = /a\n",
		  "c:1: [list a] has no 'action'" },
		{ NULL, "[list a]\naction = drop\n",
		  "c:2: 'drop' is no action; it is one of deny, allow" },
		{ "[list a]\naction = deny\nfile = /a b\n", "[list a]\naction = deny\nfile = a\n",
		  "c:3: 'a' is no absolute path; 'file' begins with '/'" },
		{ "[log a]\nfile = /a\n", "[log a]\n", "c:1: [log a] has no 'file'" },
		{ NULL, "[log a]\nfile = ./a\n",
		  "c:2: './a' is no absolute path; 'file' begins with '/'" },
		{ "[paths]\nstate = /a\n", "[paths]\nstate = a\n",
		  "c:2: 'a' is no absolute path; 'state' begins with '/'" },
		{ NULL, "[paths]\npins = //\n", "c:2: 'pins' cannot be '/'" },
		{ "[country]\nfiles = /a /b\n", "[country]\nfiles = /a b\n",
		  "c:2: 'b' is no absolute path; 'files' begins with '/'" },
		{ NULL, "[country]\nfiles =\n", "c:2: 'files' has no value" },
	};

	check_pairs(*state, pairs, COUNT(pairs));
}

/* `count` sections "[KIND nI]" with `body`. */
static void many(char *text, size_t size, const char *kind, const char *body, unsigned count)
{
	size_t used = 0;

	for (unsigned i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, size - used, "[%s n%u]\n%s", kind, i, body);
}

static void what_has_a_size_says_when_it_is_full(void **state)
{
	char text[16384];

	many(text, sizeof(text), "class", "", CLASS_MAX - 2);
	passes(*state, text);
	many(text, sizeof(text), "class", "", CLASS_MAX - 1);
	fails(*state, text, "c:63: there are more than 62 classes");
	many(text, sizeof(text), "service", "ports = none\n", SERVICE_MAX - 6);
	passes(*state, text);
	many(text, sizeof(text), "service", "ports = none\n", SERVICE_MAX - 5);
	fails(*state, text, "c:21: there are more than 15 services, the built-in ones included");
	many(text, sizeof(text), "list", "action = deny\n", LIST_MAX - 1);
	passes(*state, text);
	many(text, sizeof(text), "list", "action = deny\n", LIST_MAX);
	fails(*state, text, "c:511: there are more than 255 lists");
	strcpy(text, "[service x]\nports =\n");
	for (int i = 0; i < 64; i++)
		sprintf(text + strlen(text), " %d\n", 2000 + i);
	passes(*state, text);
	strcat(text, " 3000\n");
	fails(*state, text, "c:67: a service has at most 64 ports");
}

static void every_fault_is_told_not_only_the_first(void **state)
{
	load_text(*state,
		  "[gate]\nmode = on\nbogus = 1\n continued = 2\nports = 25\n[nothing]\nx = 1\n"
		  "no key\n  and more\n[service smtp]\nports = 0 25 70000\ncountries = *:none\n",
		  -EINVAL);
	assert_int_equal(((struct room *)*state)->count, 8);
	assert_fault(*state, 0, "c:2: 'on' is no mode; it is one of monitor, enforce");
	assert_fault(*state, 1, "c:3: unknown key 'bogus' in [gate]; see sekisho.conf(5)");
	assert_fault(*state, 2, "c:5: unknown key 'ports' in [gate]; see sekisho.conf(5)");
	assert_fault(*state, 3, "c:6: unknown section [nothing]; see sekisho.conf(5)");
	assert_fault(*state, 4, "c:8: this is neither [SECTION] nor KEY = VALUE");
	assert_fault(*state, 5, "c:11: '0' is no TCP port; ports are 1 to 65535");
	assert_fault(*state, 6, "c:11: '70000' is no TCP port; ports are 1 to 65535");
	assert_fault(*state, 7, "c:12: there is no class 'none'; add [class none]");
}

/* ---- files ---- */

static void later_files_replace_what_earlier_ones_say(void **state)
{
	static const char first[] = "[gate]\nnever-ban = 192.0.2.2\nmode = enforce\n"
				    "[service smtp]\nports = 26\n[list a]\nfile = /b\n";
	struct config *config;

	assert_int_equal(mkdir(path_of(*state, "conf.d"), 0755), 0);
	put(*state, "conf.d/20.conf", "[gate]\nbans = 7\n", 16);
	put(*state, "conf.d/10.conf", first, strlen(first));
	put(*state, "conf.d/30.conf~", "bogus", 5);
	put(*state, "conf.d/.40.conf", "bogus", 5);
	config = load_text(*state,
			   "[gate]\nnever-ban = 192.0.2.1\nbans = 5\nmode = monitor\n"
			   "[service smtp]\nports = 25\ncountries = *:deny\n"
			   "[list a]\naction = allow\nfile = /a\n",
			   0);
	assert_int_equal(config->mode, GATE_ENFORCE);
	assert_int_equal(config->ban_size, 7);
	assert_int_equal(config->never_ban_count, 1);
	assert_int_equal(config->never_ban[0].address.byte[15], 2);
	assert_int_equal(config->services[0].port_count, 1);
	assert_int_equal(config->services[0].ports[0], 26);
	assert_int_equal(config->services[0].country_class[0], CLASS_DENY);
	assert_int_equal(config->list_count, 1);
	assert_true(config->lists[0].allow);
	assert_string_equal(config->lists[0].file, "/b");
	config_free(config);
}

static void faults_of_later_files_name_them(void **state)
{
	assert_int_equal(mkdir(path_of(*state, "conf.d"), 0755), 0);
	put(*state, "conf.d/b.conf", "mode = 1\n", 9);
	put(*state, "conf.d/a.conf", "[gate]\nmode = 1\n", 16);
	assert_int_equal(mkdir(path_of(*state, "conf.d/c.conf"), 0755), 0);
	load_text(*state, "[service x]\nports = 25\n", -EISDIR);
	assert_fault(*state, 0, "conf.d/a.conf:2: '1' is no mode; it is one of monitor, enforce");
	assert_fault(*state, 1, "conf.d/b.conf:1: 'mode' stands before any [SECTION]");
	assert_fault(*state, 2,
		     "conf.d/c.conf: cannot be read: Is a directory; name the file in it");
	assert_fault(*state, 3,
		     "c:2: port 25 is already that of the service 'smtp'; take it out of one of "
		     "them ('ports = none' empties a service)");
}

static void a_file_that_cannot_be_read_is_told(void **state)
{
	struct room *room = *state;

	load_path(room, path_of(room, "missing"), -ENOENT);
	assert_int_equal(room->count, 1);
	assert_fault(room, 0,
		     "missing: cannot be read: No such file or directory; name the configuration "
		     "with -c FILE");
	load_path(room, room->folder, -EISDIR);
	assert_int_equal(room->count, 1);
	load_path(room, "/dev/zero", -EFBIG);
	assert_string_equal(room->faults[0], "/dev/zero: cannot be read: File too large; more than "
					     "1 MiB is no configuration");
	put(room, "conf.d", "", 0);
	load_text(room, "", -ENOTDIR);
	assert_fault(room, 0, "conf.d: cannot be read: Not a directory; it is to be a folder");
}

static void the_environment_names_the_file_unless_the_caller_does(void **state)
{
	struct config *config;

	put(*state, "e", "[gate]\nbans = 9\n", 16);
	setenv("SEKISHO_CONFIG", path_of(*state, "e"), 1);
	config = load_path(*state, NULL, 0);
	assert_int_equal(config->ban_size, 9);
	config_free(config);
	config = load_text(*state, "", 0);
	assert_int_equal(config->ban_size, 131072);
	config_free(config);
	setenv("SEKISHO_CONFIG", path_of(*state, "missing"), 1);
	load_path(*state, NULL, -ENOENT);
	unsetenv("SEKISHO_CONFIG");
}

/* What is commented out in the packaged file, put in force: a '#' before a key or a section. */
static void put_packaged(const struct room *room, const char *name)
{
	FILE *from = fopen("packaging/sekisho.conf", "r"), *to = fopen(path_of(room, name), "w");
	char line[256];

	assert_non_null(from);
	assert_non_null(to);
	while (fgets(line, sizeof(line), from)) {
		bool put_in_force = *line == '#' &&
				    strcspn(line + 1, "abcdefghijklmnopqrstuvwxyz[") == 0;

		fputs(line + put_in_force, to);
	}
	fclose(from);
	fclose(to);
}

static void the_packaged_file_is_valid_and_shows_the_defaults(void **state)
{
	struct config *plain = load_text(*state, "", 0), *packaged, *all;

	packaged = load_path(*state, "packaging/sekisho.conf", 0);
	put_packaged(*state, "all");
	all = load_path(*state, path_of(*state, "all"), 0);
	assert_int_equal(packaged->mode, GATE_MONITOR);
	assert_int_equal(packaged->list_count + packaged->log_count, 0);
	assert_int_equal(all->mode, plain->mode);
	assert_int_equal(all->hook, plain->hook);
	assert_true(all->interface_auto);
	assert_int_equal(all->ban_size, plain->ban_size);
	assert_int_equal(all->source_length6, plain->source_length6);
	assert_int_equal(all->network_length6, plain->network_length6);
	assert_int_equal(all->network_length4, plain->network_length4);
	assert_memory_equal(all->services, plain->services, sizeof(all->services));
	assert_memory_equal(&all->detect, &plain->detect, sizeof(all->detect));
	assert_int_equal(all->country_file_count, plain->country_file_count);
	for (size_t i = 0; i < plain->country_file_count; i++)
		assert_string_equal(all->country_files[i], plain->country_files[i]);
	assert_int_equal(all->class_count + all->list_count + all->log_count, 3 + 2 + 1);
	config_free(all);
	config_free(packaged);
	config_free(plain);
}

static void nobody_need_listen_to_the_faults(void **state)
{
	struct config *config;

	put(*state, "c", "[x]\n", 4);
	assert_int_equal(config_load(path_of(*state, "c"), NULL, NULL, &config), -EINVAL);
	assert_null(config);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_empty_configuration_is_the_safe_default),
		TEST(every_key_reaches_its_field),
		TEST(the_policy_says_what_the_configuration_says),
		TEST(a_burst_that_nobody_set_is_a_minutes_worth),
		TEST(star_is_every_country_not_named_wherever_it_stands),
		TEST(text_that_is_no_configuration_is_refused),
		TEST(a_nul_byte_is_refused),
		TEST(a_long_line_is_a_fault_and_never_split),
		TEST(unknown_names_are_told_with_the_nearest_known_one),
		TEST(sections_have_the_name_they_need),
		TEST(nothing_is_said_twice_in_one_file),
		TEST(values_of_the_gate),
		TEST(values_of_services),
		TEST(values_of_classes),
		TEST(values_of_rules_lists_and_logs),
		TEST(what_has_a_size_says_when_it_is_full),
		TEST(every_fault_is_told_not_only_the_first),
		TEST(later_files_replace_what_earlier_ones_say),
		TEST(faults_of_later_files_name_them),
		TEST(a_file_that_cannot_be_read_is_told),
		TEST(the_environment_names_the_file_unless_the_caller_does),
		TEST(the_packaged_file_is_valid_and_shows_the_defaults),
		TEST(nobody_need_listen_to_the_faults),
	};

	unsetenv("SEKISHO_CONFIG");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
