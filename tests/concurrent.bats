#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Many at once: imports, bans, reloads, loads and unloads from many processes; none is lost, none
# waits for ever, and a ban does not wait for an import. Two daemons: the second says so.

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
	lab_conf 'mode = enforce' '[rule source-failures]
failures = 5
window = 10m
ban = 1h
[rule network-failures]
action = off'
	: >"$LAB/log/mail.log"
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	[[ ! -s ${HOLDER-} ]] || kill -CONT "$(<"$HOLDER")" 2>/dev/null || :
	touch "$BATS_TEST_TMPDIR/enough"
	lab_run_end || :
	cat "$LAB/log/run" 2>/dev/null || :
}

wait_for_jobs() {
	local jobs
	mapfile -t jobs < <(jobs -p)
	wait "${jobs[@]}"
}

fail_times() { # SOURCE TIMES
	local i
	for ((i = 0; i < $2; i++)); do
		printf '%s mx postfix/smtpd[%d]: warning: unknown[%s]: SASL LOGIN authentication failed: %s\n' \
			"$(LC_ALL=C date '+%b %e %H:%M:%S')" "$((RANDOM + 100))" "$1" UGFzc3dvcmQ6
	done >>"$LAB/log/mail.log"
}

@test "a second daemon on the same folders, or on the same pins, says so and exits with 1" {
	lab_run
	run_sekisho 1 run
	complains "another .sekisho run. \(pid $(<"$LAB/run.pid")\) is at work here"
	sed "s#^runtime = .*#runtime = $LAB/other#; s#^state = .*#state = $LAB/other-state#" "$LAB_CONF" >other.conf
	LAB_CONF=$PWD/other.conf run_sekisho 1 run
	complains "another .sekisho run. is at work on the pins $LAB_PINS"
	run_sekisho 1 unload
	complains "pid $(<"$LAB/run.pid").*is using this gate"
	run_sekisho status --json
	json '.[0].daemon.running'
}

@test "imports, bans, reloads and unbans from thirty processes at once: all are done, none is lost" {
	local i j
	lab_run
	: >failures
	for ((i = 1; i <= 10; i++)); do
		{
			for ((j = 1; j <= 3; j++)); do
				lab_sekisho ban "198.51.100.$((i * 10 + j))" >/dev/null || echo "ban $i $j"
			done
			lab_sekisho unban "198.51.100.$((i * 10 + 1))" >/dev/null || echo "unban $i"
		} >>failures 2>&1 3>&- &
		{
			printf '203.0.113.%d\n' "$i" >"list$i"
			for ((j = 1; j <= 2; j++)); do
				lab_sekisho import --deny "list$i" "list$i" >/dev/null || echo "import $i $j"
			done
		} >>failures 2>&1 3>&- &
		{
			kill -HUP "$(<"$LAB/run.pid")"
			fail_times "203.0.113.$((100 + i))" 5
			((i % 5)) || lab_sekisho load >/dev/null || echo "load $i"
		} >>failures 2>&1 3>&- &
	done
	wait_for_jobs
	[[ ! -s failures ]] || fail "$(<failures)"
	for ((i = 1; i <= 10; i++)); do
		retry 50 0.1 ban_exists "203.0.113.$((100 + i))/32"
	done
	run_sekisho bans --json
	json "[.[].prefix | select(startswith(\"198.51.100.\"))] | length == 20"
	run_sekisho lists --json
	json '[.[] | select(.prefixes == 1 and (.name | startswith("list")))] | length == 10'
	for ((i = 1; i <= 10; i++)); do
		run_sekisho why --json "203.0.113.$i"
		json '.[0].services.smtp.reason == "listed"'
	done
	# Store and kernel say the same.
	lab_run_end
	run_sekisho bans --json
	before=$(jq -r .prefix <<<"$output" | sort)
	run_sekisho unload
	run_sekisho load
	run_sekisho bans --json
	[[ $(jq -r .prefix <<<"$output" | sort) == "$before" ]]
}

