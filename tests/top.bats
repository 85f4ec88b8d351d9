#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `sekisho top`, driven in a real terminal (tmux) as a person would.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho tmux || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	lab_listen "$MX4" 25 587
}

teardown_file() {
	lab_down
}

setup() {
	requires tmux
	lab_reset
	lab_conf 'mode = enforce'
	: >"$LAB/log/mail.log"
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	screen kill-server 2>/dev/null || :
	lab_run_end || :
}

# tmux of its own: no other one, and no configuration of the user's, is touched.
screen() { server tmux -f /dev/null -S "$LAB/tmux" "$@"; }

top_starts() { # COLUMNS ROWS [VARIABLE=VALUE...]
	screen new-session -d -s top -x "$1" -y "$2" \
		"env ${*:3} '$SEKISHO' -c '$LAB_CONF' top --interval 1s 2>'$LAB/top.err'; echo left \$? >'$LAB/top.left'; sleep 60" \
		3>&-
	screen set-option -g remain-on-exit on
	rm -f "$LAB/top.left"
	shows '^sekisho [0-9:]+'
}

shown() { screen capture-pane -p -t top; }
shows_now() { shown | grep -Eq -- "$1"; }
shows() { # PATTERN, within three seconds
	retry 30 0.1 shows_now "$1" || fail "$(shown)" "not shown: $1" "$(cat "$LAB/top.err")"
}
hides() {
	retry 30 0.1 eval "! shows_now '$1'" || fail "$(shown)" "still shown: $1"
}
press() { screen send-keys -t top "$@"; }
has_left() { grep -qs "left $1" "$LAB/top.left"; }

@test "top shows services, rates, sources, networks, countries and bans" {
	lab_run
	run_sekisho ban --reason 'too often' 198.51.100.66
	lab_burst 198.51.100.7 "$MX4" 25 20 >/dev/null
	lab_burst 203.0.113.9 "$MX4" 587 5 >/dev/null
	lab_hold held 198.51.100.8 "$MX4" 25
	top_starts 100 30
	shows '^sekisho .* enforce +devices 1/1 +logs 1/1 +bans 1 +open 1'
	shows '^outflow: open, '
	shows '^submission '
	shows '^198\.51\.100\.7 +JP '
	lab_burst 198.51.100.66 "$MX4" 25 3 >/dev/null || :
	shows '^packets dropped: +banned [0-9.]+'
	press 2
	shows '^203\.0\.113\.0/24 +DE '
	press 3
	shows '^DE '
	press 4
	shows 'no account is under siege'
	press 5
	shows '^198\.51\.100\.66/32 .*manual: too often'
	press Tab
	shows '^198\.51\.100\.7 +JP '
	press q
	retry 30 0.1 has_left 0
}

@test "top sorts, filters, and pauses" {
	lab_run
	lab_burst 198.51.100.7 "$MX4" 25 20 >/dev/null
	lab_burst 203.0.113.9 "$MX4" 587 5 >/dev/null
	top_starts 80 24
	shows 'rows by rate'
	press s s s
	shows 'rows by attempts'
	first() { shown | grep -E '^(198\.51\.100\.7|203\.0\.113\.9) ' | head -n 1; }
	[[ $(first) == 198.51.100.7* ]]
	press s
	shows 'rows by name'
	press / d e Enter
	shows 'rows by name, with de'
	hides '^198\.51\.100\.7 '
	shows '^203\.0\.113\.9 '
	press Escape
	shows '^198\.51\.100\.7 '
	press p
	shows PAUSED
	lab_burst 203.0.113.77 "$MX4" 25 5 >/dev/null
	sleep 1.5
	run ! shows_now '^203\.0\.113\.77 '
	press p
	shows '^203\.0\.113\.77 '
}

@test "top bans and unbans, asking first" {
	lab_run
	lab_burst 198.51.100.7 "$MX4" 25 3 >/dev/null
	top_starts 80 24
	press / 9 8 . 5 1 . 1 0 0 . 7 Enter
	shows '^198\.51\.100\.7 '
	press b
	shows 'ban 198\.51\.100\.7 for 1h\? \[y/N\]'
	press n
	shows 'not done'
	no_ban_exists 198.51.100.7/32
	press b y
	shows 'banned 198\.51\.100\.7/32 for 1h'
	ban_exists 198.51.100.7/32
	connect_is no-answer 198.51.100.7 "$MX4" 25 0.3
	press 5
	shows '^198\.51\.100\.7/32 .*by hand, from top'
	press u
	shows 'unban 198\.51\.100\.7/32\?'
	press y
	shows 'unbanned 198\.51\.100\.7/32'
	no_ban_exists 198.51.100.7/32
	connect_is open 198.51.100.7 "$MX4" 25
	press u
	shows 'choose a source'
}

