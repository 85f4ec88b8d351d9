# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the trials of containers share: claims that are counted, and a network namespace with a device mx0 whose other
# end is out0 of a second one, the outside.

passed=0 failed=0 network='' listener=''
holds() { # WHAT COMMAND...
	local what=$1
	shift
	if said=$("$@" 2>&1); then
		echo "ok $what"
		passed=$((passed + 1))
	else
		echo "not ok $what"
		tail -n 20 <<<"$said" | sed 's/^/# /'
		failed=$((failed + 1))
	fi
}

soon() { # COMMAND...
	local end=$((SECONDS + 60))
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.2
	done
}

# Says how it went; the status is that of the trial.
summary() {
	printf '%d passed, %d failed, 0 skipped\n' "$passed" "$failed"
	[ "$failed" -eq 0 ]
}

network_up() { # NAME ADDRESS...
	network=$1
	shift
	ip netns add "$network" && ip netns add "$network-out" || return
	ip link add mx0 netns "$network" type veth peer name out0 netns "$network-out"
	ip -n "$network" link set lo up
	ip -n "$network" address add 192.0.2.1/24 dev mx0
	ip -n "$network" link set mx0 up
	for address; do
		ip -n "$network-out" address add "$address" dev out0
	done
	ip -n "$network-out" link set out0 up
}

network_down() {
	[ -z "$listener" ] || kill "$listener"
	ip netns del "$network-out" 2>/dev/null
	ip netns del "$network" 2>/dev/null
}

server() { nsenter --net="/run/netns/$network" "$@"; }
outside() { nsenter --net="/run/netns/$network-out" "$@"; }

# Takes connections and closes them; its process is $listener.
listen() { # PORT
	nsenter --net="/run/netns/$network" python3 -c '
import socket, sys
listener = socket.create_server(("", int(sys.argv[1])))
while True:
    listener.accept()[0].close()' "$1" >/dev/null &
	listener=$!
}

connect() { # SOURCE [PORT]
	outside python3 -c '
import socket, sys
socket.create_connection(("192.0.2.1", int(sys.argv[2])), 2, (sys.argv[1], 0))' "$1" "${2-25}" 2>/dev/null
}
