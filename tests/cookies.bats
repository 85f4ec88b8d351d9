#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# SYN cookies on the device: what a listener's queue cannot take is answered there, so that strangers
# still connect while forged SYNs flood the port. No mail server: a listener with a short queue.

load helpers/common

FLOOD=$BATS_TEST_DIRNAME/../build/tests/flood/flood
MX_MAC=02:00:00:00:00:01

setup_file() {
	file_requires root bpf networks sekisho jq python3 || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	# Without a program on it a veth takes nothing that an XDP program of its peer sends.
	lab_background "$LAB/log/foreign" \
		nsenter --net="/run/netns/$LAB_CLIENT" "$LAB_TOOLS/foreign" xdp out0 2
	PEER_PROGRAM=$(tail -n 1 "$LAB/pids")
	export PEER_PROGRAM
	ip netns exec "$LAB_SERVER" sysctl -qw net.core.somaxconn=8 net.ipv4.tcp_syncookies=1
	lab_listen "$MX4" 25 587
	lab_listen "$MX6" 25 587
}

teardown_file() {
	lab_down
}

cookies_conf() { # MODE
	lab_conf "mode = $1
syn-cookies = auto"
}

setup() {
	requires
	[[ -x $FLOOD ]] || skip "needs $FLOOD, which is not built"
	lab_reset
	FLOODS=
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	flood_end
	ip netns exec "$LAB_SERVER" sysctl -qw net.ipv4.tcp_syncookies=1
	cat "$LAB/log/run" 2>/dev/null || :
}

# Forged SYNs without end, of sources that nobody has, on the CPU that the strangers use: each CPU leaves
# some to the kernel.
flood() { # SERVER PORT [OPTION...]
	local server=$1 port=$2
	shift 2
	lab_background "$LAB/log/flood" nsenter --net="/run/netns/$LAB_CLIENT" taskset -c 0 \
		"$FLOOD" out0 $MX_MAC "$server" "$port" 1000000000 portion=192 whole=1 "$@"
	FLOODS+=" $(tail -n 1 "$LAB/pids")"
	retry 50 0.1 queue_is_full "$port"
}

queue_is_full() { (($(server ss -Htn state syn-recv "sport = :$1" | wc -l) >= 8)); }

flood_end() {
	local pid
	for pid in $FLOODS; do
		lab_kill "$pid"
	done
	FLOODS=
}

flood4() { flood "$MX4" 25 from=100.64.0.0 span=65536; }

answered() { # [SERVICE [MEMBER]]
	run_sekisho stats --json >/dev/null
	jq ".services.${1:-smtp}.syn_cookies.${2:-answered}" <<<"$output"
}

answered_is_over() { (($(answered) > $1)); }

# Who answers each kind of SYN (tests/lab/syns).
syns() { # SERVER PORT KIND...
	client taskset -c 0 "$LAB_TOOLS/syns" out0 $MX_MAC "$@"
}

syns_are() { # WHO SERVER PORT KIND...
	local who=$1
	shift
	syns "$@" >"$BATS_TEST_TMPDIR/syns" || return
	cat "$BATS_TEST_TMPDIR/syns"
	[[ -s $BATS_TEST_TMPDIR/syns ]] || return
	! grep -Ev " ($who)\$" "$BATS_TEST_TMPDIR/syns"
}

@test "strangers connect during a flood of forged SYNs, answered on the device, by both families" {
	local i
	cookies_conf enforce
	run_sekisho load
	flood4
	flood "$MX6" 25
	for i in {1..10}; do
		connect_is open "198.51.100.$i" "$MX4" 25 3
		connect_is open "2001:db8:bad:$i::1" "$MX6" 25 3
	done
	answered_is_over 100
	# Each handshake was seen, as ever, and makes the source known.
	run_sekisho stats --json
	json '.[0].services.smtp.handshakes == 20'
}

@test "an answer is never longer than what asked for it, and hostile options change nothing in it" {
	local usual=(plain bare data fast-open fast-open-asked multipath multipath-join no-mss mss-0 mss-1
		mss-65535 option-of-0 option-of-255 mss-cut mss-short mss-long nops wscale-255 ece tagged tagged-twice)
	cookies_conf enforce
	run_sekisho load
	flood4
	syns_are device "$MX4" 25 "${usual[@]}"
	flood "$MX6" 25
	syns_are device "$MX6" 25 "${usual[@]}"
	# Nor does it ask for segments that the device cannot take.
	ip -n "$LAB_SERVER" link set mx0 mtu 1380
	run_sekisho load
	MSS=1340 syns_are device "$MX4" 25 plain mss-65535
	# What names none asks for 536 bytes.
	MSS=536 syns_are device "$MX4" 25 mss-1 no-mss mss-0 mss-cut mss-short mss-long option-of-0
	MSS=1320 syns_are device "$MX6" 25 plain
	ip -n "$LAB_SERVER" link set mx0 mtu 1500
}

@test "what is no plain SYN of a host to a listener is left to the kernel, as it came" {
	local source odd=(tagged-thrice syn-fin syn-rst syn-ack short-header long-header to-group from-group)
	export TRIES=4 CONTROL="$MX4 25"
	cookies_conf enforce
	run_sekisho load
	flood4
	flood "$MX6" 25
	syns_are 'nobody|kernel' "$MX4" 25 "${odd[@]}" ip-options source-route fragment reserved-bit bad-checksum
	syns_are 'nobody|kernel' "$MX6" 25 "${odd[@]}" extension
	for source in 127.0.0.1 0.0.0.0 224.0.0.1 255.255.255.255 "$MX4"; do
		SOURCE=$source syns_are 'nobody|kernel' "$MX4" 25 plain
	done
	for source in ::1 :: ff02::1 fe80::1 ::ffff:192.0.2.9 "$MX6"; do
		SOURCE=$source syns_are 'nobody|kernel' "$MX6" 25 plain
	done
	# Not in another's name, and where nobody listens, or the queue has room, not at all.
	syns_are nobody 192.0.2.77 25 plain
	syns_are kernel "$MX4" 143 plain
	syns_are kernel "$MX4" 587 plain
	syns_are kernel "$MX4" 8080 plain
}

