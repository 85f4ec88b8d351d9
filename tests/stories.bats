#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The stories that really happened, at full size, in log time: generated from a seed, replayed with
# default settings, and held against what was true (tests/stories). Live: stories-live.bats.

load helpers/common

STORIES=$BATS_TEST_DIRNAME/stories
ASKED=${ASKED:-$BATS_TEST_DIRNAME/../build/tests/stories/asked}
SEED=${STORY_SEED:-1}

setup_file() {
	file_requires sekisho python3 jq "$ASKED" || return 0
	local story
	for story in spread siege week; do
		"$STORIES/generate" "$story" "$SEED" "$BATS_FILE_TMPDIR/$story"
		TZ=UTC "$SEKISHO" replay --json -c "$BATS_FILE_TMPDIR/$story/sekisho.conf" \
			"$BATS_FILE_TMPDIR/$story/mail.log" >"$BATS_FILE_TMPDIR/$story/decisions"
	done
}

setup() {
	requires python3
}

holds() { # CLAIM STORY
	"$STORIES/judge" "$1" "$BATS_FILE_TMPDIR/$2" "$BATS_FILE_TMPDIR/$2/decisions"
}

@test "A: one account, 120 sources: named with sources and countries within a minute" {
	holds detected_in_a_minute spread
}

@test "A: every one of the 120 sources is out within a minute, for longer than the attack" {
	holds all_out_in_a_minute spread
}

@test "A: at most 200 messages pass, of more than 120,000" {
	holds few_messages_passed spread
}

@test "A: nobody healthy is banned or named, and common guessers are out" {
	holds nobody_healthy spread
	holds guessers_out spread
}

# The questions that a mail server with [policy] would have asked, held against a jq filter.
asked() { # FILTER FOLDER [--learned]
	local truth=$2/truth.json sums
	sums=$(TZ=UTC "$ASKED" "${@:3}" "$(jq -r '.victim // ""' "$truth")" "$2/sekisho.conf" \
		"$2/mail.log" - < <(jq -r '(.attackers // [])[]' "$truth"))
	echo "$sums"
	jq -e "$1" <<<"$sums" >/dev/null
}

@test "A with policy: at most 50 recipients leave, strangers are refused, none of the owner's mails is held" {
	asked '.hostile.left <= 50 and .hostile.refused > 200 and .hostile.messages == .hostile.left and
		.owner.messages > 20 and .owner.left == .owner.recipients and .owner.refused == 0 and
		.honest.refused == 0' "$BATS_FILE_TMPDIR/spread" --learned
}

@test "A with policy on the first day: no more leave than account-spread lets through" {
	local passed
	passed=$(jq -s '.[-1].summary.messages_passed' "$BATS_FILE_TMPDIR/spread/decisions")
	asked ".hostile.left <= $passed and .honest.held == 0 and .honest.deferred == 0 and
		.owner.left == .owner.recipients" "$BATS_FILE_TMPDIR/spread"
}

@test "A with policy, the rules switched off: the budget alone lets 50 recipients leave, 200 are held" {
	local folder=$BATS_TEST_TMPDIR/off
	cp -r "$BATS_FILE_TMPDIR/spread" "$folder"
	printf '[rule account-%s]\naction = off\n' spread flood siege >>"$folder/sekisho.conf"
	asked '.hostile.left <= 50 and .hostile.left >= 20 and .hostile.held == 200 and
		.hostile.deferred > 100000' "$folder" --learned
}

@test "a healthy week of 1,000 accounts with policy: nothing is refused or held" {
	asked '.honest.messages > 10000 and .honest.refused == 0 and .honest.held == 0 and
		.honest.deferred == 0 and .alerts == 0' "$BATS_FILE_TMPDIR/week"
}

@test "B: 880 sources, one login each: detected before the twelfth" {
	holds detected_before_the_twelfth siege
}

@test "B: an alert at the third country's source, whoever comes from no more than that" {
	holds alerted_at_the_third_country siege
}

@test "B: from the tenth provider on every source is out at its first login, those before then" {
	holds out_from_the_tenth_provider_on siege
}

@test "B: after the password change every source is out at its first failure" {
	holds failures_out_at_first siege
}

@test "B: nobody healthy is banned or named, not even the owner's phone with the old password" {
	holds nobody_healthy siege
}

