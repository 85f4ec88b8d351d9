#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `sekisho account` and `accounts`: what they show of the rules' knowledge, and that the daemon obeys
# --trust and --forget at once. The daemon and the gate are real, the log's lines are written here.

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
	lab_conf 'mode = enforce' '[rule account-spread]
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
failure() { # ACCOUNT SOURCE
	line 0 "Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<$1>, method=PLAIN, rip=$2, lip=192.0.2.1, TLS, session=<s$RANDOM$RANDOM>"
}

# What is said of an account is true of a jq filter, within the second that the daemon takes.
account_is() { # ACCOUNT FILTER
	run_sekisho account --json "$1"
	json ".[0] | $2"
}

# Four strangers log in to an account that its owner has used before: all are banned.
leak() { # ACCOUNT
	local i
	login 7620 "$1" 203.0.113.20
	login 7600 "$1" 203.0.113.21
	retry 50 0.1 account_is "$1" '.sources | length == 2'
	for i in 1 2 3 4; do login 0 "$1" "$((20 + i)).1.1.1"; done
	retry 50 0.1 ban_exists 24.1.1.1/32
	retry 50 0.1 account_is "$1" '.troubles[0].rule == "account-spread"'
}

@test "account shows sources, providers, bans and evidence, with the daemon and without" {
	lab_run
	login 200000 bob@example.org 203.0.113.20
	login 7620 bob@example.org 203.0.113.20
	login 7000 bob 192.0.2.77
	retry 50 0.1 account_is bob@example.org '.sources | length == 2'
	for i in 1 2 3 4 5; do failure bob@example.org 24.5.6.7; done
	retry 50 0.1 ban_exists 24.5.6.7/32
	shows() {
		account_is bob '(.sources | map(select(.known) | .source) == ["203.0.113.20/32"]) and .known == 1 and
			.networks == 2 and .providers == 2 and
			(.sources | map(.provider) | sort == ["AS64500", "AS64510"]) and
			(.names | index("bob@example.org")) and .troubles == [] and
			.bans[0].prefix == "24.5.6.7/32" and .bans[0].rule == "source-failures" and
			.failed[0].source == "24.5.6.7/32" and .failed[0].lines == 5'
	}
	retry 20 0.1 shows
	lab_run_end
	shows
	run_sekisho account bob@example.org
	says '^203\.0\.113\.20/32 .*AS64510 .* known$'
	# Each time stands below its heading.
	[[ $(grep '^LOGGED IN FROM' <<<"$output" | cut -c65-68) == LAST ]]
	[[ $(grep '^203\.0\.113\.20' <<<"$output" | cut -c65-68) == 20[0-9][0-9] ]]
	says '^24\.5\.6\.7/32 .*source-failures'
	says 'in no trouble'
	run_sekisho accounts
	says '^no account is in trouble$'
	run_sekisho accounts --all --json
	json 'map(.account) == ["bob@example.org"] and .[0].sources == 2'
	run_sekisho account bbo@example.org
	complains "there is nothing of 'bbo@example.org'; did you mean 'bob@example.org'?"
	run_sekisho account alice@example.org
	run ! complains 'did you mean'
	# Somebody asks `why` with the account's name.
	run_sekisho 2 why bob@example.org
	complains 'sekisho account NAME. tells of an account'
	# Others of a longer name are others.
	account_is bo '.sources == [] and .bans == [] and .failed == []'
}

