# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Several gates, each a lab of its own (tests/lab/lab.bash), and one engine that they reach by a Unix
# socket. For tests/fleet.bats, scripts/demo and the measurements. Not here: what is tested.

# Runs a command with the lab of gate N: `gate 2 lab_sekisho bans`.
gate() { # N COMMAND...
	local number=$1
	shift
	(
		# shellcheck source=/dev/null
		source "$GATES/gate$number/env"
		"$@"
	)
}

# Makes the lab of gate N, with no fleet yet.
gate_up() { # N
	lab_up "$GATES/gate$1" || return
	mkdir -p "$LAB/run-fleet"
	declare -p LAB LAB_ID LAB_SERVER LAB_CLIENT LAB_PINS LAB_CONF LAB_MAPS LAB_CGROUP |
		sed 's/^declare -x/export/' >"$LAB/env"
	: >"$LAB/log/mail.log"
}

# Makes COUNT labs below DIR, with a key each and the secret that they share. Sets GATES.
gates_up() { # DIR COUNT
	local number
	export GATES=$1 GATE_COUNT=$2
	mkdir -p "$GATES"
	"$SEKISHO" -c /dev/null fleet key --secret --output "$GATES/secret" || return
	for ((number = 1; number <= GATE_COUNT; number++)); do
		gate_up "$number" || return
		"$SEKISHO" -c /dev/null fleet key --output "$LAB/key" >"$LAB/public" || return
	done
}

# Writes the configuration of each gate; FLEET is lines for [fleet], "@" in it the gate's number, SECTIONS whole sections.
gates_conf() { # [FLEET [SECTIONS]]
	local number other members=''
	for ((other = 1; other <= GATE_COUNT; other++)); do
		members+="[member mx$other]
key = $(<"$GATES/gate$other/public")
"
	done
	for ((number = 1; number <= GATE_COUNT; number++)); do
		gate "$number" lab_conf 'mode = enforce' "[fleet]
server = $(tr @ "$number" <<<"${ENGINE:-unix:$GATES/redis.sock}")
member = mx$number
key = $GATES/gate$number/key
secret = $GATES/secret
$(tr @ "$number" <<<"${1-}")
$members${2-}"
	done
}

gates_run() {
	local number
	for ((number = 1; number <= GATE_COUNT; number++)); do
		gate "$number" lab_run && gate "$number" gate_fleet_run || return
	done
}

# The fleet process of the lab in hand: with FLEET_LAYERS that of FLEET_SEKISHO, in the Debian of these layers and the
# network ENGINE_NET. FLEET_LINES are further lines of its [fleet], which the daemon does without.
gate_fleet_run() {
	local inside=() conf=$LAB_CONF
	if [[ -n ${FLEET_LINES-} ]]; then
		conf=$LAB/fleet.conf
		sed "s|^\[fleet\]|&\n${FLEET_LINES//$'\n'/\\n}|" "$LAB_CONF" >"$conf" || return
	fi
	[[ -z ${FLEET_LAYERS-} ]] ||
		inside=(env "INSIDE_NET=$ENGINE_NET" "$LAB_REPO/tests/fleet/inside" "$FLEET_LAYERS" "$GATES")
	lab_background "$LAB/log/fleet" "${inside[@]}" "${FLEET_SEKISHO:-$SEKISHO}" -c "$conf" fleet run
	tail -n 1 "$LAB/pids" >"$LAB/fleet.pid"
}

gate_fleet_end() { # [SIGNAL]
	kill "-${1:-TERM}" "$(<"$LAB/fleet.pid")"
}

# As gates_conf, of a fleet of MEMBERS: those beyond the gates have a key and a configuration each, $GATES/crowd/NUMBER,
# for a test that speaks for them (tests/fleet/members/crowd.c).
gates_crowd() { # MEMBERS [FLEET]
	local number sections=''
	mkdir -p "$GATES/crowd"
	for ((number = GATE_COUNT + 1; number <= $1; number++)); do
		"$SEKISHO" -c /dev/null fleet key --output "$GATES/crowd/key$number" >"$GATES/crowd/public$number" || return
		sections+="[member mx$number]
key = $(<"$GATES/crowd/public$number")
"
	done
	gates_conf "${2-}" "$sections" || return
	for ((number = GATE_COUNT + 1; number <= $1; number++)); do
		sed "s|^member = mx1\$|member = mx$number|; s|^key = $GATES/gate1/key\$|key = $GATES/crowd/key$number|" \
			"$GATES/gate1/sekisho.conf" >"$GATES/crowd/$number"
	done
}

# True when the fleet process of the lab in hand is connected to the engine and to the daemon.
gate_is_joined() {
	"$SEKISHO" -c "$LAB_CONF" fleet status --json 2>/dev/null |
		jq -e '.daemon and .engine.reads and .engine.appends and .engine.caught_up' >/dev/null
}

gates_joined() {
	local number
	for ((number = 1; number <= GATE_COUNT; number++)); do
		lab_wait 20 gate "$number" gate_is_joined ||
			lab_fault "gate $number did not join: $(cat "$GATES/gate$number/log/fleet")" || return
	done
}

# COUNT failed logins of SOURCE, as Postfix writes them.
gate_guess() { # SOURCE [COUNT [ACCOUNT]]
	local count
	for ((count = 0; count < ${2:-5}; count++)); do
		printf '%s mx postfix/submission/smtpd[%d]: warning: unknown[%s]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=%s\n' \
			"$(date -u +%Y-%m-%dT%H:%M:%S.%6N+00:00)" $((1000 + count)) "$1" "${3:-nobody$count@example.org}"
	done >>"$LAB/log/mail.log"
}

