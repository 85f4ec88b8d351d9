#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the daemon may still do once it runs, started by plain root: as /proc says it, and by trying.
# The alert program tries for it: it has what the daemon can give away. Under systemd: booted.

load helpers/common

# As /proc/PID/status writes them.
BPF_AND_NET_ADMIN=0000008000001000
AND_READ_SEARCH=0000008000001004

setup_file() {
	file_requires root bpf networks sekisho jq || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
}

teardown_file() {
	lab_down
}

setup() {
	requires
	lab_reset
	lab_kill "$(cat "$LAB/stranger" 2>/dev/null)" 2>/dev/null || :
	LOG=$LAB/log/mail.log
	rm -f "$LAB"/log/mail.log* "$LAB"/told
	: >"$LOG"
	chmod 640 "$LOG"
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	lab_run_end || :
	cat "$LAB/log/run" 2>/dev/null || :
}

# With the rule that two failures raise.
configure() { # [SECTIONS]
	lab_conf 'mode = enforce' "[rule source-failures]
failures = 2
window = 10m
action = ban+alert
${1-}"
}

fails() { # SOURCE
	local i
	for i in 1 2; do
		printf '%s mx postfix/smtpd[%d]: warning: unknown[%s]: SASL LOGIN authentication failed: %s\n' \
			"$(LC_ALL=C date '+%b %e %H:%M:%S')" "$((RANDOM + 100 + i))" "$1" UGFzc3dvcmQ6 >>"$LOG"
	done
}

