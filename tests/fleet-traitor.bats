#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A member in wrong hands at a real engine, with real daemons: whatever it says, and however much, nobody is banned by
# it alone, port 25 stays open, and what honest members say is heard as before.

load helpers/common
# shellcheck source=tests/fleet/gates.bash
load fleet/gates

setup_file() {
	file_requires root bpf networks sekisho jq redis-cli || return 0
	local number
	[[ -x $LAB_REPO/build/tests/fleet/members/traitor ]] || skip 'needs build/tests/fleet/members/traitor'
	gates_up "$BATS_FILE_TMPDIR/fleet" 5
	engine_run "$GATES/redis.sock"
	gates_conf
	# Gate 3 knows the accounts that the traitor names, the others one of them.
	for number in 1 2; do
		gate "$number" gate_login user77@example.org 45.1.0.1 '2 hours ago'
	done
	for ((number = 0; number < 5000; number++)); do
		printf '%s mx dovecot: imap-login: Login: user=<user%d@example.org>, method=PLAIN, rip=45.1.0.1, lip=192.0.2.1, mpid=%d, TLS, session=<%d>\n' \
			"$(printf '%(%Y-%m-%dT%H:%M:%S)T' $((EPOCHSECONDS - 7200)))Z" "$number" "$number" "$number"
	done >"$GATES/gate3/log/mail.log"
	gates_run
	gates_joined
	# From here on mx4 and mx5 are traitors, and say nothing else.
	gate 4 gate_fleet_end KILL
	gate 5 gate_fleet_end KILL
}

teardown_file() {
	gates_down
}

teardown() {
	[[ -n ${GATES-} ]] || return 0
	tail -n 12 "$GATES"/gate*/log/{run,fleet} 2>/dev/null || :
}

betray() { # GATE WHAT COUNT [PREFIX]
	local number=$1
	shift
	"$LAB_REPO/build/tests/fleet/members/traitor" "$GATES/gate$number/sekisho.conf" "$@" 3>&-
}

# What two honest members ban is adopted by the third while the traitor talks; seconds at most.
honest_are_heard() { # ADDRESS
	gate 1 gate_guess "$1"
	gate 2 gate_guess "$1"
	retry 200 0.05 gate 3 gate_bans "$1/32" fleet
}

status_has() { # GATE CONDITION
	gate "$1" lab_sekisho fleet status --json | jq -e "$2" >/dev/null
}

# Nothing is banned on gate 3 that the traitor alone named, and nothing at all from port 25.
none_by_the_traitor() {
	run gate 3 lab_sekisho bans --json
	if grep -E '"(46|47)\.' <<<"$output"; then fail 'a ban of the traitor alone'; fi
	if grep '"smtp"' <<<"$output"; then fail 'port 25 is closed'; fi
}

@test "fleet traitor: a million lies ban nobody, and honest members are heard meanwhile" {
	local liar
	betray 4 lies 1000000 >"$BATS_TEST_TMPDIR/said" &
	liar=$!
	honest_are_heard 203.0.113.10
	none_by_the_traitor
	wait "$liar"
	cat "$BATS_TEST_TMPDIR/said"
	retry 300 0.2 status_has 3 '.members[3].statements >= 1000000'
	none_by_the_traitor
	honest_are_heard 203.0.113.11
}

@test "fleet traitor: bans of every source and port fill its own share, and no other's" {
	betray 4 bans 200000
	retry 300 0.2 status_has 3 '.members[3].verdicts.full > 0'
	none_by_the_traitor
	honest_are_heard 203.0.113.20
	retry 50 0.2 eval "gate 3 lab_sekisho doctor --json | grep -q fleet-refused"
}

@test "fleet traitor: who bans and lifts in turns what an honest member bans keeps no daemon busy" {
	local begun ended
	gate 1 lab_sekisho ban --service login 203.0.113.30
	retry 200 0.05 status_has 3 '.members[0].statements > 0'
	betray 4 turns 400000 203.0.113.30/32
	retry 300 0.2 status_has 3 '.members[3].verdicts["over-budget"] > 0'
	begun=$EPOCHREALTIME
	gate 3 gate_guess 203.0.113.31
	retry 200 0.02 gate 3 gate_bans 203.0.113.31/32 source-failures
	ended=$EPOCHREALTIME
	echo "banned here after $(((${ended/./} - ${begun/./}) / 1000)) ms"
	honest_are_heard 203.0.113.32
	betray 4 ends 400000 203.0.113.30/32
	honest_are_heard 203.0.113.33
}

@test "fleet traitor: strangers that it invents on every account are so many, and push out no other's words" {
	local number
	# One account that strangers try on each of the honest ones.
	gate 3 gate_guess 45.40.0.1 1 user77@example.org
	sleep 0.5
	for number in 1 2; do
		gate "$number" gate_guess "45.4$number.0.1" 1 user77@example.org
		gate "$number" gate_guess "45.5$number.0.1" 1 user77@example.org
	done
	retry 50 0.2 status_has 3 '[.members[:2][].sightings] | min >= 2'
	betray 4 sightings 300000
	retry 300 0.2 status_has 3 '.members[3].sightings_refused > 100000'
	# Alone it has put nobody under siege.
	run gate 3 lab_sekisho accounts
	if grep -q account-siege <<<"$output"; then fail "$output"; fi
	gate 3 gate_guess 45.40.0.1 1 user77@example.org
	retry 50 0.1 eval "gate 3 lab_sekisho accounts | grep -q 'account-siege .*user77@example.org'"
	honest_are_heard 203.0.113.40
}

