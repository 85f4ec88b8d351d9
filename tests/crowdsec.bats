#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A list that follows the decisions of a real CrowdSec, Debian's: its local API in a network of its own.

load helpers/common

CROWDSEC=$BATS_TEST_DIRNAME/../build/crowdsec/usr/bin

setup_file() {
	file_requires root bpf networks sekisho jq python3 || return 0
	[[ -x $CROWDSEC/crowdsec ]] || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	lab_listen "$MX4" 587
	lab_listen "$MX4" 25
	mkdir -p "$LAB/feeds" "$LAB/crowdsec"/{data,hub}
	start_crowdsec
}

teardown_file() {
	[[ ! -x $CROWDSEC/crowdsec ]] || lab_down
}

setup() {
	requires
	[[ -x $CROWDSEC/crowdsec ]] || skip 'crowdsec is not unpacked: this Debian has no such package'
	lab_reset
	rm -f "$LAB/feeds"/*
	cscli decisions delete --all
	cd "$BATS_TEST_TMPDIR" || return
}

cscli() {
	nsenter --net="/run/netns/$LAB_SERVER" "$CROWDSEC/cscli" -c "$LAB/crowdsec/config.yaml" --error "$@" 3>&-
}

# No agent, no central API, no metrics: the local API alone, with Debian's profiles.
start_crowdsec() {
	local to=$LAB/crowdsec

	cp "$CROWDSEC/../../etc/crowdsec/"{simulation,profiles}.yaml "$to"
	echo '{}' >"$to/hub/.index.json"
	cat >"$to/config.yaml" <<-END
		common: { daemonize: false, log_media: stdout, log_level: info, working_dir: . }
		config_paths: { config_dir: $to, data_dir: $to/data, simulation_path: $to/simulation.yaml,
		  hub_dir: $to/hub, index_path: $to/hub/.index.json }
		crowdsec_service: { enable: false }
		cscli: { output: human }
		db_config: { log_level: info, type: sqlite, db_path: $to/data/crowdsec.db, use_wal: false }
		api:
		  client: { credentials_path: $to/client.yaml }
		  server: { log_level: info, listen_uri: "127.0.0.1:8080", profiles_path: $to/profiles.yaml,
		    console_path: $to/console.yaml }
		prometheus: { enabled: false }
	END
	cscli machines add test --password secret -f "$to/client.yaml" --force
	install -m 600 /dev/null "$to/key"
	cscli bouncers add lab -o raw >"$to/key"
	lab_background "$LAB/log/crowdsec" nsenter --net="/run/netns/$LAB_SERVER" \
		"$CROWDSEC/crowdsec" -c "$to/config.yaml" -no-cs -no-capi
	lab_wait 60 nsenter --net="/run/netns/$LAB_SERVER" curl -s -o /dev/null http://127.0.0.1:8080/
}

follow() { # [URL]
	lab_conf 'mode = enforce' "[service submission]
ports = 587
[list crowd]
action = deny
crowdsec = ${1-http://127.0.0.1:8080/}
key-file = $LAB/crowdsec/key
every = 1m"
}

entries() {
	grep -v '^#' "$LAB/feeds/crowd.list" | cut -d '|' -f 2 | sort | paste -sd ' '
}

asked() { # COUNT PATTERN: the LAPI's own log
	local count
	count=$(grep -c "$2" "$LAB/log/crowdsec")
	((count == $1)) || fail "asked $count times, not $1"
}

@test "decisions of a real CrowdSec come into a list, all at first, then what came and went" {
	follow
	cscli decisions add --ip 203.0.113.66 --duration 1h
	cscli decisions add --range 198.51.100.0/24 --duration 2h
	cscli decisions add --ip 203.0.113.67 --type captcha
	cscli decisions add --scope Country --value FR
	cscli decisions add --ip 192.168.7.7 # their own network: not for this list, and no reason against the others
	local before now
	before=$(date +%s)
	run_sekisho fetch
	says '^crowd: 2 prefixes$'
	[[ $(entries) == '192.168.7.7 198.51.100.0/24 203.0.113.66' ]] || fail "$(entries)"
	now=$(date +%s)
	awk -F '|' -v from="$before" -v to="$now" '$2 == "203.0.113.66" { exit !($1 > from + 3480 && $1 <= to + 3600) }' \
		"$LAB/feeds/crowd.list" || fail "$(cat "$LAB/feeds/crowd.list")"
	run_sekisho fetch
	[[ -z $output ]] || fail "asked again: $output"

	cscli decisions delete --ip 203.0.113.66
	cscli decisions add --ip 2001:db8:5:: --duration 1h
	cscli decisions add --ip 203.0.113.68
	run_sekisho fetch --now
	[[ $(entries) == '192.168.7.7 198.51.100.0/24 2001:db8:5:: 203.0.113.68' ]] || fail "$(entries)"
	asked 1 'stream?startup=true'
	asked 1 'stream?startup=false'
	# A question whose answer did not arrive: then all of it, for the other side tells a change once.
	: >"$LAB/feeds/crowd.asked"
	sed -i '/203.0.113.68/d' "$LAB/feeds/crowd.list"
	run_sekisho fetch --now
	grep -q 203.0.113.68 "$LAB/feeds/crowd.list"
	asked 2 'stream?startup=true'
	[[ ! -e $LAB/feeds/crowd.asked ]]
}

@test "the daemon enforces what CrowdSec decided, and lets go of the last of it" {
	follow
	cscli decisions add --ip 203.0.113.66
	lab_run
	connect_is open 203.0.113.66 "$MX4" 587
	run_sekisho fetch
	retry 300 0.1 connect_is no-answer 203.0.113.66 "$MX4" 587 0.3
	connect_is open 203.0.113.66 "$MX4" 25
	cscli decisions delete --all
	run_sekisho fetch --now
	says '^crowd: 0 prefixes$'
	retry 300 0.1 connect_is open 203.0.113.66 "$MX4" 587
	cscli decisions add --ip 203.0.113.66 --duration 25s
	run_sekisho fetch --now
	retry 200 0.1 connect_is no-answer 203.0.113.66 "$MX4" 587 0.3
	retry 600 0.1 connect_is open 203.0.113.66 "$MX4" 587 # by itself, without a word from there
	lab_run_end
}

@test "over a Unix socket too; a wrong key or another server changes nothing" {
	cscli decisions add --ip 203.0.113.66
	lab_background "$LAB/log/relay" nsenter --net="/run/netns/$LAB_SERVER" \
		"$BATS_TEST_DIRNAME/lab/relay" "$LAB/crowdsec/socket" 127.0.0.1 8080
	lab_wait 20 test -S "$LAB/crowdsec/socket"
	follow "http+unix:$LAB/crowdsec/socket:/"
	run_sekisho fetch
	[[ $(entries) == 203.0.113.66 ]]
	echo 0123456789abcdef >"$LAB/crowdsec/wrong"
	sed -i "s|^key-file = .*|key-file = $LAB/crowdsec/wrong|" "$LAB_CONF"
	run_sekisho 1 fetch --now
	complains "others may read the key file $LAB/crowdsec/wrong; chmod 600 it"
	run_sekisho 1 check
	complains 'others may read the key file'
	chmod 600 "$LAB/crowdsec/wrong"
	run_sekisho 1 fetch --now
	complains "the server answers 403; is the key in 'key-file' right"
	! grep -q 0123456789abcdef <<<"$output" || fail 'the key is shown'
	[[ $(entries) == 203.0.113.66 ]]
	follow http://127.0.0.1:8080/v1
	run_sekisho 1 fetch --now
	complains 'the server answers 404'
	sed -i '/^key-file/d' "$LAB_CONF"
	run_sekisho 1 check
	complains "no 'key-file'; .cscli bouncers add sekisho. makes the key"
	follow 'http+unix:relative:/'
	run_sekisho 1 check
	complains 'is no address of a feed'
}

@test "the commands of docs/moving-over.md make a list of what CrowdSec decides" {
	cscli decisions add --ip 203.0.113.66
	lab_conf 'mode = enforce'
	rm -rf "$LAB/sekisho.conf.d" "$LAB/conf.d"
	mkdir -p "$LAB/conf.d" bin
	printf '#!/bin/sh\nexec nsenter --net=/run/netns/%s "%s" -c "%s" "$@"\n' "$LAB_SERVER" "$SEKISHO" "$LAB_CONF" >bin/sekisho
	printf '#!/bin/sh\necho "$*" >>"%s/systemctl"\n' "$BATS_TEST_TMPDIR" >bin/systemctl
	chmod +x bin/*
	documented 'From CrowdSec' 'install ' | sed "s|/etc/sekisho|$LAB|g" >commands
	[[ $(wc -l <commands) == 14 ]]
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	# shellcheck source=/dev/null
	source ./commands
	grep -qx 'start sekisho-fetch' systemctl
	sekisho fetch
	[[ $(entries) == 203.0.113.66 ]]
	documented 'From CrowdSec' 'cscli decisions' >commands
	[[ $(wc -l <commands) == 1 ]]
	# shellcheck source=/dev/null
	source ./commands
	[[ $(sekisho export crowdsec) == 203.0.113.66/32 ]]
	rm -r "$LAB/conf.d" "$LAB/keys"
	cscli bouncers delete sekisho
}
