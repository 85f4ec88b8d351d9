#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Connections and rates per source, network and country: counted by handshakes, enforced at the
# next SYN, and what was in flight is closed.

load helpers/common

FLOOD=$BATS_TEST_DIRNAME/../build/tests/flood/flood

setup_file() {
	file_requires root bpf networks sekisho jq bpftool || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	ip netns exec "$LAB_SERVER" sysctl -qw net.core.somaxconn=8192 net.ipv4.tcp_max_syn_backlog=8192
	crowds_serve
}

teardown_file() {
	lab_down
}

setup() {
	requires
	lab_reset
	server tc qdisc del dev mx0 root 2>/dev/null || :
	crowds_serve
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	crowds_end
	cat "$LAB/log/run" 2>/dev/null || :
}

# Anew, so that nothing is left open of what came before.
crowds_serve() { # [talk]
	local pid
	touch "$LAB/servers"
	while read -r pid; do
		lab_kill "$pid"
	done <"$LAB/servers"
	: >"$LAB/servers"
	crowd_serve "$MX4" 25 "$@"
	crowd_serve "$MX6" 25 "$@"
}

crowd_serve() { # ADDRESS PORT [talk]
	lab_background "$LAB/log/crowd" \
		nsenter --net="/run/netns/$LAB_SERVER" "$LAB_TOOLS/crowd" serve "$@"
	tail -n 1 "$LAB/pids" >>"$LAB/servers"
	lab_wait 5 crowd_serves "$@"
}

crowd_serves() { # ADDRESS PORT
	if [[ $1 == :: ]]; then
		lab_port_open "$2"
	else
		[[ -n $(server ss -Hltn "src [$1]:$2") ]]
	fi
}

# Starts a crowd in the client's namespace; its words: LAB/crowd.
crowd_begin() { # MODE SOURCE SERVER PORT COUNT
	rm -f "$LAB/crowd"
	lab_background "$LAB/log/crowd" \
		nsenter --net="/run/netns/$LAB_CLIENT" "$LAB_TOOLS/crowd" "$@" "$LAB/crowd"
	CROWD=$(tail -n 1 "$LAB/pids")
	echo "$CROWD" >>"$LAB/crowds"
}

crowd() { # MODE SOURCE SERVER PORT COUNT
	crowd_begin "$@"
	lab_wait "${CROWD_START_S:-30}" test -s "$LAB/crowd"
}

crowd_end() { # [PID]
	lab_kill "${1:-$CROWD}"
	sed -i "/^${1:-$CROWD}\$/d" "$LAB/crowds"
}

# All of a test: the next one would read their words for its own crowd's.
crowds_end() {
	local pid
	[[ ! -e $LAB/crowds ]] || while read -r pid; do
		lab_kill "$pid"
	done <"$LAB/crowds"
	rm -f "$LAB/crowds"
}

alive() { # prints how many of the crowd's connections live
	sed -n 's/.*alive //p' "$LAB/crowd"
}

half_open_is() { # COUNT, or one less: whose answer slipped out
	(($(server ss -Htn state syn-recv | wc -l) >= $1 - 1))
}

# A crowd whose SYNs have all passed before the first of its handshakes is complete, as over a real
# distance: on a veth each would be complete before the next SYN is sent. The answers are held back.
crowd_at_once() { # SOURCE SERVER PORT COUNT
	local before
	before=$(meter_sum country_meters handshakes)
	lab_hold_answers
	crowd_begin open "$@"
	retry 100 0.02 half_open_is "$4"
	server tc qdisc change dev mx0 root tbf rate 1gbit burst 1mb limit 10mb
	retry 20 0.1 server ping -q -c 1 -W 0.2 "$GATEWAY4" # it looks at its queue when something comes
	lab_wait 10 test -s "$LAB/crowd"
	# A queue of accepts that was full lets some come a second later.
	retry 50 0.2 handshakes_are $((before + $4))
}

handshakes_are() { (($(meter_sum country_meters handshakes) == $1)); }

alive_is() { [[ $(alive) -eq $1 ]]; }

# The sum of a member over a pinned table of meters.
meter_sum() { # TABLE MEMBER
	bpftool -j map dump pinned "$LAB_MAPS/$1" | jq "[.[].formatted.value.$2] | add // 0"
}

