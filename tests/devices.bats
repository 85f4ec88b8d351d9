#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
# Devices that come, go, change and differ; the gate is where it should be, and says how.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho jq ping || return 0
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
	ADDED=()
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	local device
	for device in "${ADDED[@]}"; do
		server ip link del "$device" 2>/dev/null || :
	done
	cat "$LAB/log/run" 2>/dev/null || :
}

# Another cable between the two, by other addresses: the client's is 10.77.0.2.
cable() { # DEVICE [SERVER'S INDEX]
	ADDED+=("$1")
	# shellcheck disable=SC2086 # two words or none
	server ip link add "$1" ${2:+index $2} type veth peer name "${1}p"
	server ip link set "${1}p" netns "$LAB_CLIENT"
	server ip address add 10.77.0.1/24 dev "$1"
	server ip link set "$1" up
	client ip address add 10.77.0.2/24 dev "${1}p"
	client ip link set "${1}p" up
}

hook_is() { # DEVICE HOOK
	run_sekisho status --json
	json ".[0].devices | any(.device == \"$1\" and .attached and .hook == \"$2\")"
}

unguarded() { # DEVICE
	run_sekisho status --json
	json ".[0].devices | all(.device != \"$1\" or (.attached | not))"
}

index_of() { # DEVICE
	server cat "/proc/net/dev_snmp6/$1" | sed -n 's/^ifIndex[[:space:]]*//p'
}

@test "two devices are guarded, and a ban holds on both" {
	cable mx1
	lab_listen 10.77.0.1 25
	lab_conf 'mode = enforce
interface = mx0 mx1'
	run_sekisho load
	hook_is mx0 xdp
	hook_is mx1 xdp
	run_sekisho ban 10.77.0.2
	run_sekisho ban 198.51.100.66
	connect_is no-answer 10.77.0.2 10.77.0.1 25 0.3
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	connect_is open 198.51.100.67 "$MX4" 25
}

@test "jumbo frames go through native XDP, and a ban holds there" {
	cable mx1
	server ip link set mx1 mtu 9000
	client ip link set mx1p mtu 9000
	lab_listen 10.77.0.1 25
	lab_conf 'mode = enforce
interface = mx1'
	run_sekisho load
	hook_is mx1 xdp
	client ping -q -c 1 -W 2 -M "do" -s 8900 10.77.0.1
	connect_is open 10.77.0.2 10.77.0.1 25
	run_sekisho ban 10.77.0.2
	connect_is no-answer 10.77.0.2 10.77.0.1 25 0.3
	client ping -q -c 1 -W 2 -M "do" -s 8900 10.77.0.1 # no mail
}

@test "a device that appears later is guarded as soon as it is there" {
	lab_conf 'mode = enforce
interface = mx0 mx1'
	lab_run
	grep -q 'mx1: not guarded: there is no such device' "$LAB/log/run"
	cable mx1
	retry 30 0.1 hook_is mx1 xdp
}

@test "a device that is deleted and made anew is guarded again, with the same index or another" {
	lab_conf 'mode = enforce
interface = mx0 mx1'
	cable mx1 77
	lab_run
	hook_is mx1 xdp
	run_sekisho ban 10.77.0.2
	server ip link del mx1
	retry 30 0.1 unguarded mx1
	cable mx1 77
	retry 30 0.1 hook_is mx1 xdp
	[[ $(index_of mx1) -eq 77 ]]
	server ip link del mx1
	cable mx1
	retry 30 0.1 hook_is mx1 xdp
	connect_is no-answer 10.77.0.2 10.77.0.1 25 0.3
	[[ $(find "$LAB_PINS" -name 'xdp-*' | wc -l) -eq 2 ]]
}

@test "a device that is renamed is no longer the one that was named, and the new name can be" {
	lab_conf 'mode = enforce
interface = mx0 mx1'
	cable mx1
	lab_run
	hook_is mx1 xdp
	server ip link set mx1 down
	server ip link set mx1 name mx2
	server ip link set mx2 up
	ADDED+=(mx2)
	retry 30 0.1 unguarded mx2
	lab_conf 'mode = enforce
interface = mx0 mx2'
	kill -HUP "$(<"$LAB/run.pid")"
	retry 30 0.1 hook_is mx2 xdp
}

@test "a device that goes down and up again is still guarded" {
	lab_conf 'mode = enforce
interface = mx1'
	cable mx1
	lab_listen 10.77.0.1 25
	lab_run
	run_sekisho ban 10.77.0.2
	server ip link set mx1 down
	sleep 0.5 # for the daemon to see it
	hook_is mx1 xdp
	server ip link set mx1 up
	connect_is no-answer 10.77.0.2 10.77.0.1 25 0.3
	hook_is mx1 xdp
}

@test "a device that moves to another namespace takes no program with it" {
	lab_conf 'mode = enforce
interface = mx0 mx1'
	cable mx1
	lab_run
	hook_is mx1 xdp
	server ip link set mx1 netns "$LAB_CLIENT"
	retry 30 0.1 unguarded mx1
	retry 30 0.1 eval '! client ip -d link show mx1 | grep -q prog/xdp'
	client ip link del mx1
}

