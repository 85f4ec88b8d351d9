#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What was: `bans --ended`, `alerts`, and the earlier bans that `why` shows. The daemon, the gate and the store
# are real, the log's lines are written here.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
}

teardown_file() {
	lab_down
}

setup() {
	requires jq
	lab_reset
	lab_conf 'mode = enforce' '[rule source-failures]
failures = 5
window = 10m
ban = 2s
[rule account-spread]
providers = 4
sending-providers = 4'
	printf '%s\n' '192.0.2.0,192.0.2.255,64500' '203.0.113.0,203.0.113.255,64510' >"$LAB/providers"
	sed -i "/^\[country\]/a providers = $LAB/providers" "$LAB/sekisho.conf"
	: >"$LAB/log/mail.log"
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	lab_run_end || :
	cat "$LAB/log/run" 2>/dev/null || :
}

line() { # SECONDS-AGO TEXT
	printf '%s mx dovecot: imap-login: %s\n' "$(date -u -d "-$1 seconds" +%FT%T+00:00)" "$2" >>"$LAB/log/mail.log"
}
login() { # SECONDS-AGO ACCOUNT SOURCE
	line "$1" "Login: user=<$2>, method=PLAIN, rip=$3, lip=192.0.2.1, mpid=7, TLS, session=<s$RANDOM$RANDOM>"
}
fail_five() { # SOURCE
	local i
	for i in 1 2 3 4 5; do
		line 0 "Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<bob>, method=PLAIN, rip=$1, lip=192.0.2.1, TLS, session=<s$RANDOM$RANDOM>"
	done
}

ended() { # FILTER
	run_sekisho bans --ended --json
	json "$1"
}

@test "a ban that ends, and one that is lifted, are shown as what they were, and why names them" {
	lab_run
	fail_five 198.51.100.66
	retry 50 0.1 ban_exists 198.51.100.66/32
	run_sekisho ban --reason 'by hand' --service smtp 198.51.100.66
	retry 50 0.2 ended 'any(.[]; .prefix == "198.51.100.66/32" and .rule == "source-failures" and (.lifted | not) and .since < .ended and (.services | index("submission")))'
	run_sekisho unban 198.51.100.66
	ended 'length == 2 and (.[0] | .lifted and .reason == "by hand" and .services == ["smtp"])'
	# As text, and what does not lie in the span is not there.
	run_sekisho bans --ended
	says '^198.51.100.66/32 +smtp +[0-9TZ:-]+ +[0-9TZ:-]+$'
	says '^  manual, lifted: by hand$'
	says '^198.51.100.66/32 +login +'
	says '^  source-failures: '
	awk 'length > 80 { print; exit 1 }' <<<"$output" || fail 'wider than 80 columns'
	run_sekisho bans --ended --since 2099-01-01T00:00:00Z
	says '^no ban has ended$'
	run_sekisho bans --ended --since 1h --json
	json 'length == 2'
	# One command answers why yesterday's mail did not go out.
	run_sekisho why 198.51.100.66
	says '^earlier bans, the last first$'
	says ', source-failures$'
	run_sekisho why --json 198.51.100.66
	json '.[0] | (.bans | length) == 0 and (.earlier_bans | length) == 2 and .earlier_bans[0].lifted'
	run_sekisho why --json 198.51.100.67
	json '.[0].earlier_bans == []'
	# A ban of the network is one of the address.
	run_sekisho ban 203.0.113.0/24
	run_sekisho unban 203.0.113.0/24
	run_sekisho why --json 203.0.113.9
	json '.[0].earlier_bans | length == 1 and .[0].prefix == "203.0.113.0/24"'
}

