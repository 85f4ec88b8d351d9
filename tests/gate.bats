#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The gate on a device: what passes, what is dropped, what is counted, by each hook; and that it
# goes on without a daemon. No mail server: a listener stands in.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho jq ping || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	lab_listen "$MX4" 25 143 587 8080
	lab_listen "$MX6" 25 143 587 8080
}

teardown_file() {
	lab_down
}

setup() {
	requires
	lab_reset
	held=()
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	for pid in "${held[@]}"; do
		lab_kill "$pid"
	done
	cat "$LAB/log/run" 2>/dev/null || :
}

LISTS='[list bad]
action = deny
[list good]
action = allow'

# Connections that the server's kernel holds with a source on mail ports.
sockets_from() { # SOURCE
	server ss -Htn state established "dst [$1] and ( sport = :587 or sport = :143 )" | wc -l
}

neighbour_has_one() { [[ $(sockets_from 198.51.100.67) == 1 ]]; }

# The packets' way, whatever the hook: each accepted case beside its refused twin.
gate_decides() {
	connect_is open 198.51.100.66 "$MX4" 587
	connect_is open 2001:db8:bad:66::1 "$MX6" 587
	lab_hold banned 198.51.100.66 "$MX4" 587
	lab_hold banned6 2001:db8:bad:66::1 "$MX6" 143
	lab_hold neighbour 198.51.100.67 "$MX4" 587
	mapfile -t held < <(tail -n 3 "$LAB/pids")
	run_sekisho ban 198.51.100.66
	run_sekisho ban 2001:db8:bad:66::1

	for port in 25 143 587; do
		connect_is no-answer 198.51.100.66 "$MX4" "$port" 0.3
		connect_is open 198.51.100.67 "$MX4" "$port"
		connect_is no-answer 2001:db8:bad:66::1 "$MX6" "$port" 0.3
		connect_is open 2001:db8:bad:67::1 "$MX6" "$port"
	done
	connect_is open 198.51.100.66 "$MX4" 8080 # no mail port
	connect_is open 2001:db8:bad:66::1 "$MX6" 8080
	for name in banned banned6; do
		retry 30 0.1 session_is_dead "$name"
	done
	session_is_alive neighbour
	# And no process of the server's waits for it.
	[[ $(sockets_from 198.51.100.66) == 0 && $(sockets_from 2001:db8:bad:66::1) == 0 ]]
	retry 20 0.1 neighbour_has_one # the connects above are being closed

	run_sekisho unban 198.51.100.66
	connect_is open 198.51.100.66 "$MX4" 587
	connect_is no-answer 2001:db8:bad:66::1 "$MX6" 587 0.3

	printf '198.51.100.128/25\n2001:db8:bad:8000::/49\n' >"$BATS_TEST_TMPDIR/bad"
	run_sekisho import bad "$BATS_TEST_TMPDIR/bad"
	connect_is no-answer 198.51.100.128 "$MX4" 25 0.3
	connect_is open 198.51.100.127 "$MX4" 25
	connect_is no-answer 2001:db8:bad:8000::1 "$MX6" 25 0.3
	connect_is open 2001:db8:bad:7fff::1 "$MX6" 25
}

status_hook_is() { # HOOK
	run_sekisho status --json
	json ".[0].devices | any(.device == \"mx0\" and .attached and .hook == \"$1\")"
}

@test "load attaches by native XDP to the device with the default route, and unload leaves nothing" {
	lab_conf
	run_sekisho load
	status_hook_is xdp
	json '.[0] | .loaded and .mode == "enforce" and .daemon.running != true'
	json '.[0].devices | length == 1'
	[[ -n $(find "$LAB_PINS" -type f) ]]
	run_sekisho unload
	[[ -z $errors ]]
	[[ ! -e $LAB_PINS ]]
	[[ $(ip -n "$LAB_SERVER" -j link show mx0 | jq '.[0].xdp') == null ]]
	run_sekisho any status --json
	json '.[0].loaded == false'
}

@test "native XDP drops banned and listed sources, and nothing else" {
	lab_conf 'mode = enforce
hook = xdp' "$LISTS"
	# Where every server is counted, the meters say whose sockets are looked for.
	sed -i '/^cgroup = /d' "$LAB_CONF"
	run_sekisho load
	status_hook_is xdp
	gate_decides
}

