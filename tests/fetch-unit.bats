#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# sekisho-fetch.service in a systemd of its own: a user that exists only meanwhile, with the keys that it may not
# read by itself.

load helpers/common

setup() {
	requires root networks sekisho
	cd "$BATS_TEST_TMPDIR" || return
	mkdir files
	make -s -C "$LAB_REPO" install DESTDIR="$PWD/files" PREFIX=/usr UNITDIR=/usr/lib/systemd/system
	merge_usr
	mkdir -p files/etc/sekisho/conf.d
	printf '[list far]\naction = deny\nurl = http://127.0.0.1:8000/\n' >files/etc/sekisho/conf.d/far.conf
	cat >files/usr/lib/server <<-'END'
		use IO::Socket::INET;
		my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1:8000", Listen => 5) or die;
		while (my $peer = $listener->accept) {
			my $key = "none";
			while (<$peer>) { last if /^\r?\n$/; $key = $1 if /^X-Api-Key: (\S+)/i; }
			my $list = "203.0.113.66 # $key\n";
			print $peer "HTTP/1.1 200 OK\r\nContent-Length: " . length($list) . "\r\nConnection: close\r\n\r\n$list";
			close $peer;
		}
	END
}

# A copied link would be a folder over /lib.
merge_usr() {
	[[ ! -d files/lib ]] || fail 'installed outside /usr'
}

fetched() { # what the unit came to, with what it wrote
	local status=0
	{
		printf '#!/bin/sh\nperl /usr/lib/server &\n'
		printf 'until systemctl show-environment; do sleep 0.1; done >/dev/null\n'
		printf 'systemctl start sekisho-fetch.service; echo "status $?"\n'
		printf 'cat /var/lib/sekisho-fetch/far.list; stat -c "%%U %%a" /var/lib/sekisho-fetch/far.list\n'
	} >program
	chmod +x program
	: >said
	rm -rf room
	timeout 300 "$LAB_REPO/tests/lab/systemd" . >log 2>&1 3>&- || status=$?
	cat log said
	return "$status"
}

@test "the unit that fetches lists has no user of its own before, and the key that only root may read" {
	(umask 077 && echo topsecret >files/etc/sekisho/keys/far)
	echo 'key-file = /etc/sekisho/keys/far' >>files/etc/sekisho/conf.d/far.conf
	run fetched
	[[ $status != 77 ]] || skip "${lines[0]}"
	((status == 0))
	grep -qx 'status 0' <<<"$output"
	grep -qx '203.0.113.66 # topsecret' <<<"$output"
	grep -q ' 644$' <<<"$output"
	! grep -q '^root ' <<<"$output" || fail 'root fetched it'
}

@test "without a folder of keys the unit fetches what needs none" {
	rmdir files/etc/sekisho/keys
	run fetched
	[[ $status != 77 ]] || skip "${lines[0]}"
	((status == 0))
	grep -qx 'status 0' <<<"$output"
	grep -qx '203.0.113.66 # none' <<<"$output"
}