@test "loads, unloads, bans and imports at once end with a gate that is whole or none" {
	local i
	printf '203.0.113.0/24\n' >list
	for ((i = 0; i < 6; i++)); do
		lab_sekisho load >/dev/null 2>&1 3>&- &
		lab_sekisho ban "198.51.100.$i" >/dev/null 2>&1 3>&- &
		lab_sekisho import --deny bad list >/dev/null 2>&1 3>&- &
		lab_sekisho unload >/dev/null 2>&1 3>&- &
	done
	wait_for_jobs || : # which of them find a gate is chance
	run_sekisho load
	run_sekisho ban 198.51.100.200
	run_sekisho import --deny bad list
	run_sekisho why --json 203.0.113.9
	json '.[0].services.smtp.reason == "listed"'
	ban_exists 198.51.100.200/32
	run_sekisho unload
	[[ ! -e $LAB_PINS ]]
}

# A process that has taken the lock FILE and is suspended with it, as by Ctrl-Z.
hold() { # FILE
	HOLDER=$PWD/holder
	python3 - "$1" "$HOLDER" 3>&- <<-'END' &
		import fcntl, os, signal, sys, time
		f = open(sys.argv[1], "a+")
		fcntl.flock(f, fcntl.LOCK_EX)
		f.truncate(0)
		f.write("%d\n" % os.getpid())
		f.flush()
		with open(sys.argv[2] + ".new", "w") as h:
		    h.write("%d\n" % os.getpid())
		os.rename(sys.argv[2] + ".new", sys.argv[2])
		os.kill(os.getpid(), signal.SIGSTOP)
	END
	lab_wait 5 test -s "$HOLDER"
	lab_wait 5 grep -q '^State:.*stopped' "/proc/$(<"$HOLDER")/status"
}

@test "while an import hangs, bans by hand and by rule, and a reload's rest, go on" {
	printf '203.0.113.0/24\n' >list
	run_sekisho load
	run_sekisho import --deny bad list
	lab_run
	hold "$LAB/state/tables"
	began=$(now_us)
	run_sekisho ban 198.51.100.5
	fail_times 198.51.100.66 5
	retry 100 0.02 ban_exists 198.51.100.66/32
	kill -HUP "$(<"$LAB/run.pid")" # its thread waits; the loop does not
	fail_times 198.51.100.67 5
	retry 100 0.02 ban_exists 198.51.100.67/32
	within_us 5000000 "$began"
	kill -CONT "$(<"$HOLDER")"
	retry 50 0.1 grep -q 'sekisho: reloaded' "$LAB/log/run"
}

@test "while the bans' lock is held, the daemon goes on, says so, and bans as soon as it can" {
	lab_run
	run_sekisho ban 198.51.100.5
	hold "$LAB/state/lock"
	fail_times 198.51.100.66 5
	retry 50 0.1 grep -q 'not banned yet: 198.51.100.66/32: another sekisho (process [0-9]*: .*python3' "$LAB/log/run"
	fail_times 198.51.100.67 5
	sleep 1
	no_ban_exists 198.51.100.66/32
	kill -0 "$(<"$LAB/run.pid")"
	began=$(now_us)
	kill -CONT "$(<"$HOLDER")"
	retry 100 0.02 ban_exists 198.51.100.66/32
	retry 100 0.02 ban_exists 198.51.100.67/32
	within_us 2000000 "$began"
	run_sekisho why --json 198.51.100.66
	json '.[0].evidence | length == 5'
}

@test "while the store's own lock is held, bans are in the kernel at once and in the store later" {
	lab_run
	python3 - "$LAB/state/sekisho.db" >started 3>&- <<-'END' &
		import os, sqlite3, sys, time
		db = sqlite3.connect(sys.argv[1], isolation_level=None)
		db.execute("BEGIN IMMEDIATE")
		print("held", flush=True)
		while not os.path.exists("enough"):
		    time.sleep(0.05)
	END
	lab_wait 5 test -s started
	for i in {1..9}; do
		fail_times "198.51.100.6$i" 5
	done
	for i in {1..9}; do
		retry 100 0.02 ban_exists "198.51.100.6$i/32"
	done
	touch enough
	retry 100 0.1 grep -q 'the store takes bans again: [0-9]* that waited are written' "$LAB/log/run"
	lab_run_end
	run_sekisho unload
	for i in {1..9}; do
		ban_exists "198.51.100.6$i/32"
		run_sekisho why --json "198.51.100.6$i"
		json '.[0].evidence | length == 5'
	done
}
