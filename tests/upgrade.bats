#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# One version over another: the same build again, another build of the same contract, a new contract
# and back. No mail server: a listener stands in.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho jq bpftool || return 0
	NEXT=$("$BATS_TEST_DIRNAME/upgrade/next-contract")
	export NEXT THIS=$SEKISHO
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
	SEKISHO=$THIS
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
action = deny'

program_ids() { # of what is pinned
	local pin
	for pin in "$LAB_PINS"/v*/programs/*/*; do
		bpftool -j prog show pinned "$pin" | jq '.id'
	done | sort -n
}

# Bans, a list, open connections and counts that an upgrade has to keep.
live() {
	run_sekisho ban 198.51.100.66 --for 1h --reason 'before the upgrade'
	run_sekisho ban 2001:db8:bad:66::/64 --for 2h
	echo 198.51.100.70 >"$BATS_TEST_TMPDIR/bad"
	run_sekisho import bad "$BATS_TEST_TMPDIR/bad"
	for _ in 1 2 3; do
		connect_is open 198.51.100.20 "$MX4" 25
		connect_is open 2001:db8:bad:20::1 "$MX6" 587
	done
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	connect_is no-answer 198.51.100.70 "$MX4" 587 0.3
	lab_hold held4 198.51.100.21 "$MX4" 587
	lab_hold held6 2001:db8:bad:21::1 "$MX6" 143
	mapfile -t held < <(tail -n 2 "$LAB/pids")
	retry 20 0.1 open_equals 2
}

open_equals() { # COUNT
	run_sekisho stats --json >"$BATS_TEST_TMPDIR/said"
	json ".[0].total.open == $1"
}

# What must not change: bans with their evidence, lists, every counter.
kept() { # FILE
	exec 9>&1 >"$BATS_TEST_TMPDIR/said"
	run_sekisho bans --json
	jq -cS '[.prefix, .until[0:16], .reason, .rule]' <<<"$output" | sort >"$1"
	run_sekisho lists --json
	jq -cS '[.name, .action, .prefixes, .hits]' <<<"$output" >>"$1"
	run_sekisho stats --json
	# The time of the last one is the boot clock's, shown by the wall clock: it may differ by a tick.
	jq -S '{since, total, services, lists, sources: (.sources | map(del(.last))),
		networks: (.networks | map(del(.last)))}' <<<"$output" >>"$1"
	run_sekisho why --json 198.51.100.66
	jq -cS '.bans | map([.prefix, .packets, .attempts])' <<<"$output" >>"$1"
	exec >&9 9>&-
}

same_as_before() { # BEFORE
	kept "$BATS_TEST_TMPDIR/after"
	diff "$1" "$BATS_TEST_TMPDIR/after"
}

groups_of_bans() {
	run_sekisho bans --json >"$BATS_TEST_TMPDIR/said"
	jq -cS '[.prefix, .services, .until[0:16], .reason]' <<<"$output" | sort
}

service_is() { # NAME HANDSHAKES OPEN
	run_sekisho stats --json >"$BATS_TEST_TMPDIR/said"
	json ".[0].services.$1 | .handshakes == $2 and .open == $3"
}

service_ids() { # their names, by id
	local bytes
	bytes=$(bpftool -j map dump pinned "$(echo "$LAB_PINS"/v*/service_names)" |
		jq -r '.[0].value | map("\\x" + ltrimstr("0x")) | join("")')
	printf '%b' "$bytes" | tr -s '\0' ' '
}

@test "a start of the same build takes over the pinned programs instead of loading them again" {
	lab_conf 'mode = enforce'
	run_sekisho load
	before=$(program_ids)
	[[ $(wc -w <<<"$before") == 7 ]]
	run_sekisho load
	[[ $(program_ids) == "$before" ]]
	# One pin less, and they are loaded anew.
	rm "$LAB_PINS"/v*/programs/*/gate_adopt
	run_sekisho load
	after=$(program_ids)
	[[ $(wc -w <<<"$after") == 7 && $(comm -12 <(sort <<<"$before") <(sort <<<"$after")) == "" ]]
}

@test "pinned programs that work on other maps than the pinned ones are not taken over" {
	lab_conf 'mode = enforce'
	run_sekisho load
	before=$(program_ids)
	rm "$LAB_PINS"/v*/bans
	run_sekisho load
	[[ $(comm -12 <(sort <<<"$before") <(program_ids | sort)) == "" ]]
	run_sekisho ban 198.51.100.66
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
}