@test "tc ingress drops banned and listed sources, and nothing else" {
	lab_conf 'mode = enforce
hook = tc' "$LISTS"
	run_sekisho load
	status_hook_is tc
	gate_decides
	run_sekisho unload
	[[ -z $(server tc filter show dev mx0 ingress 2>/dev/null) ]]
}

@test "generic XDP drops banned and listed sources, and nothing else" {
	lab_conf 'mode = enforce
hook = generic' "$LISTS"
	run_sekisho load
	status_hook_is generic
	gate_decides
}

@test "monitor mode passes everything and counts what it would have dropped" {
	lab_conf 'mode = monitor' "$LISTS"
	run_sekisho load
	run_sekisho ban 198.51.100.66
	echo 198.51.100.70 >"$BATS_TEST_TMPDIR/bad"
	run_sekisho import bad "$BATS_TEST_TMPDIR/bad"
	[[ $(lab_burst 198.51.100.66 "$MX4" 25 7) == 7 ]]
	[[ $(lab_burst 198.51.100.70 "$MX4" 25 5) == 5 ]]
	[[ $(lab_burst 198.51.100.71 "$MX4" 25 3) == 3 ]]
	run_sekisho stats --json
	json '.[0].services.smtp | .attempts == 15 and .passed == 15 and .dropped == 0
		and .would_drop == 12'
	json '.[0].services.smtp.reasons | .banned.would_drop.attempts == 7
		and .listed.would_drop.attempts == 5 and .banned.dropped.packets == 0'
}

@test "an allow list beats a ban and a deny list" {
	lab_conf 'mode = enforce' "$LISTS"
	run_sekisho load
	printf '198.51.100.0/24\n' >"$BATS_TEST_TMPDIR/bad"
	printf '198.51.100.66\n198.51.100.68\n' >"$BATS_TEST_TMPDIR/good"
	run_sekisho ban 198.51.100.66
	run_sekisho ban 198.51.100.67
	run_sekisho import bad "$BATS_TEST_TMPDIR/bad"
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	run_sekisho import good "$BATS_TEST_TMPDIR/good"
	connect_is open 198.51.100.66 "$MX4" 25
	connect_is no-answer 198.51.100.67 "$MX4" 25 0.3
	connect_is open 198.51.100.68 "$MX4" 25
	connect_is no-answer 198.51.100.69 "$MX4" 25 0.3
	run_sekisho why --json 198.51.100.66
	json '.[0].services.smtp.verdict == "pass" and (.[0].lists | length) >= 1'
	run_sekisho why --json 198.51.100.69
	json '(.[0].services.smtp | .verdict == "drop" and .reason == "listed")'
}

@test "a country policy shuts its service to the others, and no other service" {
	lab_conf 'mode = enforce' '[service submission]
ports = 465 587
countries = JP:pass *:deny'
	run_sekisho load
	connect_is open 198.51.100.66 "$MX4" 587
	connect_is open 2001:db8:bad:1::1 "$MX6" 587
	connect_is no-answer 203.0.113.66 "$MX4" 587 0.3
	connect_is no-answer 2001:db8:600d:1::1 "$MX6" 587 0.3
	connect_is no-answer 198.51.100.224 "$MX4" 587 0.3 # FR within JP's /24
	connect_is open 198.51.100.223 "$MX4" 587
	connect_is open 203.0.113.66 "$MX4" 25
	connect_is open 2001:db8:600d:1::1 "$MX6" 25
	run_sekisho country 198.51.100.66 198.51.100.224 203.0.113.66 2001:db8:bad::9 192.0.2.1
	[[ $output == $'JP\nFR\nDE\nJP\nZZ' ]]
	run_sekisho stats --json
	json '.[0].services.submission.countries | .JP.passed == 3 and .DE.dropped == 2 and .FR.dropped == 1'
	json '.[0].services.submission.reasons.country.dropped.attempts == 3'
	run_sekisho why --json 203.0.113.66
	json '.[0].country == "DE" and (.[0].services.submission | .verdict == "drop" and .reason == "country")
		and .[0].services.smtp.verdict == "pass"'
}

