#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A full table of bans, a backlog and 100,000 hostile lines a second: commands and signals are served
# within a second, bans by hand have room, and what gives way is what has the least time left.

load helpers/common

BANS=131072

setup_file() {
	file_requires root bpf networks sekisho jq python3 || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
}

teardown_file() {
	lab_down
}

setup() {
	requires
	lab_reset
	: >"$LAB/log/mail.log"
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	touch "$BATS_TEST_TMPDIR/enough"
	lab_run_end KILL || :
	tail -n 30 "$LAB/log/run" 2>/dev/null || :
}

conf() { # BANS
	lab_conf "mode = enforce
bans = $1" '[rule source-failures]
failures = 1
window = 10m
ban = 1h
[rule network-failures]
action = off'
}

# Failed logins, each of another IPv6 /64: COUNT of them at RATE a second until `enough` exists; 0 is
# no end. Four /64s of each /48.
flood() { # COUNT RATE
	"$LAB_TOOLS/flood-log" "$LAB/log/mail.log" "$1" "$2" "$BATS_TEST_TMPDIR/enough"
}

used() {
	lab_sekisho status --json | jq .tables.bans.used
}
is_full() {
	(($(used) >= BANS - 1024))
}

milliseconds() { # COMMAND...
	local began
	began=$(now_us)
	"$@" >&2 || return
	echo $((($(now_us) - began) / 1000))
}

# What a command took, less what one took right before it that waits for nothing: of the time that it
# takes a machine with other work to start a process the daemon has no part.
own_milliseconds() { # COMMAND...
	local start took
	start=$(milliseconds lab_sekisho --version) || return
	took=$(milliseconds "$@") || return
	echo "$((took > start ? took - start : 0)) $start"
}

@test "with a full table and 100,000 hostile lines a second, ban, unban and SIGTERM take less than a second" {
	local i times=() starts=() took start count=${COMMANDS:-20}
	conf $BANS
	lab_run
	flood $((BANS + 20000)) 0 3>&-
	retry 300 0.2 is_full
	flood 0 100000 3>&- &
	sleep 3 # it is behind by now
	for ((i = 1; i <= count; i++)); do
		for command in ban unban; do
			read -r took start < <(own_milliseconds lab_sekisho "$command" "198.51.100.$i")
			[[ -n $took ]] || fail "$command 198.51.100.$i"
			times+=("$took") starts+=("$start")
		done
	done
	run_sekisho status --json
	echo "# bans $(jq -c .tables.bans <<<"$output"), behind by $(jq '[.. | .lag_bytes? // empty] | max' <<<"$output") bytes" >&3
	read -r took start < <(own_milliseconds lab_run_end)
	mapfile -t times < <(printf '%d\n' "${times[@]}" | sort -n)
	mapfile -t starts < <(printf '%d\n' "${starts[@]}" | sort -n)
	echo "# $count bans and $count unbans: median ${times[count]} ms, longest ${times[-1]} ms, beside ${starts[count]} ms and at most ${starts[-1]} ms to start a process; SIGTERM $took ms" >&3
	((times[-1] < 1000 * PATIENCE && took < 1000 * PATIENCE))
}

# CPU time of the daemon for each of so many bans, in microseconds.
cost_of_bans() { # COUNT
	local want=$(($(used) + $1)) pid before after
	pid=$(<"$LAB/run.pid")
	before=$(awk '{ print $14 + $15 }' "/proc/$pid/stat")
	flood "$1" 0 >/dev/null 3>&-
	retry 600 0.1 eval "((\$(used) >= $want))" >&2 || return
	after=$(awk '{ print $14 + $15 }' "/proc/$pid/stat")
	echo $(((after - before) * 1000000 / $(getconf CLK_TCK) / $1))
}

sockets_open() { # COUNT
	(($(awk '{ n += $4 } END { print n + 0 }' "$LAB"/opened.* 2>/dev/null) >= $1))
}

@test "open sockets of others cost a ban nothing" {
	local port sockets=${SOCKETS:-5000} ports=(25 587 465 143 993) without with
	conf $BANS
	# As installed. With a narrower scope the meters know nothing of the sockets outside it, and the
	# sockets are listed once a portion.
	sed -i '/^cgroup = /d' "$LAB_CONF"
	lab_run
	without=$(cost_of_bans 10000)
	for port in "${ports[@]}"; do
		lab_background "$LAB/log/crowd" nsenter --net="/run/netns/$LAB_SERVER" \
			"$LAB_TOOLS/crowd" serve "$MX4" "$port"
		lab_wait 30 lab_port_open "$port"
		lab_background "$LAB/log/crowd" nsenter --net="/run/netns/$LAB_CLIENT" "$LAB_TOOLS/crowd" \
			open 198.51.100.1-198.51.100.40 "$MX4" "$port" $((sockets / 5)) "$LAB/opened.$port"
	done
	retry 300 0.2 sockets_open "$sockets"
	with=$(cost_of_bans 10001)
	echo "# a ban took $without us of CPU time, with $sockets open sockets $with us" >&3
	((with < 2 * without + 50))
}
