// SPDX-License-Identifier: GPL-2.0-or-later
/* The configuration: what it becomes, and which files it is. The syntax: test_config_syntax.c. */
#include "conf_room.h"

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
	assert_non_null(strstr(config->country_files[1], "/geoip6"));
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

/* Named or not: it is none of the countries that "*" means. */
static void a_list_s_code_is_named_by_services(void **state)
{
	struct config *config =
		load_text(*state,
			  "[class few]\nconnections = 1\n[list hosters]\naction = XA\n"
			  "providers = AS64500\n[list b]\naction = XB\n"
			  "[service submission]\ncountries = XA:few *:deny\n[service imap]\n"
			  "countries = JP:pass *:deny\n",
			  0);
	const uint8_t *smtp = config->services[0].country_class,
		      *submission = config->services[1].country_class,
		      *imap = config->services[2].country_class;

	assert_int_equal(config->lists[0].code, COUNTRY_XA);
	assert_false(config->lists[0].allow);
	assert_int_equal(submission[COUNTRY_XA], 2);
	assert_int_equal(submission[COUNTRY_XA + 1], CLASS_UNNAMED);
	assert_int_equal(submission[COUNTRY_XA + 2], CLASS_DENY);
	assert_int_equal(imap[COUNTRY_XA], CLASS_UNNAMED);
	assert_int_equal(smtp[COUNTRY_XA], CLASS_UNNAMED);
	/* It is the provider data that lets somebody in to submission. */
	assert_ptr_equal(config_needs_countries(config), &config->services[2]);
	config_free(config);
}

#define COMPLETE "tests/unit/data/conf/complete.conf"

static void check_rule(const struct config *config, enum ban_rule rule, uint32_t count,
		       uint64_t window_s, uint64_t ban_s, enum rule_action action)
{
	const struct rule_settings *settings = &config->detect.rules[rule];

	assert_int_equal(settings->count, count);
	assert_int_equal(settings->window_s, window_s);
	assert_int_equal(settings->ban_s, ban_s);
	assert_int_equal(settings->action, action);
}

static void check_complete_rules(const struct config *config)
{
	const struct detect_settings *detect = &config->detect;

	check_rule(config, RULE_SOURCE_FAILURES, 7, 900, 5400, ACTION_BAN_ALERT);
	check_rule(config, RULE_SOURCE_ACCOUNTS, 4, 660, 7200, ACTION_OFF);
	check_rule(config, RULE_NETWORK_FAILURES, 9, 7200, 10800, ACTION_ALERT);
	check_rule(config, RULE_ACCOUNT_SIEGE, 6, 46800, 14400, ACTION_ALERT);
	check_rule(config, RULE_ACCOUNT_SPREAD, 11, 90000, 18000, ACTION_BAN);
	check_rule(config, RULE_ACCOUNT_FLOOD, 101, 720, 28800, ACTION_OFF);
	check_rule(config, RULE_SOURCE_SLOW, 5, 691200, 172800, ACTION_ALERT);
	check_rule(config, RULE_SERVER_SPRAY, 51, 3660, 25200, ACTION_ALERT);
	check_rule(config, RULE_SERVER_ILL, 12, 360, 0, ACTION_OFF);
	check_rule(config, RULE_PLACE_FAILURES, 61, 3720, 0, ACTION_OFF);
	check_rule(config, RULE_ACCOUNT_OLD_PASSWORD, 3, 90000, 93600, ACTION_ALERT);
	assert_int_equal(detect->rules[RULE_SOURCE_FAILURES].long_count, 21);
	assert_int_equal(detect->rules[RULE_SOURCE_FAILURES].long_s, 90000);
	assert_int_equal(detect->rules[RULE_SERVER_SPRAY].usual, 11);
	assert_int_equal(detect->rules[RULE_ACCOUNT_SIEGE].usual, 12);
	assert_int_equal(detect->rules[RULE_ACCOUNT_SPREAD].long_count, 7);
	assert_int_equal(detect->rules[RULE_ACCOUNT_SPREAD].short_s, 3780);
	assert_int_equal(detect->rules[RULE_ACCOUNT_FLOOD].usual, 13);
	assert_int_equal(detect->rules[RULE_ACCOUNT_FLOOD].long_count, 52);
	assert_int_equal(detect->rules[RULE_ACCOUNT_FLOOD].short_s, 3840);
	assert_string_equal(detect->realm, "example.org");
	assert_int_equal(detect->ban_lan, 1);
	assert_int_equal(detect->learn_s, 691200);
	assert_int_equal(detect->shared_accounts, 6);
	assert_int_equal(detect->known_factor, 11);
	assert_int_equal(detect->other_factor, 4);
	check_rule(config, RULE_BOUNCE_SURGE, 201, 780, 0, ACTION_OFF);
	check_rule(config, RULE_SOURCE_ABUSE, 11, 840, 21600, ACTION_BAN_ALERT);
	assert_int_equal(detect->rules[RULE_ACCOUNT_SPREAD].countries, 4);
	assert_int_equal(detect->rules[RULE_BOUNCE_SURGE].percent, 51);
	assert_true(detect_is_home(detect, (unsigned)country_from_text("JP", 2)));
	assert_true(detect_is_home(detect, (unsigned)country_from_text("US", 2)));
	assert_true(detect_is_home(detect, (unsigned)country_from_text("DE", 2)));
	assert_false(detect_is_home(detect, (unsigned)country_from_text("FR", 2)));
	assert_false(detect_is_home(detect, COUNTRY_ZZ));
	assert_int_equal(detect->source_length6, 56);
	assert_int_equal(detect->network_length6, 40);
	assert_int_equal(detect->network_length4, 116);
	assert_string_equal(config->alert_program[0], "/etc/sekisho/alert");
	assert_string_equal(config->alert_program[1], "--to");
	assert_string_equal(config->alert_program[2], "root@localhost");
	assert_null(config->alert_program[3]);
}

