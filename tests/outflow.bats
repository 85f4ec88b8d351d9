#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The outflow breaker: a real Postfix with a full queue, users who may send and who may not, guests
# behind a bridge, trips told once. The outside is the lab's client, with Postfix's smtp-sink.

load helpers/common

# For retry, which takes a command and not an expression.
state_is() { [[ $(outflow .state) == "$1" ]]; }
said_times() { [[ $(grep -c "$1" "$LAB/log/run") == "$2" ]]; }
sunk_at_least() { (($(sunk) >= $1)); }

MESSAGES=2000

setup_file() {
	file_requires root bpf networks sekisho jq mail || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	guests_up
	lab_mail_namespace
}

teardown_file() {
	local name
	for name in guest other; do
		[[ -z ${LAB_ID-} ]] || ip netns del "sekisho-$LAB_ID-$name" 2>/dev/null || :
	done
	lab_down
}

setup() {
	requires
	lab_reset
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	cat "$LAB/log/run" 2>/dev/null || :
	tail -n 3 "$LAB/log/mail.log" 2>/dev/null || :
}

# Places of containers: namespaces behind a bridge of the server, which routes for them.
guests_up() {
	ip -n "$LAB_SERVER" link add br0 type bridge
	ip -n "$LAB_SERVER" address add 10.9.0.1/24 dev br0
	ip -n "$LAB_SERVER" link set br0 up
	guest_up guest veth0 10.9.0.2 10.9.0.130
	ip -n "$LAB_CLIENT" route add 10.9.0.0/24 via "$MX4"
	ip netns exec "$LAB_SERVER" sysctl -qw net.ipv4.ip_forward=1
}
guest_up() { # NAME PORT ADDRESS...
	local name=sekisho-$LAB_ID-$1 port=$2 address
	ip netns add "$name"
	ip -n "$LAB_SERVER" link add "$port" type veth peer name eth0 netns "$name"
	ip -n "$LAB_SERVER" link set "$port" master br0 up
	for address in "${@:3}"; do
		ip -n "$name" address add "$address/24" dev eth0
	done
	ip -n "$name" link set eth0 up
	ip -n "$name" route add default via 10.9.0.1
}
guest() { nsenter --net="/run/netns/sekisho-$LAB_ID-guest" "$@"; }
other() { nsenter --net="/run/netns/sekisho-$LAB_ID-other" "$@"; }

# The outside's listeners, once per file.
outside() {
	[[ ! -e $LAB/outside ]] || return 0
	local address
	for address in $GATEWAY4 $GATEWAY6; do
		lab_background "$LAB/log/peer" nsenter --net="/run/netns/$LAB_CLIENT" \
			"$LAB_TOOLS/peer" listen "$address" 25 465 587 80
	done
	lab_wait 5 client bash -c "[[ \$(ss -Hltn '( sport = :25 or sport = :80 )' | wc -l) == 4 ]]"
	: >"$LAB/outside"
}

# How many of COUNT connects to the outside open, one SYN each.
leave() { # SOURCE TO PORT COUNT
	server "$LAB_TOOLS/peer" burst "$@"
}
leave_as() { # UID SOURCE TO PORT COUNT
	server setpriv --reuid "$1" --regid "$1" --clear-groups "$(lab_open "$LAB_TOOLS/peer")" burst "${@:2}"
}

outflow() { # JQ-FILTER: prints what it gives
	run_sekisho outflow --json >/dev/null
	jq -r "$1" <<<"$output"
}

@test "what leaves is counted by user, port and family although nothing is configured" {
	outside
	lab_conf 'mode = enforce'
	run_sekisho load
	[[ $(leave "$MX4" "$GATEWAY4" 25 7) == 7 ]]
	[[ $(leave_as 12345 "$MX6" "$GATEWAY6" 587 5) == 5 ]]
	[[ $(leave "$MX4" "$GATEWAY4" 80 3) == 3 ]]
	run_sekisho outflow --json
	json '.[0] | .state == "open" and .limit == null and .total.attempts == 12'
	json '.[0].ports | ."25".attempts == 7 and ."587".attempts == 5 and ."465".attempts == 0'
	json '.[0].senders | any(.who == "local" and .id == 12345 and .port == 587 and .passed == 5)'
	json '.[0].recent | length == 12 and all(.port != 80)'
	run_sekisho status --json
	json '.[0] | .outflow.state == "open" and (.devices | any(.device == "mx0" and .outflow))'
	run_sekisho stats --prometheus
	says '^sekisho_outflow_attempts_total\{port="25"\} 7$'
	run_sekisho outflow
	says 'uid 12345'
	run_sekisho unload
	[[ -z $(server tc filter show dev mx0 egress 2>/dev/null) ]]
}

