#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A machine with Debian's 6.1 kernel, systemd, Postfix and the package (tests/vm/booted), booted twice:
# two sources knock at its port 25 from before the network is up. One machine for all of these tests;
# what it finds it says by name.

load helpers/common

VERSION=$("$LAB_REPO/scripts/version")
DEB=build/deb/sekisho_$VERSION-1_$(dpkg --print-architecture).deb
NEXT=build/deb/sekisho_$VERSION-2_$(dpkg --print-architecture).deb

setup_file() {
	cd "$LAB_REPO" || return
	file_requires root dpkg-buildpackage dh lintian debootstrap mkfs.ext4 || return 0
	FILE_LACKS=$(tests/vm/run --can) || :
	export FILE_LACKS SAID=$BATS_FILE_TMPDIR/said
	[[ -z $FILE_LACKS ]] || return 0
	local room=$BATS_FILE_TMPDIR/disk status=0
	mkdir "$room"
	tests/vm/make-packages >"$room/log" 2>&1 3>&- || fail "$(tail -n 30 "$room/log")" || return
	FIRST=$(tests/upgrade/first-package 2>"$room/first" 3>&-) || FIRST_LACKS="0.1.0 is not here: $(tail -n 1 "$room/first")"
	export FIRST_LACKS
	# The disk: the cached Debian with a layer over it, in a mount namespace that ends with the command.
	unshare --mount --propagation private tests/vm/booted/make-disk "$DEB" "$NEXT" "$FIRST" "$room" \
		>"$room/log" 2>&1 3>&- || fail "$(tail -n 30 "$room/log")" || return
	TMPDIR=$room tests/vm/boot -t $((780 * PATIENCE)) "$room/disk" >"$SAID" 2>&1 || status=$?
	echo "# ended with status $status" >>"$SAID"
	rm -rf "$room"
	sed -n 's/^# \(boot\|done\)/# \1/p' "$SAID" >&3
}

setup() {
	requires
}

# What the machine said of each NAME.
found() { # NAME...
	local name
	for name; do
		grep -qxF "ok $name" "$SAID" || fail "not said: ok $name" "$(<"$SAID")"
	done
}

@test "it boots under 6.1 with the package and Postfix, no unit failed, and sees what is outside" {
	found 'kernel 6.1' 'services active' 'both may connect' 'both logs are followed'
}

@test "the gate is attached before Postfix starts and before the first connection, at both boots" {
	found 'gate before Postfix' 'gate before Postfix after the reboot'
}

@test "in the sandbox the daemon has two capabilities, no new privileges, and a system call filter" {
	found 'privilege' 'privilege after the reboot'
}

@test "the sandbox refuses the daemon nothing that it needs" {
	found 'nothing was refused by the sandbox' 'nothing was refused after the reboot' \
		'a reload takes a list' 'metrics' 'a guesser in a log of the group adm is banned'
}

@test "an alert program in the sandbox has no capability, can change nothing, and its mail arrives" {
	found 'the alert program is held' 'the alert is mailed'
}

@test "the package's own alert units mail and lock, reached from the sandbox by their sockets" {
	found 'the alert units are reached from the sandbox' 'the alert unit mails' \
		'the alert unit runs nothing of a log line' 'the lock unit locks for its rules alone' \
		'the alert units leave nothing failed'
}

@test "a ban made before a reboot holds after it, with the same end, from before the first connection" {
	found 'ban' 'banned by hand is shut out' 'services active after the reboot' \
		'the ban holds after the reboot' 'the banned never got in since the boot'
}

@test "an upgrade restarts the daemon and opens nothing; stopping the service keeps the gate" {
	found 'upgrade' 'the upgrade opened nothing' 'the upgrade kept the configuration' 'stopping keeps the gate'
}

@test "the package of 0.1.0 is upgraded: bans, counts and configuration are kept, and nothing is open meanwhile" {
	[[ -z ${FIRST_LACKS-} ]] || skip "$FIRST_LACKS"
	found 'from 0.1.0: it guards' 'from 0.1.0: a ban by hand and one by rule' 'from 0.1.0: upgrade' \
		'from 0.1.0: the bans are kept with their ends and reasons' 'from 0.1.0: the upgrade opened nothing' \
		'from 0.1.0: the counts are kept' 'from 0.1.0: the configuration is kept and valid'
}

@test "removal stops the daemon and takes the gate out; a purge leaves nothing" {
	found 'remove takes the gate out' 'purge leaves nothing'
	grep -qx '# ended with status 0' "$SAID"
	run ! grep '^not ok' "$SAID"
}
