#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Alerts arrive: from the daemon by sockets to what mails, posts and locks, with a real Postfix and a
# real HTTPS server. The units themselves are systemd's; here systemd-socket-activate stands for it.

load helpers/common

FACTS='{"host":"mx","time":"2026-11-21T10:00:00Z","action":"alert","rule":"RULE","account":"ACCOUNT",
"prefix":null,"reason":"a try","sources":[],"source_count":0,"evidence":[]}'

setup_file() {
	file_requires root bpf networks sekisho mail jq python3 curl openssl systemd-socket-activate || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	lab_postfix
	# Postfix's programs that are setgid take no other configuration than this one.
	lab_inside sh -c 'cp /mnt/postfix/etc/* /etc/postfix/'
	mkdir "$LAB/alert"
	cp "$BATS_TEST_DIRNAME"/../packaging/alert/{deliver,lock} "$LAB/alert/"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
		-keyout "$LAB/alert/key" -out "$LAB/alert/cert" 2>/dev/null
	chmod 644 "$LAB/alert/cert"
	https
}

teardown_file() {
	lab_down
}

setup() {
	requires
	lab_reset
	lab_conf 'mode = enforce' "[alert]
program = $SEKISHO alert --hand-over $LAB/alert.sock $LAB/lock.sock"
	: >"$LAB/log/mail.log"
	rm -f "$LAB"/{alert,lock}.sock "$LAB/locked" "$LAB"/posted*
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	lab_run_end KILL || :
	tail -n 20 "$LAB/log/run" "$LAB/log/takers" 2>/dev/null || :
}

# Stands for a socket unit with Accept=yes.
taker() { # NAME VARIABLE=VALUE... -- COMMAND...
	local name=$1 settings=()
	shift
	while [[ $1 != -- ]]; do
		settings+=(-E "$1")
		shift
	done
	shift
	lab_background "$LAB/log/takers" nsenter --target "$(<"$LAB/mail.pid")" --mount --pid --net \
		systemd-socket-activate --accept --inetd -l "/mnt/$name.sock" -E PATH "${settings[@]}" "$@"
	lab_wait 30 test -S "$LAB/$name.sock"
}

