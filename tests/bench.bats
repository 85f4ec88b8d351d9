#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The benchmark still works: its tiniest run, which compares counts and asserts no time.

load helpers/common

FLOOD=$BATS_TEST_DIRNAME/../build/tests/flood/flood
COST=$BATS_TEST_DIRNAME/../build/tests/bench/cost

setup() {
	requires root bpf networks sekisho jq python3 bpftool ethtool "$FLOOD" "$COST"
}

@test "the benchmark's smoke run finds every packet of its floods counted, and leaves nothing behind" {
	local rows=$BATS_TEST_DIRNAME/../build/bench/smoke.json
	rm -f "$rows"
	"$BATS_TEST_DIRNAME/../scripts/bench" --smoke --only flood --only packet --only policy
	jq -e '.kind == "smoke" and .faults == []' "$rows"
	jq -e '[.rows[] | select(.part == "flood") | .ours[]] | length >= 4 and all(. > 0)' "$rows"
	jq -e '[.raw.packet.costs[] | select(.reason == "banned") | .runs == .counted and .runs > 0] |
		length == 8 and all' "$rows"
	jq -e '[.rows[] | select(.part == "questions of mail servers") | .ours[]] | length >= 12 and all(. > 0)' "$rows"
	run ! grep -q "^sekisho-bench-" <(ip netns)
	[[ -z $(find "$LAB_BPFFS" -maxdepth 1 -name 'sekisho-bench-*' -o -maxdepth 1 -name 'sekisho-cost-*') ]]
}

@test "a packet that is not counted fails the benchmark" {
	# A gate that knows nobody's ban: what is sent as a banned source passes.
	run "$COST" only=banned set=64 repeat=64 rounds=1 list=1000 bans=1000 sources=100 forget=1
	[[ $status -eq 1 && $output == *"was not judged as it should be"* ]]
}
