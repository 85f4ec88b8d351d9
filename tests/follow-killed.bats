#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The daemon's logs while it is killed, and while it is far behind: every line is accounted for once,
# in a real store. Rotation without a kill: follow.bats.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho jq python3 || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
}

teardown_file() {
	lab_down
}

setup() {
	requires
	lab_reset
	LOG=$LAB/log/mail.log
	rm -f "$LAB"/log/mail.log*
	: >"$LOG"
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	lab_run_end KILL || :
	tail -n 20 "$LAB/log/run" 2>/dev/null || :
}

# Of the writer's last failure, and so of all before it.
last_is_banned() { # FAILURES
	local last=$(($1 - 1))
	run_sekisho why --json "$(printf '2001:db8:%x:%x::1' $((last >> 16)) $((last & 0xffff)))"
	json '.[0].bans | length == 1'
}

@test "50 rotations at full speed and 50 kill -9: every line is accounted for exactly once" {
	local seed=${FOLLOW_SEED:-$RANDOM} rule rules=''
	for rule in source-accounts network-failures account-siege account-spread; do
		rules+="[rule $rule]
action = off
"
	done
	# At the first failure, since what a rule has counted so far ends with the process.
	lab_conf 'mode = monitor' "$rules
[rule source-failures]
failures = 1
ban = 1d"
	echo "seed $seed"
	RANDOM=$seed
	lab_run # what is written from here on is not to be skipped
	lab_run_end KILL || :
	"$BATS_TEST_DIRNAME/follow/write" write "$LOG" "$seed" 50 25 >"$BATS_TEST_TMPDIR/failures" 3>&- &
	local writer=$! kills=0 pid delay
	while kill -0 "$writer" 2>/dev/null || ((kills < 50)); do
		nsenter --net="/run/netns/$LAB_SERVER" "$SEKISHO" -c "$LAB_CONF" run >>"$LAB/log/run" \
			2>&1 3>&- &
		pid=$!
		delay=$((RANDOM % 700 + 1020))
		sleep "0.${delay:1}"
		kill -KILL "$pid"
		wait "$pid" || :
		kills=$((kills + 1))
	done
	wait "$writer"
	lab_run
	failures=$(<"$BATS_TEST_TMPDIR/failures")
	retry 100 0.2 last_is_banned "$failures"
	sleep 1.2
	lab_run_end
	echo "$kills kills, $(grep -c '^sekisho: would ban' "$LAB/log/run") bans made"
	"$BATS_TEST_DIRNAME/follow/write" check "$LAB/state/sekisho.db" "$failures"
}

line() { # SOURCE
	printf '%s mx postfix/smtpd[9]: warning: unknown[%s]: SASL LOGIN authentication failed: %s\n' \
		"$(LC_ALL=C date '+%b %e %H:%M:%S')" "$1" UGFzc3dvcmQ6
}

# A million lines of a busy server; every fiftieth a failure of one of 20,000 sources.
million() {
	LC_ALL=C date '+%b %e %H:%M:%S' | awk '{
		for (n = 0; n < 1000000; n++)
			if (n % 50)
				printf "%s mx postfix/qmgr[7]: %010X: from=<user%d@example.com>, size=%d, nrcpt=1 (queue active)\n", $0, n, n % 997, n
			else
				printf "%s mx postfix/smtpd[%d]: warning: unknown[2001:db8:1:%x::1]: SASL LOGIN authentication failed: UGFzc3dvcmQ6\n", $0, n, n / 50
	}'
}

banned() { # SOURCE
	run_sekisho why --json "$1"
	json '.[0].bans | length == 1'
}

@test "catching up on a million lines: a line written now to another log is not delayed, and progress is shown" {
	: >"$LAB/log/other.log"
	lab_conf 'mode = enforce' "[log other]
file = $LAB/log/other.log

[rule network-failures]
action = off"
	lab_run
	lab_run_end KILL || :
	million >>"$LOG"
	for _ in 1 2 3 4 5; do line 198.51.100.66; done >>"$LOG"
	lab_run # says that it is ready before it has read all
	for _ in 1 2 3 4 5; do line 198.51.100.67; done >>"$LAB/log/other.log"
	for _ in 1 2 3 4 5; do line 198.51.100.68; done >>"$LOG"
	retry 200 0.1 banned 198.51.100.68
	# In the order of what it said: the other log's ban, the end of the backlog, what came after.
	grep -nE 'catching up|caught up|banned 198' "$LAB/log/run"
	awk '/banned 198.51.100.67/ { other = NR }
		/catching up with the logs: .* MiB to go/ { began = NR }
		/banned 198.51.100.66/ { backlog = NR }
		/banned 198.51.100.68/ { now = NR }
		/caught up with the logs: .* MiB in/ { caught = NR }
		END { exit !(began && began < other && other < backlog && backlog < now && caught) }' \
		"$LAB/log/run"
}

@test "while it catches up the terminal shows how far it is, and the service manager is told" {
	lab_conf 'mode = monitor'
	lab_run
	lab_run_end KILL || :
	million >"$BATS_TEST_TMPDIR/million"
	for _ in 1 2 3 4 5 6 7 8; do cat "$BATS_TEST_TMPDIR/million"; done >>"$LOG" # above a second's work
	python3 -c 'import socket, sys
told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
told.bind(sys.argv[1])
while True: print(told.recv(4096).decode(), flush=True)' "$LAB/manager" >"$BATS_TEST_TMPDIR/told" 3>&- &
	local manager=$!
	retry 50 0.1 test -S "$LAB/manager"
	NOTIFY_SOCKET=$LAB/manager script -qfec "echo \$\$ >'$BATS_TEST_TMPDIR/pid'
		exec nsenter --net=/run/netns/$LAB_SERVER '$SEKISHO' -c '$LAB_CONF' run" \
		"$BATS_TEST_TMPDIR/screen" >/dev/null 2>&1 3>&- &
	local terminal=$! caught=1
	retry 600 0.1 grep -q '^STATUS=caught up with the logs' "$BATS_TEST_TMPDIR/told" || caught=0
	kill "$(<"$BATS_TEST_TMPDIR/pid")"
	wait "$terminal" || :
	kill "$manager"
	((caught))
	grep -Eq '^STATUS=catching up with the logs: .* MiB' "$BATS_TEST_TMPDIR/told"
	tr '\r' '\n' <"$BATS_TEST_TMPDIR/screen" | grep -E 'catching up|caught up'
	tr '\r' '\n' <"$BATS_TEST_TMPDIR/screen" |
		grep -Eq 'catching up with the logs: [0-9]+ % of [0-9.]+ MiB, [0-9]+ s to go'
}
