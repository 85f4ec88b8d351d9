#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Where lines come from, while `run` follows it: containers, patterns of files, logs of other time
# zones, more logs than one; and a reload in the middle of it.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho jq || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
}

teardown_file() {
	lab_down
}

RULES='[rule source-failures]
failures = 5
window = 10m
ban = 1h
[rule network-failures]
action = off'

setup() {
	requires
	lab_reset
	lab_conf 'mode = enforce' "$RULES"
	LOG=$LAB/log/mail.log
	rm -rf "$LAB"/log/*
	: >"$LOG"
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	lab_run_end || :
	cat "$LAB/log/run" 2>/dev/null || :
}

line() { # SOURCE [STAMP]
	printf '%s mx postfix/smtpd[%d]: warning: unknown[%s]: SASL LOGIN authentication failed: %s\n' \
		"${2-$(LC_ALL=C date '+%b %e %H:%M:%S')}" "$((RANDOM + 100))" "$1" UGFzc3dvcmQ6
}

fail_times() { # SOURCE TIMES [FILE]
	local i
	for ((i = 0; i < $2; i++)); do
		line "$1"
	done >>"${3-$LOG}"
}

@test "a reload that changes the number of logs in the middle of a backlog harms nothing" {
	export MALLOC_PERTURB_=165 # what is used after it was freed is no pointer then
	local round others=
	lab_run
	unset MALLOC_PERTURB_
	LC_ALL=C awk -v stamp="$(LC_ALL=C date '+%b %e %H:%M:%S')" 'BEGIN { for (i = 0; i < 100000; i++)
		printf "%s mx postfix/smtpd[7]: warning: unknown[10.%d.%d.%d]: SASL LOGIN authentication failed: x\n",
			stamp, i / 65536, i / 256 % 256, i % 256 }' >"$LAB/many"
	for round in 1 2 3 4; do
		kill -STOP "$(<"$LAB/run.pid")"
		cat "$LAB/many" >>"$LOG"
		# The log of the round before is closed while it is read.
		[[ -z $others ]] || cat "$LAB/many" >>"$LAB/log/other$((round - 1)).log"
		others="[log other$round]
file = $LAB/log/other$round.log
"
		((round < 4)) || others=
		lab_conf 'mode = enforce' "$RULES
$others"
		kill -HUP "$(<"$LAB/run.pid")"
		kill -CONT "$(<"$LAB/run.pid")"
		retry 200 0.1 eval "(( \$(grep -c 'sekisho: reloaded' $LAB/log/run) >= $round ))"
	done
	fail_times 198.51.100.66 5
	retry 100 0.1 ban_exists 198.51.100.66/32
	lab_run_end
}

reload_with() { # CONFIGURATION
	local reloads
	reloads=$(grep -c 'sekisho: reloaded' "$LAB/log/run") || :
	lab_conf 'mode = enforce' "$1"
	kill -HUP "$(<"$LAB/run.pid")"
	retry 100 0.1 eval "(( \$(grep -c 'sekisho: reloaded' $LAB/log/run) > $reloads ))"
}

log_has() { # NAME LINES EVENTS
	retry 50 0.1 eval "run_sekisho status --json &&
		json '.[0].daemon.logs[] | select(.name == \"$1\") | .lines == $2 and .events == $3'"
}

@test "a reload keeps the counts of a log that stays, and an attempt's lines that came before it" {
	lab_run
	fail_times 198.51.100.40 3
	log_has mail 3 3
	reload_with "$RULES
[log other]
file = $LAB/log/other.log"
	log_has mail 3 3
	log_has other 0 0
	[[ $(grep -c "following $LOG " "$LAB/log/run") == 1 ]]
	fail_times 198.51.100.40 2
	log_has mail 5 5
	retry 50 0.1 ban_exists 198.51.100.40/32
	reload_with "$RULES"
	log_has mail 5 5
	run_sekisho status --json
	json '.[0].daemon.logs | length == 1'
}

daemon_says() { # WORDS
	retry 100 0.1 grep -Eq -- "$1" "$LAB/log/run"
}

@test "a ban that was lifted by hand does not return from lines of before, of a log put back or at a start" {
	local other="$RULES
[log other]
file = $LAB/log/other.log"
	: >"$LAB/log/other.log"
	lab_conf 'mode = enforce' "$other"
	lab_run
	reload_with "$RULES"
	fail_times 198.51.100.77 5 "$LAB/log/other.log"
	run_sekisho ban 198.51.100.77
	sleep 2 # stamps are of whole seconds
	run_sekisho unban 198.51.100.77
	# The next second's lines are no older than that.
	sleep 1.1
	fail_times 198.51.100.78 5 "$LAB/log/other.log"
	reload_with "$other"
	retry 100 0.1 ban_exists 198.51.100.78/32
	daemon_says 'not banned from smtp: 198.51.100.77/32: its ban was lifted after these lines'
	run ! ban_exists 198.51.100.77/32
	lab_run_end
	fail_times 198.51.100.79 5
	run_sekisho ban 198.51.100.79
	sleep 2
	run_sekisho unban 198.51.100.79
	sleep 1.1
	fail_times 198.51.100.80 5
	lab_run
	retry 100 0.1 ban_exists 198.51.100.80/32
	run ! ban_exists 198.51.100.79/32
	# What he does from now on counts.
	fail_times 198.51.100.79 5
	retry 100 0.1 ban_exists 198.51.100.79/32
}

@test "lines that name neither a time nor a program are read only where the section names a format" {
	local i
	: >"$LAB/log/own.log"
	lab_conf 'mode = enforce' "$RULES
[log own]
file = $LAB/log/own.log
format = postfix"
	lab_run
	for ((i = 0; i < 6; i++)); do
		echo 'warning: unknown[198.51.100.31]: SASL LOGIN authentication failed: x' >>"$LOG"
		echo 'warning: unknown[198.51.100.32]: SASL LOGIN authentication failed: x' >>"$LAB/log/own.log"
	done
	retry 100 0.1 ban_exists 198.51.100.32/32
	run ! ban_exists 198.51.100.31/32
}

ban_ends_within() { # PREFIX SECONDS
	run_sekisho bans --json
	json "any(.[]; .prefix == \"$1\" and ((.until | sub(\"\\\\.[0-9]+\"; \"\") | fromdate) - now) < $2)"
}

@test "a log that is hours behind or ahead bans for as long as its rule says, and is noticed" {
	local hours source=1 i
	lab_run
	for hours in -9 +9; do
		for ((i = 0; i < 5; i++)); do
			line 198.51.100.$source "$(LC_ALL=C date -d "$hours hours" '+%b %e %H:%M:%S')" >>"$LOG"
		done
		retry 50 0.1 ban_exists 198.51.100.$source/32
		ban_ends_within 198.51.100.$source/32 3605
		: $((source++))
	done
	for ((i = 0; i < 5; i++)); do
		line 198.51.100.$source "2030-01-01T00:00:00Z" >>"$LOG"
	done
	retry 50 0.1 ban_exists 198.51.100.$source/32
	ban_ends_within 198.51.100.$source/32 3605
	for ((i = 0; i < 5; i++)); do
		line 203.0.113.9 "$(LC_ALL=C date -d '-9 hours' '+%b %e %H:%M:%S')" >>"$LOG"
		sleep 2
	done
	daemon_says 'are 9:00 h behind'
	retry 50 0.1 eval "run_sekisho status --json && json '.[0].daemon.logs[0] | .offset_s == 32400 and .format == \"syslog\"'"
	run_sekisho any doctor
	says 'h off this machine'
}

container() { # ID NAME
	mkdir -p "$LAB/containers/$1"
	echo "{\"ID\":\"$1\",\"Name\":\"/$2\"}" >"$LAB/containers/$1/config.v2.json"
	: >>"$LAB/containers/$1/$1-json.log"
}

container_fails() { # ID SOURCE TIMES
	local i
	for ((i = 0; i < $3; i++)); do
		printf '{"log":"%s\\n","stream":"stdout","time":"%s"}\n' "$(line "$2" 'Jan  1 00:00:00')" \
			"$(date -u +%FT%T.%NZ)"
	done >>"$LAB/containers/$1/$1-json.log"
}

@test "a pattern whose lines have no time that is understood is reported, and counts as of now" {
	lab_conf 'mode = enforce' "$RULES
[pattern own]
pattern = ^.*login failed from <HOST>\$
kind = failure"
	lab_run
	for i in 1 2 3 4 5; do echo "21.11.2026 at noon: login failed from 192.0.2.5"; done >>"$LOG"
	retry 50 0.1 eval "run_sekisho bans && says '^192.0.2.5/32'"
	grep -q 'log mail: lines that a \[pattern\] matches have no time' "$LAB/log/run"
	retry 50 0.1 eval "run_sekisho status --json && json '.[0].daemon.logs[0].timeless == 5'"
}

@test "containers are followed by name, through their re-creation; others are not" {
	rm -rf "$LAB/containers"
	container 0a1b mailcow-postfix-1
	container 0c0d web-1
	lab_conf 'mode = enforce' "$RULES
[log docker]
docker = mailcow*
containers = $LAB/containers"
	lab_run
	container_fails 0a1b 198.51.100.1 5
	container_fails 0c0d 198.51.100.2 5
	retry 50 0.1 ban_exists 198.51.100.1/32
	rm -rf "$LAB/containers/0a1b"
	container 0e0f mailcow-postfix-1
	container_fails 0e0f 198.51.100.3 5
	retry 50 0.1 ban_exists 198.51.100.3/32
	no_ban_exists 198.51.100.2/32
	retry 50 0.1 eval "run_sekisho status --json && json '[.[0].daemon.logs[] | select(.name == \"docker\")] | length == 1 and .[0].container == \"mailcow-postfix-1\" and (.[0].format | startswith(\"Docker\"))'"
}

@test "of the containers without a json-file only one that logs elsewhere is reported" {
	rm -rf "$LAB/containers"
	container 0a1b mailcow-postfix-1
	container 0c0d mailcow-dovecot-1
	rm "$LAB"/containers/*/*-json.log
	echo '{"LogConfig":{"Type":"json-file","Config":{}}}' >"$LAB/containers/0a1b/hostconfig.json"
	echo '{"LogConfig":{"Type":"journald","Config":{}}}' >"$LAB/containers/0c0d/hostconfig.json"
	lab_conf 'mode = enforce' "$RULES
[log docker]
docker = mailcow*
containers = $LAB/containers"
	lab_run
	retry 50 0.1 grep -q "mailcow-dovecot-1 logs by Docker's driver journald" "$LAB/log/run"
	: >"$LAB/containers/0a1b/0a1b-json.log"
	retry 50 0.1 grep -q 'following .*mailcow-postfix-1' "$LAB/log/run"
	run ! grep -E "mailcow-postfix-1 (has|logs)" "$LAB/log/run"
}

@test "a pattern of files finds what is there and what appears, and no rotated file" {
	: >"$LAB/log/main-1.log"
	lab_conf 'mode = enforce' "$RULES
[log exim]
file = $LAB/log/main-*.log*"
	lab_run
	fail_times 198.51.100.1 5 "$LAB/log/main-1.log"
	fail_times 198.51.100.2 5 "$LAB/log/main-2.log"
	fail_times 198.51.100.3 5 "$LAB/log/main-1.log.1"
	retry 50 0.1 ban_exists 198.51.100.1/32
	retry 50 0.1 ban_exists 198.51.100.2/32
	no_ban_exists 198.51.100.3/32
}

@test "where no more of inotify is to be had, logs are followed all the same" {
	local i sections=
	for ((i = 0; i < 140; i++)); do
		sections+="[log more$i]
file = $LAB/log/more$i.log
"
	done
	lab_conf 'mode = enforce' "$RULES
$sections"
	lab_run
	fail_times 198.51.100.1 5 "$LAB/log/more139.log"
	retry 100 0.1 ban_exists 198.51.100.1/32
}
