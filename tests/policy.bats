#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What mail servers ask of the daemon: real Dovecot and Postfix, and requests that no mail server sends.

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
	requires swaks curl jq python3
	cd "$BATS_TEST_TMPDIR" || return
	policy_reset
}

teardown() {
	policy_end
}

delivered_once() { (($(lab_delivered "$1") == 1)); }

@test "Dovecot asks and reports, Postfix asks; one attempt is one event, also where logs tell of it" {
	policy_run enforce
	lab_imap "$GATEWAY4" "$MX4" bob bobs-secret
	run ! lab_imap "$GATEWAY4" "$MX4" bob wrong-by-imap
	lab_send "$GATEWAY4" "$MX4" bob bobs-secret --timeout 30
	run ! lab_login "$GATEWAY4" "$MX4" bob wrong-by-smtp
	# Asked once before the password, once more after a right one.
	counts_are '.daemon.policy | .questions == 6 and .reports == 4 and .mails == 2 and .malformed == 0'
	counts_are '.daemon.policy | .hash_bits == 32 and .dovecot.open and .postfix.last != null'
	counts_are '.daemon.events | .failure == 2 and .success == 2 and .message == 1'
	grep -q 'Password mismatch' "$LAB/log/dovecot.log"
	run_sekisho status
	says '^policy +Dovecot asked .*; Postfix asked .*; 6 logins and 2 recipients asked about, 0 refused$'
	run_sekisho stats --prometheus
	says '^sekisho_policy_questions_total 6$'
	says '^sekisho_policy_open\{listener="dovecot"\} 1$'
}

@test "one wrong password eight times bans nobody, five different ones do; logs are followed" {
	policy_run enforce
	for _ in 1 2 3 4 5 6 7 8; do
		run ! lab_imap 198.51.100.7 "$MX4" bob typo
	done
	counts_are '.daemon.policy.reports == 8 and .daemon.events.failure == 1'
	no_ban_exists 198.51.100.7/32
	for guess in 1 2 3 4 5; do
		run ! lab_imap 198.51.100.8 "$MX4" bob "guess-$guess"
	done
	retry 100 0.1 ban_exists 198.51.100.8/32
}

@test "a server that lost its passwords makes no guesser of whoever has the right one" {
	policy_run enforce
	lab_imap "$GATEWAY4" "$MX4" bob bobs-secret
	mv "$LAB/dovecot/users" "$LAB/dovecot/users.lost"
	lab_dovecot_reload
	for _ in 1 2 3 4 5 6 7 8; do
		run ! lab_imap 198.51.100.7 "$MX4" bob bobs-secret
	done
	mv "$LAB/dovecot/users.lost" "$LAB/dovecot/users"
	lab_dovecot_reload
	# How 2.4 reports a fault of its own is another matter; that nobody is banned for it is not.
	[[ $(lab_dovecot_language "") ]] || counts_are '.daemon.policy | .reports == 9 and .repeated == 7'
	no_ban_exists 198.51.100.7/32
	lab_imap 198.51.100.7 "$MX4" bob bobs-secret
}

@test "a mail over the budget of unknown sources is held, and is not lost" {
	policy_run enforce "$RULE
[rules]
learn = 1s"
	sed -i 's/^insecure/recipients = 2\nrecipients-day = 3\n&/' "$LAB_CONF"
	kill -HUP "$(<"$LAB/run.pid")"
	retry 50 0.1 grep -q '^sekisho: reloaded' "$LAB/log/run"
	sleep 2
	lab_send 198.51.100.7 "$MX4" bob bobs-secret --to alice@example.net,bob@example.net --timeout 30
	retry 100 0.1 delivered_once bob
	lab_send 198.51.100.7 "$MX4" bob bobs-secret --to carol@example.net --timeout 30
	counts_are '.daemon.policy.held == 1'
	counts_are '.daemon.events.message == 2'
	(($(lab_delivered carol) == 0))
	grep -q 'NOQUEUE: hold\|: hold: ' "$LAB/log/mail.log"
	lab_inside postsuper -c /mnt/postfix/etc -H ALL
	lab_inside postqueue -c /mnt/postfix/etc -f
	retry 100 0.1 delivered_once carol
}

