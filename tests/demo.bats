#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the README shows first: scripts/demo, whose every claim is checked against a real Postfix and Dovecot.

load helpers/common

setup() {
	requires root bpf networks sekisho jq swaks
}

demo() { # ARGUMENT...
	run timeout $((120 * PATIENCE)) "$BATS_TEST_DIRNAME/../scripts/demo" "$@" 3>&-
	grep -F -A 4 'NOT SO' <<<"$output" || :
	[[ $status == 0 && $output == *'[ok]'* && $output != *'NOT SO'* ]]
}

@test "the demonstration: everything that it claims holds, and the connections to its servers are counted" {
	demo
	[[ $output == *'an alert names the account'* ]]
	# Handshakes of all services, in the table of stats.
	[[ $(awk '$1 == "all" && NF == 6 { print ($6 > 20); exit }' <<<"$output") == 1 ]]
}

@test "the demonstration of a fleet: everything that it claims holds" {
	demo fleet
}
