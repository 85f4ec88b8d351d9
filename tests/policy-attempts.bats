#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What a leaked, an old or a wrong password is worth at real servers that ask: whether a stranger can tell which he
# has, who is banned for what, that no login waits long for a daemon that does not answer, and that all of it
# holds where no log is followed.

load helpers/common
load helpers/policy

OWNER=203.0.113.20
# Of strangers after a leak; SEKISHO_ATTEMPTS=1000 compares as many.
ATTEMPTS=${SEKISHO_ATTEMPTS:-60}

setup_file() {
	file_requires root bpf networks sekisho mail || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	policy_servers inet:127.0.0.1:10040
	cp "$LAB/dovecot/users" "$LAB/dovecot/users.first"
}

teardown_file() {
	lab_down
}

setup() {
	requires curl jq python3
	policy_reset
	cp "$LAB/dovecot/users.first" "$LAB/dovecot/users"
	printf '%s\n' '203.0.113.0,203.0.113.255,64510' >"$LAB/providers"
}

teardown() {
	policy_sockets_end
	policy_end
}

attempts() { client "$BATS_TEST_DIRNAME/policy/attempts" "$@"; }
plays() { KEY=$KEY server "$BATS_TEST_DIRNAME/policy/plays" "$@"; }

SPREAD="$RULE
[rule account-spread]
providers = 4
sending-providers = 4
[rules]
learn = 1s"

# With bob's owner known for two weeks, from a provider of his own.
start() { # [SECTIONS]
	local ago
	policy_conf enforce "${1-$SPREAD}"
	sed -i "/^\[country\]/a providers = $LAB/providers" "$LAB_CONF"
	lab_run
	retry 50 0.1 lab_port_open 9120
	for ago in 1300000 90000; do
		echo "$(date -d "-$ago seconds" '+%b %d %H:%M:%S') imap-login: Info: Login: user=<bob@example.net>, method=PLAIN," \
			"rip=$OWNER, lip=$MX4, mpid=7, secured, session=<owner$ago>" >>"$LAB/log/dovecot.log"
	done
	retry 100 0.1 account_is '.known == 1'
}

account_is() { # FILTER
	run_sekisho account --json bob@example.net
	json ".[0] | $1"
}

# From that on bob's password is PASSWORD.
new_password() { # PASSWORD
	sed -i "s/^bob@example.net:{PLAIN}[^:]*/bob@example.net:{PLAIN}$1/" "$LAB/dovecot/users"
	lab_dovecot_reload
}

stranger_is_refused() { ! proxied 25.1.1.1 bobs-secret >/dev/null; }

@test "after a leak a stranger with the right password receives exactly what a wrong one receives, six times" {
	local i kind
	start
	proxied "$OWNER" bobs-secret
	# Whoever compares can tell: before, the right one is let in.
	run attempts fates "$MX4" bob@example.net bobs-secret 2 "$BATS_TEST_TMPDIR/before"
	((status == 1))
	for i in 1 2 3 4; do
		proxied "2$i.1.1.1" bobs-secret || :
	done
	retry 50 0.1 stranger_is_refused
	attempts fates "$MX4" bob@example.net bobs-secret "$ATTEMPTS" "$BATS_TEST_TMPDIR/after"
	# Banned are all of them.
	as_many_are_banned() {
		run_sekisho bans --json
		for kind in right wrong; do
			(($(jq -r .prefix <<<"$output" | sed 's,/32$,,' | grep -cxFf \
				<(sed -n "s/^$kind //p" "$BATS_TEST_TMPDIR/after")) == ATTEMPTS / 2)) || return
		done
	}
	retry 100 0.1 as_many_are_banned
	proxied "$OWNER" bobs-secret
}

@test "told to end while it hangs, it first answers who asks, on a connection that it has and on new ones" {
	start
	cat >"$BATS_TEST_TMPDIR/asks.py" <<-'END'
		import http.client, os, signal, sys
		key, daemon, question = sys.argv[1], int(sys.argv[2]), sys.argv[3]
		connections = [http.client.HTTPConnection("127.0.0.1", 9120, 30) for _ in range(8)]
		def ask(connection):
		    connection.request("POST", "/?command=allow", question, {"X-API-Key": key, "Content-Type": "application/json"})
		def answered(connection):
		    answer = connection.getresponse()
		    assert answer.status == 200 and b'"status"' in answer.read()
		ask(connections[0])
		answered(connections[0])
		os.kill(daemon, signal.SIGSTOP)
		os.kill(daemon, signal.SIGTERM)
		for connection in connections:
		    ask(connection)
		os.kill(daemon, signal.SIGCONT)
		for connection in connections:
		    answered(connection)
	END
	server python3 "$BATS_TEST_TMPDIR/asks.py" "$KEY" "$(<"$LAB/run.pid")" "$(login bob@example.net "$OWNER")"
	retry 50 0.1 test -s "$LAB/run.pid.status"
}

@test "500 times one wrong password are no ban, five different ones are" {
	start
	[[ $(attempts repeat "$MX4" 198.51.100.7 bob@example.net typo 500) == 500 ]]
	counts_are '.daemon.policy | .reports == 500 and .repeated == 499'
	no_ban_exists 198.51.100.7/32
	local guess
	for guess in 1 2 3 4 5; do
		no_ban_exists 198.51.100.8/32
		attempts repeat "$MX4" 198.51.100.8 bob@example.net "guess-$guess" 1
	done
	retry 100 0.1 ban_exists 198.51.100.8/32
}

