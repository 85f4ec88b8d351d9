#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A real Dovecot and Postfix ask over the sockets of the units, in a systemd of their own, with the lines of
# sekisho-policy(7), while the daemon is killed, restarted, stopped, and hangs. One start for all of these tests.

load helpers/common
load helpers/policy
load helpers/units

# For this room: what the tests' configurations have at /mnt/postfix is where the packages have it.
servers_file() {
	sed 's/@[UG]ID@/64105/g; s,/mnt/postfix/queue,/var/spool/postfix,; s,/mnt/postfix/data,/var/lib/postfix,' "$LAB_TOOLS/$1"
}

setup_file() {
	file_requires root networks sekisho curl jq python3 mail || return 0
	local language
	language=$(lab_dovecot_language "$LAB_SETS/mail/root")
	units_files || return
	units_users postfix:64101 postdrop:64102 dovecot:64103 dovenull:64104 vmail:64105
	units_policy "$KEY"
	cp -a "$LAB_SETS/mail/root/." files/
	mkdir -p files/mnt/{dovecot,mail,log} files/var/lib/postfix
	chown 64105 files/mnt/mail
	chown 64101 files/var/lib/postfix files/var/spool/postfix/private
	chgrp 64102 files/usr/sbin/{postqueue,postdrop}
	chmod 2755 files/usr/sbin/{postqueue,postdrop}
	lab_users >files/mnt/dovecot/users
	servers_file postfix-master.cf >files/etc/postfix/master.cf
	{
		servers_file postfix-main.cf
		policy_manual POSTFIX | sed '/\.\.\. what was there/d'
	} >files/etc/postfix/main.cf
	{
		servers_file "dovecot$language.conf"
		printf '%s\n' 'auth_verbose = yes' 'login_trusted_networks = 127.0.0.1'
		policy_dovecot "$language"
	} >files/etc/dovecot/dovecot.conf
	cp "$LAB_REPO/tests/policy/attempts" .
	echo "PATIENCE=$PATIENCE" >patience
	units_run asked-in-systemd
}

setup() {
	requires
}

@test "Dovecot and Postfix ask, and Dovecot reports, over the sockets that systemd passes" {
	found 'they ask over the sockets'
}

@test "killed or restarted while they ask: no login and no mail fails or waits for over a second, and both ask on" {
	found 'a kill while they ask' 'a restart while they ask'
}

@test "killed or restarted while it hangs and logins wait: Dovecot asks the next one at once" {
	found 'a kill while it hangs' 'a restart while it hangs'
}

@test "one that hangs is ended by the watchdog and started again, and Dovecot asks it at once" {
	found 'the watchdog ends one that hangs'
}

@test "stopped, started, stopped while it hangs: another lets logins go on, and Dovecot asks at once who comes after" {
	found 'a stop while they ask' 'a start while they ask' 'a stop while it hangs'
}

@test "right after a stop no login waits for a daemon that does not come" {
	found 'the first second after a stop'
}

@test "stopped and started as often as somebody likes, no unit fails" {
	found 'stopped and started often'
}

@test "every mail that was accepted meanwhile is delivered" {
	found 'no mail is lost'
}

@test "no other user can take the port while the daemon goes and comes, stopped or killed" {
	found 'nobody takes the port'
}