@test "an alert is kept, whether a program is run for it or not, and outlasts the daemon" {
	lab_run
	login 7620 bob@example.net 203.0.113.20
	login 7600 bob@example.net 203.0.113.21
	for i in 1 2 3 4; do login 0 bob@example.net "$((20 + i)).1.1.1"; done
	alerted() { run_sekisho alerts --json && json 'any(.[]; .rule == "account-spread")'; }
	retry 50 0.1 alerted
	lab_run_end
	run_sekisho alerts
	says '^20[0-9-]+T[0-9:]+Z  account-spread: bob@example.net: .+'
	run_sekisho alerts --json --account BOB@example.net
	json 'map(select(.rule == "account-spread")) | length == 1 and (.[0] | .action == "alert" and .evidence == [] and (.sources | length) == 3 and .account == "bob@example.net")'
	run_sekisho alerts --account alice
	says '^there was no alert$'
	run_sekisho alerts --since 2099-01-01T00:00:00Z --json
	[[ -z $output ]]
	run_sekisho 2 alerts --since soon
	complains 'not a time like'
}

@test "a hostile name in an alert reaches the terminal escaped" {
	lab_run
	login 7620 $'e\e[2Jve' 203.0.113.20
	login 7600 $'e\e[2Jve' 203.0.113.21
	for i in 1 2 3 4; do login 0 $'e\e[2Jve' "$((20 + i)).1.1.1"; done
	kept() { run_sekisho alerts && says account-spread; }
	retry 50 0.1 kept
	[[ $(run_sekisho alerts && echo "$output") != *$'\e'* ]]
}

@test "without a store, or without anything in it, both say so and succeed" {
	run_sekisho alerts
	run_sekisho bans --ended
	run_sekisho load
	run_sekisho alerts
	says '^there was no alert$'
	run_sekisho bans --ended
	says '^no ban has ended$'
	run_sekisho bans
	says '^no ban is in force$'
	run_sekisho bans --json
	[[ -z $output ]]
	run_sekisho 2 bans --since 1h
	complains -- '--ended'
}

spans() { # LENGTH: the sums of its rows
	sqlite3 "$LAB/state/sekisho.db" "SELECT counts FROM spans WHERE length = $1" |
		jq -s 'reduce .[] as $row ({}; .failure += ($row.failure // 0) | .bans += ($row.bans // 0))'
}

@test "what was counted is in the store by minute and by hour, once, whatever the clock and the daemon do" {
	requires sqlite3
	lab_run
	fail_five 198.51.100.66
	retry 50 0.1 ban_exists 198.51.100.66/32
	lab_run_end
	[[ $(spans 60 | jq -c .) == '{"failure":5,"bans":1}' ]]
	[[ $(spans 3600 | jq -c .) == '{"failure":5,"bans":1}' ]]
	# A second daemon reads on, and adds to the same rows or to later ones.
	lab_run
	fail_five 198.51.100.67
	retry 50 0.1 ban_exists 198.51.100.67/32
	lab_run_end
	[[ $(spans 60 | jq -c .) == '{"failure":10,"bans":2}' ]]
	[[ $(spans 3600 | jq -c .) == '{"failure":10,"bans":2}' ]]
	# While another process holds the store nothing is written, and nothing is lost.
	lab_run
	fail_five 198.51.100.68
	retry 50 0.1 ban_exists 198.51.100.68/32
	local pid
	coproc HOLD { sqlite3 "$LAB/state/sekisho.db"; }
	echo 'BEGIN IMMEDIATE; SELECT 1;' >&"${HOLD[1]}"
	pid=$HOLD_PID
	read -r -u "${HOLD[0]}" _
	fail_five 198.51.100.69
	retry 50 0.1 ban_exists 198.51.100.69/32
	echo 'ROLLBACK;' >&"${HOLD[1]}"
	eval "exec ${HOLD[1]}>&-"
	wait "$pid"
	lab_run_end
	[[ $(spans 60 | jq -c .) == '{"failure":20,"bans":4}' ]]
}

