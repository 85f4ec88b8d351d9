#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A fleet in virtual time: crashes, backups, wrong clocks, a hostile engine, traitors. `simulate --seeds 10000`
# is the long run, and --from replays a seed.

load helpers/common

setup() {
	SIMULATE=$LAB_REPO/build/tests/fleet/simulate
	[[ -x $SIMULATE ]] || skip "needs $SIMULATE, which is not built"
}

@test "fleet simulation: from 100 seeds, 20 members adopt the same, and nothing beyond their budget" {
	run "$SIMULATE" --seeds 100 --members 20
	echo "$output"
	((status == 0))
	[[ $output == *'100 seeds of 20 members, 0 failed'* ]]
}

@test "fleet simulation: 200 members" {
	run "$SIMULATE" --seeds 1 --members 200 --from 7
	echo "$output"
	((status == 0))
}
