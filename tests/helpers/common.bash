# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What every bats file shares: needs, commands with their expected status, retries. Not here: the
# networks and servers (tests/lab/lab.bash, which this loads).

bats_require_minimum_version 1.5.0
# shellcheck source=tests/lab/lab.bash
source "$BATS_TEST_DIRNAME/lab/lab.bash"

# Prints what a test cannot do without and this machine lacks; nothing when it has it.
missing() { # root bpf networks macvlan sekisho libsystemd machine-id mail swaks, or a program
	case $1 in
	root) [[ $EUID == 0 ]] || echo "needs root" ;;
	bpf)
		mountpoint -q "$LAB_BPFFS" || mount -t bpf bpf "$LAB_BPFFS" 2>/dev/null ||
			echo "needs bpffs at $LAB_BPFFS, and it cannot be mounted"
		;;
	networks)
		unshare --net ip link add type veth 2>/dev/null ||
			echo "needs network namespaces and veth, which this kernel refuses"
		;;
	macvlan)
		unshare --net sh -c 'ip link add d0 type veth peer name d1 && ip link add link d0 type macvlan' \
			2>/dev/null || echo "needs macvlan, which this kernel lacks"
		;;
	libsystemd) ldd "$SEKISHO" | grep -q libsystemd || echo "needs the program built with libsystemd" ;;
	machine-id) [[ -s /etc/machine-id ]] || echo "needs /etc/machine-id, and it is empty" ;;
	sekisho) [[ -x $SEKISHO ]] || echo "needs the program, and $SEKISHO is not built" ;;
	mail)
		"$LAB_TOOLS/fetch" mail >/dev/null || echo "needs Postfix and Dovecot, which cannot be fetched"
		;;
	exim)
		"$LAB_TOOLS/fetch" exim >/dev/null || echo "needs Exim, which cannot be fetched"
		;;
	swaks)
		if ! command -v swaks >/dev/null; then
			echo "needs swaks"
		elif ! perl -MIO::Socket::INET6 -e 1 2>/dev/null; then
			echo "needs libio-socket-inet6-perl, for swaks over IPv6"
		fi
		;;
	*) command -v "$1" >/dev/null || echo "needs $1" ;;
	esac
}

# Skips the test, with the reason, when something is missing that it, or its file, cannot do without.
requires() {
	local need reason
	[[ -z ${FILE_LACKS-} ]] || skip "$FILE_LACKS"
	for need; do
		reason=$(missing "$need")
		[[ -z $reason ]] || skip "$reason"
	done
}

# For setup_file(), where skip is not safe: false when something is missing; then the file's
# requires() skip.
file_requires() {
	local need
	for need; do
		FILE_LACKS=$(missing "$need")
		export FILE_LACKS
		[[ -z $FILE_LACKS ]] || return
	done
}

fail() {
	printf '%s\n' "$@" >&2
	return 1
}

# How many times as long as on a quiet machine a test waits, and lets things take: scripts/check sets it,
# and so does a virtual machine in emulation.
PATIENCE=${SEKISHO_PATIENCE:-1}

# No more than so long has passed since BEGAN; both in microseconds, and times PATIENCE.
within_us() { # US BEGAN [ENDED]
	local took=$((${3-$(now_us)} - $2))
	((took < $1 * PATIENCE)) || fail "took $took us, and was to take less than $1 (times $PATIENCE)"
}

# retry TIMES DELAY COMMAND...: until it succeeds; its last output is shown when it never did.
retry() {
	local times=$(($1 * PATIENCE)) delay=$2 said
	shift 2
	while ((times-- > 0)); do
		said=$("$@" 2>&1) && return 0
		sleep "$delay"
	done
	fail "never succeeded: $*" "$said"
}

# A count that the kernel got wrong is right after the daemon's next sweep: nothing was for it to correct.
counts_were_right() {
	[[ ! -e $LAB/log/run ]] || run ! grep -E 'without a notice|are corrected' "$LAB/log/run"
}

# Runs sekisho (in the server's network when a lab is up), expecting exit status 0 or the one given;
# `any` takes every status below 124 (a time-out or a signal is never right). Sets status, output
# (standard output) and errors.
run_sekisho() { # [STATUS|any] ARGUMENT...
	local expected=0 out=$BATS_TEST_TMPDIR/stdout err=$BATS_TEST_TMPDIR/stderr
	if [[ $1 =~ ^([0-9]+|any)$ ]]; then
		expected=$1
		shift
	fi
	local command=(timeout --kill-after=5 "${SEKISHO_TIMEOUT_S:-60}" "$SEKISHO")
	[[ -z ${LAB_CONF-} ]] || command+=(-c "$LAB_CONF")
	[[ -z ${LAB_ID-} ]] || command=(server "${command[@]}")
	status=0
	"${command[@]}" "$@" >"$out" 2>"$err" 3>&- || status=$?
	output=$(<"$out")
	errors=$(<"$err")
	printf '$ sekisho %s\n' "$*"
	head -c 4000 "$out"
	head -c 4000 "$err"
	if [[ $expected == any ]]; then
		((status < 124)) || fail "exit status $status"
	else
		((status == expected)) || fail "exit status $status, expected $expected"
	fi
}

# The words of the last command, on standard output or error, as an extended regular expression.
says() {
	grep -Eq -- "$1" <<<"$output" || fail "standard output does not say: $1"
}
complains() {
	grep -Eq -- "$1" <<<"$errors" || fail "standard error does not say: $1"
}

# json FILTER: the last command's output passes a jq filter that must give something true. Lines of
# JSON are one array.
json() {
	jq -es "$1" <<<"$output" >/dev/null || fail "not true: $1" "of: $(head -c 4000 <<<"$output")"
}

# What a connect ends in must be as said: open, refused, no-answer.
connect_is() { # HOW SOURCE SERVER PORT [SECONDS]
	local how
	how=$(lab_try "${@:2}") || :
	[[ $how == "$1" ]] || fail "connect from $2 to $3 port $4: $how, expected $1"
}

# Microseconds of CLOCK_REALTIME.
now_us() { echo "${EPOCHREALTIME/[.,]/}"; }

# When a held session died, in the same, or nothing while it lives.
died_us() { # NAME
	awk '$1 == "dead" { printf "%.0f\n", $2 * 1000000 }' "$LAB/$1"
}
session_is_dead() { [[ -n $(died_us "$1") ]]; }
# Alive: it got an answer within the last second (times PATIENCE).
session_is_alive() { # NAME
	awk -v now="$EPOCHREALTIME" -v most="$PATIENCE" '{ sub(",", ".", now); exit !($1 == "alive" && now - $2 < most) }' \
		"$LAB/$1" || fail "session $1: $(<"$LAB/$1")"
}

# A ban that `bans --json` shows.
ban_exists() { # PREFIX
	run_sekisho bans --json
	json "any(.[]; .prefix == \"$1\")"
}
no_ban_exists() { # PREFIX
	run_sekisho bans --json
	json "all(.[]; .prefix != \"$1\")"
}

# The first block of commands under a heading of docs/moving-over.md.
documented() { # HEADING [FIRST]: of those the one that begins so
	awk -v heading="## $1" -v first="${2-}" '$0 == heading { on = 1; next } /^## / { on = 0 }
		on && /^ *```sh$/ { inside = 1; text = ""; next }
		inside && /^ *```$/ { inside = 0; if (index(text, first) == 1) { printf "%s", text; exit } next }
		inside { sub(/^   /, ""); text = text $0 "\n" }' "$LAB_REPO/docs/moving-over.md"
}
