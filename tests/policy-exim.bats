#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A real Exim asks by its ACLs, with the lines of sekisho-policy(7), where its user alone may ask.

load helpers/common
load helpers/policy

setup_file() {
	file_requires root bpf networks sekisho exim || return 0
	export LAB_SET=exim
	lab_up "$BATS_FILE_TMPDIR/lab"
	exim_start
}

teardown_file() {
	lab_down
}

setup() {
	requires swaks jq python3
	policy_reset
	rm -rf "$LAB"/exim/spool/input/* "$LAB"/mail/{bob,alice,carol}
}

teardown() {
	[[ -z ${LAB-} ]] || policy_sockets_end
	policy_end
}

exim_conf() {
	cat <<-END
		primary_hostname = mx.example.net
		spool_directory = /mnt/exim/spool
		log_file_path = /mnt/log/%slog
		pid_file_path = /mnt/exim/pid
		daemon_smtp_ports = 25 : 587
		local_interfaces = 0.0.0.0
		host_lookup =
		rfc1413_query_timeout = 0s
		tls_advertise_hosts =
		auth_advertise_hosts = *
		smtp_accept_max = 0
		trusted_users = root
		never_users =
		local_from_check = false
		acl_smtp_rcpt = rcpt
		acl_smtp_data = data
		$(policy_manual EXIM 2 | sed 's,/run/sekisho-exim,/mnt/run/exim,')
		begin acl
		rcpt:
		$(policy_manual EXIM 3)
		accept authenticated = *
		deny message = relay not permitted
		data:
		$(policy_manual EXIM 4)
		accept
		begin routers
		all:
		  driver = accept
		  transport = maildir
		begin transports
		maildir:
		  driver = appendfile
		  directory = /mnt/mail/\${extract{\$local_part}{bob=bob alice=alice carol=carol}}
		  maildir_format
		  create_directory
		  user = vmail
		  group = vmail
		begin authenticators
		login:
		  driver = plaintext
		  public_name = LOGIN
		  server_prompts = Username:: : Password::
		  server_condition = \${if and{{eq{\$auth1}{bob@example.net}}{eq{\$auth2}{bobs-secret}}}}
		  server_set_id = \$auth1
	END
}

exim_start() {
	lab_mail_namespace || return
	mkdir -p "$LAB"/exim/spool
	exim_conf >"$LAB/exim/exim.conf"
	lab_inside chown -R Debian-exim: /mnt/exim/spool /mnt/log
	lab_inside chown vmail: /mnt/mail
	lab_inside cp /mnt/exim/exim.conf /etc/exim4/exim4.conf
	lab_inside exim4 -bd -q1s >"$LAB/log/exim.out" 2>&1 3>&- </dev/null || :
	lab_wait 10 lab_port_open 587 || lab_fault "Exim did not start: $(cat "$LAB"/log/{exim.out,paniclog,mainlog})"
}

# The daemon, with the socket as the manual's drop-in makes it. Exim's user is one of the servers' namespace only.
exim_run() { # MODE [LINES OF POLICY]
	lab_conf "mode = $1" "[policy]
postfix = unix:$LAB/run/exim
${2-}
[rules]
learn = 1s
[metrics]
listen = unix:$LAB/run/metrics"
	sed -i "s,^file = .*/mail.log,file = $LAB/log/mainlog," "$LAB_CONF"
	policy_sockets "$LAB/run/exim:$(lab_inside id -u Debian-exim)"
	policy_run_passed 1
	# What learns does not act.
	sleep 1.1
}

send() { # SOURCE TO[,TO] [SWAKS OPTION...]
	client swaks --local-interface "$1" --server "$MX4:587" --timeout $((10 * PATIENCE)) --helo client.example \
		--auth LOGIN --auth-user bob@example.net --auth-password bobs-secret \
		--from bob@example.net --to "$2" "${@:3}" 2>&1 </dev/null
}

account_is() { # FILTER
	run_sekisho account --json bob@example.net
	json ".[0] | $1"
}

mails() { # ACCOUNT COUNT
	(($(lab_delivered "$1") == $2))
}

frozen() {
	lab_inside exim4 -bp | grep -c '\*\*\* frozen \*\*\*'
}