@test "a healthy week of 1,000 accounts: no ban, no alert" {
	holds nothing_at_all week
}

@test "other seeds tell the same stories" {
	local folder=$BATS_TEST_TMPDIR story seed
	for seed in 2 3; do
		for story in siege week; do
			"$STORIES/generate" "$story" "$seed" "$folder/$story"
			TZ=UTC "$SEKISHO" replay --json -c "$folder/$story/sekisho.conf" \
				"$folder/$story/mail.log" >"$folder/$story/decisions"
		done
		"$STORIES/judge" detected_before_the_twelfth "$folder/siege" "$folder/siege/decisions"
		"$STORIES/judge" failures_out_at_first "$folder/siege" "$folder/siege/decisions"
		"$STORIES/judge" nobody_healthy "$folder/siege" "$folder/siege/decisions"
		"$STORIES/judge" nothing_at_all "$folder/week" "$folder/week/decisions"
	done
}

@test "everyday stories: nobody honest is banned, and thieves and guessers are noticed" {
	run -0 "$STORIES/everyday" "$SEKISHO"
	[[ $(grep -c '^ok' <<<"$output") -ge 19 ]]
	run -0 "$STORIES/neighbours" "$SEKISHO"
	[[ $(grep -c '^ok' <<<"$output") -ge 19 ]]
	run -0 "$STORIES/passersby" "$SEKISHO"
	[[ $(grep -c '^ok' <<<"$output") -ge 33 ]]
	run -0 "$STORIES/visitors" "$SEKISHO"
	[[ $(grep -c '^ok' <<<"$output") -ge 41 ]]
	run -0 "$STORIES/residents" "$SEKISHO"
	[[ $(grep -c '^ok' <<<"$output") -ge 19 ]]
	run -0 "$STORIES/colleagues" "$SEKISHO"
	[[ $(grep -c '^ok' <<<"$output") -ge 30 ]]
	run -0 "$STORIES/households" "$SEKISHO"
	[[ $(grep -c '^ok' <<<"$output") -ge 21 ]]
}

@test "a month under the everyday botnet: nobody honest out, at most an alert, 95 % of its sources banned" {
	local folder=$BATS_TEST_TMPDIR/month
	"$STORIES/year" 30 "$SEED" "$folder"
	TZ=UTC "$SEKISHO" replay --json -c "$folder/sekisho.conf" "$folder/mail.log" >"$folder/decisions"
	"$STORIES/judge" good_year "$folder" "$folder/decisions"
	sed 's,^providers.*,providers = /dev/null,' "$folder/sekisho.conf" >"$folder/guesses.conf"
	TZ=UTC "$SEKISHO" replay --json -c "$folder/guesses.conf" "$folder/mail.log" >"$folder/guessed"
	"$STORIES/judge" good_year "$folder" "$folder/guessed"
	# With policy not one message in 10,000 is held.
	asked '.honest.messages > 50000 and .honest.refused == 0 and
		(.honest.held + .honest.deferred) * 10000 <= .honest.messages' "$folder"
}

@test "without country data A is found by its networks alone" {
	local folder=$BATS_FILE_TMPDIR/spread
	: >"$BATS_TEST_TMPDIR/none"
	printf '[country]\nfiles = %s\n' "$BATS_TEST_TMPDIR/none" >"$BATS_TEST_TMPDIR/conf"
	TZ=UTC "$SEKISHO" replay --json -c "$BATS_TEST_TMPDIR/conf" "$folder/mail.log" \
		>"$BATS_TEST_TMPDIR/decisions"
	"$STORIES/judge" all_out_in_a_minute "$folder" "$BATS_TEST_TMPDIR/decisions"
	"$STORIES/judge" few_messages_passed "$folder" "$BATS_TEST_TMPDIR/decisions"
}

@test "a log cut in two, one half packed, tells the same as the whole" {
	local folder=$BATS_FILE_TMPDIR/siege half=$BATS_TEST_TMPDIR
	split -n l/2 "$folder/mail.log" "$half/part-"
	touch -r "$folder/mail.log" "$half"/part-*
	gzip "$half/part-aa"
	TZ=UTC "$SEKISHO" replay --json -c "$folder/sekisho.conf" "$half/part-ab" \
		"$half/part-aa.gz" >"$half/decisions"
	diff <(jq -c 'del(.evidence)' "$folder/decisions") <(jq -c 'del(.evidence)' "$half/decisions")
	jq -es 'any(.[]; .evidence[0].file)' "$half/decisions" >/dev/null
}

