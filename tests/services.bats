#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Bans and lists for some services: what they close, what stays open, and what commands say of it.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho jq || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	lab_listen "$MX4" 25 143 587
	lab_listen "$MX6" 25 143 587
}

teardown_file() {
	lab_down
}

setup() {
	requires
	lab_reset
}

teardown() {
	cat "$LAB/log/run" 2>/dev/null || :
}

LISTS='[list guessers]
action = deny
services = login
[list mailers]
action = deny
services = smtp
[list partner]
action = allow
services = smtp'

# Every failed login closes the login services, and the mail of the same address keeps coming.
@test "a ban from the login services leaves port 25 and its open session alone" {
	lab_conf 'mode = enforce' "$LISTS"
	run_sekisho load
	lab_hold keeps 198.51.100.66 "$MX4" 25
	lab_hold goes 198.51.100.66 "$MX4" 587
	run_sekisho ban --service imap 198.51.100.66
	[[ $output == *"from login"*"1 open connection closed"* ]]
	retry 30 0.1 session_is_dead goes
	session_is_alive keeps
	connect_is open 198.51.100.66 "$MX4" 25
	connect_is no-answer 198.51.100.66 "$MX4" 587 0.3
	connect_is no-answer 198.51.100.66 "$MX4" 143 0.3
	run_sekisho bans --json
	json '.[0].services == ["submission", "imap", "pop3", "sieve"]'
	run_sekisho why --json 198.51.100.66
	json '.[0].services.smtp.verdict == "pass" and .[0].services.imap.reason == "banned"'
}

@test "a ban from port 25 leaves logins and their session alone, and each is lifted by itself" {
	lab_conf 'mode = enforce' "$LISTS"
	run_sekisho load
	lab_hold mail2 198.51.100.67 "$MX4" 25
	lab_hold login2 198.51.100.67 "$MX4" 587
	run_sekisho ban --service smtp 198.51.100.67
	retry 30 0.1 session_is_dead mail2
	session_is_alive login2
	connect_is no-answer 198.51.100.67 "$MX4" 25 0.3
	connect_is open 198.51.100.67 "$MX4" 143
	run_sekisho ban --service login --for 2h 198.51.100.67
	run_sekisho bans --json
	json 'length == 2 and .[0].services == ["smtp"] and (.[1].services | length) == 4'
	run_sekisho unban --service smtp 198.51.100.67
	connect_is open 198.51.100.67 "$MX4" 25
	connect_is no-answer 198.51.100.67 "$MX4" 143 0.3
	run_sekisho 1 unban --service smtp 198.51.100.67
	run_sekisho unban 198.51.100.67
	connect_is open 198.51.100.67 "$MX4" 143
}

@test "lists judge each for their services, and a reload may give them others" {
	lab_conf 'mode = enforce' "$LISTS"
	run_sekisho load
	run_sekisho import guessers - <<<198.51.100.66
	run_sekisho import mailers - <<<$'198.51.100.66\n198.51.100.67\n198.51.100.68'
	run_sekisho import partner - <<<198.51.100.67
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	connect_is no-answer 198.51.100.66 "$MX4" 143 0.3
	connect_is open 198.51.100.67 "$MX4" 25
	connect_is no-answer 198.51.100.68 "$MX4" 25 0.3
	connect_is open 198.51.100.68 "$MX4" 143
	run_sekisho lists --json
	json 'map(select(.name == "mailers"))[0].services == ["smtp"]'
	lab_conf 'mode = enforce' "${LISTS/services = login/services = smtp}"
	run_sekisho load
	connect_is open 198.51.100.66 "$MX4" 143
}

only_logins() { # ADDRESS: closed to it are the login services, and nothing more
	connect_is no-answer "$1" "$MX4" 143 0.3
	connect_is open "$1" "$MX4" 25
}

# Whoever removes a section, renames it or mistypes its services has not asked for more to be closed.
@test "a list whose section is gone or has a fault closes no more than before, and doctor names it" {
	echo 198.51.100.69 >"$LAB/filed"
	filed="[list filed]
action = deny
services = login
file = $LAB/filed"
	lab_conf 'mode = enforce' "$LISTS
$filed"
	lab_run
	run_sekisho import guessers - <<<198.51.100.66
	retry 50 0.1 connect_is no-answer 198.51.100.69 "$MX4" 143 0.3
	run_sekisho any doctor --json
	json '[.[0].findings[] | select(.id == "list-left")] == []'

	# A fault: neither the command nor the daemon publishes anything.
	lab_conf 'mode = enforce' "${LISTS/services = login/services = logni}
$filed"
	run_sekisho 1 list add guessers 198.51.100.67
	complains "there is no service 'logni'"
	kill -HUP "$(<"$LAB/run.pid")"
	retry 50 0.1 grep -q 'the configuration has faults; the old one holds' "$LAB/log/run"
	only_logins 198.51.100.66
	connect_is open 198.51.100.67 "$MX4" 143

	# Another configuration, which does not declare the list.
	cp "$LAB_CONF" "$LAB/whole"
	lab_conf 'mode = enforce' ''
	cp "$LAB_CONF" "$LAB/other"
	run_sekisho -c "$LAB/other" import guessers - <<<$'198.51.100.66\n198.51.100.67'
	only_logins 198.51.100.66
	only_logins 198.51.100.67

	# The sections are gone.
	kill -HUP "$(<"$LAB/run.pid")"
	retry 50 0.1 grep -q 'reloaded$' "$LAB/log/run"
	for address in 198.51.100.66 198.51.100.67 198.51.100.69; do
		only_logins "$address"
	done
	run_sekisho list add guessers 198.51.100.68
	only_logins 198.51.100.68
	run_sekisho lists --json
	json 'map(.services) == [["submission", "imap", "pop3", "sieve"], ["submission", "imap", "pop3", "sieve"]]'
	run_sekisho any doctor --json
	json '[.[0].findings[] | select(.id == "list-left") | .subject] == ["filed", "guessers"]'
	run_sekisho import --remove filed
	run_sekisho import --remove guessers
	run_sekisho any doctor --json
	json '[.[0].findings[] | select(.id == "list-left")] == []'
	# By hand it is for all again.
	run_sekisho import --deny guessers - <<<198.51.100.66
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	lab_run_end
}
