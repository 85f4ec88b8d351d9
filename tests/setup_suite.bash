# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Before any bats file: removes the networks and pins that a killed run left behind, and makes the
# folder for what other users run (lab_open() in tests/lab/lab.bash).

setup_suite() {
	export TZ=UTC # the texts of commands are in local time
	# shellcheck source=tests/lab/lab.bash
	source "$(dirname "${BASH_SOURCE[0]}")/lab/lab.bash"
	[[ $EUID != 0 ]] || lab_sweep
	LAB_OPEN=$(mktemp -d /tmp/sekisho-open.XXXXXX) && chmod 755 "$LAB_OPEN" || return
	export LAB_OPEN
}

teardown_suite() {
	rm -rf "${LAB_OPEN:?}"
}