@test "a start on pinned programs of another build loads its own, and forgets the others" {
	lab_conf 'mode = enforce'
	run_sekisho load
	before=$(program_ids)
	run_sekisho ban 198.51.100.66
	set -- "$LAB_PINS"/v*/programs/*
	mv "$1" "${1%/*}/of-another-build"
	run_sekisho load
	[[ ! -e ${1%/*}/of-another-build ]]
	[[ $(comm -12 <(sort <<<"$before") <(program_ids | sort)) == "" ]]
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	connect_is open 198.51.100.67 "$MX4" 25
}

# The daemon is stopped, the new one started, as a package does it; a banned source never stops.
upgrade_keeps() { # HOOK
	local burst
	lab_conf "mode = enforce
hook = $1" "$LISTS"
	lab_run
	live
	lab_run_end
	kept "$BATS_TEST_TMPDIR/before"
	grep -q '198.51.100.66/32' "$BATS_TEST_TMPDIR/before"
	# The burst ends long after the new one is up; its SYNs count at the ban.
	lab_burst 198.51.100.66 "$MX4" 25 400 0.01 >"$LAB/opened" 3>&- &
	burst=$!
	SEKISHO=$NEXT
	lab_run
	wait "$burst"
	[[ $(<"$LAB/opened") == 0 ]]

	[[ ! -e $LAB_MAPS ]] || fail "the older pins are still there"
	connect_is no-answer 2001:db8:bad:66::7 "$MX6" 25 0.3
	connect_is no-answer 198.51.100.70 "$MX4" 25 0.3
	session_is_alive held4
	session_is_alive held6
	open_equals 2
	run_sekisho stats --json >"$BATS_TEST_TMPDIR/said"
	json '.[0].services.smtp.reasons.banned.dropped.attempts > 390'
}

@test "a new contract takes over without a moment open, by XDP" {
	upgrade_keeps auto
}

@test "a new contract takes over without a moment open, by tc" {
	upgrade_keeps tc
}

@test "a new contract carries over bans with their counts, lists, counters and open connections" {
	lab_conf 'mode = enforce' "$LISTS"
	lab_run
	live
	lab_run_end
	kept "$BATS_TEST_TMPDIR/before"
	SEKISHO=$NEXT
	lab_run
	same_as_before "$BATS_TEST_TMPDIR/before"
	# And it goes on counting from there.
	connect_is open 198.51.100.20 "$MX4" 25
	retry 20 0.1 went_on
}

went_on() {
	run_sekisho stats --json >"$BATS_TEST_TMPDIR/said"
	json '.[0].services.smtp.handshakes == 4'
}

ban_attempts() {
	run_sekisho why --json 198.51.100.66 >"$BATS_TEST_TMPDIR/said"
	jq '.bans[0].attempts' <<<"$output"
}

# The older programs count until they are off the device.
@test "a new contract counts every attempt of a banned source while it takes over" {
	local burst before
	lab_conf 'mode = enforce'
	run_sekisho load
	run_sekisho ban 198.51.100.66 --for 1h
	before=$(ban_attempts)
	lab_burst 198.51.100.66 "$MX4" 25 4000 0.001 >"$LAB/opened" 3>&- &
	burst=$!
	SEKISHO=$NEXT
	run_sekisho load
	wait "$burst"
	[[ $(<"$LAB/opened") == 0 ]]
	(($(ban_attempts) >= before + 4000))
}

# Of one prefix each group of services has its own ban, with its own end.
@test "a new contract carries over both groups' bans of a prefix, each with its end" {
	lab_conf 'mode = enforce'
	lab_run
	run_sekisho ban --service login --for 1h --reason 'logins' 198.51.100.66
	run_sekisho ban --service smtp --for 9h --reason 'mail' 198.51.100.66
	run_sekisho ban --service login --for 2h 198.51.100.67
	run_sekisho ban --service smtp --for 2h 2001:db8:bad:66::/64
	lab_run_end
	groups_of_bans >"$BATS_TEST_TMPDIR/before"
	[[ $(wc -l <"$BATS_TEST_TMPDIR/before") == 4 ]]
	SEKISHO=$NEXT
	lab_run
	groups_of_bans >"$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	connect_is no-answer 198.51.100.66 "$MX4" 587 0.3
	connect_is open 198.51.100.67 "$MX4" 25
	connect_is no-answer 198.51.100.67 "$MX4" 143 0.3
	connect_is no-answer 2001:db8:bad:66::7 "$MX6" 25 0.3
	connect_is open 2001:db8:bad:66::7 "$MX6" 143
	# And one is lifted without the other.
	run_sekisho unban --service smtp 198.51.100.66
	connect_is open 198.51.100.66 "$MX4" 25
	connect_is no-answer 198.51.100.66 "$MX4" 587 0.3
}

# Configured in another order than before: ids are what a service was given first (service_names).
@test "a new contract and another build leave each service its id and its counts" {
	local first='[service webmail]
ports = 8080' second='[service alpha]
ports = 8081'
	lab_conf 'mode = enforce' "$first"
	lab_run
	connect_is open 198.51.100.20 "$MX4" 8080
	connect_is open 198.51.100.20 "$MX4" 25
	lab_hold held4 198.51.100.21 "$MX4" 8080
	held+=("$(tail -n 1 "$LAB/pids")")
	retry 20 0.1 service_is webmail 2 1
	lab_run_end
	ids=$(service_ids)
	[[ $ids == *webmail* ]]
	# The same contract, with a service more that stands before it.
	lab_conf 'mode = enforce' "$second
$first"
	lab_run
	[[ $(service_ids) == "$ids"* ]]
	service_is webmail 2 1
	service_is alpha 0 0
	lab_run_end
	ids=$(service_ids)
	SEKISHO=$NEXT
	lab_run
	[[ $(service_ids) == "$ids" ]]
	service_is webmail 2 1
	service_is alpha 0 0
	service_is smtp 1 0
	connect_is open 198.51.100.20 "$MX4" 8080
	retry 20 0.1 service_is webmail 3 1
	lab_kill "${held[0]}"
	held=()
	retry 50 0.1 service_is webmail 3 0
}

@test "what a ban remembered of the older contract's table is forgotten with it" {
	lab_conf 'mode = enforce' '[list friends]
action = allow
[list other]
action = deny'
	run_sekisho load
	run_sekisho ban 198.51.100.66 --for 1h
	echo 198.51.100.66 >"$BATS_TEST_TMPDIR/friends"
	echo 203.0.113.9 >"$BATS_TEST_TMPDIR/other"
	# It remembers that it is allowed in, of the second table.
	run_sekisho import friends "$BATS_TEST_TMPDIR/friends"
	connect_is open 198.51.100.66 "$MX4" 25
	run_sekisho import friends "$BATS_TEST_TMPDIR/other"
	SEKISHO=$NEXT
	run_sekisho load
	[[ $(bpftool -j map dump pinned "$(ls -d "$LAB_PINS"/v*/bans)" |
		jq -c 'map(.formatted.value.lookup)') == '[0]' ]]
	run_sekisho import other "$BATS_TEST_TMPDIR/other" # the second one here
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
}

