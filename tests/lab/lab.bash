# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The lab: a server's and a client's network namespace joined by a veth pair, and real Postfix and
# Dovecot in the server's. For the tests and for scripts/demo. Not here: what is tested, and bats.
#
#   client: out0 192.0.2.254, 2001:db8:25::fe      server: mx0 192.0.2.1, 2001:db8:25::1
#           and every address of 198.51.100.0/24,          default route by the client
#           203.0.113.0/24, 2001:db8:bad::/48 and
#           2001:db8:600d::/48
#
# Functions return a status, also under `set -e`, and print nothing but faults; lab_down() may be called at any time.

LAB_REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LAB_TOOLS=$LAB_REPO/tests/lab
LAB_SETS=${SEKISHO_LAB:-$LAB_REPO/build/lab}
LAB_BPFFS=/sys/fs/bpf
SEKISHO=${SEKISHO:-$LAB_REPO/build/sekisho}

# shellcheck disable=SC2034 # for the tests
{
	MX4=192.0.2.1
	MX6=2001:db8:25::1
	GATEWAY4=192.0.2.254
	GATEWAY6=2001:db8:25::fe
}
LAB_NETWORKS4=(198.51.100.0/24 203.0.113.0/24)
LAB_NETWORKS6=(2001:db8:bad::/48 2001:db8:600d::/48)

# account:password; both Dovecot and (through it) Postfix know them.
LAB_USERS=(bob:bobs-secret alice:alices-secret carol:carols-secret)

# Runs a program in the server's or the client's network. nsenter and not `ip netns exec`, which
# would hide bpffs behind a new /sys.
server() { nsenter --net="/run/netns/$LAB_SERVER" "$@"; }
client() { nsenter --net="/run/netns/$LAB_CLIENT" "$@"; }

lab_fault() {
	echo "lab: $*" >&2
	return 1
}