@test "six accounts leak at once: an alert names each within a minute, with its sources, and alerts finds each" {
	local n i
	lab_run
	for n in 1 2 3 4 5 6; do
		login 7620 "user$n@example.org" 203.0.113.20
		login 7600 "user$n@example.org" 203.0.113.21
	done
	for i in 1 2 3 4; do
		for n in 1 2 3 4 5 6; do login 0 "user$n@example.org" "$((20 + i)).$n.1.1"; done
	done
	all_named() {
		run_sekisho alerts --json
		jq -es 'map(select(.rule == "account-spread") | .account) | sort == [range(1; 7) | "user\(.)@example.org"]' <<<"$output"
	}
	retry 100 0.1 all_named
	for n in 1 2 3 4 5 6; do
		run_sekisho alerts --json --account "USER$n@example.org"
		json ".[0] | .account == \"user$n@example.org\" and .accounts == [.account] and
			(.sources | map(.prefix) | index(\"23.$n.1.1/32\"))"
		retry 50 0.1 ban_exists "24.$n.1.1/32"
	done
}

@test "a leak ends by account --trust: strangers have the ordinary thresholds again" {
	lab_run
	leak bob@example.org
	failure bob@example.org 24.2.2.2
	retry 50 0.1 ban_exists 24.2.2.2/32
	run_sekisho accounts --json
	json 'any(.[]; .account == "bob@example.org" and .troubles[0].rule == "account-spread")'
	run_sekisho account --trust bob
	says '^trusted bob@example\.org$'
	account_is bob '.troubles == [] and (.sources | length > 1)'
	run_sekisho status
	run ! grep -q 'account-spread' <<<"$output"
	failure bob@example.org 24.3.3.3
	login 0 bob@example.org 25.1.1.1
	retry 50 0.1 account_is bob '[.sources[].source] | index("25.1.1.1/32")'
	no_ban_exists 24.3.3.3/32
	no_ban_exists 25.1.1.1/32
	# It is no leak after a restart either.
	lab_run_end
	lab_run
	failure bob@example.org 24.4.4.4
	for i in 1 2 3 4 5; do failure alice@example.org 24.9.9.9; done
	retry 50 0.1 ban_exists 24.9.9.9/32
	no_ban_exists 24.4.4.4/32
}

@test "an account that was alerted to is in no trouble only when a day has passed" {
	local i
	sed -i '2i 402718976,402719231,BR\n3221225984,3221226239,FR' "$LAB/geoip"
	lab_run
	login 200000 bob@example.org 203.0.113.20
	login 7620 bob@example.org 203.0.113.20
	retry 50 0.1 account_is bob '.known == 1'
	run_sekisho account bob
	says '^state +in no trouble$'
	# Countries of three providers: alerted to, and nobody is banned.
	for i in 198.51.100.7 192.0.2.77 24.1.1.1; do login 0 bob@example.org "$i"; done
	retry 50 0.1 account_is bob '.alerts[0].rule == "account-spread" and .bans == []'
	run_sekisho account bob
	says '^state +alerted to by account-spread at .*; nobody is banned for it$'
	says 'sekisho account --trust NAME'
	run_sekisho bans --json
	[[ -z $output ]]
	run_sekisho accounts
	says '^no account is in trouble$'
	says '^alerts of the last day name bob@example\.org: .sekisho account NAME. tells why$'
	# It goes on, and bans; of that the state tells, and no second alert.
	for i in 2 3 4 5 6; do login 0 bob@example.org "$((20 + i)).1.1.1"; done
	retry 50 0.1 account_is bob '.troubles[0].rule == "account-spread" and (.bans | length > 3)'
	account_is bob '.alerts | length == 1'
	run_sekisho account bob
	says '^state +account-spread: strangers have, or had, its password'
	run_sekisho accounts
	says 'account-spread .* bob@example\.org$'
	run ! says 'alerts of the last day'
}

# Knowledge alone: nobody is banned for what was before, nor for what comes back from there at once.
@test "the first start learns from rotated logs who is known, and decides nothing by them" {
	local i day
	for day in 9 7; do login $((day * 86400)) bob@example.org 203.0.113.20; done
	gzip -c "$LAB/log/mail.log" >"$LAB/log/mail.log.2.gz"
	: >"$LAB/log/mail.log"
	login $((40 * 86400)) carol@example.org 203.0.113.22
	for day in 5 3; do login $((day * 86400)) alice@example.org 203.0.113.21; done
	for i in {1..9}; do line $((3 * 86400)) "Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<bob@example.org>, method=PLAIN, rip=24.7.7.7, lip=192.0.2.1, TLS, session=<old$i>"; done
	mv "$LAB/log/mail.log" "$LAB/log/mail.log.1"
	login 7200 alice@example.org 203.0.113.21
	lab_run
	grep -q 'learned from 3 of 3 log files' "$LAB/log/run"
	account_is bob@example.org '.sources | length == 1 and .[0].known'
	account_is alice@example.org '.sources | length == 1 and .[0].known'
	account_is carol@example.org '.sources == []'
	run_sekisho bans --json
	[[ -z $output ]]
	# Who is known by them is spared, a stranger is not.
	for i in 1 2 3 4 5 6; do
		failure bob@example.org 203.0.113.20
		failure bob@example.org 24.9.9.9
	done
	retry 50 0.1 ban_exists 24.9.9.9/32
	no_ban_exists 203.0.113.20/32
	# Once.
	lab_run_end
	lab_run
	[[ $(grep -c 'learned from' "$LAB/log/run") == 1 ]]
}

# example.org is the realm of most accounts, which the store alone knows after a restart.
@test "a name with and without the default realm is one account, after a restart too" {
	local i
	lab_run
	for i in alice@example.org bob@example.org carol@example.org dave@example.net; do
		login 172800 "$i" 203.0.113.20
		login 3600 "$i" 203.0.113.20
	done
	login 3600 bob 203.0.113.20
	login 3500 bob 203.0.113.30
	retry 50 0.1 account_is bob '.names == ["bob", "bob@example.org"] or .names == ["bob@example.org", "bob"]'
	run_sekisho accounts --all --json
	json 'map(.account) == ["alice@example.org", "bob@example.org", "carol@example.org", "dave@example.net"]'
	json '.[1].sources == 2'
	lab_run_end
	lab_run
	# A known source of the account's, whichever name it fails with; strangers of no account's are not.
	for i in 1 2 3 4 5 6; do
		failure bob 203.0.113.20
		failure bob 24.9.9.9
	done
	retry 50 0.1 ban_exists 24.9.9.9/32
	no_ban_exists 203.0.113.20/32
}

@test "account --forget makes strangers of known sources at once" {
	lab_run
	login 7620 bob@example.org 203.0.113.20
	login 7620 alice@example.org 203.0.113.30
	retry 50 0.1 account_is alice@example.org '.sources | length == 1'
	# Known sources are not banned for what is their own.
	for i in 1 2 3 4 5 6; do
		failure bob@example.org 203.0.113.20
		failure alice@example.org 203.0.113.30
	done
	run_sekisho account --forget bob@example.org
	account_is bob@example.org '.sources == []'
	account_is alice@example.org '.sources | length == 1'
	for i in 1 2 3 4 5 6; do
		failure bob@example.org 203.0.113.20
		failure alice@example.org 203.0.113.30
	done
	retry 50 0.1 ban_exists 203.0.113.20/32
	no_ban_exists 203.0.113.30/32
}

no_order_is_left() {
	python3 -c 'import sqlite3, sys
sys.exit(sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM orders").fetchone()[0])' \
		"$LAB/state/sekisho.db"
}

@test "--trust and --forget without a daemon count from its next start" {
	lab_run
	leak bob@example.org
	sleep 1.5
	lab_run_end
	run_sekisho account --trust bob@example.org
	run_sekisho account --forget alice@example.org
	lab_run
	failure bob@example.org 24.2.2.2
	for i in 1 2 3 4 5; do failure carol@example.org 24.9.9.9; done
	retry 50 0.1 ban_exists 24.9.9.9/32
	no_ban_exists 24.2.2.2/32
	# Nothing is left to be obeyed.
	retry 30 0.1 no_order_is_left
}

@test "a name that a stranger made up is shown without harm" {
	lab_run
	local name=$'x\e[2Jy;$(reboot)%s'
	login 7620 bob@example.org 203.0.113.20
	run_sekisho account "$name"
	[[ $output != *$'\e'* ]]
	says 'x\\x1[bB]\[2Jy'
	run_sekisho account --forget "$name"
	[[ $output != *$'\e'* ]]
	run_sekisho account --json "$name"
	json '.[0].account | length > 5'
	run_sekisho 2 account ''
	run_sekisho 2 account "$(printf 'a%.0s' {1..300})"
	run_sekisho 2 account --trust --forget bob
	run_sekisho account "%' OR 1=1; --"
	run_sekisho account --forget "' OR '1'='1"
	account_is bob@example.org '.sources | length == 1'
}

@test "account shows budgets and messages on hold, and how to release them" {
	local now day
	lab_run
	login 200000 bob@example.org 203.0.113.20
	retry 50 0.1 account_is bob '.sources | length == 1'
	lab_run_end
	now=$(date +%s) day=$(($(date +%s) / 86400))
	sqlite3 "$LAB/state/sekisho.db" "
		INSERT INTO budgets VALUES('bob@example.org', ${now}000000000, 15000000, 0, 0, $day, 33, 12, 4, 2, 5000, 3);
		INSERT INTO held VALUES('bob@example.org', '4ABC01', ${now}000000000, 7, 3000),
			('bob@example.org', '4ABC02', ${now}000000001, 1, 2000),
			('bob@example.org', '\$(id)', ${now}000000002, 1, 2000);"
	account_is bob '.budget.unknown == {"left": 5, "full": 20} and .budget.new.full == 80 and
		.budget.recipients == 33 and .budget.refused == 4 and .budget.over == 3 and
		(.held | length == 3) and .held[1].queue == "4ABC02" and .held[2].size == 3000'
	run_sekisho account bob
	says '^budget .* 5 of 20 for unknown sources, 80 of 80'
	says '^today .*33 recipients, 12 .* 4 not accepted'
	# What is no queue id of Postfix gets into no command.
	says '^release    postsuper -H 4ABC02 -H 4ABC01$'
	says '^delete     postsuper -d 4ABC02 -d 4ABC01$'
	run_sekisho account --held bob
	[[ $output == $'4ABC02\n4ABC01' ]]
	run_sekisho accounts
	says 'over its budget +1 bob@example.org$'
	run_sekisho accounts --json
	json 'map(select(.account == "bob@example.org"))[0] | .over == 3 and .held == 2'
	run_sekisho account --trust bob
	account_is bob '.budget == null and (.held | length == 3)'
	run_sekisho account --forget bob
	account_is bob '.held == []'
}

# Where any local user may ask, the queue id and the account are anybody's words.
@test "no word of a stranger gets into a command that account prints" {
	local now id name
	# shellcheck disable=SC2016 # it is to be seen as it is
	name='x;touch /tmp/pwn;$(id)`id`'
	lab_run
	lab_run_end
	now=$(date +%s)
	for id in ALL hold ALLALL -d active; do
		sqlite3 "$LAB/state/sekisho.db" "INSERT INTO held VALUES('bob@example.org', '$id', ${now}000000000, 1, 100)"
	done
	run_sekisho account bob@example.org
	says '^held +5 messages'
	[[ ! $output =~ postsuper|exim ]]
	run_sekisho account --held bob@example.org
	[[ -z $output ]]
	for id in 4ABC0{0..9}; do
		sqlite3 "$LAB/state/sekisho.db" "INSERT INTO held VALUES('bob@example.org', '$id', ${now}000000000, 1, 100),
			('$name', '$id', ${now}000000000, 1, 100)"
	done
	run_sekisho account --held bob@example.org
	[[ $(sort <<<"$output") == $(printf '%s\n' 4ABC0{0..9}) ]]
	run_sekisho account bob@example.org
	says "^release +sekisho account --held 'bob@example.org' \| postsuper -H -$"
	run_sekisho account "$name"
	says '^release +postsuper( -H 4ABC0[0-9]){10}$'
	says '^delete +postsuper( -d 4ABC0[0-9]){10}$'
	[[ ! $(grep -v '^account' <<<"$output") =~ touch ]]
	# Exim's ids are released by Exim's command.
	sqlite3 "$LAB/state/sekisho.db" "INSERT INTO held VALUES('carol@example.org', '1wQ2xZ-0004Rm-2b', ${now}000000000, 1, 100)"
	run_sekisho account carol@example.org
	says '^release +exim -M 1wQ2xZ-0004Rm-2b$'
}

@test "the first start learns from containers' logs, and from what xz packed" {
	local day folder=$LAB/containers/0a1b
	requires python3
	for day in 9 7; do login $((day * 86400)) bob@example.org 203.0.113.20; done
	python3 -c 'import lzma, sys; sys.stdout.buffer.write(lzma.compress(sys.stdin.buffer.read()))' \
		<"$LAB/log/mail.log" >"$LAB/log/mail.log.2.xz"
	: >"$LAB/log/mail.log"
	for day in 5 3; do login $((day * 86400)) alice@example.org 203.0.113.21; done
	rm -rf "$LAB/containers"
	mkdir -p "$folder"
	echo '{"ID":"0a1b","Name":"/mail-1"}' >"$folder/config.v2.json"
	jq -Rc '{log: (. + "\n"), stream: "stdout", time: (.[0:19] + "Z")}' "$LAB/log/mail.log" >"$folder/0a1b-json.log"
	: >"$LAB/log/mail.log"
	printf '%s\n' '[log docker]' 'docker = mail-*' "containers = $LAB/containers" >>"$LAB/sekisho.conf"
	lab_run
	grep -q 'learned from 2 of 2 log files of' "$LAB/log/run"
	account_is bob@example.org '.sources | length == 1 and .[0].known'
	account_is alice@example.org '.sources | length == 1 and .[0].known'
}
