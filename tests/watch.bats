#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `sekisho watch`: verdicts as they happen, filters, the dropped packets' headers as tcpdump and
# tshark read them, and that nothing stays when whoever watches is gone.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho jq tcpdump tshark || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	lab_listen "$MX4" 25 143 587
	lab_listen "$MX6" 25 143 587
}

teardown_file() {
	lab_down
}

setup() {
	requires
	lab_reset
	watchers=()
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	for pid in "${watchers[@]}"; do
		lab_kill "$pid"
	done
	cat "$LAB"/log/watch*.err 2>/dev/null || :
	rm -f "$LAB"/log/watch*
}

# The slots of those whom the gate tells, as it sees them: a bit each.
active() { bpftool -j map dump pinned "$LAB_MAPS/watching" | jq '.[0].formatted.value.active // .[0].value.active'; }
rings() { bpftool -j map dump pinned "$LAB_MAPS/watched" | jq '[.[] | select(.value | type == "array")] | length'; }
is_active() { [[ $(active) == "$1" ]]; }

# Starts one that writes to $LAB/log/NAME, and waits until the gate tells ACTIVE.
watch_starts() { # NAME ACTIVE OPTION...
	# shellcheck disable=SC2016 # the inner shell's
	lab_background "$LAB/log/$1.err" sh -c 'exec "$@" >"$0"' "$LAB/log/$1" nsenter --net="/run/netns/$LAB_SERVER" \
		"$SEKISHO" -c "$LAB_CONF" watch "${@:3}"
	watchers+=("$(tail -n 1 "$LAB/pids")")
	retry 50 0.2 is_active "$2"
}
watch_ends() { # INDEX
	kill -INT "${watchers[$1]}"
	retry 50 0.1 lab_gone "${watchers[$1]}"
}
has_lines() { (($(wc -l <"$LAB/log/$1") >= $2)); }
lines_are() { # NAME FILTER
	jq -es "$2" <"$LAB/log/$1" >/dev/null || fail "not true: $2" "of: $(cat "$LAB/log/$1")"
}

watches() { # VERDICT
	watch_starts watch1 1 --json
	watch_starts watch2 3 --source 198.51.100.0/25 --service submission,imap --reason banned --json
	watch_starts watch3 7 --country DE --json
	run_sekisho ban 198.51.100.66
	run_sekisho ban 2001:db8:bad:66::/64
	for port in 25 587; do
		lab_try 198.51.100.66 "$MX4" "$port" 0.3 || :
		lab_try 2001:db8:bad:66::1 "$MX6" "$port" 0.3 || :
		lab_try 203.0.113.9 "$MX4" "$port" 0.3
	done
	retry 50 0.1 has_lines watch1 6
	retry 50 0.1 grep -q '"source":"203.0.113.9".*"port":587' "$LAB/log/watch1" # the last one
	retry 50 0.1 has_lines watch2 1
	retry 50 0.1 has_lines watch3 2
	for i in 0 1 2; do
		watch_ends $i
	done
	lines_are watch1 "[.[] | select(.source == \"198.51.100.66\" and .verdict == \"$1\" and .reason == \"banned\" and
		.country == \"JP\" and .syn)] | map(.service) | contains([\"smtp\", \"submission\"])"
	lines_are watch1 "[.[] | select(.source == \"2001:db8:bad:66::1\" and .verdict == \"$1\")] | length >= 2"
	lines_are watch1 '[.[] | select(.source == "203.0.113.9" and .verdict == "pass" and .reason == null and
		.port == 587)] | length == 1'
	lines_are watch1 'all(.time | test("^20[0-9-]+T[0-9:.]+Z$"))'
	lines_are watch2 "all(.source == \"198.51.100.66\" and .service == \"submission\" and .verdict == \"$1\")"
	lines_are watch3 'length == 2 and all(.country == "DE")'
}

@test "watch shows what is dropped and let in, filtered, several at once, by XDP" {
	lab_conf 'mode = enforce'
	run_sekisho load
	watches drop
}

@test "watch says would in monitor mode, by tc" {
	lab_conf "$(printf 'mode = monitor\nhook = tc')"
	run_sekisho load
	watches would-drop
	watch_starts watch4 1 --reason drop
	lab_try 198.51.100.66 "$MX4" 25
	retry 50 0.1 has_lines watch4 1
	grep -Eq '^[0-9:]{8}\.[0-9]{3}  would drop  198\.51\.100\.66 +JP  +smtp:25 +banned$' "$LAB/log/watch4" ||
		fail "$(cat "$LAB/log/watch4")"
}

has_captured() { # TEXT
	tcpdump -nr "$BATS_TEST_TMPDIR/dropped" 2>/dev/null | grep -qF "$1"
}

