#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Lists and countries as a whole: what would change, cut files, death at every step, two lists with
# one prefix, allow within deny within allow, country data that changes under traffic, and the
# administrator who lets only his own country submit mail.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho jq python3 || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	lab_listen "$MX4" 25 587
	lab_listen "$MX6" 25 587
}

teardown_file() {
	lab_down
}

setup() {
	requires
	lab_reset
	lab_conf 'mode = enforce' '[list bad]
action = deny
[list good]
action = allow'
	cd "$BATS_TEST_TMPDIR" || return
}

export_is() { # NAME PREFIX...
	run_sekisho export "$1"
	diff <(printf '%s\n' "${@:2}" | sort) <(sort <<<"$output")
}

listed() { # ADDRESS: in the kernel, a connect to smtp would be dropped for being listed
	run_sekisho why --json "$1"
	[[ $(jq -r .services.smtp.reason <<<"$output") == listed ]]
}

@test "--dry-run says what would come and go, --diff says it in full, and neither does it" {
	printf '198.51.100.0/25\n2001:db8:bad:1::/64\n' >one
	printf '198.51.100.64/26\n203.0.113.9\n' >two
	run_sekisho import --dry-run bad one
	says '^bad: \+2 -0 prefixes'
	run_sekisho import bad one
	run_sekisho import --dry-run bad two
	says '^bad: \+1 -2 prefixes'
	run ! grep -q '^[+-]' <<<"$output"
	run_sekisho import --dry-run --diff bad two
	[[ $(grep '^[+-]' <<<"$output") == $'-198.51.100.0/26\n-2001:db8:bad:1::/64\n+203.0.113.9/32' ]]
	run_sekisho import --dry-run --remove bad
	says '^bad: \+0 -2 prefixes'
	says 'would be removed'
	export_is bad 198.51.100.0/25 2001:db8:bad:1::/64
	run_sekisho import --diff bad two
	says '^\+203\.0\.113\.9/32'
	export_is bad 198.51.100.64/26 203.0.113.9/32
}

@test "a list or country file that is cut short keeps the old one in force" {
	run_sekisho load
	printf '{"cidr":"198.51.100.%d/32"}\n' {1..60} >drop.json
	printf '{"type":"metadata","records":60}\n' >>drop.json
	run_sekisho import bad drop.json
	run_sekisho export bad
	before=$output
	for size in 100 1000 1500 $(($(stat -c %s drop.json) - 30)); do
		head -c "$size" drop.json >cut.json
		run_sekisho 1 import bad cut.json
		complains 'cut.json.*(cut short|more than a tenth)'
		run_sekisho export bad
		[[ $output == "$before" ]]
	done
	listed 198.51.100.60

	cat >delegated <<-END
		2.3|ripencc|1795132800|4|19830705|20261120|+0100
		ripencc|*|ipv4|*|2|summary
		ripencc|*|ipv6|*|2|summary
		ripencc|JP|ipv4|198.51.100.0|256|20100910|allocated|0a
		ripencc|DE|ipv4|203.0.113.0|192|20100910|assigned|0b
		ripencc|JP|ipv6|2001:db8:bad::|48|20100910|allocated|0a
		ripencc|DE|ipv6|2001:db8:600d::|48|20100910|allocated|0a
	END
	sed -i "s#^files = .*#files = $PWD/delegated#" "$LAB_CONF"
	run_sekisho load
	run_sekisho country 198.51.100.250 203.0.113.191 203.0.113.192 2001:db8:bad::1 2001:db8:bae::
	[[ $output == $'JP\nDE\nZZ\nJP\nZZ' ]]
	sed -i '$d' delegated
	sed -i 's/|JP|ipv4/|FR|ipv4/' delegated
	run_sekisho load
	complains 'delegated.*cut short'
	run_sekisho country 198.51.100.250
	[[ $output == JP ]]
}

# What an import does from its start to its end, as "SYSCALL COUNT" lines.
steps() {
	awk '$4 ~ /^[0-9]+$/ && $NF ~ /^(bpf|pwrite64|fdatasync|unlink|ftruncate|munmap|flock|mmap)$/ {
		print $NF, $4 }' "$1"
}

