#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The systemd journal as a log of the real daemon, in a mount namespace with a journal of its own.
# How entries become lines: tests/unit/test_journal.c.

load helpers/common

# Installed, or unpacked by scripts/bootstrap --tests.
REMOTE=/lib/systemd/systemd-journal-remote
[[ -x $REMOTE ]] || REMOTE=$LAB_REPO/build/journal-remote/lib/systemd/systemd-journal-remote

setup_file() {
	file_requires root bpf networks sekisho jq || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
}

teardown_file() {
	lab_down
}

setup() {
	requires "$REMOTE" machine-id libsystemd
	lab_reset
	lab_conf 'mode = enforce' '[log system]
journal = postfix@-.service'
	JOURNAL=$LAB/journal/$(</etc/machine-id)
	rm -rf "$LAB/journal"
	mkdir -p "$JOURNAL"
	entries other 203.0.113.1
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	kill_daemon || :
	cat "$LAB/log/run" 2>/dev/null || :
}

# A failed login for each source, said by a unit, as journald would have written it.
entries() { # UNIT SOURCE...
	local unit=$1 source
	shift
	for source; do
		printf '__REALTIME_TIMESTAMP=%s\n__MONOTONIC_TIMESTAMP=%s\n_BOOT_ID=%s\n_HOSTNAME=mx\n_PID=12\n' \
			"${EPOCHREALTIME/[.,]/}" "${EPOCHREALTIME/[.,]/}" 0123456789abcdef0123456789abcdef
		printf '_SYSTEMD_UNIT=%s.service\nSYSLOG_IDENTIFIER=postfix/smtpd\n' "$unit"
		[[ -z ${SENDER_UID-} ]] || printf '_UID=%s\n' "$SENDER_UID"
		printf 'MESSAGE=warning: unknown[%s]: SASL LOGIN authentication failed: x\n\n' "$source"
	done | "$REMOTE" -o "$JOURNAL/system.journal" - >/dev/null 2>&1
}

start_daemon() {
	# shellcheck disable=SC2016 # for the shell in there
	unshare --mount --propagation private bash -c '
		mount --bind "$1" /var/log && mkdir -p /var/log/journal &&
			exec nsenter --net="$2" "$3" -c "$4" run' \
		- "$LAB/var" "/run/netns/$LAB_SERVER" "$SEKISHO" "$LAB_CONF" >>"$LAB/log/run" 2>&1 3>&- &
	DAEMON=$!
	echo "$DAEMON" >>"$LAB/pids"
	disown
	retry 100 0.1 is_following
}

is_following() {
	run_sekisho status --json
	json ".[0].daemon | .running and .pid == $DAEMON"
}

kill_daemon() {
	[[ -n ${DAEMON-} ]] || return 0
	kill -KILL "$DAEMON"
	lab_wait 5 lab_gone "$DAEMON"
	DAEMON=
}

@test "failures in the journal ban, each counts once, and a kill -9 skips and repeats none" {
	mkdir -p "$LAB/var"
	ln -sfn "$LAB/journal" "$LAB/var/journal"
	start_daemon
	entries postfix@- 198.51.100.{66,66,66,67,67,67,67}
	entries other 198.51.100.{67,67}
	SENDER_UID=0 entries postfix@- 198.51.100.{68,68,68,68,68}
	SENDER_UID=1000 entries postfix@- 198.51.100.{69,69,69,69,69}            # a .forward's program
	SENDER_UID=$(id -u backup) entries postfix@- 198.51.100.{71,71,71,71,71} # a pipe's
	SENDER_UID=$(id -u mail) entries postfix@- 198.51.100.{72,72,72,72,72}
	for _ in 1 2 3 4 5; do entries postfix@- 203.0.113.9; done
	retry 50 0.1 ban_exists 203.0.113.9/32
	no_ban_exists 198.51.100.66/32
	no_ban_exists 198.51.100.67/32
	ban_exists 198.51.100.68/32
	no_ban_exists 198.51.100.69/32
	no_ban_exists 198.51.100.71/32
	ban_exists 198.51.100.72/32
	entries postfix@- 198.51.100.{66,66}
	retry 50 0.1 ban_exists 198.51.100.66/32
	sleep 1.2
	kill_daemon
	# While nobody reads.
	entries postfix@- 198.51.100.{70,70,70,70,70}
	start_daemon
	retry 50 0.1 ban_exists 198.51.100.70/32
	for _ in 1 2 3 4 5; do entries postfix@- 203.0.113.10; done
	retry 50 0.1 ban_exists 203.0.113.10/32
	no_ban_exists 198.51.100.67/32
	run_sekisho why --json 198.51.100.66
	json '.[0].evidence | length == 5'
	run_sekisho why --json 198.51.100.70
	json '.[0].evidence | length == 5'
}

# A message that bob sent, so many days ago.
sent() { # DAYS SOURCE
	local at=$((${EPOCHREALTIME/[.,]/} - $1 * 86400000000))
	printf '__REALTIME_TIMESTAMP=%s\n__MONOTONIC_TIMESTAMP=%s\n_BOOT_ID=%s\n_HOSTNAME=mx\n_PID=12\n' \
		"$at" "$at" 0123456789abcdef0123456789abcdef >"$LAB/entry"
	printf '_SYSTEMD_UNIT=postfix@-.service\nSYSLOG_IDENTIFIER=postfix/submission/smtpd\n' >>"$LAB/entry"
	[[ -z ${SENDER_UID-} ]] || printf '_UID=%s\n' "$SENDER_UID" >>"$LAB/entry"
	printf 'MESSAGE=4F1A%s: client=unknown[%s], sasl_method=PLAIN, sasl_username=bob@example.org\n\n' "$1" "$2" \
		>>"$LAB/entry"
	"$REMOTE" -o "$JOURNAL/system.journal" - <"$LAB/entry" >/dev/null 2>&1
}

@test "the first start learns from the journal whom accounts know" {
	mkdir -p "$LAB/var"
	ln -sfn "$LAB/journal" "$LAB/var/journal"
	sent 40 203.0.113.22
	sent 9 203.0.113.20
	# What others' programs say in it teaches nothing.
	SENDER_UID=1000 sent 8 203.0.113.21
	sent 7 203.0.113.20
	start_daemon
	grep -q 'learned from 0 of 0 log files and the journal' "$LAB/log/run"
	run_sekisho account --json bob@example.org
	json '.[0].sources | length == 1 and .[0].known and .[0].source == "203.0.113.20/32"'
	run_sekisho bans --json
	[[ -z $output ]]
}
