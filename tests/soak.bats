#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A minute of mixed traffic: a short run of tests/soak/run, whose own is half an hour.

load helpers/common

@test "a minute of traffic, logs, imports, bans and reloads: counts are exact, memory stays" {
	requires root bpf networks sekisho jq python3
	cd "$BATS_TEST_TMPDIR"
	"$LAB_REPO/tests/soak/run" --minutes 1 >soak 2>&1 3>&- || fail "$(<soak)"
	sed 's/^/# /' soak >&3
	local most
	most=$(sed -n "s/^the store's write-ahead log had at most \([0-9]*\) KiB\$/\1/p" soak)
	((most > 0 && most < 16384))
}