meters() { # TABLE: entries
	bpftool -j map dump pinned "$LAB_MAPS/$1" | jq length
}

# Connections to smtp as the server's kernel sees them, without those that only wait out their time.
ss_count() {
	server ss -Htna "sport = :25" | awk '$1 !~ /^(LISTEN|TIME-WAIT|SYN-RECV)$/ { n++ } END { print n + 0 }'
}

ss_count_is() { [[ $(ss_count) -eq $1 ]]; }

ss_count_is_over() { (($(ss_count) > $1)); }

counts_equal_ss() {
	local seen sources networks countries
	seen=$(ss_count)
	sources=$(meter_sum sources open) networks=$(meter_sum networks open)
	countries=$(meter_sum country_meters open)
	echo "open: ss $seen, sources $sources, networks $networks, countries $countries"
	[[ $sources -eq $seen && $networks -eq $seen && $countries -eq $seen ]]
}

attempts_dropped() { # REASON
	run_sekisho stats --json >/dev/null
	jq ".services.smtp.reasons[\"$1\"].dropped.attempts // 0" <<<"$output"
}

# How many handshakes the class's counters have of all countries.
handshakes() {
	run_sekisho stats --json >/dev/null
	jq '.services.smtp.handshakes' <<<"$output"
}

LIMITED='[class world]
connections = 20
[service smtp]
countries = *:world'

@test "1,000 parallel connects against a limit of 20 leave 20, and the next attempt gets no answer" {
	lab_conf 'mode = enforce' "$LIMITED"
	lab_run
	crowd_at_once 198.51.100.66 "$MX4" 25 1000
	retry 100 0.1 alive_is 20
	before=$(attempts_dropped source-connections)
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	connect_is open 198.51.100.67 "$MX4" 25
	(($(attempts_dropped source-connections) == before + 1))
	run_sekisho why --json 198.51.100.66
	json '.[0].services.smtp | .verdict == "drop" and .reason == "source-connections"'
	counts_equal_ss
	crowd_end
	retry 30 0.1 connect_is open 198.51.100.66 "$MX4" 25 0.3
}