@test "bans that only the kernel has are carried over to a new contract, and into a new store" {
	lab_conf 'mode = enforce'
	run_sekisho load
	run_sekisho ban 198.51.100.66 --for 1h
	rm -rf "$LAB/state"
	mkdir "$LAB/state"
	SEKISHO=$NEXT
	run_sekisho load
	ban_exists 198.51.100.66/32
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
}

jq_handshakes() { # FILE
	jq -cs '.[] | objects | [.since, (.sources | map({prefix, handshakes, open}) | sort),
		(.services | map_values(.handshakes))]' "$1"
}

@test "killed in the middle of it, the next start carries everything over" {
	lab_conf 'mode = enforce' "$LISTS"
	run_sekisho load
	live
	kept "$BATS_TEST_TMPDIR/before"
	SEKISHO=$NEXT
	for delay in 0.05 0.1 0.2 0.3 0.4 0.5 0.6; do
		server timeout -s KILL "$delay" "$NEXT" -c "$LAB_CONF" load >/dev/null 2>&1 3>&- || :
		connect_is no-answer 2001:db8:bad:66::7 "$MX6" 25 0.05
	done
	run_sekisho load
	[[ ! -e $LAB_MAPS ]]
	connect_is no-answer 198.51.100.70 "$MX4" 25 0.3
	kept "$BATS_TEST_TMPDIR/after"
	# Refused attempts were added since, by the test's own look; handshakes were not.
	diff <(jq_handshakes "$BATS_TEST_TMPDIR/before") <(jq_handshakes "$BATS_TEST_TMPDIR/after")
	open_equals 2
}