@test "no more than burst leave at once, over both families and all ports together" {
	outside
	lab_conf 'mode = enforce' '[outflow]
rate = 1/h
burst = 10'
	run_sekisho load
	local sum=0
	sum=$((sum + $(leave "$MX4" "$GATEWAY4" 25 6)))
	sum=$((sum + $(leave "$MX6" "$GATEWAY6" 587 6)))
	sum=$((sum + $(leave "$MX4" "$GATEWAY4" 465 6)))
	[[ $sum == 10 ]] || fail "$sum left"
	[[ $(leave "$MX4" "$GATEWAY4" 80 5) == 5 ]] # no mail port
	run_sekisho outflow --json
	json '.[0] | .state == "tripped" and .held == 8 and .total.dropped == 8 and .since != null'
	json '.[0].breakers[0].suspects[0] | .id == 0 and .attempts == 18 and .held == 8
		and (.destinations | length) == 2 and .cgroup != null'
	run_sekisho stats --prometheus
	says '^sekisho_outflow_tripped\{who="local"\} 1$'
	says '^sekisho_outflow_trip_held\{who="local"\} 8$'
	says '^sekisho_outflow_trip_start_timestamp_seconds\{who="local"\} [0-9]+$'
	local promtool=$BATS_TEST_DIRNAME/../build/prometheus/usr/bin/promtool
	[[ ! -x $promtool ]] || "$promtool" check metrics <<<"$output"
	run_sekisho status
	says '^outflow +tripped \(enforce mode\)$'
	says '^ +this machine: tripped since [0-9TZ:-]+, 8 held back$'
	says '^ +by .*uid 0.*: 8 of 18 attempts$'
	run_sekisho stats
	says '^outflow +attempts +held +refused +state$'
	says '^all +18 +8 +0 +tripped$'
	run_sekisho stats --json
	json '.[0].outflow | .state == "tripped" and .held == 8 and .since != null
		and .breakers[0].suspects[0].id == 0'
}

@test "monitor mode counts what it would have held back, and holds nothing back" {
	outside
	lab_conf 'mode = enforce' '[outflow]
mode = monitor
rate = 1/h
burst = 4'
	run_sekisho load
	[[ $(leave "$MX4" "$GATEWAY4" 25 10) == 10 ]]
	run_sekisho outflow --json
	json '.[0] | .state == "tripped" and .mode == "monitor" and .held == 6
		and .total.dropped == 0 and .total.would_drop == 6'
}

@test "a held SYN that the stack sends again is the same attempt, and leaves when its turn comes" {
	outside
	lab_conf 'mode = enforce' '[outflow]
rate = 60/m
burst = 1'
	run_sekisho load
	[[ $(leave "$MX4" "$GATEWAY4" 25 1) == 1 ]]
	[[ $(server "$LAB_TOOLS/peer" try "$MX4" "$GATEWAY4" 25 5) == open ]]
	run_sekisho outflow --json
	json '.[0].total | .attempts == 2 and .held == 1 and .late == 1 and .repeated >= 1'
	json '.[0].breakers[0].held == 1'
}

@test "a SYN into the void that the stack sends again takes one token" {
	outside
	lab_conf 'mode = enforce' '[outflow]
rate = 1/h
burst = 2'
	run_sekisho load
	# 203.0.113.9 is the client's, where nobody listens on this port; without an answer to the SYN.
	client iptables-nft -A INPUT -p tcp --dport 25 -d 203.0.113.9 -j DROP 2>/dev/null ||
		ip -n "$LAB_CLIENT" route add blackhole 203.0.113.9/32 table local
	server "$LAB_TOOLS/peer" try "$MX4" 203.0.113.9 25 3.5 || :
	run_sekisho outflow --json
	json '.[0].total | .attempts == 1 and .passed == 1 and .repeated >= 1 and .held == 0'
	[[ $(leave "$MX4" "$GATEWAY4" 25 3) == 1 ]]
}

