#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Beside a real fail2ban, Debian's: it bans through sekisho, its stock filters work as patterns or say why
# not, and its database is taken over.

load helpers/common

FAIL2BAN=$BATS_TEST_DIRNAME/../build/fail2ban

setup_file() {
	file_requires root bpf networks sekisho jq python3 || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	lab_listen "$MX4" 25
	lab_listen "$MX4" 587
}

teardown_file() {
	lab_down
}

setup() {
	requires
	[[ -e $FAIL2BAN/usr/bin/fail2ban-server ]] || fail 'fail2ban is not unpacked; run scripts/bootstrap --tests'
	lab_reset
	lab_conf 'mode = enforce' '[service submission]
ports = 587'
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	[[ ! -e $BATS_TEST_TMPDIR/socket ]] || fail2ban client stop
}

fail2ban() { # client|server ARGUMENT...
	PYTHONPATH=$FAIL2BAN/usr/lib/python3/dist-packages timeout 60 \
		nsenter --net="/run/netns/$LAB_SERVER" python3 "$FAIL2BAN/usr/bin/fail2ban-$1" \
		-c "$BATS_TEST_TMPDIR/etc" -s "$BATS_TEST_TMPDIR/socket" -p "$BATS_TEST_TMPDIR/pid" "${@:2}" 3>&-
}

# The jail's filter and times are fail2ban's own; only where things lie is ours, and how it looks there (the jails of
# Debian 13 read the journal).
start_fail2ban() {
	cp -r "$FAIL2BAN/etc/fail2ban" etc
	rm -rf etc/jail.d/*
	cp "$BATS_TEST_DIRNAME/../packaging/fail2ban/sekisho.conf" etc/action.d/
	printf '#!/bin/sh\nexec "%s" -c "%s" "$@"\n' "$SEKISHO" "$LAB_CONF" >tool
	chmod +x tool
	: >mail.log
	cat >etc/fail2ban.local <<-END
		[Definition]
		dbfile = $BATS_TEST_TMPDIR/fail2ban.sqlite3
		logtarget = $BATS_TEST_TMPDIR/fail2ban.log
	END
	cat >etc/jail.local <<-END
		[DEFAULT]
		backend = polling
		usedns = no
		[postfix-sasl]
		enabled = true
		backend = polling
		logpath = $BATS_TEST_TMPDIR/mail.log
		maxretry = 3
		bantime = 1h
		action = sekisho[service=login, sekisho="$BATS_TEST_TMPDIR/tool"]
	END
	fail2ban server start
	lab_wait 30 fail2ban client status postfix-sasl
}

guess() { # SOURCE
	for _ in 1 2 3 4; do
		printf '%s mx postfix/smtpd[7]: warning: unknown[%s]: SASL LOGIN authentication failed: x\n' \
			"$(LC_ALL=C date '+%b %e %H:%M:%S')" "$1"
	done >>mail.log
}

@test "whom a real fail2ban bans is banned here, for as long and for those services, and lifted with it" {
	run_sekisho load
	start_fail2ban
	guess 203.0.113.66
	retry 200 0.1 ban_exists 203.0.113.66/32
	run_sekisho bans --json
	json '.[0] | .reason == "fail2ban postfix-sasl" and (.services | index("submission"))'
	connect_is no-answer 203.0.113.66 "$MX4" 587 0.3
	connect_is open 203.0.113.66 "$MX4" 25
	fail2ban client set postfix-sasl banip 2001:db8:bad::7
	retry 200 0.1 ban_exists 2001:db8:bad::/64
	fail2ban client set postfix-sasl unbanip 203.0.113.66 2001:db8:bad::7
	retry 200 0.1 no_ban_exists 203.0.113.66/32
	retry 200 0.1 no_ban_exists 2001:db8:bad::/64
	# Its bans, taken over from its database: with their ends, and without asking it.
	guess 203.0.113.67
	retry 200 0.1 ban_exists 203.0.113.67/32
	# By the commands of docs/moving-over.md.
	fail2ban client set postfix-sasl banip 203.0.113.68
	retry 200 0.1 ban_exists 203.0.113.68/32
	run_sekisho unban 203.0.113.67 203.0.113.68
	documented 'From fail2ban' >commands
	[[ $(wc -l <commands) == 2 ]]
	sed -i "s|/var/lib/fail2ban|$BATS_TEST_TMPDIR|" commands
	fail2ban-client() { fail2ban client "$@"; }
	mkdir bin
	ln -s "$BATS_TEST_TMPDIR/tool" bin/sekisho
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	# shellcheck source=/dev/null
	source ./commands >said
	grep -q 'end by themselves' said
	ban_exists 203.0.113.67/32
	ban_exists 203.0.113.68/32
	run_sekisho export fail2ban
	grep -qx 203.0.113.67/32 <<<"$output"
	! grep -q 'ERROR' fail2ban.log || fail "$(cat fail2ban.log)"
}

# Of at least 150 samples in `result`, how many per cent are right at least; none may be wrong.
samples_read() { # PERCENT
	local right total

	read -r right total < <(sed -n 's/^sum: right \([0-9]*\) of \([0-9]*\), wrong 0$/\1 \2/p' result)
	((total >= 150 && 100 * right >= $1 * total)) || fail "$(<result)"
}

@test "of fail2ban's own samples of mail servers 95 of 100 are read without any pattern" {
	"$BATS_TEST_DIRNAME/lab/fail2ban-samples" --without "$SEKISHO" "$FAIL2BAN" postfix dovecot exim exim-spam \
		sendmail-auth sendmail-reject courier-auth courier-smtp cyrus-imap sieve >result
	cat result
	samples_read 95
}

@test "Debian's stock filters for mail servers are patterns as they are, and read their own samples" {
	local servers='postfix dovecot exim exim-spam sendmail-auth courier-auth courier-smtp cyrus-imap solid-pop3d perdition
		uwimap-auth qmail sieve kerio horde sogo-auth'
	# shellcheck disable=SC2086 # a list of words
	"$BATS_TEST_DIRNAME/lab/fail2ban-samples" "$SEKISHO" "$FAIL2BAN" $servers >result || fail "$(<result)"
	cat result
	samples_read 98
	# One that joins the lines of a session is refused, with the reason.
	lab_conf 'mode = enforce' "[pattern reject]
filter = $FAIL2BAN/etc/fail2ban/filter.d/sendmail-reject.conf"
	run_sekisho 1 check
	complains 'sendmail-reject.conf:[0-9]+: .*it joins lines by a session'
}