@test "top does not ban what must not be banned, and says why" {
	lab_run
	lab_burst "$GATEWAY4" "$MX4" 25 3 >/dev/null
	top_starts 80 24
	press / "$GATEWAY4" Enter
	shows "^$GATEWAY4 "
	press b y
	shows 'gateway'
	no_ban_exists "$GATEWAY4/32"
}

@test "top survives a terminal of 60x20, and resizing down to nothing and back" {
	lab_run
	lab_burst 198.51.100.7 "$MX4" 25 5 >/dev/null
	top_starts 60 20
	shows '^198\.51\.100\.7 +JP '
	shown | awk 'length > 60' | grep . && fail "wider than 60 columns"
	for size in '20 5' '10 3' '200 60' '1 1' '60 11' '80 24'; do
		screen resize-window -t top -x "${size% *}" -y "${size#* }"
		sleep 0.3
	done
	shows '^198\.51\.100\.7 +JP '
	press '?'
	shows 'Any key goes back'
	press x
	shows '^198\.51\.100\.7 +JP '
	kill -TERM "$(pgrep -P "$(screen display-message -p -t top '#{pane_pid}')" sekisho)"
	retry 30 0.1 has_left 0
}

@test "top shows accounts that the daemon names, with control characters made visible" {
	run_sekisho load
	pid=$BASHPID
	cat >"$LAB/run/status.json" <<-END
		{"pid": $pid, "pid_start": $(cut -d' ' -f22 "/proc/$pid/stat"), "accounts": [
		{"account": "bob\\u001b[2J@example.com", "rule": "account-siege", "last": "2026-01-01T00:00:00Z"}]}
	END
	top_starts 80 24
	press 4
	shows 'bob.x1b\[2J@example\.com .*account-siege'
}

logs_in() { # ACCOUNT: what nobody uses cannot be besieged
	printf '%s mx dovecot: imap-login: Login: user=<%s>, method=PLAIN, rip=203.0.113.77, lip=192.0.2.1, mpid=7, TLS, session=<s1>\n' \
		"$(LC_ALL=C date '+%b %e %H:%M:%S')" "$1" >>"$LAB/log/mail.log"
}

fails_from() { # ADDRESS ACCOUNT
	printf '%s mx postfix/smtpd[9]: warning: unknown[%s]: SASL LOGIN authentication failed: x, sasl_username=%s\n' \
		"$(LC_ALL=C date '+%b %e %H:%M:%S')" "$1" "$2" >>"$LAB/log/mail.log"
}

@test "top and status show the account that a real siege is laid to, until it is over" {
	lab_conf 'mode = enforce' '[rule account-siege]
networks = 3
window = 8s'
	lab_run
	logs_in bob@example.com
	for network in 1 2 3; do
		fails_from "198.51.$network.9" bob@example.com
	done
	fails_from 198.51.9.9 alice@example.com
	top_starts 80 24
	press 4
	retry 40 0.1 shows_now '^bob@example\.com .* account-siege' || fail "$(shown)"
	run ! shows_now alice
	run_sekisho status --json
	json '.[0].daemon.accounts | map(.account) == ["bob@example.com"] and .[0].rule == "account-siege"
		and .[0].last != null'
	run_sekisho status
	says '^accounts +bob@example\.com: account-siege, last '
	run_sekisho stats --prometheus
	says '^sekisho_accounts_in_trouble\{rule="account-siege"\} 1$'
	retry 250 0.1 shows_now 'no account is under siege' || fail "$(shown)"
}

@test "an account that was under siege before a restart still is, and is shown" {
	lab_conf 'mode = enforce' '[rule account-siege]
networks = 2'
	lab_run
	carol_is_shown() { run_sekisho status && says '^accounts +carol: account-siege'; }
	logs_in carol
	fails_from 198.51.1.9 carol
	fails_from 198.51.2.9 carol
	retry 120 0.1 carol_is_shown
	sleep 1.5 # what was learned is written down once a second
	lab_run_end
	lab_run
	retry 120 0.1 carol_is_shown
}