@test "only the users named may send, root only if named; others are told from the rate" {
	outside
	lab_conf 'mode = enforce' '[outflow]
users = 12345
rate = 1/h
burst = 5'
	run_sekisho load
	[[ $(leave_as 12345 "$MX4" "$GATEWAY4" 25 2) == 2 ]]
	[[ $(leave_as 33 "$MX4" "$GATEWAY4" 25 2) == 0 ]]
	[[ $(leave_as 33 "$MX6" "$GATEWAY6" 587 1) == 0 ]]
	[[ $(leave "$MX4" "$GATEWAY4" 25 1) == 0 ]]
	[[ $(leave_as 33 "$MX4" "$GATEWAY4" 80 1) == 1 ]]
	[[ $(leave_as 12345 "$MX4" "$GATEWAY4" 25 4) == 3 ]] # the refused took none of its tokens
	run_sekisho outflow --json
	json '.[0].breakers | any(.who == "user" and .id == 33 and .tripped and .held == 3)'
	json '.[0].breakers | any(.who == "user" and .id == 0 and .tripped and .held == 1)'
	run_sekisho outflow release
	[[ $(leave_as 33 "$MX4" "$GATEWAY4" 25 1) == 0 ]]
	[[ $(leave_as 12345 "$MX4" "$GATEWAY4" 25 10) == 10 ]]
	# Named, root may.
	lab_conf 'mode = enforce' '[outflow]
users = 12345 root'
	run_sekisho load
	[[ $(leave "$MX4" "$GATEWAY4" 25 1) == 1 ]]
	[[ $(leave_as 33 "$MX4" "$GATEWAY4" 25 1) == 0 ]]
}

@test "excepted destinations are not held back and take nothing" {
	outside
	lab_conf 'mode = enforce' "[outflow]
users = 12345
rate = 1/h
burst = 3
except = $GATEWAY4 10.0.0.0/8"
	run_sekisho load
	[[ $(leave "$MX4" "$GATEWAY4" 25 8) == 8 ]]
	[[ $(leave_as 12345 "$MX6" "$GATEWAY6" 25 8) == 3 ]]
	run_sekisho outflow --json
	json '.[0].total | .excepted == 8 and .passed == 3 and .held == 5'
}

@test "guests behind a bridge have a budget of their own, by port and by prefix" {
	outside
	lab_conf 'mode = enforce' '[outflow]
rate = 1/h
burst = 6
guest-rate = 1/h
guest-burst = 3
guests = 10.9.0.128/25'
	run_sekisho load
	[[ $(guest "$LAB_TOOLS/peer" burst 10.9.0.2 "$GATEWAY4" 25 8) == 3 ]]
	[[ $(leave "$MX4" "$GATEWAY4" 25 8) == 6 ]]
	[[ $(guest "$LAB_TOOLS/peer" burst 10.9.0.130 "$GATEWAY4" 587 8) == 3 ]]
	[[ $(guest "$LAB_TOOLS/peer" burst 10.9.0.2 "$GATEWAY4" 80 3) == 3 ]]
	run_sekisho outflow --json
	json '.[0].breakers | any(.who == "guest" and .name == "veth0" and .tripped and .held == 5)'
	json '.[0].breakers | any(.name == "10.9.0.128/25 by veth0" and .held == 5)'
	json '.[0].breakers | any(.who == "local" and .held == 2)'
}

has_sent_by() { # PORT: an attempt of the second guest, which is counted there
	other "$LAB_TOOLS/peer" burst 10.9.0.3 "$GATEWAY4" 465 1 >/dev/null
	[[ $(outflow ".senders | any(.port == 465 and (.name | endswith(\"by $1\")))") == true ]]
}

