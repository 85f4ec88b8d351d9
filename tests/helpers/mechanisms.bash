# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What is to become of each mechanism's failures, at the ports of a Dovecot that knows all of them (any version), and
# of the Postfix that asks it: of submission there are two, Postfix's and Dovecot's. Load it after policy.

# shellcheck disable=SC2034 # tries() reads it
PORTS=(imap:143 pop3:110 smtp:587 smtp:1587)

# Dovecot knows them, and tokens by a server of ours; it has a submission of its own, before Postfix's port 25.
mechanism_servers() {
	lab_background "$LAB/log/tokens" nsenter --net="/run/netns/$LAB_SERVER" \
		"$LAB_REPO/tests/policy/mechanisms" tokens 9130
	mechanism_conf >>"$LAB/dovecot/dovecot.conf"
	# Else each right token would first be a wrong password.
	sed -i '0,/driver = passwd-file/s//&\n  mechanisms = plain login scram-sha-256/' "$LAB/dovecot/dovecot.conf"
	mechanism_restart
	lab_wait 10 lab_port_open 9130
	lab_wait 10 lab_port_open 1587
}

# Not a reload: 2.4 makes the folders of its services at a start only, and processes of before may still answer.
mechanism_restart() {
	lab_inside doveadm -c /mnt/dovecot/dovecot.conf stop
	lab_wait 10 port_is_shut 143
	lab_inside dovecot -c /mnt/dovecot/dovecot.conf >>"$LAB/log/dovecot.out" 2>&1 3>&- </dev/null
	lab_wait 20 lab_dovecot_greets
}

port_is_shut() { # PORT
	! lab_port_open "$1"
}

mechanism_conf() {
	local tokens=('introspection_url = http://127.0.0.1:9130/' 'introspection_mode = post'
		'username_attribute = username' 'active_attribute = active' 'active_value = true')
	printf '%s\n' 'auth_mechanisms = plain login scram-sha-256 xoauth2' 'protocols = imap pop3 submission' \
		'submission_relay_host = 127.0.0.1' 'submission_relay_port = 25' \
		'service submission-login {' 'inet_listener submission {' 'port = 1587' '}' '}'
	if [[ $(lab_dovecot_language "") ]]; then
		printf '%s\n' 'passdb passwd-file {' 'mechanisms_filter = plain login scram-sha-256' '}' \
			'passdb oauth2 {' 'mechanisms_filter = xoauth2' '}' 'oauth2 {' "${tokens[@]}" '}'
	else
		printf '%s\n' "${tokens[@]}" >"$LAB/dovecot/tokens.conf"
		printf '%s\n' 'passdb {' 'driver = oauth2' 'mechanisms = xoauth2' 'args = /mnt/dovecot/tokens.conf' '}'
	fi
}

mechanism_passwords() {
	policy_run enforce
	tries yes "$MX4" PLAIN 198.51.100.6 bobs-secret
	tries no "$MX4" PLAIN 198.51.100.6 typo typo
	tries no "$MX4" LOGIN 198.51.100.6 typo another
	tries yes "$MX4" LOGIN 198.51.100.6 bobs-secret
	counts_are '.daemon | .policy.reports == 24 and .policy.repeated == 14 and .events.failure == 2'
	counts_are '.daemon | .events.success == 8 and .policy.malformed == 0 and .policy.password_changes == 0'
	no_ban_exists 198.51.100.6/32
}

mechanism_scram() {
	policy_run enforce
	tries yes "$MX4" SCRAM-SHA-256 198.51.100.6 bobs-secret
	tries no "$MX4" SCRAM-SHA-256 198.51.100.6 typo
	tries yes "$MX4" PLAIN 198.51.100.6 bobs-secret
	tries yes "$MX4" SCRAM-SHA-256 198.51.100.6 bobs-secret
	counts_are '.daemon | .policy.repeated == 0 and .policy.old_passwords == 0 and .policy.stale == 0 and .events.failure == 4'
	counts_are '.daemon | .policy.password_changes == 0 and .events.success == 12'
	# Whom the account does not know.
	tries no "$MX4" SCRAM-SHA-256 198.51.100.7 typo
	no_ban_exists 198.51.100.7/32
	# The ban ends the connection, it may be before the answer.
	PORTS=(imap:143)
	tries 'no|ended' "$MX4" SCRAM-SHA-256 198.51.100.7 typo
	retry 50 0.1 ban_exists 198.51.100.7/32
}

mechanism_tokens() {
	policy_run enforce
	tries yes "$MX4" XOAUTH2 198.51.100.6 right-1 right-2 right-3
	tries no "$MX4" XOAUTH2 198.51.100.6 false
	counts_are '.daemon | .events.success == 12 and .events.failure == 4 and .policy.repeated == 0'
	counts_are '.daemon.policy | .password_changes == 0 and .old_passwords == 0 and .malformed == 0'
	tries no "$MX4" XOAUTH2 198.51.100.7 false
	no_ban_exists 198.51.100.7/32
	# The ban ends the connection, it may be before the answer.
	PORTS=(imap:143)
	tries 'no|ended' "$MX4" XOAUTH2 198.51.100.7 false
	retry 50 0.1 ban_exists 198.51.100.7/32
}
