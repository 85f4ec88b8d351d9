#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian 13's Dovecot 2.4 and Postfix 3.10 ask, in a root of their own, with the lines of sekisho-policy(7).

load helpers/common
load helpers/policy
load helpers/mechanisms

setup_file() {
	file_requires root bpf networks sekisho debootstrap || return 0
	LAB_LAYERS=$("$LAB_REPO/tests/real/root" trixie policy dovecot-imapd dovecot-pop3d dovecot-submissiond postfix 3>&-) ||
		return
	export LAB_LAYERS
	lab_up "$BATS_FILE_TMPDIR/lab"
	policy_servers inet:127.0.0.1:10040
	mechanism_servers
}

teardown_file() {
	lab_down
}

setup() {
	requires curl jq python3 swaks
	policy_reset
}

teardown() {
	policy_sockets_end
	policy_end
}

@test "the servers are those of Debian 13, and they ask and report as the others do" {
	[[ $(lab_inside dovecot --version) == 2.4.* ]]
	[[ $(lab_inside postconf -hd mail_version) == 3.1* ]]
	policy_run enforce
	lab_imap "$GATEWAY4" "$MX4" bob bobs-secret
	run ! lab_imap "$GATEWAY4" "$MX4" bob wrong-by-imap
	lab_send "$GATEWAY4" "$MX4" bob bobs-secret --timeout 30
	run ! lab_login "$GATEWAY4" "$MX4" bob wrong-by-smtp
	counts_are '.daemon.policy | .questions == 6 and .reports == 4 and .mails == 2 and .malformed == 0'
	counts_are '.daemon.policy | .hash_bits == 32 and .unauthorized == 0 and .oversized == 0'
	counts_are '.daemon.events | .failure == 2 and .success == 2 and .message == 1'
	run ! grep -iE 'template|policy.*error' "$LAB/log/dovecot.log"
}

@test "PLAIN and LOGIN of Dovecot 2.4: a wrong password counts once however it is repeated, two count twice" {
	mechanism_passwords
}

@test "SCRAM-SHA-256 of Dovecot 2.4 is no password: each failure counts, and five ban" {
	mechanism_scram
}

@test "XOAUTH2 of Dovecot 2.4: a token lets in and changes no password; five wrong ones ban" {
	mechanism_tokens
}

@test "five wrong passwords ban, by Dovecot 2.4's reports alone, and the right one is refused behind a proxy" {
	policy_conf enforce
	sed -i '/^\[log/d; /^file = /d' "$LAB_CONF"
	lab_run
	retry 50 0.1 lab_port_open 9120
	for guess in 1 2 3 4 5; do
		run ! proxied 198.51.100.7 "wrong-$guess"
	done
	retry 50 0.1 ban_exists 198.51.100.7/32
	run ! proxied 198.51.100.7 bobs-secret
	proxied 198.51.100.8 bobs-secret
	run_sekisho why --json 198.51.100.7
	json '.[0].evidence | length == 5'
}

@test "the daemon hangs, is killed, is stopped: Dovecot 2.4 waits 300 ms at most, and logins and mail go on" {
	policy_run enforce
	kill -STOP "$(<"$LAB/run.pid")"
	proxied 203.0.113.9 bobs-secret
	lab_send "$GATEWAY4" "$MX4" bob bobs-secret --timeout 30
	kill -CONT "$(<"$LAB/run.pid")"
	grep -q 'Policy server HTTP error: .*imed out\|expired' "$LAB/log/dovecot.log"
	lab_run_end KILL || :
	proxied 203.0.113.9 bobs-secret
	lab_send "$GATEWAY4" "$MX4" bob bobs-secret --timeout 30
	# As sekisho-stand-in.service has it; Dovecot leaves a port alone for a while where nobody listened.
	lab_background "$LAB/log/stand-in" nsenter --net="/run/netns/$LAB_SERVER" "$SEKISHO" -c "$LAB_CONF" stand-in
	retry 50 0.1 lab_port_open 9120
	lab_dovecot_reload
	: >"$LAB/log/dovecot.log"
	proxied 203.0.113.9 bobs-secret
	lab_send "$GATEWAY4" "$MX4" bob bobs-secret --timeout 30
	run ! grep -i 'policy' "$LAB/log/dovecot.log"
	kill "$(tail -n 1 "$LAB/pids")"
}

# COMMAND... with 14 logins waiting for a daemon that hangs; then Dovecot asks the next one at once.
asks_after() {
	local pids=() _
	kill -STOP "$(<"$LAB/run.pid")"
	for _ in {1..14}; do
		proxied 203.0.113.9 bobs-secret >/dev/null 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	"$@" || :
	policy_run_passed 2
	retry 50 0.1 still_answers
	: >"$LAB/log/dovecot.log"
	proxied 203.0.113.9 bobs-secret
	! grep -i 'policy server' "$LAB/log/dovecot.log"
}
told_to_end() {
	kill -TERM "$(<"$LAB/run.pid")"
	kill -CONT "$(<"$LAB/run.pid")"
	lab_run_end
}

@test "a daemon that hangs is killed, or told to end, while 14 logins wait: Dovecot 2.4 asks the next one at once" {
	policy_sockets 9120 10040
	policy_conf enforce
	policy_run_passed 2
	asks_after lab_run_end KILL
	asks_after told_to_end
}

@test "doctor finds nothing at Dovecot 2.4 as the manual has it; short digests and mechanisms not named it does" {
	policy_run enforce
	finds() { # ID...
		curl -sS --max-time 5 --unix-socket "$LAB/run/metrics" http://x/metrics >/dev/null
		run_sekisho any doctor --json
		# shellcheck disable=SC2154 # run_sekisho() sets it
		[[ $(jq -r '.findings[].id | select(startswith("policy-"))' <<<"$output" | sort) == "$(printf '%s\n' "$@" | sort)" ]]
	}
	proxied 203.0.113.9 bobs-secret
	finds
	cp "$LAB/dovecot/dovecot.conf" "$LAB/dovecot/whole"
	sed -i '/^auth_policy_hash_truncate/d; /^  mech = /d' "$LAB/dovecot/dovecot.conf"
	lab_dovecot_reload
	proxied 203.0.113.9 bobs-secret
	finds policy-short-hash policy-unnamed-mechanism
	sed 's/^auth_policy_hash_truncate.*/auth_policy_hash_truncate = 20/' "$LAB/dovecot/whole" >"$LAB/dovecot/dovecot.conf"
	lab_dovecot_reload
	different_guesses 40
	counts_are '.daemon.policy.hash_bits == 20'
	finds policy-short-hash
	mv "$LAB/dovecot/whole" "$LAB/dovecot/dovecot.conf"
	lab_dovecot_reload
	proxied 203.0.113.9 bobs-secret
	finds
}
