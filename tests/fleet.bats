#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A fleet of real daemons and a real engine: bans of others hold, and as few as should; nothing here
# depends on the engine or on the fleet process.

load helpers/common
# shellcheck source=tests/fleet/gates.bash
load fleet/gates

setup_file() {
	local number
	file_requires root bpf networks sekisho jq redis-cli || return 0
	gates_up "$BATS_FILE_TMPDIR/fleet" 4
	engine_run "$GATES/redis.sock"
	gates_conf '' $'[rule account-spread]\nproviders = 7'
	gate 3 gate_login carol@example.org 45.1.0.1 '2 hours ago'
	for number in 1 2 3; do
		gate "$number" gate_login dave@example.org 45.1.0.1 '2 hours ago'
	done
	gates_run
	gates_joined
}

teardown_file() {
	gates_down
}

setup() {
	requires redis-cli
}

teardown() {
	[[ -n ${GATES-} ]] || return 0
	tail -n 30 "$GATES"/gate*/log/{run,fleet} 2>/dev/null || :
}

# A number that no other test uses.
source_of() { # N
	echo "203.0.113.$1"
}

everywhere() { # PREFIX RULE GATE...
	local prefix=$1 rule=$2 number
	shift 2
	for number; do
		retry 200 0.05 gate "$number" gate_bans "$prefix" "$rule"
	done
}

nowhere() { # PREFIX GATE...
	local prefix=$1 number
	shift
	for number; do
		! gate "$number" gate_bans "$prefix" || fail "gate $number bans $prefix"
	done
}

@test "fleet: what two ban, the others adopt, drop, and name by whom" {
	gate 1 gate_guess 203.0.113.10
	everywhere 203.0.113.10/32 source-failures 1
	gate 2 gate_guess 203.0.113.10
	everywhere 203.0.113.10/32 fleet 3 4
	run gate 3 lab_sekisho why 203.0.113.10
	[[ $output == *"mx1, mx2: source-failures"* ]] || fail "$output"
	[[ $(gate 3 lab_try 203.0.113.10 "$MX4" 587 0.5) == no-answer ]]
	[[ $(gate 3 lab_try 203.0.113.11 "$MX4" 587 0.5) != no-answer ]]
	# port 25 stays open
	[[ $(gate 3 lab_try 203.0.113.10 "$MX4" 25 0.5) != no-answer ]]
}

@test "fleet: what one bans, nobody adopts" {
	gate 1 gate_guess 203.0.113.20
	everywhere 203.0.113.20/32 source-failures 1
	# What comes behind it in its stream has arrived.
	gate 1 gate_guess 203.0.113.21
	gate 2 gate_guess 203.0.113.21
	everywhere 203.0.113.21/32 fleet 3 4
	nowhere 203.0.113.20/32 2 3 4
}

@test "fleet: a ban that had to wait for another process is told as soon as it is made" {
	local lock number
	for number in 1 2; do
		exec {lock}>>"$GATES/gate$number/state/lock"
		flock "$lock"
		gate "$number" gate_guess 203.0.113.25
		retry 100 0.05 grep -q 'not banned yet: 203.0.113.25/32: ' "$GATES/gate$number/log/run"
		exec {lock}>&-
	done
	everywhere 203.0.113.25/32 '' 1 2
	everywhere 203.0.113.25/32 fleet 3 4
	grep -q '^sekisho: banned 203.0.113.25/32 from login until .*; it had waited$' "$GATES/gate1/log/run"
}

@test "fleet: a ban by hand is told, and lifting it takes it back everywhere" {
	gate 1 lab_sekisho ban --service login 203.0.113.30
	gate 2 lab_sekisho ban --service login 203.0.113.30
	everywhere 203.0.113.30/32 fleet 3 4
	gate 1 lab_sekisho unban 203.0.113.30
	retry 200 0.05 eval '! gate 3 gate_bans 203.0.113.30/32 && ! gate 4 gate_bans 203.0.113.30/32'
	gate 2 gate_bans 203.0.113.30/32 manual
}

@test "fleet: who is protected here is adopted nowhere, and that is counted" {
	mkdir -p "$GATES/gate3/conf.d"
	printf '[gate]\nnever-ban = 203.0.113.40\n' >"$GATES/gate3/conf.d/never.conf"
	kill -HUP "$(<"$GATES/gate3/run.pid")"
	retry 100 0.1 grep -q 'reloaded$' "$GATES/gate3/log/run"
	gate 1 lab_sekisho ban --service login 203.0.113.40
	gate 2 lab_sekisho ban --service login 203.0.113.40
	everywhere 203.0.113.40/32 fleet 4
	retry 100 0.1 eval "gate 3 lab_sekisho fleet status --json | jq -e '.outcomes.protected >= 1' >/dev/null"
	nowhere 203.0.113.40/32 3
}

