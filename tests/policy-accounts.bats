#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the daemon answers about accounts when a mail server asks, and keeps over a restart. Requests
# are written here as Dovecot sends them; real mail servers ask in policy.bats.

load helpers/common

KEY=0123456789abcdef-0123456789abcdef
OLD=aaaabbbbcccc NEW=ddddeeeeffff
OWNER=203.0.113.20

setup_file() {
	file_requires root bpf networks sekisho || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
}

teardown_file() {
	lab_down
}

setup() {
	requires jq curl
	lab_reset
	printf '%s\n' "$KEY" >"$LAB/policy.key"
	chmod 600 "$LAB/policy.key"
	: >"$LAB/log/mail.log"
	lab_conf 'mode = enforce' "[policy]
dovecot = 127.0.0.1:9120
api-key-file = $LAB/policy.key
[rule account-spread]
providers = 4
sending-providers = 4"
	printf '%s\n' '203.0.113.0,203.0.113.255,64510' >"$LAB/providers"
	sed -i "/^\[country\]/a providers = $LAB/providers" "$LAB/sekisho.conf"
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	lab_run_end || :
	cat "$LAB/log/run" 2>/dev/null || :
}

start() {
	lab_run
	retry 50 0.1 lab_port_open 9120
}

ask() { # COMMAND SOURCE HASH [MORE]
	server curl -sS --max-time 5 -H "X-API-Key: $KEY" -H 'Content-Type: application/json' \
		--data-binary "{\"login\":\"bob@example.org\",\"pwhash\":\"$3\",\"remote\":\"$2\",\"device_id\":\"\",\"protocol\":\"imap\",\"session_id\":\"s$RANDOM$RANDOM\",\"mech\":\"PLAIN\"${4-}}" \
		"http://127.0.0.1:9120/?command=$1"
}
refused() { # SOURCE HASH
	[[ $(ask allow "$@" | jq .status) == -1 ]]
}
reports() { # SOURCE HASH true|false
	ask report "$1" "$2" ",\"success\":$3" >/dev/null
}
account_is() { # FILTER
	run_sekisho account --json bob@example.org
	json ".[0] | $1"
}

# The owner has come on two days; his password is OLD.
settle() {
	local ago
	for ago in 200000 7620; do
		printf '%s mx dovecot: imap-login: Login: user=<bob@example.org>, method=PLAIN, rip=%s, lip=192.0.2.1, mpid=7, TLS, session=<s%s>\n' \
			"$(date -u -d "-$ago seconds" +%FT%T+00:00)" "$OWNER" "$ago" >>"$LAB/log/mail.log"
	done
	retry 50 0.1 account_is '.known == 1'
	reports "$OWNER" "$OLD" true
}

@test "after a leak strangers are refused whatever the password, until the owner has a new one" {
	local i
	start
	settle
	for i in 1 2 3 4; do reports "$((20 + i)).1.1.1" "$OLD" true; done
	retry 50 0.1 ban_exists 24.1.1.1/32
	refused 25.1.1.1 "$OLD"
	refused 25.1.1.1 "$NEW"
	run ! refused "$OWNER" "$OLD"
	# So it is after a restart.
	lab_run_end
	start
	refused 25.1.1.1 "$OLD"
	run ! refused "$OWNER" "$OLD"
	reports "$OWNER" "$NEW" true
	run ! refused 25.1.1.1 "$NEW"
	retry 50 0.1 account_is '.troubles == []'
	lab_run_end
	start
	run ! refused 25.1.1.1 "$NEW"
}

@test "an old password: a stale device counts for nothing, two strangers are banned" {
	local i
	start
	settle
	sleep 1.1 # the digests' times are in seconds
	reports "$OWNER" "$NEW" true
	retry 50 0.1 account_is '.sources | length == 1'
	# What was right and what failed outlasts a restart.
	lab_run_end
	start
	for ((i = 0; i < 60; i++)); do reports "$OWNER" "$OLD" false; done
	stale() {
		run_sekisho why "$OWNER"
		says 'of bob@example\.org, on the day of .*: give them the new one'
	}
	retry 50 0.1 stale
	run_sekisho why --json "$OWNER"
	json '.[0].stale[0].account == "bob@example.org"'
	reports 21.1.1.1 "$OLD" false
	reports 21.1.1.1 "$OLD" false
	alerted() { account_is "[.alerts[].rule] == [\"account-old-password\"] and $1"; }
	retry 50 0.1 alerted '.troubles == []'
	no_ban_exists 21.1.1.1/32
	reports 22.1.1.1 "$OLD" false
	retry 50 0.1 ban_exists 21.1.1.1/32
	ban_exists 22.1.1.1/32
	retry 50 0.1 account_is '.troubles[0].rule == "account-spread"'
	refused 25.1.1.1 "$NEW"
	# Nothing of a password is anywhere to be read, and the key is root's alone.
	[[ $(stat -c '%a %u' "$LAB/state/passwords.key") == '600 0' ]]
	run ! grep -rqE "$OLD|$NEW" "$LAB/state" "$LAB/log/run"
	run_sekisho account --trust bob@example.org
	let_in() { [[ $(ask allow 25.1.1.1 "$NEW" | jq .status) == 0 ]]; }
	retry 50 0.1 let_in
}