@test "top shows a trip of the outflow breaker, whose it is, and how many are held back" {
	lab_background "$LAB/log/peer" nsenter --net="/run/netns/$LAB_CLIENT" \
		"$LAB_TOOLS/peer" listen "$GATEWAY4" 25
	lab_wait 5 client bash -c 'ss -Hltn "sport = :25" | grep -q .'
	lab_conf 'mode = enforce' '[outflow]
rate = 1/h
burst = 2'
	lab_run
	top_starts 60 20
	shows '^outflow: open, 0.0 attempts/min'
	[[ $(server "$LAB_TOOLS/peer" burst "$MX4" "$GATEWAY4" 25 5) == 2 ]]
	shows '^outflow: TRIPPED for [0-9]+ s, 3 held back, [0-9.,]+ attempts'
	screen resize-window -t top -x 100 -y 10
	shows '^outflow: TRIPPED .*: this machine$'
	run_sekisho outflow release
	screen resize-window -t top -x 80 -y 24
	shows '^outflow: released, '
}

@test "top says when a log is missing and when there is no daemon" {
	lab_conf 'mode = enforce' "[log gone]
file = $LAB/log/gone.log"
	lab_run
	top_starts 80 24
	retry 130 0.1 shows_now '^sekisho .* logs 1/2 ' || fail "$(shown)"
	lab_run_end
	shows '^sekisho .* NO DAEMON .* logs 0/0 '
}

@test "top takes no colour where it is not wanted" {
	run_sekisho load
	top_starts 80 24 NO_COLOR=1
	shows 'NO DAEMON'
	# With -e the escapes of attributes come along; 3x is a foreground colour.
	run ! grep -Eq $'\e\\[([0-9]+;)*3[0-7]m' <<<"$(screen capture-pane -e -p -t top)"
	screen kill-server
	rm -f "$LAB/tmux"
	top_starts 80 24 TERM=screen-256color
	grep -Eq $'\e\\[([0-9]+;)*3[0-7]m' <<<"$(screen capture-pane -e -p -t top)"
}

@test "top in monitor mode says what would be dropped, and of a ban that it would be one" {
	lab_conf 'mode = monitor'
	lab_run
	run_sekisho ban 198.51.100.66
	top_starts 80 24
	shows '^per minute +attempts would drop '
	shows '^packets that would be dropped: +none'
	lab_burst 198.51.100.66 "$MX4" 25 3 >/dev/null
	shows '^packets that would be dropped: +banned [0-9.]+'
	shows '^sources .* would/m .* would '
	shows '^198\.51\.100\.66 .* would$'
	hides 'drop/m|packets dropped'
	press / . 6 6 Enter
	shows '^1 rows by rate, with \.66'
	press b
	shows 'ban 198\.51\.100\.66 for 1h\?'
	press y
	shows 'monitor mode: would ban 198\.51\.100\.66/32 for 1h'
}

@test "top without a terminal, and without a gate, fails and says what to do" {
	run_sekisho 1 top
	complains 'needs a terminal.*stats'
	run_sekisho 2 top --interval 0s
	run_sekisho 2 top --interval 61s
	run_sekisho 2 top extra
	screen new-session -d -s top -x 80 -y 24 \
		"'$SEKISHO' -c '$LAB_CONF' top 2>'$LAB/top.err'; echo left \$? >'$LAB/top.left'; sleep 9" 3>&-
	retry 30 0.1 has_left 1
	grep -q 'no gate is loaded' "$LAB/top.err"
}

# An attacker who is banned no more has an entry among the sources: only his ban counts him.
@test "top shows who still comes while he is banned, and on a wide terminal the last hour and the latest bans" {
	lab_run
	run_sekisho ban --reason 'too often' 198.51.100.66
	top_starts 200 50
	lab_burst 198.51.100.66 "$MX4" 25 30 >/dev/null
	shows '^198\.51\.100\.66 +JP +- +[0-9.,]+ +[0-9.,]+ +0 +30 +30 +banned'
	shows 'the last hour, per minute'
	shows 'connections +[0-9]+ in the last'
	shows 'failed logins +[0-9]+ in the last'
	shows 'the latest bans'
	shows 's ago  198\.51\.100\.66/32 +manual'
	screen resize-window -t top -x 80 -y 24
	shows '^198\.51\.100\.66 +JP .*banned'
	hides 'the last hour'
	screen resize-window -t top -x 40 -y 14
	shows '^sources +att/min +drop/m$'
	shows '^198\.51\.100\.66 +JP'
	press q
	retry 30 0.1 has_left 0
}
