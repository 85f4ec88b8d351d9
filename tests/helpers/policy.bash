# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the suites of the policy server share: the mail servers as sekisho-policy(7) configures them, the daemon
# with both listeners, requests, and its counts. Load it after common.

KEY=0123456789abcdef-0123456789abcdef

# The manual's lines (tests/policy/manual), with the tests' key.
policy_manual() { # HEADING [NUMBER]
	"$LAB_REPO/tests/policy/manual" "$@" | sed "s/THE-KEY/$KEY/"
}

policy_dovecot() { # LANGUAGE: as lab_dovecot_language says it
	policy_manual "DOVECOT $([[ $1 ]] && echo 2.4 || echo 2.3)"
}

# Dovecot and Postfix ask, there at PLACE.
policy_servers() { # PLACE
	# Postfix looks for a Unix socket in its queue's folder.
	policy_manual POSTFIX | sed "/\.\.\. what was there/d; s,unix:private/sekisho,$1," >"$LAB/asking"
	lab_dovecot && lab_postfix || return
	cat "$LAB/asking" >>"$LAB/postfix/etc/main.cf"
	echo 'smtpd_policy_service_retry_delay = 1s' >>"$LAB/postfix/etc/main.cf"
	lab_inside postfix -c /mnt/postfix/etc reload 2>/dev/null
	{
		printf '%s\n' 'auth_verbose = yes' 'login_trusted_networks = 192.0.2.254'
		policy_dovecot "$(lab_dovecot_language "")"
	} >>"$LAB/dovecot/dovecot.conf"
	lab_dovecot_reload
}

# shellcheck disable=SC2034 # for the tests
RULE='[rule source-failures]
failures = 5
window = 10m
ban = 1h'

# An instance that never ran, with the key.
policy_reset() {
	lab_reset
	printf '%s\n' "$KEY" >"$LAB/policy.key"
	chmod 600 "$LAB/policy.key"
}

# The configuration with both listeners.
policy_conf() { # MODE [SECTIONS]
	lab_conf "mode = $1" "${2-$RULE}
[log dovecot]
file = $LAB/log/dovecot.log
[policy]
dovecot = 127.0.0.1:9120
api-key-file = $LAB/policy.key
postfix = 127.0.0.1:10040
insecure = yes
[metrics]
listen = unix:$LAB/run/metrics"
}

policy_run() { # MODE [SECTIONS]
	policy_conf "$@"
	lab_run
	retry 50 0.1 lab_port_open 9120
}

# ---- sockets of a service manager's, which outlast the daemon ----

# Opens them; policy_program's daemon gets them passed. Each is a port, or PATH:USER-ID of a Unix socket.
policy_sockets() { # WHERE...
	rm -f "$LAB/keeper"
	server "$LAB_REPO/tests/policy/passed" keep "$LAB/keeper" "$@" </dev/null >/dev/null 2>&1 3>&- &
	disown
	lab_wait 10 test -s "$LAB/keeper"
}

# Shuts them: connections are refused from now on.
policy_sockets_end() {
	[[ ! -s $LAB/keeper ]] || kill "$(<"$LAB/keeper")" 2>/dev/null || :
	rm -f "$LAB/keeper"
}

# lab_run with them. The mail servers' users, which are of their namespace only, are known to it as on a real machine.
policy_run_passed() { # HOW MANY SOCKETS
	{
		cat /etc/passwd
		lab_inside getent passwd postfix Debian-exim || :
	} >"$LAB/passwd"
	cat >"$LAB/passed-to" <<-END
		#!/bin/sh
		exec unshare --mount --propagation private sh -c 'mount --bind "$LAB/passwd" /etc/passwd && exec "\$@"' - \\
			"$LAB_REPO/tests/policy/passed" --of "$LAB/keeper" $1 -- "$SEKISHO" "\$@"
	END
	chmod +x "$LAB/passed-to"
	SEKISHO=$LAB/passed-to lab_run
}

# ----

# A reload, with a change of the configuration.
policy_reload() { # SED-SCRIPT [WHAT THE DAEMON SAYS THEN]
	local before
	before=$(grep -c "${2-^sekisho: reloaded}" "$LAB/log/run") || :
	sed -i "$1" "$LAB_CONF"
	kill -HUP "$(<"$LAB/run.pid")"
	retry 100 0.1 eval "((\$(grep -c '${2-^sekisho: reloaded}' '$LAB/log/run') > $before))"
}

# ask COMMAND JSON [CURL OPTION...]: one request as Dovecot sends it; prints the answer.
ask() {
	server curl -sS --max-time $((5 * PATIENCE)) -H "X-API-Key: $KEY" -H 'Content-Type: application/json' \
		--data-binary "$2" "${@:3}" "http://127.0.0.1:9120/?command=$1"
}

login() { # ACCOUNT SOURCE [MORE]
	printf '{"login":"%s","pwhash":"0123abcd","remote":"%s","device_id":"","protocol":"imap","session_id":""%s}' "$@" "${3-}"
}

talk() { KEY=$KEY server "$LAB_REPO/tests/policy/client" "$@"; }

# A login by a proxy that Dovecot trusts, for a client of that address.
proxied() { # SOURCE PASSWORD
	client "$LAB_REPO/tests/policy/client" imap "$MX4" "$1" bob@example.net "$2"
}

# So many different passwords, each of another source; all are wrong.
different_guesses() { # COUNT
	local number pids=()
	for ((number = 1; number <= $1; number++)); do
		client "$LAB_REPO/tests/policy/attempts" repeat "$MX4" "198.51.100.$number" bob@example.net \
			"guess-$number" 1 >/dev/null 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
}

# The same answer (yes, no, ended; a pattern) to each secret at each of the suite's ports: PORTS=(imap:143 smtp:587).
tries() { # ANSWER SERVER MECHANISM SOURCE SECRET...
	local port secret said
	for secret in "${@:5}"; do
		for port in "${PORTS[@]}"; do
			said=$(client "$LAB_REPO/tests/policy/mechanisms" login "${port%:*}" "$3" "$4" "$2" "${port#*:}" \
				bob@example.net "$secret")
			[[ $said =~ ^($1)$ ]] || fail "$3 of $secret at $port: $said" || return
		done
	done
}

# Of what the daemon counts. The status file is written every ten seconds, and for whoever asks for metrics.
status_says() { # FILTER
	curl -sS --max-time 5 --unix-socket "$LAB/run/metrics" http://x/metrics >/dev/null
	lab_sekisho status --json | jq -e "$1"
}
counts_are() { # FILTER
	retry 130 0.1 status_says "$1" || fail "$(lab_sekisho status --json | jq -c '.daemon | {policy, events}')"
}

still_answers() {
	[[ $(ask allow "$(login bob 203.0.113.5)") == *'"status":0'* ]]
	[[ $(talk lines protocol_state=RCPT client_address=203.0.113.5) == action=DUNNO ]]
}

# What teardown() does in each of them.
policy_end() {
	[[ -n ${LAB-} ]] || return 0
	lab_run_end || :
	cat "$LAB/log/run" 2>/dev/null || :
}