# Of each of its threads: they have capabilities of their own.
status_is() { # FIELD VALUE
	local value
	value=$(awk -v field="$1:" '$1 == field { print $2 }' /proc/"$(<"$LAB/run.pid")"/task/*/status | sort -u)
	[[ $value == "$2" ]] || fail "$1 of the daemon is $value, not $2"
}

capabilities_are() { # EFFECTIVE and permitted; none by any other way
	status_is CapEff "$1"
	status_is CapPrm "$1"
	status_is CapInh 0000000000000000
	status_is CapBnd 0000000000000000
	status_is CapAmb 0000000000000000
	status_is NoNewPrivs 1
}

# What root may and the alert program must not; each prints "NAME can" or "NAME cannot". The files
# and the process are another user's.
write_attempts() {
	install -m 600 -o 65534 /dev/null "$LAB/others-file"
	install -d -m 755 -o 65534 "$LAB/others-folder"
	: >"$LAB/own-file"
	setpriv --reuid 65534 --clear-groups sleep 300 </dev/null >/dev/null 2>&1 3>&- &
	echo $! >"$LAB/stranger"
	echo $! >>"$LAB/pids"
	disown
	cat >"$LAB/alert" <<-END
		#!/bin/bash
		try() { # NAME COMMAND...
			local name=\$1
			shift
			if "\$@" >/dev/null 2>&1; then echo "\$name can"; else echo "\$name cannot"; fi
		}
		{
			grep -E '^(Cap|NoNewPrivs|Uid)' /proc/self/status
			try write-own sh -c 'echo here >$LAB/own-file'
			try read-others cat $LAB/others-file
			try write-others touch $LAB/others-folder/file
			try chown chown 65534 $LAB/own-file
			try signal-others kill -0 $(<"$LAB/stranger")
			try see-into-others cat /proc/$(<"$LAB/stranger")/environ
			try become-others setpriv --reuid 65534 --clear-groups true
			try mount mount -t tmpfs tmpfs /mnt
			try new-namespace unshare --mount true
			try change-root chroot / true
			try device ip link add try0 type dummy
			try mtu ip link set lo mtu 60000
			try node mknod $LAB/node c 1 3
			try load-program bpftool map create $LAB_PINS/try type lpm_trie key 8 value 4 entries 1 name try flags 1
			try setuid-program su -s /bin/sh nobody -c true
			echo end
		} >>$LAB/told
	END
	chmod 755 "$LAB/alert"
}

@test "started by root, it keeps two capabilities and can get no other, nor can what it runs" {
	configure
	lab_run
	capabilities_are $BPF_AND_NET_ADMIN
	status_is Uid 0
}

@test "the alert program is root without root's rights: each of the things root may fails" {
	write_attempts
	configure "[alert]
program = $LAB/alert"
	# What all of this proves: that the attempts succeed where nothing was given up.
	server unshare --mount "$LAB/alert"
	ip -n "$LAB_SERVER" link del try0 2>/dev/null || :
	ip -n "$LAB_SERVER" link set lo mtu 65536
	rm -f "$LAB"/others-folder/file "$LAB/node"
	chown 0 "$LAB/own-file"
	cat "$LAB/told"
	# The map is for later, when there are pins; a dummy device not every kernel has.
	run ! grep -Ev '^(load-program|device) cannot' <(grep cannot "$LAB/told")
	rm "$LAB/told"

	lab_run
	fails 198.51.100.66
	retry 50 0.1 grep -qsx end "$LAB/told"
	cat "$LAB/told"
	grep -q '^write-own can$' "$LAB/told"
	[[ $(grep -c ' cannot$' "$LAB/told") == 14 ]]
	[[ $(grep -c ' can$' "$LAB/told") == 1 ]]
	[[ $(grep -c '^Cap.*:	0000000000000000$' "$LAB/told") == 5 ]]
	grep -q '^NoNewPrivs:	1$' "$LAB/told"
	# With the daemon's rights the last one does succeed: it is no test of the sandbox's kindness.
	server bpftool map create "$LAB_PINS/try" type lpm_trie key 8 value 4 entries 1 name try flags 1
	rm "$LAB_PINS/try"
}

@test "with what is left it bans, cuts open sessions, and takes new lists, devices and logs" {
	configure "[list drop]
action = deny
file = $LAB/drop.txt"
	echo 203.0.113.66 >"$LAB/drop.txt"
	lab_listen "$MX4" 25
	lab_run
	capabilities_are $BPF_AND_NET_ADMIN
	connect_is no-answer 203.0.113.66 "$MX4" 25
	# Ban and SOCK_DESTROY.
	lab_hold held 198.51.100.66 "$MX4" 25
	fails 198.51.100.66
	retry 50 0.1 session_is_dead held
	connect_is no-answer 198.51.100.66 "$MX4" 25
	# New tables of lists, and a new file of one.
	echo 203.0.113.77 >"$LAB/drop.new"
	mv "$LAB/drop.new" "$LAB/drop.txt"
	kill -HUP "$(<"$LAB/run.pid")"
	retry 50 0.1 connect_is no-answer 203.0.113.77 "$MX4" 25
	connect_is open 203.0.113.66 "$MX4" 25
	# A device that appears.
	ip link add mx1 netns "$LAB_SERVER" type veth peer name out1 netns "$LAB_CLIENT"
	ip -n "$LAB_SERVER" address add 192.0.3.1/24 dev mx1
	ip -n "$LAB_SERVER" link set mx1 up
	ip -n "$LAB_SERVER" route add default via 192.0.3.254 dev mx1 metric 900
	retry 50 0.1 grep -q '^sekisho: mx1: guarded by native XDP' "$LAB/log/run"
	# A log that is rotated.
	mv "$LOG" "$LOG.1"
	install -m 640 /dev/null "$LOG"
	fails 198.51.100.68
	retry 50 0.1 ban_exists 198.51.100.68/32
	run ! grep -Ei 'not permitted|permission denied' "$LAB/log/run"
}

# Daemon and commands as root whom file permissions hold, as in a container; GROUPS are his.
without_file_access() { # GROUPS
	cat >"$LAB/sekisho" <<-END
		#!/bin/sh
		exec setpriv --bounding-set -dac_override,-dac_read_search,-fowner,-chown --groups $1 $(lab_open "$SEKISHO") "\$@"
	END
	chmod 755 "$LAB/sekisho"
}

@test "without root's file access it reads a log of another user through its group" {
	configure
	chown 65534:adm "$LOG"
	without_file_access adm
	SEKISHO=$LAB/sekisho lab_run
	capabilities_are $BPF_AND_NET_ADMIN
	fails 198.51.100.66
	retry 50 0.1 ban_exists 198.51.100.66/32
}

@test "without root's file access and the group, the unreadable log is said with its remedy" {
	configure
	chown 65534:adm "$LOG"
	without_file_access 65533
	SEKISHO=$LAB/sekisho lab_run
	grep -q "$LOG: Permission denied; its reader needs the log's group" "$LAB/log/run"
}

@test "the right to read every file is kept while a log cannot be read without it, and said" {
	configure
	chown 65534 "$LOG"
	chmod 600 "$LOG"
	lab_run
	capabilities_are $AND_READ_SEARCH
	grep -q "keeps the right to read every file (CAP_DAC_READ_SEARCH): $LOG is not" "$LAB/log/run"
	mv "$LOG" "$LOG.1"
	install -m 600 -o 65534 /dev/null "$LOG"
	fails 198.51.100.66
	retry 50 0.1 ban_exists 198.51.100.66/32
}

@test "where it may not empty the bounding set, it says what the alert program would get" {
	configure "[alert]
program = /bin/true"
	cat >"$LAB/sekisho" <<-END
		#!/bin/sh
		exec setpriv --bounding-set -setpcap $SEKISHO "\$@"
	END
	chmod 755 "$LAB/sekisho"
	SEKISHO=$LAB/sekisho lab_run
	status_is CapEff $BPF_AND_NET_ADMIN
	grep -q "without CAP_SETPCAP the alert program will have this daemon's capabilities" "$LAB/log/run"
}
