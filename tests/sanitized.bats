#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The daemon itself under ASan and UBSan: reloads in the middle of a backlog, and an end, leave no
# fault and lose no memory. LINES=N and RELOADS=N make it longer.

load helpers/common

LINES=${LINES:-100000}
RELOADS=${RELOADS:-12}
RULES='[rule source-failures]
failures = 5
window = 10m
ban = 1h'

setup_file() {
	file_requires root bpf networks sekisho jq || return 0
	make -s -C "$LAB_REPO" -j2 O=build/asan SANITIZE=1 build/asan/sekisho >"$BATS_FILE_TMPDIR/make" 2>&1 3>&- ||
		fail "$(tail -n 20 "$BATS_FILE_TMPDIR/make")" || return
	lab_up "$BATS_FILE_TMPDIR/lab"
}

teardown_file() {
	lab_down
}

setup() {
	requires
	lab_reset
	: >"$LAB/log/mail.log"
	export SEKISHO=$LAB_REPO/build/asan/sekisho SEKISHO_START_S=90
	export ASAN_OPTIONS=log_path=$LAB/asan:detect_stack_use_after_return=1:strict_string_checks=1
	export UBSAN_OPTIONS=log_path=$LAB/asan:print_stacktrace=1
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	lab_run_end KILL || :
	tail -n 30 "$LAB/log/run" 2>/dev/null || :
}

backlog() { # FILE: of many sources and accounts, some of them over the threshold
	LC_ALL=C awk -v stamp="$(LC_ALL=C date '+%b %e %H:%M:%S')" -v lines="$LINES" 'BEGIN {
		for (i = 0; i < lines; i++)
			printf "%s mx postfix/smtpd[7]: warning: unknown[10.%d.%d.%d]: SASL LOGIN authentication failed: x, sasl_username=u%d\n",
				stamp, i % 7, i / 7 / 256 % 64, i / 7 % 256, i % 1000 }' >>"$1"
}

reloaded() { # TIMES
	(($(grep -c 'sekisho: reloaded' "$LAB/log/run") >= $1))
}

@test "the daemon under ASan: a backlog with reloads in between, bans by hand, and a clean end" {
	local round others pid status=0 sections
	lab_conf 'mode = enforce' "$RULES"
	lab_run
	pid=$(<"$LAB/run.pid")
	for ((round = 1; round <= RELOADS; round++)); do
		((round % 4 != 1)) || backlog "$LAB/log/mail.log"
		sections=$RULES others=$((round % 3))
		while ((others-- > 0)); do
			sections+="
[log other$others]
file = $LAB/log/other$others.log"
			: >>"$LAB/log/other$others.log"
			backlog_line >>"$LAB/log/other$others.log"
		done
		((round % 2)) || sections+='
[rule network-failures]
action = off
[list drop]
action = deny'
		lab_conf 'mode = enforce' "$sections"
		kill -HUP "$pid"
		run_sekisho ban "203.0.113.$round"
		retry 300 0.2 reloaded "$round"
	done
	run_sekisho unban 203.0.113.1
	run_sekisho status --json
	echo "# behind by $(jq '[.. | .lag_bytes? // empty] | max' <<<"$output") bytes at the end" >&3
	lab_run_end || status=$?
	[[ -z $(compgen -G "$LAB/asan*") ]] || fail "$(head -n 60 "$LAB"/asan*)"
	[[ $status == 0 ]] || fail "it ended with $status"
	grep -q 'sekisho: stopped' "$LAB/log/run"
}

backlog_line() {
	echo "$(LC_ALL=C date '+%b %e %H:%M:%S') mx postfix/smtpd[8]: warning: unknown[198.51.100.9]: SASL LOGIN authentication failed: x"
}
