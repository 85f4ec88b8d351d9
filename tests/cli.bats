#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# How the commands speak: exit statuses, help, and that bad input gets a clear error and loses
# nothing.
# shellcheck disable=SC2030,SC2031 # each test is a shell of its own, with its own configuration

load helpers/common

# Each test is a shell of its own, and is to have its own configuration.
COMMANDS='run load unload check status stats top outflow import export lists country ban unban bans
	why doctor parse replay'

setup_file() {
	file_requires sekisho || return 0
	[[ -z $(missing root)$(missing bpf)$(missing networks) ]] || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	lab_listen "$MX4" 25
}

teardown_file() {
	lab_down
}

setup() {
	requires jq
	if [[ -n ${LAB_ID-} ]]; then
		lab_reset
		lab_conf
	fi
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	lab_run_end || :
	cat "$LAB/log/run" 2>/dev/null || :
}

# A configuration of the test's own; the faults in it are named with its line.
conf() { # LINE...
	LAB_CONF=$BATS_TEST_TMPDIR/sekisho.conf
	printf '%s\n' "$@" >"$LAB_CONF"
}

# ---- help and exit statuses ----

@test "every command has --help, which exits 0 and says how it is used" {
	for name in $COMMANDS; do
		run_sekisho "$name" --help
		says "^usage: sekisho $name"
		[[ -z $errors ]]
	done
	run_sekisho --help
	for name in $COMMANDS; do
		says "^ +$name "
	done
	run_sekisho --version
	says '^sekisho [0-9]+\.'
}

@test "wrong usage exits 2 and says how to get help" {
	run_sekisho 2
	run_sekisho 2 nonsense
	complains nonsense
	for name in $COMMANDS; do
		run_sekisho 2 "$name" --no-such-option
		complains 'no-such-option|help'
		[[ -z $output ]]
	done
	for name in ban unban why import export; do
		run_sekisho 2 "$name"
		complains 'usage: '
	done
}

@test "a configuration file that is missing is an error that names it" {
	LAB_CONF=$BATS_TEST_TMPDIR/none.conf
	run_sekisho 1 check
	complains 'none\.conf'
}

# ---- a wrong configuration ----

@test "a good configuration passes check, without privilege and without a word on standard error" {
	conf '[gate]' 'mode = monitor' '[service smtp]' 'ports = 25' 'countries = JP:pass *:pass'
	run_sekisho check
	[[ -z $errors ]]
}

@test "an unknown key is refused with file, line and the nearest known key" {
	conf '[gate]' 'moed = enforce'
	run_sekisho 1 check
	complains 'sekisho\.conf:2:.*moed.*mode'
	[[ $errors != *Segmentation* ]]
}

@test "an unknown section is refused with file, line and the nearest known one" {
	conf '[gat]' 'mode = enforce'
	run_sekisho 1 check
	complains 'sekisho\.conf:1:.*gat|sekisho\.conf:2:.*gat'
	complains 'gate'
}

@test "ports outside 1 to 65535 are refused with file and line" {
	for port in 0 70000 -25 25x 65536; do
		conf '[service smtp]' "ports = 25 $port"
		run_sekisho 1 check
		complains "sekisho\\.conf:2:.*$port"
	done
	conf '[service smtp]' 'ports = 1 65535'
	run_sekisho check
}

@test "a login port in a service of port 25 is warned of: a ban for failed logins leaves it open" {
	conf '[service smtp]' 'ports = 25 2525' '[service submission]' 'ports = 587 465'
	run_sekisho check
	[[ $output != *warning* ]]
	conf '[service submission]' 'ports = none' '[service smtp]' 'ports = 25 587'
	run_sekisho check
	complains "warning: service 'smtp' is one of port 25, and has port 587: .*leaves that port open"
}

@test "an unknown country is refused with file and line" {
	for country in QQ XX1 Japan jP9; do
		conf '[service smtp]' 'ports = 25' "countries = $country:deny *:pass"
		run_sekisho 1 check
		complains "sekisho\\.conf:3:.*$country"
	done
}

@test "a country policy that names an unknown class is refused with file and line" {
	conf '[service smtp]' 'ports = 25' 'countries = JP:hoem *:deny' '[class home]' 'connections = 5'
	run_sekisho 1 check
	complains 'sekisho\.conf:3:.*hoem'
}