@test "why --at says what met an address then, and what was refused around then" {
	lab_run
	fail_five 198.51.100.66
	retry 50 0.1 ban_exists 198.51.100.66/32
	then=$(date -u +%FT%TZ)
	for i in 1 2 3; do lab_try 198.51.100.66 "$MX4" 587 0.2 || :; done
	retry 50 0.2 ended 'any(.[]; .prefix == "198.51.100.66/32")'
	# The daemon keeps the minute when it ends.
	lab_run_end
	run_sekisho why --at "$then" --json 198.51.100.66
	json '.[0] | (.bans | length) == 0 and (.then.bans | length) == 1 and .then.bans[0].rule == "source-failures"'
	json '.[0].then.counts.services.submission | .attempts >= 3 and .dropped.banned >= 3'
	json '.[0].then.evidence | length >= 1 and all(.[]; .line | test("rip=198.51.100.66"))'
	run_sekisho why --at "$then" 198.51.100.66
	says '^  banned: 198\.51\.100\.66/32 from login, .*, source-failures$'
	says '^    submission: [0-9]+ connections, [0-9]+ refused, banned [0-9]+$'
	# A neighbour was not banned then, and nothing is known of a year ago.
	run_sekisho why --at "$then" 198.51.100.67
	says '^  no ban that is known was over it$'
	run_sekisho why --at 8760h 198.51.100.66
	says '^  nothing was counted then'
	run_sekisho why 198.51.100.66
	[[ $output != *'at 20'* ]]
	run -2 lab_sekisho why --at 2099-01-01T00:00:00Z 198.51.100.66
	run -2 lab_sekisho why --at soon 198.51.100.66
}

# SYNs that a limit answers with nothing, and connections that are closed for it, are one source's story.
@test "why --at says that a limit refused an address, and which service" {
	local when
	lab_conf 'mode = enforce' '[class world]
rate = 6/h
burst = 2
[service submission]
countries = *:world'
	lab_listen "$MX4" 587
	lab_run
	lab_burst 198.51.100.66 "$MX4" 587 2
	for i in 1 2 3; do lab_try 198.51.100.66 "$MX4" 587 0.2 || :; done
	lab_try 198.51.100.67 "$MX4" 587
	when=$(date -u +%FT%TZ)
	# What it has seen by its end the daemon keeps.
	lab_run_end
	run_sekisho why --at "$when" --json 198.51.100.66
	json '.[0].then | (.limits | length) == 1 and .limits_left_out == 0 and (.limits[0] | .service == "submission" and .connections >= 3 and (.would | not) and .from < .to)'
	run_sekisho why --at "$when" 198.51.100.66
	says '^  by limits: submission: [0-9]+ connections refused, .* to .*$'
	run_sekisho why --at "$when" 198.51.100.67
	says '^  no limit is known to have refused it$'
	run_sekisho why --at "$when" --json 198.51.100.67
	json '.[0].then.limits == []'
}

# "Why could I not send yesterday at ten?"
@test "times are said as people say them, in the machine's zone" {
	local today yesterday
	export TZ=Asia/Tokyo
	at() { # TEXT EXPECTED
		run_sekisho why --at "$1" 198.51.100.66
		says "^at $2\$"
	}
	run_sekisho load
	today=$(date +%F) yesterday=$(date -d yesterday +%F)
	at 'yesterday 10:00' "$yesterday 10:00:00"
	at yesterday "$yesterday 00:00:00"
	at today "$today 00:00:00"
	at '2026-11-28 10:00' '2026-11-28 10:00:00'
	at 2026-11-28T10:00:30 '2026-11-28 10:00:30'
	# The last time that it was so late.
	at 00:00 "$today 00:00:00"
	at 23:59:59 "$yesterday 23:59:59"
	run_sekisho --utc why --at 2026-11-28T10:00 198.51.100.66
	says '^at 2026-11-28T10:00:00Z$'
	for wrong in '' to yester 'yesterday 25:00' '26-11-28' '2026-02-30' '10:00 yesterday'; do
		run -2 lab_sekisho why --at "$wrong" 198.51.100.66
	done
	run_sekisho report --day yesterday
	says "$yesterday"
}