@test "killed at any step, store and kernel have the old list or the new one, and then the same" {
	requires strace
	run_sekisho load
	printf '198.51.100.%d\n' 1 3 5 >old
	printf '198.51.100.%d\n' 3 5 7 >new
	run_sekisho import bad new
	run_sekisho import bad old
	server strace -f -c -o counts "$SEKISHO" -c "$LAB_CONF" import bad new >/dev/null 3>&-
	run_sekisho import bad old
	killed=0 olds=0 news=0 apart=0
	while read -r -u 4 call count; do
		step=1
		[[ $call != mmap ]] || step=4 # most of them are the loading of the program
		for ((i = 1; i <= count; i += step)); do
			run_sekisho import bad old >/dev/null
			status=0
			server strace -f -qq -o strace.log -e trace="$call" -e inject="$call:signal=KILL:when=$i" \
				"$SEKISHO" -c "$LAB_CONF" import bad new >/dev/null 2>&1 3>&- || status=$?
			((status == 0)) || killed=$((killed + 1))
			# as it lies there
			run_sekisho export bad >/dev/null
			stored=$output
			[[ $stored == $'198.51.100.1/32\n198.51.100.3/32\n198.51.100.5/32' ||
				$stored == $'198.51.100.3/32\n198.51.100.5/32\n198.51.100.7/32' ]]
			kernel=
			for address in 198.51.100.{1,3,5,7}; do
				! listed "$address" >/dev/null || kernel+="$address/32"$'\n'
			done
			kernel=${kernel%$'\n'}
			[[ $kernel == $'198.51.100.1/32\n198.51.100.3/32\n198.51.100.5/32' ||
				$kernel == $'198.51.100.3/32\n198.51.100.5/32\n198.51.100.7/32' ]]
			if [[ $kernel != "$stored" ]]; then
				apart=$((apart + 1))
				run_sekisho load >/dev/null # or any command that writes
				! listed 198.51.100.1 >/dev/null
				listed 198.51.100.7 >/dev/null
			fi
			if [[ $stored == 198.51.100.1/* ]]; then
				olds=$((olds + 1))
			else
				news=$((news + 1))
			fi
		done
	done 4< <(steps counts)
	echo "# killed at $killed steps: $olds times the old list, $news times the new; $apart times the" \
		"kernel was a step behind" >&3
	((killed > 40 && olds > 20 && news > 0 && apart > 0))
	connect_is open 198.51.100.9 "$MX4" 25
	connect_is no-answer 198.51.100.3 "$MX4" 25 0.3
}

@test "removing one of two lists that share a prefix leaves the other's in force" {
	printf '198.51.100.0/24\n2001:db8:bad:1::/64\n' >one
	printf '198.51.100.64/26\n2001:db8:bad:1::5\n' >two
	run_sekisho load
	run_sekisho import --deny first one
	run_sekisho import --deny second two
	connect_is no-answer 198.51.100.70 "$MX4" 25 0.3
	run_sekisho import --remove first
	connect_is no-answer 198.51.100.70 "$MX4" 25 0.3
	connect_is no-answer 2001:db8:bad:1::5 "$MX6" 25 0.3
	connect_is open 198.51.100.7 "$MX4" 25
	connect_is open 2001:db8:bad:1::6 "$MX6" 25
	run_sekisho import --deny first one
	run_sekisho import --remove second
	connect_is no-answer 198.51.100.70 "$MX4" 25 0.3
	connect_is no-answer 198.51.100.7 "$MX4" 25 0.3
	run_sekisho import --remove first
	connect_is open 198.51.100.70 "$MX4" 25
	run_sekisho 1 import --remove first
}

# Which of the 256 addresses of 198.51.100.0/24 get through, by real connects, all at once.
who_gets_through() {
	client python3 - "$MX4" <<-'END'
		import select, socket, sys, time
		sockets = {}
		poll = select.poll()
		for i in range(256):
		    s = socket.socket()
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		    s.bind(("198.51.100.%d" % i, 0))
		    s.setblocking(False)
		    s.connect_ex((sys.argv[1], 25))
		    poll.register(s, select.POLLOUT)
		    sockets[s.fileno()] = (i, s)
		through = []
		end = time.time() + 0.6
		while time.time() < end and sockets:
		    for fd, event in poll.poll(50):
		        i, s = sockets.pop(fd)
		        poll.unregister(fd)
		        if s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
		            through.append(i)
		        s.close()
		print("\n".join(map(str, sorted(through))))
	END
}

@test "allow beats deny at any length and nesting, by real connects" {
	run_sekisho load
	for ((round = 0; round < 4; round++)); do
		python3 - "$round" <<-'END'
			import ipaddress, random, sys
			random.seed(int(sys.argv[1]))
			whole = ipaddress.ip_network("198.51.100.0/24")
			lists = {}
			for name in ("d1", "d2", "a1", "a2"):
			    lists[name] = []
			    for _ in range(12):
			        length = random.choice([25, 26, 27, 28, 29, 30, 31, 32])
			        at = random.randrange(256) >> (32 - length) << (32 - length)
			        lists[name].append(ipaddress.ip_network("198.51.100.%d/%d" % (at, length)))
			    if name in ("d1",):
			        lists[name].append(whole if int(sys.argv[1]) % 2 else lists[name][0])
			    open(name, "w").write("".join("%s\n" % p for p in lists[name]))
			def on(address, *names):
			    return any(address in p for n in names for p in lists[n])
			open("expected", "w").write("".join("%d\n" % i for i, a in enumerate(whole)
			    if on(a, "a1", "a2") or not on(a, "d1", "d2")))
		END
		for name in d1 a1 a2 d2; do
			action=--deny
			[[ $name != a* ]] || action=--allow
			run_sekisho import "$action" "$name" "$name"
		done
		who_gets_through >through
		diff expected through
	done
}

@test "country data that changes under traffic never gives a wrong verdict" {
	lab_conf 'mode = enforce' '[service submission]
ports = 587
countries = JP:world *:deny
[class world]
'
	run_sekisho load
	connect_is no-answer 203.0.113.5 "$MX4" 587 0.3 # DE
	# 198.51.100.0/26 is JP in both, 203.0.113.0/25 DE in both; what lies around them changes.
	lab_burst 203.0.113.5 "$MX4" 587 600 0.005 >shut 3>&- &
	one=$!
	lab_burst 198.51.100.5 "$MX4" 587 600 0.005 >through 3>&- &
	two=$!
	for round in 1 2 3 4 5 6 7 8; do
		if ((round % 2)); then
			printf '%s\n' 3325256704,3325256767,JP 3405803776,3405803903,DE >"$LAB/geoip"
		else
			lab_countries
		fi
		run_sekisho load
	done
	wait "$one" "$two"
	[[ $(<shut) == 0 ]]
	[[ $(<through) == 600 ]]
}

# ---- the administrator's story ----

# 1,939 networks of his country as he pasted them, 198.51.100.0/24 among them: netmasks, lengths,
# octets with a dot at the end, continuation lines, comments, other daemons, IPv6.
hosts_allow() {
	awk 'BEGIN {
		print "# /etc/hosts.allow: only from here\nsshd : ALL\nsshd : .example.jp"
		for (i = 0; i < 1930; i++) {
			a = 1 + i % 99; b = int(i / 99) * 12
			if (i % 5 == 0) printf "postfix : %d.%d.16.0/255.255.240.0\n", a, b
			else if (i % 5 == 1) printf "smtpd, dovecot : %d.%d.32.0/255.255.255.0\n", a == 10 ? 11 : a, b
			else if (i % 5 == 2) printf "ALL: %d.%d.48.0/20\n", a, b
			else if (i % 5 == 3) printf "postfix:%d.%d.64.\n", a, b
			else printf "postfix : %d.%d.80.0/255.255.248.0 \\\n  %d.%d.88.0/255.255.255.0\n", a, b, a, b
			if (i == 900) print "postfix : 198.51.100.0/255.255.255.0"
			if (i == 1200) print "postfix : [2001:db8:bad::]/48"
		}
		print "ALL: 127.0.0.1\nALL: LOCAL"
	}' >hosts.allow
}

@test "an old hosts.allow and iptables lines import as they are and do what they did" {
	hosts_allow
	cat >rules <<-END
		iptables -A INPUT -s 198.51.100.16 -j DROP
		iptables -A INPUT -s 203.0.113.7 -p tcp --dport 25 -j DROP
		-A INPUT -s 203.0.113.128/25 -p tcp -m tcp --dport 25 -m comment --comment "a -s 1.2.3.4 b" -j DROP
		-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
	END
	(($(wc -l <hosts.allow) > 1939))
	lab_conf 'mode = enforce' '[service submission]
ports = 587
countries = *:deny
[service smtp]
ports = 25
countries = *:world
[class world]
[list home]
action = allow
[list mine]
action = deny'
	run_sekisho load
	run_sekisho import home hosts.allow
	complains "hosts.allow:[0-9]+: 'LOCAL'"
	says 'took (2[0-9]{3}|19[0-9]{2})'
	run_sekisho import mine rules
	connect_is open 198.51.100.7 "$MX4" 587
	connect_is open 2001:db8:bad::7 "$MX6" 587
	connect_is no-answer 203.0.113.9 "$MX4" 587 0.3
	connect_is no-answer 2001:db8:600d::7 "$MX6" 587 0.3
	connect_is open 203.0.113.9 "$MX4" 25
	connect_is open 2001:db8:600d::7 "$MX6" 25
	connect_is no-answer 203.0.113.7 "$MX4" 25 0.3
	connect_is no-answer 203.0.113.200 "$MX4" 25 0.3
	connect_is open 198.51.100.16 "$MX4" 587 # what he allows beats what he denies
	run_sekisho export mine
	[[ $output == $'198.51.100.16/32\n203.0.113.7/32\n203.0.113.128/25' ]]
}

@test "countries = JP:home *:deny does the same without them" {
	lab_conf 'mode = enforce' '[service submission]
ports = 587
countries = JP:home *:deny
[service smtp]
ports = 25
countries = *:world
[class home]
[class world]
'
	run_sekisho load
	connect_is open 198.51.100.7 "$MX4" 587
	connect_is open 2001:db8:bad::7 "$MX6" 587
	connect_is no-answer 203.0.113.9 "$MX4" 587 0.3
	connect_is no-answer 198.51.100.230 "$MX4" 587 0.3 # FR
	connect_is no-answer 2001:db8:600d::7 "$MX6" 587 0.3
	connect_is open 203.0.113.9 "$MX4" 25
	connect_is open 2001:db8:600d::7 "$MX6" 25
	run_sekisho why --json 203.0.113.9
	json '.[0].services | .submission.reason == "country" and .smtp.verdict == "pass"'
}

# ---- files that change ----

@test "a list's file and country data that change under the daemon are in force without a reload" {
	echo 203.0.113.66 >"$LAB/drop.txt"
	lab_conf 'mode = enforce' "[service submission]
ports = 587
countries = DE:deny
[list drop]
action = deny
file = $LAB/drop.txt"
	lab_run
	connect_is no-answer 203.0.113.66 "$MX4" 25 0.3
	connect_is open 198.51.100.5 "$MX4" 587
	echo 203.0.113.77 >"$LAB/drop.txt"
	retry 80 0.1 connect_is no-answer 203.0.113.77 "$MX4" 25 0.3
	connect_is open 203.0.113.66 "$MX4" 25
	# Replaced by a rename, as programs that fetch do.
	echo 3325256704,3325256959,DE >"$LAB/geoip.new"
	mv "$LAB/geoip.new" "$LAB/geoip"
	retry 80 0.1 connect_is no-answer 198.51.100.5 "$MX4" 587 0.3
	# What is no list leaves the old one in force, and is said.
	echo '<html>404</html>' >"$LAB/drop.txt"
	retry 80 0.1 grep -q 'list drop: .*the old one stays' "$LAB/log/run"
	connect_is no-answer 203.0.113.77 "$MX4" 25 0.3
	lab_run_end
}

@test "entries with an end leave the list by themselves, in store and kernel, and no others do" {
	lab_conf 'mode = enforce' '[list bad]
action = deny'
	lab_run
	printf '%s\n' 'add s 203.0.113.66 timeout 6' 'add s 203.0.113.77 timeout 6000' \
		'add s 203.0.113.88' 'add s 198.51.100.0/24' 'add s 198.51.100.5 timeout 6' >"$LAB/set"
	run_sekisho import bad "$LAB/set"
	says '3 of them end by themselves'
	connect_is no-answer 203.0.113.66 "$MX4" 25 0.3
	retry 300 0.1 connect_is open 203.0.113.66 "$MX4" 25
	connect_is no-answer 203.0.113.77 "$MX4" 25 0.3
	connect_is no-answer 203.0.113.88 "$MX4" 25 0.3
	connect_is no-answer 198.51.100.5 "$MX4" 25 0.3
	run_sekisho export bad
	[ "$output" = "198.51.100.0/24
203.0.113.77/32
203.0.113.88/32" ]
	lab_run_end
}
