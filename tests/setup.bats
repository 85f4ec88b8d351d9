#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `sekisho setup`: what it finds in a system's folder and on this machine, and that what it writes is valid and
# replaces nothing; and that `make install` replaces nothing either.

load helpers/common

setup() {
	requires sekisho jq
	ROOT=$BATS_TEST_TMPDIR/root
	mkdir -p "$ROOT/var/log/exim4" "$ROOT/etc/sekisho" "$ROOT/usr/share/zoneinfo"
}

propose() { # ARGUMENT...
	run_sekisho setup --print --root "$ROOT" "$@"
}

lines() { # COUNT FILE
	local i
	for ((i = 0; i < $1; i++)); do
		printf '%s mx postfix/smtpd[9]: warning: unknown[198.51.100.%d]: SASL LOGIN authentication failed: x, sasl_username=bob\n' \
			"$(LC_ALL=C date '+%b %e %H:%M:%S')" "$((i % 250))"
	done >"$2"
}

container() { # NAME JSON [DRIVER]
	local folder=$ROOT/var/lib/docker/containers/$1
	mkdir -p "$folder"
	printf '%s' "$2" >"$folder/config.v2.json"
	[[ -z ${3-} ]] || printf '{"LogConfig":{"Type":"%s","Config":{}}}' "$3" >"$folder/hostconfig.json"
}

@test "logs are found by what is in them, each once, and one that nobody writes to is left out" {
	lines 7 "$ROOT/var/log/mail.log"
	ln "$ROOT/var/log/mail.log" "$ROOT/var/log/maillog"
	lines 1 "$ROOT/var/log/exim4/mainlog"
	: >"$ROOT/var/log/dovecot.log"
	propose
	says '^# 7 lines at its end, 7 of them of logins, mails and the like\.$'
	says '^\[log mail\]$'
	says '^file = /var/log/mail.log$'
	says '^\[log exim4\]$'
	says '^file = /var/log/exim4/mainlog$'
	[[ $(grep -c '^\[log' <<<"$output") == 2 ]]
	touch -d '40 days ago' "$ROOT/var/log/exim4/mainlog"
	propose
	[[ $(grep -c '^\[log' <<<"$output") == 1 ]]
	run_sekisho setup --yes --root "$ROOT"
	says 'exim4/mainlog was last written more than 30 days ago'
}

@test "containers with mail ports are followed by name; hostile names and records are left out" {
	container a '{"Name":"/mailserver","Config":{"ExposedPorts":{"25/tcp":{},"143/tcp":{}}}}' json-file
	container b '{"Name":"/web","Config":{"ExposedPorts":{"80/tcp":{}}}}'
	container c '{"Name":"/x]\n[gate]\nmode = enforce","Config":{"ExposedPorts":{"25/tcp":{}}}}'
	container d '{"Name":"/syslogged","Config":{"ExposedPorts":{"25/tcp":{}}}}' syslog
	container e '{"Name":'
	container f '[1,2]'
	propose
	says '^\[log mailserver\]$'
	says '^docker = mailserver$'
	[[ $(grep -c '^\[log' <<<"$output") == 1 ]]
	run ! says '^mode = enforce'
}

@test "the home country is that of the time zone, or the one that is said" {
	printf '#comment\nJP\t+353916+1394441\tAsia/Tokyo\nDE\t+5230+01322\tEurope/Berlin\tmost\n' >"$ROOT/usr/share/zoneinfo/zone.tab"
	ln -s /usr/share/zoneinfo/Europe/Berlin "$ROOT/etc/localtime"
	propose
	says '^# The time zone of this machine is Europe/Berlin: country DE\.$'
	says '^#countries = LAN:pass DE:home \*:abroad$'
	propose --home fr
	says '^#countries = LAN:pass FR:home \*:abroad$'
	run_sekisho 2 setup --home Japan
	complains 'two letters'
	run_sekisho 2 setup --mail-to $'a b'
	complains 'not a mail address'
}

