#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What other programs put on the gate's devices, take off them, or put in its way: a ban holds all
# the same, or status, doctor and `run` say that it does not.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho jq || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	lab_listen "$MX4" 25
	lab_listen "$MX6" 25
}

teardown_file() {
	lab_down
}

setup() {
	requires
	lab_reset
	server tc qdisc del dev mx0 ingress 2>/dev/null || :
	FOREIGN=()
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	foreign_off
	server tc qdisc del dev mx0 ingress 2>/dev/null || :
	cat "$LAB/log/run" 2>/dev/null || :
}

BANNED=198.51.100.66
OTHER=198.51.100.67

kept_out() {
	connect_is no-answer "$BANNED" "$MX4" 25 0.3 && connect_is open "$OTHER" "$MX4" 25
}

# A foreign filter that lets everything pass, in front of all others on tc.
foreign_filter() { # ingress|egress
	server tc filter add dev mx0 "$1" prio 1 protocol all u32 match u32 0 0 flowid 1:1
}

# A BPF program of another on mx0, until the test ends.
foreign() { # KIND RESULT
	nsenter --net="/run/netns/$LAB_SERVER" "$LAB_TOOLS/foreign" "$1" mx0 "$2" \
		>"$BATS_TEST_TMPDIR/foreign" 2>&1 3>&- &
	FOREIGN+=($!)
	retry 30 0.1 grep -qx on "$BATS_TEST_TMPDIR/foreign"
}

