# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Before any bats file: removes the networks and pins that a killed run left behind.

setup_suite() {
	# shellcheck source=tests/lab/lab.bash
	source "$(dirname "${BASH_SOURCE[0]}")/lab/lab.bash"
	[[ $EUID != 0 ]] || lab_sweep
}
