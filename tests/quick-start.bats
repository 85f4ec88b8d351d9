#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The quick start's commands are run as they stand on its page, on an installed system with a systemd of its own.
# The package's installation, which the page begins with, is in package.bats. That the Japanese page has the same
# commands: help.bats.

load helpers/common
load helpers/units

setup_file() {
	file_requires root networks sekisho python3 curl || return 0
	units_files || return
	cp "$LAB_REPO"/docs/{quick-start.md,man/sekisho-policy.7} .
	units_run quick-start
}

setup() {
	requires
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

@test "the page's line for metrics, and sekisho-policy(7)'s for questions, work while the service runs" {
	found 'sockets are passed to a service that runs'
}
