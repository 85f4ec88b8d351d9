#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# From 0.1.0, as it was released, to this version: bans with their ends and counts, lists, the configuration. What
# changes between any two versions: upgrade.bats.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho jq || return 0
	if ! FIRST=$("$BATS_TEST_DIRNAME/upgrade/first-release" 2>&1); then
		FILE_LACKS="0.1.0 is not here: ${FIRST##*$'\n'}"
		export FILE_LACKS
		return 0
	fi
	export FIRST THIS=$SEKISHO
	lab_up "$BATS_FILE_TMPDIR/lab"
	lab_listen "$MX4" 25 587
	lab_listen "$MX6" 25
}

teardown_file() {
	lab_down
}

setup() {
	requires
	lab_reset
	: >"$LAB/log/mail.log"
	printf '198.51.100.71\n198.51.100.73\n' >"$BATS_TEST_TMPDIR/filed"
	# The one that its package brought, and what an administrator would have written into conf.d.
	cp "$FIRST/packaging/sekisho.conf" "$LAB_CONF"
	mkdir -p "${LAB_CONF%/*}/conf.d"
	cat >"${LAB_CONF%/*}/conf.d/mine.conf" <<-END
		[paths]
		state = $LAB/state
		pins = $LAB_PINS
		runtime = $LAB/run
		[gate]
		mode = enforce
		interface = mx0
		${LAB_CGROUP:+cgroup = $LAB_CGROUP}
		[service smtp]
		countries = *:home
		[class home]
		connections = 50
		rate = 100/m
		[list bad]
		action = deny
		[list filed]
		action = deny
		file = $BATS_TEST_TMPDIR/filed
		[rule source-failures]
		failures = 5
		window = 10m
		ban = 1h
		[log mail]
		file = $LAB/log/mail.log
	END
	SEKISHO=$FIRST/build/sekisho
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	cat "$LAB/log/run" 2>/dev/null || :
}

guess() { # SOURCE TIMES
	local number
	for ((number = 0; number < $2; number++)); do
		printf '%s mx postfix/smtpd[%d]: warning: unknown[%s]: SASL PLAIN authentication failed: (reason unavailable), sasl_username=a%d\n' \
			"$(LC_ALL=C date '+%b %e %H:%M:%S')" "$((100 + number))" "$1" "$number" >>"$LAB/log/mail.log"
	done
}

bans() { # prefix, end, rule: what both versions print
	run_sekisho bans --json >"$BATS_TEST_TMPDIR/said"
	jq -cS '[.prefix, .until[0:16], .rule]' <<<"$output" | sort
}

is_banned() { bans | grep -q "\"$1"; }

@test "0.1.0 is what it says, and this is another version" {
	[[ $("$FIRST/build/sekisho" --version) == *0.1.0* ]]
	run ! grep -F 0.1.0 <("$THIS" --version)
}

@test "from 0.1.0: bans by hand and by rule, their counts, a list and the configuration are kept, without a moment open" {
	local before burst attempts
	lab_run
	guess 198.51.100.9 6
	retry 50 0.1 is_banned 198.51.100.9
	run_sekisho ban 198.51.100.66 --for 1h --reason 'before the upgrade'
	run_sekisho ban 2001:db8:bad:66::/64 --for 2h
	echo 198.51.100.70 >"$BATS_TEST_TMPDIR/bad"
	run_sekisho import bad "$BATS_TEST_TMPDIR/bad"
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	connect_is no-answer 198.51.100.9 "$MX4" 25 0.3
	connect_is open 198.51.100.20 "$MX4" 587
	run_sekisho why --json 198.51.100.66
	attempts=$(jq '.bans[0].attempts' <<<"$output")
	((attempts > 0))
	lab_run_end
	before=$(bans)
	[[ $(wc -l <<<"$before") == 3 ]]

	lab_burst 198.51.100.66 "$MX4" 25 400 0.01 >"$LAB/opened" 3>&- &
	burst=$!
	SEKISHO=$THIS
	run_sekisho check
	lab_run
	wait "$burst"
	[[ $(<"$LAB/opened") == 0 ]]
	[[ $(bans) == "$before" ]] || fail "before: $before" "now: $(bans)"
	[[ ! -e $LAB_PINS/v2 ]]
	run_sekisho why --json 198.51.100.66
	(($(jq '.bans[0].attempts' <<<"$output") >= attempts + 400))
	run_sekisho why 198.51.100.66
	says 'before the upgrade'
	connect_is no-answer 198.51.100.9 "$MX4" 587 0.3
	connect_is no-answer 198.51.100.70 "$MX4" 25 0.3
	connect_is no-answer 198.51.100.71 "$MX4" 25 0.3
	# 0.1.0 showed no prefixes of a list that it had read from a file.
	run_sekisho lists --json
	[[ $(jq -c 'select(.name == "filed") | .prefixes' <<<"$output") == 2 ]]
	connect_is no-answer 2001:db8:bad:66::7 "$MX6" 25 0.3
	connect_is open 198.51.100.20 "$MX4" 587
	# What it read of the log is not read again, and what comes is.
	guess 198.51.100.10 6
	retry 50 0.1 is_banned 198.51.100.10
	run_sekisho unban 198.51.100.66
	connect_is open 198.51.100.66 "$MX4" 25
	lab_run_end
}

@test "from 0.1.0 over a reboot: the store alone brings the bans back" {
	local before
	lab_run
	guess 198.51.100.9 6
	retry 50 0.1 is_banned 198.51.100.9
	run_sekisho ban 2001:db8:bad:66::/64 --for 2h
	before=$(bans)
	lab_run_end
	run_sekisho unload
	SEKISHO=$THIS
	lab_run
	[[ $(bans) == "$before" ]] || fail "before: $before" "now: $(bans)"
	connect_is no-answer 198.51.100.9 "$MX4" 25 0.3
	lab_run_end
}