# Prints the name of a copy of PROGRAM that every user may run: the clone may lie below a home of mode
# 0700. LAB_OPEN is a folder of the whole run (tests/setup_suite.bash).
lab_open() { # PROGRAM
	local copy=$LAB_OPEN/${1##*/}
	cmp -s "$1" "$copy" || install -m 755 "$1" "$copy" || return
	echo "$copy"
}

# Starts a program of the lab in the background and remembers it for lab_down(). fd 3 is bats' own:
# a program that kept it open would keep bats waiting.
lab_background() { # LOG COMMAND...
	local log=$1
	shift
	"$LAB_TOOLS/in-cgroup" "$@" >>"$log" 2>&1 </dev/null 3>&- &
	echo $! >>"$LAB/pids"
	disown
}

lab_devices() {
	local network
	ip netns add "$LAB_SERVER" && ip netns add "$LAB_CLIENT" &&
		ip link add mx0 address 02:00:00:00:00:01 netns "$LAB_SERVER" \
			type veth peer name out0 address 02:00:00:00:00:fe netns "$LAB_CLIENT" || return
	for network in "$LAB_SERVER" "$LAB_CLIENT"; do
		ip netns exec "$network" sysctl -qw net.ipv4.conf.{all,default}.rp_filter=0 \
			net.ipv6.conf.{all,default}.accept_dad=0 net.ipv6.conf.{all,default}.accept_ra=0 \
			net.ipv6.ip_nonlocal_bind=1 &&
			ip -n "$network" link set lo up || return
	done
	ip -n "$LAB_SERVER" -batch - <<-END &&
		address add $MX4/24 dev mx0
		address add $MX6/64 dev mx0 nodad
		link set mx0 up
	END
		ip -n "$LAB_CLIENT" -batch - <<-END || return
			address add $GATEWAY4/24 dev out0
			address add $GATEWAY6/64 dev out0 nodad
			link set out0 up
		END
	# Neighbours are known from the start: a fresh IPv6 link answers nobody for a second or two.
	for network in $GATEWAY4 $GATEWAY6; do
		ip -n "$LAB_SERVER" neigh add "$network" lladdr 02:00:00:00:00:fe dev mx0 || return
	done
	for network in $MX4 $MX6; do
		ip -n "$LAB_CLIENT" neigh add "$network" lladdr 02:00:00:00:00:01 dev out0 || return
	done
	ip -n "$LAB_SERVER" route add default via $GATEWAY4 dev mx0 &&
		ip -n "$LAB_SERVER" -6 route add default via $GATEWAY6 dev mx0 || return
	# A local route makes every address of a network the client's own, without adding each.
	for network in "${LAB_NETWORKS4[@]}"; do
		ip -n "$LAB_CLIENT" route add local "$network" dev lo || return
	done
	for network in "${LAB_NETWORKS6[@]}"; do
		ip -n "$LAB_CLIENT" -6 route add local "$network" dev lo || return
	done
}

# Makes the two networks, and DIR with the folders of one instance. Sets and exports LAB, LAB_*.
lab_up() { # DIR
	export LAB=$1 LAB_ID=$$-$RANDOM
	export LAB_SERVER=sekisho-$LAB_ID-mx LAB_CLIENT=sekisho-$LAB_ID-out
	export LAB_PINS=$LAB_BPFFS/sekisho-test-$LAB_ID LAB_CONF=$LAB/sekisho.conf
	LAB_CONTRACT=$(sed -n 's/^#define CONTRACT_VERSION //p' "$LAB_REPO/include/contract.h")
	export LAB_CONTRACT LAB_MAPS=$LAB_PINS/v$LAB_CONTRACT
	LAB_CGROUP=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	if [[ -n $LAB_CGROUP ]]; then
		LAB_CGROUP+=/sekisho-test-$LAB_ID
		mkdir "$LAB_CGROUP" || return
	fi
	export LAB_CGROUP
	mkdir -p "$LAB"/{state,run,log,mail} && chmod 755 "$LAB" "$LAB/log" && : >"$LAB/pids" || return
	lab_devices || lab_fault "the network namespaces could not be made"
}

# ---- one sekisho ----

# Country data of our own: JP and DE; all else is unknown. 32 addresses of JP's /24 are FR.
lab_countries() {
	cat >"$LAB/geoip" <<-END
		# 198.51.100.0/24 but its last 32, these, 203.0.113.0/24
		3325256704,3325256927,JP
		3325256928,3325256959,FR
		3405803776,3405804031,DE
	END
	cat >"$LAB/geoip6" <<-END
		2001:db8:bad::,2001:db8:bad:ffff:ffff:ffff:ffff:ffff,JP
		2001:db8:600d::,2001:db8:600d:ffff:ffff:ffff:ffff:ffff,DE
	END
}

# Writes the instance's configuration; GATE is lines for [gate], SECTIONS whole sections.
lab_conf() { # [GATE [SECTIONS]]
	lab_countries
	cat >"$LAB_CONF" <<-END
		[paths]
		state = $LAB/state
		pins = $LAB_PINS
		runtime = $LAB/run
		feeds = $LAB/feeds

		[gate]
		${1-mode = enforce}
		${LAB_CGROUP:+cgroup = $LAB_CGROUP}

		[country]
		files = $LAB/geoip $LAB/geoip6

		[log mail]
		file = $LAB/log/mail.log

		${2-}
	END
}

lab_sekisho() { server "$SEKISHO" -c "$LAB_CONF" "$@"; }

# Starts `sekisho run` and waits until it says that it is ready. Its words: LAB/log/run.
lab_run() {
	local status=0
	server "$LAB_TOOLS/peer" ready "$LAB/notify" "${SEKISHO_START_S:-20}" "$LAB/run.pid" \
		"$SEKISHO" -c "$LAB_CONF" run >>"$LAB/log/run" 2>&1 </dev/null 3>&- || status=$?
	[[ ! -s $LAB/run.pid ]] || cat "$LAB/run.pid" >>"$LAB/pids"
	((!status)) || lab_fault "sekisho run did not start: $(cat "$LAB/log/run")"
}

# Ends it by SIGNAL (TERM), waits, and returns its exit status (128 + N when a signal ended it).
lab_run_end() { # [SIGNAL]
	[[ -s $LAB/run.pid ]] || return 0
	kill "-${1:-TERM}" "$(<"$LAB/run.pid")" 2>/dev/null || :
	lab_wait 10 test -s "$LAB/run.pid.status" || {
		kill -KILL "$(<"$LAB/run.pid")"
		lab_fault "sekisho run did not end by SIG${1:-TERM} within 10 s: $(cat "$LAB/log/run")"
		return
	}
	local status
	status=$(<"$LAB/run.pid.status")
	rm -f "$LAB"/run.pid*
	return $((status < 0 ? 128 - status : status))
}

# Back to a network without a gate and an instance that never ran; mail servers stay.
lab_reset() {
	local log
	lab_run_end KILL || :
	if [[ -e $LAB_PINS ]]; then
		lab_sekisho unload >/dev/null 2>&1 || :
		rm -rf "$LAB_PINS"
	fi
	server tc qdisc del dev mx0 clsact 2>/dev/null || :
	ip -n "$LAB_SERVER" link set mx0 xdp off 2>/dev/null || :
	ip -n "$LAB_SERVER" link set mx0 xdpgeneric off 2>/dev/null || :
	rm -rf "$LAB"/{state,run} "$LAB/log/run"
	mkdir -p "$LAB"/{state,run}
	# A first start learns from what is there.
	rm -f "$LAB"/log/*.log.[0-9]*
	for log in "$LAB"/log/*.log; do
		[[ ! -f $log ]] || : >"$log"
	done
}

# ---- mail servers ----

# The servers live in a mount and a process namespace of their own: with the unpacked files of LAB_SET (mail)
# over /usr and /etc, or in a Debian of its own (LAB_LAYERS, from tests/real/root); with the lab's folder at
# /mnt (short and open to the servers' users), and so that one kill ends all of them.
lab_mail_namespace() {
	[[ ! -s $LAB/mail.pid ]] || return 0
	"$LAB_TOOLS/in-cgroup" nsenter --net="/run/netns/$LAB_SERVER" \
		unshare --mount --propagation private --pid --fork \
		--kill-child --mount-proc "$LAB_TOOLS/inside" "$LAB" \
		"${LAB_LAYERS-$LAB_SETS/${LAB_SET-mail}/root}" \
		>"$LAB/log/inside" 2>&1 </dev/null 3>&- &
	echo $! >>"$LAB/pids"
	local parent=$!
	disown
	if lab_wait 5 test -e "$LAB/mail/up" -o ! -e "/proc/$parent" && [[ -e $LAB/mail/up ]]; then
		tr -d ' ' <"/proc/$parent/task/$parent/children" >"$LAB/mail.pid"
		return
	fi
	lab_fault "the servers' mount namespace could not be made: $(cat "$LAB/log/inside")"
}

# Runs a program beside the mail servers.
lab_inside() { nsenter --target "$(<"$LAB/mail.pid")" --mount --pid --net "$@"; }

lab_port_open() { # PORT
	server ss -Hltn "sport = :$1" | grep -q .
}

lab_wait() { # SECONDS COMMAND...; the seconds times PATIENCE
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * ${SEKISHO_PATIENCE:-1} * 1000000))
	shift
	until "$@"; do
		((${EPOCHREALTIME/[.,]/} < end)) || return
		sleep 0.05
	done
}

lab_users() { # prints the accounts as Dovecot's passwd-file
	local user
	for user in "${LAB_USERS[@]}"; do
		printf '%s@example.net:{PLAIN}%s\n' "${user%%:*}" "${user#*:}"
	done
}

# "-2.4" where that is Dovecot's language, as from Debian 13 on; nothing where it is 2.3's. ROOT: of files in which nothing runs yet;
# empty: of what runs.
lab_dovecot_language() { # ROOT
	local look=()
	[[ $1 ]] || look=(lab_inside)
	! "${look[@]}" grep -qs '^dovecot_config_version' "$1/usr/share/dovecot/dovecot.conf" || echo -2.4
}

# Dovecot: imap 143, pop3 110, and the SASL socket that Postfix asks. Logs to LAB/log/dovecot.log.
lab_dovecot() {
	lab_mail_namespace || return
	mkdir -p "$LAB/dovecot" "$LAB/postfix/queue/private" &&
		lab_inside chown postfix: /mnt/postfix/queue/private || return
	lab_users >"$LAB/dovecot/users"
	sed "s/@UID@/$(lab_inside id -u vmail)/; s/@GID@/$(lab_inside id -g vmail)/" \
		"$LAB_TOOLS/dovecot$(lab_dovecot_language "").conf" >"$LAB/dovecot/dovecot.conf"
	: >"$LAB/log/dovecot.log"
	lab_inside dovecot -c /mnt/dovecot/dovecot.conf >"$LAB/log/dovecot.out" 2>&1 3>&- </dev/null || :
	lab_wait 10 lab_port_open 143 ||
		lab_fault "Dovecot did not start: $(cat "$LAB"/log/dovecot.{out,log})"
}

# Dovecot reads its configuration and passwords anew. A client that comes at this moment may be handed to a
# process that is ended, and never hears anything: so this waits for a greeting.
lab_dovecot_reload() {
	lab_inside doveadm -c /mnt/dovecot/dovecot.conf reload || return
	sleep 0.5
	lab_wait 20 lab_dovecot_greets
}

lab_dovecot_greets() {
	# shellcheck disable=SC2016 # for the shell in there
	server timeout 2 bash -c 'exec 3<>/dev/tcp/127.0.0.1/143 && read -r -t 1 -u 3 line && [[ $line == \*\ OK* ]]' 2>/dev/null
}

# Postfix: smtp 25 and submission 587, SASL by Dovecot (start it too), delivery into maildirs below
# LAB/mail. Logs to LAB/log/mail.log.
lab_postfix() {
	lab_mail_namespace || return
	mkdir -p "$LAB"/postfix/{etc,queue,data}
	cp "$LAB_TOOLS/postfix-main.cf" "$LAB/postfix/etc/main.cf"
	cp "$LAB_TOOLS/postfix-master.cf" "$LAB/postfix/etc/master.cf"
	sed -i "s/@UID@/$(lab_inside id -u vmail)/; s/@GID@/$(lab_inside id -g vmail)/" \
		"$LAB/postfix/etc/main.cf"
	lab_inside chown postfix: /mnt/postfix/data
	lab_inside chown vmail: /mnt/mail
	lab_inside postfix -c /mnt/postfix/etc start >"$LAB/log/postfix.out" 2>&1 3>&- </dev/null || :
	lab_wait 10 lab_port_open 587 ||
		lab_fault "Postfix did not start: $(cat "$LAB/log/postfix.out" "$LAB/log/mail.log")"
}

# How many mails lie in ACCOUNT's maildir.
lab_delivered() { # ACCOUNT
	find "$LAB/mail/$1/new" "$LAB/mail/$1/cur" -type f 2>/dev/null | wc -l
}

# ---- clients ----

# One mail by a real client over submission; the status is swaks' own (28: refused login).
lab_send() { # SOURCE SERVER ACCOUNT PASSWORD [SWAKS OPTION...]
	client swaks --local-interface "$1" --server "$2" --port 587 --timeout $((5 * (1 + (${SEKISHO_PATIENCE:-1} > 1)))) --helo client.example \
		--auth LOGIN --auth-user "$3@example.net" --auth-password "$4" \
		--from "$3@example.net" --to alice@example.net "${@:5}" 2>&1 </dev/null
}

# One login over submission without a mail.
lab_login() { # SOURCE SERVER ACCOUNT PASSWORD
	lab_send "$@" --quit-after AUTH
}

# One IMAP login.
lab_imap() { # SOURCE SERVER ACCOUNT PASSWORD
	local host=$2
	[[ $2 != *:* ]] || host="[$2]"
	client curl -sS --max-time $((5 * (1 + (${SEKISHO_PATIENCE:-1} > 1)))) --interface "$1" --user "$3@example.net:$4" \
		"imap://$host/" -X NOOP 2>&1 </dev/null
}

# What a connect ends in: open, refused, no-answer, unreachable: WHY.
lab_try() { # SOURCE SERVER PORT [SECONDS]
	client "$LAB_TOOLS/peer" try "$@"
}

# How many of COUNT connects open; each sends one SYN.
lab_burst() { # SOURCE SERVER PORT COUNT [GAP]
	client "$LAB_TOOLS/peer" burst "$@"
}

# Keeps a session busy in the background; LAB/NAME says how it is (see peer).
lab_hold() { # NAME SOURCE SERVER PORT
	# Of an earlier one of this name.
	rm -f "$LAB/$1"
	lab_background "$LAB/log/peer" \
		nsenter --net="/run/netns/$LAB_CLIENT" "$LAB_TOOLS/peer" hold "$2" "$3" "$4" "$LAB/$1"
	lab_wait 10 grep -qs . "$LAB/$1"
}

# A listener without a mail server behind it, on ADDRESS and ports.
lab_listen() { # ADDRESS PORT...
	lab_background "$LAB/log/peer" \
		nsenter --net="/run/netns/$LAB_SERVER" "$LAB_TOOLS/peer" listen "$@"
	lab_wait 5 lab_port_open "$2"
}

# Holds back what the server sends from now on: a queue without tokens, for a ping has taken them. 6 bytes a second is
# about the least rate at which newer versions of tc let one packet be a burst.
lab_hold_answers() {
	server tc qdisc replace dev mx0 root tbf rate 48bit burst 1520 limit 10mb
	server ping -q -c 1 -W 0.1 -s 1472 "$GATEWAY4" || :
}

# ---- the end ----

lab_kill() { # PID
	kill -KILL "$1" 2>/dev/null || return 0
	lab_wait 5 lab_gone "$1"
}

# With all its threads: the first may be gone, and another still writes.
lab_gone() { # PID
	local threads=("/proc/$1/task/"*)
	! kill -0 "$1" 2>/dev/null || [[ ${#threads[@]} == 1 && $(ps -o stat= -p "$1") == Z* ]]
}

# Ends what lab_up() and what came after it began, however far it got. Returns 0.
lab_down() {
	local pid
	[[ -n ${LAB-} && -n ${LAB_ID-} ]] || return 0
	if [[ -s $LAB/pids ]]; then
		while read -r pid; do
			lab_kill "$pid"
		done <"$LAB/pids"
	fi
	rm -f "$LAB/pids" "$LAB/mail.pid"
	lab_remove "$LAB_ID"
	unset LAB_ID
	return 0
}

# Removes the namespaces and pins of one lab: the devices, and what was attached to them, go along.
lab_remove() { # ID
	ip netns del "sekisho-$1-mx" 2>/dev/null || :
	ip netns del "sekisho-$1-out" 2>/dev/null || :
	rm -rf "$LAB_BPFFS/sekisho-test-$1"
	local group
	group=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)/sekisho-test-$1
	[[ ! -d $group ]] || lab_wait 5 rmdir "$group" 2>/dev/null || :
}

# Removes what labs left behind whose process is gone (a test run that was killed).
lab_sweep() {
	local path id
	for path in /run/netns/sekisho-*-mx "$LAB_BPFFS"/sekisho-test-*; do
		[[ $path =~ /sekisho-(test-)?([0-9]+)-([0-9]+)(-mx)?$ ]] || continue
		id=${BASH_REMATCH[2]}-${BASH_REMATCH[3]}
		kill -0 "${BASH_REMATCH[2]}" 2>/dev/null || lab_remove "$id"
	done
}
