#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The service and its sockets as they are installed, in a systemd of their own: asked over what it passes, while it is killed, restarted, reloaded and stopped. One start for all of these tests.

load helpers/common
load helpers/policy

setup_file() {
	file_requires root networks sekisho curl python3 || return 0
	cd "$BATS_FILE_TMPDIR" || return
	mkdir files
	make -s -C "$LAB_REPO" install DESTDIR="$PWD/files" PREFIX=/usr UNITDIR=/usr/lib/systemd/system
	mkdir -p files/var/log files/var/spool/postfix/private
	grep -q '^postfix:' /etc/passwd || {
		cp /etc/passwd files/etc/
		echo 'postfix:x:64101:64101::/nonexistent:/usr/sbin/nologin' >>files/etc/passwd
	}
	(umask 077 && echo "$KEY" >files/etc/sekisho/policy.key)
	printf '%s\n' '[gate]' 'mode = enforce' '[policy]' \
		'dovecot = 127.0.0.1:9120' 'api-key-file = /etc/sekisho/policy.key' \
		'postfix = unix:/var/spool/postfix/private/sekisho' '[metrics]' 'listen = 127.0.0.1:9119' \
		>files/etc/sekisho/sekisho.conf
	# There is no journal in there.
	mkdir -p files/etc/systemd/system/sekisho.service.d
	printf '%s\n' '[Service]' 'StandardOutput=append:/var/log/sekisho' 'StandardError=inherit' \
		>files/etc/systemd/system/sekisho.service.d/log.conf
	cp "$LAB_REPO/tests/units/in-systemd" program
	local status=0
	: >said
	timeout 300 "$LAB_REPO/tests/lab/systemd" . >log 2>&1 3>&- || status=$?
	((status != 77)) || FILE_LACKS=$(<log)
	export FILE_LACKS SAID=$BATS_FILE_TMPDIR/said
	cat log >>said
	rm -rf files room
}

setup() {
	requires
}

found() { # NAME...
	local name
	for name; do
		grep -qxF "ok $name" "$SAID" || fail "not said: ok $name" "$(<"$SAID")"
	done
}

@test "the units start as they are installed, and answer over the sockets that are passed" {
	found 'the sockets and the service start' 'both ask, and metrics answer'
}

@test "killed with requests waiting, restarted, reloaded, stopped: no question waits for long, and the next is answered" {
	found 'a kill lets go of what waits' 'a restart' 'a reload'
}

@test "stopped: another lets the logins go on that Dovecot asks about, without rights; a start takes over, a removal ends it" {
	found 'a stop lets logins go on' 'who stands in has no rights' 'a start takes over' 'a removal leaves nobody'
}

@test "the sandbox refuses the daemon nothing that it needs, with TCP sockets passed" {
	found 'the sandbox refuses nothing'
}

@test "the digest of yesterday is mailed, and the textfile is written, by their own units and timers" {
	found 'the digest is mailed' 'the textfile is written' 'the timers run'
}
