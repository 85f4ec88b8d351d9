#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Bans after a reboot, and while the wall clock is set by hours. The maps are taken away for the
# reboot; the wall clock is libfaketime's, which the boot clock does not follow.

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
	lab_reset
	lab_conf 'mode = enforce'
	: >"$LAB/log/mail.log"
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	lab_run_end || :
	cat "$LAB/log/run" 2>/dev/null || :
}

# From here on every sekisho lives by the clock of the file `clock`.
with_own_clock() {
	local library
	library=$(ls /usr/lib/*/faketime/libfaketime.so.1 2>/dev/null || :)
	[[ -n $library ]] || skip 'needs libfaketime'
	echo '+0s' >clock
	cat >shifted <<-END
		#!/bin/sh
		export LD_PRELOAD=$library FAKETIME_TIMESTAMP_FILE=$PWD/clock FAKETIME_NO_CACHE=1 \\
			FAKETIME_DONT_FAKE_MONOTONIC=1
		exec "\$@"
	END
	printf '#!/bin/sh\nexec %s %s "$@"\n' "$PWD/shifted" "$SEKISHO" >sekisho
	chmod +x shifted sekisho
	SEKISHO=$PWD/sekisho
}

# How long the ban lasts yet, in seconds, by the clock as it now is.
left() { # PREFIX
	run_sekisho bans --json >/dev/null
	jq -r "select(.prefix == \"$1\") | .until" <<<"$output" >until
	[[ -s until ]] || fail "no ban of $1"
	./shifted python3 - "$(<until)" <<-'END'
		import datetime, sys, time
		print(datetime.datetime.fromisoformat(sys.argv[1].replace("Z", "+00:00")).timestamp() - time.time())
	END
}

ban() { # SECONDS ADDRESS
	run_sekisho ban --for "$1s" "$2"
	left "$2/32" >"left.$2"
	now_us >"left_at.$2"
}

# They end when they were to end: to a second.
end_as_before() { # ADDRESS...
	local address now
	for address; do
		now=$(left "$address/32")
		awk -v now="$now" -v was="$(<"left.$address")" -v passed=$(($(now_us) - $(<"left_at.$address"))) \
			-v more="${SLEPT-0}" -v address="$address" 'BEGIN {
			off = now - (was - passed / 1000000 - more)
			printf "%s: left %.3f s, off by %.3f s\n", address, now, off
			exit off > 1 || off < -1 }' || fail "the end of $address has moved"
	done
}

reboot() {
	lab_run_end || :
	run_sekisho unload
	run_sekisho load
}

@test "a wall clock set forward and back by hours under a running daemon changes no ban's end" {
	with_own_clock
	lab_run
	ban 3600 198.51.100.5
	ban 72000 198.51.100.6
	echo '+3h' >clock
	retry 50 0.1 grep -q 'the wall clock was set forward by .*; bans last as long as before' "$LAB/log/run"
	end_as_before 198.51.100.5 198.51.100.6
	ban 3600 198.51.100.7
	end_as_before 198.51.100.7
	reboot
	end_as_before 198.51.100.5 198.51.100.6 198.51.100.7
	connect_is no-answer 198.51.100.5 "$MX4" 25 0.3
	lab_run
	echo '-5h' >clock
	retry 50 0.1 grep -q 'the wall clock was set back by' "$LAB/log/run"
	reboot
	end_as_before 198.51.100.5 198.51.100.6 198.51.100.7
}

@test "a clock that was set while no daemon ran is seen by the next command that writes" {
	with_own_clock
	run_sekisho load
	ban 3600 198.51.100.5
	echo '+7h' >clock
	ban 3600 198.51.100.6
	end_as_before 198.51.100.5 198.51.100.6
	reboot
	end_as_before 198.51.100.5 198.51.100.6
	echo '-2d' >clock
	run_sekisho load
	reboot
	end_as_before 198.51.100.5 198.51.100.6
}

@test "after a reboot the time that passed while the machine was off counts" {
	with_own_clock
	run_sekisho load
	ban 3600 198.51.100.5
	ban 10800 198.51.100.6
	run_sekisho unload
	echo '+2h' >clock
	cat >other-boot <<-END
		mount --bind $PWD/boot_id /proc/sys/kernel/random/boot_id && exec nsenter --net=/run/netns/$LAB_SERVER $SEKISHO -c $LAB_CONF load
	END
	echo 11111111-2222-3333-4444-555555555555 >boot_id
	unshare --mount sh other-boot
	no_ban_exists 198.51.100.5/32
	SLEPT=7200 end_as_before 198.51.100.6
	connect_is open 198.51.100.5 "$MX4" 25
	connect_is no-answer 198.51.100.6 "$MX4" 25 0.3
}

@test "a million bans and all lists are back after a reboot, with their times, and enforced" {
	sed -i 's/^mode = enforce/&\nbans = 1200000/' "$LAB_CONF"
	printf '203.0.113.0/24\n' >list
	run_sekisho load
	run_sekisho import --deny bad list
	run_sekisho unload
	python3 - "$LAB/state/sekisho.db" <<-'END'
		import sqlite3, sys, time
		db = sqlite3.connect(sys.argv[1])
		db.execute("PRAGMA synchronous = OFF")
		now = time.time_ns()
		db.executemany("INSERT INTO bans VALUES(?, 3, ?, ?, 1, 'of old')",
		    ((b"4" + bytes([11 + (i >> 16), i >> 8 & 255, i & 255, 7, 32]), now, now + (i % 1000 + 3600) * 10**9)
		     for i in range(1000000)))
		db.executemany("INSERT INTO bans VALUES(?, 3, ?, ?, 1, 'of old')",
		    [(b"4" + bytes([198, 51, 100, 5, 32]), now, now + 7200 * 10**9)])
		db.commit()
		with open("began", "w") as f:
		    f.write("%d" % (now // 1000))
	END
	began=$(<began)
	start=$(now_us)
	run_sekisho load
	took=$(($(now_us) - start))
	says '1000001 bans restored'
	connect_is no-answer 198.51.100.5 "$MX4" 25 0.3
	connect_is no-answer 203.0.113.9 "$MX4" 25 0.3
	echo "# 1,000,001 bans and the lists were back in $((took / 1000)) ms" >&3
	((took < 8000000)) # on a machine that does other things as well
	run_sekisho bans --json >/dev/null
	python3 - "$began" 3<<<"$output" <<-'END'
		import datetime, json, os, sys
		wanted = {"198.51.100.5/32": 7200, "11.0.0.7/32": 3600, "11.0.1.7/32": 3601, "26.66.63.7/32": 4599}
		for line in os.fdopen(3):
		    ban = json.loads(line)
		    if ban["prefix"] in wanted:
		        until = datetime.datetime.fromisoformat(ban["until"].replace("Z", "+00:00")).timestamp()
		        off = until - int(sys.argv[1]) / 1e6 - wanted.pop(ban["prefix"])
		        assert -1 < off < 1, (ban, off)
		assert not wanted, wanted
	END
}
