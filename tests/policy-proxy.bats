#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A real HAProxy with the PROXY protocol before Dovecot and Postfix: the kernel sees the proxy's packets only, and
# the mail servers report whose connections they are.

load helpers/common
load helpers/policy

# Dovecot's IMAP and POP3, Postfix's submission, each behind the proxy.
# shellcheck disable=SC2034 # tries() reads it
PORTS=(imap:143 pop3:110 smtp:587)
PROXY=192.0.2.254

setup_file() {
	file_requires root bpf networks sekisho mail || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	policy_servers inet:127.0.0.1:10040
	cat >>"$LAB/dovecot/dovecot.conf" <<-END
		haproxy_trusted_networks = $PROXY
		service imap-login {
		  inet_listener imap_proxied {
		    port = 10143
		    haproxy = yes
		  }
		}
		service pop3-login {
		  inet_listener pop3_proxied {
		    port = 10110
		    haproxy = yes
		  }
		}
	END
	lab_dovecot_reload
	local port
	for port in 25 587; do
		printf '%s inet n - n - - smtpd\n  -o smtpd_upstream_proxy_protocol=haproxy\n' $((10000 + port))
	done >>"$LAB/postfix/etc/master.cf"
	lab_inside postfix -c /mnt/postfix/etc reload 2>/dev/null
	proxy_conf >"$LAB/haproxy.cfg"
	lab_background "$LAB/log/haproxy" nsenter --target "$(<"$LAB/mail.pid")" --mount --pid \
		--net="/run/netns/$LAB_CLIENT" haproxy -db -f /mnt/haproxy.cfg
	lab_wait 10 lab_port_open 10587
	lab_wait 10 lab_port_open 10143
	lab_wait 10 proxy_is_up || fail "$(cat "$LAB/log/haproxy")"
}

proxy_is_up() {
	client ss -Hltn 'sport = :587' | grep -q .
}

proxy_conf() {
	local port
	printf '%s\n' defaults 'mode tcp' 'timeout connect 10s' 'timeout client 60s' 'timeout server 60s'
	for port in 25 110 143 587; do
		printf '%s\n' "listen p$port" "bind $PROXY:$port" "server mx $MX4:$((10000 + port)) send-proxy-v2"
	done
}

teardown_file() {
	lab_down
}

setup() {
	requires curl jq python3
	policy_reset
}

teardown() {
	policy_end
}

no_packet_was_dropped() {
	run_sekisho stats --json
	json '[.[0] | .. | .dropped? // empty | select(type == "number")] | add == 0'
}

@test "a banned source is refused at each port, whatever the mechanism, though none of its packets arrives" {
	policy_run enforce
	tries yes "$PROXY" PLAIN 203.0.113.9 bobs-secret
	run_sekisho ban 203.0.113.9 --for 1h
	tries no "$PROXY" PLAIN 203.0.113.9 bobs-secret
	tries no "$PROXY" LOGIN 203.0.113.9 bobs-secret
	tries yes "$PROXY" PLAIN 203.0.113.10 bobs-secret
	counts_are '.daemon.policy | .refused == 6 and .malformed == 0'
	no_packet_was_dropped
	run_sekisho unban 203.0.113.9
	tries yes "$PROXY" PLAIN 203.0.113.9 bobs-secret
}

@test "a guesser behind the proxy is banned by his own address; other clients, and the proxy, are not" {
	policy_run enforce
	tries no "$PROXY" PLAIN 203.0.113.9 guess-1 guess-2 guess-3 guess-4 guess-5
	retry 50 0.1 ban_exists 203.0.113.9/32
	no_ban_exists "$PROXY/32"
	tries no "$PROXY" LOGIN 203.0.113.9 bobs-secret
	tries yes "$PROXY" LOGIN 203.0.113.10 bobs-secret
	no_packet_was_dropped
}

@test "a banned source's mail without a login is refused at its recipient" {
	requires swaks
	policy_run enforce
	send() { # SOURCE
		client swaks --local-interface "$1" --server "$PROXY:25" --timeout $((10 * PATIENCE)) --helo client.example \
			--from a@example.org --to carol@example.net 2>&1 </dev/null
	}
	arrived() { # MAILS
		(($(lab_delivered carol) == $1))
	}
	run_sekisho ban 203.0.113.9 --for 1h
	run send 203.0.113.9
	grep -q '^<\*\* *45.* Your address is refused for a while' <<<"$output"
	send 203.0.113.10
	retry 100 0.1 arrived 1
	no_packet_was_dropped
}