@test "a guest that forges another's address spends its own budget, however late the other's port came" {
	outside
	lab_conf 'mode = enforce' '[outflow]
guest-rate = 1/h
guest-burst = 3
rate = 1/h
burst = 6
guests = 10.9.0.2/32 10.9.0.3/32'
	lab_run
	guest_up other veth1 10.9.0.3
	retry 40 0.1 has_sent_by veth1
	lab_run_end
	run_sekisho unload
	run_sekisho load
	guest "$LAB_TOOLS/forge" 10.9.0.3 "$GATEWAY4" 25 20
	guest "$LAB_TOOLS/forge" 10.9.0.77 "$GATEWAY4" 25 20
	guest "$LAB_TOOLS/forge" "$MX4" "$GATEWAY4" 25 20
	run_sekisho outflow --json
	json '.[0].breakers | any(.name == "10.9.0.3/32 by veth0" and .attempts == 20 and .held == 17)'
	json '.[0].breakers | all(.name != "10.9.0.3/32 by veth1" and .name != "br0")'
	[[ $(other "$LAB_TOOLS/peer" burst 10.9.0.3 "$GATEWAY4" 25 8) == 3 ]]
	[[ $(guest "$LAB_TOOLS/peer" burst 10.9.0.2 "$GATEWAY4" 25 8) == 3 ]]
	[[ $(leave "$MX4" "$GATEWAY4" 25 8) == 6 ]]
	run_sekisho unload
	[[ -z $(server tc filter show dev veth0 ingress) && ! -e $LAB_PINS ]]
}

@test "a namespace with a device on ours (macvlan) is no user of this machine, and has its own budget" {
	requires macvlan
	outside
	local name=sekisho-$LAB_ID-guest
	ip -n "$LAB_SERVER" link add mv0 link mx0 type macvlan mode bridge
	ip -n "$LAB_SERVER" link set mv0 netns "$name"
	ip -n "$name" address add 192.0.2.77/24 dev mv0
	ip -n "$name" link set mv0 up
	lab_conf 'mode = enforce' '[outflow]
users = 12345
rate = 1/h
burst = 2
guest-rate = 1/h
guest-burst = 4'
	run_sekisho load
	[[ $(guest setpriv --reuid 12345 --clear-groups "$(lab_open "$LAB_TOOLS/peer")" \
		burst 192.0.2.77 "$GATEWAY4" 25 6) == 4 ]]
	[[ $(leave_as 12345 "$MX4" "$GATEWAY4" 25 6) == 2 ]]
	run_sekisho outflow --json
	json '.[0].breakers | any(.who == "namespace" and .tripped and .held == 2)'
	json ".[0].senders | any(.who == \"namespace\" and .id == $(guest stat -Lc %i /proc/self/ns/net))"
	ip -n "$name" link del mv0
}

@test "a trip and its end are told once each, also over a restart; release lifts it" {
	outside
	lab_conf 'mode = enforce' '[outflow]
rate = 1/h
burst = 2
calm = 1h'
	lab_run
	[[ $(leave_as 12345 "$MX4" "$GATEWAY4" 25 6) == 2 ]]
	retry 40 0.1 grep -q 'outflow tripped: this machine: since .* held back' "$LAB/log/run"
	grep -q "outflow: this machine: uid 12345.*to $GATEWAY4" "$LAB/log/run"
	local since
	since=$(outflow .since)
	lab_run_end KILL || :
	[[ $(leave_as 12345 "$MX4" "$GATEWAY4" 25 3) == 0 ]] # the kernel goes on
	lab_run
	# Kept on the boot clock and shown on the wall's: whole seconds may differ by one.
	local apart=$(($(date -d "$(outflow .since)" +%s) - $(date -d "$since" +%s)))
	((apart >= -1 && apart <= 1))
	[[ $(leave_as 12345 "$MX4" "$GATEWAY4" 25 3) == 0 ]]
	[[ $(outflow .held) == 10 ]]
	sleep 2.2 # two looks of the daemon
	[[ $(grep -c 'outflow tripped' "$LAB/log/run") == 1 ]] || fail "told twice"

	run_sekisho outflow release --for 2s
	says '^released: nothing is held back for 2s'
	[[ $(leave "$MX4" "$GATEWAY4" 25 9) == 9 ]]
	[[ $(outflow .state) == released ]]
	retry 40 0.1 grep -q 'outflow: this machine: the trip of .* has ended by hand; 10 held back' \
		"$LAB/log/run"
	retry 40 0.1 state_is open
	[[ $(leave "$MX4" "$GATEWAY4" 25 4) == 0 ]]
	retry 40 0.1 said_times 'outflow tripped' 2
	run_sekisho outflow release
	[[ $(outflow .state) == released ]]
	run_sekisho outflow arm
	[[ $(outflow .state) == open ]]
	lab_run_end
}

