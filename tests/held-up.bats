#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What is laid in the daemon's way: a pipe for a list, a link for its pid file, slow clients.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho jq python3 curl || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
}

teardown_file() {
	lab_down
}

setup() {
	requires
	lab_reset
	lab_conf
	: >"$LAB/log/mail.log"
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	touch "$BATS_TEST_TMPDIR/enough"
	lab_run_end KILL || :
	tail -n 30 "$LAB/log/run" 2>/dev/null || :
}

@test "a pipe in the place of a list or of country data is refused, and a start gets ready" {
	mkfifo "$LAB/pipe"
	lab_conf 'mode = enforce' "[list bad]
action = deny
file = $LAB/pipe"
	run_sekisho 1 check
	complains "$LAB/pipe is not a file" || says "$LAB/pipe is not a file"
	lab_run
	grep -q "list bad: $LAB/pipe is not a file" "$LAB/log/run"
	lab_run_end
	lab_conf
	sed -i "s#^files = .*#files = $LAB/pipe#" "$LAB_CONF"
	lab_run
	grep -q "$LAB/pipe is not a file" "$LAB/log/run"
}

@test "a link or a pipe in the place of the pid file is refused, and what it leads to stays" {
	echo precious >"$LAB/precious"
	ln -s "$LAB/precious" "$LAB/run/pid"
	run_sekisho 1 run
	complains "$LAB/run/pid.*must not be a link"
	[[ $(<"$LAB/precious") == precious ]]
	rm "$LAB/run/pid"
	ln "$LAB/precious" "$LAB/run/pid"
	run_sekisho 1 run
	[[ $(<"$LAB/precious") == precious ]]
	rm "$LAB/run/pid"
	mkfifo "$LAB/run/pid"
	SEKISHO_TIMEOUT_S=10 run_sekisho 1 run
	complains "$LAB/run/pid is no file of its own"
}

@test "a hundred clients that send a byte a second do not keep a scrape out" {
	printf '[metrics]\nlisten = unix:%s\n' "$LAB/run/metrics" >>"$LAB_CONF"
	lab_run
	retry 50 0.1 test -S "$LAB/run/metrics"
	python3 - "$LAB/run/metrics" >said 2>&1 3>&- <<-'END' &
		import os, socket, sys, time
		clients = []
		while not os.path.exists("enough"):
		    while len(clients) < 100:
		        s = socket.socket(socket.AF_UNIX)
		        s.settimeout(0.2)
		        try:
		            s.connect(sys.argv[1])
		            s.send(b"GET /metrics HTTP/1.1\r\nX: ")
		            clients.append(s)
		        except OSError:
		            break
		    for s in list(clients):
		        try:
		            s.send(b"x")
		        except OSError:
		            clients.remove(s)
		    open("clients", "w").write("%d" % len(clients))
		    time.sleep(1)
	END
	sleep 3
	they_hold_on() { (($(cat clients 2>/dev/null || :)0 >= 320)); }
	retry 100 0.1 they_hold_on
	began=$(now_us)
	curl -sS --max-time 15 --unix-socket "$LAB/run/metrics" http://localhost/metrics >scrape
	echo "# a scrape among them took $((($(now_us) - began) / 1000)) ms" >&3
	grep -q '^sekisho_' scrape
}