@test "fleet traitor: with a clock an hour ahead it is told of, and not believed" {
	gate 1 lab_sekisho ban --service login 46.0.0.7
	betray 5 clock 1000
	retry 100 0.2 eval "gate 3 lab_sekisho alerts --json | grep -q 'clock is more than five minutes ahead'"
	none_by_the_traitor
}

@test "fleet traitor: two batches of one number end it everywhere, and what it made a quorum of is released" {
	gate 1 lab_sekisho ban --service login 46.0.0.9
	betray 5 bans 100
	retry 200 0.05 gate 3 gate_bans 46.0.0.9/32 fleet
	betray 5 fork 10
	retry 100 0.2 eval "gate 3 lab_sekisho fleet status | grep -q 'mx5: SUSPENDED'"
	retry 100 0.1 eval '! gate 3 gate_bans 46.0.0.9/32'
	retry 100 0.2 eval "gate 3 lab_sekisho alerts --json | grep -q 'its key is in two hands'"
	honest_are_heard 203.0.113.50
	none_by_the_traitor
}

# ---- what a member can do to its own keys at the engine, with no word of the protocol ----

engine() { # COMMAND...
	redis-cli -s "$GATES/redis.sock" "$@"
}

# The key of mx4's stream.
stream_of_4() {
	engine --scan --pattern '*:mx1' | sed 's/1$/4/'
}

megabytes() { # COUNT
	head -c "${1}000000" /dev/zero
}

count_of() { # GATE FIELD
	gate "$1" lab_sekisho fleet status --json | jq "$2"
}

is_blamed() { # MORE-THAN
	status_has 3 ".members[3].refused.unreadable > $1"
}

# Ten seconds of it: others are heard, and little is read for nothing.
mutes_nobody() { # ADDRESS BLAMED-BEFORE
	local read
	honest_are_heard "$1"
	retry 100 0.2 is_blamed "$2"
	read=$(count_of 3 .engine.bytes_read)
	sleep 5
	retry 50 0.1 gate 3 gate_is_joined # not while mx4 is tried again
	read=$(($(count_of 3 .engine.bytes_read) - read))
	echo "read $read bytes in five seconds"
	((read < 20000000))
}

@test "fleet traitor: a stream that is no stream mutes its own member only, which is named" {
	local stream
	stream=$(stream_of_4)
	engine set "$stream" x
	mutes_nobody 203.0.113.60 0
	gate 3 lab_sekisho fleet status | grep -E 'batches refused: .*[0-9]+ unreadable'
	retry 100 0.2 eval "gate 3 lab_sekisho alerts --json | grep -q 'member mx4: .* cannot be read'"
	# While it stands, it is tried again less and less.
	(($(count_of 3 .members[3].refused.unreadable) < 10))
	engine del "$stream"
}

@test "fleet traitor: an entry without end mutes its own member only" {
	local stream before
	stream=$(stream_of_4) before=$(count_of 3 .members[3].refused.unreadable)
	megabytes 40 | engine -x xadd "$stream" '*' b
	mutes_nobody 203.0.113.61 "$before"
	# Nor does a fleet process that begins anew stay mute.
	gate 3 gate_fleet_end KILL
	gate 3 gate_fleet_run
	mutes_nobody 203.0.113.62 0
	engine del "$stream"
}

@test "fleet traitor: a snapshot without end mutes nobody who begins with it" {
	local stream
	stream=$(stream_of_4)
	megabytes 40 | engine -x set "$stream:snapshot"
	gate 3 gate_fleet_end KILL
	gate 3 gate_fleet_run
	retry 100 0.1 gate 3 gate_is_joined
	mutes_nobody 203.0.113.63 0
	engine del "$stream:snapshot"
}

@test "fleet traitor: entries that come and go mute nobody, however often" {
	local stream writer
	stream=$(stream_of_4)
	megabytes 8 >"$BATS_TEST_TMPDIR/much"
	touch "$BATS_TEST_TMPDIR/go-on"
	while [[ -e $BATS_TEST_TMPDIR/go-on ]]; do
		engine -x xadd "$stream" '*' b <"$BATS_TEST_TMPDIR/much"
		sleep 0.05
		engine xadd "$stream" maxlen 1 '*' b x
		sleep 0.05
	done >/dev/null 3>&- &
	writer=$!
	honest_are_heard 203.0.113.64
	sleep 5
	honest_are_heard 203.0.113.65
	rm "$BATS_TEST_TMPDIR/go-on"
	wait "$writer"
	engine del "$stream"
}

@test "fleet traitor: a member that speaks again is heard again, behind an entry without end too" {
	megabytes 8 | engine -x xadd "$(stream_of_4)" '*' b
	retry 100 0.2 is_blamed "$(count_of 3 .members[3].refused.unreadable)"
	gate 4 gate_fleet_run
	retry 100 0.2 gate 4 gate_is_joined
	gate 4 lab_sekisho ban --service login 203.0.113.70
	gate 1 lab_sekisho ban --service login 203.0.113.70
	retry 300 0.2 gate 3 gate_bans 203.0.113.70/32 fleet
}
