#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Damaged, full, read-only, too little memory, too few files, a burst of lines: what is said, what
# goes on, and that it recovers by itself.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho jq python3 || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	lab_listen "$MX4" 25
}

teardown_file() {
	lab_down
}

setup() {
	requires
	umount -q "$LAB/state" || :
	lab_reset
	lab_conf 'mode = enforce' '[rule source-failures]
failures = 5
window = 10m
ban = 1h
[rule network-failures]
action = off'
	: >"$LAB/log/mail.log"
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	lab_run_end || :
	cat "$LAB/log/run" 2>/dev/null || :
	umount -q "$LAB/state" || :
	[[ -z ${GROUP-} ]] || rmdir "$GROUP" || :
}

fail_times() { # SOURCE TIMES
	local i
	for ((i = 0; i < $2; i++)); do
		printf '%s mx postfix/smtpd[%d]: warning: unknown[%s]: SASL LOGIN authentication failed: %s\n' \
			"$(LC_ALL=C date '+%b %e %H:%M:%S')" "$((RANDOM + 100))" "$1" UGFzc3dvcmQ6
	done >>"$LAB/log/mail.log"
}

run_says() { # EXPRESSION
	retry 100 0.1 grep -Eq -- "$1" "$LAB/log/run"
}

noise() { # FILE FROM TO, in parts of a hundred
	python3 - "$@" <<-'END'
		import os, random, sys
		size = os.path.getsize(sys.argv[1])
		begin, end = (size * int(n) // 100 // 4096 * 4096 for n in sys.argv[2:])
		with open(sys.argv[1], "r+b") as f:
		    f.seek(begin)
		    f.write(random.Random(1).randbytes(end - begin))
	END
}

banned_in_kernel_and_store() { # PREFIX...
	local prefix
	for prefix; do
		ban_exists "$prefix" >/dev/null
	done
	run_sekisho bans --json
	json 'all(.[]; .reason != null)' || fail 'the store does not know all of them'
}

@test "a store of noise is moved aside by load; bans are kept, and so are lists in the kernel" {
	printf '203.0.113.0/24\n' >list
	run_sekisho load
	run_sekisho import --deny bad list
	run_sekisho ban --for 2h --reason test 198.51.100.5 198.51.100.6
	noise "$LAB/state/sekisho.db" 0 100
	run_sekisho 1 ban --reason test 198.51.100.7 || run_sekisho ban --reason test 198.51.100.7
	complains 'the store .* is damaged .*the daemon, or .sekisho load., moves it aside'
	run_sekisho load
	complains "was damaged and is moved to $LAB/state/sekisho.db.damaged-"
	complains 'lists that are missing .* are to be imported again'
	ls "$LAB"/state/sekisho.db.damaged-*Z
	banned_in_kernel_and_store 198.51.100.5/32 198.51.100.6/32 198.51.100.7/32
	connect_is no-answer 198.51.100.5 "$MX4" 25 0.3
	connect_is no-answer 203.0.113.9 "$MX4" 25 0.3 # the list, which the store has lost
	run_sekisho load
	connect_is no-answer 203.0.113.9 "$MX4" 25 0.3
	run_sekisho import --deny bad list
	run_sekisho lists --json
	json 'length == 1 and .[0].name == "bad"'
	# And all of it outlasts the maps.
	run_sekisho unload
	run_sekisho load
	banned_in_kernel_and_store 198.51.100.5/32 198.51.100.6/32 198.51.100.7/32
	connect_is no-answer 203.0.113.9 "$MX4" 25 0.3
	connect_is no-answer 198.51.100.6 "$MX4" 25 0.3
}

@test "with the maps gone, what can be read of a damaged store is in force again" {
	run_sekisho load
	python3 - "$LAB/state/sekisho.db" <<-'END'
		import sqlite3, sys, time
		db = sqlite3.connect(sys.argv[1])
		now = time.time_ns()
		db.executemany("INSERT INTO bans VALUES(?, 3, ?, ?, 0, 'of old')",
		    ((bytes([ord("4"), 11, i >> 8, i & 255, 1, 32]), now, now + 3600 * 10**9) for i in range(20000)))
		db.commit()
	END
	run_sekisho unload
	noise "$LAB/state/sekisho.db" 40 42
	run_sekisho load
	complains 'was damaged and is moved'
	run_sekisho bans --json
	echo "# $(grep -c . <<<"$output") of 20,000 bans were read around the damage" >&3
	json 'length > 10000 and any(.[]; .prefix == "11.0.0.1/32") and any(.[]; .prefix == "11.78.31.1/32")'
}

@test "a store that is damaged under a running daemon is replaced, and no ban is missing" {
	run_sekisho load
	run_sekisho ban --reason test 198.51.100.5
	lab_run
	fail_times 198.51.100.66 5
	retry 50 0.1 ban_exists 198.51.100.66/32
	python3 - "$LAB/state/sekisho.db" <<-'END' # more than is kept in memory
		import sqlite3, sys, time
		db = sqlite3.connect(sys.argv[1])
		db.executemany("INSERT OR IGNORE INTO bans VALUES(?, 3, 0, 1, 0, 'ended long ago')",
		    ((b"4" + bytes([198, 49 + (i >> 16), i >> 8 & 255, i & 255, 32]),) for i in range(250000)))
		db.commit()
		db.execute("PRAGMA wal_checkpoint")
	END
	noise "$LAB/state/sekisho.db-wal" 0 100
	noise "$LAB/state/sekisho.db" 0 100
	for i in 1 2 3 4 5 6; do
		fail_times "198.51.100.7$i" 5
		retry 50 0.1 ban_exists "198.51.100.7$i/32"
		sleep 0.3
	done
	run_says 'the store was damaged and is moved to'
	run_says 'the store is in use again'
	retry 50 0.2 banned_in_kernel_and_store 198.51.100.{5,66,71,72,73,74,75,76}/32
	lab_run_end
	run_sekisho unload
	run_sekisho load
	banned_in_kernel_and_store 198.51.100.{5,66,71,72,73,74,75,76}/32
}

stored() { # PREFIX
	python3 - "$LAB/state/sekisho.db" "$1" <<-'END'
		import ipaddress, sqlite3, sys
		net = ipaddress.ip_network(sys.argv[2])
		key = b"4" + net.network_address.packed + bytes([net.prefixlen])
		db = sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True)
		sys.exit(not db.execute("SELECT 1 FROM bans WHERE prefix = ?", (key,)).fetchone())
	END
}

