#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
# A packet proves nothing: a flood of SYNs with forged sources limits nobody, bans nobody, and makes
# no entry. The flood is bounded, and stays in the test's own namespaces.

load helpers/common

FLOOD=$BATS_TEST_DIRNAME/../build/tests/flood/flood

setup_file() {
	file_requires root bpf networks sekisho jq bpftool "$BATS_TEST_DIRNAME/../build/tests/flood/flood" || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	lab_listen "$MX4" 25
	lab_listen "$MX6" 25
	# What the generator sends must not come back as ICMP from the client's side.
	client sysctl -qw net.ipv4.ip_forward=0
}

teardown_file() {
	lab_down
}

setup() {
	requires
	lab_reset
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	cat "$LAB/log/run" 2>/dev/null || :
}

flood() { # LOG SERVER COUNT OPTION...
	local log=$1 server=$2 count=$3
	shift 3
	lab_background "$log" nsenter --net="/run/netns/$LAB_CLIENT" "$FLOOD" out0 02:00:00:00:00:01 \
		"$server" 25 "$count" "$@"
}

flood_ended() { grep -q '^sent' "$LAB/log/flood"; }

entries() { # TABLE
	bpftool -j map dump pinned "$LAB_MAPS/$1" | jq length
}

STRICT='[class world]
connections = 20
rate = 60/m
burst = 60
network-connections = 60
network-rate = 600/m
network-burst = 100
[service smtp]
countries = *:world'

@test "5 million SYNs from forged sources make no ban, no limit and no entry, and the framed peer goes on" {
	local sent framed opened=0 i before
	lab_conf 'mode = enforce' "$STRICT"
	lab_run
	connect_is open 198.51.100.66 "$MX4" 25
	before=$(entries sources)
	# One in fifty is forged to be from the well-behaved peer, the rest from 100,000 others.
	flood "$LAB/log/flood" "$MX4" 5000000 from=203.0.0.0 span=100000 framed=50 victim=198.51.100.66 \
		pause-us=60000
	for i in 1 2 3 4 5; do
		! flood_ended || break
		if [[ $(lab_try 198.51.100.66 "$MX4" 25 4 || :) == open ]]; then
			opened=$((opened + 1))
		fi
	done
	retry 2000 0.1 flood_ended
	read -r _ sent _ framed _ <"$LAB/log/flood"
	connect_is open 198.51.100.66 "$MX4" 25
	connect_is open 198.51.100.67 "$MX4" 25
	run_sekisho bans --json
	[[ -z $output ]]
	run_sekisho stats
	refute_limits
	echo "# $sent SYNs, $framed of them framing the peer; its connects during the flood: $opened of $i;" \
		"sources before $before, after $(entries sources)" >&3
	((sent == 5000000 && framed > 90000))
	((opened == i))
	# The peer, its neighbour, and nobody else.
	(($(entries sources) <= 2 && $(entries networks) <= 1))
}

refute_limits() {
	! grep -Eq '(source|network|country)-(connections|rate)|banned' <<<"$output"
}

@test "1.5 million SYNs from random sources of the whole of IPv4 and of IPv6 make no entry" {
	lab_conf 'mode = enforce' "$STRICT"
	lab_run
	flood "$LAB/log/flood" "$MX4" 1000000 pause-us=20000
	retry 2000 0.1 flood_ended
	rm "$LAB/log/flood"
	flood "$LAB/log/flood" "$MX6" 500000 pause-us=20000
	retry 2000 0.1 flood_ended
	run_sekisho stats
	refute_limits
	(($(entries sources) == 0 && $(entries networks) == 0))
	connect_is open 198.51.100.66 "$MX4" 25
	connect_is open 2001:db8:bad:66::1 "$MX6" 25
}
