#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Engines as they come: one with a replica that takes over, and what a late member begins with.

load helpers/common
# shellcheck source=tests/fleet/gates.bash
load fleet/gates

setup_file() {
	file_requires root bpf networks sekisho jq redis-cli || return 0
	gates_up "$BATS_FILE_TMPDIR/fleet" 3
	export ENGINE_NET=fleet$$
	ip netns add "$ENGINE_NET"
	ip -n "$ENGINE_NET" link set lo up
	FIRST=$GATES/first.sock SECOND=$GATES/second.sock
	export FIRST SECOND
	engine_run "$FIRST" --port 7001
	engine_run "$SECOND" --port 7002 --replicaof 127.0.0.1 7001
	export ENGINE="unix:$FIRST, unix:$SECOND"
	gates_conf
	gates_run
	gates_joined
}

teardown_file() {
	gates_down
	[[ -z ${ENGINE_NET-} ]] || ip netns del "$ENGINE_NET"
}

setup() {
	requires redis-cli
}

teardown() {
	[[ -n ${GATES-} ]] || return 0
	tail -n 30 "$GATES"/gate*/log/{run,fleet} 2>/dev/null || :
}

adopted() { # PREFIX GATE
	retry 200 0.05 gate "$2" gate_bans "$1" fleet
}

ban_on() { # ADDRESS GATE...
	local address=$1 number
	shift
	for number; do
		gate "$number" lab_sekisho ban --service login "$address"
	done
}

# Gate 3's fleet process, with another server.
begins_at() { # SERVER
	gate 3 gate_fleet_end KILL
	sed -i "s|^server = .*|server = $1|" "$GATES/gate3/sekisho.conf"
	gate 3 gate_fleet_run
}

# Whether snapshots of the first two are kept there.
has_snapshots() { # SOCKET
	(($(redis-cli -s "$1" --scan --pattern '*:mx[12]:snapshot' | wc -l) == 2))
}

# Whether the gate's member is connected to the engine at SOCKET.
uses() { # GATE SOCKET
	gate "$1" lab_sekisho fleet status | grep -qF "unix:$2, connected"
}

follows() { # SOCKET
	redis-cli -s "$1" info replication | grep -q master_link_status:up
}

@test "fleet engines: a late member begins with the snapshots of the others, and says so of junk in their place" {
	local stream
	ban_on 203.0.113.10 1 2
	adopted 203.0.113.10/32 3
	gate 3 gate_fleet_end KILL
	gate 3 lab_sekisho unban 203.0.113.10
	ban_on 203.0.113.11 1 2
	# Connections begin anew, so that the snapshots have it.
	redis-cli -s "$FIRST" client kill type normal skipme yes >/dev/null
	retry 100 0.1 eval "gate 1 gate_is_joined && gate 2 gate_is_joined"
	retry 100 0.1 has_snapshots "$FIRST"
	sleep 1.5
	gate 1 gate_fleet_end STOP
	gate 2 gate_fleet_end STOP
	# Of what they said nothing is left but that.
	for stream in $(redis-cli -s "$FIRST" --scan --pattern '*:mx[123]'); do
		redis-cli -s "$FIRST" xtrim "$stream" maxlen 0 >/dev/null
	done
	gate 3 gate_fleet_run
	adopted 203.0.113.10/32 3
	adopted 203.0.113.11/32 3
	gate 3 gate_fleet_end KILL
	redis-cli -s "$FIRST" set "$(redis-cli -s "$FIRST" --scan --pattern '*:mx1:snapshot')" \
		$'\x01\x01SKS1\033[31m'"$(printf 'x%.0s' {1..300})" >/dev/null
	gate 3 gate_fleet_run
	retry 50 0.2 eval "gate 3 lab_sekisho fleet status --json | jq -e '.members[0].refused.\"bad-signature\" == 1' >/dev/null"
	run gate 3 lab_sekisho fleet status
	[[ $output != *$'\033'* ]]
	gate 1 gate_fleet_end CONT
	gate 2 gate_fleet_end CONT
	gates_joined
}

@test "fleet engines: the first is killed, its replica takes over, and what was said meanwhile arrives" {
	ban_on 203.0.113.12 1 2
	adopted 203.0.113.12/32 3
	engine_end "$FIRST"
	# A replica takes nothing: bans here go on.
	ban_on 203.0.113.20 1
	gate 1 gate_bans 203.0.113.20/32 manual
	redis-cli -s "$SECOND" replicaof no one >/dev/null
	ban_on 203.0.113.20 2
	adopted 203.0.113.20/32 3
	retry 100 0.1 uses 3 "$SECOND"
	# What was banned before is still held by its makers' word.
	gate 3 gate_bans 203.0.113.12/32 fleet
}

