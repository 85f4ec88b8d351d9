#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Counts and budgets that stay true: what is not from outside is not counted, what was lost is found
# again, a reload changes nothing that is counted, and the excess of one source costs no other.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho jq bpftool || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	lab_listen "$MX4" 25 2525 2626 2727
	lab_listen 127.0.0.1 25
}

teardown_file() {
	lab_down
}

setup() {
	requires
	lab_reset
	held=()
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	for pid in "${held[@]}"; do
		lab_kill "$pid"
	done
	server ip link del side0 2>/dev/null || :
	cat "$LAB/log/run" 2>/dev/null || :
}

hold() { # NAME SOURCE [PORT]
	lab_hold "$1" "$2" "$MX4" "${3:-25}"
	held+=("$(tail -n 1 "$LAB/pids")")
}

meter_sum() { # TABLE MEMBER
	bpftool -j map dump pinned "$LAB_MAPS/$1" | jq "[.[].formatted.value.$2] | add // 0"
}

open_is() { # COUNT: in all three tables
	local table
	for table in sources networks country_meters; do
		[[ $(meter_sum $table open) == "$1" ]] || return 1
	done
}

ends() {
	local pid
	for pid in "${held[@]}"; do
		lab_kill "$pid"
	done
	held=()
}

# From the server's own network, to ADDRESS; prints how many of COUNT opened.
own_connects() { # ADDRESS COUNT
	server "$LAB_TOOLS/peer" burst "$1" "$1" 25 "$2" 0.01
}

@test "connections of the machine to itself are not counted, and have no limit" {
	lab_conf 'mode = enforce' '[class world]
connections = 2
rate = 6/m
burst = 2
[service smtp]
countries = *:world'
	lab_run
	[[ $(own_connects 127.0.0.1 20) == 20 ]]
	[[ $(own_connects "$MX4" 20) == 20 ]]
	[[ $(meter_sum country_meters handshakes) == 0 ]]
	[[ $(meter_sum sources handshakes) == 0 ]]
}

@test "connections by a device that is not guarded are not counted, and have no limit" {
	ip link add side0 netns "$LAB_SERVER" type veth peer name side1 netns "$LAB_CLIENT"
	server ip addr add 10.99.0.1/24 dev side0
	server ip link set side0 up
	client ip addr add 10.99.0.2/24 dev side1
	client ip link set side1 up
	lab_conf 'mode = enforce' '[class world]
connections = 1
rate = 1/m
burst = 1
[service smtp]
countries = *:world'
	lab_run
	# By the side door to the address that is guarded.
	client ip route add "$MX4/32" via 10.99.0.1 src 10.99.0.2
	[[ $(lab_burst 10.99.0.2 "$MX4" 25 10 0.05) == 10 ]]
	client ip route del "$MX4/32"
	[[ $(meter_sum country_meters handshakes) == 0 ]]
	hold seen 198.51.100.20
	retry 20 0.1 open_is 1
}

@test "a reload that changes lengths and takes services away leaves no count behind" {
	lab_conf 'mode = enforce' '[service extra]
ports = 2525
[service last]
ports = 2626'
	lab_run
	hold one 198.51.100.20
	hold two 198.51.100.21 2525
	retry 20 0.1 open_is 2
	lab_conf 'mode = enforce
network-prefix4 = 20' '[service last]
ports = 2626'
	kill -HUP "$(<"$LAB/run.pid")"
	retry 50 0.1 grep -q reloaded "$LAB/log/run"
	hold three 198.51.100.22
	retry 20 0.1 open_is 3
	ends
	retry 50 0.1 open_is 0
	counts_were_right
}

equals_ss() { # LENGTH4 PORT=SERVICE...
	server ss -Htna | "$LAB_TOOLS/open-counts" "$LAB_MAPS" "$@"
}

reload() {
	local before
	before=$(grep -c ': reloaded' "$LAB/log/run" || :)
	kill -HUP "$(<"$LAB/run.pid")"
	retry 100 0.1 reloaded_since "$before"
}

reloaded_since() { (($(grep -c ': reloaded' "$LAB/log/run") > $1)); }

@test "services keep their ids and counts through reloads, a restart, and until they are empty" {
	local ports=("25=smtp" "2525=first" "2626=second")
	lab_conf 'mode = enforce' '[service first]
ports = 2525
[service second]
ports = 2626'
	lab_run
	hold one 198.51.100.20
	hold two 198.51.100.21 2525
	hold three 203.0.113.21 2525
	hold four 198.51.100.230 2626
	retry 20 0.1 equals_ss 24 "${ports[@]}"
	# The first is taken away, and another comes before the second.
	lab_conf 'mode = enforce' '[service third]
ports = 2727
[service second]
ports = 2626'
	reload
	hold five 198.51.100.20 2727
	hold six 198.51.100.20 2626
	ports+=("2727=third")
	retry 20 0.1 equals_ss 24 "${ports[@]}"
	run_sekisho stats --json
	json '.[0].services | .first.open == 2 and .second.open == 2 and .third.open == 1'
	run_sekisho status --json
	json '.[0].services | has("first") | not'
	lab_run_end
	lab_kill "${held[4]}"
	lab_conf 'mode = enforce' '[service second]
ports = 2626
[service third]
ports = 2727'
	lab_run
	retry 20 0.1 equals_ss 24 "${ports[@]}"
	run_sekisho stats --json
	json '.[0].services | .first.open == 2 and .second.open == 2 and .third.open == 0'
	ends
	retry 50 0.1 open_is 0
	counts_were_right
}