@test "a country that is denied without country data is a fault that names the remedy" {
	conf '[country]' "files = $BATS_TEST_TMPDIR/none" '[service submission]' 'countries = JP:pass *:deny'
	run_sekisho 1 check
	complains "none.*No such file"
	[[ -n ${LAB_ID-} ]] || skip "needs root, bpffs and network namespaces"
	lab_sekisho unload >/dev/null 2>&1 || :
	conf '[paths]' "pins = $LAB_PINS" "state = $LAB/state" "runtime = $LAB/run" \
		'[country]' "files = $BATS_TEST_TMPDIR/none" '[service submission]' 'countries = JP:pass *:deny'
	rm -rf "$LAB/state"
	run_sekisho 1 load
	complains "service 'submission' denies unknown countries.*tor-geoipdb"
	[[ ! -e $LAB_MAPS ]]
}

@test "check looks at every file that the configuration names, and says where and what to do" {
	local none=$BATS_TEST_TMPDIR/none garbage=$BATS_TEST_TMPDIR/garbage pipe=$BATS_TEST_TMPDIR/pipe
	local listen='dovecot = 127.0.0.1:9120' fleet='server = 127.0.0.1:6379' member='member = a' key
	key=$(head -c 32 /dev/zero | base64)
	echo garbage >"$garbage"
	chmod 600 "$garbage"
	mkfifo "$pipe"
	faults() { # WORDS LINE...: the last line is the one with the fault
		local words=$1 line=$#
		shift
		conf "$@"
		run_sekisho 1 check --json
		json ".[0] | .valid == false and (.faults | any(test(\"sekisho\\\\.conf:$((line - 1)): \")))"
		run_sekisho 1 check
		complains "^[^ ]*sekisho\\.conf:$((line - 1)): $words"
	}
	faults "\\[country\\] files: cannot read $none: No such file or directory; correct the path, or .*tor-geoipdb" \
		'[country]' "files = $none"
	faults "\\[country\\] providers: cannot read $none: No such file or directory; correct the path, or .*libloc-database" \
		'[country]' "providers = $none"
	faults "\\[country\\] providers: .*garbage:1: .*damaged" '[country]' "providers = $garbage"
	faults "\\[country\\] authorities: cannot read $none: No such file" \
		'[country]' 'url = https://example.org/x' "authorities = $none"
	faults "list 'a': cannot read $none: No such file or directory; correct the path" \
		'[list a]' 'action = deny' "file = $none"
	faults "list 'a': $garbage has no certificate in PEM; name the file" \
		'[list a]' 'action = deny' 'url = https://example.org/x' "authorities = $garbage"
	faults "list 'a': $pipe is not a file; name a file" \
		'[list a]' 'action = deny' 'url = https://example.org/x' "key-file = $pipe"
	faults "\\[policy\\] api-key-file: the key file $none cannot be read: No such file or directory; correct the path" \
		'[policy]' "$listen" "api-key-file = $none"
	faults "\\[policy\\] api-key-file: $garbage:1: a key has 16 to 256 characters, not 7" \
		'[policy]' "$listen" "api-key-file = $garbage"
	faults "\\[fleet\\] key: cannot read $none: No such file or directory; correct the path" \
		'[member a]' "key = $key" '[member b]' "key = $key" '[fleet]' "$fleet" "$member" "secret = $none" "key = $none"
	complains "\\.conf:8: \\[fleet\\] secret: cannot read $none"
	faults "\\[fleet\\] key: $garbage has no Ed25519 key; .sekisho fleet key" \
		'[member a]' "key = $key" '[member b]' "key = $key" '[fleet]' "$fleet" "$member" "secret = $none" "key = $garbage"
	faults "\\[gate\\] cgroup: $none: No such file or directory; correct the path" '[gate]' "cgroup = $none"
	faults "\\[gate\\] cgroup: /tmp is no folder of cgroup2; name one" '[gate]' 'cgroup = /tmp'
	faults "log 'a': $pipe is not a file; name a file" '[log a]' "file = $pipe"
	faults "\\[alert\\] program: $none: No such file or directory; correct the path" '[alert]' "program = $none"
	faults "\\[alert\\] program: /tmp is a folder; name the program in it" '[alert]' 'program = /tmp'
	faults "\\[alert\\] program: $garbage is no program; chmod \\+x it" '[alert]' "program = $garbage"
	# A file that nothing reads is not looked at.
	conf '[policy]' "api-key-file = $none"
	run_sekisho check
	[[ -z $errors ]]
}

