#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Stories A and B in small, live: real logins with the right password, real Postfix and Dovecot, a
# real gate, an alert program. At full size, in log time: stories.bats.

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
	rm -f "$LAB"/alert-* "$LAB"/held*
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	lab_run_end || :
	cat "$LAB/log/run" 2>/dev/null || :
}

# 198.51.100.0/24 in eight countries, 32 addresses each; and who is told of alerts.
configure() { # [SECTIONS]
	cat >"$LAB/alert" <<-END
		#!/bin/sh
		cat >>$LAB/alert-json
		env | grep ^SEKISHO_ >>$LAB/alert-env
	END
	chmod 755 "$LAB/alert"
	# Each country's addresses are of a provider of their own.
	local i codes=(BR CN RU IN VN ID TR UA)
	for i in {0..7}; do
		printf '198.51.100.%d\t198.51.100.%d\t%d\n' $((i * 32)) $((i * 32 + 31)) $((64500 + i))
	done >"$LAB/providers"
	printf '203.0.113.0\t203.0.113.255\t64510\n' >>"$LAB/providers"
	lab_conf 'mode = enforce' "[log dovecot]
file = $LAB/log/dovecot.log

[rule account-spread]
countries = 2
sending-providers = 4
providers = 4

[alert]
program = $LAB/alert

${1-}"
	sed -i "/^\[country\]/a providers = $LAB/providers" "$LAB/sekisho.conf"
	for i in {0..7}; do
		echo "$((3325256704 + i * 32)),$((3325256735 + i * 32)),${codes[i]}"
	done >"$LAB/geoip"
	echo '3405803776,3405804031,DE' >>"$LAB/geoip"
}

# The owner logged in hours ago (and no whole number of quarters of an hour ago, which would be taken
# for a wrong zone): long before any gap that a slow machine leaves between two logins.
owner_was_there() {
	local stamp
	stamp=$(date -d '-7620 seconds' '+%b %d %H:%M:%S')
	echo "$stamp imap-login: Info: Login: user=<bob@example.net>, method=PLAIN," \
		"rip=203.0.113.20, lip=$MX4, mpid=7, secured, session=<owner>" >>"$LAB/log/dovecot.log"
	retry 50 0.1 owner_is_read
}

owner_is_read() {
	run_sekisho status --json
	json '[.. | objects | select(has("known_size")) | .known] | add > 0'
}

mail_arrives() { # SOURCE
	local before
	before=$(lab_delivered alice)
	lab_send "$1" "$MX4" bob bobs-secret
	retry 50 0.1 eval "(( \$(lab_delivered alice) > $before ))"
}

shut_out() { # SOURCE
	retry 30 0.1 connect_is no-answer "$1" "$MX4" 587 0.3
}

alerted() { # RULE
	jq -es "any(.[]; .rule == \"$1\" and .account == \"bob@example.net\")" "$LAB/alert-json" >/dev/null
}