@test "records of connections beyond a limit from before a start reset no later one on their ports" {
	local port ports
	lab_conf 'mode = enforce' '[class world]
connections = 2
[service smtp]
countries = *:world'
	run_sekisho load
	crowd_at_once 198.51.100.66 "$MX4" 25 8
	mapfile -t ports < <(server ss -Htn state established 'sport = :25' | awk '{ sub(/.*:/, "", $4); print $4 }')
	((${#ports[@]} == 8))
	# By resets, so that the ports are free at once.
	client ss -K -tn "dst $MX4" >/dev/null
	crowd_end
	retry 50 0.1 ss_count_is 0
	lab_conf 'mode = enforce'
	run_sekisho load
	for port in "${ports[@]}"; do
		PEER_PORT=$port lab_hold "later$port" 198.51.100.66 "$MX4" 25
	done
	lab_run
	sleep 1
	for port in "${ports[@]}"; do
		session_is_alive "later$port"
	done
	ss_count_is 8
}

lost_are() { # COUNT: sets the counter of struct usage
	local bytes
	bytes=$(bpftool -j map dump pinned "$LAB_MAPS/usage" | jq -r '.[0].value | map(ltrimstr("0x")) | (.[:32] + ["'"$1"'", "00", "00", "00", "00", "00", "00", "00"] + .[40:]) | join(" ")')
	# shellcheck disable=SC2086 # bytes
	bpftool map update pinned "$LAB_MAPS/usage" key hex 00 00 00 00 value hex $bytes
}

@test "connections beyond a limit that nobody was told of are counted and reported" {
	lab_conf 'mode = enforce' '[class world]
connections = 2
[service smtp]
countries = *:world'
	run_sekisho load
	# Reports wait for a daemon.
	crowd_at_once 198.51.100.66 "$MX4" 25 8
	run_sekisho status --json
	json '.[0].tables.over_limit | .used == 6 and .size > 2000 and .overflows == 0'
	lost_are 05
	run_sekisho stats --json
	json '.[0].tables.over_limit.overflows == 5'
	run_sekisho stats --prometheus
	says '^sekisho_table_overflows_total{table="over_limit"} 5'
	run_sekisho any doctor --json
	json '.[0].findings | any(.id == "over-limit-lost" and (.text | startswith("5 ")))'
	lab_run
	retry 50 0.1 grep -q '5 connections beyond a limit stay open' "$LAB/log/run"
	run_sekisho status --json
	json '.[0].tables.over_limit.used == 0'
}

@test "an IPv6 client that hops through its /64 is one source" {
	lab_conf 'mode = enforce' '[class world]
connections = 3
[service smtp]
countries = *:world'
	lab_run
	for host in 1 2 3; do
		lab_hold "hop$host" "2001:db8:bad:66::$host" "$MX6" 25
	done
	connect_is no-answer 2001:db8:bad:66::4 "$MX6" 25 0.3
	connect_is open 2001:db8:bad:67::1 "$MX6" 25
}

DUAL='[class world]
connections = 20
[service imap]
countries = *:world'

@test "an IPv4 client of a dual-stack listener is its IPv4 source, from its limit to its end" {
	crowd_serve :: 143
	lab_conf 'mode = enforce' "$DUAL"
	lab_run
	lab_hold mapped 198.51.100.68 "$MX4" 143
	crowd_at_once 198.51.100.66 "$MX4" 143 100
	retry 100 0.1 alive_is 20
	connect_is no-answer 198.51.100.66 "$MX4" 143 0.3
	connect_is open 198.51.100.67 "$MX4" 143
	crowd_end
	retry 30 0.1 connect_is open 198.51.100.66 "$MX4" 143 0.3
	run_sekisho ban 198.51.100.68
	retry 30 0.1 session_is_dead mapped
	[[ -z $(server ss -Htn state established 'sport = :143 and dst [::ffff:198.51.100.68]') ]]
	counts_were_right
}

@test "an IPv4 client of a dual-stack listener is taken in as its IPv4 source" {
	crowd_serve :: 143
	crowd open 198.51.100.66 "$MX4" 143 20
	lab_conf 'mode = enforce' "$DUAL"
	lab_run
	connect_is no-answer 198.51.100.66 "$MX4" 143 0.3
	connect_is open 198.51.100.67 "$MX4" 143
	run_sekisho stats --json
	json '.[0].services.imap.countries.JP.open >= 20'
	crowd_end
	retry 50 0.1 connect_is open 198.51.100.66 "$MX4" 143 0.3
}

@test "an allow list's sources have no limit, and nothing of theirs is closed" {
	lab_conf 'mode = enforce' "$LIMITED
[list good]
action = allow"
	lab_run
	echo 198.51.100.66 >"$BATS_TEST_TMPDIR/good"
	run_sekisho import good "$BATS_TEST_TMPDIR/good"
	crowd open 198.51.100.66 "$MX4" 25 60
	sleep 0.6
	alive_is 60
	connect_is open 198.51.100.66 "$MX4" 25
}

@test "in monitor mode nothing is closed and nothing dropped, and what would be is counted" {
	lab_conf 'mode = monitor' "$LIMITED"
	lab_run
	crowd open 198.51.100.66 "$MX4" 25 50
	sleep 0.6
	alive_is 50
	connect_is open 198.51.100.66 "$MX4" 25
	run_sekisho stats --json
	grep -q 'source-connections' <<<"$output"
}

@test "a network's connections are limited beside each source's own" {
	lab_conf 'mode = enforce' '[class world]
network-connections = 30
[service smtp]
countries = *:world'
	lab_run
	crowd_at_once 198.51.100.1-198.51.100.60 "$MX4" 25 60
	retry 100 0.1 alive_is 30
	connect_is no-answer 198.51.100.70 "$MX4" 25 0.3
	connect_is open 2001:db8:bad:67::1 "$MX6" 25
}

flood_of() { # SOURCE COUNT
	perl -MSocket -e 'binmode STDOUT; print "\0" x 10, "\xff\xff", inet_aton(shift)' "$1" >"$BATS_TEST_TMPDIR/source"
	client "$FLOOD" out0 02:00:00:00:00:01 "$MX4" 25 "$2" sources="$BATS_TEST_TMPDIR/source"
}

network_dropped() {
	run_sekisho stats --json >/dev/null
	jq '.services.smtp.reasons["network-connections"].dropped.attempts' <<<"$output"
}

flood_is_held() { # of a source that has a meter, from a network with all the connections that it may have
	local before
	before=$(network_dropped)
	flood_of 198.51.100.66 20000
	[[ $(network_dropped) -eq $((before + 20000)) ]]
}

ten_a_network() {
	lab_conf 'mode = enforce' '[class world]
network-connections = 10
[service smtp]
countries = *:world'
}

# In a flood the gate looks a known source's network up only if it is marked as being at a limit.
@test "a flood of a known source is held by its network's limit, also by one that comes later" {
	ten_a_network
	lab_run
	connect_is open 198.51.100.66 "$MX4" 25
	crowd open 198.51.100.1-198.51.100.10 "$MX4" 25 10
	retry 100 0.1 alive_is 10
	flood_is_held
	crowd_end
	retry 50 0.1 ss_count_is 0
	sed -i 's/^network-connections = .*/network-connections = 30/' "$LAB_CONF"
	reload_policy
	crowd open 198.51.100.1-198.51.100.10 "$MX4" 25 10
	retry 100 0.1 alive_is 10
	# Not by a reload of the daemon, which also sweeps.
	lab_run_end KILL || :
	sed -i 's/^network-connections = .*/network-connections = 10/' "$LAB_CONF"
	run_sekisho load
	flood_is_held
	crowd_end
}

# The source is put in by hand: a handshake of its own would mark its network.
put_known() { # ADDRESS, of service 1
	local key
	key=$(perl -MSocket -e 'print join " ", unpack "(H2)*", "\0" x 10 . "\xff\xff" . inet_aton(shift) . pack "VV", 128, 1' "$1")
	# shellcheck disable=SC2046,SC2086 # a word for each byte
	bpftool map update pinned "$LAB_MAPS/sources" key hex $key value hex $(printf '00 %.0s' {1..48})
}

@test "a flood of a known source is held where the network's connections were open before the gate" {
	ten_a_network
	crowd open 198.51.100.1-198.51.100.10 "$MX4" 25 10
	retry 100 0.1 ss_count_is 10
	run_sekisho load
	[[ $(meter_sum networks open) -eq 10 ]]
	put_known 198.51.100.66
	flood_is_held
	crowd_end
}

reload_policy() {
	local before
	before=$(grep -c reloaded "$LAB/log/run") || :
	kill -HUP "$(<"$LAB/run.pid")"
	retry 50 0.1 eval "((\$(grep -c reloaded '$LAB/log/run') > $before))"
}

@test "a rate holds handshakes to burst and tokens that come back" {
	lab_conf 'mode = enforce' '[class world]
rate = 12/m
burst = 5
[service smtp]
countries = *:world'
	lab_run
	[[ $(lab_burst 198.51.100.66 "$MX4" 25 20 0.02) -le 6 ]]
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	connect_is open 198.51.100.67 "$MX4" 25
	retry 80 0.1 connect_is open 198.51.100.66 "$MX4" 25 0.3
}

# Answers to a wave are held back until all of its SYNs have come; of the later waves few get in, if any.
later_wave() { # SOURCE COUNT
	lab_hold_answers
	crowd_begin open "$1" "$MX4" 25 "$2"
	sleep 0.5
	server tc qdisc del dev mx0 root
	lab_wait 10 test -s "$LAB/crowd"
}

@test "of 2,000 connects in waves, burst and what came back of the rate stay open" {
	local began most first
	lab_conf 'mode = enforce' '[class world]
rate = 6/m
burst = 2
[service smtp]
countries = *:world'
	lab_run
	began=$SECONDS
	crowd_at_once 198.51.100.66 "$MX4" 25 500
	first=$CROWD
	retry 50 0.1 ss_count_is 2
	for ((wave = 1; wave < 4; wave++)); do
		later_wave 198.51.100.66 500
		sleep 2
		most=$((2 + (SECONDS - began + 1) / 10))
		echo "open $(ss_count), at most $most"
		(($(ss_count) >= 2 && $(ss_count) <= most))
	done
	counts_equal_ss
	# Another source is served meanwhile.
	connect_is open 198.51.100.67 "$MX4" 25
	crowd_end "$first"
}

@test "a network and a country have rates of their own" {
	lab_conf 'mode = enforce' '[class world]
network-rate = 1/m
network-burst = 5
[class small]
country-rate = 1/m
country-burst = 5
[service smtp]
countries = DE:small *:world'
	lab_run
	crowd open 198.51.100.10-198.51.100.30 "$MX4" 25 20
	retry 20 0.1 grep -q opened "$LAB/crowd"
	# The burst is used up.
	(($(sed -n 's/^opened \([0-9]*\) .*/\1/p' "$LAB/crowd") >= 5)) || fail "$(<"$LAB/crowd")"
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	run_sekisho stats
	says 'network-rate'
	[[ $(lab_burst 203.0.113.150 "$MX4" 25 20 0.02) -le 6 ]]
	connect_is no-answer 203.0.113.180 "$MX4" 25 0.3
	run_sekisho stats
	says 'country-rate'
}

@test "tc holds sources to the same limits" {
	lab_conf 'mode = enforce
hook = tc' "$LIMITED"
	lab_run
	crowd_at_once 198.51.100.66 "$MX4" 25 300
	retry 100 0.1 alive_is 20
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	connect_is open 198.51.100.67 "$MX4" 25
}

@test "with count = syn attempts spend the rate, where no handshake is ever seen" {
	lab_conf 'mode = enforce
count = syn' '[class world]
rate = 6/m
burst = 5
[service imap]
countries = *:world'
	lab_run
	for _ in 1 2 3 4 5; do
		connect_is refused 198.51.100.66 "$MX4" 143 0.3
	done
	connect_is no-answer 198.51.100.66 "$MX4" 143 0.3
	connect_is refused 198.51.100.67 "$MX4" 143 0.3
	lab_conf 'mode = enforce' '[class world]
rate = 6/m
burst = 5
[service imap]
countries = *:world'
	run_sekisho unload --force
	run_sekisho load
	for _ in 1 2 3 4 5 6 7 8; do
		connect_is refused 198.51.100.66 "$MX4" 143 0.3
	done
}

@test "counts equal what the kernel holds, through every kind of end and a killed daemon" {
	lab_conf 'mode = enforce'
	lab_run
	CROWD_START_S=60 crowd mix 198.51.100.1-198.51.100.99 "$MX4" 25 5000
	lab_run_end KILL || :
	local first=$CROWD
	CROWD_START_S=60 crowd mix 198.51.100.100-198.51.100.199 "$MX4" 25 5000
	retry 50 0.1 counts_equal_ss
	lab_run
	retry 50 0.1 counts_equal_ss
	[[ $(ss_count) -ge 4500 ]]
	crowd_end "$first"
	retry 50 0.1 counts_equal_ss
	crowd_end
	crowds_serve
	retry 100 0.1 ss_count_is 0
	retry 50 0.1 counts_equal_ss
	counts_were_right
}

@test "connections that were open before the gate are counted, and their ends are" {
	lab_conf 'mode = enforce'
	crowd mix 198.51.100.1-198.51.100.50 "$MX4" 25 400
	lab_run
	lab_wait 3 counts_equal_ss
	[[ $(ss_count) -ge 190 ]]
	run_sekisho load
	counts_equal_ss
	crowd_end
	crowds_serve
	retry 100 0.1 ss_count_is 0
	# They are looked for every other second: sooner than at the sweep of each 30 s.
	lab_wait 5 counts_equal_ss
	counts_were_right
}

# The only source's meter; of its 48 bytes the open count begins at 40.
source_is_open() { # COUNT: below 10
	local entry
	entry=$(bpftool -j map dump pinned "$LAB_MAPS/sources" | jq -r '.[0] | ([.key, .value[:40]] | map(map(ltrimstr("0x")) | join(" "))) as [$key, $value] | "key hex \($key) value hex \($value)"')
	# shellcheck disable=SC2086 # words
	bpftool map update pinned "$LAB_MAPS/sources" $entry "0$1" 00 00 00 00 00 00 00
}

@test "a wrong count of open connections is corrected, and that is said" {
	lab_conf 'mode = enforce'
	lab_run
	lab_hold one 198.51.100.66 "$MX4" 25
	counts_equal_ss
	source_is_open 7
	run ! counts_equal_ss
	retry 400 0.1 counts_equal_ss
	lab_wait 10 grep -q ' 1 counts of open connections differed from .* are corrected' "$LAB/log/run"
}

@test "the counter moves to another cgroup when the configuration names one" {
	[[ -n $LAB_CGROUP ]] || skip "no cgroup2 is mounted"
	local group=$LAB_CGROUP
	mkdir "$group/empty"
	LAB_CGROUP=$group/empty lab_conf 'mode = enforce'
	run_sekisho load
	connect_is open 198.51.100.66 "$MX4" 25
	[[ $(handshakes) == 0 ]]
	lab_conf 'mode = enforce'
	run_sekisho load
	connect_is open 198.51.100.66 "$MX4" 25
	[[ $(handshakes) == 1 ]]
	LAB_CGROUP=$group/empty lab_conf 'mode = enforce'
	run_sekisho load
	connect_is open 198.51.100.66 "$MX4" 25
	[[ $(handshakes) == 1 ]]
	run_sekisho unload --force
	rmdir "$group/empty"
}

@test "connections that open while the gate is being loaded are counted once" {
	lab_conf 'mode = enforce'
	# More than open while a slow machine starts: those of before whose end no program sees are a sweep's.
	rm -f "$LAB/crowd.stop"
	crowd_begin stream 198.51.100.1-198.51.100.99 "$MX4" 25 8000
	retry 100 0.05 ss_count_is_over 400
	lab_run
	: >"$LAB/crowd.stop"
	lab_wait 10 test -s "$LAB/crowd"
	grep -q ' connections were open already and are counted' "$LAB/log/run"
	(($(meter_sum sources handshakes) > 0))
	retry 50 0.1 counts_equal_ss
}

@test "a full table of sources leaves the network's limit, is counted, and forgets nobody" {
	lab_conf 'mode = enforce
sources = 8
networks = 8' '[class world]
connections = 2
network-connections = 20
[service smtp]
countries = *:world'
	lab_run
	lab_hold first 198.51.100.66 "$MX4" 25
	lab_hold second 198.51.100.66 "$MX4" 25
	crowd_at_once 198.51.100.100-198.51.100.150 "$MX4" 25 51
	retry 100 0.1 alive_is 18
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	session_is_alive first
	run_sekisho status --json
	json '.[0].tables.sources | .used == 8 and .size == 8 and .overflows > 0'
}

@test "a full table of networks leaves the country's limit, is counted, and forgets nobody" {
	lab_conf 'mode = enforce
networks = 2
network-prefix4 = 28' '[class world]
connections = 2
country-rate = 1/m
country-burst = 30
[service smtp]
countries = *:world'
	lab_run
	lab_hold first 198.51.100.1 "$MX4" 25
	lab_hold other 198.51.100.17 "$MX4" 25
	# No room for this one's network; it has its own limit all the same.
	lab_hold late 198.51.100.33 "$MX4" 25
	lab_hold later 198.51.100.33 "$MX4" 25
	connect_is no-answer 198.51.100.33 "$MX4" 25 0.3
	lab_hold second 198.51.100.1 "$MX4" 25
	crowd open 198.51.100.100-198.51.100.140 "$MX4" 25 41
	before=$(attempts_dropped country-rate)
	connect_is no-answer 198.51.100.200 "$MX4" 25 0.3
	connect_is no-answer 198.51.100.17 "$MX4" 25 0.3
	connect_is open 203.0.113.66 "$MX4" 25
	run_sekisho status --json
	json '.[0].tables.networks | .used == 2 and .size == 2 and .overflows > 0'
	# The crowd's own SYNs that were dropped are sent again meanwhile, and count too.
	[[ $(attempts_dropped source-connections) == 1 ]]
	(($(attempts_dropped country-rate) >= before + 2))
	connect_is no-answer 198.51.100.1 "$MX4" 25 0.3
	[[ $(attempts_dropped source-connections) == 2 ]]
	session_is_alive first
	session_is_alive late
}

# The last one: IPv6 is gone from a link that was down.
@test "connections that the kernel times out are counted to their end" {
	crowds_serve talk
	lab_conf 'mode = enforce'
	lab_run
	crowd mix 198.51.100.1-198.51.100.99 "$MX4" 25 1000
	retry 50 0.1 counts_equal_ss
	[[ $(ss_count) -ge 450 ]]
	client ip link set out0 down
	retry 150 0.1 ss_count_is 0
	client ip link set out0 up
	counts_equal_ss
	[[ $(meter_sum sources handshakes) -eq 1000 && $(handshakes) -eq 1000 ]]
}
