// SPDX-License-Identifier: GPL-2.0-or-later
/* The configuration's syntax: for each rule a text that passes and one whose fault is told word for
 * word. */
#include "conf_room.h"

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
		  "c:2: 'mode' cannot be 'monitor# x'; did you mean 'monitor'?" },
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
	assert_fault(*state, 1, "c:3: 'mode' cannot be 'x'; it is one of monitor, enforce");
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
		{ NULL, "[whatever]\nlisten = 1\n",
		  "c:1: unknown section [whatever]; see sekisho.conf(5)" },
		{ NULL, "[]\n", "c:1: unknown section []; see sekisho.conf(5)" },
		{ "[rule source-failures]\n", "[rule source-failure]\nwindow = 1h\n",
		  "c:1: there is no rule 'source-failure'; did you mean 'source-failures'?" },
		{ NULL, "[rule x]\n", "c:1: there is no rule 'x'; see sekisho.conf(5)" },
		{ "[gate]\nhook = generic\n", "[gate]\nhook = genric\n",
		  "c:2: 'hook' cannot be 'genric'; did you mean 'generic'?" },
		{ "[gate]\nhook = xdp\n", "[gate]\nhook = native\n",
		  "c:2: 'hook' cannot be 'native'; it is one of auto, xdp, tc, generic" },
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
		{ "[gate]\nnever-ban = home.example.net\n", "[gate]\nnever-ban = home\n",
		  "c:2: 'home' is not a full DNS name: write it whole, as "
		  "home.example.net, or the address or prefix, as 192.0.2.0/24" },
		{ NULL, "[gate]\nnever-ban = 192.0.2\n",
		  "c:2: '192.0.2' is no address and no prefix; write it as 192.0.2.0/24 or "
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
		  "[service smtp]\ncountries = QX:deny\n",
		  "c:2: 'QX' is no country code; it is two letters of ISO 3166 (JP), ZZ for "
		  "unknown, LAN for local addresses, or * for all others" },
		{ "[service smtp]\ncountries = XX:deny\n[list a]\naction = XX\n",
		  "[service smtp]\ncountries = XX:deny\n[list a]\naction = deny\n",
		  "c:2: no list gives the code XX; add 'action = XX' to the list whose addresses "
		  "it is to stand for" },
		{ NULL, "[list a]\naction = XK\n",
		  "c:2: 'action' cannot be 'XK'; it is one of deny, allow, or a code of your own "
		  "from XA to XZ, but not XK" },
		{ NULL, "[list a]\naction = XA\nservices = login\n",
		  "c:3: the code of [list a] counts for the services that name it in "
		  "'countries'; leave 'services' out" },
		{ "[service smtp]\ncountries = GB:deny\n", "[service smtp]\ncountries = UK:deny\n",
		  "c:2: 'UK' is no country code; the United Kingdom's is GB" },
		{ "[service smtp]\ncountries = CN:deny ZZ:deny\n",
		  "[service smtp]\ncountries = JP:pass *:deny\n",
		  "c:2: '*:deny' on port 25 refuses the mail of every country that is not named; "
		  "deny some by name (XX:deny), bound the others with a class (*:CLASS), and keep "
		  "*:deny for services of logins" },
		{ "[service smtp]\nports = 26\ncountries = *:deny\n",
		  "[service in]\nports = 25\ncountries = *:deny\n[service smtp]\nports = 26\n",
		  "c:3: '*:deny' on port 25 refuses the mail of every country that is not named; "
		  "deny some by name (XX:deny), bound the others with a class (*:CLASS), and keep "
		  "*:deny for services of logins" },
		{ NULL, "[service smtp]\ncountries = JPN:deny\n",
		  "c:2: 'JPN' is no country code; it is two letters of ISO 3166 (JP), ZZ for "
		  "unknown, LAN for local addresses, or * for all others" },
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
		  "c:2: 'action' cannot be 'none'; it is one of off, ban, alert, ban+alert" },
		{ "[list a]\naction = allow\n", "[list a]\nfile = /a\n",
		  "c:1: [list a] has no 'action'" },
		{ NULL, "[list a]\naction = drop\n",
		  "c:2: 'action' cannot be 'drop'; it is one of deny, allow, or a code of your "
		  "own from XA to XZ, but not XK" },
		{ "[list a]\naction = deny\nfile = /a b\n", "[list a]\naction = deny\nfile = a\n",
		  "c:3: 'a' is no absolute path; 'file' begins with '/'" },
		{ "[log a]\nfile = /a\n", "[log a]\n",
		  "c:1: [log a] has no 'file', 'journal' or 'docker'" },
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
	assert_fault(*state, 0, "c:2: 'mode' cannot be 'on'; it is one of monitor, enforce");
	assert_fault(*state, 1, "c:3: unknown key 'bogus' in [gate]; see sekisho.conf(5)");
	assert_fault(*state, 2, "c:5: unknown key 'ports' in [gate]; see sekisho.conf(5)");
	assert_fault(*state, 3, "c:6: unknown section [nothing]; see sekisho.conf(5)");
	assert_fault(*state, 4, "c:8: this is neither [SECTION] nor KEY = VALUE");
	assert_fault(*state, 5, "c:11: '0' is no TCP port; ports are 1 to 65535");
	assert_fault(*state, 6, "c:11: '70000' is no TCP port; ports are 1 to 65535");
	assert_fault(*state, 7, "c:12: there is no class 'none'; add [class none]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	unsetenv("SEKISHO_CONFIG");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