@test "A: a leaked password used from many countries is named, and its users are cut off" {
	configure
	lab_run
	owner_was_there
	mail_arrives 203.0.113.20
	local i sources=() before
	for i in {0..11}; do
		sources+=("198.51.100.$((i * 20 + 10))")
	done
	before=$(lab_delivered alice)
	lab_hold held 198.51.100.10 "$MX4" 587
	# Each hands in mail as long as it can.
	for _ in 1 2 3; do
		for source in "${sources[@]}"; do
			[[ $(lab_try "$source" "$MX4" 587 0.3) == open ]] || continue
			lab_send "$source" "$MX4" bob bobs-secret >/dev/null || :
		done
	done
	for source in "${sources[@]}"; do
		shut_out "$source"
		ban_exists "$source/32"
	done
	retry 30 0.1 session_is_dead held
	retry 30 0.1 alerted account-spread
	# One alert, with the facts.
	[[ $(jq -s 'map(select(.rule == "account-spread")) | length' "$LAB/alert-json") == 1 ]]
	grep -qx 'SEKISHO_ACCOUNT=bob@example.net' "$LAB/alert-env"
	grep -qx 'SEKISHO_COUNTRIES=BR CN' "$LAB/alert-env"
	grep -q 'alert account-spread: bob@example.net: logins from' "$LAB/log/run"
	# Three before it was seen, then the first of each; not one more.
	sleep 1
	(($(lab_delivered alice) - before <= ${#sources[@]} + 2)) ||
		fail "$(($(lab_delivered alice) - before)) messages passed"
	mail_arrives 203.0.113.20
	connect_is open 198.51.100.99 "$MX4" 587
	# Who asks why is told, of the ban and of the alert.
	run_sekisho why --json 198.51.100.10
	json '.[0].bans[0].rule == "account-spread"'
	says 'sasl_username=bob@example.net'
	says 'alert account-spread: bob@example.net'
}

@test "B: after a spread each failure on the account is a ban, at once, and over a restart" {
	configure
	lab_run
	owner_was_there
	lab_imap 203.0.113.20 "$MX4" bob bobs-secret
	for i in 10 50 70 110; do
		lab_imap "198.51.100.$i" "$MX4" bob bobs-secret || :
	done
	retry 30 0.1 alerted account-spread
	lab_imap 198.51.100.130 "$MX4" bob old-password || :
	shut_out 198.51.100.130
	sleep 1.5 # what was learned is written down once a second
	lab_run_end
	lab_run
	lab_imap 198.51.100.131 "$MX4" bob old-password || :
	shut_out 198.51.100.131
	# The owner may mistype, and others' failures are none of it.
	for i in 1 2 3; do
		lab_imap 203.0.113.20 "$MX4" bob old-password || :
	done
	lab_imap 198.51.100.140 "$MX4" alice wrong || :
	mail_arrives 203.0.113.20
	connect_is open 198.51.100.140 "$MX4" 587
}

@test "in a siege of an account that is used a stranger is shut out at his third failure" {
	configure '[rules]
learn = 1s

[rule account-siege]
networks = 3

[rule source-failures]
failures = 50'
	lab_run
	lab_imap 203.0.113.20 "$MX4" bob bobs-secret
	sleep 2.2 # it is no first day any more
	lab_imap 198.51.100.10 "$MX4" bob x1 || :
	lab_imap 2001:db8:bad:1::1 "$MX6" bob x2 || :
	lab_imap 2001:db8:600d:1::1 "$MX6" bob x3 || :
	siege_is_shown() { run_sekisho status && says '^accounts +bob(@example.net)?: account-siege'; }
	retry 100 0.1 siege_is_shown
	for i in 1 2 3; do
		connect_is open 198.51.100.200 "$MX4" 587
		lab_imap 198.51.100.200 "$MX4" bob "x$i" || :
	done
	shut_out 198.51.100.200
	connect_is open 198.51.100.10 "$MX4" 587
}

@test "a repeated ban doubles, also when the daemon was restarted in between" {
	configure '[rule source-failures]
failures = 2
ban = 2s'
	# A source of its own: a late line of another test's would count, over the restart too.
	lab_run
	local i
	for i in 1 2; do lab_imap 198.51.100.210 "$MX4" alice "x$i" || :; done
	retry 30 0.1 ban_exists 198.51.100.210/32
	retry 60 0.2 connect_is open 198.51.100.210 "$MX4" 587 0.3
	sleep 1.2
	lab_run_end
	lab_run
	for i in 1 2; do lab_imap 198.51.100.210 "$MX4" alice "y$i" || :; done
	retry 30 0.1 ban_exists 198.51.100.210/32
	run_sekisho bans --json
	json '.[0] | ((.until | sub("\\.[0-9]+"; "") | fromdate) -
		(.since | sub("\\.[0-9]+"; "") | fromdate)) | . >= 3 and . <= 5'
}

@test "an alert program that hangs or fails holds nothing up and is reported" {
	configure
	printf '#!/bin/sh\nsleep 20\nexit 1\n' >"$LAB/alert"
	lab_run
	owner_was_there
	lab_imap 203.0.113.20 "$MX4" bob bobs-secret
	for i in 10 50 70 110; do
		lab_imap "198.51.100.$i" "$MX4" bob bobs-secret || :
	done
	shut_out 198.51.100.110
	for i in 1 2 3 4 5; do lab_imap 198.51.100.199 "$MX4" alice "x$i" || :; done
	shut_out 198.51.100.199
	rm "$LAB/alert"
	run_sekisho status
}
