#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Providers (autonomous systems): what `country --provider` and `why` say, and that a reload reads the
# files anew, and lists of providers. What the rules make of them: tests/unit/test_detect_rules.c.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	lab_listen "$MX4" 25 587
}

teardown_file() {
	lab_down
}

setup() {
	requires jq
	lab_reset
	lab_conf 'mode = enforce' '[rule account-spread]
providers = 4'
	sed -i "/^\[country\]/a providers = $LAB/providers" "$LAB/sekisho.conf"
	printf '192.0.2.0,192.0.2.255,64500\n2001:db8::,2001:db8:ffff:ffff:ffff:ffff:ffff:ffff,64501\n' >"$LAB/providers"
	: >"$LAB/log/mail.log"
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	lab_run_end || :
	cat "$LAB/log/run" 2>/dev/null || :
}

login() { # SECONDS-AGO ACCOUNT SOURCE
	printf '%s mx dovecot: imap-login: Login: user=<%s>, method=PLAIN, rip=%s, lip=192.0.2.1, mpid=7, TLS, session=<s%s>\n' \
		"$(date -u -d "-$1 seconds" +%FT%T+00:00)" "$2" "$3" "$RANDOM$RANDOM" >>"$LAB/log/mail.log"
}

sources_are() { # ACCOUNT COUNT
	run_sekisho account --json "$1"
	json ".[0].sources | length == $2"
}

hosters_are() { # PREFIX
	run_sekisho export hosters
	[[ $output == "$1" ]]
}

@test "country --provider answers in order, - where nothing is known" {
	run_sekisho country --provider 192.0.2.9 198.51.100.1 2001:db8::1
	[[ $output == $'AS64500\n-\nAS64501' ]]
	run_sekisho 1 country --provider 192.0.2.9 nonsense 192.0.2.10
	[[ $output == $'AS64500\n??\nAS64500' ]]
	echo 'no provider data' >"$LAB/providers"
	run_sekisho 1 country --provider 192.0.2.9
	complains providers
	run_sekisho 2 country --provider --list JP
}

@test "bans in 80 columns name country and provider, and have long prefixes and reasons whole" {
	run_sekisho load
	run_sekisho ban --reason "$(printf 'word%02d ' {1..30})" 192.0.2.77
	run_sekisho ban --for 400d 2001:db8:1111:2222:3333:4444:5555:6666/128
	run_sekisho ban --reason $'b\e[31mad' 198.51.100.200
	run_sekisho bans
	says '^192.0.2.77/32 +ZZ +AS64500 +all +5[0-9]m[0-9s]* +0 manual$'
	says '^198.51.100.200/32 +JP +- +all +5[0-9]m[0-9s]* +0 manual$'
	says '^2001:db8:1111:2222:3333:4444:5555:6666/128$'
	says '^ +ZZ +AS64501 +all +399d23h +0 manual$'
	says '^  [0-9TZ:-]+ word01 word02 '
	says 'word30$'
	says 'b.x1b\[31mad$'
	awk 'length > 80 { print; exit 1 }' <<<"$output" || fail 'wider than 80 columns'
	run_sekisho bans --json
	json 'map(.provider) == ["AS64500", null, "AS64501"]'
	json 'map(.country) == ["ZZ", "JP", "ZZ"]'
}

@test "why names the provider" {
	run_sekisho load
	run_sekisho why 192.0.2.9
	says '^192\.0\.2\.9, country .*, provider AS64500$'
	run_sekisho why --json 192.0.2.9
	json '.[0].provider == "AS64500"'
	run_sekisho why --json 198.51.100.1
	json '.[0].provider == null'
}

@test "a reload reads the providers' files anew, and keeps the old data of one that is broken" {
	lab_run
	login 7620 alice 192.0.2.20
	retry 50 0.1 sources_are alice 1
	# All of the world is one provider now.
	echo '1.0.0.0,99.255.255.255,64999' >>"$LAB/providers"
	kill -HUP "$(<"$LAB/run.pid")"
	retry 50 0.1 grep -q reloaded "$LAB/log/run"
	echo 'not a line' >"$LAB/providers"
	kill -HUP "$(<"$LAB/run.pid")"
	retry 50 0.1 grep -q 'the data that was read before holds' "$LAB/log/run"
	for i in 1 2 3 4 5; do login 0 alice "$((20 + i)).1.1.1"; done
	retry 50 0.1 sources_are alice 6
	run_sekisho bans --json
	[[ -z $output ]]
}

