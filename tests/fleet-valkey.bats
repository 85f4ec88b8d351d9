#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian 13's Valkey as the engine, in a root of its own, with the users that `sekisho fleet acl` prints.

load helpers/common
# shellcheck source=tests/fleet/gates.bash
load fleet/gates

setup_file() {
	file_requires root bpf networks sekisho jq redis-cli debootstrap || return 0
	ENGINE_LAYERS=$("$LAB_REPO/tests/real/root" trixie valkey valkey-server 3>&-) || return
	GATES=$BATS_FILE_TMPDIR/fleet
	export ENGINE_LAYERS SOCKET=$GATES/redis.sock
	gates_with_users "$GATES" "$SOCKET"
}

teardown_file() {
	gates_down
}

teardown() {
	[[ -n ${GATES-} ]] || return 0
	tail -n 20 "$GATES"/engine.log "$GATES"/gate*/log/{run,fleet} 2>/dev/null || :
}

@test "fleet valkey: it is Valkey, and what two ban holds on the third" {
	redis-cli -s "$SOCKET" info server | grep '^valkey_version:8'
	gates_share 203.0.113.10
}

@test "fleet valkey: a user of one member writes its own stream and snapshot, and nothing else" {
	local stream run=(redis-cli -s "$SOCKET" --user mx1 --pass secret-of-1 --no-auth-warning)
	stream=$(redis-cli -s "$SOCKET" --scan --pattern '*:mx1')
	"${run[@]}" xadd "${stream%1}2" '*' b x | grep NOPERM
	"${run[@]}" set "${stream%1}2:snapshot" x | grep NOPERM
	"${run[@]}" set "$stream:snapshot2" x | grep NOPERM
	# nor the one in the other's place
	"${run[@]}" set "$stream" x | grep NOPERM
	"${run[@]}" xadd "$stream:snapshot" '*' b x | grep NOPERM
	"${run[@]}" flushall | grep NOPERM
	retry 50 0.1 eval "redis-cli -s $SOCKET --user mx1 --pass secret-of-1 --no-auth-warning get ${stream%1}2:snapshot | grep -qa SKS1"
	[[ $(gate 1 lab_sekisho fleet status --json | jq .engine.refused) == 0 ]]
}

@test "fleet valkey: killed, emptied and begun anew, it loses nothing that a member knows" {
	engine_end "$SOCKET"
	gate 1 gate_guess 203.0.113.20
	retry 200 0.05 gate 1 gate_bans 203.0.113.20/32 source-failures
	engine_run "$SOCKET" --aclfile "$GATES/users.acl"
	gate 2 gate_guess 203.0.113.20
	retry 200 0.05 gate 3 gate_bans 203.0.113.20/32 fleet
}

@test "fleet valkey: stopped, bans here go on; full, it is named and caught up with" {
	engine_end "$SOCKET" STOP
	gate 1 gate_guess 203.0.113.30
	retry 200 0.05 gate 1 gate_bans 203.0.113.30/32 source-failures
	engine_end "$SOCKET" CONT
	redis-cli -s "$SOCKET" config set maxmemory 1 >/dev/null
	gate 2 gate_guess 203.0.113.30
	retry 100 0.1 eval "gate 2 lab_sekisho fleet status | grep -q 'OOM command not allowed'"
	redis-cli -s "$SOCKET" config set maxmemory 0 >/dev/null
	retry 200 0.05 gate 3 gate_bans 203.0.113.30/32 fleet
}