@test "five wrong passwords ban, by reports alone: no log is followed" {
	policy_run enforce
	sed -i '/^\[log/d; /^file = /d' "$LAB_CONF"
	kill -HUP "$(<"$LAB/run.pid")"
	retry 50 0.1 grep -q 'no log is followed' "$LAB/log/run"
	for guess in 1 2 3 4; do
		run ! lab_imap 198.51.100.7 "$MX4" bob "wrong-$guess"
	done
	no_ban_exists 198.51.100.7/32
	run ! lab_imap 198.51.100.7 "$MX4" bob wrong-5
	retry 50 0.1 ban_exists 198.51.100.7/32
	run_sekisho why --json 198.51.100.7
	json '.[0].evidence | length == 5'
	says 'policy: bob@example.net, imap from 198.51.100.7: failed'
}

# A line of a log waits for the report of the same attempt, and comes out when somebody else's report does.
@test "the evidence of a ban names its own source, also where others' reports came meanwhile" {
	local i
	policy_run enforce
	ask allow "$(login innocent@example.net 203.0.113.250)"
	for ((i = 1; i <= 6; i++)); do
		echo "$(LC_ALL=C date '+%b %d %H:%M:%S') auth: Info: passwd-file(bob$i@example.net,198.51.100.201,<s$i>): Password mismatch" \
			>>"$LAB/log/dovecot.log"
		ask report "$(login innocent@example.net 203.0.113.250 ',"success":true,"policy_reject":false')"
		sleep 0.4
	done
	for ((i = 0; i < 10; i++)); do
		ask report "$(login innocent@example.net 203.0.113.250 ',"success":true,"policy_reject":false')"
		sleep 0.4
	done
	retry 100 0.1 ban_exists 198.51.100.201/32
	run_sekisho why --json 198.51.100.201
	json '.[0].evidence | length == 5'
	json '[.[0].evidence[].line | test("\\(bob[1-6]@example\\.net,198\\.51\\.100\\.201,")] | all'
	json '[.[0].evidence[].line] | unique | length == 5'
}

@test "a banned source behind a proxy is refused, with the right password, by IMAP and at RCPT" {
	policy_run enforce
	proxied 203.0.113.9 bobs-secret
	run_sekisho ban 203.0.113.9 --for 1h
	run proxied 203.0.113.9 bobs-secret
	echo "$output"
	((status == 1))
	proxied 203.0.113.10 bobs-secret
	[[ $(talk lines protocol_state=RCPT client_address=203.0.113.9 sasl_username=bob) == action=DEFER_IF_PERMIT* ]]
	[[ $(talk lines protocol_state=RCPT client_address=203.0.113.10 sasl_username=bob) == action=DUNNO ]]
	counts_are '.daemon.policy.refused == 2'
	run_sekisho unban 203.0.113.9
	proxied 203.0.113.9 bobs-secret
}

@test "deny lists and countries hold for the source that is reported, for their services; monitor only counts" {
	printf '203.0.113.0/24\n' >"$LAB/drop.txt"
	policy_run enforce "[list drop]
action = deny
file = $LAB/drop.txt
services = imap
[service pop3]
countries = DE:deny"
	[[ $(ask allow "$(login bob 203.0.113.5)") == *'"status":-1'* ]]
	[[ $(ask allow "$(login bob 198.51.100.5)") == *'"status":0'* ]]
	[[ $(ask allow "$(login bob 203.0.113.5 | sed s/imap/pop3/)") == *'"status":-1'* ]]
	[[ $(ask allow "$(login bob 203.0.113.5 | sed s/imap/smtp/)") == *'"status":0'* ]]
	[[ $(ask allow "$(login bob 198.51.100.5 | sed s/imap/pop3/)") == *'"status":0'* ]]
	sed -i 's/^mode = enforce/mode = monitor/' "$LAB_CONF"
	kill -HUP "$(<"$LAB/run.pid")"
	retry 50 0.1 grep -q '^sekisho: reloaded' "$LAB/log/run"
	[[ $(ask allow "$(login bob 203.0.113.5)") == *'"status":0'* ]]
	counts_are '.daemon.policy | .refused == 2 and .would_refuse == 1'
}