@test "what check says of services, classes and devices has the line of what it is about" {
	conf '[class home]' 'connections = 5' '[service smtp]' 'countries = *:pass' 'ports = 25 587' \
		'[service submission]' 'ports = none' '[gate]' 'interface = nonesuch0'
	run_sekisho check
	complains "sekisho\\.conf:1: warning: no service applies the class 'home'"
	complains "sekisho\\.conf:5: warning: service 'smtp' is one of port 25, and has port 587"
	complains "sekisho\\.conf:9: warning: there is no interface 'nonesuch0' now"
}

@test "parse, replay and report say on a terminal how far they are after a second, and nowhere else" {
	local line='Nov 21 10:00:00 mx postfix/smtpd[9]: connect from unknown[198.51.100.7]'
	yes "$line" | head -n 20000 >"$BATS_TEST_TMPDIR/lines"
	cat >"$BATS_TEST_TMPDIR/slowly" <<-'END'
		#!/bin/bash
		cd "$1" || exit
		(cat lines; sleep 1.3; cat lines) | "${@:2}" >out
	END
	chmod +x "$BATS_TEST_TMPDIR/slowly"
	for command in 'parse -' 'parse - lines' 'replay -' 'report --account bob -'; do
		# In a terminal of its own; of the text that takes the place of the one before.
		script -qec "$BATS_TEST_TMPDIR/slowly $BATS_TEST_TMPDIR $SEKISHO $command" "$BATS_TEST_TMPDIR/said" </dev/null >/dev/null || :
		grep -q $'\rreading logs: [0-9]* lines' "$BATS_TEST_TMPDIR/said" || fail "$command: $(<"$BATS_TEST_TMPDIR/said")"
		# shellcheck disable=SC2086 # words
		"$BATS_TEST_TMPDIR/slowly" "$BATS_TEST_TMPDIR" "$SEKISHO" $command 2>"$BATS_TEST_TMPDIR/said" || :
		run ! grep -q 'reading logs' "$BATS_TEST_TMPDIR/said"
	done
}

@test "check warns of a never-ban that is so wide that hardly anybody can be banned" {
	conf '[gate]' 'never-ban = 0.0.0.0/0 ::/0' 'never-ban = 10.0.0.0/7 2001::/19'
	run_sekisho check
	complains "sekisho\.conf:[0-9]+: warning: 0\.0\.0\.0/0 is wider than /8: nobody in it can ever be banned"
	complains "warning: ::/0 is wider than /20"
	complains "warning: 10\.0\.0\.0/7 is wider than /8"
	complains "warning: 2001::/19 is wider than /20"
	conf '[gate]' 'never-ban = 10.0.0.0/8 2001::/20'
	run_sekisho check
	run ! complains wider
}

@test "a pipe in conf.d keeps no command waiting: only files are read" {
	conf '[gate]' 'mode = monitor'
	mkdir -p "$BATS_TEST_TMPDIR/conf.d"
	mkfifo "$BATS_TEST_TMPDIR/conf.d/pipe.conf"
	# It would wait for ever for somebody to write.
	run timeout 10 "$SEKISHO" -c "$LAB_CONF" check
	((status == 1))
	grep -q 'conf\.d/pipe\.conf: is a pipe, a socket or a device; only files are read: remove it' <<<"$output"
	rm "$BATS_TEST_TMPDIR/conf.d/pipe.conf"
	run_sekisho check
}

@test "one bad line keeps no command from its work, but those that put the configuration in force" {
	needs_gate
	run_sekisho ban 198.51.100.66
	sed -i 's/^\[gate\]/&\nmoed = enforce/' "$LAB_CONF"
	for command in status 'stats --json' bans 'why 198.51.100.66' lists doctor outflow \
		'ban 198.51.100.67' 'unban 198.51.100.66'; do
		# shellcheck disable=SC2086 # words
		run_sekisho any $command
		[[ $command == doctor || $status == 0 ]]
		complains 'warning: .*sekisho\.conf:[0-9]+: .*moed'
	done
	run_sekisho 1 load
	complains 'moed'
	ban_exists 198.51.100.67/32
	no_ban_exists 198.51.100.66/32
	run_sekisho unload
}

