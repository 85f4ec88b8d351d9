#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The log while `run` follows it: rotated, truncated, absent, torn into halves; no failure is lost
# and none is counted twice. The lines are written here as Postfix writes them.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho jq || return 0
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
ban = 1h'
	LOG=$LAB/log/mail.log
	rm -f "$LAB"/log/mail.log*
	: >"$LOG"
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	lab_run_end || :
	cat "$LAB/log/run" 2>/dev/null || :
}

line() { # SOURCE
	printf '%s mx postfix/smtpd[%d]: warning: unknown[%s]: SASL LOGIN authentication failed: %s\n' \
		"$(LC_ALL=C date '+%b %e %H:%M:%S')" "$((RANDOM + 100))" "$1" UGFzc3dvcmQ6
}

fail_times() { # SOURCE TIMES
	local i
	for ((i = 0; i < $2; i++)); do
		line "$1" >>"$LOG"
	done
}

stored() { # SQL
	python3 -c 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])' \
		"$LAB/state/sekisho.db" "$1"
}

# Once a marker written later is banned, everything before it was read.
all_was_read() {
	local marker=203.0.113.$((RANDOM % 200 + 1))
	fail_times "$marker" 5
	retry 50 0.1 ban_exists "$marker/32"
}

@test "failures before and after a rotation by rename add up" {
	lab_run
	fail_times 198.51.100.66 3
	mv "$LOG" "$LOG.1"
	: >"$LOG"
	fail_times 198.51.100.66 1
	all_was_read
	no_ban_exists 198.51.100.66/32
	fail_times 198.51.100.66 1
	retry 30 0.1 ban_exists 198.51.100.66/32
}

@test "a line written to the old file after the rename is not lost" {
	lab_run
	fail_times 198.51.100.66 3
	mv "$LOG" "$LOG.1"
	line 198.51.100.66 >>"$LOG.1" # the mail server has not reopened yet
	: >"$LOG"
	fail_times 198.51.100.66 1
	retry 30 0.1 ban_exists 198.51.100.66/32
}

@test "failures before and after a rotation by copytruncate add up" {
	lab_run
	fail_times 198.51.100.66 3
	all_was_read
	cp "$LOG" "$LOG.1"
	: >"$LOG"
	fail_times 198.51.100.66 1
	all_was_read
	no_ban_exists 198.51.100.66/32
	fail_times 198.51.100.66 1
	retry 30 0.1 ban_exists 198.51.100.66/32
}

# Four failures in four files, then a fifth: none lost, none counted twice.
adds_up_over_rotations() { # COMMAND that rotates, given the number of the rotation
	local i
	lab_run
	for ((i = 1; i <= 4; i++)); do
		fail_times 198.51.100.66 1
		all_was_read
		"$1" "$i"
		: >"$LOG"
	done
	all_was_read
	no_ban_exists 198.51.100.66/32
	fail_times 198.51.100.66 1
	retry 30 0.1 ban_exists 198.51.100.66/32
}

rotate_by_number() {
	local i
	for ((i = $1 - 1; i >= 1; i--)); do
		mv "$LOG.$i" "$LOG.$((i + 1))"
	done
	mv "$LOG" "$LOG.1"
}

rotate_by_date() { mv "$LOG" "$LOG-2026112$1"; }

@test "several rotations by number lose nothing and count nothing twice" {
	adds_up_over_rotations rotate_by_number
}

@test "several rotations by date lose nothing and count nothing twice" {
	adds_up_over_rotations rotate_by_date
}

@test "what was written while the daemon was away is read at its start" {
	lab_run
	fail_times 198.51.100.65 1
	all_was_read
	lab_run_end
	fail_times 198.51.100.66 5
	lab_run
	retry 30 0.1 ban_exists 198.51.100.66/32
	no_ban_exists 198.51.100.65/32
}

@test "what was written while the daemon was away is read though the log was rotated meanwhile" {
	lab_run
	all_was_read
	lab_run_end
	fail_times 198.51.100.66 5
	mv "$LOG" "$LOG.1"
	: >"$LOG"
	fail_times 198.51.100.67 5
	lab_run
	retry 30 0.1 ban_exists 198.51.100.66/32
	retry 30 0.1 ban_exists 198.51.100.67/32
}

@test "a line is counted once it is whole, and once" {
	lab_run
	fail_times 198.51.100.66 4
	text=$(line 198.51.100.66)
	printf '%s' "${text:0:60}" >>"$LOG"
	sleep 0.3 # the daemon is to see the half
	no_ban_exists 198.51.100.66/32
	printf '%s\n' "${text:60}" >>"$LOG"
	retry 30 0.1 ban_exists 198.51.100.66/32
}

@test "a log that does not exist yet is followed from its first line" {
	rm "$LOG"
	lab_run
	fail_times 198.51.100.66 5
	retry 30 0.1 ban_exists 198.51.100.66/32
}

@test "a restart does not count again what was counted" {
	lab_run
	fail_times 198.51.100.66 4
	all_was_read
	lab_run_end
	lab_run
	lab_run_end
	lab_run
	all_was_read
	no_ban_exists 198.51.100.66/32
}