small_disk() { # OPTIONS
	mount -t tmpfs -o "$1" sekisho-test "$LAB/state"
}

@test "disk full: bans go on, it is said, no list is half there, and with space all is stored" {
	small_disk size=3m
	printf '203.0.113.0/24\n' >list
	seq -f '11.%.0f.0.0/16' 0 250 >other
	lab_run
	run_sekisho import --deny bad list
	run_sekisho ban --reason test 198.51.100.5
	head -c 10m /dev/zero >"$LAB/state/filler" 2>/dev/null || :
	for i in 1 2 3; do
		fail_times "198.51.100.6$i" 5
		retry 50 0.1 ban_exists "198.51.100.6$i/32"
	done
	run_says 'No space left on device; free some space'
	connect_is no-answer 198.51.100.61 "$MX4" 25 0.3
	run_sekisho ban --reason test 198.51.100.6
	complains 'is banned, but the store does not know it.*free some space'
	for ((i = 0; i < 3; i++)); do
		seq 1 40000 | awk '{ printf "12.%d.%d.%d\n", $1 / 65536, $1 / 256 % 256, $1 % 256 }' | awk 'NR % 2' >large
		run_sekisho 1 import --deny bad large
	done
	complains 'No space left|free some space'
	connect_is no-answer 203.0.113.9 "$MX4" 25 0.3
	run_sekisho export bad
	[[ $output == 203.0.113.0/24 ]]
	(($(grep -c 'No space left' "$LAB/log/run") < 8)) # said, not chanted
	rm "$LAB/state/filler"
	run_says 'the store takes bans again: 3 that waited are written'
	for i in 1 2 3; do
		run_sekisho why --json "198.51.100.6$i"
		json '.[0].evidence | length == 5'
	done
	run_sekisho import --deny bad other
	retry 100 0.4 stored 198.51.100.6/32 # which the daemon did not make
	lab_run_end
	run_sekisho unload
	run_sekisho load
	banned_in_kernel_and_store 198.51.100.{5,6,61,62,63}/32
}

@test "a store on a read-only disk: the gate loads, bans hold in the kernel, and it is used when it can be" {
	small_disk size=8m
	run_sekisho load
	run_sekisho ban --reason test 198.51.100.5
	run_sekisho unload
	mount -o remount,ro "$LAB/state"
	lab_run # new maps, and a store that cannot be opened for writing
	run_says 'the store cannot be used: .*read-only'
	fail_times 198.51.100.66 5
	retry 50 0.1 ban_exists 198.51.100.66/32
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	run_sekisho ban --reason test 198.51.100.7
	complains 'read-only'
	mount -o remount,rw "$LAB/state"
	run_says 'the store is in use again'
	retry 50 0.2 banned_in_kernel_and_store 198.51.100.{5,7,66}/32
	connect_is no-answer 198.51.100.5 "$MX4" 25 0.3
	run_sekisho country 203.0.113.1
	[[ $output == DE ]]
}