@test "fleet engines: roles change while both run, and all members find the one that takes what they say" {
	engine_run "$FIRST" --port 7001 --replicaof 127.0.0.1 7002
	retry 100 0.1 follows "$FIRST"
	redis-cli -s "$FIRST" replicaof no one >/dev/null
	redis-cli -s "$SECOND" replicaof 127.0.0.1 7001 >/dev/null
	ban_on 203.0.113.30 1 2
	adopted 203.0.113.30/32 3
	retry 100 0.1 uses 3 "$FIRST"
}

@test "fleet engines: a member that was cut off has within seconds what the others said meanwhile" {
	local i
	gate 3 gate_fleet_end
	gate_join 3 "$FIRST"
	sed -i "s|^server = .*|server = unix:$GATES/to-3.sock|" "$GATES/gate3/sekisho.conf"
	gate 3 gate_fleet_run
	retry 200 0.1 gate 3 gate_is_joined
	gate_cut 3 "$FIRST"
	for ((i = 0; i < 500; i++)); do echo "45.7.$((i / 250)).$((i % 250))"; done >"$BATS_TEST_TMPDIR/list"
	gate 1 lab_sekisho ban --service login - <"$BATS_TEST_TMPDIR/list" >/dev/null
	gate 2 lab_sekisho ban --service login - <"$BATS_TEST_TMPDIR/list" >/dev/null
	sleep 6
	[[ $(gate 3 lab_sekisho bans --json | grep -c '"45\.7\.') == 0 ]]
	gate_join 3 "$FIRST"
	# A second until it is tried again, and a moment.
	retry 40 0.1 eval "(( \$(gate 3 lab_sekisho bans --json | grep -c '\"45\.7\.') == 500 ))"
}

@test "fleet engines: an answer without end, of parts that are small each, ends the connection and no process" {
	local engine process
	perl -MIO::Socket::UNIX -MSocket -e '
		$SIG{PIPE} = "IGNORE";
		my $listener = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $ARGV[0], Listen => 8) or die;
		while (my $taken = $listener->accept) {
			syswrite $taken, "*40000000\r\n" or next;
			while (syswrite $taken, ":1\r\n" x 4096) {}
		}' "$GATES/endless.sock" 3>&- &
	engine=$!
	retry 50 0.1 test -S "$GATES/endless.sock"
	begins_at "unix:$GATES/endless.sock"
	process=$(<"$GATES/gate3/fleet.pid")
	retry 100 0.2 eval "gate 3 lab_sekisho fleet status | grep -q 'answer of the engine is too long'"
	# Of one answer it holds no more than that of it; the unit has MemoryMax for what hiredis makes of it.
	(($(awk '/^VmHWM/ { print $2 }' "/proc/$process/status") < 900 * 1024))
	# and bans here go on meanwhile
	gate 3 gate_guess 203.0.113.95
	retry 200 0.05 gate 3 gate_bans 203.0.113.95/32 source-failures
	kill "$engine"
	begins_at "$ENGINE"
	retry 200 0.1 gate 3 gate_is_joined
}

@test "fleet engines: an engine's words reach no terminal as they are" {
	local engine
	perl -MIO::Socket::UNIX -MSocket -e '
		$SIG{PIPE} = "IGNORE";
		my $listener = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $ARGV[0], Listen => 8) or die;
		while (my $taken = $listener->accept) { syswrite $taken, "-ERR \e[31mred\a\e]0;title\a\xff\r\n" x 64; sleep 1 }
		' "$GATES/words.sock" 3>&- &
	engine=$!
	retry 50 0.1 test -S "$GATES/words.sock"
	begins_at "unix:$GATES/words.sock"
	retry 100 0.1 eval "gate 3 lab_sekisho fleet status | grep -q 'last fault: .*red'"
	for words in 'fleet status' 'fleet status --json' doctor 'doctor --json' alerts; do
		# shellcheck disable=SC2086 # several words
		run gate 3 lab_sekisho $words
		if [[ $output == *[$'\e\a\xff']* ]]; then fail "$words: $output"; fi
	done
	kill "$engine"
	begins_at "$ENGINE"
	retry 200 0.1 gate 3 gate_is_joined
}

@test "fleet engines: where somebody always speaks a member has caught up all the same" {
	local stream chatter i
	stream=$(redis-cli -s "$FIRST" --scan --pattern '*:mx1')
	(while sleep 0.1; do redis-cli -s "$FIRST" xadd "$stream" '*' b x; done) >/dev/null 2>&1 3>&- &
	chatter=$!
	sleep 5
	for ((i = 0; i < 5; i++)); do
		retry 2 0.2 gate 3 gate_is_joined
		sleep 0.5
	done
	kill "$chatter"
}