@test "who delivered mail before a restart still does, and the begin stays, when the log is gone" {
	local begun
	lab_run
	printf '%s mx postfix/smtpd[7]: 4ABCDEF123: client=mail.example.org[198.51.100.20]\n' \
		"$(LC_ALL=C date '+%b %e %H:%M:%S')" >>"$LOG"
	all_was_read
	lab_run_end
	begun=$(stored 'SELECT wall FROM begun')
	[ "$begun" -gt 0 ]
	[ "$(stored 'SELECT count(*) FROM senders')" = 1 ]
	rm "$LOG"
	: >"$LOG"
	lab_run
	fail_times 198.51.100.66 5
	fail_times 203.0.113.250 5
	retry 50 0.1 ban_exists 203.0.113.250/32
	retry 30 0.1 ban_exists 198.51.100.66/32
	run_sekisho bans --json
	json 'map(select(.prefix == "198.51.100.66/32")) | .[0].services | index("smtp") == null'
	json 'map(select(.prefix == "203.0.113.250/32")) | .[0].services == ["smtp"]'
	[ "$(stored 'SELECT wall FROM begun')" = "$begun" ]
}

@test "a kill -9 forgets no failure: four before it and one after it are five" {
	lab_run
	fail_times 198.51.100.66 4
	fail_times 198.51.100.67 3
	all_was_read
	sleep 1.2 # how far it was read is written down
	lab_run_end KILL || :
	lab_run
	all_was_read
	no_ban_exists 198.51.100.66/32
	kill -HUP "$(<"$LAB/run.pid")" # counts nothing again either
	fail_times 198.51.100.66 1
	fail_times 198.51.100.67 1
	retry 30 0.1 ban_exists 198.51.100.66/32
	all_was_read
	no_ban_exists 198.51.100.67/32
	run_sekisho why --json 198.51.100.66
	json '.[0].evidence | length == 5'
}

# Where two databases are asked, what the first one says waits for the second one, or for a login.
@test "the evidence of a ban is the lines that led to it, also where lines waited for others" {
	local i now
	lab_run
	for ((i = 1; i <= 5; i++)); do
		now=$(LC_ALL=C date '+%b %e %H:%M:%S')
		printf '%s mx dovecot: auth: passwd-file(bob%d@x.example,198.51.100.66,<s%d>): unknown user\n' "$now" $i $i
		printf '%s mx dovecot: auth: pam(bob%d@x.example,198.51.100.66,<s%d>): Password mismatch\n' "$now" $i $i
		printf '%s mx dovecot: imap-login: Login: user=<eve>, method=PLAIN, rip=203.0.113.9, lip=192.0.2.1, mpid=1, session=<e%d>\n' \
			"$now" $i
	done >>"$LOG"
	retry 100 0.1 ban_exists 198.51.100.66/32
	run_sekisho why --json 198.51.100.66
	json '[.[0].evidence[].line | capture("\\((?<who>bob[1-5])@x\\.example,198\\.51\\.100\\.66,").who] | sort == ["bob1", "bob2", "bob3", "bob4", "bob5"]'
	run_sekisho account bob1@x.example
	says '^IN EVIDENCE '
	says '^198\.51\.100\.66/32 .* 1$'
	run_sekisho replay --json "$LOG"
	json 'map(select(.prefix == "198.51.100.66/32")) | .[0].evidence | map(.line) == [1, 4, 7, 10, 13]'

	# The log has shown two databases: without a session, too, a line waits for what the front end says.
	for ((i = 1; i <= 5; i++)); do
		now=$(LC_ALL=C date '+%b %e %H:%M:%S')
		printf '%s mx dovecot: auth: passwd-file(bob%d@x.example,198.51.100.67): Password mismatch\n' "$now" $i
		printf '%s mx postfix/smtpd[%d]: warning: unknown[198.51.100.67]: SASL PLAIN authentication failed: x, sasl_username=bob%d@x.example\n' \
			"$now" $i $i
	done >>"$LOG"
	retry 100 0.1 ban_exists 198.51.100.67/32
	run_sekisho why --json 198.51.100.67
	json '[.[0].evidence[].line | capture("(?<who>bob[1-5])@x\\.example,198\\.51\\.100\\.67").who] | sort == ["bob1", "bob2", "bob3", "bob4", "bob5"]'
}

@test "lines that are too long, binary or forged do no harm and frame nobody" {
	lab_run
	for ((i = 0; i < 6; i++)); do
		{
			head -c 20000 /dev/zero | tr '\0' 'x'
			printf ' unknown[198.51.100.66]: SASL LOGIN authentication failed\n'
			head -c 300 /dev/urandom
			printf '\n'
			printf '%s mx postfix/smtpd[9]: NOQUEUE: reject: RCPT from unknown[203.0.113.250]: 550 5.1.1 <warning: unknown[198.51.100.66]: SASL LOGIN authentication failed: x@example.net>: Recipient address rejected\n' \
				"$(LC_ALL=C date '+%b %e %H:%M:%S')"
		} >>"$LOG"
	done
	all_was_read
	no_ban_exists 198.51.100.66/32
	run_sekisho status --json
	json '.[0].daemon.running'
}

@test "log line to drop: the ban is in the kernel within a second, under a load of other lines" {
	lab_run
	for ((i = 0; i < 20000; i++)); do
		printf 'Nov 21 10:00:00 mx postfix/smtpd[1]: connect from unknown[203.0.113.%d]\n' $((i % 250))
	done >>"$LOG"
	fail_times 198.51.100.66 5
	began=$(now_us)
	retry 100 0.01 ban_exists 198.51.100.66/32
	within_us 1000000 "$began"
}
