#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# MPTCP (RFC 8684): a session of several TCP connections from several addresses is one of each of
# them, and a ban of any ends it.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	server sysctl -qw net.mptcp.enabled=1 2>/dev/null || return 0
	client sysctl -qw net.mptcp.enabled=1
	server ip mptcp limits set subflow 4 add_addr_accepted 4
	client ip mptcp limits set subflow 4 add_addr_accepted 4
	PEER_MULTIPATH=1 lab_listen "$MX4" 25
}

teardown_file() {
	lab_down
}

FIRST=198.51.100.20
SECOND=198.51.100.21
OTHER=203.0.113.20

setup() {
	requires
	[[ -e /proc/sys/net/mptcp/enabled ]] || skip "needs MPTCP, which this kernel lacks"
	lab_reset
	client ip mptcp endpoint flush
	# With a narrower scope every ban looks at the sockets.
	LAB_CGROUP='' lab_conf 'mode = enforce'
	lab_run
	held=()
	lab_hold other "$OTHER" "$MX4" 25
	held+=("$(tail -n 1 "$LAB/pids")")
	client ip mptcp endpoint add "$SECOND" subflow
	PEER_MULTIPATH=1 lab_hold one "$FIRST" "$MX4" 25
	held+=("$(tail -n 1 "$LAB/pids")")
	retry 30 0.1 paths_are 1 "$SECOND"
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	for pid in "${held[@]}"; do
		lab_kill "$pid"
	done
	cat "$LAB/log/run" "$LAB/one" 2>/dev/null || :
}

paths_are() { # COUNT SOURCE
	[[ $(server ss -Htn state established "src $MX4 and dst $2" | wc -l) == "$1" ]]
}

ended() {
	retry 30 0.1 paths_are 0 "$FIRST"
	retry 30 0.1 paths_are 0 "$SECOND"
	retry 30 0.1 session_is_dead one
	paths_are 1 "$OTHER"
	session_is_alive other
}

@test "a ban of the address of its first path ends a session with all its paths, and no other" {
	run_sekisho ban "$FIRST"
	says '2 open connections closed'
	ended
}

@test "a ban of another path's address ends a session with all its paths, and no other" {
	run_sekisho ban "$SECOND"
	says '2 open connections closed'
	ended
}

@test "a ban finds a session whose first path is gone" {
	client ip mptcp endpoint add "$FIRST" id 9 subflow
	server ss -K -tn "src $MX4 and dst $FIRST" >/dev/null
	retry 30 0.1 paths_are 0 "$FIRST"
	session_is_alive one
	run_sekisho ban "$FIRST"
	says '1 open connection closed'
	ended
}