@test "the daemon hangs, is killed, is stopped: logins and mail go on" {
	policy_run enforce
	proxied 203.0.113.9 bobs-secret
	kill -STOP "$(<"$LAB/run.pid")"
	proxied 203.0.113.9 bobs-secret
	lab_send "$GATEWAY4" "$MX4" bob bobs-secret --timeout 30
	kill -CONT "$(<"$LAB/run.pid")"
	lab_run_end KILL || :
	proxied 203.0.113.9 bobs-secret
	lab_send "$GATEWAY4" "$MX4" bob bobs-secret --timeout 30
	lab_run
	retry 50 0.1 lab_port_open 9120
	proxied 203.0.113.9 bobs-secret
	retry 50 0.1 status_says '.daemon.policy.questions >= 0'
	lab_run_end
	proxied 203.0.113.9 bobs-secret
	lab_send "$GATEWAY4" "$MX4" bob bobs-secret --timeout 30
}

@test "a reload keeps the connections, takes the new key, and moves a listener" {
	policy_run enforce
	printf '%s\n%s\n' "$KEY" new-key-new-key-new-key >"$LAB/policy.key"
	[[ $(server curl -sS -o /dev/null -w '%{http_code}' -H "X-API-Key: new-key-new-key-new-key" -d '{}' \
		'http://127.0.0.1:9120/?command=allow') == 401 ]]
	kill -HUP "$(<"$LAB/run.pid")"
	retry 50 0.1 grep -q '^sekisho: reloaded' "$LAB/log/run"
	[[ $(server curl -sS -o /dev/null -w '%{http_code}' -H "X-API-Key: new-key-new-key-new-key" -d '{}' \
		'http://127.0.0.1:9120/?command=allow') == 400 ]]
	[[ $(ask allow "$(login bob 203.0.113.5)") == *'"status":0'* ]]
	sed -i 's/^dovecot = .*/dovecot = [::1]:9122/' "$LAB_CONF"
	kill -HUP "$(<"$LAB/run.pid")"
	retry 50 0.1 lab_port_open 9122
	retry 50 0.1 eval '! lab_port_open 9120'
	chmod 644 "$LAB/policy.key"
	kill -HUP "$(<"$LAB/run.pid")"
	retry 50 0.1 grep -q 'others may read or change the key file .*; chown root and chmod 600 it' "$LAB/log/run"
}

# The connection is taken and ends at once.
turned_away() { # PORT
	server timeout 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/$1; cat <&3" 2>/dev/null
}

@test "sockets that the service manager passed are used, over reloads; one that nothing names is shut" {
	cat >"$BATS_TEST_TMPDIR/sekisho" <<-END
		#!/bin/sh
		exec "$BATS_TEST_DIRNAME/policy/passed" 9120 10040 9999 -- "$SEKISHO" "\$@"
	END
	chmod +x "$BATS_TEST_TMPDIR/sekisho"
	SEKISHO=$BATS_TEST_TMPDIR/sekisho policy_run enforce
	grep -q 'the configuration does not name a socket that the service manager passed' "$LAB/log/run"
	still_answers
	sed -i 's/^dovecot = .*/dovecot = [::1]:9122/' "$LAB_CONF"
	kill -HUP "$(<"$LAB/run.pid")"
	retry 50 0.1 lab_port_open 9122
	# Its place is no longer named: nobody waits there for an answer.
	retry 50 0.1 turned_away 9120
	sed -i 's/^dovecot = .*/dovecot = 127.0.0.1:9120/' "$LAB_CONF"
	kill -HUP "$(<"$LAB/run.pid")"
	retry 50 0.1 eval '! lab_port_open 9122'
	still_answers
	turned_away 9999
}

