#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What Dovecot asks and reports of each mechanism, by IMAP, POP3 and submission (its own, and Postfix's), and
# what becomes of it: a password's repetitions count once, what has none counts each time.

load helpers/common
load helpers/policy
load helpers/mechanisms

setup_file() {
	file_requires root bpf networks sekisho mail || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	policy_servers inet:127.0.0.1:10040
	mechanism_servers
}

teardown_file() {
	lab_down
}

setup() {
	requires curl jq python3
	policy_reset
}

teardown() {
	policy_end
}

@test "PLAIN and LOGIN, at four ports: a wrong password counts once however it is repeated, two count twice" {
	mechanism_passwords
}

@test "SCRAM-SHA-256: its digest is constant and no password's, so each failure counts, and five ban" {
	mechanism_scram
}

@test "XOAUTH2: a token lets in and changes no password; five wrong ones ban" {
	mechanism_tokens
}

@test "a right token that another database refuses first is no failure, from the first one on" {
	sed -i -E '0,/^ *mechanisms(_filter)? = plain login scram-sha-256$/{//d}' "$LAB/dovecot/dovecot.conf"
	mechanism_restart
	lab_wait 10 lab_port_open 1587
	policy_run enforce
	tries yes "$MX4" XOAUTH2 198.51.100.6 right-1 right-2 right-3
	counts_are '.daemon.events.success == 12'
	sleep 3 # what waits for another line does no longer
	counts_are '.daemon.events | .success == 12 and .failure == 0'
	# From 2.4 on tokens go to their own database alone.
	local refused
	refused=$(grep -ac 'Password mismatch' "$LAB/log/dovecot.log") || :
	if [[ $(lab_dovecot_language "") ]]; then ((refused == 0)); else ((refused >= 6)); fi
	tries no "$MX4" XOAUTH2 198.51.100.6 false
	counts_are '.daemon.events.failure == 4'
	sleep 3
	counts_are '.daemon.events | .success == 12 and .failure == 4'
}