@test "replay says it in words too, and wants no privilege" {
	local folder=$BATS_TEST_TMPDIR
	"$STORIES/generate" siege "$SEED" "$folder/siege"
	chmod -R a+rX "$folder" "$BATS_RUN_TMPDIR"
	run -0 setpriv --reuid=65534 --regid=65534 --clear-groups env TZ=UTC \
		"$(lab_open "$SEKISHO")" replay -c "$folder/siege/sekisho.conf" "$folder/siege/mail.log"
	grep -q 'alert  user000@example.org  account-spread: logins from' <<<"$output"
	grep -Eq '^1,2[0-9]{2} bans, 2 alerts$' <<<"$output"
}

@test "replay names the rules that banned who logged in later" {
	local log=$BATS_TEST_TMPDIR/log i
	for i in 1 2 3 4 5; do
		echo "2026-11-02T10:00:0$i+00:00 mx dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<bob>, method=PLAIN, rip=100.64.0.$((i % 2 + 1)), lip=192.0.2.1, TLS, session=<s$i>"
	done >"$log"
	sed 's/100\.64\.0\.[12]/100.64.0.3/; s/10:00/10:01/' "$log" >"$log.2"
	echo "2026-11-02T13:00:00+00:00 mx dovecot: imap-login: Login: user=<bob>, method=PLAIN, rip=100.64.0.3, lip=192.0.2.1, mpid=7, TLS, session=<t>" >>"$log.2"
	run -0 --separate-stderr "$SEKISHO" -c /dev/null replay --json "$log" "$log.2"
	jq -es 'last.summary.later | length == 1 and .[0].rule == "source-failures" and .[0].prefixes == 1 and
		(.[0].examples[0] | .prefix == "100.64.0.3/32" and .account == "bob" and
		.banned == "2026-11-02T10:01:05Z" and .login == "2026-11-02T13:00:00Z")' <<<"$output"
	run -0 --separate-stderr "$SEKISHO" -c /dev/null replay "$log.2"
	grep -q '^  source-failures  1: 100.64.0.3/32 (bob)$' <<<"$output"
	# Who never logged in is not named.
	run -0 --separate-stderr "$SEKISHO" -c /dev/null replay "$log"
	run ! grep -q 'logged in later' <<<"$output"
}

@test "parse reads a packed log as it would the log, and says where a damaged one ends" {
	local log=$BATS_FILE_TMPDIR/siege/mail.log packed=$BATS_TEST_TMPDIR/mail.log
	"$SEKISHO" parse --json "$log" >"$BATS_TEST_TMPDIR/events" 2>/dev/null
	[[ -s $BATS_TEST_TMPDIR/events ]]
	gzip -c "$log" >"$packed.gz"
	xz -c "$log" >"$packed.xz"
	for kind in gz xz; do
		cmp <("$SEKISHO" parse --json "$packed.$kind" 2>/dev/null) "$BATS_TEST_TMPDIR/events"
	done
	head -c 20000 "$packed.gz" >"$packed.cut.gz"
	run ! "$SEKISHO" parse "$packed.cut.gz"
	[[ $output == *"$packed.cut.gz can be read up to line "*"only: damaged"* ]]
	# A pipe is read as it comes, and refused where that is no text.
	for kind in gz xz; do
		run ! "$SEKISHO" parse - < <(cat "$packed.$kind")
		[[ $output == *'- is packed, and a pipe is not unpacked: name the file'* ]]
	done
}

@test "replay fails on a log that is not there, or damaged, and says which and where" {
	run ! "$SEKISHO" replay -c /dev/null "$BATS_TEST_TMPDIR/none"
	[[ $output == *"cannot read $BATS_TEST_TMPDIR/none: No such file"* ]]
	gzip -c "$BATS_FILE_TMPDIR/siege/mail.log" | head -c 20000 >"$BATS_TEST_TMPDIR/cut.gz"
	run ! "$SEKISHO" replay -c "$BATS_FILE_TMPDIR/siege/sekisho.conf" "$BATS_TEST_TMPDIR/cut.gz"
	[[ $output == *"can be read up to line "*"only"* ]]
	run -2 "$SEKISHO" replay
}
