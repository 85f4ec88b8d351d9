#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The whole way through: a real password guesser against real Postfix and Dovecot, seen in their
# logs, cut off in the kernel, and let back in when its time is over.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho mail || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	lab_dovecot
	lab_postfix
}

teardown_file() {
	lab_down
}

setup() {
	requires swaks curl jq
	lab_reset
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	lab_run_end || :
	cat "$LAB/log/run" 2>/dev/null || :
}

RULE='[rule source-failures]
failures = 5
window = 10m
ban = 8s'

# Wrong passwords, each a login of its own.
guess() { # SOURCE SERVER TIMES
	local i
	for ((i = 0; i < $3; i++)); do
		lab_login "$1" "$2" bob "guess-$RANDOM" >/dev/null || :
	done
}

failures() { # SOURCE
	grep -cF "[$1]: SASL LOGIN authentication failed" "$LAB/log/mail.log" || :
}

# The last guess: sets struck_us, when Postfix had logged it. In the background, for a guesser that
# is cut off may not live to see the answer.
strike() { # SOURCE SERVER
	local before
	before=$(failures "$1")
	guess "$1" "$2" 1 3>&- &
	local guesser=$!
	retry 500 0.01 eval "(( \$(failures $1) > $before ))"
	struck_us=$(now_us)
	wait "$guesser"
}

# Within a second of struck_us (times PATIENCE) a SYN goes unanswered.
cut_off_in_time() { # SOURCE SERVER PORT
	local sent_us
	while :; do
		sent_us=$(now_us)
		within_us 1000000 "$struck_us" "$sent_us"
		[[ $(lab_try "$1" "$2" "$3" 0.3) == no-answer ]] && break
	done
	echo "no answer to a SYN sent $((sent_us - struck_us)) us after the last failure"
}

# Reset, which only the server's end of it can do: a client whose packets are dropped is dead as well,
# and leaves an smtpd behind.
session_died_in_time() { # NAME
	retry 30 0.1 session_is_dead "$1"
	grep -q ' reset$' "$LAB/$1" || fail "session $1 was not cut: $(<"$LAB/$1")"
	within_us 1000000 "$struck_us" "$(died_us "$1")"
	echo "its session ended $(($(died_us "$1") - struck_us)) us after the last failure: $(<"$LAB/$1")"
}

mail_arrives() { # SOURCE SERVER
	local before
	before=$(lab_delivered alice)
	lab_send "$1" "$2" bob bobs-secret --timeout 30
	retry 50 0.1 eval "(( \$(lab_delivered alice) > $before ))"
}

# Story: five wrong passwords, and everything that follows from them.
guesser_is_cut_off() { # SOURCE SERVER PREFIX OTHER-SOURCE
	lab_conf 'mode = enforce' "$RULE"
	lab_run
	lab_hold attacker "$1" "$2" 587
	lab_hold neighbour "$4" "$2" 587

	guess "$1" "$2" 4
	connect_is open "$1" "$2" 587
	no_ban_exists "$3"

	strike "$1" "$2"
	cut_off_in_time "$1" "$2" 587
	session_died_in_time attacker

	# Every port of the login services is shut, mail from server to server goes on, and for nobody else.
	connect_is open "$1" "$2" 25
	connect_is no-answer "$1" "$2" 143 0.3
	session_is_alive neighbour
	mail_arrives "$4" "$2"

	# What the commands say of it agrees.
	run_sekisho bans --json
	json "any(.[]; .prefix == \"$3\" and .rule == \"source-failures\" and .until > .since)"
	until_s=$(jq -r "select(.prefix == \"$3\") | .until | sub(\"\\\\.[0-9]+\"; \"\") | fromdate" \
		<<<"$output")
	run_sekisho why --json "$1"
	json '(.[0].services.submission | .verdict == "drop" and .reason == "banned")'
	json '.[0].services.smtp.verdict == "pass"'
	json ".[0].bans | any(.prefix == \"$3\")"
	json '.[0].evidence | length >= 5'
	says 'SASL LOGIN authentication failed'
	run_sekisho why --json "$4"
	json '.[0].services.submission.verdict == "pass" and (.[0].bans | length) == 0'
	run_sekisho stats --json
	json '.[0].services.submission.reasons.banned.dropped.attempts >= 1'
	json '.[0].tables.bans.used == 1'

	# Its time over, it may come back, and not before.
	retry 60 0.2 connect_is open "$1" "$2" 587 0.3
	(($(now_us) / 1000000 >= until_s - 1)) || fail "it was let in before its ban ended"
	lab_login "$1" "$2" bob bobs-secret
	no_ban_exists "$3"
}

