#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A fleet of many members, of whom one is a real gate: what it and the engine have to do stays within bounds.

load helpers/common
# shellcheck source=tests/fleet/gates.bash
load fleet/gates

MEMBERS=100

setup_file() {
	file_requires root bpf networks sekisho jq redis-cli || return 0
	[[ -x $LAB_REPO/build/tests/fleet/members/crowd ]] || skip 'needs build/tests/fleet/members/crowd'
	gates_up "$BATS_FILE_TMPDIR/fleet" 1
	engine_run "$GATES/redis.sock"
	gates_crowd "$MEMBERS"
	gates_run
	gates_joined
}

teardown_file() {
	gates_down
}

teardown() {
	[[ -n ${GATES-} ]] || return 0
	[[ ! -s $BATS_TEST_TMPDIR/crowd.pid ]] || kill "$(<"$BATS_TEST_TMPDIR/crowd.pid")" 2>/dev/null || :
	tail -n 12 "$GATES"/gate*/log/{run,fleet} 2>/dev/null || :
}

crowd() { # SECONDS INTERVAL
	"$LAB_REPO/build/tests/fleet/members/crowd" "$@" "$GATES"/crowd/[0-9]* >"$BATS_TEST_TMPDIR/said" 3>&- &
	echo $! >"$BATS_TEST_TMPDIR/crowd.pid"
}

reads() {
	engine_ask "$GATES/redis.sock" info commandstats | sed -n 's/^cmdstat_xread:calls=\([0-9]*\),.*/\1/p'
}

heard() { # CONDITION on the number of statements
	gate 1 lab_sekisho fleet status --json | jq -e "[.members[].statements] | add $1" >/dev/null
}

@test "fleet crowd: each of a hundred members that all speak each second asks the engine ten times a second, and hears all" {
	local before after begun ended
	crowd 12 1000
	retry 100 0.1 heard ">= $MEMBERS"
	before=$(reads) begun=${EPOCHREALTIME/./}
	sleep 5
	after=$(reads) ended=${EPOCHREALTIME/./}
	echo "$((after - before)) reads in $((ended - begun)) us"
	# One more each, since the window's ends fall anywhere.
	(((after - before) * 1000000 <= MEMBERS * (10 * (ended - begun) + 1000000)))
	((after - before > MEMBERS * 5))
	wait
	retry 50 0.1 heard "== $(<"$BATS_TEST_TMPDIR/said")"
	gate 1 gate_is_joined
}