@test "fleet: a member that was revoked bans nobody any more, and its bans are taken back" {
	gate 1 lab_sekisho ban --service login 203.0.113.50
	gate 2 lab_sekisho ban --service login 203.0.113.50
	everywhere 203.0.113.50/32 fleet 3 4
	mkdir -p "$GATES/gate4/conf.d"
	gate 4 lab_sekisho fleet revoke mx2
	retry 200 0.05 eval '! gate 4 gate_bans 203.0.113.50/32'
	gate 3 gate_bans 203.0.113.50/32 fleet
	retry 50 0.2 eval "gate 4 lab_sekisho fleet status | grep -q 'mx2: SUSPENDED'"
	gate 4 lab_sekisho check
	retry 50 0.2 eval "gate 4 lab_sekisho alerts --json | grep -q 'mx2 is revoked'"
}

@test "fleet: what strangers write to the engine is nobody's word" {
	local stream
	stream=$(redis-cli -s "$GATES/redis.sock" --scan --pattern '*:mx1')
	redis-cli -s "$GATES/redis.sock" XADD "$stream" '*' b "$(printf 'SKF1\033[31mx%.0s' {1..60})" >/dev/null
	redis-cli -s "$GATES/redis.sock" XADD "$stream" '*' x y z w >/dev/null
	retry 50 0.2 eval "gate 3 lab_sekisho fleet status --json | jq -e '.members[0].refused.\"bad-signature\" >= 1' >/dev/null"
	run gate 3 lab_sekisho fleet status
	[[ $output != *$'\033'* ]]
	# and its own words still count
	gate 1 gate_guess 203.0.113.60
	gate 2 gate_guess 203.0.113.60
	everywhere 203.0.113.60/32 fleet 3
}

@test "fleet: an engine that is emptied, ended and begun anew loses nothing that a member knows" {
	redis-cli -s "$GATES/redis.sock" flushall >/dev/null
	engine_end "$GATES/redis.sock"
	gate 1 gate_guess 203.0.113.70
	everywhere 203.0.113.70/32 source-failures 1
	engine_run "$GATES/redis.sock"
	gate 2 gate_guess 203.0.113.70
	everywhere 203.0.113.70/32 fleet 3
}

@test "fleet: with the engine stopped, and the fleet process stopped or killed, bans here go on" {
	engine_end "$GATES/redis.sock" STOP
	gate 1 gate_fleet_end STOP
	gate 1 gate_guess 203.0.113.80
	everywhere 203.0.113.80/32 source-failures 1
	gate 1 gate_fleet_end KILL
	gate 1 gate_guess 203.0.113.81
	everywhere 203.0.113.81/32 source-failures 1
	engine_end "$GATES/redis.sock" CONT
	gate 1 gate_fleet_run
	retry 200 0.1 gate 1 gate_is_joined
	# what it missed meanwhile is told now
	gate 2 gate_guess 203.0.113.80
	everywhere 203.0.113.80/32 fleet 3
}

@test "fleet: what is banned and lifted by hand while the fleet process hangs is told once it goes on" {
	gate 1 lab_sekisho ban --service login 203.0.113.85
	gate 2 lab_sekisho ban --service login 203.0.113.85 203.0.113.86 203.0.113.87
	everywhere 203.0.113.85/32 fleet 3
	gate 1 gate_fleet_end STOP
	gate 1 lab_sekisho ban --service login 203.0.113.86 203.0.113.87
	gate 1 lab_sekisho unban 203.0.113.85
	nowhere 203.0.113.86/32 3
	gate 1 gate_fleet_end CONT
	everywhere 203.0.113.86/32 fleet 3
	everywhere 203.0.113.87/32 fleet 3
	retry 200 0.05 eval '! gate 3 gate_bans 203.0.113.85/32'
	# And what was told already is not said again.
	retry 50 0.1 eval "gate 1 lab_sekisho fleet status --json | jq -e '.backlog == 0' >/dev/null"
}

@test "fleet: a broken connection is no signal that ends the fleet process" {
	local process
	process=$(<"$GATES/gate4/fleet.pid")
	kill -PIPE "$process"
	sleep 0.3
	[[ $(ps -o stat= -p "$process") == [RSD]* ]]
}

# The findings of doctor about the fleet, on one gate.
finds() { # GATE ID...
	local number=$1
	shift
	[[ $(gate "$number" lab_sekisho doctor --json | jq -r '.findings[].id | select(startswith("fleet-"))' | sort -u) == "$(printf '%s\n' "$@" | sort)" ]]
}