@test "an IPv4 guesser is shut out within a second, others are not, and it may come back later" {
	guesser_is_cut_off 198.51.100.66 "$MX4" 198.51.100.66/32 198.51.100.67
}

@test "an IPv6 guesser is shut out within a second, others are not, and it may come back later" {
	guesser_is_cut_off 2001:db8:bad:66::1 "$MX6" 2001:db8:bad:66::/64 2001:db8:bad:67::1
}

@test "an IPv6 guesser that changes its address is one source, and its whole /64 is out" {
	lab_conf 'mode = enforce' "$RULE"
	lab_run
	for host in 1 2:3 4:5:6 7:8:9; do
		guess "2001:db8:bad:70::$host" "$MX6" 1
	done
	strike 2001:db8:bad:70:ffff:ffff:ffff:ffff "$MX6"
	cut_off_in_time 2001:db8:bad:70:1:2:3:4 "$MX6" 587
	connect_is open 2001:db8:bad:71::1 "$MX6" 587
	ban_exists 2001:db8:bad:70::/64
}

@test "one who guesses over IMAP is shut out of submission too" {
	lab_conf 'mode = enforce' "$RULE
[log dovecot]
file = $LAB/log/dovecot.log"
	lab_run
	for ((i = 0; i < 5; i++)); do
		lab_imap 198.51.100.80 "$MX4" bob "guess-$i" || :
	done
	retry 20 0.1 connect_is no-answer 198.51.100.80 "$MX4" 587 0.3
	connect_is no-answer 198.51.100.80 "$MX4" 143 0.3
	ban_exists 198.51.100.80/32
}

@test "right passwords ban nobody, however many" {
	lab_conf 'mode = enforce' "$RULE"
	lab_run
	for ((i = 0; i < 8; i++)); do
		lab_login 198.51.100.81 "$MX4" bob bobs-secret >/dev/null
	done
	connect_is open 198.51.100.81 "$MX4" 587
	run_sekisho bans --json
	[[ -z $output ]]
}

@test "in monitor mode a guesser is noted and counted, and passes" {
	lab_conf 'mode = monitor' "$RULE"
	lab_run
	lab_hold watched 198.51.100.82 "$MX4" 587
	guess 198.51.100.82 "$MX4" 5
	retry 20 0.1 ban_exists 198.51.100.82/32
	connect_is open 198.51.100.82 "$MX4" 587
	session_is_alive watched
	run_sekisho stats --json
	json '.[0].services.submission | .reasons.banned.would_drop.attempts >= 1 and .dropped == 0'
	# Nothing says that it was done.
	grep -q '^sekisho: would ban 198.51.100.82/32 from ' "$LAB/log/run"
	run ! grep -q 'banned 198' "$LAB/log/run"
	run_sekisho stats
	says '^monitor mode: nothing is dropped'
	says '^ +attempts +would '
	run_sekisho bans
	says ' WOULD RULE$'
	complains 'monitor mode: nobody is shut out; these would be'
	run_sekisho why 198.51.100.82
	says '^bans, which would shut it out in enforce mode$'
	run_sekisho status
	says '^only monitoring .* 1 would-be ban'
}

@test "the gateway, behind which others may be, is not banned for their failures" {
	lab_conf 'mode = enforce' "$RULE"
	lab_run
	guess "$GATEWAY4" "$MX4" 6
	guess 198.51.100.83 "$MX4" 5 # once this one is banned, the gateway's failures were read too
	retry 20 0.1 ban_exists 198.51.100.83/32
	connect_is open "$GATEWAY4" "$MX4" 587
	no_ban_exists "$GATEWAY4/32"
}

@test "the password a guesser tried is nowhere in what is kept" {
	lab_conf 'mode = enforce' "$RULE"
	lab_run
	for ((i = 0; i < 5; i++)); do
		lab_login 198.51.100.84 "$MX4" bob hunter2hunter2 >/dev/null || :
	done
	retry 20 0.1 ban_exists 198.51.100.84/32
	run_sekisho why --json 198.51.100.84
	run ! grep -aErq "hunter2hunter2|$(printf hunter2hunter2 | base64)" "$LAB/state" "$LAB/log/run"
	run ! grep -q hunter2hunter2 <<<"$output"
}
