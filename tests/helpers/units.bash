# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the suites share that run an installed system in a systemd of its own (tests/lab/systemd). Load it after common.

# Below files/ of this suite's folder: what an installation brings. There is no journal in there.
units_files() {
	cd "$BATS_FILE_TMPDIR" || return
	mkdir files
	make -s -C "$LAB_REPO" install DESTDIR="$PWD/files" PREFIX=/usr UNITDIR=/usr/lib/systemd/system || return
	mkdir -p files/var/log files/etc/systemd/system/sekisho.service.d
	printf '%s\n' '[Service]' 'StandardOutput=append:/var/log/sekisho' 'StandardError=inherit' \
		>files/etc/systemd/system/sekisho.service.d/log.conf
}

# Both ask the daemon, and metrics answer, at the places that the units have.
units_policy() { # KEY
	mkdir -p files/var/spool/postfix/private
	(umask 077 && echo "$1" >files/etc/sekisho/policy.key)
	printf '%s\n' '[gate]' 'mode = enforce' '[policy]' \
		'dovecot = 127.0.0.1:9120' 'api-key-file = /etc/sekisho/policy.key' \
		'postfix = unix:/var/spool/postfix/private/sekisho' '[metrics]' 'listen = 127.0.0.1:9119' \
		>files/etc/sekisho/sekisho.conf
}

# Users that this machine does not have.
units_users() { # NAME:NUMBER...
	local user
	cp /etc/passwd /etc/group files/etc/
	for user; do
		! grep -q "^${user%:*}:" /etc/passwd || continue
		echo "${user%:*}:x:${user#*:}:${user#*:}::/nonexistent:/usr/sbin/nologin" >>files/etc/passwd
		grep -q "^${user%:*}:" /etc/group || echo "${user%:*}:x:${user#*:}:" >>files/etc/group
	done
}

# Runs tests/units/PROGRAM in there, which says "ok NAME" or "not ok NAME" of each thing that is to hold.
units_run() { # PROGRAM
	local status=0
	cp "$LAB_REPO/tests/units/$1" program
	cp "$LAB_REPO/tests/units/common" .
	: >said
	timeout 300 "$LAB_REPO/tests/lab/systemd" . >log 2>&1 3>&- || status=$?
	((status != 77)) || FILE_LACKS=$(<log)
	export FILE_LACKS SAID=$BATS_FILE_TMPDIR/said
	cat log >>said
	rm -rf files room
}

found() { # NAME...: those were said
	local name
	for name; do
		grep -qxF "ok $name" "$SAID" || fail "not said: ok $name" "$(<"$SAID")"
	done
}
