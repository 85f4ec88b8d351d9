#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Whether doctor knows that Dovecot and Postfix ask as sekisho-policy(7) has it: each finding is made true at the real
# servers, and none is there while they are as they should be.

load helpers/common
load helpers/policy

setup_file() {
	file_requires root bpf networks sekisho mail || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	policy_servers inet:127.0.0.1:10040
	cp "$LAB/dovecot/dovecot.conf" "$LAB/dovecot/as-it-should-be"
	cp "$LAB/postfix/etc/main.cf" "$LAB/postfix/as-it-should-be"
}

teardown_file() {
	lab_down
}

setup() {
	requires curl jq python3 swaks
	LIBRARY=$(ls /usr/lib/*/faketime/libfaketime.so.1 2>/dev/null || :)
	[[ -n $LIBRARY ]] || skip 'needs libfaketime'
	policy_reset
}

teardown() {
	policy_end
}

# Both servers with their files changed by a sed script.
servers() { # DOVECOT POSTFIX
	sed "$1" "$LAB/dovecot/as-it-should-be" >"$LAB/dovecot/dovecot.conf"
	sed "$2" "$LAB/postfix/as-it-should-be" >"$LAB/postfix/etc/main.cf"
	lab_inside postfix -c /mnt/postfix/etc reload 2>/dev/null
	lab_dovecot_reload
}

# As if these were the machine's own mail servers, HOURS later.
doctor_finds() { # HOURS ID...
	local hours=$1 found
	shift
	curl -sS --max-time 5 --unix-socket "$LAB/run/metrics" http://x/metrics >/dev/null
	# shellcheck disable=SC2016 # for the shell in there
	found=$(server unshare --mount --propagation private sh -euc '
		mkdir -p "$1/etc/dovecot" "$1/etc/postfix"
		cp "$1/dovecot/dovecot.conf" "$1/etc/dovecot/"
		cp "$1/postfix/etc/main.cf" "$1/etc/postfix/"
		mount -t overlay overlay -o "lowerdir=$1/etc:/etc" /etc
		LD_PRELOAD=$5 FAKETIME=+$2h FAKETIME_DONT_FAKE_MONOTONIC=1 "$3" -c "$4" doctor --json || :
	' - "$LAB" "$hours" "$SEKISHO" "$LAB_CONF" "$LIBRARY" | jq -r '.findings[].id | select(startswith("policy-"))' | sort -u)
	[[ $found == "$(printf '%s\n' "$@" | sort)" ]] || fail "doctor finds: $found, and not: $*"
}

logins() {
	lab_imap 198.51.100.7 "$MX4" bob bobs-secret
	lab_send 198.51.100.7 "$MX4" bob bobs-secret --timeout 30 >/dev/null
}

@test "nothing is found where both ask; hours without a question are" {
	servers '' ''
	policy_run enforce
	doctor_finds 0
	doctor_finds 3 policy-unasked
	logins
	retry 50 0.1 doctor_finds 3 # reports come after the answers
}

@test "short digests, a mechanism that is not named, and a wrong key are found by what Dovecot sends" {
	policy_run enforce
	# As Dovecot has it by itself.
	servers '/^auth_policy_hash_truncate/d' ''
	logins
	doctor_finds 0 policy-short-hash
	counts_are '.daemon.policy.hash_bits == 16'
	servers 's/ mech=%m//; /^  mech = /d' ''
	logins
	doctor_finds 0 policy-unnamed-mechanism
	counts_are '.daemon.policy.mechanism == false'
	servers "s/X-API-Key: $KEY/X-API-Key: another/" ''
	logins
	doctor_finds 0 policy-key policy-unnamed-mechanism
	# Without a nonce Dovecot 2.3 itself does not start.
	sed '/^auth_policy_hash_nonce/d' "$LAB/dovecot/as-it-should-be" >"$LAB/dovecot/without"
	run lab_inside doveconf -c /mnt/dovecot/without
	[[ $output == *'auth_policy_hash_nonce must be set'* || $(lab_dovecot_language "") ]]
	servers '' ''
	logins
	doctor_finds 0 policy-key
}

@test "digests of 20 bits are no ones of 24, though Dovecot sends as many digits" {
	policy_run enforce
	servers 's/^auth_policy_hash_truncate.*/auth_policy_hash_truncate = 20/' ''
	logins
	different_guesses 40
	counts_are '.daemon.policy.hash_bits == 20'
	doctor_finds 0 policy-short-hash
	servers 's/^auth_policy_hash_truncate.*/auth_policy_hash_truncate = 24/' ''
	different_guesses 80
	counts_are '.daemon.policy.hash_bits == 24'
	doctor_finds 0
}

@test "servers that refuse without an answer are found, and do refuse" {
	local closed='s/, *default_action=DUNNO//; s/default_action=DUNNO//'
	policy_run enforce
	# shellcheck disable=SC2016 # $a is an address of sed
	servers '$aauth_policy_reject_on_fail = yes' ''
	logins
	doctor_finds 0 policy-fails-closed
	servers '' "$closed"
	logins
	doctor_finds 0 policy-fails-closed
	lab_run_end
	run lab_send 198.51.100.7 "$MX4" bob bobs-secret --timeout 30
	grep -q '^<\*\* *4' <<<"$output"
	# shellcheck disable=SC2016 # $a is an address of sed
	servers '$aauth_policy_reject_on_fail = yes' ''
	run ! lab_imap 198.51.100.7 "$MX4" bob bobs-secret
	servers '' ''
	logins
}