@test "the counters equal what was sent" {
	lab_conf 'mode = enforce' "$LISTS"
	run_sekisho load
	printf '198.51.100.70\n2001:db8:bad:70::/64\n' >"$BATS_TEST_TMPDIR/bad"
	run_sekisho import bad "$BATS_TEST_TMPDIR/bad"
	run_sekisho ban 203.0.113.66
	[[ $(lab_burst 198.51.100.66 "$MX4" 25 40) == 40 ]]
	[[ $(lab_burst 203.0.113.66 "$MX4" 25 30) == 0 ]]
	[[ $(lab_burst 198.51.100.70 "$MX4" 25 20) == 0 ]]
	[[ $(lab_burst 2001:db8:bad:70::5 "$MX6" 587 10) == 0 ]]
	[[ $(lab_burst 2001:db8:600d:1::1 "$MX6" 587 5) == 5 ]]
	[[ $(lab_burst 198.51.100.66 "$MX4" 8080 9) == 9 ]] # no mail port: not counted
	run_sekisho stats --json
	json '.[0].services.smtp | .attempts == 90 and .passed == 40 and .dropped == 50'
	json '.[0].services.smtp.countries | .JP.attempts == 60 and .JP.passed == 40 and .JP.dropped == 20
		and .DE.attempts == 30 and .DE.dropped == 30'
	json '.[0].services.smtp.reasons | .banned.dropped.attempts == 30
		and .listed.dropped.attempts == 20'
	json '.[0].services.submission | .attempts == 15 and .dropped == 10
		and .countries.JP.dropped == 10 and .countries.DE.passed == 5'
	json '.[0].lists | any(.name == "bad" and .attempts == 30)'
	json '.[0].total.attempts == 105'
	run_sekisho stats --prometheus
	says '^sekisho_[a-z_]+_total\{.*service="smtp".*\} 30$'
}

client_listens() { # ADDRESS:PORT
	[[ -n $(client ss -Hltn "src $1") ]]
}

@test "the server's own connections to a banned host, its pings and its other ports are untouched" {
	lab_background "$LAB/log/peer" nsenter --net="/run/netns/$LAB_CLIENT" \
		"$LAB_TOOLS/peer" listen 198.51.100.66 25
	lab_wait 5 client_listens 198.51.100.66:25
	lab_conf
	run_sekisho load
	run_sekisho ban 198.51.100.0/24
	[[ $(server "$LAB_TOOLS/peer" try "$MX4" 198.51.100.66 25) == open ]]
	client ping -q -c 1 -W 2 -I 198.51.100.66 "$MX4"
	connect_is open 198.51.100.66 "$MX4" 8080
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	run_sekisho stats --json
	json '.[0].total.attempts == 1 and .[0].services.smtp.reasons.banned.dropped.packets == 1'
}

@test "a ban ends by itself in the kernel, with no daemon" {
	lab_conf
	run_sekisho load
	run_sekisho ban 198.51.100.66 --for 2s
	run_sekisho ban 198.51.100.67 --for 1h
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	retry 40 0.1 connect_is open 198.51.100.66 "$MX4" 25 0.3
	connect_is no-answer 198.51.100.67 "$MX4" 25 0.3
	no_ban_exists 198.51.100.66/32
	ban_exists 198.51.100.67/32
}

session_is_silent() { ! (session_is_alive "$1") >/dev/null 2>&1; }

# The daemon, or a command, may be killed at any step: here right after the BPF_MAP_UPDATE_ELEM.
@test "a ban whose writer was killed as soon as it was in ends an open session" {
	lab_conf 'mode = enforce'
	run_sekisho load
	lab_hold banned 198.51.100.66 "$MX4" 587
	lab_hold neighbour 198.51.100.67 "$MX4" 587
	mapfile -t held < <(tail -n 2 "$LAB/pids")
	session_is_alive banned
	server "$LAB_REPO/build/tests/upgrade/kill_at" 2 1 "$SEKISHO" -c "$LAB_CONF" ban 198.51.100.66
	retry 60 0.1 session_is_silent banned
	session_is_alive neighbour
}

@test "a ban of a network shuts out the network and not its neighbour" {
	lab_conf
	run_sekisho load
	run_sekisho ban 198.51.100.64/26 --reason 'a whole street'
	run_sekisho ban 2001:db8:bad::/56
	connect_is no-answer 198.51.100.64 "$MX4" 25 0.3
	connect_is no-answer 198.51.100.127 "$MX4" 25 0.3
	connect_is open 198.51.100.63 "$MX4" 25
	connect_is open 198.51.100.128 "$MX4" 25
	connect_is no-answer 2001:db8:bad:ff::1 "$MX6" 25 0.3
	connect_is open 2001:db8:bad:100::1 "$MX6" 25
	# Bans of other lengths beside them.
	run_sekisho ban 198.51.100.200
	run_sekisho ban 2001:db8:bad:200::/64
	connect_is no-answer 198.51.100.200 "$MX4" 25 0.3
	connect_is no-answer 2001:db8:bad:200::2 "$MX6" 25 0.3
	connect_is no-answer 198.51.100.127 "$MX4" 25 0.3
	run_sekisho bans --json
	json 'any(.[]; .prefix == "198.51.100.64/26" and .reason == "a whole street")'
}