@test "whom a broken never-ban would protect is not banned by hand" {
	needs_gate
	sed -i 's/^\[gate\]/&\nnever-ban = home.example.org\/24/' "$LAB_CONF"
	run_sekisho 1 check
	complains "sekisho\.conf:[0-9]+: 'home.example.org/24' is not a full DNS name.*address"
	run_sekisho 1 ban 198.51.100.66
	complains 'never-ban cannot be read whole.*home.example.org'
	run_sekisho status
}

@test "every fault of a configuration is reported, not only the first" {
	conf '[gate]' 'mode = sometimes' 'moed = enforce' '[service smtp]' 'ports = 70000'
	run_sekisho 1 check
	complains 'sekisho\.conf:2:'
	complains 'sekisho\.conf:3:'
	complains 'sekisho\.conf:5:'
}

@test "a log that cannot be read is named, the gate is up all the same, and it is tried again" {
	[[ -n ${LAB_ID-} ]] || skip "needs root, bpffs and network namespaces"
	lab_conf 'mode = enforce' "[log late]
file = $LAB/late/mail.log"
	rm -rf "$LAB/late"
	lab_run
	retry 30 0.1 grep -q "$LAB/late" "$LAB/log/run"
	run_sekisho ban 198.51.100.66
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	mkdir "$LAB/late"
	: >"$LAB/late/mail.log"
	retry 50 0.1 grep -q "following $LAB/late/mail.log" "$LAB/log/run"
	for ((i = 0; i < 5; i++)); do
		printf '%s mx postfix/smtpd[9]: warning: unknown[198.51.100.67]: SASL LOGIN authentication failed: x\n' \
			"$(LC_ALL=C date '+%b %e %H:%M:%S')" >>"$LAB/late/mail.log"
	done
	retry 30 0.1 ban_exists 198.51.100.67/32
}

# ---- bans that must not be ----

needs_gate() {
	[[ -n ${LAB_ID-} ]] || skip "needs root, bpffs and network namespaces"
	run_sekisho load
}

@test "prefixes that are too wide are not banned" {
	needs_gate
	for prefix in 0.0.0.0/0 ::/0 128.0.0.0/1 2000::/3 ::ffff:0.0.0.0/96; do
		run_sekisho 1 ban "$prefix"
		complains 'wide|every'
	done
	run_sekisho bans --json
	[[ -z $output ]]
	connect_is open 198.51.100.66 "$MX4" 25
}

@test "own, gateway and loopback addresses, and what contains them, are not banned" {
	needs_gate
	for prefix in "$MX4" "$MX6" "$GATEWAY4" "$GATEWAY6" 127.0.0.1 ::1 192.0.2.0/24 \
		"::ffff:$MX4" 2001:db8:25::/64; do
		run_sekisho 1 ban "$prefix"
		complains 'this machine|gateway|loopback'
	done
	run_sekisho bans --json
	[[ -z $output ]]
}

@test "the peer of the administrator's own login session is not banned" {
	needs_gate
	SSH_CONNECTION='198.51.100.5 40000 192.0.2.1 22' run_sekisho 1 ban 198.51.100.5
	complains 'session|login'
	run_sekisho ban 198.51.100.5
}

@test "what is not a prefix is not banned, and is named" {
	needs_gate
	for prefix in 300.1.1.1 1.2.3 010.1.1.1 198.51.100.1/33 198.51.100.1/ mail.example.net '' \
		198.51.100.66/24 2001:db8::/129; do
		run_sekisho any ban "$prefix"
		((status == 1 || status == 2)) || fail "exit status $status for '$prefix'"
	done
	complains '2001:db8::/129'
	run_sekisho any ban 198.51.100.1 --for soon
	((status == 1 || status == 2))
	complains soon
	run_sekisho bans --json
	[[ -z $output ]]
}

@test "unban of what is not banned is a failure that says so" {
	needs_gate
	run_sekisho 1 unban 198.51.100.66
	complains '198\.51\.100\.66'
}