@test "fleet: doctor finds a fleet that is down, an engine that is, and whose batches are refused" {
	retry 50 0.1 finds 2 fleet-refused # by the test above
	# and statements that a member may not make: of a network that is too wide
	gate 1 lab_sekisho ban --service login 45.99.0.0/16
	retry 50 0.2 eval "gate 2 lab_sekisho doctor | tr -s ' \n' ' ' | grep -qE 'member mx1, and [1-9][0-9]* statements of its own'"
	gate 1 lab_sekisho unban 45.99.0.0/16
	gate 2 gate_fleet_end STOP
	retry 150 0.1 finds 2 fleet-down
	gate 2 gate_fleet_end CONT
	engine_end "$GATES/redis.sock"
	retry 100 0.1 finds 2 fleet-refused fleet-no-engine
	engine_run "$GATES/redis.sock"
	retry 200 0.1 gate 2 gate_is_joined
	retry 50 0.1 finds 2 fleet-refused
}

@test "fleet: a full engine takes nothing, is named, and is caught up with later" {
	redis-cli -s "$GATES/redis.sock" config set maxmemory 1 >/dev/null
	gate 1 gate_guess 203.0.113.90
	everywhere 203.0.113.90/32 source-failures 1
	retry 100 0.1 eval "gate 1 lab_sekisho fleet status | grep -q 'OOM command not allowed'"
	redis-cli -s "$GATES/redis.sock" config set maxmemory 0 >/dev/null
	gate 2 gate_guess 203.0.113.90
	everywhere 203.0.113.90/32 fleet 3
}

@test "fleet: the engine sees no addresses" {
	redis-cli -s "$GATES/redis.sock" save >/dev/null 2>&1 || :
	run redis-cli -s "$GATES/redis.sock" --scan
	[[ $output == *:mx1* ]]
	[[ $output != *203.0.113* ]]
}

@test "fleet: an account whose strangers come to each gate by twos is in a spread where its owner is" {
	local number
	for number in 3 1 2; do
		gate "$number" gate_login carol@example.org "45.1${number}.0.1"
		gate "$number" gate_login carol@example.org "45.2${number}.0.1"
		sleep 0.3
	done
	everywhere 45.13.0.1/32 account-spread 3
	everywhere 45.23.0.1/32 account-spread 3
	# its owner stays, and where he never was it is only told
	nowhere 45.1.0.1/32 3
	nowhere 45.11.0.1/32 1
	retry 50 0.1 eval "gate 3 lab_sekisho alerts --json | grep -q 'on other servers'"
}

@test "fleet: an account that strangers fail on at each gate is under siege where they fail" {
	local number
	gate 3 gate_guess 45.40.0.1 1 dave@example.org
	sleep 0.5
	for number in 1 2; do
		gate "$number" gate_guess "45.4$number.0.1" 1 dave@example.org
		gate "$number" gate_guess "45.5$number.0.1" 1 dave@example.org
	done
	retry 50 0.2 eval "gate 3 lab_sekisho fleet status --json | jq -e '[.members[:2][].sightings] | min >= 2' >/dev/null"
	# Others' words alone change nothing.
	run gate 3 lab_sekisho accounts
	[[ $output != *dave* ]] || fail "$output"
	gate 3 gate_guess 45.40.0.1 1 dave@example.org
	retry 50 0.1 eval "gate 3 lab_sekisho accounts | grep -q 'account-siege .*dave@example.org'"
	run gate 4 lab_sekisho accounts
	[[ $output != *dave* ]] || fail "$output"
}

@test "fleet: thousands of bans by hand from a list are made, and told to the others, within seconds" {
	local i begun=$SECONDS
	for ((i = 0; i < 4000; i++)); do
		echo "45.7.$((i / 250)).$((i % 250))"
	done >"$BATS_TEST_TMPDIR/list"
	gate 1 lab_sekisho ban --service login - <"$BATS_TEST_TMPDIR/list" | tail -n 1 >"$BATS_TEST_TMPDIR/said"
	# One lock and one commit for each would be 20 seconds and more.
	((SECONDS - begun <= 8 * ${PATIENCE:-1})) || fail "$((SECONDS - begun)) seconds"
	grep -x '0 open connections closed' "$BATS_TEST_TMPDIR/said"
	retry 50 0.2 eval "gate 1 lab_sekisho fleet status --json | jq -c '[.own_bans, .backlog]' | tee /dev/stderr | jq -e '.[0] >= 4000 and .[1] == 0' >/dev/null"
}