# A small XDP program that is not ours.
foreign_program() { # prints its path
	printf '%s\n' '__attribute__((section("xdp"), used)) int foreign_pass(void *context)' \
		'{ (void)context; return 2; }' \
		'char _license[] __attribute__((section("license"), used)) = "GPL";' |
		clang -O2 -g -target bpf -x c -c - -o "$BATS_TEST_TMPDIR/foreign.o"
	echo "$BATS_TEST_TMPDIR/foreign.o"
}

xdp_id() { ip -n "$LAB_SERVER" -j link show mx0 | jq '.[0].xdp.prog.id'; }

@test "a foreign XDP program stays, is named, and tc does the work" {
	requires clang
	object=$(foreign_program)
	ip -n "$LAB_SERVER" link set mx0 xdp obj "$object" sec xdp
	id=$(xdp_id)
	lab_conf
	run_sekisho load
	says 'mx0: guarded by tc ingress .*"foreign_pass" \(id [0-9]+\) of another is on it'
	status_hook_is tc
	json '.[0].devices[0].why | test("foreign_pass")'
	[[ $(xdp_id) == "$id" ]]
	run_sekisho ban 198.51.100.66
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	connect_is open 198.51.100.67 "$MX4" 25
	run_sekisho unload
	[[ $(xdp_id) == "$id" ]]
}

@test "a foreign XDP program is not replaced when XDP is demanded: load fails and names it" {
	requires clang
	object=$(foreign_program)
	ip -n "$LAB_SERVER" link set mx0 xdp obj "$object" sec xdp
	id=$(xdp_id)
	lab_conf 'mode = enforce
hook = xdp'
	run_sekisho 1 load
	complains 'mx0.*foreign_pass|foreign_pass.*mx0'
	[[ $(xdp_id) == "$id" ]]
}

@test "a device that is named but missing is an error that names it" {
	lab_conf 'mode = enforce
interface = nosuch0'
	run_sekisho 1 load
	complains nosuch0
}

@test "the gate goes on when the daemon is killed, and a restart keeps bans and counters" {
	lab_conf 'mode = enforce' "$LISTS"
	lab_run
	run_sekisho ban 198.51.100.66 --for 1h
	echo 198.51.100.70 >"$BATS_TEST_TMPDIR/bad"
	run_sekisho import bad "$BATS_TEST_TMPDIR/bad"
	run_sekisho bans --json
	before=$(jq -S 'select(.prefix == "198.51.100.66/32") | {since, until}' <<<"$output")
	[[ $(lab_burst 198.51.100.66 "$MX4" 25 5) == 0 ]]
	lab_run_end KILL || :
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	connect_is no-answer 198.51.100.70 "$MX4" 25 0.3
	connect_is open 198.51.100.67 "$MX4" 25
	run_sekisho status --json
	json '.[0].loaded and .[0].daemon.running == false'

	lab_run
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	connect_is no-answer 198.51.100.70 "$MX4" 25 0.3
	run_sekisho bans --json
	[[ $(jq -S 'select(.prefix == "198.51.100.66/32") | {since, until}' <<<"$output") == "$before" ]]
	run_sekisho stats --json
	json '.[0].services.smtp.reasons.banned.dropped.attempts == 7'
	lab_run_end
}

@test "an upgrade (load over load) leaves no gap for a banned source" {
	lab_conf
	run_sekisho load
	run_sekisho ban 198.51.100.66
	lab_burst 198.51.100.66 "$MX4" 25 200 0.01 >"$LAB/opened" 3>&- &
	burst=$!
	for ((i = 0; i < 4; i++)); do
		run_sekisho load
	done
	wait "$burst"
	[[ $(<"$LAB/opened") == 0 ]]
	connect_is open 198.51.100.67 "$MX4" 25
}

