#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The Debian package: built, judged by lintian, and installed, upgraded, removed and purged in a Debian
# root of its own, with a gate of its own in a network of its own. Booted: booted.bats.

load helpers/common

VERSION=$("$LAB_REPO/scripts/version")
DEB=build/deb/sekisho_$VERSION-1_$(dpkg --print-architecture).deb
NEXT=build/deb/sekisho_$VERSION-2_$(dpkg --print-architecture).deb

setup_file() {
	cd "$LAB_REPO" || return
	file_requires root bpf networks sekisho jq dpkg-buildpackage dh lintian debootstrap || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
}

teardown_file() {
	lab_down
}

setup() {
	cd "$LAB_REPO" || return
	requires
}

# Of this tree: the first test's, or, where one test runs alone, made now.
package() {
	tests/vm/make-packages >"$BATS_TEST_TMPDIR/made" 2>&1 3>&- || fail "$(tail -n 30 "$BATS_TEST_TMPDIR/made")"
}

# A fresh Debian, in a mount namespace of its own: the files laid over the cached ones, bpffs and all.
debian() {
	local root
	package
	root=$(tests/vm/make-root "$DEB") || return
	rm -rf "$LAB/debian"
	mkdir -p "$LAB/debian"/{root,upper,work}
	install -m 644 "$DEB" "$NEXT" "$LAB/debian"
	lab_background "$LAB/log/debian" nsenter --net="/run/netns/$LAB_SERVER" \
		unshare --mount --propagation private tests/vm/in-root "$root" "$LAB/debian" "${LAB_CGROUP%/*}"
	tail -n 1 "$LAB/pids" >"$LAB/debian/pid"
	lab_wait 10 test -e "$LAB/debian/up" || fail "$(<"$LAB/log/debian")"
}

debian_end() {
	[[ ! -s $LAB/debian/pid ]] || lab_kill "$(<"$LAB/debian/pid")"
	rm -f "$LAB/debian/pid"
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	debian_end
	server tc qdisc del dev mx0 clsact 2>/dev/null || :
	ip -n "$LAB_SERVER" link set mx0 xdp off 2>/dev/null || :
}

# A command in there, as root.
inside() {
	nsenter --target "$(<"$LAB/debian/pid")" --mount --net chroot "$LAB/debian/root" \
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"
}

there() { # PATH: its name in there, from here
	echo "/proc/$(<"$LAB/debian/pid")/root$LAB/debian/root$1"
}

@test "scripts/package builds without BTF and without /sys, and lintian has no word to say" {
	# shellcheck disable=SC2016 # for the inner shell
	VMLINUX_H=$PWD/build/bpf/vmlinux.h unshare --mount --propagation private \
		sh -c 'mount -t tmpfs none /sys && exec tests/vm/make-packages --force' \
		>"$BATS_TEST_TMPDIR/log" 2>&1 3>&- || fail "$(tail -n 30 "$BATS_TEST_TMPDIR/log")"
	[[ -s $DEB && -s $NEXT ]]
	grep -qx "$DEB" "$BATS_TEST_TMPDIR/log" # lintian was content
	run ! grep -E '^[EWIP]: ' "$BATS_TEST_TMPDIR/log"
}