@test "a bridge is guarded by tc, and status says why" {
	lab_conf 'mode = enforce
interface = br0'
	server ip link add br0 type bridge
	ADDED+=(br0)
	cable mx1
	server ip address flush dev mx1
	server ip link set mx1 master br0
	server ip address add 10.77.0.1/24 dev br0
	server ip link set br0 up
	lab_listen 10.77.0.1 25
	retry 50 0.1 connect_is open 10.77.0.2 10.77.0.1 25 0.3
	run_sekisho load
	says 'br0: guarded by tc ingress \(its driver refused native XDP'
	hook_is br0 tc
	json '.[0].devices | any(.device == "br0" and (.why | test("refused native XDP: .*(not support)")))'
	run_sekisho status
	says 'br0.*tc.*refused native XDP'
	run_sekisho ban 10.77.0.2
	connect_is no-answer 10.77.0.2 10.77.0.1 25 0.3
	run_sekisho unban 10.77.0.2
	connect_is open 10.77.0.2 10.77.0.1 25
}

# Of a kind that not every kernel has; tests/vm/core runs these where it does.
has_vlans() {
	unshare --net sh -c 'ip link add probe0 type veth &&
		ip link add link probe0 name probe1 type vlan id 5' 2>/dev/null
}

has_bonds() {
	unshare --net ip link add probe0 type bond 2>/dev/null
}

@test "a VLAN is guarded by tc on its own device, and by native XDP on the one below" {
	has_vlans || skip "this kernel has no VLAN devices"
	cable mx1
	lab_listen 10.77.0.1 25
	for side in server client; do
		local lower=mx1
		[[ $side == server ]] || lower=mx1p
		"$side" ip link add link "$lower" name vlan5 type vlan id 5
		"$side" ip link set vlan5 up
	done
	server ip address add 10.78.0.1/24 dev vlan5
	client ip address add 10.78.0.2/24 dev vlan5
	lab_listen 10.78.0.1 25
	lab_conf 'mode = enforce
interface = vlan5'
	run_sekisho load
	hook_is vlan5 tc
	run_sekisho ban 10.78.0.2
	connect_is no-answer 10.78.0.2 10.78.0.1 25 0.3
	run_sekisho unban 10.78.0.2
	connect_is open 10.78.0.2 10.78.0.1 25

	lab_conf 'mode = enforce
interface = mx1'
	run_sekisho load
	hook_is mx1 xdp
	unguarded vlan5
	connect_is open 10.78.0.2 10.78.0.1 25
	run_sekisho ban 10.78.0.2
	connect_is no-answer 10.78.0.2 10.78.0.1 25 0.3
	connect_is open 10.77.0.2 10.77.0.1 25
}

@test "a bond is guarded as one device, and a ban holds on it" {
	has_bonds || skip "this kernel has no bonds"
	cable mx1
	server ip address flush dev mx1
	server ip link set mx1 down
	server ip link add bond7 type bond mode active-backup
	ADDED+=(bond7)
	server ip link set mx1 master bond7
	server ip address add 10.77.0.1/24 dev bond7
	server ip link set bond7 up
	lab_listen 10.77.0.1 25
	retry 50 0.1 connect_is open 10.77.0.2 10.77.0.1 25 0.3
	lab_conf 'mode = enforce
interface = bond7'
	run_sekisho load
	hook_is bond7 xdp
	run_sekisho ban 10.77.0.2
	connect_is no-answer 10.77.0.2 10.77.0.1 25 0.3
	run_sekisho unban 10.77.0.2
	connect_is open 10.77.0.2 10.77.0.1 25
}

@test "a device without a link header is guarded by tc: a banned source's SYN gets no answer, another's does" {
	[[ -c /dev/net/tun ]] || skip "no /dev/net/tun"
	lab_conf 'mode = enforce
interface = tun7'
	server ip tuntap add mode tun tun7
	ADDED+=(tun7)
	server ip address add 10.77.0.1/24 dev tun7
	server ip address add 2001:db8:77::1/64 dev tun7 nodad
	server ip link set tun7 up
	lab_listen 10.77.0.1 25
	lab_listen 2001:db8:77::1 25
	run_sekisho load
	says 'tun7: guarded by tc ingress \(it has no link header\)'
	run_sekisho ban 10.77.0.66
	run_sekisho 1 ban 2001:db8:77::66 # its /64 is the machine's as well
	complains 'with /128 the address alone'
	run_sekisho ban 2001:db8:77::66/128
	[[ $(server "$LAB_TOOLS/tun" tun7 10.77.0.67 10.77.0.1 25) == open ]]
	[[ $(server "$LAB_TOOLS/tun" tun7 10.77.0.66 10.77.0.1 25) == no-answer ]]
	[[ $(server "$LAB_TOOLS/tun" tun7 10.77.0.66 10.77.0.1 9) == refused ]]
	[[ $(server "$LAB_TOOLS/tun" tun7 2001:db8:77::67 2001:db8:77::1 25) == open ]]
	[[ $(server "$LAB_TOOLS/tun" tun7 2001:db8:77::66 2001:db8:77::1 25) == no-answer ]]
}

# The last one: the devices do not come back as they were.
@test "with interface = auto the device of the default route stays guarded through a rename" {
	lab_conf 'mode = enforce'
	lab_run
	hook_is mx0 xdp
	server ip link set mx0 down
	server ip link set mx0 name wan0
	server ip link set wan0 up
	server ip route replace default dev wan0
	retry 30 0.1 hook_is wan0 xdp
}