@test "after a reboot bans come back with the time they had left, and lists too" {
	lab_conf 'mode = enforce' "$LISTS"
	run_sekisho load
	run_sekisho ban 198.51.100.66 --for 1h --reason 'before the reboot'
	run_sekisho ban 2001:db8:bad:66::/64 --for 2h
	run_sekisho ban 198.51.100.68 --for 1s
	echo 198.51.100.70 >"$BATS_TEST_TMPDIR/bad"
	run_sekisho import bad "$BATS_TEST_TMPDIR/bad"
	run_sekisho bans --json
	jq -r 'select(.prefix != "198.51.100.68/32") | "\(.prefix)|\(.until)|\(.reason)"' \
		<<<"$output" | sort >"$BATS_TEST_TMPDIR/before"
	[[ $(wc -l <"$BATS_TEST_TMPDIR/before") == 2 ]]
	retry 30 0.1 no_ban_exists 198.51.100.68/32
	run_sekisho unload
	connect_is open 198.51.100.66 "$MX4" 25

	run_sekisho load
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	connect_is no-answer 2001:db8:bad:66::7 "$MX6" 25 0.3
	connect_is no-answer 198.51.100.70 "$MX4" 25 0.3
	connect_is open 198.51.100.68 "$MX4" 25
	run_sekisho bans --json
	# The boot clock and the wall clock are read apart: a second of rounding is no fault.
	jq -r '"\(.prefix)|\(.until)|\(.reason)"' <<<"$output" | sort >"$BATS_TEST_TMPDIR/after"
	diff <(cut -d '|' -f 1,3 "$BATS_TEST_TMPDIR/before") \
		<(cut -d '|' -f 1,3 "$BATS_TEST_TMPDIR/after")
	paste -d '|' "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after" |
		while IFS='|' read -r _ a _ _ b _; do
			difference=$(($(date -d "$a" +%s) - $(date -d "$b" +%s)))
			((${difference#-} <= 1)) || fail "until $a became $b"
		done
}

@test "SIGHUP takes a changed configuration, and keeps the old one when the new is wrong" {
	lab_conf 'mode = monitor'
	lab_run
	run_sekisho ban 198.51.100.66
	connect_is open 198.51.100.66 "$MX4" 25
	lab_conf 'mode = enforce'
	kill -HUP "$(<"$LAB/run.pid")"
	retry 30 0.1 connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	lab_conf 'mode = sometimes'
	kill -HUP "$(<"$LAB/run.pid")"
	retry 30 0.1 grep -q sometimes "$LAB/log/run"
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	lab_conf 'mode = enforce'
	run_sekisho status --json
	json '.[0].mode == "enforce" and .[0].daemon.running'
	lab_run_end
}

@test "run ends by SIGTERM with status 0, and its gate stays until unload" {
	lab_conf
	lab_run
	run_sekisho ban 198.51.100.66
	lab_run_end TERM
	run_sekisho status --json
	json '.[0].daemon.running == false'
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	run_sekisho unload
	connect_is open 198.51.100.66 "$MX4" 25
}

@test "a full table of bans refuses one more, says so and counts it, and every ban in it holds" {
	lab_conf 'mode = enforce
bans = 2'
	run_sekisho load
	run_sekisho ban 198.51.100.66
	run_sekisho ban 198.51.100.67
	run_sekisho 1 ban 198.51.100.68
	complains 'the table is full \(2 bans\); raise \[gate\] bans'
	run_sekisho status --json
	json '.[0].tables.bans | .used == 2 and .size == 2 and .overflows == 1'
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	connect_is no-answer 198.51.100.67 "$MX4" 25 0.3
	connect_is open 198.51.100.68 "$MX4" 25
	run_sekisho unban 198.51.100.66
	run_sekisho ban 198.51.100.68
	connect_is no-answer 198.51.100.68 "$MX4" 25 0.3

	# What the store has beyond the size finds no room in the kernel either, and takes none.
	run_sekisho unload
	lab_conf 'mode = enforce'
	run_sekisho load
	run_sekisho ban 198.51.100.69
	run_sekisho unload
	lab_conf 'mode = enforce
bans = 2'
	run_sekisho load
	complains 'only 2 bans are restored: cannot ban 198.51.100.69/32: the table is full'
	run_sekisho status --json
	json '.[0].tables.bans | .used == 2 and .size == 2 and .overflows == 1'
	connect_is no-answer 198.51.100.67 "$MX4" 25 0.3
	connect_is no-answer 198.51.100.68 "$MX4" 25 0.3
	connect_is open 198.51.100.69 "$MX4" 25
}