has() { # PERMISSIONS PATH
	dpkg-deb -c "$DEB" | awk -v mode="$1" -v path=".$2" \
		'$1 == mode && $2 == "root/root" && $6 == path { found = 1 } END { exit !found }' ||
		fail "no $1 $2 in the package" "$(dpkg-deb -c "$DEB" | grep -F "${2##*/}")"
}

@test "the package holds the program, the unit, configuration, manual, completion, examples and rules" {
	has -rwxr-xr-x /usr/sbin/sekisho
	has -rw-r--r-- /lib/systemd/system/sekisho.service
	has -rw-r--r-- /etc/sekisho/sekisho.conf
	has drwxr-xr-x /etc/sekisho/conf.d/
	has drwxr-xr-x /etc/sekisho/lists/
	has -rw-r--r-- /usr/share/man/man8/sekisho.8.gz
	has -rw-r--r-- /usr/share/man/man5/sekisho.conf.5.gz
	has -rw-r--r-- /usr/share/bash-completion/completions/sekisho
	has -rw-r--r-- /usr/share/zsh/vendor-completions/_sekisho
	has -rw-r--r-- /usr/share/doc/sekisho/copyright
	has -rw-r--r-- /usr/share/doc/sekisho/changelog.Debian.gz
	has -rw-r--r-- /usr/share/doc/sekisho/README.Debian
	# Under the names that texts have them by, not compressed.
	has -rw-r--r-- /usr/share/doc/sekisho/quick-start.md
	has -rw-r--r-- /usr/share/doc/sekisho/alerts.md
	has -rw-r--r-- /usr/share/doc/sekisho/examples/sekisho.conf
	has -rw-r--r-- /usr/share/sekisho/prometheus/sekisho.rules.yml
	has -rw-r--r-- /usr/share/sekisho/grafana/sekisho.json
	[[ $(dpkg-deb -I "$DEB" conffiles) == /etc/sekisho/sekisho.conf ]]
	[[ $(dpkg-deb -f "$DEB" Recommends) == 'ca-certificates, curl, jq, tor-geoipdb' ]]
	[[ $(dpkg-deb -f "$DEB" Depends) == *libbpf1*libcap-ng0*libsqlite3-0* ]]
	# Nothing of the place where it was built.
	dpkg-deb --fsys-tarfile "$DEB" | tar -xO ./usr/sbin/sekisho >"$BATS_TEST_TMPDIR/sekisho"
	run ! grep -aqF "$PWD" "$BATS_TEST_TMPDIR/sekisho"
}

@test "the installed unit verifies without a complaint, and its exposure is at most 2.0" {
	debian
	inside dpkg -i /deb/"${DEB##*/}"
	run inside systemd-analyze verify --man=no /lib/systemd/system/sekisho.service
	echo "$output"
	[[ $status == 0 && -z $output ]]
	run inside systemd-analyze security --offline=true --threshold=20 /lib/systemd/system/sekisho.service
	echo "$output"
	[[ $status == 0 && $output == *'exposure level for sekisho.service: '[012].* ]]
	# A threshold does refuse.
	run ! inside systemd-analyze security --offline=true --threshold=10 /lib/systemd/system/sekisho.service
}

@test "an upgrade stops no unit that was enabled, and a removal leaves nobody who stands in for the daemon" {
	package
	dpkg-deb -e "$DEB" "$BATS_TEST_TMPDIR/control"
	cd "$BATS_TEST_TMPDIR/control"
	run ! grep -n 'invoke stop' preinst
	grep "invoke try-restart 'sekisho-fleet.service'" postinst
	[[ $(grep -o 'invoke stop [^ ]*' prerm | tail -n 2 | xargs) == 'invoke stop sekisho-policy.socket invoke stop sekisho-stand-in.service' ]]
}

@test "installed, it is enabled, runs, and its default configuration is valid and drops nothing" {
	debian
	inside dpkg -i /deb/"${DEB##*/}"
	[[ $(inside sekisho --version) == *"$VERSION"* ]]
	inside sekisho check
	[[ $(inside systemctl is-enabled sekisho) == enabled ]]
	inside sekisho load
	inside sekisho status | grep -q monitor
	inside sekisho unload
}

@test "a first installation finds the mail log, once, and purging forgets what it wrote" {
	local site=/etc/sekisho/conf.d/10-site.conf
	debian
	# Where no system runs (an image is being built) nothing is looked for.
	inside dpkg -i /deb/"${DEB##*/}"
	[[ ! -e $(there "$site") ]]
	inside dpkg -P sekisho

	mkdir -p "$(there /run/systemd/system)"
	date '+%b %e %T mx postfix/smtpd[1]: connect from unknown[203.0.113.5]' >"$(there /var/log/mail.log)"
	inside dpkg -i /deb/"${DEB##*/}" | grep -x '  file = /var/log/mail.log'
	grep -x 'file = /var/log/mail.log' "$(there "$site")"
	inside sekisho check
	echo '# mine' >>"$(there "$site")"
	inside dpkg -i /deb/"${NEXT##*/}"
	[[ $(tail -n 1 "$(there "$site")") == '# mine' ]]
	inside dpkg -P sekisho
	[[ ! -e $(there "$site") ]]
}

@test "a configuration that was changed is kept by an upgrade, one that was not is replaced" {
	debian
	inside dpkg -i /deb/"${DEB##*/}"
	inside dpkg -i /deb/"${NEXT##*/}"
	grep -q 'next version says more' "$(there /etc/sekisho/sekisho.conf)"
	inside dpkg -P sekisho

	inside dpkg -i /deb/"${DEB##*/}"
	echo '# mine' >>"$(there /etc/sekisho/sekisho.conf)"
	# As apt does when nobody is there to ask.
	inside dpkg --force-confold -i /deb/"${NEXT##*/}"
	[[ $(tail -n 1 "$(there /etc/sekisho/sekisho.conf)") == '# mine' ]]
	grep -q 'next version says more' "$(there /etc/sekisho/sekisho.conf.dpkg-dist)"
}

# Enforcing in the lab's network, with a ban.
guard() {
	printf '[gate]\nmode = enforce\n%s\n' "${LAB_CGROUP:+cgroup = /sys/fs/cgroup/${LAB_CGROUP##*/}}" \
		>"$(there /etc/sekisho/conf.d/lab.conf)"
	inside sekisho load
	inside sekisho ban --for 1h 198.51.100.66
	lab_listen "$MX4" 25
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	connect_is open 198.51.100.67 "$MX4" 25
}

@test "an upgrade leaves the gate attached: a banned source gets not one connection meanwhile" {
	debian
	inside dpkg -i /deb/"${DEB##*/}"
	guard
	local knock
	lab_background "$LAB/log/knock" nsenter --net="/run/netns/$LAB_CLIENT" build/tests/vm/knock \
		198.51.100.66 "$MX4" 25 "$LAB/knocked"
	knock=$(tail -n 1 "$LAB/pids")
	inside dpkg -i /deb/"${NEXT##*/}"
	inside sekisho load # as the unit's restart does
	retry 50 0.1 grep -Eq 'no-answer +([4-9]|[0-9]{2,}) ' "$LAB/knocked"
	lab_kill "$knock"
	cat "$LAB/knocked"
	grep -Eq '^open +0 ' "$LAB/knocked"
	inside sekisho bans --json | jq -e '.prefix == "198.51.100.66/32"'
	inside dpkg -r sekisho
}

@test "removal takes the gate out of the kernel and keeps bans and configuration" {
	debian
	inside dpkg -i /deb/"${DEB##*/}"
	guard
	inside dpkg -r sekisho
	connect_is open 198.51.100.66 "$MX4" 25
	run ! grep -q xdp <(ip -n "$LAB_SERVER" -d link show mx0)
	[[ -z $(server tc filter show dev mx0 egress) ]]
	[[ ! -e $(there /sys/fs/bpf/sekisho) ]]
	[[ -e $(there /var/lib/sekisho) && -e $(there /etc/sekisho/sekisho.conf) ]]
	# Installed again, the ban is there again.
	inside dpkg -i /deb/"${NEXT##*/}"
	inside sekisho load
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	inside dpkg -P sekisho
	connect_is open 198.51.100.66 "$MX4" 25
}

@test "removal stops every unit, whoever started it, and takes the metrics' file; what was enabled comes back with the package" {
	debian
	mkdir -p "$(there /run/systemd/system)" "$(there /var/lib/prometheus/node-exporter)"
	inside dpkg -i /deb/"${DEB##*/}"
	# No system runs in there that could be asked: what is asked of it is written down, and files say what is enabled.
	# shellcheck disable=SC2016 # for the script
	printf '#!/bin/sh\naction=$1\nshift\nfor unit; do echo "$action $unit"; done >>/asked\n' >"$(there /usr/bin/deb-systemd-invoke)"
	inside env SYSTEMD_OFFLINE=1 systemctl enable sekisho-alert.socket sekisho-digest.timer sekisho-textfile.timer sekisho-fleet.service
	touch "$(there /var/lib/prometheus/node-exporter/sekisho.prom)"
	inside dpkg -L sekisho | sed -n 's,.*/systemd/system/\([^@/]*\)$,stop \1,p' | LC_ALL=C sort >"$BATS_TEST_TMPDIR/units"
	(($(wc -l <"$BATS_TEST_TMPDIR/units") > 10))
	inside dpkg -r sekisho
	[[ ! -e $(there /var/lib/prometheus/node-exporter/sekisho.prom) ]]
	LC_ALL=C sort "$(there /asked)" | diff - "$BATS_TEST_TMPDIR/units"

	rm "$(there /asked)"
	inside env SYSTEMD_OFFLINE=1 dpkg -i /deb/"${DEB##*/}"
	cat "$(there /asked)"
	[[ $(grep '^start ' "$(there /asked)" | LC_ALL=C sort | xargs) == 'start sekisho-alert.socket start sekisho-digest.timer start sekisho-fleet.service start sekisho-textfile.timer' ]]
	inside dpkg -P sekisho
}

@test "removal takes the gate out although the configuration has faults" {
	debian
	inside dpkg -i /deb/"${DEB##*/}"
	guard
	echo 'nonsense' >"$(there /etc/sekisho/conf.d/zz.conf)"
	run ! inside sekisho check
	inside dpkg -r sekisho
	connect_is open 198.51.100.66 "$MX4" 25
	[[ ! -e $(there /sys/fs/bpf/sekisho) ]]
}

@test "removal after an upgrade that was broken off takes the gate out too" {
	debian
	inside dpkg -i /deb/"${DEB##*/}"
	guard
	inside dpkg --unpack /deb/"${NEXT##*/}"
	inside dpkg -r sekisho 2>&1 | grep 'removed while half upgraded'
	retry 20 0.1 connect_is open 198.51.100.66 "$MX4" 25
	[[ ! -e $(there /sys/fs/bpf/sekisho) ]]
}

@test "while somebody runs the daemon by hand, removal says so and the package stays" {
	debian
	inside dpkg -i /deb/"${DEB##*/}"
	guard
	lab_background "$LAB/log/by-hand" nsenter --target "$(<"$LAB/debian/pid")" --mount --net \
		chroot "$LAB/debian/root" sekisho run
	local daemon
	daemon=$(tail -n 1 "$LAB/pids")
	retry 50 0.1 grep -q 'status: ' "$LAB/log/by-hand"
	run inside dpkg -r sekisho
	echo "$output"
	[[ $status != 0 && $output == *'not removed'*'stop it first'* ]]
	connect_is no-answer 198.51.100.66 "$MX4" 25 0.3
	lab_kill "$daemon"
	inside dpkg -r sekisho
	connect_is open 198.51.100.66 "$MX4" 25
}

# Every file in there, but what dpkg keeps of all packages and temporary places.
everything() {
	inside find / -xdev \( -path /proc -o -path /sys -o -path /tmp -o -path /deb -o -path /var/log \
		-o -path /var/lib/dpkg -o -path /var/cache/ldconfig \) -prune -o -print | LC_ALL=C sort
}

@test "after a purge nothing is left of it" {
	debian
	everything >"$BATS_TEST_TMPDIR/before"
	inside dpkg -i /deb/"${DEB##*/}"
	guard
	rm "$(there /etc/sekisho/conf.d/lab.conf)"
	# What stays of a removal in between, and of a store.
	inside dpkg -r sekisho
	run ! diff "$BATS_TEST_TMPDIR/before" <(everything)
	inside dpkg -P sekisho
	everything | diff "$BATS_TEST_TMPDIR/before" -
	run inside dpkg-query -s sekisho
	[[ $status == 1 ]]
}