https() {
	lab_background "$LAB/log/takers" nsenter --net="/run/netns/$LAB_SERVER" python3 -c '
import http.server, ssl, sys
lab = sys.argv[1]
class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        open(lab + "/posted" + self.path.replace("/", "-"), "wb").write(body)
        self.send_response(200 if self.path != "/broken" else 500)
        self.send_header("Content-Length", "0") # newer OpenSSL minds an end without a length
        self.end_headers()
server = http.server.HTTPServer(("127.0.0.1", 8443), Hook)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(lab + "/alert/cert", lab + "/alert/key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()' "$LAB"
	lab_wait 30 lab_port_open 8443
}

deliver() { # VARIABLE=VALUE...
	taker alert ALERT_WEBHOOK_CA=/mnt/alert/cert "$@" -- \
		setpriv --reuid 65534 --regid 65534 --clear-groups /mnt/alert/deliver
}
lock() { # VARIABLE=VALUE...
	taker lock "$@" -- setpriv --no-new-privs /mnt/alert/lock
}

delivered_since() { # COUNT
	(($(lab_delivered alice) > $1))
}

mail_of_alice() {
	cat "$LAB"/mail/alice/new/* 2>/dev/null
}

@test "a test alert is mailed by Postfix's setgid postdrop, posted by HTTPS, and locks nobody" {
	local before
	before=$(lab_delivered alice)
	deliver ALERT_MAIL_TO=alice@example.net ALERT_WEBHOOK_URL=https://localhost:8443/hook
	lock LOCK_KIND=dovecot LOCK_FILE=/mnt/locked
	lab_run
	run_sekisho alert --test
	says 'a test alert of account-spread was taken'
	retry 100 0.1 delivered_since "$before"
	mail_of_alice | grep -q '^Subject: sekisho on .*: account-spread'
	mail_of_alice | grep -q 'This is a test'
	# In local time, without what a second is made of.
	mail_of_alice | grep -Eq '^since: +20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} [A-Z+]'
	jq -e '.test == true and .rule == "account-spread" and .account == "sekisho-test"' "$LAB/posted-hook"
	[[ ! -s $LAB/locked ]]
}

@test "what fails is said by the test, by the log, and by doctor" {
	deliver ALERT_WEBHOOK_URL=https://localhost:8443/broken
	lock LOCK_KIND=dovecot LOCK_FILE=/mnt/locked
	lab_run
	run_sekisho 1 alert --test
	complains 'alert program .* failed with status 1 .*: the web hook failed: .*500'
	grep -q 'the web hook failed: .*500' "$LAB/log/run"
	retry 80 0.2 bash -c "$(declare -f server); server '$SEKISHO' -c '$LAB_CONF' doctor --json | grep -Eq 'the program failed ([0-9]+) of the \1 times that'"
	rm "$LAB/alert.sock"
	run_sekisho 1 alert --test
	grep -q 'nobody takes alerts at .*; systemctl enable --now' "$LAB/log/run"
	run_sekisho 2 alert --test no-such-rule
	complains "no rule 'no-such-rule'; it is one of manual, source-failures, .*account-spread"
	run_sekisho 2 alert --test acount-spread
	complains "no rule 'acount-spread'; did you mean 'account-spread'"
	lab_run_end
	run_sekisho 1 alert --test
	complains 'no .sekisho run. is at work'
}

@test "an account is locked once, by three rules alone, and never for what could be no account" {
	local rule
	lock LOCK_KIND=dovecot LOCK_FILE=/mnt/locked
	hand() { # RULE ACCOUNT
		jq -c --arg r "$1" --arg a "$2" '.rule = $r | .account = $a' <<<"$FACTS" >facts
		lab_sekisho alert --hand-over "$LAB/lock.sock" <facts
	}
	for rule in account-spread account-flood account-old-password; do
		hand "$rule" bob@example.net
	done
	for rule in source-failures account-siege network-failures bounce-surge outflow; do
		hand "$rule" carol@example.net
	done
	hand account-spread 'x y'
	hand account-spread $'x\ny'
	hand account-spread '-x'
	# shellcheck disable=SC2016 # as text
	hand account-spread '$(reboot)'
	hand account-spread root
	[[ $(<"$LAB/locked") == bob@example.net ]]
}

@test "all accounts of an alert that was summed up are locked, and stand in the mail" {
	# shellcheck disable=SC2016 # as text
	local accounts='["bob@example.net", "root", "-x", "x y", "$(reboot)", "carol@example.net", "x\ny"]'
	lock LOCK_KIND=dovecot LOCK_FILE=/mnt/locked
	jq -c --argjson a "$accounts" '.rule = "account-spread" | .account = null | .accounts = $a' <<<"$FACTS" >facts
	lab_sekisho alert --hand-over "$LAB/lock.sock" <facts
	[[ $(<"$LAB/locked") == $'bob@example.net\ncarol@example.net' ]]
	deliver ALERT_WEBHOOK_KIND=ntfy ALERT_WEBHOOK_URL=https://localhost:8443/sum
	lab_sekisho alert --hand-over "$LAB/alert.sock" <facts
	grep -qx 'carol@example.net' "$LAB/posted-sum"
	grep -qx '  sekisho account carol@example.net' "$LAB/posted-sum"
	run ! grep -q 'sekisho account.*reboot' "$LAB/posted-sum"
}

@test "doctor names the accounts that are locked, until they are unlocked" {
	lock LOCK_KIND=dovecot LOCK_FILE=/mnt/locked
	locked() { # as if it were the machine's own lock.conf
		# shellcheck disable=SC2016 # for the shell in there
		server unshare --mount --propagation private sh -euc '
			mkdir -p "$1/etc/sekisho"
			echo "LOCK_FILE=\"$1/locked\"" >"$1/etc/sekisho/lock.conf"
			mount -t overlay overlay -o "lowerdir=$1/etc:/etc" /etc
			"$2" -c "$3" doctor --json || :
		' - "$LAB" "$SEKISHO" "$LAB_CONF" | jq -r '.findings[] | select(.id == "accounts-locked") | .subject + ": " + .text'
	}
	[[ -z $(locked) ]]
	for account in bob@example.net alice; do
		jq -c --arg a "$account" '.rule = "account-spread" | .account = $a' <<<"$FACTS" >facts
		lab_sekisho alert --hand-over "$LAB/lock.sock" <facts
	done
	[[ $(locked) == "$LAB/locked: 2 accounts are locked: bob@example.net, alice" ]]
	sed -i '/^bob/d' "$LAB/locked"
	[[ $(locked) == "$LAB/locked: 1 account is locked: alice" ]]
	: >"$LAB/locked"
	[[ -z $(locked) ]]
}

@test "nothing of a stranger's name mentions people in Slack or Mattermost, or makes a header" {
	for kind in slack mattermost ntfy; do
		deliver "ALERT_WEBHOOK_KIND=$kind" "ALERT_WEBHOOK_URL=https://localhost:8443/$kind"
		jq -c --arg a $'<!channel> @all `x`\nSubject: y' '.rule = "account-spread" | .account = $a' <<<"$FACTS" >facts
		lab_sekisho alert --hand-over "$LAB/alert.sock" <facts
		rm "$LAB/alert.sock"
	done
	jq -e '.text | contains("<!channel>") | not' "$LAB/posted-slack"
	jq -e '.text | (contains("@all") | not) and contains("account-spread")' "$LAB/posted-mattermost"
	grep -q 'why:      a try' "$LAB/posted-ntfy"
}

@test "an alert names the commands to type next, and of a stranger's name makes none" {
	deliver ALERT_WEBHOOK_KIND=ntfy ALERT_WEBHOOK_URL=https://localhost:8443/next
	next() { # JQ
		jq -c "$1" <<<"$FACTS" >facts
		lab_sekisho alert --hand-over "$LAB/alert.sock" <facts
		sed -n '/^next, as root:$/,/^$/s/^  //p' "$LAB/posted-next" >next
	}
	next '.account = "bob@example.net" | .sources = [{prefix: "198.51.100.7/32", country: "JP", provider: null}]'
	diff next - <<-'END'
		sekisho account bob@example.net
		sekisho account --trust bob@example.net   # once its password is changed
		sekisho why 198.51.100.7
		sekisho unban 198.51.100.7   # if it is to be let in
	END
	next '.account = null | .prefix = "2001:db8:1::/64"'
	diff next - <<<$'sekisho why 2001:db8:1::\nsekisho unban 2001:db8:1::/64   # if it is to be let in'
	next '.account = null | .outflow = {}'
	diff next - <<<'sekisho outflow'
	# Summed up, and what could be no account here.
	# shellcheck disable=SC2016 # as text
	for account in null '"-x"' '"$(reboot)"' '"bob\nreboot"' '"bob\n"' '"b;reboot"' '"x y"'; do
		next ".account = $account"
		diff next - <<<'sekisho alerts'
	done
}

@test "check refuses an alert program that is not there or cannot be run" {
	sed -i "s#^program = .*#program = $LAB/missing#" "$LAB_CONF"
	run_sekisho 1 check
	complains "sekisho\\.conf:[0-9]+: \\[alert\\] program: $LAB/missing: No such file or directory; correct the path"
	mkdir "$LAB/missing"
	run_sekisho 1 check
	complains "$LAB/missing is a folder; name the program in it"
	rmdir "$LAB/missing"
	: >"$LAB/missing"
	chmod 644 "$LAB/missing"
	run_sekisho 1 check
	complains "$LAB/missing is no program"
	chmod 755 "$LAB/missing"
	run_sekisho check
}
