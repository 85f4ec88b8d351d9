#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# DNS names in never-ban: asked for by a process without any right, kept for a day, and trusted only so far.
# The resolver is dnsmasq; behind it stands a server that means no good.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho jq dnsmasq python3 strace || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	lab_listen "$MX4" 25 587
	echo 'nameserver 127.0.0.1' >"$LAB/resolv.conf"
	lab_background "$LAB/log/hostile" nsenter --net="/run/netns/$LAB_SERVER" "$BATS_TEST_DIRNAME/helpers/hostile-dns" 127.0.0.2
	dns_starts --host-record=home.example.test,203.0.113.9,2001:db8:bad:7::1
}

teardown_file() {
	lab_down
}

setup() {
	requires
	lab_reset
	mkdir -p "$LAB/feeds"
	rm -rf "$LAB"/feeds/*
}

dns_answers() { server bash -c 'exec 3<>/dev/tcp/127.0.0.1/53' 2>/dev/null; }
dns_starts() { # RECORD...
	lab_background "$LAB/log/dns" nsenter --net="/run/netns/$LAB_SERVER" dnsmasq --keep-in-foreground --conf-file=/dev/null \
		--no-resolv --no-hosts --listen-address=127.0.0.1 --bind-interfaces --pid-file= --user=root \
		--server=/hostile.test/127.0.0.2 --local=/test/ --log-queries --log-facility=- "$@"
	tail -n 1 "$LAB/pids" >"$LAB/dns.pid"
	retry 50 0.1 dns_answers
}
dns_ends() { lab_kill "$(<"$LAB/dns.pid")"; }

# With this test's resolv.conf, seen by it alone.
asks() { # COMMAND...
	# shellcheck disable=SC2016 # the inner shell's
	server unshare --mount --propagation private sh -c 'mount --bind "$0/resolv.conf" /etc/resolv.conf && exec "$@"' "$LAB" "$@"
}
fetch() { asks "$SEKISHO" -c "$LAB_CONF" fetch; }

NAMES='mode = enforce
never-ban = home.example.test'

@test "what a name in never-ban points at is not banned, by hand or by a rule, and anybody else is" {
	lab_conf "$NAMES"
	run_sekisho check
	run_sekisho load
	run_sekisho status
	says 'never-ban +home\.example\.test: NO ADDRESS, never asked for'
	run -0 fetch
	run_sekisho status
	says 'never-ban +home\.example\.test: 203\.0\.113\.9 2001:db8:bad:7::1 \([0-9]+ s ago\)'
	run_sekisho status --json
	json '.[0].never_ban_names == [{"name": "home.example.test", "addresses": ["203.0.113.9", "2001:db8:bad:7::1"],
		"answered": .[0].never_ban_names[0].answered, "refused": 0, "problem": null}]'
	run -1 lab_sekisho ban 203.0.113.9
	[[ $output == *"is an address of home.example.test in never-ban"* ]]
	run -1 lab_sekisho ban 203.0.113.0/24
	run -1 lab_sekisho ban 2001:db8:bad:7::/64
	run_sekisho ban 203.0.113.10
	# The running daemon notices: no word is said to it.
	lab_conf "$NAMES" "$(printf '[rule source-failures]\nfailures = 3\nwindow = 10m\n')"
	lab_run
	for source in 203.0.113.9 203.0.113.11; do
		for i in 1 2 3 4 5 6; do
			echo "$(date '+%b %e %T') mx postfix/smtpd[$i]: warning: unknown[$source]: SASL LOGIN authentication failed: UGFzc3dvcmQ6"
		done >>"$LAB/log/mail.log"
	done
	banned() { lab_sekisho bans | grep -q '203\.0\.113\.11'; }
	retry 50 0.2 banned
	run_sekisho bans --json
	json 'all(.[]; .prefix != "203.0.113.9/32")'
	# Why he is not: he is asked about because he fails.
	run_sekisho why 203.0.113.9
	says '^cannot be banned: 203\.0\.113\.9 is an address of home\.example\.test in never-ban$'
	run_sekisho why --json 203.0.113.11
	json '.[0].protected == null'
	run_sekisho why --json 2001:db8:bad:7::2
	json '.[0].protected | test("home.example.test")'
	lab_run_end
}

@test "the child that asks has no right, and whoever is asked cannot make it wait for long" {
	lab_conf "$(printf 'mode = enforce\nnever-ban = slow.hostile.test home.example.test')"
	run_sekisho load
	began=$(now_us)
	asks strace -f -e trace=setresuid,execve,connect -o "$BATS_TEST_TMPDIR/trace" "$SEKISHO" -c "$LAB_CONF" fetch 2>"$BATS_TEST_TMPDIR/err" || :
	within_us 60000000 "$began"
	grep -q 'slow.hostile.test.*no answer within\|slow.hostile.test.*emporary' "$BATS_TEST_TMPDIR/err"
	grep -q 'setresuid(65534, 65534, 65534) *= 0' "$BATS_TEST_TMPDIR/trace"
	# Nobody connects who has not given up root before.
	awk '/setresuid\(65534/ { gone[$1] = 1 } /connect\(.*sin_port=htons\(53\)/ && !gone[$1] { bad = 1 } END { exit bad }' "$BATS_TEST_TMPDIR/trace"
	run_sekisho status --json # one that does not answer does not keep the others from being known
	json '.[0].never_ban_names | map(.addresses | length) == [0, 2]'
	run lab_sekisho doctor
	[[ $output == *"slow.hostile.test in never-ban"* ]]
}

@test "hostile answers keep nobody from being banned but four addresses of the name" {
	lab_conf "$(printf 'mode = enforce\nnever-ban = many.hostile.test loop.hostile.test broken.hostile.test inside.example.test')"
	dns_ends
	dns_starts --host-record=inside.example.test,10.1.2.3 --host-record=inside.example.test,127.0.0.1 \
		--host-record=inside.example.test,0.0.0.0 --host-record=inside.example.test,169.254.1.1
	run_sekisho load
	run -1 fetch
	[[ $output == *"loop.hostile.test"* || $output == *"broken.hostile.test"* ]]
	run_sekisho status --json
	json '.[0].never_ban_names | map(.addresses | length) == [4, 0, 0, 0]'
	json '.[0].never_ban_names[3].refused == 4'
	run -1 lab_sekisho ban 203.0.113.161
	run_sekisho ban 203.0.113.170
	run_sekisho ban 10.1.2.3
}

@test "the last answer holds for a day while nobody answers, and not longer" {
	lab_conf "$NAMES"
	dns_ends
	dns_starts --host-record=home.example.test,203.0.113.9
	run_sekisho load
	run -0 fetch
	dns_ends
	run -1 fetch
	[[ $output == *home.example.test* ]]
	run -1 lab_sekisho ban 203.0.113.9
	run_sekisho status
	says 'home\.example\.test: 203\.0\.113\.9 \([0-9]+ s ago\); .'
	# The file as it would be a day later.
	sed -Ei "s/ [0-9]+ [0-9]+ 0 / $(date +%s) $(($(date +%s) - 86500)) 0 /" "$LAB/feeds/never-ban"
	run_sekisho status
	says 'home\.example\.test: NO ADDRESS'
	run_sekisho ban 203.0.113.9
	dns_starts --host-record=home.example.test,203.0.113.9
}

@test "a file of names that was made by somebody else is worth only so much" {
	lab_conf "$NAMES"
	run_sekisho load
	now=$(date +%s)
	# Too many, private ones, prefixes, names that nobody configured, the future, words for a terminal.
	printf '%s\n' "other.example.test $now $now 0 198.51.100.1 " \
		"home.example.test $now $now 0 10.0.0.1,0.0.0.0/0,::/0,198.51.100.2,198.51.100.3,198.51.100.4,198.51.100.5,198.51.100.6 "$'\e[2J' \
		"home.example.test $now $now 0 198.51.100.9 " >"$LAB/feeds/never-ban"
	run_sekisho status
	[[ $output != *$'\e'* ]]
	run_sekisho status --json
	json '.[0].never_ban_names[0].addresses == ["198.51.100.2", "198.51.100.3", "198.51.100.4", "198.51.100.5"]'
	run_sekisho ban 198.51.100.1
	run_sekisho ban 198.51.100.9
	printf 'home.example.test %s %s 0 198.51.100.2 \n' "$now" $((now + 3600)) >"$LAB/feeds/never-ban"
	run_sekisho ban 198.51.100.2
	for there in fifo link folder; do
		rm -rf "$LAB/feeds/never-ban"
		case $there in
		fifo) mkfifo "$LAB/feeds/never-ban" ;;
		link) ln -s /etc/passwd "$LAB/feeds/never-ban" ;;
		folder) mkdir "$LAB/feeds/never-ban" ;;
		esac
		run_sekisho status
		says 'home\.example\.test: NO ADDRESS'
	done
}

@test "names are for never-ban alone, and not every word is one" {
	lab_conf "$NAMES" "$(printf '[list friends]\naction = allow')"
	run_sekisho load
	echo home.example.test >"$BATS_TEST_TMPDIR/friends"
	run -1 lab_sekisho import friends "$BATS_TEST_TMPDIR/friends"
	[[ $output == *"name"* ]]
	for bad in localhost 192.0.2.x -a.example.test "$(printf 'a%.0s' {1..64}).test" 192.0.2.300; do
		lab_conf "$(printf 'mode = enforce\nnever-ban = %s' "$bad")"
		run -1 lab_sekisho check
	done
	lab_conf "$(printf 'mode = enforce' && printf '\nnever-ban = n%s.example.test' {1..17})"
	run -1 lab_sekisho check
	[[ $output == *"one name too many"* ]]
}
