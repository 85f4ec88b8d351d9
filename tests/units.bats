#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The service and its sockets as they are installed, in a systemd of their own: asked over what it passes, while it is killed, restarted, reloaded and stopped. One start for all of these tests.

load helpers/common
load helpers/policy
load helpers/units

setup_file() {
	file_requires root networks sekisho curl jq python3 || return 0
	units_files || return
	units_users postfix:64101
	units_policy "$KEY"
	units_run in-systemd
}

setup() {
	requires
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

@test "a daemon that fails at every start keeps no login waiting" {
	found 'one that fails at every start keeps nobody waiting'
}

@test "who stands in is shown while it answers and after; doctor finds one that would not come" {
	found 'who stands in is shown' 'doctor finds one that would not come'
}

@test "the sandbox refuses the daemon nothing that it needs, with TCP sockets passed" {
	found 'the sandbox refuses nothing'
}

@test "the digest of yesterday is mailed, and the textfile is written, by their own units and timers" {
	found 'the digest is mailed' 'the textfile is written' 'the timers run'
}
