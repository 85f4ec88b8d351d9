#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Requests that no mail server sends, floods, and connections that only stay: bounded, refused, counted, and no
# other request waits. Each time the next question has its answer.

load helpers/common
load helpers/policy

setup_file() {
	file_requires root bpf networks sekisho mail || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	policy_servers inet:127.0.0.1:10040
}

teardown_file() {
	lab_down
}

setup() {
	requires curl jq python3
	cd "$BATS_TEST_TMPDIR" || return
	policy_reset
}

teardown() {
	[[ ! -s holder ]] || end_holder
	policy_end
}

# Of `talk idle` and `talk slow`.
end_holder() {
	[[ ! -s holder ]] || kill "$(<holder)" 2>/dev/null || :
	rm -f holder
	wait
}

@test "a body of 1 MiB, in one piece or in chunks, is refused" {
	policy_run enforce
	[[ $(talk hostile large) == 'done' ]]
	[[ $(talk hostile chunks) == 'done' ]]
	still_answers
	counts_are '.daemon.policy.oversized == 2'
}

@test "nested and endless JSON costs no more than its size" {
	policy_run enforce
	[[ $(talk hostile bombs) == 'done' ]]
	still_answers
}

@test "names of any bytes are read, stored and shown as text" {
	policy_run monitor
	[[ $(talk hostile anything 300) == 'done' ]]
	still_answers
	counts_are '.daemon.policy | .reports == 300 and .malformed == 300'
	run_sekisho status --json
	json '.[0]'
	run_sekisho accounts
	# What turns the direction of writing is shown as text in the journal as well.
	local hash
	for hash in 0000000{1..5}; do
		ask report '{"login":"\u202ebob","pwhash":"'"$hash"'","remote":"203.0.113.77","protocol":"imap","success":false}'
	done
	retry 50 0.1 grep -qF '(\xe2\x80\xaebob)' "$LAB/log/run"
}

@test "a wrong key, a part of it, more than it, none: refused, and no event" {
	policy_run enforce
	[[ $(talk hostile keys) == 'done' ]]
	still_answers
	counts_are '.daemon | .policy.unauthorized == 7 and .policy.reports == 0 and .events.failure == 0'
}

opened() { # COUNT
	[[ -s held ]] && (($(<held) >= $1))
}

@test "10,000 idle connections keep no other request waiting, on either listener" {
	policy_run enforce
	local port before
	before=$(awk '/VmRSS/ { print $2 }' "/proc/$(<"$LAB/run.pid")/status")
	for port in 9120 10040; do
		rm -f held
		talk idle "$port" 10000 3>&- &
		retry 300 0.1 opened 10000
		for _ in 1 2 3 4 5; do
			still_answers
		done
		lab_imap "$GATEWAY4" "$MX4" bob bobs-secret
		end_holder
	done
	counts_are '.daemon.policy.dropped > 17000' # all but the last that each may have
	(($(awk '/VmRSS/ { print $2 }' "/proc/$(<"$LAB/run.pid")/status") - before < 60000))
}

@test "800 connections with the key keep no other out" {
	policy_run enforce
	[[ $(talk hostile keyed 800) == 'done' ]]
	still_answers
	counts_are '.daemon.policy.questions == 1001'
}

@test "with the key, too, an unfinished request is ended, and an idle connection is not" {
	policy_run enforce
	[[ $(talk hostile halves) == 'done' ]]
	still_answers
	counts_are '.daemon.policy.dropped == 2'
}

@test "slow requests are ended and keep no other waiting, on either listener" {
	policy_run enforce
	local port
	for port in 9120 10040; do
		rm -f held
		talk slow "$port" 3>&- &
		retry 100 0.1 grep -qx 4 held
		still_answers
		end_holder
	done
	counts_are '.daemon.policy.dropped >= 100'
}

@test "what is no delegation request, or is never read, ends its connection alone" {
	policy_run enforce
	[[ $(talk hostile lines) == 'done' ]]
	still_answers
}

@test "a flood of 20,000 reports from as many sources: bounded memory, and others are answered meanwhile" {
	policy_run enforce
	talk hostile flood 1000
	local before after
	before=$(awk '/VmRSS/ { print $2 }' "/proc/$(<"$LAB/run.pid")/status")
	talk hostile flood 20000 3>&- &
	local flood=$!
	while kill -0 "$flood" 2>/dev/null; do
		still_answers
		sleep 0.2
	done
	wait "$flood"
	after=$(awk '/VmRSS/ { print $2 }' "/proc/$(<"$LAB/run.pid")/status")
	echo "memory: $before kB, then $after kB"
	((after - before < 100000))
	counts_are '.daemon.policy.reports == 21000'
}