@test "fleet engines: the secret is exchanged in three steps, and nothing is lost" {
	local old new step number address=0
	old=$(<"$GATES/secret")
	"$SEKISHO" -c /dev/null fleet key --secret --output "$GATES/secret2"
	new=$(<"$GATES/secret2")
	for step in "$old"$'\n'"$new" "$new"$'\n'"$old" "$new"; do
		echo "$step" >"$GATES/secret"
		for number in 1 2 3; do
			gate "$number" gate_fleet_end HUP
			sleep 0.5
		done
		retry 200 0.1 eval 'gate 1 gate_is_joined && gate 2 gate_is_joined && gate 3 gate_is_joined'
		ban_on "203.0.113.6$((++address))" 1 2
		adopted "203.0.113.6$address/32" 3
	done
	gate 3 gate_bans 203.0.113.61/32 fleet
	[[ $(gate 3 lab_sekisho fleet status --json | jq '[.members[].refused["other-secret"]] | add') == 0 ]]
}

# Within half a second gate 3 heard nothing new of the member.
nothing_comes_of() { # MEMBER
	local heard
	heard=$(gate 3 lab_sekisho fleet status --json | jq -c --arg name "$1" '.members[] | select(.name == $name).last')
	sleep 0.5
	[[ $heard == "$(gate 3 lab_sekisho fleet status --json | jq -c --arg name "$1" '.members[] | select(.name == $name).last')" ]]
}

@test "fleet engines: a member from whom nothing came for ten minutes is an alert, once" {
	local library number
	library=$(ls /usr/lib/*/faketime/libfaketime.so.1 2>/dev/null || :)
	[[ -n $library ]] || skip 'needs libfaketime'
	echo +0s >"$GATES/clock"
	printf '#!/bin/sh\nLD_PRELOAD=%s FAKETIME_TIMESTAMP_FILE=%s FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 exec %s "$@"\n' \
		"$library" "$GATES/clock" "$SEKISHO" >"$GATES/later"
	chmod 755 "$GATES/later"
	gate 3 gate_fleet_end KILL
	FLEET_SEKISHO=$GATES/later gate 3 gate_fleet_run
	retry 200 0.1 gate 3 gate_is_joined
	gate 1 gate_fleet_end STOP
	retry 50 0.1 nothing_comes_of mx1 # what it had said is read by the clock of before
	echo +11m >"$GATES/clock"
	retry 100 0.1 eval "gate 3 lab_sekisho alerts --json | grep -q 'member mx1 has been silent for ten minutes'"
	gate 1 gate_fleet_end CONT
	sleep 2
	[[ $(gate 3 lab_sekisho alerts --json | grep -c 'member mx1 has been silent') == 1 ]]
}

# Written again and again: what stands there before it reads is behind it. An exchanged secret leaves a stream of its own.
junk_is_noticed() {
	local stream
	for stream in $(redis-cli -s "$FIRST" --scan --pattern '*:mx3'); do
		redis-cli -s "$FIRST" xadd "$stream" '*' b junk >/dev/null
	done
	grep -q 'mx3: what stands in its stream is not signed' "$GATES/gate2/log/fleet"
}

@test "fleet engines: what goes wrong while the daemon is away is an alert once it is back" {
	gate 2 gate_fleet_end KILL
	gate 2 lab_run_end
	gate 2 gate_fleet_run
	retry 100 0.1 junk_is_noticed
	gate 2 lab_run
	retry 100 0.1 eval "gate 2 lab_sekisho alerts --json | grep -q 'mx3: what stands in its stream is not signed'"
}

@test "fleet engines: metrics say whether the fleet is there, and what became of others' bans" {
	retry 100 0.2 eval "gate 2 lab_sekisho stats --prometheus | grep -x 'sekisho_fleet_engine_connected 1'"
	gate 2 lab_sekisho stats --prometheus >"$BATS_TEST_TMPDIR/metrics"
	grep -x 'sekisho_fleet_up 1' "$BATS_TEST_TMPDIR/metrics"
	grep -x 'sekisho_fleet_members 3' "$BATS_TEST_TMPDIR/metrics"
	grep '^sekisho_fleet_adoptions_total{outcome="adopted"}' "$BATS_TEST_TMPDIR/metrics"
	gate 2 gate_fleet_end KILL
	retry 150 0.2 eval "gate 2 lab_sekisho stats --prometheus | grep -x 'sekisho_fleet_up 0'"
}

@test "fleet engines: a build without hiredis and libsodium is whole, and says what it lacks" {
	local without=$LAB_REPO/build/tests/fleet/without
	[[ -x $without ]] || skip "needs $without, which is not built"
	[[ $(ldd "$without") != *hiredis* && $(ldd "$without") != *sodium* ]]
	run "$without" -c /dev/null fleet key --output "$BATS_TEST_TMPDIR/key"
	((status == 1))
	[[ $output == *'no libsodium; install libsodium-dev'* && ! -e $BATS_TEST_TMPDIR/key ]] || fail "$output"
	run "$without" -c "$GATES/gate1/sekisho.conf" fleet run
	((status == 1))
	[[ $output == *'no libsodium'* ]] || fail "$output"
	"$without" -c /dev/null check
}