@test "killed while it counts the open connections, the next start counts each once" {
	local steps=0
	lab_conf 'mode = enforce' "$LISTS"
	run_sekisho load
	live
	kept "$BATS_TEST_TMPDIR/before"
	SEKISHO=$NEXT
	# Before the walk over the sockets (BPF_ITER_CREATE), and in the reading of what it found
	# (BPF_MAP_LOOKUP_BATCH).
	for step in '33 1' '24 2' '24 1'; do
		# shellcheck disable=SC2086 # two words
		server "$LAB_REPO/build/tests/upgrade/kill_at" $step "$NEXT" -c "$LAB_CONF" load || break
		steps=$((steps + 1))
		# What is counted between two starts is not copied over by the second.
		connect_is open 198.51.100.20 "$MX4" 25
	done
	((steps))
	run_sekisho load
	kept "$BATS_TEST_TMPDIR/after"
	diff <(jq_handshakes "$BATS_TEST_TMPDIR/before" | jq -c ".. |= (objects |=
			if .prefix == \"198.51.100.20/32\" then .handshakes += $steps else . end) |
			.[2].smtp += $steps | .[1] |= sort_by(.prefix)") \
		<(jq_handshakes "$BATS_TEST_TMPDIR/after" | jq -c '.[1] |= sort_by(.prefix)')
	open_equals 2
}

@test "an older version refuses a newer contract's gate with the remedy, and leaves it alone" {
	lab_conf 'mode = enforce'
	SEKISHO=$NEXT
	run_sekisho load
	run_sekisho ban 198.51.100.66 --for 1h
	SEKISHO=$THIS
	for command in load run 'ban 198.51.100.67' 'stats --json' bans; do
		# shellcheck disable=SC2086 # words
		run_sekisho 1 $command
		complains 'newer sekisho'
		complains 'unload'
	done
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	# The remedy that it names.
	run_sekisho unload
	run_sekisho load
	ban_exists 198.51.100.66/32
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
}

@test "a command of a newer version says that the older contract's gate will be taken over" {
	lab_conf 'mode = enforce'
	run_sekisho load
	SEKISHO=$NEXT
	run_sekisho 1 ban 198.51.100.66
	complains 'older sekisho'
	complains 'sekisho load'
}

@test "beside a running daemon of the older version a newer load is refused, and takes nothing over" {
	lab_conf 'mode = enforce'
	lab_run
	SEKISHO=$NEXT
	run_sekisho 1 load
	complains 'older sekisho'
	complains 'restart'
	[[ ! -e $LAB_PINS/v$((LAB_CONTRACT + 1)) ]]
	SEKISHO=$THIS
	run_sekisho ban 198.51.100.66
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
}