@test "ban and unban read standard input, and a word that is none keeps no other from being done" {
	needs_gate
	run_sekisho 1 ban - < <(printf '198.51.100.10\njunk # 198.51.100.20\n198.51.100.11, 203.0.113.0/25\r\n')
	complains "'junk' is not an address"
	ban_exists 198.51.100.10/32
	ban_exists 198.51.100.11/32
	ban_exists 203.0.113.0/25
	no_ban_exists 198.51.100.20/32
	run_sekisho 1 ban 198.51.100.12 198.51.100.1/24 198.51.100.13
	complains 'around it is 198.51.100.0/24'
	ban_exists 198.51.100.13/32
	run_sekisho unban - < <(printf '198.51.100.10\n198.51.100.12\n')
	no_ban_exists 198.51.100.10/32
	ban_exists 198.51.100.11/32
	run_sekisho 2 unban - </dev/null
	complains 'standard input has no PREFIX'
}

@test "unban ends the bans inside a prefix, names one around it, and --all ends every one" {
	needs_gate
	run_sekisho ban 198.51.100.10 198.51.100.11 198.51.101.1 203.0.113.0/24 2001:db8::/64
	run_sekisho unban 198.51.100.0/24
	says 'unbanned 198.51.100.10/32'
	says 'unbanned 198.51.100.11/32'
	run_sekisho 1 unban 203.0.113.5
	complains 'no ban of exactly 203.0.113.5/32, but of 203.0.113.0/24'
	run_sekisho 2 unban --all 198.51.101.1
	run_sekisho bans --json
	json 'map(.prefix) == ["198.51.101.1/32", "203.0.113.0/24", "2001:db8::/64"]'
	run_sekisho unban --all
	run_sekisho bans --json
	[[ -z $output ]]
	run_sekisho unban --all
}

@test "an IPv6 address without a length is banned, and unbanned, with its whole /64" {
	needs_gate
	run_sekisho ban 2001:db8:9::1
	says '^banned 2001:db8:9::/64 until '
	ban_exists 2001:db8:9::/64
	run_sekisho why --json 2001:db8:9::ffff
	json '.[0].services.submission.verdict == "drop"'
	run_sekisho unban 2001:db8:9::7
	says '^unbanned 2001:db8:9::/64$'
	# With a length it is what it says, and unban of another address leaves it.
	run_sekisho ban 2001:db8:9::1/128
	ban_exists 2001:db8:9::1/128
	run_sekisho 1 unban 2001:db8:9::2
	ban_exists 2001:db8:9::1/128
	run_sekisho unban 2001:db8:9::1
	no_ban_exists 2001:db8:9::1/128
	# IPv4 addresses are what they are.
	run_sekisho ban 198.51.100.10
	ban_exists 198.51.100.10/32
	run_sekisho unban --all
}

@test "a ban for ever lasts until it is lifted, over a new load" {
	needs_gate
	run_sekisho ban --for ever --reason 'never again' 198.51.100.10
	says '^banned 198.51.100.10/32 until it is lifted, 0 open connections closed$'
	run_sekisho bans
	says '^198.51.100.10/32 +JP +- +all +ever +0 manual'
	run_sekisho unload
	run_sekisho load
	run_sekisho bans
	says '^198.51.100.10/32 +JP +- +all +ever +0 manual'
	run_sekisho unban 198.51.100.10
	# What is far away is one word in both commands.
	run_sekisho ban --for 20000d 198.51.100.10
	says '^banned 198.51.100.10/32 until it is lifted, 0 open connections closed$'
	run_sekisho bans
	says '^198.51.100.10/32 +JP +- +all +ever +0 manual'
	run_sekisho ban --for 18000d 198.51.100.11
	says '^banned 198.51.100.11/32 until 20[0-9TZ:-]+ \(18000d\), 0 open'
	run_sekisho bans
	says '^198.51.100.11/32 +JP +- +all +17999d23h +0 manual'
	run_sekisho unban 198.51.100.10 198.51.100.11
	run_sekisho 2 ban --for always 198.51.100.10
	complains 'nor "ever"'
}

@test "control characters of an argument do not reach the terminal" {
	run_sekisho any why $'\e[31mred'
	((status != 0))
	run ! grep -q $'\e' <<<"$errors"
}

# ---- the state of the kernel side ----

@test "without a gate, commands that need one say that none is loaded and how to load it" {
	[[ -n ${LAB_ID-} ]] || skip "needs root, bpffs and network namespaces"
	run_sekisho 1 ban 198.51.100.66
	complains 'load|run'
	run_sekisho 1 stats --json
	complains 'load|run'
}