@test "a full table of bans: said and counted; once there is room the next failures ban" {
	sed -i 's/^mode = enforce/&\nbans = 2/' "$LAB_CONF"
	lab_run
	run_sekisho ban --reason test 198.51.100.5 198.51.100.6
	fail_times 198.51.100.66 5
	run_says 'not banned: 198.51.100.66/32: .*the table is full \(2 bans\); raise \[gate\] bans'
	run_sekisho status --json
	json '.[0].tables.bans | .used == 2 and .size == 2 and .overflows > 0'
	run_sekisho unban 198.51.100.5
	fail_times 198.51.100.66 5
	retry 50 0.1 ban_exists 198.51.100.66/32
}

# A cgroup that accounts for memory, of either version.
memory_group() { # LIMIT
	local root
	root=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2; exit }' /proc/mounts)
	if [[ -n $root ]]; then
		GROUP=$root/sekisho-test-$LAB_ID
		mkdir -p "$GROUP" && echo "$1" >"$GROUP/memory.limit_in_bytes"
		return
	fi
	root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	grep -qw memory "$root/cgroup.subtree_control" || echo +memory >"$root/cgroup.subtree_control"
	GROUP=$root/sekisho-test-$LAB_ID-memory
	mkdir -p "$GROUP" && echo "$1" >"$GROUP/memory.max"
}

in_memory_group() {
	# shellcheck disable=SC2016 # for the shell that is to move
	server bash -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$GROUP" "$SEKISHO" -c "$LAB_CONF" "$@"
}

@test "too little memory for the maps: said with the remedy, nothing is left half loaded" {
	memory_group 24M 2>/dev/null || skip "needs a cgroup that accounts for memory"
	sed -i 's/^mode = enforce/&\nbans = 1000000/' "$LAB_CONF"
	status=0
	in_memory_group load >said 2>&1 || status=$?
	cat said
	((status == 1 || status == 137))
	((status == 137)) || grep -Eq 'no memory for the gate.s maps; lower \[gate\] bans, or raise' said
	run_sekisho load
	connect_is open 198.51.100.9 "$MX4" 25
	run_sekisho ban --reason test 198.51.100.9
	connect_is no-answer 198.51.100.9 "$MX4" 25 0.3
}

@test "too few files: each step says what it lacks, and none leaves a gate that is open" {
	local files said=0
	run_sekisho load
	run_sekisho ban --reason test 198.51.100.5
	for files in 4 8 16 24 32 48 64; do
		status=0
		server prlimit --nofile=$files "$SEKISHO" -c "$LAB_CONF" load >said 2>&1 || status=$?
		cat said
		((status < 2 || status == 127)) # 127: the libraries do not even load
		((status == 0)) || grep -Eq 'Too many open files|Error 24' said
		said=$((said + status))
		connect_is no-answer 198.51.100.5 "$MX4" 25 0.3
	done
	((said > 0))
	for files in 4 8 16 24 32 40; do
		status=0
		server prlimit --nofile=$files "$SEKISHO" -c "$LAB_CONF" ban --reason test 198.51.100.6 >said 2>&1 || status=$?
		((status < 2 || status == 127))
		((status == 0)) || grep -Eq 'Too many open files|Error 24' said
	done
	run_sekisho ban --reason test 198.51.100.6
	connect_is no-answer 198.51.100.6 "$MX4" 25 0.3
}

@test "a burst of a million lines: bans by hand go on, all of it is read, memory stays" {
	lab_run
	fail_times 203.0.113.5 5
	retry 50 0.1 ban_exists 203.0.113.5/32
	pid=$(<"$LAB/run.pid")
	before=$(awk '$1 == "VmRSS:" { print $2 }' "/proc/$pid/status")
	awk -v stamp="$(LC_ALL=C date '+%b %e %H:%M:%S')" 'BEGIN {
		for (i = 0; i < 1000000; i++)
			if (i % 20)
				printf "%s mx postfix/smtpd[%d]: connect from unknown[10.%d.%d.%d]\n",
					stamp, i % 30000, i / 65536, i / 256 % 256, i % 256
			else
				printf "%s mx postfix/smtpd[%d]: warning: unknown[10.%d.%d.%d]: SASL LOGIN authentication failed: UGFzc3dvcmQ6\n",
					stamp, i % 30000, i / 65536, i / 256 % 256, i % 256
	}' >burst
	cat burst >>"$LAB/log/mail.log"
	began=$(now_us)
	run_sekisho ban --reason test 198.51.100.7
	took=$(($(now_us) - began))
	fail_times 198.51.100.66 5
	retry 400 0.1 ban_exists 198.51.100.66/32
	read_in=$(($(now_us) - began))
	after=$(awk '$1 == "VmRSS:" { print $2 }' "/proc/$pid/status")
	echo "# read in $((read_in / 1000)) ms, a ban meanwhile took $((took / 1000)) ms," \
		"resident $before -> $after KiB" >&3
	((took < 3000000 * PATIENCE))
	((after < 300000))
	retry 50 0.2 bash -c "$(declare -f server); server '$SEKISHO' -c '$LAB_CONF' status --json | jq -e '.. | .events? | select(. == 50010)'"
}
