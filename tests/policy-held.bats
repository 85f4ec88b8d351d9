#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What Postfix has accepted is not lost, held mail least of all: with the daemon killed, hanging, stopped, restarted
# and reloaded while requests wait, and with a full queue. Postfix asks at the socket of sekisho-policy(7).

load helpers/common
load helpers/policy

setup_file() {
	file_requires root bpf networks sekisho mail || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	policy_servers unix:private/sekisho
}

teardown_file() {
	lab_down
}

setup() {
	requires curl jq python3
	policy_reset
	rm -rf "$LAB"/mail/alice "$LAB"/sent.*
}

teardown() {
	[[ -z ${LAB-} ]] || policy_sockets_end
	[[ -n ${BATS_TEST_COMPLETED-} ]] || tail -30 "$LAB/log/mail.log"
	policy_end
}

# As systemd does: Dovecot's port, and the socket in Postfix's folder. What learns does not act.
start() { # LINES OF POLICY
	policy_conf enforce "[rule source-failures]
action = off
[rule account-spread]
action = off
[rule account-flood]
action = alert
[rules]
learn = 1s"
	sed -i "s,^postfix = .*,postfix = unix:$LAB/postfix/queue/private/sekisho,; s/^insecure = .*/${1//$'\n'/\\n}/" "$LAB_CONF"
	rm -f "$LAB/postfix/queue/private/sekisho"
	policy_sockets 9120 "$LAB/postfix/queue/private/sekisho:$(lab_inside id -u postfix)"
	policy_run_passed 2
	sleep 1.1
}

sender() { # NUMBER SOURCE COUNT BYTES
	client "$BATS_TEST_DIRNAME/policy/sender" "$2" "$MX4" bob@example.net bobs-secret alice@example.net "$3" "$4" \
		"$LAB/sent.$1" 3>&-
}

accepted() { sed -n 's/^accepted //p' "$LAB"/sent.* | sort; }
delivered() {
	find "$LAB/mail/alice/new" -type f -exec grep -hm1 '^Message-Id: ' {} + | sed 's/^Message-Id: //; s/\r$//' | sort
}
queue_is_empty() {
	[[ -z $(lab_inside postqueue -c /mnt/postfix/etc -j) ]]
}
held_count() {
	lab_inside postqueue -c /mnt/postfix/etc -j | jq -s 'map(select(.queue_name == "hold")) | length'
}

# Each mail that was accepted is delivered, once.
nothing_is_lost() {
	lab_inside postsuper -c /mnt/postfix/etc -H ALL
	lab_inside postqueue -c /mnt/postfix/etc -f
	retry 300 0.1 queue_is_empty
	diff <(accepted) <(delivered)
}

@test "a held mail is released by the ids that the account has; trust lets its strangers send again" {
	start $'recipients = 2\nrecipients-day = 3'
	sender 1 198.51.100.7 5 200
	(($(accepted | wc -l) == 5))
	counts_are '.daemon.policy | .held == 3 and .unauthorized == 0'
	[[ $(held_count) == 3 ]]
	run_sekisho account --trust bob@example.net
	trusted() {
		run_sekisho account --json bob@example.net
		json '.[0] | .budget == null and (.held | length) == 3'
	}
	retry 50 0.1 trusted
	sender 2 198.51.100.9 1 200
	[[ $(held_count) == 3 ]]
	run_sekisho account --held bob@example.net
	# shellcheck disable=SC2154 # run_sekisho() sets it
	lab_inside postsuper -c /mnt/postfix/etc -H - <<<"$output"
	[[ $(held_count) == 0 ]]
	nothing_is_lost
	(($(delivered | wc -l) == 6))
}

@test "the daemon hangs, is killed, restarted, reloaded and stopped with requests waiting: no mail is refused or lost" {
	start $'recipients = 5\nrecipients-day = 6'
	local i
	for i in 1 2 3 4; do
		sender "$i" "198.51.100.$i" 25 500 &
	done
	sent() { (($(cat "$LAB"/sent.* | wc -l) >= $1)); }
	retry 300 0.1 sent 12
	# Requests come to nobody, then to the next one.
	kill -STOP "$(<"$LAB/run.pid")"
	sleep 0.5
	lab_run_end KILL || :
	sleep 0.5
	policy_run_passed 2
	retry 300 0.1 sent 30
	for i in 1 2 3 4; do
		policy_reload "s/^recipients = .*/recipients = $((5 + i))/; s/^recipients-day = .*/recipients-day = $((9 + i))/"
	done
	retry 300 0.1 sent 45
	# Restarted, as systemctl restart does it.
	lab_run_end
	policy_run_passed 2
	retry 300 0.1 sent 60
	# It hangs longer than anybody waits.
	kill -STOP "$(<"$LAB/run.pid")"
	sleep 2
	kill -CONT "$(<"$LAB/run.pid")"
	retry 300 0.1 sent 80
	lab_run_end
	policy_sockets_end
	retry 600 0.1 sent 100
	wait
	run ! grep -v '^accepted ' "$LAB"/sent.*
	(($(accepted | wc -l) == 100))
	echo "held: $(held_count)"
	(($(held_count) > 0))
	nothing_is_lost
}

@test "a small queue fills with held mail: what does not fit is put off, what was accepted is there" {
	lab_inside postfix -c /mnt/postfix/etc stop 2>/dev/null
	lab_inside sh -euc '
		mkdir /mnt/postfix/private
		mount --bind /mnt/postfix/queue/private /mnt/postfix/private
		mount -t tmpfs -o size=3m tmpfs /mnt/postfix/queue
		mkdir /mnt/postfix/queue/private
		mount --bind /mnt/postfix/private /mnt/postfix/queue/private
		postconf -c /mnt/postfix/etc -e message_size_limit=400000 notify_classes=
		postfix -c /mnt/postfix/etc start 2>/dev/null'
	lab_wait 10 lab_port_open 587
	start $'recipients = 1\nrecipients-day = 2'
	sender 1 198.51.100.7 40 100000
	cut -d' ' -f1 "$LAB/sent.1" | sort | uniq -c
	(($(accepted | wc -l) > 5))
	grep -q '^4[0-9][0-9] ' "$LAB/sent.1"
	run ! grep -E '^(5|broken)' "$LAB/sent.1"
	echo "held: $(held_count)"
	(($(held_count) == $(accepted | wc -l) - 1))
	nothing_is_lost
}