@test "a trip ends by itself after a calm" {
	outside
	lab_conf 'mode = enforce' '[outflow]
rate = 1/h
burst = 1
calm = 2s'
	lab_run
	leave "$MX4" "$GATEWAY4" 25 3
	[[ $(outflow .state) == tripped ]]
	retry 60 0.1 grep -q 'outflow: this machine: the trip of .* has ended; 2 held back' "$LAB/log/run"
	[[ $(outflow .state) == open ]]
	lab_run_end
}

@test "a reload changes rate and users at once, and puts the breaker off and on" {
	outside
	lab_conf 'mode = enforce' '[outflow]
rate = 1/h
burst = 2'
	lab_run
	[[ $(leave "$MX4" "$GATEWAY4" 25 4) == 2 ]]
	lab_conf 'mode = enforce' '[outflow]
ports = none'
	kill -HUP "$(<"$LAB/run.pid")"
	retry 40 0.1 grep -q reloaded "$LAB/log/run"
	[[ $(leave "$MX4" "$GATEWAY4" 25 4) == 4 ]]
	[[ -z $(server tc filter show dev mx0 egress) ]]
	[[ $(outflow .state) == off ]]
	lab_conf 'mode = enforce' '[outflow]
users = 12345'
	kill -HUP "$(<"$LAB/run.pid")"
	retry 40 0.1 said_times reloaded 2
	[[ $(leave "$MX4" "$GATEWAY4" 25 4) == 0 ]]
	[[ $(leave_as 12345 "$MX4" "$GATEWAY4" 25 4) == 4 ]]
	lab_run_end
}

@test "two instances' breakers stand side by side, a load replaces its own, an unload takes its own" {
	outside
	lab_conf 'mode = enforce
hook = tc' '[outflow]
rate = 1/h
burst = 1'
	sed "s,$LAB/state,$LAB/state/2,; s,$LAB_PINS,$LAB_PINS/other," "$LAB_CONF" >"$LAB/other.conf"
	mkdir -p "$LAB/state/2"
	server "$SEKISHO" -c "$LAB/other.conf" load
	run_sekisho load
	run_sekisho load
	run_sekisho status --json
	json '.[0].devices[0] | .hook == "tc" and .outflow and (.stray | test("another sekisho"))'
	server "$SEKISHO" -c "$LAB/other.conf" status --json | jq -e '.devices[0].outflow'
	server "$SEKISHO" -c "$LAB/other.conf" unload
	run_sekisho status --json
	json '.[0].devices[0] | .outflow and .stray == null'
	[[ $(leave "$MX4" "$GATEWAY4" 25 3) == 1 ]]
	run_sekisho unload
	[[ -z $(server tc filter show dev mx0 egress) ]]
	[[ $(leave "$MX4" "$GATEWAY4" 25 3) == 3 ]]
}

@test "wrong use and wrong configuration are refused with their remedy" {
	lab_conf
	run_sekisho 2 outflow open
	run_sekisho 2 outflow release --for soon
	run_sekisho 2 outflow --for 1h
	run_sekisho 1 outflow
	complains 'no gate is loaded'
	lab_conf 'mode = enforce' '[outflow]
users = nobody-of-this-name'
	run_sekisho 1 check
	complains "there is no user 'nobody-of-this-name'"
	lab_conf 'mode = enforce' '[outflow]
burst = 5'
	run_sekisho 1 check
	complains "'burst' is nothing without 'rate'"
}

# ---- a real Postfix ----

queued() { # how many messages the queue holds, wherever in it
	find "$LAB"/postfix/queue/{incoming,active,deferred,hold,maildrop} -type f 2>/dev/null | wc -l
}
sunk() { # how many messages the outside has in full
	find "$LAB/sink" -type f -size +0 | wc -l
}
# What has not arrived is still here. A message may be in both while it is handed over, and in neither folder of the
# queue that is read while it goes from one to the other; one that is lost never comes back.
none_is_lost() {
	local left
	left=$(sunk)
	(($(queued) + left >= MESSAGES))
}
all_are_queued() { (($(queued) == MESSAGES)); }
all_have_left() { (($(queued) == 0)); }

