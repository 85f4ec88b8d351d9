#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The commands of docs/moving-over.md, run as they stand there. Those for fail2ban and CrowdSec are with the real
# ones: fail2ban.bats, crowdsec.bats.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	lab_listen "$MX4" 25
}

teardown_file() {
	lab_down
}

setup() {
	requires
	lab_reset
	lab_conf 'mode = enforce'
	cd "$BATS_TEST_TMPDIR" || return
	mkdir bin
	printf '#!/bin/sh\nexec nsenter --net=/run/netns/%s "%s" -c "%s" "$@"\n' \
		"$LAB_SERVER" "$SEKISHO" "$LAB_CONF" >bin/sekisho
	chmod +x bin/sekisho
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

commands() { # HEADING SED COUNT: the documented ones, with other places
	documented "$1" | sed "$2" >commands
	[[ $(wc -l <commands) == "$3" ]] || fail "$(cat commands)"
	# shellcheck source=/dev/null
	set -e && source ./commands
}

@test "CSF's files: who is denied, for a time or for ever, and who is allowed" {
	local now
	now=$(date +%s)
	cat >csf.deny <<-'END'
		203.0.113.66 # lfd: (smtpauth) Failed SMTP AUTH login from 203.0.113.66 (XX): 5 in the last 3600 secs
		tcp|in|d=22|s=203.0.113.67 # not mail's
	END
	echo "$now|203.0.113.68|25|in|3600|lfd" >csf.tempban
	echo '198.51.100.9 # office' >csf.allow
	run_sekisho load
	commands 'From CSF' "s|/etc/csf|.|; s|/var/lib/csf|.|" 4 >said
	grep -q 'end by themselves' said
	connect_is no-answer 203.0.113.66 "$MX4" 25 0.3
	connect_is open 203.0.113.67 "$MX4" 25
	connect_is no-answer 203.0.113.68 "$MX4" 25 0.3
	[[ $(sekisho export csf-allow) == 198.51.100.9/32 ]]
}

@test "hosts.allow, hosts.deny and iptables rules" {
	lab_conf 'mode = enforce' '[list friends]
action = allow
[list enemies]
action = deny'
	echo 'postfix : 198.51.100.9' >hosts.allow
	echo 'ALL: 203.0.113.66' >hosts.deny
	run_sekisho load
	commands 'From hosts.allow and hosts.deny' "s|/etc/|./|" 2
	connect_is no-answer 203.0.113.66 "$MX4" 25 0.3
	iptables-save() { echo '-A INPUT -s 203.0.113.67/32 -j DROP'; }
	commands 'From iptables rules' '' 1
	connect_is no-answer 203.0.113.67 "$MX4" 25 0.3
	connect_is open 203.0.113.66 "$MX4" 25
}
