#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Differential: mutated SYNs to a real listener, without a gate and behind one (XDP, and tc). Whatever
# Linux answers, a banned source must not get, and a clean one must. tests/mutate does it.

load helpers/common

MUTATE=${MUTATE:-$BATS_TEST_DIRNAME/../build/tests/mutate/mutate}
KEPT=$BATS_TEST_DIRNAME/packets/kept

setup() {
	requires root bpf networks
	[[ -x $MUTATE ]] || fail "$MUTATE is not built: make tests"
}

# Shows what it printed only when it did not end as it should; its seed is then there, too.
mutate() { # EXPECTED-STATUS OPTION...; by each hook: an instance's gate is made for one network namespace
	local expected=$1 status hook
	shift
	: >"$BATS_TEST_TMPDIR/out"
	for hook in xdp tc; do
		status=0
		timeout --kill-after=10 400 "$MUTATE" --hook "$hook" "$@" >>"$BATS_TEST_TMPDIR/out" 2>&1 || status=$?
		[[ $status == "$expected" ]] && continue
		cat "$BATS_TEST_TMPDIR/out" >&2
		fail "status $status and not $expected: mutate --hook $hook $*"
		return
	done
}

@test "no packet kept from an earlier finding gets past the gate, or is lost" {
	mutate 0 --count 0 --replay "$KEPT"
	[[ $(grep -c '^kept ' "$BATS_TEST_TMPDIR/out") == $((2 * $(find "$KEPT" -name '*.txt' | wc -l))) ]]
}

@test "of 300,000 mutations Linux answers none to a banned source, and the same to a clean one" {
	mutate 0 --count 300000 --keep "$BATS_TEST_TMPDIR"
	sed 's/^/# /' "$BATS_TEST_TMPDIR/out" >&3
}

@test "the test finds a gate that lets a banned source through" {
	mutate 1 --count 2000 --sabotage monitor
	grep -q 'FOUND.*a banned source was answered' "$BATS_TEST_TMPDIR/out"
}

@test "the test finds a gate that drops a clean source" {
	mutate 1 --count 2000 --sabotage ban
	grep -q 'FOUND.*a clean source got no answer' "$BATS_TEST_TMPDIR/out"
}

@test "the test finds the same again from the same seed" {
	mutate 1 --count 2000 --sabotage ban --seed 7 --hook tc
	grep 'FOUND' "$BATS_TEST_TMPDIR/out" >"$BATS_TEST_TMPDIR/first"
	mutate 1 --count 2000 --sabotage ban --seed 7 --hook tc
	grep 'FOUND' "$BATS_TEST_TMPDIR/out" | cmp - "$BATS_TEST_TMPDIR/first"
}
