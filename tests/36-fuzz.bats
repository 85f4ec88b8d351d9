#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The parsers of lists and of the configuration under libFuzzer, a bounded run from kept seeds. A
# long one: `make fuzz`, then build/fuzz/fuzz_list FOLDER tests/fuzz/corpus/list

load helpers/common

setup_file() {
	file_requires clang make || return 0
	make -s -C "$LAB_REPO" build/fuzz/fuzz_list build/fuzz/fuzz_config >"$BATS_FILE_TMPDIR/make" 2>&1 ||
		cat "$BATS_FILE_TMPDIR/make" >&2
}

setup() {
	requires
	cd "$BATS_TEST_TMPDIR" || return
	mkdir new
}

fuzz() { # NAME SECONDS
	timeout 120 "$LAB_REPO/build/fuzz/fuzz_$1" -max_total_time="$2" -max_len=4096 -timeout=10 \
		-rss_limit_mb=1024 new "$LAB_REPO/tests/fuzz/corpus/$1" >log 2>&1 || {
		tail -n 40 log
		return 1
	}
	grep '^Done' log
}

@test "no bytes make the list and country parsers fail" {
	fuzz list 15
}

@test "no bytes make the configuration parser fail" {
	fuzz config 10
}
