#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The gate under Debian's 6.1 kernel, in a virtual machine (tests/vm/run), and how much of a verifier
# each program takes, there and here. Which end-to-end tests run there: tests/vm/core.

load helpers/common

setup_file() {
	cd "$LAB_REPO" || return
	VM_LACKS=$(tests/vm/run --can) || :
	export VM_LACKS
}

setup() {
	cd "$LAB_REPO" || return
}

# Runs a command in the machine; its output is in $said.
vm() { # SECONDS STATUS COMMAND...
	local seconds=$1 expected=$2 status=0

	[[ -z $VM_LACKS ]] || skip "$VM_LACKS"
	shift 2
	said=$BATS_TEST_TMPDIR/said
	TMPDIR=$BATS_TEST_TMPDIR tests/vm/run -t "$seconds" "$@" >"$said" 2>&1 || status=$?
	[[ $status == "$expected" ]] || fail "exit status $status: $*" "$(<"$said")"
	# However it went, nothing is left of the machine.
	run ! pgrep -f "qemu.*$BATS_TEST_TMPDIR/"
	run ! pgrep -f "virtiofsd.*$BATS_TEST_TMPDIR/"
	run ! compgen -G "$BATS_TEST_TMPDIR/sekisho-vm.*"
}

# Shown also when the test passes.
show() {
	sed 's/^/# /' >&3
}

@test "the machine runs Debian's 6.1 kernel, on this machine's file tree, and hands out the status" {
	vm 120 7 sh -c 'uname -r; id -u; cat tests/vm/core >/tmp/copy && cmp tests/vm/core /tmp/copy; exit 7'
	[[ $(head -n 1 "$said") == 6.1.*-cloud-amd64 ]]
	[[ $(sed -n 2p "$said") == 0 ]]
	[[ $(wc -l <"$said") == 2 ]]
	[[ ! -e /tmp/copy ]]
}

@test "a kernel that panics is reported with its last words" {
	vm 120 125 sh -c 'echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger; sleep 60'
	grep -q 'without an exit status; its last console lines' "$said"
	grep -q 'Kernel panic - not syncing' "$said"
}

@test "a command that hangs is ended in time, and its machine with it" {
	vm 8 124 sleep 300
	grep -q 'not done within 8 s' "$said"
}

@test "every packet of the table is decided under 6.1 as it is here" {
	vm 120 0 build/tests/packets/test_packets tests/packets/cases.txt
	[[ $(grep -c '^ok' "$said") -gt 100 ]]
	run ! grep -q '^not ok' "$said"
	build/tests/packets/test_packets tests/packets/cases.txt >"$BATS_TEST_TMPDIR/here"
	diff "$BATS_TEST_TMPDIR/here" "$said"
}

@test "the outflow breaker's programs decide under 6.1 as they do here" {
	vm 120 0 build/tests/outflow/test_outflow --no-cost
	[[ $(grep -c '^ok' "$said") -gt 70 ]]
	run ! grep -q '^not ok' "$said"
}

@test "under 6.1 no program has grown over its ceiling" {
	vm 120 0 build/tests/vm/complexity
	tests/vm/limits 6.1 <"$said" >"$BATS_TEST_TMPDIR/table" || fail "$(<"$BATS_TEST_TMPDIR/table")"
	show <"$BATS_TEST_TMPDIR/table"
}

@test "under the running kernel no program has grown over its ceiling" {
	requires root bpf
	build/tests/vm/complexity >"$BATS_TEST_TMPDIR/figures"
	tests/vm/limits "$(uname -r)" <"$BATS_TEST_TMPDIR/figures" >"$BATS_TEST_TMPDIR/table" ||
		fail "$(<"$BATS_TEST_TMPDIR/table")"
	show <"$BATS_TEST_TMPDIR/table"
}

@test "virtio_net with a large MTU: the gate goes to tc, frames arrive, and unload leaves nothing in the driver" {
	vm 300 0 -n virtio-net-pci,guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off tests/vm/virtio-mtu
	[[ $(tail -n 1 "$said") == '== done' ]]
}

@test "vmxnet3 forgets an XDP program: the gate is on tc, or attached anew, and a ban holds" {
	[[ -n $VM_LACKS ]] || VM_LACKS=$(tests/vm/run --newer --can) || :
	vm 900 0 --newer -n vmxnet3 tests/vm/vmxnet3
	grep -E '^(forgotten|not forgotten)' "$said" | show
	[[ $(tail -n 1 "$said") == '== done' ]]
}

@test "a ban holds on GRE without remote, on VTI and on xfrm interfaces, and clsact goes with the gate" {
	vm 300 0 tests/vm/tunnels
	[[ $(tail -n 1 "$said") == "done" ]]
}

@test "without TCX the gate is first on tc all the same, put back where taken away, or said to be open" {
	vm 300 0 tests/vm/classic-tc
	[[ $(tail -n 1 "$said") == "done" ]]
}

@test "the core of the end-to-end tests passes under 6.1" {
	# Four minutes alone. Beside all other suites the machine has a fourth of a processor, and less.
	vm $((600 * PATIENCE)) 0 env SEKISHO_PATIENCE=10 tests/vm/run-core
	grep -E '^(==|ok|not ok)' "$said" | show
}