# Of the lists, for its services; the address of the gate's own device stays out of a deny list.
@test "a list of providers has their prefixes, and follows the data" {
	lab_conf 'mode = enforce' '[list hosters]
action = deny
services = login
providers = AS64500 AS64501'
	sed -i "/^\[country\]/a providers = $LAB/providers" "$LAB/sekisho.conf"
	printf '198.51.100.64,198.51.100.127,64500\n203.0.113.0,203.0.113.255,64502\n' >"$LAB/providers"
	run_sekisho check
	complains "warning: list 'hosters': the provider data has no address of AS64501"
	lab_run
	run_sekisho export hosters
	[[ $output == 198.51.100.64/26 ]]
	run_sekisho why --json 198.51.100.66
	json '.[0].services.imap.reason == "listed" and .[0].services.smtp.verdict == "pass"'
	connect_is no-answer 198.51.100.66 "$MX4" 587 0.3
	connect_is open 198.51.100.66 "$MX4" 25
	connect_is open 198.51.100.10 "$MX4" 587
	# The data changes, without a reload.
	printf '198.51.100.0,198.51.100.15,64501\n%s,%s,64501\n' "$MX4" "$MX4" >"$LAB/providers"
	retry 100 0.2 hosters_are 198.51.100.0/28
	retry 30 0.2 connect_is open 198.51.100.66 "$MX4" 587
	connect_is no-answer 198.51.100.10 "$MX4" 587 0.3
	# Without data the list stays as it is, and it is said.
	rm "$LAB/providers"
	kill -HUP "$(<"$LAB/run.pid")"
	retry 50 0.1 grep -q 'list hosters: .*providers.*; the old one stays' "$LAB/log/run"
	run_sekisho export hosters
	[[ $output == 198.51.100.0/28 ]]
}

codes_conf() { # [LINE-OF-SUBMISSION [ACTION]]
	lab_conf 'mode = enforce' "[class one]
connections = 1
[list hosters]
action = ${2-XA}
providers = AS64500
[service submission]
countries = ${1-XA:one FR:deny *:pass}"
	sed -i "/^\[country\]/a providers = $LAB/providers" "$LAB/sekisho.conf"
	printf '198.51.100.64,198.51.100.127,64500\n198.51.100.240,198.51.100.255,64500\n' >"$LAB/providers"
}

reloads() { # COUNT
	kill -HUP "$(<"$LAB/run.pid")"
	retry 50 0.1 reloaded_is "$1"
}

reloaded_is() {
	(($(grep -c reloaded "$LAB/log/run") == $1))
}

# 198.51.100.0/24 is Japanese but for .224 to .255, which are French.
@test "a list's code gives a provider a policy and limits of its own on the services that name it" {
	codes_conf
	lab_run
	run_sekisho lists --json
	json '.[0].action == "XA" and .[0].prefixes == 2'
	run_sekisho lists
	says '^hosters +XA +2 .* submission$'
	lab_hold first 198.51.100.66 "$MX4" 587
	connect_is no-answer 198.51.100.66 "$MX4" 587 0.3
	# Each source has its own; others have none; port 25 does not name it.
	connect_is open 198.51.100.67 "$MX4" 587
	lab_hold second 198.51.100.10 "$MX4" 587
	connect_is open 198.51.100.10 "$MX4" 587
	connect_is open 198.51.100.66 "$MX4" 25
	# The provider's part of a country that is refused is let in.
	connect_is no-answer 198.51.100.230 "$MX4" 587 0.3
	connect_is open 198.51.100.250 "$MX4" 587
	run_sekisho why --json 198.51.100.66
	json '.[0].country == "JP" and .[0].services.submission.country == "XA" and .[0].services.smtp.country == "JP"'
	json '.[0].services.submission.reason == "source-connections" and .[0].lists[0].action == "XA"'
	run_sekisho why 198.51.100.66
	says 'submission +drop: source-connections \(as XA\)$'
	says '^  hosters \(XA\) AS64500, for submission$'
	run_sekisho stats --json
	json '.[0].services.submission.countries | .XA.attempts >= 4 and .XA.dropped >= 1 and .XA.open == 1 and .JP.open == 1'
	json '.[0].services.smtp.countries | .JP.attempts >= 1 and .XA == null'
	run_sekisho stats
	says '^  XA '
	says '^hosters +XA +2 '
}