static void faults_of_rules_and_alerts_say_what_is_wrong(void **state)
{
	static const struct {
		const char *text, *fault;
	} cases[] = {
		{ "[rule account-spread]\nhome = *\n", "'*' cannot be a home country" },
		{ "[rule account-spread]\nhome = ZZ\n", "'ZZ' cannot be a home country" },
		{ "[rule account-spread]\nhome = UK\n", "the United Kingdom's is GB" },
		{ "[rule account-spread]\nnetworks = 1\n", "'1' is no number of 2 to 500" },
		{ "[rule bounce-surge]\nshare = 101%\n", "'101%' is no share of 1% to 100%" },
		{ "[rule bounce-surge]\nshare = %\n", "'%' is no share" },
		{ "[rule server-ill]\naction = ban\n", "'action' cannot be 'ban'" },
		{ "[rules]\nrealm = a@b\n", "'a@b' is no realm" },
		{ "[rules]\nban-lan = maybe\n", "'maybe'" },
		{ "[rules]\nshared-accounts = 9\n", "'9' is no number of 2 to 8" },
		{ "[rule account-flod]\n", "did you mean 'account-flood'" },
		{ "[rule account-siege]\nfailures = 5\n", "unknown key 'failures'" },
		{ "[alert]\nprogram = mail root\n", "'mail' is no absolute path" },
		{ "[alert]\nprogram = /bin/sh -c \"x\"\n", "run without a shell" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		load_text(*state, cases[i].text, -EINVAL);
		if (!strstr(((struct room *)*state)->faults[0], cases[i].fault))
			fail_msg("%s: %s", cases[i].text, ((struct room *)*state)->faults[0]);
	}
}

static void faults_of_the_policy_server_say_what_is_wrong(void **state)
{
	static const struct pair pairs[] = {
		{ "[policy]\ndovecot = 127.0.0.1:9120\napi-key-file = /k\n",
		  "[policy]\ndovecot = 127.0.0.1:9120\n",
		  "c:2: 'dovecot' needs 'api-key-file': without a key any local user could report "
		  "logins that never were" },
		{ "[policy]\npostfix = 127.0.0.1:10040\ninsecure = yes\n",
		  "[policy]\npostfix = 127.0.0.1:10040\n",
		  "c:2: 'postfix' on a TCP port needs 'insecure = yes': any local user could ask "
		  "there and spend another's budget; write "
		  "unix:/var/spool/postfix/private/sekisho" },
		{ "[policy]\npostfix = unix:/s\n", "[policy]\npostfix = unix:s\n",
		  "c:2: 's' is no absolute path; 'postfix' begins with '/'" },
		{ "[policy]\ndovecot = off\n", "[policy]\ndovecot = unix:/s\n",
		  "c:2: 'unix:/s' is no place to listen for 'dovecot'; write 127.0.0.1:9120, "
		  "[::1]:9120 or off" },
		{ "[policy]\npostfix = [::1]:1\ninsecure = yes\n",
		  "[policy]\npostfix = 192.0.2.1:1\ninsecure = yes\n",
		  "c:2: '192.0.2.1:1' can be reached from other machines, and 'postfix' serves "
		  "this "
		  "one only; write unix:/var/spool/postfix/private/sekisho, 127.0.0.1:10040 or "
		  "off, "
		  "and where others need it put a proxy that knows its users in front" },
		{ "[policy]\nrecipients = 50\n", "[policy]\nrecipients = 51\n",
		  "c:2: 'recipients' (51) are more than 'recipients-day' (50), which bounds them" },
		{ "[policy]\nover = off\n", "[policy]\nover = no\n",
		  "c:2: 'over' cannot be 'no'; it is one of hold, defer, reject, off" },
	};

	check_pairs(*state, pairs, COUNT(pairs));
}

static void check_policy(const struct config_policy *policy)
{
	assert_int_equal(policy->dovecot.kind, LISTEN_TCP);
	assert_int_equal(policy->dovecot.port, 9121);
	assert_string_equal(policy->key_file, "/etc/sekisho/other.key");
	assert_int_equal(policy->postfix.kind, LISTEN_TCP);
	assert_int_equal(policy->postfix.port, 10041);
	assert_true(policy->insecure);
	assert_int_equal(policy->recipients, 21);
	assert_int_equal(policy->recipients_day, 51);
	assert_int_equal(policy->over, OVER_REJECT);
}

static void every_key_reaches_its_field(void **state)
{
	struct config *config = load_path(*state, COMPLETE, 0);

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
	check_policy(&config->policy);
	assert_int_equal(config->list_count, 2);
	assert_string_equal(config->lists[0].name, "drop");
	assert_false(config->lists[0].allow);
	assert_string_equal(config->lists[0].file, "/etc/sekisho/lists/drop.txt");
	assert_string_equal(config_where(config, "list", "drop", ""), COMPLETE ":48");
	assert_string_equal(config_where(config, "list", "drop", "url"), COMPLETE ":48");
	assert_string_equal(config_where(config, "list", "drop", "file"), COMPLETE ":50");
	assert_string_equal(config_where(config, "gate", "", "mode"), COMPLETE ":9");
	assert_string_equal(config_where(config, "service", "pop3", ""), COMPLETE);
	assert_true(config->lists[1].allow);
	assert_null(config->lists[1].file);
	assert_int_equal(config->log_count, 1);
	assert_string_equal(config->logs[0].file, "/var/log/mail.log");
	check_complete_rules(config);
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
	assert_int_equal(policy->syn_cookies, 0);
	config->syn_cookies = COOKIES_AUTO;
	config_to_policy(config, policy);
	assert_int_equal(policy->syn_cookies, 1);
	assert_int_equal(policy->port_service[25], 1);
	assert_int_equal(policy->port_service[587], 2 | PORT_LOGIN);
	assert_int_equal(policy->port_service[465], 0);
	assert_int_equal(policy->port_service[2400], 6 | PORT_LOGIN);
	for (unsigned port = 0; port < PORT_COUNT; port++)
		ports += policy->port_service[port] != 0;
	assert_int_equal(ports, 1 + 1 + 2 + 2 + 1 + 2);
	assert_int_equal(policy->country_class[2][9 * 26 + 15], 2);
	assert_int_equal(policy->country_class[2][0], CLASS_DENY);
	assert_int_equal(policy->country_class[2][COUNTRY_LAN], CLASS_PASS);
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
					  "[service submission]\ncountries = JP:pass *:deny FR:a\n"
					  "[service imap]\ncountries = JP:deny\n[class a]\n",
					  0);

	assert_int_equal(config->services[1].country_class[9 * 26 + 15], CLASS_PASS);
	assert_int_equal(config->services[1].country_class[5 * 26 + 17], 2);
	assert_int_equal(config->services[1].country_class[COUNTRY_ZZ], CLASS_DENY);
	assert_int_equal(config->services[2].country_class[9 * 26 + 15], CLASS_DENY);
	assert_int_equal(config->services[2].country_class[COUNTRY_ZZ], CLASS_PASS);
	config_free(config);
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
	assert_fault(*state, 0,
		     "conf.d/a.conf:2: 'mode' cannot be '1'; it is one of monitor, enforce");
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

static void a_command_gets_the_rest_of_a_faulty_configuration_but_not_without_paths(void **state)
{
	static const char *const without_paths[] = {
		"[paths]\nstate = relative\n",
		"[paths]\npnis = /x\n",
		"[path]\nstate = /srv/s\n",
		"[paths x]\nstate = /srv/s\n",
	};
	static const char text[] = "[gate]\nmode = enforce\nmoed = x\n[log a]\n[log b]\nfile = /b\n"
				   "[paths]\nstate = /srv/s\n";
	struct config *config;

	put(*state, "c", text, strlen(text));
	assert_int_equal(config_load(path_of(*state, "c"), NULL, NULL, &config), -EINVAL);
	assert_int_equal(config_load_faulty(path_of(*state, "c"), note, *state, &config), 0);
	assert_int_equal(((struct room *)*state)->count, 2);
	assert_string_equal(config->paths.state, "/srv/s");
	assert_int_equal(config->mode, GATE_ENFORCE);
	assert_int_equal(config->log_count, 1);
	assert_string_equal(config->logs[0].file, "/b");
	assert_false(config->never_ban_faulty);
	config_free(config);
	for (size_t i = 0; i < COUNT(without_paths); i++) {
		put(*state, "c", without_paths[i], strlen(without_paths[i]));
		assert_int_equal(config_load_faulty(path_of(*state, "c"), NULL, NULL, &config),
				 -EINVAL);
		assert_null(config);
	}
}

static void what_is_missing_of_never_ban_is_known(void **state)
{
	static const char *const texts[] = { "[gate]\nnever-ban = home.example.org/24 192.0.2.1\n",
					     "[gate]\nnever-bann = 192.0.2.1\n" };
	struct config *config;

	for (size_t i = 0; i < COUNT(texts); i++) {
		put(*state, "c", texts[i], strlen(texts[i]));
		assert_int_equal(config_load_faulty(path_of(*state, "c"), NULL, NULL, &config), 0);
		assert_true(config->never_ban_faulty);
		config_free(config);
	}
}

static void which_service_cannot_do_without_country_data(void **state)
{
	static const struct {
		const char *countries;
		const char *needs;
	} cases[] = {
		{ "JP:pass *:deny", "imap" }, { "ZZ:deny", "imap" },
		{ "*:deny", NULL }, /* everybody is out, whoever he is */
		{ "CN:deny", NULL },	      { "ZZ:pass JP:pass *:deny", NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct config_service *service;
		struct config *config;
		char text[128];

		snprintf(text, sizeof(text), "[service imap]\ncountries = %s\n",
			 cases[i].countries);
		config = load_text(*state, text, 0);
		service = config_needs_countries(config);
		if (cases[i].needs)
			assert_string_equal(service->name, cases[i].needs);
		else
			assert_null(service);
		config_free(config);
	}
}

static void local_addresses_need_no_country_data(void **state)
{
	static const struct {
		const char *countries;
		bool apart;
	} cases[] = {
		{ "LAN:deny", false }, { "LAN:pass *:deny", false },	    { "*:deny", false },
		{ "CN:deny", true },   { "LAN:deny CN:pass *:deny", true },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config *config;
		char text[128];

		snprintf(text, sizeof(text), "[service imap]\ncountries = %s\n",
			 cases[i].countries);
		config = load_text(*state, text, 0);
		assert_int_equal(config_tells_countries_apart(config), cases[i].apart);
		config_free(config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_empty_configuration_is_the_safe_default),
		TEST(a_list_s_code_is_named_by_services),
		TEST(faults_of_the_policy_server_say_what_is_wrong),
		TEST(every_key_reaches_its_field),
		TEST(faults_of_rules_and_alerts_say_what_is_wrong),
		TEST(the_policy_says_what_the_configuration_says),
		TEST(a_burst_that_nobody_set_is_a_minutes_worth),
		TEST(star_is_every_country_not_named_wherever_it_stands),
		TEST(later_files_replace_what_earlier_ones_say),
		TEST(faults_of_later_files_name_them),
		TEST(a_file_that_cannot_be_read_is_told),
		TEST(the_environment_names_the_file_unless_the_caller_does),
		TEST(the_packaged_file_is_valid_and_shows_the_defaults),
		TEST(nobody_need_listen_to_the_faults),
		TEST(a_command_gets_the_rest_of_a_faulty_configuration_but_not_without_paths),
		TEST(what_is_missing_of_never_ban_is_known),
		TEST(which_service_cannot_do_without_country_data),
		TEST(local_addresses_need_no_country_data),
	};

	unsetenv("SEKISHO_CONFIG");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