# The secret would be in the second packet that the banned session sends.
captures() {
	run_sekisho load
	lab_hold talker 198.51.100.66 "$MX4" 25
	watch_starts watch1 1 --pcap "$BATS_TEST_TMPDIR/dropped"
	run_sekisho ban 198.51.100.66
	lab_try 198.51.100.66 "$MX4" 587 0.3 || :
	lab_try 203.0.113.9 "$MX4" 587
	client python3 - "$MX4" <<-'END'
		# A packet of a session that never was, with what a person would have said.
		import socket, struct, sys
		def sum16(data):
		    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
		    return ~((total & 0xffff) + (total >> 16)) & 0xffff
		text = b"MAIL FROM:<secret@example.com>.."
		s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
		s.bind(("198.51.100.66", 0))
		head = struct.pack("!HHIIBBHHH", 40000, 25, 1, 1, 8 << 4, 0x18, 512, 0, 0) + b"\1" * 12
		s.sendto(head + text, (sys.argv[1], 0))
	END
	retry 50 0.1 has_lines watch1 2
	retry 50 0.1 grep -q 'in a session' "$LAB/log/watch1"
	retry 50 0.1 has_captured '198.51.100.66.40000 > ' # and not the open session's alone
	watch_ends 0
	[[ $(stat -c '%a %u' "$BATS_TEST_TMPDIR/dropped") == '600 0' ]]

	run tcpdump -nr "$BATS_TEST_TMPDIR/dropped" 2>/dev/null
	[[ $status == 0 && $output == *"IP 198.51.100.66."*" > $MX4.587: Flags [S]"* ]]
	[[ $output == *"IP 198.51.100.66.40000 > $MX4.25: Flags [P.]"* && $output != *203.0.113.9* ]]
	run tshark -nr "$BATS_TEST_TMPDIR/dropped" -T fields -e ip.src -e tcp.dstport -e frame.comment -e frame.len -e frame.cap_len
	[[ $status == 0 && $output == *$'198.51.100.66\t587\tdrop: banned, submission, JP'* ]]
	[[ $output == *$'198.51.100.66\t25\tdrop: banned, smtp, JP\t98\t66'* ]] # 32 bytes of text are not there
	run ! grep -q secret "$BATS_TEST_TMPDIR/dropped"

	# Never over what is there, nor through a link that somebody has put there.
	ln -s /etc/never "$BATS_TEST_TMPDIR/link"
	for there in dropped link; do
		run -1 lab_sekisho watch --pcap "$BATS_TEST_TMPDIR/$there"
		[[ $output == *"cannot make the file"* ]]
	done
	[[ ! -e /etc/never ]]
}

@test "tcpdump and tshark read the headers of what XDP dropped, and no word of a session" {
	lab_conf 'mode = enforce'
	captures
}

@test "tcpdump and tshark read what tc dropped, also from standard output" {
	lab_conf "$(printf 'mode = enforce\nhook = tc')"
	captures
	watch_starts watch5 1 --pcap - --count 1
	lab_try 198.51.100.66 "$MX4" 587 0.3 || :
	retry 50 0.1 lab_gone "${watchers[-1]}"
	run tcpdump -nr "$LAB/log/watch5" 2>/dev/null
	[[ $status == 0 && $output == *"198.51.100.66."*" > $MX4.587: Flags [S]"* ]]
}

@test "a watcher that is killed leaves nothing switched on, and the other ones go on" {
	lab_conf 'mode = enforce'
	run_sekisho load
	watch_starts watch1 1 --json --pcap "$BATS_TEST_TMPDIR/one"
	watch_starts watch2 3 --json
	for i in 3 4; do
		watch_starts "watch$i" $((i == 3 ? 7 : 15)) --json
	done
	run -1 lab_sekisho watch
	[[ $output == *"4 watch already"* ]]
	for i in 0 2 3; do
		kill -KILL "${watchers[$i]}"
		retry 50 0.1 lab_gone "${watchers[$i]}"
	done
	# The gate itself, with no daemon: by the first packets after their leases.
	only_second_is_told() {
		lab_try 203.0.113.9 "$MX4" 25
		is_active 2
	}
	retry 50 0.2 only_second_is_told
	retry 50 0.1 has_lines watch2 1
	# The next to look takes the buffers of the dead away.
	[[ $(rings) == 4 ]]
	run -0 lab_sekisho watch --for 1s
	[[ $(rings) == 1 ]]
	# Unloaded, it says so and ends.
	run_sekisho unload
	retry 50 0.2 lab_gone "${watchers[1]}"
	grep -q 'the gate was unloaded' "$LAB/log/watch2.err"
}

@test "the daemon takes away the buffer of a watcher that was killed" {
	lab_conf 'mode = enforce'
	lab_run
	watch_starts watch1 1
	[[ $(rings) == 1 ]]
	kill -KILL "${watchers[0]}"
	no_rings() { bpftool -j map dump pinned "$LAB_MAPS/watched" | jq '[.[] | select(.value | type == "array")] | length'; }
	retry 60 0.5 no_rings
	lab_run_end
}

@test "what comes faster than the rate is counted and said, and the gate goes on" {
	lab_conf 'mode = enforce'
	run_sekisho load
	watch_starts watch1 1 --rate 8 --json --service smtp
	lab_burst 203.0.113.9 "$MX4" 25 300 >/dev/null
	sleep 1
	watch_ends 0
	shown=$(wc -l <"$LAB/log/watch1")
	missed=$(sed -n 's/^\([0-9]*\) more are not shown: .*/\1/p' "$LAB/log/watch1.err" | awk '{ sum += $1 } END { print sum + 0 }')
	((shown >= 1 && shown + missed == 300)) || fail "$shown shown, $missed missed"
}

@test "watch refuses what it cannot do, and names what was meant" {
	lab_conf 'mode = enforce'
	run -1 lab_sekisho watch
	[[ $output == *"load"* ]]
	run_sekisho load
	run -2 lab_sekisho watch --service submision
	[[ $output == *"did you mean 'submission'?"* ]]
	run -2 lab_sekisho watch --reason baned
	[[ $output == *"did you mean 'banned'?"* ]]
	run -2 lab_sekisho watch --reason foo
	[[ $output == *"no reason 'foo'; it is one of pass, "*"banned"*", drop"* ]]
	run -2 lab_sekisho watch --service xyzzy
	[[ $output == *"no service 'xyzzy'; it is one of smtp, submission"* ]]
	run -2 lab_sekisho watch --country XX
	run -2 lab_sekisho watch --source 198.51.100
	run -2 lab_sekisho watch --rate 0
	run -2 lab_sekisho watch 198.51.100.1
	run -0 lab_sekisho watch --for 1s
	[[ -z $output ]]
}