@test "pins of another contract version are named, with what to do, and unload removes them" {
	[[ -n ${LAB_ID-} ]] || skip "needs root, bpffs and network namespaces"
	requires bpftool
	mkdir -p "$LAB_PINS/v99"
	bpftool map create "$LAB_PINS/v99/control" type array key 4 value 8 entries 1 name control
	for command in 'bans --json' 'ban 198.51.100.66' load; do
		# shellcheck disable=SC2086 # words
		run_sekisho 1 $command
		complains '99'
		complains 'unload'
	done
	[[ -e $LAB_PINS/v99/control ]]
	run_sekisho unload
	[[ ! -e $LAB_PINS ]]
	run_sekisho load
}

@test "a second instance on the same pins is refused, and the first goes on" {
	[[ -n ${LAB_ID-} ]] || skip "needs root, bpffs and network namespaces"
	lab_run
	pid=$(<"$LAB/run.pid")
	run_sekisho ban 198.51.100.66
	SEKISHO_TIMEOUT_S=50 run_sekisho 1 run
	complains "$pid|already|another"
	# The same pins by a state folder of its own are no way around it.
	cp "$LAB_CONF" "$LAB/second.conf"
	mkdir -p "$LAB/state2" "$LAB/run2"
	sed -i "s,^state = .*,state = $LAB/state2,; s,^runtime = .*,runtime = $LAB/run2," "$LAB/second.conf"
	LAB_CONF=$LAB/second.conf SEKISHO_TIMEOUT_S=50 run_sekisho 1 run
	complains 'already|another'
	kill -0 "$pid"
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	connect_is open 198.51.100.67 "$MX4" 25
}

@test "without privilege, commands name what they need" {
	requires setpriv
	needs_gate
	install -m 644 "$LAB_CONF" "$LAB_OPEN/conf" # others may not look into the test's own folder
	for command in load 'ban 198.51.100.66' 'stats --json'; do
		status=0
		# By a shell: what setpriv itself starts, it starts with root's right to look into every folder.
		# shellcheck disable=SC2016,SC2086 # for the inner shell; words
		server setpriv --reuid 65534 --regid 65534 --clear-groups sh -c 'exec "$@"' - "$(lab_open "$SEKISHO")" \
			-c "$LAB_OPEN/conf" $command 2>"$BATS_TEST_TMPDIR/err" || status=$?
		cat "$BATS_TEST_TMPDIR/err"
		[[ $status == 1 ]]
		grep -Eq 'root|CAP_|privilege' "$BATS_TEST_TMPDIR/err"
	done
}

@test "check by another user warns of what only root may read, and judges the rest" {
	requires setpriv
	[[ -n ${LAB_ID-} ]] || skip "needs root, bpffs and network namespaces"
	echo 0123456789abcdef >"$LAB_OPEN/key"
	chmod 600 "$LAB_OPEN/key"
	printf '%s\n' '[policy]' 'dovecot = 127.0.0.1:9120' "api-key-file = $LAB_OPEN/key" >"$LAB_OPEN/keys.conf"
	# shellcheck disable=SC2016 # for the inner shell
	run -0 server setpriv --reuid 65534 --regid 65534 --clear-groups sh -c 'exec "$@"' - "$(lab_open "$SEKISHO")" \
		-c "$LAB_OPEN/keys.conf" check
	[[ $output == *"keys.conf:3: warning: [policy] api-key-file: this user cannot read $LAB_OPEN/key"* ]]
	[[ $output == *'no faults'* ]]
}

@test "parse needs no privilege and prints one event a line" {
	cat >"$BATS_TEST_TMPDIR/mail.log" <<-'END'
		Nov 21 10:00:00 mx postfix/submission/smtpd[7]: warning: unknown[192.0.2.5]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=bob@example.com
		Nov 21 10:00:01 mx postfix/submission/smtpd[7]: disconnect from unknown[192.0.2.5] ehlo=1 auth=0/1 quit=1 commands=2/3
		Nov 21 10:00:02 mx imap-login: Login: user=<bob>, method=PLAIN, rip=2001:db8::6, lip=192.0.2.1, mpid=7, TLS, session=<x>
	END
	run_sekisho parse --json "$BATS_TEST_TMPDIR/mail.log"
	json 'map(.kind) == ["failure"] or map(.kind) == ["failure", "success"]'
	json '.[0] | .source == "192.0.2.5" and .account == "bob@example.com" and .daemon == "postfix"
		and .service == "submission" and .count == 1 and .line == 1'
}