fill_queue() {
	lab_inside smtp-source -s 10 -l 1000 -m $MESSAGES -N -f bob@example.net -t to@example.org \
		"inet:127.0.0.1:25"
	retry 100 0.1 all_are_queued
}

start_sink() {
	mkdir -p "$LAB/sink" && chmod 777 "$LAB/sink"
	lab_background "$LAB/log/sink" nsenter --target "$(<"$LAB/mail.pid")" --mount --pid \
		--net="/run/netns/$LAB_CLIENT" \
		sh -c 'cd /mnt/sink && exec smtp-sink -u postfix -d "%s." 203.0.113.25:25 1000'
	lab_wait 5 client bash -c 'ss -Hltn "sport = :25" | grep -q 203.0.113.25'
}

# Every message once, by its recipient, which smtp-source numbers.
each_message_once() {
	local recipients
	recipients=$(grep -h '^X-Rcpt-Args: ' "$LAB"/sink/* | sort)
	[[ $(wc -l <<<"$recipients") == "$MESSAGES" ]] || fail "$(wc -l <<<"$recipients") came"
	[[ $(uniq <<<"$recipients" | wc -l) == "$MESSAGES" ]] || fail "some came twice"
}

outflow_is_tripped() { [[ $(outflow .state) == tripped ]]; }

@test "of a queue of $MESSAGES, burst and rate leave; after the release each arrives once" {
	lab_dovecot
	lab_postfix
	lab_inside postconf -c /mnt/postfix/etc -e 'relayhost = [203.0.113.25]' \
		'smtpd_relay_restrictions = permit_mynetworks, reject' \
		'smtpd_client_restrictions = check_client_access static:HOLD' \
		'smtp_connection_cache_on_demand = no' 'smtp_tls_security_level = none'
	lab_inside postfix -c /mnt/postfix/etc reload 2>/dev/null
	start_sink
	fill_queue
	lab_conf 'mode = enforce' "[outflow]
rate = 60/m
burst = 30
users = $(lab_inside id -u postfix)"
	lab_run
	local start=$SECONDS began left held since
	began=$(now_us)
	lab_inside postsuper -c /mnt/postfix/etc -H ALL 2>/dev/null
	lab_inside postqueue -c /mnt/postfix/etc -f
	retry 100 0.1 sunk_at_least 30
	lab_run_end KILL || : # in mid-trip
	since=$(outflow .since)
	sleep 6
	left=$(sunk)
	local most=$((30 + ($(now_us) - began) / 1000000 + 1))
	echo "# $left of at most $most left, $(queued) are queued" >&3
	((left >= 30 && left <= most)) || fail "$left left, at most $most may"
	lab_run
	# The same trip goes on; on a slow machine so few connects are made meanwhile that it ends, and another begins.
	retry 100 0.2 outflow_is_tripped
	[[ $(outflow .since) == "$since" || $(outflow .since) > "$since" ]]
	held=$(outflow .held)
	((held > 0))
	retry 20 0.1 none_is_lost || fail "$(queued) queued, $(sunk) left"

	# Another user may not go past Postfix.
	[[ $(server setpriv --reuid 33 --regid 33 --clear-groups "$(lab_open "$LAB_TOOLS/peer")" \
		try "$MX4" 203.0.113.25 25 0.5) == no-answer ]]

	run_sekisho outflow release
	local tries=0
	until all_have_left; do
		((tries++ < 12)) || fail "$(queued) are still queued"
		lab_inside postqueue -c /mnt/postfix/etc -f
		lab_wait 5 all_have_left || :
	done
	each_message_once
	run_sekisho outflow --json
	json ".[0] | .state == \"tripped\" or .state == \"released\""
	echo "# $((SECONDS - start)) s from the first to the last" >&3
	lab_run_end
}

# ---- the alert program ----

# One that keeps what it is told: LAB/alerts has a line of JSON for each, LAB/variables the last one's.
alert_program() {
	printf '#!/bin/sh\ncat >>%s\nenv -0 >%s\n' "$LAB/alerts" "$LAB/variables" >"$LAB/alert"
	chmod 755 "$LAB/alert"
	rm -f "$LAB/alerts" "$LAB/variables"
}
alerted() { # JQ-FILTER over one alert
	jq -es "any(.[]; $1)" "$LAB/alerts" >/dev/null
}
has_variable() { # NAME=PATTERN, for the whole of it
	grep -zqx -- "$1" "$LAB/variables"
}

@test "a trip and its end run the alert program with uid, cgroup, destinations and account" {
	outside
	alert_program
	: >"$LAB/log/mail.log"
	lab_conf 'mode = enforce' "[outflow]
rate = 1/h
burst = 2
[alert]
program = $LAB/alert"
	lab_run
	local i
	for i in 1 2 3; do
		printf '%s mx postfix/submission/smtpd[9]: 4F1A2B%d: client=unknown[198.51.100.7], sasl_method=PLAIN, sasl_username=bob@example.com\n' \
			"$(LC_ALL=C date '+%b %e %H:%M:%S')" "$i" >>"$LAB/log/mail.log"
	done
	run_sekisho parse --json "$LAB/log/mail.log"
	json 'map(select(.kind == "message" and .account == "bob@example.com")) | length == 3'
	sleep 1.2 # the log has been read before the trip
	mkdir "$LAB_CGROUP/sender"
	[[ $(LAB_CGROUP=$LAB_CGROUP/sender server "$LAB_TOOLS/in-cgroup" setpriv --reuid 12345 --regid 12345 \
		--clear-groups "$(lab_open "$LAB_TOOLS/peer")" burst "$MX4" "$GATEWAY4" 25 6) == 2 ]]
	local suspect=".outflow.suspects[0] | .who == \"local\" and .id == 12345
		and .destinations == [\"$GATEWAY4\"] and (.cgroup | endswith(\"/sender\")) and .attempts == 6"
	retry 50 0.1 alerted '.rule == "outflow" and .outflow.event == "tripped" and .outflow.since != null
		and .outflow.held >= 1 and .outflow.subject == "this machine" and .outflow.mode == "enforce"
		and (.reason | test("opens too many SMTP connections; they are held back"))'
	alerted "$suspect"
	alerted '.account == "bob@example.com" and .outflow.account_messages == 3'
	alerted ".evidence[0].text | test(\"uid 12345 in /.*/sender, 6 attempts, to $GATEWAY4\")"
	retry 20 0.1 has_variable 'SEKISHO_SENDERS=.*'
	has_variable 'SEKISHO_RULE=outflow'
	has_variable 'SEKISHO_EVENT=tripped'
	has_variable 'SEKISHO_ACCOUNT=bob@example.com'
	has_variable 'SEKISHO_UIDS=12345'
	has_variable "SEKISHO_DESTINATIONS=$GATEWAY4"
	has_variable 'SEKISHO_SUBJECT=this machine'
	has_variable "SEKISHO_SENDERS=uid 12345 in /.*/sender, 6 attempts, to $GATEWAY4"

	rm "$LAB/alerts" # what follows is of the end
	run_sekisho outflow release
	retry 50 0.1 alerted '.outflow.event == "ended" and .outflow.by_hand and .outflow.held == 4
		and (.reason | test("is within its limit again; 4 attempts were over it"))'
	alerted "$suspect"
	alerted '.account == "bob@example.com"'
	lab_run_end
	rmdir "$LAB_CGROUP/sender"
}

@test "a user who may not send is alerted as such, with where to" {
	outside
	alert_program
	lab_conf 'mode = enforce' "[outflow]
users = 12345
[alert]
program = $LAB/alert"
	lab_run
	[[ $(leave_as 33 "$MX6" "$GATEWAY6" 587 2) == 0 ]]
	retry 50 0.1 alerted ".outflow.refused and .outflow.suspects[0].id == 33
		and .outflow.suspects[0].destinations == [\"$GATEWAY6\"]
		and (.reason | test(\"uid 33.* is none of the users; they are refused\"))"
	lab_run_end
}

@test "in monitor mode a trip is alerted, and nothing is held back" {
	outside
	alert_program
	lab_conf 'mode = enforce' "[outflow]
mode = monitor
rate = 1/h
burst = 2
[alert]
program = $LAB/alert"
	lab_run
	[[ $(leave_as 12345 "$MX4" "$GATEWAY4" 25 6) == 6 ]]
	retry 50 0.1 alerted '.outflow.event == "tripped" and .outflow.mode == "monitor"
		and .outflow.suspects[0].id == 12345
		and (.reason | test("opens too many SMTP connections$"))'
	lab_run_end
}