@test "what it writes is valid with and without its comments, once, and replaces nothing" {
	lines 3 "$ROOT/var/log/mail.log"
	container a '{"Name":"/mailserver","Config":{"ExposedPorts":{"587/tcp":{}}}}'
	printf '[gate]\nmode = monitor\n' >"$ROOT/etc/sekisho/sekisho.conf"
	run_sekisho setup --root "$ROOT" </dev/null
	says '^nothing is written: '
	[[ ! -e $ROOT/etc/sekisho/conf.d ]]
	run_sekisho setup --yes --root "$ROOT" --mail-to admin@example.net
	says "^wrote $ROOT/etc/sekisho/conf.d/10-site.conf$"
	says 'ALERT_MAIL_TO=admin@example.net'
	run ! grep -E '^.{81}' <<<"${output//"$ROOT"/}" # a terminal's width
	# The log's folder is the image's.
	local conf=$ROOT/etc/sekisho/conf.d/10-site.conf
	sed -i "s,= /var/log,= $ROOT/var/log," "$conf"
	run_sekisho -c "$ROOT/etc/sekisho/sekisho.conf" check --json
	json '.[0] | .valid and .logs == 2'
	# All that is proposed in comments can be taken.
	sed -i -E 's/^#([a-z[])/\1/; s,/usr/sbin/sekisho,/bin/true,' "$conf"
	run_sekisho -c "$ROOT/etc/sekisho/sekisho.conf" check --json
	json '.[0] | .valid and .mode == "monitor" and .classes == 2'
	sha256sum "$conf" >"$BATS_TEST_TMPDIR/before"
	run_sekisho 1 setup --yes --root "$ROOT"
	complains 'is there already and stays as it is'
	# Without being told to write, it says so and what is left to do.
	run_sekisho setup --root "$ROOT" </dev/null
	says 'is there already and stays as it is' && says 'what is left to do'
	sha256sum --check --quiet "$BATS_TEST_TMPDIR/before"
}

@test "a link in an image leads nowhere" {
	mkdir "$BATS_TEST_TMPDIR/outside"
	ln -s "$BATS_TEST_TMPDIR/outside" "$ROOT/etc/sekisho/conf.d"
	run_sekisho 1 setup --yes --root "$ROOT"
	complains "cannot write $ROOT/etc/sekisho/conf.d: Too many levels of symbolic links"
	rm "$ROOT/etc/sekisho/conf.d"
	rmdir "$ROOT/etc/sekisho"
	ln -s "$BATS_TEST_TMPDIR/outside" "$ROOT/etc/sekisho"
	run_sekisho 1 setup --yes --root "$ROOT"
	[[ -z $(ls -A "$BATS_TEST_TMPDIR/outside") ]]
}

@test "a folder that cannot be looked into is no system without anything" {
	run_sekisho 1 setup --print --root "$BATS_TEST_TMPDIR/none"
	complains "cannot look into $BATS_TEST_TMPDIR/none: No such file or directory"
	[[ -z $output ]]
	run_sekisho 1 setup --print --root "$LAB_REPO/README.md"
	complains 'Not a directory'
}

@test "on this machine, what the configuration says already is left to it" {
	requires root
	mkdir -p "$BATS_TEST_TMPDIR/etc"
	local conf=$BATS_TEST_TMPDIR/etc/sekisho.conf
	printf '[gate]\nmode = enforce\nnever-ban = 192.0.2.0/24\n[log mine]\nfile = /nonexistent\n' >"$conf"
	run_sekisho -c "$conf" setup --print
	says '^# The mode is enforce'
	says '^# never-ban is in the configuration already\.$'
	says '^# Logs are in the configuration already\.$'
	run ! says '^\[log'
	printf '[gate]\nmode = monitor\n' >"$conf"
	SSH_CONNECTION='203.0.113.77 5555 192.0.2.1 22' run_sekisho -c "$conf" setup --print
	says '^never-ban =.* 203\.0\.113\.77/32'
	run_sekisho -c "$conf" setup --yes
	run_sekisho -c "$conf" check
	[[ -e $BATS_TEST_TMPDIR/etc/conf.d/10-site.conf ]]
}

@test "make install keeps the administrator's configuration, brings the country data, and is undone" {
	local root=$BATS_TEST_TMPDIR/installed
	cd "$LAB_REPO" || return
	make -s install "DESTDIR=$root" >/dev/null
	echo '# mine' >"$root/etc/sekisho/sekisho.conf"
	make -s install "DESTDIR=$root" >/dev/null
	[[ $(<"$root/etc/sekisho/sekisho.conf") == '# mine' ]]
	cmp packaging/sekisho.conf "$root/usr/share/sekisho/sekisho.conf"
	[[ ! -e build/geoip/usr/share/tor/geoip ]] || cmp build/geoip/usr/share/tor/geoip6 "$root/usr/share/sekisho/geoip/geoip6"
	make -s uninstall "DESTDIR=$root" >/dev/null
	[[ $(cd "$root" && find . -type f) == ./etc/sekisho/sekisho.conf ]]
}