@test "parse --missed shows the lines of mail servers that gave nothing, without their passwords" {
	cat >"$BATS_TEST_TMPDIR/log" <<-'END'
		Nov 21 10:00:00 mx postfix/smtpd[12]: warning: unknown[192.0.2.5]: SASL LOGIN authentication failed: x
		Nov 21 10:00:01 mx postfix/smtpd[12]: something new about unknown[192.0.2.6]
		Nov 21 10:00:02 mx dovecot: auth: Debug: client passdb out: given password: secret1
		Nov 21 10:00:03 mx cron[9]: (root) CMD (true)
	END
	run_sekisho parse --missed "$BATS_TEST_TMPDIR/log"
	says '^[^ ]*log:2: .*something new about unknown'
	says '^[^ ]*log:3: '
	[[ ! $output =~ secret1|'SASL LOGIN'|cron ]]
	complains '4 lines of syslog, 1 events, failure 1; 2 lines of mail servers without one'
	run_sekisho parse "$BATS_TEST_TMPDIR/log"
	complains 'without one \(--missed shows them\)'
}

@test "parse says which events have no time, and how each file is written" {
	printf '[pattern own]\npattern = ^.*login failed from <HOST>$\nkind = failure\n' >"$BATS_TEST_TMPDIR/conf"
	printf '21.11.2026 at noon: login failed from 192.0.2.5\n' >"$BATS_TEST_TMPDIR/log"
	run_sekisho -c "$BATS_TEST_TMPDIR/conf" parse --json "$BATS_TEST_TMPDIR/log"
	json '.[0].time == null and .[0].source == "192.0.2.5"'
	complains '1 events HAVE NO TIME that is understood'
	printf '2026-11-21T10:00:00.5Z stdout F postfix/smtpd[12]: warning: unknown[192.0.2.5]: SASL LOGIN authentication failed: x\n' >"$BATS_TEST_TMPDIR/log"
	run_sekisho parse "$BATS_TEST_TMPDIR/log"
	complains '1 lines of CRI, program without a time, 1 events'
}

@test "a folder, an archive or a program is no log, and is named as what it is" {
	local folder=$BATS_TEST_TMPDIR/folder zip=$BATS_TEST_TMPDIR/log.zip command
	mkdir "$folder"
	printf 'PK\3\4\24\0\0\0\10\0a zip' >"$zip"
	printf 'Nov 21 10:00:00 mx cron[9]: (root) CMD (true)\n' >"$BATS_TEST_TMPDIR/text"
	: >"$BATS_TEST_TMPDIR/empty"
	for command in parse 'parse --missed' replay 'report --account bob'; do
		# shellcheck disable=SC2086 # words
		run_sekisho 1 $command "$folder"
		complains "$folder is a folder; name the logs in it"
		[[ -z $output ]]
		# shellcheck disable=SC2086 # words
		run_sekisho 1 $command "$zip"
		complains "$zip is no text, and nothing was found in it; unpack it"
		# shellcheck disable=SC2086 # words
		run_sekisho $command "$BATS_TEST_TMPDIR/text" "$BATS_TEST_TMPDIR/empty"
		[[ $errors != *'no text'* ]]
	done
	run_sekisho 1 parse "$zip" "$BATS_TEST_TMPDIR/text"
	complains "$zip is no text"
	run_sekisho 1 parse - <"$zip"
	complains 'is no text'
	# Zeros that a crash left within a log are no reason.
	{ printf '\0\0\0\n' && printf 'Nov 21 10:00:00 mx postfix/smtpd[12]: warning: unknown[192.0.2.5]: SASL LOGIN authentication failed: x\n'; } \
		>"$BATS_TEST_TMPDIR/holed"
	run_sekisho parse "$BATS_TEST_TMPDIR/holed"
	says 192.0.2.5
	run_sekisho 2 parse --json --missed "$BATS_TEST_TMPDIR/text"
	complains 'not both'
}