@test "an old password of a stranger's is reported, of two strangers' bans both; the owner's old phone is let be" {
	start
	proxied "$OWNER" bobs-secret
	new_password another-one
	sleep 1.1 # the digests' times are in seconds
	proxied "$OWNER" another-one
	attempts repeat "$MX4" "$OWNER" bob@example.net bobs-secret 30
	attempts repeat "$MX4" 21.1.1.1 bob@example.net bobs-secret 2
	retry 100 0.1 account_is '[.alerts[].rule] == ["account-old-password"] and .troubles == []'
	no_ban_exists 21.1.1.1/32
	attempts repeat "$MX4" 22.1.1.1 bob@example.net bobs-secret 1
	retry 100 0.1 ban_exists 21.1.1.1/32
	ban_exists 22.1.1.1/32
	no_ban_exists "$OWNER/32"
	proxied "$OWNER" another-one
}

@test "five networks that only guess never keep the owner out, nor his mail" {
	local guess
	start
	for guess in 1 2 3 4; do
		attempts repeat "$MX4" "31.1.$guess.1,32.2.$guess.1,33.3.$guess.1,34.4.$guess.1,35.5.$guess.1" \
			bob@example.net "guess-$guess" 1
		proxied "$OWNER" bobs-secret
		[[ $(attempts mails "$MX4" "$OWNER" bob@example.net bobs-secret 1) == *'"failed": 0'* ]]
	done
	# Somewhere new he is let in as well: who guesses does not have the password.
	proxied 203.0.113.77 bobs-secret
	proxied 36.6.6.6 bobs-secret
	no_ban_exists "$OWNER/32"
	retry 100 0.1 account_is 'any(.troubles[]; .rule == "account-siege")'
}

# Of COUNT logins, or mails: none failed, and the slowest took no longer.
none_waits() { # WHEN MS logins|mails COUNT
	local said
	said=$(attempts "$3" "$MX4" "$OWNER" bob@example.net bobs-secret "$4")
	echo "# $1: $3: $said" >&3
	jq -e --argjson most "$(($2 * PATIENCE))" '.failed == 0 and .most_ms <= $most' <<<"$said"
}

# The median of many, in microseconds.
login_takes() {
	attempts logins "$MX4" "$OWNER" bob@example.net bobs-secret 60 | jq '.median_ms * 1000 | floor'
}

@test "no login and no mail fails or waits longer than is documented: the daemon hung, killed, stopped" {
	local running stopped
	policy_sockets 9120 10040
	policy_conf enforce
	policy_run_passed 2
	none_waits running 2000 logins 20
	none_waits running 5000 mails 5
	# Dovecot gives up its two questions after 300 ms each, Postfix its two after a second each.
	kill -STOP "$(<"$LAB/run.pid")"
	none_waits hung 1500 logins 5
	none_waits hung 8000 mails 2
	kill -CONT "$(<"$LAB/run.pid")"
	retry 50 0.1 still_answers
	# The sockets take what comes until it is back.
	lab_run_end KILL || :
	none_waits killed 1500 logins 5
	policy_run_passed 2
	none_waits back 2000 logins 5
	running=$(login_takes)
	# As sekisho-stand-in.service has it.
	lab_run_end
	policy_sockets_end
	lab_background "$LAB/log/stand-in" nsenter --net="/run/netns/$LAB_SERVER" "$SEKISHO" -c "$LAB_CONF" stand-in
	retry 50 0.1 lab_port_open 9120
	stopped=$(login_takes)
	echo "# a login takes $running us with the daemon, $stopped us with its stand-in" >&3
	((stopped < running + 5000 * PATIENCE))
	none_waits 'stood in for' 1500 logins 5
	none_waits 'stood in for' 5000 mails 5
	# Nobody takes a connection. Dovecot tries again all the same until its time is over; Postfix does not.
	kill "$(tail -n 1 "$LAB/pids")"
	none_waits stopped 1500 logins 5
	none_waits stopped 5000 mails 5
}

# No log is followed from now on; what was known of accounts stays.
follow_nothing() {
	lab_run_end
	sed -i '/^\[log/d; /^file = /d' "$LAB_CONF"
	lab_run
	retry 50 0.1 lab_port_open 10040
	grep -q 'no log is followed' "$LAB/log/run"
}

@test "story A without a log: at most 50 recipients leave, strangers are refused, all of the owner's mails go" {
	start
	follow_nothing
	run plays leak bob@example.net "$OWNER"
	echo "# $output" >&3
	json '.[0] | .left <= 50 and .in <= 12 and .refused >= 460 and .owner_lost == 0 and .owner_mails == 24'
	retry 50 0.1 account_is '.troubles[0].rule == "account-spread"'
}

@test "story A without a log and without the rule: the budget alone lets 50 recipients leave" {
	start "$RULE
[rule account-spread]
action = off
[rules]
learn = 1s"
	follow_nothing
	run plays leak bob@example.net "$OWNER"
	echo "# $output" >&3
	json '.[0] | .left <= 50 and .left >= 20 and .owner_lost == 0 and .owner_mails == 24'
}

@test "story B without a log: strangers are out before the twelfth, and after the change at once; the owner is in" {
	start
	follow_nothing
	run plays siege bob@example.net "$OWNER"
	echo "# $output" >&3
	json '.[0] | .let_in <= 11 and .last_in <= 11 and .after_in == 0 and .owner_in and .phone_refused == 0'
	retry 50 0.1 account_is '.troubles | length > 0'
}
