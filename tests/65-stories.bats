#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The stories that really happened, at full size, in log time: generated from a seed, replayed with
# default settings, and held against what was true (tests/stories). Live: 67-stories-live.bats.

load helpers/common

STORIES=$BATS_TEST_DIRNAME/stories
SEED=${STORY_SEED:-1}

setup_file() {
	file_requires sekisho python3 jq || return 0
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

@test "B: 880 sources, one login each: detected before the twelfth" {
	holds detected_before_the_twelfth siege
}

@test "B: from then every source is out at its first login, those before at the detection" {
	holds logins_out_at_once siege
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
		"$SEKISHO" replay -c "$folder/siege/sekisho.conf" "$folder/siege/mail.log"
	grep -q 'alert  user000@example.org  account-spread: logins from' <<<"$output"
	grep -Eq '^1,2[0-9]{2} bans, 2 alerts$' <<<"$output"
}

@test "replay fails on a log that is not there, or damaged, and says which and where" {
	run ! "$SEKISHO" replay -c /dev/null "$BATS_TEST_TMPDIR/none"
	[[ $output == *"cannot read $BATS_TEST_TMPDIR/none: No such file"* ]]
	gzip -c "$BATS_FILE_TMPDIR/siege/mail.log" | head -c 20000 >"$BATS_TEST_TMPDIR/cut.gz"
	run ! "$SEKISHO" replay -c "$BATS_FILE_TMPDIR/siege/sekisho.conf" "$BATS_TEST_TMPDIR/cut.gz"
	[[ $output == *"can be read up to line "*"only"* ]]
	run -2 "$SEKISHO" replay
}