# A login to ACCOUNT, as Dovecot writes it, AGO in words of date. One of the past is to be written before the gate
# runs: later it is taken for one of a clock that is wrong.
gate_login() { # ACCOUNT SOURCE [AGO]
	printf '%s mx dovecot: imap-login: Login: user=<%s>, method=PLAIN, rip=%s, lip=192.0.2.1, mpid=%d, TLS, session=<%s>\n' \
		"$(date -u -d "${3:-now}" +%Y-%m-%dT%H:%M:%S.%6N+00:00)" "$1" "$2" $((RANDOM + 1000)) "$RANDOM" \
		>>"$LAB/log/mail.log"
}

# Whether the lab in hand shuts PREFIX out, and by whose word.
gate_bans() { # PREFIX [RULE]
	[[ -n $(lab_sekisho bans --json | jq -c --arg prefix "$1" --arg rule "${2-}" \
		'select(.prefix == $prefix and ($rule == "" or .rule == $rule))') ]]
}

# ---- the engine ----

# redis-server is redis-check-rdb by another name, which comes with redis-tools and starts nothing by itself.
engine_program() {
	local program
	for program in redis-server valkey-server; do
		command -v "$program" && return
	done
	program=$(command -v redis-check-rdb) || return
	[[ -e $GATES/redis-server ]] || ln -s "$program" "$GATES/redis-server" || return
	echo "$GATES/redis-server"
}

# Starts one at SOCKET, in no network, or in that of ENGINE_NET; ARGUMENTs are settings. With ENGINE_LAYERS it is
# Valkey, in the Debian of these layers (tests/real/root), where $GATES is /mnt.
engine_run() { # SOCKET [ARGUMENT...]
	local socket=$1 folder=$GATES run=(unshare --net)
	shift
	[[ -z ${ENGINE_NET-} ]] || run=(nsenter --net="/run/netns/$ENGINE_NET")
	if [[ -n ${ENGINE_LAYERS-} ]]; then
		folder=/mnt
		mkdir -p "$GATES/root"
		# shellcheck disable=SC2016 # for the inner shell
		run+=(unshare --mount --propagation private sh -euc '
			mount -t overlay overlay -o "lowerdir=$1" "$2/root"
			mount --bind "$2" "$2/root/mnt"
			root=$2/root
			shift 2
			exec chroot "$root" valkey-server "$@"' - "$ENGINE_LAYERS" "$GATES")
	else
		run+=("$(engine_program)") || return
	fi
	"${run[@]}" --port 0 --unixsocket "$folder/${socket##*/}" --unixsocketperm 777 --save '' --appendonly no \
		--dir "$folder" --daemonize no "${@//"$GATES"/"$folder"}" >>"$GATES/engine.log" 2>&1 </dev/null 3>&- &
	echo $! >"$socket.pid"
	disown
	lab_wait 10 engine_ask "$socket" ping >/dev/null
}

engine_ask() { # SOCKET COMMAND...
	local socket=$1
	shift
	[[ $(redis-cli -s "$socket" ping 2>/dev/null) == PONG ]] && redis-cli -s "$socket" "$@"
}

# Cuts gate NUMBER, whose server is unix:$GATES/to-NUMBER.sock, off from the engine at SOCKET, and joins it (again).
# The others' connections are closed with its own, and come back.
gate_cut() { # NUMBER SOCKET
	rm -f "$GATES/to-$1.sock"
	redis-cli -s "$2" client kill type normal skipme yes >/dev/null
}
gate_join() { # NUMBER SOCKET
	ln -sf "$2" "$GATES/to-$1.sock"
}

engine_end() { # SOCKET [SIGNAL]
	[[ ! -s $1.pid ]] || kill "-${2:-KILL}" "$(<"$1.pid")" 2>/dev/null || :
	[[ ${2:-KILL} != KILL ]] || rm -f "$1.pid"
}

gates_down() {
	local number socket
	[[ -n ${GATES-} ]] || return 0
	for ((number = 1; number <= GATE_COUNT; number++)); do
		[[ ! -e $GATES/gate$number/env ]] || gate "$number" lab_down
	done
	for socket in "$GATES"/*.sock; do
		engine_end "$socket"
	done
	return 0
}

# ---- what every engine has to do ----

# Three gates with a user each of the engine at SOCKET, as `sekisho fleet acl` has them.
gates_with_users() { # DIR SOCKET [ARGUMENT...]
	local number dir=$1 socket=$2
	shift 2
	gates_up "$dir" 3 || return
	gates_conf 'user = mx@
password-file = '"$GATES"'/password@'
	for number in 1 2 3; do
		echo "secret-of-$number" >"$GATES/password$number"
		chmod 600 "$GATES/password$number"
	done
	gate 1 lab_sekisho fleet acl |
		awk '/^user/ { sub(/>PASSWORD/, ">secret-of-" ++n); print }' >"$GATES/users.acl"
	chmod 644 "$GATES/users.acl"
	engine_run "$socket" --aclfile "$GATES/users.acl" "$@" && gates_run && gates_joined
}

# What two ban holds on the third, and is lifted there; SOURCE is nobody else's.
gates_share() { # SOURCE
	gate 1 gate_guess "$1"
	gate 2 gate_guess "$1"
	lab_wait 20 gate 3 gate_bans "$1/32" fleet
}