@test "a known source's SYN goes to the kernel, a banned one's nowhere" {
	export TRIES=4 CONTROL="$MX4 25"
	cookies_conf enforce
	run_sekisho load
	connect_is open 198.51.100.1 "$MX4" 25
	connect_is open 2001:db8:bad:1::1 "$MX6" 25
	run_sekisho ban 198.51.100.2
	flood4
	flood "$MX6" 25
	SOURCE=198.51.100.1 syns_are kernel "$MX4" 25 plain
	SOURCE=2001:db8:bad:1::1 syns_are kernel "$MX6" 25 plain
	SOURCE=198.51.100.2 syns_are nobody "$MX4" 25 plain
	SOURCE=198.51.100.3 syns_are device "$MX4" 25 plain
}

@test "in monitor mode what would be answered is counted, and the kernel answers" {
	export TRIES=8
	cookies_conf monitor
	run_sekisho load
	flood4
	syns_are kernel "$MX4" 25 plain bare
	[[ $(answered) == 0 ]]
	(($(answered smtp would_answer) > 100))
	run_sekisho stats
	says 'SYN cookies +answered +would-answer'
	run_sekisho stats --prometheus
	says 'sekisho_service_would_syn_cookies_total\{service="smtp"\} [1-9]'
}

@test "without syn-cookies = auto, by tc, and sysctls without cookies leave every SYN to the kernel, and status says why" {
	export TRIES=8
	lab_conf 'mode = enforce'
	run_sekisho load
	flood4
	syns_are kernel "$MX4" 25 plain
	[[ $(answered) == 0 && $(answered smtp would_answer) == 0 ]]
	run_sekisho status -v
	says 'syn-cookies not on mx0: the configuration says so'
	run_sekisho unload
	lab_conf 'mode = enforce
syn-cookies = auto
hook = tc'
	run_sekisho load
	syns_are kernel "$MX4" 25 plain
	run_sekisho status --json
	json '.[0].devices[0] | .syn_cookies == false and (.syn_cookies_why | test("tc"))'
	run_sekisho unload
	cookies_conf enforce
	ip netns exec "$LAB_SERVER" sysctl -qw net.ipv4.tcp_syncookies=2
	run_sekisho load
	syns_are kernel "$MX4" 25 plain
	run_sekisho status -v
	says 'syn-cookies not on mx0: net.ipv4.tcp_syncookies is 2'
}

@test "with net.ipv4.tcp_syncookies at 2 what the queue can take is the kernel's" {
	cookies_conf enforce
	run_sekisho load
	flood4
	# Set behind the gate's back: nobody tells it. Port 25's queue stays full for a while, which on a busy machine may
	# be over before it is asked.
	for _ in 1 2 3; do
		ip netns exec "$LAB_SERVER" sysctl -qw net.ipv4.tcp_syncookies=1
		syns_are device "$MX4" 25 plain
		ip netns exec "$LAB_SERVER" sysctl -qw net.ipv4.tcp_syncookies=2
		if TRIES=8 CONTROL="$MX4 25" syns_are kernel "$MX4" 587 plain; then
			return
		fi
		grep -q 'the device answers none at all' "$BATS_TEST_TMPDIR/syns" || break
	done
	fail "this is not the kernel's"
}

@test "the daemon notices addresses and sysctls that change, and answers that get lost" {
	cookies_conf enforce
	lab_run
	flood4
	syns_are device "$MX4" 25 plain
	export TRIES=8
	ip -n "$LAB_SERVER" address add 192.0.2.77/24 dev mx0
	lab_background "$LAB/log/peer" nsenter --net="/run/netns/$LAB_SERVER" "$LAB_TOOLS/peer" listen 192.0.2.77 25
	flood_end # the gate keeps the last address that was its own
	flood 192.0.2.77 25 from=100.64.0.0 span=65536
	retry 20 0.5 syns_are device 192.0.2.77 25 plain
	ip -n "$LAB_SERVER" address del 192.0.2.77/24 dev mx0
	# By a route its SYNs come to the listener all the same, and keep its queue full.
	ip -n "$LAB_SERVER" route add local 192.0.2.77 dev mx0
	retry 20 0.5 syns_are kernel 192.0.2.77 25 plain
	flood4
	ip netns exec "$LAB_SERVER" sysctl -qw net.ipv4.tcp_syncookies=0
	retry 40 0.5 grep -q 'mx0: SYNs beyond .* left to the kernel: net.ipv4.tcp_syncookies is 0' "$LAB/log/run"
	ip netns exec "$LAB_SERVER" sysctl -qw net.ipv4.tcp_syncookies=1
	retry 40 0.5 grep -q 'mx0: SYNs beyond .* answered with cookies' "$LAB/log/run"
	lab_kill "$PEER_PROGRAM"
	retry 100 0.5 grep -q 'mx0: SYNs beyond .* left to the kernel: answers got lost' "$LAB/log/run"
	syns_are kernel "$MX4" 25 plain
	run_sekisho status -v
	says 'syn-cookies not on mx0: the gate was told not to'
}
