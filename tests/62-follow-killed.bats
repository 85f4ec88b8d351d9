#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The daemon's logs while it is killed, and while it is far behind: every line is accounted for once,
# in a real store. Rotation without a kill: 60-follow.bats.

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
	echo "$kills kills, $(grep -c '^sekisho: banned' "$LAB/log/run") bans made"
	"$BATS_TEST_DIRNAME/follow/write" check "$LAB/state/sekisho.db" "$failures"
}
