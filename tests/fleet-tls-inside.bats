#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# TLS by hiredis itself, which Debian 13's has: sekisho built there, and its Valkey, which speaks nothing but TLS. Who is
# not the engine by its certificate learns nothing, not even the password.

load helpers/common
# shellcheck source=tests/fleet/gates.bash
load fleet/gates

setup_file() {
	file_requires root bpf networks sekisho jq redis-cli debootstrap openssl || return 0
	local packages
	# What scripts/bootstrap installs for building.
	packages=$(sed -n "/^building='/,/'\$/p" "$LAB_REPO/scripts/bootstrap" | sed "s/^building=//" | tr -d "'")
	# shellcheck disable=SC2086 # several words
	FLEET_LAYERS=$("$LAB_REPO/tests/real/root" trixie fleet-tls $packages valkey-server 3>&-) || return
	GATES=$BATS_FILE_TMPDIR/fleet
	export FLEET_LAYERS ENGINE_LAYERS=$FLEET_LAYERS GATES SOCKET=$GATES/redis.sock ENGINE_NET=fleettls$$
	export FLEET_SEKISHO=$LAB_REPO/build/trixie/sekisho
	mkdir -p "$GATES"
	inside make -s -j2 O=build/trixie build/trixie/sekisho >&2
	ip netns add "$ENGINE_NET"
	ip -n "$ENGINE_NET" link set lo up
	authority ca
	authority other
	certificate engine ca DNS:engine.example.net,IP:127.0.0.1
	certificate elsewhere ca DNS:elsewhere.example.net
	FAKETIME=-10d LD_PRELOAD=$(ls /usr/lib/*/faketime/libfaketime.so.1) certificate expired ca DNS:engine.example.net
	export ENGINE=127.0.0.1:6380
	export FLEET_LINES="tls = yes
ca-file = $GATES/ca.pem
tls-name = engine.example.net"
	gates_with_users "$GATES" "$SOCKET" --tls-port 6380 --tls-auth-clients no \
		--tls-cert-file "$GATES/engine.pem" --tls-key-file "$GATES/engine.key" --tls-ca-cert-file "$GATES/ca.pem"
}

teardown_file() {
	gates_down
	[[ -z ${ENGINE_NET-} ]] || ip netns del "$ENGINE_NET"
}

teardown() {
	[[ -n ${GATES-} ]] || return 0
	tail -n 20 "$GATES"/engine.log "$GATES"/gate*/log/{run,fleet} 2>/dev/null || :
}

inside() {
	"$LAB_REPO/tests/fleet/inside" "$FLEET_LAYERS" "$GATES" "$@" 3>&-
}

authority() { # NAME
	openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=$1" -keyout "$GATES/$1.key" -out "$GATES/$1.pem" 2>/dev/null
}

certificate() { # NAME AUTHORITY NAMES
	openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$GATES/$1.key" -out "$GATES/$1.csr" 2>/dev/null
	openssl x509 -req -days 2 -in "$GATES/$1.csr" -CA "$GATES/$2.pem" -CAkey "$GATES/$2.key" -CAcreateserial \
		-extfile <(echo "subjectAltName=$3") -out "$GATES/$1.pem" 2>/dev/null
	chmod 644 "$GATES/$1.key"
}

# From now on the engine, to which $GATES is /mnt, shows this certificate to those that connect.
shows() { # CERTIFICATE
	redis-cli -s "$SOCKET" config set tls-cert-file "/mnt/$1.pem" tls-key-file "/mnt/$1.key" >/dev/null
	redis-cli -s "$SOCKET" client kill type normal skipme yes >/dev/null
}

is_refused() { # WORDS
	local status
	status=$(gate 1 lab_sekisho fleet status)
	grep -q 'NOT CONNECTED' <<<"$status" && grep -q "last fault: .*$1" <<<"$status"
}

# Gate 1's fleet process anew, with other lines.
begins() { # LINES [SERVER]
	gate 1 gate_fleet_end KILL
	sed -i "s|^server = .*|server = ${2:-$ENGINE}|" "$GATES/gate1/sekisho.conf"
	FLEET_LINES=$1 gate 1 gate_fleet_run
}

@test "fleet tls inside: what two ban holds on the third, each by its user's two connections of TLS" {
	gates_share 203.0.113.10
	[[ $(redis-cli -s "$SOCKET" client list | grep -c 'laddr=127.0.0.1:6380 .*user=mx[123] ') == 6 ]]
	inside ldd "$FLEET_SEKISHO" | grep libhiredis_ssl
}

@test "fleet tls inside: a certificate for another name is refused, and named" {
	shows elsewhere
	retry 100 0.1 is_refused 'certificate is refused: .*name mismatch'
	shows engine
	retry 100 0.1 gate 1 gate_is_joined
}

@test "fleet tls inside: a certificate that is over is refused, and named" {
	shows expired
	retry 100 0.1 is_refused 'certificate is refused: certificate has expired'
	shows engine
	retry 100 0.1 gate 1 gate_is_joined
}

@test "fleet tls inside: another's authority is refused; so is the system's, where no file is named" {
	begins "tls = yes
ca-file = $GATES/other.pem
tls-name = engine.example.net"
	retry 100 0.1 is_refused 'certificate is refused: '
	begins "tls = yes
tls-name = engine.example.net"
	retry 100 0.1 is_refused 'certificate is refused: '
}

@test "fleet tls inside: without a name the server's own must be in the certificate" {
	begins "tls = yes
ca-file = $GATES/ca.pem"
	retry 100 0.1 gate 1 gate_is_joined
	shows elsewhere
	retry 100 0.1 is_refused 'certificate is refused: IP address mismatch'
	shows engine
	retry 100 0.1 gate 1 gate_is_joined
}

processor_time() { # in hundredths of a second, of gate 1's fleet process
	awk '{ print $14 + $15 }' "/proc/$(<"$GATES/gate1/fleet.pid")/stat"
}

@test "fleet tls inside: at a port without TLS, or where nobody ever answers, no password is said" {
	local heard=$BATS_TEST_TMPDIR/heard listener before after
	redis-cli -s "$SOCKET" config set port 6381 >/dev/null
	begins "$FLEET_LINES" 127.0.0.1:6381
	retry 100 0.1 is_refused 'no TLS with the engine'
	# One that takes all and says nothing: neither does it cost a processor.
	# shellcheck disable=SC2016 # perl's
	ip netns exec "$ENGINE_NET" perl -MIO::Socket::INET -e '$| = 1;
		my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1:6390", Listen => 8, ReuseAddr => 1) or die;
		my @kept;
		while (my $taken = $listener->accept) { push @kept, $taken; sysread $taken, my $bytes, 4096; print $bytes }' \
		>"$heard" 3>&- &
	listener=$!
	begins "$FLEET_LINES" 127.0.0.1:6390
	retry 100 0.1 test -s "$heard"
	before=$(processor_time)
	sleep 2
	after=$(processor_time)
	kill "$listener"
	((after - before < 50)) || fail "$((after - before)) ticks of 200"
	if grep -qa 'secret-of-1\|AUTH' "$heard"; then fail "$(cat "$heard")"; fi
	begins "$FLEET_LINES"
	retry 100 0.1 gate 1 gate_is_joined
}

@test "fleet tls inside: check names a file without certificates, lines that contradict, and TLS by a Unix socket" {
	local conf=$GATES/whole.conf
	cp "$GATES/gate1/fleet.conf" "$conf"
	: >"$GATES/empty.pem"
	sed "s|^ca-file = .*|ca-file = $GATES/empty.pem|" "$conf" >"$GATES/empty.conf"
	run inside "$FLEET_SEKISHO" -c "$GATES/empty.conf" fleet run
	((status != 0))
	[[ $output == *"$GATES/empty.pem cannot be read as certificates"* ]] || fail "$output"
	sed '/^tls = /d' "$conf" >"$GATES/without.conf"
	run inside "$FLEET_SEKISHO" -c "$GATES/without.conf" check
	((status != 0))
	[[ $output == *"'ca-file' without 'tls = yes'"* ]] || fail "$output"
	sed "s|^server = .*|server = unix:$SOCKET|" "$conf" >"$GATES/unix.conf"
	run inside "$FLEET_SEKISHO" -c "$GATES/unix.conf" check
	((status != 0))
	[[ $output == *'through a Unix socket no TLS is spoken'* ]] || fail "$output"
	inside "$FLEET_SEKISHO" -c "$conf" check
}