@test "Exim asks at each recipient and at the end, as its user; a message is one event, also where its log tells of it" {
	exim_run enforce
	send 198.51.100.7 alice@example.net,carol@example.net
	retry 100 0.1 mails alice 1
	mails carol 1
	counts_are '.daemon.policy | .mails == 3 and .malformed == 0 and .unauthorized == 0'
	grep -q '<= bob@example.net .* A=login:bob@example.net' "$LAB/log/mainlog"
	counts_are '.daemon.events.message == 1'
	retry 50 0.1 account_is '.budget.unknown.left == 18 and .held == []'
}

@test "a mail over the budget is frozen, and leaves when it is released" {
	exim_run enforce $'recipients = 2\nrecipients-day = 3'
	send 198.51.100.7 alice@example.net,bob@example.net
	send 198.51.100.7 carol@example.net
	send 198.51.100.9 carol@example.net,alice@example.net
	retry 100 0.1 mails alice 1
	counts_are '.daemon.policy.held == 2'
	# The queue runs every second, and leaves what is frozen.
	sleep 2
	[[ $(frozen) == 2 ]]
	mails carol 0
	held() {
		run_sekisho account --json bob@example.net
		json '.[0].held | length == 2 and ([.[].recipients] | sort) == [1, 2]'
	}
	retry 50 0.1 held
	run_sekisho account bob@example.net
	says '^look       exim -Mvc ID$'
	says '^delete     exim -Mrm [0-9A-Za-z-]+ [0-9A-Za-z-]+$'
	local release
	# shellcheck disable=SC2154 # run_sekisho() sets it
	release=$(sed -n 's/^release    //p' <<<"$output")
	[[ $release =~ ^exim\ -M(\ [0-9A-Za-z-]+){2}$ ]]
	# shellcheck disable=SC2086 # the command that the administrator is told
	lab_inside $release
	retry 100 0.1 mails carol 2
	mails alice 2
	# After a look at the account its strangers have their budget again.
	run_sekisho account --trust bob@example.net
	trusted() {
		run_sekisho account --json bob@example.net
		json '.[0].budget == null'
	}
	retry 50 0.1 trusted
	send 198.51.100.7 carol@example.net
	retry 100 0.1 mails carol 3
}

@test "over = defer and over = reject are what the client is told; what was accepted before stays so" {
	exim_run enforce $'recipients = 2\nrecipients-day = 3\nover = defer'
	send 198.51.100.7 alice@example.net,bob@example.net
	run send 198.51.100.7 carol@example.net
	grep -q '^<\*\* *451 Try again later' <<<"$output"
	policy_reload 's/^over = .*/over = reject/'
	run send 198.51.100.7 carol@example.net
	grep -q '^<\*\* *550 Refused' <<<"$output"
	retry 100 0.1 mails alice 1
	mails carol 0
	counts_are '.daemon.policy | .deferred == 1 and .rejected == 1 and .held == 0'
}

@test "a banned source is refused at its recipients by the address that Exim knows; another is not" {
	exim_run enforce
	run_sekisho ban 203.0.113.9 --for 1h
	# As of a client of that address, none of whose packets the gate has seen.
	recipient() { # SOURCE
		printf '%s\r\n' 'EHLO x' 'MAIL FROM:<a@example.org>' 'RCPT TO:<alice@example.net>' QUIT |
			lab_inside exim4 -bs -oMa "$1"
	}
	grep -q '^451 Try again later' <(recipient 203.0.113.9)
	grep -q '^550 relay not permitted' <(recipient 203.0.113.10)
	counts_are '.daemon.policy.refused == 1'
}

@test "the daemon hangs, is killed, is stopped: Exim's mail goes on, and none is lost" {
	exim_run enforce
	send 198.51.100.7 carol@example.net
	kill -STOP "$(<"$LAB/run.pid")"
	send 198.51.100.7 carol@example.net
	kill -CONT "$(<"$LAB/run.pid")"
	lab_run_end KILL || :
	send 198.51.100.7 carol@example.net
	policy_sockets_end
	send 198.51.100.7 carol@example.net
	retry 100 0.1 mails carol 4
}
