#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The daemon killed at random moments while all goes on: a short run of tests/crash/run, whose own is
# 500 kills.

load helpers/common

@test "25 kills under traffic, logs, imports and bans: the gate never opens, nothing is lost or counted twice" {
	requires root bpf networks sekisho jq python3
	"$LAB_REPO/tests/crash/run" --times 25 >crash 2>&1 3>&- || fail "$(<crash)"
	sed 's/^/# /' crash >&3
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}