@test "the id of a service that was taken out is not another's while its connections are open" {
	local i many=''
	lab_conf 'mode = enforce' '[service first]
ports = 2525'
	lab_run
	hold one 198.51.100.21 2525
	retry 20 0.1 open_is 1
	for ((i = 0; i < 10; i++)); do
		many+="[service more$i]"$'\n'"ports = $((3000 + i))"$'\n'
	done
	lab_conf 'mode = enforce' "$many"
	kill -HUP "$(<"$LAB/run.pid")"
	retry 50 0.1 grep -q 'reload: there is no place for the service .more9' "$LAB/log/run"
	equals_ss 24 2525=first
	ends
	retry 50 0.1 open_is 0
	reload
	run_sekisho stats --json
	json '.[0].services | has("more9") and (has("first") | not) and .more9.handshakes == 0'
}

@test "a changed length of networks counts what is open by the new one, and a ban finds it" {
	lab_conf 'mode = enforce
network-prefix4 = 20' '[class world]
network-connections = 3
[service smtp]
countries = *:world'
	lab_run
	hold one 198.51.100.20
	hold two 198.51.100.21
	retry 20 0.1 equals_ss 20 25=smtp
	lab_conf 'mode = enforce
network-prefix4 = 24' '[class world]
network-connections = 3
[service smtp]
countries = *:world'
	reload
	retry 20 0.1 equals_ss 24 25=smtp
	hold three 198.51.100.22
	connect_is no-answer 198.51.100.23 "$MX4" 25 0.3
	run_sekisho ban 198.51.100.0/24
	says '3 open connections closed'
	retry 20 0.1 open_is 0
	counts_were_right
	run_sekisho unban 198.51.100.0/24
}

fast_opened() { # AT LEAST
	(($(server nstat -asz TcpExtTCPFastOpenPassive | awk '/Passive/ { print $2 + 0 }') >= $1))
}

@test "forged SYNs with data to a Fast Open server without cookies cost their source nothing" {
	server sysctl -qw net.ipv4.tcp_fastopen=0x603
	lab_listen "$MX4" 2828
	lab_conf 'mode = enforce' '[class world]
connections = 2
rate = 1/h
burst = 2
[service extra]
ports = 2828
countries = *:world'
	lab_run
	# Of one that answers by a reset, and of one that never does.
	client "$LAB_TOOLS/forge" 198.51.100.40 "$MX4" 2828 10
	client "$LAB_TOOLS/forge" 100.64.0.9 "$MX4" 2828 10
	retry 20 0.1 fast_opened 20
	[[ $(meter_sum country_meters handshakes) == 0 && $(meter_sum sources handshakes) == 0 ]]
	open_is 0
	hold one 198.51.100.40 2828
	hold two 198.51.100.40 2828
	session_is_alive one
	session_is_alive two
	connect_is no-answer 198.51.100.40 "$MX4" 2828 0.3
	[[ $(meter_sum country_meters handshakes) == 2 ]]
	open_is 2
}

@test "lost records, forgotten ends and wrong counts are put right by the next load" {
	local cookie
	lab_conf 'mode = enforce'
	run_sekisho load
	hold one 198.51.100.20
	hold two 198.51.100.21
	retry 20 0.1 open_is 2
	# An entry lost, one of a connection that is no more, and a count that is wrong.
	cookie=$(bpftool -j map dump pinned "$LAB_MAPS/connections" | jq -r '.[0].key | join(" ")')
	# shellcheck disable=SC2086 # bytes
	bpftool map delete pinned "$LAB_MAPS/connections" key $cookie
	bpftool map update pinned "$LAB_MAPS/connections" key hex ff ff ff ff ff ff ff 7f value hex \
		00 00 00 00 00 00 00 00 00 00 ff ff c6 33 64 14 00 00 00 00 00 00 01 07 80 78 00 00
	run_sekisho load
	run_sekisho load
	retry 10 0.1 open_is 2
	ends
	retry 20 0.2 gone
	run_sekisho load
	open_is 0
}

gone() { [[ -z $(server ss -Htn state established "sport = :25") ]]; }

half_open_are() { # COUNT, at least
	(($(server ss -Htn state syn-recv | wc -l) >= $1))
}
handshakes_are() { # COUNT, at least
	(($(meter_sum country_meters handshakes) >= $1))
}

@test "what a source is beyond its own limit costs its network and country nothing" {
	lab_conf 'mode = enforce' '[class world]
connections = 2
network-connections = 6
network-rate = 6/m
network-burst = 8
country-rate = 6/m
country-burst = 8
[service smtp]
countries = *:world'
	# Without a daemon nothing is closed, and what was taken is not given back. No answer leaves until
	# all SYNs are there.
	run_sekisho load
	lab_hold_answers
	lab_background "$LAB/log/crowd" nsenter --net="/run/netns/$LAB_CLIENT" \
		"$LAB_TOOLS/crowd" open 198.51.100.66 "$MX4" 25 40 "$LAB/crowd"
	held+=("$(tail -n 1 "$LAB/pids")")
	retry 100 0.02 half_open_are 39 # an answer may slip out
	server tc qdisc del dev mx0 root
	retry 100 0.1 handshakes_are 40
	for host in 70 71 72 73; do
		hold "other$host" "198.51.100.$host"
	done
	for host in 70 71 72 73; do
		session_is_alive "other$host"
	done
}