@test "a code that is denied, named no more, or whose list has gone" {
	codes_conf 'XA:deny *:pass'
	lab_run
	connect_is no-answer 198.51.100.66 "$MX4" 587 0.3
	connect_is open 198.51.100.66 "$MX4" 25
	run_sekisho why 198.51.100.66
	says 'let XA in: \[service submission\] countries in '
	# The services name it no more.
	codes_conf 'FR:deny *:pass'
	run_sekisho check
	complains "warning: list 'hosters': no service names its code; write XA:CLASS in the 'countries'"
	reloads 1
	connect_is open 198.51.100.66 "$MX4" 587
	connect_is no-answer 198.51.100.250 "$MX4" 587 0.3
	# The list denies now, and gives the code again.
	codes_conf '*:pass' deny
	reloads 2
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	codes_conf
	reloads 3
	connect_is open 198.51.100.66 "$MX4" 25
	connect_is open 198.51.100.250 "$MX4" 587
	# Nobody declares it: who is French is French.
	lab_conf 'mode = enforce' '[service submission]
countries = FR:deny *:pass'
	reloads 4
	run_sekisho lists
	says '^hosters +XA '
	connect_is no-answer 198.51.100.250 "$MX4" 587 0.3
	connect_is open 198.51.100.66 "$MX4" 587
	run_sekisho import --remove hosters
}

@test "without a gate why says what a code will do; import keeps the action" {
	codes_conf 'XA:deny *:pass'
	echo 198.51.100.64/26 >"$LAB/hosters"
	run_sekisho 1 import --deny hosters "$LAB/hosters"
	complains "says 'action = XA'"
	run_sekisho import hosters "$LAB/hosters"
	says 'hosters: XA list of 1 prefixes'
	run_sekisho why --json 198.51.100.66
	json '.[0].services.submission | .reason == "country" and .country == "XA"'
	json '.[0].services.imap | .verdict == "pass" and .country == "JP"' # by the files: no store has the data yet
	json '.[0].lists[0].services == ["submission"]'
	run_sekisho why --json 198.51.100.10
	json '.[0].services.submission.country == "JP"'
	sed -i '/^countries/s/XA:deny/JP:deny/' "$LAB_CONF"
	run_sekisho why 198.51.100.10
	says '^198\.51\.100\.10, country JP$'
	says '^  submission +would drop: country$'
	run_sekisho why 10.1.2.3
	says 'country LAN'
	sed -i "s|^files = .*|files = $LAB/none|" "$LAB_CONF"
	run_sekisho why 198.51.100.10
	says 'country ZZ \(unknown\)$'
	says "^unknown: cannot read $LAB/none: No such file"
}

@test "a list of providers that cannot be one is refused by its line" {
	lab_conf 'mode = enforce' '[list hosters]
action = deny
providers = 64500 AS0
file = /etc/hosts'
	run_sekisho 1 check
	complains "'64500' is no provider; write it as AS64500"
	complains "'AS0' is no provider"
	lab_conf 'mode = enforce' '[list hosters]
action = deny
providers = AS64500
file = /etc/hosts'
	run_sekisho 1 check
	complains "has both 'file' and 'providers'"
	lab_conf 'mode = enforce' '[list hosters]
action = deny
providers = AS64500'
	sed -i "/^\[country\]/a providers = $LAB/providers" "$LAB/sekisho.conf"
	echo '0.0.0.0,255.255.255.255,64500' >"$LAB/providers"
	run_sekisho 1 check
	complains 'more than a quarter of all addresses'
}
