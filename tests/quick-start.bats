#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The quick start's commands are run as they stand on its page, on an installed system with a systemd of its own.
# The package's installation, which the page begins with, is in package.bats. That the Japanese page has the same
# commands: help.bats.

load helpers/common

setup_file() {
	file_requires root networks sekisho python3 || return 0
	cd "$BATS_FILE_TMPDIR" || return
	mkdir files
	make -s -C "$LAB_REPO" install DESTDIR="$PWD/files" PREFIX=/usr UNITDIR=/usr/lib/systemd/system
	mkdir -p files/var/log files/etc/systemd/system/sekisho.service.d
	# There is no journal in there.
	printf '%s\n' '[Service]' 'StandardOutput=append:/var/log/sekisho' 'StandardError=inherit' \
		>files/etc/systemd/system/sekisho.service.d/log.conf
	cp "$LAB_REPO/tests/units/quick-start" program
	cp "$LAB_REPO/docs/quick-start.md" quick-start.md
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

found() { # NAME
	grep -qxF "ok $1" "$SAID" || fail "not said: ok $1" "$(<"$SAID")"
}

@test "doctor and parse say what they find before anything is configured" {
	found 'looking and trying the log'
}

@test "setup asks, and writes a configuration that check accepts" {
	found 'setup writes a configuration that holds'
}

@test "in monitor mode a guesser is in bans, and is let in" {
	found 'in monitor mode the stranger is noticed and let in'
}

@test "enforce shuts him out; monitor, and unload, let him in again" {
	found 'enforce shuts him out, and both ways back let him in'
}