# Keeps the pinned links' programs on their devices by an fd, as a process that has them open does.
hold_links() {
	"$LAB_TOOLS/foreign" hold "$LAB_MAPS"/links/* >"$BATS_TEST_TMPDIR/foreign" 2>&1 3>&- &
	FOREIGN+=($!)
	retry 30 0.1 grep -qx on "$BATS_TEST_TMPDIR/foreign"
}

foreign_off() {
	kill "${FOREIGN[@]}" 2>/dev/null || :
	FOREIGN=()
}

finds() { # ID [SUBJECT]
	run_sekisho any doctor --json
	json ".[0].findings | any(.id == \"$1\"${2:+ and .subject == \"$2\"})"
}

tc_conf() {
	lab_conf 'mode = enforce
hook = tc' "$@"
}

@test "with an ingress qdisc on the device, a ban holds on tc, with the breaker and without" {
	for outflow in 'rate = 10/m' 'ports = none'; do
		lab_reset
		tc_conf "[outflow]
$outflow"
		server tc qdisc add dev mx0 handle ffff: ingress
		lab_run
		run_sekisho ban "$BANNED"
		kept_out
		run_sekisho status
		lab_run_end
		run_sekisho unload
		[[ -z $(server tc filter show dev mx0 ingress) ]]
		server tc qdisc show dev mx0 | grep -q ingress
		server tc qdisc del dev mx0 ingress
	done
}

@test "an ingress qdisc that comes later takes neither gate nor breaker away" {
	tc_conf '[outflow]
rate = 10/m'
	lab_run
	run_sekisho ban "$BANNED"
	server tc qdisc del dev mx0 clsact 2>/dev/null || :
	server tc qdisc add dev mx0 handle ffff: ingress
	retry 10 0.1 kept_out
	run_sekisho status
}

@test "an incoming connection is not the breaker's with an ingress qdisc and native XDP" {
	lab_conf 'mode = enforce' '[outflow]
rate = 1/h
burst = 1
mode = enforce'
	server tc qdisc add dev mx0 handle ffff: ingress
	run_sekisho load
	for _ in 1 2 3 4; do
		connect_is open "$OTHER" "$MX4" 25
	done
}

@test "filters and clsact that others take away are back within a second" {
	tc_conf '[outflow]
rate = 10/m'
	lab_run
	run_sekisho ban "$BANNED"
	server tc qdisc add dev mx0 clsact 2>/dev/null || :
	server tc filter del dev mx0 ingress
	retry 10 0.1 kept_out
	server tc qdisc del dev mx0 clsact
	retry 10 0.1 kept_out
	run_sekisho status --json
	json '.[0].devices[0] | .attached and .outflow and .open == null'
}

@test "a filter of another in front of everything on tc does not let a banned source in" {
	tc_conf '[outflow]
rate = 10/m'
	server tc qdisc add dev mx0 clsact
	foreign_filter ingress
	foreign_filter egress
	lab_run
	run_sekisho ban "$BANNED"
	kept_out
	run_sekisho status
	lab_run_end
	run_sekisho unload
	server tc filter show dev mx0 ingress | grep -q u32
	server tc qdisc show dev mx0 | grep -q clsact
}

@test "a filter that comes in front of the gate later is passed by within a second" {
	tc_conf
	lab_run
	run_sekisho ban "$BANNED"
	server tc qdisc add dev mx0 clsact 2>/dev/null || :
	foreign_filter ingress
	retry 10 0.1 kept_out
}

@test "a TCX program of another in front of the gate is passed by within a look" {
	tc_conf '[outflow]
rate = 10/m'
	lab_run
	run_sekisho ban "$BANNED"
	kill -STOP "$(<"$LAB/run.pid")"
	foreign tcx-ingress 0 # TCX_PASS: nobody behind is asked
	foreign tcx-egress 0
	connect_is open "$BANNED" "$MX4" 25
	run_sekisho 1 status
	says 'OPEN.*TCX program "foreign".* in front'
	finds device-open mx0
	finds outflow-not-attached mx0
	kill -CONT "$(<"$LAB/run.pid")"
	retry 70 0.1 kept_out
	run_sekisho status
}

@test "without the daemon, status and doctor say what is in front, and load passes it by" {
	tc_conf
	run_sekisho load
	run_sekisho ban "$BANNED"
	foreign tcx-ingress 0
	run_sekisho 1 status --json
	json '.[0].devices[0].open | test("TCX program .foreign.")'
	finds device-open mx0
	run_sekisho load
	kept_out
	run_sekisho status
}

# The pin of a link outlives its attachment: what counts is what a packet meets.
gate_is_taken_off() {
	local link
	for link in "$LAB_MAPS"/links/*; do
		server bpftool link detach pinned "$link" || :
	done
	retry 20 0.1 connect_is open "$BANNED" "$MX4" 25
}

@test "without the daemon, a gate that was detached under its pins is said to be gone, by XDP and tc" {
	local hook
	requires bpftool
	for hook in xdp tc; do
		lab_reset
		lab_conf "mode = enforce
hook = $hook"
		run_sekisho load
		run_sekisho ban "$BANNED"
		kept_out
		run_sekisho status
		gate_is_taken_off
		run_sekisho 1 status
		says '^devices +mx0 +(NOT GUARDED|OPEN)'
		run_sekisho 1 status --json
		json '.[0].devices[] | select(.device == "mx0") | .attached == false or .open != null'
		finds device-unguarded mx0
		run_sekisho load
		kept_out
		run_sekisho status
		run_sekisho unload
	done
}

@test "an XDP program of another stays and is named" {
	lab_conf
	foreign xdp 2 # XDP_PASS
	lab_run
	run_sekisho ban "$BANNED"
	kept_out
	run_sekisho status
	says 'tc: the XDP program "foreign".* of another'
	finds foreign-xdp mx0
}

@test "packets that come in and that the gate never sees are noticed, whatever takes them" {
	lab_conf
	foreign xdp-generic 1 # XDP_DROP
	lab_run
	client ping -q -c 100 -i 0.02 -W 1 "$MX4" || :
	retry 20 0.5 run_sekisho 1 status
	run_sekisho 1 status
	says 'OPEN.*sees none of them'
	finds device-open mx0
	foreign_off
	client ping -q -c 3 "$MX4"
	retry 20 0.5 run_sekisho status
}

@test "unload --force under the daemon: nothing is attached again, and the daemon says so" {
	lab_conf
	lab_run
	run_sekisho ban "$BANNED"
	kept_out
	run_sekisho unload --force
	sleep 1
	server ip link set mx0 mtu 1400 # something to be reported
	server ip link set mx0 mtu 1500
	sleep 0.5
	connect_is open "$BANNED" "$MX4" 25
	run_sekisho 1 status
	says 'no gate is loaded'
	retry 70 0.1 grep -q 'unloaded under this daemon' "$LAB/log/run"
	[[ ! -e $LAB_PINS ]]
	run ! grep -q gate_ <(server bpftool net show dev mx0)
}

@test "a gate that is loaded anew under the daemon becomes the daemon's" {
	requires bpftool
	lab_conf
	lab_run
	run_sekisho ban "$BANNED"
	run_sekisho unload --force
	run_sekisho load
	retry 70 0.1 grep -q 'taken over' "$LAB/log/run"
	kept_out
	for ((i = 0; i < 6; i++)); do
		printf '%s mx postfix/smtpd[9]: warning: unknown[%s]: SASL LOGIN authentication failed: x\n' \
			"$(LC_ALL=C date '+%b %e %H:%M:%S')" "$OTHER" >>"$LAB/log/mail.log"
	done
	retry 50 0.1 ban_exists "$OTHER/32"
	connect_is no-answer "$OTHER" "$MX4" 25 0.3
}

@test "bans that are said while the gate is unloaded and loaded are made" {
	local prefixes=() i banned=0
	lab_conf
	run_sekisho load
	for ((i = 0; i < 2000; i++)); do
		prefixes+=("10.9.$((i / 250)).$((i % 250 + 1))")
	done
	lab_sekisho ban "${prefixes[@]}" >"$LAB/log/bans" 2>"$LAB/log/bans-faults" 3>&- &
	local pid=$!
	retry 50 0.02 grep -q banned "$LAB/log/bans"
	run_sekisho unload
	run_sekisho load
	wait "$pid" || :
	run_sekisho bans --json
	[[ $(grep -c '^banned' "$LAB/log/bans") == $(jq -s length <<<"$output") ]]
	for ((i = 0; i < 2000; i += 97)); do
		grep -q "^banned ${prefixes[i]}/32" "$LAB/log/bans" || continue
		run_sekisho why --json "${prefixes[i]}"
		json '.[0].services.smtp.reason == "banned"'
		banned=$((banned + 1))
	done
	((banned > 0))
}

@test "a gate whose pins were removed is found on the device by name, and unload takes it off" {
	tc_conf
	run_sekisho load
	run_sekisho ban "$BANNED"
	hold_links
	find "$LAB_PINS" -depth -type f -delete
	find "$LAB_PINS" -depth -type d -delete
	connect_is no-answer "$BANNED" "$MX4" 25 0.3
	run_sekisho 1 status
	says 'gate_tc.*whose pins are gone'
	finds stray-program mx0
	run_sekisho unload
	connect_is open "$BANNED" "$MX4" 25
	run_sekisho 1 unload
}

past_the_gate() {
	run_sekisho 1 status
	says 'OPEN +connections get past the gate: of 1[0-9] handshakes'
}

@test "handshakes of which the gate saw no SYN are noticed within a sweep" {
	tc_conf
	lab_run
	kill -STOP "$(<"$LAB/run.pid")"
	foreign tcx-ingress 0
	for _ in {1..12}; do
		connect_is open "$OTHER" "$MX4" 25
	done
	kill -CONT "$(<"$LAB/run.pid")"
	retry 45 1 past_the_gate
	finds handshakes-unseen
	grep -q 'connections get past the gate' "$LAB/log/run"
}
