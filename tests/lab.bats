#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The lab itself: real servers, real logins, over several addresses of both families. When this
# fails, what fails after it says nothing about sekisho.

load helpers/common

setup_file() {
	file_requires root networks mail || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	lab_dovecot
	lab_postfix
}

teardown_file() {
	lab_down
}

setup() {
	requires swaks curl
}

sends_and_is_delivered() { # SOURCE SERVER
	local before
	before=$(lab_delivered alice)
	lab_send "$1" "$2" bob bobs-secret --timeout 30
	retry 40 0.1 eval "(( \$(lab_delivered alice) > $before ))"
	grep -Fq "client=unknown[$1], sasl_method=LOGIN, sasl_username=bob@example.net" \
		"$LAB/log/mail.log"
}

is_refused_and_logged() { # SOURCE SERVER
	local status=0
	lab_login "$1" "$2" bob wrong || status=$?
	[[ $status == 28 ]]
	retry 40 0.05 grep -Fq "warning: unknown[$1]: SASL LOGIN authentication failed" \
		"$LAB/log/mail.log"
	[[ $(grep -cF "warning: unknown[$1]: SASL LOGIN authentication failed" \
		"$LAB/log/mail.log") == 1 ]]
}

@test "Postfix takes the right password over IPv4 and delivers the mail" {
	sends_and_is_delivered 198.51.100.10 "$MX4"
}

@test "Postfix takes the right password over IPv6 and delivers the mail" {
	sends_and_is_delivered 2001:db8:600d:1::10 "$MX6"
}

@test "a wrong password over IPv4 is refused and leaves one warning with its address" {
	is_refused_and_logged 198.51.100.11 "$MX4"
}

@test "a wrong password over IPv6 is refused and leaves one warning with its address" {
	is_refused_and_logged 2001:db8:bad:1::11 "$MX6"
}

@test "Dovecot takes the right password and refuses a wrong one over both families" {
	lab_imap 198.51.100.12 "$MX4" alice alices-secret
	lab_imap 2001:db8:bad:1::12 "$MX6" alice alices-secret
	run lab_imap 198.51.100.13 "$MX4" alice wrong
	[[ $status == 67 ]]
	run lab_imap 2001:db8:bad:1::13 "$MX6" alice wrong
	[[ $status == 67 ]]
	for source in 198.51.100.13 2001:db8:bad:1::13; do
		retry 40 0.05 grep -Eq "auth failed, 1 attempts.* rip=$source," "$LAB/log/dovecot.log"
	done
}

@test "every address of the client's networks is an own source to the server" {
	for source in 198.51.100.1 198.51.100.254 203.0.113.77; do
		[[ $(lab_try "$source" "$MX4" 25) == open ]]
		retry 40 0.05 grep -Fq "connect from unknown[$source]" "$LAB/log/mail.log"
	done
	for source in 2001:db8:bad::1 2001:db8:bad:ffff::1 2001:db8:600d:7::1; do
		[[ $(lab_try "$source" "$MX6" 25) == open ]]
		retry 40 0.05 grep -Fq "connect from unknown[$source]" "$LAB/log/mail.log"
	done
}

@test "a closed port refuses, and a held session is seen alive and then dead" {
	connect_is refused 198.51.100.14 "$MX4" 4190
	lab_hold held 198.51.100.14 "$MX4" 25
	retry 20 0.1 session_is_alive held
	server ss -K state established "( sport = :25 and dst 198.51.100.14 )" >/dev/null
	retry 40 0.1 session_is_dead held
	grep -q reset "$LAB/held"
}

@test "a burst opens as many connects as the server takes" {
	[[ $(lab_burst 198.51.100.15 "$MX4" 25 20) == 20 ]]
	[[ $(lab_burst 198.51.100.15 "$MX4" 4190 20) == 0 ]]
}

@test "taking a lab down leaves no process, namespace or pin" {
	(
		lab_up "$BATS_TEST_TMPDIR/other"
		lab_listen "$MX4" 25
		lab_mail_namespace
		pids=$(<"$LAB/pids")
		id=$LAB_ID
		lab_down
		for pid in $pids; do
			lab_gone "$pid"
		done
		[[ ! -e /run/netns/sekisho-$id-mx && ! -e /run/netns/sekisho-$id-out ]]
		[[ ! -e $LAB_BPFFS/sekisho-test-$id ]]
		lab_down # and once more is no fault
	)
}

@test "what a killed run left behind is swept, what lives is not" {
	ip netns add sekisho-4194304-1-mx # above the highest pid there can be
	lab_sweep
	[[ ! -e /run/netns/sekisho-4194304-1-mx ]]
	[[ -e /run/netns/$LAB_SERVER ]]
}