@test "country --list has no local address in any country, and knows what is no country" {
	printf '10.0.0.0,10.0.0.255,JP\n192.0.2.0,192.0.2.255,JP\n198.51.100.0,198.51.100.255,ZZ\n' >"$BATS_TEST_TMPDIR/csv"
	conf '[country]' "files = $BATS_TEST_TMPDIR/csv" '[paths]' "state = $BATS_TEST_TMPDIR/state"
	run_sekisho country --list JP
	[[ $output == 192.0.2.0/24 ]]
	run_sekisho country --list ZZ
	says '^8\.0\.0\.0/7$'
	run ! grep -E '^(10\.|127\.|192\.168\.|172\.(1[6-9]|2[0-9]|3[01])\.|169\.254\.|f[cd]|fe[89ab]|::1/)' <<<"$output"
	run_sekisho 2 country --list XA
	complains 'XA is no country but the code of a list: .*sekisho export NAME'
	[[ -z $output ]]
	for code in ZZZ J 1X; do
		run_sekisho 2 country --list "$code"
		complains "'$code' is no country code"
	done
	run_sekisho 1 country --list XK
	complains "knows no country 'XK'"
	conf '[country]' "files = $BATS_TEST_TMPDIR/none" '[paths]' "state = $BATS_TEST_TMPDIR/state"
	run_sekisho 1 country 192.0.2.1
	complains "cannot read $BATS_TEST_TMPDIR/none: No such file or directory; install tor-geoipdb"
}

@test "a kernel without BTF and a missing capability are named with the remedy; a low number alone is none" {
	lab_conf
	server unshare --mount sh -c \
		'mount -t tmpfs none /sys/kernel/btf && exec "$@"' sh "$SEKISHO" -c "$LAB_CONF" load \
		>"$BATS_TEST_TMPDIR/said" 2>&1 && fail "loaded without BTF"
	grep -q 'this kernel has no BTF .*CONFIG_DEBUG_INFO_BTF=y' "$BATS_TEST_TMPDIR/said"
	# Distributions bring features to older numbers: what the kernel can do is asked.
	server setarch --uname-2.6 "$SEKISHO" -c "$LAB_CONF" load
	run_sekisho unload
	server setpriv --bounding-set=-bpf,-sys_admin "$SEKISHO" -c "$LAB_CONF" load \
		>"$BATS_TEST_TMPDIR/said" 2>&1 && fail "loaded without CAP_BPF"
	grep -q 'the kernel refused to load the gate: .*CAP_BPF' "$BATS_TEST_TMPDIR/said"
}

@test "without bpffs the program mounts it" {
	lab_conf
	server unshare --mount sh -c 'umount -l /sys/fs/bpf && "$@" load && exec "$@" unload' sh \
		"$SEKISHO" -c "$LAB_CONF" >"$BATS_TEST_TMPDIR/said" 2>&1 || fail "$(<"$BATS_TEST_TMPDIR/said")"
	grep -q 'guarded by native XDP' "$BATS_TEST_TMPDIR/said"
}

@test "loopback is not guarded, and that is said" {
	lab_conf 'interface = lo'
	run_sekisho 1 load
	complains 'lo: not guarded: it is loopback'
}

@test "a program that the verifier refuses fails the load, and -v shows its log" {
	lab_conf
	server setpriv --bounding-set=-perfmon,-sys_admin "$SEKISHO" -v -c "$LAB_CONF" load \
		>"$BATS_TEST_TMPDIR/said" 2>&1 && fail "loaded without CAP_PERFMON"
	grep -q 'BEGIN PROG LOAD LOG' "$BATS_TEST_TMPDIR/said"
	grep -q 'the kernel refused to load the gate' "$BATS_TEST_TMPDIR/said"
}

@test "refused programs leave no new maps behind, and the maps that were there alone" {
	local without='-perfmon,-sys_admin'
	lab_conf
	server setpriv "--bounding-set=$without" "$SEKISHO" -c "$LAB_CONF" load && fail "loaded without CAP_PERFMON"
	[[ ! -e $LAB_MAPS ]]
	run_sekisho load
	run_sekisho ban --for 1h 198.51.100.9
	rm -r "$LAB_MAPS/programs" # as after an upgrade
	server setpriv "--bounding-set=$without" "$SEKISHO" -c "$LAB_CONF" load && fail "loaded without CAP_PERFMON"
	run_sekisho why --json 198.51.100.9
	json '.[0].bans | length == 1'
	run_sekisho load
	run_sekisho why --json 198.51.100.9
	json '.[0].bans | length == 1'
}
