#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# An engine that speaks TLS alone, behind stunnel as docs/fleet.md has it; a certificate that is not the engine's.

load helpers/common
# shellcheck source=tests/fleet/gates.bash
load fleet/gates

setup_file() {
	file_requires root bpf networks sekisho jq redis-cli openssl stunnel || return 0
	GATES=$BATS_FILE_TMPDIR/fleet
	export GATES SOCKET=$GATES/redis.sock ENGINE_NET=fleettls$$
	mkdir -p "$GATES"
	ip netns add "$ENGINE_NET"
	ip -n "$ENGINE_NET" link set lo up
	certificate engine engine.example.net
	certificate other engine.example.net
	tunnel "$GATES/engine.pem" engine.example.net
	export ENGINE=unix:$GATES/tunnel.sock
	gates_with_users "$GATES" "$SOCKET" --tls-port 6380 --tls-auth-clients no \
		--tls-cert-file "$GATES/engine.pem" --tls-key-file "$GATES/engine.key" --tls-ca-cert-file "$GATES/engine.pem"
}

teardown_file() {
	tunnel_end
	gates_down
	[[ -z ${ENGINE_NET-} ]] || ip netns del "$ENGINE_NET"
}

teardown() {
	[[ -n ${GATES-} ]] || return 0
	tail -n 20 "$GATES"/engine.log "$GATES"/tunnel.log "$GATES"/gate*/log/{run,fleet} 2>/dev/null || :
}

certificate() { # NAME HOST
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$2" -addext "subjectAltName=DNS:$2" \
		-keyout "$GATES/$1.key" -out "$GATES/$1.pem" 2>/dev/null
}

# stunnel with the lines of docs/fleet.md.
tunnel() { # CERTIFICATE HOST
	sed -n '/^    ; stunnel/,/^$/s/^    //p' "$LAB_REPO/docs/fleet.md" |
		sed "s|^CAfile = .*|CAfile = $1|; s|^checkHost = .*|checkHost = $2|
			s|^accept = .*|accept = $GATES/tunnel.sock|; s|^connect = .*|connect = 127.0.0.1:6380|" >"$GATES/tunnel.conf"
	grep -q '^verifyChain = yes' "$GATES/tunnel.conf"
	printf 'foreground = yes\n' | cat - "$GATES/tunnel.conf" >"$GATES/tunnel.whole"
	rm -f "$GATES/tunnel.sock"
	nsenter --net="/run/netns/$ENGINE_NET" stunnel "$GATES/tunnel.whole" >>"$GATES/tunnel.log" 2>&1 </dev/null 3>&- &
	echo $! >"$GATES/tunnel.pid"
	disown
	retry 50 0.1 test -S "$GATES/tunnel.sock"
}

# Its last act is to remove its socket: the next one's, if that began already.
tunnel_end() {
	[[ ! -s $GATES/tunnel.pid ]] || lab_kill "$(<"$GATES/tunnel.pid")"
	rm -f "$GATES/tunnel.pid"
}

# stunnel says that the certificate is why.
refuses() {
	grep -iE 'certificate|CERT' "$GATES/tunnel.log" | grep -iE 'fail|reject|mismatch|no matching'
}

is_cut_off() {
	gate 1 lab_sekisho fleet status | grep -q 'NOT CONNECTED'
}

@test "fleet tls: through stunnel what two ban holds on the third, and no word crosses the wire in clear" {
	gates_share 203.0.113.10
	[[ $(redis-cli -s "$SOCKET" client list | grep -c 'laddr=127.0.0.1:6380 .*user=mx[123] ') == 6 ]]
}

@test "fleet tls: another's certificate, or the engine's for another name, is refused and named" {
	local wrong
	for wrong in "$GATES/other.pem engine.example.net" "$GATES/engine.pem other.example.net"; do
		tunnel_end
		: >"$GATES/tunnel.log"
		# shellcheck disable=SC2086 # two words
		tunnel $wrong
		redis-cli -s "$SOCKET" client kill type normal skipme yes >/dev/null
		retry 150 0.1 refuses
		retry 150 0.1 is_cut_off
	done
	tunnel_end
	tunnel "$GATES/engine.pem" engine.example.net
	gates_share 203.0.113.20
}

@test "fleet tls: 'tls = yes' is refused by check, which names what to do" {
	mkdir -p "$GATES/gate1/conf.d"
	printf '[fleet]\ntls = yes\n' >"$GATES/gate1/conf.d/tls.conf"
	run gate 1 lab_sekisho check
	((status != 0))
	# A library with TLS (trixie's) speaks it to HOST:PORT (fleet-tls-inside.bats), and this is a Unix socket.
	if ldd "$SEKISHO" | grep -q hiredis_ssl; then
		[[ $output == *'is for HOST:PORT'* ]] || fail "$output"
	else
		[[ $output == *stunnel* ]] || fail "$output"
	fi
	rm "$GATES/gate1/conf.d/tls.conf"
}