@test "the socket for Postfix answers root and no other user, whatever its mode" {
	policy_run enforce
	sed -i "s,^postfix = .*,postfix = unix:$LAB/run/postfix,; s/^insecure = yes/insecure = no/" "$LAB_CONF"
	kill -HUP "$(<"$LAB/run.pid")"
	retry 50 0.1 test -S "$LAB/run/postfix"
	[[ $(stat -c %a "$LAB/run/postfix") == 660 ]]
	chmod 666 "$LAB/run/postfix"
	chmod 711 "$LAB" "$LAB/run" 2>/dev/null || :
	cat >"$BATS_TEST_TMPDIR/ask.py" <<-'END'
		import os, socket, sys
		s = socket.socket(socket.AF_UNIX)
		os.chdir(os.path.dirname(sys.argv[1]))
		if len(sys.argv) > 2:
		    os.setuid(int(sys.argv[2]))
		s.settimeout(5)
		s.connect(os.path.basename(sys.argv[1]))
		try:
		    s.sendall(b"request=smtpd_access_policy\nprotocol_state=RCPT\n\n")
		    print(s.recv(100))
		except (BrokenPipeError, ConnectionResetError):
		    print(b"")
	END
	[[ $(python3 "$BATS_TEST_TMPDIR/ask.py" "$LAB/run/postfix") == *DUNNO* ]]
	[[ $(python3 "$BATS_TEST_TMPDIR/ask.py" "$LAB/run/postfix" 65534) == "b''" ]]
	counts_are '.daemon.policy.unauthorized == 1'
}

# The owner came two weeks ago, and yesterday.
owner_of_old() { # SOURCE
	local ago
	for ago in 1300000 90000; do
		echo "$(date -d "-$ago seconds" '+%b %d %H:%M:%S') imap-login: Info: Login: user=<bob@example.net>, method=PLAIN," \
			"rip=$1, lip=$MX4, mpid=7, secured, session=<owner$ago>" >>"$LAB/log/dovecot.log"
	done
	known() {
		run_sekisho account --json bob@example.net
		json '.[0].known == 1'
	}
	retry 100 0.1 known
}

@test "story A: of a leaked password 20 recipients leave at once, all of the owner's mails, and nothing is lost" {
	# The rules that would end it sooner are off.
	policy_run enforce "$RULE
[rule account-spread]
action = off
[rule account-flood]
action = alert
[rules]
learn = 1s"
	owner_of_old 203.0.113.20
	local i alice bob carol
	alice=$(lab_delivered alice) bob=$(lab_delivered bob) carol=$(lab_delivered carol)
	for i in {1..13}; do
		lab_send "198.51.100.$((i * 18))" "$MX4" bob bobs-secret --to alice@example.net,carol@example.net --timeout 30
		((i % 4)) || lab_send 203.0.113.20 "$MX4" bob bobs-secret --to bob@example.net --timeout 30
	done
	arrived() { # MAILS: to alice and to carol, beside those of the tests before; and three to bob
		(($(lab_delivered alice) == alice + $1 && $(lab_delivered carol) == carol + $1 && $(lab_delivered bob) == bob + 3))
	}
	retry 300 0.1 arrived 10
	held() {
		run_sekisho account --json bob@example.net
		json '.[0] | (.held | length == 3 and all(.recipients == 2)) and .budget.unknown.left == 0 and .budget.over == 3'
	}
	retry 100 0.1 held
	run_sekisho accounts
	says 'over its budget'
	sleep 2
	arrived 10
	run_sekisho account bob@example.net
	says '^release    postsuper -H '
	run_sekisho account --held bob@example.net
	# shellcheck disable=SC2154 # run_sekisho() sets it
	lab_inside postsuper -c /mnt/postfix/etc -H - <<<"$output"
	lab_inside postqueue -c /mnt/postfix/etc -f
	retry 300 0.1 arrived 13
}
