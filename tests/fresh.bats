#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Both commands of the README on a fresh machine: a minimal Debian 12 of its own with a clone at
# /root/sekisho, where nothing is installed that the commands do not install. Its downloads are kept
# under build/ between runs. `scripts/check --release trixie` runs it with another release. Not here: a boot
# (booted.bats).

load helpers/common

LOGS=$LAB_REPO/${CHECK_LOGS:-build/check}
RELEASE=${CHECK_RELEASE:-bookworm}
read -ra SUITES <<<"${CHECK_SUITES:---quick}"

setup_file() {
	cd "$LAB_REPO" || return
	file_requires root bpf networks debootstrap || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	[[ -n $LAB_CGROUP ]] || fail "no cgroup2 is mounted here" || return
	MACHINE=$LAB_REPO/build/fresh
	[[ $RELEASE == bookworm ]] || MACHINE+=-$RELEASE
	export MACHINE
	rm -rf "$MACHINE/root"
	mkdir -p "$MACHINE/archives/partial" "$LOGS"
	tests/fresh/lay-root "$MACHINE" "$RELEASE" || return
	lab_background "$LAB/log/machine" unshare --mount --propagation private --pid --fork --kill-child \
		--cgroup tests/fresh/hold "$MACHINE" "$MACHINE/archives"
	HOLDER=$(tail -n 1 "$LAB/pids")
	lab_wait 10 grep -qs . "/proc/$HOLDER/task/$HOLDER/children" || fail "$(<"$LAB/log/machine")" || return
	HOLDER=$(<"/proc/$HOLDER/task/$HOLDER/children")
	export HOLDER=${HOLDER% }
	lab_wait 10 machine test -e /run/up || fail "$(<"$LAB/log/machine")"
}

teardown_file() {
	lab_down
	[[ -z ${LAB_CGROUP-} || ! -d $LAB_CGROUP ]] || find "$LAB_CGROUP" -depth -type d -exec rmdir {} \;
	[[ -z ${MACHINE-} ]] || rm -rf "$MACHINE/root"
}

setup() {
	requires
}

# A command in there, as root logs in.
machine() { # COMMAND...
	"$LAB_TOOLS/in-cgroup" nsenter --target "$HOLDER" --mount --pid --cgroup --wdns=/root/sekisho \
		env -i HOME=/root LOGNAME=root USER=root LANG=C TERM=dumb \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@" </dev/null 3>&-
}

# The same in the lab's network, where the guarded device is.
machine_of_lab() { # COMMAND...
	server "$LAB_TOOLS/in-cgroup" nsenter --target "$HOLDER" --mount --pid --cgroup --wdns=/root/sekisho \
		env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@" </dev/null 3>&-
}

# Its last words, however it ends.
logged() { # LOG COMMAND...
	local log=$1 status=0
	shift
	"$@" >"$log" 2>&1 || status=$?
	((!status)) || fail "exit status $status; the end of $log:" "$(tail -n 40 "$log")"
}

@test "the machine is bare: no compiler, no git, no sources' lists, and root's home is closed" {
	run ! machine sh -c 'command -v gcc || command -v git || command -v bpftool || command -v ip'
	[[ $(machine stat -c %a /root) == 700 ]]
	run ! machine sh -c 'ls /var/lib/apt/lists/*Packages*'
	machine test -x scripts/run
}

# The network of scripts/run is the lab's, where nothing can be fetched: what it would install comes
# before, by the command that it runs itself.
@test "scripts/run sets up, builds, guards the machine in monitor mode, and leaves nothing behind" {
	logged "$LOGS/fresh-bootstrap.log" machine scripts/bootstrap
	[[ -z $(machine scripts/bootstrap) ]]
	# shellcheck disable=SC2016 # for the shell in there
	machine sh -c 'date "+%b %e %T mx postfix/smtpd[1]: connect from unknown[203.0.113.5]" >/var/log/mail.log'
	local log=$LOGS/fresh-run.log pid
	machine_of_lab scripts/run >"$log" 2>&1 3>&- &
	pid=$!
	echo "$pid" >>"$LAB/pids"
	lab_wait 600 grep -qsE 'mx0: guarded by|error' "$log" || fail "$(tail -n 40 "$log")"
	lab_wait 20 machine_of_lab build/sekisho -c build/run/sekisho.conf status >"$BATS_TEST_TMPDIR/status"
	tail -n 20 "$log"
	cat "$BATS_TEST_TMPDIR/status"
	grep -q 'mx0: guarded by' "$log"
	grep -q 'follows file /var/log/mail.log' "$log"
	grep -q monitor "$BATS_TEST_TMPDIR/status"
	[[ $(machine build/sekisho -c build/run/sekisho.conf country 8.8.8.8) == US ]]
	machine_of_lab build/sekisho -c build/run/sekisho.conf status --json >"$BATS_TEST_TMPDIR/status"
	# shellcheck disable=SC2016 # for the shell in there
	machine bash -c 'kill -INT "$1"' - "$(jq .daemon.pid "$BATS_TEST_TMPDIR/status")"
	wait "$pid"
	[[ $(tail -n 1 "$log") == *detached* ]]
	machine test ! -e /sys/fs/bpf/sekisho
	run ! grep -E 'xdp|prog' <(server ip link show dev mx0)
}

@test "scripts/check --quick passes, and skips nothing that is not listed" {
	local log=$LOGS/fresh-check.log status=0
	machine CI=true CHECK_SLOW=4 scripts/check "${SUITES[@]}" >"$log" 2>&1 || status=$?
	cp -rT "$MACHINE/root/root/sekisho/build/check" "$LOGS/fresh" || :
	sed 's/^/# /' >&3 < <(tail -n 1 "$log")
	((!status)) || fail "exit status $status" "$(sed -n '/^== skipped/,$p' "$log")"
}
